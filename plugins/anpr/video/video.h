/* The carrier of videos: three threads and what is between them. Private to this folder.
 *
 *     grabber: source ──► decoder ──► newest frame ─┐ mailbox
 *     worker:        motion, plates, pictures ◄─────┘ ──► ring ─┐
 *     loop:          up, down, bytes, refused ◄─────────────────┘ (and from the grabber, by a ring of its own)
 *
 * Only the loop talks to the host. The grabber waits in FFmpeg's calls, which end when `interrupt` is set; the worker waits for the descriptor `wake`. */
#pragma once
#include <stdatomic.h>
#include <uv.h>

#include "host/carrier.h"
#include "video/look.h"
#include "video/source.h"

struct gl_video {
    struct gl_carrier base;
    struct gl_looker *looker; /* the worker's */
    struct gl_address at;
    char secret[258];
    struct gl_carrier_events events;
    void *user;
    uv_async_t said; /* a ring has something for the loop */
    uv_thread_t grabber, worker;
    bool grabbing, working; /* the threads were started */
    atomic_bool quit, interrupt, grabber_over, worker_over;
    int wake;
    struct gl_mailbox newest;
    struct gl_lane_heard lane; /* from the loop to the worker */
    struct gl_ring from_grabber, from_worker;
    bool up; /* the loop's */
    bool closing;
};

void gl_video_grab(void *video); /* the threads */
void gl_video_work(void *video);

/* From a thread to the loop; takes m. What finds no room is lost: the loop has not come for long, and only the newest counts. */
void gl_video_say(struct gl_video *v, struct gl_ring *ring, struct gl_message *m);
void gl_video_tell(struct gl_video *v, struct gl_ring *ring, enum gl_said what, const char *reason, const char *detail);
