/* The feed's bookkeeping, in the file of the collection that it speaks of, and the epochs that follow from it. */
#include <string.h>

#include "store/cache_impl.h"

static int load_held(struct gl_db *db, struct gl_feed_seq *s, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, CACHE_GET_HELD);
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
    int rc = gl_cache_ready(c, which, err);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&c->db[which], CACHE_GET_FEED);
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
        s.based = gl_take_int(&q) != 0;
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        gl_db_end(&q);
        if ((rc = load_held(&c->db[which], &s, err)) < 0) return rc;
    }
    *ret = s;
    return 0;
}

static int save_held(struct gl_db *db, const struct gl_feed_seq *s, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, CACHE_DROP_HELD);
    int rc = gl_db_run(&q, err);
    for (size_t i = 0; rc == 0 && i < s->n_held; i++) {
        q = gl_db_query(db, CACHE_PUT_HELD);
        gl_put_int(&q, (int64_t)i);
        gl_put_int(&q, s->held[i].from);
        gl_put_int(&q, s->held[i].to);
        rc = gl_db_run(&q, err);
    }
    return rc;
}

int gl_cache_save_seq(struct gl_cache *c, enum gl_collection which, const struct gl_feed_seq *s, struct gl_error *err) {
    int rc = gl_cache_ready(c, which, err);
    if (rc == 0) rc = gl_db_begin(&c->db[which], err);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&c->db[which], CACHE_PUT_FEED);
    gl_put_text(&q, s->epoch);
    gl_put_text(&q, s->left);
    gl_put_int(&q, s->applied);
    gl_put_int(&q, s->sent);
    gl_put_int(&q, s->as_of);
    gl_put_int(&q, s->heard_wall);
    gl_put_int(&q, s->heard_mono);
    gl_put_int(&q, s->rejects);
    gl_put_int(&q, s->broken);
    gl_put_int(&q, s->based);
    c->told[which] = false;
    rc = gl_db_run(&q, err);
    return rc == 0 ? save_held(&c->db[which], s, err) : rc;
}

int gl_cache_know_epoch(struct gl_cache *c, enum gl_collection which, struct gl_error *err) {
    if (c->told[which]) return 0;
    struct gl_rows q = gl_db_query(&c->db[which], CACHE_GET_FEED);
    int rc = gl_db_step(&q, err);
    c->epoch[which][0] = c->left[which][0] = '\0';
    if (rc > 0) gl_take_text(&q, c->epoch[which], sizeof c->epoch[which]);
    if (rc > 0) gl_take_text(&q, c->left[which], sizeof c->left[which]);
    if (rc < 0 || (rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    c->told[which] = true;
    return 0;
}

bool gl_cache_is_void(const struct gl_cache *c, enum gl_collection which, const char *epoch) {
    return epoch[0] && c->epoch[which][0] && strcmp(epoch, c->epoch[which]) != 0;
}
