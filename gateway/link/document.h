/* A document on the feed: a customs message as its authority writes it (XML, JSON), in the envelope of a numbered record.
 *
 *     {"collection": "declarations", "epoch": "2026-11", "seq": 7, "op": "document", "as_of": "...",
 *      "body": {"media_type": "application/xml", "text": "<CC029C>..."}}
 *
 * It must give exactly one record of that collection, which takes epoch, number and time from the envelope. Pure. */
#pragma once
#include <jansson.h>

#include "model/lodged.h"

/* True when the data of a feed message is one. */
bool gl_document_is(const json_t *data);

/* zone: IANA name of the zone of times that have none, which must be the process's own; NULL = such times are refused. The record is normalised. */
int gl_document_read(const json_t *data, const char *zone, struct gl_feed_record *ret, struct gl_error *err) GL_MUST_USE;
