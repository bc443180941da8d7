/* One sweep over the picture: a running mean of the surroundings, runs of dark and light pixels in each row, and runs that touch those of the
 * row above joined by union-find. Memory: three rows of numbers and the labels. */
#include "frames/blobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct run {
    int16_t x1, x2; /* x2 just outside */
    int32_t label;
    uint8_t polarity;
};

struct label {
    struct gl_blob blob;
    int32_t parent;
    uint8_t polarity;
};

struct sweep {
    const struct gl_picture *p;
    const struct gl_blob_limits *limits;
    struct gl_blobs *out;
    uint32_t *columns, *before; /* sums of the columns around the row; those summed from the left */
    uint8_t *classes;
    struct run *runs[2]; /* of this row and of the one above */
    int n_runs[2];
    struct label *labels;
    int32_t n_labels, max_labels;
};

static int clamp(int v, int most) {
    return v < 0 ? 0 : v > most ? most : v;
}

/* ---- dark and light ---- */
static void add_row(struct sweep *s, int y) {
    const uint8_t *row = s->p->grey + (size_t)clamp(y, s->p->height - 1) * (size_t)s->p->stride;
    for (int x = 0; x < s->p->width; x++) s->columns[x] += row[x];
}

static void slide(struct sweep *s, int y) {
    int r = s->limits->radius;
    const uint8_t *in = s->p->grey + (size_t)clamp(y + r, s->p->height - 1) * (size_t)s->p->stride;
    const uint8_t *out = s->p->grey + (size_t)clamp(y - r - 1, s->p->height - 1) * (size_t)s->p->stride;
    for (int x = 0; x < s->p->width; x++) s->columns[x] += (uint32_t)in[x] - out[x];
}

static void classify(struct sweep *s, int y) {
    int w = s->p->width, r = s->limits->radius;
    uint32_t area = (uint32_t)((2 * r + 1) * (2 * r + 1)), margin = area * (uint32_t)s->limits->offset, sum = 0;
    const uint8_t *row = s->p->grey + (size_t)y * (size_t)s->p->stride;
    for (int i = 0; i < w + 2 * r; i++) { /* before[i]: all columns left of x = i - r, those outside as the nearest inside */
        s->before[i] = sum;
        sum += s->columns[clamp(i - r, w - 1)];
    }
    s->before[w + 2 * r] = sum;
    for (int x = 0; x < w; x++) {
        uint32_t around = s->before[x + 2 * r + 1] - s->before[x], here = row[x] * area;
        s->classes[x] = (uint8_t)((here + margin < around) | ((here > around + margin) << 1));
    }
}

/* ---- joining ---- */
static int32_t find(struct sweep *s, int32_t l) {
    while (s->labels[l].parent != l) l = s->labels[l].parent = s->labels[s->labels[l].parent].parent;
    return l;
}

static void take(struct gl_blob *a, const struct gl_blob *b) {
    if (b->x1 < a->x1) a->x1 = b->x1;
    if (b->y1 < a->y1) a->y1 = b->y1;
    if (b->x2 > a->x2) a->x2 = b->x2;
    if (b->y2 > a->y2) a->y2 = b->y2;
    a->pixels += b->pixels;
}

static int32_t join(struct sweep *s, int32_t a, int32_t b) {
    if (a == b) return a;
    take(&s->labels[a].blob, &s->labels[b].blob);
    s->labels[b].parent = a;
    s->labels[b].blob.pixels = 0;
    return a;
}

static void place(struct sweep *s, struct run *r, int y, int *above) {
    const struct run *up = s->runs[1];
    struct gl_blob b = {r->x1, (int16_t)y, r->x2, (int16_t)(y + 1), r->x2 - r->x1};
    r->label = -1;
    while (*above < s->n_runs[1] && up[*above].x2 < r->x1) (*above)++;
    for (int i = *above; i < s->n_runs[1] && up[i].x1 <= r->x2; i++) {
        if (up[i].polarity != r->polarity || up[i].label < 0) continue;
        int32_t l = find(s, up[i].label);
        r->label = r->label < 0 ? l : join(s, find(s, r->label), l);
    }
    if (r->label >= 0) {
        take(&s->labels[r->label].blob, &b);
    } else if (s->n_labels < s->max_labels) {
        r->label = s->n_labels++;
        s->labels[r->label] = (struct label){b, r->label, r->polarity};
    }
}

