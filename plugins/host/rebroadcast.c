/* One listener and a few clients, each with two buffers: one that libuv writes from, and one that fills meanwhile. */
#include "host/rebroadcast.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "host/carrier.h"

enum { SCRATCH = 4096, SEND_BUFFER = 65536 /* of the kernel, so that the bound is ours */, KEEPALIVE_S = 30, BACKLOG = 8 };

struct client {
    uv_tcp_t tcp;
    uv_write_t req;
    struct gl_rebroadcast *owner; /* NULL once it is being closed */
    struct gl_buf writing, waiting;
    bool busy;      /* writing is libuv's */
    uint64_t since; /* loop time at which it became so */
    char name[80];
};

struct gl_rebroadcast {
    uv_loop_t *loop;
    struct gl_address at;
    struct gl_rebroadcast_events events;
    void *user;
    uv_timer_t timer; /* the next try to listen */
    uv_tcp_t listener;
    struct gl_backoff backoff;
    int handles; /* open handles of this struct */
    bool listening, closing, upstream;
    bool listener_open; /* also while it is being closed */
    struct client *clients[GL_REBROADCAST_CLIENTS];
    char scratch[SCRATCH];
};

static void release(struct gl_rebroadcast *r) {
    if (--r->handles == 0) free(r);
}

static void on_handle_closed(uv_handle_t *h) {
    release(h->data);
}

static void on_listener_closed(uv_handle_t *h) {
    struct gl_rebroadcast *r = h->data;
    r->listener_open = false;
    release(r);
}

/* ---- clients ------------------------------------------------------------------------------------------------------------------------- */
static void on_client_closed(uv_handle_t *h) {
    struct client *c = h->data;
    gl_buf_free(&c->writing);
    gl_buf_free(&c->waiting);
    free(c);
}

static void end_client(struct client *c) {
    struct gl_rebroadcast *r = c->owner;
    if (!r) return;
    for (size_t i = 0; i < GL_COUNT(r->clients); i++)
        if (r->clients[i] == c) r->clients[i] = NULL;
    c->owner = NULL;
    uv_close((uv_handle_t *)&c->tcp, on_client_closed);
}

/* Late bytes are worse than none: it is to connect again and start anew. */
static void drop_slow(struct client *c, const char *why) {
    struct gl_rebroadcast *r = c->owner;
    char text[160];
    gl_format(text, sizeof text, "rebroadcast client %s dropped: %s", c->name, why);
    end_client(c);
    r->events.happened(r->user, "rebroadcast.dropped", text);
}

static void on_written(uv_write_t *req, int status);

static void write_on(struct client *c) {
    if (c->busy || c->waiting.len == 0) return;
    struct gl_buf full = c->waiting;
    c->waiting = c->writing;
    c->writing = full;
    gl_buf_free(&c->waiting); /* what swelled once is not kept */
    c->waiting = GL_BUF(GL_REBROADCAST_QUEUE - c->writing.len);
    uv_buf_t buf = uv_buf_init(c->writing.data, (unsigned)c->writing.len);
    c->busy = true;
    c->since = uv_now(c->owner->loop);
    if (uv_write(&c->req, (uv_stream_t *)&c->tcp, &buf, 1, on_written) < 0) end_client(c);
}

static void on_written(uv_write_t *req, int status) {
    struct client *c = req->data;
    c->busy = false;
    if (!c->owner) return; /* its close follows */
    if (status < 0)
        end_client(c);
    else
        write_on(c);
}

static void give(struct client *c, const void *bytes, size_t len) {
    if (c->busy && uv_now(c->owner->loop) - c->since > GL_REBROADCAST_STALL_MS) {
        drop_slow(c, "it has stalled");
        return;
    }
    c->waiting.limit = GL_REBROADCAST_QUEUE - (c->busy ? c->writing.len : 0);
    gl_buf_add(&c->waiting, bytes, len);
    if (c->waiting.failed)
        drop_slow(c, "it does not keep up");
    else
        write_on(c);
}

static void on_alloc(uv_handle_t *h, size_t suggested GL_UNUSED, uv_buf_t *buf) {
    struct client *c = h->data;
    *buf = c->owner ? uv_buf_init(c->owner->scratch, SCRATCH) : uv_buf_init(NULL, 0);
}

/* What clients send goes nowhere; that they end is all that is read. */
static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf GL_UNUSED) {
    if (n < 0) end_client(s->data);
}

static void name_client(struct client *c) {
    struct sockaddr_storage peer;
    int len = sizeof peer;
    char host[64] = "?", port[8] = "?";
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&peer, &len) == 0)
        getnameinfo((struct sockaddr *)&peer, (socklen_t)len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    gl_format(c->name, sizeof c->name, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static void welcome(struct gl_rebroadcast *r, struct client *c, size_t place) {
    char text[160];
    int size = SEND_BUFFER;
    uv_send_buffer_size((uv_handle_t *)&c->tcp, &size);
    uv_tcp_nodelay(&c->tcp, 1);
    uv_tcp_keepalive(&c->tcp, 1, KEEPALIVE_S);
    r->clients[place] = c;
    gl_format(text, sizeof text, "rebroadcast client %s connected", c->name);
    r->events.happened(r->user, "rebroadcast.clients", text);
    if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read) < 0) end_client(c);
}

