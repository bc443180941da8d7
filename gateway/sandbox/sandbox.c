/* Landlock for files, seccomp for system calls. Network addresses are limited by systemd (IPAddressAllow=), which Debian 12's landlock cannot. */
#include "sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

/* Rights that newer kernels know; Debian 12's header does not name them. */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15)

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define STORE                                                                                           \
    (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
     LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define NODE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_IOCTL_DEV)

/* What name look-ups, time zones and the libraries read while running. */
static const char *const always[] = {"/etc/resolv.conf", "/etc/hosts",    "/etc/host.conf",      "/etc/nsswitch.conf",
                                     "/etc/gai.conf",    "/etc/services", "/etc/ld.so.cache",    "/etc/localtime",
                                     "/etc/ssl",         "/usr/lib",      "/usr/share/zoneinfo", "/usr/share/ca-certificates",
                                     "/dev/null",        "/dev/urandom",  "/run/systemd/resolve"};

/* Where the gpio library looks for what it has opened. */
static const char *const with_nodes[] = {"/sys/bus/gpio", "/sys/class/gpio", "/sys/dev/char", "/sys/devices"};

static int allow_fd(int ruleset, int fd, uint64_t access) {
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    struct stat st;
    if (fstat(fd, &st) < 0) return -errno;
    if (!S_ISDIR(st.st_mode)) /* the kernel refuses a folder's rights on a file */
        rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEV;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

/* Paths that are not there need no rule. */
static int allow_paths(int ruleset, const char *const *paths, size_t n, uint64_t access) {
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        GL_CLEANUP(gl_close_fd) int fd = paths[i] && paths[i][0] ? open(paths[i], O_PATH | O_CLOEXEC) : -1;
        if (fd >= 0) rc = allow_fd(ruleset, fd, access);
    }
    return rc;
}

/* All file rights that this kernel can withhold. */
static uint64_t handled(int abi) {
    uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    if (abi >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) all |= ACCESS_TRUNCATE;
    if (abi >= 5) all |= ACCESS_IOCTL_DEV;
    return all;
}

static int add_rules(int ruleset, uint64_t all, const struct gl_sandbox *s) {
    static const char *const dev[] = {"/dev"}, *const proc[] = {"/proc"};
    int rc = s->store >= 0 ? allow_fd(ruleset, s->store, STORE & all) : 0;
    if (rc == 0) rc = allow_paths(ruleset, always, GL_COUNT(always), READ & all);
    if (rc == 0) rc = allow_paths(ruleset, s->read, s->n_read, READ & all);
    if (rc == 0 && s->nodes) rc = allow_paths(ruleset, with_nodes, GL_COUNT(with_nodes), READ & all);
    /* A node that was unplugged comes back as a new one, so the right hangs on the folder; systemd's DeviceAllow= says which nodes. */
    if (rc == 0 && s->nodes) rc = allow_paths(ruleset, dev, 1, NODE & all);
    if (rc == 0 && GL_SANITIZED) rc = allow_paths(ruleset, proc, 1, READ & all); /* the sanitizers look at this process */
    return rc;
}

static int limit_files(const struct gl_sandbox *s, struct gl_error *err) {
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) {
        gl_log(GL_NOTICE, "this kernel has no landlock: files are limited by user and systemd alone");
        return 0;
    }
    uint64_t all = handled((int)abi);
    struct landlock_ruleset_attr attr = {.handled_access_fs = all};
    GL_CLEANUP(gl_close_fd) int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0) return gl_fail(err, -errno, "cannot make a landlock ruleset: %s", strerror(errno));
    int rc = add_rules(ruleset, all, s);
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
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
    SCMP_SYS(capset),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(quotactl),
    SCMP_SYS(acct),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd),
};

/* Address families: local (1), IPv4 (2), IPv6 (10), and netlink (16), by which the resolver asks for the machine's own addresses. */
static int limit_sockets(scmp_filter_ctx ctx) {
    static const struct {
        enum scmp_compare compare;
        scmp_datum_t family;
    } refused[] = {{SCMP_CMP_EQ, 0},  {SCMP_CMP_EQ, 3},  {SCMP_CMP_EQ, 4},  {SCMP_CMP_EQ, 5},  {SCMP_CMP_EQ, 6},
                   {SCMP_CMP_EQ, 7},  {SCMP_CMP_EQ, 8},  {SCMP_CMP_EQ, 9},  {SCMP_CMP_EQ, 11}, {SCMP_CMP_EQ, 12},
                   {SCMP_CMP_EQ, 13}, {SCMP_CMP_EQ, 14}, {SCMP_CMP_EQ, 15}, {SCMP_CMP_GT, 16}};
    int rc = 0;
    for (size_t i = 0; i < GL_COUNT(refused) && rc == 0; i++)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                              SCMP_A0(refused[i].compare, refused[i].family, 0));
    return rc;
}

/* Threads may be made (the resolver's), processes may not. The filter cannot look into clone3's argument, so libc is sent to clone. */
static int limit_clone(scmp_filter_ctx ctx) {
    if (GL_SANITIZED) return 0; /* LeakSanitizer clones itself and traces the process at its end */
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
    if (rc == 0) rc = limit_sockets(ctx);
    if (rc == 0) rc = seccomp_load(ctx);
    seccomp_release(ctx);
    return rc < 0 ? gl_fail(err, rc, "cannot enter the system call filter: %s", strerror(-rc)) : 0;
}

int gl_sandbox_enter(const struct gl_sandbox *s, struct gl_error *err) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return gl_fail(err, -errno, "cannot give up new privileges: %s", strerror(errno));
    int rc = limit_files(s, err);
    return rc < 0 ? rc : limit_calls(err);
}

int gl_sandbox_seal(struct gl_error *err) {
    enum { KIND = 0xF }; /* above it stand SOCK_NONBLOCK and SOCK_CLOEXEC */
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    if (!ctx) return gl_fail(err, -ENOMEM, "cannot make a system call filter");
    int rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, KIND, SOCK_SEQPACKET));
    if (rc == 0) rc = seccomp_load(ctx);
    seccomp_release(ctx);
    return rc < 0 ? gl_fail(err, rc, "cannot narrow the system call filter: %s", strerror(-rc)) : 0;
}
