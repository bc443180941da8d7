/* Base64 (RFC 4648, section 4) in its one canonical spelling. */
#pragma once
#include "base/buf.h"

void gl_base64_add(struct gl_buf *out, const void *bytes, size_t len);

/* Decodes the whole text into out[size]. -EINVAL: not canonical base64; -ENOBUFS: more than size bytes. */
int gl_base64_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *ret_len) GL_MUST_USE;
