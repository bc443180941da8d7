/* Base64: padded, no line breaks, unused bits zero, so that one byte string has exactly one text. */
#include "model/base64.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void gl_base64_add(struct gl_buf *out, const void *bytes, size_t len) {
    const uint8_t *p = bytes;
    for (; len > 0; p += 3) {
        size_t n = len < 3 ? len : 3;
        uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
        char four[4];
        for (size_t i = 0; i < 4; i++) four[i] = i <= n ? alphabet[v >> (18 - 6 * i) & 63] : '=';
        gl_buf_add(out, four, sizeof four);
        len -= n;
    }
}

/* The six bits of a character, -1 for any other character. */
static int bits(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int gl_base64_decode(const char *text, size_t len, uint8_t *out, size_t size, size_t *ret_len) {
    if (len % 4 != 0) return -EINVAL;
    size_t pad = len == 0 || text[len - 1] != '=' ? 0 : text[len - 2] == '=' ? 2 : 1;
    if (len / 4 * 3 - pad > size) return -ENOBUFS;
    uint32_t v = 0;
    size_t n = 0;
    for (size_t i = 0; i < len - pad; i++) {
        int six = bits(text[i]);
        if (six < 0) return -EINVAL;
        v = (v << 6 | (uint32_t)six) & 0xFFFFFF;
        if (i % 4 == 1) out[n++] = (uint8_t)(v >> 4);
        if (i % 4 == 2) out[n++] = (uint8_t)(v >> 2);
        if (i % 4 == 3) out[n++] = (uint8_t)v;
    }
    if ((pad == 1 && (v & 3) != 0) || (pad == 2 && (v & 15) != 0)) return -EINVAL;
    *ret_len = n;
    return 0;
}
