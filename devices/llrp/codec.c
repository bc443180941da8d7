/* LLRP 1.0.1, the client: UHF RFID readers, port 5084. The reader reports tags as it sees them; a tag seen is a reading of its EPC, with
 * antenna, strength and time. The wire is in wire.h, the dialogue in session.c. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "llrp/llrp.h"

enum { OUT_MAX = 4096, SECOND = 1000 };

/* ---- to the sink --------------------------------------------------------------------------------------------------------------------- */
int gl_llrp_refuse(const struct gl_llrp *s, const char *reason, const char *fmt, ...) {
    char detail[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    s->sink.refused(s->sink.user, reason, detail);
    return -EPROTO;
}

void gl_llrp_note(const struct gl_llrp *s, const char *name, const char *fmt, ...) {
    char detail[400];
    va_list ap;
    if (fmt) {
        va_start(ap, fmt);
        vsnprintf(detail, sizeof detail, fmt, ap);
        va_end(ap);
    }
    s->sink.note(s->sink.user, name, fmt ? detail : NULL);
}

void gl_llrp_note_once(struct gl_llrp *s, enum gl_llrp_once once, const char *name, const char *detail) {
    s->sink.note(s->sink.user, name, s->told & once ? NULL : detail);
    s->told |= once;
}

void gl_llrp_fault(const struct gl_llrp *s, bool *standing, const char *reason, bool raised) {
    if (*standing == raised) return;
    *standing = raised;
    s->sink.fault(s->sink.user, reason, raised);
}

/* "antenna 2 disconnected", "antennas 1, 2, 7 disconnected"; "" when none is. */
static void name_antennas(uint32_t cut, char *out, size_t size) {
    char list[40] = "", part[8];
    int n = 0;
    for (unsigned i = 0; i < GL_LLRP_ANTENNAS_MAX; i++) {
        if (!(cut >> i & 1)) continue;
        gl_format(part, sizeof part, n > 0 ? ", %u" : "%u", i + 1);
        size_t len = strlen(list);
        if (len + strlen(part) + sizeof ", ..." > sizeof list) {
            gl_format(list + len, sizeof list - len, ", ...");
            n++;
            break;
        }
        gl_format(list + len, sizeof list - len, "%s", part);
        n++;
    }
    out[0] = '\0';
    if (n > 0) gl_format(out, size, "antenna%s %s disconnected", n > 1 ? "s" : "", list);
}

void gl_llrp_tell_antennas(struct gl_llrp *s) {
    char fault[sizeof s->antenna_fault], before[sizeof s->antenna_fault];
    name_antennas(s->antennas_cut, fault, sizeof fault);
    if (strcmp(fault, s->antenna_fault) == 0) return;
    gl_clip(before, sizeof before, s->antenna_fault);
    gl_clip(s->antenna_fault, sizeof s->antenna_fault, fault);
    if (fault[0]) s->sink.fault(s->sink.user, fault, true); /* first, so that the device is not well in between */
    if (before[0]) s->sink.fault(s->sink.user, before, false);
}

/* ---- the settings -------------------------------------------------------------------------------------------------------------------- */
/* "1, 2, 7" */
static int read_antennas(const char *text, uint32_t *ret, struct gl_error *err) {
    char number[8];
    *ret = 0;
    while (text && *(text += strspn(text, ", "))) {
        size_t len = strcspn(text, ", ");
        int64_t n;
        if (gl_copyn(number, sizeof number, text, len) < 0 || gl_parse_int(number, 1, GL_LLRP_ANTENNAS_MAX, &n) < 0)
            return gl_fail(err, -EINVAL, "antennas: '%.40s' is no list of numbers from 1 to %d", text, GL_LLRP_ANTENNAS_MAX);
        *ret |= UINT32_C(1) << (n - 1);
        text += len;
    }
    return 0;
}

/* ---- the protocol -------------------------------------------------------------------------------------------------------------------- */
static const struct gl_setting settings_table[] = {
    {.name = "late_after",
     .type = GL_SET_DURATION,
     .preset = "3s",
     .min = SECOND / 2,
     .max = 3600 * SECOND,
     .help = "a read that reaches the gateway later than this after the tag was seen decides nothing"},
    {.name = "session",
     .type = GL_SET_INT,
     .preset = "1",
     .min = 0,
     .max = 3,
     .help = "Gen2 session: 0 reads a tag again and again, 1 every few seconds, 2 and 3 once while it stays in the field"},
    {.name = "power",
     .type = GL_SET_INT,
     .min = 0,
     .max = GL_LLRP_POWER_MAX,
     .help = "transmit power in dBm; the reader's nearest that is not above it. Not given: as the reader is set"},
    {.name = "tid",
     .type = GL_SET_INT,
     .preset = "0",
     .min = 0,
     .max = GL_LLRP_TID_WORDS,
     .help = "how many words (16 bits) of each tag's TID bank are read as well: 6 hold a serial number. Takes longer for each tag; "
             "0: none"},
    {.name = "antennas",
     .type = GL_SET_TEXT,
     .help = "those that must be there, such as 1, 2: a fault when one is not. Filled in with those that serve a lane"},
    {.name = "keepalive",
     .type = GL_SET_DURATION,
     .preset = "10s",
     .min = SECOND,
     .max = 10 * SECOND,
     .help = "how often the reader is to give a sign of life"},
    {.name = "timeout",
     .type = GL_SET_DURATION,
     .preset = "8s",
     .min = SECOND,
     .max = 25 * SECOND,
     .help = "how long the reader may take to answer a request"},
    {.name = "link_monitor",
     .type = GL_SET_BOOL,
     .preset = "yes",
     .help = "Impinj: the reader gives up a connection whose keepalives are not answered; else it may refuse the next one"},
};

static int llrp_open(void *state, const struct gl_settings *settings, const struct gl_sink *sink, struct gl_error *err) {
    struct gl_llrp *s = state;
    int64_t session = gl_setting_int(settings, "session", 1), power = gl_setting_int(settings, "power", GL_LLRP_NO_POWER),
            tid = gl_setting_int(settings, "tid", 0);
    if (session < 0 || session > 3) return gl_fail(err, -EINVAL, "session: %lld is not within 0..3", (long long)session);
    if (power != GL_LLRP_NO_POWER && (power < 0 || power > GL_LLRP_POWER_MAX))
        return gl_fail(err, -EINVAL, "power: %lld is not within 0..%d dBm", (long long)power, GL_LLRP_POWER_MAX);
    if (tid < 0 || tid > GL_LLRP_TID_WORDS)
        return gl_fail(err, -EINVAL, "tid: %lld is not within 0..%d words", (long long)tid, GL_LLRP_TID_WORDS);
    uint32_t antennas;
    int rc = read_antennas(gl_setting_text(settings, "antennas"), &antennas, err);
    if (rc < 0) return rc;
    memset(s, 0, sizeof *s);
    s->sink = *sink;
    s->out = GL_BUF(OUT_MAX);
    s->policy = (struct gl_llrp_policy){
        .late_after_ms = gl_setting_ms(settings, "late_after", 3 * SECOND),
        .keepalive_ms = gl_setting_ms(settings, "keepalive", 10 * SECOND),
        .timeout_ms = gl_setting_ms(settings, "timeout", 8 * SECOND),
        .session = (uint8_t)session,
        .power_dbm = (int)power,
        .tid_words = (uint16_t)tid,
        .antennas = antennas,
        .link_monitor = gl_setting_bool(settings, "link_monitor"),
    };
    return 0;
}

static void llrp_begin(void *state, const char *content_type GL_UNUSED, struct gl_now now) {
    struct gl_llrp *s = state;
    s->now = now;
    gl_llrp_inbox_free(&s->inbox);
    s->whole_mono = now.mono;
    gl_llrp_session_begin(s);
}

/* After this nothing of the connection counts any more, whatever the host still hands over. */
static int drop(struct gl_llrp *s, int rc) {
    gl_llrp_inbox_free(&s->inbox);
    s->step = GL_LLRP_CLOSED;
    return rc;
}

static int broken_frame(struct gl_llrp *s, int rc, const struct gl_llrp_message *m) {
    if (rc == -ENOMEM) return gl_llrp_refuse(s, "out_of_memory", "no memory for a message");
    return gl_llrp_refuse(s, "frame_malformed", "a message of type %u says it has %u octets, lawful are %d to %d: is this LLRP?",
                          m->type, m->length, GL_LLRP_HEADER, GL_LLRP_MESSAGE_MAX);
}

static int llrp_bytes(void *state, const uint8_t *bytes, size_t len, struct gl_now now) {
    struct gl_llrp *s = state;
    struct gl_llrp_message m = {0};
    int rc;
    s->now = now;
    if (s->step == GL_LLRP_CLOSED) return -EPROTO;
    while ((rc = gl_llrp_take(&s->inbox, &bytes, &len, &m)) > 0) {
        s->whole_mono = now.mono;
        if (m.version != GL_LLRP_VERSION)
            rc = gl_llrp_refuse(s, "version", "a message of LLRP version %u, spoken is %d", m.version, GL_LLRP_VERSION);
        else
            rc = gl_llrp_session_message(s, &m);
        if (rc < 0) return drop(s, rc);
    }
    return rc < 0 ? drop(s, broken_frame(s, rc, &m)) : 0;
}

static int llrp_timer(void *state, struct gl_now now) {
    struct gl_llrp *s = state;
    s->now = now;
    int rc = gl_llrp_session_timer(s);
    return rc < 0 ? drop(s, rc) : 0;
}

static void llrp_end(void *state, bool complete GL_UNUSED, struct gl_now now) {
    struct gl_llrp *s = state;
    s->now = now;
    if (gl_llrp_pending(&s->inbox)) gl_llrp_refuse(s, "cut_off", "the connection ended within a message");
    drop(s, 0);
}

static void llrp_farewell(void *state, struct gl_now now) {
    struct gl_llrp *s = state;
    s->now = now;
    gl_llrp_session_farewell(s);
}

static void llrp_close(void *state) {
    struct gl_llrp *s = state;
    gl_llrp_inbox_free(&s->inbox);
    gl_buf_free(&s->out);
}

const struct gl_protocol gl_protocol_llrp = {
    .abi = GL_PROTOCOL_ABI,
    .size = sizeof(struct gl_protocol),
    .name = "llrp",
    .title = "LLRP 1.0.1: UHF RFID readers",
    .transports = GL_TRANSPORT_TCP_CONNECT | GL_TRANSPORT_TCP_LISTEN,
    .port = GL_LLRP_PORT,
    .silence_ms = 30 * SECOND,
    .settings = settings_table,
    .n_settings = GL_COUNT(settings_table),
    .state_size = sizeof(struct gl_llrp),
    .open = llrp_open,
    .begin = llrp_begin,
    .bytes = llrp_bytes,
    .end = llrp_end,
    .timer = llrp_timer,
    .farewell = llrp_farewell,
    .close = llrp_close,
};
