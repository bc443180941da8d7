/* greenlane status: the gateway, its feed, lanes and devices at one glance. */
#include <string.h>

#include "cli/cli.h"

struct glance {
    bool json;
    bool gateway_seen;
    int wrong;
    struct gl_cli_table lanes, devices, feeds;
    json_t *modes;   /* lane -> mode */
    json_t *signals; /* lane -> data */
    char head[200];
    char contingency[640]; /* "" = none is in force */
    char uses[320];        /* "" = what was used is known */
};

static void gateway(struct glance *g, const json_t *d) {
    char since[GL_TIME_TEXT], version[32], config[13];
    gl_cli_time(gl_cli_wall(d, "since"), since);
    gl_cli_clean(version, sizeof version, gl_cli_text(d, "version"));
    gl_cli_clean(config, sizeof config, gl_cli_text(d, "config"));
    bool online = strcmp(gl_cli_text(d, "state"), "online") == 0;
    g->gateway_seen = true;
    g->wrong += !online;
    gl_format(g->head, sizeof g->head, "%s since %s, version %s, configuration %s", online ? "online" : "OFFLINE", since, version,
              config);
}

static void feed(struct glance *g, const json_t *d) {
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(d, "collections"), i, c) {
        char note[96], as_of[GL_TIME_TEXT];
        bool live = strcmp(gl_cli_text(c, "state"), "live") == 0;
        json_int_t holes = json_integer_value(json_object_get(c, "holes")),
                   rejects = json_integer_value(json_object_get(c, "rejects"));
        bool leaned = json_is_true(json_object_get(c, "leaned"));
        g->wrong += leaned && !live;
        gl_cli_time(gl_cli_wall(c, "as_of"), as_of);
        gl_format(note, sizeof note, "as of %s, %lld missing, %lld refused", as_of, (long long)holes, (long long)rejects);
        const char *cells[] = {live || !leaned ? " " : "!", gl_cli_text(c, "collection"), gl_cli_text(c, "state"), note};
        gl_cli_row(&g->feeds, cells);
    }
}

/* Who decided it, since when, until when, and why: it stands above all else, and only the authority ends it. */
static void contingency(struct glance *g, const json_t *d) {
    char since[GL_TIME_TEXT], until[GL_TIME_TEXT], reference[64], by[64], reason[GL_DETAIL];
    if (!json_is_true(json_object_get(d, "active"))) return;
    g->wrong++;
    gl_cli_time(gl_cli_wall(d, "since"), since);
    gl_cli_time(gl_cli_wall(d, "until"), until);
    gl_cli_clean(reference, sizeof reference, gl_cli_text(d, "reference"));
    gl_cli_clean(by, sizeof by, gl_cli_text(d, "by"));
    gl_cli_clean(reason, sizeof reason, gl_cli_text(d, "reason"));
    gl_format(g->contingency, sizeof g->contingency, "! %s by %s, since %s, until %s%s: %s", reference, by, since, until,
              gl_cli_text(d, "alarm")[0] ? " (OVERDUE)" : "", reason);
}

/* After a restore: what the authority has to answer, and by which name. */
static void uses(struct glance *g, const json_t *d) {
    char copied[GL_TIME_TEXT], alarm[64];
    if (!json_is_true(json_object_get(d, "active"))) return;
    g->wrong++;
    gl_cli_time(gl_cli_wall(d, "copied_at"), copied);
    gl_cli_clean(alarm, sizeof alarm, gl_cli_text(d, "alarm"));
    gl_format(g->uses, sizeof g->uses,
              "! what was let through after the backup of %s is not known; the authority says when it is: uses-known, alarm %s",
              copied, alarm);
}

static void device(struct glance *g, const json_t *d) {
    char since[GL_TIME_TEXT];
    bool online = strcmp(gl_cli_text(d, "state"), "online") == 0;
    g->wrong += !online;
    gl_cli_time(gl_cli_wall(d, "since"), since);
    const char *cells[] = {online ? " " : "!", gl_cli_text(d, "device"), gl_cli_text(d, "state"), since, gl_cli_text(d, "reason")};
    gl_cli_row(&g->devices, cells);
}

