/* Fake devices of a lane: a camera, a code reader, and the lane's loops and lights. */
#include "lanes.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void must_send(int fd, enum gl_message_type type, const void *msg) {
    int rc = gl_ipc_send_blocking(fd, type, msg);
    if (rc < 0) bench_die("bench-load: a message was not taken: %s", strerror(-rc));
}

static void send_status(const struct lane *l, int fd, const char *name) {
    struct gl_device_status s;
    if (fd < 0) return;
    gl_fields_clear(&gl_device_status_fields, &s);
    gl_format(s.device, sizeof s.device, "%.15s.%s", l->id, name);
    gl_format(s.lane, sizeof s.lane, "%s", l->id);
    s.state = GL_DEVICE_ONLINE;
    s.since = gl_now_read().wall;
    must_send(fd, GL_MSG_DEVICE_STATUS, &s);
}

static int connect_as(const struct lane *l, const char *socket_path, const char *name, int wait_s) {
    struct gl_error err;
    struct gl_msg_hello hello = {.version = GL_IPC_VERSION, .program = "greenlane-device", .pid = getpid()};
    int64_t end = bench_ns() + (int64_t)wait_s * 1000000000;
    int fd;
    while ((fd = gl_ipc_connect(socket_path, &err)) < 0) {
        if (bench_ns() > end) bench_die("bench-load: %s", err.text);
        poll(NULL, 0, 1);
    }
    gl_format(hello.device, sizeof hello.device, "%.15s.%s", l->id, name);
    must_send(fd, GL_MSG_HELLO, &hello);
    send_status(l, fd, name);
    return fd;
}

void lane_open(struct lane *l, const char *socket_path, const char *id, unsigned devices, int wait_s) {
    *l = (struct lane){.gpio = -1, .front = -1, .qr = -1};
    gl_format(l->id, sizeof l->id, "%s", id);
    if (devices & LANE_GPIO) l->gpio = connect_as(l, socket_path, "gpio", wait_s);
    if (devices & LANE_FRONT) l->front = connect_as(l, socket_path, "front", wait_s);
    if (devices & LANE_QR) l->qr = connect_as(l, socket_path, "qr", wait_s);
}

void lane_close(struct lane *l) {
    if (l->front >= 0) close(l->front);
    if (l->gpio >= 0) close(l->gpio);
    if (l->qr >= 0) close(l->qr);
}

void lane_alive(struct lane *l) {
    send_status(l, l->gpio, "gpio");
    send_status(l, l->front, "front");
    send_status(l, l->qr, "qr");
}

static void fill_value(struct gl_reading *r, const struct lane *l, enum lane_step step) {
    if (step == STEP_PLATE) {
        bench_plate(l->movement, r->value.plate.text);
        r->value.plate.direction = GL_TOWARD_APPROACH;
        r->value.plate.role = GL_ROLE_VEHICLE;
        r->confidence = 0.97;
    } else if (step == STEP_CODE) {
        bench_ref(l->movement, r->value.code.reference.value);
        gl_format(r->value.code.reference.type, sizeof r->value.code.reference.type, "gmr");
        gl_format(r->value.code.text, sizeof r->value.code.text, "%s", r->value.code.reference.value);
        r->value.code.signature = GL_SIGNATURE_NONE;
    } else {
        r->value.presence.zone = step == STEP_ENTRY_ON || step == STEP_ENTRY_OFF ? GL_ZONE_ENTRY : GL_ZONE_EXIT;
        r->value.presence.occupied = gl_tri(step == STEP_ENTRY_ON || step == STEP_EXIT_ON);
    }
}

void lane_do(struct lane *l, enum lane_step step) {
    static const enum gl_reading_kind kinds[STEPS] = {
        [STEP_ENTRY_ON] = GL_READING_PRESENCE,  [STEP_PLATE] = GL_READING_PLATE,      [STEP_CODE] = GL_READING_CODE,
        [STEP_ENTRY_OFF] = GL_READING_PRESENCE, [STEP_EXIT_ON] = GL_READING_PRESENCE, [STEP_EXIT_OFF] = GL_READING_PRESENCE};
    static const char *const devices[STEPS] = {"entry-loop", "front", "qr", "entry-loop", "exit-loop", "exit-loop"};
    struct gl_reading r;
    struct gl_now now = gl_now_read();
    gl_reading_init(&r, kinds[step]);
    gl_format(r.device, sizeof r.device, "%.15s.%s", l->id, devices[step]);
    gl_format(r.lane, sizeof r.lane, "%s", l->id);
    r.time = r.received_at = now.wall;
    r.received_mono = now.mono;
    fill_value(&r, l, step);
    must_send(step == STEP_PLATE ? l->front : step == STEP_CODE ? l->qr : l->gpio, GL_MSG_READING, &r);
}

void lane_dark(struct lane *l) {
    l->lit = l->stopped = false;
}

bool lane_look(struct lane *l) {
    uint8_t bytes[512];
    struct gl_msg_output out;
    enum gl_message_type type;
    bool before = l->lit;
    for (;;) {
        ssize_t n = recv(l->gpio, bytes, sizeof bytes, MSG_DONTWAIT);
        int64_t ns = bench_ns();
        if (n < 0 && errno == EAGAIN) return l->lit && !before;
        if (n <= 0) bench_die("bench-load: lane %s: the gateway closed the connection", l->id);
        if (gl_message_unpack(bytes, (size_t)n, GL_ACCEPT(GL_MSG_OUTPUT), &type, &out) < 0)
            bench_die("bench-load: a strange message");
        if (out.signal != GL_SIGNAL_RELEASE && l->lit && !l->stopped) {
            l->stopped = true;
            l->stopped_ns = ns;
        }
        if (out.signal != GL_SIGNAL_RELEASE || l->lit) continue;
        l->lit = true;
        l->stopped = false;
        l->lit_ns = ns;
    }
}
