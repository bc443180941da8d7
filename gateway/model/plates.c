/* Plate keys. A key is built letter by letter: decode one UTF-8 character, upper-case it, fold it, append it to the narrow form ("SO") and to
 * the wide form ("SOE"). Where both forms come out alike there is one key. */
#include "model/plates.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum { DROPPED = 0, UNREAD = -1 }; /* what a character can be besides a letter */
enum { REPLACEMENT = 0xFFFD, COMBINING_FIRST = 0x300, COMBINING_LAST = 0x36F, DIAERESIS = 0x308, RING = 0x30A, BREVE = 0x306 };

/* Latin letters beyond ASCII, by range, both cases. wide stands where people write the letter with two. */
static const struct latin {
    uint16_t first, last;
    const char *narrow, *wide;
} latins[] = {
    {0x00C0, 0x00C3, "A", NULL},  {0x00C4, 0x00C4, "A", "AE"},  {0x00C5, 0x00C5, "A", "AA"}, {0x00C6, 0x00C6, "A", "AE"},
    {0x00C7, 0x00C7, "C", NULL},  {0x00C8, 0x00CB, "E", NULL},  {0x00CC, 0x00CF, "I", NULL}, {0x00D0, 0x00D0, "D", NULL},
    {0x00D1, 0x00D1, "N", NULL},  {0x00D2, 0x00D5, "O", NULL},  {0x00D6, 0x00D6, "O", "OE"}, {0x00D8, 0x00D8, "O", "OE"},
    {0x00D9, 0x00DB, "U", NULL},  {0x00DC, 0x00DC, "U", "UE"},  {0x00DD, 0x00DD, "Y", NULL}, {0x00DE, 0x00DE, "TH", NULL},
    {0x00DF, 0x00DF, "S", "SS"},  {0x00E0, 0x00E3, "A", NULL},  {0x00E4, 0x00E4, "A", "AE"}, {0x00E5, 0x00E5, "A", "AA"},
    {0x00E6, 0x00E6, "A", "AE"},  {0x00E7, 0x00E7, "C", NULL},  {0x00E8, 0x00EB, "E", NULL}, {0x00EC, 0x00EF, "I", NULL},
    {0x00F0, 0x00F0, "D", NULL},  {0x00F1, 0x00F1, "N", NULL},  {0x00F2, 0x00F5, "O", NULL}, {0x00F6, 0x00F6, "O", "OE"},
    {0x00F8, 0x00F8, "O", "OE"},  {0x00F9, 0x00FB, "U", NULL},  {0x00FC, 0x00FC, "U", "UE"}, {0x00FD, 0x00FD, "Y", NULL},
    {0x00FE, 0x00FE, "TH", NULL}, {0x00FF, 0x00FF, "Y", NULL},  {0x0100, 0x0105, "A", NULL}, {0x0106, 0x010D, "C", NULL},
    {0x010E, 0x0111, "D", NULL},  {0x0112, 0x011B, "E", NULL},  {0x011C, 0x0123, "G", NULL}, {0x0124, 0x0127, "H", NULL},
    {0x0128, 0x0131, "I", NULL},  {0x0132, 0x0133, "IJ", NULL}, {0x0134, 0x0135, "J", NULL}, {0x0136, 0x0138, "K", NULL},
    {0x0139, 0x0142, "L", NULL},  {0x0143, 0x014B, "N", NULL},  {0x014C, 0x0151, "O", NULL}, {0x0152, 0x0153, "O", "OE"},
    {0x0154, 0x0159, "R", NULL},  {0x015A, 0x0161, "S", NULL},  {0x0162, 0x0167, "T", NULL}, {0x0168, 0x0173, "U", NULL},
    {0x0174, 0x0175, "W", NULL},  {0x0176, 0x0178, "Y", NULL},  {0x0179, 0x017E, "Z", NULL}, {0x017F, 0x017F, "S", NULL},
    {0x01A0, 0x01A1, "O", NULL},  {0x01AF, 0x01B0, "U", NULL},  {0x01CD, 0x01CE, "A", NULL}, {0x01CF, 0x01D0, "I", NULL},
    {0x01D1, 0x01D2, "O", NULL},  {0x01D3, 0x01DC, "U", NULL},  {0x01E6, 0x01E7, "G", NULL}, {0x01E8, 0x01E9, "K", NULL},
    {0x0218, 0x0219, "S", NULL},  {0x021A, 0x021B, "T", NULL},  {0x1E00, 0x1E01, "A", NULL}, {0x1E02, 0x1E07, "B", NULL},
    {0x1E08, 0x1E09, "C", NULL},  {0x1E0A, 0x1E13, "D", NULL},  {0x1E14, 0x1E1D, "E", NULL}, {0x1E1E, 0x1E1F, "F", NULL},
    {0x1E20, 0x1E21, "G", NULL},  {0x1E22, 0x1E2B, "H", NULL},  {0x1E2C, 0x1E2F, "I", NULL}, {0x1E30, 0x1E35, "K", NULL},
    {0x1E36, 0x1E3D, "L", NULL},  {0x1E3E, 0x1E43, "M", NULL},  {0x1E44, 0x1E4B, "N", NULL}, {0x1E4C, 0x1E53, "O", NULL},
    {0x1E54, 0x1E57, "P", NULL},  {0x1E58, 0x1E5F, "R", NULL},  {0x1E60, 0x1E69, "S", NULL}, {0x1E6A, 0x1E71, "T", NULL},
    {0x1E72, 0x1E7B, "U", NULL},  {0x1E7C, 0x1E7F, "V", NULL},  {0x1E80, 0x1E89, "W", NULL}, {0x1E8A, 0x1E8D, "X", NULL},
    {0x1E8E, 0x1E8F, "Y", NULL},  {0x1E90, 0x1E95, "Z", NULL},  {0x1E9E, 0x1E9E, "S", "SS"}, {0x1EA0, 0x1EB7, "A", NULL},
    {0x1EB8, 0x1EC7, "E", NULL},  {0x1EC8, 0x1ECB, "I", NULL},  {0x1ECC, 0x1EE3, "O", NULL}, {0x1EE4, 0x1EF1, "U", NULL},
    {0x1EF2, 0x1EF9, "Y", NULL},
};

