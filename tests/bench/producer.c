/* Paho's asynchronous client; its thread acknowledges, everything else happens in the caller's. */
#include "producer.h"

#include <MQTTAsync.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/envelope.h"

#define TOPIC "greenlane/v1/bench/feed/movements"
enum { MOST = 65536, CLOSE_S = 10 };

struct producer {
    MQTTAsync client;
    sem_t ready;
    int64_t seq;
    struct gl_feed_record record;
};

static void on_failed(void *context GL_UNUSED, MQTTAsync_failureData5 *data GL_UNUSED) {
    bench_die("bench-load: the producer's broker takes no connection or no message");
}
static void on_connected(void *context, MQTTAsync_successData5 *data GL_UNUSED) {
    struct producer *p = context;
    sem_post(&p->ready);
}
static int on_arrived(void *context GL_UNUSED, char *topic, int len GL_UNUSED, MQTTAsync_message *message) {
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

struct producer *producer_open(int port, int64_t seq) {
    struct producer *p = calloc(1, sizeof *p);
    char url[48], id[48];
    if (!p) bench_die("bench-load: out of memory");
    p->seq = seq;
    sem_init(&p->ready, 0, 0);
    bench_movement(&p->record, gl_now_read().wall);
    gl_format(url, sizeof url, "tcp://127.0.0.1:%d", port);
    gl_format(id, sizeof id, "bench-producer-%d", (int)getpid());
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    connect.cleanstart = 1;
    connect.context = p;
    connect.onSuccess5 = on_connected;
    connect.onFailure5 = on_failed;
    if (MQTTAsync_createWithOptions(&p->client, url, id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) != MQTTASYNC_SUCCESS ||
        MQTTAsync_setCallbacks(p->client, p, NULL, on_arrived, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(p->client, &connect) != MQTTASYNC_SUCCESS)
        on_failed(p, NULL);
    sem_wait(&p->ready);
    return p;
}

/* The whole message is written before the clock starts. */
int64_t producer_say(struct producer *p, int64_t n, enum gl_channel_decision channel) {
    GL_CLEANUP(gl_buf_free) struct gl_buf data = GL_BUF(MOST), out = GL_BUF(MOST);
    MQTTAsync_responseOptions call = MQTTAsync_responseOptions_initializer;
    struct gl_feed_record *r = &p->record;
    char id[32];
    bench_renumber(r, n);
    r->seq = ++p->seq;
    r->as_of = gl_now_read().wall;
    r->body.movement.version = p->seq;
    r->body.movement.channel = (uint8_t)channel;
    gl_feed_record_to_json(r, &data);
    gl_format(id, sizeof id, "change-%lld", (long long)p->seq);
    gl_envelope_write(&out,
                      &(struct gl_envelope_out){
                          .id = id, .post = "bench", .type = "greenlane.feed.movements", .time = r->as_of, .data = data.data});
    call.onFailure5 = on_failed;
    int64_t now = bench_ns();
    if (out.failed || MQTTAsync_send(p->client, TOPIC, (int)out.len, out.data, 1, 0, &call) != MQTTASYNC_SUCCESS)
        on_failed(p, NULL);
    return now;
}

int64_t producer_seq(const struct producer *p) {
    return p->seq;
}

void producer_close(struct producer *p) {
    MQTTAsync_token *waiting = NULL;
    for (int64_t end = bench_ns() + CLOSE_S * INT64_C(1000000000); bench_ns() < end; poll(NULL, 0, 10)) {
        bool some = MQTTAsync_getPendingTokens(p->client, &waiting) == MQTTASYNC_SUCCESS && waiting;
        if (waiting) MQTTAsync_free(waiting);
        waiting = NULL;
        if (!some) break;
    }
    MQTTAsync_destroy(&p->client);
    free(p);
}
