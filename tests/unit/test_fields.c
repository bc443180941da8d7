/* The table walkers: JSON in and out, packed form in and out, and every refusal with its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the headers above first */
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/base64.h"
#include "model/fields.h"

static const char *const colours[] = {NULL, "red", "green", NULL};

struct wheel {
    char name[5];
    int64_t turns;
    double share;
};
static const struct gl_field wheel_fields_f[] = {
    GL_TEXT(wheel, name, GL_REQUIRED),
    GL_INT(wheel, turns, 0, 100, 0),
    GL_REAL(wheel, share, 0),
};
static GL_FIELDS(wheel_fields, wheel);

struct cart {
    char owner[9];
    uint8_t colour;
    uint8_t loaded;
    int64_t seats;
    double speed;
    int64_t built;
    int64_t weight;
    GL_BYTES(6) key;
    struct wheel spare;
    uint16_t n_wheels;
    struct wheel wheels[3];
    uint16_t n_notes;
    char notes[2][4];
    uint16_t n_marks;
    double marks[3];
    char tail[4];
};
static const struct gl_field cart_fields_f[] = {
    GL_TEXT(cart, owner, GL_REQUIRED),
    GL_ENUM(cart, colour, colours, 0),
    GL_TRI(cart, loaded, 0),
    GL_INT(cart, seats, -5, 100, 0),
    GL_REAL(cart, speed, 0),
    GL_TIME(cart, built, 0),
    GL_GRAMS(cart, weight, "weight_kg", 0),
    GL_BLOB(cart, key, 0),
    GL_STRUCT(cart, spare, &wheel_fields, 0),
    GL_STRUCTS(cart, wheels, &wheel_fields, 0),
    GL_TEXTS(cart, notes, 0),
    {.name = "marks", .type = GL_F_REAL, .min = 0, .max = 1, GL_AT_LIST(cart, marks)},
    GL_TEXT(cart, tail, GL_SKIP_NULL),
};
static GL_FIELDS(cart_fields, cart);

static const char full[] =
    "{\"owner\":\"Ž\\u001d\\\"\\\\x\",\"colour\":\"green\",\"loaded\":false,\"seats\":-5,\"speed\":0.1,"
    "\"built\":\"2026-11-23T11:16:57.123Z\",\"weight_kg\":38120.5,\"key\":\"AQID\","
    "\"spare\":{\"name\":\"s\",\"turns\":100,\"share\":null},"
    "\"wheels\":[{\"name\":\"a\",\"turns\":0,\"share\":1},{\"name\":\"b\",\"turns\":null,\"share\":2.5}],"
    "\"notes\":[\"x\",\"yyy\"],\"marks\":[0,0.25,1],\"tail\":\"end\"}";
static const char least[] =
    "{\"owner\":\"o\",\"colour\":null,\"loaded\":null,\"seats\":null,\"speed\":null,\"built\":null,\"weight_kg\":null,"
    "\"key\":null,\"spare\":null,\"wheels\":[],\"notes\":[],\"marks\":[]}";

static void assert_round_trip(const char *in, const char *expected) {
    GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(4096), packed = GL_BUF(4096);
    struct cart c, back;
    struct gl_error err = {""};
    if (gl_fields_parse(&cart_fields, in, strlen(in), &c, &err) < 0) fail_msg("refused: %s", err.text);
    gl_fields_to_json(&cart_fields, &c, &json);
    assert_false(json.failed);
    assert_string_equal(json.data, expected);

    gl_fields_pack(&cart_fields, &c, &packed);
    assert_false(packed.failed);
    struct gl_cursor at = gl_cursor(packed.data, packed.len);
    gl_fields_clear(&cart_fields, &back);
    assert_int_equal(gl_fields_unpack(&cart_fields, &at, &back), 0);
    assert_int_equal(gl_cursor_left(&at), 0);
    assert_memory_equal(&c, &back, sizeof c);
    gl_buf_free(&packed);
}

