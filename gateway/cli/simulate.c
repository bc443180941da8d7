/* greenlane simulate: the same engine as greenlaned's, in memory and in simulated time. Nothing here reads a clock, and nothing
 * is random: the same events under the same configuration give the same output, byte for byte. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/simulate.h"

enum { LINE = 1 << 20, TICK_MS = 1000, AFTER_MS = 5 * 60 * 1000, SKIPPED_TOLD = 10 };
#define GAP_MS (INT64_C(31) * 24 * 3600 * 1000)

static const char boot[] = "00000000-0000-4000-8000-000000000000";

/* ---- what comes out ---- */
static void print_event(void *user GL_UNUSED, const char *topic GL_UNUSED, const char *payload) {
    puts(payload);
}

static bool is_signal(const char *topic) {
    size_t n = strlen(topic);
    return strncmp(topic, "state/lane/", 11) == 0 && n > 7 && strcmp(topic + n - 7, "/signal") == 0;
}
static void print_state(void *user GL_UNUSED, const char *topic, const char *payload) {
    if (is_signal(topic)) puts(payload);
}
static void print_reply(void *user GL_UNUSED, const struct gl_reply *r GL_UNUSED, const char *payload) {
    puts(payload);
}
static void no_signal(void *user GL_UNUSED, const struct gl_signal_state *s GL_UNUSED) {}
static void no_outbox(void *user GL_UNUSED, const struct gl_command *c GL_UNUSED) {}
static void no_stream(void *user GL_UNUSED, const char *stream GL_UNUSED) {}

/* ---- time ---- */
static int commit(struct gl_simulation *s, struct gl_error *err) {
    return gl_engine_dirty(s->engine) ? gl_engine_commit(s->engine, s->now, err) : 0;
}

/* Moves the clocks to `to`, halting at every second and at every deadline of the core. */
static int advance(struct gl_simulation *s, int64_t to, struct gl_error *err) {
    while (s->now.mono < to) {
        int64_t next = s->now.mono + TICK_MS, due = gl_engine_next_deadline(s->engine);
        if (due > s->now.mono && due < next) next = due;
        if (next > to) next = to;
        s->now = (struct gl_now){s->first.wall + next, next};
        gl_engine_time(s->engine, s->now);
        int rc = commit(s, err);
        if (rc < 0) return rc;
    }
    return 0;
}

/* Every passage gets its decision; one that stands behind another that never leaves gets none. */
static int run_out(struct gl_simulation *s, struct gl_error *err) {
    int64_t most = 0;
    for (int i = 0; i < s->config->n_profiles; i++) {
        int64_t t = s->config->profiles[i].decide_within_ms + s->config->profiles[i].release_hold_ms;
        if (t > most) most = t;
    }
    int64_t end = s->now.mono + most + AFTER_MS;
    int rc = 0;
    while (rc == 0 && !gl_engine_idle(s->engine) && s->now.mono < end) rc = advance(s, s->now.mono + 100, err);
    return rc;
}

/* ---- start ---- */
static void online(struct gl_simulation *s, const char *device, const char *lane) {
    struct gl_device_status d;
    gl_fields_clear(&gl_device_status_fields, &d);
    gl_clip(d.device, sizeof d.device, device);
    gl_clip(d.lane, sizeof d.lane, lane);
    d.state = GL_DEVICE_ONLINE;
    d.since = s->now.wall;
    gl_engine_device(s->engine, &d, s->now);
}

static int begin(struct gl_simulation *s, const uint8_t key[32], int64_t wall, struct gl_error *err) {
    s->now = s->first = (struct gl_now){.wall = wall};
    const struct gl_engine_setup setup = {
        .config = s->config,
        .cache_path = ":memory:",
        .journal_path = ":memory:",
        .key = key,
        .boot = boot,
        .out = {s, no_signal, print_state, print_reply, no_outbox, no_stream, print_event, NULL},
    };
    int rc = gl_engine_open(&setup, s->now, &s->engine, err);
    if (rc < 0) return rc;
    gl_engine_clock(s->engine, true, s->now);
    for (int i = 0; i < s->config->n_lanes; i++) {
        const struct gl_lane_config *l = &s->config->lanes[i];
        char gpio[GL_ID + 8];
        for (int k = 0; k < l->n_devices; k++)
            if (!l->devices[k].shared) online(s, l->devices[k].id, l->id);
        gl_format(gpio, sizeof gpio, "%s.gpio", l->id);
        if (l->n_lines > 0) online(s, gpio, l->id);
    }
    return commit(s, err);
}

/* ---- one line ---- */
static void tell_skipped(struct gl_simulation *s, const char *type) {
    char name[80];
    if (s->skipped++ >= SKIPPED_TOLD) return;
    gl_cli_clean(name, sizeof name, type);
    fprintf(stderr, "line %llu: skipped: events of type %s are no input\n", (unsigned long long)s->line, name);
}

static int in_order(const struct gl_simulation *s, int64_t wall, struct gl_error *err) {
    char now[GL_TIME_TEXT];
    gl_time_format(s->now.wall, now);
    if (wall < s->now.wall) return gl_fail(err, -EINVAL, "time: before that of an earlier line (%s); sort the lines by time", now);
    if (wall - s->now.wall > GAP_MS) return gl_fail(err, -EINVAL, "time: more than 31 days after the line before (%s)", now);
    return 0;
}

