/* The load generator's parts: see load.c. */
#pragma once
#include "lanes.h"
#include "witness.h"

enum { BENCH_LANES = 13 };

struct load_options {
    const char *socket, *filter, *mix;
    const char *lane;       /* the measured one; NULL = none */
    int broker, line;       /* ports; 0 = none */
    int background;         /* lanes b-01, b-02, ... */
    int64_t rate;           /* of their readings, per second */
    int64_t passages, warm; /* of the measured lane: counted, and before that */
    int64_t count;          /* sustain: readings */
    int64_t first;          /* how many movements were used before */
    int64_t movements;      /* how many the cache has */
    int64_t timeout_ms;
};

void load_passages(const struct load_options *o);
void load_sustain(const struct load_options *o);
void load_background_name(int i, char out[GL_ID]);
/* The movement of the k-th vehicle: each once, in an order that jumps about in the cache as real traffic does. */
int64_t load_movement(const struct load_options *o, int64_t k);
