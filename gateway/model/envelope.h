/* The CloudEvents 1.0 envelope, in structured JSON, around everything that Greenlane puts onto MQTT and takes from it. */
#pragma once
#include "model/reading.h"

/* What an envelope said. Extension attributes are checked for their form and then left aside. */
struct gl_envelope {
    char id[81];
    char source[257];
    char type[65];
    int64_t time;      /* wall; 0 = it has none */
    char subject[129]; /* "" = it has none */
    json_t *data;      /* an object, owned: gl_envelope_free() */
};

/* Reads a whole message. specversion "1.0", id, source, type and an object as data are required; time and subject must be right
 * when they are there. Members that stand twice, trailing text, bad UTF-8, and attributes that are lists or objects are refused.
 * -EINVAL with the reason in err, or -ENOMEM; *ret is then empty and needs no gl_envelope_free(). */
int gl_envelope_parse(const char *text, size_t len, struct gl_envelope *ret, struct gl_error *err) GL_MUST_USE;

/* The same for events written by hand, as `greenlane simulate` reads them: specversion, id and source may be absent (then ""), but
 * time is required. */
int gl_envelope_parse_event(const char *text, size_t len, struct gl_envelope *ret, struct gl_error *err) GL_MUST_USE;

void gl_envelope_free(struct gl_envelope *e); /* for GL_CLEANUP too */

/* What to write. Everything is borrowed. */
struct gl_envelope_out {
    const char *id, *post, *type; /* source becomes "/greenlane/POST" */
    int64_t time;                 /* wall; 0 = leave it out */
    const char *subject;          /* "" or NULL = leave it out; so with dataschema and boot */
    const char *dataschema;       /* the name of a file in config/schema/ without ".json"; written as urn:greenlane:schema:NAME */
    const char *stream;           /* NULL = none: then no sequence either */
    int64_t seq;
    const char *boot;
    bool replayed;    /* written only when true */
    const char *data; /* an object, already as JSON text */
};
void gl_envelope_write(struct gl_buf *out, const struct gl_envelope_out *e);
