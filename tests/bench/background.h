/* Lanes that keep up a steady load, whole passages of six readings, beside the lane that is measured. */
#pragma once
#include "load.h"

struct background {
    const struct load_options *o;
    struct lane lanes[BENCH_LANES];
    int next_lane;
    int64_t *next_movement;
    int64_t due_ns; /* of the next reading; INT64_MAX = there is none */
    int64_t alive_ns;
    int64_t readings, passages, held; /* sent; ended; not sent in time because all lanes waited for their lights */
};

/* next_movement: the number of the next vehicle, shared with the measured lane; moved on. */
void background_open(struct background *b, const struct load_options *o, int64_t *next_movement);
void background_start(struct background *b); /* when all else is ready too: what had to wait would come at once */
void background_turn(struct background *b);  /* sends what is due */
void background_clear(struct background *b); /* no vehicle is left standing */
void background_close(struct background *b);
