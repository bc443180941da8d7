/* The journal: gapless numbers, an unbroken chain, nothing shown before it is on disk, and everything committed there after a
 * power cut. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the five above first */
#include <cmocka.h>

#include "journal_records.h"
#include "store/journal_impl.h"

static void append(struct gl_journal *j, const char *stream, const char *payload) {
    assert_int_equal(try_append(j, stream, P1, "lane/in-1/decision", payload), 0);
}

static int64_t next(struct gl_journal *j, const char *stream) {
    int64_t seq = -1;
    assert_int_equal(gl_journal_next_seq(j, stream, &seq, NULL), 0);
    return seq;
}

static int see(void *user, const struct gl_out *o) {
    struct seen *s = user;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s/%lld %s;", o->stream, (long long)o->seq, o->payload);
    return ++s->n == s->stop_after ? 7 : 0;
}

static struct gl_verified verify(struct gl_journal *j, int limit) {
    struct gl_verified v = {.records = 99, .broken_at = 99};
    struct gl_error err = {""};
    int64_t at = 0;
    int rc;
    while ((rc = gl_journal_verify(j, &at, limit, &v, &err)) > 0) continue;
    if (rc < 0) fail_msg("%s", err.text);
    return v;
}

/* ---- numbers and transactions ------------------------------------------------------------------------------------------------ */

static void numbers_are_gapless_per_stream(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    assert_int_equal(next(j, "post"), 1);
    append(j, "post", "{}");
    append(j, "lane/in-1", "{}");
    append(j, "lane/in-1", "{}");
    assert_int_equal(next(j, "post"), 2);
    assert_int_equal(next(j, "lane/in-1"), 3);
    commit(j);
    gl_journal_close(j);
    j = open_at(path);
    assert_int_equal(next(j, "post"), 2);
    assert_int_equal(next(j, "lane/in-1"), 3);
    assert_int_equal(next(j, "lane/in-2"), 1);
    gl_journal_close(j);
}

static void a_rollback_gives_its_numbers_back(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    append(j, "post", "{\"a\":1}");
    commit(j);
    append(j, "post", "{\"a\":2}");
    append(j, "lane/in-1", "{\"a\":3}");
    assert_true(gl_journal_dirty(j));
    gl_journal_rollback(j);
    assert_false(gl_journal_dirty(j));
    assert_int_equal(next(j, "post"), 2);
    assert_int_equal(next(j, "lane/in-1"), 1);
    append(j, "post", "{\"a\":4}");
    commit(j);
    struct gl_verified v = verify(j, 100);
    assert_int_equal(v.records, 2);
    assert_int_equal(v.broken_at, 0);
    gl_journal_close(j);
}

static void a_wrong_number_spoils_the_turn(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    struct gl_error err = {""};
    append(j, "post", "{}");
    struct gl_record r = {.stream = "post", .seq = 3, .type = "t", .topic = "", .id = "i", .passage = "", .payload = "{}"};
    assert_int_equal(gl_journal_append(j, &r, &err), -EINVAL);
    assert_non_null(strstr(err.text, "numbered 3 where 2 is due"));
    r.seq = 2;
    assert_true(gl_journal_append(j, &r, &err) < 0); /* the turn is lost: half of it is not recorded as if it were all */
    assert_true(gl_journal_commit(j, &err) < 0);
    assert_int_equal(next(j, "post"), 1);
    r.seq = 1;
    assert_int_equal(gl_journal_append(j, &r, &err), 0);
    commit(j);
    gl_journal_close(j);
}

static void bad_records_are_refused(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    int64_t seq = 5;
    assert_int_equal(gl_journal_next_seq(j, "", &seq, NULL), -EINVAL);
    assert_int_equal(gl_journal_next_seq(j, "lane/a-name-that-is-much-too-long-for-any-lane", &seq, NULL), -EINVAL);
    assert_int_equal(seq, 5);
    struct gl_record r = {.stream = "post", .seq = 1, .type = "t", .topic = "", .id = "i", .passage = "", .payload = NULL};
    assert_int_equal(gl_journal_append(j, &r, NULL), -EINVAL);
    gl_journal_rollback(j);
    char *huge = malloc(JOURNAL_MAX_TEXT + 2);
    memset(huge, 'x', JOURNAL_MAX_TEXT + 1);
    huge[JOURNAL_MAX_TEXT + 1] = '\0';
    r.payload = huge;
    assert_int_equal(gl_journal_append(j, &r, NULL), -EFBIG);
    gl_journal_rollback(j);
    free(huge);
    assert_int_equal(next(j, "post"), 1);
    gl_journal_close(j);
}

