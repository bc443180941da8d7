/* Times are int64_t milliseconds: wall times since 1970 UTC, monotonic times since some start. 0 stands for "none" in wall times. */
#pragma once
#include "base/base.h"

/* When something happened: both clocks, read together. Deadlines live on mono alone. */
struct gl_now {
    int64_t wall;
    int64_t mono;
};

struct gl_now gl_now_read(void); /* reads the clocks: for processes' edges only, never in a codec or in the core */

enum { GL_TIME_TEXT = 32 }; /* room for a formatted time */

/* "2026-11-23T11:16:57.123Z". */
void gl_time_format(int64_t wall, char out[GL_TIME_TEXT]);

/* RFC 3339 with an offset or Z, whole string; any fraction of a second is cut to milliseconds. */
int gl_time_parse(const char *text, int64_t *ret) GL_MUST_USE;

/* Days since 1970-01-01 of a proleptic Gregorian date; false when the date does not exist. */
bool gl_date_to_days(int year, int month, int day, int64_t *ret);

/* A duration with its unit: "250ms", "12s", "5m", "24h", "180d". No unit is an error. */
int gl_duration_parse(const char *text, int64_t *ret_ms) GL_MUST_USE;
