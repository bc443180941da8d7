/* The LLRP client: what its files share. codec.c frames and gives the settings, session.c drives the dialogue, compose.c writes what is asked
 * of the reader, capabilities.c reads what it can do, report.c and events.c read what it tells. */
#pragma once
#include "llrp/wire.h"
#include "protocol.h"

extern const struct gl_protocol gl_protocol_llrp;

enum { GL_LLRP_ANTENNAS_MAX = 32, GL_LLRP_POWER_MAX = 40, GL_LLRP_NO_POWER = INT16_MIN, GL_LLRP_TID_WORDS = 16 };

struct gl_llrp_policy { /* the settings */
    int64_t late_after_ms, keepalive_ms, timeout_ms;
    uint8_t session;    /* of Gen2: 0..3 */
    int power_dbm;      /* GL_LLRP_NO_POWER = the reader's own */
    uint16_t tid_words; /* of each tag's TID bank; 0 = none is read */
    uint32_t antennas;  /* that must be there, bit i = antenna i + 1; 0 = not said: those that ever were */
    bool link_monitor;
};

struct gl_llrp_reader { /* what the capabilities say */
    uint32_t vendor;
    bool holds, warns_of_fill; /* assumed when it does not say */
    bool power_known;          /* the power wanted is in its table: */
    uint16_t power_index;
    int power_lowest; /* of the table, in hundredths of a dBm; INT_MAX = there is no table */
    uint16_t hop_table, channel;
};

struct gl_llrp_plan { /* what is asked of the reader; flags fall when it declines what can be done without */
    uint32_t rospec;
    uint32_t keepalive_ms;
    uint8_t session;
    uint16_t tid_words;
    bool link_monitor, hold, events, fill_warning; /* SET_READER_CONFIG */
    bool pc_words, singulation, power;             /* ADD_ROSPEC */
    uint16_t power_index, hop_table, channel;
};

enum { GL_LLRP_READ_TID = 1 }; /* the AccessSpec, and its one operation */

/* Each asks for one thing, and the next is asked when it was answered. */
enum gl_llrp_step {
    GL_LLRP_CLOSED,
    GL_LLRP_GREETING, /* nothing may be sent before the reader's own first word */
    GL_LLRP_ASK_CAPABILITIES,
    GL_LLRP_ASK_ANTENNAS,
    GL_LLRP_ASK_EXTENSIONS, /* Impinj alone */
    GL_LLRP_ASK_CONFIG,
    GL_LLRP_ASK_NO_ACCESS_SPECS,
    GL_LLRP_ASK_NO_ROSPECS,
    GL_LLRP_ASK_ROSPEC,
    GL_LLRP_ASK_ACCESS_SPEC, /* the setting tid alone; this and the next */
    GL_LLRP_ASK_ENABLE_ACCESS,
    GL_LLRP_ASK_ENABLE,
    GL_LLRP_RUN,
};

enum gl_llrp_clock { GL_LLRP_CLOCK_NONE, GL_LLRP_CLOCK_UTC, GL_LLRP_CLOCK_UPTIME };

struct gl_llrp {
    struct gl_sink sink;
    struct gl_llrp_policy policy;
    struct gl_llrp_inbox inbox;
    int64_t whole_mono; /* no message was unfinished then */
    struct gl_buf out;  /* one message */
    struct gl_now now;  /* of the call that is being served */

    /* of one connection */
    enum gl_llrp_step step;
    uint32_t request;     /* id of the last request */
    int64_t since_mono;   /* when the step began */
    int64_t enabled_mono; /* RUN: when reports were asked for */
    bool enabled;
    struct gl_llrp_reader reader;
    struct gl_llrp_plan plan;
    uint8_t clock;     /* enum gl_llrp_clock: the one that was measured */
    int64_t offset_ms; /* to be added to the reader's time */
    int late_run;      /* reads in a row that were late though nothing was held back */
    int64_t late_mono; /* when the first of them came */
    unsigned told;     /* enum gl_llrp_once, or-ed: what was logged on this connection */

