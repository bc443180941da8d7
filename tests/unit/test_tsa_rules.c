/* The portal's rules computed again, and its background: gamma by groups of detectors, the sequential neutron test, age and usual level. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tsa/background.h"
#include "tsa/gamma.h"
#include "tsa/neutron.h"
#include "tsa/setup.h"

/* ---- gamma: 100 counts per second each, so that the sum has 400, and its square root is 20 ---- */

static const int64_t even[4] = {100, 100, 100, 100};
static const struct gl_tsa_gamma_rule five_sum = {5.0, GL_TSA_SUM, 5};

/* Five samples, the last of which makes the second `sum`; returns the last sigma. */
static double second(struct gl_tsa_gamma *g, int64_t sum, bool alarm) {
    const int64_t usual[4] = {20, 20, 20, 20}, last[4] = {20, 20, 20, sum - 400 + 20};
    for (int i = 0; i < 4; i++) gl_tsa_gamma_sample(g, usual, false);
    return gl_tsa_gamma_sample(g, last, alarm);
}

static struct gl_gamma judged(const struct gl_tsa_gamma_rule *rule, int64_t sum, bool alarm) {
    struct gl_tsa_gamma g;
    struct gl_gamma v;
    gl_tsa_gamma_begin(&g, rule, even);
    second(&g, sum, alarm);
    gl_tsa_gamma_result(&g, &v);
    return v;
}

static void the_threshold(void **state) {
    (void)state;
    static const struct {
        int64_t sum;
        bool alarm;
        enum gl_tri agrees;
    } cases[] = {{500, true, GL_TRUE},  {499, true, GL_TRUE},  {498, true, GL_FALSE},  {400, true, GL_FALSE},
                 {499, false, GL_TRUE}, {501, false, GL_TRUE}, {502, false, GL_FALSE}, {900, false, GL_FALSE}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_gamma v = judged(&five_sum, cases[i].sum, cases[i].alarm);
        assert_int_equal(v.agrees, cases[i].agrees);
        assert_int_equal(v.peak, cases[i].sum);
        assert_true(fabs(v.sigma - (double)(cases[i].sum - 400) / 20) < 1e-9);
        assert_string_equal(v.group, "sum");
        assert_int_equal(v.alarm_samples, cases[i].alarm);
    }
}

/* d4 alone has 100 more than its background of 100: 10 sigma by itself, 7.07 in a pair, 5 in the sum. */
static void groups(void **state) {
    (void)state;
    static const struct {
        unsigned groups;
        double sigma;
        const char *name;
    } cases[] = {{GL_TSA_SUM, 5, "sum"},
                 {GL_TSA_SUM | GL_TSA_VERTICAL, 7.071, "pillar2"},
                 {GL_TSA_HORIZONTAL, 7.071, "d2+d4"},
                 {GL_TSA_SUM | GL_TSA_HORIZONTAL | GL_TSA_VERTICAL | GL_TSA_SINGLE, 10, "d4"},
                 {0, 7.071, "pillar2"}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_tsa_gamma_rule rule = {5.0, cases[i].groups, 5};
        struct gl_gamma v = judged(&rule, 500, true);
        assert_true(fabs(v.sigma - cases[i].sigma) < 1e-9);
        assert_string_equal(v.group, cases[i].name);
        assert_int_equal(v.agrees, cases[i].groups ? GL_TRUE : GL_NULL); /* nobody said which groups count */
    }
}

