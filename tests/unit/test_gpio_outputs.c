/* Which lamps for which wish, how long a wish counts, and the order of switching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../plugins/gpio/outputs.c"

static void each_signal_has_its_lamps(void **state) {
    (void)state;
    assert_int_equal(gl_output_levels(GL_SIGNAL_NONE, false, true), RED);
    assert_int_equal(gl_output_levels(GL_SIGNAL_STOP, false, true), RED);
    assert_int_equal(gl_output_levels(GL_SIGNAL_RELEASE, false, true), GREEN | BARRIER);
    assert_int_equal(gl_output_levels(GL_SIGNAL_INSPECT, false, true), RED | AMBER);
    assert_int_equal(gl_output_levels(GL_SIGNAL_FAULT, false, true), RED);
    assert_int_equal(gl_output_levels(99, false, true), RED);
}

static void no_row_shows_red_and_green_and_only_release_opens(void **state) {
    (void)state;
    for (int signal = 0; signal < 256; signal++)
        for (int i = 0; i < 4; i++) {
            unsigned l = gl_output_levels((uint8_t)signal, i & 1, i & 2);
            assert_int_not_equal(l & (RED | GREEN), RED | GREEN);
            assert_int_not_equal(l & (RED | GREEN), 0);
            if (signal != GL_SIGNAL_RELEASE) assert_int_equal(l & GREEN, 0);
            if (signal != GL_SIGNAL_RELEASE && !(i & 1)) assert_int_equal(l & BARRIER, 0);
        }
}

static void the_barrier_stays_over_a_vehicle(void **state) {
    (void)state;
    assert_int_equal(gl_output_levels(GL_SIGNAL_STOP, true, false), RED | BARRIER);
    assert_int_equal(gl_output_levels(GL_SIGNAL_FAULT, true, false), RED | BARRIER);
    assert_int_equal(gl_output_levels(GL_SIGNAL_STOP, true, true), RED);
    assert_int_equal(gl_output_levels(GL_SIGNAL_STOP, false, false), RED);
}

static void a_release_lasts_as_long_as_its_lease(void **state) {
    (void)state;
    struct gl_asked a = {0};
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_RELEASE, 5000, 60000}, 1000);
    assert_null(gl_asked_hindrance(&a, 5999));
    assert_non_null(gl_asked_hindrance(&a, 6000));
    assert_true(gl_asked_fresh(&a, 6000));
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_STOP, 0, 60000}, 6000);
    assert_null(gl_asked_hindrance(&a, 6001));
}

static void silence_ends_everything(void **state) {
    (void)state;
    struct gl_asked a = {0};
    assert_non_null(gl_asked_hindrance(&a, 0));
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_RELEASE, 50000, 3000}, 1000);
    assert_null(gl_asked_hindrance(&a, 3999));
    assert_non_null(gl_asked_hindrance(&a, 4000));
    assert_false(gl_asked_fresh(&a, 4000));
}

static void odd_numbers_are_cut_to_the_safe_side(void **state) {
    (void)state;
    struct gl_asked a = {0};
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_RELEASE, INT64_MAX, INT64_MAX}, 1000);
    assert_int_equal(a.lease_end, 1000 + GL_LEASE_MAX_MS);
    assert_int_equal(a.silent_at, 1000 + GL_SILENCE_MAX_MS);
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_RELEASE, INT64_MIN, 3000}, 1000);
    assert_non_null(gl_asked_hindrance(&a, 1000));
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_RELEASE, 5000, INT64_MIN}, 1000);
    assert_non_null(gl_asked_hindrance(&a, 1000));
    gl_asked_set(&a, &(struct gl_output){77, 5000, 3000}, 1000);
    assert_int_equal(a.signal, GL_SIGNAL_FAULT);
}

static void a_revoked_release_does_not_come_back(void **state) {
    (void)state;
    struct gl_asked a = {0};
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_RELEASE, 5000, 3000}, 1000);
    gl_asked_revoke(&a);
    assert_non_null(gl_asked_hindrance(&a, 1001));
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_RELEASE, 5000, 3000}, 1100);
    assert_null(gl_asked_hindrance(&a, 1101));
    gl_asked_set(&a, &(struct gl_output){GL_SIGNAL_INSPECT, 0, 3000}, 1200);
    gl_asked_revoke(&a);
    assert_null(gl_asked_hindrance(&a, 1201));
    assert_int_equal(a.signal, GL_SIGNAL_INSPECT);
}

/* From any levels to any others: red and green are never lit together on the way. */
static void switching_never_lights_red_and_green_together(void **state) {
    (void)state;
    static const unsigned rows_shown[] = {RED, RED | AMBER, GREEN | BARRIER, GREEN, RED | BARRIER, 0};
    for (size_t from = 0; from < GL_COUNT(rows_shown); from++)
        for (size_t to = 0; to < GL_COUNT(rows_shown); to++) {
            unsigned now = rows_shown[from];
            for (size_t s = 0; s < GL_OUTPUT_STEPS; s++) {
                unsigned bit = 1u << gl_output_steps[s].use;
                bool on = rows_shown[to] & bit;
                if (on != gl_output_steps[s].level) continue;
                if (on && bit == BARRIER) assert_int_equal(now & ~BARRIER, rows_shown[to] & ~BARRIER); /* the way opens last */
                now = on ? now | bit : now & ~bit;
                assert_int_not_equal(now & (RED | GREEN), RED | GREEN);
            }
            assert_int_equal(now, rows_shown[to]);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_signal_has_its_lamps),
        cmocka_unit_test(no_row_shows_red_and_green_and_only_release_opens),
        cmocka_unit_test(the_barrier_stays_over_a_vehicle),
        cmocka_unit_test(a_release_lasts_as_long_as_its_lease),
        cmocka_unit_test(silence_ends_everything),
        cmocka_unit_test(odd_numbers_are_cut_to_the_safe_side),
        cmocka_unit_test(a_revoked_release_does_not_come_back),
        cmocka_unit_test(switching_never_lights_red_and_green_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
