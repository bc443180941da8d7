/* What only shows when everything was read: whether a lane can do what its profile asks, and whether two devices claim the same thing. */
#include <string.h>

#include "config/reader.h"

/* ---- needs ---------------------------------------------------------------------------------------------------------------------------- */
struct need {
    enum gl_need need;
    bool (*given_by)(const struct gl_device_config *d);
    const char *help;
};

static bool is_plugin(const struct gl_device_config *d, const char *name) {
    return strcmp(d->plugin, name) == 0;
}
static bool gives_plate(const struct gl_device_config *d) {
    return is_plugin(d, "anpr") && d->role != GL_ROLE_TRAILER;
}
static bool gives_trailer(const struct gl_device_config *d) {
    return is_plugin(d, "anpr") && d->role == GL_ROLE_TRAILER;
}
static bool gives_code(const struct gl_device_config *d) {
    return is_plugin(d, "code");
}
static bool gives_container(const struct gl_device_config *d) {
    return is_plugin(d, "code") || is_plugin(d, "anpr");
}
static bool gives_tag(const struct gl_device_config *d) {
    return is_plugin(d, "rfid");
}
static bool gives_radiation(const struct gl_device_config *d) {
    return is_plugin(d, "radiation");
}

static const struct need needs[] = {
    {GL_NEED_PLATE, gives_plate, "plate, but no device of this lane gives one; add a camera: {use: anpr/..., role: vehicle}"},
    {GL_NEED_TRAILER, gives_trailer,
     "trailer, but no device of this lane has role: trailer; add a camera: {use: anpr/..., role: trailer}"},
    {GL_NEED_CODE, gives_code, "code, but no device of this lane reads one; add a reader: {use: code/...}"},
    {GL_NEED_CONTAINER, gives_container, "container, but no device of this lane gives one; add a reader or a camera"},
    {GL_NEED_TAG, gives_tag, "tag, but no antennas serve this lane; add a reader: {use: rfid/...}, or share another lane's"},
    {GL_NEED_RADIATION, gives_radiation, "radiation, but this lane has no portal; add one: {use: radiation/...}"},
};

static bool any_device(const struct gl_lane_config *lane, bool (*test)(const struct gl_device_config *d)) {
    for (uint16_t i = 0; i < lane->n_devices; i++)
        if (test(&lane->devices[i])) return true;
    return false;
}

static void default_after(struct gl_lane_config *lane, const struct gl_profile *p) {
    for (uint16_t i = 0; i < lane->n_devices; i++) {
        struct gl_device_config *d = &lane->devices[i];
        bool late = d->role == GL_ROLE_TRAILER || is_plugin(d, "radiation");
        if (late && d->after_max_ms == 0) d->after_max_ms = p->decide_within_ms;
    }
}

/* A camera that waits for the loop would wait for ever where there is none. */
static void check_triggers(struct gl_reader *r, const struct gl_lane_config *lane, const struct gl_yaml_node *devices) {
    for (uint16_t i = 0; i < lane->n_devices && !lane->has_entry; i++)
        if (gl_config_by_loop(&lane->devices[i]))
            gl_yaml_error(&r->y, gl_yaml_get(gl_yaml_get(devices, lane->devices[i].name), "trigger"),
                          "loop, but nothing in this lane says that a vehicle has come; add entry-loop: {use: gpio, line: ...}, "
                          "or write trigger: motion");
}

static void check_lane(struct gl_reader *r, struct gl_lane_config *lane, const struct gl_yaml_node *n) {
    const struct gl_profile *p = &r->c->profiles[lane->profile];
    const struct gl_yaml_node *at = gl_yaml_get(n, "profile"), *devices = gl_yaml_get(n, "devices");
    if (!at || at->kind != GL_YAML_TEXT || strcmp(at->text, p->id) != 0) return;
    default_after(lane, p);
    size_t sensors = 0;
    for (uint16_t i = 0; i < lane->n_lines; i++) sensors += lane->lines[i].use == GL_LINE_INPUT;
    if (!devices || devices->n != lane->n_devices + sensors) return; /* a device has an error of its own */
    check_triggers(r, lane, devices);
    for (size_t i = 0; i < GL_COUNT(needs); i++)
        if ((p->require & needs[i].need) && !any_device(lane, needs[i].given_by))
            gl_yaml_error(&r->y, at, "profile %s requires %s", p->id, needs[i].help);
    if (!lane->has_exit && !r->ends_by_time[lane->profile])
        gl_yaml_error(&r->y, at,
                      "profile %s ends a release at the exit loop, but this lane has none; add exit-loop: {use: gpio, line: ...}, "
                      "or accept in the profile that a release ends by time alone: release: {ends: time}",
                      p->id);
}

/* What the feed must bring, for a profile that requires it. */
static const struct {
    enum gl_need need;
    unsigned any_of; /* collections */
    const char *help;
} lodged[] = {
    {GL_NEED_DECLARATION, 1U << GL_COLLECTION_MOVEMENTS | 1U << GL_COLLECTION_DECLARATIONS,
     "requires a declaration, but the feed brings none; add feed: {collections: [movements, declarations]}"},
    {GL_NEED_TAG, 1U << GL_COLLECTION_TAGS,
     "requires a tag, but the feed brings no registry of tags; add it: feed: {collections: [tags, ...]}"},
};

