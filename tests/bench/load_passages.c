/* Vehicles through one lane, one by one, while other lanes keep a steady load.
 *
 *     arrive (entry loop, plate) ─ 20..60 ms ─► evidence (the code: the clock starts) ─► light, decision ─ 10..30 ms ─► leave ─ 20..60 ms ─► ...
 *
 * The pauses are random, so that no vehicle is in step with the gateway's own timers or with the load. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "background.h"

#define MS INT64_C(1000000)
enum { ALIVE_MS = 1000, OPEN_S = 60, GIVE_UP_S = 60, WARM_MS = 300 };
enum phase { ARRIVE, EVIDENCE, WAIT, LEAVE };

struct sample {
    int64_t lit_ns, light_ns, mqtt_ns; /* when lit; how long after the evidence the light and the broker's message came */
};

struct run {
    const struct load_options *o;
    struct witness *witness;
    struct lane measured;
    struct background background;
    int64_t next_movement, alive_ns;
    uint64_t random;
    enum phase phase;
    int64_t due_ns, begun_ns; /* of the phase; of the evidence */
    int64_t seen_ns;          /* the decision at the broker; 0 = not yet */
    int64_t first_lit_ns;     /* of any vehicle, also before it is counted */
    int64_t warm_left, done, lost, readings, passages;
    int line; /* the real code reader's connection; -1 = none */
    struct sample *samples;
};

static void do_step(struct run *r, struct lane *l, enum lane_step step) {
    r->readings++;
    r->passages += step == STEP_EXIT_OFF;
    if (step != STEP_CODE || l->qr >= 0) {
        lane_do(l, step);
        return;
    }
    char ref[GL_REF], text[GL_REF + 2];
    bench_ref(l->movement, ref);
    gl_format(text, sizeof text, "%s\r", ref);
    if (send(r->line, text, strlen(text), MSG_NOSIGNAL) < 0) bench_die("bench-load: the code reader's connection is gone");
}

static void keep_alive(struct run *r) {
    if (bench_ns() - r->alive_ns < ALIVE_MS * MS) return;
    r->alive_ns = bench_ns();
    lane_alive(&r->measured);
}

/* ---- the measured lane ----------------------------------------------------------------------------------------------------------------- */

static void arrive(struct run *r) {
    struct lane *l = &r->measured;
    lane_look(l);
    lane_dark(l);
    l->movement = load_movement(r->o, r->next_movement++);
    do_step(r, l, STEP_ENTRY_ON);
    do_step(r, l, STEP_PLATE);
    r->phase = EVIDENCE;
    r->due_ns = load_pause(&r->random, 20, 60);
}

static void show_evidence(struct run *r) {
    r->seen_ns = 0;
    r->begun_ns = bench_ns();
    do_step(r, &r->measured, STEP_CODE);
    r->phase = WAIT;
    r->due_ns = r->begun_ns + (r->warm_left ? WARM_MS : r->o->timeout_ms) * MS;
}

static void leave(struct run *r) {
    do_step(r, &r->measured, STEP_ENTRY_OFF);
    do_step(r, &r->measured, STEP_EXIT_ON);
    do_step(r, &r->measured, STEP_EXIT_OFF);
    r->phase = ARRIVE;
    r->due_ns = load_pause(&r->random, 20, 60);
}

static void look(struct run *r) {
    struct witness_seen seen;
    while (witness_take(r->witness, &seen))
        if (seen.number == r->measured.movement && !r->seen_ns) r->seen_ns = seen.ns;
    if (lane_look(&r->measured) && !r->first_lit_ns) r->first_lit_ns = r->measured.lit_ns;
    if (r->phase != WAIT) return;
    if (!r->measured.lit || (r->o->broker && !r->seen_ns)) return;
    if (r->warm_left > 0)
        r->warm_left--;
    else
        r->samples[r->done++] = (struct sample){r->measured.lit_ns, r->measured.lit_ns - r->begun_ns, r->seen_ns - r->begun_ns};
    r->phase = LEAVE;
    r->due_ns = load_pause(&r->random, 10, 30);
}

static void due(struct run *r) {
    if (bench_ns() < r->due_ns) return;
    switch (r->phase) {
        case ARRIVE: arrive(r); break;
        case EVIDENCE: show_evidence(r); break;
        case LEAVE: leave(r); break;
        case WAIT: /* not released in time */
            if (r->warm_left == 0) r->lost++;
            leave(r);
            break;
    }
}

static void sleep_until_due(struct run *r) {
    int64_t next = r->due_ns < r->background.due_ns ? r->due_ns : r->background.due_ns, left = next - bench_ns();
    struct pollfd p[2] = {{.fd = r->measured.gpio, .events = POLLIN}, {.fd = witness_fd(r->witness), .events = POLLIN}};
    if (left <= 0) left = 0;
    struct timespec t = {left / (1000 * MS), left % (1000 * MS)};
    ppoll(p, 2, &t, NULL);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------- */

static void print_samples(const struct run *r, const char *name, size_t offset) {
    printf("\"%s\": [", name);
    for (int64_t i = 0; i < r->done; i++) {
        int64_t ns;
        memcpy(&ns, (const char *)&r->samples[i] + offset, sizeof ns);
        printf("%s%lld", i ? ", " : "", (long long)ns);
    }
    printf("], ");
}

static void open_lanes(struct run *r) {
    lane_open(&r->measured, r->o->socket, r->o->lane, r->o->line ? LANE_GPIO | LANE_FRONT : LANE_ALL, OPEN_S);
    background_open(&r->background, r->o, &r->next_movement);
    r->line = r->o->line ? load_be_server(r->o->line, "the code reader") : -1;
}

/* No vehicle is left standing. */
static void clear_lanes(struct run *r) {
    background_clear(&r->background);
    if (r->phase != ARRIVE) leave(r);
    poll(NULL, 0, 200);
    background_close(&r->background);
    lane_close(&r->measured);
}

void load_passages(const struct load_options *o) {
    struct run r = {.o = o, .next_movement = o->first, .random = (uint64_t)bench_ns(), .warm_left = o->warm};
    r.samples = calloc((size_t)o->passages + 1, sizeof *r.samples);
    if (!r.samples || !o->lane || o->passages == 0) bench_die("bench-load: --lane and --passages are needed");
    r.witness = witness_open(o->broker, o->filter);
    open_lanes(&r);
    background_start(&r.background);
    r.alive_ns = r.due_ns = bench_ns();
    int64_t give_up = bench_ns() + (GIVE_UP_S * 1000 + (o->passages + o->warm) * 500) * MS;
    while (r.done + r.lost < o->passages) {
        keep_alive(&r);
        background_turn(&r.background);
        look(&r);
        due(&r);
        sleep_until_due(&r);
        if (bench_ns() > give_up)
            bench_die("bench-load: only %lld of %lld passages were released", (long long)r.done, (long long)o->passages);
    }
    clear_lanes(&r);
    printf("{");
    print_samples(&r, "lit_ns", offsetof(struct sample, lit_ns));
    print_samples(&r, "light_ns", offsetof(struct sample, light_ns));
    print_samples(&r, "mqtt_ns", offsetof(struct sample, mqtt_ns));
    printf("\"first_lit_ns\": %lld, \"lost\": %lld, \"readings\": %lld, \"passages\": %lld, \"held\": %lld, \"next\": %lld}\n",
           (long long)r.first_lit_ns, (long long)r.lost, (long long)(r.readings + r.background.readings),
           (long long)(r.passages + r.background.passages), (long long)r.background.held, (long long)r.next_movement);
    witness_close(r.witness);
    free(r.samples);
}
