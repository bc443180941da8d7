/* Barcode and QR readers that send text, on a serial line or TCP. One frame is one result:
 *
 *     line      [prefix][AIM][data][suffix] CR | LF | CRLF
 *     stx-etx   STX [prefix][AIM][data][suffix] ETX            0x02 ... 0x03; what lies between the frames is noise
 *     idle      [prefix][AIM][data][suffix] then silence       for readers without a terminator and for binary codes
 *
 *     AIM       ] letter digit: "]C0" Code 128, "]C1" GS1-128, "]Q1" QR, "]Q3" GS1 QR, "]d2" GS1 Data Matrix; parsed only when configured,
 *               for the data of any code may begin so
 *     0x1D      GS, the separator of GS1 data: the one control character that a text may hold
 *     NOREAD    a reader's words for "triggered and saw nothing": a sign of life, no reading
 *
 * A frame that is cut, too long or holds what no text holds is refused as a whole: half a code is another code. */
#include "line.h"

#include <errno.h>
#include <string.h>

enum {
    STX = 0x02,
    ETX = 0x03,
    LF = 0x0A,
    CR = 0x0D,
    GS = 0x1D,
    MOST = GL_CODE_TEXT - 1,  /* longest code */
    AROUND = 2 * 256 + 3 + 2, /* longest prefix, suffix, AIM identifier and CR LF together */
    UNTERMINATED_AFTER_MS =
        2000, /* a reader sends one result without pausing; even 4296 characters at 9600 baud come in one piece */
};

enum framing { FRAME_LINE, FRAME_STX_ETX, FRAME_IDLE };

static const char *const framings[] = {"line", "stx-etx", "idle", NULL};
static const char *const encodings[] = {"utf-8", "latin-1", NULL};

static const struct gl_setting settings[] = {
    {"frame", GL_SET_CHOICE, "line", framings, 0, 0, "how a result ends: at CR, LF or CRLF; between STX and ETX; by silence"},
    {"idle", GL_SET_DURATION, "100ms", NULL, 50, 1000, "frame idle: silence that ends a result"},
    {"aim", GL_SET_BOOL, "no", NULL, 0, 0, "the reader sends an AIM symbology identifier (\"]Q1\") before the data"},
    {"prefix", GL_SET_TEXT, NULL, NULL, 0, 0, "text that the reader puts before each result, to be stripped"},
    {"suffix", GL_SET_TEXT, NULL, NULL, 0, 0, "text that the reader puts after each result, to be stripped"},
    {"no_read", GL_SET_TEXT, "NOREAD|NoRead|?|ERROR", NULL, 0, 0, "results that mean \"nothing read\", separated by |"},
    {"encoding", GL_SET_CHOICE, "utf-8", encodings, 0, 0, "character encoding of the data"},
    {"max", GL_SET_INT, "4296", NULL, 1, MOST, "longest result accepted, in bytes"},
};

struct line_state {
    const struct gl_sink *sink;
    enum framing framing;
    int64_t idle_ms;
    bool aim, latin1;
    size_t max, limit; /* bytes of the data alone; of a whole frame */
    char prefix[257], suffix[257], no_read[257];
    bool inside;   /* stx-etx: between STX and ETX */
    bool skipping; /* the frame is refused already: its rest goes the same way */
    bool noise;    /* stx-etx: bytes outside a frame were reported since the last frame */
    int64_t last_mono;
    size_t len;
    uint8_t frame[MOST + AROUND];
};

