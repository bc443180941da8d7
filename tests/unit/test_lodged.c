/* Movements, declarations and feed records: JSON and packed forms, and the rules of gl_feed_record_normalise. */
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

#include "model/lodged.h"

#define MOVEMENT(body)                                                                                                             \
    "{\"collection\":\"movements\",\"epoch\":\"e1\",\"seq\":7,\"op\":\"upsert\",\"as_of\":\"2026-05-04T10:00:00Z\",\"body\":" body \
    "}"
#define DECLARATION(body)                                                                                               \
    "{\"collection\":\"declarations\",\"epoch\":\"e1\",\"seq\":7,\"op\":\"upsert\",\"as_of\":\"2026-05-04T10:00:00Z\"," \
    "\"body\":" body "}"
#define TAG(body) \
    "{\"collection\":\"tags\",\"epoch\":\"e1\",\"seq\":7,\"op\":\"upsert\",\"as_of\":\"2026-05-04T10:00:00Z\",\"body\":" body "}"
#define M_HEAD "\"ref\":{\"type\":\"gmr\",\"value\":\"gmra12 3b456c\"},\"version\":3,\"kind\":\"goods\",\"state\":\"ready\""
#define T_HEAD "\"ref\":{\"type\":\"epc\",\"value\":\"3034-257bf7194e40 00001a85\"},\"version\":2,\"state\":\"active\""
#define D_HEAD "\"ref\":{\"type\":\"mrn\",\"value\":\"26EE1210EE00000019\"},\"version\":1,\"state\":\"released\""

static int read_record(const char *text, struct gl_feed_record *r, struct gl_error *err) {
    json_t *data = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(data);
    int rc = gl_feed_record_from_json(data, r, err);
    if (rc == 0) rc = gl_feed_record_normalise(r, err);
    json_decref(data);
    return rc;
}

static struct gl_feed_record *good(const char *text) {
    struct gl_feed_record *r = malloc(sizeof *r);
    struct gl_error err = {""};
    assert_non_null(r);
    if (read_record(text, r, &err) < 0) fail_msg("%s: %s", text, err.text);
    return r;
}

static void refused(const char *text, const char *expected) {
    struct gl_feed_record *r = malloc(sizeof *r);
    struct gl_error err = {""};
    assert_non_null(r);
    if (read_record(text, r, &err) >= 0) fail_msg("accepted: %s", text);
    if (!strstr(err.text, expected)) fail_msg("\"%s\" does not say \"%s\"", err.text, expected);
    free(r);
}

/* Through the packed form and back; both must print alike. */
static void round_trip(const struct gl_feed_record *r) {
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(131072), one = GL_BUF(1 << 20), two = GL_BUF(1 << 20);
    struct gl_feed_record *back = malloc(sizeof *back);
    assert_non_null(back);
    gl_feed_record_pack(r, &packed);
    assert_false(packed.failed);
    struct gl_cursor c = gl_cursor(packed.data, packed.len);
    assert_int_equal(gl_feed_record_unpack(&c, back), 0);
    assert_int_equal(gl_cursor_left(&c), 0);
    gl_feed_record_to_json(r, &one);
    gl_feed_record_to_json(back, &two);
    assert_false(one.failed || two.failed);
    assert_string_equal(one.data, two.data);
    for (size_t len = 0; len < packed.len; len += 1 + packed.len / 50) { /* every shorter one is refused */
        c = gl_cursor(packed.data, len);
        assert_true(gl_feed_record_unpack(&c, back) < 0);
    }
    free(back);
}

