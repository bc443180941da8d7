/* For the tests of the decision core: a post of one or two lanes, a cache that is an array, the table of what was used, a clock that stands still
 * until the test moves it, and everything the core says, kept. What must hold in every step is asserted in bench_step() itself. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"

enum { KEPT = 32, LODGED = 24, USES = 512, MOST_EFFECTS = 64 };
enum { SECOND = 1000, MINUTE = 60 * SECOND };
#define HOUR INT64_C(3600000)
#define START_WALL INT64_C(1795000000000)
#define START_MONO INT64_C(5000000)

struct lodged_movement {
    struct gl_answer_movement m;
    struct gl_ref listed[8]; /* its declarations; m.n_declarations of them */
};

struct used {
    struct gl_ref ref;
    uint8_t use;
    char passage[GL_UUID];
};

struct bench {
    struct gl_config *config;
    struct gl_core *core;
    struct gl_effects fx;
    struct gl_answer *answer;
    struct gl_now now;
    bool hold_commit; /* the test commits by itself */
    bool cache_fails, cache_truncates;
    uint32_t commands; /* ids given */

    uint16_t n_movements, n_declarations, n_uses;
    struct lodged_movement movements[LODGED];
    struct gl_answer_declaration declarations[LODGED];
    struct used uses[USES];

    uint64_t hash; /* over all that was said, in order */
    uint32_t n_decisions, n_alarms, n_signals, n_replies, n_passages, n_readings, n_lookups;
    struct gl_decision decisions[KEPT];
    char decision_ids[KEPT][GL_UUID];
    struct gl_alarm alarms[KEPT];
    struct gl_signal_state signals[KEPT];
    struct gl_reply reply;
    struct gl_passage passage; /* the last one that was published */
    struct gl_reading reading;
    struct gl_command outbox;
    struct gl_mode_state mode;
    struct gl_signal_state shown[2];
    int64_t shown_mono[2];
    void (*watch)(struct bench *b, const struct gl_event *ev, const struct gl_effect *fx); /* sees each effect; may be NULL */
    void *user;
};

/* ---- the cache ------------------------------------------------------------------------------------------------------------------------ */
static inline bool same_ref(const struct gl_ref *a, const struct gl_ref *b) {
    return strcmp(a->type, b->type) == 0 && strcmp(a->value, b->value) == 0;
}

static inline bool has_key(const char *plate, const char *key) {
    struct gl_plate_keys keys;
    if (gl_plate_keys(plate, &keys) < 0) return false;
    for (int i = 0; i < keys.n; i++)
        if (strcmp(keys.key[i], key) == 0) return true;
    return false;
}

static inline uint8_t found_by_means(const struct gl_key *k, const struct gl_answer_means *means, int n) {
    uint8_t by = 0;
    for (int i = 0; i < n; i++) {
        if (!has_key(means[i].plate, k->text)) continue;
        bool trailer = means[i].role == GL_ROLE_TRAILER;
        if (k->kind == GL_KEY_VEHICLE) by |= trailer ? GL_BY_SWAP : GL_BY_PLATE;
        if (k->kind == GL_KEY_TRAILER && trailer) by |= GL_BY_TRAILER;
    }
    return by;
}

static inline uint8_t found_by_container(const struct gl_key *k, char (*containers)[18], int n) {
    for (int i = 0; k->kind == GL_KEY_CONTAINER && i < n; i++)
        if (has_key(containers[i], k->text)) return GL_BY_CONTAINER;
    return 0;
}

static inline bool is_key(const struct gl_key *k, const struct gl_ref *ref) {
    return k->kind == GL_KEY_REFERENCE && strcmp(k->type, ref->type) == 0 && strcmp(k->text, ref->value) == 0;
}

static inline uint8_t movement_by(const struct gl_query *q, struct lodged_movement *x) {
    uint8_t by = 0;
    for (int i = 0; i < q->n_keys; i++) {
        by |= found_by_means(&q->keys[i], x->m.means, x->m.n_means) | found_by_container(&q->keys[i], x->m.containers, x->m.n_containers);
        if (is_key(&q->keys[i], &x->m.ref)) by |= GL_BY_REFERENCE;
        for (int k = 0; k < x->m.n_declarations; k++)
            if (is_key(&q->keys[i], &x->listed[k])) by |= GL_BY_REFERENCE;
    }
    return by;
}

