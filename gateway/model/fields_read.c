/* JSON to struct, strictly. Each refusal says where, what stands there, and what would be right. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/base64.h"
#include "model/fields_impl.h"

enum { MAX_DEPTH = 16, CAUSE = 160 };

/* Where the reader stands: a chain of frames up to the root, turned into a path only when something is wrong. */
struct at {
    const struct at *up;
    const struct gl_field *f; /* NULL at the root */
    int index;                /* in a list, else -1 */
    struct gl_error *err;
};

static void format_path(const struct at *at, char *out, size_t size) {
    out[0] = '\0';
    if (!at || !at->f) return;
    format_path(at->up, out, size);
    size_t n = strlen(out);
    const char *dot = n > 0 ? "." : "";
    if (at->index >= 0)
        gl_format(out + n, size - n, "%s%s[%d]", dot, at->f->name, at->index);
    else
        gl_format(out + n, size - n, "%s%s", dot, at->f->name);
}

static int refuse(const struct at *at, const char *cause) {
    char path[128];
    format_path(at, path, sizeof path);
    return gl_fail(at->err, -EINVAL, "%s%s%s", path, path[0] ? ": " : "", cause);
}

static void list_names(const char *const *names, size_t most, char *out, size_t size) {
    out[0] = '\0';
    for (size_t i = 0; names[i] && i <= most; i++) {
        size_t n = strlen(out);
        gl_format(out + n, size - n, "%s%s", i > 0 ? ", " : "", i == most ? "..." : names[i]);
    }
}

/* What would be right, in words. */
static void format_needed(const struct at *at, char *out, size_t size) {
    const struct gl_field *f = at->f;
    char names[120];
    if (!f) {
        gl_format(out, size, "an object");
        return;
    }
    if (f->list && at->index < 0) {
        gl_format(out, size, "a list of at most %d", f->capacity);
        return;
    }
    switch ((enum gl_ftype)f->type) {
        case GL_F_TEXT: gl_format(out, size, "a text of 1 to %u bytes", (unsigned)f->size - 1); return;
        case GL_F_ENUM:
            list_names(f->names + 1, 12, names, sizeof names);
            gl_format(out, size, "one of %s", names);
            return;
        case GL_F_TRI: gl_format(out, size, "true or false"); return;
        case GL_F_INT: gl_format(out, size, "a whole number from %" PRId64 " to %" PRId64, f->min, f->max); return;
        case GL_F_REAL:
            if (gl_real_limited(f))
                gl_format(out, size, "a number from %" PRId64 " to %" PRId64, f->min, f->max);
            else
                gl_format(out, size, "a number");
            return;
        case GL_F_TIME: gl_format(out, size, "a time such as 2026-11-23T11:16:57.123Z"); return;
        case GL_F_GRAMS: gl_format(out, size, "kilograms from 0 to %" PRId64 " with at most three decimals", f->max / 1000); return;
        case GL_F_BYTES: gl_format(out, size, "base64 of at most %zu bytes", gl_bytes_room(f)); return;
        case GL_F_STRUCT: gl_format(out, size, "an object"); return;
    }
}

/* Refuses with the cause and what would be right. */
static int refuse_needed(const struct at *at, const char *cause) {
    char needed[160], text[2 * CAUSE];
    format_needed(at, needed, sizeof needed);
    gl_format(text, sizeof text, "%s; %s is needed", cause, needed);
    return refuse(at, text);
}

static int refuse_type(const struct at *at, const json_t *v) {
    static const char *const types[] = {[JSON_OBJECT] = "an object",
                                        [JSON_ARRAY] = "a list",
                                        [JSON_STRING] = "a text",
                                        [JSON_INTEGER] = "a whole number",
                                        [JSON_REAL] = "a number with decimals",
                                        [JSON_TRUE] = "true",
                                        [JSON_FALSE] = "false",
                                        [JSON_NULL] = "null"};
    char cause[CAUSE];
    gl_format(cause, sizeof cause, "%s stands here", v ? types[json_typeof(v)] : "nothing");
    return refuse_needed(at, cause);
}

/* Refuses a text, showing its beginning. */
static int refuse_text(const struct at *at, const char *shown, const char *why) {
    char some[44], cause[CAUSE];
    gl_clip(some, sizeof some, shown);
    gl_format(cause, sizeof cause, "\"%s\"%s %s", some, strlen(some) < strlen(shown) ? "..." : "", why);
    return refuse_needed(at, cause);
}

/* What codes may carry: tab, line ends, and the separators of GS1 and ISO 15434 (GS, RS, EOT). */
static bool control_allowed(unsigned char c) {
    return strchr("\t\n\r\x1d\x1e\x04", c) != NULL;
}

