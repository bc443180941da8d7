/* Antennas, and a reader that more than one lane uses:
 *
 *     in-1: {devices: {tag: {use: rfid/llrp, at: 10.0.1.30, antennas: [1, 2]}}}     its owner: one process, LANE.NAME
 *     in-2: {devices: {tag: {shares: in-1.tag, antennas: [3, 4]}}}                  served too: stands in the lane's list, has no process
 *
 * The owner may stand in a later lane, so what is shared is looked up when every lane was read. */
#include <string.h>

#include "config/reader.h"

enum { MOST_ANTENNAS = 32 };

void gl_key_antennas(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    uint32_t set = 0;
    if (!gl_read_is(r, n, GL_YAML_LIST)) return;
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        const char *text = gl_read_text(r, item);
        int64_t number;
        if (!text) continue;
        if (gl_parse_int(text, 1, MOST_ANTENNAS, &number) < 0)
            gl_yaml_error(&r->y, item, "'%.40s' is no number of an antenna; from 1 to %d", text, MOST_ANTENNAS);
        else if (set & (UINT32_C(1) << (number - 1)))
            gl_yaml_error(&r->y, item, "antenna %s is named twice", text);
        else
            set |= UINT32_C(1) << (number - 1);
    }
    if (n->n == 0) gl_yaml_error(&r->y, n, "is empty; name at least one antenna, such as [1, 2]");
    *(uint32_t *)out = set;
}

/* Whose device it is: kept as the id, and looked up later. */
static void read_owner(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n), *dot = text ? strchr(text, '.') : NULL;
    if (text && (!dot || dot == text || dot[1] == '\0' || gl_copy(out, k->size, text) < 0))
        gl_yaml_error(&r->y, n, "'%.40s' names no device; write LANE.NAME of the reader that is shared, such as in-1.tag", text);
}

static const struct gl_key shared_keys[] = {
    GL_KEY(gl_device_config, id, "shares", read_owner, .required = true),
    GL_KEY(gl_device_config, antennas, "antennas", gl_key_antennas, .required = true),
    GL_KEY(gl_device_config, required, "required", gl_key_bool),
};
static const struct gl_section shared_section = GL_SECTION(shared_keys);

void gl_read_shared(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n) {
    struct gl_device_config d = {.silence_ms = -1, .required = true, .shared = true, .plugin = "rfid"};
    const struct gl_yaml_node *use = gl_yaml_get(n, "use");
    if (use) {
        gl_yaml_key_error(&r->y, use,
                          "has no place beside 'shares': a shared device is used as its owner says; keep one of the two");
        return;
    }
    gl_read_keys(r, n, &shared_section, &d);
    gl_add_device(r, lane, n, &d);
}

/* ---- when every lane was read --------------------------------------------------------------------------------------------------------- */
static const struct gl_yaml_node *device_node(const struct gl_reader *r, const char *lane, const char *name) {
    const struct gl_yaml_node *n = gl_yaml_get(gl_yaml_get(r->y.root, "lanes"), lane);
    return gl_yaml_get(gl_yaml_get(n, "devices"), name);
}

/* No device of that name was kept. One that is written all the same has an error of its own, unless it is of another kind. */
static void refuse_owner(struct gl_reader *r, const struct gl_yaml_node *at, const char *id) {
    char lane[GL_ID] = "";
    const char *dot = strchr(id, '.');
    const struct gl_yaml_node *n = NULL;
    if (dot && gl_copyn(lane, sizeof lane, id, (size_t)(dot - id)) == 0) n = device_node(r, lane, dot + 1);
    const struct gl_yaml_node *shares = gl_yaml_get(n, "shares"), *use = gl_yaml_get(n, "use");
    if (!n)
        gl_yaml_error(&r->y, at, "there is no device '%s'; write LANE.NAME of the reader that is shared", id);
    else if (shares && shares->kind == GL_YAML_TEXT)
        gl_yaml_error(&r->y, at, "'%s' is itself shared; write what it shares: %.40s", id, shares->text);
    else if (use && use->kind == GL_YAML_TEXT && strncmp(use->text, "gpio", 4) == 0)
        gl_yaml_error(&r->y, at, "'%s' is a gpio line; only a reader of tags (rfid) can be shared", id);
}

