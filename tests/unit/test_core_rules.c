/* Every rule of the table: a vehicle that passes it, and vehicles that fail it or leave it unknown. Only through events. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL, REFUSE = GL_LEVEL_REFUSE };

/* A post where truck NC15REG with trailer NC16TRL was announced as GMRA00000001. */
struct announced {
    struct bench *b;
    struct lodged_movement *x;
    struct gl_answer_declaration *d;
};
static struct announced up(void) {
    struct announced a = {.b = bench_up()};
    a.x = lodge(a.b, "GMRA00000001", "NC15REG", "NC16TRL");
    a.d = &a.b->declarations[0];
    return a;
}

/* It comes, and stands until its time is over. */
static void arrive(struct bench *b) {
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
}

static void in_order(void **state) {
    (void)state;
    struct announced a = up();
    drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
    assert_released(a.b, "in-1"); /* at once, not when the time is up */
    static const char *const proof[] = {"CLOCK_UNSYNC",      "CACHE_DOWN",        "CACHE_STALE",      "CACHE_GAP",
                                        "SENSOR_FAULT",      "LANE_MODE",         "CLASS_POLICY",     "NO_READ",
                                        "LOW_CONFIDENCE",    "AMBIGUOUS_MATCH",   "NO_DECLARATION",   "PLATE_ROLE_SWAP",
                                        "TRAILER_MISMATCH",  "DECL_MISSING",      "DECL_CANCELLED",   "DECL_EXPIRED",
                                        "DECL_NOT_RELEASED", "DECL_ALREADY_USED", "DECISION_PENDING", "AUTHORITY_CONTROL"};
    for (size_t i = 0; i < GL_COUNT(proof); i++) {
        if (said(a.b, proof[i]) != GL_PASS) print_error("%s\n", proof[i]);
        assert_int_equal(said(a.b, proof[i]), GL_PASS);
    }
    assert_string_equal(last(a.b)->match.by, "exact");
    assert_string_equal(last(a.b)->match.movements[0].value, "GMRA00000001");
    assert_string_equal(last(a.b)->match.declarations[0].value, "D-GMRA00000001");
    assert_string_equal(last(a.b)->config, "feedface");
    assert_int_equal(last(a.b)->feed, GL_FEED_LIVE);
    assert_true(last(a.b)->n_readings >= 3);
    bench_free(a.b);
}

/* ---- the system itself ---- */
#define TRY(change, grade, rule)                    \
    do {                                            \
        struct announced a = up();                  \
        struct bench *b = a.b;                      \
        (void)b;                                    \
        change;                                     \
        arrive(a.b);                                \
        assert_inspected(a.b, "in-1", grade, rule); \
        bench_free(a.b);                            \
    } while (0)

/* The same, and it still passes; the rule is noted, or not said. */
#define TRY_FINE(change, rule, result)             \
    do {                                           \
        struct announced a = up();                 \
        struct bench *b = a.b;                     \
        (void)b;                                   \
        change;                                    \
        arrive(a.b);                               \
        assert_released(a.b, "in-1");              \
        assert_int_equal(said(a.b, rule), result); \
        bench_free(a.b);                           \
    } while (0)

static void the_system(void **state) {
    (void)state;
    TRY(clock_ok(b, false), DESK, "CLOCK_UNSYNC");
    TRY_FINE(b->config->clock_require_sync = false; clock_ok(b, false), "CLOCK_UNSYNC", GL_NOTE);
    TRY(feed(b, GL_FEED_DOWN), DESK, "CACHE_DOWN");
    TRY(feed(b, GL_FEED_EMPTY), DESK, "CACHE_DOWN");
    TRY(feed(b, GL_FEED_NONE), DESK, "CACHE_DOWN");
    TRY(b->cache_fails = true, DESK, "CACHE_DOWN");
    TRY(feed(b, GL_FEED_STALE), DESK, "CACHE_STALE");
    TRY(feed(b, GL_FEED_GAP), DESK, "CACHE_GAP");
    TRY_FINE(feed(b, GL_FEED_AGED), "CACHE_AGED", GL_NOTE);
    TRY_FINE((void)0, "CACHE_AGED", 0);
}

