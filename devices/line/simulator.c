/* greenlane-sim-line: a barcode reader of the protocol `line`, driven from standard input. It listens, connects, or stands behind a
 * pseudo-terminal; one thread, one poll(). Commands that send wait until a peer is there, so that a script may be piped in at once. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/time.h"
#include "sim_input.h"

enum { MOST_GARBAGE = 1 << 20, RETRY_MS = 500, HANGUP_POLL_MS = 50, SETTLE_MS = 200 };
enum way { WAY_NONE, WAY_LISTEN, WAY_CONNECT, WAY_PTY };

struct sim {
    enum way way;
    const char *at;             /* ADDR:PORT or link path */
    const char *before, *after; /* around each result */
    int listener, peer;         /* descriptors or -1; a pty's master is `peer` from the start */
    bool peer_there;
    int64_t peer_ready; /* mono: a serial peer first sets up its line, and that flushes it */
    int64_t retry_at, asleep_until;
    bool quit;
    uint32_t noise;
    struct gl_sim_input input;
};

static const char help[] =
    "Usage: greenlane-sim-line (--listen ADDR:PORT | --connect ADDR:PORT | --pty LINK) [--suffix cr|lf|crlf|none] [--stx-etx]\n"
    "\n"
    "Plays a barcode reader that sends text. Commands come on standard input, one a line:\n"
    "  code TEXT      send TEXT as one result\n"
    "  aim ]Q1 TEXT   the same with an AIM symbology identifier before it\n"
    "  noread         send NOREAD\n"
    "  raw HEX        send these bytes as they are: raw 41 42 0d\n"
    "  garbage N      send N bytes of noise, the same in every run\n"
    "  drop           close the connection; on a pty: unplug the reader and plug it in again\n"
    "  sleep MS       wait before the next command\n"
    "  quit           end at once\n"
    "Blank lines and lines that begin with # do nothing. Sending waits until a peer is there. The end of input ends the program.\n"
    "Prints \"peer connected\", \"peer gone\" and one line for each command done.\n"
    "\n"
    "  --listen ADDR:PORT   wait for the gateway (port 0: any; the port is printed)\n"
    "  --connect ADDR:PORT  connect to the gateway, again and again until it is there\n"
    "  --pty LINK           open a pseudo-terminal and make the symbolic link LINK to it, as a serial port for the gateway\n"
    "  --suffix WHICH       what ends a result: cr (default), lf, crlf, none\n"
    "  --stx-etx            put each result between STX and ETX instead\n"
    "\n"
    "Example: a reader that the gateway reaches at tcp://127.0.0.1:9004\n"
    "  printf 'code 26DE123456789012J2\\nsleep 1000\\n' | greenlane-sim-line --listen 127.0.0.1:9004\n";

static int64_t mono(void) {
    return gl_now_read().mono;
}

static void say(const char *text) {
    puts(text);
    fflush(stdout);
}

