/* The gpio plugin on chips that fail, one or one of two: the lane is safe meanwhile, and comes back. */
#include "gpio_bench.h"

static void a_chip_that_is_absent_at_start_is_tried_again(void **state) {
    (void)state;
    memory[0].absent = true;
    start();
    assert_string_equal(box.health, "gpio chip a: no such chip; tried again every second");
    assert_int_equal(box.n_readings, 0);
    pass(3000);
    assert_int_equal(box.n_health, 1);
    memory[0].absent = false;
    pass(1000);
    assert_string_equal(box.health, "");
    assert_string_equal(shown(), "R");
    assert_int_equal(box.n_readings, 3);
}

static void a_chip_pulled_out_comes_back_safe_and_tells_its_inputs(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 60000);
    memory[0].gone = true;
    wake(0);
    assert_string_equal(box.health, "gpio chip a: pulled out; tried again every second");
    ask(GL_SIGNAL_RELEASE, 60000);
    memory[0].gone = false;
    memory[0].level[ENTRY] = true;
    pass(1000);
    assert_string_equal(box.health, "");
    assert_string_equal(shown(), "R"); /* what was asked before is not believed any more */
    assert_int_equal(box.n_readings, 6);
    assert_reading(3, "entry-loop", GL_ZONE_ENTRY, true);
    ask(GL_SIGNAL_RELEASE, 60000);
    assert_string_equal(shown(), "GB");
}

static void a_chip_that_comes_back_keeps_the_barrier_over_a_vehicle(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 60000);
    drive(EXIT, true);
    memory[0].gone = true;
    wake(0);
    memory[0].gone = false;
    pass(1000);
    assert_string_equal(shown(), "RB");
    drive(EXIT, false);
    pass(100);
    assert_string_equal(shown(), "R");
}

static void a_dead_chip_is_noticed_without_any_edge(void **state) {
    (void)state;
    start();
    memory[0].gone = true;
    pass(GPIO_BEAT_MS + GPIO_TICK_MS);
    assert_non_null(strstr(box.health, "no such device"));
}

static void a_green_that_cannot_be_lit_ends_red(void **state) {
    (void)state;
    start();
    memory[0].refuse_set = GREEN_LINE;
    ask(GL_SIGNAL_RELEASE, 30000);
    assert_string_equal(shown(), "R");
    assert_non_null(strstr(box.health, "line 9: cannot be set"));
    pass(1500);
    assert_string_equal(shown(), "R");
    assert_true(*box.health);
    memory[0].refuse_set = -1;
    pass(1500);
    assert_string_equal(box.health, "");
    assert_string_equal(shown(), "R");
}

static void a_green_that_cannot_be_put_out_gets_red_beside_it(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 30000);
    memory[0].refuse_set = GREEN_LINE;
    ask(GL_SIGNAL_STOP, 0);
    assert_string_equal(shown(), "RG"); /* together they mean stop; green alone would mean go */
    assert_true(*box.health);
    memory[0].together = false;
    memory[0].refuse_set = -1;
    memory[0].level[RED_LINE] = false;
    pass(1000);
    assert_string_equal(shown(), "R");
}

static void a_busy_line_does_not_keep_the_others_from_being_safe(void **state) {
    (void)state;
    memory[0].refuse_claim = ENTRY;
    memory[0].level[GREEN_LINE] = true;
    start();
    assert_string_equal(shown(), "R");
    assert_string_equal(box.health, "gpio chip a: line 4 is in use; tried again every second");
    ask(GL_SIGNAL_RELEASE, 30000);
    assert_string_equal(shown(), "R");
}

static void a_barrier_stays_when_the_exit_loop_is_unknown(void **state) {
    (void)state;
    memory[0].refuse_claim = EXIT;
    memory[0].level[BARRIER_LINE] = true;
    start();
    assert_string_equal(shown(), "RB");
}

static void a_chip_that_cannot_be_watched_is_lost(void **state) {
    (void)state;
    box.no_watch = true;
    start();
    assert_non_null(strstr(box.health, "cannot be watched"));
    box.no_watch = false;
    pass(1000);
    assert_string_equal(box.health, "");
}

/* The same lane with one line on a second chip. */
static void start_with_on_b(unsigned offset) {
    static struct gl_line two[GL_COUNT(lane)];
    memcpy(two, lane, sizeof(lane));
    for (size_t i = 0; i < GL_COUNT(two); i++)
        if (two[i].offset == offset) assert_int_equal(gl_copy(two[i].chip, sizeof(two[i].chip), "b"), 0);
    host.lines = two;
    start();
}

static void a_second_lost_chip_makes_the_first_safe(void **state) {
    (void)state;
    start_with_on_b(ENTRY);
    ask(GL_SIGNAL_RELEASE, 30000);
    assert_string_equal(shown(), "GB");
    memory[1].gone = true;
    wake(1);
    assert_string_equal(shown(), "R");
    assert_string_equal(box.health, "gpio chip b: pulled out; tried again every second");
    size_t beats = memory[0].beats;
    pass(500);
    assert_int_equal(memory[0].beats, beats);
    memory[1].gone = false;
    pass(500);
    ask(GL_SIGNAL_RELEASE, 30000);
    assert_string_equal(shown(), "GB");
}

static void an_emergency_stop_that_is_lost_counts_as_pressed(void **state) {
    (void)state;
    start_with_on_b(ESTOP);
    ask(GL_SIGNAL_RELEASE, 30000);
    memory[1].gone = true;
    wake(1);
    assert_string_equal(shown(), "R");
}

static void an_exit_loop_that_is_lost_holds_the_barrier(void **state) {
    (void)state;
    start_with_on_b(EXIT);
    ask(GL_SIGNAL_RELEASE, 30000);
    memory[1].gone = true;
    wake(1);
    assert_string_equal(shown(), "RB");
    memory[1].gone = false;
    pass(1000);
    assert_string_equal(shown(), "R");
}

static void a_green_that_fails_on_another_chip_lights_red_again(void **state) {
    (void)state;
    start_with_on_b(GREEN_LINE);
    memory[1].refuse_set = GREEN_LINE;
    ask(GL_SIGNAL_RELEASE, 30000);
    assert_string_equal(shown(), "R");
    assert_true(*box.health);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_chip_that_is_absent_at_start_is_tried_again),
        T(a_chip_pulled_out_comes_back_safe_and_tells_its_inputs),
        T(a_chip_that_comes_back_keeps_the_barrier_over_a_vehicle),
        T(a_dead_chip_is_noticed_without_any_edge),
        T(a_green_that_cannot_be_lit_ends_red),
        T(a_green_that_cannot_be_put_out_gets_red_beside_it),
        T(a_busy_line_does_not_keep_the_others_from_being_safe),
        T(a_barrier_stays_when_the_exit_loop_is_unknown),
        T(a_chip_that_cannot_be_watched_is_lost),
        T(a_second_lost_chip_makes_the_first_safe),
        T(an_emergency_stop_that_is_lost_counts_as_pressed),
        T(an_exit_loop_that_is_lost_holds_the_barrier),
        T(a_green_that_fails_on_another_chip_lights_red_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
