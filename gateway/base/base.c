#include "base/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Steps back over a UTF-8 sequence that the cut at dst[n] left incomplete. */
static void trim_partial_utf8(char *dst, size_t n) {
    size_t i = n;
    while (i > 0 && ((unsigned char)dst[i - 1] & 0xC0) == 0x80) i--;
    if (i == 0) return;
    unsigned char lead = (unsigned char)dst[i - 1];
    size_t want = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (i - 1) < want) dst[i - 1] = '\0';
}

GL_PRINTF(3, 0) static void format_list(char *dst, size_t size, const char *fmt, va_list ap) {
    int n = vsnprintf(dst, size, fmt, ap);
    if (n < 0) dst[0] = '\0';
    if (n >= 0 && (size_t)n >= size) trim_partial_utf8(dst, size - 1);
}

void gl_format(char *dst, size_t size, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    format_list(dst, size, fmt, ap);
    va_end(ap);
}

int gl_fail(struct gl_error *err, int code, const char *fmt, ...) {
    if (!err) return code;
    va_list ap;
    va_start(ap, fmt);
    format_list(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    return code;
}

int gl_copyn(char *dst, size_t size, const void *src, size_t len) {
    dst[0] = '\0';
    if (len >= size) return -ENAMETOOLONG;
    if (memchr(src, '\0', len)) return -EINVAL;
    memcpy(dst, src, len);
    dst[len] = '\0';
    return 0;
}

int gl_copy(char *dst, size_t size, const char *src) {
    return gl_copyn(dst, size, src, strlen(src));
}

void gl_clip(char *dst, size_t size, const char *src) {
    size_t len = strlen(src);
    if (len < size) {
        memmove(dst, src, len + 1);
        return;
    }
    memmove(dst, src, size - 1);
    dst[size - 1] = '\0';
    trim_partial_utf8(dst, size - 1);
}

bool gl_utf8_valid(const void *bytes, size_t len) {
    const unsigned char *p = bytes, *end = p + len;
    while (p < end) {
        unsigned char c = *p++;
        if (c == 0) return false;
        if (c < 0x80) continue;
        int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
        if (c < 0xC2 || c > 0xF4 || end - p < more) return false;
        /* Overlong forms, surrogates and values past U+10FFFF show in the second byte. */
        if ((c == 0xE0 && p[0] < 0xA0) || (c == 0xED && p[0] > 0x9F) || (c == 0xF0 && p[0] < 0x90) || (c == 0xF4 && p[0] > 0x8F))
            return false;
        while (more-- > 0)
            if ((*p++ & 0xC0) != 0x80) return false;
    }
    return true;
}

int gl_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret) {
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] == '\0' || strspn(digits, "0123456789") != strlen(digits)) return -EINVAL;
    if (digits[0] == '0' && (digits[1] != '\0' || text[0] == '-')) return -EINVAL;
    errno = 0;
    long long v = strtoll(text, NULL, 10);
    if (errno != 0 || v < min || v > max) return -ERANGE;
    *ret = v;
    return 0;
}

bool gl_equal_secret(const void *a, const void *b, size_t len) {
    const volatile unsigned char *x = a, *y = b;
    unsigned char diff = 0;
    for (size_t i = 0; i < len; i++) diff |= (unsigned char)(x[i] ^ y[i]);
    return diff == 0;
}

void gl_close_fd(int *fd) {
    int saved = errno;
    if (*fd >= 0) close(*fd);
    *fd = -1;
    errno = saved;
}

void gl_freep(void *p) {
    void **pp = p;
    free(*pp);
    *pp = NULL;
}
