/* Inbound MQTT messages: what becomes a record or a command, what is refused, and who is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "link/inbound.h"

#define NOW INT64_C(1795432617000) /* 2026-11-23T11:16:57Z */
#define FEED(data) \
    "{\"specversion\":\"1.0\",\"id\":\"f-1\",\"source\":\"/hub\",\"type\":\"greenlane.feed.movements\",\"data\":" data "}"
#define MOVEMENT                                                                                                            \
    "{\"collection\":\"movements\",\"epoch\":\"e1\",\"seq\":7,\"op\":\"upsert\",\"as_of\":\"2026-11-23T11:16:50Z\","        \
    "\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDM\"},\"version\":1,\"kind\":\"goods\",\"state\":\"ready\"," \
    "\"means\":[{\"role\":\"vehicle\",\"plate\":\"NC15 REG\",\"country\":\"GB\"}]}}"
#define TAG_FEED(epc)                                                                                                      \
    "{\"specversion\":\"1.0\",\"id\":\"t-1\",\"source\":\"/"                                                               \
    "hub\",\"type\":\"greenlane.feed.tags\",\"data\":{\"collection\":\"tags\","                                            \
    "\"epoch\":\"e1\",\"seq\":5,\"op\":\"upsert\",\"as_of\":\"2026-11-23T11:16:50Z\",\"body\":{\"ref\":{\"type\":\"epc\"," \
    "\"value\":\"" epc "\"},\"version\":1,\"state\":\"active\",\"plate\":\"NC15 REG\"}}}"
#define COMMAND(name, data) \
    "{\"specversion\":\"1.0\",\"id\":\"c-1\",\"source\":\"/desk\",\"type\":\"greenlane.command." name "\",\"data\":" data "}"
#define CLOSE_DATA "{\"lane\":\"in-1\",\"expires_at\":\"2026-11-23T11:17:57Z\"}"

static struct gl_inbound *in;

static const struct gl_inbound *look(const char *topic, const char *payload) {
    struct gl_inbound_message m = {.topic = topic, .payload = payload, .len = strlen(payload), .expiry_s = -1};
    gl_inbound_parse("north", &m, NOW, in);
    return in;
}

static void assert_says(const char *text, const char *says) {
    if (!strstr(text, says)) fail_msg("\"%s\" does not say \"%s\"", text, says);
}

static void a_movement_becomes_a_record(void **state) {
    (void)state;
    look("greenlane/v1/north/feed/movements", FEED(MOVEMENT));
    assert_int_equal(in->kind, GL_INBOUND_FEED);
    assert_int_equal(in->record.seq, 7);
    assert_int_equal(in->record.body.movement.n_means, 1);
}

static void a_tag_becomes_a_record(void **state) {
    (void)state;
    look("greenlane/v1/north/feed/tags", TAG_FEED("3034257bf7194e4000001a85"));
    assert_int_equal(in->kind, GL_INBOUND_FEED);
    assert_int_equal(in->record.collection, GL_COLLECTION_TAGS);
    assert_int_equal(in->record.seq, 5);
    assert_string_equal(in->record.body.tag.ref.value, "3034257BF7194E4000001A85");
    assert_int_equal(in->record.body.tag.role, GL_ROLE_VEHICLE);
}

static void a_heartbeat_becomes_a_record(void **state) {
    (void)state;
    look("greenlane/v1/north/feed/movements",
         FEED("{\"collection\":\"movements\",\"epoch\":\"e1\",\"seq\":7,\"op\":\"heartbeat\",\"as_of\":\"2026-11-23T11:16:50Z\"}"));
    assert_int_equal(in->kind, GL_INBOUND_FEED);
    assert_int_equal(in->record.op, GL_OP_HEARTBEAT);
}

