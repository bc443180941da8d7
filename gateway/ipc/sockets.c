/* Where the processes meet: AF_UNIX SOCK_SEQPACKET sockets in the run folder. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/channel.h"

static int address(const char *path, struct sockaddr_un *ret, struct gl_error *err) {
    memset(ret, 0, sizeof *ret);
    ret->sun_family = AF_UNIX;
    if (path[0] == '\0' || gl_copy(ret->sun_path, sizeof ret->sun_path, path) < 0)
        return gl_fail(err, -ENAMETOOLONG, "%s: a socket path must have 1 to %zu characters: choose a shorter run folder", path,
                       sizeof ret->sun_path - 1);
    return 0;
}

static int make_socket(struct gl_error *err) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return fd < 0 ? gl_fail(err, -errno, "cannot make a socket: %s", strerror(errno)) : fd;
}

int gl_ipc_connect(const char *path, struct gl_error *err) {
    struct sockaddr_un to;
    int rc = address(path, &to, err);
    if (rc < 0) return rc;
    GL_CLEANUP(gl_close_fd) int fd = make_socket(err);
    if (fd < 0) return fd;
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
        return gl_fail(err, -errno, "cannot reach greenlaned at %s: %s", path, strerror(errno));
    int taken = fd;
    fd = -1;
    return taken;
}

/* Removes a socket file that nobody listens on; anything else is left where it is. */
static int clear_stale(const char *path, const struct sockaddr_un *at, struct gl_error *err) {
    struct stat st;
    if (lstat(path, &st) < 0) return errno == ENOENT ? 0 : gl_fail(err, -errno, "cannot look at %s: %s", path, strerror(errno));
    if (!S_ISSOCK(st.st_mode)) return gl_fail(err, -EEXIST, "%s is in the way: it is not a socket; move it away", path);
    GL_CLEANUP(gl_close_fd) int probe = make_socket(err);
    if (probe < 0) return probe;
    if (connect(probe, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN)
        return gl_fail(err, -EADDRINUSE, "another process already serves %s: stop it first", path);
    if (errno != ECONNREFUSED) return gl_fail(err, -errno, "cannot tell whether %s is in use: %s", path, strerror(errno));
    if (unlink(path) < 0 && errno != ENOENT) return gl_fail(err, -errno, "cannot remove the stale %s: %s", path, strerror(errno));
    return 0;
}

int gl_ipc_listen(const char *path, struct gl_error *err) {
    struct sockaddr_un at;
    int rc = address(path, &at, err);
    if (rc < 0) return rc;
    rc = clear_stale(path, &at, err);
    if (rc < 0) return rc;
    GL_CLEANUP(gl_close_fd) int fd = make_socket(err);
    if (fd < 0) return fd;
    /* The file takes its mode from the socket, so that there is no moment in which others may connect. */
    if (fchmod(fd, 0660) < 0) return gl_fail(err, -errno, "cannot set the mode of %s: %s", path, strerror(errno));
    if (bind(fd, (const struct sockaddr *)&at, sizeof at) < 0 || chmod(path, 0660) < 0 || listen(fd, 64) < 0)
        return gl_fail(err, -errno, "cannot listen on %s: %s", path, strerror(errno));
    int taken = fd;
    fd = -1;
    return taken;
}
