/* bench-lookup DIR MOVEMENTS COUNT: an exact match through the cache, beside SQLite alone, in one process, on the same connections and so page
 * cache, with random keys from all movements. They take turns, a batch of keys each, so that whatever else the machine does meets all alike; no
 * key is used by two of them, so that none finds its pages warmed by another.
 *
 *     greenlane   gl_cache_lookup(): plate -> movement, its means, its declarations; the rows say that there are no containers and no seals
 *     point       one prepared statement: plate -> the movement's row
 *     rows        the prepared statements that fetch the same rows as greenlane does, in one transaction, nothing else done with them */
#include <stdio.h>
#include <stdlib.h>

#include "names.h"
#include "store/cache_impl.h"

enum { BATCH = 64, KINDS = 3 };

static const char *const kind_names[KINDS] = {"greenlane", "point", "rows"};

static const char point_sql[] =
    "SELECT m.id, m.ref_type, m.ref_value, m.version, m.kind, m.state, m.channel, m.direction, m.valid_to"
    " FROM identifier i JOIN record m ON m.id=i.owner WHERE i.key=?1 AND i.kind=1";
static const struct {
    enum gl_collection which;
    const char *text;
} rows_sql[] = {
    {GL_COLLECTION_MOVEMENTS,
     "SELECT dead, owner, role FROM identifier WHERE key=?1 AND kind=1 ORDER BY dead, owner, role LIMIT 65"},
    {GL_COLLECTION_MOVEMENTS,
     "SELECT standing, ref_type, ref_value, epoch, told, kind, state, channel, direction, lodged_at, eta, valid_from,"
     " valid_to, equipment, seals FROM record WHERE id=?1"},
    {GL_COLLECTION_MOVEMENTS, "SELECT role, plate, country FROM means WHERE owner=?1 ORDER BY n"},
    {GL_COLLECTION_MOVEMENTS, "SELECT ref_type, ref_value FROM listed WHERE movement=?1 ORDER BY n"},
    {GL_COLLECTION_DECLARATIONS,
     "SELECT id, standing, ref_type, ref_value, epoch, told, state, control, lodged_at, valid_to, wanted, wanted_types,"
     " eori, means, equipment FROM record WHERE ref_type=?1 AND ref_value=?2"},
};
enum { ROWS = GL_COUNT(rows_sql), FIRST = 0, LISTED = 3, DECLARED = 4 };
enum { BIG = 2 }; /* the collections that are leant on: movements, declarations */

struct bench {
    struct gl_cache *cache;
    sqlite3_stmt *point, *rows[ROWS], *begin[BIG], *commit[BIG];
    struct gl_answer *answer;
    uint64_t random;
    int64_t movements;
    int64_t sink; /* what was read, so that it is read */
};

static sqlite3_stmt *prepare(struct bench *b, enum gl_collection which, const char *sql) {
    sqlite3_stmt *s;
    sqlite3 *db = b->cache->db[which].sql;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
        bench_die("bench-lookup: %s", sqlite3_errmsg(db));
    return s;
}

