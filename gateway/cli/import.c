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

enum { WINDOW = 32, MOST_TOLD = 1000, MAPPING = 64 << 10 /* most bytes of a mapping */, MOST_WHY = 64 };

struct importing {
    const char *file;
    struct gl_import_options options;
    bool dry, as_feed;
    int gateway;   /* fd; -1 with --dry-run */
    void *scratch; /* room for one message */
    uint64_t loaded, older, refused, told, notes;
    uint64_t numbers, frames; /* left out of account: numbers of a feed; and beginnings and ends of snapshots */
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

static void tell_note(struct importing *im, const char *where, const char *text) {
    char w[160], t[400];
    if (im->notes++ >= MOST_TOLD) return;
    gl_cli_clean(w, sizeof w, where);
    gl_cli_clean(t, sizeof t, text);
    fprintf(stderr, "%s: %s: note: %s\n", im->file, w, t);
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
    else if (done->status > 0)
        im->older++;
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
/* What a recorded feed says of its own order is not believed of a file: it would outrank the feed, or take a collection's place. False: then nothing
 * is left of it. */
static bool is_files(struct importing *im, struct gl_feed_record *r) {
    if (im->as_feed || !r->epoch[0]) return true;
    im->numbers++;
    r->epoch[0] = r->snapshot[0] = '\0';
    r->seq = 0;
    r->digest.len = 0;
    if (r->op != GL_OP_SNAPSHOT_BEGIN && r->op != GL_OP_SNAPSHOT_END) return true;
    im->frames++;
    return false;
}

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
                if (!is_files(im, &news->record)) break;
                rc = im->dry ? show(im, &news->record) : forward(im, &news->record);
                if (rc < 0) return rc;
                break;
            case GL_FRAME_BAD: tell_bad(im, news->where, news->reason); break;
            case GL_FRAME_NOTE: tell_note(im, news->where, news->reason); break;
            case GL_FRAME_END: return news->result < 0 ? gl_fail(&im->error, (int)news->result, "%s", news->reason) : 0;
        }
    }
}

/* When a file was written; of what is no file, and of one from the future, now. */
static int64_t written_at(const struct stat *st) {
    int64_t now = gl_now_read().wall;
    int64_t then = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
    return S_ISREG(st->st_mode) && then > 0 && then < now ? then : now;
}

static int open_file(const char *file, int64_t *ret_written, struct gl_error *err) {
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return gl_fail(err, -errno, "%s", strerror(errno));
    const char *wrong = fstat(fd, &st) < 0 ? strerror(errno) : S_ISDIR(st.st_mode) ? "a folder; name the files in it" : NULL;
    if (!wrong && S_ISREG(st.st_mode) && st.st_size > GL_READER_FILE) wrong = "longer than 256 MiB; split it";
    if (!wrong) {
        *ret_written = written_at(&st);
        return fd;
    }
    close(fd);
    return gl_fail(err, -EINVAL, "%s", wrong);
}

static int import(struct importing *im, struct gl_reader_news *news) {
    pid_t pid;
    int from;
    int fd = open_file(im->file, &im->options.as_of, &im->error);
    if (fd < 0) return fd;
    fflush(stdout);
    im->options.now = gl_now_read().wall;
    int rc = gl_reader_start(fd, &im->options, &pid, &from, &im->error);
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
    if (im->notes > MOST_TOLD) fprintf(stderr, "%s: and %llu more notes\n", im->file, (unsigned long long)(im->notes - MOST_TOLD));
    if (rc < 0) {
        char why[400];
        gl_cli_clean(why, sizeof why, im->error.text);
        fprintf(stderr, "%s: %s\n", im->file, why);
    }
    char older[64] = "";
    if (im->older > 0) gl_format(older, sizeof older, ", %llu older than what is known", (unsigned long long)im->older);
    if (rc == 0 || im->loaded + im->older + im->refused > 0)
        fprintf(to, "%s: %llu records %s%s, %llu refused%s\n", im->file, (unsigned long long)im->loaded,
                im->dry ? "read" : "loaded", older, (unsigned long long)im->refused, rc < 0 ? ", the rest not read" : "");
    if (im->numbers > 0)
        fprintf(to,
                "%s: %llu epochs and numbers ignored, %llu beginnings and ends of snapshots left out: a file is no feed "
                "(--as-feed)\n",
                im->file, (unsigned long long)im->numbers, (unsigned long long)im->frames);
    return rc < 0 ? GL_CLI_NOTHING : im->refused > 0 ? GL_CLI_WRONG : GL_CLI_DONE;
}

