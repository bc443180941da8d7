/* When the producer is asked for what; the rules stand in the header. */
#include "feed/ask.h"

#include <string.h>

const char *const gl_wants[] = {NULL, "replay", "snapshot", NULL};

#define LAST INT64_C(9007199254740991)

static const struct gl_field gl_feed_request_fields_f[] = {
    GL_ENUM(gl_feed_request, collection, gl_collections, GL_REQUIRED),
    GL_ENUM(gl_feed_request, want, gl_wants, GL_REQUIRED),
    GL_TEXT(gl_feed_request, epoch, 0),
    GL_INT(gl_feed_request, from, 0, LAST, 0),
    GL_INT(gl_feed_request, to, 0, LAST, 0),
    GL_TEXT(gl_feed_request, reason, 0),
};
GL_FIELDS(gl_feed_request_fields, gl_feed_request);

void gl_feed_ask_need(struct gl_feed_ask *a, const char *why) {
    gl_clip(a->need, sizeof a->need, why);
}

void gl_feed_ask_soon(struct gl_feed_ask *a) {
    a->due_mono = 1; /* long past */
    a->pause_ms = 0;
    a->tries = 0;
}

void gl_feed_ask_afresh(struct gl_feed_ask *a) {
    a->pending = false;
    a->due_mono = a->pause_ms = 0;
    a->tries = 0;
}

void gl_feed_ask_failed(struct gl_feed_ask *a, const char *why, struct gl_now now) {
    gl_feed_ask_need(a, why);
    a->asked = GL_WANT_NONE;
    a->due_mono = now.mono + a->pause_ms;
}

void gl_feed_ask_done(struct gl_feed_ask *a) {
    *a = (struct gl_feed_ask){.tries = 0};
}

static void wait_a_while(struct gl_feed_ask *a, int64_t wait_ms, struct gl_now now) {
    a->due_mono = now.mono + wait_ms;
    a->pause_ms = wait_ms;
    a->tries = 0;
}

/* What is missing comes, or something new is missing: no reason to ask yet; and a new hole does not wait for the pauses of an older need. */
static void look(struct gl_feed_ask *a, int64_t hole, int64_t wait_ms, struct gl_now now) {
    bool moved = a->pending && hole != a->hole && (hole != 0 || !a->need[0]);
    if (a->pause_ms == 0) a->pause_ms = wait_ms;
    if ((!a->pending && a->due_mono == 0) || moved) wait_a_while(a, wait_ms, now);
    a->pending = true;
    a->hole = hole;
}

static uint8_t choose(const struct gl_feed_ask *a, const struct gl_feed_seq *s, bool hole, bool snapshots) {
    bool first = a->tries / GL_ASK_TRIES % 2 == 0;
    /* A replay is cheap and may be all that keeps the lanes from deciding; a snapshot that is needed as well takes turns with it. */
    bool replay = hole && !s->broken && (a->need[0] ? a->tries % 2 == 0 : first);
    if (replay || (!snapshots && hole && !s->broken)) return GL_WANT_REPLAY;
    return snapshots ? GL_WANT_SNAPSHOT : GL_WANT_NONE;
}

static void write_request(const struct gl_feed_ask *a, const struct gl_feed_seq *s, const struct gl_feed_range *hole,
                          struct gl_feed_request *ret) {
    gl_fields_clear(&gl_feed_request_fields, ret);
    ret->want = a->asked;
    gl_clip(ret->epoch, sizeof ret->epoch, s->epoch);
    gl_clip(ret->reason, sizeof ret->reason, a->need[0] ? a->need : "numbers are missing");
    if (a->asked != GL_WANT_REPLAY) return;
    ret->from = hole->from;
    ret->to = hole->to;
}

bool gl_feed_ask_due(struct gl_feed_ask *a, const struct gl_feed_seq *s, int64_t wait_ms, bool snapshots, struct gl_now now,
                     struct gl_feed_request *ret) {
    struct gl_feed_range hole = {0, 0};
    bool gap = gl_feed_seq_missing(s, &hole);
    if (s->broken) gl_feed_ask_need(a, "numbers went back, or a new epoch began");
    if (!gap && !a->need[0]) {
        gl_feed_ask_done(a);
        return false;
    }
    look(a, hole.from, wait_ms, now);
    uint8_t want = now.mono < a->due_mono ? (uint8_t)GL_WANT_NONE : choose(a, s, gap, snapshots);
    if (want == GL_WANT_NONE) return false;
    a->asked = want;
    a->asked_wall = now.wall;
    a->tries++;
    a->due_mono = now.mono + a->pause_ms;
    a->pause_ms = a->pause_ms * 2 > GL_ASK_MOST_MS ? GL_ASK_MOST_MS : a->pause_ms * 2;
    write_request(a, s, &hole, ret);
    return true;
}
