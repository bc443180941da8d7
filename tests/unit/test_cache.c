/* The cache: what the feed said is found again by every key, with its parts, in an order of its own, within limits that are told. */
#include "cache_records.h"

/* ---- finding ----------------------------------------------------------------------------------------------------------------- */

static void finds_by_plate_in_every_spelling(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    assert_int_equal(put(c, movement("GMRA00000001", 1, "SÖ-AB 123")), GL_APPLIED_NEW);
    assert_int_equal(plate(c, "SOAB123")->n_movements, 1);
    struct gl_answer *a = plate(c, "SOEAB123");
    assert_int_equal(a->n_movements, 1);
    assert_string_equal(a->movements[0].ref.value, "GMRA00000001");
    assert_int_equal(a->movements[0].by, GL_BY_PLATE);
    assert_int_equal(a->movements[0].use, GL_USE_NONE);
    assert_string_equal(a->movements[0].used_by, "");
    assert_string_equal(a->movements[0].means[0].plate, "SÖ-AB 123");
    assert_string_equal(a->movements[0].means[0].country, "EE");
    assert_int_equal(plate(c, "SOAB124")->n_movements, 0);
    assert_int_equal(plate(c, "SÖ-AB 123")->n_movements, 0); /* keys are canonical or nothing */
    gl_cache_close(c);
}

static void roles_say_how_it_was_found(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("GMRA00000001", 1, "TRUCK1");
    add_means(r->body.movement.means, &r->body.movement.n_means, GL_ROLE_TRAILER, "TRAIL1");
    add_means(r->body.movement.means, &r->body.movement.n_means, GL_ROLE_UNKNOWN, "EITHER1");
    put(c, r);
    assert_int_equal(plate(c, "TRUCK1")->movements[0].by, GL_BY_PLATE);
    assert_int_equal(plate(c, "EITHER1")->movements[0].by, GL_BY_PLATE);
    assert_int_equal(plate(c, "TRAIL1")->movements[0].by, GL_BY_SWAP);
    assert_int_equal(look(c, GL_KEY_TRAILER, "", "TRAIL1")->movements[0].by, GL_BY_TRAILER);
    assert_int_equal(look(c, GL_KEY_TRAILER, "", "TRUCK1")->n_movements, 0);
    assert_int_equal(look(c, GL_KEY_NONE, "", "TRUCK1")->n_movements, 0);
    gl_cache_close(c);
}

static void several_ways_are_joined(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("GMRA00000001", 1, "TRUCK1");
    add_means(r->body.movement.means, &r->body.movement.n_means, GL_ROLE_TRAILER, "TRAIL1");
    put(c, r);
    put(c, movement("GMRA00000000", 1, "OTHER1"));
    struct gl_query q = {.n_keys = 4,
                         .keys = {{.kind = GL_KEY_TRAILER, .text = "TRAIL1"},
                                  {.kind = GL_KEY_VEHICLE, .text = "TRUCK1"},
                                  {.kind = GL_KEY_VEHICLE, .text = ""},
                                  {.kind = GL_KEY_REFERENCE, .type = "gmr", .text = "GMRA00000000"}}};
    static struct gl_answer a;
    assert_int_equal(gl_cache_lookup(c, &q, &a, NULL), 0);
    assert_int_equal(a.n_movements, 2);
    assert_string_equal(a.movements[0].ref.value, "GMRA00000000"); /* a reference is the surest way */
    assert_int_equal(a.movements[1].by, GL_BY_TRAILER | GL_BY_PLATE);
    gl_cache_close(c);
}

static void containers_and_references(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("GMRA00000001", 1, NULL);
    gl_format(r->body.movement.containers[0], 18, "MSCU 998140-2");
    gl_format(r->body.movement.containers[1], 18, "WGPCGR");
    r->body.movement.n_containers = 2;
    r->body.movement.declarations[0] = ref("mrn", "24GB000246J8NY33L7");
    r->body.movement.n_declarations = 1;
    put(c, r);
    assert_int_equal(look(c, GL_KEY_CONTAINER, "", "MSCU9981402")->movements[0].by, GL_BY_CONTAINER);
    struct gl_answer *a = look(c, GL_KEY_CONTAINER, "", "WGPCGR");
    assert_int_equal(a->n_movements, 1);
    assert_string_equal(a->movements[0].containers[0], "MSCU 998140-2");
    assert_int_equal(look(c, GL_KEY_REFERENCE, "gmr", "GMRA00000001")->movements[0].by, GL_BY_REFERENCE);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "24GB000246J8NY33L7")->movements[0].by, GL_BY_REFERENCE);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "lrn", "24GB000246J8NY33L7")->n_movements, 0); /* the type counts */
    assert_int_equal(plate(c, "MSCU9981402")->n_movements, 0);
    gl_cache_close(c);
}

