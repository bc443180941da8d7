/* A reader as it stands behind its socket: what it was told, what it sees, what it has yet to report. Its parts:
 *
 *     sim_reader.c   the connection: messages in, answers out, keepalives
 *     sim_check.c    what the standard demands of a message
 *     sim_config.c   capabilities and configuration
 *     sim_specs.c    ROSpecs, and what starts and ends them
 *     sim_access.c   AccessSpecs
 *     sim_reads.c    tags seen, reports, events
 *     sim_commands.c standard input */
#pragma once
#include "base/buf.h"
#include "base/time.h"
#include "llrp/sim_check.h"
#include "llrp/wire.h"

enum {
    GL_SIM_ANTENNAS = 32,
    GL_SIM_PORTS = 4, /* general purpose inputs, and as many outputs */
    GL_SIM_ROSPECS = 8,
    GL_SIM_SPECS = 32, /* AISpecs within a ROSpec */
    GL_SIM_ACCESSSPECS = 16,
    GL_SIM_OPS = 8,
    GL_SIM_READS = 1024, /* not reported yet */
    GL_SIM_EPC_BYTES = 64,
    GL_SIM_OUT = 8 << 20, /* bytes that a client may leave untaken */
};

/* ---- what a client orders ---------------------------------------------------------------------------------------------------------- */
struct gl_sim_report_spec {
    uint8_t trigger; /* 0 none, 1 N tags or the AISpec's end, 2 N tags or the ROSpec's end */
    uint16_t n;
    uint16_t content; /* bits of the TagReportContentSelector, the first is 0x8000 */
    uint8_t memory;   /* bits of the C1G2EPCMemorySelector: 0x80 CRC, 0x40 PC */
};

struct gl_sim_gpi { /* a general purpose input as a trigger */
    uint16_t port;  /* 0 = none */
    bool level;
    uint32_t timeout;
};

struct gl_sim_ai {      /* one AISpec */
    uint32_t antennas;  /* bit i = antenna i + 1 */
    uint8_t stop;       /* AISpecStopTriggerType */
    uint32_t ms;        /* duration, or the time-out of a tag observation */
    uint16_t tags;      /* tag observation: as many as that */
    uint16_t inventory; /* InventoryParameterSpecID */
    struct gl_sim_gpi gpi;
};

enum gl_sim_state { GL_SIM_DISABLED, GL_SIM_INACTIVE, GL_SIM_ACTIVE };

struct gl_sim_rospec {
    uint32_t id; /* 0 = this place is free */
    uint8_t priority;
    enum gl_sim_state state;
    uint8_t start, stop; /* trigger types */
    uint32_t offset, period, duration;
    struct gl_sim_gpi start_gpi, stop_gpi;
    bool own_report;
    struct gl_sim_report_spec report;
    size_t n_specs, current; /* current: which AISpec is on */
    struct gl_sim_ai specs[GL_SIM_SPECS];
    int64_t start_due, stop_due, spec_due; /* mono; 0 = not */
    uint32_t seen;                         /* tags since the AISpec began */
    struct gl_buf raw;                     /* the parameter as it came */
};

struct gl_sim_op {
    uint16_t type, id, bank, pointer, words;
};

struct gl_sim_target { /* which tags an AccessSpec means */
    uint8_t bank;
    bool match;
    uint16_t pointer, bits;
    uint8_t mask[GL_SIM_EPC_BYTES], data[GL_SIM_EPC_BYTES];
};

struct gl_sim_accessspec {
    uint32_t id; /* 0 = this place is free */
    uint16_t antenna;
    bool active;
    uint32_t rospec;
    uint16_t left; /* operations until it is deleted; 0 = for ever */
    struct gl_sim_target target;
    size_t n_ops;
    struct gl_sim_op ops[GL_SIM_OPS];
    struct gl_buf raw;
};

struct gl_sim_config {
    bool hold;
    int64_t keepalive_ms; /* 0 = none */
    int misses;           /* a client that leaves as many keepalives unanswered is dropped; 0 = never */
    uint16_t events;      /* bit = enum gl_llrp_event */
    uint8_t access_report;
    uint32_t gpi_enabled, gpo; /* bit i = port i + 1 */
    struct gl_sim_report_spec report;
};