static void a_bad_record_is_refused_with_its_number(void **state) {
    (void)state;
    static const struct {
        const char *topic, *payload, *epoch;
        int64_t seq;
        const char *says;
    } bad[] = {
        {"movements", FEED("{\"collection\":\"movements\",\"epoch\":\"e1\",\"seq\":9,\"op\":\"nonsense\"}"), "e1", 9, "op"},
        {"declarations", FEED(MOVEMENT), "e1", 7, "\"greenlane.feed.declarations\" is needed"},
        {"movements",
         FEED("{\"collection\":\"declarations\",\"epoch\":\"e1\",\"seq\":4,\"op\":\"heartbeat\",\"as_of\":\"2026-11-23T11:16:"
              "50Z\"}"),
         "e1", 4, "on the topic of movements"},
        {"tags", FEED(MOVEMENT), "e1", 7, "\"greenlane.feed.tags\" is needed"},
        {"tags", TAG_FEED("303"), "e1", 5, "is no EPC"},
        {"movements", "{\"specversion\":\"1.0\",\"data\":{\"epoch\":\"e2\",\"seq\":3,\"seq\":3}}", "e2", 3, "stands twice"},
        {"movements", "{\"data\":{\"epoch\":5,\"seq\":-3}}", "", GL_INT_NULL, "specversion: missing"},
        {"movements", "{\"data\":{\"epoch\":\"e2\",\"se", "", GL_INT_NULL, "no valid JSON"},
        {"movements", "", "", GL_INT_NULL, "it ends too early"},
        {"movements", "\xff\xfe", "", GL_INT_NULL, "no valid JSON"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        char topic[80];
        gl_format(topic, sizeof topic, "greenlane/v1/north/feed/%s", bad[i].topic);
        look(topic, bad[i].payload);
        assert_int_equal(in->kind, GL_INBOUND_FEED_REFUSED);
        assert_string_equal(gl_collections[in->refused.collection], bad[i].topic);
        assert_string_equal(in->refused.epoch, bad[i].epoch);
        assert_int_equal(in->refused.seq, bad[i].seq);
        assert_says(in->refused.reason, bad[i].says);
    }
}

#define REFUSED(collection, op, more, body)                                                             \
    "{\"specversion\":\"1.0\",\"id\":\"r-1\",\"source\":\"/hub\",\"type\":\"greenlane.feed." collection \
    "\",\"data\":{\"collection\":\"" collection "\",\"epoch\":\"e1\",\"seq\":9,\"op\":\"" op            \
    "\",\"as_of\":\"2026-11-23T11:16:50Z\"" more ",\"body\":" body "}}"

/* What a refused record speaks of is read where it is beyond doubt: then it alone is made void. */
static void what_a_refused_record_speaks_of(void **state) {
    (void)state;
    static const struct {
        const char *collection, *payload, *ref, *was;
        bool harmless;
    } cases[] = {
        {"movements",
         REFUSED("movements", "upsert", "", "{\"ref\":{\"type\":\"gmr\",\"value\":\"gmri00kfvqdm\"},\"state\":\"fine\"}"),
         "GMRI00KFVQDM", "", true},
        {"movements", REFUSED("movements", "cancel", "", "{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDM\"},\"why\":1}"),
         "GMRI00KFVQDM", "", true},
        {"movements", REFUSED("movements", "upsert", "", "{\"ref\":\"GMRI00KFVQDM\"}"), "", "", false},
        {"movements", REFUSED("movements", "erase", "", "{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDM\"}}"), "GMRI00KFVQDM",
         "", false},
        {"movements",
         REFUSED("movements", "upsert", "",
                 "{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDM\"},\"state\":\"ready\",\"state\":\"draft\"}"),
         "", "", false},
        {"movements",
         REFUSED("movements", "rekey", "",
                 "{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDM\"},\"was\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDN\"},"
                 "\"version\":-1}"),
         "GMRI00KFVQDM", "GMRI00KFVQDN", true},
        {"movements",
         REFUSED("movements", "rekey", "", "{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDM\"},\"was\":7,\"version\":1}"), "",
         "", false},
        {"declarations",
         REFUSED("declarations", "upsert", "", "{\"ref\":{\"type\":\"ucr\",\"value\":\"A1\"},\"lrn\":\"L7\",\"state\":\"fine\"}"),
         "A1", "L7", true},
        {"declarations",
         REFUSED("declarations", "upsert", "", "{\"ref\":{\"type\":\"ucr\",\"value\":\"A1\"},\"lrn\":[],\"state\":\"fine\"}"), "",
         "", false},
        {"declarations", REFUSED("movements", "upsert", "", "{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDM\"}}"), "", "",
         false},
        {"lookouts", REFUSED("lookouts", "upsert", "", "{\"ref\":{\"type\":\"lookout\",\"value\":\"L1\"},\"state\":\"fine\"}"),
         "L1", "", false},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        char topic[80];
        gl_format(topic, sizeof topic, "greenlane/v1/north/feed/%s", cases[i].collection);
        look(topic, cases[i].payload);
        assert_int_equal(in->kind, GL_INBOUND_FEED_REFUSED);
        assert_int_equal(in->refused.seq, 9);
        assert_string_equal(in->refused.ref.value, cases[i].ref);
        assert_string_equal(in->refused.was.value, cases[i].was);
        assert_int_equal(gl_feed_voidable(&in->refused), cases[i].harmless);
    }
}

/* A snapshot's record has the digest of its body, taken or refused: SHA-256 of {"ref":{"type":"gmr","value":"GMRI00KFVQDM"},"state":"fine"}. */
static void a_snapshots_record_has_a_digest(void **state) {
    (void)state;
    static const uint8_t wanted[32] = {0x0a, 0x29, 0x22, 0x5d, 0xf0, 0x78, 0x0b, 0x34, 0x73, 0x62, 0x84,
                                       0xe9, 0x08, 0xff, 0x2d, 0x05, 0x02, 0xac, 0x20, 0xf4, 0x7d, 0x91,
                                       0x33, 0xa8, 0xef, 0x8d, 0x7c, 0x5b, 0x7e, 0x04, 0x14, 0x94};
    look("greenlane/v1/north/feed/movements",
         REFUSED("movements", "upsert", ",\"snapshot\":\"s1\"",
                 "{ \"state\" : \"fine\", \"ref\":{\"value\":\"GMRI00KFVQDM\",\"type\":\"gmr\"}}"));
    assert_int_equal(in->kind, GL_INBOUND_FEED_REFUSED);
    assert_string_equal(in->refused.snapshot, "s1");
    assert_int_equal(in->refused.digest.len, 32);
    assert_memory_equal(in->refused.digest.data, wanted, 32);
    look("greenlane/v1/north/feed/movements",
         REFUSED("movements", "cancel", ",\"snapshot\":\"s1\"", "{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRI00KFVQDM\"}}"));
    assert_int_equal(in->kind, GL_INBOUND_FEED);
    assert_int_equal(in->record.digest.len, 32);
}

#define LINE                                                                                                                 \
    "{\\\"collection\\\":\\\"movements\\\",\\\"body\\\":{\\\"ref\\\":{\\\"type\\\":\\\"gmr\\\",\\\"value\\\":"               \
    "\\\"GMRI00KFVQDM\\\"},"                                                                                                 \
    "\\\"version\\\":1,\\\"kind\\\":\\\"empty\\\",\\\"state\\\":\\\"ready\\\",\\\"means\\\":[{\\\"role\\\":\\\"vehicle\\\"," \
    "\\\"plate\\\":\\\"NC15REG\\\"}]}}"
#define DOCUMENT(type, text)                                                                                                \
    FEED(                                                                                                                   \
        "{\"collection\":\"movements\",\"epoch\":\"e1\",\"seq\":12,\"op\":\"document\",\"as_of\":\"2026-11-23T11:16:50Z\"," \
        "\"body\":{\"media_type\":\"" type "\",\"text\":\"" text "\"}}")

/* A document is read by the importers, and numbered by its envelope. */
static void a_document_becomes_a_record(void **state) {
    (void)state;
    static const struct {
        const char *payload, *says;
    } bad[] = {
        {DOCUMENT("text/csv", LINE), "body.media_type"},
        {DOCUMENT("application/json", LINE "\\n" LINE), "it gives 2 records"},
        {DOCUMENT("application/xml", "<a/>"), "body.text"},
        {DOCUMENT("application/json", ""), "body.text"},
    };
    look("greenlane/v1/north/feed/movements", DOCUMENT("application/json", LINE));
    assert_int_equal(in->kind, GL_INBOUND_FEED);
    assert_int_equal(in->record.op, GL_OP_UPSERT);
    assert_int_equal(in->record.seq, 12);
    assert_string_equal(in->record.epoch, "e1");
    assert_true(in->record.as_of == INT64_C(1795432610000));
    assert_string_equal(in->record.body.movement.ref.value, "GMRI00KFVQDM");
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        look("greenlane/v1/north/feed/movements", bad[i].payload);
        assert_int_equal(in->kind, GL_INBOUND_FEED_REFUSED);
        assert_says(in->refused.reason, bad[i].says);
        assert_int_equal(in->refused.seq, 12);
        assert_false(gl_feed_voidable(&in->refused));
    }
}

