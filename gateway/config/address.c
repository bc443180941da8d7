/* Where a device is: gl_address_parse(). One table of forms; each takes the part behind its prefix. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "config/config.h"

struct form {
    const char *prefix;
    enum gl_transport transport;
    const char *example;
    int (*parse)(const char *rest, const struct gl_protocol *p, struct gl_address *a, struct gl_error *err);
};

static bool is_ip(const char *text) {
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_host(const char *text) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
    if (text[0] == '\0' || text[0] == '-' || text[0] == '.') return false;
    if (strspn(text, "0123456789.") == strlen(text)) return is_ip(text); /* four numbers up to 255, or no address */
    return strspn(text, letters) == strlen(text);
}

/* HOST, HOST:PORT, [IPV6] or [IPV6]:PORT within the first len bytes; port is left alone when none is written. */
static int parse_host(const char *text, size_t len, struct gl_address *a, struct gl_error *err) {
    char all[sizeof a->host + 8], *port = NULL, *host = all;
    if (gl_copyn(all, sizeof all, text, len) < 0) return gl_fail(err, -EINVAL, "a host name has at most 128 characters");
    if (all[0] == '[') {
        char *end = strchr(all, ']');
        if (!end || (end[1] != '\0' && end[1] != ':'))
            return gl_fail(err, -EINVAL, "'%s' lacks its ']'; write [2001:db8::1]:PORT", all);
        *end = '\0';
        host = all + 1;
        if (end[1] == ':') port = end + 2;
        if (!strchr(host, ':') || !is_ip(host)) return gl_fail(err, -EINVAL, "'%s' is no IPv6 address", host);
    } else {
        char *colon = strchr(all, ':');
        if (colon && strchr(colon + 1, ':')) return gl_fail(err, -EINVAL, "an IPv6 address needs brackets: write [%s]", all);
        if (colon) *colon = '\0';
        if (colon) port = colon + 1;
        if (!is_host(host)) return gl_fail(err, -EINVAL, "'%s' is no host name and no address", host);
    }
    int64_t number = a->port;
    if (port && gl_parse_int(port, 1, 65535, &number) < 0) return gl_fail(err, -EINVAL, "'%s' is no port; from 1 to 65535", port);
    a->port = (uint16_t)number;
    return gl_copy(a->host, sizeof a->host, host);
}

static int need_port(const struct gl_protocol *p, const struct gl_address *a, struct gl_error *err) {
    if (a->port != 0 || !p) return 0;
    return gl_fail(err, -EINVAL, "needs a port: protocol %s has none of its own; write HOST:PORT", p->name);
}

static int parse_tcp(const char *rest, const struct gl_protocol *p, struct gl_address *a, struct gl_error *err) {
    a->port = p ? p->port : 0;
    int rc = parse_host(rest, strlen(rest), a, err);
    return rc < 0 ? rc : need_port(p, a, err);
}

static int parse_listen_host(const char *text, size_t len, struct gl_address *a, struct gl_error *err) {
    int rc = parse_host(text, len, a, err);
    if (rc < 0) return rc;
    if (!is_ip(a->host))
        return gl_fail(err, -EINVAL, "'%s' is no address of this machine; write an IP address, or 0.0.0.0 for all", a->host);
    if (a->port == 0) return gl_fail(err, -EINVAL, "needs the port to listen on: write ADDRESS:PORT");
    return 0;
}

static int parse_tcp_listen(const char *rest, const struct gl_protocol *p GL_UNUSED, struct gl_address *a, struct gl_error *err) {
    return parse_listen_host(rest, strlen(rest), a, err);
}

static int parse_serial(const char *rest, const struct gl_protocol *p GL_UNUSED, struct gl_address *a, struct gl_error *err) {
    const char *query = strchr(rest, '?');
    if (rest[0] != '/') return gl_fail(err, -EINVAL, "a serial device is named by its full path: serial:/dev/ttyS0");
    if (gl_copyn(a->path, sizeof a->path, rest, query ? (size_t)(query - rest) : strlen(rest)) < 0)
        return gl_fail(err, -EINVAL, "a path has at most %d bytes", GL_PATH - 1);
    if (!query) return 0;
    if (strncmp(query, "?baud=", 6) != 0 || gl_parse_int(query + 6, 50, 4000000, &a->baud) < 0)
        return gl_fail(err, -EINVAL, "'%.40s' is not understood; write ?baud=9600", query);
    return 0;
}

