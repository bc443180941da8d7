/* The numbered stream: holes, epochs, ages; and random schedules of loss, repetition and disorder against a model that keeps every number. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "feed/sequence.h"

#define T0 INT64_C(1777888800000)

static const struct gl_feed_limits limits = {120000, 300000, 1800000, 86400000};

static struct gl_now at(int64_t ms) {
    return (struct gl_now){T0 + ms, 5000 + ms};
}

static enum gl_seq_result upsert(struct gl_feed_seq *s, const char *epoch, int64_t seq, int64_t ms) {
    return gl_feed_seq_take(s, epoch, seq, GL_OP_UPSERT, T0 + ms, at(ms));
}
static enum gl_seq_result beat(struct gl_feed_seq *s, const char *epoch, int64_t seq, int64_t ms) {
    return gl_feed_seq_take(s, epoch, seq, GL_OP_HEARTBEAT, T0 + ms, at(ms));
}
static enum gl_feed_state state_at(const struct gl_feed_seq *s, int64_t ms) {
    return gl_feed_seq_state(s, &limits, at(ms), true);
}

static void in_order_is_live(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    assert_int_equal(state_at(&s, 0), GL_FEED_EMPTY);
    assert_true(gl_feed_seq_age(&s, at(0)) == GL_INT_NULL);
    for (int64_t n = 1; n <= 5; n++) assert_int_equal(upsert(&s, "a", n, n), GL_SEQ_APPLY);
    assert_int_equal(beat(&s, "a", 5, 6), GL_SEQ_HEARD);
    assert_int_equal(s.applied, 5);
    assert_int_equal(state_at(&s, 7), GL_FEED_LIVE);
    assert_int_equal(upsert(&s, "a", 3, 8), GL_SEQ_DUPLICATE);
    assert_int_equal(s.rejects, 0);
}

static void first_message_above_one_is_a_hole(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0}, t = {0}, u = {0};
    assert_int_equal(upsert(&s, "a", 4, 0), GL_SEQ_APPLY);
    assert_int_equal(state_at(&s, 1), GL_FEED_GAP);
    assert_int_equal(gl_feed_seq_holes(&s), 3);
    assert_int_equal(beat(&t, "a", 2, 0), GL_SEQ_HEARD);
    assert_int_equal(state_at(&t, 1), GL_FEED_GAP);
    assert_int_equal(beat(&u, "a", 0, 0), GL_SEQ_HEARD); /* nothing was sent yet: live, and known to be empty */
    assert_int_equal(state_at(&u, 1), GL_FEED_LIVE);
}

static void holes_open_and_close(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    assert_int_equal(upsert(&s, "a", 1, 1), GL_SEQ_APPLY);
    assert_int_equal(upsert(&s, "a", 3, 3), GL_SEQ_APPLY);
    assert_int_equal(upsert(&s, "a", 3, 3), GL_SEQ_DUPLICATE);
    assert_int_equal(state_at(&s, 4), GL_FEED_GAP);
    assert_int_equal(upsert(&s, "a", 5, 5), GL_SEQ_APPLY);
    assert_int_equal(gl_feed_seq_holes(&s), 2);
    assert_int_equal(upsert(&s, "a", 4, 4), GL_SEQ_APPLY);
    assert_int_equal(s.n_held, 1);
    assert_int_equal(upsert(&s, "a", 2, 2), GL_SEQ_APPLY);
    assert_int_equal(s.applied, 5);
    assert_int_equal(s.n_held, 0);
    assert_int_equal(state_at(&s, 6), GL_FEED_LIVE);
    assert_int_equal(beat(&s, "a", 7, 7), GL_SEQ_HEARD); /* two were sent that never came */
    assert_int_equal(state_at(&s, 8), GL_FEED_GAP);
    assert_int_equal(gl_feed_seq_holes(&s), 2);
}

static void refused_record_is_a_hole(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    assert_int_equal(upsert(&s, "a", 1, 1), GL_SEQ_APPLY);
    gl_feed_seq_refuse(&s, "", GL_INT_NULL);
    gl_feed_seq_refuse(&s, NULL, 9);
    gl_feed_seq_refuse(&s, "b", 9);
    assert_int_equal(state_at(&s, 2), GL_FEED_LIVE); /* nothing is known about the number; the next message tells */
    gl_feed_seq_refuse(&s, "a", 2);
    assert_int_equal(state_at(&s, 2), GL_FEED_GAP);
    assert_int_equal(s.rejects, 4);
    assert_int_equal(upsert(&s, "a", 3, 3), GL_SEQ_APPLY);
    assert_int_equal(state_at(&s, 4), GL_FEED_GAP);
    assert_int_equal(upsert(&s, "a", 2, 2), GL_SEQ_APPLY); /* the producer corrects it under its number */
    assert_int_equal(state_at(&s, 4), GL_FEED_LIVE);
}

