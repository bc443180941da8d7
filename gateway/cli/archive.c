/* Copying, hashing and flushing, for backup and restore. What is read may have been written by anybody: no link is followed, only plain files count. */
#include "cli/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART = 65536, PATH_MOST = 4096 };

static void free_digest(EVP_MD_CTX **md) {
    EVP_MD_CTX_free(*md);
}

static int write_all(int fd, const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? -errno : -EIO;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

static int finish_hash(EVP_MD_CTX *md, char hash[GL_SHA256_TEXT]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_DigestFinal_ex(md, digest, &n) != 1 || n != 32) return -EIO;
    for (unsigned i = 0; i < n; i++) gl_format(hash + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

/* Everything of `from`, hashed, and written where `to` is a file. */
static int pour(int from, int to, char hash[GL_SHA256_TEXT], int64_t *ret_bytes) {
    GL_CLEANUP(gl_freep) char *part = malloc(PART);
    GL_CLEANUP(free_digest) EVP_MD_CTX *md = EVP_MD_CTX_new();
    int64_t bytes = 0;
    if (!part || !md || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1) return -ENOMEM;
    for (;;) {
        ssize_t n = read(from, part, PART);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) break;
        int rc = to < 0 ? 0 : write_all(to, part, (size_t)n);
        if (rc < 0 || EVP_DigestUpdate(md, part, (size_t)n) != 1) return rc < 0 ? rc : -EIO;
        bytes += n;
    }
    if (ret_bytes) *ret_bytes = bytes;
    if (to >= 0 && fsync(to) < 0) return -errno;
    return finish_hash(md, hash);
}

static int open_plain(const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int rc = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? fd : -EINVAL;
    if (rc < 0) close(fd);
    return rc;
}

int gl_archive_hash(const char *path, char hash[GL_SHA256_TEXT], struct gl_error *err) {
    GL_CLEANUP(gl_close_fd) int fd = open_plain(path);
    int rc = fd < 0 ? fd : pour(fd, -1, hash, NULL);
    return rc < 0 ? gl_fail(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

int gl_archive_copy(const char *from, const char *to, const struct gl_owner *owner, char hash[GL_SHA256_TEXT], int64_t *ret_bytes,
                    struct gl_error *err) {
    char own[GL_SHA256_TEXT];
    GL_CLEANUP(gl_close_fd) int in = open_plain(from);
    if (in < 0) return gl_fail(err, in, "%s: %s", from, strerror(-in));
    GL_CLEANUP(gl_close_fd) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (out < 0) return gl_fail(err, -errno, "%s: %s", to, strerror(errno));
    int rc = geteuid() == 0 && fchown(out, owner->uid, owner->gid) < 0 ? -errno : 0;
    if (rc == 0 && fchmod(out, owner->mode) < 0) rc = -errno;
    if (rc == 0) rc = pour(in, out, hash ? hash : own, ret_bytes);
    if (rc == 0) return 0;
    unlink(to);
    return gl_fail(err, rc, "%s to %s: %s", from, to, strerror(-rc));
}

int gl_archive_write(const char *path, const char *text, struct gl_error *err) {
    GL_CLEANUP(gl_close_fd) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = fd < 0 ? -errno : write_all(fd, text, strlen(text));
    if (rc == 0 && fsync(fd) < 0) rc = -errno;
    return rc < 0 ? gl_fail(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

int gl_archive_sync_folder(const char *path, struct gl_error *err) {
    GL_CLEANUP(gl_close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? gl_fail(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

/* ---- evidence ---- */
/* Names that a store makes: hours, and in them hashes. Whatever else lies there stays there. */
static bool is_hour(const char *name) {
    return strlen(name) == 13 && name[4] == '-' && name[7] == '-' && name[10] == 'T' && strspn(name, "0123456789-T") == 13;
}
static bool is_evidence(const char *name) {
    return strspn(name, "0123456789abcdef") == 64 && name[64] == '.' && strlen(name) < 72 && !strchr(name, '/');
}

static int each_file(const char *root, const char *hour, gl_archive_fn each, void *user, struct gl_error *err) {
    char path[PATH_MOST];
    gl_format(path, sizeof path, "%s/%s", root, hour);
    DIR *d = opendir(path);
    int rc = 0;
    if (!d) return errno == ENOENT || errno == ENOTDIR ? 0 : gl_fail(err, -errno, "%s: %s", path, strerror(errno));
    for (struct dirent *e; rc == 0 && (e = readdir(d));)
        if (is_evidence(e->d_name)) rc = each(user, hour, e->d_name, err);
    closedir(d);
    return rc;
}

int gl_archive_evidence(const char *root, gl_archive_fn each, void *user, struct gl_error *err) {
    DIR *d = opendir(root);
    int rc = 0;
    if (!d) return errno == ENOENT ? 0 : gl_fail(err, -errno, "%s: %s", root, strerror(errno));
    for (struct dirent *e; rc == 0 && (e = readdir(d));)
        if (is_hour(e->d_name)) rc = each_file(root, e->d_name, each, user, err);
    closedir(d);
    return rc;
}
