/* Radiation portals of Rapiscan / TSA (controllers of the SC-770 family): a stream of ASCII lines, nothing is ever sent back.
 *
 *     NB GB            NB GB            NS GS*6 GS GS GS GS NS GS ... GA GA ... GX            NB GB
 *     '- every 5 s: nobody is there     '- occupied: NS a second, GS every 0.2 s '- over
 *
 *     start            the first NS or GS after an idle line
 *     alarm            at the first GA or AA (gamma) and the first NA (neutron), at once
 *     occupancy        at GX, with the counts judged again and the profile
 *     fault, tamper    GH GL NH instead of GB NB; TT, TC
 *
 * What this does not know stays unsaid, and whatever could have hidden an alarm makes its occupancy prove nothing: see occupancy.h. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "occupancy.h"
#include "tsa.h"

enum {
    GAP_MS = 3000,     /* samples come every 0.2 s: after so long without any, the end was lost, and perhaps the next beginning */
    SPEEDS_BEFORE = 8, /* the first beam may be crossed before the occupancy begins */
    SPEED_AGE_MS = 5000,
    IDLE_FAULT_LINES = 3 /* of GH, GL, NH without a sample between them: nobody is there any more */
};

struct speed {
    int64_t mono;
    double kmh;
};

struct tsa {
    struct gl_sink sink;
    bool use_stamps;
    bool first;       /* no line yet: the connection may have begun within one */
    bool idle_known;  /* since connecting it was seen that nobody is in the portal */
    struct gl_now at; /* of the line in hand */
    struct gl_tsa_framer framer;
    struct gl_tsa_setup setup;
    struct gl_tsa_background background;
    const char *gamma_fault, *neutron_fault; /* that stand now; NULL = none */
    uint8_t tamper;                          /* tri */
    int idle_faults;
    size_t n_speeds;
    struct speed speeds[SPEEDS_BEFORE];
    struct gl_tsa_occupancy occupancy;
    struct gl_buf csv;
};

static void refuse(const struct tsa *s, const char *reason, const char *detail) {
    s->sink.refused(s->sink.user, reason, detail);
}

/* ---- readings ---- */

static void reading_init(const struct tsa *s, struct gl_reading *r, enum gl_radiation_phase phase) {
    gl_reading_init(r, GL_READING_RADIATION);
    r->time = s->at.wall;
    r->value.radiation.phase = (uint8_t)phase;
    if (s->occupancy.open && phase != GL_RADIATION_FAULT && phase != GL_RADIATION_TAMPER)
        r->value.radiation.occupancy.start = s->occupancy.start.wall;
}

static void emit(const struct tsa *s, struct gl_reading *r) {
    s->sink.reading(s->sink.user, r, NULL, 0);
}

static void emit_alarm(struct tsa *s, bool neutron) {
    bool *said = neutron ? &s->occupancy.neutron_alarm : &s->occupancy.gamma_alarm;
    struct gl_reading r;
    if (*said) return;
    *said = true;
    reading_init(s, &r, GL_RADIATION_ALARM);
    *(neutron ? &r.value.radiation.neutron_alarm : &r.value.radiation.gamma_alarm) = GL_TRUE;
    emit(s, &r);
}

/* The profile is lost rather than the reading when there is no memory for it. */
static void emit_occupancy(struct tsa *s, struct gl_reading *r) {
    gl_buf_reset(&s->csv);
    gl_tsa_profile_write(&s->occupancy.profile, &s->csv);
    if (s->csv.failed) s->sink.note(s->sink.user, "profile_lost", "no memory for the profile of an occupancy");
    struct gl_attachment profile = {"profile", "text/csv", (const uint8_t *)s->csv.data, s->csv.len};
    s->sink.reading(s->sink.user, r, &profile, s->csv.failed ? 0 : 1);
}

/* ---- the occupancy ---- */

static void close_occupancy(struct tsa *s, int64_t end, int64_t counter, double neutron_background) {
    struct gl_reading r;
    reading_init(s, &r, GL_RADIATION_OCCUPANCY);
    gl_tsa_occupancy_result(&s->occupancy, end, counter, neutron_background, &r.value.radiation);
    if (counter != GL_INT_NULL) gl_format(r.source_id, sizeof r.source_id, "%lld", (long long)counter);
    emit_occupancy(s, &r);
    s->n_speeds = 0;
}

static void close_faulty(struct tsa *s, enum gl_tsa_fault fault) {
    if (!s->occupancy.open) return;
    gl_tsa_occupancy_fault(&s->occupancy, fault);
    close_occupancy(s, s->occupancy.last.wall, GL_INT_NULL, NAN);
}

