/* The kernel's chips, with the library beneath replaced: each failure that libgpiod can report, and what becomes of it. That the real library
 * and a real kernel behave as assumed here is a matter for tests on a machine with gpio-sim. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "../../plugins/gpio/chip_gpiod.c"

struct gpiod_line {
    unsigned offset;
    bool requested, events, output, active_low;
    int value;
};

/* What the library would hold; the next call named by `fails` returns -1 with `code`. */
static struct library {
    const char *fails;
    int code;
    char opened[64], user[16];
    bool by_path, closed;
    int pipe[2];
    struct gpiod_line lines[64];
} lib;

static bool failing(const char *call) {
    if (!lib.fails || strcmp(lib.fails, call) != 0) return false;
    errno = lib.code;
    return true;
}

static struct gpiod_chip *open_any(const char *name, bool by_path) {
    if (failing("open")) return NULL;
    gl_format(lib.opened, sizeof(lib.opened), "%s", name);
    lib.by_path = by_path;
    return (struct gpiod_chip *)(void *)&lib;
}

struct gpiod_chip *gpiod_chip_open(const char *path) {
    return open_any(path, true);
}
struct gpiod_chip *gpiod_chip_open_by_name(const char *name) {
    return open_any(name, false);
}
void gpiod_chip_close(struct gpiod_chip *chip) {
    assert_ptr_equal(chip, &lib);
    lib.closed = true;
}
unsigned int gpiod_chip_num_lines(struct gpiod_chip *chip) {
    (void)chip;
    return 54;
}
struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset) {
    (void)chip;
    lib.lines[offset].offset = offset;
    return failing("get_line") ? NULL : &lib.lines[offset];
}
int gpiod_line_update(struct gpiod_line *line) {
    (void)line;
    return 0;
}
const char *gpiod_line_consumer(struct gpiod_line *line) {
    (void)line;
    return *lib.user ? lib.user : NULL;
}
int gpiod_line_request_both_edges_events_flags(struct gpiod_line *line, const char *who, int flags) {
    if (failing("request")) return -1;
    assert_string_equal(who, "greenlane");
    line->requested = line->events = true;
    line->active_low = flags & GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
    return 0;
}
int gpiod_line_request(struct gpiod_line *line, const struct gpiod_line_request_config *config, int value) {
    (void)value;
    if (failing("request")) return -1;
    assert_int_equal(config->request_type, GPIOD_LINE_REQUEST_DIRECTION_AS_IS);
    line->requested = true;
    line->active_low = config->flags & GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
    return 0;
}
void gpiod_line_release(struct gpiod_line *line) {
    line->requested = false;
}
int gpiod_line_get_value(struct gpiod_line *line) {
    return failing("get") ? -1 : line->value;
}
int gpiod_line_set_direction_output(struct gpiod_line *line, int value) {
    if (failing("set")) return -1;
    assert_true(line->requested && !line->events && !line->output);
    line->output = true;
    line->value = value;
    return 0;
}
int gpiod_line_set_value(struct gpiod_line *line, int value) {
    if (failing("set")) return -1;
    assert_true(line->output); /* the kernel refuses it otherwise */
    line->value = value;
    return 0;
}
int gpiod_line_event_get_fd(struct gpiod_line *line) {
    assert_true(line->events);
    return failing("event_fd") ? -1 : lib.pipe[0];
}
int gpiod_line_event_read_fd(int fd, struct gpiod_line_event *event) {
    char edge;
    if (failing("event")) return -1;
    if (read(fd, &edge, 1) != 1) return -1;
    event->event_type = edge == '1' ? GPIOD_LINE_EVENT_RISING_EDGE : GPIOD_LINE_EVENT_FALLING_EDGE;
    return 0;
}

static struct gl_error err;

static int opened(void **state) {
    memset(&lib, 0, sizeof(lib));
    memset(&err, 0, sizeof(err));
    return pipe(lib.pipe) < 0 || kernel_open("gpiochip0", state, &err) < 0 ? -1 : 0;
}

static int closed(void **state) {
    kernel_close(*state);
    close(lib.pipe[0]);
    close(lib.pipe[1]);
    return lib.closed ? 0 : -1;
}

static void fail_next(const char *call, int code) {
    lib.fails = call;
    lib.code = code;
}

static void a_chip_is_opened_by_name_or_path(void **state) {
    void *chip;
    (void)state;
    assert_string_equal(lib.opened, "gpiochip0");
    assert_false(lib.by_path);
    assert_int_equal(kernel_open("/dev/lane1", &chip, &err), 0);
    assert_true(lib.by_path);
    kernel_close(chip);
    fail_next("open", EACCES);
    assert_int_equal(kernel_open("gpiochip0", &chip, &err), -EACCES);
    assert_non_null(strstr(err.text, "Permission denied"));
    fail_next("open", 0);
    assert_int_equal(kernel_open("gpiochip0", &chip, &err), -ENODEV);
}

