/* greenlane explain: what happened with one vehicle, and why. The words are story.c's. */
#include "cli/cli.h"

struct explaining {
    bool json;
    json_t *events;
};

static int line(void *user, const char *text, const json_t *event) {
    struct explaining *e = user;
    if (e->json) return puts(text) < 0 ? -1 : 0;
    return event ? json_array_append(e->events, (json_t *)event) : 0;
}

static int run(int argc, char **argv) {
    const char *file = NULL;
    struct explaining e = {false, NULL};
    const struct gl_cli_option options[] = {{"config", &file, NULL}, {"json", NULL, &e.json}};
    int status;
    if (gl_cli_parse(&gl_cli_explain, argc, argv, options, GL_COUNT(options), 1, 1, &status) < 0) return status;
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    const char *zone = gl_cli_zone(c->timezone);
    e.events = json_array();
    status = e.events ? gl_cli_ask(c, &(struct gl_cli_question){"explain", argv[0], 0, line, &e}, NULL) : GL_CLI_NOTHING;
    if (status == GL_CLI_DONE && !e.json) {
        GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(16 << 20);
        gl_cli_story(e.events, zone, &out);
        if (out.failed || fputs(out.data ? out.data : "", stdout) < 0) status = GL_CLI_WRONG;
    }
    json_decref(e.events);
    gl_config_free(c);
    return status;
}

const struct gl_cli_command gl_cli_explain = {
    .name = "explain",
    .group = "Look back",
    .summary = "the story of one passage: what was seen, what was decided, why",
    .help =
        "Usage: greenlane explain PASSAGE [--json]\n"
        "\n"
        "Tells what happened with one vehicle: everything that was read, in the order of time; the declarations it was matched "
        "with; each\n"
        "decision with every rule and its reason, the failed ones first; decisions that were replaced, and by whose word.\n"
        "\n"
        "  PASSAGE         its id, or the last characters of it (6 at least), as 'greenlane passages' shows it\n"
        "  --json          the recorded events, one JSON object a line\n"
        "  --config FILE   the configuration of the post\n"
        "\n"
        "Example:\n"
        "  greenlane explain 3f9a2c\n"
        "\n"
        "Exit status: 0 = told, 1 = there is no such passage, or more than one, 2 = wrong command line, 3 = the gateway is not "
        "running.\n",
    .run = run,
};
