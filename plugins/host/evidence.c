/* Writing evidence: to an unfinished name first, flushed, then renamed; a power cut leaves either the whole file or none. */
#include "host/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/time.h"

/* The journal shares this disk: pictures must not take its last room. */
#define RESERVE_BYTES (UINT64_C(64) * 1024 * 1024)

int gl_evidence_open(const char *root, struct gl_error *err) {
    if (mkdir(root, 0770) < 0 && errno != EEXIST)
        return gl_fail(err, -errno, "cannot make the folder %s: %s", root, strerror(errno));
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? gl_fail(err, -errno, "cannot open the folder %s: %s", root, strerror(errno)) : fd;
}

int gl_sha256_hex(const void *bytes, size_t len, char out[65]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(bytes, len, digest, &n, EVP_sha256(), NULL) != 1 || n != 32) return -EIO;
    for (unsigned i = 0; i < n; i++) snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

static int write_all(int fd, const uint8_t *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? -errno : -EIO;
        bytes += n;
        len -= (size_t)n;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* dir/part -> dir/name. The unfinished file is removed when anything fails. */
static int write_file(int dir, const char *part, const char *name, const struct gl_attachment *a) {
    unlinkat(dir, part, 0); /* what a crash left of an earlier try */
    int fd = openat(dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0) return -errno;
    int rc = write_all(fd, a->bytes, a->len);
    if (close(fd) < 0 && rc == 0) rc = -errno;
    if (rc == 0 && renameat(dir, part, dir, name) < 0) rc = -errno;
    if (rc < 0)
        unlinkat(dir, part, 0);
    else if (fsync(dir) < 0)
        rc = -errno;
    return rc;
}

static const char *extension(const char *media_type) {
    static const struct { const char *media_type, *extension; } known[] = {{"image/jpeg", "jpg"}, {"text/csv", "csv"}};
    for (size_t i = 0; i < GL_COUNT(known); i++)
        if (strcmp(known[i].media_type, media_type) == 0) return known[i].extension;
    return "bin";
}

/* A file of that name and size is already there. Its name is its content's hash, and only whole files get such a name. */
static bool have(int dir, const char *name, size_t len) {
    struct stat st;
    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && (size_t)st.st_size == len;
}

void gl_evidence_hour(int64_t until, char out[GL_EVIDENCE_HOUR]) {
    char text[GL_TIME_TEXT];
    gl_time_format(until, text);
    text[GL_EVIDENCE_HOUR - 1] = '\0';
    gl_clip(out, GL_EVIDENCE_HOUR, text);
}

/* Our group (greenlaned) may remove what is in it, and it; and a new folder is on the disk before anything in it is told of. */
static int make_hour(int root, const char *name) {
    mode_t before = umask(0007);
    int rc = mkdirat(root, name, 0770) < 0 ? -errno : 0;
    umask(before);
    if (rc == -EEXIST) return 0;
    return rc < 0 || fsync(root) == 0 ? rc : -errno;
}

static int store_in(int root, const char *sub, const char *part, const char *name, const struct gl_attachment *a) {
    int rc = make_hour(root, sub);
    if (rc < 0) return rc;
    GL_CLEANUP(gl_close_fd) int dir = openat(root, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0) return -errno;
    if (have(dir, name, a->len)) return 0;
    struct statvfs fs;
    if (fstatvfs(dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < RESERVE_BYTES + a->len) return -ENOSPC;
    return write_file(dir, part, name, a);
}

int gl_evidence_store(int root, const char *writer, int64_t until, const struct gl_attachment *a, struct gl_evidence *e,
                      struct gl_error *err) {
    struct gl_evidence out = {.role = ""};
    char sub[GL_EVIDENCE_HOUR], name[80], part[80];
    if (a->len == 0 || a->len > GL_EVIDENCE_MAX)
        return gl_fail(err, -EMSGSIZE, "an attachment of %zu bytes: 1 to %d are kept", a->len, GL_EVIDENCE_MAX);
    if (gl_copy(out.role, sizeof out.role, a->role) < 0 || gl_copy(out.media_type, sizeof out.media_type, a->media_type) < 0)
        return gl_fail(err, -EINVAL, "an attachment whose role or media type has more than 31 characters");
    if (gl_sha256_hex(a->bytes, a->len, out.sha256) < 0) return gl_fail(err, -EIO, "cannot compute a SHA-256");
    gl_evidence_hour(until, sub);
    snprintf(name, sizeof name, "%s.%s", out.sha256, extension(a->media_type));
    snprintf(part, sizeof part, ".%.40s.part", writer);
    snprintf(out.ref, sizeof out.ref, "%s/%s", sub, name);
    int rc = store_in(root, sub, part, name, a);
    if (rc == -ENOSPC) return gl_fail(err, rc, "evidence is not kept: the disk is full (64 MiB are reserved for the journal)");
    if (rc < 0) return gl_fail(err, rc, "evidence is not kept: %s", strerror(-rc));
    *e = out;
    return 0;
}
