/* Random schedules of a feed: loss, repetition, disorder, refusals, re-keys, snapshots at any time, new epochs, lies about numbers, restarts, a loader that dies.
 *
 * At every moment: `live` is said only of what is true as of then. At the end, when nothing is lost any more and the producer answers: all that is true,
 * and nothing else. GREENLANE_RUNS: how many schedules; GREENLANE_SEED: the first. */
#include "feed_world.h"

#include "sandbox/sandbox.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUNS = GL_SANITIZED ? 2500 : 10000, STEPS = 60, DISK_EVERY = 100, CALM_MOST = 3000 };

static struct gl_config config;

static void look(struct world *w) {
    const struct gl_feed_seq *s = books(w);
    struct message now = blank(w, A_HEARTBEAT, 0);
    if (state_of(w) != GL_FEED_LIVE && state_of(w) != GL_FEED_AGED) return;
    if (strcmp(s->epoch, now.epoch) != 0) return; /* what was true of the epoch before, as of then */
    compare(w, s->applied, w->whole);
    for (int64_t n = s->applied + 1; n <= w->head && !w->lied; n++)
        if (w->log[n - 1].as_of < s->as_of)
            fail_msg("live as of a time at which number %lld was said, which is not known", (long long)n);
}

static void restart(struct world *w) {
    if (!w->folder[0]) return;
    gl_engine_close(w->e);
    loader_dies_quietly(w);
    start_engine(w);
}

/* Restored from a backup: it counts on from less than it had said. */
static void count_back(struct world *w) {
    struct message m = blank(w, A_HEARTBEAT, w->head > 3 ? w->head - 3 : 0);
    w->lied = true;
    send(w, &m);
}

static void act(struct world *w) {
    static const uint8_t ops[] = {GL_OP_UPSERT, GL_OP_UPSERT,  GL_OP_UPSERT,  GL_OP_CANCEL,
                                  GL_OP_EXPIRE, GL_OP_CONTROL, GL_OP_CONTROL, GL_OP_REKEY};
    uint32_t what = roll(w, 100);
    if (what < 35) {
        uint8_t op = ops[roll(w, GL_COUNT(ops))], ref = (uint8_t)roll(w, REFS);
        if (op != GL_OP_REKEY || w->at[w->head][ref].key < KEYS) produce(w, op, ref);
    } else if (what < 42)
        heartbeat(w);
    else if (what < 45)
        snapshot(w);
    else if (what < 46)
        new_epoch(w);
    else if (what < 47)
        count_back(w);
    else if (what < 48 && w->folder[0])
        loader_dies(w);
    else if (what < 49)
        restart(w);
    else if (what < 55)
        pass(w, 1 + roll(w, 9000));
    else if (w->n > 0)
        arrive(w, chance(w, w->disorder) ? (int)roll(w, w->n < 3 ? (uint32_t)w->n : 3) : 0);
    load_some(w, (int)roll(w, 4));
    if (chance(w, 70)) commit(w);
    look(w);
}

static bool settled(struct world *w) {
    const struct collection *c = &w->e->feed[GL_COLLECTION_MOVEMENTS];
    struct message now = blank(w, A_HEARTBEAT, 0);
    return w->n == 0 && w->n_handed == 0 && c->load.phase == LOAD_NONE && !c->held && state_of(w) == GL_FEED_LIVE &&
           strcmp(c->seq.epoch, now.epoch) == 0 && c->seq.applied == w->head && !c->ask.need[0];
}

/* What was refused is sent again, whole, under new numbers. */
static void correct(struct world *w) {
    for (uint8_t r = 0; r < REFS; r++)
        if (doubtful(w, r, w->head)) produce(w, GL_OP_UPSERT, r);
}

static int print_quarantined(void *user GL_UNUSED, const struct gl_quarantined *q) {
    print_message("quarantined: %s %lld %s: %s\n", q->epoch, (long long)q->seq, q->where, q->reason);
    return 0;
}

