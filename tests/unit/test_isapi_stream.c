/* The ISAPI codec in time and under pressure: pauses, cuts, repeats, every limit, and a stream without end. */
#include "isapi_rig.h"

#include "isapi/compose.h"
#include "isapi/multipart.h"

static struct gl_isapi_scene scene(const char *plate) {
    struct gl_isapi_scene s = gl_isapi_scene();
    gl_clip(s.plate, sizeof s.plate, plate);
    gl_clip(s.time, sizeof s.time, "2026-03-02T08:15:30+01:00");
    gl_format(s.uuid, sizeof s.uuid, "20260302-%s", plate);
    gl_clip(s.country, sizeof s.country, "EE");
    return s;
}

static void event_text(const char *plate, int64_t pictures, struct gl_buf *out) {
    struct gl_isapi_scene s = scene(plate);
    s.pictures = pictures;
    gl_isapi_compose_event(&s, out);
}

static void give_part(struct rig *g, const char *type, const void *body, size_t len) {
    GL_CLEANUP(gl_buf_free) struct gl_buf part = GL_BUF(1 << 20);
    gl_isapi_compose_part(type, NULL, "", body, len, &part);
    assert_false(part.failed);
    assert_int_equal(give(g, part.data, part.len), 0);
}

static void give_event(struct rig *g, const char *plate, int64_t pictures) {
    GL_CLEANUP(gl_buf_free) struct gl_buf xml = GL_BUF(1 << 16);
    event_text(plate, pictures, &xml);
    give_part(g, "application/xml", xml.data, xml.len);
}

static void give_picture(struct rig *g) {
    GL_CLEANUP(gl_buf_free) struct gl_buf jpeg = GL_BUF(1 << 16);
    gl_isapi_compose_picture(3, &jpeg);
    give_part(g, "image/jpeg", jpeg.data, jpeg.len);
}

static void test_pictures_are_waited_for_300_ms(void **state GL_UNUSED) {
    struct rig g;
    rig_init(&g);
    rig_open(&g);
    begin(&g, MIXED);
    give_event(&g, "WAIT1", 2);
    give_picture(&g);
    pass(&g, 299);
    expect(&g, "");
    pass(&g, 1);
    expect(&g, "plate 'WAIT1' EE approach 0.97 +plate\nclass truck\n");
    pass(&g, 1000);
    expect(&g, "");
    give_picture(&g); /* after the plate went ahead: the picture follows under the same id */
    expect(&g, "plate 'WAIT1' EE approach 0.97 +vehicle\n");
    give_event(&g, "WAIT2", 1);
    give_picture(&g);
    expect(&g, "plate 'WAIT2' EE approach 0.97 +plate\nclass truck\n");
    end(&g, false);
    expect(&g, "");
    rig_close(&g);
}

/* Without a Content-Length nothing says that the part is over until the next one comes, perhaps ten seconds later. */
static void test_a_part_without_length_is_taken_in_a_pause(void **state GL_UNUSED) {
    struct rig g;
    GL_CLEANUP(gl_buf_free) struct gl_buf xml = GL_BUF(1 << 16);
    rig_init(&g);
    rig_open(&g);
    event_text("PAUSE1", 0, &xml);
    begin(&g, MIXED);
    assert_int_equal(say(&g, "--boundary\nContent-Type: application/xml\n\n"), 0);
    assert_int_equal(give(&g, xml.data, xml.len - 30), 0);
    pass(&g, 400);
    expect(&g, ""); /* not whole yet */
    assert_int_equal(give(&g, xml.data + xml.len - 30, 30), 0);
    pass(&g, 100);
    expect(&g, "");
    pass(&g, 200);
    expect(&g, "plate 'PAUSE1' EE approach 0.97\nclass truck\n");
    assert_int_equal(say(&g, "\n--boundary\n"), 0);
    end(&g, false);
    expect(&g, "");
    rig_close(&g);
}

