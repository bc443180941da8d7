/* greenlane import: files of movements, declarations and tags into the gateway. A child process parses (import_reader.c); this one passes typed records
 * on, and says what became of them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/import_reader.h"

enum { WINDOW = 32, MOST_TOLD = 1000 };

struct importing {
    const char *file;
    bool dry;
    int gateway;   /* fd; -1 with --dry-run */
    void *scratch; /* room for one message */
    uint64_t loaded, refused, told;
    unsigned first, n_flight; /* a ring of the records sent and not answered */
    char flight[WINDOW][GL_REF + GL_REF_TYPE];
    struct gl_error error; /* why it cannot go on */
};

static void tell_bad(struct importing *im, const char *where, const char *reason) {
    char w[160], r[400];
    im->refused++;
    if (im->told++ >= MOST_TOLD) return;
    gl_cli_clean(w, sizeof w, where);
    gl_cli_clean(r, sizeof r, reason);
    fprintf(stderr, "%s: %s: %s\n", im->file, w, r);
}

/* ---- towards the gateway ---- */
static int take_done(struct importing *im) {
    enum gl_message_type type;
    int rc = gl_ipc_recv_blocking(im->gateway, GL_ACCEPT(GL_MSG_DONE), &type, im->scratch);
    if (rc <= 0)
        return gl_fail(&im->error, rc < 0 ? rc : -EPIPE,
                       "the gateway went away; import the file again: records that it has already are left as they are");
    const struct gl_msg_done *done = im->scratch;
    const char *what = im->flight[im->first];
    im->first = (im->first + 1) % WINDOW;
    im->n_flight--;
    if (done->status == 0)
        im->loaded++;
    else
        tell_bad(im, what, done->text[0] ? done->text : "the gateway refused it");
    return 0;
}

static void name_record(const struct gl_feed_record *r, char *out, size_t size) {
    const struct gl_ref *ref = gl_feed_record_ref(r); /* the reader's frames hold no heartbeats */
    gl_format(out, size, "%s %s", ref ? ref->type : "?", ref ? ref->value : "");
}

static int forward(struct importing *im, const struct gl_feed_record *r) {
    if (im->n_flight == WINDOW && take_done(im) < 0) return -EPIPE;
    char *name = im->flight[(im->first + im->n_flight) % WINDOW];
    name_record(r, name, sizeof im->flight[0]);
    int rc = gl_ipc_send_blocking(im->gateway, GL_MSG_IMPORT, r);
    if (rc == -EMSGSIZE) {
        tell_bad(im, name, "larger than a message between processes can be (128 KiB)");
        return 0;
    }
    if (rc < 0) return gl_fail(&im->error, rc, "the gateway went away: %s; import the file again", strerror(-rc));
    im->n_flight++;
    return 0;
}

static int show(struct importing *im, const struct gl_feed_record *r) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(4 << 20);
    gl_feed_record_to_json(r, &out);
    if (out.failed || puts(out.data) < 0) return gl_fail(&im->error, -EIO, "cannot write to standard output");
    im->loaded++;
    return 0;
}

/* ---- one file ---- */
static int take_news(struct importing *im, int fd, struct gl_reader_news *news) {
    for (;;) {
        int rc = gl_reader_next(fd, news);
        if (rc == 0)
            return gl_fail(&im->error, -EPIPE,
                           "the reader of the file died over it: it asks for more memory or time than a file may");
        if (rc < 0)
            return gl_fail(&im->error, rc, "the reader of the file answers nonsense and was stopped: do not trust this file");
        switch (news->kind) {
            case GL_FRAME_RECORD:
                rc = im->dry ? show(im, &news->record) : forward(im, &news->record);
                if (rc < 0) return rc;
                break;
            case GL_FRAME_BAD: tell_bad(im, news->where, news->reason); break;
            case GL_FRAME_END: return news->result < 0 ? gl_fail(&im->error, (int)news->result, "%s", news->reason) : 0;
        }
    }
}

static int open_file(const char *file, struct gl_error *err) {
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return gl_fail(err, -errno, "%s", strerror(errno));
    const char *wrong = fstat(fd, &st) < 0 ? strerror(errno) : S_ISDIR(st.st_mode) ? "a folder; name the files in it" : NULL;
    if (!wrong && S_ISREG(st.st_mode) && st.st_size > GL_READER_FILE) wrong = "longer than 256 MiB; split it";
    if (!wrong) return fd;
    close(fd);
    return gl_fail(err, -EINVAL, "%s", wrong);
}

