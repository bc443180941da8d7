/* Seals with a tag inside: seen, missing, another's, no good any more; and that none of it ever helps a vehicle. */
#include "core_sensors.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL };
#define EPC_SEAL "3614F2AB0C000000000004D2"
#define EPC_OLD "3614F2AB0C000000000004D3"

static struct gl_answer_tag *register_seal(struct bench *b, const char *epc, const char *number) {
    struct gl_answer_tag *t = register_tag(b, epc, "");
    t->role = GL_ROLE_NONE;
    gl_clip(t->seal, sizeof t->seal, number);
    gl_clip(t->key, sizeof t->key, number);
    return t;
}

/* The movement's own declaration lists it; the cache tells such a seal once for each of its tags. */
static struct gl_answer_seal *declare_seal(struct bench *b, const char *number) {
    struct gl_answer_seal *s = &b->seals[b->n_seals++];
    *s = (struct gl_answer_seal){.state = GL_TAG_ACTIVE, .in = b->declarations[0].ref};
    gl_clip(s->seal, sizeof s->seal, number);
    gl_clip(s->key, sizeof s->key, number);
    return s;
}

static struct bench *up(void) {
    struct bench *b = bench_new();
    bench_sensors(b);
    bench_again(b);
    bench_ready(b);
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    return b;
}

/* One declared seal, with its tag. */
static struct bench *sealed(void) {
    struct bench *b = up();
    register_seal(b, EPC_SEAL, "YP1234");
    declare_seal(b, "YP1234");
    return b;
}

static void comes(struct bench *b, const char *epc) {
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    if (epc) tag(b, "in-1", epc);
    later(b, 1 * SECOND);
    trailer(b, "in-1", "NC16TRL");
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    later(b, 12 * SECOND);
}

static void a_seal_that_is_seen_is_no_obstacle(void **state) {
    (void)state;
    struct bench *b = sealed();
    comes(b, EPC_SEAL);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "SEAL_MISSING"), GL_PASS);
    assert_string_equal(b->passage.known.tag, ""); /* it is nobody's tag */
    bench_free(b);

    b = up(); /* no seal at all: nothing is said */
    comes(b, NULL);
    assert_released(b, "in-1");
    for (int i = 0; i < last(b)->n_rules; i++) assert_null(strstr(last(b)->rules[i].rule, "SEAL"));
    bench_free(b);
}

static void a_seal_that_no_antenna_sees(void **state) {
    (void)state;
    struct bench *b = sealed();
    comes(b, NULL);
    assert_inspected(b, "in-1", PHYSICAL, "SEAL_MISSING");
    tag(b, "in-1", EPC_SEAL); /* too late: it waits for whoever looks */
    assert_inspected(b, "in-1", PHYSICAL, "SEAL_MISSING");
    bench_free(b);

    b = sealed(); /* it is waited for */
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    trailer(b, "in-1", "NC16TRL");
    later(b, 4 * SECOND);
    assert_int_equal(b->n_decisions, 0);
    tag(b, "in-1", EPC_SEAL);
    assert_released(b, "in-1");
    bench_free(b);

    b = sealed(); /* its twin in the other lane is not it */
    loop(b, "in-2", GL_ZONE_ENTRY, true);
    tag(b, "in-2", EPC_SEAL);
    comes(b, EPC_SEAL);
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_INSPECT);
    bench_free(b);

    b = sealed(); /* one of two */
    declare_seal(b, "YP9999");
    comes(b, EPC_SEAL);
    assert_inspected(b, "in-1", PHYSICAL, "SEAL_MISSING");
    bench_free(b);
}

static void without_an_antenna_nobody_can_look(void **state) {
    (void)state;
    struct bench *b = sealed();
    device(b, "in-1.tag", GL_DEVICE_OFFLINE);
    comes(b, NULL);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "SEAL_MISSING"), GL_NOTE);
    bench_free(b);
}

/* What somebody else declares is no business of this vehicle. */
static void of_another_declaration(void **state) {
    (void)state;
    struct bench *b = up();
    lodge(b, "GMRB00000002", "KA1234AB", NULL);
    declare_seal(b, "YP1234")->in = b->declarations[1].ref;
    comes(b, NULL);
    assert_released(b, "in-1");
    bench_free(b);
}

