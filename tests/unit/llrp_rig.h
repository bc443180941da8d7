/* What the tests of the LLRP client share: a reader in their hands, and a sink that writes down what it gets, a line each. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "llrp/llrp.h"

#define NOW 1764000000000 /* 2025-11-24T16:00:00Z */
#define ALL_ASKED                                                                                                 \
    "> GET_READER_CAPABILITIES\n> GET_READER_CONFIG\n> SET_READER_CONFIG\n> DELETE_ACCESSSPEC\n> DELETE_ROSPEC\n" \
    "> ADD_ROSPEC\n> ENABLE_ROSPEC\n> ENABLE_EVENTS_AND_REPORTS\n"
#define AGAIN_ASKED "> DELETE_ACCESSSPEC\n> DELETE_ROSPEC\n> ADD_ROSPEC\n> ENABLE_ROSPEC\n> ENABLE_EVENTS_AND_REPORTS\n"

struct rig {
    struct gl_llrp *state;
    struct gl_buf log;
    struct gl_buf in;            /* what the reader says next */
    struct gl_buf sent;          /* the last message to the reader */
    struct gl_llrp_message last; /* the same, its header */
    char refused[300];           /* the last detail */
    char noted[400];
    int send_rc;
    size_t step; /* bytes handed over at a time; 0 = all */
    struct gl_now now;
    struct gl_setting_value values[16];
    struct gl_settings settings;
};

/* ---- the sink ------------------------------------------------------------------------------------------------------------------------ */
static inline void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n) {
    struct rig *g = user;
    const struct gl_tag_value *t = &r->value.tag;
    assert_null(att);
    assert_int_equal(n, 0);
    assert_int_equal(r->kind, GL_READING_TAG);
    assert_true(isnan(r->confidence));
    assert_string_equal(r->source_id, "");
    gl_buf_printf(&g->log, "tag %s", t->epc);
    if (t->tid[0]) gl_buf_printf(&g->log, " tid %s", t->tid);
    if (t->antenna > 0) gl_buf_printf(&g->log, " antenna %lld", (long long)t->antenna);
    if (!isnan(t->rssi_dbm)) gl_buf_printf(&g->log, " %.0f dBm", t->rssi_dbm);
    if (t->count >= 0) gl_buf_printf(&g->log, " x%lld", (long long)t->count);
    if (r->time != 0) gl_buf_printf(&g->log, " %+lld ms", (long long)(r->time - g->now.wall));
    gl_buf_text(&g->log, r->late == GL_TRUE ? " late\n" : "\n");
    assert_true(r->late == GL_TRUE || r->late == GL_FALSE);
}
static inline void on_refused(void *user, const char *reason, const char *detail) {
    struct rig *g = user;
    assert_true(strlen(detail) > 8);
    gl_clip(g->refused, sizeof g->refused, detail);
    gl_buf_printf(&g->log, "refused %s\n", reason);
}
static inline void on_alive(void *user) {
    gl_buf_text(&((struct rig *)user)->log, "alive\n");
}
static inline void on_note(void *user, const char *name, const char *detail) {
    struct rig *g = user;
    if (detail) gl_clip(g->noted, sizeof g->noted, detail);
    gl_buf_printf(&g->log, "note %s%s\n", name, detail ? "" : " again");
}
static inline void on_fault(void *user, const char *reason, bool raised) {
    gl_buf_printf(&((struct rig *)user)->log, "fault %s %s\n", reason, raised ? "raised" : "cleared");
}
/* Each call must be one whole message. */
static inline int on_send(void *user, const void *bytes, size_t len) {
    struct rig *g = user;
    struct gl_llrp_inbox in = {0};
    if (g->send_rc < 0) return g->send_rc;
    gl_buf_reset(&g->sent);
    gl_buf_add(&g->sent, bytes, len);
    const uint8_t *p = bytes;
    assert_int_equal(gl_llrp_take(&in, &p, &len, &g->last), 1);
    assert_int_equal(len, 0);
    assert_int_equal(g->last.version, 1);
    gl_llrp_inbox_free(&in);
    gl_buf_printf(&g->log, "> %s\n", gl_llrp_type_name(g->last.type));
    return 0;
}

/* ---- the codec ----------------------------------------------------------------------------------------------------------------------- */
static inline void set(struct rig *g, const char *name, const char *text) {
    size_t i = 0;
    while (i < g->settings.n && strcmp(g->values[i].name, name) != 0) i++;
    assert_true(i < GL_COUNT(g->values));
    if (i == g->settings.n) g->settings.n++;
    assert_int_equal(gl_copy(g->values[i].name, sizeof g->values[i].name, name), 0);
    assert_int_equal(gl_copy(g->values[i].text, sizeof g->values[i].text, text), 0);
}

static inline void rig_init(struct rig *g) {
    *g = (struct rig){.now = {NOW, 5000}, .log = GL_BUF(1 << 20), .in = GL_BUF(1 << 21), .sent = GL_BUF(8192)};
    g->settings.v = g->values;
    for (size_t i = 0; i < gl_protocol_llrp.n_settings; i++)
        if (gl_protocol_llrp.settings[i].preset) set(g, gl_protocol_llrp.settings[i].name, gl_protocol_llrp.settings[i].preset);
}

