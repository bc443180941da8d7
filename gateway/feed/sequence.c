/* Numbers, holes and ages of one collection of the feed; the rules stand in the header. */
#include "feed/sequence.h"

#include <string.h>

const char *const gl_seq_results[] = {"applied", "heard", "duplicate", "stale epoch", "time in the future", "invalid", NULL};

#define LAST INT64_C(9007199254740991) /* the greatest number that every JSON reader holds exactly */

static bool valid(const char *epoch, int64_t seq, enum gl_feed_op op, int64_t as_of) {
    if (!epoch || epoch[0] == '\0' || strlen(epoch) >= sizeof((struct gl_feed_seq *)0)->epoch) return false;
    if (op <= GL_OP_NONE || op >= GL_OP_SNAPSHOT_BEGIN) return false;
    return as_of > 0 && seq >= (op == GL_OP_HEARTBEAT ? 0 : 1) && seq <= LAST;
}

/* True when the epoch is, or may become, ours. */
static bool enter_epoch(struct gl_feed_seq *s, const char *epoch, int64_t as_of) {
    if (strcmp(s->epoch, epoch) == 0) return true;
    if (strcmp(s->left, epoch) == 0 || as_of < s->as_of) return false;
    gl_clip(s->left, sizeof s->left, s->epoch);
    gl_clip(s->epoch, sizeof s->epoch, epoch); /* fits: valid() */
    s->applied = s->sent = 0;
    s->n_held = 0;
    s->based = s->broken = false;
    return true;
}

/* Moves applied over the ranges that it now reaches. */
static void absorb(struct gl_feed_seq *s) {
    size_t n = 0;
    while (n < s->n_held && s->held[n].from <= s->applied + 1) {
        if (s->held[n].to > s->applied) s->applied = s->held[n].to;
        n++;
    }
    s->n_held = (uint16_t)(s->n_held - n);
    memmove(s->held, s->held + n, s->n_held * sizeof s->held[0]);
}

/* Remembers a number above a hole; joins the ranges that it touches. False when it is there already. */
static bool hold(struct gl_feed_seq *s, int64_t seq) {
    struct gl_feed_range *h = s->held;
    size_t i = 0;
    while (i < s->n_held && h[i].to < seq - 1) i++; /* the first range that holds, touches or follows seq */
    if (i < s->n_held && h[i].from <= seq && seq <= h[i].to) return false;
    if (i < s->n_held && h[i].to == seq - 1) {
        h[i].to = seq;
        if (i + 1 < s->n_held && h[i + 1].from == seq + 1) {
            h[i].to = h[i + 1].to;
            s->n_held--;
            memmove(&h[i + 1], &h[i + 2], (s->n_held - i - 1) * sizeof h[0]);
        }
        return true;
    }
    if (i < s->n_held && h[i].from == seq + 1) {
        h[i].from = seq;
        return true;
    }
    if (i == GL_SEQ_HELD) return true; /* full, and this one is the highest: not remembered */
    if (s->n_held == GL_SEQ_HELD) s->n_held--;
    memmove(&h[i + 1], &h[i], (s->n_held - i) * sizeof h[0]);
    h[i] = (struct gl_feed_range){seq, seq};
    s->n_held++;
    return true;
}

/* False when it was received before. */
static bool receive(struct gl_feed_seq *s, int64_t seq) {
    if (seq <= s->applied) return false;
    if (seq > s->applied + 1) return hold(s, seq);
    s->applied = seq;
    absorb(s);
    return true;
}

/* Only a message at the head of the stream tells how far the stream is known. */
static void move_as_of(struct gl_feed_seq *s, int64_t seq, int64_t as_of, struct gl_now now) {
    if (seq < s->sent || as_of <= s->as_of) return;
    s->as_of = as_of;
    s->heard_wall = now.wall;
    s->heard_mono = now.mono;
}

static enum gl_seq_result reject(struct gl_feed_seq *s, enum gl_seq_result why) {
    s->rejects++;
    return why;
}

enum gl_seq_result gl_feed_seq_take(struct gl_feed_seq *s, const char *epoch, int64_t seq, enum gl_feed_op op, int64_t as_of,
                                    struct gl_now now) {
    if (!valid(epoch, seq, op, as_of)) return reject(s, GL_SEQ_INVALID);
    if (as_of - GL_SEQ_AHEAD_MS > now.wall) return reject(s, GL_SEQ_FUTURE);
    if (!enter_epoch(s, epoch, as_of)) return reject(s, GL_SEQ_STALE_EPOCH);
    if (op == GL_OP_HEARTBEAT && seq < s->sent && as_of > s->as_of) s->broken = true;
    if (seq > s->sent) s->sent = seq;
    move_as_of(s, seq, as_of, now);
    if (op == GL_OP_HEARTBEAT) return GL_SEQ_HEARD;
    return receive(s, seq) ? GL_SEQ_APPLY : GL_SEQ_DUPLICATE;
}

