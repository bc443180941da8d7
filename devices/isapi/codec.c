/* Hikvision ISAPI: ANPR events, pushed by the camera (alarm server: one POST per event) or read from its endless alertStream.
 *
 *     POST, multipart/form-data             GET, multipart/mixed                    POST, application/xml
 *       anpr.xml                              XML of event 1                          XML, no pictures
 *       licensePlatePicture.jpg               JPEG of event 1
 *       vehiclePicture.jpg                    XML: heartbeat
 *     ─ end: one plate reading              ─ picNum pictures, or the next XML, or 300 ms: one plate reading
 *
 * The XML part comes first and the pictures follow; a picture that comes when its event was sent already makes the codec send the
 * event again with it, under the same source_id. So does the camera in its plate-first mode. A repeat that brings nothing new is a
 * sign of life. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "isapi/isapi.h"
#include "isapi/multipart.h"
#include "isapi/pictures.h"
#include "isapi/readings.h"
#include "isapi/repeats.h"
#include "isapi/values.h"

enum {
    PARTS_MAX = 16,
    BODY_MAX = 8 * 1024 * 1024,
    GRACE_STREAM_MS = 300,
    GRACE_REQUEST_MS = 2000, /* a slow upload ends before this or its plate goes ahead of the pictures */
    SKEWED_RUN = 3,
};

enum mode { CLOSED, REQUEST, STREAM, XML, REFUSED };

enum subject {
    NO_EVENT, /* no XML part yet */
    IGNORED,  /* the last XML part was refused or is none of ours: so are its pictures */
    WAITING,  /* an event waits for its pictures */
    SENT,     /* it was sent; pictures may still come */
};

struct isapi {
    struct gl_sink sink;
    struct gl_isapi_policy policy;
    struct gl_now now; /* of the call that is being served */
    enum mode mode;
    int64_t bytes_mono; /* when the last bytes came */
    size_t parts, total;
    struct gl_multipart multipart;
    struct gl_buf xml;
    enum subject subject;
    struct gl_isapi_event event;
    struct gl_isapi_moment when;
    struct gl_reading plate;
    size_t want, sent_pictures;
    int64_t since_mono; /* when the event, or its first late picture, came */
    struct gl_isapi_pictures pictures;
    struct gl_isapi_repeats repeats;
    int skewed;
    bool skew_fault, video_fault;
};

static void refuse(struct isapi *s, const char *reason, const char *detail) {
    s->sink.refused(s->sink.user, reason, detail);
}

/* ---- sending ---- */

/* Sends the event that waits, or the late pictures of the one that was sent. */
static void flush(struct isapi *s) {
    bool first = s->subject == WAITING;
    if (!first && !(s->subject == SENT && s->pictures.n > 0)) return;
    struct gl_isapi_said said = {.confidence = s->plate.confidence,
                                 .pictures = s->sent_pictures + s->pictures.n,
                                 .late = s->when.late,
                                 .resent = gl_isapi_true(s->event.resent),
                                 .mono = s->now.mono};
    gl_clip(said.uuid, sizeof said.uuid, s->event.uuid);
    gl_clip(said.text, sizeof said.text, s->plate.value.plate.text);
    if (gl_isapi_is_repeat(&s->repeats, &said)) {
        s->sink.alive(s->sink.user);
    } else {
        struct gl_attachment att[GL_ISAPI_PICTURES_MAX];
        struct gl_reading r = s->plate;
        gl_isapi_pictures_attach(&s->pictures, &s->event, s->sent_pictures, att);
        s->sink.reading(s->sink.user, &r, att, s->pictures.n);
        if (first) gl_isapi_send_others(&s->event, s->when, &s->sink);
        gl_isapi_remember(&s->repeats, &said);
    }
    s->subject = SENT;
    s->sent_pictures += s->pictures.n;
    gl_isapi_pictures_clear(&s->pictures);
}

/* ---- one event ---- */

/* Raises or lowers a fault when it changes. */
static void set_fault(struct isapi *s, bool *flag, bool raised, const char *reason) {
    if (*flag == raised) return;
    *flag = raised;
    s->sink.fault(s->sink.user, reason, raised);
}

/* Everything that is no ANPR event is a sign of life. "videoloss" with "inactive" is the usual heartbeat; with "active" it means
 * itself. */