static void streams_are_bounded(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    char name[32];
    for (int i = 0; i < JOURNAL_MAX_STREAMS; i++) {
        snprintf(name, sizeof name, "lane/l%d", i);
        append(j, name, "{}");
    }
    commit(j);
    assert_true(try_append(j, "post", "", "", "{}") < 0);
    gl_journal_rollback(j);
    append(j, name, "{}");
    commit(j);
    gl_journal_close(j);
}

static void a_full_disk_fails_the_commit_and_loses_nothing(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    char payload[4000];
    memset(payload, 'p', sizeof payload - 1);
    payload[sizeof payload - 1] = '\0';
    assert_int_equal(gl_journal_limit_pages(j, 60), 0);
    int64_t committed = 0;
    int rc = 0;
    for (int i = 0; i < 100 && rc == 0; i++) {
        rc = try_append(j, "post", "", "t", payload);
        int done = gl_journal_commit(j, NULL);
        assert_true(rc == 0 || done < 0); /* a failed append never commits */
        if (done == 0) committed++;
    }
    assert_true(rc == -ENOSPC);
    assert_true(committed > 5);
    assert_int_equal(next(j, "post"), committed + 1);
    assert_true(try_append(j, "post", "", "t", payload) < 0);
    assert_true(gl_journal_commit(j, NULL) < 0);
    assert_int_equal(gl_journal_limit_pages(j, 1000), 0);
    assert_int_equal(try_append(j, "post", "", "t", payload), 0);
    commit(j);
    assert_int_equal(verify(j, 10).records, committed + 1);
    assert_int_equal(verify(j, 10).broken_at, 0);
    gl_journal_close(j);
}

/* ---- the outbox -------------------------------------------------------------------------------------------------------------- */

static void readers_see_what_is_committed(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    append(j, "post", "a");
    append(j, "lane/in-1", "b");
    assert_int_equal(try_append(j, "post", "", "", "secret"), 0); /* no topic: never published */
    append(j, "post", "c");
    commit(j);
    append(j, "post", "d");
    struct seen s = {0};
    assert_int_equal(gl_journal_read(j, "post", 0, 10, see, &s, NULL), 0);
    assert_string_equal(s.text, "post/1 a;post/3 c;");
    commit(j);
    s = (struct seen){0};
    assert_int_equal(gl_journal_read(j, "post", 1, 1, see, &s, NULL), 0);
    assert_string_equal(s.text, "post/3 c;");
    s = (struct seen){.stop_after = 2};
    assert_int_equal(gl_journal_read(j, "post", 0, 10, see, &s, NULL), 7);
    assert_string_equal(s.text, "post/1 a;post/3 c;");
    s = (struct seen){0};
    assert_int_equal(gl_journal_read(j, "lane/none", 0, 10, see, &s, NULL), 0);
    assert_int_equal(gl_journal_read(j, "post", 4, 10, see, &s, NULL), 0);
    assert_int_equal(gl_journal_read(j, "post", 0, 0, see, &s, NULL), 0);
    assert_string_equal(s.text, "");
    gl_journal_close(j);
}

static int see_stream(void *user, const char *stream, int64_t last) {
    struct seen *s = user;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s=%lld;", stream, (long long)last);
    return 0;
}

static void streams_are_listed(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct seen s = {0};
    append(j, "post", "a");
    commit(j);
    append(j, "post", "b");
    append(j, "lane/in-1", "c");
    assert_int_equal(gl_journal_streams(j, see_stream, &s, NULL), 0);
    assert_string_equal(s.text, "post=1;");
    gl_journal_close(j);
}

static void cursors_never_go_back_nor_ahead(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct gl_cursor_pos pos = {9, 9};
    for (int i = 0; i < 5; i++) append(j, "post", "a");
    commit(j);
    assert_int_equal(gl_journal_cursor(j, "broker", "post", &pos, NULL), 0);
    assert_true(pos.sent == 0 && pos.safe == 0);
    assert_int_equal(gl_journal_set_cursor(j, "broker", "post", &(struct gl_cursor_pos){4, 2}, NULL), 0);
    assert_int_equal(gl_journal_set_cursor(j, "broker", "post", &(struct gl_cursor_pos){3, 3}, NULL), 0);
    commit(j);
    assert_int_equal(gl_journal_cursor(j, "broker", "post", &pos, NULL), 0);
    assert_true(pos.sent == 4 && pos.safe == 3);
    assert_int_equal(gl_journal_set_cursor(j, "broker", "post", &(struct gl_cursor_pos){6, 0}, NULL), -ERANGE);
    assert_int_equal(gl_journal_set_cursor(j, "broker", "post", &(struct gl_cursor_pos){0, -1}, NULL), -ERANGE);
    assert_int_equal(gl_journal_set_cursor(j, "broker", "lane/none", &(struct gl_cursor_pos){1, 0}, NULL), -ERANGE);
    append(j, "post", "uncommitted");
    assert_int_equal(gl_journal_set_cursor(j, "broker", "post", &(struct gl_cursor_pos){6, 0}, NULL), -ERANGE);
    commit(j); /* a refused cursor spoils nothing */
    assert_int_equal(gl_journal_cursor(j, "other", "post", &pos, NULL), 0);
    assert_int_equal(pos.sent, 0);
    gl_journal_close(j);
}

