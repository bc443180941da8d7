/* Frames from the reader of a file: a reader that was taken over can say no more than a file could. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/import_reader.h"

enum { HEAD = 5 };

static struct gl_reader_news *news(void) {
    struct gl_reader_news *n = calloc(1, sizeof *n);
    assert_non_null(n);
    return n;
}

static void fill_movement(struct gl_feed_record *r) {
    static const char text[] =
        "{\"collection\":\"movements\",\"epoch\":\"e\",\"seq\":1,\"op\":\"upsert\",\"as_of\":\"2026-11-23T11:00:00Z\","
        "\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRA12345678\"},\"version\":1,\"kind\":\"empty\",\"state\":\"ready\","
        "\"means\":[{\"role\":\"vehicle\",\"plate\":\"NC15REG\"}]}}";
    struct gl_error err;
    json_t *json = json_loads(text, 0, NULL);
    assert_int_equal(gl_feed_record_from_json(json, r, &err), 0);
    json_decref(json);
}

static int again(const struct gl_reader_news *n, struct gl_reader_news *ret) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(GL_READER_FRAME);
    gl_frame_pack(n, &b);
    assert_false(b.failed);
    return gl_frame_unpack((uint8_t)b.data[0], b.data + HEAD, b.len - HEAD, ret);
}

static void frames_come_back_as_they_went(void **state GL_UNUSED) {
    struct gl_reader_news *a = news(), *b = news();
    a->kind = GL_FRAME_RECORD;
    fill_movement(&a->record);
    assert_int_equal(again(a, b), 0);
    assert_string_equal(b->record.body.movement.means[0].plate, "NC15REG");
    a->kind = GL_FRAME_BAD;
    gl_clip(a->where, sizeof a->where, "line 12");
    gl_clip(a->reason, sizeof a->reason, "no");
    assert_int_equal(again(a, b), 0);
    assert_string_equal(b->where, "line 12");
    assert_string_equal(b->reason, "no");
    a->kind = GL_FRAME_NOTE;
    assert_int_equal(again(a, b), 0);
    assert_int_equal(b->kind, GL_FRAME_NOTE);
    assert_string_equal(b->reason, "no");
    a->kind = GL_FRAME_END;
    a->result = -EINVAL;
    assert_int_equal(again(a, b), 0);
    assert_int_equal(b->result, -EINVAL);
    free(a);
    free(b);
}

static void what_no_file_can_say_is_refused(void **state GL_UNUSED) {
    struct gl_reader_news *a = news(), *b = news();
    a->kind = GL_FRAME_RECORD;
    fill_movement(&a->record);
    a->record.body.movement.n_means = 1;
    gl_clip(a->record.body.movement.means[0].plate, GL_IDENTITY, "???"); /* would have been refused by the normaliser */
    assert_int_equal(again(a, b), -EBADMSG);
    fill_movement(&a->record);
    a->record.op = GL_OP_HEARTBEAT;
    assert_int_equal(again(a, b), -EBADMSG);
    free(a);
    free(b);
}

static void broken_frames_are_refused(void **state GL_UNUSED) {
    struct gl_reader_news *a = news(), *b = news();
    GL_CLEANUP(gl_buf_free) struct gl_buf f = GL_BUF(GL_READER_FRAME);
    a->kind = GL_FRAME_RECORD;
    fill_movement(&a->record);
    gl_frame_pack(a, &f);
    for (size_t n = 0; n < f.len - HEAD; n++) assert_int_equal(gl_frame_unpack(GL_FRAME_RECORD, f.data + HEAD, n, b), -EBADMSG);
    gl_buf_char(&f, 'x');
    assert_int_equal(gl_frame_unpack(GL_FRAME_RECORD, f.data + HEAD, f.len - HEAD, b), -EBADMSG);
    assert_int_equal(gl_frame_unpack(0, "", 0, b), -EBADMSG);
    assert_int_equal(gl_frame_unpack(9, "", 0, b), -EBADMSG);
    assert_int_equal(gl_frame_unpack(GL_FRAME_BAD, "\0\1\xFF\0\0", 5, b), -EBADMSG); /* not UTF-8 */
    free(a);
    free(b);
}

/* Writes bytes into a pipe and reads a frame from it. */
static int from_pipe(const char *bytes, size_t len, struct gl_reader_news *ret) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, len), (ssize_t)len);
    close(ends[1]);
    int rc = gl_reader_next(ends[0], ret);
    close(ends[0]);
    return rc;
}

