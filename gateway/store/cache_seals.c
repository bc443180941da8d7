/* Declared seals in a look-up: which of them have a tag that an antenna could see. A seal is told once for each place that declares it and each tag of
 * its number; whether it was seen, and what is to be thought of it, is for the rules. */
#include <errno.h>
#include <string.h>

#include "store/cache_impl.h"

/* Most posts have none: then a look-up asks for none. */
int gl_cache_know_seals(struct gl_cache *c, struct gl_error *err) {
    if (c->seals_known) return 0;
    struct gl_rows q = gl_db_query(&c->db[GL_COLLECTION_TAGS], TAG_ANY_SEAL);
    int rc = gl_db_step(&q, err);
    if (rc < 0) return rc;
    gl_db_end(&q);
    c->seals = rc > 0;
    c->seals_known = true;
    return 0;
}

int gl_cache_put_on(struct cache_lookup *l, struct gl_ref *on) {
    static const enum gl_collection of[] = {GL_COLLECTION_MOVEMENTS, GL_COLLECTION_DECLARATIONS};
    for (size_t i = 0; on->value[0] && i < GL_COUNT(of); i++) {
        struct gl_ref now;
        int rc = gl_cache_resolve(l->c, of[i], on, l->c->epoch[of[i]], &now, l->err);
        if (rc == 0)
            *on = now;
        else if (rc != -ELOOP)
            return rc;
    }
    return 0;
}

/* One registered tag of the seal's number; false = it does not count. */
static bool take(struct cache_lookup *l, struct gl_rows *q, struct gl_answer_seal *s) {
    char epoch[41];
    bool standing = gl_take_int(q) != 0;
    gl_take_text(q, epoch, sizeof epoch);
    s->state = gl_take_u8(q);
    s->valid_to = gl_take_int(q);
    gl_take_text(q, s->container, sizeof s->container);
    gl_take_text(q, s->on.type, sizeof s->on.type);
    gl_take_text(q, s->on.value, sizeof s->on.value);
    return standing && !gl_cache_is_void(l->c, GL_COLLECTION_TAGS, epoch);
}

int gl_cache_take_seal(struct cache_lookup *l, const char *typed, const struct cache_place *place) {
    char key[IDENTIFIER_KEY];
    struct gl_answer_seal s = {.in_movements = place->movements};
    if (place->dead || !l->c->seals) return 0;
    int rc = gl_cache_seal_key(typed, key);
    if (rc < 0) return rc;
    gl_clip(s.seal, sizeof s.seal, typed);
    gl_clip(s.key, sizeof s.key, key);
    if (place->in) s.in = *place->in;
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_TAGS], TAG_SEALED);
    gl_put_text(&q, key);
    while ((rc = gl_db_step(&q, l->err)) > 0) {
        bool counts = take(l, &q, &s);
        if ((rc = gl_taken(&q, l->err)) < 0) return rc;
        if (!counts) continue;
        if ((rc = gl_cache_put_on(l, &s.on)) < 0) break;
        if (l->a->n_seals == GL_MAX_ANSWER_SEALS)
            gl_cache_left_out(l);
        else
            l->a->seals[l->a->n_seals++] = s;
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}
