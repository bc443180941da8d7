/* journal.db: what happened here. The only truth about passages, decisions, uses and cursors. WAL with synchronous=FULL: gl_journal_commit() returns
 * when everything appended since the last one is on disk. Each record carries a SHA-256 over itself and its predecessor's. */
#pragma once
#include "core/core.h"

struct gl_journal;

int gl_journal_open(const char *path, struct gl_journal **ret, struct gl_error *err) GL_MUST_USE;
void gl_journal_close(struct gl_journal *j);

/* Streams are named "post", "lane/LANE", "restricted/LANE" and "share/customs"; each has a persistent gapless sequence from 1. The number is needed inside the payload, so it is asked for
 * first; appending must follow with the same number, in the same transaction. */
int gl_journal_next_seq(struct gl_journal *j, const char *stream, int64_t *ret, struct gl_error *err) GL_MUST_USE;

/* How long things are kept, in ms; 0 = for ever. What is appended from then on carries when it must go. */
struct gl_keep {
    int64_t passages_ms; /* records of a passage, and the passage itself, from its closing */
    int64_t records_ms;  /* records without a passage */
    int64_t used_ms;     /* uses, from the end of what was used */
};
void gl_journal_set_keep(struct gl_journal *j, const struct gl_keep *keep);
int64_t gl_journal_written(const struct gl_journal *j); /* wall: when the last record was written; 0 = none */

struct gl_record {
    const char *stream;
    int64_t seq;
    const char *type;     /* CloudEvents type */
    const char *topic;    /* below greenlane/v1/POST/; "" = journalled only, never published */
    const char *id;       /* of the CloudEvent */
    const char *passage;  /* "" = none */
    int64_t time;         /* wall */
    int64_t written;      /* wall, by our own clock; 0 = `time` */
    bool for_ever;        /* never purged */
    const char *payload;  /* the whole CloudEvent, as published */
    const char *internal; /* journalled only, e.g. the look-up's answer; NULL = none */
};
/* Begins a transaction when none is open. What it says is hashed by itself, so that it can go and the chain remains. */
int gl_journal_append(struct gl_journal *j, const struct gl_record *r, struct gl_error *err) GL_MUST_USE;

/* An event that concerns the journal itself: on stream local, never published. */
struct gl_note {
    const char *type, *id, *post, *boot;
    int64_t time;
    bool for_ever; /* never purged */
    const struct gl_fields *fields;
    const void *data;
};
int gl_journal_note(struct gl_journal *j, const struct gl_note *note, struct gl_error *err) GL_MUST_USE;

bool gl_journal_dirty(const struct gl_journal *j); /* something waits for a commit */
int gl_journal_commit(struct gl_journal *j, struct gl_error *err) GL_MUST_USE;
void gl_journal_rollback(struct gl_journal *j);

/* 1 when a record that is journalled only (no topic) has this id: a command that came before. 0 = none. */
int gl_journal_known(struct gl_journal *j, const char *id, struct gl_error *err) GL_MUST_USE;

/* That a movement or declaration was used. An empty reference stands for all that the passage has reserved. */
int gl_journal_use(struct gl_journal *j, const struct gl_use_change *u, int64_t now_wall, struct gl_error *err) GL_MUST_USE;
int gl_journal_fill_use(struct gl_journal *j, struct gl_answer *a, struct gl_error *err) GL_MUST_USE; /* sets use and used_by */
/* The same for one reference, as the passage that asks sees it: another's use counts before its own. */
int gl_journal_used(struct gl_journal *j, const struct gl_ref *ref, const char *passage, uint8_t *use, char used_by[GL_UUID],
                    struct gl_error *err) GL_MUST_USE;

/* Passages: the latest state of each. */
int gl_journal_passage(struct gl_journal *j, const struct gl_passage *p, struct gl_error *err) GL_MUST_USE;
int gl_journal_decided(struct gl_journal *j, const struct gl_decision *d, int64_t wall,
                       struct gl_error *err) GL_MUST_USE; /* outcome and level beside it */

