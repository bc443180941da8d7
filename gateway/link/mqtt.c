/* The connection to the broker as our loop sees it.
 *
 *     WAITING --timer--> CONNECTING --CONNECTED--> SUBSCRIBING --SUBSCRIBED--> UP
 *        ^                   |                          |                      |
 *        +---- FAILED -------+------ UNSUBSCRIBED, LOST +--------- LOST -------+      (delay doubles, 0.5 s to 30 s)
 *
 * Events of an earlier attempt are ignored: each carries its attempt's number. */
#include "link/mqtt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "link/attempt.h"

enum { DELAY_FIRST_MS = 500, DELAY_MOST_MS = 30000, STEADY_MS = 10000, CLOSE_MS = 2000, PER_TURN = 128, PASSWORD = 1024 };

enum state { WAITING, CONNECTING, SUBSCRIBING, UP, CLOSING };

struct gl_mqtt {
    uv_loop_t *loop;
    const struct gl_config *config;
    struct gl_mqtt_events events;
    void *user;
    char post[GL_ID];
    char will[2048];
    enum state state;
    struct gl_queue queue;
    uv_timer_t timer;
    int handles; /* still to be closed */
    bool held;
    struct gl_attempt *attempt;
    uint64_t number;
    int64_t delay_ms, up_since;
    uint32_t max_packet;
    char goodbye[GL_DETAIL]; /* why the broker closes, when it says so */
    struct gl_window window;
    struct gl_log_quota quota;
};

static int64_t mono_now(const struct gl_mqtt *m) {
    return (int64_t)uv_now(m->loop);
}

static void on_timer(uv_timer_t *t);

/* Up to a fifth more or less, so that a hundred posts do not come back in the same instant. */
static uint64_t with_jitter(int64_t ms) {
    uint16_t r = 0;
    if (uv_random(NULL, NULL, &r, sizeof r, 0, NULL) < 0) return (uint64_t)ms;
    return (uint64_t)(ms - ms / 5 + (ms * 2 / 5) * r / 65535);
}

static void schedule(struct gl_mqtt *m) {
    m->state = WAITING;
    uv_timer_start(&m->timer, on_timer, with_jitter(m->delay_ms), 0);
    m->delay_ms = m->delay_ms * 2 > DELAY_MOST_MS ? DELAY_MOST_MS : m->delay_ms * 2;
}

/* ---- connecting ------------------------------------------------------------------------------------------------------------- */

/* The file's first line. Read anew for each attempt: it may have been changed. */
static int read_password(const char *file, char out[PASSWORD], size_t *ret_len, struct gl_error *err) {
    *ret_len = 0;
    if (file[0] == '\0') return 0;
    GL_CLEANUP(gl_close_fd) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return gl_fail(err, -errno, "cannot read the password file %s: %s", file, strerror(errno));
    ssize_t n = read(fd, out, PASSWORD);
    if (n < 0) return gl_fail(err, -errno, "cannot read the password file %s: %s", file, strerror(errno));
    if (n == PASSWORD) return gl_fail(err, -E2BIG, "the password file %s is too long: at most %d bytes", file, PASSWORD - 1);
    const char *end = memchr(out, '\n', (size_t)n);
    size_t len = end ? (size_t)(end - out) : (size_t)n;
    if (len == 0) return gl_fail(err, -EINVAL, "the password file %s is empty", file);
    *ret_len = len;
    return 0;
}

static int start_attempt(struct gl_mqtt *m, struct gl_error *err) {
    const struct gl_config *c = m->config;
    char password[PASSWORD], id[80];
    struct gl_attempt_options o = {.url = c->mqtt.url,
                                   .username = c->mqtt.username,
                                   .password = password,
                                   .ca_file = c->mqtt.ca_file,
                                   .cert_file = c->mqtt.cert_file,
                                   .key_file = c->mqtt.key_file,
                                   .keepalive_s = c->mqtt.keepalive_s,
                                   .post = m->post,
                                   .will = m->will};
    gl_format(id, sizeof id, "greenlane-link-%s", m->post);
    o.client_id = c->mqtt.client_id[0] ? c->mqtt.client_id : id;
    int rc = read_password(c->mqtt.password_file, password, &o.password_len, err);
    if (rc == 0) rc = gl_attempt_start(&o, &m->queue, ++m->number, m->attempt, &m->attempt, err);
    explicit_bzero(password, sizeof password);
    return rc;
}

static void try_again(struct gl_mqtt *m, const char *reason) {
    gl_log(GL_WARNING, "broker %s: %s; next attempt in about %.1f s", m->config->mqtt.url, reason, (double)m->delay_ms / 1000);
    schedule(m);
}

static void connect_now(struct gl_mqtt *m) {
    struct gl_error err = {""};
    m->state = CONNECTING;
    m->goodbye[0] = '\0';
    if (start_attempt(m, &err) < 0) try_again(m, err.text);
}

