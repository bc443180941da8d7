/* Fuzz target of one protocol codec, chosen by -DPROTOCOL=gl_protocol_NAME. The last two bytes choose how the rest is split, whether the
 * bytes come as a connection or as an HTTP body with a content type taken from the input's first line, and when time passes. */
#include <stdlib.h>
#include <string.h>

#include "protocol.h"

extern const struct gl_protocol PROTOCOL;
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_reading(void *user, struct gl_reading *r, const struct gl_attachment *att, size_t n_att) {
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(65536);
    struct gl_reading *back = user;
    gl_reading_pack(r, &packed);
    struct gl_cursor c = gl_cursor(packed.data, packed.len);
    /* Whatever a codec makes of hostile bytes must be a well-formed reading: it must survive the way between processes. */
    if (packed.failed || gl_reading_unpack(&c, back) < 0) abort();
    for (size_t i = 0; i < n_att; i++)
        if (att[i].len > 0 && (!att[i].bytes || !att[i].role || !att[i].media_type)) abort();
}
static void on_refused(void *user GL_UNUSED, const char *reason, const char *detail) {
    if (!reason || !reason[0] || !detail) abort();
}
static void on_alive(void *user GL_UNUSED) {}
static void on_note(void *user GL_UNUSED, const char *name, const char *detail GL_UNUSED) {
    if (!name || !name[0]) abort();
}
static void on_fault(void *user GL_UNUSED, const char *reason, bool raised GL_UNUSED) {
    if (!reason) abort();
}
static int on_send(void *user GL_UNUSED, const void *bytes GL_UNUSED, size_t len GL_UNUSED) {
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    uint8_t split = data[size - 2], flags = data[size - 1]; /* last, so that recorded samples serve as seeds as they are */
    size -= 2;
    char content_type[256];
    const char *type = NULL;
    if (flags & 1) {
        const uint8_t *nl = memchr(data, '\n', size);
        size_t n = nl ? (size_t)(nl - data) : 0;
        if (nl && gl_copyn(content_type, sizeof content_type, data, n) == 0) {
            type = content_type;
            data += n + 1;
            size -= n + 1;
        }
    }
    struct gl_reading *scratch = calloc(1, sizeof *scratch);
    struct gl_sink sink = {scratch, on_reading, on_refused, on_alive, on_note, on_fault, on_send};
    struct gl_setting_value values[64];
    struct gl_settings settings = {0, values};
    for (size_t i = 0; i < PROTOCOL.n_settings && settings.n < GL_COUNT(values); i++) {
        if (!PROTOCOL.settings[i].preset) continue;
        struct gl_setting_value *v = &values[settings.n++];
        if (gl_copy(v->name, sizeof v->name, PROTOCOL.settings[i].name) < 0) abort();
        if (gl_copy(v->text, sizeof v->text, PROTOCOL.settings[i].preset) < 0) abort();
    }
    void *state = calloc(1, PROTOCOL.state_size);
    struct gl_error err;
    if (!state || !scratch || PROTOCOL.open(state, &settings, &sink, &err) < 0) abort();
    struct gl_now now = {1764000000000, 1000};
    for (int round = 0; round < 1 + ((flags >> 1) & 1); round++) {
        PROTOCOL.begin(state, type, now);
        size_t step = split ? split : size + 1;
        int rc = 0;
        for (size_t at = 0; at < size && rc >= 0; at += step) {
            uint8_t *copy = malloc(step); /* an exact copy, so that AddressSanitizer sees a read past its end */
            size_t n = size - at < step ? size - at : step;
            memcpy(copy, data + at, n);
            uint8_t *exact = realloc(copy, n);
            rc = PROTOCOL.bytes(state, exact ? exact : copy, n, now);
            free(exact ? exact : copy);
            now.wall += 40;
            now.mono += 40;
            if (rc >= 0 && PROTOCOL.timer) rc = PROTOCOL.timer(state, now);
        }
        PROTOCOL.end(state, flags & 4, now);
    }
    if (PROTOCOL.farewell) PROTOCOL.farewell(state, now);
    if (PROTOCOL.close) PROTOCOL.close(state);
    free(state);
    free(scratch);
    return 0;
}
