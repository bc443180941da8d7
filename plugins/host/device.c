/* Bringing one device up, running its loop, and taking it down with its outputs safe. */
#include "host/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "host/evidence.h"
#include "host/run.h"
#include "sandbox/sandbox.h"

enum { LOG_BURST = 20, LOG_EVERY_MS = 3000, CLOSE_WITHIN_MS = 2000 };

void gl_device_log(struct gl_device *d, enum gl_level level, const char *fmt, ...) {
    if (!gl_log_allowed(&d->log_quota, LOG_BURST, LOG_EVERY_MS, gl_now_read().mono)) return;
    char text[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (d->log_quota.dropped > 0)
        gl_log(level, "%s (%llu lines held back before)", text, (unsigned long long)d->log_quota.dropped);
    else
        gl_log(level, "%s", text);
    d->log_quota.dropped = 0;
}

void gl_device_stop(struct gl_device *d, int exit_code, const char *why) {
    if (d->stopping) return;
    gl_log(exit_code == 0 ? GL_INFO : GL_ERROR, "%s: ending: %s", d->id, why);
    d->stopping = true;
    d->exit_code = exit_code;
    uv_stop(&d->loop);
}

void gl_device_tell(struct gl_device *d, bool always) {
    if (d->stopping) return;
    uint8_t before = d->health.status.state;
    bool changed = gl_health_update(&d->health, gl_now_read());
    const struct gl_device_status *s = &d->health.status;
    if (changed)
        gl_device_log(d, s->state == before || s->state == GL_DEVICE_ONLINE ? GL_INFO : GL_WARNING, "%s is %s%s%s", d->id,
                      gl_device_states[s->state], s->reason[0] ? ": " : "", s->reason);
    if (changed || always) gl_uplink_status(d);
}

/* ---- up ------------------------------------------------------------------------------------------------------------------------------ */

/* "user:password" from a file of one line. */
static int read_secret(const char *file, char *out, size_t size, struct gl_error *err) {
    GL_CLEANUP(gl_close_fd) int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return gl_fail(err, -errno, "cannot read the secret file %s: %s", file, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) == 0 && st.st_mode & S_IROTH) gl_log(GL_WARNING, "%s can be read by everybody: chmod o-r", file);
    ssize_t n = read(fd, out, size - 1);
    if (n < 0) return gl_fail(err, -errno, "cannot read the secret file %s: %s", file, strerror(errno));
    out[n] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    if ((size_t)n == size - 1 || !strchr(out, ':'))
        return gl_fail(err, -EINVAL, "%s: its first line must read user:password, at most %zu characters", file, size - 2);
    return 0;
}

static int find(struct gl_device *d, const char *id, struct gl_error *err) {
    if (gl_copy(d->id, sizeof d->id, id) < 0)
        return gl_fail(err, -EINVAL, "--device %s: an id has at most %zu characters", id, sizeof d->id - 1);
    d->dev = gl_config_device(d->config, id, &d->lane);
    const char *dot = strrchr(id, '.');
    if (!d->dev && dot && strcmp(dot, ".gpio") == 0) {
        char lane[GL_ID] = "";
        if (gl_copyn(lane, sizeof lane, id, (size_t)(dot - id)) == 0) d->lane = gl_config_lane(d->config, lane);
        if (d->lane && d->lane->n_lines > 0) return 0;
        d->lane = NULL;
    }
    return d->dev && d->lane ? 0
                             : gl_fail(err, -ENOENT, "%s has no device %s: a device's id is LANE.NAME, or LANE.gpio for its lines",
                                       d->config->file, id);
}

static int open_plugin(struct gl_device *d, struct gl_error *err) {
    const char *name = d->dev ? d->dev->plugin : "gpio";
    int rc = gl_plugin_load(d->config->paths.plugins, name, &d->plugin, err);
    if (rc < 0) return rc;
    if (d->dev) {
        d->settings = (struct gl_settings){d->dev->n_settings, d->dev->settings};
        d->protocol = gl_plugin_protocol(d->plugin, d->dev->protocol);
        if (!d->protocol) return gl_fail(err, -ENOENT, "%s: the plugin %s has no protocol %s", d->id, name, d->dev->protocol);
        rc = gl_address_parse(d->dev->at, d->protocol, &d->at, err);
        if (rc == 0 && d->dev->secret[0]) rc = read_secret(d->dev->secret, d->secret, sizeof d->secret, err);
        if (rc < 0) return rc;
    }
    gl_services_init(d);
    struct gl_error why = {""};
    rc = d->plugin->open ? d->plugin->open(&d->host, &d->ctx, &why) : 0;
    if (rc < 0) return gl_fail(err, rc, "%s: the plugin %s cannot start: %s", d->id, name, why.text);
    d->plugin_open = true;
    return d->protocol ? gl_feed_open(d, err) : 0;
}

static int open_evidence(struct gl_device *d, struct gl_error *err) {
    char root[GL_PATH + 16];
    gl_format(root, sizeof root, "%s/evidence", d->config->paths.state);
    d->evidence = d->protocol ? gl_evidence_open(root, err) : -1;
    return d->protocol && d->evidence < 0 ? d->evidence : 0;
}

