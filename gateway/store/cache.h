/* What the feed said. Only greenlaned opens it (and `greenlane simulate`, in memory), and the loader what it builds aside. Losing it loses nothing
 * that the feed cannot send again: WAL with synchronous=NORMAL.
 *
 * A folder with one database for each collection: movements.db, declarations.db, tags.db, lookouts.db, traders.db. A collection's records and its
 * stream's bookkeeping are in one file, so they are written together or not at all; and a snapshot, built in a file aside, takes a collection's
 * place by the renaming of one file. What was refused is kept in quarantine.db. */
#pragma once
#include "core/lookup.h"
#include "feed/sequence.h"

struct gl_cache;

/* dir ":memory:" for simulations. Creates the folder and what is missing, migrates schemas, removes what an interrupted loader left; a file that is
 * no cache of ours is an error that names it. */
int gl_cache_open(const char *dir, struct gl_cache **ret, struct gl_error *err) GL_MUST_USE;
void gl_cache_close(struct gl_cache *c);

/* A transaction around a turn of the loop, over the collections that it writes to; commit() ends it for each. begin() when one is open already does
 * nothing. */
int gl_cache_begin(struct gl_cache *c, struct gl_error *err) GL_MUST_USE;
int gl_cache_commit(struct gl_cache *c, struct gl_error *err) GL_MUST_USE;
void gl_cache_rollback(struct gl_cache *c);

enum gl_applied {
    GL_APPLIED_NEW,
    GL_APPLIED_REPLACED,
    GL_APPLIED_CANCELLED,
    GL_APPLIED_CHANGED /* control, expire, rekey */,
    GL_APPLIED_OLDER /* ignored */
};

/* Writes one normalised record. What is older than what is there changes nothing: within one epoch by number alone, among files by version. What the
 * feed says outranks what files say, whatever their versions; a file's cancel, expire or adverse control (not of look-outs) counts beside it, until the
 * feed says more of that record.
 *
 *     upsert   replaces the whole record; a control that is newer than it stays in force over it
 *     cancel   sets the state and leaves a tombstone, also for a reference never seen
 *     expire   the same with state expired (tags, look-outs: withdrawn)
 *     control  changes what it names, keeps the rest; for a reference never seen it waits for the record
 *     rekey    the record of `was` becomes that of `ref`, with all that belongs to it; what lists `was` finds it; what comes under `was`
 *              later is taken as of `ref`. An upsert of a declaration by MRN that names its LRN re-keys that, too.
 *
 * Records of one epoch applied in any order leave the same behind. -EINVAL, -EILSEQ, -ENAMETOOLONG: the record itself is unusable. */
int gl_cache_apply(struct gl_cache *c, const struct gl_feed_record *r, int64_t now_wall, enum gl_applied *ret,
                   struct gl_error *err) GL_MUST_USE;

/* A record of this reference was refused: what is known of it counts as not received, until one that can be used comes under a later number (or a
 * higher version). Not for look-outs: there nothing known is no safety. */
int gl_cache_void(struct gl_cache *c, enum gl_collection which, const struct gl_ref *ref, const char *epoch, int64_t seq,
                  int64_t now_wall, struct gl_error *err) GL_MUST_USE;

/* The references by which this record was known before it was re-keyed: whoever keeps something by reference (a use) asks for those, too. Nothing to
 * do, and quick, where nothing was ever re-keyed. -E2BIG: more than GL_FORMER. */
enum { GL_FORMER = 15 };
int gl_cache_former(struct gl_cache *c, enum gl_collection which, const struct gl_ref *ref, struct gl_ref former[GL_FORMER],
                    size_t *ret_n, struct gl_error *err) GL_MUST_USE;

/* Answers a query from what is committed and what this transaction wrote. Exact keys only. `use` fields are left NONE (journal.h fills them).
 * Each tag key has its tags[] entry, known or not, in the query's order; a key beyond GL_MAX_TAGS makes the answer truncated. */
