/* greenlaned's parts. One loop, one thread; every turn ends with one commit, and only what is durable leaves the process. */
#pragma once
#include <uv.h>

#include "base/log.h"
#include "engine/engine.h"
#include "ipc/channel.h"
#include "share/share.h"
#include "store/evidence_folders.h"

enum {
    GL_SOCKETS = 4, /* devices, link, control, loader */
    GL_TICK_MS = 100,
    GL_OUTPUT_EVERY_MS = 500, /* outputs are told again and again: silence makes them safe */
    GL_OUTPUT_SILENCE_MS = 2000,
    GL_MAX_STATES = 4 + GL_MAX_LANES * (GL_MAX_DEVICES +
                                        3), /* gateway, feed, contingency, uses; signal and mode of a lane, its devices and gpio */
    GL_MAX_CONTROLS = 8,
    GL_MAX_STRANGERS = 256, /* more than there can be devices */
    GL_HELLO_WITHIN_MS = 5000,
    GL_DONE_HELD = 64,                     /* as many as a channel reads in one turn */
    GL_IN_FLIGHT = 64,                     /* per stream, towards the link */
    GL_MAX_STREAMS = 4 * GL_MAX_LANES + 3, /* each lane has two, and those that were renamed keep theirs */
    GL_MAX_REPLAYS = 8
};

struct daemon;

struct device_peer { /* one configured device process; those with gpio lines have one more, LANE.gpio */
    char id[GL_ID];
    const struct gl_lane_config *lane;
    bool gpio;
    bool by_loop;      /* is told whether a vehicle is in its lane */
    struct gl_ipc *ch; /* NULL = not connected */
    int64_t heard_mono, published_mono;
    struct gl_device_status status;
};

struct outbox_stream {
    char name[GL_ID + 8];
    int64_t last; /* newest durable number */
    int64_t next; /* everything up to here was handed to the link */
    struct gl_cursor_pos cursor;
    bool cursor_moved;
    int64_t refused_mono; /* an alarm told of refused messages last; 0 = never */
    uint32_t n_refused;   /* since then, untold */
    uint16_t n_flight;    /* handed over, not yet acknowledged, in order */
    struct {
        int64_t seq;
        bool done;
    } flight[GL_IN_FLIGHT];
};

/* A connection before its hello: it belongs to nobody yet. */
struct stranger {
    struct gl_ipc *ch; /* NULL = free */
    int kind;          /* of its socket */
    int64_t since_mono;
};

struct replay {           /* a range that somebody asked for again */
    char topic[GL_TOPIC]; /* where to; "" = free */
    int stream;
    int64_t next, to; /* everything up to next was handed to the link */
    uint16_t n_flight;
};

/* Events that become files in a folder (share.customs.outgoing): one at a time, written beside the loop, for a disk may be slow. */
struct outgoing {
    struct daemon *d;
    uv_work_t work;
    bool writing; /* work is under way: folder, name and bytes stand still, and rc is the worker's */
    bool hurt;    /* the last attempt failed, and an alarm says so */
    int64_t last; /* newest durable number */
    int64_t seq;  /* being written */
    int64_t retry_mono, wait_ms;
    struct gl_cursor_pos cursor;
    char alarm[GL_UUID];
    char folder[GL_PATH], name[GL_SHARE_FILE];
    struct gl_buf bytes;
    int rc;
};

struct control_peer {
    struct daemon *d;
    struct gl_ipc *ch;
    bool used, watching, as_feed; /* as_feed: what it imports is a recorded feed */
    char who[33];                 /* the user, by name; else "uid N" */
    uint16_t n_done;              /* answers that wait for the commit */
    struct gl_msg_done done[GL_DONE_HELD];
    bool verifying;
    int64_t verify_at;
    struct gl_verified verified;
    enum { GL_KEEPING_NOTHING, GL_KEEPING_PURGE, GL_KEEPING_CHECK, GL_KEEPING_COPY } keeping; /* what else it waits for */
    struct gl_forgotten before;                                                               /* PURGE: how much was gone by then */
    struct gl_due_query due; /* CHECK: how far what is due was looked through */
    int64_t remains, told;
    uint8_t lodged;                 /* CHECK: the collection that is looked through; 0 = not yet */
    int64_t lodged_at, old, due_by; /* how far, what is old in all of them, and by when it had to be */
};

/* What goes in time, and what watches over that. retention.c */
struct retention {
    char evidence[GL_PATH + 16]; /* the folder */
    int64_t written;             /* wall: the newest record of the start before */
    struct gl_now trusted;       /* the clock as it was believed; 0 = not yet */
    bool clock_held;             /* it is off by more than time explains: a person has to say that it is right */
    int64_t stepped_mono, evidence_mono, disk_mono;
    bool idle;      /* nothing is left to do until the next look */
    bool announced; /* these folders may go: */
    uint16_t n_going, n_gone;
    char going[GL_PURGE_EVIDENCE][GL_EVIDENCE_FOLDER];
    int64_t folders; /* of evidence, gone since the start */
    int disk_level;
};

struct retained {
    char topic[GL_ID * 2 + 40];
    char *payload;
};

