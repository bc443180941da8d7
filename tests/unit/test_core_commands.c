/* What officers may ask for, what they are refused and in which words; and that no command reaches another vehicle than the one its sender saw. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL, REFUSE = GL_LEVEL_REFUSE };

/* A vehicle with an undeclared plate stands at the line of in-1, inspected at the desk. */
static struct bench *standing(void) {
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", NULL);
    drive_in(b, "in-1", "KA1234AB", NULL);
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "NO_DECLARATION");
    return b;
}
/* One that was announced, and whose papers the test has spoilt before. */
static struct bench *spoilt(uint8_t channel, uint8_t control, uint8_t state, double random) {
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", NULL)->m.channel = channel;
    b->declarations[0].control = control;
    b->declarations[0].state = state;
    b->config->profiles[0].random_rate = random;
    drive_in(b, "in-1", "NC15REG", NULL);
    later(b, 12 * SECOND);
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_INSPECT);
    return b;
}

#define REFUSED(b, c, words)                                                         \
    do {                                                                             \
        assert_false(give(b, &(c)));                                                 \
        if (!strstr((b)->reply.error, words)) print_error("%s\n", (b)->reply.error); \
        assert_true(strstr((b)->reply.error, words) != NULL);                        \
    } while (0)

static void who_and_when(void **state) {
    (void)state;
    struct bench *b = standing();
    struct gl_command c = order(b, "nobody", GL_COMMAND_OVERRIDE);
    REFUSED(b, c, "client nobody is not configured");
    c = order(b, "display", GL_COMMAND_OVERRIDE);
    REFUSED(b, c, "client display may not send override");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.id[0] = '\0';
    REFUSED(b, c, "id is missing");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.expires_at = 0;
    REFUSED(b, c, "expires_at is missing");
    c.expires_at = b->now.wall;
    REFUSED(b, c, "the command has expired");
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_INSPECT);
    c.expires_at = b->now.wall + 1; /* what was refused before it was taken may be sent again */
    assert_true(give(b, &c));
    REFUSED(b, c, "was already taken");
    c = order(b, "hq", GL_COMMAND_LANE_MODE); /* the same id from another sender is another command */
    gl_format(c.id, sizeof c.id, "command-%u", b->commands - 1);
    c.mode = GL_MODE_OPEN;
    assert_true(give(b, &c));
    bench_free(b);
}

static void what_it_is_about(void **state) {
    (void)state;
    struct bench *b = standing();
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    gl_clip(c.lane, sizeof c.lane, "in-9");
    REFUSED(b, c, "lane in-9 does not exist");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.lane[0] = '\0';
    REFUSED(b, c, "lane (none named) does not exist");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.passage[0] = '\0';
    REFUSED(b, c, "passage (none named) is not open in lane in-1");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    gl_clip(c.lane, sizeof c.lane, "in-2"); /* the right passage in the wrong lane */
    REFUSED(b, c, "is not open in lane in-2");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.decision[0] = '\0';
    REFUSED(b, c, "the decision is now ");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.outcome = GL_OUTCOME_NONE;
    REFUSED(b, c, "outcome is missing");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.officer.id[0] = '\0';
    REFUSED(b, c, "officer.id is missing");
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.reason[0] = '\0';
    REFUSED(b, c, "reason is missing");
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_INSPECT);
    assert_int_equal(b->shown[1].signal, GL_SIGNAL_STOP);
    bench_free(b);
}

/* Late for one truck, it must not open for the next. */
static void never_for_the_next(void **state) {
    (void)state;
    struct bench *b = standing();
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    drive_out(b, "in-1");
    drive_in(b, "in-1", "KA1235AB", NULL);
    later(b, 12 * SECOND);
    REFUSED(b, c, "is not open in lane in-1");
    bench_free(b);

    b = standing(); /* nor for the one behind */
    drive_in(b, "in-1", "KA1235AB", NULL);
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    memcpy(c.passage, b->passage.passage, sizeof c.passage);
    REFUSED(b, c, "is not decided yet");
    bench_free(b);

    b = standing(); /* nor after something has come up that its sender has not seen */
    c = order(b, "desk", GL_COMMAND_OVERRIDE);
    device(b, "in-1.front", GL_DEVICE_OFFLINE);
    REFUSED(b, c, "the decision is now ");
    assert_true(override(b, "desk", "officer-7"));
    bench_free(b);
}