static void what_is_not_known_is_not_said(void **state) {
    (void)state;
    struct gl_tsa_gamma g;
    struct gl_gamma v;
    const int64_t nothing[4] = {0};
    struct gl_tsa_gamma_rule no_sigma = {NAN, GL_TSA_SUM, 5};
    assert_int_equal(judged(&no_sigma, 900, false).agrees, GL_NULL);
    const int64_t *const backgrounds[] = {NULL, nothing};
    for (size_t i = 0; i < GL_COUNT(backgrounds); i++) {
        gl_tsa_gamma_begin(&g, &five_sum, backgrounds[i]);
        assert_true(isnan(second(&g, 900, false)));
        gl_tsa_gamma_result(&g, &v);
        assert_int_equal(v.agrees, GL_NULL);
        assert_int_equal(v.n_background, 0);
        assert_true(isnan(v.sigma));
    }
    /* Four samples are no second. */
    gl_tsa_gamma_begin(&g, &five_sum, even);
    for (int i = 0; i < 4; i++) assert_true(isnan(gl_tsa_gamma_sample(&g, even, false)));
    gl_tsa_gamma_result(&g, &v);
    assert_int_equal(v.agrees, GL_NULL);
    assert_int_equal(v.peak, GL_INT_NULL);
}

static void a_hole_breaks_the_window(void **state) {
    (void)state;
    struct gl_tsa_gamma g;
    struct gl_gamma v;
    gl_tsa_gamma_begin(&g, &five_sum, even);
    second(&g, 400, false);
    gl_tsa_gamma_hole(&g);
    for (int i = 0; i < 4; i++) assert_true(isnan(gl_tsa_gamma_sample(&g, (const int64_t[4]){20, 20, 20, 20}, false)));
    assert_false(isnan(gl_tsa_gamma_sample(&g, (const int64_t[4]){20, 20, 20, 20}, false)));
    gl_tsa_gamma_result(&g, &v);
    assert_int_equal(v.agrees, GL_NULL); /* what stood in the hole may have been wrong */
    gl_tsa_gamma_sample(&g, even, false);
    gl_tsa_gamma_result(&g, &v);
    assert_int_equal(v.agrees, GL_FALSE); /* what is wrong without it, is wrong */
}

static void implausible(void **state) {
    (void)state;
    struct gl_tsa_gamma g;
    gl_tsa_gamma_begin(&g, &five_sum, even);
    for (int i = 0; i < 10; i++)
        gl_tsa_gamma_sample(&g, (const int64_t[4]){4, 5, 5, 5}, false); /* 95 a second: under a quarter of 400 */
    assert_true(gl_tsa_gamma_implausible(&g));
    gl_tsa_gamma_sample(&g, (const int64_t[4]){5, 9, 6, 5}, false);
    assert_false(gl_tsa_gamma_implausible(&g));
    gl_tsa_gamma_begin(&g, &five_sum, even);
    for (int i = 0; i < 10; i++) gl_tsa_gamma_sample(&g, (const int64_t[4]){40, 40, 0, 40}, false);
    assert_true(gl_tsa_gamma_implausible(&g));
    gl_tsa_gamma_sample(&g, (const int64_t[4]){40, 40, 1, 40}, false);
    assert_false(gl_tsa_gamma_implausible(&g));
    /* A detector that has no background is not on line. */
    gl_tsa_gamma_begin(&g, &five_sum, (const int64_t[4]){100, 100, 0, 100});
    for (int i = 0; i < 10; i++) gl_tsa_gamma_sample(&g, (const int64_t[4]){20, 20, 0, 20}, false);
    assert_false(gl_tsa_gamma_implausible(&g));
}

static void counts_beyond_all_measure(void **state) {
    (void)state;
    struct gl_tsa_gamma g;
    struct gl_gamma v;
    gl_tsa_gamma_begin(&g, &five_sum, even);
    const int64_t most[4] = {999999999, 999999999, 999999999, 999999999};
    for (int i = 0; i < 100; i++) gl_tsa_gamma_sample(&g, most, true);
    gl_tsa_gamma_result(&g, &v);
    assert_int_equal(v.peak, 1000000000);
    assert_true(v.sigma > 1e6);
}

/* ---- neutrons: each count is worth one, each second costs two; alarm at 5, background at -3, after three seconds anew ---- */

static const struct gl_tsa_neutron_rule test = {.drift = -2, .gain = 1, .upper = 5, .lower = -3, .seconds = 3};

