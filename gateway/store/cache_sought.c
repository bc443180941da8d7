/* Look-outs in a look-up: what was read and what was lodged, against what is looked for. Look-outs of an epoch that is over still count: what
 * somebody did wrong is not forgotten because a producer began anew. */
#include <errno.h>
#include <string.h>

#include "store/cache_impl.h"

enum { LOOKED_THROUGH = 256 }; /* of one key: by then the answer is full, and says so */

/* Which kinds there are at all, so that the others cost nothing. */
int gl_cache_know_sought(struct gl_cache *c, struct gl_error *err) {
    for (uint8_t what = GL_SOUGHT_NONE + 1; !c->sought_known && what <= GL_SOUGHT_HOLDER; what++) {
        struct gl_rows q = gl_db_query(&c->db[GL_COLLECTION_LOOKOUTS], LOOKOUT_ANY);
        gl_put_int(&q, what);
        int rc = gl_db_step(&q, err);
        if (rc < 0) return rc;
        gl_db_end(&q);
        c->sought[what] = rc > 0;
    }
    c->sought_known = true;
    return 0;
}

static void take(struct gl_rows *q, uint8_t what, struct gl_answer_lookout *ret) {
    memset(ret, 0, sizeof *ret);
    ret->what = what;
    gl_take_text(q, ret->ref.type, sizeof ret->ref.type);
    gl_take_text(q, ret->ref.value, sizeof ret->ref.value);
    gl_take_text(q, ret->text, sizeof ret->text);
    gl_take_text(q, ret->country, sizeof ret->country);
    ret->valid_from = gl_take_int(q);
    ret->valid_to = gl_take_int(q);
    ret->action = gl_take_u8(q);
    ret->silent = gl_take_u8(q) == GL_TRUE;
    gl_take_text(q, ret->reason, sizeof ret->reason);
}

/* Which gives way to one that asks for this: the mildest of those that ask for less; -1 = none. */
static int gives_way(const struct gl_answer *a, uint8_t action) {
    int mildest = 0;
    for (int i = 1; i < a->n_lookouts; i++)
        if (a->lookouts[i].action < a->lookouts[mildest].action) mildest = i;
    return a->lookouts[mildest].action < action ? mildest : -1;
}

/* The answer's entry of a look-out, made when there is none yet; NULL when the answer is full of others that ask for as much. */
static struct gl_answer_lookout *entry(struct cache_lookup *l, int64_t id, uint8_t what, struct gl_rows *q) {
    struct gl_answer *a = l->a;
    struct gl_answer_lookout x;
    for (int i = 0; i < a->n_lookouts; i++)
        if (l->lookouts[i] == id) return &a->lookouts[i];
    take(q, what, &x);
    int at = a->n_lookouts;
    if (at == GL_MAX_ANSWER_LOOKOUTS) {
        a->truncated = true;
        at = gives_way(a, x.action);
        if (at < 0) return NULL;
    } else {
        a->n_lookouts++;
    }
    l->lookouts[at] = id;
    a->lookouts[at] = x;
    return &a->lookouts[at];
}

int gl_cache_sought_key(struct cache_lookup *l, uint8_t what, const char *key, const struct cache_place *place) {
    if (place->dead || !l->c->sought[what] || key[0] == '\0') return 0;
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_LOOKOUTS], LOOKOUT_SEARCH);
    gl_put_int(&q, what);
    gl_put_text(&q, key);
    int rc = 0;
    for (int n = 0; n < LOOKED_THROUGH && (rc = gl_db_step(&q, l->err)) > 0; n++) {
        struct gl_answer_lookout *found = entry(l, gl_take_int(&q), what, &q);
        if ((rc = gl_taken(&q, l->err)) < 0) return rc;
        if (!found) continue;
        found->read |= place->read;
        found->in_movements |= place->movements;
        if (place->in && found->in.type[0] == '\0') found->in = *place->in;
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

int gl_cache_sought_plate(struct cache_lookup *l, const char *plate, const struct cache_place *place) {
    struct gl_plate_keys keys;
    if (place->dead || !l->c->sought[GL_SOUGHT_PLATE]) return 0;
    int rc = gl_plate_keys(plate, &keys);
    for (size_t i = 0; rc == 0 && i < keys.n; i++) rc = gl_cache_sought_key(l, GL_SOUGHT_PLATE, keys.key[i], place);
    return rc;
}

/* Letters and digits, in upper case: seals are typed with and without blanks, hyphens and the like. */
int gl_cache_seal_key(const char *typed, char key[IDENTIFIER_KEY]) {
    size_t n = 0;
    for (const char *c = typed; *c; c++) {
        bool lower = *c >= 'a' && *c <= 'z', plain = lower || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!plain && (unsigned char)*c < 0x80) continue;
        if (n + 1 == IDENTIFIER_KEY) return -ENAMETOOLONG;
        key[n++] = lower ? (char)(*c - 'a' + 'A') : *c;
    }
    key[n] = '\0';
    return n ? 0 : gl_copy(key, IDENTIFIER_KEY, typed); /* of signs alone: as it is */
}

int gl_cache_sought_seal(struct cache_lookup *l, const char *typed, const struct cache_place *place) {
    char key[IDENTIFIER_KEY];
    if (place->dead || !l->c->sought[GL_SOUGHT_SEAL]) return 0;
    int rc = gl_cache_seal_key(typed, key);
    return rc < 0 ? rc : gl_cache_sought_key(l, GL_SOUGHT_SEAL, key, place);
}

int gl_cache_sought_container(struct cache_lookup *l, const char *typed, const struct cache_place *place) {
    char key[IDENTIFIER_KEY];
    if (place->dead || !l->c->sought[GL_SOUGHT_CONTAINER]) return 0;
    int rc = gl_cache_container_key(typed, key);
    return rc < 0 ? rc : gl_cache_sought_key(l, GL_SOUGHT_CONTAINER, key, place);
}
