/* The second proposer's map, decoded: numbers by hand from the table in models/proposer.md, which plugins/anpr/training/proposer.py follows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "frames/proposer.h"

enum { COLUMNS = 80, CELLS = 80 * 48 };

static void set(float *map, int row, int column, const float *values) {
    for (int k = 0; k < 6; k++) map[k * CELLS + row * COLUMNS + column] = values[k];
}

static void clear(float *map) {
    for (int i = 0; i < 6 * CELLS; i++) map[i] = i < CELLS ? -9 : 0;
}

static void nearly(double is, double should) {
    assert_true(fabs(is - should) < 0.01);
}

/* Row 10, column 20; logit 0 is 0.5; the centre half a cell to the right; 16 pixels high, 64 wide, falling by a tenth; seen at half size. */
static void a_cell_is_a_line(void **state) {
    (void)state;
    static float map[6 * CELLS];
    struct gl_proposal list[GL_PROPOSER_MOST];
    clear(map);
    set(map, 10, 20, (float[]){0, 0.5F, 0, 0, 0, 0.1F});
    assert_int_equal(gl_proposer_decode(map, 0.5, list), 1);
    nearly(list[0].score, 0.5);
    nearly(list[0].left, (168 - 32) * 2);
    nearly(list[0].right, (168 + 32) * 2);
    nearly(list[0].top[0], (84 - 3.2 - 8) * 2);
    nearly(list[0].top[1], (84 + 3.2 - 8) * 2);
    nearly(list[0].bottom[0], (84 - 3.2 + 8) * 2);
    nearly(list[0].bottom[1], (84 + 3.2 + 8) * 2);
}

/* More peaks than are kept, the best of them last in the order of rows. */
static void the_best_come_first(void **state) {
    (void)state;
    static float map[6 * CELLS];
    struct gl_proposal list[GL_PROPOSER_MOST];
    clear(map);
    for (int i = 0; i < 90; i++) set(map, 1 + 5 * (i / 10), 3 + 8 * (i % 10), (float[]){(float)i / 30 - 1, 0, 0, 0, -1, 0});
    assert_int_equal(gl_proposer_decode(map, 1, list), GL_PROPOSER_MOST);
    nearly(list[0].score, 1 / (1 + exp(1 - 89 / 30.0)));
    for (int i = 1; i < GL_PROPOSER_MOST; i++) assert_true(list[i].score <= list[i - 1].score);
}

static void doubles_neighbours_and_doubts_are_left_out(void **state) {
    (void)state;
    static float map[6 * CELLS];
    struct gl_proposal list[GL_PROPOSER_MOST];
    clear(map);
    set(map, 10, 20, (float[]){2, 0, 0, 0, 0, 0});
    set(map, 10, 21, (float[]){1, 0, 0, 0, 0, 0});    /* no peak */
    set(map, 10, 22, (float[]){1.5F, 0, 0, 0, 0, 0}); /* the same line */
    set(map, 30, 20, (float[]){-2, 0, 0, 0, 0, 0});   /* 0.12 */
    set(map, 40, 40, (float[]){NAN, 0, 0, 0, 0, 0});
    assert_int_equal(gl_proposer_decode(map, 1, list), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_is_a_line),
        cmocka_unit_test(the_best_come_first),
        cmocka_unit_test(doubles_neighbours_and_doubts_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