static void epochs(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    assert_int_equal(upsert(&s, "a", 1, 10), GL_SEQ_APPLY);
    assert_int_equal(upsert(&s, "b", 1, 9), GL_SEQ_STALE_EPOCH); /* older than what is known */
    assert_string_equal(s.epoch, "a");
    assert_int_equal(upsert(&s, "b", 1, 20), GL_SEQ_APPLY);
    assert_string_equal(s.epoch, "b");
    assert_int_equal(state_at(&s, 21), GL_FEED_GAP);              /* what "a" had cancelled is forgotten, too */
    assert_int_equal(upsert(&s, "a", 2, 30), GL_SEQ_STALE_EPOCH); /* a straggler of the epoch that was left */
    assert_string_equal(s.epoch, "b");
    assert_int_equal(s.rejects, 2);
    assert_int_equal(upsert(&s, "c", 2, 40), GL_SEQ_APPLY); /* begins with a hole from 1 */
    assert_int_equal(state_at(&s, 41), GL_FEED_GAP);
    assert_int_equal(upsert(&s, "c", 1, 39), GL_SEQ_APPLY);
    assert_int_equal(state_at(&s, 41), GL_FEED_GAP);
    struct gl_feed_seq snapshot;
    gl_feed_seq_from(&snapshot, "c", 2, 45, at(46));
    gl_feed_seq_succeed(&snapshot, &s);
    assert_int_equal(state_at(&snapshot, 46), GL_FEED_LIVE);
}

static void counting_backwards_is_a_gap_until_a_snapshot(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    for (int64_t n = 1; n <= 9; n++) assert_int_equal(upsert(&s, "a", n, n), GL_SEQ_APPLY);
    assert_int_equal(beat(&s, "a", 5, 5), GL_SEQ_HEARD); /* late, not backwards */
    assert_int_equal(state_at(&s, 10), GL_FEED_LIVE);
    assert_int_equal(beat(&s, "a", 5, 20), GL_SEQ_HEARD); /* restored from a backup? what follows would pass as repeated */
    assert_int_equal(state_at(&s, 21), GL_FEED_GAP);
    assert_int_equal(beat(&s, "a", 9, 30), GL_SEQ_HEARD);
    assert_int_equal(state_at(&s, 31), GL_FEED_GAP);
    assert_int_equal(upsert(&s, "b", 1, 40), GL_SEQ_APPLY);
    assert_int_equal(state_at(&s, 41), GL_FEED_GAP);
    struct gl_feed_seq snapshot;
    gl_feed_seq_from(&snapshot, "b", 1, 45, at(46));
    gl_feed_seq_succeed(&snapshot, &s);
    assert_int_equal(state_at(&snapshot, 46), GL_FEED_LIVE);
}

static void time_is_believed_within_reason(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    assert_int_equal(gl_feed_seq_take(&s, "a", 1, GL_OP_UPSERT, T0 + 60001, at(0)), GL_SEQ_FUTURE);
    assert_int_equal(state_at(&s, 0), GL_FEED_EMPTY);
    assert_int_equal(gl_feed_seq_take(&s, "a", 1, GL_OP_UPSERT, T0 + 60000, at(0)), GL_SEQ_APPLY);
    assert_int_equal(upsert(&s, "a", 2, 5), GL_SEQ_APPLY);
    assert_int_equal(s.as_of, T0 + 60000); /* never backwards */
    assert_int_equal(gl_feed_seq_take(&s, "a", 3, GL_OP_HEARTBEAT, T0 + 200000, at(100)), GL_SEQ_FUTURE);
    assert_int_equal(s.rejects, 2);
    assert_int_equal(s.sent, 2);
}

