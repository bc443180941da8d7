/* Where the simulated portal is reached: a TCP listener for one client at a time, or a pseudo-terminal. Nothing here waits: what a client does not take
 * is kept up to a limit, then the client is dropped. */
#pragma once
#include <poll.h>

#include "base/buf.h"

enum { SIM_PORT_QUEUE = 1 << 18, SIM_PORT_FDS = 2, SIM_PORT_LOOK_MS = 50 /* how often to look whether somebody opened the pty */ };

struct sim_port {
    const char *at;     /* ADDR:PORT, or the link's path */
    bool pty, off;      /* off: nobody can come */
    int listener, peer; /* descriptors or -1; a pty's master is `peer` from the start */
    bool there;         /* somebody is connected */
    int64_t ready_at;   /* mono: a serial peer first sets up its line, and that flushes it */
    struct gl_buf out;
    size_t sent; /* of out */
};

/* Listens, or opens the pseudo-terminal and makes the link. */
int sim_port_open(struct sim_port *s, struct gl_error *err) GL_MUST_USE;
/* Nobody is there any more, and nobody can come. */
void sim_port_close(struct sim_port *s);
/* Closes the connection; of a pty: unplugs it and plugs it in again. */
int sim_port_drop(struct sim_port *s, struct gl_error *err) GL_MUST_USE;
void sim_port_send(struct sim_port *s, const void *bytes, size_t len);

void sim_port_watch(const struct sim_port *s, struct pollfd fds[SIM_PORT_FDS]);
void sim_port_serve(struct sim_port *s, const struct pollfd fds[SIM_PORT_FDS], int64_t mono);
