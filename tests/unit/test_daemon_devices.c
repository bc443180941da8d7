/* What greenlaned believes of a device process: its own name, its own kinds, its own lanes. Channels and engine are played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#define gl_ipc_close played_close
#define gl_ipc_send played_send
#define gl_engine_reading played_reading
#define gl_engine_device played_device
#define gl_outbox_state played_state
#define gl_outbox_gateway_state played_gateway_state
#include "daemon/devices.c"

static struct {
    char ended[120]; /* why the last connection was ended */
    unsigned taken, states;
    struct gl_reading last;
} played;

void played_close(struct gl_ipc *ch GL_UNUSED, const char *reason) {
    gl_clip(played.ended, sizeof played.ended, reason);
}
int played_send(struct gl_ipc *ch GL_UNUSED, enum gl_message_type type GL_UNUSED, const void *msg GL_UNUSED) {
    return 0;
}
void played_reading(struct gl_engine *e GL_UNUSED, struct gl_reading *r, struct gl_now now GL_UNUSED) {
    played.taken++;
    played.last = *r;
}
void played_device(struct gl_engine *e GL_UNUSED, const struct gl_device_status *s GL_UNUSED, struct gl_now now GL_UNUSED) {
    played.states++;
}
void played_state(struct daemon *d GL_UNUSED, const char *topic GL_UNUSED, const char *payload GL_UNUSED) {}
void played_gateway_state(struct daemon *d GL_UNUSED, const char *state GL_UNUSED, struct gl_buf *payload) {
    gl_buf_text(payload, "{}");
}

/* ---- a post of two lanes: the reader is in-2's, and its first antenna serves in-1 ------------------------------------------------------ */
static void add(struct gl_lane_config *l, const char *id, const char *plugin, uint32_t antennas, bool shared) {
    struct gl_device_config *d = &l->devices[l->n_devices++];
    gl_clip(d->id, sizeof d->id, id);
    gl_clip(d->plugin, sizeof d->plugin, plugin);
    d->antennas = antennas;
    d->shared = shared;
}

static int set_up(void **state) {
    struct gl_config *c = calloc(1, sizeof *c);
    struct daemon *d = calloc(1, sizeof *d);
    if (!c || !d) return -1;
    c->n_lanes = 2;
    gl_clip(c->lanes[0].id, sizeof c->lanes[0].id, "in-1");
    gl_clip(c->lanes[1].id, sizeof c->lanes[1].id, "in-2");
    add(&c->lanes[0], "in-1.front", "anpr", 0, false);
    add(&c->lanes[0], "in-2.tag", "rfid", 1, true);
    add(&c->lanes[1], "in-2.tag", "rfid", 2, false);
    add(&c->lanes[1], "in-2.qr", "code", 0, false);
    add(&c->lanes[1], "in-2.rpm", "radiation", 0, false);
    add(&c->lanes[1], "in-2.scale", "scale", 0, false);
    c->lanes[1].n_lines = 1;
    c->lanes[1].lines[0].use = GL_LINE_INPUT;
    gl_clip(c->lanes[1].lines[0].device, sizeof c->lanes[1].lines[0].device, "in-2.entry-loop");
    c->lanes[0].devices[0].n_settings = 1;
    c->lanes[0].devices[0].settings[0] = (struct gl_setting_value){"trigger", "loop"};
    d->config = c;
    d->now = (struct gl_now){1764000000000, 5000};
    memset(&played, 0, sizeof played);
    gl_devices_init(d);
    *state = d;
    return 0;
}

static int tear_down(void **state) {
    struct daemon *d = *state;
    free((void *)(uintptr_t)d->config);
    free(d);
    return 0;
}

static struct device_peer *peer(struct daemon *d, const char *id) {
    for (int i = 0; i < d->n_devices; i++)
        if (strcmp(d->devices[i].id, id) == 0) {
            d->devices[i].ch = (struct gl_ipc *)d; /* any: it is never looked into */
            return &d->devices[i];
        }
    fail_msg("no peer %s", id);
    return NULL;
}

/* NULL = taken; else why the peer was ended. */
static const char *say(struct daemon *d, const char *id, struct gl_reading *r) {
    unsigned before = played.taken;
    played.ended[0] = '\0';
    gl_devices_message(d, peer(d, id), GL_MSG_READING, r);
    assert_int_equal(played.taken - before, played.ended[0] ? 0 : 1); /* nothing of it is believed */
    return played.ended[0] ? played.ended : NULL;
}

static struct gl_reading reading(uint8_t kind, const char *device, const char *lane, int64_t antenna) {
    struct gl_reading r;
    gl_reading_init(&r, kind);
    gl_clip(r.device, sizeof r.device, device);
    gl_clip(r.lane, sizeof r.lane, lane);
    if (kind == GL_READING_TAG) r.value.tag.antenna = antenna;
    return r;
}