static void invalid_messages(void **state GL_UNUSED) {
    static const char forty_one[] = "01234567890123456789012345678901234567890";
    static const struct {
        const char *epoch;
        int64_t seq;
        int op;
        int64_t as_of;
    } bad[] = {
        {"", 1, GL_OP_UPSERT, T0},          {NULL, 1, GL_OP_UPSERT, T0},
        {forty_one, 1, GL_OP_UPSERT, T0},   {"a", 0, GL_OP_UPSERT, T0},
        {"a", -1, GL_OP_HEARTBEAT, T0},     {"a", GL_INT_NULL, GL_OP_UPSERT, T0},
        {"a", 1, GL_OP_NONE, T0},           {"a", 1, 9, T0},
        {"a", 1, GL_OP_UPSERT, 0},          {"a", 1, GL_OP_UPSERT, -5},
        {"a", INT64_MAX, GL_OP_CANCEL, T0}, {"a", 0, GL_OP_CANCEL, T0},
    };
    struct gl_feed_seq s = {0};
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        assert_int_equal(gl_feed_seq_take(&s, bad[i].epoch, bad[i].seq, bad[i].op, bad[i].as_of, at(0)), GL_SEQ_INVALID);
        assert_int_equal(s.rejects, i + 1);
        assert_int_equal(state_at(&s, 0), GL_FEED_EMPTY);
    }
    for (int r = GL_SEQ_APPLY; r <= GL_SEQ_INVALID; r++) assert_non_null(gl_seq_results[r]);
}

static void ages(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    assert_int_equal(upsert(&s, "a", 1, 0), GL_SEQ_APPLY);
    assert_int_equal(state_at(&s, 300000), GL_FEED_LIVE);
    assert_int_equal(state_at(&s, 300001), GL_FEED_AGED);
    assert_int_equal(state_at(&s, 1800000), GL_FEED_AGED);
    assert_int_equal(state_at(&s, 1800001), GL_FEED_STALE);
    assert_int_equal(state_at(&s, 86400000), GL_FEED_STALE);
    assert_int_equal(state_at(&s, 86400001), GL_FEED_DOWN);
    assert_false(gl_feed_seq_late(&s, &limits, at(120000)));
    assert_true(gl_feed_seq_late(&s, &limits, at(120001)));
    assert_int_equal(gl_feed_seq_state(&s, &limits, at(0), false), GL_FEED_DOWN);
    /* With a hole the worse of both counts. */
    assert_int_equal(upsert(&s, "a", 3, 0), GL_SEQ_APPLY);
    assert_int_equal(state_at(&s, 0), GL_FEED_GAP);
    assert_int_equal(state_at(&s, 400000), GL_FEED_GAP);
    assert_int_equal(state_at(&s, 1800001), GL_FEED_STALE);
}

static void clocks_that_jump(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    assert_int_equal(gl_feed_seq_take(&s, "a", 1, GL_OP_UPSERT, T0, (struct gl_now){T0 + 1000, 5000}), GL_SEQ_APPLY);
    /* The wall clock is set back: the monotonic one still tells the age. */
    struct gl_now back = {T0 + 2000, 5000 + 400000};
    assert_int_equal(gl_feed_seq_age(&s, back), 401000);
    assert_int_equal(gl_feed_seq_state(&s, &limits, back, true), GL_FEED_AGED);
    /* Far back: doubted altogether. */
    assert_int_equal(gl_feed_seq_state(&s, &limits, (struct gl_now){T0 - 3600000, 6000}, true), GL_FEED_DOWN);
    /* A new start of the machine: the wall clock counts. */
    assert_int_equal(gl_feed_seq_age(&s, (struct gl_now){T0 + 400000, 10}), 400000);
}

static void repeats_are_no_sign_of_life(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    for (int64_t n = 1; n <= 3; n++) assert_int_equal(upsert(&s, "a", n, n), GL_SEQ_APPLY);
    assert_int_equal(upsert(&s, "a", 2, 400000),
                     GL_SEQ_DUPLICATE); /* replayed with a new time: it says nothing about 4 and above */
    assert_int_equal(s.as_of, T0 + 3);
    assert_int_equal(state_at(&s, 400000), GL_FEED_AGED);
    /* A retained heartbeat, delivered anew much later, is as old as it was. */
    assert_int_equal(gl_feed_seq_take(&s, "a", 3, GL_OP_HEARTBEAT, T0 + 10, at(3600000)), GL_SEQ_HEARD);
    assert_int_equal(state_at(&s, 3600000), GL_FEED_STALE);
}

