/* The decision core: pure. Events with their times go in, effects come out; no I/O, no clock, no globals, no randomness of its own. The same events
 * in the same order give the same effects, bit for bit: so a day replays in seconds, and a past decision is reproduced.
 *
 *     lane.c      which vehicle a reading belongs to: passages open, collect, close        (diagram in docs/design.md)
 *     portal.c    whose occupancy it is    presence.c  loops: who comes and who leaves    tags.c  whose tag it is
 *     decide.c    when to decide, supersede, lift, revoke
 *     facts.c     what is known of one passage, gathered for the rules
 *     lookouts.c  who is looked for
 *     rules.c     the table of rules: facts in, outcomes out; rules_*.c the checks, by subject
 *     commands.c  what officers ask for    contingency.c  what the authority declares
 *     uses.c      what a restored box does not know
 *     review.c    what was released on a feed that could not be trusted, judged again
 *     signal.c    what the lane shows
 */
#pragma once
#include "config/config.h"
#include "core/lookup.h"

struct gl_core;

enum gl_event_type {
    GL_EV_READING,             /* .reading */
    GL_EV_DEVICE,              /* .device: a device came, went, is unwell */
    GL_EV_FEED,                /* .feed, .feeds: the state of what is known of declarations */
    GL_EV_LODGED,              /* something lodged has changed: open passages are looked up again */
    GL_EV_CLOCK,               /* .clock_ok */
    GL_EV_COMMAND,             /* .command */
    GL_EV_ANSWER,              /* .answer: to a GL_EFFECT_LOOKUP */
    GL_EV_TIME,                /* time has passed */
    GL_EV_COMMITTED,           /* everything before this is durable: signals may follow */
    GL_EV_RESTORE_MODE,        /* at start: .restore_mode */
    GL_EV_RESTORE_ALARM,       /* at start: .restore_alarm, one of a lane that stood when the gateway stopped */
    GL_EV_REVIEW,              /* .review: a release that leaned on a doubtful feed, to be judged again */
    GL_EV_RESTORE_CONTINGENCY, /* at start: .restore_contingency */
    GL_EV_RESTORE_USES,        /* at start: .restore_uses */
    GL_EV_RESTORE_PASSAGE,     /* at start: .restore_passage, one that was open when the gateway stopped: it is inspected */
    GL_EV_RESTORE_HIT          /* at start, after its passage: .restore_hit, a look-out that fitted it */
};

enum { GL_MAX_USED = 10 }; /* of one passage: a movement, or eight declarations; and an officer's evidence */

/* A release that is to be judged again: what the journal knows of it. */
struct gl_review_case {
    struct gl_passage passage;
    char decision[GL_UUID];
    int64_t decided_at; /* wall */
    uint8_t outcome, feed;
    char contingency[GL_REF];
    struct gl_ref evidence;
    uint8_t n_used;
    struct gl_ref used[GL_MAX_USED]; /* what carried it: a movement, or declarations; whatever they are lodged for by now */
};

struct gl_event {
    enum gl_event_type type;
    struct gl_now at;
    union {
        struct gl_reading *reading; /* id and passage are filled in by the core */
        struct {
            const char *device;
            uint8_t state;
            const char *reason;
        } device;
        struct {
            uint8_t feed;                  /* the worst of those that a release leans on */
            uint8_t feeds[GL_COLLECTIONS]; /* each of them; NONE = not leaned on */
        };
        bool clock_ok;
        const struct gl_command *command;
        const struct gl_answer *answer;
        struct {
            const char *lane;
            uint8_t mode;
        } restore_mode;
        struct {
            const char *lane, *kind, *alarm;
            int64_t at; /* wall: when it was raised */
        } restore_alarm;
        const struct gl_passage *restore_passage;
        const struct gl_review_case *review;
        const struct gl_contingency *restore_contingency;
        const struct gl_unknown_uses *restore_uses;
        const struct gl_hit *restore_hit;
    };
};

