/* The device POSTs to us: one request is one begin, bytes, end. libmicrohttpd runs inside our loop by its epoll descriptor, without threads.
 * A request is taken whole and then handed to the codec, so that requests never interleave; it is answered when the codec is done with it. */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "host/carrier.h"

enum {
    BODY_MAX = 8 * 1024 * 1024,
    CONNECTIONS = 8,
    CONNECTIONS_PER_PEER = 4, /* a stranger cannot take all of them */
    IDLE_S = 10,
    REQUEST_MS = 60000, /* a whole request, however slowly it trickles */
    STRANGERS = 2,      /* connections from elsewhere than ?from= ; they only get to hear that they may not */
    LOOK_MS = 1000,     /* at the latest: at its limit libmicrohttpd stops listening, and takes it up again only when it runs */
    CONNECTION_MEMORY = 65536,
    FEED_SIZE = 65536
};

struct visitor {
    int fd;         /* -1 = free */
    uint64_t since; /* connected, or done with the last request */
    bool stranger;
};

struct push {
    struct gl_carrier base;
    uv_loop_t *loop;
    struct gl_address at;
    struct gl_carrier_events events;
    void *user;
    struct MHD_Daemon *daemon; /* NULL while it could not be started */
    uv_poll_t poll;
    uv_timer_t timer; /* libmicrohttpd's own, or the next try to listen */
    struct gl_backoff backoff;
    int handles;
    bool closing;
    struct visitor visitors[CONNECTIONS];
};

struct request {
    struct push *owner;
    struct gl_buf body;
    char content_type[256];
    uint64_t started;
    bool done;
};

static enum MHD_Result answer(struct MHD_Connection *conn, unsigned status, const char *text) {
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    if (!r) return MHD_NO;
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    enum MHD_Result rc = MHD_queue_response(conn, status, r);
    MHD_destroy_response(r);
    return rc;
}

/* An address as text; an IPv4 address that came in over IPv6 is shown as IPv4. */
static void address_text(const struct sockaddr *a, char *out, size_t size) {
    char text[NI_MAXHOST] = "";
    if (a) {
        socklen_t len = a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
        if (getnameinfo(a, len, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0) text[0] = '\0';
    }
    gl_clip(out, size, strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text);
}

static void peer_text(struct MHD_Connection *conn, char *out, size_t size) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    address_text(info ? info->client_addr : NULL, out, size);
}

static bool same_address(const char *a, const char *b) {
    unsigned char x[16], y[16];
    int family = strchr(a, ':') ? AF_INET6 : AF_INET;
    size_t len = family == AF_INET6 ? 16 : 4;
    return inet_pton(family, a, x) == 1 && inet_pton(family, b, y) == 1 && memcmp(x, y, len) == 0;
}

/* ---- who is connected ---------------------------------------------------------------------------------------------------------------- */
static bool is_stranger(const struct push *p, const char *peer) {
    return p->at.from[0] && !same_address(p->at.from, peer);
}

/* Strangers must not take the places that the device needs. */
static enum MHD_Result on_accept(void *user, const struct sockaddr *addr, socklen_t len GL_UNUSED) {
    struct push *p = user;
    char peer[65], detail[GL_DETAIL];
    int n = 0;
    address_text(addr, peer, sizeof peer);
    for (int i = 0; i < CONNECTIONS; i++) n += p->visitors[i].fd >= 0 && p->visitors[i].stranger;
    if (!is_stranger(p, peer) || n < STRANGERS) return MHD_YES;
    gl_format(detail, sizeof detail, "too many connections from elsewhere, one from %s; only %s is believed", peer, p->at.from);
    p->events.refused(p->user, "wrong_address", detail);
    return MHD_NO;
}

static void on_connection(void *user, struct MHD_Connection *conn, void **context, enum MHD_ConnectionNotificationCode what) {
    struct push *p = user;
    struct visitor *v = *context;
    char peer[65];
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (v) v->fd = -1;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    for (int i = 0; info && i < CONNECTIONS; i++) {
        if (p->visitors[i].fd >= 0) continue;
        peer_text(conn, peer, sizeof peer);
        p->visitors[i] = (struct visitor){.fd = info->connect_fd, .since = uv_now(p->loop), .stranger = is_stranger(p, peer)};
        *context = &p->visitors[i];
        return;
    }
}

