/* What the tests of all importers share: a file in, what came of it, and goldens under tests/samples. */
#pragma once
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "feed/import.h"

struct result {
    int records, refusals, notes;
    int stop;                                /* what record() returns */
    char where[256], reason[400], note[400]; /* of the last refusal, the last note */
    struct gl_buf json;                      /* every record, one a line */
};

/* What comes out has its rules run already: they change nothing when they are run again. */
static int on_record(void *user, const struct gl_feed_record *r) {
    struct result *res = user;
    struct gl_feed_record *again = malloc(sizeof *again);
    struct gl_error err = {""};
    assert_non_null(again);
    memcpy(again, r, sizeof *again);
    if (gl_feed_record_normalise(again, &err) < 0) fail_msg("not normalised: %s", err.text);
    GL_CLEANUP(gl_buf_free) struct gl_buf was = GL_BUF(8 << 20), is = GL_BUF(8 << 20);
    gl_feed_record_to_json(r, &was);
    gl_feed_record_to_json(again, &is);
    assert_string_equal(was.data, is.data);
    free(again);
    res->records++;
    gl_buf_text(&res->json, was.data);
    gl_buf_char(&res->json, '\n');
    return res->stop;
}

static void on_bad(void *user, const char *where, const char *reason) {
    struct result *res = user;
    res->refusals++;
    assert_true(where[0] && reason[0]);
    gl_clip(res->where, sizeof res->where, where);
    gl_clip(res->reason, sizeof res->reason, reason);
}

static void on_note(void *user, const char *where, const char *text) {
    struct result *res = user;
    res->notes++;
    assert_true(where[0] && text[0]);
    gl_clip(res->note, sizeof res->note, text);
}

/* Imports an exact heap copy, so that a read past the end shows. */
static GL_UNUSED int import_with(const struct gl_import_options *options, const void *bytes, size_t len, struct result *res,
                                 struct gl_error *err) {
    const struct gl_import_sink sink = {res, on_record, on_bad, on_note};
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    res->json = GL_BUF(8 << 20);
    int rc = gl_import(copy, len, options, &sink, err);
    free(copy);
    return rc;
}

static GL_UNUSED int import(const void *bytes, size_t len, struct result *res, struct gl_error *err) {
    return import_with(NULL, bytes, len, res, err);
}

/* Local times are of this zone from now on. */
static GL_UNUSED void in_zone(const char *zone) {
    setenv("TZ", zone, 1);
    tzset();
}

/* What comes of a text: so many records and refusals. The caller frees json. */
static GL_UNUSED struct result results(const struct gl_import_options *options, const char *text, int records, int refusals) {
    struct result res = {0};
    struct gl_error err = {""};
    int rc = import_with(options, text, strlen(text), &res, &err);
    if (rc != refusals || res.records != records)
        fail_msg("%.300s: %d refused, %d records: %s: %s %s", text, rc, res.records, res.where, res.reason, err.text);
    return res;
}

/* A text from which one record comes, or several, holding `want`. */
static GL_UNUSED void text_gives(const char *text, const struct gl_import_options *options, int records, const char *want) {
    struct result res = results(options, text, records, 0);
    if (!strstr(res.json.data ? res.json.data : "", want)) fail_msg("%.300s gives\n%s without\n%s", text, res.json.data, want);
    gl_buf_free(&res.json);
}

/* A text of which one record is refused, and `records` others are taken. */
static GL_UNUSED void text_refuses(const char *text, const struct gl_import_options *options, int records, const char *where,
                                   const char *reason) {
    struct result res = results(options, text, records, 1);
    if (!strstr(res.where, where)) fail_msg("%.300s: place \"%s\", not \"%s\"", text, res.where, where);
    if (!strstr(res.reason, reason)) fail_msg("%.300s: \"%s\" does not say \"%s\"", text, res.reason, reason);
    gl_buf_free(&res.json);
}

