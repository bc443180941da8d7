/* greenlane-sim-chip: a GPIO chip that exists in this process alone.
 *
 * It serves any number of lanes over a socket (chip_wire.h), is told by standard input what the loops and switches say, and prints what
 * the lamps and barriers are told. It is as stubborn as a real chip: a line has one user at a time, and a client that dies leaves its
 * lines as they are. Against just that, a lane may have a relay (--relay) that watches the heartbeat line from outside. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"
#include "base/time.h"
#include "chip/chip_wire.h"

enum { LINES = GL_WIRE_LINES, CLIENTS = 16, RELAYS = 16, NAME = 33, INPUT = 1024, NOBODY = -1, NONE = -1 };
enum { LAMP_RED, LAMP_GREEN, LAMP_BARRIER, LAMPS };
enum { SLOT_SIGNAL, SLOT_LISTEN, SLOT_STDIN, SLOT_CLIENTS, SLOTS = SLOT_CLIENTS + CLIENTS };

struct line {
    bool level;
    bool output;       /* driven by its owner, now or before it went away */
    int owner;         /* client, or NOBODY */
    int64_t pulse_end; /* 0 = no pulse */
    char name[NAME];
};

struct relay {
    int beat;         /* the heartbeat line */
    int64_t ms;       /* the longest pause that it bears */
    int lamps[LAMPS]; /* the lines that it guards, or NONE */
    int shown[LAMPS]; /* what these lamps show; NONE = not printed yet */
    bool closed;
    int64_t toggled_at; /* 0 = never */
};

struct sim {
    const char *name, *path;
    int signals, listener;
    bool stdin_open, skipping, quit;
    int64_t resume_at; /* `sleep`: no command before */
    size_t input_len, n_relays;
    char input[INPUT];
    int clients[CLIENTS]; /* descriptors, or -1 */
    struct line lines[LINES];
    struct relay relays[RELAYS];
};

static const char help[] =
    "greenlane-sim-chip --socket PATH [--name NAME] [--names LIST] [--relay SPEC]...\n"
    "\n"
    "A GPIO chip with 64 lines, in software: loops, switches, lamps and barriers for lanes without hardware.\n"
    "In the configuration of a lane it is the chip \"sim:PATH\"; several lanes may share it, each with lines of its own.\n"
    "\n"
    "  --socket PATH   where clients connect (AF_UNIX, SOCK_SEQPACKET)\n"
    "  --name NAME     how the chip calls itself (gpiochip-sim)\n"
    "  --names LIST    names for lines: \"4=in-1.entry,8=in-1.red,9=in-1.green\"; commands take them, output carries them\n"
    "  --relay SPEC    N:MS[:red=N,green=N,barrier=N], up to 16 times: a relay that watches heartbeat line N from outside. When\n"
    "                  N stands still for more than MS milliseconds, it opens: red is lit, green cut off, the barrier no longer\n"
    "                  rises (one that stands up stays up until its line drops). It closes when N toggles twice within MS.\n"
    "                  A healthy gateway toggles every 250 ms, so 1000 is a good MS.\n"
    "  --help          this text\n"
    "\n"
    "Commands, one a line, on standard input (its end does not end the program):\n"
    "  set N 0|1       drives input N, by number or name\n"
    "  pulse N MS      input N becomes 1, and 0 again after MS milliseconds\n"
    "  get N           prints GET N LEVEL\n"
    "  watch           prints where every output stands now; changes are printed anyway\n"
    "  sleep MS        waits before the next command\n"
    "  quit            ends, as SIGTERM does\n"
    "\n"
    "Printed, one a line, at once:\n"
    "  READY NAME PATH       clients may connect\n"
    "  IN N LEVEL [NAME]     an input changed\n"
    "  OUT N LEVEL [NAME]    a client changed an output (a relay's heartbeat line is left out)\n"
    "  GET N LEVEL [NAME]    the answer to `get`\n"
    "  RELAY N open|closed   the relay on heartbeat line N; open at start\n"
    "  LAMP N LEVEL [NAME]   what a line guarded by a relay really shows, after the relay had its say\n"
    "Errors go to standard error and stop nothing.\n"
    "\n"
    "Example: a vehicle drives over the entry loop (line 4), and three seconds later leaves over the exit loop (line 5):\n"
    "  printf 'pulse 4 800\\nsleep 3000\\npulse 5 800\\n' | greenlane-sim-chip --socket /tmp/chip0\n";

