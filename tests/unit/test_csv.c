/* Comma-separated files: rows, mappings, conversions; what is bad is told with line and column, and the other rows go on. */
#include "feed/csv.h"

#include <errno.h>

#include "import_bench.h"

/* ---- rows -------------------------------------------------------------------------------------------------------------------------------- */

/* Every row as "[a|b]", a refused one as "[!]". */
static char *rows(const char *text, char separator) {
    struct gl_buf out = GL_BUF(1 << 20);
    struct gl_csv *c = malloc(sizeof *c);
    struct gl_error err = {""};
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    int rc;
    assert_true(c && copy);
    memcpy(copy, text, len);
    gl_csv_begin(c, copy, len, separator);
    while ((rc = gl_csv_next(c, &err)) != 0) {
        gl_buf_text(&out, "[");
        for (size_t i = 0; rc > 0 && i < c->n; i++) gl_buf_printf(&out, "%s%s", i > 0 ? "|" : "", c->cell[i]);
        gl_buf_text(&out, rc > 0 ? "]" : "!]");
    }
    gl_buf_text(&out, "");
    free(c);
    free(copy);
    return out.data;
}

static void rows_of_cells(void **state GL_UNUSED) {
    static const struct {
        const char *text;
        char separator;
        const char *rows;
    } cases[] = {
        {"a,b\nc,d\n", ',', "[a|b][c|d]"},
        {"a;b\r\nc;d", ';', "[a|b][c|d]"},
        {"a\tb c\t\n", '\t', "[a|b c|]"},
        {"\xEF\xBB\xBF"
         "a,b\n",
         ',', "[a|b]"},
        {"\n\r\n a , b\n\n\n,\n", ',', "[a|b][|]"},
        {"\"a,b\",\"c\"\n", ',', "[a,b|c]"},
        {"\"a \"\"b\"\"\",\"\"\n", ',', "[a \"b\"|]"},
        {"\"one\r\ntwo\",x\ny,z\n", ',', "[one\r\ntwo|x][y|z]"},
        {"a\"b,c\nd,e\n", ',', "[!][d|e]"},
        {"\"a\"b,c\nd,e\n", ',', "[!][d|e]"},
        {"\"a,b\nc,d", ',', "[!]"},
        {"a,\"b", ',', "[!]"},
        {"\xC3(,b\nc,d\n", ',', "[!][c|d]"},
        {"\"", ',', "[!]"},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        char *got = rows(cases[i].text, cases[i].separator);
        if (strcmp(got, cases[i].rows) != 0) fail_msg("%s gives %s, not %s", cases[i].text, got, cases[i].rows);
        free(got);
    }
    char *none = rows("\n\n", ',');
    assert_true(!none || none[0] == '\0');
    free(none);
}

static void rows_without_end(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 20);
    gl_buf_text(&b, "\"");
    for (int i = 0; i < GL_CSV_ROW; i++) gl_buf_char(&b, 'x');
    gl_buf_text(&b, "x\",b\nc,d\n");
    char *got = rows(b.data, ',');
    assert_string_equal(got, "[!][c|d]");
    free(got);
    gl_buf_reset(&b);
    for (int i = 0; i < GL_CSV_COLUMNS; i++) gl_buf_char(&b, ',');
    gl_buf_text(&b, "\nc,d\n");
    got = rows(b.data, ',');
    assert_string_equal(got, "[!][c|d]");
    free(got);
}

/* ---- files ------------------------------------------------------------------------------------------------------------------------------- */

static struct gl_import_options by(const char *map, int64_t as_of) {
    return (struct gl_import_options){.zone = "Europe/Tallinn", .mapping = map, .mapping_len = strlen(map), .as_of = as_of};
}

static void gives(const char *map, const char *csv, int records, const char *want) {
    const struct gl_import_options options = by(map, 1782900000000);
    text_gives(csv, &options, records, want);
}

