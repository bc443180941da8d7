/* Writing one record of the feed: the whole record or nothing of it.
 *
 *     what comes | what is there                   | result
 *     upsert     | nothing                         | new
 *     upsert     | a higher version                | older: ignored
 *     upsert     | cancelled, version not lower    | older: ignored; what was cancelled stays so until a higher version
 *     upsert     | else                            | replaced, with everything that belongs to it
 *     cancel     | a higher version                | older: ignored
 *     cancel     | else, or nothing                | cancelled, a tombstone with the higher version */
#include <errno.h>
#include <string.h>

#include "store/cache_impl.h"

/* What one record's writing needs at hand. */
struct writing {
    struct gl_cache *c;
    uint8_t owner; /* enum gl_collection; of what belongs to a record OWNER_*, the same numbers */
    int64_t id;    /* of the row */
    bool dead;
    const char *epoch; /* of the record */
    int64_t now;
    struct gl_error *err;
};

struct present {
    int64_t id; /* GL_INT_NULL = nothing is there */
    int64_t version;
    uint8_t state;
};

/* What the collections have of their own. */
static const struct {
    unsigned find, cancel; /* queries */
    uint8_t cancelled;     /* the state of what was cancelled */
} kinds[GL_COLLECTIONS] = {
    [GL_COLLECTION_MOVEMENTS] = {CACHE_FIND_MOVEMENT, CACHE_CANCEL_MOVEMENT, GL_MOVEMENT_CANCELLED},
    [GL_COLLECTION_DECLARATIONS] = {CACHE_FIND_DECLARATION, CACHE_CANCEL_DECLARATION, GL_DECLARATION_CANCELLED},
    [GL_COLLECTION_TAGS] = {CACHE_FIND_TAG, CACHE_CANCEL_TAG, GL_TAG_WITHDRAWN},
};

static int find(struct writing *w, const struct gl_ref *ref, struct present *ret) {
    *ret = (struct present){.id = GL_INT_NULL};
    struct gl_rows q = gl_db_query(&w->c->db, kinds[w->owner].find);
    gl_put_text(&q, ref->type);
    gl_put_text(&q, ref->value);
    int rc = gl_db_step(&q, w->err);
    if (rc <= 0) return rc;
    struct present p;
    p.id = gl_take_int(&q);
    p.version = gl_take_int(&q);
    p.state = gl_take_u8(&q);
    if ((rc = gl_taken(&q, w->err)) < 0) return rc;
    gl_db_end(&q);
    *ret = p;
    return 0;
}

/* A query that begins with the owner's kind and id, ready for what follows. */
static struct gl_rows owned(struct writing *w, unsigned query) {
    struct gl_rows q = gl_db_query(&w->c->db, query);
    gl_put_int(&q, w->owner);
    gl_put_int(&q, w->id);
    return q;
}

static struct gl_rows numbered(struct writing *w, unsigned query, size_t n) {
    struct gl_rows q = gl_db_query(&w->c->db, query);
    gl_put_int(&q, w->id);
    gl_put_int(&q, (int64_t)n);
    return q;
}

/* ---- children ---------------------------------------------------------------------------------------------------------------- */

static int drop_children(struct writing *w) {
    static const unsigned shared[] = {CACHE_DROP_MEANS, CACHE_DROP_EQUIPMENT, CACHE_DROP_SEALS, CACHE_DROP_IDENTIFIERS};
    static const unsigned declared[] = {CACHE_DROP_GOODS, CACHE_DROP_OFFICES, CACHE_DROP_DOCUMENTS}, listed[] = {CACHE_DROP_LISTED};
    bool movement = w->owner == OWNER_MOVEMENT;
    const unsigned *own = movement ? listed : declared;
    size_t n_own = movement ? GL_COUNT(listed) : GL_COUNT(declared);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < GL_COUNT(shared); i++) {
        struct gl_rows q = owned(w, shared[i]);
        rc = gl_db_run(&q, w->err);
    }
    for (size_t i = 0; rc == 0 && i < n_own; i++) {
        struct gl_rows q = gl_db_query(&w->c->db, own[i]);
        gl_put_int(&q, w->id);
        rc = gl_db_run(&q, w->err);
    }
    return rc;
}

