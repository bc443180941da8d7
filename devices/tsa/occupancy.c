#include "occupancy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HISTORY = 5,    /* samples from before the beam was broken */
    PER_SECOND = 5, /* gamma samples to a neutron sample, which precedes them */
    APART = 1       /* so far may they be apart */
};

static const double speed_min = 0.5, speed_max = 60; /* km/h */

const char *const gl_tsa_faults[GL_TSA_FAULTS] = {
    [GL_TSA_JOINED] = "joined",
    [GL_TSA_INTERRUPTED] = "interrupted",
    [GL_TSA_NO_END] = "no_end",
    [GL_TSA_UNREADABLE] = "unreadable",
    [GL_TSA_BACKGROUND_HIGH] = "background_high",
    [GL_TSA_BACKGROUND_LOW] = "background_low",
    [GL_TSA_NEUTRON_HIGH] = "neutron_background_high",
    [GL_TSA_NO_SAMPLES] = "no_samples",
    [GL_TSA_SAMPLES_MISSING] = "samples_missing",
    [GL_TSA_NO_BACKGROUND] = "no_background",
    [GL_TSA_IMPLAUSIBLE] = "counts_implausible",
    [GL_TSA_TOO_LONG] = "too_long",
    [GL_TSA_DISAGREES] = "disagrees",
};

static bool joined(const struct gl_tsa_occupancy *o) {
    return o->faults & 1u << GL_TSA_JOINED;
}

void gl_tsa_occupancy_begin(struct gl_tsa_occupancy *o, struct gl_now at, const struct gl_tsa_setup *setup,
                            const struct gl_tsa_background *b) {
    o->open = true;
    o->start = o->last = at;
    o->faults = 0;
    o->gamma_alarm = o->neutron_alarm = false;
    o->hold_in = setup->hold_in;
    o->at_gamma = o->at_neutron = 0;
    o->suspect = gl_tsa_background_suspect(b, at.mono);
    o->neutron_background = b->neutron;
    o->n_speeds = 0;
    gl_tsa_gamma_begin(&o->gamma, &setup->gamma, b->has_gamma ? b->gamma : NULL);
    gl_tsa_neutron_begin(&o->neutron, &setup->neutron);
    gl_tsa_profile_begin(&o->profile);
}

/* Each neutron sample is followed by the gamma samples of its second, the first one by those of the second before, too. Lost lines, and the beginning
 * of another occupancy within this one, put both out of step. lacking: so many of the last second may not have come yet. */
static bool out_of_step(const struct gl_tsa_occupancy *o, int64_t lacking) {
    int64_t more = o->at_gamma - HISTORY - o->at_neutron * PER_SECOND;
    return !joined(o) && (more > APART || more < -lacking - APART);
}

void gl_tsa_occupancy_sample(struct gl_tsa_occupancy *o, const struct gl_tsa_line *l) {
    bool neutron = l->tag == GL_TSA_NS || l->tag == GL_TSA_NA, alarm = l->tag == GL_TSA_GA || l->tag == GL_TSA_NA;
    int64_t t;
    double sigma;
    if (neutron) {
        if (o->at_neutron > 0 && out_of_step(o, 0)) gl_tsa_occupancy_fault(o, GL_TSA_SAMPLES_MISSING);
        sigma = gl_tsa_neutron_sample(&o->neutron, l->count, alarm);
        t = o->at_neutron++ * 1000;
    } else {
        sigma = gl_tsa_gamma_sample(&o->gamma, l->count, alarm);
        t = (o->at_gamma++ - (joined(o) ? 0 : HISTORY)) * (1000 / PER_SECOND);
    }
    if (!gl_tsa_profile_add(&o->profile, neutron, alarm, t, l->count, sigma)) gl_tsa_occupancy_fault(o, GL_TSA_TOO_LONG);
}

void gl_tsa_occupancy_hole(struct gl_tsa_occupancy *o, enum gl_tsa_tag tag) {
    gl_tsa_occupancy_fault(o, GL_TSA_UNREADABLE);
    if (tag == GL_TSA_NS || tag == GL_TSA_NA) {
        o->at_neutron++;
        gl_tsa_neutron_hole(&o->neutron);
    } else if (tag == GL_TSA_GS || tag == GL_TSA_GA) {
        o->at_gamma++;
        gl_tsa_gamma_hole(&o->gamma);
    } else {
        gl_tsa_neutron_hole(&o->neutron);
        gl_tsa_gamma_hole(&o->gamma);
    }
}

void gl_tsa_occupancy_speed(struct gl_tsa_occupancy *o, double kmh) {
    if (kmh >= speed_min && kmh <= speed_max && o->n_speeds < GL_TSA_SPEEDS) o->speeds[o->n_speeds++] = kmh;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_speed(struct gl_tsa_occupancy *o) {
    size_t n = o->n_speeds;
    if (n == 0) return NAN;
    qsort(o->speeds, n, sizeof o->speeds[0], ascending);
    double median = n % 2 ? o->speeds[n / 2] : (o->speeds[n / 2 - 1] + o->speeds[n / 2]) / 2;
    return round(median * 100) / 100;
}

static void judge(struct gl_tsa_occupancy *o) {
    const struct {
        enum gl_tsa_fault fault;
        bool applies;
    } checks[] = {
        {GL_TSA_NO_SAMPLES, o->gamma.samples < HISTORY + o->hold_in || o->neutron.samples == 0},
        {GL_TSA_SAMPLES_MISSING, out_of_step(o, PER_SECOND)},
        {GL_TSA_NO_BACKGROUND, !o->gamma.has_background},
        {GL_TSA_IMPLAUSIBLE, gl_tsa_gamma_implausible(&o->gamma)},
        {GL_TSA_DISAGREES, o->gamma.contradicted || o->neutron.contradicted},
    };
    for (size_t i = 0; i < GL_COUNT(checks); i++)
        if (checks[i].applies) gl_tsa_occupancy_fault(o, checks[i].fault);
}

void gl_tsa_occupancy_result(struct gl_tsa_occupancy *o, int64_t end, int64_t counter, double neutron_background,
                             struct gl_radiation_value *ret) {
    size_t fault = 0;
    double neutrons = isnan(neutron_background) ? o->neutron_background : neutron_background;
    gl_tsa_neutron_end(&o->neutron, neutrons);
    judge(o);
    while (fault < GL_TSA_FAULTS && !(o->faults & 1u << fault)) fault++;
    ret->phase = GL_RADIATION_OCCUPANCY;
    gl_clip(ret->fault, sizeof ret->fault, fault < GL_TSA_FAULTS ? gl_tsa_faults[fault] : "");
    ret->gamma_alarm = gl_tri(o->gamma_alarm);
    ret->neutron_alarm = gl_tri(o->neutron_alarm);
    ret->occupancy = (struct gl_occupancy){o->start.wall, end, counter};
    gl_tsa_gamma_result(&o->gamma, &ret->gamma);
    ret->gamma.background_suspect = o->suspect;
    gl_tsa_neutron_result(&o->neutron, neutrons, &ret->neutron);
    ret->speed_kmh = median_speed(o);
    o->open = false;
}
