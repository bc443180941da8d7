/* Masses as people and programs write them, to whole grams. */
#pragma once
#include "base/base.h"

/* A decimal number with at most 9 digits before the point, and its unit: "kg" ("k", "kgm", "kgs"), "t" ("tne"), "lb" ("l",
 * "lbs", "lbr") or "g" ("grm"); case does not matter. Rounded to the nearest gram. -EINVAL: no such number; -ENOTSUP: no such unit. */
int gl_mass_parse(const char *text, const char *unit, int64_t *ret_grams) GL_MUST_USE;
