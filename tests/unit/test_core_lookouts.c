/* Look-outs: what fits a vehicle turns the light red at once, stays, and is told where it may be told. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL, REFUSE = GL_LEVEL_REFUSE };
enum { ACT_DESK = GL_CHANNEL_DESK, ACT_PHYSICAL = GL_CHANNEL_PHYSICAL, ACT_REFUSE = GL_CHANNEL_REFUSE };

static struct bench *up(void) {
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    return b;
}

static void arrive(struct bench *b) {
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
}

static const struct gl_hit *hit(struct bench *b) {
    assert_true(b->n_hits > 0);
    return &b->hits[(b->n_hits - 1) % KEPT];
}

/* Its detail; NULL = the rule was not said. */
static const char *detail_of(struct bench *b, const char *rule) {
    const struct gl_decision *d = last(b);
    for (int i = 0; i < d->n_rules; i++)
        if (strcmp(d->rules[i].rule, rule) == 0) return d->rules[i].detail;
    return NULL;
}

/* ---- what fits ----------------------------------------------------------------------------------------------------------------------- */
static void its_action_is_its_level(void **state) {
    (void)state;
    static const struct {
        uint8_t action, level;
    } cases[] = {
        {ACT_DESK, DESK}, {ACT_PHYSICAL, PHYSICAL}, {ACT_REFUSE, REFUSE}, {GL_CHANNEL_NONE, DESK}, {GL_CHANNEL_RELEASE, DESK}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = up();
        look_out(b, GL_SOUGHT_PLATE, "NC15REG", cases[i].action);
        arrive(b);
        assert_inspected(b, "in-1", cases[i].level, "WATCHLIST");
        assert_non_null(strstr(detail_of(b, "WATCHLIST"), "plate NC15REG is looked for (L-1: stolen)"));
        assert_int_equal(b->n_hits, 1);
        assert_int_equal(hit(b)->level, cases[i].level);
        assert_int_equal(hit(b)->read, GL_TRUE);
        assert_string_equal(hit(b)->lookout.value, "L-1");
        assert_string_equal(hit(b)->decision, last_id(b));
        assert_string_equal(hit(b)->passage, last(b)->passage);
        bench_free(b);
    }
}

/* Read on it, or standing in what was lodged for it. */
static void whatever_it_is_about(void **state) {
    (void)state;
    struct bench *b = up();
    look_out(b, GL_SOUGHT_PLATE, "nc-16 trl", ACT_PHYSICAL);
    arrive(b);
    assert_inspected(b, "in-1", PHYSICAL, "WATCHLIST");
    assert_string_equal(hit(b)->lodged.value, "GMRA00000001"); /* it is declared as well */
    bench_free(b);

    b = up();
    b->declarations[0].n_containers = 1;
    gl_clip(b->declarations[0].containers[0], 18, "MSCU9981402");
    look_out(b, GL_SOUGHT_CONTAINER, "MSCU9981402", ACT_DESK);
    arrive(b);
    assert_inspected(b, "in-1", DESK, "WATCHLIST");
    assert_int_equal(hit(b)->read, GL_FALSE);
    assert_string_equal(hit(b)->lodged.value, "D-GMRA00000001");
    bench_free(b);

    b = up();
    gl_clip(b->declarations[0].eori, sizeof b->declarations[0].eori, "EE12345678");
    look_out(b, GL_SOUGHT_HOLDER, "EE12345678", ACT_REFUSE);
    arrive(b);
    assert_inspected(b, "in-1", REFUSE, "WATCHLIST");
    bench_free(b);

    b = up();
    container(b, "in-1", "MSCU9981402");
    look_out(b, GL_SOUGHT_CONTAINER, "MSCU9981402", ACT_DESK);
    arrive(b);
    assert_int_equal(said(b, "WATCHLIST"), GL_FAIL);
    bench_free(b);
}

/* A live candidate that was not chosen counts; one that is dead, or another's, does not. */
static void candidates_count_while_they_live(void **state) {
    (void)state;
    for (int dead = 0; dead < 2; dead++) {
        struct bench *b = up();
        struct lodged_movement *x = lodge(b, "GMRB00000002", "NC15REG", "NT99XXX");
        if (dead) x->m.state = GL_MOVEMENT_EXITED;
        look_out(b, GL_SOUGHT_PLATE, "NT99XXX", ACT_PHYSICAL);
        drive_in(b, "in-1", "NC15REG", "NC16TRL");
        code(b, "in-1", "gmr", "GMRA00000001"); /* which of them it is */
        later(b, 12 * SECOND);
        if (dead) assert_released(b, "in-1");
        assert_int_equal(b->n_hits, dead ? 0 : 1);
        bench_free(b);
    }
}

