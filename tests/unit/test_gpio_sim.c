/* The client side of the simulated chip against a simulator that the test plays itself: answers, edges, and all that can go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../plugins/gpio/chip_sim.c"

struct bench {
    char folder[32], path[64];
    int listener, peer;
    void *chip;
};

static int opened(void **state) {
    struct bench *b = calloc(1, sizeof(*b));
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct gl_error err = {""};
    gl_format(b->folder, sizeof(b->folder), "/tmp/greenlane-test-XXXXXX");
    if (!mkdtemp(b->folder)) return -1;
    gl_format(b->path, sizeof(b->path), "%s/chip", b->folder);
    if (gl_copy(at.sun_path, sizeof(at.sun_path), b->path) < 0) return -1;
    b->listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (bind(b->listener, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(b->listener, 1) < 0) return -1;
    if (sim_open(b->path, &b->chip, &err) < 0) return -1;
    b->peer = accept(b->listener, NULL, NULL);
    *state = b;
    return b->peer < 0 ? -1 : 0;
}

static int closed(void **state) {
    struct bench *b = *state;
    sim_close(b->chip);
    if (b->peer >= 0) close(b->peer);
    close(b->listener);
    unlink(b->path);
    rmdir(b->folder);
    free(b);
    return 0;
}

static void say(struct bench *b, uint8_t type, uint8_t line, uint8_t level, int32_t status) {
    struct gl_wire_message m = {GL_WIRE_VERSION, type, line, level, status};
    assert_int_equal(send(b->peer, &m, sizeof(m), 0), sizeof(m));
}

static struct gl_wire_message heard(struct bench *b) {
    struct gl_wire_message m;
    assert_int_equal(recv(b->peer, &m, sizeof(m), MSG_DONTWAIT), sizeof(m));
    assert_int_equal(m.version, GL_WIRE_VERSION);
    return m;
}

/* The answer is laid ready before the question comes: one thread plays both ends. */
static int take(struct bench *b, bool input, uint8_t line, bool active_low, uint8_t level, int32_t status, bool *ret,
                struct gl_error *err) {
    say(b, GL_WIRE_CLAIMED, line, level, status);
    int r = input ? sim_claim_input(b->chip, line, active_low, ret, err) : sim_claim_output(b->chip, line, active_low, ret, err);
    assert_int_equal(heard(b).type, input ? GL_WIRE_CLAIM_INPUT : GL_WIRE_CLAIM_OUTPUT);
    return r;
}

static void lines_are_claimed_and_set(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    bool level = true;
    assert_int_equal(take(b, false, 8, false, 0, 0, &level, &err), 0);
    assert_false(level);
    assert_int_equal(sim_set(b->chip, 8, true, &err), 0);
    struct gl_wire_message m = heard(b);
    assert_int_equal(m.type, GL_WIRE_SET);
    assert_int_equal(m.line, 8);
    assert_int_equal(m.level, 1);
}

static void active_low_is_turned_round(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    struct gl_chip_event e;
    bool level = true;
    assert_int_equal(take(b, true, 4, true, 1, 0, &level, &err), 0);
    assert_false(level);
    say(b, GL_WIRE_EDGE, 4, 0, 0);
    assert_int_equal(sim_event(b->chip, ((struct sim_chip *)b->chip)->fd, &e, &err), 1);
    assert_int_equal(e.offset, 4);
    assert_true(e.level);
    assert_int_equal(take(b, false, 9, true, 1, 0, &level, &err), 0);
    assert_int_equal(sim_set(b->chip, 9, true, &err), 0);
    assert_int_equal(heard(b).level, 0);
}

static void an_edge_that_crosses_a_claim_is_not_forgotten(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    bool level = true;
    assert_int_equal(take(b, true, 4, false, 0, 0, &level, &err), 0);
    say(b, GL_WIRE_EDGE, 4, 1, 0);
    assert_int_equal(take(b, true, 5, false, 0, 0, &level, &err), 0);
    assert_int_equal(sim_get(b->chip, 4, &level, &err), 0);
    assert_true(level);
}

static void a_busy_line_is_named(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    bool level;
    assert_int_equal(take(b, false, 8, false, 0, EBUSY, &level, &err), -EBUSY);
    assert_non_null(strstr(err.text, "line 8 is in use"));
    assert_int_equal(sim_set(b->chip, 8, true, &err), -EINVAL);
}

