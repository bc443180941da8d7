/* A producer and what lies between it and the engine: for tests of the feed. The producer numbers its changes, answers requests, and knows what is true
 * at each number; the way loses, repeats and disorders; the engine must never say `live` of anything else than that truth. */
#pragma once
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

enum {
    REFS = 5,
    CHANGES = 120,
    WAY = 400,
    HANDED = 400,
    KEYS = 4 /* names of one movement, and not one more than an alias may lead */
};

/* What is true of one movement. */
struct truth {
    bool alive;
    uint8_t plate, channel;
    uint8_t key; /* how often it was re-keyed */
};

struct change {
    uint8_t op, ref, plate, channel, key;
    bool refused; /* on its way: what it speaks of may count as not received, until the whole is said again */
    int64_t version, as_of;
};

/* A message on its way; made into a record when it arrives. */
struct message {
    enum { A_CHANGE, A_HEARTBEAT, A_BEGIN, A_PLACE, AN_END } what;
    int64_t seq, as_of, count;
    struct change c;
    char epoch[16], name[16];
    uint8_t sha[32], digest[32];
    bool refused;
};

/* Between the engine and a loader of its own. */
struct handed {
    bool is_order;
    struct gl_load_order order;
    struct gl_feed_record *record;
};

struct world {
    uint64_t random;
    struct gl_config *config;
    struct gl_engine *e;
    struct gl_now now;
    const char *folder; /* "" = in memory */
    char dir[320], name[24];
    /* the producer */
    int epoch, snapshots;
    int64_t head, version, beat_mono;
    struct change log[CHANGES];
    struct truth at[CHANGES + 1][REFS];
    bool lied;  /* about its own numbers, in this epoch */
    bool whole; /* what the epoch began with was nothing, or has been sent */
    bool answers;
    /* the way */
    int n;
    struct message way[WAY];
    uint32_t loss, disorder; /* percent, of this schedule */
    bool calm;               /* nothing is lost, refused or disordered any more */
    /* the loader, when the cache is in files */
    struct gl_asides asides;
    int n_handed;
    struct handed handed[HANDED];
    struct gl_feed_record *record;
};

static inline uint32_t roll(struct world *w, uint32_t n) {
    w->random ^= w->random << 13, w->random ^= w->random >> 7, w->random ^= w->random << 17;
    return (uint32_t)((w->random >> 11) % n);
}
static inline bool chance(struct world *w, uint32_t percent) {
    return roll(w, 100) < percent;
}

/* ---- the producer ---- */
static inline struct message blank(const struct world *w, int what, int64_t seq) {
    struct message m = {.what = what, .seq = seq, .as_of = w->now.wall};
    gl_format(m.epoch, sizeof m.epoch, "e%d", w->epoch);
    return m;
}

static inline void send(struct world *w, const struct message *m) {
    if (w->n == WAY || (!w->calm && chance(w, w->loss))) return;
    w->way[w->n++] = *m;
    if (!w->calm && w->n < WAY && chance(w, 8)) w->way[w->n++] = *m;
    if (!w->calm && m->what == A_CHANGE && chance(w, 6)) w->way[w->n - 1].refused = true;
}

static inline void send_change(struct world *w, int64_t seq) {
    struct message m = blank(w, A_CHANGE, seq);
    m.c = w->log[seq - 1];
    m.as_of = m.c.as_of;
    send(w, &m);
}

static inline void produce(struct world *w, uint8_t op, uint8_t ref) {
    if (w->head == CHANGES) return;
    w->now.wall++, w->now.mono++; /* no two changes at the same time */
    struct truth *t = memcpy(w->at[w->head + 1], w->at[w->head], sizeof w->at[0]);
    struct change c = {.op = op, .ref = ref, .version = ++w->version, .as_of = w->now.wall};
    c.plate = (uint8_t)roll(w, 9);
    c.channel = (uint8_t)(1 + roll(w, 4));
    if (op == GL_OP_REKEY) t[ref].key++;
    c.key = t[ref].key;
    if (op == GL_OP_UPSERT) t[ref] = (struct truth){true, c.plate, c.channel, c.key};
    if (op == GL_OP_CANCEL || op == GL_OP_EXPIRE) t[ref].alive = false;
    if (op == GL_OP_CONTROL && t[ref].alive) t[ref].channel = c.channel;
    w->log[w->head++] = c;
    send_change(w, w->head);
}