/* A fault that stands now is one of the occupancy too. */
static void inherit_faults(struct tsa *s) {
    const char *const stand[] = {s->gamma_fault, s->neutron_fault};
    for (size_t i = 0; i < GL_COUNT(stand); i++)
        for (size_t k = 0; stand[i] && k < GL_TSA_FAULTS; k++)
            if (strcmp(stand[i], gl_tsa_faults[k]) == 0) gl_tsa_occupancy_fault(&s->occupancy, (enum gl_tsa_fault)k);
}

static void open_occupancy(struct tsa *s, bool seen) {
    struct gl_tsa_occupancy *o = &s->occupancy;
    struct gl_reading r;
    gl_tsa_occupancy_begin(o, s->at, &s->setup, &s->background);
    if (!seen) gl_tsa_occupancy_fault(o, GL_TSA_JOINED);
    inherit_faults(s);
    for (size_t i = 0; i < s->n_speeds; i++)
        if (s->at.mono - s->speeds[i].mono <= SPEED_AGE_MS) gl_tsa_occupancy_speed(o, s->speeds[i].kmh);
    s->n_speeds = 0;
    s->idle_known = false;
    reading_init(s, &r, GL_RADIATION_START);
    emit(s, &r);
}

/* A sample came, or one that cannot be read: somebody is there. A gamma alarm cannot be the first that is seen of an occupancy: it takes a second. */
static void occupied(struct tsa *s, enum gl_tsa_tag tag) {
    struct gl_tsa_occupancy *o = &s->occupancy;
    if (o->open && s->at.mono - o->last.mono > GAP_MS) {
        s->idle_known = false;
        close_faulty(s, GL_TSA_NO_END);
    }
    if (!o->open) open_occupancy(s, s->idle_known && tag != GL_TSA_GA && tag != GL_TSA_AA);
    o->last = s->at;
    s->idle_faults = 0;
}

static void raise_alarm(struct tsa *s, enum gl_tsa_tag tag) {
    if (tag == GL_TSA_GA || tag == GL_TSA_AA) emit_alarm(s, false);
    if (tag == GL_TSA_NA) emit_alarm(s, true);
}

static void take_sample(struct tsa *s, const struct gl_tsa_line *l) {
    occupied(s, l->tag);
    gl_tsa_occupancy_sample(&s->occupancy, l);
    raise_alarm(s, l->tag);
}

static void take_end(struct tsa *s, const struct gl_tsa_line *l) {
    if (s->occupancy.open)
        close_occupancy(s, s->at.wall, l->count[0], l->count[1] > 0 ? (double)l->count[1] / 1000 : NAN);
    else
        s->sink.note(s->sink.user, "stray_end",
                     "GX without an occupancy: it began before the connection, or its beginning was lost");
    s->idle_known = true;
}

static void take_speed(struct tsa *s, double kmh) {
    if (s->occupancy.open) {
        gl_tsa_occupancy_speed(&s->occupancy, kmh);
        return;
    }
    if (s->n_speeds == SPEEDS_BEFORE) memmove(s->speeds, s->speeds + 1, --s->n_speeds * sizeof s->speeds[0]);
    s->speeds[s->n_speeds++] = (struct speed){s->at.mono, kmh};
}

/* ---- what the portal says of itself ---- */

static void set_fault(struct tsa *s, const char **standing, const char *now) {
    const char *before = *standing;
    struct gl_reading r;
    if (before == now) return;
    *standing = now;
    if (before) s->sink.fault(s->sink.user, before, false);
    if (now) s->sink.fault(s->sink.user, now, true);
    const char *left = now ? now : s->gamma_fault ? s->gamma_fault : s->neutron_fault;
    reading_init(s, &r, GL_RADIATION_FAULT);
    gl_clip(r.value.radiation.fault, sizeof r.value.radiation.fault, left ? left : "");
    emit(s, &r);
}

static void take_fault(struct tsa *s, enum gl_tsa_tag tag) {
    if (tag == GL_TSA_NH)
        set_fault(s, &s->neutron_fault, gl_tsa_faults[GL_TSA_NEUTRON_HIGH]);
    else
        set_fault(s, &s->gamma_fault, gl_tsa_faults[tag == GL_TSA_GH ? GL_TSA_BACKGROUND_HIGH : GL_TSA_BACKGROUND_LOW]);
    if (s->occupancy.open) inherit_faults(s);
    if (s->occupancy.open && ++s->idle_faults == IDLE_FAULT_LINES) close_faulty(s, GL_TSA_NO_END);
    if (!s->occupancy.open) s->idle_known = true;
}

