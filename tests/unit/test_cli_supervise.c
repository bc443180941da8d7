/* What `greenlane run` starts, and when again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/probe.h"
#include "cli/supervise.h"

static struct gl_config *post(void) {
    struct gl_config *c = calloc(1, sizeof *c);
    assert_non_null(c);
    gl_clip(c->mqtt.url, sizeof c->mqtt.url, "mqtt://127.0.0.1:1883");
    c->n_lanes = 2;
    for (int i = 0; i < 2; i++) {
        struct gl_lane_config *l = &c->lanes[i];
        gl_format(l->id, sizeof l->id, "in-%d", i + 1);
        l->n_devices = 1;
        gl_format(l->devices[0].id, sizeof l->devices[0].id, "in-%d.front", i + 1);
        gl_clip(l->devices[0].plugin, sizeof l->devices[0].plugin, "anpr");
        gl_clip(l->devices[0].at, sizeof l->devices[0].at, i == 0 ? "tcp://10.0.1.11:80" : "/dev/camera");
    }
    /* Served by the first lane's device too: neither started nor tried a second time. */
    c->lanes[1].n_devices = 2;
    c->lanes[1].devices[1] = c->lanes[0].devices[0];
    c->lanes[1].devices[1].shared = true;
    c->lanes[0].n_lines = 3;
    for (int i = 0; i < 3; i++)
        gl_clip(c->lanes[0].lines[i].chip, sizeof c->lanes[0].lines[i].chip, i < 2 ? "/dev/gpiochip0" : "sim:/run/chip");
    return c;
}

static void every_process_of_the_post(void **state GL_UNUSED) {
    static const struct {
        const char *name, *program, *device;
    } want[] = {
        {"greenlaned", "greenlaned", ""},
        {"greenlane-loader", "greenlane-loader", ""},
        {"greenlane-link", "greenlane-link", ""},
        {"in-1.gpio", "greenlane-device", "in-1.gpio"},
        {"in-1.front", "greenlane-device", "in-1.front"},
        {"in-2.front", "greenlane-device", "in-2.front"},
    };
    struct gl_config *c = post();
    struct gl_program *list = calloc(GL_RUN_PROGRAMS, sizeof *list);
    assert_non_null(list);
    assert_int_equal(gl_run_plan(c, true, list), GL_COUNT(want));
    for (size_t i = 0; i < GL_COUNT(want); i++) {
        assert_string_equal(list[i].name, want[i].name);
        assert_string_equal(list[i].program, want[i].program);
        assert_string_equal(list[i].device, want[i].device);
    }
    assert_int_equal(gl_run_plan(c, false, list), GL_COUNT(want) - 1);
    c->mqtt.url[0] = '\0';
    assert_int_equal(gl_run_plan(c, true, list), GL_COUNT(want) - 1);
    for (int i = 0; i < 5; i++) assert_int_not_equal(list[i].kind, GL_PROGRAM_LINK);
    free(list);
    free(c);
}

static void delays_double_and_begin_anew(void **state GL_UNUSED) {
    const int64_t want[] = {500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    int64_t delay = 0;
    for (size_t i = 0; i < GL_COUNT(want); i++) {
        delay = gl_run_delay(delay, 10);
        assert_int_equal(delay, want[i]);
    }
    assert_int_equal(gl_run_delay(30000, GL_RUN_SETTLED_MS - 1), 30000);
    assert_int_equal(gl_run_delay(30000, GL_RUN_SETTLED_MS), GL_RUN_DELAY_FIRST_MS);
}

static void what_is_tried(void **state GL_UNUSED) {
    static const struct {
        const char *name;
        int kind;
        const char *what;
    } want[] = {
        {"broker", GL_PROBE_TCP, "tcp 127.0.0.1:1883"},           {"in-1.front", GL_PROBE_TCP, "tcp 10.0.1.11:80"},
        {"in-1.gpio", GL_PROBE_NODE, "gpio chip /dev/gpiochip0"}, {"in-1.gpio", GL_PROBE_SOCKET, "gpio chip sim:/run/chip"},
        {"in-2.front", GL_PROBE_NODE, "serial /dev/camera"},
    };
    struct gl_config *c = post();
    struct gl_probe *list = calloc(GL_PROBES, sizeof *list);
    assert_non_null(list);
    assert_int_equal(gl_probe_list(c, list), GL_COUNT(want));
    for (size_t i = 0; i < GL_COUNT(want); i++) {
        assert_string_equal(list[i].name, want[i].name);
        assert_int_equal(list[i].kind, want[i].kind);
        assert_string_equal(list[i].what, want[i].what);
    }
    free(list);
    free(c);
}

static void a_node_must_be_a_node(void **state GL_UNUSED) {
    struct gl_error err;
    struct gl_probe p = {.kind = GL_PROBE_NODE};
    gl_clip(p.address.path, sizeof p.address.path, "/dev/null");
    assert_int_equal(gl_probe_one(&p, &err), 0);
    gl_clip(p.address.path, sizeof p.address.path, "/dev");
    assert_true(gl_probe_one(&p, &err) < 0);
    assert_string_equal(err.text, "not a device node");
    gl_clip(p.address.path, sizeof p.address.path, "/dev/no-such-node");
    assert_true(gl_probe_one(&p, &err) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_process_of_the_post),
        cmocka_unit_test(delays_double_and_begin_anew),
        cmocka_unit_test(what_is_tried),
        cmocka_unit_test(a_node_must_be_a_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
