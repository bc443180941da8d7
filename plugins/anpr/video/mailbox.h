/* Between the threads, without locks. A mailbox holds the newest frame and nothing else: who puts one in throws out what nobody has fetched. A ring
 * holds messages on their way to the loop; one thread puts in, one takes out. */
#pragma once
#include <stdatomic.h>

#include "base/buf.h"

struct AVFrame;

/* A frame as it was decoded, and when. */
struct gl_shot {
    struct AVFrame *frame;
    int64_t number;
    int64_t mono;
};

void gl_shot_free(struct gl_shot *s);

struct gl_mailbox {
    _Atomic(struct gl_shot *) slot;
};

bool gl_mailbox_put(struct gl_mailbox *m, struct gl_shot *s); /* takes it; true when an older one was thrown out */
struct gl_shot *gl_mailbox_take(struct gl_mailbox *m);        /* the caller's; NULL when there is none */

enum gl_said { GL_SAID_UP, GL_SAID_DOWN, GL_SAID_FRAME, GL_SAID_REFUSED };

struct gl_message {
    enum gl_said what;
    char reason[32];     /* refused */
    char detail[160];    /* down, refused */
    struct gl_buf bytes; /* frame */
};

enum { GL_RING = 16 };

struct gl_ring {
    struct gl_message *slots[GL_RING];
    atomic_size_t in, out;
};

bool gl_ring_put(struct gl_ring *r, struct gl_message *m); /* takes it; false, and it stays the caller's, while the ring is full */
struct gl_message *gl_ring_take(struct gl_ring *r);        /* the caller's; NULL when it is empty */
void gl_message_free(struct gl_message *m);
