/* What greenlane-sim-chip and its clients say to each other: one fixed message, one per packet of an AF_UNIX SOCK_SEQPACKET socket, both
 * ends on one machine.
 *
 *     client                                simulator
 *       CLAIM_INPUT line         ─────►
 *                                ◄─────   CLAIMED line, level, status (0, EBUSY, EINVAL)
 *                                ◄─────   EDGE line, level            whenever a claimed input changes
 *       CLAIM_OUTPUT line        ─────►
 *                                ◄─────   CLAIMED line, level, status
 *       SET line, level          ─────►                               no answer
 *
 * Levels are those of the wire (1 = high); active-low is the client's affair. A closed socket gives the lines back as they stand. */
#pragma once
#include <stdint.h>

enum { GL_WIRE_LINES = 64, GL_WIRE_VERSION = 1 };

enum gl_wire_type { GL_WIRE_CLAIM_INPUT = 1, GL_WIRE_CLAIM_OUTPUT, GL_WIRE_SET, GL_WIRE_CLAIMED, GL_WIRE_EDGE };

struct gl_wire_message {
    uint8_t version; /* GL_WIRE_VERSION */
    uint8_t type;    /* enum gl_wire_type */
    uint8_t line;    /* 0 to GL_WIRE_LINES - 1 */
    uint8_t level;   /* 0 or 1 */
    int32_t status;  /* CLAIMED: 0 or a positive errno; else 0 */
};
_Static_assert(sizeof(struct gl_wire_message) == 8, "the message has a fixed size");
