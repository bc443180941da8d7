/* The cache: what an answer says of those who are looked for, and of traders. */
#include "cache_records.h"

static struct gl_feed_record *lookout(const char *value, int64_t version, uint8_t what, const char *text) {
    struct gl_feed_record *r = record(GL_COLLECTION_LOOKOUTS, GL_OP_UPSERT);
    struct gl_lookout *l = &r->body.lookout;
    *l = (struct gl_lookout){.ref = ref("lookout", value), .version = version, .state = GL_LOOKOUT_ACTIVE, .what = what};
    gl_clip(l->text, sizeof l->text, text);
    l->action = GL_CHANNEL_PHYSICAL;
    return r;
}

static const struct gl_answer_lookout *only(const struct gl_answer *a) {
    assert_int_equal(a->n_lookouts, 1);
    assert_false(a->truncated);
    return &a->lookouts[0];
}

static struct gl_feed_record *carrier(const char *value, const char *text, const char *trailer, const char *container,
                                      const char *seal) {
    struct gl_feed_record *r = movement(value, 1, text);
    struct gl_movement *m = &r->body.movement;
    if (trailer) add_means(m->means, &m->n_means, GL_ROLE_TRAILER, trailer);
    if (container) gl_clip(m->containers[m->n_containers++], sizeof m->containers[0], container);
    if (seal) gl_clip(m->seals[m->n_seals++], sizeof m->seals[0], seal);
    return r;
}

/* ---- what was read ----------------------------------------------------------------------------------------------------------- */

static void what_is_read_and_sought_is_told(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = lookout("L1", 3, GL_SOUGHT_PLATE, "sö-ab 123");
    struct gl_lookout *l = &r->body.lookout;
    gl_clip(l->country, sizeof l->country, "DE");
    l->valid_from = 5;
    l->valid_to = 9;
    l->silent = GL_TRUE;
    gl_clip(l->reason, sizeof l->reason, "stolen");
    put(c, r);
    put(c, lookout("L2", 1, GL_SOUGHT_CONTAINER, "MSCU 998140-2"));
    static const char *const spellings[] = {"SOAB123", "SOEAB123"};
    for (size_t i = 0; i < 2; i++) {
        for (uint8_t kind = GL_KEY_VEHICLE; kind <= GL_KEY_TRAILER; kind++) {
            const struct gl_answer_lookout *found = only(look(c, kind, "", spellings[i]));
            assert_string_equal(found->ref.value, "L1");
            assert_int_equal(found->what, GL_SOUGHT_PLATE);
            assert_string_equal(found->text, "sö-ab 123");
            assert_string_equal(found->country, "DE");
            assert_int_equal(found->valid_from, 5);
            assert_int_equal(found->valid_to, 9);
            assert_int_equal(found->action, GL_CHANNEL_PHYSICAL);
            assert_true(found->silent);
            assert_string_equal(found->reason, "stolen");
            assert_true(found->read);
            assert_int_equal(found->in_movements, 0);
            assert_string_equal(found->in.type, "");
        }
    }
    assert_string_equal(only(look(c, GL_KEY_CONTAINER, "", "MSCU9981402"))->ref.value, "L2");
    assert_int_equal(look(c, GL_KEY_VEHICLE, "", "MSCU9981402")->n_lookouts, 0); /* the kind counts */
    assert_int_equal(look(c, GL_KEY_CONTAINER, "", "SOAB123")->n_lookouts, 0);
    gl_cache_close(c);
}

