/* What a simulated portal's detectors count: Poisson numbers around a background that a vehicle shields and a source raises. Pure: own generator, no
 * clock. Rates are counts per second, times are seconds since the vehicle broke the beam. */
#pragma once
#include "base/base.h"

enum { SIM_DETECTORS = 4, SIM_TICK_MS = 200 };

struct sim_random {
    uint64_t state;
};
double sim_uniform(struct sim_random *r); /* [0, 1) */
double sim_between(struct sim_random *r, double from, double to);
double sim_normal(struct sim_random *r); /* mean 0, deviation 1 */
unsigned sim_poisson(struct sim_random *r, double mean);

/* A vehicle and what it carries. Sigmas say how far counts rise above their background within one second, in spite of the shielding: of a point source
 * those of its pillar, of a load those of all detectors. */
struct sim_vehicle {
    double seconds;        /* in the beam; where by_hand, what its shape is drawn for */
    double shield;         /* 0..1: what it takes off the background at its darkest */
    double gamma, at;      /* a point source of that many sigmas, at that fraction of the vehicle; 0 = none */
    double pillar;         /* 1 or 2: the side on which the point source is */
    double load;           /* a distributed load of that many sigmas; 0 = none */
    double neutron;        /* neutrons counted per second at their most, at the same place */
    double speed;          /* km/h; 0 = no speed lines */
    double clear_after;    /* stays beside the beam for so long after it cleared it */
    bool by_hand, garbage; /* the beam is cleared by hand; nonsense instead of speeds */
};

/* Where a vehicle is. */
struct sim_place {
    bool present;   /* some vehicle is, or was a moment ago */
    double t;       /* since it broke the beam */
    double cleared; /* when it cleared the beam, on the same clock; < 0 = not yet */
};

/* A source that somebody holds into the portal. */
struct sim_source {
    double gamma, neutron; /* sigmas; counts per second */
};

/* The rates that the detectors see now. background: true gamma rates without any vehicle; neutrons: of all detectors together. */
void sim_rates(const struct sim_vehicle *v, const struct sim_place *where, const struct sim_source *source,
               const double background[SIM_DETECTORS], double neutrons, double ret_gamma[SIM_DETECTORS],
               double ret_neutron[SIM_DETECTORS]);
