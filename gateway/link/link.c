/* Between greenlaned's socket and the broker: typed records one way, finished payloads the other. Nothing is kept here; what is
 * lost on the way to the broker is sent again by greenlaned, what is lost on the way in shows as a hole in the feed's numbers or as
 * a missing reply. */
#include "link/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/log.h"
#include "ipc/channel.h"
#include "link/mqtt.h"
#include "model/envelope.h"
#include "sandbox/sandbox.h"

enum {
    RETRY_FIRST_MS = 100,
    RETRY_MOST_MS = 2000,
    WELCOME_MS = 10000,
    HOLD_ABOVE = 1048576, /* bytes waiting for greenlaned: hold the broker's side */
    HOLD_BELOW = 262144,
    HOLD_LOOK_MS = 20,
    REPLY_EXPIRY_S = 300,
    REPLY_BURST = 100, /* answers to commands that cannot be read: a sender gone mad must not fill the list to the broker */
    REPLY_EVERY_MS = 20
};

struct gl_link {
    uv_loop_t loop;
    const struct gl_config *config;
    struct gl_ipc *ipc;
    struct gl_mqtt *mqtt;
    uv_timer_t retry;    /* until greenlaned is there; then until it has said welcome */
    uv_timer_t hold;     /* while it does not take its messages */
    uv_timer_t watchdog; /* systemd's */
    uv_signal_t term, interrupt;
    int64_t delay_ms;
    bool waiting_told, stopping;
    int result;
    char post[GL_ID], boot[GL_UUID];
    struct gl_inbound *in;
    struct gl_msg_publish *reply;
    struct gl_log_quota quota, replies;
};

static void stop(struct gl_link *l, int result);

/* ---- to greenlaned ---------------------------------------------------------------------------------------------------------- */

static void on_hold(uv_timer_t *t) {
    struct gl_link *l = t->data;
    if (!l->ipc || !l->mqtt || gl_ipc_queued(l->ipc) > HOLD_BELOW) return;
    uv_timer_stop(t);
    gl_mqtt_hold(l->mqtt, false);
}

static int tell(struct gl_link *l, enum gl_message_type type, const void *msg) {
    if (!l->ipc || l->stopping) return -EPIPE;
    int rc = gl_ipc_send(l->ipc, type, msg);
    if (rc == 0 && l->mqtt && gl_ipc_queued(l->ipc) > HOLD_ABOVE && !uv_is_active((uv_handle_t *)&l->hold)) {
        gl_mqtt_hold(l->mqtt, true);
        uv_timer_start(&l->hold, on_hold, HOLD_LOOK_MS, HOLD_LOOK_MS);
    }
    return rc;
}

static void tell_state(struct gl_link *l, bool connected, const char *reason) {
    struct gl_msg_link_state s = {.connected = gl_tri(connected)};
    gl_clip(s.reason, sizeof s.reason, reason);
    tell(l, GL_MSG_LINK_STATE, &s);
}

static void on_connected(void *user) {
    struct gl_link *l = user;
    tell_state(l, true, "");
    sd_notify(0, "STATUS=connected to the broker");
}

static void on_lost(void *user, const char *reason) {
    struct gl_link *l = user;
    tell_state(l, false, reason);
    sd_notifyf(0, "STATUS=no broker: %s", reason);
}

static void on_answered(void *user, int64_t token, const char *refused) {
    struct gl_msg_published p = {.token = token, .refused = gl_tri(refused != NULL)};
    gl_clip(p.reason, sizeof p.reason, refused ? refused : "");
    tell(user, GL_MSG_PUBLISHED, &p);
}

/* ---- from the broker -------------------------------------------------------------------------------------------------------- */

/* What a sender can trigger is logged by quota; what was held back is at least counted. */
static void note(struct gl_link *l, enum gl_level level, const char *topic, const char *text) {
    char shown[100], more[48] = "";
    if (text[0] == '\0' || !gl_log_allowed(&l->quota, 20, 3000, (int64_t)uv_now(&l->loop))) return;
    gl_clip(shown, sizeof shown, topic);
    if (l->quota.dropped > 0) gl_format(more, sizeof more, " (and %llu more)", (unsigned long long)l->quota.dropped);
    gl_log(level, "from %s: %s%s", shown, text, more);
    l->quota.dropped = 0;
}

static void take_record(struct gl_link *l, const struct gl_inbound_message *m) {
    static const char too_large[] = "the record is larger than greenlaned takes: about 130 kB";
    const struct gl_feed_record *r = &l->in->record;
    if (tell(l, GL_MSG_FEED, r) != -EMSGSIZE) return;
    note(l, GL_WARNING, m->topic, too_large);
    struct gl_feed_refused refused;
    gl_feed_refusal(r, too_large, &refused);
    tell(l, GL_MSG_FEED_REFUSED, &refused);
}

