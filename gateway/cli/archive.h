/* Files for backup and restore: copied whole, hashed on the way, on disk when the function returns. */
#pragma once
#include <sys/types.h>

#include "base/base.h"

enum { GL_SHA256_TEXT = 65 };

struct gl_owner { /* who the files are to belong to; only root can give any away */
    uid_t uid;
    gid_t gid;
    mode_t mode;
};

/* Copies from (no link) to a new file. hash may be NULL. bytes: how many. -EEXIST when it is there. What cannot be finished is removed. */
int gl_archive_copy(const char *from, const char *to, const struct gl_owner *owner, char hash[GL_SHA256_TEXT], int64_t *ret_bytes,
                    struct gl_error *err) GL_MUST_USE;
int gl_archive_hash(const char *path, char hash[GL_SHA256_TEXT], struct gl_error *err) GL_MUST_USE;
int gl_archive_write(const char *path, const char *text, struct gl_error *err) GL_MUST_USE; /* a new file, 0600 */
int gl_archive_sync_folder(const char *path, struct gl_error *err) GL_MUST_USE;

/* Calls each() for every plain file {root}/HOUR/NAME of an evidence store; a store that does not exist is empty. */
typedef int (*gl_archive_fn)(void *user, const char *hour, const char *name, struct gl_error *err);
int gl_archive_evidence(const char *root, gl_archive_fn each, void *user, struct gl_error *err) GL_MUST_USE;
