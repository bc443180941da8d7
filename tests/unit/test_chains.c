/* Lines of characters are found in pictures that the test draws: bars and boxes instead of letters will do. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames/blobs.h"
#include "frames/chains.h"

static void fill(struct gl_picture *p, int x1, int y1, int x2, int y2, int grey) {
    for (int y = y1; y < y2; y++)
        for (int x = x1; x < x2; x++)
            if (x >= 0 && y >= 0 && x < p->width && y < p->height) p->grey[y * p->stride + x] = (uint8_t)grey;
}

/* A letter like an E: h high, h / 2 wide. */
static void letter(struct gl_picture *p, int x, int y, int h, int grey) {
    int s = h / 7 > 1 ? h / 7 : 1, w = h / 2;
    fill(p, x, y, x + s, y + h, grey);
    fill(p, x, y, x + w, y + s, grey);
    fill(p, x, y + h / 2, x + w - s, y + h / 2 + s, grey);
    fill(p, x, y + h - s, x + w, y + h, grey);
}

static void plate(struct gl_picture *p, int x, int y, int h, int n, double slope, bool light) {
    for (int i = 0; i < n; i++) letter(p, x + i * h * 7 / 10, y + (int)lround(slope * i * h * 0.7), h, light ? 220 : 30);
}

static struct gl_picture scene(int grey) {
    struct gl_picture p;
    assert_int_equal(gl_picture_new(640, 480, &p), 0);
    fill(&p, 0, 0, 640, 480, grey);
    return p;
}

static int find(const struct gl_picture *p, struct gl_proposal *list) {
    struct gl_pyramid y;
    assert_int_equal(gl_pyramid_make(p, &y), 0);
    int n = gl_chains_find(&y, 0, GL_PYRAMID, 7, list, 0);
    gl_pyramid_free(&y);
    return n;
}

static void lines_of_every_size(void **state) {
    (void)state;
    for (int h = 11; h <= 60; h += 7)
        for (int k = 0; k < 6; k++) {
            double slope = (k % 3 - 1) * 0.15;
            struct gl_proposal list[GL_PROPOSALS_MAX];
            struct gl_picture p = scene(k < 3 ? 180 : 90);
            plate(&p, 80, 200, h, 7, slope, k >= 3);
            int n = find(&p, list), wide = 6 * h * 7 / 10 + h / 2;
            if (n < 1) fail_msg("height %d, slope %g: nothing", h, slope);
            assert_true(fabs(list[0].left - 80) <= 0.15 * h + 1 && fabs(list[0].right - 80 - wide) <= 0.15 * h + 1);
            assert_true(fabs(gl_proposal_height(&list[0]) - h) <= 0.15 * h + 1);
            assert_true(fabs(list[0].top[0] - 200) <= 0.2 * h + 1);
            assert_int_equal(list[0].n, 7);
            gl_picture_free(&p);
        }
}

static int find_near(const struct gl_picture *p, const struct gl_proposal *where, struct gl_proposal *list) {
    struct gl_pyramid y;
    assert_int_equal(gl_pyramid_make(p, &y), 0);
    int n = gl_chains_near(&y, where, list, 0);
    gl_pyramid_free(&y);
    return n;
}

/* Roughly where a line is, the line is found exactly, and the one below; what is elsewhere, or of another height, is not. */
static void lines_about_a_place(void **state) {
    (void)state;
    for (int h = 9; h <= 60; h += 17) {
        struct gl_proposal list[GL_PROPOSALS_MAX];
        float x = 80, y = 200, wide = (float)(6 * h * 7 / 10 + h / 2), off = 0.2F * (float)h;
        struct gl_proposal where = {x + off, x + wide - off, {y + off, y + off}, {y + off + (float)h, y + off + (float)h}, 0, 1, 0,
                                    0};
        struct gl_picture p = scene(180);
        plate(&p, 80, 200, h, 7, 0, false);
        plate(&p, 80 + h, 200 + h * 13 / 10, h, 4, 0, false);
        plate(&p, 80, 200 - h / 2 - 2, h * 2 / 5, 9, 0, false);
        plate(&p, 80, 400, h, 7, 0, false);
        int n = find_near(&p, &where, list), same = 0, below = 0;
        for (int i = 0; i < n; i++) {
            double down = gl_proposal_below(&list[i], &where);
            assert_true(down > -0.5 && down < 1.5);
            same += list[i].n == 7 && fabs(down + 0.2) < 0.1 && fabs(list[i].left - x) <= 0.15 * h + 1;
            below += list[i].n == 4 && fabs(down - 1.1) < 0.2;
        }
        if (same != 1 || below != 1) fail_msg("height %d: %d of the line, %d of the one below", h, same, below);
        gl_picture_free(&p);
    }
}

