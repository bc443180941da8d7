/* What a lane does when what it knows is old, has a hole, or is nothing: the table of docs/rules.md, line by line. Each line meets four vehicles: one
 * in order, one that nobody has announced, one that is looked for, and one that alarms the portal. */
#include "core_sensors.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL, RELEASED = GL_LEVEL_NONE };
enum vehicle { IN_ORDER, UNKNOWN_PLATE, LOOKED_FOR, RADIATING, VEHICLES };

struct line {
    const char *name;
    uint8_t feed;
    bool clock, store, contingency;
    uint8_t in_order;           /* its level; RELEASED */
    const char *mark, *outcome; /* the rule that marks it, and how it was said: "fail" or "note" */
};

static const struct line table[] = {
    {"live", GL_FEED_LIVE, true, true, false, RELEASED, NULL, NULL},
    {"aged", GL_FEED_AGED, true, true, false, RELEASED, "CACHE_AGED", "note"},
    {"stale", GL_FEED_STALE, true, true, false, DESK, "CACHE_STALE", "fail"},
    {"gap", GL_FEED_GAP, true, true, false, DESK, "CACHE_GAP", "fail"},
    {"down", GL_FEED_DOWN, true, true, false, DESK, "CACHE_DOWN", "fail"},
    {"first snapshot on its way", GL_FEED_SNAPSHOT, true, true, false, DESK, "CACHE_DOWN", "fail"},
    {"empty", GL_FEED_EMPTY, true, true, false, DESK, "CACHE_DOWN", "fail"},
    {"nothing said yet", GL_FEED_NONE, true, true, false, DESK, "CACHE_DOWN", "fail"},
    {"clock unsynced", GL_FEED_LIVE, false, true, false, DESK, "CLOCK_UNSYNC", "fail"},
    {"store error", GL_FEED_LIVE, true, false, false, DESK, "CACHE_DOWN", "fail"},
    {"contingency, live", GL_FEED_LIVE, true, true, true, DESK, "CONTINGENCY", "fail"},
    {"contingency, stale", GL_FEED_STALE, true, true, true, DESK, "CONTINGENCY", "fail"},
    {"contingency, down", GL_FEED_DOWN, true, true, true, DESK, "CONTINGENCY", "fail"},
};

static struct bench *post(const struct line *l, uint8_t shows) {
    struct bench *b = portal_up();
    b->n_movements = b->n_declarations = 0;
    b->config->profiles[0].feed_down = shows;
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    if (l->contingency) assert_true(contingency(b, GL_CONTINGENCY_BEGIN));
    feed(b, l->feed);
    clock_ok(b, l->clock);
    b->cache_fails = !l->store;
    return b;
}

static void drive(struct bench *b, enum vehicle which) {
    if (which == LOOKED_FOR) look_out(b, GL_SOUGHT_PLATE, "NC15REG", GL_CHANNEL_PHYSICAL);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    later(b, 200);
    plate(b, "in-1", which == UNKNOWN_PLATE ? "KA9999XX" : "NC15REG");
    later(b, 500);
    trailer(b, "in-1", "NC16TRL");
    portal_start(b, "in-1");
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    if (which == RADIATING) portal_alarm(b, "in-1", true, false);
    later(b, 3 * SECOND);
    portal_end_as(b, "in-1", gl_tri(which == RADIATING), GL_FALSE, "");
    later(b, 15 * SECOND);
}

/* A store that does not answer cannot say who is looked for. */
static uint8_t level_of(const struct line *l, enum vehicle which) {
    if (which == RADIATING) return PHYSICAL;
    if (which == LOOKED_FOR) return l->store ? PHYSICAL : DESK;
    return which == IN_ORDER ? l->in_order : (uint8_t)DESK;
}

static void judge(const struct line *l, enum vehicle which) {
    struct bench *b = post(l, GL_SIGNAL_INSPECT);
    drive(b, which);
    if (last(b)->level != level_of(l, which)) print_error("%s, vehicle %d\n", l->name, which), print_last(b);
    assert_int_equal(last(b)->level, level_of(l, which));
    assert_int_equal(b->shown[0].signal, level_of(l, which) == RELEASED ? GL_SIGNAL_RELEASE : GL_SIGNAL_INSPECT);
    if (l->mark) assert_int_equal(said(b, l->mark), strcmp(l->outcome, "note") == 0 ? GL_NOTE : GL_FAIL);
    if (which == LOOKED_FOR) assert_int_equal(b->n_hits, l->store);
    if (which == RADIATING) assert_int_equal(said(b, "RPM_GAMMA"), GL_FAIL);
    assert_int_equal(last(b)->feed, l->feed);
    assert_string_equal(last(b)->contingency, l->contingency ? "ORDER-7" : "");
    bench_free(b);
}

