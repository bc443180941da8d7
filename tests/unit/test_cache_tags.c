/* The registry of tags in the cache: what is said of a tag, and what was lodged is found by it. */
#include "cache_records.h"

#define EPC "3034257BF7194E4000001A85"
#define EPC_2 "3034257BF7194E4000001A86"

static void set_name(struct gl_ref *to, const char *type, const char *value) {
    *to = ref(type, value);
    assert_string_equal(to->value, value);
}

static struct gl_feed_record *tag(const char *epc, int64_t version, const char *plate) {
    struct gl_feed_record *r = record(GL_COLLECTION_TAGS, GL_OP_UPSERT);
    struct gl_tag *t = &r->body.tag;
    gl_fields_clear(&gl_tag_fields, t);
    set_name(&t->ref, "epc", epc);
    t->version = version;
    t->state = GL_TAG_ACTIVE;
    t->role = GL_ROLE_VEHICLE;
    assert_int_equal(gl_copy(t->plate, sizeof t->plate, plate), 0);
    gl_clip(t->country, sizeof t->country, "GB");
    return r;
}

static struct gl_feed_record *withdrawal(const char *epc, int64_t version) {
    struct gl_feed_record *r = record(GL_COLLECTION_TAGS, GL_OP_CANCEL);
    set_name(&r->body.cancel.ref, "epc", epc);
    r->body.cancel.version = version;
    return r;
}

static void add_key(struct gl_query *q, uint8_t kind, const char *text) {
    struct gl_key *k = &q->keys[q->n_keys++];
    k->kind = kind;
    if (kind == GL_KEY_REFERENCE) gl_clip(k->type, sizeof k->type, "gmr");
    assert_int_equal(gl_copy(k->text, sizeof k->text, text), 0);
}

static void carries(struct gl_movement *m, uint8_t role, const char *text) {
    add_means(m->means, &m->n_means, role, text);
}

static struct gl_feed_record *crossing(const char *value, const char *text) {
    return movement(value, 1, text);
}

static struct gl_answer *ask(struct gl_cache *c, const char *epc) {
    struct gl_query q = {.n_keys = 0};
    add_key(&q, GL_KEY_TAG, epc);
    struct gl_answer *a = answer(c, &q);
    assert_int_equal(a->n_tags, 1);
    assert_string_equal(a->tags[0].epc, epc);
    return a;
}

/* ---- what is said of a tag --------------------------------------------------------------------------------------------------- */

static void a_tag_is_told_as_it_was_registered(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = tag(EPC, 3, "NC15 REG");
    r->body.tag.valid_to = 77; /* long over: told, not judged */
    assert_int_equal(put(c, r), GL_APPLIED_NEW);
    const struct gl_answer_tag *t = &ask(c, EPC)->tags[0];
    assert_true(t->registered);
    assert_int_equal(t->state, GL_TAG_ACTIVE);
    assert_int_equal(t->valid_to, 77);
    assert_int_equal(t->role, GL_ROLE_VEHICLE);
    assert_string_equal(t->plate, "NC15 REG");
    assert_string_equal(t->country, "GB");
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_TAGS), 1);
    gl_cache_close(c);
}

static void an_unknown_tag_says_nothing_but_its_epc(void **state GL_UNUSED) {
    static const char *const unknown[] = {EPC_2, "", "30", "3034257bf7194e4000001a85", "GMRA00000001"};
    struct gl_cache *c = open_memory();
    char longest[GL_EPC];
    put(c, tag(EPC, 1, "NC15REG"));
    put(c, crossing("GMRA00000001", "NC15REG"));
    memset(longest, 'F', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i <= GL_COUNT(unknown); i++) {
        const char *epc = i < GL_COUNT(unknown) ? unknown[i] : longest;
        struct gl_answer *a = ask(c, epc);
        struct gl_answer_tag none = {.registered = false};
        gl_clip(none.epc, sizeof none.epc, epc);
        assert_memory_equal(&a->tags[0], &none, sizeof none);
        assert_int_equal(a->n_movements, 0);
        assert_false(a->truncated);
    }
    gl_cache_close(c);
}

