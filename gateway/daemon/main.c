/* greenlaned: the process with authority. It fuses, matches, decides and records; it alone opens the cache and journal.db.
 *
 *   guards      the decision: nothing here parses foreign bytes; what comes in are typed, length-checked messages from our own processes
 *   driven by   one libuv loop: four AF_UNIX SOCK_SEQPACKET listeners in {paths.run}: device.sock, link.sock, control.sock, loader.sock; a 100 ms tick
 *   fds         the listeners, one per peer, SQLite's files; no network
 *   turn        read messages -> core -> journal; commit (one fsync); then lights, MQTT, replies
 *   dies        on a failed commit, after telling every output `fault`; the supervisor starts it again and the journal tells where it was
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

enum { CLOCK_EVERY_MS = 5000, CLOCK_JUMP_MS = 2000, CLOCK_DOUBT_MS = 60000, GOODBYE_MS = 300 };

/* ---- the turn ---- */
static void say_goodbye(uv_timer_t *t) {
    uv_stop(t->loop);
}

static void leave(struct daemon *d, int status) {
    if (d->stopping) return;
    d->stopping = true;
    d->status = status;
    gl_devices_all_fault(d);
    GL_CLEANUP(gl_buf_free) struct gl_buf payload = GL_BUF(4096);
    gl_outbox_gateway_state(d, "offline", &payload);
    if (!payload.failed) gl_outbox_state(d, "state/gateway", payload.data);
    uv_timer_start(&d->goodbye, say_goodbye, GOODBYE_MS, 0);
}

static void end_turn(struct daemon *d) {
    struct gl_error err;
    d->now = gl_now_read();
    if (d->stopping && d->status != EXIT_SUCCESS) return;
    if (gl_engine_dirty(d->engine)) {
        gl_outbox_save_cursors(d);
        if (gl_engine_commit(d->engine, d->now, &err) < 0) {
            gl_log(GL_ERROR, "the journal could not be written: %s; every lane shows fault, and the gateway starts anew", err.text);
            leave(d, EXIT_FAILURE);
            d->status = EXIT_FAILURE;
            return;
        }
    }
    gl_control_flush(d);
    gl_loader_pace(d);
    if (!d->stopping) gl_outgoing_pump(d);
    if (!d->stopping) gl_outbox_pump(d); /* what comes while stopping is kept, and goes out after the next start */
}

static void on_prepare(uv_prepare_t *h) {
    end_turn(h->data);
}
static void on_check(uv_check_t *h) {
    end_turn(h->data);
}

/* ---- time ---- */
static bool clock_synchronised(void) {
    struct timex t = {0};
    int state = adjtimex(&t); /* -1: not to be known, which is not synchronised */
    return state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC);
}

/* A wall clock that jumps is doubted for a while, whatever the kernel says of it. */
static void look_at_clock(struct daemon *d) {
    int64_t wall = d->now.wall - d->clock_last.wall, mono = d->now.mono - d->clock_last.mono, jump = wall - mono;
    if (d->clock_last.mono && (jump > CLOCK_JUMP_MS || jump < -CLOCK_JUMP_MS)) {
        gl_log(GL_WARNING, "the wall clock jumped by %lld ms; it is not trusted for a minute", (long long)jump);
        d->doubt_until = d->now.mono + CLOCK_DOUBT_MS;
    }
    d->clock_last = d->now;
    if (d->now.mono - d->clock_mono < CLOCK_EVERY_MS && d->clock_mono && !(jump > CLOCK_JUMP_MS || jump < -CLOCK_JUMP_MS)) return;
    d->clock_mono = d->now.mono;
    bool synchronised = clock_synchronised();
    d->clock_good = (synchronised || !d->config->clock_require_sync) && d->now.mono >= d->doubt_until;
    gl_engine_clock(d->engine, synchronised && d->now.mono >= d->doubt_until, d->now);
}

