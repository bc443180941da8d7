/* Between codec, plugin and greenlaned: which lane a reading gets, what is counted as a flood, and a codec that gives its connection up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "host/device.h"

struct bench {
    struct gl_config config;
    struct gl_plugin plugin;
    struct gl_protocol protocol;
    struct gl_carrier_ops ops;
    struct gl_carrier carrier;
    struct gl_device d;
};

static int dropped;

static int codec_open(void *state GL_UNUSED, const struct gl_settings *settings GL_UNUSED, const struct gl_sink *sink GL_UNUSED,
                      struct gl_error *err GL_UNUSED) {
    return 0;
}
static int gives_up(void *state GL_UNUSED, struct gl_now now GL_UNUSED) {
    return -1;
}
static int goes_on(void *state GL_UNUSED, struct gl_now now GL_UNUSED) {
    return 0;
}
static void on_drop(struct gl_carrier *c GL_UNUSED, const char *reason) {
    assert_true(reason[0] != '\0');
    dropped++;
}

static void shape_drops_all(void *ctx GL_UNUSED, struct gl_reading *r GL_UNUSED) {}

/* A reader of in-1 whose antennas 3 and 4 are in-2's. */
static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    struct gl_error err;
    if (!b) return -1;
    b->config.n_lanes = 2;
    for (uint16_t i = 0; i < 2; i++) {
        struct gl_lane_config *l = &b->config.lanes[i];
        l->n_devices = 1;
        gl_format(l->id, sizeof l->id, "in-%d", i + 1);
        gl_clip(l->devices[0].id, sizeof l->devices[0].id, "in-1.tag");
        l->devices[0].antennas = i == 0 ? 0x3 : 0xc;
        l->devices[0].shared = i == 1;
    }
    b->protocol = (struct gl_protocol){.name = "test", .open = codec_open};
    struct gl_device *d = &b->d;
    d->config = &b->config;
    d->dev = gl_config_device(d->config, "in-1.tag", &d->lane);
    gl_clip(d->id, sizeof d->id, "in-1.tag");
    d->plugin = &b->plugin;
    d->plugin_open = true;
    d->protocol = &b->protocol;
    d->at.transport = GL_TRANSPORT_TCP_CONNECT;
    d->evidence = -1;
    gl_health_init(&d->health, d->id, "in-1", "starting", gl_now_read());
    gl_services_init(d);
    *state = b;
    return gl_feed_open(d, &err);
}

static int tear_down(void **state) {
    struct bench *b = *state;
    b->d.carrier = NULL;
    gl_feed_close(&b->d);
    free(b->d.pending);
    free(b);
    return 0;
}

static int64_t counted(const struct gl_device *d, const char *name) {
    for (uint16_t i = 0; i < d->health.status.n_counters; i++)
        if (strcmp(d->health.status.counters[i].name, name) == 0) return d->health.status.counters[i].value;
    return 0;
}

static void see(struct gl_device *d, enum gl_reading_kind kind, int64_t antenna) {
    struct gl_reading r;
    gl_reading_init(&r, kind);
    if (kind == GL_READING_TAG) r.value.tag.antenna = antenna;
    d->sink.reading(d->sink.user, &r, NULL, 0);
}

static void a_tag_gets_its_antennas_lane(void **state) {
    struct gl_device *d = &((struct bench *)*state)->d;
    static const int64_t antennas[] = {1, 4, 5, 0, GL_INT_NULL, 2};
    static const char *const lanes[] = {"in-1", "in-2", "in-1"};
    for (size_t i = 0; i < GL_COUNT(antennas); i++) see(d, GL_READING_TAG, antennas[i]);
    assert_int_equal(counted(d, "antenna_unmapped"), 3);
    assert_int_equal(counted(d, "readings"), 3);
    assert_int_equal(d->n_pending, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(d->pending[i].lane, lanes[i]);
        assert_string_equal(d->pending[i].device, "in-1.tag");
    }
}

static void other_kinds_get_the_devices_lane(void **state) {
    struct gl_device *d = &((struct bench *)*state)->d;
    see(d, GL_READING_CODE, 0);
    assert_int_equal(d->n_pending, 1);
    assert_string_equal(d->pending[0].lane, "in-1");
}

/* A plugin that makes a reading of its own does not name its lane. */
static void a_plugins_own_reading_is_placed_too(void **state) {
    struct gl_device *d = &((struct bench *)*state)->d;
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_TAG);
    r.value.tag.antenna = 3;
    d->host.reading(d->host.user, &r);
    assert_string_equal(r.lane, "in-2");
    gl_reading_init(&r, GL_READING_TAG);
    r.value.tag.antenna = 9;
    d->host.reading(d->host.user, &r);
    assert_int_equal(d->n_pending, 1);
    assert_int_equal(counted(d, "antenna_unmapped"), 1);
}

/* What the plugin drops as repeated is no flood, however much it is; what goes on is. */
static void only_what_goes_on_is_a_flood(void **state) {
    struct bench *b = *state;
    struct gl_device *d = &b->d;
    b->plugin.shape = shape_drops_all;
    for (int i = 0; i < 3000; i++) see(d, GL_READING_TAG, 1);
    assert_int_equal(counted(d, "refused.flood"), 0);
    struct gl_now now = {1764000000000, d->quota_mono};
    unsigned taken = 0;
    for (int i = 0; i < 3000; i++) taken += gl_feed_within_quota(d, now);
    assert_int_equal(taken, 500);
    assert_int_equal(counted(d, "refused.flood"), 2500);
    now.mono += 1000;
    for (int i = 0; i < 3000; i++) taken += gl_feed_within_quota(d, now);
    assert_int_equal(taken, 600);
}

static void after_the_plugin_nothing_is_taken(void **state) {
    struct gl_device *d = &((struct bench *)*state)->d;
    d->plugin_open = false;
    see(d, GL_READING_TAG, 1);
    assert_int_equal(d->n_pending, 0);
}

static void a_codec_may_give_its_connection_up(void **state) {
    struct bench *b = *state;
    struct gl_device *d = &b->d;
    b->ops.drop = on_drop;
    b->carrier.ops = &b->ops;
    d->carrier = &b->carrier;
    b->protocol.timer = gives_up;
    dropped = 0;
    gl_feed_tick(d); /* nothing stands */
    assert_int_equal(dropped, 0);
    d->begun = true;
    gl_feed_tick(d);
    assert_int_equal(dropped, 1);
    b->protocol.timer = goes_on;
    gl_feed_tick(d);
    assert_int_equal(dropped, 1);
    b->protocol.timer = gives_up;
    b->ops.drop = NULL; /* a transport that has nothing to drop */
    gl_feed_tick(d);
    assert_int_equal(dropped, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tag_gets_its_antennas_lane, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_kinds_get_the_devices_lane, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plugins_own_reading_is_placed_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_goes_on_is_a_flood, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_the_plugin_nothing_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_codec_may_give_its_connection_up, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
