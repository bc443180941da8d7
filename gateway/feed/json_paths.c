/* The path reader over JSON: one pass, one character ahead. Everything that grows is a fixed part of struct reader. */
#include "feed/json_paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *start, *p, *end;
    const char *counted; /* lines are counted up to here */
    struct gl_xml_place *where;
    const struct gl_xml_events *events;
    void *user;
    struct gl_error *err;
    size_t depth, values;
    size_t path_len, text_len, names_len;
    char path[GL_XML_PATH];
    char text[GL_JSON_TEXT + 1];
    char names[GL_JSON_NAMES]; /* member names, each terminated, of every object that is open */
};

static int read_value(struct reader *r);

/* ---- characters -------------------------------------------------------------------------------------------------------------------------- */

static size_t column(const struct reader *r) {
    const char *p = r->p;
    while (p > r->start && p[-1] != '\n') p--;
    return (size_t)(r->p - p) + 1;
}

static int fail_form(const struct reader *r, const char *wanted) {
    if (r->p == r->end) return gl_fail(r->err, -EBADMSG, "column %zu: the document ends where %s is needed", column(r), wanted);
    return gl_fail(r->err, -EBADMSG, "column %zu: no valid JSON; %s is needed", column(r), wanted);
}

static void skip_blanks(struct reader *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || *r->p == '\n')) r->p++;
}

/* The next character that is not blank; 0 at the end. */
static char next(struct reader *r) {
    skip_blanks(r);
    return r->p < r->end ? *r->p : '\0';
}

static int expect(struct reader *r, char c, const char *wanted) {
    if (next(r) != c) return fail_form(r, wanted);
    r->p++;
    return 0;
}

/* ---- text -------------------------------------------------------------------------------------------------------------------------------- */

static int put(struct reader *r, const char *bytes, size_t n) {
    if (r->text_len + n > GL_JSON_TEXT) return gl_fail(r->err, -E2BIG, "more than %d bytes of text in one value", GL_JSON_TEXT);
    memcpy(r->text + r->text_len, bytes, n);
    r->text_len += n;
    return 0;
}

static int put_code_point(struct reader *r, unsigned c) {
    char utf8[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = n; i-- > 1; c >>= 6) utf8[i] = (char)(0x80 | (c & 0x3F));
    utf8[0] = (char)(lead[n] | c);
    return put(r, utf8, n);
}

/* Four hexadecimal digits. */
static int read_unit(struct reader *r, unsigned *ret) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    unsigned v = 0;
    for (int i = 0; i < 4; i++, r->p++) {
        const char *at = r->p < r->end && *r->p ? strchr(digits, *r->p) : NULL;
        if (!at) return fail_form(r, "four hexadecimal digits");
        v = v << 4 | ((unsigned)(at - digits) & 15);
    }
    *ret = v;
    return 0;
}

static int read_unicode(struct reader *r) {
    unsigned c = 0, low = 0;
    int rc = read_unit(r, &c);
    if (rc < 0) return rc;
    if (c == 0) return gl_fail(r->err, -EBADMSG, "a text with a NUL character (\\u0000) in it");
    if (c < 0xD800 || c > 0xDFFF) return put_code_point(r, c);
    bool pair = c < 0xDC00 && r->end - r->p >= 2 && r->p[0] == '\\' && r->p[1] == 'u';
    if (!pair) return fail_form(r, "the second half of a surrogate pair");
    r->p += 2;
    rc = read_unit(r, &low);
    if (rc == 0 && (low < 0xDC00 || low > 0xDFFF)) rc = fail_form(r, "the second half of a surrogate pair");
    return rc < 0 ? rc : put_code_point(r, 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF)));
}

/* What stands behind a backslash. */
static int read_escape(struct reader *r) {
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *at = r->p < r->end && *r->p ? strchr(names, *r->p) : NULL;
    if (at) {
        r->p++;
        return put(r, &meant[at - names], 1);
    }
    if (r->p == r->end || *r->p != 'u') return fail_form(r, "one of \" \\ / b f n r t u behind a backslash");
    r->p++;
    return read_unicode(r);
}

/* From behind the opening quote to behind the closing one. */
static int read_string(struct reader *r) {
    r->text_len = 0;
    for (;;) {
        const char *from = r->p;
        while (r->p < r->end && *r->p != '"' && *r->p != '\\' && (unsigned char)*r->p >= ' ') r->p++;
        int rc = put(r, from, (size_t)(r->p - from));
        if (rc < 0) return rc;
        if (r->p == r->end || (unsigned char)*r->p < ' ') return fail_form(r, "the closing quote of a text");
        if (*r->p++ == '"') break;
        if ((rc = read_escape(r)) < 0) return rc;
    }
    r->text[r->text_len] = '\0';
    return 0;
}

static size_t count_digits(const char *p, const char *end) {
    const char *from = p;
    while (p < end && *p >= '0' && *p <= '9') p++;
    return (size_t)(p - from);
}

