/* The operator's questions about what is kept: purge what is due, prove that nothing older remains, copy the journal for a backup. All in small
 * steps between turns: the lanes never wait for them. */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/time.h"
#include "daemon/daemon.h"

enum { VERIFY_AT_ONCE = 200, DUE_AT_ONCE = 200, TOLD_AT_MOST = 100, COPY_PAGES = 256, OLDEST_PASSAGES = 400 };
#define RESERVE_BYTES (UINT64_C(64) << 20)

static const char *const held_names[] = {"late", "unacknowledged", "passage open", "alarm standing"};

/* ---- purge ---- */
static void begin_purge(struct daemon *d, struct control_peer *p) {
    gl_retention_now(d);
    const char *waits = gl_retention_waits(d);
    if (waits) {
        gl_control_done(p, -EAGAIN, waits);
        return;
    }
    p->before = gl_engine_forgotten(d->engine);
    p->told = d->retention.folders;
    p->keeping = GL_KEEPING_PURGE;
}

static void tick_purge(struct daemon *d, struct control_peer *p) {
    struct gl_forgotten now = gl_engine_forgotten(d->engine);
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1024);
    const char *waits = gl_retention_waits(d);
    if (!waits && !d->retention.idle) return;
    p->keeping = GL_KEEPING_NOTHING;
    gl_buf_printf(&b, "{\"records\":%lld,\"passages\":%lld,\"uses\":%lld,\"lodged\":%lld,\"evidence_folders\":%lld}",
                  (long long)(now.records - p->before.records), (long long)(now.passages - p->before.passages),
                  (long long)(now.uses - p->before.uses), (long long)(now.lodged - p->before.lodged),
                  (long long)(d->retention.folders - p->told));
    gl_control_line(p, b.data);
    gl_control_done(p, waits ? -EAGAIN : 0, waits ? waits : "");
}

/* ---- purge --verify: the chain first, then what is due and still there ---- */
static void begin_check(struct daemon *d, struct control_peer *p) {
    p->keeping = GL_KEEPING_CHECK;
    p->verify_at = 0;
    p->verified = (struct gl_verified){0};
    p->remains = p->told = p->lodged_at = p->old = 0;
    p->lodged = GL_COLLECTION_NONE;
    p->due_by = d->now.wall;
    /* What has become due since the last look goes with the next one. */
    p->due = (struct gl_due_query){.now = d->now.wall - 2 * gl_engine_forget_every(d->engine), .limit = DUE_AT_ONCE};
    p->due.published = d->config->mqtt.url[0] != '\0';
}

static int tell_due(void *user, const struct gl_due *due) {
    struct control_peer *p = user;
    char when[GL_TIME_TEXT];
    p->remains++;
    if (p->told == TOLD_AT_MOST) return 0;
    p->told++;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1024);
    gl_time_format(due->purge_after, when);
    gl_buf_printf(&b, "{\"n\":%lld,\"stream\":\"%s\",\"seq\":%lld,\"type\":\"%s\",\"due\":\"%s\",\"why\":\"%s\"}",
                  (long long)due->n, due->stream, (long long)due->seq, due->type, when,
                  held_names[due->held % GL_COUNT(held_names)]);
    gl_control_line(p, b.data);
    return 0;
}

static void end_check(struct daemon *d, struct control_peer *p, int rc, const char *text) {
    struct gl_error err = {""};
    struct gl_evidence_state s = {0};
    int64_t passages = 0;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1024);
    p->keeping = GL_KEEPING_NOTHING;
    if (rc == 0) rc = gl_journal_old_passages(gl_engine_journal(d->engine), p->due.now, OLDEST_PASSAGES, &passages, &err);
    if (rc == 0) rc = gl_evidence_look(d->retention.evidence, p->due.now, &s);
    gl_buf_printf(&b,
                  "{\"records\":%lld,\"purged\":%lld,\"broken_at\":%lld,\"unsaid\":%s,\"head\":\"%s\",\"remaining\":%lld,"
                  "\"passages\":%lld,\"lodged\":%lld,\"evidence_folders\":%lld,\"evidence_due\":%lld,\"evidence_strange\":%lld}",
                  (long long)p->verified.records, (long long)p->verified.purged, (long long)p->verified.broken_at,
                  p->verified.unsaid ? "true" : "false", p->verified.head, (long long)p->remains, (long long)passages,
                  (long long)p->old, (long long)s.folders, (long long)s.n_due, (long long)s.strange);
    gl_control_line(p, b.data);
    if (rc == 0 && (p->verified.broken_at || p->remains || passages || p->old || s.n_due || s.strange)) rc = -EBADMSG;
    gl_control_done(p, rc, text[0] ? text : err.text);
}

/* The cache, after the journal. */
static void tick_lodged(struct daemon *d, struct control_peer *p) {
    struct gl_error err = {""};
    int64_t old = 0;
    int rc = gl_engine_old_lodged(d->engine, (enum gl_collection)p->lodged, p->due_by, &p->lodged_at, &old, &err);
    p->old += old;
    if (rc == 0) p->lodged++;
    if (rc < 0 || p->lodged == GL_COLLECTIONS) end_check(d, p, rc, err.text);
}

