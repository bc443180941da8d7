/* traders.db: economic operators and what they are authorised for. */
#include "store/cache_sql.h"

static const char *const migrations[] = {
    CACHE_RECORD("  aeo TEXT NOT NULL DEFAULT '', valid_from INTEGER NOT NULL DEFAULT 0,"),
};

static const struct gl_sql queries[TRADER_QUERIES] = {
    CACHE_SHARED_SQL,
    [TRADER_PUT] = {CACHE_UPSERT(", aeo, valid_from", ",?10,?11", ", aeo=?10, valid_from=?11"), 11, 0},
    [TRADER_ANSWER] =
        {"SELECT standing, epoch, state, aeo<>'', valid_from, valid_to FROM record WHERE ref_type='eori' AND ref_value=?1", 1, 6},
    [TRADER_READ] = {"SELECT aeo, valid_from, valid_to FROM record WHERE id=?1", 1, 3},
};

CACHE_STORE(gl_cache_traders_kind, 0x474C4352 /* "GLCR" */, "2048", queries, GL_COUNT(queries));

static bool dead(uint8_t state) {
    return state == GL_TRADER_WITHDRAWN;
}

static int put(struct cache_writing *w) {
    const struct gl_trader_record *t = &w->r->body.trader;
    struct gl_rows q = gl_cache_put_row(w, TRADER_PUT, t->state, t->valid_to);
    gl_put_text(&q, t->aeo);
    gl_put_int(&q, t->valid_from);
    return gl_cache_run_row(w, &q);
}

static int drop(GL_UNUSED struct cache_writing *w, GL_UNUSED int64_t id) {
    return 0;
}

static int read(struct gl_cache *c, int64_t id, struct gl_feed_record *ret, struct gl_error *err) {
    struct gl_trader_record *t = &ret->body.trader;
    struct gl_rows q = gl_db_query(&c->db[GL_COLLECTION_TRADERS], TRADER_READ);
    gl_put_int(&q, id);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    gl_take_text(&q, t->aeo, sizeof t->aeo);
    t->valid_from = gl_take_int(&q);
    t->valid_to = gl_take_int(&q);
    rc = gl_taken(&q, err);
    gl_db_end(&q);
    return rc;
}

const struct cache_kind gl_cache_traders = {
    .store = &gl_cache_traders_kind,
    .cancelled = GL_TRADER_WITHDRAWN,
    .expired = GL_TRADER_WITHDRAWN,
    .dead = dead,
    .put = put,
    .drop = drop,
    .read = read,
};
