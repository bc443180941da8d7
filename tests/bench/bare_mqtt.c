/* The bare program's publishing: Paho's asynchronous client, MQTT 5, QoS 1. No more messages are on their way than the broker takes at a time:
 * beyond that Paho itself would wait up to a second before it looks again. Others wait in a ring; each acknowledgement sends the next. */
#include <MQTTAsync.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"

enum { RING = 16384, MOST = 1000, FEW = 500, TOPIC = 96, PAYLOAD = 512, WINDOW = 64 };

struct entry {
    char topic[TOPIC], payload[PAYLOAD];
};

struct bare_mqtt {
    MQTTAsync client;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t changed;
    bool connected;
    unsigned window, on_their_way;
    size_t first, n;
    struct entry ring[RING];
};

static void send_next(struct bare_mqtt *m);

static void on_connected(void *context, MQTTAsync_successData5 *data) {
    struct bare_mqtt *m = context;
    const MQTTProperty *p = MQTTProperties_getProperty(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
    pthread_mutex_lock(&m->lock);
    m->window = p && p->value.integer2 < WINDOW ? p->value.integer2 : WINDOW;
    m->connected = true;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
}
static void on_failed(void *context GL_UNUSED, MQTTAsync_failureData5 *data GL_UNUSED) {
    bench_die("bench-bare: no connection to the broker, or it refused a message");
}
static void on_acknowledged(void *context, MQTTAsync_successData5 *data GL_UNUSED) {
    struct bare_mqtt *m = context;
    pthread_mutex_lock(&m->lock);
    m->on_their_way--;
    if (m->n <= FEW) pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    send_next(m);
}
static int on_arrived(void *context GL_UNUSED, char *topic, int len GL_UNUSED, MQTTAsync_message *message) {
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* Takes the next message off the ring when it may go. */
static bool take_next(struct bare_mqtt *m, struct entry *ret) {
    pthread_mutex_lock(&m->lock);
    bool may = m->n > 0 && m->on_their_way < m->window;
    if (may) {
        *ret = m->ring[m->first];
        m->first = (m->first + 1) % RING;
        m->n--;
        m->on_their_way++;
    }
    pthread_mutex_unlock(&m->lock);
    return may;
}

/* Without our lock: Paho has one of its own, and holds it in callbacks. */
static void send_next(struct bare_mqtt *m) {
    struct entry e;
    while (take_next(m, &e)) {
        MQTTAsync_message message = MQTTAsync_message_initializer;
        MQTTAsync_callOptions call = MQTTAsync_callOptions_initializer;
        message.payload = e.payload;
        message.payloadlen = (int)strlen(e.payload);
        message.qos = 1;
        call.context = m;
        call.onSuccess5 = on_acknowledged;
        call.onFailure5 = on_failed;
        int rc = MQTTAsync_sendMessage(m->client, e.topic, &message, &call);
        if (rc != MQTTASYNC_SUCCESS) bench_die("bench-bare: a message was not taken: %s", MQTTAsync_strerror(rc));
    }
}

struct bare_mqtt *bare_mqtt_open(int port) {
    struct bare_mqtt *m = calloc(1, sizeof *m);
    char url[48];
    if (!m) bench_die("bench-bare: out of memory");
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    gl_format(url, sizeof url, "tcp://127.0.0.1:%d", port);
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    connect.cleanstart = 1;
    connect.context = m;
    connect.onSuccess5 = on_connected;
    connect.onFailure5 = on_failed;
    if (MQTTAsync_createWithOptions(&m->client, url, "bench-bare", MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) !=
            MQTTASYNC_SUCCESS ||
        MQTTAsync_setCallbacks(m->client, m, NULL, on_arrived, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(m->client, &connect) != MQTTASYNC_SUCCESS)
        bench_die("bench-bare: the broker cannot be reached");
    pthread_mutex_lock(&m->lock);
    while (!m->connected) pthread_cond_wait(&m->changed, &m->lock);
    pthread_mutex_unlock(&m->lock);
    return m;
}

void bare_mqtt_publish(struct bare_mqtt *m, const char *topic, const char *payload) {
    pthread_mutex_lock(&m->lock);
    if (m->n == RING) bench_die("bench-bare: the ring is full");
    size_t at = (m->first + m->n++) % RING;
    gl_format(m->ring[at].topic, TOPIC, "%s", topic);
    gl_format(m->ring[at].payload, PAYLOAD, "%s", payload);
    pthread_mutex_unlock(&m->lock);
    send_next(m);
}

void bare_mqtt_pace(struct bare_mqtt *m) {
    pthread_mutex_lock(&m->lock);
    if (m->n > MOST)
        while (m->n > FEW) pthread_cond_wait(&m->changed, &m->lock);
    pthread_mutex_unlock(&m->lock);
}

void bare_mqtt_close(struct bare_mqtt *m) {
    MQTTAsync_destroy(&m->client);
    free(m);
}