static int line_open(void *state, const struct gl_settings *s, const struct gl_sink *sink, struct gl_error *err) {
    struct line_state *st = state;
    memset(st, 0, sizeof *st);
    st->sink = sink;
    const char *frame = gl_setting_text(s, "frame"), *encoding = gl_setting_text(s, "encoding");
    for (size_t i = 0; frame && framings[i]; i++)
        if (strcmp(frame, framings[i]) == 0) st->framing = (enum framing)i;
    st->idle_ms = gl_setting_ms(s, "idle", 100);
    st->aim = gl_setting_bool(s, "aim");
    st->latin1 = encoding && strcmp(encoding, "latin-1") == 0;
    int64_t max = gl_setting_int(s, "max", MOST);
    if (max < 1 || max > MOST) return gl_fail(err, -EINVAL, "max: %lld is not within 1..%d", (long long)max, MOST);
    const struct {
        const char *name;
        char *to;
    } texts[] = {{"prefix", st->prefix}, {"suffix", st->suffix}, {"no_read", st->no_read}};
    for (size_t i = 0; i < GL_COUNT(texts); i++) {
        const char *text = gl_setting_text(s, texts[i].name);
        if (text && gl_copy(texts[i].to, sizeof st->prefix, text) < 0)
            return gl_fail(err, -EINVAL, "%s: longer than 256 characters", texts[i].name);
    }
    st->max = (size_t)max;
    st->limit = st->max + strlen(st->prefix) + strlen(st->suffix) + (st->aim ? 3 : 0) + (st->framing == FRAME_IDLE ? 2 : 0);
    return 0;
}

static void refuse(const struct line_state *st, const char *reason, const char *detail) {
    st->sink->refused(st->sink->user, reason, detail);
}

static void start_over(struct line_state *st) {
    st->len = 0;
    st->skipping = st->inside = false;
}

static void line_begin(void *state, const char *content_type GL_UNUSED, struct gl_now now) {
    struct line_state *st = state;
    start_over(st);
    st->noise = false;
    st->last_mono = now.mono;
}

/* True when the frame is one of the words of no_read. */
static bool is_no_read(const struct line_state *st, const uint8_t *p, size_t len) {
    for (const char *word = st->no_read; *word;) {
        size_t n = strcspn(word, "|");
        if (n > 0 && n == len && memcmp(word, p, n) == 0) return true;
        word += n + (word[n] == '|');
    }
    return false;
}

static void strip(const struct line_state *st, const uint8_t **p, size_t *len) {
    size_t before = strlen(st->prefix), after = strlen(st->suffix);
    if (before && *len >= before && memcmp(*p, st->prefix, before) == 0) *p += before, *len -= before;
    if (after && *len >= after && memcmp(*p + *len - after, st->suffix, after) == 0) *len -= after;
}

/* Length of an idle frame without the CR or LF that a reader may send all the same; in binary data they are data. */
static size_t without_line_end(const uint8_t *p, size_t len) {
    size_t keep = len;
    while (keep > 0 && (p[keep - 1] == CR || p[keep - 1] == LF)) keep--;
    for (size_t i = 0; i < keep; i++)
        if (p[i] < ' ' && p[i] != GS) return len;
    return keep;
}

/* One whole frame, as it came. */
static void whole_frame(struct line_state *st) {
    const uint8_t *p = st->frame;
    size_t len = st->framing == FRAME_IDLE ? without_line_end(p, st->len) : st->len;
    char detail[96], aim[4] = "";
    strip(st, &p, &len);
    if (len == 0) return;
    if (is_no_read(st, p, len)) {
        st->sink->alive(st->sink->user);
        return;
    }
    if (st->aim && gl_line_aim(p, len, aim)) {
        p += 3, len -= 3;
        if (len == 0 || is_no_read(st, p, len)) {
            st->sink->alive(st->sink->user);
            return;
        }
    } else if (st->aim) {
        refuse(st, "aim_missing", "the result has no AIM identifier: switch it on in the reader, or set aim: no (read without it)");
    }
    if (len > st->max) {
        gl_format(detail, sizeof detail, "result of %zu bytes, max is %zu", len, st->max);
        refuse(st, "too_long", detail);
        return;
    }
    struct gl_line_code code = {.p = p, .len = len, .latin1 = st->latin1, .binary = st->framing != FRAME_LINE};
    memcpy(code.aim, aim, sizeof aim);
    gl_line_emit(&code, st->sink);
}

