/* What stands beside a record, and what follows from it.
 *
 *     word     | comes from              | makes of the record
 *     END      | a cancel or an expire   | cancelled, expired, withdrawn; a tombstone when no upsert has come
 *     VOID     | a refused record        | not received
 *     STATE    | a control               | another state, unless it has ended
 *     CONTROL  | a control               | another channel, or a control
 *     ASKED    | a control               | more documents that are asked for
 *
 * The upsert and each word are kept with their stamps, the newest of each kind, and none that is older than the upsert: so what a record
 * comes to does not depend on the order in which all this arrives. */
#include <string.h>

#include "store/cache_impl.h"

/* ---- before and after -------------------------------------------------------------------------------------------------------- */

static bool other_epoch(const struct cache_stamp *a, const struct cache_stamp *b) {
    return a->epoch[0] && b->epoch[0] && strcmp(a->epoch, b->epoch) != 0;
}

static bool lower_version(const struct cache_stamp *a, const struct cache_stamp *b) {
    return a->version != GL_INT_NULL && b->version != GL_INT_NULL && a->version < b->version;
}

/* What the feed says in the epoch that is in force. */
static bool is_fed(const struct cache_writing *w, const struct cache_stamp *s) {
    return s->epoch[0] && !gl_cache_is_void(w->c, w->which, s->epoch);
}

/* Of two epochs the one that comes is the newer, but for stragglers of the one that was left. What the feed says outranks what a file says: their
 * versions are of two scales. */
int gl_cache_compare(const struct cache_writing *w, const struct cache_stamp *now, const struct cache_stamp *there) {
    if (other_epoch(now, there)) return strcmp(now->epoch, w->c->left[w->which]) == 0 ? -1 : 1;
    if (!now->epoch[0] && is_fed(w, there)) return -1;
    if (now->epoch[0] && !there->epoch[0]) return 1;
    if (now->epoch[0] && there->epoch[0] && now->seq > 0 && there->seq > 0)
        return now->seq < there->seq ? -1 : now->seq > there->seq;
    return lower_version(now, there) ? -1 : lower_version(there, now);
}

/* ---- rows -------------------------------------------------------------------------------------------------------------------- */

static void take_stamp(struct gl_rows *q, struct cache_stamp *s) {
    gl_take_text(q, s->epoch, sizeof s->epoch);
    s->seq = gl_take_int(q);
    s->version = gl_take_int(q);
}

static int load_words(struct cache_writing *w, struct cache_row *row) {
    struct gl_rows q = gl_db_query(w->db, CACHE_GET_WORDS);
    gl_put_int(&q, row->id);
    int rc;
    while ((rc = gl_db_step(&q, w->err)) > 0) {
        struct cache_word word = {.there = true};
        uint8_t which = gl_take_u8(&q);
        take_stamp(&q, &word.stamp);
        word.value = gl_take_u8(&q);
        gl_take_text(&q, word.type, sizeof word.type);
        if ((rc = gl_taken(&q, w->err)) < 0) return rc;
        if (which < WORDS) row->word[which] = word;
    }
    return rc;
}

int gl_cache_load_row(struct cache_writing *w, const struct gl_ref *ref, struct cache_row *ret) {
    struct cache_row row = {.id = GL_INT_NULL};
    struct gl_rows q = gl_db_query(w->db, CACHE_FIND);
    gl_put_text(&q, ref->type);
    gl_put_text(&q, ref->value);
    int rc = gl_db_step(&q, w->err);
    if (rc > 0) {
        row.id = gl_take_int(&q);
        take_stamp(&q, &row.stamp);
        row.content = gl_take_int(&q) != 0;
        row.standing = gl_take_int(&q) != 0;
        row.own_state = gl_take_u8(&q);
        row.worded = gl_take_int(&q) != 0;
        if ((rc = gl_taken(&q, w->err)) < 0) return rc;
        gl_db_end(&q);
        if (row.worded) rc = load_words(w, &row);
    }
    if (rc == 0) *ret = row;
    return rc;
}

int gl_cache_add_row(struct cache_writing *w) {
    struct gl_rows q = gl_db_query(w->db, CACHE_ADD);
    gl_put_text(&q, w->ref.type);
    gl_put_text(&q, w->ref.value);
    gl_put_int(&q, w->now);
    int rc = gl_db_run(&q, w->err);
    if (rc < 0) return rc;
    w->row = (struct cache_row){.id = gl_db_last_id(w->db), .stamp.version = GL_INT_NULL};
    w->dead = true;
    return w->kind->name ? w->kind->name(w) : 0;
}