static void an_output_is_claimed_untouched_and_driven_by_the_first_set(void **state) {
    bool level = false;
    lib.lines[10].value = 1;
    assert_int_equal(kernel_claim_output(*state, 10, true, &level, &err), 0);
    assert_true(level && lib.lines[10].active_low);
    assert_false(lib.lines[10].output);
    assert_int_equal(kernel_set(*state, 10, true, &err), 0);
    assert_true(lib.lines[10].output);
    assert_int_equal(kernel_set(*state, 10, false, &err), 0);
    assert_int_equal(lib.lines[10].value, 0);
}

static void a_first_set_that_failed_is_done_anew(void **state) {
    bool level;
    assert_int_equal(kernel_claim_output(*state, 10, false, &level, &err), 0);
    fail_next("set", EIO);
    assert_int_equal(kernel_set(*state, 10, true, &err), -EIO);
    assert_non_null(strstr(err.text, "line 10: cannot be set"));
    lib.fails = NULL;
    assert_int_equal(kernel_set(*state, 10, true, &err), 0);
    assert_true(lib.lines[10].output);
}

static void edges_come_one_by_one_and_end_without_blocking(void **state) {
    struct gl_chip_event e;
    bool level;
    int fd = -1;
    assert_int_equal(kernel_claim_input(*state, 4, false, &level, &err), 0);
    assert_int_equal(kernel_fds(*state, &fd, 1), 1);
    assert_int_equal(kernel_event(*state, fd, &e, &err), 0);
    assert_int_equal(write(lib.pipe[1], "10", 2), 2);
    assert_int_equal(kernel_event(*state, fd, &e, &err), 1);
    assert_true(e.offset == 4 && e.level);
    assert_int_equal(kernel_event(*state, fd, &e, &err), 1);
    assert_false(e.level);
    assert_int_equal(kernel_event(*state, fd, &e, &err), 0);
    fail_next("event", ENODEV);
    assert_int_equal(kernel_event(*state, fd, &e, &err), -ENODEV);
    assert_int_equal(kernel_event(*state, fd + 100, &e, &err), 0);
}

static void a_busy_line_names_its_user(void **state) {
    bool level;
    gl_format(lib.user, sizeof(lib.user), "gpioset");
    fail_next("request", EBUSY);
    assert_int_equal(kernel_claim_output(*state, 8, false, &level, &err), -EBUSY);
    assert_non_null(strstr(err.text, "line 8 is in use by \"gpioset\""));
    lib.user[0] = '\0';
    errno = 0;
    assert_int_equal(kernel_claim_input(*state, 8, false, &level, &err), -EBUSY);
    assert_non_null(strstr(err.text, "line 8"));
}

static void what_cannot_be_read_or_watched_is_given_back(void **state) {
    bool level;
    fail_next("get", ENODEV);
    assert_int_equal(kernel_claim_input(*state, 4, false, &level, &err), -ENODEV);
    assert_false(lib.lines[4].requested);
    assert_int_equal(kernel_claim_output(*state, 8, false, &level, &err), -ENODEV);
    assert_false(lib.lines[8].requested);
    fail_next("event_fd", EIO);
    assert_int_equal(kernel_claim_input(*state, 4, false, &level, &err), -EIO);
    assert_false(lib.lines[4].requested);
    fail_next("get_line", ENOENT);
    assert_int_equal(kernel_claim_input(*state, 4, false, &level, &err), -ENOENT);
    lib.fails = NULL;
    assert_int_equal(kernel_get(*state, 4, &level, &err), -EINVAL);
    assert_int_equal(kernel_claim_input(*state, 4, false, &level, &err), 0);
}

static void the_number_of_lines_is_bounded(void **state) {
    bool level;
    assert_int_equal(kernel_claim_output(*state, 54, false, &level, &err), -EINVAL);
    assert_non_null(strstr(err.text, "lines 0 to 53"));
    for (unsigned i = 0; i < GL_CHIP_CLAIMS; i++) assert_int_equal(kernel_claim_output(*state, i, false, &level, &err), 0);
    assert_int_equal(kernel_claim_output(*state, GL_CHIP_CLAIMS, false, &level, &err), -ENOSPC);
    assert_int_equal(kernel_set(*state, 50, true, &err), -EINVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, opened, closed)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_chip_is_opened_by_name_or_path),     T(an_output_is_claimed_untouched_and_driven_by_the_first_set),
        T(a_first_set_that_failed_is_done_anew), T(edges_come_one_by_one_and_end_without_blocking),
        T(a_busy_line_names_its_user),           T(what_cannot_be_read_or_watched_is_given_back),
        T(the_number_of_lines_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
