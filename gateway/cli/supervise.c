/* The processes of a post, from its configuration; and the doubling delay of restarts. */
#include "cli/supervise.h"

static void add(struct gl_program *p, enum gl_program_kind kind, const char *program, const char *device) {
    *p = (struct gl_program){.kind = kind};
    gl_clip(p->program, sizeof p->program, program);
    gl_clip(p->device, sizeof p->device, device);
    gl_clip(p->name, sizeof p->name, device[0] ? device : program);
}

int gl_run_plan(const struct gl_config *c, bool with_link, struct gl_program *list) {
    int n = 0;
    add(&list[n++], GL_PROGRAM_GREENLANED, "greenlaned", "");
    add(&list[n++], GL_PROGRAM_LOADER, "greenlane-loader", "");
    if (with_link && c->mqtt.url[0]) add(&list[n++], GL_PROGRAM_LINK, "greenlane-link", "");
    for (int i = 0; i < c->n_lanes; i++) {
        const struct gl_lane_config *l = &c->lanes[i];
        char gpio[GL_ID + 8];
        gl_format(gpio, sizeof gpio, "%s.gpio", l->id);
        if (l->n_lines > 0) add(&list[n++], GL_PROGRAM_DEVICE, "greenlane-device", gpio);
        for (int k = 0; k < l->n_devices; k++)
            if (!l->devices[k].shared) add(&list[n++], GL_PROGRAM_DEVICE, "greenlane-device", l->devices[k].id);
    }
    return n;
}

int64_t gl_run_delay(int64_t last_ms, int64_t lived_ms) {
    if (last_ms <= 0 || lived_ms >= GL_RUN_SETTLED_MS) return GL_RUN_DELAY_FIRST_MS;
    return last_ms >= GL_RUN_DELAY_MOST_MS / 2 ? GL_RUN_DELAY_MOST_MS : last_ms * 2;
}
