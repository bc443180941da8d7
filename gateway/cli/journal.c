/* greenlane journal verify: is every record still as it was written? */
#include <string.h>

#include "cli/cli.h"

struct verdict {
    bool json, unsaid;
    int64_t records, purged, broken_at;
    char head[65];
};

static int line(void *user, const char *text, const json_t *v) {
    struct verdict *r = user;
    if (r->json) return puts(text) < 0 ? -1 : 0;
    r->records = json_integer_value(json_object_get(v, "records"));
    r->purged = json_integer_value(json_object_get(v, "purged"));
    r->unsaid = json_is_true(json_object_get(v, "unsaid"));
    r->broken_at = json_integer_value(json_object_get(v, "broken_at"));
    gl_cli_clean(r->head, sizeof r->head, gl_cli_text(v, "head"));
    return 0;
}

static int verify(const char *file, bool json) {
    struct verdict r = {.json = json};
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    int status = gl_cli_ask(c, &(struct gl_cli_question){"verify", NULL, 0, line, &r}, NULL);
    gl_config_free(c);
    if (json || status == GL_CLI_NOTHING || status == GL_CLI_USAGE) return status;
    if (r.broken_at > 0) {
        printf(
            "The journal is broken at record %lld: %s.\n"
            "Keep the file as it is, and compare it with what was published and with the last backup.\n",
            (long long)r.broken_at,
            r.unsaid ? "what it said is gone, and no purge has said that it would go"
                     : "it, or one before it, was changed or removed after it was written");
        return GL_CLI_WRONG;
    }
    if (status == GL_CLI_DONE)
        printf("The journal is whole: %lld records, each as it was written, %lld of them purged in their time.\nHead %s\n",
               (long long)r.records, (long long)r.purged, r.head);
    return status;
}

static int run(int argc, char **argv) {
    const char *file = NULL;
    bool json = false;
    const struct gl_cli_option options[] = {{"config", &file, NULL}, {"json", NULL, &json}};
    int status;
    if (gl_cli_parse(&gl_cli_journal, argc, argv, options, GL_COUNT(options), 1, 1, &status) < 0) return status;
    if (strcmp(argv[0], "verify") != 0)
        return gl_cli_usage("journal", "'%.40s' is nothing that can be done with it; write 'journal verify'", argv[0]);
    return verify(file, json);
}

const struct gl_cli_command gl_cli_journal = {
    .name = "journal",
    .group = "Look back",
    .summary = "'journal verify': proves that no record was changed",
    .help =
        "Usage: greenlane journal verify [--json]\n"
        "\n"
        "Walks the whole journal and recomputes the hash that ties each record to the one before it. The gateway goes on working "
        "meanwhile.\n"
        "Write the head down somewhere else from time to time: then nobody can replace the whole journal unnoticed either.\n"
        "\n"
        "  --json          one JSON object: records, purged, skipped, broken_at (0 = nowhere), unsaid, head\n"
        "  --config FILE   the configuration of the post\n"
        "\n"
        "Exit status: 0 = whole, 1 = broken, 2 = wrong command line, 3 = the gateway is not running.\n",
    .run = run,
};
