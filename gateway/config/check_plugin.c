/* A configured device against its plugin: which protocol, whether the address fits, every setting by its table, defaults filled in. */
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"

/* The settings of one device: those of the protocol, then those of the class. */
struct tables {
    const struct gl_setting *s[2];
    size_t n[2];
};

static const struct gl_setting *find(const struct tables *t, const char *name) {
    for (size_t i = 0; i < GL_COUNT(t->s); i++)
        for (size_t j = 0; j < t->n[i]; j++)
            if (strcmp(t->s[i][j].name, name) == 0) return &t->s[i][j];
    return NULL;
}

static void refuse_setting(struct gl_reader *r, const struct gl_yaml_node *n, const struct tables *t) {
    const char *names[2 * GL_MAX_SETTINGS + 16];
    size_t count = 0;
    for (size_t i = 0; i < gl_device_section.n && count < GL_COUNT(names); i++) names[count++] = gl_device_section.keys[i].name;
    for (size_t i = 0; i < GL_COUNT(t->s); i++)
        for (size_t j = 0; j < t->n[i] && count < GL_COUNT(names); j++)
            if (!gl_key_find(&gl_device_section, t->s[i][j].name)) names[count++] = t->s[i][j].name;
    gl_refuse_key(r, n, names, count);
}

static void check_number(struct gl_reader *r, const struct gl_yaml_node *n, const struct gl_setting *s) {
    int64_t v, min = s->min, max = s->max;
    if (min == 0 && max == 0) min = INT64_MIN, max = INT64_MAX;
    if (gl_parse_int(n->text, INT64_MIN, INT64_MAX, &v) < 0)
        gl_yaml_error(&r->y, n, "'%.40s' is no whole number (%s)", n->text, s->help ? s->help : "");
    else if (v < min || v > max)
        gl_yaml_error(&r->y, n, "%.40s is out of range; from %lld to %lld", n->text, (long long)min, (long long)max);
}

static void check_choice(struct gl_reader *r, const struct gl_yaml_node *n, const struct gl_setting *s) {
    for (size_t i = 0; s->choices[i]; i++)
        if (strcmp(s->choices[i], n->text) == 0) return;
    GL_CLEANUP(gl_buf_free) struct gl_buf list = GL_BUF(1024);
    gl_list_names(&list, s->choices);
    gl_yaml_error(&r->y, n, "'%.40s' is none of: %s", n->text, list.data && !list.failed ? list.data : "?");
}

static void check_setting(struct gl_reader *r, const struct gl_yaml_node *n, const struct gl_setting *s) {
    int64_t ms = 0;
    bool yes;
    struct gl_key duration = {.min = s->min, .max = s->max != 0 ? s->max : INT64_MAX};
    if (s->type == GL_SET_TEXT && n->quoted) return; /* "" may be meant */
    if (!gl_read_text(r, n)) return;
    switch (s->type) {
        case GL_SET_TEXT: return;
        case GL_SET_INT: check_number(r, n, s); return;
        case GL_SET_DURATION: gl_key_duration(r, &duration, n, &ms); return;
        case GL_SET_BOOL: gl_key_bool(r, NULL, n, &yes); return;
        case GL_SET_CHOICE: check_choice(r, n, s); return;
    }
}

static bool given(const struct gl_device_config *d, const char *name) {
    for (size_t i = 0; i < d->n_settings; i++)
        if (strcmp(d->settings[i].name, name) == 0) return true;
    return false;
}

static void put(struct gl_reader *r, struct gl_device_config *d, const struct gl_yaml_node *n, const char *name, const char *text) {
    if (d->n_settings >= GL_MAX_SETTINGS) {
        gl_yaml_key_error(&r->y, n, "more than %d settings, with those that have defaults", GL_MAX_SETTINGS);
        return;
    }
    struct gl_setting_value *v = &d->settings[d->n_settings++];
    gl_clip(v->name, sizeof v->name, name);
    gl_clip(v->text, sizeof v->text, text);
}