static void an_override(void **state) {
    (void)state;
    struct bench *b = standing();
    char before[GL_UUID];
    gl_clip(before, sizeof before, last_id(b));
    assert_true(override(b, "desk", "officer-7"));
    assert_released(b, "in-1");
    assert_string_equal(last(b)->officer.id, "officer-7");
    assert_string_equal(last(b)->reason, "papers seen");
    assert_string_equal(last(b)->supersedes, before);
    assert_int_equal(said(b, "OVERRIDE"), GL_NOTE);
    assert_int_equal(said(b, "NO_DECLARATION"), GL_FAIL); /* what the rules said stays visible */
    assert_int_equal(b->shown[0].until, b->now.wall + 30 * SECOND);
    later(b, 30 * SECOND);
    assert_inspected(b, "in-1", DESK, "RELEASE_EXPIRED");
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE); /* to inspect: at what level he says, else physically */
    c.outcome = GL_OUTCOME_INSPECT;
    assert_true(give(b, &c));
    assert_inspected(b, "in-1", PHYSICAL, "OVERRIDE");
    bench_free(b);
}

/* What an officer let go stays let go against what he has seen, and not against what is beyond him. */
static void after_an_override(void **state) {
    (void)state;
    struct bench *b = spoilt(GL_CHANNEL_DESK, GL_CHANNEL_NONE, GL_DECLARATION_RELEASED, 0);
    assert_true(override(b, "hq", "officer-1"));
    assert_released(b, "in-1");
    lodged_changed(b);
    assert_released(b, "in-1");
    b->declarations[0].control = GL_CHANNEL_PHYSICAL;
    lodged_changed(b);
    assert_inspected(b, "in-1", PHYSICAL, "AUTHORITY_CONTROL");
    bench_free(b);

    b = standing();
    assert_true(override(b, "desk", "officer-7"));
    b->movements[0].m.means[0] = (struct gl_answer_means){.role = GL_ROLE_VEHICLE, .plate = "KA1234AB"};
    b->movements[0].m.state = GL_MOVEMENT_CANCELLED; /* known only now: the authority's to lift */
    lodged_changed(b);
    assert_inspected(b, "in-1", DESK, "DECL_CANCELLED");
    assert_false(override(b, "desk", "officer-7"));
    bench_free(b);

    b = standing(); /* he had said inspect first, and then let it go: a control that is ordered now is still news */
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.outcome = GL_OUTCOME_INSPECT;
    assert_true(give(b, &c));
    assert_true(override(b, "desk", "officer-7"));
    assert_released(b, "in-1");
    class_of(b, "in-1", GL_CLASS_BUS);
    assert_inspected(b, "in-1", PHYSICAL, "CLASS_POLICY");
    bench_free(b);
}

/* Something has come up since, too small to change the decision, and yet not for an officer to lift. */
static void what_came_up_since(void **state) {
    (void)state;
    struct bench *b = standing();
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.outcome = GL_OUTCOME_INSPECT;
    assert_true(give(b, &c));
    b->movements[0].m.means[0] = (struct gl_answer_means){.role = GL_ROLE_VEHICLE, .plate = "KA1234AB"};
    b->movements[0].m.state = GL_MOVEMENT_CANCELLED;
    lodged_changed(b);
    assert_inspected(b, "in-1", PHYSICAL, "OVERRIDE");
    assert_false(override(b, "desk", "officer-7"));
    assert_string_equal(b->reply.error, "DECL_CANCELLED may be lifted by the authority only");
    assert_true(override(b, "hq", "officer-1"));
    bench_free(b);
}

