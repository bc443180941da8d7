#include "frames/sim_rtp.h"

#include <errno.h>
#include <string.h>

enum { PAYLOAD = 1400, JPEG_TYPE = 26, TYPE_420 = 1, TABLES_INSIDE = 255, TABLE = 64, DQT = 0xDB, SOS = 0xDA, SOI = 0xD8 };

void sim_rtp_packet(struct gl_buf *out, const void *bytes, size_t len, bool last, uint16_t *sequence, uint32_t stamp) {
    gl_buf_u8(out, '$');
    gl_buf_u8(out, 0);
    gl_buf_u16(out, (uint16_t)(12 + len));
    gl_buf_u8(out, 0x80);
    gl_buf_u8(out, (uint8_t)(JPEG_TYPE | (last ? 0x80 : 0)));
    gl_buf_u16(out, (*sequence)++);
    gl_buf_u32(out, stamp);
    gl_buf_u32(out, 0x676c7631);
    gl_buf_add(out, bytes, len);
}

struct picture {
    const uint8_t *scan;
    size_t n_scan;
    uint8_t tables[2][TABLE];
};

static void take_tables(const uint8_t *p, size_t n, struct picture *ret) {
    for (; n >= 1 + TABLE; p += 1 + TABLE, n -= 1 + TABLE)
        if ((p[0] & 15) < 2) memcpy(ret->tables[p[0] & 15], p + 1, TABLE);
}

/* Segments up to the scan: FF marker, length, what it holds. */
static int parse(const uint8_t *jpeg, size_t len, struct picture *ret) {
    bool tables = false;
    for (size_t at = 2; at + 4 <= len && jpeg[at] == 0xFF;) {
        size_t n = (size_t)jpeg[at + 2] << 8 | jpeg[at + 3];
        if (n < 2 || at + 2 + n > len) return -EINVAL;
        if (jpeg[at + 1] == DQT) {
            if (!tables) memcpy(ret->tables[1], jpeg + at + 5, n - 3 < TABLE ? n - 3 : TABLE); /* one for both, perhaps */
            take_tables(jpeg + at + 4, n - 2, ret);
            tables = true;
        }
        at += 2 + n;
        if (jpeg[at - n - 1] != SOS) continue;
        ret->scan = jpeg + at;
        ret->n_scan = len - at - 2; /* without its end */
        return tables ? 0 : -EINVAL;
    }
    return -EINVAL;
}

int sim_rtp_jpeg(struct gl_buf *out, const uint8_t *jpeg, size_t len, int w, int h, uint16_t *sequence, uint32_t stamp) {
    struct picture p = {0};
    if (len < 4 || jpeg[1] != SOI || parse(jpeg, len, &p) < 0) return -EINVAL;
    GL_CLEANUP(gl_buf_free) struct gl_buf packet = GL_BUF(PAYLOAD + 256);
    for (size_t at = 0; at < p.n_scan;) {
        size_t n = p.n_scan - at < PAYLOAD ? p.n_scan - at : PAYLOAD;
        gl_buf_reset(&packet);
        gl_buf_u32(&packet, (uint32_t)at); /* type-specific 0, and the offset */
        gl_buf_u8(&packet, TYPE_420);
        gl_buf_u8(&packet, TABLES_INSIDE);
        gl_buf_u8(&packet, (uint8_t)(w / 8));
        gl_buf_u8(&packet, (uint8_t)(h / 8));
        if (at == 0) {
            gl_buf_u16(&packet, 0);
            gl_buf_u16(&packet, 2 * TABLE);
            gl_buf_add(&packet, p.tables, sizeof p.tables);
        }
        gl_buf_add(&packet, p.scan + at, n);
        at += n;
        sim_rtp_packet(out, packet.data, packet.len, at == p.n_scan, sequence, stamp);
    }
    return 0;
}
