/* The plugin `code`: repetitions within `repeat` are dropped, everything else goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "code/code.c"

struct seen {
    struct gl_now now;
    unsigned forwarded, repeated;
};

static struct gl_now host_now(void *user) {
    return ((struct seen *)user)->now;
}
static void host_reading(void *user, struct gl_reading *r) {
    (void)r;
    ((struct seen *)user)->forwarded++;
}
static void host_count(void *user, const char *counter) {
    assert_string_equal(counter, "repeated");
    ((struct seen *)user)->repeated++;
}

struct bench {
    struct seen seen;
    struct gl_setting_value value;
    struct gl_settings settings;
    struct gl_host host;
    void *ctx;
};

static void set_up(struct bench *b, const char *repeat) {
    memset(b, 0, sizeof *b);
    b->seen.now.mono = 1000;
    assert_int_equal(gl_copy(b->value.name, sizeof b->value.name, "repeat"), 0);
    assert_int_equal(gl_copy(b->value.text, sizeof b->value.text, repeat), 0);
    b->settings = (struct gl_settings){1, &b->value};
    b->host = (struct gl_host){.abi = GL_PLUGIN_ABI,
                               .size = sizeof b->host,
                               .user = &b->seen,
                               .settings = &b->settings,
                               .now = host_now,
                               .reading = host_reading,
                               .count = host_count};
    struct gl_error err;
    assert_int_equal(gl_plugin.open(&b->host, &b->ctx, &err), 0);
}

static void scan(struct bench *b, const char *text, unsigned forwarded, unsigned repeated) {
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_CODE);
    assert_int_equal(gl_copy(r.value.code.text, sizeof r.value.code.text, text), 0);
    gl_plugin.shape(b->ctx, &r);
    assert_int_equal(b->seen.forwarded, forwarded);
    assert_int_equal(b->seen.repeated, repeated);
}

static void repetitions_are_dropped(void **state) {
    (void)state;
    struct bench b;
    set_up(&b, "3s");
    scan(&b, "A", 1, 0);
    scan(&b, "A", 1, 1);
    b.seen.now.mono += 2999;
    scan(&b, "A", 1, 2);
    b.seen.now.mono += 1; /* the window does not slide */
    scan(&b, "A", 2, 2);
    scan(&b, "B", 3, 2);
    scan(&b, "A", 4, 2); /* another code lay between */
    gl_plugin.close(b.ctx);
}

static void container_of_the_code_too(void **state) {
    (void)state;
    struct bench b;
    set_up(&b, "3s");
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_CONTAINER);
    assert_int_equal(gl_copy(r.value.container.number, sizeof r.value.container.number, "CSQU3054383"), 0);
    for (int i = 0; i < 2; i++) {
        scan(&b, "CSQU3054383", i ? 2 : 1, i ? 1 : 0);
        gl_plugin.shape(b.ctx, &r);
        assert_int_equal(b.seen.forwarded, 2);
    }
    assert_int_equal(b.seen.repeated, 2);
    gl_plugin.close(b.ctx);
}

static void binary_codes_are_compared_whole(void **state) {
    (void)state;
    struct bench b;
    set_up(&b, "3s");
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_CODE);
    for (unsigned i = 1; i <= 3; i++) {
        r.value.code.data.len = 2;
        r.value.code.data.data[1] = (uint8_t)i;
        gl_plugin.shape(b.ctx, &r);
        assert_int_equal(b.seen.forwarded, i);
    }
    gl_plugin.close(b.ctx);
}

static void no_window_drops_nothing(void **state) {
    (void)state;
    struct bench b;
    set_up(&b, "0s");
    scan(&b, "A", 1, 0);
    scan(&b, "A", 2, 0);
    gl_plugin.close(b.ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repetitions_are_dropped),
        cmocka_unit_test(container_of_the_code_too),
        cmocka_unit_test(binary_codes_are_compared_whole),
        cmocka_unit_test(no_window_drops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
