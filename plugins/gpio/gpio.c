/* The gpio plugin: loops, limit switches and the emergency stop in; lamps, barrier and heartbeat out.
 *
 * It guards the last step of a release. Whatever greenlaned says, the lamps fall to red when greenlaned falls silent, when the release's
 * lease has run out, while the emergency stop is pressed or unknown, and while any chip of the lane is lost. All this is measured here, on
 * the monotonic clock. A process that is killed leaves its lines as they stand: against that an external relay watches the heartbeat line. */
#include "gpio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static int64_t mono(const struct gpio *g) {
    return g->host->now(g->host->user).mono;
}

static const struct gpio_chip *lost_chip(const struct gpio *g) {
    for (size_t i = 0; i < g->n_chips; i++)
        if (!g->chips[i].handle) return &g->chips[i];
    return NULL;
}

static const char *hindrance(const struct gpio *g) {
    if (lost_chip(g)) return "a gpio chip is lost";
    if (!gpio_zone_clear(g, GL_ZONE_EMERGENCY_STOP)) return "the emergency stop is active";
    return gl_asked_hindrance(&g->asked, mono(g));
}

static void tell_hindrance(struct gpio *g, const char *why) {
    char text[96];
    if (why == g->hindrance) return; /* fixed texts: the same text is the same pointer */
    g->hindrance = why;
    if (why)
        gl_format(text, sizeof(text), "outputs in the safe state: %s", why);
    else
        gl_format(text, sizeof(text), "outputs show what greenlaned asks for");
    g->host->log(g->host->user, why ? GL_WARNING : GL_INFO, text);
}

static void tell_health(struct gpio *g) {
    char text[sizeof(g->health)] = "";
    const struct gpio_chip *c = lost_chip(g);
    if (c) gl_format(text, sizeof(text), "gpio chip %s: %s; tried again every second", c->name, c->why.text);
    if (g->health_told && strcmp(text, g->health) == 0) return;
    g->health_told = true;
    memcpy(g->health, text, sizeof(text));
    g->host->health(g->host->user, g->health);
}

void gpio_settle(struct gpio *g) {
    /* A write that fails loses a chip, and then something else is to be shown on the others: each round loses one, or is the last. */
    for (size_t round = 0; round <= g->n_chips; round++) {
        const char *why = hindrance(g);
        if (why) gl_asked_revoke(&g->asked);
        tell_hindrance(g, why);
        uint8_t signal = why ? (uint8_t)GL_SIGNAL_FAULT : g->asked.signal;
        if (gpio_outputs_write(g, gl_output_levels(signal, gpio_barrier_up(g), gpio_zone_clear(g, GL_ZONE_EXIT))) == 0) break;
    }
    tell_health(g);
}

/* Only while all is well: an external relay takes a heartbeat that stands still for a dead gateway and forces the lane red. */
static void beat(struct gpio *g, int64_t now) {
    if (lost_chip(g) || !gl_asked_fresh(&g->asked, now) || now < g->beat_at) return;
    g->beat_at = now - g->beat_at < GPIO_BEAT_MS ? g->beat_at + GPIO_BEAT_MS : now + GPIO_BEAT_MS;
    if (gpio_heartbeat(g) < 0) gpio_settle(g);
}

static void tick(void *ctx) {
    struct gpio *g = ctx;
    int64_t now = mono(g);

    for (size_t i = 0; i < g->n_chips; i++)
        if (!g->chips[i].handle && now >= g->chips[i].reopen_at) gpio_chip_open(&g->chips[i]);
    bool all = now >= g->look_at;
    if (all) g->look_at = now + GPIO_BEAT_MS;
    gpio_inputs_look(g, all);
    gpio_settle(g);
    beat(g, now);
}

static struct gpio_chip *chip_named(struct gpio *g, const char *name) {
    for (size_t i = 0; i < g->n_chips; i++)
        if (strcmp(g->chips[i].name, name) == 0) return &g->chips[i];
    if (g->n_chips == GPIO_CHIPS) return NULL;
    struct gpio_chip *c = &g->chips[g->n_chips++];
    c->gpio = g;
    c->name = name;
    c->ops = gl_chip_for(name, &c->path);
    return c;
}