static void take_background(struct tsa *s, const struct gl_tsa_line *l) {
    close_faulty(s, GL_TSA_NO_END);
    s->idle_known = true;
    if (l->tag == GL_TSA_GB) gl_tsa_background_line(&s->background, l, s->at.mono);
    set_fault(s, l->tag == GL_TSA_GB ? &s->gamma_fault : &s->neutron_fault, NULL);
    if (l->tag == GL_TSA_GB) s->sink.alive(s->sink.user);
}

static void take_tamper(struct tsa *s, bool open) {
    struct gl_reading r;
    if (s->tamper == gl_tri(open)) return;
    s->tamper = gl_tri(open);
    s->sink.fault(s->sink.user, "tamper", open);
    reading_init(s, &r, GL_RADIATION_TAMPER);
    r.value.radiation.tamper = gl_tri(open);
    emit(s, &r);
}

/* ---- lines ---- */

/* A gamma alarm of the advanced analysis; its fields are not looked at, but kept. */
static void take_advanced(struct tsa *s, const char *text) {
    occupied(s, GL_TSA_AA);
    gl_tsa_profile_raw(&s->occupancy.profile, text);
    emit_alarm(s, false);
}

static void take_unknown(struct tsa *s, const char *text) {
    s->sink.note(s->sink.user, "unknown_tag", text);
    if (s->occupancy.open) gl_tsa_profile_raw(&s->occupancy.profile, text);
}

static void take(struct tsa *s, const struct gl_tsa_line *l, const char *text) {
    switch (l->tag) {
        case GL_TSA_UNKNOWN: take_unknown(s, text); break;
        case GL_TSA_PASSED: break;
        case GL_TSA_GB:
        case GL_TSA_NB: take_background(s, l); break;
        case GL_TSA_NB1: gl_tsa_background_line(&s->background, l, s->at.mono); break;
        case GL_TSA_GH:
        case GL_TSA_GL:
        case GL_TSA_NH: take_fault(s, l->tag); break;
        case GL_TSA_GS:
        case GL_TSA_GA:
        case GL_TSA_NS:
        case GL_TSA_NA: take_sample(s, l); break;
        case GL_TSA_AA: take_advanced(s, text); break;
        case GL_TSA_SP: take_speed(s, l->number[2]); break;
        case GL_TSA_GX: take_end(s, l); break;
        case GL_TSA_TT: take_tamper(s, true); break;
        case GL_TSA_TC: take_tamper(s, false); break;
        case GL_TSA_NC:
        case GL_TSA_NX: gl_tsa_setup_test(&s->setup, l); break;
        case GL_TSA_SG1:
        case GL_TSA_SG2:
        case GL_TSA_SG3:
        case GL_TSA_SN1:
        case GL_TSA_SN2: gl_tsa_setup_line(&s->setup, l, &s->sink); break;
    }
}

/* Recordings: the recorder's stamp is the time of its line. */
static void set_time(struct tsa *s, const struct gl_tsa_line *l) {
    if (s->use_stamps && l->stamp) s->at = (struct gl_now){l->stamp, l->stamp};
}

/* A line is lost. What its tag alone says counts all the same: an alarm, an open cabinet, somebody in the portal. One that has no known tag may have
 * been anything: an alarm, or the beginning of an occupancy. */
static void lost(struct tsa *s, enum gl_tsa_tag tag) {
    bool sample = gl_tsa_is_sample(tag) || tag == GL_TSA_AA;
    if (tag == GL_TSA_TT) take_tamper(s, true);
    if (tag == GL_TSA_NC || tag == GL_TSA_NX) s->setup.neutron.drift = s->setup.neutron.upper = NAN;
    if (tag == GL_TSA_UNKNOWN) s->idle_known = false;
    if (sample) occupied(s, tag);
    if (s->occupancy.open && (sample || tag == GL_TSA_UNKNOWN)) gl_tsa_occupancy_hole(&s->occupancy, tag);
    if (sample) raise_alarm(s, tag);
}

/* A line that cannot be taken. rc: what parsing it, or what there is of it, gave. The first one of a connection may lack its beginning. */
static void refuse_line(struct tsa *s, const struct gl_tsa_line *l, int rc, const char *reason, const char *why) {
    char detail[600];
    if (s->first && rc == GL_TSA_NO_TAG) {
        s->sink.note(s->sink.user, "partial_line", s->framer.text);
        return;
    }
    gl_format(detail, sizeof detail, "\"%s\": %s", s->framer.text, why);
    refuse(s, reason, detail);
    lost(s, l->tag);
}

