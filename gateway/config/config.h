/* The configuration of one post, read from YAML and checked completely before anything starts. Immutable afterwards.
 * docs/configuration.md explains every key; every error names file, line, column, what is wrong and what would be right. */
#pragma once
#include "model/happened.h"
#include "plugin.h"

enum {
    GL_MAX_LANES = 16,
    GL_MAX_DEVICES = 12,
    GL_MAX_LINES = 16,
    GL_MAX_PROFILES = 8,
    GL_MAX_SETTINGS = 32,
    GL_MAX_CLIENTS = 32,
    GL_MAX_SHARE_CAMERAS = 64,
    GL_PATH = 257
};

/* What a decision may need before it can be a release. */
enum gl_need {
    GL_NEED_PLATE = 1,
    GL_NEED_TRAILER = 2,
    GL_NEED_DECLARATION = 4,
    GL_NEED_CODE = 8,
    GL_NEED_CONTAINER = 16,
    GL_NEED_TAG = 32,
    GL_NEED_RADIATION = 64
};
extern const char
    *const gl_needs[]; /* "plate", "trailer", "declaration", "code", "container", "tag", "radiation", NULL; bit i = 1 << i */

enum gl_policy { GL_POLICY_NONE, GL_POLICY_DECLARED, GL_POLICY_DESK, GL_POLICY_PHYSICAL };
extern const char *const gl_policies[];

struct gl_profile {
    char id[GL_ID];
    uint8_t mode;                         /* enum gl_mode that lanes start in */
    uint8_t policy[GL_CLASS_UNKNOWN + 1]; /* by enum gl_class; a class not named gets the policy of truck's */
    unsigned require;                     /* enum gl_need, or-ed */
    int64_t decide_within_ms;             /* from the first reading */
    int64_t release_hold_ms;              /* the lease of a release */
    int64_t abandon_after_ms;             /* a passage without any new reading for so long is closed as unknown */
    int64_t tailgate_within_ms;           /* exit edges closer than this after a confirmed exit are a tailgater's */
    int64_t stuck_after_ms;               /* a loop that is occupied for so long raises an alarm; 0 = never */
    double min_confidence;                /* below: LOW_CONFIDENCE */
    double random_rate, random_aeo_rate;  /* 0..1; the second for trusted traders */
    int64_t aged_random;                  /* random controls are so many times as many while the feed is aged */
    int64_t lead_ms, lead_aeo_ms;         /* so long before it comes it is to be lodged; 0 = not asked for */
    uint8_t on_device_fault;              /* GL_SIGNAL_INSPECT (each vehicle) or GL_SIGNAL_FAULT (the lane shows fault) */
    uint8_t feed_down;                    /* the same, while nothing can be known of what was lodged */
};

struct gl_device_config {
    char id[GL_ID]; /* "in-1.front": lane, dot, name */
    char name[GL_ID];
    char plugin[17], protocol[17];
    char at[GL_PATH];          /* as written; gl_address_parse() */
    char secret[GL_PATH];      /* file that holds "user:password"; "" = none */
    char rebroadcast[GL_PATH]; /* ADDRESS:PORT on which the device's bytes are offered to others; "" = not */
    uint8_t role;              /* anpr: enum gl_role */
    /* trailer camera: how long after the vehicle's plate its reading may come; radiation: how long after the passage's opening the vehicle breaks the
     * portal's beam */
    int64_t after_min_ms, after_max_ms;
    bool before_entry; /* radiation: it stands before the entry loop, in driving order */
    uint32_t antennas; /* rfid: bit i = antenna i + 1 serves this lane; 0 = every antenna that no other lane has */
    bool
        shared; /* another lane's device that serves this lane too (`shares: LANE.NAME`): id, plugin and protocol are its owner's, and so is the process */
    int64_t silence_ms; /* -1 = the protocol's own */
    bool required;      /* default true: offline or degraded means SENSOR_FAULT */
    size_t n_settings;
    struct gl_setting_value
        settings[GL_MAX_SETTINGS]; /* the protocol's and plugin's keys; defaults filled in when plugins were checked */
};

struct gl_lane_config {
    char id[GL_ID];
    uint16_t profile;  /* index */
    uint8_t direction; /* enum gl_direction */
    uint16_t n_devices;
    struct gl_device_config devices[GL_MAX_DEVICES]; /* in driving order, without gpio */
    uint16_t n_lines;
    struct gl_line lines[GL_MAX_LINES]; /* all gpio of the lane: one process, device id "LANE.gpio" */
    bool has_entry, has_exit;           /* loops configured */
};

struct gl_client_config { /* who may send which commands */
    char id[GL_ID];       /* as in the topic command/{client}/... */
    char role[17];        /* "officer", "authority", "radiation", "system" */
    unsigned commands;    /* 1 << enum gl_command_name */
};

/* How a receiver outside calls one of ours. */
struct gl_share_alias {
    char ours[GL_ID]; /* a lane, or a device LANE.NAME */
    char theirs[37];
};

/* Gate events for systems outside, in their own formats: share.customs. "" = that one is off. */
struct gl_share_config {
    char outgoing[GL_PATH]; /* folder that each event is written to as a file */
    struct {
        char site[16]; /* codigoRecinto */
        uint16_t n_gates, n_cameras;
        struct gl_share_alias gates[GL_MAX_LANES], cameras[GL_MAX_SHARE_CAMERAS];
    } recintos;
    struct {
        char office[9]; /* of destination: this post's */
        char trader[18], sender[36], recipient[36];
        char authorisation_type[5], authorisation[36];            /* "" = no simplified procedure */
        char location_type[2];                                    /* "A".."D" */
        char at_office[9], at_unlocode[18], at_authorisation[36]; /* one of them */
    } cc007c;
};

