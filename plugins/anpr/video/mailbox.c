#include "video/mailbox.h"

#include <libavutil/frame.h>
#include <stdlib.h>

void gl_shot_free(struct gl_shot *s) {
    if (!s) return;
    av_frame_free(&s->frame);
    free(s);
}

bool gl_mailbox_put(struct gl_mailbox *m, struct gl_shot *s) {
    struct gl_shot *older = atomic_exchange(&m->slot, s);
    gl_shot_free(older);
    return older != NULL;
}

struct gl_shot *gl_mailbox_take(struct gl_mailbox *m) {
    return atomic_exchange(&m->slot, NULL);
}

bool gl_ring_put(struct gl_ring *r, struct gl_message *m) {
    size_t in = atomic_load_explicit(&r->in, memory_order_relaxed);
    if (in - atomic_load_explicit(&r->out, memory_order_acquire) == GL_RING) return false;
    r->slots[in % GL_RING] = m;
    atomic_store_explicit(&r->in, in + 1, memory_order_release);
    return true;
}

struct gl_message *gl_ring_take(struct gl_ring *r) {
    size_t out = atomic_load_explicit(&r->out, memory_order_relaxed);
    if (out == atomic_load_explicit(&r->in, memory_order_acquire)) return NULL;
    struct gl_message *m = r->slots[out % GL_RING];
    atomic_store_explicit(&r->out, out + 1, memory_order_release);
    return m;
}

void gl_message_free(struct gl_message *m) {
    if (!m) return;
    gl_buf_free(&m->bytes);
    free(m);
}
