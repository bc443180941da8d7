/* Trucks that are really there, in one lane, one behind the other, and sensors that are not perfect: not read, misread as nothing, read early, late or
 * twice, a loop that chatters or is told again, a gateway that restarts, red lights run. Whoever drives off on a green that no officer gave must
 * be the truck whose movement gave it. GREENLANE_SEED and GREENLANE_RUNS choose other days. */
#include "core_bench.h"

enum { TURNS = 300, RUNS = 120, QUEUE = 4, OPEN = 6 };

struct truck {
    char plate[16], movement[24]; /* movement "" = not announced */
    bool wanted;
};

struct day {
    uint64_t seed, random;
    struct bench *b;
    int n, n_open;
    uint32_t born, good, officers;
    struct truck queue[QUEUE];    /* [0] stands at the line */
    struct gl_passage open[OPEN]; /* as the journal has them */
};

static uint32_t dice(struct day *d, uint32_t sides) {
    d->random ^= d->random << 13;
    d->random ^= d->random >> 7;
    d->random ^= d->random << 17;
    return (uint32_t)(d->random >> 32) % sides;
}
static bool rare(struct day *d, uint32_t one_in) {
    return dice(d, one_in) == 0;
}
static void wait_a_bit(struct day *d, uint32_t from, uint32_t to) {
    later(d->b, from + dice(d, to - from + 1));
}

static void journal(struct bench *b, const struct gl_event *ev, const struct gl_effect *fx) {
    (void)ev;
    struct day *d = b->user;
    if (fx->type != GL_EFFECT_PASSAGE) return;
    int at = 0;
    while (at < d->n_open && strcmp(d->open[at].passage, fx->passage->passage) != 0) at++;
    if (fx->passage->state != GL_PASSAGE_CLOSED) {
        assert_true(at < OPEN);
        d->open[at] = *fx->passage;
        if (at == d->n_open) d->n_open++;
    } else if (at < d->n_open) {
        memmove(&d->open[at], &d->open[at + 1], (size_t)(--d->n_open - at) * sizeof d->open[0]);
    }
}

static struct truck new_truck(struct day *d) {
    struct truck t = {.movement = ""};
    gl_format(t.plate, sizeof t.plate, "T%05uX", ++d->born);
    if (d->b->n_movements == 20 && d->n == 0) d->b->n_movements = d->b->n_declarations = d->b->n_uses = 0;
    if (dice(d, 10) < 7 && d->b->n_movements < 20) {
        gl_format(t.movement, sizeof t.movement, "GMRT%08u", d->born);
        lodge(d->b, t.movement, t.plate, NULL);
        lodged_changed(d->b);
    }
    return t;
}

/* How the camera sees this truck. */
enum sight { WELL, TWICE, EARLY, LATE, UNREADABLE, NOT };

