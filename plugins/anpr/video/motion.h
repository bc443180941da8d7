/* Whether something moves: a coarse grid of a frame against what has been there before, however bright it is altogether. A vehicle that stops becomes
 * background after a while. Pure. */
#pragma once
#include "frames/region.h"

enum { GL_MOTION_W = 64, GL_MOTION_H = 36, GL_MOTION_CELLS = GL_MOTION_W * GL_MOTION_H };

struct gl_motion {
    bool started;
    float before[GL_MOTION_CELLS];
    bool watched[GL_MOTION_CELLS]; /* by the region */
    int n_watched;
};

void gl_motion_init(struct gl_motion *m, const struct gl_region *region);

/* A frame of grey. Returns the share of the watched cells that changed, 0..1; 1 for the first frame, of which nothing is known. */
double gl_motion_step(struct gl_motion *m, const unsigned char *grey, int width, int height, int stride);

#define GL_MOTION_LEAST 0.006 /* so much of the watched part is something that moves, and no noise */
