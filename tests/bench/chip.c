#include "chip.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { OPEN_S = 60 };

static void tell(struct chip *c, enum gl_wire_type type, enum bench_line line) {
    struct gl_wire_message m = {.version = GL_WIRE_VERSION, .type = type, .line = (uint8_t)line, .level = c->lines[line].level};
    if (send(c->client, &m, sizeof m, MSG_NOSIGNAL) != sizeof m) bench_die("bench-load: the chip's client is gone");
}

static void take(struct chip *c, const struct gl_wire_message *m, int64_t ns) {
    if (m->version != GL_WIRE_VERSION || m->line >= LINES) bench_die("bench-load: a strange message to the chip");
    switch ((enum gl_wire_type)m->type) {
        case GL_WIRE_CLAIM_INPUT:
        case GL_WIRE_CLAIM_OUTPUT:
            c->lines[m->line].claimed = true;
            c->lines[m->line].output = m->type == GL_WIRE_CLAIM_OUTPUT;
            tell(c, GL_WIRE_CLAIMED, m->line);
            break;
        case GL_WIRE_SET:
            if (c->lines[m->line].level != (bool)m->level) c->lines[m->line].changed_ns = ns;
            c->lines[m->line].level = m->level;
            break;
        case GL_WIRE_CLAIMED:
        case GL_WIRE_EDGE: bench_die("bench-load: a message to the chip that only a chip sends");
    }
}

void chip_look(struct chip *c) {
    struct gl_wire_message m;
    for (;;) {
        ssize_t n = recv(c->client, &m, sizeof m, MSG_DONTWAIT);
        int64_t ns = bench_ns();
        if (n < 0 && errno == EAGAIN) return;
        if (n != sizeof m) bench_die("bench-load: the chip's client is gone");
        take(c, &m, ns);
    }
}

void chip_open(struct chip *c, const char *path, enum bench_line output) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    *c = (struct chip){.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
    if (gl_copy(at.sun_path, sizeof at.sun_path, path) < 0) bench_die("bench-load: --chip: the path is too long");
    unlink(path);
    if (bind(c->listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(c->listener, 1) < 0)
        bench_die("bench-load: %s: %s", path, strerror(errno));
    struct pollfd p = {.fd = c->listener, .events = POLLIN};
    if (poll(&p, 1, OPEN_S * 1000) <= 0) bench_die("bench-load: nobody connects to the chip");
    c->client = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);
    p.fd = c->client;
    while (!c->lines[output].claimed) {
        if (poll(&p, 1, OPEN_S * 1000) <= 0) bench_die("bench-load: nobody claims the chip's line %d", output);
        chip_look(c);
    }
}

void chip_drive(struct chip *c, enum bench_line line, bool level) {
    c->lines[line].level = level;
    if (c->lines[line].claimed && !c->lines[line].output) tell(c, GL_WIRE_EDGE, line);
}

void chip_close(struct chip *c) {
    close(c->client);
    close(c->listener);
}
