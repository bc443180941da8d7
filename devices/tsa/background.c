#include "background.h"

#include <math.h>
#include <string.h>

enum { OLD_MS = 15 * 1000, HOUR_MS = 3600 * 1000, ENOUGH_MS = 5 * 60 * 1000, OFF_PERCENT = 10 };

void gl_tsa_background_begin(struct gl_tsa_background *b) {
    b->has_gamma = false;
    b->neutron = NAN;
}

static int64_t sum_of(const int64_t counts[GL_TSA_DETECTORS]) {
    int64_t sum = 0;
    for (size_t i = 0; i < GL_TSA_DETECTORS; i++) sum += counts[i];
    return sum;
}

void gl_tsa_background_line(struct gl_tsa_background *b, const struct gl_tsa_line *l, int64_t mono) {
    if (l->tag == GL_TSA_NB1) {
        b->neutron = 0;
        for (size_t i = 0; i < GL_TSA_DETECTORS; i++) b->neutron += l->number[i];
    } else {
        memcpy(b->gamma, l->count, sizeof b->gamma);
        b->gamma_mono = mono;
        b->has_gamma = true;
        b->history[b->next].mono = mono;
        b->history[b->next].sum = sum_of(l->count);
        b->next = (b->next + 1) % GL_TSA_HISTORY;
        if (b->n < GL_TSA_HISTORY) b->n++;
    }
}

/* The k-th smallest of n, by Hoare's selection: qsort() would take memory for so many. Puts v in another order. */
static int64_t kth(int64_t *v, size_t n, size_t k) {
    size_t from = 0, to = n - 1;
    while (from < to) {
        int64_t pivot = v[from + (to - from) / 2];
        size_t i = from, j = to;
        for (;; i++, j--) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i >= j) break;
            int64_t t = v[i];
            v[i] = v[j];
            v[j] = t;
        }
        if (k <= j)
            to = j;
        else
            from = j + 1;
    }
    return v[k];
}

uint8_t gl_tsa_background_suspect(const struct gl_tsa_background *b, int64_t mono) {
    int64_t sums[GL_TSA_HISTORY], oldest = 0;
    size_t n = 0;
    if (!b->has_gamma) return GL_NULL;
    if (mono - b->gamma_mono > OLD_MS) return GL_TRUE;
    for (size_t i = 0; i < b->n; i++) {
        int64_t age = mono - b->history[i].mono;
        if (age > HOUR_MS) continue;
        if (age > oldest) oldest = age;
        sums[n++] = b->history[i].sum;
    }
    if (oldest < ENOUGH_MS) return GL_NULL;
    int64_t median = kth(sums, n, n / 2), off = sum_of(b->gamma) - median;
    return gl_tri((off < 0 ? -off : off) * 100 > median * OFF_PERCENT);
}
