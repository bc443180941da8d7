/* LLRP's wire layer: messages out of any split, parameters, statuses, builders; and what the client reads of a reader's capabilities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "llrp/llrp.h"

/* ---- messages ------------------------------------------------------------------------------------------------------------------------ */
static void add_two_messages(struct gl_buf *b) {
    gl_llrp_put_empty(b, GL_LLRP_KEEPALIVE, 7);
    gl_llrp_put_u32(b, GL_LLRP_DELETE_ROSPEC, 0x01020304, 9);
}

static void test_bytes_of_a_message(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1000);
    add_two_messages(&b);
    static const uint8_t want[] = {0x04, 0x3E, 0, 0, 0, 10, 0, 0, 0, 7, 0x04, 0x15, 0, 0, 0, 14, 1, 2, 3, 4, 0, 0, 0, 9};
    assert_int_equal(b.len, sizeof want);
    assert_memory_equal(b.data, want, sizeof want);
}

static void test_messages_of_any_split(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1000);
    add_two_messages(&b);
    for (size_t step = 1; step <= b.len; step++) {
        struct gl_llrp_inbox in = {0};
        struct gl_llrp_message m;
        uint16_t types[4];
        size_t n = 0;
        for (size_t at = 0; at < b.len; at += step) {
            const uint8_t *p = (const uint8_t *)b.data + at;
            size_t len = b.len - at < step ? b.len - at : step;
            while (gl_llrp_take(&in, &p, &len, &m) == 1) {
                assert_true(n < 4);
                assert_int_equal(m.version, 1);
                types[n++] = m.type;
                if (m.type == GL_LLRP_DELETE_ROSPEC) {
                    assert_int_equal(m.id, 0x01020304);
                    assert_int_equal(gl_get_u32(&m.body), 9);
                }
                assert_int_equal(gl_cursor_left(&m.body), 0);
            }
            assert_int_equal(len, 0);
        }
        assert_int_equal(n, 2);
        assert_int_equal(types[0], GL_LLRP_KEEPALIVE);
        assert_int_equal(types[1], GL_LLRP_DELETE_ROSPEC);
        assert_false(gl_llrp_pending(&in));
        gl_llrp_inbox_free(&in);
    }
}

static void test_reserved_bits_are_ignored(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0xE4, 0x3E, 0, 0, 0, 10, 0, 0, 0, 1};
    const uint8_t *p = bytes;
    size_t len = sizeof bytes;
    struct gl_llrp_inbox in = {0};
    struct gl_llrp_message m;
    assert_int_equal(gl_llrp_take(&in, &p, &len, &m), 1);
    assert_int_equal(m.type, GL_LLRP_KEEPALIVE);
    assert_int_equal(m.version, 1);
    gl_llrp_inbox_free(&in);
}

static void test_impossible_lengths(void **state) {
    (void)state;
    static const uint32_t lengths[] = {0, 9, GL_LLRP_MESSAGE_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < GL_COUNT(lengths); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(100);
        gl_buf_u16(&b, 0x043E);
        gl_buf_u32(&b, lengths[i]);
        gl_buf_u32(&b, 1);
        const uint8_t *p = (const uint8_t *)b.data;
        size_t len = b.len;
        struct gl_llrp_inbox in = {0};
        struct gl_llrp_message m = {0};
        assert_int_equal(gl_llrp_take(&in, &p, &len, &m), -EPROTO);
        assert_int_equal(m.length, lengths[i]);
        assert_int_equal(gl_llrp_take(&in, &p, &len, &m), -EPROTO); /* and stays so */
        gl_llrp_inbox_free(&in);
        assert_false(gl_llrp_pending(&in));
    }
}

static void test_memory_follows_what_came(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(100);
    gl_buf_u16(&b, 0x043D);
    gl_buf_u32(&b, GL_LLRP_MESSAGE_MAX);
    gl_buf_u32(&b, 1);
    const uint8_t *p = (const uint8_t *)b.data;
    size_t len = b.len;
    struct gl_llrp_inbox in = {0};
    struct gl_llrp_message m;
    assert_int_equal(gl_llrp_take(&in, &p, &len, &m), 0);
    assert_true(in.bytes.cap < 1000); /* a length that is only said costs nothing */
    assert_true(gl_llrp_pending(&in));
    static const uint8_t part[4096];
    int rc = 0;
    for (size_t sent = GL_LLRP_HEADER; rc == 0 && sent < GL_LLRP_MESSAGE_MAX; sent += sizeof part) {
        p = part;
        len = GL_LLRP_MESSAGE_MAX - sent < sizeof part ? GL_LLRP_MESSAGE_MAX - sent : sizeof part;
        rc = gl_llrp_take(&in, &p, &len, &m);
    }
    assert_int_equal(rc, 1);
    assert_int_equal(gl_cursor_left(&m.body), GL_LLRP_MESSAGE_MAX - GL_LLRP_HEADER);
    len = 0;
    assert_int_equal(gl_llrp_take(&in, &p, &len, &m), 0);
    assert_int_equal(in.bytes.cap, 0); /* the memory of a giant is given back */
    gl_llrp_inbox_free(&in);
}

