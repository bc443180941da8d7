/* Plugin `code`: readers of printed codes. A driver holds the paper before the reader until it beeps, and some readers then send the same
 * code again and again: within `repeat` of the last one passed on, the same is dropped. The window does not slide, so a code that lies
 * before the reader for long is still reported every now and then: it may meanwhile be another vehicle's turn. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"
#include "protocols.h"

static const struct gl_protocol *const protocols[] = {&gl_protocol_line, NULL};

static const struct gl_setting settings[] = {
    {"repeat", GL_SET_DURATION, "3s", NULL, 0, 3600000, "the same code within this time counts as one; 0s = every one counts"},
};

/* What was passed on last, per kind: a code and the container number in it come as a pair. */
struct code_plugin {
    const struct gl_host *host;
    int64_t repeat_ms;
    bool have_code, have_container;
    int64_t code_mono, container_mono;
    struct gl_code_value code;
    struct gl_container_value container;
};

static int code_open(const struct gl_host *host, void **ret_ctx, struct gl_error *err) {
    int64_t repeat_ms = gl_setting_ms(host->settings, "repeat", 3000);
    if (repeat_ms < 0) return gl_fail(err, -EINVAL, "repeat: must not be negative, for example 3s");
    struct code_plugin *p = calloc(1, sizeof *p);
    if (!p) return gl_fail(err, -ENOMEM, "out of memory");
    p->host = host;
    p->repeat_ms = repeat_ms;
    *ret_ctx = p;
    return 0;
}

/* True when this is what was passed on last; else it is kept for the next. */
static bool same_code(struct code_plugin *p, const struct gl_code_value *v) {
    const struct gl_code_value *last = &p->code;
    if (p->have_code && strcmp(v->symbology, last->symbology) == 0 && strcmp(v->text, last->text) == 0 &&
        v->data.len == last->data.len && memcmp(v->data.data, last->data.data, v->data.len) == 0)
        return true;
    p->code = *v;
    p->have_code = true;
    return false;
}

static bool same_container(struct code_plugin *p, const struct gl_container_value *v) {
    if (p->have_container && strcmp(v->number, p->container.number) == 0) return true;
    p->container = *v;
    p->have_container = true;
    return false;
}

static void code_shape(void *ctx, struct gl_reading *r) {
    struct code_plugin *p = ctx;
    int64_t mono = p->host->now(p->host->user).mono, *last = NULL;
    bool same = false;
    if (r->kind == GL_READING_CODE) {
        same = same_code(p, &r->value.code);
        last = &p->code_mono;
    } else if (r->kind == GL_READING_CONTAINER) {
        same = same_container(p, &r->value.container);
        last = &p->container_mono;
    }
    if (same && mono - *last < p->repeat_ms) {
        p->host->count(p->host->user, "repeated");
        return;
    }
    if (last) *last = mono;
    p->host->reading(p->host->user, r);
}

static void code_close(void *ctx) {
    free(ctx);
}

__attribute__((visibility("default"))) const struct gl_plugin gl_plugin = {
    .abi = GL_PLUGIN_ABI,
    .size = sizeof(struct gl_plugin),
    .name = "code",
    .protocols = protocols,
    .settings = settings,
    .n_settings = GL_COUNT(settings),
    .open = code_open,
    .shape = code_shape,
    .close = code_close,
};
