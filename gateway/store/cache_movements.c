/* movements.db: announced crossings, what they list, and the identifiers that lead to them. */
#include <string.h>

#include "store/cache_sql.h"

/* Append only; a schema that is in use somewhere is never edited. */
static const char *const migrations[] = {
    CACHE_RECORD("  kind INTEGER NOT NULL DEFAULT 0, own_channel INTEGER NOT NULL DEFAULT 0, channel INTEGER NOT NULL DEFAULT 0,"
                 "  direction INTEGER NOT NULL DEFAULT 0, office TEXT NOT NULL DEFAULT '', lodged_at INTEGER NOT NULL DEFAULT 0,"
                 "  eta INTEGER NOT NULL DEFAULT 0, valid_from INTEGER NOT NULL DEFAULT 0,"
                 /* how many rows each has, so that none are looked for where none are */
                 "  equipment INTEGER NOT NULL DEFAULT 0, seals INTEGER NOT NULL DEFAULT 0,") LODGED_TABLES
    /* What a movement lists, received or not. */
    "CREATE TABLE listed("
    "  movement INTEGER NOT NULL, n INTEGER NOT NULL, ref_type TEXT NOT NULL, ref_value TEXT NOT NULL,"
    "  PRIMARY KEY(movement, n)) STRICT, WITHOUT ROWID;",
};

static const struct gl_sql queries[MOVEMENT_QUERIES] = {
    LODGED_SHARED_SQL,
    [MOVEMENT_PUT] = {CACHE_UPSERT(", kind, own_channel, channel, direction, office, lodged_at, eta, valid_from, equipment, seals",
                                   ",?10,?11,?11,?12,?13,?14,?15,?16,?17,?18",
                                   ", kind=?10, own_channel=?11, channel=?11, direction=?12, office=?13, lodged_at=?14, eta=?15,"
                                   " valid_from=?16, equipment=?17, seals=?18"),
                      18, 0},
    [MOVEMENT_EFFECT] = {"UPDATE record SET channel=ifnull(?2, own_channel) WHERE id=?1", 2, 0},
    [MOVEMENT_ANSWER] =
        {"SELECT standing, ref_type, ref_value, epoch, told, kind, state, channel, direction, lodged_at, eta, valid_from,"
         " valid_to, equipment, seals FROM record WHERE id=?1",
         1, 15},
    [MOVEMENT_READ] = {"SELECT kind, channel, direction, office, lodged_at, eta, valid_from, valid_to FROM record WHERE id=?1", 1,
                       8},
    [MOVEMENT_PUT_LISTED] = {"INSERT INTO listed(movement, n, ref_type, ref_value) VALUES(?1,?2,?3,?4)", 4, 0},
    [MOVEMENT_GET_LISTED] = {"SELECT ref_type, ref_value FROM listed WHERE movement=?1 ORDER BY n", 1, 2},
    [MOVEMENT_DROP_LISTED] = {"DELETE FROM listed WHERE movement=?1", 1, 0},
};

CACHE_STORE(gl_cache_movements_kind, 0x474C434D /* "GLCM" */, "16384", queries, GL_COUNT(queries));

/* ---- writing ----------------------------------------------------------------------------------------------------------------- */

static int check(struct cache_writing *w) {
    return gl_cache_check_means(w, w->r->body.movement.means, w->r->body.movement.n_means);
}

static int drop(struct cache_writing *w, int64_t id) {
    static const unsigned own[] = {MOVEMENT_DROP_LISTED};
    int rc = gl_cache_drop_lodged(w, id);
    return rc < 0 ? rc : gl_cache_drop_rows(w, id, own, GL_COUNT(own));
}

static int put_row(struct cache_writing *w, const struct gl_movement *m) {
    struct gl_rows q = gl_cache_put_row(w, MOVEMENT_PUT, m->state, m->valid_to);
    gl_put_int(&q, m->kind);
    gl_put_int(&q, m->channel);
    gl_put_int(&q, m->direction);
    gl_put_text(&q, m->office);
    gl_put_int(&q, m->lodged_at);
    gl_put_int(&q, m->eta);
    gl_put_int(&q, m->valid_from);
    gl_put_int(&q, m->n_containers);
    gl_put_int(&q, m->n_seals);
    return gl_cache_run_row(w, &q);
}

