/* NCTS messages: what each becomes, what is refused, and what only looks like a plate or a cancellation. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "import_bench.h"

static void samples_give_their_goldens(void **state GL_UNUSED) {
    static const char *const names[] = {"cc015c-truck-trailer", "cc015c-tir-border",  "cc013c-amendment", "cc029c-release",
                                        "cc029c-house-means",   "cc043c-transhipped", "cc060c-documents"};
    for (size_t i = 0; i < GL_COUNT(names); i++) golden("ncts", names[i], ".xml", NULL, true);
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
        {"<html></html>", "/html", "NCTS"},
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
         "longer than 22"},
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
    repeat(&b, "<CC015C>", "<a/>", 500000, "</CC015C>");
    refused(b.data, "/CC015C", "more than 500000 elements");
    repeat(&b, ITEMS(""), "<ConsignmentItem/>", 400000, ITEMS_END);
    refused(b.data, "/CC015C/Consignment/HouseConsignment/ConsignmentItem", "more than 1999 goods");
    repeat(&b, "<CC015C>" TIME LRN "<Consignment>", MEANS("30", "A1"), 17, MEANS("31", "A1") "</Consignment></CC015C>");
    TAKEN(b.data, 1, "\"means\":[{\"role\":\"vehicle\",\"plate\":\"A1\",\"country\":null},{\"role\":\"trailer\"");
    gl_buf_reset(&b);
    gl_buf_text(&b, "<CC015C>" TIME LRN "<Consignment>");
    for (int i = 0; i < 17; i++) gl_buf_printf(&b, MEANS("30", "A%d"), i);
    gl_buf_text(&b, "</Consignment></CC015C>");
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

static void documents_beyond_the_limit_are_told(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 20);
    gl_buf_text(&b, "<CC015C>" TIME LRN "<Consignment>");
    for (int i = 0; i < 103; i++)
        gl_buf_printf(&b, "<SupportingDocument><type>N%d</type><referenceNumber>r</referenceNumber></SupportingDocument>", i % 101);
    gl_buf_text(&b, "</Consignment></CC015C>");
    TAKEN(b.data, 1, "\"N98\"", "2 documents are left out; a record holds 99");
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

/* ---- the other messages ---------------------------------------------------------------------------------------------------------------------- */

#define MRN "26EE5110EE0K3ZW5M4"
#define HOLDER "<HolderOfTheTransitProcedure><identificationNumber>EE1</identificationNumber></HolderOfTheTransitProcedure>"
#define TIR_HOLDER                                                                                          \
    "<HolderOfTheTransitProcedure><TIRHolderIdentificationNumber>EST/1/2</TIRHolderIdentificationNumber></" \
    "HolderOfTheTransitProcedure>"
#define OPERATION(inside) "<TransitOperation>" inside "</TransitOperation>"
#define SAYS(root, inside) "<" root ">" TIME inside "</" root ">"
#define OF_MRN(root, inside) SAYS(root, OPERATION("<MRN>" MRN "</MRN>") inside)
#define UNDER_MRN "\"body\":{\"ref\":{\"type\":\"mrn\",\"value\":\"" MRN "\"},\"version\":1777882530000"