static bool shared_before(const struct gl_lane_config *lane, const struct gl_device_config *d) {
    for (const struct gl_device_config *other = lane->devices; other < d; other++)
        if (other->shared && strcmp(other->id, d->id) == 0) return true;
    return false;
}

static void resolve(struct gl_reader *r, const struct gl_lane_config *lane, struct gl_device_config *d) {
    const struct gl_lane_config *its_lane = NULL;
    const struct gl_device_config *owner = gl_config_device(r->c, d->id, &its_lane);
    const struct gl_yaml_node *at = gl_yaml_get(device_node(r, lane->id, d->name), "shares");
    if (!at || !d->id[0]) return; /* it has its own error */
    if (!owner) {
        refuse_owner(r, at, d->id);
        return;
    }
    if (strcmp(owner->plugin, "rfid") != 0)
        gl_yaml_error(&r->y, at, "'%s' is no reader of tags (%s); only rfid can be shared", d->id, owner->plugin);
    else if (its_lane == lane || shared_before(lane, d))
        gl_yaml_error(&r->y, at, "'%s' serves this lane already; name all its antennas in one place", d->id);
    else if (owner->antennas == 0 && !gl_yaml_get(device_node(r, its_lane->id, owner->name), "antennas"))
        gl_yaml_error(&r->y, at, "'%s' does not say which antennas are those of its own lane; add there: antennas: [1, 2]", d->id);
    gl_clip(d->plugin, sizeof d->plugin, owner->plugin);
    gl_clip(d->protocol, sizeof d->protocol, owner->protocol);
}

static int lowest_antenna(uint32_t set) {
    return __builtin_ctz(set) + 1;
}

/* An antenna of the same reader that an earlier lane already has. */
static void check_antennas(struct gl_reader *r, const struct gl_lane_config *lane, const struct gl_device_config *d) {
    for (const struct gl_lane_config *l = r->c->lanes; l < lane; l++)
        for (uint16_t i = 0; i < l->n_devices; i++) {
            const struct gl_device_config *other = &l->devices[i];
            uint32_t both = other->antennas & d->antennas;
            const struct gl_yaml_node *at = gl_yaml_get(device_node(r, lane->id, d->name), "antennas");
            if (both == 0 || !at || strcmp(other->id, d->id) != 0) continue;
            gl_yaml_error(&r->y, at, "antenna %d of %s already serves lane %s; an antenna has one lane", lowest_antenna(both),
                          d->id, l->id);
        }
}

/* The reader's protocol is told of every antenna that serves a lane, where it wants to know. */
static void tell_antennas(const struct gl_config *c, struct gl_device_config *owner) {
    struct gl_setting_value *v = owner->settings, *end = v + owner->n_settings;
    uint32_t all = 0;
    while (v < end && strcmp(v->name, "antennas") != 0) v++;
    if (owner->shared || v == end) return;
    for (uint16_t i = 0; i < c->n_lanes; i++)
        for (uint16_t j = 0; j < c->lanes[i].n_devices; j++)
            if (strcmp(c->lanes[i].devices[j].id, owner->id) == 0) all |= c->lanes[i].devices[j].antennas;
    for (int i = 0; i < MOST_ANTENNAS; i++) {
        size_t len = strlen(v->text);
        if (all >> i & 1) gl_format(v->text + len, sizeof v->text - len, len > 0 ? ", %d" : "%d", i + 1);
    }
}

void gl_check_shared(struct gl_reader *r) {
    struct gl_config *c = r->c;
    for (uint16_t i = 0; i < c->n_lanes; i++)
        for (uint16_t j = 0; j < c->lanes[i].n_devices; j++)
            if (c->lanes[i].devices[j].shared) resolve(r, &c->lanes[i], &c->lanes[i].devices[j]);
    for (uint16_t i = 0; i < c->n_lanes; i++)
        for (uint16_t j = 0; j < c->lanes[i].n_devices; j++) check_antennas(r, &c->lanes[i], &c->lanes[i].devices[j]);
    for (uint16_t i = 0; i < c->n_lanes; i++)
        for (uint16_t j = 0; j < c->lanes[i].n_devices; j++) tell_antennas(c, &c->lanes[i].devices[j]);
}
