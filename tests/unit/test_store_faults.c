/* The journal on a disk that fails. A file system between SQLite and the real one fails one operation, all from one on, or every
 * so often; and at the end the power goes: what was not on disk by then is gone, and what a failed sync did not bring there no
 * later sync brings.
 *
 * Whatever fails: each record whose commit was reported is there with its payload, the numbers have no gap, the chain holds, the
 * tables beside the records agree with them, and the journal goes on once the disk does. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the five above first */
#include <cmocka.h>

#include "store/cache.h"
#include "store/journal.h"
#include "store/journal_impl.h"

/* ---- the failing disk -------------------------------------------------------------------------------------------------------- */

enum operation { WRITE = 1, SYNC = 2, TRUNCATE = 4, OPEN = 8 };
enum { MAX_DIRTY = 8192, MAX_FILES = 32 };

/* A file by its name: what of it has been written and not synced. Its image on disk is a file NAME.disk. */
struct on_disk {
    char name[256];
    size_t n_dirty;
    struct range {
        int64_t at, len;
    } dirty[MAX_DIRTY];
};

static struct disk {
    unsigned which; /* operations that fail, or-ed */
    int at;         /* the how-manieth of them */
    bool for_good;  /* and all that follow */
    bool half;      /* a failing write writes its first half */
    int code;       /* what it returns */
    int seen, failed;
    bool dead; /* the power is off */
    size_t n_files;
    struct on_disk files[MAX_FILES];
} disk;

