/* EPCs as hexadecimal and as pure identity URIs: each 96-bit scheme, the edges of its partitions, and everything that must stay raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "model/epc.h"

static size_t from_hex(const char *hex, uint8_t *out) {
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return n;
}

static const char *uri(const char *hex, int pc) {
    static char text[GL_EPC_URI];
    uint8_t epc[64];
    gl_epc_uri(epc, 8 * from_hex(hex, epc), pc, text, sizeof text);
    return text;
}

/* An EPC from its fields: {bits, value}, the first field first. */
struct bits {
    size_t n;
    uint64_t v;
};
static const char *uri_of(const struct bits *fields, size_t n_fields) {
    static char text[GL_EPC_URI];
    uint8_t epc[12] = {0};
    size_t at = 0;
    for (size_t f = 0; f < n_fields; f++)
        for (size_t i = fields[f].n; i-- > 0; at++)
            if (fields[f].v >> i & 1) epc[at / 8] |= (uint8_t)(0x80 >> at % 8);
    assert_int_equal(at, 96);
    gl_epc_uri(epc, 96, -1, text, sizeof text);
    return text;
}
#define URI_OF(...) uri_of((const struct bits[]){__VA_ARGS__}, sizeof((const struct bits[]){__VA_ARGS__}) / sizeof(struct bits))
#define IS_RAW(text) assert_memory_equal(text, "urn:epc:raw:96.x", 16)

static void test_hex(void **state) {
    (void)state;
    char out[GL_EPC];
    static const uint8_t epc[64] = {0x30, 0xAB, 0xFF, 0x0F};
    gl_epc_hex(epc, 32, out);
    assert_string_equal(out, "30ABFF0F");
    gl_epc_hex(epc, 0, out);
    assert_string_equal(out, "");
    gl_epc_hex(epc, 20, out); /* what lies behind the last bit is not part of it */
    assert_string_equal(out, "30ABF0");
    gl_epc_hex(epc, 17, out);
    assert_string_equal(out, "30AB80");
    gl_epc_hex(epc, 512, out);
    assert_int_equal(strlen(out), 128);
    gl_epc_hex(epc, 513, out);
    assert_string_equal(out, "");
}

static void test_schemes(void **state) {
    (void)state;
    static const char sgtin[] = "3074257BF7194E4000001A85";
    assert_string_equal(uri(sgtin, -1), "urn:epc:id:sgtin:0614141.812345.6789");
    assert_string_equal(uri(sgtin, 0x3000), "urn:epc:id:sgtin:0614141.812345.6789");
    assert_string_equal(uri(sgtin, 0x3400),
                        "urn:epc:id:sgtin:0614141.812345.6789"); /* the bit for user memory is not about the EPC */
#define HEAD(header, partition) {8, header}, {3, 1}, {3, partition}
    assert_string_equal(URI_OF(HEAD(0x30, 0), {40, 999999999999}, {4, 9}, {38, 274877906943}),
                        "urn:epc:id:sgtin:999999999999.9.274877906943");
    assert_string_equal(URI_OF(HEAD(0x30, 6), {20, 12345}, {24, 42}, {38, 0}), "urn:epc:id:sgtin:012345.0000042.0");
    assert_string_equal(URI_OF(HEAD(0x31, 5), {24, 614141}, {34, 1234567890}, {24, 0}), "urn:epc:id:sscc:0614141.1234567890");
    assert_string_equal(URI_OF(HEAD(0x31, 0), {40, 7}, {18, 7}, {24, 0}), "urn:epc:id:sscc:000000000007.00007");
    assert_string_equal(URI_OF(HEAD(0x32, 5), {24, 614141}, {17, 12345}, {41, 400}), "urn:epc:id:sgln:0614141.12345.400");
    assert_string_equal(URI_OF(HEAD(0x32, 0), {40, 614141000000}, {1, 0}, {41, 5}), "urn:epc:id:sgln:614141000000..5");
    assert_string_equal(URI_OF(HEAD(0x33, 5), {24, 614141}, {20, 12345}, {38, 400}), "urn:epc:id:grai:0614141.12345.400");
    assert_string_equal(URI_OF(HEAD(0x33, 0), {40, 614141000000}, {4, 0}, {38, 1}), "urn:epc:id:grai:614141000000..1");
    assert_string_equal(URI_OF(HEAD(0x34, 5), {24, 614141}, {58, 5678}), "urn:epc:id:giai:0614141.5678");
    assert_string_equal(URI_OF(HEAD(0x34, 6), {20, 1}, {62, 4611686018427387903}), "urn:epc:id:giai:000001.4611686018427387903");
    assert_string_equal(URI_OF(HEAD(0x2C, 5), {24, 614141}, {17, 12345}, {41, 400}), "urn:epc:id:gdti:0614141.12345.400");
    assert_string_equal(URI_OF(HEAD(0x2D, 5), {24, 614141}, {34, 1234567890}, {24, 0}), "urn:epc:id:gsrn:0614141.1234567890");
    assert_string_equal(URI_OF(HEAD(0x2D, 4), {27, 49424491}, {31, 25566343}, {24, 0}), "urn:epc:id:gsrn:49424491.025566343");
    assert_string_equal(URI_OF(HEAD(0x2E, 5), {24, 614141}, {34, 1}, {24, 0}), "urn:epc:id:gsrnp:0614141.0000000001");
    assert_string_equal(URI_OF(HEAD(0x3C, 5), {24, 614141}, {27, 123456}, {31, 123456789}),
                        "urn:epc:id:cpi:0614141.123456.123456789");
    assert_string_equal(URI_OF(HEAD(0x3C, 0), {40, 1}, {11, 999}, {31, 0}), "urn:epc:id:cpi:000000000001.999.0");
    assert_string_equal(URI_OF({8, 0x35}, {28, 31415}, {24, 271828}, {36, 1414213}), "urn:epc:id:gid:31415.271828.1414213");
}

