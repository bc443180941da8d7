#include "isapi/multipart.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

enum state { SEEK, HEAD, BODY }; /* looking for a delimiter line; in a part's header; in its body */
enum verdict { NO, YES, WAIT };  /* WAIT: the bytes so far could become either */

enum { SLICE = 16 * 1024, SKIP_MAX = 1024 * 1024, PADDING_MAX = 16 };

/* The value of parameter `name` in a header's value ("form-data; name=\"anpr.xml\"; filename=x"), quoted or not. */
static bool parameter(const char *value, const char *name, char *out, size_t size) {
    size_t n = strlen(name);
    for (const char *p = strchr(value, ';'); p; p = strchr(p, ';')) {
        p += 1 + strspn(p + 1, " \t");
        if (strncasecmp(p, name, n) != 0) continue;
        const char *v = p + n + strspn(p + n, " \t");
        if (*v != '=') continue;
        v += 1 + strspn(v + 1, " \t");
        bool quoted = *v == '"';
        if (quoted) v++;
        size_t len = strcspn(v, quoted ? "\"" : "; \t");
        return gl_copyn(out, size, v, len) == 0;
    }
    return false;
}

int gl_multipart_begin(struct gl_multipart *m, const char *content_type, struct gl_error *err) {
    char boundary[71] = "boundary";
    if (strncasecmp(content_type, "multipart/", 10) != 0) return gl_fail(err, -EINVAL, "\"%s\" is no multipart type", content_type);
    if (!parameter(content_type, "boundary", boundary, sizeof boundary)) {
        if (boundary[0] == '\0') return gl_fail(err, -EINVAL, "the boundary is longer than the 70 characters that are allowed");
        memcpy(boundary, "boundary", sizeof "boundary");
    }
    if (boundary[0] == '\0') return gl_fail(err, -EINVAL, "the boundary is empty; leave the parameter out or give one");
    gl_format(m->delimiter, sizeof m->delimiter, "--%s", boundary);
    m->delimiter_len = strlen(m->delimiter);
    m->state = SEEK;
    m->buf.limit = GL_PART_MAX + GL_PART_HEADERS_MAX + 4 * SLICE;
    gl_buf_reset(&m->buf);
    m->pos = m->scan = m->headers = m->skipped = 0;
    m->midline = false;
    m->length = -1;
    return 0;
}

static int refuse(struct gl_multipart *m, const char *reason, const char *detail) {
    m->refused(m->user, reason, detail);
    return -EPROTO;
}

static bool is_delimiter(const struct gl_multipart *m, const uint8_t *p, size_t len) {
    return len >= m->delimiter_len && memcmp(p, m->delimiter, m->delimiter_len) == 0;
}

/* What a whole line of header or preamble is: 0 = no delimiter, 1 = one, 2 = the last one. */
static int delimiter_line(const struct gl_multipart *m, const uint8_t *p, size_t len) {
    if (!is_delimiter(m, p, len)) return 0;
    p += m->delimiter_len;
    len -= m->delimiter_len;
    while (len > 0 && isspace(p[len - 1])) len--;
    return len == 0 ? 1 : len >= 2 && p[0] == '-' && p[1] == '-' ? 2 : 0;
}

static void start_head(struct gl_multipart *m) {
    m->state = HEAD;
    m->headers = m->skipped = 0;
    m->length = -1;
    memset(&m->head, 0, sizeof m->head);
}

static void start_seek(struct gl_multipart *m) {
    m->state = SEEK;
    m->midline = false;
    m->skipped = 0;
}

/* Each step_*() uses up some bytes and returns 1, or 0 when it needs more, or a negative errno. */
static int step_seek(struct gl_multipart *m) {
    const uint8_t *p = (const uint8_t *)m->buf.data + m->pos;
    size_t left = m->buf.len - m->pos;
    const uint8_t *nl = memchr(p, '\n', left);
    if (!nl) {
        if (left <= m->delimiter_len + PADDING_MAX) return 0;
        m->midline = true;
    }
    size_t line = nl ? (size_t)(nl - p) + 1 : left;
    int kind = m->midline ? 0 : delimiter_line(m, p, line);
    m->pos += line;
    m->midline = !nl;
    if (kind == 1) start_head(m);
    m->skipped += kind ? 0 : line;
    if (m->skipped > SKIP_MAX) return refuse(m, "boundary_missing", "1 MiB without the boundary that the content type announced");
    return 1;
}

