/* From the data of one scanned code to its readings; the framing above it is in line.c. */
#pragma once
#include "protocol.h"

extern const struct gl_protocol gl_protocol_line;

struct gl_line_code {
    const uint8_t *p; /* the data, without prefix, suffix and AIM identifier */
    size_t len;       /* 1..4296 */
    char aim[4];      /* "]Q1"; "" when the reader sent none */
    bool latin1;      /* encoding of the data; else UTF-8 */
    bool binary;      /* data with control characters is a binary code; else it is refused */
};

/* True when the data begins with an AIM identifier, which is then copied. */
bool gl_line_aim(const uint8_t *p, size_t len, char ret[4]);

/* Sends a code reading to the sink, and a container reading when the text is a container number; or a refusal. */
void gl_line_emit(const struct gl_line_code *code, const struct gl_sink *sink);
