/* One state out of many opinions: the worst wins, and offline before degraded. */
#include "host/health.h"

#include <string.h>

void gl_health_init(struct gl_health *h, const char *device, const char *lane, const char *reason, struct gl_now now) {
    *h = (struct gl_health){.status = {.state = GL_DEVICE_OFFLINE, .since = now.wall}};
    gl_clip(h->status.device, sizeof h->status.device, device);
    gl_clip(h->status.lane, sizeof h->status.lane, lane);
    gl_clip(h->transport, sizeof h->transport, reason);
    gl_clip(h->status.reason, sizeof h->status.reason, reason);
}

void gl_health_standing(struct gl_health *h, const char *reason) {
    h->standing = reason == NULL;
    gl_clip(h->transport, sizeof h->transport, reason ? reason : "");
}

void gl_health_silent(struct gl_health *h, const char *reason) {
    gl_clip(h->silence, sizeof h->silence, reason);
}
void gl_health_plugin(struct gl_health *h, const char *reason) {
    gl_clip(h->plugin, sizeof h->plugin, reason);
}
void gl_health_evidence(struct gl_health *h, const char *reason) {
    gl_clip(h->evidence, sizeof h->evidence, reason);
}
void gl_health_rebroadcast(struct gl_health *h, const char *reason) {
    gl_clip(h->rebroadcast, sizeof h->rebroadcast, reason);
}

static int find_fault(const struct gl_health *h, const char *reason) {
    for (int i = 0; i < h->n_faults; i++)
        if (strcmp(h->faults[i], reason) == 0) return i;
    return -1;
}

void gl_health_fault(struct gl_health *h, const char *reason, bool raised) {
    char text[sizeof h->faults[0]];
    gl_clip(text, sizeof text, reason);
    int at = find_fault(h, text);
    if (raised && at < 0 && h->n_faults < GL_MAX_FAULTS) {
        gl_clip(h->faults[h->n_faults++], sizeof h->faults[0], text);
    } else if (raised && at < 0) {
        /* No room to tell it apart, so no way to hear of its end either: this stays until the process starts anew. */
        gl_clip(h->faults[GL_MAX_FAULTS - 1], sizeof h->faults[0], "too many faults at once");
    } else if (!raised && at >= 0) {
        memmove(h->faults[at], h->faults[at + 1], (size_t)(h->n_faults - at - 1) * sizeof h->faults[0]);
        h->n_faults--;
    }
}

void gl_health_refused(struct gl_health *h, const char *reason, const char *detail, struct gl_now now) {
    h->refused_until = now.mono + GL_REFUSED_STAINS_MS;
    gl_format(h->refused, sizeof h->refused, "input refused: %s%s%s", reason, detail[0] ? ": " : "", detail);
}

static struct gl_counter *find_counter(struct gl_device_status *s, const char *name) {
    for (size_t i = 0; i < s->n_counters; i++)
        if (strcmp(s->counters[i].name, name) == 0) return &s->counters[i];
    if (s->n_counters == GL_COUNT(s->counters)) return NULL;
    if (s->n_counters == GL_COUNT(s->counters) - 1) name = "other";
    struct gl_counter *c = &s->counters[s->n_counters++];
    gl_clip(c->name, sizeof c->name, name);
    c->value = 0;
    return c;
}

void gl_health_count(struct gl_health *h, const char *name, int64_t more) {
    char key[sizeof h->status.counters[0].name];
    gl_clip(key, sizeof key, name);
    struct gl_counter *c = find_counter(&h->status, key);
    if (!c) c = &h->status.counters[GL_COUNT(h->status.counters) - 1];
    c->value = c->value > INT64_MAX - more ? INT64_MAX : c->value + more;
}

bool gl_health_update(struct gl_health *h, struct gl_now now) {
    enum gl_device_state state = GL_DEVICE_DEGRADED;
    const char *reason = "";
    if (!h->standing) {
        state = GL_DEVICE_OFFLINE;
        reason = h->transport;
    } else if (h->silence[0]) {
        state = GL_DEVICE_OFFLINE;
        reason = h->silence;
    } else if (h->n_faults > 0) {
        reason = h->faults[0];
    } else if (h->plugin[0]) {
        reason = h->plugin;
    } else if (h->evidence[0]) {
        reason = h->evidence;
    } else if (now.mono < h->refused_until) {
        reason = h->refused;
    } else {
        state = GL_DEVICE_ONLINE; /* others want its bytes too, and cannot have them: that is told, but the device is well */
        reason = h->rebroadcast;
    }
    bool new_state = h->status.state != state;
    if (!new_state && strcmp(h->status.reason, reason) == 0) return false;
    if (new_state) h->status.since = now.wall;
    h->status.state = state;
    gl_clip(h->status.reason, sizeof h->status.reason, reason);
    return true;
}