/* Upper-case letters of other alphabets that are painted like a Latin one. Marks on them (Ё, Ї, Ά) fall away as they do on Latin ones. */
static const struct twin {
    uint16_t c;
    char latin;
} twins[] = {
    {0x0410, 'A'}, {0x0412, 'B'}, {0x0415, 'E'}, {0x0401, 'E'}, {0x041A, 'K'}, {0x041C, 'M'}, {0x041D, 'H'}, {0x041E, 'O'},
    {0x0420, 'P'}, {0x0421, 'C'}, {0x0422, 'T'}, {0x0423, 'Y'}, {0x040E, 'Y'}, {0x0425, 'X'}, {0x0406, 'I'}, {0x0407, 'I'},
    {0x0408, 'J'}, {0x0405, 'S'}, {0x0391, 'A'}, {0x0386, 'A'}, {0x0392, 'B'}, {0x0395, 'E'}, {0x0388, 'E'}, {0x0396, 'Z'},
    {0x0397, 'H'}, {0x0389, 'H'}, {0x0399, 'I'}, {0x038A, 'I'}, {0x03AA, 'I'}, {0x039A, 'K'}, {0x039C, 'M'}, {0x039D, 'N'},
    {0x039F, 'O'}, {0x038C, 'O'}, {0x03A1, 'P'}, {0x03A4, 'T'}, {0x03A5, 'Y'}, {0x038E, 'Y'}, {0x03AB, 'Y'}, {0x03A7, 'X'},
};

/* The zero of each run of ten digits; the last two rows are superscripts and subscripts. */
static const uint32_t zeros[] = {0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
                                 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0xFF10, 0x2070, 0x2080};

/* Letters that stay as they are, with the vowel signs of the scripts whose spelling needs them. Everything else is dropped. */
static const struct range {
    uint32_t first, last;
} letters[] = {
    {0x0180, 0x02AF}, {0x0370, 0x0373},   {0x0376, 0x0377},   {0x037B, 0x037D},   {0x037F, 0x037F},   {0x0386, 0x0386},
    {0x0388, 0x0481}, {0x048A, 0x052F},   {0x0531, 0x0556},   {0x0561, 0x0587},   {0x05D0, 0x05EA},   {0x0620, 0x063F},
    {0x0641, 0x064A}, {0x066E, 0x066F},   {0x0671, 0x06D3},   {0x06D5, 0x06D5},   {0x06EE, 0x06EF},   {0x06FA, 0x06FC},
    {0x0710, 0x07B1}, {0x0900, 0x0963},   {0x0971, 0x09E3},   {0x09F0, 0x09F1},   {0x0A01, 0x0DFF},   {0x0E01, 0x0E3A},
    {0x0E40, 0x0E4E}, {0x0E81, 0x0EC6},   {0x0EC8, 0x0ECE},   {0x0F40, 0x0FBC},   {0x1000, 0x103F},   {0x1050, 0x108F},
    {0x10A0, 0x10FA}, {0x10FC, 0x135F},   {0x13A0, 0x13FD},   {0x1780, 0x17D3},   {0x1820, 0x18AA},   {0x1F00, 0x1FBC},
    {0x3041, 0x3096}, {0x30A1, 0x30FA},   {0x3105, 0x318E},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA48C},
    {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},   {0xFB1D, 0xFB28},   {0xFB50, 0xFBB1},   {0xFBD3, 0xFD3D},   {0xFE70, 0xFEFC},
    {0xFF66, 0xFF9D}, {0x10000, 0x1005D}, {0x10400, 0x1044F}, {0x1E900, 0x1E943}, {0x20000, 0x323AF},
};

