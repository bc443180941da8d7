/* The journal seen from its one destination, the local broker: what has not been acknowledged is sent again, in order per stream. Reads happen right
 * after a commit only, so that nothing leaves which is not durable.
 *
 *     last    newest durable record        next    handed to the link        cursor.sent    acknowledged by the broker without a hole
 *     cursor.safe    acknowledged by a consumer, with the command `ack`
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/daemon.h"

#define DESTINATION "broker"

enum {
    SAVE_CURSORS_MS = 5000,
    LINK_QUEUE = 1 << 20,
    SEQ_BITS = 48,
    READ_AT_ONCE = 32,
    REFUSED_EVERY_MS = 60000,
    REQUEST_EXPIRY_S = 60
};

static int64_t token_of(int stream, int64_t seq) {
    return ((int64_t)(stream + 1) << SEQ_BITS) | seq;
}

static int add_stream(void *user, const char *name, int64_t last) {
    struct daemon *d = user;
    struct gl_error err;
    if (strcmp(name, "local") == 0) return 0;
    if (d->n_streams == GL_MAX_STREAMS) {
        gl_log(GL_ERROR,
               "outbox: stream %s is not published: more streams than %d in the journal (lanes that were renamed keep theirs)",
               name, GL_MAX_STREAMS);
        return 0;
    }
    struct outbox_stream *s = &d->streams[d->n_streams++];
    gl_clip(s->name, sizeof s->name, name);
    s->last = last;
    if (gl_journal_cursor(gl_engine_journal(d->engine), DESTINATION, name, &s->cursor, &err) < 0)
        s->cursor = (struct gl_cursor_pos){0, 0};
    s->next = s->cursor.sent;
    return 0;
}

static struct outbox_stream *find(struct daemon *d, const char *name) {
    for (int i = 0; i < d->n_streams; i++)
        if (strcmp(d->streams[i].name, name) == 0) return &d->streams[i];
    return NULL;
}

int gl_outbox_open(struct daemon *d, struct gl_error *err) {
    return gl_journal_streams(gl_engine_journal(d->engine), add_stream, d, err);
}

static int newest(void *user, const char *name, int64_t last) {
    struct outbox_stream *s = user;
    if (strcmp(name, s->name) == 0) s->last = last;
    return 0;
}

void gl_outbox_stream(struct daemon *d, const char *name) {
    struct gl_error err;
    if (!find(d, name)) add_stream(d, name, 0);
    struct outbox_stream *s = find(d, name);
    if (s && gl_journal_streams(gl_engine_journal(d->engine), newest, s, &err) < 0) gl_log(GL_ERROR, "outbox: %s", err.text);
}

/* ---- towards the link ---- */
static void full_topic(const struct daemon *d, const char *topic, char *out, size_t size) {
    gl_format(out, size, "greenlane/v1/%s/%s", d->config->post, topic);
}

static int send_publish(struct daemon *d, int64_t token, const char *topic, bool retain, const char *payload) {
    struct gl_msg_publish *m = &d->publish;
    m->token = token;
    gl_clip(m->topic, sizeof m->topic, topic);
    m->retain = gl_tri(retain);
    m->expiry_s = 0;
    m->correlation.len = 0;
    if (gl_copy(m->payload, sizeof m->payload, payload) < 0) return -EMSGSIZE;
    return gl_ipc_send(d->link, GL_MSG_PUBLISH, m);
}

static void send_state(struct daemon *d, const struct retained *r) {
    char topic[GL_TOPIC];
    full_topic(d, r->topic, topic, sizeof topic);
    if (send_publish(d, 0, topic, true, r->payload) < 0) gl_log(GL_WARNING, "state %s could not be sent", r->topic);
}

void gl_outbox_state(struct daemon *d, const char *topic, const char *payload) {
    struct retained *r = NULL;
    for (int i = 0; i < d->n_states && !r; i++)
        if (strcmp(d->states[i].topic, topic) == 0) r = &d->states[i];
    if (!r) {
        if (d->n_states == GL_MAX_STATES) return;
        r = &d->states[d->n_states++];
        gl_clip(r->topic, sizeof r->topic, topic);
    }
    char *copy = strdup(payload);
    if (!copy) abort();
    free(r->payload);
    r->payload = copy;
    gl_control_event(d, topic, payload);
    if (d->link && d->broker) send_state(d, r);
}

