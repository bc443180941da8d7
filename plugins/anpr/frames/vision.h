/* The only door to OpenCV: nets. Everything behind it is C++, and no exception comes through. One core; no files but the models. */
#pragma once
#ifdef __cplusplus
extern "C" {
#endif
#include "base/base.h"

struct gl_net;

struct gl_net_shape {
    int height, width; /* of the input: one channel, float */
    int outputs;       /* numbers that come out */
};

/* Loads an ONNX file and runs it once, so that a net of another shape is found here. Returns 0, -ENOENT, -EINVAL with the reason. */
int gl_net_open(const char *path, const struct gl_net_shape *shape, struct gl_net **ret, struct gl_error *err) GL_MUST_USE;

/* in: height * width numbers; out: outputs numbers. -EIO with the reason. */
int gl_net_forward(struct gl_net *net, const float *in, float *out, struct gl_error *err) GL_MUST_USE;

void gl_net_free(struct gl_net *net);

#ifdef __cplusplus
}
#endif
