/* Where a line of characters may stand: proposals without any training. Neighbouring blobs of like height on a straight line, looked for at
 * several sizes of the picture and in both polarities. Every proposal is a guess that the recogniser judges; other proposers give the same
 * struct. */
#pragma once
#include "frames/picture.h"

enum {
    GL_PROPOSALS_MAX = 64, /* most of one picture */
    GL_PYRAMID = 5         /* a picture and its halves, quarters, ... */
};

/* One line of characters: a quadrilateral with upright sides, tight around the characters, in pixels of the first level of the pyramid. */
struct gl_proposal {
    float left, right;
    float top[2], bottom[2]; /* at left and at right */
    float lean;              /* how far the top is to the right of the bottom, per height */
    float score;             /* the higher the likelier; of chains about 0..1 */
    float seen;              /* how surely the proposer's net sees a line of a plate here, 0..1; 0 = it was not asked */
    uint8_t n;               /* characters that were seen; 0 = not known */
};

struct gl_pyramid {
    int n;
    struct gl_picture level[GL_PYRAMID]; /* level[0] is borrowed */
};

/* Halves a picture while there is something to see. -ENOMEM. */
int gl_pyramid_make(const struct gl_picture *p, struct gl_pyramid *ret) GL_MUST_USE;
void gl_pyramid_free(struct gl_pyramid *p); /* for GL_CLEANUP too */

/* Adds proposals of the levels from..to (inclusive, cut to what there is), best first, to what is in list; characters lower than
 * least_height pixels of level 0 are not looked at. Returns the new number, at most GL_PROPOSALS_MAX, or -ENOMEM. */
int gl_chains_find(const struct gl_pyramid *p, int from, int to, double least_height, struct gl_proposal *list, int n) GL_MUST_USE;

/* Adds the chains about another proposal and of about its height, best first, to what is in list: on its line, and on one above and below. They
 * are looked for there alone, which costs little. Returns the new number, or -ENOMEM. */
int gl_chains_near(const struct gl_pyramid *p, const struct gl_proposal *where, struct gl_proposal *list, int n) GL_MUST_USE;

/* Mean height of the quadrilateral, and how much two have in common (0..1: intersection over union of their upright boxes). */
double gl_proposal_height(const struct gl_proposal *p);
double gl_proposal_overlap(const struct gl_proposal *a, const struct gl_proposal *b);

/* How far the middle of c is below the line of w, in heights of w; negative: above. */
double gl_proposal_below(const struct gl_proposal *c, const struct gl_proposal *w);

/* Sorts, best first, and drops what says the same as a better one. Returns how many are left. */
int gl_proposals_thin(struct gl_proposal *list, int n, double overlap);