static void too_many_ranges_never_look_whole(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    for (int64_t n = 2; n <= 400; n += 2) assert_int_equal(upsert(&s, "a", n, n), GL_SEQ_APPLY);
    assert_int_equal(s.n_held, GL_SEQ_HELD);
    assert_int_equal(s.held[GL_SEQ_HELD - 1].to, 128); /* the lowest are kept */
    assert_int_equal(upsert(&s, "a", 3, 500), GL_SEQ_APPLY);
    assert_int_equal(s.n_held, GL_SEQ_HELD - 1);
    assert_int_equal(upsert(&s, "a", 7, 500), GL_SEQ_APPLY);
    assert_int_equal(upsert(&s, "a", 399, 500), GL_SEQ_APPLY);
    for (int64_t n = 1; n <= 399; n += 2) (void)!upsert(&s, "a", n, 600);
    assert_int_equal(state_at(&s, 601), GL_FEED_GAP); /* what was forgotten must come again */
    assert_true(s.applied < 400);
    for (int64_t n = 1; n <= 400; n++) (void)!upsert(&s, "a", n, 700);
    assert_int_equal(s.applied, 400);
    assert_int_equal(state_at(&s, 701), GL_FEED_LIVE);
    assert_int_equal(gl_feed_seq_holes(&s), 0);
}

static void lower_ranges_push_out_higher_ones(void **state GL_UNUSED) {
    struct gl_feed_seq s = {0};
    for (int64_t n = 100; n < 100 + 2 * GL_SEQ_HELD; n += 2) assert_int_equal(upsert(&s, "a", n, n), GL_SEQ_APPLY);
    int64_t highest = s.held[GL_SEQ_HELD - 1].to;
    assert_int_equal(upsert(&s, "a", 50, 300), GL_SEQ_APPLY);
    assert_int_equal(s.n_held, GL_SEQ_HELD);
    assert_int_equal(s.held[0].from, 50);
    assert_int_equal(upsert(&s, "a", 50, 300), GL_SEQ_DUPLICATE);
    assert_int_equal(s.held[GL_SEQ_HELD - 1].to, highest - 2);
    assert_int_equal(s.sent, highest); /* forgotten as received, not as sent */
}

/* ---- random schedules against a model ------------------------------------------------------------------------------------------------------ */

enum { NUMBERS = 80, MESSAGES = 160, SCHEDULES = 5000 };

struct message {
    int epoch; /* 1.. */
    int64_t seq, as_of;
    bool heartbeat, refused;
    unsigned order; /* of delivery */
};

struct model {
    int epoch, left;
    bool got[NUMBERS + 1];
    int64_t sent, as_of;
    bool backwards;
};

static uint64_t random_state;
static unsigned pick(unsigned below) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % below;
}

/* A producer that sends, loses its numbering now and then, and is heard through a bad line. */
static size_t make_schedule(struct message m[MESSAGES]) {
    size_t n = 0;
    int epoch = 1;
    int64_t seq = 0, time = 1000;
    unsigned lost = pick(40), twice = pick(30), refused = pick(8), disorder = 1 + pick(60);
    for (unsigned i = 0; n + 2 < MESSAGES && i < 100; i++) {
        time += pick(3);
        if (pick(60) == 0) epoch++, seq = 0;
        bool heartbeat = pick(5) == 0 || seq == NUMBERS;
        if (!heartbeat) seq++;
        if (pick(400) == 0 && seq > 3) seq -= 3;         /* restored from a backup */
        if (heartbeat && pick(500) == 0) time += 200000; /* a clock gone wrong */
        if (pick(100) < lost) continue;
        unsigned copies = pick(100) < twice ? 2 : 1;
        for (unsigned c = 0; c < copies; c++)
            m[n++] = (struct message){epoch, seq, time, heartbeat, !heartbeat && pick(100) < refused, i * 10 + pick(disorder)};
    }
    for (size_t i = 1; i < n; i++) /* by order of delivery */
        for (size_t k = i; k > 0 && m[k].order < m[k - 1].order; k--) {
            struct message swap = m[k];
            m[k] = m[k - 1];
            m[k - 1] = swap;
        }
    return n;
}

