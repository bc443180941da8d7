/* Protocol `frames`: a video without any words. The module anpr-frames (plugins/anpr/video/) takes pictures in and says what each showed
 * (seen.h); here it becomes readings: plates of one vehicle are followed from frame to frame (track.h), and vote (vote.h).
 *
 *     frames ──► tracks ──► sure enough, or over, or long enough ──► one reading, with the best frame and the plate's crop
 *                              └── clearly better afterwards ──► another one
 *
 * A plate that was followed and could not be read is a reading with an empty text: somebody is there. What was seen in one frame alone
 * and not read is nothing: a sign, a grille. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "frames/region.h"
#include "frames/track.h"
#include "protocol.h"

/* A vote of so much is told at once, when the way of driving is known, too; one below `READABLE` is none. */
#define SURE 0.9
#define READABLE 0.5
#define CLEARLY 0.1 /* surer than told before: told again */
enum { SURE_FRAMES = 3, TOLD_MOST = 3, UNREAD_WINDOWS = 3 };

struct frames {
    const struct gl_sink *sink;
    enum gl_way approach;
    int64_t vote_ms, min_height;
    struct gl_tracks tracks;
    struct gl_seen seen;
    struct gl_track *tracks_of[GL_SEEN_PLATES]; /* of the frame whose pictures come */
    struct gl_buf line, picture;
    bool in_pictures;
    uint16_t next_picture;
};

/* In the order of enum gl_way. */
static const char *const ways[] = {"none", "grows", "down", "up", "left", "right", NULL};
static const char *const triggers[] = {"motion", "loop", "always", NULL};
static const struct gl_setting settings[] = {
    {"region", GL_SET_TEXT, NULL, NULL, 0, 0,
     "where plates are looked for: x1,y1,x2,y2 in per cent of the picture, or the corners of a polygon x,y x,y x,y"},
    {"trigger", GL_SET_CHOICE, "motion", triggers, 0, 0,
     "motion: frames in which something moves are worked on, and one every two seconds; loop: so while a vehicle is in the lane; "
     "always: every one"},
    {"rate", GL_SET_INT, "5", NULL, 1, 25, "most frames worked on in a second; about 50 ms of one core each"},
    {"countries", GL_SET_TEXT, NULL, NULL, 0, 0, "whose plates are expected most, ISO 3166: \"EE,LV,LT\"; never a filter"},
    {"min_height", GL_SET_INT, "0", NULL, 0, 1000, "plates lower than so many pixels are passed over: vehicles further back"},
    {"vote", GL_SET_DURATION, "800ms", NULL, 0, 10000,
     "how long frames vote on a plate before it is told, unless they are sure sooner"},
    {"models", GL_SET_TEXT, NULL, NULL, 0, 0, "folder with the reader's models, where not those that came with it"},
    {"direction", GL_SET_CHOICE, "grows", ways, 0, 0,
     "how the plate of an approaching vehicle moves in the picture; none: no direction is told"},
};

static int frames_open(void *state, const struct gl_settings *s, const struct gl_sink *sink, struct gl_error *err) {
    struct frames *f = state;
    struct gl_region region;
    const char *way = gl_setting_text(s, "direction");
    f->sink = sink;
    f->vote_ms = gl_setting_ms(s, "vote", 800);
    f->min_height = gl_setting_int(s, "min_height", 0);
    f->line = GL_BUF(GL_SEEN_LINE);
    f->picture = GL_BUF(GL_SEEN_PICTURE);
    for (int i = 0; way && ways[i]; i++)
        if (strcmp(ways[i], way) == 0) f->approach = (enum gl_way)i;
    return gl_region_parse(gl_setting_text(s, "region"), &region, err);
}

/* ---- readings ------------------------------------------------------------------------------------------------------------------------ */
static size_t attachments(const struct gl_track *t, struct gl_attachment out[2]) {
    size_t n = 0;
    const struct gl_buf *pictures[] = {&t->crop, &t->scene};
    static const char *const roles[] = {"plate", "scene"};
    for (size_t i = 0; i < 2; i++)
        if (pictures[i]->len > 0)
            out[n++] = (struct gl_attachment){roles[i], "image/jpeg", (const uint8_t *)pictures[i]->data, pictures[i]->len};
    return n;
}

