/* What one line of a simulation means: a table from the beginning of its type to the engine's door.
 *
 *     greenlane.reading.KIND       subject device/ID        as a device process would send it
 *     greenlane.feed.COLLECTION                             as the link would
 *     greenlane.command.NAME       subject client/ID        as the link would, from that client's topic
 *     greenlane.state.device       subject device/ID        a device comes, goes, is unwell */
#include <errno.h>
#include <string.h>

#include "cli/simulate.h"

enum { COMMAND_LIVES_MS = 60000 }; /* a recorded command has lost its MQTT expiry */

/* The part of the subject behind "device/" or "client/"; "" when it is none. */
static const char *subject_id(const struct gl_envelope *e, const char *kind) {
    size_t n = strlen(kind);
    return strncmp(e->subject, kind, n) == 0 && e->subject[n] == '/' ? e->subject + n + 1 : "";
}

static int fill(json_t *data, const char *member, const char *text) {
    const json_t *given = json_object_get(data, member);
    if ((given && !json_is_null(given)) || !text[0]) return 0;
    return json_object_set_new(data, member, json_string(text)) < 0 ? -ENOMEM : 0;
}

/* The lane of a device, of a gpio line's device, or of LANE.gpio; NULL when nothing of the kind is configured. */
static const struct gl_lane_config *lane_of(const struct gl_config *c, const char *device) {
    const struct gl_lane_config *lane = NULL;
    if (gl_config_device(c, device, &lane)) return lane;
    for (int i = 0; i < c->n_lanes; i++) {
        const struct gl_lane_config *l = &c->lanes[i];
        size_t n = strlen(l->id);
        if (l->n_lines > 0 && strncmp(device, l->id, n) == 0 && strcmp(device + n, ".gpio") == 0) return l;
        for (int k = 0; k < l->n_lines; k++)
            if (l->lines[k].use == GL_LINE_INPUT && strcmp(l->lines[k].device, device) == 0) return l;
    }
    return NULL;
}

/* The lane that a reading belongs to: of a reader that lanes share, that of the antenna. */
static int lane_of_reading(const struct gl_config *c, uint8_t kind, const char *device, const json_t *data,
                           const struct gl_lane_config **ret, struct gl_error *err) {
    const struct gl_lane_config *lane = lane_of(c, device);
    if (!lane && !gl_config_client(c, device)) return gl_fail(err, -EINVAL, "device '%.60s' is not configured", device);
    if (lane && kind == GL_READING_TAG) {
        int64_t antenna = json_integer_value(json_object_get(json_object_get(data, "value"), "antenna"));
        lane = gl_config_lane_of(c, device, antenna);
        if (!lane)
            return gl_fail(err, -EINVAL, "data.value.antenna: antenna %lld of %.60s serves no lane", (long long)antenna, device);
    }
    *ret = lane;
    return 0;
}

static int reading(struct gl_simulation *s, const char *kind, struct gl_envelope *e, struct gl_error *err) {
    uint8_t k = gl_enum_parse(gl_reading_kinds, kind);
    const char *device = subject_id(e, "device");
    if (!k) return gl_fail(err, -EINVAL, "type: there is no reading called '%.40s'", kind);
    if (!device[0]) device = json_string_value(json_object_get(e->data, "device"));
    if (!device || !device[0]) return gl_fail(err, -EINVAL, "subject: device/ID is needed: which device saw it?");
    const struct gl_lane_config *lane = NULL;
    int rc = lane_of_reading(s->config, k, device, e->data, &lane, err);
    if (rc < 0) return rc;
    if (fill(e->data, "device", device) < 0 || (lane && fill(e->data, "lane", lane->id) < 0))
        return gl_fail(err, -ENOMEM, "out of memory");
    struct gl_reading r;
    struct gl_error inner = {""};
    if (gl_reading_from_json(e->data, (enum gl_reading_kind)k, &r, &inner) < 0)
        return gl_fail(err, -EINVAL, "data.%.280s", inner.text);
    if (!gl_config_lane(s->config, r.lane)) return gl_fail(err, -EINVAL, "data.lane: lane '%s' is not configured", r.lane);
    if (lane && strcmp(lane->id, r.lane) != 0)
        return gl_fail(err, -EINVAL, "data.lane: device %s belongs to lane %s", r.device, lane->id);
    r.time = e->time;
    r.received_at = s->now.wall;
    r.received_mono = s->now.mono;
    gl_engine_reading(s->engine, &r, s->now);
    return 0;
}

