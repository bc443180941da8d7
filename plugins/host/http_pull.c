/* We GET an endless answer: one answer is one begin, bytes, end. libcurl's multi interface on our loop; when the answer ends, for whatever
 * reason, it is asked for again after a growing delay. */
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "host/carrier.h"

enum { KEEPALIVE_S = 30, READ_SIZE = 65536 };

struct pull {
    struct gl_carrier base;
    uv_loop_t *loop;
    struct gl_address at;
    char secret[258];
    struct gl_carrier_events events;
    void *user;
    uv_timer_t retry, timeout;
    int handles;
    CURLM *multi;
    CURL *easy;   /* NULL while waiting for the next try */
    bool begun;   /* the codec was told of an answer */
    bool refused; /* the codec wants no more of it */
    bool failing; /* inside lose(): libcurl may call back */
    bool closing;
    struct gl_backoff backoff;
};

/* A socket of libcurl's, watched. */
struct watched {
    uv_poll_t poll;
    curl_socket_t fd;
    struct pull *owner;
};

static void on_retry(uv_timer_t *timer);

static void end_transfer(struct pull *p, bool complete) {
    if (!p->easy) return;
    p->failing = true;
    curl_multi_remove_handle(p->multi, p->easy);
    curl_easy_cleanup(p->easy);
    p->failing = false;
    p->easy = NULL;
    if (p->begun) {
        p->begun = false;
        if (!p->closing) p->events.end(p->user, complete);
    }
}

static void lose(struct pull *p, bool complete, const char *cause) {
    char reason[GL_DETAIL];
    gl_format(reason, sizeof reason, "no answer from http://%s:%u%s: %s", p->at.host, p->at.port, p->at.path, cause);
    end_transfer(p, complete);
    p->events.down(p->user, reason);
    uv_timer_start(&p->retry, on_retry, (uint64_t)gl_backoff_next(&p->backoff), 0);
}

/* ---- what libcurl says --------------------------------------------------------------------------------------------------------------- */
static long status_of(const struct pull *p) {
    long status = 0;
    curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static void begin_answer(struct pull *p) {
    const char *type = NULL;
    if (p->begun || p->failing || status_of(p) != 200) return;
    curl_easy_getinfo(p->easy, CURLINFO_CONTENT_TYPE, &type);
    p->begun = true;
    uv_timer_stop(&p->retry);
    p->events.up(p->user);
    p->events.begin(p->user, type);
}

static size_t on_header(char *bytes, size_t one, size_t n, void *user) {
    if (one * n == 2 && memcmp(bytes, "\r\n", 2) == 0) begin_answer(user);
    return one * n;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *user) {
    struct pull *p = user;
    begin_answer(p); /* an answer whose header ends in a bare line feed */
    if (!p->begun) return one * n;
    gl_backoff_reset(&p->backoff);
    if (p->events.bytes(p->user, (const uint8_t *)bytes, one * n) >= 0) return one * n;
    p->refused = true;
    return 0;
}

static const char *cause_of(const struct pull *p, CURLcode result) {
    long status = status_of(p);
    if (p->refused) return "dropped after input that was refused";
    if (status == 401)
        return p->secret[0] ? "HTTP 401: the user or password in the secret file is not accepted"
                            : "HTTP 401: it wants a user and "
                              "password: set `secret`";
    if (status == 404) return "HTTP 404: there is nothing at this path";
    if (status != 0 && status != 200) return "an HTTP status other than 200";
    return result == CURLE_OK ? "the device ended its answer" : curl_easy_strerror(result);
}

static void take_results(struct pull *p) {
    int left;
    CURLMsg *m;
    while (!p->closing && (m = curl_multi_info_read(p->multi, &left)))
        if (m->msg == CURLMSG_DONE && m->easy_handle == p->easy) {
            CURLcode result = m->data.result;
            lose(p, result == CURLE_OK && p->begun, cause_of(p, result));
        }
}

/* ---- libcurl on the loop ------------------------------------------------------------------------------------------------------------- */
static void act(struct pull *p, curl_socket_t fd, int flags) {
    int running;
    curl_multi_socket_action(p->multi, fd, flags, &running);
    take_results(p);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
    struct watched *w = poll->data;
    if (!w->owner) return;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    act(w->owner, w->fd, status < 0 ? CURL_CSELECT_ERR : flags);
}

static void on_watched_closed(uv_handle_t *h) {
    free(h->data);
}

static void unwatch(struct pull *p, curl_socket_t fd, struct watched *w) {
    if (!w) return;
    w->owner = NULL;
    curl_multi_assign(p->multi, fd, NULL);
    uv_close((uv_handle_t *)&w->poll, on_watched_closed);
}

static struct watched *watch(struct pull *p, curl_socket_t fd) {
    struct watched *w = calloc(1, sizeof *w);
    if (!w || uv_poll_init_socket(p->loop, &w->poll, fd) < 0) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    w->fd = fd;
    w->owner = p;
    curl_multi_assign(p->multi, fd, w);
    return w;
}

static int on_socket(CURL *easy GL_UNUSED, curl_socket_t fd, int what, void *user, void *assigned) {
    struct pull *p = user;
    struct watched *w = assigned;
    if (what == CURL_POLL_REMOVE) {
        unwatch(p, fd, w);
        return 0;
    }
    if (!w) w = watch(p, fd);
    if (!w) return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&w->poll, events, on_ready) < 0 ? -1 : 0;
}

