/* Where a device is: every form of an address, what a protocol adds to it, and what is refused. */
/* cmocka.h leans on the four headers before it. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "config/config.h"

static const struct gl_protocol camera = {
    .name = "camera", .transports = GL_TRANSPORT_HTTP_PUSH | GL_TRANSPORT_HTTP_PULL, .port = 80, .path = "/alerts"};
static const struct gl_protocol reader = {.name = "reader",
                                          .transports = GL_TRANSPORT_TCP_CONNECT | GL_TRANSPORT_TCP_LISTEN | GL_TRANSPORT_SERIAL};
static const struct gl_protocol portal = {
    .name = "portal", .transports = GL_TRANSPORT_TCP_CONNECT | GL_TRANSPORT_HTTP_PULL, .port = 1600};

static void good_addresses(void **state) {
    (void)state;
    static const struct {
        const char *at;
        const struct gl_protocol *p;
        struct gl_address want;
    } rows[] = {
        {"10.0.1.11", &camera, {GL_TRANSPORT_HTTP_PULL, "10.0.1.11", 80, "/alerts", "", 0, ""}},
        {"cam-1.post.example:8080", &camera, {GL_TRANSPORT_HTTP_PULL, "cam-1.post.example", 8080, "/alerts", "", 0, ""}},
        {"http://10.0.1.11/x?y=1", &camera, {GL_TRANSPORT_HTTP_PULL, "10.0.1.11", 80, "/x?y=1", "", 0, ""}},
        {"http://[2001:db8::1]:81", &camera, {GL_TRANSPORT_HTTP_PULL, "2001:db8::1", 81, "/alerts", "", 0, ""}},
        {"http-listen://0.0.0.0:8080/anpr?from=10.0.1.11",
         &camera,
         {GL_TRANSPORT_HTTP_PUSH, "0.0.0.0", 8080, "/anpr", "10.0.1.11", 0, ""}},
        {"http-listen://[::]:8080", &camera, {GL_TRANSPORT_HTTP_PUSH, "::", 8080, "/", "", 0, ""}},
        {"http-listen://127.0.0.1:1?from=::1", &camera, {GL_TRANSPORT_HTTP_PUSH, "127.0.0.1", 1, "/", "::1", 0, ""}},
        {"10.0.1.20:1600", &reader, {GL_TRANSPORT_TCP_CONNECT, "10.0.1.20", 1600, "", "", 0, ""}},
        {"tcp://reader:65535", &reader, {GL_TRANSPORT_TCP_CONNECT, "reader", 65535, "", "", 0, ""}},
        {"tcp-listen://127.0.0.1:2112", &reader, {GL_TRANSPORT_TCP_LISTEN, "127.0.0.1", 2112, "", "", 0, ""}},
        {"/dev/qr1", &reader, {GL_TRANSPORT_SERIAL, "", 0, "/dev/qr1", "", 0, ""}},
        {"/dev/ttyUSB0?baud=115200", &reader, {GL_TRANSPORT_SERIAL, "", 0, "/dev/ttyUSB0", "", 115200, ""}},
        {"serial:/tmp/pty", &reader, {GL_TRANSPORT_SERIAL, "", 0, "/tmp/pty", "", 0, ""}},
        {"portal", &portal, {GL_TRANSPORT_TCP_CONNECT, "portal", 1600, "", "", 0, ""}},
        {"somewhere", NULL, {GL_TRANSPORT_TCP_CONNECT, "somewhere", 0, "", "", 0, ""}},
    };
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        struct gl_address a;
        struct gl_error err = {""};
        const struct gl_address *want = &rows[i].want;
        memset(&a, 0xA5, sizeof a);
        if (gl_address_parse(rows[i].at, rows[i].p, &a, &err) != 0) fail_msg("%s: %s", rows[i].at, err.text);
        assert_int_equal(a.transport, want->transport);
        assert_string_equal(a.host, want->host);
        assert_int_equal(a.port, want->port);
        assert_string_equal(a.path, want->path);
        assert_string_equal(a.from, want->from);
        assert_int_equal(a.baud, want->baud);
    }
}

static void bad_addresses(void **state) {
    (void)state;
    static const struct {
        const char *at;
        const struct gl_protocol *p;
        const char *why;
    } rows[] = {
        {"", &reader, "no host name"},
        {"10.0.1.20", &reader, "needs a port"},
        {"tcp://:1600", &reader, "no host name"},
        {"tcp://host:", &reader, "no port"},
        {"tcp://host:65536", &reader, "no port"},
        {"tcp://host:01", &reader, "no port"},
        {"tcp://host:1/x", &reader, "no port"},
        {"tcp://user@host:1", &reader, "no host name"},
        {"tcp://10.0.1:1", &reader, "no host name"},
        {"tcp://10.0.1.256:1", &reader, "no host name"},
        {"tcp://-host:1", &reader, "no host name"},
        {"tcp://[::1:1", &reader, "']'"},
        {"tcp://[127.0.0.1]:1", &reader, "no IPv6"},
        {"tcp://[::1]x:1", &reader, "']'"},
        {"::1:1600", &reader, "brackets"},
        {"tcp-listen://reader:1", &reader, "no address of this machine"},
        {"tcp-listen://0.0.0.0", &reader, "port to listen on"},
        {"serial:ttyS0", &reader, "full path"},
        {"serial:/dev/ttyS0?baud=12", &reader, "not understood"},
        {"serial:/dev/ttyS0?parity=even", &reader, "not understood"},
        {"/etc/passwd", &reader, "no known form"},
        {"udp://host:1", &reader, "no known form"},
        {"http://host/x", &reader, "not reached that way"},
        {"/dev/ttyS0", &camera, "not reached that way"},
        {"http://host?x", &camera, "'/' before"},
        {"http://host/a b", &camera, "does not carry"},
        {"http://host/a\r\nX: y", &camera, "does not carry"},
        {"http://10.0.1.20:80", &portal, "needs a path"},
        {"http-listen://0.0.0.0:8080/x?from=camera", &camera, "not understood"},
        {"http-listen://0.0.0.0:8080/x?to=10.0.1.1", &camera, "not understood"},
    };
    for (size_t i = 0; i < GL_COUNT(rows); i++) {
        struct gl_address a = {.port = 4711};
        struct gl_error err = {""};
        if (gl_address_parse(rows[i].at, rows[i].p, &a, &err) >= 0) fail_msg("%s was accepted", rows[i].at);
        if (!strstr(err.text, rows[i].why)) fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].at, err.text, rows[i].why);
        assert_int_equal(a.port, 4711);
    }
}

static void long_addresses_are_refused(void **state) {
    (void)state;
    char at[400], host[200] = "tcp://";
    struct gl_address a;
    memset(at, 'a', sizeof at - 1);
    at[sizeof at - 1] = '\0';
    assert_true(gl_address_parse(at, NULL, &a, NULL) < 0);
    memset(host + 6, 'h', 129);
    host[6 + 129] = '\0';
    assert_true(gl_address_parse(host, NULL, &a, NULL) < 0);
    host[6 + 128] = '\0';
    assert_int_equal(gl_address_parse(host, NULL, &a, NULL), 0);
    assert_int_equal(strlen(a.host), 128);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_addresses),
        cmocka_unit_test(bad_addresses),
        cmocka_unit_test(long_addresses_are_refused),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
