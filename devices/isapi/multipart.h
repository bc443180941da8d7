/* A push parser for multipart bodies as cameras write them: multipart/form-data of one request, or an endless multipart/mixed.
 *
 *     --boundary                        the boundary itself may start with dashes: the line then has two more
 *     Content-Type: application/xml     header lines that are none are passed over
 *     Content-Length: 492               may be missing, too small or too large
 *
 *     <EventNotificationAlert ...
 *     --boundary                        may come twice in a row; lines end with CRLF or LF; the last "--boundary--" may never come
 *
 * Where a part ends: at a delimiter line; or at its Content-Length when the part is whole by its own form there (an XML text that
 * ends with </EventNotificationAlert>, a JPEG that ends with FF D9) or a delimiter line follows; or, after a pause of the sender,
 * where it is whole by its own form. So a picture may hold the boundary text, and a stream's last part does not wait for the next
 * one. The result does not depend on how the bytes are split.
 *
 * It holds at most one part (8 MiB) and one header (8 KiB), however long the stream runs. */
#pragma once
#include "base/buf.h"

enum { GL_PART_MAX = 8 * 1024 * 1024, GL_PART_HEADERS_MAX = 8 * 1024 };

struct gl_part {
    char type[64]; /* media type in lower case, without parameters; "" when not given */
    char name[64]; /* of Content-Disposition */
    char filename[130];
};

struct gl_multipart {
    void *user;
    /* A whole part. Everything is borrowed for the call. */
    void (*part)(void *user, const struct gl_part *part, const uint8_t *body, size_t len);
    void (*refused)(void *user, const char *reason, const char *detail);

    /* its own: */
    char delimiter[80];
    size_t delimiter_len;
    int state;
    struct gl_buf buf;
    size_t pos;     /* everything before it is done with */
    size_t scan;    /* of the body from pos on: no delimiter before it */
    size_t headers; /* bytes of this part's header so far */
    size_t skipped; /* bytes outside of parts since the last part */
    bool midline;   /* while seeking: the line that pos stands in did not begin there */
    int64_t length; /* Content-Length; -1 = none, or found to be wrong */
    struct gl_part head;
};

/* Starts a body of this content type. The buffer's memory is kept from body to body. -EINVAL when it is no multipart type with a
 * usable boundary; a missing boundary parameter means "boundary". */
int gl_multipart_begin(struct gl_multipart *m, const char *content_type, struct gl_error *err) GL_MUST_USE;

/* The next bytes. A negative errno, after refused(), means that this body cannot be read on. */
int gl_multipart_bytes(struct gl_multipart *m, const uint8_t *bytes, size_t len) GL_MUST_USE;

/* The sender pauses: a part that is whole by its own form is taken as it stands. */
void gl_multipart_idle(struct gl_multipart *m);

/* The body is over. A part still open is taken when the body was complete or the part is whole; else it is refused ("cut"). */
void gl_multipart_end(struct gl_multipart *m, bool complete);

void gl_multipart_free(struct gl_multipart *m);
