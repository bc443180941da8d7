/* greenlane run: starts the gateway's processes where no systemd does, and starts again what ends.
 *
 *   guards      nothing: it decides nothing, and its death takes the others along (run-child), so that no half of a gateway stays
 *   driven by   one libuv loop: a child's end, its standard error, a restart timer each; SIGTERM, SIGINT and SIGHUP
 *   stop        devices and greenlaned at once: greenlaned tells every output `fault`; the link 500 ms later, so that it can still
 *               say offline; after 5 s whoever is left is killed; a second signal kills at once */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/cli.h"
#include "cli/supervise.h"

enum { LINK_LATER_MS = 500, KILL_AFTER_MS = 5000, LINE = 2048 };

struct child {
    struct runner *r;
    struct gl_program program;
    uv_process_t process;
    uv_pipe_t err;
    uv_timer_t again;
    bool running;
    int open;               /* handles of this life that are not closed yet */
    int64_t started, delay; /* monotonic ms; last delay, 0 = none yet */
    size_t len;             /* of line */
    char line[LINE];
};

struct runner {
    uv_loop_t loop;
    uv_signal_t on_term, on_int, on_hup;
    uv_timer_t link_later, kill_later;
    char folder[PATH_MAX], config[PATH_MAX];
    bool stopping, stopped;
    uint64_t lines_lost;
    char bytes[4096]; /* being read */
    int n, alive;
    struct child children[GL_RUN_PROGRAMS];
};

static void start(struct child *c);
static void finish(struct runner *r);

/* ---- what children say ---- */
/* A terminal that is held (Ctrl-S) must not hold up the lanes: what cannot be written now is dropped. */
static void write_line(struct runner *r, const char *line, size_t len) {
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT) || write(STDERR_FILENO, line, len) < 0) r->lines_lost++;
}

static void take_text(struct child *c, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (c->len < LINE - 1 || text[i] == '\n') c->line[c->len++] = text[i]; /* a longer line is cut */
        if (text[i] != '\n') continue;
        write_line(c->r, c->line, c->len);
        c->len = 0;
    }
}

static void end_text(struct child *c) {
    if (c->len > 0) take_text(c, "\n", 1);
}

static void on_alloc(uv_handle_t *h, size_t suggested GL_UNUSED, uv_buf_t *buf) {
    struct runner *r = ((struct child *)h->data)->r;
    *buf = uv_buf_init(r->bytes, sizeof r->bytes); /* handed back before the loop reads again */
}

static void on_text(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
    if (n > 0) take_text(s->data, buf->base, (size_t)n);
    if (n < 0) uv_read_stop(s);
}

/* ---- lives ---- */
static void on_again(uv_timer_t *t) {
    struct child *c = t->data;
    if (!c->r->stopping) start(c);
}

static void on_handle_closed(uv_handle_t *h) {
    struct child *c = h->data;
    if (--c->open > 0) return;
    if (c->r->stopping)
        finish(c->r);
    else
        uv_timer_start(&c->again, on_again, (uint64_t)c->delay, 0);
}

/* Its last words are still in the pipe. */
static void drain(struct child *c) {
    char bytes[4096];
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&c->err, &fd) < 0) return;
    for (int i = 0; i < 64; i++) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0) break;
        take_text(c, bytes, (size_t)n);
    }
    end_text(c);
}

static void on_child_exit(uv_process_t *p, int64_t status, int by_signal) {
    struct child *c = p->data;
    drain(c);
    c->running = false;
    c->r->alive--;
    c->delay = gl_run_delay(c->delay, (int64_t)uv_now(&c->r->loop) - c->started);
    enum gl_level level = c->r->stopping ? GL_INFO : GL_WARNING;
    char again[64] = "";
    if (!c->r->stopping) gl_format(again, sizeof again, "; it is started again in %.1f s", (double)c->delay / 1000);
    if (by_signal)
        gl_log(level, "%s was ended by signal %d (%s)%s", c->program.name, by_signal, strsignal(by_signal), again);
    else
        gl_log(level, "%s ended with status %lld%s", c->program.name, (long long)status, again);
    uv_close((uv_handle_t *)&c->process, on_handle_closed);
    uv_close((uv_handle_t *)&c->err, on_handle_closed);
}

