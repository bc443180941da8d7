/* The first step of a look-up: from the keys of a query to hits, each a movement or declaration and the ways in which it was found.
 *
 *     vehicle, trailer, container -> one covering search in `identifier` of the movements and of the declarations; and who looks for it
 *     reference -> the same, by all names that the record was ever known by
 *     tag -> its row in `tag`; the plate that it was issued for -> one search for each key of that plate
 *
 * What the registry says of a tag is told, not judged; one that was withdrawn, or stands for a trailer or a seal, leads to nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/cache_impl.h"

void gl_cache_left_out(struct cache_lookup *l) {
    if (l->alive) l->a->truncated = true;
}

/* How an identifier answers a key; 0 = not at all (a trailer key and a vehicle's plate). */
static uint8_t by_of(uint8_t key_kind, uint8_t role) {
    switch ((enum gl_key_kind)key_kind) {
        case GL_KEY_NONE: return 0;
        case GL_KEY_VEHICLE: return role == GL_ROLE_TRAILER ? GL_BY_SWAP : GL_BY_PLATE;
        case GL_KEY_TRAILER: return role == GL_ROLE_TRAILER ? GL_BY_TRAILER : 0;
        case GL_KEY_CONTAINER: return GL_BY_CONTAINER;
        case GL_KEY_REFERENCE: return GL_BY_REFERENCE;
        case GL_KEY_TAG: return role == GL_ROLE_TRAILER ? 0 : GL_BY_TAG;
    }
    return 0;
}

/* ---- hits -------------------------------------------------------------------------------------------------------------------- */

