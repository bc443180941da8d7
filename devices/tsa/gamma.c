#include "gamma.h"

#include <math.h>
#include <string.h>

enum {
    SECOND = 5,         /* samples of a second */
    LIVELY = 20,        /* counts per second: a detector with that much cannot count nothing for three seconds */
    LEAST_PERCENT = 25, /* of the background: the heaviest load hides less */
    MOST_COUNTS = 1000000000,
};

/* The portal's backgrounds are cut to whole numbers on the wire: so far its result and ours may lie apart. */
static const double tolerance = 0.06;

struct group {
    const char *name;
    unsigned kind, detectors; /* detectors: bit 0 = d1 */
};

static const struct group groups[] = {
    {"sum", GL_TSA_SUM, 0xf},          {"pillar1", GL_TSA_VERTICAL, 0x3}, {"pillar2", GL_TSA_VERTICAL, 0xc},
    {"d1+d3", GL_TSA_HORIZONTAL, 0x5}, {"d2+d4", GL_TSA_HORIZONTAL, 0xa}, {"d1", GL_TSA_SINGLE, 0x1},
    {"d2", GL_TSA_SINGLE, 0x2},        {"d3", GL_TSA_SINGLE, 0x4},        {"d4", GL_TSA_SINGLE, 0x8},
};

int64_t gl_tsa_bounded(int64_t count) {
    return count > MOST_COUNTS ? MOST_COUNTS : count;
}

void gl_tsa_gamma_begin(struct gl_tsa_gamma *g, const struct gl_tsa_gamma_rule *rule, const int64_t *background) {
    memset(g, 0, sizeof *g);
    g->rule = *rule;
    g->peak = -1;
    g->sigma = NAN;
    for (size_t i = 0; background && i < GL_TSA_DETECTORS; i++) {
        g->background[i] = background[i];
        if (background[i] > 0) g->has_background = true; /* of nothing at all, nothing can be told */
    }
}

void gl_tsa_gamma_hole(struct gl_tsa_gamma *g) {
    g->n = 0;
    g->holes = true;
}

/* Counts of these detectors in the last `samples` samples. */
static int64_t counts_in(const struct gl_tsa_gamma *g, unsigned detectors, size_t samples) {
    int64_t sum = 0;
    for (size_t i = 0; i < samples; i++) {
        const int64_t *d = g->last[(g->n - 1 - i) % GL_TSA_INTERVALS_MAX];
        for (size_t k = 0; k < GL_TSA_DETECTORS; k++)
            if (detectors & 1u << k) sum += d[k];
    }
    return sum;
}

static double sigma_of(const struct gl_tsa_gamma *g, const struct group *group) {
    double b = 0;
    for (size_t k = 0; k < GL_TSA_DETECTORS; k++)
        if (group->detectors & 1u << k) b += (double)g->background[k];
    b *= (double)g->rule.intervals / SECOND;
    return b > 0 ? ((double)counts_in(g, group->detectors, g->rule.intervals) - b) / sqrt(b) : NAN;
}

/* The most conspicuous group now. Where the portal has not said which ones it looks at, the usual ones: sum and pillars. */
static double most_conspicuous(struct gl_tsa_gamma *g) {
    unsigned kinds = g->rule.groups ? g->rule.groups : GL_TSA_SUM | GL_TSA_VERTICAL;
    double most = NAN;
    if (!g->has_background || g->n < g->rule.intervals) return NAN;
    for (size_t i = 0; i < GL_COUNT(groups); i++) {
        if (!(groups[i].kind & kinds)) continue;
        double z = sigma_of(g, &groups[i]);
        if (isnan(z)) continue;
        if (isnan(most) || z > most) most = z;
        if (isnan(g->sigma) || z > g->sigma) {
            g->sigma = z;
            g->group = groups[i].name;
        }
    }
    return most;
}

/* Whether the portal's word on this sample is what its counts call for. */
static void judge(struct gl_tsa_gamma *g, double z, bool alarm) {
    if (isnan(z) || isnan(g->rule.sigma) || !g->rule.groups) return;
    g->judged = true;
    if (alarm ? z < g->rule.sigma - tolerance : z >= g->rule.sigma + tolerance) g->contradicted = true;
}

double gl_tsa_gamma_sample(struct gl_tsa_gamma *g, const int64_t counts[GL_TSA_DETECTORS], bool alarm) {
    memcpy(g->last[g->n++ % GL_TSA_INTERVALS_MAX], counts, sizeof g->last[0]);
    g->samples++;
    g->alarms += alarm;
    for (size_t k = 0; k < GL_TSA_DETECTORS; k++) g->total[k] += counts[k];
    int64_t second = g->n >= SECOND ? counts_in(g, 0xf, SECOND) : -1;
    if (second > g->peak) g->peak = second;
    double z = most_conspicuous(g);
    judge(g, z, alarm);
    return z;
}

bool gl_tsa_gamma_implausible(const struct gl_tsa_gamma *g) {
    int64_t b = 0;
    if (!g->has_background || g->peak < 0) return false;
    for (size_t k = 0; k < GL_TSA_DETECTORS; k++) {
        b += g->background[k];
        if (g->background[k] >= LIVELY && g->total[k] == 0) return true;
    }
    return g->peak * 100 < b * LEAST_PERCENT;
}

void gl_tsa_gamma_result(const struct gl_tsa_gamma *g, struct gl_gamma *ret) {
    ret->samples = gl_tsa_bounded(g->samples);
    ret->alarm_samples = gl_tsa_bounded(g->alarms);
    ret->n_background = g->has_background ? GL_TSA_DETECTORS : 0;
    for (size_t k = 0; k < ret->n_background; k++) ret->background[k] = gl_tsa_bounded(g->background[k]);
    ret->peak = g->peak < 0 ? GL_INT_NULL : gl_tsa_bounded(g->peak);
    ret->sigma = round(g->sigma * 1000) / 1000;
    gl_clip(ret->group, sizeof ret->group, g->group ? g->group : "");
    if (g->contradicted)
        ret->agrees = GL_FALSE;
    else
        ret->agrees = g->judged && !g->holes ? GL_TRUE : GL_NULL;
}
