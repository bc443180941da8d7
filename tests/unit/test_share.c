/* Gate events for systems outside: each document as a whole, what is left out and named, and the files that events become. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "share/share.h"

#define ID1 "0197a000-0000-7000-8000-000000000001"
#define ID2 "0197a000-0000-7000-8000-000000000002"
#define ID3 "0197a000-0000-7000-8000-000000000003"
#define MRN "26EE1234567890ABJ3"

enum { AT_S = 1795433817 }; /* 2026-11-23T11:36:57Z */

static void put(char *dst, size_t size, const char *text) {
    assert_int_equal(gl_copy(dst, size, text), 0);
}
#define PUT(field, text) put(field, sizeof(field), text)

struct bench {
    struct gl_config config;
    struct gl_share_facts facts;
    struct gl_buf out, missing;
};

static void add_device(struct gl_lane_config *l, const char *id, const char *plugin) {
    struct gl_device_config *d = &l->devices[l->n_devices++];
    PUT(d->id, id);
    PUT(d->plugin, plugin);
}

/* A truck with its trailer that was released in lane in-1, and all that can be known of it. */
static int set_up(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    if (!b) return -1;
    struct gl_config *c = &b->config;
    struct gl_share_facts *f = &b->facts;
    *state = b;
    b->out = b->missing = GL_BUF(65536);
    PUT(c->lanes[0].id, "in-1");
    c->n_lanes = 1;
    c->lanes[0].direction = GL_DIRECTION_IN;
    add_device(&c->lanes[0], "in-1.front", "anpr");
    add_device(&c->lanes[0], "in-1.rpm", "radiation");
    add_device(&c->lanes[0], "in-1.rear", "anpr");
    PUT(c->share.recintos.site, "9801303");
    c->share.recintos.n_gates = c->share.recintos.n_cameras = 1;
    c->share.recintos.gates[0] = (struct gl_share_alias){"in-1", "5a1c0a52-6f0e-4b7d-9a10-0c2f6f1d2e01"};
    c->share.recintos.cameras[0] = (struct gl_share_alias){"in-1.rear", "77b0"};
    PUT(c->share.cc007c.office, "EE1000EE");
    PUT(c->share.cc007c.trader, "EE12345678");
    PUT(c->share.cc007c.sender, "EE12345678");
    PUT(c->share.cc007c.recipient, "NTA.EE");
    PUT(c->share.cc007c.location_type, "A");
    PUT(c->share.cc007c.at_office, "EE1000EE");
    f->config = c;
    PUT(f->id, ID1);
    gl_fields_clear(&gl_passage_fields, &f->passage);
    gl_fields_clear(&gl_decision_fields, &f->decision);
    PUT(f->passage.lane, "in-1");
    PUT(f->passage.passage, ID2);
    PUT(f->passage.known.plate, "NC15REG");
    f->passage.closed_at = INT64_C(1000) * AT_S + 5;
    f->recorded_at = INT64_C(1000) * AT_S + 250;
    return 0;
}

static int tear_down(void **state) {
    struct bench *b = *state;
    gl_buf_free(&b->out);
    gl_buf_free(&b->missing);
    free(b);
    return 0;
}

static const char *text_of(const struct gl_buf *b) {
    assert_false(b->failed);
    return b->data ? b->data : "";
}

static void decide(struct bench *b, uint8_t outcome) {
    b->facts.decided = true;
    b->facts.decision.outcome = outcome;
    PUT(b->facts.decision_id, ID3);
}

