/* What the tests of the journal share beside its folder: records to append, what is read back as text. */
#pragma once
#include "journal_file.h"

#define P1 "0198a000-0000-7000-8000-00000000aaa1"
#define P2 "0198a000-0000-7000-8000-10000000aaa1"
#define P3 "0198a000-0000-7000-8000-20000000bbb2"

static struct gl_journal *open_at(const char *where) {
    struct gl_journal *j = NULL;
    struct gl_error err = {""};
    if (gl_journal_open(where, &j, &err) < 0) fail_msg("%s", err.text);
    return j;
}

static int try_append(struct gl_journal *j, const char *stream, const char *passage, const char *topic, const char *payload) {
    int64_t seq = 0;
    int rc = gl_journal_next_seq(j, stream, &seq, NULL);
    struct gl_record r = {.stream = stream,
                          .seq = seq,
                          .type = "greenlane.decision",
                          .topic = topic,
                          .id = "id",
                          .passage = passage,
                          .time = 1000 + seq,
                          .payload = payload,
                          .internal = seq % 2 ? NULL : "{\"answer\":1}"};
    return rc < 0 ? rc : gl_journal_append(j, &r, NULL);
}

static void commit(struct gl_journal *j) {
    struct gl_error err = {""};
    if (gl_journal_commit(j, &err) < 0) fail_msg("%s", err.text);
    assert_false(gl_journal_dirty(j));
}

/* Everything that a reader is given, as text: "seq topic payload;". */
struct seen {
    char text[4096];
    int stop_after, n;
};

#define ON_DISK(t) cmocka_unit_test_setup_teardown(t, make_dir, drop_dir)
