/* greenlane feed: how far what was lodged before arrival is known, what is missing, and what was refused. */
#include <string.h>

#include "cli/cli.h"

enum { REJECTS_DEFAULT = 10, REJECTS_MOST = 1000 };

struct glance {
    bool json, status_seen;
    int bad; /* collections that are leaned on and are worse than aged */
    struct gl_cli_table feeds, rejects;
};

static long long number(const json_t *object, const char *member) {
    return json_integer_value(json_object_get(object, member));
}

static bool good(const char *state) {
    return strcmp(state, "live") == 0 || strcmp(state, "aged") == 0;
}

/* "asked for a snapshot since 14:03:07: a new epoch", "loading 120 of 4000", ... */
static void describe(const json_t *c, char note[96]) {
    const json_t *snapshot = json_object_get(c, "snapshot"), *asked = json_object_get(c, "asked");
    char since[GL_TIME_TEXT];
    note[0] = '\0';
    if (json_is_object(snapshot)) {
        gl_format(note, 96, "snapshot: %lld of %lld", number(snapshot, "loaded"), number(snapshot, "count"));
    } else if (json_is_object(asked)) {
        gl_cli_clock(gl_cli_wall(asked, "since"), since);
        gl_format(note, 96, "%.8s asked for at %s: %.40s", gl_cli_text(asked, "want"), since, gl_cli_text(asked, "reason"));
    }
}

static void collection(struct glance *g, const json_t *c) {
    char numbers[96], as_of[GL_TIME_TEXT], note[96], refused[48];
    const char *state = gl_cli_text(c, "state");
    bool leaned = json_is_true(json_object_get(c, "leaned")), bad = leaned && !good(state);
    g->bad += bad;
    gl_cli_time(gl_cli_wall(c, "as_of"), as_of);
    gl_format(numbers, sizeof numbers, "%.40s %lld, %lld missing", gl_cli_text(c, "epoch"), number(c, "seq"), number(c, "holes"));
    gl_format(refused, sizeof refused, "%lld refused", number(c, "rejects"));
    describe(c, note);
    const char *cells[] = {
        bad ? "!" : " ", gl_cli_text(c, "collection"), leaned ? state : "not leaned on", as_of, numbers, refused, note};
    gl_cli_row(&g->feeds, cells);
}

static void reject(struct glance *g, const json_t *q) {
    char at[GL_TIME_TEXT], seq[24];
    gl_cli_time(gl_cli_wall(q, "at"), at);
    gl_format(seq, sizeof seq, "%lld", number(q, "seq"));
    const char *cells[] = {at,
                           gl_cli_text(q, "collection"),
                           gl_cli_text(q, "where"),
                           number(q, "seq") ? seq : "-",
                           gl_cli_text(q, "ref"),
                           gl_cli_text(q, "reason")};
    gl_cli_row(&g->rejects, cells);
}

static int line(void *user, const char *text, const json_t *l) {
    struct glance *g = user;
    size_t i;
    json_t *c;
    if (g->json && puts(text) < 0) return -1;
    const json_t *all = json_object_get(l, "collections");
    if (!all) {
        reject(g, l);
        return 0;
    }
    g->status_seen = true;
    json_array_foreach(all, i, c) collection(g, c);
    return 0;
}

static int show_line(void *user GL_UNUSED, const char *text, const json_t *json GL_UNUSED) {
    return puts(text) < 0 ? -1 : 0;
}

static void print(const struct glance *g, const char *zone) {
    gl_cli_table_print(&g->feeds, stdout);
    if (g->rejects.n_rows) puts("\nRefused, the newest first");
    gl_cli_table_print(&g->rejects, stdout);
    printf("\nTimes are %s. ", zone);
    if (g->bad > 0)
        printf("Nothing is released: %d of these cannot be leaned on; they are marked with '!'.\n", g->bad);
    else
        puts("All is well.");
}

static int show(const struct gl_config *c, bool json, int64_t rejects) {
    struct glance g = {.json = json, .feeds.n_columns = 7, .rejects.n_columns = 6};
    const char *zone = gl_cli_zone(c->timezone);
    int status = gl_cli_ask(c, &(struct gl_cli_question){"feed", NULL, rejects, line, &g}, NULL);
    if (status == GL_CLI_DONE && !json) print(&g, zone);
    if (status == GL_CLI_DONE && (g.bad > 0 || !g.status_seen)) status = GL_CLI_WRONG;
    gl_cli_table_free(&g.feeds);
    gl_cli_table_free(&g.rejects);
    return status;
}

static int run(int argc, char **argv) {
    const char *file = NULL, *rejects = NULL, *dump = NULL;
    bool json = false;
    int64_t n = REJECTS_DEFAULT;
    const struct gl_cli_option options[] = {
        {"config", &file, NULL}, {"rejects", &rejects, NULL}, {"dump", &dump, NULL}, {"json", NULL, &json}};
    int status;
    if (gl_cli_parse(&gl_cli_feed, argc, argv, options, GL_COUNT(options), 0, 0, &status) < 0) return status;
    if (rejects && gl_parse_int(rejects, 0, REJECTS_MOST, &n) < 0)
        return gl_cli_usage("feed", "--rejects %.40s: a number from 0 to %d is needed", rejects, REJECTS_MOST);
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    status = dump ? gl_cli_ask(c, &(struct gl_cli_question){"dump", dump, 0, show_line, NULL}, NULL) : show(c, json, n);
    gl_config_free(c);
    return status;
}

const struct gl_cli_command gl_cli_feed = {
    .name = "feed",
    .group = "Declarations",
    .summary = "how far movements, declarations and the rest are known",
    .help =
        "Usage: greenlane feed [--rejects N] [--dump COLLECTION] [--json]\n"
        "\n"
        "Shows each collection of the feed: its state, how old it is, the last number without a hole below it and how many are "
        "missing, a\n"
        "snapshot that is being loaded, what the producer was asked for; then the newest records that were refused, with the "
        "reasons.\n"
        "\n"
        "  --rejects N         so many refused records (0 to 1000; 10 when not given)\n"
        "  --dump COLLECTION   instead: every record that counts, one JSON object a line; for small collections\n"
        "  --json              JSON lines: the state, then the refused records\n"
        "  --config FILE       the configuration of the post\n"
        "\n"
        "Exit status: 0 = everything that a release leans on is live or aged, 1 = something is worse, 2 = wrong command line,\n"
        "3 = the gateway is not running.\n",
    .run = run,
};
