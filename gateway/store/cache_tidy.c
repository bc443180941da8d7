/* What goes through a whole collection: removing what nobody can lean on any more, and telling all of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/cache_impl.h"

/* ---- purge ------------------------------------------------------------------------------------------------------------------- */

struct old {
    int64_t id;
    struct gl_ref ref;
    bool gone;
};
enum { AT_ONCE = 64 };

static bool nobody_leans_on(const struct cache_writing *w, uint8_t state, bool standing, int64_t valid_to, int64_t written_at,
                            int64_t before) {
    if (written_at >= before || valid_to >= before) return false;
    return !standing || w->kind->dead(state) || valid_to != 0;
}

/* The next records by id, at most n. */
static int walk(struct cache_writing *w, int64_t after, int64_t before, struct old *ret, size_t n, size_t *ret_n) {
    struct gl_rows q = gl_db_query(w->db, CACHE_WALK);
    gl_put_int(&q, after);
    gl_put_int(&q, (int64_t)n);
    int rc;
    *ret_n = 0;
    while ((rc = gl_db_step(&q, w->err)) > 0) {
        struct old *o = &ret[(*ret_n)++];
        o->id = gl_take_int(&q);
        gl_take_text(&q, o->ref.type, sizeof o->ref.type);
        gl_take_text(&q, o->ref.value, sizeof o->ref.value);
        uint8_t state = gl_take_u8(&q);
        bool standing = gl_take_int(&q) != 0;
        int64_t valid_to = gl_take_int(&q), written_at = gl_take_int(&q);
        o->gone = nobody_leans_on(w, state, standing, valid_to, written_at, before);
        if ((rc = gl_taken(&q, w->err)) < 0) return rc;
    }
    return rc;
}

static int run(struct cache_writing *w, unsigned query, int64_t id) {
    struct gl_rows q = gl_db_query(w->db, query);
    gl_put_int(&q, id);
    return gl_db_run(&q, w->err);
}

/* With all names that lead to it. */
static int erase(struct cache_writing *w, const struct old *o) {
    int rc = w->kind->drop(w, o->id);
    if (rc == 0) rc = run(w, CACHE_DROP_WORDS, o->id);
    if (rc == 0) rc = run(w, CACHE_DELETE, o->id);
    if (rc < 0 || !w->kind->name) return rc;
    struct gl_rows q = gl_db_query(w->db, LODGED_DROP_ALIASES);
    gl_put_text(&q, o->ref.type);
    gl_put_text(&q, o->ref.value);
    return gl_db_run(&q, w->err);
}

/* Looks through at most `limit` records; 1 = there may be more. away: what is old goes. */
static int look_through(struct cache_writing *w, int64_t before, int limit, bool away, int64_t *at, int64_t *ret_old) {
    struct old some[AT_ONCE];
    size_t n = AT_ONCE, asked = AT_ONCE;
    int rc = 0;
    *ret_old = 0;
    for (int left = limit; rc == 0 && left > 0 && n == asked; left -= (int)n) {
        asked = left < AT_ONCE ? (size_t)left : AT_ONCE;
        rc = walk(w, *at, before, some, asked, &n);
        for (size_t i = 0; rc == 0 && i < n; i++) {
            if (some[i].gone && away) rc = erase(w, &some[i]);
            *ret_old += some[i].gone;
            *at = some[i].id;
        }
    }
    if (rc < 0) return rc;
    if (n == asked) return 1;
    *at = 0;
    return 0;
}

static int set_out(struct gl_cache *c, enum gl_collection which, struct cache_writing *w, struct gl_error *err) {
    int rc = gl_cache_ready(c, which, err);
    if (rc < 0) return rc;
    *w = (struct cache_writing){.c = c, .which = (uint8_t)which, .err = err, .db = &c->db[which], .kind = gl_cache_kinds[which]};
    return 0;
}