static enum gl_seq_result model_take(struct model *o, const struct message *m, int64_t now) {
    if (m->as_of > now + 60000) return GL_SEQ_FUTURE;
    if (m->epoch != o->epoch) {
        if (m->epoch == o->left || m->as_of < o->as_of) return GL_SEQ_STALE_EPOCH;
        *o = (struct model){.epoch = m->epoch, .left = o->epoch, .as_of = o->as_of};
    }
    if (m->heartbeat && m->seq < o->sent && m->as_of > o->as_of) o->backwards = true;
    if (m->seq >= o->sent && m->as_of > o->as_of) o->as_of = m->as_of;
    if (m->seq > o->sent) o->sent = m->seq;
    if (m->heartbeat) return GL_SEQ_HEARD;
    if (o->got[m->seq]) return GL_SEQ_DUPLICATE;
    o->got[m->seq] = true;
    return GL_SEQ_APPLY;
}

static void compare(const struct gl_feed_seq *s, const struct model *o, int64_t now) {
    int64_t missing = 0, applied = 0;
    for (int64_t n = 1; n <= o->sent; n++) missing += !o->got[n];
    while (applied < NUMBERS && o->got[applied + 1]) applied++;
    assert_int_equal(s->applied, applied);
    assert_int_equal(s->sent, o->sent);
    assert_int_equal(s->as_of, o->epoch ? T0 + o->as_of : 0);
    assert_int_equal(gl_feed_seq_holes(s), missing);
    for (size_t i = 0; i < s->n_held; i++) { /* ascending, apart, above the hole */
        assert_true(s->held[i].from <= s->held[i].to);
        assert_true(s->held[i].from > (i ? s->held[i - 1].to : s->applied) + 1);
    }
    enum gl_feed_state expected = o->epoch == 0 ? GL_FEED_EMPTY : missing || o->backwards || o->left ? GL_FEED_GAP : GL_FEED_LIVE;
    assert_int_equal(state_at(s, now), expected);
}

static void run_schedule(unsigned *gaps) {
    struct message m[MESSAGES];
    struct gl_feed_seq s = {0};
    struct model o = {0};
    int64_t rejects = 0;
    size_t n = make_schedule(m);
    for (size_t i = 0; i < n; i++) {
        char epoch[8];
        int64_t now = 1000 + (int64_t)m[i].order / 3;
        gl_format(epoch, sizeof epoch, "e%d", m[i].epoch);
        if (m[i].refused) {
            gl_feed_seq_refuse(&s, epoch, m[i].seq);
            if (m[i].epoch == o.epoch && m[i].seq > o.sent) o.sent = m[i].seq;
            rejects++;
        } else {
            enum gl_seq_result expected = model_take(&o, &m[i], now);
            rejects += expected == GL_SEQ_FUTURE || expected == GL_SEQ_STALE_EPOCH;
            enum gl_feed_op op = m[i].heartbeat ? GL_OP_HEARTBEAT : pick(2) ? GL_OP_UPSERT : GL_OP_CANCEL;
            assert_int_equal(gl_feed_seq_take(&s, epoch, m[i].seq, op, T0 + m[i].as_of, at(now)), expected);
        }
        compare(&s, &o, now);
        assert_int_equal(s.rejects, rejects);
    }
    *gaps += state_at(&s, 1400) == GL_FEED_GAP;
}

static void random_schedules_agree_with_the_model(void **state GL_UNUSED) {
    unsigned gaps = 0;
    for (unsigned seed = 1; seed <= SCHEDULES; seed++) {
        random_state = seed * UINT64_C(0x9E3779B97F4A7C15);
        run_schedule(&gaps);
    }
    assert_in_range(gaps, SCHEDULES / 10, SCHEDULES - 1); /* the schedules hold both kinds */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_is_live),
        cmocka_unit_test(first_message_above_one_is_a_hole),
        cmocka_unit_test(holes_open_and_close),
        cmocka_unit_test(refused_record_is_a_hole),
        cmocka_unit_test(epochs),
        cmocka_unit_test(counting_backwards_is_a_gap_until_a_snapshot),
        cmocka_unit_test(time_is_believed_within_reason),
        cmocka_unit_test(invalid_messages),
        cmocka_unit_test(ages),
        cmocka_unit_test(clocks_that_jump),
        cmocka_unit_test(repeats_are_no_sign_of_life),
        cmocka_unit_test(too_many_ranges_never_look_whole),
        cmocka_unit_test(lower_ranges_push_out_higher_ones),
        cmocka_unit_test(random_schedules_agree_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