static void on_timeout(uv_timer_t *timer) {
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_set_timer(CURLM *multi GL_UNUSED, long ms, void *user) {
    struct pull *p = user;
    if (p->closing) return 0;
    return ms < 0 ? uv_timer_stop(&p->timeout) : uv_timer_start(&p->timeout, on_timeout, (uint64_t)(ms > 0 ? ms : 1), 0);
}

/* ---- asking -------------------------------------------------------------------------------------------------------------------------- */
static bool set_secret(struct pull *p) {
    const char *colon = strchr(p->secret, ':');
    if (!colon) return true;
    GL_CLEANUP(gl_buf_free) struct gl_buf user = GL_BUF(sizeof p->secret);
    gl_buf_add(&user, p->secret, (size_t)(colon - p->secret));
    return !user.failed && curl_easy_setopt(p->easy, CURLOPT_USERNAME, user.data ? user.data : "") == CURLE_OK &&
           curl_easy_setopt(p->easy, CURLOPT_PASSWORD, colon + 1) == CURLE_OK &&
           curl_easy_setopt(p->easy, CURLOPT_HTTPAUTH, (long)(CURLAUTH_DIGEST | CURLAUTH_BASIC)) == CURLE_OK;
}

static bool set_options(struct pull *p, const char *url) {
    CURL *e = p->easy;
    return curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK && curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)GL_CONNECT_WITHIN_MS) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)READ_SIZE) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERAGENT, "greenlane/" GREENLANE_VERSION) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, p) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, p) == CURLE_OK && set_secret(p);
}

static void on_too_long(uv_timer_t *timer) {
    lose(timer->data, false, "no answer within 20 s");
}

static void on_retry(uv_timer_t *timer) {
    struct pull *p = timer->data;
    GL_CLEANUP(gl_buf_free) struct gl_buf url = GL_BUF(512);
    const char *bracket = strchr(p->at.host, ':') ? "[" : ""; /* an IPv6 address */
    gl_buf_printf(&url, "http://%s%s%s:%u%s", bracket, p->at.host, bracket[0] ? "]" : "", p->at.port, p->at.path);
    p->refused = false;
    uv_timer_start(timer, on_too_long, 2 * GL_CONNECT_WITHIN_MS, 0);
    p->easy = curl_easy_init();
    if (!p->easy || url.failed || !set_options(p, url.data) || curl_multi_add_handle(p->multi, p->easy) != CURLM_OK)
        lose(p, false, "libcurl refuses this address");
}

static int pull_open(uv_loop_t *loop, const struct gl_address *at, const char *secret, const struct gl_carrier_events *events,
                     void *user, struct gl_carrier **ret) {
    struct pull *p = calloc(1, sizeof *p);
    if (!p) return -ENOMEM;
    *p = (struct pull){.base = {&gl_carrier_http_pull}, .loop = loop, .at = *at, .events = *events, .user = user, .handles = 2};
    int rc = gl_copy(p->secret, sizeof p->secret, secret);
    p->multi = rc < 0 ? NULL : curl_multi_init();
    if (!p->multi) {
        free(p);
        return rc < 0 ? rc : -ENOMEM;
    }
    curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
    curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_set_timer);
    curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
    uv_timer_init(loop, &p->retry);
    uv_timer_init(loop, &p->timeout);
    p->retry.data = p->timeout.data = p;
    uv_timer_start(&p->retry, on_retry, 0, 0);
    *ret = &p->base;
    return 0;
}

static void pull_drop(struct gl_carrier *base, const char *reason) {
    struct pull *p = (struct pull *)base;
    if (p->easy) lose(p, false, reason);
}

static void on_handle_closed(uv_handle_t *h) {
    struct pull *p = h->data;
    if (--p->handles == 0) free(p);
}

static void pull_close(struct gl_carrier *base) {
    struct pull *p = (struct pull *)base;
    if (p->closing) return;
    p->closing = true;
    end_transfer(p, false);
    curl_multi_cleanup(p->multi);
    uv_close((uv_handle_t *)&p->retry, on_handle_closed);
    uv_close((uv_handle_t *)&p->timeout, on_handle_closed);
}

const struct gl_carrier_ops gl_carrier_http_pull = {.open = pull_open, .drop = pull_drop, .close = pull_close};
