/* A picture as the reader wants it: one plane of grey. Decoded by FFmpeg's libraries from foreign bytes, so everything here is bounded:
 * the bytes taken, the pixels that a header may promise, and the pixels that are kept. */
#pragma once
#include "base/base.h"

struct AVFrame;

enum {
    GL_PICTURE_BYTES = 64 << 20,      /* most bytes of a file */
    GL_PICTURE_PIXELS = 40000000,     /* most pixels that a picture may declare; more is refused, not scaled */
    GL_PICTURE_SIDE = 16384,          /* longest side that it may declare */
    GL_PICTURE_LEAST = 8,             /* shortest side in which anything could be seen */
    GL_PICTURE_KEPT = 4 * 1000 * 1000 /* pixels that are kept: what is larger is scaled down, see scale */
};

struct gl_picture {
    int width, height;
    int stride;    /* bytes from one row to the next */
    uint8_t *grey; /* 0 = black .. 255 = white, upright */
    void *memory;  /* what gl_picture_free() frees: NULL in a view */
    double scale;  /* pixels of the source for one of these: 1 unless the source had more than GL_PICTURE_KEPT */
};

/* Decodes the first picture in len bytes: JPEG, PNG, BMP, TIFF, WebP, GIF, PNM. Orientation (EXIF) is honoured. name is for the reason only.
 * Returns 0; -EINVAL (no picture, truncated, corrupt, too small), -EFBIG (it declares more than the limits above), -ENOMEM. The picture is
 * the caller's: gl_picture_free(). */
int gl_picture_decode(const void *bytes, size_t len, const char *name, struct gl_picture *ret, struct gl_error *err) GL_MUST_USE;

/* The same for a file; also -ENOENT, -EACCES, -EISDIR, ... as open() says. */
int gl_picture_load(const char *path, struct gl_picture *ret, struct gl_error *err) GL_MUST_USE;

/* The grey of a frame that a decoder gave, of any pixel format that libswscale reads; the same limits. quarter_turns: clockwise, 0..3. The
 * frame stays the caller's and is not touched. */
int gl_picture_from_frame(const struct AVFrame *frame, int quarter_turns, struct gl_picture *ret, struct gl_error *err) GL_MUST_USE;

/* An empty (black) picture of this size, for tests and for who draws. -EINVAL outside the limits. */
int gl_picture_new(int width, int height, struct gl_picture *ret) GL_MUST_USE;

/* A look at a part, cut to what there is of it; it lives as long as the whole. Nothing is copied, nothing to free. */
struct gl_picture gl_picture_view(const struct gl_picture *whole, int x, int y, int width, int height);

void gl_picture_free(struct gl_picture *p); /* for GL_CLEANUP too */
