/* The child of `greenlane import`: limits itself, then parses. It has the file on fd 3, the pipe on fd 4, and nothing else. */
#include "cli/import_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

enum { FILE_FD = 3, PIPE_FD = 4 };

static int limit(int what, rlim_t most) {
    const struct rlimit l = {most, most};
    return setrlimit(what, &l) < 0 ? -errno : 0;
}

static int limit_resources(void) {
    int rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
    if (rc == 0) rc = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
    if (rc == 0 && !GL_SANITIZED) rc = limit(RLIMIT_AS, (rlim_t)1 << 30);
    if (rc == 0) rc = limit(RLIMIT_CPU, 120);
    if (rc == 0) rc = limit(RLIMIT_FSIZE, 0);
    if (rc == 0) rc = limit(RLIMIT_CORE, 0);
    if (rc == 0) rc = limit(RLIMIT_NOFILE, PIPE_FD + 1);
    if (rc == 0) rc = limit(RLIMIT_NPROC, 0);
    return rc;
}

/* Reading the file, writing to the pipe, memory. Memory never executable. */
static int limit_calls(void) {
    static const int allowed[] = {SCMP_SYS(munmap),    SCMP_SYS(mremap),        SCMP_SYS(brk),          SCMP_SYS(madvise),
                                  SCMP_SYS(futex),     SCMP_SYS(exit),          SCMP_SYS(exit_group),   SCMP_SYS(rt_sigreturn),
                                  SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall)};
    if (GL_SANITIZED) return 0;
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!ctx) return -ENOMEM;
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, FILE_FD, 0));
    if (rc == 0) rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, PIPE_FD, 0));
    if (rc == 0) rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0) rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    for (size_t i = 0; i < GL_COUNT(allowed) && rc == 0; i++) rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
    if (rc == 0) rc = seccomp_load(ctx);
    seccomp_release(ctx);
    return rc;
}

/* ---- what it says ---- */
static int write_all(const char *p, size_t len) {
    while (len > 0) {
        ssize_t n = write(PIPE_FD, p, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int send_frame(const struct gl_reader_news *news) {
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(GL_READER_FRAME + 16);
    gl_frame_pack(news, &out);
    return out.failed ? -EMSGSIZE : write_all(out.data, out.len);
}

static int on_record(void *user, const struct gl_feed_record *r) {
    struct gl_reader_news *news = user;
    news->kind = GL_FRAME_RECORD;
    news->record = *r;
    return send_frame(news);
}

static void send_words(struct gl_reader_news *news, enum gl_frame kind, const char *where, const char *text) {
    news->kind = kind;
    gl_clip(news->where, sizeof news->where, where);
    gl_clip(news->reason, sizeof news->reason, text);
    if (send_frame(news) < 0) _exit(1); /* nobody listens any more */
}

static void on_bad(void *user, const char *where, const char *reason) {
    send_words(user, GL_FRAME_BAD, where, reason);
}

static void on_note(void *user, const char *where, const char *text) {
    send_words(user, GL_FRAME_NOTE, where, text);
}

static int read_file(uint8_t **ret, size_t *ret_len, struct gl_error *err) {
    size_t cap = 1 << 16, len = 0;
    uint8_t *bytes = malloc(cap);
    while (bytes) {
        ssize_t n = read(FILE_FD, bytes + len, cap - len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            free(bytes);
            return gl_fail(err, -errno, "cannot be read: %s", strerror(errno));
        }
        len += (size_t)n;
        if (n == 0) {
            *ret = bytes;
            *ret_len = len;
            return 0;
        }
        if (len > GL_READER_FILE) {
            free(bytes);
            return gl_fail(err, -EFBIG, "longer than 256 MiB; split it");
        }
        if (len < cap) continue;
        uint8_t *more = realloc(bytes, cap *= 2);
        if (!more) free(bytes);
        bytes = more;
    }
    return gl_fail(err, -ENOMEM, "out of memory");
}

static void serve(const struct gl_import_options *options) {
    static struct gl_reader_news news; /* this process does nothing else */
    struct gl_error err = {""};
    uint8_t *bytes = NULL;
    size_t len = 0;
    const struct gl_import_sink sink = {&news, on_record, on_bad, on_note};
    int rc = limit_resources();
    if (rc == 0) rc = limit_calls();
    if (rc < 0) gl_fail(&err, rc, "the reader of files cannot be locked in: %s", strerror(-rc));
    if (rc == 0) rc = read_file(&bytes, &len, &err);
    if (rc == 0) rc = gl_import(bytes, len, options, &sink, &err);
    news.kind = GL_FRAME_END;
    news.result = rc;
    gl_clip(news.reason, sizeof news.reason, rc < 0 ? err.text : "");
    rc = send_frame(&news);
    free(bytes);
    _exit(rc < 0);
}

/* Nothing is kept open but the file and the pipe. The sanitizers want to be heard on fd 2. */
static int keep_two(int file, int to) {
    int a = fcntl(file, F_DUPFD, PIPE_FD + 1), b = fcntl(to, F_DUPFD, PIPE_FD + 1);
    if (a < 0 || b < 0 || dup2(a, FILE_FD) < 0 || dup2(b, PIPE_FD) < 0) return -errno;
    if (close_range(PIPE_FD + 1, ~0U, 0) < 0 || close_range(0, GL_SANITIZED ? 1 : 2, 0) < 0) return -errno;
    return 0;
}

int gl_reader_start(int file, const struct gl_import_options *options, pid_t *ret_pid, int *ret_fd, struct gl_error *err) {
    int ends[2];
    json_object_seed(0); /* jansson opens /dev/urandom for it: not any more in the child */
    if (pipe2(ends, O_CLOEXEC) < 0) {
        close(file);
        return gl_fail(err, -errno, "cannot make a pipe: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (keep_two(file, ends[1]) == 0) serve(options);
        _exit(1);
    }
    int failed = errno;
    close(file);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return gl_fail(err, -failed, "cannot start the reader of files: %s", strerror(failed));
    }
    *ret_pid = pid;
    *ret_fd = ends[0];
    return 0;
}
