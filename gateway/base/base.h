/* Small things that every part of Greenlane leans on: error text, bounded copies, cleanup attributes.
 *
 * House rules for return values: 0 = done, positive = a documented result, negative = failed (a negative errno, passed up).
 * Pointers named ret_* are written only on success. Every *_free() accepts NULL. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GL_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define GL_MUST_USE __attribute__((warn_unused_result))
#define GL_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define GL_UNUSED __attribute__((unused))
#define GL_CLEANUP(fn) __attribute__((cleanup(fn)))

/* A human-readable reason. Filled by the function that fails, logged once, at the top. */
struct gl_error {
    char text[320];
};

/* Formats a reason into err (may be NULL) and returns code, so that `return gl_fail(err, -EINVAL, "...")` reads well. */
int gl_fail(struct gl_error *err, int code, const char *fmt, ...) GL_PRINTF(3, 4);

/* Copies src into dst[size] when it fits with its terminator; otherwise dst becomes "" and -ENAMETOOLONG is returned. */
int gl_copy(char *dst, size_t size, const char *src) GL_MUST_USE;

/* The same for bytes that are not terminated; refuses embedded NUL (-EINVAL). */
int gl_copyn(char *dst, size_t size, const void *src, size_t len) GL_MUST_USE;

/* Copies what fits, cutting at a UTF-8 character boundary: only for texts that people read, never for identity. */
void gl_clip(char *dst, size_t size, const char *src);

/* Formats into dst[size]; a text that does not fit is cut at a UTF-8 boundary. Only for texts that people read. */
void gl_format(char *dst, size_t size, const char *fmt, ...) GL_PRINTF(3, 4);

/* True when the len bytes are well-formed UTF-8 without NUL. */
bool gl_utf8_valid(const void *bytes, size_t len);

/* Whole-string decimal integer within [min, max]; no sign but '-', no spaces, no leading zeros beyond "0". */
int gl_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret) GL_MUST_USE;

/* True when both are equal, compared in a time that depends on the length alone. */
bool gl_equal_secret(const void *a, const void *b, size_t len);

void gl_close_fd(int *fd); /* for GL_CLEANUP; keeps errno */
void gl_freep(void *p);    /* for GL_CLEANUP on any malloc'ed pointer */
