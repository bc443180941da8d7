/* Answering the core's query. Three steps:
 *
 *     1. each key   -> hits (whose, how found, dead or alive), one per movement and declaration; and tags (cache_search.c)
 *     2. the hits   -> in order: alive before dead, then how found, then reference
 *     3. the answer -> the first movements with all that they list, then the declarations that were found by themselves
 *
 * What is dead (exited, discharged, cancelled, expired) is told, so that its reason can be, but only after what is alive, and
 * nothing counts as left out because of it: a truck that comes every week leaves a long trail. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/cache_impl.h"

#define LEADS_NOWHERE "cache: an identifier leads to no record; %s"

/* ---- 2. order ---------------------------------------------------------------------------------------------------------------- */

/* The surest way first. */
static int rank(uint8_t by) {
    static const uint8_t order[] = {GL_BY_REFERENCE, GL_BY_PLATE, GL_BY_TAG, GL_BY_TRAILER, GL_BY_CONTAINER, GL_BY_SWAP};
    for (size_t i = 0; i < GL_COUNT(order); i++)
        if (by & order[i]) return (int)i;
    return GL_COUNT(order);
}

/* Movements, then declarations; among equals the one that came last, for when not all of them fit. */
static int by_worth(const void *x, const void *y) {
    const struct cache_hit *a = x, *b = y;
    if (a->owner != b->owner) return a->owner < b->owner ? -1 : 1;
    if (a->dead != b->dead) return a->dead ? 1 : -1;
    if (rank(a->by) != rank(b->by)) return rank(a->by) - rank(b->by);
    return a->id < b->id ? 1 : a->id > b->id ? -1 : 0;
}

static int compare_refs(const struct gl_ref *a, const struct gl_ref *b) {
    int order = strcmp(a->type, b->type);
    return order ? order : strcmp(a->value, b->value);
}

/* ---- 3. the answer ----------------------------------------------------------------------------------------------------------- */

static int load_means(struct cache_lookup *l, uint8_t owner, int64_t id, struct gl_answer_means *means, uint16_t *n) {
    struct gl_rows q = gl_db_query(&l->c->db, CACHE_GET_MEANS);
    gl_put_int(&q, owner);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, l->err)) > 0) {
        if (*n == GL_MAX_ANSWER_MEANS) {
            gl_cache_left_out(l);
            gl_db_end(&q);
            return 0;
        }
        struct gl_answer_means *m = &means[*n];
        m->role = gl_take_u8(&q);
        gl_take_text(&q, m->plate, sizeof m->plate);
        gl_take_text(&q, m->country, sizeof m->country);
        (*n)++;
    }
    return rc;
}

static int load_containers(struct cache_lookup *l, uint8_t owner, int64_t id, char (*containers)[18], size_t max, uint16_t *n) {
    struct gl_rows q = gl_db_query(&l->c->db, CACHE_GET_CONTAINERS);
    gl_put_int(&q, owner);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, l->err)) > 0) {
        if (*n == max) {
            gl_cache_left_out(l);
            gl_db_end(&q);
            return 0;
        }
        gl_take_text(&q, containers[*n], sizeof containers[*n]);
        (*n)++;
    }
    return rc;
}

/* What is needed of a row to go on from it. */
struct row {
    int64_t id;    /* GL_INT_NULL = there is none */
    bool equipped; /* it has rows of equipment, perhaps containers */
};

/* The row of a declaration, as CACHE_GET_DECLARATION and CACHE_GET_LISTED give it. Not received: a movement lists it, but the
 * cache has it not, or not from this epoch of the feed. */
static struct row take_declaration(struct gl_cache *c, struct gl_rows *q, struct gl_answer_declaration *d) {
    struct row row;
    char epoch[41];
    gl_take_text(q, d->ref.type, sizeof d->ref.type);
    gl_take_text(q, d->ref.value, sizeof d->ref.value);
    row.id = gl_take_int(q);
    gl_take_text(q, epoch, sizeof epoch);
    d->received = row.id != GL_INT_NULL && !gl_cache_is_void(c, GL_COLLECTION_DECLARATIONS, epoch);
    row.equipped = false;
    if (!d->received) return row;
    d->version = gl_take_int(q);
    d->state = gl_take_u8(q);
    d->control = gl_take_u8(q);
    d->valid_to = gl_take_int(q);
    gl_take_text(q, d->type, sizeof d->type);
    gl_take_text(q, d->destination, sizeof d->destination);
    row.equipped = gl_take_int(q) > 0;
    return row;
}

static int load_declaration_parts(struct cache_lookup *l, struct gl_answer_declaration *d, struct row row) {
    if (!d->received) return 0;
    int rc = load_means(l, OWNER_DECLARATION, row.id, d->means, &d->n_means);
    return rc < 0 || !row.equipped
               ? rc
               : load_containers(l, OWNER_DECLARATION, row.id, d->containers, GL_COUNT(d->containers), &d->n_containers);
}

