/* What greenlaned does in the evidence store: it removes folders whose hour is over, and nothing else. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants the five above first */
#include <cmocka.h>

#include "store/evidence_folders.h"

#define END_OF_13 INT64_C(1798034400000) /* 2026-12-23T14:00:00Z */

static char root[] = "/tmp/greenlane-folders-XXXXXX";

static int make_root(void **state) {
    (void)state;
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static int drop_root(void **state) {
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *in(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void folder(const char *name, int files) {
    char file[64];
    assert_int_equal(mkdir(in(name), 0770), 0);
    for (int i = 0; i < files; i++) {
        snprintf(file, sizeof file, "%s/%d.jpg", name, i);
        FILE *f = fopen(in(file), "w");
        assert_non_null(f);
        fclose(f);
    }
}

static void an_hour_is_over_at_its_end(void **state) {
    (void)state;
    struct gl_evidence_state s;
    folder("2026-12-23T13", 1);
    folder("2026-12-23T14", 1);
    assert_int_equal(gl_evidence_look(root, END_OF_13 - 1, &s), 0);
    assert_true(s.folders == 2 && s.n_due == 0 && s.n == 0);
    assert_int_equal(gl_evidence_look(root, END_OF_13, &s), 0);
    assert_true(s.folders == 2 && s.n_due == 1 && s.n == 1 && s.strange == 0);
    assert_string_equal(s.due[0], "2026-12-23T13");
    assert_int_equal(gl_evidence_look(in("none"), END_OF_13, &s), 0);
    assert_true(s.folders == 0);
}

static void what_no_gateway_made_is_strange(void **state) {
    (void)state;
    static const char *const names[] = {
        "ab", "2026-12-23", "2026-13-23T13", "2026-12-23T24", "2026-12-23T1x", "2026-12-23 13", "2026-12-23T130"};
    struct gl_evidence_state s;
    for (size_t i = 0; i < GL_COUNT(names); i++) folder(names[i], 0);
    assert_int_equal(gl_evidence_look(root, INT64_C(9000000000000), &s), 0);
    assert_true(s.folders == 0 && s.n_due == 0);
    assert_int_equal(s.strange, GL_COUNT(names));
    for (size_t i = 0; i < GL_COUNT(names); i++) assert_int_equal(gl_evidence_remove(root, names[i], 10), -EINVAL);
    assert_int_equal(gl_evidence_remove(root, "../../2026-12", 10), -EINVAL);
}

static void more_than_can_be_named_is_counted(void **state) {
    (void)state;
    struct gl_evidence_state s;
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "2026-12-22T%02d", i);
        folder(name, 0);
    }
    assert_int_equal(gl_evidence_look(root, END_OF_13, &s), 0);
    assert_int_equal(s.n_due, 20);
    assert_int_equal(s.n, GL_PURGE_EVIDENCE);
}

static void removed_in_steps(void **state) {
    (void)state;
    folder("2026-12-23T13", 25);
    assert_int_equal(gl_evidence_remove(root, "2026-12-23T13", 10), 1);
    assert_int_equal(gl_evidence_remove(root, "2026-12-23T13", 10), 1);
    assert_int_equal(gl_evidence_remove(root, "2026-12-23T13", 10), 0);
    assert_int_equal(access(in("2026-12-23T13"), F_OK), -1);
    assert_int_equal(gl_evidence_remove(root, "2026-12-23T13", 10), 0); /* gone already */
}

/* A device that was taken over must not turn the purge against anything else. */
static void nothing_is_followed(void **state) {
    (void)state;
    folder("keep", 1);
    assert_int_equal(symlink("keep", in("2026-12-23T12")), 0);
    assert_true(gl_evidence_remove(root, "2026-12-23T12", 10) < 0);
    folder("2026-12-23T13", 0);
    assert_int_equal(symlink("../keep/0.jpg", in("2026-12-23T13/x.jpg")), 0);
    assert_int_equal(gl_evidence_remove(root, "2026-12-23T13", 10), 0); /* the link itself goes */
    assert_int_equal(access(in("keep/0.jpg"), F_OK), 0);
    folder("2026-12-23T13", 0);
    folder("2026-12-23T13/within", 1);
    assert_int_equal(gl_evidence_remove(root, "2026-12-23T13", 10), -EUCLEAN);
    assert_int_equal(access(in("2026-12-23T13/within/0.jpg"), F_OK), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_root, drop_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(an_hour_is_over_at_its_end),
        T(what_no_gateway_made_is_strange),
        T(more_than_can_be_named_is_counted),
        T(removed_in_steps),
        T(nothing_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
