/* What carries bytes between a device and its codec: one file per transport behind this interface. A carrier keeps trying for ever, with a growing
 * delay, and says why it does not stand. It never blocks (local name look-ups of a listening address aside). */
#pragma once
#include <uv.h>

#include "config/config.h"

struct gl_carrier;

/* To the device. All calls come from the loop, none from within open(). */
struct gl_carrier_events {
    void (*up)(void *user);                       /* the transport stands: connected, or listening for requests */
    void (*down)(void *user, const char *reason); /* it does not, or no longer */
    void (*begin)(void *user, const char *content_type);
    int (*bytes)(void *user, const uint8_t *bytes, size_t len); /* negative: drop this connection */
    void (*end)(void *user, bool complete);
    void (*refused)(void *user, const char *reason, const char *detail);
};

struct gl_carrier_ops {
    /* secret: "user:password" or "". Both are copied. */
    int (*open)(uv_loop_t *loop, const struct gl_address *at, const char *secret, const struct gl_carrier_events *events,
                void *user, struct gl_carrier **ret);
    int (*send)(struct gl_carrier *c, const void *bytes, size_t len); /* NULL: no way back */
    void (*drop)(struct gl_carrier *c,
                 const char *reason);    /* ends the connection that stands and tries again; NULL: nothing to drop */
    void (*close)(struct gl_carrier *c); /* no more events; frees itself from the loop */
    /* From greenlaned, again and again: whether a vehicle is in the lane (tri), "no" being good up to the monotonic time `until`. NULL: it is the same
     * to this carrier. */
    void (*presence)(struct gl_carrier *c, uint8_t present, int64_t until);
};

struct gl_carrier {
    const struct gl_carrier_ops *ops;
};

extern const struct gl_carrier_ops gl_carrier_tcp, gl_carrier_tcp_listen, gl_carrier_serial, gl_carrier_http_push,
    gl_carrier_http_pull;

const struct gl_carrier_ops *gl_carrier_of(enum gl_transport transport);

/* A delay that doubles from try to try. */
struct gl_backoff {
    int64_t next_ms;
};
enum { GL_BACKOFF_FIRST_MS = 500, GL_BACKOFF_LAST_MS = 30000, GL_CONNECT_WITHIN_MS = 10000, GL_SETTLED_MS = 5000 };
int64_t gl_backoff_next(struct gl_backoff *b); /* ms to wait now */
void gl_backoff_reset(struct gl_backoff *b);   /* it works again */
/* A connection is over that stood for so long. It worked when it had bytes and stood for GL_SETTLED_MS: a device that answers each call with one
 * message and hangs up, because it serves somebody else, is called less and less often. */
void gl_backoff_after(struct gl_backoff *b, bool had_bytes, int64_t stood_ms);

/* A non-blocking listening TCP socket on an address of this machine, or a negative errno. */
int gl_listen_tcp(const struct gl_address *at, struct gl_error *err) GL_MUST_USE;
