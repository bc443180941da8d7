/* The cache: a collection built aside takes the place of the present one, and whenever the power goes, one of them is there. */
#include "cache_records.h"

static char dir[] = "/tmp/greenlane-aside-XXXXXX";

static int make_dir(void **state GL_UNUSED) {
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state GL_UNUSED) {
    return remove_folder(dir);
}

static bool there(const char *name) {
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return stat(path, &st) == 0;
}

static void move(const char *from, const char *to) {
    char a[200], b[200];
    snprintf(a, sizeof a, "%s/%s", dir, from);
    snprintf(b, sizeof b, "%s/%s", dir, to);
    assert_int_equal(rename(a, b), 0);
}

static struct gl_cache *open_dir(void) {
    struct gl_cache *c = NULL;
    struct gl_error err = {""};
    if (gl_cache_open(dir, &c, &err) < 0) fail_msg("%s", err.text);
    return c;
}

static struct gl_cache *aside_of(const char *where, uint8_t which) {
    struct gl_cache *c = NULL;
    struct gl_error err = {""};
    if (gl_cache_aside(where, which, &c, &err) < 0) fail_msg("%s", err.text);
    return c;
}

static const struct gl_feed_seq books = {.epoch = "e2", .left = "e1", .applied = 7, .sent = 7, .as_of = 70};

/* The present collection of epoch e1: OLD for TRUCK1. The one aside, of e2: NEW for TRUCK1, finished and closed. */
static struct gl_cache *prepare(void) {
    struct gl_cache *c = open_dir();
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e1", "");
    put(c, nth("e1", 1, movement("OLD", 1, "TRUCK1")));
    put(c, nth("e1", 1, declaration("KEPT", 1)));
    assert_int_equal(gl_cache_commit(c, NULL), 0);
    struct gl_cache *a = aside_of(dir, GL_COLLECTION_MOVEMENTS);
    put(a, nth("e2", 1, movement("NEW", 1, "TRUCK1")));
    assert_int_equal(gl_cache_finish(a, NULL), 0);
    assert_int_equal(gl_cache_count(a, GL_COLLECTION_MOVEMENTS), 1);
    gl_cache_close(a);
    return c;
}

static void is_old(struct gl_cache *c) {
    struct gl_feed_seq s;
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 1);
    assert_string_equal(plate(c, "TRUCK1")->movements[0].ref.value, "OLD");
    assert_int_equal(gl_cache_load_seq(c, GL_COLLECTION_MOVEMENTS, &s, NULL), 0);
    assert_string_equal(s.epoch, "e1");
}

static void is_new(struct gl_cache *c) {
    struct gl_feed_seq s;
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 1);
    assert_string_equal(plate(c, "TRUCK1")->movements[0].ref.value, "NEW");
    assert_int_equal(gl_cache_load_seq(c, GL_COLLECTION_MOVEMENTS, &s, NULL), 0);
    assert_string_equal(s.epoch, "e2");
    assert_int_equal(s.applied, 7);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), 1);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_DECLARATIONS), 1); /* another collection is left alone */
}

static void a_collection_is_switched(void **state GL_UNUSED) {
    struct gl_cache *c = prepare();
    struct gl_error err = {""};
    is_old(c);
    if (gl_cache_switch(c, GL_COLLECTION_MOVEMENTS, NULL, &books, &err) < 0) fail_msg("%s", err.text);
    is_new(c);
    put(c, nth("e2", 8, movement("NEXT", 1, "TRUCK2"))); /* and goes on */
    assert_int_equal(gl_cache_commit(c, NULL), 0);
    assert_true(there("movements.old.db"));
    assert_false(there("movements.aside.db"));
    gl_cache_sweep(dir, GL_COLLECTION_MOVEMENTS);
    assert_false(there("movements.old.db"));
    gl_cache_close(c);
    c = open_dir();
    assert_int_equal(plate(c, "TRUCK2")->n_movements, 1);
    gl_cache_close(c);
}

