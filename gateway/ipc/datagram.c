/* One datagram in, one datagram out. A cut datagram is never taken for a whole one, and descriptors are never accepted. */
#include <errno.h>
#include <sys/socket.h>

#include "ipc/ipc_impl.h"

ssize_t gl_datagram_recv(int fd, void *bytes, size_t size) {
    for (;;) {
        struct iovec iov = {.iov_base = bytes, .iov_len = size};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1}; /* no control buffer: passed descriptors are closed by the kernel */
        ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
        /* ECONNRESET only says that the peer left without reading everything; what it sent before still lies here. It is reported once. */
        if (n < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
        if (n < 0) return -errno;
        if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) return -EMSGSIZE;
        return n;
    }
}

int gl_datagram_send(int fd, const void *bytes, size_t len) {
    for (;;) {
        if (send(fd, bytes, len, MSG_NOSIGNAL) >= 0) return 0;
        if (errno != EINTR) return -errno;
    }
}
