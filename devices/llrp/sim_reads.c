/* What the simulated reader sees and tells: tags, gathered and reported as the client has ordered, and events.
 *
 *     seen ──► gathered (same tag, antenna, ROSpec: one entry) ──► ready (N tags, the end of a spec, GET_REPORT) ──► sent, or kept while
 *     nobody is there, while events and reports are withheld, and while it is mute */
#include <errno.h>
#include <string.h>

#include "llrp/sim_reader.h"

enum { TAGS_IN_REPORT = 100, MOST_SEEN = 65535, WARNING_PERCENT = 80 };
enum { /* bits of the TagReportContentSelector */
       WITH_ROSPEC = 0x8000,
       WITH_SPEC = 0x4000,
       WITH_INVENTORY = 0x2000,
       WITH_ANTENNA = 0x1000,
       WITH_CHANNEL = 0x0800,
       WITH_RSSI = 0x0400,
       WITH_FIRST = 0x0200,
       WITH_LAST = 0x0100,
       WITH_COUNT = 0x0080,
       WITH_ACCESS = 0x0040
};
enum { WITH_CRC = 0x80, WITH_PC = 0x40 }; /* bits of the C1G2EPCMemorySelector */

uint64_t gl_sim_clock_us(const struct gl_sim *s, int64_t age_ms) {
    int64_t ms = (s->uptime ? s->now.mono - s->started : s->now.wall + s->clock_offset_ms) - age_ms;
    return ms > 0 ? (uint64_t)ms * 1000 : 0;
}

/* ---- events -------------------------------------------------------------------------------------------------------------------------- */
static bool may_speak(const struct gl_sim *s) {
    return s->connected && !s->withheld && !s->muted && !s->closing;
}

bool gl_sim_event_wanted(const struct gl_sim *s, enum gl_llrp_event which) {
    return may_speak(s) && (s->config.events & 1u << which);
}

void gl_sim_event_begin(struct gl_sim *s, uint16_t event, size_t marks[3]) {
    marks[0] = gl_sim_begin(s, GL_LLRP_READER_EVENT_NOTIFICATION, gl_sim_id(s));
    marks[1] = gl_llrp_begin(&s->out, GL_LLRP_READER_EVENT_NOTIFICATION_DATA);
    size_t stamp = gl_llrp_begin(&s->out, s->uptime ? GL_LLRP_UPTIME : GL_LLRP_UTC_TIMESTAMP);
    gl_buf_u64(&s->out, gl_sim_clock_us(s, 0));
    gl_llrp_end(&s->out, stamp);
    marks[2] = gl_llrp_begin(&s->out, event);
}

void gl_sim_event_end(struct gl_sim *s, const size_t marks[3]) {
    gl_llrp_end(&s->out, marks[2]);
    gl_llrp_end(&s->out, marks[1]);
    gl_sim_end(s, marks[0]);
}

void gl_sim_attempt(struct gl_sim *s, enum gl_llrp_attempt status) {
    size_t marks[3];
    gl_sim_event_begin(s, GL_LLRP_CONNECTION_ATTEMPT_EVENT, marks);
    gl_buf_u16(&s->out, (uint16_t)status);
    gl_sim_event_end(s, marks);
}

static void tell_overflow(struct gl_sim *s) {
    size_t marks[3];
    gl_sim_event_begin(s, GL_LLRP_REPORT_BUFFER_OVERFLOW_ERROR_EVENT, marks);
    gl_sim_event_end(s, marks);
    s->overflowed = false;
}

static void warn_of_level(struct gl_sim *s) {
    size_t percent = s->n_reads * 100 / GL_SIM_READS, marks[3];
    if (percent < WARNING_PERCENT) s->warned = false;
    if (percent < WARNING_PERCENT || s->warned || !gl_sim_event_wanted(s, GL_LLRP_ON_BUFFER_FILL)) return;
    s->warned = true;
    gl_sim_event_begin(s, GL_LLRP_REPORT_BUFFER_LEVEL_WARNING_EVENT, marks);
    gl_buf_u8(&s->out, (uint8_t)percent);
    gl_sim_event_end(s, marks);
}

/* ---- one tag in a report ------------------------------------------------------------------------------------------------------------- */
static void put_epc(struct gl_buf *b, const struct gl_sim_read *r) {
    if (r->bits == 96) {
        gl_llrp_tv(b, GL_LLRP_EPC_96);
        gl_buf_add(b, r->epc, 12);
        return;
    }
    size_t p = gl_llrp_begin(b, GL_LLRP_EPC_DATA);
    gl_buf_u16(b, r->bits);
    gl_buf_add(b, r->epc, (r->bits + 7u) / 8);
    gl_llrp_end(b, p);
}

