/* The messages between Greenlane's processes, declared once: type, direction, exact content. Each is one SOCK_SEQPACKET datagram:
 *
 *     u16 type | u16 zero | u32 length of the rest | fields of the type's table, packed (model/fields.h)
 *
 * Towards the loader several feed records may share a datagram, one after the other, each with its header; else a datagram is one message.
 *
 * A datagram that is short, long, of an unknown or unexpected type, or whose fields do not unpack ends that peer. */
#pragma once
#include "model/happened.h"
#include "model/loading.h"
#include "plugin.h"

enum { GL_IPC_VERSION = 1, GL_IPC_MAX = 131072, GL_TOPIC = 257, GL_PAYLOAD = 65536 };

enum gl_message_type {
    GL_MSG_NONE,
    /* any peer -> greenlaned, first */
    GL_MSG_HELLO,
    /* greenlane-device -> greenlaned */
    GL_MSG_READING,
    GL_MSG_DEVICE_STATUS,
    /* greenlaned -> greenlane-device (gpio) */
    GL_MSG_OUTPUT,
    /* greenlaned -> greenlane-link */
    GL_MSG_PUBLISH,
    GL_MSG_WELCOME,
    /* greenlane-link -> greenlaned */
    GL_MSG_PUBLISHED,
    GL_MSG_LINK_STATE,
    GL_MSG_FEED,
    GL_MSG_FEED_REFUSED,
    GL_MSG_COMMAND,
    /* greenlane (CLI) -> greenlaned */
    GL_MSG_IMPORT,
    GL_MSG_QUERY,
    /* greenlaned -> greenlane (CLI) */
    GL_MSG_TEXT,
    GL_MSG_DONE,
    /* greenlaned -> greenlane-loader, with FEED between them */
    GL_MSG_LOAD,
    /* greenlane-loader -> greenlaned, with FEED_REFUSED */
    GL_MSG_LOADED,
    /* greenlaned -> greenlane-device, where its configuration asks for it (gl_config_by_loop()) */
    GL_MSG_PRESENCE,
    GL_MSG_TYPES
};

struct gl_msg_hello {
    int64_t version;    /* GL_IPC_VERSION */
    char device[GL_ID]; /* greenlane-device: which; else "" */
    char program[33];
    int64_t pid;
};

struct gl_msg_output {
    char lane[GL_ID];
    uint8_t signal; /* enum gl_signal */
    int64_t
        lease_until; /* release: monotonic, as gl_now_read() tells it to every process of this machine; a message read late has no more of it */
    int64_t silence_ms;
};

struct gl_msg_presence {
    char lane[GL_ID];
    uint8_t present; /* tri: a vehicle is in the lane; null = nobody knows */
    int64_t until;   /* "no" is believed up to here: monotonic, as gl_now_read() tells it to every process of this machine */
};

struct gl_msg_welcome { /* greenlaned -> link, after its hello: what the last will needs */
    char post[GL_ID];
    char boot[GL_UUID];
    char will[2048]; /* payload of the last will on state/gateway */
};

struct gl_msg_publish {
    int64_t token;        /* comes back in PUBLISHED; 0 for states, which are not acknowledged */
    char topic[GL_TOPIC]; /* complete */
    uint8_t retain;       /* tri */
    int64_t expiry_s;     /* MQTT message expiry; 0 = none */
    GL_BYTES(64) correlation;
    char payload[GL_PAYLOAD];
};

struct gl_msg_published {
    int64_t token;
    uint8_t refused; /* tri: the broker refused it, or it cannot be sent; it must be set aside */
    char reason[GL_DETAIL];
};

struct gl_msg_link_state {
    uint8_t connected; /* tri */
    char reason[GL_DETAIL];
};

struct gl_msg_query {
    char what[17]; /* "passages", "explain", "watch", "status", "verify", "feed", "dump", "as-feed" */
    char arg[65];
    int64_t limit;
};

struct gl_msg_text { /* one line of an answer: a JSON object */
    char text[GL_PAYLOAD];
};

struct gl_msg_done {
    int64_t status; /* 0 = done; else a negative errno */
    char text[GL_DETAIL];
};

/* What a type carries. READING, FEED and IMPORT have their own pack functions (fields NULL). */
struct gl_message {
    const char *name;
    const struct gl_fields *fields;
    size_t size;                                 /* of the struct */
    int (*unpack)(struct gl_cursor *c, void *s); /* when fields is NULL */
    void (*pack)(const void *s, struct gl_buf *out);
};
extern const struct gl_message gl_messages[GL_MSG_TYPES];

/* A whole datagram, header included, appended to out. -EMSGSIZE when it would exceed GL_IPC_MAX or what out may hold, or a text is longer than its
 * field: out is then not to be used. */
int gl_message_pack(enum gl_message_type type, const void *msg, struct gl_buf *out) GL_MUST_USE;

/* A whole datagram into msg (room for the largest struct among the types accepted). accepts: bit per type. -EBADMSG: malformed; -ENOMSG: no
 * such type; -EPERM: not a type that is accepted here. Pure. */
int gl_message_unpack(const void *bytes, size_t len, uint64_t accepts, enum gl_message_type *ret_type, void *msg) GL_MUST_USE;
/* Length of the first message when a datagram is feed records alone, each whole; else len, so that gl_message_unpack() judges all of it. Pure. */
size_t gl_message_first(const void *bytes, size_t len);
size_t gl_message_largest(uint64_t accepts); /* bytes of the largest struct among them */
