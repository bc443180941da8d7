/* The ISAPI codec reads every sample, whole and in pieces of several sizes, to the same result. */
#include "isapi_rig.h"

static void read_file(const char *name, const char *suffix, struct gl_buf *out) {
    char path[512], chunk[4096];
    size_t n;
    gl_format(path, sizeof path, "%s/devices/isapi/samples/%s%s", SOURCE_DIR, name, suffix);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot read %s", path);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) gl_buf_add(out, chunk, n);
    fclose(f);
}

static void read_settings(struct rig *g, const char *name, char *type, size_t size) {
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(65536);
    read_file(name, ".settings", &text);
    for (char *line = text.data, *next; line && *line; line = next) {
        char *end = strchr(line, '\n');
        next = end ? end + 1 : NULL;
        if (end) *end = '\0';
        char *colon = strstr(line, ": ");
        assert_non_null(colon);
        *colon = '\0';
        if (strcmp(line, "content-type") == 0)
            assert_int_equal(gl_copy(type, size, colon + 2), 0);
        else if (strcmp(line, "now") == 0)
            assert_int_equal(gl_time_parse(colon + 2, &g->now.wall), 0);
        else
            set(g, line, colon + 2);
    }
}

struct sample {
    const char *name, *expected;
};

static void check_sample(const struct sample *s, size_t step) {
    struct rig g;
    char type[128];
    GL_CLEANUP(gl_buf_free) struct gl_buf body = GL_BUF(1 << 20);
    rig_init(&g);
    read_settings(&g, s->name, type, sizeof type);
    read_file(s->name, ".in", &body);
    rig_open(&g);
    begin(&g, type);
    int rc = 0;
    for (size_t at = 0; at < body.len && rc >= 0; at += step) {
        size_t n = body.len - at < step ? body.len - at : step;
        uint8_t *exact = malloc(n);
        memcpy(exact, body.data + at, n);
        rc = give(&g, exact, n);
        free(exact);
    }
    end(&g, true);
    if (strcmp(g.log.data ? g.log.data : "", s->expected) != 0)
        fail_msg("%s in steps of %zu gave\n%sinstead of\n%s", s->name, step, g.log.data ? g.log.data : "", s->expected);
    rig_close(&g);
}

