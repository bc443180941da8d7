/* References that have become others. An alias says that what was known by one reference is known by another; what it leads to may
 * have an alias again. No record stands under a reference that has an alias in force: when the alias comes, both records become one,
 * each of their words by its stamp, so that it does not matter which came first. */
#include <errno.h>
#include <string.h>

#include "store/cache_impl.h"

struct alias {
    struct gl_ref ref;
    struct cache_stamp stamp;
};

static bool same(const struct gl_ref *a, const struct gl_ref *b) {
    return strcmp(a->value, b->value) == 0 && strcmp(a->type, b->type) == 0;
}

static bool in_force(const char *epoch, const char *present) {
    return epoch[0] == '\0' || present[0] == '\0' || strcmp(epoch, present) == 0;
}

/* One that two records claim leads nowhere. */
static bool leads(const struct alias *a, const char *present) {
    return a->ref.type[0] && in_force(a->stamp.epoch, present);
}

int gl_cache_any_alias(struct gl_cache *c, enum gl_collection which, bool *ret, struct gl_error *err) {
    *ret = false;
    if (which != GL_COLLECTION_MOVEMENTS && which != GL_COLLECTION_DECLARATIONS) return 0;
    if (!c->aliases_known[which]) {
        struct gl_rows q = gl_db_query(&c->db[which], LODGED_ANY_ALIAS);
        int rc = gl_db_step(&q, err);
        if (rc < 0) return rc;
        gl_db_end(&q);
        c->aliased[which] = rc > 0;
        c->aliases_known[which] = true;
    }
    *ret = c->aliased[which];
    return 0;
}

/* 1 = there is one. */
static int get(struct gl_cache *c, enum gl_collection which, const struct gl_ref *was, struct alias *ret, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&c->db[which], LODGED_GET_ALIAS);
    gl_put_text(&q, was->type);
    gl_put_text(&q, was->value);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    gl_take_text(&q, ret->ref.type, sizeof ret->ref.type);
    gl_take_text(&q, ret->ref.value, sizeof ret->ref.value);
    gl_take_text(&q, ret->stamp.epoch, sizeof ret->stamp.epoch);
    ret->stamp.seq = gl_take_int(&q);
    ret->stamp.version = gl_take_int(&q);
    if ((rc = gl_taken(&q, err)) < 0) return rc;
    gl_db_end(&q);
    return 1;
}

int gl_cache_resolve(struct gl_cache *c, enum gl_collection which, const struct gl_ref *ref, const char *present,
                     struct gl_ref *ret, struct gl_error *err) {
    struct alias a = {.ref = *ref};
    bool any;
    int rc = gl_cache_any_alias(c, which, &any, err);
    for (int deep = 0; rc == 0 && any; deep++) {
        struct alias next;
        rc = get(c, which, &a.ref, &next, err);
        if (rc <= 0 || !leads(&next, present)) break;
        if (deep == CACHE_ALIASES_DEEP) return -ELOOP;
        a = next;
        rc = 0;
    }
    if (rc >= 0) *ret = a.ref;
    return rc < 0 ? rc : 0;
}

