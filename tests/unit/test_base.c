/* Error text, bounded copies, numbers, buffers and cursors, times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the headers above first */
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/time.h"

static void integers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int rc;
        int64_t v;
    } cases[] = {
        {"0", 0, 0},
        {"7", 0, 7},
        {"-7", 0, -7},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", -ERANGE, 0},
        {"99999999999999999999999", -ERANGE, 0},
        {"", -EINVAL, 0},
        {"-", -EINVAL, 0},
        {"-0", -EINVAL, 0},
        {"00", -EINVAL, 0},
        {"010", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"80x", -EINVAL, 0},
        {"0x10", -EINVAL, 0},
        {"1e3", -EINVAL, 0},
        {"--1", -EINVAL, 0},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        int64_t v = 4711;
        if (gl_parse_int(cases[i].text, INT64_MIN, INT64_MAX, &v) != cases[i].rc) fail_msg("\"%s\"", cases[i].text);
        assert_true(v == (cases[i].rc == 0 ? cases[i].v : 4711));
    }
    int64_t v = 4711;
    assert_int_equal(gl_parse_int("10", 0, 9, &v), -ERANGE);
    assert_int_equal(gl_parse_int("-1", 0, 9, &v), -ERANGE);
    assert_int_equal(v, 4711);
    assert_int_equal(gl_parse_int("9", 0, 9, &v), 0);
    assert_int_equal(v, 9);
}

static void copies(void **state) {
    (void)state;
    char d[4];
    assert_int_equal(gl_copy(d, sizeof d, "abc"), 0);
    assert_string_equal(d, "abc");
    assert_int_equal(gl_copy(d, sizeof d, "abcd"), -ENAMETOOLONG);
    assert_string_equal(d, "");
    assert_int_equal(gl_copyn(d, sizeof d, "a\0b", 3), -EINVAL);
    assert_string_equal(d, "");
    assert_int_equal(gl_copyn(d, sizeof d, "abcdef", 2), 0);
    assert_string_equal(d, "ab");
    assert_int_equal(gl_copyn(d, sizeof d, "x", 0), 0);
    assert_string_equal(d, "");
}