/* ---- API Recintos: access ---------------------------------------------------------------------------------------------------------------- */
static void access_of_little(void **state) {
    struct bench *b = *state;
    b->facts.passage.known.plate[0] = '\0';
    gl_share_access(&b->facts, &b->out, &b->missing);
    assert_string_equal(
        text_of(&b->out),
        "{\"tipoOperacao\":\"I\",\"idEvento\":\"" ID1
        "\",\"dataHoraOcorrencia\":\"2026-11-23T11:36:57.005+0000\","
        "\"dataHoraRegistro\":\"2026-11-23T11:36:57.250+0000\",\"contingencia\":false,\"codigoRecinto\":\"9801303\","
        "\"operacao\":\"C\",\"direcao\":\"E\",\"modal\":\"R\",\"gate\":\"5a1c0a52-6f0e-4b7d-9a10-0c2f6f1d2e01\","
        "\"listaCameras\":[{\"idElemento\":\"1\",\"protocoloCamera\":\"in-1.front\"},"
        "{\"idElemento\":\"2\",\"protocoloCamera\":\"77b0\"}],"
        "\"ocrPlaca\":false,\"oogDimensao\":false,\"oogPeso\":false}");
    assert_string_equal(text_of(&b->missing), "\"placa\"");
}

static void access_of_much(void **state) {
    struct bench *b = *state;
    struct gl_match *m = &b->facts.decision.match;
    decide(b, GL_OUTCOME_RELEASE);
    b->config.lanes[0].direction = GL_DIRECTION_OUT;
    b->facts.plate_read = true;
    PUT(b->facts.officer, "12345678901");
    PUT(b->facts.corrects, ID2);
    PUT(b->facts.passage.known.trailer, "NC16REG");
    PUT(b->facts.passage.known.container, "MSCU9981402");
    b->facts.container_read = true;
    b->facts.empty = GL_TRUE;
    m->n_movements = 1;
    m->movements[0] = (struct gl_ref){"micdta", "BR123\"4"};
    m->n_declarations = 2;
    m->declarations[0] = (struct gl_ref){"due", "26BR0000000001"};
    m->declarations[1] = (struct gl_ref){"mrn", MRN};
    gl_share_access(&b->facts, &b->out, &b->missing);
    assert_string_equal(
        text_of(&b->out),
        "{\"tipoOperacao\":\"R\",\"idEvento\":\"" ID1
        "\",\"dataHoraOcorrencia\":\"2026-11-23T11:36:57.005+0000\","
        "\"dataHoraRegistro\":\"2026-11-23T11:36:57.250+0000\",\"contingencia\":false,\"codigoRecinto\":\"9801303\","
        "\"cpfOperadorRegistro\":\"12345678901\",\"operacao\":\"C\",\"direcao\":\"S\",\"modal\":\"R\","
        "\"gate\":\"5a1c0a52-6f0e-4b7d-9a10-0c2f6f1d2e01\","
        "\"listaCameras\":[{\"idElemento\":\"1\",\"protocoloCamera\":\"in-1.front\"},"
        "{\"idElemento\":\"2\",\"protocoloCamera\":\"77b0\"}],\"placa\":\"NC15REG\",\"ocrPlaca\":true,"
        "\"oogDimensao\":false,\"oogPeso\":false,"
        "\"listaSemirreboque\":[{\"idElemento\":\"1\",\"placa\":\"NC16REG\",\"ocrPlaca\":false,\"vazio\":true}],"
        "\"listaConteineresUld\":[{\"idElemento\":\"1\",\"numeroConteiner\":\"MSCU9981402\",\"ocrNumero\":true,\"vazio\":true}],"
        "\"listaManifestos\":[{\"idElemento\":\"1\",\"numero\":\"BR123\\\"4\",\"tipo\":\"MICDTA\"}],"
        "\"listaDeclaracaoAduaneira\":[{\"idElemento\":\"1\",\"numeroDeclaracao\":\"26BR0000000001\",\"tipo\":\"DUE\"},"
        "{\"idElemento\":\"2\",\"numeroDeclaracao\":\"" MRN "\"}]}");
    assert_string_equal(text_of(&b->missing),
                        "\"protocoloEventoRetificadoOuExcluido\",\"listaConteineresUld[0].tipo\","
                        "\"listaDeclaracaoAduaneira[1].tipo\"");
}

