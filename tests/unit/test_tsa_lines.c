/* Lines of a TSA portal: tags, numbers, the recorder's stamps, and how bytes become lines. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/lines.h"

#define NEAR 1772435730000 /* 2026-03-02T07:15:30Z */

static struct gl_tsa_line parsed(const char *text, int want) {
    struct gl_tsa_line l;
    struct gl_error err = {""};
    assert_int_equal(gl_tsa_parse(text, NEAR, &l, &err), want);
    assert_true((want == 0) == (err.text[0] == '\0'));
    return l;
}

static void counts(void **state) {
    (void)state;
    struct gl_tsa_line l = parsed("GS,000071,000068,000083,000080", 0);
    assert_int_equal(l.tag, GL_TSA_GS);
    assert_int_equal(l.n, 4);
    assert_int_equal(l.count[0], 71);
    assert_int_equal(l.count[3], 80);
    assert_int_equal(l.stamp, 0);
    l = parsed("NB,1, 2,  3,999999999", 0);
    assert_int_equal(l.count[2], 3);
    assert_int_equal(l.count[3], 999999999);
}

static void decimals(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double want;
    } good[] = {
        {"0", 0}, {"05.0", 5}, {"  0.3127", 0.3127}, {" -0.1186", -0.1186}, {"-4.61000010", -4.6100001}, {"999999999", 999999999}};
    static const char *const bad[] = {"",    " ",   "-",          ".5",           "5.",  "5.0 ", "+5",
                                      "1e5", "--5", "1234567890", "0.1234567890", "nan", "1,5"};
    double v;
    for (size_t i = 0; i < GL_COUNT(good); i++) {
        assert_true(gl_tsa_decimal(good[i].text, strlen(good[i].text), &v));
        assert_true(fabs(v - good[i].want) < 1e-12);
    }
    for (size_t i = 0; i < GL_COUNT(bad); i++)
        if (gl_tsa_decimal(bad[i], strlen(bad[i]), &v)) fail_msg("'%s' is no number", bad[i]);
    assert_true(gl_tsa_decimal("12345", 2, &v));
    assert_true(v == 12);
}

static void tags(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum gl_tsa_tag tag;
    } good[] = {{"NB1,1.10000014,0.4,0.7,0.5", GL_TSA_NB1},
                {"AA,000001,000001,000001,11111A", GL_TSA_AA},
                {"SP,0.1281,05.323,008.57,000000", GL_TSA_SP},
                {"SG1,002000,000068,05,10,05.0,P", GL_TSA_SG1},
                {"AX,  0.3127, -0.1186, -1.2730,  0.5019,  0.9044", GL_TSA_PASSED},
                {"AX,1,2,3,4,5,6,7,8,9,10,11,12", GL_TSA_PASSED},
                {"TT", GL_TSA_TT},
                {"NL,1", GL_TSA_UNKNOWN},
                {"GSX,1,2,3,4", GL_TSA_UNKNOWN},
                {"ZZ9", GL_TSA_UNKNOWN}};
    static const char *const none[] = {"",           "G",      "gs,1,2,3,4", "1,000091", "S,1,2,3,4",
                                       "GS 1,2,3,4", "B1,3.5", "GS;1",       ",",        "GSXY,1"};
    for (size_t i = 0; i < GL_COUNT(good); i++) assert_int_equal(parsed(good[i].text, 0).tag, good[i].tag);
    for (size_t i = 0; i < GL_COUNT(none); i++) assert_int_equal(parsed(none[i], GL_TSA_NO_TAG).tag, GL_TSA_UNKNOWN);
}

