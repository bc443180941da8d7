#include "isapi/repeats.h"

#include <math.h>
#include <string.h>

enum { REPEAT_MS = 60 * 1000 };

static size_t find(const struct gl_isapi_repeats *r, const char *uuid) {
    size_t i = 0;
    while (i < GL_ISAPI_SAID_MAX && strcmp(r->said[i].uuid, uuid) != 0) i++;
    return i;
}

static bool better(double now, double before) {
    return !isnan(now) && (isnan(before) || now > before + 0.005);
}

bool gl_isapi_is_repeat(const struct gl_isapi_repeats *r, const struct gl_isapi_said *now) {
    size_t i = find(r, now->uuid);
    if (!now->uuid[0] || i == GL_ISAPI_SAID_MAX) return false;
    const struct gl_isapi_said *before = &r->said[i];
    if (now->mono - before->mono > REPEAT_MS && !now->resent) return false;
    if (before->late && !now->late) return false;
    return strcmp(before->text, now->text) == 0 && !better(now->confidence, before->confidence) &&
           now->pictures <= before->pictures;
}

void gl_isapi_remember(struct gl_isapi_repeats *r, const struct gl_isapi_said *now) {
    if (!now->uuid[0]) return;
    size_t i = find(r, now->uuid);
    if (i == GL_ISAPI_SAID_MAX) {
        i = r->next;
        r->next = (r->next + 1) % GL_ISAPI_SAID_MAX;
    }
    r->said[i] = *now;
}
