/* CloudEvents envelopes: read strictly, written in one order. */
#include "model/envelope.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { MAX_ATTRIBUTES = 32 };

/* A text attribute that this version gives a meaning to. */
struct attribute {
    const char *name;
    bool required, event_required; /* on the wire; in an event written by hand */
    size_t offset, size;           /* size 0: checked only */
    const char *must_be;           /* NULL = any */
};

#define INTO(m) offsetof(struct gl_envelope, m), sizeof(((struct gl_envelope *)0)->m)
static const struct attribute attributes[] = {
    {"specversion", true, false, 0, 0, "1.0"},      {"id", true, false, INTO(id), NULL},
    {"source", true, false, INTO(source), NULL},    {"type", true, true, INTO(type), NULL},
    {"subject", false, false, INTO(subject), NULL}, {"datacontenttype", false, false, 0, 0, "application/json"},
};

static int refuse(struct gl_error *err, const char *name, const char *cause) {
    char shown[44];
    gl_clip(shown, sizeof shown, name);
    return gl_fail(err, -EINVAL, "%s: %s", shown, cause);
}

static bool has_control(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F) return true;
    return false;
}

static int read_attribute(const struct attribute *a, const json_t *root, bool event, struct gl_envelope *e, struct gl_error *err) {
    const json_t *v = json_object_get(root, a->name);
    char cause[120];
    if (!v && !(event ? a->event_required : a->required)) return 0;
    if (!v) return refuse(err, a->name, "missing; a CloudEvents 1.0 event in structured JSON has it");
    const char *text = json_string_value(v);
    if (!text || text[0] == '\0') return refuse(err, a->name, "a text that is not empty is needed");
    if (has_control(text)) return refuse(err, a->name, "holds a control character");
    if (a->must_be && strcmp(text, a->must_be) != 0) {
        gl_format(cause, sizeof cause, "\"%.40s\" stands here; \"%s\" is needed", text, a->must_be);
        return refuse(err, a->name, cause);
    }
    if (a->size > 0 && gl_copy((char *)e + a->offset, a->size, text) < 0) {
        gl_format(cause, sizeof cause, "%zu bytes are too many; at most %zu are taken", strlen(text), a->size - 1);
        return refuse(err, a->name, cause);
    }
    return 0;
}

static int read_time(const json_t *root, bool event, struct gl_envelope *e, struct gl_error *err) {
    const json_t *v = json_object_get(root, "time");
    if (!v && !event) return 0;
    if (!v) return refuse(err, "time", "missing; a time such as 2026-11-23T11:16:57.123Z is needed");
    int64_t t;
    if (!json_is_string(v) || gl_time_parse(json_string_value(v), &t) < 0 || t <= 0)
        return refuse(err, "time", "not a time after 1970 such as 2026-11-23T11:16:57.123Z");
    e->time = t;
    return 0;
}

