/* JSON in its one canonical spelling (RFC 8785), for digests that two programs must agree on: no blanks, members sorted by their UTF-16
 * names, numbers as ECMAScript prints them, only the escapes that must be. Pure. */
#pragma once
#include <jansson.h>

#include "base/buf.h"

/* Appended to out; out->failed when it does not fit, or when a value has no canonical form (an infinite number cannot be parsed). */
void gl_json_canonical(const json_t *value, struct gl_buf *out);

/* A number as ECMAScript prints it: the fewest digits that read back. */
enum { GL_NUMBER_TEXT = 32 };
void gl_number_canonical(double v, char out[GL_NUMBER_TEXT]);

/* SHA-256 of the canonical form. -EMSGSIZE: it is longer than most bytes; -EIO: the library failed. */
int gl_json_digest(const json_t *value, size_t most, uint8_t ret[32]) GL_MUST_USE;