struct gl_rows gl_cache_put_row(struct cache_writing *w, unsigned query, uint8_t state, int64_t valid_to) {
    struct gl_rows q = gl_db_query(w->db, query);
    gl_put_int(&q, w->row.id);
    gl_put_text(&q, w->ref.type);
    gl_put_text(&q, w->ref.value);
    gl_put_text(&q, w->stamp.epoch);
    gl_put_int(&q, w->stamp.seq);
    gl_put_int(&q, w->stamp.version);
    gl_put_int(&q, state);
    gl_put_int(&q, w->now);
    gl_put_int(&q, valid_to);
    w->row.own_state = state;
    return q;
}

int gl_cache_run_row(struct cache_writing *w, struct gl_rows *q) {
    int rc = gl_db_run(q, w->err);
    if (rc == 0 && w->row.id == GL_INT_NULL) w->row.id = gl_db_last_id(w->db);
    return rc;
}

void gl_cache_restamp(struct cache_writing *w) {
    struct cache_row *row = &w->row;
    if (!other_epoch(&w->stamp, &row->stamp)) return;
    for (size_t i = 0; i < WORDS; i++)
        if (other_epoch(&w->stamp, &row->word[i].stamp)) row->word[i].there = false;
    memcpy(row->stamp.epoch, w->stamp.epoch, sizeof row->stamp.epoch);
    row->stamp.seq = 0;
    row->stamp.version = GL_INT_NULL;
}

/* ---- what follows ------------------------------------------------------------------------------------------------------------ */

static int put_word(struct cache_writing *w, size_t which) {
    const struct cache_word *word = &w->row.word[which];
    struct gl_rows q = gl_db_query(w->db, CACHE_PUT_WORD);
    gl_put_int(&q, w->row.id);
    gl_put_int(&q, (int64_t)which);
    gl_put_text(&q, word->stamp.epoch);
    gl_put_int(&q, word->stamp.seq);
    gl_put_int(&q, word->stamp.version);
    gl_put_int(&q, word->value);
    gl_put_text(&q, word->type);
    return gl_db_run(&q, w->err);
}

static int put_words(struct cache_writing *w, bool *ret_any) {
    int rc = 0;
    *ret_any = false;
    if (w->row.worded) {
        struct gl_rows q = gl_db_query(w->db, CACHE_DROP_WORDS);
        gl_put_int(&q, w->row.id);
        rc = gl_db_run(&q, w->err);
    }
    for (size_t i = 0; rc == 0 && i < WORDS; i++) {
        if (!w->row.word[i].there) continue;
        *ret_any = true;
        rc = put_word(w, i);
    }
    return rc;
}

static int64_t highest_version(const struct cache_row *row) {
    int64_t most = row->content ? row->stamp.version : GL_INT_NULL; /* the lowest number there is */
    for (size_t i = 0; i < WORDS; i++)
        if (row->word[i].there && i != WORD_VOID && row->word[i].stamp.version > most) most = row->word[i].stamp.version;
    return most;
}

int gl_cache_settle(struct cache_writing *w, bool stood) {
    struct cache_row *row = &w->row;
    uint8_t state = row->word[WORD_END].there     ? row->word[WORD_END].value
                    : row->word[WORD_STATE].there ? row->word[WORD_STATE].value
                                                  : row->own_state;
    bool any;
    if (!row->content && row->word[WORD_END].there) /* all that is known comes from there */
        memcpy(row->stamp.epoch, row->word[WORD_END].stamp.epoch, sizeof row->stamp.epoch);
    int rc = put_words(w, &any);
    if (rc < 0) return rc;
    row->standing = !row->word[WORD_VOID].there && (row->content || row->word[WORD_END].there);
    w->dead = !row->standing || w->kind->dead(state);
    struct gl_rows q = gl_db_query(w->db, CACHE_SETTLE);
    gl_put_int(&q, row->id);
    gl_put_text(&q, row->stamp.epoch);
    gl_put_int(&q, row->stamp.seq);
    gl_put_int(&q, row->stamp.version);
    gl_put_int(&q, highest_version(row));
    gl_put_int(&q, state);
    gl_put_int(&q, row->standing);
    gl_put_int(&q, any);
    gl_put_int(&q, w->now);
    if ((rc = gl_db_run(&q, w->err)) < 0) return rc;
    row->worded = any;
    w->c->records[w->which] += (int)row->standing - (int)stood;
    return w->kind->effect ? w->kind->effect(w) : 0;
}
