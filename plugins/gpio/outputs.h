/* What the output lines are to show, and in which order they are switched: pure, time comes in (monotonic milliseconds). */
#pragma once
#include "plugin.h"

enum {
    GL_LEASE_MAX_MS = 10 * 60 * 1000, /* no release stands longer without being asked for anew */
    GL_SILENCE_MAX_MS = 60 * 1000     /* no lane shows anything but the safe state longer than that without a word */
};

/* What greenlaned asked for last. All zero: nothing was ever asked. */
struct gl_asked {
    uint8_t signal;    /* enum gl_signal */
    int64_t silent_at; /* monotonic: from here on greenlaned counts as silent */
    int64_t lease_end; /* monotonic, release only */
};

/* Takes over a new wish. An unknown signal counts as fault, a lease or a silence limit out of bounds is cut to its bounds. */
void gl_asked_set(struct gl_asked *a, const struct gl_output *o, int64_t mono);

/* A release that was interrupted is over: it does not come back by itself, greenlaned has to ask anew. */
void gl_asked_revoke(struct gl_asked *a);

/* greenlaned has spoken lately enough. */
bool gl_asked_fresh(const struct gl_asked *a, int64_t mono);

/* Why the wish does not count (a fixed text), or NULL when it does. */
const char *gl_asked_hindrance(const struct gl_asked *a, int64_t mono);

/* The levels of the four output lines for a signal: bit (1 << GL_LINE_RED) and so on. The barrier stays up, whatever the signal, while it
 * is up and the loop beneath it is not surely clear; it is raised by release alone. */
unsigned gl_output_levels(uint8_t signal, bool barrier_up, bool exit_clear);

/* The order of switching: everything off before anything on, so that red and green are never on together, and the way opens last. */
struct gl_output_step {
    enum gl_line_use use;
    bool level;
};
enum { GL_OUTPUT_STEPS = 8 };
extern const struct gl_output_step gl_output_steps[GL_OUTPUT_STEPS];
