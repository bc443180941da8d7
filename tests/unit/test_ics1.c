/* Entry summary declarations of the first Import Control System: samples against goldens, modes, times, and what is refused. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include "declared_bench.h"

#define PREPARED "<DatOfPreMES9>260504</DatOfPreMES9><TimOfPreMES10>0815</TimOfPreMES10>"
#define HEADER(inside) "<HEAHEA><RefNumHEA4>L1</RefNumHEA4>" inside "</HEAHEA>"
#define CC315A(header, rest) "<CC315A>" PREPARED HEADER(header) rest "</CC315A>"
#define LODGED_BY(tin) "<PERLODSUMDEC><TINPLD1>" tin "</TINPLD1></PERLODSUMDEC>"

static void samples_give_their_goldens(void **state GL_UNUSED) {
    sample("ics1", "cc315a-road");
    sample("ics1", "cc315a-ferry");
    sample("ics1", "cc313a-amended");
    sample("ics1", "cc328a-numbered");
}

static void references(void **state GL_UNUSED) {
    gives(CC315A("", LODGED_BY("EE10417000")), "\"ref\":{\"type\":\"lrn\",\"value\":\"EE10417000/L1\"},\"lrn\":\"EE10417000/L1\"");
    gives(CC315A("", ""), "\"ref\":{\"type\":\"lrn\",\"value\":\"L1\"},\"lrn\":\"L1\"");
    gives("<CC315A>" PREPARED "<HEAHEA><RefNumHEA4>l 1</RefNumHEA4></HEAHEA></CC315A>",
          "\"ref\":{\"type\":\"lrn\",\"value\":\"L1\"},\"lrn\":\"L1\"");
    gives(CC315A("", LODGED_BY("YZ^")), "\"trader\":null"); /* a placeholder is no EORI */
    /* an LRN that looks like an MRN stays one */
    gives("<CC315A>" PREPARED "<HEAHEA><RefNumHEA4>26EE51100000041731</RefNumHEA4></HEAHEA></CC315A>",
          "\"ref\":{\"type\":\"lrn\",\"value\":\"26EE51100000041731\"}");
    gives("<CC313A>" PREPARED "<HEAHEA><DocNumHEA5>26ee51100000041731</DocNumHEA5></HEAHEA></CC313A>",
          "\"ref\":{\"type\":\"mrn\",\"value\":\"26EE51100000041731\"},\"lrn\":null");
    /* an LRN alone may be another's: it joins nothing to an MRN */
    gives("<CC313A>" PREPARED HEADER("<DocNumHEA5>26EE51100000041731</DocNumHEA5>") "</CC313A>", "\"lrn\":null");
    refuses("<CC328A>" PREPARED HEADER("<DocNumHEA5>26EE51100000041731</DocNumHEA5>") "</CC328A>", "/CC328A/PERLODSUMDEC/TINPLD1",
            "missing");
}

static void no_time_is_still_to_come(void **state GL_UNUSED) {
    static const char preparing[] =
        "<CC315A><DatOfPreMES9>%s</DatOfPreMES9><TimOfPreMES10>0815</TimOfPreMES10>" HEADER("") "</CC315A>";
    char text[512];
    gl_format(text, sizeof text, preparing, "991231");
    refuses(text, "/CC315A", "2099-12-31T08:15:00.000Z is still to come");
}

#define ITEM(inside) "<GOOITEGDS>" inside "</GOOITEGDS>"
#define IDENTITY(plate) "<IDEMEATRAGI970><IdeMeaTraGIMEATRA971>" plate "</IdeMeaTraGIMEATRA971></IDEMEATRAGI970>"
#define MOVED(mode, header, items) \
    CC315A("<TraModAtBorHEA76>" mode "</TraModAtBorHEA76><IdeOfMeaOfTraCroHEA85>" header "</IdeOfMeaOfTraCroHEA85>", items)
#define MEANS(list) "\"means\":[" list "]"
#define TRUCK(plate) "{\"role\":\"vehicle\",\"plate\":\"" plate "\",\"country\":null}"
#define TRAILER(plate) "{\"role\":\"trailer\",\"plate\":\"" plate "\",\"country\":null}"

