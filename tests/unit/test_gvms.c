/* GVMS: goods movement records to movements; what was not decided is not released. */
#include "import_bench.h"

static const struct gl_import_options london = {.zone = "Europe/London", .as_of = 1782900000000};
static const struct gl_import_options no_zone = {.as_of = 1782900000000};
static const struct gl_import_options no_time = {.zone = "Europe/London"};

#define ID "\"gmrId\":\"GMRA00000001\""
#define AT "\"updatedDateTime\":\"2026-07-01T05:00:00Z\""
#define ONE(more) "{" ID "," AT "," more "}"
#define LOCAL "\"checkedInCrossing\":{\"localDateTimeOfArrival\":\"2026-07-01T09:30\"}"

static void samples_give_their_goldens(void **state GL_UNUSED) {
    in_zone("Europe/London");
    golden("gvms", "checked-in", ".json", &london, false);
    golden("gvms", "movement", ".json", &london, false);
}

/* Absent, null and anything that is no boolean are not "no". */
static void nothing_decided_is_no_release(void **state GL_UNUSED) {
    static const struct {
        const char *text, *channel;
    } cases[] = {
        {ONE(LOCAL), "\"channel\":null"},
        {ONE("\"inspectionRequired\":null"), "\"channel\":null"},
        {ONE("\"inspectionRequired\":{}"), "\"channel\":null"},
        {ONE("\"inspectionRequired\":[]"), "\"channel\":null"},
        {ONE("\"inspectionRequired\":false"), "\"channel\":\"release\""},
        {ONE("\"inspectionRequired\":true"), "\"channel\":\"physical\""},
        {ONE("\"inspectionRequired\":[true,false]"), "\"channel\":\"physical\""},
        {ONE("\"inspectionRequired\":false,\"metadata\":{\"inspectionRequired\":true}"), "\"channel\":\"physical\""},
        {ONE("\"inspectionRequired\":false,\"readyToEmbark\":false"), "\"channel\":null"},
        {ONE("\"inspectionRequired\":false,\"readyToEmbark\":true"), "\"channel\":\"release\""},
        {ONE("\"inspectionRequired\":false,\"readyToEmbark\":\"NO\""), "\"channel\":null"},
        {ONE("\"readyToEmbark\":true"), "\"channel\":null"},
        {ONE("\"inspectionRequired\":false,\"reportToLocations\":[{\"locationIds\":[\"7\"]}]"), "\"channel\":\"physical\""},
        /* a member without a name is not the end of the record */
        {ONE("\"inspectionRequired\":false,\"\":null,\"reportToLocations\":[{\"inspectionTypeId\":\"1\"}]"),
         "\"channel\":\"physical\""},
        {ONE("\"inspectionRequired\":false,\"reportToLocations\":[{\"inspectionTypeId\":\"1\"}]"), "\"channel\":\"physical\""},
        {ONE("\"reportToLocations\":[{\"inspectionTypeId\":\"1\"}]"), "\"channel\":\"physical\""},
        {ONE("\"inspectionRequired\":false,\"reportToLocations\":[]"), "\"channel\":\"release\""},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) text_gives(cases[i].text, &london, 1, cases[i].channel);
    text_refuses(ONE("\"inspectionRequired\":\"no\""), &london, 0, "record 1, /inspectionRequired", "neither true nor false");
    text_refuses(ONE("\"inspectionRequired\":0"), &london, 0, "/inspectionRequired", "neither true nor false");
}

static void states_by_their_names(void **state GL_UNUSED) {
    static const struct {
        const char *text, *gives;
    } cases[] = {
        {ONE("\"state\":\"NOT_FINALISABLE\""), "\"state\":\"draft\""},
        {ONE("\"state\":\"OPEN\""), "\"state\":\"ready\""},
        {ONE("\"metadata\":{\"state\":\"FINALISED\"}"), "\"state\":\"ready\""},
        {ONE("\"state\":\"CHECKED_IN\""), "\"state\":\"checked_in\""},
        {ONE("\"state\":\"EMBARKED\""), "\"state\":\"exited\""},
        {ONE("\"state\":\"EMBARKED\",\"direction\":\"UK_OUTBOUND\""), "\"state\":\"exited\""},
        {ONE("\"state\":\"EMBARKED\",\"direction\":\"GB_TO_NI\""), "\"state\":\"exited\""},
        {ONE("\"state\":\"COMPLETED\",\"direction\":\"UK_INBOUND\""), "\"state\":\"checked_in\""},
        {ONE("\"state\":\"SUSPENDED\",\"inspectionRequired\":false"), "\"state\":\"draft\""},
        {ONE(LOCAL), "\"state\":\"checked_in\""},
        {ONE("\"plannedCrossing\":{\"localDateTimeOfDeparture\":\"2026-07-01T09:30\"}"), "\"state\":\"draft\""},
    };
    in_zone("Europe/London");
    for (size_t i = 0; i < GL_COUNT(cases); i++) text_gives(cases[i].text, &london, 1, cases[i].gives);
}

