/* Trusted traders, and the three rules that they soften: random controls, lead times, documents. Nothing else. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL };

static struct bench *up(void) {
    struct bench *b = bench_new();
    b->config->feed.collections = 1u << GL_COLLECTION_MOVEMENTS | 1u << GL_COLLECTION_TRADERS;
    bench_ready(b);
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    return b;
}

static void trust(struct gl_answer_declaration *d) {
    gl_clip(d->eori, sizeof d->eori, "EE12345678");
    d->trader = GL_TRADER_ACTIVE;
    d->aeo = true;
}

static void arrive(struct bench *b) {
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    later(b, 12 * SECOND);
}

/* Documents are asked for: a note where the trader is trusted, else the desk. */
static void trusted_when(void **state) {
    (void)state;
    enum {
        TRUSTED,
        UNKNOWN,
        SUSPENDED,
        NO_AEO,
        NOT_YET,
        NO_MORE,
        IN_TIME,
        STALE_FEED,
        GAP_FEED,
        AGED_FEED,
        NOT_LEANED_ON,
        SECOND_ONE
    };
    for (int how = TRUSTED; how <= SECOND_ONE; how++) {
        struct bench *b = up();
        struct gl_answer_declaration *d = &b->declarations[0];
        struct gl_event ev = {.type = GL_EV_FEED, .feed = GL_FEED_LIVE, .feeds = {[GL_COLLECTION_TRADERS] = GL_FEED_LIVE}};
        trust(d);
        d->n_wanted = 1;
        gl_clip(d->wanted[0], sizeof d->wanted[0], "N935");
        if (how == UNKNOWN) d->trader = GL_TRADER_NONE;
        if (how == SUSPENDED) d->trader = GL_TRADER_SUSPENDED;
        if (how == NO_AEO) d->aeo = false;
        if (how == NOT_YET || how == IN_TIME) d->aeo_from = b->now.wall + (how == NOT_YET ? HOUR : -HOUR);
        if (how == NO_MORE || how == IN_TIME) d->aeo_to = b->now.wall + (how == NO_MORE ? -HOUR : HOUR);
        if (how == SECOND_ONE) b->movements[0].listed[b->movements[0].m.n_declarations++] = lodge_declaration(b, "D-2")->ref;
        if (how == STALE_FEED) ev.feeds[GL_COLLECTION_TRADERS] = GL_FEED_STALE; /* the others are live */
        if (how == GAP_FEED) ev.feeds[GL_COLLECTION_TRADERS] = GL_FEED_GAP;
        if (how == AGED_FEED) ev.feeds[GL_COLLECTION_TRADERS] = GL_FEED_AGED;
        if (how == NOT_LEANED_ON) ev.feeds[GL_COLLECTION_TRADERS] = GL_FEED_NONE;
        step(b, &ev);
        arrive(b);
        bool trusted = how == TRUSTED || how == IN_TIME || how == AGED_FEED;
        if (said(b, "DOCS_MISSING") != (trusted ? GL_NOTE : GL_FAIL)) print_error("case %d\n", how);
        assert_int_equal(said(b, "DOCS_MISSING"), trusted ? GL_NOTE : GL_FAIL);
        if (trusted) assert_released(b, "in-1");
        bench_free(b);
    }
}

static void documents_that_are_asked_for(void **state) {
    (void)state;
    struct bench *b = up();
    struct gl_answer_declaration *d = &b->declarations[0];
    d->n_wanted = 6;
    gl_clip(d->wanted[0], sizeof d->wanted[0], "N935");
    gl_clip(d->wanted[1], sizeof d->wanted[1], "Y929");
    arrive(b);
    assert_inspected(b, "in-1", DESK, "DOCS_MISSING");
    for (int i = 0; i < last(b)->n_rules; i++)
        if (strcmp(last(b)->rules[i].rule, "DOCS_MISSING") == 0) {
            assert_non_null(strstr(last(b)->rules[i].detail, "N935, Y929, one of no type, one of no type and 2 more"));
            assert_string_equal(last(b)->rules[i].declaration, "D-GMRA00000001");
        }
    assert_true(override(b, "desk", "officer-7"));
    assert_released(b, "in-1");
    bench_free(b);
}

