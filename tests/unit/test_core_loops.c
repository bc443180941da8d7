/* A loop that does not become free: somebody is told, and nobody behind is let go. */
#include "core_bench.h"

static struct bench *up(void) {
    struct bench *b = bench_new();
    b->config->profiles[0].stuck_after_ms = 2 * MINUTE;
    bench_ready(b);
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    lodge(b, "GMRB00000002", "KA1234AB", NULL);
    return b;
}

static void told(struct bench *b, uint32_t n, const char *kind, const char *action) {
    assert_int_equal(b->n_alarms, n);
    assert_string_equal(last_alarm(b)->kind, kind);
    assert_string_equal(last_alarm(b)->action, action);
    assert_string_equal(last_alarm(b)->lane, "in-1");
}

/* The first was let go and does not leave the exit loop, or the loop says so. */
static void the_exit_is_stuck(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    loop(b, "in-1", GL_ZONE_EXIT, true);
    drive_in(b, "in-1", "KA1234AB", NULL);
    later(b, 100 * SECOND);
    loop(b, "in-1", GL_ZONE_EXIT, true); /* told again: it is no younger for that */
    assert_int_equal(b->n_alarms, 0);
    later(b, 20 * SECOND);
    told(b, 1, "exit_stuck", "raise");
    char id[GL_UUID];
    gl_clip(id, sizeof id, last_alarm(b)->alarm);
    later(b, 9 * MINUTE);
    assert_int_equal(b->n_alarms, 1);    /* once */
    assert_int_equal(b->n_decisions, 1); /* who stands behind is not decided, and sees red */
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_STOP);
    loop(b, "in-1", GL_ZONE_EXIT, false);
    told(b, 2, "exit_stuck", "clear");
    assert_string_equal(last_alarm(b)->alarm, id);
    bench_free(b);
}

/* A broken loop that nobody stands on: no green for whoever comes. */
static void occupied_by_nobody(void **state) {
    (void)state;
    struct bench *b = up();
    loop(b, "in-1", GL_ZONE_EXIT, true);
    told(b, 1, "wrong_way", "raise");
    later(b, 2 * MINUTE);
    told(b, 2, "exit_stuck", "raise");
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 20 * SECOND);
    assert_int_not_equal(b->shown[0].signal, GL_SIGNAL_RELEASE);
    assert_int_equal(b->shown[1].signal, GL_SIGNAL_STOP); /* and the other lane is as it was */
    bench_free(b);
}

static void the_entry_is_stuck(void **state) {
    (void)state;
    struct bench *b = up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    later(b, 119 * SECOND);
    assert_int_equal(b->n_alarms, 0);
    later(b, 1 * SECOND);
    told(b, 1, "entry_stuck", "raise");
    loop(b, "in-1", GL_ZONE_EXIT, true);
    later(b, 2 * MINUTE); /* one of each */
    assert_string_equal(last_alarm(b)->kind, "exit_stuck");
    uint32_t n = b->n_alarms;
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    told(b, n + 1, "entry_stuck", "clear");
    loop(b, "in-1", GL_ZONE_ENTRY, true); /* from here on it counts anew */
    later(b, 119 * SECOND);
    assert_int_equal(b->n_alarms, n + 1);
    later(b, 1 * SECOND);
    told(b, n + 2, "entry_stuck", "raise");
    bench_free(b);
}

static void over_a_restart(void **state) {
    (void)state;
    static const char id[] = "018f0000-0000-7000-8000-00000000aaaa";
    for (int free = 0; free < 2; free++) {
        struct bench *b = up();
        step(b, &(struct gl_event){.type = GL_EV_RESTORE_ALARM, .restore_alarm = {"in-1", "exit_stuck", id, b->now.wall - MINUTE}});
        later(b, 5 * MINUTE);
        assert_int_equal(b->n_alarms, 0);
        if (!free) loop(b, "in-1", GL_ZONE_EXIT, true);
        uint32_t others = b->n_alarms; /* something is there that never came in */
        later(b, 5 * MINUTE);
        assert_int_equal(b->n_alarms, others); /* it is the same one */
        loop(b, "in-1", GL_ZONE_EXIT, false);
        told(b, others + 1, "exit_stuck", "clear");
        assert_string_equal(last_alarm(b)->alarm, id);
        bench_free(b);
    }
}

/* For cameras that work by the loop: a look too many is no harm. */
static void whether_somebody_is_in_a_lane(void **state) {
    (void)state;
    struct bench *b = up();
    assert_false(gl_core_occupied(b->core, 0));
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    assert_true(gl_core_occupied(b->core, 0));
    assert_false(gl_core_occupied(b->core, 1));
    loop(b, "in-1", GL_ZONE_ENTRY, false); /* it has moved on */
    assert_true(gl_core_occupied(b->core, 0));
    loop(b, "in-1", GL_ZONE_EXIT, true);
    assert_true(gl_core_occupied(b->core, 0));
    loop(b, "in-1", GL_ZONE_EXIT, false);
    assert_false(gl_core_occupied(b->core, 0));
    loop(b, "in-1", GL_ZONE_EXIT, true); /* it never came in */
    assert_true(gl_core_occupied(b->core, 0));
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exit_is_stuck),
        cmocka_unit_test(occupied_by_nobody),
        cmocka_unit_test(the_entry_is_stuck),
        cmocka_unit_test(over_a_restart),
        cmocka_unit_test(whether_somebody_is_in_a_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
