/* What the journal keeps beside its records: what was used, the passages, the modes of the lanes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <errno.h>

#include "journal_records.h"

static int see_json(void *user, const char *json) {
    struct seen *s = user;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s;", json);
    return ++s->n == s->stop_after ? 7 : 0;
}

static void use(struct gl_journal *j, const char *value, uint8_t how, const char *passage) {
    struct gl_use_change u = {.ref = {.type = "gmr"}, .use = how};
    gl_format(u.ref.value, sizeof u.ref.value, "%s", value);
    gl_format(u.passage, sizeof u.passage, "%s", passage);
    assert_int_equal(gl_journal_use(j, &u, 1, NULL), 0);
}

static const struct gl_answer_movement *used(struct gl_journal *j, const char *value, const char *passage) {
    static struct gl_answer a;
    a = (struct gl_answer){.n_movements = 1, .n_declarations = 1};
    gl_format(a.passage, sizeof a.passage, "%s", passage);
    gl_format(a.movements[0].ref.type, GL_REF_TYPE, "gmr");
    gl_format(a.movements[0].ref.value, GL_REF, "%s", value);
    a.declarations[0].ref = a.movements[0].ref;
    a.declarations[0].listed_by = 0;
    assert_int_equal(gl_journal_fill_use(j, &a, NULL), 0);
    assert_int_equal(a.movements[0].use, a.declarations[0].use);
    assert_string_equal(a.movements[0].used_by, a.declarations[0].used_by);
    return &a.movements[0];
}

static void uses_are_freed_by_their_own_passage(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    assert_int_equal(used(j, "A", P1)->use, GL_USE_NONE);
    use(j, "A", GL_USE_RESERVED, P1);
    assert_int_equal(used(j, "A", P2)->use, GL_USE_RESERVED);
    assert_string_equal(used(j, "A", P2)->used_by, P1);
    assert_int_equal(used(j, "B", P2)->use, GL_USE_NONE);
    use(j, "A", GL_USE_CONSUMED, P1);
    use(j, "A", GL_USE_RESERVED, P1); /* late: consumed stays */
    assert_int_equal(used(j, "A", P2)->use, GL_USE_CONSUMED);
    use(j, "A", GL_USE_RESERVED, P2); /* let through all the same, then backs out */
    assert_string_equal(used(j, "A", P2)->used_by, P1);
    assert_string_equal(used(j, "A", P1)->used_by, P2);
    use(j, "A", GL_USE_NONE, P2);
    assert_int_equal(used(j, "A", P3)->use, GL_USE_CONSUMED);
    assert_string_equal(used(j, "A", P3)->used_by, P1);
    use(j, "A", GL_USE_NONE, P1);
    assert_int_equal(used(j, "A", P3)->use, GL_USE_NONE);
    struct gl_use_change bad = {.use = GL_USE_RESERVED};
    assert_int_equal(gl_journal_use(j, &bad, 1, NULL), -EINVAL);
    gl_journal_close(j);
}

static struct gl_passage passage(const char *id, const char *lane, uint8_t state, int64_t opened) {
    struct gl_passage p = {.state = state,
                           .class = GL_CLASS_TRUCK,
                           .opened_at = opened,
                           .n_missing = 2,
                           .missing = {"trailer", "declaration"},
                           .exit = GL_EXIT_NONE,
                           .known = {.plate = "NC15REG",
                                     .trailer = "T-1",
                                     .reference = {"mrn", "M1"},
                                     .container = "C",
                                     .tag = "E200",
                                     .radiation = GL_SCAN_NEUTRON,
                                     .presence = GL_TRUE}};
    gl_format(p.passage, sizeof p.passage, "%s", id);
    gl_format(p.lane, sizeof p.lane, "%s", lane);
    gl_format(p.visit, sizeof p.visit, "%s", id);
    return p;
}

static int keep_passage(void *user, const struct gl_passage *p) {
    struct gl_passage *list = user;
    while (list->passage[0]) list++;
    *list = *p;
    return 0;
}

static void assert_same_passage(const struct gl_passage *a, const struct gl_passage *b) {
    struct gl_buf x = GL_BUF(4096), y = GL_BUF(4096);
    gl_fields_to_json(&gl_passage_fields, a, &x);
    gl_fields_to_json(&gl_passage_fields, b, &y);
    assert_false(x.failed || y.failed);
    assert_string_equal(x.data, y.data);
    gl_buf_free(&x);
    gl_buf_free(&y);
}

static void open_passages_come_back_whole(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    struct gl_passage a = passage(P1, "in-1", GL_PASSAGE_DECIDING, 2000), b = passage(P2, "in-2", GL_PASSAGE_OPEN, 1000);
    struct gl_passage gone = passage(P3, "in-1", GL_PASSAGE_OPEN, 500);
    assert_int_equal(gl_journal_passage(j, &a, NULL), 0);
    assert_int_equal(gl_journal_passage(j, &b, NULL), 0);
    assert_int_equal(gl_journal_passage(j, &gone, NULL), 0);
    gone.state = GL_PASSAGE_CLOSED;
    assert_int_equal(gl_journal_passage(j, &gone, NULL), 0);
    commit(j);
    gl_journal_close(j);
    j = open_at(path);
    struct gl_passage list[4] = {0};
    assert_int_equal(gl_journal_open_passages(j, keep_passage, list, NULL), 0);
    assert_same_passage(&list[0], &b);
    assert_same_passage(&list[1], &a);
    assert_string_equal(list[2].passage, "");
    gl_journal_close(j);
}

