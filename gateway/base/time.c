#include "base/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct gl_now gl_now_read(void) {
    struct timespec w, m;
    clock_gettime(CLOCK_REALTIME, &w);
    clock_gettime(CLOCK_BOOTTIME, &m);
    return (struct gl_now){.wall = (int64_t)w.tv_sec * 1000 + w.tv_nsec / 1000000,
                           .mono = (int64_t)m.tv_sec * 1000 + m.tv_nsec / 1000000};
}

void gl_time_format(int64_t wall, char out[GL_TIME_TEXT]) {
    time_t s = (time_t)(wall / 1000);
    int ms = (int)(wall % 1000);
    if (ms < 0) {
        ms += 1000;
        s -= 1;
    }
    struct tm tm;
    if (!gmtime_r(&s, &tm) || tm.tm_year > 8099 || tm.tm_year < -1900) {
        snprintf(out, GL_TIME_TEXT, "1970-01-01T00:00:00.000Z");
        return;
    }
    char text[96];
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec, ms);
    gl_clip(out, GL_TIME_TEXT, text);
}

bool gl_date_to_days(int year, int month, int day, int64_t *ret) {
    static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > length[month - 1] + (month == 2 && leap ? 1 : 0)) return false;
    /* Counting years from March puts the leap day last: the month lengths then follow (153 m + 2) / 5. */
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;
    *ret = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
    return true;
}

/* Exactly n digits. */
static bool digits(const char **p, int n, int *ret) {
    int v = 0;
    for (int i = 0; i < n; i++) {
        char c = (*p)[i];
        if (c < '0' || c > '9') return false;
        v = v * 10 + (c - '0');
    }
    *p += n;
    *ret = v;
    return true;
}

static bool literal(const char **p, char c) {
    if (**p != c) return false;
    (*p)++;
    return true;
}

static bool fraction(const char **p, int *ret_ms) {
    int ms = 0, scale = 100, n = 0;
    if (**p != '.') return true;
    (*p)++;
    for (; **p >= '0' && **p <= '9'; (*p)++, n++, scale /= 10) ms += (**p - '0') * scale;
    *ret_ms = ms;
    return n > 0 && n <= 12;
}

static bool offset(const char **p, int *ret_minutes) {
    int h = 0, m = 0;
    if (**p == 'Z' || **p == 'z') {
        (*p)++;
        *ret_minutes = 0;
        return true;
    }
    if (**p != '+' && **p != '-') return false;
    int sign = **p == '-' ? -1 : 1;
    (*p)++;
    if (!digits(p, 2, &h) || !literal(p, ':') || !digits(p, 2, &m) || h > 23 || m > 59) return false;
    *ret_minutes = sign * (h * 60 + m);
    return true;
}

int gl_time_parse(const char *text, int64_t *ret) {
    const char *p = text;
    int year, month, day, h, m, s, ms = 0, zone;
    int64_t days;
    if (!digits(&p, 4, &year) || !literal(&p, '-') || !digits(&p, 2, &month) || !literal(&p, '-') || !digits(&p, 2, &day) ||
        (*p != 'T' && *p != 't'))
        return -EINVAL;
    p++;
    if (!digits(&p, 2, &h) || !literal(&p, ':') || !digits(&p, 2, &m) || !literal(&p, ':') || !digits(&p, 2, &s) ||
        !fraction(&p, &ms) || !offset(&p, &zone) || *p != '\0')
        return -EINVAL;
    if (h > 23 || m > 59 || s > 60 || !gl_date_to_days(year, month, day, &days)) return -EINVAL;
    *ret = (((days * 24 + h) * 60 + m - zone) * 60 + s) * 1000 + ms;
    return 0;
}

int gl_duration_parse(const char *text, int64_t *ret_ms) {
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    size_t n = strspn(text, "0123456789");
    char number[16];
    int64_t v;
    if (n == 0 || gl_copyn(number, sizeof number, text, n) < 0 || gl_parse_int(number, 0, 1000000000, &v) < 0) return -EINVAL;
    for (size_t i = 0; i < GL_COUNT(units); i++)
        if (strcmp(text + n, units[i].unit) == 0) {
            *ret_ms = v * units[i].ms;
            return 0;
        }
    return -EINVAL;
}
