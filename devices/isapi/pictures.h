/* The pictures of one event, kept until it is passed on: at most 8, as a reading has room for, and 8 MiB together. */
#pragma once
#include "isapi/event.h"
#include "isapi/multipart.h"
#include "protocol.h"

enum { GL_ISAPI_PICTURES_MAX = 8, GL_ISAPI_PICTURES_BYTES = 8 * 1024 * 1024 };

struct gl_isapi_pictures {
    size_t n, bytes;
    struct {
        char name[64], filename[130];
        struct gl_buf data;
    } p[GL_ISAPI_PICTURES_MAX];
};

/* Copies a JPEG. -ENOSPC beyond the limits, -ENOMEM. */
int gl_isapi_pictures_add(struct gl_isapi_pictures *pics, const struct gl_part *part, const uint8_t *bytes, size_t len) GL_MUST_USE;

/* As attachments, borrowed from pics. Their roles come from the parts' names, else from the event's own list; `before` of the
 * event's pictures were passed on already. */
void gl_isapi_pictures_attach(const struct gl_isapi_pictures *pics, const struct gl_isapi_event *ev, size_t before,
                              struct gl_attachment out[GL_ISAPI_PICTURES_MAX]);

void gl_isapi_pictures_clear(struct gl_isapi_pictures *pics);