/* For who is there now: it is asked again if nothing comes of it. */
void gl_outbox_request(struct daemon *d, const char *topic, const char *payload) {
    char full[GL_TOPIC];
    if (!d->link || !d->broker) return;
    full_topic(d, topic, full, sizeof full);
    struct gl_msg_publish *m = &d->publish;
    *m = (struct gl_msg_publish){.retain = GL_FALSE, .expiry_s = REQUEST_EXPIRY_S};
    gl_clip(m->topic, sizeof m->topic, full);
    if (gl_copy(m->payload, sizeof m->payload, payload) == 0) gl_ipc_send(d->link, GL_MSG_PUBLISH, m);
}

void gl_outbox_reply(struct daemon *d, const struct gl_reply *r, const char *payload) {
    if (!d->link || !d->broker) return; /* a reply is for who waits now; the journal has the command and what it did */
    char topic[GL_TOPIC];
    gl_format(topic, sizeof topic, "greenlane/v1/%s/reply/%s/%s", d->config->post, r->client, gl_command_names[r->name]);
    struct gl_msg_publish *m = &d->publish;
    *m = (struct gl_msg_publish){.retain = GL_FALSE, .expiry_s = 300};
    gl_clip(m->topic, sizeof m->topic, r->response_topic[0] ? r->response_topic : topic);
    memcpy(&m->correlation, &r->correlation, sizeof m->correlation);
    if (gl_copy(m->payload, sizeof m->payload, payload) == 0) gl_ipc_send(d->link, GL_MSG_PUBLISH, m);
}

struct pumping {
    struct daemon *d;
    int stream;
};

static int push(void *user, const struct gl_out *o) {
    struct pumping *p = user;
    struct outbox_stream *s = &p->d->streams[p->stream];
    char topic[GL_TOPIC];
    if (o->seq > s->last || s->n_flight == GL_IN_FLIGHT) return 1;
    full_topic(p->d, o->topic, topic, sizeof topic);
    int rc = send_publish(p->d, token_of(p->stream, o->seq), topic, false, o->payload);
    if (rc < 0) return 1;
    s->flight[s->n_flight].seq = o->seq;
    s->flight[s->n_flight++].done = false;
    s->next = o->seq;
    return 0;
}

/* The stored event once more, marked as replayed, on the asker's own reply topic. */
static int push_again(void *user, const struct gl_out *o) {
    struct pumping *p = user;
    struct replay *r = &p->d->replays[p->stream];
    if (o->seq > r->to || r->n_flight == GL_IN_FLIGHT) return 1;
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(GL_PAYLOAD - 1);
    gl_buf_text(&out, "{\"replayed\":true,");
    gl_buf_text(&out, o->payload + 1);
    if (!out.failed) {
        if (send_publish(p->d, token_of(GL_MAX_STREAMS + p->stream, o->seq), r->topic, false, out.data) < 0) return 1;
        r->n_flight++;
    }
    r->next = o->seq;
    return 0;
}

/* As fast as the broker takes it, and never in the way of what is new. */
static void pump_replay(struct daemon *d, int i) {
    struct gl_error err;
    struct replay *r = &d->replays[i];
    struct pumping p = {d, i};
    if (!r->topic[0] || r->n_flight == GL_IN_FLIGHT || gl_ipc_queued(d->link) > LINK_QUEUE) return;
    int64_t before = r->next;
    const char *stream = d->streams[r->stream].name;
    if (before < r->to && gl_journal_read(gl_engine_journal(d->engine), stream, before, READ_AT_ONCE, push_again, &p, &err) < 0)
        gl_log(GL_ERROR, "replay: %s", err.text);
    if (r->next == before && r->n_flight == 0) r->topic[0] = '\0'; /* done, or nothing more can be read */
}

void gl_outbox_pump(struct daemon *d) {
    struct gl_error err;
    if (!d->link || !d->broker) return;
    for (int i = 0; i < d->n_streams; i++) {
        struct outbox_stream *s = &d->streams[i];
        struct pumping p = {d, i};
        if (s->next >= s->last || s->n_flight == GL_IN_FLIGHT || gl_ipc_queued(d->link) > LINK_QUEUE) continue;
        if (gl_journal_read(gl_engine_journal(d->engine), s->name, s->next, READ_AT_ONCE, push, &p, &err) < 0)
            gl_log(GL_ERROR, "outbox: %s", err.text);
    }
    for (int i = 0; i < GL_MAX_REPLAYS; i++) pump_replay(d, i);
}

