/* The load generator's parts: see load.c. */
#pragma once
#include "lanes.h"
#include "witness.h"

enum { BENCH_LANES = 13 };

struct load_options {
    const char *socket, *filter, *mix;
    const char *lane;       /* the measured one; NULL = none */
    const char *chip;       /* alarms: the socket of the chip */
    int broker, line;       /* ports; 0 = none */
    int portal;             /* alarms: its port */
    int background;         /* lanes b-01, b-02, ... */
    int64_t rate;           /* of their readings, per second */
    int64_t passages, warm; /* of the measured lane: counted, and before that */
    int64_t count;          /* sustain: readings */
    int64_t first;          /* how many movements were used before */
    int64_t movements;      /* how many the cache has */
    int64_t timeout_ms;
    int64_t seq; /* changes: the last number of the feed's movements that the gateway has */
};

void load_passages(const struct load_options *o);
void load_sustain(const struct load_options *o);
void load_alarms(const struct load_options *o);
void load_changes(const struct load_options *o);
void load_background_name(int i, char out[GL_ID]);
/* The movement of the k-th vehicle: each once, in an order that jumps about in the cache as real traffic does. */
int64_t load_movement(const struct load_options *o, int64_t k);
/* A device that others connect to: waits on this TCP port for the one connection. */
int load_be_server(int port, const char *what);
/* A time some random milliseconds from now, in ns; at most most_ms, which is more than least_ms. */
int64_t load_pause(uint64_t *random, int64_t least_ms, int64_t most_ms);
