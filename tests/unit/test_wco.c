/* Declarations of the WCO Data Model: samples against goldens, the envelope, references, and what is refused. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "declared_bench.h"

#define ISSUED(time) "<IssueDateTime><DateTimeString>" time "</DateTimeString></IssueDateTime>"
#define TIME ISSUED("20260504081530Z")
#define LRN "<FunctionalReferenceID>L1</FunctionalReferenceID>"
#define ORIGINAL "<FunctionCode>9</FunctionCode>"
#define DECLARATION(inside) "<Declaration>" inside "</Declaration>"
#define WHOLE(inside) DECLARATION(ORIGINAL LRN TIME inside)
#define CONSIGNED(inside) WHOLE("<GoodsShipment><Consignment>" inside "</Consignment></GoodsShipment>")
#define ITEMS(inside) "<GoodsShipment>" inside "</GoodsShipment>"
#define ITEM(inside) "<GovernmentAgencyGoodsItem>" inside "</GovernmentAgencyGoodsItem>"

static void samples_give_their_goldens(void **state GL_UNUSED) {
    sample("wco", "import-road");
    sample("wco", "export-truck-to-ship");
}

static void references(void **state GL_UNUSED) {
#define DECLARANT(id) "<Declarant><ID>" id "</ID></Declarant>"
    gives(WHOLE(DECLARANT("EE10417000")), "\"ref\":{\"type\":\"lrn\",\"value\":\"EE10417000/L1\"},\"lrn\":\"EE10417000/L1\"");
    gives(WHOLE(DECLARANT("EE10417000")), "\"trader\":{\"eori\":\"EE10417000\",\"aeo\":null}");
    gives(WHOLE(DECLARANT("someone 1")), "\"trader\":null");
    gives(WHOLE(""), "\"ref\":{\"type\":\"lrn\",\"value\":\"L1\"}");
    gives(WHOLE("<ID>26EE51100000041731</ID>" DECLARANT("EE1")),
          "\"ref\":{\"type\":\"mrn\",\"value\":\"26EE51100000041731\"},\"lrn\":\"EE1/L1\"");
    gives(WHOLE("<ID>26EE51100000041731</ID>"), "\"lrn\":null"); /* it may be another's: it joins nothing to an MRN */
    gives(WHOLE("<ID>4711</ID>"), "\"ref\":{\"type\":\"lrn\",\"value\":\"L1\"}"); /* no MRN: the LRN stands */
    gives(DECLARATION(ORIGINAL TIME "<ID>4711</ID>"), "\"ref\":{\"type\":\"lrn\",\"value\":\"4711\"}");
}

static void the_envelope_is_taken_off(void **state GL_UNUSED) {
    gives("<MetaData><WCOTypeName>DEC</WCOTypeName>" WHOLE("") "<After/></MetaData>", "\"value\":\"L1\"");
    gives("<a:MetaData xmlns:a=\"a\"><b:Declaration xmlns:b=\"b\">" ORIGINAL LRN TIME "</b:Declaration></a:MetaData>",
          "\"value\":\"L1\"");
    refuses("<MetaData><WCOTypeName>DEC</WCOTypeName></MetaData>", "/MetaData", "no Declaration");
    refuses("<MetaData/>", "/MetaData", "no Declaration");
    refuses("<MetaData>" WHOLE("") WHOLE("") "</MetaData>", "/MetaData/Declaration", "second");
    refuses("<MetaData><Response/></MetaData>", "/MetaData/Response", "answer of customs");
    refuses("<MetaData>" WHOLE("<ID>1</ID><ID>2</ID>") "</MetaData>", "/MetaData/Declaration/ID", "twice");
    refuses("<MetaData><Declarations>" WHOLE("") "</Declarations></MetaData>", "/MetaData", "no Declaration");
    refuses("<Data>" WHOLE("") "</Data>", "/Data", "no message that is known");
}

static void times(void **state GL_UNUSED) {
#define AS_OF(time) "\"as_of\":\"" time "\""
#define LODGED(time) "\"lodged_at\":" time
#define ISSUED_AT(time) DECLARATION(ORIGINAL LRN ISSUED(time))
    gives(ISSUED_AT("20260504081530Z"), AS_OF("2026-05-04T08:15:30.000Z"));
    gives(ISSUED_AT("20260504101530+02"), AS_OF("2026-05-04T08:15:30.000Z"));
    gives(ISSUED_AT("20260504101530+0200"), AS_OF("2026-05-04T08:15:30.000Z"));
    gives(ISSUED_AT("20260504044530-03:30"), AS_OF("2026-05-04T08:15:30.000Z"));
    gives(ISSUED_AT("202605040815Z"), LODGED("\"2026-05-04T08:15:00.000Z\""));
    gives(ISSUED_AT("20260504081530"), AS_OF("2026-05-04T08:15:30.000Z")); /* orders, but proves no time of lodging */
    gives(ISSUED_AT("20260504081530"), LODGED("null"));
    gives(ISSUED_AT("20260504"), AS_OF("2026-05-04T00:00:00.000Z"));
    gives(DECLARATION(ORIGINAL LRN "<AcceptanceDateTime><DateTimeString>20260503</DateTimeString></AcceptanceDateTime>"),
          AS_OF("2026-05-03T00:00:00.000Z"));
    gives(DECLARATION(ORIGINAL LRN), AS_OF("2026-05-04T09:46:40.000Z")); /* when the file was written */
}