static int open_listener(struct sim *s, struct gl_error *err) {
    struct addrinfo *a = gl_sim_resolve(s->at);
    if (!a) return gl_fail(err, -EINVAL, "--listen %s: write it as 127.0.0.1:9004", s->at);
    s->listener = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (rc == 0) rc = bind(s->listener, a->ai_addr, a->ai_addrlen);
    if (rc == 0) rc = listen(s->listener, 1);
    int saved = errno;
    freeaddrinfo(a);
    if (rc < 0) return gl_fail(err, -saved, "--listen %s: %s", s->at, strerror(saved));
    struct sockaddr_storage got;
    socklen_t size = sizeof got;
    char port[8] = "";
    if (getsockname(s->listener, (struct sockaddr *)&got, &size) == 0)
        getnameinfo((struct sockaddr *)&got, size, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    printf("listening on port %s\n", port);
    fflush(stdout);
    return 0;
}

/* A pty whose link appears only when its slave side is raw. The slave is closed again: the master then hangs up until somebody opens it. */
static int open_pty(struct sim *s, struct gl_error *err) {
    s->peer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[64];
    if (s->peer < 0 || grantpt(s->peer) < 0 || unlockpt(s->peer) < 0 || ptsname_r(s->peer, name, sizeof name) != 0)
        return gl_fail(err, -errno, "cannot open a pseudo-terminal: %s", strerror(errno));
    GL_CLEANUP(gl_close_fd) int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;
    if (slave < 0 || tcgetattr(slave, &t) < 0) return gl_fail(err, -errno, "%s: %s", name, strerror(errno));
    cfmakeraw(&t);
    if (tcsetattr(slave, TCSANOW, &t) < 0) return gl_fail(err, -errno, "%s: %s", name, strerror(errno));
    char old[2];
    if (readlink(s->at, old, sizeof old) >= 0) unlink(s->at);
    if (symlink(name, s->at) < 0) return gl_fail(err, -errno, "--pty %s: %s", s->at, strerror(errno));
    return 0;
}

static void peer_came(struct sim *s, int64_t settle) {
    s->peer_there = true;
    s->peer_ready = mono() + settle;
    say("peer connected");
}

static void peer_went(struct sim *s) {
    if (s->peer_there) say("peer gone");
    s->peer_there = false;
    s->retry_at = mono() + RETRY_MS;
    if (s->way != WAY_PTY) gl_close_fd(&s->peer);
}

static void try_connect(struct sim *s) {
    struct addrinfo *a = gl_sim_resolve(s->at);
    if (!a) return;
    s->peer = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = s->peer < 0 ? -1 : connect(s->peer, a->ai_addr, a->ai_addrlen);
    freeaddrinfo(a);
    if (rc == 0) {
        peer_came(s, 0);
    } else {
        gl_close_fd(&s->peer);
        s->retry_at = mono() + RETRY_MS;
    }
}

/* Looks for a peer where none is, without waiting. */
static void look_for_peer(struct sim *s) {
    if (s->way == WAY_PTY) {
        struct pollfd p = {s->peer, POLLIN, 0};
        if (poll(&p, 1, 0) >= 0 && !(p.revents & POLLHUP)) peer_came(s, SETTLE_MS);
    } else if (s->way == WAY_CONNECT && mono() >= s->retry_at) {
        try_connect(s);
    }
}

static bool send_all(struct sim *s, const void *bytes, size_t len) {
    for (size_t done = 0; done < len;) {
        ssize_t n = write(s->peer, (const char *)bytes + done, len - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            peer_went(s);
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

static bool send_result(struct sim *s, const char *aim, const char *text) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(GL_SIM_LINE);
    gl_buf_text(&b, s->before);
    gl_buf_text(&b, aim);
    gl_buf_text(&b, text);
    gl_buf_text(&b, s->after);
    return !b.failed && (b.len == 0 || send_all(s, b.data, b.len));
}

static bool run_code(struct sim *s, const char *arg) {
    return send_result(s, "", arg);
}
static bool run_noread(struct sim *s, const char *arg GL_UNUSED) {
    return send_result(s, "", "NOREAD");
}

static bool run_aim(struct sim *s, const char *arg) {
    char aim[4];
    if (arg[0] != ']' || strlen(arg) < 4 || arg[3] != ' ' || gl_copyn(aim, sizeof aim, arg, 3) < 0) return false;
    return send_result(s, aim, arg + 4);
}

static bool run_raw(struct sim *s, const char *arg) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(GL_SIM_LINE);
    while (*arg) {
        if (*arg == ' ') {
            arg++;
            continue;
        }
        char pair[3] = {arg[0], arg[1], '\0'};
        if (strspn(pair, "0123456789abcdefABCDEF") != 2) return false;
        gl_buf_u8(&b, (uint8_t)strtoul(pair, NULL, 16));
        arg += 2;
    }
    return !b.failed && b.len > 0 && send_all(s, b.data, b.len);
}

static bool run_garbage(struct sim *s, const char *arg) {
    int64_t n;
    uint8_t block[256];
    if (gl_parse_int(arg, 1, MOST_GARBAGE, &n) < 0) return false;
    while (n > 0) {
        size_t part = n < (int64_t)sizeof block ? (size_t)n : sizeof block;
        for (size_t i = 0; i < part; i++) {
            s->noise = s->noise * 1664525u + 1013904223u;
            block[i] = (uint8_t)(s->noise >> 24);
        }
        if (!send_all(s, block, part)) return false;
        n -= (int64_t)part;
    }
    return true;
}

static bool run_drop(struct sim *s, const char *arg GL_UNUSED) {
    struct gl_error err;
    peer_went(s);
    if (s->way != WAY_PTY) return true;
    gl_close_fd(&s->peer);
    if (open_pty(s, &err) == 0) return true;
    fprintf(stderr, "greenlane-sim-line: %s\n", err.text);
    s->quit = true;
    return false;
}

static bool run_sleep(struct sim *s, const char *arg) {
    int64_t ms;
    if (gl_parse_int(arg, 0, 24 * 3600 * 1000, &ms) < 0) return false;
    s->asleep_until = mono() + ms;
    return true;
}

static bool run_quit(struct sim *s, const char *arg GL_UNUSED) {
    return s->quit = true;
}

static const struct command {
    const char *name;
    bool (*run)(struct sim *s, const char *arg);
    bool sends;
    const char *usage;
} commands[] = {
    {"code", run_code, true, "code TEXT"},
    {"aim", run_aim, true, "aim ]Q1 TEXT"},
    {"noread", run_noread, true, "noread"},
    {"raw", run_raw, true, "raw HEX, two digits a byte"},
    {"garbage", run_garbage, true, "garbage N, 1..1048576"},
    {"drop", run_drop, true, "drop"},
    {"sleep", run_sleep, false, "sleep MS"},
    {"quit", run_quit, false, "quit"},
};

static const struct command *find_command(const char *line) {
    for (size_t i = 0; i < GL_COUNT(commands); i++) {
        size_t n = strlen(commands[i].name);
        if (strncmp(line, commands[i].name, n) == 0 && (line[n] == ' ' || line[n] == '\0')) return &commands[i];
    }
    return NULL;
}

/* Runs one line. False when it has to wait for a peer. */
static bool run_line(struct sim *s, const char *line) {
    if (line[0] == '\0' || line[0] == '#') return true;
    const struct command *c = find_command(line);
    if (!c) {
        printf("unknown command: %s (code, aim, noread, raw, garbage, drop, sleep, quit)\n", line);
    } else if (c->sends && (!s->peer_there || mono() < s->peer_ready)) {
        return false;
    } else {
        const char *arg = line + strlen(c->name);
        bool done = c->run(s, *arg ? arg + 1 : arg);
        if (done) printf("done: %s\n", line);
        if (!done) printf("failed: %s (%s)\n", line, s->peer_there ? c->usage : "the peer is gone");
    }
    fflush(stdout);
    return true;
}

static void run_lines(struct sim *s) {
    char line[GL_SIM_LINE];
    while (!s->quit && mono() >= s->asleep_until && gl_sim_input_line(&s->input, line, sizeof line)) {
        if (!run_line(s, line)) return;
        gl_sim_input_drop(&s->input);
    }
}

/* What the peer sends (trigger commands, say) is read and thrown away. */
static void read_peer(struct sim *s) {
    char sink[1024];
    ssize_t n = read(s->peer, sink, sizeof sink);
    if (n == 0 || (n < 0 && errno != EINTR)) peer_went(s);
}

static void accept_peer(struct sim *s) {
    s->peer = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    if (s->peer >= 0) peer_came(s, 0);
}

static void turn(struct sim *s) {
    bool room = gl_sim_input_room(&s->input);
    struct pollfd p[] = {{room ? STDIN_FILENO : -1, POLLIN, 0},
                         {s->peer_there ? s->peer : -1, POLLIN, 0},
                         {s->peer_there ? -1 : s->listener, POLLIN, 0}};
    int64_t now = mono();
    bool waiting =
        s->input.len > 0 || !s->peer_there || now < s->asleep_until; /* for a peer, for its settling, or for the end of a sleep */
    int timeout = now < s->asleep_until && s->asleep_until - now < HANGUP_POLL_MS ? (int)(s->asleep_until - now) : HANGUP_POLL_MS;
    if (poll(p, GL_COUNT(p), waiting ? timeout : -1) < 0) return;
    if (p[0].revents) gl_sim_input_read(&s->input);
    if (p[1].revents) read_peer(s);
    if (p[2].revents) accept_peer(s);
    if (!s->peer_there) look_for_peer(s);
    run_lines(s);
}

static int parse(int argc, char **argv, struct sim *s) {
    static const struct option options[] = {{"listen", 1, NULL, 'l'}, {"connect", 1, NULL, 'c'}, {"pty", 1, NULL, 'p'},
                                            {"suffix", 1, NULL, 's'}, {"stx-etx", 0, NULL, 'x'}, {"help", 0, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    static const char *const suffixes[][2] = {{"cr", "\r"}, {"lf", "\n"}, {"crlf", "\r\n"}, {"none", ""}};
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        bool known = o != '?';
        if (o == 'h') {
            fputs(help, stdout);
            return 1;
        }
        if (o == 'l' || o == 'c' || o == 'p') {
            known = s->way == WAY_NONE;
            s->way = o == 'l' ? WAY_LISTEN : o == 'c' ? WAY_CONNECT : WAY_PTY;
            s->at = optarg;
        }
        if (o == 'x') s->before = "\x02", s->after = "\x03";
        if (o == 's') {
            known = false;
            for (size_t i = 0; i < GL_COUNT(suffixes); i++)
                if (strcmp(optarg, suffixes[i][0]) == 0) s->after = suffixes[i][1], known = true;
        }
        if (!known) return -EINVAL;
    }
    struct addrinfo *a = s->way == WAY_CONNECT ? gl_sim_resolve(s->at) : NULL;
    bool good = optind == argc && s->way != WAY_NONE && (s->way != WAY_CONNECT || a);
    if (a) freeaddrinfo(a);
    return good ? 0 : -EINVAL;
}

int main(int argc, char **argv) {
    static struct sim s = {.before = "", .after = "\r", .listener = -1, .peer = -1, .noise = 1};
    struct gl_error err = {""};
    int rc = parse(argc, argv, &s);
    if (rc < 0)
        fprintf(stderr, "greenlane-sim-line: one of --listen, --connect (ADDR:PORT) and --pty LINK is needed; see --help\n");
    if (rc != 0) return rc < 0 ? 2 : 0;
    signal(SIGPIPE, SIG_IGN);
    if (s.way == WAY_LISTEN) rc = open_listener(&s, &err);
    if (s.way == WAY_PTY) rc = open_pty(&s, &err);
    if (rc < 0) fprintf(stderr, "greenlane-sim-line: %s\n", err.text);
    while (rc == 0 && !s.quit && !(gl_sim_input_over(&s.input) && mono() >= s.asleep_until)) turn(&s);
    if (s.way == WAY_PTY && rc == 0) unlink(s.at);
    return rc < 0 ? 1 : 0;
}
