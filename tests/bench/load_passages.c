/* Vehicles through one lane, one by one, while other lanes keep a steady load.
 *
 *     arrive (entry loop, plate) ─ 20..60 ms ─► evidence (the code: the clock starts) ─► light, decision ─ 10..30 ms ─► leave ─ 20..60 ms ─► ...
 *
 * The pauses are random, so that no vehicle is in step with the gateway's own timers or with the load. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define MS INT64_C(1000000)
enum { ALIVE_MS = 1000, OPEN_S = 60, GIVE_UP_S = 60, WARM_MS = 300 };
enum phase { ARRIVE, EVIDENCE, WAIT, LEAVE };

struct sample {
    int64_t lit_ns, light_ns, mqtt_ns; /* when lit; how long after the evidence the light and the broker's message came */
};

struct run {
    const struct load_options *o;
    struct witness *witness;
    struct lane measured, lanes[BENCH_LANES];
    int next_lane;
    int64_t next_movement, next_reading_ns, alive_ns;
    uint64_t random;
    enum phase phase;
    int64_t due_ns, begun_ns; /* of the phase; of the evidence */
    int64_t seen_ns;          /* the decision at the broker; 0 = not yet */
    int64_t first_lit_ns;     /* of any vehicle, also before it is counted */
    int64_t warm_left, done, lost, readings, passages, held;
    int line; /* the real code reader's connection; -1 = none */
    struct sample *samples;
};

static int64_t after_pause(struct run *r, int64_t least_ms, int64_t most_ms) {
    r->random = r->random * 6364136223846793005u + 1442695040888963407u;
    return bench_ns() + least_ms * MS + (int64_t)((r->random >> 33) % (uint64_t)((most_ms - least_ms) * MS));
}

/* The gateway connects to its code reader. */
static int be_a_reader(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, 1) < 0)
        bench_die("bench-load: port %d: %s", port, strerror(errno));
    struct pollfd p = {.fd = listener, .events = POLLIN};
    if (poll(&p, 1, OPEN_S * 1000) <= 0) bench_die("bench-load: nobody connects to the code reader on port %d", port);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    close(listener);
    return fd;
}

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

/* ---- the load -------------------------------------------------------------------------------------------------------------------------- */

/* The next background lane that can go on; a vehicle does not leave before its light is green. */
static struct lane *able_lane(struct run *r) {
    for (int i = 0; i < r->o->background; i++) {
        struct lane *l = &r->lanes[r->next_lane];
        r->next_lane = (r->next_lane + 1) % r->o->background;
        lane_look(l);
        if (l->step != STEP_EXIT_ON || l->lit || !l->known) return l;
    }
    return NULL;
}

static void background(struct run *r) {
    int64_t now = bench_ns(), every = r->o->rate ? 1000 * MS / r->o->rate : INT64_MAX;
    while (r->o->background && r->o->rate && r->next_reading_ns <= now) {
        struct lane *l = able_lane(r);
        r->next_reading_ns += every;
        if (!l) {
            r->held++;
            continue;
        }
        if (l->step == STEP_ENTRY_ON) {
            l->movement = load_movement(r->o, r->next_movement++);
            lane_dark(l);
        }
        do_step(r, l, (enum lane_step)l->step);
        l->known = l->known || l->step == STEP_EXIT_OFF;
        l->step = (l->step + 1) % STEPS;
    }
}

static void keep_alive(struct run *r) {
    if (bench_ns() - r->alive_ns < ALIVE_MS * MS) return;
    r->alive_ns = bench_ns();
    lane_alive(&r->measured);
    for (int i = 0; i < r->o->background; i++) lane_alive(&r->lanes[i]);
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
    r->due_ns = after_pause(r, 20, 60);
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
    r->due_ns = after_pause(r, 20, 60);
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
    r->due_ns = after_pause(r, 10, 30);
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
    int64_t next = r->due_ns < r->next_reading_ns ? r->due_ns : r->next_reading_ns, left = next - bench_ns();
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
    char name[GL_ID];
    lane_open(&r->measured, r->o->socket, r->o->lane, r->o->line == 0, OPEN_S);
    for (int i = 0; i < r->o->background; i++) {
        load_background_name(i, name);
        lane_open(&r->lanes[i], r->o->socket, name, true, OPEN_S);
    }
    r->line = r->o->line ? be_a_reader(r->o->line) : -1;
}

/* No vehicle is left standing. */
static void clear_lanes(struct run *r) {
    for (int i = 0; i < r->o->background; i++)
        for (struct lane *l = &r->lanes[i]; l->step != STEP_ENTRY_ON; l->step = (l->step + 1) % STEPS)
            do_step(r, l, (enum lane_step)l->step);
    if (r->phase != ARRIVE) leave(r);
    poll(NULL, 0, 200);
    for (int i = 0; i < r->o->background; i++) lane_close(&r->lanes[i]);
    lane_close(&r->measured);
}

void load_passages(const struct load_options *o) {
    struct run r = {.o = o, .next_movement = o->first, .random = (uint64_t)bench_ns(), .warm_left = o->warm};
    r.samples = calloc((size_t)o->passages + 1, sizeof *r.samples);
    if (!r.samples || !o->lane || o->passages == 0) bench_die("bench-load: --lane and --passages are needed");
    r.witness = witness_open(o->broker, o->filter);
    open_lanes(&r);
    r.alive_ns = r.next_reading_ns = r.due_ns = bench_ns();
    int64_t give_up = bench_ns() + (GIVE_UP_S * 1000 + (o->passages + o->warm) * 500) * MS;
    while (r.done + r.lost < o->passages) {
        keep_alive(&r);
        background(&r);
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
           (long long)r.first_lit_ns, (long long)r.lost, (long long)r.readings, (long long)r.passages, (long long)r.held,
           (long long)r.next_movement);
    witness_close(r.witness);
    free(r.samples);
}
