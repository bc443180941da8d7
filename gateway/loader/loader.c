/* Waits for greenlaned, confines itself to the folder of the cache, then does what it is told, message by message. What was being built when either of
 * the two dies is of no use to anybody: it is asked for again. */
#include "loader/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/aside.h"
#include "ipc/channel.h"
#include "sandbox/sandbox.h"

enum { RETRY_FIRST_MS = 100, RETRY_MOST_MS = 2000, NICE = 10, IOPRIO_LAST = 7 };

struct loader {
    char folder[GL_PATH + 16];
    int greenlaned; /* fd */
    struct gl_asides asides;
    struct gl_ipc_reader reader;
    void *msg;         /* room for one message */
    int64_t feed_ms;   /* how often the watchdog is to be told; 0 = there is none */
    int64_t told_mono; /* last */
};

static void rest(int64_t ms) {
    struct timespec t = {ms / 1000, (ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* What decides comes first, on the processor and at the disk. Where systemd has set this (and forbids it here), or the system has no such thing, it
 * stays as it is. */
static void step_back(void) {
    const struct sched_param none = {0};
    sched_setscheduler(0, SCHED_BATCH, &none);
    setpriority(PRIO_PROCESS, 0, NICE);
    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, IOPRIO_LAST));
}

static void tell_watchdog(struct loader *l) {
    int64_t now = gl_now_read().mono;
    if (l->feed_ms == 0 || now - l->told_mono < l->feed_ms) return;
    l->told_mono = now;
    sd_notify(0, "WATCHDOG=1");
}

/* However long it takes: greenlaned may be started later, or be starting anew. */
static int reach(struct loader *l, const struct gl_config *c) {
    char path[GL_PATH + 16];
    gl_format(path, sizeof path, "%s/loader.sock", c->paths.run);
    for (int64_t delay = RETRY_FIRST_MS;; delay = delay * 2 > RETRY_MOST_MS ? RETRY_MOST_MS : delay * 2) {
        struct gl_error err = {""};
        int fd = gl_ipc_connect(path, &err);
        if (fd >= 0) return fd;
        if (delay == RETRY_FIRST_MS) gl_log(GL_NOTICE, "waiting for greenlaned: %s", err.text);
        rest(delay);
        tell_watchdog(l);
    }
}

static int confine(const struct loader *l, struct gl_error *err) {
    int fd = open(l->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return gl_fail(err, -errno, "%s: %s", l->folder, strerror(errno));
    struct gl_sandbox box = {.store = fd};
    int rc = gl_sandbox_enter(&box, err);
    close(fd);
    return rc < 0 ? rc : gl_sandbox_seal(err);
}

static int say_hello(const struct loader *l, struct gl_error *err) {
    struct gl_msg_hello h = {.version = GL_IPC_VERSION, .program = "greenlane-loader", .pid = getpid()};
    int rc = gl_ipc_send_blocking(l->greenlaned, GL_MSG_HELLO, &h);
    return rc < 0 ? gl_fail(err, rc, "greenlaned closed the connection: %s", strerror(-rc)) : 0;
}

static int tell(const struct loader *l, enum gl_aside_result what, const struct gl_aside_news *news) {
    if (what == GL_ASIDE_ANSWER) return gl_ipc_send_blocking(l->greenlaned, GL_MSG_LOADED, &news->answer);
    if (what == GL_ASIDE_REFUSED) return gl_ipc_send_blocking(l->greenlaned, GL_MSG_FEED_REFUSED, &news->refused);
    return 0;
}

static int take(struct loader *l, enum gl_message_type type) {
    struct gl_aside_news news;
    int64_t now = gl_now_read().wall;
    enum gl_aside_result what =
        type == GL_MSG_LOAD ? gl_asides_order(&l->asides, l->msg, now, &news) : gl_asides_record(&l->asides, l->msg, now, &news);
    return tell(l, what, &news);
}

/* Until there is something to read. */
static void wait_for_word(struct loader *l) {
    struct pollfd p = {.fd = l->greenlaned, .events = POLLIN};
    do tell_watchdog(l);
    while (l->feed_ms > 0 && poll(&p, 1, (int)l->feed_ms) == 0);
}

static int work(struct loader *l, struct gl_error *err) {
    enum gl_message_type type;
    uint64_t accepts = GL_ACCEPT(GL_MSG_LOAD) | GL_ACCEPT(GL_MSG_FEED);
    int rc = 1;
    l->reader.fd = l->greenlaned;
    while (rc > 0) {
        if (!gl_ipc_has_more(&l->reader)) wait_for_word(l);
        rc = gl_ipc_read(&l->reader, accepts, &type, l->msg);
        if (rc > 0 && take(l, type) < 0) rc = 0;
    }
    return gl_fail(err, rc < 0 ? rc : -EPIPE, "greenlaned is gone%s%s", rc < 0 ? ": " : "", rc < 0 ? strerror(-rc) : "");
}

int gl_loader_run(const struct gl_config *config) {
    struct gl_error err = {""};
    struct loader l = {.msg = calloc(1, gl_ipc_scratch_size()), .reader.bytes = malloc(GL_IPC_MAX)};
    int rc = l.msg && l.reader.bytes ? 0 : gl_fail(&err, -ENOMEM, "out of memory");
    gl_format(l.folder, sizeof l.folder, "%s/cache", config->paths.state);
    l.asides.dir = l.folder;
    uint64_t usec = 0;
    if (sd_watchdog_enabled(0, &usec) > 0) l.feed_ms = (int64_t)(usec / 3000);
    sd_notify(0, "READY=1\nSTATUS=waiting for greenlaned");
    step_back();
    l.greenlaned = rc == 0 ? reach(&l, config) : -1;
    if (rc == 0) rc = confine(&l, &err); /* only now: greenlaned has made the folder */
    if (rc == 0) rc = say_hello(&l, &err);
    if (rc == 0) sd_notify(0, "STATUS=ready to load");
    if (rc == 0) rc = work(&l, &err);
    gl_log(GL_ERROR, "%s", err.text);
    gl_asides_free(&l.asides);
    gl_close_fd(&l.greenlaned);
    free(l.msg);
    free(l.reader.bytes);
    return 1;
}
