/* Seals in the registry: declared ones are told with their tags, and a seal's tag leads to nothing but its seal. */
#include "cache_records.h"

#define EPC "3614F2AB0C000000000004D2"
#define EPC_2 "3614F2AB0C000000000004D3"

static struct gl_feed_record *seal_tag(const char *epc, int64_t version, const char *number) {
    struct gl_feed_record *r = record(GL_COLLECTION_TAGS, GL_OP_UPSERT);
    struct gl_tag *t = &r->body.tag;
    gl_fields_clear(&gl_tag_fields, t);
    t->ref = ref("epc", epc);
    t->version = version;
    t->state = GL_TAG_ACTIVE;
    gl_clip(t->seal, sizeof t->seal, number);
    return r;
}

static struct gl_feed_record *sealed_movement(const char *value, const char *plate, const char *number) {
    struct gl_feed_record *r = movement(value, 1, plate);
    gl_clip(r->body.movement.seals[r->body.movement.n_seals++], sizeof r->body.movement.seals[0], number);
    return r;
}

static struct gl_feed_record *sealed_declaration(const char *mrn, const char *number) {
    struct gl_feed_record *r = declaration(mrn, 1);
    struct gl_equipment *e = &r->body.declaration.equipment[r->body.declaration.n_equipment++];
    gl_clip(e->seals[e->n_seals++], sizeof e->seals[0], number);
    return r;
}

static struct gl_answer *look_up(struct gl_cache *c, uint8_t kind, const char *text) {
    static struct gl_answer a;
    struct gl_query q = {.n_keys = 1};
    struct gl_error err = {""};
    q.keys[0].kind = kind;
    gl_clip(q.keys[0].text, sizeof q.keys[0].text, text);
    if (gl_cache_lookup(c, &q, &a, &err) < 0) fail_msg("%s", err.text);
    return &a;
}

static void a_declared_seal_is_told_with_its_tag(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = sealed_movement("GMRA00000001", "NC15REG", "yp-12 34");
    lists(r, "mrn", "M1");
    put(c, r);
    put(c, sealed_declaration("M1", "YP 1234"));
    assert_int_equal(look_up(c, GL_KEY_VEHICLE, "NC15REG")->n_seals, 0); /* a seal without a tag cannot be seen */
    r = seal_tag(EPC, 1, "Yp1234");
    gl_clip(r->body.tag.container, 18, "MSKU1234565");
    r->body.tag.on = ref("mrn", "M1");
    r->body.tag.valid_to = 77;
    put(c, r);
    const struct gl_answer *a = look_up(c, GL_KEY_VEHICLE, "NC15REG");
    assert_int_equal(a->n_seals, 2);
    assert_string_equal(a->seals[0].seal, "yp-12 34");
    assert_string_equal(a->seals[0].key, "YP1234");
    assert_int_equal(a->seals[0].in_movements, 1);
    assert_string_equal(a->seals[0].in.value, "");
    assert_string_equal(a->seals[1].in.value, "M1");
    assert_int_equal(a->seals[1].state, GL_TAG_ACTIVE);
    assert_int_equal(a->seals[1].valid_to, 77);
    assert_string_equal(a->seals[1].container, "MSKU1234565");
    assert_string_equal(a->seals[1].on.value, "M1");
    put(c, cancelling(GL_COLLECTION_TAGS, "epc", EPC, GL_INT_NULL));
    assert_int_equal(look_up(c, GL_KEY_VEHICLE, "NC15REG")->seals[0].state, GL_TAG_WITHDRAWN);
    put(c, seal_tag(EPC_2, 1, "YP1234")); /* a number may have several tags */
    assert_int_equal(look_up(c, GL_KEY_VEHICLE, "NC15REG")->n_seals, 4);
    gl_cache_close(c);
}

static void a_seals_tag_leads_to_nothing_but_its_seal(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, sealed_movement("GMRA00000001", "NC15REG", "YP1234"));
    struct gl_feed_record *r = seal_tag(EPC, 1, "YP 1234");
    r->body.tag.on = ref("gmr", "GMRA00000001");
    put(c, r);
    const struct gl_answer *a = look_up(c, GL_KEY_TAG, EPC);
    assert_int_equal(a->n_movements, 0);
    assert_true(a->tags[0].registered);
    assert_string_equal(a->tags[0].seal, "YP 1234");
    assert_string_equal(a->tags[0].key, "YP1234");
    assert_string_equal(a->tags[0].on.value, "GMRA00000001");
    assert_string_equal(a->tags[0].plate, "");
    gl_cache_close(c);
}

/* What it was put on for has another name by now. */
static void under_its_present_name(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, declaration("M1", 1));
    struct gl_feed_record *r = seal_tag(EPC, 1, "1234");
    r->body.tag.on = ref("mrn", "M1");
    put(c, r);
    put(c, rekeying(GL_COLLECTION_DECLARATIONS, ref("mrn", "M1"), ref("mrn", "M2"), 2));
    assert_string_equal(look_up(c, GL_KEY_TAG, EPC)->tags[0].on.value, "M2");
    gl_cache_close(c);
}

