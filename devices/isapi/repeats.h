/* What was said before: cameras send an event again (plate first, then with pictures; a better reading; a fault of the network),
 * always under the same UUID. The last 64 are remembered. */
#pragma once
#include "model/reading.h"

enum { GL_ISAPI_SAID_MAX = 64 };

/* One vehicle's event as it was, or is to be, passed on. */
struct gl_isapi_said {
    char uuid[81]; /* "" = none: such an event is never a repeat */
    char text[GL_PLATE];
    double confidence;
    size_t pictures; /* all that were passed on under this UUID */
    bool late;
    bool resent; /* the camera itself says that it is a repeat */
    int64_t mono;
};

struct gl_isapi_repeats {
    struct gl_isapi_said said[GL_ISAPI_SAID_MAX];
    size_t next;
};

/* True when `now` says nothing that was not said before. Older than a minute counts only where the camera calls it a repeat: one
 * that gives every vehicle the same UUID must not lose the second. */
bool gl_isapi_is_repeat(const struct gl_isapi_repeats *r, const struct gl_isapi_said *now);

/* Remembers what was passed on, in the place of what was said under the same UUID or of the oldest. */
void gl_isapi_remember(struct gl_isapi_repeats *r, const struct gl_isapi_said *now);