static void modes(void **state GL_UNUSED) {
    static const char *const off_road[] = {"1", "2", "4", "5", "7", "8"};
    gives(MOVED("3", "AB 12/CD 34", ITEM(IDENTITY("AB12"))), MEANS(TRUCK("AB 12") "," TRAILER("CD 34")));
    gives(MOVED("3", "AB 12", ITEM(IDENTITY("EF 56"))), MEANS(TRUCK("AB 12") "," TRUCK("EF 56")));
    gives(MOVED("", "AB 12", ""), MEANS(TRUCK("AB 12")));
    gives(MOVED("42", "AB 12", ""), MEANS(TRUCK("AB 12"))); /* no such code says nothing */
    gives(MOVED("10", "9104417", ITEM(IDENTITY("AB 12 / CD 34"))), MEANS(TRUCK("AB 12") "," TRAILER("CD 34")));
    gives(MOVED("11", "9104417", ITEM(IDENTITY("CD 34"))), MEANS(TRAILER("CD 34")));
    gives(MOVED("3", "SANDPIPER BAY", ITEM(IDENTITY("-"))), MEANS(""));
    for (size_t i = 0; i < GL_COUNT(off_road); i++) {
        char text[600];
        gl_format(text, sizeof text, MOVED("%s", "AB 12", ITEM(IDENTITY("CD 34"))), off_road[i]);
        gives(text, MEANS(""));
    }
}

static void a_name_is_noted(void **state GL_UNUSED) {
    notes(MOVED("3", "SANDPIPER BAY", ""), 1, "taken for a name");
}

#define ENTRY(eta)                                                                            \
    "<CUSOFFFENT730><RefNumCUSOFFFENT731>EE1</RefNumCUSOFFFENT731><ExpDatOfArrFIRENT733>" eta \
    "</ExpDatOfArrFIRENT733></CUSOFFFENT730>"

/* Arrivals are local times; the times of preparation only put messages in order. */
static void times(void **state GL_UNUSED) {
    gives(CC315A("", ENTRY("202605041130")), "\"eta\":\"2026-05-04T08:30:00.000Z\"");
    gives(CC315A("", ENTRY("20260104113015")), "\"eta\":\"2026-01-04T09:30:15.000Z\"");
    gives(CC315A("", ENTRY("202610250330")), "\"eta\":\"2026-10-25T00:30:00.000Z\""); /* comes twice: the first */
    refuses(CC315A("", ENTRY("202603290330")), "/CC315A/CUSOFFFENT730/ExpDatOfArrFIRENT733", "does not exist");
    gives(CC315A("<DecDatTimHEA114>202605041110</DecDatTimHEA114>", ""), "\"lodged_at\":\"2026-05-04T08:10:00.000Z\"");
    gives("<CC315A><DatOfPreMES9>20260504</DatOfPreMES9><TimOfPreMES10>081530</TimOfPreMES10>" HEADER("") "</CC315A>",
          "\"as_of\":\"2026-05-04T08:15:30.000Z\"");
}

static void no_zone_is_known(void **state GL_UNUSED) {
    struct result res;
    const char *local = CC315A("", ENTRY("202605041130")), *none = CC315A("", "");
    assert_int_equal(declared(local, NULL, &res), 1);
    assert_non_null(strstr(res.reason, "local time"));
    gl_buf_free(&res.json);
    assert_int_equal(declared(none, NULL, &res), 0);
    gl_buf_free(&res.json);
}

static void goods_and_seals(void **state GL_UNUSED) {
#define GOODS(mass, un) ITEM("<GroMasGDS46>" mass "</GroMasGDS46><UNDanGooCodGDI1>" un "</UNDanGooCodGDI1>")
    gives(CC315A("", GOODS("2.5", "") GOODS("3", "")), "\"gross_kg\":5.5,");
    gives(CC315A("", GOODS("2.5", "") GOODS("", "")), "\"gross_kg\":null,\"goods\"");
    gives(CC315A("<TotGroMasHEA307>9</TotGroMasHEA307>", GOODS("2.5", "")), "\"gross_kg\":9,");
    notes(CC315A("<TotGroMasHEA307>9</TotGroMasHEA307>", GOODS("2.5", "")), 1, "gross mass 9.000 kg, its items together 2.500 kg");
    gives(CC315A("", GOODS("1", "UN 1263")), "\"un\":\"1263\"");
    gives(CC315A("", GOODS("1", "paint")), "\"un\":\"?\""); /* dangerous, number unusable */
    gives(CC315A("",
                 ITEM("<CONNR2><ConNumNR21>CSQU305438-3</ConNumNR21></CONNR2>") ITEM("<CONNR2><ConNumNR21>CSQU3054383</ConNumNR21>"
                                                                                     "</CONNR2>") "<SEAID529/>"),
          "\"equipment\":[{\"container\":\"CSQU3054383\",\"seals\":[]}]");
}

/* Twenty seals go on in a second entry. */
static void many_seals(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(1 << 16);
    gl_buf_text(&text, "<CC315A>" PREPARED HEADER(""));
    for (int i = 0; i < 20; i++) {
        char one[80];
        gl_format(one, sizeof one, "<SEAID529><SeaIdSEAID530>S%d</SeaIdSEAID530></SEAID529>", i);
        gl_buf_text(&text, one);
    }
    gl_buf_text(&text, "</CC315A>");
    gives(text.data, "\"S15\"]},{\"container\":null,\"seals\":[\"S16\",\"S17\",\"S18\",\"S19\"]}]");
}

