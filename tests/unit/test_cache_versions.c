/* The cache: what is newer and what is older. Versions, numbers, epochs, tombstones. */
#include "cache_records.h"

/* ---- versions ---------------------------------------------------------------------------------------------------------------- */

static void an_upsert_replaces_everything(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    lists(r, "mrn", "M1");
    gl_format(r->body.movement.containers[0], 18, "MSCU9981402");
    r->body.movement.n_containers = 1;
    put(c, r);
    assert_int_equal(put(c, movement("A", 2, "TRUCK2")), GL_APPLIED_REPLACED);
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "M1")->n_movements, 0);
    assert_int_equal(look(c, GL_KEY_CONTAINER, "", "MSCU9981402")->n_movements, 0);
    struct gl_answer *a = plate(c, "TRUCK2");
    assert_int_equal(a->movements[0].version, 2);
    assert_int_equal(a->movements[0].n_declarations, 0);
    assert_int_equal(a->movements[0].n_containers, 0);
    assert_int_equal(put(c, movement("A", 1, "TRUCK3")), GL_APPLIED_OLDER);
    assert_int_equal(plate(c, "TRUCK3")->n_movements, 0);
    assert_int_equal(put(c, movement("A", 2, "TRUCK3")), GL_APPLIED_REPLACED);
    assert_int_equal(plate(c, "TRUCK3")->n_movements, 1);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), 1);
    gl_cache_close(c);
}

static void a_cancelled_one_stays_cancelled(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    put(c, movement("A", 3, "TRUCK1"));
    assert_int_equal(put(c, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 2)), GL_APPLIED_OLDER);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].state, GL_MOVEMENT_READY);
    assert_int_equal(put(c, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", GL_INT_NULL)), GL_APPLIED_CANCELLED);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].version, 3);
    assert_int_equal(put(c, movement("A", 3, "TRUCK1")), GL_APPLIED_OLDER);
    assert_int_equal(put(c, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 5)), GL_APPLIED_CANCELLED);
    assert_int_equal(put(c, movement("A", 5, "TRUCK1")), GL_APPLIED_OLDER);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(put(c, movement("A", 6, "TRUCK1")), GL_APPLIED_REPLACED);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].state, GL_MOVEMENT_READY);
    gl_cache_close(c);
}

static void a_tombstone_comes_before_its_record(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    const uint8_t both[] = {GL_COLLECTION_MOVEMENTS, GL_COLLECTION_DECLARATIONS};
    for (size_t i = 0; i < GL_COUNT(both); i++) {
        const char *type = both[i] == GL_COLLECTION_MOVEMENTS ? "gmr" : "mrn";
        assert_int_equal(put(c, cancelling(both[i], type, "T", 4)), GL_APPLIED_CANCELLED);
        assert_int_equal(gl_cache_count(c, both[i]), 1);
    }
    assert_int_equal(put(c, movement("T", 4, "TRUCK1")), GL_APPLIED_OLDER);
    assert_int_equal(put(c, declaration("T", 4)), GL_APPLIED_OLDER);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "T")->declarations[0].state, GL_DECLARATION_CANCELLED);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "gmr", "T")->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(put(c, declaration("T", 5)), GL_APPLIED_REPLACED);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "T")->declarations[0].state, GL_DECLARATION_RELEASED);
    gl_cache_close(c);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------------------- */