/* "absent" is not "no": nobody has said that the trailer is not empty. And an identifier that is no CPF stays out. */
static void what_is_not_known_is_named(void **state) {
    struct bench *b = *state;
    decide(b, GL_OUTCOME_INSPECT);
    PUT(b->facts.officer, "officer-7");
    PUT(b->facts.passage.known.trailer, "NC16REG");
    gl_share_access(&b->facts, &b->out, &b->missing);
    assert_null(strstr(text_of(&b->out), "vazio"));
    assert_null(strstr(text_of(&b->out), "officer-7"));
    assert_null(strstr(text_of(&b->out), "cpf"));
    assert_string_equal(text_of(&b->missing), "\"cpfOperadorRegistro\",\"listaSemirreboque[0].vazio\"");
}

static void contingency(void **state) {
    static const struct {
        const char *rule;
        uint8_t result;
        bool contingency;
    } cases[] = {{"SENSOR_FAULT", GL_FAIL, true},      {"SENSOR_FAULT", GL_PASS, false}, {"CLOCK_UNSYNC", GL_UNKNOWN, true},
                 {"CACHE_STALE", GL_FAIL, true},       {"CACHE_AGED", GL_FAIL, false},   {"TRAILER_MISMATCH", GL_FAIL, false},
                 {"GATEWAY_RESTARTED", GL_FAIL, true}, {"RPM_FAULT", GL_NOTE, false},    {"CONTINGENCY", GL_FAIL, true}};
    struct bench *b = *state;
    decide(b, GL_OUTCOME_INSPECT);
    b->facts.decision.n_rules = 1;
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        PUT(b->facts.decision.rules[0].rule, cases[i].rule);
        b->facts.decision.rules[0].result = cases[i].result;
        gl_buf_reset(&b->out);
        gl_share_access(&b->facts, &b->out, &b->missing);
        bool said = strstr(text_of(&b->out), "\"contingencia\":true") != NULL;
        if (said != cases[i].contingency) fail_msg("%s with result %d", cases[i].rule, cases[i].result);
    }
}

/* ---- API Recintos: weighing --------------------------------------------------------------------------------------------------------------- */
static void a_weighing(void **state) {
    struct bench *b = *state;
    struct gl_share_weighing w = {.config = &b->config,
                                  .id = ID1,
                                  .at = INT64_C(1000) * AT_S,
                                  .recorded_at = INT64_C(1000) * AT_S,
                                  .plate = "NC15REG",
                                  .trailer = "NC16REG",
                                  .container = "MSCU9981402",
                                  .scale = "in-1.scale",
                                  .gross_g = 24360500,
                                  .tare_g = 14000000,
                                  .declared_g = GL_INT_NULL,
                                  .empty = GL_FALSE,
                                  .automatic = true};
    gl_share_weighed(&w, &b->out, &b->missing);
    assert_string_equal(
        text_of(&b->out),
        "{\"tipoOperacao\":\"I\",\"idEvento\":\"" ID1
        "\",\"dataHoraOcorrencia\":\"2026-11-23T11:36:57.000+0000\","
        "\"dataHoraRegistro\":\"2026-11-23T11:36:57.000+0000\",\"contingencia\":false,\"codigoRecinto\":\"9801303\","
        "\"placa\":\"NC15REG\",\"pesoBrutoBalanca\":24360.500,\"taraConjunto\":14000,\"capturaAutoPeso\":true,"
        "\"vazio\":false,\"balanca\":\"in-1.scale\","
        "\"listaSemirreboque\":[{\"idElemento\":\"1\",\"placa\":\"NC16REG\"}],"
        "\"listaConteineresUld\":[{\"idElemento\":\"1\",\"numeroConteiner\":\"MSCU9981402\"}]}");
    assert_string_equal(text_of(&b->missing), "");
}

