/* Which importer a file is for. */
#include "feed/import.h"

#include <errno.h>
#include <string.h>

#include "feed/jsonl.h"
#include "feed/ncts.h"

static bool starts(const uint8_t *bytes, size_t len, const char *with, size_t n) {
    return len >= n && memcmp(bytes, with, n) == 0;
}

/* The first byte that is not blank, behind a UTF-8 byte order mark; 0 when there is none. */
static uint8_t first_byte(const uint8_t *bytes, size_t len) {
    size_t i = starts(bytes, len, "\xEF\xBB\xBF", 3) ? 3 : 0;
    while (i < len && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n')) i++;
    return i < len ? bytes[i] : 0;
}

/* UTF-16 text, with or without its mark, that begins with '<'. expat reads it; JSON lines must be UTF-8. */
static bool utf16_xml(const uint8_t *bytes, size_t len) {
    return starts(bytes, len, "\xFF\xFE<\0", 4) || starts(bytes, len, "\xFE\xFF\0<", 4);
}

int gl_import_detect(const uint8_t *bytes, size_t len) {
    uint8_t first = first_byte(bytes, len);
    if (first == '<' || utf16_xml(bytes, len)) return GL_IMPORT_NCTS;
    return first == '{' ? GL_IMPORT_JSONL : GL_IMPORT_UNKNOWN;
}

static int fail_unknown(const uint8_t *bytes, size_t len, struct gl_error *err) {
    uint8_t first = first_byte(bytes, len);
    if (first == 0 && len < 2) return gl_fail(err, -EINVAL, "empty; one JSON object a line, or an NCTS message in XML is needed");
    if (starts(bytes, len, "\xFF\xFE", 2) || starts(bytes, len, "\xFE\xFF", 2) || memchr(bytes, 0, len < 64 ? len : 64))
        return gl_fail(err, -EINVAL, "not UTF-8 text; JSON lines must be saved as UTF-8");
    if (first == '[')
        return gl_fail(err, -EINVAL, "a JSON list; one object a line is needed, without brackets and commas around them");
    if (first == 0) return gl_fail(err, -EINVAL, "only blanks; one JSON object a line, or an NCTS message in XML is needed");
    return gl_fail(err, -EINVAL, "neither JSON lines (beginning with '{') nor XML (beginning with '<')");
}

int gl_import(const uint8_t *bytes, size_t len, const struct gl_import_sink *sink, struct gl_error *err) {
    switch ((enum gl_import_format)gl_import_detect(bytes, len)) {
        case GL_IMPORT_JSONL: return gl_jsonl_import(bytes, len, sink, err);
        case GL_IMPORT_NCTS: return gl_ncts_import(bytes, len, sink, err);
        case GL_IMPORT_UNKNOWN: break;
    }
    return fail_unknown(bytes, len, err);
}
