/* The one entry of the device process. */
#pragma once
#include "config/config.h"

/* Serves one device until it is told to end. Returns the exit status: 0 = told to end, 1 = to be started again, 2 = no such device. */
int gl_device_run(const struct gl_config *config, const char *id);
