/* The bare program's publishing: Paho's asynchronous client, MQTT 5, QoS 1, nothing else. */
#include <MQTTAsync.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bare.h"

enum { MOST = 1000, FEW = 500 };

struct bare_mqtt {
    MQTTAsync client;
    sem_t connected, few;
    int64_t on_their_way; /* atomic */
};

static void on_connected(void *context, MQTTAsync_successData5 *data GL_UNUSED) {
    struct bare_mqtt *m = context;
    sem_post(&m->connected);
}
static void on_failed(void *context GL_UNUSED, MQTTAsync_failureData5 *data GL_UNUSED) {
    bench_die("bench-bare: no connection to the broker, or it refused a message");
}
static void on_acknowledged(void *context, MQTTAsync_successData5 *data GL_UNUSED) {
    struct bare_mqtt *m = context;
    if (__atomic_sub_fetch(&m->on_their_way, 1, __ATOMIC_ACQ_REL) == FEW) sem_post(&m->few);
}
static int on_arrived(void *context GL_UNUSED, char *topic, int len GL_UNUSED, MQTTAsync_message *message) {
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

struct bare_mqtt *bare_mqtt_open(int port) {
    struct bare_mqtt *m = calloc(1, sizeof *m);
    char url[48];
    if (!m) bench_die("bench-bare: out of memory");
    sem_init(&m->connected, 0, 0);
    sem_init(&m->few, 0, 0);
    gl_format(url, sizeof url, "tcp://127.0.0.1:%d", port);
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    create.maxBufferedMessages = 100000; /* bare_mqtt_pace() holds back long before */
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    connect.cleanstart = 1;
    connect.context = m;
    connect.onSuccess5 = on_connected;
    connect.onFailure5 = on_failed;
    if (MQTTAsync_createWithOptions(&m->client, url, "bench-bare", MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) != MQTTASYNC_SUCCESS ||
        MQTTAsync_setCallbacks(m->client, m, NULL, on_arrived, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(m->client, &connect) != MQTTASYNC_SUCCESS)
        bench_die("bench-bare: the broker cannot be reached");
    sem_wait(&m->connected);
    return m;
}

void bare_mqtt_publish(struct bare_mqtt *m, const char *topic, const char *payload) {
    MQTTAsync_message message = MQTTAsync_message_initializer;
    MQTTAsync_callOptions call = MQTTAsync_callOptions_initializer;
    message.payload = (void *)(uintptr_t)payload;
    message.payloadlen = (int)strlen(payload);
    message.qos = 1;
    call.context = m;
    call.onSuccess5 = on_acknowledged;
    call.onFailure5 = on_failed;
    __atomic_add_fetch(&m->on_their_way, 1, __ATOMIC_ACQ_REL);
    if (MQTTAsync_sendMessage(m->client, topic, &message, &call) != MQTTASYNC_SUCCESS) bench_die("bench-bare: a message was not taken");
}

void bare_mqtt_pace(struct bare_mqtt *m) {
    if (__atomic_load_n(&m->on_their_way, __ATOMIC_ACQUIRE) <= MOST) return;
    while (sem_trywait(&m->few) == 0) continue; /* from an earlier time */
    while (__atomic_load_n(&m->on_their_way, __ATOMIC_ACQUIRE) > FEW) sem_wait(&m->few);
}

void bare_mqtt_close(struct bare_mqtt *m) {
    MQTTAsync_destroy(&m->client);
    free(m);
}
