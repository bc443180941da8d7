/* Prefix beam search, and the likeliest path of one text. Logarithms throughout. */
#include "frames/ctc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] =
    "\0"
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

enum { MOST = GL_CTC_BEAM * 6 };                                  /* texts after one step, before the weak ones go */
static const double never = -1e30, unlikely = -9, hopeless = -14; /* the last: less than the best text by so much */

struct beam {
    struct gl_ctc_text t;
    uint8_t n;
    uint64_t key;        /* one for each text, for finding it again */
    double blank, other; /* ends in a blank; ends in its last character */
};

struct beams {
    int n;
    struct beam b[MOST];
};

static double add(double a, double b) {
    double high = a > b ? a : b, low = a > b ? b : a;
    return low <= never ? high : high + log1p(exp(low - high));
}

void gl_ctc_log_softmax(float *logits, int steps, double temperature) {
    for (int t = 0; t < steps; t++) {
        float *row = logits + t * GL_CTC_CLASSES;
        double most = never, sum = 0;
        for (int c = 0; c < GL_CTC_CLASSES; c++) {
            double v = isfinite(row[c]) ? row[c] / temperature : -100;
            row[c] = (float)v;
            if (v > most) most = v;
        }
        for (int c = 0; c < GL_CTC_CLASSES; c++) sum += exp(row[c] - most);
        for (int c = 0; c < GL_CTC_CLASSES; c++) row[c] = (float)(row[c] - most - log(sum));
    }
}

/* ---- beam ---- */
static struct beam *entry(struct beams *to, const struct beam *from, char extra) {
    /* Multiplied by an odd number after adding: sixteen characters of seven bits fold into 64, and two texts of one beam hardly ever meet. */
    uint64_t key = extra ? (from->key + (uint8_t)extra) * 0x9e3779b97f4a7c15u : from->key;
    for (int i = 0; i < to->n; i++)
        if (to->b[i].key == key) return &to->b[i];
    if (to->n == MOST) return NULL;
    struct beam *b = &to->b[to->n++];
    *b = (struct beam){.n = (uint8_t)(from->n + (extra != '\0')), .key = key, .blank = never, .other = never};
    memcpy(b->t.text, from->t.text, from->n);
    if (extra) b->t.text[from->n] = extra;
    return b;
}

static void step(const struct beam *b, double best, const float *row, struct beams *to) {
    double all = add(b->blank, b->other);
    struct beam *same = entry(to, b, '\0');
    if (same) {
        same->blank = add(same->blank, all + row[0]);
        const char *last = b->n ? memchr(alphabet + 1, b->t.text[b->n - 1], GL_CTC_CLASSES - 1) : NULL;
        if (last) same->other = add(same->other, b->other + row[last - alphabet]);
    }
    for (int c = 1; c < GL_CTC_CLASSES && b->n < GL_CTC_LENGTH; c++) {
        if (row[c] < unlikely) continue;
        /* A character twice in a row needs a blank between. */
        double from = b->n && b->t.text[b->n - 1] == alphabet[c] ? b->blank : all;
        struct beam *longer = from + row[c] > best + hopeless ? entry(to, b, alphabet[c]) : NULL;
        if (longer) longer->other = add(longer->other, from + row[c]);
    }
}

static int by_probability(const void *a, const void *b) {
    const struct beam *x = a, *y = b;
    return (x->t.log_p < y->t.log_p) - (x->t.log_p > y->t.log_p);
}

static void prune(struct beams *b) {
    for (int i = 0; i < b->n; i++) b->b[i].t.log_p = add(b->b[i].blank, b->b[i].other);
    qsort(b->b, (size_t)b->n, sizeof b->b[0], by_probability);
    if (b->n > GL_CTC_BEAM) b->n = GL_CTC_BEAM;
}

int gl_ctc_beam(const float *log_p, int steps, struct gl_ctc_text *ret, int max) {
    struct beams two[2], *now = &two[0], *next = &two[1];
    now->n = 1;
    now->b[0] = (struct beam){.blank = 0, .other = never};
    for (int t = 0; t < steps; t++) {
        next->n = 0;
        for (int i = 0; i < now->n; i++) step(&now->b[i], now->b[0].t.log_p, log_p + t * GL_CTC_CLASSES, next);
        prune(next);
        struct beams *swap = now;
        now = next;
        next = swap;
    }
    int n = now->n < max ? now->n : max;
    for (int i = 0; i < n; i++) ret[i] = now->b[i].t;
    return n;
}

/* ---- the path of one text ---- */
/* States: blank, first character, blank, second, ... blank. back[t][s]: how far back the state before was. */
struct path {
    int n_states, classes[2 * GL_CTC_LENGTH + 1];
    double best[2 * GL_CTC_LENGTH + 1];
    uint8_t back[GL_CTC_STEPS][2 * GL_CTC_LENGTH + 1];
};

static bool states(struct path *p, const char *text) {
    size_t n = strlen(text);
    if (n > GL_CTC_LENGTH) return false;
    p->n_states = 2 * (int)n + 1;
    for (int s = 0; s < p->n_states; s++) {
        const char *c = s & 1 ? memchr(alphabet + 1, text[s / 2], GL_CTC_CLASSES - 1) : alphabet;
        if (!c) return false;
        p->classes[s] = (int)(c - alphabet);
        p->best[s] = never;
    }
    return true;
}

static void advance(struct path *p, const float *row, int t) {
    for (int s = p->n_states - 1; s >= 0; s--) {
        double best = p->best[s];
        uint8_t from = 0;
        if (s >= 1 && p->best[s - 1] > best) best = p->best[s - 1], from = 1;
        if (s >= 3 && (s & 1) && p->classes[s] != p->classes[s - 2] && p->best[s - 2] > best) best = p->best[s - 2], from = 2;
        p->back[t][s] = from;
        p->best[s] = best <= never ? never : best + row[p->classes[s]];
    }
}

bool gl_ctc_align(const float *log_p, int steps, const char *text, struct gl_ctc_place ret[GL_CTC_LENGTH]) {
    struct path p;
    if (steps < 1 || steps > GL_CTC_STEPS || !states(&p, text)) return false;
    p.best[0] = log_p[0];
    if (p.n_states > 1) p.best[1] = log_p[p.classes[1]];
    for (int t = 1; t < steps; t++) advance(&p, log_p + t * GL_CTC_CLASSES, t);
    int s = p.n_states - 1;
    if (s > 0 && p.best[s - 1] > p.best[s]) s--;
    if (p.best[s] <= never) return false;
    for (int i = 0; i < p.n_states / 2; i++) ret[i] = (struct gl_ctc_place){0, 0};
    for (int t = steps - 1; t >= 0; t--) {
        double here = exp(log_p[t * GL_CTC_CLASSES + p.classes[s]]);
        if ((s & 1) && here > ret[s / 2].confidence) ret[s / 2] = (struct gl_ctc_place){here, t};
        if (t > 0) s -= p.back[t][s];
    }
    return true;
}
