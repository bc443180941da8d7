/* A channel: a watched socket, a queue of datagrams that would have blocked, and an end that always comes from the loop. */
#include "ipc/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ipc_impl.h"

enum { PER_TURN = 64, QUEUE_LIMIT = 4 * 1024 * 1024, SOCKET_BUFFER = 1024 * 1024, TOGETHER = 32 * 1024 };

struct waiting {
    struct waiting *next;
    size_t len, room; /* room: feed records may be added up to that; 0 = sent as it is */
    uint8_t bytes[];
};

struct gl_ipc {
    uv_poll_t poll;
    int fd;
    uint64_t accepts;
    struct gl_ipc_events events;
    void *user;
    bool closing; /* closed() is on its way */
    bool held;    /* nothing is read from the peer */
    bool gathers; /* feed records wait for the next turn, and share datagrams */
    bool deaf;    /* the peer takes nothing more; what it sent may still lie here */
    struct waiting *first, **last, *newest;
    size_t queued;
    char reason[GL_DETAIL];
    void *msg;      /* the struct handed to message() */
    uint8_t *bytes; /* GL_IPC_MAX */
};

static void drop_queue(struct gl_ipc *ch) {
    while (ch->first) {
        struct waiting *w = ch->first;
        ch->first = w->next;
        free(w);
    }
    ch->last = &ch->first;
    ch->queued = 0;
}

static void free_channel(struct gl_ipc *ch) {
    drop_queue(ch);
    free(ch->msg);
    free(ch->bytes);
    free(ch);
}

static void on_closed(uv_handle_t *h) {
    struct gl_ipc *ch = h->data;
    if (ch->events.closed) ch->events.closed(ch->user, ch, ch->reason);
    free_channel(ch);
}

void gl_ipc_close(struct gl_ipc *ch, const char *reason) {
    if (ch->closing) return;
    ch->closing = true;
    gl_clip(ch->reason, sizeof ch->reason, reason);
    uv_close((uv_handle_t *)&ch->poll, on_closed);
    gl_close_fd(&ch->fd);
}

/* The text for a datagram that was refused. */
static void end_bad_peer(struct gl_ipc *ch, int rc, const uint8_t *bytes, size_t len) {
    struct gl_cursor c = gl_cursor(bytes, len);
    unsigned type = gl_get_u16(&c);
    const char *name = type > 0 && type < GL_MSG_TYPES ? gl_messages[type].name : "unknown";
    char text[GL_DETAIL];
    if (rc == -EPERM)
        gl_format(text, sizeof text, "it sent a message that it may not send: %s", name);
    else if (rc == -ENOMSG)
        gl_format(text, sizeof text, "it sent a message of unknown type %u", type);
    else
        gl_format(text, sizeof text, "it sent a malformed message (type %s, %zu bytes)", name, len);
    gl_ipc_close(ch, text);
}

static void take_one(struct gl_ipc *ch, ssize_t n) {
    enum gl_message_type type;
    int rc = gl_message_unpack(ch->bytes, (size_t)n, ch->accepts, &type, ch->msg);
    if (rc < 0)
        end_bad_peer(ch, rc, ch->bytes, (size_t)n);
    else
        ch->events.message(ch->user, ch, type, ch->msg);
}

