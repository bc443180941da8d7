/* National formats: what fits, what weighs more, and that nothing is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "frames/formats.h"

static void patterns(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool fits;
    } cases[] = {
        {"AA99AAA", "AB12CDE", true},
        {"AA99AAA", "AB12CD", false},
        {"AA99AAA", "AB12CDEF", false},
        {"AaaAa9000", "BMW1", true},
        {"AaaAa9000", "B1", false},
        {"AaaAa9000", "MAB1234", true},
        {"B99AAA", "B12XYZ", true},
        {"B99AAA", "C12XYZ", false},
        {"[XY]9", "Y1", true},
        {"[XY]9", "Z1", false},
        {"[XY]9", "X", false},
        {"9", "", false},
        {"a0", "", true},
        {"FL99000", "FL12", true},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++)
        if (gl_formats_fit(cases[i].pattern, cases[i].text) != cases[i].fits) fail_msg("%s %s", cases[i].pattern, cases[i].text);
}

static void what_fits_weighs_more(void **state) {
    (void)state;
    char country[3];
    double right = gl_formats_prior("ABC0D23", NULL, 0, country), wrong = gl_formats_prior("A8CODZ3", NULL, 0, NULL);
    assert_true(right > wrong + 1);
    assert_true(isfinite(wrong) && wrong > -2); /* never refused */
    assert_true(isfinite(gl_formats_prior("", NULL, 0, country)));
    assert_string_equal(country, "");
    assert_true(gl_formats_prior("ABCDEFGHIJKLMNOP", NULL, 0, NULL) > -2);
    assert_true(right < 6.01);
}

static void an_expected_country_weighs_more(void **state) {
    (void)state;
    static const char ua[][3] = {"UA", ""};
    char country[3];
    gl_formats_prior("KA1234BC", ua, 2, country);
    assert_string_equal(country, "UA");
    static const char it[][3] = {"IT", ""};
    assert_true(gl_formats_prior("AB123CD", it, 2, NULL) > gl_formats_prior("AB123CD", NULL, 0, NULL) + 1);
    static const char br[][3] = {"BR", ""};
    gl_formats_prior("ABC1234", br, 2, country);
    assert_string_equal(country, "BR");
    gl_formats_prior("XXXXXXXX", br, 2, country);
    assert_string_equal(country, "");
}

static void the_countries_are_there(void **state) {
    (void)state;
    static const char *const known[] = {"AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
                                        "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "GB",
                                        "UA", "RU", "BY", "TR", "CH", "NO", "US", "BR", "AR", "MX", "CL", "CN"};
    for (size_t i = 0; i < GL_COUNT(known); i++)
        if (!gl_formats_known(known[i])) fail_msg("%s", known[i]);
    assert_true(gl_formats_countries() >= 40);
    assert_false(gl_formats_known("ZZ"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns),
        cmocka_unit_test(what_fits_weighs_more),
        cmocka_unit_test(an_expected_country_weighs_more),
        cmocka_unit_test(the_countries_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
