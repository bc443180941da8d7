/* For the tests of the decision core: a post of two lanes, a clock that stands still until the test moves it, what happens to them, and what the core
 * said. */
#pragma once
#include "core_step.h"

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
    p->aged_random = 2;
    p->on_device_fault = p->feed_down = GL_SIGNAL_INSPECT;
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
/* All collections that a release leans on, in one state. */
static inline void feed(struct bench *b, uint8_t state) {
    struct gl_event ev = {.type = GL_EV_FEED, .feed = state};
    for (int k = 1; k < GL_COLLECTIONS; k++) ev.feeds[k] = b->config->feed.collections & (1u << k) ? state : (uint8_t)GL_FEED_NONE;
    step(b, &ev);
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
        if (gl_core_next_deadline(b->core) <= b->now.mono)
            step(b, &(struct gl_event){.type = GL_EV_TIME}); /* closing one may uncover one */
        assert_true(gl_core_next_deadline(b->core) > b->now.mono);
    }
    b->now = end;
}

static inline void reading_at(struct gl_reading *r, const struct bench *b, const char *lane, const char *name,
                              enum gl_reading_kind kind) {
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

/* Somebody looks for it from now on, for a day. */
static inline struct gl_answer_lookout *look_out(struct bench *b, uint8_t what, const char *text, uint8_t action) {
    assert_true(b->n_lookouts < LODGED);
    struct gl_answer_lookout *x = &b->lookouts[b->n_lookouts++];
    *x = (struct gl_answer_lookout){.ref.type = "lookout", .what = what, .action = action, .valid_to = b->now.wall + 24 * HOUR};
    gl_format(x->ref.value, sizeof x->ref.value, "L-%d", b->n_lookouts);
    gl_clip(x->text, sizeof x->text, text);
    gl_clip(x->reason, sizeof x->reason, "stolen");
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

/* The authority declares a contingency for so many hours, or ends it. */
static inline struct gl_command contingency_order(struct bench *b, uint8_t action, int64_t hours) {
    struct gl_command c = order(b, "hq", GL_COMMAND_CONTINGENCY);
    c.action = action;
    gl_clip(c.reference, sizeof c.reference, "ORDER-7");
    c.until = b->now.wall + hours * HOUR;
    return c;
}
static inline bool contingency(struct bench *b, uint8_t action) {
    struct gl_command c = contingency_order(b, action, 8);
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

#define assert_released(b, id)                                                      \
    do {                                                                            \
        if ((b)->n_decisions && !is_released(b, id)) print_last(b);                 \
        assert_int_equal((b)->shown[lane_number(b, id)].signal, GL_SIGNAL_RELEASE); \
    } while (0)

/* The last decision is an inspect of this level, this rule is why, and the lane shows it. */
#define assert_inspected(b, id, grade, rule)                                                                       \
    do {                                                                                                           \
        if (last(b)->level != (grade) || (said(b, rule) != GL_FAIL && said(b, rule) != GL_UNKNOWN)) print_last(b); \
        assert_int_equal(last(b)->level, grade);                                                                   \
        assert_true(said(b, rule) == GL_FAIL || said(b, rule) == GL_UNKNOWN);                                      \
        assert_int_equal((b)->shown[lane_number(b, id)].signal, GL_SIGNAL_INSPECT);                                \
    } while (0)
