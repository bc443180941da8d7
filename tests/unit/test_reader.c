/* The reader's parts that need no model: lines to plates, and models that are not there. What the models read is judged by the measure. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "frames/plates_impl.h"

static const struct gl_reader_options options = {0};

static struct gl_line line(float x, float y, float width, const char *text, double p) {
    struct gl_line l = {.where = {.left = x, .right = x + width, .top = {y, y}, .bottom = {y + 20, y + 20}}, .n_crops = 1, .n = 1};
    l.texts[0].p = p;
    memcpy(l.texts[0].text, text, strlen(text) + 1);
    return l;
}

static void the_whole_wins_over_its_part(void **state) {
    (void)state;
    struct gl_plates plates;
    struct gl_line lines[] = {line(40, 10, 80, "198FLN", 0.99), line(10, 10, 110, "B198FLN", 0.8),
                              line(400, 10, 110, "XY12345", 0.9)};
    gl_plates_from_lines(lines, 3, &options, &plates);
    assert_int_equal(plates.n, 2);
    assert_string_equal(plates.plate[0].text, "XY12345"); /* the surest first */
    assert_string_equal(plates.plate[1].text, "B198FLN");
    assert_true(plates.plate[1].confidence > 0.79 && plates.plate[1].confidence < 0.81);
    assert_true(plates.plate[1].box.x1 <= 10 && plates.plate[1].box.x2 >= 120 && plates.plate[1].box.y1 <= 10);
    assert_int_equal(plates.plate[1].n_characters, 7);
}

static void two_lines_are_one_plate(void **state) {
    (void)state;
    struct gl_plates plates;
    struct gl_line lines[] = {line(20, 40, 60, "1234", 0.9), line(10, 10, 80, "ABC", 0.8), line(300, 300, 80, "QRS123", 0.7)};
    gl_plates_from_lines(lines, 3, &options, &plates);
    assert_int_equal(plates.n, 2);
    assert_string_equal(plates.plate[0].text, "ABC1234");
    assert_int_equal(plates.plate[0].n_lines, 2);
    assert_true(plates.plate[0].confidence > 0.71 && plates.plate[0].confidence < 0.73);
    struct gl_line apart[] = {line(20, 80, 60, "1234", 0.9), line(10, 10, 80, "ABC", 0.8)};
    gl_plates_from_lines(apart, 2, &options, &plates);
    assert_int_equal(plates.n, 2);
}

static struct gl_line seen_line(double seen, float x, float y, float width, const char *text, double p) {
    struct gl_line l = line(x, y, width, text, p);
    l.where.seen = (float)seen;
    return l;
}

/* Two characters are a line, and no plate; of two lines that the net sees, one alone is not told. */
static void half_a_plate_is_none(void **state) {
    (void)state;
    struct gl_plates plates;
    struct gl_line both[] = {seen_line(0.8, 20, 40, 60, "620KE", 0.9), seen_line(0.7, 30, 10, 40, "XK", 0.9)};
    gl_plates_from_lines(both, 2, &options, &plates);
    assert_int_equal(plates.n, 1);
    assert_string_equal(plates.plate[0].text, "XK620KE");
    assert_int_equal(plates.plate[0].n_lines, 2);
    struct gl_line one[] = {seen_line(0.8, 20, 40, 60, "620KE", 0.99), seen_line(0.7, 30, 10, 40, "XK", 0.1)};
    gl_plates_from_lines(one, 2, &options, &plates);
    assert_int_equal(plates.n, 1);
    assert_string_equal(plates.plate[0].text, "");
    struct gl_line dark[] = {seen_line(0.8, 20, 40, 60, "620KE", 0.99), seen_line(0.7, 30, 10, 40, "", 0.4)};
    gl_plates_from_lines(dark, 2, &options, &plates);
    assert_int_equal(plates.n, 1);
    assert_string_equal(plates.plate[0].text, "");
    assert_int_equal(plates.plate[0].n_candidates, 0);
    struct gl_line alone[] = {seen_line(0.8, 20, 40, 60, "620KE", 0.99)}, two[] = {seen_line(0.4, 30, 10, 40, "XK", 0.99)};
    gl_plates_from_lines(alone, 1, &options, &plates); /* of no format: perhaps half of one */
    assert_string_equal(plates.plate[0].text, "620KE");
    assert_true(plates.plate[0].confidence < 0.7);
    gl_plates_from_lines(two, 1, &options, &plates);
    assert_int_equal(plates.n, 0);
}

