/* Fuzz target of feed records: JSON bytes to a record, its rules, the packed form and back. What normalise accepts must survive both forms,
 * and a second normalise must change nothing. */
#include <stdlib.h>
#include <string.h>

#include "model/lodged.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct gl_feed_record *r, struct gl_feed_record *back) {
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(131072), one = GL_BUF(4 << 20), two = GL_BUF(4 << 20);
    struct gl_error err;
    gl_feed_record_pack(r, &packed);
    struct gl_cursor c = gl_cursor(packed.data, packed.len);
    if (packed.failed || gl_feed_record_unpack(&c, back) < 0 || gl_cursor_left(&c) != 0) abort();
    gl_feed_record_to_json(r, &one);
    if (gl_feed_record_normalise(back, &err) < 0) abort();
    gl_feed_record_to_json(back, &two);
    if (one.failed || two.failed || strcmp(one.data, two.data) != 0) abort();
    json_t *again = json_loadb(one.data, one.len, JSON_REJECT_DUPLICATES, NULL);
    if (!again || gl_feed_record_from_json(again, back, &err) < 0) abort();
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct gl_feed_record *r = malloc(sizeof *r), *back = malloc(sizeof *back);
    struct gl_error err = {""};
    if (!r || !back) abort();
    struct gl_cursor c = gl_cursor(data, size);
    if (gl_feed_record_unpack(&c, r) == 0 && gl_feed_record_normalise(r, &err) == 0 && r->op == GL_OP_NONE) abort();
    json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    if (json && gl_feed_record_from_json(json, r, &err) == 0) {
        if (gl_feed_record_normalise(r, &err) == 0)
            check(r, back);
        else if (!err.text[0])
            abort();
    }
    json_decref(json);
    free(r);
    free(back);
    return 0;
}
