/* The evidence store: pictures and other files that belong to readings, named by their SHA-256, in folders named by the hour (UTC) until whose
 * end they are kept. So each file carries when it must go from the moment it is written; greenlaned removes whole folders when their hour is over.
 *
 *     {root}/2026-12-23T14/{sha256}.jpg   (.csv for text/csv, .bin for what is neither) */
#pragma once
#include "protocol.h"

enum {
    GL_EVIDENCE_HOUR = 14 /* "2026-12-23T14" */,
    GL_EVIDENCE_PER_READING = 8,
    GL_EVIDENCE_MAX = 8 * 1024 * 1024 /* bytes of one file */
};

/* Makes the folder and returns an open descriptor of it, or a negative errno. */
int gl_evidence_open(const char *root, struct gl_error *err) GL_MUST_USE;

/* The folder of what must be kept until then (wall). */
void gl_evidence_hour(int64_t until, char out[GL_EVIDENCE_HOUR]);

/* Stores one attachment, to be kept until then (wall), and fills in e. writer: tells the unfinished files of several processes apart (a device id). The file is complete and on the
 * disk when this returns 0; otherwise nothing of that name has appeared. */
int gl_evidence_store(int root, const char *writer, int64_t until, const struct gl_attachment *a, struct gl_evidence *e,
                      struct gl_error *err) GL_MUST_USE;

/* "0123...ef" of the bytes; 0 or -EIO. */
int gl_sha256_hex(const void *bytes, size_t len, char out[65]) GL_MUST_USE;
