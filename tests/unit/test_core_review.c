/* The post-clearance list: what was released on a feed that could not be trusted, judged again by what the cache says now. */
#include "core_bench.h"

enum { DESK = GL_LEVEL_DESK, PHYSICAL = GL_LEVEL_PHYSICAL };

static struct bench *up(void) {
    struct bench *b = bench_up();
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    return b;
}

/* As the journal tells it. */
static void tell_what_it_used(struct bench *b, struct gl_review_case *r) {
    for (int i = 0; i < b->n_uses; i++)
        if (strcmp(b->uses[i].passage, r->passage.passage) == 0) r->used[r->n_used++] = b->uses[i].ref;
    assert_int_equal(r->n_used, 1);
}

/* It was released while the feed was late, has left, and stands in the journal. */
static struct gl_review_case crossed(struct bench *b) {
    struct gl_review_case r;
    memset(&r, 0, sizeof r);
    feed(b, GL_FEED_AGED);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    memcpy(r.decision, last_id(b), sizeof r.decision);
    r.decided_at = b->now.wall;
    r.outcome = last(b)->outcome;
    r.feed = last(b)->feed;
    drive_out(b, "in-1");
    r.passage = b->passage;
    tell_what_it_used(b, &r);
    later(b, HOUR);
    feed(b, GL_FEED_LIVE);
    return r;
}

static void look_again(struct bench *b, const struct gl_review_case *r) {
    uint32_t before = b->n_reviews;
    step(b, &(struct gl_event){.type = GL_EV_REVIEW, .review = r});
    assert_int_equal(b->n_reviews, before + 1);
    assert_string_equal(b->review.passage, r->passage.passage);
    assert_string_equal(b->review.decision, r->decision);
    assert_int_equal(b->review.feed, r->feed);
    assert_int_equal(b->review.outcome_then, GL_OUTCOME_RELEASE);
}

static bool stands_in_the_way(const struct bench *b, const char *rule) {
    for (int i = 0; i < b->review.n_rules; i++)
        if (strcmp(b->review.rules[i].rule, rule) == 0) return true;
    return false;
}

/* Its own use of the movement is no obstacle, nor that the feed knows by now that it has arrived. */
static void the_same_again(void **state) {
    (void)state;
    static const uint8_t states[][2] = {{GL_MOVEMENT_READY, GL_DECLARATION_RELEASED},
                                        {GL_MOVEMENT_CHECKED_IN, GL_DECLARATION_RELEASED},
                                        {GL_MOVEMENT_ARRIVED, GL_DECLARATION_ARRIVED},
                                        {GL_MOVEMENT_EXITED, GL_DECLARATION_DISCHARGED}};
    for (size_t i = 0; i < GL_COUNT(states); i++) {
        struct bench *b = up();
        struct gl_review_case r = crossed(b);
        b->movements[0].m.state = states[i][0];
        b->declarations[0].state = states[i][1];
        look_again(b, &r);
        assert_int_equal(b->review.outcome_now, GL_OUTCOME_RELEASE);
        assert_false(b->review.differs);
        assert_int_equal(b->review.n_rules, 0);
        assert_int_equal(b->n_decisions, 1); /* a review decides nothing */
        bench_free(b);
    }
}

static void what_came_to_light(void **state) {
    (void)state;
    enum { CANCELLED, DECLARATION, CONTROL, REFUSED, GONE, USED, MISSING, DOCUMENTS, LAST };
    static const struct {
        const char *rule;
        uint8_t level;
    } expected[] = {
        {"DECL_CANCELLED", DESK}, {"DECL_CANCELLED", DESK},    {"AUTHORITY_CONTROL", PHYSICAL}, {"ENTRY_DENIED", GL_LEVEL_REFUSE},
        {"NO_DECLARATION", DESK}, {"DECL_ALREADY_USED", DESK}, {"DECL_MISSING", DESK},          {"DOCS_MISSING", DESK}};
    for (int how = CANCELLED; how < LAST; how++) {
        struct bench *b = up();
        struct gl_review_case r = crossed(b);
        if (how == CANCELLED) b->movements[0].m.state = GL_MOVEMENT_CANCELLED;
        if (how == DECLARATION) b->declarations[0].state = GL_DECLARATION_CANCELLED;
        if (how == CONTROL) b->declarations[0].control = GL_CHANNEL_PHYSICAL;
        if (how == REFUSED) b->movements[0].m.channel = GL_CHANNEL_REFUSE;
        if (how == GONE) b->n_movements = b->n_declarations = 0;
        if (how == USED) gl_clip(use_of(b, &b->movements[0].m.ref)->passage, GL_UUID, "another");
        if (how == MISSING) b->n_declarations = 0;
        if (how == DOCUMENTS) b->declarations[0].n_wanted = 1;
        look_again(b, &r);
        assert_int_equal(b->review.outcome_now, GL_OUTCOME_INSPECT);
        assert_int_equal(b->review.level, expected[how].level);
        assert_true(b->review.differs);
        assert_true(stands_in_the_way(b, expected[how].rule));
        bench_free(b);
    }
}

