/* The cache: what is said beside a record. Controls, refusals, and references that become others. */
#include "cache_records.h"

#define MOVEMENTS GL_COLLECTION_MOVEMENTS
#define DECLARATIONS GL_COLLECTION_DECLARATIONS

static const struct gl_answer_declaration *mrn(struct gl_cache *c, const char *value) {
    const struct gl_answer *a = look(c, GL_KEY_REFERENCE, "mrn", value);
    assert_int_equal(a->n_declarations, 1);
    return &a->declarations[0];
}

static struct gl_feed_record *holds(const char *value, int64_t version, uint8_t state, uint8_t channel) {
    struct gl_feed_record *r = ruling(DECLARATIONS, "mrn", value, version);
    r->body.ruling.declaration_state = state;
    r->body.ruling.control.channel = channel;
    return r;
}

/* ---- controls ---------------------------------------------------------------------------------------------------------------- */

static void a_control_changes_what_it_names(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = declaration("M1", 1);
    r->body.declaration.control.channel = GL_CHANNEL_RELEASE;
    put(c, nth("e", 1, r));
    assert_int_equal(put(c, nth("e", 2, holds("M1", 1, GL_DECLARATION_UNDER_CONTROL, GL_CHANNEL_NONE))), GL_APPLIED_CHANGED);
    assert_int_equal(mrn(c, "M1")->state, GL_DECLARATION_UNDER_CONTROL);
    assert_int_equal(mrn(c, "M1")->control, GL_CHANNEL_RELEASE); /* not named: as the record has it */
    assert_int_equal(put(c, nth("e", 4, holds("M1", 1, GL_DECLARATION_NONE, GL_CHANNEL_PHYSICAL))), GL_APPLIED_CHANGED);
    assert_int_equal(mrn(c, "M1")->state, GL_DECLARATION_UNDER_CONTROL); /* nor what another control named */
    assert_int_equal(mrn(c, "M1")->control, GL_CHANNEL_PHYSICAL);
    assert_int_equal(put(c, nth("e", 3, holds("M1", 1, GL_DECLARATION_NONE, GL_CHANNEL_RELEASE))), GL_APPLIED_OLDER);
    assert_int_equal(mrn(c, "M1")->control, GL_CHANNEL_PHYSICAL);
    assert_int_equal(put(c, nth("e", 5, declaration("M1", 2))), GL_APPLIED_REPLACED); /* drops them all */
    assert_int_equal(mrn(c, "M1")->state, GL_DECLARATION_RELEASED);
    assert_int_equal(mrn(c, "M1")->control, GL_CHANNEL_NONE);
    gl_cache_close(c);
}

static void a_control_waits_for_its_record(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    lists(r, "mrn", "M1");
    put(c, nth("e", 1, r));
    assert_int_equal(put(c, nth("e", 9, holds("M1", 1, GL_DECLARATION_NONE, GL_CHANNEL_REFUSE))), GL_APPLIED_CHANGED);
    assert_int_equal(gl_cache_count(c, DECLARATIONS), 0);
    assert_false(plate(c, "TRUCK1")->declarations[0].received);
    assert_int_equal(put(c, nth("e", 8, declaration("M1", 1))), GL_APPLIED_NEW);
    assert_int_equal(gl_cache_count(c, DECLARATIONS), 1);
    assert_true(plate(c, "TRUCK1")->declarations[0].received);
    assert_int_equal(plate(c, "TRUCK1")->declarations[0].control, GL_CHANNEL_REFUSE);
    gl_cache_close(c);
}

static void a_control_of_a_movement_moves_its_keys(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    r->body.movement.channel = GL_CHANNEL_RELEASE;
    put(c, nth("e", 1, r));
    r = ruling(MOVEMENTS, "gmr", "A", 1);
    r->body.ruling.movement_state = GL_MOVEMENT_EXITED;
    r->body.ruling.channel = GL_CHANNEL_DESK;
    put(c, nth("e", 2, r));
    for (int i = 0; i < 2 * GL_MAX_ANSWER_MOVEMENTS; i++) { /* the dead come last, whoever said so */
        char value[16];
        snprintf(value, sizeof value, "B%02d", i);
        if (i < GL_MAX_ANSWER_MOVEMENTS) put(c, movement(value, 1, "TRUCK1"));
    }
    const struct gl_answer *a = plate(c, "TRUCK1");
    assert_int_equal(a->n_movements, GL_MAX_ANSWER_MOVEMENTS);
    assert_string_equal(a->movements[0].ref.value, "B00");
    assert_false(a->truncated);
    a = look(c, GL_KEY_REFERENCE, "gmr", "A");
    assert_int_equal(a->movements[0].state, GL_MOVEMENT_EXITED);
    assert_int_equal(a->movements[0].channel, GL_CHANNEL_DESK);
    gl_cache_close(c);
}

