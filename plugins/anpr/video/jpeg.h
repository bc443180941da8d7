/* A frame, or a part of it, as JPEG for the evidence. */
#pragma once
#include "base/buf.h"

struct AVFrame;

/* x, y, w, h: the part, cut to what there is; made smaller where it is wider than `widest`. Appends to out; -ENOMEM, -EIO. */
int gl_jpeg_part(const struct AVFrame *frame, int x, int y, int w, int h, int widest, struct gl_buf *out) GL_MUST_USE;