static void a_huge_record_is_refused_unread(void **state) {
    (void)state;
    static char big[GL_INBOUND_FEED_MAX + 1];
    memset(big, ' ', sizeof big);
    struct gl_inbound_message m = {.topic = "greenlane/v1/north/feed/movements", .payload = big, .len = sizeof big, .expiry_s = -1};
    gl_inbound_parse("north", &m, NOW, in);
    assert_int_equal(in->kind, GL_INBOUND_FEED_REFUSED);
    assert_says(in->refused.reason, "at most 4194304 are taken");
}

static void a_retained_message_is_dropped(void **state) {
    (void)state;
    static const char *const topics[] = {"greenlane/v1/north/feed/movements", "greenlane/v1/north/command/desk/close"};
    for (size_t i = 0; i < GL_COUNT(topics); i++) {
        const char *payload = i == 0 ? FEED(MOVEMENT) : COMMAND("close", CLOSE_DATA);
        struct gl_inbound_message m = {
            .topic = topics[i], .payload = payload, .len = strlen(payload), .expiry_s = -1, .retained = true};
        gl_inbound_parse("north", &m, NOW, in);
        assert_int_equal(in->kind, GL_INBOUND_DROPPED);
        assert_says(in->note, "retained");
    }
}

static void foreign_topics_are_dropped(void **state) {
    (void)state;
    static const char *const topics[] = {"",
                                         "greenlane/v1/south/feed/movements",
                                         "greenlane/v1/north/feed/",
                                         "greenlane/v1/north/feed/vessels",
                                         "greenlane/v1/north/feed/movements/x",
                                         "greenlane/v1/north/command/desk",
                                         "greenlane/v1/north/command/desk/",
                                         "greenlane/v1/north/command//close",
                                         "greenlane/v1/north/command/Desk/close",
                                         "greenlane/v1/north/command/desk/close/x",
                                         "greenlane/v1/north/command/a-client-whose-name-is-longer-than-32/close",
                                         "greenlane/v1/north/state/gateway"};
    for (size_t i = 0; i < GL_COUNT(topics); i++) {
        look(topics[i], COMMAND("close", CLOSE_DATA));
        assert_int_equal(in->kind, GL_INBOUND_DROPPED);
        assert_true(in->note[0] != '\0');
    }
}

