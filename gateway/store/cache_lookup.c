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

/* What is left out of the answer is looked for all the same. */
static int load_means(struct cache_lookup *l, uint8_t owner, int64_t id, struct gl_answer_means *means, uint16_t *n,
                      const struct cache_place *place) {
    struct gl_rows q = gl_db_query(&l->c->db[owner], LODGED_GET_MEANS);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, l->err)) > 0) {
        struct gl_answer_means spare, *m = *n < GL_MAX_ANSWER_MEANS ? &means[*n] : &spare;
        m->role = gl_take_u8(&q);
        gl_take_text(&q, m->plate, sizeof m->plate);
        gl_take_text(&q, m->country, sizeof m->country);
        if ((rc = gl_taken(&q, l->err)) < 0) return rc;
        if ((rc = gl_cache_sought_plate(l, m->plate, place)) < 0) break;
        if (m == &spare)
            gl_cache_left_out(l);
        else
            (*n)++;
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

static int load_containers(struct cache_lookup *l, uint8_t owner, int64_t id, char (*containers)[18], size_t max, uint16_t *n,
                           const struct cache_place *place) {
    struct gl_rows q = gl_db_query(&l->c->db[owner], LODGED_GET_EQUIPMENT);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, l->err)) > 0) {
        char spare[18], *to = *n < max ? containers[*n] : spare;
        gl_take_int(&q);
        gl_take_text(&q, to, sizeof spare);
        if ((rc = gl_taken(&q, l->err)) < 0) return rc;
        if (to[0] == '\0') continue; /* the vehicle itself */
        if ((rc = gl_cache_sought_container(l, to, place)) < 0) break;
        if (to == spare)
            gl_cache_left_out(l);
        else
            (*n)++;
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

/* Seals may be looked for, and those with a tag of their own are told. */
static int seek_seals(struct cache_lookup *l, uint8_t owner, int64_t id, const struct cache_place *place) {
    if (place->dead || (!l->c->sought[GL_SOUGHT_SEAL] && !l->c->seals)) return 0;
    struct gl_rows q = gl_db_query(&l->c->db[owner], LODGED_GET_SEALS);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, l->err)) > 0) {
        char seal[sizeof((struct gl_equipment *)0)->seals[0]];
        gl_take_int(&q);
        gl_take_text(&q, seal, sizeof seal);
        if ((rc = gl_taken(&q, l->err)) < 0) return rc;
        if ((rc = gl_cache_sought_seal(l, seal, place)) < 0 || (rc = gl_cache_take_seal(l, seal, place)) < 0) break;
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

/* What is needed of a row to go on from it. */
struct row {
    int64_t id; /* GL_INT_NULL = there is none */
    bool has_means, equipped, sealed;
    bool refused; /* what came last could not be read: perhaps the worst */
};

/* The types of wanted documents, one a line. */
static void split_wanted(const char *lines, struct gl_answer_declaration *d) {
    for (size_t i = 0; *lines && i < GL_COUNT(d->wanted); i++) {
        size_t len = strcspn(lines, "\n");
        if (gl_copyn(d->wanted[i], sizeof d->wanted[i], lines, len) < 0) d->wanted[i][0] = '\0';
        lines += len + (lines[len] != '\0');
    }
}

/* The row of a declaration, as DECLARATION_ANSWER gives it. Not received: a movement lists it, but the cache has it not, or not from this
 * epoch of the feed, or what came last was refused. */
static int take_declaration(struct cache_lookup *l, struct gl_rows *q, struct gl_answer_declaration *d, struct row *row) {
    char epoch[41], wanted[64];
    row->id = gl_take_int(q);
    bool standing = gl_take_int(q) != 0;
    gl_take_text(q, d->ref.type, sizeof d->ref.type);
    gl_take_text(q, d->ref.value, sizeof d->ref.value);
    gl_take_text(q, epoch, sizeof epoch);
    bool of_old = gl_cache_is_void(l->c, GL_COLLECTION_DECLARATIONS, epoch);
    d->received = standing && !of_old;
    row->refused = !standing && !of_old;
    if (d->received) {
        d->version = gl_take_int(q);
        d->state = gl_take_u8(q);
        d->control = gl_take_u8(q);
        d->lodged_at = gl_take_int(q);
        d->valid_to = gl_take_int(q);
        int64_t n = gl_take_int(q);
        gl_take_text(q, wanted, sizeof wanted);
        gl_take_text(q, d->eori, sizeof d->eori);
        gl_take_text(q, d->type, sizeof d->type);
        row->has_means = gl_take_int(q) > 0;
        row->equipped = gl_take_int(q) > 0;
        d->n_wanted = n < 0 ? 0 : (uint16_t)n;
        split_wanted(wanted, d);
    }
    int rc = gl_taken(q, l->err);
    gl_db_end(q);
    return rc;
}

/* What the feed of traders says of the one that a declaration names. */
static int load_trader(struct cache_lookup *l, struct gl_answer_declaration *d) {
    char epoch[41];
    if (d->eori[0] == '\0') return 0;
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_TRADERS], TRADER_ANSWER);
    gl_put_text(&q, d->eori);
    int rc = gl_db_step(&q, l->err);
    if (rc <= 0) return rc;
    bool standing = gl_take_int(&q) != 0;
    gl_take_text(&q, epoch, sizeof epoch);
    if (standing && !gl_cache_is_void(l->c, GL_COLLECTION_TRADERS, epoch)) {
        d->trader = gl_take_u8(&q);
        d->aeo = gl_take_int(&q) != 0;
        d->aeo_from = gl_take_int(&q);
        d->aeo_to = gl_take_int(&q);
    }
    rc = gl_taken(&q, l->err);
    gl_db_end(&q);
    return rc;
}