static inline uint8_t declaration_by(const struct gl_query *q, struct gl_answer_declaration *d) {
    uint8_t by = 0;
    for (int i = 0; i < q->n_keys; i++) {
        by |= found_by_means(&q->keys[i], d->means, d->n_means) | found_by_container(&q->keys[i], d->containers, d->n_containers);
        if (is_key(&q->keys[i], &d->ref)) by |= GL_BY_REFERENCE;
    }
    return by;
}

static inline struct used *use_of(struct bench *b, const struct gl_ref *ref) {
    for (int i = 0; i < b->n_uses; i++)
        if (same_ref(&b->uses[i].ref, ref)) return &b->uses[i];
    return NULL;
}

static inline struct gl_answer_declaration *lodged_declaration(struct bench *b, const struct gl_ref *ref) {
    for (int i = 0; i < b->n_declarations; i++)
        if (same_ref(&b->declarations[i].ref, ref)) return &b->declarations[i];
    return NULL;
}

static inline struct gl_answer_declaration *answered_declaration(struct bench *b, const struct gl_ref *ref) {
    struct gl_answer *a = b->answer;
    for (int i = 0; i < a->n_declarations; i++)
        if (same_ref(&a->declarations[i].ref, ref)) return &a->declarations[i];
    struct gl_answer_declaration *d = &a->declarations[a->n_declarations++], *known = lodged_declaration(b, ref);
    memset(d, 0, sizeof *d);
    if (known) *d = *known;
    d->ref = *ref;
    d->received = known != NULL;
    struct used *u = use_of(b, ref);
    if (u) d->use = u->use, memcpy(d->used_by, u->passage, sizeof d->used_by);
    return d;
}

static inline void answer_listed(struct bench *b, const struct gl_query *q, struct lodged_movement *x, int index) {
    for (int k = 0; k < x->m.n_declarations; k++) {
        struct gl_answer_declaration *d = answered_declaration(b, &x->listed[k]);
        d->by |= GL_BY_MOVEMENT | declaration_by(q, d);
        d->listed_by |= (uint8_t)(1u << index);
    }
}

static inline void look_up(struct bench *b, const struct gl_query *q) {
    struct gl_answer *a = b->answer;
    memcpy(a->passage, q->passage, sizeof a->passage);
    a->lane = q->lane;
    a->failed = b->cache_fails;
    a->truncated = b->cache_truncates;
    a->n_movements = a->n_declarations = 0;
    for (int i = 0; !a->failed && i < b->n_movements && a->n_movements < GL_MAX_ANSWER_MOVEMENTS; i++) {
        uint8_t by = movement_by(q, &b->movements[i]);
        if (!by) continue;
        struct gl_answer_movement *m = &a->movements[a->n_movements++];
        *m = b->movements[i].m;
        m->by = by;
        struct used *u = use_of(b, &m->ref);
        if (u) m->use = u->use, memcpy(m->used_by, u->passage, sizeof m->used_by);
        answer_listed(b, q, &b->movements[i], a->n_movements - 1);
    }
    for (int i = 0; !a->failed && i < b->n_declarations; i++) {
        uint8_t by = declaration_by(q, &b->declarations[i]);
        if (by) answered_declaration(b, &b->declarations[i].ref)->by |= by;
    }
}

static inline void keep_use(struct bench *b, const struct gl_use_change *c) {
    struct used *u = use_of(b, &c->ref);
    assert_true(u || b->n_uses < USES);
    if (!u) u = &b->uses[b->n_uses++];
    u->ref = c->ref;
    u->use = c->use;
    memcpy(u->passage, c->passage, sizeof u->passage);
}

/* ---- one step ------------------------------------------------------------------------------------------------------------------------- */
static inline void mix(struct bench *b, const void *bytes, size_t len) {
    for (const uint8_t *p = bytes; len--; p++) b->hash = (b->hash ^ *p) * UINT64_C(0x100000001b3);
}

static inline void mix_fields(struct bench *b, const struct gl_fields *t, const void *s) {
    struct gl_buf packed = GL_BUF(1 << 20);
    gl_fields_pack(t, s, &packed);
    assert_false(packed.failed);
    mix(b, packed.data, packed.len);
    gl_buf_free(&packed);
}

