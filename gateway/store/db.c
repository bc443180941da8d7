/* Queries and transactions of db.h. Opening and the schema are in db_open.c. */
#include "store/db.h"

#include <errno.h>
#include <string.h>

static int errno_of(int rc) {
    static const struct {
        int rc, err;
    } table[] = {{SQLITE_FULL, ENOSPC},      {SQLITE_NOMEM, ENOMEM},   {SQLITE_BUSY, EBUSY},     {SQLITE_LOCKED, EBUSY},
                 {SQLITE_READONLY, EROFS},   {SQLITE_PERM, EACCES},    {SQLITE_AUTH, EACCES},    {SQLITE_CANTOPEN, ENOENT},
                 {SQLITE_CORRUPT, EUCLEAN},  {SQLITE_NOTADB, EUCLEAN}, {SQLITE_FORMAT, EUCLEAN}, {SQLITE_TOOBIG, EFBIG},
                 {SQLITE_CONSTRAINT, EEXIST}};
    for (size_t i = 0; i < GL_COUNT(table); i++)
        if (table[i].rc == (rc & 0xFF)) return -table[i].err;
    return -EIO;
}

int gl_db_fail(struct gl_db *db, int rc, const char *doing, struct gl_error *err) {
    int code = errno_of(rc);
    const char *cause = db->sql && sqlite3_extended_errcode(db->sql) == rc ? sqlite3_errmsg(db->sql) : sqlite3_errstr(rc);
    const char *help = code == -EUCLEAN  ? db->kind->advice
                       : code == -ENOSPC ? "make room on the disk"
                       : code == -EBUSY  ? "another process has it open; only greenlaned may"
                       : code == -EIO    ? "look at the disk and the kernel's log"
                                         : "";
    return gl_fail(err, code, "%s %s: %s: %s (SQLite %d)%s%s", db->kind->what, db->path, doing, cause, rc, help[0] ? "; " : "",
                   help);
}

/* ---- transactions ------------------------------------------------------------------------------------------------------------ */

