/* What the feed said and was not taken: kept with its reason, and told by an alarm, at most one a minute. */
#include <string.h>

#include "engine/internal.h"

enum { TELL_EVERY_MS = 60000 };

static void tell(struct gl_engine *e, struct gl_now now) {
    char text[GL_DETAIL], more[48] = "";
    if (e->feed_refusals.untold > 1) gl_format(more, sizeof more, " (and %lld before it)", (long long)e->feed_refusals.untold - 1);
    gl_format(text, sizeof text, "%.100s%s", e->feed_refusals.last, more);
    gl_engine_alarm(e, "feed_refused", text, now);
    e->feed_refusals.told_mono = now.mono;
    e->feed_refusals.untold = 0;
}

void gl_engine_feed_refusals_time(struct gl_engine *e, struct gl_now now) {
    if (e->feed_refusals.untold > 0 && (e->feed_refusals.told_mono == 0 || now.mono - e->feed_refusals.told_mono >= TELL_EVERY_MS))
        tell(e, now);
}

static void keep(struct gl_engine *e, const struct gl_quarantined *q) {
    struct gl_error err;
    int rc = gl_cache_begin(e->cache, &err);
    if (rc == 0) rc = gl_cache_quarantine(e->cache, q, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    e->touched = true;
    e->feed_touched = true;
}

void gl_engine_feed_quarantine(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now) {
    struct gl_quarantined q = {
        .collection = r->collection, .seq = r->seq == GL_INT_NULL ? 0 : r->seq, .where = "feed", .at = now.wall};
    memcpy(q.epoch, r->epoch, sizeof q.epoch);
    if (r->snapshot[0]) gl_format(q.where, sizeof q.where, "snapshot %s", r->snapshot);
    if (r->ref.value[0]) gl_format(q.ref, sizeof q.ref, "%s %s", r->ref.type, r->ref.value);
    gl_clip(q.reason, sizeof q.reason, r->reason);
    keep(e, &q);
    e->feed_refusals.untold++;
    gl_format(e->feed_refusals.last, sizeof e->feed_refusals.last, "%s %s %lld %.60s: %.90s", gl_collections[r->collection],
              q.where, (long long)q.seq, q.ref, q.reason);
    gl_engine_feed_refusals_time(e, now);
}

/* A record that is sound and yet not believed: no alarm of its own, the state of the feed tells. */
void gl_engine_feed_note(struct gl_engine *e, const struct gl_feed_record *r, const char *reason, struct gl_now now) {
    struct gl_quarantined q = {.collection = r->collection, .seq = r->seq, .where = "feed", .at = now.wall};
    const struct gl_ref *ref = gl_feed_record_ref(r);
    bool frame = r->op == GL_OP_SNAPSHOT_BEGIN || r->op == GL_OP_SNAPSHOT_END;
    const char *name = frame ? r->body.snap.snapshot : r->snapshot;
    memcpy(q.epoch, r->epoch, sizeof q.epoch);
    if (name[0]) gl_format(q.where, sizeof q.where, "snapshot %s", name);
    if (ref) gl_format(q.ref, sizeof q.ref, "%s %s", ref->type, ref->value);
    gl_clip(q.reason, sizeof q.reason, reason);
    keep(e, &q);
}
