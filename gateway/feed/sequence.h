/* The numbered stream of one collection: which records of the producer have been received, and how far what is known can be trusted.
 * Pure bookkeeping: no I/O, no clock; a plain struct, so that it is stored with the records that it speaks of, in one transaction.
 *
 * - A producer numbers its records 1, 2, 3 ... within an epoch, and names the last number it has sent in every heartbeat.
 * - A number that is known to have been sent and has not been received is a hole: the collection is in GAP until it is filled. A record that
 *   was refused was not received: it stays a hole until the producer sends something usable under its number, a snapshot, or a new epoch;
 *   unless what it speaks of is known and was made void: then nothing leans on it, and its number counts as received.
 * - Records above a hole are applied at once: they are ordered by their numbers, and no release leans on a collection in GAP.
 * - Ranges above the lowest hole are remembered up to GL_SEQ_HELD; the highest beyond that are forgotten and count as not received, so that
 *   the gap stays until they come again (they are then applied a second time, which changes nothing).
 * - A snapshot stands for all numbers up to its own: gl_feed_seq_from() begins the books of what is built from it.
 * - A new epoch starts the numbering again from 1, and voids what earlier epochs said: cancellations may have been lost with them. Whoever
 *   keeps the records must let none of an earlier epoch support a release. What earlier epochs said against anybody is void as well: all but the
 *   very first epoch is a gap until a snapshot of it has come.
 * - as_of is the producer's time up to which the stream is told. It moves forward only, with messages at the head of the stream. */
#pragma once
#include "model/happened.h"

enum {
    GL_SEQ_HELD = 64,
    GL_SEQ_AHEAD_MS = 60000 /* how far a producer's clock may run ahead of ours and still be believed */
};

struct gl_feed_range {
    int64_t from, to; /* both included */
};

struct gl_feed_seq {
    char epoch[41];  /* "" = nothing was ever heard */
    char left[41];   /* the epoch before: stragglers of it do not come back to life */
    int64_t applied; /* highest number with no hole below it */
    int64_t sent;    /* highest number known to have been sent; above applied = there is a hole */
    int64_t as_of;
    int64_t heard_wall, heard_mono; /* when as_of last moved */
    uint16_t n_held;
    struct gl_feed_range held[GL_SEQ_HELD]; /* received above the lowest hole, ascending, never touching each other */
    int64_t rejects;
    bool based;  /* a snapshot has said what was there when the epoch began, or later */
    bool broken; /* the producer counted backwards within an epoch, or counts in another beside it: a gap until a snapshot */
};

enum gl_seq_result {
    GL_SEQ_APPLY,       /* a record to be applied */
    GL_SEQ_HEARD,       /* a heartbeat, taken note of */
    GL_SEQ_DUPLICATE,   /* a number received before: nothing to do */
    GL_SEQ_STALE_EPOCH, /* of an epoch that was left, or a new one that is older than what is known; counted as a reject */
    GL_SEQ_FUTURE,      /* as_of too far ahead of our clock: not believed, no sign of life; counted as a reject */
    GL_SEQ_INVALID      /* no epoch, no number, no time or no operation; counted as a reject */
};
extern const char *const gl_seq_results[]; /* for logs */

/* What the age of a collection means, in milliseconds since as_of; see gl_feed_seq_state(). */
struct gl_feed_limits {
    int64_t live_ms, soft_ms, hard_ms, down_ms;
};

/* Takes note of one message. Work on a copy and store it together with the record: a commit that fails then leaves nothing behind. */
enum gl_seq_result gl_feed_seq_take(struct gl_feed_seq *s, const char *epoch, int64_t seq, enum gl_feed_op op, int64_t as_of,
                                    struct gl_now now) GL_MUST_USE;

/* A record that was refused, whatever the reason: counted, and when its epoch and number could be read (else "" and GL_INT_NULL) its number
 * is a hole. A refused heartbeat is told with GL_INT_NULL. */
void gl_feed_seq_refuse(struct gl_feed_seq *s, const char *epoch, int64_t seq);

/* Counts a number of the present epoch as received. False when it was received before, or is of another epoch. */
bool gl_feed_seq_receive(struct gl_feed_seq *s, const char *epoch, int64_t seq);

/* A number of the present epoch is known to have been sent: a hole until it is received. */
void gl_feed_seq_sent(struct gl_feed_seq *s, const char *epoch, int64_t seq);

/* The books of a collection built from a snapshot that includes every number up to seq. */
void gl_feed_seq_from(struct gl_feed_seq *s, const char *epoch, int64_t seq, int64_t as_of, struct gl_now now);

/* After the snapshot's collection took the present one's place: what the present books know and the new ones do not. The epoch that is left does not
 * come back, numbers once known to have been sent are holes until they come again, time does not go backwards. */
void gl_feed_seq_succeed(struct gl_feed_seq *s, const struct gl_feed_seq *present);

/* Whether a snapshot may be loaded beside these books; "" or the reason against it. */
const char *gl_feed_seq_refuses_snapshot(const struct gl_feed_seq *s, const char *epoch, int64_t seq, int64_t as_of,
                                         struct gl_now now);

/* The first numbers that are missing, both included. False when none are. */
bool gl_feed_seq_missing(const struct gl_feed_seq *s, struct gl_feed_range *ret);

/* EMPTY: nothing was ever heard. Otherwise the worse of GAP (a hole) and the age: LIVE up to soft_ms, AGED up to hard_ms, STALE up to down_ms,
 * then DOWN. Without a trusted clock there is no age, and the state is DOWN. */
enum gl_feed_state gl_feed_seq_state(const struct gl_feed_seq *s, const struct gl_feed_limits *limits, struct gl_now now,
                                     bool clock_ok);

/* True when the next heartbeat is overdue (older than live_ms): for the status alone, no decision leans on it. */
bool gl_feed_seq_late(const struct gl_feed_seq *s, const struct gl_feed_limits *limits, struct gl_now now);

/* Milliseconds since as_of by the wall clock, or by the monotonic one where that says more. Below 0 when the wall clock lies before as_of.
 * GL_INT_NULL when nothing was ever heard. */
int64_t gl_feed_seq_age(const struct gl_feed_seq *s, struct gl_now now);

/* How many numbers were sent and not received. */
int64_t gl_feed_seq_holes(const struct gl_feed_seq *s);
