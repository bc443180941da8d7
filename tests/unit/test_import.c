/* Files to records: JSON lines and NCTS messages, good, bad and hostile. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/import.h"

struct result {
    int records, refusals;
    int stop;                     /* what record() returns */
    char where[256], reason[400]; /* of the last refusal */
    struct gl_buf json;
};

static int on_record(void *user, const struct gl_feed_record *r) {
    struct result *res = user;
    struct gl_feed_record *again = malloc(sizeof *again);
    struct gl_error err = {""};
    assert_non_null(again);
    memcpy(again, r, sizeof *again);
    if (gl_feed_record_normalise(again, &err) < 0) fail_msg("not normalised: %s", err.text);
    assert_memory_equal(again, r, sizeof *again);
    free(again);
    res->records++;
    gl_feed_record_to_json(r, &res->json);
    gl_buf_char(&res->json, '\n');
    return res->stop;
}

static void on_bad(void *user, const char *where, const char *reason) {
    struct result *res = user;
    res->refusals++;
    assert_true(where[0] && reason[0]);
    gl_clip(res->where, sizeof res->where, where);
    gl_clip(res->reason, sizeof res->reason, reason);
}

/* Imports an exact heap copy, so that a read past the end shows. */
static int import(const void *bytes, size_t len, struct result *res, struct gl_error *err) {
    const struct gl_import_sink sink = {res, on_record, on_bad};
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    res->json = GL_BUF(8 << 20);
    int rc = gl_import(copy, len, &sink, err);
    free(copy);
    return rc;
}

/* A text from which nothing but one refusal comes. */
static void refused(const char *text, const char *where, const char *reason) {
    struct result res = {0};
    struct gl_error err = {""};
    int rc = import(text, strlen(text), &res, &err);
    if (rc != 1 || res.refusals != 1) fail_msg("%d, %s: not refused once: %.200s", rc, err.text, text);
    assert_int_equal(res.records, 0);
    if (!strstr(res.where, where)) fail_msg("place \"%s\", not \"%s\"", res.where, where);
    if (!strstr(res.reason, reason)) fail_msg("\"%s\" does not say \"%s\"", res.reason, reason);
    gl_buf_free(&res.json);
}

/* A text that is refused as a whole. */
static void unreadable(const void *bytes, size_t len, const char *reason) {
    struct result res = {0};
    struct gl_error err = {""};
    assert_true(import(bytes, len, &res, &err) < 0);
    assert_int_equal(res.records + res.refusals, 0);
    if (!strstr(err.text, reason)) fail_msg("\"%s\" does not say \"%s\"", err.text, reason);
    gl_buf_free(&res.json);
}

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
        {"{\"collection\":\"movements\",\"body\":{\"ref\":{\"type\":\"gmr\",\"val", "no valid JSON"},
        {"{\"collection\":\"lookouts\",\"body\":{}}", "collection"},
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
    assert_int_equal(gl_import_detect((const uint8_t *)"\xEF\xBB\xBF <a/>", 8), GL_IMPORT_NCTS);
    assert_int_equal(gl_import_detect((const uint8_t *)"\n{}", 3), GL_IMPORT_JSONL);
    assert_int_equal(gl_import_detect((const uint8_t *)"x", 1), GL_IMPORT_UNKNOWN);
    assert_int_equal(gl_import_detect(NULL, 0), GL_IMPORT_UNKNOWN);
}

static void sink_may_stop(void **state GL_UNUSED) {
    struct result res = {.stop = -ENOSPC};
    struct gl_error err = {""};
    assert_int_equal(import(M("A1") "\n" M("A2"), strlen(M("A1") "\n" M("A2")), &res, &err), -ENOSPC);
    assert_int_equal(res.records, 1);
    assert_non_null(strstr(err.text, "line 1"));
    gl_buf_free(&res.json);
}

/* ---- NCTS -------------------------------------------------------------------------------------------------------------------------------- */

static char *read_whole(const char *name, const char *ending, size_t *ret_len) {
    char path[512];
    gl_format(path, sizeof path, SOURCE_DIR "/tests/samples/ncts/%s%s", name, ending);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s: cannot open", path);
    char *bytes = calloc(1, 65536);
    assert_non_null(bytes);
    *ret_len = fread(bytes, 1, 65535, f);
    fclose(f);
    return bytes;
}

