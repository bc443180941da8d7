/* Canonical JSON: order of members, numbers, escapes; and digests that a producer in another language has computed. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/canonical.h"

static void canonical_is(const char *given, const char *wanted) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(4096);
    json_t *v = json_loads(given, JSON_DECODE_ANY, NULL);
    assert_non_null(v);
    gl_json_canonical(v, &out);
    json_decref(v);
    assert_false(out.failed);
    assert_string_equal(out.data, wanted);
}

static void numbers(void **state GL_UNUSED) {
    static const struct {
        double v;
        const char *text;
    } known[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1e21, "1e+21"},
        {1e20, "100000000000000000000"},
        {123456789012345680000.0, "123456789012345680000"},
        {1e-6, "0.000001"},
        {1e-7, "1e-7"},
        {1.5e-9, "1.5e-9"},
        {5e-324, "5e-324"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p-24, "5.960464477539063e-8"},
        {9007199254740993.0, "9007199254740992"},
        {295147905179352830000.0, "295147905179352830000"},
        {1.0 / 3, "0.3333333333333333"},
        {24500.25, "24500.25"},
        {0.00001234, "0.00001234"},
        {9.999999999999997e22, "9.999999999999997e+22"},
        {1e23, "1e+23"},
    };
    for (size_t i = 0; i < GL_COUNT(known); i++) {
        char text[GL_NUMBER_TEXT];
        gl_number_canonical(known[i].v, text);
        assert_string_equal(text, known[i].text);
    }
}

/* Whatever is printed reads back, and no shorter text does. */
static void random_numbers_read_back(void **state GL_UNUSED) {
    uint64_t x = 88172645463325252ULL;
    for (int i = 0; i < 20000; i++) {
        double v;
        char text[GL_NUMBER_TEXT], shorter[64];
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        memcpy(&v, &x, sizeof v);
        if (!isfinite(v) || v == 0) continue;
        gl_number_canonical(v, text);
        assert_true(strtod(text, NULL) == v);
        int digits = 0;
        for (const char *p = text; *p && *p != 'e'; p++) digits += *p >= '0' && *p <= '9' && (digits > 0 || *p != '0');
        if (digits < 2 || !strchr(text, 'e')) continue;
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, v);
        assert_false(strtod(shorter, NULL) == v);
    }
}

static void texts_and_order(void **state GL_UNUSED) {
    canonical_is("\"a\\u0008\\t\\n\\u000c\\r\\u001b\\/\\\"\\\\ \\u20ac\\u00f6\\ud83d\\ude00\"",
                 "\"a\\b\\t\\n\\f\\r\\u001b/\\\"\\\\ \xE2\x82\xAC\xC3\xB6\xF0\x9F\x98\x80\"");
    /* By UTF-16: digits, ASCII, umlaut, euro, then U+1F600 (surrogates D83D ..) before U+FB33. */
    canonical_is(
        "{\"\\ufb33\":7,\"\\ud83d\\ude00\":6,\"\\u20ac\":5,\"\\u00f6\":4,\"b\":3,\"a\":{\"z\":[],\"y\":{}},\"1\":1,\"\":0,\"ab\":"
        "2}",
        "{\"\":0,\"1\":1,\"a\":{\"y\":{},\"z\":[]},\"ab\":2,\"b\":3,\"\xC3\xB6\":4,\"\xE2\x82\xAC\":5,\"\xF0\x9F\x98\x80\":6,"
        "\"\xEF\xAC\xB3\":7}");
    canonical_is("[ true , false,null , 10.0, 1E2, -7, 9007199254740993, 0.5e1 ]",
                 "[true,false,null,10,100,-7,9007199254740992,5]");
}

/* Computed elsewhere, by another implementation, of {"b":2,"a":"x"}: sha256('{"a":"x","b":2}'). */
static void digest(void **state GL_UNUSED) {
    static const uint8_t wanted[32] = {0x76, 0x8c, 0xa6, 0x68, 0xc0, 0xf8, 0x4d, 0xd3, 0x9b, 0xf2, 0x69,
                                       0xe2, 0x5c, 0x9a, 0x3f, 0x0a, 0xf4, 0x81, 0x2e, 0x41, 0x02, 0x6b,
                                       0x6f, 0xea, 0xd9, 0xa2, 0x66, 0x60, 0x78, 0xef, 0x16, 0xf6};
    uint8_t got[32];
    json_t *v = json_loads("{ \"b\" : 2.0, \"a\" : \"x\" }", 0, NULL);
    assert_int_equal(gl_json_digest(v, 4096, got), 0);
    assert_memory_equal(got, wanted, sizeof got);
    assert_true(gl_json_digest(v, 8, got) < 0);
    json_decref(v);
}

/* For an oracle in another language: of each line of a file the digest and the canonical form, or what is wrong with it. */
static void print_line(const char *text) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(1 << 20);
    uint8_t digest_of[32];
    json_error_t why;
    json_t *v = json_loads(text, JSON_DECODE_ANY, &why);
    if (v) gl_json_canonical(v, &out);
    if (!v || out.failed || gl_json_digest(v, 1 << 20, digest_of) < 0) {
        printf("wrong: %s\n", v ? "it has no canonical form" : why.text);
    } else {
        for (size_t i = 0; i < sizeof digest_of; i++) printf("%02x", digest_of[i]);
        printf(" %s\n", out.data);
    }
    json_decref(v);
}

static int print_each(const char *path) {
    FILE *f = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    if (!f) return 1;
    while (getline(&line, &size, f) > 0) print_line(line);
    free(line);
    fclose(f);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--of") == 0) return print_each(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(random_numbers_read_back),
        cmocka_unit_test(texts_and_order),
        cmocka_unit_test(digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
