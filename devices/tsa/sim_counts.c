/* Shapes: how a vehicle's shadow and its source pass the detectors, and the numbers drawn from the rates. */
#include "sim_counts.h"

#include <math.h>

/* ---- numbers ------------------------------------------------------------------------------------------------------------------------- */
double sim_uniform(struct sim_random *r) {
    r->state += UINT64_C(0x9e3779b97f4a7c15); /* a counter, mixed: splitmix64 */
    uint64_t z = r->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

double sim_between(struct sim_random *r, double from, double to) {
    return from + (to - from) * sim_uniform(r);
}

double sim_normal(struct sim_random *r) {
    double radius = sqrt(-2 * log(1 - sim_uniform(r)));
    return radius * cos(2 * M_PI * sim_uniform(r));
}

/* Few counts are drawn one by one, which is exact; of many, the normal distribution cannot be told apart. */
unsigned sim_poisson(struct sim_random *r, double mean) {
    enum { MANY = 500 };
    if (!(mean > 0)) return 0;
    if (mean > MANY) {
        double n = floor(mean + sqrt(mean) * sim_normal(r) + 0.5);
        return n > 0 ? (unsigned)n : 0;
    }
    unsigned n = 0;
    for (double left = mean + log(1 - sim_uniform(r)); left > 0; left += log(1 - sim_uniform(r))) n++;
    return n;
}

/* ---- the vehicle's shadow ------------------------------------------------------------------------------------------------------------- */

/* Along a vehicle, from its front (0) to its end (1): the engine, the gap behind the cab, the load. */
static double shadow(double f) {
    static const double points[][2] = {{0, 0.15}, {0.12, 0.75}, {0.2, 0.85}, {0.26, 0.55}, {0.35, 1}, {0.85, 1}, {1, 0.6}};
    for (size_t i = 1; i < GL_COUNT(points); i++) {
        const double *a = points[i - 1], *b = points[i];
        if (f <= b[0]) return a[1] + (b[1] - a[1]) * (f - a[0]) / (b[0] - a[0]);
    }
    return points[GL_COUNT(points) - 1][1];
}

/* The share of the background that does not come through. */
static double shielded(const struct sim_vehicle *v, const struct sim_place *w) {
    const double standing = 0.85, fades_within = 0.4;
    if (!w->present || v->seconds <= 0) return 0;
    double end = w->cleared >= 0 ? w->cleared : w->t, f = end / v->seconds;
    if (v->by_hand && f > standing) f = standing; /* it stands, or is longer than was thought */
    double s = v->shield * shadow(f < 1 ? f : 1);
    double gone = w->cleared >= 0 ? w->t - w->cleared - v->clear_after : 0;
    return gone > 0 ? s * exp(-gone / fades_within) : s;
}

/* ---- sources -------------------------------------------------------------------------------------------------------------------------- */

/* A bell around the place of a point source, whose best second has the mean 1. */
static double bell(double from_middle, double width) {
    double best = 0;
    for (int i = -2; i <= 2; i++) best += exp(-pow(0.2 * i / width, 2) / 2) / 5;
    return exp(-pow(from_middle / width, 2) / 2) / best;
}

/* A load along the whole vehicle, with slopes. */
static double plateau(const struct sim_vehicle *v, const struct sim_place *w) {
    const double slope = 0.4;
    double end = w->cleared >= 0 ? w->cleared : v->by_hand ? w->t + slope : v->seconds;
    double up = (w->t + 0.2) / slope, down = (end + slope - w->t) / slope, least = up < down ? up : down;
    return least < 0 ? 0 : least > 1 ? 1 : least;
}

/* What a source adds so that a background rises by that many sigmas, though a part of it is shielded. */
static double excess(double sigmas, double background, double shield) {
    return sigmas > 0 ? sigmas * sqrt(background) + shield * background : 0;
}

void sim_rates(const struct sim_vehicle *v, const struct sim_place *where, const struct sim_source *source,
               const double background[SIM_DETECTORS], double neutrons, double ret_gamma[SIM_DETECTORS],
               double ret_neutron[SIM_DETECTORS]) {
    static const double gamma_width = 0.35, neutron_width = 0.6; /* s */
    static const double near_detector[2][SIM_DETECTORS] = {{0.85, 0.15, 0, 0}, {0, 0, 0.15, 0.85}};
    static const double neutron_share[SIM_DETECTORS] = {0.35, 0.3, 0.2, 0.15};
    bool second = v->pillar > 1.5;
    double pillar[2] = {background[0] + background[1], background[2] + background[3]};
    double shield = shielded(v, where), point = 0, load = 0, cps = source->neutron;
    if (where->present) {
        double off = where->t - v->at * v->seconds;
        point = bell(off, gamma_width) * excess(v->gamma, pillar[second], shield);
        load = plateau(v, where) * excess(v->load, pillar[0] + pillar[1], shield);
        cps += v->neutron * bell(off, neutron_width);
    }
    double held = excess(source->gamma, pillar[0], shield);
    for (int i = 0; i < SIM_DETECTORS; i++) {
        ret_gamma[i] = background[i] * (1 - shield) + load / SIM_DETECTORS;
        ret_gamma[i] += point * near_detector[second][i] + held * near_detector[0][i];
        ret_neutron[i] = neutrons / SIM_DETECTORS + cps * neutron_share[i];
    }
}
