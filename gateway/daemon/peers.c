/* Who is on the other end of a socket. Each listener accepts one kind of peer, and each kind may send only its own message types. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

enum { DEVICE, LINK, CONTROL, LOADER };

static void stranger_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg);
static void stranger_closed(void *user, struct gl_ipc *ch, const char *reason);
static void control_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg);
static void control_closed(void *user, struct gl_ipc *ch, const char *reason);
static void link_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg);
static void link_closed(void *user, struct gl_ipc *ch, const char *reason);
static void loader_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg);
static void loader_closed(void *user, struct gl_ipc *ch, const char *reason);

static const struct gl_ipc_events device_events = {stranger_message, stranger_closed};
static const struct gl_ipc_events link_events = {link_message, link_closed};
static const struct gl_ipc_events control_events = {control_message, control_closed};
static const struct gl_ipc_events loader_events = {loader_message, loader_closed};

/* `user`: in production each kind of process has a user of its own (systemd/greenlane.sysusers.conf). A device that was taken over must not pass for
 * the link, and neither for an operator: where these users exist, each may use its own socket alone. */
static const struct {
    const char *name, *user; /* user "": nobody but our own */
    uint64_t accepts;
    const struct gl_ipc_events *events;
} kinds[] = {
    [DEVICE] = {"device.sock", "greenlane-device",
                GL_ACCEPT(GL_MSG_HELLO) | GL_ACCEPT(GL_MSG_READING) | GL_ACCEPT(GL_MSG_DEVICE_STATUS), &device_events},
    [LINK] = {"link.sock", "greenlane-link",
              GL_ACCEPT(GL_MSG_HELLO) | GL_ACCEPT(GL_MSG_PUBLISHED) | GL_ACCEPT(GL_MSG_LINK_STATE) | GL_ACCEPT(GL_MSG_FEED) |
                  GL_ACCEPT(GL_MSG_FEED_REFUSED) | GL_ACCEPT(GL_MSG_COMMAND),
              &link_events},
    [CONTROL] = {"control.sock", NULL, GL_ACCEPT(GL_MSG_HELLO) | GL_ACCEPT(GL_MSG_IMPORT) | GL_ACCEPT(GL_MSG_QUERY),
                 &control_events},
    [LOADER] = {"loader.sock", "", GL_ACCEPT(GL_MSG_HELLO) | GL_ACCEPT(GL_MSG_LOADED) | GL_ACCEPT(GL_MSG_FEED_REFUSED),
                &loader_events},
};
_Static_assert(GL_COUNT(kinds) == GL_SOCKETS, "a listener for each kind");

static struct device_peer *device_of(struct daemon *d, const struct gl_ipc *ch) {
    for (int i = 0; i < d->n_devices; i++)
        if (d->devices[i].ch == ch) return &d->devices[i];
    return NULL;
}

/* ---- strangers ---- */
/* They could come by the thousand: what is said of them is bounded. */
static void tell_of_stranger(struct daemon *d, int kind, const char *reason) {
    struct gl_log_quota *q = &d->strangers_told[kind];
    char more[48] = "";
    if (!gl_log_allowed(q, 20, 3000, d->now.mono)) return;
    if (q->dropped > 0) gl_format(more, sizeof more, " (and %llu more)", (unsigned long long)q->dropped);
    gl_log(GL_WARNING, "%s: a connection was ended: %s%s", kinds[kind].name, reason, more);
    q->dropped = 0;
}

static struct stranger *stranger_of(struct daemon *d, const struct gl_ipc *ch) {
    for (int i = 0; i < GL_MAX_STRANGERS; i++)
        if (d->strangers[i].ch == ch) return &d->strangers[i];
    return NULL;
}

/* It has said who it is. */
static void known(struct daemon *d, const struct gl_ipc *ch) {
    struct stranger *s = stranger_of(d, ch);
    if (s) s->ch = NULL;
}

static void stranger_gone(struct daemon *d, const struct gl_ipc *ch, const char *reason) {
    struct stranger *s = stranger_of(d, ch);
    if (!s) return;
    tell_of_stranger(d, s->kind, reason);
    s->ch = NULL;
}

