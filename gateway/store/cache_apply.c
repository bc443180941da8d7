/* Writing one record of the feed: the whole record or nothing of it. What can be wrong with a record is found before anything is written; a
 * write that fails then is our own trouble, and breaks the transaction.
 *
 *     what comes      | what is there                     | result
 *     upsert          | nothing, or words alone           | new
 *     upsert          | a newer upsert                    | older: ignored
 *     upsert          | a tombstone that is no older      | older: what has ended stays so; what it was is told
 *     upsert          | else                              | replaced, with everything that belongs to it and all words that are older
 *     cancel, expire  | something newer                   | older: ignored
 *     cancel, expire  | else, or nothing                  | cancelled (changed), a tombstone
 *     control         | a newer upsert, newer controls    | older: ignored
 *     control         | else, or nothing                  | changed: it stands beside the record, or waits for it */
#include <errno.h>
#include <string.h>

#include "model/identifiers.h"
#include "store/cache_impl.h"

/* ---- upserts ----------------------------------------------------------------------------------------------------------------- */

/* A tombstone of the record's own saying: of the same version it is not undone by what is not numbered. */
static bool stays_ended(const struct cache_writing *w, uint8_t state) {
    const struct cache_row *row = &w->row;
    return row->content && row->own_state == w->kind->cancelled && state != row->own_state &&
           w->stamp.version == row->stamp.version && gl_cache_compare(w, &w->stamp, &row->stamp) == 0;
}

/* Words that the upsert is newer than go. */
static int overrule(struct cache_writing *w) {
    for (size_t i = WORD_NONE + 1; i < WORDS; i++) {
        struct cache_word *word = &w->row.word[i];
        if (!word->there || i == WORD_ASKED) continue;
        word->there = gl_cache_compare(w, &w->stamp, &word->stamp) <= 0;
    }
    return w->row.word[WORD_ASKED].there ? gl_cache_prune_asked(w) : 0;
}

static int upsert(struct cache_writing *w, uint8_t state, enum gl_applied *ret) {
    struct cache_row *row = &w->row;
    bool stood = row->standing, fresh = !row->content && !row->word[WORD_END].there;
    *ret = GL_APPLIED_OLDER;
    if ((row->content && gl_cache_compare(w, &w->stamp, &row->stamp) < 0) || stays_ended(w, state)) return 0;
    int rc = row->worded ? overrule(w) : 0;
    w->dead = w->kind->dead(state);
    if (rc == 0) rc = w->kind->put(w);
    if (rc < 0) return rc;
    row->content = true;
    row->stamp = w->stamp;
    if (row->worded)
        rc = gl_cache_settle(w, stood);
    else
        w->c->records[w->which] += !stood;
    if (!row->word[WORD_END].there && !row->word[WORD_VOID].there) *ret = fresh ? GL_APPLIED_NEW : GL_APPLIED_REPLACED;
    return rc;
}

/* A declaration by MRN that names its LRN was known by that before. */
static int claim_lrn(struct cache_writing *w) {
    const struct gl_declaration *d = &w->r->body.declaration;
    struct gl_ref was;
    if (strcmp(d->ref.type, "mrn") != 0 || d->lrn[0] == '\0' || gl_ref_canonical("lrn", d->lrn, &was) < 0) return 0;
    return gl_cache_claim(w, &was, &d->ref);
}

/* ---- words ------------------------------------------------------------------------------------------------------------------- */

/* Sets a word unless what is there of its kind is newer. True when it was set. */
static bool say(struct cache_writing *w, size_t which, uint8_t value, const char *type) {
    struct cache_word *word = &w->row.word[which];
    if (word->there && gl_cache_compare(w, &w->stamp, &word->stamp) < 0) return false;
    *word = (struct cache_word){.there = true, .stamp = w->stamp, .value = value};
    gl_clip(word->type, sizeof word->type, type);
    return true;
}

/* adverse: it can only make things worse. Such a word of a file counts beside what the feed says, until the feed says more. */
static bool out_of_date(const struct cache_writing *w, bool adverse) {
    if (adverse && !w->stamp.epoch[0] && w->row.stamp.epoch[0]) return false;
    return w->row.content && gl_cache_compare(w, &w->stamp, &w->row.stamp) < 0;
}

static bool is_adverse(const struct gl_ruling *x, bool declared) {
    uint8_t channel = declared ? x->control.channel : x->channel;
    bool movement = !x->movement_state || x->movement_state == GL_MOVEMENT_DRAFT || x->movement_state == GL_MOVEMENT_CANCELLED ||
                    x->movement_state == GL_MOVEMENT_EXPIRED;
    bool declaration = !x->declaration_state || x->declaration_state == GL_DECLARATION_NOT_RELEASED ||
                       x->declaration_state == GL_DECLARATION_UNDER_CONTROL || x->declaration_state == GL_DECLARATION_CANCELLED ||
                       x->declaration_state == GL_DECLARATION_EXPIRED;
    return channel != GL_CHANNEL_RELEASE && (declared ? declaration : movement);
}