static void references(void **state GL_UNUSED) {
    TAKEN(SAYS("CC015C", OPERATION("<LRN>L1</LRN>")), 1, "\"ref\":{\"type\":\"lrn\",\"value\":\"L1\"},\"lrn\":\"L1\"");
    TAKEN(SAYS("CC015C", OPERATION("<LRN>l 1</LRN>") HOLDER), 1,
          "\"ref\":{\"type\":\"lrn\",\"value\":\"EE1/L1\"},\"lrn\":\"EE1/L1\"");
    TAKEN(SAYS("CC015C", OPERATION("<LRN>L1</LRN>") TIR_HOLDER), 1, "\"value\":\"EST/1/2/L1\"},\"lrn\":\"EST/1/2/L1\"");
    TAKEN(SAYS("CC015C", OPERATION("<LRN>L1</LRN>") TIR_HOLDER), 1, "\"trader\":{\"eori\":\"EST/1/2\"");
    TAKEN(SAYS("CC015C", OPERATION("<LRN>" MRN "</LRN>")), 1, "\"ref\":{\"type\":\"lrn\",\"value\":\"" MRN "\"}");
    TAKEN(SAYS("CC013C", OPERATION("<LRN>L1</LRN>") HOLDER), 1, "\"op\":\"upsert\"", "{\"type\":\"lrn\",\"value\":\"EE1/L1\"}");
    TAKEN(SAYS("CC029C", OPERATION("<LRN>L1</LRN><MRN>" MRN "</MRN>") HOLDER), 1, "\"value\":\"" MRN "\"},\"lrn\":\"EE1/L1\"");
    TAKEN(SAYS("CC028C", OPERATION("<LRN>L1</LRN><MRN>" MRN "</MRN>") HOLDER), 1, "\"op\":\"rekey\"",
          "\"body\":{\"ref\":{\"type\":\"mrn\",\"value\":\"" MRN
          "\"},\"was\":{\"type\":\"lrn\",\"value\":\"EE1/L1\"},\"version\":1777882530000}");
    TAKEN(SAYS("CC028C", OPERATION("<LRN>" MRN "</LRN><MRN>" MRN "</MRN>") HOLDER), 1,
          "\"was\":{\"type\":\"lrn\",\"value\":\"EE1/" MRN "\"}");
    /* without its holder an LRN may be another's: nothing under an MRN leans on it */
    refused(SAYS("CC028C", OPERATION("<LRN>L1</LRN><MRN>" MRN "</MRN>")), "/HolderOfTheTransitProcedure/identificationNumber",
            "missing");
    TAKEN(SAYS("CC029C", OPERATION("<LRN>L1</LRN><MRN>" MRN "</MRN>")), 1, "\"value\":\"" MRN "\"},\"lrn\":null");
    refused(OF_MRN("CC028C", ""), "/CC028C/TransitOperation/LRN", "missing");
    refused(SAYS("CC028C", OPERATION("<LRN>L1</LRN>")), "/CC028C/TransitOperation/MRN", "missing");
}

static void lodged_and_released(void **state GL_UNUSED) {
    TAKEN(CC015C(""), 1, "\"state\":\"lodged\",\"lodged_at\":\"2026-05-04T08:15:30.000Z\"");
    TAKEN(OF_MRN("CC029C", ""), 1, "\"state\":\"released\",\"lodged_at\":\"2026-05-04T08:15:30.000Z\"");
    TAKEN(SAYS("CC029C", OPERATION("<MRN>" MRN "</MRN><declarationAcceptanceDate>2026-05-03+01:00</declarationAcceptanceDate>")), 1,
          "\"lodged_at\":\"2026-05-03T22:59:59.000Z\"");
    TAKEN(SAYS("CC029C", OPERATION("<MRN>" MRN "</MRN><declarationAcceptanceDate>2026-05-04</declarationAcceptanceDate>")), 1,
          "\"lodged_at\":\"2026-05-04T08:15:30.000Z\""); /* the day is not over yet */
    TAKEN(OF_MRN("CC043C", "<Consignment><grossMass>1</grossMass></Consignment>"), 1, "\"op\":\"upsert\"", "\"state\":\"arrived\"");
    TAKEN(OF_MRN("CC043C", "<CTLControl><continueUnloading>9</continueUnloading></CTLControl>"), 1, "\"op\":\"control\"",
          UNDER_MRN ",\"state\":\"arrived\",\"control\":null,\"documents\":[]}");
}

#define REASON(code) \
    "<GuaranteeReference><InvalidGuaranteeReason><code>" code "</code></InvalidGuaranteeReason></GuaranteeReference>"