/* Whatever lay there before: of a list's elements those that came, and the rest of the struct to its last byte. */
static void nothing_of_before_shows(void **state) {
    (void)state;
    static const char *const carts[] = {full, least};
    for (size_t i = 0; i < GL_COUNT(carts); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(4096), again = GL_BUF(4096);
        struct cart c, back;
        assert_int_equal(gl_fields_parse(&cart_fields, carts[i], strlen(carts[i]), &c, NULL), 0);
        gl_fields_pack(&cart_fields, &c, &packed);
        struct gl_cursor at = gl_cursor(packed.data, packed.len);
        memset(&back, 0x55, sizeof back);
        assert_int_equal(gl_fields_unpack(&cart_fields, &at, &back), 0);
        gl_fields_pack(&cart_fields, &back, &again);
        assert_true(packed.len == again.len && memcmp(packed.data, again.data, packed.len) == 0);
        for (size_t k = back.n_wheels; k < GL_COUNT(back.wheels); k++) back.wheels[k] = c.wheels[k];
        memcpy(back.notes[back.n_notes], c.notes[c.n_notes], (GL_COUNT(back.notes) - back.n_notes) * sizeof back.notes[0]);
        for (size_t k = back.n_marks; k < GL_COUNT(back.marks); k++) back.marks[k] = c.marks[k];
        assert_memory_equal(&c, &back, sizeof c);
    }
}

static void round_trips(void **state) {
    (void)state;
    assert_round_trip(full, full);
    assert_round_trip("{\"owner\":\"o\"}", least);
    assert_round_trip(least, least);
}

static void absent_is_null(void **state) {
    (void)state;
    struct cart c;
    const char *in = "{\"owner\":\"o\"}";
    memset(&c, 0x55, sizeof c);
    assert_int_equal(gl_fields_parse(&cart_fields, in, strlen(in), &c, NULL), 0);
    assert_int_equal(c.colour, 0);
    assert_int_equal(c.loaded, GL_NULL);
    assert_true(c.seats == GL_INT_NULL && c.weight == GL_INT_NULL && c.spare.turns == GL_INT_NULL);
    assert_true(isnan(c.speed) && isnan(c.spare.share) && isnan(c.wheels[2].share) && isnan(c.marks[2]));
    assert_true(c.built == 0 && c.key.len == 0 && c.n_wheels == 0);
    assert_true(c.wheels[2].turns == GL_INT_NULL);
}

