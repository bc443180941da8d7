/* The loader's one loop: takes orders and records from greenlaned, builds, answers. */
#pragma once
#include "config/config.h"

/* Runs until greenlaned is gone; returns the exit status. */
int gl_loader_run(const struct gl_config *config);
