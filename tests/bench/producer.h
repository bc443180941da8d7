/* The producer of the feed, at the broker: tells changes of movements, numbered, as whole messages. */
#pragma once
#include "records.h"

struct producer;

/* Connects to the broker on this port. seq: the last number that the gateway has. */
struct producer *producer_open(int port, int64_t seq);
/* An upsert of movement n with this channel, QoS 1; returns the time right before it was handed to the library. */
int64_t producer_say(struct producer *p, int64_t n, enum gl_channel_decision channel);
int64_t producer_seq(const struct producer *p);
void producer_close(struct producer *p); /* after the broker has taken everything */
