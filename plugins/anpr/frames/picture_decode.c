/* Pictures from foreign bytes. The kind is told by the first bytes and one decoder of libavcodec gets the whole file as one packet: no demuxer,
 * no probing, no threads. What a header promises is looked at before anything is allocated for it. */
#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frames/picture_impl.h"

/* ---- what it is, and how large it says that it is ---- */
static const struct kind {
    const char *name, *magic;
    size_t length, at;
    enum AVCodecID codec;
} kinds[] = {
    {"JPEG", "\xff\xd8\xff", 3, 0, AV_CODEC_ID_MJPEG},
    {"PNG", "\x89PNG\r\n\x1a\n", 8, 0, AV_CODEC_ID_PNG},
    {"BMP", "BM", 2, 0, AV_CODEC_ID_BMP},
    {"GIF", "GIF8", 4, 0, AV_CODEC_ID_GIF},
    {"WebP", "WEBP", 4, 8, AV_CODEC_ID_WEBP},
    {"TIFF", "II*\0", 4, 0, AV_CODEC_ID_TIFF},
    {"TIFF", "MM\0*", 4, 0, AV_CODEC_ID_TIFF},
    {"PNM", "P1", 2, 0, AV_CODEC_ID_PBM},
    {"PNM", "P4", 2, 0, AV_CODEC_ID_PBM},
    {"PNM", "P2", 2, 0, AV_CODEC_ID_PGM},
    {"PNM", "P5", 2, 0, AV_CODEC_ID_PGM},
    {"PNM", "P3", 2, 0, AV_CODEC_ID_PPM},
    {"PNM", "P6", 2, 0, AV_CODEC_ID_PPM},
};

static const struct kind *kind_of(const uint8_t *p, size_t len) {
    for (size_t i = 0; i < GL_COUNT(kinds); i++)
        if (len >= kinds[i].at + kinds[i].length && memcmp(p + kinds[i].at, kinds[i].magic, kinds[i].length) == 0) return &kinds[i];
    return NULL;
}

struct size {
    uint32_t width, height; /* 0: not told here; the decoder's own limit holds */
};

static uint32_t le(const uint8_t *p, int bytes) {
    uint32_t v = 0;
    for (int i = bytes - 1; i >= 0; i--) v = v << 8 | p[i];
    return v;
}

static uint32_t be(const uint8_t *p, int bytes) {
    uint32_t v = 0;
    for (int i = 0; i < bytes; i++) v = v << 8 | p[i];
    return v;
}

/* A JPEG is a row of segments FF marker length(2) ...; the frame's (C0..CF but C4, C8, CC) holds precision(1) height(2) width(2). */
static struct size jpeg_size(const uint8_t *p, size_t len) {
    size_t at = 2;
    while (at + 9 < len && p[at] == 0xff) {
        uint8_t marker = p[at + 1];
        if (marker == 0xff) {
            at++;
            continue;
        }
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
            return (struct size){be(p + at + 7, 2), be(p + at + 5, 2)};
        at += 2 + be(p + at + 2, 2);
    }
    return (struct size){0, 0};
}

static struct size declared(const struct kind *k, const uint8_t *p, size_t len) {
    if (k->codec == AV_CODEC_ID_MJPEG) return jpeg_size(p, len);
    if (k->codec == AV_CODEC_ID_PNG && len >= 24) return (struct size){be(p + 16, 4), be(p + 20, 4)};
    if (k->codec == AV_CODEC_ID_GIF && len >= 10) return (struct size){le(p + 6, 2), le(p + 8, 2)};
    if (k->codec == AV_CODEC_ID_BMP && len >= 26) {
        int32_t height = (int32_t)le(p + 22, 4); /* negative: top row first */
        return (struct size){le(p + 18, 4), height < 0 ? 0u - (uint32_t)height : (uint32_t)height};
    }
    return (struct size){0, 0};
}

static int check_size(const char *name, uint32_t width, uint32_t height, struct gl_error *err) {
    if (width > GL_PICTURE_SIDE || height > GL_PICTURE_SIDE || (uint64_t)width * height > GL_PICTURE_PIXELS)
        return gl_fail(err, -EFBIG, "%s: %u x %u pixels; at most %d x %d and %d million are read", name, width, height,
                       GL_PICTURE_SIDE, GL_PICTURE_SIDE, GL_PICTURE_PIXELS / 1000000);
    if (width < GL_PICTURE_LEAST || height < GL_PICTURE_LEAST)
        return gl_fail(err, -EINVAL, "%s: %u x %u pixels: too small to show a plate (at least %d x %d)", name, width, height,
                       GL_PICTURE_LEAST, GL_PICTURE_LEAST);
    return 0;
}

