/* The path reader over expat. Everything that grows is a fixed part of struct reader. */
#include "feed/xml.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    XML_Parser parser;
    const struct gl_xml_events *events;
    void *user;
    struct gl_xml_place *where;
    struct gl_error *err;
    int rc; /* the first failure */
    size_t depth, elements;
    size_t path_len;
    bool leaf;       /* no child seen yet in the innermost element */
    size_t seen;     /* bytes of text in it, blanks included */
    size_t text_len; /* of them kept: from the first that is not blank */
    char path[GL_XML_PATH];
    char text[GL_XML_TEXT + 1];
};

static void stop(struct reader *r, int rc) {
    if (r->rc == 0) r->rc = rc;
    XML_StopParser(r->parser, XML_FALSE);
}

/* Callbacks may ask where they are. */
static void tell_line(struct reader *r) {
    r->where->line = XML_GetCurrentLineNumber(r->parser);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void on_open(void *data, const XML_Char *name, const XML_Char **attributes GL_UNUSED) {
    struct reader *r = data;
    if (r->rc < 0) return;
    const char *bar = strrchr(name, '|'); /* expat gives "namespace|local" */
    const char *local = bar ? bar + 1 : name;
    size_t n = strlen(local);
    if (r->text_len > 0) return stop(r, gl_fail(r->err, -EBADMSG, "text stands beside elements; only one of both is right"));
    if (r->elements++ == GL_XML_ELEMENTS) return stop(r, gl_fail(r->err, -E2BIG, "more than %d elements", GL_XML_ELEMENTS));
    if (r->depth == GL_XML_DEPTH) return stop(r, gl_fail(r->err, -E2BIG, "elements nested deeper than %d", GL_XML_DEPTH));
    if (r->path_len + 1 + n >= sizeof r->path) return stop(r, gl_fail(r->err, -E2BIG, "element names too long"));
    r->path[r->path_len] = '/';
    memcpy(r->path + r->path_len + 1, local, n + 1);
    r->path_len += 1 + n;
    r->depth++;
    r->leaf = true;
    r->seen = r->text_len = 0;
    tell_line(r);
    int rc = r->events->open(r->user, r->path, r->err);
    if (rc < 0) stop(r, rc);
}

static void on_text(void *data, const XML_Char *text, int len) {
    struct reader *r = data;
    if (r->rc < 0) return;
    r->seen += (size_t)len;
    if (r->seen > GL_XML_TEXT) return stop(r, gl_fail(r->err, -E2BIG, "more than %d bytes of text in one element", GL_XML_TEXT));
    for (int i = 0; i < len; i++)
        if (r->text_len > 0 || !is_blank(text[i])) r->text[r->text_len++] = text[i];
    if (!r->leaf && r->text_len > 0) stop(r, gl_fail(r->err, -EBADMSG, "text stands beside elements; only one of both is right"));
}

static int end_text(struct reader *r) {
    if (!r->leaf) return 0;
    while (r->text_len > 0 && is_blank(r->text[r->text_len - 1])) r->text_len--;
    r->text[r->text_len] = '\0';
    return r->text_len == 0 ? 0 : r->events->text(r->user, r->path, r->text, r->err);
}

static void on_close(void *data, const XML_Char *name GL_UNUSED) {
    struct reader *r = data;
    if (r->rc < 0) return;
    tell_line(r);
    int rc = end_text(r);
    if (rc == 0) rc = r->events->close(r->user, r->path, r->err);
    if (rc < 0) return stop(r, rc);
    const char *slash = strrchr(r->path, '/');
    r->path_len = (size_t)(slash - r->path);
    r->path[r->path_len] = '\0';
    r->depth--;
    r->leaf = false;
    r->seen = r->text_len = 0;
}

static void on_doctype(void *data, const XML_Char *name GL_UNUSED, const XML_Char *sysid GL_UNUSED, const XML_Char *pubid GL_UNUSED,
                       int internal GL_UNUSED) {
    struct reader *r = data;
    stop(r, gl_fail(r->err, -EBADMSG, "a document type declaration (DOCTYPE) is not allowed"));
}

static int parse(struct reader *r, const void *bytes, size_t len, struct gl_xml_place *where) {
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_open, on_close);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    enum XML_Status status = XML_Parse(r->parser, bytes, (int)len, 1);
    if (status == XML_STATUS_OK && r->rc == 0) return 0;
    where->line = XML_GetCurrentLineNumber(r->parser);
    gl_clip(where->path, sizeof where->path, r->path_len > 0 ? r->path : "/");
    if (r->rc < 0) return r->rc;
    enum XML_Error why = XML_GetErrorCode(r->parser);
    if (why == XML_ERROR_NO_MEMORY) return gl_fail(r->err, -ENOMEM, "out of memory");
    if (why == XML_ERROR_UNKNOWN_ENCODING) return gl_fail(r->err, -EBADMSG, "unknown encoding; save it as UTF-8");
    return gl_fail(r->err, -EBADMSG, "no well-formed XML: %s", XML_ErrorString(why));
}

int gl_xml_read(const void *bytes, size_t len, const struct gl_xml_events *events, void *user, struct gl_xml_place *where,
                struct gl_error *err) {
    *where = (struct gl_xml_place){.path = "/", .line = 1};
    if (len > GL_XML_SIZE) return gl_fail(err, -E2BIG, "%zu bytes; at most %d are read", len, GL_XML_SIZE);
    struct reader *r = calloc(1, sizeof *r);
    if (!r) return gl_fail(err, -ENOMEM, "out of memory");
    r->events = events;
    r->user = user;
    r->where = where;
    r->err = err;
    r->parser = XML_ParserCreateNS(NULL, '|');
    int rc = r->parser ? parse(r, bytes, len, where) : gl_fail(err, -ENOMEM, "out of memory");
    if (r->parser) XML_ParserFree(r->parser);
    free(r);
    return rc;
}