static void say(const struct sim *s, const char *what, int n, int level) {
    const char *name = s->lines[n].name;
    printf("%s %d %d%s%s\n", what, n, level, *name ? " " : "", name);
    fflush(stdout);
}

static void complain(const char *what, const char *detail) {
    fprintf(stderr, "greenlane-sim-chip: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
}

/* ---- relays ---- */

static void relay_show(struct sim *s, struct relay *r) {
    for (int i = 0; i < LAMPS; i++) {
        if (r->lamps[i] == NONE) continue;
        int level = s->lines[r->lamps[i]].level;
        if (!r->closed && i == LAMP_RED) level = 1;
        if (!r->closed && i == LAMP_GREEN) level = 0;
        if (!r->closed && i == LAMP_BARRIER) level = level && r->shown[i] == 1;
        if (level == r->shown[i]) continue;
        r->shown[i] = level;
        say(s, "LAMP", r->lamps[i], level);
    }
}

static void relay_turn(struct sim *s, struct relay *r, bool closed) {
    r->closed = closed;
    printf("RELAY %d %s\n", r->beat, closed ? "closed" : "open");
    fflush(stdout);
    relay_show(s, r);
}

static bool is_heartbeat(const struct sim *s, int n) {
    for (size_t i = 0; i < s->n_relays; i++)
        if (s->relays[i].beat == n) return true;
    return false;
}

static void relays_see(struct sim *s, int n, int64_t mono) {
    for (size_t i = 0; i < s->n_relays; i++) {
        struct relay *r = &s->relays[i];
        if (r->beat == n) {
            bool alive = r->toggled_at && mono - r->toggled_at <= r->ms;
            r->toggled_at = mono;
            if (alive && !r->closed) relay_turn(s, r, true);
        }
        relay_show(s, r);
    }
}

/* ---- lines ---- */

static void drop_client(struct sim *s, int client) {
    close(s->clients[client]);
    s->clients[client] = -1;
    for (int i = 0; i < LINES; i++)
        if (s->lines[i].owner == client) s->lines[i].owner = NOBODY;
}

/* A client that takes no messages is cut off: nothing piles up here. */
static void tell(struct sim *s, int client, enum gl_wire_type type, int n, int status) {
    struct gl_wire_message m = {
        .version = GL_WIRE_VERSION, .type = type, .line = (uint8_t)n, .level = s->lines[n].level, .status = status};
    if (send(s->clients[client], &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(m)) return;
    complain("a client does not take its messages and is cut off", strerror(errno));
    drop_client(s, client);
}

static void line_change(struct sim *s, int n, bool level, int64_t mono) {
    struct line *l = &s->lines[n];
    if (l->level == level) return;
    l->level = level;
    if (!l->output)
        say(s, "IN", n, level);
    else if (!is_heartbeat(s, n))
        say(s, "OUT", n, level);
    if (!l->output && l->owner != NOBODY) tell(s, l->owner, GL_WIRE_EDGE, n, 0);
    relays_see(s, n, mono);
}

/* ---- clients ---- */

static void on_claim(struct sim *s, int client, int n, bool output) {
    struct line *l = &s->lines[n];
    bool busy = l->owner != NOBODY;
    if (!busy) {
        l->owner = client;
        l->output = output;
    }
    tell(s, client, GL_WIRE_CLAIMED, n, busy ? EBUSY : 0);
}

static void on_message(struct sim *s, int client, const struct gl_wire_message *m, int64_t mono) {
    struct line *l = &s->lines[m->line];
    switch (m->type) {
        case GL_WIRE_CLAIM_INPUT:
        case GL_WIRE_CLAIM_OUTPUT: on_claim(s, client, m->line, m->type == GL_WIRE_CLAIM_OUTPUT); return;
        case GL_WIRE_SET:
            if (l->owner == client && l->output) {
                line_change(s, m->line, m->level, mono);
                return;
            }
            complain("a client sets a line that it has not claimed as an output, and is cut off", NULL);
            drop_client(s, client);
            return;
        default: complain("a client sent a message of unknown type, and is cut off", NULL); drop_client(s, client);
    }
}

static void read_client(struct sim *s, int client, int64_t mono) {
    struct gl_wire_message m;
    ssize_t n = recv(s->clients[client], &m, sizeof(m), MSG_DONTWAIT | MSG_TRUNC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n == sizeof(m) && m.version == GL_WIRE_VERSION && m.line < LINES && m.level <= 1) {
        on_message(s, client, &m, mono);
        return;
    }
    if (n > 0) complain("a client sent something else than a message of this version, and is cut off", NULL);
    drop_client(s, client);
}

static void accept_client(struct sim *s) {
    int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    for (int i = 0; i < CLIENTS; i++) {
        if (s->clients[i] >= 0) continue;
        s->clients[i] = fd;
        return;
    }
    complain("one client too many is turned away", NULL);
    close(fd);
}

/* ---- commands ---- */

static int find_line(const struct sim *s, const char *word) {
    int64_t n;
    if (gl_parse_int(word, 0, LINES - 1, &n) == 0) return (int)n;
    for (int i = 0; i < LINES; i++)
        if (*s->lines[i].name && strcmp(s->lines[i].name, word) == 0) return i;
    complain("no such line (0 to 63, or a name given by --names)", word);
    return NONE;
}

/* The input that a command may drive. */
static int find_input(const struct sim *s, const char *word) {
    int n = find_line(s, word);
    if (n == NONE || !s->lines[n].output) return n;
    complain("the line is an output of a client, and cannot be driven from outside", word);
    return NONE;
}

static bool number(const char *word, int64_t max, int64_t *ret) {
    if (gl_parse_int(word, 0, max, ret) == 0) return true;
    complain("not a whole number in range", word);
    return false;
}

static void do_set(struct sim *s, char **word, int64_t mono) {
    int64_t level;
    int n = find_input(s, word[1]);
    if (n == NONE || !number(word[2], 1, &level)) return;
    s->lines[n].pulse_end = 0;
    line_change(s, n, level != 0, mono);
}

static void do_pulse(struct sim *s, char **word, int64_t mono) {
    int64_t ms;
    int n = find_input(s, word[1]);
    if (n == NONE || !number(word[2], 3600000, &ms)) return;
    s->lines[n].pulse_end = mono + ms;
    line_change(s, n, true, mono);
}

static void do_get(struct sim *s, char **word, int64_t mono GL_UNUSED) {
    int n = find_line(s, word[1]);
    if (n != NONE) say(s, "GET", n, s->lines[n].level);
}

static void do_watch(struct sim *s, char **word GL_UNUSED, int64_t mono GL_UNUSED) {
    for (int i = 0; i < LINES; i++)
        if (s->lines[i].output && !is_heartbeat(s, i)) say(s, "OUT", i, s->lines[i].level);
}

static void do_sleep(struct sim *s, char **word, int64_t mono) {
    int64_t ms;
    if (number(word[1], 3600000, &ms)) s->resume_at = mono + ms;
}

static void do_quit(struct sim *s, char **word GL_UNUSED, int64_t mono GL_UNUSED) {
    s->quit = true;
}

static const struct command {
    const char *name;
    int words;
    void (*run)(struct sim *s, char **word, int64_t mono);
} commands[] = {
    {"set", 3, do_set},     {"pulse", 3, do_pulse}, {"get", 2, do_get},
    {"watch", 1, do_watch}, {"sleep", 2, do_sleep}, {"quit", 1, do_quit},
};

static void run_command(struct sim *s, char *text, int64_t mono) {
    char *word[4];
    int n = 0;
    for (char *w; n < 4 && (w = strsep(&text, " \t\r"));)
        if (*w) word[n++] = w;
    if (n == 0 || *word[0] == '#') return;

    for (size_t i = 0; i < GL_COUNT(commands); i++) {
        if (strcmp(word[0], commands[i].name) != 0) continue;
        if (n == commands[i].words)
            commands[i].run(s, word, mono);
        else
            complain("a command with too few or too many words; --help shows them", word[0]);
        return;
    }
    complain("unknown command (set, pulse, get, watch, sleep, quit)", word[0]);
}

static bool asleep(const struct sim *s, int64_t mono) {
    return mono < s->resume_at;
}

/* Runs what stands complete in the buffer, up to a `sleep`. */
static void run_input(struct sim *s, int64_t mono) {
    char *end;
    while (!s->quit && !asleep(s, mono) && (end = memchr(s->input, '\n', s->input_len))) {
        *end = '\0';
        if (!s->skipping) run_command(s, s->input, mono);
        s->skipping = false;
        s->input_len -= (size_t)(end + 1 - s->input);
        memmove(s->input, end + 1, s->input_len);
    }
}

static void read_stdin(struct sim *s) {
    ssize_t n = read(STDIN_FILENO, s->input + s->input_len, sizeof(s->input) - 1 - s->input_len);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n > 0) {
        s->input_len += (size_t)n;
    } else {
        s->stdin_open = false;
        s->input[s->input_len++] = '\n'; /* there is room: one byte is kept for it */
    }
    if (s->input_len == sizeof(s->input) - 1 && !memchr(s->input, '\n', s->input_len)) {
        if (!s->skipping) complain("a command longer than 1000 bytes is left out", NULL);
        s->skipping = true;
        s->input_len = 0;
    }
}

/* ---- time ---- */

static void sooner(int64_t *next, int64_t at) {
    if (at < *next) *next = at;
}

/* Does what is due, and returns the milliseconds until something else is, at most a minute. */
static int run_timers(struct sim *s, int64_t mono) {
    int64_t next = mono + 60000;
    for (int i = 0; i < LINES; i++) {
        struct line *l = &s->lines[i];
        if (l->pulse_end && l->pulse_end <= mono) {
            l->pulse_end = 0;
            if (!l->output) line_change(s, i, false, mono);
        }
        if (l->pulse_end) sooner(&next, l->pulse_end);
    }
    for (size_t i = 0; i < s->n_relays; i++) {
        struct relay *r = &s->relays[i];
        if (r->closed && mono - r->toggled_at > r->ms) relay_turn(s, r, false);
        if (r->closed) sooner(&next, r->toggled_at + r->ms + 1);
    }
    if (asleep(s, mono)) sooner(&next, s->resume_at);
    return (int)(next - mono);
}

/* ---- options ---- */

static int split_number(char *text, int64_t min, int64_t max) {
    int64_t n;
    return text && gl_parse_int(text, min, max, &n) == 0 ? (int)n : NONE;
}

static bool parse_names(struct sim *s, const char *list) {
    char copy[4096];
    if (gl_copy(copy, sizeof(copy), list) < 0) return false;
    for (char *rest = copy, *item; (item = strsep(&rest, ","));) {
        char *name = item;
        int n = split_number(strsep(&name, "="), 0, LINES - 1);
        if (n == NONE || !name || !*name || strpbrk(name, " \t") || gl_copy(s->lines[n].name, NAME, name) < 0) return false;
    }
    return true;
}

static bool parse_lamps(struct relay *r, char *list) {
    static const char *const lamp_names[LAMPS] = {"red", "green", "barrier"};
    for (char *item; (item = strsep(&list, ","));) {
        char *value = item;
        const char *key = strsep(&value, "=");
        int n = split_number(value, 0, LINES - 1), lamp = 0;
        while (lamp < LAMPS && strcmp(key, lamp_names[lamp]) != 0) lamp++;
        if (lamp == LAMPS || n == NONE || r->lamps[lamp] != NONE) return false;
        r->lamps[lamp] = n;
    }
    return true;
}

static bool parse_relay(struct sim *s, const char *spec) {
    char copy[128], *rest = copy;
    if (s->n_relays == RELAYS || gl_copy(copy, sizeof(copy), spec) < 0) return false;
    struct relay *r = &s->relays[s->n_relays];
    *r = (struct relay){.lamps = {NONE, NONE, NONE}, .shown = {NONE, NONE, NONE}};
    r->beat = split_number(strsep(&rest, ":"), 0, LINES - 1);
    r->ms = split_number(strsep(&rest, ":"), 1, 3600000);
    if (r->beat == NONE || r->ms == NONE || (rest && !parse_lamps(r, rest))) return false;
    s->n_relays++;
    return true;
}

static int usage(const char *what, const char *value, const char *right) {
    fprintf(stderr, "greenlane-sim-chip: %s %s: %s\n", what, value, right);
    return 2;
}

/* 0 = go on, positive = exit code + 1. */
static int parse_options(struct sim *s, int argc, char **argv) {
    static const struct option options[] = {{"socket", required_argument, NULL, 's'}, {"name", required_argument, NULL, 'n'},
                                            {"names", required_argument, NULL, 'N'},  {"relay", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},         {0}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 's') s->path = optarg;
        if (c == 'n') s->name = optarg;
        if (c == 'N' && !parse_names(s, optarg))
            return 1 + usage("--names", optarg, "wanted: \"8=in-1.red,9=in-1.green\", lines 0 to 63");
        if (c == 'r' && !parse_relay(s, optarg))
            return 1 + usage("--relay", optarg, "wanted: N:MS[:red=N,green=N,barrier=N], lines 0 to 63, at most 16 relays");
        if (c == 'h') return fputs(help, stdout), 1;
        if (c == '?') return 3;
    }
    if (optind < argc) return 1 + usage("argument", argv[optind], "not understood; --help shows the options");
    if (!s->path) return 1 + usage("--socket", "is missing", "where are clients to connect? --help shows the options");
    return 0;
}