static void test_cuts(void **state GL_UNUSED) {
    struct rig g;
    GL_CLEANUP(gl_buf_free) struct gl_buf message = GL_BUF(1 << 16), xml = GL_BUF(1 << 16);
    struct gl_isapi_scene s = scene("CUT1");
    gl_isapi_compose_message(&s, true, &message);
    event_text("CUT2", 0, &xml);
    rig_init(&g);
    rig_open(&g);
    begin(&g, FORM);
    assert_int_equal(give(&g, message.data, 900), 0);
    end(&g, false);
    expect(&g, "refused cut\n");
    begin(&g, FORM); /* inside the last picture: the plate is there */
    assert_int_equal(give(&g, message.data, message.len - 40), 0);
    end(&g, false);
    expect(&g, "refused cut\nplate 'CUT1' EE approach 0.97 +plate\nclass truck\n");
    begin(&g, "application/xml");
    assert_int_equal(give(&g, xml.data, xml.len), 0);
    end(&g, false);
    expect(&g, "refused cut\n");
    begin(&g, FORM); /* the first part's length points past the end, and the second has a header alone */
    assert_int_equal(say(&g, "--boundary\r\nContent-Length: 900\r\n\r\n<a/>\r\n--boundary\r\nX: 1\r\n"), 0);
    end(&g, true);
    expect(&g, "refused event_unknown\n");
    begin(&g, MIXED);
    end(&g, false);
    begin(&g, "application/xml");
    end(&g, false);
    expect(&g, "");
    rig_close(&g);
}

static void test_repeats_in_time(void **state GL_UNUSED) {
    struct rig g;
    rig_init(&g);
    rig_open(&g);
    begin(&g, MIXED);
    give_event(&g, "RING0", 0);
    gl_buf_reset(&g.log);
    pass(&g, 59000);
    give_event(&g, "RING0", 0);
    expect(&g, "alive\n");
    pass(&g, 2000); /* a camera that gives everybody the same id must not swallow the next vehicle */
    give_event(&g, "RING0", 0);
    expect(&g, "refused clock_skew\nplate 'RING0' EE approach 0.97 late\nclass truck late\n");
    for (int i = 1; i <= 64; i++) {
        char plate[16];
        gl_format(plate, sizeof plate, "RING%d", i);
        give_event(&g, plate, 0);
    }
    gl_buf_reset(&g.log);
    give_event(&g, "RING64", 0);
    expect(&g, "refused clock_skew\nalive\n");
    give_event(&g, "RING0", 0); /* 64 others were remembered since */
    assert_non_null(strstr(g.log.data, "plate 'RING0'"));
    rig_close(&g);
}

/* ---- floods: every limit, and that the codec goes on after it ---- */

static int flood(struct rig *g, const char *type, const char *head, size_t bytes) {
    char chunk[4096];
    memset(chunk, 'x', sizeof chunk);
    begin(g, type);
    int rc = say(g, head);
    for (size_t at = 0; at < bytes && rc >= 0; at += sizeof chunk) rc = give(g, chunk, sizeof chunk);
    return rc;
}

static void test_floods(void **state GL_UNUSED) {
    struct rig g;
    enum { MIB = 1 << 20 };
    rig_init(&g);
    rig_open(&g);
    assert_true(flood(&g, MIXED, "no delimiter at all", 2 * MIB) < 0);
    expect(&g, "refused boundary_missing\n");
    assert_true(flood(&g, MIXED, "--boundary\r\nX-Long: ", MIB) < 0);
    expect(&g, "refused headers_too_long\n");
    assert_true(flood(&g, MIXED, "--boundary\r\n\r\n", 9 * MIB) < 0);
    expect(&g, "refused part_too_big\n");
    assert_true(flood(&g, FORM, "--boundary\r\n\r\n", 9 * MIB) < 0);
    expect(&g, "refused body_too_big\n");
    assert_true(flood(&g, "text/xml", "<a>", MIB) < 0);
    expect(&g, "refused xml_too_big\n");
    assert_int_equal(flood(&g, MIXED, "--boundary\r\n\r\n<a>", MIB), 0);
    assert_int_equal(say(&g, "\r\n--boundary\r\n\r\n"), 0);
    expect(&g, "refused xml_too_big\n");
    assert_true(flood(&g, NULL, "", MIB) < 0);
    expect(&g, "refused content_type\n");
    begin(&g, MIXED);
    give_event(&g, "AFTER1", 0);
    expect(&g, "plate 'AFTER1' EE approach 0.97\nclass truck\n");
    rig_close(&g);
}