static void a_weighing_of_nothing(void **state) {
    struct bench *b = *state;
    struct gl_share_weighing w = {.config = &b->config,
                                  .id = ID1,
                                  .corrects = ID2,
                                  .trailer = "NC16REG",
                                  .gross_g = GL_INT_NULL,
                                  .tare_g = GL_INT_NULL,
                                  .declared_g = GL_INT_NULL};
    gl_share_weighed(&w, &b->out, &b->missing);
    assert_string_equal(text_of(&b->missing),
                        "\"protocoloEventoRetificadoOuExcluido\",\"placa\",\"pesoBrutoBalanca\",\"taraConjunto\"");
    json_t *document = json_loads(text_of(&b->out), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    json_decref(document);
}

/* ---- NCTS ---------------------------------------------------------------------------------------------------------------------------------- */
#define HEAD                                                                                                                \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ncts:CC007C PhaseID=\"NCTS5.1\" xmlns:ncts=\"http://ncts.dgtaxud.ec\">\n" \
    "  <messageSender>EE12345678</messageSender>\n  <messageRecipient>NTA.EE</messageRecipient>\n"                          \
    "  <preparationDateAndTime>2026-11-23T11:36:57</preparationDateAndTime>\n"                                              \
    "  <messageIdentification>0197a00000007000800000000000"                                                                 \
    "0001</messageIdentification>\n"                                                                                        \
    "  <messageType>CC007C</messageType>\n  <TransitOperation>\n    <MRN>" MRN                                              \
    "</MRN>\n"                                                                                                              \
    "    <arrivalNotificationDateAndTime>2026-11-23T11:36:57</arrivalNotificationDateAndTime>\n"
#define TRADER                                                                                                     \
    "  <CustomsOfficeOfDestinationActual>\n    <referenceNumber>EE1000EE</referenceNumber>\n"                      \
    "  </CustomsOfficeOfDestinationActual>\n  <TraderAtDestination>\n"                                             \
    "    <identificationNumber>EE12345678</identificationNumber>\n  </TraderAtDestination>\n  <Consignment>\n    " \
    "<LocationOfGoods>\n"
#define TAIL "    </LocationOfGoods>\n  </Consignment>\n</ncts:CC007C>\n"

static const struct gl_share_document transit = {{"mrn", MRN}, "T1", "EE1000EE"};

static void expect_arrival(struct bench *b, const char *expected) {
    struct gl_error err = {""};
    gl_buf_reset(&b->out);
    assert_int_equal(gl_share_arrival(&b->facts, &transit, &b->out, &err), 0);
    assert_string_equal(text_of(&b->out), expected);
}

static void an_arrival(void **state) {
    struct bench *b = *state;
    expect_arrival(
        b,
        HEAD "    <simplifiedProcedure>0</simplifiedProcedure>\n    <incidentFlag>0</incidentFlag>\n  </TransitOperation>\n" TRADER
             "      <typeOfLocation>A</typeOfLocation>\n"
             "      <qualifierOfIdentification>V</qualifierOfIdentification>\n      <CustomsOffice>\n"
             "        <referenceNumber>EE1000EE</referenceNumber>\n      </CustomsOffice>\n" TAIL);
    PUT(b->config.share.cc007c.location_type, "B");
    PUT(b->config.share.cc007c.at_unlocode, "EETLL");
    expect_arrival(
        b,
        HEAD "    <simplifiedProcedure>0</simplifiedProcedure>\n    <incidentFlag>0</incidentFlag>\n  </TransitOperation>\n" TRADER
             "      <typeOfLocation>B</typeOfLocation>\n"
             "      <qualifierOfIdentification>U</qualifierOfIdentification>\n      <UNLocode>EETLL</UNLocode>\n" TAIL);
}

static void an_arrival_by_authorisation(void **state) {
    struct bench *b = *state;
    PUT(b->config.share.cc007c.authorisation_type, "C522");
    PUT(b->config.share.cc007c.authorisation, "EEACE0042");
    PUT(b->config.share.cc007c.location_type, "B");
    PUT(b->config.share.cc007c.at_authorisation, "EE/ACE-1<&>\"");
    expect_arrival(b, HEAD
                   "    <simplifiedProcedure>1</simplifiedProcedure>\n    <incidentFlag>0</incidentFlag>\n  </TransitOperation>\n"
                   "  <Authorisation>\n    <sequenceNumber>1</sequenceNumber>\n    <type>C522</type>\n"
                   "    <referenceNumber>EEACE0042</referenceNumber>\n  </Authorisation>\n" TRADER
                   "      <typeOfLocation>B</typeOfLocation>\n"
                   "      <qualifierOfIdentification>Y</qualifierOfIdentification>\n"
                   "      <authorisationNumber>EE/ACE-1&lt;&amp;&gt;&quot;</authorisationNumber>\n" TAIL);
}

static void no_mrn_no_arrival(void **state) {
    static const char *const values[] = {"", "26EE1234567890ABJ", "26EE1234567890ABJ34", "26EE1234567890ab<3"};
    struct bench *b = *state;
    for (size_t i = 0; i < GL_COUNT(values); i++) {
        struct gl_share_document d = transit;
        struct gl_error err = {""};
        PUT(d.ref.value, values[i]);
        assert_int_equal(gl_share_arrival(&b->facts, &d, &b->out, &err), -EINVAL);
        assert_int_equal(b->out.len, 0);
        assert_non_null(strstr(err.text, "an MRN has 18"));
    }
}

static void which_are_arrivals(void **state) {
    static const struct {
        struct gl_share_document d;
        bool arrival;
    } cases[] = {
        {{{"mrn", MRN}, "T1", "EE1000EE"}, true},    {{{"mrn", MRN}, "TIR", "EE1000EE"}, true},
        {{{"mrn", MRN}, "T2F", "EE1000EE"}, true},   {{{"mrn", MRN}, "T1", "EE2000EE"}, false},
        {{{"mrn", MRN}, "T1", ""}, false},           {{{"mrn", MRN}, "IM4", "EE1000EE"}, false},
        {{{"lrn", "ABC"}, "T1", "EE1000EE"}, false}, {{{"mrn", MRN}, "", "EE1000EE"}, false},
    };
    struct bench *b = *state;
    for (size_t i = 0; i < GL_COUNT(cases); i++)
        if (gl_share_is_arrival(&b->config, &cases[i].d) != cases[i].arrival) fail_msg("case %zu", i);
    b->config.share.cc007c.office[0] = '\0';
    assert_false(gl_share_is_arrival(&b->config, &(struct gl_share_document){{"mrn", MRN}, "T1", ""}));
}

/* ---- events and files -------------------------------------------------------------------------------------------------------------------- */
static void wrapped(void **state) {
    struct bench *b = *state;
    gl_share_wrap(&b->facts, GL_SHARE_ACCESS, "", "{\"placa\":\"A\"}", "\"placa\"", &b->out);
    assert_string_equal(text_of(&b->out),
                        "{\"kind\":\"recintos-access\",\"lane\":\"in-1\",\"passage\":\"" ID2
                        "\",\"decision\":null,\"operator\":null,\"corrects\":null,\"reference\":null,"
                        "\"missing\":[\"placa\"],\"media_type\":\"application/json\",\"document\":{\"placa\":\"A\"}}");
    gl_buf_reset(&b->out);
    decide(b, GL_OUTCOME_RELEASE);
    PUT(b->facts.officer, "officer-7");
    gl_share_wrap(&b->facts, GL_SHARE_ARRIVAL, MRN, "<a b=\"c\"/>\n", "", &b->out);
    assert_string_equal(text_of(&b->out), "{\"kind\":\"ncts-cc007c\",\"lane\":\"in-1\",\"passage\":\"" ID2 "\",\"decision\":\"" ID3
                                          "\",\"operator\":\"officer-7\",\"corrects\":null,\"reference\":\"" MRN
                                          "\",\"missing\":[],"
                                          "\"media_type\":\"application/xml\",\"text\":\"<a b=\\\"c\\\"/>\\u000a\"}");
}

static void same_or_news(void **state GL_UNUSED) {
    const char *first = "{\"document\":{\"tipoOperacao\":\"I\",\"idEvento\":\"1\",\"dataHoraRegistro\":\"x\",\"placa\":\"A\"}}";
    const char *again = "{\"document\":{\"placa\":\"A\",\"tipoOperacao\":\"R\",\"idEvento\":\"2\",\"dataHoraRegistro\":\"y\"}}";
    const char *news = "{\"document\":{\"placa\":\"B\",\"tipoOperacao\":\"R\",\"idEvento\":\"2\",\"dataHoraRegistro\":\"y\"}}";
    assert_true(gl_share_same(first, again));
    assert_false(gl_share_same(first, news));
    assert_false(gl_share_same("{", "{")); /* what cannot be read is no sameness */
    assert_false(gl_share_same("{}", "{}"));
}

static void expect_file(struct bench *b, const char *event, const char *name, const char *bytes) {
    char found[GL_SHARE_FILE] = "";
    struct gl_error err = {""};
    gl_buf_reset(&b->out);
    if (gl_share_file(event, 42, found, &b->out, &err) < 0) fail_msg("%s", err.text);
    assert_string_equal(found, name);
    assert_string_equal(text_of(&b->out), bytes);
}

static void files(void **state) {
    struct bench *b = *state;
    expect_file(b,
                "{\"id\":\"" ID1
                "\",\"data\":{\"kind\":\"recintos-access\",\"corrects\":null,\"document\":{\"z\":1.5,\"a\":\"\xc3\xa3\"}}}",
                "000000000042-recintos-access-" ID1 ".json", "{\n  \"z\": 1.5,\n  \"a\": \"\xc3\xa3\"\n}\n");
    expect_file(b, "{\"id\":\"" ID1 "\",\"data\":{\"kind\":\"recintos-access\",\"corrects\":\"" ID2 "\",\"document\":{}}}",
                "000000000042-recintos-access-" ID1 "-corrects-" ID2 ".json", "{}\n");
    expect_file(b, "{\"id\":\"" ID1 "\",\"data\":{\"kind\":\"ncts-cc007c\",\"corrects\":null,\"text\":\"<a/>\\n\"}}",
                "000000000042-ncts-cc007c-" ID1 ".xml", "<a/>\n");
}

/* Nothing that stands in an event may choose where a file lies. */
static void no_files(void **state) {
    static const char *const events[] = {
        "",
        "[]",
        "{}",
        "{\"id\":\"" ID1 "\"}",
        "{\"id\":\"" ID1 "\",\"data\":{\"kind\":\"recintos-access\"}}",
        "{\"id\":\"../x\",\"data\":{\"kind\":\"ncts-cc007c\",\"text\":\"a\"}}",
        "{\"id\":\"\",\"data\":{\"kind\":\"ncts-cc007c\",\"text\":\"a\"}}",
        "{\"id\":\"" ID1 "\",\"data\":{\"kind\":\"../x\",\"text\":\"a\"}}",
        "{\"id\":7,\"data\":{\"kind\":\"ncts-cc007c\",\"text\":\"a\"}}",
        "{\"id\":\"" ID1 "\",\"data\":{\"kind\":\"ncts-cc007c\",\"corrects\":\"a/b\",\"text\":\"a\"}}",
        "{\"id\":\"" ID1 ID2 "\",\"data\":{\"kind\":\"ncts-cc007c\",\"text\":\"a\"}}",
    };
    struct bench *b = *state;
    for (size_t i = 0; i < GL_COUNT(events); i++) {
        char name[GL_SHARE_FILE] = "untouched";
        struct gl_error err = {""};
        gl_buf_reset(&b->out);
        if (gl_share_file(events[i], 42, name, &b->out, &err) != -EINVAL) fail_msg("%s", events[i]);
        assert_string_equal(name, "untouched");
        assert_non_null(strstr(err.text, "share/customs 42"));
    }
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(access_of_little),
        TEST(access_of_much),
        TEST(what_is_not_known_is_named),
        TEST(contingency),
        TEST(a_weighing),
        TEST(a_weighing_of_nothing),
        TEST(an_arrival),
        TEST(an_arrival_by_authorisation),
        TEST(no_mrn_no_arrival),
        TEST(which_are_arrivals),
        TEST(wrapped),
        TEST(same_or_news),
        TEST(files),
        TEST(no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