static void movement_is_read_and_written(void **state GL_UNUSED) {
    struct gl_feed_record *r =
        good(MOVEMENT("{" M_HEAD
                      ",\"channel\":\"release\",\"direction\":\"in\",\"office\":\"ee1210ee\",\"eta\":\"2026-05-04T12:00:00+02:00\","
                      "\"valid_to\":\"2026-05-07T12:00:00Z\",\"means\":[{\"role\":\"vehicle\",\"plate\":\"KA2139AB/"
                      "KA8278AB\",\"country\":\"ua\"}],"
                      "\"declarations\":[{\"type\":\"mrn\",\"value\":\"26ee1210ee00000019\"},{\"type\":\"mrn\",\"value\":"
                      "\"26EE1210EE00000019\"}],"
                      "\"containers\":[\"mscu 998140-2\"],\"seals\":[\" 1234 \"]}"));
    const struct gl_movement *m = &r->body.movement;
    assert_int_equal(r->seq, 7);
    assert_string_equal(r->epoch, "e1");
    assert_string_equal(m->ref.value, "GMRA123B456C");
    assert_int_equal(m->channel, GL_CHANNEL_RELEASE);
    assert_int_equal(m->n_means, 2);
    assert_string_equal(m->means[0].plate, "KA2139AB");
    assert_int_equal(m->means[0].role, GL_ROLE_VEHICLE);
    assert_string_equal(m->means[1].plate, "KA8278AB");
    assert_int_equal(m->means[1].role, GL_ROLE_TRAILER);
    assert_string_equal(m->means[1].country, "UA");
    assert_int_equal(m->n_declarations, 1);
    assert_string_equal(m->containers[0], "MSCU9981402");
    assert_string_equal(m->seals[0], "1234");
    assert_string_equal(m->office, "EE1210EE");
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(8192);
    gl_feed_record_to_json(r, &out);
    assert_string_equal(
        out.data,
        "{\"collection\":\"movements\",\"epoch\":\"e1\",\"seq\":7,\"op\":\"upsert\",\"as_of\":\"2026-05-04T10:00:00.000Z\","
        "\"body\":{"
        "\"ref\":{\"type\":\"gmr\",\"value\":\"GMRA123B456C\"},\"version\":3,\"kind\":\"goods\",\"state\":\"ready\",\"channel\":"
        "\"release\","
        "\"direction\":\"in\",\"office\":\"EE1210EE\",\"lodged_at\":null,\"eta\":\"2026-05-04T10:00:00.000Z\",\"valid_from\":null,"
        "\"valid_to\":\"2026-05-07T12:00:00.000Z\",\"means\":[{\"role\":\"vehicle\",\"plate\":\"KA2139AB\",\"country\":\"UA\"},"
        "{\"role\":\"trailer\",\"plate\":\"KA8278AB\",\"country\":\"UA\"}],\"declarations\":[{\"type\":\"mrn\",\"value\":"
        "\"26EE1210EE00000019\"}],"
        "\"containers\":[\"MSCU9981402\"],\"seals\":[\"1234\"]}}");
    round_trip(r);
    free(r);
}

static void declaration_is_read_and_written(void **state GL_UNUSED) {
    struct gl_feed_record *r =
        good(DECLARATION(
            "{" D_HEAD ",\"lrn\":\"L 1\",\"type\":\"t1\",\"means\":[{\"role\":\"trailer\",\"plate\":\"AB29 3824\"}],"
            "\"equipment\":[{\"container\":\"wgpcgr\",\"seals\":[\"Seal1\"]},{\"container\":null,\"seals\":[\"seal43\"]}],"
            "\"offices\":[{\"role\":\"transit\",\"office\":\"ee1210ee\",\"eta\":\"2026-05-04T12:00:00Z\"}],\"gross_kg\":38120.5,"
            "\"goods\":[{\"hs\":\"010130\",\"gross_kg\":0.001,\"un\":\"1002\"}],"
            "\"documents\":[{\"type\":\"n785\",\"ref\":\"A 1\",\"required\":true},{\"type\":\"C651\"}],"
            "\"control\":null,\"trader\":{\"eori\":\"ee12345678\",\"aeo\":null}}"));
    const struct gl_declaration *d = &r->body.declaration;
    assert_int_equal(d->gross_kg, 38120500);
    assert_int_equal(d->goods[0].gross_kg, 1);
    assert_string_equal(d->equipment[0].container, "WGPCGR");
    assert_string_equal(d->equipment[1].container, "");
    assert_string_equal(d->equipment[1].seals[0], "seal43");
    assert_int_equal(d->n_means, 1);
    assert_string_equal(d->means[0].plate, "AB29 3824");
    assert_int_equal(d->documents[0].required, GL_TRUE);
    assert_int_equal(d->documents[1].required, GL_NULL); /* absent is not false */
    assert_int_equal(d->control.channel, GL_CHANNEL_NONE);
    assert_string_equal(d->trader.eori, "EE12345678");
    round_trip(r);
    free(r);
}

