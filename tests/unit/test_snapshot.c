/* Snapshots on their way, the books that follow them, and what is asked for when something is missing. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "feed/ask.h"
#include "feed/snapshot.h"

#define T0 INT64_C(1777888800000)

static const uint8_t digests[3][32] = {{1}, {2}, {3}};
static struct gl_feed_record *r;
static struct gl_feed_snapshot s;

static struct gl_now at(int64_t ms) {
    return (struct gl_now){T0 + ms, 5000 + ms};
}

static void frame(uint8_t op, int64_t seq, int64_t count, size_t n) {
    unsigned len = 0;
    *r = (struct gl_feed_record){.collection = GL_COLLECTION_MOVEMENTS, .epoch = "a", .seq = seq, .op = op, .as_of = T0};
    r->body.snap = (struct gl_snapshot){.snapshot = "s1", .count = count};
    if (op != GL_OP_SNAPSHOT_END) return;
    EVP_Digest(digests, n * 32, r->body.snap.sha256.data, &len, EVP_sha256(), NULL);
    r->body.snap.sha256.len = (uint16_t)len;
}

static void begin(int64_t count) {
    frame(GL_OP_SNAPSHOT_BEGIN, 7, count, 0);
    assert_int_equal(gl_feed_snapshot_begin(&s, r, at(0)), 0);
}

static struct gl_error why;
static enum gl_snapshot_result place(int64_t n, const char *epoch, int64_t as_of) {
    const struct gl_snapshot_place p = {epoch, n, as_of, digests[(n - 1) % 3]};
    return gl_feed_snapshot_take(&s, &p, at(10 * n), &why);
}

static void whole(void **state GL_UNUSED) {
    begin(3);
    assert_int_equal(place(1, "a", T0), GL_SNAPSHOT_RECORD);
    assert_int_equal(place(2, "a", T0), GL_SNAPSHOT_RECORD);
    assert_int_equal(place(1, "a", T0), GL_SNAPSHOT_REPEATED);
    assert_int_equal(place(3, "a", T0), GL_SNAPSHOT_RECORD);
    frame(GL_OP_SNAPSHOT_END, 7, 3, 3);
    assert_int_equal(gl_feed_snapshot_end(&s, r, at(50), &why), GL_SNAPSHOT_COMPLETE);
    begin(0);
    frame(GL_OP_SNAPSHOT_END, 7, 0, 0);
    assert_int_equal(gl_feed_snapshot_end(&s, r, at(50), &why), GL_SNAPSHOT_COMPLETE);
}

static void breaks(const char *says, enum gl_snapshot_result got) {
    assert_int_equal(got, GL_SNAPSHOT_BROKEN);
    if (!strstr(why.text, says)) fail_msg("\"%s\" does not say \"%s\"", why.text, says);
    begin(2);
    assert_int_equal(place(1, "a", T0), GL_SNAPSHOT_RECORD);
}

static enum gl_snapshot_result end_with(int64_t seq, int64_t count, size_t n) {
    frame(GL_OP_SNAPSHOT_END, seq, count, n);
    return gl_feed_snapshot_end(&s, r, at(60), &why);
}

static void each_lie_breaks_it(void **state GL_UNUSED) {
    begin(2);
    assert_int_equal(place(1, "a", T0), GL_SNAPSHOT_RECORD);
    breaks("place 3 came where 2 was next", place(3, "a", T0));
    breaks("another epoch", place(2, "b", T0));
    breaks("in the future", place(2, "a", T0 + 3600000));
    breaks("after 1 of 2", end_with(7, 2, 1));
    assert_int_equal(place(2, "a", T0), GL_SNAPSHOT_RECORD);
    breaks("but it has 2 records", place(3, "a", T0));
    assert_int_equal(place(2, "a", T0), GL_SNAPSHOT_RECORD);
    breaks("does not fit", end_with(7, 2, 3));
    assert_int_equal(place(2, "a", T0), GL_SNAPSHOT_RECORD);
    breaks("its begin 7", end_with(8, 2, 2));
    assert_int_equal(place(2, "a", T0), GL_SNAPSHOT_RECORD);
    breaks("its begin 2", end_with(7, 3, 2));
    const struct gl_snapshot_place bare = {"a", 2, T0, NULL};
    breaks("no digest", gl_feed_snapshot_take(&s, &bare, at(9), &why));
    frame(GL_OP_SNAPSHOT_END, 7, 2, 2);
    r->body.snap.sha256.len = 0;
    assert_int_equal(place(2, "a", T0), GL_SNAPSHOT_RECORD);
    breaks("sha256", gl_feed_snapshot_end(&s, r, at(9), &why));
}

static void silence(void **state GL_UNUSED) {
    begin(2);
    assert_false(gl_feed_snapshot_silent(&s, 1000, at(999)));
    assert_true(gl_feed_snapshot_silent(&s, 1000, at(1000)));
    assert_int_equal(place(1, "a", T0), GL_SNAPSHOT_RECORD);
    assert_false(gl_feed_snapshot_silent(&s, 1000, at(1009)));
    gl_feed_snapshot_clear(&s);
    assert_false(gl_feed_snapshot_silent(&s, 1000, at(99999)));
}

/* ---- books ---- */
static enum gl_seq_result upsert(struct gl_feed_seq *q, const char *epoch, int64_t seq, int64_t ms) {
    return gl_feed_seq_take(q, epoch, seq, GL_OP_UPSERT, T0 + ms, at(ms));
}