static void many_lack_documents(void **state) {
    (void)state;
    struct bench *b = up();
    for (int i = 0; i < 6; i++) {
        char value[16];
        gl_format(value, sizeof value, "D-%d", i);
        struct gl_answer_declaration *d = lodge_declaration(b, value);
        d->n_wanted = 1;
        b->movements[0].listed[b->movements[0].m.n_declarations++] = d->ref;
    }
    arrive(b);
    int n = 0;
    for (int i = 0; i < last(b)->n_rules; i++) n += strcmp(last(b)->rules[i].rule, "DOCS_MISSING") == 0;
    assert_int_equal(n, 4); /* three by name, and how many more */
    bench_free(b);
}

/* ---- lead times ----------------------------------------------------------------------------------------------------------------------- */
static void lodged_in_time(void **state) {
    (void)state;
    static const struct {
        int movement, declaration; /* minutes ago; -1 = not said */
        bool trusted;
        uint8_t result;
    } cases[] = {{61, -1, false, GL_PASS},   {59, -1, false, GL_FAIL},    {59, 90, false, GL_FAIL}, {-1, 61, false, GL_PASS},
                 {-1, 59, false, GL_FAIL},   {-1, -1, false, GL_UNKNOWN}, {31, -1, true, GL_PASS},  {29, -1, true, GL_FAIL},
                 {-1, -1, true, GL_UNKNOWN}, {-60, -1, true, GL_FAIL}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct bench *b = up();
        b->config->profiles[0].lead_ms = 60 * MINUTE;
        b->config->profiles[0].lead_aeo_ms = 30 * MINUTE;
        if (cases[i].trusted) trust(&b->declarations[0]);
        if (cases[i].movement != -1) b->movements[0].m.lodged_at = b->now.wall - cases[i].movement * MINUTE;
        if (cases[i].declaration != -1) b->declarations[0].lodged_at = b->now.wall - cases[i].declaration * MINUTE;
        arrive(b);
        if (said(b, "TOO_EARLY") != cases[i].result) print_error("case %zu\n", i);
        assert_int_equal(said(b, "TOO_EARLY"), cases[i].result);
        if (cases[i].result == GL_PASS)
            assert_released(b, "in-1");
        else
            assert_inspected(b, "in-1", DESK, "TOO_EARLY");
        bench_free(b);
    }
}

/* The last of them counts, and one that does not say leaves it unknown. */
static void the_last_declaration_counts(void **state) {
    (void)state;
    for (int unsaid = 0; unsaid < 2; unsaid++) {
        struct bench *b = up();
        b->config->profiles[0].lead_ms = 60 * MINUTE;
        b->declarations[0].lodged_at = b->now.wall - 90 * MINUTE;
        struct gl_answer_declaration *d = lodge_declaration(b, "D-2");
        d->lodged_at = unsaid ? 0 : b->now.wall - 10 * MINUTE;
        b->movements[0].listed[b->movements[0].m.n_declarations++] = d->ref;
        arrive(b);
        assert_int_equal(said(b, "TOO_EARLY"), unsaid ? GL_UNKNOWN : GL_FAIL);
        bench_free(b);
    }
}

/* Nobody's goods are no trusted trader's. */
static void without_any_declaration(void **state) {
    (void)state;
    struct bench *b = up();
    b->config->profiles[0].lead_ms = 60 * MINUTE;
    b->config->profiles[0].lead_aeo_ms = 30 * MINUTE;
    b->movements[0].m.kind = GL_MOVEMENT_EMPTY;
    b->movements[0].m.n_declarations = b->n_declarations = 0;
    b->movements[0].m.lodged_at = b->now.wall - 45 * MINUTE;
    arrive(b);
    assert_int_equal(said(b, "TOO_EARLY"), GL_FAIL);
    bench_free(b);
}

