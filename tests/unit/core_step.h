/* Under the bench for the decision core: a cache that is an array, the table of what was used, and one step of the core with its look-ups answered and
 * its words kept. What must hold in every step is asserted here. */
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

    uint16_t n_movements, n_declarations, n_uses, n_tags;
    struct gl_answer_tag tags[LODGED]; /* the registry */
    struct lodged_movement movements[LODGED];
    struct gl_answer_declaration declarations[LODGED];
    struct used uses[USES];
    uint16_t n_seals;
    struct gl_answer_seal seals[LODGED]; /* declared ones with a tag: all are told */
    uint16_t n_lookouts;
    struct gl_answer_lookout lookouts[LODGED]; /* active ones */

    uint64_t hash; /* over all that was said, in order */
    uint32_t n_decisions, n_alarms, n_signals, n_replies, n_passages, n_readings, n_lookups;
    struct gl_decision decisions[KEPT];
    char decision_ids[KEPT][GL_UUID];
    struct gl_alarm alarms[KEPT];
    struct gl_signal_state signals[KEPT];
    struct gl_reply reply;
    struct gl_passage passage; /* the last one that was published */
    struct gl_reading reading;
    struct gl_command outbox, asked;
    uint32_t n_hits, n_reviews, n_contingencies, n_unknowns, n_asked;
    struct gl_hit hits[KEPT];
    struct gl_review review;
    struct gl_contingency contingency;
    struct gl_unknown_uses unknown;
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

/* By its TID, else by its EPC. */
static inline const struct gl_answer_tag *registered_tag(const struct bench *b, const struct gl_key *k) {
    const struct gl_answer_tag *by_epc = NULL;
    for (int i = 0; i < b->n_tags; i++) {
        const struct gl_answer_tag *t = &b->tags[i];
        if (t->tid[0] && strncmp(k->tid, t->tid, strlen(t->tid)) == 0) return t;
        if (!t->tid[0] && !by_epc && strcmp(t->epc, k->text) == 0) by_epc = t;
    }
    return by_epc;
}

/* The registered plate stands for the tag, as in the cache. */
static inline uint8_t found_by_tag(const struct bench *b, const struct gl_key *k, const struct gl_answer_means *means, int n) {
    const struct gl_answer_tag *t = k->kind == GL_KEY_TAG ? registered_tag(b, k) : NULL;
    struct gl_plate_keys keys = {0};
    if (!t || t->state != GL_TAG_ACTIVE || t->role == GL_ROLE_TRAILER || gl_plate_keys(t->plate, &keys) < 0) return 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < keys.n; j++)
            if (means[i].role != GL_ROLE_TRAILER && has_key(means[i].plate, keys.key[j])) return GL_BY_TAG;
    return 0;
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

static inline uint8_t movement_by(const struct bench *b, const struct gl_query *q, struct lodged_movement *x) {
    uint8_t by = 0;
    for (int i = 0; i < q->n_keys; i++) {
        by |= found_by_means(&q->keys[i], x->m.means, x->m.n_means) |
              found_by_container(&q->keys[i], x->m.containers, x->m.n_containers) |
              found_by_tag(b, &q->keys[i], x->m.means, x->m.n_means);
        if (is_key(&q->keys[i], &x->m.ref)) by |= GL_BY_REFERENCE;
        for (int k = 0; k < x->m.n_declarations; k++)
            if (is_key(&q->keys[i], &x->listed[k])) by |= GL_BY_REFERENCE;
    }
    return by;
}

static inline uint8_t declaration_by(const struct bench *b, const struct gl_query *q, struct gl_answer_declaration *d) {
    uint8_t by = 0;
    for (int i = 0; i < q->n_keys; i++) {
        by |= found_by_means(&q->keys[i], d->means, d->n_means) | found_by_container(&q->keys[i], d->containers, d->n_containers) |
              found_by_tag(b, &q->keys[i], d->means, d->n_means);
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
        d->by |= declaration_by(b, q, d);
        d->listed_by |= (uint8_t)(1u << index);
    }
}

/* ---- look-outs ---- */
static inline bool sought_among(const struct gl_answer_lookout *x, const struct gl_answer_means *means, int n_means,
                                char (*containers)[18], int n_containers) {
    struct gl_plate_keys keys = {0};
    bool found = false;
    if (gl_plate_keys(x->text, &keys) < 0) return false;
    for (int k = 0; k < keys.n; k++) {
        for (int i = 0; x->what == GL_SOUGHT_PLATE && i < n_means; i++) found = found || has_key(means[i].plate, keys.key[k]);
        for (int i = 0; x->what == GL_SOUGHT_CONTAINER && i < n_containers; i++)
            found = found || has_key(containers[i], keys.key[k]);
    }
    return found;
}

static inline bool sought_by_key(const struct gl_answer_lookout *x, const struct gl_key *k) {
    bool plate = k->kind == GL_KEY_VEHICLE || k->kind == GL_KEY_TRAILER;
    if (x->what == GL_SOUGHT_PLATE ? !plate : x->what != GL_SOUGHT_CONTAINER || k->kind != GL_KEY_CONTAINER) return false;
    return has_key(x->text, k->text);
}

