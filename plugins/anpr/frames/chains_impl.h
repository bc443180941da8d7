/* What chains.c and proposals.c share. */
#pragma once
#include "frames/blobs.h"
#include "frames/chains.h"

enum { GL_CHAIN_MAX = 14 };

struct gl_chain {
    const struct gl_blob *blob; /* all of them, from left to right */
    int n;
    int member[GL_CHAIN_MAX];
    double height; /* of the last few */
};

/* The quadrilateral around a chain, scaled to level 0, and how much it looks like a plate. False when its members do not stand in line. */
bool gl_chain_proposal(const struct gl_chain *c, double scale, struct gl_proposal *ret);

/* Adds one; when the list is full, it takes the place of the weakest, if that is weaker. Returns the new number. */
int gl_proposal_add(struct gl_proposal *list, int n, const struct gl_proposal *p);
