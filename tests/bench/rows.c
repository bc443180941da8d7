/* bench-rows DIR N: the bare program beside a snapshot. It inserts the rows that Greenlane keeps of N movements and their declarations into the same
 * tables with the same indexes: prepared statements, record by record, a transaction for 10,000 records, nothing synced before the end.
 *
 * Tables, indexes and rows are not written down here. A cache is made in DIR with one record that is followed: all rows that bear its id are the
 * template, and for each record its number takes the place of that one's. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "records.h"
#include "store/cache.h"

/* Neither stands for anything else in a record. Its digits are replaced in texts, its id in numbers. */
#define NUMBER "1234567"
enum { ID = 777, AT_ONCE = 10000, PATH = 512, MOST_ROWS = 32, MOST_CELLS = 40, SQL = 4096, SEQ = 5 };

struct cell {
    enum { CELL_VALUE, CELL_ID, CELL_TEXT } what;
    sqlite3_value *value;
    char text[64], *digits; /* CELL_TEXT: digits is where the number stands */
};

struct row {
    sqlite3_stmt *insert;
    int n;
    struct cell cells[MOST_CELLS];
};

struct file {
    const char *name; /* of the collection */
    char path[PATH];
    sqlite3 *from, *to;
    int n_rows;
    struct row rows[MOST_ROWS];
};

static void must(sqlite3 *db, int rc, const char *doing) {
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW) bench_die("bench-rows: %s: %s", doing, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *s = NULL;
    must(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL), sql);
    return s;
}

static sqlite3 *open_file(const char *path, int flags) {
    sqlite3 *db = NULL;
    must(db, sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL), path);
    return db;
}

/* ---- the template ---------------------------------------------------------------------------------------------------------------------- */

static void make_cache(const char *dir) {
    static void (*const make[])(struct gl_feed_record *, int64_t) = {bench_movement, bench_declaration};
    struct gl_feed_record *r = malloc(sizeof *r);
    struct gl_cache *c = NULL;
    struct gl_error err;
    enum gl_applied applied;
    int64_t now = gl_now_read().wall;
    int rc = r ? gl_cache_open(dir, &c, &err) : gl_fail(&err, -ENOMEM, "out of memory");
    for (size_t k = 0; rc == 0 && k < GL_COUNT(make); k++) {
        make[k](r, now);
        r->seq = SEQ;
        for (int i = 1; rc == 0 && i <= ID; i++) {
            bench_renumber(r, i < ID ? i : bench_int(NUMBER, "NUMBER"));
            rc = gl_cache_apply(c, r, now, &applied, &err);
        }
    }
    if (rc == 0) rc = gl_cache_commit(c, &err);
    if (rc < 0) bench_die("bench-rows: %s", err.text);
    gl_cache_close(c);
    free(r);
}

static void copy_cell(struct cell *c, sqlite3_stmt *s, int i) {
    const char *text = (const char *)sqlite3_column_text(s, i);
    *c = (struct cell){.what = CELL_VALUE};
    if (sqlite3_column_type(s, i) == SQLITE_INTEGER && sqlite3_column_int64(s, i) == ID) c->what = CELL_ID;
    if (sqlite3_column_type(s, i) == SQLITE_TEXT && strstr(text, NUMBER)) {
        c->what = CELL_TEXT;
        gl_format(c->text, sizeof c->text, "%s", text);
        c->digits = strstr(c->text, NUMBER);
    }
    if (c->what == CELL_VALUE) c->value = sqlite3_value_dup(sqlite3_column_value(s, i));
}

static sqlite3_stmt *insert_into(struct file *f, const char *table, int columns) {
    char sql[SQL], marks[2 * MOST_CELLS];
    for (int i = 0; i < columns; i++) memcpy(marks + 2 * i, ",?", 2);
    gl_format(sql, sizeof sql, "INSERT INTO %s VALUES(%.*s)", table, 2 * columns - 1, marks + 1);
    return prepare(f->to, sql);
}

/* All rows of a table that bear the id anywhere. */
static void follow(struct file *f, const char *table) {
    char sql[SQL];
    gl_format(sql, sizeof sql, "SELECT * FROM %s", table);
    sqlite3_stmt *s = prepare(f->from, sql);
    int columns = sqlite3_column_count(s);
    if (columns > MOST_CELLS) bench_die("bench-rows: %s has %d columns", table, columns);
    while (sqlite3_step(s) == SQLITE_ROW) {
        bool ours = false;
        for (int i = 0; i < columns; i++) ours |= sqlite3_column_type(s, i) == SQLITE_INTEGER && sqlite3_column_int64(s, i) == ID;
        if (!ours) continue;
        if (f->n_rows == MOST_ROWS) bench_die("bench-rows: a record has more than %d rows", MOST_ROWS);
        struct row *r = &f->rows[f->n_rows++];
        r->n = columns;
        r->insert = insert_into(f, table, columns);
        for (int i = 0; i < columns; i++) copy_cell(&r->cells[i], s, i);
    }
    sqlite3_finalize(s);
}

