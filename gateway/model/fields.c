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

/* Fills in the null values that are not zero bytes. All elements of a list get them, so that one added by hand starts as null. */
static void set_nulls(const struct gl_fields *t, void *s) {
    for (size_t i = 0; i < t->n; i++) {
        const struct gl_field *f = &t->f[i];
        size_t n = f->list ? f->capacity : 1;
        for (size_t k = 0; k < n; k++) {
            void *p = gl_field_at(f, s, k);
            if (f->type == GL_F_INT || f->type == GL_F_GRAMS) *(int64_t *)p = GL_INT_NULL;
            if (f->type == GL_F_REAL) *(double *)p = NAN;
            if (f->type == GL_F_STRUCT) set_nulls(f->sub, p);
        }
    }
}

void gl_fields_clear(const struct gl_fields *t, void *s) {
    memset(s, 0, t->size);
    set_nulls(t, s);
}
