/* Snapshots. While one comes in, what decides goes on as it is; the loader builds the new collection aside, from the snapshot's records and from every
 * later change. When it has all and says so, the next commit puts the new collection in the old one's place, with the books that were kept for it.
 *
 *     begin ──► RUNNING ──end──► ENDED ──answer──► READY ──commit──► the new collection decides
 *                  └───────────────┴─── anything that does not fit: given up, the old one stays, asked for again */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

enum { FINISH_WITHIN_MS = 600000 };

/* ---- the loader ---- */
static int order(struct gl_engine *e, enum gl_collection which, enum gl_load_what what, const struct gl_load_order *more,
                 struct gl_now now) {
    struct gl_load_order o = *more;
    struct gl_aside_news news;
    o.what = (uint8_t)what;
    o.collection = (uint8_t)which;
    o.job = e->feed[which].load.job;
    if (e->loader.order) return e->loader.order(e->loader.user, &o);
    if (gl_asides_order(&e->asides, &o, now.wall, &news) == GL_ASIDE_ANSWER) gl_engine_loaded(e, &news.answer, now);
    return 0;
}

static int hand_on(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now) {
    struct gl_aside_news news;
    if (e->loader.record) return e->loader.record(e->loader.user, r);
    if (r != e->record) memcpy(e->record, r, sizeof *r);
    switch (gl_asides_record(&e->asides, e->record, now.wall, &news)) {
        case GL_ASIDE_ANSWER: gl_engine_loaded(e, &news.answer, now); break;
        case GL_ASIDE_REFUSED: gl_engine_load_refused(e, &news.refused, now); break;
        case GL_ASIDE_GOES_ON: break;
    }
    return 0;
}

/* ---- changes that wait for the switch ---- */
static void drop_held(struct collection *c) {
    while (c->held) {
        struct held *next = c->held->next;
        free(c->held);
        c->held = next;
    }
    c->held_last = &c->held;
    c->n_held = 0;
    c->held_bytes = 0;
}

/* What does not fit is a hole, and is asked for again. */
static void hold(struct collection *c, const struct gl_feed_record *r) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(HELD_BYTES - c->held_bytes);
    gl_feed_record_pack(r, &b);
    struct held *h = b.failed || c->n_held == HELD_MOST ? NULL : malloc(sizeof *h + b.len);
    if (!h) return;
    *h = (struct held){.len = b.len};
    memcpy(h->bytes, b.data, b.len);
    *c->held_last = h;
    c->held_last = &h->next;
    c->n_held++;
    c->held_bytes += b.len;
}

/* In small steps: what decides must not wait. */
static void apply_held(struct gl_engine *e, struct collection *c, struct gl_now now) {
    struct gl_error err;
    for (int i = 0; i < HELD_AT_ONCE && c->held && c->load.phase < LOAD_ENDED; i++) {
        struct held *h = c->held;
        struct gl_cursor at = gl_cursor(h->bytes, h->len);
        c->held = h->next;
        if (!c->held) c->held_last = &c->held;
        c->n_held--;
        c->held_bytes -= h->len;
        if (gl_feed_record_unpack(&at, e->record) == 0) (void)gl_engine_feed_take(e, e->record, now, &err);
        free(h);
    }
}

/* ---- giving up ---- */
void gl_engine_load_give_up(struct gl_engine *e, enum gl_collection which, const char *why, struct gl_now now) {
    struct collection *c = &e->feed[which];
    struct gl_feed_refused r = {.collection = (uint8_t)which, .op = GL_OP_SNAPSHOT_BEGIN, .seq = c->load.snap.seq};
    if (c->load.phase == LOAD_NONE) return;
    c->load.phase = LOAD_NONE;
    memcpy(r.epoch, c->load.snap.epoch, sizeof r.epoch);
    memcpy(r.snapshot, c->load.snap.name, sizeof r.snapshot);
    gl_format(r.reason, sizeof r.reason, "given up after %lld of %lld records: %.120s", (long long)c->load.snap.place,
              (long long)c->load.snap.count, why);
    (void)order(e, which, GL_LOAD_ABANDON, &(struct gl_load_order){.seq = 0}, now); /* a loader that is gone has nothing */
    gl_feed_snapshot_clear(&c->load.snap);
    drop_held(c);
    gl_feed_ask_failed(&c->ask, "a snapshot was given up", now);
    gl_engine_feed_quarantine(e, &r, now);
}

