/* The proposer without its net: a picture becomes its input, and made-up maps become lines, both with the numbers that the reference
 * (fit, decode and corners of plugins/anpr/training/proposer.py) gives for the same. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frames/proposer_impl.h"

enum { ROWS = 48, COLUMNS = 80, CHANNELS = 6, WANTED = 12 };

/* ---- out ---- */
static float *empty(void) {
    float *maps = calloc(GL_PROPOSER_NUMBERS, sizeof *maps);
    assert_non_null(maps);
    for (int i = 0; i < ROWS * COLUMNS; i++) maps[i] = -8;
    return maps;
}

static void put(float *maps, int row, int column, const float v[CHANNELS]) {
    for (int k = 0; k < CHANNELS; k++) maps[(k * ROWS + row) * COLUMNS + column] = v[k];
}

static void assert_line(const struct gl_proposal *p, const struct gl_proposal *like) {
    assert_float_equal(p->left, like->left, 0.01);
    assert_float_equal(p->right, like->right, 0.01);
    for (int i = 0; i < 2; i++) {
        assert_float_equal(p->top[i], like->top[i], 0.01);
        assert_float_equal(p->bottom[i], like->bottom[i], 0.01);
    }
    assert_float_equal(p->score, like->score, 0.0001);
}

static void peaks_are_lines(void **state) {
    (void)state;
    static const struct {
        int row, column;
        float v[CHANNELS];
    } peaks[] = {
        {10, 20, {1.5F, 0.25F, -0.125F, 0.5F, 0.75F, 0.05F}},
        {10, 21, {1.0F, -0.75F, -0.125F, 0.5F, 0.75F, 0.05F}}, /* beside a higher one */
        {10, 24, {0.5F, 0, 0, 0.4F, 0.7F, 0}},                 /* of the same place */
        {30, 5, {-0.5F, 0.1F, 0.2F, -0.5F, -0.25F, -0.2F}},
        {47, 79, {2.0F, 0.5F, 0.5F, 4.0F, 3.5F, 0}}, /* in the corner, and larger than anything can be */
        {0, 0, {-2.5F, 0, 0, 0, 0, 0}},
        {40, 40, {-3.5F, 0, 0, 0, 0, 0}}, /* too weak */
    };
    static const struct gl_proposal expected[] = {
        {.left = -2.190F, .right = 1026.190F, .top = {178.653F, 178.653F}, .bottom = {435.747F, 435.747F}, .score = 0.88080F},
        {.left = 78.605F, .right = 186.995F, .top = {53.138F, 58.558F}, .bottom = {74.242F, 79.662F}, .score = 0.81757F},
        {.left = 15.903F, .right = 55.777F, .top = {196.586F, 188.611F}, .bottom = {204.349F, 196.374F}, .score = 0.37754F},
        {.left = -22.400F, .right = 28.800F, .top = {-3.200F, -3.200F}, .bottom = {9.600F, 9.600F}, .score = 0.07586F},
    };
    struct gl_proposal list[WANTED];
    float *maps = empty();
    for (size_t i = 0; i < GL_COUNT(peaks); i++) put(maps, peaks[i].row, peaks[i].column, peaks[i].v);
    assert_int_equal(gl_proposer_decode(maps, 1.25, list, WANTED), GL_COUNT(expected));
    for (size_t i = 0; i < GL_COUNT(expected); i++) assert_line(&list[i], &expected[i]);
    free(maps);
}

/* More peaks than a list holds, the best of them last. */
static void the_best_of_many_stay(void **state) {
    (void)state;
    struct gl_proposal list[WANTED];
    float *maps = empty();
    int n = 0;
    for (int row = 1; row < ROWS; row += 4)
        for (int column = 1; column < COLUMNS; column += 6, n++)
            put(maps, row, column, (float[]){-2 + 0.02F * (float)n, 0, 0, -0.7F, -0.7F, 0});
    assert_true(n > GL_PROPOSALS_MAX);
    assert_int_equal(gl_proposer_decode(maps, 1, list, WANTED), WANTED);
    for (int i = 0; i < WANTED; i++) {
        float left = 620.109F - 48.0F * (float)i, heat = -2 + 0.02F * (float)(n - 1 - i);
        assert_line(&list[i], &(struct gl_proposal){.left = left,
                                                    .right = left + 31.782F,
                                                    .top = {360.027F, 360.027F},
                                                    .bottom = {367.973F, 367.973F},
                                                    .score = 1 / (1 + expf(-heat))});
    }
    free(maps);
}

