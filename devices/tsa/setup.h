/* How the portal is set: what its setup lines say (they come once, when the controller starts, and daily), else what the configuration says.
 *
 *     SG1,002000,000068,05,10,05.0,P         gamma: high and low background fault (cps), intervals, hold-in (0.2 s), N sigma, -
 *     SG2,1111,0.069,0.455,01,1010,A         detectors on line, LLD and ULD (V), relay, SUM HORIZONTAL VERTICAL SINGLE, switch
 *     SG3,0.069,0.455,020,000,1.10.1         LLD and ULD of the second pillar, background time (s) and N sigma, firmware
 *     SN1,000050,03,0004,1200,01,120         neutron: high background fault, most seconds of the test, alpha, ...
 *     SN2,0.504,5.040,0.504,5.040,PP         LLD and ULD of both pillars
 *     NC,-4.61000000,0.99450000              newer: drift and gain of the neutron test; with every background
 *     NX,9.50437640,-0.99599343              newer: its bounds */
#pragma once
#include "gamma.h"
#include "neutron.h"
#include "protocol.h"

enum { GL_TSA_SETUP_LINES = 5, GL_TSA_HOLD_IN = 10 /* usual, in samples of 0.2 s */ };

extern const char *const gl_tsa_group_choices[]; /* of the setting `groups`, NULL-terminated */

struct gl_tsa_setup {
    struct gl_tsa_gamma_rule gamma;
    struct gl_tsa_neutron_rule neutron;
    int64_t hold_in;
    double wanted_sigma;    /* as configured; NaN = not */
    unsigned wanted_groups; /* as configured; 0 = not */
    char said[GL_TSA_SETUP_LINES][GL_TSA_LINE + 1];
};

/* sigma, groups: the settings, NULL = not given. */
int gl_tsa_setup_open(struct gl_tsa_setup *s, const char *sigma, const char *groups, struct gl_error *err) GL_MUST_USE;

/* Takes a setup line (SG1 .. SN2). Notes a setup that changes, or is not as configured; refuses one that cannot be read: the rule is then not known. */
void gl_tsa_setup_line(struct gl_tsa_setup *s, const struct gl_tsa_line *l, const struct gl_sink *sink);

/* Takes NC or NX. */
void gl_tsa_setup_test(struct gl_tsa_setup *s, const struct gl_tsa_line *l);
