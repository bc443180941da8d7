/* The engine forgets: what may go goes in small steps, each announced and durable first; a use that could be used again stays; and what a client
 * that is refused again and again leaves in the journal is bounded. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the five above first */
#include <cmocka.h>

#include "engine/internal.h"
#include "store/journal_impl.h"

#define BOOT "0198a000-0000-4000-8000-20000000bbb2"
#define P1 "0198a000-0000-7000-8000-00000000aaa1"
#define DAY INT64_C(86400000)
#define START INT64_C(1798000000000)

static const char yaml[] =
    "post: {id: north}\n"
    "feed: {source: import, collections: [movements]}\n"
    "clock: {require-sync: false}\n"
    "retention: {passages: 10d, records-without-passage: 5d, used: 30d, hard: 20d}\n"
    "profiles:\n"
    "  truck: {mode: open, classes: {truck: declared}, require: [plate], release: {hold: 10s, ends: time}}\n"
    "lanes:\n"
    "  in-1: {profile: truck, direction: in, devices: {front: {use: anpr/isapi, at: 127.0.0.1:1}}}\n"
    "clients:\n"
    "  desk-1: {role: officer, commands: [lane-mode, close]}\n"
    "  hq: {role: system, commands: [ack, replay]}\n";

struct world {
    struct gl_config *config;
    struct gl_engine *e;
    struct gl_now now;
    int replies, outboxed;
};

static void on_signal(void *user, const struct gl_signal_state *s) {
    (void)user, (void)s;
}
static void on_state(void *user, const char *topic, const char *payload) {
    (void)user, (void)topic, (void)payload;
}
static void on_reply(void *user, const struct gl_reply *r, const char *payload) {
    (void)r, (void)payload;
    ((struct world *)user)->replies++;
}
static void on_outbox(void *user, const struct gl_command *cmd) {
    (void)cmd;
    ((struct world *)user)->outboxed++;
}
static void on_stream(void *user, const char *stream) {
    (void)user, (void)stream;
}

static void commit(struct world *w) {
    struct gl_error err = {""};
    if (gl_engine_commit(w->e, w->now, &err) < 0) fail_msg("%s", err.text);
}

static int setup(void **state) {
    struct world *w = calloc(1, sizeof *w);
    struct gl_config_error errors[4];
    struct gl_error err = {""};
    static const uint8_t key[32] = {1};
    char file[] = "/tmp/greenlane-engine-XXXXXX";
    int fd = mkstemp(file);
    if (fd < 0 || write(fd, yaml, sizeof yaml - 1) != sizeof yaml - 1) return -1;
    close(fd);
    if (gl_config_load(file, false, &w->config, errors, 4) != 0) fail_msg("%d: %s", errors[0].line, errors[0].text);
    unlink(file);
    w->now = (struct gl_now){START, 1000};
    struct gl_engine_setup s = {
        .config = w->config,
        .cache_path = ":memory:",
        .journal_path = ":memory:",
        .key = key,
        .boot = BOOT,
        .out = {.user = w, .signal = on_signal, .state = on_state, .reply = on_reply, .outbox = on_outbox, .stream = on_stream}};
    if (gl_engine_open(&s, w->now, &w->e, &err) < 0) fail_msg("%s", err.text);
    gl_engine_clock(w->e, true, w->now);
    commit(w);
    *state = w;
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    gl_engine_close(w->e);
    gl_config_free(w->config);
    free(w);
    return 0;
}