static int run_plain(sqlite3_stmt *stmt) {
    int rc = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int gl_db_begin(struct gl_db *db, struct gl_error *err) {
    if (db->broken) return gl_fail(err, -EIO, "%s %s: a write before failed; roll back first", db->kind->what, db->path);
    if (db->in_tx) return 0;
    int rc = run_plain(db->begin);
    if (rc != SQLITE_OK) return gl_db_fail(db, rc, "a transaction cannot begin", err);
    db->in_tx = true;
    return 0;
}

void gl_db_rollback(struct gl_db *db) {
    /* SQLite rolls back by itself after some failures, so ask it, not our own flag. */
    if (db->sql && !sqlite3_get_autocommit(db->sql)) run_plain(db->rollback);
    db->in_tx = false;
    db->broken = false;
}

int gl_db_commit(struct gl_db *db, struct gl_error *err) {
    if (!db->in_tx && !db->broken) return 0;
    if (db->broken || sqlite3_get_autocommit(db->sql)) {
        gl_db_rollback(db);
        return gl_fail(err, -EIO, "%s %s: nothing was committed, because a write before had failed", db->kind->what, db->path);
    }
    int rc = run_plain(db->commit);
    if (rc != SQLITE_OK) {
        int code = gl_db_fail(db, rc, "the commit failed", err);
        gl_db_rollback(db);
        return code;
    }
    db->in_tx = false;
    return 0;
}

int gl_db_hold(struct gl_db *db, struct gl_error *err) {
    if (db->in_tx || db->held) return 0;
    int rc = run_plain(db->hold);
    if (rc != SQLITE_OK) return gl_db_fail(db, rc, "it cannot be read", err);
    db->held = true;
    return 0;
}

void gl_db_let_go(struct gl_db *db) {
    if (!db->held) return;
    db->held = false;
    if (run_plain(db->commit) != SQLITE_OK) gl_db_rollback(db);
}

int gl_db_save(struct gl_db *db, struct gl_error *err) {
    int rc = sqlite3_exec(db->sql, "SAVEPOINT one", NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : gl_db_fail(db, rc, "a savepoint failed", err);
}

int gl_db_keep(struct gl_db *db, struct gl_error *err) {
    int rc = sqlite3_exec(db->sql, "RELEASE one", NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : gl_db_fail(db, rc, "a savepoint failed", err);
}

void gl_db_undo(struct gl_db *db) {
    int rc = sqlite3_exec(db->sql, "ROLLBACK TO one; RELEASE one", NULL, NULL, NULL);
    db->broken = db->in_tx && (rc != SQLITE_OK || sqlite3_get_autocommit(db->sql));
}

/* ---- queries ----------------------------------------------------------------------------------------------------------------- */

struct gl_rows gl_db_query(struct gl_db *db, unsigned which) {
    struct gl_rows r = {.db = db, .stmt = db->stmts[which], .sql = &db->kind->sql[which]};
    if (!sqlite3_stmt_busy(r.stmt)) return r;
    r.stmt = NULL; /* it belongs to the run that is going on */
    r.failed = true;
    return r;
}

/* True when the next parameter may be bound. */
static bool next_param(struct gl_rows *r) {
    if (r->row || r->next >= r->sql->params) r->failed = true;
    if (r->failed) return false;
    r->next++;
    return true;
}

void gl_put_int(struct gl_rows *r, int64_t v) {
    if (!next_param(r)) return;
    int rc = v == INT64_MIN ? sqlite3_bind_null(r->stmt, r->next) : sqlite3_bind_int64(r->stmt, r->next, v);
    r->failed |= rc != SQLITE_OK;
}

void gl_put_text(struct gl_rows *r, const char *text) {
    if (!next_param(r)) return;
    int rc = text ? sqlite3_bind_text64(r->stmt, r->next, text, strlen(text), SQLITE_STATIC, SQLITE_UTF8)
                  : sqlite3_bind_null(r->stmt, r->next);
    r->failed |= rc != SQLITE_OK;
}

void gl_put_bytes(struct gl_rows *r, const void *bytes, size_t len) {
    if (!next_param(r)) return;
    r->failed |= sqlite3_bind_blob64(r->stmt, r->next, bytes, len, SQLITE_STATIC) != SQLITE_OK;
}

void gl_db_end(struct gl_rows *r) {
    if (!r->stmt) return;
    sqlite3_reset(r->stmt);
    sqlite3_clear_bindings(r->stmt); /* nothing borrowed stays bound */
    r->next = 0;
    r->row = false;
}

static int end_badly(struct gl_rows *r, int code) {
    if (r->stmt && !sqlite3_stmt_readonly(r->stmt) && r->db->in_tx) r->db->broken = true;
    gl_db_end(r);
    return code;
}

static int fail_values(struct gl_rows *r, struct gl_error *err) {
    return end_badly(r, gl_fail(err, -EUCLEAN, "%s %s: %s in: %.80s; %s", r->db->kind->what, r->db->path,
                                r->row    ? "a value has another type or size than it should"
                                : r->stmt ? "wrong parameters"
                                          : "run within itself",
                                r->sql->text, r->db->kind->advice));
}

int gl_taken(struct gl_rows *r, struct gl_error *err) {
    return r->failed ? fail_values(r, err) : 0;
}

/* What must be right before the first step. */
static int check_start(struct gl_rows *r, struct gl_error *err) {
    struct gl_db *db = r->db;
    if (r->next != r->sql->params) r->failed = true;
    if (r->failed) return fail_values(r, err);
    bool writes = !sqlite3_stmt_readonly(r->stmt);
    if (writes && (!db->in_tx || db->broken || sqlite3_get_autocommit(db->sql)))
        return end_badly(r, gl_fail(err, -EIO, "%s %s: a write outside a transaction, or after one that failed; roll back first",
                                    db->kind->what, db->path));
    return 0;
}

int gl_db_step(struct gl_rows *r, struct gl_error *err) {
    int rc = r->row ? gl_taken(r, err) : check_start(r, err);
    if (rc < 0) return rc;
    rc = sqlite3_step(r->stmt);
    if (rc == SQLITE_ROW) {
        r->row = true;
        r->next = 0;
        return 1;
    }
    if (rc == SQLITE_DONE) {
        gl_db_end(r);
        return 0;
    }
    return end_badly(r, gl_db_fail(r->db, rc, "a query failed", err));
}

int gl_db_run(struct gl_rows *r, struct gl_error *err) {
    int rc = gl_db_step(r, err);
    if (rc > 0) gl_db_end(r);
    return rc < 0 ? rc : 0;
}

int64_t gl_db_last_id(const struct gl_db *db) {
    return sqlite3_last_insert_rowid(db->sql);
}

/* The column that comes next, when it is of this type; NULL is of every type. */
static int next_column(struct gl_rows *r, int type) {
    if (!r->row || r->next >= r->sql->columns) r->failed = true;
    if (r->failed) return -1;
    int column = r->next++;
    int is = sqlite3_column_type(r->stmt, column);
    if (is != type && is != SQLITE_NULL) r->failed = true;
    return r->failed || is == SQLITE_NULL ? -1 : column;
}

int64_t gl_take_int(struct gl_rows *r) {
    int column = next_column(r, SQLITE_INTEGER);
    return column < 0 ? INT64_MIN : sqlite3_column_int64(r->stmt, column);
}

uint8_t gl_take_u8(struct gl_rows *r) {
    int64_t v = gl_take_int(r);
    if (v == INT64_MIN) return 0;
    if (v < 0 || v > UINT8_MAX) r->failed = true;
    return r->failed ? 0 : (uint8_t)v;
}

const char *gl_take_borrowed(struct gl_rows *r) {
    int column = next_column(r, SQLITE_TEXT);
    if (column < 0) return NULL;
    const char *text = (const char *)sqlite3_column_text(r->stmt, column);
    if (!text || strlen(text) != (size_t)sqlite3_column_bytes(r->stmt, column)) r->failed = true; /* nothing hides behind a NUL */
    return r->failed ? NULL : text;
}

void gl_take_text(struct gl_rows *r, char *dst, size_t size) {
    int column = next_column(r, SQLITE_TEXT);
    dst[0] = '\0';
    if (column < 0) return;
    /* The bytes of a text, without the copy that SQLite would make to end it with a NUL. */
    const void *text = sqlite3_column_blob(r->stmt, column);
    if (text && gl_copyn(dst, size, text, (size_t)sqlite3_column_bytes(r->stmt, column)) < 0) r->failed = true;
}

void gl_take_bytes(struct gl_rows *r, void *dst, size_t len) {
    int column = next_column(r, SQLITE_BLOB);
    if (column < 0) r->failed = true;
    if (r->failed) return;
    const void *bytes = sqlite3_column_blob(r->stmt, column);
    if (!bytes || (size_t)sqlite3_column_bytes(r->stmt, column) != len)
        r->failed = true;
    else
        memcpy(dst, bytes, len);
}