static void line_by_line(void **state) {
    (void)state;
    for (size_t i = 0; i < GL_COUNT(table); i++)
        for (enum vehicle v = IN_ORDER; v < VEHICLES; v++) judge(&table[i], v);
}

/* Lights: where the profile says `fault`, a lane that can know nothing shows it, and an officer's release is lit all the same. */
static void what_the_lane_shows(void **state) {
    (void)state;
    for (size_t i = 0; i < GL_COUNT(table); i++) {
        const struct line *l = &table[i];
        bool nothing = l->feed >= GL_FEED_DOWN || l->feed == GL_FEED_NONE || !l->clock;
        struct bench *b = post(l, GL_SIGNAL_FAULT);
        lodged_changed(b);
        if (l->feed != GL_FEED_LIVE || !l->clock) assert_int_equal(b->shown[0].signal == GL_SIGNAL_FAULT, nothing);
        drive(b, UNKNOWN_PLATE);
        assert_int_equal(b->shown[0].signal, nothing || !l->store ? GL_SIGNAL_FAULT : GL_SIGNAL_INSPECT);
        struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
        gl_clip(c.evidence.type, sizeof c.evidence.type, "mrn");
        gl_clip(c.evidence.value, sizeof c.evidence.value, "25EE1200HU000012R7");
        assert_true(give(b, &c));
        assert_released(b, "in-1");
        bench_free(b);
    }
}

/* ---- aged ----------------------------------------------------------------------------------------------------------------------------- */
static void aged_takes_only_what_is_ready(void **state) {
    (void)state;
    static const struct {
        uint8_t movement, channel, feed;
        bool released;
    } cases[] = {
        {GL_MOVEMENT_READY, GL_CHANNEL_RELEASE, GL_FEED_AGED, true},
        {GL_MOVEMENT_CHECKED_IN, GL_CHANNEL_RELEASE, GL_FEED_AGED, false},
        {GL_MOVEMENT_CHECKED_IN, GL_CHANNEL_RELEASE, GL_FEED_LIVE, true},
        {GL_MOVEMENT_READY, GL_CHANNEL_NONE, GL_FEED_AGED, false},
        {GL_MOVEMENT_READY, GL_CHANNEL_DESK, GL_FEED_AGED, false},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = bench_up();
        struct lodged_movement *x = lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
        x->m.state = cases[i].movement;
        x->m.channel = cases[i].channel;
        feed(b, cases[i].feed);
        drive_in(b, "in-1", "NC15REG", "NC16TRL");
        later(b, 12 * SECOND);
        assert_int_equal(is_released(b, "in-1"), cases[i].released);
        bench_free(b);
    }
}

static void aged_may_not_know_yet(void **state) {
    (void)state;
    for (uint8_t state_of = GL_FEED_LIVE; state_of <= GL_FEED_AGED; state_of++) {
        struct bench *b = bench_up();
        feed(b, state_of);
        drive_in(b, "in-1", "KA9999XX", NULL);
        later(b, 12 * SECOND);
        assert_inspected(b, "in-1", DESK, "NO_DECLARATION");
        bool hints = false;
        for (int i = 0; i < last(b)->n_rules; i++) hints = hints || strstr(last(b)->rules[i].detail, "it may be newly lodged");
        assert_int_equal(hints, state_of == GL_FEED_AGED);
        bench_free(b);
    }
}

/* A feed that gets worse while the lane is green takes the green back; one that recovers gives it. */
static void states_come_and_go(void **state) {
    (void)state;
    for (size_t i = 0; i < GL_COUNT(table); i++) {
        if (table[i].contingency || !table[i].store) continue;
        struct bench *b = bench_up();
        lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
        drive_in(b, "in-1", "NC15REG", "NC16TRL");
        assert_released(b, "in-1");
        feed(b, table[i].feed);
        clock_ok(b, table[i].clock);
        assert_int_equal(is_released(b, "in-1"), table[i].in_order == RELEASED);
        feed(b, GL_FEED_LIVE);
        clock_ok(b, true);
        assert_released(b, "in-1");
        bench_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_by_line),
        cmocka_unit_test(what_the_lane_shows),
        cmocka_unit_test(aged_takes_only_what_is_ready),
        cmocka_unit_test(aged_may_not_know_yet),
        cmocka_unit_test(states_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