/* The same plates in the other lane: an officer who has not seen that they are used by now does not let this one go by accident. */
static void used_in_the_other_lane(void **state) {
    (void)state;
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", NULL);
    device(b, "in-2.rear", GL_DEVICE_OFFLINE);
    drive_in(b, "in-2", "NC15REG", NULL);
    later(b, 12 * SECOND);
    assert_inspected(b, "in-2", DESK, "SENSOR_FAULT");
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    drive_in(b, "in-1", "NC15REG", NULL);
    later(b, 4 * SECOND);
    assert_released(b, "in-1");
    REFUSED(b, c, "the decision is now ");
    assert_inspected(b, "in-2", DESK, "DECL_ALREADY_USED");
    assert_released(b, "in-1");
    bench_free(b);
}

/* Both lanes come to their decision in the same moment: one of them is the first. */
static void both_at_once(void **state) {
    (void)state;
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", NULL);
    for (int i = 0; i < 2; i++) plate(b, i ? "in-2" : "in-1", "NC15REG");
    later(b, 6 * SECOND);
    assert_int_equal(is_released(b, "in-1") + is_released(b, "in-2"), 1);
    later(b, 6 * SECOND);
    assert_int_equal(is_released(b, "in-1") + is_released(b, "in-2"), 1);
    bench_free(b);
}

static void who_may_lift_what(void **state) {
    (void)state;
    struct bench *b = spoilt(GL_CHANNEL_RELEASE, GL_CHANNEL_NONE, GL_DECLARATION_CANCELLED, 0);
    assert_false(override(b, "desk", "officer-7"));
    assert_string_equal(b->reply.error, "DECL_CANCELLED may be lifted by the authority only");
    assert_true(override(b, "hq", "officer-1"));
    bench_free(b);

    b = spoilt(GL_CHANNEL_RELEASE, GL_CHANNEL_PHYSICAL, GL_DECLARATION_RELEASED, 0);
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    gl_clip(c.officer.role, sizeof c.officer.role, "authority"); /* what the payload claims is not what the client is */
    REFUSED(b, c, "AUTHORITY_CONTROL may be lifted by the authority only");
    c = order(b, "desk", GL_COMMAND_INSPECTION_RESULT); /* whoever has inspected */
    REFUSED(b, c, "AUTHORITY_CONTROL may be lifted by the authority only");
    c = order(b, "hq", GL_COMMAND_INSPECTION_RESULT);
    assert_true(give(b, &c));
    assert_released(b, "in-1");
    bench_free(b);

    b = spoilt(GL_CHANNEL_NONE, GL_CHANNEL_NONE, GL_DECLARATION_RELEASED, 0);
    assert_false(override(b, "hq", "officer-1"));
    assert_string_equal(b->reply.error, "DECISION_PENDING cannot be overridden");
    bench_free(b);

    b = spoilt(GL_CHANNEL_RELEASE, GL_CHANNEL_NONE, GL_DECLARATION_RELEASED, 1);
    assert_false(override(b, "hq", "officer-1"));
    assert_string_equal(b->reply.error, "RANDOM cannot be overridden: inspect, then send inspection-result");
    c = order(b, "desk", GL_COMMAND_INSPECTION_RESULT);
    assert_true(give(b, &c));
    assert_released(b, "in-1");
    assert_int_equal(said(b, "INSPECTION_RESULT"), GL_NOTE);
    bench_free(b);

    b = spoilt(GL_CHANNEL_RELEASE, GL_CHANNEL_NONE, GL_DECLARATION_RELEASED, 1); /* found wanting */
    c = order(b, "desk", GL_COMMAND_INSPECTION_RESULT);
    c.outcome = GL_OUTCOME_INSPECT;
    c.level = GL_LEVEL_REFUSE;
    assert_true(give(b, &c));
    assert_inspected(b, "in-1", REFUSE, "INSPECTION_RESULT");
    bench_free(b);
}