/* ---- parameters ---------------------------------------------------------------------------------------------------------------------- */
static void test_parameters(void **state) {
    (void)state;
    /* EPC_96, AntennaID, an unknown TLV with a reserved bit set, PeakRSSI */
    static const uint8_t body[] = {0x8D, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x81, 0, 3, 0x7E, 0x99, 0, 5, 0xAA, 0x86, 0xC4};
    struct gl_cursor c = gl_cursor(body, sizeof body);
    struct gl_llrp_param p;
    assert_int_equal(gl_llrp_next(&c, &p), 1);
    assert_int_equal(p.type, GL_LLRP_EPC_96);
    assert_int_equal(gl_cursor_left(&p.value), 12);
    assert_int_equal(gl_llrp_next(&c, &p), 1);
    assert_int_equal(p.type, GL_LLRP_ANTENNA_ID);
    assert_int_equal(gl_get_u16(&p.value), 3);
    assert_int_equal(gl_llrp_next(&c, &p), 1);
    assert_int_equal(p.type, 0x299);
    assert_int_equal(gl_cursor_left(&p.value), 1);
    assert_int_equal(gl_llrp_next(&c, &p), 1);
    assert_int_equal(p.type, GL_LLRP_PEAK_RSSI);
    assert_int_equal((int8_t)gl_get_u8(&p.value), -60);
    assert_int_equal(gl_llrp_next(&c, &p), 0);
    assert_true(gl_llrp_find(gl_cursor(body, sizeof body), GL_LLRP_PEAK_RSSI, &p));
    assert_false(gl_llrp_find(gl_cursor(body, sizeof body), GL_LLRP_EPC_DATA, &p));
}

static int next_of(const uint8_t *bytes, size_t len) {
    struct gl_cursor c = gl_cursor(bytes, len);
    struct gl_llrp_param p;
    return gl_llrp_next(&c, &p);
}
#define NEXT_OF(...) next_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void test_parameters_that_do_not_fit(void **state) {
    (void)state;
    assert_int_equal(NEXT_OF(0x95, 0, 0), -ENOTSUP);       /* TV 21: unknown */
    assert_int_equal(NEXT_OF(0x80, 0, 0), -ENOTSUP);       /* TV 0: none */
    assert_int_equal(NEXT_OF(0x81, 0), -EBADMSG);          /* AntennaID has two octets */
    assert_int_equal(NEXT_OF(0, 0xF0, 0), -EBADMSG);       /* half a header */
    assert_int_equal(NEXT_OF(0, 0xF0, 0, 3), -EBADMSG);    /* shorter than its header */
    assert_int_equal(NEXT_OF(0, 0xF0, 0, 0), -EBADMSG);    /* that would never end */
    assert_int_equal(NEXT_OF(0, 0xF0, 0, 6, 0), -EBADMSG); /* longer than what is there */
    assert_int_equal(NEXT_OF(0, 0xF0, 0, 4), 1);           /* empty, lawful */
}

static void test_lengths_are_filled_in(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(200000);
    size_t m = gl_llrp_begin_message(&b, GL_LLRP_RO_ACCESS_REPORT, 1), outer = gl_llrp_begin(&b, GL_LLRP_TAG_REPORT_DATA);
    size_t inner = gl_llrp_begin(&b, GL_LLRP_EPC_DATA);
    gl_buf_u16(&b, 8);
    gl_buf_u8(&b, 0xE2);
    gl_llrp_end(&b, inner);
    gl_llrp_tv(&b, GL_LLRP_ANTENNA_ID);
    gl_buf_u16(&b, 2);
    gl_llrp_end(&b, outer);
    gl_llrp_end_message(&b, m);
    static const uint8_t want[] = {0x04, 0x3D, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0xF0, 0, 14, 0, 0xF1, 0, 7, 0, 8, 0xE2, 0x81, 0, 2};
    assert_int_equal(b.len, sizeof want);
    assert_memory_equal(b.data, want, sizeof want);
    size_t giant = gl_llrp_begin(&b, GL_LLRP_TAG_REPORT_DATA);
    for (int i = 0; i < 70000; i++) gl_buf_u8(&b, 0);
    gl_llrp_end(&b, giant);
    assert_true(b.failed); /* its length has sixteen bits */
}