static bool numbered(const struct cache_writing *w) {
    return w->stamp.epoch[0] && w->stamp.seq > 0;
}

static int64_t known_version(const struct cache_row *row) {
    int64_t v = row->content && row->stamp.version != GL_INT_NULL ? row->stamp.version : 0;
    const struct cache_word *end = &row->word[WORD_END];
    return end->there && end->stamp.version > v ? end->stamp.version : v;
}

static int end(struct cache_writing *w, enum gl_applied *ret) {
    struct cache_row *row = &w->row;
    bool stood = row->standing, expired = w->r->op == GL_OP_EXPIRE;
    if (out_of_date(w, w->which != GL_COLLECTION_LOOKOUTS)) return 0;
    if (w->stamp.version == GL_INT_NULL && !numbered(w)) w->stamp.version = known_version(row);
    if (row->word[WORD_END].there && gl_cache_compare(w, &w->stamp, &row->word[WORD_END].stamp) < 0) return 0;
    int rc = row->id == GL_INT_NULL ? gl_cache_add_row(w) : 0;
    if (rc < 0) return rc;
    gl_cache_restamp(w);
    say(w, WORD_END, expired ? w->kind->expired : w->kind->cancelled, "");
    struct cache_word *refused = &row->word[WORD_VOID];
    if (refused->there && gl_cache_compare(w, &w->stamp, &refused->stamp) > 0) refused->there = false;
    *ret = expired ? GL_APPLIED_CHANGED : GL_APPLIED_CANCELLED;
    return gl_cache_settle(w, stood);
}

static int ask(struct cache_writing *w, const struct gl_ruling *x, bool *changed) {
    bool taken = false;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < x->n_documents; i++) rc = gl_cache_put_asked(w, &x->documents[i], &w->stamp, &taken);
    if (rc == 0 && taken) say(w, WORD_ASKED, 0, "");
    *changed |= taken;
    return rc;
}

static int rule(struct cache_writing *w, enum gl_applied *ret) {
    const struct gl_ruling *x = &w->r->body.ruling;
    bool declared = w->which == GL_COLLECTION_DECLARATIONS, changed = false, stood = w->row.standing;
    uint8_t state = declared ? x->declaration_state : x->movement_state, channel = declared ? x->control.channel : x->channel;
    if (out_of_date(w, is_adverse(x, declared))) return 0;
    int rc = declared ? gl_cache_check_asked(w, x) : 0;
    if (rc == 0 && w->row.id == GL_INT_NULL) rc = gl_cache_add_row(w);
    if (rc < 0) return rc;
    if (state) changed |= say(w, WORD_STATE, state, "");
    if (channel) changed |= say(w, WORD_CONTROL, channel, declared ? x->control.type : "");
    if (declared && (rc = ask(w, x, &changed)) < 0) return rc;
    if (!changed) return 0;
    *ret = GL_APPLIED_CHANGED;
    return gl_cache_settle(w, stood);
}

/* ---- one record -------------------------------------------------------------------------------------------------------------- */

/* Version and state of an upsert. */
static int64_t said(const struct gl_feed_record *r, uint8_t *state) {
    switch ((enum gl_collection)r->collection) {
        case GL_COLLECTION_MOVEMENTS: *state = r->body.movement.state; return r->body.movement.version;
        case GL_COLLECTION_DECLARATIONS: *state = r->body.declaration.state; return r->body.declaration.version;
        case GL_COLLECTION_TAGS: *state = r->body.tag.state; return r->body.tag.version;
        case GL_COLLECTION_LOOKOUTS: *state = r->body.lookout.state; return r->body.lookout.version;
        case GL_COLLECTION_TRADERS: *state = r->body.trader.state; return r->body.trader.version;
        case GL_COLLECTION_NONE:
        case GL_COLLECTIONS: break;
    }
    return GL_INT_NULL;
}

static int64_t version_of(const struct gl_feed_record *r, uint8_t *state) {
    if (r->op == GL_OP_UPSERT) return said(r, state);
    if (r->op == GL_OP_REKEY) return r->body.rekey.version;
    return r->op == GL_OP_CONTROL ? r->body.ruling.version : r->body.cancel.version;
}

static bool can_be_written(const struct gl_feed_record *r) {
    bool lodged = r->collection == GL_COLLECTION_MOVEMENTS || r->collection == GL_COLLECTION_DECLARATIONS;
    if (r->collection <= GL_COLLECTION_NONE || r->collection >= GL_COLLECTIONS) return false;
    if (r->op == GL_OP_REKEY || r->op == GL_OP_CONTROL) return lodged;
    return r->op == GL_OP_UPSERT || r->op == GL_OP_CANCEL || r->op == GL_OP_EXPIRE;
}

static bool no_ref(const struct gl_ref *ref) {
    return !ref || ref->type[0] == '\0' || ref->value[0] == '\0';
}

