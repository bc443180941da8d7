/* The first step of a look-up: from the keys of a query to hits, each a movement or declaration and the ways in which it was found.
 *
 *     vehicle, trailer, container, reference -> one covering search in `identifier`
 *     tag -> its row in `tag`; the plate that it was issued for -> one search for each key of that plate
 *
 * What the registry says of a tag is told, not judged; one that was withdrawn, or stands for a trailer, leads to nothing. */
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

static int identifier_text(const struct gl_key *key, char text[IDENTIFIER_KEY]) {
    struct gl_ref ref;
    if (key->kind == GL_KEY_CONTAINER) return gl_cache_container_key(key->text, text);
    if (key->kind != GL_KEY_REFERENCE) return gl_copy(text, IDENTIFIER_KEY, key->text);
    int rc = gl_copy(ref.value, sizeof ref.value, key->text);
    if (rc == 0) gl_format(text, IDENTIFIER_KEY, "%s:%s", key->type, ref.value); /* fits by construction */
    return rc;
}

/* Searches for what stands in `identifier` under a text; what is found answers a key of key_kind. */
static int search_text(struct cache_lookup *l, const char *text, uint8_t kind, uint8_t key_kind) {
    struct gl_rows q = gl_db_query(&l->c->db, CACHE_LOOKUP);
    int rc;
    gl_put_text(&q, text);
    gl_put_int(&q, kind);
    gl_put_int(&q, CACHE_HITS_PER_KEY + 1);
    for (size_t nth = 0; (rc = gl_db_step(&q, l->err)) > 0; nth++) {
        struct cache_hit hit;
        hit.dead = gl_take_int(&q) != 0;
        hit.owner = gl_take_u8(&q);
        hit.id = gl_take_int(&q);
        hit.by = by_of(key_kind, gl_take_u8(&q));
        add_hit(l, &hit, nth);
    }
    return rc;
}

/* What the registry says of an EPC; nothing when it does not know it, or not from this epoch of the feed. */
static int find_tag(struct cache_lookup *l, const char *epc, struct gl_answer_tag *ret) {
    char epoch[41];
    struct gl_answer_tag t = {.registered = true};
    memset(ret, 0, sizeof *ret);
    int rc = gl_copy(ret->epc, sizeof ret->epc, epc);
    if (rc < 0) return gl_fail(l->err, rc, "cache: a tag's key is too long");
    memcpy(t.epc, ret->epc, sizeof t.epc);
    struct gl_rows q = gl_db_query(&l->c->db, CACHE_GET_TAG);
    gl_put_text(&q, epc);
    if ((rc = gl_db_step(&q, l->err)) <= 0) return rc;
    gl_take_text(&q, epoch, sizeof epoch);
    t.state = gl_take_u8(&q);
    t.valid_to = gl_take_int(&q);
    t.role = gl_take_u8(&q);
    gl_take_text(&q, t.plate, sizeof t.plate);
    gl_take_text(&q, t.country, sizeof t.country);
    if ((rc = gl_taken(&q, l->err)) < 0) return rc;
    gl_db_end(&q);
    if (!gl_cache_is_void(l->c, GL_COLLECTION_TAGS, epoch)) *ret = t;
    return 0;
}

/* Where the vehicle's own plate is asked for, the registry only says whose tag it is: what was lodged for other vehicles would fill the answer. */
static int search_tag(struct cache_lookup *l, const char *epc, bool plate_known) {
    struct gl_answer *a = l->a;
    struct gl_plate_keys keys;
    if (a->n_tags == GL_MAX_TAGS) {
        a->truncated = true;
        return 0;
    }
    struct gl_answer_tag *t = &a->tags[a->n_tags];
    int rc = find_tag(l, epc, t);
    if (rc < 0) return rc;
    a->n_tags++;
    if (plate_known || !t->registered || t->state != GL_TAG_ACTIVE || t->role == GL_ROLE_TRAILER) return 0;
    if ((rc = gl_plate_keys(t->plate, &keys)) < 0)
        return gl_fail(l->err, -EUCLEAN, "cache: the plate of tag %.64s has no key; %s", epc, gl_cache_kind.advice);
    for (size_t i = 0; rc == 0 && i < keys.n; i++) rc = search_text(l, keys.key[i], GL_KEY_VEHICLE, GL_KEY_TAG);
    return rc;
}

static int search(struct cache_lookup *l, const struct gl_key *key, bool plate_known) {
    char text[IDENTIFIER_KEY];
    if (key->kind == GL_KEY_TAG) return search_tag(l, key->text, plate_known);
    if (key->kind == GL_KEY_NONE || key->text[0] == '\0') return 0;
    int rc = identifier_text(key, text);
    if (rc < 0) return gl_fail(l->err, rc, "cache: a key is too long");
    return search_text(l, text, key->kind == GL_KEY_TRAILER ? GL_KEY_VEHICLE : key->kind, key->kind);
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