static void take_other(struct isapi *s) {
    if (strcasecmp(s->event.type, "videoloss") == 0)
        set_fault(s, &s->video_fault, strcasecmp(s->event.state, "active") == 0, "video_loss");
    s->subject = IGNORED;
    s->sink.alive(s->sink.user);
}

/* Three live events in a row whose times are off: that is the camera's clock or zone, not a delay on the way. */
static void judge_clock(struct isapi *s) {
    if (!s->when.told || (s->when.late && !s->when.skewed)) return;
    s->skewed = s->when.skewed ? s->skewed + (s->skewed < SKEWED_RUN) : 0;
    if (s->when.skewed) {
        char told[GL_TIME_TEXT], arrival[GL_TIME_TEXT], detail[200];
        gl_time_format(s->when.time, told);
        gl_time_format(s->now.wall, arrival);
        gl_format(detail, sizeof detail,
                  "the camera says %s, it arrived %s: set the camera's clock and time zone, or clock: arrival", told, arrival);
        refuse(s, "clock_skew", detail);
    }
    set_fault(s, &s->skew_fault, s->skewed >= SKEWED_RUN, "clock_skew");
}

/* 1 = of our lane, 0 = of another one, negative = cannot be told. */
static int our_line(const struct isapi *s) {
    int64_t line;
    if (s->policy.line == 0) return 1;
    if (gl_parse_int(s->event.line, 0, INT16_MAX, &line) < 0) return -EINVAL;
    return line == s->policy.line;
}

static void take_anpr(struct isapi *s) {
    int64_t n;
    int ours = our_line(s);
    s->subject = IGNORED;
    if (ours < 0) refuse(s, "line_missing", "<line> is no number, so that the event cannot be told from another lane's");
    if (ours == 0) s->sink.alive(s->sink.user);
    if (ours <= 0) return;
    s->when = gl_isapi_when(&s->event, &s->policy, s->now.wall, &s->sink);
    judge_clock(s);
    gl_isapi_read_plate(&s->event, &s->policy, s->when, &s->sink, &s->plate);
    s->want = gl_parse_int(s->event.pictures_number, 0, GL_ISAPI_PICTURES_MAX, &n) == 0 ? (size_t)n : s->event.n_pictures;
    if (gl_isapi_true(s->event.more)) s->want = 0; /* plate first: they come with a second event */
    s->subject = WAITING;
    s->since_mono = s->now.mono;
    if (s->want == 0 && s->mode == STREAM) flush(s);
}

static void take_xml(struct isapi *s, const uint8_t *xml, size_t len) {
    struct gl_error err;
    const char *reason;
    bool early = s->subject == NO_EVENT && s->mode == REQUEST; /* pictures may stand before their event there */
    flush(s);
    if (!early) gl_isapi_pictures_clear(&s->pictures);
    s->sent_pictures = 0;
    s->subject = IGNORED;
    if (gl_isapi_event_parse(xml, len, &s->event, &reason, &err) < 0) {
        refuse(s, reason, err.text);
        return;
    }
    if (strcmp(s->event.root, "ResponseStatus") == 0) {
        char detail[180];
        gl_format(detail, sizeof detail, "the camera answers \"%s\" instead of an event", s->event.status);
        refuse(s, "response_status", detail);
        return;
    }
    if (strcmp(s->event.root, "EventNotificationAlert") != 0) {
        char detail[120];
        gl_format(detail, sizeof detail, "the document is a <%s>; it must be an <EventNotificationAlert>", s->event.root);
        refuse(s, "event_unknown", detail);
        return;
    }
    bool anpr = s->event.type[0] ? strcasecmp(s->event.type, "ANPR") == 0 : s->event.anpr;
    if (anpr)
        take_anpr(s);
    else
        take_other(s);
}

/* ---- parts ---- */

static void take_picture(struct isapi *s, const struct gl_part *part, const uint8_t *bytes, size_t len) {
    if (s->subject == IGNORED) return;
    if (s->subject == NO_EVENT && s->mode == STREAM) {
        refuse(s, "picture_orphan", "a picture came before any event");
        return;
    }
    int rc = gl_isapi_pictures_add(&s->pictures, part, bytes, len);
    if (rc == -ENOSPC)
        refuse(s, "too_many_pictures", "an event has at most 8 pictures of 8 MiB together");
    else if (rc < 0)
        refuse(s, "out_of_memory", "no memory for a picture");
    if (rc < 0) return;
    if (s->subject == SENT && s->pictures.n == 1) s->since_mono = s->now.mono;
    if (s->mode == STREAM && s->sent_pictures + s->pictures.n == s->want) flush(s);
}

