/* The protocol `frames`: regions, votes, tracks, and the codec that makes readings of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "frames/region.h"
#include "frames/track.h"
#include "protocol.h"

extern const struct gl_protocol gl_protocol_frames;

/* ---- regions ---- */
static void region_forms(void **state GL_UNUSED) {
    struct gl_region r;
    struct gl_error err;
    double l, t, x, y;
    assert_int_equal(gl_region_parse(NULL, &r, &err), 0);
    assert_true(gl_region_holds(&r, 0.01, 0.99));
    assert_int_equal(gl_region_parse("10,40,90,100", &r, &err), 0);
    assert_true(gl_region_holds(&r, 0.5, 0.5));
    assert_false(gl_region_holds(&r, 0.05, 0.5));
    assert_false(gl_region_holds(&r, 0.5, 0.3));
    assert_int_equal(gl_region_parse("50,0 100,100 0,100", &r, &err), 0);
    assert_true(gl_region_holds(&r, 0.5, 0.9));
    assert_false(gl_region_holds(&r, 0.1, 0.2));
    assert_int_equal(gl_region_parse("50,10.5 80,60 20,60", &r, &err), 0);
    gl_region_box(&r, &l, &t, &x, &y);
    assert_true(fabs(l - 0.2) < 1e-9 && fabs(t - 0.105) < 1e-9 && fabs(x - 0.8) < 1e-9 && fabs(y - 0.6) < 1e-9);
}

static void region_refused(void **state GL_UNUSED) {
    static const char *const bad[] = {
        "10",          "10,20,30",    "90,0,10,100", "0,0,101,100", "a,b,c,d",
        "-1,0,10,10",  "10,10 20,20", "1,1 1,1 1,1", "1,2,3,4 5,6", "1,2 3,4 5,6,",
        "1e1,0,50,50", "0x1,0,50,50", "nan,0,50,50", "0,0,50,50 ",  "1,1 2,2 3,3 4,4 5,5 6,6 7,7 8,8 9,9 10,10 11,11 12,12 13,13"};
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        struct gl_region r;
        struct gl_error err = {""};
        if (gl_region_parse(bad[i], &r, &err) == 0) fail_msg("taken: %s", bad[i]);
        assert_non_null(strstr(err.text, "region"));
    }
}

/* ---- votes ---- */
static struct gl_seen_plate plate(const char *text, double confidence, int64_t h) {
    struct gl_seen_plate p = {.confidence = confidence, .x = 100, .y = 100, .w = 5 * h, .h = h};
    gl_clip(p.text, sizeof p.text, text);
    return p;
}

static void votes_agree(void **state GL_UNUSED) {
    struct gl_vote v = {0};
    struct gl_vote_result r;
    gl_vote_count(&v, &r);
    assert_int_equal(r.n_candidates, 0);
    for (int i = 0; i < 5; i++) {
        struct gl_seen_plate p = plate(i == 2 ? "AB128CD" : "AB123CD", 0.8, 30);
        gl_vote_add(&v, &p);
    }
    gl_vote_count(&v, &r);
    assert_string_equal(r.candidates[0].text, "AB123CD");
    assert_int_equal(r.agree, 4);
    assert_int_equal(r.n_characters, 7);
    assert_true(r.candidates[0].confidence > 0.64 && r.candidates[0].confidence < 0.9);
    assert_true(r.characters[4] < r.characters[0]); /* the one that was disputed */
    assert_string_equal(r.candidates[1].text, "AB128CD");
}

/* Each frame misreads another place: together they read it whole. */
static void votes_by_place(void **state GL_UNUSED) {
    static const char *const reads[] = {"XB123CD", "AX123CD", "ABX23CD", "AB1X3CD"};
    struct gl_vote v = {0};
    struct gl_vote_result r;
    for (size_t i = 0; i < GL_COUNT(reads); i++) {
        struct gl_seen_plate p = plate(reads[i], 0.7, 30);
        gl_vote_add(&v, &p);
    }
    gl_vote_count(&v, &r);
    assert_string_equal(r.candidates[0].text, "AB123CD");
    assert_true(r.candidates[0].confidence < 0.7); /* never surer than those who have read it */
}

static void votes_keep_the_best(void **state GL_UNUSED) {
    struct gl_vote v = {0};
    struct gl_vote_result r;
    for (int i = 0; i < 1000; i++) {
        struct gl_seen_plate p = i >= 500 && i < 508 ? plate("AB123CD", 0.97, 40) : plate("QQ000QQ", 0.3, 9);
        gl_vote_add(&v, &p);
    }
    gl_vote_count(&v, &r);
    assert_int_equal(v.n, GL_VOTE_FRAMES);
    assert_string_equal(r.candidates[0].text, "AB123CD");
    assert_true(r.candidates[0].confidence > 0.95 && r.candidates[0].confidence <= 1);
}

