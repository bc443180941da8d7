/* RO_ACCESS_REPORT: the tags that were seen.
 *
 *     TagReportData 240
 *       EPC_96 13: 12 octets | EPCData 241: bits u16, octets       one of both, and readers send both within one stream
 *       AntennaID 1, PeakRSSI 6, TagSeenCount 8, C1G2_PC 12
 *       FirstSeen 2 | 3, LastSeen 4 | 5                            UTC | uptime, microseconds
 *
 * A read is late, recorded but never deciding, when it is older than late_after, when it came before it was asked for, or when nobody can
 * tell its age and readers may still be sending what they held back: a reader that was cut off keeps tens of thousands of reads and sends
 * them all at once when it is back. */
#include <errno.h>

#include "llrp/llrp.h"
#include "model/epc.h"

enum {
    HELD_BACK_MS = 2000, /* after reports were asked for, what comes without a time may be old */
    SETTLED_MS = 60000,  /* after that nothing is held back any more */
    LATE_RUN = 10,       /* then so many late reads in a row, over so long a time, */
    LATE_RUN_MS = 10000, /* mean that the reader's clock was set */
};

#define BELIEVABLE_MS (INT64_C(30) * 86400 * 1000) /* a time further back is none */

struct seen { /* a reader's time of a tag */
    bool told;
    uint8_t clock; /* enum gl_llrp_clock */
    int64_t ms;
};

struct tag {
    const uint8_t *epc; /* NULL = none was told */
    size_t bits;
    const uint8_t *tid; /* NULL = not read */
    size_t tid_words;
    int pc; /* -1 = not told */
    uint16_t antenna;
    bool rssi_told, count_told, cut; /* cut: an unknown parameter hides the rest */
    int8_t rssi;
    uint16_t count;
    struct seen first, last;
};

static int take_epc(struct gl_cursor *c, size_t bits, struct tag *t) {
    const uint8_t *epc = gl_get_bytes(c, (bits + 7) / 8);
    if (!epc || t->epc) return -EBADMSG; /* cut off, or the second one */
    t->epc = epc;
    t->bits = bits;
    return 0;
}

/* What the AccessSpec read of its TID bank: result u8 (0 = it succeeded), operation u16, words u16, the words. A tag that moved away too early
 * gives none, and is reported all the same. */
static void take_tid(struct gl_cursor *c, struct tag *t) {
    uint8_t result = gl_get_u8(c);
    uint16_t operation = gl_get_u16(c), words = gl_get_u16(c);
    const uint8_t *tid = gl_get_bytes(c, (size_t)words * 2);
    if (!tid || result != 0 || operation != GL_LLRP_READ_TID || words == 0 || words > GL_LLRP_TID_WORDS) return;
    t->tid = tid;
    t->tid_words = words;
}

static void take_seen(struct gl_cursor *c, enum gl_llrp_clock clock, struct seen *seen) {
    *seen = (struct seen){true, (uint8_t)clock, (int64_t)(gl_get_u64(c) / 1000)};
}

static int take_parameter(struct gl_llrp_param *p, struct tag *t) {
    struct gl_cursor *c = &p->value;
    switch (p->type) {
        case GL_LLRP_EPC_96: return take_epc(c, 96, t);
        case GL_LLRP_EPC_DATA: {
            size_t bits = gl_get_u16(c);
            return c->failed ? -EBADMSG : take_epc(c, bits, t);
        }
        case GL_LLRP_ANTENNA_ID: t->antenna = gl_get_u16(c); break;
        case GL_LLRP_PEAK_RSSI:
            t->rssi = (int8_t)gl_get_u8(c);
            t->rssi_told = true;
            break;
        case GL_LLRP_TAG_SEEN_COUNT:
            t->count = gl_get_u16(c);
            t->count_told = true;
            break;
        case GL_LLRP_C1G2_READ_RESULT: take_tid(c, t); break;
        case GL_LLRP_C1G2_PC: t->pc = gl_get_u16(c); break;
        case GL_LLRP_FIRST_SEEN_UTC: take_seen(c, GL_LLRP_CLOCK_UTC, &t->first); break;
        case GL_LLRP_FIRST_SEEN_UPTIME: take_seen(c, GL_LLRP_CLOCK_UPTIME, &t->first); break;
        case GL_LLRP_LAST_SEEN_UTC: take_seen(c, GL_LLRP_CLOCK_UTC, &t->last); break;
        case GL_LLRP_LAST_SEEN_UPTIME: take_seen(c, GL_LLRP_CLOCK_UPTIME, &t->last); break;
        default: break;
    }
    return 0;
}