static void nonsense_is_nothing(void **state) {
    (void)state;
    struct gl_proposal list[WANTED];
    float *maps = empty();
    for (int i = 0; i < ROWS * COLUMNS; i++) maps[i] = i % 2 ? NAN : -INFINITY;
    assert_int_equal(gl_proposer_decode(maps, 1, list, WANTED), 0);
    for (int i = 0; i < GL_PROPOSER_NUMBERS; i++) maps[i] = i < ROWS * COLUMNS ? 1 : NAN;
    int n = gl_proposer_decode(maps, 1, list, WANTED);
    for (int i = 0; i < n; i++) assert_true(isfinite(list[i].left) && isfinite(list[i].bottom[1]));
    free(maps);
}

/* ---- in ---- */
static void pictures_become_input(void **state) {
    (void)state;
    static const int at[][2] = {{0, 0}, {101, 57}, {183, 200}, {319, 31}, {639, 383}};
    static const struct {
        int width, height;
        double factor, v[GL_COUNT(at)];
    } cases[] = {
        {800, 480, 0.8, {-0.177, -0.162, -1.563, 0.947, 1.024}}, /* shrunk by fractions */
        {1280, 720, 0.5, {-0.102, -1.476, -0.735, -0.982, 0}},
        {320, 100, 2, {-0.229, 1.527, 0, -0.136, 0}}, /* grown */
        {96, 200, 1.92, {-0.228, 1.599, -1.471, 0, 0}},
    };
    float *in = malloc(GL_PROPOSER_WIDTH * GL_PROPOSER_HEIGHT * sizeof *in);
    assert_non_null(in);
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        GL_CLEANUP(gl_picture_free) struct gl_picture p;
        GL_CLEANUP(gl_pyramid_free) struct gl_pyramid y;
        assert_int_equal(gl_picture_new(cases[i].width, cases[i].height, &p), 0);
        for (int row = 0; row < p.height; row++)
            for (int x = 0; x < p.width; x++)
                p.grey[row * p.stride + x] = (uint8_t)(128 + 90 * sin(x * 0.11 + row * 0.07) + (x / 9 + row / 7) % 2 * 30);
        assert_int_equal(gl_pyramid_make(&p, &y), 0);
        assert_float_equal(gl_proposer_fit(&y, in), cases[i].factor, 1e-9);
        for (size_t k = 0; k < GL_COUNT(at); k++)
            assert_float_equal(in[at[k][1] * GL_PROPOSER_WIDTH + at[k][0]], cases[i].v[k], 0.03);
    }
    free(in);
}

static void a_thread_does_no_harm(void **state) {
    (void)state;
    GL_CLEANUP(gl_picture_free) struct gl_picture p;
    GL_CLEANUP(gl_pyramid_free) struct gl_pyramid y;
    float *in = malloc(GL_PROPOSER_WIDTH * GL_PROPOSER_HEIGHT * sizeof *in);
    assert_non_null(in);
    assert_int_equal(gl_picture_new(GL_PICTURE_SIDE, GL_PICTURE_LEAST, &p), 0);
    assert_int_equal(gl_pyramid_make(&p, &y), 0);
    assert_float_equal(gl_proposer_fit(&y, in), (double)GL_PROPOSER_WIDTH / GL_PICTURE_SIDE, 1e-9);
    for (int i = 0; i < GL_PROPOSER_WIDTH * GL_PROPOSER_HEIGHT; i++) assert_true(in[i] == 0);
    free(in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peaks_are_lines),       cmocka_unit_test(the_best_of_many_stay), cmocka_unit_test(nonsense_is_nothing),
        cmocka_unit_test(pictures_become_input), cmocka_unit_test(a_thread_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