/* Only a transit's arrival is told to anybody: of what is declared otherwise it is not looked for. */
static int load_destination(struct cache_lookup *l, struct gl_answer_declaration *d, int64_t id) {
    if (d->type[0] != 'T') return 0;
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_DECLARATIONS], DECLARATION_GET_DESTINATION);
    gl_put_int(&q, id);
    int rc = gl_db_step(&q, l->err);
    if (rc <= 0) return rc;
    gl_take_text(&q, d->destination, sizeof d->destination);
    rc = gl_taken(&q, l->err);
    gl_db_end(&q);
    return rc;
}

static int load_declaration_parts(struct cache_lookup *l, struct gl_answer_declaration *d, const struct row *row) {
    const struct cache_place place = {.dead = gl_cache_declaration_dead(d->state), .in = &d->ref};
    if (!d->received) return 0;
    int rc = row->has_means ? load_means(l, GL_COLLECTION_DECLARATIONS, row->id, d->means, &d->n_means, &place) : 0;
    if (rc == 0 && row->equipped)
        rc = load_containers(l, GL_COLLECTION_DECLARATIONS, row->id, d->containers, GL_COUNT(d->containers), &d->n_containers,
                             &place);
    if (rc == 0 && row->equipped) rc = seek_seals(l, GL_COLLECTION_DECLARATIONS, row->id, &place);
    if (rc == 0) rc = gl_cache_sought_key(l, GL_SOUGHT_HOLDER, d->eori, &place);
    if (rc == 0) rc = load_destination(l, d, row->id);
    return rc < 0 ? rc : load_trader(l, d);
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
        if (c->hits[i].owner == GL_COLLECTION_DECLARATIONS && c->hits[i].id == id) return c->hits[i].by;
    return 0;
}

/* 1 = d is filled from the record of this reference; 0 = there is none. */
static int find_by_ref(struct cache_lookup *l, const struct gl_ref *ref, struct gl_answer_declaration *d, struct row *row) {
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_DECLARATIONS], DECLARATION_ANSWER_REF);
    gl_put_text(&q, ref->type);
    gl_put_text(&q, ref->value);
    int rc = gl_db_step(&q, l->err);
    if (rc > 0 && (rc = take_declaration(l, &q, d, row)) == 0) rc = 1;
    return rc;
}

