/* When a camera that works by the loop looks at its pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/fields.h"
#include "video/attention.c"

enum { GOOD_FOR = 2000, START = 100000 };

static void says(struct gl_lane_heard *h, uint8_t present, int64_t mono) {
    gl_attention_hear(h, present, mono + GOOD_FOR, mono);
}

static void without_a_loop_all_is_looked_at(void **state GL_UNUSED) {
    struct gl_lane_heard h = {0};
    struct gl_attention a = {0};
    says(&h, GL_FALSE, START);
    for (int64_t t = START; t < START + 2 * GOOD_FOR; t += 200) assert_int_equal(gl_attention_step(&a, &h, t), GL_ATTENDS);
}

static void before_anything_is_heard_all_is_looked_at(void **state GL_UNUSED) {
    struct gl_lane_heard h = {0};
    struct gl_attention a = {.by_loop = true};
    for (int64_t t = 0; t < START; t += 200) assert_int_equal(gl_attention_step(&a, &h, t), GL_ATTENDS);
}

static void comes_and_leaves(void **state GL_UNUSED) {
    struct gl_lane_heard h = {0};
    struct gl_attention a = {.by_loop = true};
    says(&h, GL_FALSE, START);
    assert_int_equal(gl_attention_step(&a, &h, START + 1), GL_ATTENDS_NOT);
    says(&h, GL_FALSE, START + 500);
    assert_int_equal(gl_attention_step(&a, &h, START + 501), GL_ATTENDS_NOT);
    says(&h, GL_TRUE, START + 700);
    assert_int_equal(gl_attention_step(&a, &h, START + 701), GL_ATTENDS_ANEW);
    assert_int_equal(gl_attention_step(&a, &h, START + 900), GL_ATTENDS);
    int64_t left = START + 1000;
    says(&h, GL_TRUE, left);
    for (int64_t t = left + 100; t < left + GL_ATTENTION_AFTER_MS; t += 100) {
        says(&h, GL_FALSE, t);
        assert_int_equal(gl_attention_step(&a, &h, t), GL_ATTENDS);
    }
    says(&h, GL_FALSE, left + GL_ATTENTION_AFTER_MS);
    assert_int_equal(gl_attention_step(&a, &h, left + GL_ATTENTION_AFTER_MS), GL_ATTENDS_NOT);
}

/* Shorter than the time from one look to the next. */
static void a_short_pulse_is_not_missed(void **state GL_UNUSED) {
    struct gl_lane_heard h = {0};
    struct gl_attention a = {.by_loop = true};
    says(&h, GL_FALSE, START);
    assert_int_equal(gl_attention_step(&a, &h, START), GL_ATTENDS_NOT);
    says(&h, GL_TRUE, START + 10);
    says(&h, GL_FALSE, START + 20);
    assert_int_equal(gl_attention_step(&a, &h, START + 200), GL_ATTENDS_ANEW);
    assert_int_equal(gl_attention_step(&a, &h, START + 400), GL_ATTENDS);
}

static void silence_is_no_empty_lane(void **state GL_UNUSED) {
    struct gl_lane_heard h = {0};
    struct gl_attention a = {.by_loop = true};
    says(&h, GL_FALSE, START);
    assert_int_equal(gl_attention_step(&a, &h, START + GOOD_FOR - 1), GL_ATTENDS_NOT);
    assert_int_equal(gl_attention_step(&a, &h, START + GOOD_FOR), GL_ATTENDS_ANEW);
    assert_int_equal(gl_attention_step(&a, &h, START + 100 * GOOD_FOR), GL_ATTENDS);
    says(&h, GL_FALSE, START + 100 * GOOD_FOR);
    assert_int_equal(gl_attention_step(&a, &h, START + 100 * GOOD_FOR), GL_ATTENDS_NOT);
}

/* It lay in the socket while this process slept. */
static void an_old_no_is_none(void **state GL_UNUSED) {
    struct gl_lane_heard h = {0};
    struct gl_attention a = {.by_loop = true};
    gl_attention_hear(&h, GL_FALSE, START + GOOD_FOR, START + GOOD_FOR + 1);
    assert_int_equal(gl_attention_step(&a, &h, START + GOOD_FOR + 1), GL_ATTENDS);
}

static void nobody_knows(void **state GL_UNUSED) {
    struct gl_lane_heard h = {0};
    struct gl_attention a = {.by_loop = true};
    says(&h, GL_FALSE, START);
    assert_int_equal(gl_attention_step(&a, &h, START), GL_ATTENDS_NOT);
    says(&h, GL_NULL, START + 100);
    assert_int_equal(gl_attention_step(&a, &h, START + 100), GL_ATTENDS_ANEW);
}

/* `until` is of a "no" alone. */
static void a_yes_ends_with_nothing_but_a_no(void **state GL_UNUSED) {
    static const uint8_t presents[] = {GL_TRUE, GL_NULL};
    for (size_t i = 0; i < GL_COUNT(presents); i++) {
        struct gl_lane_heard h = {0};
        struct gl_attention a = {.by_loop = true};
        gl_attention_hear(&h, presents[i], START + 10 * GL_ATTENTION_AFTER_MS, START);
        assert_int_equal(gl_attention_step(&a, &h, START + 2 * GL_ATTENTION_AFTER_MS), GL_ATTENDS);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_loop_all_is_looked_at),
        cmocka_unit_test(before_anything_is_heard_all_is_looked_at),
        cmocka_unit_test(comes_and_leaves),
        cmocka_unit_test(a_short_pulse_is_not_missed),
        cmocka_unit_test(silence_is_no_empty_lane),
        cmocka_unit_test(an_old_no_is_none),
        cmocka_unit_test(nobody_knows),
        cmocka_unit_test(a_yes_ends_with_nothing_but_a_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