/* What the net hardly sees is told less surely, words and numbers above all. */
static void lettering_is_no_plate(void **state) {
    (void)state;
    static const struct {
        double seen;
        const char *text;
        double least, most;
    } cases[] = {
        {0, "B198FLN", 0.95, 1}, {0.9, "B198FLN", 0.95, 1}, {0.4, "B198FLN", 0.6, 0.8}, {0.25, "B198FLN", 0.3, 0.45},
        {0.4, "TRANS", 0, 0.3},  {0.4, "202411", 0, 0.3},   {0.9, "202411", 0.95, 1},   {0.9, "TRANSIT", 0.5, 0.7},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_plates plates;
        struct gl_line l = seen_line(cases[i].seen, 10, 10, 110, cases[i].text, 0.99);
        gl_plates_from_lines(&l, 1, &options, &plates);
        assert_int_equal(plates.n, 1);
        const struct gl_plate_read *p = &plates.plate[0];
        if (p->confidence < cases[i].least || p->confidence > cases[i].most)
            fail_msg("%s seen %g: confidence %g", cases[i].text, cases[i].seen, p->confidence);
        assert_string_equal(p->text, p->confidence >= 0.3 ? cases[i].text : "");
    }
}

/* The net is sure of a plate, and the recogniser of no text: told, but where it says that there is no line. */
static void what_is_seen_and_not_read_is_said(void **state) {
    (void)state;
    struct gl_plates plates;
    struct gl_line dark = seen_line(0.8, 10, 10, 110, "B1", 0.02), bare = seen_line(0.8, 10, 10, 110, "", 0.9),
                   dim = seen_line(0.4, 10, 10, 110, "B1", 0.02);
    gl_plates_from_lines(&dark, 1, &options, &plates);
    assert_int_equal(plates.n, 1);
    assert_string_equal(plates.plate[0].text, "");
    assert_int_equal(plates.plate[0].n_candidates, 0);
    assert_true(plates.plate[0].confidence == 0);
    gl_plates_from_lines(&bare, 1, &options, &plates);
    assert_int_equal(plates.n, 0);
    gl_plates_from_lines(&dim, 1, &options, &plates);
    assert_int_equal(plates.n, 0);
}

static void unreadable_is_said(void **state) {
    (void)state;
    struct gl_plates plates;
    struct gl_line unsure[] = {line(10, 10, 110, "B198FLN", 0.2)}, nothing[] = {line(10, 10, 110, "B198FLN", 0.05)},
                   empty[] = {line(10, 10, 110, "", 1)}, few[] = {line(10, 10, 110, "AB", 1)};
    gl_plates_from_lines(unsure, 1, &options, &plates);
    assert_int_equal(plates.n, 1);
    assert_string_equal(plates.plate[0].text, "");
    assert_string_equal(plates.plate[0].candidates[0].text, "B198FLN");
    gl_plates_from_lines(nothing, 1, &options, &plates);
    assert_int_equal(plates.n, 0);
    gl_plates_from_lines(empty, 1, &options, &plates);
    assert_int_equal(plates.n, 0);
    gl_plates_from_lines(few, 1, &options, &plates);
    assert_int_equal(plates.n, 0);
}

static void models_that_are_not_there(void **state) {
    (void)state;
    struct gl_reader *r = NULL;
    struct gl_error err = {""};
    struct gl_reader_options o = {.models = "/nonexistent"};
    assert_int_equal(gl_reader_open(&o, &r, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/recogniser.txt"));
    assert_null(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_wins_over_its_part),
        cmocka_unit_test(two_lines_are_one_plate),
        cmocka_unit_test(half_a_plate_is_none),
        cmocka_unit_test(lettering_is_no_plate),
        cmocka_unit_test(what_is_seen_and_not_read_is_said),
        cmocka_unit_test(unreadable_is_said),
        cmocka_unit_test(models_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
