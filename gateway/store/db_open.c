/* Opening a store: whose file it is, its settings, its schema, its queries. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/db.h"

static bool in_memory(const struct gl_db *db) {
    return strcmp(db->path, ":memory:") == 0;
}

/* Runs one PRAGMA or SELECT that gives one value. Exactly one of the two results may be asked for. */
static int ask(struct gl_db *db, const char *sql, int64_t *ret_int, char ret_text[16], struct gl_error *err) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW && ret_int) *ret_int = sqlite3_column_int64(stmt, 0);
    if (rc == SQLITE_ROW && ret_text) gl_clip(ret_text, 16, (const char *)sqlite3_column_text(stmt, 0) ?: "");
    int code = rc == SQLITE_ROW ? 0 : gl_db_fail(db, rc, "cannot be read", err);
    sqlite3_finalize(stmt);
    return code;
}

static int exec(struct gl_db *db, const char *sql, const char *doing, struct gl_error *err) {
    int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : gl_db_fail(db, rc, doing, err);
}

/* SQLite deletes a write-ahead log that has lost its file. For a journal that log may hold all that is left. */
static int refuse_orphan_log(struct gl_db *db, struct gl_error *err) {
    struct stat st;
    char log[4096 + 8];
    if (!db->kind->precious || (stat(db->path, &st) == 0 && st.st_size > 0)) return 0;
    gl_format(log, sizeof log, "%s-wal", db->path);
    if (stat(log, &st) < 0 || st.st_size == 0) return 0;
    return gl_fail(err, -EUCLEAN, "%s %s: missing or empty, but %s holds records; %s, or move that log away to begin anew",
                   db->kind->what, db->path, log, db->kind->advice);
}

/* Made here so that nobody else can read what passes the post; SQLite gives the log the same rights. */
static int make_file(struct gl_db *db, struct gl_error *err) {
    if (in_memory(db)) return 0;
    if (strlen(db->path) > 4096) return gl_fail(err, -ENAMETOOLONG, "%s: the path is longer than 4096 bytes", db->kind->what);
    int rc = refuse_orphan_log(db, err);
    if (rc < 0) return rc;
    int fd = open(db->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        rc = -errno;
        return gl_fail(err, rc, "%s %s: cannot be opened for writing: %s", db->kind->what, db->path, strerror(-rc));
    }
    gl_close_fd(&fd);
    return 0;
}

static int set_up(struct gl_db *db, struct gl_error *err) {
    static const char *const always[] = {"PRAGMA busy_timeout=0", "PRAGMA trusted_schema=OFF", "PRAGMA foreign_keys=ON",
                                         "PRAGMA temp_store=MEMORY", NULL};
    char mode[16] = "";
    const char *want = db->kind->passing ? "off" : in_memory(db) ? "memory" : "wal";
    int rc = ask(db, db->kind->passing ? "PRAGMA journal_mode=OFF" : "PRAGMA journal_mode=WAL", NULL, mode, err);
    if (rc == 0 && strcmp(mode, want) != 0)
        rc = gl_fail(err, -EIO, "%s %s: SQLite gives journal mode \"%s\" where \"%s\" was asked for; the file system may be unfit",
                     db->kind->what, db->path, mode, want);
    for (const char *const *p = always; rc == 0 && *p; p++) rc = exec(db, *p, *p, err);
    for (const char *const *p = db->kind->pragmas; rc == 0 && *p; p++) rc = exec(db, *p, *p, err);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return rc;
}

/* Whose file it is, before anything is changed in it. ret_version: how many migrations it has had. */
static int identify(struct gl_db *db, int64_t *ret_version, struct gl_error *err) {
    int64_t id = 0, version = 0, objects = 0;
    int rc = ask(db, "PRAGMA application_id", &id, NULL, err);
    if (rc == 0) rc = ask(db, "PRAGMA user_version", &version, NULL, err);
    if (rc == 0) rc = ask(db, "SELECT count(*) FROM sqlite_schema", &objects, NULL, err);
    if (rc < 0) return rc;
    bool fresh = id == 0 && version == 0 && objects == 0;
    if (!fresh && id != db->kind->application_id)
        return gl_fail(err, -EUCLEAN,
                       "%s %s: this file is no Greenlane %s (application id %lld); give another path or move it away",
                       db->kind->what, db->path, db->kind->what, (long long)id);
    if (version < 0 || (size_t)version > db->kind->n_migrations)
        return gl_fail(err, -EPROTONOSUPPORT,
                       "%s %s: made by a newer version (schema %lld, this one knows %zu); start that version, or %s",
                       db->kind->what, db->path, (long long)version, db->kind->n_migrations, db->kind->advice);
    *ret_version = version;
    return 0;
}