static inline int lane_number(const struct bench *b, const char *id) {
    for (int i = 0; i < b->config->n_lanes; i++)
        if (strcmp(b->config->lanes[i].id, id) == 0) return i;
    fail_msg("the core speaks of lane '%s'", id);
    return -1;
}

static inline void take_signal(struct bench *b, const struct gl_event *ev, const struct gl_signal_state *s) {
    assert_int_equal(ev->type, GL_EV_COMMITTED); /* nothing is shown that is not durable */
    int lane = lane_number(b, s->lane);
    b->signals[b->n_signals++ % KEPT] = *s;
    b->shown[lane] = *s;
    b->shown_mono[lane] = ev->at.mono;
    mix_fields(b, &gl_signal_state_fields, s);
}

static inline void take_decision(struct bench *b, const struct gl_effect *fx) {
    const struct gl_decision *d = fx->decision;
    assert_true(fx->id[0] != '\0');
    assert_true(d->n_rules > 0 && d->n_rules <= GL_MAX_RULES);
    assert_true((d->outcome == GL_OUTCOME_RELEASE) == (d->level == GL_LEVEL_NONE));
    memcpy(b->decision_ids[b->n_decisions % KEPT], fx->id, GL_UUID);
    b->decisions[b->n_decisions++ % KEPT] = *d;
    mix_fields(b, &gl_decision_fields, d);
}

static inline void take_effect(struct bench *b, const struct gl_event *ev, const struct gl_effect *fx);

static inline void bench_step(struct bench *b, struct gl_event *ev) {
    ev->at = b->now;
    gl_core_step(b->core, ev, &b->fx);
    for (size_t i = 0; i < b->fx.n; i++) {
        struct gl_effect fx = b->fx.v[i]; /* a copy: an answer adds effects */
        if (ev->type == GL_EV_COMMITTED) assert_int_equal(fx.type, GL_EFFECT_SIGNAL); /* all else would not be recorded */
        take_effect(b, ev, &fx);
    }
    assert_true(b->fx.n <= MOST_EFFECTS);
    gl_effects_reset(&b->fx);
}

static inline void take_effect(struct bench *b, const struct gl_event *ev, const struct gl_effect *fx) {
    mix(b, &fx->type, sizeof fx->type);
    mix(b, fx->id, sizeof fx->id);
    if (b->watch) b->watch(b, ev, fx);
    switch (fx->type) {
        case GL_EFFECT_READING:
            b->n_readings++;
            b->reading = *fx->reading;
            mix(b, fx->reading->passage, GL_UUID);
            break;
        case GL_EFFECT_PASSAGE:
            b->n_passages++;
            b->passage = *fx->passage;
            mix_fields(b, &gl_passage_fields, fx->passage);
            break;
        case GL_EFFECT_DECISION: take_decision(b, fx); break;
        case GL_EFFECT_ALARM:
            b->alarms[b->n_alarms++ % KEPT] = *fx->alarm;
            mix_fields(b, &gl_alarm_fields, fx->alarm);
            break;
        case GL_EFFECT_COMMAND: break;
        case GL_EFFECT_REPLY:
            b->n_replies++;
            b->reply = *fx->reply;
            mix_fields(b, &gl_reply_fields, fx->reply);
            break;
        case GL_EFFECT_LOOKUP:
            b->n_lookups++;
            look_up(b, fx->query);
            gl_core_step(b->core, &(struct gl_event){.type = GL_EV_ANSWER, .at = b->now, .answer = b->answer}, &b->fx);
            break;
        case GL_EFFECT_USE: keep_use(b, fx->use); break;
        case GL_EFFECT_SIGNAL: take_signal(b, ev, fx->signal); break;
        case GL_EFFECT_MODE: b->mode = *fx->mode; break;
        case GL_EFFECT_OUTBOX: b->outbox = *fx->command; break;
    }
}

static inline void commit(struct bench *b) {
    bench_step(b, &(struct gl_event){.type = GL_EV_COMMITTED});
}

static inline void step(struct bench *b, struct gl_event *ev) {
    bench_step(b, ev);
    if (!b->hold_commit) commit(b);
}

