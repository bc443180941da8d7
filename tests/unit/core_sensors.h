/* For the tests of portals and tags: the post of core_bench.h, with a portal and an antenna in each lane. */
#pragma once
#include "core_bench.h"

#define EPC_A "3416BD0C4000000000000001"
#define EPC_B "3416BD0C4000000000000002"
#define EPC_CARGO "3074257BF7194E4000001A85"

static inline void bench_sensors(struct bench *b) {
    for (int i = 0; i < b->config->n_lanes; i++) {
        struct gl_lane_config *l = &b->config->lanes[i];
        bench_device(l, "rpm", "radiation", GL_ROLE_NONE, true);
        l->devices[l->n_devices - 1].after_max_ms = 8 * SECOND;
        bench_device(l, "tag", "rfid", GL_ROLE_NONE, false);
    }
    b->config->feed.collections = 1u << GL_COLLECTION_MOVEMENTS | 1u << GL_COLLECTION_TAGS;
    bench_client(b->config, "rad-1", "radiation", ~0u);
}

/* The core reads its lanes when it is made: a test that changes the configuration makes it anew. */
static inline void bench_again(struct bench *b) {
    gl_core_free(b->core);
    bench_start(b, "018f0000-0000-7000-8000-000000000001");
}

/* A post whose portal must have measured each vehicle. */
static inline struct bench *portal_up(void) {
    struct bench *b = bench_new();
    bench_sensors(b);
    b->config->profiles[0].require |= GL_NEED_RADIATION;
    bench_again(b);
    bench_ready(b);
    lodge(b, "GMRA00000001", "NC15REG", "NC16TRL");
    lodge(b, "GMRB00000002", "KA1234AB", "KA5678AB");
    return b;
}

static inline struct gl_radiation_value *portal_says(struct gl_reading *r, struct bench *b, const char *lane, uint8_t phase) {
    reading_at(r, b, lane, "rpm", GL_READING_RADIATION);
    r->value.radiation.phase = phase;
    return &r->value.radiation;
}
static inline void portal_start(struct bench *b, const char *lane) {
    struct gl_reading r;
    portal_says(&r, b, lane, GL_RADIATION_START)->occupancy.start = b->now.wall;
    send(b, &r);
}
static inline void portal_alarm(struct bench *b, const char *lane, bool gamma, bool neutron) {
    struct gl_reading r;
    struct gl_radiation_value *v = portal_says(&r, b, lane, GL_RADIATION_ALARM);
    v->gamma_alarm = gamma ? GL_TRUE : GL_NULL;
    v->neutron_alarm = neutron ? GL_TRUE : GL_NULL;
    send(b, &r);
}
static inline void portal_end_as(struct bench *b, const char *lane, uint8_t gamma, uint8_t neutron, const char *fault) {
    struct gl_reading r;
    struct gl_radiation_value *v = portal_says(&r, b, lane, GL_RADIATION_OCCUPANCY);
    v->gamma_alarm = gamma;
    v->neutron_alarm = neutron;
    v->occupancy = (struct gl_occupancy){b->now.wall - 3 * SECOND, b->now.wall, 637};
    gl_clip(v->fault, sizeof v->fault, fault);
    send(b, &r);
}
static inline void portal_end(struct bench *b, const char *lane) {
    portal_end_as(b, lane, GL_FALSE, GL_FALSE, "");
}
static inline void portal_fault(struct bench *b, const char *lane, const char *fault) {
    struct gl_reading r;
    struct gl_radiation_value *v = portal_says(&r, b, lane, GL_RADIATION_FAULT);
    gl_clip(v->fault, sizeof v->fault, fault);
    send(b, &r);
}
static inline void portal_tamper(struct bench *b, const char *lane, bool open) {
    struct gl_reading r;
    portal_says(&r, b, lane, GL_RADIATION_TAMPER)->tamper = gl_tri(open);
    send(b, &r);
}
/* Through the portal and out of it, in three seconds. */
static inline void portal_pass(struct bench *b, const char *lane) {
    portal_start(b, lane);
    later(b, 3 * SECOND);
    portal_end(b, lane);
}
/* The same, over the entry loop's end on the way. */
static inline void portal_through(struct bench *b, const char *lane) {
    portal_start(b, lane);
    loop(b, lane, GL_ZONE_ENTRY, false);
    later(b, 3 * SECOND);
    portal_end(b, lane);
}

/* The truck of the first movement comes in, and goes through the portal. */
static inline struct bench *measured(void) {
    struct bench *b = portal_up();
    loop(b, "in-1", GL_ZONE_ENTRY, true);
    later(b, 500);
    plate(b, "in-1", "NC15REG");
    portal_start(b, "in-1");
    later(b, 1 * SECOND);
    trailer(b, "in-1", "NC16TRL");
    loop(b, "in-1", GL_ZONE_ENTRY, false); /* the rest of it goes through the portal */
    return b;
}

static inline void tag_with(struct bench *b, const char *lane, const char *epc, const char *tid, bool late) {
    struct gl_reading r;
    reading_at(&r, b, lane, "tag", GL_READING_TAG);
    gl_clip(r.value.tag.epc, sizeof r.value.tag.epc, epc);
    gl_clip(r.value.tag.tid, sizeof r.value.tag.tid, tid);
    r.value.tag.antenna = 1;
    r.value.tag.rssi_dbm = -52;
    r.late = gl_tri(late);
    send(b, &r);
}
static inline void tag_as(struct bench *b, const char *lane, const char *epc, bool late) {
    tag_with(b, lane, epc, "", late);
}
static inline void tag(struct bench *b, const char *lane, const char *epc) {
    tag_as(b, lane, epc, false);
}
static inline struct gl_answer_tag *register_tag(struct bench *b, const char *epc, const char *number) {
    assert_true(b->n_tags < LODGED);
    struct gl_answer_tag *t = &b->tags[b->n_tags++];
    *t = (struct gl_answer_tag){.registered = true, .state = GL_TAG_ACTIVE, .role = GL_ROLE_VEHICLE};
    gl_clip(t->epc, sizeof t->epc, epc);
    gl_clip(t->plate, sizeof t->plate, number);
    return t;
}