/* One row is refused, `records` others are taken. */
static void refuses(const char *map, const char *csv, int records, const char *where, const char *reason) {
    const struct gl_import_options options = by(map, 1782900000000);
    struct result res = results(&options, csv, records, 1);
    assert_string_equal(res.where, where);
    if (!strstr(res.reason, reason)) fail_msg("\"%s\" does not say \"%s\"", res.reason, reason);
    gl_buf_free(&res.json);
}

/* Nothing can be read. */
static void stops(const char *map, const char *csv, const char *reason) {
    const struct gl_import_options options = by(map, 1782900000000);
    struct result res = {0};
    struct gl_error err = {""};
    assert_true(import_with(&options, csv, strlen(csv), &res, &err) < 0);
    assert_int_equal(res.records + res.refusals, 0);
    if (!strstr(err.text, reason)) fail_msg("\"%s\" does not say \"%s\"", err.text, reason);
    gl_buf_free(&res.json);
}

static void sample(const char *folder, const char *mapping, const char *name) {
    size_t map_len, csv_len, golden_len;
    char *map = read_sample(folder, mapping, "", &map_len);
    char *csv = read_sample("csv", name, ".csv", &csv_len);
    char *want = read_sample("csv", name, ".golden", &golden_len);
    const struct gl_import_options options = by(map, 0);
    struct result res = {0};
    struct gl_error err = {""};
    if (import_with(&options, csv, csv_len, &res, &err) != 0) fail_msg("%s: %s: %s %s", name, res.where, res.reason, err.text);
    assert_string_equal(res.json.data, want);
    gl_buf_free(&res.json);
    free(map);
    free(csv);
    free(want);
}

static void samples_give_their_goldens(void **state GL_UNUSED) {
    in_zone("Europe/Tallinn");
    sample("../../config/examples", "import-bookings.map", "bookings"); /* the example that users begin with */
    sample("csv", "declarations.map", "declarations");
}

#define MOVEMENT "record = movements\nref = \"id\" type x\nkind = always goods\nstate = always ready\n"
#define DECLARATION "record = declarations\nref = \"id\" type x\nstate = always lodged\n"

