/* Somebody who listens at the broker: counts what comes, and says when a movement was first named. Paho's threads do no more than that. */
#pragma once
#include "names.h"

struct witness;

struct witness_seen {
    int64_t number; /* of the movement; -1 = none is named */
    int64_t ns;     /* when it came */
};

/* Connects and subscribes with QoS 0; returns when the broker has taken the subscription. port 0: nobody listens. */
struct witness *witness_open(int port, const char *filter);
int witness_fd(const struct witness *w);                        /* readable when something was seen; -1 for nobody */
bool witness_take(struct witness *w, struct witness_seen *ret); /* false: nothing more for now */
int64_t witness_count(const struct witness *w);
int64_t witness_last_ns(const struct witness *w);
void witness_close(struct witness *w);