static void tag_is_read_and_written(void **state GL_UNUSED) {
    struct gl_feed_record *r =
        good(TAG("{" T_HEAD
                 ",\"plate\":\" nc15 reg \",\"country\":\"gb\",\"role\":\"trailer\",\"valid_to\":\"2027-05-04T12:00:00+02:00\"}"));
    const struct gl_tag *t = &r->body.tag;
    assert_ptr_equal(gl_feed_record_ref(r), &t->ref);
    assert_string_equal(t->ref.value, "3034257BF7194E4000001A85");
    assert_string_equal(t->plate, "nc15 reg");
    assert_string_equal(t->country, "GB");
    assert_int_equal(t->role, GL_ROLE_TRAILER);
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(8192);
    gl_feed_record_to_json(r, &out);
    assert_string_equal(
        out.data,
        "{\"collection\":\"tags\",\"epoch\":\"e1\",\"seq\":7,\"op\":\"upsert\",\"as_of\":\"2026-05-04T10:00:00.000Z\","
        "\"body\":{\"ref\":{\"type\":\"epc\",\"value\":\"3034257BF7194E4000001A85\"},\"version\":2,\"state\":\"active\","
        "\"role\":\"trailer\",\"plate\":\"nc15 reg\",\"country\":\"GB\",\"valid_to\":\"2027-05-04T10:00:00.000Z\","
        "\"seal\":null,\"container\":null,\"on\":null}}");
    round_trip(r);
    free(r);
}

static void a_seal_has_no_plate(void **state GL_UNUSED) {
    struct gl_feed_record *r = good(
        TAG("{" T_HEAD
            ",\"seal\":\" yp 12-34 \",\"container\":\"msku 123456 5\",\"on\":{\"type\":\"gmr\",\"value\":\" gmra00000001\"}}"));
    const struct gl_tag *t = &r->body.tag;
    assert_string_equal(t->seal, "yp 12-34"); /* as it is typed; its key is made where it is compared */
    assert_string_equal(t->container, "MSKU1234565");
    assert_string_equal(t->on.value, "GMRA00000001");
    assert_string_equal(t->plate, "");
    assert_int_equal(t->role, GL_ROLE_NONE);
    round_trip(r);
    free(r);
    r = good(
        TAG("{\"ref\":{\"type\":\"tid\",\"value\":\"E28011052000AAAA\"},\"version\":1,\"state\":\"broken\",\"seal\":\"1234\"}"));
    assert_int_equal(r->body.tag.state, GL_TAG_BROKEN);
    round_trip(r);
    free(r);
}

static void tag_defaults_and_cancel(void **state GL_UNUSED) {
    struct gl_feed_record *r = good(TAG("{" T_HEAD ",\"plate\":\"AB29 3824\"}"));
    assert_int_equal(r->body.tag.role, GL_ROLE_VEHICLE); /* what is not said otherwise is a vehicle's */
    assert_string_equal(r->body.tag.plate, "AB29 3824");
    assert_string_equal(r->body.tag.country, "");
    assert_int_equal(r->body.tag.valid_to, 0);
    free(r);
    r = good(
        "{\"collection\":\"tags\",\"epoch\":\"e1\",\"seq\":8,\"op\":\"cancel\",\"as_of\":\"2026-05-04T10:00:00Z\","
        "\"body\":{\"ref\":{\"type\":\"epc\",\"value\":\"e2 00\"}}}");
    assert_string_equal(r->body.cancel.ref.value, "E200");
    assert_true(r->body.cancel.version == GL_INT_NULL);
    assert_ptr_equal(gl_feed_record_ref(r), &r->body.cancel.ref);
    round_trip(r);
    r->op = GL_OP_HEARTBEAT;
    assert_null(gl_feed_record_ref(r));
    free(r);
}