static void end_frame(struct line_state *st) {
    if (!st->skipping && st->len > 0) whole_frame(st);
    start_over(st);
    st->noise = false;
}

static void add(struct line_state *st, uint8_t c) {
    if (st->skipping) return;
    if (st->len < st->limit) {
        st->frame[st->len++] = c;
        return;
    }
    char detail[96];
    gl_format(detail, sizeof detail, "no end of the result after %zu bytes, max is %zu", st->limit, st->max);
    refuse(st, "too_long", detail);
    st->skipping = true;
}

static void byte_of_line(struct line_state *st, uint8_t c) {
    if (c == CR || c == LF) {
        end_frame(st);
    } else if (c < ' ' && c != GS && !st->skipping) {
        char detail[96];
        gl_format(detail, sizeof detail, "byte 0x%02X in a line%s", c,
                  c == STX || c == ETX ? ": for a reader that sends STX and ETX, set frame: stx-etx" : "");
        refuse(st, "control_character", detail);
        st->skipping = true;
    } else {
        add(st, c);
    }
}

static void byte_of_stx_etx(struct line_state *st, uint8_t c) {
    if (c == STX) {
        if (st->inside && st->len > 0 && !st->skipping) refuse(st, "cut_off", "STX before the ETX of the result before");
        start_over(st);
        st->inside = true;
    } else if (!st->inside) {
        if (c != CR && c != LF && !st->noise) {
            refuse(st, "outside_frame", "bytes outside STX and ETX: does this reader send lines?");
            st->noise = true;
        }
    } else if (c == ETX) {
        end_frame(st);
    } else {
        add(st, c);
    }
}

/* Ends what silence ends: an idle frame is then whole, any other one is cut. */
static int line_timer(void *state, struct gl_now now) {
    struct line_state *st = state;
    int64_t silent = now.mono - st->last_mono;
    if (st->len == 0 && !st->skipping && !st->inside) return 0;
    if (st->framing == FRAME_IDLE) {
        if (silent >= st->idle_ms) end_frame(st);
        return 0;
    }
    if (silent < UNTERMINATED_AFTER_MS) return 0;
    if (!st->skipping && st->len > 0)
        refuse(st, "unterminated", "result without its end: set the reader's suffix to CR, or frame: idle here");
    start_over(st);
    return 0;
}

static int line_bytes(void *state, const uint8_t *bytes, size_t len, struct gl_now now) {
    struct line_state *st = state;
    line_timer(st, now);
    if (len > 0) st->last_mono = now.mono;
    for (size_t i = 0; i < len; i++) {
        switch (st->framing) {
            case FRAME_LINE: byte_of_line(st, bytes[i]); break;
            case FRAME_STX_ETX: byte_of_stx_etx(st, bytes[i]); break;
            case FRAME_IDLE: add(st, bytes[i]); break;
        }
    }
    return 0;
}

static void line_end(void *state, bool complete, struct gl_now now GL_UNUSED) {
    struct line_state *st = state;
    if (st->framing == FRAME_IDLE && complete) {
        end_frame(st);
    } else if (st->len > 0 && !st->skipping) {
        refuse(st, "cut_off", "the connection ended within a result");
    }
    start_over(st);
}

const struct gl_protocol gl_protocol_line = {
    .abi = GL_PROTOCOL_ABI,
    .size = sizeof(struct gl_protocol),
    .name = "line",
    .title = "Barcode and QR readers that send text: serial or TCP",
    .transports = GL_TRANSPORT_SERIAL | GL_TRANSPORT_TCP_CONNECT | GL_TRANSPORT_TCP_LISTEN,
    .settings = settings,
    .n_settings = GL_COUNT(settings),
    .state_size = sizeof(struct line_state),
    .open = line_open,
    .begin = line_begin,
    .bytes = line_bytes,
    .end = line_end,
    .timer = line_timer,
};
