/* The second proposer: a net that sees a whole picture at once, for plates whose characters do not part into blobs (small, blurred, dark).
 * models/proposer.md has its shape. */
#pragma once
#include "frames/chains.h"
#include "frames/vision.h"

struct gl_proposer;

/* -ENOENT when there is no such file; otherwise as gl_net_open(). */
int gl_proposer_open(const char *path, struct gl_proposer **ret, struct gl_error *err) GL_MUST_USE;

/* Writes the likeliest lines, best first, at most GL_PROPOSER_MOST, in pixels of level 0. Returns how many; -EIO. */
enum { GL_PROPOSER_MOST = 6 };
int gl_proposer_find(struct gl_proposer *pr, const struct gl_pyramid *p, struct gl_proposal *list,
                     struct gl_error *err) GL_MUST_USE;

/* How sure it is, 0..1, that a line lies about there, in the picture that it last looked at. */
double gl_proposer_sees(const struct gl_proposer *pr, const struct gl_proposal *where);

/* Peaks of a map of six channels of 48x80 cells as lines, best first; factor: pixels of the map's input for one of level 0. For tests. */
int gl_proposer_decode(const float *out, double factor, struct gl_proposal *list);

void gl_proposer_free(struct gl_proposer *pr);
