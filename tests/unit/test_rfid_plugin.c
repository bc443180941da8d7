/* The plugin `rfid`: of what a reader says dozens of times a second, what goes on, with what, and what is thrown away under which name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "rfid/rfid.c"

enum { MOST_COUNTERS = 8 };

struct seen {
    struct gl_now now;
    unsigned forwarded;
    struct gl_reading last;
    struct {
        char name[32];
        unsigned n;
    } counters[MOST_COUNTERS];
};

static struct gl_now host_now(void *user) {
    return ((struct seen *)user)->now;
}
static void host_reading(void *user, struct gl_reading *r) {
    struct seen *s = user;
    s->forwarded++;
    s->last = *r;
}
static void host_count(void *user, const char *counter) {
    struct seen *s = user;
    size_t i = 0;
    while (i < MOST_COUNTERS && s->counters[i].name[0] && strcmp(s->counters[i].name, counter) != 0) i++;
    assert_true(i < MOST_COUNTERS);
    gl_clip(s->counters[i].name, sizeof s->counters[i].name, counter);
    s->counters[i].n++;
}

struct bench {
    struct seen seen;
    struct gl_setting_value values[4];
    struct gl_settings settings;
    struct gl_host host;
    void *ctx;
};

static int open_with(struct bench *b, const char *const given[][2], struct gl_error *err) {
    memset(b, 0, sizeof *b);
    b->seen.now.mono = 100000;
    for (size_t i = 0; given && given[i][0]; i++) {
        assert_int_equal(gl_copy(b->values[i].name, sizeof b->values[i].name, given[i][0]), 0);
        assert_int_equal(gl_copy(b->values[i].text, sizeof b->values[i].text, given[i][1]), 0);
        b->settings.n++;
    }
    b->settings.v = b->values;
    b->host = (struct gl_host){.abi = GL_PLUGIN_ABI,
                               .size = sizeof b->host,
                               .user = &b->seen,
                               .settings = &b->settings,
                               .now = host_now,
                               .reading = host_reading,
                               .count = host_count};
    return gl_plugin.open(&b->host, &b->ctx, err);
}

static void set_up(struct bench *b, const char *name, const char *text) {
    const char *const given[][2] = {{name, text}, {NULL, NULL}};
    struct gl_error err;
    assert_int_equal(open_with(b, given, &err), 0);
}

static unsigned counted(const struct bench *b, const char *name) {
    for (size_t i = 0; i < MOST_COUNTERS; i++)
        if (strcmp(b->seen.counters[i].name, name) == 0) return b->seen.counters[i].n;
    return 0;
}

/* One read; true when it went on. */
static bool give(struct bench *b, const char *epc, const char *lane, int antenna, double rssi, uint8_t late) {
    struct gl_reading r;
    unsigned before = b->seen.forwarded;
    gl_reading_init(&r, GL_READING_TAG);
    assert_int_equal(gl_copy(r.value.tag.epc, sizeof r.value.tag.epc, epc), 0);
    assert_int_equal(gl_copy(r.lane, sizeof r.lane, lane), 0);
    r.value.tag.antenna = antenna;
    r.value.tag.rssi_dbm = rssi;
    r.value.tag.count = 1;
    r.late = late;
    gl_plugin.shape(b->ctx, &r);
    return b->seen.forwarded > before;
}

static bool see(struct bench *b, const char *epc, int antenna, double rssi) {
    return give(b, epc, "in-1", antenna, rssi, GL_FALSE);
}

static void wait(struct bench *b, int64_t ms) {
    b->seen.now.mono += ms;
}

/* ---- repetitions ----------------------------------------------------------------------------------------------------------------------- */
static void the_first_goes_on_at_once(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    assert_true(see(&b, "3414AA", 1, -60));
    assert_false(see(&b, "3414AA", 1, -60));
    assert_true(see(&b, "3414AB", 1, -60));
    wait(&b, 2999);
    assert_false(see(&b, "3414AA", 1, -60));
    wait(&b, 1); /* the window does not slide */
    assert_true(see(&b, "3414AA", 1, -60));
    assert_int_equal(counted(&b, "repeated"), 2);
    gl_plugin.close(b.ctx);
}

static void each_lane_hears_for_itself(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    assert_true(give(&b, "3414AA", "in-1", 1, -50, GL_FALSE));
    assert_true(give(&b, "3414AA", "in-2", 3, -70, GL_FALSE));
    assert_false(give(&b, "3414AA", "in-1", 1, -50, GL_FALSE));
    assert_false(give(&b, "3414AA", "in-2", 3, -70, GL_FALSE));
    gl_plugin.close(b.ctx);
}

static void six_decibels_are_news(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    assert_true(see(&b, "3414AA", 1, -70));
    assert_false(see(&b, "3414AA", 1, -64.5));
    assert_true(see(&b, "3414AA", 1, -64));
    assert_false(see(&b, "3414AA", 1, -59)); /* better than the one passed on now, not than the first */
    assert_false(see(&b, "3414AA", 1, NAN));
    gl_plugin.close(b.ctx);
}