/* True when the turn ended before the socket was empty. */
static bool read_turn(struct gl_ipc *ch) {
    for (int i = 0; i < PER_TURN && !ch->closing && !ch->held; i++) {
        ssize_t n = gl_datagram_recv(ch->fd, ch->bytes, GL_IPC_MAX);
        if (n == -EAGAIN) return false;
        if (n == 0)
            gl_ipc_close(ch, "it closed the connection");
        else if (n == -EMSGSIZE)
            gl_ipc_close(ch, "it sent a message beyond the size limit");
        else if (n < 0)
            gl_ipc_close(ch, strerror((int)-n));
        else
            take_one(ch, n);
    }
    return true;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static int watch(struct gl_ipc *ch) {
    int rc = uv_poll_start(&ch->poll, (ch->held ? 0 : UV_READABLE) | (ch->first ? UV_WRITABLE : 0), on_poll);
    if (rc < 0) gl_ipc_close(ch, "the loop cannot watch its socket");
    return rc;
}

/* The peer reads no more. Nothing can be sent, but what it has sent is still taken until its end shows. */
static void stop_sending(struct gl_ipc *ch) {
    ch->deaf = true;
    drop_queue(ch);
}

/* Sends what waits, as far as the socket takes it. */
static void write_turn(struct gl_ipc *ch) {
    for (int i = 0; i < PER_TURN && ch->first; i++) {
        struct waiting *w = ch->first;
        int rc = gl_datagram_send(ch->fd, w->bytes, w->len);
        if (rc == -EAGAIN) return;
        if (rc == -EPIPE || rc == -ECONNRESET) {
            stop_sending(ch);
            break;
        }
        if (rc < 0) {
            gl_ipc_close(ch, strerror(-rc));
            return;
        }
        ch->first = w->next;
        if (!ch->first) ch->last = &ch->first;
        ch->queued -= w->len;
        free(w);
    }
    if (!ch->first) watch(ch);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct gl_ipc *ch = poll->data;
    if (status < 0) {
        /* The peer left with unread data on its side: the loop has stopped watching, but what the peer sent may take several turns. */
        bool more = read_turn(ch);
        if (!ch->closing && more)
            watch(ch);
        else if (!ch->closing)
            gl_ipc_close(ch, "its socket failed");
        return;
    }
    if (events & UV_READABLE) read_turn(ch);
    if ((events & UV_WRITABLE) && !ch->closing) write_turn(ch);
}

/* What waits and has room for more. */
static bool join(struct gl_ipc *ch, const struct gl_buf *out) {
    struct waiting *w = ch->first ? ch->newest : NULL;
    if (!w || w->len + out->len > w->room) return false;
    memcpy(w->bytes + w->len, out->data, out->len);
    w->len += out->len;
    ch->queued += out->len;
    return true;
}

static int enqueue(struct gl_ipc *ch, const struct gl_buf *out, bool gather) {
    if (out->len > QUEUE_LIMIT - ch->queued) {
        gl_ipc_close(ch, "it does not take its messages: the queue is full");
        return -EPIPE;
    }
    if (gather && join(ch, out)) return 0;
    size_t room = gather && out->len < TOGETHER ? TOGETHER : 0;
    struct waiting *w = malloc(sizeof *w + (room ? room : out->len));
    if (!w) {
        gl_ipc_close(ch, "out of memory");
        return -EPIPE;
    }
    *w = (struct waiting){.len = out->len, .room = room};
    memcpy(w->bytes, out->data, out->len);
    bool was_empty = !ch->first;
    *ch->last = ch->newest = w;
    ch->last = &w->next;
    ch->queued += out->len;
    return was_empty && watch(ch) < 0 ? -EPIPE : 0;
}

int gl_ipc_send(struct gl_ipc *ch, enum gl_message_type type, const void *msg) {
    if (ch->closing || ch->deaf) return -EPIPE;
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(GL_IPC_MAX);
    int rc = gl_message_pack(type, msg, &out);
    if (rc < 0) return rc;
    bool gather = ch->gathers && type == GL_MSG_FEED;
    if (ch->first || gather) return enqueue(ch, &out, gather);
    rc = gl_datagram_send(ch->fd, out.data, out.len);
    if (rc == -EAGAIN) return enqueue(ch, &out, false);
    if (rc == -EPIPE || rc == -ECONNRESET) {
        stop_sending(ch);
        return -EPIPE;
    }
    if (rc < 0) gl_ipc_close(ch, strerror(-rc));
    return rc < 0 ? -EPIPE : 0;
}

void gl_ipc_hold(struct gl_ipc *ch, bool hold) {
    if (ch->held == hold || ch->closing) return;
    ch->held = hold;
    watch(ch);
}

void gl_ipc_gather(struct gl_ipc *ch) {
    ch->gathers = true;
}
size_t gl_ipc_queued(const struct gl_ipc *ch) {
    return ch->queued;
}
void gl_ipc_set_user(struct gl_ipc *ch, void *user) {
    ch->user = user;
}
int gl_ipc_fd(const struct gl_ipc *ch) {
    return ch->fd;
}

int gl_ipc_open(uv_loop_t *loop, int fd, uint64_t accepts, const struct gl_ipc_events *events, void *user, struct gl_ipc **ret) {
    GL_CLEANUP(gl_close_fd) int owned = fd;
    struct gl_ipc *ch = calloc(1, sizeof *ch);
    if (!ch) return -ENOMEM;
    *ch = (struct gl_ipc){.fd = fd, .accepts = accepts, .events = *events, .user = user};
    ch->last = &ch->first;
    ch->msg = calloc(1, gl_message_largest(accepts));
    ch->bytes = malloc(GL_IPC_MAX);
    int size = SOCKET_BUFFER; /* as far as the system lets us */
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    int rc = ch->msg && ch->bytes ? uv_poll_init(loop, &ch->poll, fd) : -ENOMEM;
    if (rc < 0) {
        free_channel(ch);
        return rc;
    }
    ch->poll.data = ch;
    owned = -1;
    rc = uv_poll_start(&ch->poll, UV_READABLE, on_poll);
    if (rc < 0) {
        ch->events = (struct gl_ipc_events){0}; /* the caller hears it from the return value, not from closed() */
        gl_ipc_close(ch, "the loop cannot watch its socket");
        return rc;
    }
    *ret = ch;
    return 0;
}
