/* greenlane passages: the latest vehicles, one a row. */
#include <string.h>

#include "cli/cli.h"

struct listing {
    bool json;
    struct gl_cli_table table;
};

/* "inspect: desk", "release", or that nothing was decided. */
static void outcome_words(const json_t *p, char *out, size_t size) {
    const char *outcome = gl_cli_text(p, "outcome"), *level = gl_cli_text(p, "level");
    gl_format(out, size, "%s%s%s", outcome[0] ? outcome : "undecided", level[0] ? ": " : "", level);
}

static int line(void *user, const char *text, const json_t *p) {
    struct listing *l = user;
    char opened[GL_TIME_TEXT], outcome[64];
    if (l->json) return puts(text) < 0 ? -1 : 0;
    if (!json_is_object(p)) return 0;
    gl_cli_time(gl_cli_wall(p, "opened_at"), opened);
    outcome_words(p, outcome, sizeof outcome);
    const char *exit = gl_cli_text(p, "exit");
    if (!exit[0]) exit = strcmp(gl_cli_text(p, "state"), "closed") == 0 ? "" : "still here";
    const char *cells[] = {opened, gl_cli_text(p, "lane"),   gl_cli_text(p, "plate"), gl_cli_text(p, "trailer"), outcome,
                           exit,   gl_cli_text(p, "passage")};
    gl_cli_row(&l->table, cells);
    return 0;
}

static int run(int argc, char **argv) {
    static const char *const head[] = {"opened", "lane", "plate", "trailer", "outcome", "exit", "passage"};
    const char *file = NULL, *lane = NULL, *last = NULL;
    struct listing l = {.table.n_columns = GL_COUNT(head)};
    const struct gl_cli_option options[] = {
        {"config", &file, NULL}, {"lane", &lane, NULL}, {"last", &last, NULL}, {"json", NULL, &l.json}};
    int status;
    int64_t limit = 20;
    if (gl_cli_parse(&gl_cli_passages, argc, argv, options, GL_COUNT(options), 0, 0, &status) < 0) return status;
    if (last && gl_parse_int(last, 1, 1000, &limit) < 0) return gl_cli_usage("passages", "--last needs a number from 1 to 1000");
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    if (lane && !gl_config_lane(c, lane)) {
        status = gl_cli_usage("passages", "lane '%.40s' is not configured", lane);
    } else {
        const char *zone = gl_cli_zone(c->timezone);
        gl_cli_row(&l.table, head);
        status = gl_cli_ask(c, &(struct gl_cli_question){"passages", lane, limit, line, &l}, NULL);
        if (status == GL_CLI_DONE && !l.json && l.table.n_rows == 1)
            puts("No vehicle has passed yet.");
        else if (status == GL_CLI_DONE && !l.json) {
            gl_cli_table_print(&l.table, stdout);
            printf("\nNewest first; times are %s. 'greenlane explain PASSAGE' tells the story of one.\n", zone);
        }
    }
    gl_cli_table_free(&l.table);
    gl_config_free(c);
    return status;
}

const struct gl_cli_command gl_cli_passages = {
    .name = "passages",
    .group = "Look back",
    .summary = "the latest vehicles and what was decided",
    .help =
        "Usage: greenlane passages [--lane LANE] [--last N] [--json]\n"
        "\n"
        "Lists the latest passages, newest first: when each began, its lane, the plates read, what was decided, how it left.\n"
        "\n"
        "  --lane LANE     of this lane alone\n"
        "  --last N        how many, 1 to 1000; 20 when not given\n"
        "  --json          one JSON object a line, times in UTC\n"
        "  --config FILE   the configuration of the post\n"
        "\n"
        "Example:\n"
        "  greenlane passages --lane in-1 --last 50\n"
        "\n"
        "Exit status: 0 = listed, 1 = the gateway could not answer, 2 = wrong command line, 3 = the gateway is not running.\n",
    .run = run,
};
