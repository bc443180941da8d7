/* Portals: which vehicle an occupancy belongs to, when several are about. */
#include "core_sensors.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL };

/* Nose to tail: B comes into the portal before A is out of it. */
static struct bench *nose_to_tail(void) {
    struct bench *b = measured();
    later(b, 1 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "KA1234AB");
    later(b, 2 * SECOND);
    trailer(b, "in-1", "KA5678AB");
    return b;
}

static void together_in_the_portal(void **state) {
    (void)state;
    struct bench *b = nose_to_tail();
    portal_end(b, "in-1");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    drive_out(b, "in-1");
    later(b, 12 * SECOND);
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    assert_int_equal(last(b)->outcome, GL_OUTCOME_INSPECT);
    assert_int_equal(said(b, "RPM_MISSED"), GL_FAIL);
    bench_free(b);
}

/* The portal alarms while both may be in it: both are inspected. */
static void together_with_an_alarm(void **state) {
    (void)state;
    struct bench *b = nose_to_tail();
    portal_alarm(b, "in-1", true, false);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    drive_out(b, "in-1");
    later(b, 12 * SECOND);
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    assert_int_equal(said(b, "RPM_GAMMA"), GL_FAIL);
    bench_free(b);
}

/* B was close, but it had its own: both are clear. */
static void each_its_own(void **state) {
    (void)state;
    struct bench *b = nose_to_tail();
    portal_end(b, "in-1");
    assert_int_equal(b->n_decisions, 0);
    later(b, 500);
    portal_start(b, "in-1");
    assert_released(b, "in-1"); /* A is known to have been alone now */
    later(b, 3 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    portal_alarm(b, "in-1", true, false); /* B's; or it is A's trailer that came after a gap */
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    drive_out(b, "in-1");
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    bench_free(b);
}

/* A truck alone in the lane, and one that comes over the loop behind it. */
static void follows(struct bench *b) {
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "KA1234AB");
}

static void trailer_after_a_gap(void **state) {
    (void)state;
    struct bench *b = measured();
    later(b, 2 * SECOND);
    portal_end(b, "in-1");
    assert_released(b, "in-1");
    later(b, 1 * SECOND);
    follows(b);
    portal_start(b, "in-1"); /* whose? the trailer's of the first, or the second vehicle's */
    portal_alarm(b, "in-1", true, false);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    drive_out(b, "in-1");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    assert_int_equal(said(b, "RPM_GAMMA"), GL_FAIL);
    bench_free(b);

    b = measured(); /* long after the first was measured, it is the second's alone */
    later(b, 2 * SECOND);
    portal_end(b, "in-1");
    later(b, 11 * SECOND);
    follows(b);
    portal_start(b, "in-1");
    portal_alarm(b, "in-1", true, false);
    assert_released(b, "in-1");
    bench_free(b);
}

/* Both were in the occupancy that alarmed; that the second then has a clear one of its own proves nothing about the first one. */
static void a_shared_alarm_is_kept(void **state) {
    (void)state;
    struct bench *b = nose_to_tail();
    portal_alarm(b, "in-1", true, false);
    assert_int_equal(b->passage.known.radiation, GL_SCAN_GAMMA); /* told for both: after a restart it is still known */
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    portal_through(b, "in-1");
    for (int i = 0; i < 9; i++) portal_pass(b, "in-1"); /* more than are remembered */
    drive_out(b, "in-1");
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    bench_free(b);
}

static void a_doubt_is_not_forgotten(void **state) {
    (void)state;
    struct bench *b = nose_to_tail();
    portal_end(b, "in-1");
    for (int i = 0; i < 9; i++) {
        portal_start(b, "in-1");
        portal_end(b, "in-1");
    }
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    bench_free(b);
}

/* It waits on the loop, behind a truck that takes its time; its own time for the portal begins when the lane moves. */
static void a_queue_takes_its_time(void **state) {
    (void)state;
    struct bench *b = measured();
    later(b, 2 * SECOND);
    portal_end(b, "in-1");
    follows(b);
    trailer(b, "in-1", "KA5678AB");
    later(b, 25 * SECOND);
    drive_out(b, "in-1");
    portal_through(b, "in-1");
    assert_released(b, "in-1");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    bench_free(b);
}

/* B backs out before it has had an occupancy of its own: whether it was in A's, nobody will know. */
static void backs_out_of_the_portal(void **state) {
    (void)state;
    struct bench *b = nose_to_tail();
    portal_end(b, "in-1");
    plate_as(b, "in-1", "KA1234AB", 0.97, GL_TOWARD_LEAVE, false);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    bench_free(b);
}

/* A passed the portal unmeasured; B's occupancy must not clear it. */
static void not_the_next_ones(void **state) {
    (void)state;
    struct bench *b = portal_up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL"); /* 2.2 s */
    later(b, 7 * SECOND);                      /* its time in the portal is over */
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "KA1234AB");
    portal_pass(b, "in-1");
    later(b, 1 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    bench_free(b);
}