/* 0 = *t is a tag, perhaps cut; -EBADMSG = what is there makes no tag. */
static int parse_tag(struct gl_cursor c, struct tag *t) {
    struct gl_llrp_param p;
    int rc;
    *t = (struct tag){.pc = -1};
    while ((rc = gl_llrp_next(&c, &p)) > 0)
        if (take_parameter(&p, t) < 0) return -EBADMSG;
    t->cut = rc == -ENOTSUP;
    if (rc < 0 && !t->cut) return -EBADMSG;
    return t->epc ? 0 : -EBADMSG;
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------------- */
/* When the tag was last seen, by our clock, and never after its arrival; 0 when nobody can tell. */
static int64_t when(const struct gl_llrp *s, const struct tag *t) {
    const struct seen *seen = t->last.told ? &t->last : &t->first;
    if (!seen->told || seen->clock != s->clock) return 0;
    int64_t time = seen->ms + s->offset_ms;
    if (time <= 0) return 1; /* before 1970: as old as can be, but told */
    return time > s->now.wall ? s->now.wall : time;
}

static bool is_late(const struct gl_llrp *s, int64_t time) {
    if (!s->enabled) return true;
    if (time == 0) return s->now.mono - s->enabled_mono < HELD_BACK_MS;
    return s->now.wall - time > s->policy.late_after_ms;
}

/* Late reads without an end, long after anything was held back: the reader's clock was set, and must be measured anew. */
static int watch_clock(struct gl_llrp *s, const struct tag *t, bool late) {
    if (!late || !t->last.told) {
        s->late_run = 0;
        return 0;
    }
    if (!s->enabled || s->now.mono - s->enabled_mono < SETTLED_MS) return 0;
    if (s->late_run == 0) s->late_mono = s->now.mono;
    if (s->late_run < LATE_RUN) s->late_run++;
    if (s->late_run < LATE_RUN || s->now.mono - s->late_mono < LATE_RUN_MS) return 0;
    return gl_llrp_refuse(s, "clock_moved",
                          "each read of the last %lld s was late: was the reader's clock set? It is measured anew",
                          (long long)(s->now.mono - s->late_mono) / 1000);
}

/* ---- one tag ------------------------------------------------------------------------------------------------------------------------- */
static int tell(struct gl_llrp *s, const struct tag *t) {
    struct gl_reading r;
    int64_t time = when(s, t);
    bool late = is_late(s, time) || (t->cut && time == 0);
    gl_reading_init(&r, GL_READING_TAG);
    r.time = s->now.wall - time > BELIEVABLE_MS ? 0 : time;
    r.late = late ? GL_TRUE : GL_FALSE;
    gl_epc_hex(t->epc, t->bits, r.value.tag.epc);
    if (t->tid) {
        char tid[GL_EPC];
        gl_epc_hex(t->tid, t->tid_words * 16, tid);
        gl_clip(r.value.tag.tid, sizeof r.value.tag.tid, tid); /* fits: GL_LLRP_TID_WORDS */
    }
    gl_epc_uri(t->epc, t->bits, t->pc, r.value.tag.uri, sizeof r.value.tag.uri);
    if (t->antenna > 0) r.value.tag.antenna = t->antenna;
    if (t->rssi_told) r.value.tag.rssi_dbm = t->rssi;
    if (t->count_told) r.value.tag.count = t->count;
    if (late) gl_llrp_note(s, "late_read", NULL);
    s->sink.reading(s->sink.user, &r, NULL, 0);
    return watch_clock(s, t, late);
}

/* A tag that was just read hangs before an antenna that is there. */
static void believe_antenna(struct gl_llrp *s, const struct tag *t) {
    if (t->antenna < 1 || t->antenna > GL_LLRP_ANTENNAS_MAX || is_late(s, when(s, t))) return;
    uint32_t bit = UINT32_C(1) << (t->antenna - 1);
    s->antennas_seen |= bit;
    s->antennas_cut &= ~bit;
    gl_llrp_tell_antennas(s);
}

static int take_tag(struct gl_llrp *s, struct gl_cursor c) {
    struct tag t;
    if (parse_tag(c, &t) < 0) {
        gl_llrp_refuse(s, "report_malformed", "a TagReportData of %zu octets: its parameters do not fit, or make no EPC",
                       gl_cursor_left(&c));
        return 0;
    }
    if (t.cut)
        gl_llrp_note_once(s, GL_LLRP_ONCE_PARAMETER, "unknown_parameter",
                          "a TV parameter of unknown type, and so of unknown length: what follows it is not read");
    if (t.bits == 0) {
        gl_llrp_note(s, "empty_epc", NULL);
        return 0;
    }
    if (t.bits > GL_EPC_BITS_MAX) {
        gl_llrp_refuse(s, "epc_too_long", "an EPC of %zu bits, the longest has %d", t.bits, GL_EPC_BITS_MAX);
        return 0;
    }
    believe_antenna(s, &t);
    return tell(s, &t);
}

int gl_llrp_report(struct gl_llrp *s, struct gl_cursor body) {
    struct gl_llrp_param p;
    int rc;
    if (gl_cursor_left(&body) == 0) s->sink.alive(s->sink.user); /* lawful, and sent by real readers */
    while ((rc = gl_llrp_next(&body, &p)) > 0) {
        rc = p.type == GL_LLRP_TAG_REPORT_DATA ? take_tag(s, p.value) : 0;
        if (rc < 0) return rc;
    }
    if (rc < 0) gl_llrp_refuse(s, "report_malformed", "a parameter of the report does not fit into it");
    return 0;
}