static bool is_xml(const struct gl_part *part, const uint8_t *p, size_t len) {
    static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
    if (strstr(part->type, "xml")) return true;
    if (len >= sizeof bom && memcmp(p, bom, sizeof bom) == 0) {
        p += sizeof bom;
        len -= sizeof bom;
    }
    while (len > 0 && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) {
        p++;
        len--;
    }
    return len > 0 && *p == '<';
}

/* The content decides what a part is; its header only helps: pictures come as application/octet-stream too. */
static void on_part(void *user, const struct gl_part *part, const uint8_t *body, size_t len) {
    struct isapi *s = user;
    char detail[200];
    bool picture = len >= 2 && body[0] == 0xff && body[1] == 0xd8, xml = !picture && is_xml(part, body, len);
    if (len == 0) return;
    if (xml && s->mode == STREAM) s->parts = 0;
    if (++s->parts > PARTS_MAX) {
        if (s->parts == PARTS_MAX + 1) refuse(s, "too_many_parts", "an event has at most 16 parts");
        return;
    }
    gl_format(detail, sizeof detail, "part \"%s\" of type \"%s\" holds neither XML nor a JPEG", part->name, part->type);
    if (xml)
        take_xml(s, body, len);
    else if (picture)
        take_picture(s, part, body, len);
    else if (strncmp(part->type, "image/", 6) == 0)
        refuse(s, "picture_malformed", detail);
    else
        refuse(s, "part_unknown", detail);
}

static void on_part_refused(void *user, const char *reason, const char *detail) {
    refuse(user, reason, detail);
}

/* ---- the protocol ---- */

static int isapi_open(void *state, const struct gl_settings *settings, const struct gl_sink *sink, struct gl_error *err) {
    struct isapi *s = state;
    const char *clock = gl_setting_text(settings, "clock"), *direction = gl_setting_text(settings, "direction");
    if (!clock || !direction) return gl_fail(err, -EINVAL, "isapi: the settings clock and direction must be given");
    s->sink = *sink;
    s->policy = (struct gl_isapi_policy){
        .trust_clock = strcmp(clock, "offset") == 0,
        .late_after = gl_setting_ms(settings, "late_after", 60 * 1000),
        .line = gl_setting_int(settings, "lane", 0),
        .reversed = strcmp(direction, "reversed") == 0,
    };
    s->multipart.user = s;
    s->multipart.part = on_part;
    s->multipart.refused = on_part_refused;
    s->xml = GL_BUF(GL_ISAPI_XML_MAX);
    return 0;
}

static bool is_type(const char *content_type, const char *type) {
    size_t n = strlen(type);
    return strncasecmp(content_type, type, n) == 0 && strchr("; \t", content_type[n]);
}

static void isapi_begin(void *state, const char *content_type, struct gl_now now) {
    struct isapi *s = state;
    struct gl_error err;
    const char *type = content_type ? content_type : "";
    s->now = now;
    s->bytes_mono = now.mono;
    s->parts = s->total = 0;
    s->subject = NO_EVENT;
    s->sent_pictures = 0;
    gl_isapi_pictures_clear(&s->pictures);
    gl_buf_reset(&s->xml);
    if (is_type(type, "application/xml") || is_type(type, "text/xml")) {
        s->mode = XML;
    } else if (gl_multipart_begin(&s->multipart, type, &err) == 0) {
        s->mode = is_type(type, "multipart/form-data") ? REQUEST : STREAM;
    } else {
        s->mode = REFUSED;
        char detail[300];
        gl_format(detail, sizeof detail, "%.160s; it must be multipart/form-data, multipart/mixed or application/xml", err.text);
        refuse(s, "content_type", detail);
    }
}

static int too_big(struct isapi *s, const char *reason, const char *detail) {
    s->mode = REFUSED;
    refuse(s, reason, detail);
    return -EMSGSIZE;
}

