/* Sockets and the pseudo-terminal; prints who comes and goes. */
#include "sim_port.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "sim_input.h"

enum { SETTLE_MS = 200 };

static void say(const char *text) {
    puts(text);
    fflush(stdout);
}

static int listen_tcp(struct sim_port *s, struct gl_error *err) {
    struct addrinfo *a = gl_sim_resolve(s->at);
    if (!a) return gl_fail(err, -EINVAL, "--listen %s: write it as 127.0.0.1:1600", s->at);
    s->listener = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (rc == 0) rc = bind(s->listener, a->ai_addr, a->ai_addrlen);
    if (rc == 0) rc = listen(s->listener, 1);
    int saved = errno;
    freeaddrinfo(a);
    if (rc < 0) {
        gl_close_fd(&s->listener);
        return gl_fail(err, -saved, "--listen %s: %s", s->at, strerror(saved));
    }
    struct sockaddr_storage got;
    socklen_t size = sizeof got;
    char port[8] = "";
    if (getsockname(s->listener, (struct sockaddr *)&got, &size) == 0)
        getnameinfo((struct sockaddr *)&got, size, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    printf("listening on port %s\n", port);
    fflush(stdout);
    return 0;
}

/* The link appears only when the slave side is raw. The slave is closed again: the master then hangs up until somebody opens it. */
static int open_pty(struct sim_port *s, struct gl_error *err) {
    s->peer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    char name[64], old[2];
    if (s->peer < 0 || grantpt(s->peer) < 0 || unlockpt(s->peer) < 0 || ptsname_r(s->peer, name, sizeof name) != 0)
        return gl_fail(err, -errno, "cannot open a pseudo-terminal: %s", strerror(errno));
    GL_CLEANUP(gl_close_fd) int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;
    if (slave < 0 || tcgetattr(slave, &t) < 0) return gl_fail(err, -errno, "%s: %s", name, strerror(errno));
    cfmakeraw(&t);
    if (tcsetattr(slave, TCSANOW, &t) < 0) return gl_fail(err, -errno, "%s: %s", name, strerror(errno));
    if (readlink(s->at, old, sizeof old) >= 0) unlink(s->at);
    if (symlink(name, s->at) < 0) return gl_fail(err, -errno, "--pty %s: %s", s->at, strerror(errno));
    return 0;
}

int sim_port_open(struct sim_port *s, struct gl_error *err) {
    s->out = GL_BUF(SIM_PORT_QUEUE);
    s->off = false;
    return s->pty ? open_pty(s, err) : listen_tcp(s, err);
}

static void came(struct sim_port *s, int64_t ready_at) {
    s->there = true;
    s->ready_at = ready_at;
    say("peer connected");
}

static void went(struct sim_port *s) {
    if (s->there) say("peer gone");
    s->there = false;
    gl_buf_free(&s->out);
    s->out = GL_BUF(SIM_PORT_QUEUE);
    s->sent = 0;
    if (!s->pty) gl_close_fd(&s->peer);
}

void sim_port_close(struct sim_port *s) {
    went(s);
    if (s->pty && !s->off) unlink(s->at);
    gl_close_fd(&s->peer);
    gl_close_fd(&s->listener);
    s->off = true;
}

int sim_port_drop(struct sim_port *s, struct gl_error *err) {
    went(s);
    if (!s->pty) return 0;
    gl_close_fd(&s->peer);
    return open_pty(s, err);
}

static void flush(struct sim_port *s) {
    while (s->there && s->sent < s->out.len) {
        ssize_t n = write(s->peer, s->out.data + s->sent, s->out.len - s->sent);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            went(s);
            return;
        }
        s->sent += (size_t)n;
    }
    gl_buf_reset(&s->out);
    s->sent = 0;
}

void sim_port_send(struct sim_port *s, const void *bytes, size_t len) {
    if (!s->there || len == 0) return;
    if (s->sent > 0) {
        memmove(s->out.data, s->out.data + s->sent, s->out.len - s->sent);
        s->out.len -= s->sent;
        s->sent = 0;
    }
    gl_buf_add(&s->out, bytes, len);
    if (s->out.failed)
        went(s); /* it does not read */
    else
        flush(s);
}

void sim_port_watch(const struct sim_port *s, struct pollfd fds[SIM_PORT_FDS]) {
    short out = s->sent < s->out.len ? POLLOUT : 0;
    fds[0] = (struct pollfd){s->there ? s->peer : -1, (short)(POLLIN | out), 0};
    fds[1] = (struct pollfd){s->there ? -1 : s->listener, POLLIN, 0};
}

/* What the peer sends is read and thrown away, as the controller does. */
static void read_peer(struct sim_port *s) {
    char sink[1024];
    ssize_t n = read(s->peer, sink, sizeof sink);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) went(s);
}

void sim_port_serve(struct sim_port *s, const struct pollfd fds[SIM_PORT_FDS], int64_t mono) {
    if (s->there && fds[0].revents & POLLOUT) flush(s);
    if (s->there && fds[0].revents & ~POLLOUT) read_peer(s);
    if (!s->there && fds[1].revents) {
        s->peer = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (s->peer >= 0) came(s, mono);
    }
    if (s->pty && !s->off && !s->there) {
        struct pollfd p = {s->peer, POLLIN, 0};
        if (poll(&p, 1, 0) >= 0 && !(p.revents & POLLHUP)) came(s, mono + SETTLE_MS);
    }
}
