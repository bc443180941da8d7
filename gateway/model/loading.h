/* What the deciding process and the loader say to each other. The loader builds a collection aside from a snapshot; between BEGIN and FINISH it
 * gets the snapshot's records, and every later numbered change, as feed records. */
#pragma once
#include "model/lodged.h"

enum gl_load_what {
    GL_LOAD_NONE,
    GL_LOAD_BEGIN,   /* epoch, seq: what the snapshot stands for */
    GL_LOAD_VOID,    /* ref, epoch, seq: a record of it was refused */
    GL_LOAD_FINISH,  /* everything on disk; then it answers */
    GL_LOAD_ABANDON, /* forget it */
    GL_LOAD_SWEEP    /* the collection has taken its place: delete the old one */
};

struct gl_load_order {
    uint8_t what;       /* enum gl_load_what */
    uint8_t collection; /* enum gl_collection */
    int64_t job;        /* this load; comes back in the answer */
    char epoch[41];
    int64_t seq;
    struct gl_ref ref;
};

struct gl_load_answer {
    uint8_t collection;
    int64_t job;
    uint8_t ok;       /* tri: finished; false: given up */
    int64_t records;  /* in the new collection */
    char reason[201]; /* when it was given up */
};

extern const struct gl_fields gl_load_order_fields, gl_load_answer_fields;
