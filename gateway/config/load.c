/* gl_config_load(): the file's bytes, the tree, the sections, the checks; and looking things up afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/reader.h"

#ifndef GREENLANE_PLUGIN_DIR
#if defined(__x86_64__)
#define GREENLANE_PLUGIN_DIR "/usr/lib/x86_64-linux-gnu/greenlane"
#elif defined(__aarch64__)
#define GREENLANE_PLUGIN_DIR "/usr/lib/aarch64-linux-gnu/greenlane"
#else
#define GREENLANE_PLUGIN_DIR "/usr/lib/greenlane"
#endif
#endif

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
#define DAYS(n) ((n)*24 * (int64_t)HOUR)

/* The whole file, at most one byte more than allowed, so that a longer one shows. -EISDIR and the like as negative errno. */
static int read_file(const char *file, struct gl_buf *out) {
    GL_CLEANUP(gl_close_fd) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0) return -errno;
    if (fstat(fd, &st) < 0) return -errno;
    if (S_ISDIR(st.st_mode)) return -EISDIR;
    if (!S_ISREG(st.st_mode)) return -EINVAL;
    for (;;) {
        char part[16384];
        ssize_t n = read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -errno;
        if (n == 0) return 0;
        gl_buf_add(out, part, (size_t)n);
        if (out->failed) return out->len + (size_t)n > GL_YAML_BYTES ? -EFBIG : -ENOMEM;
    }
}

