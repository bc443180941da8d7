#include "video/source.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/time.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

enum { EMPTY_MOST = 400 /* packets without a picture, one after the other */, AGAIN_US = 5000 };

struct gl_source {
    struct gl_source_options o;
    char url[3 * GL_PATH];
    const struct gl_source_kind *kind;
    AVFormatContext *format;
    AVCodecContext *decoder;
    AVPacket *packet;
    int stream, empty;
    int64_t deadline; /* monotonic us: nothing may wait beyond it */
    int64_t next_due; /* the same: sooner no picture is wanted */
};

/* ---- kinds of sources -------------------------------------------------------------------------------------------------------------- */
struct gl_source_kind {
    const char *scheme, *format;
    const char *options[14]; /* pairs, NULL-terminated */
};

/* Whatever may be named in an answer (a redirection, a play list) stays within the protocols that the address itself needs. */
static const struct gl_source_kind kinds[] = {
    {"rtsp",
     "rtsp",
     {"rtsp_transport", "tcp", "allowed_media_types", "video", "protocol_whitelist", "rtsp,rtp,tcp", "timeout", "10000000",
      "probesize", "500000", "analyzeduration", "1000000", NULL}},
    {"http",
     NULL,
     {"protocol_whitelist", "http,tcp", "format_whitelist", "mpjpeg,mjpeg,image2,jpeg_pipe,png_pipe,mpegts,flv,h264,hevc",
      "probesize", "500000", "analyzeduration", "1000000", "rw_timeout", "10000000", "pattern_type", "none", NULL}},
    {"v4l2", "v4l2", {NULL}},
    {"file",
     NULL,
     {"protocol_whitelist", "file", "format_whitelist",
      "image2,jpeg_pipe,png_pipe,bmp_pipe,webp_pipe,tiff_pipe,mpjpeg,mjpeg,mov,avi,matroska,mpegts,h264,hevc,flv,mpeg", "probesize",
      "2000000", "pattern_type", "none", NULL}},
};

static const struct gl_source_kind *kind_of(const char *scheme) {
    for (size_t i = 0; i < GL_COUNT(kinds); i++)
        if (strcmp(kinds[i].scheme, scheme) == 0) return &kinds[i];
    return NULL;
}

static bool is_file(const struct gl_source *s) {
    return strcmp(s->kind->scheme, "file") == 0;
}

/* ---- addresses --------------------------------------------------------------------------------------------------------------------- */
static void add_escaped(struct gl_buf *b, const char *text, size_t len) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < len; i++)
        if (strchr(plain, text[i]))
            gl_buf_char(b, text[i]);
        else
            gl_buf_printf(b, "%%%02X", (unsigned char)text[i]);
}

static int write_url(struct gl_source *s, struct gl_error *err) {
    const struct gl_address *at = s->o.at;
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(sizeof s->url - 1);
    const char *colon = strchr(s->o.secret, ':'), *bracket = strchr(at->host, ':') ? "[" : "";
    if (at->host[0]) {
        gl_buf_printf(&b, "%s://", at->scheme);
        if (colon) {
            add_escaped(&b, s->o.secret, (size_t)(colon - s->o.secret));
            gl_buf_char(&b, ':');
            add_escaped(&b, colon + 1, strlen(colon + 1));
            gl_buf_char(&b, '@');
        }
        gl_buf_printf(&b, "%s%s%s:%u", bracket, at->host, bracket[0] ? "]" : "", at->port);
    }
    if (strcmp(at->scheme, "file") == 0) gl_buf_text(&b, "file:");
    gl_buf_text(&b, at->path);
    return b.failed ? gl_fail(err, -EINVAL, "the address is too long") : gl_copy(s->url, sizeof s->url, b.data);
}

/* ---- limits ------------------------------------------------------------------------------------------------------------------------ */
static int64_t mono_us(void) {
    return av_gettime_relative();
}

static int must_end(void *user) {
    struct gl_source *s = user;
    return atomic_load(s->o.stop) || mono_us() > s->deadline;
}

