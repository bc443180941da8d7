/* After a restore: what may have been used is inspected, until the authority says what was. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK };
#define ALARM "5b0f3f0e-8a3c-4f0e-9d53-7c2c0f4e7a11"
#define PASSAGE "0d1f7c52-6a57-7c3e-9d53-2b8c0f4e7a11"

static struct gl_unknown_uses restored(struct bench *b) {
    struct gl_unknown_uses u;
    gl_fields_clear(&gl_unknown_uses_fields, &u);
    u.active = GL_TRUE;
    u.copied_at = b->now.wall - 8 * HOUR;
    u.restored_at = b->now.wall - HOUR;
    gl_clip(u.alarm, sizeof u.alarm, ALARM);
    return u;
}

/* A movement and its declaration are there; the box is a restored one whose clock is right. */
static struct bench *up(void) {
    struct bench *b = bench_up();
    struct gl_unknown_uses u = restored(b);
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    clock_ok(b, false);
    step(b, &(struct gl_event){.type = GL_EV_RESTORE_USES, .restore_uses = &u});
    clock_ok(b, true);
    later(b, 30 * 60 * SECOND);
    return b;
}

static void lodged_at(struct bench *b, int64_t movement, int64_t declaration) {
    b->movements[0].m.lodged_at = movement;
    b->declarations[0].lodged_at = declaration;
}

static void arrive(struct bench *b) {
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
}

static struct gl_command known(struct bench *b, const char *client) {
    struct gl_command c = order(b, client, GL_COMMAND_USES_KNOWN);
    gl_clip(c.alarm, sizeof c.alarm, ALARM);
    return c;
}

/* ---- what is concerned ---------------------------------------------------------------------------------------------------------------- */
/* Milliseconds after the moment from which what was lodged is not concerned. */
static void only_what_was_surely_lodged_later(void **state) {
    (void)state;
    static const struct {
        int64_t movement, declaration;
        bool released;
    } cases[] = {{1, 1, true},      {0, 1, false},     {1, 0, false},
                 {1, -HOUR, false}, {-HOUR, 1, false}, {31 * 60 * SECOND, 1, false} /* ahead of now */};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = up();
        int64_t until = b->unknown.until;
        assert_true(until > 0);
        lodged_at(b, until + cases[i].movement, until + cases[i].declaration);
        arrive(b);
        if (cases[i].released)
            assert_released(b, "in-1");
        else
            assert_inspected(b, "in-1", DESK, "USE_UNKNOWN");
        assert_int_equal(said(b, "USE_UNKNOWN"), cases[i].released ? GL_PASS : GL_UNKNOWN);
        bench_free(b);
    }
}

static void what_does_not_say_when(void **state) {
    (void)state;
    for (int which = 0; which < 2; which++) {
        struct bench *b = up();
        lodged_at(b, which ? b->unknown.until + 1 : 0, which ? 0 : b->unknown.until + 1);
        arrive(b);
        assert_inspected(b, "in-1", DESK, "USE_UNKNOWN");
        bench_free(b);
    }
}

/* The end of a day stands for the whole day, in any zone; it began before. */
static void a_day_counts_from_its_beginning(void **state) {
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        struct bench *b = up();
        int64_t quarter = 15 * 60 * SECOND, end = (b->now.wall / quarter) * quarter - SECOND;
        assert_true(end > b->unknown.until);
        lodged_at(b, whole ? end : end + SECOND, b->unknown.until + 1);
        arrive(b);
        if (whole)
            assert_inspected(b, "in-1", DESK, "USE_UNKNOWN");
        else
            assert_released(b, "in-1");
        bench_free(b);
    }
}

/* Who does not know the time does not know what came later. */
static void no_clock_to_believe(void **state) {
    (void)state;
    struct bench *b = bench_up();
    struct gl_unknown_uses u = restored(b);
    b->config->clock_require_sync = false;
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    clock_ok(b, false);
    step(b, &(struct gl_event){.type = GL_EV_RESTORE_USES, .restore_uses = &u});
    later(b, HOUR);
    lodged_at(b, b->now.wall - 60 * SECOND, b->now.wall - 60 * SECOND);
    assert_int_equal(b->n_unknowns, 0);
    arrive(b);
    assert_inspected(b, "in-1", DESK, "USE_UNKNOWN");
    bench_free(b);
}

/* A clock that stood behind the backup does not make it earlier; one that was right once is not asked again. */
static void the_latest_of_three(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bench *b = bench_up();
        struct gl_unknown_uses u = restored(b);
        if (i == 1) u.copied_at = b->now.wall + HOUR;
        if (i == 2) u.restored_at = b->now.wall + HOUR;
        clock_ok(b, false);
        step(b, &(struct gl_event){.type = GL_EV_RESTORE_USES, .restore_uses = &u});
        clock_ok(b, true);
        int64_t want = b->now.wall + (i ? HOUR : 0);
        assert_int_equal(b->unknown.until, want);
        later(b, 2 * HOUR);
        clock_ok(b, false);
        clock_ok(b, true);
        assert_int_equal(b->n_unknowns, 1);
        assert_int_equal(gl_core_uses(b->core)->until, want);
        bench_free(b);
    }
}

