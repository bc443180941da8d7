/* Building the strict tree from libyaml's events. Events, not libyaml's own documents: those have already resolved the aliases. */
#include "config/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct builder {
    struct gl_yaml *y;
    struct gl_yaml_node *open; /* the map or list that children go to; NULL at the top */
    char *key;                 /* read, its value still to come */
    int key_line, key_column;
    int depth;
    int documents;
};

static int line_of(yaml_mark_t m) {
    return (int)m.line + 1;
}

static int column_of(yaml_mark_t m) {
    return (int)m.column + 1;
}

/* One fatal complaint: the tree cannot be built on. */
#define REFUSE(b, mark, ...) (gl_yaml_place_error((b)->y, line_of(mark), column_of(mark), __VA_ARGS__), -EINVAL)

static int no_memory(struct builder *b) {
    gl_yaml_place_error(b->y, 0, 0, "out of memory");
    return -ENOMEM;
}

static struct gl_yaml_node *new_node(struct builder *b, enum gl_yaml_kind kind, yaml_mark_t at) {
    struct gl_yaml_node *n = calloc(1, sizeof *n);
    if (!n) return NULL;
    n->kind = kind;
    n->line = line_of(at);
    n->column = column_of(at);
    n->key_line = b->key ? b->key_line : n->line;
    n->key_column = b->key ? b->key_column : n->column;
    n->key = b->key;
    b->key = NULL;
    n->parent = b->open;
    n->chain = b->y->chain;
    b->y->chain = n;
    b->y->n_nodes++;
    return n;
}

static void append(struct gl_yaml_node *parent, struct gl_yaml_node *n) {
    n->index = parent->n++;
    if (parent->last)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
}

/* Hangs a new value where it belongs. */
static int add(struct builder *b, enum gl_yaml_kind kind, yaml_mark_t at, struct gl_yaml_node **ret) {
    if (b->y->n_nodes >= GL_YAML_NODES) return REFUSE(b, at, "more than %d values in one file", GL_YAML_NODES);
    if (b->open && b->open->n >= GL_YAML_ENTRIES) return REFUSE(b, at, "more than %d entries in one place", GL_YAML_ENTRIES);
    if (b->open && b->open->kind == GL_YAML_MAP && !b->key) return REFUSE(b, at, "a key must be a plain text");
    const struct gl_yaml_node *earlier = b->key ? gl_yaml_get(b->open, b->key) : NULL;
    struct gl_yaml_node *n = new_node(b, kind, at);
    if (!n) return no_memory(b);
    if (earlier)
        gl_yaml_key_error(b->y, n, "given twice; the first is in line %d: keep one of them", earlier->key_line);
    else if (b->open)
        append(b->open, n);
    else
        b->y->root = n;
    *ret = n;
    return 0;
}

static int open_container(struct builder *b, enum gl_yaml_kind kind, yaml_mark_t at) {
    struct gl_yaml_node *n;
    if (b->depth >= GL_YAML_DEPTH) return REFUSE(b, at, "nested deeper than %d levels", GL_YAML_DEPTH);
    int rc = add(b, kind, at, &n);
    if (rc < 0) return rc;
    b->open = n;
    b->depth++;
    return 0;
}

static int scalar(struct builder *b, const yaml_event_t *e) {
    const char *text = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    bool is_key = b->open && b->open->kind == GL_YAML_MAP && !b->key;
    if (strlen(text) != len) return REFUSE(b, e->start_mark, "a text with a zero byte");
    if (is_key && len == 0) return REFUSE(b, e->start_mark, "an empty key; write 'key: value'");
    if (is_key && len > GL_YAML_KEY) return REFUSE(b, e->start_mark, "a key of more than %d bytes", GL_YAML_KEY);
    char *copy = strndup(text, len);
    if (!copy) return no_memory(b);
    if (is_key) {
        b->key = copy;
        b->key_line = line_of(e->start_mark);
        b->key_column = column_of(e->start_mark);
        return 0;
    }
    struct gl_yaml_node *n;
    int rc = add(b, GL_YAML_TEXT, e->start_mark, &n);
    if (rc < 0) {
        free(copy);
        return rc;
    }
    n->text = copy;
    n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return 0;
}

static int document(struct builder *b, const yaml_event_t *e) {
    if (b->documents++ > 0) return REFUSE(b, e->start_mark, "a second document; one file holds one configuration");
    if (e->data.document_start.version_directive ||
        e->data.document_start.tag_directives.start != e->data.document_start.tag_directives.end)
        return REFUSE(b, e->start_mark, "directives ('%%...') are not accepted; remove the line");
    return 0;
}

/* Anchors and tags are refused wherever they stand. */
static int plainness(struct builder *b, yaml_mark_t at, const yaml_char_t *anchor, const yaml_char_t *tag) {
    if (anchor) return REFUSE(b, at, "anchors ('&%.32s') are not accepted; write the value out", (const char *)anchor);
    if (tag) return REFUSE(b, at, "tags ('!...') are not accepted; write the value alone");
    return 0;
}

