/* tags.db: the registry of tags. What a vehicle's tag leads to is found by its plate, among the movements and declarations; a seal's is found by the
 * seal's number, in the spelling of gl_cache_seal_key(). */
#include "store/cache_sql.h"

static const char *const migrations[] = {
    CACHE_RECORD("  role INTEGER NOT NULL DEFAULT 0, plate TEXT NOT NULL DEFAULT '', country TEXT NOT NULL DEFAULT '',"),
    "ALTER TABLE record ADD COLUMN seal TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE record ADD COLUMN seal_key TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE record ADD COLUMN container TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE record ADD COLUMN on_type TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE record ADD COLUMN on_value TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX sealed ON record(seal_key) WHERE seal_key<>'';",
};

static const struct gl_sql queries[TAG_QUERIES] = {
    CACHE_SHARED_SQL,
    [TAG_PUT] = {CACHE_UPSERT(
                     ", role, plate, country, seal, seal_key, container, on_type, on_value", ",?10,?11,?12,?13,?14,?15,?16,?17",
                     ", role=?10, plate=?11, country=?12, seal=?13, seal_key=?14, container=?15, on_type=?16, on_value=?17"),
                 17, 0},
    [TAG_ANSWER] = {"SELECT standing, epoch, state, valid_to, role, plate, country, seal, seal_key, container, on_type, on_value"
                    " FROM record WHERE ref_type=?1 AND ref_value=?2",
                    2, 12},
    [TAG_READ] = {"SELECT role, plate, country, valid_to, seal, container, on_type, on_value FROM record WHERE id=?1", 1, 8},
    [TAG_SEALED] = {"SELECT standing, epoch, state, valid_to, container, on_type, on_value FROM record"
                    " WHERE seal_key=?1 AND seal_key<>'' ORDER BY id",
                    1, 7},
    [TAG_ANY_SEAL] = {"SELECT 1 FROM record WHERE seal_key<>'' LIMIT 1", 0, 1},
};

CACHE_STORE(gl_cache_tags_kind, 0x474C4347 /* "GLCG" */, "2048", queries, GL_COUNT(queries));

static bool dead(uint8_t state) {
    return state != GL_TAG_ACTIVE;
}

static int check(struct cache_writing *w) {
    char key[IDENTIFIER_KEY];
    if (w->r->body.tag.seal[0]) return gl_cache_seal_key(w->r->body.tag.seal, key); /* it fits: a key is no longer than its seal */
    int rc = gl_plate_keys(w->r->body.tag.plate, &w->c->keys[0]);
    return rc < 0 ? gl_fail(w->err, rc, "plate: no key can be made of it; a plate is UTF-8 of at most %d bytes", GL_PLATE_KEY - 1)
                  : 0;
}

static int put(struct cache_writing *w) {
    const struct gl_tag *t = &w->r->body.tag;
    char key[IDENTIFIER_KEY] = "";
    int rc = t->seal[0] ? gl_cache_seal_key(t->seal, key) : 0;
    if (rc < 0) return rc;
    struct gl_rows q = gl_cache_put_row(w, TAG_PUT, t->state, t->valid_to);
    gl_put_int(&q, t->role);
    gl_put_text(&q, t->plate);
    gl_put_text(&q, t->country);
    gl_put_text(&q, t->seal);
    gl_put_text(&q, key);
    gl_put_text(&q, t->container);
    gl_put_text(&q, t->on.type);
    gl_put_text(&q, t->on.value);
    return gl_cache_run_row(w, &q);
}

static int drop(GL_UNUSED struct cache_writing *w, GL_UNUSED int64_t id) {
    return 0;
}

static int read(struct gl_cache *c, int64_t id, struct gl_feed_record *ret, struct gl_error *err) {
    struct gl_tag *t = &ret->body.tag;
    struct gl_rows q = gl_db_query(&c->db[GL_COLLECTION_TAGS], TAG_READ);
    gl_put_int(&q, id);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    t->role = gl_take_u8(&q);
    gl_take_text(&q, t->plate, sizeof t->plate);
    gl_take_text(&q, t->country, sizeof t->country);
    t->valid_to = gl_take_int(&q);
    gl_take_text(&q, t->seal, sizeof t->seal);
    gl_take_text(&q, t->container, sizeof t->container);
    gl_take_text(&q, t->on.type, sizeof t->on.type);
    gl_take_text(&q, t->on.value, sizeof t->on.value);
    rc = gl_taken(&q, err);
    gl_db_end(&q);
    return rc;
}

const struct cache_kind gl_cache_tags = {
    .store = &gl_cache_tags_kind,
    .cancelled = GL_TAG_WITHDRAWN,
    .expired = GL_TAG_WITHDRAWN,
    .dead = dead,
    .check = check,
    .put = put,
    .drop = drop,
    .read = read,
};
