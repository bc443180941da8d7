/* YAML, made strict: one document of maps, lists and texts, every node with its place and its path. What makes YAML surprising is refused:
 * anchors, aliases, tags, directives, a key given twice, texts that stand for null. Nothing is guessed: a value is the text that was written. */
#pragma once
#include "config/config.h"

enum {
    GL_YAML_BYTES = 1 << 20, /* longest file */
    GL_YAML_DEPTH = 16,
    GL_YAML_ENTRIES = 256, /* of one map or list */
    GL_YAML_NODES = 16384,
    GL_YAML_KEY = 64 /* longest key */
};

enum gl_yaml_kind { GL_YAML_TEXT, GL_YAML_LIST, GL_YAML_MAP };

struct gl_yaml_node {
    enum gl_yaml_kind kind;
    int line, column;         /* of the value, from 1 */
    int key_line, key_column; /* of the key; in a list and for the root those of the value */
    char *key;                /* NULL in a list and for the root */
    char *text;               /* GL_YAML_TEXT */
    bool quoted;
    size_t n;     /* children */
    size_t index; /* among the parent's children */
    struct gl_yaml_node *parent, *first, *last, *next;
    struct gl_yaml_node *chain; /* of all nodes, for freeing */
};

struct gl_yaml {
    const char *file; /* as the user wrote it, for errors */
    struct gl_config_error *errors;
    int max;
    int n; /* errors found; those beyond max are counted alone */
    struct gl_yaml_node *root;
    struct gl_yaml_node *chain;
    size_t n_nodes;
};

/* Builds the tree from len bytes. y holds file, errors and max, else zero. 0, or -EINVAL / -ENOMEM with the reason among the errors. A key
 * given twice is an error too, but the tree is built on, with the first of them. */
int gl_yaml_parse(struct gl_yaml *y, const char *bytes, size_t len) GL_MUST_USE;
void gl_yaml_free(struct gl_yaml *y);

/* The value of a key; NULL when there is none, or when map is NULL or no map. */
const struct gl_yaml_node *gl_yaml_get(const struct gl_yaml_node *map, const char *key);

/* Records an error at a value, at a key, or at a place (line and column 0: the whole file). The path is put in front of the text. */
void gl_yaml_error(struct gl_yaml *y, const struct gl_yaml_node *n, const char *fmt, ...) GL_PRINTF(3, 4);
void gl_yaml_key_error(struct gl_yaml *y, const struct gl_yaml_node *n, const char *fmt, ...) GL_PRINTF(3, 4);
void gl_yaml_place_error(struct gl_yaml *y, int line, int column, const char *fmt, ...) GL_PRINTF(4, 5);

/* Puts the errors into the order of the file. */
void gl_yaml_sort_errors(struct gl_yaml *y);