struct gl_config {
    char post[GL_ID];
    char timezone[48];
    struct {
        char url[GL_PATH]; /* mqtt://host:port or mqtts://host:port; "" = no broker configured */
        char client_id[65], username[65], password_file[GL_PATH];
        char ca_file[GL_PATH], cert_file[GL_PATH], key_file[GL_PATH];
        int64_t keepalive_s;
    } mqtt;
    struct {
        char state[GL_PATH]; /* cache/, journal.db, evidence/, random.key */
        char run[GL_PATH];   /* sockets */
        char plugins[GL_PATH];
    } paths;
    struct {
        bool from_import;     /* source: import (files) instead of mqtt */
        unsigned collections; /* 1 << enum gl_collection: those a release leans on */
        int64_t live_ms;      /* heartbeat younger than this: LIVE */
        int64_t soft_ms;      /* older: AGED -> STALE at hard_ms */
        int64_t hard_ms;
        int64_t down_ms;             /* older: DOWN */
        int64_t replay_wait_ms;      /* a hole that lasts so long is asked for */
        int64_t snapshot_silence_ms; /* a snapshot that stops for so long is given up */
    } feed;
    struct {
        int64_t passages_ms, records_ms, evidence_ms; /* how long they are kept; records: those without a passage */
        int64_t used_ms;                              /* uses, after the end of what was used */
        int64_t hard_ms;                              /* from its writing: what no destination takes goes all the same */
    } retention;
    bool clock_require_sync;
    int64_t device_silence_ms;     /* a device process that says nothing for so long is dead */
    char random_key_file[GL_PATH]; /* "" = state/random.key, made at first start */
    uint16_t n_profiles;
    struct gl_profile profiles[GL_MAX_PROFILES];
    uint16_t n_lanes;
    struct gl_lane_config lanes[GL_MAX_LANES];
    uint16_t n_clients;
    struct gl_client_config clients[GL_MAX_CLIENTS];
    struct gl_share_config share;
    char file[GL_PATH];
    char hash[65]; /* SHA-256 of the file */
};

/* A place in a configuration file and what is wrong there; line and column from 1, 0 = the whole file. */
struct gl_config_error {
    char file[GL_PATH];
    int line, column;
    char text[320];
};

/* Reads and checks a file. check_plugins loads the plugins named (from paths.plugins) to check and complete the devices' settings: for
 * `greenlane check`, `greenlane run` and greenlane-device. greenlaned does without: it must not load code that parses foreign bytes.
 * Errors are all collected, at most max of them. Returns 0 and the configuration (gl_config_free), or the number of errors. */
int gl_config_load(const char *file, bool check_plugins, struct gl_config **ret, struct gl_config_error *errors,
                   int max) GL_MUST_USE;
void gl_config_free(struct gl_config *c);

const struct gl_lane_config *gl_config_lane(const struct gl_config *c, const char *id); /* NULL when unknown */
const struct gl_client_config *gl_config_client(const struct gl_config *c, const char *id);
/* By full id "LANE.NAME"; also gives the lane that owns it. NULL when unknown. */
const struct gl_device_config *gl_config_device(const struct gl_config *c, const char *id, const struct gl_lane_config **ret_lane);

/* It works by the loop (`trigger: loop`): it has to be told whether a vehicle is in its lane. */
bool gl_config_by_loop(const struct gl_device_config *d);

/* The lane that a reading of a device belongs to: the antenna's (0 = none) where lanes share a reader, else the device's own. NULL: an antenna
 * that is no lane's. Also used to refuse a reading that a device sends in the name of a lane which it does not serve. */
const struct gl_lane_config *gl_config_lane_of(const struct gl_config *c, const char *device, int64_t antenna);

/* Where a device is. "10.0.1.20:1600", "tcp://h:p", "tcp-listen://a:p", "serial:/dev/x", "/dev/x", "http://h[:p][/path]", "http-listen://a:p/path?from=ADDR",
 * for video "rtsp://h[:p][/path]", "http://h[:p]/path", "v4l2:/dev/video0", "file:PATH", or a bare host when the protocol has a default port. */
struct gl_address {
    enum gl_transport transport;
    char host[129];
    uint16_t port;
    char path[GL_PATH]; /* device node, file, or HTTP path */
    char from[129];     /* http-listen: the only peer address that is believed; "" = any */
    int64_t baud;       /* serial; 0 = 9600 */
    char scheme[8];     /* video: "rtsp", "http", "v4l2", "file" */
};
int gl_address_parse(const char *at, const struct gl_protocol *p, struct gl_address *ret, struct gl_error *err) GL_MUST_USE;

/* Where this machine is to listen: "ADDRESS:PORT", an IP address of its own or 0.0.0.0 for all. */
int gl_address_parse_listen(const char *at, struct gl_address *ret, struct gl_error *err) GL_MUST_USE;

/* Where plugins lie when the configuration does not say: beside the running program (../lib/greenlane), else the system's folder. */
void gl_plugin_dir(char *out, size_t size);

/* A loaded plugin; stays loaded until the process ends. */
int gl_plugin_load(const char *dir, const char *name, const struct gl_plugin **ret, struct gl_error *err) GL_MUST_USE;
const struct gl_protocol *gl_plugin_protocol(const struct gl_plugin *p, const char *name); /* "" = the default; NULL when unknown */
