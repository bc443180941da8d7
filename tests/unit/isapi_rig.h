/* What the tests of the ISAPI codec share: a sink that writes down what it gets, and a codec with its settings. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isapi/isapi.h"

#define SAMPLE_TIME 1772435730000 /* 2026-03-02T07:15:30Z, which most samples tell */
#define FORM "multipart/form-data; boundary=boundary"
#define MIXED "multipart/mixed; boundary=boundary"

/* ---- a sink that writes down what it gets, a line each ---- */

static inline void note_plate(struct gl_buf *log, const struct gl_reading *r) {
    const struct gl_plate_value *p = &r->value.plate;
    gl_buf_printf(log, "plate '%s' %s %s %.3g", p->text, p->country[0] ? p->country : "-",
                  p->direction ? gl_towards[p->direction] : "-", r->confidence);
    if (p->n_characters) gl_buf_printf(log, " chars:%u", p->n_characters);
    for (int i = 0; i < r->n_candidates; i++) gl_buf_printf(log, " or:%s/%.3g", r->candidates[i].text, r->candidates[i].confidence);
    if (strncmp(r->source_id, "20260302", 8) != 0) gl_buf_printf(log, " id:%s", r->source_id);
}

static inline void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n) {
    struct gl_buf *log = user;
    if (r->kind == GL_READING_PLATE) note_plate(log, r);
    if (r->kind == GL_READING_CLASS) gl_buf_printf(log, "class %s", gl_classes[r->value.class.class]);
    if (r->kind == GL_READING_CONTAINER)
        gl_buf_printf(log, "container %s %s %.3g", r->value.container.number,
                      r->value.container.check_ok == GL_TRUE ? "ok" : "wrong", r->confidence);
    if (r->late == GL_TRUE) gl_buf_text(log, " late");
    if (r->time != SAMPLE_TIME) {
        char text[GL_TIME_TEXT];
        gl_time_format(r->time, text);
        gl_buf_printf(log, " at %s", text + 5);
    }
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(att[i].media_type, "image/jpeg");
        assert_memory_equal(att[i].bytes, "\xff\xd8", 2);
        assert_memory_equal(att[i].bytes + att[i].len - 2, "\xff\xd9", 2);
        gl_buf_printf(log, " +%s", att[i].role);
    }
    gl_buf_char(log, '\n');
}
static inline void on_refused(void *user, const char *reason, const char *detail) {
    assert_true(strlen(detail) > 8);
    gl_buf_printf(user, "refused %s\n", reason);
}
static inline void on_alive(void *user) {
    gl_buf_text(user, "alive\n");
}
static inline void on_note(void *user GL_UNUSED, const char *name GL_UNUSED, const char *detail GL_UNUSED) {}
static inline void on_fault(void *user, const char *reason, bool raised) {
    gl_buf_printf(user, "fault %s %s\n", reason, raised ? "raised" : "cleared");
}

/* ---- a codec with its settings ---- */

struct rig {
    void *state;
    struct gl_buf log;
    struct gl_now now;
    struct gl_setting_value values[16];
    struct gl_settings settings;
};

static inline void set(struct rig *g, const char *name, const char *text) {
    size_t i = 0;
    while (i < g->settings.n && strcmp(g->values[i].name, name) != 0) i++;
    assert_true(i < GL_COUNT(g->values));
    if (i == g->settings.n) g->settings.n++;
    assert_int_equal(gl_copy(g->values[i].name, sizeof g->values[i].name, name), 0);
    assert_int_equal(gl_copy(g->values[i].text, sizeof g->values[i].text, text), 0);
}

static inline void rig_init(struct rig *g) {
    *g = (struct rig){.now = {SAMPLE_TIME + 1000, 5000}, .log = GL_BUF(1 << 20)};
    g->settings.v = g->values;
    for (size_t i = 0; i < gl_protocol_isapi.n_settings; i++)
        if (gl_protocol_isapi.settings[i].preset) set(g, gl_protocol_isapi.settings[i].name, gl_protocol_isapi.settings[i].preset);
}

static inline void rig_open(struct rig *g) {
    struct gl_sink sink = {&g->log, on_reading, on_refused, on_alive, on_note, on_fault, NULL};
    struct gl_error err;
    g->state = calloc(1, gl_protocol_isapi.state_size);
    assert_non_null(g->state);
    assert_int_equal(gl_protocol_isapi.open(g->state, &g->settings, &sink, &err), 0);
}

static inline void rig_close(struct rig *g) {
    gl_protocol_isapi.close(g->state);
    free(g->state);
    gl_buf_free(&g->log);
}

static inline void begin(struct rig *g, const char *type) {
    gl_protocol_isapi.begin(g->state, type, g->now);
}
static inline int give(struct rig *g, const void *bytes, size_t len) {
    return gl_protocol_isapi.bytes(g->state, bytes, len, g->now);
}
static inline int say(struct rig *g, const char *text) {
    return give(g, text, strlen(text));
}
static inline void end(struct rig *g, bool complete) {
    gl_protocol_isapi.end(g->state, complete, g->now);
}
static inline void pass(struct rig *g, int64_t ms) {
    g->now.mono += ms;
    g->now.wall += ms;
    assert_int_equal(gl_protocol_isapi.timer(g->state, g->now), 0);
}

static inline void expect(struct rig *g, const char *text) {
    assert_string_equal(g->log.data ? g->log.data : "", text);
    gl_buf_reset(&g->log);
}
