/* greenlane watch: the lanes, live. On a terminal a picture that is drawn again and again; elsewhere one event a line. */
#include "cli/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum { SOCKET, SIGNALS, KEYS, AGAIN_MS = 1000, REDRAW_MS = 1000 };

struct watching {
    const struct gl_config *config;
    bool json, screen;
    int gateway, signals;
    struct termios before;
    struct gl_msg_text *text; /* room for any message */
    struct gl_watch_screen *view;
};

/* ---- the terminal ---- */
static void write_all(const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        bytes += n;
        len -= (size_t)n;
    }
}
#define WRITE(text) write_all(text, sizeof(text) - 1)

static void enter(struct watching *w) {
    struct termios raw = w->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    WRITE("\033[?1049h\033[?25l\033[2J");
}

static void leave(struct watching *w) {
    WRITE("\033[0m\033[?25h\033[?1049l");
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &w->before);
}

static void draw(struct watching *w) {
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(1 << 20);
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    if (size.ws_row < 2 || size.ws_col < 1) size = (struct winsize){.ws_row = 24, .ws_col = 80};
    const char *note = w->gateway >= 0 ? "q leaves" : "The gateway does not answer; it is tried again every second.   q leaves";
    gl_watch_draw(w->view, size.ws_row, size.ws_col, gl_now_read().wall, note, &out);
    if (!out.failed) write_all(out.data, out.len);
}

/* ---- events ---- */
static void take_line(struct watching *w) {
    json_t *line = json_loads(w->text->text, 0, NULL);
    if (w->json)
        puts(w->text->text);
    else if (w->screen)
        gl_watch_take(w->view, line);
    else {
        char words[GL_WATCH_TEXT];
        gl_watch_words(json_object_get(line, "event"), words);
        if (words[0]) puts(words);
    }
    fflush(stdout);
    json_decref(line);
}

static bool connect_again(struct watching *w, struct gl_error *err) {
    struct gl_msg_query q = {.what = "watch"};
    w->gateway = gl_cli_connect(w->config, err);
    if (w->gateway >= 0 && gl_ipc_send_blocking(w->gateway, GL_MSG_QUERY, &q) < 0) gl_close_fd(&w->gateway);
    return w->gateway >= 0;
}

/* False when the gateway is gone. */
static bool take_message(struct watching *w) {
    enum gl_message_type type;
    if (gl_ipc_recv_blocking(w->gateway, GL_ACCEPT(GL_MSG_TEXT) | GL_ACCEPT(GL_MSG_DONE), &type, w->text) == 1 &&
        type == GL_MSG_TEXT) {
        take_line(w);
        return true;
    }
    close(w->gateway);
    w->gateway = -1;
    gl_watch_init(w->view, w->config); /* nothing of what was shown holds any more */
    return false;
}

static bool wants_to_leave(struct watching *w, const struct pollfd *p) {
    struct signalfd_siginfo s;
    char key;
    if (p[SIGNALS].revents && read(w->signals, &s, sizeof s) == sizeof s && s.ssi_signo != SIGWINCH) return true;
    if (!p[KEYS].revents) return false;
    return read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q';
}

static int watch(struct watching *w, struct gl_error *err) {
    for (;;) {
        struct pollfd p[] = {{.fd = w->gateway, .events = POLLIN},
                             {.fd = w->signals, .events = POLLIN},
                             {.fd = w->screen ? STDIN_FILENO : -1, .events = POLLIN}};
        if (w->screen) draw(w);
        int n = poll(p, GL_COUNT(p), w->gateway < 0 ? AGAIN_MS : w->screen ? REDRAW_MS : -1);
        if (n < 0 && errno != EINTR) return GL_CLI_NOTHING;
        if (n > 0 && wants_to_leave(w, p)) return GL_CLI_DONE;
        if (n > 0 && p[SOCKET].revents && !take_message(w) && !w->screen) {
            gl_fail(err, -EPIPE, "the gateway has stopped");
            return GL_CLI_NOTHING;
        }
        /* What is there already is taken in before the next drawing, but never without end. */
        for (int i = 0; i < 256 && w->gateway >= 0 && poll(&p[SOCKET], 1, 0) > 0; i++)
            if (!take_message(w)) break;
        if (w->gateway < 0 && n == 0) connect_again(w, err);
        if (!w->screen && ferror(stdout)) return GL_CLI_DONE; /* who listened has gone */
    }
}

static int catch_signals(void) {
    sigset_t set;
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
    sigemptyset(&set);
    for (size_t i = 0; i < GL_COUNT(numbers); i++) sigaddset(&set, numbers[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_and_watch(struct watching *w) {
    struct gl_error err = {""};
    int status = GL_CLI_NOTHING;
    if (connect_again(w, &err)) {
        if (w->screen) enter(w);
        status = watch(w, &err);
        if (w->screen) leave(w);
    }
    if (status != GL_CLI_DONE) fprintf(stderr, "greenlane: %s\n", err.text);
    return status;
}

static int run(int argc, char **argv) {
    const char *file = NULL;
    struct watching w = {.gateway = -1, .signals = -1};
    const struct gl_cli_option options[] = {{"config", &file, NULL}, {"json", NULL, &w.json}};
    int status;
    if (gl_cli_parse(&gl_cli_watch, argc, argv, options, GL_COUNT(options), 0, 0, &status) < 0) return status;
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    gl_cli_zone(c->timezone);
    w.config = c;
    w.screen = !w.json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &w.before) == 0;
    w.text = malloc(gl_ipc_scratch_size());
    w.view = calloc(1, sizeof *w.view);
    w.signals = catch_signals();
    if (w.text && w.view && w.signals >= 0) {
        gl_watch_init(w.view, c);
        status = open_and_watch(&w);
    } else
        status = GL_CLI_NOTHING;
    gl_close_fd(&w.gateway);
    gl_close_fd(&w.signals);
    free(w.text);
    free(w.view);
    gl_config_free(c);
    return status;
}

const struct gl_cli_command gl_cli_watch = {
    .name = "watch",
    .group = "Run",
    .summary = "the lanes live: vehicles, signals, reasons, alarms",
    .help =
        "Usage: greenlane watch [--json]\n"
        "\n"
        "On a terminal: shows each lane with its mode, what it shows and for how long, the vehicle and the main reason; below them "
        "what is\n"
        "known of declarations, the devices that are not well, and the last events. 'q' or Ctrl-C leaves. Elsewhere: one event a "
        "line.\n"
        "It only shows; nothing can be changed from here.\n"
        "\n"
        "  --json          each event with its topic as one JSON object a line, the present states first\n"
        "  --config FILE   the configuration of the post\n"
        "\n"
        "Example:\n"
        "  greenlane watch --json | grep greenlane.alarm\n"
        "\n"
        "Exit status: 0 = left, 2 = wrong command line, 3 = the gateway is not running, or has stopped.\n",
    .run = run,
};