static void which_snapshots_are_taken(void **state GL_UNUSED) {
    struct gl_feed_seq q = {0};
    assert_string_equal(gl_feed_seq_refuses_snapshot(&q, "a", 0, T0, at(0)), "");
    assert_true(upsert(&q, "z", 1, 1) == GL_SEQ_APPLY && upsert(&q, "a", 1, 2) == GL_SEQ_APPLY &&
                upsert(&q, "a", 3, 3) == GL_SEQ_APPLY);
    assert_string_equal(gl_feed_seq_refuses_snapshot(&q, "a", 1, T0, at(5)), "");
    assert_string_equal(gl_feed_seq_refuses_snapshot(&q, "b", 0, T0 + 4, at(5)), "");
    const struct {
        const char *epoch;
        int64_t seq, as_of;
    } bad[] = {{"a", 0, T0 + 4}, {"z", 9, T0 + 4},  {"b", 0, T0 + 1}, {"b", 0, T0 + 3600000},
               {"", 0, T0 + 4},  {"b", -1, T0 + 4}, {"b", 0, 0}};
    for (size_t i = 0; i < GL_COUNT(bad); i++)
        assert_string_not_equal(gl_feed_seq_refuses_snapshot(&q, bad[i].epoch, bad[i].seq, bad[i].as_of, at(5)), "");
}

static void the_books_after_a_switch(void **state GL_UNUSED) {
    struct gl_feed_seq present = {0}, next;
    struct gl_feed_range hole;
    for (int64_t n = 1; n <= 4; n++) assert_int_equal(upsert(&present, "a", n, n), GL_SEQ_APPLY);
    assert_int_equal(upsert(&present, "a", 9, 9), GL_SEQ_APPLY); /* before the begin: not in what is built */
    gl_feed_seq_from(&next, "a", 6, T0 + 6, at(10));
    assert_int_equal(upsert(&next, "a", 5, 11), GL_SEQ_DUPLICATE);
    assert_int_equal(upsert(&next, "a", 7, 12), GL_SEQ_APPLY);
    gl_feed_seq_succeed(&next, &present);
    assert_int_equal(next.applied, 7);
    assert_int_equal(next.sent, 9);
    assert_true(gl_feed_seq_missing(&next, &hole) && hole.from == 8 && hole.to == 9);
    assert_true(next.as_of == T0 + 12);
    gl_feed_seq_from(&next, "b", 0, T0 + 20, at(20));
    gl_feed_seq_succeed(&next, &present);
    assert_int_equal(next.sent, 0);
    assert_int_equal(upsert(&next, "a", 10, 21), GL_SEQ_STALE_EPOCH); /* the old numbering does not come back */
}

static void a_void_record_is_no_hole(void **state GL_UNUSED) {
    struct gl_feed_seq q = {0};
    assert_int_equal(upsert(&q, "a", 1, 1), GL_SEQ_APPLY);
    assert_false(gl_feed_seq_receive(&q, "b", 2));
    assert_true(gl_feed_seq_receive(&q, "a", 2));
    assert_false(gl_feed_seq_receive(&q, "a", 2));
    assert_int_equal(q.applied, 2);
    gl_feed_seq_sent(&q, "a", 4);
    gl_feed_seq_sent(&q, "b", 9);
    assert_int_equal(q.sent, 4);
}

/* ---- asking ---- */
static uint8_t asked(struct gl_feed_ask *a, const struct gl_feed_seq *q, int64_t s_later, struct gl_feed_request *ret) {
    return gl_feed_ask_due(a, q, 5000, true, at(s_later * 1000), ret) ? ret->want : (uint8_t)GL_WANT_NONE;
}