static struct gl_answer_declaration *find_declaration(struct gl_answer *a, const struct gl_ref *ref) {
    for (size_t i = 0; i < a->n_declarations; i++)
        if (compare_refs(&a->declarations[i].ref, ref) == 0) return &a->declarations[i];
    return NULL;
}

/* The next free declaration of the answer, cleared; NULL when it is full. It counts once n_declarations is raised. */
static struct gl_answer_declaration *free_declaration(struct cache_lookup *l) {
    if (l->a->n_declarations == GL_MAX_ANSWER_DECLARATIONS) {
        gl_cache_left_out(l);
        return NULL;
    }
    struct gl_answer_declaration *d = &l->a->declarations[l->a->n_declarations];
    memset(d, 0, sizeof *d);
    return d;
}

/* How a declaration that a movement lists was found by the keys themselves. */
static uint8_t hit_by(const struct gl_cache *c, int64_t id) {
    for (size_t i = 0; i < c->n_hits; i++)
        if (c->hits[i].owner == OWNER_DECLARATION && c->hits[i].id == id) return c->hits[i].by;
    return 0;
}

static int load_listed(struct cache_lookup *l, int64_t movement, struct gl_answer_movement *m) {
    struct gl_rows q = gl_db_query(&l->c->db, CACHE_GET_LISTED);
    gl_put_int(&q, movement);
    int rc;
    while ((rc = gl_db_step(&q, l->err)) > 0) {
        m->n_declarations++;
        struct gl_answer_declaration *d = free_declaration(l);
        if (!d) continue;
        struct row row = take_declaration(l->c, &q, d);
        if ((rc = gl_taken(&q, l->err)) < 0) return rc;
        struct gl_answer_declaration *known = find_declaration(l->a, &d->ref);
        if (known) known->listed_by |= (uint8_t)(1u << (m - l->a->movements)); /* an earlier movement lists it too */
        if (known) continue;
        d->by = d->received ? hit_by(l->c, row.id) : 0;
        d->listed_by = (uint8_t)(1u << (m - l->a->movements));
        if ((rc = load_declaration_parts(l, d, row)) < 0) {
            gl_db_end(&q);
            return rc;
        }
        l->a->n_declarations++;
    }
    return rc;
}

/* 1 = loaded; 0 = void. */
static int load_movement_row(struct cache_lookup *l, const struct cache_hit *hit, struct gl_answer_movement *m, struct row *ret) {
    char epoch[41];
    memset(m, 0, sizeof *m);
    struct gl_rows q = gl_db_query(&l->c->db, CACHE_GET_MOVEMENT);
    gl_put_int(&q, hit->id);
    int rc = gl_db_step(&q, l->err);
    if (rc <= 0) return rc < 0 ? rc : gl_fail(l->err, -EUCLEAN, LEADS_NOWHERE, gl_cache_kind.advice);
    gl_take_text(&q, m->ref.type, sizeof m->ref.type);
    gl_take_text(&q, m->ref.value, sizeof m->ref.value);
    gl_take_text(&q, epoch, sizeof epoch);
    m->version = gl_take_int(&q);
    m->kind = gl_take_u8(&q);
    m->state = gl_take_u8(&q);
    m->channel = gl_take_u8(&q);
    m->direction = gl_take_u8(&q);
    m->eta = gl_take_int(&q);
    m->valid_from = gl_take_int(&q);
    m->valid_to = gl_take_int(&q);
    m->by = hit->by;
    ret->id = hit->id;
    ret->equipped = gl_take_int(&q) > 0;
    if ((rc = gl_taken(&q, l->err)) < 0) return rc;
    gl_db_end(&q);
    return !gl_cache_is_void(l->c, GL_COLLECTION_MOVEMENTS, epoch);
}

static int load_movement_parts(struct cache_lookup *l, struct row row, struct gl_answer_movement *m) {
    int rc = load_means(l, OWNER_MOVEMENT, row.id, m->means, &m->n_means);
    if (rc == 0 && row.equipped)
        rc = load_containers(l, OWNER_MOVEMENT, row.id, m->containers, GL_COUNT(m->containers), &m->n_containers);
    return rc == 0 ? load_listed(l, row.id, m) : rc;
}

static bool movement_before(const struct gl_answer_movement *a, const struct gl_answer_movement *b) {
    bool a_dead = gl_cache_movement_dead(a->state), b_dead = gl_cache_movement_dead(b->state);
    if (a_dead != b_dead) return b_dead;
    if (rank(a->by) != rank(b->by)) return rank(a->by) < rank(b->by);
    return compare_refs(&a->ref, &b->ref) < 0;
}

