/* What the subcommands of `greenlane` share: the command line, the configuration, the gateway's answers, and text for people.
 *
 * Exit statuses are the same everywhere: 0 = done and well, 1 = done, and something is wrong (each --help says what), 2 = wrong
 * command line, 3 = nothing could be done (a file unreadable, the gateway not running). */
#pragma once
#include <stdio.h>

#include "config/config.h"
#include "ipc/channel.h"

enum { GL_CLI_DONE = 0, GL_CLI_WRONG = 1, GL_CLI_USAGE = 2, GL_CLI_NOTHING = 3 };

struct gl_cli_command {
    const char *name;                  /* as typed; "journal" and the like look at their first argument themselves */
    const char *group;                 /* heading in `greenlane --help`; NULL = not listed */
    const char *summary;               /* one line there */
    const char *help;                  /* the whole text of --help */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit status */
};

extern const struct gl_cli_command gl_cli_run, gl_cli_run_child, gl_cli_check, gl_cli_import, gl_cli_passages, gl_cli_plate,
    gl_cli_explain, gl_cli_watch, gl_cli_status, gl_cli_journal, gl_cli_simulate, gl_cli_feed, gl_cli_purge, gl_cli_backup,
    gl_cli_restore;

/* ---- options.c ---- */
struct gl_cli_option {
    const char *name;   /* without dashes */
    const char **value; /* takes the text behind it; or */
    bool *flag;         /* is set */
};

/* Reads the options of a command, "--name TEXT" or "--name=TEXT", also between its arguments; "--" ends them. The arguments are
 * gathered in argv[0..n). Returns their number, or -1 when there is nothing more to do: help was printed, or what is wrong;
 * *ret_status is then the exit status. Fewer than least or more than most arguments are wrong. */
int gl_cli_parse(const struct gl_cli_command *self, int argc, char **argv, const struct gl_cli_option *options, size_t n_options,
                 int least, int most, int *ret_status);

/* Tells on standard error what is wrong with the command line. Returns GL_CLI_USAGE. */
int gl_cli_usage(const char *command, const char *fmt, ...) GL_PRINTF(2, 3);

/* The file given, or $GREENLANE_CONFIG, or /etc/greenlane/post.yaml. */
const char *gl_cli_config_file(const char *given);

/* Loads it and prints every error on standard error. NULL when there were any. gl_config_free(). */
struct gl_config *gl_cli_config(const char *given, bool check_plugins);

/* ---- ask.c: questions to the running gateway ---- */
/* Connects to {paths.run}/control.sock and says hello; the reason, with what helps, in err. Returns the fd or a negative errno. */
int gl_cli_connect(const struct gl_config *c, struct gl_error *err) GL_MUST_USE;

/* One question; line() gets each answer as text and as JSON (borrowed; NULL when it is none), and ends it all with a negative
 * return. Prints failures. Returns an exit status; done may be NULL. */
struct gl_cli_question {
    const char *what, *arg;
    int64_t limit;
    int (*line)(void *user, const char *text, const json_t *json);
    void *user;
};
int gl_cli_ask(const struct gl_config *c, const struct gl_cli_question *q, struct gl_msg_done *done);

/* ---- text.c: for people ---- */
/* Copies what fits; control characters and those that turn the writing direction come out as '?': a plate must not steer a
 * terminal. */
void gl_cli_clean(char *dst, size_t size, const char *src);
void gl_cli_clean_add(struct gl_buf *out, const char *src);
size_t gl_cli_width(const char *text); /* characters */

/* Local times of the post: chosen once, at the start of a command. Returns the zone's name as shown: its own, or "UTC" when the
 * machine does not know it. */
const char *gl_cli_zone(const char *name);
void gl_cli_time(int64_t wall, char out[GL_TIME_TEXT]);  /* 2026-11-23 14:03:07; "-" for 0 */
void gl_cli_clock(int64_t wall, char out[GL_TIME_TEXT]); /* 14:03:07 */

/* A member of an object as text ("" when it is none), and as a time. */
const char *gl_cli_text(const json_t *object, const char *member);
int64_t gl_cli_wall(const json_t *object, const char *member); /* 0 = none */

/* Columns as wide as their widest cell; the last runs on. At most GL_CLI_ROWS rows are kept. */
enum { GL_CLI_COLUMNS = 8, GL_CLI_ROWS = 2000 };
struct gl_cli_table {
    size_t n_columns, n_rows, cap;
    char (*cells)[GL_CLI_COLUMNS][96];
};
void gl_cli_row(struct gl_cli_table *t, const char *const *cells); /* n_columns of them; cleaned */
void gl_cli_table_print(const struct gl_cli_table *t, FILE *to);
void gl_cli_table_free(struct gl_cli_table *t);

/* ---- story.c: `explain` in words; events: the passage's CloudEvents in order. Pure but for the zone. */
void gl_cli_story(const json_t *events, const char *zone, struct gl_buf *out);
void gl_cli_reading_words(const char *kind, const json_t *data, struct gl_buf *out);
