/* Plugin `anpr`: cameras that read number plates. It says which plate of the vehicle its camera sees (the truck's or the
 * trailer's), and drops what says nothing new: a camera often sends the same plate again while the vehicle stands before it.
 *
 * A reading is passed on unless the same plate went the same way within `repeat` and was read as well as now. The window does not
 * slide: a plate that stays in view is still reported every now and then. Vehicles whose plate could not be read are always passed
 * on, and after one of them every plate is news: it may be another vehicle. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/plates.h"
#include "plugin.h"
#include "protocols.h"

static const struct gl_protocol *const protocols[] = {&gl_protocol_isapi, &gl_protocol_frames, NULL};

static const char *const roles[] = {"vehicle", "trailer", "unknown", NULL};
static const struct gl_setting settings[] = {
    {"role", GL_SET_CHOICE, "unknown", roles, 0, 0, "whose plate this camera sees: the vehicle's or its trailer's"},
    {"repeat", GL_SET_DURATION, "3s", NULL, 0, 3600000, "the same plate within this time counts as one; 0s = every one counts"},
};

enum { RECENT_MAX = 16 };
#define BETTER_BY 0.0499 /* five in a hundred surer is worth another reading; a little less, as decimals are not exact */

/* A plate that was passed on. */
struct recent {
    struct gl_plate_keys keys; /* none = free */
    uint8_t direction;
    bool late;
    uint16_t n_evidence;
    double confidence;
    int64_t mono;
};

struct anpr_plugin {
    const struct gl_host *host;
    uint8_t role;
    int64_t repeat_ms;
    struct recent recent[RECENT_MAX];
    size_t next;
};

static int anpr_open(const struct gl_host *host, void **ret_ctx, struct gl_error *err) {
    const char *role = gl_setting_text(host->settings, "role");
    int64_t repeat_ms = gl_setting_ms(host->settings, "repeat", 10000);
    if (repeat_ms < 0) return gl_fail(err, -EINVAL, "repeat: must not be negative, for example 10s");
    uint8_t v = gl_enum_parse(gl_roles, role ? role : "unknown");
    if (v == GL_ROLE_NONE) return gl_fail(err, -EINVAL, "role: \"%.40s\" must be vehicle, trailer or unknown", role);
    struct anpr_plugin *p = calloc(1, sizeof *p);
    if (!p) return gl_fail(err, -ENOMEM, "out of memory");
    p->host = host;
    p->role = v;
    p->repeat_ms = repeat_ms;
    *ret_ctx = p;
    return 0;
}

static struct recent *find_recent(struct anpr_plugin *p, const struct gl_plate_keys *keys) {
    for (size_t i = 0; i < RECENT_MAX; i++)
        if (gl_plate_keys_meet(&p->recent[i].keys, keys)) return &p->recent[i];
    return NULL;
}

/* Whether the reading adds something to the one passed on before: a live one to a late one, another direction, a picture, or a
 * surer text. */
static bool adds(const struct gl_reading *r, const struct recent *before) {
    if (before->late && r->late != GL_TRUE) return true;
    if (r->value.plate.direction != before->direction || r->n_evidence > before->n_evidence) return true;
    return !isnan(r->confidence) && (isnan(before->confidence) || r->confidence >= before->confidence + BETTER_BY);
}

/* True when the reading is to be passed on; it is then remembered. */
static bool is_news(struct anpr_plugin *p, const struct gl_reading *r, int64_t mono) {
    struct gl_plate_keys keys;
    if (gl_plate_looks_like_none(r->value.plate.text) || gl_plate_keys(r->value.plate.text, &keys) < 0 || keys.n == 0) {
        memset(p->recent, 0, sizeof p->recent);
        return true;
    }
    struct recent *before = find_recent(p, &keys);
    if (before && mono - before->mono < p->repeat_ms && !adds(r, before)) return false;
    if (!before) {
        before = &p->recent[p->next];
        p->next = (p->next + 1) % RECENT_MAX;
    }
    *before = (struct recent){.keys = keys,
                              .direction = r->value.plate.direction,
                              .late = r->late == GL_TRUE,
                              .n_evidence = r->n_evidence,
                              .confidence = r->confidence,
                              .mono = mono};
    return true;
}

static void anpr_shape(void *ctx, struct gl_reading *r) {
    struct anpr_plugin *p = ctx;
    if (r->kind == GL_READING_PLATE) {
        r->value.plate.role = p->role;
        if (!is_news(p, r, p->host->now(p->host->user).mono)) {
            p->host->count(p->host->user, "repeated");
            return;
        }
    }
    p->host->reading(p->host->user, r);
}

static void anpr_close(void *ctx) {
    free(ctx);
}

__attribute__((visibility("default"))) const struct gl_plugin gl_plugin = {
    .abi = GL_PLUGIN_ABI,
    .size = sizeof(struct gl_plugin),
    .name = "anpr",
    .protocols = protocols,
    .settings = settings,
    .n_settings = GL_COUNT(settings),
    .open = anpr_open,
    .shape = anpr_shape,
    .close = anpr_close,
};