/* Few and nearly in order already: by insertion, what is known of their rows going along. */
static void sort_movements(struct gl_answer *a, struct row *rows) {
    for (size_t i = 1; i < a->n_movements; i++)
        for (size_t k = i; k > 0 && movement_before(&a->movements[k], &a->movements[k - 1]); k--) {
            struct gl_answer_movement m = a->movements[k];
            struct row row = rows[k];
            a->movements[k] = a->movements[k - 1];
            rows[k] = rows[k - 1];
            a->movements[k - 1] = m;
            rows[k - 1] = row;
        }
}

static int answer_movements(struct cache_lookup *l) {
    struct gl_answer *a = l->a;
    struct gl_answer_movement spare;
    struct row rows[GL_MAX_ANSWER_MOVEMENTS], row;
    int rc = 0;
    for (size_t i = 0; i < l->c->n_hits && l->c->hits[i].owner == OWNER_MOVEMENT; i++) {
        const struct cache_hit *hit = &l->c->hits[i];
        bool full = a->n_movements == GL_MAX_ANSWER_MOVEMENTS;
        if (full && hit->dead) break; /* so are those that follow */
        rc = load_movement_row(l, hit, full ? &spare : &a->movements[a->n_movements], &row);
        if (rc < 0) return rc;
        if (rc == 0) continue;
        if (full) {
            a->truncated = true;
            break;
        }
        rows[a->n_movements++] = row;
    }
    sort_movements(a, rows);
    rc = 0;
    for (size_t i = 0; rc == 0 && i < a->n_movements; i++) {
        l->alive = !gl_cache_movement_dead(a->movements[i].state);
        rc = load_movement_parts(l, rows[i], &a->movements[i]);
    }
    return rc;
}

static int answer_declaration(struct cache_lookup *l, const struct cache_hit *hit) {
    struct gl_answer_declaration *d = free_declaration(l);
    if (!d) return 0;
    struct gl_rows q = gl_db_query(&l->c->db, CACHE_GET_DECLARATION);
    gl_put_int(&q, hit->id);
    int rc = gl_db_step(&q, l->err);
    if (rc <= 0) return rc < 0 ? rc : gl_fail(l->err, -EUCLEAN, LEADS_NOWHERE, gl_cache_kind.advice);
    struct row row = take_declaration(l->c, &q, d);
    if ((rc = gl_taken(&q, l->err)) < 0) return rc;
    gl_db_end(&q);
    if (!d->received || find_declaration(l->a, &d->ref)) return 0;
    d->by = hit->by;
    d->listed_by = 0;
    rc = load_declaration_parts(l, d, row);
    if (rc == 0) l->a->n_declarations++;
    return rc;
}

static int declaration_order(const void *x, const void *y) {
    const struct gl_answer_declaration *a = x, *b = y;
    bool a_dead = gl_cache_declaration_dead(a->state), b_dead = gl_cache_declaration_dead(b->state);
    if (a_dead != b_dead) return a_dead ? 1 : -1;
    if (rank(a->by) != rank(b->by)) return rank(a->by) - rank(b->by);
    return compare_refs(&a->ref, &b->ref);
}

static int answer_declarations(struct cache_lookup *l) {
    struct gl_answer *a = l->a;
    size_t listed = a->n_declarations;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < l->c->n_hits; i++) {
        if (l->c->hits[i].owner != OWNER_DECLARATION) continue;
        l->alive = !l->c->hits[i].dead;
        rc = answer_declaration(l, &l->c->hits[i]);
    }
    if (a->n_declarations > listed + 1)
        qsort(a->declarations + listed, a->n_declarations - listed, sizeof a->declarations[0], declaration_order);
    return rc;
}

int gl_cache_lookup(struct gl_cache *c, const struct gl_query *q, struct gl_answer *ret, struct gl_error *err) {
    struct cache_lookup l = {.c = c, .a = ret, .err = err, .alive = true};
    /* Not all of it is cleared: the answer is large, and each element is cleared as it is used. */
    memcpy(ret->passage, q->passage, sizeof ret->passage);
    ret->lane = q->lane;
    ret->failed = ret->truncated = false;
    ret->n_movements = ret->n_declarations = 0;
    ret->n_tags = ret->n_lookouts = 0;
    /* One transaction for all its queries: one snapshot, and locks taken once. */
    bool own = !c->db.in_tx;
    int rc = own ? gl_db_begin(&c->db, err) : 0;
    if (rc == 0) rc = gl_cache_know_epochs(c, err);
    if (rc == 0) rc = gl_cache_search(&l, q);
    if (rc == 0 && c->n_hits > 1) qsort(c->hits, c->n_hits, sizeof c->hits[0], by_worth);
    if (rc == 0) rc = answer_movements(&l);
    if (rc == 0) rc = answer_declarations(&l);
    if (own && rc == 0) rc = gl_db_commit(&c->db, err);
    if (own && rc < 0) gl_db_rollback(&c->db);
    if (rc < 0) {
        ret->failed = true;
        ret->n_tags = ret->n_movements = ret->n_declarations = 0;
    }
    return rc;
}
