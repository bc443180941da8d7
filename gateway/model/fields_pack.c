/* The packed form: what one Greenlane process says to another. Fields in table order, numbers big-endian:
 *
 *     text, bytes   u16 length, that many bytes
 *     enum, tri     u8
 *     int, grams    u64, two's complement
 *     time          u64, milliseconds
 *     real          u64, IEEE 754 bits
 *     struct        its fields
 *     list          u16 count, that many elements
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/fields_impl.h"

static void put_counted(struct gl_buf *out, const void *bytes, size_t len, size_t room) {
    if (len > room || len > UINT16_MAX) {
        out->failed = true;
        return;
    }
    gl_buf_u16(out, (uint16_t)len);
    gl_buf_add(out, bytes, len);
}

static void put_real(struct gl_buf *out, double v) {
    uint64_t raw;
    if (!isfinite(v)) v = NAN;
    memcpy(&raw, &v, sizeof raw);
    gl_buf_u64(out, raw);
}

static void put_value(const struct gl_field *f, const void *p, struct gl_buf *out) {
    switch ((enum gl_ftype)f->type) {
        case GL_F_TEXT: put_counted(out, p, strnlen(p, f->size), f->size - 1); break;
        case GL_F_ENUM:
        case GL_F_TRI: gl_buf_u8(out, *(const uint8_t *)p); break;
        case GL_F_INT:
        case GL_F_GRAMS:
        case GL_F_TIME: gl_buf_u64(out, (uint64_t)(*(const int64_t *)p)); break;
        case GL_F_REAL: put_real(out, *(const double *)p); break;
        case GL_F_BYTES: put_counted(out, gl_bytes_data(p), *(const uint16_t *)p, gl_bytes_room(f)); break;
        case GL_F_STRUCT: gl_fields_pack(f->sub, p, out); break;
    }
}

void gl_fields_pack(const struct gl_fields *t, const void *s, struct gl_buf *out) {
    for (size_t i = 0; i < t->n && !out->failed; i++) {
        const struct gl_field *f = &t->f[i];
        size_t n = gl_field_count(f, s);
        if (f->list && n > f->capacity) {
            out->failed = true;
            return;
        }
        if (f->list) gl_buf_u16(out, (uint16_t)n);
        for (size_t k = 0; k < n; k++) put_value(f, gl_field_get(f, s, k), out);
    }
}

static bool get_text(const struct gl_field *f, struct gl_cursor *c, char *p) {
    size_t len = gl_get_u16(c);
    const uint8_t *bytes = gl_get_bytes(c, len);
    return bytes && gl_utf8_valid(bytes, len) && gl_copyn(p, f->size, bytes, len) == 0;
}

static bool get_bytes(const struct gl_field *f, struct gl_cursor *c, void *p) {
    uint16_t len = gl_get_u16(c);
    const uint8_t *bytes = gl_get_bytes(c, len);
    if (!bytes || len > gl_bytes_room(f)) return false;
    memcpy((uint8_t *)p + offsetof(struct gl_bytes, data), bytes, len);
    *(uint16_t *)p = len;
    return true;
}

static bool get_small(struct gl_cursor *c, size_t last, uint8_t *p) {
    *p = gl_get_u8(c);
    return *p <= last;
}

/* The null value passes whatever the range is. */
static bool get_int(struct gl_cursor *c, int64_t min, int64_t max, int64_t null, int64_t *p) {
    *p = (int64_t)gl_get_u64(c);
    return *p == null || (*p >= min && *p <= max);
}

static bool get_real(const struct gl_field *f, struct gl_cursor *c, double *p) {
    uint64_t raw = gl_get_u64(c);
    memcpy(p, &raw, sizeof raw);
    if (isnan(*p)) *p = NAN; /* one NaN, whatever bits came */
    if (isnan(*p)) return true;
    return isfinite(*p) && (!gl_real_limited(f) || (*p >= (double)f->min && *p <= (double)f->max));
}

static bool get_value(const struct gl_field *f, struct gl_cursor *c, void *p);

/* A list's elements are cleared one by one, as they come. */
static bool get_struct(const struct gl_fields *t, struct gl_cursor *c, void *s) {
    gl_fields_clear_around_lists(t, s);
    for (size_t i = 0; i < t->n; i++) {
        const struct gl_field *f = &t->f[i];
        size_t n = f->list ? gl_get_u16(c) : 1;
        if (f->list && n > f->capacity) return false;
        if (f->list) *gl_field_counter(f, s) = (uint16_t)n;
        for (size_t k = 0; k < n; k++) {
            void *p = gl_field_at(f, s, k);
            if (f->list) memset(p, 0, f->size);
            if (!get_value(f, c, p) || c->failed) return false;
        }
    }
    return !c->failed;
}

static bool get_value(const struct gl_field *f, struct gl_cursor *c, void *p) {
    switch ((enum gl_ftype)f->type) {
        case GL_F_TEXT: return get_text(f, c, p);
        case GL_F_ENUM: return get_small(c, gl_enum_count(f->names), p);
        case GL_F_TRI: return get_small(c, GL_TRUE, p);
        case GL_F_INT:
        case GL_F_GRAMS: return get_int(c, f->min, f->max, GL_INT_NULL, p);
        case GL_F_TIME: return get_int(c, 0, INT64_MAX, 0, p);
        case GL_F_REAL: return get_real(f, c, p);
        case GL_F_BYTES: return get_bytes(f, c, p);
        case GL_F_STRUCT: return get_struct(f->sub, c, p);
    }
    return false;
}

int gl_fields_unpack(const struct gl_fields *t, struct gl_cursor *c, void *s) {
    if (get_struct(t, c, s)) return 0;
    c->failed = true;
    gl_fields_clear(t, s);
    return -EBADMSG;
}
