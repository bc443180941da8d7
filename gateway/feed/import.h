/* Movements, declarations and tags from files. Pure: bytes in, records out; no I/O, no clock. Each record that comes out has passed
 * gl_feed_record_normalise(). What is bad is told with its place, and the good ones beside it go on. */
#pragma once
#include "model/lodged.h"

struct gl_import_sink {
    void *user;
    /* A good record, borrowed for the call. 0 to go on; negative ends the import and is returned by it. */
    int (*record)(void *user, const struct gl_feed_record *r);
    /* Something refused. where: "line 12", "/CC015C/Consignment/grossMass"; reason: what is wrong and what would be right. */
    void (*bad)(void *user, const char *where, const char *reason);
    /* Nothing wrong, but to be known: a message that loads nothing, masses that disagree. May be NULL. */
    void (*note)(void *user, const char *where, const char *text);
};

struct gl_import_options {
    /* IANA name of the zone that times without one are in; NULL = none is known, and such times are refused where a format has them. The
     * process's own zone (TZ) must be this one, and read in (tzset) before it gives up the right to open files. */
    const char *zone;
    /* A mapping for CSV (feed/csv.h): its bytes, or NULL; with it the file is CSV whatever it looks like. */
    const char *mapping;
    size_t mapping_len;
    /* When the file was written, wall; 0 = not known. It is the version of records that come without a time of their own, and orders them; where
     * a format needs it and it is not known, they are refused. */
    int64_t as_of;
    /* The time at which it is read, wall; 0 = as_of stands in for it. What says that it was written later than then, by more than the difference
     * of two zones, is refused: it would outrank every later word about its record, a cancellation too. */
    int64_t now;
};

enum { GL_IMPORT_AHEAD_MS = 14 * 3600 * 1000 };

/* Imports one whole file: JSON lines (feed/jsonl.h), or a document of one of the formats in import.c, recognised by its root element or its
 * members. options may be NULL. 0: every record was good; positive: that many were refused, each told to sink->bad(). Negative: nothing could
 * be read, err says why; or out of memory, or what sink->record() returned. */
int gl_import(const uint8_t *bytes, size_t len, const struct gl_import_options *options, const struct gl_import_sink *sink,
              struct gl_error *err) GL_MUST_USE;