/* ---- pixels ---- */
static bool has_grey_plane(enum AVPixelFormat format) {
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);
    const uint64_t other = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BITSTREAM;
    return d && !(d->flags & other) && d->nb_components >= 1 && d->comp[0].plane == 0 && d->comp[0].step == 1 &&
           d->comp[0].offset == 0 && d->comp[0].depth == 8 && d->comp[0].shift == 0;
}

static int convert(const AVFrame *f, struct gl_picture *p, struct gl_error *err) {
    if (has_grey_plane(f->format)) {
        for (int y = 0; y < p->height; y++)
            memcpy(p->grey + (size_t)y * (size_t)p->stride, f->data[0] + (ptrdiff_t)y * f->linesize[0], (size_t)p->width);
        return 0;
    }
    struct SwsContext *sws =
        sws_getContext(f->width, f->height, f->format, f->width, f->height, AV_PIX_FMT_GRAY8, SWS_POINT, NULL, NULL, NULL);
    if (!sws) return gl_fail(err, -EINVAL, "pixels of a form that is not read: %s", av_get_pix_fmt_name(f->format));
    int rows = sws_scale(sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height, &p->grey, &p->stride);
    sws_freeContext(sws);
    return rows == p->height ? 0 : gl_fail(err, -EINVAL, "its pixels could not be converted");
}

int gl_picture_from_frame(const AVFrame *f, int quarter_turns, struct gl_picture *ret, struct gl_error *err) {
    int rc = f->width < 0 || f->height < 0 ? -EINVAL : check_size("frame", (uint32_t)f->width, (uint32_t)f->height, err);
    if (rc < 0) return rc;
    GL_CLEANUP(gl_picture_free) struct gl_picture p = {0};
    if (gl_picture_new(f->width, f->height, &p) < 0) return gl_fail(err, -ENOMEM, "out of memory");
    rc = convert(f, &p, err);
    while (rc == 0 && p.width * p.height > GL_PICTURE_KEPT) {
        struct gl_picture half;
        if (gl_picture_halve(&p, &half) < 0) return gl_fail(err, -ENOMEM, "out of memory");
        gl_picture_free(&p);
        p = half;
    }
    if (rc == 0 && gl_picture_turn(&p, quarter_turns & 3, false) < 0) rc = gl_fail(err, -ENOMEM, "out of memory");
    if (rc < 0) return rc;
    *ret = p;
    p = (struct gl_picture){0};
    return 0;
}

/* ---- one picture ---- */
static const struct {
    uint8_t quarters, mirrored;
} orientations[] = {{0, 0}, {0, 0}, {0, 1}, {2, 0}, {2, 1}, {3, 1}, {1, 0}, {1, 1}, {3, 0}}; /* EXIF tag 0x0112: 1..8 */

static size_t orientation(const AVFrame *f) {
    const AVDictionaryEntry *e = av_dict_get(f->metadata, "Orientation", NULL, 0);
    long v = e ? strtol(e->value, NULL, 10) : 0;
    return v > 0 && v < (long)GL_COUNT(orientations) ? (size_t)v : 0;
}

static void free_codec(AVCodecContext **c) {
    avcodec_free_context(c);
}
static void free_packet(AVPacket **p) {
    av_packet_free(p);
}
static void free_frame(AVFrame **f) {
    av_frame_free(f);
}