static uint64_t text6(const char *text) {
    uint64_t v = 0;
    for (size_t i = 0; i < 6; i++) v = v << 8 | (uint8_t)text[i];
    return v;
}

static void test_usdod(void **state) {
    (void)state;
    assert_string_equal(URI_OF({8, 0x2F}, {4, 0}, {48, text6(" 2S194")}, {36, 12345678901}), "urn:epc:id:usdod:2S194.12345678901");
    assert_string_equal(URI_OF({8, 0x2F}, {4, 3}, {48, text6("ABC1Z9")}, {36, 0}), "urn:epc:id:usdod:ABC1Z9.0");
    static const char *const wrong[] = {"ABC 19", "IBC119", "abc119", "ABC11%", "  2S19"};
    for (size_t i = 0; i < GL_COUNT(wrong); i++) IS_RAW(URI_OF({8, 0x2F}, {4, 0}, {48, text6(wrong[i])}, {36, 1}));
    IS_RAW(URI_OF({8, 0x2F}, {4, 0}, {48, 0}, {36, 1}));
}

static void test_out_of_range(void **state) {
    (void)state;
    static const uint8_t headers[] = {0x2C, 0x2D, 0x2E, 0x30, 0x31, 0x32, 0x33, 0x34, 0x3C};
    for (size_t i = 0; i < GL_COUNT(headers); i++) {
        IS_RAW(URI_OF(HEAD(headers[i], 7), {42, 0}, {40, 0}));             /* no such partition */
        IS_RAW(URI_OF(HEAD(headers[i], 6), {20, 1000000}, {62, 0}));       /* a company prefix of seven digits where six fit */
        IS_RAW(URI_OF(HEAD(headers[i], 0), {40, 1000000000000}, {42, 0})); /* of thirteen */
    }
    assert_memory_equal(URI_OF(HEAD(0x30, 6), {20, 999999}, {62, 0}), "urn:epc:id:sgtin:999999.", 24);
    IS_RAW(URI_OF(HEAD(0x30, 0), {40, 1}, {4, 10}, {38, 0}));      /* an item reference of two digits where one fits */
    IS_RAW(URI_OF(HEAD(0x32, 0), {40, 1}, {1, 1}, {41, 0}));       /* a location where none fits */
    IS_RAW(URI_OF(HEAD(0x31, 0), {40, 1}, {18, 100000}, {24, 0})); /* a serial reference of six digits where five fit */
    IS_RAW(URI_OF(HEAD(0x3C, 0), {40, 1}, {11, 1000}, {31, 0}));   /* a component of four digits where three fit */
    IS_RAW(URI_OF(HEAD(0x31, 5), {24, 1}, {34, 1}, {24, 1}));      /* something where nothing may be */
    IS_RAW(URI_OF(HEAD(0x2D, 5), {24, 1}, {34, 1}, {24, 1}));
}

static void test_raw(void **state) {
    (void)state;
    assert_string_equal(uri("E2801160600002084A5B1C2D", -1), "urn:epc:raw:96.xE2801160600002084A5B1C2D");
    assert_string_equal(uri("000000000000000000000000", 0x3000), "urn:epc:raw:96.x000000000000000000000000");
    assert_string_equal(uri("3674257BF7194E4000001A85", 0x3000), "urn:epc:raw:96.x3674257BF7194E4000001A85"); /* SGTIN-198, cut */
    assert_string_equal(uri("3074257BF7194E4000001A850000", 0x3800), "urn:epc:raw:112.x3074257BF7194E4000001A850000");
    assert_string_equal(uri("3074", -1), "urn:epc:raw:16.x3074");
    assert_string_equal(uri("", -1), "");
}

static void test_iso(void **state) {
    (void)state;
    /* a freight container by ISO 17363; the header that an EPC would have there says nothing */
    assert_string_equal(uri("DC20420C4C72CF4D76DE", 0x29A9), "urn:epc:raw:80.xA9.xDC20420C4C72CF4D76DE");
    assert_string_equal(uri("3074257BF7194E4000001A85", 0x31A2), "urn:epc:raw:96.xA2.x3074257BF7194E4000001A85");
    assert_string_equal(uri("3074257BF7194E4000001A85", 0x3100), "urn:epc:raw:96.x00.x3074257BF7194E4000001A85");
}

static void test_lengths(void **state) {
    (void)state;
    static const uint8_t epc[65] = {0xE2};
    char out[GL_EPC_URI], small[20];
    gl_epc_uri(epc, 512, 0x0100, out, sizeof out);
    assert_int_equal(strlen(out), strlen("urn:epc:raw:512.x00.x") + 128);
    gl_epc_uri(epc, 513, -1, out, sizeof out);
    assert_string_equal(out, "");
    gl_epc_uri(epc, 20, -1, out, sizeof out); /* left-justified, whole digits */
    assert_string_equal(out, "urn:epc:raw:20.xE2000");
    gl_epc_uri(epc, 96, -1, small, sizeof small); /* what does not fit is not cut: it would be another one */
    assert_string_equal(small, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex),          cmocka_unit_test(test_schemes), cmocka_unit_test(test_usdod),
        cmocka_unit_test(test_out_of_range), cmocka_unit_test(test_raw),     cmocka_unit_test(test_iso),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
