/* Reading a protocol's checked settings. The configuration reader has already refused what does not fit; a text that does not parse all the
 * same counts as not given. */
#include <string.h>

#include "protocol.h"

const char *gl_setting_text(const struct gl_settings *s, const char *name) {
    for (size_t i = 0; s && i < s->n; i++)
        if (strcmp(s->v[i].name, name) == 0) return s->v[i].text;
    return NULL;
}

int64_t gl_setting_int(const struct gl_settings *s, const char *name, int64_t none) {
    const char *text = gl_setting_text(s, name);
    int64_t v;
    return text && gl_parse_int(text, INT64_MIN, INT64_MAX, &v) == 0 ? v : none;
}

int64_t gl_setting_ms(const struct gl_settings *s, const char *name, int64_t none) {
    const char *text = gl_setting_text(s, name);
    int64_t v;
    return text && gl_duration_parse(text, &v) == 0 ? v : none;
}

bool gl_setting_bool(const struct gl_settings *s, const char *name) {
    const char *text = gl_setting_text(s, name);
    return text && (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "on") == 0);
}