/* All migrations that are missing, in one transaction: a power cut leaves the old schema or the new one. */
static int migrate(struct gl_db *db, size_t version, struct gl_error *err) {
    const struct gl_store_kind *kind = db->kind;
    char seal[96];
    if (version == kind->n_migrations) return 0;
    int rc = exec(db, "BEGIN IMMEDIATE", "cannot be written", err);
    for (size_t i = version; rc == 0 && i < kind->n_migrations; i++) rc = exec(db, kind->migrations[i], "a migration failed", err);
    gl_format(seal, sizeof seal, "PRAGMA application_id=%d; PRAGMA user_version=%zu", (int)kind->application_id,
              kind->n_migrations);
    if (rc == 0) rc = exec(db, seal, "a migration failed", err);
    if (rc == 0) rc = exec(db, "COMMIT", "a migration failed", err);
    if (rc < 0) sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int prepare(struct gl_db *db, const char *text, sqlite3_stmt **ret, struct gl_error *err) {
    int rc = sqlite3_prepare_v3(db->sql, text, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
    return rc == SQLITE_OK ? 0 : gl_db_fail(db, rc, text, err);
}

static int prepare_all(struct gl_db *db, struct gl_error *err) {
    const struct gl_store_kind *kind = db->kind;
    int rc = prepare(db, "BEGIN IMMEDIATE", &db->begin, err);
    if (rc == 0) rc = prepare(db, "BEGIN", &db->hold, err);
    if (rc == 0) rc = prepare(db, "COMMIT", &db->commit, err);
    if (rc == 0) rc = prepare(db, "ROLLBACK", &db->rollback, err);
    if (rc == 0 && kind->n_sql > GL_DB_MAX_SQL) rc = gl_fail(err, -E2BIG, "%s: more than %d queries", kind->what, GL_DB_MAX_SQL);
    for (size_t i = 0; rc == 0 && i < kind->n_sql; i++) {
        const struct gl_sql *q = &kind->sql[i];
        rc = prepare(db, q->text, &db->stmts[i], err);
        if (rc == 0 &&
            (sqlite3_bind_parameter_count(db->stmts[i]) != q->params || sqlite3_column_count(db->stmts[i]) != q->columns))
            rc = gl_fail(err, -EPROTO, "%s: a query has other parameters or columns than its table says: %s", kind->what, q->text);
    }
    return rc;
}

int gl_db_open(struct gl_db *db, const char *path, const struct gl_store_kind *kind, struct gl_error *err) {
    int64_t version = 0;
    *db = (struct gl_db){.kind = kind, .path = strdup(path)};
    if (!db->path) return gl_fail(err, -ENOMEM, "%s %s: out of memory", kind->what, path);
    int rc = make_file(db, err);
    if (rc == 0) {
        int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
        int opened = sqlite3_open_v2(path, &db->sql, flags, NULL);
        if (opened != SQLITE_OK) rc = gl_db_fail(db, opened, "cannot be opened", err);
    }
    /* Only one process at a time, so the index of the write-ahead log stays in memory and no third file is needed. */
    if (rc == 0) rc = exec(db, "PRAGMA locking_mode=EXCLUSIVE", "cannot be locked", err);
    if (rc == 0 && kind->shrinks) rc = exec(db, "PRAGMA auto_vacuum=INCREMENTAL", "cannot be set up", err); /* before any table */
    if (rc == 0) rc = identify(db, &version, err);
    if (rc == 0) rc = set_up(db, err);
    if (rc == 0) rc = migrate(db, (size_t)version, err);
    if (rc == 0) rc = prepare_all(db, err);
    if (rc < 0) gl_db_close(db);
    return rc;
}

void gl_db_close(struct gl_db *db) {
    if (db->sql) gl_db_rollback(db);
    sqlite3_finalize(db->begin);
    sqlite3_finalize(db->hold);
    sqlite3_finalize(db->commit);
    sqlite3_finalize(db->rollback);
    for (size_t i = 0; i < GL_DB_MAX_SQL; i++) sqlite3_finalize(db->stmts[i]);
    sqlite3_close(db->sql);
    free(db->path);
    *db = (struct gl_db){0};
}
