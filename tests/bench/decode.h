/* What the decoding benchmark feeds to a codec, and how: see decode.c. */
#pragma once
#include "base/buf.h"
#include "names.h"
#include "protocol.h"

struct decode_piece { /* bytes that come at one instant */
    size_t at, len;
    int64_t ms; /* since the beginning */
};

struct decode_input {
    struct gl_buf bytes;
    struct decode_piece *pieces;
    size_t n, cap;
    int64_t items;    /* what is counted: tags, lines */
    int64_t readings; /* what the codec makes of all of it */
    int64_t span_ms;  /* the next time everything comes so much later; 0: at the same times */
};

struct decode_kind {
    const char *name;
    const struct gl_protocol *protocol;
    void (*prepare)(struct decode_input *in);
    /* Brings a session that has just begun to where the input is taken; sent: what the codec sent last (NULL = nothing is ever sent). */
    void (*ready)(void *state, const struct gl_buf *sent, struct gl_now now);
    bool (*sound)(const struct gl_reading *r);                  /* the reading says what was put in */
    uint64_t (*bare)(const uint8_t *bytes, size_t len);         /* the least that finds every item and its numbers */
    uint64_t (*once_through)(const uint8_t *bytes, size_t len); /* memory alone */
};

extern const struct decode_kind decode_llrp_1, decode_llrp_50, decode_tsa;

/* The wall time at which every input begins, for devices that tell times. */
#define DECODE_WALL INT64_C(1767225600000)

/* What was added to in->bytes since the last piece comes at that time. */
void decode_piece(struct decode_input *in, int64_t ms);