static void start(struct child *c) {
    struct runner *r = c->r;
    char self[PATH_MAX], program[PATH_MAX + 32], parent[24];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    gl_format(program, sizeof program, "%s/%s", r->folder, c->program.program);
    gl_format(parent, sizeof parent, "%d", (int)getpid());
    char *args[] = {
        "greenlane",       "run-child", parent, program, "--config", r->config, c->program.device[0] ? "--device" : NULL,
        c->program.device, NULL};
    uv_pipe_init(&r->loop, &c->err, 0);
    c->process.data = c->err.data = c;
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE}};
    stdio[2].data.stream = (uv_stream_t *)&c->err;
    const uv_process_options_t options = {.exit_cb = on_child_exit, .file = self, .args = args, .stdio = stdio, .stdio_count = 3};
    c->started = (int64_t)uv_now(&r->loop);
    c->open = 2;
    int rc = uv_spawn(&r->loop, &c->process, &options);
    if (rc < 0) {
        c->delay = gl_run_delay(c->delay, 0);
        gl_log(GL_ERROR, "%s cannot be started: %s; the next try is in %.1f s", c->program.name, uv_strerror(rc),
               (double)c->delay / 1000);
        uv_close((uv_handle_t *)&c->process, on_handle_closed);
        uv_close((uv_handle_t *)&c->err, on_handle_closed);
        return;
    }
    c->running = true;
    r->alive++;
    uv_read_start((uv_stream_t *)&c->err, on_alloc, on_text);
}

/* ---- stopping ---- */
static void signal_kind(struct runner *r, int number, bool link) {
    for (int i = 0; i < r->n; i++) {
        struct child *c = &r->children[i];
        if (c->running && (c->program.kind == GL_PROGRAM_LINK) == link) uv_process_kill(&c->process, number);
    }
}

static void on_link_later(uv_timer_t *t) {
    signal_kind(t->data, SIGTERM, true);
}

static void on_kill_later(uv_timer_t *t) {
    struct runner *r = t->data;
    for (int i = 0; i < r->n; i++)
        if (r->children[i].running) gl_log(GL_WARNING, "%s did not stop; it is killed", r->children[i].program.name);
    signal_kind(r, SIGKILL, false);
    signal_kind(r, SIGKILL, true);
}

static void finish(struct runner *r) {
    if (!r->stopping || r->alive > 0 || r->stopped) return;
    r->stopped = true;
    uv_stop(&r->loop);
}

static void on_signal(uv_signal_t *s, int number) {
    struct runner *r = s->data;
    if (r->stopping) {
        on_kill_later(&r->kill_later);
        return;
    }
    gl_log(GL_NOTICE, "stopping on signal %d", number);
    r->stopping = true;
    for (int i = 0; i < r->n; i++) uv_timer_stop(&r->children[i].again);
    signal_kind(r, SIGTERM, false);
    uv_timer_start(&r->link_later, on_link_later, LINK_LATER_MS, 0);
    uv_timer_start(&r->kill_later, on_kill_later, KILL_AFTER_MS, 0);
    finish(r);
}

/* ---- the command ---- */
static int prepare(struct runner *r, const char *config) {
    ssize_t n = readlink("/proc/self/exe", r->folder, sizeof r->folder - 1);
    if (n <= 0 || !realpath(config, r->config)) {
        gl_log(GL_ERROR, "cannot find out where things are: %s", strerror(errno));
        return -errno;
    }
    r->folder[n] = '\0';
    *strrchr(r->folder, '/') = '\0'; /* the kernel's word: absolute */
    for (int i = 0; i < r->n; i++) {
        char program[PATH_MAX + 32];
        gl_format(program, sizeof program, "%s/%s", r->folder, r->children[i].program.program);
        if (access(program, X_OK) == 0) continue;
        gl_log(GL_ERROR, "%s: %s; all programs of Greenlane belong into one folder", program, strerror(errno));
        return -ENOENT;
    }
    return 0;
}

static void watch_signal(struct runner *r, uv_signal_t *s, int number) {
    uv_signal_init(&r->loop, s);
    s->data = r;
    uv_signal_start(s, on_signal, number);
}

static void close_handle(uv_handle_t *h, void *user GL_UNUSED) {
    if (!uv_is_closing(h)) uv_close(h, NULL);
}

