/* What the journal keeps of a feed that could not be trusted, over restarts: the contingency, look-outs that fitted, releases to be judged again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "journal_file.h"

/* ---- the contingency ------------------------------------------------------------------------------------------------------------------ */
static void a_contingency_stands(void **state) {
    (void)state;
    struct gl_journal *j = open_again(NULL);
    struct gl_contingency k, back;
    assert_int_equal(gl_journal_contingency(j, &back, NULL), 0);
    assert_int_equal(back.active, GL_FALSE);
    gl_fields_clear(&gl_contingency_fields, &k);
    k.active = GL_TRUE;
    gl_clip(k.reference, sizeof k.reference, "ORDER-7");
    gl_clip(k.by, sizeof k.by, "officer-7");
    gl_clip(k.reason, sizeof k.reason, "broker lost");
    k.since = 1000;
    k.until = 2000;
    assert_int_equal(gl_journal_set_contingency(j, &k, NULL), 0);
    j = open_again(j);
    assert_int_equal(gl_journal_contingency(j, &back, NULL), 1);
    assert_memory_equal(&back.reference, &k.reference, sizeof k.reference);
    assert_string_equal(back.by, "officer-7");
    assert_string_equal(back.reason, "broker lost");
    assert_true(back.active == GL_TRUE && back.since == 1000 && back.until == 2000 && !back.alarm[0]);
    gl_clip(k.alarm, sizeof k.alarm, "a1");
    k.active = GL_FALSE;
    assert_int_equal(gl_journal_set_contingency(j, &k, NULL), 0);
    j = open_again(j);
    assert_int_equal(gl_journal_contingency(j, &back, NULL), 1);
    assert_int_equal(back.active, GL_FALSE);
    assert_string_equal(back.alarm, "a1");
    gl_journal_close(j);
}

static void what_a_restore_left_unknown(void **state) {
    (void)state;
    struct gl_journal *j = open_again(NULL);
    struct gl_unknown_uses u, back;
    assert_int_equal(gl_journal_unknown_uses(j, &back, NULL), 0);
    assert_int_equal(back.active, GL_FALSE);
    gl_fields_clear(&gl_unknown_uses_fields, &u);
    u.active = GL_TRUE;
    u.copied_at = 1000;
    u.restored_at = 2000;
    gl_clip(u.alarm, sizeof u.alarm, "a1");
    assert_int_equal(gl_journal_set_uses(j, &u, NULL), 0);
    u.until = 3000;
    assert_int_equal(gl_journal_set_uses(j, &u, NULL), 0);
    j = open_again(j);
    assert_int_equal(gl_journal_unknown_uses(j, &back, NULL), 1);
    assert_true(back.active == GL_TRUE && back.copied_at == 1000 && back.restored_at == 2000 && back.until == 3000);
    assert_string_equal(back.alarm, "a1");
    u.active = GL_FALSE;
    u.known_at = 4000;
    gl_clip(u.by, sizeof u.by, "director-1");
    gl_clip(u.reason, sizeof u.reason, "all marked");
    assert_int_equal(gl_journal_set_uses(j, &u, NULL), 0);
    j = open_again(j);
    assert_int_equal(gl_journal_unknown_uses(j, &back, NULL), 1);
    assert_true(back.active == GL_FALSE && back.known_at == 4000);
    assert_string_equal(back.by, "director-1");
    assert_string_equal(back.reason, "all marked");
    gl_journal_close(j);
}

/* ---- look-outs ------------------------------------------------------------------------------------------------------------------------ */
static void passage_of(struct gl_journal *j, const char *id, uint8_t how) {
    struct gl_passage p;
    gl_fields_clear(&gl_passage_fields, &p);
    gl_clip(p.lane, sizeof p.lane, "in-1");
    gl_clip(p.passage, sizeof p.passage, id);
    gl_clip(p.known.plate, sizeof p.known.plate, "NC15REG");
    p.state = how;
    p.opened_at = 500;
    assert_int_equal(gl_journal_passage(j, &p, NULL), 0);
}

static struct gl_hit hit_of(const char *passage, const char *lookout) {
    struct gl_hit h;
    gl_fields_clear(&gl_hit_fields, &h);
    gl_clip(h.lane, sizeof h.lane, "in-1");
    gl_clip(h.passage, sizeof h.passage, passage);
    gl_clip(h.lookout.type, sizeof h.lookout.type, "lookout");
    gl_clip(h.lookout.value, sizeof h.lookout.value, lookout);
    gl_clip(h.text, sizeof h.text, "NC15REG");
    h.what = GL_SOUGHT_PLATE;
    h.level = GL_LEVEL_PHYSICAL;
    h.silent = h.read = GL_TRUE;
    return h;
}

