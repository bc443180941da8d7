/* Reads a JSON document of modest size by paths, as the same events as an XML one (feed/xml.h), so that one drafting engine takes both.
 *
 *     {"gmrId":"GMRA00000001","crossing":{"routeId":"7"},"trailers":["AB 1","AB 2"]}
 *
 *     open ""   open /gmrId   text "GMRA00000001"   close /gmrId   open /crossing   open /crossing/routeId   text "7"  ...
 *     open /trailers   text "AB 1"   close /trailers   open /trailers   text "AB 2"   close /trailers   close ""
 *
 * - The path of the document's own value is "".
 * - A list has no events of its own: its path is that of each of its elements, at the root too, so that a document may open its root often.
 *   A list inside a list is no different from one long list.
 * - null opens and closes without text, and so does a string of nothing but blanks: absent is not false.
 * - true and false give "true" and "false". A number gives its own characters: no digit is lost.
 * - In the name of a member '~' stands as "~0" and '/' as "~1", as in JSON pointers, and an empty name as "~": no name can pass for a longer or
 *   a shorter path.
 * - Refused: a member that stands twice in one object, bytes that are not UTF-8, NUL, lone surrogates, comments, trailing commas, text behind
 *   the document, and whatever else RFC 8259 does not know; and what goes beyond the limits below.
 *
 * A parser of its own, because a tree of the whole document would need many times its size, would round numbers, and would not know the line
 * of what it refuses. Pure: no I/O; memory is fixed, whatever the document. */
#pragma once
#include "feed/xml.h"

enum {
    GL_JSON_SIZE = GL_XML_SIZE,
    GL_JSON_DEPTH = GL_XML_DEPTH, /* objects and lists inside each other */
    GL_JSON_TEXT = GL_XML_TEXT,   /* bytes of one string or number */
    GL_JSON_MEMBERS = 512,        /* of one object */
    GL_JSON_NAMES = 32768,        /* bytes of all member names of the objects that are open at one moment */
    GL_JSON_VALUES = 1 << 20,     /* of the document */
    GL_JSON_SHAPE = 48            /* members that gl_json_peek() tells */
};

/* As gl_xml_read(). Errors of the form begin with their column. where->path is "/" for the root. where->line is kept up to
 * date while it reads. */
int gl_json_read(const void *bytes, size_t len, const struct gl_xml_events *events, void *user, struct gl_xml_place *where,
                 struct gl_error *err) GL_MUST_USE;

/* What a document looks like: the members of its object, or of the first element of its list. */
struct gl_json_shape {
    bool list;
    size_t n; /* 0: no object */
    struct {
        char name[32]; /* members whose names are longer are left out */
        char text[32]; /* "" when it has no text of its own, or a longer one */
    } member[GL_JSON_SHAPE];
};

/* Looks at the beginning of a document, to tell what it is. What follows may still be no JSON; what is none from the start gives n = 0. */
void gl_json_peek(const void *bytes, size_t len, struct gl_json_shape *ret);

bool gl_json_has(const struct gl_json_shape *shape, const char *name);                  /* the member is there */
bool gl_json_is(const struct gl_json_shape *shape, const char *name, const char *text); /* and has this text */
