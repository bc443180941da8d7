/* What the feed says goes into the cache, and how far it can be trusted goes into the core. Record and bookkeeping are written together. */
#include <errno.h>
#include <string.h>

#include "engine/internal.h"

enum { PUBLISH_EVERY_MS = 10000 }; /* state/feed: ages move on even when nothing else does */

_Static_assert(GL_COLLECTIONS - 1 <= GL_COUNT(((struct gl_feed_status *)0)->collections),
               "state/feed has room for every collection");

static bool leaned_on(const struct gl_engine *e, int collection) {
    return e->config->feed.collections & (1u << collection);
}

static struct gl_feed_limits limits(const struct gl_engine *e) {
    return (struct gl_feed_limits){e->config->feed.live_ms, e->config->feed.soft_ms, e->config->feed.hard_ms,
                                   e->config->feed.down_ms};
}

/* Ages lean on the wall clock: where the configuration asks for a synchronised one, an unsynchronised one is no clock. */
static bool clock_good(const struct gl_engine *e) {
    return e->clock_ok || !e->config->clock_require_sync;
}

static uint8_t collection_state(const struct gl_engine *e, int which, struct gl_now now) {
    struct gl_feed_limits lim = limits(e);
    return (uint8_t)gl_feed_seq_state(&e->feed[which], &lim, now, clock_good(e));
}

static void publish_feed(struct gl_engine *e, struct gl_now now) {
    struct gl_feed_status s;
    gl_fields_clear(&gl_feed_status_fields, &s);
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        if (!leaned_on(e, k)) continue;
        const struct gl_feed_seq *q = &e->feed[k];
        struct gl_collection_status *c = &s.collections[s.n_collections++];
        int64_t age = gl_feed_seq_age(q, now);
        gl_clip(c->collection, sizeof c->collection, gl_collections[k]);
        c->state = collection_state(e, k, now);
        gl_clip(c->epoch, sizeof c->epoch, q->epoch);
        c->seq = q->applied;
        c->as_of = q->as_of;
        c->age_s = age == GL_INT_NULL || age < 0 ? (age < 0 && age != GL_INT_NULL ? 0 : GL_INT_NULL) : age / 1000;
        c->holes = gl_feed_seq_holes(q);
        c->rejects = q->rejects;
    }
    e->feed_published_mono = now.mono;
    e->feed_touched = false;
    gl_engine_publish_state(e, "state/feed", "greenlane.state.feed", "feed", "state-feed", &gl_feed_status_fields, &s, now);
}

void gl_engine_feed_time(struct gl_engine *e, struct gl_now now) {
    uint8_t worst = GL_FEED_NONE;
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        uint8_t s = leaned_on(e, k) ? collection_state(e, k, now) : (uint8_t)GL_FEED_NONE;
        if (s > worst) worst = s;
    }
    if (worst == GL_FEED_NONE) worst = GL_FEED_EMPTY;
    bool changed = worst != e->feed_state;
    if (changed) {
        e->feed_state = worst;
        gl_engine_run(e, &(struct gl_event){.type = GL_EV_FEED, .at = now, .feed = worst});
    }
    if (changed || now.mono - e->feed_published_mono >= (e->feed_touched ? 1000 : PUBLISH_EVERY_MS)) publish_feed(e, now);
}

int gl_engine_feed_open(struct gl_engine *e, struct gl_now now, struct gl_error *err) {
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        int rc = gl_cache_load_seq(e->cache, (enum gl_collection)k, &e->feed[k], err);
        if (rc < 0) return rc;
        e->feed[k].heard_mono = now.mono; /* another boot's monotonic clock says nothing here; the wall clock still does */
    }
    e->feed_published_mono = now.mono - PUBLISH_EVERY_MS;
    gl_engine_feed_time(e, now);
    return 0;
}

