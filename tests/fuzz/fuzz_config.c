/* Fuzz target: the configuration reader on any bytes, as a file in memory. What it accepts must be within its own limits; what it refuses must
 * come with a place and a text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"

enum { MOST_ERRORS = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool true_always) {
    if (!true_always) abort();
}

static void check_accepted(const struct gl_config *c) {
    must(c->n_lanes >= 1 && c->n_lanes <= GL_MAX_LANES && c->n_profiles >= 1 && c->n_profiles <= GL_MAX_PROFILES);
    must(c->post[0] != '\0' && strlen(c->hash) == 64);
    must(c->feed.live_ms <= c->feed.soft_ms && c->feed.soft_ms < c->feed.hard_ms && c->feed.hard_ms < c->feed.down_ms);
    for (uint16_t i = 0; i < c->n_lanes; i++) {
        const struct gl_lane_config *l = &c->lanes[i];
        must(l->profile < c->n_profiles && l->direction != GL_DIRECTION_NONE);
        must(l->n_devices <= GL_MAX_DEVICES && l->n_lines <= GL_MAX_LINES);
        must(gl_config_lane(c, l->id) == l);
        for (uint16_t j = 0; j < l->n_devices; j++) {
            const struct gl_device_config *owner = gl_config_device(c, l->devices[j].id, NULL);
            must(l->devices[j].shared ? owner && !owner->shared && owner->antennas != 0 : owner == &l->devices[j]);
        }
        for (uint16_t j = 0; j < l->n_lines; j++) must(l->lines[j].chip[0] != '\0');
    }
    for (uint16_t i = 0; i < c->n_profiles; i++) {
        const struct gl_profile *p = &c->profiles[i];
        must(p->require != 0 && p->random_rate >= 0 && p->random_rate <= 1 && p->policy[GL_CLASS_TRUCK] != GL_POLICY_NONE);
    }
}

static void check_errors(const struct gl_config_error *errors, int n) {
    must(n <= MOST_ERRORS);
    for (int i = 0; i < n; i++) {
        must(errors[i].line >= 0 && errors[i].text[0] != '\0');
        must(gl_utf8_valid(errors[i].text, strlen(errors[i].text)));
        for (const char *p = errors[i].text; *p; p++) must((unsigned char)*p >= 0x20);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct gl_config_error errors[MOST_ERRORS];
    char path[32];
    struct gl_config *c = NULL;
    int fd = memfd_create("post.yaml", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int n = gl_config_load(path, false, &c, errors, MOST_ERRORS);
    if (n == 0)
        check_accepted(c);
    else
        check_errors(errors, n);
    if (n == 0) gl_config_free(c);
    close(fd);
    return 0;
}
