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
        case GL_TRANSPORT_VIDEO: break; /* a module carries it */
    }
    return NULL;
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
