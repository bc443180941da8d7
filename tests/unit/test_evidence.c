/* The evidence store: content-named, whole or absent, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/evidence.h"

/* SHA-256 of "abc" (FIPS 180-2). */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

#define UNTIL INT64_C(1798034399999)
#define HOUR "2026-12-23T13"

struct store {
    char root[64];
    int fd;
};

static int remove_one(const char *path, const struct stat *st GL_UNUSED, int kind GL_UNUSED, struct FTW *at GL_UNUSED) {
    return remove(path);
}

static int setup(void **state) {
    struct store *s = calloc(1, sizeof *s);
    struct gl_error err;
    char folder[] = "/tmp/gl-evidence-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(s->root, sizeof s->root, "%s/e", folder);
    s->fd = gl_evidence_open(s->root, &err);
    assert_true(s->fd >= 0);
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct store *s = *state;
    close(s->fd);
    *strrchr(s->root, '/') = '\0';
    nftw(s->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(s);
    return 0;
}

static struct gl_attachment jpeg(const char *text) {
    return (struct gl_attachment){"plate", "image/jpeg", (const uint8_t *)text, strlen(text)};
}

static void path_of(const struct store *s, const char *ref, char *out, size_t size) {
    snprintf(out, size, "%s/%s", s->root, ref);
}

static void names_by_content(void **state) {
    struct store *s = *state;
    struct gl_attachment a = jpeg("abc");
    struct gl_evidence e;
    struct gl_error err;
    char path[256], back[8] = "";
    assert_int_equal(gl_evidence_store(s->fd, "in-1.front", UNTIL, &a, &e, &err), 0);
    assert_string_equal(e.sha256, ABC);
    assert_string_equal(e.ref, HOUR "/" ABC ".jpg");
    assert_string_equal(e.role, "plate");
    assert_string_equal(e.media_type, "image/jpeg");
    path_of(s, e.ref, path, sizeof path);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(back, 1, sizeof back, f), 3);
    fclose(f);
    assert_memory_equal(back, "abc", 3);
    a.media_type = "application/octet-stream";
    assert_int_equal(gl_evidence_store(s->fd, "in-1.front", UNTIL, &a, &e, &err), 0);
    assert_string_equal(e.ref, HOUR "/" ABC ".bin");
}

static void keeps_what_is_there(void **state) {
    struct store *s = *state;
    struct gl_attachment a = jpeg("abc");
    struct gl_evidence e;
    struct gl_error err;
    struct stat one, two;
    char path[256];
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &a, &e, &err), 0);
    path_of(s, e.ref, path, sizeof path);
    assert_int_equal(stat(path, &one), 0);
    assert_int_equal(gl_evidence_store(s->fd, "other", UNTIL, &a, &e, &err), 0);
    assert_int_equal(stat(path, &two), 0);
    assert_int_equal(one.st_ino, two.st_ino);
}

/* A file of the right name but another size was not written by this store: the true content replaces it. */
static void mends_a_short_file(void **state) {
    struct store *s = *state;
    struct gl_attachment a = jpeg("abc");
    struct gl_evidence e;
    struct gl_error err;
    struct stat st;
    char path[256];
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &a, &e, &err), 0);
    path_of(s, e.ref, path, sizeof path);
    assert_int_equal(truncate(path, 1), 0);
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &a, &e, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 3);
}

static void survives_a_crash_before(void **state) {
    struct store *s = *state;
    struct gl_attachment a = jpeg("abc");
    struct gl_evidence e;
    struct gl_error err;
    char path[256];
    path_of(s, HOUR, path, sizeof path);
    assert_int_equal(mkdir(path, 0750), 0);
    path_of(s, HOUR "/.d.part", path, sizeof path);
    close(open(path, O_WRONLY | O_CREAT, 0640));
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &a, &e, &err), 0);
    assert_int_equal(access(path, F_OK), -1); /* the unfinished file is gone */
}

static int entries(const char *path) {
    int n = 0;
    DIR *d = opendir(path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    if (d) closedir(d);
    return n;
}

static void failure_leaves_nothing(void **state) {
    struct store *s = *state;
    struct gl_attachment a = jpeg("abc");
    struct gl_evidence e = {.role = "untouched"};
    struct gl_error err = {""};
    char path[256];
    path_of(s, HOUR, path, sizeof path);
    close(open(path, O_WRONLY | O_CREAT, 0640)); /* a file where the folder should be */
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &a, &e, &err), -ENOTDIR);
    assert_string_equal(e.role, "untouched");
    assert_non_null(strstr(err.text, "evidence is not kept"));
    assert_int_equal(entries(s->root), 1);
}

/* A link planted in the store must not lead a write elsewhere. */
static void follows_no_link(void **state) {
    struct store *s = *state;
    struct gl_attachment a = jpeg("abc");
    struct gl_evidence e;
    struct gl_error err;
    char path[256];
    path_of(s, HOUR, path, sizeof path);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_true(gl_evidence_store(s->fd, "d", UNTIL, &a, &e, &err) < 0);
    assert_int_equal(access("/tmp/" ABC ".jpg", F_OK), -1);
}

static void refuses_what_does_not_fit(void **state) {
    struct store *s = *state;
    struct gl_evidence e;
    struct gl_error err;
    struct gl_attachment empty = {"plate", "image/jpeg", (const uint8_t *)"", 0};
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &empty, &e, &err), -EMSGSIZE);
    struct gl_attachment huge = {"plate", "image/jpeg", (const uint8_t *)"x", (size_t)GL_EVIDENCE_MAX + 1};
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &huge, &e, &err), -EMSGSIZE);
    struct gl_attachment role = {"a role of more than thirty-one characters", "image/jpeg", (const uint8_t *)"x", 1};
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &role, &e, &err), -EINVAL);
    assert_int_equal(gl_evidence_open("/tmp/gl-evidence-none/at/all", &err), -ENOENT);
}

/* Kept at least as long as it must be, and at most an hour longer; what is kept longer lies elsewhere, though it is the same. */
static void lies_where_its_hour_says(void **state) {
    struct store *s = *state;
    struct gl_attachment a = jpeg("abc");
    struct gl_evidence e;
    struct gl_error err;
    struct stat st;
    char hour[GL_EVIDENCE_HOUR], path[256];
    gl_evidence_hour(UNTIL + 1, hour);
    assert_string_equal(hour, "2026-12-23T14");
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL, &a, &e, &err), 0);
    assert_int_equal(gl_evidence_store(s->fd, "d", UNTIL + 1, &a, &e, &err), 0);
    assert_string_equal(e.ref, "2026-12-23T14/" ABC ".jpg");
    assert_int_equal(entries(s->root), 2);
    path_of(s, hour, path, sizeof path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0770); /* greenlaned, of the same group, removes it */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(names_by_content),       T(keeps_what_is_there), T(mends_a_short_file),       T(survives_a_crash_before),
        T(failure_leaves_nothing), T(follows_no_link),     T(lies_where_its_hour_says), T(refuses_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
