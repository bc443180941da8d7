/* Vehicles through one lane, one by one; each is released, and while it stands before its green light the feed says that its movement is to be
 * inspected. Other lanes keep a steady load.
 *
 *     arrive (entry loop, plate) ─ 20..60 ms ─► evidence (code) ─► green ─ 20..60 ms ─► change (published: the clock starts) ─► no longer green
 *     ─ 10..30 ms ─► leave; the movement is put right again ─ 60..120 ms ─► ... */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "producer.h"

#define MS INT64_C(1000000)
enum { ALIVE_MS = 1000, OPEN_S = 60, GIVE_UP_S = 60, LAST_MS = 300 };
enum phase { ARRIVE, EVIDENCE, WAIT_GREEN, CHANGE, WAIT_RED, LEAVE };

struct run {
    const struct load_options *o;
    struct producer *producer;
    struct lane lane;
    struct background background;
    int64_t next_movement, alive_ns, due_ns, begun_ns;
    uint64_t random;
    enum phase phase;
    bool changed; /* the feed was told of this vehicle */
    int64_t warm_left, done, lost;
    int64_t *took_ns;
};

static void go_on(struct run *r, enum phase next, int64_t least_ms, int64_t most_ms) {
    r->phase = next;
    r->due_ns = load_pause(&r->random, least_ms, most_ms);
}

static void wait_for(struct run *r, enum phase next) {
    r->phase = next;
    r->due_ns = bench_ns() + r->o->timeout_ms * MS;
}

static void arrive(struct run *r) {
    lane_look(&r->lane);
    lane_dark(&r->lane);
    r->changed = false;
    r->lane.movement = load_movement(r->o, r->next_movement++);
    lane_do(&r->lane, STEP_ENTRY_ON);
    lane_do(&r->lane, STEP_PLATE);
    go_on(r, EVIDENCE, 20, 60);
}

static void change(struct run *r) {
    r->begun_ns = producer_say(r->producer, r->lane.movement, GL_CHANNEL_PHYSICAL);
    r->changed = true;
    wait_for(r, WAIT_RED);
}

static void leave(struct run *r) {
    lane_do(&r->lane, STEP_ENTRY_OFF);
    lane_do(&r->lane, STEP_EXIT_ON);
    lane_do(&r->lane, STEP_EXIT_OFF);
    if (r->changed) producer_say(r->producer, r->lane.movement, GL_CHANNEL_RELEASE);
    go_on(r, ARRIVE, 60, 120);
}

static void look(struct run *r) {
    lane_look(&r->lane);
    if (r->phase == WAIT_GREEN && r->lane.lit && !r->lane.stopped) go_on(r, CHANGE, 20, 60);
    if (r->phase != WAIT_RED || !r->lane.stopped) return;
    if (r->warm_left > 0)
        r->warm_left--;
    else
        r->took_ns[r->done++] = r->lane.stopped_ns - r->begun_ns;
    go_on(r, LEAVE, 10, 30);
}

/* Not released, or released and not taken back: neither is measured. */
static void lose(struct run *r) {
    if (r->warm_left > 0)
        r->warm_left--;
    else
        r->lost++;
    leave(r);
}

static void due(struct run *r) {
    if (bench_ns() < r->due_ns) return;
    switch (r->phase) {
        case ARRIVE: arrive(r); break;
        case EVIDENCE:
            lane_do(&r->lane, STEP_CODE);
            wait_for(r, WAIT_GREEN);
            break;
        case CHANGE: change(r); break;
        case LEAVE: leave(r); break;
        case WAIT_GREEN:
        case WAIT_RED: lose(r); break;
    }
}

static void keep_alive(struct run *r) {
    if (bench_ns() - r->alive_ns < ALIVE_MS * MS) return;
    r->alive_ns = bench_ns();
    lane_alive(&r->lane);
}

static void sleep_until_due(struct run *r) {
    int64_t next = r->due_ns < r->background.due_ns ? r->due_ns : r->background.due_ns, left = next - bench_ns();
    struct pollfd p = {.fd = r->lane.gpio, .events = POLLIN};
    if (left <= 0) left = 0;
    struct timespec t = {left / (1000 * MS), left % (1000 * MS)};
    ppoll(&p, 1, &t, NULL);
}

static void print(const struct run *r) {
    printf("{\"took_ns\": [");
    for (int64_t i = 0; i < r->done; i++) printf("%s%lld", i ? ", " : "", (long long)r->took_ns[i]);
    printf("], \"lost\": %lld, \"seq\": %lld, \"held\": %lld, \"next\": %lld}\n", (long long)r->lost,
           (long long)producer_seq(r->producer), (long long)r->background.held, (long long)r->next_movement);
}

void load_changes(const struct load_options *o) {
    struct run r = {.o = o, .next_movement = o->first, .random = (uint64_t)bench_ns(), .warm_left = o->warm};
    if (!o->lane || !o->broker || o->passages == 0) bench_die("bench-load: --lane, --broker and --passages are needed");
    r.took_ns = calloc((size_t)o->passages + 1, sizeof *r.took_ns);
    if (!r.took_ns) bench_die("bench-load: out of memory");
    r.producer = producer_open(o->broker, o->seq);
    lane_open(&r.lane, o->socket, o->lane, LANE_ALL, OPEN_S);
    background_open(&r.background, o, &r.next_movement);
    background_start(&r.background);
    r.alive_ns = r.due_ns = bench_ns();
    int64_t give_up = bench_ns() + (GIVE_UP_S * 1000 + (o->passages + o->warm) * 1000) * MS;
    while (r.done + r.lost < o->passages || r.phase != ARRIVE) {
        keep_alive(&r);
        background_turn(&r.background);
        look(&r);
        due(&r);
        sleep_until_due(&r);
        if (bench_ns() > give_up)
            bench_die("bench-load: only %lld of %lld changes were seen", (long long)r.done, (long long)o->passages);
    }
    background_clear(&r.background);
    poll(NULL, 0, LAST_MS);
    background_close(&r.background);
    lane_close(&r.lane);
    print(&r);
    producer_close(r.producer);
    free(r.took_ns);
}
