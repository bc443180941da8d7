/* One green, one vehicle: how a release begins, what ends it, what lifts an inspect, and what the lane shows meanwhile. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL };

static struct bench *up(void) {
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    return b;
}
static struct bench *released(void) {
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    return b;
}
static uint8_t use_now(struct bench *b) {
    struct used *u = use_of(b, &b->movements[0].m.ref);
    return u ? u->use : (uint8_t)GL_USE_NONE;
}
static uint8_t lit(struct bench *b) {
    return b->shown[0].signal;
}

static void ends_at_the_exit_loop(void **state) {
    (void)state;
    struct bench *b = released();
    assert_int_equal(b->shown[0].until - b->now.wall, b->shown_mono[0] - b->now.mono + 30 * SECOND);
    assert_int_equal(use_now(b), GL_USE_RESERVED);
    later(b, 5 * SECOND);
    loop(b, "in-1", GL_ZONE_EXIT, true);
    assert_int_equal(lit(b), GL_SIGNAL_STOP);
    loop(b, "in-1", GL_ZONE_EXIT, true); /* told again: nothing new */
    loop(b, "in-1", GL_ZONE_EXIT, false);
    assert_int_equal(b->passage.state, GL_PASSAGE_CLOSED);
    assert_int_equal(b->passage.exit, GL_EXIT_CONFIRMED);
    assert_int_equal(use_now(b), GL_USE_CONSUMED);
    assert_int_equal(b->n_alarms, 0);
    assert_true(gl_core_idle(b->core));
    assert_int_equal(gl_core_next_deadline(b->core), INT64_MAX);
    bench_free(b);
}

static void ends_at_its_time(void **state) {
    (void)state;
    struct bench *b = released();
    later(b, 30 * SECOND - 1 - (b->now.mono - b->shown_mono[0]));
    assert_released(b, "in-1");
    later(b, 1);
    assert_inspected(b, "in-1", DESK, "RELEASE_EXPIRED");
    assert_int_equal(use_now(b), GL_USE_NONE);
    plate(b, "in-1", "NC15REG"); /* nothing but an officer brings it back */
    lodged_changed(b);
    assert_int_equal(lit(b), GL_SIGNAL_INSPECT);
    loop(b, "in-1", GL_ZONE_EXIT, true);
    assert_string_equal(last_alarm(b)->kind, "exit_unreleased");
    bench_free(b);
}

/* The lease runs from the moment that it is durable and shown, not from the decision. */
static void begins_with_the_commit(void **state) {
    (void)state;
    struct bench *b = up();
    b->hold_commit = true;
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_int_equal(last(b)->outcome, GL_OUTCOME_RELEASE);
    assert_int_equal(lit(b), GL_SIGNAL_STOP);
    later(b, 3 * SECOND);
    commit(b);
    assert_int_equal(b->shown[0].until, b->now.wall + 30 * SECOND);
    bench_free(b);

    b = up(); /* what arrives before the commit still counts */
    b->hold_commit = true;
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    feed(b, GL_FEED_GAP);
    commit(b);
    assert_inspected(b, "in-1", DESK, "CACHE_GAP");
    bench_free(b);
}

