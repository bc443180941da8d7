/* Alarms of a lane that no passage tells of: what stands when the gateway stops is known when it starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "journal_file.h"

static void alarm_of(struct gl_journal *j, const char *lane, const char *kind, const char *id, const char *action,
                     const char *passage, int64_t at) {
    struct gl_alarm a;
    gl_fields_clear(&gl_alarm_fields, &a);
    gl_clip(a.lane, sizeof a.lane, lane);
    gl_clip(a.kind, sizeof a.kind, kind);
    gl_clip(a.alarm, sizeof a.alarm, id);
    gl_clip(a.action, sizeof a.action, action);
    gl_clip(a.passage, sizeof a.passage, passage);
    assert_int_equal(gl_journal_alarm(j, &a, at, NULL), 0);
}

static int tell(void *user, const struct gl_standing *s) {
    gl_buf_printf(user, "%s %s %s %lld; ", s->lane, s->kind, s->alarm, (long long)s->at);
    return 0;
}

static void stands(struct gl_journal *j, const char *want) {
    GL_CLEANUP(gl_buf_free) struct gl_buf list = GL_BUF(4096);
    gl_buf_text(&list, "");
    assert_int_equal(gl_journal_standing(j, tell, &list, NULL), 0);
    assert_string_equal(list.data ? list.data : "", want);
}

static void what_stands(void **state) {
    (void)state;
    struct gl_journal *j = open_again(NULL);
    stands(j, "");
    alarm_of(j, "in-1", "gamma", "a1", "raise", "", 1000);
    alarm_of(j, "in-1", "gamma", "a2", "raise", "p1", 2000); /* its passage tells of it */
    alarm_of(j, "in-1", "tamper", "a3", "raise", "", 3000);
    alarm_of(j, "in-2", "portal_fault", "a4", "raise", "", 4000);
    j = open_again(j);
    stands(j, "in-1 gamma a1 1000; in-1 tamper a3 3000; in-2 portal_fault a4 4000; ");
    alarm_of(j, "in-1", "gamma", "a5", "raise", "", 5000);  /* the newest of its kind */
    alarm_of(j, "in-1", "", "a3", "acknowledge", "", 5000); /* seen, and open still */
    alarm_of(j, "in-2", "portal_fault", "a4", "clear", "", 5000);
    alarm_of(j, "in-2", "", "a5", "acknowledge", "", 5000); /* another lane's */
    j = open_again(j);
    stands(j, "in-1 gamma a5 5000; in-1 tamper a3 3000; ");
    alarm_of(j, "in-1", "", "a5", "acknowledge", "", 6000);
    alarm_of(j, "in-1", "tamper", "a3", "clear", "", 6000);
    j = open_again(j);
    stands(j, "");
    gl_journal_close(j);
}

/* An acknowledgement knows no kind, and what is cleared when it is over stands until then. */
static void of_the_post(void **state) {
    (void)state;
    struct gl_journal *j = open_again(NULL);
    alarm_of(j, "", "disk_low", "a1", "raise", "", 1000);
    alarm_of(j, "", "feed_refused", "a2", "raise", "", 2000);
    alarm_of(j, "in-1", "feed_refused", "a2", "raise", "", 2000);
    alarm_of(j, "in-1", "exit_stuck", "a3", "raise", "", 3000);
    const char *const seen[] = {"a1", "a2", "a3"};
    for (size_t i = 0; i < GL_COUNT(seen); i++) alarm_of(j, "", "", seen[i], "acknowledge", "", 4000);
    alarm_of(j, "in-1", "", "a3", "acknowledge", "", 4000);
    j = open_again(j);
    stands(j, " disk_low a1 1000; in-1 exit_stuck a3 3000; in-1 feed_refused a2 2000; ");
    alarm_of(j, "", "disk_low", "a1", "clear", "", 5000);
    alarm_of(j, "in-1", "exit_stuck", "a3", "clear", "", 5000);
    alarm_of(j, "in-1", "", "a2", "acknowledge", "", 5000);
    j = open_again(j);
    stands(j, "");
    gl_journal_close(j);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(what_stands, make_dir, drop_dir),
                                       cmocka_unit_test_setup_teardown(of_the_post, make_dir, drop_dir)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