/* A line, or what there is of one that is refused already: reason and why, else NULL. */
static void take_line(struct tsa *s, const char *reason, const char *why) {
    struct gl_tsa_line l;
    struct gl_error err = {""};
    int rc = gl_tsa_parse(s->framer.text, s->at.wall, &l, &err);
    set_time(s, &l);
    if (rc == 0 && !reason)
        take(s, &l, s->framer.text);
    else
        refuse_line(s, &l, rc, reason ? reason : "line_malformed", reason ? why : err.text);
    s->first = false;
}

/* ---- the protocol ---- */

static int tsa_open(void *state, const struct gl_settings *settings, const struct gl_sink *sink, struct gl_error *err) {
    struct tsa *s = state;
    const char *stamps = gl_setting_text(settings, "stamps");
    memset(s, 0, sizeof *s);
    s->sink = *sink;
    s->use_stamps = stamps && strcmp(stamps, "use") == 0;
    s->csv = GL_BUF(GL_TSA_PROFILE_BYTES);
    gl_tsa_background_begin(&s->background);
    return gl_tsa_setup_open(&s->setup, gl_setting_text(settings, "sigma"), gl_setting_text(settings, "groups"), err);
}

static void tsa_begin(void *state, const char *content_type GL_UNUSED, struct gl_now now) {
    struct tsa *s = state;
    s->at = s->use_stamps ? (struct gl_now){now.wall, now.wall} : now;
    s->first = true;
    s->idle_known = false;
    s->idle_faults = 0;
    s->n_speeds = 0;
    s->framer = (struct gl_tsa_framer){0};
    s->setup.neutron.drift = s->setup.neutron.upper = NAN;
    gl_tsa_background_begin(&s->background);
}

static int tsa_bytes(void *state, const uint8_t *bytes, size_t len, struct gl_now now) {
    struct tsa *s = state;
    if (!s->use_stamps) s->at = now;
    for (size_t i = 0; i < len; i++) {
        char why[80];
        switch (gl_tsa_frame(&s->framer, bytes[i])) {
            case GL_TSA_FRAME_MORE: break;
            case GL_TSA_FRAME_WHOLE: take_line(s, NULL, NULL); break;
            case GL_TSA_FRAME_LONG: take_line(s, "line_too_long", "no end after 200 characters"); break;
            case GL_TSA_FRAME_GARBAGE:
                gl_format(why, sizeof why, "byte 0x%02X behind it; lines are of printable ASCII", bytes[i]);
                take_line(s, "garbage", why);
                break;
        }
    }
    return 0;
}

/* Half a line is none. */
static void tsa_end(void *state, bool complete GL_UNUSED, struct gl_now now) {
    struct tsa *s = state;
    if (!s->use_stamps) s->at = now;
    close_faulty(s, GL_TSA_INTERRUPTED);
    s->framer = (struct gl_tsa_framer){0};
    s->idle_known = false;
}

static void tsa_close(void *state) {
    struct tsa *s = state;
    gl_buf_free(&s->csv);
}

static const char *const stamp_choices[] = {"ignore", "use", NULL};
static const struct gl_setting settings_table[] = {
    {.name = "sigma",
     .type = GL_SET_TEXT,
     .help = "N of the portal's gamma rule, 5.0, for as long as the portal has not said it (SG1)"},
    {.name = "groups",
     .type = GL_SET_CHOICE,
     .choices = gl_tsa_group_choices,
     .help = "groups of detectors that the portal's gamma rule looks at, for as long as it has not said them (SG2)"},
    {.name = "stamps",
     .type = GL_SET_CHOICE,
     .preset = "ignore",
     .choices = stamp_choices,
     .help = "recordings only: use takes the recorder's time stamp behind a line as its time"},
};

const struct gl_protocol gl_protocol_tsa = {
    .abi = GL_PROTOCOL_ABI,
    .size = sizeof(struct gl_protocol),
    .name = "tsa",
    .title = "Rapiscan / TSA radiation portals (SC-770 family): ASCII lines",
    .transports = GL_TRANSPORT_TCP_CONNECT | GL_TRANSPORT_SERIAL,
    .port = 1600,
    .silence_ms = 15 * 1000,
    .settings = settings_table,
    .n_settings = GL_COUNT(settings_table),
    .state_size = sizeof(struct tsa),
    .open = tsa_open,
    .begin = tsa_begin,
    .bytes = tsa_bytes,
    .end = tsa_end,
    .close = tsa_close,
};