/* An unknown collection has an error of its own, and may have been meant. */
static bool may_bring(const struct gl_reader *r, unsigned any_of) {
    const struct gl_yaml_node *n = gl_yaml_get(gl_yaml_get(r->y.root, "feed"), "collections");
    bool read = !n || (n->kind == GL_YAML_LIST && n->n == (size_t)__builtin_popcount(r->c->feed.collections));
    return !read || (r->c->feed.collections & any_of) != 0;
}

static void check_profiles(struct gl_reader *r) {
    const struct gl_yaml_node *profiles = gl_yaml_get(r->y.root, "profiles");
    for (uint16_t i = 0; i < r->c->n_profiles; i++) {
        const struct gl_yaml_node *n = gl_yaml_get(gl_yaml_get(profiles, r->c->profiles[i].id), "require");
        for (size_t k = 0; n && k < GL_COUNT(lodged); k++)
            if ((r->c->profiles[i].require & lodged[k].need) && !may_bring(r, lodged[k].any_of))
                gl_yaml_error(&r->y, n, "%s", lodged[k].help);
    }
}

void gl_check_lanes(struct gl_reader *r) {
    const struct gl_yaml_node *lanes = gl_yaml_get(r->y.root, "lanes");
    const struct gl_yaml_node *gpio = NULL;
    check_profiles(r);
    for (uint16_t i = 0; i < r->c->n_lanes; i++) {
        struct gl_lane_config *lane = &r->c->lanes[i];
        const struct gl_yaml_node *n = gl_yaml_get(lanes, lane->id);
        if (r->c->n_profiles > 0) check_lane(r, lane, n);
        if (!gpio && lane->n_lines > 0) gpio = n;
    }
    if (gpio && r->check_plugins) gl_check_gpio_plugin(r, gpio);
}

/* ---- gpio lines ----------------------------------------------------------------------------------------------------------------------- */
struct place {
    const struct gl_lane_config *lane;
    uint16_t index;
};

static const struct gl_line *line_at(const struct place *p) {
    return &p->lane->lines[p->index];
}

/* The next line of the post, lane by lane; false behind the last. */
static bool next_line(const struct gl_config *c, struct place *p) {
    p->index++;
    while (p->lane < c->lanes + c->n_lanes && p->index >= p->lane->n_lines) {
        p->lane++;
        p->index = 0;
    }
    return p->lane < c->lanes + c->n_lanes;
}

static const char *const output_names[] = {[GL_LINE_RED] = "red",
                                           [GL_LINE_AMBER] = "amber",
                                           [GL_LINE_GREEN] = "green",
                                           [GL_LINE_BARRIER] = "barrier",
                                           [GL_LINE_HEARTBEAT] = "heartbeat"};

static const struct gl_yaml_node *node_of(const struct gl_reader *r, const struct place *p) {
    const struct gl_line *l = line_at(p);
    const struct gl_yaml_node *lane = gl_yaml_get(gl_yaml_get(r->y.root, "lanes"), p->lane->id);
    if (l->use != GL_LINE_INPUT) return gl_yaml_get(gl_yaml_get(lane, "outputs"), output_names[l->use]);
    return gl_yaml_get(gl_yaml_get(gl_yaml_get(lane, "devices"), l->device + strlen(p->lane->id) + 1), "line");
}

void gl_check_lines(struct gl_reader *r) {
    const struct gl_config *c = r->c;
    struct place a = {c->lanes, UINT16_MAX};
    while (next_line(c, &a)) {
        struct place b = a;
        const struct gl_line *one = line_at(&a);
        while (one->chip[0] && next_line(c, &b)) {
            const struct gl_line *two = line_at(&b);
            if (one->offset != two->offset || strcmp(one->chip, two->chip) != 0) continue;
            const struct gl_yaml_node *first = node_of(r, &a), *again = node_of(r, &b);
            if (first && again)
                gl_yaml_error(&r->y, again, "line '%.60s' is already used, in line %d of this file", again->text, first->line);
            break;
        }
    }
}