static void versions_only_go_up(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    assert_int_equal(put(c, tag(EPC, 2, "NC15REG")), GL_APPLIED_NEW);
    assert_int_equal(put(c, tag(EPC, 1, "NC99OLD")), GL_APPLIED_OLDER);
    assert_string_equal(ask(c, EPC)->tags[0].plate, "NC15REG");
    assert_int_equal(put(c, tag(EPC, 2, "NC15REG")), GL_APPLIED_REPLACED); /* the same again changes nothing */
    assert_int_equal(put(c, tag(EPC, 3, "NC16REG")), GL_APPLIED_REPLACED);
    assert_string_equal(ask(c, EPC)->tags[0].plate, "NC16REG");
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_TAGS), 1);
    gl_cache_close(c);
}

static void a_withdrawn_tag_stays_withdrawn(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, crossing("GMRA00000001", "NC15REG"));
    put(c, tag(EPC, 3, "NC15REG"));
    assert_int_equal(put(c, withdrawal(EPC, 2)), GL_APPLIED_OLDER);
    assert_int_equal(ask(c, EPC)->n_movements, 1);
    assert_int_equal(put(c, withdrawal(EPC, GL_INT_NULL)), GL_APPLIED_CANCELLED);
    assert_int_equal(ask(c, EPC)->tags[0].state, GL_TAG_WITHDRAWN);
    assert_string_equal(ask(c, EPC)->tags[0].plate, "NC15REG"); /* whose it was is still told */
    assert_int_equal(ask(c, EPC)->n_movements, 0);
    assert_int_equal(put(c, tag(EPC, 3, "NC15REG")), GL_APPLIED_OLDER);
    assert_int_equal(ask(c, EPC)->n_movements, 0);
    assert_int_equal(put(c, tag(EPC, 4, "NC15REG")), GL_APPLIED_REPLACED);
    assert_int_equal(ask(c, EPC)->n_movements, 1);
    struct gl_feed_record *r = tag(EPC, 5, "NC15REG"); /* by an upsert as well */
    r->body.tag.state = GL_TAG_WITHDRAWN;
    assert_int_equal(put(c, r), GL_APPLIED_REPLACED);
    assert_true(ask(c, EPC)->tags[0].registered);
    assert_int_equal(ask(c, EPC)->n_movements, 0);
    gl_cache_close(c);
}

static void a_withdrawal_comes_before_its_tag(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    assert_int_equal(put(c, withdrawal(EPC, 4)), GL_APPLIED_CANCELLED);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_TAGS), 1);
    assert_true(ask(c, EPC)->tags[0].registered);
    assert_int_equal(ask(c, EPC)->tags[0].state, GL_TAG_WITHDRAWN);
    assert_string_equal(ask(c, EPC)->tags[0].plate, "");
    assert_int_equal(put(c, tag(EPC, 4, "NC15REG")), GL_APPLIED_OLDER);
    assert_int_equal(ask(c, EPC)->tags[0].state, GL_TAG_WITHDRAWN);
    assert_int_equal(put(c, tag(EPC, 5, "NC15REG")), GL_APPLIED_REPLACED);
    assert_int_equal(ask(c, EPC)->tags[0].state, GL_TAG_ACTIVE);
    gl_cache_close(c);
}

/* ---- what is found by it ----------------------------------------------------------------------------------------------------- */

static void a_truck_is_found_by_its_tag_alone(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, tag(EPC, 1, "sö-ab 123")); /* its plate in every spelling, as a camera's reading */
    put(c, crossing("GMRA00000001", "SÖAB123"));
    put(c, crossing("GMRA00000002", "SOEAB 123"));
    put(c, crossing("GMRA00000003", "OTHER1"));
    struct gl_feed_record *r = record(GL_COLLECTION_DECLARATIONS, GL_OP_UPSERT);
    gl_fields_clear(&gl_declaration_fields, &r->body.declaration);
    set_name(&r->body.declaration.ref, "mrn", "M1");
    r->body.declaration.version = 1;
    r->body.declaration.state = GL_DECLARATION_RELEASED;
    r->body.declaration.n_means = 1;
    r->body.declaration.means[0].role = GL_ROLE_VEHICLE;
    gl_clip(r->body.declaration.means[0].plate, GL_IDENTITY, "SO AB 123");
    put(c, r);
    struct gl_answer *a = ask(c, EPC);
    assert_int_equal(a->n_movements, 2);
    assert_string_equal(a->movements[0].ref.value, "GMRA00000001");
    assert_int_equal(a->movements[0].by, GL_BY_TAG);
    assert_int_equal(a->movements[1].by, GL_BY_TAG);
    assert_int_equal(a->n_declarations, 1);
    assert_int_equal(a->declarations[0].by, GL_BY_TAG);
    assert_int_equal(ask(c, EPC_2)->n_movements, 0);
    gl_cache_close(c);
}