static void fill_plate(struct gl_reading *r, const struct gl_vote_result *v, bool readable) {
    r->n_candidates = v->n_candidates;
    memcpy(r->candidates, v->candidates, sizeof v->candidates);
    if (v->n_candidates > 0) r->confidence = v->candidates[0].confidence;
    if (!readable) return;
    gl_clip(r->value.plate.text, sizeof r->value.plate.text, v->candidates[0].text);
    gl_clip(r->value.plate.country, sizeof r->value.plate.country, v->country);
    r->value.plate.n_characters = v->n_characters;
    memcpy(r->value.plate.characters, v->characters, sizeof v->characters);
}

static void tell(struct frames *f, struct gl_track *t, const struct gl_vote_result *v, bool readable) {
    struct gl_reading r;
    struct gl_attachment att[2];
    gl_reading_init(&r, GL_READING_PLATE);
    fill_plate(&r, v, readable);
    r.time = t->began;
    r.value.plate.direction = (uint8_t)gl_track_toward(t, f->approach);
    t->told++;
    gl_clip(t->told_text, sizeof t->told_text, r.value.plate.text);
    t->told_toward = r.value.plate.direction;
    t->told_sure = readable ? v->candidates[0].confidence : 0;
    f->sink->reading(f->sink->user, &r, att, attachments(t, att));
}

static bool better_than_told(const struct frames *f, const struct gl_track *t, const struct gl_vote_result *v, bool readable) {
    if (t->told == 0) return true;
    if (t->told >= TOLD_MOST || !readable) return false;
    if (t->told_text[0] == '\0') return true;
    if (t->told_toward == GL_TOWARD_NONE && gl_track_toward(t, f->approach) != GL_TOWARD_NONE) return true;
    double sure = v->candidates[0].confidence, more = sure - t->told_sure;
    if (more >= CLEARLY || (sure >= SURE && t->told_sure < SURE)) return true;
    return more > 0 && v->agree >= SURE_FRAMES && strcmp(v->candidates[0].text, t->told_text) != 0;
}

/* Whether it is time to tell what is known of a vehicle. mono: now. */
static bool due(const struct frames *f, const struct gl_track *t, const struct gl_vote_result *v, bool readable, int64_t mono) {
    bool over = gl_track_over(t, mono);
    if (t->frames < 2) return over && readable && v->candidates[0].confidence >= SURE;
    if (over) return true;
    bool way = f->approach == GL_WAY_NONE || gl_track_toward(t, f->approach) != GL_TOWARD_NONE;
    if (way && readable && v->agree >= SURE_FRAMES && v->candidates[0].confidence >= SURE) return true;
    return mono - t->first >= (readable ? f->vote_ms : f->vote_ms * UNREAD_WINDOWS);
}

static void judge(struct frames *f, struct gl_track *t, int64_t mono) {
    struct gl_vote_result v;
    gl_vote_count(&t->vote, &v);
    bool readable = v.n_candidates > 0 && v.candidates[0].confidence >= READABLE;
    if (due(f, t, &v, readable, mono) && better_than_told(f, t, &v, readable)) tell(f, t, &v, readable);
}

static void judge_all(struct frames *f, int64_t mono) {
    for (size_t i = 0; i < GL_TRACKS; i++) {
        struct gl_track *t = &f->tracks.t[i];
        if (!t->used) continue;
        judge(f, t, mono);
        if (gl_track_over(t, mono)) gl_track_clear(t);
    }
}

static int64_t end_of_all(const struct frames *f) {
    int64_t last = 0;
    for (size_t i = 0; i < GL_TRACKS; i++)
        if (f->tracks.t[i].used && f->tracks.t[i].last > last) last = f->tracks.t[i].last;
    return last + GL_TRACK_FORGOTTEN_MS;
}

/* ---- a frame and its pictures -------------------------------------------------------------------------------------------------------- */
static void keep(struct gl_buf *kept, double *worth, double offered, const struct gl_buf *picture) {
    if (kept->len > 0 && offered < *worth) return;
    gl_buf_free(kept);
    *kept = GL_BUF(GL_SEEN_PICTURE);
    gl_buf_add(kept, picture->data, picture->len);
    if (kept->failed) gl_buf_free(kept);
    *worth = offered;
}

/* The picture of a plate goes to its vehicle; the whole frame to every vehicle in it that is seen best there. */
static void take_picture(struct frames *f, const struct gl_seen_picture *p) {
    for (size_t i = 0; i < f->seen.n_plates; i++) {
        const struct gl_seen_plate *plate = &f->seen.plates[i];
        struct gl_track *t = f->tracks_of[i];
        double worth = (isnan(plate->confidence) ? 0 : plate->confidence) + (double)plate->h / 1000.0;
        if (!t || (p->plate != GL_INT_NULL && p->plate != (int64_t)i)) continue;
        if (p->plate == GL_INT_NULL)
            keep(&t->scene, &t->scene_worth, worth, &f->picture);
        else
            keep(&t->crop, &t->crop_worth, worth, &f->picture);
    }
}

