/* Landlock for files, seccomp for system calls. Hosts and ports are limited by systemd (IPAddressAllow=): Debian 12's landlock
 * knows no network. */
#include "link/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* Debian 12's header stops at REFER; a newer kernel can withhold truncating too. */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)

/* Name look-ups, time zones, the TLS library and its trust store. */
static const char *const always[] = {
    "/etc", "/usr/lib", "/usr/share/ca-certificates", "/usr/share/zoneinfo", "/run/systemd/resolve", "/dev/null", "/dev/urandom"};

static int allow(int ruleset, const char *path) {
    GL_CLEANUP(gl_close_fd) int fd = path && path[0] ? open(path, O_PATH | O_CLOEXEC) : -1;
    struct stat st;
    if (fd < 0) return 0; /* what is not there needs no rule */
    if (fstat(fd, &st) < 0) return -errno;
    struct landlock_path_beneath_attr rule = {.parent_fd = fd,
                                              .allowed_access = S_ISDIR(st.st_mode) ? READ : LANDLOCK_ACCESS_FS_READ_FILE};
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

static int limit_files(const char *const *read, size_t n, struct gl_error *err) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) {
        gl_log(GL_NOTICE, "this kernel has no landlock: files are limited by user and systemd alone");
        return 0;
    }
    struct landlock_ruleset_attr attr = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    if (abi >= 2) attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) attr.handled_access_fs |= ACCESS_TRUNCATE;
    GL_CLEANUP(gl_close_fd) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0) return gl_fail(err, -errno, "cannot make a landlock ruleset: %s", strerror(errno));
    int rc = SANITIZED ? allow(ruleset, "/proc") : 0; /* the sanitizers look at this process */
    for (size_t i = 0; i < GL_COUNT(always) && rc == 0; i++) rc = allow(ruleset, always[i]);
    for (size_t i = 0; i < n && rc == 0; i++) rc = allow(ruleset, read[i]);
    if (rc < 0) return gl_fail(err, rc, "cannot add a landlock rule: %s", strerror(-rc));
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        return gl_fail(err, -errno, "cannot enter landlock: %s", strerror(errno));
    return 0;
}

/* Calls that nothing here has any business with: who makes them has been taken over. */
static const int deadly[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(bpf),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(capset),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
};

/* Threads may be made (the MQTT library's, the resolver's), processes may not. The filter cannot look into clone3's argument, so
 * libc is sent to clone. */
static int limit_clone(scmp_filter_ctx ctx) {
    if (SANITIZED) return 0; /* LeakSanitizer clones itself and traces the process at its end */
    int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    if (rc == 0) rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, SCMP_SYS(ptrace), 0);
    return rc;
}

static int limit_calls(struct gl_error *err) {
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    if (!ctx) return gl_fail(err, -ENOMEM, "cannot make a system call filter");
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    for (size_t i = 0; i < GL_COUNT(deadly) && rc == 0; i++) {
        rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
        if (rc == -EDOM || deadly[i] == __NR_SCMP_ERROR) rc = 0; /* this machine has no such call */
    }
    if (rc == 0) rc = limit_clone(ctx);
    if (rc == 0) rc = seccomp_load(ctx);
    seccomp_release(ctx);
    return rc < 0 ? gl_fail(err, rc, "cannot enter the system call filter: %s", strerror(-rc)) : 0;
}

int gl_link_confine(const char *const *read, size_t n, struct gl_error *err) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return gl_fail(err, -errno, "cannot give up new privileges: %s", strerror(errno));
    int rc = limit_files(read, n, err);
    return rc < 0 ? rc : limit_calls(err);
}
