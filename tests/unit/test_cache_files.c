/* The cache: transactions, the feed's books, what was refused, and its files, also damaged and foreign ones. */
#include "cache_records.h"

/* ---- transactions and bookkeeping -------------------------------------------------------------------------------------------- */

static void a_rollback_leaves_nothing(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    put(c, movement("A", 1, "TRUCK1"));
    assert_int_equal(gl_cache_commit(c, NULL), 0);
    assert_int_equal(gl_cache_begin(c, NULL), 0);
    put(c, movement("A", 2, "TRUCK2"));
    put(c, movement("B", 1, "TRUCK2"));
    assert_int_equal(plate(c, "TRUCK2")->n_movements, 2);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), 2);
    gl_cache_rollback(c);
    assert_int_equal(plate(c, "TRUCK2")->n_movements, 0);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].version, 1);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), 1);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_NONE), -EINVAL);
    gl_cache_close(c);
}

static void a_bad_record_leaves_nothing_and_harms_nobody(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_error err = {""};
    enum gl_applied applied;
    put(c, movement("A", 1, "TRUCK1"));
    struct gl_feed_record *r = movement("A", 2, "TRUCK2");
    memset(r->body.movement.means[0].plate, 'X', 64);
    memcpy(r->body.movement.means[0].plate, "\xC3\x28", 2); /* not UTF-8: no key */
    assert_int_equal(gl_cache_apply(c, r, 1, &applied, &err), -EILSEQ);
    assert_non_null(strstr(err.text, "means[0].plate"));
    r->op = GL_OP_HEARTBEAT;
    assert_int_equal(gl_cache_apply(c, r, 1, &applied, &err), -EINVAL);
    free(r);
    r = movement("", 2, "TRUCK2");
    assert_int_equal(gl_cache_apply(c, r, 1, &applied, &err), -EINVAL);
    free(r);
    put(c, movement("B", 1, "TRUCK3"));
    assert_int_equal(gl_cache_commit(c, &err), 0);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].version, 1);
    assert_int_equal(plate(c, "TRUCK3")->n_movements, 1);
    gl_cache_close(c);
}

static void bookkeeping_comes_back(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_seq s = {.epoch = "e-1",
                            .left = "e-0",
                            .applied = 7,
                            .sent = 90,
                            .as_of = 5,
                            .heard_wall = 6,
                            .heard_mono = 8,
                            .n_held = 2,
                            .held = {{9, 12}, {20, 20}},
                            .rejects = 3,
                            .broken = true};
    struct gl_feed_seq back;
    assert_int_equal(gl_cache_load_seq(c, GL_COLLECTION_MOVEMENTS, &back, NULL), 0);
    assert_string_equal(back.epoch, "");
    assert_int_equal(gl_cache_save_seq(c, GL_COLLECTION_MOVEMENTS, &s, NULL), 0);
    assert_int_equal(gl_cache_commit(c, NULL), 0);
    assert_int_equal(gl_cache_load_seq(c, GL_COLLECTION_MOVEMENTS, &back, NULL), 0);
    assert_string_equal(back.epoch, "e-1");
    assert_string_equal(back.left, "e-0");
    assert_int_equal(back.applied, 7);
    assert_int_equal(back.sent, 90);
    assert_int_equal(back.as_of, 5);
    assert_int_equal(back.heard_wall, 6);
    assert_int_equal(back.heard_mono, 8);
    assert_int_equal(back.rejects, 3);
    assert_true(back.broken);
    assert_int_equal(back.n_held, 2);
    assert_memory_equal(back.held, s.held, 2 * sizeof s.held[0]);
    assert_int_equal(gl_cache_load_seq(c, GL_COLLECTION_DECLARATIONS, &back, NULL), 0);
    assert_int_equal(back.applied, 0);
    s.n_held = 1;
    assert_int_equal(gl_cache_save_seq(c, GL_COLLECTION_MOVEMENTS, &s, NULL), 0);
    assert_int_equal(gl_cache_load_seq(c, GL_COLLECTION_MOVEMENTS, &back, NULL), 0);
    assert_int_equal(back.n_held, 1);
    assert_int_equal(gl_cache_save_seq(c, 9, &s, NULL), -EINVAL);
    gl_cache_close(c);
}

/* ---- what was refused -------------------------------------------------------------------------------------------------------- */

static struct gl_quarantined refusal(int64_t seq) {
    struct gl_quarantined q = {.collection = GL_COLLECTION_MOVEMENTS, .epoch = "e", .seq = seq, .where = "feed", .at = 7};
    gl_format(q.ref, sizeof q.ref, "gmr A%lld", (long long)seq);
    memset(q.reason, 'x', sizeof q.reason - 1);
    return q;
}

struct listing {
    int n, stop_at;
    struct gl_quarantined first, last;
};

static int list_one(void *user, const struct gl_quarantined *q) {
    struct listing *l = user;
    if (l->n++ == 0) l->first = *q;
    l->last = *q;
    return l->n == l->stop_at ? 9 : 0;
}