static inline void heartbeat(struct world *w) {
    struct message m = blank(w, A_HEARTBEAT, w->head);
    w->beat_mono = w->now.mono;
    send(w, &m);
}

/* As it stood at number n: a producer may take its time between looking and sending, and send changes meanwhile. */
static inline void snapshot_at(struct world *w, int64_t n) {
    struct message m = blank(w, A_BEGIN, n);
    int64_t version = n == w->head ? w->version : w->log[n].version - 1;
    if (n < w->head) m.as_of = w->log[n].as_of - 1;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    gl_format(m.name, sizeof m.name, "s%d", ++w->snapshots);
    for (int r = 0; r < REFS; r++) m.count += w->at[n][r].alive;
    send(w, &m);
    m.what = A_PLACE;
    m.seq = 0;
    for (uint8_t r = 0; r < REFS; r++) {
        const struct truth *t = &w->at[n][r];
        if (!t->alive) continue;
        m.seq++;
        m.c = (struct change){GL_OP_UPSERT, r, t->plate, t->channel, t->key, false, version, m.as_of};
        memset(m.digest, (int)(r * 31 + m.seq), sizeof m.digest);
        EVP_DigestUpdate(md, m.digest, 32);
        send(w, &m);
    }
    m.what = AN_END;
    m.seq = n;
    EVP_DigestFinal_ex(md, m.sha, NULL);
    EVP_MD_CTX_free(md);
    if (!w->calm && chance(w, 5)) m.sha[0] ^= 1;
    send(w, &m);
}

static inline void snapshot(struct world *w) {
    int64_t back = w->calm ? 0 : roll(w, 4);
    snapshot_at(w, back < w->head ? w->head - back : 0);
}

static inline void on_request(void *user, const char *topic, const char *payload) {
    struct world *w = user;
    if (!w->answers && !chance(w, 50)) return;
    assert_string_equal(topic, "request/feed/movements");
    json_t *root = json_loads(payload, 0, NULL);
    const json_t *d = json_object_get(root, "data");
    const char *epoch = json_string_value(json_object_get(d, "epoch"));
    int64_t from = json_integer_value(json_object_get(d, "from")), to = json_integer_value(json_object_get(d, "to"));
    bool replay = strcmp(json_string_value(json_object_get(d, "want")), "replay") == 0;
    struct message now = blank(w, A_HEARTBEAT, 0);
    if (!replay)
        snapshot(w);
    else if (epoch && strcmp(epoch, now.epoch) == 0)
        for (int64_t n = from; n <= to && n <= w->head; n++) send_change(w, n);
    json_decref(root);
}

/* ---- arriving ---- */
static inline struct gl_ref name_of(uint8_t ref, int key) {
    struct gl_ref name = {.type = "gmr"};
    gl_format(name.value, sizeof name.value, "GMRA%d000000%u", key, ref);
    return name;
}

static inline void fill_record(const struct message *m, struct gl_feed_record *r) {
    static const uint8_t ops[] = {0, GL_OP_HEARTBEAT, GL_OP_SNAPSHOT_BEGIN, 0, GL_OP_SNAPSHOT_END};
    bool body = m->what == A_CHANGE || m->what == A_PLACE;
    r->collection = GL_COLLECTION_MOVEMENTS;
    r->op = body ? m->c.op : ops[m->what];
    r->seq = m->seq;
    r->as_of = m->as_of;
    r->snapshot[0] = '\0';
    r->digest.len = 0;
    gl_clip(r->epoch, sizeof r->epoch, m->epoch);
    struct gl_ref ref = name_of(m->c.ref, m->c.key);
    if (m->what == A_PLACE) {
        gl_clip(r->snapshot, sizeof r->snapshot, m->name);
        r->digest.len = 32;
        memcpy(r->digest.data, m->digest, 32);
    }
    if (m->what == A_BEGIN || m->what == AN_END) {
        r->body.snap = (struct gl_snapshot){.count = m->count};
        gl_clip(r->body.snap.snapshot, sizeof r->body.snap.snapshot, m->name);
        r->body.snap.sha256.len = m->what == AN_END ? 32 : 0;
        memcpy(r->body.snap.sha256.data, m->sha, 32);
    } else if (r->op == GL_OP_UPSERT) {
        gl_fields_clear(&gl_movement_fields, &r->body.movement);
        r->body.movement.ref = ref;
        r->body.movement.version = m->c.version;
        r->body.movement.kind = GL_MOVEMENT_GOODS;
        r->body.movement.state = GL_MOVEMENT_READY;
        r->body.movement.channel = m->c.channel;
        r->body.movement.n_means = 1;
        r->body.movement.means[0] = (struct gl_means){.role = GL_ROLE_VEHICLE};
        gl_format(r->body.movement.means[0].plate, sizeof r->body.movement.means[0].plate, "AB1%uCDE", m->c.plate);
    } else if (r->op == GL_OP_CONTROL) {
        gl_fields_clear(&gl_ruling_movement_fields, &r->body.ruling);
        r->body.ruling = (struct gl_ruling){.ref = ref, .version = m->c.version, .channel = m->c.channel};
    } else if (r->op == GL_OP_REKEY) {
        r->body.rekey = (struct gl_rekey){.ref = ref, .was = name_of(m->c.ref, m->c.key - 1), .version = m->c.version};
    } else if (body) {
        r->body.cancel = (struct gl_cancel){.ref = ref, .version = m->c.version};
    }
}