static void damaged_lines_keep_their_tag(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum gl_tsa_tag tag;
    } bad[] = {{"GA,000190,000101,000095", GL_TSA_GA},
               {"GA", GL_TSA_GA},
               {"NA,1,2,3,4,5", GL_TSA_NA},
               {"GS,1,2,3,-4", GL_TSA_GS},
               {"GS,1,2,3,4.0", GL_TSA_GS},
               {"GS,1,2,3,1234567890", GL_TSA_GS},
               {"GS,1,,3,4", GL_TSA_GS},
               {"GS,1,2,3,4,", GL_TSA_GS},
               {"GS,1,2,3,4,5,6,7,8,9", GL_TSA_GS},
               {"NX,9.5", GL_TSA_NX},
               {"GB,1,2,3,4,25-00-00.000", GL_TSA_GB},
               {"GB,1,2,3,4,2026-02-30 09:30:00.974 -07", GL_TSA_GB}};
    for (size_t i = 0; i < GL_COUNT(bad); i++) assert_int_equal(parsed(bad[i].text, GL_TSA_MALFORMED).tag, bad[i].tag);
    struct gl_tsa_line l;
    struct gl_error err;
    assert_int_equal(gl_tsa_parse("GS,1,2x,3,4", NEAR, &l, &err), GL_TSA_MALFORMED);
    assert_string_equal(err.text, "GS: field 2 is \"2x\"; it must be a whole number of at most nine digits");
}

static void stamps(void **state) {
    (void)state;
    int64_t t;
    assert_int_equal(gl_time_parse("2026-03-02T07:15:30.000Z", &t), 0);
    struct gl_tsa_line l = parsed("NS,000001,000000,000003,000000,2026-03-02 00:15:30.000 -07", 0);
    assert_int_equal(l.stamp, t);
    assert_int_equal(l.n, 4);
    assert_int_equal(parsed("GB,1,2,3,4,07-15-31.250", 0).stamp, NEAR + 1250);
    /* Without a date: the nearest such time of day. */
    assert_int_equal(parsed("GB,1,2,3,4,23-59-59.999", 0).stamp - NEAR, (-7 * 3600 - 15 * 60 - 30) * 1000LL - 1);
    assert_int_equal(parsed("GB,1,2,3,4,18-00-00.000", 0).stamp - NEAR, (10 * 3600 + 44 * 60 + 30) * 1000LL);
    assert_int_equal(parsed("TT,000000,07-15-30.158", 0).n, 1);
    assert_int_equal(gl_time_parse("2026-03-02T23:59:00Z", &t), 0);
    assert_int_equal(gl_tsa_parse("GB,1,2,3,4,00-00-30.000", t, &l, NULL), 0);
    assert_int_equal(l.stamp - t, 90 * 1000);
}

static void frames(void **state) {
    (void)state;
    struct gl_tsa_framer f = {0};
    const char *text = "\r\n\nTT\r\nTC\nGX\rA\x80zz\nOK\r";
    char log[200] = "";
    for (; *text; text++) {
        enum gl_tsa_framed got = gl_tsa_frame(&f, (uint8_t)*text);
        size_t n = strlen(log);
        if (got == GL_TSA_FRAME_WHOLE) gl_format(log + n, sizeof log - n, "[%s]", f.text);
        if (got == GL_TSA_FRAME_GARBAGE) gl_format(log + n, sizeof log - n, "garbage(%s)", f.text);
    }
    assert_string_equal(log, "[TT][TC][GX]garbage(A)[OK]");
    int whole = 0, lost = 0;
    for (int i = 0; i < 200; i++) assert_int_equal(gl_tsa_frame(&f, 'A'), GL_TSA_FRAME_MORE);
    whole += gl_tsa_frame(&f, '\n') == GL_TSA_FRAME_WHOLE;
    for (int i = 0; i < 100000; i++) lost += gl_tsa_frame(&f, 'A') == GL_TSA_FRAME_LONG;
    whole += gl_tsa_frame(&f, '\n') == GL_TSA_FRAME_WHOLE;
    assert_int_equal(whole, 1);
    assert_int_equal(lost, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts), cmocka_unit_test(decimals),
        cmocka_unit_test(tags),   cmocka_unit_test(damaged_lines_keep_their_tag),
        cmocka_unit_test(stamps), cmocka_unit_test(frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
