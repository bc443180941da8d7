/* CloudEvents envelopes: what is read, what is refused and with which words, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "model/envelope.h"

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"a-1\",\"source\":\"/producer\",\"type\":\"greenlane.feed.movements\""

static void reads_a_full_envelope(void **state) {
    (void)state;
    static const char text[] = HEAD
        ",\"time\":\"2026-11-23T11:16:57.123Z\",\"subject\":\"lane/in-1\",\"datacontenttype\":\"application/"
        "json\",\"sig\":\"x\",\"n\":1,\"data\":"
        "{\"k\":[1]}}";
    struct gl_envelope e;
    struct gl_error err = {""};
    assert_int_equal(gl_envelope_parse(text, strlen(text), &e, &err), 0);
    assert_string_equal(e.id, "a-1");
    assert_string_equal(e.source, "/producer");
    assert_string_equal(e.type, "greenlane.feed.movements");
    assert_string_equal(e.subject, "lane/in-1");
    assert_int_equal(e.time, 1795432617123);
    assert_int_equal(json_array_size(json_object_get(e.data, "k")), 1);
    gl_envelope_free(&e);
    assert_null(e.data);
    gl_envelope_free(NULL);
}

static void refuses_with_the_reason(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"", "it ends too early"},
        {"[]", "not an object"},
        {"{\"specversion\":\"1.0\"} x", "text follows"},
        {HEAD ",\"id\":\"b\",\"data\":{}}", "stands twice"},
        {HEAD ",\"data\":{\"a\":1,\"a\":2}}", "stands twice"},
        {HEAD ",\"subject\":\"\xff\",\"data\":{}}", "UTF-8"},
        {HEAD "}", "data: missing"},
        {HEAD ",\"data\":\"x\"}", "data: not an object"},
        {HEAD ",\"data_base64\":\"eA==\"}", "data_base64: not taken"},
        {HEAD ",\"Extra\":1,\"data\":{}}", "Extra: no attribute name"},
        {HEAD ",\"ext\":{\"a\":1},\"data\":{}}", "ext: a list or an object"},
        {HEAD ",\"time\":\"yesterday\",\"data\":{}}", "time: not a time"},
        {HEAD ",\"time\":5,\"data\":{}}", "time: not a time"},
        {HEAD ",\"subject\":\"\",\"data\":{}}", "subject: a text"},
        {HEAD ",\"subject\":\"a\\nb\",\"data\":{}}", "subject: holds a control"},
        {HEAD ",\"datacontenttype\":\"text/xml\",\"data\":{}}", "\"application/json\" is needed"},
        {"{\"specversion\":\"0.3\",\"id\":\"a\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}",
         "\"0.3\" stands here; \"1.0\" is needed"},
        {"{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}", "id: missing"},
        {"{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}", "id: a text that is not empty"},
        {"{\"specversion\":\"1.0\",\"id\":7,\"source\":\"s\",\"type\":\"t\",\"data\":{}}", "id: a text that is not empty"},
        {"{\"specversion\":\"1.0\",\"id\":\"a\",\"type\":\"t\",\"data\":{}}", "source: missing"},
        {"{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"s\",\"data\":{}}", "type: missing"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        struct gl_envelope e;
        struct gl_error err = {""};
        assert_int_equal(gl_envelope_parse(bad[i].text, strlen(bad[i].text), &e, &err), -EINVAL);
        assert_null(e.data);
        if (!strstr(err.text, bad[i].says)) fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, err.text, bad[i].says);
    }
}

static void refuses_an_id_that_would_be_cut(void **state) {
    (void)state;
    char text[300];
    struct gl_envelope e;
    struct gl_error err = {""};
    gl_format(text, sizeof text, "{\"specversion\":\"1.0\",\"id\":\"%081d\",\"source\":\"s\",\"type\":\"t\",\"data\":{}}", 1);
    assert_int_equal(gl_envelope_parse(text, strlen(text), &e, &err), -EINVAL);
    assert_non_null(strstr(err.text, "at most 80"));
}

static void an_event_by_hand_needs_less(void **state) {
    (void)state;
    static const char good[] = "{\"time\":\"2026-11-23T11:16:57Z\",\"type\":\"greenlane.reading.plate\",\"data\":{}}";
    static const char no_time[] = "{\"type\":\"greenlane.reading.plate\",\"data\":{}}";
    struct gl_envelope e;
    struct gl_error err = {""};
    assert_int_equal(gl_envelope_parse_event(good, strlen(good), &e, &err), 0);
    assert_string_equal(e.id, "");
    gl_envelope_free(&e);
    assert_int_equal(gl_envelope_parse(good, strlen(good), &e, &err), -EINVAL);
    assert_int_equal(gl_envelope_parse_event(no_time, strlen(no_time), &e, &err), -EINVAL);
    assert_non_null(strstr(err.text, "time: missing"));
}

static void writes_what_it_reads(void **state) {
    (void)state;
    struct gl_envelope_out o = {.id = "i\"1",
                                .post = "north",
                                .type = "greenlane.decision",
                                .time = 1795432617123,
                                .subject = "lane/in-1",
                                .dataschema = "decision",
                                .stream = "lane/in-1",
                                .seq = 42,
                                .boot = "b-1",
                                .replayed = true,
                                .data = "{\"x\":null}"};
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(4096);
    gl_envelope_write(&out, &o);
    assert_string_equal(
        out.data,
        "{\"specversion\":\"1.0\",\"id\":\"i\\\"1\",\"source\":\"/greenlane/north\",\"type\":\"greenlane.decision\","
        "\"time\":\"2026-11-23T11:16:57.123Z\",\"subject\":\"lane/in-1\",\"dataschema\":\"urn:greenlane:schema:decision\","
        "\"datacontenttype\":\"application/json\",\"sequence\":\"42\",\"stream\":\"lane/in-1\",\"boot\":\"b-1\","
        "\"replayed\":true,\"data\":{\"x\":null}}");
    struct gl_envelope e;
    struct gl_error err = {""};
    assert_int_equal(gl_envelope_parse(out.data, out.len, &e, &err), 0);
    assert_string_equal(e.id, "i\"1");
    gl_envelope_free(&e);
}

static void leaves_out_what_is_not_there(void **state) {
    (void)state;
    struct gl_envelope_out o = {.id = "1", .post = "north", .type = "t", .data = "{}"};
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(4096);
    gl_envelope_write(&out, &o);
    assert_string_equal(out.data,
                        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/greenlane/north\",\"type\":\"t\","
                        "\"datacontenttype\":\"application/json\",\"data\":{}}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_full_envelope),
        cmocka_unit_test(refuses_with_the_reason),
        cmocka_unit_test(refuses_an_id_that_would_be_cut),
        cmocka_unit_test(an_event_by_hand_needs_less),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(leaves_out_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
