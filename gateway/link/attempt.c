/* Paho's client, kept behind one file. Its callbacks run in its own threads, with its lock held: they copy, push and return.
 *
 * Persistence, offline buffering and automatic reconnection are off: the journal and greenlaned do that. */
#include "link/attempt.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PACKET_IN = (4 << 20) + 65536, CONNECT_TIMEOUT_S = 10, BUFFERED = 256 };

struct slot {
    struct gl_attempt *attempt;
    unsigned i;
};

struct gl_attempt {
    MQTTAsync client;
    struct gl_queue *queue;
    uint64_t number;
    char tls[GL_DETAIL]; /* what OpenSSL said last; touched under the library's lock alone */
    struct slot slots[GL_WINDOW_SLOTS];
};

/* ---- callbacks, in the library's threads ------------------------------------------------------------------------------------ */

static struct gl_event *new_event(const struct gl_attempt *a, enum gl_event_type type) {
    struct gl_event *e = calloc(1, sizeof *e);
    if (e) *e = (struct gl_event){.type = type, .attempt = a->number};
    return e;
}

static void push_text(struct gl_attempt *a, enum gl_event_type type, const char *text) {
    struct gl_event *e = new_event(a, type);
    if (e) gl_clip(e->text, sizeof e->text, text);
    gl_queue_push(a->queue, e);
}

static const char *reason_text(int code) {
    const char *text = MQTTReasonCode_toString((enum MQTTReasonCodes)code);
    return text ? text : "unknown reason";
}

static uint32_t number_of(MQTTProperties *props, enum MQTTPropertyCodes code, uint32_t otherwise) {
    const MQTTProperty *p = MQTTProperties_getProperty(props, code);
    if (!p) return otherwise;
    return MQTTProperty_getType(code) == MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER ? p->value.integer2 : p->value.integer4;
}

static void on_connected(void *context, MQTTAsync_successData5 *data) {
    struct gl_attempt *a = context;
    struct gl_event *e = new_event(a, GL_EVENT_CONNECTED);
    if (e) {
        e->max_packet = number_of(&data->properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, 0);
        e->receive_max = number_of(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, 65535);
    }
    gl_queue_push(a->queue, e);
}

static void on_failed(void *context, MQTTAsync_failureData5 *data) {
    struct gl_attempt *a = context;
    char text[GL_DETAIL];
    if (data && data->code > 0)
        gl_format(text, sizeof text, "the broker refuses the connection: %s", reason_text(data->code));
    else if (a->tls[0] != '\0')
        gl_format(text, sizeof text, "no TLS connection: %s", a->tls);
    else
        gl_format(text, sizeof text, "no connection%s%s", data && data->message ? ": " : "",
                  data && data->message ? data->message : "");
    push_text(a, GL_EVENT_FAILED, text);
}

static void on_lost(void *context, char *cause) {
    push_text(context, GL_EVENT_LOST, cause ? cause : "the connection was lost");
}

static void on_goodbye(void *context, MQTTProperties *props, enum MQTTReasonCodes code) {
    (void)props;
    char text[GL_DETAIL];
    gl_format(text, sizeof text, "the broker closed the connection: %s", reason_text(code));
    push_text(context, GL_EVENT_GOODBYE, text);
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data) {
    const enum MQTTReasonCodes *codes = data->alt.sub.reasonCodes;
    for (int i = 0; data->alt.sub.reasonCodeCount > 1 && codes && i < data->alt.sub.reasonCodeCount; i++) {
        if (codes[i] < MQTTREASONCODE_UNSPECIFIED_ERROR) continue;
        push_text(context, GL_EVENT_UNSUBSCRIBED, reason_text(codes[i]));
        return;
    }
    push_text(context, GL_EVENT_SUBSCRIBED, "");
}

static void on_not_subscribed(void *context, MQTTAsync_failureData5 *data) {
    push_text(context, GL_EVENT_UNSUBSCRIBED, data ? reason_text(data->reasonCode) : "no answer");
}

