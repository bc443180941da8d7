/* What picture.c and picture_decode.c share, and the reader's pyramid. */
#pragma once
#include "frames/picture.h"

/* Half as wide and high, each pixel the mean of four. A side of 1 becomes 0: not for pictures under GL_PICTURE_LEAST. -ENOMEM. */
int gl_picture_halve(const struct gl_picture *from, struct gl_picture *ret) GL_MUST_USE;

/* Mirrors left and right, then turns clockwise, in place. -ENOMEM. */
int gl_picture_turn(struct gl_picture *p, int quarters, bool mirrored) GL_MUST_USE;
