/* The connection of the simulated reader: it speaks first, answers each request with its id, and counts unanswered keepalives. */
#include "llrp/sim_reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60000, VERSION_SHIFT = 2 };

/* ---- what is said -------------------------------------------------------------------------------------------------------------------- */
void gl_sim_say(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

size_t gl_sim_begin(struct gl_sim *s, uint16_t type, uint32_t id) {
    size_t mark = gl_llrp_begin_message(&s->out, type, id);
    if (!s->out.failed) s->out.data[mark] = (char)(s->version << VERSION_SHIFT | type >> 8);
    return mark;
}

/* One that says nothing any more takes the message back. */
void gl_sim_end(struct gl_sim *s, size_t mark) {
    gl_llrp_end_message(&s->out, mark);
    if (s->out.failed) return;
    if (s->muted) {
        s->out.len = mark;
        return;
    }
    struct gl_cursor c = gl_cursor(s->out.data + mark, s->out.len - mark);
    uint16_t type = gl_get_u16(&c) & 0x3ff;
    uint32_t length = gl_get_u32(&c), id = gl_get_u32(&c);
    if (s->trace) gl_sim_say("sent %s (%u), %" PRIu32 " bytes, id %" PRIu32, gl_llrp_type_name(type), type, length, id);
}

uint32_t gl_sim_id(struct gl_sim *s) {
    return ++s->next_id;
}

static void put_field_error(struct gl_buf *b, const struct gl_sim_fault *f) {
    if (f->field == 0) return;
    size_t p = gl_llrp_begin(b, GL_LLRP_FIELD_ERROR);
    gl_buf_u16(b, f->field);
    gl_buf_u16(b, f->field_error);
    gl_llrp_end(b, p);
}

/* The parameters from the message inwards, each inside the one before: only the innermost has the true reason. */
static void put_parameter_errors(struct gl_buf *b, const struct gl_sim_fault *f) {
    size_t marks[GL_SIM_DEPTH];
    for (size_t i = 0; i < f->depth; i++) {
        bool last = i + 1 == f->depth;
        marks[i] = gl_llrp_begin(b, GL_LLRP_PARAMETER_ERROR);
        gl_buf_u16(b, f->parameters[i]);
        gl_buf_u16(b, last ? f->parameter_error : GL_SIM_P_PARAMETER_ERROR);
        if (last) put_field_error(b, f);
    }
    for (size_t i = f->depth; i > 0; i--) gl_llrp_end(b, marks[i - 1]);
}

void gl_sim_status(struct gl_sim *s, const struct gl_sim_fault *f) {
    size_t p = gl_llrp_begin(&s->out, GL_LLRP_LLRP_STATUS);
    gl_buf_u16(&s->out, f ? f->status : GL_LLRP_SUCCESS);
    gl_llrp_put_text(&s->out, f ? f->text : "");
    if (f && f->depth == 0) put_field_error(&s->out, f);
    if (f) put_parameter_errors(&s->out, f);
    gl_llrp_end(&s->out, p);
}

static void put_error(struct gl_sim *s, uint32_t id, uint16_t status, const char *text) {
    struct gl_sim_fault f = {.status = status};
    gl_clip(f.text, sizeof f.text, text);
    size_t m = gl_sim_begin(s, GL_LLRP_ERROR_MESSAGE, id);
    gl_sim_status(s, &f);
    gl_sim_end(s, m);
}

/* ---- requests ------------------------------------------------------------------------------------------------------------------------ */
static int on_capabilities(struct gl_sim *s GL_UNUSED, const struct gl_llrp_message *m GL_UNUSED,
                           struct gl_sim_fault *f GL_UNUSED) {
    return 0;
}
static int on_get_config(struct gl_sim *s, const struct gl_llrp_message *m, struct gl_sim_fault *f) {
    return gl_sim_check_config_request(s, m->body, f);
}
static int on_set_config(struct gl_sim *s, const struct gl_llrp_message *m, struct gl_sim_fault *f) {
    return gl_sim_set_config(s, m->body, f);
}
static int on_add_rospec(struct gl_sim *s, const struct gl_llrp_message *m, struct gl_sim_fault *f) {
    return gl_sim_add_rospec(s, m->body, f);
}
static int on_rospec(struct gl_sim *s, const struct gl_llrp_message *m, struct gl_sim_fault *f) {
    struct gl_cursor c = m->body;
    return gl_sim_change_rospec(s, m->type, gl_get_u32(&c), f);
}
static int on_add_accessspec(struct gl_sim *s, const struct gl_llrp_message *m, struct gl_sim_fault *f) {
    return gl_sim_add_accessspec(s, m->body, f);
}
static int on_accessspec(struct gl_sim *s, const struct gl_llrp_message *m, struct gl_sim_fault *f) {
    struct gl_cursor c = m->body;
    return gl_sim_change_accessspec(s, m->type, gl_get_u32(&c), f);
}
static int on_close(struct gl_sim *s, const struct gl_llrp_message *m GL_UNUSED, struct gl_sim_fault *f GL_UNUSED) {
    s->closing = true;
    return 0;
}

static int on_set_version(struct gl_sim *s, const struct gl_llrp_message *m, struct gl_sim_fault *f) {
    struct gl_cursor c = m->body;
    uint8_t wanted = gl_get_u8(&c);
    if (s->negotiated) {
        *f = (struct gl_sim_fault){.status = GL_LLRP_M_UNEXPECTED_MESSAGE, .text = "the version has been settled before"};
        return 1;
    }
    if (wanted != 1 && wanted != 2) return gl_sim_field_fault(f, 1, GL_LLRP_A_INVALID, "versions 1 and 2 are spoken here");
    s->negotiated = true;
    s->version = wanted;
    return 0;
}

static void put_capabilities(struct gl_sim *s, const struct gl_llrp_message *m) {
    gl_sim_put_capabilities(s, m->body);
}
static void put_config(struct gl_sim *s, const struct gl_llrp_message *m) {
    gl_sim_put_config(s, m->body);
}
static void put_rospecs(struct gl_sim *s, const struct gl_llrp_message *m GL_UNUSED) {
    gl_sim_put_rospecs(s);
}
static void put_accessspecs(struct gl_sim *s, const struct gl_llrp_message *m GL_UNUSED) {
    gl_sim_put_accessspecs(s);
}

/* Requests and what answers them. `run` acts, or says why not; `put` adds to an answer of success what follows LLRPStatus. */
static const struct request {
    uint16_t type, answer;
    int (*run)(struct gl_sim *s, const struct gl_llrp_message *m, struct gl_sim_fault *f);
    void (*put)(struct gl_sim *s, const struct gl_llrp_message *m);
} requests[] = {
    {GL_LLRP_GET_READER_CAPABILITIES, GL_LLRP_GET_READER_CAPABILITIES_RESPONSE, on_capabilities, put_capabilities},
    {GL_LLRP_GET_READER_CONFIG, GL_LLRP_GET_READER_CONFIG_RESPONSE, on_get_config, put_config},
    {GL_LLRP_SET_READER_CONFIG, GL_LLRP_SET_READER_CONFIG_RESPONSE, on_set_config, NULL},
    {GL_LLRP_CLOSE_CONNECTION, GL_LLRP_CLOSE_CONNECTION_RESPONSE, on_close, NULL},
    {GL_LLRP_ADD_ROSPEC, GL_LLRP_ADD_ROSPEC_RESPONSE, on_add_rospec, NULL},
    {GL_LLRP_DELETE_ROSPEC, GL_LLRP_DELETE_ROSPEC_RESPONSE, on_rospec, NULL},
    {GL_LLRP_START_ROSPEC, GL_LLRP_START_ROSPEC_RESPONSE, on_rospec, NULL},
    {GL_LLRP_STOP_ROSPEC, GL_LLRP_STOP_ROSPEC_RESPONSE, on_rospec, NULL},
    {GL_LLRP_ENABLE_ROSPEC, GL_LLRP_ENABLE_ROSPEC_RESPONSE, on_rospec, NULL},
    {GL_LLRP_DISABLE_ROSPEC, GL_LLRP_DISABLE_ROSPEC_RESPONSE, on_rospec, NULL},
    {GL_LLRP_GET_ROSPECS, GL_LLRP_GET_ROSPECS_RESPONSE, on_capabilities, put_rospecs},
    {GL_LLRP_ADD_ACCESSSPEC, GL_LLRP_ADD_ACCESSSPEC_RESPONSE, on_add_accessspec, NULL},
    {GL_LLRP_DELETE_ACCESSSPEC, GL_LLRP_DELETE_ACCESSSPEC_RESPONSE, on_accessspec, NULL},
    {GL_LLRP_ENABLE_ACCESSSPEC, GL_LLRP_ENABLE_ACCESSSPEC_RESPONSE, on_accessspec, NULL},
    {GL_LLRP_DISABLE_ACCESSSPEC, GL_LLRP_DISABLE_ACCESSSPEC_RESPONSE, on_accessspec, NULL},
    {GL_LLRP_GET_ACCESSSPECS, GL_LLRP_GET_ACCESSSPECS_RESPONSE, on_capabilities, put_accessspecs},
    {GL_LLRP_SET_PROTOCOL_VERSION, GL_LLRP_SET_PROTOCOL_VERSION_RESPONSE, on_set_version, NULL},
};

static const struct request *find_request(uint16_t type) {
    for (size_t i = 0; i < GL_COUNT(requests); i++)
        if (requests[i].type == type) return &requests[i];
    return NULL;
}

/* An inventory that a request starts sends its first report after the answer: `run` only marks what is ready. */
static void answer(struct gl_sim *s, const struct request *r, const struct gl_llrp_message *m, struct gl_sim_fault *f,
                   bool refused) {
    if (!refused) refused = r->run(s, m, f) != 0;
    size_t mark = gl_sim_begin(s, r->answer, m->id);
    gl_sim_status(s, refused ? f : NULL);
    if (!refused && r->put) r->put(s, m);
    gl_sim_end(s, mark);
    if (refused) gl_sim_say("refused %s: %s", gl_llrp_type_name(m->type), f->text);
}

static void put_versions(struct gl_sim *s, uint32_t id) {
    size_t m = gl_llrp_begin_message(&s->out, GL_LLRP_GET_SUPPORTED_VERSION_RESPONSE, id);
    if (!s->out.failed) s->out.data[m] = 2 << VERSION_SHIFT;
    gl_buf_u8(&s->out, s->version);
    gl_buf_u8(&s->out, 2);
    gl_sim_status(s, NULL);
    gl_sim_end(s, m);
}

static void on_custom(struct gl_sim *s, const struct gl_llrp_message *m) {
    struct gl_cursor c = m->body;
    uint32_t vendor = gl_get_u32(&c);
    if (!s->impinj || vendor != GL_LLRP_VENDOR_IMPINJ || gl_get_u8(&c) != GL_LLRP_IMPINJ_ENABLE_EXTENSIONS) {
        put_error(s, m->id, GL_LLRP_M_UNSUPPORTED_MESSAGE, "no such extension here");
        return;
    }
    s->extensions = true;
    size_t mark = gl_sim_begin(s, GL_LLRP_CUSTOM_MESSAGE, m->id);
    gl_buf_u32(&s->out, GL_LLRP_VENDOR_IMPINJ);
    gl_buf_u8(&s->out, GL_LLRP_IMPINJ_ENABLE_EXTENSIONS_RESPONSE);
    gl_sim_status(s, NULL);
    gl_sim_end(s, mark);
}

/* What is no request with a response of its own. */
static void on_other(struct gl_sim *s, const struct gl_llrp_message *m) {
    switch (m->type) {
        case GL_LLRP_KEEPALIVE_ACK: s->missed = 0; return;
        case GL_LLRP_GET_REPORT: gl_sim_report_all(s); return;
        case GL_LLRP_ENABLE_EVENTS_AND_REPORTS: gl_sim_release(s); return;
        case GL_LLRP_CUSTOM_MESSAGE: on_custom(s, m); return;
        case GL_LLRP_GET_SUPPORTED_VERSION: put_versions(s, m->id); return;
        default: put_error(s, m->id, GL_LLRP_M_UNSUPPORTED_MESSAGE, "no such message here");
    }
}

/* The two messages about versions are of version 2, everything else is of the version settled on. */
static bool version_fits(const struct gl_sim *s, const struct gl_llrp_message *m) {
    bool negotiates = m->type == GL_LLRP_GET_SUPPORTED_VERSION || m->type == GL_LLRP_SET_PROTOCOL_VERSION;
    if (negotiates && s->v11) return m->version == 2;
    return m->version == s->version;
}

static void refuse_version(struct gl_sim *s, const struct gl_llrp_message *m) {
    size_t at = s->out.len;
    put_error(s, m->id, GL_LLRP_M_UNSUPPORTED_VERSION, s->v11 ? "not in this version" : "version 1 is spoken here");
    if (!s->out.failed && s->out.len > at) s->out.data[at] = (char)(m->version << VERSION_SHIFT);
}

static void on_message(struct gl_sim *s, const struct gl_llrp_message *m, bool reserved) {
    struct gl_sim_fault f = {.status = GL_LLRP_M_PARAMETER_ERROR, .text = "it cannot be read"};
    if (s->trace)
        gl_sim_say("received %s (%u), %" PRIu32 " bytes, id %" PRIu32 ", version %u", gl_llrp_type_name(m->type), m->type,
                   m->length, m->id, m->version);
    if (s->muted || m->type == GL_LLRP_ERROR_MESSAGE) return; /* an answer to it might be answered, and so on for ever */
    if (reserved) {
        put_error(s, m->id, GL_LLRP_M_FIELD_ERROR, "reserved bits of the header are not zero");
        return;
    }
    if (!version_fits(s, m)) {
        refuse_version(s, m);
        return;
    }
    bool negotiates = m->type == GL_LLRP_GET_SUPPORTED_VERSION || m->type == GL_LLRP_SET_PROTOCOL_VERSION;
    uint32_t vendor = s->extensions ? GL_LLRP_VENDOR_IMPINJ : 0;
    int rc = gl_sim_check(m->type, m->body.p, gl_cursor_left(&m->body), vendor, &f);
    const struct request *r = negotiates && !s->v11 ? NULL : find_request(m->type);
    if (rc == -ENOENT || (negotiates && !s->v11)) {
        put_error(s, m->id, GL_LLRP_M_UNSUPPORTED_MESSAGE, "no such message here");
    } else if (r) {
        answer(s, r, m, &f, rc != 0);
    } else if (rc != 0) {
        put_error(s, m->id, f.status, f.text);
    } else {
        on_other(s, m);
    }
    gl_sim_report(s);
}

int gl_sim_bytes(struct gl_sim *s, const uint8_t *bytes, size_t len) {
    struct gl_llrp_message m;
    while (!s->closing) {
        int rc = gl_llrp_take(&s->in, &bytes, &len, &m);
        if (rc == -EPROTO) {
            gl_sim_say("a message of %" PRIu32 " bytes cannot be: the client is dropped", m.length);
            put_error(s, m.id, GL_LLRP_M_PARAMETER_ERROR, "a message of this length cannot be");
        }
        if (rc <= 0) return rc;
        on_message(s, &m, (s->in.bytes.data[0] & 0xe0) != 0);
    }
    return 0;
}

/* ---- life ---------------------------------------------------------------------------------------------------------------------------- */
void gl_sim_open(struct gl_sim *s, bool dialled) {
    gl_llrp_inbox_free(&s->in);
    gl_buf_free(&s->out);
    s->out = GL_BUF(GL_SIM_OUT);
    s->connected = true;
    s->dialled = dialled;
    s->withheld = s->config.hold;
    s->extensions = s->negotiated = s->closing = false;
    s->version = GL_LLRP_VERSION;
    s->missed = 0;
    s->keepalive_due = s->now.mono + s->config.keepalive_ms;
    gl_sim_say("peer connected");
    gl_sim_attempt(s, GL_LLRP_ATTEMPT_SUCCESS);
    gl_sim_report(s);
}

void gl_sim_gone(struct gl_sim *s) {
    if (s->connected) gl_sim_say("peer gone");
    s->connected = s->closing = false;
    gl_llrp_inbox_free(&s->in);
    gl_buf_free(&s->out);
}

void gl_sim_refuse(struct gl_sim *s, struct gl_buf *out) {
    struct gl_buf own = s->out;
    uint8_t version = s->version;
    s->out = *out;
    s->version = GL_LLRP_VERSION;
    gl_sim_attempt(s, s->dialled ? GL_LLRP_ATTEMPT_READER_INITIATED_EXISTS : GL_LLRP_ATTEMPT_CLIENT_INITIATED_EXISTS);
    *out = s->out;
    s->out = own;
    s->version = version;
    gl_sim_say("another peer is turned away");
    gl_sim_attempt(s, GL_LLRP_ATTEMPT_ANOTHER);
}

static int keepalive(struct gl_sim *s) {
    if (s->config.misses > 0 && s->missed >= s->config.misses) {
        gl_sim_say("%d keepalives unanswered: the client is dropped", s->missed);
        return -ETIMEDOUT;
    }
    s->missed++;
    s->keepalive_due = s->now.mono + s->config.keepalive_ms;
    gl_sim_end(s, gl_sim_begin(s, GL_LLRP_KEEPALIVE, gl_sim_id(s)));
    return 0;
}

int64_t gl_sim_tick(struct gl_sim *s, int *ret_drop) {
    int64_t next = gl_sim_specs_tick(s);
    gl_sim_report(s);
    if (s->connected && !s->muted && s->config.keepalive_ms > 0) {
        int rc = s->now.mono >= s->keepalive_due ? keepalive(s) : 0;
        if (rc < 0) *ret_drop = rc;
        if (s->keepalive_due < next) next = s->keepalive_due;
    }
    return next < s->now.mono + MINUTE_MS ? next : s->now.mono + MINUTE_MS;
}
