/* What the simulators share: commands line by line from standard input, and numeric addresses. */
#pragma once
#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>

enum { GL_SIM_LINE = 65536 };

struct gl_sim_input {
    bool ended; /* nothing more will come */
    size_t len;
    char text[GL_SIM_LINE]; /* commands not run yet */
};

/* There is room for more, and more may come. */
bool gl_sim_input_room(const struct gl_sim_input *in);
/* Takes what standard input has; to be called when it can be read. */
void gl_sim_input_read(struct gl_sim_input *in);
/* The next command, without its end of line; what does not fit into size is cut. false: no whole line is there. It stays until it is dropped. */
bool gl_sim_input_line(const struct gl_sim_input *in, char *ret, size_t size);
void gl_sim_input_drop(struct gl_sim_input *in);
/* All commands were run. */
bool gl_sim_input_over(const struct gl_sim_input *in);

/* ADDR:PORT, numeric, with IPv6 in brackets; to be freed with freeaddrinfo(). NULL: it is none. */
struct addrinfo *gl_sim_resolve(const char *at);
