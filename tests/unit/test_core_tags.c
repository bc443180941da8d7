/* Tags as a second factor: whose they are, when they stand for a plate, when they contradict it, and when they say nothing. */
#include "core_sensors.h"

enum { DESK = GL_LEVEL_DESK };

static struct bench *tags_up(void) {
    struct bench *b = bench_new();
    bench_sensors(b);
    bench_again(b);
    bench_ready(b);
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    lodge(b, "GMRB00000002", "KA1234AB", "KA5678AB");
    register_tag(b, EPC_A, "NC15REG");
    register_tag(b, EPC_B, "KA1234AB");
    return b;
}
static void comes(struct bench *b, const char *text, const char *epc) {
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    if (text) plate(b, "in-1", text);
    if (epc) tag(b, "in-1", epc);
    later(b, 1 * SECOND);
    trailer(b, "in-1", "NC16TRL");
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    later(b, 12 * SECOND);
}

static void agrees(void **state) {
    (void)state;
    struct bench *b = tags_up();
    comes(b, "NC15REG", EPC_A);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "TAG_MISMATCH"), GL_PASS);
    assert_string_equal(b->passage.known.tag, EPC_A);
    bench_free(b);
}

static void stands_for_the_plate(void **state) {
    (void)state;
    struct bench *b = tags_up();
    comes(b, "", EPC_A);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "NO_READ"), GL_NOTE);
    assert_string_equal(last(b)->match.by, "tag");
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    bench_free(b);

    b = tags_up(); /* no camera saw a vehicle: a tag alone is none */
    comes(b, NULL, EPC_A);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    bench_free(b);

    b = tags_up(); /* what nobody has lodged is not released by a tag either */
    b->n_movements = 0;
    comes(b, "", EPC_A);
    assert_inspected(b, "in-1", DESK, "NO_DECLARATION");
    bench_free(b);

    b = tags_up(); /* the post does not lean on the registry: it may be years old */
    b->config->feed.collections = 1u << GL_COLLECTION_MOVEMENTS;
    comes(b, "", EPC_A);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    bench_free(b);
}

static void disagrees(void **state) {
    (void)state;
    struct bench *b = tags_up();
    comes(b, "NC15REG", EPC_B);
    assert_inspected(b, "in-1", DESK, "TAG_MISMATCH");
    bench_free(b);

    b = tags_up(); /* against a vehicle it counts even where the post does not lean on it */
    b->config->feed.collections = 1u << GL_COLLECTION_MOVEMENTS;
    comes(b, "NC15REG", EPC_B);
    assert_inspected(b, "in-1", DESK, "TAG_MISMATCH");
    bench_free(b);

    b = tags_up(); /* it comes after the green */
    comes(b, "NC15REG", NULL);
    assert_released(b, "in-1");
    tag(b, "in-1", EPC_B);
    assert_inspected(b, "in-1", DESK, "TAG_MISMATCH");
    loop(b, "in-1", GL_ZONE_ENTRY, true); /* it was the next one's, seen before it was here */
    plate(b, "in-1", "KA1234AB");
    assert_released(b, "in-1");
    bench_free(b);

    b = tags_up(); /* a document for one vehicle, the tag of another, the plate covered */
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "");
    tag(b, "in-1", EPC_B);
    trailer(b, "in-1", "NC16TRL");
    code(b, "in-1", "gmr", "GMRA00000001");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "TAG_MISMATCH");
    bench_free(b);
}

static void says_nothing(void **state) {
    (void)state;
    static const struct {
        uint8_t tag_state;
        int64_t valid_for;
    } cases[] = {{GL_TAG_WITHDRAWN, 0}, {GL_TAG_ACTIVE, -1}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        for (int plate_read = 0; plate_read < 2; plate_read++) {
            struct bench *b = tags_up();
            b->tags[0].state = b->tags[1].state = cases[i].tag_state;
            if (cases[i].valid_for) b->tags[0].valid_to = b->tags[1].valid_to = b->now.wall + cases[i].valid_for;
            comes(b, plate_read ? "NC15REG" : "", plate_read ? EPC_B : EPC_A);
            if (plate_read)
                assert_released(b, "in-1");
            else
                assert_inspected(b, "in-1", DESK, "NO_READ");
            bench_free(b);
        }
    }
    struct bench *b = tags_up(); /* cargo */
    comes(b, "NC15REG", EPC_CARGO);
    assert_released(b, "in-1");
    bench_free(b);

    b = tags_up(); /* an hour old: a reader that replays */
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    tag_as(b, "in-1", EPC_B, true);
    trailer(b, "in-1", "NC16TRL");
    assert_released(b, "in-1");
    assert_string_equal(b->passage.known.tag, "");
    bench_free(b);
}