static void test_too_many_parts(void **state GL_UNUSED) {
    struct rig g;
    rig_init(&g);
    rig_open(&g);
    begin(&g, MIXED);
    give_event(&g, "MANY1", 8);
    for (int i = 0; i < 8; i++) give_picture(&g);
    expect(&g,
           "plate 'MANY1' EE approach 0.97 +plate +vehicle +picture +picture +picture +picture +picture +picture\nclass truck\n");
    for (int i = 0; i < 20; i++) give_picture(&g); /* 7 more fit among 16 parts; the others are not even looked at */
    expect(&g, "refused too_many_parts\n");
    give_event(&g, "MANY2", 0);
    expect(&g,
           "plate 'MANY1' EE approach 0.97 +picture +picture +picture +picture +picture +picture +picture\n"
           "plate 'MANY2' EE approach 0.97\nclass truck\n");
    end(&g, false);
    rig_close(&g);
}

/* An alertStream that runs for ever: what the codec holds must not grow with it. */
static void test_endless_stream(void **state GL_UNUSED) {
    struct rig g;
    GL_CLEANUP(gl_buf_free) struct gl_buf beat = GL_BUF(1 << 16), part = GL_BUF(1 << 16);
    gl_isapi_compose_heartbeat("2026-03-02T08:15:30+01:00", &beat);
    gl_isapi_compose_part("application/xml", NULL, "", beat.data, beat.len, &part);
    rig_init(&g);
    rig_open(&g);
    begin(&g, MIXED);
    for (int i = 0; i < 20000; i++) { /* 12 MB: more than any of its buffers may hold */
        assert_int_equal(give(&g, part.data, part.len), 0);
        assert_string_equal(g.log.data, "alive\n");
        gl_buf_reset(&g.log);
    }
    rig_close(&g);
}

static void discard_part(void *user, const struct gl_part *p GL_UNUSED, const uint8_t *body GL_UNUSED, size_t len GL_UNUSED) {
    ++*(int *)user;
}
static void discard_refusal(void *user GL_UNUSED, const char *reason, const char *detail GL_UNUSED) {
    fail_msg("refused %s", reason);
}

static void test_multipart_holds_no_more_than_one_part(void **state GL_UNUSED) {
    static const char part[] = "--b\r\nContent-Length: 5\r\n\r\nhello\r\n";
    int parts = 0;
    struct gl_error err;
    struct gl_multipart m = {.user = &parts, .part = discard_part, .refused = discard_refusal};
    assert_int_equal(gl_multipart_begin(&m, "multipart/mixed; boundary=b", &err), 0);
    for (int i = 0; i < 10000; i++) assert_int_equal(gl_multipart_bytes(&m, (const uint8_t *)part, sizeof part - 1), 0);
    assert_int_equal(parts, 9999); /* no form of its own: the last one waits for the next delimiter */
    assert_true(m.buf.cap <= 1024);
    gl_multipart_end(&m, true);
    assert_int_equal(parts, 10000);
    gl_multipart_free(&m);
    assert_int_equal(gl_multipart_begin(&m, "multipart/mixed; boundary=\"\"", &err), -EINVAL);
    assert_non_null(strstr(err.text, "boundary is empty"));
    char longer[200] = "multipart/mixed; boundary=";
    memset(longer + strlen(longer), 'b', 71);
    assert_int_equal(gl_multipart_begin(&m, longer, &err), -EINVAL);
    longer[strlen(longer) - 1] = '\0';
    assert_int_equal(gl_multipart_begin(&m, longer, &err), 0);
    gl_multipart_free(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_are_waited_for_300_ms),
        cmocka_unit_test(test_a_part_without_length_is_taken_in_a_pause),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_repeats_in_time),
        cmocka_unit_test(test_floods),
        cmocka_unit_test(test_too_many_parts),
        cmocka_unit_test(test_endless_stream),
        cmocka_unit_test(test_multipart_holds_no_more_than_one_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