/* Each refusal, with the words that a user reads. */
static void refusals_say_where_and_what(void **state) {
    (void)state;
    static const struct {
        const char *in, *says;
    } cases[] = {
        {"{}", "owner: missing; a text of 1 to 8 bytes is needed"},
        {"{\"owner\":null}", "owner: null stands here; a text of 1 to 8 bytes is needed"},
        {"{\"owner\":\"\"}", "owner: empty; a text of 1 to 8 bytes is needed"},
        {"{\"owner\":\"123456789\"}", "owner: 9 bytes are too many; a text of 1 to 8 bytes is needed"},
        {"{\"owner\":7}", "owner: a whole number stands here; a text of 1 to 8 bytes is needed"},
        {"{\"owner\":\"a\\u0007\"}", "owner: control character U+0007 at byte 1 is not allowed"},
        {"{\"owner\":\"a\\u0000\"}", "line 1, column"},
        {"{\"owner\":\"o\",\"colour\":\"blue\"}", "colour: \"blue\" is not known; one of red, green is needed"},
        {"{\"owner\":\"o\",\"loaded\":1}", "loaded: a whole number stands here; true or false is needed"},
        {"{\"owner\":\"o\",\"seats\":101}", "seats: 101 is above 100"},
        {"{\"owner\":\"o\",\"seats\":-6}", "seats: -6 is below -5"},
        {"{\"owner\":\"o\",\"seats\":1.0}", "seats: a number with decimals stands here; a whole number from -5 to 100 is needed"},
        {"{\"owner\":\"o\",\"seats\":99999999999999999999}", "line 1, column"},
        {"{\"owner\":\"o\",\"speed\":\"1\"}", "speed: a text stands here; a number is needed"},
        {"{\"owner\":\"o\",\"speed\":1e999}", "line 1, column"},
        {"{\"owner\":\"o\",\"built\":\"2026-02-29T00:00:00Z\"}",
         "built: \"2026-02-29T00:00:00Z\" is no time; a time such as 2026-11-23T11:16:57.123Z is needed"},
        {"{\"owner\":\"o\",\"built\":\"1970-01-01T00:00:00Z\"}", "built: \"1970-01-01T00:00:00Z\" is not within 1970 to 9999"},
        {"{\"owner\":\"o\",\"built\":\"9999-12-31T23:59:59-01:00\"}",
         "built: \"9999-12-31T23:59:59-01:00\" is not within 1970 to 9999"},
        {"{\"owner\":\"o\",\"weight_kg\":1.0005}", "weight_kg: 1.0005 has too many decimals; kilograms from 0 to 1000000000"},
        {"{\"owner\":\"o\",\"weight_kg\":-1}", "weight_kg: -1 is below 0"},
        {"{\"owner\":\"o\",\"weight_kg\":1000000001}", "weight_kg: 1000000001 is too much"},
        {"{\"owner\":\"o\",\"key\":\"AQI\"}", "key: not base64"},
        {"{\"owner\":\"o\",\"key\":\"AQIDBAUGBw==\"}", "key: too long; base64 of at most 6 bytes is needed"},
        {"{\"owner\":\"o\",\"spare\":{}}", "spare.name: missing; a text of 1 to 4 bytes is needed"},
        {"{\"owner\":\"o\",\"spare\":[]}", "spare: a list stands here; an object is needed"},
        {"{\"owner\":\"o\",\"wheels\":{}}", "wheels: an object stands here; a list of at most 3 is needed"},
        {"{\"owner\":\"o\",\"wheels\":[{\"name\":\"a\"},{\"name\":\"b\",\"turns\":140}]}", "wheels[1].turns: 140 is above 100"},
        {"{\"owner\":\"o\",\"wheels\":[{\"name\":\"a\"},{}]}", "wheels[1].name: missing; a text of 1 to 4 bytes is needed"},
        {"{\"owner\":\"o\",\"wheels\":[{\"name\":\"a\",\"size\":1}]}",
         "wheels[0]: member \"size\" is not known; known are name, turns, share"},
        {"{\"owner\":\"o\",\"marks\":[0,0,0,0]}", "marks: 4 elements are too many; a list of at most 3 is needed"},
        {"{\"owner\":\"o\",\"marks\":[0.5,1.5]}", "marks[1]: 1.5 is above 1"},
        {"{\"owner\":\"o\",\"marks\":[null]}", "marks[0]: null stands here; a number from 0 to 1 is needed"},
        {"{\"owner\":\"o\",\"notes\":[\"\"]}", "notes[0]: empty; a text of 1 to 3 bytes is needed"},
        {"{\"owner\":\"o\",\"colr\":1}",
         "member \"colr\" is not known; known are owner, colour, loaded, seats, speed, built, weight_kg, key, ..."},
        {"{\"owner\":\"o\",\"owner\":\"p\"}", "line 1, column"},
        {"{\"owner\":\"o\"} x", "line 1, column"},
        {"{\"owner\":\"\xff\"}", "line 1, column"},
        {"{\"owner\":\"\\u0\xce\x30\"}", "line 1, column"},
        {"[]", "a list stands here; an object is needed"},
        {"", "line 1, column 0: no valid JSON"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct cart c, null;
        struct gl_error err = {""};
        gl_fields_clear(&cart_fields, &null);
        memset(&c, 0x55, sizeof c);
        assert_int_equal(gl_fields_parse(&cart_fields, cases[i].in, strlen(cases[i].in), &c, &err), -EINVAL);
        if (strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("%s\n  says     %s\n  expected %s", cases[i].in, err.text, cases[i].says);
        assert_true(gl_utf8_valid(err.text, strlen(err.text)));
        assert_memory_equal(&c, &null, sizeof c);
    }
}

static void depth_is_limited(void **state) {
    (void)state;
    char text[200];
    struct cart c;
    struct gl_error err;
    memset(text, '[', 17);
    memset(text + 17, ']', 17);
    assert_int_equal(gl_fields_parse(&cart_fields, text, 34, &c, &err), -EINVAL);
    assert_string_equal(err.text, "nested deeper than 16 levels");
    assert_int_equal(gl_fields_parse(&cart_fields, text + 1, 32, &c, &err), -EINVAL);
    assert_string_equal(err.text, "a list stands here; an object is needed");
    const char *brackets = "{\"owner\":\"o\",\"notes\":[\"[[[\",\"\\\"[[\",\"[[[\",\"[[[\",\"[[[\",\"[[[\"]}";
    assert_int_equal(gl_fields_parse(&cart_fields, brackets, strlen(brackets), &c, &err), -EINVAL);
    assert_string_equal(err.text, "notes: 6 elements are too many; a list of at most 2 is needed");
}

static void grams_keep_three_decimals(void **state) {
    (void)state;
    static const struct {
        const char *kg;
        int64_t grams;
        const char *out;
    } cases[] = {
        {"0", 0, "0"},
        {"0.001", 1, "0.001"},
        {"1.1", 1100, "1.1"},
        {"38120", 38120000, "38120"},
        {"0.070", 70, "0.07"},
        {"999999999.999", 999999999999, "999999999.999"},
        {"1e3", 1000000, "1000"},
        {"1000000000", 1000000000000, "1000000000"},
        {"4.35", 4350, "4.35"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(4096);
        char in[100], expected[60];
        struct cart c;
        snprintf(in, sizeof in, "{\"owner\":\"o\",\"weight_kg\":%s}", cases[i].kg);
        snprintf(expected, sizeof expected, "\"weight_kg\":%s,", cases[i].out);
        assert_int_equal(gl_fields_parse(&cart_fields, in, strlen(in), &c, NULL), 0);
        assert_true(c.weight == cases[i].grams);
        gl_fields_to_json(&cart_fields, &c, &json);
        assert_non_null(strstr(json.data, expected));
    }
}

static void reals_read_back(void **state) {
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0, "0"},         {-0.0, "0"},   {0.1, "0.1"},       {1.0 / 3, "0.3333333333333333"},   {1e300, "1e+300"},
                 {-52.5, "-52.5"}, {NAN, "null"}, {INFINITY, "null"}, {0.1 + 0.2, "0.30000000000000004"}};
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(100);
        gl_json_real(&b, cases[i].v);
        assert_string_equal(b.data, cases[i].text);
    }
}

