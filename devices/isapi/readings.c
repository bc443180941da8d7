#include "isapi/readings.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "isapi/values.h"
#include "model/identifiers.h"
#include "model/plates.h"

static void refuse(const struct gl_sink *sink, const char *reason, const char *what, const char *text, const char *right) {
    char detail[200];
    gl_format(detail, sizeof detail, "%s is \"%.60s\"; %s", what, text, right);
    sink->refused(sink->user, reason, detail);
}

struct gl_isapi_moment gl_isapi_when(const struct gl_isapi_event *ev, const struct gl_isapi_policy *policy, int64_t arrival,
                                     const struct gl_sink *sink) {
    struct gl_isapi_moment m = {.time = arrival};
    m.late = strcmp(ev->data_type, "1") == 0 || gl_isapi_true(ev->resent);
    if (!policy->trust_clock) return m;
    int64_t told;
    int rc = gl_isapi_time(ev->time, &told);
    if (rc != 0) {
        refuse(sink, "time_malformed", "dateTime", ev->time,
               rc == 1 ? "it has no offset (+01:00), so the time of arrival stands" : "the time of arrival stands");
        return m;
    }
    m.time = told;
    m.told = true;
    if (told > arrival + policy->late_after || told < arrival - policy->late_after) {
        m.skewed = !m.late;
        m.late = true;
    }
    return m;
}

/* All that cameras write in place of a plate that they could not read or did not find. */
static bool no_plate(const char *text) {
    return gl_plate_looks_like_none(text) || strcmp(text, "00000000") == 0;
}

static double confidence(const char *what, const char *text, const struct gl_sink *sink) {
    double v = NAN;
    if (text[0] && gl_isapi_percent(text, &v) < 0) refuse(sink, "confidence_range", what, text, "it must be 0 to 100");
    return v;
}

static void add_candidate(struct gl_reading *r, const char *text, double conf) {
    struct gl_candidate *c = &r->candidates[r->n_candidates];
    if (r->n_candidates == GL_COUNT(r->candidates) || no_plate(text)) return;
    if (strcmp(text, r->value.plate.text) == 0 || gl_copy(c->text, sizeof c->text, text) < 0) return;
    c->confidence = conf;
    r->n_candidates++;
}

/* ISO-CR before CRIndex before country: the last is the oldest and has the most holes. */
static void set_country(const struct gl_isapi_event *ev, struct gl_plate_value *plate) {
    const char *iso = ev->iso_country, *found = "";
    int64_t code;
    if (strlen(iso) == 2 && isalpha((unsigned char)iso[0]) && isalpha((unsigned char)iso[1])) {
        plate->country[0] = (char)toupper((unsigned char)iso[0]);
        plate->country[1] = (char)toupper((unsigned char)iso[1]);
        return;
    }
    if (gl_parse_int(ev->cr_index, 0, INT16_MAX, &code) == 0) found = gl_isapi_country(code);
    if (!found[0] && gl_parse_int(ev->country, 0, INT16_MAX, &code) == 0) found = gl_isapi_country(code);
    gl_clip(plate->country, sizeof plate->country, found);
}

/* Characters of a UTF-8 text, with or without its separators. */
static size_t count_characters(const char *text, bool separators) {
    size_t n = 0;
    for (const char *p = text; *p; p++)
        if (((unsigned char)*p & 0xC0) != 0x80 && (separators || !strchr(" -.", *p))) n++;
    return n;
}

static void set_characters(const struct gl_isapi_event *ev, struct gl_plate_value *plate, const struct gl_sink *sink) {
    uint16_t n = 0;
    if (!ev->characters[0] || !plate->text[0]) return;
    int rc = gl_isapi_characters(ev->characters, plate->characters, GL_COUNT(plate->characters), &n);
    if (rc == 0 && (n == count_characters(plate->text, true) || n == count_characters(plate->text, false)))
        plate->n_characters = n;
    else
        refuse(sink, "characters_malformed", "plateCharBelieve", ev->characters, "it must be one 0 to 100 for each character");
}

/* The orange plate of a dangerous load is no number plate. */
static bool is_adr(const struct gl_isapi_event *ev, const struct gl_isapi_plate *plate) {
    return strcasecmp(plate->colour, "orange") == 0 || (ev->adr[0] && strcmp(ev->adr, plate->text) == 0);
}

