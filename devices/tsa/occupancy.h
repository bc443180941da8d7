/* One occupancy of the portal: from the beam being broken until the portal says that it is over.
 *
 *     NS GS GS GS GS GS GS   GS GS GS GS   NS GS GS GS GS GS ...   GX
 *     |  '------------'  '- live: every 0.2 s, neutrons every second
 *     |  five samples of the second before, in one burst
 *     '- start
 *
 * Its times come from the sequence, not from each line's arrival: sample i is of start - 1.0 s + 0.2 s * i. An occupancy of which something is
 * missing or not to be believed proves nothing: it has a fault, whatever else it says. */
#pragma once
#include "background.h"
#include "gamma.h"
#include "neutron.h"
#include "profile.h"
#include "setup.h"

/* Why an occupancy proves nothing. In this order: a reading names the first. */
enum gl_tsa_fault {
    GL_TSA_JOINED,          /* its beginning was not seen */
    GL_TSA_INTERRUPTED,     /* the connection ended before it did */
    GL_TSA_NO_END,          /* the portal went on without having said that it is over */
    GL_TSA_UNREADABLE,      /* a line of it could not be read: it may have been an alarm */
    GL_TSA_BACKGROUND_HIGH, /* the portal said that its gamma background is too high, */
    GL_TSA_BACKGROUND_LOW,  /* too low, */
    GL_TSA_NEUTRON_HIGH,    /* or its neutron background too high */
    GL_TSA_NO_SAMPLES,      /* fewer than even the shortest has */
    GL_TSA_SAMPLES_MISSING, /* gamma and neutron samples are not those of the same time */
    GL_TSA_NO_BACKGROUND,   /* none since connecting */
    GL_TSA_IMPLAUSIBLE,     /* counts that no portal has that works */
    GL_TSA_TOO_LONG,        /* longer than its profile has room for */
    GL_TSA_DISAGREES,       /* its alarms are not those that its counts call for */
    GL_TSA_FAULTS
};
extern const char *const gl_tsa_faults[GL_TSA_FAULTS];

enum { GL_TSA_SPEEDS = 32 };

struct gl_tsa_occupancy {
    bool open;
    struct gl_now start, last; /* its first and latest sample */
    unsigned faults;           /* bits: 1 << enum gl_tsa_fault */
    bool gamma_alarm, neutron_alarm;
    int64_t hold_in;
    int64_t at_gamma, at_neutron; /* place of the next sample, unread ones counted */
    uint8_t suspect;              /* tri: its background */
    double neutron_background;
    struct gl_tsa_gamma gamma;
    struct gl_tsa_neutron neutron;
    size_t n_speeds;
    double speeds[GL_TSA_SPEEDS];
    struct gl_tsa_profile profile;
};

void gl_tsa_occupancy_begin(struct gl_tsa_occupancy *o, struct gl_now at, const struct gl_tsa_setup *setup,
                            const struct gl_tsa_background *b);

static inline void gl_tsa_occupancy_fault(struct gl_tsa_occupancy *o, enum gl_tsa_fault fault) {
    o->faults |= 1u << fault;
}

/* Takes GS, GA, NS or NA. */
void gl_tsa_occupancy_sample(struct gl_tsa_occupancy *o, const struct gl_tsa_line *l);

/* A line of that tag, or of none that could be told, was lost. */
void gl_tsa_occupancy_hole(struct gl_tsa_occupancy *o, enum gl_tsa_tag tag);

/* A speed in km/h; those that no vehicle has (both beams left at once) are passed over. */
void gl_tsa_occupancy_speed(struct gl_tsa_occupancy *o, double kmh);

/* It is over: judges it as a whole and fills in the value of its reading. end: wall. counter: the portal's own, GL_INT_NULL = not said.
 * neutron_background: as the portal says it at the end, counts per second; NaN = not said. */
void gl_tsa_occupancy_result(struct gl_tsa_occupancy *o, int64_t end, int64_t counter, double neutron_background,
                             struct gl_radiation_value *ret);
