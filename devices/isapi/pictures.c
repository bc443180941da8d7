#include "isapi/pictures.h"

#include <errno.h>
#include <string.h>

#include "isapi/values.h"

int gl_isapi_pictures_add(struct gl_isapi_pictures *pics, const struct gl_part *part, const uint8_t *bytes, size_t len) {
    if (pics->n == GL_ISAPI_PICTURES_MAX || len > GL_ISAPI_PICTURES_BYTES - pics->bytes) return -ENOSPC;
    struct gl_buf data = GL_BUF(len);
    gl_buf_add(&data, bytes, len);
    if (data.failed) {
        gl_buf_free(&data);
        return -ENOMEM;
    }
    gl_clip(pics->p[pics->n].name, sizeof pics->p[0].name, part->name);
    gl_clip(pics->p[pics->n].filename, sizeof pics->p[0].filename, part->filename);
    pics->p[pics->n].data = data;
    pics->n++;
    pics->bytes += len;
    return 0;
}

/* By the part's name, else by the picture's id in the event's list, else, for parts without any name, by their place in it. */
static const char *role_of(const struct gl_isapi_pictures *pics, size_t i, const struct gl_isapi_event *ev, size_t place) {
    const char *name = pics->p[i].name, *filename = pics->p[i].filename;
    const char *role = gl_isapi_picture_role(name);
    if (!role) role = gl_isapi_picture_role(filename);
    for (size_t k = 0; !role && k < ev->n_pictures; k++) {
        const struct gl_isapi_picture *listed = &ev->pictures[k];
        if (listed->id[0] && (strstr(filename, listed->id) || strstr(name, listed->id)))
            role = gl_isapi_picture_role(listed->type[0] ? listed->type : listed->file);
    }
    if (!role && !name[0] && !filename[0] && place < ev->n_pictures) role = gl_isapi_picture_role(ev->pictures[place].type);
    return role ? role : "picture";
}

void gl_isapi_pictures_attach(const struct gl_isapi_pictures *pics, const struct gl_isapi_event *ev, size_t before,
                              struct gl_attachment out[GL_ISAPI_PICTURES_MAX]) {
    for (size_t i = 0; i < pics->n; i++) {
        const struct gl_buf *b = &pics->p[i].data;
        out[i] = (struct gl_attachment){role_of(pics, i, ev, before + i), "image/jpeg", (const uint8_t *)b->data, b->len};
    }
}

void gl_isapi_pictures_clear(struct gl_isapi_pictures *pics) {
    for (size_t i = 0; i < pics->n; i++) gl_buf_free(&pics->p[i].data);
    pics->n = pics->bytes = 0;
}