static void in_its_time(void **state) {
    (void)state;
    static const struct {
        int64_t from, to; /* hours from now; 0 = no such limit */
        bool clock, holds;
    } cases[] = {{0, 0, true, true},   {-1, 1, true, true},   {-2, -1, true, false}, {1, 2, true, false},
                 {0, -1, true, false}, {-2, -1, false, true}, {1, 2, false, true}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = up();
        struct gl_answer_lookout *x = look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_PHYSICAL);
        x->valid_from = cases[i].from ? b->now.wall + cases[i].from * HOUR : 0;
        x->valid_to = cases[i].to ? b->now.wall + cases[i].to * HOUR : 0;
        clock_ok(b, cases[i].clock); /* a doubted clock ends no search */
        arrive(b);
        later(b, 12 * SECOND);
        assert_int_equal(said(b, "WATCHLIST"), cases[i].holds ? GL_FAIL : 0);
        assert_int_equal(b->n_hits, cases[i].holds);
        bench_free(b);
    }
}

static void a_country_is_not_compared(void **state) {
    (void)state;
    struct bench *b = up();
    gl_clip(look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_DESK)->country, GL_COUNTRY, "LT");
    arrive(b);
    assert_inspected(b, "in-1", DESK, "WATCHLIST");
    assert_non_null(strstr(detail_of(b, "WATCHLIST"), "of LT"));
    assert_non_null(strstr(detail_of(b, "WATCHLIST"), "its country was not compared"));
    bench_free(b);
}

/* ---- at once, and for good ------------------------------------------------------------------------------------------------------------ */
static void it_waits_for_nothing(void **state) {
    (void)state;
    struct bench *b = up();
    look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_DESK);
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    plate(b, "in-1", "NC15REG"); /* its trailer has not come into view */
    assert_inspected(b, "in-1", DESK, "WATCHLIST");
    bench_free(b);
}

static void nothing_lifts_it_by_itself(void **state) {
    (void)state;
    struct bench *b = up();
    look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_DESK);
    arrive(b);
    assert_inspected(b, "in-1", DESK, "WATCHLIST");
    b->n_lookouts = 0; /* withdrawn while it stands here */
    lodged_changed(b);
    code(b, "in-1", "gmr", "GMRA00000001");
    assert_inspected(b, "in-1", DESK, "WATCHLIST");
    assert_false(override(b, "desk", "officer-7"));
    assert_non_null(strstr(b->reply.error, "WATCHLIST needs two persons"));
    assert_false(override(b, "desk", "officer-7")); /* the same one again is no second */
    assert_true(override(b, "desk", "officer-8"));
    assert_released(b, "in-1");
    assert_int_equal(b->n_hits, 1);
    bench_free(b);
}

/* One that comes while the lane is green takes the green back; by whomever it was given. */
static void it_takes_a_release_back(void **state) {
    (void)state;
    for (int by_officers = 0; by_officers < 2; by_officers++) {
        struct bench *b = up();
        b->movements[0].m.channel = by_officers ? GL_CHANNEL_REFUSE : GL_CHANNEL_RELEASE;
        arrive(b);
        if (by_officers) assert_false(override(b, "desk", "officer-7"));
        if (by_officers) assert_true(override(b, "desk", "officer-8"));
        assert_released(b, "in-1");
        look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_DESK);
        lodged_changed(b);
        assert_int_equal(last(b)->outcome, GL_OUTCOME_INSPECT);
        assert_int_equal(said(b, "WATCHLIST"), GL_FAIL);
        assert_false(is_released(b, "in-1"));
        bench_free(b);
    }
}

/* Who lifts the first has not seen the second. */
static void a_second_one_is_told(void **state) {
    (void)state;
    struct bench *b = up();
    look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_DESK);
    arrive(b);
    uint32_t before = b->n_decisions;
    lodged_changed(b);
    assert_int_equal(b->n_decisions, before); /* once for each passage and look-out */
    assert_int_equal(b->n_hits, 1);
    assert_false(override(b, "desk", "officer-7"));
    look_out(b, GL_SOUGHT_PLATE, "NC16TRL", ACT_PHYSICAL);
    lodged_changed(b);
    assert_int_equal(b->n_decisions, before + 1);
    assert_int_equal(b->n_hits, 2);
    assert_inspected(b, "in-1", PHYSICAL, "WATCHLIST");
    int said_of_it = 0;
    for (int i = 0; i < last(b)->n_rules; i++) said_of_it += strcmp(last(b)->rules[i].rule, "WATCHLIST") == 0;
    assert_int_equal(said_of_it, 2);                /* two actions, two outcomes */
    assert_false(override(b, "desk", "officer-8")); /* officer-7 agreed to something else */
    bench_free(b);
}