static int read_text(const struct at *at, const json_t *v, void *p) {
    if (!json_is_string(v)) return refuse_type(at, v);
    const char *text = json_string_value(v);
    size_t len = json_string_length(v);
    char cause[CAUSE];
    if (len == 0 && (at->f->list || (at->f->flags & GL_REQUIRED))) return refuse_needed(at, "empty");
    if (len >= at->f->size) {
        gl_format(cause, sizeof cause, "%zu bytes are too many", len);
        return refuse_needed(at, cause);
    }
    if (!gl_utf8_valid(text, len)) return refuse_needed(at, "not valid UTF-8 without NUL");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 || control_allowed(c)) continue;
        gl_format(cause, sizeof cause, "control character U+%04X at byte %zu is not allowed", c, i);
        return refuse(at, cause);
    }
    return gl_copyn(p, at->f->size, text, len);
}

static int read_enum(const struct at *at, const json_t *v, void *p) {
    if (!json_is_string(v)) return refuse_type(at, v);
    uint8_t i = gl_enum_parse(at->f->names, json_string_value(v));
    if (i == 0) return refuse_text(at, json_string_value(v), "is not known");
    *(uint8_t *)p = i;
    return 0;
}

static int read_tri(const struct at *at, const json_t *v, void *p) {
    if (!json_is_boolean(v)) return refuse_type(at, v);
    *(uint8_t *)p = gl_tri(json_is_true(v));
    return 0;
}

static int read_int(const struct at *at, const json_t *v, void *p) {
    if (!json_is_integer(v)) return refuse_type(at, v);
    int64_t n = json_integer_value(v), min = at->f->min, max = at->f->max;
    if (n < min || n > max || n == GL_INT_NULL) {
        char cause[CAUSE];
        gl_format(cause, sizeof cause, "%" PRId64 " is %s %" PRId64, n, n > max ? "above" : "below", n > max ? max : min);
        return refuse(at, cause);
    }
    *(int64_t *)p = n;
    return 0;
}

static int refuse_number(const struct at *at, double v, const char *why) {
    char cause[CAUSE];
    gl_format(cause, sizeof cause, "%.10g %s", v, why);
    return refuse_needed(at, cause);
}

static int read_real(const struct at *at, const json_t *v, void *p) {
    if (!json_is_number(v)) return refuse_type(at, v);
    double d = json_number_value(v);
    char why[64];
    if (!isfinite(d)) return refuse_number(at, d, "is no number");
    if (gl_real_limited(at->f) && (d < (double)at->f->min || d > (double)at->f->max)) {
        bool above = d > (double)at->f->max;
        gl_format(why, sizeof why, "%.10g is %s %" PRId64, d, above ? "above" : "below", above ? at->f->max : at->f->min);
        return refuse(at, why);
    }
    *(double *)p = d == 0 ? 0 : d; /* no negative zero */
    return 0;
}

static int read_time(const struct at *at, const json_t *v, void *p) {
    if (!json_is_string(v)) return refuse_type(at, v);
    int64_t t;
    if (gl_time_parse(json_string_value(v), &t) < 0) return refuse_text(at, json_string_value(v), "is no time");
    if (t <= 0 || t > GL_TIME_LAST) return refuse_text(at, json_string_value(v), "is not within 1970 to 9999");
    *(int64_t *)p = t;
    return 0;
}

static int read_grams(const struct at *at, const json_t *v, void *p) {
    if (!json_is_number(v)) return refuse_type(at, v);
    double kg = json_number_value(v);
    if (!(kg >= 0)) return refuse_number(at, kg, "is below 0");
    if (kg > (double)(at->f->max / 1000)) return refuse_number(at, kg, "is too much");
    /* Three decimals are seldom exact in binary; what is more than that rounding is a fourth decimal. */
    double g = kg * 1000, whole = round(g);
    if (fabs(g - whole) > 1e-6 + g * 1e-15) return refuse_number(at, kg, "has too many decimals");
    if (whole < (double)at->f->min) return refuse_number(at, kg, "is too little");
    *(int64_t *)p = (int64_t)whole;
    return 0;
}

static int read_bytes(const struct at *at, const json_t *v, void *p) {
    if (!json_is_string(v)) return refuse_type(at, v);
    uint8_t *data = (uint8_t *)p + offsetof(struct gl_bytes, data);
    size_t n;
    int rc = gl_base64_decode(json_string_value(v), json_string_length(v), data, gl_bytes_room(at->f), &n);
    if (rc == -ENOBUFS) return refuse_needed(at, "too long");
    if (rc < 0) return refuse_needed(at, "not base64 (padded, without line breaks)");
    if (n == 0 && (at->f->list || (at->f->flags & GL_REQUIRED))) return refuse_needed(at, "empty");
    *(uint16_t *)p = (uint16_t)n;
    return 0;
}

static int read_object(const struct at *at, const struct gl_fields *t, const json_t *v, void *s);

static int read_struct(const struct at *at, const json_t *v, void *p) {
    return read_object(at, at->f->sub, v, p);
}

