/* The one bridge from the MQTT library's threads to our loop: its callbacks copy what they are told into an event, and that is all
 * they do. */
#pragma once
#include <uv.h>

#include "model/happened.h"

enum gl_event_type {
    GL_EVENT_CONNECTED, /* max_packet, receive_max */
    GL_EVENT_FAILED,    /* the connection was not made: text */
    GL_EVENT_SUBSCRIBED,
    GL_EVENT_UNSUBSCRIBED, /* the broker refused a subscription: text */
    GL_EVENT_GOODBYE,      /* the broker says why it will close: text */
    GL_EVENT_LOST,
    GL_EVENT_ANSWERED, /* slot: acknowledged, or refused with a text */
    GL_EVENT_ARRIVED,  /* topic and so on */
    GL_EVENT_CLOSED    /* as we asked */
};

struct gl_event {
    struct gl_event *next;
    enum gl_event_type type;
    uint64_t attempt; /* which connection */
    unsigned slot, receive_max;
    uint32_t max_packet; /* 0 = no limit */
    bool refused;
    char text[GL_DETAIL];
    /* arrived; they lie behind the struct */
    const char *topic, *payload, *response_to;
    const uint8_t *correlation;
    size_t payload_len, correlation_len, bytes;
    bool retained;
    int64_t expiry_s;
};

struct gl_queue {
    uv_mutex_t lock;
    uv_async_t wake;
    struct gl_event *first, **last;
    size_t bytes; /* of arrived messages */
    uint64_t dropped;
    bool broken; /* an event was lost for want of memory: no state can be trusted any more */
};

enum { GL_QUEUE_BYTES = 67108864 }; /* arrived messages beyond this are dropped and counted */

int gl_queue_init(struct gl_queue *q, uv_loop_t *loop, uv_async_cb woken, void *data) GL_MUST_USE; /* data: of the handle */
void gl_queue_close(struct gl_queue *q, uv_close_cb closed);                                       /* then, when closed: */
void gl_queue_free(struct gl_queue *q);

/* From any thread. Takes e; NULL says that there was no memory for it. */
void gl_queue_push(struct gl_queue *q, struct gl_event *e);

/* For the loop: the oldest event, to be freed; NULL when there is none. */
struct gl_event *gl_queue_pop(struct gl_queue *q);

/* For the loop: how many arrived messages were dropped since the last call; and whether the queue is broken. */
uint64_t gl_queue_dropped(struct gl_queue *q, bool *ret_broken);