static void header_line(struct gl_multipart *m, const char *line, size_t len) {
    char text[1024], value[1024];
    int64_t length;
    while (len > 0 && isspace((unsigned char)line[len - 1])) len--;
    if (gl_copyn(text, sizeof text, line, len) < 0) return;
    char *colon = strchr(text, ':');
    if (!colon) return;
    gl_clip(value, sizeof value, colon + 1 + strspn(colon + 1, " \t"));
    while (colon > text && isspace((unsigned char)colon[-1])) colon--;
    *colon = '\0';
    if (strcasecmp(text, "Content-Length") == 0 && gl_parse_int(value, 0, GL_PART_MAX, &length) == 0) m->length = length;
    if (strcasecmp(text, "Content-Type") == 0 && gl_copyn(m->head.type, sizeof m->head.type, value, strcspn(value, "; \t")) == 0)
        for (char *c = m->head.type; *c; c++) *c = (char)tolower((unsigned char)*c);
    if (strcasecmp(text, "Content-Disposition") == 0) {
        parameter(value, "name", m->head.name, sizeof m->head.name);
        parameter(value, "filename", m->head.filename, sizeof m->head.filename);
    }
}

static void start_body(struct gl_multipart *m) {
    m->state = BODY;
    m->scan = 0;
}

static int step_head(struct gl_multipart *m) {
    const uint8_t *p = (const uint8_t *)m->buf.data + m->pos;
    size_t left = m->buf.len - m->pos;
    if (left > 0 && (p[0] == '<' || p[0] == 0xff)) { /* the empty line was forgotten: this is the body already */
        start_body(m);
        return 1;
    }
    const uint8_t *nl = memchr(p, '\n', left);
    size_t line = nl ? (size_t)(nl - p) + 1 : left;
    if (m->headers + line > GL_PART_HEADERS_MAX) return refuse(m, "headers_too_long", "the header of a part has more than 8 KiB");
    if (!nl) return 0;
    m->pos += line;
    m->headers += line;
    int kind = delimiter_line(m, p, line);
    if (kind == 1)
        start_head(m);
    else if (kind == 2)
        start_seek(m);
    else if (line == 1 || (line == 2 && p[0] == '\r'))
        start_body(m);
    else
        header_line(m, (const char *)p, line);
    return 1;
}

/* Whether the part is whole by its own form, white space after it aside. */
static bool whole(const uint8_t *p, size_t n) {
    static const char tail[] = "EventNotificationAlert>";
    if (n >= 4 && p[0] == 0xff && p[1] == 0xd8) return p[n - 2] == 0xff && p[n - 1] == 0xd9;
    while (n > 0 && isspace(p[n - 1])) n--;
    if (n < sizeof tail + 1 || memcmp(p + n - (sizeof tail - 1), tail, sizeof tail - 1) != 0) return false;
    size_t at = n - (sizeof tail - 1);
    for (size_t i = 0; i < 40 && at > 1; i++, at--) /* "</" or "</prefix:" */
        if (p[at - 1] == '/' && p[at - 2] == '<') return true;
    return false;
}

/* Hands the part out and goes on behind it. */
static int take(struct gl_multipart *m, size_t len, size_t used) {
    if (len > GL_PART_MAX) return refuse(m, "part_too_big", "a part has more than 8 MiB");
    m->part(m->user, &m->head, (const uint8_t *)m->buf.data + m->pos, len);
    m->pos += used;
    start_seek(m);
    return 1;
}

/* Whether what stands behind a delimiter's text makes it a delimiter line. A part with a Content-Length is believed to hold
 * delimiter lines of its own unless a header line, another delimiter or the last one's dashes follow. */
static enum verdict delimiter_tail(const struct gl_multipart *m, const uint8_t *p, size_t n) {
    static const char header[] = "content-";
    size_t i = 0;
    if (n == 0 || (n == 1 && p[0] == '-')) return WAIT;
    if (p[0] == '-') return p[1] == '-' ? YES : NO;
    while (i < n && i < PADDING_MAX && (p[i] == ' ' || p[i] == '\t')) i++;
    if (i < n && p[i] == '\r') i++;
    if (i == n) return WAIT;
    if (p[i] != '\n') return NO;
    if (m->length < 0) return YES;
    p += i + 1;
    n -= i + 1;
    size_t a = n < sizeof header - 1 ? n : sizeof header - 1, b = n < m->delimiter_len ? n : m->delimiter_len;
    bool is_header = strncasecmp((const char *)p, header, a) == 0, is_next = memcmp(p, m->delimiter, b) == 0;
    if ((is_header && a == sizeof header - 1) || (is_next && b == m->delimiter_len)) return YES;
    return is_header || is_next ? WAIT : NO;
}