static void on_peer(uv_stream_t *listener, int status) {
    struct gl_rebroadcast *r = listener->data;
    struct client *c = status == 0 ? calloc(1, sizeof *c) : NULL;
    size_t place = 0;
    if (!c) return;
    if (uv_tcp_init(r->loop, &c->tcp) < 0) {
        free(c);
        return;
    }
    c->tcp.data = c->req.data = c;
    c->owner = r;
    c->writing = c->waiting = GL_BUF(GL_REBROADCAST_QUEUE);
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) < 0) {
        end_client(c);
        return;
    }
    while (place < GL_COUNT(r->clients) && r->clients[place]) place++;
    name_client(c);
    if (r->upstream && place < GL_COUNT(r->clients)) {
        welcome(r, c, place);
        return;
    }
    char text[160];
    gl_format(text, sizeof text, "rebroadcast client %s turned away: %s", c->name,
              r->upstream ? "there are 8 already" : "the device is away");
    end_client(c);
    r->events.happened(r->user, "rebroadcast.refused", text);
}

/* ---- listening ----------------------------------------------------------------------------------------------------------------------- */
static int listen_now(struct gl_rebroadcast *r, struct gl_error *err) {
    int fd = gl_listen_tcp(&r->at, err);
    if (fd < 0) return fd;
    int rc = uv_tcp_init(r->loop, &r->listener);
    if (rc < 0) {
        gl_close_fd(&fd);
        return gl_fail(err, rc, "cannot listen on %s:%u: %s", r->at.host, r->at.port, uv_strerror(rc));
    }
    r->handles++;
    r->listener_open = true;
    r->listener.data = r;
    rc = uv_tcp_open(&r->listener, fd);
    if (rc < 0) gl_close_fd(&fd);
    if (rc == 0) rc = uv_listen((uv_stream_t *)&r->listener, BACKLOG, on_peer);
    if (rc == 0) return 0;
    uv_close((uv_handle_t *)&r->listener, on_listener_closed);
    return gl_fail(err, rc, "cannot listen on %s:%u: %s", r->at.host, r->at.port, uv_strerror(rc));
}

static void on_timer(uv_timer_t *timer);

static void try_listening(struct gl_rebroadcast *r) {
    struct gl_error err = {""};
    char problem[sizeof err.text + 16];
    if (!r->listener_open && listen_now(r, &err) == 0) {
        r->listening = true;
        gl_log(GL_INFO, "rebroadcasting on %s:%u", r->at.host, r->at.port);
        r->events.listening(r->user, "");
        return;
    }
    gl_format(problem, sizeof problem, "rebroadcast: %s", err.text);
    if (err.text[0]) r->events.listening(r->user, problem);
    uv_timer_start(&r->timer, on_timer, (uint64_t)gl_backoff_next(&r->backoff), 0);
}

static void on_timer(uv_timer_t *timer) {
    try_listening(timer->data);
}

/* ---- the interface ------------------------------------------------------------------------------------------------------------------- */
int gl_rebroadcast_open(uv_loop_t *loop, const char *at, const struct gl_rebroadcast_events *events, void *user,
                        struct gl_rebroadcast **ret, struct gl_error *err) {
    struct gl_address a;
    int rc = gl_address_parse_listen(at, &a, err);
    if (rc < 0) return rc;
    struct gl_rebroadcast *r = calloc(1, sizeof *r);
    if (!r) return gl_fail(err, -ENOMEM, "out of memory");
    r->loop = loop;
    r->at = a;
    r->events = *events;
    r->user = user;
    r->handles = 1;
    rc = uv_timer_init(loop, &r->timer);
    if (rc < 0) {
        free(r);
        return gl_fail(err, rc, "rebroadcast: %s", uv_strerror(rc));
    }
    r->timer.data = r;
    try_listening(r);
    *ret = r;
    return 0;
}

void gl_rebroadcast_upstream(struct gl_rebroadcast *r, bool stands) {
    if (!r) return;
    r->upstream = stands;
    for (size_t i = 0; i < GL_COUNT(r->clients) && !stands; i++)
        if (r->clients[i]) end_client(r->clients[i]);
}

void gl_rebroadcast_bytes(struct gl_rebroadcast *r, const void *bytes, size_t len) {
    for (size_t i = 0; r && i < GL_COUNT(r->clients); i++)
        if (r->clients[i]) give(r->clients[i], bytes, len);
}

void gl_rebroadcast_close(struct gl_rebroadcast *r) {
    if (!r || r->closing) return;
    r->closing = true;
    gl_rebroadcast_upstream(r, false);
    if (r->listening) uv_close((uv_handle_t *)&r->listener, on_listener_closed);
    uv_close((uv_handle_t *)&r->timer, on_handle_closed);
}
