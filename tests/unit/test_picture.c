/* Pictures good and bad, made here: raw formats by hand, JPEG and PNG by libavcodec. */
#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "frames/picture.h"
#include "frames/picture_impl.h"

struct bytes {
    uint8_t *data;
    size_t len;
};

/* A picture whose left upper quarter is white. */
static struct bytes encode(enum AVCodecID id, enum AVPixelFormat format, int width, int height) {
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder(id));
    AVFrame *f = av_frame_alloc();
    AVPacket *p = av_packet_alloc();
    c->width = f->width = width;
    c->height = f->height = height;
    c->pix_fmt = format;
    f->format = format;
    c->time_base = (AVRational){1, 25};
    c->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
    assert_int_equal(avcodec_open2(c, avcodec_find_encoder(id), NULL), 0);
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    int bytes = format == AV_PIX_FMT_RGB24 ? 3 : format == AV_PIX_FMT_RGBA ? 4 : format == AV_PIX_FMT_GRAY16BE ? 2 : 1;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width * bytes; x++)
            f->data[0][y * f->linesize[0] + x] = y < height / 2 && x < width * bytes / 2 ? 255 : 20;
    for (int i = 1; i < 3 && f->data[i]; i++) memset(f->data[i], 128, (size_t)(f->linesize[i] * ((height + 1) / 2)));
    assert_int_equal(avcodec_send_frame(c, f), 0);
    assert_int_equal(avcodec_receive_packet(c, p), 0);
    struct bytes b = {malloc((size_t)p->size), (size_t)p->size};
    memcpy(b.data, p->data, b.len);
    av_packet_free(&p);
    av_frame_free(&f);
    avcodec_free_context(&c);
    return b;
}

static int at(const struct gl_picture *p, int x, int y) {
    return p->grey[y * p->stride + x];
}

static const struct {
    enum AVCodecID id;
    enum AVPixelFormat format;
} forms[] = {
    {AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUVJ420P}, {AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUVJ444P}, {AV_CODEC_ID_PNG, AV_PIX_FMT_RGB24},
    {AV_CODEC_ID_PNG, AV_PIX_FMT_RGBA},       {AV_CODEC_ID_PNG, AV_PIX_FMT_GRAY16BE},   {AV_CODEC_ID_PNG, AV_PIX_FMT_GRAY8},
    {AV_CODEC_ID_TIFF, AV_PIX_FMT_RGB24},     {AV_CODEC_ID_PPM, AV_PIX_FMT_RGB24},      {AV_CODEC_ID_PGM, AV_PIX_FMT_GRAY8},
    {AV_CODEC_ID_BMP, AV_PIX_FMT_GRAY8},
};

static void every_form_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < GL_COUNT(forms); i++) {
        struct bytes b = encode(forms[i].id, forms[i].format, 64, 48);
        struct gl_picture p;
        struct gl_error err = {""};
        if (gl_picture_decode(b.data, b.len, "it", &p, &err) < 0) fail_msg("form %zu: %s", i, err.text);
        assert_true(p.width == 64 && p.height == 48 && p.scale == 1);
        assert_true(at(&p, 10, 10) > 230 && at(&p, 50, 10) < 45 && at(&p, 10, 40) < 45);
        gl_picture_free(&p);
        free(b.data);
    }
}

static void cut_off_anywhere_is_no_crash(void **state) {
    (void)state;
    for (size_t i = 0; i < GL_COUNT(forms); i++) {
        struct bytes b = encode(forms[i].id, forms[i].format, 64, 48);
        for (size_t len = 0; len < b.len; len += 1 + b.len / 40) {
            uint8_t *exact = malloc(len ? len : 1); /* so that a byte too far is seen */
            struct gl_picture p;
            struct gl_error err = {""};
            memcpy(exact, b.data, len);
            int rc = gl_picture_decode(exact, len, "it", &p, &err);
            if (rc == 0) {
                assert_int_not_equal(forms[i].id, AV_CODEC_ID_MJPEG); /* half a JPEG is never taken for a whole one */
                gl_picture_free(&p);
            } else {
                assert_non_null(strstr(err.text, "it: "));
            }
            free(exact);
        }
        free(b.data);
    }
}

static int decode_text(const char *bytes, size_t len, struct gl_error *err) {
    struct gl_picture p;
    int rc = gl_picture_decode(bytes, len, "it", &p, err);
    if (rc == 0) gl_picture_free(&p);
    return rc;
}

