/* Between the files of `greenlane simulate`. */
#pragma once
#include "engine/engine.h"

struct gl_simulation {
    const struct gl_config *config;
    struct gl_engine *engine;
    struct gl_now now, first;      /* simulated; monotonic time starts at the first event */
    struct gl_feed_record *record; /* scratch: large */
    uint64_t line;                 /* being read, from 1 */
    uint64_t skipped;
    int failed; /* the engine could not go on */
};

/* Hands one event to the engine at s->now. 0; 1 = a type that is no input, nothing was done; -EINVAL with the reason in err.
 * Takes e's data. */
int gl_simulate_event(struct gl_simulation *s, struct gl_envelope *e, struct gl_error *err) GL_MUST_USE;