static void on_tick(uv_timer_t *t) {
    struct daemon *d = t->data;
    d->now = gl_now_read();
    if (d->stopping) return;
    look_at_clock(d);
    gl_peers_tick(d);
    gl_devices_tick(d);
    gl_engine_time(d->engine, d->now);
    gl_retention_tick(d);
    gl_control_tick(d);
    gl_keeping_tick(d);
    sd_notify(0, "WATCHDOG=1"); /* only a loop that turns and commits comes here */
}

static void on_signal(uv_signal_t *h, int number) {
    struct daemon *d = h->data;
    gl_log(GL_NOTICE, "stopping on signal %d", number);
    leave(d, EXIT_SUCCESS);
}

/* ---- what the engine hands out ---- */
static void out_signal(void *user, const struct gl_signal_state *s) {
    gl_devices_show(user, s);
}
static void out_state(void *user, const char *topic, const char *payload) {
    gl_outbox_state(user, topic, payload);
}
static void out_reply(void *user, const struct gl_reply *r, const char *payload) {
    gl_outbox_reply(user, r, payload);
}
static void out_outbox(void *user, const struct gl_command *cmd) {
    gl_outbox_command(user, cmd);
}
static void out_stream(void *user, const char *stream) {
    gl_outbox_stream(user, stream);
    gl_outgoing_stream(user, stream);
}
static void out_request(void *user, const char *topic, const char *payload) {
    gl_outbox_request(user, topic, payload);
}
static void out_event(void *user, const char *topic, const char *payload) {
    gl_control_event(user, topic, payload);
}