static void client_and_name_come_from_the_topic(void **state) {
    (void)state;
    look("greenlane/v1/north/command/desk-1/close", COMMAND("close", CLOSE_DATA));
    assert_int_equal(in->kind, GL_INBOUND_COMMAND);
    assert_string_equal(in->command.id, "c-1");
    assert_string_equal(in->command.client, "desk-1");
    assert_int_equal(in->command.name, GL_COMMAND_CLOSE);
    assert_string_equal(in->command.lane, "in-1");
    assert_int_equal(in->command.expires_at, NOW + 60000);
    assert_string_equal(in->command.response_topic, "greenlane/v1/north/reply/desk-1/close");
    assert_int_equal(in->command.correlation.len, 0);
    assert_string_equal(in->note, "");
}

static void the_messages_expiry_bounds_the_commands(void **state) {
    (void)state;
    static const struct {
        const char *data;
        int64_t expiry_s, expires_at;
    } cases[] = {
        {CLOSE_DATA, -1, NOW + 60000},
        {CLOSE_DATA, 5, NOW + 5000},
        {CLOSE_DATA, 0, NOW},
        {CLOSE_DATA, 3600, NOW + 60000},
        {"{\"lane\":\"in-1\"}", 5, NOW + 5000},
        {"{\"lane\":\"in-1\",\"expires_at\":null}", UINT32_MAX, NOW + UINT32_MAX * INT64_C(1000)},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        char payload[400];
        gl_format(payload, sizeof payload, "%s%s}",
                  "{\"specversion\":\"1.0\",\"id\":\"c-1\",\"source\":\"/desk\","
                  "\"type\":\"greenlane.command.close\",\"data\":",
                  cases[i].data);
        struct gl_inbound_message m = {.topic = "greenlane/v1/north/command/desk/close",
                                       .payload = payload,
                                       .len = strlen(payload),
                                       .expiry_s = cases[i].expiry_s};
        gl_inbound_parse("north", &m, NOW, in);
        assert_int_equal(in->kind, GL_INBOUND_COMMAND);
        assert_int_equal(in->command.expires_at, cases[i].expires_at);
    }
}

static void a_command_that_never_expires_is_refused(void **state) {
    (void)state;
    look("greenlane/v1/north/command/desk/close", COMMAND("close", "{\"lane\":\"in-1\"}"));
    assert_int_equal(in->kind, GL_INBOUND_COMMAND_REFUSED);
    assert_says(in->reply.error, "expires_at");
}