static int isapi_bytes(void *state, const uint8_t *bytes, size_t len, struct gl_now now) {
    struct isapi *s = state;
    s->now = now;
    s->bytes_mono = now.mono;
    if (s->mode == CLOSED || s->mode == REFUSED) return -EPROTO;
    if (s->mode == XML) {
        gl_buf_add(&s->xml, bytes, len);
        return s->xml.failed ? too_big(s, "xml_too_big", "an event has at most 256 KiB") : 0;
    }
    s->total += len;
    if (s->mode == REQUEST && s->total > BODY_MAX) return too_big(s, "body_too_big", "a request has at most 8 MiB");
    int rc = gl_multipart_bytes(&s->multipart, bytes, len);
    if (rc < 0) {
        flush(s); /* an event that had come whole stays one */
        s->mode = REFUSED;
    } else if (s->mode == REQUEST && s->parts > PARTS_MAX) {
        flush(s);
        s->mode = REFUSED;
        rc = -EPROTO;
    }
    return rc;
}

static void isapi_end(void *state, bool complete, struct gl_now now) {
    struct isapi *s = state;
    s->now = now;
    if (s->mode == REQUEST || s->mode == STREAM) {
        gl_multipart_end(&s->multipart, complete && s->mode == REQUEST); /* a stream never ends in earnest */
        if (s->parts == 0 && complete)
            refuse(s, "boundary_missing", "the body ended without a part between the announced boundaries");
        if (s->subject == NO_EVENT && s->pictures.n > 0) refuse(s, "event_missing", "pictures came without the XML of their event");
    } else if (s->mode == XML && complete) {
        take_xml(s, (const uint8_t *)(s->xml.data ? s->xml.data : ""), s->xml.len);
    } else if (s->mode == XML && s->xml.len > 0) {
        refuse(s, "cut", "the connection ended inside an event");
    }
    flush(s);
    gl_isapi_pictures_clear(&s->pictures);
    s->subject = NO_EVENT;
    s->mode = CLOSED;
}

static int isapi_timer(void *state, struct gl_now now) {
    struct isapi *s = state;
    s->now = now;
    if (s->mode != REQUEST && s->mode != STREAM) return 0;
    if (s->mode == STREAM && now.mono - s->bytes_mono >= GRACE_STREAM_MS) gl_multipart_idle(&s->multipart);
    if (now.mono - s->since_mono >= (s->mode == STREAM ? GRACE_STREAM_MS : GRACE_REQUEST_MS)) flush(s);
    return 0;
}

static void isapi_close(void *state) {
    struct isapi *s = state;
    gl_isapi_pictures_clear(&s->pictures);
    gl_multipart_free(&s->multipart);
    gl_buf_free(&s->xml);
}

static const char *const clock_choices[] = {"offset", "arrival", NULL};
static const char *const direction_choices[] = {"as-is", "reversed", NULL};
static const struct gl_setting settings_table[] = {
    {.name = "clock",
     .type = GL_SET_CHOICE,
     .preset = "offset",
     .choices = clock_choices,
     .help = "which time counts: the camera's, by its offset, or the time of arrival"},
    {.name = "late_after",
     .type = GL_SET_DURATION,
     .preset = "60s",
     .min = 1000,
     .max = 24 * 3600 * 1000,
     .help = "with clock: offset, an event whose time is further off than this is late and decides nothing"},
    {.name = "lane",
     .type = GL_SET_INT,
     .min = 1,
     .max = 99,
     .help = "the camera's own lane number (<line>); events of its other lanes are passed over"},
    {.name = "direction",
     .type = GL_SET_CHOICE,
     .preset = "as-is",
     .choices = direction_choices,
     .help = "reversed: the camera sees the lane from behind, so that its \"forward\" is leaving"},
};

const struct gl_protocol gl_protocol_isapi = {
    .abi = GL_PROTOCOL_ABI,
    .size = sizeof(struct gl_protocol),
    .name = "isapi",
    .title = "Hikvision ISAPI: pushed ANPR events or alertStream",
    .transports = GL_TRANSPORT_HTTP_PUSH | GL_TRANSPORT_HTTP_PULL,
    .port = 80,
    .path = "/ISAPI/Event/notification/alertStream",
    .silence_ms = 30 * 1000,
    .settings = settings_table,
    .n_settings = GL_COUNT(settings_table),
    .state_size = sizeof(struct isapi),
    .open = isapi_open,
    .begin = isapi_begin,
    .bytes = isapi_bytes,
    .end = isapi_end,
    .timer = isapi_timer,
    .close = isapi_close,
};