/* A byte now and then keeps libmicrohttpd content, also within a header that never ends: here the whole is measured. */
static void end_crawlers(struct push *p) {
    uint64_t now = uv_now(p->loop);
    for (int i = 0; i < CONNECTIONS; i++) {
        struct visitor *v = &p->visitors[i];
        if (v->fd >= 0 && now - v->since > REQUEST_MS + IDLE_S * 1000) shutdown(v->fd, SHUT_RDWR);
    }
}

/* What is wrong with a request before its body is read; 0 = nothing. */
static unsigned refuse_early(struct push *p, struct MHD_Connection *conn, const char *url, const char *method,
                             const char **ret_text) {
    char peer[65], detail[GL_DETAIL];
    peer_text(conn, peer, sizeof peer);
    if (is_stranger(p, peer)) {
        gl_format(detail, sizeof detail, "a request came from %s; only %s is believed", peer, p->at.from);
        p->events.refused(p->user, "wrong_address", detail);
        *ret_text = "this address may not send here\n";
        return MHD_HTTP_FORBIDDEN;
    }
    if (strcmp(url, p->at.path[0] ? p->at.path : "/") != 0) {
        gl_format(detail, sizeof detail, "%s asked for %s; the path is %s", peer, url, p->at.path[0] ? p->at.path : "/");
        p->events.refused(p->user, "wrong_path", detail);
        *ret_text = "nothing is here\n";
        return MHD_HTTP_NOT_FOUND;
    }
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0 && strcmp(method, MHD_HTTP_METHOD_PUT) != 0) {
        *ret_text = "only POST is taken here\n";
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    }
    const char *length = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t n;
    if (length && gl_parse_int(length, 0, BODY_MAX, &n) < 0) {
        gl_format(detail, sizeof detail, "%s announced a body of %.20s bytes; at most %d are taken", peer, length, BODY_MAX);
        p->events.refused(p->user, "body_too_large", detail);
        *ret_text = "the body is too large\n";
        return MHD_HTTP_CONTENT_TOO_LARGE;
    }
    return 0;
}

/* Hands the body to the codec; negative when the codec refused it. */
static int feed(struct push *p, struct request *r, bool complete) {
    int rc = 0;
    r->done = true;
    p->events.begin(p->user, r->content_type[0] ? r->content_type : NULL);
    for (size_t at = 0; at < r->body.len && rc >= 0; at += FEED_SIZE) {
        size_t n = r->body.len - at < FEED_SIZE ? r->body.len - at : FEED_SIZE;
        rc = p->events.bytes(p->user, (const uint8_t *)r->body.data + at, n);
    }
    p->events.end(p->user, complete && rc >= 0);
    return rc;
}

static enum MHD_Result start_request(struct push *p, struct MHD_Connection *conn, const char *url, const char *method, void **ret) {
    const char *text = NULL;
    unsigned status = refuse_early(p, conn, url, method, &text);
    if (status != 0) return answer(conn, status, text);
    struct request *r = calloc(1, sizeof *r);
    if (!r) return MHD_NO;
    r->owner = p;
    r->body = GL_BUF(BODY_MAX);
    r->started = uv_now(p->loop);
    const char *type = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (type && gl_copy(r->content_type, sizeof r->content_type, type) < 0)
        p->events.refused(p->user, "content_type", "the content type has more than 255 characters");
    *ret = r;
    return MHD_YES;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *conn, const char *url, const char *method,
                                  const char *version GL_UNUSED, const char *bytes, size_t *len, void **con_cls) {
    struct push *p = user;
    struct request *r = *con_cls;
    if (!r) return start_request(p, conn, url, method, con_cls);
    if (*len > 0) {
        if (uv_now(p->loop) - r->started > REQUEST_MS) return MHD_NO;
        gl_buf_add(&r->body, bytes, *len);
        if (r->body.failed) {
            p->events.refused(p->user, "body_too_large", "a body of more than 8 MiB");
            r->done = true;
            return MHD_NO;
        }
        *len = 0;
        return MHD_YES;
    }
    if (r->done) return MHD_YES;
    return feed(p, r, true) < 0 ? answer(conn, MHD_HTTP_BAD_REQUEST, "this was not understood\n")
                                : answer(conn, MHD_HTTP_OK, "OK\n");
}

static void on_completed(void *user, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode code GL_UNUSED) {
    struct push *p = user;
    struct request *r = *con_cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct visitor *v = info ? info->socket_context : NULL;
    if (v) v->since = uv_now(p->loop);
    if (!r) return;
    if (!r->done && r->body.len > 0 && !p->closing) {
        p->events.refused(p->user, "body_cut", "a request ended before its body was complete");
        feed(p, r, false);
    }
    gl_buf_free(&r->body);
    free(r);
    *con_cls = NULL;
}

