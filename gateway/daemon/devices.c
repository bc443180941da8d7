/* Device processes: who is connected, how each one is, and what each lane's outputs are told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon.h"

enum { STATUS_EVERY_MS = 10000 }; /* counters move on even when the state does not */

static void add_device(struct daemon *d, const struct gl_lane_config *lane, const char *id, bool gpio) {
    struct device_peer *p = &d->devices[d->n_devices++];
    gl_clip(p->id, sizeof p->id, id);
    p->lane = lane;
    p->gpio = gpio;
    gl_fields_clear(&gl_device_status_fields, &p->status);
    memcpy(p->status.device, p->id, sizeof p->status.device);
    memcpy(p->status.lane, lane->id, sizeof p->status.lane);
    p->status.state = GL_DEVICE_OFFLINE;
    p->status.since = d->now.wall;
    gl_clip(p->status.reason, sizeof p->status.reason, "its process has not reported yet");
    gl_engine_device(d->engine, &p->status, d->now);
}

void gl_devices_init(struct daemon *d) {
    for (int i = 0; i < d->config->n_lanes; i++) {
        const struct gl_lane_config *l = &d->config->lanes[i];
        char gpio[GL_ID + 8];
        for (int k = 0; k < l->n_devices; k++)
            if (!l->devices[k].shared) {
                add_device(d, l, l->devices[k].id, false);
                d->devices[d->n_devices - 1].by_loop = gl_config_by_loop(&l->devices[k]);
            }
        gl_format(gpio, sizeof gpio, "%s.gpio", l->id);
        if (l->n_lines) add_device(d, l, gpio, true);
    }
    GL_CLEANUP(gl_buf_free) struct gl_buf payload = GL_BUF(4096);
    gl_outbox_gateway_state(d, "online", &payload);
    if (!payload.failed) gl_outbox_state(d, "state/gateway", payload.data);
}

static int lane_index(const struct daemon *d, const char *lane) {
    for (int i = 0; i < d->config->n_lanes; i++)
        if (strcmp(d->config->lanes[i].id, lane) == 0) return i;
    return -1;
}

/* ---- outputs ---- */
static void tell(struct daemon *d, int lane) {
    const struct gl_signal_state *s = &d->shown[lane];
    struct gl_msg_output out = {.signal = s->signal ? s->signal : (uint8_t)GL_SIGNAL_STOP, .silence_ms = GL_OUTPUT_SILENCE_MS};
    memcpy(out.lane, d->config->lanes[lane].id, sizeof out.lane);
    if (out.signal == GL_SIGNAL_RELEASE) {
        out.lease_until = d->lease_mono[lane];
        if (out.lease_until <= d->now.mono) out.signal = GL_SIGNAL_STOP;
    }
    if (d->stopping) out.signal = GL_SIGNAL_FAULT;
    d->told_mono[lane] = d->now.mono;
    for (int i = 0; i < d->n_devices; i++) {
        struct device_peer *p = &d->devices[i];
        if (p->gpio && p->ch && p->lane == &d->config->lanes[lane]) gl_ipc_send(p->ch, GL_MSG_OUTPUT, &out);
    }
}

void gl_devices_show(struct daemon *d, const struct gl_signal_state *s) {
    int lane = lane_index(d, s->lane);
    if (lane < 0) return;
    d->shown[lane] = *s;
    if (s->signal == GL_SIGNAL_RELEASE)
        d->lease_mono[lane] = d->now.mono + d->config->profiles[d->config->lanes[lane].profile].release_hold_ms;
    tell(d, lane);
}

void gl_devices_all_fault(struct daemon *d) {
    for (int i = 0; i < d->config->n_lanes; i++) tell(d, i);
}

/* ---- states ---- */
static void set_state(struct daemon *d, struct device_peer *p, enum gl_device_state state, const char *reason) {
    if (p->status.state == state && strcmp(p->status.reason, reason) == 0) return;
    if (p->status.state != state) p->status.since = d->now.wall;
    p->status.state = (uint8_t)state;
    gl_clip(p->status.reason, sizeof p->status.reason, reason);
    p->published_mono = d->now.mono;
    gl_log(state == GL_DEVICE_ONLINE ? GL_NOTICE : GL_WARNING, "device %s is %s%s%s", p->id, gl_device_states[state],
           reason[0] ? ": " : "", reason);
    gl_engine_device(d->engine, &p->status, d->now);
}

void gl_devices_connected(struct daemon *d, struct gl_ipc *ch, const struct gl_msg_hello *hello) {
    if (hello->version != GL_IPC_VERSION) {
        gl_ipc_close(ch, "of another version: stop everything and start it again from one installation");
        return;
    }
    for (int i = 0; i < d->n_devices; i++) {
        struct device_peer *p = &d->devices[i];
        if (strcmp(p->id, hello->device) != 0) continue;
        struct gl_ipc *old = p->ch;
        p->ch = ch;
        p->heard_mono = d->now.mono;
        if (old) { /* nobody knows what went unseen between the two */
            gl_ipc_close(old, "replaced by a newer process");
            set_state(d, p, GL_DEVICE_OFFLINE, "its process was replaced by a newer one");
        }
        int lane = lane_index(d, p->lane->id);
        if (p->gpio) tell(d, lane);
        gl_loops_connected(d, p);
        return;
    }
    gl_log(GL_WARNING, "a process says that it serves device '%s', which is not configured", hello->device);
    gl_ipc_close(ch, "not a configured device");
}

