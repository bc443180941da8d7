/* Rows out of bytes, and records out of rows. */
#include "feed/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "feed/csv_impl.h"
#include "model/lodged_impl.h"

/* ---- rows -------------------------------------------------------------------------------------------------------------------------------- */

void gl_csv_begin(struct gl_csv *c, const void *bytes, size_t len, char separator) {
    c->p = bytes;
    c->end = c->p + len;
    if (len >= 3 && memcmp(c->p, "\xEF\xBB\xBF", 3) == 0) c->p += 3;
    c->line = 1;
    c->first = 1;
    c->separator = separator;
    c->n = 0;
}

static bool at_break(const struct gl_csv *c) {
    return c->p == c->end || *c->p == '\n' || (*c->p == '\r' && c->end - c->p > 1 && c->p[1] == '\n');
}

static void skip_break(struct gl_csv *c) {
    if (c->p < c->end && *c->p == '\r') c->p++;
    if (c->p < c->end) c->p++, c->line++;
}

/* A refused row ends with the line that it was refused in. */
static int refuse(struct gl_csv *c, int rc) {
    const char *nl = c->p < c->end ? memchr(c->p, '\n', (size_t)(c->end - c->p)) : NULL;
    bool counted = !nl && c->end[-1] == '\n'; /* within the quotes that were never closed */
    c->p = nl ? nl + 1 : c->end;
    c->line += !counted;
    return rc;
}

/* One cell into text at *n, terminated. In quotes a doubled quote stands for one, and line breaks are text. */
static int read_cell(struct gl_csv *c, size_t *n, struct gl_error *err) {
    bool quoted = c->p < c->end && *c->p == '"';
    c->p += quoted;
    for (;; c->p++) {
        if (!quoted && (at_break(c) || *c->p == c->separator)) break;
        if (c->p == c->end)
            return gl_fail(err, -EBADMSG, "a quote that is opened here is never closed; quotes inside a cell are doubled");
        if (*c->p == '"' && !quoted) return gl_fail(err, -EBADMSG, "a quote inside a cell; put the cell in quotes and double it");
        if (*c->p == '"' && !(c->end - c->p > 1 && c->p[1] == '"')) break;
        if (*n >= GL_CSV_ROW) return gl_fail(err, -E2BIG, "a row longer than %d bytes; is a quote left open?", GL_CSV_ROW);
        c->p += *c->p == '"';
        if (*c->p == '\n') c->line++;
        c->text[(*n)++] = *c->p;
    }
    c->p += quoted;
    if (quoted && !at_break(c) && *c->p != c->separator)
        return gl_fail(err, -EBADMSG, "text behind a closing quote; quotes inside a cell are doubled");
    c->text[(*n)++] = '\0';
    return 0;
}

/* Trims in place. */
static const char *trimmed(char *text, char *end) {
    while (end > text && strchr(" \t\r\n", end[-1])) *--end = '\0';
    return text + strspn(text, " \t\r\n");
}

static int read_row(struct gl_csv *c, struct gl_error *err) {
    const char *from = c->p;
    size_t n = 0;
    for (c->n = 0;; c->p++) {
        if (c->n == GL_CSV_COLUMNS) return gl_fail(err, -E2BIG, "more than %d cells", GL_CSV_COLUMNS);
        size_t start = n;
        int rc = read_cell(c, &n, err);
        if (rc < 0) return rc;
        c->cell[c->n++] = trimmed(c->text + start, c->text + n - 1);
        if (at_break(c)) break;
    }
    return gl_utf8_valid(from, (size_t)(c->p - from)) ? 1
                                                      : gl_fail(err, -EBADMSG, "not valid UTF-8; the file must be saved as UTF-8");
}

int gl_csv_next(struct gl_csv *c, struct gl_error *err) {
    while (c->p < c->end && at_break(c)) skip_break(c);
    if (c->p == c->end) return 0;
    c->first = c->line;
    int rc = read_row(c, err);
    if (rc < 0) return refuse(c, rc);
    skip_break(c);
    return 1;
}

