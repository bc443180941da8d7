/* What the tests of ASYCUDA, ICS1 and WCO declarations share: the post is in a zone, and the file has a time. Included after cmocka.h. */
#pragma once
#include <time.h>

#include "import_bench.h"

/* Eastern European time by rule, so that no zone files are needed. */
static const struct gl_import_options declared_options = {.zone = "Europe/Tallinn", .as_of = 1777888000000};

static int declared_start(void **state GL_UNUSED) {
    setenv("TZ", "EET-2EEST,M3.5.0/3,M10.5.0/4", 1);
    tzset();
    return 0;
}

static int declared(const char *text, const struct gl_import_options *options, struct result *res) {
    struct gl_error err = {""};
    *res = (struct result){0};
    return import_with(options, text, strlen(text), res, &err);
}

/* One good record; its JSON holds the piece. */
static void gives(const char *text, const char *piece) {
    struct result res;
    if (declared(text, &declared_options, &res) != 0 || res.records != 1)
        fail_msg("%s: %s\nof %.400s", res.where, res.reason, text);
    if (!strstr(res.json.data, piece)) fail_msg("no %s in\n%s", piece, res.json.data);
    gl_buf_free(&res.json);
}

/* Nothing but one refusal, that says where and why. */
static void refuses(const char *text, const char *where, const char *reason) {
    struct result res;
    int rc = declared(text, &declared_options, &res);
    if (rc != 1 || res.refusals != 1 || res.records != 0) fail_msg("%d refusals, %d records of %.400s", rc, res.records, text);
    if (!strstr(res.where, where)) fail_msg("place \"%s\", not \"%s\"", res.where, where);
    if (!strstr(res.reason, reason)) fail_msg("\"%s\" does not say \"%s\"", res.reason, reason);
    gl_buf_free(&res.json);
}

/* Nothing comes of it, and the note says why. */
static GL_UNUSED void notes(const char *text, int records, const char *note) {
    struct result res;
    assert_int_equal(declared(text, &declared_options, &res), 0);
    assert_int_equal(res.records, records);
    assert_int_equal(res.notes, 1);
    if (!strstr(res.note, note)) fail_msg("\"%s\" does not say \"%s\"", res.note, note);
    gl_buf_free(&res.json);
}

static void sample(const char *folder, const char *name) {
    golden(folder, name, ".xml", &declared_options, true);
}