static inline void arrive(struct world *w, int i) {
    struct message m = w->way[i];
    memmove(&w->way[i], &w->way[i + 1], (size_t)(--w->n - i) * sizeof w->way[0]);
    fill_record(&m, w->record);
    if (!m.refused) {
        gl_engine_feed(w->e, w->record, w->now);
        return;
    }
    struct gl_feed_refused r;
    gl_feed_refusal(w->record, "torn", &r);
    if (chance(w, 30)) r.ref.value[0] = '\0';
    struct message now = blank(w, 0, 0);
    if (strcmp(m.epoch, now.epoch) == 0) w->log[m.seq - 1].refused = true;
    gl_engine_feed_refused(w->e, &r, w->now);
}

/* ---- a loader that takes its time ---- */
static inline int take_order(void *user, const struct gl_load_order *o) {
    struct world *w = user;
    if (w->n_handed == HANDED) return -EPIPE;
    w->handed[w->n_handed++] = (struct handed){.is_order = true, .order = *o};
    return 0;
}
static inline int take_record(void *user, const struct gl_feed_record *r) {
    struct world *w = user;
    if (w->n_handed == HANDED) return -EPIPE;
    struct gl_feed_record *copy = malloc(sizeof *copy);
    *copy = *r;
    w->handed[w->n_handed++] = (struct handed){.record = copy};
    return 0;
}

static inline void load_some(struct world *w, int most) {
    for (int i = 0; i < most && w->n_handed > 0; i++) {
        struct handed h = w->handed[0];
        struct gl_aside_news news;
        memmove(w->handed, w->handed + 1, (size_t)--w->n_handed * sizeof h);
        enum gl_aside_result what = h.is_order ? gl_asides_order(&w->asides, &h.order, w->now.wall, &news)
                                               : gl_asides_record(&w->asides, h.record, w->now.wall, &news);
        free(h.record);
        if (what == GL_ASIDE_ANSWER) gl_engine_loaded(w->e, &news.answer, w->now);
        if (what == GL_ASIDE_REFUSED) gl_engine_load_refused(w->e, &news.refused, w->now);
    }
}

static inline void loader_dies_quietly(struct world *w) {
    for (int i = 0; i < w->n_handed; i++) free(w->handed[i].record);
    w->n_handed = 0;
    gl_asides_free(&w->asides);
}

static inline void loader_dies(struct world *w) {
    loader_dies_quietly(w);
    gl_engine_loader(w->e, false, w->now);
    gl_engine_loader(w->e, true, w->now);
}

/* ---- the engine ---- */
static inline void ignore_signal(void *user GL_UNUSED, const struct gl_signal_state *s GL_UNUSED) {}
static inline void ignore_state(void *user GL_UNUSED, const char *topic GL_UNUSED, const char *payload GL_UNUSED) {}
static inline void ignore_reply(void *user GL_UNUSED, const struct gl_reply *r GL_UNUSED, const char *payload GL_UNUSED) {}
static inline void ignore_outbox(void *user GL_UNUSED, const struct gl_command *cmd GL_UNUSED) {}
static inline void ignore_stream(void *user GL_UNUSED, const char *stream GL_UNUSED) {}

