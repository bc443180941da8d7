/* Framing, parameters, numbers; the layout is in the header. */
#include "wire.h"

#include <errno.h>
#include <string.h>

enum {
    TV = 0x80,
    TYPE_BITS = 0x03FF, /* of the first u16 of messages and TLVs */
    TLV_HEADER = 4,
    LENGTH_AT = 2,            /* in both headers */
    KEEP_AT_MOST = 64 * 1024, /* an inbox that has grown beyond it gives its memory back */
    DETAILS_MAX = 8,          /* ParameterErrors within each other */
};

/* Bytes of each TV's value; 0 = unknown. */
static const uint8_t tv_sizes[128] = {
    [GL_LLRP_ANTENNA_ID] = 2,
    [GL_LLRP_FIRST_SEEN_UTC] = 8,
    [GL_LLRP_FIRST_SEEN_UPTIME] = 8,
    [GL_LLRP_LAST_SEEN_UTC] = 8,
    [GL_LLRP_LAST_SEEN_UPTIME] = 8,
    [GL_LLRP_PEAK_RSSI] = 1,
    [GL_LLRP_CHANNEL_INDEX] = 2,
    [GL_LLRP_TAG_SEEN_COUNT] = 2,
    [GL_LLRP_ROSPEC_ID] = 4,
    [GL_LLRP_INVENTORY_PARAMETER_SPEC_ID] = 2,
    [GL_LLRP_C1G2_CRC] = 2,
    [GL_LLRP_C1G2_PC] = 2,
    [GL_LLRP_EPC_96] = 12,
    [GL_LLRP_SPEC_INDEX] = 2,
    [GL_LLRP_CLIENT_REQUEST_OP_SPEC_RESULT] = 2,
    [GL_LLRP_ACCESS_SPEC_ID] = 4,
    [GL_LLRP_OP_SPEC_ID] = 2,
    [GL_LLRP_C1G2_SINGULATION_DETAILS] = 4,
    [GL_LLRP_C1G2_XPC_W1] = 2,
    [GL_LLRP_C1G2_XPC_W2] = 2,
};

/* ---- messages ------------------------------------------------------------------------------------------------------------------------ */
static void read_header(const struct gl_buf *b, struct gl_llrp_message *m) {
    struct gl_cursor c = gl_cursor(b->data, b->len);
    uint16_t first = gl_get_u16(&c);
    *m = (struct gl_llrp_message){.version = (first >> 10) & 7, .type = first & TYPE_BITS};
    m->length = gl_get_u32(&c);
    m->id = gl_get_u32(&c);
    m->body = c;
}

/* Moves bytes into the inbox until it holds as many as wanted. */
static void fill(struct gl_buf *b, size_t want, const uint8_t **bytes, size_t *len) {
    size_t n = want > b->len ? want - b->len : 0;
    if (n > *len) n = *len;
    if (n == 0) return;
    gl_buf_add(b, *bytes, n);
    *bytes += n;
    *len -= n;
}

int gl_llrp_take(struct gl_llrp_inbox *in, const uint8_t **bytes, size_t *len, struct gl_llrp_message *ret) {
    struct gl_buf *b = &in->bytes;
    struct gl_llrp_message m;
    b->limit = GL_LLRP_MESSAGE_MAX;
    if (b->len >= GL_LLRP_HEADER) { /* perhaps the whole message that the last call handed out */
        read_header(b, &m);
        if (b->len == m.length && b->cap > KEEP_AT_MOST)
            gl_buf_free(b);
        else if (b->len == m.length)
            gl_buf_reset(b);
    }
    fill(b, GL_LLRP_HEADER, bytes, len);
    if (b->failed) return -ENOMEM;
    if (b->len < GL_LLRP_HEADER) return 0;
    read_header(b, &m);
    if (m.length < GL_LLRP_HEADER || m.length > GL_LLRP_MESSAGE_MAX) {
        *ret = m;
        return -EPROTO;
    }
    fill(b, m.length, bytes, len);
    if (b->failed) return -ENOMEM;
    if (b->len < m.length) return 0;
    read_header(b, ret);
    return 1;
}