/* ---- what it sees -------------------------------------------------------------------------------------------------------------------- */
struct gl_sim_read {
    uint8_t epc[GL_SIM_EPC_BYTES];
    uint16_t bits, antenna, count, pc;
    int8_t rssi;
    uint64_t first_us, last_us; /* by the reader's clock */
    uint32_t rospec;
    uint16_t spec, inventory;
    uint16_t content;   /* what of it is to be reported, and */
    uint8_t memory;     /* from its memory: as its ROSpec said when it was seen */
    bool merges, ready; /* merges: the same tag again adds to it */
    uint32_t access;    /* 0 = none */
    size_t n_ops;
    struct gl_sim_op ops[GL_SIM_OPS];
};

struct gl_sim {
    /* as it was started */
    int antennas, max_rospecs;
    bool uptime, can_hold, impinj, v11, trace;
    struct gl_sim_config factory;
    int64_t clock_offset_ms;
    int64_t started; /* mono */
    struct gl_now now;

    /* the connection */
    bool connected, dialled, withheld, muted, extensions, negotiated, closing;
    uint8_t version;
    int missed;
    int64_t keepalive_due;
    uint32_t next_id;
    struct gl_llrp_inbox in;
    struct gl_buf out; /* what is to be sent */

    struct gl_sim_config config;
    uint32_t config_state; /* counts changes */
    uint32_t unplugged;    /* bit i = antenna i + 1 has come off */
    uint32_t gpi;          /* bit i = input i + 1 is high */
    struct gl_sim_rospec rospecs[GL_SIM_ROSPECS];
    struct gl_sim_accessspec accessspecs[GL_SIM_ACCESSSPECS];
    bool inventoried; /* a ROSpec has been active once */

    struct gl_sim_read reads[GL_SIM_READS];
    size_t n_reads;
    bool overflowed, warned;
    uint32_t next_tag;
};

/* ---- sim_reader.c -------------------------------------------------------------------------------------------------------------------- */
void gl_sim_open(struct gl_sim *s, bool dialled); /* somebody is there, and is told */
void gl_sim_gone(struct gl_sim *s);
/* Another wants in: *out is what it is told, and the one that is there is warned. */
void gl_sim_refuse(struct gl_sim *s, struct gl_buf *out);
/* What a client sent. -EPROTO: the stream cannot be followed, drop it once `out` has been sent. */
int gl_sim_bytes(struct gl_sim *s, const uint8_t *bytes, size_t len) GL_MUST_USE;
/* Does what is due; the time of the next such thing (mono), at most a minute away. -ETIMEDOUT in *ret_drop: the client acknowledges nothing. */
int64_t gl_sim_tick(struct gl_sim *s, int *ret_drop);

size_t gl_sim_begin(struct gl_sim *s, uint16_t type, uint32_t id); /* a message, in the connection's version */
void gl_sim_end(struct gl_sim *s, size_t mark);
uint32_t gl_sim_id(struct gl_sim *s);                               /* for a message of the reader's own */
void gl_sim_status(struct gl_sim *s, const struct gl_sim_fault *f); /* LLRPStatus; NULL = success */
void gl_sim_say(const char *fmt, ...) GL_PRINTF(1, 2);              /* one line to standard output, at once */

/* ---- sim_config.c -------------------------------------------------------------------------------------------------------------------- */
void gl_sim_factory(struct gl_sim *s);
/* Handlers of requests: 0, with the answer's parameters after LLRPStatus written or yet to be written; 1 = *f says why not. */
int gl_sim_set_config(struct gl_sim *s, struct gl_cursor body, struct gl_sim_fault *f);
int gl_sim_check_config_request(struct gl_sim *s, struct gl_cursor body, struct gl_sim_fault *f);
void gl_sim_put_capabilities(struct gl_sim *s, struct gl_cursor body);
void gl_sim_put_config(struct gl_sim *s, struct gl_cursor body);
/* The AntennaConfiguration at c, inside the parameter `outer`. */
int gl_sim_check_antenna(struct gl_sim *s, struct gl_cursor c, uint16_t outer, struct gl_sim_fault *f);
struct gl_sim_report_spec gl_sim_read_report_spec(struct gl_cursor value);
uint32_t gl_sim_all_antennas(const struct gl_sim *s);

