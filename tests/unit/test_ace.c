/* E-manifests: trips to movements, shipments to declarations, the agency's answers to controls. */
#include "feed/mass.h"
#include "import_bench.h"

static const struct gl_import_options toronto = {.zone = "America/Toronto", .as_of = 1782900000000};
static const struct gl_import_options no_zone = {.as_of = 1782900000000};
static const struct gl_import_options no_time = {.zone = "America/Toronto"};

#define TRIP(more) "{\"data\":\"ACE_TRIP\",\"tripNumber\":\"AAAA0001\"" more "}"
#define SHIPMENT(more) TRIP(",\"shipments\":[{\"shipmentControlNumber\":\"S1\"" more "}]")
#define COMMODITY(more) SHIPMENT(",\"commodities\":[{" more "}]")

static void samples_give_their_goldens(void **state GL_UNUSED) {
    in_zone("America/Toronto");
    golden("ace", "ace-trip", ".json", &toronto, false);
    golden("ace", "aci-trip", ".json", &toronto, false);
    golden("ace", "ace-response", ".json", &toronto, false);
}

/* Sent in is not accepted; and without shipments a truck is not called empty. */
static void a_trip_is_a_draft_of_goods(void **state GL_UNUSED) {
    text_gives(TRIP(""), &toronto, 1, "\"kind\":\"goods\",\"state\":\"draft\",\"channel\":null,\"direction\":\"in\"");
    text_gives(TRIP(",\"operation\":\"UPDATE\""), &toronto, 1, "\"op\":\"upsert\"");
    text_gives(TRIP(",\"operation\":\"DELETE\""), &toronto, 1, "\"op\":\"cancel\"");
    text_refuses(TRIP(",\"operation\":\"PERHAPS\""), &toronto, 0, "/operation", "PERHAPS");
    text_refuses("{\"data\":\"ACI_TRIP\"}", &toronto, 0, "/tripNumber", "missing");
    text_refuses(TRIP(""), &no_time, 0, "record 1", "when the file was written is not known");
}

static void arrival_is_local(void **state GL_UNUSED) {
    in_zone("America/Toronto");
    text_gives(TRIP(",\"estimatedArrivalDateTime\":\"2026-07-01 04:45:00\""), &toronto, 1, "\"eta\":\"2026-07-01T08:45:00.000Z\"");
    text_gives(TRIP(",\"estimatedArrivalDateTime\":\"2026-12-01 04:45:00\""), &toronto, 1, "\"eta\":\"2026-12-01T09:45:00.000Z\"");
    text_refuses(TRIP(",\"estimatedArrivalDateTime\":\"2026-07-01 04:45:00\""), &no_zone, 0, "/estimatedArrivalDateTime",
                 "no zone is known");
    text_refuses(TRIP(",\"estimatedArrivalDateTime\":\"07/01/2026\""), &toronto, 0, "/estimatedArrivalDateTime", "no time");
}