static void quarantine_is_bounded_and_listed(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct listing l = {0}, some = {.stop_at = 3};
    assert_int_equal(gl_cache_quarantine_count(c), 0);
    for (int i = 1; i <= QUARANTINE_KEPT + 5; i++) {
        struct gl_quarantined q = refusal(i);
        assert_int_equal(gl_cache_quarantine(c, &q, NULL), 0);
    }
    assert_int_equal(gl_cache_quarantine_count(c), QUARANTINE_KEPT);
    assert_int_equal(gl_cache_quarantined(c, 1000000, list_one, &l, NULL), 0);
    assert_int_equal(l.n, QUARANTINE_KEPT);
    assert_int_equal(l.first.seq, QUARANTINE_KEPT + 5); /* the newest first */
    assert_int_equal(l.last.seq, 6);
    struct gl_quarantined same = refusal(6);
    assert_int_equal(l.last.collection, same.collection);
    assert_string_equal(l.last.epoch, "e");
    assert_string_equal(l.last.ref, same.ref);
    assert_string_equal(l.last.where, "feed");
    assert_string_equal(l.last.reason, same.reason);
    assert_int_equal(l.last.at, 7);
    assert_int_equal(gl_cache_quarantined(c, 1000, list_one, &some, NULL), 9); /* the function ends it */
    assert_int_equal(some.n, 3);
    l.n = 0;
    assert_int_equal(gl_cache_quarantined(c, 2, list_one, &l, NULL), 0);
    assert_int_equal(l.n, 2);
    gl_cache_close(c);
}

/* ---- files ------------------------------------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/greenlane-cache-XXXXXX";
static char path[sizeof dir + 24]; /* one of its files */

static int make_dir(void **state) {
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/movements.db", dir);
    return 0;
}

static int drop_dir(void **state) {
    (void)state;
    return remove_folder(dir);
}

static void a_file_is_read_again(void **state) {
    (void)state;
    struct gl_cache *c = NULL, *second = NULL;
    struct gl_error err = {""};
    struct stat st;
    assert_int_equal(gl_cache_open(dir, &c, &err), 0);
    put(c, movement("A", 1, "TRUCK1"));
    assert_int_equal(gl_cache_commit(c, &err), 0);
    put(c, movement("B", 1, "TRUCK1")); /* never committed */
    assert_int_equal(gl_cache_open(dir, &second, &err), -EBUSY);
    assert_non_null(strstr(err.text, dir));
    gl_cache_close(c);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(gl_cache_open(dir, &c, &err), 0);
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 1);
    gl_cache_close(c);
}

static void write_file(const char *bytes, size_t len) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

static void exec_on_file(const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void foreign_files_are_refused(void **state) {
    (void)state;
    struct gl_cache *c = NULL;
    struct gl_error err = {""};
    char junk[8192];
    memset(junk, 'j', sizeof junk);
    write_file(junk, sizeof junk);
    assert_int_equal(gl_cache_open(dir, &c, &err), -EUCLEAN);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "delete it"));
    unlink(path);
    exec_on_file("CREATE TABLE other(a)");
    assert_int_equal(gl_cache_open(dir, &c, &err), -EUCLEAN);
    assert_non_null(strstr(err.text, "no Greenlane cache"));
    exec_on_file("SELECT a FROM other"); /* left as it was */
    unlink(path);
    assert_int_equal(gl_cache_open(dir, &c, &err), 0);
    gl_cache_close(c);
    exec_on_file("PRAGMA user_version=99");
    assert_int_equal(gl_cache_open(dir, &c, &err), -EPROTONOSUPPORT);
    assert_non_null(strstr(err.text, "newer"));
    unlink(path);
    assert_int_equal(gl_cache_open(path, &c, &err), 0); /* a folder that is not there yet is made */
    gl_cache_close(c);
    assert_int_equal(gl_cache_open("/nowhere/at/all/cache", &c, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/at/all/cache"));
}

/* A page overwritten while nobody looked: an error or an answer, never a crash. */
static void damage_is_an_error(void **state) {
    (void)state;
    struct gl_cache *c = NULL;
    struct gl_error err = {""};
    assert_int_equal(gl_cache_open(dir, &c, &err), 0);
    for (int i = 0; i < 200; i++) {
        char value[16];
        snprintf(value, sizeof value, "M%d", i);
        put(c, movement(value, 1, "TRUCK1"));
    }
    assert_int_equal(gl_cache_commit(c, &err), 0);
    gl_cache_close(c);
    c = NULL;
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    int fd = open(path, O_WRONLY);
    char junk[4096];
    memset(junk, 0x5A, sizeof junk);
    for (off_t at = 4096; at < st.st_size; at += 4096) assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
    close(fd);
    static struct gl_answer a;
    struct gl_query q = {.n_keys = 1, .keys = {{.kind = GL_KEY_VEHICLE, .text = "TRUCK1"}}};
    if (gl_cache_open(dir, &c, &err) == 0) {
        assert_int_equal(gl_cache_lookup(c, &q, &a, &err), -EUCLEAN);
        assert_true(a.failed);
        assert_int_equal(a.n_movements, 0);
        assert_non_null(strstr(err.text, "delete it"));
        gl_cache_close(c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rollback_leaves_nothing),
        cmocka_unit_test(a_bad_record_leaves_nothing_and_harms_nobody),
        cmocka_unit_test(bookkeeping_comes_back),
        cmocka_unit_test(quarantine_is_bounded_and_listed),
        cmocka_unit_test_setup_teardown(a_file_is_read_again, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(foreign_files_are_refused, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(damage_is_an_error, make_dir, drop_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
