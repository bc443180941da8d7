/* Bytes from the carrier into the codec; readings out of the codec, their pictures into the evidence store, themselves to the plugin. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/device.h"
#include "host/evidence.h"

enum { READINGS_BURST = 500, READINGS_PER_S = 100, LOG_CLIENTS = 20, LOG_CLIENTS_EVERY_MS = 10000 };

static void count(struct gl_device *d, const char *name, int64_t more) {
    gl_health_count(&d->health, name, more);
}

void gl_feed_refused(struct gl_device *d, const char *reason, const char *detail) {
    char name[32];
    gl_format(name, sizeof name, "refused.%s", reason);
    count(d, name, 1);
    gl_device_log(d, GL_WARNING, "%s: input refused: %s: %s", d->id, reason, detail);
    /* What a stranger sends, or what is printed on somebody's paper, says nothing about this device. */
    static const char *const not_its_fault[] = {"wrong_address", "reference_check_digit"};
    for (size_t i = 0; i < GL_COUNT(not_its_fault); i++)
        if (strcmp(reason, not_its_fault[i]) == 0) return;
    gl_health_refused(&d->health, reason, detail, gl_now_read());
    gl_device_tell(d, false);
}

static void heard(struct gl_device *d, struct gl_now now) {
    d->heard_mono = now.mono;
    gl_health_silent(&d->health, "");
}

/* ---- from the codec ------------------------------------------------------------------------------------------------------------------ */

/* More readings than any real device makes; a flood must not fill the journal. What a plugin drops as repeated fills nothing, and is not counted. */
bool gl_feed_within_quota(struct gl_device *d, struct gl_now now) {
    int64_t refill = (now.mono - d->quota_mono) * READINGS_PER_S / 1000;
    if (refill > 0) {
        d->quota_left = refill > READINGS_BURST - d->quota_left ? READINGS_BURST : d->quota_left + (int)refill;
        d->quota_mono = now.mono;
    }
    if (d->quota_left == 0) {
        gl_feed_refused(d, "flood", "more than 100 readings a second");
        return false;
    }
    d->quota_left--;
    return true;
}

bool gl_feed_place(struct gl_device *d, struct gl_reading *r) {
    const struct gl_lane_config *lane = d->lane;
    if (d->dev && r->kind == GL_READING_TAG) lane = gl_config_lane_of(d->config, d->id, r->value.tag.antenna);
    if (!lane) {
        count(d, "antenna_unmapped", 1);
        return false;
    }
    gl_clip(r->lane, sizeof r->lane, lane->id);
    return true;
}

static void keep_evidence(struct gl_device *d, struct gl_reading *r, const struct gl_attachment *att, size_t n) {
    struct gl_error err;
    int64_t until = gl_now_read().wall + d->config->retention.evidence_ms;
    r->n_evidence = 0;
    if (n > GL_EVIDENCE_PER_READING) {
        count(d, "evidence.dropped", (int64_t)(n - GL_EVIDENCE_PER_READING));
        n = GL_EVIDENCE_PER_READING;
    }
    for (size_t i = 0; i < n; i++) {
        if (gl_evidence_store(d->evidence, d->id, until, &att[i], &r->evidence[r->n_evidence], &err) == 0) {
            r->n_evidence++;
            gl_health_evidence(&d->health, "");
            continue;
        }
        count(d, "evidence.failed", 1);
        gl_health_evidence(&d->health, err.text);
        gl_device_log(d, GL_ERROR, "%s: %s", d->id, err.text);
    }
}

static void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n_att) {
    struct gl_device *d = user;
    struct gl_now now = gl_now_read();
    if (!d->plugin_open || !gl_feed_place(d, r)) return; /* a codec's last words come when its plugin is closed */
    /* Pictures would fill the disk before the plugin has seen the reading. */
    if (n_att > 0 && !gl_feed_within_quota(d, now)) return;
    d->quota_paid = n_att > 0;
    keep_evidence(d, r, att, n_att);
    r->received_at = now.wall;
    r->received_mono = now.mono;
    if (r->time == 0) r->time = now.wall;
    if (d->plugin->shape)
        d->plugin->shape(d->ctx, r);
    else
        d->host.reading(d, r);
    d->quota_paid = false;
}

