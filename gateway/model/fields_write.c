/* Struct to JSON: compact, members in table order. Whatever the struct holds, what comes out is well-formed JSON in valid UTF-8. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/base64.h"
#include "model/fields_impl.h"

/* Bytes of the well-formed character at p, 0 when there is none. */
static size_t character(const char *p, size_t left) {
    for (size_t n = 1; n <= 4 && n <= left; n++)
        if (gl_utf8_valid(p, n)) return n;
    return 0;
}

static void put_text(struct gl_buf *out, const char *text, size_t len) {
    size_t from = 0, i = 0;
    gl_buf_char(out, '"');
    while (i < len) {
        unsigned char c = (unsigned char)text[i];
        size_t n = character(text + i, len - i);
        bool plain = n > 1 || (n == 1 && c >= 0x20 && c != '"' && c != '\\');
        if (plain) {
            i += n;
            continue;
        }
        gl_buf_add(out, text + from, i - from);
        if (c == '"' || c == '\\')
            gl_buf_printf(out, "\\%c", c);
        else
            gl_buf_printf(out, "\\u%04x", n == 0 ? 0xFFFDu : c); /* a byte that is no character becomes U+FFFD */
        from = ++i;
    }
    gl_buf_add(out, text + from, len - from);
    gl_buf_char(out, '"');
}

void gl_json_string(struct gl_buf *out, const char *text) {
    put_text(out, text, strlen(text));
}

void gl_json_real(struct gl_buf *out, double v) {
    char text[40];
    if (!isfinite(v)) {
        gl_buf_text(out, "null");
        return;
    }
    if (v == 0) v = 0; /* no "-0" */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    gl_buf_text(out, text);
}

static void put_enum(const struct gl_field *f, uint8_t v, struct gl_buf *out) {
    if (v == 0 || v > gl_enum_count(f->names))
        gl_buf_text(out, "null");
    else
        gl_json_string(out, f->names[v]);
}

static void put_tri(uint8_t v, struct gl_buf *out) {
    gl_buf_text(out, v == GL_TRUE ? "true" : v == GL_FALSE ? "false" : "null");
}

static void put_time(int64_t v, struct gl_buf *out) {
    char text[GL_TIME_TEXT];
    if (v <= 0 || v > GL_TIME_LAST) {
        gl_buf_text(out, "null");
        return;
    }
    gl_time_format(v, text);
    gl_buf_printf(out, "\"%s\"", text);
}

/* Kilograms, without needless zeros: 38120500 g is 38120.5. */
static void put_grams(int64_t g, struct gl_buf *out) {
    if (g < 0) {
        gl_buf_text(out, "null");
        return;
    }
    int64_t part = g % 1000;
    int digits = 3;
    while (digits > 0 && part % 10 == 0) {
        part /= 10;
        digits--;
    }
    gl_buf_printf(out, "%" PRId64, g / 1000);
    if (digits > 0) gl_buf_printf(out, ".%0*d", digits, (int)part);
}

static void put_bytes(const struct gl_field *f, const void *p, struct gl_buf *out) {
    size_t len = *(const uint16_t *)p;
    if (len > gl_bytes_room(f)) out->failed = true;
    if (out->failed) return;
    gl_buf_char(out, '"');
    gl_base64_add(out, gl_bytes_data(p), len);
    gl_buf_char(out, '"');
}

/* A value that is not null. */
static void put_value(const struct gl_field *f, const void *p, struct gl_buf *out) {
    switch ((enum gl_ftype)f->type) {
        case GL_F_TEXT: put_text(out, p, strnlen(p, f->size)); break;
        case GL_F_ENUM: put_enum(f, *(const uint8_t *)p, out); break;
        case GL_F_TRI: put_tri(*(const uint8_t *)p, out); break;
        case GL_F_INT: gl_buf_printf(out, "%" PRId64, *(const int64_t *)p); break;
        case GL_F_REAL: gl_json_real(out, *(const double *)p); break;
        case GL_F_TIME: put_time(*(const int64_t *)p, out); break;
        case GL_F_GRAMS: put_grams(*(const int64_t *)p, out); break;
        case GL_F_BYTES: put_bytes(f, p, out); break;
        case GL_F_STRUCT: gl_fields_to_json(f->sub, p, out); break;
    }
}

static void put_list(const struct gl_field *f, const void *s, struct gl_buf *out) {
    size_t n = gl_field_count(f, s);
    if (n > f->capacity) {
        out->failed = true;
        return;
    }
    gl_buf_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) gl_buf_char(out, ',');
        put_value(f, gl_field_get(f, s, i), out);
    }
    gl_buf_char(out, ']');
}

void gl_fields_to_json(const struct gl_fields *t, const void *s, struct gl_buf *out) {
    bool first = true;
    gl_buf_char(out, '{');
    for (size_t i = 0; i < t->n && !out->failed; i++) {
        const struct gl_field *f = &t->f[i];
        bool null = gl_field_is_null(f, s);
        if (null && (f->flags & GL_SKIP_NULL)) continue;
        gl_buf_printf(out, "%s\"%s\":", first ? "" : ",", f->name);
        first = false;
        bool owed = f->type == GL_F_STRUCT && (f->flags & GL_REQUIRED); /* an object then, even when its first member is null */
        if (f->list)
            put_list(f, s, out);
        else if (null && !owed)
            gl_buf_text(out, "null");
        else
            put_value(f, gl_field_get(f, s, 0), out);
    }
    gl_buf_char(out, '}');
}
