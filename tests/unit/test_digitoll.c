/* Digitoll: house consignments to declarations, routings to controls. */
#include "import_bench.h"

static const struct gl_import_options written = {.as_of = 1777900000000};
static const struct gl_import_options never;

#define WAYBILL "\"transportDocumentHouseLevel\":{\"documentNumber\":\"A1\",\"type\":\"N750\"}"
#define HOUSE(more) "{\"documentIssueDate\":\"2026-05-04T08:15:30Z\",\"consignmentHouseLevel\":{" WAYBILL more "}}"
#define ROUTED(routing) "{" WAYBILL ",\"routingResult\":{\"id\":\"x\",\"routing\":" routing "}}"

static void samples_give_their_goldens(void **state GL_UNUSED) {
    golden("digitoll", "house", ".json", &never, false);
    golden("digitoll", "routing", ".json", &written, false);
}

static void a_house_needs_its_waybill_and_a_time(void **state GL_UNUSED) {
    text_gives(HOUSE(""), &never, 1,
               "\"ref\":{\"type\":\"waybill\",\"value\":\"N750/A1\"},\"lrn\":null,\"type\":null,\"version\":1777882530000");
    text_gives("{\"consignmentHouseLevel\":{" WAYBILL "}}", &written, 1, "\"version\":1777900000000");
    text_refuses("{\"consignmentHouseLevel\":{" WAYBILL "}}", &never, 0, "/documentIssueDate", "missing");
    text_refuses("{\"documentIssueDate\":\"2026-05-04T08:15:30Z\",\"consignmentHouseLevel\":{}}", &never, 0,
                 "/consignmentHouseLevel/transportDocumentHouseLevel/documentNumber", "missing");
    text_refuses("{\"consignmentHouseLevel\":{\"transportDocumentHouseLevel\":{\"documentNumber\":\"A1\"}}}", &written, 0,
                 "transportDocumentHouseLevel/type", "missing");
    text_refuses(HOUSE(",\"totalGrossMass\":\"12,5\""), &never, 0, "/consignmentHouseLevel/totalGrossMass", "kilograms");
    text_refuses("{\"documentIssueDate\":\"yesterday\",\"consignmentHouseLevel\":{" WAYBILL "}}", &written, 0, "/documentIssueDate",
                 "no time");
}

static void documents_of_every_kind(void **state GL_UNUSED) {
    text_gives(
        HOUSE(",\"previousDocuments\":[{\"typeOfReference\":\"CUDE\",\"declarantNumber\":\"1\",\"declarationDate\":\"2026-05-03\","
              "\"sequenceNumber\":7}]"),
        &never, 1, "{\"type\":\"CUDE\",\"ref\":\"1/2026-05-03/7\",\"required\":null}");
    /* Two thirds of a reference are none. */
    text_gives(HOUSE(",\"previousDocuments\":[{\"typeOfReference\":\"CUDE\",\"declarantNumber\":\"1\",\"sequenceNumber\":7}]"),
               &never, 1, "{\"type\":\"CUDE\",\"ref\":null,\"required\":null}");
    text_gives(HOUSE(",\"exportFromEU\":[{\"typeOfExport\":\"UGE_EXPORT\",\"exportId\":\"e1\"}]"), &never, 1,
               "{\"type\":\"EXPORT\",\"ref\":\"e1\",\"required\":null}");
}

/* Whatever Customs have not let in is no release. */
static void routings_by_their_names(void **state GL_UNUSED) {
    static const struct {
        const char *text, *gives;
    } cases[] = {
        {ROUTED("\"TO_ENTRY\""), "\"state\":\"released\",\"control\":{\"channel\":\"release\",\"type\":null}"},
        {ROUTED("\"TO_CONTROL\""), "\"state\":\"under_control\",\"control\":{\"channel\":\"physical\",\"type\":null}"},
        {ROUTED("\"ENTRY_PENDING\""), "\"state\":\"not_released\",\"control\":{\"channel\":\"desk\",\"type\":null}"},
        {ROUTED("\"TO_HEAVEN\""), "\"state\":\"not_released\",\"control\":{\"channel\":\"desk\",\"type\":null}"},
        {ROUTED("\"ENTRY_DENIED\""), "\"state\":\"not_released\",\"control\":{\"channel\":\"refuse\",\"type\":null}"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) text_gives(cases[i].text, &written, 1, cases[i].gives);
    text_refuses("[" ROUTED("\"TO_ENTRY\"") "," ROUTED("{}") "," ROUTED("\"TO_ENTRY\"") "]", &written, 2,
                 "record 2, /routingResult/routing", "missing");
    text_refuses("[" ROUTED("null") "]", &written, 0, "/routingResult/routing", "missing");
    text_refuses("[{\"routingResult\":{\"routing\":\"TO_ENTRY\"}}]", &written, 0, "transportDocumentHouseLevel/documentNumber",
                 "missing");
    text_refuses(ROUTED("\"TO_ENTRY\""), &never, 0, "record 1", "when the file was written is not known");
}

/* A long list must not outrank a file that is written in the next second. */
static void all_of_one_file_are_of_its_time(void **state GL_UNUSED) {
    text_gives("[" ROUTED("\"TO_ENTRY\"") "," ROUTED("\"TO_CONTROL\"") "]", &written, 2,
               "\"version\":1777900000000,\"state\":\"under_control\"");
}

static void what_is_not_published_is_not_loaded(void **state GL_UNUSED) {
    static const char transport[] = "{\"documentIssueDate\":\"2026-05-04T08:15:30Z\",\"activeBorderTransportMeans\":{}}";
    text_notes(transport, &written, "layout is not published");
    text_notes("{\"documentIssueDate\":\"2026-05-04T08:15:30Z\",\"consignmentMasterLevel\":{}}", &written, "nothing is loaded");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_give_their_goldens),      cmocka_unit_test(a_house_needs_its_waybill_and_a_time),
        cmocka_unit_test(documents_of_every_kind),         cmocka_unit_test(routings_by_their_names),
        cmocka_unit_test(all_of_one_file_are_of_its_time), cmocka_unit_test(what_is_not_published_is_not_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