static void within_an_epoch_the_number_decides(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    assert_int_equal(put(c, nth("e", 5, movement("A", 3, "TRUCK1"))), GL_APPLIED_NEW);
    assert_int_equal(put(c, nth("e", 4, movement("A", 3, "TRUCK2"))), GL_APPLIED_OLDER);
    assert_int_equal(put(c, nth("e", 4, movement("A", 9, "TRUCK2"))), GL_APPLIED_OLDER);    /* a version that cannot be */
    assert_int_equal(put(c, nth("e", 6, movement("A", 2, "TRUCK2"))), GL_APPLIED_REPLACED); /* one that fell: two offices' clocks */
    assert_int_equal(plate(c, "TRUCK2")->n_movements, 1);
    assert_int_equal(put(c, nth("e", 5, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", GL_INT_NULL))), GL_APPLIED_OLDER);
    assert_int_equal(put(c, nth("e", 7, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", GL_INT_NULL))), GL_APPLIED_CANCELLED);
    assert_int_equal(put(c, nth("e", 8, movement("A", 3, "TRUCK2"))), GL_APPLIED_REPLACED); /* the producer has lodged it again */
    assert_int_equal(plate(c, "TRUCK2")->movements[0].state, GL_MOVEMENT_READY);
    assert_int_equal(put(c, nth("e", 9, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 1))), GL_APPLIED_CANCELLED);
    assert_int_equal(plate(c, "TRUCK2")->movements[0].state, GL_MOVEMENT_CANCELLED);
    gl_cache_close(c);
}

static void what_has_ended_is_told_as_what_it_was(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    assert_int_equal(put(c, nth("e", 7, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", GL_INT_NULL))), GL_APPLIED_CANCELLED);
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    assert_int_equal(put(c, nth("e", 5, movement("A", 3, "TRUCK1"))), GL_APPLIED_OLDER);
    struct gl_answer *a = plate(c, "TRUCK1"); /* by its plate, so that the lane can say why */
    assert_int_equal(a->n_movements, 1);
    assert_int_equal(a->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(a->movements[0].version, 3);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), 1);
    gl_cache_close(c);
}

static void expiries_end_it_in_their_own_way(void **state) {
    (void)state;
    static const struct {
        uint8_t collection;
        const char *type;
    } two[] = {{GL_COLLECTION_MOVEMENTS, "gmr"}, {GL_COLLECTION_DECLARATIONS, "mrn"}};
    for (size_t i = 0; i < GL_COUNT(two); i++) {
        struct gl_cache *c = open_memory();
        put(c, nth("e", 1, movement("A", 1, "TRUCK1")));
        put(c, nth("e", 1, declaration("A", 1)));
        struct gl_feed_record *r = cancelling(two[i].collection, two[i].type, "A", GL_INT_NULL);
        r->op = GL_OP_EXPIRE;
        assert_int_equal(put(c, nth("e", 2, r)), GL_APPLIED_CHANGED);
        assert_int_equal(look(c, GL_KEY_REFERENCE, "gmr", "A")->movements[0].state,
                         i == 0 ? GL_MOVEMENT_EXPIRED : GL_MOVEMENT_READY);
        assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "A")->declarations[0].state,
                         i == 1 ? GL_DECLARATION_EXPIRED : GL_DECLARATION_RELEASED);
        gl_cache_close(c);
    }
}

/* ---- epochs ------------------------------------------------------------------------------------------------------------------ */

static void an_earlier_epoch_supports_nothing(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    lists(r, "mrn", "M1");
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e1", "");
    set_epoch(c, GL_COLLECTION_DECLARATIONS, "d1", "");
    put(c, nth("e1", 0, r));
    put(c, nth("d1", 0, declaration("M1", 1)));
    put(c, movement("IMPORTED", 1, "TRUCK2"));
    assert_true(plate(c, "TRUCK1")->declarations[0].received);
    set_epoch(c, GL_COLLECTION_DECLARATIONS, "d2", "d1");
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 1);
    assert_false(plate(c, "TRUCK1")->declarations[0].received);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "M1")->n_declarations, 1); /* listed by the movement, not received */
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e2", "e1");
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "M1")->n_declarations, 0);
    assert_int_equal(plate(c, "TRUCK2")->n_movements, 1); /* of no epoch */
    assert_int_equal(put(c, nth("d2", 0, declaration("M1", 1))), GL_APPLIED_REPLACED);
    assert_true(look(c, GL_KEY_REFERENCE, "mrn", "M1")->declarations[0].received);
    gl_cache_close(c);
}

static void a_new_epoch_counts_whatever_the_version(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e1", "");
    put(c, nth("e1", 90, movement("A", 40, "TRUCK1")));
    put(c, nth("e1", 91, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 41)));
    assert_int_equal(put(c, nth("e2", 1, movement("A", 1, "TRUCK2"))), GL_APPLIED_REPLACED); /* before the books know the epoch */
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e2", "e1");
    assert_int_equal(plate(c, "TRUCK2")->movements[0].state, GL_MOVEMENT_READY);
    assert_int_equal(plate(c, "TRUCK2")->movements[0].version, 1);
    assert_int_equal(put(c, nth("e1", 99, movement("A", 50, "TRUCK1"))), GL_APPLIED_OLDER); /* a straggler */
    assert_int_equal(put(c, nth("e1", 99, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 50))), GL_APPLIED_OLDER);
    assert_int_equal(plate(c, "TRUCK2")->movements[0].state, GL_MOVEMENT_READY);
    gl_cache_close(c);
}

static void a_new_epoch_ends_what_an_old_one_lodged(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e2", "e1");
    put(c, nth("e1", 90, movement("A", 40, "TRUCK1")));
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0); /* void */
    assert_int_equal(put(c, nth("e2", 7, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 1))), GL_APPLIED_CANCELLED);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(put(c, nth("e2", 3, movement("A", 1, "TRUCK2"))), GL_APPLIED_OLDER);
    assert_int_equal(plate(c, "TRUCK2")->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(plate(c, "TRUCK2")->movements[0].version, 1);
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    gl_cache_close(c);
}