static void a_pipe_that_ends_early(void **state GL_UNUSED) {
    struct gl_reader_news *b = news();
    assert_int_equal(from_pipe("", 0, b), 0);
    assert_int_equal(from_pipe("\1\0\0", 3, b), 0);
    assert_int_equal(from_pipe("\2\0\0\0\4\0\0", 7, b), 0);
    assert_int_equal(from_pipe("\2\0\0\0\4\0\0\0\0", 9, b), 1);
    assert_int_equal(from_pipe("\2\xFF\xFF\xFF\xFF", 5, b), -EBADMSG); /* longer than any frame */
    free(b);
}

/* The child itself, on a file of its own. */
static void start_on(const char *text, const struct gl_import_options *options, pid_t *ret_pid, int *ret_fd) {
    struct gl_error err;
    FILE *f = tmpfile();
    assert_non_null(f);
    fputs(text, f);
    rewind(f);
    assert_int_equal(gl_reader_start(dup(fileno(f)), options, ret_pid, ret_fd, &err), 0);
    fclose(f);
}

static void next_is(int fd, enum gl_frame kind, struct gl_reader_news *b) {
    assert_int_equal(gl_reader_next(fd, b), 1);
    if (b->kind != kind) fail_msg("frame %d, not %d: %s: %s", b->kind, kind, b->where, b->reason);
}

static void ends_well(int fd, pid_t pid, int64_t result, struct gl_reader_news *b) {
    int status = -1;
    next_is(fd, GL_FRAME_END, b);
    assert_int_equal(b->result, result);
    assert_int_equal(gl_reader_next(fd, b), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(fd);
}

static void a_file_is_read_by_a_child(void **state GL_UNUSED) {
    static const char text[] =
        "{\"collection\":\"movements\",\"body\":{\"ref\":{\"type\":\"gmr\",\"value\":\"GMRA12345678\"},\"version\":1,"
        "\"kind\":\"empty\",\"state\":\"ready\",\"means\":[{\"role\":\"vehicle\",\"plate\":\"NC15REG\"}]}}\nnonsense\n";
    struct gl_reader_news *b = news();
    pid_t pid;
    int fd;
    start_on(text, NULL, &pid, &fd);
    next_is(fd, GL_FRAME_RECORD, b);
    assert_string_equal(b->record.body.movement.ref.value, "GMRA12345678");
    next_is(fd, GL_FRAME_BAD, b);
    assert_string_equal(b->where, "line 2");
    ends_well(fd, pid, 1, b);
    free(b);
}

static void notes_go_to_the_parent(void **state GL_UNUSED) {
    struct gl_reader_news *b = news();
    pid_t pid;
    int fd;
    start_on("<CC014C/>", NULL, &pid, &fd);
    next_is(fd, GL_FRAME_NOTE, b);
    assert_string_equal(b->where, "/CC014C");
    ends_well(fd, pid, 0, b);
    free(b);
}

/* Local times, by a child that cannot open the data of time zones any more. */
static void the_zone_is_known_to_the_child(void **state GL_UNUSED) {
    static const char text[] =
        "[{\"gmrId\":\"GMRA00000001\",\"updatedDateTime\":\"2026-07-15T10:00:00Z\",\"isUnaccompanied\":false,\"vehicleRegNum\":"
        "\"NC15 REG\","
        "\"checkedInCrossing\":{\"routeId\":\"1\",\"localDateTimeOfArrival\":\"2026-07-15T12:00\"}}]";
    struct gl_import_options options = {.zone = "Europe/London"};
    struct gl_reader_news *b = news();
    pid_t pid;
    int fd;
    if (strcmp(gl_cli_zone(options.zone), options.zone) != 0) skip(); /* a machine without the data of time zones */
    start_on(text, &options, &pid, &fd);
    next_is(fd, GL_FRAME_RECORD, b);
    assert_int_equal(b->record.body.movement.eta, INT64_C(1784113200000));
    ends_well(fd, pid, 0, b);
    start_on(text, NULL, &pid, &fd);
    next_is(fd, GL_FRAME_BAD, b);
    assert_non_null(strstr(b->reason, "zone"));
    ends_well(fd, pid, 1, b);
    free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_as_they_went),  cmocka_unit_test(what_no_file_can_say_is_refused),
        cmocka_unit_test(broken_frames_are_refused),      cmocka_unit_test(a_pipe_that_ends_early),
        cmocka_unit_test(a_file_is_read_by_a_child),      cmocka_unit_test(notes_go_to_the_parent),
        cmocka_unit_test(the_zone_is_known_to_the_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