/* What went wrong, as people say it; never the address, which may hold a password. */
static int fail(const struct gl_source *s, int code, const char *what, struct gl_error *err) {
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    static const struct {
        int code, errno_;
        const char *text;
    } known[] = {
        {AVERROR_HTTP_UNAUTHORIZED, EACCES, "user and password are not accepted, or are wanted: set `secret`"},
        {AVERROR_HTTP_FORBIDDEN, EACCES, "user and password are not accepted, or are wanted: set `secret`"},
        {AVERROR_HTTP_NOT_FOUND, ENOENT, "there is nothing at this path"},
        {AVERROR(EACCES), EACCES, "it may not be opened: give it to the user greenlane-device"},
        {AVERROR(ENOTTY), ENOTTY, "it is no video device"},
        {AVERROR_EOF, EPIPE, "the camera ended it"},
        {AVERROR_INVALIDDATA, EBADMSG, "what comes is no video that is understood"},
        {AVERROR_PROTOCOL_NOT_FOUND, EPROTONOSUPPORT, "it leads to a protocol that is not allowed here"},
    };
    if (code == AVERROR_EXIT || code == AVERROR(ETIMEDOUT))
        return gl_fail(err, -ETIMEDOUT, "%s: nothing within %d s", what, GL_SOURCE_PICTURE_MS / 1000);
    for (size_t i = 0; i < GL_COUNT(known); i++)
        if (known[i].code == code) return gl_fail(err, -known[i].errno_, "%s: %s", what, known[i].text);
    av_strerror(code, text, sizeof text);
    return gl_fail(err, code < 0 && code > -4096 ? code : -EIO, "%s: %s%s", what, text, s->decoder ? "" : " (it was not opened)");
}