/* -12.5e+3: its own characters, checked. */
static int read_number(struct reader *r) {
    const char *from = r->p;
    if (r->p < r->end && *r->p == '-') r->p++;
    size_t whole = count_digits(r->p, r->end);
    if (whole == 0) return fail_form(r, "a value");
    if (whole > 1 && *r->p == '0') return fail_form(r, "a number without leading zeros");
    r->p += whole;
    if (r->p < r->end && *r->p == '.') {
        size_t part = count_digits(++r->p, r->end);
        if (part == 0) return fail_form(r, "a digit behind the decimal point");
        r->p += part;
    }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        r->p++;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-')) r->p++;
        size_t power = count_digits(r->p, r->end);
        if (power == 0) return fail_form(r, "a digit of the exponent");
        r->p += power;
    }
    r->text_len = 0;
    int rc = put(r, from, (size_t)(r->p - from));
    r->text[r->text_len] = '\0';
    return rc;
}

static bool take_word(struct reader *r, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0) return false;
    r->p += n;
    return true;
}

/* ---- paths ------------------------------------------------------------------------------------------------------------------------------- */

static int fail_names(const struct reader *r) {
    return gl_fail(r->err, -E2BIG, "member names too long");
}

/* Adds the name in text to the path. */
static int push(struct reader *r) {
    size_t n = r->path_len;
    if (n + 2 >= sizeof r->path) return fail_names(r);
    r->path[n++] = '/';
    if (r->text_len == 0) r->path[n++] = '~'; /* else it would be the object that it stands in */
    for (size_t i = 0; i < r->text_len; i++) {
        char c = r->text[i];
        bool escape = c == '~' || c == '/';
        if (n + 2 >= sizeof r->path) return fail_names(r);
        r->path[n++] = escape ? '~' : c;
        if (escape) r->path[n++] = c == '~' ? '0' : '1';
    }
    r->path[n] = '\0';
    r->path_len = n;
    return 0;
}

static void pop(struct reader *r, size_t len) {
    r->path_len = len;
    r->path[len] = '\0';
}

/* Remembers the name in text among those of the innermost object, which begin at `from`. */
static int remember(struct reader *r, size_t from) {
    size_t n = r->text_len + 1;
    for (const char *name = r->names + from; name < r->names + r->names_len; name += strlen(name) + 1)
        if (strcmp(name, r->text) == 0)
            return gl_fail(r->err, -EBADMSG, "the member \"%.64s\" stands twice in one object", r->text);
    if (n > sizeof r->names - r->names_len) return fail_names(r);
    memcpy(r->names + r->names_len, r->text, n);
    r->names_len += n;
    return 0;
}

/* ---- values ------------------------------------------------------------------------------------------------------------------------------ */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The line is known at each event, for those who tell of it later. */
static void count_lines(struct reader *r) {
    for (; r->counted < r->p; r->counted++) r->where->line += *r->counted == '\n';
}

static int tell_open(struct reader *r) {
    count_lines(r);
    return r->events->open(r->user, r->path, r->err);
}

static int tell_close(struct reader *r) {
    count_lines(r);
    return r->events->close(r->user, r->path, r->err);
}

/* The text without the blanks at its ends; nothing when nothing is left. */
static int tell_text(struct reader *r) {
    char *text = r->text;
    size_t n = r->text_len;
    while (n > 0 && is_blank(text[n - 1])) n--;
    text[n] = '\0';
    while (is_blank(*text)) text++;
    count_lines(r);
    return *text == '\0' ? 0 : r->events->text(r->user, r->path, text, r->err);
}

static int read_scalar(struct reader *r) {
    int rc = tell_open(r);
    if (rc < 0) return rc;
    r->text_len = 0;
    if (*r->p == '"') {
        r->p++;
        rc = read_string(r);
    } else if (take_word(r, "true")) {
        rc = put(r, "true", 4);
    } else if (take_word(r, "false")) {
        rc = put(r, "false", 5);
    } else if (!take_word(r, "null")) {
        rc = read_number(r);
    }
    if (rc == 0) rc = tell_text(r);
    return rc < 0 ? rc : tell_close(r);
}

static int read_member(struct reader *r, size_t names) {
    size_t path = r->path_len;
    int rc = expect(r, '"', "a member's name in quotes");
    if (rc == 0) rc = read_string(r);
    if (rc == 0) rc = remember(r, names);
    if (rc == 0) rc = push(r);
    if (rc == 0) rc = expect(r, ':', "a colon behind the member's name");
    if (rc == 0) rc = read_value(r);
    if (rc == 0) pop(r, path);
    return rc;
}

static int read_object(struct reader *r) {
    size_t names = r->names_len, n = 0;
    int rc = tell_open(r);
    r->p++;
    if (rc == 0 && next(r) != '}') {
        do {
            if (++n > GL_JSON_MEMBERS) return gl_fail(r->err, -E2BIG, "more than %d members in one object", GL_JSON_MEMBERS);
            rc = read_member(r, names);
        } while (rc == 0 && next(r) == ',' && r->p++);
    }
    if (rc == 0) rc = expect(r, '}', "a comma or a closing brace");
    r->names_len = names;
    return rc < 0 ? rc : tell_close(r);
}