bool gl_llrp_pending(const struct gl_llrp_inbox *in) {
    struct gl_llrp_message m;
    if (in->bytes.len < GL_LLRP_HEADER) return in->bytes.len > 0;
    read_header(&in->bytes, &m);
    return in->bytes.len != m.length;
}

void gl_llrp_inbox_free(struct gl_llrp_inbox *in) {
    gl_buf_free(&in->bytes);
}

/* ---- parameters ---------------------------------------------------------------------------------------------------------------------- */
static int next_tv(struct gl_cursor *c, struct gl_llrp_param *ret) {
    uint8_t type = gl_get_u8(c) & (TV - 1);
    size_t size = tv_sizes[type];
    if (size == 0) return -ENOTSUP;
    const uint8_t *value = gl_get_bytes(c, size);
    if (!value) return -EBADMSG;
    *ret = (struct gl_llrp_param){type, gl_cursor(value, size)};
    return 1;
}

int gl_llrp_next(struct gl_cursor *c, struct gl_llrp_param *ret) {
    if (c->failed) return -EBADMSG;
    if (gl_cursor_left(c) == 0) return 0;
    if (*c->p & TV) return next_tv(c, ret);
    uint16_t type = gl_get_u16(c) & TYPE_BITS, length = gl_get_u16(c);
    const uint8_t *value = length >= TLV_HEADER ? gl_get_bytes(c, length - TLV_HEADER) : NULL;
    if (c->failed || !value) return -EBADMSG;
    *ret = (struct gl_llrp_param){type, gl_cursor(value, length - TLV_HEADER)};
    return 1;
}

bool gl_llrp_find(struct gl_cursor c, uint16_t type, struct gl_llrp_param *ret) {
    struct gl_llrp_param p;
    while (gl_llrp_next(&c, &p) > 0) {
        if (p.type != type) continue;
        *ret = p;
        return true;
    }
    return false;
}

void gl_llrp_get_text(struct gl_cursor *c, char *out, size_t size) {
    size_t len = gl_get_u16(c);
    const uint8_t *p = gl_get_bytes(c, len);
    out[0] = '\0';
    if (!p) return;
    if (len >= size) len = size - 1;
    memcpy(out, p, len);
    out[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)out[i] < ' ' || (uint8_t)out[i] > '~') out[i] = '?';
}

/* What the details of a status name: the innermost parameter, and the field that is wrong in it. */
static void read_details(struct gl_cursor c, struct gl_llrp_outcome *out, int depth) {
    struct gl_llrp_param p;
    while (depth < DETAILS_MAX && gl_llrp_next(&c, &p) > 0) {
        if (p.type == GL_LLRP_FIELD_ERROR) {
            out->field = gl_get_u16(&p.value);
        } else if (p.type == GL_LLRP_PARAMETER_ERROR) {
            out->parameter = gl_get_u16(&p.value);
            gl_get_u16(&p.value); /* its own status code */
            read_details(p.value, out, depth + 1);
        }
    }
}

int gl_llrp_get_status(struct gl_cursor body, struct gl_llrp_outcome *ret) {
    struct gl_llrp_param p;
    struct gl_llrp_outcome out = {.field = GL_LLRP_NO_FIELD};
    if (!gl_llrp_find(body, GL_LLRP_LLRP_STATUS, &p)) return -EBADMSG;
    out.code = gl_get_u16(&p.value);
    gl_llrp_get_text(&p.value, out.description, sizeof out.description);
    if (p.value.failed) return -EBADMSG;
    read_details(p.value, &out, 0);
    *ret = out;
    return 0;
}

/* ---- names --------------------------------------------------------------------------------------------------------------------------- */
struct name {
    uint16_t number;
    const char *text;
};