static void push_answer(const struct slot *s, bool refused, const char *text) {
    struct gl_event *e = new_event(s->attempt, GL_EVENT_ANSWERED);
    if (e) {
        e->slot = s->i;
        e->refused = refused;
        gl_clip(e->text, sizeof e->text, text);
    }
    gl_queue_push(s->attempt->queue, e);
}

static void on_acknowledged(void *context, MQTTAsync_successData5 *data) {
    (void)data;
    push_answer(context, false, "");
}

/* Also called when the connection ends with the message unanswered: that is no answer. */
static void on_refused(void *context, MQTTAsync_failureData5 *data) {
    char text[GL_DETAIL];
    if (!data || data->code != 0 || data->reasonCode < MQTTREASONCODE_UNSPECIFIED_ERROR) return;
    gl_format(text, sizeof text, "the broker refuses the message: %s (0x%02X)", reason_text(data->reasonCode),
              (unsigned)data->reasonCode);
    push_answer(context, true, text);
}

static void on_closed(void *context, MQTTAsync_successData5 *data) {
    (void)data;
    push_text(context, GL_EVENT_CLOSED, "");
}

static void on_not_closed(void *context, MQTTAsync_failureData5 *data) {
    (void)data;
    push_text(context, GL_EVENT_CLOSED, "");
}

/* Copies len bytes and a terminator to *at and moves it. */
static const char *put(char **at, const void *bytes, size_t len) {
    char *here = *at;
    if (len > 0) memcpy(here, bytes, len);
    here[len] = '\0';
    *at = here + len + 1;
    return here;
}