static void values_are_converted(void **state GL_UNUSED) {
    in_zone("Europe/Tallinn");
    gives(MOVEMENT "eta = \"t\"", "id,t\n1,2026-07-01 10:00\n", 1, "\"eta\":\"2026-07-01T07:00:00.000Z\"");
    gives(MOVEMENT "eta = \"t\"", "id,t\n1,2026-07-01T10:00:05Z\n", 1, "\"eta\":\"2026-07-01T10:00:05.000Z\"");
    gives(MOVEMENT "eta = \"t\" time \"MM/DD/YY hh:mm\"", "id,t\n1,12/31/26 10:00\n", 1, "\"eta\":\"2026-12-31T08:00:00.000Z\"");
    gives(MOVEMENT "eta = \"t\" time \"YYYYMMDDhhmmssZ\"", "id,t\n1,20260701100000+01:00\n", 1,
          "\"eta\":\"2026-07-01T09:00:00.000Z\"");
    gives(MOVEMENT "valid_from = \"t\" day \"D.M.YYYY\"", "id,t\n1,1.7.2026\n", 1, "\"valid_from\":\"2026-06-30T21:00:00.000Z\"");
    gives(MOVEMENT "valid_to = \"t\" day-end \"D.M.YYYY\"", "id,t\n1,1.7.2026\n", 1, "\"valid_to\":\"2026-07-01T20:59:59.000Z\"");
    gives(MOVEMENT "version = \"t\" day \"DD.MM.YYYY\"", "id,t\n1,01.07.2026\n", 1, "\"version\":1782853200000");
    gives(MOVEMENT "version = \"t\"", "id,t\n1,17\n", 1, "\"version\":17");
    refuses(MOVEMENT "version = \"t\" day \"DD.MM.YYYY\"", "id,t\n1,01.07.2099\n", 0, "line 2, column \"t\"", "still to come");
    gives(MOVEMENT, "id\n1\n", 1, "\"version\":1782900000000");
    gives(MOVEMENT "channel = \"c\" none \"?\" words yes=physical no=release", "id,c\n1,?\n", 1, "\"channel\":null");
    gives(MOVEMENT "channel = \"c\" words yes=physical \"not yet\"=desk", "id,c\n1,not yet\n", 1, "\"channel\":\"desk\"");
    gives(MOVEMENT "vehicle = \"p\" country SE", "id,p\n1,ABC 123\n", 1, "\"plate\":\"ABC 123\",\"country\":\"SE\"");
    refuses(MOVEMENT "vehicle = \"p\" country \"c\"", "id,p,c\n1,ABC 123,Sverige\n2,ABC 123,\n", 1, "line 2, column \"p\"",
            "\"Sverige\" is no country");
    gives(MOVEMENT "vehicle = \"p\" country \"c\"", "id,p,c\n1,ABC 123,S\n", 1, "\"plate\":\"ABC 123\",\"country\":\"SE\"");
    gives(MOVEMENT "declaration = \"d\" type mrn split \"/\"", "id,d\n1,A1/ /A2/\n", 1,
          "\"declarations\":[{\"type\":\"mrn\",\"value\":\"A1\"},{\"type\":\"mrn\",\"value\":\"A2\"}]");
    gives(MOVEMENT "declaration = \"a\" \"b\" type cude join \"/\"", "id,a,b\n1,913,7\n2,,\n", 2, "\"value\":\"913/7\"");
    gives(DECLARATION "gross_kg = \"w\" unit lb", "id,w\n1,1500\n", 1, "\"gross_kg\":680.389");
    gives(DECLARATION "gross_kg = \"w\" unit t decimal \",\"", "id,w\n1,\"2,5\"\n", 1, "\"gross_kg\":2500,");
    gives(DECLARATION "hs = \"h\" split \" \"\nun = \"u\" split \" \"", "id,h,u\n1,010130 020442,1203 1263\n", 1,
          "\"goods\":[{\"hs\":\"010130\",\"gross_kg\":null,\"un\":null},{\"hs\":\"020442\",\"gross_kg\":null,\"un\":\"1203\"},"
          "{\"hs\":null,\"gross_kg\":null,\"un\":\"1263\"}]");
    gives(DECLARATION "trader.eori = \"e\"\ntrader.aeo = \"a\"", "id,e,a\n1,GB1,AEOC\n", 1,
          "\"trader\":{\"eori\":\"GB1\",\"aeo\":\"AEOC\"}");
    gives("record = tags\nref = \"epc\" type epc\nstate = always active\nplate = \"p\"\nrole = \"r\" words T=trailer V=vehicle",
          "epc,p,r\ne200,AB 1,T\n", 1, "\"role\":\"trailer\",\"plate\":\"AB 1\"");
    gives(
        "record = lookouts\nref = \"n\" type lookout\nstate = always active\nwhat = always seal\ntext = \"s\"\naction = always "
        "desk\n"
        "silent = \"q\" words y=true n=false",
        "n,s,q\n1,S9,y\n", 1, "\"silent\":true");
}

