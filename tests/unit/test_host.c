/* The device process' parts that can be tried alone: its state, its delays, its sandbox. Transports: tests/integration/test_device.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/carrier.h"
#include "host/health.h"
#include "sandbox/sandbox.h"

static const struct gl_now t0 = {1000000, 5000};

static struct gl_now after(int64_t ms) {
    return (struct gl_now){t0.wall + ms, t0.mono + ms};
}

static void expect(struct gl_health *h, struct gl_now now, bool changed, enum gl_device_state state, const char *reason) {
    assert_int_equal(gl_health_update(h, now), changed);
    assert_int_equal(h->status.state, state);
    assert_string_equal(h->status.reason, reason);
}

static void online_only_while_the_transport_stands(void **state GL_UNUSED) {
    struct gl_health h;
    gl_health_init(&h, "in-1.front", "in-1", "starting", t0);
    expect(&h, t0, false, GL_DEVICE_OFFLINE, "starting");
    gl_health_standing(&h, "no connection to 10.0.1.11:80: connection refused");
    expect(&h, after(10), true, GL_DEVICE_OFFLINE, "no connection to 10.0.1.11:80: connection refused");
    assert_int_equal(h.status.since, t0.wall); /* offline all the while */
    gl_health_standing(&h, NULL);
    expect(&h, after(20), true, GL_DEVICE_ONLINE, "");
    assert_int_equal(h.status.since, t0.wall + 20);
    expect(&h, after(30), false, GL_DEVICE_ONLINE, "");
    gl_health_silent(&h, "silent for 30 s");
    expect(&h, after(40), true, GL_DEVICE_OFFLINE, "silent for 30 s");
    gl_health_silent(&h, "");
    expect(&h, after(50), true, GL_DEVICE_ONLINE, "");
}

static void refused_input_stains_for_ten_seconds(void **state GL_UNUSED) {
    struct gl_health h;
    gl_health_init(&h, "d", "l", "starting", t0);
    gl_health_standing(&h, NULL);
    gl_health_refused(&h, "xml_malformed", "line 3", t0);
    expect(&h, t0, true, GL_DEVICE_DEGRADED, "input refused: xml_malformed: line 3");
    gl_health_refused(&h, "xml_malformed", "line 3", after(5000));
    expect(&h, after(GL_REFUSED_STAINS_MS + 4999), false, GL_DEVICE_DEGRADED, "input refused: xml_malformed: line 3");
    expect(&h, after(GL_REFUSED_STAINS_MS + 5000), true, GL_DEVICE_ONLINE, "");
}

static void faults_are_told_apart(void **state GL_UNUSED) {
    struct gl_health h;
    gl_health_init(&h, "d", "l", "starting", t0);
    gl_health_standing(&h, NULL);
    gl_health_fault(&h, "clock_skew", true);
    gl_health_fault(&h, "clock_skew", true);
    gl_health_fault(&h, "lens", true);
    expect(&h, t0, true, GL_DEVICE_DEGRADED, "clock_skew");
    gl_health_fault(&h, "clock_skew", false);
    expect(&h, t0, true, GL_DEVICE_DEGRADED, "lens");
    gl_health_fault(&h, "never raised", false);
    gl_health_fault(&h, "lens", false);
    expect(&h, t0, true, GL_DEVICE_ONLINE, "");
}

static void too_many_faults_never_look_well(void **state GL_UNUSED) {
    struct gl_health h;
    gl_health_init(&h, "d", "l", "starting", t0);
    gl_health_standing(&h, NULL);
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "fault %d", i);
        gl_health_fault(&h, text, true);
    }
    assert_int_equal(h.n_faults, GL_MAX_FAULTS);
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "fault %d", i);
        gl_health_fault(&h, text, false);
    }
    expect(&h, t0, true, GL_DEVICE_DEGRADED, "too many faults at once");
}

static void plugin_and_evidence_degrade(void **state GL_UNUSED) {
    struct gl_health h;
    gl_health_init(&h, "d", "l", "starting", t0);
    gl_health_standing(&h, NULL);
    gl_health_evidence(&h, "evidence is not kept");
    expect(&h, t0, true, GL_DEVICE_DEGRADED, "evidence is not kept");
    gl_health_plugin(&h, "chip0: no such device");
    expect(&h, t0, true, GL_DEVICE_DEGRADED, "chip0: no such device");
    gl_health_standing(&h, "lost");
    expect(&h, t0, true, GL_DEVICE_OFFLINE, "lost"); /* the worst wins */
    gl_health_standing(&h, NULL);
    gl_health_plugin(&h, "");
    gl_health_evidence(&h, "");
    expect(&h, t0, true, GL_DEVICE_ONLINE, "");
}

static void counters_are_bounded(void **state GL_UNUSED) {
    struct gl_health h;
    gl_health_init(&h, "d", "l", "starting", t0);
    gl_health_count(&h, "bytes", 40);
    gl_health_count(&h, "bytes", 2);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "refused.r%d", i);
        gl_health_count(&h, name, 1);
    }
    gl_health_count(&h, "a name of more than thirty-one characters, cut", 1);
    assert_int_equal(h.status.n_counters, 32);
    assert_string_equal(h.status.counters[0].name, "bytes");
    assert_int_equal(h.status.counters[0].value, 42);
    assert_string_equal(h.status.counters[31].name, "other");
    assert_int_equal(h.status.counters[31].value, 100 - 30 + 1);
    gl_health_count(&h, "bytes", INT64_MAX);
    assert_int_equal(h.status.counters[0].value, INT64_MAX);
}

