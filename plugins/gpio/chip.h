/* A GPIO chip as the gpio plugin needs it: one small table of functions, so that the plugin itself never knows what stands behind.
 *
 * Levels are logical here: true = active, whatever the wiring (active_low is settled by the backend). Lines are named by their offset on
 * the chip. Every call fails with a text in err that names the line and says why; the plugin then gives the chip up and opens it anew. */
#pragma once
#include "base/base.h"

enum { GL_CHIP_CLAIMS = 32 }; /* most lines that one opened chip holds */

struct gl_chip_event {
    unsigned offset;
    bool level; /* after the edge */
};

struct gl_chip_ops {
    /* Opens the chip; takes no line yet. The chip belongs to the caller until close(). */
    int (*open)(const char *path, void **ret_chip, struct gl_error *err);
    /* Takes a line as an input with edge events, and tells its level now. */
    int (*claim_input)(void *chip, unsigned offset, bool active_low, bool *ret_level, struct gl_error *err);
    /* Takes a line that is to be driven, without touching it: it stays as whoever had it before left it, and that level is told. Only
     * set() drives it. So a barrier that stands open over a vehicle does not fall because a process was started again. */
    int (*claim_output)(void *chip, unsigned offset, bool active_low, bool *ret_level, struct gl_error *err);
    int (*get)(void *chip, unsigned offset, bool *ret_level, struct gl_error *err);
    int (*set)(void *chip, unsigned offset, bool level, struct gl_error *err);
    /* The descriptors that become readable when an edge came; at most max. Ask once all lines are claimed. */
    size_t (*fds)(void *chip, int *ret_fds, size_t max);
    /* The next edge of one such descriptor: 1 = *ret is written, 0 = none now, negative = the chip is gone. Never blocks. */
    int (*event)(void *chip, int fd, struct gl_chip_event *ret, struct gl_error *err);
    void (*close)(void *chip); /* gives the lines back, as they stand; accepts NULL */
};

extern const struct gl_chip_ops gl_chip_gpiod; /* a chip of the kernel: "gpiochip0" or "/dev/gpiochip0" */
extern const struct gl_chip_ops gl_chip_sim;   /* greenlane-sim-chip: the path of its socket */

/* The backend for a configured chip ("sim:PATH" or a kernel chip) and what to hand to its open(), which points into chip. */
const struct gl_chip_ops *gl_chip_for(const char *chip, const char **ret_path);
