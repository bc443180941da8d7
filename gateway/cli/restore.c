/* greenlane restore: another box takes over with a backup. Nothing is put in place before all of it was checked: each hash, the whole chain, and that
 * its head is the manifest's. The journal itself comes last: without it there is no state. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "cli/archive.h"
#include "cli/cli.h"
#include "store/journal.h"

enum { PATH_MOST = 4096, VERIFY_AT_ONCE = 2000 };

struct restoring {
    const char *folder, *state;
    bool replace;
    json_t *manifest;
    struct gl_owner owner; /* of the state folder */
    char journal[PATH_MOST];
    char boot[GL_UUID];
    char hour[16];
    int64_t files;
    struct gl_restored restored;
};

static const char *const state_files[] = {"journal.db", "journal.db-wal", "cache"};

static void path_in(const char *folder, const char *name, char out[PATH_MOST]) {
    gl_format(out, PATH_MOST, "%s/%s", folder, name);
}

/* ---- what is there ---- */
static int read_manifest(struct restoring *r, struct gl_error *err) {
    char path[PATH_MOST];
    json_error_t why;
    struct stat st;
    path_in(r->folder, "manifest.json", path);
    if (stat(path, &st) < 0) return gl_fail(err, -errno, "%s: %s; is this the folder of a backup?", path, strerror(errno));
    if (st.st_size > 1 << 20) return gl_fail(err, -EFBIG, "%s: longer than 1 MiB: this is no manifest", path);
    r->manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!r->manifest) return gl_fail(err, -EINVAL, "%s: line %d: %s", path, why.line, why.text);
    if (json_integer_value(json_object_get(r->manifest, "greenlane_backup")) != 1)
        return gl_fail(err, -EPROTONOSUPPORT, "%s: no backup of a form that this version knows", path);
    return 0;
}

/* The state that is there, if any. A gateway that runs on it holds its journal locked. */
static int look_at_state(struct restoring *r, struct gl_error *err) {
    struct stat st;
    char path[PATH_MOST];
    bool any = false;
    if (stat(r->state, &st) < 0)
        return gl_fail(err, -errno, "%s: %s; make the folder first, for the gateway's user", r->state, strerror(errno));
    r->owner = (struct gl_owner){st.st_uid, st.st_gid, 0600};
    for (size_t i = 0; i < GL_COUNT(state_files); i++) {
        path_in(r->state, state_files[i], path);
        any |= lstat(path, &st) == 0;
    }
    if (!any) return 0;
    if (!r->replace) return gl_fail(err, -EEXIST, "%s: there is a state already; --replace moves it aside", r->state);
    struct gl_journal *j = NULL;
    path_in(r->state, "journal.db", path);
    int rc = access(path, F_OK) == 0 ? gl_journal_open(path, &j, err) : 0;
    gl_journal_close(j);
    return rc == -EBUSY ? gl_fail(err, rc, "%s: a gateway is running on it; stop it first", r->state) : 0;
}

static int move_aside(struct restoring *r, struct gl_error *err) {
    char from[PATH_MOST], to[PATH_MOST], folder[PATH_MOST], now[GL_TIME_TEXT];
    gl_time_format(r->restored.restored_at, now);
    gl_format(folder, sizeof folder, "%s/replaced-%s", r->state, now);
    if (mkdir(folder, 0700) < 0) return gl_fail(err, -errno, "%s: %s", folder, strerror(errno));
    for (size_t i = 0; i < GL_COUNT(state_files); i++) {
        path_in(r->state, state_files[i], from);
        path_in(folder, state_files[i], to);
        if (rename(from, to) < 0 && errno != ENOENT) return gl_fail(err, -errno, "%s: %s", from, strerror(errno));
    }
    printf("The state that was there is in %s.\n", folder);
    return 0;
}

/* ---- the journal ---- */
static int check_chain(struct restoring *r, struct gl_journal *j, struct gl_error *err) {
    const json_t *want = json_object_get(r->manifest, "journal");
    struct gl_verified v = {0};
    int64_t at = 0;
    int rc;
    while ((rc = gl_journal_verify(j, &at, VERIFY_AT_ONCE, &v, err)) > 0) continue;
    if (rc < 0) return rc;
    if (v.broken_at) return gl_fail(err, -EBADMSG, "the journal of the backup is broken at record %lld", (long long)v.broken_at);
    if (v.records != json_integer_value(json_object_get(want, "records")) || strcmp(v.head, gl_cli_text(want, "head")) != 0)
        return gl_fail(err, -EBADMSG, "the journal of the backup is not the one that its manifest speaks of");
    printf("The journal is whole: %lld records, %lld of them purged in their time.\nHead %s\n", (long long)v.records,
           (long long)v.purged, v.head);
    return 0;
}

