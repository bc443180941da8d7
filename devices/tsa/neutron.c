#include "neutron.h"

#include <math.h>
#include <string.h>

#include "gamma.h"

enum { MOST_BACKGROUND = 500 }; /* counts per second: no portal's neutron background is near it, and exp() is still a number */

static const double tolerance = 0.06; /* the coefficients are cut to eight decimals on the wire */

void gl_tsa_neutron_begin(struct gl_tsa_neutron *n, const struct gl_tsa_neutron_rule *rule) {
    memset(n, 0, sizeof *n);
    n->rule = *rule;
    n->peak = -1;
    n->over = isnan(rule->drift) || isnan(rule->upper);
}

void gl_tsa_neutron_hole(struct gl_tsa_neutron *n) {
    n->holes = n->over = true;
}

double gl_tsa_neutron_sample(struct gl_tsa_neutron *n, const int64_t counts[GL_TSA_DETECTORS], bool alarm) {
    const struct gl_tsa_neutron_rule *rule = &n->rule;
    int64_t sum = 0;
    for (size_t k = 0; k < GL_TSA_DETECTORS; k++) sum += counts[k];
    n->samples++;
    n->alarms += alarm;
    n->total += sum;
    if (sum > n->peak) n->peak = sum;
    if (n->over) return NAN;
    double z = n->z += (double)sum * rule->gain + rule->drift;
    n->judged = true;
    if (alarm ? z < rule->upper - tolerance : z >= rule->upper + tolerance) n->contradicted = true;
    if (alarm || z >= rule->upper) n->over = true;
    if (z <= rule->lower || ++n->undecided >= rule->seconds) {
        n->z = 0;
        n->undecided = 0;
    }
    return z;
}

/* Poisson: one passage of 13 s in ten thousand. */
int64_t gl_tsa_neutron_too_many(double background) {
    const double chance = 1e-4 / 13;
    if (!(background > 0 && background <= MOST_BACKGROUND)) return 0;
    double p = exp(-background), below = p; /* P(X = k), P(X <= k) */
    int64_t k = 0;
    while (1 - below > chance) {
        p *= background / (double)++k;
        below += p;
    }
    return k + 1;
}

void gl_tsa_neutron_end(struct gl_tsa_neutron *n, double background) {
    bool rule_known = !isnan(n->rule.drift) && !isnan(n->rule.upper);
    int64_t too_many = rule_known ? 0 : gl_tsa_neutron_too_many(background);
    if (too_many > 0 && n->alarms == 0 && n->peak >= too_many) n->contradicted = true;
}

void gl_tsa_neutron_result(const struct gl_tsa_neutron *n, double background, struct gl_neutron *ret) {
    ret->samples = gl_tsa_bounded(n->samples);
    ret->alarm_samples = gl_tsa_bounded(n->alarms);
    ret->background = background;
    ret->peak = n->peak < 0 ? GL_INT_NULL : gl_tsa_bounded(n->peak);
    ret->total = gl_tsa_bounded(n->total);
    if (n->contradicted)
        ret->agrees = GL_FALSE;
    else
        ret->agrees = n->judged && !n->holes ? GL_TRUE : GL_NULL;
}