/* The file as it is while nothing is in it: tables and indexes as in the cache, settings as the loader's. */
static void make_file(struct file *f, const char *dir) {
    char path[PATH];
    gl_format(path, sizeof path, "%s/scratch/%s.db", dir, f->name);
    f->from = open_file(path, SQLITE_OPEN_READWRITE);
    gl_format(f->path, sizeof f->path, "%s/rows-%s.db", dir, f->name);
    unlink(f->path);
    f->to = open_file(f->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    must(f->to,
         sqlite3_exec(f->to,
                      "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-131072; PRAGMA locking_mode=EXCLUSIVE;"
                      "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY",
                      NULL, NULL, NULL),
         "settings");
    sqlite3_stmt *s =
        prepare(f->from, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid");
    while (sqlite3_step(s) == SQLITE_ROW)
        must(f->to, sqlite3_exec(f->to, (const char *)sqlite3_column_text(s, 0), NULL, NULL, NULL), "DDL");
    sqlite3_finalize(s);
    s = prepare(f->from, "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid");
    while (sqlite3_step(s) == SQLITE_ROW) follow(f, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    if (f->n_rows == 0) bench_die("bench-rows: no row of %s was found", f->name);
    sqlite3_close(f->from);
}

/* ---- the rows -------------------------------------------------------------------------------------------------------------------------- */

static void bind(sqlite3_stmt *s, int i, struct cell *c, int64_t n) {
    if (c->what == CELL_ID) sqlite3_bind_int64(s, i, n + 1);
    if (c->what == CELL_VALUE) sqlite3_bind_value(s, i, c->value);
    if (c->what != CELL_TEXT) return;
    for (size_t d = strlen(NUMBER); d > 0; d--, n /= 10) c->digits[d - 1] = (char)('0' + n % 10);
    sqlite3_bind_text(s, i, c->text, -1, SQLITE_STATIC);
}

static void insert(struct file *f, int64_t n) {
    for (int k = 0; k < f->n_rows; k++) {
        struct row *r = &f->rows[k];
        for (int i = 0; i < r->n; i++) bind(r->insert, i + 1, &r->cells[i], n);
        must(f->to, sqlite3_step(r->insert), "INSERT");
        sqlite3_reset(r->insert);
    }
}

static void once(struct file *f, const char *sql) {
    must(f->to, sqlite3_exec(f->to, sql, NULL, NULL, NULL), sql);
}

static void build(struct file *f, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        if (i % AT_ONCE == 0) once(f, i ? "COMMIT; BEGIN" : "BEGIN");
        insert(f, i);
    }
    once(f, "COMMIT");
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) bench_die("bench-rows: %s: %s", f->path, strerror(errno));
    close(fd);
}

static void close_file(struct file *f) {
    for (int k = 0; k < f->n_rows; k++) {
        sqlite3_finalize(f->rows[k].insert);
        for (int i = 0; i < f->rows[k].n; i++) sqlite3_value_free(f->rows[k].cells[i].value);
    }
    sqlite3_close(f->to);
}

static int64_t cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(int argc, char **argv) {
    static struct file files[] = {{.name = "declarations"}, {.name = "movements"}};
    char scratch[PATH];
    if (argc != 3) bench_die("usage: bench-rows DIR N");
    int64_t n = bench_int(argv[2], "N");
    if (n == 0) bench_die("bench-rows: nothing to do");
    gl_format(scratch, sizeof scratch, "%s/scratch", argv[1]);
    make_cache(scratch);
    for (size_t k = 0; k < GL_COUNT(files); k++) make_file(&files[k], argv[1]);
    int64_t begun = bench_ns(), worked = cpu_ns();
    for (size_t k = 0; k < GL_COUNT(files); k++) build(&files[k], n);
    double took = (double)(bench_ns() - begun), cpu = (double)(cpu_ns() - worked);
    printf("{\"seconds\": %.6f, \"records\": %lld, \"cpu_us\": %.3f, \"rows\": [%d, %d]}\n", took / 1e9, (long long)n * 2,
           cpu / 1e3 / (double)(n * 2), files[0].n_rows, files[1].n_rows);
    for (size_t k = 0; k < GL_COUNT(files); k++) close_file(&files[k]);
    return 0;
}