static int check_line(const struct gpio *g, const struct gl_line *l, struct gl_error *err) {
    if (!*l->chip)
        return gl_fail(err, -EINVAL, "a gpio line (offset %u) names no chip: write it as gpiochip0/%u", l->offset, l->offset);
    if (l->debounce_ms < 0 || l->debounce_ms > GPIO_DEBOUNCE_MAX_MS)
        return gl_fail(err, -EINVAL, "%s/%u: a debounce time of %lld ms; 0 to %d ms make sense", l->chip, l->offset,
                       (long long)l->debounce_ms, GPIO_DEBOUNCE_MAX_MS);
    if (l->use == GL_LINE_INPUT && (!*l->device || l->zone == GL_ZONE_NONE))
        return gl_fail(err, -EINVAL, "%s/%u: an input needs a device and a zone (entry, exit, ...)", l->chip, l->offset);
    for (size_t i = 0; i < g->n_lines; i++)
        if (g->lines[i].conf.offset == l->offset && strcmp(g->lines[i].conf.chip, l->chip) == 0)
            return gl_fail(err, -EINVAL, "%s/%u is used twice in this lane: each line has one use", l->chip, l->offset);
    return 0;
}

static int add_line(struct gpio *g, const struct gl_line *conf, struct gl_error *err) {
    int r = check_line(g, conf, err);
    if (r < 0) return r;

    struct gpio_line *l = &g->lines[g->n_lines];
    l->conf = *conf;
    l->input.hold_ms = conf->debounce_ms;
    l->chip = chip_named(g, l->conf.chip);
    if (!l->chip) return gl_fail(err, -E2BIG, "%s: one lane uses at most %d gpio chips", conf->chip, GPIO_CHIPS);
    g->n_lines++;
    return 0;
}

static bool has(const struct gpio *g, enum gl_line_use use, enum gl_zone zone) {
    for (size_t i = 0; i < g->n_lines; i++)
        if (g->lines[i].conf.use == use && (use != GL_LINE_INPUT || g->lines[i].conf.zone == zone)) return true;
    return false;
}

static void gpio_free(struct gpio *g) {
    const struct gl_host *host = g->host;
    if (g->timer) host->stop_timer(host->user, g->timer);
    for (size_t i = 0; i < g->n_chips; i++) gpio_chip_close(&g->chips[i]);
    free(g);
}

static int prepare(struct gpio *g, struct gl_error *err) {
    const struct gl_host *host = g->host;
    if (host->n_lines == 0 || host->n_lines > GPIO_LINES)
        return gl_fail(err, -EINVAL, "%zu gpio lines are configured; a gpio device has 1 to %d", host->n_lines, GPIO_LINES);
    for (size_t i = 0; i < host->n_lines; i++) {
        int r = add_line(g, &host->lines[i], err);
        if (r < 0) return r;
    }
    if (has(g, GL_LINE_BARRIER, GL_ZONE_NONE) && !has(g, GL_LINE_INPUT, GL_ZONE_EXIT))
        host->log(host->user, GL_WARNING,
                  "a barrier without an exit loop: it falls without knowing whether a vehicle stands under it");
    g->timer = host->every(host->user, GPIO_TICK_MS, tick, g);
    return g->timer ? 0 : gl_fail(err, -EIO, "no timer: the device process is out of memory");
}

static int gpio_open(const struct gl_host *host, void **ret_ctx, struct gl_error *err) {
    if (host->abi != GL_PLUGIN_ABI || host->size < sizeof(*host))
        return gl_fail(err, -EINVAL, "the device host speaks plugin ABI %u, this plugin speaks %d: install both from one version",
                       host->abi, GL_PLUGIN_ABI);
    struct gpio *g = calloc(1, sizeof(*g));
    if (!g) return gl_fail(err, -ENOMEM, "out of memory");
    g->host = host;

    int r = prepare(g, err);
    if (r < 0) {
        gpio_free(g);
        return r;
    }
    for (size_t i = 0; i < g->n_chips; i++) gpio_chip_open(&g->chips[i]); /* a chip that is not there yet is tried again */
    gpio_settle(g);
    *ret_ctx = g;
    return 0;
}

static void gpio_output(void *ctx, const struct gl_output *o) {
    struct gpio *g = ctx;
    gl_asked_set(&g->asked, o, mono(g));
    gpio_settle(g);
}

static void gpio_close(void *ctx) {
    struct gpio *g = ctx;
    if (!g) return;
    g->asked = (struct gl_asked){0};
    gpio_settle(g);
    gpio_free(g);
}

static const struct gl_protocol *const no_protocols[] = {NULL};

__attribute__((visibility("default"))) const struct gl_plugin gl_plugin = {
    .abi = GL_PLUGIN_ABI,
    .size = sizeof(struct gl_plugin),
    .name = "gpio",
    .protocols = no_protocols,
    .open = gpio_open,
    .output = gpio_output,
    .close = gpio_close,
};
