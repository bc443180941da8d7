#include "frames/sim_scene.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NOISE = 4, INK = 22, PAPER = 236, TINTED = 108 };
#define ADVANCE 6.2  /* from one character to the next, in units of a glyph, which is 4 wide and 6 high */
#define BLANK 3.4    /* of a space */
#define MARGIN_X 2.6 /* of the plate around its text */
#define MARGIN_Y 1.7
#define HALF_STROKE 0.5 /* half the width of a stroke */

int sim_canvas_size(struct sim_canvas *c, int w, int h) {
    if (w < 64 || h < 48 || w > 1920 || h > 1920 || w % 16 || h % 16) return -EINVAL;
    sim_canvas_free(c);
    size_t n = (size_t)w * (size_t)h;
    c->y = calloc(1, n + n / 2);
    if (!c->y) return -ENOMEM;
    c->u = c->y + n;
    c->v = c->u + n / 4;
    c->w = w;
    c->h = h;
    return 0;
}

void sim_canvas_free(struct sim_canvas *c) {
    free(c->y);
    *c = (struct sim_canvas){0};
}

static uint32_t noise(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void fill(struct sim_canvas *c, double x1, double y1, double x2, double y2, int level) {
    for (int y = y1 < 0 ? 0 : (int)y1; y < y2 && y < c->h; y++)
        for (int x = x1 < 0 ? 0 : (int)x1; x < x2 && x < c->w; x++) c->y[y * c->w + x] = (uint8_t)level;
}

/* ---- the plate --------------------------------------------------------------------------------------------------------------------- */
static double text_width(const char *text) {
    double w = 0;
    for (const char *p = text; *p; p++) w += *p == ' ' ? BLANK : ADVANCE;
    return w - (ADVANCE - 4);
}

/* How much ink is at a point of the text's own units, 0..1; edge: half a pixel in them. */
static double ink_at(const char *text, double x, double y, double edge) {
    for (const char *p = text; *p; p++) {
        double step = *p == ' ' ? BLANK : ADVANCE;
        if (x < step - 1) {
            double d = (HALF_STROKE - sim_glyph_distance(*p, x, y)) / edge / 2 + 0.5;
            return d < 0 ? 0 : d > 1 ? 1 : d;
        }
        x -= step;
    }
    return 0;
}

static bool dirty(int x, int y, int dirt) {
    uint32_t h = (uint32_t)x * 73856093u ^ (uint32_t)y * 19349663u;
    h ^= h >> 13;
    return (int)(h * 2654435761u >> 16) % 100 < dirt;
}

/* Centred at cx, w wide: a white board with a thin frame. */
static void draw_plate(struct sim_canvas *c, const struct sim_vehicle *v, double cx, double cy, double w) {
    double units = text_width(v->plate) + 2 * MARGIN_X, unit = w / units, h = (6 + 2 * MARGIN_Y) * unit;
    double left = cx - w / 2, top = cy - h / 2, line = fmax(1, unit * 0.35);
    fill(c, left - line, top - line, left + w + line, top + h + line, INK + 30);
    for (int y = (int)top; y < top + h; y++)
        for (int x = (int)left; x < left + w; x++) {
            if (x < 0 || y < 0 || x >= c->w || y >= c->h) continue;
            double ink = ink_at(v->plate, (x + 0.5 - left) / unit - MARGIN_X, (y + 0.5 - top) / unit - MARGIN_Y, 0.5 / unit);
            bool mud = v->dirt && dirty((int)((x - left) / unit / 2.2), (int)((y - top) / unit / 1.6), v->dirt);
            c->y[y * c->w + x] = mud ? 70 : (uint8_t)(PAPER - ink * (PAPER - INK));
        }
}

/* ---- vehicle and road -------------------------------------------------------------------------------------------------------------- */

/* 0 = far away, 1 = at the stop line, 2 = gone. */
static double progress(struct sim_vehicle *v, int64_t mono) {
    double in = (double)(mono - v->came) / (double)v->drive_ms, p = in < 1 ? in : 1;
    if (v->leaves) p += (double)(mono - v->leaves) / (double)v->drive_ms * 2;
    if (p >= 2) v->there = false;
    return p;
}

static void draw_vehicle(struct sim_canvas *c, struct sim_vehicle *v, int64_t mono) {
    double p = progress(v, mono), grown = p < 1 ? 0.35 + 0.65 * p : 1 + (p - 1) * 0.3, w = v->near * grown * c->w;
    double cx = c->w * (0.5 + 0.02 * sin(p * 4)), cy = c->h * (p < 1 ? 0.42 + 0.36 * p : 0.78 + (p - 1) * 0.6);
    if (!v->there) return;
    double half = w * 1.5, tall = w * 3.2;
    fill(c, cx - half, cy - tall * 0.85, cx + half, cy + w * 0.3, 128);
    fill(c, cx - half * 0.9, cy - tall * 0.8, cx + half * 0.9, cy - tall * 0.45, 48);
    fill(c, cx - half, cy - w * 0.32, cx + half, cy + w * 0.3, 92);
    fill(c, cx - half * 0.92, cy - w * 0.2, cx - half * 0.68, cy + w * 0.05, 178);
    fill(c, cx + half * 0.68, cy - w * 0.2, cx + half * 0.92, cy + w * 0.05, 178);
    if (v->plate[0]) draw_plate(c, v, cx, cy, w);
}

static void draw_road(struct sim_canvas *c) {
    for (int y = 0; y < c->h; y++) memset(c->y + y * c->w, 60 + 80 * y / c->h, (size_t)c->w);
    for (int i = 0; i < 4; i++) fill(c, c->w * 0.08, c->h * (0.2 + 0.2 * i), c->w * 0.1, c->h * (0.3 + 0.2 * i), 165);
    memset(c->u, 128, (size_t)(c->w / 2) * (size_t)(c->h / 2));
    memset(c->v, 128, (size_t)(c->w / 2) * (size_t)(c->h / 2));
    memset(c->v, TINTED, (size_t)(c->w / 2) * (size_t)(c->h / 8)); /* the sky: colours are seen to come through */
}

void sim_scene_draw(struct sim_canvas *c, struct sim_vehicle *v, int64_t mono, uint32_t *seed) {
    draw_road(c);
    if (v->there) draw_vehicle(c, v, mono);
    for (int i = 0; i < c->w * c->h; i++) {
        int level = c->y[i] + (int)(noise(seed) % (2 * NOISE + 1)) - NOISE;
        c->y[i] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}
