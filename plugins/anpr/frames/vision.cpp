/* OpenCV's dnn behind plain functions; see vision.h. */
#include "frames/vision.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <new>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

struct gl_net {
    cv::dnn::Net net;
    gl_net_shape shape;
};

int gl_net_forward(gl_net *net, const float *in, float *out, gl_error *err) {
    try {
        const int size[] = {1, 1, net->shape.height, net->shape.width};
        net->net.setInput(cv::Mat(4, size, CV_32F, const_cast<float *>(in)));
        cv::Mat result = net->net.forward();
        if (result.type() != CV_32F || !result.isContinuous() || result.total() != (size_t)net->shape.outputs)
            return gl_fail(err, -EINVAL, "the net gives %zu numbers, not %d", result.total(), net->shape.outputs);
        memcpy(out, result.ptr<float>(), result.total() * sizeof *out);
        return 0;
    } catch (const std::bad_alloc &) {
        return gl_fail(err, -ENOMEM, "out of memory");
    } catch (const std::exception &e) {
        return gl_fail(err, -EIO, "the net failed: %.200s", e.what());
    }
}

static int try_once(gl_net *net, gl_error *err) {
    std::vector<float> in((size_t)net->shape.height * (size_t)net->shape.width), out((size_t)net->shape.outputs);
    return gl_net_forward(net, in.data(), out.data(), err);
}

int gl_net_open(const char *path, const gl_net_shape *shape, gl_net **ret, gl_error *err) {
    gl_net *net = nullptr;
    gl_error why = {""};
    if (access(path, R_OK) < 0) return gl_fail(err, -errno, "%s: %s", path, strerror(errno));
    try {
        cv::setNumThreads(1);
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        net = new gl_net{cv::dnn::readNetFromONNX(path), *shape};
        int rc = try_once(net, &why);
        if (rc == 0) {
            *ret = net;
            return 0;
        }
    } catch (const std::exception &e) {
        gl_format(why.text, sizeof why.text, "%.200s", e.what());
    }
    gl_net_free(net);
    return gl_fail(err, -EINVAL, "%s: no model that fits: %s", path, why.text);
}

void gl_net_free(gl_net *net) {
    delete net;
}
