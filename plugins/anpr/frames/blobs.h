/* Blobs: connected pixels darker, or lighter, than their surroundings. What is printed on a plate comes out as one blob per character. */
#pragma once
#include "frames/picture.h"

enum { GL_BLOBS_MAX = 6000 }; /* most that are kept of one picture and polarity */

enum gl_polarity { GL_DARK = 1, GL_LIGHT = 2 };

struct gl_blob { /* x2, y2 just outside */
    int16_t x1, y1, x2, y2;
    int32_t pixels;
};

struct gl_blob_limits {
    int radius;      /* the surroundings: a square of 2 * radius + 1 */
    int offset;      /* how much darker or lighter than their mean, in grey values */
    int least, most; /* height */
    double widest;   /* width / height */
};

struct gl_blobs {
    size_t n[3]; /* by polarity; [0] is not used */
    struct gl_blob *blob[3];
};

/* Finds those within the limits in one sweep, both polarities. *ret belongs to the caller (gl_blobs_free). A picture of noise gives the first
 * GL_BLOBS_MAX of each. -ENOMEM. */
int gl_blobs_find(const struct gl_picture *p, const struct gl_blob_limits *limits, struct gl_blobs *ret) GL_MUST_USE;
void gl_blobs_free(struct gl_blobs *b); /* for GL_CLEANUP too */