static void a_bad_row_never_touches_its_neighbours(void **state GL_UNUSED) {
    in_zone("Europe/Tallinn");
    refuses(MOVEMENT "eta = \"t\" time \"DD.MM.YYYY hh:mm\"", "id,t\n1,\n2,1.7.2026 10:00\n3,01.07.2026 10:00\n", 2,
            "line 3, column \"t\"", "no time such as DD.MM.YYYY hh:mm");
    refuses(MOVEMENT "eta = \"t\" time \"DD.MM.YYYY hh:mm\"", "id,t\n1,31.02.2026 10:00\n", 0, "line 2, column \"t\"", "no time");
    refuses(MOVEMENT "eta = \"t\" time \"DD.MM.YYYY hh:mm\"", "id,t\n1,01.07.2026 10:00 and more\n", 0, "line 2, column \"t\"",
            "no time");
    refuses(DECLARATION "gross_kg = \"w\" decimal \",\"", "id,w\n1,1.234\n2,\"1,5\"\n", 1, "line 2, column \"w\"",
            "no mass such as 1234,5");
    refuses(MOVEMENT "channel = \"c\" words yes=physical", "id,c\n1,yes\n2,YES\n", 1, "line 3, column \"c\"",
            "none of the words in line 5");
    refuses("record = movements\nref = \"id\" type x\nkind = \"k\"\nstate = always ready", "id,k\n1,goods\n2,stuff\n", 1,
            "line 3, column \"k\"", "no kind; \"goods\" is one");
    refuses("record = movements\nref = \"id\" type x\nkind = \"k\"\nstate = always ready", "id,k\n1,goods\n2,\n", 1, "line 3",
            "kind is missing");
    refuses(MOVEMENT, "id\n1\n\"\"\n2\n", 2, "line 3", "ref is missing");
    refuses(MOVEMENT, "id,a\n1,2\n1\n1,2\n", 2, "line 3", "1 cells, where the header has 2");
    refuses(MOVEMENT, "id,a\n1,2\n1,2,3\n1,2\n", 2, "line 3", "3 cells");
    refuses(MOVEMENT, "id,a\n1,2\n\"1\n\n2\"x,1\n1,2\n", 2, "line 3 to 5", "behind a closing quote");
    refuses(MOVEMENT, "id,a\n1,2\n1,\"2\n3,4\n", 1, "line 3 to 4", "never closed");
    refuses(MOVEMENT "vehicle = \"p\"", "id,p\n1,???\n2,AB 1\n", 1, "line 2", "no plate that a camera could see");
    refuses(MOVEMENT "version = \"v\"", "id,v\n1,-1\n", 0, "line 2, column \"v\"", "no number that fits");
    refuses(MOVEMENT "version = \"v\"", "id,v\n1,\n", 0, "line 2", "version is missing");
    refuses(MOVEMENT "declaration = \"a\" \"b\" type cude join \"/\"", "id,a,b\n1,913,7\n2,913,\n", 1, "line 3, column \"b\"",
            "some are empty");
    refuses(MOVEMENT "declaration = \"a\" \"b\" type cude join \"/\"", "id,a,b\n1,,7\n2,913,8\n", 1, "line 2, column \"b\"",
            "some are empty");
    const struct gl_import_options never = by(MOVEMENT, 0);
    text_refuses("id\n1\n", &never, 0, "line 2", "when the file was written is not known");
}

static void local_times_need_a_zone(void **state GL_UNUSED) {
    static const char map[] = MOVEMENT "eta = \"t\"";
    const struct gl_import_options no_zone = {.mapping = map, .mapping_len = sizeof map - 1, .as_of = 1};
    text_refuses("id,t\n1,2026-07-01 10:00\n2,2026-07-01 10:00Z\n", &no_zone, 1, "line 2, column \"t\"", "no zone is known");
}

