/* The way to greenlaned: reached for with a doubling delay; once it is lost, this process ends, so that outputs are safe and states start afresh. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/device.h"
#include "sandbox/sandbox.h"

enum { FIRST_MS = 100, LAST_MS = 2000 };

static void on_output(struct gl_device *d, const struct gl_msg_output *m) {
    if (strcmp(m->lane, d->lane->id) != 0 || m->signal == GL_SIGNAL_NONE) {
        gl_device_log(d, GL_ERROR, "%s: greenlaned sent an output for lane \"%s\", signal %u: ignored", d->id, m->lane, m->signal);
        return;
    }
    int64_t lease_ms = m->lease_until - gl_now_read().mono; /* what this process slept through is gone */
    struct gl_output o = {
        .signal = m->signal, .lease_ms = lease_ms > 0 ? lease_ms : 0, .silence_ms = m->silence_ms > 0 ? m->silence_ms : 0};
    if (d->plugin->output && d->plugin_open) d->plugin->output(d->ctx, &o);
}

static void on_presence(struct gl_device *d, const struct gl_msg_presence *m) {
    if (strcmp(m->lane, d->lane->id) != 0)
        gl_device_log(d, GL_ERROR, "%s: greenlaned sent the presence of lane \"%s\": ignored", d->id, m->lane);
    else if (d->carrier && d->carrier->ops->presence)
        d->carrier->ops->presence(d->carrier, m->present, m->until);
}

static void on_message(void *user, struct gl_ipc *ch GL_UNUSED, enum gl_message_type type, const void *msg) {
    struct gl_device *d = user;
    if (type == GL_MSG_OUTPUT && !d->stopping) on_output(d, msg);
    if (type == GL_MSG_PRESENCE && !d->stopping) on_presence(d, msg);
}

static void on_closed(void *user, struct gl_ipc *ch GL_UNUSED, const char *reason) {
    struct gl_device *d = user;
    char why[GL_DETAIL + 32];
    d->uplink = NULL;
    gl_format(why, sizeof why, "lost greenlaned: %s", reason);
    gl_device_stop(d, 1, why);
}

static const struct gl_ipc_events events = {on_message, on_closed};

static void post(struct gl_device *d, enum gl_message_type type, const void *msg) {
    int rc = gl_ipc_send(d->uplink, type, msg);
    if (rc == -EPIPE)
        gl_device_stop(d, 1, "lost greenlaned: it takes no more messages");
    else if (rc < 0)
        gl_device_log(d, GL_ERROR, "%s: a %s message cannot be sent: %s (a bug)", d->id, gl_messages[type].name, strerror(-rc));
}

static void say_hello(struct gl_device *d) {
    struct gl_msg_hello hello = {.version = GL_IPC_VERSION, .pid = getpid(), .program = "greenlane-device"};
    gl_clip(hello.device, sizeof hello.device, d->id);
    post(d, GL_MSG_HELLO, &hello);
    gl_device_tell(d, true);
    for (size_t i = 0; i < d->n_pending; i++) post(d, GL_MSG_READING, &d->pending[i]);
    d->n_pending = 0;
    free(d->pending);
    d->pending = NULL;
}

static void on_reach(uv_timer_t *timer) {
    struct gl_device *d = timer->data;
    struct gl_error err = {""};
    char path[GL_PATH + 16];
    gl_format(path, sizeof path, "%s/device.sock", d->config->paths.run);
    int fd = gl_ipc_connect(path, &err);
    int rc = fd < 0 ? fd : gl_ipc_open(&d->loop, fd, GL_ACCEPT(GL_MSG_OUTPUT) | GL_ACCEPT(GL_MSG_PRESENCE), &events, d, &d->uplink);
    if (rc < 0) {
        if (d->uplink_wait_ms == FIRST_MS) gl_device_log(d, GL_NOTICE, "%s: waiting for greenlaned: %s", d->id, err.text);
        uv_timer_start(timer, on_reach, (uint64_t)d->uplink_wait_ms, 0);
        d->uplink_wait_ms = d->uplink_wait_ms * 2 < LAST_MS ? d->uplink_wait_ms * 2 : LAST_MS;
        return;
    }
    /* From here on the device's own bytes come in. Who has no protocol parses none, and its simulated chip is behind such a socket, too. */
    if (d->protocol && gl_sandbox_seal(&err) < 0) {
        gl_device_stop(d, 1, err.text);
        return;
    }
    say_hello(d);
    rc = gl_feed_start(d);
    if (rc < 0) gl_device_stop(d, 1, "the transport cannot be opened");
}

void gl_uplink_start(struct gl_device *d) {
    d->uplink_wait_ms = FIRST_MS;
    uv_timer_start(&d->reach, on_reach, 0, 0);
}

/* Only what a plugin sees at its start comes before greenlaned is there. When that grows too much, this process starts anew: what counts is how the
 * lines stand then, not how they stood before. */
static void hold(struct gl_device *d, const struct gl_reading *r) {
    if (!d->pending) d->pending = calloc(GL_MAX_PENDING, sizeof *d->pending);
    if (!d->pending || d->n_pending == GL_MAX_PENDING)
        gl_device_stop(d, 1, "too many readings while greenlaned was away");
    else
        d->pending[d->n_pending++] = *r;
}

void gl_uplink_reading(struct gl_device *d, const struct gl_reading *r) {
    if (d->stopping) return;
    if (d->uplink)
        post(d, GL_MSG_READING, r);
    else
        hold(d, r);
}

void gl_uplink_status(struct gl_device *d) {
    if (d->uplink) post(d, GL_MSG_DEVICE_STATUS, &d->health.status);
}
