/* greenlane check: is the configuration right, and with --probe: is what it names there? */
#include "config/check.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/probe.h"

static int probe(const char *file) {
    struct gl_config *c = gl_cli_config(file, true);
    if (!c) return GL_CLI_WRONG;
    GL_CLEANUP(gl_freep) struct gl_probe *list = calloc(GL_PROBES, sizeof *list);
    int failed = 0, n = list ? gl_probe_list(c, list) : 0;
    for (int i = 0; i < n; i++) {
        struct gl_error err = {""};
        int rc = gl_probe_one(&list[i], &err);
        failed += rc < 0;
        printf("%-24s %-7s %s%s%s\n", list[i].name, rc < 0 ? "failed" : "ok", list[i].what, rc < 0 ? ": " : "",
               rc < 0 ? err.text : "");
        fflush(stdout);
    }
    gl_config_free(c);
    return failed > 0 || !list ? GL_CLI_WRONG : GL_CLI_DONE;
}

static int run(int argc, char **argv) {
    const char *given = NULL;
    bool probing = false;
    const struct gl_cli_option options[] = {{"config", &given, NULL}, {"probe", NULL, &probing}};
    int status;
    int n = gl_cli_parse(&gl_cli_check, argc, argv, options, GL_COUNT(options), 0, 1, &status);
    if (n < 0) return status;
    const char *file = gl_cli_config_file(n == 1 ? argv[0] : given);
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(1 << 20);
    int rc = gl_config_check(file, &text);
    if (rc < 0) {
        fputs("greenlane: out of memory\n", stderr);
        return GL_CLI_NOTHING;
    }
    fputs(text.data ? text.data : "", rc == 0 ? stdout : stderr);
    if (rc != 0) return GL_CLI_WRONG;
    return probing ? probe(file) : GL_CLI_DONE;
}

const struct gl_cli_command gl_cli_check = {
    .name = "check",
    .group = "Set up",
    .summary = "check a configuration completely, and with --probe its devices",
    .help =
        "Usage: greenlane check FILE [--probe]\n"
        "\n"
        "Reads a configuration as the gateway would, with the plugins that it names, and tells everything that is wrong with it: "
        "file, line,\n"
        "column, what is wrong, what would be right. Nothing is started and nothing is changed.\n"
        "\n"
        "  --probe         also tries what the file names: a TCP connection of at most 2 seconds to each device and to the broker, "
        "and whether\n"
        "                  each serial node and gpio chip is there; one line each\n"
        "\n"
        "Examples:\n"
        "  greenlane check post.yaml\n"
        "  greenlane check /etc/greenlane/post.yaml --probe\n"
        "\n"
        "Exit status: 0 = right (and with --probe all there), 1 = wrong, or something did not answer, 2 = wrong command line.\n",
    .run = run,
};