/* ---- addresses ------------------------------------------------------------------------------------------------------------------------ */
static bool everywhere(const char *host) {
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static bool is_node(const struct gl_address *a) {
    return a->transport == GL_TRANSPORT_VIDEO && strcmp(a->scheme, "v4l2") == 0;
}

/* Two devices, two processes: they cannot both own a port or a serial device. */
static bool clash(const struct gl_address *a, const struct gl_address *b) {
    const unsigned listening = GL_TRANSPORT_TCP_LISTEN | GL_TRANSPORT_HTTP_PUSH;
    if (a->transport == GL_TRANSPORT_SERIAL && b->transport == GL_TRANSPORT_SERIAL) return strcmp(a->path, b->path) == 0;
    if (is_node(a) && is_node(b)) return strcmp(a->path, b->path) == 0;
    return (a->transport & listening) && (b->transport & listening) && a->port == b->port &&
           (strcmp(a->host, b->host) == 0 || everywhere(a->host) || everywhere(b->host));
}

/* A reader of tags serves one caller: a second process would be refused for ever. */
static bool same_reader(const struct gl_device_config *one, const struct gl_address *a, const struct gl_device_config *two,
                        const struct gl_address *b) {
    return is_plugin(one, "rfid") && is_plugin(two, "rfid") && a->transport == GL_TRANSPORT_TCP_CONNECT &&
           b->transport == GL_TRANSPORT_TCP_CONNECT && a->port == b->port && strcmp(a->host, b->host) == 0;
}

static const struct gl_yaml_node *at_of(const struct gl_reader *r, const struct gl_lane_config *lane,
                                        const struct gl_device_config *d) {
    const struct gl_yaml_node *n = gl_yaml_get(gl_yaml_get(r->y.root, "lanes"), lane->id);
    return gl_yaml_get(gl_yaml_get(gl_yaml_get(n, "devices"), d->name), "at");
}

static void refuse_address(struct gl_reader *r, const struct gl_yaml_node *at, enum gl_transport how, const char *other) {
    if (how == GL_TRANSPORT_TCP_CONNECT)
        gl_yaml_error(&r->y, at, "this reader is already used as %s, and serves one caller; write {shares: %s, antennas: [...]}",
                      other, other);
    else if (how == GL_TRANSPORT_SERIAL)
        gl_yaml_error(&r->y, at, "the serial device already belongs to %s", other);
    else if (how == GL_TRANSPORT_VIDEO)
        gl_yaml_error(&r->y, at, "the video device already belongs to %s", other);
    else
        gl_yaml_error(&r->y, at, "the port already belongs to %s; give each device a port of its own", other);
}

static void check_against_earlier(struct gl_reader *r, uint16_t lane, uint16_t device, const struct gl_address *a) {
    const struct gl_config *c = r->c;
    const struct gl_device_config *d = &c->lanes[lane].devices[device];
    for (uint16_t i = 0; i <= lane; i++)
        for (uint16_t j = 0; j < (i < lane ? c->lanes[i].n_devices : device); j++) {
            const struct gl_device_config *other = &c->lanes[i].devices[j];
            struct gl_address b;
            if (gl_address_parse(other->at, NULL, &b, NULL) < 0) continue;
            if (!clash(a, &b) && !same_reader(d, a, other, &b)) continue;
            refuse_address(r, at_of(r, &c->lanes[lane], d), a->transport, other->id);
            return;
        }
}

/* Who else listens there: a device's own listener, or the rebroadcast of an earlier device. */
static const char *listener_on(const struct gl_config *c, const struct gl_address *a, const struct gl_device_config *until) {
    bool earlier = true;
    for (uint16_t i = 0; i < c->n_lanes; i++)
        for (uint16_t j = 0; j < c->lanes[i].n_devices; j++) {
            const struct gl_device_config *d = &c->lanes[i].devices[j];
            struct gl_address b;
            if (d == until) earlier = false;
            if (d->at[0] && gl_address_parse(d->at, NULL, &b, NULL) == 0 && clash(a, &b)) return d->id;
            if (earlier && d->rebroadcast[0] && gl_address_parse_listen(d->rebroadcast, &b, NULL) == 0 && clash(a, &b))
                return d->id;
        }
    return NULL;
}

static void check_rebroadcast(struct gl_reader *r, const struct gl_lane_config *lane, const struct gl_device_config *d) {
    const struct gl_yaml_node *n = gl_yaml_get(gl_yaml_get(r->y.root, "lanes"), lane->id);
    struct gl_address a;
    struct gl_error err;
    n = gl_yaml_get(gl_yaml_get(gl_yaml_get(n, "devices"), d->name), "rebroadcast");
    if (!n || !d->rebroadcast[0]) return;
    if (gl_address_parse_listen(d->rebroadcast, &a, &err) < 0) {
        gl_yaml_error(&r->y, n, "'%.80s': %s", d->rebroadcast, err.text);
        return;
    }
    const char *other = listener_on(r->c, &a, d);
    if (other) gl_yaml_error(&r->y, n, "the port already belongs to %s; give each device a port of its own", other);
}

void gl_check_addresses(struct gl_reader *r) {
    const struct gl_config *c = r->c;
    for (uint16_t i = 0; i < c->n_lanes; i++)
        for (uint16_t j = 0; j < c->lanes[i].n_devices; j++) {
            const struct gl_device_config *d = &c->lanes[i].devices[j];
            const struct gl_yaml_node *n = at_of(r, &c->lanes[i], d);
            struct gl_address a;
            struct gl_error err;
            check_rebroadcast(r, &c->lanes[i], d);
            if (!n || !d->at[0]) continue;
            if (gl_address_parse(d->at, NULL, &a, &err) == 0)
                check_against_earlier(r, i, j, &a);
            else if (!r->check_plugins)
                gl_yaml_error(&r->y, n, "'%.80s': %s", d->at, err.text);
        }
}