/* A random UUID (version 4). */
static int make_id(char out[GL_UUID]) {
    uint8_t b[16];
    int rc = uv_random(NULL, NULL, b, sizeof b, 0, NULL);
    if (rc < 0) return rc;
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    gl_format(out, GL_UUID, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
              b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
    return 0;
}

/* Tells a client that its command was not understood. greenlaned never sees such a command. */
static void answer_refused(struct gl_link *l, const struct gl_reply *r) {
    GL_CLEANUP(gl_buf_free) struct gl_buf data = GL_BUF(4096), text = GL_BUF(GL_PAYLOAD - 1);
    struct gl_msg_publish *p = l->reply;
    char id[GL_UUID];
    if (!gl_log_allowed(&l->replies, REPLY_BURST, REPLY_EVERY_MS, (int64_t)uv_now(&l->loop)) || make_id(id) < 0) return;
    gl_fields_to_json(&gl_reply_fields, r, &data);
    struct gl_envelope_out e = {.id = id, .post = l->post, .type = "greenlane.reply", .time = gl_now_read().wall, .boot = l->boot};
    e.data = data.failed ? "{}" : data.data;
    gl_envelope_write(&text, &e);
    p->token = 0;
    p->retain = GL_FALSE;
    p->expiry_s = REPLY_EXPIRY_S;
    p->correlation.len = r->correlation.len;
    memcpy(p->correlation.data, r->correlation.data, r->correlation.len);
    if (text.failed || gl_copy(p->topic, sizeof p->topic, r->response_topic) < 0 ||
        gl_copy(p->payload, sizeof p->payload, text.data) < 0)
        return;
    gl_mqtt_publish(l->mqtt, p);
}

static void on_message(void *user, const struct gl_inbound_message *m) {
    struct gl_link *l = user;
    const struct gl_feed_refused *r = &l->in->refused;
    struct gl_inbound_message with_zone = *m;
    with_zone.zone = l->config->timezone;
    gl_inbound_parse(l->post, &with_zone, gl_now_read().wall, l->in);
    switch (l->in->kind) {
        case GL_INBOUND_DROPPED: note(l, GL_WARNING, m->topic, l->in->note); break;
        case GL_INBOUND_FEED: take_record(l, m); break;
        case GL_INBOUND_FEED_REFUSED:
            note(l, GL_WARNING, m->topic, r->reason);
            tell(l, GL_MSG_FEED_REFUSED, r);
            break;
        case GL_INBOUND_COMMAND:
            note(l, GL_WARNING, m->topic, l->in->note);
            tell(l, GL_MSG_COMMAND, &l->in->command);
            break;
        case GL_INBOUND_COMMAND_REFUSED:
            note(l, GL_WARNING, m->topic, l->in->note);
            answer_refused(l, &l->in->reply);
            break;
    }
}

/* ---- from greenlaned -------------------------------------------------------------------------------------------------------- */

static void on_mqtt_closed(void *user) {
    struct gl_link *l = user;
    struct gl_mqtt *m = l->mqtt;
    l->mqtt = NULL;
    gl_mqtt_free(m);
}

static void on_broken(void *user, const char *reason) {
    gl_log(GL_ERROR, "the MQTT side cannot go on: %s", reason);
    stop(user, 1);
}

static const struct gl_mqtt_events mqtt_events = {.connected = on_connected,
                                                  .lost = on_lost,
                                                  .answered = on_answered,
                                                  .message = on_message,
                                                  .closed = on_mqtt_closed,
                                                  .broken = on_broken};

static void take_welcome(struct gl_link *l, const struct gl_msg_welcome *w) {
    struct gl_error err = {""};
    uv_timer_stop(&l->retry);
    if (l->mqtt || strcmp(w->post, l->config->post) != 0) {
        gl_log(GL_ERROR, l->mqtt ? "greenlaned said welcome twice"
                                 : "greenlaned serves another post than this configuration: start both with the same file");
        stop(l, 1);
        return;
    }
    gl_clip(l->post, sizeof l->post, w->post);
    gl_clip(l->boot, sizeof l->boot, w->boot);
    /* From here on strangers' bytes come in. */
    if (gl_sandbox_seal(&err) == 0 && gl_mqtt_open(&l->loop, l->config, w->post, w->will, &mqtt_events, l, &l->mqtt, &err) == 0)
        return;
    gl_log(GL_ERROR, "%s", err.text);
    stop(l, 1);
}

static void on_ipc_message(void *user, struct gl_ipc *ch, enum gl_message_type type, const void *msg) {
    struct gl_link *l = user;
    (void)ch;
    if (l->stopping) return;
    if (type == GL_MSG_WELCOME)
        take_welcome(l, msg);
    else if (l->mqtt) /* before it was welcomed, nothing is owed */
        gl_mqtt_publish(l->mqtt, msg);
}

static void on_ipc_closed(void *user, struct gl_ipc *ch, const char *reason) {
    struct gl_link *l = user;
    (void)ch;
    l->ipc = NULL;
    if (l->stopping) return;
    gl_log(GL_ERROR, "greenlaned is gone: %s", reason);
    stop(l, 1);
}

static void on_no_welcome(uv_timer_t *t) {
    gl_log(GL_ERROR, "greenlaned took the connection but said nothing for %d s", WELCOME_MS / 1000);
    stop(t->data, 1);
}

static int say_hello(struct gl_link *l, int fd) {
    static const struct gl_ipc_events events = {.message = on_ipc_message, .closed = on_ipc_closed};
    uint64_t accepts = GL_ACCEPT(GL_MSG_WELCOME) | GL_ACCEPT(GL_MSG_PUBLISH);
    struct gl_msg_hello h = {.version = GL_IPC_VERSION, .program = "greenlane-link", .pid = getpid()};
    int rc = gl_ipc_open(&l->loop, fd, accepts, &events, l, &l->ipc);
    if (rc < 0) return rc;
    uv_timer_start(&l->retry, on_no_welcome, WELCOME_MS, 0);
    return gl_ipc_send(l->ipc, GL_MSG_HELLO, &h);
}

static void on_retry(uv_timer_t *t) {
    struct gl_link *l = t->data;
    struct gl_error err = {""};
    char path[GL_PATH + 16];
    gl_format(path, sizeof path, "%s/link.sock", l->config->paths.run);
    int fd = gl_ipc_connect(path, &err);
    if (fd >= 0) {
        int rc = say_hello(l, fd);
        if (rc == 0 || l->ipc) return; /* with a channel, its end is told by on_ipc_closed */
        gl_log(GL_ERROR, "cannot use the connection to greenlaned: %s", strerror(-rc));
        stop(l, 1);
        return;
    }
    if (!l->waiting_told) gl_log(GL_NOTICE, "waiting for greenlaned: %s", err.text);
    l->waiting_told = true;
    uv_timer_start(t, on_retry, (uint64_t)l->delay_ms, 0);
    l->delay_ms = l->delay_ms * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : l->delay_ms * 2;
}

/* ---- running ---------------------------------------------------------------------------------------------------------------- */

static void on_watchdog(uv_timer_t *t) {
    (void)t;
    sd_notify(0, "WATCHDOG=1");
}

static void on_signal(uv_signal_t *s, int number) {
    (void)number;
    gl_log(GL_INFO, "stopping");
    stop(s->data, 0);
}

/* Everything is closed, the loop runs empty, gl_link_run() returns. */
static void stop(struct gl_link *l, int result) {
    if (l->stopping) return;
    l->stopping = true;
    l->result = result;
    sd_notify(0, "STOPPING=1");
    uv_handle_t *handles[] = {(uv_handle_t *)&l->retry, (uv_handle_t *)&l->hold, (uv_handle_t *)&l->watchdog,
                              (uv_handle_t *)&l->term, (uv_handle_t *)&l->interrupt};
    for (size_t i = 0; i < GL_COUNT(handles); i++) uv_close(handles[i], NULL);
    if (l->ipc) gl_ipc_close(l->ipc, "stopping");
    if (l->mqtt) gl_mqtt_close(l->mqtt);
}

static void start(struct gl_link *l) {
    uint64_t usec = 0;
    uv_timer_t *timers[] = {&l->retry, &l->hold, &l->watchdog};
    uv_signal_t *signals[] = {&l->term, &l->interrupt};
    for (size_t i = 0; i < GL_COUNT(timers); i++) {
        uv_timer_init(&l->loop, timers[i]);
        timers[i]->data = l;
    }
    for (size_t i = 0; i < GL_COUNT(signals); i++) {
        uv_signal_init(&l->loop, signals[i]);
        signals[i]->data = l;
    }
    uv_signal_start(&l->term, on_signal, SIGTERM);
    uv_signal_start(&l->interrupt, on_signal, SIGINT);
    if (sd_watchdog_enabled(0, &usec) > 0) uv_timer_start(&l->watchdog, on_watchdog, 0, usec / 3000);
    uv_timer_start(&l->retry, on_retry, 0, 0);
    sd_notify(0, "READY=1\nSTATUS=waiting for greenlaned");
}

int gl_link_run(const struct gl_config *config) {
    struct gl_link *l = calloc(1, sizeof *l);
    int result = 1;
    if (l) *l = (struct gl_link){.config = config, .delay_ms = RETRY_FIRST_MS};
    if (l) l->in = malloc(sizeof *l->in);
    if (l) l->reply = calloc(1, sizeof *l->reply);
    if (!l || !l->in || !l->reply || uv_loop_init(&l->loop) < 0) {
        gl_log(GL_ERROR, "out of memory");
    } else {
        start(l);
        uv_run(&l->loop, UV_RUN_DEFAULT);
        uv_loop_close(&l->loop);
        result = l->result;
    }
    if (l) free(l->in);
    if (l) free(l->reply);
    free(l);
    return result;
}