/* Attribute names are lower-case letters and digits, their values plain: only data may be more. */
static int check_form(const json_t *root, struct gl_error *err) {
    const char *name;
    json_t *v;
    if (json_object_size(root) > MAX_ATTRIBUTES) return gl_fail(err, -EINVAL, "more than %d attributes", MAX_ATTRIBUTES);
    json_object_foreach((json_t *)root, name, v) {
        if (strcmp(name, "data") == 0) continue;
        if (strcmp(name, "data_base64") == 0) return refuse(err, name, "not taken here; data is an object");
        if (name[0] == '\0' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")] != '\0')
            return refuse(err, name, "no attribute name; lower-case letters and digits are allowed");
        if (json_is_object(v) || json_is_array(v)) return refuse(err, name, "a list or an object; an attribute is a plain value");
    }
    return 0;
}

static int read_root(json_t *root, bool event, struct gl_envelope *e, struct gl_error *err) {
    int rc = check_form(root, err);
    for (size_t i = 0; rc == 0 && i < GL_COUNT(attributes); i++) rc = read_attribute(&attributes[i], root, event, e, err);
    if (rc == 0) rc = read_time(root, event, e, err);
    if (rc < 0) return rc;
    json_t *data = json_object_get(root, "data");
    if (!json_is_object(data))
        return refuse(err, "data", data ? "not an object; an object is needed" : "missing; an object is needed");
    e->data = json_incref(data);
    return 0;
}

/* The parser's own text quotes its input; what went wrong is told by code, in our words. */
static int refuse_json(const json_error_t *why, struct gl_error *err) {
    const char *cause;
    switch (json_error_code(why)) {
        case json_error_out_of_memory: return gl_fail(err, -ENOMEM, "out of memory");
        case json_error_duplicate_key: cause = "a member stands twice in one object"; break;
        case json_error_invalid_utf8: cause = "not valid UTF-8"; break;
        case json_error_premature_end_of_input: cause = "it ends too early"; break;
        case json_error_end_of_input_expected: cause = "text follows after its end"; break;
        case json_error_numeric_overflow: cause = "a number too large"; break;
        case json_error_stack_overflow: cause = "nested too deeply"; break;
        case json_error_null_character:
        case json_error_null_byte_in_key: cause = "a NUL character"; break;
        default: cause = "a syntax error"; break;
    }
    return gl_fail(err, -EINVAL, "line %d, column %d: no valid JSON: %s", why->line, why->column, cause);
}

static int parse(const char *text, size_t len, bool event, struct gl_envelope *ret, struct gl_error *err) {
    json_error_t why;
    *ret = (struct gl_envelope){.time = 0};
    json_t *root = json_loadb(text ? text : "", len, JSON_REJECT_DUPLICATES, &why);
    if (!root) return refuse_json(&why, err);
    int rc = json_is_object(root) ? read_root(root, event, ret, err) : gl_fail(err, -EINVAL, "not an object; an event is one");
    json_decref(root);
    if (rc < 0) *ret = (struct gl_envelope){.time = 0};
    return rc;
}

int gl_envelope_parse(const char *text, size_t len, struct gl_envelope *ret, struct gl_error *err) {
    return parse(text, len, false, ret, err);
}

int gl_envelope_parse_event(const char *text, size_t len, struct gl_envelope *ret, struct gl_error *err) {
    return parse(text, len, true, ret, err);
}

void gl_envelope_free(struct gl_envelope *e) {
    if (!e) return;
    json_decref(e->data);
    e->data = NULL;
}

static void put(struct gl_buf *out, const char *name, const char *text) {
    if (!text || text[0] == '\0') return;
    gl_buf_printf(out, ",\"%s\":", name);
    gl_json_string(out, text);
}

void gl_envelope_write(struct gl_buf *out, const struct gl_envelope_out *e) {
    char source[64], number[24], time[GL_TIME_TEXT] = "";
    gl_format(source, sizeof source, "/greenlane/%s", e->post);
    gl_format(number, sizeof number, "%" PRId64, e->seq);
    if (e->time > 0) gl_time_format(e->time, time);
    gl_buf_text(out, "{\"specversion\":\"1.0\"");
    put(out, "id", e->id);
    put(out, "source", source);
    put(out, "type", e->type);
    put(out, "time", time);
    put(out, "subject", e->subject);
    if (e->dataschema && e->dataschema[0]) {
        char schema[96];
        gl_format(schema, sizeof schema, "urn:greenlane:schema:%s", e->dataschema);
        put(out, "dataschema", schema);
    }
    put(out, "datacontenttype", "application/json");
    if (e->stream) {
        put(out, "sequence", number);
        put(out, "stream", e->stream);
    }
    put(out, "boot", e->boot);
    if (e->replayed) gl_buf_text(out, ",\"replayed\":true");
    gl_buf_text(out, ",\"data\":");
    gl_buf_text(out, e->data);
    gl_buf_char(out, '}');
}
