/* The records of one epoch, in whatever order they come, leave the same behind: thousands of random schedules of upserts, cancels, expiries,
 * controls, re-keys and refusals, each applied in order and then shuffled. */
#include "base/buf.h"
#include "cache_records.h"

enum { RECORDS = 20, SCHEDULES = 1000, SHUFFLES = 4, REFS = 4 };

struct event {
    struct gl_feed_record *r;
    bool refused; /* the record came, and could not be used */
};

struct schedule {
    uint64_t random;
    uint8_t collection;
    int n;
    struct event of[RECORDS];
    bool rekeyed[REFS];
};

static unsigned pick(struct schedule *s, unsigned below) {
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (unsigned)((s->random >> 16) % below);
}

/* Of declarations half the references are local ones. */
static struct gl_ref nth_ref(const struct schedule *s, unsigned i) {
    char value[8];
    snprintf(value, sizeof value, "R%u", i);
    if (s->collection == GL_COLLECTION_DECLARATIONS) return ref(i < REFS / 2 ? "lrn" : "mrn", value);
    static const char *const types[GL_COLLECTIONS] = {"", "gmr", "", "epc", "lookout", "eori"};
    return ref(types[s->collection], value);
}

static struct gl_feed_record *make_movement(struct schedule *s, unsigned i, int64_t version) {
    char text[24];
    snprintf(text, sizeof text, "TRUCK%u", pick(s, 3));
    struct gl_feed_record *r = movement("", version, text);
    r->body.movement.ref = nth_ref(s, i);
    r->body.movement.state = (uint8_t)(GL_MOVEMENT_DRAFT + pick(s, GL_MOVEMENT_EXPIRED));
    r->body.movement.channel = (uint8_t)pick(s, 5);
    snprintf(text, sizeof text, "D%u", pick(s, 3));
    if (pick(s, 2)) lists(r, "lrn", text);
    return r;
}

/* What it says of its LRN is true: the declaration R3 was R1 before. */
static struct gl_feed_record *make_declaration(struct schedule *s, unsigned i, int64_t version) {
    struct gl_feed_record *r = declaration("", version);
    struct gl_declaration *d = &r->body.declaration;
    d->ref = nth_ref(s, i);
    d->state = (uint8_t)(GL_DECLARATION_LODGED + pick(s, GL_DECLARATION_EXPIRED));
    d->control.channel = (uint8_t)pick(s, 5);
    d->gross_kg = version;
    if (i == 3 && pick(s, 2)) snprintf(d->lrn, sizeof d->lrn, "R1");
    d->n_documents = (uint16_t)pick(s, 3);
    for (size_t k = 0; k < d->n_documents; k++) {
        snprintf(d->documents[k].type, sizeof d->documents[k].type, "N%u", pick(s, 3));
        if (pick(s, 2)) snprintf(d->documents[k].ref, sizeof d->documents[k].ref, "X");
        d->documents[k].required = (uint8_t)pick(s, 3);
    }
    return r;
}

static struct gl_feed_record *make_small(struct schedule *s, unsigned i, int64_t version) {
    struct gl_feed_record *r = record(s->collection, GL_OP_UPSERT);
    char text[12];
    snprintf(text, sizeof text, "NC%u", pick(s, 3));
    if (s->collection == GL_COLLECTION_TAGS) {
        r->body.tag =
            (struct gl_tag){.ref = nth_ref(s, i), .version = version, .state = (uint8_t)(1 + pick(s, 2)), .role = GL_ROLE_VEHICLE};
        gl_clip(r->body.tag.plate, GL_IDENTITY, text);
    } else if (s->collection == GL_COLLECTION_LOOKOUTS) {
        r->body.lookout = (struct gl_lookout){.ref = nth_ref(s, i), .version = version, .state = (uint8_t)(1 + pick(s, 2))};
        r->body.lookout.what = (uint8_t)(1 + pick(s, 4));
        gl_clip(r->body.lookout.text, GL_REF, text);
    } else {
        r->body.trader = (struct gl_trader_record){.ref = nth_ref(s, i), .version = version, .state = (uint8_t)(1 + pick(s, 3))};
        gl_clip(r->body.trader.aeo, sizeof r->body.trader.aeo, text);
    }
    return r;
}

