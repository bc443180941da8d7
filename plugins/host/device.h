/* One device and everything that its process holds. Private to plugins/host. */
#pragma once
#include <uv.h>

#include "base/log.h"
#include "config/config.h"
#include "host/carrier.h"
#include "host/health.h"
#include "host/rebroadcast.h"
#include "ipc/channel.h"
#include "module.h"

enum { GL_MAX_WATCHES = 32, GL_MAX_PENDING = 32, GL_TICK_MS = 100, GL_STATUS_MS = 1000 };

struct gl_device {
    uv_loop_t loop;
    const struct gl_config *config;
    const struct gl_lane_config *lane;
    const struct gl_device_config *dev; /* NULL: the lane's gpio lines */
    char id[GL_ID];

    const struct gl_plugin *plugin;
    struct gl_host host;
    struct gl_settings settings;
    void *ctx; /* the plugin's; valid while plugin_open */
    bool plugin_open;
    struct gl_watch *watches[GL_MAX_WATCHES];
    struct gl_timer *timers[GL_MAX_WATCHES];

    const struct gl_protocol *protocol; /* NULL: the plugin drives the hardware itself */
    struct gl_sink sink;
    void *codec; /* its state */
    bool codec_open, begun;
    struct gl_address at;
    char secret[258];
    struct gl_carrier *carrier;
    const struct gl_module *module;     /* what carries it, where the host itself does not; else NULL */
    void *ready;                        /* the module's, prepared */
    struct gl_rebroadcast *rebroadcast; /* NULL: its bytes are offered to nobody else */
    int64_t silence_ms, heard_mono;

    int evidence; /* descriptor of the store */
    struct gl_health health;
    struct gl_log_quota log_quota, offer_quota; /* clients of the rebroadcast must not use up the device's */
    int64_t quota_mono;                         /* of readings: when it was last refilled */
    int quota_left;
    bool quota_paid; /* the reading that is on its way was counted already */

    struct gl_ipc *uplink; /* NULL while greenlaned is away */
    int64_t uplink_wait_ms;
    struct gl_reading *pending; /* readings made before greenlaned was reached; GL_MAX_PENDING */
    size_t n_pending;

    uv_timer_t tick, second, reach;
    uv_signal_t term, intr;
    int exit_code;
    bool stopping;
};

/* Ends the loop; outputs are made safe on the way out, never from within a plugin's or codec's call. */
void gl_device_stop(struct gl_device *d, int exit_code, const char *why);

/* Logs within the device's quota. */
void gl_device_log(struct gl_device *d, enum gl_level level, const char *fmt, ...) GL_PRINTF(3, 4);

/* Works out the state, and says so when it changed; always = also when it did not. */
void gl_device_tell(struct gl_device *d, bool always);

/* feed.c: between carrier, codec and plugin. */
int gl_feed_open(struct gl_device *d, struct gl_error *err) GL_MUST_USE;  /* the codec */
int gl_feed_offer(struct gl_device *d, struct gl_error *err) GL_MUST_USE; /* the rebroadcast, where one is configured */
int gl_feed_start(struct gl_device *d) GL_MUST_USE;                       /* the carrier */
void gl_feed_tick(struct gl_device *d);                                   /* every GL_TICK_MS */
void gl_feed_close(struct gl_device *d);
void gl_feed_refused(struct gl_device *d, const char *reason, const char *detail);
bool gl_feed_within_quota(struct gl_device *d, struct gl_now now); /* counts one reading; false: refused, and said so */
/* Fills in the lane that a reading belongs to; false: to none, and that is counted. */
bool gl_feed_place(struct gl_device *d, struct gl_reading *r);

/* services.c: what a plugin may ask of its host. */
void gl_services_init(struct gl_device *d);
void gl_services_close(struct gl_device *d); /* what the plugin left behind */

/* uplink.c: the way to greenlaned. */
void gl_uplink_start(struct gl_device *d);
void gl_uplink_reading(struct gl_device *d, const struct gl_reading *r);
void gl_uplink_status(struct gl_device *d);