static void frame_done(struct frames *f, struct gl_now now) {
    f->in_pictures = false;
    gl_buf_reset(&f->line);
    judge_all(f, now.mono);
}

static int take_line(struct frames *f, struct gl_now now) {
    struct gl_error err = {""};
    if (gl_seen_parse(f->line.data, f->line.len, &f->seen, &err) < 0) {
        f->sink->refused(f->sink->user, "frame_malformed", err.text);
        return -EBADMSG;
    }
    struct gl_now taken = {now.wall - f->seen.age, now.mono - f->seen.age};
    gl_tracks_add(&f->tracks, &f->seen, f->min_height, taken, f->tracks_of);
    f->sink->alive(f->sink->user);
    f->next_picture = 0;
    f->in_pictures = f->seen.n_pictures > 0;
    gl_buf_reset(&f->picture);
    if (!f->in_pictures) frame_done(f, now);
    return 0;
}

/* Bytes up to the end of the line; those used. */
static int take_line_bytes(struct frames *f, const uint8_t *bytes, size_t len, struct gl_now now) {
    const uint8_t *end = memchr(bytes, '\n', len);
    size_t n = end ? (size_t)(end - bytes) : len;
    gl_buf_add(&f->line, bytes, n);
    if (f->line.failed) {
        f->sink->refused(f->sink->user, "line_too_long", "more than 65536 bytes without a line feed");
        return -EBADMSG;
    }
    int rc = end ? take_line(f, now) : 0;
    return rc < 0 ? rc : (int)(n + (end ? 1 : 0));
}

static int take_picture_bytes(struct frames *f, const uint8_t *bytes, size_t len, struct gl_now now) {
    const struct gl_seen_picture *p = &f->seen.pictures[f->next_picture];
    size_t missing = (size_t)p->bytes - f->picture.len, n = len < missing ? len : missing;
    gl_buf_add(&f->picture, bytes, n);
    if (f->picture.failed) return -ENOMEM;
    if (n < missing) return (int)n;
    take_picture(f, p);
    gl_buf_reset(&f->picture);
    if (++f->next_picture == f->seen.n_pictures) frame_done(f, now);
    return (int)n;
}

/* ---- the protocol -------------------------------------------------------------------------------------------------------------------- */
static void forget_input(struct frames *f) {
    f->line.failed = f->picture.failed = false;
    gl_buf_reset(&f->line);
    gl_buf_reset(&f->picture);
    f->in_pictures = false;
}

static void frames_begin(void *state, const char *content_type GL_UNUSED, struct gl_now now GL_UNUSED) {
    forget_input(state);
}

static int frames_bytes(void *state, const uint8_t *bytes, size_t len, struct gl_now now) {
    struct frames *f = state;
    while (len > 0) {
        size_t part = len < GL_SEEN_PICTURE ? len : GL_SEEN_PICTURE;
        int n = f->in_pictures ? take_picture_bytes(f, bytes, part, now) : take_line_bytes(f, bytes, part, now);
        if (n < 0) {
            forget_input(f);
            return n;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The video is gone: whoever was in it is told with what is known. */
static void frames_end(void *state, bool complete GL_UNUSED, struct gl_now now) {
    struct frames *f = state;
    int64_t end = end_of_all(f);
    forget_input(f);
    judge_all(f, end > now.mono ? end : now.mono);
}

static int frames_timer(void *state, struct gl_now now) {
    struct frames *f = state;
    if (!f->in_pictures) judge_all(f, now.mono);
    return 0;
}

static void frames_close(void *state) {
    struct frames *f = state;
    for (size_t i = 0; i < GL_TRACKS; i++) gl_track_clear(&f->tracks.t[i]);
    gl_buf_free(&f->line);
    gl_buf_free(&f->picture);
}

const struct gl_protocol gl_protocol_frames = {
    .abi = GL_PROTOCOL_ABI,
    .size = sizeof(struct gl_protocol),
    .name = "frames",
    .title = "Plates from pictures: any camera's video, read here",
    .transports = GL_TRANSPORT_VIDEO,
    .silence_ms = 10000,
    .settings = settings,
    .n_settings = GL_COUNT(settings),
    .module = "anpr-frames",
    .state_size = sizeof(struct frames),
    .open = frames_open,
    .begin = frames_begin,
    .bytes = frames_bytes,
    .end = frames_end,
    .timer = frames_timer,
    .close = frames_close,
};
