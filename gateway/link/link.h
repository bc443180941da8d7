/* The link between greenlaned and the broker. */
#pragma once
#include "config/config.h"

/* Runs until SIGTERM or SIGINT (0), or until it cannot go on (1): greenlaned went away, or broke the rules of their socket. */
int gl_link_run(const struct gl_config *config);
