/* A TCP connection to the device, or one from it. The loop owns each connection until it is closed; the carrier only borrows the current one.
 *
 *     connect:  wait (back-off) ─► look up ─► connect (10 s) ─► stands ─► lost: wait
 *     listen:   listening ─► a peer stands ─► lost: listening; a newer peer replaces the older, whose cable may have been pulled */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "host/carrier.h"

enum { READ_SIZE = 65536, WRITE_LIMIT = 65536, KEEPALIVE_S = 30 };

struct tcp;

struct conn {
    uv_tcp_t tcp;
    uv_connect_t req;
    struct tcp *owner; /* NULL once abandoned */
    char bytes[READ_SIZE];
};

struct lookup {
    uv_getaddrinfo_t req;
    struct tcp *owner; /* NULL once abandoned */
};

struct tcp {
    struct gl_carrier base;
    uv_loop_t *loop;
    struct gl_address at;
    struct gl_carrier_events events;
    void *user;
    uv_timer_t timer; /* the back-off, then the limit on connecting */
    uv_tcp_t listener;
    int handles; /* open handles of this struct */
    bool listening, closing;
    bool standing, had_bytes; /* of the connection that stands */
    uint64_t since;           /* loop time at which it stood */
    struct conn *conn;
    struct lookup *lookup;
    struct gl_backoff backoff;
};

static void on_start(uv_timer_t *timer);

static void on_conn_closed(uv_handle_t *h) {
    free(h->data);
}

static void abandon(struct tcp *t) {
    if (t->lookup) {
        t->lookup->owner = NULL;
        uv_cancel((uv_req_t *)&t->lookup->req);
        t->lookup = NULL;
    }
    if (!t->conn) return;
    struct conn *c = t->conn;
    t->conn = NULL;
    c->owner = NULL;
    uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
    if (t->standing) {
        t->standing = false;
        t->events.end(t->user, false);
    }
}

/* The connection is lost, or was not made. A listener simply goes on listening. */
static void lose(struct tcp *t, const char *what, const char *cause) {
    char reason[GL_DETAIL];
    gl_format(reason, sizeof reason, "%s %s:%u: %s", what, t->at.host, t->at.port, cause);
    if (t->standing) gl_backoff_after(&t->backoff, t->had_bytes, (int64_t)(uv_now(t->loop) - t->since));
    abandon(t);
    t->events.down(t->user, reason);
    if (!t->listening) uv_timer_start(&t->timer, on_start, (uint64_t)gl_backoff_next(&t->backoff), 0);
}

#define NO_CONNECTION "no connection to"
#define LOST "lost the connection to"
#define NO_PEER "no peer on"

static const char *lost_text(const struct tcp *t) {
    return t->listening ? NO_PEER : LOST;
}

static void on_alloc(uv_handle_t *h, size_t suggested GL_UNUSED, uv_buf_t *buf) {
    struct conn *c = h->data;
    *buf = uv_buf_init(c->bytes, sizeof c->bytes);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
    struct conn *c = s->data;
    struct tcp *t = c->owner;
    if (!t || n == 0) return;
    if (n < 0) {
        lose(t, lost_text(t), n == UV_EOF ? "closed by the device" : uv_strerror((int)n));
        return;
    }
    t->had_bytes = true;
    if (t->events.bytes(t->user, (const uint8_t *)buf->base, (size_t)n) < 0 && c->owner == t)
        lose(t, lost_text(t), "dropped after input that was refused");
}

static void stand(struct tcp *t) {
    uv_timer_stop(&t->timer);
    uv_tcp_keepalive(&t->conn->tcp, 1, KEEPALIVE_S);
    uv_tcp_nodelay(&t->conn->tcp, 1);
    int rc = uv_read_start((uv_stream_t *)&t->conn->tcp, on_alloc, on_read);
    if (rc < 0) {
        lose(t, lost_text(t), uv_strerror(rc));
        return;
    }
    t->standing = true;
    t->had_bytes = false;
    t->since = uv_now(t->loop);
    t->events.up(t->user);
    t->events.begin(t->user, NULL);
}