static int line(void *user, const char *text, const json_t *l) {
    struct glance *g = user;
    const json_t *e = json_object_get(l, "event"), *d = json_object_get(e, "data");
    const char *type = gl_cli_text(e, "type");
    if (g->json && puts(text) < 0) return -1;
    if (strcmp(type, "greenlane.state.gateway") == 0) gateway(g, d);
    if (strcmp(type, "greenlane.state.feed") == 0) feed(g, d);
    if (strcmp(type, "greenlane.state.contingency") == 0) contingency(g, d);
    if (strcmp(type, "greenlane.state.uses") == 0) uses(g, d);
    if (strcmp(type, "greenlane.state.device") == 0) device(g, d);
    if (strcmp(type, "greenlane.state.mode") == 0)
        return json_object_set(g->modes, gl_cli_text(d, "lane"), json_object_get(d, "mode"));
    if (strcmp(type, "greenlane.state.signal") == 0) return json_object_set(g->signals, gl_cli_text(d, "lane"), (json_t *)d);
    return 0;
}

static void lanes(struct glance *g, const struct gl_config *c) {
    for (int i = 0; i < c->n_lanes; i++) {
        const char *id = c->lanes[i].id;
        const char *mode = gl_cli_text(g->modes, id);
        const json_t *s = json_object_get(g->signals, id);
        const char *signal = gl_cli_text(s, "signal");
        bool fault = strcmp(signal, "fault") == 0;
        g->wrong += fault;
        if (!signal[0]) signal = strcmp(mode, "shadow") == 0 ? "lights untouched" : "stop";
        const char *cells[] = {fault ? "!" : " ", id, mode, signal, gl_cli_text(s, "level")};
        gl_cli_row(&g->lanes, cells);
    }
}

static void print(const struct glance *g, const struct gl_config *c, const char *zone) {
    printf("Post %s: %s\n", c->post, g->head[0] ? g->head : "its state is not known");
    if (g->contingency[0]) printf("\nContingency\n%s\n", g->contingency);
    if (g->uses[0]) printf("\nRestored\n%s\n", g->uses);
    puts("\nLanes");
    gl_cli_table_print(&g->lanes, stdout);
    puts("\nDeclarations");
    gl_cli_table_print(&g->feeds, stdout);
    puts("\nDevices");
    gl_cli_table_print(&g->devices, stdout);
    printf("\nTimes are %s. ", zone);
    if (g->wrong > 0)
        printf("%d of these need attention; they are marked with '!'.\n", g->wrong);
    else
        puts("All is well.");
}

static int run(int argc, char **argv) {
    const char *file = NULL;
    struct glance g = {.lanes.n_columns = 5, .devices.n_columns = 5, .feeds.n_columns = 4};
    const struct gl_cli_option options[] = {{"config", &file, NULL}, {"json", NULL, &g.json}};
    int status;
    if (gl_cli_parse(&gl_cli_status, argc, argv, options, GL_COUNT(options), 0, 0, &status) < 0) return status;
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    const char *zone = gl_cli_zone(c->timezone);
    g.modes = json_object();
    g.signals = json_object();
    status = gl_cli_ask(c, &(struct gl_cli_question){"status", NULL, 0, line, &g}, NULL);
    if (status == GL_CLI_DONE) {
        lanes(&g, c);
        if (!g.gateway_seen) g.wrong++;
        if (!g.json) print(&g, c, zone);
        if (g.wrong > 0) status = GL_CLI_WRONG;
    }
    json_decref(g.modes);
    json_decref(g.signals);
    gl_cli_table_free(&g.lanes);
    gl_cli_table_free(&g.devices);
    gl_cli_table_free(&g.feeds);
    gl_config_free(c);
    return status;
}

const struct gl_cli_command gl_cli_status = {
    .name = "status",
    .group = "Run",
    .summary = "gateway, feed, lanes and devices at one glance",
    .help =
        "Usage: greenlane status [--json]\n"
        "\n"
        "Shows how the gateway, what it knows of declarations, its lanes and its devices are now; and a contingency, where one is "
        "in "
        "force: who declared it, since when, until when, and why; and, on a restored box, that it is not known what was let "
        "through since its backup. What needs attention is marked with '!'.\n"
        "\n"
        "  --json          the states as events, one JSON object a line\n"
        "  --config FILE   the configuration of the post\n"
        "\n"
        "Exit status: 0 = all is well, 1 = something needs attention, 2 = wrong command line, 3 = the gateway is not running.\n",
    .run = run,
};