static inline void rig_open(struct rig *g) {
    struct gl_sink sink = {g, on_reading, on_refused, on_alive, on_note, on_fault, on_send};
    struct gl_error err;
    g->state = calloc(1, gl_protocol_llrp.state_size);
    assert_non_null(g->state);
    assert_int_equal(gl_protocol_llrp.open(g->state, &g->settings, &sink, &err), 0);
    gl_protocol_llrp.begin(g->state, NULL, g->now);
}

static inline void rig_start(struct rig *g) {
    rig_init(g);
    rig_open(g);
}

static inline void rig_close(struct rig *g) {
    gl_protocol_llrp.close(g->state);
    free(g->state);
    gl_buf_free(&g->log);
    gl_buf_free(&g->in);
    gl_buf_free(&g->sent);
}

static inline void reconnect(struct rig *g) {
    gl_protocol_llrp.end(g->state, false, g->now);
    gl_protocol_llrp.begin(g->state, NULL, g->now);
}

static inline int pass(struct rig *g, int64_t ms) {
    g->now.mono += ms;
    g->now.wall += ms;
    return gl_protocol_llrp.timer(g->state, g->now);
}

static inline void expect(struct rig *g, const char *text) {
    assert_string_equal(g->log.data ? g->log.data : "", text);
    gl_buf_reset(&g->log);
}

/* ---- the reader ---------------------------------------------------------------------------------------------------------------------- */
/* Hands over what was put into `in`; 0, or the negative return that drops the connection. */
static inline int say(struct rig *g) {
    size_t step = g->step ? g->step : g->in.len;
    int rc = 0;
    assert_false(g->in.failed);
    for (size_t at = 0; at < g->in.len && rc >= 0; at += step) {
        size_t n = g->in.len - at < step ? g->in.len - at : step;
        rc = gl_protocol_llrp.bytes(g->state, (const uint8_t *)g->in.data + at, n, g->now);
    }
    gl_buf_reset(&g->in);
    return rc;
}

/* An event: its timestamp (0 = none), then what put adds. */
static inline void put_event(struct gl_buf *b, uint16_t clock, uint64_t microseconds, uint16_t type, const void *value,
                             size_t len) {
    size_t m = gl_llrp_begin_message(b, GL_LLRP_READER_EVENT_NOTIFICATION, 0);
    size_t data = gl_llrp_begin(b, GL_LLRP_READER_EVENT_NOTIFICATION_DATA), p;
    if (clock) {
        p = gl_llrp_begin(b, clock);
        gl_buf_u64(b, microseconds);
        gl_llrp_end(b, p);
    }
    p = gl_llrp_begin(b, type);
    gl_buf_add(b, value, len);
    gl_llrp_end(b, p);
    gl_llrp_end(b, data);
    gl_llrp_end_message(b, m);
}
static inline int event(struct rig *g, uint16_t type, const void *value, size_t len) {
    put_event(&g->in, GL_LLRP_UTC_TIMESTAMP, (uint64_t)g->now.wall * 1000, type, value, len);
    return say(g);
}
#define SAY_EVENT(g, type, ...) event(g, type, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static inline int attempt(struct rig *g, uint8_t status) {
    return SAY_EVENT(g, GL_LLRP_CONNECTION_ATTEMPT_EVENT, 0, status);
}

static inline uint16_t answer_to(uint16_t type) {
    return type == GL_LLRP_CUSTOM_MESSAGE ? type : (uint16_t)(type + 10);
}

/* The start of an answer to the last request; the caller adds the status and ends it. */
static inline size_t begin_answer(struct rig *g) {
    size_t m = gl_llrp_begin_message(&g->in, answer_to(g->last.type), g->last.id);
    if (g->last.type == GL_LLRP_CUSTOM_MESSAGE) {
        gl_buf_u32(&g->in, GL_LLRP_VENDOR_IMPINJ);
        gl_buf_u8(&g->in, GL_LLRP_IMPINJ_ENABLE_EXTENSIONS_RESPONSE);
    }
    return m;
}

static inline int answer(struct rig *g, uint16_t code, const char *text) {
    size_t m = begin_answer(g);
    gl_llrp_put_status(&g->in, code, text);
    gl_llrp_end_message(&g->in, m);
    return say(g);
}

/* A status that names a parameter as wrong. */
static inline int answer_wrong(struct rig *g, uint16_t parameter) {
    size_t m = begin_answer(g), status = gl_llrp_begin(&g->in, GL_LLRP_LLRP_STATUS);
    gl_buf_u16(&g->in, GL_LLRP_M_PARAMETER_ERROR);
    gl_llrp_put_text(&g->in, "not here");
    size_t p = gl_llrp_begin(&g->in, GL_LLRP_PARAMETER_ERROR);
    gl_buf_u16(&g->in, parameter);
    gl_buf_u16(&g->in, 209);
    gl_llrp_end(&g->in, p);
    gl_llrp_end(&g->in, status);
    gl_llrp_end_message(&g->in, m);
    return say(g);
}

/* Answers everything with success until the client runs. */
static inline void answer_all(struct rig *g) {
    for (int i = 0; i < 12 && g->state->step < GL_LLRP_RUN; i++) assert_int_equal(answer(g, GL_LLRP_SUCCESS, ""), 0);
    assert_int_equal(g->state->step, GL_LLRP_RUN);
}

static inline void rig_run(struct rig *g) {
    assert_int_equal(attempt(g, GL_LLRP_ATTEMPT_SUCCESS), 0);
    answer_all(g);
    expect(g, ALL_ASKED);
}