static void listed_declarations_come_along(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("GMRA00000001", 1, "TRUCK1");
    r->body.movement.declarations[0] = ref("mrn", "MRN-B");
    r->body.movement.declarations[1] = ref("mrn", "MRN-A");
    r->body.movement.n_declarations = 2;
    put(c, r);
    r = declaration("MRN-A", 4);
    r->body.declaration.control.channel = GL_CHANNEL_PHYSICAL;
    r->body.declaration.valid_to = 77;
    add_means(r->body.declaration.means, &r->body.declaration.n_means, GL_ROLE_VEHICLE, "TRUCK 1");
    gl_format(r->body.declaration.equipment[0].container, 18, "MSCU9981402");
    r->body.declaration.n_equipment = 2; /* the second: seals on the vehicle itself */
    put(c, r);
    r = declaration("MRN-C", 1); /* listed by nobody */
    add_means(r->body.declaration.means, &r->body.declaration.n_means, GL_ROLE_VEHICLE, "TRUCK1");
    put(c, r);
    struct gl_answer *a = plate(c, "TRUCK1");
    assert_int_equal(a->n_movements, 1);
    assert_int_equal(a->movements[0].n_declarations, 2);
    assert_int_equal(a->n_declarations, 3);
    assert_string_equal(a->declarations[0].ref.value, "MRN-B"); /* in the order of the movement */
    assert_false(a->declarations[0].received);
    assert_int_equal(a->declarations[0].by, 0);
    const struct gl_answer_declaration *d = &a->declarations[1];
    assert_true(d->received);
    assert_int_equal(d->by, GL_BY_PLATE);
    assert_int_equal(d->listed_by, 1);
    assert_int_equal(d->version, 4);
    assert_int_equal(d->control, GL_CHANNEL_PHYSICAL);
    assert_int_equal(d->valid_to, 77);
    assert_int_equal(d->n_means, 1);
    assert_int_equal(d->n_containers, 1);
    assert_string_equal(d->containers[0], "MSCU9981402");
    assert_string_equal(a->declarations[2].ref.value, "MRN-C");
    assert_int_equal(a->declarations[2].listed_by, 0);
    assert_int_equal(a->declarations[2].by, GL_BY_PLATE);
    assert_false(a->truncated);
    gl_cache_close(c);
}

static void order_does_not_depend_on_arrival(void **state) {
    (void)state;
    const char *const orders[][3] = {{"A", "B", "C"}, {"C", "B", "A"}, {"B", "C", "A"}};
    for (size_t i = 0; i < GL_COUNT(orders); i++) {
        struct gl_cache *c = open_memory();
        for (size_t k = 0; k < 3; k++) put(c, movement(orders[i][k], 1, "TRUCK1"));
        struct gl_answer *a = plate(c, "TRUCK1");
        assert_int_equal(a->n_movements, 3);
        assert_string_equal(a->movements[0].ref.value, "A");
        assert_string_equal(a->movements[1].ref.value, "B");
        assert_string_equal(a->movements[2].ref.value, "C");
        gl_cache_close(c);
    }
}

static void too_much_is_said_to_be_too_much(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    for (int i = 0; i < GL_MAX_ANSWER_MOVEMENTS; i++) {
        char value[16];
        snprintf(value, sizeof value, "M%02d", i);
        put(c, movement(value, 1, "TRUCK1"));
    }
    assert_false(plate(c, "TRUCK1")->truncated);
    put(c, movement("M99", 1, "TRUCK1"));
    struct gl_answer *a = plate(c, "TRUCK1");
    assert_true(a->truncated);
    assert_int_equal(a->n_movements, GL_MAX_ANSWER_MOVEMENTS);
    gl_cache_close(c);
}

