/* The profile of an occupancy: every sample of it with its time, as a CSV file for people and for later analysis.
 *
 *     t_s,kind,d1,d2,d3,d4,sum,sigma,state
 *     -1.0,gamma,71,68,83,80,302,,normal          five samples are from the second before the beam was broken
 *     0.0,neutron,0,0,1,0,1,,normal               sigma of neutrons: z of the portal's test
 *     ,raw,,,,,,,"XY,000001"                      a line that is not understood, last */
#pragma once
#include "base/buf.h"
#include "lines.h"

enum {
    GL_TSA_GAMMA_MAX = 4500, /* a quarter of an hour */
    GL_TSA_NEUTRON_MAX = 1000,
    GL_TSA_RAW_MAX = 64,
    GL_TSA_PROFILE_BYTES = 640 * 1024
};

struct gl_tsa_row {
    int32_t t_ms; /* from the beginning of the occupancy */
    float sigma;  /* NaN = none */
    bool neutron, alarm;
    uint32_t counts[GL_TSA_DETECTORS];
};

struct gl_tsa_profile {
    size_t n_gamma, n_neutron, n_raw;
    struct gl_tsa_row row[GL_TSA_GAMMA_MAX + GL_TSA_NEUTRON_MAX];
    char raw[GL_TSA_RAW_MAX][GL_TSA_LINE + 1];
};

void gl_tsa_profile_begin(struct gl_tsa_profile *p);

/* False when there is no room left: the sample is then not in it. */
bool gl_tsa_profile_add(struct gl_tsa_profile *p, bool neutron, bool alarm, int64_t t_ms, const int64_t counts[GL_TSA_DETECTORS],
                        double sigma);

/* Keeps a line as it came; beyond the 64th it is dropped. */
void gl_tsa_profile_raw(struct gl_tsa_profile *p, const char *text);

void gl_tsa_profile_write(const struct gl_tsa_profile *p, struct gl_buf *out);
