/* Vehicles through a lane with a radiation portal, one by one, each with a gamma alarm, while other lanes keep a steady load. This program is the
 * portal (a TCP server), the camera (at the device socket) and the chip with the lane's loops and lights.
 *
 *     arrive (entry loop, plate) ─ 20..60 ms ─► enter (NS, six GS) ─ 10..30 ms ─► alarm (GA: the clock starts) ─► the amber line
 *     ─ 5..15 ms ─► leave (GX, NB, GB, exit loop) ─ 30..50 ms ─► gone (loops) ─► the amber line is dark ─ 10..30 ms ─► ...
 *
 * A real occupancy takes ten seconds. What is measured begins with the line that says alarm, and does not know how long the ones before it took. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "chip.h"

#define MS INT64_C(1000000)
enum { ALIVE_MS = 1000, OPEN_S = 60, GIVE_UP_S = 60, SETTLE_MS = 500, LAST_MS = 200, DARK_S = 30 };
enum phase { ARRIVE, ENTER, ALARM, LIT, LEAVE, GONE, DARK };

#define NOBODY "NB,000000,000000,000000,000000\r\nGB,000400,000400,000400,000400\r\n"
#define QUIET "GS,000080,000080,000080,000080\r\n"

struct run {
    const struct load_options *o;
    struct chip chip;
    struct lane lane; /* its camera alone */
    struct background background;
    int portal;
    int64_t next_movement, alive_ns, due_ns, begun_ns;
    uint64_t random;
    enum phase phase;
    int64_t warm_left, done, lost, early, counter;
    int64_t *light_ns;
};

static void portal_says(const struct run *r, const char *text) {
    size_t len = strlen(text);
    if (send(r->portal, text, len, MSG_NOSIGNAL) != (ssize_t)len) bench_die("bench-load: the portal's connection is gone");
}

static void go_on(struct run *r, enum phase next, int64_t least_ms, int64_t most_ms) {
    r->phase = next;
    r->due_ns = load_pause(&r->random, least_ms, most_ms);
}

static void arrive(struct run *r) {
    r->lane.movement = load_movement(r->o, r->next_movement++);
    chip_drive(&r->chip, LINE_ENTRY, true);
    lane_do(&r->lane, STEP_PLATE);
    go_on(r, ENTER, 20, 60);
}

static void enter(struct run *r) {
    portal_says(r, "NS,000001,000000,000001,000000\r\n" QUIET QUIET QUIET QUIET QUIET QUIET);
    go_on(r, ALARM, 10, 30);
}

/* The light must not show already what the alarm is to make it show. */
static void alarm_now(struct run *r) {
    if (r->chip.lines[LINE_AMBER].level && r->warm_left == 0) r->early++;
    r->begun_ns = bench_ns();
    portal_says(r, "GA,000300,000300,000080,000080\r\n");
    r->phase = LIT;
    r->due_ns = r->begun_ns + r->o->timeout_ms * MS;
}

static void leave(struct run *r) {
    char end[64];
    gl_format(end, sizeof end, "GX,%06lld,002000,000000,000000\r\n", (long long)++r->counter);
    portal_says(r, end);
    portal_says(r, NOBODY);
    chip_drive(&r->chip, LINE_ENTRY, false);
    chip_drive(&r->chip, LINE_EXIT, true);
    go_on(r, GONE, 30, 50); /* the lines are looked at every few milliseconds: a loop that is crossed faster was not crossed */
}

static void be_gone(struct run *r) {
    chip_drive(&r->chip, LINE_EXIT, false);
    r->phase = DARK;
    r->due_ns = bench_ns() + DARK_S * 1000 * MS;
}

static void look(struct run *r) {
    chip_look(&r->chip);
    bool lit = r->chip.lines[LINE_AMBER].level;
    if (r->phase == LIT && lit) {
        int64_t took = r->chip.lines[LINE_AMBER].changed_ns - r->begun_ns;
        if (r->warm_left > 0)
            r->warm_left--;
        else if (took > 0)
            r->light_ns[r->done++] = took;
        else
            r->lost++;
        go_on(r, LEAVE, 5, 15);
    } else if (r->phase == DARK && !lit) {
        go_on(r, ARRIVE, 10, 30);
    }
}