static void what_is_withdrawn_is_not_told(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, lookout("L1", 1, GL_SOUGHT_PLATE, "TRUCK1"));
    put(c, lookout("L2", 1, GL_SOUGHT_PLATE, "TRUCK1"));
    struct gl_feed_record *r = cancelling(GL_COLLECTION_LOOKOUTS, "lookout", "L1", 2);
    r->op = GL_OP_EXPIRE;
    put(c, r);
    assert_string_equal(only(plate(c, "TRUCK1"))->ref.value, "L2");
    assert_int_equal(put(c, lookout("L1", 2, GL_SOUGHT_PLATE, "TRUCK1")), GL_APPLIED_OLDER);
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 1);
    r = lookout("L2", 2, GL_SOUGHT_PLATE, "TRUCK1");
    r->body.lookout.state = GL_LOOKOUT_WITHDRAWN;
    put(c, r);
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 0);
    put(c, lookout("L1", 3, GL_SOUGHT_PLATE, "TRUCK2")); /* the same look-out, for another */
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 0);
    assert_int_equal(plate(c, "TRUCK2")->n_lookouts, 1);
    gl_cache_close(c);
}

static void a_rollback_forgets_them(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, lookout("L1", 1, GL_SOUGHT_PLATE, "TRUCK1"));
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 1);
    gl_cache_rollback(c);
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 0);
    gl_cache_close(c);
}

static void they_outlive_an_epoch(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    set_epoch(c, GL_COLLECTION_LOOKOUTS, "e1", "");
    put(c, nth("e1", 5, lookout("L1", 7, GL_SOUGHT_PLATE, "TRUCK1")));
    set_epoch(c, GL_COLLECTION_LOOKOUTS, "e2", "e1");
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 1);
    put(c, nth("e2", 1, cancelling(GL_COLLECTION_LOOKOUTS, "lookout", "L1", 1)));
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 0);
    gl_cache_close(c);
}

/* ---- what was lodged --------------------------------------------------------------------------------------------------------- */

static void what_is_lodged_and_sought_is_told(void **state GL_UNUSED) {
    static const struct {
        uint8_t what;
        const char *text;
    } sought[] = {{GL_SOUGHT_PLATE, "TRAIL 9"}, {GL_SOUGHT_CONTAINER, "MSCU9981402"}, {GL_SOUGHT_SEAL, "SE77"}};
    for (size_t i = 0; i < GL_COUNT(sought); i++) {
        struct gl_cache *c = open_memory();
        put(c, carrier("A", "TRUCK1", NULL, NULL, NULL));
        put(c, carrier("B", "TRUCK1", "trail9", "MSCU 998140-2", "SE-77"));
        put(c, carrier("C", "TRUCK1", "trail9", "MSCU 998140-2", "SE-77"));
        struct gl_feed_record *gone = carrier("D", "TRUCK1", "trail9", "MSCU 998140-2", "SE-77");
        gone->body.movement.state = GL_MOVEMENT_EXITED;
        put(c, gone);
        assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 0);
        put(c, lookout("L1", 1, sought[i].what, sought[i].text));
        const struct gl_answer *a = plate(c, "TRUCK1");
        assert_int_equal(a->n_movements, 4);
        assert_false(only(a)->read);
        assert_int_equal(only(a)->in_movements, 2 | 4); /* not in the first, and of the fourth nobody asks */
        gl_cache_close(c);
    }
}

static void so_is_what_stands_in_a_declaration(void **state GL_UNUSED) {
    static const struct {
        uint8_t what;
        const char *text;
    } sought[] = {
        {GL_SOUGHT_PLATE, "TRAIL9"}, {GL_SOUGHT_CONTAINER, "MSCU9981402"}, {GL_SOUGHT_SEAL, "se 77"}, {GL_SOUGHT_HOLDER, "EE123"}};
    for (size_t i = 0; i < GL_COUNT(sought); i++) {
        struct gl_cache *c = open_memory();
        struct gl_feed_record *r = movement("A", 1, "TRUCK1");
        lists(r, "mrn", "M0");
        lists(r, "mrn", "M1");
        put(c, r);
        r = declaration("M1", 1);
        struct gl_declaration *d = &r->body.declaration;
        add_means(d->means, &d->n_means, GL_ROLE_TRAILER, "trail9");
        d->n_equipment = 2;
        gl_clip(d->equipment[0].container, sizeof d->equipment[0].container, "MSCU 998140-2");
        d->equipment[1].n_seals = 1;
        gl_clip(d->equipment[1].seals[0], sizeof d->equipment[1].seals[0], "SE-77");
        gl_clip(d->trader.eori, sizeof d->trader.eori, "EE123");
        put(c, r);
        put(c, lookout("L1", 1, sought[i].what, sought[i].text));
        const struct gl_answer_lookout *found = only(plate(c, "TRUCK1"));
        assert_string_equal(found->in.value, "M1");
        assert_int_equal(found->in_movements, 0);
        put(c, cancelling(GL_COLLECTION_DECLARATIONS, "mrn", "M1", 2));
        assert_int_equal(plate(c, "TRUCK1")->n_lookouts, 0);
        gl_cache_close(c);
    }
}