/* What was read, and what stands in the answer: whether it holds is for the rules to say. */
static inline void answer_lookouts(struct bench *b, const struct gl_query *q) {
    struct gl_answer *a = b->answer;
    a->n_lookouts = 0;
    for (int i = 0; !a->failed && i < b->n_lookouts && a->n_lookouts < GL_MAX_ANSWER_LOOKOUTS; i++) {
        struct gl_answer_lookout x = b->lookouts[i];
        for (int k = 0; k < q->n_keys; k++) x.read = x.read || sought_by_key(&x, &q->keys[k]);
        for (int k = 0; k < a->n_movements; k++) {
            struct gl_answer_movement *m = &a->movements[k];
            if (sought_among(&x, m->means, m->n_means, m->containers, m->n_containers)) x.in_movements |= (uint8_t)(1u << k);
        }
        for (int k = 0; k < a->n_declarations; k++) {
            struct gl_answer_declaration *d = &a->declarations[k];
            bool holder = x.what == GL_SOUGHT_HOLDER && d->eori[0] && strcmp(d->eori, x.text) == 0;
            if (holder || sought_among(&x, d->means, d->n_means, d->containers, d->n_containers)) x.in = d->ref;
        }
        if (x.read || x.in_movements || x.in.value[0]) a->lookouts[a->n_lookouts++] = x;
    }
}

static inline void look_up(struct bench *b, const struct gl_query *q) {
    struct gl_answer *a = b->answer;
    memcpy(a->passage, q->passage, sizeof a->passage);
    a->lane = q->lane;
    a->review = q->review;
    a->failed = b->cache_fails;
    a->truncated = b->cache_truncates;
    a->n_movements = a->n_declarations = a->n_tags = 0;
    for (int i = 0; !a->failed && i < q->n_keys; i++) {
        if (q->keys[i].kind != GL_KEY_TAG) continue;
        const struct gl_answer_tag *known = registered_tag(b, &q->keys[i]);
        struct gl_answer_tag *t = &a->tags[a->n_tags++];
        *t = known ? *known : (struct gl_answer_tag){.registered = false};
        gl_clip(t->epc, sizeof t->epc, q->keys[i].text);
        memcpy(t->tid, q->keys[i].tid, sizeof t->tid);
    }
    for (int i = 0; !a->failed && i < b->n_movements && a->n_movements < GL_MAX_ANSWER_MOVEMENTS; i++) {
        uint8_t by = movement_by(b, q, &b->movements[i]);
        if (!by) continue;
        struct gl_answer_movement *m = &a->movements[a->n_movements++];
        *m = b->movements[i].m;
        m->by = by;
        struct used *u = use_of(b, &m->ref);
        if (u) m->use = u->use, memcpy(m->used_by, u->passage, sizeof m->used_by);
        answer_listed(b, q, &b->movements[i], a->n_movements - 1);
    }
    for (int i = 0; !a->failed && i < b->n_declarations; i++) {
        uint8_t by = declaration_by(b, q, &b->declarations[i]);
        if (by) answered_declaration(b, &b->declarations[i].ref)->by |= by;
    }
    a->n_seals = a->failed ? 0 : b->n_seals;
    memcpy(a->seals, b->seals, sizeof b->seals);
    answer_lookouts(b, q);
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
        struct gl_effect fx = b->fx.v[i];                                             /* a copy: an answer adds effects */
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
        case GL_EFFECT_ASK:
            b->n_asked++;
            b->asked = *fx->command;
            break;
        case GL_EFFECT_HIT:
            b->hits[b->n_hits++ % KEPT] = *fx->hit;
            mix_fields(b, &gl_hit_fields, fx->hit);
            break;
        case GL_EFFECT_CONTINGENCY:
            b->n_contingencies++;
            b->contingency = *fx->contingency;
            mix_fields(b, &gl_contingency_fields, fx->contingency);
            break;
        case GL_EFFECT_USES:
            b->n_unknowns++;
            b->unknown = *fx->uses;
            mix_fields(b, &gl_unknown_uses_fields, fx->uses);
            break;
        case GL_EFFECT_REVIEW:
            b->n_reviews++;
            b->review = *fx->review;
            mix_fields(b, &gl_review_fields, fx->review);
            break;
        case GL_EFFECT_SUMMARY: fail_msg("the core makes no summaries"); break;
        case GL_EFFECT_CORRECT: /* the journal's to answer: here it knows of no such passage */
            b->n_replies++;
            b->reply = (struct gl_reply){.name = fx->command->name, .ok = GL_FALSE, .error = "not known"};
            memcpy(b->reply.command, fx->command->id, sizeof b->reply.command);
            break;
    }
}

static inline void commit(struct bench *b) {
    bench_step(b, &(struct gl_event){.type = GL_EV_COMMITTED});
}

static inline void step(struct bench *b, struct gl_event *ev) {
    bench_step(b, ev);
    if (!b->hold_commit) commit(b);
}