static void delays_double_up_to_half_a_minute(void **state GL_UNUSED) {
    static const int64_t want[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct gl_backoff b = {0};
    for (size_t i = 0; i < GL_COUNT(want); i++) assert_int_equal(gl_backoff_next(&b), want[i]);
    gl_backoff_reset(&b);
    assert_int_equal(gl_backoff_next(&b), 500);
}

/* A reader whose one place is taken answers each call with a message, and hangs up. */
static void who_hangs_up_at_once_is_called_less_and_less(void **state GL_UNUSED) {
    struct gl_backoff b = {0};
    for (int64_t want = 500; want <= 16000; want *= 2) {
        assert_int_equal(gl_backoff_next(&b), want);
        gl_backoff_after(&b, true, GL_SETTLED_MS - 1);
    }
    gl_backoff_after(&b, false, 10 * GL_SETTLED_MS); /* stood, and said nothing */
    assert_int_equal(gl_backoff_next(&b), 30000);
    gl_backoff_after(&b, true, GL_SETTLED_MS);
    assert_int_equal(gl_backoff_next(&b), 500);
}

/* Runs a probe in a sandboxed child; its exit status, or minus the signal that ended it. */
static int sandboxed(int (*probe)(int dir), int dir) {
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct gl_sandbox box = {.store = dir};
        struct gl_error err = {""};
        _exit(gl_sandbox_enter(&box, &err) < 0 ? 99 : probe(dir));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int write_evidence(int dir) {
    if (mkdirat(dir, "ab", 0700) < 0) return 1;
    int fd = openat(dir, "ab/part", O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || close(fd) < 0) return 2;
    if (renameat(dir, "ab/part", dir, "ab/whole") < 0) return 3;
    return 0;
}
static int run_a_program(int dir GL_UNUSED) {
    char *argv[] = {"true", NULL}, *envp[] = {NULL};
    execve("/bin/true", argv, envp);
    return 1;
}
static int become_somebody(int dir GL_UNUSED) {
    return setuid(1) == 0;
}
static int open_raw_sockets(int dir GL_UNUSED) {
    static const int families[] = {AF_PACKET, AF_BLUETOOTH, AF_VSOCK, AF_ALG, AF_CAN, AF_AX25};
    for (size_t i = 0; i < GL_COUNT(families); i++)
        if (socket(families[i], SOCK_DGRAM, 0) >= 0 || errno != EAFNOSUPPORT) return 1 + (int)i;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? 50 : close(fd);
}
static int read_passwords(int dir GL_UNUSED) {
    int fd = open("/etc/passwd", O_RDONLY);
    return fd >= 0 ? 1 : errno == EACCES ? 0 : 2;
}
static int write_elsewhere(int dir GL_UNUSED) {
    int fd = open("/tmp/gl-sandbox-escape", O_WRONLY | O_CREAT, 0600);
    return fd >= 0 ? 1 : errno == EACCES ? 0 : 2;
}
static int read_hosts(int dir GL_UNUSED) {
    return open("/etc/hosts", O_RDONLY) < 0;
}

static int speak_for_another(int dir GL_UNUSED) {
    struct gl_error err = {""};
    int before = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (before < 0 || gl_sandbox_seal(&err) < 0) return 1;
    if (socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0 || socket(AF_INET, SOCK_STREAM, 0) < 0) return 2;
    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return 3;
}

static void sandbox_holds(void **state GL_UNUSED) {
    char dir[] = "/tmp/gl-host-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    assert_int_equal(sandboxed(write_evidence, fd), 0);
    assert_int_equal(sandboxed(run_a_program, fd), -SIGSYS);
    assert_int_equal(sandboxed(become_somebody, fd), -SIGSYS);
    assert_int_equal(sandboxed(open_raw_sockets, fd), 0);
    assert_int_equal(sandboxed(read_hosts, fd), 0);
    assert_int_equal(sandboxed(speak_for_another, fd), -SIGSYS);
    int landlock = sandboxed(read_passwords, fd);
    if (landlock == 1)
        print_message("this kernel has no landlock: files are not tried\n");
    else
        assert_int_equal(landlock, 0);
    if (landlock == 0) assert_int_equal(sandboxed(write_elsewhere, fd), 0);
    unlink("/tmp/gl-sandbox-escape");
    close(fd);
    snprintf(path, sizeof path, "%s/ab/whole", dir);
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(online_only_while_the_transport_stands),
        cmocka_unit_test(refused_input_stains_for_ten_seconds),
        cmocka_unit_test(faults_are_told_apart),
        cmocka_unit_test(too_many_faults_never_look_well),
        cmocka_unit_test(plugin_and_evidence_degrade),
        cmocka_unit_test(counters_are_bounded),
        cmocka_unit_test(delays_double_up_to_half_a_minute),
        cmocka_unit_test(who_hangs_up_at_once_is_called_less_and_less),
        cmocka_unit_test(sandbox_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
