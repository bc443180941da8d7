/* Frames between the reader of a file and `greenlane import`, and how they are taken from the pipe. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/import_reader.h"

static void put_text(struct gl_buf *out, const char *text) {
    size_t n = strlen(text);
    gl_buf_u16(out, (uint16_t)n);
    gl_buf_add(out, text, n);
}

static int take_text(struct gl_cursor *c, char *dst, size_t size) {
    size_t n = gl_get_u16(c);
    const uint8_t *p = gl_get_bytes(c, n);
    return p && gl_utf8_valid(p, n) ? gl_copyn(dst, size, p, n) : -EBADMSG;
}

void gl_frame_pack(const struct gl_reader_news *news, struct gl_buf *out) {
    GL_CLEANUP(gl_buf_free) struct gl_buf body = GL_BUF(GL_READER_FRAME);
    switch (news->kind) {
        case GL_FRAME_RECORD: gl_feed_record_pack(&news->record, &body); break;
        case GL_FRAME_BAD:
        case GL_FRAME_NOTE:
            put_text(&body, news->where);
            put_text(&body, news->reason);
            break;
        case GL_FRAME_END:
            gl_buf_u64(&body, (uint64_t)news->result);
            put_text(&body, news->reason);
            break;
    }
    gl_buf_u8(out, (uint8_t)news->kind);
    gl_buf_u32(out, (uint32_t)body.len);
    gl_buf_add(out, body.data, body.len);
    if (body.failed) out->failed = true;
}

int gl_frame_unpack(uint8_t kind, const void *bytes, size_t len, struct gl_reader_news *ret) {
    struct gl_cursor c = gl_cursor(bytes, len);
    int rc = -EBADMSG;
    struct gl_error err;
    ret->kind = (enum gl_frame)kind;
    if (kind == GL_FRAME_RECORD) {
        /* Checked once more on this side: a reader that was taken over can say no more than a file could. */
        rc = gl_feed_record_unpack(&c, &ret->record);
        if (rc == 0 && (ret->record.op == GL_OP_HEARTBEAT || gl_feed_record_normalise(&ret->record, &err) < 0)) rc = -EBADMSG;
    } else if (kind == GL_FRAME_BAD || kind == GL_FRAME_NOTE) {
        rc = take_text(&c, ret->where, sizeof ret->where);
        if (rc == 0) rc = take_text(&c, ret->reason, sizeof ret->reason);
    } else if (kind == GL_FRAME_END) {
        ret->result = (int64_t)gl_get_u64(&c);
        rc = take_text(&c, ret->reason, sizeof ret->reason);
    }
    return rc < 0 || c.failed || gl_cursor_left(&c) > 0 ? -EBADMSG : 0;
}

/* 1 = all of it; 0 = the end came first. */
static int read_all(int fd, void *bytes, size_t len) {
    uint8_t *p = bytes;
    while (len > 0) {
        ssize_t n = read(fd, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) return 0;
        p += n;
        len -= (size_t)n;
    }
    return 1;
}

int gl_reader_next(int fd, struct gl_reader_news *ret) {
    uint8_t head[5];
    int rc = read_all(fd, head, sizeof head);
    if (rc <= 0) return rc;
    struct gl_cursor c = gl_cursor(head + 1, 4);
    size_t len = gl_get_u32(&c);
    if (len > GL_READER_FRAME) return -EBADMSG;
    GL_CLEANUP(gl_freep) uint8_t *body = malloc(len + 1);
    if (!body) return -ENOMEM;
    rc = len > 0 ? read_all(fd, body, len) : 1;
    if (rc <= 0) return rc;
    rc = gl_frame_unpack(head[0], body, len, ret);
    return rc < 0 ? rc : 1;
}
