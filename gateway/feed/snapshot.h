/* A snapshot on its way: everything that is alive in one collection, as it stood at one number of the stream. Pure bookkeeping: no I/O, no clock.
 *
 *     begin {snapshot: NAME, count: 3}   seq = the last number it includes
 *     records, places 1, 2, 3            each with snapshot: NAME, seq = its place
 *     end {snapshot: NAME, count: 3, sha256: of the records' digests, one after the other}
 *
 * A snapshot is whole or it is nothing: a place that was skipped, a wrong count or digest, an epoch or number other than those it began with, a time
 * that lies ahead, or silence, and it is given up. A place that was had before is passed over. */
#pragma once
#include "feed/sequence.h"

struct evp_md_ctx_st;

struct gl_feed_snapshot {
    char name[41]; /* "" = none runs */
    char epoch[41];
    int64_t seq;   /* last number it includes */
    int64_t count; /* records it will have */
    int64_t place; /* records had */
    int64_t heard_mono;
    struct evp_md_ctx_st *md; /* of the digests so far */
};

enum gl_snapshot_result {
    GL_SNAPSHOT_RECORD,   /* the next place: the record is to be built in */
    GL_SNAPSHOT_REPEATED, /* had before: nothing to do */
    GL_SNAPSHOT_COMPLETE, /* its end fits */
    GL_SNAPSHOT_BROKEN,   /* to be given up; the reason is told */
};

/* Begins one; another that runs is forgotten. r: a record whose op is snapshot_begin, already found acceptable beside the stream's books
 * (gl_feed_seq_refuses_snapshot). -ENOMEM when there is no memory for the digest. */
int gl_feed_snapshot_begin(struct gl_feed_snapshot *s, const struct gl_feed_record *r, struct gl_now now) GL_MUST_USE;
void gl_feed_snapshot_clear(struct gl_feed_snapshot *s);

/* A record of this snapshot by its envelope; why: the reason of BROKEN. A record that was refused, but whose reference will be void, takes its place
 * like all others: with its digest. */
struct gl_snapshot_place {
    const char *epoch;
    int64_t place, as_of;  /* as_of 0 = not known */
    const uint8_t *digest; /* 32 bytes; NULL = none could be computed */
};
enum gl_snapshot_result gl_feed_snapshot_take(struct gl_feed_snapshot *s, const struct gl_snapshot_place *p, struct gl_now now,
                                              struct gl_error *why) GL_MUST_USE;

/* Its end: op snapshot_end, of this name. */
enum gl_snapshot_result gl_feed_snapshot_end(struct gl_feed_snapshot *s, const struct gl_feed_record *r, struct gl_now now,
                                             struct gl_error *why) GL_MUST_USE;

/* True when nothing was heard of it for so long. */
bool gl_feed_snapshot_silent(const struct gl_feed_snapshot *s, int64_t silence_ms, struct gl_now now);