static void one_entry_for_each_lookout(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, carrier("A", "TRUCK1", "TRUCK1", NULL, NULL));
    put(c, lookout("L1", 1, GL_SOUGHT_PLATE, "TRUCK1"));
    const struct gl_answer_lookout *found = only(plate(c, "TRUCK1"));
    assert_true(found->read);
    assert_int_equal(found->in_movements, 1);
    for (int i = 2; i <= GL_MAX_ANSWER_LOOKOUTS; i++) {
        char value[24];
        snprintf(value, sizeof value, "L%d", i);
        put(c, lookout(value, 1, GL_SOUGHT_PLATE, "TRUCK1"));
    }
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, GL_MAX_ANSWER_LOOKOUTS);
    assert_false(plate(c, "TRUCK1")->truncated);
    put(c, lookout("L99", 1, GL_SOUGHT_PLATE, "TRUCK1"));
    assert_int_equal(plate(c, "TRUCK1")->n_lookouts, GL_MAX_ANSWER_LOOKOUTS);
    assert_true(plate(c, "TRUCK1")->truncated);
    gl_cache_close(c);
}

/* Who asks for most is told, however many there are, and whenever they came. */
static void the_strictest_is_not_left_out(void **state GL_UNUSED) {
    for (int place = 1; place <= 20; place += 19) {
        struct gl_cache *c = open_memory();
        for (int i = 1; i <= 20; i++) {
            char value[8];
            gl_format(value, sizeof value, "L%d", i);
            struct gl_feed_record *r = lookout(value, 1, GL_SOUGHT_PLATE, "TRUCK1");
            if (i == place) r->body.lookout.action = GL_CHANNEL_REFUSE;
            put(c, r);
        }
        const struct gl_answer *a = plate(c, "TRUCK1");
        int strict = 0;
        assert_int_equal(a->n_lookouts, GL_MAX_ANSWER_LOOKOUTS);
        assert_true(a->truncated);
        for (int i = 0; i < a->n_lookouts; i++) {
            strict += a->lookouts[i].action == GL_CHANNEL_REFUSE;
            assert_true(a->lookouts[i].read);
            for (int k = 0; k < i; k++) assert_string_not_equal(a->lookouts[i].ref.value, a->lookouts[k].ref.value);
        }
        assert_int_equal(strict, 1);
        gl_cache_close(c);
    }
}

static void what_does_not_fit_the_answer_is_sought_too(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    struct gl_movement *m = &r->body.movement;
    for (int i = 1; i < GL_MAX_MEANS; i++) {
        char text[24];
        snprintf(text, sizeof text, "TRAIL%02d", i);
        add_means(m->means, &m->n_means, GL_ROLE_TRAILER, text);
    }
    put(c, r);
    put(c, lookout("L1", 1, GL_SOUGHT_PLATE, "TRAIL15"));
    const struct gl_answer *a = plate(c, "TRUCK1");
    assert_true(a->truncated);
    assert_int_equal(a->n_lookouts, 1);
    gl_cache_close(c);
}

/* ---- traders ----------------------------------------------------------------------------------------------------------------- */

