#include "lines.h"

#include <errno.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000, DIGITS_MAX = 9 };

/* What follows a tag. */
enum shape {
    COUNTS,   /* exactly four whole numbers */
    DECIMALS, /* exactly as many decimals as the row says */
    FREE      /* anything: text of its own, or not looked at */
};

struct row {
    char name[4];
    enum gl_tsa_tag tag;
    enum shape shape;
    uint8_t n; /* DECIMALS */
};

static const struct row rows[] = {
    {"GB", GL_TSA_GB, COUNTS, 4},    {"GH", GL_TSA_GH, COUNTS, 4},   {"GL", GL_TSA_GL, COUNTS, 4},
    {"NB", GL_TSA_NB, COUNTS, 4},    {"NH", GL_TSA_NH, COUNTS, 4},   {"NB1", GL_TSA_NB1, DECIMALS, 4},
    {"GS", GL_TSA_GS, COUNTS, 4},    {"GA", GL_TSA_GA, COUNTS, 4},   {"NS", GL_TSA_NS, COUNTS, 4},
    {"NA", GL_TSA_NA, COUNTS, 4},    {"AA", GL_TSA_AA, FREE, 0},     {"SP", GL_TSA_SP, DECIMALS, 4},
    {"GX", GL_TSA_GX, COUNTS, 4},    {"TT", GL_TSA_TT, FREE, 0},     {"TC", GL_TSA_TC, COUNTS, 4},
    {"NC", GL_TSA_NC, DECIMALS, 2},  {"NX", GL_TSA_NX, DECIMALS, 2}, {"SG1", GL_TSA_SG1, FREE, 0},
    {"SG2", GL_TSA_SG2, FREE, 0},    {"SG3", GL_TSA_SG3, FREE, 0},   {"SN1", GL_TSA_SN1, FREE, 0},
    {"SN2", GL_TSA_SN2, FREE, 0},    {"NZ", GL_TSA_PASSED, FREE, 0}, {"RW", GL_TSA_PASSED, FREE, 0},
    {"AB1", GL_TSA_PASSED, FREE, 0}, {"AR", GL_TSA_PASSED, FREE, 0}, {"AS", GL_TSA_PASSED, FREE, 0},
    {"AC", GL_TSA_PASSED, FREE, 0},  {"AX", GL_TSA_PASSED, FREE, 0}, {"AM", GL_TSA_PASSED, FREE, 0},
};

bool gl_tsa_is_sample(enum gl_tsa_tag tag) {
    return tag == GL_TSA_GS || tag == GL_TSA_GA || tag == GL_TSA_NS || tag == GL_TSA_NA;
}

/* ---- numbers ---- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct gl_tsa_field *f) {
    for (; f->len > 0 && *f->p == ' '; f->p++) f->len--;
}

/* Up to nine digits; how many there were. */
static size_t digits(struct gl_tsa_field *f, int64_t *ret) {
    size_t n = 0;
    for (*ret = 0; n < DIGITS_MAX && n < f->len && is_digit(f->p[n]); n++) *ret = *ret * 10 + (f->p[n] - '0');
    f->p += n;
    f->len -= n;
    return n;
}

static bool count_of(struct gl_tsa_field f, int64_t *ret) {
    skip_blanks(&f);
    return digits(&f, ret) > 0 && f.len == 0;
}

bool gl_tsa_decimal(const char *p, size_t len, double *ret) {
    struct gl_tsa_field f = {p, len};
    int64_t whole, part = 0;
    double scale = 1;
    skip_blanks(&f);
    bool negative = f.len > 0 && *f.p == '-';
    f.p += negative;
    f.len -= negative;
    if (digits(&f, &whole) == 0) return false;
    if (f.len > 0 && *f.p == '.') {
        f.p++;
        f.len--;
        size_t n = digits(&f, &part);
        if (n == 0) return false;
        for (; n > 0; n--) scale *= 10;
    }
    if (f.len > 0) return false;
    double v = (double)whole + (double)part / scale;
    *ret = negative ? -v : v;
    return true;
}

/* ---- the recorder's stamp ---- */

/* True when the text looks like the pattern, in which 0 stands for any digit and + for a sign. */
static bool looks_like(const struct gl_tsa_field *f, const char *pattern) {
    if (f->len != strlen(pattern)) return false;
    for (size_t i = 0; i < f->len; i++) {
        char want = pattern[i], c = f->p[i];
        if (want == '0' ? !is_digit(c) : want == '+' ? c != '+' && c != '-' : c != want) return false;
    }
    return true;
}

static int two(const char *p) {
    return (p[0] - '0') * 10 + (p[1] - '0');
}