static int import(struct importing *im, struct gl_reader_news *news) {
    pid_t pid;
    int from;
    int fd = open_file(im->file, &im->error);
    if (fd < 0) return fd;
    fflush(stdout);
    int rc = gl_reader_start(fd, &pid, &from, &im->error);
    if (rc < 0) return rc;
    rc = take_news(im, from, news);
    close(from);
    if (rc < 0) kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    while (rc == 0 && im->n_flight > 0) rc = take_done(im);
    return rc;
}

/* The sum of one file, and its exit status. */
static int import_and_tell(struct importing *im, struct gl_reader_news *news) {
    int rc = import(im, news);
    FILE *to = im->dry ? stderr : stdout;
    if (im->told > MOST_TOLD) fprintf(stderr, "%s: and %llu more\n", im->file, (unsigned long long)(im->told - MOST_TOLD));
    if (rc < 0) {
        char why[400];
        gl_cli_clean(why, sizeof why, im->error.text);
        fprintf(stderr, "%s: %s\n", im->file, why);
    }
    if (rc == 0 || im->loaded + im->refused > 0)
        fprintf(to, "%s: %llu records %s, %llu refused%s\n", im->file, (unsigned long long)im->loaded, im->dry ? "read" : "loaded",
                (unsigned long long)im->refused, rc < 0 ? ", the rest not read" : "");
    return rc < 0 ? GL_CLI_NOTHING : im->refused > 0 ? GL_CLI_WRONG : GL_CLI_DONE;
}

static int import_all(int n, char **files, bool dry, int gateway) {
    int worst = GL_CLI_DONE;
    GL_CLEANUP(gl_freep) struct gl_reader_news *news = malloc(sizeof *news);
    GL_CLEANUP(gl_freep) void *scratch = malloc(gl_ipc_scratch_size());
    if (!news || !scratch) return GL_CLI_NOTHING;
    for (int i = 0; i < n; i++) {
        struct importing im = {.file = files[i], .dry = dry, .gateway = gateway, .scratch = scratch};
        int status = import_and_tell(&im, news);
        if (status > worst) worst = status;
        if (im.n_flight > 0) return GL_CLI_NOTHING; /* the gateway is gone, or its answers are out of step */
    }
    return worst;
}

static int run(int argc, char **argv) {
    const char *file = NULL;
    bool dry = false;
    const struct gl_cli_option options[] = {{"config", &file, NULL}, {"dry-run", NULL, &dry}};
    struct gl_error err;
    int status;
    int n = gl_cli_parse(&gl_cli_import, argc, argv, options, GL_COUNT(options), 1, 4096, &status);
    if (n < 0) return status;
    if (dry) return import_all(n, argv, true, -1);
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    GL_CLEANUP(gl_close_fd) int gateway = gl_cli_connect(c, &err);
    gl_config_free(c);
    if (gateway < 0) {
        fprintf(stderr, "greenlane: %s\n", err.text);
        return GL_CLI_NOTHING;
    }
    return import_all(n, argv, false, gateway);
}

const struct gl_cli_command gl_cli_import = {
    .name = "import",
    .group = "Declarations",
    .summary = "load movements, declarations and tags from files",
    .help =
        "Usage: greenlane import FILE... [--dry-run]\n"
        "\n"
        "Loads movements, declarations and registered tags from files into the running gateway. The format is recognised:\n"
        "  JSON lines   one record a line, as on the feed: {\"collection\":\"movements\",\"body\":{...}};\n"
        "               collections are movements, declarations and tags\n"
        "  NCTS         one XML message of the New Computerised Transit System, phase 5, such as CC015C\n"
        "Each file is parsed in a process of its own that can do nothing else. A bad record is named and left out; the others are "
        "loaded.\n"
        "Loading a file twice changes nothing: each record carries its version.\n"
        "\n"
        "  --dry-run       prints the records as they would be loaded, one JSON object a line, and loads nothing; needs no "
        "gateway\n"
        "  --config FILE   the configuration of the post\n"
        "\n"
        "Examples:\n"
        "  greenlane import cc015c-*.xml\n"
        "  greenlane import --dry-run movements.jsonl | jq .body.ref\n"
        "\n"
        "Exit status: 0 = everything was loaded, 1 = some records were refused (they are named), 2 = wrong command line,\n"
        "3 = a file could not be read, or the gateway is not running.\n",
    .run = run,
};