static int tell_hit(void *user, const struct gl_hit *h) {
    gl_buf_printf(user, "%s %s %s %u %u; ", h->passage, h->lookout.value, h->text, h->level, h->silent);
    return 0;
}

static void one_hit_for_each(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf list = GL_BUF(4096);
    struct gl_journal *j = open_again(NULL);
    passage_of(j, "p1", GL_PASSAGE_DECIDED);
    passage_of(j, "p2", GL_PASSAGE_CLOSED);
    struct gl_hit hits[] = {hit_of("p1", "L-1"), hit_of("p1", "L-2"), hit_of("p2", "L-1")};
    for (size_t i = 0; i < GL_COUNT(hits); i++) assert_int_equal(gl_journal_hit(j, &hits[i], NULL), 1);
    j = open_again(j);
    for (size_t i = 0; i < GL_COUNT(hits); i++) assert_int_equal(gl_journal_hit(j, &hits[i], NULL), 0); /* known */
    assert_int_equal(gl_journal_open_hits(j, tell_hit, &list, NULL), 0);
    assert_string_equal(list.data, "p1 L-1 NC15REG 2 2; p1 L-2 NC15REG 2 2; "); /* of those that still stand there */
    assert_int_equal(gl_journal_commit(j, NULL), 0);
    gl_journal_close(j);
}

static int count(void *user, const char *json GL_UNUSED) {
    ++*(int *)user;
    return 0;
}

/* What is restricted is journalled with its passage, and not told to whoever asks for its story. */
static void a_story_without_it(void **state) {
    (void)state;
    struct gl_journal *j = open_again(NULL);
    static const char *const topics[] = {"lane/in-1/decision", "restricted/lane/in-1/lookout", ""};
    static const char *const streams[] = {"lane/in-1", "restricted/in-1", "local"};
    const char *id = "018f0000-0000-7000-8000-00000000aaaa";
    int told = 0;
    for (size_t i = 0; i < GL_COUNT(topics); i++) {
        int64_t seq;
        assert_int_equal(gl_journal_next_seq(j, streams[i], &seq, NULL), 0);
        assert_int_equal(seq, 1);
        struct gl_record r = {.stream = streams[i],
                              .seq = seq,
                              .type = "t",
                              .topic = topics[i],
                              .id = topics[i],
                              .passage = id,
                              .time = 1,
                              .payload = "{}"};
        assert_int_equal(gl_journal_append(j, &r, NULL), 0);
    }
    assert_int_equal(gl_journal_commit(j, NULL), 0);
    assert_int_equal(gl_journal_explain(j, id, count, &told, NULL), 0);
    assert_int_equal(told, 2);
    gl_journal_close(j);
}

/* ---- releases to be judged again ------------------------------------------------------------------------------------------------------ */
static int doubt(struct gl_journal *j, const char *passage, uint8_t outcome, uint8_t feed, const char *contingency, int64_t at) {
    struct gl_decision *d = calloc(1, sizeof *d);
    char id[GL_UUID];
    assert_non_null(d);
    gl_fields_clear(&gl_decision_fields, d);
    gl_clip(d->lane, sizeof d->lane, "in-1");
    gl_clip(d->passage, sizeof d->passage, passage);
    d->outcome = outcome;
    d->feed = feed;
    gl_clip(d->contingency, sizeof d->contingency, contingency);
    gl_clip(d->evidence.type, sizeof d->evidence.type, "mrn");
    gl_clip(d->evidence.value, sizeof d->evidence.value, "E1");
    gl_format(id, sizeof id, "d-%lld", (long long)at);
    passage_of(j, passage, GL_PASSAGE_DECIDED);
    int rc = gl_journal_doubt(j, d, id, at, NULL);
    free(d);
    return rc;
}

