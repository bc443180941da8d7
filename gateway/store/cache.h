/* cache.db: what the feed said. Only greenlaned opens it (and `greenlane simulate`, in memory). Losing it loses nothing that the feed cannot
 * send again: WAL with synchronous=NORMAL; the feed's bookkeeping is written in the same transactions as the records. */
#pragma once
#include "core/lookup.h"
#include "feed/sequence.h"

struct gl_cache;

/* path ":memory:" for simulations. Creates or migrates the schema; a file that is no cache of ours is an error that names it. */
int gl_cache_open(const char *path, struct gl_cache **ret, struct gl_error *err) GL_MUST_USE;
void gl_cache_close(struct gl_cache *c);

/* A transaction around a turn of the loop. begin() when one is open already does nothing. */
int gl_cache_begin(struct gl_cache *c, struct gl_error *err) GL_MUST_USE;
int gl_cache_commit(struct gl_cache *c, struct gl_error *err) GL_MUST_USE;
void gl_cache_rollback(struct gl_cache *c);

enum gl_applied { GL_APPLIED_NEW, GL_APPLIED_REPLACED, GL_APPLIED_CANCELLED, GL_APPLIED_OLDER /* lower version: ignored */ };

/* Writes one normalised record: an upsert replaces the whole record, a cancel sets its state and leaves a tombstone (also for a reference never
 * seen: a later upsert of the same or a lower version stays cancelled). */
int gl_cache_apply(struct gl_cache *c, const struct gl_feed_record *r, int64_t now_wall, enum gl_applied *ret,
                   struct gl_error *err) GL_MUST_USE;

/* Answers a query from what is committed and what this transaction wrote. Exact keys only. `use` fields are left NONE (journal.h fills them).
 * Each tag key has its tags[] entry, known or not, in the query's order; a key beyond GL_MAX_TAGS makes the answer truncated. */
int gl_cache_lookup(struct gl_cache *c, const struct gl_query *q, struct gl_answer *ret, struct gl_error *err) GL_MUST_USE;

/* The numbered stream's bookkeeping, per collection. */
int gl_cache_load_seq(struct gl_cache *c, enum gl_collection which, struct gl_feed_seq *ret, struct gl_error *err) GL_MUST_USE;
int gl_cache_save_seq(struct gl_cache *c, enum gl_collection which, const struct gl_feed_seq *s, struct gl_error *err) GL_MUST_USE;

/* A refused record is kept with its reason (at most 10,000, the oldest go). */
int gl_cache_quarantine(struct gl_cache *c, enum gl_collection which, const char *epoch, int64_t seq, const char *where,
                        const char *reason, int64_t now_wall, struct gl_error *err) GL_MUST_USE;

int64_t gl_cache_count(struct gl_cache *c, enum gl_collection which); /* records; negative on failure */
