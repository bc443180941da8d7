/* greenlane-decode: what a protocol makes of recorded bytes, as JSON lines. For making and checking samples, and for integrators with a recording of a
 * device that behaves oddly. It reads one file and writes to standard output; no network. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "host/evidence.h"

/* Where an installed plugin lies; the build says so. */

static const char help[] =
    "Usage: greenlane-decode PLUGIN/PROTOCOL [OPTION]... [FILE]\n"
    "\n"
    "Feeds the bytes of FILE (or standard input) to a protocol's codec as one connection, and prints what comes out, one JSON line "
    "each:\n"
    "a reading, refused input, a sign of life, a fault raised or cleared.\n"
    "\n"
    "  --plugins DIR     where the plugins lie (default: beside this program, ../lib/greenlane, else " GREENLANE_PLUGIN_DIR
    ")\n"
    "  --settings FILE   lines `key: value`: settings of the protocol; `content-type` of the HTTP message; `now` (RFC 3339) when "
    "the bytes\n"
    "                    arrived (default 2026-01-01T00:00:00Z)\n"
    "  --split N         hand over N bytes at a time (default: all at once)\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 = decoded, whatever came out; 1 = failed; 2 = wrong command line or settings.\n";

enum { INPUT_MAX = 64 * 1024 * 1024, LATER_MS = 5000 };

struct decode {
    const struct gl_protocol *protocol;
    const char *plugins, *settings_file, *input;
    int64_t split;
    struct gl_now now;
    char content_type[256];
    struct gl_setting_value values[2 * GL_MAX_SETTINGS];
    size_t n_values;
    struct gl_buf out;
    bool failed;
};

/* ---- what comes out ------------------------------------------------------------------------------------------------------------------ */
static void flush_line(struct decode *d) {
    gl_buf_char(&d->out, '\n');
    if (d->out.failed || fwrite(d->out.data, 1, d->out.len, stdout) != d->out.len) d->failed = true;
    gl_buf_reset(&d->out);
}

static void add_attachment(struct decode *d, const struct gl_attachment *a) {
    char sha256[65] = "";
    if (gl_sha256_hex(a->bytes, a->len, sha256) < 0) d->failed = true;
    gl_buf_text(&d->out, "{\"role\":");
    gl_json_string(&d->out, a->role);
    gl_buf_text(&d->out, ",\"media_type\":");
    gl_json_string(&d->out, a->media_type);
    gl_buf_printf(&d->out, ",\"bytes\":%zu,\"sha256\":\"%s\"}", a->len, sha256);
}

static void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n_att) {
    struct decode *d = user;
    char time[GL_TIME_TEXT];
    if (r->received_at == 0) r->received_at = d->now.wall;
    gl_time_format(r->time ? r->time : d->now.wall, time);
    gl_buf_printf(&d->out, "{\"reading\":\"%s\",\"time\":\"%s\",\"data\":", gl_reading_kinds[r->kind], time);
    gl_reading_to_json(r, &d->out);
    gl_buf_text(&d->out, ",\"attachments\":[");
    for (size_t i = 0; i < n_att; i++) {
        if (i > 0) gl_buf_char(&d->out, ',');
        add_attachment(d, &att[i]);
    }
    gl_buf_text(&d->out, "]}");
    flush_line(d);
}

static void on_refused(void *user, const char *reason, const char *detail) {
    struct decode *d = user;
    gl_buf_text(&d->out, "{\"refused\":");
    gl_json_string(&d->out, reason);
    gl_buf_text(&d->out, ",\"detail\":");
    gl_json_string(&d->out, detail);
    gl_buf_char(&d->out, '}');
    flush_line(d);
}

static void on_alive(void *user) {
    struct decode *d = user;
    gl_buf_text(&d->out, "{\"alive\":true}");
    flush_line(d);
}

static void on_note(void *user, const char *name, const char *detail) {
    struct decode *d = user;
    gl_buf_text(&d->out, "{\"note\":");
    gl_json_string(&d->out, name);
    gl_buf_text(&d->out, ",\"detail\":");
    if (detail)
        gl_json_string(&d->out, detail);
    else
        gl_buf_text(&d->out, "null");
    gl_buf_char(&d->out, '}');
    flush_line(d);
}