static inline void start_engine(struct world *w) {
    static const uint8_t key[32] = {7};
    char cache[300] = ":memory:", journal[300] = ":memory:";
    struct gl_error err = {""};
    if (w->folder[0]) {
        gl_format(cache, sizeof cache, "%s/cache", w->folder);
        gl_format(journal, sizeof journal, "%s/journal.db", w->folder);
    }
    struct gl_engine_setup setup = {
        .config = w->config,
        .cache_path = cache,
        .journal_path = journal,
        .key = key,
        .boot = "0190a000-0000-7000-8000-000000000000",
        .out = {w, ignore_signal, ignore_state, ignore_reply, ignore_outbox, ignore_stream, NULL, on_request}};
    if (w->folder[0]) setup.loader = (struct gl_loader){w, take_order, take_record};
    if (gl_engine_open(&setup, w->now, &w->e, &err) < 0) fail_msg("%s", err.text);
    gl_engine_loader(w->e, true, w->now);
    gl_engine_broker(w->e, true, w->now);
}

static inline void commit(struct world *w) {
    struct gl_error err = {""};
    if (gl_engine_dirty(w->e) && gl_engine_commit(w->e, w->now, &err) < 0) fail_msg("%s", err.text);
}

static inline void pass(struct world *w, int64_t ms) {
    w->now.wall += ms;
    w->now.mono += ms;
    gl_engine_time(w->e, w->now);
}

static inline void new_epoch(struct world *w) {
    memcpy(w->at[0], w->at[w->head], sizeof w->at[0]);
    w->whole = true;
    for (int r = 0; r < REFS; r++) w->whole = w->whole && !w->at[0][r].alive;
    pass(w, 1000); /* numberings are told apart by their times */
    w->epoch++;
    w->lied = false;
    w->head = 0;
    if (chance(w, 70)) snapshot(w);
    heartbeat(w);
}

/* ---- what it says against what is true ---- */
struct seen {
    struct truth of[REFS];
};
static inline int see(void *user, const struct gl_feed_record *r) {
    struct seen *s = user;
    const struct gl_movement *m = &r->body.movement;
    int ref = m->ref.value[strlen(m->ref.value) - 1] - '0';
    if (m->state != GL_MOVEMENT_READY) return 0;
    assert_in_range(ref, 0, REFS - 1);
    assert_int_equal(m->n_means, 1);
    assert_false(s->of[ref].alive); /* under one name alone */
    s->of[ref] = (struct truth){true, (uint8_t)(m->means[0].plate[3] - '0'), m->channel, (uint8_t)(m->ref.value[4] - '0')};
    return 0;
}

static inline struct gl_feed_seq *books(struct world *w) {
    return &w->e->feed[GL_COLLECTION_MOVEMENTS].seq;
}
static inline enum gl_feed_state state_of(struct world *w) {
    struct gl_feed_limits l = {w->config->feed.live_ms, w->config->feed.soft_ms, w->config->feed.hard_ms, w->config->feed.down_ms};
    return gl_feed_seq_state(books(w), &l, w->now, true);
}

/* Something that was refused up to number n, and not said again since. */
static inline bool doubtful(const struct world *w, int ref, int64_t n) {
    for (int64_t k = n; k >= 1; k--) {
        if (w->log[k - 1].ref != ref) continue;
        if (w->log[k - 1].refused) return true;
        if (w->log[k - 1].op == GL_OP_UPSERT) return false;
    }
    return false;
}

/* What it holds is what is true at number n; without `all`, things may be missing. */
static inline void compare(struct world *w, int64_t n, bool all) {
    struct seen s = {.of = {{.alive = false}}};
    struct gl_error err = {""};
    assert_in_range(n, 0, w->head);
    assert_int_equal(gl_cache_dump(gl_engine_cache(w->e), GL_COLLECTION_MOVEMENTS, see, &s, &err), 0);
    for (int r = 0; r < REFS; r++) {
        const struct truth *t = &w->at[n][r], *got = &s.of[r];
        if (!got->alive && (!t->alive || !all || doubtful(w, r, n))) continue;
        if (memcmp(got, t, sizeof *t) != 0 && (got->alive || t->alive))
            fail_msg(
                "schedule %s epoch e%d number %lld movement %d: there %d plate %u channel %u key %u; true is %d plate %u channel "
                "%u key %u",
                w->name, w->epoch, (long long)n, r, got->alive, got->plate, got->channel, got->key, t->alive, t->plate, t->channel,
                t->key);
    }
}
