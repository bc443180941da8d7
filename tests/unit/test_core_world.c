/* Thousands of random days in a small world that knows the truth (core_world.h): whenever a lane shows green, the vehicle that stands first there must
 * be the one that was released, declared, measured alone and found clear. And on a day on which nothing goes wrong, nobody is inspected.
 * GREENLANE_SEED and GREENLANE_RUNS choose other days and more of them; a failure prints its seed and what happened last. */
#include "core_world.h"

enum { RUNS = 400, LONGEST_DAY = 20 * MINUTE, RULES = 64 };

struct count {
    uint32_t greens, inspects, days, clean_days, n_rules;
    struct {
        char code[24];
        uint32_t n;
    } rules[RULES];
};

struct day {
    struct world w;
    struct count *count;
    char wrong[256];                        /* "" = nothing so far */
    char green_for[2 * IN_A_LANE][GL_UUID]; /* the passage that was released on this vehicle's movement */
};

#define MUST(d, about, cond) \
    if (!(cond)) wrong(d, about, #cond)

/* The first thing that is wrong ends the day. */
static void wrong(struct day *d, const char *about, const char *cond) {
    if (d->wrong[0]) return;
    gl_format(d->wrong, sizeof d->wrong, "seed %llu, faults %x: %s: %s", (unsigned long long)d->w.seed, d->w.faults, about, cond);
    print_told(&d->w);
}

/* ---- the oracle ----------------------------------------------------------------------------------------------------------------------- */
static const struct gl_decision *decision_of(const struct bench *b, const char *id) {
    for (uint32_t i = 0; i < KEPT && i < b->n_decisions; i++)
        if (strcmp(b->decision_ids[i], id) == 0) return &b->decisions[i];
    return NULL;
}

/* The lane is green by this decision: may the one that stands first there go? */
static void judge_green(struct day *d, int lane, const struct gl_decision *x) {
    const struct vehicle *v = first_in(&d->w, lane);
    MUST(d, lane_ids[lane], x && x->outcome == GL_OUTCOME_RELEASE && x->match.n_movements == 1);
    if (!v || !x || d->w.blind[lane] || v->backing) return; /* who backs out stands in the way of all the others */
    MUST(d, v->plate, strcmp(x->match.movements[0].value, v->movement) == 0 || v->masked);
    MUST(d, v->plate, !v->alarmed);
    MUST(d, v->plate, !v->wanted || v->masked);
    if (v->fooled) return;
    MUST(d, v->plate, v->through);
    MUST(d, v->plate, v->measured);
    MUST(d, v->plate, !v->spoilt);
}

static void judge(struct day *d) {
    for (int lane = 0; lane < 2; lane++)
        if (shows_green(&d->w, lane)) judge_green(d, lane, decision_of(d->w.b, d->w.b->shown[lane].decision));
}

static struct vehicle *vehicle_of(struct day *d, const char *movement, int *ret_index) {
    for (int i = 0; i < 2 * IN_A_LANE; i++) {
        struct vehicle *v = &d->w.v[i / IN_A_LANE][i % IN_A_LANE];
        if (!v->there || strcmp(v->movement, movement) != 0) continue;
        *ret_index = i;
        return v;
    }
    return NULL;
}

/* No movement lets two passages go, unless the vehicle of the first one has turned back. */
static void judge_movement(struct day *d, int lane, const struct gl_decision *x) {
    int i = -1;
    const struct vehicle *v = x && x->match.n_movements ? vehicle_of(d, x->match.movements[0].value, &i) : NULL;
    MUST(d, lane_ids[lane], v != NULL);
    if (!v) return;
    MUST(d, v->plate, !d->green_for[i][0] || strcmp(d->green_for[i], x->passage) == 0 || v->backing);
    memcpy(d->green_for[i], x->passage, GL_UUID);
}

static void count_rules(struct count *c, const struct gl_decision *x) {
    c->inspects++;
    for (int i = 0; i < x->n_rules; i++) {
        if (x->rules[i].level == GL_LEVEL_NONE) continue;
        uint32_t k = 0;
        while (k < c->n_rules && strcmp(c->rules[k].code, x->rules[i].rule) != 0) k++;
        if (k == RULES) continue;
        if (k == c->n_rules) gl_clip(c->rules[c->n_rules++].code, sizeof c->rules[0].code, x->rules[i].rule);
        c->rules[k].n++;
    }
}

static void hear_signal(struct day *d, const struct gl_signal_state *s) {
    int lane = lane_number(d->w.b, s->lane);
    const struct gl_decision *x = decision_of(d->w.b, s->decision);
    tell(&d->w, lane, "THE LIGHT:", gl_signals[s->signal]);
    if (s->signal != GL_SIGNAL_RELEASE) return;
    d->count->greens++;
    judge_movement(d, lane, x);
    judge_green(d, lane, x);
}

static void hear_inspect(struct day *d, const struct gl_decision *x) {
    count_rules(d->count, x);
    for (int i = 0; i < x->n_rules; i++)
        if (x->rules[i].level) tell(&d->w, lane_number(d->w.b, x->lane), "inspect:", x->rules[i].detail);
    MUST(d, x->lane, d->w.faults != 0);
}

static void hear(struct bench *b, const struct gl_event *ev GL_UNUSED, const struct gl_effect *fx) {
    if (fx->type == GL_EFFECT_SIGNAL) hear_signal(b->user, fx->signal);
    if (fx->type == GL_EFFECT_DECISION && fx->decision->outcome == GL_OUTCOME_INSPECT) hear_inspect(b->user, fx->decision);
}

/* ---- a day ---------------------------------------------------------------------------------------------------------------------------- */
static enum sight random_sight(struct world *w) {
    return by_chance(w, CAMERAS, 10) ? UNREADABLE : by_chance(w, CAMERAS, 10) ? UNSEEN : READ;
}

static void random_papers(struct world *w, struct vehicle *v, int number) {
    char ref[GL_REF];
    if (by_chance(w, PAPERS, 20)) return;
    gl_format(ref, sizeof ref, "GMRA%08d", number);
    bool other = by_chance(w, PAPERS, 15);
    lodge(w->b, ref, v->plate, other ? "NT9999" : v->trailer[0] ? v->trailer : NULL);
    gl_clip(v->movement, sizeof v->movement, ref);
}

/* The trailer's alone is known only when it was declared as well. */
static void random_search(struct world *w, struct vehicle *v) {
    if (!by_chance(w, WANTED, 20)) return;
    bool declared = v->movement[0] && v->trailer[0] && !on_day(w, PAPERS);
    struct gl_answer_lookout *x = look_out(w->b, GL_SOUGHT_PLATE, declared && dice(w, 2) ? v->trailer : v->plate,
                                           (uint8_t)between(w, GL_CHANNEL_DESK, GL_CHANNEL_REFUSE));
    x->silent = dice(w, 2);
    v->wanted = true;
}

static void random_tag(struct world *w, struct vehicle *v, int number) {
    char plate_text[12];
    if (dice(w, 4) == 0) return;
    gl_format(v->epc, sizeof v->epc, "3416BD0C40000000000%05d", number);
    if (by_chance(w, TAGS, 15)) return; /* not registered */
    bool other = by_chance(w, TAGS, 20);
    v->masked = other && v->front != READ;
    gl_format(plate_text, sizeof plate_text, "NC%d", 1000 + (other ? between(w, 0, 2 * IN_A_LANE - 1) : number));
    register_tag(w->b, v->epc, plate_text);
}

static void random_vehicle(struct world *w, struct vehicle *v, int number) {
    *v = (struct vehicle){.there = true, .source = -1, .stop_at = INT32_MAX, .back_at = INT32_MAX};
    gl_format(v->plate, sizeof v->plate, "NC%d", 1000 + number);
    if (w->faults == 0 || dice(w, 4)) gl_format(v->trailer, sizeof v->trailer, "NT%d", 1000 + number);
    v->length = between(w, 50, 180) * 100;
    v->speed = between(w, 10, 40) * 100;
    v->gap = on_day(w, CLOSE) && dice(w, 3) ? between(w, 5, 150) * 100 : between(w, 155, 200) * 100;
    v->source = by_chance(w, SOURCES, 25) ? between(w, 0, v->length) : -1;
    v->front_at = between(w, 1, 30) * 100;
    v->rear_at = between(w, 1, 30) * 100;
    v->front = random_sight(w);
    v->rear = random_sight(w);
    v->arrives = between(w, 0, dice(w, 2) ? 30 : 2) * SECOND;
    if (by_chance(w, STOPS, 30)) {
        v->stop_at = between(w, 1, 280) * 100;
        v->stop_for = between(w, 1, 20) * SECOND;
    }
    if (by_chance(w, BACKOUTS, 20)) v->back_at = between(w, 40, 290) * 100;
    v->runs = by_chance(w, RUNNERS, 15);
    v->patience = between(w, 2, 15) * SECOND;
    random_papers(w, v, number);
    random_search(w, v);
    random_tag(w, v, number);
}

static void random_faults(struct world *w) {
    if (dice(w, 5) == 0) return;
    for (unsigned bit = 1; bit < ALL; bit <<= 1)
        if (dice(w, 3) == 0) w->faults |= bit;
}

static struct bench *a_post(struct world *w) {
    struct bench *b = portal_up();
    struct gl_profile *p = &b->config->profiles[0];
    b->n_movements = b->n_declarations = 0;
    p->decide_within_ms = 45 * SECOND;
    p->abandon_after_ms = 3 * MINUTE;
    for (int lane = 0; lane < 2; lane++) {
        struct gl_lane_config *l = &b->config->lanes[lane];
        for (int i = 0; i < l->n_devices; i++) {
            if (l->devices[i].role == GL_ROLE_TRAILER) l->devices[i].after_max_ms = 40 * SECOND;
            if (strcmp(l->devices[i].name, "rpm") != 0) continue;
            l->devices[i].after_min_ms = 1 * SECOND;
            l->devices[i].after_max_ms = 60 * SECOND;
        }
        w->beam[lane].online = true;
    }
    return b;
}

/* On a clean day everybody was released. */
static void judge_day(struct day *d) {
    for (int i = 0; i < 2 * IN_A_LANE; i++) {
        const struct vehicle *v = &d->w.v[i / IN_A_LANE][i % IN_A_LANE];
        MUST(d, v->plate, d->w.faults || !v->there || d->green_for[i][0]);
    }
    d->count->days++;
    d->count->clean_days += d->w.faults == 0;
}

static bool one_day(uint64_t seed, struct count *count) {
    struct day *d = calloc(1, sizeof *d);
    assert_non_null(d);
    struct world *w = &d->w;
    w->seed = seed;
    w->random = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    d->count = count;
    w->b = a_post(w);
    w->b->user = d;
    w->b->watch = hear;
    random_faults(w);
    for (int lane = 0; lane < 2; lane++)
        for (int i = between(w, 2, IN_A_LANE) - 1; i >= 0; i--) random_vehicle(w, &w->v[lane][i], lane * IN_A_LANE + i);
    for (int64_t end = w->b->now.mono + LONGEST_DAY; !world_is_empty(w) && !d->wrong[0];) {
        MUST(d, "the day", w->b->now.mono < end);
        world_tick(w);
        judge(d);
    }
    if (!d->wrong[0]) judge_day(d);
    bool well = !d->wrong[0];
    if (!well) print_error("%s\n", d->wrong);
    bench_free(w->b);
    free(d);
    return well;
}

static uint64_t from_environment(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    int64_t n;
    return text && gl_parse_int(text, 1, INT64_MAX, &n) == 0 ? (uint64_t)n : otherwise;
}

static void never_a_wrong_green(void **state) {
    (void)state;
    struct count c = {0};
    uint64_t seed = from_environment("GREENLANE_SEED", 1), runs = from_environment("GREENLANE_RUNS", RUNS);
    for (uint64_t i = 0; i < runs; i++)
        if (!one_day(seed + i, &c)) fail_msg("a wrong green, or a vehicle stopped without a reason: see above");
    print_message("%u days, %u of them clean: %u greens, %u inspects\n", c.days, c.clean_days, c.greens, c.inspects);
    for (uint32_t i = 0; i < c.n_rules; i++) print_message("  %-20s %u\n", c.rules[i].code, c.rules[i].n);
    if (runs < RUNS) return; /* an oracle that sees no green, no reason and no clean day proves nothing */
    assert_true(c.clean_days > RUNS / 10 && c.greens > RUNS && c.inspects > RUNS);
    assert_true(c.n_rules >= 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_a_wrong_green),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
