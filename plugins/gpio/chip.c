/* Which backend serves a configured chip. */
#include "chip.h"

#include <string.h>

const struct gl_chip_ops *gl_chip_for(const char *chip, const char **ret_path) {
    static const char sim[] = "sim:";
    bool simulated = strncmp(chip, sim, sizeof(sim) - 1) == 0;

    *ret_path = simulated ? chip + sizeof(sim) - 1 : chip;
    return simulated ? &gl_chip_sim : &gl_chip_gpiod;
}
