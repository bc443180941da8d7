/* The listener at the broker. Its callback runs in Paho's thread: it takes the time first, and hands over by a pipe. */
#include "witness.h"

#include <MQTTAsync.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct witness {
    MQTTAsync client;
    const char *filter;
    sem_t ready;
    int pipe[2];
    int64_t count, last_ns; /* atomic */
};

static int on_arrived(void *context, char *topic, int len GL_UNUSED, MQTTAsync_message *message) {
    struct witness *w = context;
    struct witness_seen seen = {.ns = bench_ns()};
    seen.number = bench_number(message->payload, (size_t)message->payloadlen);
    __atomic_store_n(&w->last_ns, seen.ns, __ATOMIC_RELEASE);
    __atomic_add_fetch(&w->count, 1, __ATOMIC_ACQ_REL);
    /* A full pipe belongs to a run that only counts. */
    if (write(w->pipe[1], &seen, sizeof seen) < 0) seen.ns = 0;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_failed(void *context GL_UNUSED, MQTTAsync_failureData5 *data GL_UNUSED) {
    bench_die("bench-load: the broker takes no connection or no subscription");
}
static void on_lost(void *context GL_UNUSED, char *cause GL_UNUSED) {
    bench_die("bench-load: the broker closed the witness's connection");
}
static void on_subscribed(void *context, MQTTAsync_successData5 *data GL_UNUSED) {
    struct witness *w = context;
    sem_post(&w->ready);
}
static void on_connected(void *context, MQTTAsync_successData5 *data GL_UNUSED) {
    struct witness *w = context;
    MQTTAsync_callOptions call = MQTTAsync_callOptions_initializer;
    call.context = w;
    call.onSuccess5 = on_subscribed;
    call.onFailure5 = on_failed;
    if (MQTTAsync_subscribe(w->client, w->filter, 0, &call) != MQTTASYNC_SUCCESS) on_failed(w, NULL);
}

struct witness *witness_open(int port, const char *filter) {
    struct witness *w = calloc(1, sizeof *w);
    char url[48], id[48];
    if (!w || pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) < 0) bench_die("bench-load: no witness");
    if (port == 0) return w;
    w->filter = filter;
    sem_init(&w->ready, 0, 0);
    gl_format(url, sizeof url, "tcp://127.0.0.1:%d", port);
    gl_format(id, sizeof id, "bench-witness-%d", (int)getpid());
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    connect.cleanstart = 1;
    connect.context = w;
    connect.onSuccess5 = on_connected;
    connect.onFailure5 = on_failed;
    if (MQTTAsync_createWithOptions(&w->client, url, id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) != MQTTASYNC_SUCCESS ||
        MQTTAsync_setCallbacks(w->client, w, on_lost, on_arrived, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(w->client, &connect) != MQTTASYNC_SUCCESS)
        on_failed(w, NULL);
    sem_wait(&w->ready);
    return w;
}

int witness_fd(const struct witness *w) {
    return w->client ? w->pipe[0] : -1;
}

bool witness_take(struct witness *w, struct witness_seen *ret) {
    return read(w->pipe[0], ret, sizeof *ret) == sizeof *ret;
}

int64_t witness_count(const struct witness *w) {
    return __atomic_load_n(&w->count, __ATOMIC_ACQUIRE);
}
int64_t witness_last_ns(const struct witness *w) {
    return __atomic_load_n(&w->last_ns, __ATOMIC_ACQUIRE);
}

void witness_close(struct witness *w) {
    if (w->client) MQTTAsync_destroy(&w->client);
    close(w->pipe[0]);
    close(w->pipe[1]);
    free(w);
}
