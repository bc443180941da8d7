/* lookouts.db: who and what is looked for. `sought` holds the keys of what is active, in the spelling in which it will be met. */
#include <string.h>

#include "store/cache_sql.h"

static const char *const migrations[] = {
    CACHE_RECORD("  what INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT '', country TEXT NOT NULL DEFAULT '',"
                 "  valid_from INTEGER NOT NULL DEFAULT 0, action INTEGER NOT NULL DEFAULT 0, silent INTEGER NOT NULL DEFAULT 0,"
                 "  reason TEXT NOT NULL DEFAULT '',")
    "CREATE TABLE sought("
    "  what INTEGER NOT NULL, key TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY(what, key, record)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX sought_record ON sought(record);",
};

static const struct gl_sql queries[LOOKOUT_QUERIES] = {
    CACHE_SHARED_SQL,
    [LOOKOUT_PUT] = {CACHE_UPSERT(", what, text, country, valid_from, action, silent, reason", ",?10,?11,?12,?13,?14,?15,?16",
                                  ", what=?10, text=?11, country=?12, valid_from=?13, action=?14, silent=?15, reason=?16"),
                     16, 0},
    [LOOKOUT_READ] = {"SELECT what, text, country, valid_from, valid_to, action, silent, reason FROM record WHERE id=?1", 1, 8},
    [LOOKOUT_PUT_KEY] = {"INSERT OR IGNORE INTO sought(what, key, record) VALUES(?1,?2,?3)", 3, 0},
    [LOOKOUT_DROP_KEYS] = {"DELETE FROM sought WHERE record=?1", 1, 0},
    [LOOKOUT_SEARCH] =
        {"SELECT r.id, r.ref_type, r.ref_value, r.text, r.country, r.valid_from, r.valid_to, r.action, r.silent, r.reason"
         " FROM sought s JOIN record r ON r.id=s.record WHERE s.what=?1 AND s.key=?2 ORDER BY s.record",
         2, 10},
    [LOOKOUT_ANY] = {"SELECT 1 FROM sought WHERE what=?1 LIMIT 1", 1, 1},
};

CACHE_STORE(gl_cache_lookouts_kind, 0x474C434C /* "GLCL" */, "2048", queries, GL_COUNT(queries));

static bool dead(uint8_t state) {
    return state != GL_LOOKOUT_ACTIVE;
}

static int plate_keys(const char *text, struct gl_plate_keys *keys, struct gl_error *err) {
    int rc = gl_plate_keys(text, keys);
    return rc < 0 ? gl_fail(err, rc, "text: no key can be made of it; a plate is UTF-8 of at most %d bytes", GL_PLATE_KEY - 1) : 0;
}

static int check(struct cache_writing *w) {
    const struct gl_lookout *l = &w->r->body.lookout;
    return l->what == GL_SOUGHT_PLATE ? plate_keys(l->text, &w->c->keys[0], w->err) : 0;
}

static int put_key(struct cache_writing *w, uint8_t what, const char *key) {
    struct gl_rows q = gl_db_query(w->db, LOOKOUT_PUT_KEY);
    gl_put_int(&q, what);
    gl_put_text(&q, key);
    gl_put_int(&q, w->row.id);
    return gl_db_run(&q, w->err);
}

static int put_keys(struct cache_writing *w, uint8_t what, const char *text) {
    char key[IDENTIFIER_KEY];
    const struct gl_plate_keys *keys = &w->c->keys[0];
    int rc = 0;
    if (what != GL_SOUGHT_PLATE) {
        if (what == GL_SOUGHT_SEAL)
            rc = gl_cache_seal_key(text, key);
        else
            rc = what == GL_SOUGHT_CONTAINER ? gl_cache_container_key(text, key) : gl_copy(key, sizeof key, text);
        return rc < 0 ? rc : put_key(w, what, key);
    }
    for (size_t i = 0; rc == 0 && i < keys->n; i++) rc = put_key(w, what, keys->key[i]);
    return rc;
}

static int drop(struct cache_writing *w, int64_t id) {
    static const unsigned own[] = {LOOKOUT_DROP_KEYS};
    return gl_cache_drop_rows(w, id, own, GL_COUNT(own));
}

static int put(struct cache_writing *w) {
    const struct gl_lookout *l = &w->r->body.lookout;
    bool fresh = w->row.id == GL_INT_NULL;
    struct gl_rows q = gl_cache_put_row(w, LOOKOUT_PUT, l->state, l->valid_to);
    gl_put_int(&q, l->what);
    gl_put_text(&q, l->text);
    gl_put_text(&q, l->country);
    gl_put_int(&q, l->valid_from);
    gl_put_int(&q, l->action);
    gl_put_int(&q, l->silent);
    gl_put_text(&q, l->reason);
    int rc = gl_cache_run_row(w, &q);
    if (rc == 0 && !fresh) rc = drop(w, w->row.id);
    return rc == 0 && l->state == GL_LOOKOUT_ACTIVE ? put_keys(w, l->what, l->text) : rc;
}

/* An ending takes its keys away; nothing brings them back but an upsert. */
static int effect(struct cache_writing *w) {
    return w->dead ? drop(w, w->row.id) : 0;
}

static int read(struct gl_cache *c, int64_t id, struct gl_feed_record *ret, struct gl_error *err) {
    struct gl_lookout *l = &ret->body.lookout;
    struct gl_rows q = gl_db_query(&c->db[GL_COLLECTION_LOOKOUTS], LOOKOUT_READ);
    gl_put_int(&q, id);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    l->what = gl_take_u8(&q);
    gl_take_text(&q, l->text, sizeof l->text);
    gl_take_text(&q, l->country, sizeof l->country);
    l->valid_from = gl_take_int(&q);
    l->valid_to = gl_take_int(&q);
    l->action = gl_take_u8(&q);
    l->silent = gl_take_u8(&q);
    gl_take_text(&q, l->reason, sizeof l->reason);
    rc = gl_taken(&q, err);
    gl_db_end(&q);
    return rc;
}

const struct cache_kind gl_cache_lookouts = {
    .store = &gl_cache_lookouts_kind,
    .cancelled = GL_LOOKOUT_WITHDRAWN,
    .expired = GL_LOOKOUT_WITHDRAWN,
    .dead = dead,
    .check = check,
    .put = put,
    .effect = effect,
    .drop = drop,
    .read = read,
};