static void bad_tags_are_refused(void **state GL_UNUSED) {
#define T_REF(type, value) \
    TAG("{\"ref\":{\"type\":\"" type "\",\"value\":\"" value "\"},\"version\":1,\"state\":\"active\",\"plate\":\"NC15REG\"}")
#define T_CANCEL(type, value)                                                                                             \
    "{\"collection\":\"tags\",\"epoch\":\"e1\",\"seq\":8,\"op\":\"cancel\",\"as_of\":\"2026-05-04T10:00:00Z\",\"body\":{" \
    "\"ref\":{\"type\":\"" type "\",\"value\":\"" value "\"}}}"
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {T_REF("gmr", "3034"), "body.ref.type: \"gmr\""},
        {T_REF("EPC", "3034"), "\"epc\" or \"tid\" is needed"},
        {T_REF("tid", "E280110520"), "no TID or beginning of one"}, /* the chip alone */
        {T_REF("tid", "E28011052000AAAA00"), "whole words of 4"},
        {T_REF("tid", "E28011052000AAAG"), "hexadecimal digits"},
        {T_REF("epc", "303"), "body.ref.value: \"303\" is no EPC"},
        {T_REF("epc", "- -"), "even number of hexadecimal digits"},
        {T_REF("epc", "30G4"), "is no EPC"},
        {T_REF("epc", "urn:epc:raw:16.x3034"), "is no EPC"},
        {T_REF("epc", "303030303030303030303030303030303030303030303030303030303030303030"), "body.ref.value"}, /* 66 digits */
        {T_CANCEL("mrn", "3034"), "body.ref.type: \"mrn\""},
        {T_CANCEL("epc", "303"), "is no EPC"},
        {TAG("{" T_HEAD "}"), "body.plate"},
        {TAG("{" T_HEAD ",\"plate\":\"\"}"), "body.plate"},
        {TAG("{" T_HEAD ",\"plate\":\" \"}"), "is no plate"},
        {TAG("{" T_HEAD ",\"plate\":\"---\"}"), "body.plate: \"---\" is no plate"},
        {TAG("{" T_HEAD ",\"plate\":\"unknown\"}"), "is no plate"},
        {TAG("{" T_HEAD ",\"plate\":\"NC?5REG\"}"), "is no plate"},
        {TAG("{" T_HEAD ",\"plate\":\"KA2139AB/KA8278AB\"}"), "several plates"},
        {TAG("{" T_HEAD ",\"plate\":\"A1/B2/C3/D4\"}"), "several plates"},
        {TAG("{" T_HEAD ",\"plate\":\"NC15REG\",\"role\":\"unknown\"}"), "body.role: must be vehicle or trailer"},
        {TAG("{" T_HEAD ",\"plate\":\"NC15REG\",\"role\":\"cargo\"}"), "body.role"},
        {TAG("{" T_HEAD ",\"plate\":\"NC15REG\",\"country\":\"GBR\"}"), "body.country"},
        {TAG("{" T_HEAD ",\"plate\":\"NC15REG\",\"valid_to\":\"soon\"}"), "body.valid_to"},
        {TAG("{" T_HEAD ",\"plate\":\"NC15REG\",\"means\":[]}"), "means"},
        {TAG("{" T_HEAD ",\"plate\":\"NC15REG\",\"seal\":\"1234\"}"), "a seal's tag has no plate"},
        {TAG("{" T_HEAD ",\"role\":\"trailer\",\"seal\":\"1234\"}"), "a seal's tag has no plate"},
        {TAG("{" T_HEAD ",\"country\":\"GB\",\"seal\":\"1234\"}"), "a seal's tag has no plate"},
        {TAG("{" T_HEAD ",\"seal\":\"  \"}"), "body.seal: blank"},
        {TAG("{" T_HEAD ",\"seal\":\"1\\u00012\"}"), "body.seal: control character"},
        {TAG("{" T_HEAD ",\"seal\":\"1234\",\"on\":{\"type\":\"MRN!\",\"value\":\"X\"}}"), "body.on"},
        {TAG("{" T_HEAD ",\"plate\":\"NC15REG\",\"container\":\"MSKU1234565\"}"), "only a seal is put on something"},
        {TAG("{" T_HEAD ",\"plate\":\"NC15REG\",\"on\":{\"type\":\"gmr\",\"value\":\"X\"}}"), "only a seal is put on something"},
        {TAG("{\"ref\":{\"type\":\"epc\",\"value\":\"30\"},\"version\":1,\"state\":\"broken\",\"plate\":\"A1\"}"),
         "body.seal: missing"},
        {TAG("{\"ref\":{\"type\":\"epc\",\"value\":\"30\"},\"version\":1,\"state\":\"ready\",\"plate\":\"A1\"}"),
         "active, withdrawn"},
        {TAG("{\"ref\":{\"type\":\"epc\",\"value\":\"30\"},\"state\":\"active\",\"plate\":\"A1\"}"), "body.version"},
        {TAG("{\"ref\":{\"type\":\"epc\",\"value\":\"30\"},\"version\":-1,\"state\":\"active\",\"plate\":\"A1\"}"), "body.version"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) refused(bad[i].text, bad[i].expected);
}