static void on_refused(void *user, const char *reason, const char *detail) {
    gl_feed_refused(user, reason, detail);
}

static void on_alive(void *user) {
    count(user, "alive", 1);
}

static void on_note(void *user, const char *name, const char *detail) {
    struct gl_device *d = user;
    count(d, name, 1);
    if (detail) gl_device_log(d, GL_INFO, "%s: %s: %s", d->id, name, detail);
}

static void on_fault(void *user, const char *reason, bool raised) {
    struct gl_device *d = user;
    gl_health_fault(&d->health, reason, raised);
    gl_device_tell(d, false);
}

static int on_send(void *user, const void *bytes, size_t len) {
    struct gl_device *d = user;
    return d->carrier ? d->carrier->ops->send(d->carrier, bytes, len) : -ENOTCONN;
}

/* ---- from the carrier ---------------------------------------------------------------------------------------------------------------- */
static void on_up(void *user) {
    struct gl_device *d = user;
    d->heard_mono = gl_now_read().mono;
    count(d, "connects", 1);
    gl_health_standing(&d->health, NULL);
    gl_device_tell(d, false);
}

static void on_down(void *user, const char *reason) {
    struct gl_device *d = user;
    gl_health_standing(&d->health, reason);
    gl_device_tell(d, false);
}

static void on_begin(void *user, const char *content_type) {
    struct gl_device *d = user;
    struct gl_now now = gl_now_read();
    if (d->at.transport == GL_TRANSPORT_HTTP_PUSH) heard(d, now);
    d->begun = true;
    gl_rebroadcast_upstream(d->rebroadcast, true);
    d->protocol->begin(d->codec, content_type, now);
}

static int on_bytes(void *user, const uint8_t *bytes, size_t len) {
    struct gl_device *d = user;
    struct gl_now now = gl_now_read();
    heard(d, now);
    count(d, "bytes", (int64_t)len);
    gl_rebroadcast_bytes(d->rebroadcast, bytes, len); /* before the codec: what it refuses is passed on, too */
    return d->protocol->bytes(d->codec, bytes, len, now);
}

static void on_end(void *user, bool complete) {
    struct gl_device *d = user;
    if (!d->begun) return;
    d->begun = false;
    gl_rebroadcast_upstream(d->rebroadcast, false);
    d->protocol->end(d->codec, complete, gl_now_read());
}

static const struct gl_carrier_events events = {on_up, on_down, on_begin, on_bytes, on_end, on_refused};

/* ---- open, tick, close --------------------------------------------------------------------------------------------------------------- */
/* What carries its bytes: one of the host's own, or the module that the protocol names. */
static int find_carrier(struct gl_device *d, struct gl_error *err) {
    const struct gl_carrier_ops *ops = gl_carrier_of(d->at.transport);
    if (!ops && !d->protocol->module) return gl_fail(err, -EINVAL, "%s: no transport for `at: %s`", d->id, d->dev->at);
    d->sink = (struct gl_sink){d, on_reading, on_refused, on_alive, on_note, on_fault, ops && ops->send ? on_send : NULL};
    if (ops) return 0;
    struct gl_error why = {""};
    int rc = gl_module_load(d->config->paths.plugins, d->protocol->module, &d->module, &why);
    if (rc == 0) rc = d->module->prepare(&d->settings, &d->ready, &why);
    return rc < 0 ? gl_fail(err, rc, "%s: %s", d->id, why.text) : 0;
}