static void empty_and_exempt_only_without_goods(void **state GL_UNUSED) {
    text_gives(ONE("\"emptyVehicle\":{\"isOwnVehicle\":false}"), &london, 1, "\"kind\":\"empty\"");
    text_gives(ONE("\"emptyVehicle\":{\"isOwnVehicle\":true,\"sAndSMasterRefNum\":\"S1\"}"), &london, 1, "\"kind\":\"empty\"");
    text_gives(ONE("\"emptyVehicle\":null"), &london, 1, "\"kind\":\"goods\"");
    text_gives(ONE("\"emptyVehicle\":{\"isOwnVehicle\":true},\"tirDeclarations\":[{\"tirCarnetId\":\"XX1\"}]"), &london, 1,
               "\"kind\":\"goods\"");
    text_gives(ONE("\"emptyVehicle\":{\"isOwnVehicle\":true},\"dbcDeclaration\":{\"dbcGoods\":[{}]}"), &london, 1,
               "\"kind\":\"goods\"");
    text_gives(ONE("\"emptyVehicle\":{\"isOwnVehicle\":true},\"mtpDeclaration\":{\"mtpGoods\":[{\"sAndSMasterRefNum\":\"S3\"}]}"),
               &london, 1, "\"kind\":\"goods\"");
    text_gives(ONE("\"emptyVehicle\":{\"isOwnVehicle\":true},\"eidrDeclarations\":[{\"palletReference\":\"P1\"}]"), &london, 1,
               "\"kind\":\"goods\"");
    text_gives(ONE("\"emptyVehicle\":{\"isOwnVehicle\":true},\"dbcDeclaration\":null,\"eidrDeclarations\":null"), &london, 1,
               "\"kind\":\"empty\"");
    text_gives(ONE("\"exemptionDeclaration\":{\"exemptedGoods\":[{\"sAndSMasterRefNum\":\"S2\"}]}"), &london, 1,
               "\"kind\":\"exempt\"");
    text_gives(ONE("\"exemptionDeclaration\":{\"exemptedGoods\":[]}"), &london, 1, "\"kind\":\"goods\"");
    text_gives(ONE("\"dbcDeclaration\":{\"isOwnVehicle\":true}"), &london, 1, "\"kind\":\"goods\"");
}

/* Local times: British summer time in July, none in December; no zone, no guess. */
static void local_times_need_their_zone(void **state GL_UNUSED) {
    in_zone("Europe/London");
    text_gives(ONE(LOCAL), &london, 1, "\"eta\":\"2026-07-01T08:30:00.000Z\"");
    text_refuses(ONE(LOCAL), &no_zone, 0, "record 1, /checkedInCrossing/localDateTimeOfArrival", "no zone is known");
    text_gives(ONE("\"actualCrossing\":{\"localDateTimeOfArrival\":\"2026-07-01T09:30Z\"}"), &no_zone, 1,
               "\"eta\":\"2026-07-01T09:30:00.000Z\"");
    text_refuses(ONE("\"actualCrossing\":{\"localDateTimeOfArrival\":\"tomorrow\"}"), &london, 0, "/actualCrossing", "no time");
    text_refuses(ONE("\"actualCrossing\":{\"localDateTimeOfArrival\":\"2026-03-29T01:30\"}"), &london, 0, "/actualCrossing",
                 "does not exist");
    in_zone("Europe/Paris");
    struct gl_import_options paris = {.zone = "Europe/Paris"};
    text_gives(ONE(LOCAL), &paris, 1, "\"eta\":\"2026-07-01T07:30:00.000Z\"");
}

static void versions_order_records(void **state GL_UNUSED) {
    text_gives(ONE(LOCAL), &no_time, 1, "\"version\":1782882000000");
    text_gives("[{" ID "}]", &london, 1, "\"version\":1782900000000");
    text_refuses("[{" ID "}]", &no_time, 0, "/updatedDateTime", "missing");
    /* one of tomorrow would outrank everything until then; another zone's clock may be some hours ahead */
    text_gives("{" ID ",\"updatedDateTime\":\"2026-07-01T23:00:00Z\"}", &london, 1, "\"version\":1782946800000");
    text_refuses("{" ID ",\"updatedDateTime\":\"2026-07-02T01:00:00Z\"}", &london, 0, "record 1", "is still to come");
}

static void a_bad_record_never_touches_its_neighbours(void **state GL_UNUSED) {
    in_zone("Europe/London");
    text_refuses("[" ONE(LOCAL) ",{\"gmrId\":\"GMRA00000002\"," AT ",\"vehicleRegNum\":\"???\"}," ONE(LOCAL) "]", &london, 2,
                 "record 2", "no plate that a camera could see");
    text_refuses("[" ONE(LOCAL) ",{" AT "}," ONE(LOCAL) "]", &london, 2, "record 2, /gmrId", "missing");
    text_refuses("[" ONE(LOCAL) ",\"GMRA00000002\"," ONE(LOCAL) "]", &london, 2, "record 2", "elements are needed");
    text_refuses("[" ONE(LOCAL) ",{" ID "," ID "}," ONE(LOCAL) "]", &london, 1, "record 2, /", "\"gmrId\" stands twice");
    text_refuses("[" ONE(LOCAL) ", nonsense", &london, 1, "/", "no valid JSON");
}

static void reference_data_loads_nothing(void **state GL_UNUSED) {
    text_notes("{\"routes\":[{\"routeId\":\"1\"}],\"ports\":[{\"timezoneId\":\"Europe/London\"}],\"carriers\":[]}", &london,
               "reference data of GVMS");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_give_their_goldens),
        cmocka_unit_test(nothing_decided_is_no_release),
        cmocka_unit_test(states_by_their_names),
        cmocka_unit_test(empty_and_exempt_only_without_goods),
        cmocka_unit_test(local_times_need_their_zone),
        cmocka_unit_test(versions_order_records),
        cmocka_unit_test(a_bad_record_never_touches_its_neighbours),
        cmocka_unit_test(reference_data_loads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