static void strings_are_escaped(void **state) {
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", "\"\""},         {"a\"b\\c/", "\"a\\\"b\\\\c/\""},     {"\n\x1f\x1d", "\"\\u000a\\u001f\\u001d\""},
        {"Žß€😀", "\"Žß€😀\""}, {"a\xff\xc3", "\"a\\ufffd\\ufffd\""}, {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(100);
        gl_json_string(&b, cases[i].in);
        assert_string_equal(b.data, cases[i].out);
    }
}

/* Every cut, and every wrong byte that matters, is refused without a trace. */
static void bad_packed_bytes_are_refused(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(4096);
    struct cart c, back, null;
    gl_fields_clear(&cart_fields, &null);
    assert_int_equal(gl_fields_parse(&cart_fields, full, strlen(full), &c, NULL), 0);
    gl_fields_pack(&cart_fields, &c, &packed);
    for (size_t n = 0; n < packed.len; n++) {
        struct gl_cursor at = gl_cursor(packed.data, n);
        assert_int_equal(gl_fields_unpack(&cart_fields, &at, &back), -EBADMSG);
        assert_true(at.failed);
        assert_memory_equal(&back, &null, sizeof back);
    }
    /* owner: u16 6 and 6 bytes; then colour, loaded, seats (8), speed (8), built (8), weight (8), key (2+3) ... */
    static const struct {
        size_t at;
        uint8_t byte;
    } wrong[] = {{1, 9}, {2, 0xff}, {2, 0}, {8, 3}, {9, 3}, {10, 0}, {10, 0x70}, {18, 0x7f}, {26, 0x80}, {34, 0x70}, {43, 7}};
    for (size_t i = 0; i < GL_COUNT(wrong); i++) {
        char bytes[512];
        assert_in_range(packed.len, 50, sizeof bytes);
        memcpy(bytes, packed.data, packed.len);
        bytes[wrong[i].at] = (char)wrong[i].byte;
        if (wrong[i].at == 18) memcpy(bytes + 18, "\x7f\xf0\0\0\0\0\0\0", 8); /* infinity */
        struct gl_cursor at = gl_cursor(bytes, packed.len);
        if (gl_fields_unpack(&cart_fields, &at, &back) != -EBADMSG) fail_msg("case %zu was accepted", i);
    }
}

