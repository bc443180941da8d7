/* Chains: from each blob to the right, to the neighbour that fits best what the chain is so far. */
#include "frames/chains.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "frames/blobs.h"
#include "frames/chains_impl.h"
#include "frames/picture_impl.h"

/* Each level is looked at with several kinds of surroundings: small ones part characters that nearly touch, larger ones keep bold ones whole.
 * Characters of 7 to 36 pixels on each level: the levels overlap. */
static const struct { int radius, offset; } looks[] = {{5, 7}, {9, 14}};
enum { LEAST = 7, MOST = 36 };

int gl_pyramid_make(const struct gl_picture *p, struct gl_pyramid *ret) {
    *ret = (struct gl_pyramid){.n = 1, .level = {*p}};
    while (ret->n < GL_PYRAMID) {
        const struct gl_picture *last = &ret->level[ret->n - 1];
        if (last->width < 64 || last->height < 24) break;
        if (gl_picture_halve(last, &ret->level[ret->n]) < 0) {
            gl_pyramid_free(ret);
            return -ENOMEM;
        }
        ret->n++;
    }
    return 0;
}

void gl_pyramid_free(struct gl_pyramid *p) {
    for (int i = 1; i < p->n; i++) gl_picture_free(&p->level[i]);
    p->n = 0;
}

/* ---- chains ---- */
static double height(const struct gl_blob *b) {
    return b->y2 - b->y1;
}
static double middle(const struct gl_blob *b) {
    return (b->y1 + b->y2) / 2.0;
}
static double centre(const struct gl_blob *b) {
    return (b->x1 + b->x2) / 2.0;
}

/* What it costs to go from the chain's last blob to b; over 1: it does not fit. */
static double step_cost(const struct gl_chain *c, const struct gl_blob *b) {
    const struct gl_blob *last = &c->blob[c->member[c->n - 1]], *first = &c->blob[c->member[0]];
    double h = c->height, gap = b->x1 - last->x2, across = centre(b) - centre(last);
    if (across <= 0.15 * h || gap < -0.15 * h || gap > 1.3 * h) return 2;
    double ratio = height(b) / h, unlike = fabs(ratio - 1);
    if (unlike > 0.3) return 2;
    double slope = c->n > 1 ? (middle(last) - middle(first)) / (centre(last) - centre(first)) : 0;
    double off = fabs(middle(b) - middle(last) - slope * across) / h, free = c->n > 2 ? 0.2 : 0.2 + 0.3 * across / h;
    if (off > free) return 2;
    return 0.35 * fmax(gap, 0) / h + unlike + 0.8 * off / (free / 0.2);
}

static int next_of(const struct gl_chain *c, size_t n_blobs) {
    const struct gl_blob *last = &c->blob[c->member[c->n - 1]];
    int best = -1;
    double least = 1, reach = last->x2 + 1.3 * c->height;
    for (size_t i = (size_t)c->member[c->n - 1] + 1; i < n_blobs && c->blob[i].x1 <= reach; i++) {
        double cost = step_cost(c, &c->blob[i]);
        if (cost < least) {
            least = cost;
            best = (int)i;
        }
    }
    return best;
}

static void grow(struct gl_chain *c, size_t n_blobs, int start) {
    c->member[0] = start;
    c->n = 1;
    c->height = height(&c->blob[start]);
    while (c->n < GL_CHAIN_MAX) {
        int next = next_of(c, n_blobs);
        if (next < 0) return;
        c->member[c->n++] = next;
        c->height += (height(&c->blob[next]) - c->height) / fmin(c->n, 4);
    }
}

static int by_left(const void *a, const void *b) {
    const struct gl_blob *x = a, *y = b;
    return x->x1 != y->x1 ? (x->x1 < y->x1 ? -1 : 1) : (x->y1 > y->y1) - (x->y1 < y->y1);
}

/* All chains of one level and polarity. */
static int chains_of(struct gl_blob *blob, size_t n_blobs, double scale, struct gl_proposal *list, int n) {
    GL_CLEANUP(gl_freep) uint8_t *used = calloc(n_blobs ? n_blobs : 1, 1);
    if (!used) return -ENOMEM;
    qsort(blob, n_blobs, sizeof *blob, by_left);
    struct gl_chain c = {.blob = blob};
    for (size_t i = 0; i < n_blobs; i++) {
        if (used[i]) continue;
        grow(&c, n_blobs, (int)i);
        struct gl_proposal p;
        if (c.n < 3 || !gl_chain_proposal(&c, scale, &p)) continue;
        if (c.n >= 4)
            for (int k = 0; k < c.n; k++) used[c.member[k]] = 1;
        n = gl_proposal_add(list, n, &p);
    }
    return n;
}

