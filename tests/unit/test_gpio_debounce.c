/* Debouncing: when does a level count? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../plugins/gpio/debounce.c"

static struct gl_debounce started(int64_t hold_ms, bool level) {
    struct gl_debounce d = {.hold_ms = hold_ms};
    gl_debounce_start(&d, level, 1000);
    return d;
}

static void the_level_at_start_counts_at_once(void **state) {
    (void)state;
    struct gl_debounce d = started(50, true);
    assert_true(d.known && d.level);
    assert_false(gl_debounce_tick(&d, 99999));
    assert_false(gl_debounce_clear(&d));
}

static void a_level_counts_once_it_has_stood(void **state) {
    (void)state;
    struct gl_debounce d = started(50, false);
    gl_debounce_edge(&d, true, 2000);
    assert_false(gl_debounce_tick(&d, 2049));
    assert_false(d.level);
    assert_true(gl_debounce_tick(&d, 2050));
    assert_true(d.level);
    assert_int_equal(d.since, 2000);
    assert_false(gl_debounce_tick(&d, 2051));
}

static void each_bounce_starts_the_waiting_anew(void **state) {
    (void)state;
    struct gl_debounce d = started(50, false);
    for (int64_t t = 2000; t < 2400; t += 40) {
        gl_debounce_edge(&d, (t / 40) % 2 == 0, t);
        assert_false(gl_debounce_tick(&d, t + 39));
    }
    assert_false(d.level);
    gl_debounce_edge(&d, true, 2400);
    assert_true(gl_debounce_tick(&d, 2450));
}

static void the_same_level_again_does_not_prolong(void **state) {
    (void)state;
    struct gl_debounce d = started(50, false);
    gl_debounce_edge(&d, true, 2000);
    gl_debounce_edge(&d, true, 2040);
    assert_true(gl_debounce_tick(&d, 2050));
}

static void a_spike_never_counts(void **state) {
    (void)state;
    struct gl_debounce d = started(50, false);
    gl_debounce_edge(&d, true, 2000);
    gl_debounce_edge(&d, false, 2003);
    assert_false(gl_debounce_tick(&d, 9000));
    assert_false(d.level);
}

static void clear_ends_with_the_first_bounce_and_returns_late(void **state) {
    (void)state;
    struct gl_debounce d = started(50, false);
    assert_true(gl_debounce_clear(&d));
    gl_debounce_edge(&d, true, 2000);
    assert_false(gl_debounce_clear(&d)); /* not debounced yet, but not surely clear any more */
    assert_true(gl_debounce_tick(&d, 2050));
    gl_debounce_edge(&d, false, 3000);
    assert_false(gl_debounce_clear(&d));
    assert_true(gl_debounce_tick(&d, 3050));
    assert_true(gl_debounce_clear(&d));
}

static void a_lost_line_is_neither_clear_nor_active(void **state) {
    (void)state;
    struct gl_debounce d = started(50, false);
    gl_debounce_edge(&d, true, 2000);
    gl_debounce_lose(&d);
    assert_false(gl_debounce_tick(&d, 9000));
    assert_false(gl_debounce_clear(&d));
    gl_debounce_edge(&d, true, 9001);
    assert_false(d.known);
    gl_debounce_start(&d, false, 9500);
    assert_true(gl_debounce_clear(&d));
}

static void no_hold_time_counts_at_the_next_look(void **state) {
    (void)state;
    struct gl_debounce d = started(0, false);
    gl_debounce_edge(&d, true, 2000);
    assert_true(gl_debounce_tick(&d, 2000));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_level_at_start_counts_at_once),
        cmocka_unit_test(a_level_counts_once_it_has_stood),
        cmocka_unit_test(each_bounce_starts_the_waiting_anew),
        cmocka_unit_test(the_same_level_again_does_not_prolong),
        cmocka_unit_test(a_spike_never_counts),
        cmocka_unit_test(clear_ends_with_the_first_bounce_and_returns_late),
        cmocka_unit_test(a_lost_line_is_neither_clear_nor_active),
        cmocka_unit_test(no_hold_time_counts_at_the_next_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