static int import_all(int n, char **files, const struct gl_import_options *options, bool as_feed, int gateway) {
    int worst = GL_CLI_DONE;
    GL_CLEANUP(gl_freep) struct gl_reader_news *news = malloc(sizeof *news);
    GL_CLEANUP(gl_freep) void *scratch = malloc(gl_ipc_scratch_size());
    if (!news || !scratch) return GL_CLI_NOTHING;
    for (int i = 0; i < n; i++) {
        struct importing im = {
            .file = files[i], .options = *options, .dry = gateway < 0, .as_feed = as_feed, .gateway = gateway, .scratch = scratch};
        int status = import_and_tell(&im, news);
        if (status > worst) worst = status;
        if (im.n_flight > 0) return GL_CLI_NOTHING; /* the gateway is gone, or its answers are out of step */
    }
    return worst;
}

/* ---- the command line ---- */
/* The whole of a mapping, to be freed; NULL and err. */
static char *read_mapping(const char *file, size_t *ret_len, struct gl_error *err) {
    GL_CLEANUP(gl_close_fd) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    char *bytes = fd < 0 ? NULL : malloc(MAPPING + 1);
    ssize_t got = 0, n = 1;
    while (bytes && n > 0 && got <= MAPPING)
        if ((n = read(fd, bytes + got, (size_t)(MAPPING + 1 - got))) > 0) got += n;
    if (bytes && n == 0 && got <= MAPPING) {
        *ret_len = (size_t)got;
        return bytes;
    }
    gl_fail(err, -1, "%s: %s", file, got > MAPPING ? "longer than 64 KiB; it is no mapping" : strerror(errno));
    free(bytes);
    return NULL;
}

/* Local times in files are those of the post, unless the command line says otherwise. */
static int choose_zone(const char *given, const struct gl_config *c, struct gl_import_options *options) {
    options->zone = given ? given : c && c->timezone[0] ? c->timezone : NULL;
    if (!options->zone) return 0;
    bool known = strcmp(gl_cli_zone(options->zone), options->zone) == 0;
    if (!known && given)
        return gl_cli_usage("import", "--zone %s: this machine knows no such time zone; write one like Europe/Tallinn", given);
    if (!known) options->zone = NULL;
    return 0;
}

/* On the connection that then brings the records: the gateway writes down who it is, and why. */
static int announce(int gateway, const char *reason, struct gl_error *err) {
    struct gl_msg_query q = {.what = "as-feed"};
    enum gl_message_type type;
    GL_CLEANUP(gl_freep) struct gl_msg_done *done = malloc(gl_ipc_scratch_size());
    if (!done) return gl_fail(err, -ENOMEM, "out of memory");
    gl_clip(q.arg, sizeof q.arg, reason);
    int rc = gl_ipc_send_blocking(gateway, GL_MSG_QUERY, &q);
    if (rc == 0) rc = gl_ipc_recv_blocking(gateway, GL_ACCEPT(GL_MSG_DONE), &type, done);
    if (rc <= 0) return gl_fail(err, rc < 0 ? rc : -EPIPE, "the gateway went away; nothing was loaded");
    return done->status < 0 ? gl_fail(err, (int)done->status, "%s", done->text) : 0;
}

