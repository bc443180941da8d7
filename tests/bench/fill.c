/* bench-fill DIR N: a cache with N movements, each with one vehicle and one released declaration, built as the loader builds a snapshot.
 *
 * One that has them already is only stamped anew: to the gateway the feed was heard just now. */
#include <stdio.h>
#include <stdlib.h>

#include "records.h"
#include "store/cache.h"

enum { AT_ONCE = 10000 };

static void check(int rc, const struct gl_error *err) {
    if (rc < 0) bench_die("bench-fill: %s", err->text);
}

/* The numbered stream's books as they stand when the feed has sent n records of a collection. */
static struct gl_feed_seq books(int64_t n, struct gl_now now) {
    struct gl_feed_seq s = {.applied = n, .sent = n, .as_of = now.wall, .heard_wall = now.wall, .heard_mono = now.mono};
    gl_format(s.epoch, sizeof s.epoch, BENCH_EPOCH);
    return s;
}

static void stamp(struct gl_cache *c, int64_t n, struct gl_now now) {
    struct gl_error err;
    struct gl_feed_seq s = books(n, now);
    for (int k = GL_COLLECTION_MOVEMENTS; k <= GL_COLLECTION_DECLARATIONS; k++)
        check(gl_cache_save_seq(c, (enum gl_collection)k, &s, &err), &err);
    check(gl_cache_commit(c, &err), &err);
}

static void build(const char *dir, struct gl_feed_record *r, int64_t n, int64_t now) {
    struct gl_cache *aside;
    struct gl_error err;
    enum gl_applied applied;
    check(gl_cache_aside(dir, (enum gl_collection)r->collection, &aside, &err), &err);
    for (int64_t i = 0; i < n; i++) {
        if (i % AT_ONCE == 0) check(gl_cache_commit(aside, &err), &err);
        if (i % AT_ONCE == 0) check(gl_cache_begin(aside, &err), &err);
        bench_renumber(r, i);
        r->seq = i + 1;
        check(gl_cache_apply(aside, r, now, &applied, &err), &err);
    }
    check(gl_cache_finish(aside, &err), &err);
    gl_cache_close(aside);
}

static void fill(const char *dir, struct gl_cache *c, int64_t n, struct gl_now now) {
    static void (*const make[])(struct gl_feed_record *, int64_t) = {bench_movement, bench_declaration};
    struct gl_feed_record *r = malloc(sizeof *r);
    struct gl_feed_seq s = books(n, now);
    struct gl_error err;
    if (!r) bench_die("bench-fill: out of memory");
    for (size_t i = 0; i < GL_COUNT(make); i++) {
        make[i](r, now.wall);
        build(dir, r, n, now.wall);
        check(gl_cache_switch(c, (enum gl_collection)r->collection, NULL, &s, &err), &err);
        gl_cache_sweep(dir, (enum gl_collection)r->collection);
    }
    free(r);
}

/* One that holds something else, or that an interrupted fill left half-made, is an error. */
static bool filled(struct gl_cache *c, const char *dir, int64_t n) {
    int64_t m = gl_cache_count(c, GL_COLLECTION_MOVEMENTS), d = gl_cache_count(c, GL_COLLECTION_DECLARATIONS);
    if ((m != 0 || d != 0) && (m != n || d != n))
        bench_die("bench-fill: %s holds %lld movements, %lld declarations; remove it", dir, (long long)m, (long long)d);
    return m == n;
}

int main(int argc, char **argv) {
    struct gl_cache *c;
    struct gl_error err;
    if (argc != 3) bench_die("usage: bench-fill DIR MOVEMENTS");
    int64_t n = bench_int(argv[2], "MOVEMENTS"), begun = bench_ns();
    struct gl_now now = gl_now_read();
    check(gl_cache_open(argv[1], &c, &err), &err);
    bool made = !filled(c, argv[1], n);
    if (made) fill(argv[1], c, n, now);
    stamp(c, n, now);
    gl_cache_close(c);
    printf("{\"movements\": %lld, \"made\": %s, \"seconds\": %.3f}\n", (long long)n, made ? "true" : "false",
           (double)(bench_ns() - begun) / 1e9);
    return 0;
}