static struct gl_event *copy_message(const struct gl_attempt *a, const char *topic, size_t n, MQTTAsync_message *m) {
    const MQTTProperty *response = MQTTProperties_getProperty(&m->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
    const MQTTProperty *correlation = MQTTProperties_getProperty(&m->properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
    const MQTTProperty *expiry = MQTTProperties_getProperty(&m->properties, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL);
    size_t payload = m->payloadlen > 0 ? (size_t)m->payloadlen : 0;
    size_t r = response && response->value.data.len > 0 ? (size_t)response->value.data.len : 0;
    size_t c = correlation && correlation->value.data.len > 0 ? (size_t)correlation->value.data.len : 0;
    size_t bytes = sizeof(struct gl_event) + n + payload + r + c + 4;
    struct gl_event *e = malloc(bytes);
    if (!e) return NULL;
    *e = (struct gl_event){.type = GL_EVENT_ARRIVED,
                           .attempt = a->number,
                           .payload_len = payload,
                           .correlation_len = c,
                           .bytes = bytes,
                           .retained = m->retained != 0,
                           .expiry_s = expiry ? (int64_t)expiry->value.integer4 : -1};
    char *at = (char *)(e + 1);
    e->topic = put(&at, topic, n);
    e->payload = put(&at, m->payload, payload);
    if (response) e->response_to = put(&at, response->value.data.data, r);
    if (c > 0) e->correlation = (const uint8_t *)put(&at, correlation->value.data.data, c);
    if (response && strlen(e->response_to) != r) e->response_to = ""; /* a NUL inside: no topic */
    return e;
}

/* topic_len 0 says that the topic is terminated and whole. A topic with a NUL inside is none of ours. */
static int on_arrived(void *context, char *topic, int topic_len, MQTTAsync_message *m) {
    struct gl_attempt *a = context;
    size_t len = topic_len > 0 ? (size_t)topic_len : strlen(topic);
    if (strnlen(topic, len) == len) gl_queue_push(a->queue, copy_message(a, topic, len, m));
    MQTTAsync_freeMessage(&m);
    MQTTAsync_free(topic);
    return 1;
}

static int on_tls_error(const char *text, size_t len, void *user) {
    struct gl_attempt *a = user;
    const char *colon = len > 0 ? strchr(text, ':') : NULL; /* before it stands a thread number */
    gl_clip(a->tls, sizeof a->tls, colon ? colon + 1 : text);
    for (char *p = a->tls; *p; p++)
        if ((unsigned char)*p < 0x20) *p = ' ';
    return 1;
}

/* ---- from the loop ---------------------------------------------------------------------------------------------------------- */

static void add_number(MQTTProperties *props, enum MQTTPropertyCodes code, uint32_t value) {
    MQTTProperty p = {.identifier = code};
    int type = MQTTProperty_getType(code);
    if (type == MQTTPROPERTY_TYPE_BYTE)
        p.value.byte = (unsigned char)value;
    else if (type == MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER)
        p.value.integer2 = (unsigned short)value;
    else
        p.value.integer4 = value;
    MQTTProperties_add(props, &p);
}

static void add_bytes(MQTTProperties *props, enum MQTTPropertyCodes code, const void *bytes, size_t len) {
    MQTTProperty p = {.identifier = code};
    p.value.data.data = (char *)bytes; /* copied by MQTTProperties_add */
    p.value.data.len = (int)len;
    MQTTProperties_add(props, &p);
}

static void add_content(MQTTProperties *props) {
    static const char type[] = "application/cloudevents+json";
    add_bytes(props, MQTTPROPERTY_CODE_CONTENT_TYPE, type, sizeof type - 1);
    add_number(props, MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, 1);
}

static int connect_now(struct gl_attempt *a, const struct gl_attempt_options *o) {
    MQTTAsync_connectOptions c = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTProperties props = MQTTProperties_initializer, will_props = MQTTProperties_initializer;
    char topic[GL_TOPIC];
    gl_format(topic, sizeof topic, "greenlane/v1/%s/state/gateway", o->post);
    will.topicName = topic;
    will.message = o->will;
    will.retained = 1;
    will.qos = 1;
    tls.trustStore = o->ca_file[0] ? o->ca_file : NULL;
    tls.keyStore = o->cert_file[0] ? o->cert_file : NULL;
    tls.privateKey = o->key_file[0] ? o->key_file : NULL;
    tls.disableDefaultTrustStore = o->ca_file[0] != '\0'; /* a private authority is the only one */
    tls.enableServerCertAuth = 1;
    tls.verify = 1; /* the certificate must name the host */
    tls.ssl_error_cb = on_tls_error;
    tls.ssl_error_context = a;
    add_number(&props, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, 0);
    add_number(&props, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, GL_WINDOW_SLOTS);
    add_number(&props, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, MAX_PACKET_IN);
    add_content(&will_props);
    c.keepAliveInterval = (int)o->keepalive_s;
    c.cleanstart = 1;
    c.maxInflight = GL_WINDOW_SLOTS;
    c.connectTimeout = CONNECT_TIMEOUT_S;
    c.will = &will;
    c.username = o->username[0] ? o->username : NULL;
    c.binarypwd.data = o->password_len > 0 ? o->password : NULL;
    c.binarypwd.len = (int)o->password_len;
    if (strncmp(o->url, "mqtts://", 8) == 0) c.ssl = &tls;
    c.context = a;
    c.onSuccess5 = on_connected;
    c.onFailure5 = on_failed;
    c.connectProperties = &props;
    c.willProperties = &will_props;
    int rc = MQTTAsync_connect(a->client, &c);
    MQTTProperties_free(&props);
    MQTTProperties_free(&will_props);
    return rc;
}

int gl_attempt_start(const struct gl_attempt_options *o, struct gl_queue *q, uint64_t number, struct gl_attempt *old,
                     struct gl_attempt **ret, struct gl_error *err) {
    MQTTAsync_createOptions c = MQTTAsync_createOptions_initializer5;
    c.maxBufferedMessages = BUFFERED; /* in flight, here: more than the window and the subscription need */
    c.restoreMessages = 0;
    struct gl_attempt *a = calloc(1, sizeof *a);
    if (!a) return gl_fail(err, -ENOMEM, "out of memory");
    *a = (struct gl_attempt){.queue = q, .number = number};
    for (unsigned i = 0; i < GL_WINDOW_SLOTS; i++) a->slots[i] = (struct slot){a, i};
    int rc = MQTTAsync_createWithOptions(&a->client, o->url, o->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &c);
    if (rc != MQTTASYNC_SUCCESS) {
        free(a);
        return gl_fail(err, -EINVAL, "no MQTT client for %s: %s", o->url, MQTTAsync_strerror(rc));
    }
    gl_attempt_free(old);
    MQTTAsync_setCallbacks(a->client, a, on_lost, on_arrived, NULL);
    MQTTAsync_setDisconnected(a->client, a, on_goodbye);
    *ret = a;
    rc = connect_now(a, o);
    if (rc != MQTTASYNC_SUCCESS) push_text(a, GL_EVENT_FAILED, MQTTAsync_strerror(rc));
    return 0;
}

int gl_attempt_subscribe(struct gl_attempt *a, const char *post) {
    char feed[GL_TOPIC], command[GL_TOPIC];
    char *topics[2] = {feed, command};
    static const int qos[2] = {1, 1};
    MQTTSubscribe_options options[2] = {MQTTSubscribe_options_initializer, MQTTSubscribe_options_initializer};
    MQTTAsync_responseOptions r = MQTTAsync_responseOptions_initializer;
    gl_format(feed, sizeof feed, "greenlane/v1/%s/feed/+", post);
    gl_format(command, sizeof command, "greenlane/v1/%s/command/+/+", post);
    for (size_t i = 0; i < GL_COUNT(options); i++) {
        options[i].retainAsPublished = 1; /* so that what is retained can be known and dropped */
        options[i].retainHandling = 2;
    }
    r.subscribeOptionsList = options;
    r.subscribeOptionsCount = 2;
    r.context = a;
    r.onSuccess5 = on_subscribed;
    r.onFailure5 = on_not_subscribed;
    return MQTTAsync_subscribeMany(a->client, 2, topics, qos, &r) == MQTTASYNC_SUCCESS ? 0 : -EIO;
}

static void add_properties(MQTTProperties *props, const struct gl_outgoing *o) {
    add_content(props);
    if (o->expiry_s > 0) add_number(props, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, (uint32_t)o->expiry_s);
    if (o->correlation_len > 0) add_bytes(props, MQTTPROPERTY_CODE_CORRELATION_DATA, o->correlation, o->correlation_len);
}

int gl_attempt_publish(struct gl_attempt *a, const struct gl_outgoing *o, unsigned slot, uint32_t max_packet,
                       struct gl_error *err) {
    MQTTAsync_message m = MQTTAsync_message_initializer;
    MQTTAsync_responseOptions r = MQTTAsync_responseOptions_initializer;
    add_properties(&m.properties, o);
    /* fixed header 1 + 4, topic 2 + n, packet identifier 2, length of the properties 4 at most */
    size_t packet = 5 + 2 + strlen(o->topic) + 2 + 4 + (size_t)m.properties.length + o->payload_len;
    m.payload = (void *)o->payload; /* copied by MQTTAsync_sendMessage */
    m.payloadlen = (int)o->payload_len;
    m.qos = 1;
    m.retained = o->retain;
    r.context = &a->slots[slot];
    r.onSuccess5 = on_acknowledged;
    r.onFailure5 = on_refused;
    bool fits = max_packet == 0 || packet <= max_packet;
    int rc = fits ? MQTTAsync_sendMessage(a->client, o->topic, &m, &r) : MQTTASYNC_SUCCESS;
    MQTTProperties_free(&m.properties);
    if (!fits) return gl_fail(err, 1, "%zu bytes; the broker takes packets of at most %u", packet, (unsigned)max_packet);
    if (rc == MQTTASYNC_BAD_UTF8_STRING) return gl_fail(err, 1, "its topic is not valid UTF-8");
    return rc == MQTTASYNC_SUCCESS ? 0 : gl_fail(err, -EIO, "the MQTT library takes no message: %s", MQTTAsync_strerror(rc));
}

int gl_attempt_disconnect(struct gl_attempt *a) {
    MQTTAsync_disconnectOptions d = MQTTAsync_disconnectOptions_initializer5;
    d.reasonCode = MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE;
    d.context = a;
    d.onSuccess5 = on_closed;
    d.onFailure5 = on_not_closed;
    return a && MQTTAsync_disconnect(a->client, &d) == MQTTASYNC_SUCCESS ? 0 : -ENOTCONN;
}

void gl_attempt_free(struct gl_attempt *a) {
    if (!a) return;
    MQTTAsync_destroy(&a->client);
    free(a);
}