    /* of the reader */
    bool restarted;
    int64_t restarted_mono;               /* when its ROSpec was last made again */
    uint32_t antennas_seen, antennas_cut; /* bit i = antenna i + 1 */
    char antenna_fault[64];               /* as raised; "" = none */
    bool fault_attempt, fault_slot, fault_lost;
    int64_t lost_mono; /* when reads were last lost */
};

/* ---- to the sink --------------------------------------------------------------------------------------------------------------------- */
enum gl_llrp_once {
    GL_LLRP_ONCE_MESSAGE = 1,
    GL_LLRP_ONCE_UNEXPECTED = 2,
    GL_LLRP_ONCE_PARAMETER = 4,
    GL_LLRP_ONCE_ANTENNA = 8,
    GL_LLRP_ONCE_INTRUDER = 16
};

/* Returns -EPROTO, so that what ends the connection reads `return gl_llrp_refuse(...)`. */
int gl_llrp_refuse(const struct gl_llrp *s, const char *reason, const char *fmt, ...) GL_PRINTF(3, 4);
void gl_llrp_note(const struct gl_llrp *s, const char *name, const char *fmt, ...) GL_PRINTF(3, 4);
/* Always counted; logged the first time on a connection. */
void gl_llrp_note_once(struct gl_llrp *s, enum gl_llrp_once once, const char *name, const char *detail);
/* Raises or clears a fault when it is not so already. */
void gl_llrp_fault(const struct gl_llrp *s, bool *standing, const char *reason, bool raised);
/* One fault for all antennas that are cut off, told anew when they change. */
void gl_llrp_tell_antennas(struct gl_llrp *s);

/* ---- session.c: negative returns ask for the connection to be dropped, and why was said --------------------------------------------- */
void gl_llrp_session_begin(struct gl_llrp *s);
int gl_llrp_session_greeted(struct gl_llrp *s) GL_MUST_USE; /* the reader has accepted the connection */
int gl_llrp_session_message(struct gl_llrp *s, const struct gl_llrp_message *m) GL_MUST_USE;
int gl_llrp_session_again(struct gl_llrp *s, const char *why) GL_MUST_USE; /* RUN: the ROSpec is gone and must be made again */
int gl_llrp_session_timer(struct gl_llrp *s) GL_MUST_USE;
void gl_llrp_session_farewell(struct gl_llrp *s);

/* ---- report.c, events.c -------------------------------------------------------------------------------------------------------------- */
int gl_llrp_report(struct gl_llrp *s, struct gl_cursor body) GL_MUST_USE; /* RO_ACCESS_REPORT */
int gl_llrp_event(struct gl_llrp *s, struct gl_cursor body) GL_MUST_USE;  /* READER_EVENT_NOTIFICATION */

/* ---- capabilities.c, compose.c: pure ------------------------------------------------------------------------------------------------- */
/* What cannot be read stays as if it were not said. power_dbm: the power wanted, or GL_LLRP_NO_POWER; the table's entry nearest to it and not
 * above is taken. */
void gl_llrp_capabilities(struct gl_cursor body, int power_dbm, struct gl_llrp_reader *ret);
/* AntennaProperties of a GET_READER_CONFIG_RESPONSE; antennas beyond GL_LLRP_ANTENNAS_MAX are passed over. */
void gl_llrp_antennas(struct gl_cursor body, uint32_t *ret_connected, uint32_t *ret_disconnected);

typedef void gl_llrp_compose(const struct gl_llrp_plan *plan, uint32_t id, struct gl_buf *out);
gl_llrp_compose gl_llrp_compose_capabilities, gl_llrp_compose_antennas, gl_llrp_compose_extensions, gl_llrp_compose_config,
    gl_llrp_compose_no_access_specs, gl_llrp_compose_no_rospecs, gl_llrp_compose_rospec, gl_llrp_compose_access_spec,
    gl_llrp_compose_enable_access, gl_llrp_compose_enable;