static void on_tick(uv_timer_t *timer) {
    gl_feed_tick(timer->data);
}

static void on_second(uv_timer_t *timer) {
    gl_device_tell(timer->data, true);
    sd_notify(0, "WATCHDOG=1");
}

static void on_signal(uv_signal_t *s, int number) {
    gl_device_stop(s->data, 0, number == SIGTERM ? "asked to (SIGTERM)" : "asked to (SIGINT)");
}

static int start_loop(struct gl_device *d) {
    int rc = uv_loop_init(&d->loop);
    if (rc < 0) return rc;
    uv_timer_init(&d->loop, &d->tick);
    uv_timer_init(&d->loop, &d->second);
    uv_timer_init(&d->loop, &d->reach);
    uv_signal_init(&d->loop, &d->term);
    uv_signal_init(&d->loop, &d->intr);
    d->tick.data = d->second.data = d->reach.data = d->term.data = d->intr.data = d;
    uv_timer_start(&d->tick, on_tick, GL_TICK_MS, GL_TICK_MS);
    uv_timer_start(&d->second, on_second, GL_STATUS_MS, GL_STATUS_MS);
    uv_signal_start(&d->term, on_signal, SIGTERM);
    uv_signal_start(&d->intr, on_signal, SIGINT);
    return 0;
}

static int bring_up(struct gl_device *d, struct gl_error *err) {
    gl_health_init(&d->health, d->id, d->lane->id, "starting", gl_now_read());
    int rc = open_plugin(d, err);
    if (rc == 0) rc = open_evidence(d, err);
    if (rc == 0) rc = gl_feed_offer(d, err);
    if (rc < 0) return rc;
    if (!d->protocol) gl_health_standing(&d->health, NULL);
    bool video = d->protocol && d->at.transport == GL_TRANSPORT_VIDEO;
    const char *file = video && strcmp(d->at.scheme, "file") == 0 ? d->at.path : "";
    bool nodes = !d->protocol || d->at.transport == GL_TRANSPORT_SERIAL || (video && strcmp(d->at.scheme, "v4l2") == 0);
    struct gl_sandbox box = {.read = &file, .n_read = 1, .store = d->evidence, .nodes = nodes};
    return gl_sandbox_enter(&box, err);
}

/* ---- down ---------------------------------------------------------------------------------------------------------------------------- */
static void close_plugin(struct gl_device *d) {
    if (d->plugin_open && d->plugin->close) d->plugin->close(d->ctx);
    d->plugin_open = false;
    gl_services_close(d);
}

/* Tells greenlaned at once rather than by silence, and gives up what is queued. */
static void say_goodbye(struct gl_device *d) {
    if (!d->uplink) return;
    gl_health_standing(&d->health, "its process has ended");
    gl_health_update(&d->health, gl_now_read());
    if (gl_ipc_queued(d->uplink) == 0) gl_ipc_send(d->uplink, GL_MSG_DEVICE_STATUS, &d->health.status);
    gl_ipc_close(d->uplink, "ending");
}

static void on_guard(uv_timer_t *guard) {
    uv_stop(guard->loop);
}

/* Runs the loop until everything is closed, but not for long: a name look-up may hang. */
static void drain(struct gl_device *d) {
    uv_timer_t guard;
    uv_timer_init(&d->loop, &guard);
    uv_unref((uv_handle_t *)&guard);
    uv_timer_start(&guard, on_guard, CLOSE_WITHIN_MS, 0);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    if (!uv_is_active((uv_handle_t *)&guard)) _exit(d->exit_code);
    uv_close((uv_handle_t *)&guard, NULL);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    uv_loop_close(&d->loop);
}

static void take_down(struct gl_device *d) {
    d->stopping = true;
    close_plugin(d);
    gl_feed_close(d);
    say_goodbye(d);
    uv_close((uv_handle_t *)&d->tick, NULL);
    uv_close((uv_handle_t *)&d->second, NULL);
    uv_close((uv_handle_t *)&d->reach, NULL);
    uv_close((uv_handle_t *)&d->term, NULL);
    uv_close((uv_handle_t *)&d->intr, NULL);
    drain(d);
    gl_close_fd(&d->evidence);
    free(d->pending);
}

int gl_device_run(const struct gl_config *config, const char *id) {
    GL_CLEANUP(gl_freep) struct gl_device *d = calloc(1, sizeof *d);
    struct gl_error err = {""};
    if (!d) return 1;
    d->config = config;
    d->evidence = -1;
    if (find(d, id, &err) < 0) {
        gl_log(GL_ERROR, "%s", err.text);
        return 2;
    }
    if (start_loop(d) < 0) return 1;
    if (bring_up(d, &err) < 0) {
        gl_log(GL_ERROR, "%s", err.text);
        d->exit_code = 1;
    } else {
        sd_notify(0, "READY=1");
        gl_uplink_start(d);
        while (!d->stopping) uv_run(&d->loop, UV_RUN_DEFAULT);
        sd_notify(0, "STOPPING=1");
    }
    take_down(d);
    return d->exit_code;
}
