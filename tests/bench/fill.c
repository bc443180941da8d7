/* bench-fill FILE N: a cache with N movements, each with one vehicle and one released declaration, written as the feed writes them.
 *
 * A file that has them already is only stamped anew: to the gateway the feed was heard just now. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "names.h"
#include "store/cache.h"

#define EPOCH "bench"
enum { AT_ONCE = 20000, DAY_MS = 86400000 };

static void check(int rc, const struct gl_error *err) {
    if (rc < 0) bench_die("bench-fill: %s", err->text);
}

static void make_movement(struct gl_feed_record *r, int64_t n, int64_t now) {
    struct gl_movement *m = &r->body.movement;
    *r = (struct gl_feed_record){
        .collection = GL_COLLECTION_MOVEMENTS, .op = GL_OP_UPSERT, .epoch = EPOCH, .seq = n + 1, .as_of = now};
    gl_fields_clear(&gl_movement_fields, m);
    gl_format(m->ref.type, sizeof m->ref.type, "gmr");
    bench_ref(n, m->ref.value);
    m->version = 1;
    m->kind = GL_MOVEMENT_GOODS;
    m->state = GL_MOVEMENT_READY;
    m->channel = GL_CHANNEL_RELEASE;
    m->direction = GL_DIRECTION_IN;
    m->valid_to = now + (int64_t)30 * DAY_MS;
    m->n_means = 1;
    m->means[0].role = GL_ROLE_VEHICLE;
    bench_plate(n, m->means[0].plate);
    m->n_declarations = 1;
    gl_format(m->declarations[0].type, sizeof m->declarations[0].type, "lrn");
    gl_format(m->declarations[0].value, sizeof m->declarations[0].value, "D%08lld", (long long)n);
}

static void make_declaration(struct gl_feed_record *r, int64_t n, int64_t now) {
    struct gl_declaration *d = &r->body.declaration;
    *r = (struct gl_feed_record){
        .collection = GL_COLLECTION_DECLARATIONS, .op = GL_OP_UPSERT, .epoch = EPOCH, .seq = n + 1, .as_of = now};
    gl_fields_clear(&gl_declaration_fields, d);
    gl_format(d->ref.type, sizeof d->ref.type, "lrn");
    gl_format(d->ref.value, sizeof d->ref.value, "D%08lld", (long long)n);
    d->version = 1;
    d->state = GL_DECLARATION_RELEASED;
    d->gross_kg = 18200000;
    d->n_goods = 1;
    gl_format(d->goods[0].hs, sizeof d->goods[0].hs, "392690");
    d->goods[0].gross_kg = 18200000;
}

/* The numbered stream's books as they stand when the feed has sent n records of each collection. */
static void stamp(struct gl_cache *c, int64_t n, struct gl_now now) {
    struct gl_error err;
    for (int k = GL_COLLECTION_MOVEMENTS; k <= GL_COLLECTION_DECLARATIONS; k++) {
        struct gl_feed_seq s = {.applied = n, .sent = n, .as_of = now.wall, .heard_wall = now.wall, .heard_mono = now.mono};
        gl_format(s.epoch, sizeof s.epoch, EPOCH);
        check(gl_cache_save_seq(c, (enum gl_collection)k, &s, &err), &err);
    }
    check(gl_cache_commit(c, &err), &err);
}

static void fill(struct gl_cache *c, int64_t n, struct gl_now now) {
    struct gl_feed_record *r = malloc(sizeof *r);
    struct gl_error err;
    enum gl_applied applied;
    if (!r) bench_die("bench-fill: out of memory");
    for (int64_t i = 0; i < n; i++) {
        if (i % AT_ONCE == 0) check(gl_cache_commit(c, &err), &err);
        if (i % AT_ONCE == 0) check(gl_cache_begin(c, &err), &err);
        make_declaration(r, i, now.wall);
        check(gl_cache_apply(c, r, now.wall, &applied, &err), &err);
        make_movement(r, i, now.wall);
        check(gl_cache_apply(c, r, now.wall, &applied, &err), &err);
    }
    check(gl_cache_commit(c, &err), &err);
    free(r);
}

int main(int argc, char **argv) {
    struct gl_cache *c;
    struct gl_error err;
    if (argc != 3) bench_die("usage: bench-fill FILE MOVEMENTS");
    int64_t n = bench_int(argv[2], "MOVEMENTS"), begun = bench_ns();
    struct gl_now now = gl_now_read();
    check(gl_cache_open(argv[1], &c, &err), &err);
    int64_t have = gl_cache_count(c, GL_COLLECTION_MOVEMENTS);
    if (have != 0 && have != n) bench_die("bench-fill: %s holds %lld movements; remove it", argv[1], (long long)have);
    bool made = have != n;
    if (made) fill(c, n, now);
    stamp(c, n, now);
    gl_cache_close(c);
    printf("{\"movements\": %lld, \"made\": %s, \"seconds\": %.3f}\n", (long long)n, made ? "true" : "false",
           (double)(bench_ns() - begun) / 1e9);
    return 0;
}
