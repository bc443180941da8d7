/* Portals: what an occupancy proves, and what an alarm does, early or late. Whose occupancy it is: test_core_portal_whose.c. */
#include "core_sensors.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL };

static void measured_and_released(void **state) {
    (void)state;
    struct bench *b = measured();
    assert_int_equal(b->n_decisions, 0); /* it is still in the portal */
    assert_int_equal(b->passage.known.radiation, GL_SCAN_RUNNING);
    later(b, 2 * SECOND);
    portal_end(b, "in-1");
    assert_released(b, "in-1");
    assert_int_equal(said(b, "RPM_MISSED"), GL_PASS);
    assert_int_equal(said(b, "RPM_FAULT"), GL_PASS);
    assert_int_equal(b->passage.known.radiation, GL_SCAN_CLEAR);
    assert_int_equal(b->n_alarms, 0);
    bench_free(b);
}

static void alarms_inspect(void **state) {
    (void)state;
    struct bench *b = measured();
    uint32_t told = b->n_passages;
    portal_alarm(b, "in-1", true, false);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_int_equal(b->n_passages, told + 1); /* once in a turn, however much has changed */
    assert_string_equal(last_alarm(b)->kind, "gamma");
    assert_string_equal(last_alarm(b)->passage, last(b)->passage);
    assert_int_equal(b->passage.known.radiation, GL_SCAN_GAMMA);
    uint32_t alarms = b->n_alarms;
    portal_alarm(b, "in-1", true, false); /* told again: once is enough */
    assert_int_equal(b->n_alarms, alarms);
    portal_alarm(b, "in-1", false, true);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_NEUTRON");
    assert_string_equal(last_alarm(b)->kind, "neutron");
    later(b, 3 * SECOND);
    portal_end_as(b, "in-1", GL_TRUE, GL_TRUE, "");
    assert_int_equal(b->n_alarms, alarms + 1);
    assert_int_equal(b->passage.known.radiation, GL_SCAN_GAMMA_NEUTRON);
    bench_free(b);
}

/* The line with the alarm was lost; the occupancy says it all the same. */
static void alarm_told_at_the_end(void **state) {
    (void)state;
    struct bench *b = measured();
    later(b, 2 * SECOND);
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_int_equal(b->n_alarms, 1);
    bench_free(b);
}

static void late_alarm_supersedes(void **state) {
    (void)state;
    struct bench *b = measured();
    portal_end(b, "in-1");
    assert_released(b, "in-1");
    later(b, 2 * SECOND);
    portal_start(b, "in-1"); /* its trailer, after a gap */
    assert_released(b, "in-1");
    portal_alarm(b, "in-1", true, false);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_string_not_equal(last(b)->supersedes, "");
    bench_free(b);
}

/* Where the lane does not require a measurement, its portal can still stop a vehicle. */
static void portal_not_required(void **state) {
    (void)state;
    struct bench *b = portal_up();
    b->config->profiles[0].require &= ~(unsigned)GL_NEED_RADIATION;
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    assert_int_equal(said(b, "RPM_MISSED"), GL_NOTE);
    portal_start(b, "in-1");
    assert_released(b, "in-1");
    portal_alarm(b, "in-1", false, true);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_NEUTRON");
    bench_free(b);
}

static void alarm_when_it_has_left(void **state) {
    (void)state;
    struct bench *b = measured();
    portal_end(b, "in-1");
    char id[GL_UUID];
    memcpy(id, last(b)->passage, sizeof id);
    portal_start(b, "in-1");
    drive_out(b, "in-1");
    uint32_t alarms = b->n_alarms;
    portal_alarm(b, "in-1", true, false);
    assert_int_equal(b->n_alarms, alarms + 1);
    assert_string_equal(last_alarm(b)->passage, id); /* it is gone, but it is known who it was */
    bench_free(b);
}

static void alarm_without_a_vehicle(void **state) {
    (void)state;
    struct bench *b = portal_up();
    portal_start(b, "in-1");
    portal_alarm(b, "in-1", true, false);
    assert_int_equal(b->n_alarms, 1);
    assert_string_equal(last_alarm(b)->passage, "");
    assert_int_equal(b->n_decisions, 0);
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    later(b, 5 * SECOND);
    drive_in(b, "in-1", "NC15REG", "NC16TRL"); /* it may have been this one, before the loop saw it */
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    bench_free(b);

    b = portal_up();
    portal_start(b, "in-1");
    portal_alarm(b, "in-1", true, false);
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    later(b, 60 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, true); /* a minute later it was not */
    plate(b, "in-1", "NC15REG");
    portal_through(b, "in-1");
    trailer(b, "in-1", "NC16TRL");
    assert_released(b, "in-1");
    bench_free(b);
}