static void an_expired_tag_still_leads_on(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = tag(EPC, 1, "NC15REG");
    r->body.tag.valid_to = 1;
    put(c, r);
    put(c, crossing("GMRA00000001", "NC15REG"));
    assert_int_equal(ask(c, EPC)->movements[0].by, GL_BY_TAG); /* the core judges valid_to */
    gl_cache_close(c);
}

static void roles_of_the_means_count(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = crossing("GMRA00000001", NULL);
    carries(&r->body.movement, GL_ROLE_TRAILER, "SWAP1");
    carries(&r->body.movement, GL_ROLE_UNKNOWN, "EITHER1");
    put(c, r);
    put(c, tag(EPC, 1, "SWAP1"));
    assert_int_equal(ask(c, EPC)->n_movements, 0); /* the plate of a trailer: not what a vehicle's tag was issued for */
    put(c, tag(EPC, 2, "EITHER1"));
    assert_int_equal(ask(c, EPC)->movements[0].by, GL_BY_TAG);
    gl_cache_close(c);
}

static void the_tag_of_a_trailer_leads_to_nothing(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_feed_record *r = crossing("GMRA00000001", "SAME1");
    carries(&r->body.movement, GL_ROLE_TRAILER, "SAME1");
    put(c, r);
    r = tag(EPC, 1, "SAME1");
    r->body.tag.role = GL_ROLE_TRAILER;
    put(c, r);
    struct gl_answer *a = ask(c, EPC);
    assert_true(a->tags[0].registered);
    assert_int_equal(a->tags[0].role, GL_ROLE_TRAILER);
    assert_string_equal(a->tags[0].plate, "SAME1");
    assert_int_equal(a->n_movements, 0);
    gl_cache_close(c);
}

static void ways_are_joined_and_ranked(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_query q = {.n_keys = 0};
    put(c, tag(EPC, 1, "TRUCK1"));
    put(c, tag(EPC_2, 1, "TAGGED1"));
    put(c, crossing("GMRA00000004", "TRUCK1"));
    put(c, crossing("GMRA00000003", "TAGGED1"));
    put(c, crossing("GMRA00000002", "READ1"));
    struct gl_feed_record *r = crossing("GMRA00000001", NULL);
    carries(&r->body.movement, GL_ROLE_TRAILER, "TRAIL1");
    put(c, r);
    put(c, crossing("GMRA00000005", "PAPER1"));
    add_key(&q, GL_KEY_TRAILER, "TRAIL1");
    add_key(&q, GL_KEY_TAG, EPC);
    add_key(&q, GL_KEY_VEHICLE, "TRUCK1");
    add_key(&q, GL_KEY_TAG, EPC_2);
    add_key(&q, GL_KEY_VEHICLE, "READ1");
    add_key(&q, GL_KEY_REFERENCE, "GMRA00000005");
    struct gl_answer *a = answer(c, &q);
    static const struct {
        const char *value;
        uint8_t by;
    } want[] = {{"GMRA00000005", GL_BY_REFERENCE},
                {"GMRA00000002", GL_BY_PLATE},
                {"GMRA00000004", GL_BY_PLATE}, /* and nothing that was lodged for the second tag's vehicle */
                {"GMRA00000001", GL_BY_TRAILER}};
    assert_int_equal(a->n_movements, GL_COUNT(want));
    for (size_t i = 0; i < GL_COUNT(want); i++) {
        assert_string_equal(a->movements[i].ref.value, want[i].value);
        assert_int_equal(a->movements[i].by, want[i].by);
    }
    assert_int_equal(a->n_tags, 2); /* in the order of the query */
    assert_string_equal(a->tags[0].epc, EPC);
    assert_string_equal(a->tags[1].epc, EPC_2);
    gl_cache_close(c);
}

