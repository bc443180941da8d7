/* The command line of a subcommand, and where its configuration is. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "config/check.h"
#include "config/reader.h"

enum { MOST_OPTIONS = 12, MOST_ERRORS = 100 };

int gl_cli_usage(const char *command, const char *fmt, ...) {
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fprintf(stderr, "greenlane %s: %s\nTry 'greenlane %s --help'.\n", command, text, command);
    return GL_CLI_USAGE;
}

static const struct gl_cli_option *find(const struct gl_cli_option *options, size_t n, const char *name, size_t len) {
    for (size_t i = 0; i < n; i++)
        if (strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0) return &options[i];
    return NULL;
}

static int unknown(const struct gl_cli_command *self, const struct gl_cli_option *options, size_t n, const char *given) {
    const char *names[MOST_OPTIONS + 1];
    char name[64];
    size_t k = 0;
    names[k++] = "help";
    for (size_t i = 0; i < n && k < GL_COUNT(names); i++) names[k++] = options[i].name;
    gl_cli_clean(name, sizeof name, given);
    const char *near = gl_nearest(name + strspn(name, "-"), names, k);
    return gl_cli_usage(self->name, "there is no option %s%s%s%s", name, near ? "; did you mean --" : "", near ? near : "",
                        near ? "?" : "");
}

/* One option at argv[*i]; moves *i over its value. 0, or the exit status of a wrong one. */
static int take(const struct gl_cli_command *self, int argc, char **argv, int *i, const struct gl_cli_option *options, size_t n) {
    const char *name = argv[*i] + 2;
    const char *equals = strchr(name, '=');
    const struct gl_cli_option *o = find(options, n, name, equals ? (size_t)(equals - name) : strlen(name));
    if (!o) return unknown(self, options, n, argv[*i]);
    if (o->flag) {
        if (equals) return gl_cli_usage(self->name, "--%s takes no value", o->name);
        *o->flag = true;
        return 0;
    }
    if (!equals && *i + 1 >= argc) return gl_cli_usage(self->name, "--%s needs a value behind it", o->name);
    *o->value = equals ? equals + 1 : argv[++*i];
    return 0;
}

int gl_cli_parse(const struct gl_cli_command *self, int argc, char **argv, const struct gl_cli_option *options, size_t n_options,
                 int least, int most, int *ret_status) {
    int n = 0;
    bool plain = false;
    for (int i = 1; i < argc; i++) {
        if (!plain && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)) {
            *ret_status = fputs(self->help, stdout) < 0 ? GL_CLI_WRONG : GL_CLI_DONE;
            return -1;
        }
        if (!plain && strcmp(argv[i], "--") == 0) {
            plain = true;
        } else if (!plain && argv[i][0] == '-' && argv[i][1] == '-') {
            if ((*ret_status = take(self, argc, argv, &i, options, n_options)) != 0) return -1;
        } else if (!plain && argv[i][0] == '-' && argv[i][1] != '\0') {
            *ret_status = unknown(self, options, n_options, argv[i]);
            return -1;
        } else {
            argv[n++] = argv[i];
        }
    }
    if (n < least || n > most) {
        char extra[64] = "";
        if (n > most) gl_cli_clean(extra, sizeof extra, argv[most]);
        *ret_status = n < least ? gl_cli_usage(self->name, "something is missing on the command line")
                                : gl_cli_usage(self->name, "'%s' is too much on the command line", extra);
        return -1;
    }
    return n;
}

const char *gl_cli_config_file(const char *given) {
    const char *file = given ? given : getenv("GREENLANE_CONFIG");
    return file && file[0] ? file : "/etc/greenlane/post.yaml";
}

struct gl_config *gl_cli_config(const char *given, bool check_plugins) {
    GL_CLEANUP(gl_freep) struct gl_config_error *errors = calloc(MOST_ERRORS, sizeof *errors);
    struct gl_config *c = NULL;
    if (!errors) {
        fputs("greenlane: out of memory\n", stderr);
        return NULL;
    }
    int n = gl_config_load(gl_cli_config_file(given), check_plugins, &c, errors, MOST_ERRORS);
    for (int i = 0; i < n && i < MOST_ERRORS; i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(4096);
        gl_config_error_text(&errors[i], &text);
        fprintf(stderr, "%s\n", text.data && !text.failed ? text.data : errors[i].text);
    }
    return n == 0 ? c : NULL;
}