/* ---- columns ----------------------------------------------------------------------------------------------------------------------------- */

static int find_column(const struct gl_csv *c, const char *name, unsigned line, uint16_t *ret, struct gl_error *err) {
    bool found = false;
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->cell[i], name) != 0) continue;
        if (found) return gl_fail(err, -EINVAL, "two columns are called \"%.60s\"; line %u of the mapping needs one", name, line);
        *ret = (uint16_t)i;
        found = true;
    }
    return found ? 0
                 : gl_fail(err, -EINVAL, "no column is called \"%.60s\", as line %u of the mapping has it; the first is \"%.60s\"",
                           name, line, c->cell[0]);
}

static int find_columns(const struct gl_csv *c, struct gl_csv_map *map, struct gl_error *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < map->n; i++) {
        struct gl_csv_rule *rule = &map->rule[i];
        for (size_t k = 0; rc == 0 && k < rule->n_names; k++) rc = find_column(c, rule->name[k], rule->line, &rule->column[k], err);
        if (rc == 0 && rule->country_is_column) rc = find_column(c, rule->country, rule->line, &rule->country_column, err);
    }
    return rc;
}

/* ---- records ----------------------------------------------------------------------------------------------------------------------------- */

struct import {
    struct gl_csv csv;
    struct gl_csv_map map;
    const struct gl_import_options *options;
    size_t columns;                      /* of the header */
    struct gl_feed_record blank, record; /* blank: what every record begins as */
    const char *at;                      /* column of the failure; "" = the row as a whole */
};

/* The cells of one rule as one text, when it joins them; "" when all of them are empty. Half a text is none, and no reason to leave it out. */
static int join(struct import *im, const struct gl_csv_rule *rule, char *out, size_t size, struct gl_error *err) {
    size_t n = 0, filled = 0;
    out[0] = '\0';
    for (size_t k = 0; k < rule->n_names; k++) {
        const char *cell = im->csv.cell[rule->column[k]];
        filled += cell[0] != '\0';
        im->at = rule->name[k];
        if (filled > 0 && filled <= k)
            return gl_fail(err, -EBADMSG, "of the columns that are joined some are empty and some are not");
        if (n + strlen(cell) + sizeof rule->join >= size) return gl_fail(err, -EBADMSG, "\"%.40s\" is too long", cell);
        gl_format(out + n, size - n, "%s%s", k > 0 ? rule->join : "", cell);
        n += strlen(out + n);
    }
    if (filled == 0) out[0] = '\0';
    return 0;
}

static int apply(struct import *im, const struct gl_csv_rule *rule, struct gl_error *err) {
    char joined[GL_CSV_NAMES * GL_REF];
    const char *country = rule->country_is_column ? im->csv.cell[rule->country_column] : rule->country;
    im->at = rule->n_names > 0 ? rule->name[0] : "";
    if (rule->constant) return gl_csv_set(rule, &im->record, rule->value, country, im->options, err);
    int rc = rule->join[0] ? join(im, rule, joined, sizeof joined, err) : 0;
    if (rc < 0) return rc;
    if (rule->join[0]) return gl_csv_set(rule, &im->record, joined, country, im->options, err);
    for (size_t k = 0; rc == 0 && k < rule->n_names; k++) {
        im->at = rule->name[k];
        rc = gl_csv_set(rule, &im->record, im->csv.cell[rule->column[k]], country, im->options, err);
    }
    return rc;
}

static int64_t *version_of(struct gl_feed_record *r) {
    switch ((enum gl_collection)r->collection) {
        case GL_COLLECTION_MOVEMENTS: return &r->body.movement.version;
        case GL_COLLECTION_DECLARATIONS: return &r->body.declaration.version;
        case GL_COLLECTION_TAGS: return &r->body.tag.version;
        case GL_COLLECTION_LOOKOUTS: return &r->body.lookout.version;
        case GL_COLLECTION_TRADERS: return &r->body.trader.version;
        case GL_COLLECTION_NONE:
        case GL_COLLECTIONS: break;
    }
    return NULL;
}

