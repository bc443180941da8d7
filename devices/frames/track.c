#include "frames/track.h"

#include <math.h>
#include <string.h>

/* A plate may move so far from one frame to the next: two of its widths, four of its heights, and grow or shrink by so much. */
#define FAR_X 2.0
#define FAR_Y 4.0
#define GROWS_AT_MOST 1.9
/* Who has driven on has moved by so many heights of its plate, or its plate has grown by such a share. */
#define MOVED 1.0
#define GROWN 0.15
#define SURELY 0.8

static struct gl_track_box box_of(const struct gl_seen *s, const struct gl_seen_plate *p) {
    double width = (double)s->width, height = (double)s->height;
    return (struct gl_track_box){((double)p->x + (double)p->w / 2) / width, ((double)p->y + (double)p->h / 2) / height,
                                 (double)p->w / width, (double)p->h / height};
}

/* 0 = just there .. 1 = at the edge of what is near; negative = too far. */
static double distance(const struct gl_track_box *a, const struct gl_track_box *b) {
    double ratio = a->h > b->h ? a->h / b->h : b->h / a->h;
    if (ratio > GROWS_AT_MOST) return -1;
    double dx = fabs(a->x - b->x) / fmax(a->w, b->w) / FAR_X, dy = fabs(a->y - b->y) / fmax(a->h, b->h) / FAR_Y;
    return dx > 1 || dy > 1 ? -1 : fmax(dx, dy);
}

static bool alike(const char *a, const char *b) {
    size_t len = strlen(a) > strlen(b) ? strlen(a) : strlen(b);
    return len >= 4 && gl_text_distance(a, b) <= (len > 5 ? 2 : 1);
}

/* How well a plate goes on a track; 0 = not at all. */
static double fit(const struct gl_track *t, const struct gl_seen_plate *p, const struct gl_track_box *box) {
    bool same = p->text[0] && t->text[0] && alike(t->text, p->text);
    bool both_sure = t->sure >= SURELY && p->confidence >= SURELY && p->text[0] && t->text[0];
    double far = distance(&t->now, box);
    if (both_sure && !same) return 0;
    if (far >= 0) return 2 - far + (same ? 1 : 0);
    /* From elsewhere it must be read as just the same: fleets have plates that differ in one character. */
    return same && p->confidence >= SURELY && strcmp(t->text, p->text) == 0 ? 0.5 : 0;
}

static struct gl_track *free_place(struct gl_tracks *all) {
    for (size_t i = 0; i < GL_TRACKS; i++)
        if (!all->t[i].used) return &all->t[i];
    return NULL;
}

static struct gl_track *best_of(struct gl_tracks *all, const bool taken[GL_TRACKS], const struct gl_seen_plate *p,
                                const struct gl_track_box *box) {
    struct gl_track *best = NULL;
    double most = 0;
    for (size_t i = 0; i < GL_TRACKS; i++) {
        double f = all->t[i].used && !taken[i] ? fit(&all->t[i], p, box) : 0;
        if (f > most) {
            most = f;
            best = &all->t[i];
        }
    }
    return best;
}

static void put(struct gl_track *t, const struct gl_seen_plate *p, const struct gl_track_box *box, struct gl_now taken) {
    if (!t->used) *t = (struct gl_track){.used = true, .first = taken.mono, .began = taken.wall, .from = *box};
    t->last = taken.mono;
    t->now = *box;
    t->missed = 0;
    t->frames++;
    gl_vote_add(&t->vote, p);
    if (p->text[0] && p->confidence >= t->sure) {
        t->sure = p->confidence;
        gl_clip(t->text, sizeof t->text, p->text);
    }
}

void gl_tracks_add(struct gl_tracks *all, const struct gl_seen *seen, int64_t min_height, struct gl_now now,
                   struct gl_track *ret[GL_SEEN_PLATES]) {
    bool taken[GL_TRACKS] = {false};
    for (size_t i = 0; i < seen->n_plates; i++) {
        const struct gl_seen_plate *p = &seen->plates[i];
        struct gl_track_box box = box_of(seen, p);
        ret[i] = NULL;
        if (p->h < min_height) continue;
        struct gl_track *t = best_of(all, taken, p, &box);
        if (!t) t = free_place(all);
        if (!t) continue;
        put(t, p, &box, now);
        taken[t - all->t] = true;
        ret[i] = t;
    }
    for (size_t i = 0; i < GL_TRACKS; i++)
        if (seen->looked == GL_TRUE && all->t[i].used && !taken[i]) all->t[i].missed++;
}

bool gl_track_over(const struct gl_track *t, int64_t mono) {
    int64_t gone = mono - t->last;
    return t->used && ((gone >= GL_TRACK_ENDS_MS && t->missed >= GL_TRACK_MISSED) || gone >= GL_TRACK_FORGOTTEN_MS);
}

void gl_track_clear(struct gl_track *t) {
    gl_buf_free(&t->scene);
    gl_buf_free(&t->crop);
    *t = (struct gl_track){.used = false};
}

/* How far it has gone that way; 1 = as far as it takes to be sure, negative = the other way. */
static double along(const struct gl_track *t, enum gl_way way) {
    double x = (t->now.x - t->from.x) / fmax(t->from.w, t->now.w), y = (t->now.y - t->from.y) / fmax(t->from.h, t->now.h);
    double grown = t->now.h >= t->from.h ? t->now.h / t->from.h - 1 : 1 - t->from.h / t->now.h;
    const double by_way[] = {[GL_WAY_NONE] = 0,        [GL_WAY_GROWS] = grown / GROWN, [GL_WAY_DOWN] = y / MOVED,
                             [GL_WAY_UP] = -y / MOVED, [GL_WAY_LEFT] = -x / MOVED,     [GL_WAY_RIGHT] = x / MOVED};
    return by_way[way];
}

enum gl_toward gl_track_toward(const struct gl_track *t, enum gl_way approach) {
    double moved = along(t, approach);
    return moved >= 1 ? GL_TOWARD_APPROACH : moved <= -1 ? GL_TOWARD_LEAVE : GL_TOWARD_NONE;
}