static void the_devices(void **state) {
    (void)state;
    TRY(device(b, "in-1.front", GL_DEVICE_OFFLINE), DESK, "SENSOR_FAULT");
    TRY(device(b, "in-1.rear", GL_DEVICE_OFFLINE), DESK, "SENSOR_FAULT");
    TRY_FINE(device(b, "in-1.front", GL_DEVICE_DEGRADED), "SENSOR_FAULT", GL_NOTE); /* unwell, but its reading is here */
    TRY_FINE(device(b, "in-1.rear", GL_DEVICE_DEGRADED), "SENSOR_FAULT", GL_NOTE);
    TRY_FINE(device(b, "in-1.qr", GL_DEVICE_OFFLINE), "SENSOR_FAULT", GL_NOTE); /* not required */
    TRY_FINE(device(b, "in-2.front", GL_DEVICE_OFFLINE), "SENSOR_FAULT", GL_PASS);
    TRY_FINE(device(b, "in-9.front", GL_DEVICE_OFFLINE), "SENSOR_FAULT", GL_PASS); /* nobody's */

    struct announced a = up();
    device(a.b, "in-1.rear", GL_DEVICE_DEGRADED);
    a.x->m.n_means = 1; /* no trailer announced: whether the camera would have seen one is not known */
    drive_in(a.b, "in-1", "NC15REG", NULL);
    later(a.b, 12 * SECOND);
    assert_inspected(a.b, "in-1", DESK, "SENSOR_FAULT");
    bench_free(a.b);
}

/* A device that nobody has heard of since the start is not well. */
static void devices_unheard(void **state) {
    (void)state;
    struct bench *b = bench_new();
    device(b, "in-1.gpio", GL_DEVICE_ONLINE);
    device(b, "in-1.rear", GL_DEVICE_ONLINE);
    feed(b, GL_FEED_LIVE);
    clock_ok(b, true);
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    arrive(b);
    assert_inspected(b, "in-1", DESK, "SENSOR_FAULT");
    bench_free(b);
}

static void the_lane(void **state) {
    (void)state;
    for (uint8_t mode = GL_MODE_CLOSED; mode <= GL_MODE_MANUAL; mode++)
        TRY(bench_step(b, (&(struct gl_event){.type = GL_EV_RESTORE_MODE, .restore_mode = {"in-1", mode}})), DESK, "LANE_MODE");
    TRY_FINE(bench_step(b, (&(struct gl_event){.type = GL_EV_RESTORE_MODE, .restore_mode = {"in-2", GL_MODE_CLOSED}})), "LANE_MODE",
             GL_PASS);
}

static void the_class(void **state) {
    (void)state;
    static const struct { uint8_t class, grade; } cases[] = {{GL_CLASS_CAR, DESK}, {GL_CLASS_BUS, PHYSICAL}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct announced a = up();
        loop(a.b, "in-1", GL_ZONE_ENTRY, true);
        class_of(a.b, "in-1", cases[i].class);
        plate(a.b, "in-1", "NC15REG");
        later(a.b, 12 * SECOND);
        assert_inspected(a.b, "in-1", cases[i].grade, "CLASS_POLICY");
        bench_free(a.b);
    }
    for (uint8_t fine = GL_CLASS_MOTORCYCLE; fine <= GL_CLASS_UNKNOWN; fine++) { /* not named: judged as the truck */
        struct announced a = up();
        loop(a.b, "in-1", GL_ZONE_ENTRY, true);
        class_of(a.b, "in-1", fine);
        plate(a.b, "in-1", "NC15REG");
        trailer(a.b, "in-1", "NC16TRL");
        assert_released(a.b, "in-1");
        bench_free(a.b);
    }
    struct announced a = up();
    a.b->config->profiles[0].policy[GL_CLASS_TRUCK] = GL_POLICY_NONE;
    arrive(a.b);
    assert_inspected(a.b, "in-1", DESK, "CLASS_POLICY");
    assert_int_equal(said(a.b, "CLASS_POLICY"), GL_UNKNOWN);
    bench_free(a.b);
}

