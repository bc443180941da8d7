/* What must go goes, what must stay stays, and the chain holds through it; and a copy that takes over repeats no number. */
#include <errno.h>
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

#include "store/journal.h"
#include "store/journal_impl.h"

#define P1 "0198a000-0000-7000-8000-00000000aaa1"
#define P2 "0198a000-0000-7000-8000-10000000aaa2"
#define BOOT "0198a000-0000-4000-8000-20000000bbb2"
#define SECRET "NC15REG"

enum { KEEP = 1000 };

static struct gl_journal *open_at(const char *where) {
    struct gl_journal *j = NULL;
    struct gl_error err = {""};
    if (gl_journal_open(where, &j, &err) < 0) fail_msg("%s", err.text);
    gl_journal_set_keep(j, &(struct gl_keep){KEEP, KEEP / 2, KEEP * 2});
    return j;
}

static void commit(struct gl_journal *j) {
    struct gl_error err = {""};
    if (gl_journal_commit(j, &err) < 0) fail_msg("%s", err.text);
}

/* A published record with a plate in it, written at `at`. */
static void append(struct gl_journal *j, const char *stream, const char *passage, int64_t at) {
    struct gl_error err = {""};
    int64_t seq = 0;
    assert_int_equal(gl_journal_next_seq(j, stream, &seq, NULL), 0);
    struct gl_record r = {.stream = stream,
                          .seq = seq,
                          .type = "greenlane.decision",
                          .topic = "lane/in-1/decision",
                          .id = "id",
                          .passage = passage,
                          .time = at - 7,
                          .written = at,
                          .payload = "{\"plate\":\"" SECRET "\"}",
                          .internal = "{\"answer\":\"" SECRET "\"}"};
    if (gl_journal_append(j, &r, &err) < 0) fail_msg("%s", err.text);
}

static void announce(struct gl_journal *j, int64_t from, int64_t to, int64_t due) {
    struct gl_error err = {""};
    struct gl_purge p = {.reason = "due", .due = due, .from = from, .to = to, .records = to - from + 1};
    struct gl_note note = {GL_PURGE_TYPE, "id-of-purge", "north", BOOT, due, true, &gl_purge_fields, &p};
    if (gl_journal_note(j, &note, &err) < 0) fail_msg("%s", err.text);
    commit(j);
}

static void forget(struct gl_journal *j, int64_t from, int64_t to, int64_t due) {
    for (int64_t n = from; n <= to; n++) assert_int_equal(gl_journal_forget(j, n, due, NULL), 0);
    commit(j);
}

static struct gl_verified verify(struct gl_journal *j, int limit) {
    struct gl_verified v = {0};
    struct gl_error err = {""};
    int64_t at = 0;
    int rc;
    while ((rc = gl_journal_verify(j, &at, limit, &v, &err)) > 0) continue;
    if (rc < 0) fail_msg("%s", err.text);
    return v;
}