static uint64_t next_random(uint64_t *s) {
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static void by_greenlane(struct bench *b, const char *plate) {
    struct gl_query q = {.passage = "bench", .n_keys = 1};
    struct gl_error err;
    q.keys[0].kind = GL_KEY_VEHICLE;
    gl_clip(q.keys[0].text, sizeof q.keys[0].text, plate);
    if (gl_cache_lookup(b->cache, &q, b->answer, &err) < 0) bench_die("bench-lookup: %s", err.text);
    if (b->answer->n_movements != 1 || b->answer->n_declarations != 1) bench_die("bench-lookup: %s was not found", plate);
    b->sink += b->answer->movements[0].version;
}

/* Every column of the row, taken as what it is: a conversion would cost what a sensible program does not pay. */
static void take_row(struct bench *b, sqlite3_stmt *s) {
    for (int i = 0, n = sqlite3_column_count(s); i < n; i++) {
        if (sqlite3_column_type(s, i) == SQLITE_INTEGER)
            b->sink += sqlite3_column_int64(s, i) & 1;
        else if (sqlite3_column_text(s, i))
            b->sink += sqlite3_column_bytes(s, i);
    }
}

static void by_point(struct bench *b, const char *plate) {
    sqlite3_bind_text(b->point, 1, plate, -1, SQLITE_STATIC);
    if (sqlite3_step(b->point) != SQLITE_ROW) bench_die("bench-lookup: %s was not found", plate);
    take_row(b, b->point);
    sqlite3_reset(b->point);
}

/* All rows of one statement; gives one column of the last row, the id by which the next statements go on. */
static int64_t all_rows(struct bench *b, sqlite3_stmt *s, int want) {
    int64_t id = 0;
    while (sqlite3_step(s) == SQLITE_ROW) {
        take_row(b, s);
        if (want >= 0) id = sqlite3_column_int64(s, want);
    }
    sqlite3_reset(s);
    return id;
}

/* The declaration that a movement lists: the texts of one statement are the parameters of the next. */
static void listed(struct bench *b) {
    sqlite3_stmt *list = b->rows[LISTED], *find = b->rows[DECLARED];
    while (sqlite3_step(list) == SQLITE_ROW) {
        take_row(b, list);
        for (int i = 0; i < 2; i++)
            sqlite3_bind_text(find, i + 1, (const char *)sqlite3_column_text(list, i), sqlite3_column_bytes(list, i),
                              SQLITE_STATIC);
        all_rows(b, find, -1);
    }
    sqlite3_reset(list);
}

static void once(sqlite3_stmt *s) {
    sqlite3_step(s);
    sqlite3_reset(s);
}

static void by_rows(struct bench *b, const char *plate) {
    for (int i = 0; i < BIG; i++) once(b->begin[i]);
    sqlite3_bind_text(b->rows[FIRST], 1, plate, -1, SQLITE_STATIC);
    int64_t id = all_rows(b, b->rows[FIRST], 1);
    for (int i = FIRST + 1; i <= LISTED; i++) {
        sqlite3_bind_int64(b->rows[i], 1, id);
        if (i == LISTED)
            listed(b);
        else
            all_rows(b, b->rows[i], -1);
    }
    for (int i = 0; i < BIG; i++) once(b->commit[i]);
}

static void (*const ways[KINDS])(struct bench *, const char *) = {by_greenlane, by_point, by_rows};

static int compare(const void *x, const void *y) {
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

/* A batch for each way, another one first each time. ns[k] gets a time per look-up. */
static void batch(struct bench *b, int64_t at, int64_t *ns[KINDS]) {
    char plates[BATCH][GL_PLATE];
    for (int t = 0; t < KINDS; t++) {
        int k = (int)((at / BATCH + t) % KINDS);
        for (int i = 0; i < BATCH; i++) bench_plate((int64_t)(next_random(&b->random) % (uint64_t)b->movements), plates[i]);
        for (int i = 0; i < BATCH; i++) {
            int64_t begun = bench_ns();
            ways[k](b, plates[i]);
            ns[k][at + i] = bench_ns() - begun;
        }
    }
}

int main(int argc, char **argv) {
    struct bench b = {.random = 88172645463325252u};
    struct gl_error err;
    int64_t *ns[KINDS];
    if (argc != 4) bench_die("usage: bench-lookup DIR MOVEMENTS COUNT");
    b.movements = bench_int(argv[2], "MOVEMENTS");
    int64_t count = bench_int(argv[3], "COUNT") / BATCH * BATCH;
    if (b.movements == 0 || count == 0) bench_die("bench-lookup: nothing to do");
    if (gl_cache_open(argv[1], &b.cache, &err) < 0) bench_die("bench-lookup: %s", err.text);
    b.answer = calloc(1, sizeof *b.answer);
    b.point = prepare(&b, GL_COLLECTION_MOVEMENTS, point_sql);
    for (int i = 0; i < BIG; i++) {
        b.begin[i] = prepare(&b, (enum gl_collection)(GL_COLLECTION_MOVEMENTS + i), "BEGIN");
        b.commit[i] = prepare(&b, (enum gl_collection)(GL_COLLECTION_MOVEMENTS + i), "COMMIT");
    }
    for (int i = 0; i < ROWS; i++) b.rows[i] = prepare(&b, rows_sql[i].which, rows_sql[i].text);
    for (int k = 0; k < KINDS; k++)
        if (!(ns[k] = calloc((size_t)count, sizeof *ns[k])) || !b.answer) bench_die("bench-lookup: out of memory");
    for (int64_t i = 0; i < count; i += BATCH) batch(&b, i, ns);
    printf("{");
    for (int k = 0; k < KINDS; k++) {
        qsort(ns[k], (size_t)count, sizeof *ns[k], compare);
        printf("%s\"%s\": {\"p50_us\": %.2f, \"p99_us\": %.2f}", k ? ", " : "", kind_names[k], (double)ns[k][count / 2] / 1e3,
               (double)ns[k][count * 99 / 100] / 1e3);
        free(ns[k]);
    }
    printf(", \"count\": %lld, \"read\": %lld}\n", (long long)count, (long long)b.sink);
    sqlite3_finalize(b.point);
    for (int i = 0; i < BIG; i++) {
        sqlite3_finalize(b.begin[i]);
        sqlite3_finalize(b.commit[i]);
    }
    for (int i = 0; i < ROWS; i++) sqlite3_finalize(b.rows[i]);
    gl_cache_close(b.cache);
    free(b.answer);
    return 0;
}
