/* Fuzz target of the table walkers. The first byte chooses the way in: JSON for one kind's value, or a packed reading. What is accepted
 * must go out again and come back the same. */
#include <stdlib.h>
#include <string.h>

#include "model/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 20 };

/* What lies beyond a list's count is nobody's: so two structs are the same when they pack alike. */
static void must_be(const struct gl_buf *packed, struct gl_buf *again) {
    if (again->failed || again->len != packed->len || memcmp(again->data, packed->data, packed->len) != 0) abort();
    again->len = 0;
}

static void check_value(enum gl_reading_kind kind, const char *text, size_t len) {
    const struct gl_fields *t = gl_reading_value_fields(kind);
    if (!t) return;
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(ROOM), repacked = GL_BUF(ROOM);
    GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(ROOM);
    struct gl_reading first, second;
    struct gl_error err = {""};
    memset(&first, 0x55, sizeof first);
    memset(&second, 0xaa, sizeof second);
    if (gl_fields_parse(t, text, len, &first, &err) < 0) {
        if (!err.text[0] || !gl_utf8_valid(err.text, strlen(err.text))) abort();
        return;
    }
    gl_fields_pack(t, &first, &packed);
    struct gl_cursor c = gl_cursor(packed.data, packed.len);
    if (packed.failed || gl_fields_unpack(t, &c, &second) < 0 || gl_cursor_left(&c) != 0) abort();
    gl_fields_pack(t, &second, &repacked);
    must_be(&packed, &repacked);
    gl_fields_to_json(t, &first, &json);
    if (json.failed || gl_fields_parse(t, json.data, json.len, &second, &err) < 0) abort();
    gl_fields_pack(t, &second, &repacked);
    must_be(&packed, &repacked);
}

static void check_packed(const uint8_t *bytes, size_t len) {
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(ROOM), repacked = GL_BUF(ROOM);
    GL_CLEANUP(gl_buf_free) struct gl_buf json = GL_BUF(ROOM);
    struct gl_reading first, second;
    struct gl_cursor c = gl_cursor(bytes, len);
    if (gl_reading_unpack(&c, &first) < 0) {
        if (!c.failed) abort();
        return;
    }
    size_t used = len - gl_cursor_left(&c);
    gl_reading_pack(&first, &packed);
    struct gl_cursor again = gl_cursor(packed.data, packed.len);
    if (packed.failed || packed.len != used || gl_reading_unpack(&again, &second) < 0) abort();
    gl_reading_pack(&second, &repacked);
    must_be(&packed, &repacked);
    gl_reading_to_json(&first, &json);
    json_t *root = json.failed ? NULL : json_loadb(json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    if (!root) abort();
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (data[0] & 0x80)
        check_packed(data + 1, size - 1);
    else
        check_value(data[0] % (GL_READING_SCAN + 1), (const char *)data + 1, size - 1);
    return 0;
}