int gl_cache_old(struct gl_cache *c, enum gl_collection which, int64_t before, int limit, int64_t *at, int64_t *ret_old,
                 struct gl_error *err) {
    struct cache_writing w;
    int rc = set_out(c, which, &w, err);
    return rc < 0 ? rc : look_through(&w, before, limit, false, at, ret_old);
}

int gl_cache_purge(struct gl_cache *c, enum gl_collection which, int64_t before, int limit, int64_t *at, int64_t *ret_removed,
                   struct gl_error *err) {
    struct cache_writing w;
    int64_t removed = 0;
    int rc = set_out(c, which, &w, err);
    if (rc == 0) rc = gl_db_begin(w.db, err);
    if (rc < 0) return rc;
    rc = look_through(&w, before, limit, true, at, &removed);
    if (removed > 0 || rc < 0) gl_cache_forget(c, which);
    if (rc >= 0) *ret_removed = removed;
    return rc;
}

/* ---- dump -------------------------------------------------------------------------------------------------------------------- */

/* The reference, version and state of an upsert's body. */
static void head(struct gl_feed_record *r, const struct gl_ref *ref, int64_t version, uint8_t state) {
    switch ((enum gl_collection)r->collection) {
        case GL_COLLECTION_MOVEMENTS:
            r->body.movement.ref = *ref, r->body.movement.version = version, r->body.movement.state = state;
            break;
        case GL_COLLECTION_DECLARATIONS:
            r->body.declaration.ref = *ref, r->body.declaration.version = version, r->body.declaration.state = state;
            break;
        case GL_COLLECTION_TAGS: r->body.tag.ref = *ref, r->body.tag.version = version, r->body.tag.state = state; break;
        case GL_COLLECTION_LOOKOUTS:
            r->body.lookout.ref = *ref, r->body.lookout.version = version, r->body.lookout.state = state;
            break;
        case GL_COLLECTION_TRADERS:
            r->body.trader.ref = *ref, r->body.trader.version = version, r->body.trader.state = state;
            break;
        case GL_COLLECTION_NONE:
        case GL_COLLECTIONS: break;
    }
}

/* The record whose reference comes after *ref, which becomes its own. 1 = there is one. */
static int next(struct gl_cache *c, enum gl_collection which, struct gl_ref *ref, struct gl_feed_record *r, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&c->db[which], CACHE_LIST);
    struct gl_ref after = *ref;
    gl_put_text(&q, after.type);
    gl_put_text(&q, after.value);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    memset(r, 0, sizeof *r);
    r->collection = (uint8_t)which;
    r->op = GL_OP_UPSERT;
    int64_t id = gl_take_int(&q);
    gl_take_text(&q, ref->type, sizeof ref->type);
    gl_take_text(&q, ref->value, sizeof ref->value);
    gl_take_text(&q, r->epoch, sizeof r->epoch);
    r->seq = gl_take_int(&q);
    int64_t told = gl_take_int(&q);
    head(r, ref, told, gl_take_u8(&q));
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    rc = gl_cache_kinds[which]->read(c, id, r, err);
    return rc < 0 ? rc : 1;
}

int gl_cache_dump(struct gl_cache *c, enum gl_collection which, gl_lodged_fn each, void *user, struct gl_error *err) {
    struct gl_ref ref = {"", ""};
    int rc = gl_cache_ready(c, which, err), end = 0;
    if (rc == 0) rc = gl_cache_know_epoch(c, which, err);
    if (rc < 0) return rc;
    struct gl_feed_record *r GL_CLEANUP(gl_freep) = malloc(sizeof *r);
    if (!r) return gl_fail(err, -ENOMEM, "cache: out of memory");
    while (end == 0 && (rc = next(c, which, &ref, r, err)) > 0) {
        if (which != GL_COLLECTION_LOOKOUTS && gl_cache_is_void(c, which, r->epoch)) continue;
        end = each(user, r);
    }
    return rc < 0 ? rc : end;
}