int gl_cache_lookup(struct gl_cache *c, const struct gl_query *q, struct gl_answer *ret, struct gl_error *err) GL_MUST_USE;

/* The numbered stream's bookkeeping, per collection. */
int gl_cache_load_seq(struct gl_cache *c, enum gl_collection which, struct gl_feed_seq *ret, struct gl_error *err) GL_MUST_USE;
int gl_cache_save_seq(struct gl_cache *c, enum gl_collection which, const struct gl_feed_seq *s, struct gl_error *err) GL_MUST_USE;

/* A collection built aside, from a snapshot: by the loader in a file of its own (written without fsync until it is finished), or in memory. A handle on
 * which only begin, commit, apply, void, count and finish may be called, for this one collection. */
int gl_cache_aside(const char *dir, enum gl_collection which, struct gl_cache **ret, struct gl_error *err) GL_MUST_USE;
/* Everything on disk. The handle stays open, to be closed: gl_cache_close(). */
int gl_cache_finish(struct gl_cache *aside, struct gl_error *err) GL_MUST_USE;
/* Takes the finished collection instead of the present one, and writes its bookkeeping: outside a transaction. Files: the loader has closed it, aside is
 * NULL. In memory: the handle, which is used up. The old file stays as {collection}.old.db, for the loader to delete, because that may take long.
 * After a failure the old collection is still there, or nothing answers (and the process should end). */
int gl_cache_switch(struct gl_cache *c, enum gl_collection which, struct gl_cache *aside, const struct gl_feed_seq *seq,
                    struct gl_error *err) GL_MUST_USE;
/* Deletes what a switch left, or an aborted load: for the loader. */
void gl_cache_sweep(const char *dir, enum gl_collection which);

/* A refused record is kept with its reason (at most 10,000, the oldest go). */
struct gl_quarantined {
    uint8_t collection; /* NONE: it did not even say that */
    char epoch[41];
    int64_t seq;                    /* 0 = unknown */
    char ref[GL_REF + GL_REF_TYPE]; /* "mrn 24GB..."; "" = unknown */
    char where[200], reason[400];   /* where: "feed", "import", the name of a document */
    int64_t at;                     /* wall */
};
int gl_cache_quarantine(struct gl_cache *c, const struct gl_quarantined *q, struct gl_error *err) GL_MUST_USE;
typedef int (*gl_quarantined_fn)(void *user, const struct gl_quarantined *q); /* other than 0 ends it */
int gl_cache_quarantined(struct gl_cache *c, int limit, gl_quarantined_fn each, void *user,
                         struct gl_error *err) GL_MUST_USE; /* newest first */
int64_t gl_cache_quarantine_count(struct gl_cache *c);

/* What the next gl_cache_purge() with the same arguments would remove; nothing is changed but *at. */
int gl_cache_old(struct gl_cache *c, enum gl_collection which, int64_t before, int limit, int64_t *at, int64_t *ret_old,
                 struct gl_error *err) GL_MUST_USE;
/* Removes what nobody can lean on any more (cancelled, expired, exited, discharged, withdrawn, or past its last date) and was written or was valid
 * last before `before`: looks through at most `limit` records from *at on (start with 0). Returns 1 when there may be more, 0 when done (*at is 0 again),
 * negative on failure. */
int gl_cache_purge(struct gl_cache *c, enum gl_collection which, int64_t before, int limit, int64_t *at, int64_t *ret_removed,
                   struct gl_error *err) GL_MUST_USE;

/* For tests and `greenlane feed`: every record that counts, as the body of an upsert in the order of its reference, effective state and control
 * included. Not for large collections on the deciding loop. */
typedef int (*gl_lodged_fn)(void *user, const struct gl_feed_record *r);
int gl_cache_dump(struct gl_cache *c, enum gl_collection which, gl_lodged_fn each, void *user, struct gl_error *err) GL_MUST_USE;

int64_t gl_cache_count(struct gl_cache *c, enum gl_collection which); /* records; negative on failure */
