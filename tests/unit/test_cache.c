/* The cache: what the feed said is found again by every key, versions and tombstones hold, nothing half-written stays. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants the five above first */
#include <cmocka.h>

#include "store/cache.h"
#include "store/cache_impl.h"

static struct gl_cache *open_memory(void) {
    struct gl_cache *c = NULL;
    struct gl_error err = {""};
    if (gl_cache_open(":memory:", &c, &err) < 0) fail_msg("%s", err.text);
    return c;
}

static struct gl_ref ref(const char *type, const char *value) {
    struct gl_ref r = {0};
    gl_format(r.type, sizeof r.type, "%s", type);
    gl_format(r.value, sizeof r.value, "%s", value);
    return r;
}

static void add_means(struct gl_means *means, uint16_t *n, uint8_t role, const char *plate) {
    struct gl_means m = {.role = role};
    gl_format(m.plate, sizeof m.plate, "%s", plate);
    gl_format(m.country, sizeof m.country, "EE");
    means[(*n)++] = m;
}

static struct gl_feed_record *movement(const char *value, int64_t version, const char *plate) {
    struct gl_feed_record *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->collection = GL_COLLECTION_MOVEMENTS;
    r->op = GL_OP_UPSERT;
    struct gl_movement *m = &r->body.movement;
    gl_fields_clear(&gl_movement_fields, m);
    m->ref = ref("gmr", value);
    m->version = version;
    m->kind = GL_MOVEMENT_GOODS;
    m->state = GL_MOVEMENT_READY;
    if (plate) add_means(m->means, &m->n_means, GL_ROLE_VEHICLE, plate);
    return r;
}

static struct gl_feed_record *declaration(const char *mrn, int64_t version) {
    struct gl_feed_record *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->collection = GL_COLLECTION_DECLARATIONS;
    r->op = GL_OP_UPSERT;
    struct gl_declaration *d = &r->body.declaration;
    gl_fields_clear(&gl_declaration_fields, d);
    d->ref = ref("mrn", mrn);
    d->version = version;
    d->state = GL_DECLARATION_RELEASED;
    return r;
}

static struct gl_feed_record *cancelling(uint8_t collection, const char *type, const char *value, int64_t version) {
    struct gl_feed_record *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->collection = collection;
    r->op = GL_OP_CANCEL;
    r->body.cancel.ref = ref(type, value);
    r->body.cancel.version = version;
    return r;
}

static enum gl_applied put(struct gl_cache *c, struct gl_feed_record *r) {
    enum gl_applied applied = GL_APPLIED_OLDER;
    struct gl_error err = {""};
    if (gl_cache_apply(c, r, 1000, &applied, &err) < 0) fail_msg("%s", err.text);
    free(r);
    return applied;
}

static struct gl_answer *look(struct gl_cache *c, uint8_t kind, const char *type, const char *text) {
    static struct gl_answer a;
    struct gl_query q = {.passage = "p-1", .lane = 3, .n_keys = 1};
    struct gl_error err = {""};
    q.keys[0].kind = kind;
    gl_format(q.keys[0].type, sizeof q.keys[0].type, "%s", type);
    gl_format(q.keys[0].text, sizeof q.keys[0].text, "%s", text);
    memset(&a, 0xA5, sizeof a); /* nothing may be left over from before */
    if (gl_cache_lookup(c, &q, &a, &err) < 0) fail_msg("%s", err.text);
    assert_false(a.failed);
    assert_string_equal(a.passage, "p-1");
    assert_int_equal(a.lane, 3);
    return &a;
}

static struct gl_answer *plate(struct gl_cache *c, const char *text) {
    return look(c, GL_KEY_VEHICLE, "", text);
}

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

/* ---- versions ---------------------------------------------------------------------------------------------------------------- */

static void an_upsert_replaces_everything(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    r->body.movement.declarations[0] = ref("mrn", "M1");
    r->body.movement.n_declarations = 1;
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

/* ---- epochs ------------------------------------------------------------------------------------------------------------------ */

static void set_epoch(struct gl_cache *c, uint8_t collection, const char *epoch) {
    struct gl_feed_seq s = {.applied = 1};
    gl_format(s.epoch, sizeof s.epoch, "%s", epoch);
    assert_int_equal(gl_cache_save_seq(c, collection, &s, NULL), 0);
}

static enum gl_applied put_in(struct gl_cache *c, const char *epoch, struct gl_feed_record *r) {
    gl_format(r->epoch, sizeof r->epoch, "%s", epoch);
    return put(c, r);
}

static void an_earlier_epoch_supports_nothing(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = movement("A", 1, "TRUCK1");
    r->body.movement.declarations[0] = ref("mrn", "M1");
    r->body.movement.n_declarations = 1;
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e1");
    set_epoch(c, GL_COLLECTION_DECLARATIONS, "d1");
    put_in(c, "e1", r);
    put_in(c, "d1", declaration("M1", 1));
    put(c, movement("IMPORTED", 1, "TRUCK2"));
    assert_true(plate(c, "TRUCK1")->declarations[0].received);
    set_epoch(c, GL_COLLECTION_DECLARATIONS, "d2");
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 1);
    assert_false(plate(c, "TRUCK1")->declarations[0].received);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "M1")->n_declarations, 1); /* listed by the movement, not received */
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "e2");
    assert_int_equal(plate(c, "TRUCK1")->n_movements, 0);
    assert_int_equal(look(c, GL_KEY_REFERENCE, "mrn", "M1")->n_declarations, 0);
    assert_int_equal(plate(c, "TRUCK2")->n_movements, 1); /* of no epoch */
    assert_int_equal(put_in(c, "d2", declaration("M1", 1)), GL_APPLIED_REPLACED);
    assert_true(look(c, GL_KEY_REFERENCE, "mrn", "M1")->declarations[0].received);
    gl_cache_close(c);
}

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