static void a_shared_reader_is_one_process(void **state) {
    struct daemon *d = *state;
    assert_int_equal(d->n_devices, 6);
    assert_int_equal(played.states, 6);
    assert_string_equal(peer(d, "in-2.tag")->lane->id, "in-2");
    assert_string_equal(peer(d, "in-2.tag")->status.lane, "in-2");
}

static void who_works_by_the_loop_is_known(void **state) {
    struct daemon *d = *state;
    for (int i = 0; i < d->n_devices; i++) assert_int_equal(d->devices[i].by_loop, strcmp(d->devices[i].id, "in-1.front") == 0);
}

static void each_class_sends_its_own_kinds(void **state) {
    static const struct {
        const char *id, *device;
        unsigned may;
    } peers[] = {
        {"in-1.front", "in-1.front", 1U << GL_READING_PLATE | 1U << GL_READING_CLASS | 1U << GL_READING_CONTAINER},
        {"in-2.tag", "in-2.tag", 1U << GL_READING_TAG | 1U << GL_READING_SEAL},
        {"in-2.qr", "in-2.qr", 1U << GL_READING_CODE | 1U << GL_READING_CONTAINER},
        {"in-2.rpm", "in-2.rpm", 1U << GL_READING_RADIATION},
        {"in-2.scale", "in-2.scale", ~(1U << GL_READING_PRESENCE)},
        {"in-2.gpio", "in-2.entry-loop", 1U << GL_READING_PRESENCE},
    };
    for (size_t i = 0; i < GL_COUNT(peers); i++)
        for (uint8_t kind = GL_READING_PLATE; kind <= GL_READING_SCAN; kind++) {
            struct gl_reading r = reading(kind, peers[i].device, "in-2", 2);
            const char *ended = say(*state, peers[i].id, &r);
            if (peers[i].may & (1U << kind))
                assert_null(ended);
            else
                assert_string_equal(ended ? ended : "taken", "sent a reading of a kind that is not its own");
        }
}

static void a_tag_belongs_to_its_antennas_lane(void **state) {
    static const struct {
        int64_t antenna;
        const char *lane;
        bool taken;
    } cases[] = {
        {1, "in-1", true}, {2, "in-2", true},  {1, "in-2", false}, {2, "in-1", false},           {3, "in-1", false},
        {3, "", false},    {0, "in-2", false}, {2, "", false},     {GL_INT_NULL, "in-2", false}, {33, "in-1", false},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_reading r = reading(GL_READING_TAG, "in-2.tag", cases[i].lane, cases[i].antenna);
        const char *ended = say(*state, "in-2.tag", &r);
        if (cases[i].taken) {
            assert_null(ended);
            assert_string_equal(played.last.lane, cases[i].lane);
        } else {
            assert_string_equal(ended ? ended : "taken", "sent a reading for a lane that its antenna does not serve");
        }
    }
}

static void everything_else_belongs_to_its_devices_lane(void **state) {
    struct gl_reading r = reading(GL_READING_PLATE, "in-1.front", "in-2", 0);
    assert_null(say(*state, "in-1.front", &r));
    assert_string_equal(played.last.lane, "in-1");
    r = reading(GL_READING_PRESENCE, "in-2.entry-loop", "in-1", 0);
    assert_null(say(*state, "in-2.gpio", &r));
    assert_string_equal(played.last.lane, "in-2");
}

static void nobody_speaks_for_another(void **state) {
    struct gl_reading r = reading(GL_READING_TAG, "in-2.tag", "in-2", 2);
    assert_string_equal(say(*state, "in-2.scale", &r), "sent a reading in another device's name");
    r = reading(GL_READING_PRESENCE, "in-2.gpio", "in-2", 0);
    assert_string_equal(say(*state, "in-2.gpio", &r), "sent a reading in another device's name");
}

static void what_is_newer_than_now_is_of_now(void **state) {
    struct daemon *d = *state;
    struct gl_reading r = reading(GL_READING_PLATE, "in-1.front", "in-1", 0);
    r.received_at = d->now.wall + 1000;
    assert_null(say(d, "in-1.front", &r));
    assert_int_equal(played.last.received_at, d->now.wall);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_shared_reader_is_one_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_works_by_the_loop_is_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_class_sends_its_own_kinds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tag_belongs_to_its_antennas_lane, set_up, tear_down),
        cmocka_unit_test_setup_teardown(everything_else_belongs_to_its_devices_lane, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_speaks_for_another, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_newer_than_now_is_of_now, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
