/* The formats of files that are not Greenlane's own; import.c has the table of them. */
#pragma once
#include "feed/draft.h"

extern const struct gl_format gl_format_ncts;
extern const struct gl_format gl_format_asycuda, gl_format_ics1, gl_format_wco;
extern const struct gl_format gl_format_gvms;
extern const struct gl_format gl_format_gvms_reference;
extern const struct gl_format gl_format_digitoll;
extern const struct gl_format gl_format_digitoll_routing;
extern const struct gl_format gl_format_digitoll_other;
extern const struct gl_format gl_format_ace;
extern const struct gl_format gl_format_ace_answer;
