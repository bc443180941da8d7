/* Who is told whether a vehicle is in a lane, and what: channels and engine are played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#define gl_ipc_send played_send
#define gl_engine_occupied played_occupied
#include "daemon/loops.c"

enum { LANES = 2, TOLD_MOST = 64 };

static struct {
    bool occupied[LANES];
    int n;
    struct {
        const struct gl_ipc *to;
        struct gl_msg_presence m;
    } told[TOLD_MOST];
} played;

int played_send(struct gl_ipc *ch, enum gl_message_type type, const void *msg) {
    assert_int_equal(type, GL_MSG_PRESENCE);
    assert_true(played.n < TOLD_MOST);
    played.told[played.n].to = ch;
    played.told[played.n++].m = *(const struct gl_msg_presence *)msg;
    return 0;
}
bool played_occupied(const struct gl_engine *e GL_UNUSED, int lane) {
    return played.occupied[lane];
}

/* ---- a post of two lanes: in in-1 the front camera works by the loop, the rear one does not; in in-2 the front one ---------------------- */
enum { FRONT, REAR, GPIO, FRONT_2, GPIO_2, PEERS };

static struct gl_ipc *channel(struct daemon *d, int i) {
    return (struct gl_ipc *)&d->devices[i]; /* any: it is never looked into */
}

static int set_up(void **state) {
    static const struct {
        int lane;
        bool gpio, by_loop;
    } peers[PEERS] = {
        [FRONT] = {0, false, true},   [REAR] = {0, false, false},  [GPIO] = {0, true, false},
        [FRONT_2] = {1, false, true}, [GPIO_2] = {1, true, false},
    };
    struct gl_config *c = calloc(1, sizeof *c);
    struct daemon *d = calloc(1, sizeof *d);
    if (!c || !d) return -1;
    c->n_lanes = LANES;
    gl_clip(c->lanes[0].id, sizeof c->lanes[0].id, "in-1");
    gl_clip(c->lanes[1].id, sizeof c->lanes[1].id, "in-2");
    d->config = c;
    d->now = (struct gl_now){1764000000000, 5000};
    for (d->n_devices = 0; d->n_devices < PEERS; d->n_devices++) {
        struct device_peer *p = &d->devices[d->n_devices];
        *p = (struct device_peer){.lane = &c->lanes[peers[d->n_devices].lane],
                                  .gpio = peers[d->n_devices].gpio,
                                  .by_loop = peers[d->n_devices].by_loop,
                                  .ch = channel(d, d->n_devices)};
        p->status.state = GL_DEVICE_ONLINE;
    }
    memset(&played, 0, sizeof played);
    *state = d;
    return 0;
}

static int tear_down(void **state) {
    struct daemon *d = *state;
    free((void *)(uintptr_t)d->config);
    free(d);
    return 0;
}

static void says(struct daemon *d, int peer, uint8_t zone, uint8_t occupied, uint8_t late) {
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_PRESENCE);
    r.value.presence.zone = zone;
    r.value.presence.occupied = occupied;
    r.late = late;
    gl_loops_reading(d, &d->devices[peer], &r);
}

static void entry(struct daemon *d, int peer, bool occupied) {
    says(d, peer, GL_ZONE_ENTRY, gl_tri(occupied), GL_FALSE);
}

static void after(struct daemon *d, int64_t ms) {
    d->now.mono += ms;
    gl_loops_tick(d);
}

/* The last one of the front camera of in-1, and that there is a new one. */
static void is_told(struct daemon *d, int before, uint8_t present) {
    assert_int_equal(played.n, before + 1);
    assert_ptr_equal(played.told[before].to, channel(d, FRONT));
    assert_string_equal(played.told[before].m.lane, "in-1");
    assert_int_equal(played.told[before].m.present, present);
    assert_int_equal(played.told[before].m.until, d->now.mono + GL_OUTPUT_SILENCE_MS);
}

static void well_and_empty(struct daemon *d) {
    d->devices[FRONT_2].ch = NULL; /* this lane alone */
    entry(d, GPIO, false);
}

/* ---- cases ----------------------------------------------------------------------------------------------------------------------------- */
static void each_change_is_told_at_once(void **state) {
    struct daemon *d = *state;
    well_and_empty(d);
    is_told(d, 0, GL_FALSE);
    after(d, 100);
    assert_int_equal(played.n, 1);
    entry(d, GPIO, true);
    is_told(d, 1, GL_TRUE);
    entry(d, GPIO, true); /* told again: nothing new */
    assert_int_equal(played.n, 2);
    entry(d, GPIO, false);
    is_told(d, 2, GL_FALSE);
}

