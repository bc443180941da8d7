/* What was refused, with its reason: at most so many, the oldest go. */
#include <errno.h>
#include <string.h>

#include "store/cache_impl.h"

static const char *const migrations[] = {
    "CREATE TABLE quarantine("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL,"
    "  ref TEXT NOT NULL, place TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL) STRICT;",
};

static const struct gl_sql queries[QUARANTINE_QUERIES] = {
    [QUARANTINE_PUT] = {"INSERT INTO quarantine(collection, epoch, seq, ref, place, reason, at) VALUES(?1,?2,?3,?4,?5,?6,?7)", 7,
                        0},
    [QUARANTINE_TRIM] = {"DELETE FROM quarantine WHERE id<=?1", 1, 0},
    [QUARANTINE_LIST] = {"SELECT collection, epoch, seq, ref, place, reason, at FROM quarantine ORDER BY id DESC LIMIT ?1", 1, 7},
    [QUARANTINE_COUNT] = {"SELECT count(*) FROM quarantine", 0, 1},
};

static const char *const pragmas[] = {"PRAGMA synchronous=NORMAL", "PRAGMA cache_size=-2048", "PRAGMA wal_autocheckpoint=1000",
                                      "PRAGMA journal_size_limit=67108864", NULL};
const struct gl_store_kind gl_cache_quarantine_kind = {
    .what = "cache",
    .advice = "delete it, it is a list for people",
    .application_id = 0x474C5131, /* "GLQ1" */
    .migrations = migrations,
    .n_migrations = GL_COUNT(migrations),
    .pragmas = pragmas,
    .sql = queries,
    .n_sql = GL_COUNT(queries),
};

static int ready(struct gl_cache *c, struct gl_error *err) {
    return c->gone || !c->db[0].sql ? gl_fail(err, -EIO, "cache %s: it has no quarantine", c->dir) : 0;
}

int gl_cache_quarantine(struct gl_cache *c, const struct gl_quarantined *what, struct gl_error *err) {
    struct gl_db *db = &c->db[GL_COLLECTION_NONE];
    int rc = ready(c, err);
    if (rc == 0) rc = gl_db_begin(db, err);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(db, QUARANTINE_PUT);
    gl_put_int(&q, what->collection);
    gl_put_text(&q, what->epoch);
    gl_put_int(&q, what->seq < 0 ? 0 : what->seq);
    gl_put_text(&q, what->ref);
    gl_put_text(&q, what->where);
    gl_put_text(&q, what->reason);
    gl_put_int(&q, what->at);
    if ((rc = gl_db_run(&q, err)) < 0) return rc;
    q = gl_db_query(db, QUARANTINE_TRIM);
    gl_put_int(&q, gl_db_last_id(db) - QUARANTINE_KEPT);
    return gl_db_run(&q, err);
}

int gl_cache_quarantined(struct gl_cache *c, int limit, gl_quarantined_fn each, void *user, struct gl_error *err) {
    int rc = ready(c, err), end = 0;
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&c->db[GL_COLLECTION_NONE], QUARANTINE_LIST);
    gl_put_int(&q, limit < 0 ? 0 : limit);
    while (end == 0 && (rc = gl_db_step(&q, err)) > 0) {
        struct gl_quarantined one;
        memset(&one, 0, sizeof one);
        one.collection = gl_take_u8(&q);
        gl_take_text(&q, one.epoch, sizeof one.epoch);
        one.seq = gl_take_int(&q);
        gl_take_text(&q, one.ref, sizeof one.ref);
        gl_take_text(&q, one.where, sizeof one.where);
        gl_take_text(&q, one.reason, sizeof one.reason);
        one.at = gl_take_int(&q);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        end = each(user, &one);
    }
    gl_db_end(&q);
    return rc < 0 ? rc : end;
}

int64_t gl_cache_quarantine_count(struct gl_cache *c) {
    int rc = ready(c, NULL);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(&c->db[GL_COLLECTION_NONE], QUARANTINE_COUNT);
    if ((rc = gl_db_step(&q, NULL)) <= 0) return rc < 0 ? rc : -EIO;
    int64_t n = gl_take_int(&q);
    gl_db_end(&q);
    return n;
}
