/* What one picture of a video showed: the language between the process's two halves. The module that holds the decoder and the reader
 * (plugins/anpr/video/) says it, the codec (codec.c) hears it; so the codec stays pure, and can be fed from a file as any other.
 *
 *     {"frame":17,"age":62,"width":1280,"height":720,"moving":true,"looked":true,
 *      "plates":[{"text":"AB123CD","confidence":0.93,"x":512,"y":402,"w":150,"h":34,"candidates":[{"text":"AB123CD","confidence":0.93}],"characters":[...]}],
 *      "pictures":[{"plate":0,"role":"plate","bytes":4711},{"plate":null,"role":"scene","bytes":80123}]}\n
 *     4711 bytes, then 80123 bytes, and then the next line
 *
 * One line of JSON, then the bytes of its pictures, in the order of the list. */
#pragma once
#include "model/reading.h"

enum {
    GL_SEEN_LINE = 64 * 1024, /* bytes of a line */
    GL_SEEN_PLATES = 8,
    GL_SEEN_PICTURES = GL_SEEN_PLATES + 1,
    GL_SEEN_PICTURE = 1024 * 1024,  /* bytes of one picture */
    GL_SEEN_BYTES = 2 * 1024 * 1024 /* of all pictures of a frame */
};

/* A place in the picture that looks like a plate, and what was read there. In pixels of the whole frame. */
struct gl_seen_plate {
    char text[GL_PLATE]; /* "" = not readable */
    char raw[GL_PLATE];  /* what the net alone says, without national formats */
    char country[GL_COUNTRY];
    double confidence;
    int64_t x, y, w, h;
    uint16_t n_candidates;
    struct gl_candidate candidates[10];
    uint16_t n_characters;
    double characters[GL_PLATE - 1];
};

struct gl_seen_picture {
    int64_t plate; /* index of its plate; GL_INT_NULL = the whole frame */
    char role[16]; /* "plate", "scene" */
    int64_t bytes;
};

struct gl_seen {
    int64_t frame; /* counted from 1 since the source was opened */
    int64_t age;   /* ms since it was taken */
    int64_t width, height;
    uint8_t moving; /* tri: something moves in it */
    uint8_t looked; /* tri: plates were looked for; else it only says that pictures come */
    uint16_t n_plates;
    struct gl_seen_plate plates[GL_SEEN_PLATES];
    uint16_t n_pictures;
    struct gl_seen_picture pictures[GL_SEEN_PICTURES];
};

extern const struct gl_fields gl_seen_fields;

/* A line without its line feed; -EINVAL with the cause. Boxes lie within the frame, pictures within their bounds. */
int gl_seen_parse(const char *line, size_t len, struct gl_seen *out, struct gl_error *err) GL_MUST_USE;

/* The line with its line feed, appended. */
void gl_seen_write(const struct gl_seen *s, struct gl_buf *out);
