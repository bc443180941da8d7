/* The documents that controls ask for, kept each with its control's stamp: they are added to the declaration's own, by whatever control,
 * until an upsert that is newer tells the declaration anew. */
#include <errno.h>
#include <string.h>

#include "store/cache_impl.h"

int gl_cache_get_asked(struct gl_db *db, int64_t id, struct cache_asked_list *ret, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, DECLARATION_GET_ASKED);
    gl_put_int(&q, id);
    int rc;
    ret->n = 0;
    while ((rc = gl_db_step(&q, err)) > 0 && ret->n < CACHE_ASKED) {
        struct cache_asked *a = &ret->of[ret->n++];
        gl_take_text(&q, a->document.type, sizeof a->document.type);
        gl_take_text(&q, a->document.ref, sizeof a->document.ref);
        a->document.required = gl_take_u8(&q);
        gl_take_text(&q, a->stamp.epoch, sizeof a->stamp.epoch);
        a->stamp.seq = gl_take_int(&q);
        a->stamp.version = gl_take_int(&q);
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

int gl_cache_drop_asked(struct cache_writing *w, int64_t id, const struct gl_document *d) {
    struct gl_rows q = gl_db_query(w->db, DECLARATION_DROP_ASKED);
    gl_put_int(&q, id);
    gl_put_text(&q, d->type);
    gl_put_text(&q, d->ref);
    return gl_db_run(&q, w->err);
}

static size_t find_asked(const struct cache_asked_list *all, const struct gl_document *d) {
    size_t i = 0;
    while (i < all->n && (strcmp(all->of[i].document.type, d->type) != 0 || strcmp(all->of[i].document.ref, d->ref) != 0)) i++;
    return i;
}

int gl_cache_check_asked(struct cache_writing *w, const struct gl_ruling *x) {
    struct cache_asked_list all;
    if (x->n_documents == 0 || w->row.id == GL_INT_NULL) return 0;
    int rc = gl_cache_get_asked(w->db, w->row.id, &all, w->err);
    size_t n = all.n;
    for (size_t i = 0; i < x->n_documents; i++) n += find_asked(&all, &x->documents[i]) == all.n;
    if (rc < 0 || n <= CACHE_ASKED) return rc;
    return gl_fail(w->err, -EINVAL, "documents: controls ask for more than %d; send the whole record anew", CACHE_ASKED);
}

int gl_cache_put_asked(struct cache_writing *w, const struct gl_document *d, const struct cache_stamp *stamp, bool *ret) {
    struct cache_asked_list all;
    int rc = gl_cache_get_asked(w->db, w->row.id, &all, w->err);
    if (rc < 0) return rc;
    size_t i = find_asked(&all, d);
    if (i < all.n && gl_cache_compare(w, stamp, &all.of[i].stamp) < 0) return 0;
    if (i == CACHE_ASKED) return gl_fail(w->err, -E2BIG, "documents: controls ask for more than %d", CACHE_ASKED);
    struct gl_rows q = gl_db_query(w->db, DECLARATION_PUT_ASKED);
    gl_put_int(&q, w->row.id);
    gl_put_text(&q, d->type);
    gl_put_text(&q, d->ref);
    gl_put_int(&q, d->required);
    gl_put_text(&q, stamp->epoch);
    gl_put_int(&q, stamp->seq);
    gl_put_int(&q, stamp->version);
    *ret = true;
    return gl_db_run(&q, w->err);
}

int gl_cache_prune_asked(struct cache_writing *w) {
    struct cache_asked_list all;
    size_t left = 0;
    int rc = gl_cache_get_asked(w->db, w->row.id, &all, w->err);
    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        if (gl_cache_compare(w, &w->stamp, &all.of[i].stamp) > 0)
            rc = gl_cache_drop_asked(w, w->row.id, &all.of[i].document);
        else
            left++;
    }
    w->row.word[WORD_ASKED].there = left > 0;
    return rc;
}

int gl_cache_move_asked(struct cache_writing *w, int64_t from) {
    struct cache_asked_list all;
    bool taken;
    int rc = gl_cache_get_asked(w->db, from, &all, w->err);
    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        rc = gl_cache_drop_asked(w, from, &all.of[i].document);
        if (rc == 0) rc = gl_cache_put_asked(w, &all.of[i].document, &all.of[i].stamp, &taken);
        if (rc != -E2BIG) continue;
        w->row.word[WORD_VOID] = (struct cache_word){.there = true, .stamp = w->stamp}; /* nobody forgets what was asked for */
        rc = 0;
    }
    return rc;
}