static int take_line(struct gl_simulation *s, const uint8_t key[32], const char *text, size_t len, struct gl_error *err) {
    GL_CLEANUP(gl_envelope_free) struct gl_envelope e = {.time = 0};
    if (strspn(text, " \t\r\n") == len) return 0;
    int rc = gl_envelope_parse_event(text, len, &e, err);
    if (rc < 0) return rc;
    rc = s->engine ? in_order(s, e.time, err) : begin(s, key, e.time, err);
    if (rc == 0) rc = advance(s, e.time - s->first.wall, err);
    if (rc < 0) return rc;
    rc = gl_simulate_event(s, &e, err);
    if (rc == 1) tell_skipped(s, e.type);
    return rc < 0 ? rc : commit(s, err);
}

static int take_all(struct gl_simulation *s, const uint8_t key[32], FILE *in, struct gl_error *err) {
    GL_CLEANUP(gl_freep) char *line = malloc(LINE);
    if (!line) return gl_fail(err, -ENOMEM, "out of memory");
    int rc = 0;
    while (rc == 0 && fgets(line, LINE, in)) {
        size_t len = strlen(line);
        s->line++;
        if (len == LINE - 1 && line[len - 1] != '\n') return gl_fail(err, -EINVAL, "longer than 1 MiB: this is no event");
        if (len == 0 || (line[len - 1] != '\n' && !feof(in))) return gl_fail(err, -EINVAL, "a NUL character");
        rc = take_line(s, key, line, len, err);
    }
    return rc;
}

static int simulate(struct gl_simulation *s, const uint8_t key[32]) {
    struct gl_error err = {""};
    s->record = malloc(sizeof *s->record);
    if (!s->record) return GL_CLI_NOTHING;
    int rc = take_all(s, key, stdin, &err);
    if (rc < 0)
        fprintf(stderr, "line %llu: %s\n", (unsigned long long)s->line, err.text);
    else if (s->engine && (rc = run_out(s, &err)) < 0)
        fprintf(stderr, "greenlane simulate: after the last line: %s\n", err.text);
    if (s->skipped > SKIPPED_TOLD) fprintf(stderr, "%llu lines were skipped in all\n", (unsigned long long)s->skipped);
    if (rc == 0 && !s->engine) fputs("greenlane simulate: there was no event on standard input\n", stderr);
    gl_engine_close(s->engine);
    free(s->record);
    return rc < 0 ? GL_CLI_WRONG : GL_CLI_DONE;
}

static bool read_key(const char *hex, uint8_t key[32]) {
    if (strlen(hex) != 64 || strspn(hex, "0123456789abcdefABCDEF") != 64) return false;
    for (int i = 0; i < 32; i++) {
        char two[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        key[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return true;
}

static int run(int argc, char **argv) {
    const char *file = NULL, *hex = NULL;
    bool json = false;
    uint8_t key[32] = {0};
    const struct gl_cli_option options[] = {{"config", &file, NULL}, {"key", &hex, NULL}, {"json", NULL, &json}};
    int status;
    if (gl_cli_parse(&gl_cli_simulate, argc, argv, options, GL_COUNT(options), 0, 0, &status) < 0) return status;
    if (hex && !read_key(hex, key)) return gl_cli_usage("simulate", "--key needs 64 hexadecimal digits");
    struct gl_config *config = gl_cli_config(file, false);
    if (!config) return GL_CLI_WRONG;
    struct gl_simulation s = {.config = config};
    status = simulate(&s, key);
    gl_config_free(config);
    return status;
}

const struct gl_cli_command gl_cli_simulate = {
    .name = "simulate",
    .group = "Set up",
    .summary = "run events from standard input through the deciding core, in simulated time",
    .help =
        "Usage: greenlane simulate [--config FILE] [--key HEX] < EVENTS\n"
        "\n"
        "Reads events, one CloudEvents JSON object a line, runs them through the deciding core in simulated time, and prints what "
        "the gateway\n"
        "would say, the same way: readings, passages, decisions, alarms, signals, replies. A recorded day of MQTT payloads is such "
        "a file.\n"
        "Nothing is kept, nothing is connected, no plugin is loaded. The same input gives the same output, byte for byte.\n"
        "\n"
        "Needed of each event are time, type, subject and data; times must not run backwards:\n"
        "  greenlane.reading.KIND      subject device/LANE.NAME; plate, tag, code, container, radiation, presence or class\n"
        "  greenlane.feed.COLLECTION   movements, declarations, tags, lookouts or traders\n"
        "  greenlane.command.NAME      subject client/ID; without expires_at it stands for a minute\n"
        "  greenlane.state.device      subject device/LANE.NAME or device/LANE.gpio: takes a device offline and back\n"
        "Other types are skipped. At the start every device is online and the clock is synchronised. After the last line time runs "
        "on until\n"
        "every passage is decided.\n"
        "\n"
        "  --config FILE   the configuration of the post\n"
        "  --key HEX       the key of the random control, 64 hexadecimal digits; zero when not given\n"
        "  --json          JSON lines; this is the only form, and the default\n"
        "\n"
        "Example; a line of the file may be\n"
        "  {\"time\":\"2026-11-23T11:00:00Z\",\"type\":\"greenlane.reading.plate\",\"subject\":\"device/in-1.front\",\n"
        "   \"data\":{\"value\":{\"text\":\"NC15REG\"}}}     (all in one line)\n"
        "  greenlane simulate --config post.yaml < day.jsonl | grep greenlane.decision\n"
        "\n"
        "Exit status: 0 = every line was taken, 1 = a bad line (it is named; nothing after it was read) or a bad configuration,\n"
        "2 = wrong command line.\n",
    .run = run,
};