/* A text for people is cut between characters, never inside one. */
static void clips(void **state) {
    (void)state;
    static const struct {
        size_t size;
        const char *in, *out;
    } cases[] = {
        {8, "abc", "abc"}, {4, "abc", "abc"}, {3, "abc", "ab"}, {1, "abc", ""},   {3, "aé", "a"}, {4, "aé", "aé"},
        {4, "a€", "a"},    {5, "a€", "a€"},   {5, "a😀b", "a"},  {6, "a😀b", "a😀"}, {4, "éé", "é"}, {6, "a€€", "a€"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        char d[8], f[8];
        gl_clip(d, cases[i].size, cases[i].in);
        gl_format(f, cases[i].size, "%s", cases[i].in);
        assert_string_equal(d, cases[i].out);
        assert_string_equal(f, cases[i].out);
    }
    char same[8] = "abcdef";
    gl_clip(same, 4, same + 1); /* overlapping is fine */
    assert_string_equal(same, "bcd");
}

static void utf8(void **state) {
    (void)state;
    static const char *const good[] = {
        "", "abc", "é", "€", "\xef\xbf\xbf", "😀", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "a\xe2\x82",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf0\x9f\x98",
                                      "\xff",
                                      "\xc3\x28",
                                      "\xe2\x28\xa1"};
    for (size_t i = 0; i < GL_COUNT(good); i++) assert_true(gl_utf8_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < GL_COUNT(bad); i++)
        if (gl_utf8_valid(bad[i], strlen(bad[i]))) fail_msg("case %zu was accepted", i);
    assert_false(gl_utf8_valid("a\0b", 3));
}

static void failures_carry_their_text(void **state) {
    (void)state;
    struct gl_error err = {"old"};
    assert_int_equal(gl_fail(&err, -EINVAL, "%s: %d", "seats", 7), -EINVAL);
    assert_string_equal(err.text, "seats: 7");
    assert_int_equal(gl_fail(NULL, -ENOENT, "nobody listens"), -ENOENT);
    gl_fail(&err, -1, "%*s", 1000, "x");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void secrets(void **state) {
    (void)state;
    assert_true(gl_equal_secret("abc", "abc", 3));
    assert_false(gl_equal_secret("abc", "abd", 3));
    assert_false(gl_equal_secret("xbc", "abc", 3));
    assert_true(gl_equal_secret("abc", "xyz", 0));
}

static void buffers_stop_at_their_limit(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(10);
    gl_buf_text(&b, "12345");
    gl_buf_printf(&b, "%d", 67890);
    assert_false(b.failed);
    assert_string_equal(b.data, "1234567890");
    gl_buf_char(&b, 'x');
    assert_true(b.failed);
    gl_buf_text(&b, ""); /* sticky */
    assert_true(b.failed);
    gl_buf_reset(&b);
    assert_false(b.failed);
    assert_int_equal(b.len, 0);
    gl_buf_printf(&b, "%s", "12345678901");
    assert_true(b.failed);
    gl_buf_free(&b);
    assert_null(b.data);
    assert_int_equal(b.limit, 10);
}

static void numbers_on_the_wire(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(100);
    gl_buf_u8(&b, 0x01);
    gl_buf_u16(&b, 0x0203);
    gl_buf_u32(&b, 0x04050607);
    gl_buf_u64(&b, 0x08090a0b0c0d0e0f);
    assert_int_equal(b.len, 15);
    for (size_t i = 0; i < b.len; i++) assert_int_equal(b.data[i], i + 1);
    struct gl_cursor c = gl_cursor(b.data, b.len);
    assert_int_equal(gl_get_u8(&c), 0x01);
    assert_int_equal(gl_get_u16(&c), 0x0203);
    assert_int_equal(gl_get_u32(&c), 0x04050607);
    assert_true(gl_get_u64(&c) == 0x08090a0b0c0d0e0f);
    assert_int_equal(gl_cursor_left(&c), 0);
    assert_false(c.failed);
    assert_int_equal(gl_get_u8(&c), 0);
    assert_true(c.failed);
}

static void cursors_fail_once_and_for_all(void **state) {
    (void)state;
    struct gl_cursor c = gl_cursor("abc", 3);
    assert_null(gl_get_bytes(&c, 4));
    assert_true(c.failed);
    assert_int_equal(gl_cursor_left(&c), 0);
    assert_int_equal(gl_get_u8(&c), 0);
    assert_null(gl_get_bytes(&c, 0));
    c = gl_cursor("abc", 3);
    assert_null(gl_get_bytes(&c, SIZE_MAX));
    c = gl_cursor("abc", 3);
    assert_memory_equal(gl_get_bytes(&c, 3), "abc", 3);
    assert_non_null(gl_get_bytes(&c, 0));
}

static void times_parse(void **state) {
    (void)state;
    static const struct {
        const char *text, *same;
    } cases[] = {
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},          {"2026-11-23T11:16:57.123Z", "2026-11-23T11:16:57.123Z"},
        {"2026-11-23T13:16:57.123+02:00", "2026-11-23T11:16:57.123Z"}, {"2026-11-23T00:16:57-05:30", "2026-11-23T05:46:57.000Z"},
        {"2026-11-23t11:16:57z", "2026-11-23T11:16:57.000Z"},          {"2024-02-29T23:59:59.9999Z", "2024-02-29T23:59:59.999Z"},
        {"2000-02-29T00:00:00.1Z", "2000-02-29T00:00:00.100Z"},        {"2027-01-01T00:30:00+01:00", "2026-12-31T23:30:00.000Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"}, /* a leap second is the second that follows */
        {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},      {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        int64_t t;
        char text[GL_TIME_TEXT];
        assert_int_equal(gl_time_parse(cases[i].text, &t), 0);
        gl_time_format(t, text);
        assert_string_equal(text, cases[i].same);
    }
    int64_t t;
    assert_int_equal(gl_time_parse("2026-11-23T11:16:57.123Z", &t), 0);
    assert_true(t == 1795432617123);
}

static void bad_times_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-23",
        "2026-11-23T11:16:57",
        "2026-11-23 11:16:57Z",
        "2026-11-23T11:16Z",
        "2026-11-23T11:16:57Z ",
        " 2026-11-23T11:16:57Z",
        "2026-11-23T11:16:57.Z",
        "2026-11-23T11:16:57,5Z",
        "2026-11-23T11:16:57.1234567890123Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T11:60:00Z",
        "2026-11-23T11:16:61Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-23T11:16:57+2:00",
        "2026-11-23T11:16:57+0200",
        "2026-11-23T11:16:57+24:00",
        "2026-11-23T11:16:57+01:60",
        "2026-11-23T11:16:57+01:00Z",
        "-026-11-23T11:16:57Z",
        "20a6-11-23T11:16:57Z",
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        int64_t t = 4711;
        if (gl_time_parse(bad[i], &t) != -EINVAL) fail_msg("%s was accepted", bad[i]);
        assert_int_equal(t, 4711);
    }
}

