/* What `greenlane check` prints. */
#include "config/check.h"

#include <errno.h>
#include <stdlib.h>

#include "config/config.h"

void gl_config_error_text(const struct gl_config_error *e, struct gl_buf *out) {
    if (e->line > 0)
        gl_buf_printf(out, "%s:%d:%d: %s", e->file, e->line, e->column, e->text);
    else
        gl_buf_printf(out, "%s: %s", e->file, e->text);
}

static void describe_lane(const struct gl_config *c, const struct gl_lane_config *l, struct gl_buf *out) {
    gl_buf_printf(out, "  lane %s: %s, profile %s (%s)", l->id, gl_directions[l->direction], c->profiles[l->profile].id,
                  gl_modes[c->profiles[l->profile].mode]);
    for (uint16_t i = 0; i < l->n_devices; i++) {
        const struct gl_device_config *d = &l->devices[i];
        gl_buf_printf(out, "%s%s %s/%s", i > 0 ? ", " : "; ", d->name, d->plugin, d->protocol);
        if (d->shared) gl_buf_printf(out, " of %s", d->id);
    }
    size_t inputs = 0;
    for (uint16_t i = 0; i < l->n_lines; i++) inputs += l->lines[i].use == GL_LINE_INPUT;
    gl_buf_printf(out, "; %zu sensor lines, %zu output lines\n", inputs, l->n_lines - inputs);
}

int gl_config_check(const char *file, struct gl_buf *out) {
    GL_CLEANUP(gl_freep) struct gl_config_error *errors = calloc(GL_CHECK_ERRORS, sizeof *errors);
    struct gl_config *c;
    if (!errors) return -ENOMEM;
    int n = gl_config_load(file, true, &c, errors, GL_CHECK_ERRORS);
    for (int i = 0; i < n; i++) {
        gl_config_error_text(&errors[i], out);
        gl_buf_char(out, '\n');
    }
    if (n >= GL_CHECK_ERRORS) gl_buf_printf(out, "%s: there may be more; these are the first %d\n", file, GL_CHECK_ERRORS);
    if (n > 0) return 1;
    gl_buf_printf(out, "%s: good. Post %s, %u lanes, configuration %.12s\n", file, c->post, c->n_lanes, c->hash);
    for (uint16_t i = 0; i < c->n_lanes; i++) describe_lane(c, &c->lanes[i], out);
    gl_config_free(c);
    return out->failed ? -ENOMEM : 0;
}