static void which_are_to_be_judged_again(void **state) {
    (void)state;
    struct gl_journal *j = open_again(NULL);
    static const struct {
        uint8_t outcome, feed;
        const char *contingency;
        int noted;
    } cases[] = {{GL_OUTCOME_RELEASE, GL_FEED_LIVE, "", 0}, {GL_OUTCOME_RELEASE, GL_FEED_AGED, "", 1},
                 {GL_OUTCOME_RELEASE, GL_FEED_DOWN, "", 1}, {GL_OUTCOME_RELEASE, GL_FEED_LIVE, "O-7", 1},
                 {GL_OUTCOME_INSPECT, GL_FEED_AGED, "", 0}, {GL_OUTCOME_INSPECT, GL_FEED_DOWN, "O-7", 0},
                 {GL_OUTCOME_RELEASE, GL_FEED_NONE, "", 1}};
    struct gl_review_case r;
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        assert_int_equal(doubt(j, "p1", cases[i].outcome, cases[i].feed, cases[i].contingency, 100), cases[i].noted);
        j = open_again(j);
        assert_int_equal(gl_journal_next_review(j, &r, NULL), cases[i].noted); /* another decision takes it off the list */
    }
    assert_string_equal(r.passage.passage, "p1");
    assert_string_equal(r.passage.known.plate, "NC15REG");
    assert_string_equal(r.decision, "d-100");
    assert_string_equal(r.evidence.value, "E1");
    assert_true(r.decided_at == 100 && r.outcome == GL_OUTCOME_RELEASE && r.feed == GL_FEED_NONE);
    gl_journal_close(j);
}

static void judged(struct gl_journal *j, const char *passage, bool differs, bool lookout) {
    struct gl_review *r = calloc(1, sizeof *r);
    assert_non_null(r);
    gl_clip(r->passage, sizeof r->passage, passage);
    r->differs = differs;
    r->lookout = lookout;
    assert_int_equal(gl_journal_reviewed(j, r, NULL), 0);
    free(r);
}

static void one_after_the_other(void **state) {
    (void)state;
    struct gl_journal *j = open_again(NULL);
    struct gl_review_case r;
    struct gl_review_summary s;
    assert_int_equal(gl_journal_next_review(j, &r, NULL), 0);
    assert_int_equal(gl_journal_review_over(j, &s, NULL), 0); /* nothing to sum up */
    for (int i = 0; i < 3; i++) {
        char id[8];
        gl_format(id, sizeof id, "p%d", 3 - i);
        doubt(j, id, GL_OUTCOME_RELEASE, GL_FEED_AGED, "", 300 - 100 * i);
    }
    static const char *const order[] = {"p1", "p2", "p3"}; /* the oldest first */
    for (int i = 0; i < 3; i++) {
        j = open_again(j); /* a restart goes on where it was */
        assert_int_equal(gl_journal_next_review(j, &r, NULL), 1);
        assert_string_equal(r.passage.passage, order[i]);
        judged(j, order[i], i > 0, i == 2);
    }
    assert_int_equal(gl_journal_next_review(j, &r, NULL), 0);
    j = open_again(j);
    assert_int_equal(gl_journal_review_over(j, &s, NULL), 1);
    assert_true(s.reviewed == 3 && s.differing == 2 && s.lookouts == 1 && s.from == 100 && s.to == 300);
    j = open_again(j);
    assert_int_equal(gl_journal_review_over(j, &s, NULL), 0); /* told once */
    gl_journal_close(j);
}

/* A row whose passage is gone, as after its time, holds up nothing. */
static void what_has_no_passage(void **state) {
    (void)state;
    struct gl_journal *j = open_again(NULL);
    struct gl_decision *d = calloc(1, sizeof *d);
    struct gl_review_case r;
    struct gl_review_summary s;
    assert_non_null(d);
    gl_fields_clear(&gl_decision_fields, d);
    gl_clip(d->passage, sizeof d->passage, "p0");
    d->outcome = GL_OUTCOME_RELEASE;
    d->feed = GL_FEED_AGED;
    assert_int_equal(gl_journal_doubt(j, d, "d0", 1, NULL), 1);
    free(d);
    doubt(j, "p1", GL_OUTCOME_RELEASE, GL_FEED_AGED, "", 100);
    assert_int_equal(gl_journal_next_review(j, &r, NULL), 1);
    assert_string_equal(r.passage.passage, "p1");
    judged(j, "p1", false, false);
    assert_int_equal(gl_journal_next_review(j, &r, NULL), 0);
    assert_int_equal(gl_journal_review_over(j, &s, NULL), 1);
    assert_true(s.reviewed == 1 && s.differing == 0);
    j = open_again(j);
    assert_int_equal(gl_journal_review_over(j, &s, NULL), 0);
    gl_journal_close(j);
}

#define EACH(fn) cmocka_unit_test_setup_teardown(fn, make_dir, drop_dir)
int main(void) {
    const struct CMUnitTest tests[] = {EACH(a_contingency_stands), EACH(what_a_restore_left_unknown),  EACH(one_hit_for_each),
                                       EACH(a_story_without_it),   EACH(which_are_to_be_judged_again), EACH(one_after_the_other),
                                       EACH(what_has_no_passage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