enum gl_effect_type {
    GL_EFFECT_READING,     /* .reading: record and publish */
    GL_EFFECT_PASSAGE,     /* .passage */
    GL_EFFECT_DECISION,    /* .decision */
    GL_EFFECT_ALARM,       /* .alarm */
    GL_EFFECT_COMMAND,     /* .command: record that it came */
    GL_EFFECT_REPLY,       /* .reply */
    GL_EFFECT_LOOKUP,      /* .query: answer with GL_EV_ANSWER, within the same turn */
    GL_EFFECT_USE,         /* .use: reserve, consume or free a movement or declaration */
    GL_EFFECT_SIGNAL,      /* .signal: only after COMMITTED: show it */
    GL_EFFECT_MODE,        /* .mode: keep and publish */
    GL_EFFECT_OUTBOX,      /* .command: ack or replay, permitted: for the outbox */
    GL_EFFECT_ASK,         /* .command: snapshot, permitted: the feed is to ask for one of .command->collection */
    GL_EFFECT_HIT,         /* .hit: record on the restricted stream, once for each passage and look-out */
    GL_EFFECT_CONTINGENCY, /* .contingency: keep and publish */
    GL_EFFECT_USES,        /* .uses: keep and publish */
    GL_EFFECT_REVIEW,      /* .review: it was judged again; record and publish when it differs or a look-out fits */
    GL_EFFECT_SUMMARY,     /* .summary: made by the engine, when all were */
    GL_EFFECT_CORRECT /* .command: a typed plate, permitted, of a passage that is not open: the journal may know it, and answers */
};

struct gl_use_change {
    struct gl_ref ref; /* "" = everything that the passage has reserved */
    uint8_t use;       /* GL_USE_NONE = freed */
    char passage[GL_UUID];
    int64_t valid_to; /* of what is used, as far as the engine knows; wall, 0 = not known */
};

struct gl_effect {
    enum gl_effect_type type;
    struct gl_now at;
    char id[GL_UUID]; /* of the event to be published, where one is */
    union {
        const struct gl_reading *reading;
        const struct gl_passage *passage;
        const struct gl_decision *decision;
        const struct gl_alarm *alarm;
        const struct gl_command *command;
        const struct gl_reply *reply;
        const struct gl_query *query;
        const struct gl_use_change *use;
        const struct gl_signal_state *signal;
        const struct gl_mode_state *mode;
        const struct gl_hit *hit;
        const struct gl_contingency *contingency;
        const struct gl_unknown_uses *uses;
        const struct gl_review *review;
        const struct gl_review_summary *summary;
    };
};

/* Effects of one step; what they point at lives until gl_effects_reset(). */
struct gl_effects {
    size_t n, cap;
    struct gl_effect *v;
    struct gl_chunk *chunks;
};
void gl_effects_reset(struct gl_effects *e); /* empties, frees what the effects point at */
void gl_effects_free(struct gl_effects *e);

/* key: 32 secret bytes, for identifiers and the random control. boot: UUID of this start. config is borrowed and must outlive the core. */
int gl_core_new(const struct gl_config *config, const uint8_t key[32], const char *boot, struct gl_core **ret) GL_MUST_USE;
void gl_core_free(struct gl_core *core);

/* Takes one event, appends effects. Out of memory is fatal to the process (abort): a half-made decision must not live on. */
void gl_core_step(struct gl_core *core, const struct gl_event *ev, struct gl_effects *effects);

/* Monotonic time at which a GL_EV_TIME is due at the latest; INT64_MAX = none. */
int64_t gl_core_next_deadline(const struct gl_core *core);

/* True when no passage is waiting for a decision: `simulate` runs on until then. */
bool gl_core_idle(const struct gl_core *core);

/* The next identifier: UUIDv7 from the time and a keyed counter, the same again in a replay. */
void gl_core_uuid(struct gl_core *core, struct gl_now at, char out[GL_UUID]);

const struct gl_contingency *gl_core_contingency(const struct gl_core *core); /* as it stands */
const struct gl_unknown_uses *gl_core_uses(const struct gl_core *core);       /* the same */

uint8_t gl_core_mode(const struct gl_core *core, int lane); /* enum gl_mode of the lane with this index */

/* A vehicle is in the lane with this index, as far as is known: a passage is open, or a loop is occupied. */
bool gl_core_occupied(const struct gl_core *core, int lane);
