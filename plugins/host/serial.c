/* A serial line: raw, eight bits, no parity. A USB adapter that was pulled out comes back under the same name, so the node is opened again and again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "host/carrier.h"

enum { READ_SIZE = 4096, READS_PER_TURN = 16 };

struct serial {
    struct gl_carrier base;
    uv_loop_t *loop;
    struct gl_address at;
    struct gl_carrier_events events;
    void *user;
    uv_timer_t timer;
    struct line *line; /* NULL while closed */
    struct gl_backoff backoff;
};

/* One opening of the node; the loop owns it until it is closed. */
struct line {
    uv_poll_t poll;
    int fd;
    struct serial *owner;
};

static const struct {
    int64_t baud;
    speed_t speed;
} speeds[] = {{1200, B1200},   {2400, B2400},   {4800, B4800},     {9600, B9600},     {19200, B19200},
              {38400, B38400}, {57600, B57600}, {115200, B115200}, {230400, B230400}, {460800, B460800}};

static int set_raw(int fd, int64_t baud) {
    struct termios t;
    size_t i = 0;
    while (i < GL_COUNT(speeds) && speeds[i].baud != baud) i++;
    if (i == GL_COUNT(speeds)) return -EINVAL;
    if (tcgetattr(fd, &t) < 0) return -errno;
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL | CREAD;
    t.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    cfsetispeed(&t, speeds[i].speed);
    cfsetospeed(&t, speeds[i].speed);
    if (tcsetattr(fd, TCSANOW, &t) < 0) return -errno;
    tcflush(fd, TCIFLUSH); /* what lay there before belongs to no reading of ours */
    return 0;
}

static void on_line_closed(uv_handle_t *h) {
    free(h->data);
}
static void on_open(uv_timer_t *timer);

static void lose(struct serial *s, const char *cause) {
    if (s->line) {
        struct line *l = s->line;
        s->line = NULL;
        uv_close((uv_handle_t *)&l->poll, on_line_closed);
        gl_close_fd(&l->fd);
        s->events.end(s->user, false);
    }
    char reason[GL_DETAIL];
    gl_format(reason, sizeof reason, "serial line %s: %s", s->at.path, cause);
    s->events.down(s->user, reason);
    uv_timer_start(&s->timer, on_open, (uint64_t)gl_backoff_next(&s->backoff), 0);
}

static void on_ready(uv_poll_t *poll, int status, int events GL_UNUSED) {
    struct line *l = poll->data;
    struct serial *s = l->owner;
    uint8_t bytes[READ_SIZE];
    for (int i = 0; i < READS_PER_TURN && s->line == l; i++) {
        ssize_t n = read(l->fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN && status == 0) return;
        if (n <= 0) {
            lose(s, n == 0 || errno == EIO ? "gone: unplugged or hung up" : strerror(errno));
            return;
        }
        gl_backoff_reset(&s->backoff);
        if (s->events.bytes(s->user, bytes, (size_t)n) < 0 && s->line == l) lose(s, "dropped after input that was refused");
    }
}

static int open_node(struct serial *s) {
    GL_CLEANUP(gl_close_fd) int fd = open(s->at.path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return -errno;
    int rc = set_raw(fd, s->at.baud > 0 ? s->at.baud : 9600);
    if (rc < 0) return rc;
    struct line *l = calloc(1, sizeof *l);
    if (!l) return -ENOMEM;
    rc = uv_poll_init(s->loop, &l->poll, fd);
    if (rc < 0) {
        free(l);
        return rc;
    }
    l->poll.data = l;
    l->owner = s;
    l->fd = fd;
    fd = -1;
    s->line = l;
    return uv_poll_start(&l->poll, UV_READABLE, on_ready);
}

static void on_open(uv_timer_t *timer) {
    struct serial *s = timer->data;
    int rc = open_node(s);
    if (rc < 0 && !s->line) {
        lose(s, rc == -ENOTTY ? "not a serial line" : rc == -EINVAL ? "this speed is not possible: 1200 to 460800" : strerror(-rc));
        return;
    }
    s->events.begin(s->user, NULL);
    if (rc < 0)
        lose(s, strerror(-rc));
    else
        s->events.up(s->user);
}

static int serial_open(uv_loop_t *loop, const struct gl_address *at, const char *secret GL_UNUSED,
                       const struct gl_carrier_events *events, void *user, struct gl_carrier **ret) {
    struct serial *s = calloc(1, sizeof *s);
    if (!s) return -ENOMEM;
    *s = (struct serial){.base = {&gl_carrier_serial}, .loop = loop, .at = *at, .events = *events, .user = user};
    int rc = uv_timer_init(loop, &s->timer);
    if (rc < 0) {
        free(s);
        return rc;
    }
    s->timer.data = s;
    uv_timer_start(&s->timer, on_open, 0, 0);
    *ret = &s->base;
    return 0;
}

/* A serial line takes a command at once or not at all: commands are short, and half of one is worse than none. */
static int serial_send(struct gl_carrier *base, const void *bytes, size_t len) {
    struct serial *s = (struct serial *)base;
    if (!s->line) return -ENOTCONN;
    ssize_t n = write(s->line->fd, bytes, len);
    return n < 0 ? -errno : (size_t)n == len ? 0 : -ENOBUFS;
}

static void serial_drop(struct gl_carrier *base, const char *reason) {
    struct serial *s = (struct serial *)base;
    if (s->line) lose(s, reason);
}

static void on_timer_closed(uv_handle_t *h) {
    free(h->data);
}

static void serial_close(struct gl_carrier *base) {
    struct serial *s = (struct serial *)base;
    if (s->line) {
        uv_close((uv_handle_t *)&s->line->poll, on_line_closed);
        gl_close_fd(&s->line->fd);
        s->line = NULL;
    }
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

const struct gl_carrier_ops gl_carrier_serial = {serial_open, serial_send, serial_drop, serial_close, NULL};