/* Neither sensors nor the system of today are asked: the lane is closed, and the camera away. */
static void only_what_was_lodged(void **state) {
    (void)state;
    struct bench *b = up();
    struct gl_review_case r = crossed(b);
    device(b, "in-1.front", GL_DEVICE_OFFLINE);
    b->config->profiles[0].random_rate = 1;
    r.passage.known.trailer[0] = '\0';
    look_again(b, &r);
    assert_false(b->review.differs);
    bench_free(b);
}

/* A limit date that passed after the crossing is no reason. */
static void as_of_that_moment(void **state) {
    (void)state;
    for (int before = 0; before < 2; before++) {
        struct bench *b = up();
        struct gl_review_case r = crossed(b);
        b->movements[0].m.valid_to = r.decided_at + (before ? -1 : 1) * MINUTE;
        look_again(b, &r);
        assert_int_equal(b->review.differs, before);
        assert_int_equal(stands_in_the_way(b, "DECL_EXPIRED"), before);
        bench_free(b);
    }
}

static void a_look_out_fits(void **state) {
    (void)state;
    for (int silent = 0; silent < 2; silent++) {
        struct bench *b = up();
        struct gl_review_case r = crossed(b);
        look_out(b, GL_SOUGHT_PLATE, "NC15REG", GL_CHANNEL_DESK)->silent = silent;
        look_again(b, &r);
        assert_true(b->review.differs && b->review.lookout);
        assert_true(stands_in_the_way(b, silent ? "REFERRED" : "WATCHLIST"));
        assert_int_equal(b->n_hits, 1);
        assert_string_equal(b->hits[0].decision, r.decision);
        bench_free(b);
    }
}

/* By an officer, in a contingency, on a document that only comes to light now. */
static void evidence_is_looked_up(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) { /* its own document, another vehicle's, and none that exists */
        struct bench *b = bench_up();
        struct gl_review_case r;
        memset(&r, 0, sizeof r);
        gl_clip(r.passage.lane, sizeof r.passage.lane, "in-1");
        gl_clip(r.passage.passage, sizeof r.passage.passage, "018f0000-0000-7000-8000-00000000aaaa");
        gl_clip(r.passage.known.plate, sizeof r.passage.known.plate, "NC15REG");
        gl_clip(r.decision, sizeof r.decision, "018f0000-0000-7000-8000-00000000bbbb");
        gl_clip(r.evidence.type, sizeof r.evidence.type, "gmr");
        gl_clip(r.evidence.value, sizeof r.evidence.value, "GMRA00000001");
        gl_clip(r.contingency, sizeof r.contingency, "ORDER-7");
        r.outcome = GL_OUTCOME_RELEASE;
        r.feed = GL_FEED_DOWN;
        r.decided_at = b->now.wall;
        if (how < 2) lodge(b, "GMRA00000001", how == 0 ? "NC15REG" : "KA1234AB", NULL);
        look_again(b, &r);
        assert_int_equal(b->review.differs, how > 0);
        if (how == 1) assert_true(stands_in_the_way(b, "PLATE_MISMATCH"));
        if (how == 2) assert_true(stands_in_the_way(b, "NO_DECLARATION"));
        assert_string_equal(b->review.contingency, "ORDER-7");
        bench_free(b);
    }
}

static void what_cannot_be_judged(void **state) {
    (void)state;
    struct bench *b = up();
    struct gl_review_case r = crossed(b);
    b->cache_fails = true;
    look_again(b, &r);
    assert_true(b->review.failed && !b->review.differs); /* asked again, later */
    b->cache_fails = false;
    b->cache_truncates = true;
    look_again(b, &r);
    assert_true(!b->review.failed && b->review.differs && b->review.outcome_now == GL_OUTCOME_INSPECT);
    b->cache_truncates = false;
    gl_clip(r.passage.lane, sizeof r.passage.lane, "in-9"); /* renamed meanwhile */
    look_again(b, &r);
    assert_true(b->review.differs && stands_in_the_way(b, "LANE_MODE"));
    bench_free(b);
}