/* ---- a post --------------------------------------------------------------------------------------------------------------------------- */
static inline void bench_device(struct gl_lane_config *l, const char *name, const char *plugin, uint8_t role, bool required) {
    struct gl_device_config *d = &l->devices[l->n_devices++];
    gl_format(d->id, sizeof d->id, "%s.%s", l->id, name);
    gl_clip(d->name, sizeof d->name, name);
    gl_clip(d->plugin, sizeof d->plugin, plugin);
    d->role = role;
    d->required = required;
    if (role == GL_ROLE_TRAILER) d->after_max_ms = 5 * SECOND;
}

static inline void bench_lane(struct gl_config *c, const char *id) {
    struct gl_lane_config *l = &c->lanes[c->n_lanes++];
    gl_clip(l->id, sizeof l->id, id);
    l->direction = GL_DIRECTION_IN;
    l->n_lines = 3;
    l->has_entry = l->has_exit = true;
    bench_device(l, "front", "anpr", GL_ROLE_VEHICLE, true);
    bench_device(l, "rear", "anpr", GL_ROLE_TRAILER, true);
    bench_device(l, "qr", "code", GL_ROLE_NONE, false);
}

static inline void bench_client(struct gl_config *c, const char *id, const char *role, unsigned commands) {
    struct gl_client_config *x = &c->clients[c->n_clients++];
    gl_clip(x->id, sizeof x->id, id);
    gl_clip(x->role, sizeof x->role, role);
    x->commands = commands;
}

static inline struct gl_config *bench_config(void) {
    struct gl_config *c = calloc(1, sizeof *c);
    assert_non_null(c);
    gl_clip(c->post, sizeof c->post, "north");
    gl_clip(c->hash, sizeof c->hash, "feedface");
    c->clock_require_sync = true;
    c->n_profiles = 1;
    struct gl_profile *p = &c->profiles[0];
    gl_clip(p->id, sizeof p->id, "truck");
    p->mode = GL_MODE_OPEN;
    p->policy[GL_CLASS_TRUCK] = GL_POLICY_DECLARED;
    p->policy[GL_CLASS_CAR] = GL_POLICY_DESK;
    p->policy[GL_CLASS_BUS] = GL_POLICY_PHYSICAL;
    p->require = GL_NEED_PLATE | GL_NEED_TRAILER | GL_NEED_DECLARATION;
    p->decide_within_ms = 12 * SECOND;
    p->release_hold_ms = 30 * SECOND;
    p->abandon_after_ms = 10 * MINUTE;
    p->tailgate_within_ms = 10 * SECOND;
    p->min_confidence = 0.8;
    p->on_device_fault = GL_SIGNAL_INSPECT;
    bench_lane(c, "in-1");
    bench_lane(c, "in-2");
    bench_client(c, "desk", "officer", ~0u);
    bench_client(c, "hq", "authority", ~0u);
    bench_client(c, "display", "system", 0);
    return c;
}

static inline void bench_start(struct bench *b, const char *boot) {
    static const uint8_t key[32] = "a key that no test may guess....";
    assert_int_equal(gl_core_new(b->config, key, boot, &b->core), 0);
    memset(b->shown, 0, sizeof b->shown);
}

/* The post stands, dark: nothing has reported yet. The test may still change b->config. */
static inline struct bench *bench_new(void) {
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->answer = calloc(1, sizeof *b->answer);
    assert_non_null(b->answer);
    b->config = bench_config();
    b->now = (struct gl_now){START_WALL, START_MONO};
    b->hash = UINT64_C(0xcbf29ce484222325);
    bench_start(b, "018f0000-0000-7000-8000-000000000001");
    return b;
}

static inline void bench_free(struct bench *b) {
    gl_core_free(b->core);
    gl_effects_free(&b->fx);
    free(b->config);
    free(b->answer);
    free(b);
}

/* The gateway dies and starts anew: what is open in the journal is handed to it. */
static inline void bench_restart(struct bench *b, const struct gl_passage *open, int n) {
    gl_core_free(b->core);
    bench_start(b, "018f0000-0000-7000-8000-000000000002");
    for (int i = 0; i < n; i++) bench_step(b, &(struct gl_event){.type = GL_EV_RESTORE_PASSAGE, .restore_passage = &open[i]});
}

