/* Readings: the payload's exact form, every kind there and back, and what is refused. Also the settings that codecs read. */
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

#include "plugin.h"

static int from_text(const char *text, enum gl_reading_kind kind, struct gl_reading *r, struct gl_error *err) {
    json_t *data = json_loads(text, 0, NULL);
    assert_non_null(data);
    int rc = gl_reading_from_json(data, kind, r, err);
    json_decref(data);
    return rc;
}

static void set(char *dst, size_t size, const char *text) {
    assert_int_equal(gl_copy(dst, size, text), 0);
}

static void fill_plate(struct gl_reading *r) {
    gl_reading_init(r, GL_READING_PLATE);
    set(r->lane, sizeof r->lane, "in-1");
    set(r->device, sizeof r->device, "cam-1");
    r->received_at = 1795605417123;
    set(r->value.plate.text, sizeof r->value.plate.text, "NC15REG");
    set(r->value.plate.country, sizeof r->value.plate.country, "GB");
    r->value.plate.role = GL_ROLE_VEHICLE;
    r->confidence = 0.93;
}

static void payload_is_exact(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(8192);
    struct gl_reading r;
    fill_plate(&r);
    gl_reading_to_json(&r, &json);
    assert_string_equal(
        json.data,
        "{\"lane\":\"in-1\",\"device\":\"cam-1\",\"passage\":null,\"received_at\":\"2026-11-25T11:16:57.123Z\","
        "\"value\":{\"text\":\"NC15REG\",\"country\":\"GB\",\"region\":null,\"role\":\"vehicle\",\"direction\":null,"
        "\"characters\":[]},\"confidence\":0.93,\"candidates\":[],\"evidence\":[],\"late\":false,\"source_id\":null}");
    assert_int_equal(r.late, GL_NULL);
}

/* A vehicle whose plate could not be read is a value too, never null as a whole. */
static void unread_plate_is_a_value(void **state) {
    (void)state;
    GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(8192);
    struct gl_reading r;
    fill_plate(&r);
    r.value.plate.text[0] = '\0';
    gl_reading_to_json(&r, &json);
    assert_non_null(strstr(json.data, "\"value\":{\"text\":null,\"country\":\"GB\""));
}

#define HEAD "{\"lane\":\"in-1\",\"device\":\"d-1\",\"passage\":null,\"received_at\":\"2026-11-23T11:16:57.123Z\",\"value\":"
#define TAIL                                                                                                            \
    ",\"confidence\":0.5,\"candidates\":[{\"text\":\"A1\",\"confidence\":0.25},{\"text\":\"A2\",\"confidence\":null}]," \
    "\"evidence\":[{\"role\":\"plate\",\"media_type\":\"image/jpeg\",\"sha256\":\"ab\",\"ref\":\"ab/ab.jpg\"}],"        \
    "\"late\":true,\"source_id\":\"e-7\"}"