/* ---- from the link ---- */
static void advance(struct outbox_stream *s) {
    int n = 0;
    while (n < s->n_flight && s->flight[n].done) n++;
    if (n == 0) return;
    s->cursor.sent = s->flight[n - 1].seq;
    s->cursor_moved = true;
    memmove(s->flight, s->flight + n, (size_t)(s->n_flight - n) * sizeof s->flight[0]);
    s->n_flight = (uint16_t)(s->n_flight - n);
}

/* Set aside: it stays in the journal, and whoever misses it can ask for it; the rest must not wait behind it. A broker that refuses all must not make
 * an alarm of each, and an alarm that is refused itself none at all: each would bring the next. */
static void set_aside(struct daemon *d, struct outbox_stream *s, int64_t seq, const char *reason) {
    char text[GL_DETAIL], more[48] = "";
    if (s->refused_mono && d->now.mono - s->refused_mono < REFUSED_EVERY_MS) {
        s->n_refused++;
        return;
    }
    if (s->n_refused) gl_format(more, sizeof more, " and %u before it", s->n_refused);
    gl_format(text, sizeof text, "%s %lld%s: refused by the broker: %s", s->name, (long long)seq, more, reason);
    gl_log(GL_ERROR, "%s", text);
    if (strcmp(s->name, "post") != 0) gl_engine_alarm(d->engine, "message_refused", text, d->now);
    s->refused_mono = d->now.mono;
    s->n_refused = 0;
}

static void published(struct daemon *d, const struct gl_msg_published *m) {
    int stream = (int)(m->token >> SEQ_BITS) - 1;
    int64_t seq = m->token & ((INT64_C(1) << SEQ_BITS) - 1);
    if (stream >= GL_MAX_STREAMS && stream < GL_MAX_STREAMS + GL_MAX_REPLAYS) {
        struct replay *r = &d->replays[stream - GL_MAX_STREAMS];
        if (r->n_flight) r->n_flight--;
        return;
    }
    if (stream < 0 || stream >= d->n_streams) return;
    struct outbox_stream *s = &d->streams[stream];
    for (int i = 0; i < s->n_flight; i++)
        if (s->flight[i].seq == seq) s->flight[i].done = true;
    if (m->refused == GL_TRUE) set_aside(d, s, seq, m->reason);
    advance(s);
}

void gl_outbox_save_cursors(struct daemon *d) {
    struct gl_error err;
    /* Cursors ride along with a commit that happens anyway; alone they are worth one only now and then: a crash just sends some again. */
    if (!gl_journal_dirty(gl_engine_journal(d->engine)) && d->now.mono - d->cursors_mono < SAVE_CURSORS_MS) return;
    d->cursors_mono = d->now.mono;
    for (int i = 0; i < d->n_streams; i++) {
        struct outbox_stream *s = &d->streams[i];
        if (!s->cursor_moved) continue;
        s->cursor_moved = false;
        if (gl_journal_set_cursor(gl_engine_journal(d->engine), DESTINATION, s->name, &s->cursor, &err) < 0)
            gl_log(GL_ERROR, "outbox: %s", err.text);
    }
}

static void broker_up(struct daemon *d, bool up, const char *reason) {
    if (d->broker != up)
        gl_log(up ? GL_NOTICE : GL_WARNING, "broker %s%s%s", up ? "connected" : "lost", reason[0] ? ": " : "", reason);
    d->broker = up;
    gl_engine_broker(d->engine, up, d->now);
    for (int i = 0; i < d->n_streams; i++) {
        d->streams[i].n_flight = 0;
        d->streams[i].next = d->streams[i].cursor.sent;
    }
    memset(d->replays, 0, sizeof d->replays);                                 /* who asked asks again */
    for (int i = 0; up && i < d->n_states; i++) send_state(d, &d->states[i]); /* what is, before what was */
}

void gl_outbox_link_up(struct daemon *d, struct gl_ipc *ch) {
    struct gl_ipc *old = d->link;
    d->link = ch;
    d->broker = false;
    if (old) gl_ipc_close(old, "replaced by a newer link");
    struct gl_msg_welcome w = {0};
    GL_CLEANUP(gl_buf_free) struct gl_buf will = GL_BUF(sizeof w.will - 1);
    gl_outbox_gateway_state(d, "offline", &will);
    gl_clip(w.post, sizeof w.post, d->config->post);
    memcpy(w.boot, d->boot, sizeof w.boot);
    if (!will.failed) gl_clip(w.will, sizeof w.will, will.data);
    gl_ipc_send(ch, GL_MSG_WELCOME, &w);
}