/* A person walks through the portal; the truck behind is not measured by that. */
static void nobodys_occupancy_clears_nobody(void **state) {
    (void)state;
    struct bench *b = portal_up();
    portal_pass(b, "in-1");
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    bench_free(b);
}

static void missed(void **state) {
    (void)state;
    struct bench *b = portal_up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_int_equal(b->n_decisions, 0); /* it may still come */
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    assert_int_equal(said(b, "RPM_FAULT"), GL_PASS);
    portal_pass(b, "in-1"); /* outside its time: whose is it? */
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    bench_free(b);
}

static void still_in_the_portal_when_time_is_up(void **state) {
    (void)state;
    struct bench *b = measured();
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_MISSED");
    portal_end(b, "in-1"); /* in favour, and only the desk was asked for */
    assert_released(b, "in-1");
    bench_free(b);
}

static void proves_nothing(void **state) {
    (void)state;
    static const char *const faults[] = {"joined", "interrupted", "unreadable", "disagrees"};
    for (size_t i = 0; i < GL_COUNT(faults); i++) {
        struct bench *b = measured();
        portal_end_as(b, "in-1", GL_FALSE, GL_FALSE, faults[i]);
        assert_inspected(b, "in-1", DESK, "RPM_FAULT");
        bench_free(b);
    }
    struct bench *b = measured(); /* silent about alarms is not "no alarm" */
    portal_end_as(b, "in-1", GL_NULL, GL_FALSE, "");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    bench_free(b);

    b = measured(); /* a second one begins, and the first never ended */
    portal_start(b, "in-1");
    portal_end(b, "in-1");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    bench_free(b);
}

static void unplugged(void **state) {
    (void)state;
    struct bench *b = measured();
    device(b, "in-1.rpm", GL_DEVICE_OFFLINE);
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    device(b, "in-1.rpm", GL_DEVICE_ONLINE); /* what it measured meanwhile nobody knows */
    portal_pass(b, "in-1");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    bench_free(b);

    b = measured(); /* when all was measured, it does no harm */
    portal_end(b, "in-1");
    device(b, "in-1.rpm", GL_DEVICE_OFFLINE);
    assert_released(b, "in-1");
    bench_free(b);

    b = portal_up(); /* away as the truck came: it may have passed unseen */
    device(b, "in-1.rpm", GL_DEVICE_OFFLINE);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    trailer(b, "in-1", "NC16TRL");
    device(b, "in-1.rpm", GL_DEVICE_ONLINE);
    portal_through(b, "in-1");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    bench_free(b);

    b = portal_up(); /* the other lane's portal is no concern here */
    device(b, "in-2.rpm", GL_DEVICE_OFFLINE);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    portal_through(b, "in-1");
    trailer(b, "in-1", "NC16TRL");
    assert_released(b, "in-1");
    bench_free(b);
}

static void fault_and_tamper(void **state) {
    (void)state;
    struct bench *b = portal_up();
    portal_fault(b, "in-1", "background_high");
    assert_string_equal(last_alarm(b)->kind, "portal_fault");
    assert_string_equal(last_alarm(b)->action, "raise");
    char id[GL_UUID];
    memcpy(id, last_alarm(b)->alarm, sizeof id);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    portal_fault(b, "in-1", "");
    assert_string_equal(last_alarm(b)->action, "clear");
    assert_string_equal(last_alarm(b)->alarm, id);
    bench_free(b);

    b = measured();
    portal_tamper(b, "in-1", true);
    assert_string_equal(last_alarm(b)->kind, "tamper");
    portal_tamper(b, "in-1", false);
    portal_end(b, "in-1");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT"); /* it was open while it measured */
    assert_string_equal(last_alarm(b)->action, "clear");
    bench_free(b);

    b = portal_up(); /* its process began anew, and has not heard of it: it is open still */
    portal_tamper(b, "in-1", true);
    device(b, "in-1.rpm", GL_DEVICE_OFFLINE);
    device(b, "in-1.rpm", GL_DEVICE_ONLINE);
    assert_string_equal(last_alarm(b)->action, "raise");
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    portal_start(b, "in-1");
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    trailer(b, "in-1", "NC16TRL");
    portal_end(b, "in-1");
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    struct gl_command c = order(b, "desk", GL_COMMAND_LANE_MODE);
    c.mode = GL_MODE_OPEN;
    assert_true(give(b, &c));
    assert_string_equal(last_alarm(b)->action, "clear");
    bench_free(b);

    b = portal_up(); /* a fault that it does not say any more is over when it is online */
    portal_fault(b, "in-1", "background_high");
    device(b, "in-1.rpm", GL_DEVICE_DEGRADED);
    device(b, "in-1.rpm", GL_DEVICE_ONLINE);
    assert_string_equal(last_alarm(b)->action, "clear");
    bench_free(b);
}

