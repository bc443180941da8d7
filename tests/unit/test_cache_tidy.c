/* The cache: what nobody can lean on any more is removed, and everything that counts is told. */
#include "base/buf.h"
#include "cache_records.h"

/* ---- purge ------------------------------------------------------------------------------------------------------------------- */

static int64_t purge(struct gl_cache *c, uint8_t which, int64_t before) {
    struct gl_error err = {""};
    int64_t at = 0, removed = 0, all = 0;
    int rc;
    while ((rc = gl_cache_purge(c, which, before, 3, &at, &removed, &err)) > 0) {
        assert_true(removed <= 3);
        assert_true(at > 0);
        all += removed;
    }
    if (rc < 0) fail_msg("%s", err.text);
    assert_int_equal(at, 0);
    return all + removed;
}

static void put_at(struct gl_cache *c, int64_t now, struct gl_feed_record *r) {
    enum gl_applied applied;
    struct gl_error err = {""};
    if (gl_cache_apply(c, r, now, &applied, &err) < 0) fail_msg("%s", err.text);
    free(r);
}

static struct gl_feed_record *until(struct gl_feed_record *r, uint8_t state, int64_t valid_to) {
    r->body.movement.state = state;
    r->body.movement.valid_to = valid_to;
    return r;
}

static int64_t rows(struct gl_cache *c, uint8_t which, const char *table) {
    char sql[80];
    sqlite3_stmt *stmt;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(c->db[which].sql, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void only_what_nobody_leans_on_goes(void **state GL_UNUSED) {
    static const struct {
        const char *name;
        uint8_t state;
        int64_t valid_to, written_at;
        bool goes;
    } cases[] = {
        {"READY", GL_MOVEMENT_READY, 0, 10, false},         {"OVER", GL_MOVEMENT_READY, 50, 10, true},
        {"VALID", GL_MOVEMENT_READY, 100, 10, false},       {"EXITED", GL_MOVEMENT_EXITED, 0, 10, true},
        {"CANCELLED", GL_MOVEMENT_CANCELLED, 50, 99, true}, {"EXPIRED", GL_MOVEMENT_EXPIRED, 0, 10, true},
        {"LATE", GL_MOVEMENT_EXITED, 0, 100, false},        {"RUNS", GL_MOVEMENT_EXITED, 150, 10, false},
        {"ARRIVED", GL_MOVEMENT_ARRIVED, 0, 10, false},     {"RENEWED", GL_MOVEMENT_READY, 50, 100, false},
    };
    struct gl_cache *c = open_memory();
    int64_t goes = 0;
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        put_at(c, cases[i].written_at, until(movement(cases[i].name, 1, cases[i].name), cases[i].state, cases[i].valid_to));
        goes += cases[i].goes;
    }
    int64_t at = 0, old = 0;
    assert_int_equal(gl_cache_old(c, GL_COLLECTION_MOVEMENTS, 100, 100, &at, &old, NULL), 0);
    assert_int_equal(old, goes);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), (int64_t)GL_COUNT(cases));
    assert_int_equal(purge(c, GL_COLLECTION_MOVEMENTS, 100), goes);
    for (size_t i = 0; i < GL_COUNT(cases); i++) assert_int_equal(plate(c, cases[i].name)->n_movements, !cases[i].goes);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_MOVEMENTS), (int64_t)GL_COUNT(cases) - goes);
    assert_int_equal(purge(c, GL_COLLECTION_MOVEMENTS, 100), 0);
    gl_cache_close(c);
}

static void nothing_of_it_stays(void **state GL_UNUSED) {
    static const char *const tables[] = {"record", "word",  "means",  "equipment", "seal", "identifier",
                                         "alias",  "goods", "office", "document",  "asked"};
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = declaration("M1", 1);
    struct gl_declaration *d = &r->body.declaration;
    gl_clip(d->lrn, sizeof d->lrn, "L1");
    add_means(d->means, &d->n_means, GL_ROLE_VEHICLE, "TRUCK1");
    d->n_equipment = d->equipment[0].n_seals = d->n_goods = d->n_offices = d->n_documents = 1;
    gl_clip(d->equipment[0].container, 18, "BOX1");
    put_at(c, 1, nth("e", 1, r));
    r = ruling(GL_COLLECTION_DECLARATIONS, "lrn", "L1", 1);
    r->body.ruling.control.channel = GL_CHANNEL_DESK;
    r->body.ruling.n_documents = 1;
    gl_clip(r->body.ruling.documents[0].type, 12, "N954");
    put_at(c, 2, nth("e", 2, r));
    for (size_t i = 0; i < GL_COUNT(tables); i++) assert_true(rows(c, GL_COLLECTION_DECLARATIONS, tables[i]) > 0);
    put_at(c, 3, nth("e", 3, cancelling(GL_COLLECTION_DECLARATIONS, "mrn", "M1", GL_INT_NULL)));
    put_at(c, 4, nth("e", 4, ruling(GL_COLLECTION_DECLARATIONS, "mrn", "WAITS", 1))); /* says nothing, but has its row */
    assert_int_equal(purge(c, GL_COLLECTION_DECLARATIONS, 3), 0);
    assert_true(purge(c, GL_COLLECTION_DECLARATIONS, 5) >= 1);
    for (size_t i = 0; i < GL_COUNT(tables); i++) assert_int_equal(rows(c, GL_COLLECTION_DECLARATIONS, tables[i]), 0);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_DECLARATIONS), 0);
    gl_cache_close(c);
}

