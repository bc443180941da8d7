/* The values of ISAPI events, and the simulator's side: what it composes, the codec reads. */
#include "isapi_rig.h"

#include "isapi/script.h"
#include "isapi/values.h"

static void test_times(void **state GL_UNUSED) {
    static const struct {
        const char *text;
        int rc;
        int64_t wall;
    } cases[] = {
        {"2026-03-02T08:15:30+01:00", 0, SAMPLE_TIME},
        {"2026-03-02T08:15:30.5+01:00", 0, SAMPLE_TIME + 500},
        {"2026-03-02T01:15:30-6:00", 0, SAMPLE_TIME},
        {"2026-03-02T08:15:301:00", 0, SAMPLE_TIME},
        {"2026-03-02T08:15:3001:00", 0, SAMPLE_TIME},
        {"2026-03-02T08:15:30+0100", 0, SAMPLE_TIME},
        {"2026-03-02T07:15:30z", 0, SAMPLE_TIME},
        {"2026-03-02T07:15:30", 1, 0},
        {"2026-03-02T07:15:30.", -EINVAL, 0},
        {"2026-02-30T07:15:30Z", -EINVAL, 0},
        {"2026-03-02T07:15:30+", -EINVAL, 0},
        {"2026-03-02T07:15:30+1", -EINVAL, 0},
        {"2026-03-02T07:15:30+01:00 ", -EINVAL, 0},
        {"2026-03-02T07:15:30+99:00", -EINVAL, 0},
        {"1013-03-02T07:15:30Z", -EINVAL, 0}, /* before 1970 there is no time */
        {"", -EINVAL, 0},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        int64_t wall = 0;
        if (gl_isapi_time(cases[i].text, &wall) != cases[i].rc || wall != cases[i].wall) fail_msg("%s", cases[i].text);
    }
}

static void test_percentages(void **state GL_UNUSED) {
    double v = -1, list[4];
    uint16_t n = 99;
    assert_int_equal(gl_isapi_percent("100", &v), 0);
    assert_float_equal(v, 1, 1e-9);
    assert_int_equal(gl_isapi_percent("0.5", &v), 0);
    assert_float_equal(v, 0.005, 1e-9);
    assert_int_equal(gl_isapi_percent("100.01", &v), -ERANGE);
    static const char *const bad[] = {"", "-1", "1.", ".5", "1e2", "92,5", " 5", "0x10", "nan", "9999999999999"};
    for (size_t i = 0; i < GL_COUNT(bad); i++)
        if (gl_isapi_percent(bad[i], &v) != -EINVAL) fail_msg("'%s'", bad[i]);
    assert_float_equal(v, 0.005, 1e-9);
    assert_int_equal(gl_isapi_characters("99,0,50.5", list, 4, &n), 0);
    assert_int_equal(n, 3);
    assert_float_equal(list[2], 0.505, 1e-9);
    assert_int_equal(gl_isapi_characters("1,2,3,4,5", list, 4, &n), -EINVAL);
    assert_int_equal(gl_isapi_characters("1,,3", list, 4, &n), -EINVAL);
    assert_int_equal(gl_isapi_characters("1,2,", list, 4, &n), -EINVAL);
    assert_int_equal(n, 3);
}

static void test_countries(void **state GL_UNUSED) {
    static const int none[] = {-1, 0, 55, 58, 96, 100, 103, 159, 253, 254, 255, 259, 100000};
    for (size_t i = 0; i < GL_COUNT(none); i++) assert_string_equal(gl_isapi_country(none[i]), "");
    assert_string_equal(gl_isapi_country(46), "TR");
    assert_string_equal(gl_isapi_country(81), "TR");
    assert_string_equal(gl_isapi_country(17), "GB");
    assert_string_equal(gl_isapi_country(228), "NZ");
    assert_string_equal(gl_isapi_country(258), "MO");
    assert_int_equal(gl_isapi_country_code("TR"), 46);
    assert_int_equal(gl_isapi_country_code(""), 0);
    assert_int_equal(gl_isapi_country_code("XX"), 0);
}

/* ---- the simulator's side ---- */

static void test_script(void **state GL_UNUSED) {
    struct gl_isapi_command c;
    struct gl_error err;
    const char *line =
        "plate NC15REG country=GB confidence=97 direction=reverse lane=2 type=bus uuid=u-1 chars=99,98,97,96,95,94,93 "
        "original=NC15R\xc3\x89G container=MSCU9981402 retransmission=true pictures=1 namespace=prefixed\n";
    assert_int_equal(gl_isapi_command_parse(line, SAMPLE_TIME, 1, &c, &err), 0);
    assert_int_equal(c.order, GL_ISAPI_EVENT);
    struct rig g;
    GL_CLEANUP(gl_buf_free) struct gl_buf message = GL_BUF(1 << 16);
    rig_init(&g);
    rig_open(&g);
    gl_isapi_compose_message(&c.scene, true, &message);
    begin(&g, FORM);
    assert_int_equal(give(&g, message.data, message.len), 0);
    end(&g, true);
    expect(&g,
           "plate 'NC15REG' GB leave 0.97 chars:7 or:NC15R\xc3\x89G/0.97 id:u-1 late +plate\nclass bus late\n"
           "container MSCU9981402 ok 0.95 late\n");
    rig_close(&g);
}

static void test_script_errors(void **state GL_UNUSED) {
    static const struct {
        const char *line, *says;
    } cases[] = {
        {"plate", "noplate or unknown"},
        {"plate -", "noplate or unknown"},
        {"plate lane=1", "noplate or unknown"},
        {"fly", "no command"},
        {"plate A lane=x", "0 to 99"},
        {"plate A pictures=3", "0 to 2"},
        {"plate A country=XX", "no number"},
        {"plate A namespace=x", "hikvision"},
        {"plate A history=1", "true or false"},
        {"plate A colour=red", "no option"},
        {"plate A B", "lane=1"},
        {"sleep", "whole number"},
        {"garbage -1", "whole number"},
        {"raw", "name of a file"},
    };
    struct gl_isapi_command c = {.number = 77};
    struct gl_error err;
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        assert_int_equal(gl_isapi_command_parse(cases[i].line, SAMPLE_TIME, 1, &c, &err), -EINVAL);
        if (!strstr(err.text, cases[i].says)) fail_msg("'%s' is told \"%s\"", cases[i].line, err.text);
    }
    assert_int_equal(c.number, 77);
    assert_int_equal(gl_isapi_command_parse("  # nothing", SAMPLE_TIME, 1, &c, &err), 0);
    assert_int_equal(c.order, GL_ISAPI_NOTHING);
    assert_int_equal(gl_isapi_command_parse("wait", SAMPLE_TIME, 1, &c, &err), 0);
    assert_int_equal(c.number, 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),  cmocka_unit_test(test_percentages),   cmocka_unit_test(test_countries),
        cmocka_unit_test(test_script), cmocka_unit_test(test_script_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
