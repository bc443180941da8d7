#include "isapi/compose.h"

#include <string.h>

#include "isapi/values.h"

static const struct {
    const char *word, *open, *prefix;
} spaces[] = {
    {"hikvision", " version=\"2.0\" xmlns=\"http://www.hikvision.com/ver20/XMLSchema\"", ""},
    {"isapi", " version=\"2.0\" xmlns=\"http://www.isapi.org/ver20/XMLSchema\"", ""},
    {"std-cgi", " version=\"1.0\" xmlns=\"http://www.std-cgi.com/ver10/XMLSchema\"", ""},
    {"psia", " version=\"1.0\" xmlns=\"urn:psialliance-org\"", ""},
    {"prefixed", " version=\"2.0\" xmlns:ns1=\"http://www.isapi.org/ver20/XMLSchema\"", "ns1:"},
    {"none", "", ""},
};

static size_t space_of(const char *word) {
    for (size_t i = 0; i < GL_COUNT(spaces); i++)
        if (strcmp(spaces[i].word, word) == 0) return i;
    return GL_COUNT(spaces);
}

bool gl_isapi_space_known(const char *space) {
    return space_of(space) < GL_COUNT(spaces);
}

struct gl_isapi_scene gl_isapi_scene(void) {
    return (struct gl_isapi_scene){
        .direction = "forward", .vehicle = "truck", .confidence = "97", .space = "hikvision", .lane = 1, .pictures = 2};
}

/* Elements with a prefix, so that an NVR's way of forwarding can be shown as well. */
struct writer {
    struct gl_buf *out;
    const char *prefix;
};

static void open_element(struct writer w, const char *name) {
    gl_buf_printf(w.out, "<%s%s>\n", w.prefix, name);
}
static void close_element(struct writer w, const char *name) {
    gl_buf_printf(w.out, "</%s%s>\n", w.prefix, name);
}

static void element(struct writer w, const char *name, const char *text) {
    gl_buf_printf(w.out, "<%s%s>", w.prefix, name);
    for (const char *p = text; *p; p++) {
        if (*p == '<')
            gl_buf_text(w.out, "&lt;");
        else if (*p == '>')
            gl_buf_text(w.out, "&gt;");
        else if (*p == '&')
            gl_buf_text(w.out, "&amp;");
        else
            gl_buf_char(w.out, *p);
    }
    gl_buf_printf(w.out, "</%s%s>\n", w.prefix, name);
}

static void number(struct writer w, const char *name, int64_t v) {
    char text[24];
    gl_format(text, sizeof text, "%lld", (long long)v);
    element(w, name, text);
}

static void optional(struct writer w, const char *name, const char *text) {
    if (text[0]) element(w, name, text);
}

static const char *const picture_types[] = {"licensePlatePicture", "vehiclePicture"};

static void picture_list(struct writer w, int64_t n) {
    open_element(w, "pictureInfoList");
    for (int64_t i = 0; i < n && i < (int64_t)GL_COUNT(picture_types); i++) {
        char file[40];
        gl_format(file, sizeof file, "%s.jpg", picture_types[i]);
        open_element(w, "pictureInfo");
        element(w, "fileName", file);
        element(w, "type", picture_types[i]);
        element(w, "dataType", "0");
        element(w, "picRecogMode", "0");
        close_element(w, "pictureInfo");
    }
    close_element(w, "pictureInfoList");
}

static void vehicle_info(struct writer w, const struct gl_isapi_scene *s) {
    open_element(w, "vehicleInfo");
    element(w, "index", "1");
    element(w, "colorDepth", "2");
    element(w, "color", "white");
    element(w, "vehileModel", "0");
    if (s->container[0]) {
        open_element(w, "containerInfo");
        open_element(w, "containerList");
        open_element(w, "container");
        element(w, "containerMainNum", s->container);
        element(w, "containerNumConfidence", "95");
        close_element(w, "container");
        close_element(w, "containerList");
        close_element(w, "containerInfo");
    }
    close_element(w, "vehicleInfo");
}

static void anpr(struct writer w, const struct gl_isapi_scene *s) {
    open_element(w, "ANPR");
    number(w, "country", gl_isapi_country_code(s->country));
    element(w, "licensePlate", s->plate);
    number(w, "line", s->lane);
    element(w, "direction", s->direction);
    element(w, "confidenceLevel", s->confidence);
    element(w, "plateType", "unknown");
    element(w, "plateColor", "unknown");
    element(w, "dangmark", "no");
    optional(w, "plateCharBelieve", s->characters);
    element(w, "vehicleType", s->vehicle);
    element(w, "detectDir", "8");
    element(w, "detectType", "0");
    element(w, "alarmDataType", s->history ? "1" : "0");
    vehicle_info(w, s);
    picture_list(w, s->pictures);
    if (s->more) element(w, "hasMoreData", "true");
    element(w, "originalLicensePlate", s->original[0] ? s->original : s->plate);
    number(w, "CRIndex", gl_isapi_country_code(s->country));
    element(w, "vehicleListName", "otherList");
    close_element(w, "ANPR");
}

