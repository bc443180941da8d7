/* Plates as text: the keys by which one plate is the same in every alphabet and spelling, and declared identities that hold several.
 * Pure functions; texts are UTF-8 and borrowed. A key is for comparing only: what is shown and kept as evidence is the text itself. */
#pragma once
#include "model/reading.h"

enum {
    GL_PLATE_KEYS = 4, /* most keys of one plate */
    GL_PLATE_KEY = 65  /* room for a key, and for one piece of a declared identity */
};

struct gl_plate_keys {
    uint8_t n;
    char key[GL_PLATE_KEYS][GL_PLATE_KEY];
};

/* The canonical keys of one plate text; two plates are the same when they share a key. Letters and digits alone count: upper case, digits of
 * every script as 0-9, full-width forms, Cyrillic and Greek look-alikes and Latin letters with marks as plain A-Z; other letters stay as they
 * are. Umlauts and their kin give two keys ("SÖ" = SO and SOE). A text that says where a character could not be read ('?', '*', U+FFFD) has
 * no key: what is left of it would be another plate. Returns 0 with n = 0 when nothing is left; -ENAMETOOLONG (longer than a key), -EILSEQ
 * (not UTF-8), both with n = 0. */
int gl_plate_keys(const char *text, struct gl_plate_keys *ret) GL_MUST_USE;

/* True when both have a key in common. */
bool gl_plate_keys_meet(const struct gl_plate_keys *a, const struct gl_plate_keys *b);

struct gl_plate_part {
    char text[GL_PLATE_KEY];
    uint8_t role; /* enum gl_role: the first is the vehicle, the others are trailers */
};

/* Splits a declared identity ("KA2139AB/KA8278AB") at '/', ',', ';', '+', '|' or two or more blanks; "AB29 3824" stays one. Pieces are trimmed;
 * those without a plate in them are dropped. Returns how many were written; -ENAMETOOLONG when a piece does not fit, -E2BIG when there are
 * more than max: parts are then not to be used. */
int gl_plate_split(const char *text, struct gl_plate_part *parts, size_t max) GL_MUST_USE;

/* True for what cameras and forms write when there is no plate: "", "-", "unknown", "noPlate", "???", ... */
bool gl_plate_looks_like_none(const char *text);
