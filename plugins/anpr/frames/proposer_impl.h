/* The proposer without its net: what goes in, and what its numbers mean. The reference is plugins/anpr/training/proposer.py. */
#pragma once
#include "frames/proposer.h"

enum { GL_PROPOSER_WIDTH = 640, GL_PROPOSER_HEIGHT = 384, GL_PROPOSER_NUMBERS = 6 * 48 * 80 };

/* Writes GL_PROPOSER_WIDTH * GL_PROPOSER_HEIGHT numbers: the picture at the upper left, standardised, shrunk by means or grown between pixels; 0
 * beside it. Returns the factor from level 0 to the input; -ENOMEM. */
double gl_proposer_fit(const struct gl_pyramid *p, float *in);

/* The lines in GL_PROPOSER_NUMBERS numbers of the net, best first, at most `most`, in pixels of level 0. Returns how many. */
int gl_proposer_decode(const float *out, double factor, struct gl_proposal *list, int most);