static void the_small_collections_too(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    for (uint8_t which = GL_COLLECTION_TAGS; which < GL_COLLECTIONS; which++) {
        const char *type = which == GL_COLLECTION_TAGS ? "epc" : which == GL_COLLECTION_LOOKOUTS ? "lookout" : "eori";
        put_at(c, 1, cancelling(which, type, "A1", 1));
        put_at(c, 9, cancelling(which, type, "A2", 1));
        assert_int_equal(purge(c, which, 5), 1);
        assert_int_equal(gl_cache_count(c, which), 1);
    }
    gl_cache_close(c);
}

/* ---- dump -------------------------------------------------------------------------------------------------------------------- */

struct dump {
    int n, stop_at;
    struct gl_feed_record *r; /* the last one */
    char refs[200];
};

static int keep(void *user, const struct gl_feed_record *r) {
    struct dump *d = user;
    size_t len = strlen(d->refs);
    gl_format(d->refs + len, sizeof d->refs - len, "%s ", gl_feed_record_ref(r)->value);
    memcpy(d->r, r, sizeof *r);
    return ++d->n == d->stop_at ? 5 : 0;
}

static struct gl_feed_record *full_declaration(void) {
    struct gl_feed_record *r = declaration("M1", 3);
    struct gl_declaration *d = &r->body.declaration;
    gl_clip(d->lrn, sizeof d->lrn, "L1");
    gl_clip(d->type, sizeof d->type, "T1");
    d->lodged_at = 5;
    d->valid_to = 6;
    add_means(d->means, &d->n_means, GL_ROLE_VEHICLE, "TRUCK1");
    add_means(d->means, &d->n_means, GL_ROLE_TRAILER, "TRAIL1");
    d->n_equipment = 2;
    gl_clip(d->equipment[0].container, 18, "BOX1");
    d->equipment[1].n_seals = 2;
    gl_clip(d->equipment[1].seals[0], 36, "S1");
    gl_clip(d->equipment[1].seals[1], 36, "S2");
    d->n_offices = 1;
    d->offices[0] = (struct gl_office){GL_OFFICE_TRANSIT, "EE1234", 8};
    d->gross_kg = 1000;
    d->n_goods = 2;
    d->goods[0] = (struct gl_goods){"392690", 400, "1203"};
    d->goods[1] = (struct gl_goods){"010121", GL_INT_NULL, ""};
    d->n_documents = 1;
    d->documents[0] = (struct gl_document){"N954", "X1", GL_TRUE};
    d->control = (struct gl_control){GL_CHANNEL_DESK, "10"};
    d->trader = (struct gl_trader){"EE123", "AEO1"};
    return r;
}

static struct gl_feed_record *full_movement(void) {
    struct gl_feed_record *r = movement("G1", 2, "TRUCK1");
    struct gl_movement *m = &r->body.movement;
    m->channel = GL_CHANNEL_DESK;
    m->direction = GL_DIRECTION_OUT;
    gl_clip(m->office, sizeof m->office, "EE1234");
    m->lodged_at = 1;
    m->eta = 2;
    m->valid_from = 3;
    m->valid_to = 4;
    lists(r, "mrn", "M1");
    lists(r, "lrn", "L1");
    m->n_containers = 2;
    gl_clip(m->containers[0], 18, "BOX1");
    gl_clip(m->containers[1], 18, "BOX2");
    m->n_seals = 1;
    gl_clip(m->seals[0], 36, "S1");
    return r;
}

