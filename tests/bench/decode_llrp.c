/* What a reader of tags sends: RO_ACCESS_REPORTs of one tag each, as a reader tells them that reports every tag at once, and of fifty, as one
 * does that has held them back.
 *
 *     TagReportData     EPC_96, antenna, RSSI, first and last seen (UTC), count, PC word: 47 bytes a tag */
#include <string.h>

#include "decode.h"
#include "llrp/llrp.h"

enum { TAGS = 50000, TAGS_PER_SECOND = 200, ANTENNAS = 4, PC_WORD = 0x3000, RSSI = -58 };

/* ---- the reader ------------------------------------------------------------------------------------------------------------------------ */
static void put_seen(struct gl_buf *b, uint8_t type, int64_t wall) {
    gl_llrp_tv(b, type);
    gl_buf_u64(b, (uint64_t)wall * 1000);
}

/* An SGTIN-96 of a company number of seven digits. */
static void put_epc(struct gl_buf *b, uint64_t number) {
    const uint64_t header = 0x30, filter = 1, partition = 5, company = 4012345, item = 77001;
    gl_llrp_tv(b, GL_LLRP_EPC_96);
    gl_buf_u64(b, header << 56 | filter << 53 | partition << 50 | company << 26 | item << 6);
    gl_buf_u32(b, (uint32_t)number);
}

static void put_tag(struct gl_buf *b, int64_t number, int64_t wall) {
    size_t tag = gl_llrp_begin(b, GL_LLRP_TAG_REPORT_DATA);
    put_epc(b, (uint64_t)number);
    gl_llrp_tv(b, GL_LLRP_ANTENNA_ID);
    gl_buf_u16(b, (uint16_t)(1 + number % ANTENNAS));
    gl_llrp_tv(b, GL_LLRP_PEAK_RSSI);
    gl_buf_u8(b, (uint8_t)(int8_t)RSSI);
    put_seen(b, GL_LLRP_FIRST_SEEN_UTC, wall - 20);
    put_seen(b, GL_LLRP_LAST_SEEN_UTC, wall - 5);
    gl_llrp_tv(b, GL_LLRP_TAG_SEEN_COUNT);
    gl_buf_u16(b, 3);
    gl_llrp_tv(b, GL_LLRP_C1G2_PC);
    gl_buf_u16(b, PC_WORD);
    gl_llrp_end(b, tag);
}

static void prepare(struct decode_input *in, int64_t per_message) {
    for (int64_t i = 0; i < TAGS; i += per_message) {
        int64_t ms = i * 1000 / TAGS_PER_SECOND;
        size_t m = gl_llrp_begin_message(&in->bytes, GL_LLRP_RO_ACCESS_REPORT, (uint32_t)i);
        for (int64_t k = i; k < i + per_message; k++) put_tag(&in->bytes, k, DECODE_WALL + ms);
        gl_llrp_end_message(&in->bytes, m);
        decode_piece(in, ms);
    }
    in->items = in->readings = TAGS;
}

static void prepare_1(struct decode_input *in) {
    prepare(in, 1);
}
static void prepare_50(struct decode_input *in) {
    prepare(in, 50);
}

static bool sound(const struct gl_reading *r) {
    const struct gl_tag_value *t = &r->value.tag;
    return r->late == GL_FALSE && t->epc[0] && t->uri[0] && t->antenna >= 1 && t->antenna <= ANTENNAS && t->rssi_dbm == RSSI;
}

/* ---- the session: greeted, then every request is granted ------------------------------------------------------------------------------- */
static void greet(struct gl_buf *b, int64_t wall) {
    size_t m = gl_llrp_begin_message(b, GL_LLRP_READER_EVENT_NOTIFICATION, 0);
    size_t data = gl_llrp_begin(b, GL_LLRP_READER_EVENT_NOTIFICATION_DATA);
    size_t p = gl_llrp_begin(b, GL_LLRP_UTC_TIMESTAMP);
    gl_buf_u64(b, (uint64_t)wall * 1000);
    gl_llrp_end(b, p);
    p = gl_llrp_begin(b, GL_LLRP_CONNECTION_ATTEMPT_EVENT);
    gl_buf_u16(b, GL_LLRP_ATTEMPT_SUCCESS);
    gl_llrp_end(b, p);
    gl_llrp_end(b, data);
    gl_llrp_end_message(b, m);
}