static void heading(struct writer w, const char *time, const char *type, const char *state, const char *description) {
    element(w, "ipAddress", "192.0.2.64");
    element(w, "portNo", "80");
    element(w, "protocol", "HTTP");
    element(w, "macAddress", "02:00:5e:00:53:01");
    element(w, "channelID", "1");
    element(w, "dateTime", time);
    element(w, "activePostCount", "1");
    element(w, "eventType", type);
    element(w, "eventState", state);
    element(w, "eventDescription", description);
}

void gl_isapi_compose_event(const struct gl_isapi_scene *s, struct gl_buf *out) {
    size_t space = space_of(s->space);
    if (space == GL_COUNT(spaces)) space = 0;
    struct writer w = {out, spaces[space].prefix};
    gl_buf_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    gl_buf_printf(out, "<%sEventNotificationAlert%s>\n", w.prefix, spaces[space].open);
    heading(w, s->time, "ANPR", "active", "ANPR");
    anpr(w, s);
    optional(w, "UUID", s->uuid);
    number(w, "picNum", s->pictures);
    element(w, "isDataRetransmission", s->resent ? "true" : "false");
    gl_buf_printf(out, "</%sEventNotificationAlert>\n", w.prefix);
}

void gl_isapi_compose_heartbeat(const char *time, struct gl_buf *out) {
    struct writer w = {out, ""};
    gl_buf_printf(out, "<EventNotificationAlert%s>\n", spaces[1].open);
    heading(w, time, "videoloss", "inactive", "videoloss alarm");
    gl_buf_text(out, "</EventNotificationAlert>\n");
}

/* Bits of entropy-coded data: most significant first, FF followed by a stuffed 00. */
struct bits {
    struct gl_buf *out;
    unsigned hold, n;
};

static void put_bits(struct bits *b, unsigned value, unsigned count) {
    while (count-- > 0) {
        b->hold = b->hold << 1 | (value >> count & 1);
        if (++b->n < 8) continue;
        gl_buf_u8(b->out, (uint8_t)b->hold);
        if ((b->hold & 0xff) == 0xff) gl_buf_u8(b->out, 0);
        b->n = b->hold = 0;
    }
}

/* A baseline JPEG of 64 x 32 grey pixels: 8 x 4 blocks, each with a DC difference and an end of block. Two Huffman codes of two
 * bits say "no difference" (00) and "one of seven bits" (01); the one AC code (0) is the end of block. */
void gl_isapi_compose_picture(unsigned shade, struct gl_buf *out) {
    static const uint8_t frame[] = {0xff, 0xc0, 0, 11, 8, 0, 32, 0, 64, 1, 1, 0x11, 0};
    static const uint8_t dc[] = {0xff, 0xc4, 0, 21, 0x00, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
    static const uint8_t ac[] = {0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0};
    struct bits b = {.out = out};
    gl_buf_add(out, "\xff\xd8\xff\xdb\0\x43\0", 7);
    for (int i = 0; i < 64; i++) gl_buf_u8(out, 8);
    gl_buf_add(out, frame, sizeof frame);
    gl_buf_add(out, dc, sizeof dc);
    gl_buf_add(out, ac, sizeof ac);
    gl_buf_add(out, scan, sizeof scan);
    put_bits(&b, 1, 2);
    put_bits(&b, shade < 64 ? shade : 0x40 | (shade & 0x3f), 7);
    put_bits(&b, 0, 1);
    for (int i = 1; i < 32; i++) put_bits(&b, 0, 3);
    put_bits(&b, 0x7f, (8 - b.n) % 8);
    gl_buf_add(out, "\xff\xd9", 2);
}

void gl_isapi_compose_part(const char *type, const char *name, const char *filename, const void *body, size_t len,
                           struct gl_buf *out) {
    gl_buf_text(out, "--boundary\r\n");
    if (name) gl_buf_printf(out, "Content-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n", name, filename);
    gl_buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, len);
    gl_buf_add(out, body, len);
    gl_buf_text(out, "\r\n");
}

void gl_isapi_compose_message(const struct gl_isapi_scene *s, bool form, struct gl_buf *out) {
    GL_CLEANUP(gl_buf_free) struct gl_buf part = GL_BUF(65536);
    gl_isapi_compose_event(s, &part);
    gl_isapi_compose_part(form ? "text/xml" : "application/xml; charset=\"UTF-8\"", form ? "anpr.xml" : NULL, "anpr.xml", part.data,
                          part.len, out);
    for (int64_t i = 0; i < s->pictures && i < (int64_t)GL_COUNT(picture_types); i++) {
        char file[40];
        gl_format(file, sizeof file, "%s.jpg", picture_types[i]);
        gl_buf_reset(&part);
        gl_isapi_compose_picture((unsigned)(strlen(s->plate) * 16 + (unsigned)i * 40) & 0x7f, &part);
        gl_isapi_compose_part("image/jpeg", form ? file : NULL, file, part.data, part.len, out);
    }
    if (part.failed) out->failed = true;
}