static struct gl_feed_record *full_small(uint8_t which) {
    struct gl_feed_record *r = record(which, GL_OP_UPSERT);
    if (which == GL_COLLECTION_TAGS)
        r->body.tag = (struct gl_tag){.ref = ref("epc", "AB"),
                                      .version = 4,
                                      .state = GL_TAG_ACTIVE,
                                      .role = GL_ROLE_TRAILER,
                                      .plate = "TRAIL1",
                                      .country = "EE",
                                      .valid_to = 77};
    else if (which == GL_COLLECTION_LOOKOUTS)
        r->body.lookout = (struct gl_lookout){
            ref("lookout", "K"), 5, GL_LOOKOUT_ACTIVE, GL_SOUGHT_PLATE, "TRUCK1", "EE", 1, 2, GL_CHANNEL_REFUSE, GL_TRUE, "stolen"};
    else
        r->body.trader = (struct gl_trader_record){ref("eori", "EE1"), 6, GL_TRADER_SUSPENDED, "AEO1", 1, 2};
    return r;
}

/* Every record comes out as it went in, to the byte of its JSON. */
static void nothing_is_lost_on_the_way(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_buf in = GL_BUF(1 << 20), out = GL_BUF(1 << 20);
    struct dump d = {.r = calloc(1, sizeof *d.r)};
    for (uint8_t which = 1; which < GL_COLLECTIONS; which++) {
        struct gl_feed_record *r = which == GL_COLLECTION_MOVEMENTS      ? full_movement()
                                   : which == GL_COLLECTION_DECLARATIONS ? full_declaration()
                                                                         : full_small(which);
        gl_buf_reset(&in);
        gl_buf_reset(&out);
        gl_feed_record_to_json(nth("e", 9, r), &in);
        put(c, r);
        d.n = 0;
        assert_int_equal(gl_cache_dump(c, which, keep, &d, NULL), 0);
        assert_int_equal(d.n, 1);
        gl_feed_record_to_json(d.r, &out);
        assert_string_equal(in.data, out.data);
    }
    gl_buf_free(&in);
    gl_buf_free(&out);
    free(d.r);
    gl_cache_close(c);
}

static void what_counts_is_told_in_order(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct dump d = {.r = calloc(1, sizeof *d.r)};
    struct gl_ref refused_one = ref("mrn", "D");
    set_epoch(c, GL_COLLECTION_DECLARATIONS, "e", "");
    put(c, nth("e", 1, declaration("C", 1)));
    put(c, nth("e", 2, declaration("A", 1)));
    put(c, nth("e", 3, cancelling(GL_COLLECTION_DECLARATIONS, "mrn", "B", 1)));
    put(c, nth("e", 4, declaration("D", 1)));
    put(c, nth("d", 4, declaration("E", 1))); /* of another epoch */
    assert_int_equal(gl_cache_void(c, GL_COLLECTION_DECLARATIONS, &refused_one, "e", 5, 1, NULL), 0);
    struct gl_feed_record *r = ruling(GL_COLLECTION_DECLARATIONS, "mrn", "F", 1);
    r->body.ruling.control.channel = GL_CHANNEL_DESK;
    put(c, nth("e", 6, r)); /* waits for its record */
    r = ruling(GL_COLLECTION_DECLARATIONS, "mrn", "C", 4);
    r->body.ruling.declaration_state = GL_DECLARATION_UNDER_CONTROL;
    r->body.ruling.control = (struct gl_control){GL_CHANNEL_PHYSICAL, "42"};
    r->body.ruling.n_documents = 1;
    gl_clip(r->body.ruling.documents[0].type, 12, "N954");
    put(c, nth("e", 7, r));
    assert_int_equal(gl_cache_dump(c, GL_COLLECTION_DECLARATIONS, keep, &d, NULL), 0);
    assert_string_equal(d.refs, "A B C ");
    assert_int_equal(d.r->body.declaration.version, 4); /* as it is told, controls included */
    assert_int_equal(d.r->body.declaration.state, GL_DECLARATION_UNDER_CONTROL);
    assert_int_equal(d.r->body.declaration.control.channel, GL_CHANNEL_PHYSICAL);
    assert_string_equal(d.r->body.declaration.control.type, "42");
    assert_string_equal(d.r->body.declaration.documents[0].type, "N954");
    d.n = 0;
    d.stop_at = 2;
    assert_int_equal(gl_cache_dump(c, GL_COLLECTION_DECLARATIONS, keep, &d, NULL), 5); /* the function ends it */
    assert_int_equal(d.n, 2);
    free(d.r);
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_nobody_leans_on_goes), cmocka_unit_test(nothing_of_it_stays),
        cmocka_unit_test(the_small_collections_too),      cmocka_unit_test(nothing_is_lost_on_the_way),
        cmocka_unit_test(what_counts_is_told_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
