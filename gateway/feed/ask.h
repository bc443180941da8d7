/* What a collection lacks, and when the producer is asked for it. Pure bookkeeping: no I/O, no clock.
 *
 * A hole that lasts is asked for as a replay; where numbers alone do not help (nothing known, a new epoch, books that do not fit, a snapshot that was
 * given up), a snapshot; where both would help, by turns, the replay first. Unanswered, it is asked again after pauses that double up to five minutes,
 * a replay after three times as a snapshot. One request at a time. */
#pragma once
#include "feed/sequence.h"

enum gl_want { GL_WANT_NONE, GL_WANT_REPLAY, GL_WANT_SNAPSHOT };
extern const char *const gl_wants[]; /* "replay", "snapshot" */

enum { GL_ASK_TRIES = 3, GL_ASK_MOST_MS = 300000 };

struct gl_feed_request { /* data of request/feed/COLLECTION */
    uint8_t collection;
    uint8_t want;     /* enum gl_want */
    char epoch[41];   /* the numbering that is meant; "" = whichever there is */
    int64_t from, to; /* replay: both included; GL_INT_NULL = not meant */
    char reason[41];
};
extern const struct gl_fields gl_feed_request_fields;

struct gl_feed_ask {
    char need[41];      /* why a snapshot is needed; "" = it is not */
    bool pending;       /* something is missing: the times below count */
    int64_t due_mono;   /* next request */
    int64_t pause_ms;   /* after that */
    unsigned tries;     /* not answered */
    int64_t hole;       /* first missing number when it was last looked at; 0 = none */
    uint8_t asked;      /* enum gl_want: what was asked for last and has not come */
    int64_t asked_wall; /* when */
};

/* A snapshot is needed, until one has come. */
void gl_feed_ask_need(struct gl_feed_ask *a, const char *why);

/* Ask at the next occasion: an officer wants it. */
void gl_feed_ask_soon(struct gl_feed_ask *a);

/* The broker is back: what is still missing after a while is asked for as if for the first time. */
void gl_feed_ask_afresh(struct gl_feed_ask *a);

/* What was on its way did not arrive: again after the pause. */
void gl_feed_ask_failed(struct gl_feed_ask *a, const char *why, struct gl_now now);

/* A snapshot took its place. */
void gl_feed_ask_done(struct gl_feed_ask *a);

/* True when *ret is to be asked now; to be called about once a second while nothing is being loaded. wait_ms: how long a hole may last before it is
 * asked for; snapshots: one could be loaded. ret->collection is left to the caller. */
bool gl_feed_ask_due(struct gl_feed_ask *a, const struct gl_feed_seq *s, int64_t wait_ms, bool snapshots, struct gl_now now,
                     struct gl_feed_request *ret);
