/* A chip of the kernel, by libgpiod 1.6. The only file that knows libgpiod: version 2 has another API and would replace this file alone.
 *
 * Each line is requested for itself, so that one line's failure names that line. Outputs are requested "as is" and turned into driven
 * outputs by their first set(): the kernel then changes direction and level in one step (GPIOHANDLE_SET_CONFIG, Linux 5.5 and later). */
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>

#include "chip.h"

static const char consumer[] = "greenlane";

struct claim {
    unsigned offset;
    struct gpiod_line *line;
    int fd;      /* inputs: readable when an edge came; outputs: -1 */
    bool driven; /* outputs: set() was called once */
};

struct kernel_chip {
    struct gpiod_chip *chip;
    size_t n;
    struct claim claims[GL_CHIP_CLAIMS];
};

static int failed(struct gl_error *err, unsigned offset, const char *what) {
    int code = errno > 0 ? errno : EIO;
    return gl_fail(err, -code, "line %u: %s: %s", offset, what, strerror(code));
}

static int kernel_open(const char *path, void **ret_chip, struct gl_error *err) {
    struct kernel_chip *k = calloc(1, sizeof(*k));
    if (!k) return gl_fail(err, -ENOMEM, "out of memory");

    errno = 0;
    k->chip = strchr(path, '/') ? gpiod_chip_open(path) : gpiod_chip_open_by_name(path);
    if (!k->chip) {
        int code = errno > 0 ? errno : ENODEV;
        free(k);
        return gl_fail(err, -code,
                       "cannot be opened: %s; gpiodetect lists the chips; a udev link such as /dev/lane1 keeps its name",
                       strerror(code));
    }
    *ret_chip = k;
    return 0;
}

static int refused(struct gl_error *err, struct claim *c, const char *as) {
    const char *user = errno == EBUSY && gpiod_line_update(c->line) == 0 ? gpiod_line_consumer(c->line) : NULL;
    if (user)
        return gl_fail(err, -EBUSY, "line %u is in use by \"%s\": stop that program, or configure another line", c->offset, user);
    return failed(err, c->offset, as);
}

static int new_claim(struct kernel_chip *k, unsigned offset, struct claim **ret, struct gl_error *err) {
    if (k->n == GL_CHIP_CLAIMS) return gl_fail(err, -ENOSPC, "line %u: more than %d lines on one chip", offset, GL_CHIP_CLAIMS);
    if (offset >= gpiod_chip_num_lines(k->chip))
        return gl_fail(err, -EINVAL, "line %u does not exist: the chip has lines 0 to %u", offset,
                       gpiod_chip_num_lines(k->chip) - 1);

    struct claim *c = &k->claims[k->n];
    *c = (struct claim){.offset = offset, .line = gpiod_chip_get_line(k->chip, offset), .fd = -1};
    if (!c->line) return failed(err, offset, "cannot be looked at");
    *ret = c;
    return 0;
}

static int read_level(const struct claim *c, bool *ret_level, struct gl_error *err) {
    int value = gpiod_line_get_value(c->line);
    if (value < 0) return failed(err, c->offset, "cannot be read");
    *ret_level = value > 0;
    return 0;
}

/* From here on the claim counts; a claim whose level cannot be read is given back at once. */
static int keep(struct kernel_chip *k, struct claim *c, bool *ret_level, struct gl_error *err) {
    int r = read_level(c, ret_level, err);
    if (r < 0) {
        gpiod_line_release(c->line);
        return r;
    }
    k->n++;
    return 0;
}

static int kernel_claim_input(void *chip, unsigned offset, bool active_low, bool *ret_level, struct gl_error *err) {
    struct kernel_chip *k = chip;
    struct claim *c = NULL;
    int r = new_claim(k, offset, &c, err);
    if (r < 0) return r;

    if (gpiod_line_request_both_edges_events_flags(c->line, consumer, active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0) < 0)
        return refused(err, c, "cannot be taken as an input with edge events");
    c->fd = gpiod_line_event_get_fd(c->line);
    int flags = c->fd < 0 ? -1 : fcntl(c->fd, F_GETFL);
    if (flags < 0 || fcntl(c->fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        r = failed(err, offset, "cannot be watched");
        gpiod_line_release(c->line);
        return r;
    }
    return keep(k, c, ret_level, err);
}

static int kernel_claim_output(void *chip, unsigned offset, bool active_low, bool *ret_level, struct gl_error *err) {
    struct kernel_chip *k = chip;
    struct claim *c = NULL;
    int r = new_claim(k, offset, &c, err);
    if (r < 0) return r;

    struct gpiod_line_request_config as_is = {
        .consumer = consumer,
        .request_type = GPIOD_LINE_REQUEST_DIRECTION_AS_IS,
        .flags = active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0,
    };
    if (gpiod_line_request(c->line, &as_is, 0) < 0) return refused(err, c, "cannot be taken as an output");
    return keep(k, c, ret_level, err);
}

static struct claim *find(struct kernel_chip *k, unsigned offset) {
    for (size_t i = 0; i < k->n; i++)
        if (k->claims[i].offset == offset) return &k->claims[i];
    return NULL;
}

static int kernel_get(void *chip, unsigned offset, bool *ret_level, struct gl_error *err) {
    const struct claim *c = find(chip, offset);
    return c ? read_level(c, ret_level, err) : gl_fail(err, -EINVAL, "line %u was never claimed", offset);
}

static int kernel_set(void *chip, unsigned offset, bool level, struct gl_error *err) {
    struct claim *c = find(chip, offset);
    if (!c) return gl_fail(err, -EINVAL, "line %u was never claimed", offset);

    int r = c->driven ? gpiod_line_set_value(c->line, level) : gpiod_line_set_direction_output(c->line, level);
    if (r < 0) return failed(err, offset, "cannot be set");
    c->driven = true;
    return 0;
}

static size_t kernel_fds(void *chip, int *ret_fds, size_t max) {
    struct kernel_chip *k = chip;
    size_t n = 0;
    for (size_t i = 0; i < k->n && n < max; i++)
        if (k->claims[i].fd >= 0) ret_fds[n++] = k->claims[i].fd;
    return n;
}

static int kernel_event(void *chip, int fd, struct gl_chip_event *ret, struct gl_error *err) {
    struct kernel_chip *k = chip;
    for (size_t i = 0; i < k->n; i++) {
        if (k->claims[i].fd != fd) continue;
        struct gpiod_line_event event;
        if (gpiod_line_event_read_fd(fd, &event) < 0)
            return errno == EAGAIN ? 0 : failed(err, k->claims[i].offset, "gives no events");
        /* With both edges asked for, the kernel names the edge by the logical level, active_low included. */
        *ret = (struct gl_chip_event){k->claims[i].offset, event.event_type == GPIOD_LINE_EVENT_RISING_EDGE};
        return 1;
    }
    return 0;
}

static void kernel_close(void *chip) {
    struct kernel_chip *k = chip;
    if (!k) return;
    gpiod_chip_close(k->chip); /* releases its lines too */
    free(k);
}

const struct gl_chip_ops gl_chip_gpiod = {
    .open = kernel_open,
    .claim_input = kernel_claim_input,
    .claim_output = kernel_claim_output,
    .get = kernel_get,
    .set = kernel_set,
    .fds = kernel_fds,
    .event = kernel_event,
    .close = kernel_close,
};
