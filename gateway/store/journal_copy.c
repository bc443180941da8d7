/* A copy of the running journal, and how a copy takes over on another box.
 *
 * The copy is made page by page through the handle that writes, so that SQLite brings into the copy what is written meanwhile: it ends
 * as the journal is at that moment, not as it was at the beginning. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/envelope.h"
#include "store/journal_impl.h"

#define LAST INT64_C(9007199254740991)

static const struct gl_field gl_restored_fields_f[] = {
    GL_TIME(gl_restored, copied_at, GL_REQUIRED), GL_TIME(gl_restored, restored_at, GL_REQUIRED),
    GL_INT(gl_restored, n, 0, LAST, 0),           GL_TEXT(gl_restored, head, 0),
    GL_INT(gl_restored, skipped, 0, LAST, 0),     GL_TEXTS(gl_restored, lanes, 0),
};
GL_FIELDS(gl_restored_fields, gl_restored);

struct gl_journal_copy {
    struct gl_journal *journal;
    sqlite3 *to;
    sqlite3_backup *backup;
    char path[];
};

static int fail_copy(const struct gl_journal_copy *c, int rc, struct gl_error *err) {
    int code = (rc & 0xFF) == SQLITE_FULL ? -ENOSPC : -EIO;
    return gl_fail(err, code, "copy of the journal to %s: %s (SQLite %d)%s", c->path, sqlite3_errstr(rc), rc,
                   code == -ENOSPC ? "; make room on the disk" : "");
}

int gl_journal_copy_begin(struct gl_journal *j, const char *path, struct gl_journal_copy **ret, struct gl_error *err) {
    size_t size = strlen(path) + 1;
    GL_CLEANUP(gl_close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return gl_fail(err, -errno, "copy of the journal to %s: %s", path, strerror(errno));
    struct gl_journal_copy *c = calloc(1, sizeof *c + size);
    if (!c) return gl_fail(err, -ENOMEM, "out of memory");
    memcpy(c->path, path, size);
    c->journal = j;
    int rc = sqlite3_open_v2(path, &c->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    /* Synced once, at the end: half a copy is no copy. */
    if (rc == SQLITE_OK) rc = sqlite3_exec(c->to, "PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    if (rc == SQLITE_OK && !(c->backup = sqlite3_backup_init(c->to, "main", j->db.sql, "main")))
        rc = sqlite3_extended_errcode(c->to);
    if (rc != SQLITE_OK) {
        rc = fail_copy(c, rc, err);
        gl_journal_copy_end(c);
        return rc;
    }
    *ret = c;
    return 0;
}