static void samples_give_their_goldens(void **state GL_UNUSED) {
    static const char *const names[] = {"cc015c-truck-trailer", "cc015c-tir-border", "cc029c-release", "cc029c-house-means"};
    for (size_t i = 0; i < GL_COUNT(names); i++) {
        size_t len, golden_len;
        char *xml = read_whole(names[i], ".xml", &len), *golden = read_whole(names[i], ".json", &golden_len);
        struct result res = {0};
        struct gl_error err = {""};
        int rc = import(xml, len, &res, &err);
        if (rc != 0) fail_msg("%s: %s: %s", names[i], res.where, res.reason);
        assert_string_equal(res.json.data, golden);
        assert_null(strstr(res.json.data, "not to be read"));
        gl_buf_free(&res.json);
        for (size_t cut = 1; cut < len; cut += 97) { /* a file cut short never gives a record */
            struct result part = {0};
            if (import(xml, len - cut, &part, &err) == 0 && part.records > 0 && cut > 2)
                fail_msg("%s without %zu bytes", names[i], cut);
            gl_buf_free(&part.json);
        }
        free(xml);
        free(golden);
    }
}

#define TIME "<preparationDateAndTime>2026-05-04T08:15:30</preparationDateAndTime>"
#define LRN "<TransitOperation><LRN>L1</LRN></TransitOperation>"
#define CC015C(inside) "<CC015C>" TIME LRN inside "</CC015C>"
#define MEANS(type, plate)                                                                                       \
    "<DepartureTransportMeans><typeOfIdentification>" type "</typeOfIdentification><identificationNumber>" plate \
    "</identificationNumber></DepartureTransportMeans>"

