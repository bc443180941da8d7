/* The plugin ABI: a plugin is a shared object that serves one class of device and exports one symbol, `gl_plugin`.
 *
 * A stream plugin (camera, code reader, antenna, portal) only lists its protocols and, where its class needs it, shapes readings on their way
 * (duplicates, roles). A plugin that drives hardware itself (gpio) has its own start() and uses the host's loop services.
 * No globals: everything hangs on the context pointer that open() returns. */
#pragma once
#include "protocol.h"

enum { GL_PLUGIN_ABI = 1 };

/* What the lane shows, as told to outputs. */
enum gl_signal { GL_SIGNAL_NONE, GL_SIGNAL_STOP, GL_SIGNAL_RELEASE, GL_SIGNAL_INSPECT, GL_SIGNAL_FAULT };
extern const char *const gl_signals[];

struct gl_output {
    uint8_t signal;     /* enum gl_signal */
    int64_t lease_ms;   /* release only: how long it may stand from now on */
    int64_t silence_ms; /* without another gl_output for so long: fall to the safe state */
};

struct gl_watch; /* a watched file descriptor, owned by the host */
struct gl_timer; /* a repeating timer, owned by the host */

/* What the host does for a plugin. The host outlives the plugin's context. */
struct gl_host {
    uint32_t abi, size;
    void *user;
    const char *device;                 /* the id of this device */
    const struct gl_settings *settings; /* checked, defaults filled in */
    const struct gl_line *lines;        /* gpio: the lines of this device; else NULL */
    size_t n_lines;
    struct gl_now (*now)(void *user);
    void (*reading)(void *user, struct gl_reading *r);    /* to the core; device and lane filled in by the host when "" */
    void (*health)(void *user, const char *reason);       /* "" = well; else degraded, with this reason */
    void (*count)(void *user, const char *counter);       /* adds one to a named counter of state/device */
    void (*log)(void *user, int level, const char *text); /* rate-limited by the host */
    struct gl_watch *(*watch)(void *user, int fd, void (*ready)(void *ctx, int fd), void *ctx); /* readable; NULL on failure */
    void (*unwatch)(void *user, struct gl_watch *w);
    struct gl_timer *(*every)(void *user, int64_t ms, void (*tick)(void *ctx), void *ctx);
    void (*stop_timer)(void *user, struct gl_timer *t);
};

/* A gpio line of a lane, from the configuration. */
enum gl_line_use {
    GL_LINE_INPUT, /* a zone's sensor: loop, limit switch, emergency stop */
    GL_LINE_RED,
    GL_LINE_AMBER,
    GL_LINE_GREEN,
    GL_LINE_BARRIER,
    GL_LINE_HEARTBEAT
};
struct gl_line {
    enum gl_line_use use;
    enum gl_zone zone;  /* GL_LINE_INPUT */
    char device[GL_ID]; /* GL_LINE_INPUT: the configured device id, put into the reading */
    char chip[108];     /* "gpiochip0" or "/dev/gpiochip0"; "sim:/path/of/socket" for the simulated chip */
    unsigned offset;
    bool active_low;
    int64_t debounce_ms;
};

struct gl_plugin {
    uint32_t abi;                               /* GL_PLUGIN_ABI */
    uint32_t size;                              /* sizeof(struct gl_plugin) */
    const char *name;                           /* "anpr" */
    const struct gl_protocol *const *protocols; /* NULL-terminated; the first is the default; empty for gpio */
    const struct gl_setting *settings;          /* of the class, beside the protocol's own */
    size_t n_settings;
    int (*open)(const struct gl_host *host, void **ret_ctx, struct gl_error *err);
    /* A reading on its way from the codec: forward it with host->reading(), change it, hold it, or drop it. NULL = forward as it is. */
    void (*shape)(void *ctx, struct gl_reading *r);
    /* What the lane now shows, from greenlaned; NULL for plugins without outputs. */
    void (*output)(void *ctx, const struct gl_output *o);
    void (*close)(void *ctx); /* outputs safe, everything freed */
};

/* The one exported symbol of a plugin. */
__attribute__((visibility("default"))) extern const struct gl_plugin gl_plugin;
