#include "video/look.h"

#include <errno.h>
#include <libavutil/frame.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "frames/reader.h"
#include "frames/region.h"
#include "frames/seen.h"
#include "video/jpeg.h"
#include "video/motion.h"

enum { SCENE_WIDEST = 1280, CROP_WIDEST = 640, LIVELY_MS = 2500, SCENE_AGAIN_MS = 2000 };
#define NEARLY_AS_GOOD 0.95

struct gl_looker {
    struct gl_reader *reader;
    struct gl_region region;
    struct gl_motion motion;
    struct gl_attention attention;
    bool always;
    int64_t rate;
    int64_t lively_until; /* something moved, or a plate was there, a moment ago */
    int64_t looked, told; /* when last */
    double scene_worth;   /* of the best whole frame of late */
    int64_t scene_at;
};

/* ---- opening ----------------------------------------------------------------------------------------------------------------------- */
/* "EE,LV,LT" */
static int take_countries(const char *text, struct gl_reader_options *o, struct gl_error *err) {
    size_t n = 0;
    for (const char *p = text; p && *p; p += *p == ',' || *p == ' ') {
        size_t len = strcspn(p, ", ");
        if (len != 2 || n == GL_PLATE_HINTS || gl_copyn(o->countries[n++], 3, p, len) < 0)
            return gl_fail(err, -EINVAL, "countries: \"%.60s\" must read as EE,LV,LT: ISO 3166 codes, at most %d", text,
                           GL_PLATE_HINTS);
        p += len;
    }
    return 0;
}

int gl_looker_open(const struct gl_settings *settings, struct gl_looker **ret, struct gl_error *err) {
    char models[GL_PATH + 16];
    struct gl_reader_options o = {.models = models};
    struct gl_looker *l = calloc(1, sizeof *l);
    if (!l) return gl_fail(err, -ENOMEM, "out of memory");
    const char *trigger = gl_setting_text(settings, "trigger");
    l->always = trigger && strcmp(trigger, "always") == 0;
    l->attention.by_loop = trigger && strcmp(trigger, "loop") == 0;
    l->rate = gl_setting_int(settings, "rate", 5);
    const char *given = gl_setting_text(settings, "models");
    int rc = given ? gl_copy(models, sizeof models, given) : gl_reader_models(models, sizeof models, err);
    if (rc == 0) rc = gl_region_parse(gl_setting_text(settings, "region"), &l->region, err);
    if (rc == 0) rc = take_countries(gl_setting_text(settings, "countries"), &o, err);
    if (rc == 0) rc = gl_reader_open(&o, &l->reader, err);
    if (rc < 0) {
        free(l);
        return rc;
    }
    gl_motion_init(&l->motion, &l->region);
    *ret = l;
    return 0;
}

int64_t gl_looker_rate(const struct gl_looker *l) {
    return l->rate;
}

void gl_looker_free(struct gl_looker *l) {
    if (l) gl_reader_free(l->reader);
    free(l);
}

/* ---- plates ------------------------------------------------------------------------------------------------------------------------ */

/* From the picture's pixels to the frame's. */
static int64_t to_frame(double v, double scale, int64_t most) {
    double f = floor(v * scale);
    return f < 0 ? 0 : f > (double)most ? most : (int64_t)f;
}

static void copy_read(const struct gl_plate_read *p, struct gl_seen_plate *out) {
    gl_clip(out->text, sizeof out->text, p->text);
    gl_clip(out->raw, sizeof out->raw, p->raw);
    gl_clip(out->country, sizeof out->country, p->country);
    out->confidence = p->confidence;
    for (; out->n_candidates < p->n_candidates && out->n_candidates < GL_COUNT(out->candidates); out->n_candidates++) {
        struct gl_candidate *c = &out->candidates[out->n_candidates];
        gl_clip(c->text, sizeof c->text, p->candidates[out->n_candidates].text);
        c->confidence = p->candidates[out->n_candidates].confidence;
    }
    for (; out->n_characters < p->n_characters && out->n_characters < GL_PLATE_CHARACTERS; out->n_characters++)
        out->characters[out->n_characters] = p->characters[out->n_characters];
}

static void add_plate(struct gl_looker *l, const struct gl_plate_read *p, int left, int top, double scale, struct gl_seen *s) {
    double x = (left + (p->box.x1 + p->box.x2) / 2.0) * scale, y = (top + (p->box.y1 + p->box.y2) / 2.0) * scale;
    if (s->n_plates == GL_SEEN_PLATES || !gl_region_holds(&l->region, x / (double)s->width, y / (double)s->height)) return;
    struct gl_seen_plate *out = &s->plates[s->n_plates++];
    out->x = to_frame(left + p->box.x1, scale, s->width - 1);
    out->y = to_frame(top + p->box.y1, scale, s->height - 1);
    out->w = to_frame(left + p->box.x2, scale, s->width) - out->x;
    out->h = to_frame(top + p->box.y2, scale, s->height) - out->y;
    if (out->w < 1) out->w = 1;
    if (out->h < 1) out->h = 1;
    copy_read(p, out);
}