static void random_uuid(char out[GL_UUID]) {
    uint8_t b[16];
    if (getrandom(b, sizeof b, 0) != sizeof b) abort();
    gl_format(out, GL_UUID, "%02x%02x%02x%02x-%02x%02x-4%01x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
              b[5], b[6] & 0xF, b[7], (b[8] & 0x3F) | 0x80, b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static int take_over(struct restoring *r, struct gl_journal *j, struct gl_error *err) {
    const json_t *lanes = json_object_get(r->manifest, "lanes"), *lane;
    size_t i;
    random_uuid(r->boot);
    r->restored.copied_at = gl_cli_wall(json_object_get(r->manifest, "journal"), "copied_at");
    json_array_foreach((json_t *)lanes, i, lane) {
        const char *name = json_string_value(lane);
        if (name && r->restored.n_lanes < GL_MAX_LANES &&
            gl_copy(r->restored.lanes[r->restored.n_lanes], sizeof r->restored.lanes[0], name) == 0)
            r->restored.n_lanes++;
    }
    return gl_journal_take_over(j, gl_cli_text(r->manifest, "post"), r->boot, &r->restored, err);
}

/* Beside its place, under another name. */
static int prepare_journal(struct restoring *r, struct gl_error *err) {
    char from[PATH_MOST], hash[GL_SHA256_TEXT];
    const json_t *want = json_object_get(r->manifest, "journal");
    struct gl_journal *j = NULL;
    path_in(r->folder, "journal.db", from);
    path_in(r->state, "restoring.db", r->journal);
    unlink(r->journal); /* what a restore that was broken off has left */
    int rc = gl_archive_copy(from, r->journal, &r->owner, hash, NULL, err);
    if (rc == 0 && strcmp(hash, gl_cli_text(want, "sha256")) != 0)
        rc = gl_fail(err, -EBADMSG, "%s: not the file that the manifest speaks of (SHA-256)", from);
    if (rc == 0) rc = gl_journal_open(r->journal, &j, err);
    if (rc == 0) rc = check_chain(r, j, err);
    if (rc == 0) rc = take_over(r, j, err);
    gl_journal_close(j); /* brings the log into the file, and removes it */
    return rc;
}

/* ---- evidence ---- */
static int put_evidence(void *user, const char *hour, const char *name, struct gl_error *err) {
    struct restoring *r = user;
    char from[PATH_MOST], to[PATH_MOST], hash[GL_SHA256_TEXT];
    struct stat st;
    gl_format(to, sizeof to, "%s/evidence", r->state);
    if (stat(to, &st) < 0) return gl_fail(err, -errno, "%s: %s; make the folder first, for the devices' user", to, strerror(errno));
    struct gl_owner owner = {st.st_uid, st.st_gid, 0640};
    gl_format(to, sizeof to, "%s/evidence/%s", r->state, hour);
    mode_t before = umask(0007);
    int made = mkdir(to, 0770);
    umask(before);
    if (made == 0 && geteuid() == 0 && chown(to, owner.uid, owner.gid) < 0)
        return gl_fail(err, -errno, "%s: %s", to, strerror(errno));
    gl_format(from, sizeof from, "%s/evidence/%s/%s", r->folder, hour, name);
    gl_format(to, sizeof to, "%s/evidence/%s/%s", r->state, hour, name);
    int rc = gl_archive_copy(from, to, &owner, hash, NULL, err);
    if (rc == -EEXIST) return 0;
    if (rc == 0 && strncmp(hash, name, 64) != 0) {
        unlink(to);
        return gl_fail(err, -EBADMSG, "%s: its content is not the one that its name says", from);
    }
    r->files += rc == 0;
    return rc;
}

/* ---- in place ---- */
static int restore(struct restoring *r, struct gl_error *err) {
    char path[PATH_MOST];
    r->restored.restored_at = gl_now_read().wall;
    if (strlen(r->state) > PATH_MOST / 2 || strlen(r->folder) > PATH_MOST / 2)
        return gl_fail(err, -ENAMETOOLONG, "too long a path");
    int rc = read_manifest(r, err);
    if (rc == 0) rc = look_at_state(r, err);
    if (rc == 0) rc = prepare_journal(r, err);
    path_in(r->folder, "evidence", path);
    if (rc == 0) rc = gl_archive_evidence(path, put_evidence, r, err);
    if (rc == 0 && r->replace) rc = move_aside(r, err);
    path_in(r->state, "journal.db", path);
    if (rc == 0 && rename(r->journal, path) < 0) rc = gl_fail(err, -errno, "%s: %s", path, strerror(errno));
    if (rc == 0) rc = gl_archive_sync_folder(r->state, err);
    if (rc < 0 && r->journal[0]) unlink(r->journal);
    return rc;
}

static void say_secrets(const struct restoring *r) {
    const json_t *list = json_object_get(r->manifest, "secrets"), *s;
    size_t i;
    json_array_foreach((json_t *)list, i, s) {
        char path[PATH_MOST], hash[GL_SHA256_TEXT] = "";
        gl_cli_clean(path, sizeof path, gl_cli_text(s, "path"));
        bool there = gl_archive_hash(path, hash, NULL) == 0;
        printf("  %-8s %s\n", !there ? "missing" : strcmp(hash, gl_cli_text(s, "sha256")) == 0 ? "same" : "differs", path);
    }
}

static void say_next(const struct restoring *r) {
    printf(
        "%s: journal in place, %lld files of evidence.\n\n"
        "Secrets, which no backup holds:\n",
        r->state, (long long)r->files);
    say_secrets(r);
    printf(
        "\nWhat comes next:\n"
        "  1. Bring back what is missing. Without random.key a new one is made.\n"
        "  2. Compare %s/post.yaml with the configuration of this box.\n"
        "  3. Start the gateway, and wait until the feed is live.\n"
        "  4. Every lane is manual. Open each with lane-mode.\n"
        "  5. Nobody knows what was let through after the backup: what was lodged before this box took over is inspected "
        "(USE_UNKNOWN), until\n"
        "     the authority has made sure that it was recorded elsewhere, and says so: uses-known, alarm %s.\n"
        "  6. Each stream goes on %d numbers later, and says so with an alarm: the old box must never publish again.\n",
        r->folder, r->boot, GL_RESTORE_SKIP);
}

static int run(int argc, char **argv) {
    struct restoring r = {0};
    struct gl_error err = {""};
    const struct gl_cli_option options[] = {{"to", &r.state, NULL}, {"replace", NULL, &r.replace}};
    int status;
    if (gl_cli_parse(&gl_cli_restore, argc, argv, options, GL_COUNT(options), 1, 1, &status) < 0) return status;
    if (!r.state) return gl_cli_usage("restore", "where to? Write --to and the state folder of this box");
    r.folder = argv[0];
    int rc = restore(&r, &err);
    if (rc < 0)
        fprintf(stderr, "greenlane: nothing was restored: %s\n", err.text);
    else
        say_next(&r);
    json_decref(r.manifest);
    return rc == 0 ? GL_CLI_DONE : rc == -EBADMSG ? GL_CLI_WRONG : GL_CLI_NOTHING;
}

const struct gl_cli_command gl_cli_restore = {
    .name = "restore",
    .group = "Keep",
    .summary = "puts a backup in place on another box",
    .help =
        "Usage: greenlane restore FOLDER --to STATE-DIR [--replace]\n"
        "\n"
        "Checks a backup - each hash, the whole chain of the journal, its head - and puts journal and evidence in place. Nothing "
        "is changed\n"
        "before all of the journal was found whole. Run it while no gateway runs, as root or as the gateway's own user.\n"
        "\n"
        "The box that the backup was made of may have gone on for a while. So no number that it may have given out is given out "
        "again: each\n"
        "stream goes on 1000000 numbers later, with an alarm 'restored' that names the hole. And nobody knows which movements it "
        "has let\n"
        "through since: every lane starts as 'manual', an officer decides each vehicle, until 'lane-mode' opens it; and what was "
        "lodged "
        "before is\n"
        "not released (USE_UNKNOWN) until the authority sends 'uses-known'.\n"
        "\n"
        "  FOLDER          as 'greenlane backup' has made it\n"
        "  --to STATE-DIR  the state folder of this box, e.g. /var/lib/greenlane\n"
        "  --replace       moves a state that is there into STATE-DIR/replaced-TIME\n"
        "\n"
        "Exit status: 0 = in place, 1 = the backup is damaged, 2 = wrong command line, 3 = it could not be done.\n",
    .run = run,
};
