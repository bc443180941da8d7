/* READER_EVENT_NOTIFICATION: what happens to the reader itself.
 *
 *     ReaderEventNotificationData 246
 *       UTCTimestamp 128 | Uptime 129     u64 microseconds
 *       then, each of them seldom more than one:
 *       ROSpecEvent 249                   start, end or preemption u8, ROSpec u32, preempting ROSpec u32
 *       ReportBufferLevelWarning 250      percent u8
 *       ReportBufferOverflow 251
 *       ReaderException 252               text
 *       AntennaEvent 255                  disconnected 0 or connected 1 u8, antenna u16
 *       ConnectionAttempt 256             enum gl_llrp_attempt u16: success is the reader's greeting
 *       ConnectionClose 257 */
#include <errno.h>

#include "llrp/llrp.h"

enum { ROSPEC_END = 1, ROSPEC_PREEMPTED = 2, CLOCK_WRONG_MS = 2000 };

/* The reader's clock against ours, measured on its first word: that one is never held back. */
static void measure_clock(struct gl_llrp *s, struct gl_cursor data) {
    struct gl_llrp_param p;
    bool utc = gl_llrp_find(data, GL_LLRP_UTC_TIMESTAMP, &p);
    s->clock = GL_LLRP_CLOCK_NONE;
    if (!utc && !gl_llrp_find(data, GL_LLRP_UPTIME, &p)) return;
    uint64_t microseconds = gl_get_u64(&p.value);
    if (p.value.failed) return;
    s->clock = utc ? GL_LLRP_CLOCK_UTC : GL_LLRP_CLOCK_UPTIME;
    s->offset_ms = s->now.wall - (int64_t)(microseconds / 1000);
    int64_t wrong = s->offset_ms < 0 ? -s->offset_ms : s->offset_ms;
    if (utc && wrong > CLOCK_WRONG_MS)
        gl_llrp_note(s, "clock_wrong", "the reader's clock is %s by %lld s: its times are corrected; does it have a time server?",
                     s->offset_ms > 0 ? "slow" : "fast", (long long)(wrong / 1000));
}

static int attempt_refused(struct gl_llrp *s, uint16_t status) {
    bool taken = status == GL_LLRP_ATTEMPT_READER_INITIATED_EXISTS || status == GL_LLRP_ATTEMPT_CLIENT_INITIATED_EXISTS;
    if (!taken) {
        gl_llrp_fault(s, &s->fault_attempt, "attempt_failed", true);
        return gl_llrp_refuse(s, "attempt_failed", "the reader does not accept the connection, and gives no reason (status %u)",
                              status);
    }
    gl_llrp_fault(s, &s->fault_slot, "slot_taken", true);
    return gl_llrp_refuse(s, "slot_taken", "the reader serves one client, and has one: a connection that %s stands already",
                          status == GL_LLRP_ATTEMPT_CLIENT_INITIATED_EXISTS ? "another client made" : "the reader made");
}

static int on_attempt(struct gl_llrp *s, struct gl_cursor c, struct gl_cursor data) {
    uint16_t status = gl_get_u16(&c);
    if (c.failed) return gl_llrp_refuse(s, "event_malformed", "a ConnectionAttemptEvent without its status");
    if (status == GL_LLRP_ATTEMPT_ANOTHER) {
        gl_llrp_note_once(s, GL_LLRP_ONCE_INTRUDER, "intruder", "another client tried to connect to this reader");
        return 0;
    }
    if (status != GL_LLRP_ATTEMPT_SUCCESS) return attempt_refused(s, status);
    if (s->step != GL_LLRP_GREETING) return 0;
    gl_llrp_fault(s, &s->fault_attempt, "attempt_failed", false);
    gl_llrp_fault(s, &s->fault_slot, "slot_taken", false);
    measure_clock(s, data);
    return gl_llrp_session_greeted(s);
}

static int on_close(struct gl_llrp *s, struct gl_cursor c GL_UNUSED, struct gl_cursor data GL_UNUSED) {
    gl_llrp_note(s, "reader_closes", "the reader announces that it closes the connection");
    return -ECONNRESET;
}

