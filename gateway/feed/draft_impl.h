/* What the parts of the drafting engine share. */
#pragma once
#include "feed/draft.h"
#include "model/lodged_impl.h"

/* Between these two everything is emptied where a record begins. */
#define FIRST_OF_RECORD left_out
#define LAST_OF_RECORD inside

/* The stages' means into the record, in their order. */
int gl_draft_take_means(struct gl_draft *d, struct gl_error *err) GL_MUST_USE;

/* "stands twice where once is right". */
int gl_draft_twice(struct gl_error *err);
