/* What a device process may still do once its plugin is loaded: no new privileges, no programs, few files. */
#pragma once
#include "base/base.h"

struct gl_sandbox {
    int evidence; /* descriptor of the folder that may be written; -1 = none */
    bool nodes;   /* device nodes are opened, and opened again */
};

/* Enters it, for good. Without landlock in the kernel the rest still holds, and a notice says so. Negative when what must hold cannot be set. */
int gl_sandbox_enter(const struct gl_sandbox *s, struct gl_error *err) GL_MUST_USE;