/* ---- statuses and names -------------------------------------------------------------------------------------------------------------- */
static void test_status(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1000);
    struct gl_llrp_outcome o;
    gl_llrp_put_status(&b, GL_LLRP_SUCCESS, "");
    assert_int_equal(gl_llrp_get_status(gl_cursor(b.data, b.len), &o), 0);
    assert_int_equal(o.code, 0);
    assert_string_equal(o.description, "");
    assert_int_equal(o.field, GL_LLRP_NO_FIELD);
    assert_int_equal(o.parameter, 0);

    gl_buf_reset(&b);
    size_t status = gl_llrp_begin(&b, GL_LLRP_LLRP_STATUS);
    gl_buf_u16(&b, GL_LLRP_M_PARAMETER_ERROR);
    gl_llrp_put_text(&b, "no such\nthing \xC3\xA9");
    size_t outer = gl_llrp_begin(&b, GL_LLRP_PARAMETER_ERROR);
    gl_buf_u16(&b, GL_LLRP_ROSPEC);
    gl_buf_u16(&b, 201);
    size_t inner = gl_llrp_begin(&b, GL_LLRP_PARAMETER_ERROR);
    gl_buf_u16(&b, GL_LLRP_AI_SPEC_STOP_TRIGGER);
    gl_buf_u16(&b, 209);
    size_t field = gl_llrp_begin(&b, GL_LLRP_FIELD_ERROR);
    gl_buf_u16(&b, 1);
    gl_buf_u16(&b, GL_LLRP_A_INVALID);
    gl_llrp_end(&b, field);
    gl_llrp_end(&b, inner);
    gl_llrp_end(&b, outer);
    gl_llrp_end(&b, status);
    assert_int_equal(gl_llrp_get_status(gl_cursor(b.data, b.len), &o), 0);
    assert_int_equal(o.code, 100);
    assert_int_equal(o.parameter, GL_LLRP_AI_SPEC_STOP_TRIGGER);
    assert_int_equal(o.field, 1);
    assert_string_equal(o.description, "no such?thing ??");
}

static void test_status_that_is_none(void **state) {
    (void)state;
    struct gl_llrp_outcome o;
    static const uint8_t cut[] = {0x01, 0x1F, 0, 10, 0, 100, 0, 9, 'n', 'o'}; /* says nine letters, has two */
    assert_int_equal(gl_llrp_get_status(gl_cursor(NULL, 0), &o), -EBADMSG);
    assert_int_equal(gl_llrp_get_status(gl_cursor(cut, sizeof cut), &o), -EBADMSG);
}

static void test_long_texts_are_cut(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(5000);
    char text[2001];
    memset(text, 'x', 2000);
    text[2000] = '\0';
    struct gl_llrp_outcome o;
    gl_llrp_put_status(&b, GL_LLRP_R_DEVICE_ERROR, text);
    assert_int_equal(gl_llrp_get_status(gl_cursor(b.data, b.len), &o), 0);
    assert_int_equal(strlen(o.description), sizeof o.description - 1);
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(gl_llrp_type_name(GL_LLRP_ADD_ROSPEC), "ADD_ROSPEC");
    assert_string_equal(gl_llrp_type_name(999), "message");
    assert_string_equal(gl_llrp_status_name(GL_LLRP_M_FIELD_ERROR), "M_FieldError");
    assert_string_equal(gl_llrp_status_name(999), "status");
}

/* ---- capabilities -------------------------------------------------------------------------------------------------------------------- */
static void put_capabilities(struct gl_buf *b, uint32_t vendor, uint8_t flags, bool hopping) {
    static const struct {
        uint16_t index;
        int16_t power;
    } powers[] = {{1, 1000}, {7, 2500}, {8, 2750}, {9, 3000}, {3, 1500}};
    size_t p = gl_llrp_begin(b, GL_LLRP_GENERAL_DEVICE_CAPABILITIES);
    gl_buf_u16(b, 4);
    gl_buf_u16(b, 0x4000);
    gl_buf_u32(b, vendor);
    gl_buf_u32(b, 1);
    gl_llrp_put_text(b, "1.0");
    gl_llrp_end(b, p);
    p = gl_llrp_begin(b, GL_LLRP_LLRP_CAPABILITIES);
    gl_buf_u8(b, flags);
    gl_llrp_end(b, p);
    p = gl_llrp_begin(b, GL_LLRP_REGULATORY_CAPABILITIES);
    gl_buf_u32(b, 0);
    size_t band = gl_llrp_begin(b, GL_LLRP_UHF_BAND_CAPABILITIES);
    for (size_t i = 0; i < GL_COUNT(powers); i++) {
        size_t entry = gl_llrp_begin(b, GL_LLRP_TRANSMIT_POWER_LEVEL_TABLE_ENTRY);
        gl_buf_u16(b, powers[i].index);
        gl_buf_u16(b, (uint16_t)powers[i].power);
        gl_llrp_end(b, entry);
    }
    size_t f = gl_llrp_begin(b, GL_LLRP_FREQUENCY_INFORMATION);
    gl_buf_u8(b, hopping ? 0x80 : 0);
    if (hopping) {
        size_t table = gl_llrp_begin(b, GL_LLRP_FREQUENCY_HOP_TABLE);
        gl_buf_u8(b, 5);
        gl_llrp_end(b, table);
    }
    gl_llrp_end(b, f);
    gl_llrp_end(b, band);
    gl_llrp_end(b, p);
}