static void a_hole_is_asked_for(void **state GL_UNUSED) {
    struct gl_feed_ask a = {0};
    struct gl_feed_seq q = {0};
    struct gl_feed_request ask;
    uint8_t wants[8] = {0};
    int64_t times[8] = {0};
    int n = 0;
    assert_int_equal(upsert(&q, "a", 1, 1), GL_SEQ_APPLY);
    assert_int_equal(asked(&a, &q, 1, &ask), GL_WANT_NONE);
    assert_true(upsert(&q, "a", 4, 4) == GL_SEQ_APPLY && upsert(&q, "a", 9, 9) == GL_SEQ_APPLY);
    for (int64_t t = 2; t < 800 && n < 8; t++) {
        if (asked(&a, &q, t, &ask) == GL_WANT_NONE) continue;
        if (n == 0) assert_true(ask.from == 2 && ask.to == 3 && strcmp(ask.epoch, "a") == 0);
        wants[n] = ask.want;
        times[n++] = t;
    }
    const uint8_t should[8] = {1, 1, 1, 2, 2, 2, 1, 1};
    const int64_t when[8] = {7, 12, 22, 42, 82, 162, 322, 622};
    assert_memory_equal(wants, should, sizeof wants);
    for (int i = 0; i < 8; i++) assert_int_equal(times[i], when[i]);
    assert_int_equal(upsert(&q, "a", 2, 20), GL_SEQ_APPLY); /* it is coming: wait again */
    assert_int_equal(asked(&a, &q, 10000, &ask), GL_WANT_NONE);
    assert_int_equal(asked(&a, &q, 10005, &ask), GL_WANT_REPLAY);
    assert_int_equal(ask.from, 3);
    for (int64_t i = 3; i <= 8; i++) (void)gl_feed_seq_receive(&q, "a", i);
    assert_int_equal(asked(&a, &q, 10011, &ask), GL_WANT_NONE);
    assert_int_equal(a.asked, GL_WANT_NONE);
}

static void a_snapshot_is_asked_for(void **state GL_UNUSED) {
    struct gl_feed_ask a = {0};
    struct gl_feed_seq q = {0};
    struct gl_feed_request ask;
    assert_int_equal(upsert(&q, "a", 1, 1), GL_SEQ_APPLY);
    gl_feed_ask_need(&a, "a new epoch");
    int n = 0;
    for (int64_t t = 2; t < 2000; t++) {
        if (asked(&a, &q, t, &ask) == GL_WANT_NONE) continue;
        assert_int_equal(ask.want, GL_WANT_SNAPSHOT);
        assert_true(ask.from == GL_INT_NULL);
        n++;
    }
    assert_int_equal(n, 12); /* from 7 s on, the last ones every five minutes */
    gl_feed_ask_done(&a);
    q.broken = true;
    assert_int_equal(asked(&a, &q, 2001, &ask), GL_WANT_NONE);
    assert_int_equal(asked(&a, &q, 2006, &ask), GL_WANT_SNAPSHOT);
    assert_int_equal(gl_feed_ask_due(&a, &q, 5000, false, at(999000), &ask), false); /* nobody could load it */
    q.broken = false;
    gl_feed_ask_failed(&a, "a snapshot was given up", at(999000));
    assert_int_equal(asked(&a, &q, 999, &ask), GL_WANT_NONE);
    assert_int_equal(asked(&a, &q, 1010, &ask), GL_WANT_SNAPSHOT);
    gl_feed_ask_done(&a);
    assert_int_equal(asked(&a, &q, 9999, &ask), GL_WANT_NONE);
    gl_feed_ask_need(&a, "asked for by command");
    gl_feed_ask_soon(&a);
    assert_int_equal(asked(&a, &q, 10000, &ask), GL_WANT_SNAPSHOT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole),
        cmocka_unit_test(each_lie_breaks_it),
        cmocka_unit_test(silence),
        cmocka_unit_test(which_snapshots_are_taken),
        cmocka_unit_test(the_books_after_a_switch),
        cmocka_unit_test(a_void_record_is_no_hole),
        cmocka_unit_test(a_hole_is_asked_for),
        cmocka_unit_test(a_snapshot_is_asked_for),
    };
    r = calloc(1, sizeof *r);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    gl_feed_snapshot_clear(&s);
    free(r);
    return failed;
}
