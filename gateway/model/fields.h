/* One table describes a struct once: its JSON form, its packed form between processes, its limits and its null values.
 *
 * JSON is parsed strictly: a member that the table does not know, a wrong type, a text too long or a number out of range is an error that
 * names its path ("means[1].plate"). The packed form is the fields in table order, big-endian, every length checked.
 *
 * null in JSON, and an absent optional member, stand as: text "", enum 0, tri GL_NULL, int and grams GL_INT_NULL, real NaN, time 0,
 * bytes of length 0, a list of none, a struct whose first field is null. */
#pragma once
#include <jansson.h>

#include "base/buf.h"
#include "base/time.h"

enum gl_tri { GL_NULL = 0, GL_FALSE = 1, GL_TRUE = 2 }; /* "absent" is not "no" */
#define GL_INT_NULL INT64_MIN

static inline uint8_t gl_tri(bool v) {
    return v ? GL_TRUE : GL_FALSE;
}

struct gl_bytes { /* a bounded byte string inside a struct: { uint16_t len; uint8_t data[N]; } laid out by GL_BYTES */
    uint16_t len;
    uint8_t data[];
};
#define GL_BYTES(n)      \
    struct {             \
        uint16_t len;    \
        uint8_t data[n]; \
    }

enum gl_ftype {
    GL_F_TEXT,   /* char[size], UTF-8 */
    GL_F_ENUM,   /* uint8_t; names[0] is NULL and stands for null */
    GL_F_TRI,    /* uint8_t, enum gl_tri */
    GL_F_INT,    /* int64_t within min..max */
    GL_F_REAL,   /* double, NaN is null */
    GL_F_TIME,   /* int64_t wall ms; RFC 3339 in JSON */
    GL_F_GRAMS,  /* int64_t grams; kilograms with up to three decimals in JSON */
    GL_F_BYTES,  /* GL_BYTES(size); base64 in JSON */
    GL_F_STRUCT, /* a nested struct, by sub */
};

enum { GL_REQUIRED = 1, GL_SKIP_NULL = 2 /* leave the member out of JSON when null, instead of writing null */ };

struct gl_field {
    const char *name;
    uint8_t type; /* enum gl_ftype: of the field, or of each element of a list */
    uint8_t flags;
    bool list;
    uint16_t capacity; /* most elements of a list */
    uint32_t offset;
    uint32_t size;            /* bytes of one element in the struct */
    uint32_t count_offset;    /* of a list's uint16_t count */
    int64_t min, max;         /* GL_F_INT, GL_F_GRAMS */
    const char *const *names; /* GL_F_ENUM: terminated by a NULL after names[0] */
    const struct gl_fields *sub;
};

struct gl_fields {
    const char *name;
    size_t size;
    const struct gl_field *f;
    size_t n;
};

#define GL_FIELDS(sym, type) const struct gl_fields sym = {#type, sizeof(struct type), sym##_f, GL_COUNT(sym##_f)}
#define GL_AT(T, m) .offset = offsetof(struct T, m), .size = sizeof(((struct T *)0)->m)
#define GL_AT_LIST(T, m)                                                                  \
    .list = true, .offset = offsetof(struct T, m), .size = sizeof(((struct T *)0)->m[0]), \
    .capacity = GL_COUNT(((struct T *)0)->m), .count_offset = offsetof(struct T, n_##m)

/* Table rows: GL_TEXT(struct tag, member, flags) and so on. A list `m` has its count in `n_m` (uint16_t). */
#define GL_TEXT(T, m, fl) \
    { .name = #m, .type = GL_F_TEXT, .flags = (fl), GL_AT(T, m) }
#define GL_ENUM(T, m, nm, fl) \
    { .name = #m, .type = GL_F_ENUM, .flags = (fl), .names = (nm), GL_AT(T, m) }
#define GL_TRI(T, m, fl) \
    { .name = #m, .type = GL_F_TRI, .flags = (fl), GL_AT(T, m) }
#define GL_INT(T, m, lo, hi, fl) \
    { .name = #m, .type = GL_F_INT, .flags = (fl), .min = (lo), .max = (hi), GL_AT(T, m) }
#define GL_REAL(T, m, fl) \
    { .name = #m, .type = GL_F_REAL, .flags = (fl), GL_AT(T, m) }
#define GL_TIME(T, m, fl) \
    { .name = #m, .type = GL_F_TIME, .flags = (fl), GL_AT(T, m) }
#define GL_GRAMS(T, m, js, fl) \
    { .name = js, .type = GL_F_GRAMS, .flags = (fl), .min = 0, .max = 1000000000000, GL_AT(T, m) }
#define GL_BLOB(T, m, fl) \
    { .name = #m, .type = GL_F_BYTES, .flags = (fl), GL_AT(T, m) }
#define GL_STRUCT(T, m, subtable, fl) \
    { .name = #m, .type = GL_F_STRUCT, .flags = (fl), .sub = (subtable), GL_AT(T, m) }
#define GL_TEXTS(T, m, fl) \
    { .name = #m, .type = GL_F_TEXT, .flags = (fl), GL_AT_LIST(T, m) }
#define GL_INTS(T, m, lo, hi, fl) \
    { .name = #m, .type = GL_F_INT, .flags = (fl), .min = (lo), .max = (hi), GL_AT_LIST(T, m) }
#define GL_REALS(T, m, fl) \
    { .name = #m, .type = GL_F_REAL, .flags = (fl), GL_AT_LIST(T, m) }
#define GL_STRUCTS(T, m, subtable, fl) \
    { .name = #m, .type = GL_F_STRUCT, .flags = (fl), .sub = (subtable), GL_AT_LIST(T, m) }

/* Sets every field to null. To be called before a struct is filled by hand: all-zero bytes are not null for numbers. */
void gl_fields_clear(const struct gl_fields *t, void *s);

/* JSON object -> struct. Clears s first. -EINVAL with path, cause and what would be right in err. */
int gl_fields_from_json(const struct gl_fields *t, const json_t *object, void *s, struct gl_error *err) GL_MUST_USE;

/* The same from text: refuses duplicate members, trailing text, bad UTF-8, depth beyond 16. */
int gl_fields_parse(const struct gl_fields *t, const char *text, size_t len, void *s, struct gl_error *err) GL_MUST_USE;

/* struct -> JSON object, appended. */
void gl_fields_to_json(const struct gl_fields *t, const void *s, struct gl_buf *out);

/* struct -> packed bytes, appended; and back. Unpacking must use up exactly what the table asks for; it checks enum values, list counts,
 * UTF-8, and leaves c failed otherwise, with s cleared. Elements beyond a list's count stay what they were: whoever adds one sets all of it. */
void gl_fields_pack(const struct gl_fields *t, const void *s, struct gl_buf *out);
int gl_fields_unpack(const struct gl_fields *t, struct gl_cursor *c, void *s) GL_MUST_USE;

/* JSON text helpers, for the few places that build JSON by hand. */
void gl_json_string(struct gl_buf *out, const char *text);
void gl_json_real(struct gl_buf *out, double v); /* shortest form that reads back; null for NaN and infinities */

/* Index of name in names[1..], or 0. */
uint8_t gl_enum_parse(const char *const *names, const char *name);