static void a_foreign_seal(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bench *b = i == 0 ? up() : sealed();
        struct gl_answer_tag *t = i == 0 ? register_seal(b, EPC_SEAL, "YP1234") : &b->tags[0];
        if (i == 1) t->on = (struct gl_ref){"gmr", "GMRX00000009"};
        if (i == 2) {
            gl_clip(t->container, sizeof t->container, "MSKU1234565");
            gl_clip(b->declarations[0].containers[0], 18, "TGHU7654321");
            b->declarations[0].n_containers = 1;
        }
        comes(b, EPC_SEAL);
        assert_int_equal(b->shown[0].signal, GL_SIGNAL_INSPECT);
        assert_int_equal(said(b, "SEAL_FOREIGN"), GL_FAIL);
        bench_free(b);
    }
    struct bench *b = sealed(); /* put on for the very movement, or for its declaration */
    b->tags[0].on = b->movements[0].m.ref;
    b->seals[0].on = b->declarations[0].ref;
    comes(b, EPC_SEAL);
    assert_released(b, "in-1");
    bench_free(b);

    b = up(); /* read before the loop: it may be anybody's */
    register_seal(b, EPC_SEAL, "YP1234");
    tag(b, "in-1", EPC_SEAL);
    later(b, 3 * SECOND);
    comes(b, NULL);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "SEAL_FOREIGN"), GL_NOTE);
    bench_free(b);
}

static void a_seal_that_is_no_good(void **state) {
    (void)state;
    static const struct {
        uint8_t state;
        int64_t valid_for;
        bool is_seen;
    } cases[] = {{GL_TAG_BROKEN, 0, true},  {GL_TAG_WITHDRAWN, 0, true},  {GL_TAG_ACTIVE, -1, true},
                 {GL_TAG_BROKEN, 0, false}, {GL_TAG_WITHDRAWN, 0, false}, {GL_TAG_NONE, 0, true}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = sealed();
        b->tags[0].state = b->seals[0].state = cases[i].state;
        if (cases[i].valid_for) b->tags[0].valid_to = b->seals[0].valid_to = b->now.wall + cases[i].valid_for;
        comes(b, cases[i].is_seen ? EPC_SEAL : NULL);
        assert_inspected(b, "in-1", PHYSICAL, "SEAL_REVOKED");
        bench_free(b);
    }
    struct bench *b = sealed(); /* the old tag of a number whose new one is here */
    declare_seal(b, "YP1234")->state = GL_TAG_WITHDRAWN;
    comes(b, EPC_SEAL);
    assert_released(b, "in-1");
    bench_free(b);

    b = sealed(); /* taken off some other vehicle, and here: nobody has declared it */
    register_seal(b, EPC_OLD, "YP0007")->state = GL_TAG_WITHDRAWN;
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    tag(b, "in-1", EPC_OLD);
    comes(b, EPC_SEAL);
    assert_inspected(b, "in-1", PHYSICAL, "SEAL_REVOKED");
    bench_free(b);
}

/* With a seal a vehicle has no tag, no plate and no second factor. */
static void never_helps(void **state) {
    (void)state;
    struct bench *b = sealed();
    b->config->profiles[0].require |= GL_NEED_TAG;
    comes(b, EPC_SEAL);
    assert_inspected(b, "in-1", DESK, "TAG_MISSING");
    bench_free(b);

    b = sealed(); /* even if somebody wrote a plate beside it */
    gl_clip(b->tags[0].plate, sizeof b->tags[0].plate, "NC15REG");
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "");
    tag(b, "in-1", EPC_SEAL);
    trailer(b, "in-1", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    bench_free(b);

    b = sealed(); /* an antenna that is unwell has not done its part with it */
    b->config->lanes[0].devices[b->config->lanes[0].n_devices - 1].required = true;
    device(b, "in-1.tag", GL_DEVICE_DEGRADED);
    comes(b, EPC_SEAL);
    assert_inspected(b, "in-1", DESK, "SENSOR_FAULT");
    bench_free(b);
}

/* The one that has left is still in view with its seal: the next one is not suspected of it. */
static void of_who_has_left(void **state) {
    (void)state;
    struct bench *b = sealed();
    comes(b, EPC_SEAL);
    assert_released(b, "in-1");
    drive_out(b, "in-1");
    lodge(b, "GMRC00000003", "ZZ99ZZZ", "NC16TRL");
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "ZZ99ZZZ");
    tag(b, "in-1", EPC_SEAL);
    trailer(b, "in-1", "NC16TRL");
    later(b, 1 * SECOND);
    assert_released(b, "in-1");
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seal_that_is_seen_is_no_obstacle),
        cmocka_unit_test(a_seal_that_no_antenna_sees),
        cmocka_unit_test(without_an_antenna_nobody_can_look),
        cmocka_unit_test(of_another_declaration),
        cmocka_unit_test(a_foreign_seal),
        cmocka_unit_test(a_seal_that_is_no_good),
        cmocka_unit_test(never_helps),
        cmocka_unit_test(of_who_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