static int by_owner(const void *x, const void *y) {
    const struct cache_hit *a = x, *b = y;
    if (a->owner != b->owner) return a->owner < b->owner ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* One hit for each movement and declaration, with all the ways in which it was found. */
static void merge_hits(struct gl_cache *c) {
    if (c->n_hits < 2) return;
    qsort(c->hits, c->n_hits, sizeof c->hits[0], by_owner);
    size_t n = 1;
    for (size_t i = 1; i < c->n_hits; i++) {
        if (by_owner(&c->hits[n - 1], &c->hits[i]) == 0)
            c->hits[n - 1].by |= c->hits[i].by;
        else
            c->hits[n++] = c->hits[i];
    }
    c->n_hits = n;
}

/* A full table gives up its repetitions, then what is dead: neither keeps out what is alive. */
static bool make_room(struct gl_cache *c) {
    merge_hits(c);
    for (size_t i = 0; c->n_hits == CACHE_HITS && i < c->n_hits; i++)
        if (c->hits[i].dead) c->hits[i] = c->hits[--c->n_hits];
    return c->n_hits < CACHE_HITS;
}

static void add_hit(struct cache_lookup *l, const struct cache_hit *hit, size_t nth) {
    struct gl_cache *c = l->c;
    l->alive = !hit->dead;
    if (nth >= CACHE_HITS_PER_KEY)
        gl_cache_left_out(l);
    else if (!hit->by || (c->n_hits == CACHE_HITS && (hit->dead || l->a->truncated)))
        return;
    else if (c->n_hits < CACHE_HITS || make_room(c))
        c->hits[c->n_hits++] = *hit;
    else
        gl_cache_left_out(l);
}

/* ---- keys -------------------------------------------------------------------------------------------------------------------- */

/* Searches one collection for what stands in `identifier` under a text; what is found answers a key of key_kind. */
static int search_in(struct cache_lookup *l, uint8_t which, const char *text, uint8_t kind, uint8_t key_kind) {
    struct gl_rows q = gl_db_query(&l->c->db[which], LODGED_LOOKUP);
    int rc;
    gl_put_text(&q, text);
    gl_put_int(&q, kind);
    gl_put_int(&q, CACHE_HITS_PER_KEY + 1);
    for (size_t nth = 0; (rc = gl_db_step(&q, l->err)) > 0; nth++) {
        struct cache_hit hit;
        hit.owner = which;
        hit.dead = gl_take_int(&q) != 0;
        hit.id = gl_take_int(&q);
        hit.by = by_of(key_kind, gl_take_u8(&q));
        add_hit(l, &hit, nth);
    }
    return rc;
}

static int search_text(struct cache_lookup *l, const char *text, uint8_t kind, uint8_t key_kind) {
    int rc = search_in(l, GL_COLLECTION_MOVEMENTS, text, kind, key_kind);
    return rc < 0 ? rc : search_in(l, GL_COLLECTION_DECLARATIONS, text, kind, key_kind);
}

static int search_name(struct cache_lookup *l, uint8_t which, const struct gl_ref *name) {
    char text[IDENTIFIER_KEY];
    gl_format(text, sizeof text, "%s:%s", name->type, name->value); /* fits by construction */
    return search_in(l, which, text, GL_KEY_REFERENCE, GL_KEY_REFERENCE);
}

/* What a reference is known by now; itself when that is beyond finding. */
static int present_name(struct cache_lookup *l, enum gl_collection which, const struct gl_ref *typed, struct gl_ref *ret) {
    int rc = gl_cache_resolve(l->c, which, typed, l->c->epoch[which], ret, l->err);
    if (rc == -ELOOP) *ret = *typed;
    return rc == -ELOOP ? 0 : rc;
}

/* A movement is found by its own reference, and by all that a declaration which it may list was ever known by. */
static int search_reference(struct cache_lookup *l, const struct gl_key *key) {
    struct gl_ref typed, moved, names[CACHE_NAMES];
    size_t n;
    int rc = gl_copy(typed.value, sizeof typed.value, key->text);
    if (rc < 0) return gl_fail(l->err, rc, "cache: a key is too long");
    memcpy(typed.type, key->type, sizeof typed.type);
    rc = present_name(l, GL_COLLECTION_DECLARATIONS, &typed, &names[0]);
    if (rc == 0) rc = search_name(l, GL_COLLECTION_DECLARATIONS, &names[0]);
    if (rc == 0) rc = gl_cache_names(l->c, GL_COLLECTION_DECLARATIONS, names, &n, l->err);
    if (rc < 0) return rc;
    if (n > CACHE_NAMES) l->a->truncated = true;
    for (size_t i = 0; rc == 0 && i < n && i < CACHE_NAMES; i++) rc = search_name(l, GL_COLLECTION_MOVEMENTS, &names[i]);
    if (rc == 0) rc = present_name(l, GL_COLLECTION_MOVEMENTS, &typed, &moved);
    bool other = rc == 0 && (strcmp(moved.value, names[0].value) != 0 || strcmp(moved.type, names[0].type) != 0);
    return other ? search_name(l, GL_COLLECTION_MOVEMENTS, &moved) : rc;
}

/* What the registry says of one reference; nothing when it does not know it, or not from this epoch of the feed. */
static int find_registered(struct cache_lookup *l, const char *type, const char *value, struct gl_answer_tag *ret) {
    char epoch[41];
    struct gl_answer_tag t = *ret;
    t.registered = true;
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_TAGS], TAG_ANSWER);
    gl_put_text(&q, type);
    gl_put_text(&q, value);
    int rc = gl_db_step(&q, l->err);
    if (rc <= 0) return rc;
    bool standing = gl_take_int(&q) != 0;
    gl_take_text(&q, epoch, sizeof epoch);
    t.state = gl_take_u8(&q);
    t.valid_to = gl_take_int(&q);
    t.role = gl_take_u8(&q);
    gl_take_text(&q, t.plate, sizeof t.plate);
    gl_take_text(&q, t.country, sizeof t.country);
    gl_take_text(&q, t.seal, sizeof t.seal);
    gl_take_text(&q, t.key, sizeof t.key);
    gl_take_text(&q, t.container, sizeof t.container);
    gl_take_text(&q, t.on.type, sizeof t.on.type);
    gl_take_text(&q, t.on.value, sizeof t.on.value);
    if ((rc = gl_taken(&q, l->err)) < 0) return rc;
    gl_db_end(&q);
    if (standing && !gl_cache_is_void(l->c, GL_COLLECTION_TAGS, epoch)) *ret = t;
    return 0;
}