static struct gl_feed_record *trader(const char *eori, int64_t version, uint8_t state, const char *aeo) {
    struct gl_feed_record *r = record(GL_COLLECTION_TRADERS, GL_OP_UPSERT);
    struct gl_trader_record *t = &r->body.trader;
    *t = (struct gl_trader_record){.ref = ref("eori", eori), .version = version, .state = state, .valid_from = 3, .valid_to = 8};
    gl_clip(t->aeo, sizeof t->aeo, aeo);
    return r;
}

static const struct gl_answer_declaration *mrn(struct gl_cache *c, const char *value) {
    const struct gl_answer *a = look(c, GL_KEY_REFERENCE, "mrn", value);
    assert_int_equal(a->n_declarations, 1);
    return &a->declarations[0];
}

static void the_trader_of_a_declaration(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = declaration("M1", 1);
    gl_clip(r->body.declaration.trader.eori, 18, "EE123");
    r->body.declaration.lodged_at = 44;
    put(c, r);
    put(c, declaration("M2", 1));
    assert_string_equal(mrn(c, "M1")->eori, "EE123");
    assert_int_equal(mrn(c, "M1")->lodged_at, 44);
    assert_int_equal(mrn(c, "M1")->trader, GL_TRADER_NONE);
    assert_false(mrn(c, "M1")->aeo);
    put(c, trader("EE123", 1, GL_TRADER_ACTIVE, "EEAEOC1"));
    const struct gl_answer_declaration *d = mrn(c, "M1");
    assert_int_equal(d->trader, GL_TRADER_ACTIVE);
    assert_true(d->aeo);
    assert_int_equal(d->aeo_from, 3);
    assert_int_equal(d->aeo_to, 8);
    assert_int_equal(mrn(c, "M2")->trader, GL_TRADER_NONE);
    assert_string_equal(mrn(c, "M2")->eori, "");
    put(c, trader("EE123", 2, GL_TRADER_SUSPENDED, ""));
    assert_int_equal(mrn(c, "M1")->trader, GL_TRADER_SUSPENDED);
    assert_false(mrn(c, "M1")->aeo);
    put(c, cancelling(GL_COLLECTION_TRADERS, "eori", "EE123", GL_INT_NULL));
    assert_int_equal(mrn(c, "M1")->trader, GL_TRADER_WITHDRAWN);
    gl_cache_close(c);
}

static void a_trader_of_an_earlier_epoch_is_unknown(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = declaration("M1", 1);
    struct gl_ref eori = ref("eori", "EE123");
    gl_clip(r->body.declaration.trader.eori, 18, "EE123");
    put(c, r);
    set_epoch(c, GL_COLLECTION_TRADERS, "t1", "");
    put(c, nth("t1", 1, trader("EE123", 1, GL_TRADER_ACTIVE, "EEAEOC1")));
    assert_int_equal(mrn(c, "M1")->trader, GL_TRADER_ACTIVE);
    set_epoch(c, GL_COLLECTION_TRADERS, "t2", "t1");
    assert_int_equal(mrn(c, "M1")->trader, GL_TRADER_NONE);
    assert_false(mrn(c, "M1")->aeo);
    put(c, nth("t2", 1, trader("EE123", 1, GL_TRADER_ACTIVE, "EEAEOC1")));
    assert_int_equal(gl_cache_void(c, GL_COLLECTION_TRADERS, &eori, "t2", 2, 1, NULL), 0);
    assert_int_equal(mrn(c, "M1")->trader, GL_TRADER_NONE);
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_and_sought_is_told),
        cmocka_unit_test(what_is_withdrawn_is_not_told),
        cmocka_unit_test(a_rollback_forgets_them),
        cmocka_unit_test(they_outlive_an_epoch),
        cmocka_unit_test(what_is_lodged_and_sought_is_told),
        cmocka_unit_test(so_is_what_stands_in_a_declaration),
        cmocka_unit_test(one_entry_for_each_lookout),
        cmocka_unit_test(the_strictest_is_not_left_out),
        cmocka_unit_test(what_does_not_fit_the_answer_is_sought_too),
        cmocka_unit_test(the_trader_of_a_declaration),
        cmocka_unit_test(a_trader_of_an_earlier_epoch_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
