/* The drafting engine, with a format of the test's own: setters, groups, several records, and what becomes of a bad one. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <time.h>

#include "feed/draft.h"
#include "import_bench.h"

/* ---- a format: <visits><sent/><visit>...</visit>...</visits>, <paper>...</paper>, <chat/> ---------------------------------------------------- */

static const struct gl_message messages[] = {
    {.root = "/visits",
     .record = "visit",
     .collection = GL_COLLECTION_MOVEMENTS,
     .op = GL_OP_UPSERT,
     .state = GL_MOVEMENT_READY,
     .many = true},
    {.root = "/paper", .record = "", .collection = GL_COLLECTION_DECLARATIONS, .op = GL_OP_UPSERT, .state = GL_DECLARATION_LODGED},
    {.root = "/chat", .record = "", .collection = GL_COLLECTION_MOVEMENTS, .op = GL_OP_NONE, .note = "only talk"},
};

static const struct gl_code channels[] = {{"go", GL_CHANNEL_RELEASE}, {"stop", GL_CHANNEL_PHYSICAL}, {NULL, 0}};
static const struct gl_code kinds[] = {{"empty", GL_MOVEMENT_EMPTY}, {"*", GL_MOVEMENT_GOODS}, {NULL, 0}};

static const struct gl_map_text texts[] = {
    {"sent", gl_set_time_utc, GL_DRAFTED(head.prepared)},
    {"visit/id", gl_set_text, GL_DRAFTED(mrn)},
    {"visit/name", gl_set_first, GL_DRAFTED(spare[0])},
    {"visit/truck", gl_set_vehicle, GL_WHOLE},
    {"visit/trailer", gl_set_trailer, GL_WHOLE},
    {"visit/box", gl_set_container, GL_WHOLE},
    {"visit/seal", gl_set_seal, GL_WHOLE},
    {"visit/mrn", gl_set_reference, 0, 0, "mrn"},
    {"visit/other/type", gl_set_text, GL_DRAFTED(reference.type)},
    {"visit/other/value", gl_set_text, GL_DRAFTED(reference.value)},
    {"visit/eta", gl_set_time_local, GL_MOVED(eta)},
    {"visit/until", gl_set_day_end, GL_MOVED(valid_to)},
    {"visit/channel", gl_set_code, GL_CODED(record.body.movement.channel, channels)},
    {"visit/kind", gl_set_code, GL_CODED(record.body.movement.kind, kinds)},
    {"visit/version", gl_set_number, GL_DRAFTED(version)},
    {"visit/car/plate", gl_set_text, GL_DRAFTED(means.plate)},
    {"visit/car/country", gl_set_country, GL_DRAFTED(means.country)},
    {"visit/skip", gl_set_tri, GL_DRAFTED(control.decision)},
    {"box", gl_set_container, GL_WHOLE},
    {"mass", gl_set_mass, GL_DECLARED(gross_kg)},
    {"seen", gl_set_seen, GL_DRAFTED(control.physical)},
    {"document/type", gl_set_text, GL_DRAFTED(document.type)},
    {"document/ref", gl_set_document_ref, GL_WHOLE},
};

static const struct gl_map_group groups[] = {
    {"visit/car", gl_vehicle_begin, gl_means_end, GL_STAGE_BORDER},
    {"visit/other", gl_reference_begin, gl_reference_end, 0},
    {"document", gl_document_begin, gl_document_end, 0},
};

static int finish(struct gl_draft *d, struct gl_error *err) {
    if (d->record.collection == GL_COLLECTION_DECLARATIONS) {
        if (d->control.physical) d->record.body.declaration.control.channel = GL_CHANNEL_PHYSICAL;
        return gl_draft_name(d, "lrn", "PAPER", 1, 0, err);
    }
    if (d->control.decision == GL_TRUE) {
        gl_draft_note(d, "%s is left out", d->mrn);
        return GL_DRAFT_NOTHING;
    }
    if (!d->mrn[0]) return gl_draft_missing(d, "id", err);
    if (d->record.body.movement.kind == GL_MOVEMENT_NONE) d->record.body.movement.kind = GL_MOVEMENT_GOODS;
    return gl_draft_name(d, "visit", d->mrn, d->version, d->head.prepared, err);
}

static const struct gl_format format = {
    .name = "visits",
    .read = gl_xml_read,
    .messages = messages,
    .n_messages = GL_COUNT(messages),
    .texts = texts,
    .n_texts = GL_COUNT(texts),
    .groups = groups,
    .n_groups = GL_COUNT(groups),
    .finish = finish,
};

