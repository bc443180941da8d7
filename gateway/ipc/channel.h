/* One peer on an AF_UNIX SOCK_SEQPACKET socket, on a libuv loop. Reads are bounded per turn; writes that would block wait in a bounded queue, and a
 * peer that lets the queue run full is closed. */
#pragma once
#include <uv.h>

#include "ipc/messages.h"

struct gl_ipc;

struct gl_ipc_events {
    /* msg is the type's struct, borrowed for the call. The callback may close the channel. */
    void (*message)(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg);
    /* The peer is gone or was ended; reason is for the log. The channel is freed right after this call: forget it. */
    void (*closed)(void *user, struct gl_ipc *ch, const char *reason);
};

/* accepts: bit per message type that this peer may send; anything else ends it. Takes fd, also on failure. */
int gl_ipc_open(uv_loop_t *loop, int fd, uint64_t accepts, const struct gl_ipc_events *events, void *user,
                struct gl_ipc **ret) GL_MUST_USE;
#define GL_ACCEPT(type) (UINT64_C(1) << (type))

/* Sends or queues. -EPIPE when the peer is gone, or when the queue (4 MiB) is full: the channel then closes by itself, with closed() called from the
 * loop, after what the peer had still sent was taken. -EMSGSIZE: the message does not fit into a datagram; the channel stands. */
int gl_ipc_send(struct gl_ipc *ch, enum gl_message_type type, const void *msg);
/* From now on feed records wait for the next turn of the loop, and go together in one datagram: for a peer that reads with gl_ipc_read(). The order
 * of all messages stays. */
void gl_ipc_gather(struct gl_ipc *ch);
size_t gl_ipc_queued(const struct gl_ipc *ch);            /* bytes waiting */
void gl_ipc_close(struct gl_ipc *ch, const char *reason); /* closed() follows from the loop */
/* While held, nothing more is read from the peer, not even in this turn: for when what it sends cannot be passed on. */
void gl_ipc_hold(struct gl_ipc *ch, bool hold);
void gl_ipc_set_user(struct gl_ipc *ch, void *user);
int gl_ipc_fd(const struct gl_ipc *ch);

/* Sockets. Listening: replaces a stale socket file, mode 0660. Both return a non-blocking, close-on-exec fd or a negative errno. */
int gl_ipc_listen(const char *path, struct gl_error *err) GL_MUST_USE;
int gl_ipc_connect(const char *path, struct gl_error *err) GL_MUST_USE;

/* For programs without a loop (the CLI): blocking, one message. 1 = a message, 0 = peer closed, negative = failed. msg: room for the largest
 * struct (gl_ipc_scratch_size). */
int gl_ipc_send_blocking(int fd, enum gl_message_type type, const void *msg) GL_MUST_USE;
int gl_ipc_recv_blocking(int fd, uint64_t accepts, enum gl_message_type *ret_type, void *msg) GL_MUST_USE;
size_t gl_ipc_scratch_size(void);

/* The same for a peer that gathers: what shares a datagram comes message by message. bytes: room for GL_IPC_MAX, the caller's. */
struct gl_ipc_reader {
    int fd;
    uint8_t *bytes;
    size_t at, len; /* what has not been taken yet of the last datagram */
};
static inline bool gl_ipc_has_more(const struct gl_ipc_reader *r) {
    return r->at < r->len;
}
int gl_ipc_read(struct gl_ipc_reader *r, uint64_t accepts, enum gl_message_type *ret_type, void *msg) GL_MUST_USE;
