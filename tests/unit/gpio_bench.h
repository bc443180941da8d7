/* For the tests of the gpio plugin: the plugin itself, a chip in memory, and a host whose clock stands still until the test moves it. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../plugins/gpio/debounce.c"
#include "../../plugins/gpio/gpio.c"
#include "../../plugins/gpio/lines.c"
#include "../../plugins/gpio/outputs.c"

enum {
    ENTRY = 4,
    EXIT = 5,
    ESTOP = 6,
    RED_LINE = 8,
    GREEN_LINE = 9,
    BARRIER_LINE = 10,
    BEAT = 11,
    AMBER_LINE = 12,
    FAKE_FD = 1000
};

/* ---- a chip in memory ---- */

static struct memory {
    bool absent;      /* open() fails */
    bool deaf;        /* edges get lost */
    int refuse_claim; /* the offset that is busy; -1 = none */
    int refuse_set;   /* the offset that cannot be set; -1 = none */
    bool gone;        /* every use fails */
    int opened;
    bool level[64];
    size_t n_events;
    struct gl_chip_event events[32];
    size_t n_writes, beats;
    struct gl_chip_event writes[256]; /* all but the heartbeat */
    bool together;                    /* red and green were lit together at some moment */
} memory[2];

static int memory_open(const char *path, void **ret_chip, struct gl_error *err) {
    struct memory *m = &memory[strcmp(path, "b") == 0];
    if (m->absent || m->gone) return gl_fail(err, -ENODEV, "no such chip");
    m->opened++;
    m->n_events = 0;
    *ret_chip = m;
    return 0;
}

static int memory_get(void *chip, unsigned offset, bool *ret_level, struct gl_error *err) {
    struct memory *m = chip;
    if (m->gone) return gl_fail(err, -ENODEV, "line %u: no such device", offset);
    *ret_level = m->level[offset];
    return 0;
}

static int memory_claim(void *chip, unsigned offset, bool active_low, bool *ret_level, struct gl_error *err) {
    struct memory *m = chip;
    (void)active_low;
    if (m->refuse_claim == (int)offset) return gl_fail(err, -EBUSY, "line %u is in use", offset);
    return memory_get(chip, offset, ret_level, err);
}

static int memory_set(void *chip, unsigned offset, bool level, struct gl_error *err) {
    struct memory *m = chip;
    if (m->gone || m->refuse_set == (int)offset) return gl_fail(err, -EIO, "line %u: cannot be set", offset);
    m->level[offset] = level;
    if (m->level[RED_LINE] && m->level[GREEN_LINE]) m->together = true;
    if (offset == BEAT) {
        m->beats++;
    } else {
        assert_true(m->n_writes < GL_COUNT(m->writes));
        m->writes[m->n_writes++] = (struct gl_chip_event){offset, level};
    }
    return 0;
}

static size_t memory_fds(void *chip, int *ret_fds, size_t max) {
    assert_true(max > 0);
    ret_fds[0] = FAKE_FD + (int)((struct memory *)chip - memory);
    return 1;
}

static int memory_event(void *chip, int fd, struct gl_chip_event *ret, struct gl_error *err) {
    struct memory *m = chip;
    (void)fd;
    if (m->gone) return gl_fail(err, -ENODEV, "pulled out");
    if (m->n_events == 0) return 0;
    *ret = m->events[0];
    m->n_events--;
    memmove(m->events, m->events + 1, m->n_events * sizeof(m->events[0]));
    return 1;
}

static void memory_close(void *chip) {
    if (chip) ((struct memory *)chip)->opened--;
}

static const struct gl_chip_ops memory_ops = {memory_open, memory_claim, memory_claim, memory_get,
                                              memory_set,  memory_fds,   memory_event, memory_close};

const struct gl_chip_ops *gl_chip_for(const char *chip, const char **ret_path) {
    *ret_path = chip;
    return &memory_ops;
}

/* ---- a host ---- */

struct gl_timer {
    void (*tick)(void *ctx);
    void *ctx;
};
struct gl_watch {
    int fd;
    void (*ready)(void *ctx, int fd);
    void *ctx;
};

static struct {
    struct gl_now now;
    struct gl_timer timer;
    struct gl_watch watches[8];
    int n_timers, n_watches;
    bool no_watch;
    size_t n_readings;
    struct gl_reading readings[64];
    char health[400];
    int n_health;
    char log[200];
} box;

