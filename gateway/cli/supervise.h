/* What `greenlane run` starts, and when it starts it again. Pure. */
#pragma once
#include "config/config.h"

enum {
    GL_RUN_DELAY_FIRST_MS = 500,
    GL_RUN_DELAY_MOST_MS = 30000,
    GL_RUN_SETTLED_MS = 60000, /* who has lived for so long is well: the delay begins anew */
    GL_RUN_PROGRAMS = 3 + GL_MAX_LANES * (GL_MAX_DEVICES + 1)
};

enum gl_program_kind { GL_PROGRAM_GREENLANED, GL_PROGRAM_LOADER, GL_PROGRAM_LINK, GL_PROGRAM_DEVICE };

struct gl_program {
    enum gl_program_kind kind;
    char name[GL_ID];   /* for people: "greenlaned", "greenlane-link", or the id of the device */
    char program[20];   /* the file beside our own */
    char device[GL_ID]; /* greenlane-device: --device */
};

/* Fills list[GL_RUN_PROGRAMS], in the order of starting; returns how many. The link is left out without a broker, and when
 * with_link is false. */
int gl_run_plan(const struct gl_config *c, bool with_link, struct gl_program *list);

/* How long to wait before the next start of a program that waited last_ms before this one (0 = it was its first) and lived for
 * lived_ms. */
int64_t gl_run_delay(int64_t last_ms, int64_t lived_ms);