/* ---- many -------------------------------------------------------------------------------------------------------------------- */

static void one_answer_for_each_tag_in_order(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_query q = {.n_keys = 0};
    for (int i = 0; i < 500; i++) {
        char epc[GL_EPC], plate[GL_PLATE];
        gl_format(epc, sizeof epc, "E280%04X", (unsigned)i);
        gl_format(plate, sizeof plate, "PLATE%d", i);
        put(c, tag(epc, 1, plate));
    }
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_TAGS), 500);
    static const char *const asked[GL_MAX_TAGS] = {"E28001F3", "E2800000", "FFFF",     "E2800007",
                                                   "E2800000", "",         "E2800063", "E28001F4"};
    static const char *const plates[GL_MAX_TAGS] = {"PLATE499", "PLATE0", "", "PLATE7", "PLATE0", "", "PLATE99", ""};
    for (size_t i = 0; i < GL_MAX_TAGS; i++) add_key(&q, GL_KEY_TAG, asked[i]);
    struct gl_answer *a = answer(c, &q);
    assert_int_equal(a->n_tags, GL_MAX_TAGS);
    assert_false(a->truncated);
    for (size_t i = 0; i < GL_MAX_TAGS; i++) {
        assert_string_equal(a->tags[i].epc, asked[i]);
        assert_string_equal(a->tags[i].plate, plates[i]);
        assert_int_equal(a->tags[i].registered, plates[i][0] != '\0');
    }
    add_key(&q, GL_KEY_TAG, "E2800001"); /* one too many: never a release */
    a = answer(c, &q);
    assert_int_equal(a->n_tags, GL_MAX_TAGS);
    assert_true(a->truncated);
    gl_cache_close(c);
}

static void fill_dead(struct gl_cache *c, const char *plate, int from, int n) {
    for (int i = from; i < from + n; i++) {
        char value[GL_REF];
        gl_format(value, sizeof value, "OLD%05d", i);
        struct gl_feed_record *r = crossing(value, plate);
        r->body.movement.state = i % 2 ? GL_MOVEMENT_EXITED : GL_MOVEMENT_CANCELLED;
        put(c, r);
    }
}

static void the_dead_crowd_out_nobody(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_query q = {.n_keys = 0}, plates_alone = {.n_keys = 0};
    assert_int_equal(gl_cache_begin(c, NULL), 0);
    static const char *const plates[] = {"TRUCK1", "TRUCK2", "TRUCK3", "TRUCK4"};
    for (int i = 0; i < 4; i++) { /* more dead ones than there is room for, found once, and twice: by plate and by tag */
        char epc[GL_EPC];
        gl_format(epc, sizeof epc, "E20%d", i);
        fill_dead(c, plates[i], i * 400, 400);
        put(c, tag(epc, 1, plates[i]));
        add_key(&q, GL_KEY_VEHICLE, plates[i]);
        add_key(&q, GL_KEY_TAG, epc);
        add_key(&plates_alone, GL_KEY_VEHICLE, plates[i]);
    }
    put(c, tag(EPC, 1, "LIVE1"));
    put(c, crossing("ZNEW", "LIVE1"));
    add_key(&q, GL_KEY_VEHICLE, "LIVE1");
    add_key(&plates_alone, GL_KEY_VEHICLE, "LIVE1");
    for (int i = 0; i < 2; i++) {
        struct gl_answer *a = answer(c, i ? &plates_alone : &q);
        assert_false(a->truncated);
        assert_int_equal(a->n_tags, i ? 0 : 4);
        assert_int_equal(a->n_movements, GL_MAX_ANSWER_MOVEMENTS);
        assert_string_equal(a->movements[0].ref.value, "ZNEW");
        assert_int_equal(a->movements[0].by, GL_BY_PLATE);
    }
    for (int i = 1; i <= GL_MAX_ANSWER_MOVEMENTS; i++) { /* one more alive than the answer holds */
        char value[GL_REF];
        gl_format(value, sizeof value, "ZNEW%d", i);
        put(c, crossing(value, "LIVE1"));
    }
    assert_true(answer(c, &q)->truncated);
    gl_cache_close(c);
}

