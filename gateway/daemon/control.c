/* What `greenlane` asks for over the control socket. Each question is answered with lines of JSON and one DONE. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon.h"

enum { VERIFY_AT_ONCE = 200, WATCH_QUEUE = 1 << 20, DUMP_QUEUE = 3 << 20 };

void gl_control_done(struct control_peer *p, int status, const char *text) {
    struct gl_msg_done m = {.status = status};
    gl_clip(m.text, sizeof m.text, text);
    gl_ipc_send(p->ch, GL_MSG_DONE, &m);
}

/* What was written is done when it is durable, and not before. */
static void done_when_durable(struct control_peer *p, int status, const char *text) {
    if (p->n_done == GL_DONE_HELD) {
        gl_ipc_close(p->ch, "it asks for more at once than can be answered");
        return;
    }
    struct gl_msg_done *m = &p->done[p->n_done++];
    *m = (struct gl_msg_done){.status = status};
    gl_clip(m->text, sizeof m->text, text);
}

static void tell_done(struct daemon *d) {
    for (int i = 0; i < GL_MAX_CONTROLS; i++) {
        struct control_peer *p = &d->controls[i];
        for (int k = 0; p->used && k < p->n_done; k++) gl_ipc_send(p->ch, GL_MSG_DONE, &p->done[k]);
        p->n_done = 0;
    }
}

int gl_control_line(void *user, const char *json) {
    struct control_peer *p = user;
    if (gl_copy(p->d->text.text, sizeof p->d->text.text, json) < 0) return 0;
    return gl_ipc_send(p->ch, GL_MSG_TEXT, &p->d->text) < 0 ? 1 : 0;
}

static void line_of(struct gl_buf *b, const char *topic, const char *payload) {
    gl_buf_text(b, "{\"topic\":");
    gl_json_string(b, topic);
    gl_buf_text(b, ",\"event\":");
    gl_buf_text(b, payload);
    gl_buf_char(b, '}');
}

static void send_states(struct daemon *d, struct control_peer *p) {
    for (int i = 0; i < d->n_states; i++) {
        GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(GL_PAYLOAD - 1);
        line_of(&b, d->states[i].topic, d->states[i].payload);
        if (!b.failed && gl_control_line(p, b.data)) return;
    }
}

static void passages(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q) {
    struct gl_error err = {""};
    int limit = q->limit < 1 || q->limit > 1000 ? 20 : (int)q->limit;
    int rc = gl_journal_list_passages(gl_engine_journal(d->engine), q->arg, limit, gl_control_line, p, &err);
    gl_control_done(p, rc < 0 ? rc : 0, err.text);
}

static void explain(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q) {
    struct gl_error err = {""};
    int rc = gl_journal_explain(gl_engine_journal(d->engine), q->arg, gl_control_line, p, &err);
    gl_control_done(p, rc < 0 ? rc : 0,
                    rc == -ENOENT   ? "no passage has this id"
                    : rc == -EEXIST ? "more than one passage ends like this; give more of its id"
                                    : err.text);
}

static void watch(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q GL_UNUSED) {
    send_states(d, p);
    p->watching = true;
}

static void status(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q GL_UNUSED) {
    send_states(d, p);
    gl_control_done(p, 0, "");
}

static int send_quarantined(void *user, const struct gl_quarantined *q) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(GL_PAYLOAD - 1);
    char at[GL_TIME_TEXT];
    gl_time_format(q->at, at);
    gl_buf_printf(&b, "{\"at\":\"%s\",\"collection\":\"%s\",\"seq\":%lld,\"epoch\":", at,
                  q->collection && q->collection < GL_COLLECTIONS ? gl_collections[q->collection] : "", (long long)q->seq);
    gl_json_string(&b, q->epoch);
    gl_buf_text(&b, ",\"ref\":");
    gl_json_string(&b, q->ref);
    gl_buf_text(&b, ",\"where\":");
    gl_json_string(&b, q->where);
    gl_buf_text(&b, ",\"reason\":");
    gl_json_string(&b, q->reason);
    gl_buf_char(&b, '}');
    return b.failed ? 0 : gl_control_line(user, b.data);
}

/* One line with the state of every collection, then the newest refused records. */
static void feed(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q) {
    struct gl_error err = {""};
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(GL_PAYLOAD - 1);
    int limit = q->limit < 0 || q->limit > 1000 ? 10 : (int)q->limit, rc = 0;
    gl_engine_feed_status(d->engine, d->now, &b);
    if (!b.failed) rc = gl_control_line(p, b.data);
    if (rc == 0 && limit > 0) rc = gl_cache_quarantined(gl_engine_cache(d->engine), limit, send_quarantined, p, &err);
    gl_control_done(p, rc < 0 ? rc : 0, err.text);
}

/* For tests and small posts: it stops before the peer cannot take more. */
static int send_record(void *user, const struct gl_feed_record *r) {
    struct control_peer *p = user;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(GL_PAYLOAD - 1);
    gl_feed_record_to_json(r, &b);
    return b.failed || gl_ipc_queued(p->ch) > DUMP_QUEUE ? 1 : gl_control_line(p, b.data);
}

