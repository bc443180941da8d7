/* Greenlane's own import format: one JSON object a line, UTF-8, each the `data` of a feed message (docs/design.md). In a file epoch and seq may
 * be absent, both or none of them, and so may as_of and op, which is then upsert:
 *
 *     {"collection":"movements","body":{"ref":{"type":"gmr","value":"GMRA123B456C"},"version":1,"kind":"goods","state":"ready"}}
 *
 * Blank lines are passed over. Heartbeats are refused: they tell that a live feed runs, and a file is none. */
#pragma once
#include "feed/import.h"

enum { GL_JSONL_LINE = 1 << 20 /* longest line in bytes */ };

/* As gl_import(), for bytes that are known to be JSON lines. */
int gl_jsonl_import(const uint8_t *bytes, size_t len, const struct gl_import_sink *sink, struct gl_error *err) GL_MUST_USE;
