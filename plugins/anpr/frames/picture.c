/* Grey pictures: made, looked at in parts, shrunk, turned. Decoding is in picture_decode.c. */
#include "frames/picture.h"

#include <errno.h>
#include <stdlib.h>

#include "frames/picture_impl.h"

static int make(int width, int height, struct gl_picture *ret) {
    uint8_t *grey = calloc((size_t)width, (size_t)height);
    if (!grey) return -ENOMEM;
    *ret = (struct gl_picture){.width = width, .height = height, .stride = width, .grey = grey, .memory = grey, .scale = 1};
    return 0;
}

int gl_picture_new(int width, int height, struct gl_picture *ret) {
    if (width < GL_PICTURE_LEAST || height < GL_PICTURE_LEAST || width > GL_PICTURE_SIDE || height > GL_PICTURE_SIDE ||
        (int64_t)width * height > GL_PICTURE_PIXELS)
        return -EINVAL;
    return make(width, height, ret);
}

static int within(int v, int most) {
    return v < 0 ? 0 : v > most ? most : v;
}

struct gl_picture gl_picture_view(const struct gl_picture *whole, int x, int y, int width, int height) {
    x = within(x, whole->width);
    y = within(y, whole->height);
    struct gl_picture v = *whole;
    v.memory = NULL;
    v.width = within(width, whole->width - x);
    v.height = within(height, whole->height - y);
    v.grey = whole->grey + (size_t)y * (size_t)whole->stride + x;
    return v;
}

void gl_picture_free(struct gl_picture *p) {
    if (!p) return;
    free(p->memory);
    *p = (struct gl_picture){0};
}

int gl_picture_halve(const struct gl_picture *from, struct gl_picture *ret) {
    int rc = make(from->width / 2, from->height / 2, ret);
    if (rc < 0) return rc;
    ret->scale = from->scale * 2;
    for (int y = 0; y < ret->height; y++) {
        const uint8_t *a = from->grey + (size_t)(2 * y) * (size_t)from->stride, *b = a + from->stride;
        uint8_t *to = ret->grey + (size_t)y * (size_t)ret->stride;
        for (int x = 0; x < ret->width; x++) to[x] = (uint8_t)((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2);
    }
    return 0;
}

int gl_picture_turn(struct gl_picture *p, int quarters, bool mirrored) {
    if (quarters == 0 && !mirrored) return 0;
    bool lying = quarters & 1;
    struct gl_picture to;
    int rc = make(lying ? p->height : p->width, lying ? p->width : p->height, &to);
    if (rc < 0) return rc;
    to.scale = p->scale;
    int w = p->width - 1, h = p->height - 1;
    for (int y = 0; y <= h; y++)
        for (int x = 0; x <= w; x++) {
            /* Mirrored first, then turned clockwise. */
            int mx = mirrored ? w - x : x;
            int tx = quarters == 0 ? mx : quarters == 1 ? h - y : quarters == 2 ? w - mx : y;
            int ty = quarters == 0 ? y : quarters == 1 ? mx : quarters == 2 ? h - y : w - mx;
            to.grey[(size_t)ty * (size_t)to.stride + (size_t)tx] = p->grey[(size_t)y * (size_t)p->stride + (size_t)x];
        }
    gl_picture_free(p);
    *p = to;
    return 0;
}