/* A text that is recognised and loads nothing. */
static GL_UNUSED void text_notes(const char *text, const struct gl_import_options *options, const char *note) {
    struct result res = results(options, text, 0, 0);
    if (!strstr(res.note, note)) fail_msg("\"%s\" does not say \"%s\"", res.note, note);
    gl_buf_free(&res.json);
}

/* A text from which nothing but one refusal comes. */
static GL_UNUSED void refused(const char *text, const char *where, const char *reason) {
    struct result res = {0};
    struct gl_error err = {""};
    int rc = import(text, strlen(text), &res, &err);
    if (rc != 1 || res.refusals != 1) fail_msg("%d, %s: not refused once: %.200s", rc, err.text, text);
    assert_int_equal(res.records, 0);
    if (!strstr(res.where, where)) fail_msg("place \"%s\", not \"%s\"", res.where, where);
    if (!strstr(res.reason, reason)) fail_msg("\"%s\" does not say \"%s\"", res.reason, reason);
    gl_buf_free(&res.json);
}

/* A text of which everything is taken; what it says holds all of these, the last NULL. */
static GL_UNUSED void taken(const char *text, int records, const char *const *holds) {
    struct result res = {0};
    struct gl_error err = {""};
    if (import(text, strlen(text), &res, &err) != 0) fail_msg("%s %s: %s", err.text, res.where, res.reason);
    assert_int_equal(res.records, records);
    for (; *holds; holds++)
        if (!strstr(res.json.data ? res.json.data : "", *holds) && !strstr(res.note, *holds))
            fail_msg("\"%s\" is not in %s (%s)", *holds, res.json.data ? res.json.data : "nothing", res.note);
    gl_buf_free(&res.json);
}
#define TAKEN(text, records, ...) taken((text), (records), (const char *const[]){__VA_ARGS__, NULL})

/* A text that is refused as a whole. */
static GL_UNUSED void unreadable(const void *bytes, size_t len, const char *reason) {
    struct result res = {0};
    struct gl_error err = {""};
    assert_true(import(bytes, len, &res, &err) < 0);
    assert_int_equal(res.records + res.refusals, 0);
    if (!strstr(err.text, reason)) fail_msg("\"%s\" does not say \"%s\"", err.text, reason);
    gl_buf_free(&res.json);
}

static GL_UNUSED char *read_sample(const char *folder, const char *name, const char *ending, size_t *ret_len) {
    char path[512];
    gl_format(path, sizeof path, SOURCE_DIR "/tests/samples/%s/%s%s", folder, name, ending);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s: cannot open", path);
    char *bytes = calloc(1, 1 << 20);
    assert_non_null(bytes);
    *ret_len = fread(bytes, 1, (1 << 20) - 1, f);
    fclose(f);
    return bytes;
}

/* samples/FOLDER/NAME.ending gives the lines of NAME.golden; what stands as "not to be read" in it is in none of them. Cut short anywhere, it
 * is never taken for whole; when whole, a document that is good or bad as a whole, is true, it gives nothing then. */
static GL_UNUSED void golden(const char *folder, const char *name, const char *ending, const struct gl_import_options *options,
                             bool whole) {
    size_t len, golden_len;
    char *bytes = read_sample(folder, name, ending, &len), *want = read_sample(folder, name, ".golden", &golden_len);
    struct result res = {0};
    struct gl_error err = {""};
    int rc = import_with(options, bytes, len, &res, &err);
    if (rc != 0) fail_msg("%s: %s %s: %s", name, err.text, res.where, res.reason);
    assert_string_equal(res.json.data ? res.json.data : "", want);
    if (res.json.data) assert_null(strstr(res.json.data, "not to be read"));
    gl_buf_free(&res.json);
    while (len > 0 && strchr(" \r\n", bytes[len - 1])) len--;
    for (size_t cut = 1; cut < len; cut += 97) {
        struct result part = {0};
        if (import_with(options, bytes, len - cut, &part, &err) == 0 || (whole && part.records > 0))
            fail_msg("%s without %zu bytes", name, cut);
        gl_buf_free(&part.json);
    }
    free(bytes);
    free(want);
}
