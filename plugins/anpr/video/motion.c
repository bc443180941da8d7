#include "video/motion.h"

#include <math.h>
#include <string.h>

#define LEARNS 0.06f  /* of a frame into the background */
#define CHANGED 14.0f /* levels of grey that a cell differs by, beyond what the whole picture does */

void gl_motion_init(struct gl_motion *m, const struct gl_region *region) {
    memset(m, 0, sizeof *m);
    for (int i = 0; i < GL_MOTION_CELLS; i++) {
        double x = (i % GL_MOTION_W + 0.5) / GL_MOTION_W, y = (i / GL_MOTION_W + 0.5) / GL_MOTION_H;
        m->watched[i] = gl_region_holds(region, x, y);
        m->n_watched += m->watched[i];
    }
}

/* The mean of a cell; every fourth pixel of every fourth row is enough of a large one. */
static float cell_mean(const unsigned char *grey, int width, int height, int stride, int cell) {
    int left = cell % GL_MOTION_W * width / GL_MOTION_W, right = (cell % GL_MOTION_W + 1) * width / GL_MOTION_W;
    int top = cell / GL_MOTION_W * height / GL_MOTION_H, bottom = (cell / GL_MOTION_W + 1) * height / GL_MOTION_H;
    int step = right - left >= 16 && bottom - top >= 16 ? 4 : 1, n = 0;
    long sum = 0;
    for (int y = top; y < bottom; y += step)
        for (int x = left; x < right; x += step, n++) sum += grey[(long)y * stride + x];
    return n > 0 ? (float)sum / (float)n : 0;
}

double gl_motion_step(struct gl_motion *m, const unsigned char *grey, int width, int height, int stride) {
    float now[GL_MOTION_CELLS], brighter = 0;
    int changed = 0;
    for (int i = 0; i < GL_MOTION_CELLS; i++) {
        now[i] = cell_mean(grey, width, height, stride, i);
        brighter += (now[i] - m->before[i]) / GL_MOTION_CELLS;
    }
    for (int i = 0; i < GL_MOTION_CELLS; i++) {
        changed += m->watched[i] && fabsf(now[i] - m->before[i] - brighter) > CHANGED;
        m->before[i] = m->started ? m->before[i] + LEARNS * (now[i] - m->before[i]) : now[i];
    }
    bool first = !m->started;
    m->started = true;
    return first ? 1 : m->n_watched > 0 ? (double)changed / m->n_watched : 0;
}
