/* Which plates of successive frames are the same vehicle's. A plate goes on as the one that was near it and of like size, or that read alike; near, but
 * surely read as something else, it is another vehicle's. Pure; monotonic times come in. */
#pragma once
#include "base/time.h"
#include "frames/vote.h"

/* A vehicle has left when it was not seen for so long, and in so many frames in which it was looked for; or when nobody has looked for longer still. */
enum { GL_TRACKS = 8, GL_TRACK_ENDS_MS = 1200, GL_TRACK_MISSED = 2, GL_TRACK_FORGOTTEN_MS = 6000 };

struct gl_track_box {  /* of one frame, in shares of the frame: a stream may change its size */
    double x, y, w, h; /* centre and sides */
};

struct gl_track {
    bool used;
    int64_t first, last;           /* when the frames were taken, monotonic ms */
    int64_t began;                 /* wall */
    uint32_t frames, missed;       /* seen in; looked for in vain since */
    struct gl_track_box from, now; /* where it was first and last */
    char text[GL_PLATE];           /* the surest read so far */
    double sure;
    struct gl_vote vote;

    /* of who reports it */
    uint32_t told;
    char told_text[GL_PLATE];
    uint8_t told_toward;
    double told_sure;
    double scene_worth, crop_worth; /* of the pictures that are kept */
    struct gl_buf scene, crop;
};

struct gl_tracks {
    struct gl_track t[GL_TRACKS];
};

/* Puts each plate of a frame to its track; ret[i] = that of plates[i], NULL where there is no room. No track gets two plates of one frame.
 * Plates lower than min_height pixels are passed over. */
void gl_tracks_add(struct gl_tracks *all, const struct gl_seen *seen, int64_t min_height, struct gl_now taken,
                   struct gl_track *ret[GL_SEEN_PLATES]);

bool gl_track_over(const struct gl_track *t, int64_t mono);
void gl_track_clear(struct gl_track *t); /* frees its pictures; the place is free again */

/* Which way of the picture is towards the camera's lane. */
enum gl_way { GL_WAY_NONE, GL_WAY_GROWS, GL_WAY_DOWN, GL_WAY_UP, GL_WAY_LEFT, GL_WAY_RIGHT };
enum gl_toward gl_track_toward(const struct gl_track *t, enum gl_way approach); /* none while it has hardly moved */
