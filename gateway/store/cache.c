/* The cache's handle, its transactions and the feed's bookkeeping. Records are written in cache_apply.c, found in cache_search.c,
 * read in cache_lookup.c. */
#include "store/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/identifiers.h"
#include "store/cache_impl.h"

int gl_cache_open(const char *path, struct gl_cache **ret, struct gl_error *err) {
    struct gl_cache *c = calloc(1, sizeof *c);
    if (!c) return gl_fail(err, -ENOMEM, "cache %s: out of memory", path);
    int rc = gl_db_open(&c->db, path, &gl_cache_kind, err);
    if (rc < 0) {
        free(c);
        return rc;
    }
    *ret = c;
    return 0;
}

void gl_cache_close(struct gl_cache *c) {
    if (!c) return;
    gl_db_close(&c->db);
    free(c);
}

int gl_cache_begin(struct gl_cache *c, struct gl_error *err) {
    return gl_db_begin(&c->db, err);
}

int gl_cache_commit(struct gl_cache *c, struct gl_error *err) {
    int rc = gl_db_commit(&c->db, err);
    if (rc < 0) c->counted = c->epochs_known = false;
    return rc;
}

void gl_cache_rollback(struct gl_cache *c) {
    gl_db_rollback(&c->db);
    c->counted = c->epochs_known = false;
}

bool gl_cache_movement_dead(uint8_t state) {
    return state == GL_MOVEMENT_EXITED || state == GL_MOVEMENT_CANCELLED || state == GL_MOVEMENT_EXPIRED;
}

bool gl_cache_declaration_dead(uint8_t state) {
    return state == GL_DECLARATION_ARRIVED || state == GL_DECLARATION_DISCHARGED || state == GL_DECLARATION_CANCELLED ||
           state == GL_DECLARATION_EXPIRED;
}

int gl_cache_container_key(const char *typed, char key[IDENTIFIER_KEY]) {
    struct gl_container_value v;
    return gl_copy(key, IDENTIFIER_KEY, gl_container_parse(typed, &v) == 0 ? v.number : typed);
}

/* ---- the feed's bookkeeping -------------------------------------------------------------------------------------------------- */

static int check_collection(enum gl_collection which, struct gl_error *err) {
    if (which > GL_COLLECTION_NONE && which < GL_COLLECTIONS) return 0;
    return gl_fail(err, -EINVAL, "cache: there is no collection %d", (int)which);
}

static int load_held(struct gl_cache *c, enum gl_collection which, struct gl_feed_seq *s, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&c->db, CACHE_GET_HELD);
    gl_put_int(&q, which);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) {
        if (s->n_held == GL_COUNT(s->held)) {
            s->broken = true; /* more than this version can hold: a hole until a new epoch */
            gl_db_end(&q);
            return 0;
        }
        s->held[s->n_held].from = gl_take_int(&q);
        s->held[s->n_held].to = gl_take_int(&q);
        s->n_held++;
    }
    return rc;
}

int gl_cache_load_seq(struct gl_cache *c, enum gl_collection which, struct gl_feed_seq *ret, struct gl_error *err) {
    struct gl_feed_seq s = {0};
    int rc = check_collection(which, err);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&c->db, CACHE_GET_FEED);
    gl_put_int(&q, which);
    if ((rc = gl_db_step(&q, err)) < 0) return rc;
    if (rc > 0) {
        /* heard_mono too: it goes on across a restart of the program; after one of the machine it says less than the wall clock. */
        gl_take_text(&q, s.epoch, sizeof s.epoch);
        gl_take_text(&q, s.left, sizeof s.left);
        s.applied = gl_take_int(&q);
        s.sent = gl_take_int(&q);
        s.as_of = gl_take_int(&q);
        s.heard_wall = gl_take_int(&q);
        s.heard_mono = gl_take_int(&q);
        s.rejects = gl_take_int(&q);
        s.broken = gl_take_int(&q) != 0;
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        gl_db_end(&q);
        if ((rc = load_held(c, which, &s, err)) < 0) return rc;
    }
    *ret = s;
    return 0;
}

