/* What the simulated camera sees: a road, and now and then a vehicle that drives up, stands, and drives away, with a plate of plain strokes. */
#pragma once
#include "base/base.h"

enum { SIM_PLATE = 17 };

struct sim_canvas { /* 4:2:0, full range; rows without gaps */
    int w, h;       /* even */
    uint8_t *y, *u, *v;
};

struct sim_vehicle {
    bool there;
    char plate[SIM_PLATE]; /* "" = none */
    int64_t came, leaves;  /* mono ms; leaves 0 = stands */
    int64_t drive_ms;      /* from far to near, and away again */
    double near;           /* plate's width when it stands, share of the picture's */
    int dirt;              /* per cent of the plate that cannot be seen */
};

int sim_canvas_size(struct sim_canvas *c, int w, int h) GL_MUST_USE; /* black; -EINVAL, -ENOMEM */
void sim_canvas_free(struct sim_canvas *c);

/* Draws all of it anew. seed: of the noise, carried on. A vehicle that has driven away is no longer there. */
void sim_scene_draw(struct sim_canvas *c, struct sim_vehicle *v, int64_t mono, uint32_t *seed);

/* Distance of a point from the strokes of a character, in its own units: 4 wide, 6 high; large when there is no such character. */
double sim_glyph_distance(char letter, double x, double y);