/* By the longest registered beginning of its TID, in whole words; else by its EPC, which anybody can write. */
static int find_tag(struct cache_lookup *l, const struct gl_key *key, struct gl_answer_tag *ret) {
    memset(ret, 0, sizeof *ret);
    int rc = gl_copy(ret->epc, sizeof ret->epc, key->text);
    if (rc < 0) return gl_fail(l->err, rc, "cache: a tag's key is too long");
    memcpy(ret->tid, key->tid, sizeof ret->tid);
    for (size_t n = strlen(key->tid) / 4 * 4; rc == 0 && !ret->registered && n >= GL_TID_LEAST; n -= 4) {
        char beginning[GL_TID] = "";
        memcpy(beginning, key->tid, n);
        rc = find_registered(l, "tid", beginning, ret);
    }
    return rc < 0 || ret->registered ? rc : find_registered(l, "epc", key->text, ret);
}

/* A seal leads to nothing: who seals something is not who drives it. But it may be looked for. */
static int seal_read(struct cache_lookup *l, struct gl_answer_tag *t) {
    static const struct cache_place read = {.read = true};
    int rc = gl_cache_put_on(l, &t->on);
    return rc < 0 ? rc : gl_cache_sought_seal(l, t->seal, &read);
}

/* Where the vehicle's own plate is asked for, the registry only says whose tag it is: what was lodged for other vehicles would fill the answer. */
static int search_tag(struct cache_lookup *l, const struct gl_key *key, bool plate_known) {
    struct gl_answer *a = l->a;
    struct gl_plate_keys keys;
    if (a->n_tags == GL_MAX_TAGS) {
        a->truncated = true;
        return 0;
    }
    struct gl_answer_tag *t = &a->tags[a->n_tags];
    int rc = find_tag(l, key, t);
    if (rc < 0) return rc;
    a->n_tags++;
    if (t->seal[0]) return seal_read(l, t);
    if (plate_known || !t->registered || t->state != GL_TAG_ACTIVE || t->role == GL_ROLE_TRAILER) return 0;
    if ((rc = gl_plate_keys(t->plate, &keys)) < 0)
        return gl_fail(l->err, -EUCLEAN, "cache: the plate of tag %.64s has no key; %s", key->text, CACHE_ADVICE);
    for (size_t i = 0; rc == 0 && i < keys.n; i++) rc = search_text(l, keys.key[i], GL_KEY_VEHICLE, GL_KEY_TAG);
    return rc;
}

/* Whether somebody looks for what was read. */
static int sought(struct cache_lookup *l, const struct gl_key *key) {
    static const struct cache_place read = {.read = true};
    if (key->kind == GL_KEY_CONTAINER) return gl_cache_sought_container(l, key->text, &read);
    bool plate = key->kind == GL_KEY_VEHICLE || key->kind == GL_KEY_TRAILER;
    return plate ? gl_cache_sought_key(l, GL_SOUGHT_PLATE, key->text, &read) : 0;
}

static int search(struct cache_lookup *l, const struct gl_key *key, bool plate_known) {
    char text[IDENTIFIER_KEY];
    if (key->kind == GL_KEY_TAG) return search_tag(l, key, plate_known);
    if (key->kind == GL_KEY_NONE || key->text[0] == '\0') return 0;
    if (key->kind == GL_KEY_REFERENCE) return search_reference(l, key);
    int rc = key->kind == GL_KEY_CONTAINER ? gl_cache_container_key(key->text, text) : gl_copy(text, sizeof text, key->text);
    if (rc < 0) return gl_fail(l->err, rc, "cache: a key is too long");
    rc = search_text(l, text, key->kind == GL_KEY_TRAILER ? GL_KEY_VEHICLE : key->kind, key->kind);
    return rc < 0 ? rc : sought(l, key);
}

int gl_cache_search(struct cache_lookup *l, const struct gl_query *q) {
    int rc = 0;
    bool plate_known = false;
    l->c->n_hits = 0;
    for (size_t i = 0; i < q->n_keys && i < GL_MAX_KEYS; i++) plate_known = plate_known || q->keys[i].kind == GL_KEY_VEHICLE;
    for (size_t i = 0; rc == 0 && i < q->n_keys && i < GL_MAX_KEYS; i++) rc = search(l, &q->keys[i], plate_known);
    merge_hits(l->c);
    return rc;
}