static struct gl_now fake_now(void *user) {
    (void)user;
    return box.now;
}
static void fake_reading(void *user, struct gl_reading *r) {
    (void)user;
    assert_true(box.n_readings < GL_COUNT(box.readings));
    box.readings[box.n_readings++] = *r;
}
static void fake_health(void *user, const char *reason) {
    (void)user;
    gl_format(box.health, sizeof(box.health), "%s", reason);
    box.n_health++;
}
static void fake_count(void *user, const char *counter) {
    (void)user;
    (void)counter;
}
static void fake_log(void *user, int level, const char *text) {
    (void)user;
    (void)level;
    gl_format(box.log, sizeof(box.log), "%s", text);
}
static struct gl_watch *fake_watch(void *user, int fd, void (*ready_fn)(void *, int), void *ctx) {
    (void)user;
    if (box.no_watch) return NULL;
    for (size_t i = 0; i < GL_COUNT(box.watches); i++) {
        if (box.watches[i].ready) continue;
        box.watches[i] = (struct gl_watch){fd, ready_fn, ctx};
        box.n_watches++;
        return &box.watches[i];
    }
    return NULL;
}
static void fake_unwatch(void *user, struct gl_watch *w) {
    (void)user;
    assert_non_null(w->ready);
    *w = (struct gl_watch){0};
    box.n_watches--;
}
static struct gl_timer *fake_every(void *user, int64_t ms, void (*tick_fn)(void *), void *ctx) {
    (void)user;
    assert_int_equal(ms, GPIO_TICK_MS);
    box.timer = (struct gl_timer){tick_fn, ctx};
    box.n_timers++;
    return &box.timer;
}
static void fake_stop_timer(void *user, struct gl_timer *t) {
    (void)user;
    assert_ptr_equal(t, &box.timer);
    box.n_timers--;
}

static const struct gl_line lane[] = {
    {GL_LINE_INPUT, GL_ZONE_ENTRY, "entry-loop", "a", ENTRY, false, 50},
    {GL_LINE_INPUT, GL_ZONE_EXIT, "exit-loop", "a", EXIT, false, 50},
    {GL_LINE_INPUT, GL_ZONE_EMERGENCY_STOP, "estop", "a", ESTOP, false, 50},
    {.use = GL_LINE_RED, .chip = "a", .offset = RED_LINE},
    {.use = GL_LINE_GREEN, .chip = "a", .offset = GREEN_LINE},
    {.use = GL_LINE_BARRIER, .chip = "a", .offset = BARRIER_LINE},
    {.use = GL_LINE_HEARTBEAT, .chip = "a", .offset = BEAT},
    {.use = GL_LINE_AMBER, .chip = "a", .offset = AMBER_LINE},
};

static struct gl_host host = {
    .abi = GL_PLUGIN_ABI,
    .size = sizeof(struct gl_host),
    .device = "lights",
    .lines = lane,
    .n_lines = GL_COUNT(lane),
    .now = fake_now,
    .reading = fake_reading,
    .health = fake_health,
    .count = fake_count,
    .log = fake_log,
    .watch = fake_watch,
    .unwatch = fake_unwatch,
    .every = fake_every,
    .stop_timer = fake_stop_timer,
};
static void *ctx;

static int fresh(void **state) {
    (void)state;
    memset(memory, 0, sizeof(memory));
    memset(&box, 0, sizeof(box));
    for (size_t i = 0; i < GL_COUNT(memory); i++) memory[i].refuse_claim = memory[i].refuse_set = -1;
    box.now = (struct gl_now){.wall = 1700000000000, .mono = 5000};
    host.lines = lane;
    host.n_lines = GL_COUNT(lane);
    ctx = NULL;
    return 0;
}

/* Nothing may be left behind, and red and green were never lit together, whatever the test did. */
static int done(void **state) {
    (void)state;
    if (ctx) gl_plugin.close(ctx);
    bool clean = box.n_timers == 0 && box.n_watches == 0 && memory[0].opened == 0 && memory[1].opened == 0;
    return clean && !memory[0].together ? 0 : -1;
}

static void start(void) {
    struct gl_error err = {""};
    assert_int_equal(gl_plugin.open(&host, &ctx, &err), 0);
}

static void pass(int64_t ms) {
    for (; ms > 0; ms -= GPIO_TICK_MS) {
        box.now.mono += GPIO_TICK_MS;
        box.now.wall += GPIO_TICK_MS;
        box.timer.tick(box.timer.ctx);
    }
}

static void ask(enum gl_signal signal, int64_t lease_ms) {
    gl_plugin.output(ctx, &(struct gl_output){signal, lease_ms, 3000});
}

static void wake(int chip) {
    for (size_t i = 0; i < GL_COUNT(box.watches); i++)
        if (box.watches[i].ready && box.watches[i].fd == FAKE_FD + chip) box.watches[i].ready(box.watches[i].ctx, FAKE_FD + chip);
}

static void drive(unsigned offset, bool level) {
    struct memory *m = &memory[0];
    m->level[offset] = level;
    if (m->deaf) return;
    m->events[m->n_events++] = (struct gl_chip_event){offset, level};
    wake(0);
}

/* The lamps as letters, the dark ones left out: R, A, G, and B for a barrier that stands up. */
static const char *shown(void) {
    static char text[5];
    const struct memory *m = &memory[0];
    size_t n = 0;
    if (m->level[RED_LINE]) text[n++] = 'R';
    if (m->level[AMBER_LINE]) text[n++] = 'A';
    if (m->level[GREEN_LINE]) text[n++] = 'G';
    if (m->level[BARRIER_LINE]) text[n++] = 'B';
    text[n] = '\0';
    return text;
}

static void assert_reading(size_t i, const char *device, enum gl_zone zone, bool occupied) {
    assert_true(i < box.n_readings);
    assert_string_equal(box.readings[i].device, device);
    assert_int_equal(box.readings[i].kind, GL_READING_PRESENCE);
    assert_int_equal(box.readings[i].value.presence.zone, zone);
    assert_int_equal(box.readings[i].value.presence.occupied, gl_tri(occupied));
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)