static struct conn *make_conn(struct tcp *t) {
    struct conn *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    if (uv_tcp_init(t->loop, &c->tcp) < 0) {
        free(c);
        return NULL;
    }
    c->tcp.data = c;
    c->req.data = c;
    c->owner = t;
    return c;
}

/* ---- connect ------------------------------------------------------------------------------------------------------------------------- */
static void on_connected(uv_connect_t *req, int status) {
    struct conn *c = req->data;
    if (!c->owner) return; /* abandoned; its close follows */
    if (status < 0)
        lose(c->owner, NO_CONNECTION, uv_strerror(status));
    else
        stand(c->owner);
}

static void on_too_long(uv_timer_t *timer) {
    struct tcp *t = timer->data;
    lose(t, NO_CONNECTION, "no answer within 10 s");
}

static void connect_to(struct tcp *t, const struct sockaddr *addr) {
    t->conn = make_conn(t);
    int rc = t->conn ? uv_tcp_connect(&t->conn->req, &t->conn->tcp, addr, on_connected) : UV_ENOMEM;
    if (rc < 0) lose(t, NO_CONNECTION, uv_strerror(rc));
}

static void on_looked_up(uv_getaddrinfo_t *req, int status, struct addrinfo *list) {
    struct lookup *l = req->data;
    struct tcp *t = l->owner;
    if (t) {
        t->lookup = NULL;
        if (status < 0)
            lose(t, NO_CONNECTION, uv_strerror(status));
        else
            connect_to(t, list->ai_addr);
    }
    uv_freeaddrinfo(list);
    free(l);
}

static int look_up(struct tcp *t) {
    char port[8];
    gl_format(port, sizeof port, "%u", t->at.port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lookup *l = calloc(1, sizeof *l);
    if (!l) return UV_ENOMEM;
    l->owner = t;
    l->req.data = l;
    int rc = uv_getaddrinfo(t->loop, &l->req, on_looked_up, t->at.host, port, &hints);
    if (rc < 0)
        free(l);
    else
        t->lookup = l;
    return rc;
}

static void start_connect(struct tcp *t) {
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    uv_timer_start(&t->timer, on_too_long, GL_CONNECT_WITHIN_MS, 0);
    if (uv_ip4_addr(t->at.host, t->at.port, &v4) == 0) {
        connect_to(t, (const struct sockaddr *)&v4);
    } else if (uv_ip6_addr(t->at.host, t->at.port, &v6) == 0) {
        connect_to(t, (const struct sockaddr *)&v6);
    } else {
        int rc = look_up(t);
        if (rc < 0) lose(t, NO_CONNECTION, uv_strerror(rc));
    }
}

/* ---- listen -------------------------------------------------------------------------------------------------------------------------- */
static void on_peer(uv_stream_t *listener, int status) {
    struct tcp *t = listener->data;
    struct conn *c = status == 0 ? make_conn(t) : NULL;
    if (!c) return;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) < 0) {
        c->owner = NULL;
        uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
        return;
    }
    if (t->conn) lose(t, NO_PEER, "replaced by a newer connection");
    t->conn = c;
    stand(t);
}

static int start_listening(struct tcp *t, struct gl_error *err) {
    int fd = gl_listen_tcp(&t->at, err);
    if (fd < 0) return fd;
    struct sockaddr_storage me;
    socklen_t len = sizeof me;
    if (getsockname(fd, (struct sockaddr *)&me, &len) == 0)
        t->at.port =
            ntohs(me.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&me)->sin6_port : ((struct sockaddr_in *)&me)->sin_port);
    int rc = uv_tcp_init(t->loop, &t->listener);
    if (rc < 0) {
        gl_close_fd(&fd);
        return gl_fail(err, rc, "cannot listen: %s", uv_strerror(rc));
    }
    t->handles++;
    t->listening = true;
    t->listener.data = t;
    rc = uv_tcp_open(&t->listener, fd);
    if (rc < 0) gl_close_fd(&fd);
    if (rc == 0) rc = uv_listen((uv_stream_t *)&t->listener, 8, on_peer);
    return rc < 0 ? gl_fail(err, rc, "cannot listen: %s", uv_strerror(rc)) : 0;
}