static int event(struct builder *b, const yaml_event_t *e) {
    int rc;
    switch (e->type) {
        case YAML_DOCUMENT_START_EVENT: return document(b, e);
        case YAML_ALIAS_EVENT:
            return REFUSE(b, e->start_mark, "aliases ('*%.32s') are not accepted; write the value out",
                          (const char *)e->data.alias.anchor);
        case YAML_SCALAR_EVENT:
            rc = plainness(b, e->start_mark, e->data.scalar.anchor, e->data.scalar.tag);
            return rc < 0 ? rc : scalar(b, e);
        case YAML_SEQUENCE_START_EVENT:
            rc = plainness(b, e->start_mark, e->data.sequence_start.anchor, e->data.sequence_start.tag);
            return rc < 0 ? rc : open_container(b, GL_YAML_LIST, e->start_mark);
        case YAML_MAPPING_START_EVENT:
            rc = plainness(b, e->start_mark, e->data.mapping_start.anchor, e->data.mapping_start.tag);
            return rc < 0 ? rc : open_container(b, GL_YAML_MAP, e->start_mark);
        case YAML_SEQUENCE_END_EVENT:
        case YAML_MAPPING_END_EVENT:
            b->open = b->open->parent;
            b->depth--;
            return 0;
        case YAML_NO_EVENT:
        case YAML_STREAM_START_EVENT:
        case YAML_STREAM_END_EVENT:
        case YAML_DOCUMENT_END_EVENT: return 0;
    }
    return 0;
}

/* What libyaml could not read, in its own words, with help where its words mislead. */
static int not_yaml(struct gl_yaml *y, const yaml_parser_t *p, const char *bytes, size_t len) {
    int line = line_of(p->problem_mark), column = column_of(p->problem_mark);
    const char *why = p->problem ? p->problem : "unknown cause";
    if (p->error == YAML_MEMORY_ERROR) {
        gl_yaml_place_error(y, 0, 0, "out of memory");
        return -ENOMEM;
    }
    if (p->error == YAML_READER_ERROR) {
        gl_yaml_place_error(y, 0, 0, "not text: %s at byte %zu", why, p->problem_offset);
        return -EINVAL;
    }
    if (p->problem_mark.index < len && bytes[p->problem_mark.index] == '\t')
        gl_yaml_place_error(y, line, column, "not YAML: a tab cannot indent; use spaces");
    else if (p->context && p->context_mark.line != p->problem_mark.line)
        gl_yaml_place_error(y, line, column, "not YAML: %s (%s, which begins in line %d)", why, p->context,
                            line_of(p->context_mark));
    else
        gl_yaml_place_error(y, line, column, "not YAML: %s%s%s", why, p->context ? ", " : "", p->context ? p->context : "");
    return -EINVAL;
}

/* The first line that is no UTF-8, named: libyaml would only tell the byte. */
static int encoding(struct gl_yaml *y, const char *bytes, size_t len) {
    int line = 1;
    for (size_t at = 0; at < len; line++) {
        const char *end = memchr(bytes + at, '\n', len - at);
        size_t n = end ? (size_t)(end - (bytes + at)) : len - at;
        if (!gl_utf8_valid(bytes + at, n)) {
            gl_yaml_place_error(y, line, 1, "this line is not UTF-8 text; save the file as UTF-8");
            return -EINVAL;
        }
        at += n + 1;
    }
    return 0;
}

static int build(struct builder *b, yaml_parser_t *p, const char *bytes, size_t len) {
    for (;;) {
        yaml_event_t e;
        if (!yaml_parser_parse(p, &e)) return not_yaml(b->y, p, bytes, len);
        bool last = e.type == YAML_STREAM_END_EVENT || e.type == YAML_NO_EVENT;
        int rc = event(b, &e);
        yaml_event_delete(&e);
        if (rc < 0 || last) return rc;
    }
}

int gl_yaml_parse(struct gl_yaml *y, const char *bytes, size_t len) {
    if (len > GL_YAML_BYTES) {
        gl_yaml_place_error(y, 0, 0, "longer than 1 MiB: this is no configuration");
        return -EINVAL;
    }
    int rc = encoding(y, bytes, len);
    if (rc < 0) return rc;
    struct builder b = {.y = y};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) return no_memory(&b);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
    rc = build(&b, &parser, bytes, len);
    yaml_parser_delete(&parser);
    free(b.key);
    if (rc == 0 && (!y->root || y->root->kind != GL_YAML_MAP)) {
        gl_yaml_place_error(y, y->root ? y->root->line : 0, y->root ? y->root->column : 0,
                            "holds no configuration; it begins with 'post: {id: ...}'");
        return -EINVAL;
    }
    return rc;
}

void gl_yaml_free(struct gl_yaml *y) {
    while (y->chain) {
        struct gl_yaml_node *n = y->chain;
        y->chain = n->chain;
        free(n->key);
        free(n->text);
        free(n);
    }
    y->root = NULL;
    y->n_nodes = 0;
}

const struct gl_yaml_node *gl_yaml_get(const struct gl_yaml_node *map, const char *key) {
    if (!map || map->kind != GL_YAML_MAP) return NULL;
    for (const struct gl_yaml_node *n = map->first; n; n = n->next)
        if (strcmp(n->key, key) == 0) return n;
    return NULL;
}