static int hash_of(const struct gl_buf *bytes, char out[65]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (EVP_Digest(bytes->data ? bytes->data : "", bytes->len, digest, &n, EVP_sha256(), NULL) != 1 || n != 32) return -EIO;
    for (unsigned i = 0; i < n; i++) gl_format(out + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

/* The folder of the file, absolute. */
static int find_folder(const char *file, char *folder, char *ret_file) {
    char copy[GL_PATH], base[GL_PATH];
    if (gl_copy(copy, sizeof copy, file) < 0 || gl_copy(base, sizeof base, file) < 0) return -ENAMETOOLONG;
    GL_CLEANUP(gl_freep) char *real = realpath(dirname(copy), NULL);
    if (!real) return -errno;
    const char *name = basename(base);
    int n = snprintf(ret_file, GL_PATH, "%s%s%s", real, strcmp(real, "/") == 0 ? "" : "/", name);
    if (n < 0 || n >= GL_PATH) return -ENAMETOOLONG;
    return gl_copy(folder, GL_PATH, real);
}

/* A build tree and an installation of its own keep the plugins beside the programs; the package keeps them in the system's folder. */
void gl_plugin_dir(char *out, size_t size) {
    char self[GL_PATH], beside[2 * GL_PATH];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    gl_clip(out, size, GREENLANE_PLUGIN_DIR);
    if (n <= 0 || n >= (ssize_t)sizeof self - 1) return;
    self[n] = '\0';
    gl_format(beside, sizeof beside, "%s/../lib/greenlane", dirname(self));
    GL_CLEANUP(gl_freep) char *real = realpath(beside, NULL);
    if (real && strlen(real) < size) gl_clip(out, size, real);
}

static void set_defaults(struct gl_config *c) {
    gl_clip(c->timezone, sizeof c->timezone, "UTC");
    c->mqtt.keepalive_s = 10;
    gl_clip(c->paths.state, sizeof c->paths.state, "/var/lib/greenlane");
    gl_clip(c->paths.run, sizeof c->paths.run, "/run/greenlane");
    gl_plugin_dir(c->paths.plugins, sizeof c->paths.plugins);
    c->feed.live_ms = 2 * MINUTE;
    c->feed.soft_ms = 5 * MINUTE;
    c->feed.hard_ms = 30 * MINUTE;
    c->feed.down_ms = 24 * HOUR;
    c->feed.replay_wait_ms = 5 * SECOND;
    c->feed.snapshot_silence_ms = 2 * MINUTE;
    c->retention.passages_ms = c->retention.records_ms = DAYS(180);
    c->retention.evidence_ms = DAYS(30);
    c->retention.used_ms = DAYS(365);
    c->clock_require_sync = true;
    c->device_silence_ms = 5 * SECOND;
}

static void read_all(struct gl_reader *r) {
    struct gl_config *c = r->c;
    set_defaults(c);
    gl_read_keys(r, r->y.root, &gl_config_section, c);
    if (!c->mqtt.client_id[0]) gl_format(c->mqtt.client_id, sizeof c->mqtt.client_id, "greenlane-%s", c->post);
    if (!c->retention.hard_ms) {
        int64_t longest = c->retention.passages_ms > c->retention.records_ms ? c->retention.passages_ms : c->retention.records_ms;
        c->retention.hard_ms = 2 * longest;
    }
    gl_check_post(r);
    gl_check_shared(r);
    gl_check_lanes(r);
    gl_check_lines(r);
    gl_check_share(r);
    gl_check_addresses(r);
}

static void load(struct gl_reader *r, const char *file) {
    GL_CLEANUP(gl_buf_free) struct gl_buf bytes = GL_BUF(GL_YAML_BYTES);
    int rc = find_folder(file, r->folder, r->c->file);
    if (rc == 0) rc = read_file(file, &bytes);
    if (rc == 0) rc = hash_of(&bytes, r->c->hash);
    if (rc == -EFBIG)
        gl_yaml_place_error(&r->y, 0, 0, "longer than 1 MiB: this is no configuration");
    else if (rc < 0)
        gl_yaml_place_error(&r->y, 0, 0, "cannot read it: %s", strerror(-rc));
    else if (gl_yaml_parse(&r->y, bytes.data ? bytes.data : "", bytes.len) == 0)
        read_all(r);
}

int gl_config_load(const char *file, bool check_plugins, struct gl_config **ret, struct gl_config_error *errors, int max) {
    struct gl_reader r = {.y = {.file = file, .errors = errors, .max = errors ? max : 0}, .check_plugins = check_plugins};
    r.c = calloc(1, sizeof *r.c);
    if (r.c)
        load(&r, file);
    else
        gl_yaml_place_error(&r.y, 0, 0, "out of memory");
    gl_yaml_sort_errors(&r.y);
    gl_yaml_free(&r.y);
    if (r.y.n == 0) {
        *ret = r.c;
        return 0;
    }
    gl_config_free(r.c);
    /* The caller walks through as many errors as it has room for. */
    return r.y.n > r.y.max && r.y.max > 0 ? r.y.max : r.y.n;
}

void gl_config_free(struct gl_config *c) {
    free(c);
}

const struct gl_lane_config *gl_config_lane(const struct gl_config *c, const char *id) {
    for (uint16_t i = 0; i < c->n_lanes; i++)
        if (strcmp(c->lanes[i].id, id) == 0) return &c->lanes[i];
    return NULL;
}

const struct gl_client_config *gl_config_client(const struct gl_config *c, const char *id) {
    for (uint16_t i = 0; i < c->n_clients; i++)
        if (strcmp(c->clients[i].id, id) == 0) return &c->clients[i];
    return NULL;
}

const struct gl_device_config *gl_config_device(const struct gl_config *c, const char *id, const struct gl_lane_config **ret_lane) {
    for (uint16_t i = 0; i < c->n_lanes; i++)
        for (uint16_t j = 0; j < c->lanes[i].n_devices; j++)
            if (!c->lanes[i].devices[j].shared && strcmp(c->lanes[i].devices[j].id, id) == 0) {
                if (ret_lane) *ret_lane = &c->lanes[i];
                return &c->lanes[i].devices[j];
            }
    return NULL;
}

/* By what is written: greenlaned loads no plugin, and so knows no defaults. */
bool gl_config_by_loop(const struct gl_device_config *d) {
    for (size_t i = 0; i < d->n_settings; i++)
        if (strcmp(d->settings[i].name, "trigger") == 0) return strcmp(d->settings[i].text, "loop") == 0;
    return false;
}

static bool has_antenna(const struct gl_device_config *d, int64_t antenna) {
    if (d->antennas == 0) return true; /* every one is its lane's: such a reader is not shared */
    return antenna >= 1 && antenna <= 32 && (d->antennas & (UINT32_C(1) << (antenna - 1))) != 0;
}

const struct gl_lane_config *gl_config_lane_of(const struct gl_config *c, const char *device, int64_t antenna) {
    for (uint16_t i = 0; i < c->n_lanes; i++)
        for (uint16_t j = 0; j < c->lanes[i].n_devices; j++) {
            const struct gl_device_config *d = &c->lanes[i].devices[j];
            if (strcmp(d->id, device) == 0 && has_antenna(d, antenna)) return &c->lanes[i];
        }
    return NULL;
}
