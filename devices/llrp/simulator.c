/* greenlane-sim-llrp: an RFID reader that speaks LLRP 1.0.1, driven from standard input. One thread, one poll(). This file has the sockets and
 * the options; sim_reader.h leads to the reader itself. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "llrp/sim_reader.h"
#include "sim_input.h"

enum { RETRY_MS = 500, LINGER_MS = 2000, SPLIT_MS = 1, MOST_PIECE = 7, KEEPALIVE_MAX_MS = 24 * 3600 * 1000 };

struct rig {
    struct gl_sim sim;
    const char *listen_at, *connect_at;
    int listener, peer; /* descriptors or -1 */
    bool connecting, splits, merges, quit;
    int64_t retry_at, close_by, asleep_until; /* mono; close_by 0 = not closing */
    uint32_t noise;
    struct gl_sim_input input;
};

static const char help[] =
    "Usage: greenlane-sim-llrp [--listen ADDR:PORT] [--connect ADDR:PORT] [OPTION]...\n"
    "\n"
    "Plays an RFID reader with LLRP 1.0.1: any LLRP client can set it up and take inventory. It has one place for a client; a "
    "second one is\n"
    "turned away. ROSpecs, AccessSpecs, configuration and what was not reported yet outlast a connection, as in a real reader.\n"
    "\n"
    "  --listen ADDR:PORT   wait for the client (port 0: any; the port is printed)\n"
    "  --connect ADDR:PORT  call the client, again and again until it is there; both may be given\n"
    "  --antennas N         1 to 32 (4)\n"
    "  --max-rospecs N      how many ROSpecs it holds, 1 to 8 (1)\n"
    "  --keepalive MS       sends a KEEPALIVE so often, until a client sets another period (none)\n"
    "  --miss N             drops a client that leaves N keepalives unanswered (0: never)\n"
    "  --clock OFFSET_MS    its clock is that far from the true time; \"uptime\": it has none, and counts from its start\n"
    "  --no-hold            cannot withhold events and reports after a reconnect\n"
    "  --impinj             understands the extensions of that maker, as far as the link monitor\n"
    "  --v11                speaks LLRP 1.1 too, when it is asked to\n"
    "  --trace              prints a line for each message received and sent\n"
    "  --help               this text\n"
    "\n"
    "Commands come on standard input, one a line. Blank lines and lines that begin with # do nothing. The end of input ends the "
    "program.\n";
static const char printed[] =
    "\n"
    "Prints one line for each command (\"done\", \"failed\", \"without effect\"), and:\n"
    "  peer connected, peer gone, another peer is turned away\n"
    "  rospec N disabled|inactive|active|deleted, events and reports enabled, output N on|off\n"
    "  refused REQUEST: why\n"
    "\n"
    "Example: a vehicle with a tag passes the second antenna, at a reader that the gateway has as 127.0.0.1:5084\n"
    "  printf 'tag 3034257BF7194E4000001A85 antenna=2\\nsleep 1000\\n' | greenlane-sim-llrp --listen 127.0.0.1:5084\n";