static const struct name types[] = {
    {GL_LLRP_GET_READER_CAPABILITIES, "GET_READER_CAPABILITIES"},
    {GL_LLRP_GET_READER_CONFIG, "GET_READER_CONFIG"},
    {GL_LLRP_SET_READER_CONFIG, "SET_READER_CONFIG"},
    {GL_LLRP_CLOSE_CONNECTION_RESPONSE, "CLOSE_CONNECTION_RESPONSE"},
    {GL_LLRP_GET_READER_CAPABILITIES_RESPONSE, "GET_READER_CAPABILITIES_RESPONSE"},
    {GL_LLRP_GET_READER_CONFIG_RESPONSE, "GET_READER_CONFIG_RESPONSE"},
    {GL_LLRP_SET_READER_CONFIG_RESPONSE, "SET_READER_CONFIG_RESPONSE"},
    {GL_LLRP_CLOSE_CONNECTION, "CLOSE_CONNECTION"},
    {GL_LLRP_ADD_ROSPEC, "ADD_ROSPEC"},
    {GL_LLRP_DELETE_ROSPEC, "DELETE_ROSPEC"},
    {GL_LLRP_START_ROSPEC, "START_ROSPEC"},
    {GL_LLRP_STOP_ROSPEC, "STOP_ROSPEC"},
    {GL_LLRP_ENABLE_ROSPEC, "ENABLE_ROSPEC"},
    {GL_LLRP_DISABLE_ROSPEC, "DISABLE_ROSPEC"},
    {GL_LLRP_GET_ROSPECS, "GET_ROSPECS"},
    {GL_LLRP_ADD_ROSPEC_RESPONSE, "ADD_ROSPEC_RESPONSE"},
    {GL_LLRP_DELETE_ROSPEC_RESPONSE, "DELETE_ROSPEC_RESPONSE"},
    {GL_LLRP_START_ROSPEC_RESPONSE, "START_ROSPEC_RESPONSE"},
    {GL_LLRP_STOP_ROSPEC_RESPONSE, "STOP_ROSPEC_RESPONSE"},
    {GL_LLRP_ENABLE_ROSPEC_RESPONSE, "ENABLE_ROSPEC_RESPONSE"},
    {GL_LLRP_DISABLE_ROSPEC_RESPONSE, "DISABLE_ROSPEC_RESPONSE"},
    {GL_LLRP_GET_ROSPECS_RESPONSE, "GET_ROSPECS_RESPONSE"},
    {GL_LLRP_ADD_ACCESSSPEC, "ADD_ACCESSSPEC"},
    {GL_LLRP_DELETE_ACCESSSPEC, "DELETE_ACCESSSPEC"},
    {GL_LLRP_ENABLE_ACCESSSPEC, "ENABLE_ACCESSSPEC"},
    {GL_LLRP_DISABLE_ACCESSSPEC, "DISABLE_ACCESSSPEC"},
    {GL_LLRP_GET_ACCESSSPECS, "GET_ACCESSSPECS"},
    {GL_LLRP_GET_SUPPORTED_VERSION, "GET_SUPPORTED_VERSION"},
    {GL_LLRP_SET_PROTOCOL_VERSION, "SET_PROTOCOL_VERSION"},
    {GL_LLRP_ADD_ACCESSSPEC_RESPONSE, "ADD_ACCESSSPEC_RESPONSE"},
    {GL_LLRP_DELETE_ACCESSSPEC_RESPONSE, "DELETE_ACCESSSPEC_RESPONSE"},
    {GL_LLRP_ENABLE_ACCESSSPEC_RESPONSE, "ENABLE_ACCESSSPEC_RESPONSE"},
    {GL_LLRP_DISABLE_ACCESSSPEC_RESPONSE, "DISABLE_ACCESSSPEC_RESPONSE"},
    {GL_LLRP_GET_ACCESSSPECS_RESPONSE, "GET_ACCESSSPECS_RESPONSE"},
    {GL_LLRP_GET_SUPPORTED_VERSION_RESPONSE, "GET_SUPPORTED_VERSION_RESPONSE"},
    {GL_LLRP_SET_PROTOCOL_VERSION_RESPONSE, "SET_PROTOCOL_VERSION_RESPONSE"},
    {GL_LLRP_GET_REPORT, "GET_REPORT"},
    {GL_LLRP_RO_ACCESS_REPORT, "RO_ACCESS_REPORT"},
    {GL_LLRP_KEEPALIVE, "KEEPALIVE"},
    {GL_LLRP_READER_EVENT_NOTIFICATION, "READER_EVENT_NOTIFICATION"},
    {GL_LLRP_ENABLE_EVENTS_AND_REPORTS, "ENABLE_EVENTS_AND_REPORTS"},
    {GL_LLRP_KEEPALIVE_ACK, "KEEPALIVE_ACK"},
    {GL_LLRP_ERROR_MESSAGE, "ERROR_MESSAGE"},
    {GL_LLRP_CUSTOM_MESSAGE, "CUSTOM_MESSAGE"},
};