static void on_fault(void *user, const char *reason, bool raised) {
    struct decode *d = user;
    gl_buf_text(&d->out, "{\"fault\":");
    gl_json_string(&d->out, reason);
    gl_buf_printf(&d->out, ",\"raised\":%s}", raised ? "true" : "false");
    flush_line(d);
}

/* What the codec would tell the device. */
static int on_send(void *user, const void *bytes, size_t len) {
    struct decode *d = user;
    gl_buf_text(&d->out, "{\"send\":\"");
    for (size_t i = 0; i < len; i++) gl_buf_printf(&d->out, "%02x", ((const uint8_t *)bytes)[i]);
    gl_buf_text(&d->out, "\"}");
    flush_line(d);
    return 0;
}

/* ---- settings ------------------------------------------------------------------------------------------------------------------------ */
static const struct gl_setting *find_setting(const struct gl_protocol *p, const char *name) {
    for (size_t i = 0; i < p->n_settings; i++)
        if (strcmp(p->settings[i].name, name) == 0) return &p->settings[i];
    return NULL;
}

static int put(struct decode *d, const char *name, const char *text) {
    if (d->n_values == GL_COUNT(d->values)) return -1;
    struct gl_setting_value *v = &d->values[d->n_values++];
    return gl_copy(v->name, sizeof v->name, name) < 0 || gl_copy(v->text, sizeof v->text, text) < 0 ? -1 : 0;
}

/* One `key: value` line; the reason when it is wrong, else NULL. */
static const char *take_setting(struct decode *d, const char *key, const char *value) {
    if (strcmp(key, "content-type") == 0)
        return gl_copy(d->content_type, sizeof d->content_type, value) < 0 ? "more than 255 characters" : NULL;
    if (strcmp(key, "now") == 0)
        return gl_time_parse(value, &d->now.wall) < 0 ? "no RFC 3339 time such as 2026-01-01T00:00:00Z" : NULL;
    if (!find_setting(d->protocol, key)) return "this protocol has no such setting";
    return put(d, key, value) < 0 ? "too long, or too many" : NULL;
}

static int read_settings(struct decode *d, FILE *f) {
    char line[600];
    for (int number = 1; fgets(line, sizeof line, f); number++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#') continue;
        char *colon = strstr(line, ": ");
        const char *why = colon ? NULL : "a line must read `key: value`";
        if (colon) {
            *colon = '\0';
            why = take_setting(d, line, colon + 2 + strspn(colon + 2, " "));
        }
        if (!why) continue;
        fprintf(stderr, "greenlane-decode: %s:%d: %s: %s\n", d->settings_file, number, line, why);
        return 2;
    }
    return 0;
}

static int settings(struct decode *d) {
    if (d->settings_file) {
        FILE *f = fopen(d->settings_file, "r");
        if (!f) {
            perror(d->settings_file);
            return 1;
        }
        int rc = read_settings(d, f);
        fclose(f);
        if (rc != 0) return rc;
    }
    struct gl_settings given = {d->n_values, d->values};
    for (size_t i = 0; i < d->protocol->n_settings; i++) {
        const struct gl_setting *s = &d->protocol->settings[i];
        if (s->preset && !gl_setting_text(&given, s->name) && put(d, s->name, s->preset) < 0) return 1;
    }
    return 0;
}

/* ---- decoding ------------------------------------------------------------------------------------------------------------------------ */
static int read_input(const struct decode *d, struct gl_buf *bytes) {
    FILE *f = d->input ? fopen(d->input, "rb") : stdin;
    if (!f) {
        perror(d->input);
        return 1;
    }
    char part[65536];
    for (size_t n; (n = fread(part, 1, sizeof part, f)) > 0;) gl_buf_add(bytes, part, n);
    bool bad = ferror(f);
    if (f != stdin) fclose(f);
    if (bad || bytes->failed) fprintf(stderr, "greenlane-decode: the input cannot be read, or has more than 64 MiB\n");
    return bad || bytes->failed;
}