static void refusals_of_customs(void **state GL_UNUSED) {
    TAKEN(OF_MRN("CC051C", ""), 1, UNDER_MRN ",\"state\":\"not_released\",\"control\":{\"channel\":\"desk\",\"type\":null}");
    TAKEN(SAYS("CC051C", OPERATION("<MRN>" MRN "</MRN><noReleaseMotivationCode>G1</noReleaseMotivationCode>")), 1,
          "\"not_released\",\"control\":{\"channel\":\"desk\",\"type\":\"G1\"}");
    TAKEN(SAYS("CC051C", OPERATION("<MRN>" MRN "</MRN><noReleaseMotivationCode>words, not a code</noReleaseMotivationCode>")), 1,
          "\"type\":null}");
    TAKEN(OF_MRN("CC055C", REASON("G10") REASON("G11")), 1, "\"not_released\",\"control\":{\"channel\":\"desk\",\"type\":\"G10\"}");
    refused(SAYS("CC051C", OPERATION("<LRN>L1</LRN>")), "/CC051C/TransitOperation/MRN", "missing");
    refused(SAYS("CC055C", OPERATION("<LRN>L1</LRN>")), "/CC055C/TransitOperation/MRN", "missing");
}

#define NOTIFIED(type) OPERATION("<MRN>" MRN "</MRN><notificationType>" type "</notificationType>")
#define CONTROL(type) "<TypeOfControls><type>" type "</type></TypeOfControls>"
#define ASKED(type) "<RequestedDocument><documentType>" type "</documentType></RequestedDocument>"
#define PHYSICAL(type) "\"control\":{\"channel\":\"physical\",\"type\":" type "}"
#define DESK(type) "\"control\":{\"channel\":\"desk\",\"type\":" type "}"

static void control_decisions(void **state GL_UNUSED) {
    TAKEN(SAYS("CC060C", NOTIFIED("0")), 1, "\"state\":\"under_control\"," PHYSICAL("null"));
    TAKEN(SAYS("CC060C", NOTIFIED("0") CONTROL("10") CONTROL("42") CONTROL("44")), 1, "\"under_control\"," PHYSICAL("\"42\""));
    TAKEN(SAYS("CC060C", NOTIFIED("0") CONTROL("10")), 1, "\"state\":\"under_control\"," DESK("\"10\""));
    TAKEN(SAYS("CC060C", NOTIFIED("1") CONTROL("44")), 1, "\"state\":null," PHYSICAL("\"44\""));
    TAKEN(SAYS("CC060C", NOTIFIED("2") ASKED("C641")), 1, "\"state\":null," DESK("null"),
          "\"documents\":[{\"type\":\"C641\",\"ref\":null,\"required\":true}]");
    TAKEN(SAYS("CC060C", NOTIFIED("2") CONTROL("42") ASKED("C641")), 1, PHYSICAL("\"42\""), "\"required\":true");
    TAKEN(SAYS("CC060C", NOTIFIED("7")), 1, PHYSICAL("null")); /* what is not known is not harmless */
    TAKEN(SAYS("CC060C", OPERATION("<LRN>L1</LRN><notificationType>2</notificationType>") HOLDER), 1, "\"value\":\"EE1/L1\"");
    refused(OF_MRN("CC060C", ""), "/CC060C/TransitOperation/notificationType", "missing");
    refused(SAYS("CC060C", OPERATION("<notificationType>0</notificationType>")), "/CC060C/TransitOperation/LRN", "missing");
}

static void many_documents_are_asked_for(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 20);
    gl_buf_text(&b, "<CC060C>" TIME NOTIFIED("2"));
    for (int i = 0; i < 99; i++) gl_buf_printf(&b, ASKED("C%03d"), i);
    gl_buf_text(&b, "</CC060C>");
    TAKEN(b.data, 1, "C015", "99 documents are asked for; the first 16");
}

