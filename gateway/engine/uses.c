/* Whether what was found was used before. The journal keeps that by reference, and what was re-keyed since had another one then. */
#include <string.h>

#include "engine/internal.h"

/* Another passage's use under any former reference counts before everything else. */
static int former_use(struct gl_engine *e, enum gl_collection which, const struct gl_ref *ref, uint8_t *use, char used_by[GL_UUID],
                      struct gl_error *err) {
    struct gl_ref former[GL_FORMER];
    size_t n = 0;
    int rc = gl_cache_former(e->cache, which, ref, former, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        uint8_t then;
        char by[GL_UUID];
        rc = gl_journal_used(e->journal, &former[i], e->answer->passage, &then, by, err);
        bool own = *use == GL_USE_NONE || strcmp(used_by, e->answer->passage) == 0;
        if (rc < 0 || then == GL_USE_NONE || !own) continue;
        *use = then;
        memcpy(used_by, by, GL_UUID);
    }
    return rc;
}

/* The cache forgets what something was called when a snapshot takes its place. So that it stays used, a use is kept under the new reference as well;
 * a word that is refused later costs no more than an inspection. */
void gl_engine_rekeyed(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now) {
    struct gl_use_change u = {.ref = r->body.rekey.ref};
    struct gl_error err = {""};
    if (r->op != GL_OP_REKEY) return;
    int rc = gl_journal_used(e->journal, &r->body.rekey.was, "", &u.use, u.passage, &err);
    if (rc == 0 && u.use == GL_USE_NONE) return;
    if (rc == 0) rc = gl_journal_use(e->journal, &u, now.wall, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    e->touched = true;
}

int gl_engine_fill_use(struct gl_engine *e, struct gl_error *err) {
    struct gl_answer *a = e->answer;
    int rc = gl_journal_fill_use(e->journal, a, err);
    for (size_t i = 0; rc == 0 && i < a->n_movements; i++)
        rc = former_use(e, GL_COLLECTION_MOVEMENTS, &a->movements[i].ref, &a->movements[i].use, a->movements[i].used_by, err);
    for (size_t i = 0; rc == 0 && i < a->n_declarations; i++)
        rc = former_use(e, GL_COLLECTION_DECLARATIONS, &a->declarations[i].ref, &a->declarations[i].use, a->declarations[i].used_by,
                        err);
    return rc;
}