static void decided(struct gl_journal *j, const char *id, uint8_t outcome, uint8_t level) {
    struct gl_decision *d = calloc(1, sizeof *d);
    gl_format(d->passage, sizeof d->passage, "%s", id);
    gl_format(d->lane, sizeof d->lane, "in-1");
    d->outcome = outcome;
    d->level = level;
    assert_int_equal(gl_journal_decided(j, d, 7000, NULL), 0);
    free(d);
}

static void passages_are_listed_newest_first(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct gl_passage a = passage(P1, "in-1", GL_PASSAGE_DECIDED, 1000), b = passage(P2, "in-2", GL_PASSAGE_CLOSED, 2000);
    b.closed_at = 9000;
    b.exit = GL_EXIT_CONFIRMED;
    memset(&b.known, 0, sizeof b.known);
    assert_int_equal(gl_journal_passage(j, &a, NULL), 0);
    assert_int_equal(gl_journal_passage(j, &b, NULL), 0);
    decided(j, P1, GL_OUTCOME_INSPECT, GL_LEVEL_DESK);
    decided(j, P3, GL_OUTCOME_RELEASE, GL_LEVEL_NONE);    /* never told of: it is there all the same */
    assert_int_equal(gl_journal_passage(j, &a, NULL), 0); /* keeps the outcome */
    struct seen s = {0};
    assert_int_equal(gl_journal_list_passages(j, "in-2", 10, see_json, &s, NULL), 0);
    assert_string_equal(s.text,
                        "{\"passage\":\"" P2
                        "\",\"lane\":\"in-2\",\"opened_at\":\"1970-01-01T00:00:02.000Z\","
                        "\"closed_at\":\"1970-01-01T00:00:09.000Z\",\"state\":\"closed\",\"class\":\"truck\",\"plate\":null,"
                        "\"trailer\":null,\"outcome\":null,\"level\":null,\"exit\":\"confirmed\"};");
    s = (struct seen){0};
    assert_int_equal(gl_journal_list_passages(j, "", 10, see_json, &s, NULL), 0);
    assert_int_equal(s.n, 3);
    const char *first = strstr(s.text, P3), *second = strstr(s.text, P2), *third = strstr(s.text, P1);
    assert_true(first && first < second && second < third);
    assert_non_null(strstr(third, "\"outcome\":\"inspect\",\"level\":\"desk\""));
    s = (struct seen){0};
    assert_int_equal(gl_journal_list_passages(j, NULL, 2, see_json, &s, NULL), 0);
    assert_int_equal(s.n, 2);
    gl_journal_close(j);
}

static void a_passage_is_explained_by_its_end(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    const char *const ids[] = {P1, P2, P3};
    for (size_t i = 0; i < 3; i++) {
        struct gl_passage p = passage(ids[i], "in-1", GL_PASSAGE_OPEN, 1000);
        assert_int_equal(gl_journal_passage(j, &p, NULL), 0);
    }
    assert_int_equal(try_append(j, "post", P3, "", "{\"n\":1}"), 0);
    assert_int_equal(try_append(j, "lane/in-1", P3, "t", "{\"n\":2}"), 0);
    assert_int_equal(try_append(j, "post", P1, "t", "{\"n\":3}"), 0);
    struct seen s = {0};
    struct gl_error err = {""};
    assert_int_equal(gl_journal_explain(j, P3, see_json, &s, &err), 0);
    assert_string_equal(s.text, "{\"n\":1};{\"n\":2};");
    s = (struct seen){0};
    assert_int_equal(gl_journal_explain(j, "00BBB2", see_json, &s, &err), 0);
    assert_string_equal(s.text, "{\"n\":1};{\"n\":2};");
    assert_int_equal(gl_journal_explain(j, "00aaa1", see_json, &s, &err), -EEXIST);
    assert_non_null(strstr(err.text, P1));
    assert_non_null(strstr(err.text, P2));
    assert_int_equal(gl_journal_explain(j, "8000-10000000aaa1", see_json, &s, &err), -ENOENT); /* found, but nothing recorded */
    assert_int_equal(gl_journal_explain(j, "ffffff", see_json, &s, &err), -ENOENT);
    assert_int_equal(gl_journal_explain(j, "bbb2", see_json, &s, &err), -EINVAL);
    assert_int_equal(gl_journal_explain(j, "", see_json, &s, &err), -EINVAL);
    assert_int_equal(gl_journal_explain(j, P3 P3, see_json, &s, &err), -EINVAL);
    gl_journal_close(j);
}

static int keep_mode(void *user, const struct gl_mode_state *m) {
    *(struct gl_mode_state *)user = *m;
    return 0;
}

static void modes_are_kept(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct gl_mode_state m = {.lane = "in-1", .mode = GL_MODE_CLOSED, .since = 5, .by = "desk-1"}, back = {0};
    assert_int_equal(gl_journal_set_mode(j, &m, NULL), 0);
    m.mode = GL_MODE_MANUAL;
    assert_int_equal(gl_journal_set_mode(j, &m, NULL), 0);
    assert_int_equal(gl_journal_modes(j, keep_mode, &back, NULL), 0);
    assert_string_equal(back.lane, m.lane);
    assert_string_equal(back.by, m.by);
    assert_int_equal(back.mode, m.mode);
    assert_int_equal(back.since, m.since);
    gl_journal_close(j);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_are_freed_by_their_own_passage),
        ON_DISK(open_passages_come_back_whole),
        cmocka_unit_test(passages_are_listed_newest_first),
        cmocka_unit_test(a_passage_is_explained_by_its_end),
        cmocka_unit_test(modes_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