/* A plate that an officer types changes what is known, not what was drawn. */
static void random_is_not_dodged(void **state) {
    (void)state;
    struct bench *b = spoilt(GL_CHANNEL_RELEASE, GL_CHANNEL_NONE, GL_DECLARATION_RELEASED, 1);
    struct gl_command c = order(b, "desk", GL_COMMAND_TYPED_PLATE);
    gl_clip(c.plate, sizeof c.plate, "KA9999ZZ");
    assert_true(give(b, &c));
    assert_int_equal(last(b)->level, PHYSICAL);
    assert_false(override(b, "hq", "officer-1"));
    bench_free(b);
}

static void two_persons(void **state) {
    (void)state;
    struct bench *b = spoilt(GL_CHANNEL_REFUSE, GL_CHANNEL_NONE, GL_DECLARATION_RELEASED, 0);
    assert_false(override(b, "hq", "officer-1"));
    assert_string_equal(b->reply.error, "ENTRY_DENIED needs two persons: officer-1 has agreed, a second one must send the same");
    assert_false(override(b, "hq", "officer-1")); /* twice the same is one */
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_INSPECT);
    assert_true(override(b, "hq", "officer-2"));
    assert_released(b, "in-1");
    bench_free(b);

    b = spoilt(GL_CHANNEL_REFUSE, GL_CHANNEL_NONE, GL_DECLARATION_RELEASED, 0); /* what the first agreed to is no more */
    assert_false(override(b, "hq", "officer-1"));
    device(b, "in-1.rear", GL_DEVICE_OFFLINE);
    assert_false(override(b, "hq", "officer-2"));
    bench_free(b);
}

static void not_while_it_is_unsafe(void **state) {
    (void)state;
    struct bench *b = standing();
    loop(b, "in-1", GL_ZONE_EMERGENCY_STOP, true);
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    REFUSED(b, c, "the emergency stop of lane in-1 is pressed");
    loop(b, "in-1", GL_ZONE_EMERGENCY_STOP, false);
    assert_int_not_equal(b->shown[0].signal, GL_SIGNAL_RELEASE);
    c = order(b, "hq", GL_COMMAND_LANE_MODE);
    c.mode = GL_MODE_CLOSED;
    assert_true(give(b, &c));
    assert_int_equal(b->mode.mode, GL_MODE_CLOSED);
    c = order(b, "hq", GL_COMMAND_OVERRIDE);
    REFUSED(b, c, "lane in-1 is closed");
    c = order(b, "hq", GL_COMMAND_LANE_MODE);
    c.mode = GL_MODE_NONE;
    REFUSED(b, c, "mode is missing");
    c.mode = GL_MODE_MANUAL;
    gl_clip(c.id, sizeof c.id, "manual");
    assert_true(give(b, &c));
    assert_true(override(b, "desk", "officer-7")); /* manual: an officer decides each one */
    assert_released(b, "in-1");
    bench_free(b);
}

static void a_typed_plate(void **state) {
    (void)state;
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", NULL);
    drive_in(b, "in-1", "NC1?REG", NULL);
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    struct gl_command c = order(b, "desk", GL_COMMAND_TYPED_PLATE);
    c.officer.id[0] = '\0';
    REFUSED(b, c, "officer.id is missing: who typed it?");
    static const char *const none[] = {"", "???", "- -"};
    for (size_t i = 0; i < GL_COUNT(none); i++) {
        c = order(b, "desk", GL_COMMAND_TYPED_PLATE);
        gl_clip(c.plate, sizeof c.plate, none[i]);
        REFUSED(b, c, "plate is missing or has no letter or digit");
    }
    c = order(b, "desk", GL_COMMAND_TYPED_PLATE);
    gl_clip(c.plate, sizeof c.plate, "NC15REG");
    assert_true(give(b, &c));
    assert_released(b, "in-1");
    assert_int_equal(said(b, "LOW_CONFIDENCE"), GL_NOTE);
    assert_string_equal(b->reading.source_id, "officer-7");
    plate_as(b, "in-1", "NC15REG", 0.3, GL_TOWARD_APPROACH, false); /* the camera guesses the same: no reason to doubt */
    assert_released(b, "in-1");
    bench_free(b);
}

