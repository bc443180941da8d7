/* Files to records: which format a file is in, and JSON lines, good, bad and hostile. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "import_bench.h"

/* ---- JSON lines -------------------------------------------------------------------------------------------------------------------------- */

#define M(value)                                                                           \
    "{\"collection\":\"movements\",\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"" value \
    "\"},\"version\":1,\"kind\":\"goods\",\"state\":\"ready\"}}"

static void lines_with_defaults(void **state GL_UNUSED) {
    static const char text[] =
        "\xEF\xBB\xBF" M("gmra00000001") "\r\n\n   \n" M("GMRA00000002") "\n"
        "{\"collection\":\"declarations\",\"epoch\":\"e\",\"seq\":3,\"op\":\"cancel\",\"as_of\":\"2026-05-04T10:00:00Z\","
        "\"body\":{\"ref\":{\"type\":\"mrn\",\"value\":\"x1\"}}}";
    struct result res = {0};
    struct gl_error err = {""};
    assert_int_equal(import(text, sizeof text - 1, &res, &err), 0);
    assert_int_equal(res.records, 3);
    assert_non_null(strstr(res.json.data, "\"epoch\":null,\"seq\":0,\"op\":\"upsert\",\"as_of\":null"));
    assert_non_null(strstr(res.json.data, "GMRA00000001"));
    assert_non_null(strstr(res.json.data, "\"epoch\":\"e\",\"seq\":3,\"op\":\"cancel\""));
    /* What is printed can be imported again. */
    struct result again = {0};
    assert_int_equal(import(res.json.data, res.json.len, &again, &err), 0);
    assert_string_equal(again.json.data, res.json.data);
    gl_buf_free(&res.json);
    gl_buf_free(&again.json);
}

#define T(epc)                                                                      \
    "{\"collection\":\"tags\",\"body\":{\"ref\":{\"type\":\"epc\",\"value\":\"" epc \
    "\"},\"version\":1,\"state\":\"active\",\"plate\":\"NC15REG\"}}"

static void lines_of_the_registry(void **state GL_UNUSED) {
    static const char text[] = T("e2 00") "\n" T("e2 0") "\n" T("E201") "\n"
        "{\"collection\":\"tags\",\"op\":\"cancel\",\"body\":{\"ref\":{\"type\":\"epc\",\"value\":\"e200\"}}}";
    struct result res = {0};
    struct gl_error err = {""};
    assert_int_equal(import(text, sizeof text - 1, &res, &err), 1);
    assert_int_equal(res.records, 3);
    assert_string_equal(res.where, "line 2");
    assert_non_null(strstr(res.reason, "\"e2 0\" is no EPC"));
    assert_non_null(
        strstr(res.json.data, "\"value\":\"E200\"},\"version\":1,\"state\":\"active\",\"role\":\"vehicle\",\"plate\":\"NC15REG\""));
    assert_non_null(
        strstr(res.json.data, "\"op\":\"cancel\",\"as_of\":null,\"body\":{\"ref\":{\"type\":\"epc\",\"value\":\"E200\"}"));
    struct result again = {0};
    assert_int_equal(import(res.json.data, res.json.len, &again, &err), 0);
    assert_string_equal(again.json.data, res.json.data);
    gl_buf_free(&res.json);
    gl_buf_free(&again.json);
}

static void good_lines_go_on(void **state GL_UNUSED) {
    static const char text[] = M("A1") "\n{\"collection\":\"movements\"}\n" M("A2") "\n{\"collection\n" M("A3");
    struct result res = {0};
    struct gl_error err = {""};
    assert_int_equal(import(text, sizeof text - 1, &res, &err), 2);
    assert_int_equal(res.records, 3);
    assert_int_equal(res.refusals, 2);
    assert_string_equal(res.where, "line 4");
    gl_buf_free(&res.json);
}

static void bad_lines(void **state GL_UNUSED) {
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"{\"collection\":\"movements\",\"collection\":\"movements\"}", "uplicate"},
        {"{\"collection\":\"movements\",\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"A\",\"value\":\"B\"}}}", "uplicate"},
        {M("A") " trailing", "end of file expected"},
        {"{\"gmrId\":\"GMRA00000001\",\"updatedDateTime\":\"2026-05-04T10:00:00Z\",\"collection\":\"movements\"}", "gmrId"},
        {"{\"collection\":\"movements\",\"body\":{\"ref\":{\"type\":\"gmr\",\"val", "no valid JSON"},
        {"{\"collection\":\"people\",\"body\":{}}", "collection"},
        {"{\"collection\":\"movements\",\"op\":\"heartbeat\"}", "heartbeat"},
        {"{\"collection\":\"movements\",\"seq\":4,\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"A\"},\"version\":1,\"kind\":"
         "\"goods\",\"state\":"
         "\"ready\"}}",
         "epoch"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"A\"},\"version\":1,"
         "\"kind\":\"goods\","
         "\"state\":\"ready\"}}",
         "seq"},
        {"{\"collection\":\"movements\",\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"\xC3\x28\"}}}", "UTF-8"},
        {"{\"collection\":\"movements\",\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"a\\u0000b\"}}}", ""},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) refused(bad[i].text, "line 1", bad[i].reason);
}

static void hostile_lines(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(4 << 20);
    gl_buf_text(&b, "{\"collection\":");
    for (int i = 0; i < 100000; i++) gl_buf_char(&b, '['); /* depth bomb */
    refused(b.data, "line 1", "");
    gl_buf_reset(&b);
    gl_buf_char(&b, '{');
    for (int i = 0; i < 1100000; i++) gl_buf_char(&b, ' ');
    gl_buf_text(&b, "}");
    refused(b.data, "line 1", "longer than");
    gl_buf_reset(&b);
    gl_buf_text(
        &b,
        "{\"collection\":\"movements\",\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"A\"},\"version\":1,\"kind\":\"goods\","
        "\"state\":\"ready\",\"declarations\":[");
    for (int i = 0; i < 257; i++) gl_buf_printf(&b, "%s{\"type\":\"mrn\",\"value\":\"D%d\"}", i ? "," : "", i);
    gl_buf_text(&b, "]}}");
    refused(b.data, "line 1", "body.declarations");
}

static void files_that_are_neither(void **state GL_UNUSED) {
    unreadable("", 0, "empty");
    unreadable(" \n\t\r\n", 5, "only blanks");
    unreadable("[{\"collection\":\"movements\"}]", 28, "JSON list");
    unreadable("{\n  \"collection\": \"movements\"\n}", 31, "one object a line");
    unreadable("collection;ref", 14, "neither");
    unreadable("\xFF\xFE{\0\"\0", 6, "UTF-8");
    unreadable("PK\x03\x04\0\0\0\0", 8, "UTF-8");
}

static void sink_may_stop(void **state GL_UNUSED) {
    struct result res = {.stop = -ENOSPC};
    struct gl_error err = {""};
    assert_int_equal(import(M("A1") "\n" M("A2"), strlen(M("A1") "\n" M("A2")), &res, &err), -ENOSPC);
    assert_int_equal(res.records, 1);
    assert_non_null(strstr(err.text, "line 1"));
    gl_buf_free(&res.json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_with_defaults), cmocka_unit_test(lines_of_the_registry), cmocka_unit_test(good_lines_go_on),
        cmocka_unit_test(bad_lines),           cmocka_unit_test(hostile_lines),         cmocka_unit_test(files_that_are_neither),
        cmocka_unit_test(sink_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