/* A release that was prepared in a year to come would outrank its own cancellation. */
static void no_release_is_from_the_future(void **state GL_UNUSED) {
    static const char text[] =
        "<CC029C><preparationDateAndTime>2099-05-04T08:15:30</preparationDateAndTime>" OPERATION("<MRN>" MRN "</MRN>") "</CC029C>";
    const struct gl_import_options read_then = {.now = 1777888000000}, written_then = {.as_of = 1777888000000};
    const struct gl_import_options *const options[] = {&read_then, &written_then};
    for (size_t i = 0; i < GL_COUNT(options); i++) {
        struct result res = {0};
        struct gl_error err = {""};
        assert_int_equal(import_with(options[i], text, strlen(text), &res, &err), 1);
        assert_int_equal(res.records, 0);
        assert_non_null(strstr(res.reason, "still to come"));
        gl_buf_free(&res.json);
    }
    struct result res = {0};
    struct gl_error err = {""};
    const struct gl_import_options later = {.as_of = 1777888000000, .now = INT64_C(4082000000000)};
    assert_int_equal(import_with(&later, text, strlen(text), &res, &err), 0); /* when the time has come; the file may be older */
    gl_buf_free(&res.json);
}

#define DECISION(inside) "<Invalidation>" inside "</Invalidation>"

static void cancellations(void **state GL_UNUSED) {
    TAKEN(OF_MRN("CC009C", DECISION("<decision>1</decision>")), 1, "\"op\":\"cancel\"", UNDER_MRN "}");
    TAKEN(OF_MRN("CC009C", DECISION("<initiatedByCustoms>1</initiatedByCustoms>")), 1, "\"op\":\"cancel\"");
    TAKEN(SAYS("CC009C", OPERATION("<LRN>L1</LRN>") HOLDER DECISION("<decision>1</decision>")), 1, "\"lrn\",\"value\":\"EE1/L1\"");
    TAKEN(OF_MRN("CC009C", DECISION("<decision>0</decision>")), 0, "was refused");
    TAKEN(OF_MRN("CC009C", DECISION("<decision>0</decision><initiatedByCustoms>1</initiatedByCustoms>")), 0, "was refused");
    refused(OF_MRN("CC009C", DECISION("<decision>maybe</decision>")), "/CC009C", "neither 0 nor 1");
    refused(OF_MRN("CC009C", ""), "/CC009C/Invalidation/decision", "missing");
    refused(OF_MRN("CC009C", DECISION("<initiatedByCustoms>0</initiatedByCustoms>")), "/CC009C/Invalidation/decision", "missing");
    /* A request is none, whatever stands in it. */
    TAKEN(OF_MRN("CC014C", DECISION("<decision>1</decision>")), 0, "cancels nothing");
}

static void the_end_of_a_transit(void **state GL_UNUSED) {
    TAKEN(OF_MRN("CC025C", ""), 1, UNDER_MRN ",\"state\":\"discharged\",\"control\":null");
    TAKEN(SAYS("CC025C", OPERATION("<MRN>" MRN "</MRN><releaseIndicator>1</releaseIndicator>")), 1, "\"state\":\"discharged\"");
    TAKEN(SAYS("CC025C", OPERATION("<MRN>" MRN "</MRN><releaseIndicator>3</releaseIndicator>")), 1, "\"state\":\"arrived\"",
          "not discharged");
    TAKEN(OF_MRN("CC045C", ""), 1, "\"state\":\"discharged\"");
}

static void what_changes_nothing_says_so(void **state GL_UNUSED) {
    static const char *const roots[] = {"CC004C", "CC007C", "CC014C", "CC019C", "CC022C", "CC035C",
                                        "CC044C", "CC056C", "CC057C", "CC170C", "CC182C", "CC928C"};
    for (size_t i = 0; i < GL_COUNT(roots); i++) {
        char text[200];
        struct result res = {0};
        struct gl_error err = {""};
        gl_format(text, sizeof text, "<x:%s xmlns:x='u'><preparationDateAndTime>soon</preparationDateAndTime><a/></x:%s>", roots[i],
                  roots[i]);
        assert_int_equal(import(text, strlen(text), &res, &err), 0);
        assert_int_equal(res.notes, 1);
        assert_int_equal(res.records, 0);
        assert_int_equal(import(text, strlen(text) - 3, &res, &err), 1); /* not even whole */
        gl_buf_free(&res.json);
    }
}