static void it_outlives_a_restart(void **state) {
    (void)state;
    struct bench *b = up();
    look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_PHYSICAL);
    arrive(b);
    struct gl_passage open = b->passage;
    struct gl_hit kept = *hit(b);
    b->n_lookouts = 0;
    bench_restart(b, &open, 1);
    step(b, &(struct gl_event){.type = GL_EV_RESTORE_HIT, .restore_hit = &kept});
    bench_ready(b);
    assert_inspected(b, "in-1", PHYSICAL, "WATCHLIST");
    assert_int_equal(b->n_hits, 1);
    bench_free(b);
}

/* ---- silent --------------------------------------------------------------------------------------------------------------------------- */
static bool speaks_of(const struct gl_fields *t, const void *s, const char *word) {
    GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(1 << 20);
    gl_fields_to_json(t, s, &json);
    assert_false(json.failed);
    return strstr(json.data, word) != NULL;
}

static void a_silent_one_is_a_referral(void **state) {
    (void)state;
    struct bench *b = up();
    struct gl_answer_lookout *x = look_out(b, GL_SOUGHT_PLATE, "NC16TRL", ACT_REFUSE);
    x->silent = true;
    gl_clip(x->reason, sizeof x->reason, "smuggling ring");
    arrive(b);
    assert_inspected(b, "in-1", REFUSE, "REFERRED");
    assert_string_equal(detail_of(b, "REFERRED"), "an officer is wanted");
    static const char *const words[] = {"WATCHLIST", "look", "L-1", "smuggling", "silent"};
    for (size_t i = 0; i < GL_COUNT(words); i++) {
        assert_false(speaks_of(&gl_decision_fields, last(b), words[i]));
        assert_false(speaks_of(&gl_passage_fields, &b->passage, words[i]));
        assert_false(speaks_of(&gl_signal_state_fields, &b->shown[0], words[i]));
    }
    assert_string_equal(hit(b)->reason, "smuggling ring"); /* for those who may know */
    assert_int_equal(hit(b)->silent, GL_TRUE);
    assert_false(override(b, "desk", "officer-7"));
    assert_null(strstr(b->reply.error, "WATCHLIST"));
    bench_free(b);
}

static void how_many_are_silent_is_not_told(void **state) {
    (void)state;
    struct bench *b = up();
    look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_DESK)->silent = true;
    look_out(b, GL_SOUGHT_PLATE, "NC16TRL", ACT_DESK)->silent = true;
    look_out(b, GL_SOUGHT_PLATE, "NC16TRL", ACT_PHYSICAL);
    arrive(b);
    assert_int_equal(b->n_hits, 3);
    int referred = 0;
    for (int i = 0; i < last(b)->n_rules; i++) referred += strcmp(last(b)->rules[i].rule, "REFERRED") == 0;
    assert_int_equal(referred, 1);
    assert_inspected(b, "in-1", PHYSICAL, "WATCHLIST");
    bench_free(b);
}

/* As many as an answer can hold, and all of them in the decision. */
static void many_fit(void **state) {
    (void)state;
    struct bench *b = up();
    for (int i = 0; i < GL_MAX_ANSWER_LOOKOUTS; i++) look_out(b, GL_SOUGHT_PLATE, "NC15REG", ACT_PHYSICAL);
    arrive(b);
    assert_int_equal(b->n_hits, GL_MAX_ANSWER_LOOKOUTS);
    assert_inspected(b, "in-1", PHYSICAL, "WATCHLIST");
    assert_true(last(b)->n_rules < GL_MAX_RULES);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_action_is_its_level),
        cmocka_unit_test(whatever_it_is_about),
        cmocka_unit_test(candidates_count_while_they_live),
        cmocka_unit_test(in_its_time),
        cmocka_unit_test(a_country_is_not_compared),
        cmocka_unit_test(it_waits_for_nothing),
        cmocka_unit_test(nothing_lifts_it_by_itself),
        cmocka_unit_test(it_takes_a_release_back),
        cmocka_unit_test(a_second_one_is_told),
        cmocka_unit_test(it_outlives_a_restart),
        cmocka_unit_test(a_silent_one_is_a_referral),
        cmocka_unit_test(how_many_are_silent_is_not_told),
        cmocka_unit_test(many_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