static void in_memory_as_well(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory(), *a = aside_of(":memory:", GL_COLLECTION_MOVEMENTS);
    put(c, nth("e1", 1, movement("OLD", 1, "TRUCK1")));
    put(c, declaration("KEPT", 1));
    assert_int_equal(gl_cache_commit(c, NULL), 0);
    put(a, nth("e2", 1, movement("NEW", 1, "TRUCK1")));
    assert_int_equal(gl_cache_commit(a, NULL), 0);
    assert_int_equal(gl_cache_finish(a, NULL), 0);
    assert_int_equal(gl_cache_switch(c, GL_COLLECTION_MOVEMENTS, a, &books, NULL), 0);
    is_new(c);
    gl_cache_close(c);
}

/* ---- the power goes ---------------------------------------------------------------------------------------------------------- */

static void cut_while_it_is_built(void **state GL_UNUSED) {
    gl_cache_close(open_dir());
    struct gl_cache *a = aside_of(dir, GL_COLLECTION_MOVEMENTS);
    put(a, movement("HALF", 1, "TRUCK1"));
    assert_true(there("movements.aside.db"));
    struct gl_cache *c = open_dir();
    assert_false(there("movements.aside.db"));
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    gl_cache_close(a); /* what was written into it is gone with it */
    gl_cache_close(c);
}

static void cut_before_the_first_renaming(void **state GL_UNUSED) {
    gl_cache_close(prepare());
    struct gl_cache *c = open_dir();
    is_old(c);
    assert_false(there("movements.aside.db"));
    gl_cache_close(c);
}

static void cut_between_the_renamings(void **state GL_UNUSED) {
    gl_cache_close(prepare());
    move("movements.db", "movements.old.db");
    struct gl_cache *c = open_dir();
    is_old(c);
    assert_false(there("movements.aside.db"));
    assert_false(there("movements.old.db"));
    gl_cache_close(c);
}

static void cut_after_the_last_renaming(void **state GL_UNUSED) {
    struct gl_cache *c = prepare();
    assert_int_equal(gl_cache_switch(c, GL_COLLECTION_MOVEMENTS, NULL, &books, NULL), 0);
    gl_cache_close(c);
    c = open_dir();
    is_new(c); /* with its books */
    assert_false(there("movements.old.db"));
    gl_cache_close(c);
}

/* ---- it fails ---------------------------------------------------------------------------------------------------------------- */

static void what_was_not_built_is_not_taken(void **state GL_UNUSED) {
    struct gl_cache *c = prepare(), *a;
    struct gl_error err = {""};
    assert_int_equal(gl_cache_switch(c, GL_COLLECTION_TAGS, NULL, &books, &err), -ENOENT);
    assert_non_null(strstr(err.text, "tags.aside.db"));
    move("movements.aside.db", "tags.aside.db"); /* another collection's */
    assert_int_equal(gl_cache_switch(c, GL_COLLECTION_TAGS, NULL, &books, &err), -EUCLEAN);
    is_old(c);
    put(c, movement("MORE", 1, "TRUCK3"));
    a = aside_of(dir, GL_COLLECTION_MOVEMENTS);
    assert_int_equal(gl_cache_finish(a, NULL), 0);
    gl_cache_close(a);
    assert_int_equal(gl_cache_switch(c, GL_COLLECTION_MOVEMENTS, NULL, &books, &err), -EBUSY); /* within a transaction */
    assert_int_equal(gl_cache_commit(c, NULL), 0);
    assert_int_equal(plate(c, "TRUCK3")->n_movements, 1);
    gl_cache_close(c);
}

