/* Chips and their lines: opening and losing a chip, inputs to readings, levels to outputs. */
#include <errno.h>
#include <string.h>

#include "gpio.h"
#include "model/reading.h"

enum { EVENTS_AT_ONCE = 64 }; /* then the loop's other guests have their turn */

static bool is_input(const struct gpio_line *l) {
    return l->conf.use == GL_LINE_INPUT;
}

static void publish(const struct gpio *g, const struct gpio_line *l, struct gl_now now) {
    struct gl_reading r;
    gl_reading_init(&r, GL_READING_PRESENCE);
    if (gl_copy(r.device, sizeof(r.device), l->conf.device) < 0) return; /* the same size, checked at open */
    r.time = now.wall - (now.mono - l->input.since);                     /* when the level came, not when it counted */
    r.received_at = now.wall;
    r.received_mono = now.mono;
    r.value.presence.zone = l->conf.zone;
    r.value.presence.occupied = gl_tri(l->input.level);
    g->host->reading(g->host->user, &r);
}

static void edge(struct gpio_chip *c, const struct gl_chip_event *e, int64_t mono) {
    for (size_t i = 0; i < c->gpio->n_lines; i++) {
        struct gpio_line *l = &c->gpio->lines[i];
        if (l->chip == c && is_input(l) && l->conf.offset == e->offset) gl_debounce_edge(&l->input, e->level, mono);
    }
}

/* The loop says that a chip has edges for us. They only start the waiting; what counts is found by gpio_inputs_look(). But an emergency
 * stop, or a vehicle under the barrier, shows in the outputs at once. */
static void ready(void *ctx, int fd) {
    struct gpio_chip *c = ctx;
    struct gl_now now = c->gpio->host->now(c->gpio->host->user);
    struct gl_chip_event e;
    struct gl_error err = {""};
    int r = 1;

    for (int n = 0; c->handle && r > 0 && n < EVENTS_AT_ONCE; n++) {
        r = c->ops->event(c->handle, fd, &e, &err);
        if (r > 0) edge(c, &e, now.mono);
        if (r < 0) gpio_chip_lose(c, &err);
    }
    gpio_settle(c->gpio);
}

static int claim(struct gpio_line *l, struct gl_now now, struct gl_error *err) {
    struct gpio_chip *c = l->chip;
    bool level;
    int r = is_input(l) ? c->ops->claim_input(c->handle, l->conf.offset, l->conf.active_low, &level, err)
                        : c->ops->claim_output(c->handle, l->conf.offset, l->conf.active_low, &level, err);
    if (r < 0) return r;
    l->claimed = true;
    l->driven = false;
    l->level = level;
    if (is_input(l)) gl_debounce_start(&l->input, level, now.mono);
    return 0;
}

static int watch(struct gpio_chip *c, struct gl_error *err) {
    const struct gl_host *host = c->gpio->host;
    int fds[GL_CHIP_CLAIMS];
    size_t n = c->ops->fds(c->handle, fds, GL_COUNT(fds));
    for (size_t i = 0; i < n; i++) {
        struct gl_watch *w = host->watch(host->user, fds[i], ready, c);
        if (!w) return gl_fail(err, -EIO, "its edges cannot be watched: the device process is out of descriptors or memory");
        c->watches[c->n_watches++] = w;
    }
    return 0;
}

void gpio_chip_open(struct gpio_chip *c) {
    struct gpio *g = c->gpio;
    struct gl_now now = g->host->now(g->host->user);
    struct gl_error err = {""}, first = {""};
    int r = c->ops->open(c->path, &c->handle, &first);

    if (r < 0) {
        c->handle = NULL;
        gpio_chip_lose(c, &first);
        return;
    }
    /* Every line that can be had is taken even when another cannot: then at least the lamps go to the safe state. */
    for (size_t i = 0; i < g->n_lines; i++)
        if (g->lines[i].chip == c && claim(&g->lines[i], now, &err) < 0 && !*first.text) first = err;
    if (!*first.text && watch(c, &err) < 0) first = err;
    if (*first.text) {
        gpio_chip_lose(c, &first);
        return;
    }
    for (size_t i = 0; i < g->n_lines; i++)
        if (g->lines[i].chip == c && is_input(&g->lines[i])) publish(g, &g->lines[i], now);
}