bool gl_feed_seq_receive(struct gl_feed_seq *s, const char *epoch, int64_t seq) {
    if (s->epoch[0] == '\0' || strcmp(s->epoch, epoch) != 0 || seq < 1 || seq > LAST) return false;
    if (seq > s->sent) s->sent = seq;
    return receive(s, seq);
}

void gl_feed_seq_sent(struct gl_feed_seq *s, const char *epoch, int64_t seq) {
    if (s->epoch[0] != '\0' && strcmp(s->epoch, epoch) == 0 && seq <= LAST && seq > s->sent) s->sent = seq;
}

/* ---- snapshots ---- */
const char *gl_feed_seq_refuses_snapshot(const struct gl_feed_seq *s, const char *epoch, int64_t seq, int64_t as_of,
                                         struct gl_now now) {
    if (epoch[0] == '\0' || strlen(epoch) >= sizeof s->epoch || seq < 0 || seq > LAST || as_of <= 0)
        return gl_seq_results[GL_SEQ_INVALID];
    if (as_of - GL_SEQ_AHEAD_MS > now.wall) return gl_seq_results[GL_SEQ_FUTURE];
    if (strcmp(s->epoch, epoch) == 0) return seq < s->applied ? "it is older than what is here" : "";
    return strcmp(s->left, epoch) == 0 || as_of < s->as_of ? gl_seq_results[GL_SEQ_STALE_EPOCH] : "";
}

void gl_feed_seq_from(struct gl_feed_seq *s, const char *epoch, int64_t seq, int64_t as_of, struct gl_now now) {
    *s = (struct gl_feed_seq){
        .applied = seq, .sent = seq, .as_of = as_of, .heard_wall = now.wall, .heard_mono = now.mono, .based = true};
    gl_clip(s->epoch, sizeof s->epoch, epoch);
}

void gl_feed_seq_succeed(struct gl_feed_seq *s, const struct gl_feed_seq *present) {
    bool same = strcmp(s->epoch, present->epoch) == 0;
    gl_clip(s->left, sizeof s->left, same ? present->left : present->epoch);
    s->rejects += present->rejects;
    if (!same) return;
    if (present->sent > s->sent) s->sent = present->sent;
    if (present->as_of <= s->as_of) return;
    s->as_of = present->as_of;
    s->heard_wall = present->heard_wall;
    s->heard_mono = present->heard_mono;
}

bool gl_feed_seq_missing(const struct gl_feed_seq *s, struct gl_feed_range *ret) {
    if (s->applied >= s->sent) return false;
    *ret = (struct gl_feed_range){s->applied + 1, s->n_held ? s->held[0].from - 1 : s->sent};
    return true;
}

void gl_feed_seq_refuse(struct gl_feed_seq *s, const char *epoch, int64_t seq) {
    s->rejects++;
    if (!epoch || epoch[0] == '\0' || strcmp(s->epoch, epoch) != 0 || seq < 1 || seq > LAST) return;
    if (seq > s->sent) s->sent = seq;
}

int64_t gl_feed_seq_age(const struct gl_feed_seq *s, struct gl_now now) {
    if (s->epoch[0] == '\0' || s->as_of == 0) return GL_INT_NULL;
    int64_t wall = now.wall - s->as_of;
    int64_t before = s->heard_wall > s->as_of ? s->heard_wall - s->as_of : 0;
    /* After a restart of the machine the monotonic clock starts anew and says too little, never too much. */
    int64_t mono = now.mono - s->heard_mono + before;
    if (wall < -(int64_t)GL_SEQ_AHEAD_MS) return wall;
    return mono > wall ? mono : wall;
}

int64_t gl_feed_seq_holes(const struct gl_feed_seq *s) {
    int64_t missing = s->sent - s->applied;
    for (size_t i = 0; i < s->n_held; i++) missing -= s->held[i].to - s->held[i].from + 1;
    return missing;
}

bool gl_feed_seq_late(const struct gl_feed_seq *s, const struct gl_feed_limits *limits, struct gl_now now) {
    int64_t age = gl_feed_seq_age(s, now);
    return age == GL_INT_NULL || age > limits->live_ms;
}

enum gl_feed_state gl_feed_seq_state(const struct gl_feed_seq *s, const struct gl_feed_limits *limits, struct gl_now now,
                                     bool clock_ok) {
    int64_t age = gl_feed_seq_age(s, now);
    enum gl_feed_state state = GL_FEED_DOWN;
    if (age == GL_INT_NULL) return GL_FEED_EMPTY;
    /* as_of was not ahead of our clock when it was believed: a clock that lies before it now has been set back, and is doubted. */
    if (!clock_ok || age < -(int64_t)GL_SEQ_AHEAD_MS) return GL_FEED_DOWN;
    if (age <= limits->down_ms) state = GL_FEED_STALE;
    if (age <= limits->hard_ms) state = GL_FEED_AGED;
    if (age <= limits->soft_ms) state = GL_FEED_LIVE;
    bool anew = s->left[0] && !s->based; /* what the epoch before said against anybody is void, and not said again */
    bool gap = s->broken || anew || s->applied < s->sent;
    return gap && state < GL_FEED_GAP ? GL_FEED_GAP : state;
}
