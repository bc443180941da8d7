/* The module anpr-frames: what the protocol `frames` needs of the outer world. The loop's side of it. */
#include "module.h"

#include <errno.h>
#include <libavutil/log.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "video/video.h"

enum { JOIN_WITHIN_MS = 1500 };

/* ---- from the threads -------------------------------------------------------------------------------------------------------------- */
void gl_video_say(struct gl_video *v, struct gl_ring *ring, struct gl_message *m) {
    if (!gl_ring_put(ring, m)) gl_message_free(m);
    uv_async_send(&v->said);
}

void gl_video_tell(struct gl_video *v, struct gl_ring *ring, enum gl_said what, const char *reason, const char *detail) {
    struct gl_message *m = calloc(1, sizeof *m);
    if (!m) return;
    m->what = what;
    gl_clip(m->reason, sizeof m->reason, reason);
    gl_clip(m->detail, sizeof m->detail, detail);
    gl_video_say(v, ring, m);
}

/* ---- to the host ------------------------------------------------------------------------------------------------------------------- */
static void go_down(struct gl_video *v, const char *reason) {
    if (v->up) v->events.end(v->user, false);
    v->up = false;
    v->events.down(v->user, reason);
}

static void go_up(struct gl_video *v) {
    if (v->up) return;
    v->up = true;
    v->events.up(v->user);
    v->events.begin(v->user, NULL);
}

static void hear_frame(struct gl_video *v, struct gl_buf *bytes) {
    /* A frame of before the video was lost, or dropped, is nobody's any more. */
    if (!v->up || v->events.bytes(v->user, (const uint8_t *)bytes->data, bytes->len) >= 0) return;
    go_down(v, "dropped after input that was refused");
    atomic_store(&v->interrupt, true);
}

static void hear(struct gl_video *v, struct gl_message *m) {
    if (m->what == GL_SAID_UP) go_up(v);
    if (m->what == GL_SAID_DOWN) go_down(v, m->detail);
    if (m->what == GL_SAID_REFUSED) v->events.refused(v->user, m->reason, m->detail);
    if (m->what == GL_SAID_FRAME) hear_frame(v, &m->bytes);
    gl_message_free(m);
}

static void on_said(uv_async_t *said) {
    struct gl_video *v = said->data;
    struct gl_message *m;
    while (!v->closing && (m = gl_ring_take(&v->from_grabber))) hear(v, m);
    while (!v->closing && (m = gl_ring_take(&v->from_worker))) hear(v, m);
}

/* ---- the carrier ------------------------------------------------------------------------------------------------------------------- */
static void video_drop(struct gl_carrier *base, const char *reason) {
    struct gl_video *v = (struct gl_video *)base;
    atomic_store(&v->interrupt, true);
    go_down(v, reason);
}

static void video_presence(struct gl_carrier *base, uint8_t present, int64_t until) {
    struct gl_video *v = (struct gl_video *)base;
    gl_attention_hear(&v->lane, present, until, gl_now_read().mono);
}

/* A thread may hang in a name look-up: it is then left behind, with what it uses, as the process ends. */
static bool threads_over(struct gl_video *v) {
    const struct timespec nap = {0, 10000000};
    for (int ms = 0; ms < JOIN_WITHIN_MS; ms += 10) {
        if ((!v->grabbing || atomic_load(&v->grabber_over)) && (!v->working || atomic_load(&v->worker_over))) return true;
        nanosleep(&nap, NULL);
    }
    return false;
}

static void on_closed(uv_handle_t *h) {
    struct gl_video *v = h->data;
    struct gl_message *m;
    if (!threads_over(v)) return;
    while ((m = gl_ring_take(&v->from_grabber))) gl_message_free(m);
    while ((m = gl_ring_take(&v->from_worker))) gl_message_free(m);
    gl_shot_free(gl_mailbox_take(&v->newest));
    close(v->wake);
    free(v);
}

static void video_close(struct gl_carrier *base) {
    struct gl_video *v = (struct gl_video *)base;
    uint64_t one = 1;
    if (v->closing) return;
    v->closing = true;
    atomic_store(&v->quit, true);
    atomic_store(&v->interrupt, true);
    if (write(v->wake, &one, sizeof one) < 0) return;
    if (threads_over(v)) {
        if (v->grabbing) uv_thread_join(&v->grabber);
        if (v->working) uv_thread_join(&v->worker);
    }
    uv_close((uv_handle_t *)&v->said, on_closed);
}

static const struct gl_carrier_ops ops = {.drop = video_drop, .close = video_close, .presence = video_presence};

static int video_open(void *ready, uv_loop_t *loop, const struct gl_address *at, const char *secret,
                      const struct gl_carrier_events *events, void *user, struct gl_carrier **ret) {
    struct gl_video *v = calloc(1, sizeof *v);
    if (!v) return -ENOMEM;
    v->base.ops = &ops;
    v->looker = ready;
    v->at = *at;
    v->events = *events;
    v->user = user;
    v->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (v->wake < 0 || gl_copy(v->secret, sizeof v->secret, secret) < 0 || uv_async_init(loop, &v->said, on_said) < 0) {
        gl_close_fd(&v->wake);
        free(v);
        return -ENOMEM;
    }
    v->said.data = v;
    v->grabbing = uv_thread_create(&v->grabber, gl_video_grab, v) == 0;
    v->working = v->grabbing && uv_thread_create(&v->worker, gl_video_work, v) == 0;
    if (!v->working) {
        video_close(&v->base);
        return -EAGAIN;
    }
    *ret = &v->base;
    return 0;
}

/* ---- the module -------------------------------------------------------------------------------------------------------------------- */
static int prepare(const struct gl_settings *settings, void **ret_ready, struct gl_error *err) {
    struct gl_looker *l = NULL;
    av_log_set_level(
        AV_LOG_QUIET); /* foreign bytes write no logs, and addresses hold passwords; what matters is told as a reason */
    int rc = gl_looker_open(settings, &l, err);
    if (rc == 0) *ret_ready = l;
    return rc;
}

static void release(void *ready) {
    gl_looker_free(ready);
}

__attribute__((visibility("default"))) const struct gl_module gl_module = {
    .abi = GL_MODULE_ABI,
    .size = sizeof(struct gl_module),
    .name = "anpr-frames",
    .prepare = prepare,
    .open = video_open,
    .release = release,
};
