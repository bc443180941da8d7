/* Forgetting, step by step: look through some of what is due; announce what may go in a record greenlane.purge; and in a later turn, when that
 * record is on disk, let it go. Each step is small, so that no lane waits for it. */
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

enum {
    LOOK_EVERY_MS = 60000,
    LOOK_SOONEST_MS = 1000,
    FORCED_EVERY_MS = 24 * 3600000,
    USES_EVERY_MS = 6 * 3600000,
    LODGED_EVERY_MS = 24 * 3600000,
    LODGED_AT_ONCE = 4000,
    OLDEST_PASSAGES = 400,
    SHRINK_PAGES = 64
};

static bool published(const struct gl_engine *e) {
    return e->config->mqtt.url[0] != '\0';
}

/* Often enough for what is kept the shortest. */
int64_t gl_engine_forget_every(const struct gl_engine *e) {
    int64_t a = e->config->retention.passages_ms, b = e->config->retention.records_ms, every = (a < b ? a : b) / 10;
    return every < LOOK_SOONEST_MS ? LOOK_SOONEST_MS : every > LOOK_EVERY_MS ? LOOK_EVERY_MS : every;
}

/* ---- looking ---- */
struct looking {
    struct gl_engine *e;
    int64_t wall;
};

static int look_at(void *user, const struct gl_due *d) {
    struct looking *l = user;
    struct forgetting *f = &l->e->forgetting;
    bool forced = d->held == GL_HELD_UNACKNOWLEDGED && d->written + l->e->config->retention.hard_ms <= l->wall;
    if (d->held != GL_HELD_NOT && !forced) return 0;
    if (f->n == 0 || d->n < f->note.from) f->note.from = d->n;
    if (d->n > f->note.to) f->note.to = d->n;
    f->note.forced += forced;
    f->numbers[f->n++] = d->n;
    return 0;
}

/* What is still known to the feed may be used again as long as it is: its use stays. An answer that cannot be had is no leave either. */
static bool still_lodged(struct gl_engine *e, const struct gl_use_change *u) {
    struct gl_error err;
    struct gl_query q = {.n_keys = 1, .keys = {{.kind = GL_KEY_REFERENCE}}};
    GL_CLEANUP(gl_freep) struct gl_answer *a = calloc(1, sizeof *a);
    if (!a || gl_copy(q.keys[0].type, sizeof q.keys[0].type, u->ref.type) < 0 ||
        gl_copy(q.keys[0].text, sizeof q.keys[0].text, u->ref.value) < 0)
        return true;
    return gl_cache_lookup(e->cache, &q, a, &err) < 0 || a->failed || a->truncated || a->n_movements || a->n_declarations;
}

static int look_at_use(void *user, const struct gl_use_change *u, int64_t purge_after) {
    struct looking *l = user;
    struct forgetting *f = &l->e->forgetting;
    if (purge_after == 0 || purge_after > l->wall || still_lodged(l->e, u)) return 0;
    f->uses[f->n_uses++] = *u;
    return f->n_uses == FORGET_USES;
}

static bool feed_lives(const struct gl_engine *e) {
    return e->feed_state == GL_FEED_LIVE || e->feed_state == GL_FEED_AGED;
}

/* Without a living feed nobody knows what may still come. 1 = there are more to look through. */
static int look_through_uses(struct gl_engine *e, struct looking *l, struct gl_now now, struct gl_error *err) {
    struct forgetting *f = &e->forgetting;
    if (!feed_lives(e) || (f->uses_mono && now.mono < f->uses_mono)) return 0;
    int rc = gl_journal_uses(e->journal, &f->use_at, FORGET_AT_ONCE, look_at_use, l, err);
    if (rc < 0 || rc == FORGET_AT_ONCE || f->n_uses == FORGET_USES) return rc < 0 ? rc : 1;
    f->use_at = (struct gl_use_change){.use = GL_USE_NONE};
    f->uses_mono = now.mono + USES_EVERY_MS;
    return 0;
}

/* A tombstone must outlive whatever could bring back what it ended: as long as a use is remembered, and only with a living feed, to which no number
 * is missing. */
static int64_t lodged_before(const struct gl_engine *e, int64_t wall) {
    return wall - e->config->retention.used_ms;
}

/* Once a day through each collection. 1 = there are more to look through. */
static int look_through_lodged(struct gl_engine *e, struct gl_now now, struct gl_error *err) {
    struct forgetting *f = &e->forgetting;
    int64_t old = 0, before = lodged_before(e, now.wall);
    if (!feed_lives(e) || (f->lodged_mono && now.mono < f->lodged_mono)) return 0;
    if (f->lodged == GL_COLLECTION_NONE) f->lodged = GL_COLLECTION_NONE + 1;
    f->going = f->lodged;
    f->going_at = f->lodged_at;
    int rc = gl_cache_old(e->cache, (enum gl_collection)f->lodged, before, LODGED_AT_ONCE, &f->lodged_at, &old, err);
    if (rc < 0) return rc;
    if (old) {
        gl_clip(f->note.collection, sizeof f->note.collection, gl_collections[f->going]);
        f->note.lodged = old;
        f->note.before = before;
    }
    if (rc == 0 && ++f->lodged == GL_COLLECTIONS) {
        f->lodged = GL_COLLECTION_NONE;
        f->lodged_mono = now.mono + LODGED_EVERY_MS;
    }
    return f->lodged != GL_COLLECTION_NONE;
}

/* The same records again: what was written anew meanwhile stays. */
static int let_go_lodged(struct gl_engine *e, struct gl_error *err) {
    struct forgetting *f = &e->forgetting;
    int64_t gone = 0;
    if (!f->note.collection[0]) return 0;
    int rc = gl_cache_purge(e->cache, (enum gl_collection)f->going, f->note.before, LODGED_AT_ONCE, &f->going_at, &gone, err);
    f->gone.lodged += gone;
    return rc < 0 ? rc : 0;
}