static int64_t count(struct world *w, const char *sql) {
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(gl_engine_journal(w->e)->db.sql, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void later(struct world *w, int64_t ms) {
    w->now.wall += ms;
    w->now.mono += ms;
}

static int steps(struct world *w) {
    int n = 0;
    gl_engine_forget_now(w->e);
    for (; gl_engine_forget(w->e, w->now); n++) {
        commit(w);
        assert_true(n < 1000);
    }
    commit(w);
    return n;
}

static void whole(struct world *w) {
    struct gl_verified v = {0};
    int64_t at = 0;
    int rc;
    while ((rc = gl_journal_verify(gl_engine_journal(w->e), &at, 50, &v, NULL)) > 0) continue;
    assert_int_equal(rc, 0);
    assert_int_equal(v.broken_at, 0);
}

static void alarm_at(struct world *w, const char *kind) {
    gl_engine_alarm(w->e, kind, "of the post", w->now);
    commit(w);
}

/* ---- ---- */

static void what_is_due_goes_and_the_rest_stays(void **state) {
    struct world *w = *state;
    int64_t before = count(w, "SELECT count(*) FROM record");
    for (int i = 0; i < 500; i++) {
        alarm_at(w, "message_refused"); /* of one kind: the last one stands */
        later(w, 1000);
    }
    later(w, 5 * DAY - 500000);
    steps(w);
    assert_int_equal(count(w, "SELECT count(*) FROM gone"), before + 1); /* those of the first moment */
    later(w, 500000);
    assert_true(steps(w) >= 5);
    assert_int_equal(count(w, "SELECT count(*) FROM record WHERE type='greenlane.alarm'"), 1);
    assert_true(count(w, "SELECT count(*) FROM record WHERE type='greenlane.purge'") >= 3);
    assert_int_equal(gl_engine_forgotten(w->e).records, before + 499);
    gl_engine_alarm_over(w->e, "message_refused", "over", w->now);
    commit(w);
    steps(w);
    assert_int_equal(gl_engine_forgotten(w->e).records, before + 500);
    assert_int_equal(count(w, "SELECT count(*) FROM standing"), 0);
    gl_engine_alarm_over(w->e, "message_refused", "over", w->now); /* it does not stand: nothing is said */
    assert_false(gl_journal_dirty(gl_engine_journal(w->e)));
    whole(w);
}

static void nothing_goes_before_it_was_said(void **state) {
    struct world *w = *state;
    alarm_at(w, "a");
    gl_engine_alarm_over(w->e, "a", "", w->now);
    commit(w);
    later(w, 6 * DAY);
    gl_engine_forget_now(w->e);
    int64_t before = count(w, "SELECT count(*) FROM gone");
    assert_true(gl_engine_forget(w->e, w->now)); /* says it */
    assert_true(gl_engine_forget(w->e, w->now)); /* not committed yet: waits */
    assert_int_equal(count(w, "SELECT count(*) FROM gone"), before);
    commit(w);
    assert_true(gl_engine_forget(w->e, w->now));
    assert_true(count(w, "SELECT count(*) FROM gone") > before);
    commit(w);
    whole(w);
}

/* A clock in doubt that has gone back does not make younger what is written, nor due what was written by it. */
static void a_doubted_clock_ages_nothing(void **state) {
    struct world *w = *state;
    alarm_at(w, "a");
    gl_engine_clock(w->e, false, w->now);
    later(w, -3650 * DAY);
    alarm_at(w, "b");
    assert_true(count(w, "SELECT min(written) FROM record") >= START);
}

static void use(struct world *w, const char *value, int64_t valid_to) {
    struct gl_use_change u = {.ref = {.type = "gmr"}, .use = GL_USE_CONSUMED, .valid_to = valid_to};
    gl_format(u.ref.value, sizeof u.ref.value, "%s", value);
    gl_format(u.passage, sizeof u.passage, "%s", P1);
    assert_int_equal(gl_journal_use(gl_engine_journal(w->e), &u, w->now.wall, NULL), 0);
    commit(w);
}

/* The feed is alive, and still has this movement. */
static void lodged(struct world *w, const char *value) {
    struct gl_error err = {""};
    struct gl_feed_record *r = calloc(1, sizeof *r);
    r->collection = GL_COLLECTION_MOVEMENTS;
    r->op = GL_OP_UPSERT;
    r->body.movement.version = w->now.wall;
    r->body.movement.kind = 1;
    r->body.movement.state = GL_MOVEMENT_READY;
    r->body.movement.n_means = 1;
    r->body.movement.means[0] = (struct gl_means){GL_ROLE_VEHICLE, "TRUCK1", ""};
    r->body.movement.ref = (struct gl_ref){"gmr", ""};
    gl_format(r->body.movement.ref.value, sizeof r->body.movement.ref.value, "%s", value);
    if (gl_engine_import(w->e, r, false, w->now, &err) < 0) fail_msg("%s", err.text);
    free(r);
    gl_engine_time(w->e, w->now);
    commit(w);
}

static void a_use_that_could_be_used_again_stays(void **state) {
    struct world *w = *state;
    use(w, "GMRA00000001", 0);
    use(w, "GMRA00000002", START + 40 * DAY);
    use(w, "GMRA00000003", 0);
    later(w, 31 * DAY);
    steps(w);
    assert_int_equal(count(w, "SELECT count(*) FROM used"), 3); /* without a feed nobody knows what may still come */
    lodged(w, "GMRA00000003");
    steps(w);
    assert_int_equal(count(w, "SELECT count(*) FROM used"), 2);
    assert_int_equal(count(w, "SELECT count(*) FROM used WHERE ref_value='GMRA00000001'"), 0);
    assert_int_equal(gl_engine_forgotten(w->e).uses, 1);
    later(w, 40 * DAY);
    lodged(w, "GMRA00000003");
    steps(w);
    assert_int_equal(count(w, "SELECT count(*) FROM used WHERE ref_value='GMRA00000003'"), 1);
    assert_int_equal(count(w, "SELECT count(*) FROM used"), 1);
    whole(w);
}

static void said(struct world *w, uint8_t op, const char *value, uint8_t state) {
    struct gl_error err = {""};
    struct gl_feed_record *r = calloc(1, sizeof *r);
    r->collection = GL_COLLECTION_MOVEMENTS;
    r->op = op;
    struct gl_ref *ref = op == GL_OP_UPSERT ? &r->body.movement.ref : &r->body.cancel.ref;
    gl_format(ref->type, sizeof ref->type, "gmr");
    gl_format(ref->value, sizeof ref->value, "%s", value);
    if (op == GL_OP_UPSERT) {
        r->body.movement.kind = r->body.movement.version = r->body.movement.n_means = 1;
        r->body.movement.state = state;
        r->body.movement.means[0] = (struct gl_means){GL_ROLE_VEHICLE, "TRUCK9", ""};
    } else {
        r->body.cancel.version = 2;
    }
    if (gl_engine_import(w->e, r, false, w->now, &err) < 0) fail_msg("%s", err.text);
    free(r);
    commit(w);
}

static bool is_lodged(struct world *w, const char *value) {
    struct gl_answer *a = calloc(1, sizeof *a);
    struct gl_query q = {.n_keys = 1, .keys = {{.kind = GL_KEY_REFERENCE, .type = "gmr"}}};
    gl_format(q.keys[0].text, sizeof q.keys[0].text, "%s", value);
    assert_int_equal(gl_cache_lookup(gl_engine_cache(w->e), &q, a, NULL), 0);
    bool there = a->n_movements > 0;
    free(a);
    return there;
}

static int64_t old_lodged(struct world *w) {
    int64_t at = 0, old = 0;
    assert_int_equal(gl_engine_old_lodged(w->e, GL_COLLECTION_MOVEMENTS, w->now.wall, &at, &old, NULL), 0);
    return old;
}

static void what_nobody_leans_on_goes_from_the_cache(void **state) {
    static const char purges[] =
        "SELECT count(*) FROM record WHERE type='greenlane.purge' AND json_extract(payload, '$.data.lodged')>0";
    struct world *w = *state;
    said(w, GL_OP_UPSERT, "GMRA00000001", GL_MOVEMENT_READY);
    said(w, GL_OP_UPSERT, "GMRA00000002", GL_MOVEMENT_READY);
    said(w, GL_OP_CANCEL, "GMRA00000002", 0);
    said(w, GL_OP_UPSERT, "GMRA00000003", GL_MOVEMENT_EXITED);
    said(w, GL_OP_CANCEL, "GMRA00000004", 0); /* a tombstone of what never came */
    use(w, "GMRA00000003", 0);
    later(w, 29 * DAY);
    lodged(w, "GMRA00000005");
    steps(w);
    assert_true(is_lodged(w, "GMRA00000002") && is_lodged(w, "GMRA00000003"));
    said(w, GL_OP_UPSERT, "GMRA00000002", GL_MOVEMENT_READY); /* an old file could bring it back still */
    later(w, 4 * DAY);
    gl_engine_time(w->e, w->now);
    commit(w);
    assert_int_equal(old_lodged(w), 2);
    steps(w);
    assert_true(is_lodged(w, "GMRA00000003")); /* the feed is not live: nobody knows what may still come */
    assert_int_equal(count(w, purges), 0);
    lodged(w, "GMRA00000006");
    steps(w);
    assert_false(is_lodged(w, "GMRA00000003") || is_lodged(w, "GMRA00000004"));
    assert_true(is_lodged(w, "GMRA00000001") && is_lodged(w, "GMRA00000002") && is_lodged(w, "GMRA00000005"));
    assert_int_equal(gl_engine_forgotten(w->e).lodged, 2);
    assert_int_equal(count(w, purges), 1);
    assert_int_equal(count(w, "SELECT sum(json_extract(payload, '$.data.lodged')) FROM record WHERE type='greenlane.purge'"), 2);
    assert_int_equal(count(w,
                           "SELECT count(*) FROM record WHERE type='greenlane.purge'"
                           " AND json_extract(payload, '$.data.collection')='movements'"),
                     1);
    assert_int_equal(old_lodged(w), 0);
    whole(w);
}

/* Announced, then told anew: it stays. And a look that begins again meanwhile does not let go of something else. */
static void what_is_told_anew_stays(void **state) {
    struct world *w = *state;
    said(w, GL_OP_UPSERT, "GMRA00000001", GL_MOVEMENT_EXITED);
    said(w, GL_OP_UPSERT, "GMRA00000002", GL_MOVEMENT_EXITED);
    later(w, 31 * DAY);
    lodged(w, "GMRA00000003");
    gl_engine_forget_now(w->e);
    while (!w->e->forgetting.note.collection[0]) {
        assert_true(gl_engine_forget(w->e, w->now));
        commit(w);
    }
    assert_int_equal(w->e->forgetting.note.lodged, 2);
    assert_true(is_lodged(w, "GMRA00000001"));
    lodged(w, "GMRA00000001");
    gl_engine_forget_now(w->e);
    assert_true(gl_engine_forget(w->e, w->now));
    commit(w);
    assert_int_equal(gl_engine_forgotten(w->e).lodged, 1);
    assert_true(is_lodged(w, "GMRA00000001") && is_lodged(w, "GMRA00000003"));
    assert_false(is_lodged(w, "GMRA00000002"));
    steps(w);
    assert_true(is_lodged(w, "GMRA00000001"));
}

static void command(struct world *w, const char *client, int number, const char *lane) {
    struct gl_command *c = calloc(1, sizeof *c);
    gl_fields_clear(&gl_command_fields, c);
    gl_format(c->id, sizeof c->id, "c-%d", number);
    gl_format(c->client, sizeof c->client, "%s", client);
    gl_format(c->lane, sizeof c->lane, "%s", lane);
    c->name = GL_COMMAND_LANE_MODE;
    c->mode = GL_MODE_CLOSED;
    c->expires_at = w->now.wall + 30000;
    gl_engine_command(w->e, c, w->now);
    commit(w);
    free(c);
}

static void refused_commands_are_bounded(void **state) {
    struct world *w = *state;
    static const char all[] = "SELECT count(*) FROM record WHERE type='greenlane.command.lane-mode'";
    for (int i = 0; i < 100; i++) command(w, "desk-1", i, "in-9");
    assert_int_equal(w->replies, 100); /* each gets its answer */
    assert_int_equal(count(w, all), 60);
    command(w, "desk-1", 100, "in-1"); /* and one that is taken is kept, in the midst of it */
    assert_int_equal(count(w, all), 61);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "nobody-%d", i); /* many names are no way around it */
        command(w, name, i, "in-1");
    }
    assert_int_equal(count(w, all), 121);
    later(w, 59999);
    gl_engine_time(w->e, w->now);
    commit(w);
    assert_int_equal(count(w, "SELECT count(*) FROM record WHERE type='greenlane.refused'"), 0);
    later(w, 2);
    gl_engine_time(w->e, w->now);
    commit(w);
    assert_int_equal(count(w, "SELECT count(*) FROM record WHERE type='greenlane.refused'"), 2);
    assert_int_equal(count(w, "SELECT sum(json_extract(payload, '$.data.commands')) FROM record WHERE type='greenlane.refused'"),
                     80);
    command(w, "desk-1", 200, "in-9");
    assert_int_equal(count(w, all), 122);
    whole(w);
}

