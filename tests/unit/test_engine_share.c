/* The engine's events for systems outside, made of effects as the core gives them: what comes after the vehicle has left, and records that cannot be
 * read. tests/integration/test_share.py tells the whole stories. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

#define PASSAGE "0197a000-0000-7000-8000-000000000002"
#define DECISION "0197a000-0000-7000-8000-00000000000"
#define MRN "26EE1234567890ABJ3"

static const struct gl_now now = {.wall = 1795433817000, .mono = 1000};

enum { KEPT = 16 };
struct bench {
    struct gl_config config;
    struct gl_engine *engine;
    size_t n;
    json_t *events[KEPT]; /* those of share/ and the alarms, in order */
};

static void take_event(void *user, const char *topic, const char *payload) {
    struct bench *b = user;
    if (strncmp(topic, "share/", 6) != 0 && strcmp(topic, "alarm") != 0) return;
    assert_true(b->n < KEPT);
    b->events[b->n++] = json_loads(payload, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(b->events[b->n - 1]);
}
static void no_signal(void *user GL_UNUSED, const struct gl_signal_state *s GL_UNUSED) {}
static void no_state(void *user GL_UNUSED, const char *topic GL_UNUSED, const char *payload GL_UNUSED) {}
static void no_reply(void *user GL_UNUSED, const struct gl_reply *r GL_UNUSED, const char *payload GL_UNUSED) {}
static void no_outbox(void *user GL_UNUSED, const struct gl_command *c GL_UNUSED) {}
static void no_stream(void *user GL_UNUSED, const char *stream GL_UNUSED) {}

static int set_up(void **state) {
    static const uint8_t key[32] = {7};
    struct bench *b = calloc(1, sizeof *b);
    struct gl_error err = {""};
    if (!b) return -1;
    *state = b;
    struct gl_config *c = &b->config;
    gl_clip(c->post, sizeof c->post, "north");
    gl_clip(c->profiles[0].id, sizeof c->profiles[0].id, "truck");
    c->profiles[0].mode = GL_MODE_OPEN;
    c->n_profiles = c->n_lanes = 1;
    gl_clip(c->lanes[0].id, sizeof c->lanes[0].id, "in-1");
    c->lanes[0].direction = GL_DIRECTION_IN;
    gl_clip(c->share.recintos.site, sizeof c->share.recintos.site, "9801303");
    const struct gl_engine_setup setup = {.config = c,
                                          .cache_path = ":memory:",
                                          .journal_path = ":memory:",
                                          .key = key,
                                          .boot = "00000000-0000-4000-8000-000000000000",
                                          .out = {.user = b,
                                                  .signal = no_signal,
                                                  .state = no_state,
                                                  .reply = no_reply,
                                                  .outbox = no_outbox,
                                                  .stream = no_stream,
                                                  .event = take_event}};
    int rc = gl_engine_open(&setup, now, &b->engine, &err);
    if (rc < 0) print_error("%s\n", err.text);
    return rc;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    gl_engine_close(b->engine);
    for (size_t i = 0; i < b->n; i++) json_decref(b->events[i]);
    free(b);
    return 0;
}

static void commit(struct bench *b) {
    struct gl_error err = {""};
    if (gl_engine_commit(b->engine, now, &err) < 0) fail_msg("%s", err.text);
}

static void tell_passage(struct bench *b, enum gl_exit how) {
    struct gl_passage p;
    gl_fields_clear(&gl_passage_fields, &p);
    gl_clip(p.lane, sizeof p.lane, "in-1");
    gl_clip(p.passage, sizeof p.passage, PASSAGE);
    gl_clip(p.visit, sizeof p.visit, PASSAGE);
    gl_clip(p.known.plate, sizeof p.known.plate, "NC15REG");
    p.state = how == GL_EXIT_NONE ? GL_PASSAGE_OPEN : GL_PASSAGE_CLOSED;
    p.exit = (uint8_t)how;
    p.opened_at = now.wall - 20000;
    p.closed_at = how == GL_EXIT_NONE ? 0 : now.wall;
    gl_engine_record(b->engine, &(struct gl_effect){.type = GL_EFFECT_PASSAGE, .at = now, .passage = &p});
}

static void tell_decision(struct bench *b, int n, const char *declaration) {
    struct gl_decision *d = calloc(1, sizeof *d);
    assert_non_null(d);
    gl_fields_clear(&gl_decision_fields, d);
    gl_clip(d->lane, sizeof d->lane, "in-1");
    gl_clip(d->passage, sizeof d->passage, PASSAGE);
    d->outcome = GL_OUTCOME_RELEASE;
    gl_clip(d->match.by, sizeof d->match.by, "exact");
    d->match.n_declarations = 1;
    d->match.declarations[0] = (struct gl_ref){.type = "mrn"};
    gl_clip(d->match.declarations[0].value, GL_REF, declaration);
    struct gl_effect fx = {.type = GL_EFFECT_DECISION, .at = now, .decision = d};
    gl_format(fx.id, sizeof fx.id, "%s%d", DECISION, n);
    gl_engine_record(b->engine, &fx);
    free(d);
}

static const char *text(const json_t *object, const char *a, const char *b) {
    const json_t *v = json_object_get(json_object_get(object, "data"), a);
    return json_string_value(b ? json_object_get(v, b) : v);
}

/* A decision that is superseded after the vehicle has left: what it leaned on is now something else. */
static void superseded_after_the_event(void **state) {
    struct bench *b = *state;
    tell_decision(b, 1, MRN);
    assert_int_equal(b->n, 0);
    tell_passage(b, GL_EXIT_NONE);
    assert_int_equal(b->n, 0);
    tell_passage(b, GL_EXIT_CONFIRMED);
    commit(b);
    assert_int_equal(b->n, 1);
    tell_passage(b, GL_EXIT_CONFIRMED); /* nothing new */
    tell_decision(b, 2, MRN);
    assert_int_equal(b->n, 1);
    tell_decision(b, 3, "26EE1234567890ABK4");
    commit(b);
    assert_int_equal(b->n, 2);
    assert_string_equal(text(b->events[0], "document", "tipoOperacao"), "I");
    assert_string_equal(text(b->events[1], "document", "tipoOperacao"), "R");
    assert_string_equal(text(b->events[1], "corrects", NULL), json_string_value(json_object_get(b->events[0], "id")));
    assert_string_equal(text(b->events[1], "decision", NULL), DECISION "3");
    assert_string_equal(json_string_value(json_object_get(b->events[1], "sequence")), "2");
}

static void who_has_not_left_is_not_told(void **state) {
    struct bench *b = *state;
    tell_passage(b, GL_EXIT_UNKNOWN);
    tell_passage(b, GL_EXIT_BACKED_OUT);
    tell_decision(b, 1, MRN);
    commit(b);
    assert_int_equal(b->n, 0);
}

/* A record of an older or a younger version: the lanes go on, and somebody is told. */
static void a_record_that_cannot_be_read(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    const struct gl_record r = {.stream = "lane/in-1",
                                .seq = 1,
                                .type = "greenlane.decision",
                                .topic = "lane/in-1/decision",
                                .id = DECISION "1",
                                .passage = PASSAGE,
                                .time = now.wall,
                                .payload = "{\"data\":{\"outcome\":\"perhaps\"}}"};
    assert_int_equal(gl_journal_append(gl_engine_journal(b->engine), &r, &err), 0);
    tell_passage(b, GL_EXIT_CONFIRMED);
    commit(b);
    assert_int_equal(b->n, 1);
    assert_string_equal(text(b->events[0], "kind", NULL), "share");
    assert_non_null(strstr(text(b->events[0], "detail", NULL), PASSAGE));
}

/* What the journal takes back never was: its number is given to the next. */
static void a_turn_that_failed(void **state) {
    struct bench *b = *state;
    struct gl_error err = {"out of luck"};
    tell_passage(b, GL_EXIT_CONFIRMED);
    gl_engine_fail(b->engine, -5, &err);
    assert_int_equal(gl_engine_commit(b->engine, now, &err), -5);
    b->engine->failed = 0;
    tell_passage(b, GL_EXIT_CONFIRMED);
    commit(b);
    assert_int_equal(b->n, 2);
    assert_string_equal(json_string_value(json_object_get(b->events[1], "sequence")), "1");
    assert_string_equal(text(b->events[1], "document", "tipoOperacao"), "I");
}

/* ---- the journal's part ------------------------------------------------------------------------------------------------------------------ */
struct seen {
    int n, most;
    char ids[4][GL_UUID];
};
static int see(void *user, const struct gl_about *a) {
    struct seen *s = user;
    assert_null(a->internal);
    gl_clip(s->ids[s->n++], GL_UUID, a->id);
    return s->n == s->most ? 7 : 0;
}

static void about_a_passage(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    struct gl_journal *j = gl_engine_journal(b->engine);
    for (int i = 1; i <= 3; i++) tell_decision(b, i, MRN); /* not committed yet, and seen all the same */
    struct seen all = {.most = 9}, two = {.most = 9}, one = {.most = 1}, none = {.most = 9};
    assert_int_equal(gl_journal_about(j, PASSAGE, "greenlane.decision", 9, see, &all, &err), 0);
    assert_int_equal(all.n, 3);
    assert_string_equal(all.ids[0], DECISION "3");
    assert_string_equal(all.ids[2], DECISION "1");
    assert_int_equal(gl_journal_about(j, PASSAGE, "greenlane.decision", 2, see, &two, &err), 0);
    assert_int_equal(two.n, 2);
    assert_int_equal(gl_journal_about(j, PASSAGE, "greenlane.decision", 9, see, &one, &err), 7);
    assert_int_equal(gl_journal_about(j, PASSAGE, "greenlane.passage", 9, see, &none, &err), 0);
    assert_int_equal(gl_journal_about(j, "", "greenlane.decision", 9, see, &none, &err), 0);
    assert_int_equal(none.n, 0);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(superseded_after_the_event),
        TEST(who_has_not_left_is_not_told),
        TEST(a_record_that_cannot_be_read),
        TEST(a_turn_that_failed),
        TEST(about_a_passage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
