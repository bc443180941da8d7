/* What the files of the engine share. */
#pragma once
#include "engine/aside.h"
#include "engine/engine.h"
#include "feed/ask.h"
#include "feed/snapshot.h"
#include "share/share.h"

enum { GL_EVENT_MAX = 65535 }; /* what one message between processes can carry */

struct pending { /* handed out after the commit, in order */
    struct pending *next;
    enum { PENDING_SIGNAL, PENDING_STATE, PENDING_REQUEST, PENDING_REPLY, PENDING_OUTBOX } what;
    union {
        struct gl_signal_state signal;
        struct gl_reply reply;
        struct gl_command command;
        char topic[GL_ID * 2 + 32];
    };
    char *payload;
};

/* A numbered change that came after the end of a snapshot was handed on, packed. */
struct held {
    struct held *next;
    size_t len;
    uint8_t bytes[];
};

enum load_phase {
    LOAD_NONE,
    LOAD_RUNNING, /* records go to the loader */
    LOAD_ENDED,   /* it has them all, and has not answered yet */
    LOAD_READY    /* it has answered: the next commit switches */
};

enum { HELD_MOST = 4096, HELD_BYTES = 8 << 20, HELD_AT_ONCE = 256 };

/* What the engine knows of one collection of the feed. */
struct collection {
    struct gl_feed_seq seq; /* of what decides */
    struct gl_feed_ask ask;
    int64_t received, older;
    char last[41]; /* name of the snapshot that came last, whole */
    struct {
        uint8_t phase; /* enum load_phase */
        int64_t job, ended_mono;
        struct gl_feed_snapshot snap;
        struct gl_feed_seq seq; /* of what is being built: becomes that of what decides */
    } load;
    struct held *held, **held_last; /* to be applied after the switch */
    unsigned n_held;
    size_t held_bytes;
};

enum { FORGET_AT_ONCE = 200, FORGET_USES = 32 };

/* What is on its way out: looked for, announced, and, once that is durable, gone. */
struct forgetting {
    struct gl_due_query at;      /* how far the records were looked through */
    struct gl_use_change use_at; /* and the uses */
    int64_t look_mono, uses_mono, lodged_mono, forced_mono;
    uint8_t lodged;    /* the collection of the cache that is looked through; 0 = the first */
    int64_t lodged_at; /* and how far */
    uint8_t going;     /* what is announced: the collection, and from where on */
    int64_t going_at;
    bool announced;
    struct gl_forgotten gone;
    struct gl_purge note;
    uint16_t n, n_uses;
    int64_t numbers[FORGET_AT_ONCE];
    struct gl_use_change uses[FORGET_USES];
};

/* Refused commands of one client within the minute. */
struct refusals {
    int64_t since_mono;
    uint32_t n, more; /* journalled; and those that were not */
};

struct gl_engine {
    const struct gl_config *config;
    struct gl_engine_out out;
    struct gl_core *core;
    struct gl_cache *cache;
    struct gl_journal *journal;
    char boot[GL_UUID];
    struct gl_effects effects;
    struct gl_answer *answer; /* of the last look-up */
    struct gl_buf data, payload, internal;
    struct gl_share_facts *share; /* scratch: large; NULL = nothing is shared */
    const char *corrector;        /* the officer whose correction is being recorded; NULL = none is */
    struct pending *first, **last;
    struct collection feed[GL_COLLECTIONS];
    struct gl_loader loader;
    struct gl_asides asides; /* the loader in memory */
    bool loader_there, broker_there;
    int64_t jobs;                  /* loads begun */
    struct gl_feed_record *record; /* scratch: large */
    struct {
        int64_t told_mono; /* an alarm told of refused records last; 0 = never */
        int64_t untold;
        char last[200];
    } feed_refusals;
    bool feed_touched, lodged_changed, clock_ok;
    uint8_t feed_state;                  /* the worst of those that a release leans on */
    uint8_t feed_states[GL_COLLECTIONS]; /* each of them */
    int64_t feed_published_mono, asks_mono;
    char streams_new[2 * GL_MAX_LANES + 3][GL_ID + 8];
    uint16_t n_streams_new;
    bool reviews;           /* releases may wait to be judged again */
    int64_t review_mono;    /* not before: the cache could not answer */
    int64_t written_before; /* wall: the newest record of the start before */
    struct forgetting forgetting;
    struct refusals refusals[GL_MAX_CLIENTS + 1]; /* by client; the last is everybody else's */
    bool touched;                                 /* something happened since the last commit */
    int failed;                                   /* first failure since the last commit; sticky */
    struct gl_error error;
};

/* The id under which a command is journalled: its own is unique for its client alone. */
enum { GL_COMMAND_ID = GL_ID + 82 };
static inline void gl_command_record_id(const struct gl_command *cmd, char out[GL_COMMAND_ID]) {
    gl_format(out, GL_COMMAND_ID, "%s %s", cmd->client, cmd->id);
}

