/* bench-decode ROUNDS: how fast codecs take what a device sends, on one core, beside a pass over the same bytes that does the least.
 *
 *     codec   gl_protocol.bytes(), piece by piece as it would come, into a sink that only counts and looks whether all is right
 *     bare    finds every item and its numbers, and does nothing with them
 *     once    each byte is looked at once
 *
 * The three take turns, round by round; the first round is not counted. malloc() and its like are this program's own, and counted: what a codec
 * allocates while it decodes. Prints one JSON object; the figures are medians. */
#include "decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 101, WAYS = 3 };

static const struct decode_kind *const kinds[] = {&decode_llrp_1, &decode_llrp_50, &decode_tsa};
static const char *const way_names[WAYS] = {"codec", "bare", "once"};

/* ---- allocations ----------------------------------------------------------------------------------------------------------------------- */
static int64_t allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}
void *calloc(size_t n, size_t size) {
    allocations++;
    return __libc_calloc(n, size);
}
void *realloc(void *p, size_t size) {
    allocations++;
    return __libc_realloc(p, size);
}

/* ---- the sink -------------------------------------------------------------------------------------------------------------------------- */
struct bench {
    const struct decode_kind *kind;
    struct decode_input in;
    struct gl_buf sent; /* by the codec, last */
    void *state;
    int64_t readings, unsound, alive, notes;
    uint64_t read; /* so that what is read is read */
};

static void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att GL_UNUSED, size_t n_att GL_UNUSED) {
    struct bench *b = user;
    b->readings++;
    b->unsound += !b->kind->sound(r);
}
static void on_refused(void *user GL_UNUSED, const char *reason, const char *detail) {
    bench_die("bench-decode: refused: %s: %s", reason, detail ? detail : "");
}
static void on_alive(void *user) {
    ((struct bench *)user)->alive++;
}
static void on_note(void *user, const char *name GL_UNUSED, const char *detail GL_UNUSED) {
    ((struct bench *)user)->notes++;
}
static void on_fault(void *user GL_UNUSED, const char *reason, bool raised) {
    if (raised) bench_die("bench-decode: the device is unwell: %s", reason);
}
static int on_send(void *user, const void *bytes, size_t len) {
    struct bench *b = user;
    gl_buf_reset(&b->sent);
    gl_buf_add(&b->sent, bytes, len);
    return 0;
}

/* ---- one kind -------------------------------------------------------------------------------------------------------------------------- */
void decode_piece(struct decode_input *in, int64_t ms) {
    size_t at = in->n ? in->pieces[in->n - 1].at + in->pieces[in->n - 1].len : 0;
    if (in->n == in->cap) {
        in->cap = in->cap ? 2 * in->cap : 4096;
        in->pieces = realloc(in->pieces, in->cap * sizeof *in->pieces);
    }
    if (!in->pieces || in->bytes.failed) bench_die("bench-decode: out of memory");
    in->pieces[in->n++] = (struct decode_piece){at, in->bytes.len - at, ms};
}

static void open_codec(struct bench *b) {
    const struct gl_protocol *p = b->kind->protocol;
    struct gl_sink sink = {b, on_reading, on_refused, on_alive, on_note, on_fault, on_send};
    struct gl_settings none = {0};
    struct gl_now now = {DECODE_WALL, 0};
    struct gl_error err;
    b->sent = GL_BUF(65536);
    b->state = calloc(1, p->state_size);
    if (!b->state || p->open(b->state, &none, &sink, &err) < 0) bench_die("bench-decode: %s", err.text);
    p->begin(b->state, NULL, now);
    if (b->kind->ready) b->kind->ready(b->state, &b->sent, now);
}

static void by_codec(struct bench *b, int64_t round) {
    const struct decode_input *in = &b->in;
    int64_t later = round * in->span_ms, readings = b->readings + in->readings;
    for (size_t i = 0; i < in->n; i++) {
        const struct decode_piece *piece = &in->pieces[i];
        struct gl_now now = {DECODE_WALL + later + piece->ms, later + piece->ms};
        if (b->kind->protocol->bytes(b->state, (const uint8_t *)in->bytes.data + piece->at, piece->len, now) < 0)
            bench_die("bench-decode: %s: the codec gave up", b->kind->name);
    }
    if (b->readings != readings || b->unsound)
        bench_die("bench-decode: %s: %lld readings too few, %lld are not what was put in", b->kind->name,
                  (long long)(readings - b->readings), (long long)b->unsound);
}

static void by_bare(struct bench *b, int64_t round GL_UNUSED) {
    b->read += b->kind->bare((const uint8_t *)b->in.bytes.data, b->in.bytes.len);
}
static void once_through(struct bench *b, int64_t round GL_UNUSED) {
    b->read += b->kind->once_through((const uint8_t *)b->in.bytes.data, b->in.bytes.len);
}

static void (*const ways[WAYS])(struct bench *, int64_t) = {by_codec, by_bare, once_through};

static int compare(const void *x, const void *y) {
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

static void measure(const struct decode_kind *kind, int64_t rounds, bool first) {
    int64_t ns[WAYS][ROUNDS_MAX], allocated = 0;
    struct bench b = {.kind = kind, .in.bytes = GL_BUF(64 * 1024 * 1024)};
    kind->prepare(&b.in);
    open_codec(&b);
    for (int64_t round = 0; round <= rounds; round++)
        for (int w = 0; w < WAYS; w++) {
            int64_t before = allocations, begun = bench_ns();
            ways[w](&b, round);
            if (round > 0) ns[w][round - 1] = bench_ns() - begun;
            if (round > 0 && w == 0) allocated += allocations - before;
        }
    printf("%s\"%s\": {", first ? "" : ", ", kind->name);
    for (int w = 0; w < WAYS; w++) {
        qsort(ns[w], (size_t)rounds, sizeof ns[w][0], compare);
        printf("\"%s\": %.0f, ", way_names[w], (double)b.in.items * 1e9 / (double)ns[w][rounds / 2]);
    }
    printf("\"items\": %lld, \"bytes\": %zu, \"readings\": %lld, \"allocations\": %lld, \"notes\": %lld, \"read\": %llu}",
           (long long)(b.in.items * rounds), b.in.bytes.len, (long long)(b.in.readings * rounds), (long long)allocated,
           (long long)b.notes, (unsigned long long)b.read);
    kind->protocol->close(b.state);
    free(b.state);
    free(b.in.pieces);
    gl_buf_free(&b.in.bytes);
    gl_buf_free(&b.sent);
}

int main(int argc, char **argv) {
    if (argc != 2) bench_die("usage: bench-decode ROUNDS");
    int64_t rounds = bench_int(argv[1], "ROUNDS");
    if (rounds < 1 || rounds > ROUNDS_MAX) bench_die("bench-decode: 1 to %d rounds", ROUNDS_MAX);
    printf("{");
    for (size_t i = 0; i < GL_COUNT(kinds); i++) measure(kinds[i], rounds, i == 0);
    printf("}\n");
    return 0;
}