static int put_listed(struct cache_writing *w, const struct gl_movement *m) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->n_declarations; i++) {
        struct gl_rows q = gl_cache_numbered(w, MOVEMENT_PUT_LISTED, i);
        gl_put_text(&q, m->declarations[i].type);
        gl_put_text(&q, m->declarations[i].value);
        rc = gl_db_run(&q, w->err);
        if (rc == 0) rc = gl_cache_put_reference(w, &m->declarations[i], ROLE_LISTED);
    }
    return rc;
}

static int put(struct cache_writing *w) {
    const struct gl_movement *m = &w->r->body.movement;
    bool fresh = w->row.id == GL_INT_NULL;
    int rc = put_row(w, m);
    if (rc == 0 && !fresh) rc = drop(w, w->row.id);
    if (rc == 0) rc = gl_cache_name_lodged(w);
    if (rc == 0) rc = put_listed(w, m);
    if (rc == 0) rc = gl_cache_put_means(w, m->means, m->n_means);
    for (size_t i = 0; rc == 0 && i < m->n_containers; i++) rc = gl_cache_put_equipment(w, i, m->containers[i]);
    for (size_t i = 0; rc == 0 && i < m->n_seals; i++) rc = gl_cache_put_seal(w, VEHICLE_ITSELF, i, m->seals[i]);
    return rc;
}

static int effect(struct cache_writing *w) {
    const struct cache_word *channel = &w->row.word[WORD_CONTROL];
    struct gl_rows q = gl_db_query(w->db, MOVEMENT_EFFECT);
    gl_put_int(&q, w->row.id);
    gl_put_int(&q, channel->there ? channel->value : GL_INT_NULL);
    int rc = gl_db_run(&q, w->err);
    return rc < 0 ? rc : gl_cache_retire(w);
}

/* ---- reading it as a whole --------------------------------------------------------------------------------------------------- */

static int read_row(struct gl_db *db, int64_t id, struct gl_movement *m, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, MOVEMENT_READ);
    gl_put_int(&q, id);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    m->kind = gl_take_u8(&q);
    m->channel = gl_take_u8(&q);
    m->direction = gl_take_u8(&q);
    gl_take_text(&q, m->office, sizeof m->office);
    m->lodged_at = gl_take_int(&q);
    m->eta = gl_take_int(&q);
    m->valid_from = gl_take_int(&q);
    m->valid_to = gl_take_int(&q);
    rc = gl_taken(&q, err);
    gl_db_end(&q);
    return rc;
}

static int read_listed(struct gl_db *db, int64_t id, struct gl_movement *m, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, MOVEMENT_GET_LISTED);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0 && m->n_declarations < GL_MAX_REFS) {
        struct gl_ref *ref = &m->declarations[m->n_declarations++];
        gl_take_text(&q, ref->type, sizeof ref->type);
        gl_take_text(&q, ref->value, sizeof ref->value);
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

static int read_parts(struct gl_db *db, int64_t id, struct gl_movement *m, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, LODGED_GET_EQUIPMENT);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0 && m->n_containers < GL_MAX_CONTAINERS) {
        gl_take_int(&q);
        gl_take_text(&q, m->containers[m->n_containers++], sizeof m->containers[0]);
    }
    gl_db_end(&q);
    if (rc < 0) return rc;
    q = gl_db_query(db, LODGED_GET_SEALS);
    gl_put_int(&q, id);
    while ((rc = gl_db_step(&q, err)) > 0 && m->n_seals < GL_MAX_SEALS) {
        gl_take_int(&q);
        gl_take_text(&q, m->seals[m->n_seals++], sizeof m->seals[0]);
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

static int read(struct gl_cache *c, int64_t id, struct gl_feed_record *ret, struct gl_error *err) {
    struct gl_db *db = &c->db[GL_COLLECTION_MOVEMENTS];
    struct gl_movement *m = &ret->body.movement;
    int rc = read_row(db, id, m, err);
    if (rc == 0) rc = read_listed(db, id, m, err);
    if (rc == 0) rc = gl_cache_read_means(db, id, m->means, &m->n_means, err);
    return rc < 0 ? rc : read_parts(db, id, m, err);
}

const struct cache_kind gl_cache_movements = {
    .store = &gl_cache_movements_kind,
    .cancelled = GL_MOVEMENT_CANCELLED,
    .expired = GL_MOVEMENT_EXPIRED,
    .dead = gl_cache_movement_dead,
    .check = check,
    .put = put,
    .name = gl_cache_name_lodged,
    .effect = effect,
    .drop = drop,
    .read = read,
};
