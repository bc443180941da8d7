/* Names, numbers and the clock of the benchmark programs. */
#include "names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REF_BEGIN "GMRB"
enum { REF_DIGITS = 8 };

void bench_ref(int64_t n, char out[GL_REF]) {
    gl_format(out, GL_REF, REF_BEGIN "%08lld", (long long)n);
}

void bench_plate(int64_t n, char out[GL_PLATE]) {
    gl_format(out, GL_PLATE, "BN%07lld", (long long)n);
}

int64_t bench_number(const char *text, size_t len) {
    const char *at = memmem(text, len, REF_BEGIN, strlen(REF_BEGIN));
    char digits[REF_DIGITS + 1];
    if (!at || (size_t)(text + len - at) < strlen(REF_BEGIN) + REF_DIGITS) return -1;
    memcpy(digits, at + strlen(REF_BEGIN), REF_DIGITS);
    digits[REF_DIGITS] = '\0';
    char *end;
    long n = strtol(digits, &end, 10);
    return *end ? -1 : n;
}

int64_t bench_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int bench_connect(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    GL_CLEANUP(gl_close_fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1, owned;
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0) return -errno;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    owned = fd;
    fd = -1;
    return owned;
}

void bench_die(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

int64_t bench_int(const char *text, const char *what) {
    int64_t v;
    if (gl_parse_int(text, 0, INT64_MAX, &v) < 0) bench_die("%s: '%s' is no whole number from 0", what, text);
    return v;
}
