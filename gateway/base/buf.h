/* A growing byte buffer with a hard limit. Failure is sticky: write on, check once at the end. */
#pragma once
#include "base/base.h"

struct gl_buf {
    char *data; /* always terminated once anything was added; NULL while empty */
    size_t len;
    size_t cap;
    size_t limit; /* most bytes it may hold */
    bool failed;  /* over the limit or out of memory: the content is then not to be used */
};

#define GL_BUF(max) ((struct gl_buf){.limit = (max)})

void gl_buf_add(struct gl_buf *b, const void *bytes, size_t len);
void gl_buf_text(struct gl_buf *b, const char *text);
void gl_buf_char(struct gl_buf *b, char c);
void gl_buf_printf(struct gl_buf *b, const char *fmt, ...) GL_PRINTF(2, 3);
void gl_buf_reset(struct gl_buf *b); /* empties, keeps the memory */
void gl_buf_free(struct gl_buf *b);  /* for GL_CLEANUP too */

/* Big-endian numbers, for the wire. */
void gl_buf_u8(struct gl_buf *b, uint8_t v);
void gl_buf_u16(struct gl_buf *b, uint16_t v);
void gl_buf_u32(struct gl_buf *b, uint32_t v);
void gl_buf_u64(struct gl_buf *b, uint64_t v);

/* A reading cursor over bytes that somebody else sent. Failure is sticky; a failed get returns 0. */
struct gl_cursor {
    const uint8_t *p;
    const uint8_t *end;
    bool failed;
};

static inline struct gl_cursor gl_cursor(const void *bytes, size_t len) {
    const uint8_t *p = bytes ? bytes : (const uint8_t *)""; /* an empty gl_buf has no data */
    return (struct gl_cursor){.p = p, .end = p + (bytes ? len : 0)};
}
static inline size_t gl_cursor_left(const struct gl_cursor *c) {
    return c->failed ? 0 : (size_t)(c->end - c->p);
}
uint8_t gl_get_u8(struct gl_cursor *c);
uint16_t gl_get_u16(struct gl_cursor *c);
uint32_t gl_get_u32(struct gl_cursor *c);
uint64_t gl_get_u64(struct gl_cursor *c);
const uint8_t *gl_get_bytes(struct gl_cursor *c, size_t len); /* NULL when fewer are left */
