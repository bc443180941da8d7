/* What all carriers share. */
#include "host/carrier.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const struct gl_carrier_ops *gl_carrier_of(enum gl_transport transport) {
    switch (transport) {
        case GL_TRANSPORT_TCP_CONNECT: return &gl_carrier_tcp;
        case GL_TRANSPORT_TCP_LISTEN: return &gl_carrier_tcp_listen;
        case GL_TRANSPORT_SERIAL: return &gl_carrier_serial;
        case GL_TRANSPORT_HTTP_PUSH: return &gl_carrier_http_push;
        case GL_TRANSPORT_HTTP_PULL: return &gl_carrier_http_pull;
    }
    return NULL;
}

int64_t gl_backoff_next(struct gl_backoff *b) {
    int64_t now = b->next_ms > 0 ? b->next_ms : GL_BACKOFF_FIRST_MS;
    b->next_ms = now * 2 < GL_BACKOFF_LAST_MS ? now * 2 : GL_BACKOFF_LAST_MS;
    return now;
}

void gl_backoff_reset(struct gl_backoff *b) {
    b->next_ms = 0;
}

void gl_backoff_after(struct gl_backoff *b, bool had_bytes, int64_t stood_ms) {
    if (had_bytes && stood_ms >= GL_SETTLED_MS) gl_backoff_reset(b);
}

static int listen_on(const struct addrinfo *a) {
    GL_CLEANUP(gl_close_fd) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, 8) < 0) return -errno;
    int taken = fd;
    fd = -1;
    return taken;
}

int gl_listen_tcp(const struct gl_address *at, struct gl_error *err) {
    char port[8];
    snprintf(port, sizeof port, "%u", at->port);
    struct addrinfo *list = NULL, hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    int rc = getaddrinfo(at->host[0] && strcmp(at->host, "*") != 0 ? at->host : NULL, port, &hints, &list);
    if (rc != 0) return gl_fail(err, -EADDRNOTAVAIL, "cannot listen on %s:%u: %s", at->host, at->port, gai_strerror(rc));
    int fd = listen_on(list);
    freeaddrinfo(list);
    return fd < 0 ? gl_fail(err, fd, "cannot listen on %s:%u: %s", at->host, at->port, strerror(-fd)) : fd;
}
