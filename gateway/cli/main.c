/* greenlane: the operator's command. One table of subcommands, one file each.
 *
 * It has no authority of its own: it asks greenlaned over {paths.run}/control.sock, whose file mode says who may. Declaration
 * files are parsed here, in a child process that can do nothing else (import_reader.c), never in greenlaned. */
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "config/reader.h"

static const struct gl_cli_command *const commands[] = {
    &gl_cli_run,     &gl_cli_status, &gl_cli_watch,    &gl_cli_check,   &gl_cli_simulate,
    &gl_cli_import,  &gl_cli_feed,   &gl_cli_passages, &gl_cli_plate,   &gl_cli_explain,
    &gl_cli_journal, &gl_cli_purge,  &gl_cli_backup,   &gl_cli_restore, &gl_cli_run_child,
};

static int help(FILE *to) {
    const char *group = "";
    fputs(
        "Usage: greenlane COMMAND [OPTIONS]\n\nA gateway for border-crossing points: reads the lanes' sensors, decides release or "
        "inspect, records why.\n",
        to);
    for (size_t i = 0; i < GL_COUNT(commands); i++) {
        const struct gl_cli_command *c = commands[i];
        if (!c->group) continue;
        if (strcmp(group, c->group) != 0) fprintf(to, "\n%s\n", c->group);
        group = c->group;
        fprintf(to, "  %-10s %s\n", c->name, c->summary);
    }
    fputs(
        "\n  greenlane COMMAND --help     what a command does, its options, examples, exit statuses\n"
        "  greenlane --version\n\n"
        "The configuration is --config FILE, or $GREENLANE_CONFIG, or /etc/greenlane/post.yaml.\n",
        to);
    return ferror(to) ? GL_CLI_WRONG : GL_CLI_DONE;
}

static int unknown(const char *given) {
    const char *names[GL_COUNT(commands)];
    char name[64];
    size_t n = 0;
    for (size_t i = 0; i < GL_COUNT(commands); i++)
        if (commands[i]->group) names[n++] = commands[i]->name;
    gl_cli_clean(name, sizeof name, given);
    const char *near = gl_nearest(name, names, n);
    fprintf(stderr, "greenlane: there is no command '%s'%s%s%s\nTry 'greenlane --help'.\n", name, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return GL_CLI_USAGE;
}

int main(int argc, char **argv) {
    gl_log_init("greenlane", GL_INFO);
    signal(SIGPIPE, SIG_IGN);
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0) return puts("greenlane " GREENLANE_VERSION) < 0 ? GL_CLI_WRONG : GL_CLI_DONE;
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) return help(stdout);
    if (name[0] == '\0') {
        help(stderr);
        return GL_CLI_USAGE;
    }
    for (size_t i = 0; i < GL_COUNT(commands); i++)
        if (strcmp(commands[i]->name, name) == 0) {
            int status = commands[i]->run(argc - 1, argv + 1);
            /* What was not written was not said: a full disk or a closed pipe must not look like success. */
            if (fflush(stdout) != 0 && status == GL_CLI_DONE) status = GL_CLI_WRONG;
            return status;
        }
    return unknown(name);
}