static void ask(struct world *w, uint8_t name, int number, const char *stream) {
    struct gl_command *c = calloc(1, sizeof *c);
    gl_fields_clear(&gl_command_fields, c);
    gl_format(c->id, sizeof c->id, "a-%d", number);
    gl_clip(c->client, sizeof c->client, "hq");
    gl_clip(c->stream, sizeof c->stream, stream);
    c->name = name;
    c->to_seq = number;
    c->expires_at = w->now.wall + 30000;
    gl_engine_command(w->e, c, w->now);
    commit(w);
    free(c);
}

/* A control room says all day how far it is: the number is kept by the outbox, and nothing else. Whoever asks for more than that is recorded. */
static void acks_leave_no_record(void **state) {
    struct world *w = *state;
    static const char all[] = "SELECT count(*) FROM record WHERE type LIKE 'greenlane.command.%'";
    for (int i = 0; i < 1000; i++) ask(w, GL_COMMAND_ACK, i, "post");
    assert_int_equal(w->outboxed, 1000);
    assert_int_equal(w->replies, 1000);
    assert_int_equal(count(w, all), 0);
    ask(w, GL_COMMAND_ACK, 999, "post"); /* once more: taken already */
    assert_int_equal(w->outboxed, 1000);
    ask(w, GL_COMMAND_ACK, 1000, "lane/in-9"); /* refused, and kept */
    assert_int_equal(count(w, all), 2);
    ask(w, GL_COMMAND_REPLAY, 1001, "post");
    assert_int_equal(count(w, all), 3);
    whole(w);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(what_is_due_goes_and_the_rest_stays),
        T(nothing_goes_before_it_was_said),
        T(a_doubted_clock_ages_nothing),
        T(a_use_that_could_be_used_again_stays),
        T(refused_commands_are_bounded),
        T(what_nobody_leans_on_goes_from_the_cache),
        T(what_is_told_anew_stays),
        T(acks_leave_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