static void accept_stranger(struct daemon *d, int kind, int fd) {
    struct stranger *s = stranger_of(d, NULL);
    if (!s) {
        tell_of_stranger(d, kind, "too many that do not say who they are");
        close(fd);
        return;
    }
    if (gl_ipc_open(&d->loop, fd, kinds[kind].accepts, kinds[kind].events, d, &s->ch) < 0) {
        s->ch = NULL;
        gl_log(GL_WARNING, "%s: a connection could not be taken", kinds[kind].name);
        return;
    }
    s->kind = kind;
    s->since_mono = d->now.mono;
}

void gl_peers_tick(struct daemon *d) {
    for (int i = 0; i < GL_MAX_STRANGERS; i++) {
        struct stranger *s = &d->strangers[i];
        if (s->ch && d->now.mono - s->since_mono >= GL_HELLO_WITHIN_MS) gl_ipc_close(s->ch, "it did not say who it is");
    }
}

/* ---- devices ---- */
static void stranger_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg) {
    struct daemon *d = user;
    struct device_peer *p = device_of(d, ch);
    d->now = gl_now_read();
    if (p && type != GL_MSG_HELLO)
        gl_devices_message(d, p, type, msg);
    else if (!p && type == GL_MSG_HELLO)
        gl_devices_connected(d, ch, msg);
    else
        gl_ipc_close(ch, p ? "said hello twice" : "spoke before its hello");
    if (device_of(d, ch)) known(d, ch);
}
static void stranger_closed(void *user, struct gl_ipc *ch, const char *reason) {
    struct daemon *d = user;
    struct device_peer *p = device_of(d, ch);
    d->now = gl_now_read();
    if (p) gl_devices_gone(d, p, reason);
    stranger_gone(d, ch, reason);
}

/* ---- the link ---- */
static void link_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg) {
    struct daemon *d = user;
    d->now = gl_now_read();
    const struct gl_msg_hello *hello = msg;
    bool greets = type == GL_MSG_HELLO && d->link != ch;
    if (greets && hello->version != GL_IPC_VERSION)
        gl_ipc_close(ch, "of another version: stop everything and start it again from one installation");
    else if (greets)
        gl_outbox_link_up(d, ch);
    else if (type == GL_MSG_HELLO || d->link != ch)
        gl_ipc_close(ch, "not the link that said hello");
    else
        gl_outbox_link_message(d, type, msg);
    if (d->link == ch) known(d, ch);
}
static void link_closed(void *user, struct gl_ipc *ch, const char *reason) {
    struct daemon *d = user;
    stranger_gone(d, ch, reason);
    if (d->link != ch) return;
    gl_log(GL_WARNING, "greenlane-link is gone (%s); messages wait in the journal", reason);
    gl_outbox_link_down(d);
}

/* ---- the loader ---- */
static void loader_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg) {
    struct daemon *d = user;
    d->now = gl_now_read();
    const struct gl_msg_hello *hello = msg;
    bool greets = type == GL_MSG_HELLO && d->loader != ch;
    if (greets && hello->version != GL_IPC_VERSION)
        gl_ipc_close(ch, "of another version: stop everything and start it again from one installation");
    else if (greets)
        gl_loader_up(d, ch);
    else if (type == GL_MSG_HELLO || d->loader != ch)
        gl_ipc_close(ch, "not the loader that said hello");
    else
        gl_loader_message(d, type, msg);
    if (d->loader == ch) known(d, ch);
}
static void loader_closed(void *user, struct gl_ipc *ch, const char *reason) {
    struct daemon *d = user;
    d->now = gl_now_read();
    stranger_gone(d, ch, reason);
    if (d->loader != ch) return;
    gl_log(GL_WARNING, "greenlane-loader is gone (%s); what it was loading is asked for again", reason);
    gl_loader_down(d);
}

/* ---- the operator's command ---- */
static void control_message(void *user, struct gl_ipc *ch GL_UNUSED, enum gl_message_type type, const void *msg) {
    struct control_peer *p = user;
    p->d->now = gl_now_read();
    gl_control_message(p->d, p, type, msg);
}
static void control_closed(void *user, struct gl_ipc *ch GL_UNUSED, const char *reason) {
    struct control_peer *p = user;
    /* Who asked and went is not worth a line; who sent what it may not is. */
    if (strncmp(reason, "it sent", 7) == 0) tell_of_stranger(p->d, CONTROL, reason);
    gl_keeping_gone(p->d, p);
    *p = (struct control_peer){.d = p->d};
}

