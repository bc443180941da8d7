/* Trying what a configuration names. A TCP connection is opened and closed again: nothing is said on it. */
#include "cli/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void tcp(struct gl_probe *p, const char *name) {
    p->kind = GL_PROBE_TCP;
    gl_clip(p->name, sizeof p->name, name);
    gl_format(p->what, sizeof p->what, "tcp %s:%u", p->address.host, p->address.port);
}

static void describe_device(const char *plugins, const struct gl_device_config *d, struct gl_probe *p) {
    struct gl_error err;
    const struct gl_plugin *plugin = NULL;
    const struct gl_protocol *protocol = NULL;
    gl_clip(p->name, sizeof p->name, d->id);
    gl_format(p->what, sizeof p->what, "%s", d->at);
    p->kind = GL_PROBE_NONE;
    /* For the protocol's default port: the plugin is at hand, the configuration was checked with it. */
    if (gl_plugin_load(plugins, d->plugin, &plugin, &err) == 0) protocol = gl_plugin_protocol(plugin, d->protocol);
    if (gl_address_parse(d->at, protocol, &p->address, &err) < 0) return;
    switch (p->address.transport) {
        case GL_TRANSPORT_TCP_CONNECT:
        case GL_TRANSPORT_HTTP_PULL: tcp(p, d->id); break;
        case GL_TRANSPORT_SERIAL:
            p->kind = GL_PROBE_NODE;
            gl_format(p->what, sizeof p->what, "serial %s", p->address.path);
            break;
        case GL_TRANSPORT_VIDEO:
            if (p->address.host[0])
                tcp(p, d->id);
            else
                p->kind = strcmp(p->address.scheme, "v4l2") == 0 ? GL_PROBE_NODE : GL_PROBE_NONE;
            break;
        case GL_TRANSPORT_TCP_LISTEN:
        case GL_TRANSPORT_HTTP_PUSH:
            gl_format(p->what, sizeof p->what, "waits for the device at port %u: not tried", p->address.port);
            break;
    }
}

static int add_chips(const struct gl_lane_config *l, struct gl_probe *list) {
    int n = 0;
    for (int i = 0; i < l->n_lines; i++) {
        const char *chip = l->lines[i].chip;
        bool known = false, sim = strncmp(chip, "sim:", 4) == 0;
        for (int k = 0; k < i && !known; k++) known = strcmp(l->lines[k].chip, chip) == 0;
        if (known) continue;
        struct gl_probe *p = &list[n++];
        p->kind = sim ? GL_PROBE_SOCKET : GL_PROBE_NODE;
        gl_clip(p->address.path, sizeof p->address.path, sim ? chip + 4 : chip);
        gl_format(p->name, sizeof p->name, "%.*s.gpio", GL_ID - 8, l->id);
        gl_format(p->what, sizeof p->what, "gpio chip %s", chip);
    }
    return n;
}

/* mqtt://HOST:PORT or mqtts://[IPV6]:PORT, as the configuration reader left it. */
static void describe_broker(const char *url, struct gl_probe *p) {
    const char *host = strstr(url, "://");
    struct gl_error err;
    char at[GL_PATH + 8];
    gl_format(at, sizeof at, "tcp%s", host ? host : "");
    p->kind = GL_PROBE_NONE;
    gl_clip(p->name, sizeof p->name, "broker");
    if (gl_address_parse(at, NULL, &p->address, &err) == 0) tcp(p, "broker");
}

int gl_probe_list(const struct gl_config *c, struct gl_probe *list) {
    int n = 0;
    if (c->mqtt.url[0]) describe_broker(c->mqtt.url, &list[n++]);
    for (int i = 0; i < c->n_lanes; i++) {
        for (int k = 0; k < c->lanes[i].n_devices; k++)
            if (!c->lanes[i].devices[k].shared) describe_device(c->paths.plugins, &c->lanes[i].devices[k], &list[n++]);
        n += add_chips(&c->lanes[i], list + n);
    }
    return n;
}

static int wait_connected(int fd) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int failed = 0;
    socklen_t len = sizeof failed;
    int n = poll(&p, 1, GL_PROBE_MS);
    if (n < 0) return -errno;
    if (n == 0) return -ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0 ? -errno : -failed;
}

static int connect_one(const struct addrinfo *a) {
    GL_CLEANUP(gl_close_fd) int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0) return -errno;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0) return 0;
    return errno == EINPROGRESS ? wait_connected(fd) : -errno;
}

static int try_tcp(const struct gl_address *a, struct gl_error *err) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    char port[8];
    gl_format(port, sizeof port, "%u", a->port);
    int rc = getaddrinfo(a->host, port, &hints, &list);
    if (rc != 0) return gl_fail(err, -ENOENT, "the name cannot be resolved: %s", gai_strerror(rc));
    rc = -ENOENT;
    for (const struct addrinfo *i = list; i && rc != 0; i = i->ai_next) rc = connect_one(i);
    freeaddrinfo(list);
    if (rc == -ETIMEDOUT) return gl_fail(err, rc, "no answer within %d s", GL_PROBE_MS / 1000);
    return rc < 0 ? gl_fail(err, rc, "%s", strerror(-rc)) : 0;
}

/* Opening a serial node would raise its lines, and a reader may restart on that: looking at it is enough. */
static int try_node(const char *path, mode_t kind, struct gl_error *err) {
    struct stat st;
    if (stat(path, &st) < 0) return gl_fail(err, -errno, "%s", strerror(errno));
    if ((st.st_mode & S_IFMT) != kind) return gl_fail(err, -ENODEV, "%s", kind == S_IFCHR ? "not a device node" : "not a socket");
    if (access(path, R_OK | W_OK) < 0)
        return gl_fail(err, -errno, "%s for this user; the gateway's own may still", strerror(errno));
    return 0;
}

int gl_probe_one(const struct gl_probe *p, struct gl_error *err) {
    switch (p->kind) {
        case GL_PROBE_TCP: return try_tcp(&p->address, err);
        case GL_PROBE_NODE: return try_node(p->address.path, S_IFCHR, err);
        case GL_PROBE_SOCKET: return try_node(p->address.path, S_IFSOCK, err);
        case GL_PROBE_NONE: return 0;
    }
    return 0;
}