/* ---- the loop ---- */

/* A socket file left by a dead simulator is replaced, one that answers is not. */
static int listen_at(const char *path, struct gl_error *err) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (gl_copy(at.sun_path, sizeof(at.sun_path), path) < 0) return gl_fail(err, -EINVAL, "the path is too long for a socket");

    GL_CLEANUP(gl_close_fd) int probe = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    GL_CLEANUP(gl_close_fd) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0 || fd < 0) return gl_fail(err, -errno, "%s", strerror(errno));
    if (connect(probe, (struct sockaddr *)&at, sizeof(at)) == 0)
        return gl_fail(err, -EADDRINUSE, "another simulator answers there");
    if (errno == ECONNREFUSED) unlink(path);
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, CLIENTS) < 0)
        return gl_fail(err, -errno, "%s", strerror(errno));
    int result = fd;
    fd = -1;
    return result;
}

static int catch_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away does not pull the chip out */
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void one_round(struct sim *s) {
    struct pollfd p[SLOTS];
    int64_t mono = gl_now_read().mono;

    run_input(s, mono);
    if (s->quit) return;
    int wait = run_timers(s, mono);
    p[SLOT_SIGNAL] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    p[SLOT_LISTEN] = (struct pollfd){.fd = s->listener, .events = POLLIN};
    p[SLOT_STDIN] = (struct pollfd){.fd = s->stdin_open && !asleep(s, mono) ? STDIN_FILENO : -1, .events = POLLIN};
    for (int i = 0; i < CLIENTS; i++) p[SLOT_CLIENTS + i] = (struct pollfd){.fd = s->clients[i], .events = POLLIN};
    if (poll(p, SLOTS, wait) <= 0) return;

    mono = gl_now_read().mono;
    for (int i = 0; i < CLIENTS; i++)
        if (p[SLOT_CLIENTS + i].revents && s->clients[i] >= 0) read_client(s, i, mono);
    if (p[SLOT_LISTEN].revents) accept_client(s);
    if (p[SLOT_STDIN].revents) read_stdin(s);
    if (p[SLOT_SIGNAL].revents) s->quit = true;
}

int main(int argc, char **argv) {
    static struct sim s = {.name = "gpiochip-sim", .stdin_open = true};
    struct gl_error err = {""};

    for (int i = 0; i < LINES; i++) s.lines[i].owner = NOBODY;
    for (int i = 0; i < CLIENTS; i++) s.clients[i] = -1;
    int r = parse_options(&s, argc, argv);
    if (r > 0) return r - 1;
    s.signals = catch_signals();
    s.listener = listen_at(s.path, &err);
    if (s.signals < 0 || s.listener < 0) return usage("--socket", s.path, *err.text ? err.text : "no signal descriptor"), 1;

    printf("READY %s %s\n", s.name, s.path);
    for (size_t i = 0; i < s.n_relays; i++) relay_turn(&s, &s.relays[i], false);
    fflush(stdout);
    while (!s.quit) one_round(&s);
    unlink(s.path);
    return 0;
}
