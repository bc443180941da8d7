/* Maps read by tables of keys: what is unknown is refused with the nearest known key, what is missing is named. */
#include "config/reader.h"

#include <string.h>

enum { LONGEST_NAME = 40, MOST_KEYS = 32 /* of one table */ };

static int least(int a, int b) {
    return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap two neighbours) between two short names; '-' and '_' count as the same. */
static int distance(const char *a, const char *b) {
    int rows[3][LONGEST_NAME + 1];
    size_t la = strlen(a), lb = strlen(b);
    if (la > LONGEST_NAME || lb > LONGEST_NAME) return LONGEST_NAME;
    for (size_t j = 0; j <= lb; j++) rows[0][j] = (int)j;
    for (size_t i = 1; i <= la; i++) {
        int *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            char x = a[i - 1] == '_' ? '-' : a[i - 1], y = b[j - 1] == '_' ? '-' : b[j - 1];
            now[j] = least(before[j - 1] + (x == y ? 0 : 1), least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = least(now[j], earlier[j - 2] + 1);
        }
    }
    return rows[la % 3][lb];
}

const char *gl_nearest(const char *text, const char *const *names, size_t n) {
    const char *best = NULL;
    int best_distance = LONGEST_NAME;
    for (size_t i = 0; i < n; i++) {
        int d = distance(text, names[i]);
        if (d < best_distance) {
            best = names[i];
            best_distance = d;
        }
    }
    return best && best_distance <= 1 + (int)strlen(best) / 4 ? best : NULL;
}

void gl_list_names(struct gl_buf *out, const char *const *names) {
    for (size_t i = 0; names[i]; i++) gl_buf_printf(out, "%s%s", i > 0 ? ", " : "", names[i]);
}

void gl_refuse_key(struct gl_reader *r, const struct gl_yaml_node *n, const char *const *names, size_t n_names) {
    const char *near = gl_nearest(n->key, names, n_names);
    if (near) {
        gl_yaml_key_error(&r->y, n, "unknown key; did you mean '%s'?", near);
        return;
    }
    GL_CLEANUP(gl_buf_free) struct gl_buf list = GL_BUF(1024);
    for (size_t i = 0; i < n_names; i++) gl_buf_printf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
    gl_yaml_key_error(&r->y, n, "unknown key; known here: %s", list.failed || !list.data ? "none" : list.data);
}

const struct gl_key *gl_key_find(const struct gl_section *s, const char *name) {
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->keys[i].name, name) == 0) return &s->keys[i];
    return NULL;
}

bool gl_read_is(struct gl_reader *r, const struct gl_yaml_node *n, enum gl_yaml_kind kind) {
    static const char *const wanted[] = {"a single value", "a list: [a, b]", "a map: {key: value}"};
    static const char *const found[] = {"a single value", "a list", "a map"};
    if (n->kind == kind) return true;
    if (n->kind == GL_YAML_TEXT && n->text[0] == '\0')
        gl_yaml_key_error(&r->y, n, "is empty; it takes %s", wanted[kind]);
    else
        gl_yaml_error(&r->y, n, "is %s; it takes %s", found[n->kind], wanted[kind]);
    return false;
}

void gl_fill_keys(struct gl_reader *r, const struct gl_yaml_node *map, const struct gl_section *s, void *out) {
    for (size_t i = 0; i < s->n; i++) {
        const struct gl_key *k = &s->keys[i];
        const struct gl_yaml_node *n = gl_yaml_get(map, k->name);
        if (n)
            k->read(r, k, n, (char *)out + k->offset);
        else if (k->required && map->parent)
            gl_yaml_key_error(&r->y, map, "needs '%s'", k->name);
        else if (k->required)
            gl_yaml_place_error(&r->y, 0, 0, "needs '%s'", k->name);
    }
}

void gl_read_keys(struct gl_reader *r, const struct gl_yaml_node *map, const struct gl_section *s, void *out) {
    const char *names[MOST_KEYS];
    size_t n_names = 0;
    if (!gl_read_is(r, map, GL_YAML_MAP)) return;
    for (size_t i = 0; i < s->n && n_names < GL_COUNT(names); i++) names[n_names++] = s->keys[i].name;
    for (const struct gl_yaml_node *n = map->first; n; n = n->next)
        if (!gl_key_find(s, n->key)) gl_refuse_key(r, n, names, n_names);
    gl_fill_keys(r, map, s, out);
}

void gl_key_section(struct gl_reader *r, const struct gl_key *k, const struct gl_yaml_node *n, void *out) {
    gl_read_keys(r, n, k->section, out);
}

void gl_key_skip(struct gl_reader *r GL_UNUSED, const struct gl_key *k GL_UNUSED, const struct gl_yaml_node *n GL_UNUSED,
                 void *out GL_UNUSED) {}