static void nothing_about_the_edge(void **state) {
    (void)state;
    struct gl_proposal list[GL_PROPOSALS_MAX];
    struct gl_picture p = scene(180);
    static const struct gl_proposal outside[] = {{-90, -20, {10, 10}, {30, 30}, 0, 1, 0, 0},
                                                 {600, 900, {470, 470}, {500, 500}, 0, 1, 0, 0},
                                                 {10, 60, {-900, -900}, {-880, -880}, 0, 1, 0, 0},
                                                 {10, 60, {10, 10}, {11, 11}, 0, 1, 0, 0}};
    for (size_t i = 0; i < GL_COUNT(outside); i++) assert_int_equal(find_near(&p, &outside[i], list), 0);
    gl_picture_free(&p);
}

static void nothing_in_nothing(void **state) {
    (void)state;
    struct gl_proposal list[GL_PROPOSALS_MAX];
    struct gl_picture p = scene(128);
    assert_int_equal(find(&p, list), 0);
    for (int i = 0; i < 640; i += 2) fill(&p, i, 0, i + 1, 480, 0); /* stripes through all of it */
    assert_int_equal(find(&p, list), 0);
    gl_picture_free(&p);
    assert_int_equal(gl_picture_new(GL_PICTURE_LEAST, GL_PICTURE_LEAST, &p), 0);
    assert_int_equal(find(&p, list), 0);
    gl_picture_free(&p);
}

static void noise_is_bounded(void **state) {
    (void)state;
    struct gl_proposal list[GL_PROPOSALS_MAX];
    struct gl_picture p = scene(0);
    srand(1);
    for (int i = 0; i < 640 * 480; i++) p.grey[i] = (uint8_t)rand();
    assert_true(find(&p, list) <= GL_PROPOSALS_MAX);
    struct gl_blobs blobs;
    struct gl_blob_limits all = {5, 0, 1, 1000, 1000};
    assert_int_equal(gl_blobs_find(&p, &all, &blobs), 0);
    assert_true(blobs.n[GL_DARK] <= GL_BLOBS_MAX && blobs.n[GL_LIGHT] <= GL_BLOBS_MAX);
    gl_blobs_free(&blobs);
    gl_picture_free(&p);
}

static void a_blob_is_whole(void **state) {
    (void)state;
    struct gl_blobs blobs;
    struct gl_blob_limits all = {12, 5, 5, 40, 4};
    struct gl_picture p = scene(200);
    fill(&p, 100, 100, 104, 120, 10); /* a U: two runs in each row that meet at the bottom */
    fill(&p, 112, 100, 116, 120, 10);
    fill(&p, 100, 116, 116, 120, 10);
    assert_int_equal(gl_blobs_find(&p, &all, &blobs), 0);
    assert_int_equal(blobs.n[GL_DARK], 1);
    const struct gl_blob *b = &blobs.blob[GL_DARK][0];
    assert_true(b->x1 == 100 && b->x2 == 116 && b->y1 == 100 && b->y2 == 120);
    assert_int_equal(b->pixels, 4 * 16 * 2 + 16 * 4);
    gl_blobs_free(&blobs);
    gl_picture_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_every_size), cmocka_unit_test(lines_about_a_place), cmocka_unit_test(nothing_about_the_edge),
        cmocka_unit_test(nothing_in_nothing),  cmocka_unit_test(noise_is_bounded),    cmocka_unit_test(a_blob_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