static void come_to_rest(struct world *w) {
    w->calm = w->answers = true;
    for (int i = 0; i < w->n; i++) w->way[i].refused = false;
    for (int i = 0; i < CALM_MOST && (i < 3 || !settled(w)); i++) {
        bool came = w->n > 0 || w->n_handed > 0;
        while (w->n > 0) arrive(w, 0);
        correct(w);
        load_some(w, HANDED);
        commit(w);
        if (came) look(w);
        pass(w, 2000);
        if (w->now.mono - w->beat_mono >= 30000) heartbeat(w);
    }
    if (settled(w)) {
        compare(w, w->head, true);
        return;
    }
    const struct collection *c = &w->e->feed[GL_COLLECTION_MOVEMENTS];
    struct gl_error err;
    if (gl_cache_quarantined(gl_engine_cache(w->e), 10, print_quarantined, NULL, &err) < 0) print_message("%s\n", err.text);
    fail_msg(
        "schedule %s not at rest: epoch %s (e%d) applied %lld sent %lld head %lld broken %d need '%s' tries %u phase %u way %d "
        "held %u",
        w->name, c->seq.epoch, w->epoch, (long long)c->seq.applied, (long long)c->seq.sent, (long long)w->head, c->seq.broken,
        c->ask.need, c->ask.tries, c->load.phase, w->n, c->n_held);
}

/* The same engine serves several schedules in memory: each begins a new epoch from nothing. */
static void begin_schedule(struct world *w, uint64_t seed) {
    w->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (int i = 0; i < 4; i++) (void)roll(w, 2);
    w->calm = w->answers = false;
    w->loss = roll(w, 3) * 6;
    w->disorder = roll(w, 3) * 40;
    w->n = 0;
    w->head = 0;
    w->epoch++;
    w->lied = false;
    w->whole = true;
    memset(w->at, 0, sizeof w->at);
    pass(w, 1000);
    heartbeat(w);
}

static void schedule(struct world *w, uint64_t seed) {
    begin_schedule(w, seed);
    for (int i = 0; i < STEPS; i++) act(w);
    come_to_rest(w);
}

static int64_t number(const char *name, int64_t otherwise) {
    int64_t v;
    const char *text = getenv(name);
    return text && gl_parse_int(text, 0, INT64_MAX, &v) == 0 ? v : otherwise;
}

static void run_some(const char *folder, int64_t from, int64_t to, int64_t step, int64_t renew) {
    struct world *w = calloc(1, sizeof *w);
    w->record = calloc(1, sizeof *w->record);
    for (int64_t i = from, k = 0; i < to; i += step, k++) {
        if (k % renew == 0) {
            if (w->e) gl_engine_close(w->e);
            w->folder = folder;
            w->config = &config;
            w->asides.dir = w->dir;
            gl_format(w->dir, sizeof w->dir, "%s/cache", folder);
            w->now = (struct gl_now){INT64_C(1795432617000) + i * 100000, 1000000};
            start_engine(w);
        }
        gl_format(w->name, sizeof w->name, "%lld", (long long)i);
        setenv("GREENLANE_AT", w->name, 1);
        schedule(w, (uint64_t)i);
    }
    gl_engine_close(w->e);
    loader_dies_quietly(w);
    free(w->record);
    free(w);
}

static void in_memory(void **state GL_UNUSED) {
    int64_t seed = number("GREENLANE_SEED", 1);
    run_some("", seed, seed + number("GREENLANE_RUNS", RUNS), 1, 50);
}

static int remove_one(const char *path, const struct stat *st GL_UNUSED, int type GL_UNUSED, struct FTW *at GL_UNUSED) {
    return remove(path);
}

static void on_disk(void **state GL_UNUSED) {
    char folder[] = "/tmp/feed-schedules-XXXXXX";
    int64_t seed = number("GREENLANE_SEED", 1);
    assert_non_null(mkdtemp(folder));
    run_some(folder, seed, seed + number("GREENLANE_RUNS", RUNS), DISK_EVERY, INT64_MAX);
    assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_memory), cmocka_unit_test(on_disk)};
    gl_clip(config.post, sizeof config.post, "north");
    config.feed.collections = 1u << GL_COLLECTION_MOVEMENTS;
    config.feed.live_ms = 120000;
    config.feed.soft_ms = 300000;
    config.feed.hard_ms = 1800000;
    config.feed.down_ms = 86400000;
    config.feed.replay_wait_ms = 5000;
    config.feed.snapshot_silence_ms = 120000;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