/* Its cargo carries a hundred tags; the vehicle's own is found among them. */
static void among_cargo(void **state) {
    (void)state;
    struct bench *b = tags_up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "");
    for (int i = 0; i < 100; i++) {
        char epc[GL_EPC];
        gl_format(epc, sizeof epc, "3074257BF7194E40%08X", (unsigned)i);
        tag(b, "in-1", epc);
    }
    tag(b, "in-1", EPC_A);
    trailer(b, "in-1", "NC16TRL");
    assert_released(b, "in-1");
    assert_string_equal(b->passage.known.tag, EPC_A);
    bench_free(b);
}

static void two_tags_stand_for_nobody(void **state) {
    (void)state;
    struct bench *b = tags_up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "");
    tag(b, "in-1", EPC_A);
    tag(b, "in-1", EPC_B);
    trailer(b, "in-1", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    bench_free(b);
}

/* Two trucks in the lane: the antenna cannot tell whose it is. */
static void not_the_neighbours(void **state) {
    (void)state;
    struct bench *b = tags_up();
    drive_in(b, "in-1", "", "NC16TRL");
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "");
    tag(b, "in-1", EPC_A); /* the second one's, perhaps */
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    bench_free(b);

    b = tags_up(); /* it contradicts neither of them */
    drive_in(b, "in-1", "NC15REG", NULL);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "KA1234AB");
    tag(b, "in-1", EPC_B);
    trailer(b, "in-1", "NC16TRL");
    later(b, 12 * SECOND);
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    assert_int_not_equal(said(b, "TAG_MISMATCH"), GL_FAIL);
    bench_free(b);
}

/* Read in two lanes at once: one of them sees across. */
static void across_lanes(void **state) {
    (void)state;
    struct bench *b = tags_up();
    loop(b, "in-2", GL_ZONE_ENTRY, true); /* the truck itself, in the other lane */
    plate(b, "in-2", "NC15REG");
    tag(b, "in-2", EPC_A);
    loop(b, "in-1", GL_ZONE_ENTRY, true); /* a covered plate, in this one */
    plate(b, "in-1", "");
    tag(b, "in-1", EPC_A);
    later(b, 12 * SECOND);
    assert_int_equal(b->shown[0].signal, GL_SIGNAL_INSPECT);
    bench_free(b);

    b = tags_up(); /* its plate is known in the other lane: no contradiction here */
    loop(b, "in-2", GL_ZONE_ENTRY, true);
    plate(b, "in-2", "KA1234AB");
    comes(b, "NC15REG", EPC_B);
    assert_released(b, "in-1");
    bench_free(b);
}

/* The vehicle that left a moment ago is still in view; the next one is not it. */
static void of_who_has_left(void **state) {
    (void)state;
    struct bench *b = tags_up();
    comes(b, "NC15REG", EPC_A);
    assert_released(b, "in-1");
    drive_out(b, "in-1");
    tag(b, "in-1", EPC_A);
    later(b, 1 * SECOND);
    lodge(b, "GMRC00000003", "ZZ99ZZZ", "NC16TRL");
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "ZZ99ZZZ");
    tag(b, "in-1", EPC_A);
    trailer(b, "in-1", "NC16TRL");
    assert_released(b, "in-1");
    bench_free(b);
}

/* Read before the loop: it agrees with the plate that comes, but stands for none that does not. */
static void read_before_the_loop(void **state) {
    (void)state;
    struct bench *b = tags_up();
    tag(b, "in-1", EPC_A);
    later(b, 3 * SECOND);
    comes(b, "NC15REG", NULL);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "TAG_MISMATCH"), GL_PASS);
    bench_free(b);

    b = tags_up();
    tag(b, "in-1", EPC_A);
    later(b, 3 * SECOND);
    comes(b, "", NULL);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    bench_free(b);
}