/* ---- sim_specs.c --------------------------------------------------------------------------------------------------------------------- */
int gl_sim_add_rospec(struct gl_sim *s, struct gl_cursor body, struct gl_sim_fault *f);
int gl_sim_change_rospec(struct gl_sim *s, uint16_t request, uint32_t id, struct gl_sim_fault *f);
void gl_sim_put_rospecs(struct gl_sim *s);
int gl_sim_gpi(struct gl_sim *s, int port, bool level); /* an input changed */
int64_t gl_sim_specs_tick(struct gl_sim *s);            /* when something is due next (mono), INT64_MAX = never */
struct gl_sim_rospec *gl_sim_active(struct gl_sim *s);
void gl_sim_next_spec(struct gl_sim *s, struct gl_sim_rospec *r); /* the AISpec is over */

/* ---- sim_access.c -------------------------------------------------------------------------------------------------------------------- */
int gl_sim_add_accessspec(struct gl_sim *s, struct gl_cursor body, struct gl_sim_fault *f);
int gl_sim_change_accessspec(struct gl_sim *s, uint16_t request, uint32_t id, struct gl_sim_fault *f);
void gl_sim_put_accessspecs(struct gl_sim *s);
void gl_sim_access(struct gl_sim *s,
                   struct gl_sim_read *r); /* fills in what the first AccessSpec that means this tag does with it */
void gl_sim_put_access(struct gl_sim *s, const struct gl_sim_read *r);

/* ---- sim_reads.c --------------------------------------------------------------------------------------------------------------------- */
/* A tag before an antenna: epc, bits, antenna, count, pc and rssi are given, age_ms ago. 0: seen; 1: not, and
 * *ret_why (a fixed text) says why. */
int gl_sim_see(struct gl_sim *s, struct gl_sim_read *r, int64_t age_ms, const char **ret_why);
void gl_sim_spec_over(struct gl_sim *s, const struct gl_sim_rospec *r, bool rospec_too); /* reports that wait for this end */
void gl_sim_report(struct gl_sim *s);     /* sends what is ready, if anything may be sent */
void gl_sim_report_all(struct gl_sim *s); /* GET_REPORT */
void gl_sim_empty_report(struct gl_sim *s);
void gl_sim_release(struct gl_sim *s); /* ENABLE_EVENTS_AND_REPORTS */
void gl_sim_forget(struct gl_sim *s, uint32_t rospec);
uint64_t gl_sim_clock_us(const struct gl_sim *s, int64_t age_ms);

/* A READER_EVENT_NOTIFICATION: begin, put the event, end. False: such events are not to be sent now. */
bool gl_sim_event_wanted(const struct gl_sim *s, enum gl_llrp_event which);
void gl_sim_event_begin(struct gl_sim *s, uint16_t event, size_t marks[3]);
void gl_sim_event_end(struct gl_sim *s, const size_t marks[3]);
void gl_sim_attempt(struct gl_sim *s, enum gl_llrp_attempt status); /* ConnectionAttemptEvent */

/* ---- sim_commands.c ------------------------------------------------------------------------------------------------------------------ */
enum gl_sim_wish { GL_SIM_GO_ON, GL_SIM_CLOSE, GL_SIM_DROP, GL_SIM_SLEEP, GL_SIM_SPLIT, GL_SIM_MERGE, GL_SIM_QUIT };

/* What a command wants of the socket and the loop. */
struct gl_sim_order {
    enum gl_sim_wish wish;
    int64_t ms; /* GL_SIM_SLEEP */
    bool on;    /* GL_SIM_SPLIT, GL_SIM_MERGE */
};

/* Runs one line and prints what came of it. False: it has to wait for a client, or for its first inventory. */
bool gl_sim_command(struct gl_sim *s, const char *line, struct gl_sim_order *ret) GL_MUST_USE;
extern const char gl_sim_commands_help[];
