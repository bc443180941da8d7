/* The names of what a lane shows, in the order of enum gl_signal (plugins/plugin.h). */
#include <stddef.h>

extern const char *const gl_signals[];
const char *const gl_signals[] = {NULL, "stop", "release", "inspect", "fault", NULL};