static void votes_of_nothing(void **state GL_UNUSED) {
    struct gl_vote v = {0};
    struct gl_vote_result r;
    struct gl_seen_plate p = plate("", 0.2, 20);
    p.n_candidates = 1;
    p.candidates[0] = (struct gl_candidate){"AB123CD", 0.2};
    gl_vote_add(&v, &p);
    gl_vote_count(&v, &r);
    assert_int_equal(r.n_candidates, 1);
    assert_true(r.candidates[0].confidence < 0.3);
    p = plate("", NAN, 1);
    p.n_candidates = 0;
    v = (struct gl_vote){0};
    gl_vote_add(&v, &p);
    gl_vote_count(&v, &r);
    assert_int_equal(r.n_candidates, 0);
}

static void distances(void **state GL_UNUSED) {
    assert_int_equal(gl_text_distance("", ""), 0);
    assert_int_equal(gl_text_distance("ABC", ""), 3);
    assert_int_equal(gl_text_distance("AB123CD", "AB123CD"), 0);
    assert_int_equal(gl_text_distance("AB123CD", "AB1123CD"), 1);
    assert_int_equal(gl_text_distance("AB123CD", "B128CD"), 2);
}

/* ---- tracks ---- */
static struct gl_seen frame_of(const struct gl_seen_plate *p, uint16_t n) {
    struct gl_seen s = {.frame = 1, .width = 1000, .height = 600, .looked = GL_TRUE, .n_plates = n};
    memcpy(s.plates, p, n * sizeof *p);
    return s;
}

static void tracks_follow(void **state GL_UNUSED) {
    struct gl_tracks *all = calloc(1, sizeof *all);
    struct gl_track *to[GL_SEEN_PLATES], *first = NULL;
    for (int i = 0; i < 10; i++) {
        struct gl_seen_plate p = plate("AB123CD", 0.9, 20 + i);
        p.x = 300 + 3 * i;
        p.y = 200 + 15 * i;
        struct gl_seen s = frame_of(&p, 1);
        gl_tracks_add(all, &s, 0, (struct gl_now){1000, 1000 + 200 * i}, to);
        if (!first) first = to[0];
        assert_ptr_equal(to[0], first);
    }
    assert_int_equal(first->frames, 10);
    assert_int_equal(gl_track_toward(first, GL_WAY_GROWS), GL_TOWARD_APPROACH);
    assert_int_equal(gl_track_toward(first, GL_WAY_DOWN), GL_TOWARD_APPROACH);
    assert_int_equal(gl_track_toward(first, GL_WAY_UP), GL_TOWARD_LEAVE);
    assert_int_equal(gl_track_toward(first, GL_WAY_LEFT), GL_TOWARD_NONE);
    assert_int_equal(gl_track_toward(first, GL_WAY_NONE), GL_TOWARD_NONE);
    free(all);
}

/* At the same place, surely another text: the next vehicle. A misread of the same one is not. */
static void tracks_part(void **state GL_UNUSED) {
    struct gl_tracks *all = calloc(1, sizeof *all);
    struct gl_track *a[GL_SEEN_PLATES], *b[GL_SEEN_PLATES], *c[GL_SEEN_PLATES];
    struct gl_seen_plate p = plate("AB123CD", 0.95, 30), misread = plate("AB128CD", 0.9, 30), other = plate("KL845TU", 0.95, 30);
    struct gl_seen s = frame_of(&p, 1);
    gl_tracks_add(all, &s, 0, (struct gl_now){1, 1000}, a);
    s = frame_of(&misread, 1);
    gl_tracks_add(all, &s, 0, (struct gl_now){1, 1200}, b);
    assert_ptr_equal(a[0], b[0]);
    s = frame_of(&other, 1);
    gl_tracks_add(all, &s, 0, (struct gl_now){1, 1400}, c);
    assert_ptr_not_equal(a[0], c[0]);
    other = plate("AB124CD", 0.95, 12); /* the next of its fleet, further back */
    s = frame_of(&other, 1);
    gl_tracks_add(all, &s, 0, (struct gl_now){1, 1600}, b);
    assert_ptr_not_equal(a[0], b[0]);
    assert_ptr_not_equal(c[0], b[0]);
    free(all);
}