static void test_capabilities(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1000);
    struct gl_llrp_reader r;
    put_capabilities(&b, GL_LLRP_VENDOR_IMPINJ, 0x48, true);
    gl_llrp_capabilities(gl_cursor(b.data, b.len), 27, &r);
    assert_int_equal(r.vendor, GL_LLRP_VENDOR_IMPINJ);
    assert_true(r.holds && r.warns_of_fill && r.power_known);
    assert_int_equal(r.power_index, 7); /* 25 dBm: 27.5 would be above */
    assert_int_equal(r.hop_table, 5);
    assert_int_equal(r.channel, 0);
    static const struct {
        int wanted, index; /* index -1: none */
    } rows[] = {{10, 1}, {9, -1}, {15, 3}, {30, 9}, {40, 9}, {GL_LLRP_NO_POWER, -1}};
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        gl_llrp_capabilities(gl_cursor(b.data, b.len), rows[i].wanted, &r);
        assert_int_equal(r.power_known, rows[i].index >= 0);
        if (r.power_known) assert_int_equal(r.power_index, rows[i].index);
    }
    gl_buf_reset(&b);
    put_capabilities(&b, 161, 0, false);
    gl_llrp_capabilities(gl_cursor(b.data, b.len), 9, &r);
    assert_false(r.holds || r.warns_of_fill || r.power_known);
    assert_int_equal(r.power_lowest, 1000);
    assert_int_equal(r.hop_table, 0);
    assert_int_equal(r.channel, 1);
}

static void test_capabilities_not_told(void **state) {
    (void)state;
    struct gl_llrp_reader r;
    gl_llrp_capabilities(gl_cursor(NULL, 0), 20, &r);
    assert_true(r.holds && r.warns_of_fill);
    assert_false(r.power_known);
    assert_int_equal(r.power_lowest, INT_MAX);
    /* cut at every octet: nothing is read past its end */
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1000);
    put_capabilities(&b, GL_LLRP_VENDOR_IMPINJ, 0x48, true);
    for (size_t n = 0; n < b.len; n++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf part = GL_BUF(1000);
        gl_buf_add(&part, b.data, n);
        gl_llrp_capabilities(gl_cursor(part.data, n), 20, &r);
        assert_false(r.power_known); /* its table is in the last parameter, which is cut */
    }
}

static void test_antennas(void **state) {
    (void)state;
    static const struct {
        uint8_t connected;
        uint16_t antenna;
    } rows[] = {{0x80, 1}, {0, 2}, {0xFF, 32}, {0x80, 33}, {0x80, 0}};
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1000);
    uint32_t yes, no;
    gl_llrp_put_status(&b, 0, "");
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        size_t p = gl_llrp_begin(&b, GL_LLRP_ANTENNA_PROPERTIES);
        gl_buf_u8(&b, rows[i].connected);
        gl_buf_u16(&b, rows[i].antenna);
        gl_buf_u16(&b, 0);
        gl_llrp_end(&b, p);
    }
    gl_llrp_antennas(gl_cursor(b.data, b.len), &yes, &no);
    assert_int_equal(yes, 0x80000001);
    assert_int_equal(no, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_of_a_message),
        cmocka_unit_test(test_messages_of_any_split),
        cmocka_unit_test(test_reserved_bits_are_ignored),
        cmocka_unit_test(test_impossible_lengths),
        cmocka_unit_test(test_memory_follows_what_came),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_parameters_that_do_not_fit),
        cmocka_unit_test(test_lengths_are_filled_in),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_status_that_is_none),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_capabilities_not_told),
        cmocka_unit_test(test_antennas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