static void kinds_round_trip(void **state) {
    (void)state;
    static const struct {
        enum gl_reading_kind kind;
        const char *json;
    } cases[] = {
        {GL_READING_PLATE,
         HEAD "{\"text\":\"NC15REG\",\"country\":\"GB\",\"region\":\"x\",\"role\":\"trailer\",\"direction\":\"approach\","
              "\"characters\":[1,0.5,0]}" TAIL},
        {GL_READING_CODE, HEAD "{\"symbology\":\"]Q1\",\"text\":\"01\\u001d21\",\"data\":null,\"reference\":{\"type\":\"mrn\","
                               "\"value\":\"26EE\"},\"signature\":\"unknown_key\"}" TAIL},
        {GL_READING_CODE,
         HEAD "{\"symbology\":null,\"text\":null,\"data\":\"AP8=\",\"reference\":null,\"signature\":\"none\"}" TAIL},
        {GL_READING_TAG,
         HEAD "{\"epc\":\"3034257BF7194E4000001A85\",\"tid\":\"E28011052000\",\"uri\":\"urn:epc:id:sgtin:0614141.812345.6789\","
              "\"antenna\":2,\"rssi_dbm\":-52.5,\"count\":3}" TAIL},
        {GL_READING_TAG, HEAD "{\"epc\":null,\"tid\":null,\"uri\":null,\"antenna\":null,\"rssi_dbm\":null,\"count\":null}" TAIL},
        {GL_READING_RADIATION,
         HEAD "{\"phase\":\"occupancy\",\"gamma_alarm\":true,\"neutron_alarm\":false,\"fault\":\"joined\",\"tamper\":null,"
              "\"occupancy\":{\"start\":\"2026-11-23T11:16:50.000Z\",\"end\":\"2026-11-23T11:16:57.100Z\",\"counter\":637},"
              "\"gamma\":{\"samples\":69,\"alarm_samples\":7,\"background\":[397,398,427,433],\"peak\":2363,\"sigma\":22.1,"
              "\"group\":\"pillar1\",\"agrees\":true,\"background_suspect\":false},"
              "\"neutron\":{\"samples\":13,\"alarm_samples\":0,\"background\":2.641,\"peak\":6,\"total\":31,\"agrees\":null},"
              "\"speed_kmh\":5.58}" TAIL},
        {GL_READING_RADIATION,
         HEAD "{\"phase\":\"tamper\",\"gamma_alarm\":null,\"neutron_alarm\":null,\"fault\":null,\"tamper\":true,"
              "\"occupancy\":null,\"gamma\":null,\"neutron\":null,\"speed_kmh\":null}" TAIL},
        {GL_READING_CONTAINER, HEAD "{\"number\":\"MSCU9981402\",\"check_ok\":true}" TAIL},
        {GL_READING_PRESENCE, HEAD "{\"zone\":\"emergency-stop\",\"occupied\":false}" TAIL},
        {GL_READING_CLASS, HEAD "{\"class\":\"motorcycle\"}" TAIL},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(8192), packed = GL_BUF(8192), again = GL_BUF(8192);
        struct gl_reading r, back;
        struct gl_error err = {""};
        if (from_text(cases[i].json, cases[i].kind, &r, &err) < 0) fail_msg("%s", err.text);
        r.time = 5;
        r.received_mono = INT64_MAX;
        gl_reading_to_json(&r, &json);
        assert_string_equal(json.data, cases[i].json);
        gl_reading_pack(&r, &packed);
        assert_false(packed.failed);
        struct gl_cursor c = gl_cursor(packed.data, packed.len);
        memset(&back, 0x55, sizeof back);
        assert_int_equal(gl_reading_unpack(&c, &back), 0);
        assert_int_equal(gl_cursor_left(&c), 0);
        gl_reading_pack(&back, &again); /* what lies beyond a list's count is nobody's */
        assert_int_equal(again.len, packed.len);
        assert_memory_equal(again.data, packed.data, packed.len);
        gl_buf_free(&packed);
        gl_buf_free(&again);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        enum gl_reading_kind kind;
        const char *json, *says;
    } cases[] = {
        {GL_READING_CLASS, "{\"device\":\"d\",\"value\":{\"class\":\"car\"}}", "lane: missing; a text of 1 to 32 bytes is needed"},
        {GL_READING_CLASS, "{\"lane\":\"l\",\"device\":\"d\"}", "value: missing; an object is needed"},
        {GL_READING_CLASS, "{\"lane\":\"l\",\"device\":\"d\",\"value\":{}}",
         "value.class: missing; one of truck, car, bus, motorcycle, unknown is needed"},
        {GL_READING_CLASS, "{\"lane\":\"l\",\"device\":\"d\",\"value\":{\"class\":\"car\"},\"confidence\":1.01}",
         "confidence: 1.01 is above 1"},
        {GL_READING_CLASS, "{\"lane\":\"l\",\"device\":\"d\",\"value\":{\"class\":\"car\"},\"id\":\"x\"}",
         "member \"id\" is not known; known are lane, device, passage, received_at, value, confidence, candidates, evidence, ..."},
        {GL_READING_PLATE, "{\"lane\":\"l\",\"device\":\"d\",\"value\":{\"characters\":[1,1,1,140]}}",
         "value.characters[3]: 140 is above 1"},
        {GL_READING_PRESENCE, "{\"lane\":\"l\",\"device\":\"d\",\"value\":{\"zone\":\"entry\"}}",
         "value.occupied: missing; true or false is needed"},
        {GL_READING_CODE, "{\"lane\":\"l\",\"device\":\"d\",\"value\":{\"reference\":{\"type\":\"mrn\"}}}",
         "value.reference.value: missing; a text of 1 to 64 bytes is needed"},
        {GL_READING_SEAL, "{}",
         "readings of kind \"seal\" are not spoken by this version; it speaks plate, tag, code, container, radiation, presence and "
         "class"},
        {GL_READING_TAG, "{\"lane\":\"l\",\"device\":\"d\",\"value\":{\"epc\":\"30\",\"antenna\":0}}",
         "value.antenna: 0 is below 1"},
        {GL_READING_RADIATION, "{\"lane\":\"l\",\"device\":\"d\",\"value\":{\"gamma_alarm\":false}}", "value.phase: missing"},
        {GL_READING_RADIATION,
         "{\"lane\":\"l\",\"device\":\"d\",\"value\":{\"phase\":\"occupancy\",\"gamma\":{\"background\":[-1]}}}",
         "value.gamma.background[0]: -1 is below 0"},
        {GL_READING_NONE, "{}", "readings of kind \"none\""},
        {(enum gl_reading_kind)257, "{}", "readings of kind \"none\""},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct gl_reading r;
        struct gl_error err = {""};
        assert_int_equal(from_text(cases[i].json, cases[i].kind, &r, &err), -EINVAL);
        if (strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0) fail_msg("says %s\nnot  %s", err.text, cases[i].says);
        assert_int_equal(r.kind, GL_READING_NONE);
    }
}

