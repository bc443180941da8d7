/* The portal's own gamma rule, computed again from its counts: with S the counts of a group of detectors in the last `intervals` samples and B what
 * its background would give in that time, a sample is in alarm when (S - B) / sqrt(B) reaches N for any group that is switched on.
 *
 *     SUM d1+d2+d3+d4    HORIZONTAL d1+d3, d2+d4    VERTICAL d1+d2, d3+d4 (the two pillars)    SINGLE each by itself */
#pragma once
#include "lines.h"
#include "model/reading.h"

enum { GL_TSA_SUM = 1, GL_TSA_HORIZONTAL = 2, GL_TSA_VERTICAL = 4, GL_TSA_SINGLE = 8 };

enum {
    GL_TSA_INTERVALS = 5,      /* usual window: one second */
    GL_TSA_INTERVALS_MAX = 25, /* longest window */
};

struct gl_tsa_gamma_rule {
    double sigma;    /* N; NaN = not known */
    unsigned groups; /* or-ed; 0 = not known */
    size_t intervals;
};

struct gl_tsa_gamma {
    struct gl_tsa_gamma_rule rule;
    bool has_background;
    int64_t background[GL_TSA_DETECTORS]; /* counts per second */
    size_t n;                             /* samples in a row, none missing, up to now */
    int64_t last[GL_TSA_INTERVALS_MAX][GL_TSA_DETECTORS];
    int64_t samples, alarms, peak; /* peak: -1 = never five in a row */
    int64_t total[GL_TSA_DETECTORS];
    double sigma; /* the highest; NaN = none yet */
    const char *group;
    bool judged, contradicted, holes;
};

/* background: of each detector; NULL = not known. */
void gl_tsa_gamma_begin(struct gl_tsa_gamma *g, const struct gl_tsa_gamma_rule *rule, const int64_t *background);

/* One sample of 0.2 s. Returns how far the most conspicuous group stands above its background now, in sigma; NaN when that cannot be told. */
double gl_tsa_gamma_sample(struct gl_tsa_gamma *g, const int64_t counts[GL_TSA_DETECTORS], bool alarm);

/* A sample that could not be read. */
void gl_tsa_gamma_hole(struct gl_tsa_gamma *g);

/* True when these cannot be the counts of a portal that works: hardly any, or none at all from a detector that had a background. */
bool gl_tsa_gamma_implausible(const struct gl_tsa_gamma *g);

void gl_tsa_gamma_result(const struct gl_tsa_gamma *g, struct gl_gamma *ret);

/* A count as readings may carry it: at most a thousand million. */
int64_t gl_tsa_bounded(int64_t count);
