/* Single administrative documents as ASYCUDA World saves them: samples against goldens, and what their dates, plates and numbers may do. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "declared_bench.h"

#define OFFICE_OF(code) "<Office_segment><Customs_clearance_office_code>" code "</Customs_clearance_office_code></Office_segment>"
#define TYPE(type) "<Type><Type_of_declaration>" type "</Type_of_declaration></Type>"
#define REGISTERED(serial, number, date) \
    "<Registration><Serial_number>" serial "</Serial_number><Number>" number "</Number><Date>" date "</Date></Registration>"
#define SAD_OF(identification, rest) "<ASYCUDA><Identification>" identification "</Identification>" rest "</ASYCUDA>"
#define SAD(rest) SAD_OF(OFFICE_OF("MD1") TYPE("IM") REGISTERED("R", "7", "2026-05-04"), rest)
#define DATED(date) SAD_OF(OFFICE_OF("MD1") REGISTERED("", "7", date), "")
#define TRANSIT(inside) SAD("<Transit>" inside "</Transit>")
#define NULL_ELEMENT "<null/>"

static void samples_give_their_goldens(void **state GL_UNUSED) {
    sample("asycuda", "im4-truck-trailer");
    sample("asycuda", "ex1-ship-ahead");
    sample("asycuda", "t1-seals");
}

static void references(void **state GL_UNUSED) {
    gives(SAD_OF(OFFICE_OF("al 115010") REGISTERED("r", "004417", "2026-05-04"), ""), "\"value\":\"AL115010/2026/R4417\"");
    gives(SAD_OF(OFFICE_OF("AL115010") REGISTERED(NULL_ELEMENT, "4417", "2026-05-04"), ""), "\"value\":\"AL115010/2026/4417\"");
    gives(SAD_OF(OFFICE_OF("AL115010") REGISTERED("null", "1", "1/2/26"), ""), "\"value\":\"AL115010/2026/1\"");
}

/* What cannot be read in two ways is believed; of the rest only the year. */
static void dates(void **state GL_UNUSED) {
    static const struct {
        const char *text, *lodged_at;
    } cases[] = {
        {DATED("2026-05-04"), "\"2026-05-04T20:59:59.000Z\""},
        {DATED("2026/5/4"), "\"2026-05-04T20:59:59.000Z\""},
        {DATED("4.5.2026"), "\"2026-05-04T20:59:59.000Z\""},
        {DATED("04.05.26"), "\"2026-05-04T20:59:59.000Z\""},
        {DATED("14/05/2026"), "\"2026-05-14T20:59:59.000Z\""},
        {DATED("5/14/26"), "\"2026-05-14T20:59:59.000Z\""},
        {DATED("14-05-2026 10:22:31"), "\"2026-05-14T20:59:59.000Z\""},
        {DATED("2026-01-14T10:22:31"), "\"2026-01-14T21:59:59.000Z\""},
        {DATED("5/5/26"), "\"2026-05-05T20:59:59.000Z\""},
        {DATED("29.2.2028"), "\"2028-02-29T21:59:59.000Z\""},
        {DATED("4/5/26"), "null"},
        {DATED("05-04-2026"), "null"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        char piece[64];
        gl_format(piece, sizeof piece, "\"lodged_at\":%s", cases[i].lodged_at);
        gives(cases[i].text, piece);
    }
}

static void a_limit_ends_at_the_earlier_day(void **state GL_UNUSED) {
    gives(TRANSIT("<Time_limit>12/5/2026</Time_limit>"), "\"valid_to\":\"2026-05-12T20:59:59.000Z\"");
    gives(TRANSIT("<Time_limit>5/12/2026</Time_limit>"), "\"valid_to\":\"2026-05-12T20:59:59.000Z\"");
    gives(TRANSIT("<Time_limit>5.12.2026</Time_limit>"), "\"valid_to\":\"2026-12-05T21:59:59.000Z\"");
    notes(TRANSIT("<Time_limit>5/12/2026</Time_limit>"), 1, "two days; the earlier one counts");
    gives(TRANSIT("<Time_limit/>"), "\"valid_to\":null");
}

/* Without a zone the days are those of UTC. */
static void no_zone_is_known(void **state GL_UNUSED) {
    struct result res;
    const char *text = DATED("2026-05-04");
    assert_int_equal(declared(text, NULL, &res), 0);
    assert_non_null(strstr(res.json.data, "\"lodged_at\":\"2026-05-04T23:59:59.000Z\""));
    assert_non_null(strstr(res.json.data, "\"as_of\":null"));
    gl_buf_free(&res.json);
}

/* How far it has come is its version and its state; nothing in it is a release. */
static void steps(void **state GL_UNUSED) {
#define STEP(after) SAD_OF(OFFICE_OF("MD1") REGISTERED("R", "7", "2026-05-04") after, "")
#define DONE(what) "<" what "><Number>5</Number></" what ">"
    gives(STEP(""), "\"version\":1,\"state\":\"lodged\"");
    gives(STEP("<Assessment><Number/></Assessment>"), "\"version\":1,\"state\":\"lodged\"");
    gives(STEP("<Assessment><Number>null</Number></Assessment>"), "\"version\":1,\"state\":\"lodged\"");
    gives(STEP(DONE("Assessment")), "\"version\":2,\"state\":\"accepted\"");
    gives(STEP(DONE("Assessment") DONE("receipt")), "\"version\":3,\"state\":\"accepted\"");
    gives(SAD("<Export_release><Date_of_exit>2026-05-06</Date_of_exit></Export_release>"),
          "\"version\":4,\"state\":\"discharged\"");
    gives("<ASYCUDA><Export_release><Date_of_exit>2026-05-06</Date_of_exit></Export_release><Identification>" OFFICE_OF("MD1")
              REGISTERED("R", "7", "2026-05-04") DONE("Assessment") "</Identification></ASYCUDA>",
          "\"version\":4,\"state\":\"discharged\"");
    gives(SAD("<Export_release><Date_of_exit><null/></Date_of_exit></Export_release>"), "\"version\":1,\"state\":\"lodged\"");
}

#define TRANSPORT(border, mode, departure, inland)                                                                  \
    SAD("<Transport><Means_of_transport><Departure_arrival_information><Identity>" departure                        \
        "</Identity></Departure_arrival_information><Border_information><Identity>" border "</Identity><Mode>" mode \
        "</Mode></Border_information><Inland_mode_of_transport>" inland                                             \
        "</Inland_mode_of_transport></Means_of_transport></Transport>")
#define TRUCK(plate) "{\"role\":\"vehicle\",\"plate\":\"" plate "\",\"country\":null}"
#define TRAILER(plate) "{\"role\":\"trailer\",\"plate\":\"" plate "\",\"country\":null}"

static void only_road_means_count(void **state GL_UNUSED) {
    static const struct {
        const char *text, *means;
        int notes;
    } cases[] = {
        {TRANSPORT("AB 12", "3", "CD 34", "3"), TRUCK("AB 12") "," TRUCK("CD 34"), 0},
        {TRANSPORT("AB 12", "30", "", ""), TRUCK("AB 12"), 0},
        {TRANSPORT("AB 12", "", "", ""), TRUCK("AB 12"), 0},     /* nobody said that it is not road */
        {TRANSPORT("AB 12", "ROAD", "", ""), TRUCK("AB 12"), 0}, /* no such code: no more than nothing */
        {TRANSPORT("AB 12", "9", "", ""), TRUCK("AB 12"), 0},
        {TRANSPORT("AB 12", "100", "", ""), TRUCK("AB 12"), 0},
        {TRANSPORT("BAY 26", "1", "CD 34", "3"), TRUCK("CD 34"), 0},
        {TRANSPORT("BAY 26", "10", "CD 34", ""), "", 0}, /* where nothing else is said, departure goes by the border's mode */
        {TRANSPORT("AB 12", "3", "W 26", "2"), TRUCK("AB 12"), 0},
        {TRANSPORT("AB 12", "4", "CD 34", "20"), "", 0},
        {TRANSPORT("AB 12", "80", "", ""), "", 0},
        {TRANSPORT("SANDPIPER BAY", "3", "", ""), "", 1},
        {TRANSPORT("J DOE TRANSPORT", "3", "AB 12 / CD 34 / EF 56", ""), TRUCK("AB 12") "," TRAILER("CD 34") "," TRAILER("EF 56"),
         1},
        {TRANSPORT("N/A", "3", "-", "3"), "", 0},
        {TRANSPORT("null", "null", "<null/>", "<null/>"), "", 0},
        {TRANSPORT("AB 12 / CD 34", "3", "ab12/cd34", "3"), TRUCK("AB 12") "," TRAILER("CD 34"), 0},
        {TRANSPORT("AB 12  CD 34", "3", "", ""), TRUCK("AB 12") "," TRAILER("CD 34"), 0},
        {TRANSPORT("AB 12", "3", "AB 12, CD 34; EF 56", "3"), TRUCK("AB 12") "," TRAILER("CD 34") "," TRAILER("EF 56"), 0},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        struct result res;
        char piece[400];
        gl_format(piece, sizeof piece, "\"means\":[%s]", cases[i].means);
        if (declared(cases[i].text, &declared_options, &res) != 0) fail_msg("%s: %s", res.where, res.reason);
        if (!strstr(res.json.data, piece)) fail_msg("%zu: no %s in %s", i, piece, res.json.data);
        if (res.notes != cases[i].notes) fail_msg("%zu: %d notes, the last: %s", i, res.notes, res.note);
        gl_buf_free(&res.json);
    }
}

static void offices_by_flow(void **state GL_UNUSED) {
#define BORDER "<Transport><Border_office><Code>MD9</Code></Border_office></Transport>"
#define FLOW(flow)                                                                                 \
    "<ASYCUDA><Property><Sad_flow>" flow "</Sad_flow></Property><Identification>" OFFICE_OF("MD1") \
        REGISTERED("R", "7", "2026-05-04") "</Identification>" BORDER "</ASYCUDA>"
#define AT(role, office) "{\"role\":\"" role "\",\"office\":\"" office "\",\"eta\":null}"
    gives(FLOW("I"), "[" AT("destination", "MD1") "," AT("border", "MD9") "]");
    gives(FLOW("E"), "[" AT("departure", "MD1") "," AT("border", "MD9") "]");
    gives(FLOW(""), "[" AT("departure", "MD1") "," AT("border", "MD9") "]");
    gives(SAD(BORDER), "[" AT("destination", "MD1") "," AT("border", "MD9") "]"); /* by the type, IM */
    gives(TRANSIT("<Destination><Office>MD5</Office></Destination>"), "[" AT("departure", "MD1") "," AT("destination", "MD5") "]");
}

static void masses(void **state GL_UNUSED) {
#define KILOS(weight, total, item)                                                                                        \
    SAD("<Valuation><Weight><Gross_weight>" weight "</Gross_weight></Weight><Total><Total_weight>" total                  \
        "</Total_weight></Total></Valuation><Item><Valuation_item><Weight_itm><Gross_weight_itm>" item                    \
        "</Gross_weight_itm></Weight_itm>"                                                                                \
        "</Valuation_item></Item><Item><Valuation_item><Weight_itm><Gross_weight_itm>3</Gross_weight_itm></Weight_itm></" \
        "Valuation_item></Item>")
    gives(KILOS("10", "20", "2"), "\"gross_kg\":10,");
    notes(KILOS("10", "20", "2.004"), 1, "gross mass 10.000 kg, its items together 5.004 kg; the first counts");
    gives(KILOS("0", "20.5", "2"), "\"gross_kg\":5,");
    gives(KILOS("", "20.5", "0"), "\"gross_kg\":20.5,"); /* one item is not weighed: no sum */
    gives(KILOS("null", "0.0", "0"), "\"gross_kg\":null,\"goods\"");
}

static void traders(void **state GL_UNUSED) {
#define TRADERS(flow, exporter, consignee, principal)                                                         \
    "<ASYCUDA><Property><Sad_flow>" flow "</Sad_flow></Property><Identification>" OFFICE_OF("MD1")            \
        REGISTERED("R", "7", "2026-05-04") "</Identification><Traders><Exporter><Exporter_code>" exporter     \
                                           "</Exporter_code></Exporter><Consignee><Consignee_code>" consignee \
                                           "</Consignee_code></Consignee></Traders><Transit>"                 \
                                           "<Principal><Code>" principal "</Code></Principal></Transit></ASYCUDA>"
#define EORI(eori) "\"trader\":{\"eori\":\"" eori "\",\"aeo\":null}"
    gives(TRADERS("I", "DE11", "MD22", ""), EORI("MD22"));
    gives(TRADERS("E", "DE11", "MD22", ""), EORI("DE11"));
    gives(TRADERS("T", "DE11", "MD22", "PL33"), EORI("PL33"));
    gives(TRADERS("I", "DE11", "MD22", "PL33"), EORI("MD22"));
    gives(TRADERS("I", "DE11", "1003600041700", "PL33"), EORI("PL33"));
    gives(TRADERS("T", "DE11", "MD22", "null"), "\"trader\":null");
    gives(TRADERS("I", "DE11", "K41700221B", ""), "\"trader\":null"); /* a national number is no EORI */
    gives(TRADERS("I", "", "1003600041700", ""), "\"trader\":null");
    gives(TRADERS("I", "", "MD TRADE 7", ""), "\"trader\":null");
    gives(TRADERS("I", "", "MDTRADER", ""), "\"trader\":null");
    gives(TRADERS("I", "", "MD1234567890123456", ""), "\"trader\":null");
}

static void controls_and_seals(void **state GL_UNUSED) {
    gives(TRANSIT("<Result_of_control>A1</Result_of_control>"), "\"control\":null");
    gives(TRANSIT("<Result_of_control><null/></Result_of_control>"), "\"control\":null");
    gives(TRANSIT("<Result_of_control>seals looked at</Result_of_control>"), "\"control\":{\"channel\":\"desk\",");
    gives(TRANSIT("<Seals><Number>2</Number><Identity> ,S 1 ;; S2,</Identity></Seals>"),
          "\"equipment\":[{\"container\":null,\"seals\":[\"S 1\",\"S2\"]}]");
    gives(TRANSIT("<Seals><Number>0</Number><Identity>null</Identity></Seals>"), "\"equipment\":[]");
}

static void bad_documents(void **state GL_UNUSED) {
    static const struct {
        const char *text, *where, *reason;
    } bad[] = {
        {"<ASYCUDA/>", "/ASYCUDA/Identification/Registration/Number", "missing"},
        {SAD_OF(OFFICE_OF("MD1"), ""), "/ASYCUDA/Identification/Registration/Number", "missing"},
        {SAD_OF(OFFICE_OF("MD1") REGISTERED("R", "<null/>", "2026-05-04"), ""), "/Registration/Number", "missing"},
        {SAD_OF(OFFICE_OF("MD1") REGISTERED("R", "000", "2026-05-04"), ""), "/Registration/Number", "missing"},
        {DATED(""), "/ASYCUDA/Identification/Registration/Date", "missing"},
        {SAD_OF(REGISTERED("R", "7", "2026-05-04"), ""), "/Office_segment/Customs_clearance_office_code", "missing"},
        {DATED("13/13/2026"), "/Registration/Date", "no date"},
        {DATED("2026-02-30"), "/Registration/Date", "no date"},
        {DATED("4.13.2026"), "/Registration/Date", "no date"},
        {DATED("0/5/2026"), "/Registration/Date", "no date"},
        {DATED("5/2026"), "/Registration/Date", "no date"},
        {DATED("5/4-2026"), "/Registration/Date", "no date"},
        {DATED("5/4/026"), "/Registration/Date", "no date"},
        {DATED("99999999999/4/26"), "/Registration/Date", "no date"},
        {DATED("2026-05-04Z"), "/Registration/Date", "no date"},
        {DATED("soon"), "/Registration/Date", "no date"},
        {DATED("null"), "/Registration/Date", "no date"},
        {SAD_OF(OFFICE_OF("MD1") REGISTERED("R", "7", "2026-05-04") REGISTERED("R", "8", "2026-05-04"), ""),
         "/Registration/Serial_number", "twice"},
        {DATED("2026-05-04</Date><Date>2027-05-04"), "/Registration/Date", "twice"},
        {TRANSIT("<Time_limit>2026-05-04</Time_limit><Time_limit>2026-05-05</Time_limit>"), "/Transit/Time_limit", "twice"},
        {TRANSIT("<Time_limit>5 days</Time_limit>"), "/Transit/Time_limit", "no date"},
        {KILOS("12,5", "", "1"), "/ASYCUDA/Valuation/Weight/Gross_weight", "1234.5"},
        {KILOS("", "1.0E7", "1"), "/ASYCUDA/Valuation/Total/Total_weight", "kilograms"},
        {KILOS("", "", "-1"), "/ASYCUDA/Item/Valuation_item/Weight_itm/Gross_weight_itm", "kilograms"},
        {TRANSPORT("AB 12<null/>", "3", "", ""), "/Border_information/Identity", "text stands beside"},
        {TRANSPORT("AB ?2", "3", "", ""), "/ASYCUDA", "body.means[0].plate"},
        {SAD_OF(OFFICE_OF("MD1234567890123456") REGISTERED("R", "7", "2026-05-04"), ""), "/ASYCUDA", "no customs office"},
        {SAD_OF(OFFICE_OF("MD1") REGISTERED("RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR", "77777777777777777777777777777777", "2026-05-04"),
                ""),
         "/ASYCUDA", "reference"},
        {SAD("<Transport><Means_of_transport><Border_information><Nationality>MDA</Nationality></Border_information></"
             "Means_of_transport>"
             "</Transport>"),
         "/Border_information/Nationality", "no country"},
        {SAD("<Item><Tarification><HScode><Commodity_code>123456789012</Commodity_code></HScode></Tarification></Item>"),
         "/HScode/Commodity_code", "longer"},
        {SAD("<Container><Container_identity>A-CONTAINER-TOO-LONG</Container_identity></Container>"), "/Container_identity",
         "longer"},
        {"<SAD/>", "/SAD", "ASYCUDA"},
        {"<ASYCUDA>" REGISTERED("R", "7", "2026-05-04"), "/ASYCUDA", "no element found"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) refuses(bad[i].text, bad[i].where, bad[i].reason);
}

/* A container in each of a thousand items is one; a thousand of them are too many. */
static void many_containers(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf same = GL_BUF(1 << 20), other = GL_BUF(1 << 20);
    static const char *const head =
        "<ASYCUDA><Identification>" OFFICE_OF("MD1") REGISTERED("R", "7", "2026-05-04") "</Identification>";
    gl_buf_text(&same, head);
    gl_buf_text(&other, head);
    for (int i = 0; i < 1000; i++) {
        char one[120];
        gl_format(one, sizeof one, "<Container><Container_identity>CSQU%s383</Container_identity></Container>",
                  i % 2 ? "3054" : " 3054 ");
        gl_buf_text(&same, one);
        gl_format(one, sizeof one, "<Container><Container_identity>C%d</Container_identity></Container>", i);
        gl_buf_text(&other, one);
    }
    gl_buf_text(&same, "</ASYCUDA>");
    gl_buf_text(&other, "</ASYCUDA>");
    gives(same.data, "\"equipment\":[{\"container\":\"CSQU3054383\",\"seals\":[]}]");
    refuses(other.data, "/ASYCUDA/Container/Container_identity", "more than 32");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_give_their_goldens),
        cmocka_unit_test(references),
        cmocka_unit_test(dates),
        cmocka_unit_test(a_limit_ends_at_the_earlier_day),
        cmocka_unit_test(no_zone_is_known),
        cmocka_unit_test(steps),
        cmocka_unit_test(only_road_means_count),
        cmocka_unit_test(offices_by_flow),
        cmocka_unit_test(masses),
        cmocka_unit_test(traders),
        cmocka_unit_test(controls_and_seals),
        cmocka_unit_test(bad_documents),
        cmocka_unit_test(many_containers),
    };
    return cmocka_run_group_tests(tests, declared_start, NULL);
}
