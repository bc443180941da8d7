/* One proposal read: cut out upright at several margins, judged by the recogniser's net, its texts gathered. */
#pragma once
#include "frames/chains.h"
#include "frames/ctc.h"
#include "frames/vision.h"

enum { GL_CROP_WIDTH = 128, GL_CROP_HEIGHT = 32, GL_CROP_STEPS = 32, GL_LINE_TEXTS = 32 };

extern const struct gl_net_shape gl_recogniser_shape;

struct gl_line_text {
    char text[GL_CTC_LENGTH + 1];
    double p; /* mean over the crops */
};

struct gl_line {
    struct gl_proposal where;
    int n_crops, n;
    struct gl_line_text texts[GL_LINE_TEXTS];    /* best first */
    float log_p[GL_CROP_STEPS * GL_CTC_CLASSES]; /* of the first crop, for the characters' own confidences */
};

/* Cuts the proposal out, margins in heights of its characters, into standardised numbers as the net wants them. */
void gl_line_crop(const struct gl_pyramid *p, const struct gl_proposal *where, double left, double right, float *ret);

/* Reads one more crop of the line and weighs it in. Start with a line of zeros and where. -EIO. */
int gl_line_read(struct gl_line *l, const struct gl_pyramid *p, struct gl_net *net, double temperature, double left, double right,
                 struct gl_error *err) GL_MUST_USE;
