#include "base/buf.h"

#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for more bytes and a terminator. */
static bool reserve(struct gl_buf *b, size_t more) {
    if (b->failed) return false;
    if (more > b->limit - b->len) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap) return true;
    size_t cap = b->cap ? b->cap : 256;
    while (cap < need) cap *= 2;
    char *data = realloc(b->data, cap);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void gl_buf_add(struct gl_buf *b, const void *bytes, size_t len) {
    if (!reserve(b, len)) return;
    if (len > 0) memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void gl_buf_text(struct gl_buf *b, const char *text) {
    gl_buf_add(b, text, strlen(text));
}
void gl_buf_char(struct gl_buf *b, char c) {
    gl_buf_add(b, &c, 1);
}

void gl_buf_printf(struct gl_buf *b, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) b->failed = true;
    if (n >= 0 && reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void gl_buf_reset(struct gl_buf *b) {
    b->len = 0;
    b->failed = false;
    if (b->data) b->data[0] = '\0';
}

void gl_buf_free(struct gl_buf *b) {
    free(b->data);
    *b = (struct gl_buf){.limit = b->limit};
}

static void add_be(struct gl_buf *b, uint64_t v, size_t bytes) {
    uint64_t be = htobe64(v << (64 - 8 * bytes));
    gl_buf_add(b, &be, bytes);
}

void gl_buf_u8(struct gl_buf *b, uint8_t v) {
    add_be(b, v, 1);
}
void gl_buf_u16(struct gl_buf *b, uint16_t v) {
    add_be(b, v, 2);
}
void gl_buf_u32(struct gl_buf *b, uint32_t v) {
    add_be(b, v, 4);
}
void gl_buf_u64(struct gl_buf *b, uint64_t v) {
    add_be(b, v, 8);
}

const uint8_t *gl_get_bytes(struct gl_cursor *c, size_t len) {
    if (c->failed || (size_t)(c->end - c->p) < len) {
        c->failed = true;
        return NULL;
    }
    const uint8_t *at = c->p;
    c->p += len;
    return at;
}

static uint64_t get_be(struct gl_cursor *c, size_t bytes) {
    const uint8_t *p = gl_get_bytes(c, bytes);
    uint64_t v = 0;
    for (size_t i = 0; p && i < bytes; i++) v = v << 8 | p[i];
    return v;
}

uint8_t gl_get_u8(struct gl_cursor *c) {
    return (uint8_t)get_be(c, 1);
}
uint16_t gl_get_u16(struct gl_cursor *c) {
    return (uint16_t)get_be(c, 2);
}
uint32_t gl_get_u32(struct gl_cursor *c) {
    return (uint32_t)get_be(c, 4);
}
uint64_t gl_get_u64(struct gl_cursor *c) {
    return get_be(c, 8);
}
