/* The portal's own neutron rule, computed again: a sequential test on the counts of each second. From zero, z grows by counts * gain - drift; at the
 * upper bound it is an alarm, at the lower one it is background and starts again, as it does after so many seconds without a result.
 * Newer portals say the coefficients (NC) and the bounds (NX). Without them the rule cannot be computed; but more in a second than chance makes of the
 * background in ten thousand passages is too much for a portal to pass over. */
#pragma once
#include "lines.h"
#include "model/reading.h"

struct gl_tsa_neutron_rule {
    double drift, gain;  /* drift as NC says it: negative; NaN = not known */
    double upper, lower; /* NaN = not known */
    int64_t seconds;     /* longest without a result */
};

struct gl_tsa_neutron {
    struct gl_tsa_neutron_rule rule;
    double z;
    int64_t undecided; /* seconds */
    int64_t samples, alarms, peak, total;
    bool judged, contradicted, over, holes; /* over: how the portal goes on after an alarm is not known */
};

void gl_tsa_neutron_begin(struct gl_tsa_neutron *n, const struct gl_tsa_neutron_rule *rule);

/* One second. Returns z as the test stands with it; NaN when that cannot be told. */
double gl_tsa_neutron_sample(struct gl_tsa_neutron *n, const int64_t counts[GL_TSA_DETECTORS], bool alarm);

/* A second that could not be read. */
void gl_tsa_neutron_hole(struct gl_tsa_neutron *n);

/* At the end: without coefficients, a second that chance does not explain and that was no alarm contradicts the portal. background: counts per second,
 * all detectors together; NaN = not known, and then nothing can be told. */
void gl_tsa_neutron_end(struct gl_tsa_neutron *n, double background);

/* The least count of a second that counts as more than chance; 0 = none is known. */
int64_t gl_tsa_neutron_too_many(double background);

/* background: counts per second, all detectors together; NaN = not known. */
void gl_tsa_neutron_result(const struct gl_tsa_neutron *n, double background, struct gl_neutron *ret);