static void trailers_beside_a_tag_are_no_loss(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, tag(EPC, 1, "TRUCK1"));
    put(c, crossing("GMRA00000001", "TRUCK1"));
    for (int i = 0; i < 20; i++) { /* twenty live ones of whose trailer it is the plate: not what the tag says */
        char value[GL_REF];
        gl_format(value, sizeof value, "TRAIL%02d", i);
        struct gl_feed_record *r = crossing(value, NULL);
        carries(&r->body.movement, GL_ROLE_TRAILER, "TRUCK1");
        put(c, r);
    }
    struct gl_answer *a = ask(c, EPC);
    assert_int_equal(a->n_movements, 1);
    assert_false(a->truncated);
    gl_cache_close(c);
}

static void a_key_that_fits_nothing_fails(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    static struct gl_answer a;
    const uint8_t kinds[] = {GL_KEY_VEHICLE, GL_KEY_REFERENCE, GL_KEY_CONTAINER};
    for (size_t i = 0; i < GL_COUNT(kinds); i++) { /* an EPC's room is larger than theirs: nothing may be cut */
        char text[GL_KEY_TEXT];
        struct gl_query q = {.n_keys = 0};
        memset(text, 'A', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        add_key(&q, GL_KEY_TAG, EPC);
        add_key(&q, kinds[i], text);
        struct gl_error err = {""};
        assert_int_equal(gl_cache_lookup(c, &q, &a, &err), -ENAMETOOLONG);
        assert_true(a.failed);
        assert_int_equal(a.n_tags, 0);
    }
    gl_cache_close(c);
}

/* ---- by TID ------------------------------------------------------------------------------------------------------------------- */

#define TID "E28011052000AAAA00000001"

static struct gl_feed_record *by_tid(const char *beginning, const char *plate) {
    struct gl_feed_record *r = tag(EPC, 1, plate);
    set_name(&r->body.tag.ref, "tid", beginning);
    return r;
}

static const char *whose(struct gl_cache *c, const char *tid) {
    struct gl_query q = {.n_keys = 0};
    add_key(&q, GL_KEY_TAG, EPC);
    gl_clip(q.keys[0].tid, sizeof q.keys[0].tid, tid);
    struct gl_answer *a = answer(c, &q);
    assert_int_equal(a->n_tags, 1);
    assert_string_equal(a->tags[0].epc, EPC);
    assert_string_equal(a->tags[0].tid, tid);
    return a->tags[0].registered ? a->tags[0].plate : "";
}

static void a_tid_says_more_than_an_epc(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, by_tid("E28011052000AAAA", "FLEET1"));
    assert_string_equal(whose(c, TID), "FLEET1"); /* the beginning is registered */
    put(c, by_tid(TID, "TRUCK1"));
    assert_string_equal(whose(c, TID), "TRUCK1"); /* the longest counts */
    put(c, tag(EPC, 1, "COPIED"));
    assert_string_equal(whose(c, TID), "TRUCK1");
    assert_string_equal(whose(c, TID "0BAD"), "TRUCK1"); /* more was read than is registered */
    assert_string_equal(whose(c, "E28011052000BBBB00000001"), "COPIED");
    assert_string_equal(whose(c, "E280110520"), "COPIED"); /* less was read than tells */
    assert_string_equal(whose(c, ""), "COPIED");
    gl_cache_close(c);
}

static void a_void_tid_says_nothing(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    set_epoch(c, GL_COLLECTION_TAGS, "t1", "");
    put(c, nth("t1", 0, by_tid(TID, "TRUCK1")));
    assert_string_equal(whose(c, TID), "TRUCK1");
    set_epoch(c, GL_COLLECTION_TAGS, "t2", "t1");
    assert_string_equal(whose(c, TID), "");
    gl_cache_close(c);
}

/* ---- epochs, transactions, files --------------------------------------------------------------------------------------------- */