static struct gl_feed_record *make_upsert(struct schedule *s, unsigned i, int64_t version) {
    if (s->collection == GL_COLLECTION_MOVEMENTS) return make_movement(s, i, version);
    return s->collection == GL_COLLECTION_DECLARATIONS ? make_declaration(s, i, version) : make_small(s, i, version);
}

static struct gl_feed_record *make_ruling(struct schedule *s, unsigned i, int64_t version) {
    struct gl_ref name = nth_ref(s, i);
    struct gl_feed_record *r = ruling(s->collection, name.type, name.value, version);
    struct gl_ruling *x = &r->body.ruling;
    bool declared = s->collection == GL_COLLECTION_DECLARATIONS;
    if (!declared) {
        x->movement_state = (uint8_t)pick(s, GL_MOVEMENT_EXPIRED);
        x->channel = (uint8_t)(1 + pick(s, 4));
        return r;
    }
    x->declaration_state = (uint8_t)pick(s, GL_DECLARATION_EXPIRED);
    x->control.channel = (uint8_t)pick(s, 5);
    if (x->control.channel) snprintf(x->control.type, sizeof x->control.type, "%u", pick(s, 60));
    x->n_documents = (uint16_t)pick(s, 3);
    for (size_t k = 0; k < x->n_documents; k++) {
        snprintf(x->documents[k].type, sizeof x->documents[k].type, "N%u", pick(s, 4));
        x->documents[k].required = (uint8_t)pick(s, 3);
    }
    return r;
}

/* From a lower reference to a higher one, each once. */
static struct gl_feed_record *make_rekey(struct schedule *s, int64_t version) {
    unsigned was = pick(s, REFS - 1), is = was + 1 + pick(s, REFS - 1 - was);
    if (s->collection == GL_COLLECTION_DECLARATIONS && was == 1) is = 3; /* as its LRN says, too */
    if (s->rekeyed[was]) return NULL;
    s->rekeyed[was] = true;
    return rekeying(s->collection, nth_ref(s, was), nth_ref(s, is), version);
}

static struct gl_feed_record *make_record(struct schedule *s, unsigned kind, unsigned i, int64_t version) {
    bool lodged = s->collection <= GL_COLLECTION_DECLARATIONS;
    struct gl_ref name = nth_ref(s, i);
    struct gl_feed_record *r = NULL;
    if (kind == 1 && lodged) r = make_rekey(s, version);
    if (kind == 2 && lodged) r = make_ruling(s, i, version);
    if (kind == 3) r = cancelling(s->collection, name.type, name.value, pick(s, 2) ? version : GL_INT_NULL);
    if (kind == 3 && pick(s, 2)) r->op = GL_OP_EXPIRE;
    return r ? r : make_upsert(s, i, version);
}

static void make_schedule(struct schedule *s, uint64_t seed) {
    *s = (struct schedule){.random = seed * 0x9E3779B97F4A7C15u + 1};
    s->collection = (uint8_t)(GL_COLLECTION_MOVEMENTS + (seed % 3 == 0 ? pick(s, GL_COLLECTIONS - 1) : pick(s, 2)));
    s->n = 3 + (int)pick(s, RECORDS - 3);
    for (int i = 0; i < s->n; i++) {
        s->of[i].r = nth("e", i + 1, make_record(s, pick(s, 5), pick(s, REFS), 1 + i / 2));
        s->of[i].refused = s->of[i].r->op == GL_OP_UPSERT && pick(s, 8) == 0;
    }
}

static void drop_schedule(struct schedule *s) {
    for (int i = 0; i < s->n; i++) free(s->of[i].r);
}

static void play(struct gl_cache *c, const struct event *e) {
    struct gl_error err = {""};
    enum gl_applied applied;
    int rc = e->refused ? gl_cache_void(c, e->r->collection, gl_feed_record_ref(e->r), "e", e->r->seq, 1, &err)
                        : gl_cache_apply(c, e->r, 1, &applied, &err);
    if (rc < 0) fail_msg("%s", err.text);
}