static void pressed(struct bench *b) {
    loop(b, "in-1", GL_ZONE_EMERGENCY_STOP, true);
}
static void front_goes(struct bench *b) {
    device(b, "in-1.front", GL_DEVICE_OFFLINE);
}
static void front_blinks(struct bench *b) {
    front_goes(b);
    device(b, "in-1.front", GL_DEVICE_ONLINE);
}
static void gap(struct bench *b) {
    feed(b, GL_FEED_GAP);
}
static void stale(struct bench *b) {
    feed(b, GL_FEED_STALE);
}
static void clock_lost(struct bench *b) {
    clock_ok(b, false);
}
static void cancelled(struct bench *b) {
    b->movements[0].m.state = GL_MOVEMENT_CANCELLED;
    lodged_changed(b);
}
static void withdrawn(struct bench *b) {
    b->declarations[0].state = GL_DECLARATION_NOT_RELEASED;
    lodged_changed(b);
}
static void vanished(struct bench *b) {
    b->n_movements = 0;
    lodged_changed(b);
}
static void control_ordered(struct bench *b) {
    b->declarations[0].control = GL_CHANNEL_PHYSICAL;
    lodged_changed(b);
}
static void other_trailer(struct bench *b) {
    trailer(b, "in-1", "NC99TRL");
}
static void a_bus(struct bench *b) {
    class_of(b, "in-1", GL_CLASS_BUS);
}
static void other_document(struct bench *b) {
    lodge(b, "GMRB00000002", "KA1234AB", NULL);
    code(b, "in-1", "gmr", "GMRB00000002");
}
static void lane_closed(struct bench *b) {
    struct gl_command c = order(b, "hq", GL_COMMAND_LANE_MODE);
    c.mode = GL_MODE_CLOSED;
    assert_true(give(b, &c));
}
static void cache_dies(struct bench *b) {
    b->cache_fails = true;
    lodged_changed(b);
}

static void ends_with_anything_adverse(void **state) {
    (void)state;
    static const struct {
        void (*happens)(struct bench *b);
        uint8_t level;
        const char *rule;
        uint8_t signal;
    } cases[] = {
        {front_goes, DESK, "SENSOR_FAULT", GL_SIGNAL_INSPECT},
        {front_blinks, DESK, "SENSOR_FAULT", GL_SIGNAL_INSPECT},
        {gap, DESK, "CACHE_GAP", GL_SIGNAL_INSPECT},
        {stale, DESK, "CACHE_STALE", GL_SIGNAL_INSPECT},
        {cache_dies, DESK, "CACHE_DOWN", GL_SIGNAL_INSPECT},
        {clock_lost, DESK, "CLOCK_UNSYNC", GL_SIGNAL_INSPECT},
        {cancelled, DESK, "DECL_CANCELLED", GL_SIGNAL_INSPECT},
        {withdrawn, DESK, "DECL_NOT_RELEASED", GL_SIGNAL_INSPECT},
        {vanished, DESK, "NO_DECLARATION", GL_SIGNAL_INSPECT},
        {control_ordered, PHYSICAL, "AUTHORITY_CONTROL", GL_SIGNAL_INSPECT},
        {other_trailer, DESK, "AMBIGUOUS_MATCH", GL_SIGNAL_INSPECT},
        {other_document, DESK, "PLATE_MISMATCH", GL_SIGNAL_INSPECT},
        {a_bus, PHYSICAL, "CLASS_POLICY", GL_SIGNAL_INSPECT},
        {lane_closed, DESK, "LANE_MODE", GL_SIGNAL_INSPECT},
        {pressed, DESK, "SENSOR_FAULT", GL_SIGNAL_FAULT},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = released();
        char before[GL_UUID];
        gl_clip(before, sizeof before, last_id(b));
        later(b, SECOND);
        cases[i].happens(b);
        assert_int_equal(lit(b), cases[i].signal);
        assert_int_equal(last(b)->level, cases[i].level);
        assert_true(said(b, cases[i].rule) == GL_FAIL);
        assert_string_equal(last(b)->supersedes, before); /* never rewritten */
        assert_int_equal(use_now(b), GL_USE_NONE);
        bench_free(b);
    }
}

/* Favourable evidence lifts desk, while the vehicle stood there unbroken; a release that comes again is a new decision. */
static void desk_is_lifted(void **state) {
    (void)state;
    struct bench *b = released();
    char before[GL_UUID];
    gl_clip(before, sizeof before, last_id(b));
    feed(b, GL_FEED_GAP);
    feed(b, GL_FEED_LIVE);
    assert_released(b, "in-1");
    assert_string_not_equal(last_id(b), before);
    bench_free(b);

    b = released(); /* a device that was away has left its mark, even when it is back */
    front_blinks(b);
    lodged_changed(b);
    assert_inspected(b, "in-1", DESK, "SENSOR_FAULT");
    assert_true(override(b, "desk", "officer-7"));
    assert_released(b, "in-1");
    bench_free(b);
}