static void absent_stays_absent(void **state GL_UNUSED) {
    struct gl_feed_record *r = good(MOVEMENT("{" M_HEAD "}"));
    assert_int_equal(r->body.movement.channel, GL_CHANNEL_NONE);
    assert_int_equal(r->body.movement.valid_to, 0);
    free(r);
    r = good(DECLARATION("{" D_HEAD "}"));
    assert_true(r->body.declaration.gross_kg == GL_INT_NULL);
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(8192);
    gl_feed_record_to_json(r, &out);
    assert_non_null(strstr(out.data, "\"gross_kg\":null"));
    assert_non_null(strstr(out.data, "\"control\":null,\"trader\":null"));
    free(r);
}

static void cancel_and_heartbeat(void **state GL_UNUSED) {
    static const char *const beats[] = {"", ",\"body\":null", ",\"body\":{}"};
    struct gl_feed_record *r = good(
        "{\"collection\":\"declarations\",\"epoch\":\"e1\",\"seq\":8,\"op\":\"cancel\",\"as_of\":\"2026-05-04T10:00:00Z\","
        "\"body\":{\"ref\":{\"type\":\"mrn\",\"value\":\"26ee1210ee00000019\"}}}");
    assert_true(r->body.cancel.version == GL_INT_NULL);
    assert_string_equal(r->body.cancel.ref.value, "26EE1210EE00000019");
    round_trip(r);
    free(r);
    for (size_t i = 0; i < GL_COUNT(beats); i++) {
        char text[256];
        gl_format(
            text, sizeof text,
            "{\"collection\":\"movements\",\"epoch\":\"e1\",\"seq\":0,\"op\":\"heartbeat\",\"as_of\":\"2026-05-04T10:00:00Z\"%s}",
            beats[i]);
        r = good(text);
        assert_int_equal(r->op, GL_OP_HEARTBEAT);
        round_trip(r);
        free(r);
    }
}

static void bad_envelopes_are_refused(void **state GL_UNUSED) {
#define AS_OF ",\"as_of\":\"2026-05-04T10:00:00Z\""
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {"[]", "not an object"},
        {"{}", "collection"},
        {"{\"collection\":\"vessels\"}", "movements, declarations, tags"},
        {"{\"collection\":\"movements\",\"seq\":1,\"op\":\"upsert\"" AS_OF "}", "epoch"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"op\":\"upsert\"" AS_OF "}", "seq"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":-1,\"op\":\"upsert\"" AS_OF "}", "seq"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1.5,\"op\":\"upsert\"" AS_OF "}", "seq"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":\"1\",\"op\":\"upsert\"" AS_OF "}", "seq"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":0,\"op\":\"upsert\"" AS_OF ",\"body\":{}}", "numbered from 1"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1" AS_OF "}", "op"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"merge\"" AS_OF "}", "upsert"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"upsert\"}", "as_of"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"upsert\"" AS_OF "}", "body: missing"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"upsert\"" AS_OF ",\"body\":null}", "body: missing"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"upsert\"" AS_OF ",\"body\":3}", "body"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"heartbeat\"" AS_OF ",\"body\":{\"a\":1}}", "heartbeat"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"upsert\"" AS_OF ",\"extra\":1}", "extra"},
        {"{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"cancel\"" AS_OF ",\"body\":{}}", "ref"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) refused(bad[i].text, bad[i].expected);
}

