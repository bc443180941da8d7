/* Whose reading is it? Vehicles nose to tail, seen early, seen late, not seen at all: what may belong to two is nobody's proof, and a green
 * never lights for the vehicle behind the one that stands at the line. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL };

static struct bench *up(void) {
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    lodge(b, "GMRB00000002", "KA1234AB", NULL);
    return b;
}
static uint8_t lit(struct bench *b) {
    return b->shown[0].signal;
}

/* Two in order, one behind the other: each gets its own green, the second only when the first has left. */
static void nose_to_tail(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 4 * SECOND);
    drive_in(b, "in-1", "KA1234AB", NULL);
    assert_int_equal(b->n_decisions, 1);
    assert_string_equal(last(b)->match.movements[0].value, "GMRA00000001");
    later(b, 6 * SECOND);
    loop(b, "in-1", GL_ZONE_EXIT, true);
    assert_int_equal(lit(b), GL_SIGNAL_STOP);
    loop(b, "in-1", GL_ZONE_EXIT, false);
    assert_released(b, "in-1");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    drive_out(b, "in-1");
    assert_int_equal(b->n_alarms, 0);
    bench_free(b);
}

/* The first was not read; the plate that comes may be its own, late, or that of the next one, early. */
static void the_next_is_seen_early(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", NULL, NULL);
    later(b, 3 * SECOND);
    plate(b, "in-1", "KA1234AB");
    later(b, 1 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, true); /* the next one is there: it was its plate */
    later(b, 1 * SECOND);
    assert_int_not_equal(lit(b), GL_SIGNAL_RELEASE);
    later(b, 12 * SECOND);
    assert_int_equal(lit(b), GL_SIGNAL_INSPECT);
    bench_free(b);

    b = up(); /* long after the first has left the entry */
    drive_in(b, "in-1", NULL, NULL);
    later(b, 11 * SECOND);
    plate(b, "in-1", "KA1234AB");
    later(b, 12 * SECOND);
    assert_int_equal(lit(b), GL_SIGNAL_INSPECT);
    assert_int_not_equal(said(b, "AMBIGUOUS_MATCH"), GL_PASS);
    bench_free(b);

    b = up(); /* the first was read: then the other plate is the next one's, and the first keeps its green */
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 3 * SECOND);
    plate(b, "in-1", "KA1234AB");
    assert_released(b, "in-1");
    later(b, 1 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    assert_released(b, "in-1");
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    drive_out(b, "in-1");
    later(b, 6 * SECOND);
    assert_released(b, "in-1");
    assert_string_equal(last(b)->match.movements[0].value, "GMRB00000002");
    bench_free(b);
}

static void read_before_the_loop(void **state) {
    (void)state;
    struct bench *b = up();
    plate(b, "in-1", "NC15REG");
    char id[GL_UUID];
    gl_clip(id, sizeof id, b->reading.passage);
    later(b, 2 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    assert_string_equal(b->reading.passage, id);
    trailer(b, "in-1", "NC16TRL");
    assert_string_equal(b->reading.passage, id);
    assert_released(b, "in-1");
    bench_free(b);
    b = up(); /* the plate of something that never came over the loop is not the next vehicle's */
    plate(b, "in-1", "NC15REG");
    later(b, 11 * SECOND);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    assert_string_not_equal(b->reading.passage, id);
    bench_free(b);
}

/* A vehicle ahead was never read: the plate may be its own. Both are inspected. */
static void one_unread_ahead(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", NULL, NULL);
    later(b, 1 * SECOND);
    drive_in(b, "in-1", "KA1234AB", NULL);
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    drive_out(b, "in-1");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "AMBIGUOUS_MATCH");
    bench_free(b);
}

/* A loop that chatters invents a vehicle. The passages are then one ahead of the vehicles: nobody behind is released until the lane was empty. */
static void a_vehicle_that_never_was(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    drive_out(b, "in-1");
    later(b, 12 * SECOND);
    drive_in(b, "in-1", "KA1234AB", NULL); /* stands at the line; first in the book is the one that never was */
    later(b, 12 * SECOND);
    assert_int_equal(lit(b), GL_SIGNAL_INSPECT);
    assert_true(override(b, "desk", "officer-7"));
    drive_out(b, "in-1");
    later(b, SECOND);
    lodge(b, "GMRC00000003", "NC17REG", NULL);
    drive_in(b, "in-1", "NC17REG", NULL);
    later(b, 12 * SECOND);
    assert_int_equal(lit(b), GL_SIGNAL_INSPECT);
    assert_true(override(b, "desk", "officer-7"));
    drive_out(b, "in-1");
    later(b, SECOND);
    assert_int_not_equal(lit(b), GL_SIGNAL_RELEASE); /* NC17REG's book entry, and nobody before the line */
    lodge(b, "GMRD00000004", "NC18REG", NULL);
    drive_in(b, "in-1", "NC18REG", NULL);
    later(b, 12 * SECOND);
    assert_int_not_equal(lit(b), GL_SIGNAL_RELEASE);
    bench_free(b);
}