/* ---- what happens --------------------------------------------------------------------------------------------------------------------- */
static inline void device(struct bench *b, const char *id, uint8_t state) {
    step(b, &(struct gl_event){.type = GL_EV_DEVICE, .device = {id, state, "said by the test"}});
}
static inline void feed(struct bench *b, uint8_t state) {
    step(b, &(struct gl_event){.type = GL_EV_FEED, .feed = state});
}
static inline void clock_ok(struct bench *b, bool ok) {
    step(b, &(struct gl_event){.type = GL_EV_CLOCK, .clock_ok = ok});
}
static inline void lodged_changed(struct bench *b) {
    step(b, &(struct gl_event){.type = GL_EV_LODGED});
}

/* Everything is well. */
static inline void bench_ready(struct bench *b) {
    char gpio[GL_ID + 8];
    for (int l = 0; l < b->config->n_lanes; l++) {
        const struct gl_lane_config *lane = &b->config->lanes[l];
        for (int i = 0; i < lane->n_devices; i++) device(b, lane->devices[i].id, GL_DEVICE_ONLINE);
        gl_format(gpio, sizeof gpio, "%s.gpio", lane->id);
        device(b, gpio, GL_DEVICE_ONLINE);
    }
    feed(b, GL_FEED_LIVE);
    clock_ok(b, true);
}

static inline struct bench *bench_up(void) {
    struct bench *b = bench_new();
    bench_ready(b);
    return b;
}

/* Time runs on, with an event at each deadline. A deadline that does not move on would be a busy loop. */
static inline void later(struct bench *b, int64_t ms) {
    struct gl_now end = {b->now.wall + ms, b->now.mono + ms};
    for (int64_t due = gl_core_next_deadline(b->core); due <= end.mono; due = gl_core_next_deadline(b->core)) {
        if (due > b->now.mono) b->now = (struct gl_now){b->now.wall + due - b->now.mono, due};
        step(b, &(struct gl_event){.type = GL_EV_TIME});
        if (gl_core_next_deadline(b->core) <= b->now.mono) step(b, &(struct gl_event){.type = GL_EV_TIME}); /* closing one may uncover one */
        assert_true(gl_core_next_deadline(b->core) > b->now.mono);
    }
    b->now = end;
}

static inline void reading_at(struct gl_reading *r, const struct bench *b, const char *lane, const char *name, enum gl_reading_kind kind) {
    gl_reading_init(r, kind);
    gl_clip(r->lane, sizeof r->lane, lane);
    gl_format(r->device, sizeof r->device, "%s.%s", lane, name);
    r->time = r->received_at = b->now.wall;
    r->received_mono = b->now.mono;
}

static inline void send(struct bench *b, struct gl_reading *r) {
    step(b, &(struct gl_event){.type = GL_EV_READING, .reading = r});
}

static inline void plate_as(struct bench *b, const char *lane, const char *text, double confidence, uint8_t direction, bool late) {
    struct gl_reading r;
    reading_at(&r, b, lane, "front", GL_READING_PLATE);
    gl_clip(r.value.plate.text, sizeof r.value.plate.text, text);
    r.value.plate.role = GL_ROLE_VEHICLE;
    r.value.plate.direction = direction;
    r.confidence = confidence;
    r.late = gl_tri(late);
    send(b, &r);
}
static inline void plate(struct bench *b, const char *lane, const char *text) {
    plate_as(b, lane, text, 0.97, GL_TOWARD_APPROACH, false);
}
static inline void trailer(struct bench *b, const char *lane, const char *text) {
    struct gl_reading r;
    reading_at(&r, b, lane, "rear", GL_READING_PLATE);
    gl_clip(r.value.plate.text, sizeof r.value.plate.text, text);
    r.value.plate.role = GL_ROLE_TRAILER;
    r.confidence = 0.95;
    send(b, &r);
}
static inline void code(struct bench *b, const char *lane, const char *type, const char *value) {
    struct gl_reading r;
    reading_at(&r, b, lane, "qr", GL_READING_CODE);
    gl_clip(r.value.code.text, sizeof r.value.code.text, value);
    gl_clip(r.value.code.reference.type, sizeof r.value.code.reference.type, type);
    if (type[0]) gl_clip(r.value.code.reference.value, sizeof r.value.code.reference.value, value);
    send(b, &r);
}
static inline void container(struct bench *b, const char *lane, const char *number) {
    struct gl_reading r;
    reading_at(&r, b, lane, "front", GL_READING_CONTAINER);
    gl_clip(r.value.container.number, sizeof r.value.container.number, number);
    r.confidence = 0.95;
    send(b, &r);
}
static inline void class_of(struct bench *b, const char *lane, uint8_t class) {
    struct gl_reading r;
    reading_at(&r, b, lane, "front", GL_READING_CLASS);
    r.value.class.class = class;
    send(b, &r);
}
static inline void loop(struct bench *b, const char *lane, uint8_t zone, bool on) {
    struct gl_reading r;
    reading_at(&r, b, lane, "gpio", GL_READING_PRESENCE);
    r.value.presence.zone = zone;
    r.value.presence.occupied = gl_tri(on);
    send(b, &r);
}