static void bad_bodies_are_refused(void **state GL_UNUSED) {
    static const struct {
        const char *text, *expected;
    } bad[] = {
        {MOVEMENT("{\"version\":1,\"kind\":\"goods\",\"state\":\"ready\"}"), "body.ref"},
        {MOVEMENT("{" M_HEAD ",\"channel\":\"green\"}"), "body.channel"},
        {MOVEMENT("{" M_HEAD ",\"colour\":1}"), "colour"},
        {MOVEMENT("{" M_HEAD ",\"means\":[{\"role\":\"vehicle\",\"plate\":\"---\"}]}"), "body.means[0].plate"},
        {MOVEMENT("{" M_HEAD ",\"means\":[{\"role\":\"vehicle\",\"plate\":\"unknown\"}]}"), "body.means[0].plate"},
        {MOVEMENT("{" M_HEAD ",\"means\":[{\"role\":\"vehicle\",\"plate\":\"AB?123\"}]}"), "body.means[0].plate"},
        {MOVEMENT("{" M_HEAD ",\"means\":[{\"role\":\"unknown\",\"plate\":\"AB123\"}]}"), "vehicle or trailer"},
        {MOVEMENT("{" M_HEAD ",\"means\":[{\"plate\":\"AB123\"}]}"), "role"},
        {MOVEMENT("{" M_HEAD ",\"means\":[{\"role\":\"vehicle\",\"plate\":\"AB123\",\"country\":\"D\"}]}"), "ISO 3166"},
        {MOVEMENT("{" M_HEAD ",\"valid_from\":\"2026-05-04T10:00:00Z\",\"valid_to\":\"2026-05-04T09:59:59Z\"}"), "valid_to"},
        {MOVEMENT("{" M_HEAD ",\"containers\":[\"  \"]}"), "body.containers[0]"},
        {MOVEMENT("{" M_HEAD ",\"seals\":[\"a\\u001db\"]}"), "body.seals[0]"},
        {MOVEMENT("{" M_HEAD ",\"declarations\":[{\"type\":\"MRN!\",\"value\":\"x\"}]}"), "body.declarations[0]"},
        {MOVEMENT("{" M_HEAD
                  ",\"means\":[{\"role\":\"vehicle\",\"plate\":\"A1/B2/C3/D4/E5/F6/G7/H8/I9/J1/K2/L3/M4/N5/O6/P7/Q8\"}]}"),
         "body.means[0].plate"},
        {DECLARATION("{" D_HEAD ",\"gross_kg\":-1}"), "body.gross_kg"},
        {DECLARATION("{" D_HEAD ",\"gross_kg\":1.0001}"), "body.gross_kg"},
        {DECLARATION("{" D_HEAD ",\"goods\":[{\"un\":\"UN1002\"}]}"), "body.goods[0].un"},
        {DECLARATION("{" D_HEAD ",\"documents\":[{\"type\":\"N1\",\"required\":\"yes\"}]}"), "body.documents[0].required"},
        {DECLARATION("{" D_HEAD ",\"offices\":[{\"role\":\"transit\"}]}"), "office"},
    };
    for (size_t i = 0; i < GL_COUNT(bad); i++) refused(bad[i].text, bad[i].expected);
}

static void means_are_listed_once(void **state GL_UNUSED) {
    struct gl_feed_record *r =
        good(MOVEMENT("{" M_HEAD ",\"means\":[{\"role\":\"vehicle\",\"plate\":\"PA 14 AC\",\"country\":\"AM\"},"
                      "{\"role\":\"vehicle\",\"plate\":\"PA14AC\",\"country\":\"AM\"},"
                      "{\"role\":\"trailer\",\"plate\":\"PA14AC\",\"country\":\"AM\"},"
                      "{\"role\":\"trailer\",\"plate\":\"AB1/AB2\"}]}"));
    const struct gl_movement *m = &r->body.movement;
    assert_int_equal(m->n_means, 4);
    assert_string_equal(m->means[0].plate, "PA 14 AC");
    assert_int_equal(m->means[1].role, GL_ROLE_TRAILER);
    assert_string_equal(m->means[2].plate, "AB1");
    assert_int_equal(m->means[2].role, GL_ROLE_TRAILER);
    assert_int_equal(m->means[3].role, GL_ROLE_TRAILER);
    free(r);
}

