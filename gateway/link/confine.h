/* What the link may still do once it is configured: no new privileges, no programs, no file but those it must read. */
#pragma once
#include "base/base.h"

/* Enters it, for good. read: folders or files that stay readable, beside what name look-ups and TLS need; NULL entries and "" are
 * passed over. Without landlock in the kernel the rest still holds, and a notice says so. Negative when what must hold cannot be
 * set. */
int gl_link_confine(const char *const *read, size_t n, struct gl_error *err) GL_MUST_USE;