/* Two classes for one vehicle: the one with the stricter policy counts, in whatever order they come. */
static void the_classes_differ(void **state) {
    (void)state;
    static const uint8_t orders[][2] = {{GL_CLASS_CAR, GL_CLASS_TRUCK},
                                        {GL_CLASS_TRUCK, GL_CLASS_CAR},
                                        {GL_CLASS_CAR, GL_CLASS_UNKNOWN},
                                        {GL_CLASS_CAR, GL_CLASS_NONE},
                                        {GL_CLASS_CAR, GL_CLASS_MOTORCYCLE}};
    for (size_t i = 0; i < GL_COUNT(orders); i++) {
        struct announced a = up();
        drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
        assert_released(a.b, "in-1");
        class_of(a.b, "in-1", orders[i][0]);
        class_of(a.b, "in-1", orders[i][1]);
        assert_inspected(a.b, "in-1", DESK, "CLASS_POLICY");
        class_of(a.b, "in-1", GL_CLASS_BUS);
        assert_inspected(a.b, "in-1", PHYSICAL, "CLASS_POLICY");
        bench_free(a.b);
    }
}

/* ---- who is it ---- */
static void read_as(struct bench *b, const char *text, double confidence, const char *trailer_text) {
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    if (text) plate_as(b, "in-1", text, confidence, GL_TOWARD_APPROACH, false);
    if (trailer_text) trailer(b, "in-1", trailer_text);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    later(b, 12 * SECOND);
}

static void the_plate(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double confidence;
        const char *rule;
    } cases[] = {{"", 0.9, "NO_READ"},
                 {NULL, 0.9, "NO_READ"},
                 {"---", 0.9, "NO_READ"},
                 {"NC1?REG", 0.9, "NO_READ"},
                 {"NC15REG", 0.79, "LOW_CONFIDENCE"},
                 {"NC15REG", NAN, "LOW_CONFIDENCE"},
                 {"NC15REG", -1, "LOW_CONFIDENCE"},
                 {"NC17REG", 0.9, "NO_DECLARATION"},
                 {"NC16TRL", 0.9, "PLATE_ROLE_SWAP"}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct announced a = up();
        read_as(a.b, cases[i].text, cases[i].confidence, "NC16TRL");
        assert_inspected(a.b, "in-1", DESK, cases[i].rule);
        bench_free(a.b);
    }
    struct announced a = up();
    read_as(a.b, "nc 15-rеg", 0.8, "NC16TRL"); /* the same plate: small letters, separators, a Cyrillic е */
    assert_released(a.b, "in-1");
    bench_free(a.b);
    a = up();
    a.b->config->profiles[0].min_confidence = 0; /* 0 = not asked for */
    read_as(a.b, "NC15REG", NAN, "NC16TRL");
    assert_released(a.b, "in-1");
    assert_int_equal(said(a.b, "LOW_CONFIDENCE"), 0);
    bench_free(a.b);
}

static void nothing_is_required(void **state) {
    (void)state;
    struct bench *b = bench_up();
    b->config->profiles[0].require = 0; /* even then: who is not read does not pass */
    read_as(b, NULL, 0, NULL);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    bench_free(b);
    b = bench_up();
    b->config->profiles[0].require = 0;
    read_as(b, "NC15REG", 0.9, NULL);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "NO_DECLARATION"), GL_NOTE);
    bench_free(b);
}

