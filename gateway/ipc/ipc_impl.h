/* Datagrams, shared by the channel and the blocking calls. Private to gateway/ipc. */
#pragma once
#include "ipc/messages.h"

/* One datagram into bytes[size]. Returns its length, 0 when the peer is gone, -EAGAIN, -EMSGSIZE (cut short), or another negative errno. */
ssize_t gl_datagram_recv(int fd, void *bytes, size_t size);

/* Sends one datagram; 0 or a negative errno. */
int gl_datagram_send(int fd, const void *bytes, size_t len);