static int read_plates(struct gl_looker *l, const struct gl_picture *whole, struct gl_seen *s, struct gl_error *err) {
    double left, top, right, bottom;
    struct gl_plates plates;
    gl_region_box(&l->region, &left, &top, &right, &bottom);
    int x = (int)(left * whole->width), y = (int)(top * whole->height);
    struct gl_picture part = gl_picture_view(whole, x, y, (int)(right * whole->width) - x, (int)(bottom * whole->height) - y);
    if (part.width < GL_PICTURE_LEAST || part.height < GL_PICTURE_LEAST) return 0;
    int rc = gl_reader_read(l->reader, &part, &plates, err);
    for (int i = 0; rc == 0 && i < plates.n; i++) add_plate(l, &plates.plate[i], x, y, whole->scale, s);
    return rc;
}

/* ---- pictures ---------------------------------------------------------------------------------------------------------------------- */
static void add_picture(struct gl_seen *s, int64_t plate, const char *role, const AVFrame *f, const struct gl_seen_plate *part,
                        struct gl_buf *bytes) {
    size_t before = bytes->len;
    struct gl_seen_picture *p = &s->pictures[s->n_pictures];
    int64_t mx = part ? part->w / 4 : 0, my = part ? part->h / 2 : 0;
    int rc = part ? gl_jpeg_part(f, (int)(part->x - mx), (int)(part->y - my), (int)(part->w + 3 * mx), (int)(part->h + 3 * my),
                                 CROP_WIDEST, bytes)
                  : gl_jpeg_part(f, 0, 0, f->width, f->height, SCENE_WIDEST, bytes);
    if (rc < 0 || bytes->len - before > GL_SEEN_PICTURE || bytes->len > GL_SEEN_BYTES) {
        bytes->len = before; /* the reading comes without it */
        return;
    }
    *p = (struct gl_seen_picture){.plate = plate, .bytes = (int64_t)(bytes->len - before)};
    gl_clip(p->role, sizeof p->role, role);
    s->n_pictures++;
}

/* The whole frame is worth its time only where a plate is seen about as well as in the best one of late. */
static bool scene_wanted(struct gl_looker *l, const struct gl_seen *s, int64_t mono) {
    double worth = 0;
    for (size_t i = 0; i < s->n_plates; i++) worth = fmax(worth, s->plates[i].confidence + (double)s->plates[i].h / 1000.0);
    if (s->n_plates == 0 || (mono - l->scene_at < SCENE_AGAIN_MS && worth < l->scene_worth * NEARLY_AS_GOOD)) return false;
    l->scene_worth = worth;
    l->scene_at = mono;
    return true;
}

/* ---- a frame ----------------------------------------------------------------------------------------------------------------------- */
static int look(struct gl_looker *l, const struct gl_shot *shot, int64_t mono, struct gl_seen *s, struct gl_buf *pictures,
                struct gl_error *err) {
    GL_CLEANUP(gl_picture_free) struct gl_picture grey = {0};
    int rc = gl_picture_from_frame(shot->frame, 0, &grey, err);
    if (rc < 0) return rc;
    bool moving = gl_motion_step(&l->motion, grey.grey, grey.width, grey.height, grey.stride) >= GL_MOTION_LEAST;
    s->moving = gl_tri(moving);
    if (moving) l->lively_until = mono + LIVELY_MS;
    if (!l->always && mono >= l->lively_until && mono - l->looked < GL_LOOK_IDLE_MS) return 0;
    l->looked = mono;
    s->looked = GL_TRUE;
    rc = read_plates(l, &grey, s, err);
    if (rc < 0) return rc;
    if (s->n_plates > 0) l->lively_until = mono + LIVELY_MS;
    for (size_t i = 0; i < s->n_plates; i++) add_picture(s, (int64_t)i, "plate", shot->frame, &s->plates[i], pictures);
    if (scene_wanted(l, s, mono)) add_picture(s, GL_INT_NULL, "scene", shot->frame, NULL, pictures);
    return 0;
}

int gl_looker_look(struct gl_looker *l, const struct gl_shot *shot, const struct gl_lane_heard *heard, int64_t mono,
                   struct gl_buf *out, struct gl_error *err) {
    GL_CLEANUP(gl_buf_free) struct gl_buf pictures = GL_BUF(GL_SEEN_BYTES + GL_SEEN_PICTURE);
    GL_CLEANUP(gl_freep) struct gl_seen *s = malloc(sizeof *s);
    if (!s) return gl_fail(err, -ENOMEM, "out of memory");
    memset(s, 0, sizeof *s);
    s->frame = shot->number;
    s->looked = GL_FALSE;
    s->width = shot->frame->width;
    s->height = shot->frame->height;
    enum gl_attends attends = gl_attention_step(&l->attention, heard, mono);
    if (attends == GL_ATTENDS_ANEW) l->lively_until = mono + LIVELY_MS;
    int rc = attends == GL_ATTENDS_NOT ? 0 : look(l, shot, mono, s, &pictures, err);
    if (rc < 0) return rc;
    if (s->looked != GL_TRUE && mono - l->told < GL_LOOK_ALIVE_MS) return 0;
    l->told = mono;
    int64_t age = gl_now_read().mono - shot->mono;
    s->age = age > 0 ? age : 0;
    gl_seen_write(s, out);
    gl_buf_add(out, pictures.data, pictures.len);
    return out->failed ? gl_fail(err, -ENOMEM, "out of memory") : 1;
}