static int put_identifier(struct writing *w, const char *key, uint8_t kind, uint8_t role) {
    struct gl_rows q = gl_db_query(&w->c->db, CACHE_PUT_IDENTIFIER);
    gl_put_text(&q, key);
    gl_put_int(&q, kind);
    gl_put_int(&q, w->dead);
    gl_put_int(&q, w->owner);
    gl_put_int(&q, w->id);
    gl_put_int(&q, role);
    return gl_db_run(&q, w->err);
}

static int put_reference(struct writing *w, const struct gl_ref *ref, uint8_t role) {
    char key[IDENTIFIER_KEY];
    gl_format(key, sizeof key, "%s:%s", ref->type, ref->value); /* fits by construction */
    return put_identifier(w, key, GL_KEY_REFERENCE, role);
}

static int put_means(struct writing *w, const struct gl_means *means, size_t n_means) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < n_means; i++) {
        struct gl_plate_keys keys;
        struct gl_rows q = owned(w, CACHE_PUT_MEANS);
        gl_put_int(&q, (int64_t)i);
        gl_put_int(&q, means[i].role);
        gl_put_text(&q, means[i].plate);
        gl_put_text(&q, means[i].country);
        rc = gl_db_run(&q, w->err);
        if (rc == 0 && (rc = gl_plate_keys(means[i].plate, &keys)) < 0)
            rc = gl_fail(w->err, rc, "means[%zu].plate: no key can be made of it; a plate is UTF-8 of at most %d bytes", i,
                         GL_PLATE_KEY - 1);
        for (size_t k = 0; rc == 0 && k < keys.n; k++) rc = put_identifier(w, keys.key[k], GL_KEY_VEHICLE, means[i].role);
    }
    return rc;
}

static int put_equipment(struct writing *w, size_t n, const char *container) {
    char key[IDENTIFIER_KEY];
    struct gl_rows q = owned(w, CACHE_PUT_EQUIPMENT);
    gl_put_int(&q, (int64_t)n);
    gl_put_text(&q, container);
    int rc = gl_db_run(&q, w->err);
    if (rc < 0 || container[0] == '\0') return rc;
    rc = gl_cache_container_key(container, key);
    return rc < 0 ? gl_fail(w->err, rc, "container: too long") : put_identifier(w, key, GL_KEY_CONTAINER, 0);
}

static int put_seal(struct writing *w, int64_t equipment, size_t n, const char *seal) {
    struct gl_rows q = owned(w, CACHE_PUT_SEAL);
    gl_put_int(&q, equipment);
    gl_put_int(&q, (int64_t)n);
    gl_put_text(&q, seal);
    return gl_db_run(&q, w->err);
}

static int put_listed(struct writing *w, const struct gl_movement *m) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->n_declarations; i++) {
        struct gl_rows q = numbered(w, CACHE_PUT_LISTED, i);
        gl_put_text(&q, m->declarations[i].type);
        gl_put_text(&q, m->declarations[i].value);
        rc = gl_db_run(&q, w->err);
        if (rc == 0) rc = put_reference(w, &m->declarations[i], ROLE_LISTED);
    }
    return rc;
}

static int put_goods(struct writing *w, const struct gl_declaration *d) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->n_goods; i++) {
        struct gl_rows q = numbered(w, CACHE_PUT_GOODS, i);
        gl_put_text(&q, d->goods[i].hs);
        gl_put_int(&q, d->goods[i].gross_kg);
        gl_put_text(&q, d->goods[i].un);
        rc = gl_db_run(&q, w->err);
    }
    return rc;
}