static void response_topics_stay_below_the_clients_own(void **state) {
    (void)state;
    static const struct {
        const char *asked, *used;
    } cases[] = {
        {"greenlane/v1/north/reply/desk/x/y", "greenlane/v1/north/reply/desk/x/y"},
        {"greenlane/v1/north/reply/desk2/x", NULL},
        {"greenlane/v1/north/reply/desk/", NULL},
        {"greenlane/v1/north/reply/desk", NULL},
        {"greenlane/v1/north/reply/desk/#", NULL},
        {"greenlane/v1/north/reply/desk/+/x", NULL},
        {"greenlane/v1/north/state/gateway", NULL},
        {"greenlane/v1/north/reply/desk/a\x01", NULL},
        {"greenlane/v1/north/reply/desk/\xff", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < GL_COUNT(cases); i++) {
        const char *payload = COMMAND("close", CLOSE_DATA);
        struct gl_inbound_message m = {.topic = "greenlane/v1/north/command/desk/close",
                                       .payload = payload,
                                       .len = strlen(payload),
                                       .expiry_s = -1,
                                       .response_to = cases[i].asked,
                                       .correlation = (const uint8_t *)"abc",
                                       .correlation_len = 3};
        gl_inbound_parse("north", &m, NOW, in);
        assert_int_equal(in->kind, GL_INBOUND_COMMAND);
        assert_string_equal(in->command.response_topic, cases[i].used ? cases[i].used : "greenlane/v1/north/reply/desk/close");
        assert_int_equal(in->command.correlation.len, 3);
        assert_memory_equal(in->command.correlation.data, "abc", 3);
        assert_int_equal(in->note[0] != '\0', cases[i].used == NULL);
    }
}

static void a_bad_command_is_answered(void **state) {
    (void)state;
    static const struct {
        const char *name, *payload, *id, *reply, *says;
    } bad[] = {
        {"close", "{nonsense", "", "close", "no valid JSON"},
        {"close", COMMAND("override", CLOSE_DATA), "c-1", "close", "\"greenlane.command.close\" is needed"},
        {"close", COMMAND("close", "{\"lane\":5,\"expires_at\":\"2026-11-23T11:17:57Z\"}"), "c-1", "close", "data: lane"},
        {"close", COMMAND("close", "{\"lnae\":\"in-1\"}"), "c-1", "close", "lnae"},
        {"open-sesame", COMMAND("open-sesame", CLOSE_DATA), "c-1", "unknown", "no command is called \"open-sesame\""},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        char topic[80], reply[80];
        gl_format(topic, sizeof topic, "greenlane/v1/north/command/desk/%s", bad[i].name);
        gl_format(reply, sizeof reply, "greenlane/v1/north/reply/desk/%s", bad[i].reply);
        look(topic, bad[i].payload);
        assert_int_equal(in->kind, GL_INBOUND_COMMAND_REFUSED);
        assert_string_equal(in->reply.client, "desk");
        assert_string_equal(in->reply.command, bad[i].id);
        assert_int_equal(in->reply.ok, GL_FALSE);
        assert_string_equal(in->reply.response_topic, reply);
        assert_says(in->reply.error, bad[i].says);
    }
}

static void long_correlation_data_is_refused(void **state) {
    (void)state;
    const char *payload = COMMAND("close", CLOSE_DATA);
    uint8_t long_one[65] = {0};
    struct gl_inbound_message m = {.topic = "greenlane/v1/north/command/desk/close",
                                   .payload = payload,
                                   .len = strlen(payload),
                                   .expiry_s = -1,
                                   .correlation = long_one,
                                   .correlation_len = sizeof long_one};
    gl_inbound_parse("north", &m, NOW, in);
    assert_int_equal(in->kind, GL_INBOUND_COMMAND_REFUSED);
    assert_int_equal(in->reply.correlation.len, 0);
    assert_says(in->reply.error, "at most 64");
}

static int set_up(void **state) {
    (void)state;
    in = malloc(sizeof *in);
    return in ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    free(in);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_movement_becomes_a_record),
        cmocka_unit_test(a_tag_becomes_a_record),
        cmocka_unit_test(a_heartbeat_becomes_a_record),
        cmocka_unit_test(a_bad_record_is_refused_with_its_number),
        cmocka_unit_test(what_a_refused_record_speaks_of),
        cmocka_unit_test(a_snapshots_record_has_a_digest),
        cmocka_unit_test(a_document_becomes_a_record),
        cmocka_unit_test(a_huge_record_is_refused_unread),
        cmocka_unit_test(a_retained_message_is_dropped),
        cmocka_unit_test(foreign_topics_are_dropped),
        cmocka_unit_test(client_and_name_come_from_the_topic),
        cmocka_unit_test(the_messages_expiry_bounds_the_commands),
        cmocka_unit_test(a_command_that_never_expires_is_refused),
        cmocka_unit_test(response_topics_stay_below_the_clients_own),
        cmocka_unit_test(a_bad_command_is_answered),
        cmocka_unit_test(long_correlation_data_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