typedef int (*gl_passage_fn)(void *user, const struct gl_passage *p);
int gl_journal_open_passages(struct gl_journal *j, gl_passage_fn each, void *user,
                             struct gl_error *err) GL_MUST_USE; /* oldest first */

/* Lane modes set by command, kept across restarts. */
int gl_journal_set_mode(struct gl_journal *j, const struct gl_mode_state *m, struct gl_error *err) GL_MUST_USE;
typedef int (*gl_mode_fn)(void *user, const struct gl_mode_state *m);
/* Keeps an alarm of a lane, or of the post, that names no passage, one of each kind, until it is cleared; or acknowledged, where nothing clears it. An
 * acknowledgement needs no kind. */
int gl_journal_alarm(struct gl_journal *j, const struct gl_alarm *a, int64_t wall, struct gl_error *err) GL_MUST_USE;
struct gl_standing { /* such an alarm, as it stands */
    char lane[GL_ID], kind[24], alarm[GL_UUID];
    int64_t at; /* wall: when it was raised */
};
typedef int (*gl_standing_fn)(void *user, const struct gl_standing *s); /* other than 0 ends it */
int gl_journal_standing(struct gl_journal *j, gl_standing_fn each, void *user, struct gl_error *err) GL_MUST_USE;

int gl_journal_modes(struct gl_journal *j, gl_mode_fn each, void *user, struct gl_error *err) GL_MUST_USE;

/* The contingency that stands: 1, and 0 when none was ever declared (ret is then an inactive one). */
int gl_journal_set_contingency(struct gl_journal *j, const struct gl_contingency *k, struct gl_error *err) GL_MUST_USE;
int gl_journal_contingency(struct gl_journal *j, struct gl_contingency *ret, struct gl_error *err) GL_MUST_USE;

/* What a restore has left unknown: 1, and 0 when this journal was never restored (ret is then inactive). gl_journal_take_over() writes it anew. */
int gl_journal_set_uses(struct gl_journal *j, const struct gl_unknown_uses *u, struct gl_error *err) GL_MUST_USE;
int gl_journal_unknown_uses(struct gl_journal *j, struct gl_unknown_uses *ret, struct gl_error *err) GL_MUST_USE;

/* A look-out that fitted a passage: 1 when it is new, 0 when it is known. And those of open passages. */
int gl_journal_hit(struct gl_journal *j, const struct gl_hit *h, struct gl_error *err) GL_MUST_USE;
typedef int (*gl_hit_fn)(void *user, const struct gl_hit *h); /* other than 0 ends it */
int gl_journal_open_hits(struct gl_journal *j, gl_hit_fn each, void *user, struct gl_error *err) GL_MUST_USE;

/* Notes a decision (id: of its event) that is to be judged again when the feed has recovered: a release while the feed was not live, or in a contingency.
 * Another decision takes the passage off the list. 1 = noted, 0 = there is no need. */
int gl_journal_doubt(struct gl_journal *j, const struct gl_decision *d, const char *id, int64_t wall,
                     struct gl_error *err) GL_MUST_USE;
/* The oldest that is still to come: 1, or 0 = none is left. */
int gl_journal_next_review(struct gl_journal *j, struct gl_review_case *ret, struct gl_error *err) GL_MUST_USE;
int gl_journal_reviewed(struct gl_journal *j, const struct gl_review *r, struct gl_error *err) GL_MUST_USE;
/* When none is left: counts those that were judged since the last time, and forgets them: 1, or 0 = there were none. */
int gl_journal_review_over(struct gl_journal *j, struct gl_review_summary *ret, struct gl_error *err) GL_MUST_USE;

/* Outbox: records after a cursor, in order; only those with a topic. */
struct gl_out {
    const char *stream;
    int64_t seq;
    const char *topic, *payload;
    int64_t time;
};
typedef int (*gl_out_fn)(void *user, const struct gl_out *o); /* positive stops the reading */
int gl_journal_read(struct gl_journal *j, const char *stream, int64_t after_seq, int limit, gl_out_fn each, void *user,
                    struct gl_error *err) GL_MUST_USE;