static void a_seal_of_an_epoch_that_is_over(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    set_epoch(c, GL_COLLECTION_TAGS, "t1", "");
    put(c, sealed_movement("GMRA00000001", "NC15REG", "1234"));
    put(c, nth("t1", 1, seal_tag(EPC, 1, "1234")));
    assert_int_equal(look_up(c, GL_KEY_VEHICLE, "NC15REG")->n_seals, 1);
    set_epoch(c, GL_COLLECTION_TAGS, "t2", "t1");
    assert_int_equal(look_up(c, GL_KEY_VEHICLE, "NC15REG")->n_seals, 0);
    gl_cache_close(c);
}

static void more_than_fit_are_said_to_be_left_out(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("GMRA00000001", 1, "NC15REG");
    for (int i = 0; i < GL_MAX_SEALS; i++) gl_format(r->body.movement.seals[r->body.movement.n_seals++], 36, "S%d", i);
    put(c, r);
    for (int i = 0; i <= 2 * GL_MAX_SEALS; i++) {
        char epc[GL_EPC], number[36];
        gl_format(epc, sizeof epc, "3614%04X", (unsigned)i);
        gl_format(number, sizeof number, "S%d", i % GL_MAX_SEALS);
        put(c, seal_tag(epc, 1, number));
        assert_int_equal(look_up(c, GL_KEY_VEHICLE, "NC15REG")->truncated, i == 2 * GL_MAX_SEALS);
    }
    gl_cache_close(c);
}

static void a_seal_that_is_looked_for_is_hit_when_it_is_seen(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = record(GL_COLLECTION_LOOKOUTS, GL_OP_UPSERT);
    gl_fields_clear(&gl_lookout_fields, &r->body.lookout);
    r->body.lookout.ref = ref("lookout", "L1");
    r->body.lookout.version = 1;
    r->body.lookout.state = GL_LOOKOUT_ACTIVE;
    r->body.lookout.what = GL_SOUGHT_SEAL;
    r->body.lookout.action = GL_CHANNEL_PHYSICAL;
    gl_clip(r->body.lookout.text, sizeof r->body.lookout.text, "yp 12-34");
    put(c, r);
    put(c, seal_tag(EPC, 1, "YP1234"));
    put(c, seal_tag(EPC_2, 1, "YP9999"));
    const struct gl_answer *a = look_up(c, GL_KEY_TAG, EPC);
    assert_int_equal(a->n_lookouts, 1);
    assert_true(a->lookouts[0].read);
    assert_int_equal(look_up(c, GL_KEY_TAG, EPC_2)->n_lookouts, 0);
    put(c, cancelling(GL_COLLECTION_TAGS, "epc", EPC, GL_INT_NULL));
    assert_int_equal(look_up(c, GL_KEY_TAG, EPC)->n_lookouts, 1); /* whatever the registry thinks of it */
    gl_cache_close(c);
}

static int first(void *user, const struct gl_feed_record *r) {
    struct gl_tag *to = user;
    *to = r->body.tag;
    return 1;
}

static void is_told_as_it_was_registered(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_tag got;
    struct gl_error err = {""};
    struct gl_feed_record *r = seal_tag(EPC, 3, "YP 1234");
    r->body.tag.state = GL_TAG_BROKEN;
    r->body.tag.on = ref("mrn", "M1");
    gl_clip(r->body.tag.container, 18, "MSKU1234565");
    put(c, r);
    assert_true(gl_cache_dump(c, GL_COLLECTION_TAGS, first, &got, &err) >= 0);
    assert_int_equal(got.state, GL_TAG_BROKEN);
    assert_string_equal(got.seal, "YP 1234");
    assert_string_equal(got.container, "MSKU1234565");
    assert_string_equal(got.on.type, "mrn");
    assert_string_equal(got.on.value, "M1");
    gl_cache_close(c);
}

static void a_seal_is_found_by_one_search(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    char sql[600];
    sqlite3_stmt *stmt;
    gl_format(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", gl_cache_tags_kind.sql[TAG_SEALED].text);
    assert_int_equal(sqlite3_prepare_v2(c->db[GL_COLLECTION_TAGS].sql, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_non_null(strstr((const char *)sqlite3_column_text(stmt, 3), "USING INDEX sealed"));
    sqlite3_finalize(stmt);
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_declared_seal_is_told_with_its_tag),
        cmocka_unit_test(a_seals_tag_leads_to_nothing_but_its_seal),
        cmocka_unit_test(under_its_present_name),
        cmocka_unit_test(a_seal_of_an_epoch_that_is_over),
        cmocka_unit_test(more_than_fit_are_said_to_be_left_out),
        cmocka_unit_test(a_seal_that_is_looked_for_is_hit_when_it_is_seen),
        cmocka_unit_test(is_told_as_it_was_registered),
        cmocka_unit_test(a_seal_is_found_by_one_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