static void a_wrong_mapping_reads_nothing(void **state GL_UNUSED) {
    static const struct {
        const char *map, *reason;
    } bad[] = {
        {"", "no line names a field"},
        {"# only this\n", "no line names a field"},
        {"ref = \"id\"", "line 1: a first line such as record = movements"},
        {"record = cars\n", "line 1: movements, declarations, tags"},
        {MOVEMENT "wings = \"id\"", "line 5: wings is no field of movements"},
        {MOVEMENT "gross_kg = \"id\"", "line 5: gross_kg is no field of movements"},
        {MOVEMENT "means = \"id\"", "line 5: means is no field"},
        {MOVEMENT "seal \"id\"", "line 5: = is needed where it says id"},
        {MOVEMENT "seal = \"id", "line 5: a quote left open"},
        {MOVEMENT "seal =", "line 5: seal: needs either a column"},
        {MOVEMENT "seal = \"id\" always 5", "line 5: seal: needs either a column"},
        {MOVEMENT "seal = \"id\" splice \",\"", "line 5: the name of a column in quotes, or one of always"},
        {MOVEMENT "seal = \"id\" split", "line 5: a value is needed"},
        {MOVEMENT "seal = \"id\" split \"\"", "line 5: empty"},
        {MOVEMENT "seal = \"id\" type mrn", "line 5: seal: has no type"},
        {MOVEMENT "seal = \"id\" country SE", "only a vehicle or trailer has a country"},
        {MOVEMENT "seal = \"id\" unit kg", "is no mass"},
        {MOVEMENT "office = \"id\" time \"DD.MM.YYYY hh:mm\"", "is no time"},
        {MOVEMENT "office = \"id\" split \",\"", "takes one value"},
        {MOVEMENT "office = \"id\" \"id\"", "several columns must be joined"},
        {MOVEMENT "office = \"id\"\noffice = \"id\"", "line 6: office: said twice"},
        {MOVEMENT "declaration = \"id\"", "needs its type"},
        {MOVEMENT "channel = always green", "\"green\" is no channel; \"release\" is one"},
        {MOVEMENT "channel = \"id\" words a=green", "\"green\" is no channel"},
        {MOVEMENT "channel = \"id\" words a", "= and what the word means"},
        {MOVEMENT "channel = \"id\" words", "a word and what it means"},
        {MOVEMENT "eta = \"id\" time \"DD.MM.YYYY\"", "no pattern such as \"DD.MM.YYYY hh:mm\""},
        {MOVEMENT "eta = \"id\" day soon", "no pattern such as \"DD.MM.YYYY\""},
        {DECLARATION "gross_kg = \"id\" unit sto", "the unit must be"},
        {"separator = \"::\"\n" MOVEMENT, "line 1: one of"},
        {"separator = x\n" MOVEMENT, "line 1: one of"},
        {"\xFF" MOVEMENT, "not valid UTF-8"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        stops(bad[i].map, "id\n1\n", bad[i].reason);
        stops(bad[i].map, "id\n1\n", "mapping: ");
    }
}

static void a_header_that_does_not_fit(void **state GL_UNUSED) {
    stops(MOVEMENT, "", "a header with the names of the columns is needed");
    stops(MOVEMENT, "ID;Name\n1;2\n", "no column is called \"id\", as line 2 of the mapping has it; the first is \"ID;Name\"");
    stops(MOVEMENT, "id,id\n1,2\n", "two columns are called \"id\"");
    stops(MOVEMENT, "\"id\n1\n", "header: a quote that is opened here is never closed");
    stops(MOVEMENT, "\xFF\xFEi", "not UTF-8");
    stops(MOVEMENT "vehicle = \"id\" country \"land\"", "id\n1\n", "no column is called \"land\"");
}

static void lists_have_their_limits(void **state GL_UNUSED) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 20);
    gl_buf_text(&b, "id,s\n1,");
    for (int i = 0; i < GL_MAX_SEALS; i++) gl_buf_printf(&b, "S%d ", i);
    gl_buf_text(&b, "\n");
    gives(MOVEMENT "seal = \"s\" split \" \"", b.data, 1, "\"S63\"");
    b.len -= 1;
    gl_buf_text(&b, "S64\n");
    refuses(MOVEMENT "seal = \"s\" split \" \"", b.data, 0, "line 2, column \"s\"", "more than 64 seals");
    refuses(MOVEMENT "seal = \"s\"", "id,s\n1,0123456789012345678901234567890123456789\n", 0, "line 2, column \"s\"",
            "longer than 35");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_cells),
        cmocka_unit_test(rows_without_end),
        cmocka_unit_test(samples_give_their_goldens),
        cmocka_unit_test(values_are_converted),
        cmocka_unit_test(a_bad_row_never_touches_its_neighbours),
        cmocka_unit_test(local_times_need_a_zone),
        cmocka_unit_test(a_wrong_mapping_reads_nothing),
        cmocka_unit_test(a_header_that_does_not_fit),
        cmocka_unit_test(lists_have_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