static void a_switch_that_fails_half_way_answers_nothing(void **state GL_UNUSED) {
    struct gl_cache *c = prepare();
    struct gl_error err = {""};
    static struct gl_answer a;
    char path[200];
    snprintf(path, sizeof path, "%s/movements.old.db", dir);
    assert_int_equal(mkdir(path, 0700), 0); /* in the way */
    snprintf(path, sizeof path, "%s/movements.old.db/x", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(gl_cache_switch(c, GL_COLLECTION_MOVEMENTS, NULL, &books, &err) < 0);
    assert_non_null(strstr(err.text, "movements"));
    struct gl_query q = {.n_keys = 1, .keys = {{.kind = GL_KEY_VEHICLE, .text = "TRUCK1"}}};
    assert_int_equal(gl_cache_lookup(c, &q, &a, &err), -EIO);
    assert_true(a.failed);
    assert_int_equal(gl_cache_begin(c, &err), -EIO);
    struct gl_feed_record *r = movement("X", 1, "TRUCK1");
    assert_int_equal(refused(c, r, &err), -EIO);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), -EIO);
    gl_cache_rollback(c);
    gl_cache_close(c);
    snprintf(path, sizeof path, "%s/movements.old.db", dir);
    remove_folder(path);
    c = open_dir();
    is_old(c);
    gl_cache_close(c);
}

static void an_aside_is_of_one_collection(void **state GL_UNUSED) {
    struct gl_cache *c = aside_of(dir, GL_COLLECTION_TAGS), *memory = open_memory();
    struct gl_error err = {""};
    static struct gl_answer a;
    struct gl_query q = {.n_keys = 0};
    assert_int_equal(refused(c, movement("A", 1, "TRUCK1"), &err), -EINVAL);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), -EINVAL);
    assert_int_equal(gl_cache_lookup(c, &q, &a, &err), -EIO);
    assert_int_equal(gl_cache_finish(memory, &err), -EINVAL);
    assert_int_equal(gl_cache_aside(dir, GL_COLLECTION_NONE, &memory, &err), -EINVAL);
    assert_int_equal(gl_cache_switch(memory, GL_COLLECTION_TAGS, NULL, &books, &err), -EINVAL);
    gl_cache_close(c);
    gl_cache_close(memory);
}

static void many_records_and_a_bad_one(void **state GL_UNUSED) {
    struct gl_cache *c = open_dir(), *a = aside_of(dir, GL_COLLECTION_TRADERS);
    struct gl_error err = {""};
    struct gl_feed_record *r = record(GL_COLLECTION_TRADERS, GL_OP_UPSERT);
    enum gl_applied applied;
    for (int i = 0; i < 25000; i++) {
        r->body.trader = (struct gl_trader_record){.version = 1, .state = GL_TRADER_ACTIVE};
        gl_clip(r->body.trader.ref.type, GL_REF_TYPE, "eori");
        if (i % 1000) gl_format(r->body.trader.ref.value, GL_REF, "EE%d", i);
        assert_int_equal(gl_cache_apply(a, nth("e2", i + 1, r), 1, &applied, &err), i % 1000 ? 0 : -EINVAL);
        assert_int_equal(gl_cache_commit(a, &err), 0);
    }
    free(r);
    assert_int_equal(gl_cache_count(a, GL_COLLECTION_TRADERS), 24975);
    assert_int_equal(gl_cache_finish(a, &err), 0);
    gl_cache_close(a);
    if (gl_cache_switch(c, GL_COLLECTION_TRADERS, NULL, &books, &err) < 0) fail_msg("%s", err.text);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_TRADERS), 24975);
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_collection_is_switched, make_dir, drop_dir),
        cmocka_unit_test(in_memory_as_well),
        cmocka_unit_test_setup_teardown(cut_while_it_is_built, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(cut_before_the_first_renaming, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(cut_between_the_renamings, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(cut_after_the_last_renaming, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(what_was_not_built_is_not_taken, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(a_switch_that_fails_half_way_answers_nothing, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(an_aside_is_of_one_collection, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(many_records_and_a_bad_one, make_dir, drop_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
