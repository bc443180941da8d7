/* A thin typed layer over SQLite, for the two stores. Every query stands once, in its store's table, is prepared once, and says
 * how many parameters and columns it has; values are put and taken in order. A failed put or take is sticky and comes out at the
 * next step.
 *
 *     struct gl_rows q = gl_db_query(db, SQL_FIND);
 *     gl_put_text(&q, name);
 *     while ((rc = gl_db_step(&q, err)) > 0) id = gl_take_int(&q);
 *
 * A write that fails inside a transaction breaks the transaction: nothing more is written, and the commit fails, until it is
 * rolled back. A store may set `broken` itself, when something that belongs to the transaction did not even come to be written. */
#pragma once
#include <sqlite3.h>

#include "base/base.h"

enum { GL_DB_MAX_SQL = 64 };

struct gl_sql {
    const char *text;
    uint8_t params, columns;
};

/* What kind of file a store is. */
struct gl_store_kind {
    const char *what;   /* "cache", "journal": for people */
    const char *advice; /* what helps when the file is damaged */
    int32_t application_id;
    const char *const *migrations; /* append-only: number i takes the schema from user_version i to i + 1 */
    size_t n_migrations;
    const char *const *pragmas; /* ended by NULL */
    const struct gl_sql *sql;
    size_t n_sql;
    bool shrinks;  /* room that became free can be given back to the file system, page by page */
    bool precious; /* a write-ahead log without its file is kept for the people, not thrown away */
    bool passing;  /* built at one go and thrown away when that fails: no journal, nothing synced */
};

struct gl_db {
    sqlite3 *sql;
    const struct gl_store_kind *kind;
    char *path;
    bool in_tx;
    bool broken;
    bool held; /* for reading */
    sqlite3_stmt *begin, *hold, *commit, *rollback;
    sqlite3_stmt *stmts[GL_DB_MAX_SQL];
};

/* Opens, creates or migrates. Only one process may have it open. -EUCLEAN: damaged, or not a file of this kind; -EBUSY: open
 * elsewhere; -EPROTONOSUPPORT: made by a newer version. On failure db is closed again. */
int gl_db_open(struct gl_db *db, const char *path, const struct gl_store_kind *kind, struct gl_error *err) GL_MUST_USE;
void gl_db_close(struct gl_db *db);

/* begin() in a transaction does nothing. commit() without one does nothing; when it fails the transaction has been rolled back. */
int gl_db_begin(struct gl_db *db, struct gl_error *err) GL_MUST_USE;
int gl_db_commit(struct gl_db *db, struct gl_error *err) GL_MUST_USE;
void gl_db_rollback(struct gl_db *db);

/* Many queries at one price: locks are taken once, and all see the same state. Nothing is written in between. Inside a transaction both do nothing. */
int gl_db_hold(struct gl_db *db, struct gl_error *err) GL_MUST_USE;
void gl_db_let_go(struct gl_db *db);

/* Inside a transaction: after undo() what was written since save() is gone, and the transaction is whole again. undo() fails
 * when SQLite has given up the whole transaction. */
int gl_db_save(struct gl_db *db, struct gl_error *err) GL_MUST_USE;
int gl_db_keep(struct gl_db *db, struct gl_error *err) GL_MUST_USE;
void gl_db_undo(struct gl_db *db);

/* SQLite's last failure as a negative errno, with file, cause and what helps in err. */
int gl_db_fail(struct gl_db *db, int rc, const char *doing, struct gl_error *err);

/* One run of one query. */
struct gl_rows {
    struct gl_db *db;
    sqlite3_stmt *stmt;
    const struct gl_sql *sql;
    int next;    /* the parameter or column that comes next */
    bool row;    /* standing on a row */
    bool failed; /* a put or take went wrong */
};

/* A query runs once at a time: not from within a callback that it feeds. */
struct gl_rows gl_db_query(struct gl_db *db, unsigned which);

/* Texts and bytes are borrowed until the query has ended. GL_INT_NULL and a NULL text are NULL. */
void gl_put_int(struct gl_rows *r, int64_t v);
void gl_put_text(struct gl_rows *r, const char *text);
void gl_put_bytes(struct gl_rows *r, const void *bytes, size_t len);

/* 1 = a row to take from; 0 = no more (ended); negative = failed (ended). */
int gl_db_step(struct gl_rows *r, struct gl_error *err) GL_MUST_USE;
int gl_db_run(struct gl_rows *r, struct gl_error *err) GL_MUST_USE; /* for a query without rows */
int64_t gl_db_last_id(const struct gl_db *db);                      /* of the row that the last INSERT made */
void gl_db_end(struct gl_rows *r);                                  /* when leaving before the last row */

/* Columns of the row, in order. A value of another type, or that does not fit, is a failure. NULL gives GL_INT_NULL and "". */
int64_t gl_take_int(struct gl_rows *r);
uint8_t gl_take_u8(struct gl_rows *r);
void gl_take_text(struct gl_rows *r, char *dst, size_t size);
const char *gl_take_borrowed(struct gl_rows *r);                   /* until the next step; NULL stays NULL */
void gl_take_bytes(struct gl_rows *r, void *dst, size_t len);      /* exactly len */
int gl_taken(struct gl_rows *r, struct gl_error *err) GL_MUST_USE; /* 0 when every take so far was good; else ends the query */