static int save_held(struct gl_cache *c, enum gl_collection which, const struct gl_feed_seq *s, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&c->db, CACHE_DROP_HELD);
    gl_put_int(&q, which);
    int rc = gl_db_run(&q, err);
    for (size_t i = 0; rc == 0 && i < s->n_held; i++) {
        q = gl_db_query(&c->db, CACHE_PUT_HELD);
        gl_put_int(&q, which);
        gl_put_int(&q, (int64_t)i);
        gl_put_int(&q, s->held[i].from);
        gl_put_int(&q, s->held[i].to);
        rc = gl_db_run(&q, err);
    }
    return rc;
}

int gl_cache_save_seq(struct gl_cache *c, enum gl_collection which, const struct gl_feed_seq *s, struct gl_error *err) {
    int rc = check_collection(which, err);
    if (rc == 0) rc = gl_db_begin(&c->db, err);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&c->db, CACHE_PUT_FEED);
    gl_put_int(&q, which);
    gl_put_text(&q, s->epoch);
    gl_put_text(&q, s->left);
    gl_put_int(&q, s->applied);
    gl_put_int(&q, s->sent);
    gl_put_int(&q, s->as_of);
    gl_put_int(&q, s->heard_wall);
    gl_put_int(&q, s->heard_mono);
    gl_put_int(&q, s->rejects);
    gl_put_int(&q, s->broken);
    c->epochs_known = false;
    rc = gl_db_run(&q, err);
    return rc == 0 ? save_held(c, which, s, err) : rc;
}

int gl_cache_know_epochs(struct gl_cache *c, struct gl_error *err) {
    for (int which = GL_COLLECTION_NONE + 1; !c->epochs_known && which < GL_COLLECTIONS; which++) {
        struct gl_rows q = gl_db_query(&c->db, CACHE_GET_FEED);
        gl_put_int(&q, which);
        int rc = gl_db_step(&q, err);
        c->epoch[which][0] = '\0';
        if (rc > 0) gl_take_text(&q, c->epoch[which], sizeof c->epoch[which]);
        if (rc < 0 || (rc = gl_taken(&q, err)) < 0) return rc;
        gl_db_end(&q);
    }
    c->epochs_known = true;
    return 0;
}

bool gl_cache_is_void(const struct gl_cache *c, enum gl_collection which, const char *epoch) {
    return epoch[0] && c->epoch[which][0] && strcmp(epoch, c->epoch[which]) != 0;
}

int gl_cache_quarantine(struct gl_cache *c, const struct gl_quarantined *what, struct gl_error *err) {
    int rc = gl_db_begin(&c->db, err);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&c->db, CACHE_PUT_QUARANTINE);
    gl_put_int(&q, what->collection); /* NONE too: a record so bad that it does not say what it is */
    gl_put_text(&q, what->epoch);
    gl_put_int(&q, what->seq < 0 ? 0 : what->seq);
    gl_put_text(&q, what->where);
    gl_put_text(&q, what->reason);
    gl_put_int(&q, what->at);
    if ((rc = gl_db_step(&q, err)) < 0) return rc;
    int64_t id = gl_take_int(&q);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    q = gl_db_query(&c->db, CACHE_TRIM_QUARANTINE);
    gl_put_int(&q, id - QUARANTINE_KEPT);
    return gl_db_run(&q, err);
}

static int count(struct gl_cache *c, unsigned query, int64_t *ret) {
    struct gl_rows q = gl_db_query(&c->db, query);
    int rc = gl_db_step(&q, NULL);
    if (rc <= 0) return rc < 0 ? rc : -EIO;
    *ret = gl_take_int(&q);
    gl_db_end(&q);
    return 0;
}

int64_t gl_cache_count(struct gl_cache *c, enum gl_collection which) {
    int rc = check_collection(which, NULL);
    if (rc < 0) return rc;
    if (!c->counted) { /* once; gl_cache_apply() keeps it up to date */
        rc = count(c, CACHE_COUNT_MOVEMENTS, &c->records[GL_COLLECTION_MOVEMENTS]);
        if (rc == 0) rc = count(c, CACHE_COUNT_DECLARATIONS, &c->records[GL_COLLECTION_DECLARATIONS]);
        if (rc == 0) rc = count(c, CACHE_COUNT_TAGS, &c->records[GL_COLLECTION_TAGS]);
        if (rc < 0) return rc;
        c->counted = true;
    }
    return c->records[which];
}