static int put_offices(struct writing *w, const struct gl_declaration *d) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->n_offices; i++) {
        struct gl_rows q = numbered(w, CACHE_PUT_OFFICE, i);
        gl_put_int(&q, d->offices[i].role);
        gl_put_text(&q, d->offices[i].office);
        gl_put_int(&q, d->offices[i].eta);
        rc = gl_db_run(&q, w->err);
    }
    return rc;
}

static int put_documents(struct writing *w, const struct gl_declaration *d) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->n_documents; i++) {
        struct gl_rows q = numbered(w, CACHE_PUT_DOCUMENT, i);
        gl_put_text(&q, d->documents[i].type);
        gl_put_text(&q, d->documents[i].ref);
        gl_put_int(&q, d->documents[i].required);
        rc = gl_db_run(&q, w->err);
    }
    return rc;
}

/* ---- movements, declarations and tags ---------------------------------------------------------------------------------------- */

/* Runs an insert or update that returns the row's id. */
static int put_row(struct writing *w, struct gl_rows *q) {
    int rc = gl_db_step(q, w->err);
    if (rc < 0) return rc;
    w->id = gl_take_int(q);
    if ((rc = gl_taken(q, w->err)) < 0) return rc;
    return gl_db_run(q, w->err);
}

static int put_movement_row(struct writing *w, const struct gl_movement *m) {
    struct gl_rows q = gl_db_query(&w->c->db, CACHE_PUT_MOVEMENT);
    gl_put_int(&q, w->id);
    gl_put_text(&q, m->ref.type);
    gl_put_text(&q, m->ref.value);
    gl_put_int(&q, m->version);
    gl_put_text(&q, w->epoch);
    gl_put_int(&q, m->kind);
    gl_put_int(&q, m->state);
    gl_put_int(&q, m->channel);
    gl_put_int(&q, m->direction);
    gl_put_text(&q, m->office);
    gl_put_int(&q, m->eta);
    gl_put_int(&q, m->valid_from);
    gl_put_int(&q, m->valid_to);
    gl_put_int(&q, w->now);
    gl_put_int(&q, m->n_containers);
    return put_row(w, &q);
}

static int put_movement(struct writing *w, const struct gl_movement *m) {
    bool fresh = w->id == GL_INT_NULL;
    w->dead = gl_cache_movement_dead(m->state);
    int rc = put_movement_row(w, m);
    if (rc == 0 && !fresh) rc = drop_children(w);
    if (rc == 0) rc = put_reference(w, &m->ref, ROLE_OWN);
    if (rc == 0) rc = put_listed(w, m);
    if (rc == 0) rc = put_means(w, m->means, m->n_means);
    for (size_t i = 0; rc == 0 && i < m->n_containers; i++) rc = put_equipment(w, i, m->containers[i]);
    for (size_t i = 0; rc == 0 && i < m->n_seals; i++) rc = put_seal(w, VEHICLE_ITSELF, i, m->seals[i]);
    return rc;
}

static int put_declaration_row(struct writing *w, const struct gl_declaration *d) {
    struct gl_rows q = gl_db_query(&w->c->db, CACHE_PUT_DECLARATION);
    gl_put_int(&q, w->id);
    gl_put_text(&q, d->ref.type);
    gl_put_text(&q, d->ref.value);
    gl_put_int(&q, d->version);
    gl_put_text(&q, w->epoch);
    gl_put_text(&q, d->lrn);
    gl_put_text(&q, d->type);
    gl_put_int(&q, d->state);
    gl_put_int(&q, d->valid_to);
    gl_put_int(&q, d->gross_kg);
    gl_put_int(&q, d->control.channel);
    gl_put_text(&q, d->control.type);
    gl_put_text(&q, d->trader.eori);
    gl_put_text(&q, d->trader.aeo);
    gl_put_int(&q, w->now);
    gl_put_int(&q, d->n_equipment);
    return put_row(w, &q);
}