/* The antenna sees the vehicle that waits outside: its tag alone stands for nobody. */
static void of_who_waits_outside(void **state) {
    (void)state;
    struct bench *b = tags_up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "");
    tag(b, "in-1", EPC_B); /* the follower's: declared with another trailer than the one that is read here */
    trailer(b, "in-1", "NC16TRL");
    later(b, 12 * SECOND);
    assert_int_equal(last(b)->outcome, GL_OUTCOME_INSPECT);
    assert_int_equal(said(b, "NO_READ"), GL_FAIL);
    bench_free(b);

    b = tags_up(); /* with its own tag in view, the follower's is no contradiction */
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG");
    tag(b, "in-1", EPC_A);
    tag(b, "in-1", EPC_B);
    trailer(b, "in-1", "NC16TRL");
    assert_released(b, "in-1");
    bench_free(b);
}

/* A copied plate here; the truck itself, with its tag, in the other lane. */
static void a_required_tag_is_not_in_another_lane(void **state) {
    (void)state;
    struct bench *b = tags_up();
    b->config->profiles[0].require |= GL_NEED_TAG;
    loop(b, "in-2", GL_ZONE_ENTRY, true);
    tag(b, "in-2", EPC_A);
    comes(b, "NC15REG", EPC_A);
    assert_inspected(b, "in-1", DESK, "TAG_MISSING");
    bench_free(b);

    b = tags_up(); /* in a queue the antenna sees both tags for both vehicles */
    b->config->profiles[0].require |= GL_NEED_TAG;
    drive_in(b, "in-1", "NC15REG", NULL);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "KA1234AB");
    tag(b, "in-1", EPC_A);
    tag(b, "in-1", EPC_B);
    later(b, 12 * SECOND);
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    assert_int_equal(said(b, "TAG_MISSING"), GL_PASS);
    bench_free(b);
}

/* The one that left stays in view for a minute; the next one's own tag, read while both were here, is not the one's that left. */
static void stays_in_view(void **state) {
    (void)state;
    struct bench *b = tags_up();
    comes(b, "NC15REG", EPC_A);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "KA1234AB");
    tag(b, "in-1", EPC_B);
    drive_out(b, "in-1");
    for (int i = 0; i < 12; i++) {
        later(b, 5 * SECOND);
        tag(b, "in-1", EPC_A);
    }
    tag(b, "in-1", EPC_B);
    later(b, 12 * SECOND);
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    assert_int_equal(said(b, "TAG_MISMATCH"), GL_PASS);
    bench_free(b);
}

/* A tag is no vehicle, and keeps none alive. */
static void no_vehicle_of_its_own(void **state) {
    (void)state;
    struct bench *b = tags_up();
    b->config->lanes[0].has_entry = false;
    tag(b, "in-1", EPC_CARGO);
    assert_int_equal(b->n_passages, 0);
    bench_free(b);

    b = tags_up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    for (int i = 0; i < 11; i++) {
        later(b, MINUTE);
        tag(b, "in-1", EPC_CARGO);
    }
    assert_int_equal(b->passage.state, GL_PASSAGE_CLOSED);
    bench_free(b);
}

static void required(void **state) {
    (void)state;
    struct bench *b = tags_up();
    b->config->profiles[0].require |= GL_NEED_TAG;
    comes(b, "NC15REG", NULL);
    assert_inspected(b, "in-1", DESK, "TAG_MISSING");
    tag(b, "in-1", EPC_A); /* it comes late, and only the desk was asked for */
    assert_released(b, "in-1");
    assert_int_equal(said(b, "TAG_MISSING"), GL_PASS);
    bench_free(b);

    b = tags_up();
    b->config->profiles[0].require |= GL_NEED_TAG;
    comes(b, "NC15REG", EPC_CARGO);
    assert_inspected(b, "in-1", DESK, "TAG_MISSING");
    bench_free(b);
}

