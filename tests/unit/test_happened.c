/* What the core says and the commands it takes: JSON and packed forms. */
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

#include "model/happened.h"
#include "plugin.h"

#define ID1 "0197a000-0000-7000-8000-000000000001"
#define ID2 "0197a000-0000-7000-8000-000000000002"

static void put(char *dst, size_t size, const char *text) {
    assert_int_equal(gl_copy(dst, size, text), 0);
}
#define PUT(field, text) put(field, sizeof(field), text)

/* Prints as expected; the packed form and the JSON form both read back to the same. */
static void check(const struct gl_fields *t, const void *s, const char *expected) {
    GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(65536), packed = GL_BUF(65536), again = GL_BUF(65536);
    struct gl_error err = {""};
    void *back = calloc(1, t->size);
    assert_non_null(back);
    gl_fields_to_json(t, s, &json);
    assert_false(json.failed);
    assert_string_equal(json.data, expected);
    gl_fields_pack(t, s, &packed);
    struct gl_cursor c = gl_cursor(packed.data, packed.len);
    assert_int_equal(gl_fields_unpack(t, &c, back), 0);
    assert_int_equal(gl_cursor_left(&c), 0);
    gl_fields_to_json(t, back, &again);
    assert_string_equal(again.data, expected);
    if (gl_fields_parse(t, json.data, json.len, back, &err) < 0) fail_msg("%s: %s", t->name, err.text);
    gl_buf_reset(&again);
    gl_fields_to_json(t, back, &again);
    assert_string_equal(again.data, expected);
    free(back);
}

static void passage(void **state GL_UNUSED) {
    struct gl_passage p;
    gl_fields_clear(&gl_passage_fields, &p);
    PUT(p.lane, "in-1");
    PUT(p.passage, ID1);
    PUT(p.visit, ID2);
    p.state = GL_PASSAGE_OPEN;
    p.class = GL_CLASS_TRUCK;
    p.opened_at = 1777888800000;
    /* Nothing known yet is an object still, not null. */
    check(
        &gl_passage_fields, &p,
        "{\"lane\":\"in-1\",\"passage\":\"" ID1 "\",\"visit\":\"" ID2
        "\",\"state\":\"open\",\"class\":\"truck\",\"known\":{\"plate\":null,"
        "\"trailer\":null,\"reference\":null,\"container\":null,\"tag\":null,\"radiation\":null,\"presence\":null},\"missing\":[],"
        "\"opened_at\":\"2026-05-04T10:00:00.000Z\",\"closed_at\":null,\"exit\":null}");
    p.state = GL_PASSAGE_CLOSED;
    p.exit = GL_EXIT_BACKED_OUT;
    PUT(p.known.trailer, "AB12");
    PUT(p.known.reference.type, "mrn");
    PUT(p.known.reference.value, "26EE1210EE00000019");
    PUT(p.known.tag, "3034257BF7194E4000001A85");
    p.known.radiation = GL_SCAN_GAMMA_NEUTRON;
    p.known.presence = GL_FALSE;
    p.n_missing = 1;
    PUT(p.missing[0], "plate");
    p.closed_at = 1777888801500;
    check(&gl_passage_fields, &p,
          "{\"lane\":\"in-1\",\"passage\":\"" ID1 "\",\"visit\":\"" ID2
          "\",\"state\":\"closed\",\"class\":\"truck\",\"known\":{\"plate\":null,"
          "\"trailer\":\"AB12\",\"reference\":{\"type\":\"mrn\",\"value\":\"26EE1210EE00000019\"},\"container\":null,\"tag\":"
          "\"3034257BF7194E4000001A85\",\"radiation\":\"gamma_neutron\",\"presence\":"
          "false},"
          "\"missing\":[\"plate\"],\"opened_at\":\"2026-05-04T10:00:00.000Z\",\"closed_at\":\"2026-05-04T10:00:01.500Z\","
          "\"exit\":\"backed_out\"}");
}

