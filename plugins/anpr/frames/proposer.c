/* The picture brought to the net's size, and the peaks of what comes out. */
#include "frames/chains_impl.h"
#include "frames/proposer_impl.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = GL_PROPOSER_WIDTH,
    HEIGHT = GL_PROPOSER_HEIGHT,
    STRIDE = 8,
    COLUMNS = WIDTH / STRIDE,
    ROWS = HEIGHT / STRIDE,
    CELLS = COLUMNS * ROWS
};
enum { HEAT, CENTRE_X, CENTRE_Y, HALF_HEIGHT, HALF_WIDTH, SLOPE, CHANNELS };

static const double least_score = 0.05;

struct gl_proposer {
    struct gl_net *net;
    double factor; /* from the picture's pixels to the input's */
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
/* Along the rows: the mean of each column between y1 and y2 (rows of the picture, fractions count), or at y1 between two rows when it grows. */
static void squeeze_rows(const struct gl_picture *p, double y1, double y2, float *ret) {
    bool grows = y2 - y1 < 1;
    double middle = fmin(fmax((y1 + y2) / 2 - 0.5, 0), p->height - 1);
    int from = (int)(grows ? middle : y1), to = grows ? from + 2 : (int)ceil(y2);
    memset(ret, 0, (size_t)p->width * sizeof *ret);
    for (int y = from; y < to; y++) {
        double part = grows ? 1 - fabs(middle - y) : (fmin(y2, y + 1) - fmax(y1, y)) / (y2 - y1);
        const uint8_t *row = p->grey + (size_t)(y < p->height ? y : p->height - 1) * (size_t)p->stride;
        for (int x = 0; x < p->width; x++) ret[x] += (float)part * row[x];
    }
}

/* Along the columns, the same. */
static float squeeze_columns(const float *row, int width, double x1, double x2) {
    if (x2 - x1 < 1) {
        double middle = fmin(fmax((x1 + x2) / 2 - 0.5, 0), width - 1), part = middle - (int)middle;
        return (float)(row[(int)middle] * (1 - part) + row[(int)fmin((int)middle + 1, width - 1)] * part);
    }
    double sum = 0;
    for (int x = (int)x1; x < x2 && x < width; x++) sum += row[x] * (fmin(x2, x + 1) - fmax(x1, x));
    return (float)(sum / (x2 - x1));
}

static void standardise(float *in, int w, int h) {
    double sum = 0, squares = 0, n = (double)w * h;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            sum += in[y * WIDTH + x];
            squares += (double)in[y * WIDTH + x] * in[y * WIDTH + x];
        }
    double mean = sum / n, by = fmax(sqrt(fmax(squares / n - mean * mean, 0)), 8);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) in[y * WIDTH + x] = (float)((in[y * WIDTH + x] - mean) / by);
}

double gl_proposer_fit(const struct gl_pyramid *p, float *in) {
    double factor = fmin((double)WIDTH / p->level[0].width, (double)HEIGHT / p->level[0].height);
    int w = (int)fmin(WIDTH, fmax(1, round(p->level[0].width * factor))), l = 0;
    int h = (int)fmin(HEIGHT, fmax(1, round(p->level[0].height * factor)));
    while (l + 1 < p->n && p->level[l + 1].width >= w && p->level[l + 1].height >= h) l++;
    const struct gl_picture *from = &p->level[l];
    GL_CLEANUP(gl_freep) float *row = malloc((size_t)from->width * sizeof *row);
    if (!row) return -ENOMEM;
    double across = (double)from->width / w, down = (double)from->height / h;
    memset(in, 0, WIDTH * HEIGHT * sizeof *in);
    for (int y = 0; y < h; y++) {
        squeeze_rows(from, y * down, (y + 1) * down, row);
        for (int x = 0; x < w; x++) in[y * WIDTH + x] = squeeze_columns(row, from->width, x * across, (x + 1) * across);
    }
    standardise(in, w, h);
    return factor;
}

