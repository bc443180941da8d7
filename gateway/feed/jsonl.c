/* JSON lines to records, line by line; a bad line never touches its neighbours. */
#include "feed/jsonl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "model/lodged_impl.h"

static int check_file_record(struct gl_feed_record *r, struct gl_error *err) {
    if (r->op == GL_OP_HEARTBEAT)
        return gl_fail(err, -EINVAL, "op: a heartbeat belongs to a live feed, not into a file; leave the line out");
    if (r->epoch[0] == '\0' && r->seq != 0) return gl_fail(err, -EINVAL, "epoch: missing beside seq; give both or none");
    bool frame = r->op == GL_OP_SNAPSHOT_BEGIN || r->op == GL_OP_SNAPSHOT_END; /* may stand at number 0 */
    if (frame && r->epoch[0] == '\0') return gl_fail(err, -EINVAL, "epoch: missing; a snapshot belongs to a numbering");
    if (r->epoch[0] != '\0' && r->seq == 0 && !frame) return gl_fail(err, -EINVAL, "seq: missing beside epoch; give both or none");
    if (r->epoch[0] != '\0' && r->as_of == 0)
        return gl_fail(err, -EINVAL, "as_of: missing beside epoch; it is the time of the record");
    return gl_feed_record_normalise(r, err);
}

static int read_line(const char *line, size_t len, struct gl_feed_record *r, struct gl_error *err) {
    json_error_t why;
    if (len > GL_JSONL_LINE) return gl_fail(err, -E2BIG, "longer than %d bytes; one record a line is needed", GL_JSONL_LINE);
    if (!gl_utf8_valid(line, len)) return gl_fail(err, -EBADMSG, "not valid UTF-8 without NUL; the file must be saved as UTF-8");
    json_t *data = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
    if (!data && json_error_code(&why) == json_error_out_of_memory) return gl_fail(err, -ENOMEM, "out of memory");
    if (!data) return gl_fail(err, -EBADMSG, "column %d: no valid JSON: %s", why.column, why.text);
    int rc = gl_feed_record_read(data, false, r, err);
    json_decref(data);
    return rc < 0 ? rc : check_file_record(r, err);
}

static bool is_blank(const char *line, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') return false;
    return true;
}

/* Pretty-printed JSON would give one refusal a line; said once instead. */
static bool opens_alone(const char *p, const char *end) {
    while (p < end && (is_blank(p, 1) || *p == '\n')) p++;
    const char *nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    return nl && *p == '{' && is_blank(p + 1, (size_t)(nl - p - 1));
}

static int import_lines(const char *p, const char *end, const struct gl_import_sink *sink, struct gl_feed_record *r,
                        struct gl_error *err) {
    int bad = 0;
    for (unsigned long number = 1; p < end; number++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        const char *stop = nl ? nl : end;
        struct gl_error why = {""};
        int rc = 0;
        if (!is_blank(p, (size_t)(stop - p))) {
            rc = read_line(p, (size_t)(stop - p), r, &why);
            if (rc == -ENOMEM) return gl_fail(err, rc, "line %lu: %s", number, why.text);
            if (rc == 0 && (rc = sink->record(sink->user, r)) < 0)
                return gl_fail(err, rc, "line %lu: the record was not taken", number);
        }
        if (rc < 0) {
            char where[32];
            gl_format(where, sizeof where, "line %lu", number);
            sink->bad(sink->user, where, why.text);
            if (bad < INT_MAX) bad++;
        }
        p = nl ? nl + 1 : end;
    }
    return bad;
}

int gl_jsonl_import(const uint8_t *bytes, size_t len, const struct gl_import_sink *sink, struct gl_error *err) {
    const char *p = (const char *)bytes, *end = p + len;
    if (len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) p += 3;
    if (opens_alone(p, end)) return gl_fail(err, -EINVAL, "a JSON object over several lines; one object a line is needed");
    struct gl_feed_record *r = malloc(sizeof *r);
    if (!r) return gl_fail(err, -ENOMEM, "out of memory");
    int rc = import_lines(p, end, sink, r, err);
    free(r);
    return rc;
}