/* A listed reference, by its present name. */
static int find_listed(struct cache_lookup *l, const struct gl_ref *listed, struct gl_answer_declaration *d, struct row *row) {
    row->id = GL_INT_NULL;
    d->ref = *listed;
    int rc = find_by_ref(l, listed, d, row);
    if (rc != 0) return rc;
    struct gl_ref name;
    rc = gl_cache_resolve(l->c, GL_COLLECTION_DECLARATIONS, listed, l->c->epoch[GL_COLLECTION_DECLARATIONS], &name, l->err);
    if (rc < 0) return rc == -ELOOP ? 0 : rc;
    d->ref = name;
    return compare_refs(listed, &name) == 0 ? 0 : find_by_ref(l, &name, d, row);
}

static int add_listed(struct cache_lookup *l, const struct gl_ref *listed, uint8_t bit) {
    struct gl_answer_declaration *d = free_declaration(l);
    struct row row = {.id = GL_INT_NULL};
    if (!d) return 0;
    int rc = find_listed(l, listed, d, &row);
    if (rc < 0) return rc;
    struct gl_answer_declaration *known = find_declaration(l->a, &d->ref);
    if (known) known->listed_by |= bit; /* an earlier movement lists it too */
    if (known) return 0;
    d->by = d->received ? hit_by(l->c, row.id) : 0;
    d->listed_by = bit;
    rc = load_declaration_parts(l, d, &row);
    if (rc == 0) l->a->n_declarations++;
    return rc;
}

static int load_listed(struct cache_lookup *l, int64_t movement, struct gl_answer_movement *m) {
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_MOVEMENTS], MOVEMENT_GET_LISTED);
    gl_put_int(&q, movement);
    int rc;
    while ((rc = gl_db_step(&q, l->err)) > 0) {
        struct gl_ref listed;
        m->n_declarations++;
        gl_take_text(&q, listed.type, sizeof listed.type);
        gl_take_text(&q, listed.value, sizeof listed.value);
        if ((rc = gl_taken(&q, l->err)) < 0) return rc;
        if ((rc = add_listed(l, &listed, (uint8_t)(1u << (m - l->a->movements)))) < 0) break;
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

/* 1 = loaded; 0 = void. */
static int load_movement_row(struct cache_lookup *l, const struct cache_hit *hit, struct gl_answer_movement *m, struct row *ret) {
    char epoch[41];
    memset(m, 0, sizeof *m);
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_MOVEMENTS], MOVEMENT_ANSWER);
    gl_put_int(&q, hit->id);
    int rc = gl_db_step(&q, l->err);
    if (rc <= 0) return rc < 0 ? rc : gl_fail(l->err, -EUCLEAN, LEADS_NOWHERE, CACHE_ADVICE);
    bool standing = gl_take_int(&q) != 0;
    gl_take_text(&q, m->ref.type, sizeof m->ref.type);
    gl_take_text(&q, m->ref.value, sizeof m->ref.value);
    gl_take_text(&q, epoch, sizeof epoch);
    m->version = gl_take_int(&q);
    m->kind = gl_take_u8(&q);
    m->state = gl_take_u8(&q);
    m->channel = gl_take_u8(&q);
    m->direction = gl_take_u8(&q);
    m->lodged_at = gl_take_int(&q);
    m->eta = gl_take_int(&q);
    m->valid_from = gl_take_int(&q);
    m->valid_to = gl_take_int(&q);
    m->by = hit->by;
    ret->id = hit->id;
    ret->equipped = gl_take_int(&q) > 0;
    ret->sealed = gl_take_int(&q) > 0;
    if ((rc = gl_taken(&q, l->err)) < 0) return rc;
    gl_db_end(&q);
    bool of_old = gl_cache_is_void(l->c, GL_COLLECTION_MOVEMENTS, epoch);
    if (!standing && !of_old) l->a->truncated = true; /* what came last could not be read: perhaps the worst */
    return standing && !of_old;
}

