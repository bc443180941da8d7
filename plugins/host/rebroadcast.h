/* The device's bytes once more, for others who must hear them: a portal serves one client, and that client is the gateway. Every byte goes out as it
 * came in, to each client from the moment it connected; what clients send is thrown away. Who connects while the device is away, or is there when it
 * goes, is disconnected, so that nobody takes the halves of two streams for one. A client that does not keep up is dropped: nobody else waits for it,
 * and these bytes carry no times, so late ones would mislead. */
#pragma once
#include <uv.h>

#include "base/base.h"

enum {
    GL_REBROADCAST_CLIENTS = 8,
    GL_REBROADCAST_QUEUE = 1024 * 1024, /* bytes kept for one client */
    GL_REBROADCAST_STALL_MS = 10000     /* a client that takes nothing for so long is dropped when the next bytes come */
};

struct gl_rebroadcast;

struct gl_rebroadcast_events {
    void (*listening)(void *user, const char *problem); /* "" = it listens; else why not: it keeps trying */
    /* Somebody came, was dropped, or was turned away: "rebroadcast.clients", "rebroadcast.dropped", "rebroadcast.refused"; and a line for the log. */
    void (*happened)(void *user, const char *counter, const char *text);
};

/* at: ADDRESS:PORT. The first attempt to listen is made at once; that it failed is told by listening(), not by the return value. Events are copied. */
int gl_rebroadcast_open(uv_loop_t *loop, const char *at, const struct gl_rebroadcast_events *events, void *user,
                        struct gl_rebroadcast **ret, struct gl_error *err) GL_MUST_USE;

/* The device's stream begins, or has ended. All of these take NULL, where nothing is broadcast. */
void gl_rebroadcast_upstream(struct gl_rebroadcast *r, bool stands);
void gl_rebroadcast_bytes(struct gl_rebroadcast *r, const void *bytes, size_t len);
void gl_rebroadcast_close(struct gl_rebroadcast *r); /* no more events; frees itself from the loop */
