/* A canvas as JPEG. */
#pragma once
#include "base/buf.h"
#include "frames/sim_scene.h"

struct sim_jpeg;
int sim_jpeg_open(int w, int h, struct sim_jpeg **ret) GL_MUST_USE;
int sim_jpeg_encode(struct sim_jpeg *j, const struct sim_canvas *c, struct gl_buf *out) GL_MUST_USE; /* replaces out */
void sim_jpeg_close(struct sim_jpeg *j);
