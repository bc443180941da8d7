/* What comes in by MQTT, turned into typed records. Pure: no I/O, no clock, nothing of the MQTT library. */
#pragma once
#include "model/happened.h"

enum {
    GL_INBOUND_FEED_MAX = 4 << 20,
    GL_INBOUND_MAX = 262144
}; /* bytes of a payload that are looked at: of a feed, of a command */

/* A message as it arrived. Everything is borrowed. */
struct gl_inbound_message {
    const char *topic;
    const char *payload; /* not terminated */
    size_t len;
    bool retained;
    const char *zone;        /* of times without one, in documents; NULL = none */
    int64_t expiry_s;        /* what is left of the MQTT message expiry; -1 = none was given */
    const char *response_to; /* NULL = none was given */
    const uint8_t *correlation;
    size_t correlation_len;
};

enum gl_inbound_kind {
    GL_INBOUND_DROPPED,        /* nobody is told; `note` says why */
    GL_INBOUND_FEED,           /* `record` */
    GL_INBOUND_FEED_REFUSED,   /* `refused` */
    GL_INBOUND_COMMAND,        /* `command` */
    GL_INBOUND_COMMAND_REFUSED /* `reply`, for the client; `note` for the log */
};

/* Large (a feed record is about 150 kB): heap only. */
struct gl_inbound {
    enum gl_inbound_kind kind;
    char note[GL_DETAIL]; /* for the log; "" = nothing to say */
    union {
        struct gl_feed_record record;
        struct gl_feed_refused refused;
        struct gl_command command;
        struct gl_reply reply;
    };
};

/* Looks at one message for this post. now: wall, to turn what is left of a message's expiry into a time. Always fills in *ret. */
void gl_inbound_parse(const char *post, const struct gl_inbound_message *m, int64_t now, struct gl_inbound *ret);
