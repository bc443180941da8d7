/* Tables of the messages to and from the loader. */
#include "model/loading.h"

static const char *const orders[] = {NULL, "begin", "void", "finish", "abandon", "sweep", NULL};

static const struct gl_field gl_load_order_fields_f[] = {
    GL_ENUM(gl_load_order, what, orders, GL_REQUIRED), GL_ENUM(gl_load_order, collection, gl_collections, GL_REQUIRED),
    GL_INT(gl_load_order, job, 0, INT64_MAX, 0),       GL_TEXT(gl_load_order, epoch, 0),
    GL_INT(gl_load_order, seq, 0, INT64_MAX, 0),       GL_STRUCT(gl_load_order, ref, &gl_ref_fields, 0),
};
GL_FIELDS(gl_load_order_fields, gl_load_order);

static const struct gl_field gl_load_answer_fields_f[] = {
    GL_ENUM(gl_load_answer, collection, gl_collections, GL_REQUIRED),
    GL_INT(gl_load_answer, job, 0, INT64_MAX, 0),
    GL_TRI(gl_load_answer, ok, 0),
    GL_INT(gl_load_answer, records, 0, INT64_MAX, 0),
    GL_TEXT(gl_load_answer, reason, 0),
};
GL_FIELDS(gl_load_answer_fields, gl_load_answer);