/* ---- the snapshot's messages ---- */
/* Belongs to none that runs. One that came whole, or was refused at its begin, may still have stragglers. */
static int stray(struct gl_engine *e, const struct gl_feed_record *r, const char *name, struct gl_error *err) {
    struct collection *c = &e->feed[r->collection];
    bool ours = c->load.phase != LOAD_NONE || strcmp(c->last, name) == 0;
    if (!ours && !c->ask.need[0]) gl_feed_ask_need(&c->ask, "a snapshot came without its begin");
    return gl_fail(err, -ESTALE, "snapshot %s: its begin was not taken", name);
}

static bool runs(const struct collection *c, const char *name) {
    return c->load.phase != LOAD_NONE && strcmp(c->load.snap.name, name) == 0;
}

static const char *refuses(const struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now) {
    const struct collection *c = &e->feed[r->collection];
    const char *why = gl_feed_seq_refuses_snapshot(&c->seq, r->epoch, r->seq, r->as_of, now);
    if (why[0]) return why;
    if (r->body.snap.snapshot[0] == '\0') return "it has no name";
    if (c->load.phase != LOAD_NONE && strcmp(c->load.snap.epoch, r->epoch) != 0 && r->as_of < c->load.seq.as_of)
        return gl_seq_results[GL_SEQ_STALE_EPOCH];
    return e->loader_there ? "" : "there is no loader to build it";
}

static int refuse_begin(struct gl_engine *e, const struct gl_feed_record *r, const char *why, struct gl_now now,
                        struct gl_error *err) {
    struct collection *c = &e->feed[r->collection];
    c->seq.rejects++;
    gl_clip(c->last, sizeof c->last, r->body.snap.snapshot);
    gl_engine_feed_note(e, r, why, now);
    gl_engine_feed_save(e, (enum gl_collection)r->collection);
    return gl_fail(err, -ESTALE, "snapshot %s: %s", r->body.snap.snapshot, why);
}

int gl_engine_load_begin(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err) {
    enum gl_collection which = (enum gl_collection)r->collection;
    struct collection *c = &e->feed[which];
    if (runs(c, r->body.snap.snapshot) && strcmp(c->load.snap.epoch, r->epoch) == 0 && c->load.snap.seq == r->seq) return 0;
    const char *why = refuses(e, r, now);
    if (why[0]) return refuse_begin(e, r, why, now, err);
    gl_engine_load_give_up(e, which, "another snapshot has begun", now);
    if (gl_feed_snapshot_begin(&c->load.snap, r, now) < 0) return refuse_begin(e, r, "out of memory", now, err);
    gl_feed_seq_from(&c->load.seq, r->epoch, r->seq, r->as_of, now);
    c->load.phase = LOAD_RUNNING;
    c->load.job = ++e->jobs;
    c->ask.asked = GL_WANT_NONE;
    e->feed_touched = true;
    struct gl_load_order o = {.seq = r->seq};
    memcpy(o.epoch, r->epoch, sizeof o.epoch);
    if (order(e, which, GL_LOAD_BEGIN, &o, now) < 0) gl_engine_load_give_up(e, which, "the loader takes nothing", now);
    return c->load.phase == LOAD_RUNNING ? 0 : gl_fail(err, -EIO, "the loader cannot begin");
}

int gl_engine_load_record(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err) {
    enum gl_collection which = (enum gl_collection)r->collection;
    struct collection *c = &e->feed[which];
    if (c->load.phase != LOAD_RUNNING || !runs(c, r->snapshot)) return stray(e, r, r->snapshot, err);
    const struct gl_snapshot_place at = {r->epoch, r->seq, r->as_of, r->digest.len == 32 ? r->digest.data : NULL};
    switch (gl_feed_snapshot_take(&c->load.snap, &at, now, err)) {
        case GL_SNAPSHOT_REPEATED: return 0;
        case GL_SNAPSHOT_RECORD: break;
        case GL_SNAPSHOT_COMPLETE:
        case GL_SNAPSHOT_BROKEN: gl_engine_load_give_up(e, which, err->text, now); return -EINVAL;
    }
    c->received++;
    e->feed_touched = true;
    if (hand_on(e, r, now) < 0) gl_engine_load_give_up(e, which, "the loader takes nothing", now);
    return c->load.phase == LOAD_RUNNING ? 0 : gl_fail(err, -EIO, "the loader gave up");
}

