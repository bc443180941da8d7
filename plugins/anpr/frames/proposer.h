/* The proposer: a net that sees a whole picture at once, and says where lines of a plate's characters are, and how surely. models/proposer.md has
 * its shape. */
#pragma once
#include "frames/chains.h"
#include "frames/vision.h"

struct gl_proposer;

/* -ENOENT when there is no such file; otherwise as gl_net_open(). */
int gl_proposer_open(const char *path, struct gl_proposer **ret, struct gl_error *err) GL_MUST_USE;

/* Looks at a picture once; the others speak of the last look. -EIO, -ENOMEM. */
int gl_proposer_look(struct gl_proposer *pr, const struct gl_pyramid *p, struct gl_error *err) GL_MUST_USE;

/* Writes the likeliest lines, at most GL_PROPOSER_MOST, best first, in pixels of level 0; their score is a probability. Returns how many. */
enum { GL_PROPOSER_MOST = 12 };
int gl_proposer_find(const struct gl_proposer *pr, struct gl_proposal *list);

/* How much the net sees a line of a plate about the middle of another proposal, 0..1. */
double gl_proposer_heat(const struct gl_proposer *pr, const struct gl_proposal *where);

void gl_proposer_free(struct gl_proposer *pr);