/* A truck comes in over the entry loop and stops at the line. NULL = not read at all, "" = not readable. */
static inline void drive_in(struct bench *b, const char *lane, const char *text, const char *trailer_text) {
    loop(b, lane, GL_ZONE_ENTRY, true);
    later(b, 200);
    if (text) plate(b, lane, text);
    later(b, 1 * SECOND);
    if (trailer_text) trailer(b, lane, trailer_text);
    later(b, 1 * SECOND);
    loop(b, lane, GL_ZONE_ENTRY, false);
}
static inline void drive_out(struct bench *b, const char *lane) {
    loop(b, lane, GL_ZONE_EXIT, true);
    later(b, 2 * SECOND);
    loop(b, lane, GL_ZONE_EXIT, false);
}

/* ---- what was lodged ------------------------------------------------------------------------------------------------------------------ */
static inline struct gl_answer_declaration *lodge_declaration(struct bench *b, const char *value) {
    assert_true(b->n_declarations < LODGED);
    struct gl_answer_declaration *d = &b->declarations[b->n_declarations++];
    memset(d, 0, sizeof *d);
    gl_clip(d->ref.type, sizeof d->ref.type, "mrn");
    gl_clip(d->ref.value, sizeof d->ref.value, value);
    d->state = GL_DECLARATION_RELEASED;
    d->valid_to = b->now.wall + 24 * HOUR;
    return d;
}

static inline void add_means(struct gl_answer_means *means, uint16_t *n, uint8_t role, const char *text) {
    struct gl_answer_means *m = &means[(*n)++];
    *m = (struct gl_answer_means){.role = role};
    gl_clip(m->plate, sizeof m->plate, text);
}