/* ---- the connection's end --------------------------------------------------------------------------------------------------- */

static void name_culprit(struct gl_mqtt *m, const struct gl_culprit *c) {
    static const char why[] = "the broker closes the connection on this message";
    gl_log(GL_ERROR, "%s, %d times in a row: topic %s; it is set aside", why, GL_WINDOW_STRIKES, c->topic);
    if (c->token > 0) m->events.answered(m->user, c->token, why);
}

static void connection_lost(struct gl_mqtt *m, const char *reason) {
    struct gl_culprit culprit;
    bool was_up = m->state == UP;
    int64_t now = mono_now(m);
    if (m->state == WAITING || m->state == CLOSING) return;
    if (was_up && now - m->up_since >= STEADY_MS) m->delay_ms = DELAY_FIRST_MS;
    if (gl_window_lost(&m->window, now, &culprit)) name_culprit(m, &culprit);
    const char *why = m->goodbye[0] ? m->goodbye : reason;
    if (was_up) m->events.lost(m->user, why);
    try_again(m, why);
}

/* We end it: what still comes of this attempt is ignored. */
static void give_up(struct gl_mqtt *m, const char *reason) {
    gl_attempt_disconnect(m->attempt);
    connection_lost(m, reason);
}

/* ---- publishing ------------------------------------------------------------------------------------------------------------- */

static void refuse(struct gl_mqtt *m, unsigned slot, const char *topic, const char *why) {
    if (gl_log_allowed(&m->quota, 10, 6000, mono_now(m))) gl_log(GL_ERROR, "message on %s: %s", topic, why);
    int64_t token = gl_window_done(&m->window, slot);
    if (token > 0) m->events.answered(m->user, token, why);
}

static void pump(struct gl_mqtt *m) {
    const struct gl_outgoing *o;
    unsigned slot;
    while (m->state == UP && (o = gl_window_next(&m->window, mono_now(m), &slot))) {
        struct gl_error err = {""};
        int rc = gl_attempt_publish(m->attempt, o, slot, m->max_packet, &err);
        if (rc > 0)
            refuse(m, slot, o->topic, err.text);
        else if (rc < 0)
            give_up(m, err.text);
    }
}

void gl_mqtt_publish(struct gl_mqtt *m, const struct gl_msg_publish *p) {
    if (m->state != UP) return;
    int rc = gl_window_add(&m->window, p);
    if (rc < 0)
        give_up(m, "more messages wait for the broker than the list holds; greenlaned sends them again");
    else if (rc == 0)
        pump(m);
}

/* ---- events ----------------------------------------------------------------------------------------------------------------- */

static void event_connected(struct gl_mqtt *m, const struct gl_event *e) {
    if (m->state != CONNECTING) return;
    m->state = SUBSCRIBING;
    m->max_packet = e->max_packet;
    gl_window_open(&m->window, e->receive_max);
    if (gl_attempt_subscribe(m->attempt, m->post) < 0) give_up(m, "the MQTT library takes no subscription");
}

static void event_subscribed(struct gl_mqtt *m, const struct gl_event *e) {
    (void)e;
    if (m->state != SUBSCRIBING) return;
    m->state = UP;
    m->up_since = mono_now(m);
    gl_log(GL_INFO, "connected to the broker %s", m->config->mqtt.url);
    m->events.connected(m->user);
}

static void event_unsubscribed(struct gl_mqtt *m, const struct gl_event *e) {
    char text[GL_DETAIL];
    if (m->state != SUBSCRIBING) return;
    gl_format(text, sizeof text, "the broker refuses the subscription to feed/+ and command/+/+: %s; check its access list",
              e->text);
    give_up(m, text);
}

static void event_goodbye(struct gl_mqtt *m, const struct gl_event *e) {
    gl_clip(m->goodbye, sizeof m->goodbye, e->text);
}

static void event_lost(struct gl_mqtt *m, const struct gl_event *e) {
    connection_lost(m, e->text);
}

static void event_answered(struct gl_mqtt *m, const struct gl_event *e) {
    if (m->state != UP) return;
    const struct gl_outgoing *o = e->slot < GL_WINDOW_SLOTS ? m->window.slots[e->slot] : NULL;
    if (o && e->refused) {
        refuse(m, e->slot, o->topic, e->text);
    } else {
        int64_t token = gl_window_done(&m->window, e->slot);
        if (token > 0) m->events.answered(m->user, token, NULL);
    }
    pump(m);
}

static void event_arrived(struct gl_mqtt *m, const struct gl_event *e) {
    struct gl_inbound_message in = {.topic = e->topic,
                                    .payload = e->payload,
                                    .len = e->payload_len,
                                    .retained = e->retained,
                                    .expiry_s = e->expiry_s,
                                    .response_to = e->response_to,
                                    .correlation = e->correlation,
                                    .correlation_len = e->correlation_len};
    if (m->state == UP || m->state == SUBSCRIBING) m->events.message(m->user, &in);
}