/* One look at one level. */
static int look_at(const struct gl_picture *p, double scale, const struct gl_blob_limits *limits, struct gl_proposal *list, int n) {
    GL_CLEANUP(gl_blobs_free) struct gl_blobs blobs;
    if (gl_blobs_find(p, limits, &blobs) < 0) return -ENOMEM;
    for (int k = GL_DARK; k <= GL_LIGHT && n >= 0; k++) n = chains_of(blobs.blob[k], blobs.n[k], scale, list, n);
    return n;
}

int gl_chains_find(const struct gl_pyramid *p, int from, int to, double least_height, struct gl_proposal *list, int n) {
    for (int i = from; i <= to && i < p->n; i++) {
        double scale = p->level[i].scale / p->level[0].scale;
        int least = (int)fmax(least_height / scale, LEAST);
        for (size_t k = 0; k < GL_COUNT(looks) && n >= 0; k++) {
            struct gl_blob_limits limits = {looks[k].radius, looks[k].offset, least, MOST, 1.4};
            n = look_at(&p->level[i], scale, &limits, list, n);
        }
    }
    return n < 0 ? n : gl_proposals_thin(list, n, 0.7);
}

/* ---- about another proposal ---- */
/* The part of a level about a proposal: two characters more at both sides, a line above and below. */
static struct gl_picture part_of(const struct gl_picture *level, double scale, const struct gl_proposal *w, int *x, int *y) {
    double h = gl_proposal_height(w), top = fmin(w->top[0], w->top[1]), bottom = fmax(w->bottom[0], w->bottom[1]);
    *x = (int)fmax(0, (w->left - 1.5 * h) / scale);
    *y = (int)fmax(0, (top - 1.6 * h) / scale);
    return gl_picture_view(level, *x, *y, (int)((w->right + 1.5 * h) / scale) - *x, (int)((bottom + 1.6 * h) / scale) - *y);
}

static void shift(struct gl_proposal *p, double x, double y) {
    p->left += (float)x;
    p->right += (float)x;
    for (int i = 0; i < 2; i++) {
        p->top[i] += (float)y;
        p->bottom[i] += (float)y;
    }
}

double gl_proposal_below(const struct gl_proposal *c, const struct gl_proposal *w) {
    double x = (c->left + c->right) / 2, along = (x - w->left) / fmax(w->right - w->left, 1);
    double middle = (c->top[0] + c->top[1] + c->bottom[0] + c->bottom[1]) / 4;
    double line = (w->top[0] + w->bottom[0]) / 2 * (1 - along) + (w->top[1] + w->bottom[1]) / 2 * along;
    return (middle - line) / gl_proposal_height(w);
}

static bool goes_with(const struct gl_proposal *c, const struct gl_proposal *w) {
    double h = gl_proposal_height(w), high = gl_proposal_height(c);
    return high > 0.5 * h && high < 1.5 * h && c->left < w->right && c->right > w->left && fabs(gl_proposal_below(c, w)) < 1.6;
}

int gl_chains_near(const struct gl_pyramid *p, const struct gl_proposal *where, struct gl_proposal *list, int n) {
    struct gl_proposal found[GL_PROPOSALS_MAX];
    for (int i = 0; i < p->n; i++) {
        double scale = p->level[i].scale / p->level[0].scale, h = gl_proposal_height(where) / scale;
        if (h > MOST || (i > 0 && h < 1.5 * LEAST)) continue;
        int x, y, n_found = 0;
        struct gl_picture part = part_of(&p->level[i], scale, where, &x, &y);
        if (part.width < GL_PICTURE_LEAST || part.height < GL_PICTURE_LEAST) continue;
        for (size_t k = 0; k < GL_COUNT(looks) && n_found >= 0; k++) {
            struct gl_blob_limits limits = {looks[k].radius, looks[k].offset, (int)fmax(0.5 * h, 5), (int)ceil(1.5 * h), 1.4};
            n_found = look_at(&part, scale, &limits, found, n_found);
        }
        if (n_found < 0) return n_found;
        for (int k = 0; k < n_found; k++) {
            shift(&found[k], x * scale, y * scale);
            if (goes_with(&found[k], where)) n = gl_proposal_add(list, n, &found[k]);
        }
    }
    return gl_proposals_thin(list, n, 0.7);
}