/* A document tells who it is when the plate cannot be read, and confirms a weak reading; it never releases another vehicle. */
static void the_document(void **state) {
    (void)state;
    struct announced a = up();
    drive_in(a.b, "in-1", "", "NC16TRL");
    code(a.b, "in-1", "gmr", "GMRA00000001");
    assert_released(a.b, "in-1");
    assert_int_equal(said(a.b, "NO_READ"), GL_NOTE);
    assert_string_equal(last(a.b)->match.by, "reference");
    bench_free(a.b);

    a = up();
    drive_in(a.b, "in-1", NULL, "NC16TRL"); /* no camera has even noticed it: no proof of any vehicle */
    code(a.b, "in-1", "gmr", "GMRA00000001");
    later(a.b, 12 * SECOND);
    assert_inspected(a.b, "in-1", DESK, "NO_READ");
    bench_free(a.b);

    a = up();
    loop(a.b, "in-1", GL_ZONE_ENTRY, true);
    plate_as(a.b, "in-1", "NC15REG", 0.3, GL_TOWARD_APPROACH, false);
    trailer(a.b, "in-1", "NC16TRL");
    code(a.b, "in-1", "mrn", "D-GMRA00000001");
    assert_released(a.b, "in-1");
    assert_int_equal(said(a.b, "LOW_CONFIDENCE"), GL_NOTE);
    bench_free(a.b);

    a = up();
    drive_in(a.b, "in-1", "KA1234AB", "NC16TRL");
    code(a.b, "in-1", "gmr", "GMRA00000001");
    assert_inspected(a.b, "in-1", DESK, "PLATE_MISMATCH");
    bench_free(a.b);

    a = up();
    drive_in(a.b, "in-1", "NC16TRL", NULL); /* the trailer's plate on the vehicle, and its document */
    code(a.b, "in-1", "gmr", "GMRA00000001");
    later(a.b, 12 * SECOND);
    assert_inspected(a.b, "in-1", DESK, "PLATE_MISMATCH");
    bench_free(a.b);

    a = up();
    drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
    code(a.b, "in-1", "gmr", "GMRZ99999999"); /* a document that nobody knows proves nothing, for or against */
    assert_released(a.b, "in-1");
    bench_free(a.b);
}

static void a_document_is_required(void **state) {
    (void)state;
    struct announced a = up();
    a.b->config->profiles[0].require |= GL_NEED_CODE;
    arrive(a.b);
    assert_inspected(a.b, "in-1", DESK, "CODE_MISSING");
    code(a.b, "in-1", "", "https://example.org/"); /* a code, but no reference */
    assert_inspected(a.b, "in-1", DESK, "CODE_MISSING");
    code(a.b, "in-1", "gmr", "GMRA00000001");
    assert_released(a.b, "in-1");
    assert_int_equal(said(a.b, "CODE_MISSING"), GL_PASS);
    bench_free(a.b);
}

static void what_is_ambiguous(void **state) {
    (void)state;
    TRY(b->cache_truncates = true, DESK, "AMBIGUOUS_MATCH");
    TRY(lodge(b, "GMRA00000002", "NC15REG", "NC16TRL"), DESK, "AMBIGUOUS_MATCH");
    /* A second movement that is dead says nothing; a document chooses between two that live. */
    TRY_FINE(lodge(b, "GMRA00000002", "NC15REG", NULL)->m.state = GL_MOVEMENT_EXITED, "AMBIGUOUS_MATCH", GL_PASS);
    struct announced a = up();
    lodge(a.b, "GMRA00000002", "NC15REG", "NC16TRL");
    drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
    code(a.b, "in-1", "gmr", "GMRA00000002");
    assert_released(a.b, "in-1");
    assert_string_equal(last(a.b)->match.movements[0].value, "GMRA00000002");
    bench_free(a.b);
    a = up();
    loop(a.b, "in-1", GL_ZONE_ENTRY, true);
    plate(a.b, "in-1", "NC15REG");
    trailer(a.b, "in-1", "NC16TRL");
    assert_released(a.b, "in-1");
    plate(a.b, "in-1", "NC19REG"); /* two plates on the vehicle that stands on the loop */
    assert_inspected(a.b, "in-1", DESK, "AMBIGUOUS_MATCH");
    bench_free(a.b);
    a = up();
    drive_in(a.b, "in-1", "NC15REG", "NC16TRL");
    trailer(a.b, "in-1", "NC17TRL");
    assert_inspected(a.b, "in-1", DESK, "AMBIGUOUS_MATCH");
    bench_free(a.b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(the_system),
        cmocka_unit_test(the_devices),
        cmocka_unit_test(devices_unheard),
        cmocka_unit_test(the_lane),
        cmocka_unit_test(the_class),
        cmocka_unit_test(the_classes_differ),
        cmocka_unit_test(the_plate),
        cmocka_unit_test(nothing_is_required),
        cmocka_unit_test(the_document),
        cmocka_unit_test(a_document_is_required),
        cmocka_unit_test(what_is_ambiguous),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
