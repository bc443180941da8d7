/* How long to wait before the next try; also compiled into modules, which carry by themselves. */
#include "host/carrier.h"

int64_t gl_backoff_next(struct gl_backoff *b) {
    int64_t now = b->next_ms > 0 ? b->next_ms : GL_BACKOFF_FIRST_MS;
    b->next_ms = now * 2 < GL_BACKOFF_LAST_MS ? now * 2 : GL_BACKOFF_LAST_MS;
    return now;
}

void gl_backoff_reset(struct gl_backoff *b) {
    b->next_ms = 0;
}

void gl_backoff_after(struct gl_backoff *b, bool had_bytes, int64_t stood_ms) {
    if (had_bytes && stood_ms >= GL_SETTLED_MS) gl_backoff_reset(b);
}