static int sync_file(const char *path) {
    GL_CLEANUP(gl_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* A copy stands for itself: one file, without a log beside it. */
static int finish(struct gl_journal_copy *c, struct gl_copied *ret, struct gl_error *err) {
    ret->n = c->journal->n;
    gl_journal_hex(c->journal->head, ret->head);
    int rc = sqlite3_backup_finish(c->backup);
    c->backup = NULL;
    if (rc == SQLITE_OK) rc = sqlite3_exec(c->to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_close(c->to);
    if (rc != SQLITE_OK) return fail_copy(c, rc, err);
    c->to = NULL;
    rc = sync_file(c->path);
    return rc < 0 ? gl_fail(err, rc, "copy of the journal to %s: %s", c->path, strerror(-rc)) : 0;
}

int gl_journal_copy_step(struct gl_journal_copy *c, int pages, struct gl_copied *ret, struct gl_error *err) {
    if (!c->backup) return gl_fail(err, -EINVAL, "copy of the journal to %s: it has ended", c->path);
    if (gl_journal_dirty(c->journal)) return 1; /* between two turns only */
    int rc = sqlite3_backup_step(c->backup, pages);
    ret->left = sqlite3_backup_remaining(c->backup);
    ret->total = sqlite3_backup_pagecount(c->backup);
    if (rc == SQLITE_OK || (rc & 0xFF) == SQLITE_BUSY || (rc & 0xFF) == SQLITE_LOCKED) return 1;
    return rc == SQLITE_DONE ? finish(c, ret, err) : fail_copy(c, rc, err);
}

void gl_journal_copy_end(struct gl_journal_copy *c) {
    if (!c) return;
    if (c->backup) sqlite3_backup_finish(c->backup);
    sqlite3_close(c->to);
    free(c);
}

/* ---- taking over ------------------------------------------------------------------------------------------------------------- */

/* An id that no other start can have made: of this start, and counted. */
static void event_id(const char *boot, unsigned count, char out[GL_UUID + 16]) {
    gl_format(out, GL_UUID + 16, "%s-r%u", boot, count);
}

struct taking {
    struct gl_journal *j;
    const char *post, *boot;
    const struct gl_restored *r;
    unsigned count;
};

/* The first record behind the hole says that there is one: a control room sees it instead of two different records with one number. */
static int tell_stream(struct taking *t, struct journal_stream *s, struct gl_error *err) {
    struct gl_alarm a;
    char id[GL_UUID + 16], when[GL_TIME_TEXT], topic[GL_ID + 32], subject[GL_ID + 16];
    GL_CLEANUP(gl_buf_free) struct gl_buf data = GL_BUF(4096);
    GL_CLEANUP(gl_buf_free) struct gl_buf payload = GL_BUF(8192);
    const char *lane = strncmp(s->name, "lane/", 5) == 0 ? s->name + 5 : "";
    int64_t last = s->last;
    s->last += GL_RESTORE_SKIP;
    event_id(t->boot, ++t->count, id);
    gl_time_format(t->r->copied_at, when);
    gl_format(topic, sizeof topic, lane[0] ? "lane/%s/alarm" : "alarm", lane);
    gl_format(subject, sizeof subject, "%s", lane[0] ? s->name : "post");
    gl_fields_clear(&gl_alarm_fields, &a);
    gl_clip(a.lane, sizeof a.lane, lane);
    memcpy(a.alarm, t->boot, sizeof a.alarm);
    gl_clip(a.kind, sizeof a.kind, "restored");
    gl_clip(a.action, sizeof a.action, "raise");
    gl_format(a.detail, sizeof a.detail, "restored from a backup of %s: numbers %lld to %lld of this stream are unknown here", when,
              (long long)last + 1, (long long)s->last);
    gl_fields_to_json(&gl_alarm_fields, &a, &data);
    if (data.failed) return gl_fail(err, -ENOMEM, "out of memory");
    gl_envelope_write(&payload, &(struct gl_envelope_out){.id = id,
                                                          .post = t->post,
                                                          .type = "greenlane.alarm",
                                                          .time = t->r->restored_at,
                                                          .subject = subject,
                                                          .dataschema = "alarm",
                                                          .stream = s->name,
                                                          .seq = s->last + 1,
                                                          .boot = t->boot,
                                                          .data = data.data});
    if (payload.failed) return gl_fail(err, -ENOMEM, "out of memory");
    int rc = gl_journal_append(t->j,
                               &(struct gl_record){.stream = s->name,
                                                   .seq = s->last + 1,
                                                   .type = "greenlane.alarm",
                                                   .topic = topic,
                                                   .id = id,
                                                   .passage = "",
                                                   .time = t->r->restored_at,
                                                   .for_ever = true,
                                                   .payload = payload.data},
                               err);
    return rc < 0 ? rc : gl_journal_alarm(t->j, &a, t->r->restored_at, err);
}

static int tell_streams(struct taking *t, struct gl_error *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->j->n_streams; i++)
        if (strcmp(t->j->streams[i].name, "local") != 0) rc = tell_stream(t, &t->j->streams[i], err);
    return rc;
}

static int all_manual(struct gl_journal *j, const struct gl_restored *r, struct gl_error *err) {
    int rc = 0;
    for (int i = 0; rc == 0 && i < r->n_lanes; i++) {
        struct gl_mode_state m = {.mode = GL_MODE_MANUAL, .since = r->restored_at, .by = "restore"};
        memcpy(m.lane, r->lanes[i], sizeof m.lane);
        rc = gl_journal_set_mode(j, &m, err);
    }
    return rc;
}

/* What the lost box has let through since the copy was made stands nowhere. */
static int uses_unknown(struct gl_journal *j, const char *boot, const struct gl_restored *r, struct gl_error *err) {
    struct gl_unknown_uses u;
    gl_fields_clear(&gl_unknown_uses_fields, &u);
    u.active = GL_TRUE;
    u.copied_at = r->copied_at;
    u.restored_at = r->restored_at;
    gl_clip(u.alarm, sizeof u.alarm, boot);
    return gl_journal_set_uses(j, &u, err);
}

int gl_journal_take_over(struct gl_journal *j, const char *post, const char *boot, struct gl_restored *r, struct gl_error *err) {
    char id[GL_UUID + 16];
    struct taking t = {j, post, boot, r, 0};
    int rc = gl_journal_ready(j, err);
    if (rc < 0) return rc;
    r->n = j->n;
    gl_journal_hex(j->head, r->head);
    r->skipped = 0;
    for (size_t i = 0; i < j->n_streams; i++)
        if (strcmp(j->streams[i].name, "local") != 0) r->skipped += GL_RESTORE_SKIP;
    event_id(boot, 0, id);
    rc = gl_journal_note(j, &(struct gl_note){GL_RESTORED_TYPE, id, post, boot, r->restored_at, true, &gl_restored_fields, r}, err);
    if (rc == 0) rc = tell_streams(&t, err);
    if (rc == 0) rc = all_manual(j, r, err);
    if (rc == 0) rc = uses_unknown(j, boot, r, err);
    if (rc == 0) return gl_journal_commit(j, err);
    gl_journal_rollback(j);
    return rc;
}