static void no_time_is_known(void **state GL_UNUSED) {
    struct result res;
    const char *text = DECLARATION(ORIGINAL LRN);
    assert_int_equal(declared(text, NULL, &res), 1);
    assert_string_equal(res.where, "/Declaration/IssueDateTime/DateTimeString");
    gl_buf_free(&res.json);
}

/* A request to cancel is no cancellation, and an amendment no declaration. */
static void functions(void **state GL_UNUSED) {
    notes(DECLARATION("<FunctionCode>13</FunctionCode><TypeCode>INV</TypeCode>" LRN TIME), 0, "cancels nothing");
    refuses(DECLARATION("<FunctionCode>13</FunctionCode><TypeCode>COR</TypeCode>" LRN TIME), "/Declaration", "whole declaration");
    refuses(DECLARATION("<FunctionCode>1</FunctionCode>" LRN TIME), "/Declaration", "FunctionCode \"1\"");
    refuses(DECLARATION(LRN TIME), "/Declaration/FunctionCode", "missing");
}

#define MEANS_OF(element, type, mode, id)                                                                                          \
    "<" element "><ID>" id "</ID><IdentificationTypeCode>" type "</IdentificationTypeCode><ModeCode>" mode "</ModeCode></" element \
    ">"
#define MEANS(list) "\"means\":[" list "]"
#define TRUCK(plate) "{\"role\":\"vehicle\",\"plate\":\"" plate "\",\"country\":null}"
#define TRAILER(plate) "{\"role\":\"trailer\",\"plate\":\"" plate "\",\"country\":null}"

static void only_road_means_count(void **state GL_UNUSED) {
    static const char *const others[] = {"10", "11", "20", "21", "40", "41", "80", "81"};
    gives(WHOLE(MEANS_OF("BorderTransportMeans", "30", "3", "AB 12")), MEANS(TRUCK("AB 12")));
    gives(WHOLE(MEANS_OF("BorderTransportMeans", "31", "3", "CD 34")), MEANS(TRAILER("CD 34")));
    gives(WHOLE(MEANS_OF("BorderTransportMeans", "30", "1", "AB 12/CD 34")), MEANS(TRUCK("AB 12") "," TRAILER("CD 34")));
    gives(WHOLE(MEANS_OF("BorderTransportMeans", "", "3", "AB 12")), MEANS(TRUCK("AB 12")));
    gives(WHOLE(MEANS_OF("BorderTransportMeans", "", "3", "Sandpiper Bay")), MEANS(""));
    gives(WHOLE(MEANS_OF("BorderTransportMeans", "", "", "AB 12")), MEANS("")); /* nobody says that it is a road vehicle */
    gives(WHOLE(MEANS_OF("BorderTransportMeans", "", "1", "AB 12")), MEANS(""));
    gives(CONSIGNED(MEANS_OF("ArrivalTransportMeans", "30", "", "AB 12") MEANS_OF("DepartureTransportMeans", "30", "", "EF 56")),
          MEANS(TRUCK("AB 12") "," TRUCK("EF 56")));
    for (size_t i = 0; i < GL_COUNT(others); i++) {
        char text[600];
        gl_format(text, sizeof text, WHOLE(MEANS_OF("BorderTransportMeans", "%s", "3", "AB 12")), others[i]);
        gives(text, MEANS(""));
    }
}

static void equipment(void **state GL_UNUSED) {
#define EQUIPPED(id, seals) "<TransportEquipment><ID>" id "</ID>" seals "</TransportEquipment>"
#define SEAL(id) "<Seal><ID>" id "</ID></Seal>"
    gives(CONSIGNED(EQUIPPED("CSQU 305438-3", SEAL("S1") SEAL("S2"))),
          "\"equipment\":[{\"container\":\"CSQU3054383\",\"seals\":[\"S1\",\"S2\"]}]");
    gives(WHOLE(ITEMS("<Consignment>" EQUIPPED("CSQU 305438-3", SEAL("S1")) "</Consignment>" ITEM(
              "<Commodity>" EQUIPPED("CSQU3054383", "") EQUIPPED("TGHU4512764", "") "</Commodity>"))),
          "\"equipment\":[{\"container\":\"CSQU3054383\",\"seals\":[\"S1\"]},{\"container\":\"TGHU4512764\",\"seals\":[]}]");
}

