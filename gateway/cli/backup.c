/* greenlane backup: everything that a box needs to take another one's place, but its secrets.
 *
 *     FOLDER/manifest.json   what is in it, with the SHA-256 of each part and the head of the journal
 *     FOLDER/journal.db      as the running gateway has copied it
 *     FOLDER/post.yaml       the configuration
 *     FOLDER/evidence/       pictures and profiles; their names are their SHA-256
 *
 * It is made as FOLDER.part and renamed at the end: a folder of the right name is a whole backup. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/archive.h"
#include "cli/cli.h"

enum { PATH_MOST = 4096 };

struct backup {
    const struct gl_config *config;
    const char *folder;
    char part[PATH_MOST];
    char journal[PATH_MOST]; /* the gateway's copy */
    char hour[16];           /* of the evidence folder made last */
    int64_t files, bytes;
    json_t *manifest;
};

static const struct gl_owner mine = {(uid_t)-1, (gid_t)-1, 0600};

static int line(void *user, const char *text GL_UNUSED, const json_t *v) {
    struct backup *b = user;
    if (gl_copy(b->journal, sizeof b->journal, gl_cli_text(v, "path")) < 0) return -ENAMETOOLONG;
    json_object_set(b->manifest, "journal", (json_t *)v);
    return 0;
}

