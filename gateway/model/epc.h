/* Electronic product codes: what a tag's EPC memory holds, as hexadecimal and as the URI of what it identifies. Pure functions without
 * allocation; the bits are borrowed, the first bit is the highest of the first octet. */
#pragma once
#include "model/reading.h"

enum { GL_EPC_BITS_MAX = 4 * (GL_EPC - 1), GL_EPC_URI = 161 };

/* The bits as upper-case hexadecimal, whole octets, zeros behind the last bit. No bits, or more than GL_EPC_BITS_MAX: "". */
void gl_epc_hex(const uint8_t *epc, size_t bits, char out[GL_EPC]);

/* The pure identity URI of a 96-bit EPC: "urn:epc:id:sgtin:0614141.812345.6789". pc: the tag's protocol control word, -1 when the reader did
 * not tell it; the header alone decides then. What is of no such scheme, or breaks its rules, is "urn:epc:raw:96.x3074..."; what its PC word
 * calls an ISO identifier "urn:epc:raw:80.xA9.xDC20...", with the application family. out is "" when there are no bits, more than
 * GL_EPC_BITS_MAX, or the URI does not fit; GL_EPC_URI is always enough. */
void gl_epc_uri(const uint8_t *epc, size_t bits, int pc, char *out, size_t size);