static int draft_in(const char *zone, const char *text, struct result *res) {
    const struct gl_import_sink sink = {res, on_record, on_bad, on_note};
    const struct gl_import_options options = {.zone = zone};
    struct gl_error err = {""};
    *res = (struct result){.stop = res->stop, .json = GL_BUF(8 << 20)};
    return gl_draft_import(&format, (const uint8_t *)text, strlen(text), zone ? &options : NULL, &sink, &err);
}

static int draft(const char *text, struct result *res) {
    return draft_in(NULL, text, res);
}

/* One visit whose record holds this. */
static void gives(const char *inside, const char *holds) {
    char text[2000];
    struct result res = {0};
    gl_format(text, sizeof text, "<visits><visit><id>V1</id>%s</visit></visits>", inside);
    if (draft(text, &res) != 0) fail_msg("%s: %s: %s", inside, res.where, res.reason);
    if (!strstr(res.json.data, holds)) fail_msg("\"%s\" is not in %s", holds, res.json.data);
    gl_buf_free(&res.json);
}

/* One visit that is refused, with this place and reason. */
static void fails(const char *inside, const char *where, const char *reason) {
    char text[2000];
    struct result res = {0};
    gl_format(text, sizeof text, "<visits><visit><id>V1</id>%s</visit></visits>", inside);
    assert_int_equal(draft(text, &res), 1);
    assert_int_equal(res.records, 0);
    if (strcmp(res.where, where) != 0) fail_msg("place \"%s\", not \"%s\"", res.where, where);
    if (!strstr(res.reason, reason)) fail_msg("\"%s\" does not say \"%s\"", res.reason, reason);
    gl_buf_free(&res.json);
}

/* ---- tests ------------------------------------------------------------------------------------------------------------------------------- */

static void every_setter(void **state GL_UNUSED) {
    gives("<truck>AB 1</truck><trailer>T1</trailer><trailer>T2</trailer><truck>AB 1</truck>",
          "\"means\":[{\"role\":\"vehicle\",\"plate\":\"AB "
          "1\",\"country\":null},{\"role\":\"trailer\",\"plate\":\"T1\",\"country\":null},"
          "{\"role\":\"trailer\",\"plate\":\"T2\",\"country\":null}]");
    gives("<box>B1</box><box>B2</box><box>B1</box>", "\"containers\":[\"B1\",\"B2\"]");
    gives("<seal>S1</seal><seal>S 2</seal>", "\"seals\":[\"S1\",\"S 2\"]");
    gives("<mrn>M1</mrn><other><type>tir</type><value>X 9</value></other><mrn>M1</mrn><other><type>tir</type></other>",
          "\"declarations\":[{\"type\":\"mrn\",\"value\":\"M1\"},{\"type\":\"tir\",\"value\":\"X9\"}]");
    gives("<until>2026-05-04</until>", "\"valid_to\":\"2026-05-04T23:59:59.000Z\"");
    gives("<until>2026-05-04+02:00</until>", "\"valid_to\":\"2026-05-04T21:59:59.000Z\"");
    gives("<eta>2026-05-04T10:00Z</eta>", "\"eta\":\"2026-05-04T10:00:00.000Z\"");
    gives("<eta>2026-05-04T10:00:30.5+02:00</eta>", "\"eta\":\"2026-05-04T08:00:30.500Z\"");
    gives("<channel>stop</channel><channel>go</channel>", "\"channel\":\"release\"");
    gives("<kind>flowers</kind>", "\"kind\":\"goods\"");
    gives("<kind>empty</kind>", "\"kind\":\"empty\"");
    gives("<version>9007199254740991</version>", "\"version\":9007199254740991");
    gives("<name>a</name><name>b</name>", "\"ref\":{\"type\":\"visit\",\"value\":\"V1\"}");
    gives("<car><plate>K 1</plate><country>SRB</country></car><truck>AB 1</truck>",
          "\"means\":[{\"role\":\"vehicle\",\"plate\":\"K 1\",\"country\":\"RS\"},{\"role\":\"vehicle\",\"plate\":\"AB 1\"");
    gives("<car/>", "\"means\":[]");
}

static void every_refusal(void **state GL_UNUSED) {
    fails("<id>V2</id>", "record 1, /visits/visit/id", "line 1: stands twice");
    fails("<version>-1</version>", "record 1, /visits/visit/version", "no number");
    fails("<version>1</version><version>1</version>", "record 1, /visits/visit/version", "twice");
    fails("<channel>perhaps</channel>", "record 1, /visits/visit/channel", "\"perhaps\" is not known; go, stop are");
    fails("<skip>perhaps</skip>", "record 1, /visits/visit/skip", "neither true nor false");
    fails("<until>soon</until>", "record 1, /visits/visit/until", "no date");
    fails("<eta>soon</eta>", "record 1, /visits/visit/eta", "no time");
    fails("<eta>2026-05-04T10:00</eta>", "record 1, /visits/visit/eta", "local time, and no zone is known");
    fails("<car><plate>K1</plate><country>Utopia</country></car>", "record 1, /visits/visit/car/country", "no country");
    fails("<box>123456789012345678</box>", "record 1, /visits/visit/box", "longer than 17");
    fails("<truck>unknown</truck>", "record 1, /visits/visit", "no plate that a camera could see");
    fails("<other><type>far too long</type><value>1</value></other>", "record 1, /visits/visit/other/type", "longer than 8");
    fails("words", "record 1, /visits/visit", "text stands beside");
}