static void lifted_by_two_radiation_officers(void **state) {
    (void)state;
    struct bench *b = measured();
    portal_alarm(b, "in-1", true, false);
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    assert_false(override(b, "desk", "officer-7"));
    assert_false(override(b, "hq", "chief-1"));
    assert_false(override(b, "rad-1", "rad-7"));
    assert_false(override(b, "rad-1", "rad-7")); /* the same person again */
    assert_true(override(b, "rad-1", "rad-8"));
    assert_released(b, "in-1");
    portal_start(b, "in-1");
    portal_alarm(b, "in-1", false, true); /* what they have not seen takes it back */
    assert_inspected(b, "in-1", PHYSICAL, "RPM_NEUTRON");
    bench_free(b);
}

static struct bench *alarming(void) {
    struct bench *b = measured();
    portal_alarm(b, "in-1", true, false);
    portal_end_as(b, "in-1", GL_TRUE, GL_FALSE, "");
    return b;
}

/* Nor is it undone by leading the vehicle out of the lane, and in again. */
static void closed_by_radiation_officers_alone(void **state) {
    (void)state;
    struct bench *b = alarming();
    struct gl_command c = order(b, "desk", GL_COMMAND_CLOSE);
    c.exit = GL_EXIT_UNKNOWN;
    assert_false(give(b, &c));
    assert_non_null(strstr(b->reply.error, "radiation officer"));
    c = order(b, "rad-1", GL_COMMAND_CLOSE);
    c.exit = GL_EXIT_UNKNOWN;
    assert_true(give(b, &c));
    bench_free(b);
}

/* One permission does not stand for another. */
static void permissions_do_not_replace_each_other(void **state) {
    (void)state;
    struct bench *b = measured();
    b->movements[0].m.state = GL_MOVEMENT_CANCELLED;
    portal_alarm(b, "in-1", true, false);
    assert_false(override(b, "rad-1", "rad-7"));
    assert_false(override(b, "rad-1", "rad-8"));
    assert_non_null(strstr(b->reply.error, "DECL_CANCELLED"));
    assert_false(override(b, "hq", "chief-1"));
    bench_free(b);

    b = measured(); /* who agreed to one thing has not agreed to what came after */
    b->movements[0].m.channel = GL_CHANNEL_REFUSE;
    lodged_changed(b);
    portal_end(b, "in-1");
    assert_inspected(b, "in-1", GL_LEVEL_REFUSE, "ENTRY_DENIED");
    assert_false(override(b, "rad-1", "rad-7"));
    portal_alarm(b, "in-1", true, false);
    assert_false(override(b, "rad-1", "rad-8"));
    assert_int_not_equal(b->shown[0].signal, GL_SIGNAL_RELEASE);
    bench_free(b);

    b = alarming(); /* the same person, written otherwise */
    assert_false(override(b, "rad-1", "rad-7"));
    assert_false(override(b, "rad-1", "RAD-7"));
    bench_free(b);
}

/* Two officers have lifted the tractor's alarm; then its trailer alarms. */
static void another_alarm_after_the_lift(void **state) {
    (void)state;
    struct bench *b = alarming();
    assert_false(override(b, "rad-1", "rad-7"));
    assert_true(override(b, "rad-1", "rad-8"));
    assert_released(b, "in-1");
    portal_start(b, "in-1");
    assert_released(b, "in-1");
    portal_alarm(b, "in-1", true, false);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    bench_free(b);
}

/* An officer has sent it to be examined; the alarm that comes then is a decision of its own. */
static void an_officers_inspect_hides_nothing(void **state) {
    (void)state;
    struct bench *b = measured();
    later(b, 12 * SECOND);
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.outcome = GL_OUTCOME_INSPECT;
    c.level = PHYSICAL;
    assert_true(give(b, &c));
    portal_alarm(b, "in-1", true, false);
    assert_int_equal(said(b, "RPM_GAMMA"), GL_FAIL);
    bench_free(b);
}

