/* What devices that work by the loop are told: whether a vehicle is in their lane. Nobody else hears of it.
 *
 *     entry input, open passages ──► yes, no, nobody knows ──► cameras with `trigger: loop`
 *
 * "No" needs a witness: the process of the lane's inputs is connected and well, and has said since it came how the entry stands. It is told at each
 * change and again every GL_OUTPUT_EVERY_MS; what is GL_OUTPUT_SILENCE_MS old is nothing any more, and the camera then looks at whatever moves. */
#include <string.h>

#include "daemon/daemon.h"

static bool of_lane(const struct daemon *d, const struct device_peer *p, int lane) {
    return p->lane == &d->config->lanes[lane];
}

static bool anybody_listens(const struct daemon *d, int lane) {
    for (int i = 0; i < d->n_devices; i++)
        if (d->devices[i].by_loop && d->devices[i].ch && of_lane(d, &d->devices[i], lane)) return true;
    return false;
}

static bool inputs_are_well(const struct daemon *d, int lane) {
    for (int i = 0; i < d->n_devices; i++) {
        const struct device_peer *p = &d->devices[i];
        if (p->gpio && of_lane(d, p, lane)) return p->ch && p->status.state == GL_DEVICE_ONLINE;
    }
    return false;
}

/* A tri. */
static uint8_t present(const struct daemon *d, int lane) {
    uint8_t entry = d->loops[lane].entry;
    if (entry == GL_NULL || !inputs_are_well(d, lane)) return GL_NULL;
    return gl_tri(entry == GL_TRUE || gl_engine_occupied(d->engine, lane));
}

static void tell(struct daemon *d, int lane, uint8_t now) {
    struct gl_msg_presence m = {.present = now, .until = d->now.mono + GL_OUTPUT_SILENCE_MS};
    memcpy(m.lane, d->config->lanes[lane].id, sizeof m.lane);
    d->loops[lane].told = now;
    d->loops[lane].told_mono = d->now.mono;
    for (int i = 0; i < d->n_devices; i++) {
        struct device_peer *p = &d->devices[i];
        if (p->by_loop && p->ch && of_lane(d, p, lane)) gl_ipc_send(p->ch, GL_MSG_PRESENCE, &m);
    }
}

static void tell_news(struct daemon *d, int lane) {
    if (!anybody_listens(d, lane)) return;
    uint8_t now = present(d, lane);
    if (now != d->loops[lane].told || d->now.mono - d->loops[lane].told_mono >= GL_OUTPUT_EVERY_MS) tell(d, lane, now);
}

void gl_loops_connected(struct daemon *d, const struct device_peer *p) {
    int lane = (int)(p->lane - d->config->lanes);
    if (p->gpio) d->loops[lane].entry = GL_NULL; /* what the process before it said is not how the line stands now */
    if (p->by_loop) tell(d, lane, present(d, lane));
}

void gl_loops_reading(struct daemon *d, const struct device_peer *p, const struct gl_reading *r) {
    int lane = (int)(p->lane - d->config->lanes);
    if (r->kind != GL_READING_PRESENCE || r->value.presence.zone != GL_ZONE_ENTRY || r->late == GL_TRUE) return;
    d->loops[lane].entry = r->value.presence.occupied;
    tell_news(d, lane);
}

void gl_loops_tick(struct daemon *d) {
    for (int i = 0; i < d->config->n_lanes; i++) tell_news(d, i);
}