static int check(struct cache_writing *w) {
    const struct gl_feed_record *r = w->r;
    if (no_ref(gl_feed_record_ref(r)) || (r->op == GL_OP_REKEY && no_ref(&r->body.rekey.was)))
        return gl_fail(w->err, -EINVAL, "ref: missing; a record is known by its type and value");
    return r->op == GL_OP_UPSERT && w->kind->check ? w->kind->check(w) : 0;
}

static int apply(struct cache_writing *w, enum gl_applied *ret) {
    const struct gl_feed_record *r = w->r;
    uint8_t state = 0;
    w->stamp.version = version_of(r, &state);
    if (r->op == GL_OP_REKEY) return gl_cache_rekey(w, &r->body.rekey.was, &r->body.rekey.ref, ret);
    int rc = gl_cache_resolve(w->c, w->which, gl_feed_record_ref(r), w->present, &w->ref, w->err);
    if (rc == -ELOOP)
        rc = gl_fail(w->err, -EINVAL, "ref: re-keyed more than %d times over; name the present one", CACHE_ALIASES_DEEP);
    if (rc == 0) rc = gl_cache_load_row(w, &w->ref, &w->row);
    if (rc < 0) return rc;
    if (r->op == GL_OP_CONTROL) return rule(w, ret);
    if (r->op != GL_OP_UPSERT) return end(w, ret);
    rc = upsert(w, state, ret);
    return rc == 0 && w->which == GL_COLLECTION_DECLARATIONS ? claim_lrn(w) : rc;
}

static int start(struct cache_writing *w, const char *epoch, int64_t seq) {
    struct gl_cache *c = w->c;
    int rc = gl_cache_ready(c, (enum gl_collection)w->which, w->err);
    if (rc < 0) return rc;
    w->db = &c->db[w->which];
    w->kind = gl_cache_kinds[w->which];
    gl_clip(w->stamp.epoch, sizeof w->stamp.epoch, epoch);
    w->stamp.seq = seq;
    if ((rc = gl_cache_know_epoch(c, (enum gl_collection)w->which, w->err)) < 0) return rc;
    bool leads = epoch[0] && strcmp(epoch, c->left[w->which]) != 0; /* the first record of an epoch comes before its bookkeeping */
    w->present = leads ? w->stamp.epoch : c->epoch[w->which];
    return 0;
}

/* What was counted may be wrong after a write that failed. */
static int finish(struct cache_writing *w, int rc) {
    if (rc < 0) w->c->counted[w->which] = false;
    if (rc == 0) w->c->unsaved++;
    if (w->which == GL_COLLECTION_LOOKOUTS) w->c->sought_known = false;
    if (w->which == GL_COLLECTION_TAGS) w->c->seals_known = false;
    return rc;
}

int gl_cache_apply(struct gl_cache *c, const struct gl_feed_record *r, int64_t now_wall, enum gl_applied *ret,
                   struct gl_error *err) {
    struct cache_writing w = {.c = c, .which = r->collection, .r = r, .now = now_wall, .err = err};
    enum gl_applied applied = GL_APPLIED_OLDER;
    if (!can_be_written(r))
        return gl_fail(
            err, -EINVAL,
            "cache: only upserts, cancels, expiries, controls and re-keys can be written, of collections that have them");
    int rc = start(&w, r->epoch, r->seq);
    if (rc == 0) rc = check(&w);
    if (rc == 0) rc = gl_db_begin(w.db, err);
    if (rc < 0) return rc;
    rc = finish(&w, apply(&w, &applied));
    if (rc == 0) *ret = applied;
    return rc;
}

static int refuse(struct cache_writing *w, const struct gl_ref *named) {
    struct cache_row *row = &w->row;
    int rc = gl_cache_resolve(w->c, w->which, named, w->present, &w->ref, w->err);
    if (rc == -ELOOP) return 0; /* it leads nowhere, so nothing is received by it */
    if (rc == 0) rc = gl_cache_load_row(w, &w->ref, row);
    if (rc < 0) return rc;
    bool stood = row->standing;
    w->stamp.version = row->id == GL_INT_NULL ? -1 : known_version(row);
    const struct cache_stamp *ended = row->word[WORD_END].there ? &row->word[WORD_END].stamp : NULL;
    if (out_of_date(w, true) || (ended && gl_cache_compare(w, &w->stamp, ended) < 0)) return 0;
    if (row->id == GL_INT_NULL) rc = gl_cache_add_row(w);
    if (rc < 0 || !say(w, WORD_VOID, 0, "")) return rc;
    return gl_cache_settle(w, stood);
}

int gl_cache_void(struct gl_cache *c, enum gl_collection which, const struct gl_ref *ref, const char *epoch, int64_t seq,
                  int64_t now_wall, struct gl_error *err) {
    struct cache_writing w = {.c = c, .which = (uint8_t)which, .now = now_wall, .err = err};
    if (which == GL_COLLECTION_LOOKOUTS || no_ref(ref)) return 0;
    int rc = start(&w, epoch, seq > 0 ? seq : 0);
    if (rc == 0) rc = gl_db_begin(w.db, err);
    return rc < 0 ? rc : finish(&w, refuse(&w, ref));
}
