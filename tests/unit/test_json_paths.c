/* JSON by paths: events, exact numbers, and what is refused with its place. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "feed/json_paths.h"

struct told {
    struct gl_buf out;
    const char *stop_at; /* the path whose text is refused; NULL = none */
};

static int on_open(void *user, const char *path, struct gl_error *err GL_UNUSED) {
    struct told *t = user;
    gl_buf_printf(&t->out, "<%s ", path);
    return 0;
}

static int on_text(void *user, const char *path, const char *text, struct gl_error *err) {
    struct told *t = user;
    if (t->stop_at && strcmp(t->stop_at, path) == 0) return gl_fail(err, -EDOM, "not this one");
    gl_buf_printf(&t->out, "%s=%s ", path, text);
    return 0;
}

static int on_close(void *user, const char *path, struct gl_error *err GL_UNUSED) {
    struct told *t = user;
    gl_buf_printf(&t->out, "%s> ", path);
    return 0;
}

static const struct gl_xml_events events = {on_open, on_text, on_close};

/* Reads an exact heap copy, so that a read past the end shows. */
static int read_copy(const char *json, size_t len, struct told *t, struct gl_xml_place *where, struct gl_error *err) {
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, json, len);
    t->out = GL_BUF(1 << 20);
    int rc = gl_json_read(copy, len, &events, t, where, err);
    free(copy);
    return rc;
}

static void gives(const char *json, const char *want) {
    struct told t = {.stop_at = NULL};
    struct gl_xml_place where;
    struct gl_error err = {""};
    int rc = read_copy(json, strlen(json), &t, &where, &err);
    if (rc != 0) fail_msg("%s: %d %s at %s", json, rc, err.text, where.path);
    if (strcmp(t.out.data ? t.out.data : "", want) != 0) fail_msg("%s gives\n  %s not\n  %s", json, t.out.data, want);
    gl_buf_free(&t.out);
}

static void refused_bytes(const char *json, size_t len, int code, const char *path, unsigned line, const char *reason) {
    struct told t = {.stop_at = NULL};
    struct gl_xml_place where;
    struct gl_error err = {""};
    int rc = read_copy(json, len, &t, &where, &err);
    if (rc != code) fail_msg("%.200s: %d (%s), not %d", json, rc, err.text, code);
    if (!strstr(err.text, reason)) fail_msg("%.200s: \"%s\" does not say \"%s\"", json, err.text, reason);
    assert_string_equal(where.path, path);
    assert_int_equal(where.line, line);
    gl_buf_free(&t.out);
}

static void refused(const char *json, const char *path, unsigned line, const char *reason) {
    refused_bytes(json, strlen(json), -EBADMSG, path, line, reason);
}

static void paths_of_objects_and_lists(void **state GL_UNUSED) {
    gives("{}", "< > ");
    gives("[]", "");
    gives("{\"a\":{\"b\":\"x\"},\"c\":\"y\"}", "< </a </a/b /a/b=x /a/b> /a> </c /c=y /c> > ");
    gives("{\"a\":[\"x\",\"y\"],\"b\":[]}", "< </a /a=x /a> </a /a=y /a> > ");
    gives("[{\"a\":1},{\"a\":2}]", "< </a /a=1 /a> > < </a /a=2 /a> > ");
    gives("[[1],[[2]]]", "< =1 > < =2 > ");
    gives(" \r\n\t\"x\" ", "< =x > ");
    gives("\xEF\xBB\xBF{\"a\":1}", "< </a /a=1 /a> > ");
    gives("{\"a/b\":{\"c~\":1},\"\":2}", "< </a~1b </a~1b/c~0 /a~1b/c~0=1 /a~1b/c~0> /a~1b> </~ /~=2 /~> > ");
    gives("{\"a\":{\"x\":1},\"b\":{\"x\":1}}", "< </a </a/x /a/x=1 /a/x> /a> </b </b/x /b/x=1 /b/x> /b> > ");
}