int gl_engine_load_end(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err) {
    enum gl_collection which = (enum gl_collection)r->collection;
    struct collection *c = &e->feed[which];
    if (c->load.phase != LOAD_RUNNING || !runs(c, r->body.snap.snapshot)) return stray(e, r, r->body.snap.snapshot, err);
    if (gl_feed_snapshot_end(&c->load.snap, r, now, err) != GL_SNAPSHOT_COMPLETE) {
        gl_engine_load_give_up(e, which, err->text, now);
        return -EINVAL;
    }
    c->load.phase = LOAD_ENDED;
    c->load.ended_mono = now.mono;
    if (order(e, which, GL_LOAD_FINISH, &(struct gl_load_order){.seq = r->seq}, now) < 0)
        gl_engine_load_give_up(e, which, "the loader takes nothing", now);
    return c->load.phase != LOAD_NONE ? 0 : gl_fail(err, -EIO, "the loader gave up");
}

/* ---- changes meanwhile ---- */
bool gl_engine_load_of(const struct gl_engine *e, enum gl_collection which, const char *epoch) {
    const struct collection *c = &e->feed[which];
    return c->load.phase != LOAD_NONE && strcmp(c->load.snap.epoch, epoch) == 0;
}

enum gl_seq_result gl_engine_load_change(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now) {
    enum gl_collection which = (enum gl_collection)r->collection;
    struct collection *c = &e->feed[which];
    struct gl_feed_seq seq = c->load.seq;
    enum gl_seq_result took = gl_feed_seq_take(&seq, r->epoch, r->seq, (enum gl_feed_op)r->op, r->as_of, now);
    seq.rejects = 0; /* counted beside what decides */
    if (took == GL_SEQ_APPLY && c->load.phase != LOAD_RUNNING) {
        hold(c, r);
        gl_feed_seq_sent(&c->load.seq, r->epoch, r->seq);
        return took;
    }
    c->load.seq = seq;
    if (took == GL_SEQ_APPLY && hand_on(e, r, now) < 0) gl_engine_load_give_up(e, which, "the loader takes nothing", now);
    return took;
}

static void order_void(struct gl_engine *e, const struct gl_feed_refused *r, int64_t seq, struct gl_now now) {
    enum gl_collection which = (enum gl_collection)r->collection;
    struct gl_load_order o = {.seq = seq, .ref = r->ref};
    memcpy(o.epoch, r->epoch, sizeof o.epoch);
    int rc = order(e, which, GL_LOAD_VOID, &o, now);
    o.ref = r->was;
    if (rc == 0 && r->was.value[0]) rc = order(e, which, GL_LOAD_VOID, &o, now);
    if (rc < 0) gl_engine_load_give_up(e, which, "the loader takes nothing", now);
}

/* A change of the load's numbering was refused: void there too, or a hole there too. */
void gl_engine_load_refused_change(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now) {
    struct collection *c = &e->feed[r->collection];
    if (r->seq == GL_INT_NULL) return;
    if (c->load.phase != LOAD_RUNNING || !gl_feed_voidable(r))
        gl_feed_seq_sent(&c->load.seq, r->epoch, r->seq);
    else if (gl_feed_seq_receive(&c->load.seq, r->epoch, r->seq))
        order_void(e, r, r->seq, now);
}

void gl_engine_load_refused_place(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now) {
    enum gl_collection which = (enum gl_collection)r->collection;
    struct collection *c = &e->feed[which];
    struct gl_error why = {""};
    if (c->load.phase != LOAD_RUNNING || !runs(c, r->snapshot)) return;
    const struct gl_snapshot_place at = {r->epoch, r->seq, 0, r->digest.len == 32 ? r->digest.data : NULL};
    if (!gl_feed_voidable(r)) {
        gl_engine_load_give_up(e, which, "a record was refused, and nothing made it harmless", now);
        return;
    }
    enum gl_snapshot_result took = gl_feed_snapshot_take(&c->load.snap, &at, now, &why);
    if (took == GL_SNAPSHOT_RECORD) order_void(e, r, c->load.snap.seq, now);
    if (took == GL_SNAPSHOT_BROKEN) gl_engine_load_give_up(e, which, why.text, now);
}