static void arrive(struct day *d) {
    struct bench *b = d->b;
    struct truck t = new_truck(d);
    enum sight how = dice(d, 4) ? WELL : (enum sight)dice(d, NOT + 1);
    if (how == EARLY) {
        wait_a_bit(d, 2500, 6 * SECOND);
        plate(b, "in-1", t.plate);
        wait_a_bit(d, 500, 4 * SECOND);
    }
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    if (rare(d, 20)) loop(b, "in-1", GL_ZONE_ENTRY, true);
    wait_a_bit(d, 100, 900);
    if (how == WELL || how == TWICE) plate(b, "in-1", t.plate);
    if (how == UNREADABLE) plate(b, "in-1", "");
    wait_a_bit(d, 500, 3 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    d->queue[d->n++] = t;
    if (how == LATE) wait_a_bit(d, 10, 900);
    if (how == LATE || how == TWICE) plate(b, "in-1", t.plate);
    if (rare(d, 25)) { /* the gap before the trailer */
        wait_a_bit(d, 10, 800);
        loop(b, "in-1", GL_ZONE_ENTRY, true);
        wait_a_bit(d, 10, 800);
        loop(b, "in-1", GL_ZONE_ENTRY, false);
    }
}

static void roll_up(struct day *d) {
    memmove(&d->queue[0], &d->queue[1], (size_t)--d->n * sizeof d->queue[0]);
}

static void drive_off(struct day *d) {
    loop(d->b, "in-1", GL_ZONE_EXIT, true);
    if (rare(d, 20)) loop(d->b, "in-1", GL_ZONE_EXIT, true);
    wait_a_bit(d, 500, 3 * SECOND);
    loop(d->b, "in-1", GL_ZONE_EXIT, false);
    roll_up(d);
}

/* The light is green: whose movement lit it, and who stands there? */
static void go(struct day *d) {
    struct bench *b = d->b;
    const struct gl_decision *g = last(b);
    assert_string_equal(last_id(b), b->shown[0].decision);
    if (!g->officer.id[0]) {
        if (gl_core_contingency(b->core)->active == GL_TRUE || d->queue[0].wanted)
            fail_msg("seed %llu: truck %s drives off on a green that was not to be", (unsigned long long)d->seed,
                     d->queue[0].plate);
        d->good++;
        if (strcmp(g->match.movements[0].value, d->queue[0].movement) != 0)
            fail_msg("seed %llu: truck %s drives off on the green of %s", (unsigned long long)d->seed, d->queue[0].plate,
                     g->match.movements[0].value);
    } else {
        d->officers++;
    }
    drive_off(d);
}

/* An officer comes to the truck that stands at the line. */
static void officer(struct day *d) {
    struct bench *b = d->b;
    if (rare(d, 4) && b->shown[0].passage[0]) {
        struct gl_command c = order(b, "hq", GL_COMMAND_CLOSE); /* led away */
        memcpy(c.passage, b->shown[0].passage, sizeof c.passage);
        c.exit = GL_EXIT_UNKNOWN;
        if (give(b, &c)) roll_up(d);
    } else if (b->n_decisions && !override(b, "hq", "officer-1")) {
        drive_off(d); /* waved through */
    }
}

static void mishap(struct day *d) {
    struct bench *b = d->b;
    switch (dice(d, 8)) {
        case 6: /* for a while officers alone decide */
            if (contingency(b, GL_CONTINGENCY_BEGIN)) wait_a_bit(d, 100, 60 * SECOND);
            assert_true(contingency(b, GL_CONTINGENCY_END));
            break;
        case 7: /* somebody looks for the one that stands at the line */
            if (d->n == 0 || b->n_lookouts == LODGED) break;
            look_out(b, GL_SOUGHT_PLATE, d->queue[0].plate, GL_CHANNEL_PHYSICAL);
            d->queue[0].wanted = true;
            lodged_changed(b);
            break;
        case 0: {
            struct gl_passage open[OPEN];
            int n = d->n_open;
            memcpy(open, d->open, sizeof open);
            bench_restart(b, open, n);
            bench_ready(b);
            break;
        }
        case 1:
            device(b, "in-1.gpio", GL_DEVICE_OFFLINE);
            wait_a_bit(d, 100, 20 * SECOND);
            device(b, "in-1.gpio", GL_DEVICE_ONLINE);
            break;
        case 2:
            device(b, "in-1.front", GL_DEVICE_OFFLINE);
            wait_a_bit(d, 100, 20 * SECOND);
            device(b, "in-1.front", GL_DEVICE_ONLINE);
            break;
        case 3:
            if (d->n == 0) later(b, 11 * MINUTE); /* what never was is given up */
            break;
        case 4:
            if (d->n > 1) /* only the camera thinks so */
                plate_as(b, "in-1", d->queue[dice(d, (uint32_t)d->n - 1)].plate, 0.9, GL_TOWARD_LEAVE, false);
            break;
        default:
            if (d->n) drive_off(d); /* on red */
            break;
    }
}

static void turn(struct day *d) {
    bool green = is_released(d->b, "in-1");
    if (rare(d, 40))
        mishap(d);
    else if (green && d->n && dice(d, 4))
        go(d);
    else if (d->n < QUEUE && dice(d, 3) == 0)
        arrive(d);
    else if (d->n && !green && d->b->shown[0].signal == GL_SIGNAL_INSPECT && rare(d, 3))
        officer(d);
    else if (d->n && d->n_open == 0 && rare(d, 3))
        drive_off(d); /* nobody knows of it: waved through */
    else
        wait_a_bit(d, 500, 12 * SECOND);
}

static struct day live(uint64_t seed) {
    struct day d = {.seed = seed, .random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
    d.b = bench_new();
    for (int i = 0; i < 2; i++) d.b->config->lanes[i].devices[1].required = false;
    d.b->config->profiles[0].require = GL_NEED_PLATE | GL_NEED_DECLARATION;
    bench_ready(d.b);
    d.b->user = &d;
    d.b->watch = journal;
    for (int i = 0; i < TURNS; i++) turn(&d);
    bench_free(d.b);
    return d;
}

static uint64_t from_environment(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    int64_t n;
    return text && gl_parse_int(text, 1, INT64_MAX, &n) == 0 ? (uint64_t)n : otherwise;
}

static void its_own_green(void **state) {
    (void)state;
    uint64_t seed = from_environment("GREENLANE_SEED", 1), runs = from_environment("GREENLANE_RUNS", RUNS), trucks = 0, good = 0,
             officers = 0;
    for (uint64_t i = 0; i < runs; i++) {
        struct day d = live(seed + i);
        trucks += d.born, good += d.good, officers += d.officers;
    }
    print_message("%llu trucks, %llu on a green of their own, %llu let go by officers\n", (unsigned long long)trucks,
                  (unsigned long long)good, (unsigned long long)officers);
    if (runs >= RUNS) assert_true(good > trucks / 20); /* a lane that releases nobody proves nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(its_own_green)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