static void a_tag_of_an_earlier_epoch_is_unknown(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    set_epoch(c, GL_COLLECTION_TAGS, "t1", "");
    put(c, crossing("GMRA00000001", "NC15REG"));
    put(c, nth("t1", 0, tag(EPC, 1, "NC15REG")));
    put(c, tag(EPC_2, 1, "NC15REG")); /* imported: of no epoch */
    assert_int_equal(ask(c, EPC)->n_movements, 1);
    set_epoch(c, GL_COLLECTION_MOVEMENTS, "m2", ""); /* another collection's */
    assert_true(ask(c, EPC)->tags[0].registered);
    set_epoch(c, GL_COLLECTION_TAGS, "t2", "t1");
    struct gl_answer *a = ask(c, EPC);
    assert_false(a->tags[0].registered);
    assert_string_equal(a->tags[0].plate, "");
    assert_int_equal(a->n_movements, 0);
    assert_int_equal(ask(c, EPC_2)->n_movements, 1);
    assert_int_equal(put(c, nth("t2", 0, tag(EPC, 1, "NC15REG"))), GL_APPLIED_REPLACED);
    assert_int_equal(ask(c, EPC)->n_movements, 1);
    gl_cache_close(c);
}

static void a_rollback_leaves_nothing(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    put(c, tag(EPC, 1, "NC15REG"));
    assert_int_equal(gl_cache_commit(c, NULL), 0);
    assert_int_equal(gl_cache_begin(c, NULL), 0);
    put(c, withdrawal(EPC, GL_INT_NULL));
    put(c, tag(EPC_2, 1, "NC16REG"));
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_TAGS), 2);
    gl_cache_rollback(c);
    assert_int_equal(ask(c, EPC)->tags[0].state, GL_TAG_ACTIVE);
    assert_false(ask(c, EPC_2)->tags[0].registered);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_TAGS), 1);
    gl_cache_close(c);
}

static void a_bad_tag_leaves_nothing(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_error err = {""};
    enum gl_applied applied;
    struct gl_feed_record *r = tag(EPC, 1, "\xC3\x28"); /* not UTF-8: no key */
    assert_int_equal(gl_cache_apply(c, r, 1, &applied, &err), -EILSEQ);
    assert_non_null(strstr(err.text, "plate: no key"));
    free(r);
    r = tag("", 1, "NC15REG");
    assert_int_equal(gl_cache_apply(c, r, 1, &applied, &err), -EINVAL);
    r->op = GL_OP_HEARTBEAT;
    assert_int_equal(gl_cache_apply(c, r, 1, &applied, &err), -EINVAL);
    free(r);
    assert_int_equal(gl_cache_count(c, GL_COLLECTION_TAGS), 0);
    gl_cache_close(c);
}

static void a_tag_is_found_by_one_search(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    char sql[600];
    sqlite3_stmt *stmt;
    gl_format(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", gl_cache_tags_kind.sql[TAG_ANSWER].text);
    assert_int_equal(sqlite3_prepare_v2(c->db[GL_COLLECTION_TAGS].sql, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_non_null(strstr((const char *)sqlite3_column_text(stmt, 3), "SEARCH record USING INDEX"));
    sqlite3_finalize(stmt);
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tag_is_told_as_it_was_registered),
        cmocka_unit_test(an_unknown_tag_says_nothing_but_its_epc),
        cmocka_unit_test(versions_only_go_up),
        cmocka_unit_test(a_withdrawn_tag_stays_withdrawn),
        cmocka_unit_test(a_withdrawal_comes_before_its_tag),
        cmocka_unit_test(a_truck_is_found_by_its_tag_alone),
        cmocka_unit_test(an_expired_tag_still_leads_on),
        cmocka_unit_test(roles_of_the_means_count),
        cmocka_unit_test(the_tag_of_a_trailer_leads_to_nothing),
        cmocka_unit_test(ways_are_joined_and_ranked),
        cmocka_unit_test(one_answer_for_each_tag_in_order),
        cmocka_unit_test(the_dead_crowd_out_nobody),
        cmocka_unit_test(trailers_beside_a_tag_are_no_loss),
        cmocka_unit_test(a_key_that_fits_nothing_fails),
        cmocka_unit_test(a_tid_says_more_than_an_epc),
        cmocka_unit_test(a_void_tid_says_nothing),
        cmocka_unit_test(a_tag_of_an_earlier_epoch_is_unknown),
        cmocka_unit_test(a_rollback_leaves_nothing),
        cmocka_unit_test(a_bad_tag_leaves_nothing),
        cmocka_unit_test(a_tag_is_found_by_one_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