static void tv_u16(struct gl_buf *b, uint8_t type, uint16_t value) {
    gl_llrp_tv(b, type);
    gl_buf_u16(b, value);
}
static void tv_u32(struct gl_buf *b, uint8_t type, uint32_t value) {
    gl_llrp_tv(b, type);
    gl_buf_u32(b, value);
}
static void tv_u64(struct gl_buf *b, uint8_t type, uint64_t value) {
    gl_llrp_tv(b, type);
    gl_buf_u64(b, value);
}

/* The CRC that a Gen2 tag stores in front of its PC word and EPC. */
static uint16_t stored_crc(const struct gl_sim_read *r) {
    uint16_t crc = 0xffff;
    uint8_t bytes[2 + GL_SIM_EPC_BYTES] = {(uint8_t)(r->pc >> 8), (uint8_t)r->pc};
    size_t len = 2 + (r->bits + 7u) / 8;
    memcpy(bytes + 2, r->epc, len - 2);
    for (size_t i = 0; i < len * 8; i++) {
        bool in = (bytes[i / 8] & 0x80 >> i % 8) != 0, top = (crc & 0x8000) != 0;
        crc = (uint16_t)(crc << 1);
        if (in != top) crc ^= 0x1021;
    }
    return (uint16_t)~crc;
}

static const struct gl_sim_report_spec *spec_of(struct gl_sim *s, uint32_t rospec) {
    for (int i = 0; i < s->max_rospecs; i++)
        if (s->rospecs[i].id == rospec && s->rospecs[i].own_report) return &s->rospecs[i].report;
    return &s->config.report;
}

static void put_read(struct gl_sim *s, const struct gl_sim_read *r) {
    uint16_t with = r->content;
    struct gl_buf *b = &s->out;
    size_t p = gl_llrp_begin(b, GL_LLRP_TAG_REPORT_DATA);
    put_epc(b, r);
    if (with & WITH_ROSPEC) tv_u32(b, GL_LLRP_ROSPEC_ID, r->rospec);
    if (with & WITH_SPEC) tv_u16(b, GL_LLRP_SPEC_INDEX, r->spec);
    if (with & WITH_INVENTORY) tv_u16(b, GL_LLRP_INVENTORY_PARAMETER_SPEC_ID, r->inventory);
    if (with & WITH_ANTENNA) tv_u16(b, GL_LLRP_ANTENNA_ID, r->antenna);
    if (with & WITH_RSSI) {
        gl_llrp_tv(b, GL_LLRP_PEAK_RSSI);
        gl_buf_u8(b, (uint8_t)r->rssi);
    }
    if (with & WITH_CHANNEL) tv_u16(b, GL_LLRP_CHANNEL_INDEX, 1);
    if (with & WITH_FIRST) tv_u64(b, s->uptime ? GL_LLRP_FIRST_SEEN_UPTIME : GL_LLRP_FIRST_SEEN_UTC, r->first_us);
    if (with & WITH_LAST) tv_u64(b, s->uptime ? GL_LLRP_LAST_SEEN_UPTIME : GL_LLRP_LAST_SEEN_UTC, r->last_us);
    if (with & WITH_COUNT) tv_u16(b, GL_LLRP_TAG_SEEN_COUNT, r->count);
    if (r->memory & WITH_PC) tv_u16(b, GL_LLRP_C1G2_PC, r->pc);
    if (r->memory & WITH_CRC) tv_u16(b, GL_LLRP_C1G2_CRC, stored_crc(r));
    if ((with & WITH_ACCESS) && r->access) tv_u32(b, GL_LLRP_ACCESS_SPEC_ID, r->access);
    gl_sim_put_access(s, r);
    gl_llrp_end(b, p);
}

/* ---- reports ------------------------------------------------------------------------------------------------------------------------- */
/* Sends up to a report's fill of what is ready; what stays moves up. */
static size_t send_some(struct gl_sim *s) {
    size_t kept = 0, sent = 0, mark = gl_sim_begin(s, GL_LLRP_RO_ACCESS_REPORT, gl_sim_id(s));
    for (size_t i = 0; i < s->n_reads; i++) {
        if (s->reads[i].ready && sent < TAGS_IN_REPORT) {
            put_read(s, &s->reads[i]);
            sent++;
        } else {
            if (kept != i) s->reads[kept] = s->reads[i];
            kept++;
        }
    }
    s->n_reads = kept;
    gl_sim_end(s, mark);
    return sent;
}

static bool any_ready(const struct gl_sim *s) {
    for (size_t i = 0; i < s->n_reads; i++)
        if (s->reads[i].ready) return true;
    return false;
}

