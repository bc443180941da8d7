/* tags.db: the registry of vehicle tags. What a tag leads to is found by its plate, among the movements and declarations. */
#include "store/cache_sql.h"

static const char *const migrations[] = {
    CACHE_RECORD("  role INTEGER NOT NULL DEFAULT 0, plate TEXT NOT NULL DEFAULT '', country TEXT NOT NULL DEFAULT '',"),
};

static const struct gl_sql queries[TAG_QUERIES] = {
    CACHE_SHARED_SQL,
    [TAG_PUT] = {CACHE_UPSERT(", role, plate, country", ",?10,?11,?12", ", role=?10, plate=?11, country=?12"), 12, 0},
    [TAG_ANSWER] = {"SELECT standing, epoch, state, valid_to, role, plate, country FROM record WHERE ref_type=?1 AND ref_value=?2",
                    2, 7},
    [TAG_READ] = {"SELECT role, plate, country, valid_to FROM record WHERE id=?1", 1, 4},
};

CACHE_STORE(gl_cache_tags_kind, 0x474C4347 /* "GLCG" */, "2048", queries, GL_COUNT(queries));

static bool dead(uint8_t state) {
    return state != GL_TAG_ACTIVE;
}

static int check(struct cache_writing *w) {
    int rc = gl_plate_keys(w->r->body.tag.plate, &w->c->keys[0]);
    return rc < 0 ? gl_fail(w->err, rc, "plate: no key can be made of it; a plate is UTF-8 of at most %d bytes", GL_PLATE_KEY - 1)
                  : 0;
}

static int put(struct cache_writing *w) {
    const struct gl_tag *t = &w->r->body.tag;
    struct gl_rows q = gl_cache_put_row(w, TAG_PUT, t->state, t->valid_to);
    gl_put_int(&q, t->role);
    gl_put_text(&q, t->plate);
    gl_put_text(&q, t->country);
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