static void tracks_are_bounded(void **state GL_UNUSED) {
    struct gl_tracks *all = calloc(1, sizeof *all);
    struct gl_track *to[GL_SEEN_PLATES];
    for (int i = 0; i < 100; i++) {
        struct gl_seen_plate p[GL_SEEN_PLATES];
        for (int k = 0; k < GL_SEEN_PLATES; k++) {
            char text[8] = {(char)('A' + i % 26), (char)('A' + k), (char)('0' + i % 10), '9', (char)('A' + i / 26), 'Z', '\0'};
            p[k] = plate(text, 0.99, 10 + k);
            p[k].x = 100 * k;
        }
        struct gl_seen s = frame_of(p, GL_SEEN_PLATES);
        gl_tracks_add(all, &s, 0, (struct gl_now){1, i}, to);
    }
    free(all);
}

/* ---- the codec ---- */
struct heard {
    struct gl_buf log;
    struct gl_reading last;
};

static void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n) {
    struct heard *h = user;
    h->last = *r;
    gl_buf_printf(&h->log, "plate '%s'%s", r->value.plate.text, r->value.plate.direction == GL_TOWARD_APPROACH ? " approach" : "");
    for (size_t i = 0; i < n; i++) gl_buf_printf(&h->log, " %s:%.*s", att[i].role, (int)att[i].len, (const char *)att[i].bytes);
    gl_buf_char(&h->log, '\n');
}
static void on_refused(void *user, const char *reason, const char *detail GL_UNUSED) {
    gl_buf_printf(&((struct heard *)user)->log, "refused %s\n", reason);
}
static void on_alive(void *user GL_UNUSED) {}
static void on_note(void *user GL_UNUSED, const char *name GL_UNUSED, const char *detail GL_UNUSED) {}
static void on_fault(void *user GL_UNUSED, const char *reason GL_UNUSED, bool raised GL_UNUSED) {}

struct bench {
    struct heard heard;
    struct gl_sink sink;
    void *codec;
};

static struct bench *bench(void) {
    struct bench *b = calloc(1, sizeof *b);
    static const struct gl_setting_value v[] = {{"vote", "800ms"}, {"direction", "grows"}, {"min_height", "8"}};
    const struct gl_settings settings = {GL_COUNT(v), v};
    struct gl_error err;
    b->heard.log = GL_BUF(65536);
    b->sink = (struct gl_sink){&b->heard, on_reading, on_refused, on_alive, on_note, on_fault, NULL};
    b->codec = calloc(1, gl_protocol_frames.state_size);
    assert_int_equal(gl_protocol_frames.open(b->codec, &settings, &b->sink, &err), 0);
    gl_protocol_frames.begin(b->codec, NULL, (struct gl_now){1, 1});
    return b;
}

static void say(struct bench *b, int64_t mono, const struct gl_seen_plate *p, uint16_t n, const char *pictures) {
    GL_CLEANUP(gl_buf_free) struct gl_buf line = GL_BUF(GL_SEEN_LINE);
    struct gl_seen s = frame_of(p, n);
    if (pictures) {
        s.n_pictures = 2;
        s.pictures[0] = (struct gl_seen_picture){0, "plate", 2};
        s.pictures[1] = (struct gl_seen_picture){GL_INT_NULL, "scene", 3};
    }
    gl_seen_write(&s, &line);
    if (pictures) gl_buf_text(&line, pictures);
    for (size_t i = 0; i < line.len; i++)
        assert_int_equal(gl_protocol_frames.bytes(b->codec, (const uint8_t *)line.data + i, 1, (struct gl_now){mono, mono}), 0);
}

static void pass_time(struct bench *b, int64_t mono) {
    assert_int_equal(gl_protocol_frames.timer(b->codec, (struct gl_now){mono, mono}), 0);
}

static void heard(struct bench *b, const char *want) {
    assert_string_equal(b->heard.log.data ? b->heard.log.data : "", want);
    gl_buf_reset(&b->heard.log);
    if (b->heard.log.data) b->heard.log.data[0] = '\0';
}

static void done(struct bench *b) {
    gl_protocol_frames.end(b->codec, false, (struct gl_now){1, 1});
    gl_protocol_frames.close(b->codec);
    free(b->codec);
    gl_buf_free(&b->heard.log);
    free(b);
}

static void sure_is_told_at_once_and_once(void **state GL_UNUSED) {
    struct bench *b = bench();
    for (int i = 0; i < 20; i++) {
        struct gl_seen_plate p = plate("AB123CD", 0.95, 20 + 2 * i);
        say(b, 1000 + 100 * i, &p, 1, "c1s01");
        if (i == 1) heard(b, "");
        if (i == 2) heard(b, "plate 'AB123CD' approach plate:c1 scene:s01\n");
    }
    heard(b, "");
    done(b);
}