int gl_engine_old_lodged(struct gl_engine *e, enum gl_collection which, int64_t wall, int64_t *at, int64_t *ret_old,
                         struct gl_error *err) {
    return gl_cache_old(e->cache, which, lodged_before(e, wall) - 2 * (int64_t)LODGED_EVERY_MS, LODGED_AT_ONCE, at, ret_old, err);
}

static void tell_forced(struct gl_engine *e, struct gl_now now) {
    struct forgetting *f = &e->forgetting;
    char text[GL_DETAIL];
    if (!f->note.forced || (f->forced_mono && now.mono - f->forced_mono < FORCED_EVERY_MS)) return;
    f->forced_mono = now.mono;
    gl_format(text, sizeof text,
              "%lld messages and perhaps more go without any destination having acknowledged them: see retention.hard",
              (long long)f->note.forced);
    gl_engine_alarm(e, "retention_forced", text, now);
}

static bool look(struct gl_engine *e, struct gl_now now) {
    struct forgetting *f = &e->forgetting;
    struct looking l = {e, now.wall};
    struct gl_error err = {""};
    f->note = (struct gl_purge){.due = now.wall, .lodged = GL_INT_NULL};
    f->n = f->n_uses = 0;
    f->at.now = now.wall;
    f->at.limit = FORGET_AT_ONCE;
    f->at.published = published(e);
    int seen = gl_journal_due(e->journal, &f->at, look_at, &l, &err);
    int rc = seen < 0 ? seen : gl_journal_old_passages(e->journal, now.wall, OLDEST_PASSAGES, &f->note.passages, &err);
    int uses = rc < 0 ? rc : look_through_uses(e, &l, now, &err);
    rc = uses < 0 ? uses : look_through_lodged(e, now, &err);
    if (rc < 0) {
        gl_engine_fail(e, rc, &err);
        return false;
    }
    bool more = seen == FORGET_AT_ONCE || uses == 1 || rc == 1;
    f->announced = f->n || f->n_uses || f->note.passages || f->note.collection[0];
    if (!f->announced) return more;
    f->note.records = f->n;
    f->note.uses = f->n_uses;
    gl_clip(f->note.reason, sizeof f->note.reason, f->note.forced ? "forced" : "due");
    gl_clip(f->note.config, sizeof f->note.config, e->config->hash);
    gl_engine_note(e, GL_PURGE_TYPE, &gl_purge_fields, &f->note, true, now);
    tell_forced(e, now);
    return true;
}

/* ---- letting go ---- */
static void let_go(struct gl_engine *e) {
    struct forgetting *f = &e->forgetting;
    struct gl_error err = {""};
    int rc = 0;
    for (int i = 0; rc == 0 && i < f->n; i++) rc = gl_journal_forget(e->journal, f->numbers[i], f->note.due, &err);
    for (int i = 0; rc == 0 && i < f->n_uses; i++) rc = gl_journal_use(e->journal, &f->uses[i], 0, &err);
    if (rc == 0 && f->note.passages) rc = gl_journal_forget_passages(e->journal, f->note.due, OLDEST_PASSAGES, &err);
    if (rc == 0) rc = let_go_lodged(e, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    f->gone.records += f->n;
    f->gone.uses += f->n_uses;
    f->gone.passages += f->note.passages;
    f->announced = false;
    f->n = f->n_uses = 0;
    e->touched = true;
}

static bool shrink(struct gl_engine *e) {
    struct gl_error err = {""};
    if (gl_journal_free_pages(e->journal) < SHRINK_PAGES) return false;
    int rc = gl_journal_shrink(e->journal, SHRINK_PAGES / 2, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    e->touched = true;
    return rc == 0;
}

bool gl_engine_forget(struct gl_engine *e, struct gl_now now) {
    struct forgetting *f = &e->forgetting;
    if (e->failed < 0 || gl_journal_dirty(e->journal)) return true; /* what was announced is not yet durable */
    if (f->announced) {
        let_go(e);
        return true;
    }
    if (f->look_mono && now.mono < f->look_mono) return false;
    if (look(e, now) || shrink(e)) return true;
    f->at = (struct gl_due_query){0};
    f->look_mono = now.mono + gl_engine_forget_every(e);
    return false;
}

void gl_engine_forget_now(struct gl_engine *e) {
    struct forgetting *f = &e->forgetting;
    f->look_mono = f->uses_mono = f->lodged_mono = f->lodged_at = 0;
    f->lodged = GL_COLLECTION_NONE;
    f->at = (struct gl_due_query){0};
    f->use_at = (struct gl_use_change){.use = GL_USE_NONE};
}

int64_t gl_engine_written_before(const struct gl_engine *e) {
    return e->written_before;
}

struct gl_forgotten gl_engine_forgotten(const struct gl_engine *e) {
    return e->forgetting.gone;
}

void gl_engine_forget_evidence(struct gl_engine *e, const char (*folders)[GL_EVIDENCE_FOLDER], size_t n, struct gl_now now) {
    struct gl_purge note = {.reason = "due", .due = now.wall, .lodged = GL_INT_NULL};
    for (size_t i = 0; i < n && i < GL_COUNT(note.evidence); i++)
        memcpy(note.evidence[note.n_evidence++], folders[i], sizeof note.evidence[0]);
    gl_clip(note.config, sizeof note.config, e->config->hash);
    gl_engine_note(e, GL_PURGE_TYPE, &gl_purge_fields, &note, true, now);
}