static void another_antenna_that_hears_better(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    assert_true(see(&b, "3414AA", 1, -60));
    assert_false(see(&b, "3414AA", 2, -60.5));
    assert_false(see(&b, "3414AA", 2, -59.5));
    assert_true(see(&b, "3414AA", 2, -58));
    assert_int_equal(b.seen.last.value.tag.antenna, 2);
    assert_false(see(&b, "3414AA", 1, -60));
    gl_plugin.close(b.ctx);
}

static void a_known_strength_after_an_unknown(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    assert_true(see(&b, "3414AA", 1, NAN));
    assert_false(see(&b, "3414AA", 1, NAN));
    assert_true(see(&b, "3414AA", 1, -60));
    assert_false(see(&b, "3414AA", 1, NAN));
    gl_plugin.close(b.ctx);
}

static void live_after_late(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    assert_true(give(&b, "3414AA", "in-1", 1, -60, GL_TRUE));
    assert_false(give(&b, "3414AA", "in-1", 2, -20, GL_TRUE)); /* history: once per window, however strong */
    assert_true(give(&b, "3414AA", "in-1", 1, -70, GL_FALSE));
    assert_int_equal(b.seen.last.value.tag.count, 1); /* what was seen long ago is not seen now */
    assert_true(b.seen.last.value.tag.rssi_dbm == -70);
    assert_false(give(&b, "3414AA", "in-1", 1, -20, GL_TRUE));
    assert_false(give(&b, "3414AA", "in-1", 1, -70, GL_FALSE));
    wait(&b, 3000);
    assert_true(give(&b, "3414AA", "in-1", 1, -60, GL_TRUE));
    gl_plugin.close(b.ctx);
}

static void what_was_held_back_is_carried(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    assert_true(see(&b, "3414AA", 1, -60));
    for (int i = 0; i < 29; i++) {
        wait(&b, 100);
        assert_false(see(&b, "3414AA", 1, i == 20 ? -55 : -62));
    }
    wait(&b, 100);
    assert_true(see(&b, "3414AA", 1, -61));
    assert_int_equal(b.seen.last.value.tag.count, 30);
    assert_true(b.seen.last.value.tag.rssi_dbm == -55);
    assert_false(see(&b, "3414AA", 1, -50)); /* 6 dB above what was passed on, not above that read alone */
    assert_true(see(&b, "3414AA", 1, -49));
    assert_int_equal(b.seen.last.value.tag.count, 2);
    gl_plugin.close(b.ctx);
}

static void another_visit_begins_anew(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    assert_true(see(&b, "3414AA", 1, -60));
    assert_false(see(&b, "3414AA", 1, -55));
    wait(&b, 3600000);
    assert_true(see(&b, "3414AA", 1, -80));
    assert_int_equal(b.seen.last.value.tag.count, 1);
    assert_true(b.seen.last.value.tag.rssi_dbm == -80);
    gl_plugin.close(b.ctx);
}

static void counts_are_bounded(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    struct gl_reading r;
    for (int i = 0; i < 4; i++) {
        gl_reading_init(&r, GL_READING_TAG);
        assert_int_equal(gl_copy(r.value.tag.epc, sizeof r.value.tag.epc, "AA"), 0);
        r.value.tag.count = i == 1 ? INT64_MAX : i == 2 ? GL_INT_NULL : 60000;
        if (i == 3) wait(&b, 3000);
        b.seen.now.mono += i == 3 ? -1 : 0;
        gl_plugin.shape(b.ctx, &r);
    }
    b.seen.now.mono += 1;
    gl_plugin.shape(b.ctx, &r);
    assert_int_equal(b.seen.forwarded, 2);
    assert_int_equal(b.seen.last.value.tag.count, 65535);
    gl_plugin.close(b.ctx);
}

static void no_window_drops_nothing(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "0s");
    for (int i = 0; i < 10; i++) assert_true(see(&b, "3414AA", 1, -60));
    assert_int_equal(b.seen.last.value.tag.count, 1);
    gl_plugin.close(b.ctx);
}

/* ---- what is thrown away --------------------------------------------------------------------------------------------------------------- */
static void weak_reads_are_dropped(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "min_rssi", "-65");
    assert_false(see(&b, "3414AA", 1, -65.5));
    assert_false(see(&b, "3414AA", 1, NAN));
    assert_true(see(&b, "3414AA", 1, -65));
    assert_int_equal(counted(&b, "weak"), 2);
    gl_plugin.close(b.ctx);
}

static void only_vehicles(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "only", "3414, e280");
    assert_true(see(&b, "3414257BF7194E4000001A85", 1, -60));
    assert_true(see(&b, "E2801160600002", 1, -60));
    assert_false(see(&b, "30361F8B0C", 1, -60));
    assert_false(see(&b, "341", 1, -60));
    assert_false(see(&b, "", 1, -60));
    assert_int_equal(counted(&b, "not_a_vehicle"), 3);
    gl_plugin.close(b.ctx);
}

