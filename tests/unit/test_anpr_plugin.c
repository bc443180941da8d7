/* The plugin `anpr`: roles are set; the same plate is dropped only when it says nothing new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "anpr/anpr.c"

struct bench {
    struct gl_now now;
    unsigned forwarded, repeated;
    uint8_t role;
    struct gl_setting_value values[2];
    struct gl_settings settings;
    struct gl_host host;
    void *ctx;
};

static struct gl_now host_now(void *user) {
    return ((struct bench *)user)->now;
}
static void host_reading(void *user, struct gl_reading *r) {
    struct bench *b = user;
    b->forwarded++;
    if (r->kind == GL_READING_PLATE) b->role = r->value.plate.role;
}
static void host_count(void *user, const char *counter) {
    assert_string_equal(counter, "repeated");
    ((struct bench *)user)->repeated++;
}

static int set_up(struct bench *b, const char *role, const char *repeat) {
    struct gl_error err;
    memset(b, 0, sizeof *b);
    b->now.mono = 1000;
    assert_int_equal(gl_copy(b->values[0].name, sizeof b->values[0].name, "role"), 0);
    assert_int_equal(gl_copy(b->values[0].text, sizeof b->values[0].text, role), 0);
    assert_int_equal(gl_copy(b->values[1].name, sizeof b->values[1].name, "repeat"), 0);
    assert_int_equal(gl_copy(b->values[1].text, sizeof b->values[1].text, repeat), 0);
    b->settings = (struct gl_settings){2, b->values};
    b->host = (struct gl_host){.abi = GL_PLUGIN_ABI,
                               .size = sizeof b->host,
                               .user = b,
                               .settings = &b->settings,
                               .now = host_now,
                               .reading = host_reading,
                               .count = host_count};
    return gl_plugin.open(&b->host, &b->ctx, &err);
}

static struct gl_reading plate(const char *text, double confidence) {
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_PLATE);
    assert_int_equal(gl_copy(r.value.plate.text, sizeof r.value.plate.text, text), 0);
    r.confidence = confidence;
    r.late = GL_FALSE;
    return r;
}

/* Sends it after ms more; 1 = passed on, 0 = dropped. */
static unsigned send(struct bench *b, struct gl_reading r, int64_t ms) {
    unsigned forwarded = b->forwarded, repeated = b->repeated;
    b->now.mono += ms;
    gl_plugin.shape(b->ctx, &r);
    assert_int_equal(b->forwarded + b->repeated, forwarded + repeated + 1);
    return b->forwarded - forwarded;
}

static void test_role(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint8_t role;
    } cases[] = {{"vehicle", GL_ROLE_VEHICLE}, {"trailer", GL_ROLE_TRAILER}, {"unknown", GL_ROLE_UNKNOWN}};
    struct bench b;
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        assert_int_equal(set_up(&b, cases[i].text, "10s"), 0);
        assert_int_equal(send(&b, plate("KL123AB", 0.9), 0), 1);
        assert_int_equal(b.role, cases[i].role);
        gl_plugin.close(b.ctx);
    }
    assert_int_equal(set_up(&b, "driver", "10s"), -EINVAL);
}

static void test_repeats(void **state) {
    (void)state;
    struct bench b;
    assert_int_equal(set_up(&b, "vehicle", "10s"), 0);
    assert_int_equal(send(&b, plate("KL 123-AB", 0.90), 0), 1);
    assert_int_equal(send(&b, plate("kl123ab", 0.90), 1000), 0);
    assert_int_equal(send(&b, plate("KL123AB", 0.94), 1000), 0);
    assert_int_equal(send(&b, plate("KL123AB", 0.95), 1000), 1);
    assert_int_equal(send(&b, plate("KL123AB", NAN), 1000), 0);
    assert_int_equal(send(&b, plate("KL123AC", 0.90), 1000), 1);
    assert_int_equal(send(&b, plate("KL123AB", 0.95), 7999), 0); /* 9,999 ms after it was passed on */
    assert_int_equal(send(&b, plate("KL123AB", 0.95), 1), 1);
    gl_plugin.close(b.ctx);
}

static void test_what_adds_something(void **state) {
    (void)state;
    struct bench b;
    struct gl_reading r = plate("KL123AB", 0.9);
    assert_int_equal(set_up(&b, "vehicle", "10s"), 0);
    r.late = GL_TRUE;
    assert_int_equal(send(&b, r, 0), 1);
    assert_int_equal(send(&b, r, 1), 0);
    r.late = GL_FALSE;
    assert_int_equal(send(&b, r, 1), 1); /* the vehicle is here now, whatever history said */
    r.late = GL_TRUE;
    assert_int_equal(send(&b, r, 1), 0);
    r.late = GL_FALSE;
    r.n_evidence = 2;
    assert_int_equal(send(&b, r, 1), 1);
    assert_int_equal(send(&b, r, 1), 0);
    r.value.plate.direction = GL_TOWARD_LEAVE;
    assert_int_equal(send(&b, r, 1), 1);
    gl_plugin.close(b.ctx);
}

static void test_unread_plates_are_never_dropped(void **state) {
    (void)state;
    struct bench b;
    assert_int_equal(set_up(&b, "vehicle", "10s"), 0);
    assert_int_equal(send(&b, plate("KL123AB", 0.9), 0), 1);
    assert_int_equal(send(&b, plate("", 0), 1), 1);
    assert_int_equal(send(&b, plate("", 0), 1), 1);
    assert_int_equal(send(&b, plate("K?", 0), 1), 1);
    assert_int_equal(send(&b, plate("KL123AB", 0.9), 1), 1);
    assert_int_equal(send(&b, plate("KL123AB", 0.9), 1), 0);
    gl_plugin.close(b.ctx);
}

static void test_it_forgets_and_lets_others_pass(void **state) {
    (void)state;
    struct bench b;
    struct gl_reading r;
    assert_int_equal(set_up(&b, "vehicle", "10s"), 0);
    for (int i = 0; i <= RECENT_MAX; i++) {
        char text[16];
        gl_format(text, sizeof text, "AB%03d", i);
        assert_int_equal(send(&b, plate(text, 0.9), 1), 1);
    }
    assert_int_equal(send(&b, plate("AB001", 0.9), 1), 0);
    assert_int_equal(send(&b, plate("AB000", 0.9), 1), 1);
    gl_reading_init(&r, GL_READING_CLASS);
    assert_int_equal(send(&b, r, 1), 1);
    assert_int_equal(send(&b, r, 1), 1);
    gl_plugin.close(b.ctx);
    assert_int_equal(set_up(&b, "vehicle", "0s"), 0);
    assert_int_equal(send(&b, plate("KL123AB", 0.9), 0), 1);
    assert_int_equal(send(&b, plate("KL123AB", 0.9), 0), 1);
    gl_plugin.close(b.ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_role),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_what_adds_something),
        cmocka_unit_test(test_unread_plates_are_never_dropped),
        cmocka_unit_test(test_it_forgets_and_lets_others_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
