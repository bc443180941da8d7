/* Readings as fast as they are taken, until all of them have come back from the broker: recorded, committed, published, acknowledged.
 *
 *     codes      each lane has a vehicle that is decided; one more code for it is a look-up, a run of the rules and a record
 *     passages   whole passages of six readings; in each lane the next vehicle comes when the one before was released and has left */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "load.h"

#define MS INT64_C(1000000)
enum { OPEN_S = 60, STALL_S = 30, ALIVE_EVERY = 4096, SETTLE_MS = 300 };

struct sustain {
    const struct load_options *o;
    struct witness *witness;
    struct lane lanes[BENCH_LANES];
    int64_t sent, next_movement;
};

static void do_steps(struct sustain *s, struct lane *l, enum lane_step from, enum lane_step to) {
    for (enum lane_step step = from; step <= to; step++) {
        lane_do(l, step);
        s->sent++;
    }
}

static void come(struct sustain *s, struct lane *l) {
    lane_look(l);
    lane_dark(l);
    l->movement = load_movement(s->o, s->next_movement++);
    do_steps(s, l, STEP_ENTRY_ON, STEP_CODE);
}

static void wait_lit(struct lane *l) {
    struct pollfd p = {.fd = l->gpio, .events = POLLIN};
    int64_t end = bench_ns() + STALL_S * 1000 * MS;
    while (!lane_look(l) && !l->lit) {
        if (bench_ns() > end) bench_die("bench-load: lane %s was not released", l->id);
        poll(&p, 1, 1000);
    }
}

/* Everything that was sent, seen at the broker. Returns when the last of it came. */
static int64_t wait_all(struct sustain *s) {
    int64_t count = -1, since = bench_ns();
    while (witness_count(s->witness) < s->sent) {
        if (witness_count(s->witness) != count) since = bench_ns();
        count = witness_count(s->witness);
        if (bench_ns() - since > STALL_S * 1000 * MS)
            bench_die("bench-load: %lld of %lld readings came back", (long long)count, (long long)s->sent);
        poll(NULL, 0, 5);
    }
    return witness_last_ns(s->witness);
}

static void send_codes(struct sustain *s) {
    for (int64_t i = 0; i < s->o->count; i++) {
        struct lane *l = &s->lanes[i % s->o->background];
        lane_do(l, STEP_CODE);
        s->sent++;
        if (i % ALIVE_EVERY) continue;
        for (int k = 0; k < s->o->background; k++) {
            lane_look(&s->lanes[k]);
            lane_alive(&s->lanes[k]);
        }
    }
}

/* One vehicle per lane is on its way all the time; whoever is released leaves, and the next one comes. */
static void send_passages(struct sustain *s, int64_t until) {
    struct pollfd p[BENCH_LANES];
    int64_t alive = bench_ns(), end = alive + STALL_S * 1000 * MS;
    for (int i = 0; i < s->o->background; i++) p[i] = (struct pollfd){.fd = s->lanes[i].gpio, .events = POLLIN};
    while (s->sent < until) {
        poll(p, (nfds_t)s->o->background, 1000);
        for (int i = 0; i < s->o->background; i++) {
            struct lane *l = &s->lanes[i];
            if (p[i].revents == 0) continue;
            bool lit = lane_look(l);
            if (lit) do_steps(s, l, STEP_ENTRY_OFF, STEP_EXIT_OFF);
            if (!lit && l->lit && l->stopped) come(s, l);
            if (lit) end = bench_ns() + STALL_S * 1000 * MS;
        }
        if (bench_ns() > end) bench_die("bench-load: no lane was released any more");
        if (bench_ns() - alive < 1000 * MS) continue;
        alive = bench_ns();
        for (int i = 0; i < s->o->background; i++) lane_alive(&s->lanes[i]);
    }
}

static void leave_all(struct sustain *s) {
    poll(NULL, 0, SETTLE_MS);
    for (int i = 0; i < s->o->background; i++) do_steps(s, &s->lanes[i], STEP_ENTRY_OFF, STEP_EXIT_OFF);
    poll(NULL, 0, SETTLE_MS);
}

void load_sustain(const struct load_options *o) {
    struct sustain s = {.o = o, .next_movement = o->first};
    char name[GL_ID];
    if (!o->broker || !o->background) bench_die("bench-load: --broker and --background are needed");
    s.witness = witness_open(o->broker, o->filter);
    for (int i = 0; i < o->background; i++) {
        load_background_name(i, name);
        lane_open(&s.lanes[i], o->socket, name, LANE_ALL, OPEN_S);
    }
    poll(NULL, 0, SETTLE_MS);
    for (int round = 0; round < 2; round++) { /* the first vehicle after the devices came back may be inspected, whatever it is */
        for (int i = 0; i < o->background; i++) come(&s, &s.lanes[i]);
        if (round == 0) leave_all(&s);
    }
    bool codes = strcmp(o->mix, "codes") == 0;
    if (codes) {
        for (int i = 0; i < o->background; i++) wait_lit(&s.lanes[i]);
        wait_all(&s);
    }
    int64_t before = s.sent, begun = bench_ns();
    if (codes)
        send_codes(&s);
    else
        send_passages(&s, before + o->count);
    int64_t sent = bench_ns(), ended = wait_all(&s);
    printf("{\"readings\": %lld, \"seconds\": %.6f, \"sent_seconds\": %.6f, \"next\": %lld}\n", (long long)(s.sent - before),
           (double)(ended - begun) / 1e9, (double)(sent - begun) / 1e9, (long long)s.next_movement);
    for (int i = 0; i < o->background; i++) {
        if (!codes) wait_lit(&s.lanes[i]);
        do_steps(&s, &s.lanes[i], STEP_ENTRY_OFF, STEP_EXIT_OFF);
    }
    wait_all(&s);
    for (int i = 0; i < o->background; i++) lane_close(&s.lanes[i]);
    witness_close(s.witness);
}