/* ---- from the loader ---- */
void gl_engine_loaded(struct gl_engine *e, const struct gl_load_answer *a, struct gl_now now) {
    if (a->collection <= GL_COLLECTION_NONE || a->collection >= GL_COLLECTIONS) return;
    struct collection *c = &e->feed[a->collection];
    if (a->job != c->load.job || (c->load.phase != LOAD_RUNNING && c->load.phase != LOAD_ENDED)) return; /* of a load given up */
    if (a->ok == GL_TRUE && c->load.phase == LOAD_ENDED)
        c->load.phase = LOAD_READY;
    else
        gl_engine_load_give_up(e, (enum gl_collection)a->collection, a->reason[0] ? a->reason : "the loader gave up", now);
    e->touched = true;
}

void gl_engine_load_refused(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now) {
    if (r->collection <= GL_COLLECTION_NONE || r->collection >= GL_COLLECTIONS) return;
    e->feed[r->collection].seq.rejects++;
    gl_engine_feed_quarantine(e, r, now);
}

void gl_engine_loader(struct gl_engine *e, bool there, struct gl_now now) {
    for (int k = 1; k < GL_COLLECTIONS && !there; k++)
        if (e->feed[k].load.phase == LOAD_RUNNING || e->feed[k].load.phase == LOAD_ENDED)
            gl_engine_load_give_up(e, (enum gl_collection)k, "the loader is gone", now);
    e->loader_there = there;
}

/* ---- the switch ---- */
static int switch_one(struct gl_engine *e, enum gl_collection which, struct gl_now now, struct gl_error *err) {
    struct collection *c = &e->feed[which];
    struct gl_feed_seq seq = c->load.seq;
    gl_feed_seq_succeed(&seq, &c->seq);
    struct gl_cache *aside = e->loader.order ? NULL : gl_asides_take(&e->asides, which, c->load.job);
    int rc = gl_cache_switch(e->cache, which, aside, &seq, err);
    if (rc < 0) return rc;
    c->seq = seq;
    memcpy(c->last, c->load.snap.name, sizeof c->last);
    c->load.phase = LOAD_NONE;
    gl_feed_snapshot_clear(&c->load.snap);
    gl_feed_ask_done(&c->ask);
    e->lodged_changed = e->feed_touched = true;
    if (e->loader.order) (void)order(e, which, GL_LOAD_SWEEP, &(struct gl_load_order){.seq = 0}, now); /* else at the next start */
    return 0;
}

int gl_engine_load_switch(struct gl_engine *e, struct gl_now now, struct gl_error *err) {
    int switched = 0;
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        if (e->feed[k].load.phase != LOAD_READY) continue;
        int rc = switched++ ? 0 : gl_cache_commit(e->cache, err);
        if (rc == 0) rc = switch_one(e, (enum gl_collection)k, now, err);
        if (rc < 0) return rc;
    }
    if (switched) gl_engine_feed_time(e, now);
    return 0;
}

void gl_engine_load_time(struct gl_engine *e, struct gl_now now) {
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        struct collection *c = &e->feed[k];
        if (c->load.phase == LOAD_RUNNING && gl_feed_snapshot_silent(&c->load.snap, e->config->feed.snapshot_silence_ms, now))
            gl_engine_load_give_up(e, (enum gl_collection)k, "nothing more came of it", now);
        if (c->load.phase == LOAD_ENDED && now.mono - c->load.ended_mono >= FINISH_WITHIN_MS)
            gl_engine_load_give_up(e, (enum gl_collection)k, "the loader does not finish", now);
        apply_held(e, c, now);
    }
}

void gl_engine_load_free(struct gl_engine *e) {
    for (int k = 0; k < GL_COLLECTIONS; k++) {
        gl_feed_snapshot_clear(&e->feed[k].load.snap);
        if (e->feed[k].held_last) drop_held(&e->feed[k]);
    }
    gl_asides_free(&e->asides);
}
