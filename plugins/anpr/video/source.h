/* Where pictures come from: one opened source of FFmpeg's libraries, bounded in everything that it may cost. It blocks, so it lives in a thread of its
 * own; whatever it waits for ends when `stop` is set, or at its limits. */
#pragma once
#include <stdatomic.h>

#include "config/config.h"

struct AVFrame;
struct gl_source;

enum {
    GL_SOURCE_OPENS_MS = 10000,        /* until the first picture can be decoded */
    GL_SOURCE_PICTURE_MS = 10000,      /* from one picture to the next */
    GL_SOURCE_PIXELS = 4096 * 2304,    /* most of one frame; more is refused */
    GL_SOURCE_ALLOC = 64 * 1024 * 1024 /* most bytes that FFmpeg may take at once */
};

struct gl_source_options {
    const struct gl_address *at;
    const char *secret; /* "user:password", "" */
    int64_t rate;       /* frames that are wanted in a second; of a codec without references others are not even decoded */
    atomic_bool *stop;  /* ends whatever it waits for */
};

/* Opens it: -ETIMEDOUT, -ECONNREFUSED, -EINVAL, ... with a reason that names no password. */
int gl_source_open(const struct gl_source_options *options, struct gl_source **ret, struct gl_error *err) GL_MUST_USE;

/* The next picture, the caller's to av_frame_free(). 1 = here it is; 0 = none this time, go on asking (broken data: *err says what, else it is "");
 * negative = the source is over, with the reason. */
int gl_source_next(struct gl_source *s, struct AVFrame **ret, struct gl_error *err) GL_MUST_USE;

/* Single pictures, not a stream: one is fetched again and again. */
bool gl_source_is_picture(const struct gl_source *s);

/* ms from one picture to the next, by what the source says of itself: for files, which come as fast as they are read. */
int64_t gl_source_pace(const struct gl_source *s);

void gl_source_close(struct gl_source *s);