static void lines_that_do_not_exist_are_refused(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    bool level;
    assert_int_equal(sim_claim_input(b->chip, 64, false, &level, &err), -EINVAL);
    assert_int_equal(sim_claim_output(b->chip, UINT32_MAX, false, &level, &err), -EINVAL);
    assert_int_equal(sim_get(b->chip, 4000000000u, &level, &err), -EINVAL);
    assert_int_equal(sim_set(b->chip, 3, true, &err), -EINVAL);
}

static void no_answer_is_an_error(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    bool level;
    assert_int_equal(sim_claim_input(b->chip, 4, false, &level, &err), -ETIMEDOUT);
}

static void a_simulator_that_went_away_is_a_lost_chip(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    struct gl_chip_event e;
    bool level;
    assert_int_equal(take(b, false, 8, false, 0, 0, &level, &err), 0);
    assert_int_equal(sim_event(b->chip, ((struct sim_chip *)b->chip)->fd, &e, &err), 0);
    close(b->peer);
    b->peer = -1;
    assert_int_equal(sim_event(b->chip, ((struct sim_chip *)b->chip)->fd, &e, &err), -ECONNRESET);
    assert_true(sim_set(b->chip, 8, true, &err) < 0);
    assert_non_null(strstr(err.text, "line 8"));
}

static void a_simulator_that_takes_nothing_does_not_hold_us_up(void **state) {
    struct bench *b = *state;
    struct gl_error err = {""};
    bool level;
    int r = take(b, false, 8, false, 0, 0, &level, &err);
    for (int i = 0; r == 0 && i < 100000; i++) r = sim_set(b->chip, 8, i % 2, &err);
    assert_int_equal(r, -EAGAIN);
}

static void nonsense_is_refused(void **state) {
    struct bench *b = *state;
    int fd = ((struct sim_chip *)b->chip)->fd;
    struct gl_error err = {""};
    struct gl_chip_event e;
    static const struct gl_wire_message bad[] = {
        {GL_WIRE_VERSION + 1, GL_WIRE_EDGE, 4, 1, 0}, {GL_WIRE_VERSION, GL_WIRE_EDGE, 64, 1, 0},
        {GL_WIRE_VERSION, GL_WIRE_EDGE, 4, 2, 0},     {GL_WIRE_VERSION, GL_WIRE_EDGE, 4, 1, 0} /* never claimed */,
        {GL_WIRE_VERSION, GL_WIRE_SET, 4, 1, 0},      {GL_WIRE_VERSION, 99, 4, 1, 0}};
    for (size_t i = 0; i < GL_COUNT(bad); i++) {
        assert_int_equal(send(b->peer, &bad[i], sizeof(bad[i]), 0), sizeof(bad[i]));
        assert_int_equal(sim_event(b->chip, fd, &e, &err), -EPROTO);
    }
    assert_int_equal(send(b->peer, bad, 7, 0), 7);
    assert_int_equal(sim_event(b->chip, fd, &e, &err), -EPROTO);
    assert_int_equal(send(b->peer, bad, sizeof(bad), 0), sizeof(bad));
    assert_int_equal(sim_event(b->chip, fd, &e, &err), -EPROTO);
}

static void a_path_without_simulator_is_explained(void **state) {
    (void)state;
    struct gl_error err = {""};
    void *chip = NULL;
    char long_path[200];
    memset(long_path, 'x', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(sim_open("/nonexistent/chip", &chip, &err), -ENOENT);
    assert_non_null(strstr(err.text, "greenlane-sim-chip --socket /nonexistent/chip"));
    assert_int_equal(sim_open("", &chip, &err), -EINVAL);
    assert_int_equal(sim_open(long_path, &chip, &err), -EINVAL);
    assert_null(chip);
}

#define T(f) cmocka_unit_test_setup_teardown(f, opened, closed)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(lines_are_claimed_and_set),
        T(active_low_is_turned_round),
        T(an_edge_that_crosses_a_claim_is_not_forgotten),
        T(a_busy_line_is_named),
        T(lines_that_do_not_exist_are_refused),
        T(no_answer_is_an_error),
        T(a_simulator_that_went_away_is_a_lost_chip),
        T(a_simulator_that_takes_nothing_does_not_hold_us_up),
        T(nonsense_is_refused),
        cmocka_unit_test(a_path_without_simulator_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
