/* The layer over SQLite: every query of both stores against its schema, misuse that comes out as an error, migrations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the five above first */
#include <cmocka.h>

#include "store/cache_impl.h"
#include "store/journal_impl.h"

/* ---- the queries of the stores ----------------------------------------------------------------------------------------------- */

/* Queries that may walk a table: small ones, counts, or in the order of an index and limited. */
static bool may_scan(const struct gl_store_kind *kind, size_t i) {
    if (kind == &gl_cache_tags_kind && i == TAG_ANY_SEAL) return true; /* the first of an index of seals alone */
    static const unsigned cache[] = {CACHE_COUNT,    CACHE_COUNT_WAITING, CACHE_WALK,      CACHE_GET_FEED,
                                     CACHE_GET_HELD, CACHE_DROP_HELD,     LODGED_ANY_ALIAS};
    static const unsigned quarantine[] = {QUARANTINE_LIST, QUARANTINE_COUNT};
    static const unsigned journal[] = {JOURNAL_HEAD,           JOURNAL_STREAMS,         JOURNAL_SUM,         JOURNAL_MODES,
                                       JOURNAL_STANDING,       JOURNAL_OPEN_PASSAGES,   JOURNAL_LIST,        JOURNAL_DUE,
                                       JOURNAL_OLD_PASSAGES,   JOURNAL_FORGET_PASSAGES, JOURNAL_CONTINGENCY, JOURNAL_OPEN_HITS,
                                       JOURNAL_FORGET_HITS,    JOURNAL_FORGET_REVIEWS,  JOURNAL_NEXT_REVIEW, JOURNAL_REVIEW_SUMMARY,
                                       JOURNAL_CLEAR_REVIEWED, JOURNAL_RESTORED};
    const unsigned *list = kind == &gl_journal_kind ? journal : kind == &gl_cache_quarantine_kind ? quarantine : cache;
    size_t n = kind == &gl_journal_kind            ? GL_COUNT(journal)
               : kind == &gl_cache_quarantine_kind ? GL_COUNT(quarantine)
                                                   : GL_COUNT(cache);
    for (size_t k = 0; k < n; k++)
        if (list[k] == i) return true;
    return false;
}

static void check_plan(struct gl_db *db, size_t i) {
    char sql[1200];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", db->kind->sql[i].text);
    assert_int_equal(sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *detail = (const char *)sqlite3_column_text(stmt, 3);
        bool few = db->kind == &gl_journal_kind && (i == JOURNAL_GET_USE || i == JOURNAL_USED_BY); /* of one passage */
        bool sorts = strstr(detail, "TEMP B-TREE") && !few;
        bool scans = strncmp(detail, "SCAN", 4) == 0 && strcmp(detail, "SCAN CONSTANT ROW") != 0 && !may_scan(db->kind, i);
        if (sorts || scans) fail_msg("%s: %s", detail, db->kind->sql[i].text);
    }
    sqlite3_finalize(stmt);
}

static void every_query_fits_its_schema_and_an_index(void **state) {
    (void)state;
    const struct gl_store_kind *const kinds[] = {&gl_cache_movements_kind, &gl_cache_declarations_kind, &gl_cache_tags_kind,
                                                 &gl_cache_lookouts_kind,  &gl_cache_traders_kind,      &gl_cache_quarantine_kind,
                                                 &gl_journal_kind};
    for (size_t k = 0; k < GL_COUNT(kinds); k++) {
        struct gl_db db;
        struct gl_error err = {""};
        if (gl_db_open(&db, ":memory:", kinds[k], &err) < 0) fail_msg("%s", err.text); /* prepares and counts them all */
        for (size_t i = 0; i < kinds[k]->n_sql; i++) {
            assert_int_equal(sqlite3_bind_parameter_count(db.stmts[i]), kinds[k]->sql[i].params);
            assert_int_equal(sqlite3_column_count(db.stmts[i]), kinds[k]->sql[i].columns);
            check_plan(&db, i);
        }
        gl_db_close(&db);
    }
}

/* ---- a store of its own ------------------------------------------------------------------------------------------------------ */

enum { PUT, GET, ALL, QUERIES };
static const struct gl_sql queries[QUERIES] = {
    [PUT] = {"INSERT INTO t(a, b) VALUES(?1, ?2)", 2, 0},
    [GET] = {"SELECT a, b FROM t WHERE a=?1", 1, 2},
    [ALL] = {"SELECT a FROM t", 0, 1},
};
static const char *const steps[] = {"CREATE TABLE t(a INTEGER PRIMARY KEY, c TEXT) STRICT; INSERT INTO t(a, c) VALUES(1, 'old')",
                                    "ALTER TABLE t RENAME COLUMN c TO b"};
static const char *const no_pragmas[] = {NULL};
static struct gl_store_kind kind = {.what = "thing",
                                    .advice = "buy a new one",
                                    .application_id = 77,
                                    .migrations = steps,
                                    .n_migrations = GL_COUNT(steps),
                                    .pragmas = no_pragmas,
                                    .sql = queries,
                                    .n_sql = QUERIES};