static void unsure_waits_for_the_vote(void **state GL_UNUSED) {
    struct bench *b = bench();
    struct gl_seen_plate p = plate("AB123CD", 0.6, 20);
    say(b, 1000, &p, 1, NULL);
    p = plate("AB123CD", 0.7, 24);
    say(b, 1200, &p, 1, NULL);
    pass_time(b, 1700);
    heard(b, "");
    pass_time(b, 1801);
    heard(b, "plate 'AB123CD' approach\n");
    for (int i = 0; i < 8; i++) {
        p = plate("AB123CD", 0.98, 30);
        say(b, 2000 + 100 * i, &p, 1, NULL);
    }
    assert_true(b->heard.last.confidence > 0.9); /* clearly better: told again */
    done(b);
}

static void unreadable_is_an_empty_text(void **state GL_UNUSED) {
    struct bench *b = bench();
    for (int i = 0; i < 30; i++) {
        struct gl_seen_plate p = plate("", 0.1, 20);
        say(b, 1000 + 100 * i, &p, 1, i == 3 ? "c1s01" : NULL);
    }
    heard(b, "plate '' plate:c1 scene:s01\n");
    done(b);
}

static void a_sign_in_one_frame_is_nothing(void **state GL_UNUSED) {
    struct bench *b = bench();
    struct gl_seen_plate p = plate("EXIT", 0.4, 20);
    say(b, 1000, &p, 1, NULL);
    for (int i = 1; i < 100; i++) say(b, 1000 + 100 * i, &p, 0, NULL);
    heard(b, "");
    p = plate("AB123CD", 0.9, 7); /* below min_height */
    for (int i = 0; i < 5; i++) say(b, 20000 + 100 * i, &p, 1, NULL);
    pass_time(b, 40000);
    heard(b, "");
    done(b);
}

static void the_end_tells_who_was_there(void **state GL_UNUSED) {
    struct bench *b = bench();
    struct gl_seen_plate p = plate("AB123CD", 0.8, 20);
    say(b, 1000, &p, 1, NULL);
    say(b, 1100, &p, 1, NULL);
    heard(b, "");
    gl_protocol_frames.end(b->codec, false, (struct gl_now){1200, 1200});
    heard(b, "plate 'AB123CD'\n");
    done(b);
}

static void standing_long_is_one_vehicle(void **state GL_UNUSED) {
    struct bench *b = bench();
    struct gl_seen_plate p = plate("AB123CD", 0.97, 20);
    for (int i = 0; i < 50; i++) say(b, 1000 + 2000 * i, &p, 1, NULL); /* looked at every two seconds */
    heard(b, "plate 'AB123CD'\n");
    done(b);
}

static void malformed_is_refused(void **state GL_UNUSED) {
    static const char *const bad[] = {
        "\n",
        "{}\n",
        "[]\n",
        "{\"frame\":1}\n",
        "{\"frame\":1,\"age\":0,\"width\":100,\"height\":100,\"looked\":true,\"plates\":[{\"x\":90,\"y\":0,\"w\":20,\"h\":5}]}\n",
        "{\"frame\":1,\"age\":0,\"width\":100,\"height\":100,\"looked\":true,\"pictures\":[{\"plate\":0,\"role\":\"plate\","
        "\"bytes\":5}]}\n",
        "{\"frame\":1,\"age\":0,\"width\":100,\"height\":100,\"looked\":true,\"pictures\":[{\"plate\":null,\"role\":\"scene\","
        "\"bytes\":99999999}]}\n",
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        struct bench *b = bench();
        assert_true(gl_protocol_frames.bytes(b->codec, (const uint8_t *)bad[i], strlen(bad[i]), (struct gl_now){1, 1}) < 0);
        heard(b, "refused frame_malformed\n");
        done(b);
    }
    struct bench *b = bench();
    static uint8_t much[GL_SEEN_LINE + 2];
    memset(much, 'x', sizeof much);
    assert_true(gl_protocol_frames.bytes(b->codec, much, sizeof much, (struct gl_now){1, 1}) < 0);
    heard(b, "refused line_too_long\n");
    done(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_forms),
        cmocka_unit_test(region_refused),
        cmocka_unit_test(votes_agree),
        cmocka_unit_test(votes_by_place),
        cmocka_unit_test(votes_keep_the_best),
        cmocka_unit_test(votes_of_nothing),
        cmocka_unit_test(distances),
        cmocka_unit_test(tracks_follow),
        cmocka_unit_test(tracks_part),
        cmocka_unit_test(tracks_are_bounded),
        cmocka_unit_test(sure_is_told_at_once_and_once),
        cmocka_unit_test(unsure_waits_for_the_vote),
        cmocka_unit_test(unreadable_is_an_empty_text),
        cmocka_unit_test(a_sign_in_one_frame_is_nothing),
        cmocka_unit_test(the_end_tells_who_was_there),
        cmocka_unit_test(standing_long_is_one_vehicle),
        cmocka_unit_test(malformed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