/* ---- the chain --------------------------------------------------------------------------------------------------------------- */

static void the_chain_is_walked_in_steps(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct gl_verified v = verify(j, 3);
    assert_true(v.records == 0 && v.broken_at == 0);
    assert_string_equal(v.head, "");
    for (int i = 0; i < 10; i++) append(j, i % 3 ? "post" : "lane/in-1", "{}");
    commit(j);
    v = verify(j, 3);
    assert_int_equal(v.records, 10);
    assert_int_equal(v.broken_at, 0);
    assert_int_equal(strlen(v.head), 64);
    char head[65];
    memcpy(head, v.head, 65);
    assert_string_equal(verify(j, 5).head, head);
    assert_string_equal(verify(j, 1000).head, head);
    int64_t at = 0;
    assert_int_equal(gl_journal_verify(j, &at, 0, &v, NULL), -EINVAL);
    gl_journal_close(j);
}

static void salt_of(struct gl_journal *j, int64_t n, uint8_t salt[16]) {
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(j->db.sql, "SELECT salt FROM record WHERE n=?1", -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_int64(stmt, 1, n);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_bytes(stmt, 0), 16);
    memcpy(salt, sqlite3_column_blob(stmt, 0), 16);
    sqlite3_finalize(stmt);
}

/* The hash of the first record, computed elsewhere over the bytes that docs and journal_chain.c describe. */
static void the_hash_is_what_it_is_said_to_be(void **state) {
    (void)state;
    struct gl_journal *j = open_at(":memory:");
    struct gl_record r = {.stream = "post",
                          .seq = 1,
                          .type = "t",
                          .topic = "a/b",
                          .id = "i",
                          .passage = "",
                          .time = 258,
                          .payload = "{}",
                          .internal = "x"};
    uint8_t said[64], link[128] = {0}, want[32];
    size_t n = 16, at = 32;
    const struct {
        const char *p;
        size_t len;
    } says[] = {{"t", 2}, {"a/b", 4}, {"i", 2}, {"", 1}, {"\0\0\0\0\0\0\1\2", 8}, {"{}", 3}, {"x", 1}},
      stands[] = {{"\0\0\0\0\0\0\0\1", 8}, {"post", 5}, {"\0\0\0\0\0\0\0\1", 8}, {"\0\0\0\0\0\0\2\1", 8}, {"\0\0\0\0\0\0\2\2", 8}};
    gl_journal_set_keep(j, &(struct gl_keep){.records_ms = 1});
    r.written = 513;
    assert_int_equal(gl_journal_append(j, &r, NULL), 0);
    salt_of(j, 1, said);
    for (size_t i = 0; i < GL_COUNT(says); n += says[i++].len) memcpy(said + n, says[i].p, says[i].len);
    for (size_t i = 0; i < GL_COUNT(stands); at += stands[i++].len) memcpy(link + at, stands[i].p, stands[i].len);
    assert_int_equal(EVP_Digest(said, n, link + at, NULL, EVP_sha256(), NULL), 1);
    assert_int_equal(EVP_Digest(link, at + 32, want, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(j->head, want, sizeof want);
    gl_journal_close(j);
}

static void tampering_is_found(void **state) {
    (void)state;
    static const struct {
        const char *sql;
        int64_t broken_at;
    } cases[] = {{"UPDATE record SET payload='{\"x\":1}' WHERE n=4", 4},
                 {"UPDATE record SET payload=CAST(payload||x'00'||'more' AS TEXT) WHERE n=4", 4},
                 {"UPDATE record SET internal='{}' WHERE n=3", 3},
                 {"UPDATE record SET passage='' WHERE n=1", 1},
                 {"UPDATE record SET time=time+1 WHERE n=6", 6},
                 {"UPDATE record SET written=written+1 WHERE n=6", 6},
                 {"UPDATE record SET purge_after=1 WHERE n=2", 2},
                 {"UPDATE record SET salt=zeroblob(16) WHERE n=2", 2},
                 {"UPDATE record SET hash=zeroblob(32) WHERE n=5", 5},
                 {"UPDATE record SET hash=zeroblob(3) WHERE n=5", 5},
                 {"DELETE FROM record WHERE n=4", 4},
                 {"DELETE FROM record WHERE n=1", 1},
                 {"DELETE FROM record WHERE n>6", 7},
                 {"UPDATE stream SET name='other'", 1},
                 {"UPDATE record SET seq=100 WHERE n=8", 8}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_journal *j = open_at(":memory:");
        for (int k = 0; k < 8; k++) append(j, "post", "{}");
        commit(j);
        assert_int_equal(verify(j, 3).broken_at, 0);
        sqlite3_exec(j->db.sql, cases[i].sql, NULL, NULL, NULL);
        struct gl_verified v = verify(j, 3);
        if (v.broken_at != cases[i].broken_at) fail_msg("%s: broken at %lld", cases[i].sql, (long long)v.broken_at);
        assert_int_equal(v.records, cases[i].broken_at - 1);
        gl_journal_close(j);
    }
}

/* ---- files ------------------------------------------------------------------------------------------------------------------- */

static void a_log_without_its_journal_is_not_thrown_away(void **state) {
    (void)state;
    struct gl_journal *j = open_at(path);
    struct gl_error err = {""};
    append(j, "post", "{}");
    commit(j);
    assert_int_equal(unlink(path), 0);
    struct gl_journal *second = NULL;
    assert_int_equal(gl_journal_open(path, &second, &err), -EUCLEAN);
    assert_non_null(strstr(err.text, "journal.db-wal holds records"));
    assert_null(second);
    gl_journal_close(j);
}

static void a_cache_is_no_journal(void **state) {
    (void)state;
    struct gl_journal *j = NULL;
    struct gl_error err = {""};
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA application_id=1; CREATE TABLE t(a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(gl_journal_open(path, &j, &err), -EUCLEAN);
    assert_non_null(strstr(err.text, "no Greenlane journal"));
}

/* ---- power cuts -------------------------------------------------------------------------------------------------------------- */

/* Appends and commits for ever; tells each number only once its commit has returned. */
static void write_until_killed(int pipe_fd) {
    struct gl_journal *j = NULL;
    if (gl_journal_open(path, &j, NULL) < 0) _exit(1);
    for (;;) {
        int64_t seq = 0;
        if (gl_journal_next_seq(j, "post", &seq, NULL) < 0) _exit(2);
        if (try_append(j, "post", P1, "t", "{\"some\":\"payload\"}") < 0 || try_append(j, "lane/in-1", P1, "t", "{}") < 0) _exit(3);
        if (gl_journal_commit(j, NULL) < 0) _exit(4);
        if (write(pipe_fd, &seq, sizeof seq) != sizeof seq) _exit(5);
    }
}

static int64_t run_and_kill(unsigned random) {
    int fd[2];
    int64_t last = 0, seq;
    assert_int_equal(pipe(fd), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fd[0]);
        write_until_killed(fd[1]);
    }
    close(fd[1]);
    for (unsigned told = random % 40; read(fd[0], &seq, sizeof seq) == sizeof seq; last = seq) {
        if (told-- > 0) continue;
        usleep(random % 1500); /* somewhere within the next commit */
        kill(child, SIGKILL);
        told = UINT32_MAX;
    }
    close(fd[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return last;
}

static void what_was_committed_survives_a_kill(void **state) {
    (void)state;
    unsigned random = 12345;
    int64_t records = 0;
    for (int round = 0; round < 20; round++) {
        random = random * 1103515245u + 12345u;
        int64_t told = run_and_kill(random >> 8);
        struct gl_journal *j = open_at(path);
        int64_t post = next(j, "post") - 1;
        assert_true(post >= told && post <= told + 1); /* the last one may be there without having been told */
        assert_int_equal(next(j, "lane/in-1") - 1, post);
        struct gl_verified v = verify(j, 1000);
        assert_int_equal(v.broken_at, 0);
        assert_int_equal(v.records, 2 * post);
        assert_true(v.records >= records);
        records = v.records;
        gl_journal_close(j);
    }
    assert_true(records > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_DISK(numbers_are_gapless_per_stream),
        ON_DISK(a_rollback_gives_its_numbers_back),
        ON_DISK(a_wrong_number_spoils_the_turn),
        cmocka_unit_test(bad_records_are_refused),
        cmocka_unit_test(streams_are_bounded),
        ON_DISK(a_full_disk_fails_the_commit_and_loses_nothing),
        cmocka_unit_test(readers_see_what_is_committed),
        cmocka_unit_test(streams_are_listed),
        cmocka_unit_test(cursors_never_go_back_nor_ahead),
        cmocka_unit_test(the_chain_is_walked_in_steps),
        cmocka_unit_test(the_hash_is_what_it_is_said_to_be),
        cmocka_unit_test(tampering_is_found),
        ON_DISK(a_log_without_its_journal_is_not_thrown_away),
        ON_DISK(a_cache_is_no_journal),
        ON_DISK(what_was_committed_survives_a_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
