/* The bare program's two files: the movements that bench-fill made, read only, and a table into which every reading goes. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"

struct bare_store {
    sqlite3 *cache, *journal;
    sqlite3_stmt *find, *insert, *begin, *commit;
    bool open; /* a transaction */
};

static void must(sqlite3 *db, int rc, const char *doing) {
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) bench_die("bench-bare: %s: %s", doing, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *s = NULL;
    must(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL), sql);
    return s;
}

/* The settings are those of Greenlane's own files; the pages are mapped besides, which Greenlane's are not. immutable: the
 * gateway has the file locked, and nothing is written to it meanwhile. */
struct bare_store *bare_store_open(const char *cache, const char *journal) {
    struct bare_store *s = calloc(1, sizeof *s);
    char uri[GL_TOPIC * 2];
    if (!s) bench_die("bench-bare: out of memory");
    gl_format(uri, sizeof uri, "file:%s?immutable=1", cache);
    must(s->cache, sqlite3_open_v2(uri, &s->cache, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL), cache);
    must(s->cache, sqlite3_exec(s->cache, "PRAGMA mmap_size=268435456; PRAGMA cache_size=-16384", NULL, NULL, NULL), "settings");
    must(s->journal, sqlite3_open_v2(journal, &s->journal, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL),
         journal);
    must(s->journal,
         sqlite3_exec(
             s->journal,
             "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8192;"
             "CREATE TABLE IF NOT EXISTS journal(n INTEGER PRIMARY KEY, lane TEXT, device TEXT, kind INTEGER, movement INTEGER,"
             " time INTEGER, payload TEXT)",
             NULL, NULL, NULL),
         "settings");
    s->find = prepare(s->cache,
                      "SELECT m.id, m.ref_value, m.state, m.channel, m.valid_to FROM identifier i JOIN record m ON m.id=i.owner"
                      " WHERE i.key=?1 AND i.kind=?2");
    s->insert = prepare(s->journal, "INSERT INTO journal(lane, device, kind, movement, time, payload) VALUES(?1,?2,?3,?4,?5,?6)");
    s->begin = prepare(s->journal, "BEGIN");
    s->commit = prepare(s->journal, "COMMIT");
    return s;
}

static void once(sqlite3 *db, sqlite3_stmt *s, const char *doing) {
    must(db, sqlite3_step(s), doing);
    sqlite3_reset(s);
}

int64_t bare_store_lookup(struct bare_store *s, const struct gl_reading *r) {
    char key[GL_REF + GL_REF_TYPE];
    int kind = r->kind == GL_READING_PLATE ? 1 : 4; /* GL_KEY_VEHICLE, GL_KEY_REFERENCE */
    if (r->kind == GL_READING_PLATE)
        gl_format(key, sizeof key, "%s", r->value.plate.text);
    else if (r->kind == GL_READING_CODE)
        gl_format(key, sizeof key, "%s:%s", r->value.code.reference.type, r->value.code.reference.value);
    else
        return 0;
    sqlite3_bind_text(s->find, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_int(s->find, 2, kind);
    int64_t id = sqlite3_step(s->find) == SQLITE_ROW ? sqlite3_column_int64(s->find, 0) : 0;
    sqlite3_reset(s->find);
    return id;
}

void bare_store_insert(struct bare_store *s, const struct gl_reading *r, int64_t movement, const char *payload) {
    if (!s->open) once(s->journal, s->begin, "BEGIN");
    s->open = true;
    sqlite3_bind_text(s->insert, 1, r->lane, -1, SQLITE_STATIC);
    sqlite3_bind_text(s->insert, 2, r->device, -1, SQLITE_STATIC);
    sqlite3_bind_int(s->insert, 3, r->kind);
    sqlite3_bind_int64(s->insert, 4, movement);
    sqlite3_bind_int64(s->insert, 5, r->time);
    sqlite3_bind_text(s->insert, 6, payload, -1, SQLITE_STATIC);
    once(s->journal, s->insert, "INSERT");
}

void bare_store_commit(struct bare_store *s) {
    if (!s->open) return;
    once(s->journal, s->commit, "COMMIT");
    s->open = false;
}

void bare_store_close(struct bare_store *s) {
    sqlite3_stmt *all[] = {s->find, s->insert, s->begin, s->commit};
    for (size_t i = 0; i < GL_COUNT(all); i++) sqlite3_finalize(all[i]);
    sqlite3_close(s->cache);
    sqlite3_close(s->journal);
    free(s);
}
