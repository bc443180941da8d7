/* Errors with their place and path, bounded in number and length, and safe to print on a terminal. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/yaml.h"

/* "lanes.in-1.devices.front.use" or "profiles.truck.require[2]". The depth is limited when the tree is built. */
static void add_path(struct gl_buf *out, const struct gl_yaml_node *n) {
    if (!n->parent) return;
    add_path(out, n->parent);
    if (n->key) {
        if (out->len > 0) gl_buf_char(out, '.');
        gl_buf_text(out, n->key);
    } else {
        gl_buf_printf(out, "[%zu]", n->index);
    }
}

/* Bytes of the character that begins at p; 0 when none does: a quotation cut in the middle of a character, or a control character. */
static size_t printable(const unsigned char *p) {
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 1;
    if (p[0] < 0x20 || p[0] == 0x7F || (p[0] == 0xC2 && p[1] < 0xA0)) return 0; /* C2 80 to C2 9F are controls too */
    return strnlen((const char *)p, n) == n && gl_utf8_valid(p, n) ? n : 0;
}

/* The text may quote what was written: nothing of it may steer a terminal or break the line. */
static void make_printable(char *text) {
    for (unsigned char *p = (unsigned char *)text; *p;) {
        size_t n = printable(p);
        if (n == 0) *p = '?';
        p += n > 0 ? n : 1;
    }
}

GL_PRINTF(5, 0)
static void record(struct gl_yaml *y, int line, int column, const char *path, const char *fmt, va_list ap) {
    int i = y->n;
    if (y->n < INT32_MAX) y->n++;
    if (!y->errors || i >= y->max) return;
    struct gl_config_error *e = &y->errors[i];
    char text[sizeof e->text * 2];
    vsnprintf(text, sizeof text, fmt, ap);
    gl_clip(e->file, sizeof e->file, y->file);
    e->line = line;
    e->column = column;
    if (path && path[0])
        gl_format(e->text, sizeof e->text, "%s: %s", path, text);
    else
        gl_clip(e->text, sizeof e->text, text);
    make_printable(e->text);
}

GL_PRINTF(5, 0)
static void node_error(struct gl_yaml *y, const struct gl_yaml_node *n, int line, int column, const char *fmt, va_list ap) {
    GL_CLEANUP(gl_buf_free) struct gl_buf path = GL_BUF(GL_YAML_DEPTH * (GL_YAML_KEY + 8));
    add_path(&path, n);
    record(y, line, column, path.failed ? NULL : path.data, fmt, ap);
}

void gl_yaml_error(struct gl_yaml *y, const struct gl_yaml_node *n, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    node_error(y, n, n->line, n->column, fmt, ap);
    va_end(ap);
}

void gl_yaml_key_error(struct gl_yaml *y, const struct gl_yaml_node *n, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    node_error(y, n, n->key_line, n->key_column, fmt, ap);
    va_end(ap);
}

void gl_yaml_place_error(struct gl_yaml *y, int line, int column, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    record(y, line, column, NULL, fmt, ap);
    va_end(ap);
}

static bool comes_later(const struct gl_config_error *a, const struct gl_config_error *b) {
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

void gl_yaml_sort_errors(struct gl_yaml *y) {
    int n = y->n < y->max ? y->n : y->max;
    for (int i = 1; y->errors && i < n; i++)
        for (int j = i; j > 0 && comes_later(&y->errors[j - 1], &y->errors[j]); j--) {
            struct gl_config_error swap = y->errors[j];
            y->errors[j] = y->errors[j - 1];
            y->errors[j - 1] = swap;
        }
}