/* A movement that has come for the next trip does not stand for the one that was used. */
static void the_one_that_was_used(void **state) {
    (void)state;
    struct bench *b = up();
    struct gl_review_case r = crossed(b);
    b->movements[0].m.state = GL_MOVEMENT_CANCELLED;
    lodge(b, "GMRB00000002", "NC15REG", "NC16TRL");
    look_again(b, &r);
    assert_true(stands_in_the_way(b, "DECL_CANCELLED"));
    bench_free(b);
}

/* What it has used is lodged for another vehicle by now: nothing that was read finds it, and it is looked at all the same. */
static void amended_to_another_vehicle(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) { /* alone; cancelled as well; beside one that fits the vehicle */
        struct bench *b = up();
        struct gl_review_case r = crossed(b);
        gl_clip(b->movements[0].m.means[0].plate, sizeof b->movements[0].m.means[0].plate, "KA1234AB");
        b->movements[0].m.n_means = 1;
        if (how == 1) b->movements[0].m.state = GL_MOVEMENT_CANCELLED;
        if (how == 2) lodge(b, "GMRB00000002", "NC15REG", "NC16TRL");
        look_again(b, &r);
        assert_true(b->review.differs && stands_in_the_way(b, "PLATE_MISMATCH"));
        assert_int_equal(stands_in_the_way(b, "DECL_CANCELLED"), how == 1);
        bench_free(b);
    }
}

/* The same of a declaration that carried the vehicle alone. */
static void declared_for_another_vehicle(void **state) {
    (void)state;
    for (int how = 0; how < 3; how++) { /* as it was; for another vehicle; cancelled, and the next one is there */
        struct bench *b = bench_up();
        struct gl_answer_declaration *d = lodge_declaration(b, "D-1");
        add_means(d->means, &d->n_means, GL_ROLE_VEHICLE, "NC15REG");
        add_means(d->means, &d->n_means, GL_ROLE_TRAILER, "NC16TRL");
        struct gl_review_case r = crossed(b);
        if (how == 1) gl_clip(d->means[0].plate, sizeof d->means[0].plate, "KA1234AB"), d->n_means = 1;
        if (how == 2) d->state = GL_DECLARATION_CANCELLED, d = lodge_declaration(b, "D-2");
        if (how == 2) add_means(d->means, &d->n_means, GL_ROLE_VEHICLE, "NC15REG");
        look_again(b, &r);
        assert_int_equal(b->review.differs, how > 0);
        assert_int_equal(stands_in_the_way(b, "PLATE_MISMATCH"), how == 1);
        assert_int_equal(stands_in_the_way(b, "DECL_CANCELLED"), how == 2);
        bench_free(b);
    }
}

/* It still stands in the lane: the look-up of the lane and that of the review keep apart. */
static void while_it_stands_here(void **state) {
    (void)state;
    struct bench *b = up();
    struct gl_review_case r;
    memset(&r, 0, sizeof r);
    feed(b, GL_FEED_AGED);
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    r.passage = b->passage;
    memcpy(r.decision, last_id(b), sizeof r.decision);
    r.outcome = GL_OUTCOME_RELEASE;
    r.feed = GL_FEED_AGED;
    r.decided_at = b->now.wall;
    feed(b, GL_FEED_LIVE);
    look_again(b, &r);
    assert_false(b->review.differs);
    assert_released(b, "in-1");
    bench_free(b);
}

/* In the lane itself a movement that has arrived elsewhere meanwhile carries nothing, though this passage has reserved it. */
static void only_in_a_review(void **state) {
    (void)state;
    struct bench *b = up();
    drive_in(b, "in-1", "NC15REG", "NC16TRL");
    assert_released(b, "in-1");
    b->movements[0].m.state = GL_MOVEMENT_ARRIVED;
    lodged_changed(b);
    assert_inspected(b, "in-1", DESK, "DECL_ALREADY_USED");
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_again),
        cmocka_unit_test(what_came_to_light),
        cmocka_unit_test(only_what_was_lodged),
        cmocka_unit_test(as_of_that_moment),
        cmocka_unit_test(a_look_out_fits),
        cmocka_unit_test(evidence_is_looked_up),
        cmocka_unit_test(what_cannot_be_judged),
        cmocka_unit_test(the_one_that_was_used),
        cmocka_unit_test(while_it_stands_here),
        cmocka_unit_test(only_in_a_review),
        cmocka_unit_test(amended_to_another_vehicle),
        cmocka_unit_test(declared_for_another_vehicle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
