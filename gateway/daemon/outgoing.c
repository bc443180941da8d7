/* The stream share/customs seen from a folder: each event becomes one file there, for whoever carries it on to the receiver. The journal's cursor
 * "outgoing" moves when a file is complete and durable; after a crash the last one is written once more, with the same name and the same bytes.
 *
 *     .NAME.part ──► write, fsync ──► rename to NAME ──► fsync the folder ──► the cursor moves
 *
 * A disk that is full, gone or slow must not hold up a lane: the writing is done on libuv's worker, one file at a time, and the loop only looks
 * whether it is done. A failure is an alarm, and tried again after 1, 2, 4 ... 60 s. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/daemon.h"

#define DESTINATION "outgoing"

enum { FIRST_WAIT_MS = 1000, LONGEST_WAIT_MS = 60000, FILE_MAX = 1 << 20 };

/* ---- on the worker: nothing but its own struct ------------------------------------------------------------------------------------------- */
static int write_all(int fd, const char *p, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? -errno : -EIO;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Whoever fetches the files takes no name that begins with a dot. */
static int write_part(int dir, const char *part, const struct gl_buf *bytes) {
    GL_CLEANUP(gl_close_fd) int fd = openat(dir, part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0) return -errno;
    int rc = write_all(fd, bytes->data, bytes->len);
    return rc == 0 && fsync(fd) < 0 ? -errno : rc;
}

static int write_file(const struct outgoing *o) {
    char part[GL_SHARE_FILE + 8];
    gl_format(part, sizeof part, ".%s.part", o->name);
    GL_CLEANUP(gl_close_fd) int dir = open(o->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) return -errno;
    int rc = write_part(dir, part, &o->bytes);
    if (rc == 0 && renameat(dir, part, dir, o->name) < 0) rc = -errno;
    if (rc < 0) unlinkat(dir, part, 0); /* what room it took is free again */
    return rc == 0 && fsync(dir) < 0 ? -errno : rc;
}

static void do_write(uv_work_t *w) {
    struct outgoing *o = w->data;
    o->rc = write_file(o);
}

/* ---- on the loop --------------------------------------------------------------------------------------------------------------------------- */
/* Durable with the next commit. Until then a crash brings a file again that may have been fetched already: so it is not put off. */
static void move_cursor(struct daemon *d, int64_t seq) {
    struct outgoing *o = &d->outgoing;
    struct gl_error err;
    o->cursor.sent = o->cursor.safe = seq;
    if (gl_journal_set_cursor(gl_engine_journal(d->engine), DESTINATION, GL_SHARE_STREAM, &o->cursor, &err) < 0)
        gl_log(GL_ERROR, "outgoing: %s", err.text);
}

static void succeeded(struct daemon *d) {
    struct outgoing *o = &d->outgoing;
    move_cursor(d, o->seq);
    o->wait_ms = 0;
    if (!o->hurt) return;
    o->hurt = false;
    gl_log(GL_NOTICE, "%s takes files again", o->folder);
    gl_engine_alarm_clear(d->engine, "outgoing", o->alarm, "files are written again", d->now);
}

static void failed(struct daemon *d, const char *reason) {
    struct outgoing *o = &d->outgoing;
    char detail[GL_DETAIL];
    o->wait_ms = o->wait_ms ? o->wait_ms * 2 : FIRST_WAIT_MS;
    if (o->wait_ms > LONGEST_WAIT_MS) o->wait_ms = LONGEST_WAIT_MS;
    o->retry_mono = d->now.mono + o->wait_ms;
    if (o->hurt) return;
    o->hurt = true;
    gl_log(GL_ERROR, "%s: %s: cannot be written: %s; it is tried again", o->folder, o->name, reason);
    gl_format(detail, sizeof detail, "%s: no file can be written: %s; events wait in the journal", o->folder, reason);
    gl_engine_alarm_raise(d->engine, "outgoing", detail, o->alarm, d->now);
}

static void written(uv_work_t *w, int status) {
    struct outgoing *o = w->data;
    struct daemon *d = o->d;
    o->writing = false;
    if (d->stopping) return; /* written or not: it is written again after the next start */
    if (status < 0)
        failed(d, uv_strerror(status));
    else if (o->rc < 0)
        failed(d, strerror(-o->rc));
    else
        succeeded(d);
}

/* An event that can be no file would stand in the way of all behind it for ever: set aside with an alarm; the journal keeps it. */
static void set_aside(struct daemon *d, int64_t seq, const char *reason) {
    gl_log(GL_ERROR, "%s", reason);
    gl_engine_alarm(d->engine, "outgoing", reason, d->now);
    move_cursor(d, seq);
}

static int take(void *user, const struct gl_out *event) {
    struct daemon *d = user;
    struct outgoing *o = &d->outgoing;
    struct gl_error err;
    gl_buf_reset(&o->bytes);
    if (gl_share_file(event->payload, event->seq, o->name, &o->bytes, &err) < 0) {
        set_aside(d, event->seq, err.text);
        return 1;
    }
    o->seq = event->seq;
    o->work.data = o;
    o->d = d;
    o->writing = uv_queue_work(&d->loop, &o->work, do_write, written) == 0;
    if (!o->writing) failed(d, "no worker");
    return 1;
}

void gl_outgoing_pump(struct daemon *d) {
    struct outgoing *o = &d->outgoing;
    struct gl_error err;
    if (!o->folder[0] || o->writing || o->cursor.sent >= o->last || (o->hurt && d->now.mono < o->retry_mono)) return;
    if (gl_journal_read(gl_engine_journal(d->engine), GL_SHARE_STREAM, o->cursor.sent, 1, take, d, &err) < 0)
        gl_log(GL_ERROR, "outgoing: %s", err.text);
}

static int newest(void *user, const char *name, int64_t last) {
    struct outgoing *o = user;
    if (strcmp(name, GL_SHARE_STREAM) == 0) o->last = last;
    return 0;
}

void gl_outgoing_stream(struct daemon *d, const char *stream) {
    struct gl_error err;
    if (!d->outgoing.folder[0] || strcmp(stream, GL_SHARE_STREAM) != 0) return;
    if (gl_journal_streams(gl_engine_journal(d->engine), newest, &d->outgoing, &err) < 0)
        gl_log(GL_ERROR, "outgoing: %s", err.text);
}

void gl_outgoing_open(struct daemon *d) {
    struct outgoing *o = &d->outgoing;
    struct gl_error err;
    o->bytes = GL_BUF(FILE_MAX);
    gl_clip(o->folder, sizeof o->folder, d->config->share.outgoing);
    if (!o->folder[0]) return;
    if (gl_journal_cursor(gl_engine_journal(d->engine), DESTINATION, GL_SHARE_STREAM, &o->cursor, &err) < 0)
        o->cursor = (struct gl_cursor_pos){0, 0};
    gl_outgoing_stream(d, GL_SHARE_STREAM);
}

void gl_outgoing_free(struct daemon *d) {
    gl_buf_free(&d->outgoing.bytes);
}
