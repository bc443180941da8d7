/* The simulated chip: a client of greenlane-sim-chip. It behaves as a kernel chip does: a line has one user at a time, a closed client
 * leaves its lines as they are, and a simulator that goes away is a chip pulled out. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/time.h"
#include "chip.h"
#include "chip/chip_wire.h"

enum { ANSWER_MS = 200 }; /* longest wait for the answer to a claim: opening is the only moment at which this file waits */

struct sim_line {
    bool claimed;
    bool active_low;
    bool level; /* logical: as last heard or set */
};

struct sim_chip {
    int fd;
    struct sim_line lines[GL_WIRE_LINES];
};

static int sim_open(const char *path, void **ret_chip, struct gl_error *err) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!*path || gl_copy(to.sun_path, sizeof(to.sun_path), path) < 0)
        return gl_fail(err, -EINVAL, "\"sim:\" wants the path of a socket after it, at most %zu bytes", sizeof(to.sun_path) - 1);

    GL_CLEANUP(gl_close_fd) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return gl_fail(err, -errno, "no socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        int code = errno;
        return gl_fail(err, -code, "no simulator at %s: %s; start greenlane-sim-chip --socket %s", path, strerror(code), path);
    }

    struct sim_chip *s = calloc(1, sizeof(*s));
    if (!s) return gl_fail(err, -ENOMEM, "out of memory");
    s->fd = fd;
    fd = -1;
    *ret_chip = s;
    return 0;
}

/* 1 = a message, 0 = none now, negative = the simulator is gone or talks nonsense. */
static int receive(struct sim_chip *s, struct gl_wire_message *ret, struct gl_error *err) {
    struct gl_wire_message m = {0};
    ssize_t n = recv(s->fd, &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n < 0) return gl_fail(err, -errno, "the simulator is gone: %s", strerror(errno));
    if (n == 0) return gl_fail(err, -ECONNRESET, "the simulator has closed the connection");
    if (n != sizeof(m) || m.version != GL_WIRE_VERSION || m.line >= GL_WIRE_LINES || m.level > 1)
        return gl_fail(err, -EPROTO, "a message of %zd bytes that this version does not understand came from the simulator", n);
    *ret = m;
    return 1;
}

static int transmit(struct sim_chip *s, enum gl_wire_type type, unsigned offset, bool level, struct gl_error *err) {
    struct gl_wire_message m = {.version = GL_WIRE_VERSION, .type = type, .line = (uint8_t)offset, .level = level};
    if (send(s->fd, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(m)) return 0;
    int code = errno;
    return gl_fail(err, -code, "line %u: the simulator does not take messages: %s", offset, strerror(code));
}

/* Takes note of an edge; true when it concerns a line of ours. */
static bool edge(struct sim_chip *s, const struct gl_wire_message *m) {
    struct sim_line *l = &s->lines[m->line];
    if (m->type != GL_WIRE_EDGE || !l->claimed) return false;
    l->level = (m->level != 0) != l->active_low;
    return true;
}

static int await_answer(struct sim_chip *s, unsigned offset, struct gl_wire_message *ret, struct gl_error *err) {
    int64_t until = gl_now_read().mono + ANSWER_MS;
    for (;;) {
        int r = receive(s, ret, err);
        if (r < 0) return r;
        if (r > 0 && ret->type == GL_WIRE_CLAIMED && ret->line == offset) return 0;
        if (r > 0) {
            edge(s, ret); /* of a line claimed before; the plugin sees the level when it looks at all lines */
            continue;
        }
        int64_t left = until - gl_now_read().mono;
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) == 0)
            return gl_fail(err, -ETIMEDOUT, "line %u: the simulator does not answer", offset);
    }
}

static int claim(struct sim_chip *s, enum gl_wire_type type, unsigned offset, bool active_low, bool *ret_level,
                 struct gl_error *err) {
    if (offset >= GL_WIRE_LINES)
        return gl_fail(err, -EINVAL, "line %u does not exist: the chip has lines 0 to %d", offset, GL_WIRE_LINES - 1);

    struct gl_wire_message answer;
    int r = transmit(s, type, offset, false, err);
    if (r == 0) r = await_answer(s, offset, &answer, err);
    if (r < 0) return r;
    if (answer.status == EBUSY) return gl_fail(err, -EBUSY, "line %u is in use by another client of the simulator", offset);
    if (answer.status != 0)
        return gl_fail(err, -EPROTO, "line %u: refused by the simulator with status %d", offset, (int)answer.status);

    struct sim_line *l = &s->lines[offset];
    *l = (struct sim_line){.claimed = true, .active_low = active_low, .level = (answer.level != 0) != active_low};
    *ret_level = l->level;
    return 0;
}

static int sim_claim_input(void *chip, unsigned offset, bool active_low, bool *ret_level, struct gl_error *err) {
    return claim(chip, GL_WIRE_CLAIM_INPUT, offset, active_low, ret_level, err);
}

static int sim_claim_output(void *chip, unsigned offset, bool active_low, bool *ret_level, struct gl_error *err) {
    return claim(chip, GL_WIRE_CLAIM_OUTPUT, offset, active_low, ret_level, err);
}

static struct sim_line *find(struct sim_chip *s, unsigned offset) {
    return offset < GL_WIRE_LINES && s->lines[offset].claimed ? &s->lines[offset] : NULL;
}

static int sim_get(void *chip, unsigned offset, bool *ret_level, struct gl_error *err) {
    const struct sim_line *l = find(chip, offset);
    if (!l) return gl_fail(err, -EINVAL, "line %u was never claimed", offset);
    *ret_level = l->level;
    return 0;
}

static int sim_set(void *chip, unsigned offset, bool level, struct gl_error *err) {
    struct sim_line *l = find(chip, offset);
    if (!l) return gl_fail(err, -EINVAL, "line %u was never claimed", offset);
    int r = transmit(chip, GL_WIRE_SET, offset, level != l->active_low, err);
    if (r == 0) l->level = level;
    return r;
}

static size_t sim_fds(void *chip, int *ret_fds, size_t max) {
    struct sim_chip *s = chip;
    if (max == 0) return 0;
    ret_fds[0] = s->fd;
    return 1;
}

static int sim_event(void *chip, int fd, struct gl_chip_event *ret, struct gl_error *err) {
    struct sim_chip *s = chip;
    struct gl_wire_message m = {0};
    int r = fd == s->fd ? receive(s, &m, err) : 0;
    if (r <= 0) return r;
    if (!edge(s, &m))
        return gl_fail(err, -EPROTO, "message type %u for line %u was not expected from the simulator", m.type, m.line);
    *ret = (struct gl_chip_event){m.line, s->lines[m.line].level};
    return 1;
}

static void sim_close(void *chip) {
    struct sim_chip *s = chip;
    if (!s) return;
    close(s->fd);
    free(s);
}

const struct gl_chip_ops gl_chip_sim = {
    .open = sim_open,
    .claim_input = sim_claim_input,
    .claim_output = sim_claim_output,
    .get = sim_get,
    .set = sim_set,
    .fds = sim_fds,
    .event = sim_event,
    .close = sim_close,
};
