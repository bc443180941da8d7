/* The core with its memory: runs events through the core, answers its look-ups from the cache, records what it says in the journal, and hands out
 * what became durable. The same engine serves greenlaned (files) and `greenlane simulate` (in memory). No loop, no sockets, no clock.
 *
 *     event ──► core ──► effects ──► journal (one transaction a turn)
 *                 ▲          │
 *                 └─ answer ─┴─ look-up in the cache
 *     gl_engine_commit(): fsync; only then signals, states, replies and the outbox see it
 */
#pragma once
#include "model/envelope.h"
#include "model/loading.h"
#include "store/cache.h"
#include "store/journal.h"

struct gl_engine;

/* What the engine hands out. All called from gl_engine_commit(), in order, except event(). Borrowed for the call. */
struct gl_engine_out {
    void *user;
    void (*signal)(void *user, const struct gl_signal_state *s);       /* show it */
    void (*state)(void *user, const char *topic, const char *payload); /* retained; topic below greenlane/v1/POST/ */
    void (*reply)(void *user, const struct gl_reply *r, const char *payload);
    void (*outbox)(void *user, const struct gl_command *cmd);          /* a permitted ack or replay */
    void (*stream)(void *user, const char *stream);                    /* has new records to publish */
    void (*event)(void *user, const char *topic, const char *payload); /* each record as it is made, not yet durable; may be NULL */
    /* What the producer of a feed is asked for, at once; not retained, and forgotten when nobody takes it. NULL: nobody is ever asked. */
    void (*request)(void *user, const char *topic, const char *payload);
};

/* Who builds a collection aside from a snapshot. Both return a negative errno when it cannot be done: the load is then given up. Answers come by
 * gl_engine_loaded(), gl_engine_load_refused() and gl_engine_loader(). */
struct gl_loader {
    void *user;
    int (*order)(void *user, const struct gl_load_order *o);
    int (*record)(void *user, const struct gl_feed_record *r);
};

struct gl_engine_setup {
    const struct gl_config *config;        /* borrowed */
    const char *cache_path, *journal_path; /* ":memory:" for simulations */
    const uint8_t *key;                    /* 32 bytes */
    const char *boot;                      /* UUID of this start */
    struct gl_engine_out out;
    struct gl_loader loader; /* order NULL: the engine does it itself, in memory */
};

/* Opens both databases, restores modes and open passages (they are inspected). The first gl_engine_commit() publishes all states. */
int gl_engine_open(const struct gl_engine_setup *setup, struct gl_now now, struct gl_engine **ret,
                   struct gl_error *err) GL_MUST_USE;
void gl_engine_close(struct gl_engine *e);

void gl_engine_reading(struct gl_engine *e, struct gl_reading *r, struct gl_now now);
void gl_engine_device(struct gl_engine *e, const struct gl_device_status *s, struct gl_now now);
void gl_engine_command(struct gl_engine *e, const struct gl_command *cmd, struct gl_now now);
void gl_engine_clock(struct gl_engine *e, bool synchronised, struct gl_now now);
void gl_engine_time(struct gl_engine *e, struct gl_now now); /* at least once a second, and at every deadline */

/* A record of the numbered feed, and one that was refused on its way. */
void gl_engine_feed(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now);
void gl_engine_feed_refused(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now);
/* A record from a file: not numbered; with feed.source import also a sign of life. 1 = it is older than what is known, and changes nothing.
 * as_feed: an operator restores a recorded feed, and one with epoch and number is taken as from the feed; else -EPERM, for a file is none. */
int gl_engine_import(struct gl_engine *e, const struct gl_feed_record *r, bool as_feed, struct gl_now now,
                     struct gl_error *err) GL_MUST_USE;
/* That somebody is about to restore a recorded feed, and why: into the journal, before the first record. */
void gl_engine_import_as_feed(struct gl_engine *e, const char *who, const char *reason, struct gl_now now);

/* From the loader: a load has ended; a record alone was refused; the loader itself is there, or is gone and all that it had with it. */
void gl_engine_loaded(struct gl_engine *e, const struct gl_load_answer *a, struct gl_now now);
void gl_engine_load_refused(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now);
void gl_engine_loader(struct gl_engine *e, bool there, struct gl_now now);

/* Whether the broker is there: nobody is asked for anything while it is not. */
void gl_engine_broker(struct gl_engine *e, bool there, struct gl_now now);

/* The state of the feed as published last, as one JSON object without an envelope; and the cache, for the operator's questions. */
void gl_engine_feed_status(struct gl_engine *e, struct gl_now now, struct gl_buf *out);
struct gl_cache *gl_engine_cache(struct gl_engine *e);

/* An alarm of the gateway itself, on stream post. */
void gl_engine_alarm(struct gl_engine *e, const char *kind, const char *detail, struct gl_now now);
/* The same, of something that may pass: the id that raise gives goes with clear. */
void gl_engine_alarm_raise(struct gl_engine *e, const char *kind, const char *detail, char ret_alarm[GL_UUID], struct gl_now now);
void gl_engine_alarm_clear(struct gl_engine *e, const char *kind, const char *alarm, const char *detail, struct gl_now now);

/* The same alarm is over. Nothing happens when it does not stand. */
void gl_engine_alarm_over(struct gl_engine *e, const char *kind, const char *detail, struct gl_now now);

/* Wall: when the newest record was written that was there before this start; 0 = none. */
int64_t gl_engine_written_before(const struct gl_engine *e);

/* One small step of forgetting what is due: looks for some, announces it, or, when that is durable, lets it go. To be called between turns, when
 * nothing waits and the clock can be believed. True when there is more to do. */
bool gl_engine_forget(struct gl_engine *e, struct gl_now now);
void gl_engine_forget_now(struct gl_engine *e);            /* looks from the beginning at the next step */
int64_t gl_engine_forget_every(const struct gl_engine *e); /* ms between two looks */
struct gl_forgotten {
    int64_t records, passages, uses, lodged; /* since the start */
};
struct gl_forgotten gl_engine_forgotten(const struct gl_engine *e);
/* Lodged records that nobody leans on any more go when they were written, and valid, before this time; all of them within two days, while the feed
 * lives. In steps: counts those that are due at `wall` and still there, as gl_cache_old() does. */
int gl_engine_old_lodged(struct gl_engine *e, enum gl_collection which, int64_t wall, int64_t *at, int64_t *ret_old,
                         struct gl_error *err) GL_MUST_USE;
/* Announces that folders of evidence go; once that is durable they may. */
void gl_engine_forget_evidence(struct gl_engine *e, const char (*folders)[GL_EVIDENCE_FOLDER], size_t n, struct gl_now now);

bool gl_engine_dirty(const struct gl_engine *e); /* gl_engine_commit() has something to do */
/* Makes everything durable, then hands it out. Negative: nothing since the last commit can be trusted: show fault everywhere and start anew from the
 * journal. */
int gl_engine_commit(struct gl_engine *e, struct gl_now now, struct gl_error *err) GL_MUST_USE;

int64_t gl_engine_next_deadline(const struct gl_engine *e);   /* monotonic; INT64_MAX = none */
bool gl_engine_idle(const struct gl_engine *e);               /* no passage waits for a decision */
bool gl_engine_occupied(const struct gl_engine *e, int lane); /* a vehicle is in the lane with this index, as far as is known */
struct gl_journal *gl_engine_journal(struct gl_engine *e);    /* for the outbox, cursors and the operator's questions */
