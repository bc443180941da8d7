/* How the table walkers reach into a struct. Private to gateway/model. */
#pragma once
#include "model/fields.h"

/* The latest wall time that a formatted time can show: 9999-12-31T23:59:59.999Z. */
#define GL_TIME_LAST INT64_C(253402300799999)

static inline void *gl_field_at(const struct gl_field *f, void *s, size_t i) {
    return (char *)s + f->offset + i * f->size;
}

static inline const void *gl_field_get(const struct gl_field *f, const void *s, size_t i) {
    return (const char *)s + f->offset + i * f->size;
}

static inline uint16_t *gl_field_counter(const struct gl_field *f, void *s) {
    return (uint16_t *)((char *)s + f->count_offset);
}

/* Elements in a list, 1 for a plain field. May exceed the capacity when the struct was filled wrongly: check before walking. */
static inline size_t gl_field_count(const struct gl_field *f, const void *s) {
    return f->list ? *(const uint16_t *)((const char *)s + f->count_offset) : 1;
}

static inline const uint8_t *gl_bytes_data(const void *p) {
    return (const uint8_t *)p + offsetof(struct gl_bytes, data);
}
static inline size_t gl_bytes_room(const struct gl_field *f) {
    return f->size - offsetof(struct gl_bytes, data);
}

/* A real's limits count only when the table gives any. */
static inline bool gl_real_limited(const struct gl_field *f) {
    return f->max > f->min;
}

/* How many names an enum has beside names[0]. */
size_t gl_enum_count(const char *const *names);

/* True when the field stands at its null value; a list when it has no elements. */
bool gl_field_is_null(const struct gl_field *f, const void *s);

/* Sets every field to null but leaves the elements of its lists as they are: lists have room for far more than most records have. */
void gl_fields_clear_around_lists(const struct gl_fields *t, void *s);
