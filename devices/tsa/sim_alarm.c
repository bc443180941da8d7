/* The two rules, written down once more than in the codec, so that each checks the other. */
#include "sim_alarm.h"

#include <math.h>
#include <string.h>

static const struct {
    uint8_t flag, detectors; /* index in flags; bit i = detector i + 1 */
} groups[] = {{0, 0xF}, {1, 0x5}, {1, 0xA}, {2, 0x3}, {2, 0xC}, {3, 0x1}, {3, 0x2}, {3, 0x4}, {3, 0x8}};

void sim_gamma_begin(struct sim_gamma *g, const double background[SIM_DETECTORS]) {
    memcpy(g->background, background, sizeof g->background);
    g->n = 0;
}

static double group_sigma(const struct sim_gamma *g, unsigned detectors) {
    double counts = 0, background = 0;
    for (int d = 0; d < SIM_DETECTORS; d++) {
        if (!(detectors & 1u << d)) continue;
        background += g->background[d];
        for (int i = 0; i < SIM_INTERVALS; i++) counts += g->window[i][d];
    }
    return (counts - background) / sqrt(background > 1 ? background : 1);
}

bool sim_gamma_sample(struct sim_gamma *g, const unsigned counts[SIM_DETECTORS], double *ret_sigma) {
    memcpy(g->window[g->n++ % SIM_INTERVALS], counts, sizeof g->window[0]);
    *ret_sigma = 0;
    if (g->n < SIM_INTERVALS) return false;
    double best = -INFINITY;
    for (size_t i = 0; i < GL_COUNT(groups); i++) {
        if (g->flags[groups[i].flag] != '1') continue;
        double sigma = group_sigma(g, groups[i].detectors);
        if (sigma > best) best = sigma;
    }
    *ret_sigma = best;
    return best >= g->sigma;
}

/* ln((1 - b) / a) and ln(b / (1 - a)) with a = 47e-6, b = 0.36934. */
const double sim_neutron_upper = 9.50437640, sim_neutron_lower = -0.99599343;

void sim_neutron_begin(struct sim_neutron *t, double background) {
    double m0 = background > 0.2 ? background : 0.2; /* a test against nothing cannot be made */
    double n = floor(5 * m0), m1 = (n + ceil(4.89 * sqrt(n))) / 5;
    *t = (struct sim_neutron){.slope = log(m1 / m0), .drift = m1 - m0};
}

bool sim_neutron_second(struct sim_neutron *t, unsigned counts, double *ret_z) {
    enum { MOST_UNDECIDED = 3 };
    t->z += counts * t->slope - t->drift;
    *ret_z = t->z;
    bool alarm = t->z >= sim_neutron_upper, decided = alarm || t->z <= sim_neutron_lower;
    if (decided || ++t->undecided >= MOST_UNDECIDED) t->z = t->undecided = 0;
    return alarm;
}