static int decode(const struct kind *k, AVPacket *packet, AVFrame *frame, const char *name, struct gl_error *err) {
    const AVCodec *codec = avcodec_find_decoder(k->codec);
    GL_CLEANUP(free_codec) AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!c) return gl_fail(err, -EINVAL, "%s: this libavcodec reads no %s", name, k->name);
    c->thread_count = 1;
    c->max_pixels = GL_PICTURE_PIXELS;
    /* Strict, but for TIFF: there the decoder refuses what FFmpeg itself writes. */
    c->err_recognition = k->codec == AV_CODEC_ID_TIFF ? 0 : AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER;
    int rc = avcodec_open2(c, codec, NULL);
    if (rc == 0) rc = avcodec_send_packet(c, packet);
    if (rc == 0) rc = avcodec_send_packet(c, NULL); /* there is no more: a decoder with a delay gives what it has */
    if (rc == 0) rc = avcodec_receive_frame(c, frame);
    if (rc == AVERROR(ENOMEM)) return gl_fail(err, -ENOMEM, "%s: out of memory", name);
    if (rc < 0 || frame->decode_error_flags || (frame->flags & AV_FRAME_FLAG_CORRUPT))
        return gl_fail(err, -EINVAL, "%s: a %s that is damaged or cut off", name, k->name);
    return 0;
}

/* The decoder fills what is missing of a JPEG with grey, and a grey half of a plate reads well: the end marker has to be there. Cameras pad
 * behind it. */
static bool has_end(const struct kind *k, const uint8_t *p, size_t len) {
    if (k->codec != AV_CODEC_ID_MJPEG) return true;
    while (len >= 2 && !(p[len - 2] == 0xff && p[len - 1] == 0xd9)) len--;
    return len > 2;
}

int gl_picture_decode(const void *bytes, size_t len, const char *name, struct gl_picture *ret, struct gl_error *err) {
    const struct kind *k = kind_of(bytes, len);
    if (len == 0) return gl_fail(err, -EINVAL, "%s: empty", name);
    if (len > GL_PICTURE_BYTES) return gl_fail(err, -EFBIG, "%s: more than %d MiB", name, GL_PICTURE_BYTES >> 20);
    if (!k) return gl_fail(err, -EINVAL, "%s: no picture (JPEG, PNG, BMP, TIFF, WebP, GIF, PNM)", name);
    struct size size = declared(k, bytes, len);
    int rc = size.width || size.height ? check_size(name, size.width, size.height, err) : 0;
    if (rc < 0) return rc;
    if (!has_end(k, bytes, len)) return gl_fail(err, -EINVAL, "%s: a %s that is cut off", name, k->name);
    GL_CLEANUP(free_packet) AVPacket *packet = av_packet_alloc();
    GL_CLEANUP(free_frame) AVFrame *frame = av_frame_alloc();
    /* Its own copy: decoders read a little beyond the end, which has to be zero. */
    if (!packet || !frame || av_new_packet(packet, (int)len) < 0) return gl_fail(err, -ENOMEM, "%s: out of memory", name);
    memcpy(packet->data, bytes, len);
    rc = decode(k, packet, frame, name, err);
    if (rc == 0) rc = check_size(name, (uint32_t)frame->width, (uint32_t)frame->height, err);
    if (rc < 0) return rc;
    struct gl_error why = {""};
    size_t o = orientation(frame);
    rc = gl_picture_from_frame(frame, 0, ret, &why);
    if (rc < 0) return gl_fail(err, rc, "%s: %s", name, why.text);
    rc = gl_picture_turn(ret, orientations[o].quarters, orientations[o].mirrored);
    if (rc < 0) gl_picture_free(ret);
    return rc < 0 ? gl_fail(err, rc, "%s: out of memory", name) : 0;
}

static int read_all(int fd, uint8_t *to, size_t len) {
    for (size_t got = 0; got < len;) {
        ssize_t n = read(fd, to + got, len - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) return -EIO; /* it became shorter */
        got += (size_t)n;
    }
    return 0;
}

int gl_picture_load(const char *path, struct gl_picture *ret, struct gl_error *err) {
    GL_CLEANUP(gl_close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) return gl_fail(err, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode)) return gl_fail(err, S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL, "%s: not a file", path);
    if (st.st_size > GL_PICTURE_BYTES) return gl_fail(err, -EFBIG, "%s: more than %d MiB", path, GL_PICTURE_BYTES >> 20);
    size_t len = (size_t)st.st_size;
    GL_CLEANUP(gl_freep) uint8_t *bytes = malloc(len ? len : 1);
    if (!bytes) return gl_fail(err, -ENOMEM, "%s: out of memory", path);
    int rc = read_all(fd, bytes, len);
    if (rc < 0) return gl_fail(err, rc, "%s: %s", path, strerror(-rc));
    return gl_picture_decode(bytes, len, path, ret, err);
}
