/* The controller's own alarm rules, as the simulated portal follows them. Pure. */
#pragma once
#include "sim_counts.h"

enum { SIM_INTERVALS = 5 };

/* Gamma: a window of one second, group by group, against the background as the occupancy began.
 *
 *     (S - B) / sqrt(B) >= N      S: counts of the last five samples of a group, B: its background in counts per second */
struct sim_gamma {
    char flags[5]; /* "1010": sum, horizontal, vertical, single */
    double sigma;  /* N */
    double background[SIM_DETECTORS];
    unsigned window[SIM_INTERVALS][SIM_DETECTORS];
    unsigned n; /* samples of this occupancy */
};
void sim_gamma_begin(struct sim_gamma *g, const double background[SIM_DETECTORS]);
/* Takes the next sample. ret_sigma: the highest of the enabled groups; 0 while the window fills. */
bool sim_gamma_sample(struct sim_gamma *g, const unsigned counts[SIM_DETECTORS], double *ret_sigma);

/* Neutrons: a sequential probability ratio test of counts per second.
 *
 *     z += x * slope - drift; z >= upper: alarm; z <= lower: background, start again; undecided for three seconds: start again */
struct sim_neutron {
    double slope, drift; /* ln(m1/m0), m1 - m0 */
    double z;
    unsigned undecided;
};
extern const double sim_neutron_upper, sim_neutron_lower;
void sim_neutron_begin(struct sim_neutron *n, double background); /* counts per second, all detectors together */
/* Takes the next second. ret_z: where the test stood then. */
bool sim_neutron_second(struct sim_neutron *n, unsigned counts, double *ret_z);
