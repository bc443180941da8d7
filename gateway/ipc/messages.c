/* The tables of every message, and the one way into and out of a datagram. */
#include "ipc/messages.h"

#include <errno.h>

enum { HEADER = 8 };

static const struct gl_field hello_f[] = {
    GL_INT(gl_msg_hello, version, 0, 65535, 0),
    GL_TEXT(gl_msg_hello, device, 0),
    GL_TEXT(gl_msg_hello, program, 0),
    GL_INT(gl_msg_hello, pid, 0, INT32_MAX, 0),
};
static GL_FIELDS(hello, gl_msg_hello);

static const struct gl_field output_f[] = {
    GL_TEXT(gl_msg_output, lane, 0),
    GL_ENUM(gl_msg_output, signal, gl_signals, 0),
    GL_INT(gl_msg_output, lease_until, 0, INT64_MAX, 0),
    GL_INT(gl_msg_output, silence_ms, 0, INT32_MAX, 0),
};
static GL_FIELDS(output, gl_msg_output);

static const struct gl_field presence_f[] = {
    GL_TEXT(gl_msg_presence, lane, 0),
    GL_TRI(gl_msg_presence, present, 0),
    GL_INT(gl_msg_presence, until, 0, INT64_MAX, 0),
};
static GL_FIELDS(presence, gl_msg_presence);

static const struct gl_field welcome_f[] = {
    GL_TEXT(gl_msg_welcome, post, 0),
    GL_TEXT(gl_msg_welcome, boot, 0),
    GL_TEXT(gl_msg_welcome, will, 0),
};
static GL_FIELDS(welcome, gl_msg_welcome);

static const struct gl_field publish_f[] = {
    GL_INT(gl_msg_publish, token, 0, INT64_MAX, 0),
    GL_TEXT(gl_msg_publish, topic, 0),
    GL_TRI(gl_msg_publish, retain, 0),
    GL_INT(gl_msg_publish, expiry_s, 0, UINT32_MAX, 0),
    GL_BLOB(gl_msg_publish, correlation, 0),
    GL_TEXT(gl_msg_publish, payload, 0),
};
static GL_FIELDS(publish, gl_msg_publish);

static const struct gl_field published_f[] = {
    GL_INT(gl_msg_published, token, 0, INT64_MAX, 0),
    GL_TRI(gl_msg_published, refused, 0),
    GL_TEXT(gl_msg_published, reason, 0),
};
static GL_FIELDS(published, gl_msg_published);

static const struct gl_field link_state_f[] = {
    GL_TRI(gl_msg_link_state, connected, 0),
    GL_TEXT(gl_msg_link_state, reason, 0),
};
static GL_FIELDS(link_state, gl_msg_link_state);

static const struct gl_field query_f[] = {
    GL_TEXT(gl_msg_query, what, 0),
    GL_TEXT(gl_msg_query, arg, 0),
    GL_INT(gl_msg_query, limit, 0, INT32_MAX, 0),
};
static GL_FIELDS(query, gl_msg_query);

static const struct gl_field text_f[] = {GL_TEXT(gl_msg_text, text, 0)};
static GL_FIELDS(text, gl_msg_text);

static const struct gl_field done_f[] = {
    GL_INT(gl_msg_done, status, INT32_MIN, INT32_MAX, 0),
    GL_TEXT(gl_msg_done, text, 0),
};
static GL_FIELDS(done, gl_msg_done);

static int reading_unpack(struct gl_cursor *c, void *s) {
    return gl_reading_unpack(c, s);
}
static void reading_pack(const void *s, struct gl_buf *out) {
    gl_reading_pack(s, out);
}
static int record_unpack(struct gl_cursor *c, void *s) {
    return gl_feed_record_unpack(c, s);
}
static void record_pack(const void *s, struct gl_buf *out) {
    gl_feed_record_pack(s, out);
}

#define BY_TABLE(n, table, type) \
    { .name = n, .fields = &(table), .size = sizeof(struct type) }
#define RECORD(n) \
    { .name = n, .size = sizeof(struct gl_feed_record), .unpack = record_unpack, .pack = record_pack }