static void (*const handlers[])(struct gl_mqtt *, const struct gl_event *) = {
    [GL_EVENT_CONNECTED] = event_connected,       [GL_EVENT_FAILED] = event_lost,     [GL_EVENT_SUBSCRIBED] = event_subscribed,
    [GL_EVENT_UNSUBSCRIBED] = event_unsubscribed, [GL_EVENT_GOODBYE] = event_goodbye, [GL_EVENT_LOST] = event_lost,
    [GL_EVENT_ANSWERED] = event_answered,         [GL_EVENT_ARRIVED] = event_arrived,
};

static void finish_close(struct gl_mqtt *m);

static void take(struct gl_mqtt *m, const struct gl_event *e) {
    if (e->attempt != m->number) return;
    if (m->state == CLOSING) {
        if (e->type == GL_EVENT_CLOSED || e->type == GL_EVENT_LOST || e->type == GL_EVENT_FAILED) finish_close(m);
    } else if (e->type != GL_EVENT_CLOSED) {
        handlers[e->type](m, e);
    }
}

static void tell_dropped(struct gl_mqtt *m) {
    bool broken;
    uint64_t n = gl_queue_dropped(&m->queue, &broken);
    if (n > 0 && gl_log_allowed(&m->quota, 10, 6000, mono_now(m)))
        gl_log(GL_ERROR, "%llu messages from the broker dropped: they come faster than greenlaned takes them",
               (unsigned long long)n);
    if (broken && m->state != CLOSING) m->events.broken(m->user, "out of memory");
}

static void on_wake(uv_async_t *h) {
    struct gl_mqtt *m = h->data;
    struct gl_event *e = NULL;
    tell_dropped(m);
    for (int i = 0; i < PER_TURN && (!m->held || m->state == CLOSING) && (e = gl_queue_pop(&m->queue)); i++) {
        take(m, e);
        free(e);
    }
    if (e && !uv_is_closing((uv_handle_t *)&m->queue.wake)) uv_async_send(&m->queue.wake); /* the turn ended before the queue */
}

void gl_mqtt_hold(struct gl_mqtt *m, bool hold) {
    m->held = hold;
    if (!hold) uv_async_send(&m->queue.wake);
}

/* ---- making and closing ----------------------------------------------------------------------------------------------------- */

static void on_handle_closed(uv_handle_t *h) {
    struct gl_mqtt *m = h->data;
    if (--m->handles == 0) m->events.closed(m->user);
}

static void finish_close(struct gl_mqtt *m) {
    if (uv_is_closing((uv_handle_t *)&m->timer)) return;
    uv_close((uv_handle_t *)&m->timer, on_handle_closed);
    gl_queue_close(&m->queue, on_handle_closed);
}

static void on_timer(uv_timer_t *t) {
    struct gl_mqtt *m = t->data;
    if (m->state == CLOSING)
        finish_close(m);
    else
        connect_now(m);
}

void gl_mqtt_close(struct gl_mqtt *m) {
    if (m->state == CLOSING) return;
    bool connected = m->state == UP || m->state == SUBSCRIBING;
    m->state = CLOSING;
    bool wait = connected && gl_attempt_disconnect(m->attempt) == 0;
    uv_timer_start(&m->timer, on_timer, wait ? CLOSE_MS : 0, 0);
}

void gl_mqtt_free(struct gl_mqtt *m) {
    if (!m) return;
    gl_attempt_free(m->attempt); /* before the queue that its callbacks push into */
    gl_queue_free(&m->queue);
    gl_window_free(&m->window);
    free(m);
}

int gl_mqtt_open(uv_loop_t *loop, const struct gl_config *config, const char *post, const char *will,
                 const struct gl_mqtt_events *events, void *user, struct gl_mqtt **ret, struct gl_error *err) {
    struct gl_mqtt *m = calloc(1, sizeof *m);
    if (!m) return gl_fail(err, -ENOMEM, "out of memory");
    *m =
        (struct gl_mqtt){.loop = loop, .config = config, .events = *events, .user = user, .handles = 2, .delay_ms = DELAY_FIRST_MS};
    gl_window_init(&m->window);
    int rc = gl_copy(m->post, sizeof m->post, post);
    if (rc == 0) rc = gl_copy(m->will, sizeof m->will, will);
    if (rc == 0) rc = gl_queue_init(&m->queue, loop, on_wake, m);
    if (rc < 0) {
        free(m);
        return gl_fail(err, rc, "cannot set up the MQTT side: %s", strerror(-rc));
    }
    uv_timer_init(loop, &m->timer);
    m->timer.data = m;
    *ret = m;
    connect_now(m);
    return 0;
}