typedef int (*gl_stream_fn)(void *user, const char *stream, int64_t last_seq);
int gl_journal_streams(struct gl_journal *j, gl_stream_fn each, void *user, struct gl_error *err) GL_MUST_USE;

struct gl_cursor_pos {
    int64_t sent, safe; /* numbers up to which a destination has (been sent, acknowledged) everything; never move backwards */
};
int gl_journal_cursor(struct gl_journal *j, const char *destination, const char *stream, struct gl_cursor_pos *ret,
                      struct gl_error *err) GL_MUST_USE;
int gl_journal_set_cursor(struct gl_journal *j, const char *destination, const char *stream, const struct gl_cursor_pos *pos,
                          struct gl_error *err) GL_MUST_USE;

/* For the operator: JSON objects, newest first (passages) or in order (explain). */
typedef int (*gl_json_fn)(void *user, const char *json);
int gl_journal_list_passages(struct gl_journal *j, const char *lane, int limit, gl_json_fn each, void *user,
                             struct gl_error *err) GL_MUST_USE;
/* passage: a whole id, or its end (at least 6 characters) when unique. -ENOENT, or -EEXIST when not unique. */
int gl_journal_explain(struct gl_journal *j, const char *passage, gl_json_fn each, void *user, struct gl_error *err) GL_MUST_USE;

/* Records of one type about a passage, the newest first, at most `limit`; those of the open transaction too. Borrowed for the call. */
struct gl_about {
    const char *id, *payload;
    const char *internal; /* NULL = none */
};
typedef int (*gl_about_fn)(void *user, const struct gl_about *a); /* other than 0 ends it, and is returned */
int gl_journal_about(struct gl_journal *j, const char *passage, const char *type, int limit, gl_about_fn each, void *user,
                     struct gl_error *err) GL_MUST_USE;

struct gl_verified {
    int64_t records;   /* how many were checked */
    int64_t purged;    /* how many of them are gone, as the journal said before that they would be */
    int64_t skipped;   /* numbers that a restored journal left out, as it says */
    int64_t broken_at; /* number of the first record that does not fit its chain; 0 = none */
    bool unsaid;       /* that record is gone, and no record behind it had said so */
    char head[65];     /* hash of the last record */
    struct gl_covered {
        int64_t from, to, due;
    } covers[4]; /* scratch: the last purges that were leaned on */
    unsigned next_cover;
};
/* Walks the whole chain; in steps of at most `limit` records from *at (start with 0); 1 = more to do, 0 = done. */
int gl_journal_verify(struct gl_journal *j, int64_t *at, int limit, struct gl_verified *v, struct gl_error *err) GL_MUST_USE;

/* ---- journal_purge.c: what is due, and its going ---- */
enum gl_held { GL_HELD_NOT, GL_HELD_UNACKNOWLEDGED, GL_HELD_OPEN, GL_HELD_ALARM }; /* why something due stays */

enum { GL_PURGE_EVIDENCE = 8, GL_EVIDENCE_FOLDER = 14 /* "2026-12-23T14" */ };

/* `data` of greenlane.purge: what is to go next. It is on disk before anything goes. */
struct gl_purge {
    char reason[12];  /* "due"; "forced": some of it was still held for a destination */
    int64_t due;      /* wall: what had to go by then */
    int64_t from, to; /* numbers between which the records are */
    int64_t records, forced, passages, uses;
    char collection[16];    /* whose `lodged` records go from the cache; "" = none */
    int64_t lodged, before; /* and that they were written, and valid, before this wall time */
    uint16_t n_evidence;
    char evidence[GL_PURGE_EVIDENCE][GL_EVIDENCE_FOLDER]; /* folders of evidence */
    char config[65];                                      /* under which policy: SHA-256 of the configuration */
};
extern const struct gl_fields gl_purge_fields;
#define GL_PURGE_TYPE "greenlane.purge"

