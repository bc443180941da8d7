/* What lodged.c shares with the importers: records that come from a file and so carry no number. */
#pragma once
#include "model/lodged.h"

/* Reads the `data` of a feed message. With numbered, epoch, seq, op and as_of are owed, as on the feed; without, each may be absent and
 * then stands as "", 0, upsert and 0. -EINVAL with the member's path in err; *ret is then not to be used. */
int gl_feed_record_read(const json_t *data, bool numbered, struct gl_feed_record *ret, struct gl_error *err) GL_MUST_USE;

/* The table of a record's body; NULL for a heartbeat and for anything unknown. */
const struct gl_fields *gl_feed_body_fields(uint8_t collection, uint8_t op);

/* SHA-256 of a body in its canonical form (RFC 8785): what a snapshot's end speaks of. *ret_len is 32, or 0 with an error. */
int gl_feed_body_digest(const json_t *body, uint8_t ret[32], uint16_t *ret_len, struct gl_error *err) GL_MUST_USE;
