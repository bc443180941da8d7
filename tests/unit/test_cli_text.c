/* Text for people: what devices and documents sent must not steer a terminal; times are the post's; columns line up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static void clean_is(const char *src, const char *want) {
    char out[64];
    gl_cli_clean(out, sizeof out, src);
    assert_string_equal(out, want);
}

static void controls_are_shown_as_question_marks(void **state GL_UNUSED) {
    clean_is("NC15REG", "NC15REG");
    clean_is("S\303\226 123", "S\303\226 123");
    clean_is("\346\270\257 1", "\346\270\257 1");
    clean_is("a\033[2Jb", "a?[2Jb");
    clean_is("a\nb\tc\177", "a?b?c?");
    clean_is("a\302\23331mb", "a?31mb"); /* CSI as one character */
    clean_is("a\u202eb", "a?b");         /* right to left from here */
    clean_is("a\u2066b\ufeff", "a?b?");  /* an isolate; a byte order mark */
    clean_is("\377\303 x", "?? x");      /* not UTF-8 */
    clean_is("x\346\270", "x??");        /* cut in the middle */
    clean_is("", "");
}

static void what_does_not_fit_is_cut_between_characters(void **state GL_UNUSED) {
    char out[5];
    gl_cli_clean(out, sizeof out, "abc\303\226");
    assert_string_equal(out, "abc");
    assert_int_equal(gl_cli_width("\303\22612"), 3);
}

static void times_are_local(void **state GL_UNUSED) {
    char text[GL_TIME_TEXT];
    int64_t wall;
    assert_int_equal(gl_time_parse("2026-11-23T11:16:57.123Z", &wall), 0);
    assert_string_equal(gl_cli_zone("UTC"), "UTC");
    gl_cli_time(wall, text);
    assert_string_equal(text, "2026-11-23 11:16:57");
    gl_cli_clock(wall, text);
    assert_string_equal(text, "11:16:57");
    gl_cli_time(0, text);
    assert_string_equal(text, "-");
    if (strcmp(gl_cli_zone("Europe/Tallinn"), "UTC") != 0) { /* a machine may be without the data */
        gl_cli_time(wall, text);
        assert_string_equal(text, "2026-11-23 13:16:57");
    }
    assert_string_equal(gl_cli_zone("No/Such"), "UTC");
    assert_string_equal(gl_cli_zone("../../etc/passwd"), "UTC");
    gl_cli_clock(wall, text);
    assert_string_equal(text, "11:16:57");
}

static void columns_line_up(void **state GL_UNUSED) {
    struct gl_cli_table t = {.n_columns = 3};
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);
    assert_non_null(f);
    gl_cli_row(&t, (const char *const[]){"a", "plate", "end"});
    gl_cli_row(&t, (const char *const[]){"", "S\303\2261", "x\033y"});
    gl_cli_row(&t, (const char *const[]){"long", NULL, ""});
    gl_cli_table_print(&t, f);
    fclose(f);
    assert_string_equal(out, "a     plate  end\n-     S\303\2261    x?y\nlong  -      -\n");
    free(out);
    gl_cli_table_free(&t);
}

static void a_table_has_an_end(void **state GL_UNUSED) {
    struct gl_cli_table t = {.n_columns = 1};
    for (int i = 0; i < GL_CLI_ROWS + 10; i++) gl_cli_row(&t, (const char *const[]){"x"});
    assert_int_equal(t.n_rows, GL_CLI_ROWS);
    gl_cli_table_free(&t);
}

static int parse(int argc, char **argv, const char **config, bool *json, int *status) {
    const struct gl_cli_command self = {.name = "test", .help = ""};
    const struct gl_cli_option options[] = {{"config", config, NULL}, {"json", NULL, json}};
    return gl_cli_parse(&self, argc, argv, options, 2, 0, 2, status);
}

static void options_stand_anywhere(void **state GL_UNUSED) {
    const char *config = NULL;
    bool json = false;
    int status = -1;
    char *argv[] = {"test", "one", "--config=f", "--json", "--", "--two"};
    assert_int_equal(parse(6, argv, &config, &json, &status), 2);
    assert_string_equal(config, "f");
    assert_true(json);
    assert_string_equal(argv[0], "one");
    assert_string_equal(argv[1], "--two");
}

static void wrong_options_are_refused(void **state GL_UNUSED) {
    char *const wrong[][4] = {
        {"test", "--nothing"}, {"test", "--config"}, {"test", "--json=yes"}, {"test", "-x"}, {"test", "a", "b", "c"}};
    const int counts[] = {2, 2, 2, 2, 4};
    for (size_t i = 0; i < GL_COUNT(wrong); i++) {
        const char *config = NULL;
        bool json = false;
        int status = -1;
        char *argv[4];
        memcpy(argv, wrong[i], sizeof argv);
        assert_int_equal(parse(counts[i], argv, &config, &json, &status), -1);
        assert_int_equal(status, GL_CLI_USAGE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_are_shown_as_question_marks),
        cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
        cmocka_unit_test(times_are_local),
        cmocka_unit_test(columns_line_up),
        cmocka_unit_test(a_table_has_an_end),
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(wrong_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