/* engine.c */
void gl_engine_run(struct gl_engine *e, const struct gl_event *ev);
void gl_engine_fail(struct gl_engine *e, int code, const struct gl_error *err);
struct pending *gl_engine_pend(struct gl_engine *e, int what);

/* uses.c: sets use and used_by in the answer */
int gl_engine_fill_use(struct gl_engine *e, struct gl_error *err) GL_MUST_USE;
void gl_engine_rekeyed(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now);

/* What one event is called everywhere. */
struct gl_labels {
    char topic[GL_ID * 2 + 40]; /* "" = journalled only */
    char type[48];
    char stream[GL_ID + 8];
    char schema[40];
    char subject[GL_ID + 16];
    const char *passage;
    int64_t time;
};

/* records.c: from the core's words to CloudEvents */
int gl_engine_append(struct gl_engine *e, const struct gl_labels *l, const char *id, struct gl_now now, struct gl_error *err)
    GL_MUST_USE; /* e->data and e->internal, as the next event of its stream; leaves it in e->payload */
void gl_engine_record(struct gl_engine *e, const struct gl_effect *fx);
void gl_engine_publish_state(struct gl_engine *e, const char *topic, const char *type, const char *subject, const char *schema,
                             const struct gl_fields *fields, const void *data, struct gl_now now);
void gl_engine_pend_reply(struct gl_engine *e, const struct gl_effect *fx);

/* The time that a record is kept from. A clock that nobody vouches for does not make it older than the one before. */
int64_t gl_engine_written(const struct gl_engine *e, struct gl_now now);
/* An event of the gateway's own that stays here. */
void gl_engine_note(struct gl_engine *e, const char *type, const struct gl_fields *fields, const void *data, bool for_ever,
                    struct gl_now now);

/* refusals.c */
bool gl_engine_may_journal(struct gl_engine *e, const struct gl_command *cmd,
                           struct gl_now now); /* one more refused command of its client */
void gl_engine_refusals_time(struct gl_engine *e, struct gl_now now);

/* share.c: what the record means for systems outside, in the same transaction */
void gl_engine_share(struct gl_engine *e, const struct gl_effect *fx);
void gl_engine_correct(struct gl_engine *e, const struct gl_effect *fx); /* a plate typed after the vehicle has left */

/* feed.c: the numbered stream */
int gl_engine_feed_open(struct gl_engine *e, struct gl_now now, struct gl_error *err) GL_MUST_USE;
void gl_engine_feed_close(struct gl_engine *e);
int gl_engine_feed_take(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err);
void gl_engine_feed_save(struct gl_engine *e, enum gl_collection which);

/* feed_refuse.c: what is not taken, and is kept */
void gl_engine_feed_quarantine(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now);
void gl_engine_feed_note(struct gl_engine *e, const struct gl_feed_record *r, const char *reason, struct gl_now now);
void gl_engine_feed_refusals_time(struct gl_engine *e, struct gl_now now);

/* feed_load.c: snapshots */
int gl_engine_load_begin(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err);
int gl_engine_load_record(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err);
int gl_engine_load_end(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now, struct gl_error *err);
enum gl_seq_result gl_engine_load_change(struct gl_engine *e, const struct gl_feed_record *r, struct gl_now now);
void gl_engine_load_refused_change(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now);
void gl_engine_load_refused_place(struct gl_engine *e, const struct gl_feed_refused *r, struct gl_now now);
void gl_engine_load_give_up(struct gl_engine *e, enum gl_collection which, const char *why, struct gl_now now);
bool gl_engine_load_of(const struct gl_engine *e, enum gl_collection which, const char *epoch);
int gl_engine_load_switch(struct gl_engine *e, struct gl_now now, struct gl_error *err); /* before a commit */
void gl_engine_load_time(struct gl_engine *e, struct gl_now now);
void gl_engine_load_free(struct gl_engine *e);

/* feed_state.c: how far it can be trusted, and what is asked for */
void gl_engine_feed_tick(struct gl_engine *e, struct gl_now now);
void gl_engine_feed_time(struct gl_engine *e, struct gl_now now);
void gl_engine_feed_ask(struct gl_engine *e, uint8_t collection, struct gl_now now); /* somebody wants a snapshot */

/* review.c: hits, contingency, and releases that are judged again */
void gl_engine_keep_hit(struct gl_engine *e, const struct gl_effect *fx);
void gl_engine_keep_contingency(struct gl_engine *e, const struct gl_effect *fx);
void gl_engine_keep_review(struct gl_engine *e, const struct gl_effect *fx);
void gl_engine_publish_contingency(struct gl_engine *e, struct gl_now now);
void gl_engine_keep_uses(struct gl_engine *e, const struct gl_effect *fx);
void gl_engine_publish_uses(struct gl_engine *e, struct gl_now now);
int gl_engine_review_open(struct gl_engine *e, struct gl_now now,
                          struct gl_error *err) GL_MUST_USE; /* before passages are restored */
int gl_engine_restore_hits(struct gl_engine *e, struct gl_now now, struct gl_error *err) GL_MUST_USE; /* after they were */
void gl_engine_review_time(struct gl_engine *e, struct gl_now now);