static void physical_stays(void **state) {
    (void)state;
    struct bench *b = released();
    control_ordered(b);
    b->declarations[0].control = GL_CHANNEL_RELEASE;
    lodged_changed(b);
    assert_int_equal(lit(b), GL_SIGNAL_INSPECT);
    assert_int_equal(last(b)->level, PHYSICAL);
    struct gl_command c = order(b, "hq", GL_COMMAND_INSPECTION_RESULT);
    assert_true(give(b, &c));
    assert_released(b, "in-1");
    bench_free(b);
}

/* The release stands on one movement; when another takes its place, that is another release, and the first is free again. */
static void the_match_moves(void **state) {
    (void)state;
    struct bench *b = released();
    lodge(b, "GMRA00000002", "NC15REG", "NC16TRL")->m.state = GL_MOVEMENT_DRAFT;
    b->movements[0].m.state = GL_MOVEMENT_CANCELLED;
    b->movements[1].m.state = GL_MOVEMENT_READY;
    lodged_changed(b);
    assert_released(b, "in-1");
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000002");
    assert_int_equal(use_now(b), GL_USE_NONE);
    assert_int_equal(use_of(b, &b->movements[1].m.ref)->use, GL_USE_RESERVED);
    bench_free(b);
}

static void fault_is_shown(void **state) {
    (void)state;
    struct bench *b = bench_new();
    commit(b);
    assert_int_equal(lit(b), GL_SIGNAL_FAULT); /* the loops and lights have not reported yet */
    bench_ready(b);
    assert_int_equal(lit(b), GL_SIGNAL_STOP);
    for (uint8_t how = GL_DEVICE_OFFLINE; how <= GL_DEVICE_DEGRADED; how++) {
        device(b, "in-1.gpio", how);
        assert_int_equal(lit(b), GL_SIGNAL_FAULT);
        device(b, "in-1.gpio", GL_DEVICE_ONLINE);
        assert_int_equal(lit(b), GL_SIGNAL_STOP);
    }
    device(b, "in-1.front", GL_DEVICE_OFFLINE);
    assert_int_equal(lit(b), GL_SIGNAL_STOP); /* each vehicle is inspected */
    b->config->profiles[0].on_device_fault = GL_SIGNAL_FAULT;
    commit(b);
    assert_int_equal(lit(b), GL_SIGNAL_FAULT);
    assert_int_equal(b->shown[1].signal, GL_SIGNAL_STOP);
    bench_free(b);
}

/* Lights that were away, or an emergency stop that was pressed: the lease is over, and an officer's release does not come back by itself. */
static void no_lease_comes_back(void **state) {
    (void)state;
    for (int officer = 0; officer < 2; officer++) {
        for (int how = 0; how < 3; how++) {
            struct bench *b = released();
            if (officer) {
                feed(b, GL_FEED_STALE);
                assert_true(override(b, "desk", "officer-7"));
                assert_released(b, "in-1");
            }
            if (how < 2)
                device(b, "in-1.gpio", how ? GL_DEVICE_DEGRADED : GL_DEVICE_OFFLINE);
            else
                pressed(b);
            assert_int_equal(lit(b), GL_SIGNAL_FAULT);
            char before[GL_UUID];
            gl_clip(before, sizeof before, b->signals[(b->n_signals - 2) % KEPT].decision);
            later(b, SECOND);
            if (how < 2)
                device(b, "in-1.gpio", GL_DEVICE_ONLINE);
            else
                loop(b, "in-1", GL_ZONE_EMERGENCY_STOP, false);
            if (lit(b) == GL_SIGNAL_RELEASE) { /* only by a decision of its own, when all is proved anew and nothing was away */
                assert_true(!officer && how == 1);
                assert_string_not_equal(b->shown[0].decision, before);
            } else {
                assert_int_equal(lit(b), GL_SIGNAL_INSPECT);
            }
            bench_free(b);
        }
    }
}