static void bad_ones_are_told(void **state) {
    (void)state;
    static const char huge_png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\2\0\0\0\0\0\0\0";
    static const char huge_jpeg[] = "\xff\xd8\xff\xc0\0\x11\x08\xea\x60\xea\x60\3\1\x22\0\2\x11\1\3\x11\1\xff\xd9";
    static const char huge_bmp[] = "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xff\xff\0\0\0\0\0\x80\1\0\x18\0";
    static const char tiny[] = "P5\n1 1\n255\nx";
    struct gl_error err = {""};
    assert_int_equal(decode_text(huge_png, sizeof huge_png - 1, &err), -EFBIG);
    assert_string_equal(err.text, "it: 60000 x 60000 pixels; at most 16384 x 16384 and 40 million are read");
    assert_int_equal(decode_text(huge_jpeg, sizeof huge_jpeg - 1, &err), -EFBIG);
    assert_int_equal(decode_text(huge_bmp, sizeof huge_bmp - 1, &err), -EFBIG);
    assert_int_equal(decode_text(tiny, sizeof tiny - 1, &err), -EINVAL);
    assert_string_equal(err.text, "it: 1 x 1 pixels: too small to show a plate (at least 8 x 8)");
    assert_int_equal(decode_text("", 0, &err), -EINVAL);
    assert_string_equal(err.text, "it: empty");
    assert_int_equal(decode_text("hello", 5, &err), -EINVAL);
    assert_non_null(strstr(err.text, "no picture"));
    struct gl_picture p;
    assert_int_equal(gl_picture_load("/nonexistent", &p, &err), -ENOENT);
    assert_int_equal(gl_picture_load("/", &p, &err), -EISDIR);
    assert_int_equal(gl_picture_load("/dev/zero", &p, &err), -EINVAL);
}

/* APP1 with an EXIF block of one entry: the orientation. */
static void orientation_is_honoured(void **state) {
    (void)state;
    uint8_t app1[] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                      0,    1,    1, 18, 0,   3,   0,   0,   0, 1, 0,   0,   0, 0,  0, 0, 0, 0};
    static const int corner[9][2] = {{0, 0}, {0, 0}, {1, 0}, {1, 1}, {0, 1},
                                     {0, 0}, {1, 0}, {1, 1}, {0, 1}}; /* where white is then */
    struct bytes b = encode(AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUVJ444P, 64, 48);
    for (int o = 1; o <= 8; o++) {
        uint8_t *with = malloc(b.len + sizeof app1);
        struct gl_picture p;
        struct gl_error err = {""};
        app1[29] = (uint8_t)o;
        memcpy(with, b.data, 2);
        memcpy(with + 2, app1, sizeof app1);
        memcpy(with + 2 + sizeof app1, b.data + 2, b.len - 2);
        if (gl_picture_decode(with, b.len + sizeof app1, "it", &p, &err) < 0) fail_msg("%s", err.text);
        assert_int_equal(p.width, o > 4 ? 48 : 64);
        int x = corner[o][0] ? p.width - 8 : 8, y = corner[o][1] ? p.height - 8 : 8;
        if (at(&p, x, y) < 230 || at(&p, p.width - x, p.height - y) > 60) fail_msg("orientation %d", o);
        gl_picture_free(&p);
        free(with);
    }
    free(b.data);
}

static void large_ones_are_shrunk(void **state) {
    (void)state;
    struct bytes b = encode(AV_CODEC_ID_PGM, AV_PIX_FMT_GRAY8, 4000, 2400);
    struct gl_picture p;
    assert_int_equal(gl_picture_decode(b.data, b.len, "it", &p, NULL), 0);
    assert_true(p.width == 2000 && p.height == 1200 && p.scale == 2);
    assert_true(at(&p, 100, 100) == 255 && at(&p, 1900, 1100) == 20);
    struct gl_picture v = gl_picture_view(&p, 1990, -5, 100, 50);
    assert_true(v.width == 10 && v.height == 50 && !v.memory && at(&v, 0, 0) == at(&p, 1990, 0));
    gl_picture_free(&p);
    free(b.data);
    assert_int_equal(gl_picture_new(1, 100, &p), -EINVAL);
    assert_int_equal(gl_picture_new(16384, 16384, &p), -EINVAL);
}

int main(void) {
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read),    cmocka_unit_test(cut_off_anywhere_is_no_crash),
        cmocka_unit_test(bad_ones_are_told),     cmocka_unit_test(orientation_is_honoured),
        cmocka_unit_test(large_ones_are_shrunk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