static void limits_of_lists(void **state GL_UNUSED) {
    static const struct {
        const char *element;
        int most;
        const char *reason;
    } lists[] = {{"truck", GL_MAX_MEANS, "more than 16 vehicles"},
                 {"box", GL_MAX_CONTAINERS, "more than 32 containers"},
                 {"seal", GL_MAX_SEALS, "more than 64 seals"},
                 {"mrn", GL_MAX_REFS, "more than 256 declarations"}};
    for (size_t i = 0; i < GL_COUNT(lists); i++)
        for (int extra = 0; extra <= 1; extra++) {
            GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 20);
            struct result res = {0};
            gl_buf_text(&b, "<visits><visit><id>V1</id>");
            for (int k = 0; k < lists[i].most + extra; k++)
                gl_buf_printf(&b, "<%s>E%d</%s>", lists[i].element, k, lists[i].element);
            gl_buf_text(&b, "</visit></visits>");
            assert_int_equal(draft(b.data, &res), extra);
            if (extra && !strstr(res.reason, lists[i].reason)) fail_msg("%s: %s", lists[i].element, res.reason);
            gl_buf_free(&res.json);
        }
}

/* A bad one is told once, whatever else is wrong with it, and touches neither neighbour. */
static void good_ones_go_on(void **state GL_UNUSED) {
    struct result res = {0};
    static const char text[] =
        "<visits><sent>2026-05-04T10:00:00</sent>\n<visit><id>V1</id><box>B1</box><name>x</name></visit>\n"
        "<visit><id>V2</id><version>x</version><channel>y</channel>\n</visit>\n<visit><name>no id</name></visit>\n"
        "<visit><id>V4</id><truck>-</truck></visit>\n<visit><id>V5</id><skip>true</skip></visit>\n<visit><id>V6</id><skip>0</"
        "skip></visit></visits>";
    assert_int_equal(draft(text, &res), 3);
    assert_int_equal(res.records, 2);
    assert_int_equal(res.refusals, 3);
    assert_int_equal(res.notes, 1);
    assert_string_equal(res.note, "V5 is left out");
    assert_string_equal(res.where, "record 4, /visits/visit");
    assert_non_null(
        strstr(res.json.data, "\"as_of\":\"2026-05-04T10:00:00.000Z\",\"body\":{\"ref\":{\"type\":\"visit\",\"value\":\"V1\"}"));
    assert_non_null(strstr(res.json.data, "V6"));
    assert_null(strstr(strstr(res.json.data, "V6"), "B1")); /* nothing of the first is left */
    gl_buf_free(&res.json);
    assert_int_equal(draft("<visits>\n<visit><name>no id</name></visit></visits>", &res), 1);
    assert_string_equal(res.where, "record 1, /visits/visit/id");
    assert_string_equal(res.reason, "line 2: missing; the message needs it");
    gl_buf_free(&res.json);
}

/* What came whole stays good; that the file did not is told too. */
static void cut_short(void **state GL_UNUSED) {
    struct result res = {0};
    assert_int_equal(draft("<visits><visit><id>V1</id></visit><visit><id>V2</id>", &res), 1);
    assert_int_equal(res.records, 1);
    assert_non_null(strstr(res.where, "/visits/visit"));
    gl_buf_free(&res.json);
    assert_int_equal(draft("<paper><mass>1</mass>", &res), 1);
    assert_int_equal(res.records, 0);
    gl_buf_free(&res.json);
}

static void none_and_nothing(void **state GL_UNUSED) {
    struct result res = {0};
    assert_int_equal(draft("<visits><sent>2026-05-04T10:00:00</sent></visits>", &res), 0);
    assert_string_equal(res.note, "holds no record");
    assert_int_equal(draft("<chat><visit><id>1</id></visit></chat>", &res), 0);
    assert_string_equal(res.note, "only talk");
    assert_int_equal(res.records, 0);
    assert_int_equal(draft("<other/>", &res), 1);
    assert_string_equal(res.reason, "line 1: other is no message of visits");
}

