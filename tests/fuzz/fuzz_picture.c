/* Fuzz target: any bytes as a picture. What is accepted is within the limits; what is refused has a reason that names it. */
#include <libavutil/log.h>
#include <stdlib.h>
#include <string.h>

#include "frames/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct gl_picture p;
    struct gl_error err = {""};
    av_log_set_level(AV_LOG_QUIET);
    int rc = gl_picture_decode(data, size, "it", &p, &err);
    if (rc < 0) {
        if (strncmp(err.text, "it: ", 4) != 0) abort();
        return 0;
    }
    if (p.width < 1 || p.height < 1 || p.width * p.height > GL_PICTURE_KEPT || p.stride < p.width) abort();
    gl_picture_free(&p);
    return 0;
}