struct faulty_file {
    sqlite3_file base;
    struct on_disk *state; /* NULL: of no interest */
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static bool fails(enum operation op) {
    if (disk.dead) return true;
    if (!(disk.which & op)) return false;
    disk.seen++;
    bool now = disk.for_good ? disk.seen >= disk.at : disk.seen == disk.at;
    if (now) disk.failed++;
    return now;
}

static int code(int otherwise) {
    return disk.code && !disk.dead ? disk.code : otherwise;
}

static sqlite3_file *real(sqlite3_file *f) {
    return ((struct faulty_file *)f)->real;
}

static void touch(struct on_disk *s, int64_t at, int64_t len) {
    if (!s) return;
    assert_true(s->n_dirty < MAX_DIRTY);
    s->dirty[s->n_dirty++] = (struct range){at, len};
}

static int open_image(const struct on_disk *s, int flags) {
    char name[300];
    snprintf(name, sizeof name, "%s.disk", s->name);
    int fd = open(name, flags | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

/* What is dirty reaches the disk: len < 0 stands for a truncation to `at`. */
static void flush(struct on_disk *s) {
    char bytes[65536];
    int from = open(s->name, O_RDONLY | O_CLOEXEC), to = open_image(s, O_WRONLY);
    assert_true(from >= 0);
    for (size_t i = 0; i < s->n_dirty; i++) {
        struct range r = s->dirty[i];
        if (r.len < 0) assert_int_equal(ftruncate(to, r.at), 0);
        if (r.len < 0) continue;
        assert_true((size_t)r.len <= sizeof bytes);
        ssize_t n = pread(from, bytes, (size_t)r.len, r.at);
        if (n > 0) assert_int_equal(pwrite(to, bytes, (size_t)n, r.at), n);
    }
    close(from);
    close(to);
    s->n_dirty = 0;
}

static int faulty_close(sqlite3_file *f) {
    return real(f)->pMethods->xClose(real(f));
}
static int faulty_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    return real(f)->pMethods->xRead(real(f), p, n, at);
}
static int faulty_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    struct on_disk *s = ((struct faulty_file *)f)->state;
    if (fails(WRITE)) {
        if (disk.half && !disk.dead && real(f)->pMethods->xWrite(real(f), p, n / 2, at) == SQLITE_OK) touch(s, at, n / 2);
        return code(SQLITE_IOERR_WRITE);
    }
    touch(s, at, n);
    return real(f)->pMethods->xWrite(real(f), p, n, at);
}
static int faulty_truncate(sqlite3_file *f, sqlite3_int64 size) {
    if (fails(TRUNCATE)) return code(SQLITE_IOERR_TRUNCATE);
    touch(((struct faulty_file *)f)->state, size, -1);
    return real(f)->pMethods->xTruncate(real(f), size);
}
static int faulty_sync(sqlite3_file *f, GL_UNUSED int flags) {
    struct on_disk *s = ((struct faulty_file *)f)->state;
    if (fails(SYNC)) {
        if (s) s->n_dirty = 0; /* the kernel holds the pages for written now, and they never will be */
        return code(SQLITE_IOERR_FSYNC);
    }
    if (s) flush(s);
    return SQLITE_OK;
}
static int faulty_size(sqlite3_file *f, sqlite3_int64 *ret) {
    return real(f)->pMethods->xFileSize(real(f), ret);
}
static int faulty_lock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xLock(real(f), level);
}
static int faulty_unlock(sqlite3_file *f, int level) {
    return real(f)->pMethods->xUnlock(real(f), level);
}
static int faulty_reserved(sqlite3_file *f, int *ret) {
    return real(f)->pMethods->xCheckReservedLock(real(f), ret);
}
static int faulty_control(sqlite3_file *f, int op, void *arg) {
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}
static int faulty_sector(sqlite3_file *f) {
    return real(f)->pMethods->xSectorSize(real(f));
}
static int faulty_traits(sqlite3_file *f) {
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

/* Version 1: no shared memory, which an exclusively locked store does not need. */
static const sqlite3_io_methods methods = {1,
                                           faulty_close,
                                           faulty_read,
                                           faulty_write,
                                           faulty_truncate,
                                           faulty_sync,
                                           faulty_size,
                                           faulty_lock,
                                           faulty_unlock,
                                           faulty_reserved,
                                           faulty_control,
                                           faulty_sector,
                                           faulty_traits,
                                           NULL,
                                           NULL,
                                           NULL,
                                           NULL,
                                           NULL,
                                           NULL};

static struct on_disk *state_of(const char *name) {
    if (!name) return NULL;
    for (size_t i = 0; i < disk.n_files; i++)
        if (strcmp(disk.files[i].name, name) == 0) return &disk.files[i];
    assert_true(disk.n_files < MAX_FILES);
    struct on_disk *s = &disk.files[disk.n_files++];
    s->n_dirty = 0;
    snprintf(s->name, sizeof s->name, "%s", name);
    close(open_image(s, O_RDWR));
    return s;
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags) {
    struct faulty_file *file = (struct faulty_file *)f;
    (void)vfs;
    file->base.pMethods = NULL;
    if (fails(OPEN)) return SQLITE_CANTOPEN;
    file->real = (sqlite3_file *)(file + 1);
    int rc = real_vfs->xOpen(real_vfs, name, file->real, flags, ret_flags);
    if (rc != SQLITE_OK) return rc;
    file->state = state_of(name);
    file->base.pMethods = &methods;
    return SQLITE_OK;
}

static int faulty_delete(sqlite3_vfs *vfs, const char *name, int sync_dir) {
    (void)vfs;
    if (disk.dead) return SQLITE_IOERR_DELETE;
    struct on_disk *s = state_of(name);
    s->n_dirty = 0;
    int fd = open_image(s, O_WRONLY | O_TRUNC);
    close(fd);
    return real_vfs->xDelete(real_vfs, name, sync_dir);
}

static void register_disk(void) {
    static sqlite3_vfs vfs;
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.szOsFile = (int)sizeof(struct faulty_file) + real_vfs->szOsFile;
    vfs.zName = "faulty";
    vfs.xOpen = faulty_open;
    vfs.xDelete = faulty_delete;
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

static void heal(void) {
    disk.which = 0;
}

/* Every file becomes what had reached the disk. */
static void power_comes_back(void) {
    char bytes[65536];
    for (size_t i = 0; i < disk.n_files; i++) {
        int from = open_image(&disk.files[i], O_RDONLY), to = open(disk.files[i].name, O_WRONLY | O_TRUNC | O_CLOEXEC);
        for (ssize_t n; to >= 0 && (n = read(from, bytes, sizeof bytes)) > 0;) assert_int_equal(write(to, bytes, (size_t)n), n);
        disk.files[i].n_dirty = 0;
        close(from);
        if (to >= 0) close(to);
    }
    disk.dead = false;
    heal();
}

/* ---- the script -------------------------------------------------------------------------------------------------------------- */

enum { TURNS = 14 };

static char dir[] = "/tmp/greenlane-faults-XXXXXX";
static char path[sizeof dir + 16];

struct model {
    int64_t committed;          /* turns whose commit was reported */
    int64_t attempt[TURNS + 1]; /* with which payload */
};

static int turn(struct gl_journal *j, int64_t number, int64_t attempt) {
    static const char *const streams[] = {"post", "lane/in-1"};
    struct gl_mode_state mode = {.lane = "in-1", .mode = GL_MODE_OPEN, .since = number, .by = "x"};
    char payload[900];
    int rc = 0;
    snprintf(payload, sizeof payload, "%lld/%lld%800s", (long long)number, (long long)attempt, "");
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        int64_t seq;
        if ((rc = gl_journal_next_seq(j, streams[i], &seq, NULL)) < 0) break;
        assert_int_equal(seq, number); /* no number is lost to a failure */
        struct gl_record r = {
            .stream = streams[i], .seq = seq, .type = "t", .topic = "x", .id = "i", .passage = "p", .payload = payload};
        rc = gl_journal_append(j, &r, NULL);
    }
    if (rc == 0) rc = gl_journal_set_mode(j, &mode, NULL);
    int done = gl_journal_commit(j, NULL);
    assert_true(rc == 0 || done < 0 || !gl_journal_dirty(j));
    return rc < 0 ? rc : done;
}

/* Runs turns until TURNS are committed or too many have failed. */
static void play(struct gl_journal *j, struct model *m, int attempts) {
    for (int i = 1; i <= attempts && m->committed < TURNS; i++) {
        if (turn(j, m->committed + 1, i) == 0)
            m->attempt[++m->committed] = i;
        else
            gl_journal_rollback(j);
    }
}

struct check {
    const struct model *m;
    int64_t seq;
};

static int check_record(void *user, const struct gl_out *o) {
    struct check *c = user;
    long long number, attempt;
    assert_int_equal(o->seq, ++c->seq);
    assert_int_equal(sscanf(o->payload, "%lld/%lld", &number, &attempt), 2); /* house-rule: our own text */
    assert_int_equal(number, o->seq);
    if (o->seq <= c->m->committed) assert_int_equal(attempt, c->m->attempt[o->seq]);
    return 0;
}

static int check_mode(void *user, const struct gl_mode_state *m) {
    *(int64_t *)user = m->since;
    return 0;
}

/* One more turn than was reported may be there: its commit was on disk when the failure came. */
static void check_journal(struct gl_journal *j, const struct model *m) {
    struct check post = {.m = m}, lane = {.m = m};
    struct gl_verified v;
    int64_t at = 0, since = 0;
    assert_int_equal(gl_journal_read(j, "post", 0, 1000, check_record, &post, NULL), 0);
    assert_int_equal(gl_journal_read(j, "lane/in-1", 0, 1000, check_record, &lane, NULL), 0);
    assert_true(post.seq == m->committed || post.seq == m->committed + 1);
    assert_int_equal(lane.seq, post.seq);
    assert_int_equal(gl_journal_verify(j, &at, 1000, &v, NULL), 0);
    assert_int_equal(v.broken_at, 0);
    assert_int_equal(v.records, 2 * post.seq);
    assert_int_equal(gl_journal_modes(j, check_mode, &since, NULL), 0);
    assert_int_equal(since, post.seq);
}

static void remove_files(void) {
    const char *const ends[] = {"", "-wal", "-journal", ".disk", "-wal.disk", "-journal.disk"};
    for (size_t i = 0; i < GL_COUNT(ends); i++) {
        char file[sizeof path + 32];
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
    memset(&disk, 0, offsetof(struct disk, files));
}

static struct gl_journal *open_journal(void) {
    struct gl_journal *j = NULL;
    struct gl_error err = {""};
    if (gl_journal_open(path, &j, &err) < 0) fail_msg("%s", err.text);
    assert_int_equal(sqlite3_exec(j->db.sql, "PRAGMA wal_autocheckpoint=12", NULL, NULL, NULL), SQLITE_OK);
    return j;
}

static void arm(const struct disk *fault, int at) {
    disk.which = fault->which;
    disk.for_good = fault->for_good;
    disk.half = fault->half;
    disk.code = fault->code;
    disk.at = at;
    disk.seen = disk.failed = 0;
}

/* Returns whether the fault came at all. */
static bool run(const struct disk *fault, int at) {
    struct model m = {0};
    remove_files();
    struct gl_journal *j = open_journal();
    arm(fault, at);
    play(j, &m, TURNS + 3);
    bool came = disk.failed > 0;
    heal();
    assert_true(fault->for_good || m.committed == TURNS); /* one failure costs one turn, not the journal */
    if (came && fault->for_good) {
        check_journal(j, &m); /* what is readable right now is right, too */
        play(j, &m, 3);       /* and the journal goes on as soon as the disk does */
        assert_true(m.committed >= 3 || m.committed == TURNS);
    }
    disk.dead = true;
    gl_journal_close(j);
    power_comes_back();
    j = open_journal();
    check_journal(j, &m);
    gl_journal_close(j);
    return came;
}

static const struct disk faults[] = {
    {.which = WRITE},
    {.which = WRITE, .half = true},
    {.which = WRITE, .code = SQLITE_FULL},
    {.which = SYNC},
    {.which = TRUNCATE},
    {.which = WRITE | SYNC | TRUNCATE, .for_good = true},
    {.which = WRITE | SYNC, .for_good = true, .half = true, .code = SQLITE_FULL},
    {.which = SYNC, .for_good = true},
};

static void nothing_committed_is_lost_whatever_fails(void **state) {
    (void)state;
    for (size_t i = 0; i < GL_COUNT(faults); i++) {
        int came = 0;
        for (int at = 1; at <= 80; at++) came += run(&faults[i], at);
        if (faults[i].which != TRUNCATE) assert_true(came >= 10);
    }
}

/* The power goes in the middle of a write or sync, at each of them in turn. */
static void a_power_cut_at_any_write(void **state) {
    (void)state;
    static const struct disk cut = {.which = WRITE | SYNC | TRUNCATE, .for_good = true, .half = true};
    for (int at = 1; at <= 150; at++) {
        struct model m = {0};
        remove_files();
        struct gl_journal *j = open_journal();
        arm(&cut, at);
        play(j, &m, TURNS);
        disk.dead = true;
        gl_journal_close(j);
        power_comes_back();
        j = open_journal();
        check_journal(j, &m);
        gl_journal_close(j);
    }
}

/* ---- forgetting ---- */

/* Announces that all records of the turns go, and lets them go one by one, a commit for each; then gives room back. Returns how many are known to be
 * gone. */
static int64_t purge(struct gl_journal *j) {
    struct gl_purge p = {.reason = "due", .due = 5000, .from = 1, .to = 2 * TURNS, .records = 2 * TURNS};
    struct gl_note note = {GL_PURGE_TYPE, "i", "north", "b", 5000, true, &gl_purge_fields, &p};
    int64_t gone = 0;
    if (gl_journal_note(j, &note, NULL) < 0 || gl_journal_commit(j, NULL) < 0) {
        gl_journal_rollback(j);
        return 0;
    }
    for (int64_t n = 1; n <= 2 * TURNS; n++) {
        if (gl_journal_forget(j, n, 5000, NULL) == 0 && gl_journal_commit(j, NULL) == 0)
            gone++;
        else
            gl_journal_rollback(j);
    }
    if (gl_journal_shrink(j, 8, NULL) < 0 || gl_journal_commit(j, NULL) < 0) gl_journal_rollback(j);
    return gone;
}

static struct gl_verified verified(struct gl_journal *j) {
    struct gl_verified v = {0};
    int64_t at = 0;
    assert_int_equal(gl_journal_verify(j, &at, 1000, &v, NULL), 0);
    return v;
}

/* What is known to be gone is gone; nothing went that was not announced; and what has not gone goes the next time. */
static void a_power_cut_in_a_purge(void **state) {
    (void)state;
    int came = 0;
    for (size_t i = 0; i < GL_COUNT(faults); i++)
        for (int at = 1; at <= 60; at++) {
            struct model m = {0};
            remove_files();
            struct gl_journal *j = open_journal();
            gl_journal_set_keep(j, &(struct gl_keep){.passages_ms = 1000});
            play(j, &m, TURNS);
            assert_int_equal(m.committed, TURNS);
            arm(&faults[i], at);
            int64_t gone = purge(j);
            came += disk.failed > 0;
            heal();
            disk.dead = true;
            gl_journal_close(j);
            power_comes_back();
            j = open_journal();
            struct gl_verified v = verified(j);
            assert_int_equal(v.broken_at, 0);
            assert_true(v.purged >= gone && v.purged <= gone + 1); /* the last one may be there without having been told */
            assert_int_equal(purge(j), 2 * TURNS);
            v = verified(j);
            assert_int_equal(v.broken_at, 0);
            assert_int_equal(v.purged, 2 * TURNS);
            gl_journal_close(j);
        }
    assert_true(came > 100);
}

/* While the journal is being made: an error, and the next start makes it. */
static void a_failure_while_opening(void **state) {
    (void)state;
    static const struct disk opening[] = {
        {.which = WRITE}, {.which = SYNC}, {.which = OPEN}, {.which = WRITE | SYNC | TRUNCATE, .for_good = true}};
    for (size_t i = 0; i < GL_COUNT(opening); i++)
        for (int at = 1; at <= 60; at++) {
            struct model m = {0};
            struct gl_journal *j = NULL;
            struct gl_error err = {""};
            remove_files();
            arm(&opening[i], at);
            if (gl_journal_open(path, &j, &err) < 0) {
                assert_null(j);
                assert_non_null(strstr(err.text, path));
            }
            gl_journal_close(j);
            if (at % 2) {
                disk.dead = true;
                power_comes_back();
            }
            heal();
            j = open_journal();
            play(j, &m, TURNS);
            assert_int_equal(m.committed, TURNS);
            check_journal(j, &m);
            gl_journal_close(j);
        }
}

static void remove_folder_files(const char *folder) {
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));) unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d);
    for (size_t i = 0; i < disk.n_files; i++) disk.files[i].n_dirty = 0;
    memset(&disk, 0, offsetof(struct disk, files));
}

