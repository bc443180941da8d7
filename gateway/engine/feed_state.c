/* How far each collection can be trusted goes into the core and onto state/feed; what is missing is asked for. */
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

enum { PUBLISH_EVERY_MS = 10000 /* ages move on even when nothing else does */, SOON_MS = 1000, ASK_EVERY_MS = 1000 };

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
    return (uint8_t)gl_feed_seq_state(&e->feed[which].seq, &lim, now, clock_good(e));
}

/* ---- state/feed ---- */
static void describe_load(const struct collection *c, struct gl_collection_status *s) {
    if (c->load.phase != LOAD_NONE) {
        gl_clip(s->snapshot.name, sizeof s->snapshot.name, c->load.snap.name);
        s->snapshot.loaded = c->load.snap.place;
        s->snapshot.count = c->load.snap.count;
        if (s->state == GL_FEED_EMPTY) s->state = GL_FEED_SNAPSHOT;
    }
    if (c->ask.asked != GL_WANT_NONE) {
        gl_clip(s->asked.want, sizeof s->asked.want, gl_wants[c->ask.asked]);
        s->asked.since = c->ask.asked_wall;
        gl_clip(s->asked.reason, sizeof s->asked.reason, c->ask.need[0] ? c->ask.need : "numbers are missing");
    }
}

static void describe(struct gl_engine *e, int k, struct gl_now now, struct gl_collection_status *s) {
    const struct collection *c = &e->feed[k];
    int64_t age = gl_feed_seq_age(&c->seq, now);
    gl_clip(s->collection, sizeof s->collection, gl_collections[k]);
    s->state = collection_state(e, k, now);
    gl_clip(s->epoch, sizeof s->epoch, c->seq.epoch);
    s->seq = c->seq.applied;
    s->as_of = c->seq.as_of;
    s->age_s = age == GL_INT_NULL ? GL_INT_NULL : age < 0 ? 0 : age / 1000;
    s->holes = gl_feed_seq_holes(&c->seq);
    s->rejects = c->seq.rejects;
    s->leaned = gl_tri(leaned_on(e, k));
    s->received = c->received;
    s->older = c->older;
    s->quarantined = gl_cache_quarantine_count(e->cache);
    if (s->quarantined < 0) s->quarantined = GL_INT_NULL;
    describe_load(c, s);
}

/* Those that a release leans on, and those that came without being leaned on. */
static void fill(struct gl_engine *e, struct gl_now now, struct gl_feed_status *s) {
    gl_fields_clear(&gl_feed_status_fields, s);
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        const struct collection *c = &e->feed[k];
        bool came = c->seq.epoch[0] || c->load.phase != LOAD_NONE;
        if (leaned_on(e, k) || came) describe(e, k, now, &s->collections[s->n_collections++]);
    }
}

static void publish(struct gl_engine *e, struct gl_now now) {
    struct gl_feed_status s;
    fill(e, now, &s);
    e->feed_published_mono = now.mono;
    e->feed_touched = false;
    gl_engine_publish_state(e, "state/feed", "greenlane.state.feed", "feed", "state-feed", &gl_feed_status_fields, &s, now);
}

void gl_engine_feed_status(struct gl_engine *e, struct gl_now now, struct gl_buf *out) {
    struct gl_feed_status s;
    fill(e, now, &s);
    gl_fields_to_json(&gl_feed_status_fields, &s, out);
}

struct gl_cache *gl_engine_cache(struct gl_engine *e) {
    return e->cache;
}

/* ---- towards the core ---- */
void gl_engine_feed_time(struct gl_engine *e, struct gl_now now) {
    uint8_t worst = GL_FEED_NONE, states[GL_COLLECTIONS] = {GL_FEED_NONE};
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        states[k] = leaned_on(e, k) ? collection_state(e, k, now) : (uint8_t)GL_FEED_NONE;
        if (states[k] > worst) worst = states[k];
    }
    if (worst == GL_FEED_NONE) worst = GL_FEED_EMPTY;
    bool changed = worst != e->feed_state || memcmp(states, e->feed_states, sizeof states) != 0;
    if (changed) {
        struct gl_event ev = {.type = GL_EV_FEED, .at = now, .feed = worst};
        e->feed_state = worst;
        memcpy(e->feed_states, states, sizeof states);
        memcpy(ev.feeds, states, sizeof states);
        gl_engine_run(e, &ev);
    }
    if (changed || now.mono - e->feed_published_mono >= (e->feed_touched ? SOON_MS : PUBLISH_EVERY_MS)) publish(e, now);
}

/* ---- towards the producer ---- */
static void ask(struct gl_engine *e, const struct gl_feed_request *q, struct gl_now now) {
    char id[GL_UUID];
    gl_buf_reset(&e->data);
    gl_buf_reset(&e->payload);
    gl_fields_to_json(&gl_feed_request_fields, q, &e->data);
    gl_core_uuid(e->core, now, id);
    gl_envelope_write(&e->payload, &(struct gl_envelope_out){.id = id,
                                                             .post = e->config->post,
                                                             .type = "greenlane.request.feed",
                                                             .time = now.wall,
                                                             .subject = "feed",
                                                             .dataschema = "request-feed",
                                                             .boot = e->boot,
                                                             .data = e->data.data});
    if (e->data.failed || e->payload.failed) return;
    struct pending *p = gl_engine_pend(e, PENDING_REQUEST);
    gl_format(p->topic, sizeof p->topic, "request/feed/%s", gl_collections[q->collection]);
    p->payload = strdup(e->payload.data);
    if (!p->payload) abort();
    e->touched = e->feed_touched = true;
}

static void ask_for_what_is_missing(struct gl_engine *e, struct gl_now now) {
    if (!e->out.request || !e->broker_there || e->config->feed.from_import || now.mono - e->asks_mono < ASK_EVERY_MS) return;
    e->asks_mono = now.mono;
    for (int k = 1; k < GL_COLLECTIONS; k++) {
        struct collection *c = &e->feed[k];
        struct gl_feed_request q;
        if (c->load.phase != LOAD_NONE || c->held) continue;
        if (!gl_feed_ask_due(&c->ask, &c->seq, e->config->feed.replay_wait_ms, e->loader_there, now, &q)) continue;
        q.collection = (uint8_t)k;
        ask(e, &q, now);
    }
}

void gl_engine_feed_ask(struct gl_engine *e, uint8_t which, struct gl_now now GL_UNUSED) {
    if (which <= GL_COLLECTION_NONE || which >= GL_COLLECTIONS) return;
    gl_feed_ask_need(&e->feed[which].ask, "asked for by command");
    gl_feed_ask_soon(&e->feed[which].ask);
}

void gl_engine_broker(struct gl_engine *e, bool there, struct gl_now now GL_UNUSED) {
    for (int k = 1; k < GL_COLLECTIONS && there && !e->broker_there; k++) gl_feed_ask_afresh(&e->feed[k].ask);
    e->broker_there = there;
}

void gl_engine_feed_tick(struct gl_engine *e, struct gl_now now) {
    gl_engine_load_time(e, now);
    ask_for_what_is_missing(e, now);
    gl_engine_feed_refusals_time(e, now);
    gl_engine_feed_time(e, now);
}
