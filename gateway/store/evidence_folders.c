/* Names in these folders come from processes that parse foreign bytes: nothing is followed, nothing is opened but folders. */
#include "store/evidence_folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"

enum { HOUR_MS = 3600000 };

/* When the hour that a name stands for is over; 0 = it stands for none. */
static int64_t end_of(const char *name) {
    char text[GL_TIME_TEXT];
    int64_t at;
    if (strlen(name) != GL_EVIDENCE_FOLDER - 1) return 0;
    gl_format(text, sizeof text, "%s:00:00Z", name);
    return gl_time_parse(text, &at) == 0 ? at + HOUR_MS : 0;
}

static int open_folder(int at, const char *name, DIR **ret) {
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -errno;
    *ret = fdopendir(fd);
    if (*ret) return 0;
    int rc = -errno;
    close(fd);
    return rc;
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

int gl_evidence_look(const char *root, int64_t now, struct gl_evidence_state *ret) {
    DIR *d = NULL;
    *ret = (struct gl_evidence_state){0};
    int rc = open_folder(AT_FDCWD, root, &d);
    if (rc < 0) return rc == -ENOENT ? 0 : rc;
    for (struct dirent *e; (e = readdir(d));) {
        int64_t end = end_of(e->d_name);
        if (is_dots(e->d_name)) continue;
        ret->folders += end != 0;
        ret->strange += end == 0;
        if (end == 0 || end > now) continue;
        ret->n_due++;
        if (ret->n < GL_COUNT(ret->due)) gl_clip(ret->due[ret->n++], GL_EVIDENCE_FOLDER, e->d_name);
    }
    closedir(d);
    return 0;
}

static int remove_files(DIR *d, int limit) {
    for (struct dirent *e; (e = readdir(d));) {
        if (is_dots(e->d_name)) continue;
        if (limit-- == 0) return 1;
        if (unlinkat(dirfd(d), e->d_name, 0) < 0 && errno != ENOENT) return errno == EISDIR || errno == EPERM ? -EUCLEAN : -errno;
    }
    return 0;
}

int gl_evidence_remove(const char *root, const char *folder, int limit) {
    DIR *d = NULL;
    if (end_of(folder) == 0) return -EINVAL;
    GL_CLEANUP(gl_close_fd) int at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = at < 0 ? -errno : open_folder(at, folder, &d);
    if (rc < 0) return rc == -ENOENT ? 0 : rc;
    rc = remove_files(d, limit);
    closedir(d);
    if (rc != 0) return rc;
    if (unlinkat(at, folder, AT_REMOVEDIR) < 0 && errno != ENOENT) return errno == ENOTEMPTY ? 1 : -errno;
    return fsync(at) < 0 ? -errno : 0;
}