static void countries_of_states_and_provinces(void **state GL_UNUSED) {
    static const struct {
        const char *text, *country;
    } cases[] = {
        {TRIP(",\"truck\":{\"licensePlate\":{\"number\":\"P1\",\"stateProvince\":\"QC\"}}"), "\"country\":\"CA\""},
        {TRIP(",\"truck\":{\"licensePlate\":{\"number\":\"P1\",\"stateProvince\":\"CA\"}}"), "\"country\":\"US\""},
        {TRIP(",\"truck\":{\"licensePlate\":{\"number\":\"P1\",\"stateProvince\":\"WY\"}}"), "\"country\":\"US\""},
        {TRIP(",\"truck\":{\"licensePlate\":{\"number\":\"P1\",\"stateProvince\":\"ZZ\"}}"), "\"country\":null"},
        {TRIP(",\"truck\":{\"licensePlate\":{\"number\":\"P1\",\"stateProvince\":\" \"}}"), "\"country\":null"},
        {TRIP(",\"truck\":{\"licensePlate\":{\"number\":\"P1\",\"stateProvince\":\"L A\"}}"), "\"country\":null"},
        {TRIP(",\"truck\":{\"licensePlate\":{\"number\":\"P1\"}}"), "\"country\":null"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) text_gives(cases[i].text, &toronto, 1, cases[i].country);
}

static void shipments_beside_their_trip(void **state GL_UNUSED) {
    text_gives(SHIPMENT(""), &toronto, 2, "\"declarations\":[{\"type\":\"scn\",\"value\":\"S1\"}]");
    text_gives(SHIPMENT(""), &toronto, 2, "\"collection\":\"declarations\",\"epoch\":null,\"seq\":0,\"op\":\"upsert\"");
    text_gives(COMMODITY("\"hazmat\":\"UN 1203\""), &toronto, 2, "\"un\":\"1203\"");
    text_gives(COMMODITY("\"hazmat\":true"), &toronto, 2, "\"un\":\"?\"");
    text_gives(COMMODITY("\"hazmat\":[{\"unNumber\":\"1203\"},{\"unNumber\":\"1202\"}]"), &toronto, 2, "\"un\":\"1202\"");
    text_gives(COMMODITY("\"hazmat\":false"), &toronto, 2, "\"un\":null");
    text_gives(COMMODITY("\"quantity\":1"), &toronto, 2, "\"gross_kg\":null");
    text_refuses(COMMODITY("\"weight\":5"), &toronto, 1, "record 1, /shipments/commodities", "neither pounds");
    text_refuses(COMMODITY("\"weight\":5,\"weightUnit\":\"STONE\""), &toronto, 1, "/shipments/commodities", "STONE");
    text_refuses(COMMODITY("\"weight\":-5,\"weightUnit\":\"K\""), &toronto, 1, "/shipments/commodities", "no number");
    text_refuses(TRIP(",\"shipments\":[{\"type\":\"PAPS\"},{\"shipmentControlNumber\":\"S2\"}]"), &toronto, 2, "record 1",
                 "missing");
    text_refuses(TRIP(",\"shipments\":[{\"shipmentControlNumber\":\"S1\"}"), &toronto, 0, "/", "no valid JSON");
}

#define ANSWER(more) \
    "{\"data\":\"ACE_RESPONSE\",\"sendRequest\":{\"type\":\"COMPLETE_TRIP_AND_SHIPMENTS\",\"tripNumber\":\"T1\"}" more "}"
#define COUNTS(rejected, accepted) ",\"processingResponse\":{\"shipmentsRejected\":" rejected ",\"shipmentsAccepted\":" accepted "}"
#define ACI(type, answer) \
    "{\"data\":\"ACI_RESPONSE\",\"sendRequest\":{\"type\":\"" type "\",\"tripNumber\":\"T1\"},\"type\":\"" answer "\"}"

static void only_an_acceptance_of_the_whole_makes_ready(void **state GL_UNUSED) {
    text_gives(ANSWER(COUNTS("0", "2")), &toronto, 1, "\"op\":\"control\"");
    text_gives(ANSWER(COUNTS("0", "2")), &toronto, 1, "\"state\":\"ready\",\"channel\":null");
    text_gives(ANSWER(COUNTS("1", "2")), &toronto, 1, "\"state\":\"draft\"");
    text_gives(ACI("ORIGINAL", "ACCEPT"), &toronto, 1, "\"state\":\"ready\"");
    text_gives(ACI("ORIGINAL", "REJECT"), &toronto, 1, "\"state\":\"draft\"");
    text_notes(ANSWER(COUNTS("0", "0")), &toronto, "neither accepts nor refuses");
    text_notes(ANSWER(",\"processingResponse\":{\"shipmentsAccepted\":2}"), &toronto, "neither accepts nor refuses");
    text_notes(ANSWER(""), &toronto, "neither accepts nor refuses");
    text_notes(ACI("CANCEL", "ACCEPT"), &toronto, "neither accepts nor refuses");
    text_notes(ACI("ORIGINAL", "PENDING"), &toronto, "neither accepts nor refuses");
    text_refuses("{\"data\":\"ACE_RESPONSE\"}", &toronto, 0, "/sendRequest/tripNumber", "missing");
}

static void masses_in_every_unit(void **state GL_UNUSED) {
    static const struct {
        const char *text, *unit;
        int64_t grams;
    } cases[] = {
        {"1", "kg", 1000},
        {"1", "LB", 454},
        {"1500", "l", 680389},
        {"0.0011", "lbr", 0},
        {"0.0012", "lb", 1},
        {"2.5", "t", 2500000},
        {"12.34567", "K", 12346},
        {"0.4", "g", 0},
        {"0.5", "grm", 1},
        {"999999999", "T", 999999999000000},
        {"999999999.999999", "lb", 453592370000},
    };
    int64_t grams = -1;
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        assert_int_equal(gl_mass_parse(cases[i].text, cases[i].unit, &grams), 0);
        assert_int_equal(grams, cases[i].grams);
    }
    static const char *const bad[] = {"", "-1", "1,5", "1.", ".5", "1e3", "1000000000", "1 ", "0.00000000000000001"};
    for (size_t i = 0; i < GL_COUNT(bad); i++) assert_true(gl_mass_parse(bad[i], "kg", &grams) < 0);
    assert_true(gl_mass_parse("1", "stone", &grams) < 0 && gl_mass_parse("1", "", &grams) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_give_their_goldens),
        cmocka_unit_test(a_trip_is_a_draft_of_goods),
        cmocka_unit_test(arrival_is_local),
        cmocka_unit_test(countries_of_states_and_provinces),
        cmocka_unit_test(shipments_beside_their_trip),
        cmocka_unit_test(only_an_acceptance_of_the_whole_makes_ready),
        cmocka_unit_test(masses_in_every_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