static int run(struct decode *d, void *state, const struct gl_buf *bytes) {
    const struct gl_protocol *p = d->protocol;
    struct gl_sink sink = {d, on_reading, on_refused, on_alive, on_note, on_fault, on_send};
    struct gl_settings given = {d->n_values, d->values};
    struct gl_error err = {""};
    if (p->open(state, &given, &sink, &err) < 0) {
        fprintf(stderr, "greenlane-decode: %s\n", err.text);
        return 2;
    }
    size_t step = d->split > 0 ? (size_t)d->split : bytes->len + 1;
    int rc = 0;
    p->begin(state, d->content_type[0] ? d->content_type : NULL, d->now);
    for (size_t at = 0; at < bytes->len && rc >= 0; at += step)
        rc = p->bytes(state, (const uint8_t *)bytes->data + at, bytes->len - at < step ? bytes->len - at : step, d->now);
    d->now.wall += LATER_MS;
    d->now.mono += LATER_MS;
    if (rc >= 0 && p->timer) rc = p->timer(state, d->now);
    p->end(state, rc >= 0, d->now);
    if (p->close) p->close(state);
    return d->failed || fflush(stdout) != 0;
}

static int decode(struct decode *d) {
    GL_CLEANUP(gl_buf_free) struct gl_buf bytes = GL_BUF(INPUT_MAX);
    int rc = settings(d);
    if (rc == 0) rc = read_input(d, &bytes);
    if (rc != 0) return rc;
    GL_CLEANUP(gl_freep) void *state = calloc(1, d->protocol->state_size ? d->protocol->state_size : 1);
    rc = state ? run(d, state, &bytes) : 1;
    gl_buf_free(&d->out);
    return rc;
}

static int load(struct decode *d, const char *what) {
    char plugin[GL_ID] = "";
    const char *slash = strchr(what, '/');
    const struct gl_plugin *p;
    struct gl_error err = {""};
    if (gl_copyn(plugin, sizeof plugin, what, slash ? (size_t)(slash - what) : strlen(what)) < 0 ||
        gl_plugin_load(d->plugins, plugin, &p, &err) < 0) {
        fprintf(stderr, "greenlane-decode: %s\n", err.text[0] ? err.text : "the plugin's name is too long");
        return 2;
    }
    d->protocol = gl_plugin_protocol(p, slash ? slash + 1 : "");
    if (d->protocol) return 0;
    fprintf(stderr, "greenlane-decode: the plugin %s has no protocol %s; it has:", plugin, slash ? slash + 1 : "at all");
    for (size_t i = 0; p->protocols && p->protocols[i]; i++) fprintf(stderr, " %s", p->protocols[i]->name);
    fputc('\n', stderr);
    return 2;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"plugins", required_argument, NULL, 'p'}, {"settings", required_argument, NULL, 's'},
                                            {"split", required_argument, NULL, 'n'},   {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0}};
    static struct decode d = {.out = {.limit = 16 * 1024 * 1024}, .now = {1767225600000, 1000000}};
    char plugins[GL_PATH];
    gl_plugin_dir(plugins, sizeof plugins);
    d.plugins = plugins;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'p')
            d.plugins = optarg;
        else if (c == 's')
            d.settings_file = optarg;
        else if (c == 'h')
            return fputs(help, stdout) < 0;
        else if (c == 'V')
            return puts("greenlane-decode " GREENLANE_VERSION) < 0;
        else if (c != 'n')
            return 2;
        else if (gl_parse_int(optarg, 1, INT32_MAX, &d.split) < 0) {
            fprintf(stderr, "greenlane-decode: --split %s: a whole number of bytes from 1 on is needed\n", optarg);
            return 2;
        }
    }
    if (optind == argc || argc - optind > 2) {
        fputs(help, stderr);
        return 2;
    }
    gl_log_init("greenlane-decode", GL_WARNING);
    d.input = argc - optind == 2 && strcmp(argv[optind + 1], "-") != 0 ? argv[optind + 1] : NULL;
    int rc = load(&d, argv[optind]);
    return rc == 0 ? decode(&d) : rc;
}