/* The cache may forget after a power cut, but not tell a half. */
static void the_cache_is_whole_after_a_failure(void **state) {
    (void)state;
    static const struct disk fault = {.which = WRITE | SYNC};
    struct gl_feed_record *r = calloc(1, sizeof *r);
    char folder[sizeof dir + 16];
    snprintf(folder, sizeof folder, "%s/cache", dir);
    static struct gl_answer a;
    struct gl_query q = {.n_keys = 1, .keys = {{.kind = GL_KEY_VEHICLE, .text = "TRUCK1"}}};
    for (int at = 1; at <= 60; at++) {
        struct gl_cache *c = NULL;
        enum gl_applied applied;
        int64_t good = 0;
        remove_folder_files(folder);
        assert_int_equal(gl_cache_open(folder, &c, NULL), 0);
        arm(&fault, at);
        for (int i = 1; i <= 6; i++) {
            struct gl_feed_seq seq = {.epoch = "e", .applied = i};
            memset(r, 0, sizeof *r);
            *r = (struct gl_feed_record){
                .collection = GL_COLLECTION_MOVEMENTS,
                .op = GL_OP_UPSERT,
                .epoch = "e",
                .body.movement = {.ref = {"gmr", "A"},
                                  .version = i,
                                  .kind = 1,
                                  .state = GL_MOVEMENT_READY,
                                  .n_means = 2,
                                  .means = {{GL_ROLE_VEHICLE, "TRUCK1", ""}, {GL_ROLE_TRAILER, "TRAIL1", ""}}}};
            int rc = gl_cache_begin(c, NULL);
            if (rc == 0) rc = gl_cache_apply(c, r, 1, &applied, NULL);
            if (rc == 0) rc = gl_cache_save_seq(c, GL_COLLECTION_MOVEMENTS, &seq, NULL);
            if (rc == 0) rc = gl_cache_commit(c, NULL);
            if (rc < 0)
                gl_cache_rollback(c);
            else
                good = i;
        }
        heal();
        assert_true(good >= 5); /* one failure costs one turn at most */
        for (int reopened = 0; reopened < 2; reopened++) {
            struct gl_feed_seq seq;
            assert_int_equal(gl_cache_load_seq(c, GL_COLLECTION_MOVEMENTS, &seq, NULL), 0);
            assert_int_equal(gl_cache_lookup(c, &q, &a, NULL), 0);
            assert_int_equal(a.n_movements, seq.applied > 0);
            if (a.n_movements) assert_int_equal(a.movements[0].version, seq.applied);
            if (a.n_movements) assert_int_equal(a.movements[0].n_means, 2);
            if (reopened == 0) assert_int_equal(seq.applied, good);
            disk.dead = true;
            gl_cache_close(c);
            power_comes_back();
            assert_int_equal(gl_cache_open(folder, &c, NULL), 0);
        }
        gl_cache_close(c);
    }
    remove_folder_files(folder);
    assert_int_equal(rmdir(folder), 0);
    free(r);
}

static int make_dir(void **state) {
    (void)state;
    if (!mkdtemp(dir)) return -1;
    snprintf(path, sizeof path, "%s/store.db", dir);
    register_disk();
    return 0;
}

static int drop_dir(void **state) {
    (void)state;
    remove_files();
    return rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_committed_is_lost_whatever_fails),
        cmocka_unit_test(a_power_cut_at_any_write),
        cmocka_unit_test(a_power_cut_in_a_purge),
        cmocka_unit_test(a_failure_while_opening),
        cmocka_unit_test(the_cache_is_whole_after_a_failure),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