static int on_antenna(struct gl_llrp *s, struct gl_cursor c, struct gl_cursor data GL_UNUSED) {
    bool connected = gl_get_u8(&c) != 0;
    uint16_t antenna = gl_get_u16(&c);
    if (c.failed || antenna < 1 || antenna > GL_LLRP_ANTENNAS_MAX) {
        char detail[80];
        gl_format(detail, sizeof detail, "an event of antenna %u: there are 1 to %d", antenna, GL_LLRP_ANTENNAS_MAX);
        gl_llrp_note_once(s, GL_LLRP_ONCE_ANTENNA, "antenna_unknown", detail);
        return 0;
    }
    uint32_t bit = UINT32_C(1) << (antenna - 1);
    s->antennas_seen |= bit;
    if (s->policy.antennas != 0 && !(s->policy.antennas & bit)) return 0; /* nobody's */
    s->antennas_cut = connected ? s->antennas_cut & ~bit : s->antennas_cut | bit;
    gl_llrp_tell_antennas(s);
    return 0;
}

static int on_rospec(struct gl_llrp *s, struct gl_cursor c, struct gl_cursor data GL_UNUSED) {
    uint8_t what = gl_get_u8(&c);
    uint32_t rospec = gl_get_u32(&c);
    if (c.failed || s->step != GL_LLRP_RUN || rospec != s->plan.rospec) return 0;
    if (what == ROSPEC_END) return gl_llrp_session_again(s, "the reader ended the ROSpec");
    if (what == ROSPEC_PREEMPTED) return gl_llrp_session_again(s, "another ROSpec took the reader from ours");
    return 0;
}

static int on_exception(struct gl_llrp *s, struct gl_cursor c, struct gl_cursor data GL_UNUSED) {
    char text[160];
    gl_llrp_get_text(&c, text, sizeof text);
    gl_llrp_note(s, "reader_exception", "the reader says: \"%s\"", text);
    return 0;
}

static int on_buffer_warning(struct gl_llrp *s, struct gl_cursor c, struct gl_cursor data GL_UNUSED) {
    gl_llrp_note(s, "buffer_warning", "the reader's buffer of reports is %u %% full", gl_get_u8(&c));
    return 0;
}

static int on_buffer_overflow(struct gl_llrp *s, struct gl_cursor c GL_UNUSED, struct gl_cursor data GL_UNUSED) {
    gl_llrp_note(s, "buffer_overflow", "the reader's buffer of reports ran over: reads are lost");
    gl_llrp_fault(s, &s->fault_lost, "reads_lost", true);
    s->lost_mono = s->now.mono;
    return 0;
}

static const struct {
    uint16_t type;
    int (*take)(struct gl_llrp *s, struct gl_cursor value, struct gl_cursor data);
} events[] = {
    {GL_LLRP_CONNECTION_ATTEMPT_EVENT, on_attempt},
    {GL_LLRP_CONNECTION_CLOSE_EVENT, on_close},
    {GL_LLRP_ANTENNA_EVENT, on_antenna},
    {GL_LLRP_ROSPEC_EVENT, on_rospec},
    {GL_LLRP_READER_EXCEPTION_EVENT, on_exception},
    {GL_LLRP_REPORT_BUFFER_LEVEL_WARNING_EVENT, on_buffer_warning},
    {GL_LLRP_REPORT_BUFFER_OVERFLOW_ERROR_EVENT, on_buffer_overflow},
};

int gl_llrp_event(struct gl_llrp *s, struct gl_cursor body) {
    struct gl_llrp_param p;
    if (!gl_llrp_find(body, GL_LLRP_READER_EVENT_NOTIFICATION_DATA, &p)) {
        gl_llrp_refuse(s, "event_malformed", "a READER_EVENT_NOTIFICATION without data that can be read");
        return 0;
    }
    struct gl_cursor data = p.value, c = p.value;
    int rc;
    while ((rc = gl_llrp_next(&c, &p)) > 0) {
        for (size_t i = 0; i < GL_COUNT(events); i++) {
            if (events[i].type != p.type) continue;
            rc = events[i].take(s, p.value, data);
            if (rc < 0) return rc;
        }
    }
    if (rc < 0) gl_llrp_refuse(s, "event_malformed", "a parameter of the event does not fit into it");
    return 0;
}