static void the_dead_crowd_out_nobody(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    assert_int_equal(gl_cache_begin(c, NULL), 0);
    for (int i = 0; i < 400; i++) {
        char value[16];
        snprintf(value, sizeof value, "OLD%03d", i);
        struct gl_feed_record *r = movement(value, 1, "TRUCK1");
        r->body.movement.state = i % 2 ? GL_MOVEMENT_EXITED : GL_MOVEMENT_EXPIRED;
        put(c, r);
    }
    put(c, movement("ZNEW", 1, "TRUCK1"));
    struct gl_answer *a = plate(c, "TRUCK1");
    assert_false(a->truncated);
    assert_string_equal(a->movements[0].ref.value, "ZNEW");
    assert_int_equal(a->n_movements, GL_MAX_ANSWER_MOVEMENTS);
    gl_cache_close(c);
}

static void limits_of_one_movement(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    for (int i = 1; i < GL_MAX_MEANS; i++) {
        char text[24];
        snprintf(text, sizeof text, "TRAIL%d", i);
        add_means(r->body.movement.means, &r->body.movement.n_means, GL_ROLE_TRAILER, text);
    }
    put(c, r);
    struct gl_answer *a = plate(c, "TRUCK1");
    assert_int_equal(a->movements[0].n_means, GL_MAX_ANSWER_MEANS);
    assert_true(a->truncated);
    r = movement("B", 1, "TRUCK2");
    for (int i = 0; i < GL_MAX_REFS; i++) {
        char text[16];
        snprintf(text, sizeof text, "M%d", i);
        r->body.movement.declarations[i] = ref("mrn", text);
    }
    r->body.movement.n_declarations = GL_MAX_REFS;
    put(c, r);
    a = plate(c, "TRUCK2");
    assert_int_equal(a->n_declarations, GL_MAX_ANSWER_DECLARATIONS);
    assert_false(a->truncated);
    gl_cache_close(c);
}

static void the_largest_record_fits(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = declaration("BIG", 1);
    struct gl_declaration *d = &r->body.declaration;
    d->n_goods = GL_MAX_GOODS;
    for (size_t i = 0; i < d->n_goods; i++) d->goods[i].gross_kg = i % 2 ? GL_INT_NULL : (int64_t)i;
    d->n_documents = GL_MAX_DOCUMENTS;
    d->n_offices = GL_MAX_OFFICES;
    d->n_equipment = GL_MAX_CONTAINERS;
    for (size_t i = 0; i < d->n_equipment; i++) {
        snprintf(d->equipment[i].container, 18, "BOX%zu", i);
        d->equipment[i].n_seals = 16;
    }
    assert_int_equal(put(c, r), GL_APPLIED_NEW);
    struct gl_answer *a = look(c, GL_KEY_CONTAINER, "", "BOX31");
    assert_int_equal(a->n_declarations, 1);
    assert_int_equal(a->declarations[0].n_containers, 8);
    assert_true(a->truncated); /* 24 containers do not fit the answer */
    gl_cache_close(c);
}

static void a_look_up_is_one_covering_search(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    for (int which = GL_COLLECTION_MOVEMENTS; which <= GL_COLLECTION_DECLARATIONS; which++) {
        char sql[600];
        sqlite3_stmt *stmt;
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", gl_cache_kinds[which]->store->sql[LODGED_LOOKUP].text);
        assert_int_equal(sqlite3_prepare_v2(c->db[which].sql, sql, -1, &stmt, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        assert_non_null(strstr((const char *)sqlite3_column_text(stmt, 3), "SEARCH identifier USING PRIMARY KEY"));
        assert_int_equal(sqlite3_step(stmt), SQLITE_DONE); /* no sorting */
        sqlite3_finalize(stmt);
    }
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_plate_in_every_spelling), cmocka_unit_test(roles_say_how_it_was_found),
        cmocka_unit_test(several_ways_are_joined),          cmocka_unit_test(containers_and_references),
        cmocka_unit_test(listed_declarations_come_along),   cmocka_unit_test(order_does_not_depend_on_arrival),
        cmocka_unit_test(too_much_is_said_to_be_too_much),  cmocka_unit_test(the_dead_crowd_out_nobody),
        cmocka_unit_test(limits_of_one_movement),           cmocka_unit_test(the_largest_record_fits),
        cmocka_unit_test(a_look_up_is_one_covering_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