struct gl_due {
    int64_t n, purge_after, written, seq;
    const char *stream, *type; /* borrowed */
    uint8_t held;              /* enum gl_held */
};
/* What was due at `now`, in that order, behind (*after, *after_n), which are moved on; at most `limit`. published: there is a destination. Positive
 * from each() ends it. Returns how many were looked at. */
struct gl_due_query {
    int64_t now, after, after_n;
    int limit;
    bool published;
};
typedef int (*gl_due_fn)(void *user, const struct gl_due *due);
int gl_journal_due(struct gl_journal *j, struct gl_due_query *q, gl_due_fn each, void *user, struct gl_error *err) GL_MUST_USE;

/* Takes from one record all that it says; place, times and hashes stay. Only once a greenlane.purge that names it is committed, and only what was due
 * by then. 0 also when it is gone already. */
int gl_journal_forget(struct gl_journal *j, int64_t n, int64_t due, struct gl_error *err) GL_MUST_USE;

/* Closed passages among the `limit` oldest that were due. */
int gl_journal_old_passages(struct gl_journal *j, int64_t due, int limit, int64_t *ret, struct gl_error *err) GL_MUST_USE;
int gl_journal_forget_passages(struct gl_journal *j, int64_t due, int limit, struct gl_error *err) GL_MUST_USE;

/* Uses behind one, in an order of their own; *u is moved on to the last. u->use and u->valid_to stay as they are. */
typedef int (*gl_used_fn)(void *user, const struct gl_use_change *u, int64_t purge_after);
int gl_journal_uses(struct gl_journal *j, struct gl_use_change *u, int limit, gl_used_fn each, void *user,
                    struct gl_error *err) GL_MUST_USE;

/* Gives at most so many free pages back to the file system. */
int gl_journal_shrink(struct gl_journal *j, int pages, struct gl_error *err) GL_MUST_USE;
int64_t gl_journal_free_pages(struct gl_journal *j);
uint64_t gl_journal_size(struct gl_journal *j); /* bytes of the file, about */

/* ---- journal_copy.c: a copy of the running journal, and what it is to become when it takes over ---- */
struct gl_journal_copy;
/* Copies while the journal goes on: what is committed meanwhile is in the copy. The journal outlives the copy; the path must not exist. */
int gl_journal_copy_begin(struct gl_journal *j, const char *path, struct gl_journal_copy **ret, struct gl_error *err) GL_MUST_USE;
/* 1 = more to do, *ret_left pages of it; 0 = all is there and on disk: then n and head are those of the copy. */
struct gl_copied {
    int64_t left, total; /* pages */
    int64_t n;           /* number of the last record */
    char head[65];       /* its hash */
};
int gl_journal_copy_step(struct gl_journal_copy *c, int pages, struct gl_copied *ret, struct gl_error *err) GL_MUST_USE;
void gl_journal_copy_end(struct gl_journal_copy *c); /* NULL is well */

/* `data` of greenlane.restored. The box that the copy was made of may have gone on numbering: its numbers are never given out again. */
enum { GL_RESTORE_SKIP = 1000000 };
struct gl_restored {
    int64_t copied_at, restored_at; /* wall */
    int64_t n;                      /* records of the copy */
    char head[65];
    int64_t skipped; /* in all streams together */
    uint16_t n_lanes;
    char lanes[GL_MAX_LANES][GL_ID]; /* set to manual: which movements were used since the copy nobody knows */
};
extern const struct gl_fields gl_restored_fields;
#define GL_RESTORED_TYPE "greenlane.restored"
/* In a copy that is to take over: skips numbers of every published stream, says so in the journal and with an alarm on each stream, and sets every lane to
 * manual. r->skipped is filled in. Committed when it returns 0. */
int gl_journal_take_over(struct gl_journal *j, const char *post, const char *boot, struct gl_restored *r,
                         struct gl_error *err) GL_MUST_USE;

/* A test aid: the file may grow to so many pages; what needs more fails as on a full disk. */
int gl_journal_limit_pages(struct gl_journal *j, int pages) GL_MUST_USE;