/* "HH-MM-SS.mmm", of a day that is not told: that of `near`, or the day after or before when that is nearer. */
static int64_t time_of_day(const char *p, int64_t near) {
    int h = two(p), m = two(p + 3), s = two(p + 6);
    if (h > 23 || m > 59 || s > 59 || near < DAY_MS) return 0;
    int64_t t = near - near % DAY_MS + ((h * 60 + m) * 60 + s) * 1000LL + (p[9] - '0') * 100 + two(p + 10);
    if (t < near - DAY_MS / 2) return t + DAY_MS;
    return t > near + DAY_MS / 2 ? t - DAY_MS : t;
}

/* 0 when the field is no stamp. */
static int64_t stamp_of(const struct gl_tsa_field *f, int64_t near) {
    char text[40];
    int64_t t;
    if (looks_like(f, "00-00-00.000")) return time_of_day(f->p, near);
    if (!looks_like(f, "0000-00-00 00:00:00.000 +00")) return 0;
    gl_format(text, sizeof text, "%.10sT%.12s%.3s:00", f->p, f->p + 11, f->p + 24);
    return gl_time_parse(text, &t) == 0 ? t : 0;
}

/* ---- a line ---- */

static bool is_capital(char c) {
    return c >= 'A' && c <= 'Z';
}

/* Length of the tag, 0 = there is none. */
static size_t tag_length(const char *text) {
    if (!is_capital(text[0]) || !is_capital(text[1])) return 0;
    size_t n = is_digit(text[2]) || is_capital(text[2]) ? 3 : 2;
    return text[n] == ',' || text[n] == '\0' ? n : 0;
}

/* Cuts what follows the tag at its commas; false when there are more fields than any line has. */
static bool split(const char *p, struct gl_tsa_line *l) {
    while (*p == ',') {
        size_t len = strcspn(++p, ",");
        if (l->n == GL_TSA_FIELDS) return false;
        l->field[l->n++] = (struct gl_tsa_field){p, len};
        p += len;
    }
    return true;
}

static int numbers(const struct row *row, struct gl_tsa_line *l, struct gl_error *err) {
    if (l->n != row->n)
        return gl_fail(err, GL_TSA_MALFORMED, "%s has %zu fields; it must have %u, and perhaps a time stamp", row->name, l->n,
                       row->n);
    for (size_t i = 0; i < l->n; i++) {
        const struct gl_tsa_field *f = &l->field[i];
        bool good = row->shape == COUNTS ? count_of(*f, &l->count[i]) : gl_tsa_decimal(f->p, f->len, &l->number[i]);
        if (!good)
            return gl_fail(err, GL_TSA_MALFORMED, "%s: field %zu is \"%.*s\"; it must be %s", row->name, i + 1, (int)f->len, f->p,
                           row->shape == COUNTS ? "a whole number of at most nine digits" : "a decimal number");
    }
    return 0;
}

int gl_tsa_parse(const char *text, int64_t near, struct gl_tsa_line *ret, struct gl_error *err) {
    size_t tag = tag_length(text);
    const struct row *row = NULL;
    *ret = (struct gl_tsa_line){.tag = GL_TSA_UNKNOWN};
    if (tag == 0)
        return gl_fail(err, GL_TSA_NO_TAG, "a line must begin with its tag: two capitals, perhaps a third sign, and a comma");
    for (size_t i = 0; i < GL_COUNT(rows) && !row; i++)
        if (strlen(rows[i].name) == tag && memcmp(rows[i].name, text, tag) == 0) row = &rows[i];
    if (row) ret->tag = row->tag;
    bool whole = split(text + tag, ret);
    if (whole && ret->n > 0) ret->stamp = stamp_of(&ret->field[ret->n - 1], near);
    if (ret->stamp) ret->n--;
    if (!row || row->shape == FREE) return 0;
    if (!whole) return gl_fail(err, GL_TSA_MALFORMED, "%s has more than %d fields", row->name, GL_TSA_FIELDS);
    return numbers(row, ret, err);
}

/* ---- bytes to lines ---- */

enum gl_tsa_framed gl_tsa_frame(struct gl_tsa_framer *f, uint8_t byte) {
    if (byte == '\r' || byte == '\n') {
        bool whole = f->len > 0 && !f->skipping;
        f->text[f->len] = '\0';
        f->len = 0;
        f->skipping = false;
        return whole ? GL_TSA_FRAME_WHOLE : GL_TSA_FRAME_MORE;
    }
    if (f->skipping) return GL_TSA_FRAME_MORE;
    bool garbage = byte < ' ' || byte > '~';
    if (!garbage && f->len < GL_TSA_LINE) {
        f->text[f->len++] = (char)byte;
        return GL_TSA_FRAME_MORE;
    }
    f->skipping = true;
    f->text[f->len] = '\0';
    return garbage ? GL_TSA_FRAME_GARBAGE : GL_TSA_FRAME_LONG;
}
