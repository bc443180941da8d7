/* The beam search against the sum over every path, and the likeliest path against trying all. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames/ctc.h"

enum { STEPS = 4, USED = 4 }; /* blank and three characters: 256 paths */
static const char characters[] = "-012";

static void random_rows(unsigned seed, float *rows) {
    srand(seed);
    for (int t = 0; t < STEPS; t++)
        for (int c = 0; c < GL_CTC_CLASSES; c++) rows[t * GL_CTC_CLASSES + c] = c < USED ? (float)(rand() % 600) / 100 : -60;
    gl_ctc_log_softmax(rows, STEPS, 1);
}

/* What one path reads, and its probability. */
static double path(const float *rows, int which, char text[STEPS + 1]) {
    double p = 1;
    int n = 0, before = 0;
    for (int t = 0; t < STEPS; t++, which /= USED) {
        int c = which % USED;
        p *= exp(rows[t * GL_CTC_CLASSES + c]);
        if (c != 0 && c != before) text[n++] = characters[c];
        before = c;
    }
    text[n] = '\0';
    return p;
}

static double all_paths(const float *rows, const char *wanted) {
    double sum = 0;
    for (int i = 0; i < USED * USED * USED * USED; i++) {
        char text[STEPS + 1];
        double p = path(rows, i, text);
        if (strcmp(text, wanted) == 0) sum += p;
    }
    return sum;
}

static void the_beam_sums_over_all_paths(void **state) {
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        float rows[STEPS * GL_CTC_CLASSES];
        struct gl_ctc_text texts[GL_CTC_BEAM];
        random_rows(seed, rows);
        int n = gl_ctc_beam(rows, STEPS, texts, GL_CTC_BEAM);
        assert_true(n > 3);
        for (int i = 0; i < n; i++) {
            double p = exp(texts[i].log_p), exact = all_paths(rows, texts[i].text);
            assert_true(p <= exact + 1e-6);
            if (i < 3) assert_true(p > 0.97 * exact);
            if (i > 0) assert_true(texts[i].log_p <= texts[i - 1].log_p);
        }
    }
}

static void a_doubled_character_needs_a_blank(void **state) {
    (void)state;
    float rows[3 * GL_CTC_CLASSES];
    struct gl_ctc_text texts[2];
    for (int i = 0; i < 3 * GL_CTC_CLASSES; i++) rows[i] = 0;
    rows[1] = rows[GL_CTC_CLASSES + 0] = rows[2 * GL_CTC_CLASSES + 1] = 20;
    gl_ctc_log_softmax(rows, 3, 1);
    assert_int_equal(gl_ctc_beam(rows, 3, texts, 2), 2);
    assert_string_equal(texts[0].text, "00");
    rows[GL_CTC_CLASSES + 0] = -30;
    rows[GL_CTC_CLASSES + 1] = 0;
    gl_ctc_beam(rows, 3, texts, 2);
    assert_string_equal(texts[0].text, "0");
}

static void characters_have_their_places(void **state) {
    (void)state;
    float rows[8 * GL_CTC_CLASSES];
    struct gl_ctc_place places[GL_CTC_LENGTH];
    for (int i = 0; i < 8 * GL_CTC_CLASSES; i++) rows[i] = 0;
    for (int t = 0; t < 8; t++) rows[t * GL_CTC_CLASSES] = 9;
    rows[2 * GL_CTC_CLASSES + 11] = 12; /* A, rather sure */
    rows[5 * GL_CTC_CLASSES + 8] = 30;  /* 7, sure */
    gl_ctc_log_softmax(rows, 8, 1);
    assert_true(gl_ctc_align(rows, 8, "A7", places));
    assert_int_equal(places[0].step, 2);
    assert_int_equal(places[1].step, 5);
    assert_true(places[0].confidence > 0.9 && places[0].confidence < 0.97);
    assert_true(places[1].confidence > 0.999);
    assert_false(gl_ctc_align(rows, 8, "AAAAAAAAA", places)); /* more than there is room for */
    assert_false(gl_ctc_align(rows, 8, "a", places));
    assert_true(gl_ctc_align(rows, 8, "", places));
}

static void temperature_and_nonsense(void **state) {
    (void)state;
    float rows[GL_CTC_CLASSES] = {0};
    rows[3] = 4;
    gl_ctc_log_softmax(rows, 1, 2);
    assert_true(fabs(exp(rows[3]) - exp(2) / (exp(2) + 36)) < 1e-5);
    for (int c = 0; c < GL_CTC_CLASSES; c++) rows[c] = NAN;
    rows[5] = INFINITY;
    gl_ctc_log_softmax(rows, 1, 1);
    for (int c = 0; c < GL_CTC_CLASSES; c++) assert_true(isfinite(rows[c]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_beam_sums_over_all_paths),
        cmocka_unit_test(a_doubled_character_needs_a_blank),
        cmocka_unit_test(characters_have_their_places),
        cmocka_unit_test(temperature_and_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