static void closing(void **state) {
    (void)state;
    struct bench *b = standing();
    struct gl_command c = order(b, "desk", GL_COMMAND_CLOSE);
    REFUSED(b, c, "exit is missing");
    c = order(b, "desk", GL_COMMAND_CLOSE);
    c.exit = GL_EXIT_UNKNOWN;
    assert_true(give(b, &c));
    assert_int_equal(b->passage.state, GL_PASSAGE_CLOSED);
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_STOP);
    assert_true(gl_core_idle(b->core));
    drive_in(b, "in-1", "NC15REG", NULL);
    later(b, 6 * SECOND);
    assert_released(b, "in-1");
    bench_free(b);
}

static void the_others(void **state) {
    (void)state;
    struct bench *b = standing();
    struct gl_command c = order(b, "desk", GL_COMMAND_ALARM_ACKNOWLEDGE);
    REFUSED(b, c, "alarm is missing");
    c = order(b, "desk", GL_COMMAND_ALARM_ACKNOWLEDGE);
    gl_clip(c.alarm, sizeof c.alarm, "018f0000-0000-7000-8000-00000000aaaa");
    assert_true(give(b, &c));
    assert_string_equal(last_alarm(b)->action, "acknowledge");
    assert_string_equal(last_alarm(b)->by, "officer-7");
    assert_string_equal(last_alarm(b)->lane, "in-1");
    c = order(b, "desk", GL_COMMAND_ALARM_ACKNOWLEDGE);
    gl_clip(c.alarm, sizeof c.alarm, "018f0000-0000-7000-8000-00000000aaab");
    gl_clip(c.lane, sizeof c.lane, "in-9");
    REFUSED(b, c, "lane in-9 does not exist");
    c = order(b, "desk", GL_COMMAND_ALARM_ACKNOWLEDGE);
    c.lane[0] = '\0'; /* of the post */
    REFUSED(b, c, "alarm is missing");
    c = order(b, "desk", GL_COMMAND_ALARM_ACKNOWLEDGE);
    gl_clip(c.alarm, sizeof c.alarm, "018f0000-0000-7000-8000-00000000aaab");
    c.lane[0] = '\0';
    assert_true(give(b, &c));
    assert_string_equal(last_alarm(b)->action, "acknowledge");
    assert_string_equal(last_alarm(b)->alarm, "018f0000-0000-7000-8000-00000000aaab");
    assert_string_equal(last_alarm(b)->lane, "");
    c = order(b, "display", GL_COMMAND_ALARM_ACKNOWLEDGE);
    c.lane[0] = '\0';
    REFUSED(b, c, "may not send alarm-acknowledge");
    c = order(b, "hq", GL_COMMAND_REPLAY);
    REFUSED(b, c, "stream (none named) does not exist");
    c = order(b, "hq", GL_COMMAND_REPLAY);
    gl_clip(c.stream, sizeof c.stream, "lane/nowhere");
    REFUSED(b, c, "stream lane/nowhere does not exist");
    c = order(b, "hq", GL_COMMAND_ACK);
    gl_clip(c.stream, sizeof c.stream, "post");
    gl_clip(c.response_topic, sizeof c.response_topic, "greenlane/v1/north/reply/hq/1");
    assert_true(give(b, &c));
    assert_string_equal(b->outbox.stream, "post");
    assert_string_equal(b->reply.response_topic, "greenlane/v1/north/reply/hq/1");
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_and_when),
        cmocka_unit_test(what_it_is_about),
        cmocka_unit_test(never_for_the_next),
        cmocka_unit_test(an_override),
        cmocka_unit_test(after_an_override),
        cmocka_unit_test(who_may_lift_what),
        cmocka_unit_test(two_persons),
        cmocka_unit_test(random_is_not_dodged),
        cmocka_unit_test(not_while_it_is_unsafe),
        cmocka_unit_test(a_typed_plate),
        cmocka_unit_test(closing),
        cmocka_unit_test(the_others),
        cmocka_unit_test(what_came_up_since),
        cmocka_unit_test(used_in_the_other_lane),
        cmocka_unit_test(both_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
