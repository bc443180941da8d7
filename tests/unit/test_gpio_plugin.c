/* The gpio plugin on a chip that obeys: what the lane shows, and what it tells of its inputs. */
#include "gpio_bench.h"

/* ---- starting and ending ---- */

static void it_starts_safe_and_tells_where_the_inputs_stand(void **state) {
    (void)state;
    memory[0].level[ENTRY] = true;
    start();
    assert_string_equal(shown(), "R");
    assert_int_equal(box.n_readings, 3);
    assert_reading(0, "entry-loop", GL_ZONE_ENTRY, true);
    assert_reading(1, "exit-loop", GL_ZONE_EXIT, false);
    assert_reading(2, "estop", GL_ZONE_EMERGENCY_STOP, false);
    assert_int_equal(box.readings[0].time, box.now.wall);
    assert_string_equal(box.health, "");
    assert_int_equal(box.n_health, 1);
}

static void a_green_left_by_a_killed_process_goes_off_before_red_comes_on(void **state) {
    (void)state;
    memory[0].level[GREEN_LINE] = memory[0].level[BARRIER_LINE] = true;
    start();
    assert_string_equal(shown(), "R");
    assert_int_equal(memory[0].writes[0].offset, GREEN_LINE);
    assert_false(memory[0].writes[0].level);
}

static void a_barrier_left_up_over_a_vehicle_is_not_dropped_by_the_start(void **state) {
    (void)state;
    memory[0].level[GREEN_LINE] = memory[0].level[BARRIER_LINE] = memory[0].level[EXIT] = true;
    start();
    assert_string_equal(shown(), "RB");
    for (size_t i = 0; i < memory[0].n_writes; i++)
        assert_true(memory[0].writes[i].offset != BARRIER_LINE || memory[0].writes[i].level);
    drive(EXIT, false);
    assert_string_equal(shown(), "RB");
    pass(60);
    assert_string_equal(shown(), "R");
}

static void closing_leaves_the_safe_state(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 30000);
    assert_string_equal(shown(), "GB");
    gl_plugin.close(ctx);
    ctx = NULL;
    assert_string_equal(shown(), "R");
}

static void closing_leaves_the_barrier_over_a_vehicle(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 30000);
    drive(EXIT, true);
    gl_plugin.close(ctx);
    ctx = NULL;
    assert_string_equal(shown(), "RB");
}

/* ---- what is asked ---- */

static void signals_are_shown(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_INSPECT, 0);
    assert_string_equal(shown(), "RA");
    ask(GL_SIGNAL_RELEASE, 5000);
    assert_string_equal(shown(), "GB");
    ask(GL_SIGNAL_STOP, 0);
    assert_string_equal(shown(), "R");
    ask(GL_SIGNAL_RELEASE, 5000);
    ask(GL_SIGNAL_INSPECT, 0);
    assert_string_equal(shown(), "RA");
    ask(GL_SIGNAL_NONE, 0);
    assert_string_equal(shown(), "R");
    ask((enum gl_signal)200, 5000);
    assert_string_equal(shown(), "R");
}

static void nothing_is_written_that_stands_already(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_STOP, 0);
    size_t before = memory[0].n_writes;
    pass(1000);
    assert_int_equal(memory[0].n_writes, before);
}

static void a_lease_ends_by_itself(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 1000);
    pass(980);
    assert_string_equal(shown(), "GB");
    pass(20);
    assert_string_equal(shown(), "R");
    assert_non_null(strstr(box.log, "the release is over"));
    pass(500);
    assert_string_equal(shown(), "R");
}

static void silence_means_safe(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 60000);
    pass(2980);
    assert_string_equal(shown(), "GB");
    pass(20);
    assert_string_equal(shown(), "R");
    assert_non_null(strstr(box.log, "silent"));
    ask(GL_SIGNAL_INSPECT, 0);
    assert_string_equal(shown(), "RA");
    pass(3000);
    assert_string_equal(shown(), "R");
}

