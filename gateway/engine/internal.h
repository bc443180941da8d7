/* What the files of the engine share. */
#pragma once
#include "engine/engine.h"

enum { GL_EVENT_MAX = 65535 }; /* what one message between processes can carry */

struct pending { /* handed out after the commit, in order */
    struct pending *next;
    enum { PENDING_SIGNAL, PENDING_STATE, PENDING_REPLY, PENDING_OUTBOX } what;
    union {
        struct gl_signal_state signal;
        struct gl_reply reply;
        struct gl_command command;
        char topic[GL_ID * 2 + 32];
    };
    char *payload;
};

enum { FORGET_AT_ONCE = 200, FORGET_USES = 32 };

/* What is on its way out: looked for, announced, and, once that is durable, gone. */
struct forgetting {
    struct gl_due_query at;      /* how far the records were looked through */
    struct gl_use_change use_at; /* and the uses */
    int64_t look_mono, uses_mono, forced_mono;
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
    struct pending *first, **last;
    struct gl_feed_seq feed[GL_COLLECTIONS];
    bool feed_touched, lodged_changed, clock_ok;
    uint8_t feed_state;
    int64_t feed_published_mono;
    char streams_new[GL_MAX_LANES + 2][GL_ID + 8];
    uint16_t n_streams_new;
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

/* records.c: from the core's words to CloudEvents */
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

/* feed.c */
int gl_engine_feed_open(struct gl_engine *e, struct gl_now now, struct gl_error *err) GL_MUST_USE;
void gl_engine_feed_time(struct gl_engine *e, struct gl_now now);