static int make_folder(const char *path, struct gl_error *err) {
    return mkdir(path, 0700) < 0 ? gl_fail(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

static int begin(struct backup *b, struct gl_error *err) {
    struct stat st;
    char now[GL_TIME_TEXT];
    gl_format(b->part, sizeof b->part, "%s.part", b->folder);
    if (strlen(b->folder) > PATH_MOST / 2) return gl_fail(err, -ENAMETOOLONG, "%.60s...: too long a path", b->folder);
    if (lstat(b->folder, &st) == 0) return gl_fail(err, -EEXIST, "%s: it exists; a backup begins a folder of its own", b->folder);
    gl_time_format(gl_now_read().wall, now);
    b->manifest = json_pack("{s:i, s:s, s:s, s:s}", "greenlane_backup", 1, "version", GREENLANE_VERSION, "post", b->config->post,
                            "made_at", now);
    if (!b->manifest) return gl_fail(err, -ENOMEM, "out of memory");
    return make_folder(b->part, err);
}

/* ---- the parts ---- */
static int add_file(struct backup *b, const char *what, const char *from, const char *name, struct gl_error *err) {
    char to[PATH_MOST], hash[GL_SHA256_TEXT];
    int64_t bytes = 0;
    gl_format(to, sizeof to, "%s/%s", b->part, name);
    int rc = gl_archive_copy(from, to, &mine, hash, &bytes, err);
    if (rc < 0) return rc;
    json_t *entry = json_object_get(b->manifest, what);
    if (!entry) json_object_set_new(b->manifest, what, entry = json_object());
    json_object_del(entry, "path");
    json_object_set_new(entry, "file", json_string(name));
    json_object_set_new(entry, "sha256", json_string(hash));
    json_object_set_new(entry, "bytes", json_integer(bytes));
    return 0;
}

static int add_evidence(void *user, const char *hour, const char *name, struct gl_error *err) {
    struct backup *b = user;
    char from[PATH_MOST], to[PATH_MOST];
    int64_t bytes = 0;
    if (strcmp(b->hour, hour) != 0) {
        gl_clip(b->hour, sizeof b->hour, hour);
        gl_format(to, sizeof to, "%s/evidence/%s", b->part, hour);
        int rc = make_folder(to, err);
        if (rc < 0) return rc;
    }
    gl_format(from, sizeof from, "%s/evidence/%s/%s", b->config->paths.state, hour, name);
    gl_format(to, sizeof to, "%s/evidence/%s/%s", b->part, hour, name);
    int rc = gl_archive_copy(from, to, &mine, NULL, &bytes, err);
    if (rc == -ENOENT) return 0; /* its time was over meanwhile */
    b->files += rc == 0;
    b->bytes += bytes;
    return rc;
}

static int add_all_evidence(struct backup *b, struct gl_error *err) {
    char path[PATH_MOST];
    gl_format(path, sizeof path, "%s/evidence", b->part);
    int rc = make_folder(path, err);
    gl_format(path, sizeof path, "%s/evidence", b->config->paths.state);
    if (rc == 0) rc = gl_archive_evidence(path, add_evidence, b, err);
    json_object_set_new(b->manifest, "evidence",
                        json_pack("{s:I, s:I}", "files", (json_int_t)b->files, "bytes", (json_int_t)b->bytes));
    return rc;
}

/* A secret by its path and its hash: so that the next box can tell whether it has the same. */
static void name_secret(json_t *list, const char *path) {
    char hash[GL_SHA256_TEXT];
    if (!path[0]) return;
    bool known = gl_archive_hash(path, hash, NULL) == 0;
    json_array_append_new(list, json_pack("{s:s, s:o}", "path", path, "sha256", known ? json_string(hash) : json_null()));
}

static void name_secrets(struct backup *b) {
    const struct gl_config *c = b->config;
    json_t *list = json_array(), *lanes = json_array();
    char key[GL_PATH + 16];
    gl_format(key, sizeof key, "%s/random.key", c->paths.state);
    name_secret(list, c->random_key_file[0] ? c->random_key_file : key);
    const char *const files[] = {c->mqtt.password_file, c->mqtt.ca_file, c->mqtt.cert_file, c->mqtt.key_file};
    for (size_t i = 0; i < GL_COUNT(files); i++) name_secret(list, files[i]);
    for (int i = 0; i < c->n_lanes; i++) {
        json_array_append_new(lanes, json_string(c->lanes[i].id));
        for (int k = 0; k < c->lanes[i].n_devices; k++) name_secret(list, c->lanes[i].devices[k].secret);
    }
    json_object_set_new(b->manifest, "secrets", list);
    json_object_set_new(b->manifest, "lanes", lanes);
}

static int finish(struct backup *b, struct gl_error *err) {
    char path[PATH_MOST];
    GL_CLEANUP(gl_freep) char *text = json_dumps(b->manifest, JSON_INDENT(2));
    if (!text) return gl_fail(err, -ENOMEM, "out of memory");
    gl_format(path, sizeof path, "%s/manifest.json", b->part);
    int rc = gl_archive_write(path, text, err);
    if (rc == 0) rc = gl_archive_sync_folder(b->part, err);
    if (rc == 0 && rename(b->part, b->folder) < 0) rc = gl_fail(err, -errno, "%s: %s", b->folder, strerror(errno));
    return rc;
}

static int make(struct backup *b, bool without_evidence, struct gl_error *err) {
    int rc = begin(b, err);
    if (rc < 0) return rc;
    int status = gl_cli_ask(b->config, &(struct gl_cli_question){"backup", NULL, 0, line, b}, NULL);
    if (status != GL_CLI_DONE || !b->journal[0]) return gl_fail(err, -EIO, "the gateway made no copy of its journal");
    rc = add_file(b, "journal", b->journal, "journal.db", err);
    unlink(b->journal);
    if (rc == 0) rc = add_file(b, "configuration", b->config->file, "post.yaml", err);
    if (rc == 0 && !without_evidence) rc = add_all_evidence(b, err);
    if (rc < 0) return rc;
    name_secrets(b);
    return finish(b, err);
}

static int run(int argc, char **argv) {
    const char *file = NULL;
    bool without_evidence = false;
    struct gl_error err = {""};
    const struct gl_cli_option options[] = {{"config", &file, NULL}, {"without-evidence", NULL, &without_evidence}};
    int status;
    if (gl_cli_parse(&gl_cli_backup, argc, argv, options, GL_COUNT(options), 1, 1, &status) < 0) return status;
    struct gl_config *c = gl_cli_config(file, false);
    if (!c) return GL_CLI_NOTHING;
    struct backup b = {.config = c, .folder = argv[0]};
    int rc = make(&b, without_evidence, &err);
    if (rc < 0)
        fprintf(stderr, "greenlane: no backup was made: %s\n", err.text);
    else
        printf(
            "%s: %lld records of the journal, %lld files of evidence, the configuration.\nNot in it: secrets (manifest.json names "
            "them), "
            "and the cache, which the feed fills again.\nHead %s\n",
            b.folder, (long long)json_integer_value(json_object_get(json_object_get(b.manifest, "journal"), "records")),
            (long long)b.files, gl_cli_text(json_object_get(b.manifest, "journal"), "head"));
    json_decref(b.manifest);
    gl_config_free(c);
    return rc < 0 ? GL_CLI_NOTHING : GL_CLI_DONE;
}

const struct gl_cli_command gl_cli_backup = {
    .name = "backup",
    .group = "Keep",
    .summary = "a copy of the journal, the configuration and the evidence",
    .help =
        "Usage: greenlane backup FOLDER [--without-evidence]\n"
        "\n"
        "Makes a new folder with all that another box needs to take this one's place. The gateway goes on working meanwhile, and "
        "what it\n"
        "records until the copy is complete is in it. Passwords and keys are not: the manifest names their files, with their "
        "SHA-256.\n"
        "Run it as root or as the gateway's own user: nobody else may read the journal. Whoever can read the folder can read every "
        "plate.\n"
        "\n"
        "  FOLDER              it must not exist; a run that was broken off leaves FOLDER.part\n"
        "  --without-evidence  without pictures and profiles\n"
        "  --config FILE       the configuration of the post\n"
        "\n"
        "Example:\n"
        "  greenlane backup /mnt/safe/north-2026-11-23\n"
        "\n"
        "Exit status: 0 = made, 2 = wrong command line, 3 = not made; nothing of that name is there then.\n",
    .run = run,
};
