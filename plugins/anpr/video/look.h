/* Looking at one frame: does something move, which plates are there, and the pictures for the evidence; made into what the codec hears (seen.h). */
#pragma once
#include "protocol.h"
#include "video/attention.h"
#include "video/mailbox.h"

struct gl_looker;

enum { GL_LOOK_IDLE_MS = 2000 /* a frame is worked on so often even when nothing moves */, GL_LOOK_ALIVE_MS = 1000 };

/* Loads the reader's models: from the folder that the setting `models` names, else those that came with the programs. */
int gl_looker_open(const struct gl_settings *settings, struct gl_looker **ret, struct gl_error *err) GL_MUST_USE;

int64_t gl_looker_rate(const struct gl_looker *l); /* frames a second */

/* 1 = there is something to tell, in out; 0 = nothing; negative = the frame cannot be looked at. heard: of the lane. mono: now. */
int gl_looker_look(struct gl_looker *l, const struct gl_shot *shot, const struct gl_lane_heard *heard, int64_t mono,
                   struct gl_buf *out, struct gl_error *err) GL_MUST_USE;

void gl_looker_free(struct gl_looker *l);