int gl_feed_open(struct gl_device *d, struct gl_error *err) {
    int rc = find_carrier(d, err);
    if (rc < 0) return rc;
    /* A camera that pushes may lawfully be silent while nothing passes: its limit is the post's to set, where heartbeats are switched on. */
    int64_t own = d->at.transport == GL_TRANSPORT_HTTP_PUSH ? 0 : d->protocol->silence_ms;
    d->silence_ms = d->dev->silence_ms >= 0 ? d->dev->silence_ms : own;
    d->quota_left = READINGS_BURST;
    d->quota_mono = gl_now_read().mono;
    d->codec = calloc(1, d->protocol->state_size ? d->protocol->state_size : 1);
    if (!d->codec) return gl_fail(err, -ENOMEM, "%s: out of memory", d->id);
    struct gl_error why = {""};
    rc = d->protocol->open(d->codec, &d->settings, &d->sink, &why);
    if (rc < 0) return gl_fail(err, rc, "%s: %s", d->id, why.text);
    d->codec_open = true;
    return 0;
}

static void on_offering(void *user, const char *problem) {
    struct gl_device *d = user;
    bool news = strncmp(d->health.rebroadcast, problem, sizeof d->health.rebroadcast - 1) != 0; /* not once more at each try */
    if (problem[0] && news) gl_device_log(d, GL_ERROR, "%s: %s", d->id, problem);
    gl_health_rebroadcast(&d->health, problem);
    gl_device_tell(d, false);
}

static void on_client(void *user, const char *counter, const char *text) {
    struct gl_device *d = user;
    count(d, counter, 1);
    if (gl_log_allowed(&d->offer_quota, LOG_CLIENTS, LOG_CLIENTS_EVERY_MS, gl_now_read().mono))
        gl_log(GL_INFO, "%s: %s", d->id, text);
}

int gl_feed_offer(struct gl_device *d, struct gl_error *err) {
    static const struct gl_rebroadcast_events offered = {on_offering, on_client};
    if (!d->protocol || !d->dev->rebroadcast[0]) return 0;
    return gl_rebroadcast_open(&d->loop, d->dev->rebroadcast, &offered, d, &d->rebroadcast, err);
}

int gl_feed_start(struct gl_device *d) {
    if (!d->protocol || d->carrier) return 0;
    d->heard_mono = gl_now_read().mono;
    if (d->module) return d->module->open(d->ready, &d->loop, &d->at, d->secret, &events, d, &d->carrier);
    return gl_carrier_of(d->at.transport)->open(&d->loop, &d->at, d->secret, &events, d, &d->carrier);
}

static void check_silence(struct gl_device *d, struct gl_now now) {
    if (d->silence_ms <= 0 || !d->health.standing || now.mono - d->heard_mono <= d->silence_ms) return;
    char text[GL_DETAIL];
    gl_format(text, sizeof text, "silent for %lld s", (long long)(d->silence_ms + 999) / 1000);
    if (!d->health.silence[0]) gl_device_log(d, GL_WARNING, "%s: %s", d->id, text);
    gl_health_silent(&d->health, text);
    d->heard_mono = now.mono; /* the next connection gets as long again */
    if (d->carrier->ops->drop) d->carrier->ops->drop(d->carrier, text);
    gl_device_tell(d, false);
}

void gl_feed_tick(struct gl_device *d) {
    struct gl_now now = gl_now_read();
    if (!d->carrier) return;
    if (d->begun && d->protocol->timer && d->protocol->timer(d->codec, now) < 0) {
        if (d->carrier->ops->drop) d->carrier->ops->drop(d->carrier, "dropped, as its protocol asks");
        return;
    }
    check_silence(d, now);
}

void gl_feed_close(struct gl_device *d) {
    if (d->carrier && d->begun && d->protocol->farewell) d->protocol->farewell(d->codec, gl_now_read());
    if (d->carrier) d->carrier->ops->close(d->carrier);
    d->carrier = NULL;
    if (d->module && d->ready) d->module->release(d->ready);
    d->ready = NULL;
    gl_rebroadcast_close(d->rebroadcast);
    d->rebroadcast = NULL;
    if (d->codec_open && d->protocol->close) d->protocol->close(d->codec);
    d->codec_open = false;
    free(d->codec);
    d->codec = NULL;
}
