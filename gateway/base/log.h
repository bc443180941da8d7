/* One line to standard error per event, with the priority prefix that journald understands. Say whose fault it is and what helps. */
#pragma once
#include "base/base.h"

enum gl_level { GL_ERROR = 3, GL_WARNING = 4, GL_NOTICE = 5, GL_INFO = 6, GL_DEBUG = 7 };

void gl_log_init(const char *process, enum gl_level least); /* process: shown at the start of each line */
void gl_log(enum gl_level level, const char *fmt, ...) GL_PRINTF(2, 3);

/* A quota for lines that a device or a peer can trigger: at most `burst` lines, refilled one every `every_ms`. */
struct gl_log_quota {
    int64_t next_mono;
    int left;
    uint64_t dropped;
};

/* True when a line may be written now. The number held back since is in q->dropped until the caller resets it. */
bool gl_log_allowed(struct gl_log_quota *q, int burst, int64_t every_ms, int64_t mono);