static void broken_structs_do_not_leave(void **state) {
    (void)state;
    struct cart good, c;
    gl_fields_clear(&cart_fields, &good);
    for (int i = 0; i < 4; i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(4096), json = GL_BUF(4096);
        c = good;
        if (i == 0) c.n_wheels = 4;
        if (i == 1) c.key.len = 7;
        if (i == 2) memset(c.owner, 'x', sizeof c.owner);
        if (i == 3) c.colour = 77;
        gl_fields_pack(&cart_fields, &c, &packed);
        gl_fields_to_json(&cart_fields, &c, &json);
        assert_true(packed.failed == (i < 3));
        assert_true(json.failed == (i < 2)); /* an open text is cut at its end, an unknown enum is null */
        gl_buf_free(&packed);
    }
}

static void enum_names(void **state) {
    (void)state;
    assert_int_equal(gl_enum_parse(colours, "red"), 1);
    assert_int_equal(gl_enum_parse(colours, "green"), 2);
    assert_int_equal(gl_enum_parse(colours, "Red"), 0);
    assert_int_equal(gl_enum_parse(colours, ""), 0);
    assert_int_equal(gl_enum_parse(colours, NULL), 0);
}

static void base64_has_one_spelling(void **state) {
    (void)state;
    static const char *const good[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"\xff\xef\xbe", "/+++"}};
    static const char *const bad[] = {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm 9", "=m9v", "Zg==Zm9v", "Zm-_"};
    uint8_t out[8];
    size_t n;
    for (size_t i = 0; i < GL_COUNT(good); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(100);
        gl_base64_add(&b, good[i][0], strlen(good[i][0]));
        assert_string_equal(b.data ? b.data : "", good[i][1]);
        assert_int_equal(gl_base64_decode(good[i][1], strlen(good[i][1]), out, sizeof out, &n), 0);
        assert_int_equal(n, strlen(good[i][0]));
        assert_memory_equal(out, good[i][0], n);
    }
    for (size_t i = 0; i < GL_COUNT(bad); i++)
        if (gl_base64_decode(bad[i], strlen(bad[i]), out, sizeof out, &n) != -EINVAL) fail_msg("%s was accepted", bad[i]);
    assert_int_equal(gl_base64_decode("Zm9vZm9vZm9v", 12, out, sizeof out, &n), -ENOBUFS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(nothing_of_before_shows),
        cmocka_unit_test(absent_is_null),
        cmocka_unit_test(refusals_say_where_and_what),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(grams_keep_three_decimals),
        cmocka_unit_test(reals_read_back),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(bad_packed_bytes_are_refused),
        cmocka_unit_test(broken_structs_do_not_leave),
        cmocka_unit_test(enum_names),
        cmocka_unit_test(base64_has_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
