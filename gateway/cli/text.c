/* Text for people: cleaned of what could steer a terminal, times as the post's clocks show them, columns. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

/* Bytes of the character at p, and whether a terminal may be shown it. Text that is not UTF-8 goes byte by byte. */
static size_t next_character(const unsigned char *p, bool *ret_safe) {
    static const struct {
        unsigned char first;
        size_t len;
        uint32_t mask;
    } heads[] = {{0xF0, 4, 0x07}, {0xE0, 3, 0x0F}, {0xC0, 2, 0x1F}};
    *ret_safe = *p >= 0x20 && *p < 0x7F;
    if (*p < 0x80) return 1;
    for (size_t i = 0; i < GL_COUNT(heads); i++) {
        if (*p < heads[i].first) continue;
        size_t have = strnlen((const char *)p, heads[i].len);
        if (have < heads[i].len || !gl_utf8_valid(p, heads[i].len)) return 1;
        uint32_t c = *p & heads[i].mask;
        for (size_t k = 1; k < heads[i].len; k++) c = c << 6 | (p[k] & 0x3F);
        bool turns = (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
        *ret_safe = c >= 0xA0 && !turns;
        return heads[i].len;
    }
    return 1;
}

void gl_cli_clean_add(struct gl_buf *out, const char *src) {
    const unsigned char *p = (const unsigned char *)src;
    while (*p) {
        bool safe;
        size_t n = next_character(p, &safe);
        if (safe)
            gl_buf_add(out, p, n);
        else
            gl_buf_char(out, '?');
        p += n;
    }
}

void gl_cli_clean(char *dst, size_t size, const char *src) {
    GL_CLEANUP(gl_buf_free) struct gl_buf b = GL_BUF(1 << 16);
    char head[2048];
    gl_clip(head, sizeof head, src);
    gl_cli_clean_add(&b, head);
    gl_clip(dst, size, b.data && !b.failed ? b.data : "");
}

size_t gl_cli_width(const char *text) {
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* ---- times ---- */
const char *gl_cli_zone(const char *name) {
    char path[128];
    gl_format(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    bool known = name[0] && !strstr(name, "..") && access(path, R_OK) == 0;
    if (known) gl_format(path, sizeof path, ":%s", name);
    setenv("TZ", known ? path : "UTC0", 1);
    tzset();
    return known ? name : "UTC";
}

static void format(int64_t wall, const char *how, char out[GL_TIME_TEXT]) {
    struct tm tm;
    time_t t = (time_t)(wall / 1000);
    gl_clip(out, GL_TIME_TEXT, "-");
    if (wall <= 0 || !localtime_r(&t, &tm)) return;
    if (strcmp(how, "T") == 0)
        gl_format(out, GL_TIME_TEXT, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
    else
        gl_format(out, GL_TIME_TEXT, "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                  tm.tm_min, tm.tm_sec);
}
void gl_cli_time(int64_t wall, char out[GL_TIME_TEXT]) {
    format(wall, "D", out);
}
void gl_cli_clock(int64_t wall, char out[GL_TIME_TEXT]) {
    format(wall, "T", out);
}

/* ---- members ---- */
const char *gl_cli_text(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

int64_t gl_cli_wall(const json_t *object, const char *member) {
    int64_t t = 0;
    return gl_time_parse(gl_cli_text(object, member), &t) < 0 ? 0 : t;
}

/* ---- columns ---- */
void gl_cli_row(struct gl_cli_table *t, const char *const *cells) {
    if (t->n_rows == GL_CLI_ROWS) return;
    if (t->n_rows == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        void *more = realloc(t->cells, cap * sizeof *t->cells);
        if (!more) return;
        t->cells = more;
        t->cap = cap;
    }
    for (size_t i = 0; i < t->n_columns && i < GL_CLI_COLUMNS; i++)
        gl_cli_clean(t->cells[t->n_rows][i], sizeof t->cells[0][0], cells[i] && cells[i][0] ? cells[i] : "-");
    t->n_rows++;
}

static size_t widest(const struct gl_cli_table *t, size_t column) {
    size_t w = 0;
    for (size_t r = 0; r < t->n_rows; r++) {
        size_t n = gl_cli_width(t->cells[r][column]);
        if (n > w) w = n;
    }
    return w;
}

void gl_cli_table_print(const struct gl_cli_table *t, FILE *to) {
    size_t width[GL_CLI_COLUMNS] = {0};
    for (size_t i = 0; i < t->n_columns; i++) width[i] = widest(t, i);
    for (size_t r = 0; r < t->n_rows; r++) {
        for (size_t i = 0; i < t->n_columns; i++) {
            const char *cell = t->cells[r][i];
            bool last = i + 1 == t->n_columns;
            fprintf(to, "%s%*s", cell, last ? 0 : (int)(width[i] - gl_cli_width(cell) + 2), "");
        }
        fputc('\n', to);
    }
}

void gl_cli_table_free(struct gl_cli_table *t) {
    free(t->cells);
    *t = (struct gl_cli_table){.n_columns = t->n_columns};
}