/* ---- addresses ----------------------------------------------------------------------------------------------------------------------- */
static int open_listener(struct rig *r, struct gl_error *err) {
    struct addrinfo *a = gl_sim_resolve(r->listen_at);
    if (!a) return gl_fail(err, -EINVAL, "--listen %s: write it as 127.0.0.1:5084", r->listen_at);
    r->listener = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = setsockopt(r->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (rc == 0) rc = bind(r->listener, a->ai_addr, a->ai_addrlen);
    if (rc == 0) rc = listen(r->listener, 4);
    int saved = errno;
    freeaddrinfo(a);
    if (rc < 0) return gl_fail(err, -saved, "--listen %s: %s", r->listen_at, strerror(saved));
    struct sockaddr_storage got;
    socklen_t size = sizeof got;
    char port[8] = "";
    if (getsockname(r->listener, (struct sockaddr *)&got, &size) == 0)
        getnameinfo((struct sockaddr *)&got, size, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    gl_sim_say("listening on port %s", port);
    return 0;
}

/* ---- the peer ------------------------------------------------------------------------------------------------------------------------ */
static void peer_came(struct rig *r, bool dialled) {
    setsockopt(r->peer, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    r->connecting = false;
    r->close_by = 0;
    gl_sim_open(&r->sim, dialled);
}

static void peer_went(struct rig *r, bool reset) {
    struct linger abort = {1, 0};
    if (reset && r->peer >= 0) setsockopt(r->peer, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    gl_close_fd(&r->peer);
    r->connecting = false;
    r->close_by = 0;
    r->retry_at = r->sim.now.mono + RETRY_MS;
    gl_sim_gone(&r->sim);
}

static void call_peer(struct rig *r) {
    struct addrinfo *a = gl_sim_resolve(r->connect_at);
    r->retry_at = r->sim.now.mono + RETRY_MS;
    if (!a) return;
    r->peer = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = connect(r->peer, a->ai_addr, a->ai_addrlen);
    freeaddrinfo(a);
    if (rc == 0) {
        peer_came(r, true);
    } else if (errno == EINPROGRESS) {
        r->connecting = true;
    } else {
        peer_went(r, false);
    }
}

static void finish_call(struct rig *r) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(r->peer, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        peer_came(r, true);
    else
        peer_went(r, false);
}

static void accept_peer(struct rig *r) {
    int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    if (r->sim.connected) {
        GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(4096);
        gl_sim_refuse(&r->sim, &b);
        if (b.len > 0 && send(fd, b.data, b.len, MSG_NOSIGNAL) < 0) gl_sim_say("it went before it was told");
        gl_close_fd(&fd);
        return;
    }
    gl_close_fd(&r->peer); /* a call of our own that was not answered yet */
    r->peer = fd;
    peer_came(r, false);
}

static void read_peer(struct rig *r) {
    uint8_t bytes[16384];
    ssize_t n = recv(r->peer, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        peer_went(r, false);
    } else if (!r->sim.closing && gl_sim_bytes(&r->sim, bytes, (size_t)n) < 0) {
        r->sim.closing = true;
    }
}

/* One piece at a time when it splits: the rest waits for the next round. */
static void write_peer(struct rig *r) {
    struct gl_buf *b = &r->sim.out;
    if (b->failed) {
        gl_sim_say("the client takes nothing: it is dropped");
        peer_went(r, true);
        return;
    }
    if (b->len == 0 || r->merges) return;
    r->noise = r->noise * 1664525u + 1013904223u;
    size_t piece = r->splits ? 1 + (r->noise >> 24) % MOST_PIECE : b->len;
    ssize_t n = send(r->peer, b->data, piece < b->len ? piece : b->len, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n < 0) {
        peer_went(r, false);
        return;
    }
    b->len -= (size_t)n;
    memmove(b->data, b->data + n, b->len);
}

/* Closing waits until everything has been sent, but not for ever. */
static void close_when_sent(struct rig *r) {
    if (!r->sim.connected || !r->sim.closing) return;
    if (r->close_by == 0) r->close_by = r->sim.now.mono + LINGER_MS;
    if (r->sim.out.len > 0 && r->sim.now.mono < r->close_by) return;
    shutdown(r->peer, SHUT_WR);
    peer_went(r, false);
}

/* ---- commands ------------------------------------------------------------------------------------------------------------------------ */
static void obey(struct rig *r, const struct gl_sim_order *o) {
    switch (o->wish) {
        case GL_SIM_GO_ON: return;
        case GL_SIM_CLOSE: r->sim.closing = true; return;
        case GL_SIM_DROP: peer_went(r, true); return;
        case GL_SIM_SLEEP: r->asleep_until = r->sim.now.mono + o->ms; return;
        case GL_SIM_SPLIT: r->splits = o->on; return;
        case GL_SIM_MERGE: r->merges = o->on; return;
        case GL_SIM_QUIT: r->quit = true; return;
    }
}

static void run_lines(struct rig *r) {
    char line[GL_SIM_LINE];
    struct gl_sim_order order;
    while (!r->quit && r->sim.now.mono >= r->asleep_until && !r->sim.closing && gl_sim_input_line(&r->input, line, sizeof line)) {
        if (!gl_sim_command(&r->sim, line, &order)) return;
        obey(r, &order);
        gl_sim_input_drop(&r->input);
    }
}

/* ---- the loop ------------------------------------------------------------------------------------------------------------------------ */
static void sooner(int64_t *next, int64_t at) {
    if (at < *next) *next = at;
}

/* Does what is due; the milliseconds until something else is. */
static int run_timers(struct rig *r) {
    struct gl_sim *s = &r->sim;
    int drop = 0;
    if (r->connect_at && r->peer < 0 && s->now.mono >= r->retry_at) call_peer(r);
    int64_t next = gl_sim_tick(s, &drop);
    if (drop < 0) peer_went(r, false);
    if (r->connect_at && r->peer < 0) sooner(&next, r->retry_at);
    if (s->now.mono < r->asleep_until) sooner(&next, r->asleep_until);
    if (r->close_by) sooner(&next, r->close_by);
    if (r->splits && s->connected && s->out.len > 0 && !r->merges) sooner(&next, s->now.mono + SPLIT_MS);
    return next > s->now.mono ? (int)(next - s->now.mono) : 0;
}

static void turn(struct rig *r) {
    struct gl_sim *s = &r->sim;
    s->now = gl_now_read();
    run_lines(r);
    if (r->quit) return;
    int timeout = run_timers(r);
    if (s->connected) write_peer(r);
    close_when_sent(r);
    bool room = gl_sim_input_room(&r->input);
    bool blocked = s->connected && s->out.len > 0 && !r->splits && !r->merges;
    short wanted = r->connecting ? POLLOUT : (short)(POLLIN | (blocked ? POLLOUT : 0));
    struct pollfd p[] = {{room ? STDIN_FILENO : -1, POLLIN, 0}, {r->peer, wanted, 0}, {r->listener, POLLIN, 0}};
    if (poll(p, GL_COUNT(p), timeout) < 0) return;
    s->now = gl_now_read();
    if (p[0].revents) gl_sim_input_read(&r->input);
    if (p[1].revents && r->connecting)
        finish_call(r);
    else if (p[1].revents & (POLLIN | POLLHUP | POLLERR))
        read_peer(r);
    if (p[2].revents) accept_peer(r);
    if (s->connected) write_peer(r);
    close_when_sent(r);
}

static bool over(const struct rig *r) {
    bool unsent = r->sim.connected && r->sim.out.len > 0 && !r->merges;
    return r->quit || (gl_sim_input_over(&r->input) && !unsent && r->sim.now.mono >= r->asleep_until);
}

/* ---- options ------------------------------------------------------------------------------------------------------------------------- */
static const struct option options[] = {
    {"listen", 1, NULL, 'l'},    {"connect", 1, NULL, 'c'}, {"antennas", 1, NULL, 'a'}, {"max-rospecs", 1, NULL, 'r'},
    {"keepalive", 1, NULL, 'k'}, {"miss", 1, NULL, 'm'},    {"clock", 1, NULL, 'o'},    {"no-hold", 0, NULL, 'n'},
    {"impinj", 0, NULL, 'i'},    {"v11", 0, NULL, 'v'},     {"trace", 0, NULL, 't'},    {"help", 0, NULL, 'h'},
    {NULL, 0, NULL, 0}};

static int take_number(const char *name, int64_t min, int64_t max, int64_t *ret, struct gl_error *err) {
    if (gl_parse_int(optarg, min, max, ret) == 0) return 0;
    return gl_fail(err, -EINVAL, "--%s %s: a whole number from %" PRId64 " to %" PRId64 " is wanted", name, optarg, min, max);
}

static int take_clock(struct rig *r, struct gl_error *err) {
    const int64_t most = 100LL * 365 * 24 * 3600 * 1000;
    if (strcmp(optarg, "uptime") == 0) return r->sim.uptime = true, 0;
    if (gl_parse_int(optarg, -most, most, &r->sim.clock_offset_ms) == 0) return 0;
    return gl_fail(err, -EINVAL, "--clock %s: milliseconds from the true time, or \"uptime\", are wanted", optarg);
}

static int take_option(int o, struct rig *r, struct gl_error *err) {
    struct gl_sim *s = &r->sim;
    int64_t n = 0;
    int rc = 0;
    switch (o) {
        case 'l': r->listen_at = optarg; return 0;
        case 'c': r->connect_at = optarg; return 0;
        case 'a':
            rc = take_number("antennas", 1, GL_SIM_ANTENNAS, &n, err);
            s->antennas = (int)n;
            return rc;
        case 'r':
            rc = take_number("max-rospecs", 1, GL_SIM_ROSPECS, &n, err);
            s->max_rospecs = (int)n;
            return rc;
        case 'k': return take_number("keepalive", 10, KEEPALIVE_MAX_MS, &s->factory.keepalive_ms, err);
        case 'm':
            rc = take_number("miss", 0, 1000, &n, err);
            s->factory.misses = (int)n;
            return rc;
        case 'o': return take_clock(r, err);
        case 'n': s->can_hold = false; return 0;
        case 'i': s->impinj = true; return 0;
        case 'v': s->v11 = true; return 0;
        case 't': s->trace = true; return 0;
        case 'h': fputs(help, stdout), fputs(gl_sim_commands_help, stdout), fputs(printed, stdout); return 1;
        default: return gl_fail(err, -EINVAL, "--help shows the options");
    }
}

/* 0 = go on, 1 = nothing more to do. */
static int parse(int argc, char **argv, struct rig *r, struct gl_error *err) {
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int rc = take_option(o, r, err);
        if (rc != 0) return rc;
    }
    if (optind < argc) return gl_fail(err, -EINVAL, "%s: not understood; --help shows the options", argv[optind]);
    if (!r->listen_at && !r->connect_at) return gl_fail(err, -EINVAL, "--listen or --connect (ADDR:PORT) is needed; see --help");
    struct addrinfo *a = r->connect_at ? gl_sim_resolve(r->connect_at) : NULL;
    if (r->connect_at && !a) return gl_fail(err, -EINVAL, "--connect %s: write it as 127.0.0.1:5084", r->connect_at);
    if (a) freeaddrinfo(a);
    return 0;
}

int main(int argc, char **argv) {
    static struct rig r = {.listener = -1, .peer = -1, .noise = 1};
    struct gl_error err = {""};
    r.sim = (struct gl_sim){
        .antennas = 4,
        .max_rospecs = 1,
        .can_hold = true,
        .version = GL_LLRP_VERSION,
        .factory = {.events = 1u << GL_LLRP_ON_EXCEPTION | 1u << GL_LLRP_ON_ANTENNA, .report = {2, 1, 0x1600, 0}},
    };
    int rc = parse(argc, argv, &r, &err);
    if (rc < 0) fprintf(stderr, "greenlane-sim-llrp: %s\n", err.text);
    if (rc != 0) return rc < 0 ? 2 : 0;
    signal(SIGPIPE, SIG_IGN);
    r.sim.now = gl_now_read();
    r.sim.started = r.sim.now.mono;
    gl_sim_factory(&r.sim);
    if (r.listen_at) rc = open_listener(&r, &err);
    if (rc < 0) fprintf(stderr, "greenlane-sim-llrp: %s\n", err.text);
    while (rc == 0 && !over(&r)) turn(&r);
    peer_went(&r, false);
    for (int i = 0; i < GL_SIM_ROSPECS; i++) gl_buf_free(&r.sim.rospecs[i].raw);
    for (int i = 0; i < GL_SIM_ACCESSSPECS; i++) gl_buf_free(&r.sim.accessspecs[i].raw);
    return rc < 0 ? 1 : 0;
}