static void shadow_touches_no_light(void **state) {
    (void)state;
    struct bench *b = up();
    commit(b);
    uint32_t signals = b->n_signals;
    bench_step(b, &(struct gl_event){.type = GL_EV_RESTORE_MODE, .restore_mode = {"in-1", GL_MODE_SHADOW}});
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_int_equal(last(b)->outcome, GL_OUTCOME_RELEASE);
    drive_out(b, "in-1");
    assert_int_equal(b->n_signals, signals);
    assert_int_equal(b->n_alarms, 0);
    bench_free(b);

    b = released(); /* a green of our own does not stay behind */
    struct gl_command c = order(b, "hq", GL_COMMAND_LANE_MODE);
    c.mode = GL_MODE_SHADOW;
    assert_true(give(b, &c));
    assert_int_equal(lit(b), GL_SIGNAL_STOP);
    bench_free(b);
}

static struct gl_passage open_now(struct bench *b) {
    struct gl_passage p = b->passage;
    assert_int_not_equal(p.state, GL_PASSAGE_CLOSED);
    return p;
}

/* After a restart a vehicle that stood there is inspected, however good its papers; the one that comes when the lane was empty is not. */
static void restart(void **state) {
    (void)state;
    struct bench *b = released();
    struct gl_passage open = open_now(b);
    bench_restart(b, &open, 1);
    commit(b);
    assert_int_not_equal(lit(b), GL_SIGNAL_RELEASE);
    bench_ready(b);
    assert_inspected(b, "in-1", DESK, "GATEWAY_RESTARTED");
    assert_string_equal(last(b)->passage, open.passage);
    later(b, MINUTE);
    plate(b, "in-1", "NC15REG");
    lodged_changed(b);
    assert_inspected(b, "in-1", DESK, "GATEWAY_RESTARTED");
    assert_true(override(b, "desk", "officer-7"));
    assert_released(b, "in-1");
    drive_out(b, "in-1");
    lodge(b, "GMRA00000002", "NC17REG", NULL);
    drive_in(b, "in-1", "NC17REG", NULL);
    later(b, 6 * SECOND);
    assert_released(b, "in-1");
    bench_free(b);

    b = released(); /* nobody knows whether it still stands there: the next one is inspected as well */
    open = open_now(b);
    bench_restart(b, &open, 1);
    bench_ready(b);
    lodge(b, "GMRA00000002", "NC17REG", NULL);
    drive_in(b, "in-1", "NC17REG", NULL);
    drive_out(b, "in-1");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "AMBIGUOUS_MATCH");
    bench_free(b);
}

static void restore_is_bounded(void **state) {
    (void)state;
    struct bench *b = released();
    struct gl_passage open[12];
    for (int i = 0; i < 12; i++) {
        open[i] = open_now(b);
        gl_format(open[i].passage, GL_UUID, "018f0000-0000-7000-8000-0000000000%02d", i);
    }
    gl_clip(open[3].lane, GL_ID, "gone");
    bench_restart(b, open, 12);
    bench_ready(b);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_int_not_equal(lit(b), GL_SIGNAL_RELEASE);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_at_the_exit_loop),
        cmocka_unit_test(ends_at_its_time),
        cmocka_unit_test(begins_with_the_commit),
        cmocka_unit_test(ends_with_anything_adverse),
        cmocka_unit_test(desk_is_lifted),
        cmocka_unit_test(physical_stays),
        cmocka_unit_test(the_match_moves),
        cmocka_unit_test(fault_is_shown),
        cmocka_unit_test(no_lease_comes_back),
        cmocka_unit_test(shadow_touches_no_light),
        cmocka_unit_test(restart),
        cmocka_unit_test(restore_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