/* The largest declaration still fits one message between processes. */
static void largest_declaration_packs(void **state GL_UNUSED) {
    struct gl_feed_record *r = good(DECLARATION("{" D_HEAD "}"));
    struct gl_declaration *d = &r->body.declaration;
    d->n_goods = GL_MAX_GOODS;
    for (size_t i = 0; i < GL_MAX_GOODS; i++) assert_int_equal(gl_copy(d->goods[i].hs, sizeof d->goods[i].hs, "01013000000"), 0);
    d->n_equipment = GL_MAX_CONTAINERS;
    for (size_t i = 0; i < GL_MAX_CONTAINERS; i++) {
        d->equipment[i].n_seals = 16;
        for (size_t k = 0; k < 16; k++) memset(d->equipment[i].seals[k], 'S', sizeof d->equipment[i].seals[k] - 1);
    }
    d->n_documents = GL_MAX_DOCUMENTS;
    for (size_t i = 0; i < GL_MAX_DOCUMENTS; i++) memset(d->documents[i].ref, 'R', sizeof d->documents[i].ref - 1);
    round_trip(r);
    d->n_goods = GL_MAX_GOODS + 1;
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(131072);
    gl_feed_record_pack(r, &packed);
    assert_true(packed.failed);
    free(r);
}

static void meaningless_envelopes_do_not_travel(void **state GL_UNUSED) {
    struct gl_feed_record *r = calloc(1, sizeof *r);
    struct gl_error err;
    assert_non_null(r);
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(1024);
    gl_feed_record_pack(r, &packed);
    assert_true(packed.failed);
    assert_int_equal(gl_feed_record_normalise(r, &err), -EINVAL);
    /* collection, epoch, seq, op 0, as_of: no operation */
    static const uint8_t wire[] = {1, 0, 1, 'e', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    struct gl_cursor c = gl_cursor(wire, sizeof wire);
    assert_true(gl_feed_record_unpack(&c, r) < 0);
    assert_true(c.failed);
    free(r);
}

static void names_end_and_agree(void **state GL_UNUSED) {
    assert_string_equal(gl_channels[GL_CHANNEL_REFUSE], "refuse");
    assert_string_equal(gl_movement_kinds[GL_MOVEMENT_EXEMPT], "exempt");
    assert_string_equal(gl_movement_states[GL_MOVEMENT_EXPIRED], "expired");
    assert_string_equal(gl_movement_states[GL_MOVEMENT_CHECKED_IN], "checked_in");
    assert_string_equal(gl_declaration_states[GL_DECLARATION_EXPIRED], "expired");
    assert_string_equal(gl_declaration_states[GL_DECLARATION_UNDER_CONTROL], "under_control");
    assert_string_equal(gl_directions[GL_DIRECTION_OUT], "out");
    assert_string_equal(gl_office_roles[GL_OFFICE_BORDER], "border");
    assert_string_equal(gl_collections[GL_COLLECTION_DECLARATIONS], "declarations");
    assert_string_equal(gl_collections[GL_COLLECTION_TAGS], "tags");
    assert_string_equal(gl_tag_states[GL_TAG_WITHDRAWN], "withdrawn");
    assert_null(gl_tag_states[GL_TAG_BROKEN + 1]);
    assert_string_equal(gl_feed_ops[GL_OP_HEARTBEAT], "heartbeat");
    assert_null(gl_collections[GL_COLLECTIONS]);
    assert_null(gl_channels[GL_CHANNEL_REFUSE + 1]);
    assert_null(gl_declaration_states[GL_DECLARATION_EXPIRED + 1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(movement_is_read_and_written),
        cmocka_unit_test(declaration_is_read_and_written),
        cmocka_unit_test(tag_is_read_and_written),
        cmocka_unit_test(tag_defaults_and_cancel),
        cmocka_unit_test(a_seal_has_no_plate),
        cmocka_unit_test(bad_tags_are_refused),
        cmocka_unit_test(absent_stays_absent),
        cmocka_unit_test(cancel_and_heartbeat),
        cmocka_unit_test(bad_envelopes_are_refused),
        cmocka_unit_test(bad_bodies_are_refused),
        cmocka_unit_test(means_are_listed_once),
        cmocka_unit_test(largest_declaration_packs),
        cmocka_unit_test(meaningless_envelopes_do_not_travel),
        cmocka_unit_test(names_end_and_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