static int load_movement_parts(struct cache_lookup *l, struct row row, struct gl_answer_movement *m) {
    const struct cache_place place = {.dead = gl_cache_movement_dead(m->state),
                                      .movements = (uint8_t)(1u << (m - l->a->movements))};
    int rc = load_means(l, GL_COLLECTION_MOVEMENTS, row.id, m->means, &m->n_means, &place);
    if (rc == 0 && row.equipped)
        rc = load_containers(l, GL_COLLECTION_MOVEMENTS, row.id, m->containers, GL_COUNT(m->containers), &m->n_containers, &place);
    if (rc == 0 && row.sealed) rc = seek_seals(l, GL_COLLECTION_MOVEMENTS, row.id, &place);
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
    for (size_t i = 0; i < l->c->n_hits && l->c->hits[i].owner == GL_COLLECTION_MOVEMENTS; i++) {
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
    struct row row;
    if (!d) return 0;
    struct gl_rows q = gl_db_query(&l->c->db[GL_COLLECTION_DECLARATIONS], DECLARATION_ANSWER);
    gl_put_int(&q, hit->id);
    int rc = gl_db_step(&q, l->err);
    if (rc <= 0) return rc < 0 ? rc : gl_fail(l->err, -EUCLEAN, LEADS_NOWHERE, CACHE_ADVICE);
    if ((rc = take_declaration(l, &q, d, &row)) < 0) return rc;
    if (row.refused) l->a->truncated = true;
    if (!d->received || find_declaration(l->a, &d->ref)) return 0;
    d->by = hit->by;
    d->listed_by = 0;
    rc = load_declaration_parts(l, d, &row);
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
        if (l->c->hits[i].owner != GL_COLLECTION_DECLARATIONS) continue;
        l->alive = !l->c->hits[i].dead;
        rc = answer_declaration(l, &l->c->hits[i]);
    }
    if (a->n_declarations > listed + 1)
        qsort(a->declarations + listed, a->n_declarations - listed, sizeof a->declarations[0], declaration_order);
    return rc;
}

/* One state of both large files for all queries, and locks taken once. */
static int start(struct gl_cache *c, struct gl_error *err) {
    int rc = c->gone || c->aside ? gl_fail(err, -EIO, "cache %s: it answers nothing", c->dir) : 0;
    for (int which = GL_COLLECTION_NONE + 1; rc == 0 && which < GL_COLLECTIONS; which++)
        rc = gl_cache_know_epoch(c, (enum gl_collection)which, err);
    if (rc == 0) rc = gl_cache_know_sought(c, err);
    if (rc == 0) rc = gl_cache_know_seals(c, err);
    if (rc == 0) rc = gl_db_hold(&c->db[GL_COLLECTION_MOVEMENTS], err);
    return rc == 0 ? gl_db_hold(&c->db[GL_COLLECTION_DECLARATIONS], err) : rc;
}

int gl_cache_lookup(struct gl_cache *c, const struct gl_query *q, struct gl_answer *ret, struct gl_error *err) {
    struct cache_lookup l = {.c = c, .a = ret, .err = err, .alive = true};
    /* Not all of it is cleared: the answer is large, and each element is cleared as it is used. */
    memcpy(ret->passage, q->passage, sizeof ret->passage);
    ret->lane = q->lane;
    ret->failed = ret->truncated = false;
    ret->n_movements = ret->n_declarations = 0;
    ret->n_tags = ret->n_seals = ret->n_lookouts = 0;
    int rc = start(c, err);
    if (rc == 0) rc = gl_cache_search(&l, q);
    if (rc == 0 && c->n_hits > 1) qsort(c->hits, c->n_hits, sizeof c->hits[0], by_worth);
    if (rc == 0) rc = answer_movements(&l);
    if (rc == 0) rc = answer_declarations(&l);
    gl_db_let_go(&c->db[GL_COLLECTION_MOVEMENTS]);
    gl_db_let_go(&c->db[GL_COLLECTION_DECLARATIONS]);
    if (rc < 0) {
        ret->failed = true;
        ret->n_tags = ret->n_seals = ret->n_lookouts = ret->n_movements = ret->n_declarations = 0;
    }
    return rc;
}
