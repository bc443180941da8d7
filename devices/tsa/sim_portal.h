/* The simulated controller: its clock, its backgrounds, its occupancies, and the lines that it says about them. Pure: time comes in as milliseconds of
 * its own clock, lines go out into a buffer.
 *
 *     idle: NB, GB every 5 s ──beam broken──► occupied: [SP] NS, 6 GS at once, then GS each 0.2 s, NS each 1 s
 *      ▲                                          │ beam clear, and 2 s more
 *      └──4.5 to 4.9 s── GX ◄──0.2 s── ending ◄───┘ */
#pragma once
#include "base/buf.h"
#include "sim_alarm.h"

enum {
    SIM_HISTORY = 16,          /* samples kept from before the beam was broken */
    SIM_GAMMA_AVERAGE = 100,   /* samples: 20 s */
    SIM_NEUTRON_AVERAGE = 120, /* seconds */
    SIM_LINES_MAX = 1 << 16,   /* bytes said and not taken yet */
};

struct sim_setup {
    double background[SIM_DETECTORS], neutrons; /* counts per second: gamma of each detector, neutrons of all */
    double sigma;
    char flags[5];
    bool newer; /* firmware: says the SC-8xx's lines too */
    uint64_t seed;
};

struct sim_sample {
    unsigned gamma[SIM_DETECTORS], neutron[SIM_DETECTORS], windows[4];
};

enum sim_state { SIM_IDLE, SIM_OCCUPIED, SIM_ENDING };
enum sim_honesty { SIM_HONEST, SIM_CRIES_WOLF, SIM_CRIES_NEUTRON, SIM_KEEPS_QUIET };

struct sim_portal {
    struct sim_setup setup;
    struct sim_random random;
    double scale, neutron_scale; /* of the true backgrounds */
    uint8_t dead;                /* bit i: detector i + 1 counts nothing */
    enum sim_honesty honesty;
    struct sim_source source;

    int64_t tick_at, nb_at, gb_at, gx_at; /* own clock; 0 = not due */
    struct sim_sample history[SIM_HISTORY];
    unsigned n_ticks;
    struct sim_sample average[SIM_GAMMA_AVERAGE];
    unsigned n_average;
    unsigned neutron_average[SIM_NEUTRON_AVERAGE][SIM_DETECTORS], neutron_second[SIM_DETECTORS];
    unsigned n_neutron_average, n_neutron_ticks;
    double gamma_background[SIM_DETECTORS], neutron_background[SIM_DETECTORS]; /* as they were last said */

    enum sim_state state;
    bool beam; /* broken */
    struct sim_vehicle vehicle;
    struct sim_place where;
    unsigned held; /* samples since the beam cleared */
    struct sim_gamma gamma;
    struct sim_neutron neutron;
    unsigned samples, gamma_alarms, neutron_alarms; /* of this occupancy */
    double highest;                                 /* sigmas */
    unsigned counter;

    struct gl_buf lines; /* what it says: CR LF after each line; the caller empties it */
    struct gl_buf news;  /* for people */
};

void sim_portal_init(struct sim_portal *p, const struct sim_setup *setup, int64_t now);
void sim_portal_free(struct sim_portal *p);
int64_t sim_portal_due(const struct sim_portal *p); /* when something happens next */
void sim_portal_advance(struct sim_portal *p, int64_t now);

/* A vehicle breaks the beam; false while there is one, or the end of the last was not said yet. */
bool sim_portal_enter(struct sim_portal *p, const struct sim_vehicle *v);
bool sim_portal_leave(struct sim_portal *p); /* the beam is clear; false when it was */
bool sim_portal_empty(const struct sim_portal *p);

/* Other true backgrounds. at_once: as if they had been so for long; else the averages creep. */
void sim_portal_background(struct sim_portal *p, double scale, bool at_once);
void sim_portal_neutrons(struct sim_portal *p, double scale);

void sim_portal_say(struct sim_portal *p, const char *line); /* as it is, with CR LF */
void sim_portal_say_setup(struct sim_portal *p);
