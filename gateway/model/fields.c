/* Null values: what a field holds when nobody said anything. */
#include "model/fields.h"

#include <math.h>
#include <string.h>

#include "model/fields_impl.h"

size_t gl_enum_count(const char *const *names) {
    size_t n = 0;
    while (names[n + 1]) n++;
    return n;
}

uint8_t gl_enum_parse(const char *const *names, const char *name) {
    for (uint8_t i = 1; name && i < UINT8_MAX && names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    return 0;
}

bool gl_field_is_null(const struct gl_field *f, const void *s) {
    if (f->list) return gl_field_count(f, s) == 0;
    const void *p = gl_field_get(f, s, 0);
    switch ((enum gl_ftype)f->type) {
        case GL_F_TEXT: return *(const char *)p == '\0';
        case GL_F_ENUM:
        case GL_F_TRI: return *(const uint8_t *)p == 0;
        case GL_F_INT:
        case GL_F_GRAMS: return *(const int64_t *)p == GL_INT_NULL;
        case GL_F_REAL: return isnan(*(const double *)p);
        case GL_F_TIME: return *(const int64_t *)p == 0;
        case GL_F_BYTES: return *(const uint16_t *)p == 0;
        case GL_F_STRUCT: return gl_field_is_null(&f->sub->f[0], p);
    }
    return true;
}

/* Whether any null value in it is other than zero bytes. */
static bool has_nulls(const struct gl_fields *t) {
    for (size_t i = 0; i < t->n; i++) {
        const struct gl_field *f = &t->f[i];
        if (f->type == GL_F_INT || f->type == GL_F_GRAMS || f->type == GL_F_REAL) return true;
        if (f->type == GL_F_STRUCT && has_nulls(f->sub)) return true;
    }
    return false;
}

/* Fills in the null values that are not zero bytes, in n structs that lie `stride` bytes apart. With lists, all their elements get them, so that one
 * added by hand starts as null. Field by field: most have none, and lists are long. */
static void set_nulls(const struct gl_fields *t, char *s, size_t n, size_t stride, bool lists) {
    for (size_t i = 0; i < t->n; i++) {
        const struct gl_field *f = &t->f[i];
        if (f->list && !lists) continue;
        bool inner = f->type == GL_F_STRUCT && has_nulls(f->sub), whole = f->type == GL_F_INT || f->type == GL_F_GRAMS;
        size_t each = f->list ? f->capacity : 1;
        for (size_t k = 0; k < n && (inner || whole || f->type == GL_F_REAL); k++) {
            char *p = s + k * stride + f->offset;
            if (inner) set_nulls(f->sub, p, each, f->size, true);
            for (size_t j = 0; j < each && whole; j++) *(int64_t *)(p + j * f->size) = GL_INT_NULL;
            for (size_t j = 0; j < each && f->type == GL_F_REAL; j++) *(double *)(p + j * f->size) = NAN;
        }
    }
}

void gl_fields_clear(const struct gl_fields *t, void *s) {
    memset(s, 0, t->size);
    set_nulls(t, s, 1, 0, true);
}

/* The list that lies next from this offset on; NULL = none. */
static const struct gl_field *next_list(const struct gl_fields *t, size_t from) {
    const struct gl_field *next = NULL;
    for (size_t i = 0; i < t->n; i++) {
        const struct gl_field *f = &t->f[i];
        if (f->list && f->offset >= from && (!next || f->offset < next->offset)) next = f;
    }
    return next;
}

void gl_fields_clear_around_lists(const struct gl_fields *t, void *s) {
    size_t at = 0;
    for (const struct gl_field *f; (f = next_list(t, at)); at = f->offset + (size_t)f->capacity * f->size)
        memset((char *)s + at, 0, f->offset - at);
    memset((char *)s + at, 0, t->size - at);
    set_nulls(t, s, 1, 0, false);
}
