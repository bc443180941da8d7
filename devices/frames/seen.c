/* The table of what a frame showed. */
#include "frames/seen.h"

#include <errno.h>

#define SHARE(T, m, fl) \
    { .name = #m, .type = GL_F_REAL, .flags = (fl), .min = 0, .max = 1, GL_AT(T, m) }
#define SHARES(T, m, fl) \
    { .name = #m, .type = GL_F_REAL, .flags = (fl), .min = 0, .max = 1, GL_AT_LIST(T, m) }

enum { SIDE_MAX = 16384 };

static const struct gl_field candidate_f[] = {
    GL_TEXT(gl_candidate, text, GL_REQUIRED),
    SHARE(gl_candidate, confidence, 0),
};
static GL_FIELDS(candidate, gl_candidate);

static const struct gl_field plate_f[] = {
    GL_TEXT(gl_seen_plate, text, 0),
    GL_TEXT(gl_seen_plate, raw, 0),
    GL_TEXT(gl_seen_plate, country, 0),
    SHARE(gl_seen_plate, confidence, 0),
    GL_INT(gl_seen_plate, x, 0, SIDE_MAX, GL_REQUIRED),
    GL_INT(gl_seen_plate, y, 0, SIDE_MAX, GL_REQUIRED),
    GL_INT(gl_seen_plate, w, 1, SIDE_MAX, GL_REQUIRED),
    GL_INT(gl_seen_plate, h, 1, SIDE_MAX, GL_REQUIRED),
    GL_STRUCTS(gl_seen_plate, candidates, &candidate, 0),
    SHARES(gl_seen_plate, characters, 0),
};
static GL_FIELDS(plate, gl_seen_plate);

static const struct gl_field picture_f[] = {
    GL_INT(gl_seen_picture, plate, 0, GL_SEEN_PLATES - 1, 0),
    GL_TEXT(gl_seen_picture, role, GL_REQUIRED),
    GL_INT(gl_seen_picture, bytes, 1, GL_SEEN_PICTURE, GL_REQUIRED),
};
static GL_FIELDS(picture, gl_seen_picture);

static const struct gl_field gl_seen_fields_f[] = {
    GL_INT(gl_seen, frame, 1, INT64_MAX, GL_REQUIRED),
    GL_INT(gl_seen, age, 0, 3600000, GL_REQUIRED),
    GL_INT(gl_seen, width, 1, SIDE_MAX, GL_REQUIRED),
    GL_INT(gl_seen, height, 1, SIDE_MAX, GL_REQUIRED),
    GL_TRI(gl_seen, moving, 0),
    GL_TRI(gl_seen, looked, GL_REQUIRED),
    GL_STRUCTS(gl_seen, plates, &plate, 0),
    GL_STRUCTS(gl_seen, pictures, &picture, 0),
};
GL_FIELDS(gl_seen_fields, gl_seen);

static int check(const struct gl_seen *s, struct gl_error *err) {
    int64_t bytes = 0;
    for (uint16_t i = 0; i < s->n_plates; i++) {
        const struct gl_seen_plate *p = &s->plates[i];
        if (p->x + p->w > s->width || p->y + p->h > s->height)
            return gl_fail(err, -EINVAL, "plates[%u]: its box reaches out of the frame", i);
    }
    for (uint16_t i = 0; i < s->n_pictures; i++) {
        bytes += s->pictures[i].bytes;
        if (s->pictures[i].plate != GL_INT_NULL && s->pictures[i].plate >= s->n_plates)
            return gl_fail(err, -EINVAL, "pictures[%u].plate: there are %u plates", i, s->n_plates);
    }
    return bytes <= GL_SEEN_BYTES ? 0 : gl_fail(err, -EINVAL, "pictures: more than %d bytes together", GL_SEEN_BYTES);
}

int gl_seen_parse(const char *line, size_t len, struct gl_seen *out, struct gl_error *err) {
    int rc = gl_fields_parse(&gl_seen_fields, line, len, out, err);
    return rc < 0 ? rc : check(out, err);
}

void gl_seen_write(const struct gl_seen *s, struct gl_buf *out) {
    gl_fields_to_json(&gl_seen_fields, s, out);
    gl_buf_char(out, '\n');
}