static void the_barrier_waits_for_the_exit_loop(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 30000);
    drive(EXIT, true);
    ask(GL_SIGNAL_STOP, 0);
    assert_string_equal(shown(), "RB");
    pass(1000);
    assert_string_equal(shown(), "RB");
    drive(EXIT, false);
    pass(40);
    assert_string_equal(shown(), "RB");
    pass(40);
    assert_string_equal(shown(), "R");
    drive(EXIT, true); /* it does not rise again for that */
    pass(1000);
    assert_string_equal(shown(), "R");
}

/* ---- inputs ---- */

static void a_change_counts_once_it_has_stood(void **state) {
    (void)state;
    start();
    int64_t came = box.now.wall;
    drive(ENTRY, true);
    pass(40);
    assert_int_equal(box.n_readings, 3);
    pass(20);
    assert_int_equal(box.n_readings, 4);
    assert_reading(3, "entry-loop", GL_ZONE_ENTRY, true);
    assert_int_equal(box.readings[3].time, came);
    assert_int_equal(box.readings[3].received_at, box.now.wall);
    assert_int_equal(box.readings[3].received_mono, box.now.mono);
}

static void a_bouncing_contact_makes_one_reading(void **state) {
    (void)state;
    start();
    for (int i = 0; i < 20; i++) {
        drive(ENTRY, i % 2 == 0);
        pass(20);
    }
    assert_int_equal(box.n_readings, 3);
    drive(ENTRY, true);
    pass(400);
    assert_int_equal(box.n_readings, 4);
}

static void a_lost_edge_is_found_by_looking(void **state) {
    (void)state;
    start();
    memory[0].deaf = true;
    drive(ENTRY, true);
    pass(GPIO_BEAT_MS + 80);
    assert_int_equal(box.n_readings, 4);
    assert_reading(3, "entry-loop", GL_ZONE_ENTRY, true);
}

static void a_lost_falling_edge_does_not_drop_the_barrier_early(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 30000);
    drive(EXIT, true);
    pass(100);
    ask(GL_SIGNAL_STOP, 0);
    drive(EXIT, false);
    memory[0].deaf = true;
    drive(EXIT, true); /* the wheel of a trailer: its edge is lost, but the line says so */
    pass(200);
    assert_string_equal(shown(), "RB");
}

/* ---- emergency stop ---- */

static void the_emergency_stop_wins_at_once(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 30000);
    drive(ESTOP, true); /* not debounced: a first contact is enough */
    assert_string_equal(shown(), "R");
    ask(GL_SIGNAL_RELEASE, 30000);
    assert_string_equal(shown(), "R");
    ask(GL_SIGNAL_INSPECT, 0);
    assert_string_equal(shown(), "R");
    pass(100);
    assert_reading(3, "estop", GL_ZONE_EMERGENCY_STOP, true);
}

static void the_emergency_stop_leaves_the_barrier_over_a_vehicle(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 30000);
    drive(EXIT, true);
    drive(ESTOP, true);
    assert_string_equal(shown(), "RB");
    drive(EXIT, false);
    pass(100);
    assert_string_equal(shown(), "R");
}

static void a_release_does_not_outlive_an_emergency_stop(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_RELEASE, 30000);
    drive(ESTOP, true);
    pass(100);
    drive(ESTOP, false);
    pass(100);
    assert_string_equal(shown(), "R");
    ask(GL_SIGNAL_RELEASE, 30000);
    assert_string_equal(shown(), "GB");
}

/* ---- heartbeat ---- */

static void the_heart_beats_only_while_all_is_well(void **state) {
    (void)state;
    start();
    pass(1000);
    assert_int_equal(memory[0].beats, 0);
    ask(GL_SIGNAL_STOP, 0);
    pass(2000);
    assert_in_range(memory[0].beats, 8, 9);
    pass(1000);
    size_t beats = memory[0].beats;
    pass(2000); /* silent */
    assert_int_equal(memory[0].beats, beats);
}