/* A device speaks for itself alone; the gpio process speaks for the inputs of its lane, and nobody else says where a vehicle stands. */
static bool its_own(const struct device_peer *p, const char *device) {
    if (!p->gpio) return strcmp(p->id, device) == 0;
    for (int i = 0; i < p->lane->n_lines; i++)
        if (p->lane->lines[i].use == GL_LINE_INPUT && strcmp(p->lane->lines[i].device, device) == 0) return true;
    return false;
}

/* What each class of device can see. Presence is for the gpio process alone; a class that is not listed may send anything else. */
static bool can_send(const struct daemon *d, const struct device_peer *p, uint8_t kind) {
    static const struct {
        const char *plugin;
        unsigned kinds;
    } classes[] = {
        {"anpr", 1U << GL_READING_PLATE | 1U << GL_READING_CLASS | 1U << GL_READING_CONTAINER},
        {"code", 1U << GL_READING_CODE | 1U << GL_READING_CONTAINER},
        {"rfid", 1U << GL_READING_TAG | 1U << GL_READING_SEAL},
        {"radiation", 1U << GL_READING_RADIATION},
    };
    const struct gl_device_config *dc = gl_config_device(d->config, p->id, NULL);
    if (p->gpio || kind == GL_READING_PRESENCE) return p->gpio && kind == GL_READING_PRESENCE;
    for (size_t i = 0; dc && i < GL_COUNT(classes); i++)
        if (strcmp(classes[i].plugin, dc->plugin) == 0) return (classes[i].kinds & (1U << kind)) != 0;
    return dc != NULL;
}

/* The lane that the reading belongs to: its antenna's, where it has one; else its device's. */
static const struct gl_lane_config *lane_of(const struct daemon *d, const struct device_peer *p, const struct gl_reading *r) {
    return r->kind == GL_READING_TAG ? gl_config_lane_of(d->config, p->id, r->value.tag.antenna) : p->lane;
}

static void take_reading(struct daemon *d, struct device_peer *p, const struct gl_reading *in) {
    struct gl_reading *r = (struct gl_reading *)(uintptr_t)in; /* the channel's scratch: ours until the next message */
    const struct gl_lane_config *lane = lane_of(d, p, r);
    const char *wrong = !its_own(p, r->device)     ? "sent a reading in another device's name"
                        : !can_send(d, p, r->kind) ? "sent a reading of a kind that is not its own"
                        : r->kind == GL_READING_TAG && (!lane || strcmp(lane->id, r->lane) != 0)
                            ? "sent a reading for a lane that its antenna does not serve"
                            : NULL;
    if (wrong) {
        gl_ipc_close(p->ch, wrong);
        return;
    }
    memcpy(r->lane, lane->id, sizeof r->lane);
    r->received_at = d->now.wall < r->received_at ? d->now.wall : r->received_at;
    gl_engine_reading(d->engine, r, d->now);
    gl_loops_reading(d, p, r);
}

static void take_status(struct daemon *d, struct device_peer *p, const struct gl_device_status *s) {
    memcpy(p->status.counters, s->counters, sizeof p->status.counters);
    p->status.n_counters = s->n_counters;
    set_state(d, p, (enum gl_device_state)(s->state ? s->state : (uint8_t)GL_DEVICE_DEGRADED), s->reason);
    if (d->now.mono - p->published_mono < STATUS_EVERY_MS) return;
    p->published_mono = d->now.mono;
    gl_engine_device(d->engine, &p->status, d->now);
}

void gl_devices_message(struct daemon *d, struct device_peer *p, enum gl_message_type type, const void *msg) {
    p->heard_mono = d->now.mono;
    if (type == GL_MSG_READING)
        take_reading(d, p, msg);
    else if (type == GL_MSG_DEVICE_STATUS)
        take_status(d, p, msg);
}

void gl_devices_gone(struct daemon *d, struct device_peer *p, const char *reason) {
    char text[GL_DETAIL];
    p->ch = NULL;
    gl_format(text, sizeof text, "its process is gone: %s", reason);
    set_state(d, p, GL_DEVICE_OFFLINE, text);
}

void gl_devices_tick(struct daemon *d) {
    for (int i = 0; i < d->n_devices; i++) {
        struct device_peer *p = &d->devices[i];
        if (!p->ch || d->now.mono - p->heard_mono < d->config->device_silence_ms) continue;
        gl_ipc_close(p->ch, "silent");
        p->heard_mono = d->now.mono;
        set_state(d, p, GL_DEVICE_OFFLINE, "its process says nothing any more");
    }
    for (int i = 0; i < d->config->n_lanes; i++)
        if (d->now.mono - d->told_mono[i] >= GL_OUTPUT_EVERY_MS) tell(d, i);
    gl_loops_tick(d);
}
