/* One reading out of many: the frames of one vehicle vote on its plate. A frame's voice weighs more the larger and the surer its read is; only the best
 * few are kept, so a vehicle that stands for an hour takes no more room than one that drives through. Pure. */
#pragma once
#include "frames/seen.h"

enum { GL_VOTE_FRAMES = 8, GL_VOTE_TEXTS = 10 };

struct gl_ballot {
    double weight;
    struct gl_seen_plate plate;
};

struct gl_vote {
    uint16_t n;
    struct gl_ballot ballots[GL_VOTE_FRAMES];
};

struct gl_vote_result {
    uint16_t n_candidates; /* the first is the winner; 0 = nobody read anything */
    struct gl_candidate candidates[GL_VOTE_TEXTS];
    uint16_t n_characters; /* of the winner */
    double characters[GL_PLATE - 1];
    char country[GL_COUNTRY];
    uint16_t agree; /* frames that read just the winner */
};

void gl_vote_add(struct gl_vote *v, const struct gl_seen_plate *p);
void gl_vote_count(const struct gl_vote *v, struct gl_vote_result *out);

/* Characters to be changed, left out or put in to make one text of the other. */
size_t gl_text_distance(const char *a, const char *b);