/* The socket's mode lets our user and group in; here it is told apart who of them this is. */
static bool entitled(int kind, int fd) {
    struct ucred who = {0};
    socklen_t len = sizeof who;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0) return false;
    if (who.uid == 0 || who.uid == geteuid()) return true;
    bool allowed = kinds[kind].user == NULL;
    for (size_t k = 0; k < GL_COUNT(kinds); k++) {
        const struct passwd *pw = kinds[k].user && kinds[k].user[0] ? getpwnam(kinds[k].user) : NULL;
        if (pw && pw->pw_uid == who.uid) allowed = (int)k == kind;
    }
    if (!allowed) gl_log(GL_WARNING, "%s: uid %u (pid %d) may not use this socket", kinds[kind].name, who.uid, who.pid);
    return allowed;
}

static void name_user(int fd, char *ret, size_t size) {
    struct ucred who = {.uid = (uid_t)-1};
    socklen_t len = sizeof who;
    const struct passwd *pw = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 ? getpwuid(who.uid) : NULL;
    if (pw)
        gl_clip(ret, size, pw->pw_name);
    else
        gl_format(ret, size, "uid %u", who.uid);
}

static void accept_control(struct daemon *d, int fd) {
    for (int i = 0; i < GL_MAX_CONTROLS; i++) {
        struct control_peer *p = &d->controls[i];
        if (p->used) continue;
        *p = (struct control_peer){.d = d, .used = true};
        name_user(fd, p->who, sizeof p->who);
        if (gl_ipc_open(&d->loop, fd, kinds[CONTROL].accepts, &control_events, p, &p->ch) < 0) p->used = false;
        return;
    }
    gl_log(GL_WARNING, "control.sock: too many at once; one was turned away");
    close(fd);
}

static void on_connection(uv_poll_t *h, int status, int events GL_UNUSED) {
    struct daemon *d = h->data;
    int kind = (int)(h - d->listen);
    if (status < 0) return;
    d->now = gl_now_read();
    for (int i = 0; i < 16; i++) {
        int fd = accept4(d->listen_fd[kind], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        if (!entitled(kind, fd))
            close(fd);
        else if (kind == CONTROL)
            accept_control(d, fd);
        else
            accept_stranger(d, kind, fd);
    }
}

int gl_peers_open(struct daemon *d, struct gl_error *err) {
    for (int k = 0; k < (int)GL_COUNT(kinds); k++) {
        char path[GL_PATH * 2];
        gl_format(path, sizeof path, "%s/%s", d->config->paths.run, kinds[k].name);
        int fd = gl_ipc_listen(path, err);
        if (fd < 0) return fd;
        d->listen_fd[k] = fd;
        uv_poll_init(&d->loop, &d->listen[k], fd);
        d->listen[k].data = d;
        uv_poll_start(&d->listen[k], UV_READABLE, on_connection);
    }
    for (int i = 0; i < GL_MAX_CONTROLS; i++) d->controls[i].d = d;
    return 0;
}

void gl_peers_close(struct daemon *d) {
    for (int i = 0; i < d->n_devices; i++)
        if (d->devices[i].ch) gl_ipc_close(d->devices[i].ch, "greenlaned stops");
    for (int i = 0; i < GL_MAX_CONTROLS; i++)
        if (d->controls[i].used) gl_ipc_close(d->controls[i].ch, "greenlaned stops");
    if (d->link) gl_ipc_close(d->link, "greenlaned stops");
    if (d->loader) gl_ipc_close(d->loader, "greenlaned stops");
    for (int i = 0; i < GL_MAX_STRANGERS; i++) {
        struct gl_ipc *ch = d->strangers[i].ch;
        d->strangers[i].ch = NULL;
        if (ch) gl_ipc_close(ch, "greenlaned stops");
    }
    for (int k = 0; k < (int)GL_COUNT(kinds); k++) {
        char path[GL_PATH * 2];
        gl_format(path, sizeof path, "%s/%s", d->config->paths.run, kinds[k].name);
        uv_poll_stop(&d->listen[k]);
        uv_close((uv_handle_t *)&d->listen[k], NULL);
        close(d->listen_fd[k]);
        unlink(path);
    }
}