/* What the journal knows to be used needs no guess. */
static void what_is_known_is_said(void **state) {
    (void)state;
    struct bench *b = up();
    b->uses[b->n_uses] = (struct used){.ref = b->movements[0].m.ref, .use = GL_USE_CONSUMED};
    gl_clip(b->uses[b->n_uses++].passage, GL_UUID, PASSAGE);
    lodged_at(b, b->unknown.until - HOUR, b->unknown.until + 1);
    arrive(b);
    assert_inspected(b, "in-1", DESK, "DECL_ALREADY_USED");
    assert_int_not_equal(said(b, "USE_UNKNOWN"), GL_UNKNOWN);
    bench_free(b);
}

static void a_box_that_was_not_restored(void **state) {
    (void)state;
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    arrive(b);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "USE_UNKNOWN"), GL_RESULT_NULL);
    assert_int_equal(b->n_unknowns, 0);
    struct gl_command c = known(b, "hq");
    assert_false(give(b, &c));
    assert_non_null(strstr(b->reply.error, "no restore"));
    bench_free(b);
}

/* ---- who may say ---------------------------------------------------------------------------------------------------------------------- */
static void the_authority_lifts_it(void **state) {
    (void)state;
    struct bench *b = up();
    lodged_at(b, b->unknown.until - HOUR, b->unknown.until - HOUR);
    arrive(b);
    assert_inspected(b, "in-1", DESK, "USE_UNKNOWN");
    assert_false(override(b, "desk", "officer-7"));
    assert_non_null(strstr(b->reply.error, "USE_UNKNOWN may be lifted by the authority only"));
    assert_true(override(b, "hq", "director-1"));
    assert_released(b, "in-1");
    bench_free(b);
}

static void the_authority_ends_it(void **state) {
    (void)state;
    static const struct {
        const char *client, *officer, *reason, *alarm, *error; /* NULL = done */
    } cases[] = {
        {"hq", "director-1", "all marked as arrived", ALARM, NULL},
        {"hq", "director-1", "all marked as arrived", PASSAGE, "not the one named"},
        {"hq", "director-1", "all marked as arrived", "", "alarm is missing"},
        {"hq", "", "all marked as arrived", ALARM, "officer.id"},
        {"hq", "director-1", "", ALARM, "reason"},
        {"desk", "director-1", "all marked as arrived", ALARM, "authority"},
        {"display", "director-1", "all marked as arrived", ALARM, "may not send"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = up();
        lodged_at(b, b->unknown.until - HOUR, b->unknown.until - HOUR);
        arrive(b);
        struct gl_command c = known(b, cases[i].client);
        gl_clip(c.officer.id, sizeof c.officer.id, cases[i].officer);
        gl_clip(c.reason, sizeof c.reason, cases[i].reason);
        memset(c.alarm, 0, sizeof c.alarm);
        gl_clip(c.alarm, sizeof c.alarm, cases[i].alarm);
        bool done = cases[i].error == NULL;
        assert_int_equal(give(b, &c), done);
        if (!done) {
            assert_non_null(strstr(b->reply.error, cases[i].error));
            assert_inspected(b, "in-1", DESK, "USE_UNKNOWN");
            assert_int_equal(b->n_unknowns, 1); /* when the clock was right */
        } else {
            assert_released(b, "in-1"); /* the vehicle that stands there, at once */
            assert_int_equal(b->unknown.active, GL_FALSE);
            assert_string_equal(b->unknown.by, "director-1");
            assert_int_equal(b->unknown.known_at, b->now.wall);
        }
        assert_int_equal(gl_core_uses(b->core)->active, gl_tri(!done));
        bench_free(b);
    }
}

static void it_outlives_a_restart(void **state) {
    (void)state;
    for (int ended = 0; ended < 2; ended++) {
        struct bench *b = up();
        struct gl_command c = known(b, "hq");
        lodged_at(b, b->unknown.until - HOUR, b->unknown.until - HOUR);
        if (ended) assert_true(give(b, &c));
        struct gl_unknown_uses kept = b->unknown;
        bench_restart(b, NULL, 0);
        step(b, &(struct gl_event){.type = GL_EV_RESTORE_USES, .restore_uses = &kept});
        bench_ready(b);
        assert_int_equal(gl_core_uses(b->core)->until, kept.until);
        arrive(b);
        if (ended)
            assert_released(b, "in-1");
        else
            assert_inspected(b, "in-1", DESK, "USE_UNKNOWN");
        bench_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_surely_lodged_later),
        cmocka_unit_test(what_does_not_say_when),
        cmocka_unit_test(a_day_counts_from_its_beginning),
        cmocka_unit_test(no_clock_to_believe),
        cmocka_unit_test(the_latest_of_three),
        cmocka_unit_test(what_is_known_is_said),
        cmocka_unit_test(a_box_that_was_not_restored),
        cmocka_unit_test(the_authority_lifts_it),
        cmocka_unit_test(the_authority_ends_it),
        cmocka_unit_test(it_outlives_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