static int64_t ask_int(struct gl_cache *c, const char *sql) {
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(c->db.sql, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return v;
}

static void quarantine_is_bounded(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    char huge[2000];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    for (int i = 1; i <= QUARANTINE_KEPT + 5; i++)
        assert_int_equal(gl_cache_quarantine(c, GL_COLLECTION_MOVEMENTS, "e", i, huge, huge, 1, NULL), 0);
    assert_int_equal(ask_int(c, "SELECT count(*) FROM quarantine"), QUARANTINE_KEPT);
    assert_int_equal(ask_int(c, "SELECT min(seq) FROM quarantine"), 6);
    assert_int_equal(ask_int(c, "SELECT max(length(reason)) FROM quarantine"), 399);
    gl_cache_close(c);
}

static void a_look_up_is_one_covering_search(void **state) {
    (void)state;
    struct gl_cache *c = open_memory();
    char sql[600];
    sqlite3_stmt *stmt;
    snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", gl_cache_kind.sql[CACHE_LOOKUP].text);
    assert_int_equal(sqlite3_prepare_v2(c->db.sql, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_non_null(strstr((const char *)sqlite3_column_text(stmt, 3), "SEARCH identifier USING PRIMARY KEY"));
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE); /* no sorting */
    sqlite3_finalize(stmt);
    gl_cache_close(c);
}

/* ---- files ------------------------------------------------------------------------------------------------------------------- */

static char dir[] = "/tmp/greenlane-cache-XXXXXX";
static char path[sizeof dir + 16];

static int make_dir(void **state) {
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/cache.db", dir);
    return 0;
}

static int drop_dir(void **state) {
    (void)state;
    const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < GL_COUNT(ends); i++) {
        char file[sizeof path + 16];
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
    return rmdir(dir);
}

static void a_file_is_read_again(void **state) {
    (void)state;
    struct gl_cache *c = NULL, *second = NULL;
    struct gl_error err = {""};
    struct stat st;
    assert_int_equal(gl_cache_open(path, &c, &err), 0);
    put(c, movement("A", 1, "TRUCK1"));
    assert_int_equal(gl_cache_commit(c, &err), 0);
    put(c, movement("B", 1, "TRUCK1")); /* never committed */
    assert_int_equal(gl_cache_open(path, &second, &err), -EBUSY);
    assert_non_null(strstr(err.text, path));
    gl_cache_close(c);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(gl_cache_open(path, &c, &err), 0);
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
    assert_int_equal(gl_cache_open(path, &c, &err), -EUCLEAN);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "delete it"));
    unlink(path);
    exec_on_file("CREATE TABLE other(a)");
    assert_int_equal(gl_cache_open(path, &c, &err), -EUCLEAN);
    assert_non_null(strstr(err.text, "no Greenlane cache"));
    exec_on_file("SELECT a FROM other"); /* left as it was */
    unlink(path);
    assert_int_equal(gl_cache_open(path, &c, &err), 0);
    gl_cache_close(c);
    exec_on_file("PRAGMA user_version=99");
    assert_int_equal(gl_cache_open(path, &c, &err), -EPROTONOSUPPORT);
    assert_non_null(strstr(err.text, "newer"));
    assert_int_equal(gl_cache_open(dir, &c, &err), -EISDIR);
    assert_int_equal(gl_cache_open("/nowhere/at/all/cache.db", &c, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/at/all/cache.db"));
}

/* A page overwritten while nobody looked: an error or an answer, never a crash. */
static void damage_is_an_error(void **state) {
    (void)state;
    struct gl_cache *c = NULL;
    struct gl_error err = {""};
    assert_int_equal(gl_cache_open(path, &c, &err), 0);
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
    if (gl_cache_open(path, &c, &err) == 0) {
        assert_int_equal(gl_cache_lookup(c, &q, &a, &err), -EUCLEAN);
        assert_true(a.failed);
        assert_int_equal(a.n_movements, 0);
        assert_non_null(strstr(err.text, "delete it"));
        gl_cache_close(c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_by_plate_in_every_spelling),
        cmocka_unit_test(roles_say_how_it_was_found),
        cmocka_unit_test(several_ways_are_joined),
        cmocka_unit_test(containers_and_references),
        cmocka_unit_test(listed_declarations_come_along),
        cmocka_unit_test(order_does_not_depend_on_arrival),
        cmocka_unit_test(too_much_is_said_to_be_too_much),
        cmocka_unit_test(the_dead_crowd_out_nobody),
        cmocka_unit_test(limits_of_one_movement),
        cmocka_unit_test(an_upsert_replaces_everything),
        cmocka_unit_test(a_cancelled_one_stays_cancelled),
        cmocka_unit_test(a_tombstone_comes_before_its_record),
        cmocka_unit_test(the_largest_record_fits),
        cmocka_unit_test(an_earlier_epoch_supports_nothing),
        cmocka_unit_test(a_rollback_leaves_nothing),
        cmocka_unit_test(a_bad_record_leaves_nothing_and_harms_nobody),
        cmocka_unit_test(bookkeeping_comes_back),
        cmocka_unit_test(quarantine_is_bounded),
        cmocka_unit_test(a_look_up_is_one_covering_search),
        cmocka_unit_test_setup_teardown(a_file_is_read_again, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(foreign_files_are_refused, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(damage_is_an_error, make_dir, drop_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
