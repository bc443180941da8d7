/* The text of `greenlane check FILE`: every error with its place, or one line per lane of what was understood. */
#pragma once
#include "base/buf.h"

enum { GL_CHECK_ERRORS = 100 /* most errors shown at once */ };

struct gl_config_error;

/* "post.yaml:14:22: what is wrong; what would be right"; without the numbers when the whole file is meant. No line end. */
void gl_config_error_text(const struct gl_config_error *e, struct gl_buf *out);

/* Checks a file, with its plugins, and appends the text to print. 0: the file is good. 1: it is not. Negative errno: out of memory. */
int gl_config_check(const char *file, struct gl_buf *out) GL_MUST_USE;