static int feed(struct gl_simulation *s, const char *collection, struct gl_envelope *e, struct gl_error *err) {
    struct gl_feed_record *r = s->record;
    uint8_t k = gl_enum_parse(gl_collections, collection);
    struct gl_error inner = {""};
    if (!k)
        return gl_fail(err, -EINVAL, "type: no feed is called '%.40s'; movements, declarations, tags, lookouts and traders are",
                       collection);
    if (gl_feed_record_from_json(e->data, r, &inner) < 0) return gl_fail(err, -EINVAL, "data.%.280s", inner.text);
    if (r->collection != k)
        return gl_fail(err, -EINVAL, "data.collection: '%s' in an event of type %.60s", gl_collections[r->collection], e->type);
    int rc = gl_feed_record_normalise(r, err);
    if (rc < 0) return rc;
    gl_engine_feed(s->engine, r, s->now);
    return 0;
}

static int command(struct gl_simulation *s, const char *name, struct gl_envelope *e, struct gl_error *err) {
    char expires[GL_TIME_TEXT];
    struct gl_command c;
    struct gl_error inner = {""};
    uint8_t k = gl_enum_parse(gl_command_names, name);
    const char *client = subject_id(e, "client");
    if (!k) return gl_fail(err, -EINVAL, "type: no command is called '%.40s'", name);
    if (!client[0]) return gl_fail(err, -EINVAL, "subject: client/ID is needed: who sends it?");
    gl_time_format(e->time + COMMAND_LIVES_MS, expires);
    if (fill(e->data, "expires_at", expires) < 0) return gl_fail(err, -ENOMEM, "out of memory");
    gl_fields_clear(&gl_command_fields, &c);
    if (gl_fields_from_json(&gl_command_data_fields, e->data, &c, &inner) < 0)
        return gl_fail(err, -EINVAL, "data.%.280s", inner.text);
    if (gl_copy(c.client, sizeof c.client, client) < 0) return gl_fail(err, -EINVAL, "subject: no client has so long an id");
    c.name = k;
    gl_clip(c.id, sizeof c.id, e->id);
    if (!c.id[0]) gl_format(c.id, sizeof c.id, "line-%llu", (unsigned long long)s->line);
    gl_engine_command(s->engine, &c, s->now);
    return 0;
}

static int device_state(struct gl_simulation *s, const char *rest GL_UNUSED, struct gl_envelope *e, struct gl_error *err) {
    struct gl_device_status d;
    struct gl_error inner = {""};
    if (fill(e->data, "device", subject_id(e, "device")) < 0) return gl_fail(err, -ENOMEM, "out of memory");
    if (gl_fields_from_json(&gl_device_status_fields, e->data, &d, &inner) < 0)
        return gl_fail(err, -EINVAL, "data.%.280s", inner.text);
    const struct gl_lane_config *lane = lane_of(s->config, d.device);
    if (!lane) return gl_fail(err, -EINVAL, "data.device: device '%s' is not configured", d.device);
    memcpy(d.lane, lane->id, sizeof d.lane);
    if (!d.since) d.since = e->time;
    gl_engine_device(s->engine, &d, s->now);
    return 0;
}

int gl_simulate_event(struct gl_simulation *s, struct gl_envelope *e, struct gl_error *err) {
    static const struct {
        const char *begins;
        int (*take)(struct gl_simulation *s, const char *rest, struct gl_envelope *e, struct gl_error *err);
    } kinds[] = {{"greenlane.reading.", reading},
                 {"greenlane.feed.", feed},
                 {"greenlane.command.", command},
                 {"greenlane.state.device", device_state}};
    for (size_t i = 0; i < GL_COUNT(kinds); i++) {
        size_t n = strlen(kinds[i].begins);
        if (strncmp(e->type, kinds[i].begins, n) == 0) return kinds[i].take(s, e->type + n, e, err);
    }
    return 1;
}
