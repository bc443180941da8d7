/* For programs without a loop: one message out, one message in. The socket may be non-blocking: these calls wait. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "ipc/channel.h"
#include "ipc/ipc_impl.h"

static int wait_for(int fd, short events) {
    struct pollfd p = {.fd = fd, .events = events};
    while (poll(&p, 1, -1) < 0)
        if (errno != EINTR) return -errno;
    return 0;
}

size_t gl_ipc_scratch_size(void) {
    return gl_message_largest(UINT64_MAX);
}

int gl_ipc_send_blocking(int fd, enum gl_message_type type, const void *msg) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(GL_IPC_MAX);
    int rc = gl_message_pack(type, msg, &out);
    if (rc < 0) return rc;
    for (;;) {
        rc = gl_datagram_send(fd, out.data, out.len);
        if (rc != -EAGAIN) return rc;
        rc = wait_for(fd, POLLOUT);
        if (rc < 0) return rc;
    }
}

static ssize_t receive(int fd, void *bytes) {
    for (;;) {
        ssize_t n = gl_datagram_recv(fd, bytes, GL_IPC_MAX);
        if (n != -EAGAIN) return n;
        int rc = wait_for(fd, POLLIN);
        if (rc < 0) return rc;
    }
}

int gl_ipc_recv_blocking(int fd, uint64_t accepts, enum gl_message_type *ret_type, void *msg) {
    GL_CLEANUP(gl_freep) void *bytes = malloc(GL_IPC_MAX);
    if (!bytes) return -ENOMEM;
    ssize_t n = receive(fd, bytes);
    if (n <= 0) return (int)n;
    int rc = gl_message_unpack(bytes, (size_t)n, accepts, ret_type, msg);
    return rc < 0 ? rc : 1;
}

int gl_ipc_read(struct gl_ipc_reader *r, uint64_t accepts, enum gl_message_type *ret_type, void *msg) {
    if (!gl_ipc_has_more(r)) {
        ssize_t n = receive(r->fd, r->bytes);
        if (n <= 0) return (int)n;
        r->at = 0;
        r->len = (size_t)n;
    }
    const uint8_t *at = r->bytes + r->at;
    size_t len = gl_message_first(at, r->len - r->at);
    r->at += len;
    int rc = gl_message_unpack(at, len, accepts, ret_type, msg);
    return rc < 0 ? rc : 1;
}
