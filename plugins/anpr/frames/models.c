/* Where the models lie: beside the programs, as they are installed or as they are built. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "frames/reader.h"

int gl_reader_models(char *ret, size_t size, struct gl_error *err) {
    static const char *const places[] = {"../share/greenlane/models", "../models"};
    char here[400], path[512];
    ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);
    if (n < 0) return gl_fail(err, -errno, "/proc/self/exe: %s", strerror(errno));
    here[n] = '\0';
    char *slash = strrchr(here, '/');
    if (slash) *slash = '\0';
    for (size_t i = 0; i < GL_COUNT(places); i++) {
        gl_format(path, sizeof path, "%s/%s/recogniser.onnx", here, places[i]);
        if (access(path, R_OK) == 0) {
            gl_format(ret, size, "%s/%s", here, places[i]);
            return 0;
        }
    }
    return gl_fail(err, -ENOENT, "no recogniser.onnx in %s/%s nor in %s/%s", here, places[0], here, places[1]);
}