/* ---- opening ----------------------------------------------------------------------------------------------------------------------- */
static int open_decoder(struct gl_source *s, struct gl_error *err) {
    const AVCodec *codec = NULL;
    s->stream = av_find_best_stream(s->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (s->stream < 0 || !codec) return gl_fail(err, -EBADMSG, "there is no video in it that is understood");
    const AVCodecParameters *p = s->format->streams[s->stream]->codecpar;
    if ((int64_t)p->width * p->height > GL_SOURCE_PIXELS)
        return gl_fail(err, -EFBIG, "frames of %dx%d are too large: at most %d pixels", p->width, p->height, GL_SOURCE_PIXELS);
    s->decoder = avcodec_alloc_context3(codec);
    if (!s->decoder || avcodec_parameters_to_context(s->decoder, p) < 0) return gl_fail(err, -ENOMEM, "out of memory");
    s->decoder->thread_count = 1;
    s->decoder->max_pixels = GL_SOURCE_PIXELS;
    s->decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    int rc = avcodec_open2(s->decoder, codec, NULL);
    return rc < 0 ? fail(s, rc, "the decoder", err) : 0;
}

static int open_format(struct gl_source *s, struct gl_error *err) {
    AVDictionary *d = NULL;
    const AVInputFormat *format = s->kind->format ? av_find_input_format(s->kind->format) : NULL;
    if (s->kind->format && !format) return gl_fail(err, -EPROTONOSUPPORT, "FFmpeg's libraries here know no %s", s->kind->format);
    for (size_t i = 0; s->kind->options[i]; i += 2) av_dict_set(&d, s->kind->options[i], s->kind->options[i + 1], 0);
    s->format = avformat_alloc_context();
    if (!s->format) return gl_fail(err, -ENOMEM, "out of memory");
    s->format->interrupt_callback = (AVIOInterruptCB){must_end, s};
    s->format->flags |= AVFMT_FLAG_DISCARD_CORRUPT | AVFMT_FLAG_NONBLOCK;
    s->format->max_streams = 8;
    int rc = avformat_open_input(&s->format, s->url, format, &d);
    av_dict_free(&d);
    if (rc < 0) return fail(s, rc, "no video", err);
    /* What is looked at to find out what comes need not be shown, too; but of a single picture there is no second, and a short film may be all that is. */
    if (!gl_source_is_picture(s) && !is_file(s)) s->format->flags |= AVFMT_FLAG_NOBUFFER;
    rc = avformat_find_stream_info(s->format, NULL);
    return rc < 0 ? fail(s, rc, "no video", err) : open_decoder(s, err);
}

static void allow_ms(struct gl_source *s, int64_t ms) {
    s->deadline = mono_us() + ms * 1000;
}

/* What FFmpeg would only say by a number, or not be let near. */
static int look_at_node(const struct gl_source *s, struct gl_error *err) {
    struct stat st;
    if (strcmp(s->kind->scheme, "v4l2") != 0) return 0;
    if (stat(s->o.at->path, &st) < 0) return gl_fail(err, -errno, "%s: %s", s->o.at->path, strerror(errno));
    return S_ISCHR(st.st_mode) ? 0 : gl_fail(err, -ENODEV, "%s: it is no video device", s->o.at->path);
}

int gl_source_open(const struct gl_source_options *options, struct gl_source **ret, struct gl_error *err) {
    struct gl_source *s = calloc(1, sizeof *s);
    if (!s) return gl_fail(err, -ENOMEM, "out of memory");
    s->o = *options;
    s->kind = kind_of(options->at->scheme);
    allow_ms(s, GL_SOURCE_OPENS_MS);
    av_max_alloc(GL_SOURCE_ALLOC);
    avdevice_register_all();
    int rc = s->kind ? write_url(s, err) : gl_fail(err, -EINVAL, "no video comes by %s", options->at->scheme);
    s->packet = av_packet_alloc();
    if (rc == 0 && !s->packet) rc = gl_fail(err, -ENOMEM, "out of memory");
    if (rc == 0) rc = look_at_node(s, err);
    if (rc == 0) rc = open_format(s, err);
    if (rc < 0) {
        gl_source_close(s);
        return rc;
    }
    allow_ms(s, GL_SOURCE_PICTURE_MS);
    *ret = s;
    return 0;
}

/* ---- pictures ---------------------------------------------------------------------------------------------------------------------- */

/* Not sooner than wanted, where a packet is a whole picture: others need not be decoded at all. */
static bool passed_over(struct gl_source *s) {
    const AVCodecDescriptor *d = avcodec_descriptor_get(s->decoder->codec_id);
    int64_t now = mono_us();
    if (!d || !(d->props & AV_CODEC_PROP_INTRA_ONLY) || is_file(s)) return false;
    if (now < s->next_due) return true;
    s->next_due = now + 1000000 / s->o.rate - 10000;
    return false;
}

static int receive(struct gl_source *s, AVFrame **ret, struct gl_error *err) {
    AVFrame *frame = av_frame_alloc();
    int rc = frame ? avcodec_receive_frame(s->decoder, frame) : AVERROR(ENOMEM);
    if (rc == 0 && !(frame->flags & AV_FRAME_FLAG_CORRUPT) && frame->decode_error_flags == 0) {
        *ret = frame;
        s->empty = 0;
        allow_ms(s, GL_SOURCE_PICTURE_MS);
        return 1;
    }
    av_frame_free(&frame);
    if (rc == 0) gl_fail(err, 0, "a frame that was damaged on its way");
    return rc == AVERROR(EAGAIN) || rc == 0 ? 0 : rc == AVERROR_EOF ? fail(s, rc, "the video", err) : 0;
}

/* One packet at most: so a caller that is asked to stop hears of it. */
static int feed(struct gl_source *s, struct gl_error *err) {
    int rc = av_read_frame(s->format, s->packet);
    if (rc == AVERROR(EAGAIN)) {
        av_usleep(AGAIN_US);
        return must_end(s) ? fail(s, AVERROR(ETIMEDOUT), "the video", err) : 0;
    }
    if (rc == AVERROR_EOF && avcodec_send_packet(s->decoder, NULL) == 0) return 0;
    if (rc < 0) return fail(s, rc, "the video", err);
    if (s->packet->stream_index != s->stream || passed_over(s)) {
        av_packet_unref(s->packet);
        return must_end(s) ? fail(s, AVERROR(ETIMEDOUT), "the video", err) : 0;
    }
    rc = avcodec_send_packet(s->decoder, s->packet);
    av_packet_unref(s->packet);
    if (rc < 0 && rc != AVERROR(EAGAIN)) gl_fail(err, 0, "data that cannot be decoded");
    if (++s->empty < EMPTY_MOST) return 0;
    return gl_fail(err, -EBADMSG, "the video: %d pieces of data, and no picture in them", EMPTY_MOST);
}

int gl_source_next(struct gl_source *s, AVFrame **ret, struct gl_error *err) {
    err->text[0] = '\0';
    int rc = receive(s, ret, err);
    if (rc != 0 || err->text[0]) return rc;
    rc = feed(s, err);
    return rc < 0 || err->text[0] ? rc : receive(s, ret, err);
}

bool gl_source_is_picture(const struct gl_source *s) {
    return strstr(s->format->iformat->name, "_pipe") || strcmp(s->format->iformat->name, "image2") == 0;
}

int64_t gl_source_pace(const struct gl_source *s) {
    enum { LEAST = 10, USUAL = 200, MOST = 1000 };
    AVRational rate = s->format->streams[s->stream]->avg_frame_rate;
    int64_t ms = rate.num > 0 && rate.den > 0 ? 1000 * (int64_t)rate.den / rate.num : USUAL;
    return gl_source_is_picture(s) ? 1000 / s->o.rate : ms < LEAST ? LEAST : ms > MOST ? MOST : ms;
}

void gl_source_close(struct gl_source *s) {
    if (!s) return;
    allow_ms(s, 500); /* to say goodbye */
    avcodec_free_context(&s->decoder);
    avformat_close_input(&s->format);
    av_packet_free(&s->packet);
    free(s);
}