/* ---- out ---- */
static bool is_peak(const float *heat, int row, int column) {
    float here = heat[row * COLUMNS + column];
    for (int y = row - 1; y <= row + 1; y++)
        for (int x = column - 1; x <= column + 1; x++)
            if (y >= 0 && y < ROWS && x >= 0 && x < COLUMNS && heat[y * COLUMNS + x] > here) return false;
    return isfinite(here);
}

/* The line laid flat: how far it drops from its middle to its right end is in lean, until tilt() uses it. */
static struct gl_proposal decode(const float *out, int row, int column, double factor) {
    const float *v = out + row * COLUMNS + column;
    double x = (column + 0.5 + v[CENTRE_X * CELLS]) * STRIDE, y = (row + 0.5 + v[CENTRE_Y * CELLS]) * STRIDE;
    double high = STRIDE * exp(fmin(v[HALF_HEIGHT * CELLS], 3)), wide = 32 * exp(fmin(v[HALF_WIDTH * CELLS], 3));
    float top = (float)((y - high) / factor), bottom = (float)((y + high) / factor);
    return (struct gl_proposal){.left = (float)((x - wide) / factor),
                                .right = (float)((x + wide) / factor),
                                .top = {top, top},
                                .bottom = {bottom, bottom},
                                .lean = (float)(v[SLOPE * CELLS] * wide / factor),
                                .score = (float)(1 / (1 + exp(-v[HEAT])))};
}

static void tilt(struct gl_proposal *p) {
    for (int i = 0; i < 2; i++) {
        p->top[i] += i ? p->lean : -p->lean;
        p->bottom[i] += i ? p->lean : -p->lean;
    }
    p->lean = 0;
}

int gl_proposer_decode(const float *out, double factor, struct gl_proposal *list, int most) {
    struct gl_proposal found[GL_PROPOSALS_MAX];
    double least = log(least_score / (1 - least_score));
    int n = 0;
    for (int row = 0; row < ROWS; row++)
        for (int column = 0; column < COLUMNS; column++) {
            if (!(out[row * COLUMNS + column] >= least) || !is_peak(out, row, column)) continue;
            struct gl_proposal p = decode(out, row, column, factor);
            if (isfinite(p.left + p.right + p.top[0] + p.bottom[0] + p.lean)) n = gl_proposal_add(found, n, &p);
        }
    n = gl_proposals_thin(found, n, 0.5);
    n = n < most ? n : most;
    memcpy(list, found, (size_t)n * sizeof *list);
    for (int i = 0; i < n; i++) tilt(&list[i]);
    return n;
}

int gl_proposer_look(struct gl_proposer *pr, const struct gl_pyramid *p, struct gl_error *err) {
    pr->factor = gl_proposer_fit(p, pr->in);
    if (pr->factor < 0) return (int)pr->factor;
    return gl_net_forward(pr->net, pr->in, pr->out, err);
}

int gl_proposer_find(const struct gl_proposer *pr, struct gl_proposal *list) {
    return gl_proposer_decode(pr->out, pr->factor, list, GL_PROPOSER_MOST);
}

double gl_proposer_heat(const struct gl_proposer *pr, const struct gl_proposal *w) {
    double by = pr->factor / STRIDE, x = (w->left + w->right) / 2 * by, wide = (w->right - w->left) / 4 * by + 1;
    double y = (w->top[0] + w->top[1] + w->bottom[0] + w->bottom[1]) / 4 * by, high = gl_proposal_height(w) / 4 * by + 0.5;
    float most = -100;
    for (int row = (int)fmax(y - high, 0); row < ROWS && row <= y + high; row++)
        for (int column = (int)fmax(x - wide, 0); column < COLUMNS && column <= x + wide; column++)
            most = fmaxf(most, pr->out[row * COLUMNS + column]);
    return 1 / (1 + exp(-most));
}
