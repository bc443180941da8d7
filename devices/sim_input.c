/* Standard input and addresses for the simulators. Standard input is read as it comes; a command that cannot run yet waits here. */
#include "sim_input.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"

bool gl_sim_input_room(const struct gl_sim_input *in) {
    return !in->ended && in->len < sizeof in->text - 1;
}

void gl_sim_input_read(struct gl_sim_input *in) {
    ssize_t n = read(STDIN_FILENO, in->text + in->len, sizeof in->text - 1 - in->len);
    if (n > 0) in->len += (size_t)n;
    if (n == 0 || (n < 0 && errno != EINTR)) in->ended = true;
}

/* Bytes of the first line. Without its end it is one all the same when no more can come. */
static bool first(const struct gl_sim_input *in, size_t *ret_len, size_t *ret_used) {
    const char *nl = memchr(in->text, '\n', in->len);
    *ret_len = nl ? (size_t)(nl - in->text) : in->len;
    *ret_used = nl ? *ret_len + 1 : *ret_len;
    return in->len > 0 && (nl || !gl_sim_input_room(in));
}

bool gl_sim_input_line(const struct gl_sim_input *in, char *ret, size_t size) {
    size_t n, used;
    if (!first(in, &n, &used)) return false;
    if (n >= size) n = size - 1;
    memcpy(ret, in->text, n);
    ret[n > 0 && ret[n - 1] == '\r' ? n - 1 : n] = '\0';
    return true;
}

void gl_sim_input_drop(struct gl_sim_input *in) {
    size_t n, used;
    if (!first(in, &n, &used)) return;
    in->len -= used;
    memmove(in->text, in->text + used, in->len);
}

bool gl_sim_input_over(const struct gl_sim_input *in) {
    return in->ended && in->len == 0;
}

struct addrinfo *gl_sim_resolve(const char *at) {
    char host[64];
    const char *colon = strrchr(at, ':');
    size_t n = colon ? (size_t)(colon - at) : 0;
    bool brackets = n >= 2 && at[0] == '[' && at[n - 1] == ']';
    if (!colon || gl_copyn(host, sizeof host, at + brackets, n - 2u * brackets) < 0) return NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *list = NULL;
    return host[0] && getaddrinfo(host, colon + 1, &hints, &list) == 0 ? list : NULL;
}