/* A portal before the loop: the occupancy is there before the passage is. */
static void before_the_loop(void **state) {
    (void)state;
    struct bench *b = portal_up();
    b->config->lanes[0].devices[3].before_entry = true;
    portal_start(b, "in-1");
    later(b, 1 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    later(b, 2 * SECOND);
    portal_end(b, "in-1");
    trailer(b, "in-1", "NC16TRL");
    assert_released(b, "in-1");
    bench_free(b);

    b = portal_up(); /* a queue between portal and loop: an alarm waits for its vehicle */
    b->config->lanes[0].devices[3].before_entry = true;
    portal_start(b, "in-1");
    portal_alarm(b, "in-1", false, true);
    portal_end_as(b, "in-1", GL_FALSE, GL_TRUE, "");
    later(b, 60 * SECOND);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_inspected(b, "in-1", PHYSICAL, "RPM_NEUTRON");
    bench_free(b);

    b = portal_up(); /* two in one occupancy; the second comes over the loop when it is over */
    b->config->lanes[0].devices[3].before_entry = true;
    portal_start(b, "in-1");
    portal_alarm(b, "in-1", true, false);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    later(b, 1 * SECOND);
    follows(b);
    drive_out(b, "in-1");
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    bench_free(b);

    b = portal_up(); /* the same without an alarm: the first was not alone */
    b->config->lanes[0].devices[3].before_entry = true;
    portal_start(b, "in-1");
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    portal_end(b, "in-1");
    assert_released(b, "in-1");
    later(b, 1 * SECOND);
    follows(b);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    bench_free(b);

    b = portal_up(); /* the camera sees it first */
    b->config->lanes[0].devices[3].before_entry = true;
    plate(b, "in-1", "NC15REG");
    portal_start(b, "in-1");
    later(b, 2 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    portal_end(b, "in-1");
    trailer(b, "in-1", "NC16TRL");
    assert_released(b, "in-1");
    bench_free(b);

    b = portal_up(); /* two went through the portal, and one came over the loop */
    b->config->lanes[0].devices[3].before_entry = true;
    portal_pass(b, "in-1");
    later(b, 500);
    portal_pass(b, "in-1");
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    bench_free(b);
}

/* `after` is long, and a person walks through the beam before the vehicle does, which is then taken for measured. */
static struct bench *a_person_first(void) {
    struct bench *b = portal_up();
    for (int i = 0; i < b->config->n_lanes; i++)
        for (int k = 0; k < b->config->lanes[i].n_devices; k++)
            if (strcmp(b->config->lanes[i].devices[k].plugin, "radiation") == 0)
                b->config->lanes[i].devices[k].after_max_ms = 60 * SECOND;
    bench_again(b);
    bench_ready(b);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    portal_start(b, "in-1"); /* a person, at an easy pace */
    later(b, 1 * SECOND);
    portal_end(b, "in-1");
    assert_released(b, "in-1"); /* nobody can tell yet */
    later(b, 15 * SECOND);
    return b;
}

/* What the portal then says of the vehicle itself looks like that of the one behind. Both are inspected; and who has left is not asked. */
static void a_person_was_measured(void **state) {
    (void)state;
    struct bench *b = a_person_first();
    drive_in(b, "in-1", "KA1234AB", "KA5678AB");
    portal_start(b, "in-1"); /* the first one, at last */
    later(b, 1 * SECOND);
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_RELEASE);
    portal_alarm(b, "in-1", true, false);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    drive_out(b, "in-1"); /* unreleased: an alarm of its own */
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    bench_free(b);
}

/* The same, and what the portal then says proves nothing: whether somebody follows, or nobody. */
static void a_person_was_measured_and_the_vehicle_was_not(void **state) {
    (void)state;
    struct bench *b = a_person_first();
    drive_in(b, "in-1", "KA1234AB", "KA5678AB");
    portal_start(b, "in-1");
    later(b, 1 * SECOND);
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_RELEASE);
    portal_end_as(b, "in-1", GL_FALSE, GL_FALSE, "samples_missing");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    drive_out(b, "in-1");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    bench_free(b);

    b = a_person_first();
    portal_start(b, "in-1");
    portal_end_as(b, "in-1", GL_FALSE, GL_FALSE, "samples_missing");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    bench_free(b);

    b = portal_up(); /* when its time is over, it is nobody's */
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    portal_pass(b, "in-1");
    later(b, 15 * SECOND);
    portal_start(b, "in-1");
    portal_end_as(b, "in-1", GL_FALSE, GL_FALSE, "samples_missing");
    assert_released(b, "in-1");
    bench_free(b);
}

/* The time of the first for the portal is over when the alarm comes: it was measured then, and is not the one. */
static void after_its_time(void **state) {
    (void)state;
    struct bench *b = portal_up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    portal_pass(b, "in-1");
    assert_released(b, "in-1");
    later(b, 15 * SECOND);
    drive_in(b, "in-1", "KA1234AB", "KA5678AB");
    portal_start(b, "in-1");
    portal_alarm(b, "in-1", true, false);
    assert_released(b, "in-1");
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together_in_the_portal), cmocka_unit_test(together_with_an_alarm),
        cmocka_unit_test(each_its_own),           cmocka_unit_test(trailer_after_a_gap),
        cmocka_unit_test(a_shared_alarm_is_kept), cmocka_unit_test(a_doubt_is_not_forgotten),
        cmocka_unit_test(a_queue_takes_its_time), cmocka_unit_test(backs_out_of_the_portal),
        cmocka_unit_test(not_the_next_ones),      cmocka_unit_test(before_the_loop),
        cmocka_unit_test(a_person_was_measured),  cmocka_unit_test(a_person_was_measured_and_the_vehicle_was_not),
        cmocka_unit_test(after_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