/* libmicrohttpd explains refused requests on standard error; ours are counted and logged by us. */
static void on_mhd_log(void *user GL_UNUSED, const char *fmt GL_UNUSED, va_list ap GL_UNUSED) {}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------------ */
static void on_timer(uv_timer_t *timer);

static void run(struct push *p) {
    MHD_UNSIGNED_LONG_LONG ms;
    uv_update_time(p->loop);
    if (MHD_run(p->daemon) != MHD_YES) gl_log(GL_WARNING, "the HTTP listener on %s:%u stumbled", p->at.host, p->at.port);
    if (p->closing) return;
    end_crawlers(p);
    bool due = MHD_get_timeout(p->daemon, &ms) == MHD_YES && ms < LOOK_MS;
    uv_timer_start(&p->timer, on_timer, due ? ms : LOOK_MS, 0);
}

static void on_poll(uv_poll_t *poll, int status GL_UNUSED, int events GL_UNUSED) {
    run(poll->data);
}

static int start_daemon(struct push *p, struct gl_error *err) {
    int fd = gl_listen_tcp(&p->at, err);
    if (fd < 0) return fd;
    p->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, on_accept, p, on_request, p, MHD_OPTION_EXTERNAL_LOGGER,
                                 on_mhd_log, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, p, MHD_OPTION_LISTEN_SOCKET, fd,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS_PER_PEER, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                                 MHD_OPTION_NOTIFY_COMPLETED, on_completed, p, MHD_OPTION_END);
    if (!p->daemon) {
        gl_close_fd(&fd);
        return gl_fail(err, -EIO, "cannot start the HTTP listener on %s:%u", p->at.host, p->at.port);
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(p->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int rc = info ? uv_poll_init(p->loop, &p->poll, info->epoll_fd) : -EIO;
    if (rc < 0) {
        MHD_stop_daemon(p->daemon);
        p->daemon = NULL;
        return gl_fail(err, rc, "cannot watch the HTTP listener on %s:%u", p->at.host, p->at.port);
    }
    p->handles++;
    p->poll.data = p;
    return uv_poll_start(&p->poll, UV_READABLE, on_poll);
}

static void on_timer(uv_timer_t *timer) {
    struct push *p = timer->data;
    struct gl_error err = {""};
    if (p->daemon) {
        run(p);
        return;
    }
    if (start_daemon(p, &err) < 0) {
        p->events.down(p->user, err.text);
        if (!p->daemon) uv_timer_start(timer, on_timer, (uint64_t)gl_backoff_next(&p->backoff), 0);
        return;
    }
    gl_log(GL_INFO, "listening for HTTP on %s:%u", p->at.host, p->at.port);
    p->events.up(p->user);
    run(p);
}

static int push_open(uv_loop_t *loop, const struct gl_address *at, const char *secret GL_UNUSED,
                     const struct gl_carrier_events *events, void *user, struct gl_carrier **ret) {
    struct push *p = calloc(1, sizeof *p);
    if (!p) return -ENOMEM;
    *p = (struct push){.base = {&gl_carrier_http_push}, .loop = loop, .at = *at, .events = *events, .user = user, .handles = 1};
    for (int i = 0; i < CONNECTIONS; i++) p->visitors[i].fd = -1;
    int rc = uv_timer_init(loop, &p->timer);
    if (rc < 0) {
        free(p);
        return rc;
    }
    p->timer.data = p;
    uv_timer_start(&p->timer, on_timer, 0, 0);
    *ret = &p->base;
    return 0;
}

static void on_handle_closed(uv_handle_t *h) {
    struct push *p = h->data;
    if (--p->handles > 0) return;
    if (p->daemon) MHD_stop_daemon(p->daemon); /* closes the epoll descriptor, so only after the loop has forgotten it */
    free(p);
}

static void push_close(struct gl_carrier *base) {
    struct push *p = (struct push *)base;
    if (p->closing) return;
    p->closing = true;
    if (p->daemon) uv_close((uv_handle_t *)&p->poll, on_handle_closed);
    uv_close((uv_handle_t *)&p->timer, on_handle_closed);
}

const struct gl_carrier_ops gl_carrier_http_push = {.open = push_open, .close = push_close};