static void sink_may_stop(void **state GL_UNUSED) {
    struct result res = {.stop = -ENOSPC};
    assert_int_equal(draft("<visits><visit><id>V1</id></visit><visit><id>V2</id></visit></visits>", &res), -ENOSPC);
    assert_int_equal(res.records, 1);
    assert_int_equal(res.refusals, 0);
    gl_buf_free(&res.json);
    assert_int_equal(draft("<paper/>", &res), -ENOSPC);
    gl_buf_free(&res.json);
}

static void a_declaration(void **state GL_UNUSED) {
    struct result res = {0};
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 16);
    gl_buf_text(&b, "<paper><mass>0.0005</mass><box>B1</box><box>B1</box><seen>x</seen><document><type>N1</type><ref>");
    for (int i = 0; i < GL_REF; i++) gl_buf_char(&b, 'r');
    gl_buf_text(&b, "</ref></document><document><type>N2</type></document><document><ref>r</ref></document></paper>");
    assert_int_equal(draft(b.data, &res), 0);
    assert_non_null(strstr(res.json.data, "\"gross_kg\":0.001,"));
    assert_non_null(strstr(res.json.data, "\"equipment\":[{\"container\":\"B1\",\"seals\":[]}]"));
    assert_non_null(strstr(res.json.data, "\"documents\":[{\"type\":\"N1\",\"ref\":null,\"required\":null},{\"type\":\"N2\""));
    assert_non_null(strstr(res.json.data, "\"control\":{\"channel\":\"physical\",\"type\":null}"));
    gl_buf_free(&res.json);
}

/* 2026: summer time in London from 29 March 01:00 to 25 October 02:00. */
static void local_times(void **state GL_UNUSED) {
    static const struct {
        const char *local, *utc; /* NULL: does not exist */
    } times[] = {
        {"2026-01-15T12:00", "2026-01-15T12:00:00.000Z"},       {"2026-07-15T12:00", "2026-07-15T11:00:00.000Z"},
        {"2026-03-29T00:59:59", "2026-03-29T00:59:59.000Z"},    {"2026-03-29T01:30", NULL},
        {"2026-03-29T02:00", "2026-03-29T01:00:00.000Z"},       {"2026-10-25T01:30", "2026-10-25T00:30:00.000Z"},
        {"2026-10-25T02:00", "2026-10-25T02:00:00.000Z"},       {"2026-07-15T12:00:00.250Z", "2026-07-15T12:00:00.250Z"},
        {"2026-07-15T12:00-05:00", "2026-07-15T17:00:00.000Z"},
    };
    setenv("TZ", "GMT0BST,M3.5.0/1,M10.5.0/2", 1); /* by rule: no machine lacks it */
    tzset();
    for (size_t i = 0; i < GL_COUNT(times); i++) {
        struct result res = {0};
        char text[300];
        gl_format(text, sizeof text, "<visits><visit><id>V1</id><eta>%s</eta></visit></visits>", times[i].local);
        assert_int_equal(draft_in("Europe/London", text, &res), times[i].utc ? 0 : 1);
        if (!times[i].utc && !strstr(res.reason, "does not exist in the zone Europe/London")) fail_msg("%s", res.reason);
        if (times[i].utc && !strstr(res.json.data, times[i].utc))
            fail_msg("%s is not %s: %s", times[i].local, times[i].utc, res.json.data);
        gl_buf_free(&res.json);
    }
}

static void countries(void **state GL_UNUSED) {
    static const char *const same[][2] = {{"DE", "DE"},  {"D", "DE"},   {"d", "DE"},  {"NMK", "MK"}, {"RUS", "RU"}, {"UK", "GB"},
                                          {"EST", "EE"}, {"FIN", "FI"}, {"XI", "GB"}, {"S", "SE"},   {"se", "SE"},  {"SRB", "RS"},
                                          {"EL", "GR"},  {"", ""},      {"276", ""},  {"Q1", ""},    {"XYZ", ""},   {"Germany", ""},
                                          {"D ", ""},    {"CL", "CL"},  {"PA", "PA"}};
    for (size_t i = 0; i < GL_COUNT(same); i++) {
        char iso[GL_COUNTRY];
        gl_country_of(same[i][0], iso);
        if (strcmp(iso, same[i][1]) != 0) fail_msg("%s: %s, not %s", same[i][0], iso, same[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setter),    cmocka_unit_test(every_refusal), cmocka_unit_test(limits_of_lists),
        cmocka_unit_test(good_ones_go_on), cmocka_unit_test(cut_short),     cmocka_unit_test(none_and_nothing),
        cmocka_unit_test(sink_may_stop),   cmocka_unit_test(a_declaration), cmocka_unit_test(local_times),
        cmocka_unit_test(countries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