static struct gl_decision *decision_sample(void) {
    struct gl_decision *d = malloc(sizeof *d);
    assert_non_null(d);
    gl_fields_clear(&gl_decision_fields, d);
    PUT(d->lane, "in-1");
    PUT(d->passage, ID1);
    PUT(d->visit, ID2);
    d->outcome = GL_OUTCOME_INSPECT;
    d->level = GL_LEVEL_DESK;
    d->n_rules = 1;
    PUT(d->rules[0].rule, "NO_DECLARATION");
    d->rules[0].result = GL_FAIL;
    d->rules[0].level = GL_LEVEL_DESK;
    d->feed = GL_FEED_LIVE;
    PUT(d->config, "abc");
    return d;
}

static void decision(void **state GL_UNUSED) {
    struct gl_decision *d = decision_sample();
    check(&gl_decision_fields, d,
          "{\"lane\":\"in-1\",\"passage\":\"" ID1 "\",\"visit\":\"" ID2
          "\",\"outcome\":\"inspect\",\"level\":\"desk\",\"rules\":[{\"rule\":\"NO_DECLARATION\",\"result\":\"fail\",\"level\":"
          "\"desk\","
          "\"detail\":null,\"declaration\":null}],\"match\":null,\"readings\":[],\"feed\":\"live\",\"config\":\"abc\","
          "\"supersedes\":null,"
          "\"officer\":null,\"reason\":null,\"contingency\":null,\"evidence\":null}");
    PUT(d->match.by, "exact");
    d->match.n_movements = 1;
    PUT(d->match.movements[0].type, "gmr");
    PUT(d->match.movements[0].value, "GMRA123B456C");
    d->match.n_identifiers = 1;
    PUT(d->match.identifiers[0].kind, "plate");
    PUT(d->match.identifiers[0].text, "AB12");
    d->n_readings = 1;
    PUT(d->readings[0], ID2);
    PUT(d->officer.id, "o-17");
    PUT(d->officer.role, "officer");
    PUT(d->contingency, "ORDER-7");
    PUT(d->evidence.type, "mrn");
    PUT(d->evidence.value, "26EE1210EE00000019");
    check(&gl_decision_fields, d,
          "{\"lane\":\"in-1\",\"passage\":\"" ID1 "\",\"visit\":\"" ID2
          "\",\"outcome\":\"inspect\",\"level\":\"desk\",\"rules\":[{\"rule\":\"NO_DECLARATION\",\"result\":\"fail\",\"level\":"
          "\"desk\","
          "\"detail\":null,\"declaration\":null}],\"match\":{\"by\":\"exact\",\"movements\":[{\"type\":\"gmr\",\"value\":"
          "\"GMRA123B456C\"}],"
          "\"declarations\":[],\"identifiers\":[{\"kind\":\"plate\",\"text\":\"AB12\"}]},\"readings\":[\"" ID2
          "\"],\"feed\":\"live\",\"config\":\"abc\",\"supersedes\":null,\"officer\":{\"id\":\"o-17\",\"role\":\"officer\"},"
          "\"reason\":null,\"contingency\":\"ORDER-7\",\"evidence\":{\"type\":\"mrn\",\"value\":\"26EE1210EE00000019\"}}");
    free(d);
}

static void states(void **state GL_UNUSED) {
    struct gl_signal_state s;
    gl_fields_clear(&gl_signal_state_fields, &s);
    PUT(s.lane, "in-1");
    s.signal = GL_SIGNAL_RELEASE;
    s.until = 1777888800000;
    check(&gl_signal_state_fields, &s,
          "{\"lane\":\"in-1\",\"signal\":\"release\",\"level\":null,\"passage\":null,\"decision\":null,"
          "\"until\":\"2026-05-04T10:00:00.000Z\"}");
    struct gl_mode_state m;
    gl_fields_clear(&gl_mode_state_fields, &m);
    PUT(m.lane, "in-1");
    m.mode = GL_MODE_SHADOW;
    check(&gl_mode_state_fields, &m, "{\"lane\":\"in-1\",\"mode\":\"shadow\",\"since\":null,\"by\":null}");
    struct gl_alarm a;
    gl_fields_clear(&gl_alarm_fields, &a);
    PUT(a.lane, "in-1");
    PUT(a.alarm, ID1);
    PUT(a.kind, "tailgate");
    PUT(a.action, "raise");
    check(&gl_alarm_fields, &a,
          "{\"lane\":\"in-1\",\"alarm\":\"" ID1
          "\",\"kind\":\"tailgate\",\"action\":\"raise\",\"passage\":null,\"by\":null,\"detail\":null}");
    struct gl_gateway_status g;
    gl_fields_clear(&gl_gateway_status_fields, &g);
    PUT(g.state, "offline");
    check(&gl_gateway_status_fields, &g, "{\"state\":\"offline\",\"boot\":null,\"version\":null,\"config\":null,\"since\":null}");
}