static const struct sample samples[] = {
    {"clock-arrival",
     "plate 'TIM00' AT approach 0.97 at 03-02T07:15:31.000Z\n"
     "plate 'TIM01' AT approach 0.97 at 03-02T07:15:31.000Z\n"},
    {"clock-factory-offset",
     "refused clock_skew\n"
     "plate 'TIM00' AT approach 0.97 late at 03-02T00:15:30.000Z\n"
     "refused clock_skew\n"
     "plate 'TIM01' AT approach 0.97 late at 03-02T00:15:31.000Z\n"
     "refused clock_skew\n"
     "fault clock_skew raised\n"
     "plate 'TIM02' AT approach 0.97 late at 03-02T00:15:32.000Z\n"
     "refused clock_skew\n"
     "plate 'TIM03' AT approach 0.97 late at 03-02T00:15:33.000Z\n"
     "fault clock_skew cleared\n"
     "plate 'TIM04' AT approach 0.97\n"},
    {"confidence",
     "plate 'CNF3030' AT approach 0.925\n"
     "class truck\n"
     "refused confidence_range\n"
     "plate 'CNF3131' AT approach nan\n"
     "class truck\n"
     "refused confidence_range\n"
     "plate 'CNF3232' AT approach nan\n"
     "class truck\n"
     "refused characters_malformed\n"
     "plate 'CNF3333' AT approach nan\n"
     "class truck\n"
     "plate 'CNF 34-34' AT approach 1 chars:7\n"
     "class truck\n"},
    {"containers",
     "plate 'BOX4343' AT approach 0.97\n"
     "class truck\n"
     "container MSCU9981402 ok 0.95\n"
     "container CSQU3054384 wrong 0.88\n"
     "refused confidence_range\n"
     "container MSKU9070323 ok nan\n"
     "refused container_malformed\n"},
    {"country",
     "plate 'CTY00' TR approach 0.97\n"
     "plate 'CTY01' TR approach 0.97\n"
     "plate 'CTY02' TW approach 0.97\n"
     "plate 'CTY03' EE approach 0.97\n"
     "plate 'CTY04' - approach 0.97\n"
     "plate 'CTY05' - approach 0.97\n"
     "plate 'CTY06' - approach 0.97\n"},
    {"direction-reversed",
     "plate 'DIR0' AT leave 0.97\n"
     "plate 'DIR1' AT approach 0.97\n"
     "plate 'DIR2' AT - 0.97\n"},
    {"entrance-camera",
     "plate 'ENT2525' AT leave 0.97 id:7d3f0c52-1b8e-4f6a-9a41-2f0c5e7b9d10 at 03-02T07:15:30.847Z +plate +vehicle\n"
     "class car at 03-02T07:15:30.847Z\n"},
    {"lane",
     "alive\n"
     "plate 'LNE4040' AT approach 0.97\n"
     "class truck\n"
     "refused line_missing\n"},
    {"late",
     "plate 'LTE3535' AT approach 0.97 late at 03-01T21:00:00.000Z\n"
     "class truck late at 03-01T21:00:00.000Z\n"
     "plate 'LTE3636' AT approach 0.97 late\n"
     "class truck late\n"
     "refused clock_skew\n"
     "plate 'LTE3737' AT approach 0.97 late at 03-02T07:10:00.000Z\n"
     "class truck late at 03-02T07:10:00.000Z\n"
     "plate 'LTE3838' AT approach 0.97 at 03-02T07:14:00.000Z\n"
     "class truck at 03-02T07:14:00.000Z\n"},
    {"legacy-plate",
     "plate 'LEG2626' AT approach 0.97\n"
     "class truck\n"
     "plate 'LEG2727' AT approach 0.97\n"
     "class truck\n"},
    {"namespace-none",
     "plate 'NSN2424' AT approach 0.97\n"
     "class truck\n"},
    {"namespace-prefixed",
     "plate 'NVR2323' AT approach 0.97\n"
     "class truck\n"},
    {"namespace-std-cgi",
     "plate 'STD2222' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"original-native",
     "plate 'SOE2929' DE approach 0.97 or:SÖ2929/0.97\n"
     "class truck\n"
     "plate '8444' TH approach 0.97 or:8กผ444/0.97\n"
     "class truck\n"},
    {"original-only",
     "plate 'ORG2828' AT approach 0.97\n"
     "class truck\n"},
    {"plate-unread",
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"
     "plate '' AT approach 0\n"},
    {"push-boundary-dashes",
     "plate 'TRA4417' AT approach 0.97 +scene +plate +vehicle\n"
     "class truck\n"},
    {"push-boundary-in-picture",
     "plate 'JPG9909' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-boundary-quoted",
     "plate 'QUO771' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-double-boundary",
     "plate 'DBL2202' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-field-names",
     "plate 'NAM1818' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-form",
     "plate 'KL123AB' AT approach 0.97 chars:7 +plate +vehicle\n"
     "class truck\n"},
    {"push-header-invalid",
     "plate 'HDR8808' AT approach 0.97 +plate\n"
     "class truck\n"},
    {"push-json", "refused content_type\n"},
    {"push-length-large",
     "plate 'LRG5505' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-length-small",
     "plate 'SML4404' AT approach 0.97 +plate\n"
     "class truck\n"},
    {"push-line-feeds",
     "plate 'LFL0101' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-no-final-boundary",
     "plate 'FIN6606' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-no-length",
     "plate 'NOL3303' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-octet-stream",
     "plate 'OCT7707' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-picture-broken",
     "refused picture_malformed\n"
     "refused part_unknown\n"
     "plate 'BRK1111' AT approach 0.97\n"
     "class truck\n"},
    {"push-pictures-first",
     "plate 'FST1010' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"},
    {"push-wrong-boundary", "refused boundary_missing\n"},
    {"several-plates",
     "plate 'SVP4242' AT approach 0.97 or:TRL9001/0.71\n"
     "class truck\n"},
    {"stream-event",
     "alive\n"
     "plate 'STR1515' AT approach 0.97 +plate +vehicle\n"
     "class truck\n"
     "alive\n"},
    {"stream-heartbeats",
     "alive\n"
     "alive\n"
     "alive\n"},
    {"stream-no-boundary-parameter",
     "alive\n"
     "plate 'BND1616' AT approach 0.97\n"
     "class truck\n"
     "alive\n"},
    {"stream-picture-late",
     "plate 'LAT2121' AT approach 0.97 id:late-picture-1 +plate\n"
     "class truck\n"
     "plate 'LAT2121' AT approach 0.97 id:late-picture-1 +vehicle\n"
     "alive\n"},
    {"stream-picture-orphan",
     "refused picture_orphan\n"
     "alive\n"},
    {"stream-pictures-missing",
     "plate 'MIS1919' AT approach 0.97 +plate\n"
     "class truck\n"
     "plate 'MIS2020' AT approach 0.97\n"
     "class truck\n"},
    {"stream-plate-first",
     "plate 'PFM1717' AT approach 0.97 id:plate-first-1\n"
     "class truck\n"
     "alive\n"
     "plate 'PFM1717' AT approach 0.97 id:plate-first-1 +plate +vehicle\n"
     "class truck\n"
     "alive\n"},
    {"stream-repeats",
     "plate 'RPT1B18' AT approach 0.8 id:same-vehicle-1\n"
     "class truck\n"
     "alive\n"
     "alive\n"
     "plate 'RPT1818' AT approach 0.93 id:same-vehicle-1\n"
     "class truck\n"
     "alive\n"},
    {"stream-video-loss",
     "alive\n"
     "fault video_loss raised\n"
     "alive\n"
     "fault video_loss cleared\n"
     "alive\n"},
    {"time-shapes",
     "plate 'TIM00' AT approach 0.97 at 03-02T07:15:30.847Z\n"
     "plate 'TIM01' AT approach 0.97\n"
     "plate 'TIM02' AT approach 0.97\n"
     "plate 'TIM03' AT approach 0.97\n"
     "plate 'TIM04' AT approach 0.97\n"
     "refused time_malformed\n"
     "plate 'TIM05' AT approach 0.97 at 03-02T07:15:31.000Z\n"
     "refused time_malformed\n"
     "plate 'TIM06' AT approach 0.97 at 03-02T07:15:31.000Z\n"
     "refused time_malformed\n"
     "plate 'TIM07' AT approach 0.97 at 03-02T07:15:31.000Z\n"
     "refused time_malformed\n"
     "plate 'TIM08' AT approach 0.97 at 03-02T07:15:31.000Z\n"},
    {"vehicle-types",
     "plate 'VEH00' AT approach 0.97\n"
     "class truck\n"
     "plate 'VEH01' AT approach 0.97\n"
     "class truck\n"
     "plate 'VEH02' AT approach 0.97\n"
     "class car\n"
     "plate 'VEH03' AT approach 0.97\n"
     "class car\n"
     "plate 'VEH04' AT approach 0.97\n"
     "class bus\n"
     "plate 'VEH05' AT approach 0.97\n"
     "class motorcycle\n"
     "plate 'VEH06' AT approach 0.97\n"
     "plate 'VEH07' AT approach 0.97\n"
     "plate 'VEH08' AT approach 0.97\n"},
    {"xml-anpr",
     "plate 'PLN1313' AT approach 0.97\n"
     "class truck\n"},
    {"xml-contradiction",
     "refused field_contradicted\n"
     "plate '' AT approach 0\n"
     "class truck\n"},
    {"xml-deep", "refused xml_too_deep\n"},
    {"xml-doctype", "refused xml_doctype\n"},
    {"xml-malformed", "refused xml_malformed\n"},
    {"xml-motion", "alive\n"},
    {"xml-plate-too-long",
     "refused field_too_long\n"
     "plate '' AT approach 0\n"
     "class truck\n"},
    {"xml-response-status", "refused response_status\n"},
};

static void test_samples(void **state GL_UNUSED) {
    static const size_t steps[] = {1 << 20, 1, 7, 1460};
    for (size_t k = 0; k < GL_COUNT(steps); k++)
        for (size_t i = 0; i < GL_COUNT(samples); i++) check_sample(&samples[i], steps[k]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