/* ---- start ---- */
static void random_uuid(char out[GL_UUID]) {
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != sizeof b) abort();
    gl_format(out, GL_UUID, "%02x%02x%02x%02x-%02x%02x-4%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
              b[5], b[6] & 0xF, b[7], (b[8] & 0x3F) | 0x80, b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/* The key of identifiers and of the random control: made once, kept beside the journal, readable by nobody else. */
static int load_key(const struct gl_config *c, uint8_t key[32], struct gl_error *err) {
    char path[GL_PATH * 2];
    gl_format(path, sizeof path, "%s/random.key", c->paths.state);
    if (c->random_key_file[0]) gl_clip(path, sizeof path, c->random_key_file);
    GL_CLEANUP(gl_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        return read(fd, key, 32) == 32
                   ? 0
                   : gl_fail(err, -EINVAL, "%s: shorter than 32 bytes; restore it, or remove it to have a new one made", path);
    if (errno != ENOENT || c->random_key_file[0]) return gl_fail(err, -errno, "%s: %s", path, strerror(errno));
    /* Written aside and renamed: power that goes in between leaves no half key behind. */
    char aside[GL_PATH * 2 + 8];
    gl_format(aside, sizeof aside, "%s.new", path);
    fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return gl_fail(err, -errno, "%s: %s", aside, strerror(errno));
    if (getrandom(key, 32, 0) != 32 || write(fd, key, 32) != 32 || fsync(fd) < 0 || rename(aside, path) < 0)
        return gl_fail(err, -EIO, "%s: cannot be written", path);
    return 0;
}

static int make_folder(const char *path, struct gl_error *err) {
    if (mkdir(path, 0750) < 0 && errno != EEXIST) return gl_fail(err, -errno, "%s: %s", path, strerror(errno));
    return 0;
}

static int open_engine(struct daemon *d, struct gl_error *err) {
    char cache[GL_PATH * 2], journal[GL_PATH * 2];
    gl_format(cache, sizeof cache, "%s/cache", d->config->paths.state);
    gl_format(journal, sizeof journal, "%s/journal.db", d->config->paths.state);
    int rc = make_folder(d->config->paths.state, err);
    if (rc == 0) rc = make_folder(d->config->paths.run, err);
    if (rc == 0) rc = load_key(d->config, d->key, err);
    if (rc < 0) return rc;
    random_uuid(d->boot);
    struct gl_engine_setup setup = {d->config,
                                    cache,
                                    journal,
                                    d->key,
                                    d->boot,
                                    {d, out_signal, out_state, out_reply, out_outbox, out_stream, out_event, out_request},
                                    {d, gl_loader_order, gl_loader_record}};
    return gl_engine_open(&setup, d->now, &d->engine, err);
}

static void start_loop(struct daemon *d) {
    uv_timer_init(&d->loop, &d->tick);
    uv_timer_init(&d->loop, &d->goodbye);
    uv_prepare_init(&d->loop, &d->before);
    uv_check_init(&d->loop, &d->after);
    uv_signal_init(&d->loop, &d->on_term);
    uv_signal_init(&d->loop, &d->on_int);
    d->tick.data = d->before.data = d->after.data = d->on_term.data = d->on_int.data = d;
    uv_timer_start(&d->tick, on_tick, 0, GL_TICK_MS);
    uv_prepare_start(&d->before, on_prepare);
    uv_check_start(&d->after, on_check);
    uv_signal_start(&d->on_term, on_signal, SIGTERM);
    uv_signal_start(&d->on_int, on_signal, SIGINT);
}

static int run(struct daemon *d) {
    struct gl_error err;
    d->now = gl_now_read();
    uv_loop_init(&d->loop);
    int rc = open_engine(d, &err);
    if (rc == 0) rc = gl_outbox_open(d, &err);
    if (rc == 0) rc = gl_peers_open(d, &err);
    if (rc < 0) {
        gl_log(GL_ERROR, "%s", err.text);
        return EXIT_FAILURE;
    }
    gl_outgoing_open(d);
    gl_devices_init(d);
    gl_retention_open(d);
    start_loop(d);
    sd_notify(0, "READY=1");
    gl_log(GL_INFO, "post %s is up: %u lanes, boot %s, configuration %.12s", d->config->post, d->config->n_lanes, d->boot,
           d->config->hash);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    sd_notify(0, "STOPPING=1");
    gl_peers_close(d);
    uv_handle_t *own[] = {(uv_handle_t *)&d->tick,  (uv_handle_t *)&d->goodbye, (uv_handle_t *)&d->before,
                          (uv_handle_t *)&d->after, (uv_handle_t *)&d->on_term, (uv_handle_t *)&d->on_int};
    for (size_t i = 0; i < GL_COUNT(own); i++) uv_close(own[i], NULL);
    uv_run(&d->loop, UV_RUN_DEFAULT); /* until every handle is closed */
    uv_loop_close(&d->loop);
    gl_journal_copy_end(d->copy);
    gl_engine_close(d->engine);
    gl_outbox_free(d);
    gl_outgoing_free(d);
    return d->status;
}

int main(int argc, char **argv) {
    const char *file = argc == 3 && strcmp(argv[1], "--config") == 0 ? argv[2] : NULL;
    gl_log_init("greenlaned", GL_INFO);
    if (!file) {
        fprintf(stderr,
                "usage: greenlaned --config FILE\n\nThe deciding process of a Greenlane gateway; usually started by systemd or by "
                "`greenlane run`.\n");
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? EXIT_SUCCESS : 2;
    }
    struct gl_config *config;
    struct gl_config_error errors[8];
    int n = gl_config_load(file, false, &config, errors, GL_COUNT(errors));
    for (int i = 0; i < n && i < (int)GL_COUNT(errors); i++)
        gl_log(GL_ERROR, "%s:%d:%d: %s", errors[i].file, errors[i].line, errors[i].column, errors[i].text);
    if (n != 0) return EXIT_FAILURE;
    struct daemon *d = calloc(1, sizeof *d);
    if (!d) return EXIT_FAILURE;
    d->config = config;
    d->watched = GL_BUF(1 << 20);
    umask(0027);
    int status = run(d);
    gl_buf_free(&d->watched);
    free(d);
    gl_config_free(config);
    return status;
}
