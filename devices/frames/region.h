/* The part of a picture in which plates are looked for: "x1,y1,x2,y2" in per cent of width and height, or the corners of a polygon,
 * "10,40 90,40 100,100 0,100". Pure. */
#pragma once
#include "base/base.h"

enum { GL_REGION_CORNERS = 12 };

struct gl_region {
    size_t n;                                          /* corners; 0 = the whole picture */
    double x[GL_REGION_CORNERS], y[GL_REGION_CORNERS]; /* 0..1 */
};

/* "" or NULL is the whole picture. -EINVAL with what would be right. */
int gl_region_parse(const char *text, struct gl_region *out, struct gl_error *err) GL_MUST_USE;

bool gl_region_holds(const struct gl_region *r, double x, double y);

/* The smallest upright box around it, 0..1. */
void gl_region_box(const struct gl_region *r, double *left, double *top, double *right, double *bottom);
