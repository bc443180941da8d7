#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The only state of a whole process: who it is, set once before anything else runs. */
static struct {
    char process[48];
    enum gl_level least;
    bool journald;
} self = {"greenlane", GL_INFO, false};

void gl_log_init(const char *process, enum gl_level least) {
    gl_clip(self.process, sizeof self.process, process);
    self.least = least;
    self.journald = getenv("JOURNAL_STREAM") != NULL;
}

void gl_log(enum gl_level level, const char *fmt, ...) {
    static const char *const word[] = {"", "", "", "error", "warning", "notice", "info", "debug"};
    if (level > self.least) return;
    char text[800], line[900];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) *p = ' '; /* what a device sent must not forge log lines */
    int n = self.journald ? snprintf(line, sizeof line, "<%d>%s\n", level, text)
                          : snprintf(line, sizeof line, "%s: %s: %s\n", self.process, word[level], text);
    if (n > 0 && write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1) < 0) return;
}

bool gl_log_allowed(struct gl_log_quota *q, int burst, int64_t every_ms, int64_t mono) {
    if (q->next_mono == 0) q->left = burst;
    if (mono >= q->next_mono) {
        if (q->next_mono != 0 && q->left < burst) q->left++;
        q->next_mono = mono + every_ms;
    }
    if (q->left > 0) {
        q->left--;
        return true;
    }
    q->dropped++;
    return false;
}