static int write_one(void *user, const struct gl_feed_record *r) {
    gl_feed_record_to_json(r, user);
    gl_buf_char(user, '\n');
    return 0;
}

/* What is left after all of it, and what a look-up by plate and by reference says; then nothing of it. */
static void outcome(struct gl_cache *c, const struct schedule *s, const struct event *const order[], struct gl_buf *out) {
    gl_buf_reset(out);
    for (int i = 0; i < s->n; i++) play(c, order[i]);
    assert_int_equal(gl_cache_dump(c, s->collection, write_one, out, NULL), 0);
    gl_buf_printf(out, "%lld records\n", (long long)gl_cache_count(c, s->collection));
    for (unsigned i = 0; i < REFS; i++) {
        struct gl_ref name = nth_ref(s, i);
        const struct gl_answer *a = look(c, GL_KEY_REFERENCE, name.type, name.value);
        for (size_t k = 0; k < a->n_movements; k++)
            gl_buf_printf(out, "%u: %s %u %u\n", i, a->movements[k].ref.value, a->movements[k].state, a->movements[k].channel);
        for (size_t k = 0; k < a->n_declarations; k++)
            gl_buf_printf(out, "%u: %s %u %u wants %u %s\n", i, a->declarations[k].ref.value, a->declarations[k].state,
                          a->declarations[k].control, a->declarations[k].n_wanted,
                          a->declarations[k].n_wanted ? a->declarations[k].wanted[0] : "");
    }
    for (unsigned i = 0; i < 3; i++) {
        char text[24];
        snprintf(text, sizeof text, "TRUCK%u", i);
        const struct gl_answer *a = plate(c, text);
        for (size_t k = 0; k < a->n_movements; k++) gl_buf_printf(out, "%s: %s\n", text, a->movements[k].ref.value);
    }
    gl_cache_rollback(c);
    assert_int_equal(gl_cache_count(c, s->collection), 0);
}

static void shuffle(struct schedule *s, const struct event *order[]) {
    for (int i = s->n - 1; i > 0; i--) {
        int k = (int)pick(s, (unsigned)i + 1);
        const struct event *e = order[i];
        order[i] = order[k];
        order[k] = e;
    }
}

static void any_order_leaves_the_same(void **state GL_UNUSED) {
    struct gl_cache *c = open_memory();
    struct gl_buf in_order = GL_BUF(1 << 20), shuffled = GL_BUF(1 << 20);
    int64_t told = 0;
    for (uint64_t seed = 1; seed <= SCHEDULES; seed++) {
        struct schedule s;
        const struct event *order[RECORDS];
        make_schedule(&s, seed);
        for (int i = 0; i < s.n; i++) order[i] = &s.of[i];
        outcome(c, &s, order, &in_order);
        told += (int64_t)in_order.len;
        for (int k = 0; k < SHUFFLES; k++) {
            shuffle(&s, order);
            outcome(c, &s, order, &shuffled);
            if (strcmp(in_order.data, shuffled.data) == 0) continue;
            for (int i = 0; i < s.n; i++) {
                const struct gl_ref *name = gl_feed_record_ref(order[i]->r);
                print_error("  %lld %s%s %s %s\n", (long long)order[i]->r->seq, order[i]->refused ? "refused " : "",
                            gl_feed_ops[order[i]->r->op], name->value,
                            order[i]->r->op == GL_OP_REKEY ? order[i]->r->body.rekey.was.value : "");
            }
            print_error("--- in order\n");
            fwrite(in_order.data, 1, in_order.len, stderr);
            print_error("--- shuffled as above\n");
            fwrite(shuffled.data, 1, shuffled.len, stderr);
            fail_msg("schedule %llu of %s", (unsigned long long)seed, gl_collections[s.collection]);
        }
        drop_schedule(&s);
    }
    assert_true(told > SCHEDULES * 200); /* there was something to compare */
    gl_buf_free(&in_order);
    gl_buf_free(&shuffled);
    gl_cache_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_leaves_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