static const char *plate_text(const struct gl_isapi_event *ev) {
    if (ev->plate_lost) return "";
    return ev->plate[0] ? ev->plate : ev->legacy[0] ? ev->legacy : ev->original;
}

/* What both kinds of trouble with an element's text come to: it counts as absent, and somebody should know. */
static void report_fields(const struct gl_isapi_event *ev, const struct gl_sink *sink) {
    char detail[120];
    if (ev->too_long[0]) {
        gl_format(detail, sizeof detail, "<%s> is longer than such a text can be; it counts as absent", ev->too_long);
        sink->refused(sink->user, "field_too_long", detail);
    }
    if (ev->contradicted[0]) {
        gl_format(detail, sizeof detail, "<%s> comes twice with different texts; it counts as absent", ev->contradicted);
        sink->refused(sink->user, "field_contradicted", detail);
    }
}

void gl_isapi_read_plate(const struct gl_isapi_event *ev, const struct gl_isapi_policy *policy, struct gl_isapi_moment when,
                         const struct gl_sink *sink, struct gl_reading *ret) {
    struct gl_reading *r = ret;
    struct gl_plate_value *plate = &r->value.plate;
    gl_reading_init(r, GL_READING_PLATE);
    report_fields(ev, sink);
    r->time = when.time;
    r->late = gl_tri(when.late);
    gl_clip(r->source_id, sizeof r->source_id, ev->uuid);
    r->confidence = confidence("confidenceLevel", ev->confidence, sink);
    const char *text = plate_text(ev);
    if (!no_plate(text) && gl_copy(plate->text, sizeof plate->text, text) < 0)
        refuse(sink, "plate_too_long", "licensePlate", text, "a plate has at most 32 bytes; the vehicle counts as unread");
    if (!plate->text[0]) r->confidence = 0;
    add_candidate(r, ev->original, r->confidence);
    if (!ev->plate_lost) add_candidate(r, ev->legacy, r->confidence);
    for (size_t i = 0; i < ev->n_plates; i++)
        if (!is_adr(ev, &ev->plates[i]))
            add_candidate(r, ev->plates[i].text, confidence("PlateInfo", ev->plates[i].confidence, sink));
    set_country(ev, plate);
    set_characters(ev, plate, sink);
    plate->direction = (uint8_t)gl_isapi_direction(ev->direction, policy->reversed);
}

static void begin_other(struct gl_reading *r, enum gl_reading_kind kind, const struct gl_isapi_event *ev,
                        struct gl_isapi_moment when) {
    gl_reading_init(r, kind);
    r->time = when.time;
    r->late = gl_tri(when.late);
    gl_clip(r->source_id, sizeof r->source_id, ev->uuid);
}

static void send_container(const struct gl_isapi_event *ev, struct gl_isapi_moment when, const char *text, const char *conf,
                           const struct gl_sink *sink) {
    struct gl_reading r;
    begin_other(&r, GL_READING_CONTAINER, ev, when);
    if (gl_container_parse(text, &r.value.container) < 0) {
        refuse(sink, "container_malformed", "container number", text, "it must be like MSCU9981402");
        return;
    }
    r.confidence = confidence("containerNumConfidence", conf, sink);
    sink->reading(sink->user, &r, NULL, 0);
}

void gl_isapi_send_others(const struct gl_isapi_event *ev, struct gl_isapi_moment when, const struct gl_sink *sink) {
    struct gl_reading r;
    enum gl_class class = gl_isapi_class(ev->vehicle);
    if (class != GL_CLASS_NONE) {
        begin_other(&r, GL_READING_CLASS, ev, when);
        r.value.class.class = (uint8_t) class;
        sink->reading(sink->user, &r, NULL, 0);
    }
    /* <containerNum> may be a count instead of a number; the list says the same in full. */
    if (ev->n_containers == 0 && strlen(ev->container) > 4) send_container(ev, when, ev->container, "", sink);
    for (size_t i = 0; i < ev->n_containers; i++) {
        const struct gl_isapi_container *c = &ev->containers[i];
        char text[64];
        /* Some write the check digit apart, as <containerSubNum>. */
        bool apart = strlen(c->main) == 10 && strlen(c->sub) == 1;
        gl_format(text, sizeof text, "%s%s", c->main, apart ? c->sub : "");
        send_container(ev, when, text, c->confidence, sink);
    }
}
