/* Folders and files: what is opened, what is built aside, and how that takes its place.
 *
 *     movements.aside.db --(1)--> its bookkeeping is written into it
 *     movements.db       --(2)--> movements.old.db
 *     movements.aside.db --(3)--> movements.db
 *
 * Each step is on disk before the next. Whoever opens the folder after a power cut finds the old collection (before 2), the old one
 * under its other name (between 2 and 3), or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/cache_impl.h"

enum { PATH = 4096 + 64 };

static bool in_memory(const char *dir) {
    return strcmp(dir, ":memory:") == 0;
}

static const char *file_name(int which) {
    return which == GL_COLLECTION_NONE ? "quarantine" : gl_collections[which];
}

/* ending: ".db", ".aside.db", ".old.db" */
static void make_path(char path[PATH], const char *dir, int which, const char *ending) {
    if (in_memory(dir))
        gl_format(path, PATH, "%s", dir);
    else
        gl_format(path, PATH, "%s/%s%s", dir, file_name(which), ending);
}

static const struct gl_store_kind *kind_of(int which) {
    return which == GL_COLLECTION_NONE ? &gl_cache_quarantine_kind : gl_cache_kinds[which]->store;
}

static bool exists(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

/* A database and what SQLite keeps beside it. */
static void remove_file(const char *dir, int which, const char *ending) {
    static const char *const beside[] = {"", "-wal", "-journal", "-shm"};
    char path[PATH], file[PATH + 16];
    make_path(path, dir, which, ending);
    for (size_t i = 0; i < GL_COUNT(beside); i++) {
        gl_format(file, sizeof file, "%s%s", path, beside[i]);
        unlink(file);
    }
}

static int sync_path(const char *path, int flags, struct gl_error *err) {
    int GL_CLEANUP(gl_close_fd) fd = open(path, flags | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        int rc = -errno;
        return gl_fail(err, rc, "cache %s: it cannot be brought to the disk: %s", path, strerror(-rc));
    }
    return 0;
}

static int move_file(const char *dir, int which, const char *from, const char *to, struct gl_error *err) {
    char old[PATH], new[PATH];
    make_path(old, dir, which, from);
    make_path(new, dir, which, to);
    if (rename(old, new) == 0) return sync_path(dir, O_RDONLY | O_DIRECTORY, err);
    int rc = -errno;
    return gl_fail(err, rc, "cache %s: cannot be renamed to %s: %s", old, new, strerror(-rc));
}

/* ---- opening ----------------------------------------------------------------------------------------------------------------- */

/* What an interrupted switch or loader left. */
static int recover(const char *dir, int which, struct gl_error *err) {
    char present[PATH], old[PATH];
    make_path(present, dir, which, ".db");
    make_path(old, dir, which, ".old.db");
    if (!exists(present) && exists(old)) {
        int rc = move_file(dir, which, ".old.db", ".db", err);
        if (rc < 0) return rc;
    }
    gl_cache_sweep(dir, (enum gl_collection)which);
    return 0;
}

static int make_folder(const char *dir, struct gl_error *err) {
    if (strlen(dir) > 4096) return gl_fail(err, -ENAMETOOLONG, "cache: the folder's path is longer than 4096 bytes");
    if (mkdir(dir, 0700) == 0 || errno == EEXIST) return 0;
    int rc = -errno;
    return gl_fail(err, rc, "cache %s: the folder cannot be made: %s", dir, strerror(-rc));
}

static int open_file(struct gl_cache *c, int which, struct gl_error *err) {
    char path[PATH];
    make_path(path, c->dir, which, ".db");
    return gl_db_open(&c->db[which], path, kind_of(which), err);
}

static int make_handle(const char *dir, struct gl_cache **ret, struct gl_error *err) {
    struct gl_cache *c = calloc(1, sizeof *c);
    if (c) c->dir = strdup(dir);
    if (!c || !c->dir) {
        free(c);
        return gl_fail(err, -ENOMEM, "cache %s: out of memory", dir);
    }
    *ret = c;
    return 0;
}

int gl_cache_open(const char *dir, struct gl_cache **ret, struct gl_error *err) {
    struct gl_cache *c = NULL;
    int rc = in_memory(dir) ? 0 : make_folder(dir, err);
    if (rc == 0) rc = make_handle(dir, &c, err);
    if (rc < 0) return rc;
    /* quarantine.db first: whoever has that open has the folder, and nothing in it is touched. */
    for (int which = 0; rc == 0 && which < GL_COLLECTIONS; which++) {
        if (which != GL_COLLECTION_NONE && !in_memory(dir)) rc = recover(dir, which, err);
        if (rc == 0) rc = open_file(c, which, err);
    }
    if (rc < 0) {
        gl_cache_close(c);
        return rc;
    }
    *ret = c;
    return 0;
}

void gl_cache_close(struct gl_cache *c) {
    if (!c) return;
    for (int which = 0; which < GL_COLLECTIONS; which++) gl_db_close(&c->db[which]);
    free(c->dir);
    free(c);
}

/* ---- aside ------------------------------------------------------------------------------------------------------------------- */

/* A large page cache, because keys come in no order. Until it is finished nothing of it counts, so nothing is synced. */
static struct gl_store_kind aside_kind(enum gl_collection which) {
    static const char *const pragmas[] = {"PRAGMA synchronous=OFF", "PRAGMA cache_size=-131072", NULL};
    struct gl_store_kind kind = *kind_of(which);
    kind.pragmas = pragmas;
    kind.passing = true;
    return kind;
}

int gl_cache_aside(const char *dir, enum gl_collection which, struct gl_cache **ret, struct gl_error *err) {
    char path[PATH];
    struct gl_cache *c = NULL;
    if (which <= GL_COLLECTION_NONE || which >= GL_COLLECTIONS)
        return gl_fail(err, -EINVAL, "cache: there is no collection %d", (int)which);
    int rc = make_handle(dir, &c, err);
    if (rc < 0) return rc;
    c->aside = (uint8_t)which;
    c->aside_kind = aside_kind(which);
    make_path(path, dir, which, ".aside.db");
    if (!in_memory(dir)) remove_file(dir, which, ".aside.db");
    rc = gl_db_open(&c->db[which], path, in_memory(dir) ? kind_of(which) : &c->aside_kind, err);
    if (rc < 0) {
        gl_cache_close(c);
        return rc;
    }
    *ret = c;
    return 0;
}

enum { SLICE = 4 << 20 };

/* Slice by slice, each written before the next begins: who has little to bring to the same disk meanwhile waits for one slice at most, not for all
 * that a large collection leaves to be written. Nothing is durable by this; what fails here fails in gl_cache_finish(). */
void gl_cache_write_back(const struct gl_cache *aside) {
    char path[PATH];
    struct stat st;
    if (in_memory(aside->dir)) return;
    make_path(path, aside->dir, aside->aside, ".aside.db");
    int GL_CLEANUP(gl_close_fd) fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) return;
    const unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    for (off_t at = 0; at < st.st_size; at += SLICE)
        if (sync_file_range(fd, at, SLICE, all) < 0) return;
}

