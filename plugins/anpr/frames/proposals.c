/* Proposals: the quadrilateral of a chain, its score, and lists of them. */
#include <math.h>
#include <stdlib.h>

#include "frames/chains_impl.h"

struct line { /* y = at + slope * (x - x0) */
    double x0, at, slope;
};

static double height(const struct gl_blob *b) {
    return b->y2 - b->y1;
}
static double centre(const struct gl_blob *b) {
    return (b->x1 + b->x2) / 2.0;
}
static double at(const struct line *l, double x) {
    return l->at + l->slope * (x - l->x0);
}

static struct line fit(const struct gl_chain *c, bool top, const bool *out) {
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (int i = 0; i < c->n; i++) {
        const struct gl_blob *b = &c->blob[c->member[i]];
        if (out[i]) continue;
        double x = centre(b), y = top ? b->y1 : b->y2;
        n++;
        sx += x;
        sy += y;
    }
    double mx = sx / n, my = sy / n;
    for (int i = 0; i < c->n; i++) {
        const struct gl_blob *b = &c->blob[c->member[i]];
        if (out[i]) continue;
        double x = centre(b) - mx, y = (top ? b->y1 : b->y2) - my;
        sxx += x * x;
        sxy += x * y;
    }
    return (struct line){mx, my, sxx > 0 ? sxy / sxx : 0};
}

/* Twice: what is off after the first fit does not count in the second. Returns the mean deviation of the rest, in heights. */
static double fit_both(const struct gl_chain *c, struct line *top, struct line *bottom) {
    bool out[GL_CHAIN_MAX] = {false};
    double off = 0;
    for (int round = 0; round < 2; round++) {
        *top = fit(c, true, out);
        *bottom = fit(c, false, out);
        int n = 0, dropped = 0;
        off = 0;
        for (int i = 0; i < c->n; i++) {
            const struct gl_blob *b = &c->blob[c->member[i]];
            double d = (fabs(b->y1 - at(top, centre(b))) + fabs(b->y2 - at(bottom, centre(b)))) / 2 / height(b);
            out[i] = round == 0 && d > 0.08 && dropped < c->n / 3;
            dropped += out[i];
            off += out[i] ? 0 : d;
            n += !out[i];
        }
        off /= n > 0 ? n : 1;
        if (dropped == 0) break;
    }
    return off;
}

/* How much a chain looks like a plate: as many characters as plates have, in line, some of them wide, evenly spaced, not solid. */
static double score(const struct gl_chain *c, double off) {
    static const double by_number[] = {0, 0, 0, 0.25, 0.6, 0.8, 0.95, 1, 0.95, 0.85, 0.7, 0.5, 0.35, 0.25, 0.2};
    double width = 0, fill = 0, gaps = 0, gaps2 = 0, uneven = 0, h = c->height;
    for (int i = 0; i < c->n; i++) {
        const struct gl_blob *b = &c->blob[c->member[i]];
        width += (b->x2 - b->x1) / height(b) / c->n;
        fill += b->pixels / height(b) / (b->x2 - b->x1) / c->n;
        uneven += fabs(height(b) / h - 1) / c->n;
        if (i == 0) continue;
        double gap = (centre(b) - centre(&c->blob[c->member[i - 1]])) / h;
        gaps += gap / (c->n - 1);
        gaps2 += gap * gap / (c->n - 1);
    }
    double spread = sqrt(fmax(gaps2 - gaps * gaps, 0)) / fmax(gaps, 0.1);
    double s = by_number[c->n];
    s *= exp(-pow((width - 0.52) / 0.28, 2));
    s *= exp(-pow(fmax(fabs(fill - 0.5) - 0.1, 0) / 0.2, 2));
    s *= exp(-off / 0.06) * exp(-uneven / 0.2) * exp(-pow(spread / 0.6, 2));
    return s;
}

bool gl_chain_proposal(const struct gl_chain *c, double scale, struct gl_proposal *ret) {
    struct line top, bottom;
    double off = fit_both(c, &top, &bottom);
    if (off > 0.15 || fabs(top.slope) > 0.6 || fabs(top.slope - bottom.slope) > 0.25) return false;
    double left = c->blob[c->member[0]].x1, right = left;
    for (int i = 0; i < c->n; i++) right = fmax(right, c->blob[c->member[i]].x2);
    *ret = (struct gl_proposal){.left = (float)(left * scale), .right = (float)(right * scale), .n = (uint8_t)c->n};
    for (int i = 0; i < 2; i++) {
        ret->top[i] = (float)(at(&top, i ? right : left) * scale);
        ret->bottom[i] = (float)(at(&bottom, i ? right : left) * scale);
        if (ret->bottom[i] - ret->top[i] < 0.4 * c->height * scale) return false;
    }
    ret->score = (float)score(c, off);
    return true;
}

/* ---- lists ---- */
int gl_proposal_add(struct gl_proposal *list, int n, const struct gl_proposal *p) {
    if (n < GL_PROPOSALS_MAX) {
        list[n] = *p;
        return n + 1;
    }
    int weakest = 0;
    for (int i = 1; i < n; i++)
        if (list[i].score < list[weakest].score) weakest = i;
    if (list[weakest].score < p->score) list[weakest] = *p;
    return n;
}

double gl_proposal_height(const struct gl_proposal *p) {
    return (p->bottom[0] - p->top[0] + p->bottom[1] - p->top[1]) / 2;
}

double gl_proposal_overlap(const struct gl_proposal *a, const struct gl_proposal *b) {
    double ta = fmin(a->top[0], a->top[1]), ba = fmax(a->bottom[0], a->bottom[1]);
    double tb = fmin(b->top[0], b->top[1]), bb = fmax(b->bottom[0], b->bottom[1]);
    double w = fmin(a->right, b->right) - fmax(a->left, b->left), h = fmin(ba, bb) - fmax(ta, tb);
    if (w <= 0 || h <= 0) return 0;
    return w * h / ((a->right - a->left) * (ba - ta) + (b->right - b->left) * (bb - tb) - w * h);
}

static int by_score(const void *a, const void *b) {
    const struct gl_proposal *x = a, *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

int gl_proposals_thin(struct gl_proposal *list, int n, double overlap) {
    int kept = 0;
    qsort(list, (size_t)n, sizeof *list, by_score);
    for (int i = 0; i < n; i++) {
        bool said = false;
        for (int k = 0; k < kept && !said; k++) said = gl_proposal_overlap(&list[i], &list[k]) > overlap;
        if (!said) list[kept++] = list[i];
    }
    return kept;
}