static void on_listen(uv_timer_t *timer) {
    struct tcp *t = timer->data;
    struct gl_error err;
    if (start_listening(t, &err) < 0) {
        t->events.down(t->user, err.text);
        if (!t->listening) uv_timer_start(timer, on_listen, (uint64_t)gl_backoff_next(&t->backoff), 0);
        return;
    }
    gl_log(GL_INFO, "listening on %s:%u", t->at.host, t->at.port);
    lose(t, NO_PEER, "none has connected yet");
}

/* ---- the interface ------------------------------------------------------------------------------------------------------------------- */
static void on_start(uv_timer_t *timer) {
    start_connect(timer->data);
}

static int open_any(uv_loop_t *loop, const struct gl_address *at, const struct gl_carrier_events *events, void *user,
                    const struct gl_carrier_ops *ops, uv_timer_cb start, struct gl_carrier **ret) {
    struct tcp *t = calloc(1, sizeof *t);
    if (!t) return -ENOMEM;
    *t = (struct tcp){.base = {ops}, .loop = loop, .at = *at, .events = *events, .user = user, .handles = 1};
    int rc = uv_timer_init(loop, &t->timer);
    if (rc < 0) {
        free(t);
        return rc;
    }
    t->timer.data = t;
    uv_timer_start(&t->timer, start, 0, 0);
    *ret = &t->base;
    return 0;
}

static int open_connect(uv_loop_t *loop, const struct gl_address *at, const char *secret GL_UNUSED,
                        const struct gl_carrier_events *events, void *user, struct gl_carrier **ret) {
    return open_any(loop, at, events, user, &gl_carrier_tcp, on_start, ret);
}

static int open_listen(uv_loop_t *loop, const struct gl_address *at, const char *secret GL_UNUSED,
                       const struct gl_carrier_events *events, void *user, struct gl_carrier **ret) {
    return open_any(loop, at, events, user, &gl_carrier_tcp_listen, on_listen, ret);
}

struct out {
    uv_write_t req;
    char bytes[];
};

static void on_written(uv_write_t *req, int status GL_UNUSED) {
    free(req->data); /* a failure shows at reading too */
}

static int tcp_send(struct gl_carrier *base, const void *bytes, size_t len) {
    struct tcp *t = (struct tcp *)base;
    if (!t->standing) return -ENOTCONN;
    uv_stream_t *s = (uv_stream_t *)&t->conn->tcp;
    if (len > WRITE_LIMIT || uv_stream_get_write_queue_size(s) > WRITE_LIMIT - len) return -ENOBUFS;
    struct out *o = malloc(sizeof *o + len);
    if (!o) return -ENOMEM;
    memcpy(o->bytes, bytes, len);
    o->req.data = o;
    uv_buf_t buf = uv_buf_init(o->bytes, (unsigned)len);
    int rc = uv_write(&o->req, s, &buf, 1, on_written);
    if (rc < 0) free(o);
    return rc;
}

static void tcp_drop(struct gl_carrier *base, const char *reason) {
    struct tcp *t = (struct tcp *)base;
    if (t->standing) lose(t, lost_text(t), reason);
}

static void on_handle_closed(uv_handle_t *h) {
    struct tcp *t = h->data;
    if (--t->handles == 0) free(t);
}

static void tcp_close(struct gl_carrier *base) {
    struct tcp *t = (struct tcp *)base;
    if (t->closing) return;
    t->closing = true;
    t->standing = false; /* nobody is to hear of the end */
    abandon(t);
    if (t->listening) uv_close((uv_handle_t *)&t->listener, on_handle_closed);
    uv_close((uv_handle_t *)&t->timer, on_handle_closed);
}

const struct gl_carrier_ops gl_carrier_tcp = {open_connect, tcp_send, tcp_drop, tcp_close, NULL};
const struct gl_carrier_ops gl_carrier_tcp_listen = {open_listen, tcp_send, tcp_drop, tcp_close, NULL};