static int put_declaration(struct writing *w, const struct gl_declaration *d) {
    bool fresh = w->id == GL_INT_NULL;
    w->dead = gl_cache_declaration_dead(d->state);
    int rc = put_declaration_row(w, d);
    if (rc == 0 && !fresh) rc = drop_children(w);
    if (rc == 0) rc = put_reference(w, &d->ref, ROLE_OWN);
    if (rc == 0) rc = put_means(w, d->means, d->n_means);
    for (size_t i = 0; rc == 0 && i < d->n_equipment; i++) {
        rc = put_equipment(w, i, d->equipment[i].container);
        for (size_t k = 0; rc == 0 && k < d->equipment[i].n_seals; k++) rc = put_seal(w, (int64_t)i, k, d->equipment[i].seals[k]);
    }
    if (rc == 0) rc = put_offices(w, d);
    if (rc == 0) rc = put_goods(w, d);
    return rc == 0 ? put_documents(w, d) : rc;
}

/* A tag has nothing that belongs to it: its plate is looked for when the tag is read. */
static int put_tag(struct writing *w, const struct gl_tag *t) {
    struct gl_plate_keys keys;
    int rc = gl_plate_keys(t->plate, &keys);
    if (rc < 0)
        return gl_fail(w->err, rc, "plate: no key can be made of it; a plate is UTF-8 of at most %d bytes", GL_PLATE_KEY - 1);
    struct gl_rows q = gl_db_query(&w->c->db, CACHE_PUT_TAG);
    gl_put_int(&q, w->id);
    gl_put_text(&q, t->ref.type);
    gl_put_text(&q, t->ref.value);
    gl_put_int(&q, t->version);
    gl_put_text(&q, w->epoch);
    gl_put_int(&q, t->state);
    gl_put_int(&q, t->role);
    gl_put_text(&q, t->plate);
    gl_put_text(&q, t->country);
    gl_put_int(&q, t->valid_to);
    gl_put_int(&q, w->now);
    return put_row(w, &q);
}

static int put_declaration_tombstone(struct writing *w, const struct gl_ref *ref, int64_t version) {
    struct gl_rows q = gl_db_query(&w->c->db, CACHE_PUT_DECLARATION);
    gl_put_int(&q, GL_INT_NULL);
    gl_put_text(&q, ref->type);
    gl_put_text(&q, ref->value);
    gl_put_int(&q, version);
    gl_put_text(&q, w->epoch);
    gl_put_text(&q, "");
    gl_put_text(&q, "");
    gl_put_int(&q, GL_DECLARATION_CANCELLED);
    gl_put_int(&q, 0);
    gl_put_int(&q, GL_INT_NULL);
    gl_put_int(&q, GL_CHANNEL_NONE);
    gl_put_text(&q, "");
    gl_put_text(&q, "");
    gl_put_text(&q, "");
    gl_put_int(&q, w->now);
    gl_put_int(&q, 0);
    w->dead = true;
    int rc = put_row(w, &q);
    return rc == 0 ? put_reference(w, ref, ROLE_OWN) : rc;
}

/* A tombstone for something never seen. */
static int put_tombstone(struct writing *w, const struct gl_ref *ref, int64_t version) {
    const struct gl_movement movement = {.version = version, .state = GL_MOVEMENT_CANCELLED, .ref = *ref};
    const struct gl_tag tag = {.version = version, .state = GL_TAG_WITHDRAWN, .ref = *ref};
    if (w->owner == GL_COLLECTION_TAGS) return put_tag(w, &tag);
    return w->owner == OWNER_MOVEMENT ? put_movement(w, &movement) : put_declaration_tombstone(w, ref, version);
}

