#include "video/attention.h"

#include "model/fields.h"

/* In this order, and read in the other: who sees an empty lane sees also when it was not. */
void gl_attention_hear(struct gl_lane_heard *h, uint8_t present, int64_t until, int64_t mono) {
    if (present != GL_FALSE) atomic_store(&h->not_empty, mono);
    atomic_store(&h->empty_until, present == GL_FALSE ? until : 0);
}

enum gl_attends gl_attention_step(struct gl_attention *a, const struct gl_lane_heard *h, int64_t mono) {
    bool before = a->away;
    a->away = a->by_loop && mono < atomic_load(&h->empty_until) && mono - atomic_load(&h->not_empty) >= GL_ATTENTION_AFTER_MS;
    return a->away ? GL_ATTENDS_NOT : before ? GL_ATTENDS_ANEW : GL_ATTENDS;
}