static void bad_messages(void **state GL_UNUSED) {
    static const struct {
        const char *text, *where, *reason;
    } bad[] = {
        {"<CC315A/>", "/CC315A/DatOfPreMES9", "missing"},
        {"<CC315A><DatOfPreMES9>260504</DatOfPreMES9>" HEADER("") "</CC315A>", "/CC315A/TimOfPreMES10", "missing"},
        {"<CC315A>" PREPARED "</CC315A>", "/CC315A/HEAHEA/RefNumHEA4", "missing"},
        {"<CC313A>" PREPARED HEADER("") "</CC313A>", "/CC313A/HEAHEA/DocNumHEA5", "missing"},
        {"<CC328A>" PREPARED HEADER("") "</CC328A>", "/CC328A/HEAHEA/DocNumHEA5", "missing"},
        {"<CC328A>" PREPARED "<HEAHEA><DocNumHEA5>26EE51100000041731</DocNumHEA5></HEAHEA></CC328A>", "/CC328A/HEAHEA/RefNumHEA4",
         "missing"},
        {"<CC304A/>", "/CC304A", "no message that is known"},
        {"<CC315A><DatOfPreMES9>261304</DatOfPreMES9><TimOfPreMES10>0815</TimOfPreMES10>" HEADER("") "</CC315A>", "/CC315A",
         "DatOfPreMES9 \"261304\""},
        {"<CC315A><DatOfPreMES9>2026054</DatOfPreMES9><TimOfPreMES10>0815</TimOfPreMES10>" HEADER("") "</CC315A>", "/CC315A",
         "are no time"},
        {"<CC315A><DatOfPreMES9>2026-05-04</DatOfPreMES9><TimOfPreMES10>0815</TimOfPreMES10>" HEADER("") "</CC315A>", "/CC315A",
         "are no time"},
        {"<CC315A><DatOfPreMES9>260504</DatOfPreMES9><TimOfPreMES10>815</TimOfPreMES10>" HEADER("") "</CC315A>", "/CC315A",
         "are no time"},
        {CC315A("", PREPARED), "/CC315A/DatOfPreMES9", "twice"},
        {CC315A("<RefNumHEA4>L2</RefNumHEA4>", ""), "/CC315A/HEAHEA/RefNumHEA4", "twice"},
        {CC315A("", ENTRY("20260504")), "/CC315A/CUSOFFFENT730/ExpDatOfArrFIRENT733", "202605041130"},
        {CC315A("", ENTRY("2026-05-04T11:30")), "/ExpDatOfArrFIRENT733", "202605041130"},
        {CC315A("", ENTRY("202605042530")), "/ExpDatOfArrFIRENT733", "no time"},
        {CC315A("<TotGroMasHEA307>1.000,5</TotGroMasHEA307>", ""), "/CC315A/HEAHEA/TotGroMasHEA307", "1234.5"},
        {CC315A("<NatOfMeaOfTraCroHEA87>Estonia</NatOfMeaOfTraCroHEA87>", ""), "/HEAHEA/NatOfMeaOfTraCroHEA87", "no country"},
        {MOVED("3", "AB ?2", ""), "/CC315A", "body.means[0].plate"},
        {MOVED("3", "1234567890123456789012345678901234567890123456789012345678901234567890", ""), "/HEAHEA/IdeOfMeaOfTraCroHEA85",
         "longer"},
        {CC315A("", LODGED_BY("1234567890123456789012345678901234567890123456789012345678901234")), "/CC315A", "declarant and LRN"},
        {CC315A("", LODGED_BY("A1") LODGED_BY("A2")), "/CC315A/PERLODSUMDEC/TINPLD1", "twice"},
        {CC315A("words", ""), "/CC315A/HEAHEA", "text stands beside"},
        {"<CC315A>" PREPARED, "/CC315A", "no element found"},
        {"<!DOCTYPE CC315A [<!ENTITY a \"b\">]><CC315A>&a;</CC315A>", "/", "DOCTYPE"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) refuses(bad[i].text, bad[i].where, bad[i].reason);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_give_their_goldens),
        cmocka_unit_test(references),
        cmocka_unit_test(no_time_is_still_to_come),
        cmocka_unit_test(modes),
        cmocka_unit_test(a_name_is_noted),
        cmocka_unit_test(times),
        cmocka_unit_test(no_zone_is_known),
        cmocka_unit_test(goods_and_seals),
        cmocka_unit_test(many_seals),
        cmocka_unit_test(bad_messages),
    };
    return cmocka_run_group_tests(tests, declared_start, NULL);
}
