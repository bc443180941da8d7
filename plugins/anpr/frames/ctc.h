/* From a net's numbers to texts: for each of T steps the net gives C logits, of which 0 is the blank; a text is every path that reads so when
 * repetitions are merged and blanks dropped (connectionist temporal classification). */
#pragma once
#include "base/base.h"

enum {
    GL_CTC_CLASSES = 37, /* blank, 0-9, A-Z */
    GL_CTC_STEPS = 64,   /* most */
    GL_CTC_LENGTH = 16,  /* longest text; longer ones are not followed */
    GL_CTC_BEAM = 24     /* texts that are followed at once */
};

struct gl_ctc_text {
    char text[GL_CTC_LENGTH + 1];
    double log_p; /* of all paths that were followed: at most the true one, and never more than 0 but for rounding */
};

/* Logits to natural logarithms of probabilities, in place; temperature > 1 makes them less sure. */
void gl_ctc_log_softmax(float *logits, int steps, double temperature);

/* The likeliest texts, best first; "" is one. Returns how many, at most max and GL_CTC_BEAM. */
int gl_ctc_beam(const float *log_p, int steps, struct gl_ctc_text *ret, int max);

/* Where each character of a text stands on its likeliest path: its step (0..steps-1) and its probability there. False when the text is too
 * long for so few steps, or has other characters. */
struct gl_ctc_place {
    double confidence;
    int step;
};
bool gl_ctc_align(const float *log_p, int steps, const char *text, struct gl_ctc_place ret[GL_CTC_LENGTH]);
