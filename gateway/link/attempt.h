/* One connection to the broker, from its making to its end, through Paho's MQTTAsync. Each gets a client of its own, so that
 * nothing of an old connection is ever sent on a new one. What happens to it comes as events through the queue. */
#pragma once
#include "link/queue.h"
#include "link/window.h"

struct gl_attempt;

struct gl_attempt_options { /* borrowed for the call */
    const char *url, *client_id;
    const char *username; /* "" = none */
    const void *password;
    size_t password_len;
    const char *ca_file, *cert_file, *key_file; /* "" = none */
    int64_t keepalive_s;
    const char *post;
    const char *will; /* payload on state/gateway */
};

/* Starts to connect. number: comes back in the events. Frees `old` (may be NULL) once the new client stands: without any client the
 * library would stop its threads and wait for them. On failure *ret is not written and old is still there. */
int gl_attempt_start(const struct gl_attempt_options *o, struct gl_queue *q, uint64_t number, struct gl_attempt *old,
                     struct gl_attempt **ret, struct gl_error *err) GL_MUST_USE;

/* Feeds and commands of the post. */
int gl_attempt_subscribe(struct gl_attempt *a, const char *post) GL_MUST_USE;

/* Sends a message; an event ANSWERED with this slot follows. 1: it can never be sent, err says why; negative: the connection is of
 * no use. */
int gl_attempt_publish(struct gl_attempt *a, const struct gl_outgoing *o, unsigned slot, uint32_t max_packet,
                       struct gl_error *err) GL_MUST_USE;

/* Disconnects so that the broker publishes the last will. 0: an event CLOSED follows; negative: there is no connection. */
int gl_attempt_disconnect(struct gl_attempt *a);

/* Waits for the library's threads when it was the last one: up to about a second. */
void gl_attempt_free(struct gl_attempt *a);