static void dump(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q) {
    struct gl_error err = {""};
    uint8_t which = gl_enum_parse(gl_collections, q->arg);
    int rc = which ? gl_cache_dump(gl_engine_cache(d->engine), which, send_record, p, &err)
                   : gl_fail(&err, -EINVAL, "no collection is called \"%s\"", q->arg);
    if (rc > 0) rc = gl_fail(&err, -E2BIG, "there is more than can be shown");
    gl_control_done(p, rc < 0 ? rc : 0, err.text);
}

static void verify(struct daemon *d GL_UNUSED, struct control_peer *p, const struct gl_msg_query *q GL_UNUSED) {
    p->verifying = true;
    p->verify_at = 0;
    p->verified = (struct gl_verified){0};
}

/* From here on this one's files count as the feed: by whom and why stands in the journal first. */
static void as_feed(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q) {
    if (q->arg[strspn(q->arg, " ")] == '\0') {
        gl_control_done(p, -EINVAL, "why is a file to count as the feed? a reason is needed");
        return;
    }
    gl_engine_import_as_feed(d->engine, p->who, q->arg, d->now);
    p->as_feed = true;
    done_when_durable(p, 0, "");
}

static const struct {
    const char *what;
    void (*answer)(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q);
} questions[] = {{"passages", passages}, {"explain", explain},        {"watch", watch},
                 {"status", status},     {"verify", verify},          {"feed", feed},
                 {"dump", dump},         {"purge", gl_keeping_purge}, {"backup", gl_keeping_backup},
                 {"as-feed", as_feed}};

static void take_query(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q) {
    for (size_t i = 0; i < GL_COUNT(questions); i++)
        if (strcmp(questions[i].what, q->what) == 0) {
            questions[i].answer(d, p, q);
            return;
        }
    gl_control_done(p, -EINVAL, "this gateway does not know the question; is it of another version?");
}

void gl_control_message(struct daemon *d, struct control_peer *p, enum gl_message_type type, const void *msg) {
    struct gl_error err = {""};
    if (type == GL_MSG_QUERY) take_query(d, p, msg);
    if (type == GL_MSG_IMPORT) {
        int rc = gl_engine_import(d->engine, msg, p->as_feed, d->now, &err);
        done_when_durable(p, rc, rc < 0 ? err.text : "");
    }
}

/* Small steps between turns: a long chain must not hold up a lane. */
void gl_control_tick(struct daemon *d) {
    for (int i = 0; i < GL_MAX_CONTROLS; i++) {
        struct control_peer *p = &d->controls[i];
        struct gl_error err = {""};
        if (!p->used || !p->verifying) continue;
        int rc = gl_journal_verify(gl_engine_journal(d->engine), &p->verify_at, VERIFY_AT_ONCE, &p->verified, &err);
        if (rc == 1) continue;
        p->verifying = false;
        GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1024);
        gl_buf_printf(&b, "{\"records\":%lld,\"purged\":%lld,\"skipped\":%lld,\"broken_at\":%lld,\"unsaid\":%s,\"head\":\"%s\"}",
                      (long long)p->verified.records, (long long)p->verified.purged, (long long)p->verified.skipped,
                      (long long)p->verified.broken_at, p->verified.unsaid ? "true" : "false", p->verified.head);
        gl_control_line(p, b.data);
        gl_control_done(p, rc < 0 ? rc : p->verified.broken_at ? -EBADMSG : 0, err.text);
    }
}

static bool anyone_watching(const struct daemon *d) {
    for (int i = 0; i < GL_MAX_CONTROLS; i++)
        if (d->controls[i].used && d->controls[i].watching) return true;
    return false;
}

/* Kept until the commit: what is shown is durable. Lines are separated by a newline, which JSON text never holds. */
void gl_control_event(struct daemon *d, const char *topic, const char *payload) {
    if (!topic[0] || !anyone_watching(d)) return;
    if (d->watched.len) gl_buf_char(&d->watched, '\n');
    line_of(&d->watched, topic, payload);
}

static void to_watchers(struct daemon *d, const char *line) {
    for (int i = 0; i < GL_MAX_CONTROLS; i++) {
        struct control_peer *p = &d->controls[i];
        if (p->used && p->watching && gl_ipc_queued(p->ch) < WATCH_QUEUE) gl_control_line(p, line);
    }
}

void gl_control_flush(struct daemon *d) {
    char *line = d->watched.len && !d->watched.failed ? d->watched.data : NULL;
    if (d->watched.failed) gl_log(GL_WARNING, "watch: more happened in one turn than can be shown");
    while (line) {
        char *end = strchr(line, '\n');
        if (end) *end = '\0';
        to_watchers(d, line);
        line = end ? end + 1 : NULL;
    }
    gl_buf_reset(&d->watched);
    tell_done(d);
}
