/* Lanes: profile, direction, devices in driving order, outputs. */
#include <string.h>

#include "config/reader.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* ---- one device that is not gpio ------------------------------------------------------------------------------------------------------ */
static void read_role(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    const char *text = gl_read_text(r, n);
    uint8_t i = text ? gl_read_choice(r, n, text, gl_roles) : 0;
    if (i > 0) *(uint8_t *)out = i;
}

/* "2s..25s". It fills two members, so its row in the table has no offset of its own. */
static void read_after(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    struct gl_device_config *d = out;
    const char *text = gl_read_text(r, n);
    if (!text) return;
    const char *dots = strstr(text, "..");
    char first[24];
    int64_t from, to;
    if (!dots || gl_copyn(first, sizeof first, text, (size_t)(dots - text)) < 0 || gl_duration_parse(first, &from) < 0 ||
        gl_duration_parse(dots + 2, &to) < 0)
        gl_yaml_error(&r->y, n, "'%.40s' is no span of time; write 2s..25s", text);
    else if (from >= to || to > 5 * MINUTE)
        gl_yaml_error(&r->y, n, "'%.40s' is no useful span; the second time must be longer than the first, and at most 5m", text);
    else {
        d->after_min_ms = from;
        d->after_max_ms = to;
    }
}

static const struct gl_key device_keys[] = {
    {.name = "use", .read = gl_key_skip}, /* read first: it tells a device from a gpio line */
    GL_KEY(gl_device_config, at, "at", gl_key_text, .required = true),
    GL_KEY(gl_device_config, secret, "secret", gl_key_private),
    GL_KEY(gl_device_config, rebroadcast, "rebroadcast", gl_key_text),
    GL_KEY(gl_device_config, role, "role", read_role),
    GL_KEY(gl_device_config, silence_ms, "silence", gl_key_duration, .min = SECOND, .max = 24 * HOUR),
    GL_KEY(gl_device_config, required, "required", gl_key_bool),
    {.name = "after", .read = read_after},
    GL_KEY(gl_device_config, antennas, "antennas", gl_key_antennas),
};
const struct gl_section gl_device_section = GL_SECTION(device_keys);

static bool read_use(struct gl_reader *r, const struct gl_yaml_node *n, struct gl_device_config *d) {
    const char *text = gl_read_text(r, n);
    if (!text) return false;
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    if (gl_copyn(d->plugin, sizeof d->plugin, text, len) == 0 &&
        gl_copy(d->protocol, sizeof d->protocol, slash ? slash + 1 : "") == 0 && gl_id_valid(d->plugin, 16) &&
        (!slash || gl_id_valid(d->protocol, 16)))
        return true;
    gl_yaml_error(&r->y, n, "'%.40s' names no plugin; write PLUGIN or PLUGIN/PROTOCOL, such as anpr/isapi, code/line or gpio",
                  text);
    return false;
}

/* Every key that is not a device's own belongs to its protocol or plugin: kept as text, checked against them when they are at hand. */
static void read_settings(struct gl_reader *r, const struct gl_yaml_node *n, struct gl_device_config *d) {
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        struct gl_setting_value v;
        if (gl_key_find(&gl_device_section, item->key) || !gl_read_is(r, item, GL_YAML_TEXT)) continue;
        if (gl_copy(v.name, sizeof v.name, item->key) < 0)
            gl_yaml_key_error(&r->y, item, "unknown key: no setting has so long a name");
        else if (gl_copy(v.text, sizeof v.text, item->text) < 0)
            gl_yaml_error(&r->y, item, "is %zu bytes long; at most %zu", strlen(item->text), sizeof v.text - 1);
        else if (d->n_settings >= GL_MAX_SETTINGS)
            gl_yaml_key_error(&r->y, item, "more than %d settings of one device", GL_MAX_SETTINGS);
        else
            d->settings[d->n_settings++] = v;
    }
}

static void check_role(struct gl_reader *r, const struct gl_yaml_node *n, struct gl_device_config *d) {
    const struct gl_yaml_node *role = gl_yaml_get(n, "role"), *after = gl_yaml_get(n, "after");
    const struct gl_yaml_node *antennas = gl_yaml_get(n, "antennas");
    bool camera = strcmp(d->plugin, "anpr") == 0, portal = strcmp(d->plugin, "radiation") == 0;
    if (role && !camera) gl_yaml_key_error(&r->y, role, "only a camera (anpr) has a role");
    if (after && !portal && (!camera || d->role != GL_ROLE_TRAILER))
        gl_yaml_key_error(&r->y, after, "only a camera with role: trailer and a portal (radiation) come after another");
    if (antennas && strcmp(d->plugin, "rfid") != 0) gl_yaml_key_error(&r->y, antennas, "only a reader of tags (rfid) has antennas");
    if (camera && !role) d->role = GL_ROLE_VEHICLE;
}

/* A lane has one portal at most: two could not be told apart. Devices are read in driving order: it stands before the entry loop when that has not
 * come yet. */
