/* The picture shrunk to the net's size, and the peaks of what comes out. */
#include "frames/proposer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frames/chains_impl.h"

enum { WIDTH = 640, HEIGHT = 384, STRIDE = 8, COLUMNS = WIDTH / STRIDE, ROWS = HEIGHT / STRIDE, CELLS = COLUMNS * ROWS };
enum { HEAT, CENTRE_X, CENTRE_Y, HALF_HEIGHT, HALF_WIDTH, SLOPE, CHANNELS };

/* 98 of 100 plates have 0.29 and more (models/proposer.md). */
static const double least_score = 0.15;

struct gl_proposer {
    struct gl_net *net;
    double factor; /* from level 0 to the input */
    float in[WIDTH * HEIGHT], out[CHANNELS * CELLS];
};

int gl_proposer_open(const char *path, struct gl_proposer **ret, struct gl_error *err) {
    static const struct gl_net_shape shape = {HEIGHT, WIDTH, CHANNELS * CELLS};
    struct gl_proposer *pr = calloc(1, sizeof *pr);
    if (!pr) return gl_fail(err, -ENOMEM, "out of memory");
    int rc = gl_net_open(path, &shape, &pr->net, err);
    if (rc < 0)
        free(pr);
    else
        *ret = pr;
    return rc;
}

void gl_proposer_free(struct gl_proposer *pr) {
    if (pr) gl_net_free(pr->net);
    free(pr);
}

/* ---- in ---- */
static double mean_of(const struct gl_picture *p, double x1, double y1, double x2, double y2) {
    int xa = (int)x1, ya = (int)y1, xb = (int)ceil(x2), yb = (int)ceil(y2), n = 0;
    unsigned sum = 0;
    for (int y = ya; y < yb && y < p->height; y++)
        for (int x = xa; x < xb && x < p->width; x++, n++) sum += p->grey[(size_t)y * (size_t)p->stride + (size_t)x];
    return n ? (double)sum / n : 0;
}

static double between(const struct gl_picture *p, double x, double y) {
    x = fmin(fmax(x - 0.5, 0), p->width - 1.001);
    y = fmin(fmax(y - 0.5, 0), p->height - 1.001);
    int xi = (int)x, yi = (int)y;
    double fx = x - xi, fy = y - yi;
    const uint8_t *a = p->grey + (size_t)yi * (size_t)p->stride + xi, *b = a + p->stride;
    return (a[0] * (1 - fx) + a[1] * fx) * (1 - fy) + (b[0] * (1 - fx) + b[1] * fx) * fy;
}

static void fill(struct gl_proposer *pr, const struct gl_pyramid *p) {
    double factor = fmin((double)WIDTH / p->level[0].width, (double)HEIGHT / p->level[0].height);
    int w = (int)fmin(WIDTH, round(p->level[0].width * factor)), h = (int)fmin(HEIGHT, round(p->level[0].height * factor)), l = 0;
    while (l + 1 < p->n && p->level[l + 1].width >= w && p->level[l + 1].height >= h) l++;
    double step = p->level[0].scale / p->level[l].scale / factor, sum = 0, squares = 0, n = (double)w * h;
    memset(pr->in, 0, sizeof pr->in);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double v = step < 1 ? between(&p->level[l], (x + 0.5) * step, (y + 0.5) * step)
                                : mean_of(&p->level[l], x * step, y * step, (x + 1) * step, (y + 1) * step);
            pr->in[y * WIDTH + x] = (float)v;
            sum += v;
            squares += v * v;
        }
    double mean = sum / n, by = fmax(sqrt(fmax(squares / n - mean * mean, 0)), 8);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) pr->in[y * WIDTH + x] = (float)((pr->in[y * WIDTH + x] - mean) / by);
    pr->factor = factor;
}

/* ---- out ---- */
static bool is_peak(const float *heat, int row, int column) {
    float here = heat[row * COLUMNS + column];
    for (int y = row - 1; y <= row + 1; y++)
        for (int x = column - 1; x <= column + 1; x++)
            if (y >= 0 && y < ROWS && x >= 0 && x < COLUMNS && heat[y * COLUMNS + x] > here) return false;
    return isfinite(here);
}

static struct gl_proposal decode(const float *out, int row, int column, double factor) {
    const float *v = out + row * COLUMNS + column;
    double x = (column + 0.5 + v[CENTRE_X * CELLS]) * STRIDE, y = (row + 0.5 + v[CENTRE_Y * CELLS]) * STRIDE;
    double high = STRIDE * exp(fmin(v[HALF_HEIGHT * CELLS], 3)), wide = 32 * exp(fmin(v[HALF_WIDTH * CELLS], 3));
    double drop = v[SLOPE * CELLS] * wide;
    struct gl_proposal p = {.left = (float)((x - wide) / factor), .right = (float)((x + wide) / factor)};
    for (int i = 0; i < 2; i++) {
        double middle = i ? y + drop : y - drop;
        p.top[i] = (float)((middle - high) / factor);
        p.bottom[i] = (float)((middle + high) / factor);
    }
    p.score = (float)(1 / (1 + exp(-v[HEAT])));
    return p;
}

int gl_proposer_decode(const float *out, double factor, struct gl_proposal *list) {
    struct gl_proposal found[GL_PROPOSALS_MAX];
    double least = log(least_score / (1 - least_score));
    int n = 0;
    for (int row = 0; row < ROWS; row++)
        for (int column = 0; column < COLUMNS; column++) {
            if (out[row * COLUMNS + column] < least || !is_peak(out, row, column)) continue;
            struct gl_proposal p = decode(out, row, column, factor);
            n = gl_proposal_add(found, n, &p);
        }
    n = gl_proposals_thin(found, n, 0.5);
    n = n < GL_PROPOSER_MOST ? n : GL_PROPOSER_MOST;
    memcpy(list, found, (size_t)n * sizeof *list);
    return n;
}

int gl_proposer_find(struct gl_proposer *pr, const struct gl_pyramid *p, struct gl_proposal *list, struct gl_error *err) {
    fill(pr, p);
    int rc = gl_net_forward(pr->net, pr->in, pr->out, err);
    return rc < 0 ? rc : gl_proposer_decode(pr->out, pr->factor, list);
}

double gl_proposer_sees(const struct gl_proposer *pr, const struct gl_proposal *w) {
    double by = pr->factor / STRIDE, most = -100;
    int x1 = (int)fmax(w->left * by, 0), x2 = (int)fmin(ceil(w->right * by), COLUMNS);
    int y1 = (int)fmax(fmin(w->top[0], w->top[1]) * by, 0), y2 = (int)fmin(ceil(fmax(w->bottom[0], w->bottom[1]) * by), ROWS);
    for (int y = y1; y < y2; y++)
        for (int x = x1; x < x2; x++) most = fmax(most, pr->out[y * COLUMNS + x]);
    return 1 / (1 + exp(-most));
}
