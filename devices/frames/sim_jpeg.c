#include "frames/sim_jpeg.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdlib.h>

struct sim_jpeg {
    AVCodecContext *c;
    AVFrame *f;
    AVPacket *p;
};

int sim_jpeg_open(int w, int h, struct sim_jpeg **ret) {
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    struct sim_jpeg *j = calloc(1, sizeof *j);
    if (!j || !codec) return -ENOMEM;
    j->c = avcodec_alloc_context3(codec);
    j->f = av_frame_alloc();
    j->p = av_packet_alloc();
    if (!j->c || !j->f || !j->p) return -ENOMEM;
    j->c->width = j->f->width = w;
    j->c->height = j->f->height = h;
    j->c->pix_fmt = AV_PIX_FMT_YUVJ420P;
    j->f->format = AV_PIX_FMT_YUVJ420P;
    j->c->time_base = (AVRational){1, 25};
    j->c->flags |= AV_CODEC_FLAG_QSCALE;
    j->c->global_quality = j->f->quality = 3 * FF_QP2LAMBDA;
    av_opt_set(j->c->priv_data, "huffman", "default", 0); /* those that RTP takes for granted */
    if (avcodec_open2(j->c, codec, NULL) < 0) return -EINVAL;
    *ret = j;
    return 0;
}

int sim_jpeg_encode(struct sim_jpeg *j, const struct sim_canvas *c, struct gl_buf *out) {
    j->f->data[0] = c->y;
    j->f->data[1] = c->u;
    j->f->data[2] = c->v;
    j->f->linesize[0] = c->w;
    j->f->linesize[1] = j->f->linesize[2] = c->w / 2;
    j->f->pts++;
    gl_buf_reset(out);
    if (avcodec_send_frame(j->c, j->f) < 0 || avcodec_receive_packet(j->c, j->p) < 0) return -EIO;
    gl_buf_add(out, j->p->data, (size_t)j->p->size);
    av_packet_unref(j->p);
    return out->failed ? -ENOMEM : 0;
}

void sim_jpeg_close(struct sim_jpeg *j) {
    if (!j) return;
    avcodec_free_context(&j->c);
    av_frame_free(&j->f);
    av_packet_free(&j->p);
    free(j);
}