/* An HTTP path: visible ASCII; `len` bytes of it. */
static int parse_path(const char *text, size_t len, struct gl_address *a, struct gl_error *err) {
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '#')
            return gl_fail(err, -EINVAL, "the path holds a character that HTTP does not carry");
    if (gl_copyn(a->path, sizeof a->path, text, len) < 0) return gl_fail(err, -EINVAL, "a path has at most %d bytes", GL_PATH - 1);
    return 0;
}

static int parse_http(const char *rest, const struct gl_protocol *p, struct gl_address *a, struct gl_error *err) {
    size_t len = strcspn(rest, "/?");
    a->port = p ? p->port : 0;
    int rc = parse_host(rest, len, a, err);
    if (rc == 0) rc = need_port(p, a, err);
    if (rc < 0) return rc;
    const char *path = rest[len] ? rest + len : p ? p->path : "";
    if (!path) return gl_fail(err, -EINVAL, "needs a path: protocol %s has none of its own; write http://HOST/PATH", p->name);
    if (path[0] == '?') return gl_fail(err, -EINVAL, "write a '/' before the '?'");
    return parse_path(path, strlen(path), a, err);
}

static int parse_http_listen(const char *rest, const struct gl_protocol *p GL_UNUSED, struct gl_address *a, struct gl_error *err) {
    size_t len = strcspn(rest, "/?");
    int rc = parse_listen_host(rest, len, a, err);
    if (rc < 0) return rc;
    const char *path = rest[len] == '/' ? rest + len : "/", *query = strchr(rest + len, '?');
    rc = parse_path(path, strcspn(path, "?"), a, err);
    if (rc < 0 || !query) return rc;
    if (strncmp(query, "?from=", 6) != 0 || !is_ip(query + 6) || gl_copy(a->from, sizeof a->from, query + 6) < 0)
        return gl_fail(err, -EINVAL, "'%.60s' is not understood; write ?from=ADDRESS with the IP address of the device", query);
    return 0;
}

/* What comes over the network as a video; ports are those of the schemes, unless written. */
static int parse_video(const char *scheme, uint16_t port, const char *rest, struct gl_address *a, struct gl_error *err) {
    size_t len = strcspn(rest, "/?");
    a->port = port;
    gl_clip(a->scheme, sizeof a->scheme, scheme);
    if (memchr(rest, '@', len)) return gl_fail(err, -EINVAL, "user and password do not belong into the address: set `secret`");
    int rc = parse_host(rest, len, a, err);
    if (rc < 0) return rc;
    if (rest[len] == '?') return gl_fail(err, -EINVAL, "write a '/' before the '?'");
    return parse_path(rest[len] ? rest + len : "/", rest[len] ? strlen(rest + len) : 1, a, err);
}

static int parse_rtsp(const char *rest, const struct gl_protocol *p GL_UNUSED, struct gl_address *a, struct gl_error *err) {
    return parse_video("rtsp", 554, rest, a, err);
}

static int parse_http_video(const char *rest, const struct gl_protocol *p GL_UNUSED, struct gl_address *a, struct gl_error *err) {
    return parse_video("http", 80, rest, a, err);
}

static int parse_v4l2(const char *rest, const struct gl_protocol *p GL_UNUSED, struct gl_address *a, struct gl_error *err) {
    gl_clip(a->scheme, sizeof a->scheme, "v4l2");
    if (rest[0] != '/') return gl_fail(err, -EINVAL, "a video device is named by its full path: v4l2:/dev/video0");
    return gl_copy(a->path, sizeof a->path, rest);
}

static int parse_file(const char *rest, const struct gl_protocol *p GL_UNUSED, struct gl_address *a, struct gl_error *err) {
    gl_clip(a->scheme, sizeof a->scheme, "file");
    if (rest[0] == '\0') return gl_fail(err, -EINVAL, "name a picture, a video or a folder of pictures: file:PATH");
    return gl_copy(a->path, sizeof a->path, rest);
}