static void bad_messages(void **state GL_UNUSED) {
    static const struct {
        const char *text, *where, *reason;
    } bad[] = {
        {"<html></html>", "/html", "CC015C and CC029C"},
        {"<CC014C>" TIME "</CC014C>", "/CC014C", "CC015C and CC029C"},
        {"<CC015C>" TIME "</CC015C>", "/CC015C/TransitOperation/LRN", "missing"},
        {"<CC015C>" LRN "</CC015C>", "/CC015C/preparationDateAndTime", "missing"},
        {"<CC029C>" TIME LRN "</CC029C>", "/CC029C/TransitOperation/MRN", "missing"},
        {"<CC029C>" TIME "<TransitOperation><MRN/></TransitOperation></CC029C>", "/CC029C/TransitOperation/MRN", "missing"},
        {CC015C("<Consignment><grossMass>12,5</grossMass></Consignment>"), "/CC015C/Consignment/grossMass", "1234.5"},
        {CC015C("<Consignment><grossMass>-1</grossMass></Consignment>"), "/CC015C/Consignment/grossMass", "kilograms"},
        {CC015C("<Consignment><grossMass>1e3</grossMass></Consignment>"), "/CC015C/Consignment/grossMass", "kilograms"},
        {CC015C("<Consignment><grossMass>1.</grossMass></Consignment>"), "/CC015C/Consignment/grossMass", "kilograms"},
        {CC015C("<Consignment><grossMass>10000000000</grossMass></Consignment>"), "/CC015C/Consignment/grossMass", "kilograms"},
        {CC015C("<Consignment><grossMass>1</grossMass><grossMass>1</grossMass></Consignment>"), "grossMass", "twice"},
        {CC015C("") "<CC015C/>", "", "junk"},
        {CC015C(LRN), "/CC015C/TransitOperation/LRN", "twice"},
        {CC015C("<TransitOperation><limitDate>2026-02-30</limitDate></TransitOperation>"), "limitDate", "2026-05-04"},
        {CC015C("<TransitOperation><limitDate>soon</limitDate></TransitOperation>"), "limitDate", "2026-05-04"},
        {"<CC015C><preparationDateAndTime>2026-05-04</preparationDateAndTime></CC015C>", "preparationDateAndTime", "no time"},
        {"<CC015C>" TIME "<TransitOperation><LRN>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA</LRN></TransitOperation></CC015C>", "LRN",
         "longer"},
        {CC015C("loose words"), "/CC015C", "text stands beside"},
        {"<CC015C>words" TIME "</CC015C>", "/CC015C", "text stands beside"},
        {"<CC015C>words</CC015C>", "/CC015C", "elements are needed"},
        {CC015C("<Consignment>" MEANS("30", "?????") "</Consignment>"), "/CC015C", "body.means[0].plate"},
        {CC015C("<Consignment>" MEANS("30", "unknown") "</Consignment>"), "/CC015C", "body.means[0].plate"},
        {"<CC015C>" TIME, "/CC015C", "no element found"},
        {"<CC015C>" TIME LRN "</CC029C>", "/CC015C", "mismatched"},
        {"<CC015C>&lol;</CC015C>", "/CC015C", "entity"},
        {"<x:CC015C/>", "/", "prefix"},
        {"<?xml version=\"1.0\" encoding=\"windows-1257\"?><CC015C/>", "/", "UTF-8"},
        {"<CC015C>" TIME "<TransitOperation><LRN>\xC3\x28</LRN></TransitOperation></CC015C>", "LRN", "not well-formed"},
        {"<!DOCTYPE CC015C><CC015C/>", "/", "DOCTYPE"},
        {"<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;\">]><CC015C>&c;</CC015C>", "/", "DOCTYPE"},
        {"<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><CC015C/>", "/", "DOCTYPE"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) refused(bad[i].text, bad[i].where, bad[i].reason);
}

static void repeat(struct gl_buf *b, const char *before, const char *again, int times, const char *after) {
    gl_buf_reset(b);
    gl_buf_text(b, before);
    for (int i = 0; i < times; i++) gl_buf_text(b, again);
    gl_buf_text(b, after);
    assert_false(b->failed);
}

#define ITEMS(inside) "<CC015C>" TIME LRN "<Consignment><HouseConsignment>" inside
#define ITEMS_END "</HouseConsignment></Consignment></CC015C>"

static void hostile_messages(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(16 << 20);
    repeat(&b, "<CC015C>", "<a>", 200000, "");
    refused(b.data, "/CC015C/a", "nested deeper than 32");
    repeat(&b, "<CC015C><LRN>", " ", 70000, "</LRN></CC015C>");
    refused(b.data, "/CC015C/LRN", "65536 bytes of text");
    repeat(&b, "<CC015C><LRN>", "x", 70000, "</LRN></CC015C>");
    refused(b.data, "/CC015C/LRN", "65536 bytes of text");
    repeat(&b, "<CC015C><", "n", 2000, "/></CC015C>");
    refused(b.data, "/CC015C", "names too long");
    repeat(&b, "<CC015C>", "<a/>", 2200000, "</CC015C>");
    refused(b.data, "/", "8388608");
    repeat(&b, ITEMS(""), "<ConsignmentItem/>", 2000, ITEMS_END);
    refused(b.data, "/CC015C/Consignment/HouseConsignment/ConsignmentItem", "more than 1999 goods");
    repeat(&b, "<CC015C>" TIME LRN "<Consignment>", MEANS("30", "A1"), 17, "</Consignment></CC015C>");
    refused(b.data, "/CC015C/Consignment/DepartureTransportMeans", "more than 16");
    repeat(&b, "<CC015C>" TIME LRN "<Consignment>",
           "<TransportEquipment><containerIdentificationNumber>C1</containerIdentificationNumber></TransportEquipment>", 33,
           "</Consignment></CC015C>");
    refused(b.data, "/CC015C/Consignment/TransportEquipment", "more than 32");
}

static void limits_are_reached(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(16 << 20);
    struct result res = {0};
    struct gl_error err = {""};
    repeat(&b, ITEMS(""),
           "<ConsignmentItem><Commodity><GoodsMeasure><grossMass>1.5</grossMass></GoodsMeasure></Commodity>"
           "<SupportingDocument><type>N1</type></SupportingDocument></ConsignmentItem>",
           1999, ITEMS_END);
    assert_int_equal(import(b.data, b.len, &res, &err), 0);
    assert_int_equal(res.records, 1);
    gl_buf_free(&res.json);
}

static void only_road_means_count(void **state GL_UNUSED) {
    static const char *const types[] = {"10", "11", "20", "21", "40", "41", "80", "99"};
    for (size_t i = 0; i < GL_COUNT(types); i++) {
        char text[600];
        struct result res = {0};
        struct gl_error err = {""};
        gl_format(text, sizeof text, "<CC015C>" TIME LRN "<Consignment>" MEANS("%s", "Spray") "</Consignment></CC015C>", types[i]);
        assert_int_equal(import(text, strlen(text), &res, &err), 0);
        assert_non_null(strstr(res.json.data, "\"means\":[]"));
        gl_buf_free(&res.json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_with_defaults), cmocka_unit_test(lines_of_the_registry),
        cmocka_unit_test(good_lines_go_on),    cmocka_unit_test(bad_lines),
        cmocka_unit_test(hostile_lines),       cmocka_unit_test(files_that_are_neither),
        cmocka_unit_test(sink_may_stop),       cmocka_unit_test(samples_give_their_goldens),
        cmocka_unit_test(bad_messages),        cmocka_unit_test(hostile_messages),
        cmocka_unit_test(limits_are_reached),  cmocka_unit_test(only_road_means_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