/* Changes one thing in a good reading; it must not get through between processes. */
static void bad_readings_do_not_unpack(void **state) {
    (void)state;
    for (int i = 0; i < 7; i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(16384);
        struct gl_reading r, back;
        fill_plate(&r);
        if (i == 0) r.confidence = 1.5;
        if (i == 1) r.confidence = -0.1;
        if (i == 2) r.received_at = -1;
        if (i == 3) r.received_mono = -1;
        if (i == 4) r.late = 3;
        if (i == 5) r.value.plate.role = 4;
        if (i == 6) set(r.device, sizeof r.device, "\xff");
        gl_reading_pack(&r, &packed);
        assert_false(packed.failed);
        struct gl_cursor c = gl_cursor(packed.data, packed.len);
        if (gl_reading_unpack(&c, &back) != -EBADMSG) fail_msg("case %d was accepted", i);
        assert_true(c.failed);
        assert_int_equal(back.kind, GL_READING_NONE);
    }
}

static void incomplete_values_do_not_unpack(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(16384);
        struct gl_reading r, back;
        gl_reading_init(&r, i < 2 ? GL_READING_PRESENCE : i == 2 ? GL_READING_CLASS : GL_READING_CONTAINER);
        if (i == 0) r.value.presence.zone = GL_ZONE_EXIT; /* neither occupied nor free */
        if (i == 1) r.value.presence.occupied = GL_FALSE; /* nowhere */
        gl_reading_pack(&r, &packed);
        assert_false(packed.failed);
        struct gl_cursor c = gl_cursor(packed.data, packed.len);
        assert_int_equal(gl_reading_unpack(&c, &back), -EBADMSG);
    }
}