static void a_control_wakes_nothing_that_has_ended(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, nth("e", 1, declaration("M1", 1)));
    put(c, nth("e", 2, cancelling(DECLARATIONS, "mrn", "M1", 2)));
    put(c, nth("e", 3, holds("M1", 2, GL_DECLARATION_RELEASED, GL_CHANNEL_RELEASE)));
    assert_int_equal(mrn(c, "M1")->state, GL_DECLARATION_CANCELLED);
    gl_cache_close(c);
}

static void asked(struct gl_feed_record *r, const char *type, const char *value, uint8_t required) {
    struct gl_document *d = &r->body.ruling.documents[r->body.ruling.n_documents++];
    gl_clip(d->type, sizeof d->type, type);
    gl_clip(d->ref, sizeof d->ref, value);
    d->required = required;
}

static void has(struct gl_feed_record *r, const char *type, const char *value, uint8_t required) {
    struct gl_document *d = &r->body.declaration.documents[r->body.declaration.n_documents++];
    gl_clip(d->type, sizeof d->type, type);
    gl_clip(d->ref, sizeof d->ref, value);
    d->required = required;
}

static void documents_that_are_asked_for(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = declaration("M1", 1);
    has(r, "C085", "CHED1", GL_TRUE);
    has(r, "N954", "", GL_TRUE);
    has(r, "N853", "", GL_FALSE);
    has(r, "Y900", "", GL_NULL);
    put(c, nth("e", 1, r));
    assert_int_equal(mrn(c, "M1")->n_wanted, 1);
    assert_string_equal(mrn(c, "M1")->wanted[0], "N954");
    r = ruling(DECLARATIONS, "mrn", "M1", 1);
    asked(r, "C085", "", GL_TRUE); /* there already */
    asked(r, "N954", "", GL_TRUE); /* wanted already */
    asked(r, "N853", "", GL_TRUE);
    asked(r, "L001", "", GL_TRUE);
    asked(r, "L002", "", GL_FALSE);
    put(c, nth("e", 2, r));
    assert_int_equal(mrn(c, "M1")->n_wanted, 3);
    assert_string_equal(mrn(c, "M1")->wanted[0], "N954");
    assert_string_equal(mrn(c, "M1")->wanted[1], "L001");
    assert_string_equal(mrn(c, "M1")->wanted[2], "N853");
    r = ruling(DECLARATIONS, "mrn", "M1", 1);
    for (int i = 0; i < 16; i++) {
        char type[16];
        snprintf(type, sizeof type, "X%02d", i);
        asked(r, type, "", GL_TRUE);
    }
    put(c, nth("e", 3, r));
    assert_int_equal(mrn(c, "M1")->n_wanted, 19); /* more than are named */
    assert_string_equal(mrn(c, "M1")->wanted[3], "X00");
    r = declaration("M1", 2);
    has(r, "N954", "INV1", GL_TRUE);
    put(c, nth("e", 4, r));
    assert_int_equal(mrn(c, "M1")->n_wanted, 0); /* the record is told anew */
    gl_cache_close(c);
}

static void nobody_asks_without_end(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_error err = {""};
    int rc = 0, n = 0;
    put(c, nth("e", 1, declaration("M1", 1)));
    for (int64_t seq = 2; rc == 0 && seq < 40; seq++) {
        struct gl_feed_record *r = ruling(DECLARATIONS, "mrn", "M1", 1);
        for (int i = 0; i < 16; i++) {
            char type[16];
            snprintf(type, sizeof type, "X%03d", n++);
            asked(r, type, "", GL_TRUE);
        }
        enum gl_applied applied;
        rc = gl_cache_apply(c, nth("e", seq, r), 1, &applied, &err);
        free(r);
    }
    assert_int_equal(rc, -EINVAL);
    assert_non_null(strstr(err.text, "documents"));
    assert_true(mrn(c, "M1")->n_wanted >= 96);
    gl_cache_close(c);
}

/* ---- refusals ---------------------------------------------------------------------------------------------------------------- */

static void refuse(struct gl_cache *c, uint8_t which, const struct gl_ref name, const char *epoch, int64_t seq) {
    struct gl_error err = {""};
    if (gl_cache_void(c, which, &name, epoch, seq, 5, &err) < 0) fail_msg("%s", err.text);
}

