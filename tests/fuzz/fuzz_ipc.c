/* Fuzz target: a datagram's bytes into the unpacker. What unpacks must pack again, and unpack to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "ipc/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum gl_message_type type, again;
    void *msg = malloc(gl_message_largest(UINT64_MAX));
    struct gl_buf one = GL_BUF(GL_IPC_MAX), two = GL_BUF(GL_IPC_MAX);
    if (!msg) abort();
    if (gl_message_unpack(data, size, UINT64_MAX, &type, msg) == 0) {
        if (gl_message_pack(type, msg, &one) < 0) abort();
        if (gl_message_unpack(one.data, one.len, UINT64_C(1) << type, &again, msg) < 0 || again != type) abort();
        if (gl_message_pack(type, msg, &two) < 0 || one.len != two.len || memcmp(one.data, two.data, one.len) != 0) abort();
    }
    size_t first = gl_message_first(data, size);
    if (first > size || (size > 0 && first == 0)) abort();
    gl_buf_free(&one);
    gl_buf_free(&two);
    free(msg);
    return 0;
}
