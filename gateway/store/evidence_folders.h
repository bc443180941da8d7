/* The evidence folders seen from the gateway, which only ever removes: plugins/host/evidence.h says how they are written and named. */
#pragma once
#include "store/journal.h"

/* How the folders stand at `now`; names of at most GL_PURGE_EVIDENCE folders whose hour is over. */
struct gl_evidence_state {
    int64_t folders; /* of any hour */
    int64_t strange; /* entries that no gateway has made: not touched */
    int64_t n_due;   /* folders whose hour is over */
    uint16_t n;      /* of them, named: */
    char due[GL_PURGE_EVIDENCE][GL_EVIDENCE_FOLDER];
};
/* A store that does not exist is empty. Negative errno. */
int gl_evidence_look(const char *root, int64_t now, struct gl_evidence_state *ret) GL_MUST_USE;

/* Removes at most `limit` files of one folder, and the folder when it is empty. 1 = there is more, 0 = it is gone; -EUCLEAN: there is something
 * in it that is no file; another negative errno. */
int gl_evidence_remove(const char *root, const char *folder, int limit) GL_MUST_USE;