struct daemon {
    uv_loop_t loop;
    const struct gl_config *config;
    struct gl_engine *engine;
    char boot[GL_UUID];
    uint8_t key[32];
    uv_poll_t listen[GL_SOCKETS];
    int listen_fd[GL_SOCKETS];
    uv_timer_t tick, goodbye;
    uv_prepare_t before;
    uv_check_t after;
    uv_signal_t on_term, on_int;
    struct gl_now now; /* read once per turn */
    bool stopping;
    int status; /* exit status */
    uint16_t n_devices;
    struct device_peer devices[GL_MAX_LANES * (GL_MAX_DEVICES + 1)];
    struct gl_signal_state shown[GL_MAX_LANES];
    int64_t lease_mono[GL_MAX_LANES], told_mono[GL_MAX_LANES];
    struct {
        uint8_t entry; /* tri: how the lane's entry stands, by the process that is there now; null = it has not said */
        uint8_t told;  /* tri: what those were told last that work by the loop */
        int64_t told_mono;
    } loops[GL_MAX_LANES];
    struct gl_ipc *link;
    bool broker; /* the link has the broker */
    struct gl_ipc *loader;
    bool sources_held; /* the loader does not keep up */
    uint16_t n_streams;
    struct outbox_stream streams[GL_MAX_STREAMS];
    struct replay replays[GL_MAX_REPLAYS];
    struct outgoing outgoing;
    int64_t cursors_mono;
    uint16_t n_states;
    struct retained states[GL_MAX_STATES];
    struct control_peer controls[GL_MAX_CONTROLS];
    struct stranger strangers[GL_MAX_STRANGERS];
    struct gl_log_quota strangers_told[GL_SOCKETS];
    struct gl_buf watched; /* lines for watchers, until the commit */
    int64_t clock_mono;    /* last look at the clock's state */
    struct gl_now clock_last;
    int64_t doubt_until;
    bool clock_good; /* synchronised, or it need not be, and not in doubt */
    struct retention retention;
    struct gl_journal_copy *copy;  /* a backup is being made, */
    struct control_peer *copy_for; /* for this one */
    struct gl_msg_publish publish; /* scratch: large */
    struct gl_msg_text text;
};

/* peers.c: sockets, hello, who is who */
int gl_peers_open(struct daemon *d, struct gl_error *err) GL_MUST_USE;
void gl_peers_tick(struct daemon *d); /* ends connections that do not say who they are */
void gl_peers_close(struct daemon *d);

/* devices.c */
void gl_devices_init(struct daemon *d);
void gl_devices_connected(struct daemon *d, struct gl_ipc *ch, const struct gl_msg_hello *hello);
void gl_devices_message(struct daemon *d, struct device_peer *p, enum gl_message_type type, const void *msg);
void gl_devices_gone(struct daemon *d, struct device_peer *p, const char *reason);
void gl_devices_tick(struct daemon *d);
void gl_devices_show(struct daemon *d, const struct gl_signal_state *s);
void gl_devices_all_fault(struct daemon *d); /* at once, without the core: a commit failed, or we are leaving */

/* loops.c: who works by the loop is told whether a vehicle is there */
void gl_loops_connected(struct daemon *d, const struct device_peer *p); /* it has just said hello */
void gl_loops_reading(struct daemon *d, const struct device_peer *p, const struct gl_reading *r);
void gl_loops_tick(struct daemon *d);

/* outbox.c */
int gl_outbox_open(struct daemon *d, struct gl_error *err) GL_MUST_USE;
void gl_outbox_stream(struct daemon *d, const char *stream); /* has new durable records */
void gl_outbox_state(struct daemon *d, const char *topic, const char *payload);
void gl_outbox_request(struct daemon *d, const char *topic, const char *payload);
void gl_outbox_reply(struct daemon *d, const struct gl_reply *r, const char *payload);
void gl_outbox_command(struct daemon *d, const struct gl_command *cmd);
void gl_outbox_link_message(struct daemon *d, enum gl_message_type type, const void *msg);
void gl_outbox_link_up(struct daemon *d, struct gl_ipc *ch);
void gl_outbox_link_down(struct daemon *d);
void gl_outbox_pump(struct daemon *d); /* after a commit only */
void gl_outbox_save_cursors(struct daemon *d);
void gl_outbox_gateway_state(struct daemon *d, const char *state, struct gl_buf *payload);
void gl_outbox_free(struct daemon *d);

/* loader.c: what is built aside */
void gl_loader_up(struct daemon *d, struct gl_ipc *ch);
void gl_loader_down(struct daemon *d);
void gl_loader_message(struct daemon *d, enum gl_message_type type, const void *msg);
int gl_loader_order(void *user, const struct gl_load_order *o);
int gl_loader_record(void *user, const struct gl_feed_record *r);
void gl_loader_pace(struct daemon *d); /* at the end of each turn */

/* outgoing.c */
void gl_outgoing_open(struct daemon *d);
void gl_outgoing_stream(struct daemon *d, const char *stream); /* has new durable records */
void gl_outgoing_pump(struct daemon *d);                       /* after a commit only */
void gl_outgoing_free(struct daemon *d);                       /* when the loop has ended */

/* control.c: what `greenlane` asks for */
void gl_control_message(struct daemon *d, struct control_peer *p, enum gl_message_type type, const void *msg);
void gl_control_event(struct daemon *d, const char *topic, const char *payload);
void gl_control_flush(struct daemon *d);
void gl_control_tick(struct daemon *d);

/* retention.c */
void gl_retention_open(struct daemon *d);
void gl_retention_tick(struct daemon *d);
void gl_retention_now(struct daemon *d);                /* an operator asks for it, and says with that that the clock is right */
const char *gl_retention_waits(const struct daemon *d); /* why nothing may go at present; NULL = it may */

/* keeping.c: the operator's questions about it */
void gl_keeping_purge(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q);
void gl_keeping_backup(struct daemon *d, struct control_peer *p, const struct gl_msg_query *q);
void gl_keeping_tick(struct daemon *d);
void gl_keeping_gone(struct daemon *d, const struct control_peer *p); /* who asked has left */

/* control.c, for keeping.c */
void gl_control_done(struct control_peer *p, int status, const char *text);
int gl_control_line(void *user, const char *json); /* user: the peer */
