/* The cache's handle, its transactions and its counts. What the other files do is told in cache_impl.h. */
#include "store/cache.h"

#include <errno.h>

#include "store/cache_impl.h"

const struct cache_kind *const gl_cache_kinds[GL_COLLECTIONS] = {
    [GL_COLLECTION_MOVEMENTS] = &gl_cache_movements, [GL_COLLECTION_DECLARATIONS] = &gl_cache_declarations,
    [GL_COLLECTION_TAGS] = &gl_cache_tags,           [GL_COLLECTION_LOOKOUTS] = &gl_cache_lookouts,
    [GL_COLLECTION_TRADERS] = &gl_cache_traders,
};

int gl_cache_ready(struct gl_cache *c, enum gl_collection which, struct gl_error *err) {
    if (which <= GL_COLLECTION_NONE || which >= GL_COLLECTIONS)
        return gl_fail(err, -EINVAL, "cache: there is no collection %d", (int)which);
    if (c->aside && c->aside != which)
        return gl_fail(err, -EINVAL, "cache: this is the aside of %s alone", gl_collections[c->aside]);
    return c->gone || !c->db[which].sql ? gl_fail(err, -EIO, "cache %s: closed after a failure; start anew", c->dir) : 0;
}

void gl_cache_forget(struct gl_cache *c, enum gl_collection which) {
    c->counted[which] = c->told[which] = c->aliases_known[which] = false;
    if (which == GL_COLLECTION_LOOKOUTS) c->sought_known = false;
    if (which == GL_COLLECTION_TAGS) c->seals_known = false;
}

/* ---- transactions ------------------------------------------------------------------------------------------------------------ */

/* A file's transaction begins with the first write to it. */
int gl_cache_begin(struct gl_cache *c, struct gl_error *err) {
    return c->gone ? gl_fail(err, -EIO, "cache %s: closed after a failure; start anew", c->dir) : 0;
}

enum { ASIDE_AT_ONCE = 10000 };

int gl_cache_commit(struct gl_cache *c, struct gl_error *err) {
    int rc = 0;
    if (c->aside && c->unsaved < ASIDE_AT_ONCE) return 0; /* lost at one go or kept at one go: gl_cache_finish() */
    c->unsaved = 0;
    for (int i = 0; rc == 0 && i < GL_COLLECTIONS; i++)
        if (c->db[i].sql) rc = gl_db_commit(&c->db[i], err);
    if (rc < 0) gl_cache_rollback(c);
    if (rc == 0 && c->aside) gl_cache_write_back(c);
    return rc;
}

void gl_cache_rollback(struct gl_cache *c) {
    for (int i = 0; i < GL_COLLECTIONS; i++) {
        gl_db_rollback(&c->db[i]);
        gl_cache_forget(c, (enum gl_collection)i);
    }
}

/* ---- counts ------------------------------------------------------------------------------------------------------------------ */

static int count(struct gl_db *db, unsigned query, int64_t *ret) {
    struct gl_rows q = gl_db_query(db, query);
    int rc = gl_db_step(&q, NULL);
    if (rc <= 0) return rc < 0 ? rc : -EIO;
    *ret = gl_take_int(&q);
    gl_db_end(&q);
    return 0;
}

/* Once; gl_cache_apply() keeps it up to date. */
int64_t gl_cache_count(struct gl_cache *c, enum gl_collection which) {
    int64_t waiting = 0;
    int rc = gl_cache_ready(c, which, NULL);
    if (rc < 0 || c->counted[which]) return rc < 0 ? rc : c->records[which];
    rc = count(&c->db[which], CACHE_COUNT, &c->records[which]);
    if (rc == 0) rc = count(&c->db[which], CACHE_COUNT_WAITING, &waiting);
    if (rc < 0) return rc;
    c->records[which] -= waiting;
    c->counted[which] = true;
    return c->records[which];
}
