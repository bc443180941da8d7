#include "frames/region.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct gl_error *err, const char *text) {
    return gl_fail(err, -EINVAL,
                   "region: \"%.60s\" must read x1,y1,x2,y2 in per cent of the picture (10,40,90,100), or three to %d corners x,y "
                   "with spaces between",
                   text, GL_REGION_CORNERS);
}

/* One number from 0 to 100, with decimals; NULL when there is none. */
static const char *take_number(const char *p, double *ret) {
    char *end;
    size_t len = strspn(p, "0123456789.");
    if (*p < '0' || *p > '9' || len > 8) return NULL;
    *ret = strtod(p, &end) / 100.0;
    return end == p + len && *ret <= 1.0 ? end : NULL;
}

static int take_all(const char *text, double v[2 * GL_REGION_CORNERS], char before[2 * GL_REGION_CORNERS]) {
    int n = 0;
    for (const char *p = text;; p++) {
        if (n == 2 * GL_REGION_CORNERS) return -EINVAL;
        before[n] = p == text ? ' ' : p[-1];
        p = take_number(p, &v[n++]);
        if (!p || (*p != '\0' && *p != ',' && *p != ' ')) return -EINVAL;
        if (*p == '\0') return n;
    }
}

static bool is_rectangle(int n, const char *before) {
    return n == 4 && before[1] == ',' && before[2] == ',' && before[3] == ',';
}

static bool is_polygon(int n, const char *before) {
    if (n < 6 || n % 2 != 0) return false;
    for (int i = 0; i < n; i++)
        if (before[i] != (i % 2 ? ',' : ' ')) return false;
    return true;
}

int gl_region_parse(const char *text, struct gl_region *out, struct gl_error *err) {
    double v[2 * GL_REGION_CORNERS];
    char before[2 * GL_REGION_CORNERS];
    *out = (struct gl_region){.n = 0};
    if (!text || !text[0]) return 0;
    int n = take_all(text, v, before);
    if (is_rectangle(n, before) && v[0] < v[2] && v[1] < v[3]) {
        *out = (struct gl_region){4, {v[0], v[2], v[2], v[0]}, {v[1], v[1], v[3], v[3]}};
        return 0;
    }
    if (!is_polygon(n, before)) return refuse(err, text);
    out->n = (size_t)n / 2;
    for (size_t i = 0; i < out->n; i++) {
        out->x[i] = v[2 * i];
        out->y[i] = v[2 * i + 1];
    }
    double left, top, right, bottom;
    gl_region_box(out, &left, &top, &right, &bottom);
    return left < right && top < bottom ? 0 : refuse(err, text);
}

/* A ray to the right crosses the outline an odd number of times. */
bool gl_region_holds(const struct gl_region *r, double x, double y) {
    bool inside = r->n == 0;
    for (size_t i = 0, j = r->n - 1; i < r->n; j = i++) {
        if ((r->y[i] > y) == (r->y[j] > y)) continue;
        if (x < r->x[i] + (r->x[j] - r->x[i]) * (y - r->y[i]) / (r->y[j] - r->y[i])) inside = !inside;
    }
    return inside;
}

void gl_region_box(const struct gl_region *r, double *left, double *top, double *right, double *bottom) {
    *left = *top = r->n ? 1 : 0;
    *right = *bottom = r->n ? 0 : 1;
    for (size_t i = 0; i < r->n; i++) {
        if (r->x[i] < *left) *left = r->x[i];
        if (r->x[i] > *right) *right = r->x[i];
        if (r->y[i] < *top) *top = r->y[i];
        if (r->y[i] > *bottom) *bottom = r->y[i];
    }
}