static int finish(struct import *im, struct gl_error *err) {
    int64_t *version = version_of(&im->record);
    if (!im->map.has_version) *version = im->options->as_of > 0 ? im->options->as_of : GL_INT_NULL;
    const char *missing = gl_csv_missing(im->map.body, &im->record.body);
    im->at = "";
    if (missing && strcmp(missing, "version") == 0 && !im->map.has_version)
        return gl_fail(err, -EBADMSG, "no version: the mapping names no column for it, and when the file was written is not known");
    if (missing)
        return gl_fail(err, -EBADMSG, "%s is missing; every record of %s needs it", missing, gl_collections[im->map.collection]);
    return gl_feed_record_normalise(&im->record, err);
}

static int read_record(struct import *im, struct gl_error *err) {
    im->at = "";
    if (im->csv.n != im->columns)
        return gl_fail(err, -EBADMSG, "%zu cells, where the header has %zu; is a separator or a quote missing?", im->csv.n,
                       im->columns);
    memcpy(&im->record, &im->blank, offsetof(struct gl_feed_record, body) + im->map.body->size);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < im->map.n; i++) rc = apply(im, &im->map.rule[i], err);
    return rc < 0 ? rc : finish(im, err);
}

static void tell(const struct import *im, const struct gl_import_sink *sink, const char *reason) {
    char where[GL_CSV_NAME + 80];
    uint64_t first = im->csv.first, last = im->csv.line > first + 1 ? im->csv.line - 1 : first;
    size_t n = 0;
    gl_format(where, sizeof where, "line %" PRIu64, first);
    n = strlen(where);
    if (last > first) gl_format(where + n, sizeof where - n, " to %" PRIu64, last);
    n = strlen(where);
    if (im->at[0]) gl_format(where + n, sizeof where - n, ", column \"%s\"", im->at);
    sink->bad(sink->user, where, reason);
}

static int import_rows(struct import *im, const struct gl_import_sink *sink, struct gl_error *err) {
    int bad = 0, rc;
    struct gl_error why;
    while ((im->at = "", rc = gl_csv_next(&im->csv, &why)) != 0) {
        if (rc > 0) rc = read_record(im, &why);
        if (rc == 0 && (rc = sink->record(sink->user, &im->record)) < 0)
            return gl_fail(err, rc, "line %" PRIu64 ": the record was not taken", im->csv.first);
        if (rc < 0) {
            tell(im, sink, why.text);
            if (bad < INT_MAX) bad++;
        }
    }
    return bad;
}

static int begin(struct import *im, const uint8_t *bytes, size_t len, struct gl_error *err) {
    struct gl_error why = {""};
    int rc = gl_csv_map_read(im->options->mapping, im->options->mapping_len, &im->map, &why);
    if (rc < 0) return gl_fail(err, rc, "mapping: %s", why.text);
    if (len >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        return gl_fail(err, -EINVAL, "not UTF-8 text; save it as UTF-8");
    gl_csv_begin(&im->csv, bytes, len, im->map.separator);
    rc = gl_csv_next(&im->csv, &why);
    if (rc == 0) return gl_fail(err, -EINVAL, "empty; a header with the names of the columns is needed");
    if (rc < 0) return gl_fail(err, rc, "header: %s", why.text);
    im->columns = im->csv.n;
    if ((rc = find_columns(&im->csv, &im->map, err)) < 0) return rc;
    im->blank.collection = im->map.collection;
    im->blank.op = GL_OP_UPSERT;
    im->blank.as_of = im->options->as_of;
    gl_fields_clear(im->map.body, &im->blank.body);
    return 0;
}

int gl_csv_import(const uint8_t *bytes, size_t len, const struct gl_import_options *options, const struct gl_import_sink *sink,
                  struct gl_error *err) {
    struct import *im = calloc(1, sizeof *im);
    if (!im) return gl_fail(err, -ENOMEM, "out of memory");
    im->options = options;
    int rc = begin(im, bytes, len, err);
    if (rc == 0) rc = import_rows(im, sink, err);
    free(im);
    return rc;
}