int gl_cache_finish(struct gl_cache *aside, struct gl_error *err) {
    char path[PATH];
    if (!aside->aside) return gl_fail(err, -EINVAL, "cache %s: this is no aside", aside->dir);
    int rc = gl_db_commit(&aside->db[aside->aside], err);
    if (rc < 0 || in_memory(aside->dir)) return rc;
    gl_cache_write_back(aside);
    make_path(path, aside->dir, aside->aside, ".aside.db");
    rc = sync_path(path, O_RDWR, err);
    return rc < 0 ? rc : sync_path(aside->dir, O_RDONLY | O_DIRECTORY, err);
}

/* ---- switching --------------------------------------------------------------------------------------------------------------- */

/* Opens the finished file as what it will be: what is wrong with it comes out while the old one still stands. */
static int write_books(const char *dir, enum gl_collection which, const struct gl_feed_seq *seq, struct gl_error *err) {
    struct gl_cache *c = NULL;
    char path[PATH];
    int rc = make_handle(dir, &c, err);
    if (rc < 0) return rc;
    make_path(path, dir, which, ".aside.db");
    rc = exists(path) ? gl_db_open(&c->db[which], path, kind_of(which), err)
                      : gl_fail(err, -ENOENT, "cache %s: it was not built", path);
    if (rc == 0) rc = gl_cache_save_seq(c, which, seq, err);
    if (rc == 0) rc = gl_db_commit(&c->db[which], err);
    gl_cache_close(c);
    return rc;
}

/* A log that outlives its database would be taken for that of the next one. */
static int no_log(const char *dir, int which, const char *ending, struct gl_error *err) {
    char path[PATH], log[PATH + 8];
    make_path(path, dir, which, ending);
    gl_format(log, sizeof log, "%s-wal", path);
    return exists(log) ? gl_fail(err, -EIO, "cache %s: its log could not be written back; look at the disk", path) : 0;
}

static int switch_files(struct gl_cache *c, enum gl_collection which, struct gl_error *err) {
    remove_file(c->dir, which, ".old.db");
    int rc = no_log(c->dir, which, ".aside.db", err);
    if (rc < 0) return rc;
    c->gone = true; /* until the new one answers */
    gl_db_close(&c->db[which]);
    rc = no_log(c->dir, which, ".db", err);
    if (rc == 0) rc = sync_path(c->dir, O_RDONLY | O_DIRECTORY, err);
    if (rc == 0) rc = move_file(c->dir, which, ".db", ".old.db", err);
    if (rc == 0) rc = move_file(c->dir, which, ".aside.db", ".db", err);
    if (rc == 0) rc = open_file(c, which, err);
    c->gone = rc < 0;
    return rc;
}

static int switch_memory(struct gl_cache *c, enum gl_collection which, struct gl_cache *aside, const struct gl_feed_seq *seq,
                         struct gl_error *err) {
    gl_db_close(&c->db[which]);
    c->db[which] = aside->db[which];
    aside->db[which] = (struct gl_db){0};
    gl_cache_close(aside);
    int rc = gl_cache_save_seq(c, which, seq, err);
    if (rc == 0) rc = gl_db_commit(&c->db[which], err);
    c->gone = rc < 0;
    return rc;
}

int gl_cache_switch(struct gl_cache *c, enum gl_collection which, struct gl_cache *aside, const struct gl_feed_seq *seq,
                    struct gl_error *err) {
    int rc = gl_cache_ready(c, which, err);
    if (rc == 0 && (c->aside || in_memory(c->dir) != (aside != NULL) || (aside && aside->aside != which)))
        rc = gl_fail(err, -EINVAL, "cache: an aside in memory for a cache in memory, or a file that is closed for a folder");
    if (rc == 0 && c->db[which].in_tx) rc = gl_fail(err, -EBUSY, "cache %s: a collection is switched between transactions", c->dir);
    if (rc < 0) return rc;
    if (aside) {
        rc = switch_memory(c, which, aside, seq, err);
    } else {
        rc = write_books(c->dir, which, seq, err);
        if (rc == 0) rc = switch_files(c, which, err);
    }
    gl_cache_forget(c, which);
    return rc;
}

void gl_cache_sweep(const char *dir, enum gl_collection which) {
    if (in_memory(dir)) return;
    remove_file(dir, which, ".aside.db");
    remove_file(dir, which, ".old.db");
}