static void device_and_feed_states(void **state GL_UNUSED) {
    struct gl_device_status d;
    gl_fields_clear(&gl_device_status_fields, &d);
    PUT(d.device, "in-1.front");
    d.state = GL_DEVICE_DEGRADED;
    d.n_counters = 1;
    PUT(d.counters[0].name, "readings");
    d.counters[0].value = 12;
    check(&gl_device_status_fields, &d,
          "{\"device\":\"in-1.front\",\"lane\":null,\"state\":\"degraded\",\"since\":null,\"reason\":null,"
          "\"counters\":[{\"name\":\"readings\",\"value\":12}]}");
    struct gl_feed_status f;
    gl_fields_clear(&gl_feed_status_fields, &f);
    f.n_collections = 1;
    PUT(f.collections[0].collection, "movements");
    f.collections[0].state = GL_FEED_EMPTY;
    f.collections[0].holes = 0;
    check(&gl_feed_status_fields, &f,
          "{\"collections\":[{\"collection\":\"movements\",\"state\":\"empty\",\"epoch\":null,\"seq\":null,\"as_of\":null,\"age_"
          "s\":null,"
          "\"holes\":0,\"rejects\":null,\"leaned\":null,\"received\":null,\"older\":null,\"quarantined\":null,"
          "\"snapshot\":null,\"asked\":null}]}");
}

static void unknown_uses(void **state GL_UNUSED) {
    struct gl_unknown_uses u;
    gl_fields_clear(&gl_unknown_uses_fields, &u);
    u.active = GL_FALSE;
    check(&gl_unknown_uses_fields, &u,
          "{\"active\":false,\"copied_at\":null,\"restored_at\":null,\"until\":null,\"alarm\":null,\"known_at\":null,\"by\":null,"
          "\"reason\":null}");
    u.active = GL_TRUE;
    u.copied_at = u.restored_at = u.until = 0;
    PUT(u.alarm, "5b0f3f0e-8a3c-4f0e-9d53-7c2c0f4e7a11");
    check(&gl_unknown_uses_fields, &u,
          "{\"active\":true,\"copied_at\":null,\"restored_at\":null,\"until\":null,"
          "\"alarm\":\"5b0f3f0e-8a3c-4f0e-9d53-7c2c0f4e7a11\",\"known_at\":null,\"by\":null,\"reason\":null}");
}

static void contingency_and_hit(void **state GL_UNUSED) {
    struct gl_contingency k;
    gl_fields_clear(&gl_contingency_fields, &k);
    k.active = GL_FALSE;
    check(&gl_contingency_fields, &k,
          "{\"active\":false,\"reference\":null,\"since\":null,\"until\":null,\"by\":null,\"reason\":null,\"alarm\":null}");
    struct gl_hit h;
    gl_fields_clear(&gl_hit_fields, &h);
    PUT(h.lane, "in-1");
    PUT(h.passage, ID1);
    PUT(h.lookout.type, "lookout");
    PUT(h.lookout.value, "L-1");
    h.what = GL_SOUGHT_HOLDER;
    PUT(h.text, "EE12345678");
    h.level = GL_LEVEL_REFUSE;
    h.silent = GL_TRUE;
    h.read = GL_FALSE;
    check(&gl_hit_fields, &h,
          "{\"lane\":\"in-1\",\"passage\":\"" ID1
          "\",\"decision\":null,\"lookout\":{\"type\":\"lookout\",\"value\":\"L-1\"},\"what\":\"holder\",\"text\":\"EE12345678\","
          "\"country\":null,\"level\":\"refuse\",\"silent\":true,\"reason\":null,\"read\":false,\"lodged\":null}");
}