/* ---- means and masses -------------------------------------------------------------------------------------------------------------------------- */

#define TRANSHIPPED(type, plate)                                                                                                \
    "<Incident><Transhipment><TransportMeans><typeOfIdentification>" type "</typeOfIdentification><identificationNumber>" plate \
    "</identificationNumber></TransportMeans></Transhipment></Incident>"
#define VEHICLE(plate) "{\"role\":\"vehicle\",\"plate\":\"" plate "\",\"country\":null}"
#define TRAILER(plate) "{\"role\":\"trailer\",\"plate\":\"" plate "\",\"country\":null}"
#define CARRIED(inside) OF_MRN("CC043C", "<Consignment>" inside "</Consignment>")
#define AT_BORDER(type, plate)                                                                                      \
    "<ActiveBorderTransportMeans><typeOfIdentification>" type "</typeOfIdentification><identificationNumber>" plate \
    "</identificationNumber></ActiveBorderTransportMeans>"

static void whose_means_count(void **state GL_UNUSED) {
    TAKEN(CARRIED(MEANS("30", "A1") MEANS("31", "A2")), 1, "\"means\":[" VEHICLE("A1") "," TRAILER("A2") "]");
    TAKEN(CARRIED(MEANS("30", "A1") AT_BORDER("30", "B1")), 1, "\"means\":[" VEHICLE("B1") "," VEHICLE("A1") "]");
    TAKEN(CARRIED(MEANS("30", "A1") AT_BORDER("11", "Spray")), 1, "\"means\":[" VEHICLE("A1") "]");
    TAKEN(CARRIED(MEANS("30", "A1") MEANS("31", "A2") TRANSHIPPED("30", "C1") TRANSHIPPED("30", "D1")), 1,
          "\"means\":[" VEHICLE("D1") "]");
    TAKEN(CARRIED(TRANSHIPPED("30", "C1") MEANS("30", "A1") AT_BORDER("30", "B1")), 1,
          "\"means\":[" VEHICLE("B1") "," VEHICLE("C1") "]");
    TAKEN(CARRIED(MEANS("30", "A1") TRANSHIPPED("30", "C1") TRANSHIPPED("11", "Spray")), 1, "\"means\":[]");
    TAKEN(CARRIED("<HouseConsignment>" MEANS("30", "H1") "</HouseConsignment>" MEANS("30", "A1")), 1,
          "\"means\":[" VEHICLE("A1") "]");
    TAKEN(CARRIED("<HouseConsignment>" MEANS("30", "KA2139AB/KA8278AB") "</HouseConsignment>"), 1,
          "\"means\":[" VEHICLE("KA2139AB") "," TRAILER("KA8278AB") "]");
    TAKEN(CARRIED(MEANS(" 30\n", " A 1 ")), 1, "\"means\":[" VEHICLE("A 1") "]");
    refused(CARRIED("<DepartureTransportMeans><nationality>Ruritania</nationality></DepartureTransportMeans>"), "/nationality",
            "no country");
}

static void repeated_in_every_house(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 20);
    repeat(&b, "<CC015C>" TIME LRN "<Consignment>",
           "<HouseConsignment>" MEANS("30", "A1") MEANS("31", "A2") MEANS("31", "A1") "</HouseConsignment>", 999,
           "</Consignment></CC015C>");
    TAKEN(b.data, 1, "\"means\":[" VEHICLE("A1") "," TRAILER("A2") "," TRAILER("A1") "]");
}

#define HOUSE(mass, items) "<HouseConsignment><grossMass>" mass "</grossMass>" items "</HouseConsignment>"
#define WEIGHS(mass) \
    "<ConsignmentItem><Commodity><GoodsMeasure><grossMass>" mass "</grossMass></GoodsMeasure></Commodity></ConsignmentItem>"