static void what_was_refused_is_not_received(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    lists(r, "mrn", "M1");
    put(c, nth("e", 1, r));
    put(c, nth("e", 1, declaration("M1", 1)));
    refuse(c, DECLARATIONS, ref("mrn", "M1"), "e", 2);
    assert_false(plate(c, "TRUCK1")->declarations[0].received);
    assert_int_equal(gl_cache_count(c, DECLARATIONS), 0);
    assert_int_equal(put(c, nth("e", 1, declaration("M1", 1))), GL_APPLIED_OLDER); /* the same number again heals nothing */
    assert_false(plate(c, "TRUCK1")->declarations[0].received);
    put(c, nth("e", 3, holds("M1", 1, GL_DECLARATION_RELEASED, GL_CHANNEL_RELEASE))); /* nor does a control */
    assert_false(plate(c, "TRUCK1")->declarations[0].received);
    assert_int_equal(put(c, nth("e", 4, declaration("M1", 2))), GL_APPLIED_REPLACED);
    assert_true(plate(c, "TRUCK1")->declarations[0].received);
    refuse(c, DECLARATIONS, ref("mrn", "M1"), "e", 3); /* one that came late */
    assert_true(plate(c, "TRUCK1")->declarations[0].received);
    refuse(c, MOVEMENTS, ref("gmr", "A"), "e", 9);
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "gmr", "A")->n_movements, 0);
    put(c, nth("e", 10, movement("A", 1, "TRUCK1")));
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 1);
    gl_cache_close(c);
}

static void without_a_number_the_version_heals(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, movement("A", 4, "TRUCK1"));
    refuse(c, MOVEMENTS, ref("gmr", "A"), "", 0);
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    put(c, movement("A", 4, "TRUCK1"));
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    put(c, movement("A", 5, "TRUCK1"));
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 1);
    refuse(c, MOVEMENTS, ref("gmr", "NEVER"), "", 0); /* never seen: there is nothing to take back */
    put(c, movement("NEVER", 0, "TRUCK2"));
    assert_int_equal(plate(c, "TRUCK2")->n_movements, 1);
    gl_cache_close(c);
}

static void what_is_sought_is_sought_still(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = record(GL_COLLECTION_LOOKOUTS, GL_OP_UPSERT);
    r->body.lookout = (struct gl_lookout){.ref = ref("lookout", "L1"), .version = 1, .state = GL_LOOKOUT_ACTIVE};
    r->body.lookout.what = GL_SOUGHT_PLATE;
    gl_clip(r->body.lookout.text, GL_REF, "TRUCK1");
    put(c, nth("e", 1, r));
    refuse(c, GL_COLLECTION_LOOKOUTS, ref("lookout", "L1"), "e", 2);
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 1);
    gl_cache_close(c);
}

/* ---- references that become others ------------------------------------------------------------------------------------------- */

static struct gl_feed_record *local(const char *value, int64_t version) {
    struct gl_feed_record *r = declaration("", version);
    r->body.declaration.ref = ref("lrn", value);
    gl_clip(r->body.declaration.lrn, GL_REF, value); /* its own name is no alias of itself */
    return r;
}

static void a_movement_finds_what_it_lists_by_the_new_name(void **state GL_UNUSED) {
    for (int by_itself = 0; by_itself < 2; by_itself++) {
        struct gl_cache *c = open_memory();
        struct gl_feed_record *r = movement("A", 1, "TRUCK1");
        lists(r, "lrn", "L1");
        put(c, nth("e", 1, r));
        put(c, nth("e", 1, local("L1", 1)));
        assert_string_equal(plate(c, "TRUCK1")->declarations[0].ref.type, "lrn");
        if (by_itself) {
            r = declaration("M1", 2);
            gl_clip(r->body.declaration.lrn, GL_REF, " l1");
            put(c, nth("e", 2, r));
        } else {
            assert_int_equal(put(c, nth("e", 2, rekeying(DECLARATIONS, ref("lrn", "L1"), ref("mrn", "M1"), 2))),
                             GL_APPLIED_CHANGED);
        }
        const struct gl_answer *a = plate(c, "TRUCK1");
        assert_int_equal(a->n_declarations, 1);
        assert_true(a->declarations[0].received);
        assert_string_equal(a->declarations[0].ref.type, "mrn");
        assert_string_equal(a->declarations[0].ref.value, "M1");
        assert_int_equal(gl_cache_count(c, DECLARATIONS), 1);
        static const char *const names[][2] = {{"mrn", "M1"}, {"lrn", "L1"}};
        for (size_t i = 0; i < 2; i++) { /* the paper may say either */
            a = look(c, GL_KEY_REFERENCE, names[i][0], names[i][1]);
            assert_int_equal(a->n_movements, 1);
            assert_int_equal(a->movements[0].by, GL_BY_REFERENCE);
            assert_int_equal(a->declarations[0].by, GL_BY_REFERENCE);
        }
        put(c, nth("e", 3, cancelling(DECLARATIONS, "lrn", "L1", 3))); /* what comes under the old name is of the new one */
        assert_int_equal(plate(c, "TRUCK1")->declarations[0].state, GL_DECLARATION_CANCELLED);
        gl_cache_close(c);
    }
}

