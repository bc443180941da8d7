/* Which format a file is in. */
#include "feed/import.h"

#include <errno.h>
#include <string.h>

#include "feed/csv.h"
#include "feed/formats/formats.h"
#include "feed/jsonl.h"

/* One line for each format that is not Greenlane's own. */
/* clang-format off */
static const struct gl_format *const formats[] = {
    &gl_format_ncts,
    &gl_format_asycuda,
    &gl_format_ics1,
    &gl_format_wco,
    &gl_format_gvms,
    &gl_format_gvms_reference,
    &gl_format_digitoll,
    &gl_format_digitoll_routing,
    &gl_format_digitoll_other,
    &gl_format_ace,
    &gl_format_ace_answer,
};
/* clang-format on */

static bool starts(const uint8_t *bytes, size_t len, const char *with, size_t n) {
    return len >= n && memcmp(bytes, with, n) == 0;
}

/* The first byte that is not blank, behind a UTF-8 byte order mark; 0 when there is none. */
static uint8_t first_byte(const uint8_t *bytes, size_t len) {
    size_t i = starts(bytes, len, "\xEF\xBB\xBF", 3) ? 3 : 0;
    while (i < len && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r' || bytes[i] == '\n')) i++;
    return i < len ? bytes[i] : 0;
}

/* UTF-16 text, with or without its mark, that begins with '<'. expat reads it; JSON must be UTF-8. */
static bool utf16_xml(const uint8_t *bytes, size_t len) {
    return starts(bytes, len, "\xFF\xFE<\0", 4) || starts(bytes, len, "\xFE\xFF\0<", 4);
}

static int fail_unknown(const uint8_t *bytes, size_t len, struct gl_error *err) {
    uint8_t first = first_byte(bytes, len);
    if (first == 0 && len < 2) return gl_fail(err, -EINVAL, "empty; one JSON object a line, or an XML document is needed");
    if (starts(bytes, len, "\xFF\xFE", 2) || starts(bytes, len, "\xFE\xFF", 2) || memchr(bytes, 0, len < 64 ? len : 64))
        return gl_fail(err, -EINVAL, "not UTF-8 text; save it as UTF-8");
    if (first == '[')
        return gl_fail(
            err, -EINVAL,
            "a JSON list of none of the known formats; Greenlane's own has one object a line, without brackets and commas "
            "around them");
    if (first == 0) return gl_fail(err, -EINVAL, "only blanks; one JSON object a line, or an XML document is needed");
    return gl_fail(err, -EINVAL, "neither JSON (beginning with '{' or '[') nor XML (beginning with '<')");
}

/* ---- XML --------------------------------------------------------------------------------------------------------------------------------- */

static int fail_root(const char *root, struct gl_error *err) {
    char known[160] = "";
    for (size_t i = 0; i < GL_COUNT(formats); i++) {
        size_t n = strlen(known);
        if (!formats[i]->claims) gl_format(known + n, sizeof known - n, "%s%s", n > 0 ? ", " : "", formats[i]->name);
    }
    return gl_fail(err, -EBADMSG, "%.40s is no message that is known; in XML there are those of %s", root + 1, known);
}

static int on_root(void *user, const char *path, struct gl_error *err) {
    const struct gl_format **found = user;
    for (size_t i = 0; i < GL_COUNT(formats); i++)
        if (!formats[i]->claims && gl_format_message(formats[i], path)) {
            *found = formats[i];
            return -ECANCELED;
        }
    return fail_root(path, err);
}

static int import_xml(const uint8_t *bytes, size_t len, const struct gl_import_options *options, const struct gl_import_sink *sink,
                      struct gl_error *err) {
    static const struct gl_xml_events root = {on_root, NULL, NULL};
    const struct gl_format *f = NULL;
    struct gl_xml_place where;
    struct gl_error why = {""}, told;
    int rc = gl_xml_read(bytes, len, &root, &f, &where, &why);
    if (f) return gl_draft_import(f, bytes, len, options, sink, err);
    if (rc == -ENOMEM) return gl_fail(err, rc, "%s", why.text);
    gl_format(told.text, sizeof told.text, "line %llu: %.290s", (unsigned long long)where.line, why.text);
    sink->bad(sink->user, where.path, told.text);
    return 1;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------------------------------- */

/* The format that claims a document which begins so; NULL when none does. */
static const struct gl_format *json_format(const uint8_t *bytes, size_t len) {
    struct gl_json_shape shape;
    gl_json_peek(bytes, len, &shape);
    if (gl_json_has(&shape, "collection")) return NULL; /* a line of Greenlane's own */
    for (size_t i = 0; i < GL_COUNT(formats); i++)
        if (formats[i]->claims && formats[i]->claims(&shape)) return formats[i];
    return NULL;
}

/* "[]": what a service gives that has no news. */
static bool is_empty_list(const uint8_t *bytes, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (strchr(" \t\r\n\xEF\xBB\xBF", bytes[i])) continue;
        if (n == 2 || bytes[i] != "[]"[n++]) return false;
    }
    return n == 2;
}

int gl_import(const uint8_t *bytes, size_t len, const struct gl_import_options *options, const struct gl_import_sink *sink,
              struct gl_error *err) {
    uint8_t first = first_byte(bytes, len);
    if (options && options->mapping) return gl_csv_import(bytes, len, options, sink, err);
    if (first == '<' || utf16_xml(bytes, len)) return import_xml(bytes, len, options, sink, err);
    const struct gl_format *f = first == '{' || first == '[' ? json_format(bytes, len) : NULL;
    if (f) return gl_draft_import(f, bytes, len, options, sink, err);
    if (first == '[' && is_empty_list(bytes, len)) {
        if (sink->note) sink->note(sink->user, "/", "an empty list: nothing new");
        return 0;
    }
    return first == '{' ? gl_jsonl_import(bytes, len, sink, err) : fail_unknown(bytes, len, err);
}
