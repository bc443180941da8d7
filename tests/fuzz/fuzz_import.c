/* Fuzz target of the importers: any bytes; behind a first byte 1 stands a mapping of CSV, up to the next byte 1. Every record that comes out must have a meaning, survive the packed form, and change nothing when
 * its rules are run again; every refusal must name a place and a reason. */
#include <stdlib.h>
#include <string.h>

#include "feed/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct counts {
    int bad;
    struct gl_feed_record *back;
};

static int on_record(void *user, const struct gl_feed_record *r) {
    struct counts *n = user;
    GL_CLEANUP(gl_buf_free) struct gl_buf packed = GL_BUF(131072), again = GL_BUF(131072);
    struct gl_error err;
    if (r->op == GL_OP_NONE || r->op == GL_OP_HEARTBEAT) abort();
    gl_feed_record_pack(r, &packed);
    struct gl_cursor c = gl_cursor(packed.data, packed.len);
    if (packed.failed || gl_feed_record_unpack(&c, n->back) < 0 || gl_cursor_left(&c) != 0) abort();
    if (gl_feed_record_normalise(n->back, &err) < 0) abort();
    gl_feed_record_pack(n->back, &again);
    if (again.failed || again.len != packed.len || memcmp(again.data, packed.data, packed.len) != 0) abort();
    return 0;
}

static void on_bad(void *user, const char *where, const char *reason) {
    struct counts *n = user;
    if (!where[0] || !reason[0] || !gl_utf8_valid(where, strlen(where))) abort();
    n->bad++;
}

static void on_note(void *user GL_UNUSED, const char *where, const char *text) {
    if (!where[0] || !text[0] || !gl_utf8_valid(text, strlen(text))) abort();
}

/* Takes the mapping from the front. */
static void take_mapping(const uint8_t **data, size_t *size, struct gl_import_options *options) {
    const uint8_t *end = *size > 1 && **data == 1 ? memchr(*data + 1, 1, *size - 1) : NULL;
    if (!end) return;
    options->mapping = (const char *)*data + 1;
    options->mapping_len = (size_t)(end - *data - 1);
    *size -= (size_t)(end + 1 - *data);
    *data = end + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct counts n = {0, malloc(sizeof *n.back)};
    const struct gl_import_sink sink = {&n, on_record, on_bad, on_note};
    struct gl_import_options options = {.zone = "UTC", .as_of = 1782900000000};
    struct gl_error err = {""};
    if (!n.back) abort();
    setenv("TZ", "UTC0", 1);
    take_mapping(&data, &size, &options);
    int rc = gl_import(data, size, &options, &sink, &err);
    if (rc < 0 ? err.text[0] == '\0' : rc != n.bad) abort();
    free(n.back);
    return 0;
}