const struct gl_message gl_messages[GL_MSG_TYPES] = {
    [GL_MSG_HELLO] = BY_TABLE("hello", hello, gl_msg_hello),
    [GL_MSG_READING] = {.name = "reading", .size = sizeof(struct gl_reading), .unpack = reading_unpack, .pack = reading_pack},
    [GL_MSG_DEVICE_STATUS] = BY_TABLE("device-status", gl_device_status_fields, gl_device_status),
    [GL_MSG_OUTPUT] = BY_TABLE("output", output, gl_msg_output),
    [GL_MSG_PUBLISH] = BY_TABLE("publish", publish, gl_msg_publish),
    [GL_MSG_WELCOME] = BY_TABLE("welcome", welcome, gl_msg_welcome),
    [GL_MSG_PUBLISHED] = BY_TABLE("published", published, gl_msg_published),
    [GL_MSG_LINK_STATE] = BY_TABLE("link-state", link_state, gl_msg_link_state),
    [GL_MSG_FEED] = RECORD("feed"),
    [GL_MSG_FEED_REFUSED] = BY_TABLE("feed-refused", gl_feed_refused_fields, gl_feed_refused),
    [GL_MSG_COMMAND] = BY_TABLE("command", gl_command_fields, gl_command),
    [GL_MSG_IMPORT] = RECORD("import"),
    [GL_MSG_QUERY] = BY_TABLE("query", query, gl_msg_query),
    [GL_MSG_TEXT] = BY_TABLE("text", text, gl_msg_text),
    [GL_MSG_DONE] = BY_TABLE("done", done, gl_msg_done),
    [GL_MSG_LOAD] = BY_TABLE("load", gl_load_order_fields, gl_load_order),
    [GL_MSG_LOADED] = BY_TABLE("loaded", gl_load_answer_fields, gl_load_answer),
    [GL_MSG_PRESENCE] = BY_TABLE("presence", presence, gl_msg_presence),
};

static const struct gl_message *message_of(unsigned type) {
    return type > GL_MSG_NONE && type < GL_MSG_TYPES ? &gl_messages[type] : NULL;
}

int gl_message_pack(enum gl_message_type type, const void *msg, struct gl_buf *out) {
    const struct gl_message *m = message_of(type);
    if (!m) return -EINVAL;
    size_t begun = out->len;
    gl_buf_u16(out, (uint16_t)type);
    gl_buf_u16(out, 0);
    gl_buf_u32(out, 0); /* the length, when it is known */
    if (m->fields)
        gl_fields_pack(m->fields, msg, out);
    else
        m->pack(msg, out);
    size_t len = out->len - begun - HEADER;
    if (out->failed || len > GL_IPC_MAX - HEADER) return -EMSGSIZE;
    for (int i = 0; i < 4; i++) out->data[begun + 4 + (size_t)i] = (char)(len >> (24 - 8 * i));
    return 0;
}

int gl_message_unpack(const void *bytes, size_t len, uint64_t accepts, enum gl_message_type *ret_type, void *msg) {
    struct gl_cursor c = gl_cursor(bytes, len);
    unsigned type = gl_get_u16(&c), zero = gl_get_u16(&c);
    uint32_t rest = gl_get_u32(&c);
    if (c.failed || zero != 0 || rest != gl_cursor_left(&c) || len > GL_IPC_MAX) return -EBADMSG;
    const struct gl_message *m = message_of(type);
    if (!m) return -ENOMSG;
    if (!(accepts & UINT64_C(1) << type)) return -EPERM;
    int rc = m->fields ? gl_fields_unpack(m->fields, &c, msg) : m->unpack(&c, msg);
    if (rc < 0 || c.failed || gl_cursor_left(&c) != 0) return -EBADMSG;
    *ret_type = (enum gl_message_type)type;
    return 0;
}

size_t gl_message_first(const void *bytes, size_t len) {
    struct gl_cursor c = gl_cursor(bytes, len);
    size_t first = 0;
    while (gl_cursor_left(&c) > 0) {
        bool record = gl_get_u16(&c) == GL_MSG_FEED && gl_get_u16(&c) == 0;
        uint32_t rest = gl_get_u32(&c);
        if (!record || !gl_get_bytes(&c, rest)) return len;
        if (first == 0) first = HEADER + rest;
    }
    return c.failed ? len : first;
}

size_t gl_message_largest(uint64_t accepts) {
    size_t most = 1;
    for (unsigned i = 1; i < GL_MSG_TYPES; i++)
        if ((accepts & UINT64_C(1) << i) && gl_messages[i].size > most) most = gl_messages[i].size;
    return most;
}