static void a_lost_chip_stops_the_heart(void **state) {
    (void)state;
    start();
    ask(GL_SIGNAL_STOP, 0);
    pass(500);
    memory[0].gone = true;
    wake(0);
    size_t beats = memory[0].beats;
    pass(500);
    assert_int_equal(memory[0].beats, beats);
}

/* ---- configuration ---- */

static void assert_refused(const struct gl_line *lines, size_t n, const char *text) {
    struct gl_error err = {""};
    host.lines = lines;
    host.n_lines = n;
    assert_int_equal(gl_plugin.open(&host, &ctx, &err), -EINVAL);
    assert_non_null(strstr(err.text, text));
    assert_null(ctx);
}

static void bad_lines_are_refused(void **state) {
    (void)state;
    assert_refused(NULL, 0, "a gpio device has 1 to 32");
    assert_refused((struct gl_line[]){{.use = GL_LINE_RED, .offset = 3}}, 1, "names no chip");
    assert_refused((struct gl_line[]){{.use = GL_LINE_INPUT, .chip = "a", .offset = 3}}, 1, "needs a device and a zone");
    assert_refused((struct gl_line[]){{.use = GL_LINE_RED, .chip = "a", .debounce_ms = -1}}, 1, "debounce");
    assert_refused(
        (struct gl_line[]){{.use = GL_LINE_RED, .chip = "a", .offset = 3}, {.use = GL_LINE_GREEN, .chip = "a", .offset = 3}}, 2,
        "a/3 is used twice");
}

static void another_abi_is_refused(void **state) {
    (void)state;
    struct gl_error err = {""};
    struct gl_host other = host;
    other.abi++;
    assert_int_equal(gl_plugin.open(&other, &ctx, &err), -EINVAL);
    assert_non_null(strstr(err.text, "ABI"));
}

static void a_barrier_without_an_exit_loop_is_warned_of(void **state) {
    (void)state;
    const struct gl_line few[] = {{.use = GL_LINE_RED, .chip = "a", .offset = RED_LINE},
                                  {.use = GL_LINE_BARRIER, .chip = "a", .offset = BARRIER_LINE}};
    host.lines = few;
    host.n_lines = 2;
    struct gl_error err = {""};
    memory[0].absent = true;
    assert_int_equal(gl_plugin.open(&host, &ctx, &err), 0);
    gl_plugin.close(ctx);
    ctx = NULL;
    memory[0].absent = false;
    start();
    ask(GL_SIGNAL_RELEASE, 1000);
    assert_string_equal(shown(), "B");
    pass(1000);
    assert_string_equal(shown(), "R");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(it_starts_safe_and_tells_where_the_inputs_stand),
        T(a_green_left_by_a_killed_process_goes_off_before_red_comes_on),
        T(a_barrier_left_up_over_a_vehicle_is_not_dropped_by_the_start),
        T(closing_leaves_the_safe_state),
        T(closing_leaves_the_barrier_over_a_vehicle),
        T(signals_are_shown),
        T(nothing_is_written_that_stands_already),
        T(a_lease_ends_by_itself),
        T(silence_means_safe),
        T(the_barrier_waits_for_the_exit_loop),
        T(a_change_counts_once_it_has_stood),
        T(a_bouncing_contact_makes_one_reading),
        T(a_lost_edge_is_found_by_looking),
        T(a_lost_falling_edge_does_not_drop_the_barrier_early),
        T(the_emergency_stop_wins_at_once),
        T(the_emergency_stop_leaves_the_barrier_over_a_vehicle),
        T(a_release_does_not_outlive_an_emergency_stop),
        T(the_heart_beats_only_while_all_is_well),
        T(a_lost_chip_stops_the_heart),
        T(bad_lines_are_refused),
        T(another_abi_is_refused),
        T(a_barrier_without_an_exit_loop_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
