/* What a process that parses foreign bytes may still do once everything is loaded: no new privileges, no programs, few files. */
#pragma once
#include "base/base.h"

/* The address sanitizer needs files, addresses and system calls of its own: some limits are left off where it is built in. */
#if defined(__SANITIZE_ADDRESS__)
#define GL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GL_SANITIZED 1
#endif
#endif
#ifndef GL_SANITIZED
#define GL_SANITIZED 0
#endif

struct gl_sandbox {
    const char *const
        *read; /* files and folders that stay readable, beside what every process needs; NULL and "" are passed over */
    size_t n_read;
    int store;  /* descriptor of the folder that may be written; -1 = none */
    bool nodes; /* device nodes are opened, and opened again */
};

/* Enters it, for good. Without landlock in the kernel the rest still holds, and a notice says so. Negative when what must hold cannot be set. */
int gl_sandbox_enter(const struct gl_sandbox *s, struct gl_error *err) GL_MUST_USE;

/* To be called once the socket to greenlaned is connected: no further one of its kind (SOCK_SEQPACKET) can be made. Landlock does not stop connecting
 * to a socket in a folder, so without this a process that is taken over could speak in the name of another. */
int gl_sandbox_seal(struct gl_error *err) GL_MUST_USE;