/* One character of text that is known to be well-formed. */
static uint32_t next_char(const char **text) {
    const unsigned char *p = (const unsigned char *)*text;
    int more = p[0] >= 0xF0 ? 3 : p[0] >= 0xE0 ? 2 : p[0] >= 0xC0 ? 1 : 0;
    uint32_t c = more == 3 ? p[0] & 0x07u : more == 2 ? p[0] & 0x0Fu : more == 1 ? p[0] & 0x1Fu : p[0];
    for (int i = 1; i <= more; i++) c = c << 6 | (p[i] & 0x3Fu);
    *text += more + 1;
    return c;
}

static size_t put_char(uint32_t c, char out[5]) {
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(leads[n] | c);
    out[n] = '\0';
    return n;
}

static bool in_ranges(uint32_t c) {
    for (size_t i = 0; i < GL_COUNT(letters); i++)
        if (c >= letters[i].first && c <= letters[i].last) return true;
    return false;
}

/* Upper case of Greek, Cyrillic and Armenian; Latin is folded by its own table. */
static uint32_t upper(uint32_t c) {
    if (c == 0x03C2) return 0x03A3;
    if (c == 0x03AC) return 0x0386;
    if (c >= 0x03AD && c <= 0x03AF) return c - 37;
    if (c == 0x03CC) return 0x038C;
    if (c == 0x03CD || c == 0x03CE) return c - 63;
    if ((c >= 0x03B1 && c <= 0x03CB) || (c >= 0x0430 && c <= 0x044F)) return c - 0x20;
    if (c >= 0x0450 && c <= 0x045F) return c - 0x50;
    if ((c >= 0x0460 && c <= 0x0481) || (c >= 0x048A && c <= 0x04BF) || (c >= 0x04D0 && c <= 0x052F)) return c & ~1u;
    if (c >= 0x04C1 && c <= 0x04CE) return (c - 1) | 1u;
    if (c >= 0x0561 && c <= 0x0586) return c - 0x30;
    return c;
}

/* Digit of any script, 0..9, or -1. */
static int digit(uint32_t c) {
    if (c == 0xB9) return 1;
    if (c == 0xB2 || c == 0xB3) return (int)(c - 0xB0);
    if (c == 0x2071) return -1;
    for (size_t i = 0; i < GL_COUNT(zeros); i++)
        if (c >= zeros[i] && c <= zeros[i] + 9) return (int)(c - zeros[i]);
    return -1;
}

struct folded {
    char narrow[5], wide[5];
};

static void fold_to(struct folded *f, const char *narrow, const char *wide) {
    gl_clip(f->narrow, sizeof f->narrow, narrow);
    gl_clip(f->wide, sizeof f->wide, wide ? wide : narrow);
}

static int fold_ascii(uint32_t c, struct folded *f) {
    if (c == '?' || c == '*') return UNREAD;
    if (c >= 'a' && c <= 'z') c -= 'a' - 'A';
    if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) return DROPPED;
    fold_to(f, (char[]){(char)c, '\0'}, NULL);
    return 1;
}

/* Folds one character: 1 with f filled, DROPPED or UNREAD. */
static int fold(uint32_t c, struct folded *f) {
    if (c == 0xFF0A || c == 0xFF1F || c == REPLACEMENT) return UNREAD;
    if ((c >= 0xFF21 && c <= 0xFF3A) || (c >= 0xFF41 && c <= 0xFF5A)) c -= 0xFEE0; /* full-width */
    if (c < 0x80) return fold_ascii(c, f);
    int d = digit(c);
    if (d >= 0) return fold_ascii((uint32_t)('0' + d), f);
    for (size_t i = 0; i < GL_COUNT(latins); i++)
        if (c >= latins[i].first && c <= latins[i].last) {
            fold_to(f, latins[i].narrow, latins[i].wide);
            return 1;
        }
    c = upper(c);
    for (size_t i = 0; i < GL_COUNT(twins); i++)
        if (twins[i].c == c) return fold_ascii((unsigned char)twins[i].latin, f);
    if (!in_ranges(c)) return DROPPED;
    char kept[5];
    put_char(c, kept);
    fold_to(f, kept, NULL);
    return 1;
}