void gl_sim_report(struct gl_sim *s) {
    if (!may_speak(s)) return;
    if (s->overflowed) tell_overflow(s);
    while (any_ready(s)) send_some(s);
    warn_of_level(s);
}

void gl_sim_report_all(struct gl_sim *s) {
    if (!may_speak(s)) return;
    for (size_t i = 0; i < s->n_reads; i++) s->reads[i].ready = true;
    if (s->n_reads == 0) gl_sim_empty_report(s);
}

void gl_sim_empty_report(struct gl_sim *s) {
    gl_sim_end(s, gl_sim_begin(s, GL_LLRP_RO_ACCESS_REPORT, gl_sim_id(s)));
}

void gl_sim_release(struct gl_sim *s) {
    s->withheld = false;
    gl_sim_say("events and reports enabled");
}

/* What was to be reported at an end that no longer comes is lost; what is ready stays. */
void gl_sim_forget(struct gl_sim *s, uint32_t rospec) {
    size_t kept = 0;
    for (size_t i = 0; i < s->n_reads; i++) {
        if (s->reads[i].rospec == rospec && !s->reads[i].ready) continue;
        if (kept != i) s->reads[kept] = s->reads[i];
        kept++;
    }
    s->n_reads = kept;
}

void gl_sim_spec_over(struct gl_sim *s, const struct gl_sim_rospec *r, bool rospec_too) {
    uint8_t trigger = spec_of(s, r->id)->trigger;
    if (trigger == 0 || (trigger == 2 && !rospec_too)) return;
    for (size_t i = 0; i < s->n_reads; i++)
        if (s->reads[i].rospec == r->id) s->reads[i].ready = true;
}

/* ---- seeing -------------------------------------------------------------------------------------------------------------------------- */
static bool same(const struct gl_sim_read *a, const struct gl_sim_read *b) {
    return a->merges && b->merges && !a->ready && a->rospec == b->rospec && a->spec == b->spec && a->antenna == b->antenna &&
           a->bits == b->bits && a->access == b->access && memcmp(a->epc, b->epc, sizeof a->epc) == 0;
}

static void gather(struct gl_sim *s, const struct gl_sim_read *r) {
    for (size_t i = 0; i < s->n_reads; i++) {
        struct gl_sim_read *old = &s->reads[i];
        if (!same(old, r)) continue;
        uint32_t count = (uint32_t)old->count + r->count;
        old->count = count > MOST_SEEN ? MOST_SEEN : (uint16_t)count;
        if (r->rssi > old->rssi) old->rssi = r->rssi;
        old->last_us = r->last_us;
        return;
    }
    if (s->n_reads == GL_SIM_READS)
        s->overflowed = true; /* the newest is lost, the client hears of it */
    else
        s->reads[s->n_reads++] = *r;
}

static void get_ready(struct gl_sim *s, const struct gl_sim_rospec *rospec) {
    const struct gl_sim_report_spec *spec = spec_of(s, rospec->id);
    size_t waiting = 0;
    for (size_t i = 0; i < s->n_reads; i++) waiting += s->reads[i].rospec == rospec->id && !s->reads[i].ready;
    if (spec->trigger == 0 || spec->n == 0 || waiting < spec->n) return;
    for (size_t i = 0; i < s->n_reads; i++)
        if (s->reads[i].rospec == rospec->id) s->reads[i].ready = true;
}

int gl_sim_see(struct gl_sim *s, struct gl_sim_read *r, int64_t age_ms, const char **ret_why) {
    struct gl_sim_rospec *rospec = gl_sim_active(s);
    uint32_t antenna = 1u << (r->antenna - 1);
    const struct gl_sim_ai *a = rospec ? &rospec->specs[rospec->current] : NULL;
    *ret_why = !rospec                    ? "no ROSpec is active"
               : s->unplugged & antenna   ? "the antenna is off"
               : !(a->antennas & antenna) ? "the active AISpec does without this antenna"
                                          : NULL;
    if (*ret_why) return 1;
    r->rospec = rospec->id;
    r->spec = (uint16_t)(rospec->current + 1);
    r->inventory = a->inventory;
    r->content = spec_of(s, rospec->id)->content;
    r->memory = spec_of(s, rospec->id)->memory;
    r->merges = age_ms == 0;
    r->first_us = r->last_us = gl_sim_clock_us(s, age_ms);
    gl_sim_access(s, r);
    gather(s, r);
    get_ready(s, rospec);
    gl_sim_report(s);
    rospec->seen++;
    if (a->tags && rospec->seen >= a->tags) gl_sim_next_spec(s, rospec);
    gl_sim_report(s);
    return 0;
}