static void grant(struct gl_buf *b, uint16_t request, uint32_t id) {
    static const uint16_t answers[][2] = {
        {GL_LLRP_GET_READER_CAPABILITIES, GL_LLRP_GET_READER_CAPABILITIES_RESPONSE},
        {GL_LLRP_GET_READER_CONFIG, GL_LLRP_GET_READER_CONFIG_RESPONSE},
        {GL_LLRP_SET_READER_CONFIG, GL_LLRP_SET_READER_CONFIG_RESPONSE},
        {GL_LLRP_DELETE_ACCESSSPEC, GL_LLRP_DELETE_ACCESSSPEC_RESPONSE},
        {GL_LLRP_DELETE_ROSPEC, GL_LLRP_DELETE_ROSPEC_RESPONSE},
        {GL_LLRP_ADD_ROSPEC, GL_LLRP_ADD_ROSPEC_RESPONSE},
        {GL_LLRP_ENABLE_ROSPEC, GL_LLRP_ENABLE_ROSPEC_RESPONSE},
    };
    size_t i = 0;
    while (i < GL_COUNT(answers) && answers[i][0] != request) i++;
    if (i == GL_COUNT(answers)) bench_die("bench-decode: a request of type %u was not expected", request);
    size_t m = gl_llrp_begin_message(b, answers[i][1], id);
    gl_llrp_put_status(b, GL_LLRP_SUCCESS, "");
    gl_llrp_end_message(b, m);
}

static void say(void *state, const struct gl_buf *b, struct gl_now now) {
    if (gl_protocol_llrp.bytes(state, (const uint8_t *)b->data, b->len, now) < 0)
        bench_die("bench-decode: the session was given up");
}

static void ready(void *state, const struct gl_buf *sent, struct gl_now now) {
    enum { REQUESTS = 32 };
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(4096);
    greet(&b, now.wall);
    say(state, &b, now);
    for (int i = 0; i < REQUESTS; i++) {
        struct gl_cursor c = gl_cursor(sent->data, sent->len);
        uint16_t type = gl_get_u16(&c) & 0x3FF;
        gl_get_u32(&c); /* length */
        if (type == GL_LLRP_ENABLE_EVENTS_AND_REPORTS) return;
        gl_buf_reset(&b);
        grant(&b, type, gl_get_u32(&c));
        say(state, &b, now);
    }
    bench_die("bench-decode: the session does not come to its end");
}

/* ---- beside it ------------------------------------------------------------------------------------------------------------------------- */
static size_t be16(const uint8_t *p) {
    return (size_t)p[0] << 8 | p[1];
}

/* Message by message, tag by tag, parameter by parameter. */
static uint64_t walk(const uint8_t *p, size_t len) {
    static const uint8_t sizes[] = {
        [GL_LLRP_ANTENNA_ID] = 2,     [GL_LLRP_FIRST_SEEN_UTC] = 8, [GL_LLRP_LAST_SEEN_UTC] = 8, [GL_LLRP_PEAK_RSSI] = 1,
        [GL_LLRP_TAG_SEEN_COUNT] = 2, [GL_LLRP_C1G2_PC] = 2,        [GL_LLRP_EPC_96] = 12};
    uint64_t read = 0;
    for (const uint8_t *end = p + len; p < end;) {
        const uint8_t *message_end = p + (be16(p + 2) << 16 | be16(p + 4));
        for (p += GL_LLRP_HEADER; p < message_end;) {
            const uint8_t *tag_end = p + be16(p + 2);
            for (p += 4; p < tag_end; p += 1 + sizes[*p & 0x0F]) read += (uint64_t)*p + p[1];
        }
    }
    return read;
}

static uint64_t add_up(const uint8_t *p, size_t len) {
    uint64_t sum = 0;
    for (size_t i = 0; i < len; i++) sum += p[i];
    return sum;
}

const struct decode_kind decode_llrp_1 = {"llrp-1", &gl_protocol_llrp, prepare_1, ready, sound, walk, add_up};
const struct decode_kind decode_llrp_50 = {"llrp-50", &gl_protocol_llrp, prepare_50, ready, sound, walk, add_up};