static void open_db(struct gl_db *db, const char *path) {
    struct gl_error err = {""};
    if (gl_db_open(db, path, &kind, &err) < 0) fail_msg("%s", err.text);
}

static int put(struct gl_db *db, int64_t a, const char *b) {
    struct gl_rows q = gl_db_query(db, PUT);
    gl_put_int(&q, a);
    gl_put_text(&q, b);
    return gl_db_run(&q, NULL);
}

static bool has(struct gl_db *db, int64_t a, const char *b) {
    char text[8];
    struct gl_rows q = gl_db_query(db, GET);
    gl_put_int(&q, a);
    if (gl_db_step(&q, NULL) != 1) return false;
    assert_int_equal(gl_take_int(&q), a);
    gl_take_text(&q, text, sizeof text);
    assert_int_equal(gl_taken(&q, NULL), 0);
    gl_db_end(&q);
    return strcmp(text, b) == 0;
}

static void misuse_is_an_error(void **state) {
    (void)state;
    struct gl_db db;
    struct gl_error err = {""};
    open_db(&db, ":memory:");
    assert_true(put(&db, 2, "x") < 0); /* outside a transaction */
    assert_int_equal(gl_db_begin(&db, NULL), 0);
    struct gl_rows q = gl_db_query(&db, PUT);
    gl_put_int(&q, 2);
    assert_true(gl_db_run(&q, &err) < 0); /* a parameter short */
    gl_db_rollback(&db);
    q = gl_db_query(&db, GET);
    gl_put_int(&q, 1);
    gl_put_int(&q, 1);
    assert_true(gl_db_step(&q, &err) < 0); /* one too many */
    q = gl_db_query(&db, GET);
    gl_put_int(&q, 1);
    assert_int_equal(gl_db_step(&q, &err), 1);
    char tiny[3];
    gl_take_int(&q);
    gl_take_text(&q, tiny, sizeof tiny);
    assert_string_equal(tiny, "");
    assert_true(gl_db_step(&q, &err) < 0); /* "old" does not fit */
    assert_non_null(strstr(err.text, "buy a new one"));
    q = gl_db_query(&db, ALL);
    assert_int_equal(gl_db_step(&q, &err), 1);
    struct gl_rows again = gl_db_query(&db, ALL);
    assert_true(gl_db_step(&again, &err) < 0); /* within itself */
    assert_int_equal(gl_db_step(&q, &err), 0); /* which goes on unharmed */
    assert_true(has(&db, 1, "old"));
    gl_db_close(&db);
}

static void a_failed_write_breaks_the_transaction(void **state) {
    (void)state;
    struct gl_db db;
    open_db(&db, ":memory:");
    assert_int_equal(gl_db_begin(&db, NULL), 0);
    assert_int_equal(put(&db, 2, "x"), 0);
    assert_int_equal(put(&db, 2, "twice"), -EEXIST);
    assert_int_equal(put(&db, 3, "y"), -EIO);
    assert_true(gl_db_begin(&db, NULL) < 0);
    assert_true(gl_db_commit(&db, NULL) < 0);
    assert_false(has(&db, 2, "x"));
    assert_int_equal(gl_db_begin(&db, NULL), 0);
    assert_int_equal(put(&db, 2, "x"), 0);
    assert_int_equal(gl_db_save(&db, NULL), 0);
    assert_int_equal(put(&db, 3, "y"), 0);
    assert_int_equal(put(&db, 3, "y"), -EEXIST);
    gl_db_undo(&db); /* takes back only what came since */
    assert_int_equal(gl_db_commit(&db, NULL), 0);
    assert_true(has(&db, 2, "x"));
    assert_false(has(&db, 3, "y"));
    gl_db_close(&db);
}

static void migrations_run_once_each(void **state) {
    (void)state;
    char dir[] = "/tmp/greenlane-db-XXXXXX", path[64], log[80];
    struct gl_db db;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/thing.db", dir);
    snprintf(log, sizeof log, "%s-wal", path);
    kind.n_migrations = 1;
    kind.n_sql = 0;
    open_db(&db, path);
    gl_db_close(&db);
    kind.n_migrations = 2;
    kind.n_sql = QUERIES;
    for (int i = 0; i < 2; i++) {
        open_db(&db, path);
        assert_true(has(&db, 1, "old"));
        gl_db_close(&db);
    }
    static const char *const bad[] = {"", "", "CREATE TABLE u(a); CREATE TABLE t(a)"};
    struct gl_store_kind next = kind;
    struct gl_error err = {""};
    next.migrations = bad;
    next.n_migrations = GL_COUNT(bad);
    assert_true(gl_db_open(&db, path, &next, &err) < 0); /* t is there already: nothing of the migration stays */
    assert_non_null(strstr(err.text, path));
    open_db(&db, path);
    assert_int_not_equal(sqlite3_exec(db.sql, "SELECT * FROM u", NULL, NULL, NULL), SQLITE_OK);
    gl_db_close(&db);
    unlink(path);
    unlink(log);
    assert_int_equal(rmdir(dir), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_query_fits_its_schema_and_an_index),
        cmocka_unit_test(misuse_is_an_error),
        cmocka_unit_test(a_failed_write_breaks_the_transaction),
        cmocka_unit_test(migrations_run_once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