static void trailer_between_two(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", NULL);
    drive_in(b, "in-1", "KA1234AB", NULL);
    trailer(b, "in-1", "NC16TRL"); /* within the time of both */
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "AMBIGUOUS_MATCH");
    drive_out(b, "in-1");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "AMBIGUOUS_MATCH");
    bench_free(b);
}

static void late_readings_never_decide(void **state) {
    (void)state;
    struct bench *b = up();
    plate_as(b, "in-1", "NC15REG", 0.97, GL_TOWARD_APPROACH, true);
    assert_int_equal(b->n_passages, 0);
    assert_int_equal(b->n_readings, 1); /* recorded all the same */
    assert_string_equal(b->reading.passage, "");
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate_as(b, "in-1", "NC15REG", 0.97, GL_TOWARD_APPROACH, true);
    trailer(b, "in-1", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "NO_READ");
    bench_free(b);
    b = up(); /* and take nothing away either */
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    plate_as(b, "in-1", "KA1234AB", 0.97, GL_TOWARD_APPROACH, true);
    assert_released(b, "in-1");
    bench_free(b);
}

static void absurd_readings(void **state) {
    (void)state;
    struct bench *b = up();
    struct gl_reading r;
    for (uint8_t kind = 0; kind < 16; kind++) {
        reading_at(&r, b, "in-1", "front", GL_READING_PLATE);
        r.kind = kind;
        memset(&r.value, 0, sizeof r.value);
        send(b, &r);
        gl_clip(r.lane, sizeof r.lane, "nowhere");
        send(b, &r);
    }
    assert_int_not_equal(lit(b), GL_SIGNAL_RELEASE);
    bench_free(b);
}

static void backing_out(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    plate_as(b, "in-1", "NC15REG", 0.9, GL_TOWARD_LEAVE, false);
    assert_int_equal(lit(b), GL_SIGNAL_STOP);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    assert_int_equal(b->passage.state, GL_PASSAGE_CLOSED);
    assert_int_equal(b->passage.exit, GL_EXIT_BACKED_OUT);
    assert_int_equal(use_of(b, &b->movements[0].m.ref)->use, GL_USE_NONE);
    drive_in(b, "in-1", "NC15REG", "NC16TRL"); /* and may come again */
    assert_released(b, "in-1");
    bench_free(b);

    b = up(); /* it turned before the loop */
    plate(b, "in-1", "NC15REG");
    plate_as(b, "in-1", "NC15REG", 0.9, GL_TOWARD_LEAVE, false);
    assert_int_equal(b->passage.exit, GL_EXIT_BACKED_OUT);
    assert_true(gl_core_idle(b->core));
    plate_as(b, "in-1", "NC99REG", 0.9, GL_TOWARD_LEAVE, false);
    assert_string_equal(last_alarm(b)->kind, "wrong_way");
    bench_free(b);

    b = up(); /* nobody backs out through the one behind: a camera that says so is not believed, and nobody goes */
    drive_in(b, "in-1", "NC19BAD", NULL);
    drive_in(b, "in-1", "KA1234AB", NULL);
    plate_as(b, "in-1", "NC19BAD", 0.9, GL_TOWARD_LEAVE, false);
    later(b, 12 * SECOND);
    assert_int_equal(lit(b), GL_SIGNAL_INSPECT);
    assert_int_equal(b->passage.state, GL_PASSAGE_DECIDED);
    drive_out(b, "in-1");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "AMBIGUOUS_MATCH");
    bench_free(b);
}

static void used_once(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    drive_in(b, "in-2", "NC15REG", "NC16TRL"); /* the same plates on a second truck, in the other lane */
    assert_released(b, "in-1");
    assert_inspected(b, "in-2", DESK, "DECL_ALREADY_USED");
    drive_out(b, "in-1");
    later(b, MINUTE);
    assert_int_equal(b->shown[1].signal, GL_SIGNAL_INSPECT);
    bench_free(b);

    b = up(); /* what an officer lets go is used as well */
    device(b, "in-1.rear", GL_DEVICE_OFFLINE);
    drive_in(b, "in-1", "NC15REG", NULL);
    later(b, 12 * SECOND);
    assert_true(override(b, "desk", "officer-7"));
    drive_out(b, "in-1");
    drive_in(b, "in-2", "NC15REG", "NC16TRL");
    assert_inspected(b, "in-2", DESK, "DECL_ALREADY_USED");
    bench_free(b);
}

static void alarms_at_the_exit(void **state) {
    (void)state;
    struct bench *b = up();
    loop(b, "in-1", GL_ZONE_EXIT, true);
    assert_string_equal(last_alarm(b)->kind, "wrong_way");
    loop(b, "in-1", GL_ZONE_EXIT, false);
    drive_in(b, "in-1", "NC19BAD", NULL);
    later(b, 12 * SECOND);
    loop(b, "in-1", GL_ZONE_EXIT, true);
    assert_string_equal(last_alarm(b)->kind, "exit_unreleased");
    assert_string_equal(last_alarm(b)->passage, last(b)->passage);
    loop(b, "in-1", GL_ZONE_EXIT, false);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    drive_in(b, "in-1", "NC19BAD", NULL);
    drive_out(b, "in-1");
    later(b, 3 * SECOND);
    uint32_t alarms = b->n_alarms;
    loop(b, "in-1", GL_ZONE_EXIT, true);
    assert_int_equal(b->n_alarms, alarms + 1);
    assert_string_equal(last_alarm(b)->kind, "tailgate");
    bench_free(b);
}

