/* One input's level, freed of contact bounce: pure, time comes in. A level counts once it has stood for hold_ms. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct gl_debounce {
    int64_t hold_ms; /* how long a new level must stand */
    int64_t since;   /* monotonic: when the raw level last changed */
    bool known;      /* false until the chip told a level: neither level nor raw means anything */
    bool level;      /* what counts */
    bool raw;        /* what the line says now */
};

/* The level found when the line was opened: it counts at once. */
void gl_debounce_start(struct gl_debounce *d, bool raw, int64_t mono);

/* The line is lost: nothing is known any more. */
void gl_debounce_lose(struct gl_debounce *d);

/* The line says `raw` now. Each change starts the waiting anew. */
void gl_debounce_edge(struct gl_debounce *d, bool raw, int64_t mono);

/* Time has passed: true when another level counts from now on. */
bool gl_debounce_tick(struct gl_debounce *d, int64_t mono);

/* The line says something else than what counts. */
bool gl_debounce_pending(const struct gl_debounce *d);

/* Surely inactive: known, and inactive in both views. A first bounce towards active ends it at once; a return has to stand. This is the
 * view for everything that protects people: the emergency stop, and the loop under the barrier. */
bool gl_debounce_clear(const struct gl_debounce *d);
