#include "video/jpeg.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

enum { QUALITY = 5 /* of FFmpeg's 2..31, best first */, LEAST = 16 };

/* Scaling reads planes from even places on, so the part begins there. */
static void plane_starts(const AVFrame *f, int x, int y, const uint8_t *ret[4]) {
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    int used[4] = {0};
    for (int i = 0; i < 4; i++) ret[i] = f->data[i];
    for (int c = 0; c < d->nb_components; c++) {
        int p = d->comp[c].plane;
        bool chroma = !(d->flags & AV_PIX_FMT_FLAG_RGB) && (c == 1 || c == 2);
        if (used[p]++ || !f->data[p]) continue;
        ret[p] = f->data[p] + (long)(y >> (chroma ? d->log2_chroma_h : 0)) * f->linesize[p] +
                 (long)(x >> (chroma ? d->log2_chroma_w : 0)) * d->comp[c].step;
    }
}

static AVFrame *scaled(const AVFrame *f, int x, int y, int w, int h, int widest) {
    int out_w = w > widest ? widest : w, out_h = (int)((long)h * out_w / w);
    AVFrame *to = av_frame_alloc();
    if (!to) return NULL;
    to->format = AV_PIX_FMT_YUVJ420P;
    to->width = out_w < LEAST ? LEAST : out_w & ~1;
    to->height = out_h < LEAST ? LEAST : out_h & ~1;
    struct SwsContext *sws = sws_getContext(w, h, f->format, to->width, to->height, to->format, SWS_BILINEAR, NULL, NULL, NULL);
    if (!sws || av_frame_get_buffer(to, 0) < 0) {
        sws_freeContext(sws);
        av_frame_free(&to);
        return NULL;
    }
    const uint8_t *start[4];
    plane_starts(f, x, y, start);
    sws_scale(sws, start, f->linesize, 0, h, to->data, to->linesize);
    sws_freeContext(sws);
    return to;
}

static int encode(AVCodecContext *c, AVFrame *f, struct gl_buf *out) {
    AVPacket *p = av_packet_alloc();
    f->quality = c->global_quality;
    int rc = p ? avcodec_send_frame(c, f) : AVERROR(ENOMEM);
    if (rc == 0) rc = avcodec_receive_packet(c, p);
    if (rc == 0) gl_buf_add(out, p->data, (size_t)p->size);
    av_packet_free(&p);
    return rc < 0 ? -EIO : out->failed ? -ENOMEM : 0;
}

int gl_jpeg_part(const AVFrame *frame, int x, int y, int w, int h, int widest, struct gl_buf *out) {
    x = x < 0 ? 0 : x & ~15;
    y = y < 0 ? 0 : y & ~15;
    if (w > frame->width - x) w = frame->width - x;
    if (h > frame->height - y) h = frame->height - y;
    if (w < 2 || h < 2) return -EINVAL;
    AVFrame *f = scaled(frame, x, y, w, h, widest);
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *c = f && codec ? avcodec_alloc_context3(codec) : NULL;
    int rc = c ? 0 : -ENOMEM;
    if (c) {
        c->width = f->width;
        c->height = f->height;
        c->pix_fmt = AV_PIX_FMT_YUVJ420P;
        c->time_base = (AVRational){1, 25};
        c->flags |= AV_CODEC_FLAG_QSCALE;
        c->global_quality = QUALITY * FF_QP2LAMBDA;
        c->thread_count = 1;
        rc = avcodec_open2(c, codec, NULL) < 0 ? -EIO : encode(c, f, out);
    }
    avcodec_free_context(&c);
    av_frame_free(&f);
    return rc;
}