static int supervise(struct runner *r) {
    if (uv_loop_init(&r->loop) < 0) return GL_CLI_NOTHING;
    uv_timer_init(&r->loop, &r->link_later);
    uv_timer_init(&r->loop, &r->kill_later);
    r->link_later.data = r->kill_later.data = r;
    watch_signal(r, &r->on_term, SIGTERM);
    watch_signal(r, &r->on_int, SIGINT);
    watch_signal(r, &r->on_hup, SIGHUP);
    for (int i = 0; i < r->n; i++) {
        struct child *c = &r->children[i];
        c->r = r;
        uv_timer_init(&r->loop, &c->again);
        c->again.data = c;
        start(c);
    }
    uv_run(&r->loop, UV_RUN_DEFAULT);
    uv_walk(&r->loop, close_handle, NULL);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    uv_loop_close(&r->loop);
    if (r->lines_lost > 0) gl_log(GL_NOTICE, "%llu lines could not be shown", (unsigned long long)r->lines_lost);
    gl_log(GL_NOTICE, "stopped");
    return GL_CLI_DONE;
}

static int run(int argc, char **argv) {
    const char *file = NULL, *without = NULL;
    const struct gl_cli_option options[] = {{"config", &file, NULL}, {"without", &without, NULL}};
    int status;
    if (gl_cli_parse(&gl_cli_run, argc, argv, options, GL_COUNT(options), 0, 0, &status) < 0) return status;
    if (without && strcmp(without, "link") != 0) return gl_cli_usage("run", "--without %.40s: only link can be left out", without);
    struct gl_config *config = gl_cli_config(file, true);
    if (!config) return GL_CLI_WRONG;
    struct runner *r = calloc(1, sizeof *r);
    GL_CLEANUP(gl_freep) struct gl_program *plan = calloc(GL_RUN_PROGRAMS, sizeof *plan);
    status = GL_CLI_NOTHING;
    if (r && plan) {
        r->n = gl_run_plan(config, !without, plan);
        for (int i = 0; i < r->n; i++) r->children[i].program = plan[i];
        gl_log(GL_INFO, "post %s: %d processes", config->post, r->n);
        if (prepare(r, gl_cli_config_file(file)) == 0) status = supervise(r);
    }
    gl_config_free(config);
    free(r);
    return status;
}

const struct gl_cli_command gl_cli_run = {
    .name = "run",
    .group = "Run",
    .summary = "run the gateway of a post, all its processes (without systemd)",
    .help =
        "Usage: greenlane run [--config FILE] [--without link]\n"
        "\n"
        "Checks the configuration completely, then starts greenlaned, greenlane-loader, greenlane-link (when mqtt.url is given) "
        "and "
        "one greenlane-device for each\n"
        "device and for each lane's gpio lines, from the folder that this program lies in. What ends is started again, after 0.5 "
        "s, then twice\n"
        "as long each time, up to 30 s. Meant for demonstrations, tests and containers; on a post systemd does this.\n"
        "\n"
        "  --config FILE    the configuration of the post\n"
        "  --without link   runs without MQTT: everything is recorded and waits in the journal\n"
        "\n"
        "Stops on SIGTERM and SIGINT (Ctrl-C): every lane's outputs go to their safe state first. A second signal kills.\n"
        "\n"
        "Example:\n"
        "  greenlane run --config config/examples/post.yaml\n"
        "\n"
        "Exit status: 0 = stopped as asked, 1 = the configuration is wrong, nothing was started, 2 = wrong command line,\n"
        "3 = a program is missing.\n",
    .run = run,
};

/* ---- run-child PARENT PROGRAM ARGS...: the step between ---- */
/* Ends when its parent ends, however that happens; in a group of its own, so that Ctrl-C reaches `greenlane run` alone and the
 * order of stopping is kept. */
static int run_child(int argc, char **argv) {
    int64_t parent;
    if (argc < 3 || gl_parse_int(argv[1], 1, INT_MAX, &parent) < 0) return GL_CLI_USAGE;
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != (pid_t)parent) return GL_CLI_NOTHING;
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    execv(argv[2], argv + 2);
    gl_log(GL_ERROR, "%s: %s", argv[2], strerror(errno));
    return 127;
}

const struct gl_cli_command gl_cli_run_child = {.name = "run-child", .help = "", .run = run_child};