static void goods(void **state GL_UNUSED) {
#define CLASSED(id, type) \
    "<Classification><ID>" id "</ID><IdentificationTypeCode>" type "</IdentificationTypeCode></Classification>"
#define GOODS(inside) WHOLE(ITEMS(ITEM("<Commodity>" inside "</Commodity>")))
    gives(GOODS(CLASSED("00", "TRC") CLASSED("42021219", "TSP")), "\"hs\":\"42021219\"");
    gives(GOODS(CLASSED("42021219", "TSP") CLASSED("99", "TSP")), "\"hs\":\"42021219\"");
    gives(GOODS(CLASSED("VATE", "GN")), "\"hs\":null");
    gives(GOODS("<DangerousGoods><UNDGID>1263</UNDGID></DangerousGoods><DangerousGoods><UNDGID>1002</UNDGID></DangerousGoods>"),
          "[{\"hs\":null,\"gross_kg\":null,\"un\":\"1263\"},{\"hs\":null,\"gross_kg\":null,\"un\":\"1002\"}]");
    gives(GOODS("<GoodsMeasure><GrossMassMeasure>150</GrossMassMeasure></GoodsMeasure>"), "\"gross_kg\":150,\"goods\"");
}

static void masses_that_disagree(void **state GL_UNUSED) {
    notes(WHOLE("<TotalGrossMassMeasure>140</TotalGrossMassMeasure>" ITEMS(
              ITEM("<Commodity><GoodsMeasure><GrossMassMeasure>150</GrossMassMeasure></GoodsMeasure></Commodity>"))),
          1, "gross mass 140.000 kg, its items together 150.000 kg; the first counts");
}

static void bad_declarations(void **state GL_UNUSED) {
    static const struct {
        const char *text, *where, *reason;
    } bad[] = {
        {DECLARATION(ORIGINAL TIME), "/Declaration/FunctionalReferenceID", "missing"},
        {DECLARATION(ORIGINAL LRN LRN TIME), "/Declaration/FunctionalReferenceID", "twice"},
        {DECLARATION(ORIGINAL LRN TIME TIME), "/Declaration/IssueDateTime/DateTimeString", "twice"},
        {ISSUED_AT("2026-05-04"), "/DateTimeString", "20260504081530Z"},
        {ISSUED_AT("20261304"), "/DateTimeString", "no time"},
        {ISSUED_AT("2026050408153"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530+1"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530+"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530+02:"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530+02:00:00"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530+020"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530 02"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530Zulu"), "/DateTimeString", "no time"},
        {ISSUED_AT("202605040815301Z"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530+02x30"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530+02x"), "/DateTimeString", "no time"},
        {ISSUED_AT("20260504081530 CET"), "/DateTimeString", "no time"},
        {ISSUED_AT("yesterday"), "/DateTimeString", "no time"},
        {WHOLE("<TotalGrossMassMeasure>1,5</TotalGrossMassMeasure>"), "/Declaration/TotalGrossMassMeasure", "1234.5"},
        {WHOLE("<DeclarationOfficeID>EE5110EE5110EE5110</DeclarationOfficeID>"), "/Declaration", "DeclarationOfficeID"},
        {WHOLE("<BorderTransportMeans><RegistrationNationalityCode>?</RegistrationNationalityCode></BorderTransportMeans>"),
         "/Declaration/BorderTransportMeans/RegistrationNationalityCode", "no country"},
        {WHOLE(MEANS_OF("BorderTransportMeans", "30", "3", "unknown")), "/Declaration", "body.means[0].plate"},
        {GOODS(CLASSED("123456789012", "TSP")), "/Commodity/Classification", "commodity code"},
        {"<MetaData>words</MetaData>", "/MetaData", "no Declaration"},
        {"<Declaration>words</Declaration>", "/Declaration", "elements are needed"},
        {"<MetaData>" DECLARATION(ORIGINAL), "/MetaData", "no element found"},
        {"<!DOCTYPE MetaData SYSTEM \"file:///etc/passwd\"><MetaData/>", "/", "DOCTYPE"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) refuses(bad[i].text, bad[i].where, bad[i].reason);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_give_their_goldens),
        cmocka_unit_test(references),
        cmocka_unit_test(the_envelope_is_taken_off),
        cmocka_unit_test(times),
        cmocka_unit_test(no_time_is_known),
        cmocka_unit_test(functions),
        cmocka_unit_test(only_road_means_count),
        cmocka_unit_test(equipment),
        cmocka_unit_test(goods),
        cmocka_unit_test(masses_that_disagree),
        cmocka_unit_test(bad_declarations),
    };
    return cmocka_run_group_tests(tests, declared_start, NULL);
}
