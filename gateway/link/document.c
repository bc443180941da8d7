/* A document becomes a record: read by the importers of files, numbered by its envelope. */
#include "link/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "feed/import.h"
#include "model/lodged_impl.h"

static const char *const media_types[] = {"application/xml", "text/xml", "application/json"};

bool gl_document_is(const json_t *data) {
    const char *op = json_string_value(json_object_get(data, "op"));
    return op && strcmp(op, gl_feed_ops[GL_OP_DOCUMENT]) == 0;
}

struct taken {
    struct gl_feed_record *record;
    int n;
    char reason[280]; /* of the first refusal, with its place */
};

static int take(void *user, const struct gl_feed_record *r) {
    struct taken *t = user;
    if (t->n++ == 0) memcpy(t->record, r, sizeof *r);
    return 0;
}

static void tell(void *user, const char *where, const char *reason) {
    struct taken *t = user;
    if (t->reason[0] == '\0') gl_format(t->reason, sizeof t->reason, "%.100s: %.160s", where, reason);
}

static bool known_media_type(const char *type) {
    for (size_t i = 0; i < GL_COUNT(media_types); i++)
        if (strcmp(media_types[i], type) == 0) return true;
    return false;
}

static int read_body(const json_t *body, const char **ret_text, size_t *ret_len, struct gl_error *err) {
    const json_t *text = json_object_get(body, "text");
    const char *type = json_string_value(json_object_get(body, "media_type"));
    if (!type || !json_is_string(text) || json_object_size(body) != 2)
        return gl_fail(err, -EINVAL, "body: a document has a media_type and a text, and nothing else");
    if (!known_media_type(type))
        return gl_fail(err, -EINVAL, "body.media_type: \"%.40s\"; application/xml or application/json is needed", type);
    *ret_text = json_string_value(text);
    *ret_len = json_string_length(text);
    return 0;
}

/* The envelope by the table that all records have: as of a heartbeat, which has no body. */
static int read_envelope(const json_t *data, struct gl_feed_record *ret, struct gl_error *err) {
    json_t *bare = json_copy((json_t *)data);
    if (!bare) return gl_fail(err, -ENOMEM, "out of memory");
    json_object_del(bare, "body");
    int rc = json_object_set_new(bare, "op", json_string(gl_feed_ops[GL_OP_HEARTBEAT])) < 0 ? -ENOMEM : 0;
    if (rc == 0) rc = gl_feed_record_from_json(bare, ret, err);
    json_decref(bare);
    if (rc == 0 && ret->seq < 1) return gl_fail(err, -EINVAL, "seq: 0; records are numbered from 1");
    return rc;
}

static int convert(const char *text, size_t len, const struct gl_import_options *options, struct taken *t, struct gl_error *err) {
    struct gl_error inner = {""};
    const struct gl_import_sink sink = {.user = t, .record = take, .bad = tell};
    int rc = gl_import((const uint8_t *)text, len, options, &sink, &inner);
    if (rc < 0) return gl_fail(err, rc, "body.text: %s", inner.text);
    if (rc > 0) return gl_fail(err, -EINVAL, "body.text: %s", t->reason);
    if (t->n != 1) return gl_fail(err, -EINVAL, "body.text: it gives %d records; one is needed", t->n);
    return 0;
}

/* Number and time are the envelope's, whatever the document says of its own. */
static int put_into(struct gl_feed_record *record, const json_t *body, struct gl_feed_record *envelope, struct gl_error *err) {
    memcpy(record->epoch, envelope->epoch, sizeof record->epoch);
    memcpy(record->snapshot, envelope->snapshot, sizeof record->snapshot);
    record->seq = envelope->seq;
    record->as_of = envelope->as_of;
    record->digest.len = 0;
    memcpy(envelope, record, sizeof *envelope);
    return envelope->snapshot[0] ? gl_feed_body_digest(body, envelope->digest.data, &envelope->digest.len, err) : 0;
}

int gl_document_read(const json_t *data, const char *zone, struct gl_feed_record *ret, struct gl_error *err) {
    const json_t *body = json_object_get(data, "body");
    const char *text = "";
    size_t len = 0;
    int rc = read_envelope(data, ret, err);
    if (rc == 0) rc = read_body(body, &text, &len, err);
    if (rc < 0) return rc;
    const struct gl_import_options options = {.zone = zone, .as_of = ret->as_of};
    struct taken t = {.record = malloc(sizeof *t.record)};
    if (!t.record) return gl_fail(err, -ENOMEM, "out of memory");
    rc = convert(text, len, &options, &t, err);
    if (rc == 0 && (t.record->collection != ret->collection || !gl_feed_record_ref(t.record)))
        rc = gl_fail(err, -EINVAL, "body.text: it is no record of %s", gl_collections[ret->collection]);
    if (rc == 0) rc = put_into(t.record, body, ret, err);
    free(t.record);
    return rc;
}