static void kinds_without_table(void **state) {
    (void)state;
    static const enum gl_reading_kind without[] = {
        GL_READING_NONE, GL_READING_SEAL, GL_READING_WEIGHT, GL_READING_POSITION, GL_READING_SCAN, 12, 200};
    for (size_t i = 0; i < GL_COUNT(without); i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(8192), json = GL_BUF(8192);
        struct gl_reading r;
        gl_reading_init(&r, without[i]);
        assert_null(gl_reading_value_fields(without[i]));
        gl_reading_pack(&r, &packed);
        gl_reading_to_json(&r, &json);
        assert_true(packed.failed && json.failed);
        uint8_t bytes[4000] = {(uint8_t)without[i]};
        struct gl_cursor c = gl_cursor(bytes, sizeof bytes);
        assert_int_equal(gl_reading_unpack(&c, &r), -EBADMSG);
    }
}

static void init_is_null(void **state) {
    (void)state;
    struct gl_reading r;
    memset(&r, 0x55, sizeof r);
    gl_reading_init(&r, GL_READING_PLATE);
    assert_int_equal(r.kind, GL_READING_PLATE);
    assert_true(isnan(r.confidence) && isnan(r.candidates[9].confidence) && isnan(r.value.plate.characters[31]));
    assert_true(r.time == 0 && r.received_mono == 0 && r.n_candidates == 0 && r.n_evidence == 0 && r.late == GL_NULL);
    assert_string_equal(r.value.plate.text, "");
}

static void names_follow_the_enums(void **state) {
    (void)state;
    assert_string_equal(gl_reading_kinds[GL_READING_SCAN], "scan");
    assert_null(gl_reading_kinds[GL_READING_SCAN + 1]);
    assert_string_equal(gl_reading_kinds[GL_READING_PRESENCE], "presence");
    assert_string_equal(gl_zones[GL_ZONE_EMERGENCY_STOP], "emergency-stop");
    assert_string_equal(gl_classes[GL_CLASS_UNKNOWN], "unknown");
    assert_string_equal(gl_signatures[GL_SIGNATURE_NONE], "none");
    assert_string_equal(gl_towards[GL_TOWARD_LEAVE], "leave");
    assert_string_equal(gl_roles[GL_ROLE_UNKNOWN], "unknown");
    assert_string_equal(gl_signals[GL_SIGNAL_FAULT], "fault");
    assert_null(gl_signals[GL_SIGNAL_FAULT + 1]);
}

static void settings(void **state) {
    (void)state;
    static const struct gl_setting_value v[] = {
        {"channel", "7"}, {"hold", "250ms"}, {"strict", "true"}, {"off", "false"}, {"name", ""}};
    const struct gl_settings s = {GL_COUNT(v), v};
    assert_string_equal(gl_setting_text(&s, "hold"), "250ms");
    assert_string_equal(gl_setting_text(&s, "name"), "");
    assert_null(gl_setting_text(&s, "absent"));
    assert_null(gl_setting_text(NULL, "hold"));
    assert_int_equal(gl_setting_int(&s, "channel", -1), 7);
    assert_int_equal(gl_setting_int(&s, "hold", -1), -1);
    assert_int_equal(gl_setting_int(&s, "absent", 3), 3);
    assert_int_equal(gl_setting_ms(&s, "hold", 0), 250);
    assert_int_equal(gl_setting_ms(&s, "channel", 9), 9);
    assert_true(gl_setting_bool(&s, "strict"));
    assert_false(gl_setting_bool(&s, "off"));
    assert_false(gl_setting_bool(&s, "absent"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payload_is_exact),           cmocka_unit_test(unread_plate_is_a_value),
        cmocka_unit_test(kinds_round_trip),           cmocka_unit_test(refusals),
        cmocka_unit_test(bad_readings_do_not_unpack), cmocka_unit_test(incomplete_values_do_not_unpack),
        cmocka_unit_test(kinds_without_table),        cmocka_unit_test(init_is_null),
        cmocka_unit_test(names_follow_the_enums),     cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
