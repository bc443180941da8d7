/* A journal in a folder of its own, for each test anew. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/journal.h"

static char dir[] = "/tmp/greenlane-journal-XXXXXX";
static char path[sizeof dir + 16];

static void remove_files(void) {
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
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

/* Committed, closed and opened once more; NULL = opened for the first time. */
static GL_UNUSED struct gl_journal *open_again(struct gl_journal *j) {
    struct gl_error err = {""};
    if (j && gl_journal_commit(j, &err) < 0) fail_msg("%s", err.text);
    gl_journal_close(j);
    if (gl_journal_open(path, &j, &err) < 0) fail_msg("%s", err.text);
    return j;
}
