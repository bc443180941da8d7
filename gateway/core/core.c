/* The core's front door: one event in, effects out. */
#include "core/core.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

static bool key_identifiers(struct gl_core *c) {
    char sha256[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", sha256, 0), OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    c->mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac);
    return c->mac && EVP_MAC_init(c->mac, c->key, sizeof c->key, params);
}

int gl_core_new(const struct gl_config *config, const uint8_t key[32], const char *boot, struct gl_core **ret) {
    struct gl_core *c = calloc(1, sizeof *c);
    if (!c) return -ENOMEM;
    c->config = config;
    memcpy(c->key, key, sizeof c->key);
    if (gl_copy(c->boot, sizeof c->boot, boot) < 0) {
        free(c);
        return -EINVAL;
    }
    if (!key_identifiers(c)) {
        gl_core_free(c);
        return -ENOTSUP;
    }
    c->feed = GL_FEED_EMPTY;
    gl_fields_clear(&gl_contingency_fields, &c->contingency);
    c->contingency.active = GL_FALSE;
    gl_fields_clear(&gl_unknown_uses_fields, &c->uses);
    c->uses.active = GL_FALSE;
    c->n_lanes = config->n_lanes;
    for (int i = 0; i < config->n_lanes; i++) {
        struct lane *l = &c->lanes[i];
        l->config = &config->lanes[i];
        l->profile = &config->profiles[l->config->profile];
        l->mode = l->profile->mode;
        l->last_exit_mono = l->moved_mono = INT64_MIN;
        /* Until a device has said that it is well, it is not. */
        for (int d = 0; d < l->config->n_devices; d++)
            l->devices[d] = (struct device){.state = GL_DEVICE_OFFLINE, .reason = "has not reported yet"};
        for (int d = 0; d < l->config->n_devices; d++)
            if (strcmp(l->config->devices[d].plugin, "radiation") == 0)
                l->portal.config = &l->config->devices[l->portal.at = (uint16_t)d];
        l->gpio =
            (struct device){.state = l->config->n_lines ? GL_DEVICE_OFFLINE : GL_DEVICE_ONLINE, .reason = "has not reported yet"};
        gl_fields_clear(&gl_signal_state_fields, &l->shown);
    }
    *ret = c;
    return 0;
}

void gl_core_free(struct gl_core *c) {
    if (!c) return;
    for (int i = 0; i < c->n_lanes; i++)
        for (int k = 0; k < c->lanes[i].n; k++) free(c->lanes[i].passages[k]);
    EVP_MAC_CTX_free(c->mac);
    OPENSSL_cleanse(c->key, sizeof c->key);
    free(c);
}

/* UUIDv7: 48 bits of wall time, the rest from a keyed hash over boot and counter: unguessable, and the same again in a replay. */
void gl_core_uuid(struct gl_core *c, struct gl_now at, char out[GL_UUID]) {
    char text[GL_UUID + 24];
    uint8_t mac[EVP_MAX_MD_SIZE];
    size_t len = 0;
    gl_format(text, sizeof text, "%s/%llu", c->boot, (unsigned long long)c->ids++);
    if (!EVP_MAC_init(c->mac, NULL, 0, NULL) || !EVP_MAC_update(c->mac, (const uint8_t *)text, strlen(text)) ||
        !EVP_MAC_final(c->mac, mac, &len, sizeof mac) || len < 10)
        abort();
    uint64_t t = (uint64_t)at.wall & 0xFFFFFFFFFFFF;
    gl_format(out, GL_UUID, "%08x-%04x-7%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", (unsigned)(t >> 16), (unsigned)(t & 0xFFFF),
              mac[0] & 0xF, mac[1], (mac[2] & 0x3F) | 0x80, mac[3], mac[4], mac[5], mac[6], mac[7], mac[8], mac[9]);
}

static void take_reading(struct gl_core *c, struct gl_reading *r) {
    struct lane *l = gl_lane_by_id(c, r->lane);
    if (l) gl_lane_reading(c, l, r);
}

/* A required device that goes while a vehicle stands before it has left its mark on that passage, even when it comes back. */
static void mark_passages(struct lane *l) {
    for (int i = 0; i < l->n; i++) l->passages[i]->faulted = true;
}

/* The state of a device in one lane: NULL when the lane has it not. A reader may serve several lanes. */
static struct device *device_of(struct lane *l, const char *id, const struct gl_device_config **ret) {
    char gpio[GL_ID + 8];
    *ret = NULL;
    gl_format(gpio, sizeof gpio, "%s.gpio", l->config->id);
    if (strcmp(gpio, id) == 0) return &l->gpio;
    for (int i = 0; i < l->config->n_devices; i++) {
        *ret = &l->config->devices[i];
        if (strcmp((*ret)->id, id) == 0) return &l->devices[i];
    }
    return NULL;
}

static void take_device(struct gl_core *c, const char *device, uint8_t state, const char *reason) {
    for (int i = 0; i < c->n_lanes; i++) {
        struct lane *l = &c->lanes[i];
        const struct gl_device_config *config;
        struct device *d = device_of(l, device, &config);
        if (!d) continue;
        if (d == &l->gpio && d->state == GL_DEVICE_ONLINE && state == GL_DEVICE_OFFLINE)
            gl_lane_lose_order(l); /* who comes and goes now is not seen */
        d->state = state;
        gl_clip(d->reason, sizeof d->reason, reason);
        if (config && config == l->portal.config)
            state == GL_DEVICE_ONLINE ? gl_portal_well(c, l) : gl_portal_unwell(l);
        else if (state == GL_DEVICE_OFFLINE && (!config || config->required))
            mark_passages(l);
        gl_lane_consider(c, l);
    }
}

static void each_lane(struct gl_core *c, void (*fn)(struct gl_core *, struct lane *)) {
    for (int i = 0; i < c->n_lanes; i++) fn(c, &c->lanes[i]);
}

static void restore_mode(struct gl_core *c, const char *lane, uint8_t mode) {
    struct lane *l = gl_lane_by_id(c, lane);
    if (l) l->mode = mode;
}

void gl_core_step(struct gl_core *c, const struct gl_event *ev, struct gl_effects *effects) {
    c->out = effects;
    c->now = ev->at;
    switch (ev->type) {
        case GL_EV_READING: take_reading(c, ev->reading); break;
        case GL_EV_DEVICE: take_device(c, ev->device.device, ev->device.state, ev->device.reason); break;
        case GL_EV_FEED:
            c->feed = ev->feed;
            memcpy(c->feeds, ev->feeds, sizeof c->feeds);
            each_lane(c, gl_lane_consider);
            break;
        case GL_EV_LODGED: each_lane(c, gl_lane_consider); break;
        case GL_EV_CLOCK:
            c->clock_ok = ev->clock_ok;
            gl_uses_clock(c);
            each_lane(c, gl_lane_consider);
            break;
        case GL_EV_COMMAND: gl_core_command(c, ev->command); break;
        case GL_EV_ANSWER: ev->answer->review ? gl_review_answer(c, ev->answer) : gl_lane_answer(c, ev->answer); break;
        case GL_EV_TIME:
            gl_contingency_time(c);
            each_lane(c, gl_lane_time);
            break;
        case GL_EV_COMMITTED: each_lane(c, gl_signal_committed); break;
        case GL_EV_RESTORE_MODE: restore_mode(c, ev->restore_mode.lane, ev->restore_mode.mode); break;
        case GL_EV_RESTORE_ALARM:
            gl_portal_restore(c, ev->restore_alarm.lane, ev->restore_alarm.kind, ev->restore_alarm.alarm, ev->restore_alarm.at);
            gl_presence_restore(c, ev->restore_alarm.lane, ev->restore_alarm.kind, ev->restore_alarm.alarm);
            break;
        case GL_EV_REVIEW: gl_review_begin(c, ev->review); break;
        case GL_EV_RESTORE_CONTINGENCY: gl_contingency_restore(c, ev->restore_contingency); break;
        case GL_EV_RESTORE_USES: gl_uses_restore(c, ev->restore_uses); break;
        case GL_EV_RESTORE_PASSAGE: gl_lane_restore(c, ev->restore_passage); break;
        case GL_EV_RESTORE_HIT: gl_lookouts_restore(c, ev->restore_hit); break;
    }
    c->out = NULL;
}

int64_t gl_core_next_deadline(const struct gl_core *c) {
    bool due = gl_contingency_active(c) && !c->contingency.alarm[0];
    int64_t next = due ? c->contingency_mono : INT64_MAX;
    for (int i = 0; i < c->n_lanes; i++) {
        int64_t t = gl_lane_deadline(&c->lanes[i]);
        if (t < next) next = t;
    }
    return next;
}

bool gl_core_idle(const struct gl_core *c) {
    for (int i = 0; i < c->n_lanes; i++)
        for (int k = 0; k < c->lanes[i].n; k++)
            if (!c->lanes[i].passages[k]->decided) return false;
    return true;
}

uint8_t gl_core_mode(const struct gl_core *c, int lane) {
    return c->lanes[lane].mode;
}
bool gl_core_occupied(const struct gl_core *c, int lane) {
    const struct lane *l = &c->lanes[lane];
    return l->n > 0 || l->exit_occupied || l->loops[GL_LOOP_ENTRY].occupied;
}
const struct gl_contingency *gl_core_contingency(const struct gl_core *c) {
    return &c->contingency;
}
const struct gl_unknown_uses *gl_core_uses(const struct gl_core *c) {
    return &c->uses;
}