static void tick_check(struct daemon *d, struct control_peer *p) {
    if (p->lodged != GL_COLLECTION_NONE) {
        tick_lodged(d, p);
        return;
    }
    struct gl_error err = {""};
    struct gl_journal *j = gl_engine_journal(d->engine);
    if (p->due.after_n == 0) {
        int rc = gl_journal_verify(j, &p->verify_at, VERIFY_AT_ONCE, &p->verified, &err);
        if (rc == 1) return;
        if (rc < 0) {
            end_check(d, p, rc, err.text);
            return;
        }
    }
    int seen = gl_journal_due(j, &p->due, tell_due, p, &err);
    if (seen < 0) end_check(d, p, seen, err.text);
    if (seen >= 0 && seen < DUE_AT_ONCE) p->lodged = GL_COLLECTION_NONE + 1;
}

void gl_keeping_purge(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q) {
    if (p->keeping != GL_KEEPING_NOTHING)
        gl_control_done(p, -EBUSY, "one thing at a time");
    else if (strcmp(q->arg, "now") == 0)
        begin_purge(d, p);
    else if (strcmp(q->arg, "verify") == 0)
        begin_check(d, p);
    else
        gl_control_done(p, -EINVAL, "purge what? now and verify are known");
}

/* ---- backup ---- */
static void copy_path(const struct daemon *d, char out[GL_PATH + 16]) {
    gl_format(out, GL_PATH + 16, "%s/backup.db", d->config->paths.state);
}

/* The copy must leave as much as evidence leaves. */
static int check_room(const struct daemon *d, struct gl_error *err) {
    struct statvfs fs;
    uint64_t need = gl_journal_size(gl_engine_journal(d->engine)) + RESERVE_BYTES;
    if (statvfs(d->config->paths.state, &fs) < 0) return gl_fail(err, -errno, "%s: %s", d->config->paths.state, strerror(errno));
    if ((uint64_t)fs.f_bavail * fs.f_frsize >= need) return 0;
    return gl_fail(err, -ENOSPC, "%s: a copy of the journal needs %llu MiB", d->config->paths.state,
                   (unsigned long long)(need >> 20));
}

void gl_keeping_backup(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q GL_UNUSED) {
    struct gl_error err = {""};
    char path[GL_PATH + 16];
    copy_path(d, path);
    if (d->copy || p->keeping != GL_KEEPING_NOTHING) {
        gl_control_done(p, -EBUSY, "a backup is being made already");
        return;
    }
    unlink(path); /* what a backup that was broken off has left */
    int rc = check_room(d, &err);
    if (rc == 0) rc = gl_journal_copy_begin(gl_engine_journal(d->engine), path, &d->copy, &err);
    if (rc < 0) {
        gl_control_done(p, rc, err.text);
        return;
    }
    d->copy_for = p;
    p->keeping = GL_KEEPING_COPY;
}

static void end_copy(struct daemon *d) {
    gl_journal_copy_end(d->copy);
    d->copy = NULL;
    d->copy_for = NULL;
}

static void tick_copy(struct daemon *d, struct control_peer *p) {
    struct gl_copied done = {0};
    struct gl_error err = {""};
    char path[GL_PATH + 16], when[GL_TIME_TEXT];
    int rc = gl_journal_copy_step(d->copy, COPY_PAGES, &done, &err);
    if (rc == 1) return;
    copy_path(d, path);
    end_copy(d);
    p->keeping = GL_KEEPING_NOTHING;
    if (rc < 0) {
        unlink(path);
        gl_control_done(p, rc, err.text);
        return;
    }
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(2048);
    gl_time_format(d->now.wall, when);
    gl_buf_text(&b, "{\"path\":");
    gl_json_string(&b, path);
    gl_buf_printf(&b, ",\"records\":%lld,\"head\":\"%s\",\"copied_at\":\"%s\",\"boot\":\"%s\"}", (long long)done.n, done.head, when,
                  d->boot);
    gl_control_line(p, b.data);
    gl_control_done(p, 0, "");
}

void gl_keeping_gone(struct daemon *d, const struct control_peer *p) {
    char path[GL_PATH + 16];
    if (d->copy_for != p || !d->copy) return;
    copy_path(d, path);
    end_copy(d);
    unlink(path);
}

void gl_keeping_tick(struct daemon *d) {
    static void (*const ticks[])(struct daemon *, struct control_peer *) = {
        [GL_KEEPING_PURGE] = tick_purge, [GL_KEEPING_CHECK] = tick_check, [GL_KEEPING_COPY] = tick_copy};
    for (int i = 0; i < GL_MAX_CONTROLS; i++) {
        struct control_peer *p = &d->controls[i];
        if (p->used && p->keeping != GL_KEEPING_NOTHING) ticks[p->keeping](d, p);
    }
}