/* A movement in order, with one released declaration of its own ("D-" and its reference). trailer_text may be NULL. */
static inline struct lodged_movement *lodge(struct bench *b, const char *value, const char *vehicle, const char *trailer_text) {
    char own[GL_REF];
    assert_true(b->n_movements < LODGED);
    struct lodged_movement *x = &b->movements[b->n_movements++];
    memset(x, 0, sizeof *x);
    gl_clip(x->m.ref.type, sizeof x->m.ref.type, "gmr");
    gl_clip(x->m.ref.value, sizeof x->m.ref.value, value);
    x->m.kind = GL_MOVEMENT_GOODS;
    x->m.state = GL_MOVEMENT_READY;
    x->m.channel = GL_CHANNEL_RELEASE;
    x->m.direction = GL_DIRECTION_IN;
    x->m.valid_to = b->now.wall + 24 * HOUR;
    add_means(x->m.means, &x->m.n_means, GL_ROLE_VEHICLE, vehicle);
    if (trailer_text) add_means(x->m.means, &x->m.n_means, GL_ROLE_TRAILER, trailer_text);
    gl_format(own, sizeof own, "D-%s", value);
    x->listed[x->m.n_declarations++] = lodge_declaration(b, own)->ref;
    return x;
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------------- */
static inline struct gl_decision *last(struct bench *b);
static inline const char *last_id(struct bench *b);

/* A command about the last decision, by an officer with a reason, good for a minute. */
static inline struct gl_command order(struct bench *b, const char *client, uint8_t name) {
    struct gl_command c;
    gl_fields_clear(&gl_command_fields, &c);
    gl_format(c.id, sizeof c.id, "command-%u", ++b->commands);
    gl_clip(c.client, sizeof c.client, client);
    c.name = name;
    gl_clip(c.lane, sizeof c.lane, "in-1");
    if (b->n_decisions) {
        memcpy(c.lane, last(b)->lane, sizeof c.lane);
        memcpy(c.passage, last(b)->passage, sizeof c.passage);
        memcpy(c.decision, last_id(b), sizeof c.decision);
    }
    gl_clip(c.officer.id, sizeof c.officer.id, "officer-7");
    gl_clip(c.officer.role, sizeof c.officer.role, "officer");
    gl_clip(c.reason, sizeof c.reason, "papers seen");
    c.expires_at = b->now.wall + 60 * SECOND;
    c.outcome = GL_OUTCOME_RELEASE;
    return c;
}
static inline bool give(struct bench *b, const struct gl_command *c) {
    uint32_t before = b->n_replies;
    step(b, &(struct gl_event){.type = GL_EV_COMMAND, .command = c});
    assert_int_equal(b->n_replies, before + 1); /* one answer to each command */
    assert_string_equal(b->reply.command, c->id);
    assert_int_equal(b->reply.ok == GL_TRUE, b->reply.error[0] == '\0');
    return b->reply.ok == GL_TRUE;
}
static inline bool override(struct bench *b, const char *client, const char *officer) {
    struct gl_command c = order(b, client, GL_COMMAND_OVERRIDE);
    gl_clip(c.officer.id, sizeof c.officer.id, officer);
    return give(b, &c);
}

/* ---- what was said -------------------------------------------------------------------------------------------------------------------- */
static inline struct gl_decision *last(struct bench *b) {
    assert_true(b->n_decisions > 0);
    return &b->decisions[(b->n_decisions - 1) % KEPT];
}
static inline const char *last_id(struct bench *b) {
    return b->decision_ids[(b->n_decisions - 1) % KEPT];
}
static inline struct gl_alarm *last_alarm(struct bench *b) {
    assert_true(b->n_alarms > 0);
    return &b->alarms[(b->n_alarms - 1) % KEPT];
}

/* The worst result of a rule in the last decision; 0 = not said. */
static inline uint8_t said(struct bench *b, const char *rule) {
    static const uint8_t order_of[] = {[GL_RESULT_NULL] = 0, [GL_PASS] = 1, [GL_NOTE] = 2, [GL_UNKNOWN] = 3, [GL_FAIL] = 4};
    const struct gl_decision *d = last(b);
    uint8_t worst = 0;
    for (int i = 0; i < d->n_rules; i++)
        if (strcmp(d->rules[i].rule, rule) == 0 && order_of[d->rules[i].result] > order_of[worst]) worst = d->rules[i].result;
    return worst;
}

static inline void print_last(struct bench *b) {
    const struct gl_decision *d = last(b);
    print_error("%s %s\n", gl_outcomes[d->outcome], d->level ? gl_levels[d->level] : "");
    for (int i = 0; i < d->n_rules; i++)
        print_error("  %-18s %-8s %s\n", d->rules[i].rule, gl_results[d->rules[i].result], d->rules[i].detail);
}

static inline bool is_released(struct bench *b, const char *lane) {
    return b->shown[lane_number(b, lane)].signal == GL_SIGNAL_RELEASE;
}

#define assert_released(b, id) \
    do { \
        if ((b)->n_decisions && !is_released(b, id)) print_last(b); \
        assert_int_equal((b)->shown[lane_number(b, id)].signal, GL_SIGNAL_RELEASE); \
    } while (0)

/* The last decision is an inspect of this level, this rule is why, and the lane shows it. */
#define assert_inspected(b, id, grade, rule) \
    do { \
        if (last(b)->level != (grade) || (said(b, rule) != GL_FAIL && said(b, rule) != GL_UNKNOWN)) print_last(b); \
        assert_int_equal(last(b)->level, grade); \
        assert_true(said(b, rule) == GL_FAIL || said(b, rule) == GL_UNKNOWN); \
        assert_int_equal((b)->shown[lane_number(b, id)].signal, GL_SIGNAL_INSPECT); \
    } while (0)
