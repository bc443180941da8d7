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

/* Lettering reads as well as plates do: what the second proposer does not see is believed less, and where it sees a plate, one is told. */
static void what_the_net_sees_counts(void **state) {
    (void)state;
    struct gl_plates plates;
    struct gl_line sign[] = {line(10, 10, 110, "TERRA", 0.99)}, plate[] = {line(10, 10, 110, "B198FLN", 0.99)};
    sign[0].where.unseen = plate[0].where.unseen = 0.8F;
    gl_plates_from_lines(sign, 1, &options, &plates);
    assert_int_equal(plates.n, 1);
    assert_string_equal(plates.plate[0].text, "");
    gl_plates_from_lines(plate, 1, &options, &plates);
    assert_string_equal(plates.plate[0].text, "B198FLN"); /* written like a plate: doubted, not dropped */
    assert_true(plates.plate[0].confidence > 0.5 && plates.plate[0].confidence < 0.7);
    plate[0].where.unseen = 1;
    gl_plates_from_lines(plate, 1, &options, &plates);
    assert_int_equal(plates.n, 0);
    struct gl_line beside[] = {line(10, 10, 110, "B198FLN", 0.99), line(400, 10, 110, "598", 0.99)};
    beside[0].where.unseen = 0.1F;
    beside[1].where.unseen = 0.6F;
    gl_plates_from_lines(beside, 2, &options, &plates);
    assert_int_equal(plates.n, 2);
    assert_true(plates.plate[0].confidence > 0.95 && plates.plate[1].confidence < 0.9);
    struct gl_line blurred[] = {line(10, 10, 110, "B198FLN", 0.05)};
    blurred[0].where.unseen = 0.4F;
    gl_plates_from_lines(blurred, 1, &options, &plates);
    assert_int_equal(plates.n, 1);
    assert_string_equal(plates.plate[0].text, "");
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
        cmocka_unit_test(the_whole_wins_over_its_part), cmocka_unit_test(two_lines_are_one_plate),
        cmocka_unit_test(unreadable_is_said),           cmocka_unit_test(what_the_net_sees_counts),
        cmocka_unit_test(models_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