static const struct form forms[] = {
    {"tcp://", GL_TRANSPORT_TCP_CONNECT, "tcp://HOST:PORT", parse_tcp},
    {"tcp-listen://", GL_TRANSPORT_TCP_LISTEN, "tcp-listen://ADDRESS:PORT", parse_tcp_listen},
    {"serial:", GL_TRANSPORT_SERIAL, "serial:/dev/NODE?baud=9600", parse_serial},
    {"http://", GL_TRANSPORT_HTTP_PULL, "http://HOST:PORT/PATH", parse_http},
    {"http-listen://", GL_TRANSPORT_HTTP_PUSH, "http-listen://ADDRESS:PORT/PATH?from=ADDRESS", parse_http_listen},
    {"rtsp://", GL_TRANSPORT_VIDEO, "rtsp://HOST:PORT/PATH", parse_rtsp},
    {"http://", GL_TRANSPORT_VIDEO, "http://HOST:PORT/PATH", parse_http_video},
    {"v4l2:", GL_TRANSPORT_VIDEO, "v4l2:/dev/video0", parse_v4l2},
    {"file:", GL_TRANSPORT_VIDEO, "file:PATH", parse_file},
};

static int fail_with_forms(const struct gl_protocol *p, struct gl_error *err, const char *what) {
    GL_CLEANUP(gl_buf_free) struct gl_buf list = GL_BUF(512);
    for (size_t i = 0; i < GL_COUNT(forms); i++) {
        bool told = list.len > 0 && strstr(list.data, forms[i].example); /* http:// is written alike for bytes and for video */
        if (!told && (!p || (p->transports & forms[i].transport)))
            gl_buf_printf(&list, "%s%s", list.len > 0 ? ", " : "", forms[i].example);
    }
    return gl_fail(err, -EINVAL, "%s; %s takes: %s", what, p ? p->name : "a device",
                   list.data && !list.failed ? list.data : "no address");
}

/* By its prefix; of two with the same, the one that the protocol takes. */
static const struct form *form_by_prefix(const char *at, const struct gl_protocol *p) {
    const struct form *found = NULL;
    for (size_t i = 0; i < GL_COUNT(forms); i++) {
        if (strncmp(at, forms[i].prefix, strlen(forms[i].prefix)) != 0) continue;
        if (!found || (p && !(p->transports & found->transport))) found = &forms[i];
    }
    return found;
}

/* The form of an address: by its prefix, or by its looks. Sets ret_rest to the part that the form takes. */
static const struct form *form_of(const char *at, const struct gl_protocol *p, const char **ret_rest) {
    const struct form *named = form_by_prefix(at, p);
    *ret_rest = named ? at + strlen(named->prefix) : at;
    if (named) return named;
    if (strstr(at, "://")) return NULL;
    if (strncmp(at, "/dev/", 5) == 0) return &forms[2];
    if (at[0] == '/') return NULL;
    bool http = p && !(p->transports & GL_TRANSPORT_TCP_CONNECT) && (p->transports & GL_TRANSPORT_HTTP_PULL);
    return http ? &forms[3] : &forms[0];
}

int gl_address_parse(const char *at, const struct gl_protocol *p, struct gl_address *ret, struct gl_error *err) {
    struct gl_address a = {0};
    const char *rest;
    if (strlen(at) >= GL_PATH) return gl_fail(err, -EINVAL, "an address has at most %d bytes", GL_PATH - 1);
    const struct form *f = form_of(at, p, &rest);
    if (!f) return fail_with_forms(p, err, "no known form of address");
    if (p && !(p->transports & f->transport)) return fail_with_forms(p, err, "this protocol is not reached that way");
    a.transport = f->transport;
    int rc = f->parse(rest, p, &a, err);
    if (rc < 0) return rc;
    *ret = a;
    return 0;
}

int gl_address_parse_listen(const char *at, struct gl_address *ret, struct gl_error *err) {
    struct gl_address a = {.transport = GL_TRANSPORT_TCP_LISTEN};
    if (strstr(at, "://")) return gl_fail(err, -EINVAL, "nothing stands before the address here: write ADDRESS:PORT");
    int rc = parse_listen_host(at, strlen(at), &a, err);
    if (rc < 0) return rc;
    *ret = a;
    return 0;
}
