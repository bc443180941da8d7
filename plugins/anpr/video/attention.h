/* Whether frames are worked on at all: a camera with `trigger: loop` works on them while a vehicle is in the lane, and for a while after it has left. When nobody
 * knows whether one is there, all is as without a loop: a look too many costs time, one too few a driver's hours. Pure, but for who calls: the loop hears,
 * the worker steps, and nothing waits. */
#pragma once
#include <stdatomic.h>

#include "base/base.h"

enum { GL_ATTENTION_AFTER_MS = 3000 };

/* Of the lane, from greenlaned; starts as zeros. */
struct gl_lane_heard {
    _Atomic int64_t empty_until; /* monotonic: the lane is empty, and that is good up to here; 0 = it is not, or nobody knows */
    _Atomic int64_t not_empty;   /* monotonic: when it was heard last that it is not empty for sure */
};

struct gl_attention {
    bool by_loop;
    bool away; /* the last frame was passed over */
};

enum gl_attends {
    GL_ATTENDS_NOT,
    GL_ATTENDS,
    GL_ATTENDS_ANEW /* and has not before: whoever is in the picture has just come, moving or not */
};

/* present: a tri; until: up to when "no" is good. mono: now, as everywhere here. */
void gl_attention_hear(struct gl_lane_heard *h, uint8_t present, int64_t until, int64_t mono);

enum gl_attends gl_attention_step(struct gl_attention *a, const struct gl_lane_heard *h, int64_t mono);