typedef int (*reader)(const struct at *at, const json_t *v, void *p);
static const reader readers[] = {[GL_F_TEXT] = read_text,   [GL_F_ENUM] = read_enum,   [GL_F_TRI] = read_tri,
                                 [GL_F_INT] = read_int,     [GL_F_REAL] = read_real,   [GL_F_TIME] = read_time,
                                 [GL_F_GRAMS] = read_grams, [GL_F_BYTES] = read_bytes, [GL_F_STRUCT] = read_struct};

static int read_list(const struct at *at, const json_t *v, void *s) {
    const struct gl_field *f = at->f;
    if (!json_is_array(v)) return refuse_type(at, v);
    size_t n = json_array_size(v);
    if (n > f->capacity) {
        char cause[CAUSE];
        gl_format(cause, sizeof cause, "%zu elements are too many", n);
        return refuse_needed(at, cause);
    }
    for (size_t i = 0; i < n; i++) {
        const struct at element = {at->up, f, (int)i, at->err};
        int rc = readers[f->type](&element, json_array_get(v, i), gl_field_at(f, s, i));
        if (rc < 0) return rc;
    }
    *gl_field_counter(f, s) = (uint16_t)n;
    return 0;
}

static int read_field(const struct at *at, const json_t *object, void *s) {
    const struct gl_field *f = at->f;
    const json_t *v = json_object_get(object, f->name);
    if (!v || json_is_null(v)) {
        if (!(f->flags & GL_REQUIRED)) return 0; /* stands at null already */
        return v ? refuse_type(at, v) : refuse_needed(at, "missing");
    }
    return f->list ? read_list(at, v, s) : readers[f->type](at, v, gl_field_at(f, s, 0));
}

static const struct gl_field *find_field(const struct gl_fields *t, const char *name) {
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->f[i].name, name) == 0) return &t->f[i];
    return NULL;
}

static int refuse_unknown(const struct at *at, const struct gl_fields *t, const char *name) {
    const char *known[10] = {NULL};
    char some[44], list[140], cause[2 * CAUSE];
    for (size_t i = 0; i < t->n && i < GL_COUNT(known) - 1; i++) known[i] = t->f[i].name;
    list_names(known, 8, list, sizeof list);
    gl_clip(some, sizeof some, name);
    gl_format(cause, sizeof cause, "member \"%s\" is not known; known are %s", some, list);
    return refuse(at, cause);
}

static int read_object(const struct at *at, const struct gl_fields *t, const json_t *v, void *s) {
    if (!json_is_object(v)) return refuse_type(at, v);
    const char *name;
    json_t *member;
    /* Strangers first: a misspelt member is a better hint than a missing one. */
    json_object_foreach((json_t *)v, name, member) if (!find_field(t, name)) return refuse_unknown(at, t, name);
    for (size_t i = 0; i < t->n; i++) {
        const struct at below = {at, &t->f[i], -1, at->err};
        int rc = read_field(&below, v, s);
        if (rc < 0) return rc;
    }
    return 0;
}

int gl_fields_from_json(const struct gl_fields *t, const json_t *object, void *s, struct gl_error *err) {
    const struct at root = {NULL, NULL, -1, err};
    gl_fields_clear(t, s);
    int rc = read_object(&root, t, object, s);
    if (rc < 0) gl_fields_clear(t, s); /* nothing half-read is left to be taken for data */
    return rc;
}

/* Depth of brackets outside texts: cheaper than letting the parser build what is refused afterwards. */
static bool too_deep(const char *text, size_t len) {
    size_t depth = 0;
    bool inside = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (inside && c == '\\')
            i++;
        else if (c == '"')
            inside = !inside;
        else if (!inside && (c == '{' || c == '[') && ++depth > MAX_DEPTH)
            return true;
        else if (!inside && (c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return false;
}

/* The parser quotes its input byte by byte, up to a half character: what is not plain becomes '?'. */
static void make_plain(char *text) {
    bool valid = gl_utf8_valid(text, strlen(text));
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || (!valid && (unsigned char)*p > 0x7e)) *p = '?';
}

int gl_fields_parse(const struct gl_fields *t, const char *text, size_t len, void *s, struct gl_error *err) {
    json_error_t why;
    gl_fields_clear(t, s);
    if (too_deep(text, len)) return gl_fail(err, -EINVAL, "nested deeper than %d levels", MAX_DEPTH);
    json_t *root = json_loadb(text ? text : "", len, JSON_REJECT_DUPLICATES, &why);
    if (!root && json_error_code(&why) == json_error_out_of_memory) return gl_fail(err, -ENOMEM, "out of memory");
    if (!root) {
        make_plain(why.text);
        return gl_fail(err, -EINVAL, "line %d, column %d: no valid JSON: %s", why.line, why.column, why.text);
    }
    int rc = gl_fields_from_json(t, root, s, err);
    json_decref(root);
    return rc;
}