static void values_as_text(void **state GL_UNUSED) {
    gives("[true,false]", "< =true > < =false > ");
    gives("{\"a\":null,\"b\":\"\",\"c\":\"  \"}", "< </a /a> </b /b> </c /c> > ");
    gives("[0,-1,12345678901234567890123,1.10,-0.000,1E5,2.5e-3]",
          "< =0 > < =-1 > < =12345678901234567890123 > < =1.10 > < =-0.000 > < =1E5 > < =2.5e-3 > ");
    gives("\" a  b \"", "< =a  b > ");
    gives("\"\\\"\\\\\\/\\b\\f\\n\\r\\tx\"", "< =\"\\/\b\f\n\r\tx > ");
    gives("\"\\u0041\\u00e4\\u20AC\\ud83d\\uDE9A\"", "< =A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\x9A > ");
    gives("\"\xC3\xA4\"", "< =\xC3\xA4 > ");
}

static void forms_that_are_refused(void **state GL_UNUSED) {
    refused("", "/", 1, "the document ends where a value is needed");
    refused("  ", "/", 1, "ends where");
    refused("{\"a\":1", "/", 1, "column 7: the document ends where a comma or a closing brace");
    refused("{\"a\":\n\n tru}", "/a", 3, "column 2: no valid JSON; a value is needed");
    refused("{\"a\":1,}", "/", 1, "a member's name in quotes");
    refused("{a:1}", "/", 1, "a member's name in quotes");
    refused("{\"a\" 1}", "/a", 1, "a colon");
    refused("[1,]", "/", 1, "a value");
    refused("[1 2]", "/", 1, "a closing bracket");
    refused("{\"a\":1}{", "/", 1, "the end of the document");
    refused("{\"a\":\"x\ny\"}", "/a", 1, "closing quote");
    refused("\"x", "/", 1, "closing quote");
    refused("\"\\x\"", "/", 1, "behind a backslash");
    refused("\"\\u12g4\"", "/", 1, "hexadecimal");
    refused("\"\\u123", "/", 1, "hexadecimal");
    refused("\"\\ud800\"", "/", 1, "surrogate");
    refused("\"\\ud800\\u0041\"", "/", 1, "surrogate");
    refused("\"\\udc00\"", "/", 1, "surrogate");
    refused("\"a\\u0000b\"", "/", 1, "NUL");
    refused("01", "/", 1, "leading zeros");
    refused("-", "/", 1, "a value");
    refused("+1", "/", 1, "a value");
    refused("1.", "/", 1, "decimal point");
    refused("1.e5", "/", 1, "decimal point");
    refused("1e", "/", 1, "exponent");
    refused("NaN", "/", 1, "a value");
    refused("/* c */ 1", "/", 1, "a value");
    refused("{\"a\":1,\"b\":{\"a\":2,\"a\":3}}", "/b", 1, "\"a\" stands twice");
    refused("{\"a\":1,\n\"\\u0061\":2}", "/", 2, "\"a\" stands twice");
    refused_bytes("\"\xC3(\"", 4, -EBADMSG, "/", 1, "UTF-8");
    refused_bytes("{\"a\":\0}", 7, -EBADMSG, "/", 1, "UTF-8");
    refused_bytes("\xFF\xFE{\0}\0", 6, -EBADMSG, "/", 1, "UTF-8");
}

static void repeat(struct gl_buf *b, const char *text, int times) {
    for (int i = 0; i < times; i++) gl_buf_text(b, text);
}

