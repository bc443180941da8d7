/* The queue between the MQTT library's threads and our loop. Its lock is held for a few instructions and never while anything is
 * called. The callbacks must not wait: the library holds its own lock around them. So what does not fit is dropped; a feed shows
 * that as a hole in its numbers, the sender of a command gets no answer. */
#include "link/queue.h"

#include <stdlib.h>

int gl_queue_init(struct gl_queue *q, uv_loop_t *loop, uv_async_cb woken, void *data) {
    *q = (struct gl_queue){.bytes = 0};
    q->last = &q->first;
    int rc = uv_mutex_init(&q->lock);
    if (rc < 0) return rc;
    rc = uv_async_init(loop, &q->wake, woken);
    if (rc < 0) uv_mutex_destroy(&q->lock);
    q->wake.data = data;
    return rc;
}

void gl_queue_close(struct gl_queue *q, uv_close_cb closed) {
    uv_close((uv_handle_t *)&q->wake, closed);
}

void gl_queue_free(struct gl_queue *q) {
    for (struct gl_event *e; (e = gl_queue_pop(q));) free(e);
    uv_mutex_destroy(&q->lock);
}

void gl_queue_push(struct gl_queue *q, struct gl_event *e) {
    struct gl_event *refused = NULL;
    uv_mutex_lock(&q->lock);
    if (!e) {
        q->broken = true;
    } else if (e->type == GL_EVENT_ARRIVED && q->bytes + e->bytes > GL_QUEUE_BYTES) {
        q->dropped++;
        refused = e;
    } else {
        if (e->type == GL_EVENT_ARRIVED) q->bytes += e->bytes;
        e->next = NULL;
        *q->last = e;
        q->last = &e->next;
    }
    uv_mutex_unlock(&q->lock);
    free(refused);
    uv_async_send(&q->wake);
}

struct gl_event *gl_queue_pop(struct gl_queue *q) {
    uv_mutex_lock(&q->lock);
    struct gl_event *e = q->first;
    if (e) {
        q->first = e->next;
        if (!q->first) q->last = &q->first;
        if (e->type == GL_EVENT_ARRIVED) q->bytes -= e->bytes;
    }
    uv_mutex_unlock(&q->lock);
    return e;
}

uint64_t gl_queue_dropped(struct gl_queue *q, bool *ret_broken) {
    uv_mutex_lock(&q->lock);
    uint64_t n = q->dropped;
    q->dropped = 0;
    *ret_broken = q->broken;
    uv_mutex_unlock(&q->lock);
    return n;
}