static void check_portal(struct gl_reader *r, const struct gl_lane_config *lane, const struct gl_yaml_node *n,
                         struct gl_device_config *d) {
    if (strcmp(d->plugin, "radiation") != 0) return;
    d->before_entry = !lane->has_entry;
    for (uint16_t i = 0; i < lane->n_devices; i++)
        if (strcmp(lane->devices[i].plugin, "radiation") == 0)
            gl_yaml_key_error(&r->y, n, "a lane has one portal (radiation) at most, and this one has %s", lane->devices[i].name);
}

/* Into the lane's list, under its name there; a device that is not shared gets its id of it. */
void gl_add_device(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n, struct gl_device_config *d) {
    if (strcmp(n->key, "gpio") == 0) {
        gl_yaml_key_error(&r->y, n, "this name is kept for the lane's gpio lines; choose another");
        return;
    }
    if (lane->n_devices >= GL_MAX_DEVICES) {
        gl_yaml_key_error(&r->y, n, "more than %d devices in one lane", GL_MAX_DEVICES);
        return;
    }
    gl_clip(d->name, GL_NAME + 1, n->key);
    if (!d->shared) gl_format(d->id, sizeof d->id, "%s.%s", lane->id, d->name);
    if (r->check_plugins && !d->shared) gl_check_plugin(r, d, n);
    lane->devices[lane->n_devices++] = *d;
}

void gl_read_device(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n) {
    struct gl_device_config d = {.silence_ms = -1, .required = true};
    const struct gl_yaml_node *use = gl_yaml_get(n, "use");
    if (!read_use(r, use, &d)) return;
    gl_fill_keys(r, n, &gl_device_section, &d);
    read_settings(r, n, &d);
    check_role(r, n, &d);
    check_portal(r, lane, n, &d);
    gl_add_device(r, lane, n, &d);
}

/* ---- a lane --------------------------------------------------------------------------------------------------------------------------- */
static void read_profile(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    const char *names[GL_MAX_PROFILES];
    const struct gl_config *c = r->c;
    const char *text = gl_read_text(r, n);
    if (!text) return;
    for (uint16_t i = 0; i < c->n_profiles; i++) {
        names[i] = c->profiles[i].id;
        if (strcmp(text, names[i]) == 0) {
            *(uint16_t *)out = i;
            return;
        }
    }
    if (gl_yaml_get(gl_yaml_get(r->y.root, "profiles"), text)) return; /* it has its own error */
    const char *near = gl_nearest(text, names, c->n_profiles);
    gl_yaml_error(&r->y, n, "there is no profile '%.40s'%s%s%s", text,
                  near ? "; did you mean '" : "; profiles are given under 'profiles'", near ? near : "", near ? "'?" : "");
}

static void read_devices(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    struct gl_lane_config *lane = out;
    if (!gl_read_is(r, n, GL_YAML_MAP)) return;
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        if (!gl_read_is(r, item, GL_YAML_MAP)) continue;
        gl_check_name(r, item, GL_NAME); /* with a bad name, what it holds is checked all the same */
        const struct gl_yaml_node *use = gl_yaml_get(item, "use");
        if (gl_yaml_get(item, "shares"))
            gl_read_shared(r, lane, item);
        else if (!use)
            gl_yaml_key_error(&r->y, item, "needs 'use': the plugin, such as anpr/isapi, code/line or gpio");
        else if (use->kind == GL_YAML_TEXT && (strcmp(use->text, "gpio") == 0 || strncmp(use->text, "gpio/", 5) == 0))
            gl_read_line(r, lane, item);
        else
            gl_read_device(r, lane, item);
    }
}

static void read_outputs(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out) {
    gl_read_outputs(r, out, n);
}

static const struct gl_key lane_keys[] = {
    GL_KEY(gl_lane_config, profile, "profile", read_profile, .required = true),
    GL_KEY(gl_lane_config, direction, "direction", gl_key_choice, .names = gl_directions, .required = true),
    {.name = "devices", .read = read_devices, .required = true},
    {.name = "outputs", .read = read_outputs},
};
static const struct gl_section lane_section = GL_SECTION(lane_keys);

void gl_key_lanes(struct gl_reader *r, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n, void *out GL_UNUSED) {
    if (!gl_read_is(r, n, GL_YAML_MAP)) return;
    if (n->n == 0) gl_yaml_key_error(&r->y, n, "is empty; at least one lane is needed");
    for (const struct gl_yaml_node *item = n->first; item; item = item->next) {
        gl_check_name(r, item, GL_NAME);
        if (r->c->n_lanes >= GL_MAX_LANES) {
            gl_yaml_key_error(&r->y, item, "more than %d lanes", GL_MAX_LANES);
            return;
        }
        struct gl_lane_config *lane = &r->c->lanes[r->c->n_lanes++];
        gl_clip(lane->id, GL_NAME + 1, item->key);
        gl_read_keys(r, item, &lane_section, lane);
        for (uint16_t i = 0; i < lane->n_devices; i++) lane->devices[i].before_entry &= lane->has_entry;
    }
}
