/* One vehicle, one released declaration for each movement. */
#include "records.h"

enum { DAY_MS = 86400000 };

static void begin(struct gl_feed_record *r, enum gl_collection which, int64_t now) {
    *r = (struct gl_feed_record){.collection = (uint8_t)which, .op = GL_OP_UPSERT, .epoch = BENCH_EPOCH, .seq = 1, .as_of = now};
}

static void lrn(struct gl_ref *ref, int64_t n) {
    gl_format(ref->type, sizeof ref->type, "lrn");
    gl_format(ref->value, sizeof ref->value, "D%08lld", (long long)n);
}

void bench_movement(struct gl_feed_record *r, int64_t now) {
    struct gl_movement *m = &r->body.movement;
    begin(r, GL_COLLECTION_MOVEMENTS, now);
    gl_fields_clear(&gl_movement_fields, m);
    gl_format(m->ref.type, sizeof m->ref.type, "gmr");
    m->version = 1;
    m->kind = GL_MOVEMENT_GOODS;
    m->state = GL_MOVEMENT_READY;
    m->channel = GL_CHANNEL_RELEASE;
    m->direction = GL_DIRECTION_IN;
    m->valid_to = now + (int64_t)30 * DAY_MS;
    m->n_means = 1;
    m->means[0].role = GL_ROLE_VEHICLE;
    m->n_declarations = 1;
    bench_renumber(r, 0);
}

void bench_declaration(struct gl_feed_record *r, int64_t now) {
    struct gl_declaration *d = &r->body.declaration;
    begin(r, GL_COLLECTION_DECLARATIONS, now);
    gl_fields_clear(&gl_declaration_fields, d);
    d->version = 1;
    d->state = GL_DECLARATION_RELEASED;
    d->gross_kg = 18200000;
    d->n_goods = 1;
    gl_format(d->goods[0].hs, sizeof d->goods[0].hs, "392690");
    d->goods[0].gross_kg = 18200000;
    bench_renumber(r, 0);
}

void bench_renumber(struct gl_feed_record *r, int64_t n) {
    if (r->collection == GL_COLLECTION_DECLARATIONS) {
        lrn(&r->body.declaration.ref, n);
        return;
    }
    bench_ref(n, r->body.movement.ref.value);
    bench_plate(n, r->body.movement.means[0].plate);
    lrn(&r->body.movement.declarations[0], n);
}
