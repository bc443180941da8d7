/* The background against which the portal judges: the last that it said, how old that is, and whether it is what it usually is here. A vehicle that
 * stands beside the beams raises it unnoticed; the next alarm is then a smaller one, or none. */
#pragma once
#include "lines.h"
#include "model/reading.h"

enum { GL_TSA_HISTORY = 720 }; /* an hour at one every five seconds */

struct gl_tsa_background {
    bool has_gamma; /* since connecting */
    int64_t gamma[GL_TSA_DETECTORS];
    int64_t gamma_mono;
    double neutron; /* all detectors together, as NB1 says it: NB cuts that of each to whole counts, mostly none; NaN = not said */
    size_t n, next;
    struct {
        int64_t mono, sum;
    } history[GL_TSA_HISTORY];
};

/* A connection begins: what was said before is no longer the background, but still what it usually is. */
void gl_tsa_background_begin(struct gl_tsa_background *b);

/* Takes GB or NB1. */
void gl_tsa_background_line(struct gl_tsa_background *b, const struct gl_tsa_line *l, int64_t mono);

/* Tri: true when the gamma background is older than 15 s, or more than 10 % away from the median of the last hour; null without five minutes of it. */
uint8_t gl_tsa_background_suspect(const struct gl_tsa_background *b, int64_t mono);