static int get_names(struct gl_cache *c, enum gl_collection which, const struct gl_ref *to, struct gl_ref names[CACHE_NAMES],
                     size_t *n, struct gl_error *err) {
    struct gl_rows q = gl_db_query(&c->db[which], LODGED_GET_NAMES);
    gl_put_text(&q, to->type);
    gl_put_text(&q, to->value);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0) {
        struct gl_ref name;
        char epoch[41];
        gl_take_text(&q, name.type, sizeof name.type);
        gl_take_text(&q, name.value, sizeof name.value);
        gl_take_text(&q, epoch, sizeof epoch);
        if ((rc = gl_taken(&q, err)) < 0) return rc;
        if (!in_force(epoch, c->epoch[which])) continue;
        if (*n < CACHE_NAMES) names[*n] = name;
        if (++*n > CACHE_NAMES) break;
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

int gl_cache_names(struct gl_cache *c, enum gl_collection which, struct gl_ref names[CACHE_NAMES], size_t *n,
                   struct gl_error *err) {
    bool any;
    *n = 1;
    int rc = gl_cache_any_alias(c, which, &any, err);
    for (size_t i = 0; rc == 0 && any && i < *n && i < CACHE_NAMES && *n <= CACHE_NAMES; i++)
        rc = get_names(c, which, &names[i], names, n, err);
    return rc;
}

int gl_cache_former(struct gl_cache *c, enum gl_collection which, const struct gl_ref *ref, struct gl_ref former[GL_FORMER],
                    size_t *ret_n, struct gl_error *err) {
    struct gl_ref names[CACHE_NAMES] = {*ref};
    size_t n;
    int rc = gl_cache_ready(c, which, err);
    if (rc == 0) rc = gl_cache_know_epoch(c, which, err);
    if (rc == 0) rc = gl_cache_names(c, which, names, &n, err);
    if (rc < 0) return rc;
    if (n > CACHE_NAMES)
        return gl_fail(err, -E2BIG, "cache: %s %s was known by more than %d references", ref->type, ref->value, GL_FORMER);
    memcpy(former, names + 1, (n - 1) * sizeof names[0]);
    *ret_n = n - 1;
    return 0;
}

/* ---- two records become one -------------------------------------------------------------------------------------------------- */

static int rename_row(struct cache_writing *w, const struct gl_ref *was, const struct gl_ref *ref) {
    char key[IDENTIFIER_KEY];
    struct gl_rows q = gl_db_query(w->db, LODGED_RENAME);
    gl_put_int(&q, w->row.id);
    gl_put_text(&q, ref->type);
    gl_put_text(&q, ref->value);
    int rc = gl_db_run(&q, w->err);
    if (rc < 0) return rc;
    gl_format(key, sizeof key, "%s:%s", was->type, was->value);
    q = gl_db_query(w->db, LODGED_UNNAME);
    gl_put_text(&q, key);
    gl_put_int(&q, w->row.id);
    w->ref = *ref;
    return (rc = gl_db_run(&q, w->err)) < 0 ? rc : w->kind->name(w);
}

static int delete_row(struct cache_writing *w, const struct cache_row *row) {
    int rc = w->kind->drop(w, row->id);
    struct gl_rows q = gl_db_query(w->db, CACHE_DROP_WORDS);
    gl_put_int(&q, row->id);
    if (rc == 0) rc = gl_db_run(&q, w->err);
    q = gl_db_query(w->db, CACHE_DELETE);
    gl_put_int(&q, row->id);
    return rc < 0 ? rc : gl_db_run(&q, w->err);
}

/* Of every word the newer; none that is older than the upsert that stays. */
static void join_words(const struct cache_writing *w, struct cache_row *to, const struct cache_row *from) {
    for (size_t i = WORD_NONE + 1; i < WORDS; i++) {
        struct cache_word *a = &to->word[i];
        const struct cache_word *b = &from->word[i];
        if (b->there && (!a->there || gl_cache_compare(w, &b->stamp, &a->stamp) > 0)) *a = *b;
        /* Refused, of nobody knows which version, after the snapshot that began the numbering and has no number. */
        bool unread = i == WORD_VOID && to->stamp.seq == 0 && a->stamp.seq > 0;
        if (a->there && to->content && i != WORD_ASKED && !unread && gl_cache_compare(w, &to->stamp, &a->stamp) > 0)
            a->there = false;
    }
    struct cache_word *end = &to->word[WORD_END], *refused = &to->word[WORD_VOID];
    if (end->there && refused->there && gl_cache_compare(w, &end->stamp, &refused->stamp) > 0) refused->there = false;
}

/* What was known as `was` goes on as `ref`, with what is known of that. */
static int merge(struct cache_writing *w, const struct gl_ref *was, const struct gl_ref *ref) {
    struct cache_row from, to;
    struct cache_stamp rekeyed = w->stamp;
    int rc = gl_cache_load_row(w, was, &from);
    if (rc == 0) rc = gl_cache_load_row(w, ref, &to);
    if (rc < 0 || from.id == GL_INT_NULL) return rc;
    bool both = to.id != GL_INT_NULL, stood = from.standing;
    bool stays = both && to.content && (!from.content || gl_cache_compare(w, &from.stamp, &to.stamp) <= 0);
    if (!both) {
        w->row = from;
    } else {
        struct cache_row *loser = stays ? &from : &to;
        w->row = stays ? to : from;
        stood = w->row.standing;
        w->c->records[w->which] -= loser->standing;
        bool asked = loser->word[WORD_ASKED].there;
        join_words(w, &w->row, loser);
        if (asked) rc = gl_cache_move_asked(w, loser->id);
        if (rc == 0) rc = delete_row(w, loser);
        w->stamp = w->row.stamp;
        if (rc == 0 && w->row.content && w->row.word[WORD_ASKED].there) rc = gl_cache_prune_asked(w);
        w->stamp = rekeyed;
    }
    if (rc == 0 && !stays) rc = rename_row(w, was, ref);
    return rc < 0 ? rc : gl_cache_settle(w, stood);
}

static int put_alias(struct cache_writing *w, const struct gl_ref *was, const struct gl_ref *ref, const struct cache_stamp *stamp) {
    struct gl_rows q = gl_db_query(w->db, LODGED_PUT_ALIAS);
    gl_put_text(&q, was->type);
    gl_put_text(&q, was->value);
    gl_put_text(&q, ref->type);
    gl_put_text(&q, ref->value);
    gl_put_text(&q, stamp->epoch);
    gl_put_int(&q, stamp->seq);
    gl_put_int(&q, stamp->version);
    w->c->aliased[w->which] = w->c->aliases_known[w->which] = true;
    return gl_db_run(&q, w->err);
}

int gl_cache_rekey(struct cache_writing *w, const struct gl_ref *was, const struct gl_ref *ref, enum gl_applied *ret) {
    struct gl_ref end = *ref;
    struct alias there;
    int deep = 1, rc;
    while ((rc = get(w->c, w->which, &end, &there, w->err)) > 0 && leads(&there, w->present)) {
        end = there.ref;
        if (++deep > CACHE_ALIASES_DEEP || same(&end, was)) break;
    }
    if (rc < 0) return rc;
    if (same(ref, was) || same(&end, was) || deep > CACHE_ALIASES_DEEP)
        return gl_fail(w->err, -EINVAL, "ref: %s %s leads back to was, or further than %d re-keys; name the last one", ref->type,
                       ref->value, CACHE_ALIASES_DEEP);
    rc = get(w->c, w->which, was, &there, w->err);
    if (rc < 0 || (rc > 0 && gl_cache_compare(w, &w->stamp, &there.stamp) < 0)) return rc < 0 ? rc : 0;
    rc = put_alias(w, was, ref, &w->stamp);
    *ret = GL_APPLIED_CHANGED;
    return rc < 0 ? rc : merge(w, was, &end);
}

int gl_cache_claim(struct cache_writing *w, const struct gl_ref *was, const struct gl_ref *ref) {
    static const struct gl_ref nowhere = {"", ""};
    struct gl_ref end, other;
    struct alias there;
    enum gl_applied applied;
    int rc = gl_cache_resolve(w->c, w->which, ref, w->present, &end, w->err);
    if (rc == -ELOOP || (rc == 0 && same(&end, was))) return 0; /* a circle is none of a declaration's business */
    if (rc < 0 || (rc = get(w->c, w->which, was, &there, w->err)) < 0) return rc;
    if (rc > 0 && in_force(there.stamp.epoch, w->present)) {
        if (!leads(&there, w->present)) return 0;
        rc = gl_cache_resolve(w->c, w->which, was, w->present, &other, w->err);
        if (rc < 0) return rc == -ELOOP ? 0 : rc;
        if (!same(&other, &end))
            return put_alias(w, was, &nowhere, gl_cache_compare(w, &w->stamp, &there.stamp) < 0 ? &there.stamp : &w->stamp);
    }
    rc = gl_cache_rekey(w, was, ref, &applied);
    return rc == -EINVAL ? 0 : rc;
}
