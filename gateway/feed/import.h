/* Movements, declarations and tags from files. Pure: bytes in, records out; no I/O, no clock. Each record that comes out has passed
 * gl_feed_record_normalise(). What is bad is told with its place, and the good ones beside it go on. */
#pragma once
#include "model/lodged.h"

enum gl_import_format {
    GL_IMPORT_UNKNOWN,
    GL_IMPORT_JSONL, /* Greenlane's own: one JSON object a line (feed/jsonl.h) */
    GL_IMPORT_NCTS   /* one XML message of the New Computerised Transit System, phase 5 (feed/ncts.h) */
};

struct gl_import_sink {
    void *user;
    /* A good record, borrowed for the call. 0 to go on; negative ends the import and is returned by it. */
    int (*record)(void *user, const struct gl_feed_record *r);
    /* Something refused. where: "line 12", "/CC015C/Consignment/grossMass"; reason: what is wrong and what would be right. */
    void (*bad)(void *user, const char *where, const char *reason);
};

/* The format of a file by its first bytes; enum gl_import_format. */
int gl_import_detect(const uint8_t *bytes, size_t len);

/* Imports one whole file of either format. 0: every record was good; positive: that many were refused, each told to sink->bad(). Negative:
 * nothing could be read, err says why; or out of memory, or what sink->record() returned. */
int gl_import(const uint8_t *bytes, size_t len, const struct gl_import_sink *sink, struct gl_error *err) GL_MUST_USE;
