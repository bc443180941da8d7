/* The numbered stream: what it says goes into the cache, record and bookkeeping together. While a snapshot is being loaded, every change goes to what
 * is built from it as well (feed_load.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

static bool known(int which) {
    return which > GL_COLLECTION_NONE && which < GL_COLLECTIONS;
}

int gl_engine_feed_open(struct gl_engine *e, struct gl_now now, struct gl_error *err) {
    e->record = malloc(sizeof *e->record);
    if (!e->record) return gl_fail(err, -ENOMEM, "out of memory");
    e->asides.dir = ":memory:";
    e->loader_there = e->loader.order == NULL;
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        struct collection *c = &e->feed[k];
        c->held_last = &c->held;
        int rc = gl_cache_load_seq(e->cache, (enum gl_collection)k, &c->seq, err);
        if (rc < 0) return rc;
        if (c->seq.epoch[0] && !c->seq.based) gl_feed_ask_need(&c->ask, "no snapshot since its epoch began");
        c->seq.heard_mono = now.mono; /* another boot's monotonic clock says nothing here; the wall clock still does */
    }
    e->feed_published_mono = now.mono - 60000;
    gl_engine_feed_time(e, now);
    return 0;
}

void gl_engine_feed_close(struct gl_engine *e) {
    gl_engine_load_free(e);
    free(e->record);
}

void gl_engine_feed_save(struct gl_engine *e, enum gl_collection which) {
    struct gl_error err;
    e->touched = true;
    e->feed_touched = true;
    if (gl_cache_save_seq(e->cache, which, &e->feed[which].seq, &err) < 0) gl_engine_fail(e, -EIO, &err);
}

/* True when a transaction runs. */
static bool begin(struct gl_engine *e) {
    struct gl_error err;
    int rc = gl_cache_begin(e->cache, &err);
    if (rc < 0) gl_engine_fail(e, -EIO, &err);
    return rc == 0;
}

/* What was said in another numbering after its snapshot is not in what decides, and may be against anybody: a gap until a snapshot, whatever becomes of
 * this one. It stands in the books, so a restart does not forget it. */
static void hear_of_more(struct collection *c, const char *epoch) {
    bool other = c->seq.epoch[0] && strcmp(c->seq.epoch, epoch) != 0;
    if (other && c->load.seq.sent > c->load.snap.seq) c->seq.broken = true;
}

/* ---- refused ---- */
/* What is known of it is void from here on, so its number counts as received: no release leans on it. Anything else stays a hole. */
static int make_void(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now) {
    struct gl_error err = {""};
    enum gl_collection which = (enum gl_collection)r->collection;
    struct gl_feed_seq seq = e->feed[which].seq;
    if (!gl_feed_voidable(r)) return -EINVAL;
    if (!gl_feed_seq_receive(&seq, r->epoch, r->seq)) return strcmp(seq.epoch, r->epoch) == 0 ? 0 : -ESTALE;
    int rc = gl_cache_void(e->cache, which, &r->ref, r->epoch, r->seq, now.wall, &err);
    if (rc == 0 && r->was.value[0]) rc = gl_cache_void(e->cache, which, &r->was, r->epoch, r->seq, now.wall, &err);
    if (rc == -EINVAL || rc == -EILSEQ || rc == -ENAMETOOLONG) return rc;
    if (rc < 0) gl_engine_fail(e, rc, &err);
    e->feed[which].seq = seq;
    e->lodged_changed = true;
    return 0;
}

static void refuse_change(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now) {
    struct collection *c = &e->feed[r->collection];
    if (gl_engine_load_of(e, (enum gl_collection)r->collection, r->epoch)) {
        gl_engine_load_refused_change(e, r, now);
        hear_of_more(c, r->epoch);
    }
    if (make_void(e, r, now) < 0)
        gl_feed_seq_refuse(&c->seq, r->epoch, r->seq);
    else
        c->seq.rejects++;
}

void gl_engine_feed_refused(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now) {
    if (!known(r->collection) || !begin(e)) return;
    if (r->snapshot[0]) {
        gl_engine_load_refused_place(e, r, now);
        e->feed[r->collection].seq.rejects++;
    } else {
        refuse_change(e, r, now);
    }
    gl_engine_feed_quarantine(e, r, now);
    gl_engine_feed_save(e, (enum gl_collection)r->collection);
    gl_engine_feed_time(e, now);
}

/* ---- changes ---- */
/* A record that passed the link and still cannot be written, for what it says. Everything else is our own trouble. */
static bool unusable(int rc) {
    return rc == -EINVAL || rc == -EILSEQ || rc == -ENAMETOOLONG;
}

/* A numbering that begins while a snapshot of another one is loaded: whichever is younger stands. */
static bool overtaken(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now) {
    struct collection *c = &e->feed[r->collection];
    if (c->load.phase == LOAD_NONE || strcmp(c->seq.epoch, r->epoch) == 0 || strcmp(c->load.snap.epoch, r->epoch) == 0)
        return false;
    if (r->as_of < c->load.seq.as_of) return true;
    if (r->as_of - GL_SEQ_AHEAD_MS <= now.wall && strcmp(c->seq.left, r->epoch) != 0)
        gl_engine_load_give_up(e, (enum gl_collection)r->collection, "a newer numbering has begun", now);
    return false;
}

static void count(struct collection *c, enum gl_applied applied) {
    c->received++;
    c->older += applied == GL_APPLIED_OLDER;
}