static int read_list(struct reader *r) {
    int rc = 0;
    r->p++;
    if (next(r) != ']') {
        do rc = read_value(r);
        while (rc == 0 && next(r) == ',' && r->p++);
    }
    return rc < 0 ? rc : expect(r, ']', "a comma or a closing bracket");
}

static int read_value(struct reader *r) {
    char c = next(r);
    if (++r->values > GL_JSON_VALUES) return gl_fail(r->err, -E2BIG, "more than %d values", GL_JSON_VALUES);
    if (c == '\0') return fail_form(r, "a value");
    if (c != '{' && c != '[') return read_scalar(r);
    if (r->depth == GL_JSON_DEPTH) return gl_fail(r->err, -E2BIG, "objects and lists nested deeper than %d", GL_JSON_DEPTH);
    r->depth++;
    int rc = c == '{' ? read_object(r) : read_list(r);
    r->depth--;
    return rc;
}

/* ---- the document ------------------------------------------------------------------------------------------------------------------------ */

static int read_document(struct reader *r) {
    if (r->end - r->p >= 3 && memcmp(r->p, "\xEF\xBB\xBF", 3) == 0) r->p += 3;
    int rc = read_value(r);
    if (rc == 0 && next(r) != '\0') rc = fail_form(r, "the end of the document");
    return rc;
}

static int read_bytes(const void *bytes, size_t len, const struct gl_xml_events *events, void *user, struct gl_xml_place *where,
                      struct gl_error *err) {
    *where = (struct gl_xml_place){.path = "/", .line = 1};
    struct reader *r = calloc(1, sizeof *r);
    if (!r) return gl_fail(err, -ENOMEM, "out of memory");
    r->start = r->p = r->counted = bytes;
    r->end = r->start + len;
    r->events = events;
    r->user = user;
    r->err = err;
    r->where = where;
    int rc = read_document(r);
    count_lines(r);
    if (rc < 0) gl_clip(where->path, sizeof where->path, r->path_len > 0 ? r->path : "/");
    free(r);
    return rc;
}

int gl_json_read(const void *bytes, size_t len, const struct gl_xml_events *events, void *user, struct gl_xml_place *where,
                 struct gl_error *err) {
    *where = (struct gl_xml_place){.path = "/", .line = 1};
    if (len > GL_JSON_SIZE) return gl_fail(err, -E2BIG, "%zu bytes; at most %d are read", len, GL_JSON_SIZE);
    if (!gl_utf8_valid(bytes, len)) return gl_fail(err, -EBADMSG, "not valid UTF-8 without NUL; the file must be saved as UTF-8");
    return read_bytes(bytes, len, events, user, where, err);
}

/* ---- what it is -------------------------------------------------------------------------------------------------------------------------- */

/* The peek ends with the first object, by an error that nobody sees. */
static bool is_member(const char *path) {
    return path[0] != '\0' && strchr(path + 1, '/') == NULL;
}

static int peek_open(void *user, const char *path, struct gl_error *err GL_UNUSED) {
    struct gl_json_shape *shape = user;
    if (!is_member(path) || shape->n == GL_JSON_SHAPE || gl_json_has(shape, path + 1)) return 0; /* a list's path comes again */
    shape->member[shape->n].text[0] = '\0';
    if (gl_copy(shape->member[shape->n].name, sizeof shape->member[0].name, path + 1) == 0) shape->n++;
    return 0;
}

static int peek_text(void *user, const char *path, const char *text, struct gl_error *err GL_UNUSED) {
    struct gl_json_shape *shape = user;
    if (!is_member(path) || shape->n == 0 || strcmp(shape->member[shape->n - 1].name, path + 1) != 0) return 0;
    if (gl_copy(shape->member[shape->n - 1].text, sizeof shape->member[0].text, text) < 0)
        shape->member[shape->n - 1].text[0] = '\0';
    return 0;
}

static int peek_close(void *user GL_UNUSED, const char *path, struct gl_error *err GL_UNUSED) {
    return path[0] == '\0' ? -ECANCELED : 0;
}

void gl_json_peek(const void *bytes, size_t len, struct gl_json_shape *ret) {
    static const struct gl_xml_events events = {peek_open, peek_text, peek_close};
    const char *p = bytes, *end = p + len;
    struct gl_xml_place where;
    *ret = (struct gl_json_shape){0};
    if (len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) p += 3;
    while (p < end && is_blank(*p)) p++;
    ret->list = p < end && *p == '[';
    read_bytes(bytes, len < GL_JSON_SIZE ? len : GL_JSON_SIZE, &events, ret, &where, NULL); /* as far as that goes */
}

static const char *member_text(const struct gl_json_shape *shape, const char *name) {
    for (size_t i = 0; i < shape->n; i++)
        if (strcmp(shape->member[i].name, name) == 0) return shape->member[i].text;
    return NULL;
}

bool gl_json_has(const struct gl_json_shape *shape, const char *name) {
    return member_text(shape, name) != NULL;
}

bool gl_json_is(const struct gl_json_shape *shape, const char *name, const char *text) {
    const char *is = member_text(shape, name);
    return is && strcmp(is, text) == 0;
}