static double n_second(struct gl_tsa_neutron *n, int64_t counts, bool alarm) {
    return gl_tsa_neutron_sample(n, (const int64_t[4]){counts, 0, 0, 0}, alarm);
}

static enum gl_tri n_agrees(const struct gl_tsa_neutron *n) {
    struct gl_neutron v;
    gl_tsa_neutron_result(n, NAN, &v);
    return v.agrees;
}

static void the_sequential_test(void **state) {
    (void)state;
    struct gl_tsa_neutron n;
    gl_tsa_neutron_begin(&n, &test);
    static const struct {
        int64_t counts;
        double z;
    } seconds[] = {{1, -1}, {0, -3}, {2, 0}, {3, 1}, {3, 2}, {4, 2}, {0, 0}, {1, -1}, {6, 4}};
    for (size_t i = 0; i < GL_COUNT(seconds); i++) assert_true(n_second(&n, seconds[i].counts, false) == seconds[i].z);
    assert_int_equal(n_agrees(&n), GL_TRUE);
    assert_true(n_second(&n, 3, true) == 5);
    assert_int_equal(n_agrees(&n), GL_TRUE);
    assert_true(isnan(n_second(&n, 0, true))); /* how it goes on after an alarm is not known */
    assert_int_equal(n_agrees(&n), GL_TRUE);
    struct gl_neutron v;
    gl_tsa_neutron_result(&n, 2.6, &v);
    assert_int_equal(v.samples, 11);
    assert_int_equal(v.alarm_samples, 2);
    assert_int_equal(v.peak, 6);
    assert_int_equal(v.total, 23);
    assert_true(v.background == 2.6);
}

/* Where the portal does not say its coefficients: no alarm at a count that chance does not make. */
static void neutrons_without_the_rule(void **state) {
    (void)state;
    static const struct {
        double background;
        int64_t too_many;
    } known[] = {{1, 9},  {2, 12},  {2.6, 13}, {3, 14}, {4, 16},  {5, 18}, {6.2, 21},
                 {8, 24}, {10, 27}, {0, 0},    {-1, 0}, {NAN, 0}, {1e9, 0}};
    const struct gl_tsa_neutron_rule unknown = {NAN, NAN, NAN, NAN, 3};
    for (size_t i = 0; i < GL_COUNT(known); i++) {
        int64_t k = gl_tsa_neutron_too_many(known[i].background);
        if (k < known[i].too_many - 1 || k > known[i].too_many + 1) fail_msg("%g: %lld", known[i].background, (long long)k);
    }
    for (int alarm = 0; alarm < 2; alarm++)
        for (int64_t less = 0; less < 2; less++) {
            struct gl_tsa_neutron n;
            gl_tsa_neutron_begin(&n, &unknown);
            n_second(&n, gl_tsa_neutron_too_many(2.6) - less, alarm);
            gl_tsa_neutron_end(&n, 2.6);
            assert_int_equal(n.contradicted, !alarm && !less);
            assert_int_equal(n_agrees(&n), !alarm && !less ? GL_FALSE : GL_NULL);
        }
}

static void neutrons_against_the_rule(void **state) {
    (void)state;
    struct gl_tsa_neutron n;
    gl_tsa_neutron_begin(&n, &test);
    n_second(&n, 8, false); /* six, and no alarm */
    assert_int_equal(n_agrees(&n), GL_FALSE);
    gl_tsa_neutron_begin(&n, &test);
    n_second(&n, 2, true); /* nothing, and an alarm */
    assert_int_equal(n_agrees(&n), GL_FALSE);
    gl_tsa_neutron_begin(&n, &test);
    n_second(&n, 2, false);
    gl_tsa_neutron_hole(&n);
    n_second(&n, 20, false);
    assert_int_equal(n_agrees(&n), GL_NULL);
    gl_tsa_neutron_begin(&n, &(struct gl_tsa_neutron_rule){NAN, NAN, NAN, NAN, 3});
    n_second(&n, 20, false);
    assert_int_equal(n_agrees(&n), GL_NULL);
}