static void confirms_a_doubtful_plate(void **state) {
    (void)state;
    struct bench *b = tags_up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate_as(b, "in-1", "NC15REG", 0.42, GL_TOWARD_APPROACH, false);
    trailer(b, "in-1", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "LOW_CONFIDENCE");
    tag(b, "in-1", EPC_A);
    assert_released(b, "in-1");
    bench_free(b);
}

static void trailers_tag(void **state) {
    (void)state;
    struct bench *b = tags_up();
    register_tag(b, EPC_CARGO, "NC99TRL")->role = GL_ROLE_TRAILER;
    comes(b, "NC15REG", EPC_CARGO);
    assert_inspected(b, "in-1", DESK, "TAG_MISMATCH");
    bench_free(b);

    b = tags_up();
    register_tag(b, EPC_CARGO, "NC16TRL")->role = GL_ROLE_TRAILER;
    comes(b, "NC15REG", EPC_CARGO);
    assert_released(b, "in-1");
    bench_free(b);

    b = tags_up(); /* a trailer's tag stands for no vehicle */
    register_tag(b, EPC_CARGO, "NC15REG")->role = GL_ROLE_TRAILER;
    comes(b, "", EPC_CARGO);
    assert_inspected(b, "in-1", DESK, "TAG_MISMATCH");
    assert_int_equal(said(b, "NO_READ"), GL_FAIL);
    bench_free(b);
}

/* Factory tags that share an EPC: their TIDs tell whose they are. */
static void told_apart_by_tid(void **state) {
    static const char *const tids[] = {"E28011052000AAAA00000001", "E28011052000AAAA00000002", "E28011052000BBBB00000003"};
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct bench *b = tags_up();
        struct gl_answer_tag *own = register_tag(b, "", "NC15REG"), *other = register_tag(b, "", "KA1234AB");
        gl_clip(own->tid, sizeof own->tid, "E28011052000AAAA00000001");
        gl_clip(other->tid, sizeof other->tid, "E28011052000AAAA00000002");
        loop(b, "in-1", GL_ZONE_ENTRY, true);
        plate(b, "in-1", i == 3 ? "" : "NC15REG");
        tag_with(b, "in-1", EPC_A, tids[i % 3], false); /* its EPC is registered for NC15REG: anybody can write it */
        later(b, 1 * SECOND);
        trailer(b, "in-1", "NC16TRL");
        loop(b, "in-1", GL_ZONE_ENTRY, false);
        later(b, 12 * SECOND);
        if (i == 1)
            assert_inspected(b, "in-1", DESK, "TAG_MISMATCH"); /* the EPC was copied */
        else
            assert_released(b, "in-1");
        if (i == 3) assert_string_equal(last(b)->match.by, "tag");
        bench_free(b);
    }
}

/* The first read of a tag had no time for its TID. */
static void tid_comes_later(void **state) {
    (void)state;
    struct bench *b = tags_up();
    struct gl_answer_tag *other = register_tag(b, "", "KA1234AB");
    gl_clip(other->tid, sizeof other->tid, "E28011052000AAAA00000002");
    comes(b, "NC15REG", EPC_A);
    assert_released(b, "in-1");
    tag_with(b, "in-1", EPC_A, "E28011052000AAAA00000002", false);
    assert_inspected(b, "in-1", DESK, "TAG_MISMATCH");
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_apart_by_tid),
        cmocka_unit_test(tid_comes_later),
        cmocka_unit_test(agrees),
        cmocka_unit_test(stands_for_the_plate),
        cmocka_unit_test(disagrees),
        cmocka_unit_test(says_nothing),
        cmocka_unit_test(among_cargo),
        cmocka_unit_test(two_tags_stand_for_nobody),
        cmocka_unit_test(not_the_neighbours),
        cmocka_unit_test(across_lanes),
        cmocka_unit_test(of_who_has_left),
        cmocka_unit_test(read_before_the_loop),
        cmocka_unit_test(of_who_waits_outside),
        cmocka_unit_test(a_required_tag_is_not_in_another_lane),
        cmocka_unit_test(stays_in_view),
        cmocka_unit_test(no_vehicle_of_its_own),
        cmocka_unit_test(required),
        cmocka_unit_test(confirms_a_doubtful_plate),
        cmocka_unit_test(trailers_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
