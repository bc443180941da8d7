/* The thread that looks at frames: the newest there is, not sooner after the last than the rate allows. */
#include <libavutil/time.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frames/seen.h"
#include "video/video.h"

enum { WAIT_MS = 500, COMPLAIN_MS = 1000 };

static void wait_for_frame(struct gl_video *v) {
    struct pollfd p = {v->wake, POLLIN, 0};
    uint64_t n;
    if (poll(&p, 1, WAIT_MS) > 0 && read(v->wake, &n, sizeof n) < 0) return;
}

static void work_on(struct gl_video *v, const struct gl_shot *shot, int64_t *complained) {
    struct gl_message *m = calloc(1, sizeof *m);
    struct gl_error err = {""};
    if (!m) return;
    int64_t now = gl_now_read().mono;
    m->what = GL_SAID_FRAME;
    m->bytes = GL_BUF(GL_SEEN_LINE + GL_SEEN_BYTES + GL_SEEN_PICTURE);
    int rc = gl_looker_look(v->looker, shot, &v->lane, now, &m->bytes, &err);
    if (rc == 1) {
        gl_video_say(v, &v->from_worker, m);
        return;
    }
    gl_message_free(m);
    if (rc == 0 || (*complained && now - *complained < COMPLAIN_MS)) return;
    *complained = now;
    gl_video_tell(v, &v->from_worker, GL_SAID_REFUSED, "picture_unread", err.text);
}

void gl_video_work(void *video) {
    struct gl_video *v = video;
    int64_t every = 1000 / gl_looker_rate(v->looker), complained = 0, next = 0;
    while (!atomic_load(&v->quit)) {
        int64_t early = next - gl_now_read().mono;
        if (early > 0) av_usleep((unsigned)(early < WAIT_MS ? early : WAIT_MS) * 1000);
        if (early > WAIT_MS) continue;
        struct gl_shot *shot = gl_mailbox_take(&v->newest);
        if (!shot) {
            wait_for_frame(v);
            continue;
        }
        next = gl_now_read().mono + every;
        work_on(v, shot, &complained);
        gl_shot_free(shot);
    }
    atomic_store(&v->worker_over, true);
}