static void reviews(void **state GL_UNUSED) {
    struct gl_review *r = calloc(1, sizeof *r);
    struct gl_review_summary s;
    assert_non_null(r);
    gl_fields_clear(&gl_review_fields, r);
    PUT(r->lane, "in-1");
    PUT(r->passage, ID1);
    PUT(r->decision, ID2);
    r->decided_at = 1777888800000;
    r->feed = GL_FEED_AGED;
    r->outcome_then = GL_OUTCOME_RELEASE;
    r->outcome_now = GL_OUTCOME_INSPECT;
    r->level = GL_LEVEL_DESK;
    r->n_rules = 1;
    PUT(r->rules[0].rule, "DECL_CANCELLED");
    r->rules[0].result = GL_FAIL;
    check(
        &gl_review_fields, r,
        "{\"lane\":\"in-1\",\"passage\":\"" ID1 "\",\"decision\":\"" ID2
        "\",\"decided_at\":\"2026-05-04T10:00:00.000Z\",\"feed\":\"aged\",\"contingency\":null,\"outcome_then\":\"release\","
        "\"outcome_now\":"
        "\"inspect\",\"level\":\"desk\",\"rules\":[{\"rule\":\"DECL_CANCELLED\",\"result\":\"fail\",\"level\":null,\"detail\":null,"
        "\"declaration\":null}]}");
    free(r);
    gl_fields_clear(&gl_review_summary_fields, &s);
    s.reviewed = 3;
    s.differing = 1;
    s.lookouts = 0;
    check(&gl_review_summary_fields, &s, "{\"from\":null,\"to\":null,\"reviewed\":3,\"differing\":1,\"lookouts\":0}");
}

static void command_data_is_strict(void **state GL_UNUSED) {
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"{}", "expires_at"},
        {"{\"expires_at\":\"tomorrow\"}", "expires_at"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"client\":\"desk-1\"}", "client"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"id\":\"1\"}", "id"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"response_topic\":\"x\"}", "response_topic"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"outcome\":\"open\"}", "outcome"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"officer\":{\"role\":\"officer\"}}", "officer.id"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"officer\":\"o-17\"}", "officer"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"from\":-1}", "from"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"expires_at\":\"2027-05-04T10:00:00Z\"}", "uplicate"},
        {"{\"expires_at\":\"2026-05-04T10:00:00Z\",\"plate\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", "plate"},
    };
    struct gl_command *c = malloc(sizeof *c);
    assert_non_null(c);
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        struct gl_error err = {""};
        assert_int_equal(gl_fields_parse(&gl_command_data_fields, bad[i].text, strlen(bad[i].text), c, &err), -EINVAL);
        if (!strstr(err.text, bad[i].expected)) fail_msg("\"%s\" does not say \"%s\"", err.text, bad[i].expected);
    }
    free(c);
}

static void command_travels_whole(void **state GL_UNUSED) {
    static const char text[] =
        "{\"lane\":\"in-1\",\"passage\":\"" ID1 "\",\"decision\":\"" ID2
        "\",\"officer\":{\"id\":\"o-17\",\"role\":\"officer\"},\"reason\":\"papers "
        "seen\",\"expires_at\":\"2026-05-04T10:00:00.000Z\","
        "\"outcome\":\"release\",\"level\":null,\"plate\":null,\"country\":null,\"role\":\"trailer\",\"mode\":\"closed\","
        "\"exit\":\"confirmed\",\"alarm\":null,\"stream\":\"lane/"
        "in-1\",\"from\":1,\"to\":9007199254740991,\"evidence\":{\"type\":\"mrn\",\"value\":\"26EE1210EE00000019\"},"
        "\"action\":\"begin\",\"reference\":\"ORDER-7\",\"until\":\"2026-05-05T10:00:00.000Z\",\"collection\":\"lookouts\"}";
    struct gl_command *c = malloc(sizeof *c), *back = malloc(sizeof *back);
    struct gl_error err = {""};
    assert_true(c && back);
    if (gl_fields_parse(&gl_command_data_fields, text, sizeof text - 1, c, &err) < 0) fail_msg("%s", err.text);
    PUT(c->id, "c-1");
    PUT(c->client, "desk-1");
    c->name = GL_COMMAND_OVERRIDE;
    PUT(c->response_topic, "greenlane/v1/north/reply/desk-1/a");
    c->correlation.len = 2;
    c->correlation.data[0] = 0xFF;
    check(&gl_command_data_fields, c, text);
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(8192);
    gl_fields_pack(&gl_command_fields, c, &packed);
    struct gl_cursor at = gl_cursor(packed.data, packed.len);
    assert_int_equal(gl_fields_unpack(&gl_command_fields, &at, back), 0);
    assert_string_equal(back->id, "c-1");
    assert_string_equal(back->client, "desk-1");
    assert_int_equal(back->name, GL_COMMAND_OVERRIDE);
    assert_string_equal(back->response_topic, c->response_topic);
    assert_int_equal(back->correlation.len, 2);
    assert_int_equal(back->correlation.data[0], 0xFF);
    assert_int_equal(back->to_seq, INT64_C(9007199254740991));
    free(c);
    free(back);
}