/* Their versions are of two scales: a file's is often a time, a feed may count from 1. */
static void the_feed_outranks_files(void **state) {
    enum { HUGE_VERSION = INT32_MAX };
    (void)state;
    struct gl_cache *c = open_memory();
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e1", "");
    put(c, movement("A", HUGE_VERSION, "TRUCK1"));
    assert_int_equal(put(c, nth("e1", 3, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 7))), GL_APPLIED_CANCELLED);
    assert_int_equal(put(c, movement("A", HUGE_VERSION, "TRUCK1")), GL_APPLIED_OLDER); /* the file once more */
    assert_int_equal(plate(c, "TRUCK1")->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(put(c, nth("e1", 4, movement("A", 8, "TRUCK2"))), GL_APPLIED_REPLACED);
    assert_int_equal(put(c, movement("A", HUGE_VERSION, "TRUCK3")), GL_APPLIED_OLDER);
    assert_int_equal(plate(c, "TRUCK2")->movements[0].state, GL_MOVEMENT_READY);
    assert_int_equal(put(c, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 1)),
                     GL_APPLIED_CANCELLED); /* what a file takes away counts */
    assert_int_equal(plate(c, "TRUCK2")->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(put(c, nth("e1", 5, movement("A", 9, "TRUCK2"))), GL_APPLIED_REPLACED); /* until the feed says more */
    assert_int_equal(plate(c, "TRUCK2")->movements[0].state, GL_MOVEMENT_READY);
    gl_cache_close(c);
}

/* A control of a file on what the feed has said: only a worse one counts. */
static void files_make_nothing_better(void **state) {
    (void)state;
    for (int worse = 0; worse < 2; worse++) {
        struct gl_cache *c = open_memory();
        set_epoch(c, GL_COLLECTION_DECLARATIONS, "e1", "");
        struct gl_feed_record *r = declaration("T", 1);
        r->body.declaration.state = worse ? GL_DECLARATION_RELEASED : GL_DECLARATION_NOT_RELEASED;
        put(c, nth("e1", 1, r));
        r = ruling(GL_COLLECTION_DECLARATIONS, "mrn", "T", INT32_MAX);
        r->body.ruling.declaration_state = worse ? GL_DECLARATION_NOT_RELEASED : GL_DECLARATION_RELEASED;
        assert_int_equal(put(c, r), worse ? GL_APPLIED_CHANGED : GL_APPLIED_OLDER);
        assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "T")->declarations[0].state, GL_DECLARATION_NOT_RELEASED);
        gl_cache_close(c);
    }
}

static void a_file_withdraws_no_lookout_of_the_feed(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    set_epoch(c, GL_COLLECTION_LOOKOUTS, "e1", "");
    for (int i = 0; i < 2; i++) {
        struct gl_feed_record *r = record(GL_COLLECTION_LOOKOUTS, GL_OP_UPSERT);
        struct gl_lookout *x = &r->body.lookout;
        gl_fields_clear(&gl_lookout_fields, x);
        x->ref = ref("lookout", "L-1");
        x->version = i == 0 ? 1 : INT32_MAX;
        x->state = i == 0 ? GL_LOOKOUT_ACTIVE : GL_LOOKOUT_WITHDRAWN;
        x->what = GL_SOUGHT_PLATE;
        x->action = GL_CHANNEL_PHYSICAL;
        gl_clip(x->text, sizeof x->text, "TRUCK1");
        assert_int_equal(put(c, i == 0 ? nth("e1", 1, r) : r), i == 0 ? GL_APPLIED_NEW : GL_APPLIED_OLDER);
    }
    assert_int_equal(put(c, cancelling(GL_COLLECTION_LOOKOUTS, "lookout", "L-1", INT32_MAX)), GL_APPLIED_OLDER);
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 1);
    gl_cache_close(c);
}

static void files_go_by_version(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    put(c, movement("A", 5, "TRUCK1"));
    assert_int_equal(put(c, movement("A", 4, "TRUCK2")), GL_APPLIED_OLDER);
    assert_int_equal(put(c, movement("A", 6, "TRUCK2")), GL_APPLIED_REPLACED);
    put(c, cancelling(GL_COLLECTION_MOVEMENTS, "gmr", "A", 7));
    assert_int_equal(put(c, movement("A", 7, "TRUCK4")), GL_APPLIED_OLDER); /* does not come back to life by the same version */
    assert_int_equal(plate(c, "TRUCK4")->movements[0].state, GL_MOVEMENT_CANCELLED);
    assert_int_equal(put(c, movement("A", 8, "TRUCK4")), GL_APPLIED_REPLACED);
    assert_int_equal(plate(c, "TRUCK4")->movements[0].state, GL_MOVEMENT_READY);
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upsert_replaces_everything),
        cmocka_unit_test(a_cancelled_one_stays_cancelled),
        cmocka_unit_test(a_tombstone_comes_before_its_record),
        cmocka_unit_test(within_an_epoch_the_number_decides),
        cmocka_unit_test(what_has_ended_is_told_as_what_it_was),
        cmocka_unit_test(expiries_end_it_in_their_own_way),
        cmocka_unit_test(an_earlier_epoch_supports_nothing),
        cmocka_unit_test(a_new_epoch_counts_whatever_the_version),
        cmocka_unit_test(a_new_epoch_ends_what_an_old_one_lodged),
        cmocka_unit_test(files_go_by_version),
        cmocka_unit_test(the_feed_outranks_files),
        cmocka_unit_test(files_make_nothing_better),
        cmocka_unit_test(a_file_withdraws_no_lookout_of_the_feed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