void gl_outbox_link_down(struct daemon *d) {
    d->link = NULL;
    broker_up(d, false, "the link is gone");
}

void gl_outbox_link_message(struct daemon *d, enum gl_message_type type, const void *msg) {
    switch (type) {
        case GL_MSG_PUBLISHED: published(d, msg); break;
        case GL_MSG_LINK_STATE: {
            const struct gl_msg_link_state *s = msg;
            broker_up(d, s->connected == GL_TRUE, s->reason);
            break;
        }
        case GL_MSG_FEED: gl_engine_feed(d->engine, msg, d->now); break;
        case GL_MSG_FEED_REFUSED: {
            const struct gl_feed_refused *r = msg;
            gl_log(GL_WARNING, "feed %s %lld refused: %s", gl_collections[r->collection] ? gl_collections[r->collection] : "?",
                   (long long)r->seq, r->reason);
            gl_engine_feed_refused(d->engine, r, d->now);
            break;
        }
        case GL_MSG_COMMAND: gl_engine_command(d->engine, msg, d->now); break;
        default: break; /* the channel accepts nothing else */
    }
}

/* ---- commands ack and replay ---- */
/* The same client asking again for the same stream starts over. */
static void begin_replay(struct daemon *d, const struct gl_command *cmd, const struct outbox_stream *s) {
    char topic[GL_TOPIC];
    struct replay *r = NULL;
    gl_format(topic, sizeof topic, "greenlane/v1/%s/reply/%s/replay/%s", d->config->post, cmd->client, s->name);
    for (int i = 0; i < GL_MAX_REPLAYS; i++)
        if (!r || strcmp(d->replays[i].topic, topic) == 0 || (r->topic[0] && !d->replays[i].topic[0])) r = &d->replays[i];
    if (r->topic[0] && strcmp(r->topic, topic) != 0) {
        gl_log(GL_WARNING, "replay of %s for %s: too many replays run; it has to be asked for again", s->name, cmd->client);
        return;
    }
    int64_t from = cmd->from_seq == GL_INT_NULL || cmd->from_seq < 1 ? 1 : cmd->from_seq;
    int64_t to = cmd->to_seq == GL_INT_NULL || cmd->to_seq > s->last ? s->last : cmd->to_seq;
    *r = (struct replay){.stream = (int)(s - d->streams), .next = from - 1, .to = to};
    gl_clip(r->topic, sizeof r->topic, topic);
}

void gl_outbox_command(struct daemon *d, const struct gl_command *cmd) {
    struct outbox_stream *s = find(d, cmd->stream);
    if (!s) return;
    if (cmd->name == GL_COMMAND_ACK && cmd->to_seq != GL_INT_NULL && cmd->to_seq > s->cursor.safe) {
        s->cursor.safe = cmd->to_seq < s->cursor.sent ? cmd->to_seq : s->cursor.sent;
        s->cursor_moved = true;
    }
    if (cmd->name == GL_COMMAND_REPLAY && d->link && d->broker) begin_replay(d, cmd, s);
}

void gl_outbox_gateway_state(struct daemon *d, const char *state, struct gl_buf *payload) {
    struct gl_gateway_status g;
    GL_CLEANUP(gl_buf_free) struct gl_buf data = GL_BUF(2048);
    gl_fields_clear(&gl_gateway_status_fields, &g);
    gl_clip(g.state, sizeof g.state, state);
    memcpy(g.boot, d->boot, sizeof g.boot);
    gl_clip(g.version, sizeof g.version, GREENLANE_VERSION);
    gl_clip(g.config, sizeof g.config, d->config->hash);
    g.since = d->now.wall;
    gl_fields_to_json(&gl_gateway_status_fields, &g, &data);
    if (data.failed) {
        payload->failed = true;
        return;
    }
    char id[GL_UUID + 12];
    gl_format(id, sizeof id, "%s-%s", d->boot, state);
    gl_envelope_write(payload, &(struct gl_envelope_out){.id = id,
                                                         .post = d->config->post,
                                                         .type = "greenlane.state.gateway",
                                                         .time = d->now.wall,
                                                         .subject = "gateway",
                                                         .dataschema = "state-gateway",
                                                         .boot = d->boot,
                                                         .data = data.data});
}

void gl_outbox_free(struct daemon *d) {
    for (int i = 0; i < d->n_states; i++) free(d->states[i].payload);
}
