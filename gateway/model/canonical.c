/* Canonical JSON. Integers are numbers like all others: beyond 2^53 they are what a double makes of them. */
#include "model/canonical.h"

#include <errno.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT INT64_C(9007199254740992) /* 2^53 */

/* ---- numbers ---- */
struct digits {
    char d[20];   /* without point, no zero at the end */
    int n, point; /* value = 0.d * 10^point */
};

static double value_of(const struct digits *g) {
    char text[48];
    gl_format(text, sizeof text, "0.%se%d", g->d, g->point);
    return strtod(text, NULL);
}

static void trim(struct digits *g) {
    while (g->n > 1 && g->d[g->n - 1] == '0') g->d[--g->n] = '\0';
}

/* One more in the last place. */
static void step_up(struct digits *g) {
    int i = g->n - 1;
    while (i >= 0 && g->d[i] == '9') g->d[i--] = '0';
    if (i >= 0) {
        g->d[i]++;
        return;
    }
    g->d[0] = '1'; /* all nines: 1 and zeros, one place higher */
    g->point++;
}

/* The fewest digits that read back as v > 0. Below a power of two the neighbours lie closer than above it, so the rounded digits may miss
 * where the next ones hit. */
static struct digits shortest(double v) {
    struct digits g = {.n = 0};
    for (int n = 1; n <= 17; n++) {
        char text[40];
        snprintf(text, sizeof text, "%.*e", n - 1, v);
        g = (struct digits){.n = n, .point = (int)strtol(strchr(text, 'e') + 1, NULL, 10) + 1};
        for (int i = 0, k = 0; k < n; i++)
            if (text[i] != '.') g.d[k++] = text[i];
        struct digits up = g;
        step_up(&up);
        if (value_of(&g) == v) break;
        if (value_of(&up) != v) continue;
        g = up;
        break;
    }
    trim(&g);
    return g;
}

static void add_zeros(struct gl_buf *b, int n) {
    while (n-- > 0) gl_buf_char(b, '0');
}

static void write_digits(const struct digits *g, struct gl_buf *b) {
    if (g->n <= g->point && g->point <= 21) {
        gl_buf_text(b, g->d);
        add_zeros(b, g->point - g->n);
    } else if (0 < g->point && g->point <= 21) {
        gl_buf_add(b, g->d, (size_t)g->point);
        gl_buf_char(b, '.');
        gl_buf_text(b, g->d + g->point);
    } else if (-6 < g->point && g->point <= 0) {
        gl_buf_text(b, "0.");
        add_zeros(b, -g->point);
        gl_buf_text(b, g->d);
    } else {
        gl_buf_char(b, g->d[0]);
        if (g->n > 1) gl_buf_char(b, '.');
        gl_buf_text(b, g->d + 1);
        gl_buf_printf(b, "e%+d", g->point - 1);
    }
}

void gl_number_canonical(double v, char out[GL_NUMBER_TEXT]) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(GL_NUMBER_TEXT - 1);
    if (v == 0 || !isfinite(v)) {
        gl_clip(out, GL_NUMBER_TEXT, "0"); /* minus zero too */
        return;
    }
    struct digits g = shortest(fabs(v));
    if (v < 0) gl_buf_char(&b, '-');
    write_digits(&g, &b);
    gl_clip(out, GL_NUMBER_TEXT, b.failed ? "" : b.data);
}

static void write_integer(json_int_t v, struct gl_buf *out) {
    char text[GL_NUMBER_TEXT];
    if (v >= -EXACT && v <= EXACT)
        gl_format(text, sizeof text, "%lld", (long long)v);
    else
        gl_number_canonical((double)v, text);
    gl_buf_text(out, text);
}

static void write_real(double v, struct gl_buf *out) {
    char text[GL_NUMBER_TEXT];
    gl_number_canonical(v, text);
    gl_buf_text(out, text);
    if (!isfinite(v)) out->failed = true;
}

/* ---- texts ---- */
static void write_text(const char *text, struct gl_buf *out) {
    static const char named[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
    gl_buf_char(out, '"');
    for (const char *p = text; *p; p++) {
        const char *at = strchr(named, *p);
        if (at)
            gl_buf_char(out, '\\'), gl_buf_char(out, letters[at - named]);
        else if ((unsigned char)*p < 0x20)
            gl_buf_printf(out, "\\u%04x", (unsigned)*p);
        else
            gl_buf_char(out, *p);
    }
    gl_buf_char(out, '"');
}

/* UTF-16 sorts what lies beyond U+FFFF (lead bytes F0 to F4) before U+E000 to U+FFFF (EE and EF), UTF-8 after it. */
static int rank(unsigned char c) {
    return c >= 0xF0 ? 0xEE * 2 - 1 : c * 2;
}

static int by_utf16(const void *a, const void *b) {
    const unsigned char *x = *(const unsigned char *const *)a, *y = *(const unsigned char *const *)b;
    while (*x && *x == *y) x++, y++;
    return rank(*x) == rank(*y) ? *x - *y : rank(*x) - rank(*y);
}

/* ---- values ---- */
static void write_array(const json_t *v, struct gl_buf *out) {
    gl_buf_char(out, '[');
    for (size_t i = 0; i < json_array_size(v); i++) {
        if (i) gl_buf_char(out, ',');
        gl_json_canonical(json_array_get(v, i), out);
    }
    gl_buf_char(out, ']');
}

static void write_object(const json_t *v, struct gl_buf *out) {
    size_t n = 0, size = json_object_size(v);
    GL_CLEANUP(gl_freep) const char **names = calloc(size + 1, sizeof *names);
    const char *name;
    json_t *member;
    if (!names) {
        out->failed = true;
        return;
    }
    json_object_foreach((json_t *)v, name, member) names[n++] = name;
    qsort(names, n, sizeof *names, by_utf16);
    gl_buf_char(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i) gl_buf_char(out, ',');
        write_text(names[i], out);
        gl_buf_char(out, ':');
        gl_json_canonical(json_object_get(v, names[i]), out);
    }
    gl_buf_char(out, '}');
}

void gl_json_canonical(const json_t *value, struct gl_buf *out) {
    switch (json_typeof(value)) {
        case JSON_OBJECT: write_object(value, out); break;
        case JSON_ARRAY: write_array(value, out); break;
        case JSON_STRING: write_text(json_string_value(value), out); break;
        case JSON_INTEGER: write_integer(json_integer_value(value), out); break;
        case JSON_REAL: write_real(json_real_value(value), out); break;
        case JSON_TRUE: gl_buf_text(out, "true"); break;
        case JSON_FALSE: gl_buf_text(out, "false"); break;
        case JSON_NULL: gl_buf_text(out, "null"); break;
    }
}

int gl_json_digest(const json_t *value, size_t most, uint8_t ret[32]) {
    GL_CLEANUP(gl_buf_free) struct gl_buf text = GL_BUF(most);
    unsigned n = 0;
    gl_json_canonical(value, &text);
    if (text.failed) return -EMSGSIZE;
    return EVP_Digest(text.data, text.len, ret, &n, EVP_sha256(), NULL) == 1 && n == 32 ? 0 : -EIO;
}