static int load(int n, char **files, const struct gl_import_options *options, const char *as_feed, const struct gl_config *c) {
    struct gl_error err;
    GL_CLEANUP(gl_close_fd) int gateway = gl_cli_connect(c, &err);
    if (gateway >= 0 && (!as_feed || announce(gateway, as_feed, &err) == 0))
        return import_all(n, files, options, as_feed != NULL, gateway);
    fprintf(stderr, "greenlane: %s\n", err.text);
    return GL_CLI_NOTHING;
}

static int run(int argc, char **argv) {
    const char *file = NULL, *zone = NULL, *mapping = NULL, *as_feed = NULL;
    bool dry = false;
    const struct gl_cli_option options[] = {{"config", &file, NULL},
                                            {"dry-run", NULL, &dry},
                                            {"zone", &zone, NULL},
                                            {"mapping", &mapping, NULL},
                                            {"as-feed", &as_feed, NULL}};
    struct gl_import_options how = {.zone = NULL};
    struct gl_error err;
    int status;
    int n = gl_cli_parse(&gl_cli_import, argc, argv, options, GL_COUNT(options), 1, 4096, &status);
    if (n < 0) return status;
    if (as_feed && (strlen(as_feed) > MOST_WHY || as_feed[strspn(as_feed, " ")] == '\0'))
        return gl_cli_usage("import", "--as-feed: why? a reason of at most %d bytes is needed", MOST_WHY);
    GL_CLEANUP(gl_freep) char *bytes = mapping ? read_mapping(mapping, &how.mapping_len, &err) : NULL;
    if (mapping && !bytes) {
        fprintf(stderr, "greenlane: %s\n", err.text);
        return GL_CLI_NOTHING;
    }
    how.mapping = bytes;
    struct gl_config *c = dry && !file ? NULL : gl_cli_config(file, false);
    if (!c && !(dry && !file)) return GL_CLI_NOTHING;
    status = choose_zone(zone, c, &how);
    if (status == 0) status = dry ? import_all(n, argv, &how, as_feed != NULL, -1) : load(n, argv, &how, as_feed, c);
    gl_config_free(c);
    return status;
}

const struct gl_cli_command gl_cli_import = {
    .name = "import",
    .group = "Declarations",
    .summary = "load movements, declarations and tags from files",
    .help =
        "Usage: greenlane import FILE... [--dry-run]\n"
        "\n"
        "Loads movements, declarations and registered tags from files into the running gateway. The format is recognised:\n"
        "  JSON lines   one record a line, as on the feed: {\"collection\":\"movements\",\"body\":{...}}\n"
        "  XML          messages of NCTS phase 5 (CC015C, CC029C, CC060C, ...), ASYCUDA declarations, entry summaries (CC315A),\n"
        "               declarations in the WCO data model\n"
        "  JSON         GVMS movements, Digitoll consignments and routing results, ACE and ACI e-manifests\n"
        "  CSV          with --mapping alone\n"
        "Each file is parsed in a process of its own that can do nothing else. A bad record is named and left out; the others are "
        "loaded.\n"
        "What loads nothing, such as a request to cancel, and what is doubtful without being wrong is told as a note.\n"
        "Loading a file twice changes nothing: each record carries its version, or is as old as the file where its format has "
        "none.\n"
        "\n"
        "  --dry-run       prints the records as they would be loaded, one JSON object a line, and loads nothing; needs no "
        "gateway\n"
        "  --zone NAME     local times in files are of this time zone, such as Europe/Tallinn; else of post.timezone\n"
        "  --mapping FILE  the files are CSV; this says which column is what\n"
        "  --as-feed WHY   restores a recorded feed: lines with epoch and seq count as if the feed had sent them, snapshots too. "
        "Who "
        "did it and\n"
        "                  why stands in the journal. Without it a file's epochs and numbers are ignored\n"
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