static void an_inspection_does_not_lift_it(void **state) {
    (void)state;
    struct bench *b = measured();
    portal_alarm(b, "in-1", true, false);
    struct gl_command c = order(b, "desk", GL_COMMAND_INSPECTION_RESULT);
    assert_false(give(b, &c));
    assert_non_null(strstr(b->reply.error, "RPM_GAMMA"));
    bench_free(b);
}

static void survives_a_restart(void **state) {
    (void)state;
    struct bench *b = measured();
    portal_alarm(b, "in-1", true, false);
    struct gl_passage open = b->passage;
    bench_restart(b, &open, 1);
    bench_ready(b);
    assert_inspected(b, "in-1", PHYSICAL, "RPM_GAMMA");
    assert_int_equal(said(b, "GATEWAY_RESTARTED"), GL_FAIL);
    bench_free(b);
}

static void restore_alarm(struct bench *b, const char *kind, int64_t ago) {
    step(b, &(struct gl_event){.type = GL_EV_RESTORE_ALARM,
                               .restore_alarm = {"in-1", kind, "0197a000-0000-7000-8000-000000000001", b->now.wall - ago}});
}

/* Alarms of the lane, which no passage tells of, survive it too. */
static void standing_alarms_survive_a_restart(void **state) {
    (void)state;
    struct bench *b = portal_up();
    bench_restart(b, NULL, 0);
    restore_alarm(b, "portal_fault", HOUR);
    restore_alarm(b, "tamper", HOUR);
    restore_alarm(b, "tailgate", 0);
    bench_ready(b);
    assert_int_equal(b->n_alarms, 1); /* the portal is online: its fault is over, and the alarm is cleared by its own id */
    assert_string_equal(last_alarm(b)->kind, "portal_fault");
    assert_string_equal(last_alarm(b)->alarm, "0197a000-0000-7000-8000-000000000001");
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "RPM_FAULT");
    portal_tamper(b, "in-1", false);
    assert_string_equal(last_alarm(b)->kind, "tamper");
    bench_free(b);

    for (int old = 0; old < 2; old++) {
        b = portal_up();
        bench_restart(b, NULL, 0);
        restore_alarm(b, "gamma", old ? HOUR : SECOND);
        bench_ready(b);
        later(b, 2 * SECOND);
        drive_in(b, "in-1", "NC15REG", "NC16TRL");
        later(b, 12 * SECOND);
        assert_inspected(b, "in-1", old ? DESK : PHYSICAL, old ? "RPM_MISSED" : "RPM_GAMMA");
        bench_free(b);
    }
}

/* Somebody else's reading about radiation counts for nothing here. */
static void from_the_portal_alone(void **state) {
    (void)state;
    struct bench *b = portal_up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    struct gl_reading r;
    portal_says(&r, b, "in-1", GL_RADIATION_START);
    gl_clip(r.device, sizeof r.device, "in-2.rpm");
    send(b, &r);
    assert_int_equal(b->passage.known.radiation, GL_SCAN_NONE);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measured_and_released),
        cmocka_unit_test(alarms_inspect),
        cmocka_unit_test(alarm_told_at_the_end),
        cmocka_unit_test(late_alarm_supersedes),
        cmocka_unit_test(portal_not_required),
        cmocka_unit_test(alarm_when_it_has_left),
        cmocka_unit_test(alarm_without_a_vehicle),
        cmocka_unit_test(nobodys_occupancy_clears_nobody),
        cmocka_unit_test(missed),
        cmocka_unit_test(still_in_the_portal_when_time_is_up),
        cmocka_unit_test(proves_nothing),
        cmocka_unit_test(unplugged),
        cmocka_unit_test(fault_and_tamper),
        cmocka_unit_test(lifted_by_two_radiation_officers),
        cmocka_unit_test(closed_by_radiation_officers_alone),
        cmocka_unit_test(permissions_do_not_replace_each_other),
        cmocka_unit_test(another_alarm_after_the_lift),
        cmocka_unit_test(an_officers_inspect_hides_nothing),
        cmocka_unit_test(an_inspection_does_not_lift_it),
        cmocka_unit_test(survives_a_restart),
        cmocka_unit_test(standing_alarms_survive_a_restart),
        cmocka_unit_test(from_the_portal_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
