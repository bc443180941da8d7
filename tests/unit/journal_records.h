/* What the tests of the journal share: a folder of its own for each test, records to append, what is read back as text. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/journal.h"

#define P1 "0198a000-0000-7000-8000-00000000aaa1"
#define P2 "0198a000-0000-7000-8000-10000000aaa1"
#define P3 "0198a000-0000-7000-8000-20000000bbb2"

static char dir[] = "/tmp/greenlane-journal-XXXXXX";
static char path[sizeof dir + 16];

static void remove_files(void) {
    const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < GL_COUNT(ends); i++) {
        char file[sizeof path + 16];
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
}

static int make_dir(void **state) {
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/journal.db", dir);
    return 0;
}

static int drop_dir(void **state) {
    (void)state;
    remove_files();
    return rmdir(dir);
}

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