static void reply_hides_its_address(void **state GL_UNUSED) {
    struct gl_reply r;
    gl_fields_clear(&gl_reply_fields, &r);
    PUT(r.client, "desk-1");
    r.name = GL_COMMAND_LANE_MODE;
    PUT(r.command, "c-1");
    r.ok = GL_FALSE;
    PUT(r.error, "expired");
    PUT(r.response_topic, "greenlane/v1/north/reply/desk-1/a");
    check(&gl_reply_fields, &r,
          "{\"client\":\"desk-1\",\"name\":\"lane-mode\",\"command\":\"c-1\",\"ok\":false,\"error\":\"expired\"}");
}

static void names_end_and_agree(void **state GL_UNUSED) {
    assert_string_equal(gl_modes[GL_MODE_SHADOW], "shadow");
    assert_string_equal(gl_levels[GL_LEVEL_REFUSE], "refuse");
    assert_string_equal(gl_outcomes[GL_OUTCOME_INSPECT], "inspect");
    assert_string_equal(gl_results[GL_NOTE], "note");
    assert_string_equal(gl_passage_states[GL_PASSAGE_CLOSED], "closed");
    assert_string_equal(gl_exits[GL_EXIT_UNKNOWN], "unknown");
    assert_string_equal(gl_scans[GL_SCAN_GAMMA_NEUTRON], "gamma_neutron");
    assert_string_equal(gl_device_states[GL_DEVICE_DEGRADED], "degraded");
    assert_string_equal(gl_feed_states[GL_FEED_LIVE], "live");
    assert_string_equal(gl_feed_states[GL_FEED_AGED], "aged");
    assert_string_equal(gl_feed_states[GL_FEED_GAP], "gap");
    assert_string_equal(gl_feed_states[GL_FEED_STALE], "stale");
    assert_string_equal(gl_feed_states[GL_FEED_DOWN], "down");
    assert_string_equal(gl_feed_states[GL_FEED_EMPTY], "empty");
    assert_string_equal(gl_command_names[GL_COMMAND_REPLAY], "replay");
    assert_string_equal(gl_command_names[GL_COMMAND_ALARM_ACKNOWLEDGE], "alarm-acknowledge");
    assert_string_equal(gl_command_names[GL_COMMAND_CONTINGENCY], "contingency");
    assert_string_equal(gl_command_names[GL_COMMAND_SNAPSHOT], "snapshot");
    assert_string_equal(gl_command_names[GL_COMMAND_USES_KNOWN], "uses-known");
    assert_null(gl_command_names[GL_COMMAND_USES_KNOWN + 1]);
    assert_string_equal(gl_contingency_actions[GL_CONTINGENCY_END], "end");
    assert_null(gl_feed_states[GL_FEED_EMPTY + 1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passage),
        cmocka_unit_test(decision),
        cmocka_unit_test(states),
        cmocka_unit_test(device_and_feed_states),
        cmocka_unit_test(contingency_and_hit),
        cmocka_unit_test(unknown_uses),
        cmocka_unit_test(reviews),
        cmocka_unit_test(command_data_is_strict),
        cmocka_unit_test(command_travels_whole),
        cmocka_unit_test(reply_hides_its_address),
        cmocka_unit_test(names_end_and_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