static void names_follow_each_other(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_error err = {""};
    static const char *const chain[] = {"N0", "N1", "N2", "N3", "N4", "N5"};
    for (int64_t i = 0; i < 4; i++)
        put(c, nth("e", i + 1, rekeying(DECLARATIONS, ref("lrn", chain[i]), ref("lrn", chain[i + 1]), i)));
    put(c, nth("e", 9, declaration("X", 1)));
    struct gl_feed_record *r = local("N0", 9);
    put(c, nth("e", 10, r));
    const struct gl_answer *a = look(c, GL_KEY_REFERENCE, "lrn", "N0");
    assert_string_equal(a->declarations[0].ref.value, "N4");
    r = nth("e", 11, rekeying(DECLARATIONS, ref("lrn", "N4"), ref("lrn", "N0"), 9));
    assert_int_equal(refused(c, r, &err), -EINVAL); /* a circle */
    r = nth("e", 11, rekeying(DECLARATIONS, ref("lrn", "N4"), ref("lrn", "N4"), 9));
    assert_int_equal(refused(c, r, &err), -EINVAL);
    put(c, nth("e", 12, rekeying(DECLARATIONS, ref("lrn", "N4"), ref("lrn", "N5"), 9)));
    assert_int_equal(refused(c, nth("e", 13, local("N0", 10)), &err), -EINVAL); /* one too deep: nobody guesses */
    assert_int_equal(look(c, GL_KEY_REFERENCE, "lrn", "N0")->n_declarations, 0);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "lrn", "N1")->declarations[0].received, true);
    gl_cache_close(c);
}

static void a_movement_is_rekeyed_with_its_plates(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, nth("e", 1, movement("DRAFT", 1, "TRUCK1")));
    put(c, nth("e", 2, rekeying(MOVEMENTS, ref("gmr", "DRAFT"), ref("gmr", "FINAL"), 1)));
    assert_string_equal(plate(c, "TRUCK1")->movements[0].ref.value, "FINAL");
    assert_string_equal(look(c, GL_KEY_REFERENCE, "gmr", "DRAFT")->movements[0].ref.value, "FINAL");
    assert_string_equal(look(c, GL_KEY_REFERENCE, "gmr", "FINAL")->movements[0].ref.value, "FINAL");
    put(c, nth("e", 3, movement("DRAFT", 2, "TRUCK2")));
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    assert_string_equal(plate(c, "TRUCK2")->movements[0].ref.value, "FINAL");
    assert_int_equal(gl_cache_count(c, MOVEMENTS), 1);
    gl_cache_close(c);
}

/* Two traders may well number their papers alike. */
static void what_two_claim_leads_nowhere(void **state GL_UNUSED) {
    for (int64_t order = 0; order < 2; order++) {
        struct gl_cache *c = open_memory();
        struct gl_feed_record *r = movement("A", 1, "TRUCK1");
        lists(r, "lrn", "0001");
        put(c, nth("e", 1, r));
        put(c, nth("e", 1, local("0001", 1)));
        for (int64_t i = 0; i < 2; i++) {
            int64_t which = i ^ order;
            r = declaration(which ? "M2" : "M1", 1);
            gl_clip(r->body.declaration.lrn, GL_REF, "0001");
            put(c, nth("e", 2 + which, r));
            const struct gl_answer *a = plate(c, "TRUCK1");
            assert_int_equal(a->n_declarations, 1);
            assert_int_equal(a->declarations[0].received, i == 0);
        }
        assert_true(mrn(c, "M1")->received);
        assert_true(mrn(c, "M2")->received);
        put(c, nth("e", 5, rekeying(DECLARATIONS, ref("lrn", "0001"), ref("mrn", "M2"), 2))); /* the authority says which */
        assert_true(plate(c, "TRUCK1")->declarations[0].received);
        assert_string_equal(plate(c, "TRUCK1")->declarations[0].ref.value, "M2");
        gl_cache_close(c);
    }
}