#define WEIGHED(mass, inside) CC015C("<Consignment><grossMass>" mass "</grossMass>" inside "</Consignment>")

static void whose_mass_counts(void **state GL_UNUSED) {
    TAKEN(WEIGHED("1000", HOUSE("2000", WEIGHS("1000"))), 1, "\"gross_kg\":1000,",
          "1000.000 kg counts; the house consignments add up to 2000.000");
    TAKEN(WEIGHED("1000", HOUSE("1000", WEIGHS("1000") WEIGHS("2000"))), 1, "\"gross_kg\":1000,", "the items add up to 3000.000");
    TAKEN(CC015C("<Consignment>" HOUSE("40.5", "") HOUSE("2", "") "</Consignment>"), 1, "\"gross_kg\":42.5,");
    struct result res = {0};
    struct gl_error err = {""};
    static const char agreed[] = WEIGHED("3000.00040", HOUSE("2000", WEIGHS("2000")) HOUSE("1000", WEIGHS("1000.0001")));
    assert_int_equal(import(agreed, sizeof agreed - 1, &res, &err), 0);
    assert_int_equal(res.notes, 0);
    gl_buf_free(&res.json);
    refused(WEIGHED("1", HOUSE("a lot", "")), "/CC015C/Consignment/HouseConsignment/grossMass", "kilograms");
}

static void new_seals_are_told(void **state GL_UNUSED) {
    TAKEN(CARRIED("<Incident><TransportEquipment><Seal><identifier>N1</identifier></Seal><Seal><identifier>N2</identifier></Seal>"
                  "</TransportEquipment></Incident>"),
          1, "\"equipment\":[]", "names new seals");
}

/* Blanks by the megabyte, a file of which most is missing, UTF-16, a wrong encoding. */
static void strange_files(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(16 << 20);
    repeat(&b, "<CC015C>", "                    ", 3000, TIME LRN "</CC015C>");
    TAKEN(b.data, 1, "\"value\":\"L1\"");
    repeat(&b, "<CC015C>", "                    ", 4000, TIME LRN "</CC015C>");
    refused(b.data, "/CC015C", "65536 bytes of text");
    repeat(&b, "<CC015C>", "                    ", 500000, TIME LRN "</CC015C>");
    refused(b.data, "/", "8388608");
    static const char wrong[] = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" CC015C("");
    refused(wrong, "/", "");
    gl_buf_reset(&b);
    gl_buf_add(&b, "\xFF\xFE", 2);
    for (const char *c = CC015C(""); *c; c++) gl_buf_add(&b, (const char[]){*c, 0}, 2);
    struct result res = {0};
    struct gl_error err = {""};
    assert_int_equal(import(b.data, b.len, &res, &err), 0);
    assert_int_equal(res.records, 1);
    gl_buf_free(&res.json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_give_their_goldens),
        cmocka_unit_test(bad_messages),
        cmocka_unit_test(hostile_messages),
        cmocka_unit_test(limits_are_reached),
        cmocka_unit_test(documents_beyond_the_limit_are_told),
        cmocka_unit_test(only_road_means_count),
        cmocka_unit_test(references),
        cmocka_unit_test(lodged_and_released),
        cmocka_unit_test(refusals_of_customs),
        cmocka_unit_test(control_decisions),
        cmocka_unit_test(many_documents_are_asked_for),
        cmocka_unit_test(no_release_is_from_the_future),
        cmocka_unit_test(cancellations),
        cmocka_unit_test(the_end_of_a_transit),
        cmocka_unit_test(what_changes_nothing_says_so),
        cmocka_unit_test(whose_means_count),
        cmocka_unit_test(repeated_in_every_house),
        cmocka_unit_test(whose_mass_counts),
        cmocka_unit_test(new_seals_are_told),
        cmocka_unit_test(strange_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
