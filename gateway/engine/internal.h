/* What the files of the engine share. */
#pragma once
#include "engine/engine.h"
#include "share/share.h"

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
    struct gl_feed_seq feed[GL_COLLECTIONS];
    bool feed_touched, lodged_changed, clock_ok;
    uint8_t feed_state;
    int64_t feed_published_mono;
    char streams_new[GL_MAX_LANES + 3][GL_ID + 8];
    uint16_t n_streams_new;
    bool touched; /* something happened since the last commit */
    int failed;   /* first failure since the last commit; sticky */
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
int gl_engine_append(struct gl_engine *e, const struct gl_labels *l, const char *id, struct gl_error *err)
    GL_MUST_USE; /* e->data and e->internal, as the next event of its stream; leaves it in e->payload */
void gl_engine_record(struct gl_engine *e, const struct gl_effect *fx);
void gl_engine_publish_state(struct gl_engine *e, const char *topic, const char *type, const char *subject, const char *schema,
                             const struct gl_fields *fields, const void *data, struct gl_now now);
void gl_engine_pend_reply(struct gl_engine *e, const struct gl_effect *fx);

/* share.c: what the record means for systems outside, in the same transaction */
void gl_engine_share(struct gl_engine *e, const struct gl_effect *fx);
void gl_engine_correct(struct gl_engine *e, const struct gl_effect *fx); /* a plate typed after the vehicle has left */

/* feed.c */
int gl_engine_feed_open(struct gl_engine *e, struct gl_now now, struct gl_error *err) GL_MUST_USE;
void gl_engine_feed_time(struct gl_engine *e, struct gl_now now);