/* What a base letter and the mark written after it make together, where the mark matters; else the letter. */
static uint32_t compose(uint32_t c, uint32_t mark) {
    static const struct {
        const char *bases;
        uint32_t mark;
        uint16_t to[6];
    } marks[] = {{"AOUaou", DIAERESIS, {0xC4, 0xD6, 0xDC, 0xC4, 0xD6, 0xDC}}, {"Aa", RING, {0xC5, 0xC5}}};
    for (size_t i = 0; i < GL_COUNT(marks); i++) {
        const char *at = c < 0x80 && c && marks[i].mark == mark ? strchr(marks[i].bases, (int)c) : NULL;
        if (at) return marks[i].to[at - marks[i].bases];
    }
    return mark == BREVE && (c == 0x0418 || c == 0x0438) ? 0x0419 : c; /* И with breve is Й */
}

/* The next character with the marks that follow it. */
static uint32_t next_composed(const char **text) {
    uint32_t c = next_char(text);
    for (bool first = true; **text; first = false) {
        const char *ahead = *text;
        uint32_t mark = next_char(&ahead);
        if (mark < COMBINING_FIRST || mark > COMBINING_LAST) break;
        if (first) c = compose(c, mark);
        *text = ahead;
    }
    return c;
}

static bool append(char key[GL_PLATE_KEY], size_t *len, const char *piece) {
    size_t n = strlen(piece);
    if (*len + n >= GL_PLATE_KEY) return false;
    memcpy(key + *len, piece, n + 1);
    *len += n;
    return true;
}

int gl_plate_keys(const char *text, struct gl_plate_keys *ret) {
    memset(ret, 0, sizeof *ret);
    if (!gl_utf8_valid(text, strlen(text))) return -EILSEQ;
    struct gl_plate_keys keys = {0};
    size_t narrow = 0, wide = 0;
    while (*text) {
        struct folded f;
        int rc = fold(next_composed(&text), &f);
        if (rc == UNREAD) return 0;
        if (rc == DROPPED) continue;
        if (!append(keys.key[0], &narrow, f.narrow) || !append(keys.key[1], &wide, f.wide)) return -ENAMETOOLONG;
    }
    if (narrow == 0) return 0;
    keys.n = 2;
    if (strcmp(keys.key[0], keys.key[1]) == 0) {
        keys.n = 1;
        memset(keys.key[1], 0, sizeof keys.key[1]);
    }
    *ret = keys;
    return 0;
}

bool gl_plate_keys_meet(const struct gl_plate_keys *a, const struct gl_plate_keys *b) {
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            if (strcmp(a->key[i], b->key[j]) == 0) return true;
    return false;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Length of the piece at text, up to a separator. */
static size_t piece_length(const char *text) {
    size_t n = 0;
    while (text[n] && !strchr("/,;+|", text[n]) && !(is_blank(text[n]) && is_blank(text[n + 1]))) n++;
    return n;
}

int gl_plate_split(const char *text, struct gl_plate_part *parts, size_t max) {
    size_t n = 0;
    if (gl_plate_looks_like_none(text)) return 0; /* before "n/a" falls into two pieces */
    while (*text) {
        size_t len = piece_length(text), keep = len;
        const char *start = text;
        text += text[len] ? len + 1 : len;
        while (keep > 0 && is_blank(start[0])) start++, keep--;
        while (keep > 0 && is_blank(start[keep - 1])) keep--;
        if (keep == 0) continue;
        struct gl_plate_part part = {.role = n == 0 ? GL_ROLE_VEHICLE : GL_ROLE_TRAILER};
        int rc = gl_copyn(part.text, sizeof part.text, start, keep);
        if (rc < 0) return rc;
        if (gl_plate_looks_like_none(part.text)) continue;
        if (n == max) return -E2BIG;
        parts[n++] = part;
    }
    return (int)n;
}

bool gl_plate_looks_like_none(const char *text) {
    static const char *const words[] = {
        "UNKNOWN",    "NOPLATE",    "NOPLATES",  "NONE",         "NULL",         "NOREAD",      "NOTREAD",       "UNREAD",
        "UNREADABLE", "UNLICENSED", "UNDEFINED", "UNRECOGNIZED", "UNRECOGNISED", "NOTDETECTED", "NOTRECOGNIZED", "NOTRECOGNISED",
        "NONUMBER",   "无车牌",     "无牌车",    "无牌",         "未识别",       "未知"};
    char plain[GL_PLATE_KEY];
    size_t n = 0;
    if (strcasecmp(text, "n/a") == 0) return true;
    for (; *text; text++) {
        struct folded f;
        unsigned char c = (unsigned char)*text;
        if (c < 0x80 && fold_ascii(c, &f) != 1) continue;
        if (n + 1 >= sizeof plain) return false;
        plain[n++] = c < 0x80 ? f.narrow[0] : (char)c;
    }
    plain[n] = '\0';
    for (size_t i = 0; i < GL_COUNT(words); i++)
        if (strcmp(plain, words[i]) == 0) return true;
    return n == 0;
}