static void sweep_row(struct sweep *s, int y) {
    struct run *old = s->runs[1];
    s->runs[1] = s->runs[0];
    s->n_runs[1] = s->n_runs[0];
    s->runs[0] = old;
    s->n_runs[0] = 0;
    int above = 0, w = s->p->width;
    for (int x = 0; x < w;) {
        if (s->classes[x] == 0) {
            x++;
            continue;
        }
        struct run *r = &s->runs[0][s->n_runs[0]++];
        *r = (struct run){.x1 = (int16_t)x, .polarity = s->classes[x]};
        while (x < w && s->classes[x] == r->polarity) x++;
        r->x2 = (int16_t)x;
        place(s, r, y, &above);
    }
}

/* ---- the whole ---- */
static void keep(struct sweep *s) {
    const struct gl_blob_limits *m = s->limits;
    for (int32_t i = 0; i < s->n_labels; i++) {
        const struct label *l = &s->labels[i];
        int h = l->blob.y2 - l->blob.y1, w = l->blob.x2 - l->blob.x1;
        size_t *n = &s->out->n[l->polarity];
        if (l->parent == i && h >= m->least && h <= m->most && w <= h * m->widest && *n < GL_BLOBS_MAX)
            s->out->blob[l->polarity][(*n)++] = l->blob;
    }
}

static void sweep_free(struct sweep *s) {
    free(s->columns);
    free(s->before);
    free(s->classes);
    free(s->runs[0]);
    free(s->runs[1]);
    free(s->labels);
}

static bool sweep_make(struct sweep *s) {
    size_t w = (size_t)s->p->width;
    /* One label for eight pixels is more than anything but noise has; what comes later has none and is left out. */
    s->max_labels = s->p->width * s->p->height / 8 + 1024;
    s->columns = calloc(w, sizeof *s->columns);
    s->before = malloc((w + 2 * (size_t)s->limits->radius + 1) * sizeof *s->before);
    s->classes = malloc(w);
    s->runs[0] = malloc(w * sizeof *s->runs[0]);
    s->runs[1] = malloc(w * sizeof *s->runs[1]);
    s->labels = malloc((size_t)s->max_labels * sizeof *s->labels);
    for (int i = GL_DARK; i <= GL_LIGHT; i++) s->out->blob[i] = malloc(GL_BLOBS_MAX * sizeof *s->out->blob[i]);
    return s->columns && s->before && s->classes && s->runs[0] && s->runs[1] && s->labels && s->out->blob[GL_DARK] &&
           s->out->blob[GL_LIGHT];
}

int gl_blobs_find(const struct gl_picture *p, const struct gl_blob_limits *limits, struct gl_blobs *ret) {
    *ret = (struct gl_blobs){{0}, {0}};
    GL_CLEANUP(sweep_free) struct sweep s = {.p = p, .limits = limits, .out = ret};
    if (!sweep_make(&s)) {
        gl_blobs_free(ret);
        return -ENOMEM;
    }
    int r = limits->radius;
    for (int y = -r - 1; y < r; y++) add_row(&s, y); /* as the window stands one row above the picture */
    for (int y = 0; y < p->height; y++) {
        slide(&s, y);
        classify(&s, y);
        sweep_row(&s, y);
    }
    keep(&s);
    return 0;
}

void gl_blobs_free(struct gl_blobs *b) {
    for (int i = 0; i < 3; i++) free(b->blob[i]);
    *b = (struct gl_blobs){{0}, {0}};
}
