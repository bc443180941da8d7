/* What the host does for a plugin: the clock, readings, health, counters, log lines, watched descriptors and timers. */
#include <stdlib.h>
#include <string.h>

#include "host/device.h"

struct gl_watch {
    uv_poll_t poll;
    int fd;
    void (*ready)(void *ctx, int fd);
    void *ctx;
};

struct gl_timer {
    uv_timer_t timer;
    void (*tick)(void *ctx);
    void *ctx;
};

static struct gl_now host_now(void *user GL_UNUSED) {
    return gl_now_read();
}

static void host_reading(void *user, struct gl_reading *r) {
    struct gl_device *d = user;
    struct gl_now now = gl_now_read();
    if (r->device[0] == '\0') gl_clip(r->device, sizeof r->device, d->id);
    if (r->lane[0] == '\0' && !gl_feed_place(d, r)) return;
    if (d->protocol && !d->quota_paid && !gl_feed_within_quota(d, now)) return;
    if (r->received_at == 0) {
        r->received_at = now.wall;
        r->received_mono = now.mono;
    }
    if (r->time == 0) r->time = r->received_at;
    gl_health_count(&d->health, "readings", 1);
    gl_uplink_reading(d, r);
}

static void host_health(void *user, const char *reason) {
    struct gl_device *d = user;
    gl_health_plugin(&d->health, reason);
    gl_device_tell(d, false);
}

static void host_count(void *user, const char *counter) {
    struct gl_device *d = user;
    gl_health_count(&d->health, counter, 1);
}

static void host_log(void *user, int level, const char *text) {
    struct gl_device *d = user;
    gl_device_log(d, level >= GL_ERROR && level <= GL_DEBUG ? (enum gl_level)level : GL_WARNING, "%s: %s", d->id, text);
}

static void on_ready(uv_poll_t *poll, int status GL_UNUSED, int events GL_UNUSED) {
    struct gl_watch *w = poll->data;
    w->ready(w->ctx, w->fd); /* an error shows when the plugin reads */
}

static void on_closed(uv_handle_t *h) {
    free(h->data);
}

static struct gl_watch *host_watch(void *user, int fd, void (*ready)(void *ctx, int fd), void *ctx) {
    struct gl_device *d = user;
    size_t i = 0;
    while (i < GL_MAX_WATCHES && d->watches[i]) i++;
    struct gl_watch *w = i < GL_MAX_WATCHES ? calloc(1, sizeof *w) : NULL;
    if (!w) return NULL;
    *w = (struct gl_watch){.fd = fd, .ready = ready, .ctx = ctx};
    if (uv_poll_init(&d->loop, &w->poll, fd) < 0) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    if (uv_poll_start(&w->poll, UV_READABLE | UV_PRIORITIZED, on_ready) < 0) {
        uv_close((uv_handle_t *)&w->poll, on_closed);
        return NULL;
    }
    return d->watches[i] = w;
}

static void host_unwatch(void *user, struct gl_watch *w) {
    struct gl_device *d = user;
    for (size_t i = 0; i < GL_MAX_WATCHES; i++)
        if (w && d->watches[i] == w) {
            d->watches[i] = NULL;
            uv_close((uv_handle_t *)&w->poll, on_closed);
        }
}

static void on_timer(uv_timer_t *timer) {
    struct gl_timer *t = timer->data;
    t->tick(t->ctx);
}

static struct gl_timer *host_every(void *user, int64_t ms, void (*tick)(void *ctx), void *ctx) {
    struct gl_device *d = user;
    size_t i = 0;
    while (i < GL_MAX_WATCHES && d->timers[i]) i++;
    struct gl_timer *t = i < GL_MAX_WATCHES && ms > 0 ? calloc(1, sizeof *t) : NULL;
    if (!t) return NULL;
    *t = (struct gl_timer){.tick = tick, .ctx = ctx};
    uv_timer_init(&d->loop, &t->timer);
    t->timer.data = t;
    uv_timer_start(&t->timer, on_timer, (uint64_t)ms, (uint64_t)ms);
    return d->timers[i] = t;
}

static void host_stop_timer(void *user, struct gl_timer *t) {
    struct gl_device *d = user;
    for (size_t i = 0; i < GL_MAX_WATCHES; i++)
        if (t && d->timers[i] == t) {
            d->timers[i] = NULL;
            uv_close((uv_handle_t *)&t->timer, on_closed);
        }
}

void gl_services_init(struct gl_device *d) {
    d->host = (struct gl_host){
        .abi = GL_PLUGIN_ABI,
        .size = sizeof(struct gl_host),
        .user = d,
        .device = d->id,
        .settings = &d->settings,
        .lines = d->dev ? NULL : d->lane->lines,
        .n_lines = d->dev ? 0 : d->lane->n_lines,
        .now = host_now,
        .reading = host_reading,
        .health = host_health,
        .count = host_count,
        .log = host_log,
        .watch = host_watch,
        .unwatch = host_unwatch,
        .every = host_every,
        .stop_timer = host_stop_timer,
    };
}

void gl_services_close(struct gl_device *d) {
    for (size_t i = 0; i < GL_MAX_WATCHES; i++) {
        host_unwatch(d, d->watches[i]);
        host_stop_timer(d, d->timers[i]);
    }
}
