/* Inbound messages. Who sent a command, and what it is called, is what the topic says: the broker's access rules vouch for the
 * topic, nothing vouches for the payload.
 *
 *     greenlane/v1/POST/feed/COLLECTION        -> a feed record, or its refusal with the number it had
 *     greenlane/v1/POST/command/CLIENT/NAME    -> a command, or an error reply to the client */
#include "link/inbound.h"

#include <errno.h>
#include <string.h>

#include "link/document.h"
#include "model/canonical.h"
#include "model/envelope.h"
#include "model/identifiers.h"

enum { PREFIX = 64, LEVEL = 64 };

/* Copies the level of a topic that starts at p and moves past it and its slash. -EINVAL: empty, or too long for any name we know.
 */
static int take_level(const char **p, char out[LEVEL]) {
    size_t n = strcspn(*p, "/");
    if (n == 0 || gl_copyn(out, LEVEL, *p, n) < 0) return -EINVAL;
    *p += n + ((*p)[n] == '/');
    return 0;
}

static bool is_id(const char *text) {
    size_t n = strlen(text);
    return n > 0 && n < GL_ID && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

static void drop(struct gl_inbound *ret, const char *why) {
    ret->kind = GL_INBOUND_DROPPED;
    gl_clip(ret->note, sizeof ret->note, why);
}

/* ---- feed ------------------------------------------------------------------------------------------------------------------- */

/* A record that is refused should at least not be taken for a hole: its number, and what it speaks of, are read wherever they can be, from whatever
 * JSON there is. */
static const char *text_of(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static void read_text(const json_t *object, const char *member, char *out, size_t size) {
    if (gl_copy(out, size, text_of(object, member)) < 0) out[0] = '\0';
}

static void read_ref(const json_t *ref, struct gl_ref *ret) {
    if (gl_ref_canonical(text_of(ref, "type"), text_of(ref, "value"), ret) < 0) *ret = (struct gl_ref){.type = ""};
}

/* Whatever else the body says is about this reference, or, in a re-key or under the number that a declaration had before, about a second one. A second
 * one that cannot be read makes the first useless. */
static void read_body(const json_t *body, struct gl_feed_refused *r) {
    const json_t *was = json_object_get(body, "was"), *lrn = json_object_get(body, "lrn");
    read_ref(json_object_get(body, "ref"), &r->ref);
    bool two = r->op == GL_OP_REKEY;
    if (two) read_ref(was, &r->was);
    if (r->collection == GL_COLLECTION_DECLARATIONS && r->op == GL_OP_UPSERT && lrn && !json_is_null(lrn)) {
        two = json_string_length(lrn) != 0 || !json_is_string(lrn);
        if (two && gl_ref_canonical("lrn", json_string_value(lrn) ? json_string_value(lrn) : "", &r->was) < 0)
            r->was.value[0] = '\0';
    }
    if (two && r->was.value[0] == '\0') r->ref.value[0] = '\0';
    if (r->snapshot[0] && json_is_object(body) && gl_json_digest(body, GL_INBOUND_FEED_MAX, r->digest.data) == 0)
        r->digest.len = 32;
}

static void read_refused(const struct gl_inbound_message *m, struct gl_feed_refused *r) {
    if (m->len > GL_INBOUND_FEED_MAX) return;
    json_t *root = json_loadb(m->payload, m->len, JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *data = json_object_get(root, "data"), *seq = json_object_get(data, "seq");
    read_text(data, "epoch", r->epoch, sizeof r->epoch);
    read_text(data, "snapshot", r->snapshot, sizeof r->snapshot);
    if (json_is_integer(seq) && json_integer_value(seq) >= 0) r->seq = json_integer_value(seq);
    r->op = gl_enum_parse(gl_feed_ops, text_of(data, "op"));
    json_decref(root);
    /* With members that stand twice it cannot be told what it speaks of. */
    root = json_loadb(m->payload, m->len, JSON_REJECT_DUPLICATES, NULL);
    data = json_object_get(root, "data");
    bool ours = strcmp(text_of(data, "collection"), gl_collections[r->collection]) == 0;
    if (ours) read_body(json_object_get(data, "body"), r);
    json_decref(root);
}

static int read_record(uint8_t collection, const struct gl_inbound_message *m, struct gl_feed_record *r, struct gl_error *err) {
    char type[64];
    GL_CLEANUP(gl_envelope_free) struct gl_envelope e = {.time = 0};
    if (m->len > GL_INBOUND_FEED_MAX)
        return gl_fail(err, -EMSGSIZE, "%zu bytes; at most %d are taken", m->len, GL_INBOUND_FEED_MAX);
    int rc = gl_envelope_parse(m->payload, m->len, &e, err);
    if (rc < 0) return rc;
    gl_format(type, sizeof type, "greenlane.feed.%s", gl_collections[collection]);
    if (strcmp(e.type, type) != 0)
        return gl_fail(err, -EINVAL, "type: \"%s\" stands here; \"%s\" is needed on this topic", e.type, type);
    bool document = gl_document_is(e.data);
    rc = document ? gl_document_read(e.data, m->zone, r, err) : gl_feed_record_from_json(e.data, r, err);
    if (rc < 0) return rc;
    if (r->collection != collection)
        return gl_fail(err, -EINVAL, "data.collection: \"%s\" on the topic of %s", gl_collections[r->collection],
                       gl_collections[collection]);
    return document ? 0 : gl_feed_record_normalise(r, err);
}

static void parse_feed(const char *rest, const struct gl_inbound_message *m, struct gl_inbound *ret) {
    char level[LEVEL];
    struct gl_error err = {""};
    uint8_t collection = take_level(&rest, level) == 0 && *rest == '\0' ? gl_enum_parse(gl_collections, level) : 0;
    if (collection == GL_COLLECTION_NONE) {
        drop(ret, "a feed of no known collection; known are movements, declarations, tags, lookouts and traders");
        return;
    }
    if (read_record(collection, m, &ret->record, &err) == 0) {
        ret->kind = GL_INBOUND_FEED;
        return;
    }
    memset(&ret->refused, 0, sizeof ret->refused);
    ret->kind = GL_INBOUND_FEED_REFUSED;
    ret->refused.collection = collection;
    ret->refused.seq = GL_INT_NULL;
    gl_clip(ret->refused.reason, sizeof ret->refused.reason, err.text);
    read_refused(m, &ret->refused);
}

/* ---- commands --------------------------------------------------------------------------------------------------------------- */

/* Where a command goes and where its answer may go. */
struct address {
    char client[LEVEL], name[LEVEL];
    uint8_t command; /* enum gl_command_name; 0 = not known */
    char reply[201]; /* response topic */
};

/* A response topic counts only below the client's own reply/. */
static bool response_allowed(const char *own, const char *topic) {
    size_t n = strlen(own), len = strlen(topic);
    if (len <= n || len >= sizeof((struct gl_command *)0)->response_topic || strncmp(topic, own, n) != 0) return false;
    for (const char *p = topic; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F || *p == '+' || *p == '#') return false;
    return gl_utf8_valid(topic, len);
}

static void choose_response(const char *post, const struct gl_inbound_message *m, struct address *to, char note[GL_DETAIL]) {
    char own[PREFIX + LEVEL];
    gl_format(own, sizeof own, "greenlane/v1/%s/reply/%s/", post, to->client);
    if (m->response_to && response_allowed(own, m->response_to)) {
        gl_clip(to->reply, sizeof to->reply, m->response_to);
        return;
    }
    if (m->response_to) gl_format(note, GL_DETAIL, "its response topic does not lie below %s: the usual one is taken", own);
    gl_format(to->reply, sizeof to->reply, "%s%s", own, to->command ? to->name : "unknown");
}

/* The message's own expiry bounds what the sender wrote, and stands in for it when there is none. */
static int bound_expiry(const struct gl_inbound_message *m, int64_t now, json_t *data, int64_t *ret_bound) {
    *ret_bound = 0;
    if (m->expiry_s < 0) return 0;
    *ret_bound = now + m->expiry_s * 1000;
    const json_t *given = json_object_get(data, "expires_at");
    if (given && !json_is_null(given)) return 0;
    char text[GL_TIME_TEXT];
    gl_time_format(*ret_bound, text);
    return json_object_set_new(data, "expires_at", json_string(text)) < 0 ? -ENOMEM : 0;
}

static int read_command(const struct address *to, const struct gl_inbound_message *m, int64_t now, struct gl_command *c,
                        struct gl_error *err) {
    char type[LEVEL + 24];
    int64_t bound;
    GL_CLEANUP(gl_envelope_free) struct gl_envelope e = {.time = 0};
    if (to->command == GL_COMMAND_NONE) return gl_fail(err, -ENOENT, "no command is called \"%s\"", to->name);
    if (m->len > GL_INBOUND_MAX) return gl_fail(err, -EMSGSIZE, "%zu bytes; at most %d are taken", m->len, GL_INBOUND_MAX);
    if (m->correlation_len > sizeof c->correlation.data)
        return gl_fail(err, -EMSGSIZE, "correlation data of %zu bytes; at most %zu are taken", m->correlation_len,
                       sizeof c->correlation.data);
    int rc = gl_envelope_parse(m->payload, m->len, &e, err);
    if (rc < 0) return rc;
    gl_format(type, sizeof type, "greenlane.command.%s", to->name);
    if (strcmp(e.type, type) != 0)
        return gl_fail(err, -EINVAL, "type: \"%s\" stands here; \"%s\" is needed on this topic", e.type, type);
    if (bound_expiry(m, now, e.data, &bound) < 0) return gl_fail(err, -ENOMEM, "out of memory");
    struct gl_error inner = {""};
    rc = gl_fields_from_json(&gl_command_data_fields, e.data, c, &inner);
    if (rc < 0) return gl_fail(err, rc, "data: %s", inner.text);
    if (bound > 0 && bound < c->expires_at) c->expires_at = bound;
    return gl_copy(c->id, sizeof c->id, e.id);
}

static void set_correlation(const struct gl_inbound_message *m, void *into, size_t room) {
    struct gl_bytes *b = into;
    b->len = 0;
    if (m->correlation_len == 0 || m->correlation_len > room) return;
    b->len = (uint16_t)m->correlation_len;
    memcpy(b->data, m->correlation, m->correlation_len);
}

/* The id of an event that is refused, so that the answer can name it. */
static void read_id(const struct gl_inbound_message *m, char *out, size_t size) {
    if (m->len > GL_INBOUND_MAX) return;
    json_t *root = json_loadb(m->payload, m->len, JSON_DISABLE_EOF_CHECK, NULL);
    const char *id = json_string_value(json_object_get(root, "id"));
    if (id && gl_copy(out, size, id) < 0) out[0] = '\0';
    json_decref(root);
}

static void refuse_command(const struct address *to, const struct gl_inbound_message *m, const char *why, struct gl_inbound *ret) {
    struct gl_reply *r = &ret->reply;
    gl_fields_clear(&gl_reply_fields, r);
    ret->kind = GL_INBOUND_COMMAND_REFUSED;
    gl_clip(r->client, sizeof r->client, to->client);
    r->name = to->command;
    r->ok = GL_FALSE;
    gl_clip(r->error, sizeof r->error, why);
    gl_clip(r->response_topic, sizeof r->response_topic, to->reply);
    read_id(m, r->command, sizeof r->command);
    set_correlation(m, &r->correlation, sizeof r->correlation.data);
    gl_format(ret->note, sizeof ret->note, "command %s of client %s refused: %s", to->name, to->client, why);
}

static void parse_command(const char *post, const char *rest, const struct gl_inbound_message *m, int64_t now,
                          struct gl_inbound *ret) {
    struct address to = {.command = 0};
    struct gl_error err = {""};
    if (take_level(&rest, to.client) < 0 || !is_id(to.client) || take_level(&rest, to.name) < 0 || *rest != '\0' ||
        !is_id(to.name)) {
        drop(ret, "a command on no usable topic; command/CLIENT/NAME is needed, of a-z, 0-9, dot and minus");
        return;
    }
    to.command = gl_enum_parse(gl_command_names, to.name);
    choose_response(post, m, &to, ret->note);
    struct gl_command *c = &ret->command;
    gl_fields_clear(&gl_command_fields, c);
    if (read_command(&to, m, now, c, &err) < 0) {
        refuse_command(&to, m, err.text, ret);
        return;
    }
    ret->kind = GL_INBOUND_COMMAND;
    c->name = to.command;
    gl_clip(c->client, sizeof c->client, to.client);
    gl_clip(c->response_topic, sizeof c->response_topic, to.reply);
    set_correlation(m, &c->correlation, sizeof c->correlation.data);
}

void gl_inbound_parse(const char *post, const struct gl_inbound_message *m, int64_t now, struct gl_inbound *ret) {
    char prefix[PREFIX];
    ret->kind = GL_INBOUND_DROPPED;
    ret->note[0] = '\0';
    if (m->retained) {
        drop(ret, "retained: neither a command nor a feed record may be; publish it without the retain flag");
        return;
    }
    gl_format(prefix, sizeof prefix, "greenlane/v1/%s/", post);
    size_t n = strlen(prefix);
    const char *rest = strncmp(m->topic, prefix, n) == 0 ? m->topic + n : "";
    if (strncmp(rest, "feed/", 5) == 0)
        parse_feed(rest + 5, m, ret);
    else if (strncmp(rest, "command/", 8) == 0)
        parse_command(post, rest + 8, m, now, ret);
    else
        drop(ret, "neither a feed nor a command of this post");
}