static void due(struct run *r) {
    if (bench_ns() < r->due_ns) return;
    switch (r->phase) {
        case ARRIVE: arrive(r); break;
        case ENTER: enter(r); break;
        case ALARM: alarm_now(r); break;
        case LEAVE: leave(r); break;
        case GONE: be_gone(r); break;
        case LIT: /* not in time */
            if (r->warm_left == 0) r->lost++;
            leave(r);
            break;
        case DARK: bench_die("bench-load: the light of a vehicle that has left was not put out");
    }
}

static void keep_alive(struct run *r) {
    if (bench_ns() - r->alive_ns < ALIVE_MS * MS) return;
    r->alive_ns = bench_ns();
    lane_alive(&r->lane);
}

static void sleep_until_due(struct run *r) {
    int64_t next = r->due_ns < r->background.due_ns ? r->due_ns : r->background.due_ns, left = next - bench_ns();
    struct pollfd p = {.fd = r->chip.client, .events = POLLIN};
    if (left <= 0) left = 0;
    struct timespec t = {left / (1000 * MS), left % (1000 * MS)};
    ppoll(&p, 1, &t, NULL);
}

/* The chip last: its client does not wait long for answers. Then every device is given time to be known as well. */
static void open_all(struct run *r) {
    struct timespec moment = {.tv_nsec = 10 * MS};
    lane_open(&r->lane, r->o->socket, r->o->lane, LANE_FRONT, OPEN_S);
    background_open(&r->background, r->o, &r->next_movement);
    r->portal = load_be_server(r->o->portal, "the portal");
    portal_says(r, NOBODY);
    chip_open(&r->chip, r->o->chip, LINE_AMBER);
    for (int64_t end = bench_ns() + SETTLE_MS * MS; bench_ns() < end; nanosleep(&moment, NULL)) chip_look(&r->chip);
}

static void close_all(struct run *r) {
    background_clear(&r->background);
    poll(NULL, 0, LAST_MS);
    background_close(&r->background);
    lane_close(&r->lane);
    close(r->portal);
    chip_close(&r->chip);
}

static void print(const struct run *r) {
    printf("{\"light_ns\": [");
    for (int64_t i = 0; i < r->done; i++) printf("%s%lld", i ? ", " : "", (long long)r->light_ns[i]);
    printf("], \"lost\": %lld, \"early\": %lld, \"readings\": %lld, \"held\": %lld, \"next\": %lld}\n", (long long)r->lost,
           (long long)r->early, (long long)r->background.readings, (long long)r->background.held, (long long)r->next_movement);
}

void load_alarms(const struct load_options *o) {
    struct run r = {.o = o, .next_movement = o->first, .random = (uint64_t)bench_ns(), .warm_left = o->warm};
    if (!o->lane || !o->chip || !o->portal || o->passages == 0)
        bench_die("bench-load: --lane, --chip, --portal and --passages are needed");
    r.light_ns = calloc((size_t)o->passages + 1, sizeof *r.light_ns);
    if (!r.light_ns) bench_die("bench-load: out of memory");
    open_all(&r);
    background_start(&r.background);
    r.alive_ns = r.due_ns = bench_ns();
    int64_t give_up = bench_ns() + (GIVE_UP_S * 1000 + (o->passages + o->warm) * 500) * MS;
    while (r.done + r.lost < o->passages || r.phase != ARRIVE) {
        keep_alive(&r);
        background_turn(&r.background);
        look(&r);
        due(&r);
        sleep_until_due(&r);
        if (bench_ns() > give_up)
            bench_die("bench-load: only %lld of %lld alarms were shown", (long long)r.done, (long long)o->passages);
    }
    close_all(&r);
    print(&r);
    free(r.light_ns);
}