/* The role is a key of every camera; a plugin that wants to know it has a setting of that name. So are a reader's antennas: which they are
 * shows when every lane was read. */
static void complete(struct gl_reader *r, struct gl_device_config *d, const struct gl_yaml_node *n, const struct tables *t) {
    const struct gl_setting *role = find(t, "role");
    const struct gl_yaml_node *role_given = gl_yaml_get(n, "role");
    if (role && role_given && role->type == GL_SET_CHOICE) check_choice(r, role_given, role);
    if (role && d->role != GL_ROLE_NONE) put(r, d, n, "role", gl_roles[d->role]);
    if (d->antennas != 0 && find(t, "antennas")) put(r, d, n, "antennas", "");
    for (size_t i = 0; i < GL_COUNT(t->s); i++)
        for (size_t j = 0; j < t->n[i]; j++)
            if (t->s[i][j].preset && !given(d, t->s[i][j].name)) put(r, d, n, t->s[i][j].name, t->s[i][j].preset);
}

static void no_protocol(struct gl_reader *r, const struct gl_plugin *p, const char *name, const struct gl_yaml_node *use) {
    GL_CLEANUP(gl_buf_free) struct gl_buf list = GL_BUF(1024);
    for (size_t i = 0; p->protocols && p->protocols[i]; i++) gl_buf_printf(&list, "%s%s", i > 0 ? ", " : "", p->protocols[i]->name);
    gl_yaml_error(&r->y, use, "plugin \"%s\" has no protocol \"%s\"; it has: %s", p->name, name,
                  list.data && !list.failed ? list.data : "none");
}

static void check_address(struct gl_reader *r, const struct gl_device_config *d, const struct gl_protocol *p,
                          const struct gl_yaml_node *n) {
    const unsigned streams = GL_TRANSPORT_TCP_CONNECT | GL_TRANSPORT_TCP_LISTEN | GL_TRANSPORT_SERIAL;
    const struct gl_yaml_node *at = gl_yaml_get(n, "at");
    struct gl_address a;
    struct gl_error err;
    if (!at || !d->at[0]) return;
    if (gl_address_parse(d->at, p, &a, &err) < 0)
        gl_yaml_error(&r->y, at, "'%.80s': %s", d->at, err.text);
    else if (d->rebroadcast[0] && !(a.transport & streams))
        gl_yaml_key_error(&r->y, gl_yaml_get(n, "rebroadcast"),
                          "only a stream can be rebroadcast: a device reached by tcp://, tcp-listen:// or serial:");
}

void gl_check_plugin(struct gl_reader *r, struct gl_device_config *d, const struct gl_yaml_node *n) {
    const struct gl_yaml_node *use = gl_yaml_get(n, "use");
    const struct gl_plugin *plugin;
    struct gl_error err;
    if (gl_plugin_load(r->c->paths.plugins, d->plugin, &plugin, &err) < 0) {
        gl_yaml_error(&r->y, use, "%s", err.text);
        return;
    }
    const struct gl_protocol *p = gl_plugin_protocol(plugin, d->protocol);
    if (!p) {
        no_protocol(r, plugin, d->protocol, use);
        return;
    }
    gl_clip(d->protocol, sizeof d->protocol, p->name);
    check_address(r, d, p, n);
    struct tables t = {{p->settings, plugin->settings}, {p->n_settings, plugin->n_settings}};
    for (size_t i = 0; i < d->n_settings; i++) {
        const struct gl_yaml_node *value = gl_yaml_get(n, d->settings[i].name);
        const struct gl_setting *s = find(&t, d->settings[i].name);
        if (s)
            check_setting(r, value, s);
        else
            refuse_setting(r, value, &t);
    }
    complete(r, d, n, &t);
}

void gl_check_gpio_plugin(struct gl_reader *r, const struct gl_yaml_node *n) {
    const struct gl_plugin *plugin;
    struct gl_error err;
    if (gl_plugin_load(r->c->paths.plugins, "gpio", &plugin, &err) < 0) gl_yaml_error(&r->y, n, "%s", err.text);
}