static void limits_hold(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(16 << 20);
    repeat(&b, "[", 100000);
    refused_bytes(b.data, b.len, -E2BIG, "/", 1, "deeper than 32");
    gl_buf_reset(&b);
    repeat(&b, "{\"a\":", 33);
    refused_bytes(b.data, b.len, -E2BIG, "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", 1, "deeper");
    gl_buf_reset(&b);
    gl_buf_char(&b, '"');
    repeat(&b, "x", GL_JSON_TEXT + 1);
    refused_bytes(b.data, b.len, -E2BIG, "/", 1, "more than 65536 bytes of text");
    gl_buf_reset(&b);
    gl_buf_text(&b, "[0");
    repeat(&b, ",0", GL_JSON_VALUES);
    gl_buf_text(&b, "]");
    refused_bytes(b.data, b.len, -E2BIG, "/", 1, "more than 1048576 values");
    gl_buf_reset(&b);
    gl_buf_char(&b, '{');
    for (int i = 0; i <= GL_JSON_MEMBERS; i++) gl_buf_printf(&b, "\"m%d\":0,", i);
    refused_bytes(b.data, b.len, -E2BIG, "/", 1, "more than 512 members");
    gl_buf_reset(&b);
    gl_buf_text(&b, "{\"");
    repeat(&b, "n", GL_XML_PATH);
    gl_buf_text(&b, "\":1}");
    refused_bytes(b.data, b.len, -E2BIG, "/", 1, "names too long");
    gl_buf_reset(&b);
    repeat(&b, " ", GL_JSON_SIZE + 1);
    refused_bytes(b.data, b.len, -E2BIG, "/", 1, "at most 8388608");
}

/* Names of objects that are closed are forgotten: many objects in a list take no more room than one. */
static void many_objects_fit(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(8 << 20);
    gl_buf_text(&b, "[{\"name\":1}");
    repeat(&b, ",{\"name\":1,\"other\":{\"name\":2}}", 20000);
    gl_buf_text(&b, "]");
    struct told t = {.stop_at = NULL};
    struct gl_xml_place where;
    struct gl_error err = {""};
    assert_int_equal(read_copy(b.data, b.len, &t, &where, &err), 0);
    gl_buf_free(&t.out);
}

static void callbacks_end_the_reading(void **state GL_UNUSED) {
    static const char json[] = "{\"a\":1,\n\"b\":{\"c\":\"no\",\"d\":1}}";
    struct told t = {.stop_at = "/b/c"};
    struct gl_xml_place where;
    struct gl_error err = {""};
    assert_int_equal(read_copy(json, sizeof json - 1, &t, &where, &err), -EDOM);
    assert_string_equal(err.text, "not this one");
    assert_string_equal(where.path, "/b/c");
    assert_int_equal(where.line, 2);
    assert_null(strstr(t.out.data, "/b/d"));
    gl_buf_free(&t.out);
}

static struct gl_json_shape peek(const char *json) {
    struct gl_json_shape shape;
    gl_json_peek(json, strlen(json), &shape);
    return shape;
}

static void a_peek_tells_the_members(void **state GL_UNUSED) {
    struct gl_json_shape s = peek("\xEF\xBB\xBF {\"data\":\"TRIP\",\"list\":[1,2],\"sub\":{\"inner\":1},\"n\":null}");
    assert_false(s.list);
    assert_int_equal(s.n, 4);
    assert_true(gl_json_has(&s, "sub") && gl_json_has(&s, "n") && !gl_json_has(&s, "inner"));
    assert_true(gl_json_is(&s, "data", "TRIP") && !gl_json_is(&s, "data", "TRI") && !gl_json_is(&s, "gone", ""));
    s = peek("[{\"id\":\"a\"},{\"other\":1}, not json");
    assert_true(s.list && s.n == 1 && gl_json_is(&s, "id", "a"));
    s = peek("{\"collection\":\"movements\"}\n{\"b\":1}\n"); /* JSON lines: the first */
    assert_true(s.n == 1 && gl_json_has(&s, "collection"));
    s = peek("{\"a\":1, broken");
    assert_true(s.n == 1);
    s = peek("{\"long\":\"0123456789012345678901234567890123456789\"}");
    assert_true(gl_json_is(&s, "long", ""));
    assert_int_equal(peek("").n + peek("<a/>").n + peek("[]").n + peek("[1]").n, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_of_objects_and_lists), cmocka_unit_test(values_as_text),
        cmocka_unit_test(forms_that_are_refused),     cmocka_unit_test(limits_hold),
        cmocka_unit_test(many_objects_fit),           cmocka_unit_test(callbacks_end_the_reading),
        cmocka_unit_test(a_peek_tells_the_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
