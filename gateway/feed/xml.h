/* Reads an XML document of modest size by paths: local names joined by '/', with a leading '/': "/CC015C/TransitOperation/LRN". Namespaces and
 * attributes are ignored. Refused: a document type declaration (and so every entity of its own), depth, size, elements, text or path beyond the limits,
 * text between elements, and whatever is not well-formed. Pure: no I/O, nothing external is ever fetched. */
#pragma once
#include "base/base.h"

enum { GL_XML_SIZE = 8 << 20, GL_XML_DEPTH = 32, GL_XML_TEXT = 65536, GL_XML_PATH = 1024, GL_XML_ELEMENTS = 500000 };

/* Callbacks return 0 to go on, or a negative errno with the reason in err, which ends the reading. */
struct gl_xml_events {
    int (*open)(void *user, const char *path, struct gl_error *err);
    /* At the end of an element without children that holds more than blanks; text is trimmed, UTF-8. */
    int (*text)(void *user, const char *path, const char *text, struct gl_error *err);
    int (*close)(void *user, const char *path, struct gl_error *err);
};

/* Where the reading ended when it failed; the line is right in callbacks as well. */
struct gl_xml_place {
    char path[GL_XML_PATH];
    uint64_t line; /* from 1 */
};

/* 0 = read to its end. Negative: err says why, *where is filled. -ENOMEM, -E2BIG (a limit), -EBADMSG (not acceptable XML), or the callback's. */
int gl_xml_read(const void *bytes, size_t len, const struct gl_xml_events *events, void *user, struct gl_xml_place *where,
                struct gl_error *err) GL_MUST_USE;