void gpio_chip_close(struct gpio_chip *c) {
    struct gpio *g = c->gpio;
    for (size_t i = 0; i < c->n_watches; i++) g->host->unwatch(g->host->user, c->watches[i]);
    c->n_watches = 0;
    c->ops->close(c->handle);
    c->handle = NULL;
    for (size_t i = 0; i < g->n_lines; i++) {
        if (g->lines[i].chip != c) continue;
        g->lines[i].claimed = false;
        gl_debounce_lose(&g->lines[i].input);
    }
}

static int set(struct gpio_line *l, bool level, struct gl_error *err) {
    int r = l->chip->ops->set(l->chip->handle, l->conf.offset, level, err);
    if (r < 0) return r;
    l->level = level;
    l->driven = true;
    return 0;
}

/* The safe state, line by line, whether or not another line obeys. Red is lit even if green did not go off: seen together they mean stop,
 * green alone would mean go. */
static void force_safe(struct gpio_chip *c) {
    struct gpio *g = c->gpio;
    unsigned levels = gl_output_levels(GL_SIGNAL_FAULT, gpio_barrier_up(g), gpio_zone_clear(g, GL_ZONE_EXIT));
    for (size_t s = 0; s < GL_OUTPUT_STEPS; s++) {
        bool on = levels & 1u << gl_output_steps[s].use;
        for (size_t i = 0; i < g->n_lines && on == gl_output_steps[s].level; i++) {
            struct gpio_line *l = &g->lines[i];
            if (l->chip == c && l->claimed && l->conf.use == gl_output_steps[s].use) (void)set(l, on, NULL);
        }
    }
}

void gpio_chip_lose(struct gpio_chip *c, const struct gl_error *why) {
    if (c->handle) force_safe(c);
    gpio_chip_close(c);
    c->why = *why;
    c->reopen_at = c->gpio->host->now(c->gpio->host->user).mono + GPIO_REOPEN_MS;
}

/* Events can be lost (the kernel keeps 16 per line), so what the line says now is asked, too. */
static void look(struct gpio_line *l, int64_t mono) {
    struct gl_error err = {""};
    bool level;
    if (l->chip->ops->get(l->chip->handle, l->conf.offset, &level, &err) < 0)
        gpio_chip_lose(l->chip, &err);
    else
        gl_debounce_edge(&l->input, level, mono);
}

void gpio_inputs_look(struct gpio *g, bool all) {
    struct gl_now now = g->host->now(g->host->user);
    for (size_t i = 0; i < g->n_lines; i++) {
        struct gpio_line *l = &g->lines[i];
        if (!is_input(l) || !l->claimed) continue;
        if (all || gl_debounce_pending(&l->input)) look(l, now.mono);
        if (gl_debounce_tick(&l->input, now.mono)) publish(g, l, now);
    }
}

bool gpio_zone_clear(const struct gpio *g, enum gl_zone zone) {
    for (size_t i = 0; i < g->n_lines; i++) {
        const struct gpio_line *l = &g->lines[i];
        if (is_input(l) && l->conf.zone == zone && !gl_debounce_clear(&l->input)) return false;
    }
    return true;
}

bool gpio_barrier_up(const struct gpio *g) {
    for (size_t i = 0; i < g->n_lines; i++)
        if (g->lines[i].conf.use == GL_LINE_BARRIER && g->lines[i].claimed && g->lines[i].level) return true;
    return false;
}

static int write_step(struct gpio *g, const struct gl_output_step *step) {
    for (size_t i = 0; i < g->n_lines; i++) {
        struct gpio_line *l = &g->lines[i];
        struct gl_error err = {""};
        if (l->conf.use != step->use || !l->claimed || (l->driven && l->level == step->level)) continue;
        int r = set(l, step->level, &err);
        if (r < 0) {
            gpio_chip_lose(l->chip, &err);
            return r;
        }
    }
    return 0;
}

int gpio_outputs_write(struct gpio *g, unsigned levels) {
    for (size_t s = 0; s < GL_OUTPUT_STEPS; s++) {
        const struct gl_output_step *step = &gl_output_steps[s];
        bool on = levels & 1u << step->use;
        int r = on == step->level ? write_step(g, step) : 0;
        if (r < 0) return r;
    }
    return 0;
}

int gpio_heartbeat(struct gpio *g) {
    for (size_t i = 0; i < g->n_lines; i++) {
        struct gpio_line *l = &g->lines[i];
        struct gl_error err = {""};
        if (l->conf.use != GL_LINE_HEARTBEAT || !l->claimed) continue;
        int r = set(l, !l->level, &err);
        if (r < 0) {
            gpio_chip_lose(l->chip, &err);
            return r;
        }
    }
    return 0;
}
