/* JPEG in RTP packets, interleaved in an RTSP connection (RFC 2326 10.12, RFC 2435). */
#pragma once
#include "base/buf.h"

/* Appends the packets of one picture (4:2:0, standard Huffman tables); -EINVAL when it is none of that kind. */
int sim_rtp_jpeg(struct gl_buf *out, const uint8_t *jpeg, size_t len, int w, int h, uint16_t *sequence, uint32_t stamp) GL_MUST_USE;
/* One packet of any bytes, as the last of a picture. */
void sim_rtp_packet(struct gl_buf *out, const void *bytes, size_t len, bool last, uint16_t *sequence, uint32_t stamp);
