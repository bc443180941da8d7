/* Crops and what they say; see lines.h. */
#include "frames/lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct gl_net_shape gl_recogniser_shape = {GL_CROP_HEIGHT, GL_CROP_WIDTH, GL_CROP_STEPS *GL_CTC_CLASSES};

/* As the net was trained: characters 22 of the 32 pixels high, in the middle. */
static const double characters_high = 22, contrast_least = 8;

/* ---- the crop ---- */
static double sample(const struct gl_picture *p, double x, double y) {
    x = fmin(fmax(x - 0.5, 0), p->width - 1.001);
    y = fmin(fmax(y - 0.5, 0), p->height - 1.001);
    int xi = (int)x, yi = (int)y;
    double fx = x - xi, fy = y - yi;
    const uint8_t *a = p->grey + (size_t)yi * (size_t)p->stride + xi, *b = a + p->stride;
    return (a[0] * (1 - fx) + a[1] * fx) * (1 - fy) + (b[0] * (1 - fx) + b[1] * fx) * fy;
}

static void standardise(float *v, int n) {
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) sum += v[i];
    double mean = sum / n;
    for (int i = 0; i < n; i++) squares += (v[i] - mean) * (v[i] - mean);
    double by = fmax(sqrt(squares / n), contrast_least);
    for (int i = 0; i < n; i++) v[i] = (float)((v[i] - mean) / by);
}

void gl_line_crop(const struct gl_pyramid *p, const struct gl_proposal *w, double left, double right, float *ret) {
    double h = gl_proposal_height(w), x0 = w->left - left * h, wide = w->right + right * h - x0, span = fmax(w->right - w->left, 1);
    int l = 0;
    while (l + 1 < p->n && h / (2 << l) >= characters_high * 0.9) l++;
    const struct gl_picture *from = &p->level[l];
    double scale = from->scale / p->level[0].scale, step = wide / GL_CROP_WIDTH;
    int samples = step / scale > 1.4 ? 2 : 1; /* long lines are squeezed: two samples for each pixel */
    for (int u = 0; u < GL_CROP_WIDTH; u++) {
        double x = x0 + (u + 0.5) * step, along = (x - w->left) / span;
        double top = w->top[0] + along * (w->top[1] - w->top[0]), high = w->bottom[0] + along * (w->bottom[1] - w->bottom[0]) - top;
        for (int v = 0; v < GL_CROP_HEIGHT; v++) {
            double down = (v + 0.5 - (GL_CROP_HEIGHT - characters_high) / 2) / characters_high;
            double lean = w->lean * (0.5 - down) * high, sum = 0;
            for (int k = 0; k < samples; k++) {
                double aside = samples == 2 ? (k - 0.5) * step / 2 : 0;
                sum += sample(from, (x + lean + aside) / scale, (top + down * high) / scale);
            }
            ret[v * GL_CROP_WIDTH + u] = (float)(sum / samples);
        }
    }
    standardise(ret, GL_CROP_WIDTH * GL_CROP_HEIGHT);
}

/* ---- texts ---- */
static int by_p(const void *a, const void *b) {
    const struct gl_line_text *x = a, *y = b;
    return (x->p < y->p) - (x->p > y->p);
}

static void weigh_in(struct gl_line *l, const struct gl_ctc_text *t) {
    double p = exp(fmin(t->log_p, 0)) / l->n_crops;
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->texts[i].text, t->text) == 0) {
            l->texts[i].p += p;
            return;
        }
    struct gl_line_text *to = l->n < GL_LINE_TEXTS ? &l->texts[l->n++] : &l->texts[GL_LINE_TEXTS - 1];
    memcpy(to->text, t->text, sizeof to->text);
    to->p = p;
}

int gl_line_read(struct gl_line *l, const struct gl_pyramid *p, struct gl_net *net, double temperature, double left, double right,
                 struct gl_error *err) {
    float crop[GL_CROP_WIDTH * GL_CROP_HEIGHT], out[GL_CROP_STEPS * GL_CTC_CLASSES];
    struct gl_ctc_text texts[10];
    gl_line_crop(p, &l->where, left, right, crop);
    int rc = gl_net_forward(net, crop, out, err);
    if (rc < 0) return rc;
    gl_ctc_log_softmax(out, GL_CROP_STEPS, temperature);
    int n = gl_ctc_beam(out, GL_CROP_STEPS, texts, GL_COUNT(texts));
    l->n_crops++;
    for (int i = 0; i < l->n; i++) l->texts[i].p *= (double)(l->n_crops - 1) / l->n_crops;
    for (int i = 0; i < n; i++) weigh_in(l, &texts[i]);
    qsort(l->texts, (size_t)l->n, sizeof l->texts[0], by_p);
    if (l->n_crops == 1) memcpy(l->log_p, out, sizeof out);
    return 0;
}
