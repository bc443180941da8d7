/* The plate reader: a picture in, plates out. Proposals (proposer.h where there is such a model, chains.h), the recogniser's net (vision.h),
 * beam search (ctc.h), national formats as a weak prior (formats.h). No state between pictures; one reader belongs to one thread. */
#pragma once
#include "frames/picture.h"

enum {
    GL_PLATES_MAX = 8,        /* most plates of one picture; the surest are kept */
    GL_PLATE_CHARACTERS = 16, /* most characters of one plate, both lines together */
    GL_PLATE_CANDIDATES = 10, /* as many as a reading has */
    GL_PLATE_HINTS = 16       /* most countries that are expected */
};

struct gl_box { /* pixels of the picture given; x2, y2 are just outside */
    int x1, y1, x2, y2;
};

struct gl_plate_candidate {
    char text[GL_PLATE_CHARACTERS + 1]; /* A-Z, 0-9 */
    double confidence;                  /* probability that this is the text; those of one plate sum up to at most 1 */
};

struct gl_plate_read {
    char text[GL_PLATE_CHARACTERS + 1]; /* the likeliest; "" = there is a plate, and it cannot be read */
    char raw[GL_PLATE_CHARACTERS + 1];  /* what the net alone says, without formats; "" as above */
    char country[3];                    /* ISO 3166 alpha-2 of a format that fits, when one stands out; "" otherwise: weak */
    double confidence;                  /* of the text, 0..1; of an unreadable one: that of its best candidate */
    struct gl_box box;                  /* around the characters of all lines, with a margin */
    double height;                      /* of its characters, pixels */
    uint8_t n_lines;                    /* 1 or 2 */
    uint8_t n_candidates, n_characters;
    struct gl_plate_candidate candidates[GL_PLATE_CANDIDATES]; /* best first; the first is the text, also of an unreadable one */
    double characters[GL_PLATE_CHARACTERS];                    /* confidence of each character of candidates[0] */
};

struct gl_plates {
    uint8_t n;
    struct gl_plate_read plate[GL_PLATES_MAX]; /* surest first */
};

struct gl_reader_options {
    const char *models;                /* folder with recogniser.onnx, recogniser.txt and, where wanted, proposer.onnx */
    char countries[GL_PLATE_HINTS][3]; /* expected ones, ISO 3166 alpha-2 ("" ends them): a stronger prior, never a filter */
    double least_height;               /* characters lower than this many pixels are not looked at; 0 = 7 */
};

struct gl_reader;

/* The folder of the models that belong to the running program: {prefix}/share/greenlane/models, or models/ of the build tree. -ENOENT. */
int gl_reader_models(char *ret, size_t size, struct gl_error *err) GL_MUST_USE;

/* Loads the models: all files are opened here, none later. options is copied. Returns 0, -ENOENT or -EINVAL with the file that is missing
 * or not understood. */
int gl_reader_open(const struct gl_reader_options *options, struct gl_reader **ret, struct gl_error *err) GL_MUST_USE;

/* Finds and reads the plates of one picture; n = 0 when there are none. A picture of a million pixels takes about 50 ms of one core; time and
 * memory are bounded by GL_PICTURE_KEPT. -ENOMEM, -EIO (the net failed) with the reason. */
int gl_reader_read(struct gl_reader *r, const struct gl_picture *picture, struct gl_plates *ret, struct gl_error *err) GL_MUST_USE;

void gl_reader_free(struct gl_reader *r);
void gl_reader_freep(struct gl_reader **r); /* for GL_CLEANUP */