/* Looks for a delimiter line in the first n bytes of the body, from m->scan on. */
static enum verdict find_delimiter(struct gl_multipart *m, const uint8_t *body, size_t n, size_t *ret_at) {
    while (m->scan < n) {
        const uint8_t *hit = memmem(body + m->scan, n - m->scan, m->delimiter, m->delimiter_len);
        if (!hit) {
            size_t keep = m->delimiter_len - 1;
            if (n > keep && n - keep > m->scan) m->scan = n - keep;
            return NO;
        }
        size_t at = (size_t)(hit - body);
        m->scan = at;
        enum verdict v =
            at == 0 || body[at - 1] == '\n' ? delimiter_tail(m, hit + m->delimiter_len, n - at - m->delimiter_len) : NO;
        if (v == YES) *ret_at = at;
        if (v != NO) return v;
        m->scan = at + 1;
    }
    return NO;
}

/* Whether a delimiter stands behind the Content-Length, after at most one line end. */
static enum verdict delimiter_follows(const struct gl_multipart *m, const uint8_t *p, size_t n) {
    size_t i = 0;
    if (i < n && p[i] == '\r') i++;
    if (i < n && p[i] == '\n') i++;
    size_t have = n - i < m->delimiter_len ? n - i : m->delimiter_len;
    if (memcmp(p + i, m->delimiter, have) != 0) return NO;
    return have == m->delimiter_len ? YES : WAIT;
}

static size_t without_line_end(const uint8_t *body, size_t n) {
    if (n > 0 && body[n - 1] == '\n')
        n--;
    else
        return n;
    return n > 0 && body[n - 1] == '\r' ? n - 1 : n;
}

static int step_body(struct gl_multipart *m) {
    const uint8_t *body = (const uint8_t *)m->buf.data + m->pos;
    size_t left = m->buf.len - m->pos, at;
    bool reached = m->length >= 0 && left >= (size_t)m->length;
    enum verdict v = find_delimiter(m, body, reached ? (size_t)m->length : left, &at);
    if (v == YES) return take(m, without_line_end(body, at), at);
    if (reached) {
        size_t length = (size_t)m->length;
        v = whole(body, length) ? YES : delimiter_follows(m, body + length, left - length);
        if (v == YES) return take(m, length, length);
        if (v == NO) {
            m->length = -1; /* it was wrong: only a delimiter can tell now */
            m->scan = 0;
            return 1;
        }
    }
    if (left > GL_PART_MAX + SLICE) return refuse(m, "part_too_big", "a part has more than 8 MiB");
    return 0;
}

static int run(struct gl_multipart *m) {
    static int (*const step[])(struct gl_multipart *) = {[SEEK] = step_seek, [HEAD] = step_head, [BODY] = step_body};
    int rc = 1;
    while (rc > 0 && m->pos < m->buf.len) rc = step[m->state](m);
    if (m->pos > 0) {
        memmove(m->buf.data, m->buf.data + m->pos, m->buf.len - m->pos);
        m->buf.len -= m->pos;
        m->pos = 0;
    }
    return rc;
}

int gl_multipart_bytes(struct gl_multipart *m, const uint8_t *bytes, size_t len) {
    for (size_t at = 0; at < len; at += SLICE) {
        gl_buf_add(&m->buf, bytes + at, len - at < SLICE ? len - at : SLICE);
        if (m->buf.failed) return refuse(m, "part_too_big", "no memory for a part of this size");
        int rc = run(m);
        if (rc < 0) return rc;
    }
    return 0;
}

void gl_multipart_idle(struct gl_multipart *m) {
    size_t left = m->buf.len - m->pos;
    if (m->state != BODY || left == 0) return;
    if (m->length >= 0 && left >= (size_t)m->length)
        (void)take(m, (size_t)m->length, (size_t)m->length);
    else if (whole((const uint8_t *)m->buf.data + m->pos, left))
        (void)take(m, left, left);
    if (m->buf.len > m->pos) (void)run(m);
}

void gl_multipart_end(struct gl_multipart *m, bool complete) {
    if (m->state != BODY) return;
    m->length = -1;
    m->scan = 0;
    gl_buf_char(&m->buf, '\n'); /* a last delimiter may come without its line end */
    if (m->buf.failed || run(m) < 0 || m->state != BODY) return;
    size_t left = m->buf.len > 0 ? m->buf.len - 1 : 0; /* 0: the line end went into a last header, and no body followed */
    if (complete || whole((const uint8_t *)m->buf.data, left))
        (void)take(m, left, left);
    else
        m->refused(m->user, "cut", "the connection ended inside a part");
    m->state = SEEK;
}

void gl_multipart_free(struct gl_multipart *m) {
    gl_buf_free(&m->buf);
}
