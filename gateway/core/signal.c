/* What a lane shows. Nothing but this file makes a SIGNAL effect, and it does so only when everything before is durable: the last look, right
 * before the light, at whether a release still stands. */
#include <string.h>

#include "core/internal.h"

static bool required_device_away(const struct lane *l) {
    if (l->gpio.state != GL_DEVICE_ONLINE) return true;
    for (int i = 0; i < l->config->n_devices; i++)
        if (l->config->devices[i].required && l->devices[i].state == GL_DEVICE_OFFLINE) return true;
    return false;
}

static bool may_release(const struct lane *l, const struct passage *p) {
    return p->decided && p->decision.outcome == GL_OUTCOME_RELEASE && !p->lease_over && !p->exit_begun && !p->backing_out &&
           l->mode != GL_MODE_CLOSED && l->gpio.state == GL_DEVICE_ONLINE && !l->emergency_stop && !l->exit_occupied;
}

/* Nothing can be known of what was lodged: where the profile says so, the lane shows it, and only an officer's release is lit. */
static bool knows_nothing(const struct gl_core *c, const struct lane *l, const struct passage *p) {
    bool clock = c->config->clock_require_sync && !c->clock_ok;
    bool feed = gl_feed_knows_nothing(c->feed);
    return l->profile->feed_down == GL_SIGNAL_FAULT && (clock || feed || (p && p->unanswered)) && !(p && may_release(l, p));
}

static void wanted(const struct gl_core *c, const struct lane *l, struct gl_signal_state *ret) {
    gl_fields_clear(&gl_signal_state_fields, ret);
    memcpy(ret->lane, l->config->id, sizeof ret->lane);
    ret->signal = GL_SIGNAL_STOP;
    const struct passage *p = l->n > 0 ? l->passages[0] : NULL;
    if (l->emergency_stop || l->gpio.state != GL_DEVICE_ONLINE ||
        (l->profile->on_device_fault == GL_SIGNAL_FAULT && required_device_away(l)) || knows_nothing(c, l, p)) {
        ret->signal = GL_SIGNAL_FAULT;
        return;
    }
    if (!p || !p->decided || p->exit_begun) return;
    memcpy(ret->passage, p->id, sizeof ret->passage);
    memcpy(ret->decision, p->decision_id, sizeof ret->decision);
    if (p->decision.outcome == GL_OUTCOME_INSPECT) {
        ret->signal = GL_SIGNAL_INSPECT;
        ret->level = p->decision.level;
    }
    if (may_release(l, p)) ret->signal = GL_SIGNAL_RELEASE;
}

bool gl_lane_lit_for(const struct lane *l, const struct passage *p) {
    return l->shown.signal == GL_SIGNAL_RELEASE && strcmp(l->shown.passage, p->id) == 0;
}

bool gl_lane_shows_release(const struct lane *l, const struct passage *p, int64_t mono) {
    return gl_lane_lit_for(l, p) && mono < l->lease_mono;
}

void gl_signal_committed(struct gl_core *c, struct lane *l) {
    struct gl_signal_state want;
    struct passage *p = l->n > 0 ? l->passages[0] : NULL;
    wanted(c, l, &want);
    if (l->mode == GL_MODE_SHADOW) { /* decides, touches no light; but a light of our own does not stay on */
        if (l->shown.signal == GL_SIGNAL_NONE || l->shown.signal == GL_SIGNAL_STOP) return;
        gl_fields_clear(&gl_signal_state_fields, &want);
        memcpy(want.lane, l->config->id, sizeof want.lane);
        want.signal = GL_SIGNAL_STOP;
    }
    if (want.signal == l->shown.signal && want.level == l->shown.level && strcmp(want.decision, l->shown.decision) == 0 &&
        strcmp(want.passage, l->shown.passage) == 0)
        return;
    /* A lease that was broken off is over: the same decision does not light the lane twice. */
    if (l->shown.signal == GL_SIGNAL_RELEASE && p && p->decided && strcmp(l->shown.decision, p->decision_id) == 0)
        p->lease_over = true;
    if (want.signal == GL_SIGNAL_RELEASE) {
        want.until = c->now.wall + l->profile->release_hold_ms;
        l->lease_mono = c->now.mono + l->profile->release_hold_ms;
    }
    l->shown = want;
    ADD_EFFECT(c, GL_EFFECT_SIGNAL, &want);
}