/* ---- background ---- */

static void say(struct gl_tsa_background *b, int64_t each, int64_t mono) {
    struct gl_tsa_line l = {.tag = GL_TSA_GB, .n = 4, .count = {each, each, each, each}};
    gl_tsa_background_line(b, &l, mono);
}

static void background(void **state) {
    (void)state;
    static struct gl_tsa_background b;
    gl_tsa_background_begin(&b);
    assert_int_equal(gl_tsa_background_suspect(&b, 0), GL_NULL);
    int64_t t = 0;
    for (; t < 300000; t += 5000) say(&b, 400, t);
    assert_int_equal(gl_tsa_background_suspect(&b, t - 1), GL_NULL); /* not five minutes yet */
    say(&b, 400, t);
    assert_int_equal(gl_tsa_background_suspect(&b, t), GL_FALSE);
    assert_int_equal(gl_tsa_background_suspect(&b, t + 15000), GL_FALSE);
    assert_int_equal(gl_tsa_background_suspect(&b, t + 15001), GL_TRUE);
    static const struct {
        int64_t each;
        enum gl_tri suspect;
    } cases[] = {{440, GL_FALSE}, {441, GL_TRUE}, {360, GL_FALSE}, {359, GL_TRUE}, {288, GL_TRUE}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        say(&b, cases[i].each, t += 5000);
        assert_int_equal(gl_tsa_background_suspect(&b, t), cases[i].suspect);
    }
    /* A new connection: nothing stands, but what is usual is remembered; an hour later it is not. */
    gl_tsa_background_begin(&b);
    assert_int_equal(gl_tsa_background_suspect(&b, t), GL_NULL);
    say(&b, 300, t += 5000);
    assert_int_equal(gl_tsa_background_suspect(&b, t), GL_TRUE);
    say(&b, 300, t += 3600001);
    assert_int_equal(gl_tsa_background_suspect(&b, t), GL_NULL);
    for (int i = 0; i < 2000; i++) say(&b, 300, t += 5000);
    assert_int_equal(b.n, GL_TSA_HISTORY);
    assert_int_equal(gl_tsa_background_suspect(&b, t), GL_FALSE);
}

/* ---- settings ---- */

static void settings(void **state) {
    (void)state;
    struct gl_tsa_setup s;
    struct gl_error err;
    static const char *const bad[] = {"", "five", "0.9", "100.5", "-5", "5,0", "5.0 "};
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        assert_true(gl_tsa_setup_open(&s, bad[i], NULL, &err) < 0);
        assert_non_null(strstr(err.text, "sigma"));
    }
    assert_true(gl_tsa_setup_open(&s, NULL, "pillars", &err) < 0);
    assert_non_null(strstr(err.text, "groups"));
    assert_int_equal(gl_tsa_setup_open(&s, "4.35", "sum-vertical", &err), 0);
    assert_true(s.gamma.sigma == 4.35);
    assert_int_equal(s.gamma.groups, GL_TSA_SUM | GL_TSA_VERTICAL);
    assert_int_equal(gl_tsa_setup_open(&s, NULL, "all", &err), 0);
    assert_int_equal(s.gamma.groups, 15);
    assert_true(isnan(s.gamma.sigma));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_threshold),
        cmocka_unit_test(groups),
        cmocka_unit_test(what_is_not_known_is_not_said),
        cmocka_unit_test(a_hole_breaks_the_window),
        cmocka_unit_test(implausible),
        cmocka_unit_test(counts_beyond_all_measure),
        cmocka_unit_test(the_sequential_test),
        cmocka_unit_test(neutrons_against_the_rule),
        cmocka_unit_test(neutrons_without_the_rule),
        cmocka_unit_test(background),
        cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