static const struct name statuses[] = {
    {0, "M_Success"},
    {100, "M_ParameterError"},
    {101, "M_FieldError"},
    {102, "M_UnexpectedParameter"},
    {103, "M_MissingParameter"},
    {104, "M_DuplicateParameter"},
    {105, "M_OverflowParameter"},
    {106, "M_OverflowField"},
    {107, "M_UnknownParameter"},
    {108, "M_UnknownField"},
    {109, "M_UnsupportedMessage"},
    {110, "M_UnsupportedVersion"},
    {111, "M_UnsupportedParameter"},
    {112, "M_UnexpectedMessage"},
    {200, "P_ParameterError"},
    {201, "P_FieldError"},
    {202, "P_UnexpectedParameter"},
    {203, "P_MissingParameter"},
    {204, "P_DuplicateParameter"},
    {205, "P_OverflowParameter"},
    {206, "P_OverflowField"},
    {207, "P_UnknownParameter"},
    {208, "P_UnknownField"},
    {209, "P_UnsupportedParameter"},
    {300, "A_Invalid"},
    {301, "A_OutOfRange"},
    {401, "R_DeviceError"},
};

static const char *name_of(const struct name *names, size_t n, uint16_t number, const char *none) {
    for (size_t i = 0; i < n; i++)
        if (names[i].number == number) return names[i].text;
    return none;
}

const char *gl_llrp_type_name(uint16_t type) {
    return name_of(types, GL_COUNT(types), type, "message");
}
const char *gl_llrp_status_name(uint16_t code) {
    return name_of(statuses, GL_COUNT(statuses), code, "status");
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------------- */
static void put_be(char *at, uint32_t v, int bytes) {
    for (int i = 0; i < bytes; i++) at[i] = (char)(v >> (8 * (bytes - 1 - i)));
}

size_t gl_llrp_begin_message(struct gl_buf *b, uint16_t type, uint32_t id) {
    size_t mark = b->len;
    gl_buf_u16(b, (uint16_t)(GL_LLRP_VERSION << 10 | (type & TYPE_BITS)));
    gl_buf_u32(b, 0);
    gl_buf_u32(b, id);
    return mark;
}

void gl_llrp_end_message(struct gl_buf *b, size_t mark) {
    if (!b->failed) put_be(b->data + mark + LENGTH_AT, (uint32_t)(b->len - mark), 4);
}

size_t gl_llrp_begin(struct gl_buf *b, uint16_t type) {
    size_t mark = b->len;
    gl_buf_u16(b, type & TYPE_BITS);
    gl_buf_u16(b, 0);
    return mark;
}

void gl_llrp_end(struct gl_buf *b, size_t mark) {
    if (b->len - mark > UINT16_MAX) b->failed = true;
    if (!b->failed) put_be(b->data + mark + LENGTH_AT, (uint32_t)(b->len - mark), 2);
}

void gl_llrp_tv(struct gl_buf *b, uint8_t type) {
    gl_buf_u8(b, TV | type);
}

void gl_llrp_put_empty(struct gl_buf *b, uint16_t type, uint32_t id) {
    gl_llrp_end_message(b, gl_llrp_begin_message(b, type, id));
}

void gl_llrp_put_u32(struct gl_buf *b, uint16_t type, uint32_t id, uint32_t v) {
    size_t m = gl_llrp_begin_message(b, type, id);
    gl_buf_u32(b, v);
    gl_llrp_end_message(b, m);
}

void gl_llrp_put_text(struct gl_buf *b, const char *text) {
    size_t len = strlen(text);
    if (len > UINT16_MAX) len = UINT16_MAX;
    gl_buf_u16(b, (uint16_t)len);
    gl_buf_add(b, text, len);
}

void gl_llrp_put_status(struct gl_buf *b, uint16_t code, const char *text) {
    size_t p = gl_llrp_begin(b, GL_LLRP_LLRP_STATUS);
    gl_buf_u16(b, code);
    gl_llrp_put_text(b, text);
    gl_llrp_end(b, p);
}