static int64_t count(struct gl_journal *j, const char *sql) {
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(j->db.sql, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void alter(struct gl_journal *j, const char *sql) {
    char *text = NULL;
    if (sqlite3_exec(j->db.sql, sql, NULL, NULL, &text) != SQLITE_OK) fail_msg("%s: %s", sql, text);
}

/* ---- the chain --------------------------------------------------------------------------------------------------------------- */

static struct gl_journal *purged(void) {
    struct gl_journal *j = open_at(":memory:");
    for (int i = 1; i <= 8; i++) append(j, "lane/in-1", P1, i * 10);
    commit(j);
    announce(j, 2, 5, 2000); /* number 9 */
    forget(j, 2, 4, 2000);
    return j;
}

static void what_is_gone_leaves_a_whole_chain(void **state) {
    (void)state;
    for (int limit = 1; limit < 12; limit += 3) {
        struct gl_journal *j = purged();
        struct gl_verified v = verify(j, limit);
        assert_int_equal(v.broken_at, 0);
        assert_int_equal(v.records, 9);
        assert_int_equal(v.purged, 3); /* number 5 was announced, and is still there: that is no harm */
        assert_int_equal(count(j, "SELECT count(*) FROM record WHERE payload||internal LIKE '%" SECRET "%'"), 5);
        assert_int_equal(count(j, "SELECT count(*) FROM record WHERE passage='" P1 "'"), 5);
        int64_t seq = 0;
        assert_int_equal(gl_journal_next_seq(j, "lane/in-1", &seq, NULL), 0);
        assert_int_equal(seq, 9);
        gl_journal_close(j);
    }
}

static void tampering_with_what_is_gone_is_found(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        int64_t broken_at;
        bool unsaid;
    } cases[] = {
        {"UPDATE gone SET content=zeroblob(32) WHERE n=3", 3, false},
        {"UPDATE gone SET content=zeroblob(16) WHERE n=3", 3, false},
        {"UPDATE gone SET seq=100 WHERE n=3", 3, false},
        {"UPDATE gone SET stream=100 WHERE n=3", 3, false},
        {"UPDATE gone SET written=written+1 WHERE n=3", 3, false},
        {"UPDATE gone SET purge_after=purge_after-1 WHERE n=3", 3, false},
        {"UPDATE gone SET hash=zeroblob(32) WHERE n=3", 3, false},
        {"DELETE FROM gone WHERE n=3", 3, false},
        {"UPDATE gone SET n=100 WHERE n=3", 3, false},
        /* Something in the place of what is gone, and beside it. */
        {"INSERT INTO record SELECT 3, stream, 100, written, purge_after, type, topic, id, passage, time, payload, internal, salt, "
         "hash"
         " FROM record WHERE n=6; DELETE FROM gone WHERE n=3",
         3, false},
        {"INSERT INTO gone SELECT n, stream, seq, written, purge_after, zeroblob(32), hash FROM record WHERE n=6", 7, false},
        /* Whoever takes the purge away, or what it says, leaves records that are gone and nobody had said so. */
        {"DELETE FROM record WHERE n=9", 2, true},
        {"UPDATE record SET type='t' WHERE n=9", 2, true},
        {"UPDATE record SET payload=replace(payload, '\"to\":5', '\"to\":1') WHERE n=9", 2, true},
        {"UPDATE record SET payload=replace(payload, '\"to\":5', '\"to\":8') WHERE n=9", 9, false},
        {"UPDATE record SET payload='' WHERE n=9", 2, true},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_journal *j = purged();
        alter(j, cases[i].sql);
        struct gl_verified v = verify(j, 4);
        if (v.broken_at != cases[i].broken_at || v.unsaid != cases[i].unsaid)
            fail_msg("%s: broken at %lld%s", cases[i].sql, (long long)v.broken_at, v.unsaid ? ", unsaid" : "");
        gl_journal_close(j);
    }
}

/* Gone with the right hash in its place, but not announced; announced too narrowly; announced for things due earlier. */
static void going_unsaid_is_found(void **state) {
    (void)state;
    static const struct {
        int64_t from, to, due;
        bool found;
    } cases[] = {{4, 4, 2000, false}, {1, 3, 2000, true}, {5, 8, 2000, true}, {1, 8, 1039, true}, {1, 8, 1040, false}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_journal *j = open_at(":memory:");
        for (int k = 1; k <= 8; k++) append(j, "lane/in-1", P1, k * 10);
        announce(j, cases[i].from, cases[i].to, cases[i].due);
        if (cases[i].from == 1) forget(j, 1, 1, 5000); /* that one had been announced */
        forget(j, 4, 4, 5000);
        struct gl_verified v = verify(j, 100);
        assert_int_equal(v.broken_at, cases[i].found ? 4 : 0);
        assert_int_equal(v.unsaid, cases[i].found);
        gl_journal_close(j);
    }
    struct gl_journal *j = open_at(":memory:"); /* and a purge cannot speak for what comes after it */
    announce(j, 1, 8, 2000);
    append(j, "lane/in-1", P1, 10);
    commit(j);
    forget(j, 2, 2, 5000);
    assert_true(verify(j, 100).unsaid);
    gl_journal_close(j);
}

/* Its own change is not washed away with a record: the hash that stays is that of the changed one. */
static void a_changed_record_is_not_laundered(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    for (int i = 1; i <= 4; i++) append(j, "lane/in-1", P1, i);
    commit(j);
    alter(j, "UPDATE record SET payload='{}' WHERE n=2");
    announce(j, 1, 4, 5000);
    forget(j, 1, 4, 5000);
    assert_int_equal(verify(j, 100).broken_at, 2);
    gl_journal_close(j);
}

static void what_is_not_due_stays(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    append(j, "lane/in-1", P1, 100);
    append(j, "post", "", 100);
    announce(j, 1, 2, 5000);
    forget(j, 1, 3, 1099); /* a passage's record is kept twice as long; the purge itself for ever */
    assert_int_equal(count(j, "SELECT group_concat(n, '') FROM gone"), 2);
    forget(j, 1, 4, 1100);
    assert_int_equal(count(j, "SELECT group_concat(n, '') FROM gone"), 12);
    assert_int_equal(verify(j, 100).broken_at, 0);
    gl_journal_close(j);
}

/* Many purges, each of a few: each finds its own. */
static void many_purges_are_told_apart(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    for (int i = 1; i <= 200; i++) append(j, i % 2 ? "lane/in-1" : "post", i % 2 ? P1 : "", i * 10);
    commit(j);
    for (int i = 0; i < 20; i++) {
        announce(j, 10 * i + 1, 10 * i + 10, 100 * i + 1100);
        forget(j, 10 * i + 1, 10 * i + 10, 100 * i + 1100);
    }
    struct gl_verified v = verify(j, 7);
    assert_int_equal(v.broken_at, 0);
    assert_int_equal(v.purged, 200);
    alter(j, "DELETE FROM record WHERE n=210"); /* the tenth purge */
    assert_int_equal(verify(j, 7).broken_at, 91);
    gl_journal_close(j);
}

/* ---- what is due ------------------------------------------------------------------------------------------------------------- */

static int see_due(void *user, const struct gl_due *d) {
    char *text = user;
    size_t n = strlen(text);
    snprintf(text + n, 256 - n, "%lld:%u ", (long long)d->n, d->held);
    return 0;
}

static const char *due(struct gl_journal *j, int64_t now, bool published) {
    static char text[256];
    struct gl_due_query q = {.now = now, .limit = 3, .published = published};
    text[0] = '\0';
    while (gl_journal_due(j, &q, see_due, text, NULL) == 3) continue;
    return text;
}

static void due_in_its_order_and_what_holds_it(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct gl_passage p = {.state = GL_PASSAGE_OPEN, .opened_at = 5};
    for (int i = 1; i <= 3; i++) append(j, "lane/in-1", P1, i * 10);
    append(j, "lane/in-1", "", 15); /* due sooner */
    append(j, "post", "", 2000);
    commit(j);
    assert_string_equal(due(j, 514, false), "");
    assert_string_equal(due(j, 1025, false), "4:0 1:0 2:0 ");
    assert_string_equal(due(j, 1025, true), "4:1 1:1 2:1 "); /* nothing was sent yet */
    assert_int_equal(gl_journal_set_cursor(j, "broker", "lane/in-1", &(struct gl_cursor_pos){3, 0}, NULL), 0);
    assert_string_equal(due(j, 1025, true), "4:1 1:0 2:0 ");
    assert_int_equal(gl_journal_set_cursor(j, "broker", "lane/in-1", &(struct gl_cursor_pos){4, 1}, NULL), 0);
    assert_string_equal(due(j, 1025, true), "4:1 1:0 2:1 "); /* who acknowledges is waited for */
    gl_format(p.passage, sizeof p.passage, "%s", P1);
    assert_int_equal(gl_journal_passage(j, &p, NULL), 0);
    assert_string_equal(due(j, 1025, false), "4:0 1:2 2:2 ");
    commit(j);
    gl_journal_close(j);
}

static void a_standing_alarm_holds_its_record(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct gl_alarm a = {.lane = "in-1", .alarm = P2, .kind = "tamper", .action = "raise"};
    struct gl_record r = {.stream = "lane/in-1",
                          .seq = 1,
                          .type = "greenlane.alarm",
                          .topic = "t",
                          .id = "i",
                          .passage = "",
                          .time = 10,
                          .payload = "{\"data\":{\"alarm\":\"" P2 "\"}}"};
    assert_int_equal(gl_journal_append(j, &r, NULL), 0);
    r.seq = 2;
    r.payload = "no JSON";
    assert_int_equal(gl_journal_append(j, &r, NULL), 0);
    assert_int_equal(gl_journal_alarm(j, &a, 10, NULL), 0);
    commit(j);
    assert_string_equal(due(j, 5000, false), "1:3 2:0 ");
    gl_clip(a.action, sizeof a.action, "clear");
    assert_int_equal(gl_journal_alarm(j, &a, 10, NULL), 0);
    commit(j);
    assert_string_equal(due(j, 5000, false), "1:0 2:0 ");
    gl_journal_close(j);
}

static void closed_passages_go(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct gl_passage p = {.state = GL_PASSAGE_CLOSED, .opened_at = 5, .closed_at = 10};
    int64_t n = 0;
    gl_format(p.passage, sizeof p.passage, "%s", P1);
    assert_int_equal(gl_journal_passage(j, &p, NULL), 0);
    p.state = GL_PASSAGE_OPEN;
    p.closed_at = 0;
    gl_format(p.passage, sizeof p.passage, "%s", P2);
    assert_int_equal(gl_journal_passage(j, &p, NULL), 0);
    assert_int_equal(gl_journal_old_passages(j, 1009, 10, &n, NULL), 0);
    assert_int_equal(n, 0);
    assert_int_equal(gl_journal_old_passages(j, 1010, 10, &n, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(gl_journal_forget_passages(j, 1010, 10, NULL), 0);
    commit(j);
    assert_int_equal(count(j, "SELECT count(*) FROM passage"), 1);
    gl_journal_close(j);
}

static int see_use(void *user, const struct gl_use_change *u, int64_t purge_after) {
    char *text = user;
    size_t n = strlen(text);
    snprintf(text + n, 256 - n, "%s:%lld ", u->ref.value, (long long)purge_after);
    return 0;
}

static void a_use_outlives_what_was_used(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    char text[256] = "";
    static const struct {
        const char *value;
        int64_t valid_to;
    } uses[] = {{"A", 0}, {"B", 90000}, {"C", 20}};
    for (size_t i = 0; i < GL_COUNT(uses); i++) {
        struct gl_use_change u = {.ref = {.type = "gmr"}, .use = GL_USE_RESERVED, .valid_to = uses[i].valid_to};
        gl_format(u.ref.value, sizeof u.ref.value, "%s", uses[i].value);
        gl_format(u.passage, sizeof u.passage, "%s", P1);
        assert_int_equal(gl_journal_use(j, &u, 100, NULL), 0);
    }
    struct gl_use_change all = {.use = GL_USE_CONSUMED};
    gl_format(all.passage, sizeof all.passage, "%s", P1);
    assert_int_equal(gl_journal_use(j, &all, 300, NULL), 0); /* when it is consumed nobody knows any more until when it was valid */
    commit(j);
    struct gl_use_change at = {.use = GL_USE_NONE};
    assert_int_equal(gl_journal_uses(j, &at, 2, see_use, text, NULL), 2);
    assert_int_equal(gl_journal_uses(j, &at, 2, see_use, text, NULL), 1);
    assert_int_equal(gl_journal_uses(j, &at, 2, see_use, text, NULL), 0);
    assert_string_equal(text, "A:2300 B:92000 C:2300 ");
    gl_journal_close(j);
}

/* ---- files ------------------------------------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/greenlane-purge-XXXXXX";
static char path[sizeof dir + 16], copy[sizeof dir + 16];

static int make_dir(void **state) {
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/journal.db", dir);
    snprintf(copy, sizeof copy, "%s/copy.db", dir);
    return 0;
}

static int drop_dir(void **state) {
    (void)state;
    const char *const names[] = {path, copy};
    for (size_t i = 0; i < 4; i++) {
        char file[sizeof path + 8];
        snprintf(file, sizeof file, "%s%s", names[i / 2], i % 2 ? "-wal" : "");
        unlink(file);
    }
    return rmdir(dir);
}

/* Room is given back, and not a byte of what went stays in the file. */
static void what_went_is_not_in_the_file(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    for (int i = 1; i <= 2000; i++) append(j, "lane/in-1", P1, i);
    commit(j);
    int64_t before = count(j, "PRAGMA page_count");
    announce(j, 1, 2000, 5000);
    forget(j, 1, 2000, 5000);
    assert_true(gl_journal_free_pages(j) > 10);
    while (gl_journal_free_pages(j) > 0) {
        assert_int_equal(gl_journal_shrink(j, 16, NULL), 0);
        commit(j);
    }
    assert_true(count(j, "PRAGMA page_count") < before / 2); /* rows that are left are small, and stand close together */
    assert_int_equal(verify(j, 1000).purged, 2000);
    gl_journal_close(j);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char *bytes = malloc(8 << 20);
    size_t n = fread(bytes, 1, 8 << 20, f);
    fclose(f);
    assert_true(n > 10000 && n < 8 << 20);
    assert_null(memmem(bytes, n, SECRET, strlen(SECRET)));
    free(bytes);
}

static struct gl_copied make_copy(struct gl_journal *j, int write_on) {
    struct gl_journal_copy *c = NULL;
    struct gl_copied done = {0};
    struct gl_error err = {""};
    if (gl_journal_copy_begin(j, copy, &c, &err) < 0) fail_msg("%s", err.text);
    int rc;
    while ((rc = gl_journal_copy_step(c, 2, &done, &err)) > 0) {
        if (write_on-- <= 0) continue;
        append(j, "lane/in-1", P1, 5);
        assert_int_equal(gl_journal_copy_step(c, 2, &done, &err), 1); /* not within a turn */
        commit(j);
    }
    if (rc < 0) fail_msg("%s", err.text);
    assert_int_equal(gl_journal_copy_step(c, 2, &done, &err), -EINVAL);
    gl_journal_copy_end(c);
    return done;
}

static void a_copy_has_what_was_written_meanwhile(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    struct gl_error err = {""};
    for (int i = 1; i <= 1000; i++) append(j, "lane/in-1", P1, i);
    commit(j);
    struct gl_copied done = make_copy(j, 20);
    assert_int_equal(done.n, 1020);
    assert_string_equal(verify(j, 5000).head, done.head);
    struct gl_journal_copy *c = NULL;
    assert_int_equal(gl_journal_copy_begin(j, copy, &c, &err), -EEXIST);
    append(j, "lane/in-1", P1, 5); /* not in the copy any more */
    commit(j);
    gl_journal_close(j);
    j = open_at(copy);
    struct gl_verified v = verify(j, 1000);
    assert_int_equal(v.records, 1020);
    assert_int_equal(v.broken_at, 0);
    assert_string_equal(v.head, done.head);
    gl_journal_close(j);
}

static int see_mode(void *user, const struct gl_mode_state *m) {
    char *text = user;
    size_t n = strlen(text);
    snprintf(text + n, 256 - n, "%s:%u:%s ", m->lane, m->mode, m->by);
    return 0;
}

static int see_out(void *user, const struct gl_out *o) {
    if (strstr(o->payload, "\"restored\"")) *(int64_t *)user = o->seq;
    return 0;
}

static void who_takes_over_repeats_no_number(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    struct gl_error err = {""};
    struct gl_restored r = {.copied_at = 77000, .restored_at = 88000, .n_lanes = 2, .lanes = {"in-1", "in-2"}};
    char modes[256] = "";
    int64_t told = 0, seq = 0;
    append(j, "lane/in-1", P1, 5);
    append(j, "post", "", 5);
    append(j, "local", "", 5);
    commit(j);
    if (gl_journal_take_over(j, "north", BOOT, &r, &err) < 0) fail_msg("%s", err.text);
    assert_false(gl_journal_dirty(j));
    assert_int_equal(r.n, 3);
    assert_int_equal(r.skipped, 2 * GL_RESTORE_SKIP);
    gl_journal_close(j);
    j = open_at(path);
    assert_int_equal(gl_journal_next_seq(j, "lane/in-1", &seq, NULL), 0);
    assert_int_equal(seq, 3 + GL_RESTORE_SKIP);
    assert_int_equal(gl_journal_read(j, "lane/in-1", 1, 10, see_out, &told, NULL), 0);
    assert_int_equal(told, 2 + GL_RESTORE_SKIP);
    assert_int_equal(gl_journal_modes(j, see_mode, modes, NULL), 0);
    assert_string_equal(modes, "in-1:3:restore in-2:3:restore ");
    struct gl_unknown_uses u;
    assert_int_equal(gl_journal_unknown_uses(j, &u, NULL), 1);
    assert_true(u.active == GL_TRUE && u.copied_at == 77000 && u.restored_at == 88000 && u.until == 0 && u.known_at == 0);
    assert_string_equal(u.alarm, BOOT);
    struct gl_verified v = verify(j, 2);
    assert_int_equal(v.broken_at, 0);
    assert_int_equal(v.skipped, r.skipped);
    alter(j, "DELETE FROM record WHERE n=6"); /* what is cut off at the end shows all the same */
    assert_int_equal(verify(j, 2).broken_at, 6);
    gl_journal_close(j);
}

#define ON_DISK(t) cmocka_unit_test_setup_teardown(t, make_dir, drop_dir)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_gone_leaves_a_whole_chain),
        cmocka_unit_test(tampering_with_what_is_gone_is_found),
        cmocka_unit_test(going_unsaid_is_found),
        cmocka_unit_test(a_changed_record_is_not_laundered),
        cmocka_unit_test(what_is_not_due_stays),
        cmocka_unit_test(many_purges_are_told_apart),
        cmocka_unit_test(due_in_its_order_and_what_holds_it),
        cmocka_unit_test(a_standing_alarm_holds_its_record),
        cmocka_unit_test(closed_passages_go),
        cmocka_unit_test(a_use_outlives_what_was_used),
        ON_DISK(what_went_is_not_in_the_file),
        ON_DISK(a_copy_has_what_was_written_meanwhile),
        ON_DISK(who_takes_over_repeats_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