static void times_out_of_reach_do_not_crash(void **state) {
    (void)state;
    static const int64_t odd[] = {INT64_MIN, INT64_MAX, 253402300800000, -62167219200001};
    for (size_t i = 0; i < GL_COUNT(odd); i++) {
        char text[GL_TIME_TEXT];
        gl_time_format(odd[i], text);
        assert_int_equal(strlen(text), 24);
    }
}

static void dates(void **state) {
    (void)state;
    int64_t d = -1;
    assert_true(gl_date_to_days(1970, 1, 1, &d));
    assert_int_equal(d, 0);
    assert_true(gl_date_to_days(2000, 3, 1, &d));
    assert_int_equal(d, 11017);
    assert_true(gl_date_to_days(1969, 12, 31, &d));
    assert_int_equal(d, -1);
    assert_false(gl_date_to_days(2100, 2, 29, &d));
    assert_false(gl_date_to_days(2026, 2, 30, &d));
    assert_false(gl_date_to_days(10000, 1, 1, &d));
    int64_t last = 0; /* every day follows the one before, over a whole cycle of 400 years */
    assert_true(gl_date_to_days(1999, 12, 31, &last));
    for (int y = 2000; y < 2400; y++)
        for (int m = 1; m <= 12; m++)
            for (int day = 1; gl_date_to_days(y, m, day, &d); day++) assert_true(d == ++last);
}

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"250ms", 250},
                 {"12s", 12000},
                 {"5m", 300000},
                 {"180d", 15552000000},
                 {"24h", 86400000},
                 {"0s", 0},
                 {"1000000000h", 3600000000000000}};
    static const char *const bad[] = {
        "", "12", "s", "12 s", "1.5s", "-1s", "12S", "12sec", "012s", "1000000001s", "99999999999999999999s", "1s1s"};
    int64_t ms;
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        assert_int_equal(gl_duration_parse(cases[i].text, &ms), 0);
        assert_true(ms == cases[i].ms);
    }
    for (size_t i = 0; i < GL_COUNT(bad); i++)
        if (gl_duration_parse(bad[i], &ms) != -EINVAL) fail_msg("%s was accepted", bad[i]);
}

static void log_quota(void **state) {
    (void)state;
    struct gl_log_quota q = {0};
    for (int i = 0; i < 3; i++) assert_true(gl_log_allowed(&q, 3, 1000, 5000));
    assert_false(gl_log_allowed(&q, 3, 1000, 5000));
    assert_false(gl_log_allowed(&q, 3, 1000, 5999));
    assert_int_equal(q.dropped, 2);
    assert_true(gl_log_allowed(&q, 3, 1000, 6000));
    assert_false(gl_log_allowed(&q, 3, 1000, 6001));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(copies),
        cmocka_unit_test(clips),
        cmocka_unit_test(utf8),
        cmocka_unit_test(failures_carry_their_text),
        cmocka_unit_test(secrets),
        cmocka_unit_test(buffers_stop_at_their_limit),
        cmocka_unit_test(numbers_on_the_wire),
        cmocka_unit_test(cursors_fail_once_and_for_all),
        cmocka_unit_test(times_parse),
        cmocka_unit_test(bad_times_are_refused),
        cmocka_unit_test(times_out_of_reach_do_not_crash),
        cmocka_unit_test(dates),
        cmocka_unit_test(durations),
        cmocka_unit_test(log_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
