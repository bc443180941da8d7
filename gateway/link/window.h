/* What is on its way to the broker: a bounded window in flight, a bounded list behind it, and the hunt for a message that makes the
 * broker close the connection. Pure: no I/O, no clock.
 *
 * When a connection is lost, everything is forgotten: greenlaned sends what was not answered again. If the loss followed closely on
 * what was sent, the next connection sends one message at a time, until it is past the place where the last one broke; so a message
 * that closes the connection shows itself by being the only one in flight, each time. */
#pragma once
#include "ipc/messages.h"

enum {
    GL_WINDOW_SLOTS = 64,
    GL_WINDOW_WAITING = 2048,
    GL_WINDOW_BYTES = 33554432,
    GL_WINDOW_CLOSE_MS = 2000,
    GL_WINDOW_STRIKES = 3
};

/* One message, in one piece of memory. */
struct gl_outgoing {
    struct gl_outgoing *next;
    int64_t token; /* 0 = nobody waits for an answer */
    int64_t sent_mono;
    int64_t expiry_s; /* 0 = none */
    bool retain;
    uint16_t correlation_len;
    size_t payload_len, bytes;
    const char *topic;
    const uint8_t *correlation;
    const char *payload;
};

struct gl_culprit {
    int64_t token;
    char topic[GL_TOPIC];
};

struct gl_window {
    struct gl_outgoing *slots[GL_WINDOW_SLOTS];
    struct gl_outgoing *first, **last;
    unsigned limit, busy, waiting;
    size_t bytes;
    unsigned careful; /* so many more messages go one at a time */
    unsigned sent;    /* on this connection */
    struct gl_culprit suspect;
    unsigned strikes;
    char barred[GL_TOPIC]; /* of a message without a token that closed the connection; "" = none */
};

void gl_window_init(struct gl_window *w);
void gl_window_free(struct gl_window *w);

/* Copies a message into the list. 1: its topic is barred, it was left out. -ENOBUFS: the list is full. -ENOMEM. */
int gl_window_add(struct gl_window *w, const struct gl_msg_publish *p) GL_MUST_USE;

/* A new connection; limit: the broker's Receive Maximum. */
void gl_window_open(struct gl_window *w, unsigned limit);

/* The next message that may go now, which then is in flight in *ret_slot; NULL when there is none. */
const struct gl_outgoing *gl_window_next(struct gl_window *w, int64_t mono, unsigned *ret_slot);

/* The message in this slot was answered. Its token, or -1 when the slot is empty. */
int64_t gl_window_done(struct gl_window *w, unsigned slot);

/* The connection is gone: empties the window and the list. True when one message has now closed it three times in a row: *ret names
 * it. One without a token is barred by its topic from here on. */
bool gl_window_lost(struct gl_window *w, int64_t mono, struct gl_culprit *ret);