static void a_load_that_talks(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    char epc[32];
    unsigned passed = 0;
    for (int i = 0; i < 2000; i++) {
        snprintf(epc, sizeof epc, "30%06X", (unsigned)i);
        passed += see(&b, epc, 1, -60);
    }
    assert_int_equal(passed, NEW_BURST);
    assert_int_equal(counted(&b, "crowd"), 2000 - NEW_BURST);
    assert_false(see(&b, "30000000", 1, -60)); /* one that is known is only a repetition */
    assert_int_equal(counted(&b, "repeated"), 1);
    wait(&b, 1000);
    for (int i = 0; i < 100; i++) {
        snprintf(epc, sizeof epc, "31%06X", (unsigned)i);
        passed += see(&b, epc, 1, -60);
    }
    assert_int_equal(passed, NEW_BURST + NEW_PER_S);
    gl_plugin.close(b.ctx);
}

static void history_leaves_room(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "3s");
    char epc[32];
    unsigned passed = 0;
    for (int i = 0; i < 1000; i++) {
        snprintf(epc, sizeof epc, "30%06X", (unsigned)i);
        passed += give(&b, epc, "in-1", 1, -60, GL_TRUE);
    }
    assert_int_equal(passed, NEW_BURST / 2);
    assert_true(see(&b, "3414AA", 1, -60));
    gl_plugin.close(b.ctx);
}

static void the_table_forgets_the_oldest(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "repeat", "1h");
    char epc[32];
    assert_true(see(&b, "AA", 1, -60));
    assert_true(see(&b, "BB", 1, -60));
    for (int i = 0; i < MOST_TAGS - 1; i++) {
        wait(&b, 50);
        assert_false(see(&b, "AA", 1, -60)); /* in view all the time */
        snprintf(epc, sizeof epc, "30%06X", (unsigned)i);
        assert_true(see(&b, epc, 1, -60));
    }
    wait(&b, 1000);
    assert_false(see(&b, "AA", 1, -60));
    assert_true(see(&b, "BB", 1, -60));
    gl_plugin.close(b.ctx);
}

static void other_kinds_go_on_as_they_are(void **state GL_UNUSED) {
    struct bench b;
    set_up(&b, "min_rssi", "-10");
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_SEAL);
    gl_plugin.shape(b.ctx, &r);
    gl_plugin.shape(b.ctx, &r);
    assert_int_equal(b.seen.forwarded, 2);
    gl_plugin.close(b.ctx);
}

/* ---- settings -------------------------------------------------------------------------------------------------------------------------- */
static void bad_settings_are_named(void **state GL_UNUSED) {
    static const char *const bad[][2] = {
        {"only", ""},        {"only", "3414,"},  {"only", ",3414"},    {"only", "34 14"},
        {"only", "urn:epc"}, {"only", "0x3414"}, {"min_rssi", "-151"}, {"min_rssi", "1"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        const char *const given[][2] = {{bad[i][0], bad[i][1]}, {NULL, NULL}};
        struct bench b;
        struct gl_error err = {""};
        assert_int_equal(open_with(&b, given, &err), -EINVAL);
        assert_int_equal(strncmp(err.text, bad[i][0], strlen(bad[i][0])), 0);
    }
}

static void many_prefixes_are_too_many(void **state GL_UNUSED) {
    char text[257] = "";
    for (int i = 0, at = 0; i <= MOST_PREFIXES; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, "%s%02X", i > 0 ? "," : "", i);
    const char *const given[][2] = {{"only", text}, {NULL, NULL}};
    struct bench b;
    struct gl_error err = {""};
    assert_int_equal(open_with(&b, given, &err), -EINVAL);
    text[strlen(text) - 3] = '\0';
    assert_int_equal(open_with(&b, given, &err), 0);
    gl_plugin.close(b.ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_goes_on_at_once),
        cmocka_unit_test(each_lane_hears_for_itself),
        cmocka_unit_test(six_decibels_are_news),
        cmocka_unit_test(another_antenna_that_hears_better),
        cmocka_unit_test(a_known_strength_after_an_unknown),
        cmocka_unit_test(live_after_late),
        cmocka_unit_test(what_was_held_back_is_carried),
        cmocka_unit_test(another_visit_begins_anew),
        cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(no_window_drops_nothing),
        cmocka_unit_test(weak_reads_are_dropped),
        cmocka_unit_test(only_vehicles),
        cmocka_unit_test(a_load_that_talks),
        cmocka_unit_test(history_leaves_room),
        cmocka_unit_test(the_table_forgets_the_oldest),
        cmocka_unit_test(other_kinds_go_on_as_they_are),
        cmocka_unit_test(bad_settings_are_named),
        cmocka_unit_test(many_prefixes_are_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
