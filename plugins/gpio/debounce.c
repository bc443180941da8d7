/* One input's level, freed of contact bounce. */
#include "debounce.h"

void gl_debounce_start(struct gl_debounce *d, bool raw, int64_t mono) {
    d->known = true;
    d->level = d->raw = raw;
    d->since = mono;
}

void gl_debounce_lose(struct gl_debounce *d) {
    d->known = false;
}

void gl_debounce_edge(struct gl_debounce *d, bool raw, int64_t mono) {
    if (!d->known || raw == d->raw) return;
    d->raw = raw;
    d->since = mono;
}

bool gl_debounce_tick(struct gl_debounce *d, int64_t mono) {
    if (!gl_debounce_pending(d) || mono - d->since < d->hold_ms) return false;
    d->level = d->raw;
    return true;
}

bool gl_debounce_pending(const struct gl_debounce *d) {
    return d->known && d->raw != d->level;
}

bool gl_debounce_clear(const struct gl_debounce *d) {
    return d->known && !d->level && !d->raw;
}