static void no_lead_time_is_asked_for(void **state) {
    (void)state;
    struct bench *b = up();
    arrive(b);
    assert_released(b, "in-1");
    assert_int_equal(said(b, "TOO_EARLY"), 0);
    bench_free(b);
}

/* ---- random controls ------------------------------------------------------------------------------------------------------------------ */
/* How many of 200 are drawn. */
static int drawn(double rate, double aeo, bool trusted, uint8_t state, int64_t aged) {
    int n = 0;
    for (int i = 0; i < 200; i++) {
        char ref[24];
        struct bench *b = bench_new();
        b->config->feed.collections = 1u << GL_COLLECTION_MOVEMENTS | 1u << GL_COLLECTION_TRADERS;
        b->config->profiles[0].random_rate = rate;
        b->config->profiles[0].random_aeo_rate = aeo;
        b->config->profiles[0].aged_random = aged;
        bench_ready(b);
        feed(b, state);
        gl_format(ref, sizeof ref, "GMRA%08d", i);
        lodge(b, ref, "NC15REG", "NC16TRL");
        if (trusted) trust(&b->declarations[0]);
        drive_in(b, "in-1", "NC15REG", "NC16TRL");
        n += said(b, "RANDOM") == GL_FAIL;
        bench_free(b);
    }
    return n;
}

static void drawn_less_often(void **state) {
    (void)state;
    int all = drawn(0.3, 0.1, false, GL_FEED_LIVE, 2), aeo = drawn(0.3, 0.1, true, GL_FEED_LIVE, 2);
    assert_in_range(all, 40, 80);
    assert_in_range(aeo, 8, 32);
    assert_int_equal(drawn(0.3, 0, true, GL_FEED_LIVE, 2), 0);
    assert_in_range(drawn(0.3, 0.1, true, GL_FEED_AGED, 3), all - 1, all + 1); /* the same draw: 3 times 0.1 */
    assert_int_equal(drawn(0.5, 0.5, false, GL_FEED_AGED, 2), 200);
    assert_int_equal(drawn(0.5, 0.5, false, GL_FEED_AGED, 100), 200);
}

/* Trust says nothing of who it is, what the authority wants, and whom it looks for. */
static void trust_softens_nothing_else(void **state) {
    (void)state;
    enum { TRAILER, CONTROL, NOT_RELEASED, LOOK_OUT, PENDING, FEED, LAST };
    for (int how = TRAILER; how < LAST; how++) {
        struct bench *b = up();
        trust(&b->declarations[0]);
        if (how == TRAILER) gl_clip(b->movements[0].m.means[1].plate, GL_IDENTITY, "NT99XXX");
        if (how == CONTROL) b->declarations[0].control = GL_CHANNEL_PHYSICAL;
        if (how == NOT_RELEASED) b->declarations[0].state = GL_DECLARATION_ACCEPTED;
        if (how == LOOK_OUT) look_out(b, GL_SOUGHT_PLATE, "NC15REG", GL_CHANNEL_DESK);
        if (how == PENDING) b->movements[0].m.channel = GL_CHANNEL_NONE;
        if (how == FEED)
            step(b,
                 &(struct gl_event){.type = GL_EV_FEED, .feed = GL_FEED_STALE, .feeds = {[GL_COLLECTION_TRADERS] = GL_FEED_LIVE}});
        arrive(b);
        assert_int_equal(last(b)->outcome, GL_OUTCOME_INSPECT);
        bench_free(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trusted_when),
        cmocka_unit_test(documents_that_are_asked_for),
        cmocka_unit_test(many_lack_documents),
        cmocka_unit_test(lodged_in_time),
        cmocka_unit_test(the_last_declaration_counts),
        cmocka_unit_test(without_any_declaration),
        cmocka_unit_test(no_lead_time_is_asked_for),
        cmocka_unit_test(drawn_less_often),
        cmocka_unit_test(trust_softens_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