/* Into what decides. */
static int take_change(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err) {
    enum gl_collection which = (enum gl_collection)r->collection;
    struct collection *c = &e->feed[which];
    struct gl_feed_seq seq = c->seq;
    enum gl_seq_result took = GL_SEQ_STALE_EPOCH;
    if (overtaken(e, r, now))
        seq.rejects++;
    else
        took = gl_feed_seq_take(&seq, r->epoch, r->seq, (enum gl_feed_op)r->op, r->as_of, now);
    enum gl_applied applied = GL_APPLIED_NEW;
    bool entered = strcmp(seq.epoch, c->seq.epoch) != 0;
    int rc = took == GL_SEQ_APPLY ? gl_cache_apply(e->cache, r, now.wall, &applied, err) : 0;
    if (unusable(rc)) return rc;
    if (rc < 0) gl_engine_fail(e, rc, err);
    if (entered) gl_feed_ask_need(&c->ask, c->seq.epoch[0] ? "a new epoch" : "nothing was known");
    c->seq = seq;
    if (took == GL_SEQ_APPLY) {
        count(c, applied);
        e->lodged_changed = true;
    }
    if (took != GL_SEQ_FUTURE && took != GL_SEQ_INVALID && took != GL_SEQ_STALE_EPOCH) return 0;
    gl_engine_feed_note(e, r, gl_seq_results[took], now);
    return gl_fail(err, -ESTALE, "not believed: %s", gl_seq_results[took]);
}

static int change(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err) {
    struct collection *c = &e->feed[r->collection];
    if (gl_engine_load_of(e, (enum gl_collection)r->collection, r->epoch)) {
        enum gl_seq_result took = gl_engine_load_change(e, r, now);
        hear_of_more(c, r->epoch);
        if (strcmp(c->seq.epoch, r->epoch) != 0) { /* of the new numbering: what decides goes on without it */
            if (took == GL_SEQ_FUTURE || took == GL_SEQ_INVALID) {
                c->seq.rejects++;
                gl_engine_feed_note(e, r, gl_seq_results[took], now);
                return gl_fail(err, -ESTALE, "not believed: %s", gl_seq_results[took]);
            }
            return 0;
        }
    }
    return take_change(e, r, now, err);
}

static int take(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err) {
    if (r->op == GL_OP_SNAPSHOT_BEGIN) return gl_engine_load_begin(e, r, now, err);
    if (r->op == GL_OP_SNAPSHOT_END) return gl_engine_load_end(e, r, now, err);
    if (r->snapshot[0] && r->op != GL_OP_HEARTBEAT) return gl_engine_load_record(e, r, now, err);
    if (!begin(e)) return gl_fail(err, -EIO, "the cache cannot be written");
    int rc = change(e, r, now, err);
    if (unusable(rc)) {
        struct gl_feed_refused refused;
        gl_feed_refusal(r, err->text, &refused);
        struct gl_feed_seq *s = &e->feed[r->collection].seq;
        if (make_void(e, &refused, now) < 0)
            gl_feed_seq_refuse(s, r->epoch, r->seq);
        else
            s->rejects++;
        gl_engine_feed_quarantine(e, &refused, now);
    }
    gl_engine_feed_save(e, (enum gl_collection)r->collection);
    return rc;
}

int gl_engine_feed_take(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err) {
    if (!known(r->collection)) return gl_fail(err, -EINVAL, "not a record");
    gl_engine_rekeyed(e, r, now);
    int rc = take(e, r, now, err);
    gl_engine_feed_time(e, now);
    return rc;
}

void gl_engine_feed(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now) {
    struct gl_error err;
    (void)gl_engine_feed_take(e, r, now, &err); /* what was refused is in quarantine */
}

/* ---- files ---- */
static void sign_of_life(struct gl_engine *e, enum gl_collection which, struct gl_now now) {
    struct gl_feed_seq *s = &e->feed[which].seq;
    if (!s->epoch[0]) gl_clip(s->epoch, sizeof s->epoch, "import");
    s->as_of = s->heard_wall = now.wall;
    s->heard_mono = now.mono;
    gl_engine_feed_save(e, which);
    gl_engine_feed_time(e, now);
}

struct as_feed {
    char who[65], reason[65];
};
static const struct gl_field as_feed_fields_f[] = {
    GL_TEXT(as_feed, who, GL_REQUIRED),
    GL_TEXT(as_feed, reason, GL_REQUIRED),
};
static GL_FIELDS(as_feed_fields, as_feed);

void gl_engine_import_as_feed(struct gl_engine *e, const char *who, const char *reason, struct gl_now now) {
    struct as_feed said;
    gl_clip(said.who, sizeof said.who, who);
    gl_clip(said.reason, sizeof said.reason, reason);
    gl_engine_note(e, "greenlane.feed.restored", &as_feed_fields, &said, false, now);
}

int gl_engine_import(struct gl_engine *e, const struct gl_feed_record *r, bool as_feed, struct gl_now now, struct gl_error *err) {
    enum gl_collection which = (enum gl_collection)r->collection;
    enum gl_applied applied;
    if (!known(r->collection) || r->op == GL_OP_HEARTBEAT) return gl_fail(err, -EINVAL, "not a record");
    bool numbered = r->epoch[0] || r->seq || r->snapshot[0] || r->op == GL_OP_SNAPSHOT_BEGIN || r->op == GL_OP_SNAPSHOT_END;
    if (numbered && !as_feed) return gl_fail(err, -EPERM, "numbered as on the feed, and a file is none; leave epoch and seq out");
    if (numbered) return gl_engine_feed_take(e, r, now, err);
    gl_engine_rekeyed(e, r, now);
    int rc = gl_cache_begin(e->cache, err);
    if (rc == 0) rc = gl_cache_apply(e->cache, r, now.wall, &applied, err);
    if (rc < 0) return rc;
    count(&e->feed[which], applied);
    e->touched = e->lodged_changed = true;
    if (e->config->feed.from_import) sign_of_life(e, which, now);
    return applied == GL_APPLIED_OLDER;
}