static void save(struct gl_engine *e, enum gl_collection which) {
    struct gl_error err;
    e->touched = true;
    e->feed_touched = true;
    if (gl_cache_save_seq(e->cache, which, &e->feed[which], &err) < 0) gl_engine_fail(e, -EIO, &err);
}

static void quarantine(struct gl_engine *e, enum gl_collection which, const char *epoch, int64_t seq, const char *reason,
                       struct gl_now now) {
    struct gl_error err;
    struct gl_quarantined q = {.collection = (uint8_t)which, .seq = seq, .where = "feed", .at = now.wall};
    gl_clip(q.epoch, sizeof q.epoch, epoch);
    gl_clip(q.reason, sizeof q.reason, reason);
    if (gl_cache_quarantine(e->cache, &q, &err) < 0) gl_engine_fail(e, -EIO, &err);
}

void gl_engine_feed_refused(struct gl_engine *e, enum gl_collection which, const char *epoch, int64_t seq, const char *reason,
                            struct gl_now now) {
    struct gl_error err;
    if (which <= GL_COLLECTION_NONE || which >= GL_COLLECTIONS) return;
    if (gl_cache_begin(e->cache, &err) < 0) {
        gl_engine_fail(e, -EIO, &err);
        return;
    }
    gl_feed_seq_refuse(&e->feed[which], epoch, seq);
    quarantine(e, which, epoch, seq, reason, now);
    save(e, which);
    gl_engine_feed_time(e, now);
}

/* A record that passed the link and still cannot be written, for what it says: its number stays a hole. Everything else is our own trouble. */
static bool unusable(int rc) {
    return rc == -EINVAL || rc == -EILSEQ || rc == -ENAMETOOLONG;
}

void gl_engine_feed(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now) {
    enum gl_collection which = (enum gl_collection)r->collection;
    struct gl_error err;
    if (which <= GL_COLLECTION_NONE || which >= GL_COLLECTIONS) return;
    if (gl_cache_begin(e->cache, &err) < 0) {
        gl_engine_fail(e, -EIO, &err);
        return;
    }
    struct gl_feed_seq seq = e->feed[which];
    enum gl_seq_result took = gl_feed_seq_take(&seq, r->epoch, r->seq, (enum gl_feed_op)r->op, r->as_of, now);
    enum gl_applied applied;
    int rc = took == GL_SEQ_APPLY ? gl_cache_apply(e->cache, r, now.wall, &applied, &err) : 0;
    if (unusable(rc)) {
        gl_engine_feed_refused(e, which, r->epoch, r->seq, err.text, now);
        return;
    }
    if (rc < 0) gl_engine_fail(e, rc, &err);
    if (took == GL_SEQ_FUTURE || took == GL_SEQ_INVALID || took == GL_SEQ_STALE_EPOCH)
        quarantine(e, which, r->epoch, r->seq, gl_seq_results[took], now);
    e->feed[which] = seq;
    save(e, which);
    if (took == GL_SEQ_APPLY) e->lodged_changed = true;
    gl_engine_feed_time(e, now);
}

int gl_engine_import(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err) {
    enum gl_collection which = (enum gl_collection)r->collection;
    enum gl_applied applied;
    if (which <= GL_COLLECTION_NONE || which >= GL_COLLECTIONS || r->op == GL_OP_HEARTBEAT)
        return gl_fail(err, -EINVAL, "not a record");
    int rc = gl_cache_begin(e->cache, err);
    if (rc == 0) rc = gl_cache_apply(e->cache, r, now.wall, &applied, err);
    if (rc < 0) return rc;
    e->touched = e->lodged_changed = true;
    if (e->config->feed.from_import) {
        struct gl_feed_seq *s = &e->feed[which];
        if (!s->epoch[0]) gl_clip(s->epoch, sizeof s->epoch, "import");
        s->as_of = s->heard_wall = now.wall;
        s->heard_mono = now.mono;
        save(e, which);
        gl_engine_feed_time(e, now);
    }
    return 0;
}
