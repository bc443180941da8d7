/* What a radiation portal sends on a day: 700 vehicles, none of them in alarm.
 *
 *     setup                    once
 *     NB GB                    every 5 s while nobody is there, 105 s before each vehicle
 *     SP NS GS*6 GS*4          the first second, and the one before it
 *     NS GS*5 ...              nine more
 *     GX                       it is over */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "tsa/tsa.h"

enum {
    DAY_MS = 86400000,
    VEHICLES = 700,
    SLOT_MS = DAY_MS / VEHICLES,
    IDLE_MS = 105000,
    SECONDS = 10,
    PER_SECOND = 5,
    HISTORY = 5
};
enum { GAMMA = 80, SHADOW = 60, SPREAD = 17 }; /* counts of a detector in 0.2 s: usual, behind a load, and how far they scatter */

struct day {
    struct decode_input *in;
    uint64_t random;
};

static void line(struct day *d, const char *tag, const int64_t v[4]) {
    gl_buf_printf(&d->in->bytes, "%s,%06" PRId64 ",%06" PRId64 ",%06" PRId64 ",%06" PRId64 "\r\n", tag, v[0], v[1], v[2], v[3]);
    d->in->items++;
}

static int64_t below(struct day *d, int64_t n) {
    d->random = d->random * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((d->random >> 33) % (uint64_t)n);
}

static void counts(struct day *d, const char *tag, int64_t about, int64_t spread) {
    int64_t v[4];
    for (size_t i = 0; i < GL_COUNT(v); i++) v[i] = about - spread / 2 + below(d, spread);
    line(d, tag, v);
}

static void setup(struct day *d) {
    static const char lines[] =
        "SG1,002500,000080,05,10,05.0,P\r\nSG2,1111,0.070,0.450,01,1010,A\r\nSG3,0.070,0.450,020,000,1.10.1\r\n"
        "SN1,000050,03,0047,1200,01,120\r\nSN2,0.500,5.000,0.500,5.000,PP\r\n";
    gl_buf_text(&d->in->bytes, lines);
    for (const char *p = lines; *p; p++) d->in->items += *p == '\n';
    decode_piece(d->in, 0);
}

static void idle(struct day *d, int64_t ms) {
    counts(d, "NB", 0, 1);
    decode_piece(d->in, ms);
    counts(d, "GB", GAMMA * PER_SECOND, 9);
    decode_piece(d->in, ms + 80);
}

static void occupancy(struct day *d, int64_t n, int64_t ms) {
    gl_buf_text(&d->in->bytes, "SP,0.1600,04.262,006.86,000000\r\n");
    d->in->items++;
    decode_piece(d->in, ms);
    for (int s = 0; s < SECONDS; s++)
        for (int i = s ? HISTORY : 0; i < HISTORY + PER_SECOND; i++) {
            if (i == (s ? HISTORY : 0)) counts(d, "NS", 1, 3);
            counts(d, "GS", s > 2 && s < 8 ? SHADOW : GAMMA, SPREAD);
            if (i >= HISTORY) decode_piece(d->in, ms + s * 1000 + (i - HISTORY) * 200);
        }
    line(d, "GX", (const int64_t[]){n, 2600, 0, 0});
    decode_piece(d->in, ms + SECONDS * 1000);
}

static void prepare(struct decode_input *in) {
    struct day d = {in, 88172645463325252u};
    setup(&d);
    for (int64_t n = 0; n < VEHICLES; n++) {
        for (int64_t ms = 0; ms < IDLE_MS; ms += 5000) idle(&d, n * SLOT_MS + ms);
        occupancy(&d, n + 1, n * SLOT_MS + IDLE_MS);
    }
    in->readings = 2 * VEHICLES;
    in->span_ms = DAY_MS;
}

static bool sound(const struct gl_reading *r) {
    const struct gl_radiation_value *v = &r->value.radiation;
    if (v->phase == GL_RADIATION_START) return true;
    return v->phase == GL_RADIATION_OCCUPANCY && !v->fault[0] && v->gamma_alarm == GL_FALSE && v->gamma.agrees == GL_TRUE &&
           v->gamma.samples == HISTORY + SECONDS * PER_SECOND && v->neutron.samples == SECONDS;
}

/* ---- beside it ------------------------------------------------------------------------------------------------------------------------- */
/* Line by line, and the four numbers of each. */
static uint64_t numbers(const uint8_t *bytes, size_t len) {
    const char *p = (const char *)bytes, *end = p + len, *line_end;
    uint64_t read = 0;
    for (; p < end && (line_end = memchr(p, '\n', (size_t)(end - p))); p = line_end + 1) {
        const char *at = memchr(p, ',', (size_t)(line_end - p));
        for (int i = 0; i < 4 && at; i++) {
            char *after;
            read += (uint64_t)strtol(at + 1, &after, 10);
            at = *after == ',' ? after : NULL;
        }
    }
    return read;
}

static uint64_t lines_alone(const uint8_t *bytes, size_t len) {
    const uint8_t *p = bytes, *end = p + len;
    uint64_t lines = 0;
    for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++) lines++;
    return lines;
}

const struct decode_kind decode_tsa = {"tsa", &gl_protocol_tsa, prepare, NULL, sound, numbers, lines_alone};
