/* What a wire protocol is: a pure codec. Bytes go in, observations and answers come out; no I/O, no clock, no globals, no printing.
 *
 * The device host (plugins/host/) runs the transport and the clock and calls the codec; a plugin lists the protocols that serve its class
 * of device. A new protocol is one folder here with one exported `struct gl_protocol`, and one line in its plugin's list.
 *
 *     transport bytes ──► bytes() ──► out->reading()   what was seen
 *     time passing    ──► timer() ──► out->send()      what the device is to be told
 *                                 ──► out->refused()   what was thrown away, by reason
 *                                 ──► out->alive()     a sign of life that is no reading
 *                                 ──► out->note()      what is odd, but no reason to distrust the device
 *                                 ──► out->fault()     the device itself says that it is unwell
 */
#pragma once
#include "model/reading.h"

enum { GL_PROTOCOL_ABI = 1 };

/* How bytes can reach a codec; a protocol names those that make sense for it. */
enum gl_transport {
    GL_TRANSPORT_TCP_CONNECT = 1 << 0, /* we connect: tcp://HOST:PORT */
    GL_TRANSPORT_TCP_LISTEN = 1 << 1,  /* the device connects: tcp-listen://ADDR:PORT */
    GL_TRANSPORT_SERIAL = 1 << 2,      /* serial:/dev/NODE */
    GL_TRANSPORT_HTTP_PUSH = 1 << 3,   /* the device POSTs to us: http-listen://ADDR:PORT/PATH; one request = begin, bytes, end */
    GL_TRANSPORT_HTTP_PULL = 1 << 4,   /* we GET an endless answer: http://HOST/PATH; one answer = begin, bytes, end */
    GL_TRANSPORT_VIDEO = 1 << 5,       /* pictures: rtsp://, http://, v4l2:, file:; carried by the module that the protocol names */
};

enum gl_setting_type { GL_SET_TEXT, GL_SET_INT, GL_SET_DURATION, GL_SET_BOOL, GL_SET_CHOICE };

/* A setting that a configuration may give for a device of this protocol. The configuration reader checks it and fills in the default. */
struct gl_setting {
    const char *name;
    enum gl_setting_type type;
    const char *preset;         /* the default, written as a user would write it; NULL = none, the value is then NULL */
    const char *const *choices; /* GL_SET_CHOICE, NULL-terminated */
    int64_t min, max;           /* GL_SET_INT and GL_SET_DURATION (ms) */
    const char *help;           /* one line: meaning and unit */
};

/* A checked setting as text; use gl_setting_*() to read it. */
struct gl_setting_value {
    char name[32];
    char text[257];
};

struct gl_settings {
    size_t n;
    const struct gl_setting_value *v;
};

const char *gl_setting_text(const struct gl_settings *s, const char *name);          /* NULL when not given and without default */
int64_t gl_setting_int(const struct gl_settings *s, const char *name, int64_t none); /* GL_SET_INT */
int64_t gl_setting_ms(const struct gl_settings *s, const char *name, int64_t none);  /* GL_SET_DURATION */
bool gl_setting_bool(const struct gl_settings *s, const char *name);

/* A picture or another file that belongs to a reading. The bytes are borrowed for the call. */
struct gl_attachment {
    const char *role;       /* "plate", "vehicle", "scene" */
    const char *media_type; /* "image/jpeg" */
    const uint8_t *bytes;
    size_t len;
};

/* Where a codec's results go. `user` belongs to whoever made the sink. Strings are borrowed for the call. */
struct gl_sink {
    void *user;
    /* A reading without id, lane and passage. Set are: kind, value, confidence, candidates, late, source_id, and time when the device gave one
     * (else 0). The receiver stores the attachments and fills in reading.evidence. */
    void (*reading)(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n_att);
    /* Input refused. reason: a short fixed word ("xml_malformed"), counted by it; detail: for the log. */
    void (*refused)(void *user, const char *reason, const char *detail);
    void (*alive)(void *user);
    /* Something lawful but odd: counted by its short fixed name ("unknown_tag"), logged when there is a detail (else NULL); no effect on health. */
    void (*note)(void *user, const char *name, const char *detail);
    void (*fault)(void *user, const char *reason, bool raised);
    int (*send)(void *user, const void *bytes, size_t len); /* NULL where the transport has no way back */
};

struct gl_protocol {
    uint32_t abi;        /* GL_PROTOCOL_ABI */
    uint32_t size;       /* sizeof(struct gl_protocol) */
    const char *name;    /* "isapi" */
    const char *title;   /* "Hikvision ISAPI: pushed events or alertStream" */
    unsigned transports; /* enum gl_transport, or-ed */
    uint16_t port;       /* default port of TCP_CONNECT and HTTP_PULL; 0 = must be given */
    const char *path;    /* default path of HTTP_PULL; NULL = must be given */
    int64_t silence_ms;  /* default silence limit: no byte for so long = connection dead, device offline; 0 = none */
    const struct gl_setting *settings;
    size_t n_settings;
    const char *module; /* GL_TRANSPORT_VIDEO: the shared object beside the plugin (plugins/module.h) that carries it; else NULL */
    size_t state_size;  /* of the codec's state: allocated zeroed by the host, handed to every call */

    /* Prepares the state. Bad settings are refused with a text that names the setting. */
    int (*open)(void *state, const struct gl_settings *settings, const struct gl_sink *sink, struct gl_error *err);
    /* A connection, request or answer starts. content_type: of the HTTP request or answer, else NULL. */
    void (*begin)(void *state, const char *content_type, struct gl_now now);
    /* The next bytes, in any split. A negative return asks the host to drop this connection (after refused() said why). */
    int (*bytes)(void *state, const uint8_t *bytes, size_t len, struct gl_now now);
    /* The connection, request or answer is over; complete = by its own framing, not by a cut. */
    void (*end)(void *state, bool complete, struct gl_now now);
    /* Called about every 100 ms while a connection stands or a request is open; may be NULL. A negative return asks the host to drop this connection,
     * after refused() or fault() said why. */
    int (*timer)(void *state, struct gl_now now);
    /* The gateway is about to close the connection: what the device wants to hear before that may be sent; may be NULL. */
    void (*farewell)(void *state, struct gl_now now);
    void (*close)(void *state); /* frees what the state holds; may be NULL */
};