static int cancel(struct writing *w, const struct gl_cancel *what, const struct present *p, enum gl_applied *ret) {
    bool seen = p->id != GL_INT_NULL;
    int64_t version = what->version != GL_INT_NULL ? what->version : seen ? p->version : 0;
    *ret = seen && version < p->version ? GL_APPLIED_OLDER : GL_APPLIED_CANCELLED;
    if (*ret == GL_APPLIED_OLDER) return 0;
    if (!seen) return put_tombstone(w, &what->ref, version);
    struct gl_rows q = gl_db_query(&w->c->db, kinds[w->owner].cancel);
    gl_put_int(&q, p->id);
    gl_put_int(&q, version);
    gl_put_int(&q, kinds[w->owner].cancelled);
    gl_put_int(&q, w->now);
    int rc = gl_db_run(&q, w->err);
    if (rc < 0 || w->owner == GL_COLLECTION_TAGS) return rc;
    w->id = p->id;
    q = owned(w, CACHE_RETIRE_IDENTIFIERS);
    return gl_db_run(&q, w->err);
}

/* Version and state of a record. */
static struct present said(const struct gl_feed_record *r) {
    if (r->collection == GL_COLLECTION_TAGS) return (struct present){0, r->body.tag.version, r->body.tag.state};
    if (r->collection == OWNER_MOVEMENT) return (struct present){0, r->body.movement.version, r->body.movement.state};
    return (struct present){0, r->body.declaration.version, r->body.declaration.state};
}

static int upsert(struct writing *w, const struct gl_feed_record *r, const struct present *p, enum gl_applied *ret) {
    bool seen = p->id != GL_INT_NULL;
    struct present new = said(r);
    bool tombstone = seen && p->state == kinds[w->owner].cancelled && new.state != p->state;
    *ret = !seen ? GL_APPLIED_NEW : GL_APPLIED_REPLACED;
    if (seen && (new.version < p->version || (tombstone && new.version == p->version))) {
        *ret = GL_APPLIED_OLDER;
        return 0;
    }
    w->id = p->id;
    if (w->owner == GL_COLLECTION_TAGS) return put_tag(w, &r->body.tag);
    return w->owner == OWNER_MOVEMENT ? put_movement(w, &r->body.movement) : put_declaration(w, &r->body.declaration);
}

static int apply(struct writing *w, const struct gl_feed_record *r, enum gl_applied *ret) {
    const struct gl_ref *ref = gl_feed_record_ref(r);
    struct present p;
    if (!ref || ref->type[0] == '\0' || ref->value[0] == '\0')
        return gl_fail(w->err, -EINVAL, "ref: missing; a record is known by its type and value");
    int rc = find(w, ref, &p);
    if (rc < 0) return rc;
    rc = r->op == GL_OP_CANCEL ? cancel(w, &r->body.cancel, &p, ret) : upsert(w, r, &p, ret);
    if (rc == 0 && p.id == GL_INT_NULL) w->c->records[w->owner]++;
    return rc;
}

int gl_cache_apply(struct gl_cache *c, const struct gl_feed_record *r, int64_t now_wall, enum gl_applied *ret,
                   struct gl_error *err) {
    struct writing w = {.c = c, .owner = r->collection, .id = GL_INT_NULL, .epoch = r->epoch, .now = now_wall, .err = err};
    enum gl_applied applied = GL_APPLIED_OLDER;
    if (r->collection <= GL_COLLECTION_NONE || r->collection > GL_COLLECTION_TAGS || (r->op != GL_OP_UPSERT && r->op != GL_OP_CANCEL))
        return gl_fail(err, -EINVAL, "cache: only upserts and cancels of movements, declarations and tags can be written");
    int rc = gl_db_begin(&c->db, err);
    if (rc == 0) rc = gl_db_save(&c->db, err);
    if (rc < 0) return rc;
    rc = apply(&w, r, &applied);
    if (rc == 0) rc = gl_db_keep(&c->db, err);
    if (rc < 0) {
        gl_db_undo(&c->db);
        c->counted = false;
        return rc;
    }
    *ret = applied;
    return 0;
}