/* Told twice, or only one of the edges: no vehicle is invented, none forgotten. */
static void edges_told_again(void **state) {
    (void)state;
    struct bench *b = up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    char id[GL_UUID];
    gl_clip(id, sizeof id, b->reading.passage);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    assert_string_equal(b->reading.passage, id);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    loop(b, "in-1", GL_ZONE_ENTRY, false);
    loop(b, "in-1", GL_ZONE_EXIT, false);
    plate(b, "in-1", "NC15REG");
    trailer(b, "in-1", "NC16TRL");
    assert_string_equal(b->reading.passage, id);
    assert_released(b, "in-1");
    bench_free(b);
}

/* A vehicle of which nothing is heard any more is closed; but it never left, so the next one is not let go on trust. */
static void abandoned(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC19BAD", NULL);
    later(b, 11 * MINUTE);
    assert_int_equal(b->passage.state, GL_PASSAGE_CLOSED);
    assert_int_equal(b->passage.exit, GL_EXIT_UNKNOWN);
    assert_int_equal(lit(b), GL_SIGNAL_STOP);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
    assert_inspected(b, "in-1", DESK, "AMBIGUOUS_MATCH");
    drive_out(b, "in-1");
    drive_in(b, "in-1", "KA1234AB", NULL);
    later(b, 6 * SECOND);
    assert_released(b, "in-1");
    bench_free(b);
    b = up(); /* on a loop it is there, however long */
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    later(b, 60 * MINUTE);
    assert_int_equal(b->passage.state, GL_PASSAGE_DECIDED);
    bench_free(b);
}

static void more_than_can_stand_here(void **state) {
    (void)state;
    struct bench *b = up();
    for (int i = 0; i < 40; i++) drive_in(b, "in-1", i == 2 ? "NC15REG" : "", i == 2 ? "NC16TRL" : NULL);
    for (int i = 0; i < 40; i++) {
        later(b, 12 * SECOND);
        assert_int_not_equal(lit(b), GL_SIGNAL_RELEASE);
        drive_out(b, "in-1");
    }
    assert_true(gl_core_idle(b->core));
    bench_free(b);
}

/* Open when the gateway stopped, in a lane that is not configured any more: nobody would ever see it leave. */
static void its_lane_is_gone(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    assert_int_equal(b->uses[0].use, GL_USE_RESERVED);
    struct gl_passage open[] = {b->passage};
    gl_clip(open[0].lane, sizeof open[0].lane, "in-9");
    uint32_t before = b->n_passages;
    gl_core_free(b->core);
    bench_start(b, "018f0000-0000-7000-8000-000000000002");
    step(b, &(struct gl_event){.type = GL_EV_RESTORE_PASSAGE, .restore_passage = &open[0]});
    assert_int_equal(b->n_passages, before + 1);
    assert_string_equal(b->passage.lane, "in-9");
    assert_string_equal(b->passage.passage, open[0].passage);
    assert_int_equal(b->passage.state, GL_PASSAGE_CLOSED);
    assert_int_equal(b->passage.exit, GL_EXIT_UNKNOWN);
    assert_int_equal(b->passage.closed_at, b->now.wall);
    const struct used *all = &b->uses[b->n_uses - 1]; /* it may be in the country: its movement lets nobody else in */
    assert_int_equal(all->use, GL_USE_CONSUMED);
    assert_string_equal(all->ref.value, "");
    assert_string_equal(all->passage, open[0].passage);
    assert_string_equal(last_alarm(b)->kind, "passage_abandoned");
    assert_string_equal(last_alarm(b)->passage, open[0].passage);
    assert_string_equal(last_alarm(b)->lane, "");
    assert_non_null(strstr(last_alarm(b)->detail, "lane in-9"));
    assert_int_not_equal(lit(b), GL_SIGNAL_RELEASE);
    bench_ready(b);
    drive_in(b, "in-2", "NC15REG", "NC16TRL");
    later(b, 30 * SECOND);
    assert_int_equal(b->shown[1].signal, GL_SIGNAL_INSPECT);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nose_to_tail),
        cmocka_unit_test(the_next_is_seen_early),
        cmocka_unit_test(read_before_the_loop),
        cmocka_unit_test(one_unread_ahead),
        cmocka_unit_test(a_vehicle_that_never_was),
        cmocka_unit_test(trailer_between_two),
        cmocka_unit_test(late_readings_never_decide),
        cmocka_unit_test(absurd_readings),
        cmocka_unit_test(backing_out),
        cmocka_unit_test(used_once),
        cmocka_unit_test(alarms_at_the_exit),
        cmocka_unit_test(edges_told_again),
        cmocka_unit_test(abandoned),
        cmocka_unit_test(more_than_can_stand_here),
        cmocka_unit_test(its_lane_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
