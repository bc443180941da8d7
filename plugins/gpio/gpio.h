/* The gpio plugin's own state: its chips and their lines. One context per lane; nothing outside it.
 *
 *     chip edges ──► lines.c: debounce ──► presence readings
 *     greenlaned ──► gpio.c: what is asked, and may it be shown ──► lines.c: levels, in order
 *     time ────────► gpio.c: leases, silence, heartbeat, lost chips
 */
#pragma once
#include "chip.h"
#include "debounce.h"
#include "outputs.h"

enum {
    GPIO_LINES = GL_CHIP_CLAIMS, /* most lines of one lane */
    GPIO_CHIPS = 8,
    GPIO_TICK_MS = 20,  /* how exactly everything here is timed */
    GPIO_BEAT_MS = 250, /* the heartbeat line toggles so often, and all inputs are looked at so often */
    GPIO_REOPEN_MS = 1000,
    GPIO_DEBOUNCE_MAX_MS = 60000
};

struct gpio;

struct gpio_chip {
    struct gpio *gpio;
    const char *name; /* as configured */
    const char *path; /* within name: what the backend opens */
    const struct gl_chip_ops *ops;
    void *handle;        /* NULL while the chip is lost */
    int64_t reopen_at;   /* monotonic, while lost */
    struct gl_error why; /* while lost */
    size_t n_watches;
    struct gl_watch *watches[GL_CHIP_CLAIMS];
};

struct gpio_line {
    struct gl_line conf;
    struct gpio_chip *chip;
    bool claimed; /* the chip is open and the line ours */
    bool driven;  /* outputs: written since it was claimed */
    bool level;   /* outputs: as found, then as written */
    struct gl_debounce input;
};

struct gpio {
    const struct gl_host *host;
    struct gl_timer *timer;
    size_t n_lines, n_chips;
    struct gpio_line lines[GPIO_LINES];
    struct gpio_chip chips[GPIO_CHIPS];
    struct gl_asked asked;
    const char *hindrance;    /* why the safe state stands, a fixed text; NULL = what was asked for is shown */
    int64_t beat_at, look_at; /* monotonic */
    bool health_told;
    char health[sizeof(((struct gl_error *)0)->text) + 192];
};

/* gpio.c: looks at everything known and makes the outputs so. To be called after any change. */
void gpio_settle(struct gpio *g);

/* lines.c */

/* Opens a chip, claims its lines, publishes where its inputs stand. A failure leaves it lost, with the reason in c->why. */
void gpio_chip_open(struct gpio_chip *c);

/* Gives the chip up after an error: its outputs are put into the safe state as far as they still obey, its inputs are unknown. */
void gpio_chip_lose(struct gpio_chip *c, const struct gl_error *why);

/* Closes without touching an output. */
void gpio_chip_close(struct gpio_chip *c);

/* Reads again the inputs that wait for their level to stand, or all; then publishes what counts from now on. */
void gpio_inputs_look(struct gpio *g, bool all);

/* True when no input of the zone is, or may be, active. True as well when the lane has none. */
bool gpio_zone_clear(const struct gpio *g, enum gl_zone zone);

/* Switches the outputs of every open chip that differ from `levels`. A chip that fails is lost: negative, and what to show may have changed. */
int gpio_outputs_write(struct gpio *g, unsigned levels) GL_MUST_USE;

/* Toggles the heartbeat line. */
int gpio_heartbeat(struct gpio *g) GL_MUST_USE;

bool gpio_barrier_up(const struct gpio *g);