static void and_again_and_again(void **state) {
    struct daemon *d = *state;
    well_and_empty(d);
    for (int i = 1; i <= 4; i++) {
        after(d, GL_OUTPUT_EVERY_MS - 1);
        assert_int_equal(played.n, i);
        after(d, 1);
        is_told(d, i, GL_FALSE);
    }
    assert_true(2 * GL_OUTPUT_EVERY_MS < GL_OUTPUT_SILENCE_MS); /* one may be lost */
}

static void an_open_passage_is_a_vehicle(void **state) {
    struct daemon *d = *state;
    well_and_empty(d);
    entry(d, GPIO, true);
    played.occupied[0] = true;
    entry(d, GPIO, false); /* it has moved on, and is in the lane */
    assert_int_equal(played.n, 2);
    played.occupied[0] = false;
    after(d, 100);
    is_told(d, 2, GL_FALSE);
}

static void only_the_entry_of_the_own_lane_counts(void **state) {
    struct daemon *d = *state;
    well_and_empty(d);
    entry(d, GPIO_2, true);
    says(d, GPIO, GL_ZONE_EXIT, GL_TRUE, GL_FALSE);
    says(d, GPIO, GL_ZONE_ENTRY, GL_TRUE, GL_TRUE); /* how it stood once */
    struct gl_reading plate;
    gl_reading_init(&plate, GL_READING_PLATE);
    gl_loops_reading(d, &d->devices[FRONT], &plate);
    assert_int_equal(played.n, 1);
    d->devices[FRONT_2].ch = channel(d, FRONT_2);
    after(d, 100);
    assert_int_equal(played.n, 2);
    assert_ptr_equal(played.told[1].to, channel(d, FRONT_2));
    assert_string_equal(played.told[1].m.lane, "in-2");
    assert_int_equal(played.told[1].m.present, GL_TRUE);
}

/* "No vehicle" needs somebody who knows it. */
static void without_a_witness_nobody_knows(void **state) {
    static const uint8_t unwell[] = {GL_DEVICE_OFFLINE, GL_DEVICE_DEGRADED};
    struct daemon *d = *state;
    d->devices[FRONT_2].ch = NULL;
    after(d, GL_OUTPUT_EVERY_MS); /* the inputs' process is there, and has not said how the entry stands */
    is_told(d, 0, GL_NULL);
    entry(d, GPIO, false);
    is_told(d, 1, GL_FALSE);
    for (int i = 0; i < 2; i++) {
        d->devices[GPIO].status.state = unwell[i];
        after(d, 100);
        is_told(d, 2 + 2 * i, GL_NULL);
        d->devices[GPIO].status.state = GL_DEVICE_ONLINE;
        after(d, 100);
        is_told(d, 3 + 2 * i, GL_FALSE);
    }
    d->devices[GPIO].ch = NULL;
    after(d, 100);
    is_told(d, 6, GL_NULL);
    d->devices[GPIO].ch = channel(d, GPIO);
    gl_loops_connected(d, &d->devices[GPIO]); /* another process: what the one before it said is over */
    after(d, 100);
    assert_int_equal(played.n, 7);
    entry(d, GPIO, false);
    is_told(d, 7, GL_FALSE);
    says(d, GPIO, GL_ZONE_ENTRY, GL_NULL, GL_FALSE);
    is_told(d, 8, GL_NULL);
}

static void who_comes_is_told_at_once(void **state) {
    struct daemon *d = *state;
    well_and_empty(d);
    gl_loops_connected(d, &d->devices[REAR]);
    assert_int_equal(played.n, 1);
    gl_loops_connected(d, &d->devices[FRONT]);
    is_told(d, 1, GL_FALSE);
}

static void who_does_not_ask_is_not_told(void **state) {
    struct daemon *d = *state;
    d->devices[FRONT].by_loop = d->devices[FRONT_2].by_loop = false;
    entry(d, GPIO, true);
    gl_loops_connected(d, &d->devices[FRONT]);
    after(d, 10 * GL_OUTPUT_EVERY_MS);
    assert_int_equal(played.n, 0);
}

/* A lane without inputs, which the configuration does not let through. */
static void no_inputs_at_all(void **state) {
    struct daemon *d = *state;
    d->devices[FRONT_2].ch = NULL;
    d->devices[GPIO].gpio = false;
    after(d, GL_OUTPUT_EVERY_MS);
    is_told(d, 0, GL_NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_change_is_told_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(and_again_and_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_open_passage_is_a_vehicle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_the_entry_of_the_own_lane_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_witness_nobody_knows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_comes_is_told_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_does_not_ask_is_not_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_inputs_at_all, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
