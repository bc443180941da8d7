/* Contingency: who declares it, for how long, what it stops and what it lets officers do. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, BEGIN = GL_CONTINGENCY_BEGIN, END = GL_CONTINGENCY_END };

static struct bench *up(void) {
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    return b;
}

static void arrive(struct bench *b) {
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
}

static struct gl_command with_evidence(struct bench *b, const char *client, const char *type, const char *value) {
    struct gl_command c = order(b, client, GL_COMMAND_OVERRIDE);
    gl_clip(c.evidence.type, sizeof c.evidence.type, type);
    gl_clip(c.evidence.value, sizeof c.evidence.value, value);
    return c;
}

static bool release_on(struct bench *b, const char *type, const char *value) {
    struct gl_command c = with_evidence(b, "desk", type, value);
    return give(b, &c);
}

/* ---- declaring it --------------------------------------------------------------------------------------------------------------------- */
static void by_the_authority_alone(void **state) {
    (void)state;
    static const struct {
        const char *client, *officer, *reason, *reference;
        uint8_t action;
        int64_t hours;
        const char *error; /* NULL = done */
    } cases[] = {
        {"hq", "officer-7", "broker lost", "ORDER-7", BEGIN, 8, NULL},
        {"hq", "officer-7", "broker lost", "ORDER-7", BEGIN, 72, NULL},
        {"hq", "officer-7", "broker lost", "ORDER-7", BEGIN, 73, "72 hours"},
        {"hq", "officer-7", "broker lost", "ORDER-7", BEGIN, 0, "ahead"},
        {"hq", "officer-7", "broker lost", "ORDER-7", BEGIN, -1, "ahead"},
        {"hq", "officer-7", "broker lost", "", BEGIN, 8, "reference"},
        {"hq", "", "broker lost", "ORDER-7", BEGIN, 8, "officer.id"},
        {"hq", "officer-7", "", "ORDER-7", BEGIN, 8, "reason"},
        {"hq", "officer-7", "broker lost", "ORDER-7", GL_CONTINGENCY_NONE, 8, "action"},
        {"hq", "officer-7", "broker lost", "ORDER-7", END, 8, "no contingency"},
        {"desk", "officer-7", "broker lost", "ORDER-7", BEGIN, 8, "authority"},
        {"display", "officer-7", "broker lost", "ORDER-7", BEGIN, 8, "may not send"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = up();
        struct gl_command c = order(b, cases[i].client, GL_COMMAND_CONTINGENCY);
        gl_clip(c.officer.id, sizeof c.officer.id, cases[i].officer);
        gl_clip(c.reason, sizeof c.reason, cases[i].reason);
        gl_clip(c.reference, sizeof c.reference, cases[i].reference);
        c.action = cases[i].action;
        c.until = b->now.wall + cases[i].hours * HOUR;
        assert_int_equal(give(b, &c), cases[i].error == NULL);
        if (cases[i].error) assert_non_null(strstr(b->reply.error, cases[i].error));
        assert_int_equal(b->n_contingencies, cases[i].error == NULL);
        assert_int_equal(gl_core_contingency(b->core)->active, gl_tri(cases[i].error == NULL));
        if (!cases[i].error) {
            assert_string_equal(b->contingency.reference, "ORDER-7");
            assert_string_equal(b->contingency.by, "officer-7");
            assert_int_equal(b->contingency.since, b->now.wall);
            assert_int_equal(b->contingency.until, c.until);
        }
        bench_free(b);
    }
}

static void one_at_a_time(void **state) {
    (void)state;
    struct bench *b = up();
    assert_true(contingency(b, BEGIN));
    struct gl_command other = contingency_order(b, BEGIN, 8);
    gl_clip(other.reference, sizeof other.reference, "ORDER-8");
    assert_false(give(b, &other));
    assert_non_null(strstr(b->reply.error, "ORDER-7 is in force"));
    struct gl_command end = contingency_order(b, END, 0);
    gl_clip(end.reference, sizeof end.reference, "ORDER-8");
    assert_false(give(b, &end)); /* a late end of another one */
    int64_t since = b->contingency.since;
    later(b, HOUR);
    assert_true(contingency(b, BEGIN)); /* its own: extended */
    assert_int_equal(b->contingency.since, since);
    assert_int_equal(b->contingency.until, b->now.wall + 8 * HOUR);
    assert_true(contingency(b, END));
    assert_int_equal(b->contingency.active, GL_FALSE);
    assert_string_equal(b->contingency.reference, "");
    assert_false(contingency(b, END));
    bench_free(b);
}

/* ---- what it does --------------------------------------------------------------------------------------------------------------------- */
static void nothing_is_released_by_rules(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    assert_true(contingency(b, BEGIN)); /* a live, healthy feed */
    assert_false(is_released(b, "in-1"));
    assert_inspected(b, "in-1", DESK, "CONTINGENCY");
    assert_string_equal(last(b)->contingency, "ORDER-7");
    assert_true(contingency(b, END));
    assert_released(b, "in-1"); /* the desk alone stood in the way */
    assert_string_equal(last(b)->contingency, "");
    bench_free(b);
}

static void officers_release_on_evidence(void **state) {
    (void)state;
    struct bench *b = up();
    b->movements[0].m.channel = GL_CHANNEL_NONE; /* and the decision will not come */
    assert_true(contingency(b, BEGIN));
    feed(b, GL_FEED_DOWN);
    arrive(b);
    assert_inspected(b, "in-1", DESK, "CONTINGENCY");
    assert_int_equal(said(b, "DECISION_PENDING"), GL_UNKNOWN);
    assert_false(override(b, "desk", "officer-7"));
    assert_non_null(strstr(b->reply.error, "evidence is missing"));
    assert_false(release_on(b, "m r n", "25EE1200HU000012R7"));
    assert_non_null(strstr(b->reply.error, "no reference"));
    assert_true(release_on(b, "mrn", " 25ee1200hu000012r7 "));
    assert_released(b, "in-1");
    assert_string_equal(last(b)->evidence.value, "25EE1200HU000012R7");
    assert_string_equal(last(b)->contingency, "ORDER-7");
    struct used *u = use_of(b, &last(b)->evidence); /* what was shown is used up */
    assert_true(u && u->use == GL_USE_RESERVED && strcmp(u->passage, last(b)->passage) == 0);
    drive_out(b, "in-1");
    assert_int_equal(use_of(b, &last(b)->evidence)->use, GL_USE_CONSUMED);
    bench_free(b);
}

static void pending_is_nobodys_without_it(void **state) {
    (void)state;
    struct bench *b = up();
    b->movements[0].m.channel = GL_CHANNEL_NONE;
    arrive(b);
    assert_false(release_on(b, "mrn", "25EE1200HU000012R7"));
    assert_non_null(strstr(b->reply.error, "DECISION_PENDING cannot be overridden"));
    assert_true(contingency(b, BEGIN)); /* also for the one that stands here already */
    assert_true(release_on(b, "mrn", "25EE1200HU000012R7"));
    bench_free(b);
}

/* To inspect needs no evidence; an inspection's good result does. */
static void what_needs_evidence(void **state) {
    (void)state;
    struct bench *b = up();
    assert_true(contingency(b, BEGIN));
    arrive(b);
    struct gl_command c = order(b, "desk", GL_COMMAND_OVERRIDE);
    c.outcome = GL_OUTCOME_INSPECT;
    c.level = GL_LEVEL_PHYSICAL;
    assert_true(give(b, &c));
    c = order(b, "desk", GL_COMMAND_INSPECTION_RESULT);
    assert_false(give(b, &c));
    c = order(b, "desk", GL_COMMAND_INSPECTION_RESULT);
    gl_clip(c.evidence.type, sizeof c.evidence.type, "gmr");
    gl_clip(c.evidence.value, sizeof c.evidence.value, "GMRA00000001");
    assert_true(give(b, &c));
    assert_released(b, "in-1");
    bench_free(b);
}

/* Whom somebody looks for, what the authority has refused: as ever. */
static void some_rules_stand(void **state) {
    (void)state;
    enum { LOOK_OUT, REFUSED, CONTROL, CANCELLED, LAST };
    for (int how = LOOK_OUT; how < LAST; how++) {
        struct bench *b = up();
        if (how == LOOK_OUT) look_out(b, GL_SOUGHT_PLATE, "NC15REG", GL_CHANNEL_DESK);
        if (how == REFUSED) b->movements[0].m.channel = GL_CHANNEL_REFUSE;
        if (how == CONTROL) b->movements[0].m.channel = GL_CHANNEL_PHYSICAL;
        if (how == CANCELLED) b->declarations[0].state = GL_DECLARATION_CANCELLED;
        assert_true(contingency(b, BEGIN));
        arrive(b);
        assert_false(release_on(b, "mrn", "25EE1200HU000012R7"));
        assert_false(is_released(b, "in-1"));
        bench_free(b);
    }
}

/* ---- its end -------------------------------------------------------------------------------------------------------------------------- */
static void over_its_time(void **state) {
    (void)state;
    struct bench *b = up();
    assert_true(contingency(b, BEGIN));
    later(b, 8 * HOUR - 1);
    assert_int_equal(b->n_alarms, 0);
    later(b, 2);
    assert_int_equal(b->n_alarms, 1);
    assert_string_equal(last_alarm(b)->kind, "contingency_overdue");
    assert_string_equal(last_alarm(b)->lane, "");
    char alarm[GL_UUID];
    memcpy(alarm, last_alarm(b)->alarm, sizeof alarm);
    assert_string_equal(b->contingency.alarm, alarm);
    later(b, HOUR);
    assert_int_equal(b->n_alarms, 1); /* once */
    arrive(b);
    assert_inspected(b, "in-1", DESK, "CONTINGENCY"); /* never left by itself */
    assert_false(release_on(b, "mrn", "25EE1200HU000012R7"));
    assert_non_null(strstr(b->reply.error, "over its time"));
    assert_true(contingency(b, BEGIN));
    assert_int_equal(b->n_alarms, 2);
    assert_string_equal(last_alarm(b)->action, "clear");
    assert_string_equal(last_alarm(b)->alarm, alarm);
    assert_true(release_on(b, "mrn", "25EE1200HU000012R7"));
    assert_true(contingency(b, END));
    assert_int_equal(b->n_alarms, 2);
    bench_free(b);
}

/* A clock that is set back makes it no longer; one that is set on ends it early. */
static void by_either_clock(void **state) {
    (void)state;
    for (int back = 0; back < 2; back++) {
        struct bench *b = up();
        assert_true(contingency(b, BEGIN));
        b->now.wall += back ? -24 * HOUR : 24 * HOUR;
        later(b, back ? 8 * HOUR : 1 * SECOND);
        arrive(b);
        assert_false(release_on(b, "mrn", "25EE1200HU000012R7"));
        assert_non_null(strstr(b->reply.error, "over its time"));
        bench_free(b);
    }
}

static void it_outlives_a_restart(void **state) {
    (void)state;
    for (int overdue = 0; overdue < 2; overdue++) {
        struct bench *b = up();
        assert_true(contingency(b, BEGIN));
        if (overdue) later(b, 9 * HOUR);
        struct gl_contingency kept = b->contingency;
        uint32_t alarms = b->n_alarms;
        bench_restart(b, NULL, 0);
        step(b, &(struct gl_event){.type = GL_EV_RESTORE_CONTINGENCY, .restore_contingency = &kept});
        bench_ready(b);
        arrive(b);
        assert_inspected(b, "in-1", DESK, "CONTINGENCY");
        assert_int_equal(release_on(b, "mrn", "25EE1200HU000012R7"), !overdue);
        later(b, 9 * HOUR);
        assert_int_equal(b->n_alarms - alarms, overdue ? 0 : 1);
        bench_free(b);
    }
}

/* ---- asking for a snapshot ------------------------------------------------------------------------------------------------------------ */
static void who_may_ask_for_a_snapshot(void **state) {
    (void)state;
    struct bench *b = up();
    bench_client(b->config, "centre", "system", ~0u);
    static const struct {
        const char *client;
        uint8_t collection;
        bool done;
    } cases[] = {{"hq", GL_COLLECTION_MOVEMENTS, true},
                 {"centre", GL_COLLECTION_LOOKOUTS, true},
                 {"desk", GL_COLLECTION_MOVEMENTS, false},
                 {"hq", GL_COLLECTION_NONE, false},
                 {"display", GL_COLLECTION_MOVEMENTS, false}};
    uint32_t done = 0;
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_command c = order(b, cases[i].client, GL_COMMAND_SNAPSHOT);
        c.collection = cases[i].collection;
        assert_int_equal(give(b, &c), cases[i].done);
        done += cases[i].done;
        assert_int_equal(b->n_asked, done);
        if (cases[i].done) assert_int_equal(b->asked.collection, cases[i].collection);
    }
    bench_free(b);
}

/* What is restricted is sent again to the authority alone. */
static void who_may_have_it_again(void **state) {
    (void)state;
    struct bench *b = up();
    static const struct {
        const char *client, *stream;
        bool done;
    } cases[] = {{"hq", "restricted/in-1", true}, {"desk", "restricted/in-1", false}, {"hq", "restricted/in-9", false},
                 {"hq", "restricted/", false},    {"desk", "lane/in-1", true},        {"desk", "post", true},
                 {"hq", "restricted/post", false}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_command c = order(b, cases[i].client, GL_COMMAND_REPLAY);
        gl_clip(c.stream, sizeof c.stream, cases[i].stream);
        assert_int_equal(give(b, &c), cases[i].done);
    }
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_authority_alone),
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(nothing_is_released_by_rules),
        cmocka_unit_test(officers_release_on_evidence),
        cmocka_unit_test(pending_is_nobodys_without_it),
        cmocka_unit_test(what_needs_evidence),
        cmocka_unit_test(some_rules_stand),
        cmocka_unit_test(over_its_time),
        cmocka_unit_test(by_either_clock),
        cmocka_unit_test(it_outlives_a_restart),
        cmocka_unit_test(who_may_ask_for_a_snapshot),
        cmocka_unit_test(who_may_have_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