static void former_names_are_told(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_ref former[GL_FORMER], now = ref("mrn", "M1");
    size_t n = 99;
    assert_int_equal(gl_cache_former(c, DECLARATIONS, &now, former, &n, NULL), 0);
    assert_int_equal(n, 0);
    put(c, nth("e", 1, rekeying(DECLARATIONS, ref("lrn", "L1"), ref("lrn", "L2"), 1)));
    put(c, nth("e", 2, rekeying(DECLARATIONS, ref("lrn", "L2"), now, 1)));
    assert_int_equal(gl_cache_former(c, DECLARATIONS, &now, former, &n, NULL), 0);
    assert_int_equal(n, 2);
    assert_string_equal(former[0].value, "L2");
    assert_string_equal(former[1].value, "L1");
    for (int i = 0; i < GL_FORMER - 2; i++) {
        char value[24];
        snprintf(value, sizeof value, "X%d", i);
        put(c, nth("e", 3 + i, rekeying(DECLARATIONS, ref("lrn", value), now, 1)));
    }
    assert_int_equal(gl_cache_former(c, DECLARATIONS, &now, former, &n, NULL), 0);
    assert_int_equal(n, GL_FORMER);
    put(c, nth("e", 90, rekeying(DECLARATIONS, ref("lrn", "Y"), now, 1)));
    assert_int_equal(gl_cache_former(c, DECLARATIONS, &now, former, &n, NULL), -E2BIG);
    assert_true(look(c, GL_KEY_REFERENCE, "mrn", "M1")->truncated);
    assert_int_equal(gl_cache_former(c, GL_COLLECTION_TAGS, &now, former, &n, NULL), 0);
    assert_int_equal(n, 0);
    gl_cache_close(c);
}

static void a_name_of_an_earlier_epoch_is_forgotten(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    set_epoch(c, DECLARATIONS, "e1", "");
    put(c, nth("e1", 1, rekeying(DECLARATIONS, ref("lrn", "L1"), ref("mrn", "M1"), 1)));
    set_epoch(c, DECLARATIONS, "e2", "e1");
    put(c, nth("e2", 1, local("L1", 1)));
    assert_string_equal(look(c, GL_KEY_REFERENCE, "lrn", "L1")->declarations[0].ref.type, "lrn");
    put(c, nth("e2", 2, rekeying(DECLARATIONS, ref("lrn", "L1"), ref("mrn", "M2"), 1)));
    assert_string_equal(look(c, GL_KEY_REFERENCE, "lrn", "L1")->declarations[0].ref.value, "M2");
    gl_cache_close(c);
}

static void only_what_has_them_takes_them(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_error err = {""};
    for (uint8_t which = GL_COLLECTION_TAGS; which < GL_COLLECTIONS; which++) {
        assert_int_equal(refused(c, rekeying(which, ref("a", "A"), ref("b", "B"), 1), &err), -EINVAL);
        assert_int_equal(refused(c, ruling(which, "a", "A", 1), &err), -EINVAL);
    }
    assert_int_equal(refused(c, rekeying(MOVEMENTS, ref("", ""), ref("gmr", "B"), 1), &err), -EINVAL);
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_control_changes_what_it_names),
        cmocka_unit_test(a_control_waits_for_its_record),
        cmocka_unit_test(a_control_of_a_movement_moves_its_keys),
        cmocka_unit_test(a_control_wakes_nothing_that_has_ended),
        cmocka_unit_test(documents_that_are_asked_for),
        cmocka_unit_test(nobody_asks_without_end),
        cmocka_unit_test(what_was_refused_is_not_received),
        cmocka_unit_test(without_a_number_the_version_heals),
        cmocka_unit_test(what_is_sought_is_sought_still),
        cmocka_unit_test(a_movement_finds_what_it_lists_by_the_new_name),
        cmocka_unit_test(names_follow_each_other),
        cmocka_unit_test(a_movement_is_rekeyed_with_its_plates),
        cmocka_unit_test(what_two_claim_leads_nowhere),
        cmocka_unit_test(former_names_are_told),
        cmocka_unit_test(a_name_of_an_earlier_epoch_is_forgotten),
        cmocka_unit_test(only_what_has_them_takes_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
