/* What the parts of the CSV importer share: a mapping as it was read. */
#pragma once
#include "feed/csv.h"

enum { GL_CSV_RULES = 64, GL_CSV_NAMES = 8, GL_CSV_NAME = 65, GL_CSV_WORDS = 32, GL_CSV_WORD = 41, GL_CSV_NONE = 4 };

struct gl_csv_rule;

/* Keeps one value, which is not empty, in the record. country: of a plate, "" = none said. */
typedef int gl_csv_add(const struct gl_csv_rule *rule, struct gl_feed_record *r, const char *value, const char *country,
                       struct gl_error *err);

/* One line of the mapping. */
struct gl_csv_rule {
    unsigned line;
    char field[33];
    /* Where values go: a list, by add; or a field of the body, at offset into it. */
    gl_csv_add *add;
    uint8_t arg; /* of add: a role */
    const struct gl_field *f;
    size_t offset;
    /* Where they come from: columns, or a constant. */
    uint16_t n_names;
    char name[GL_CSV_NAMES][GL_CSV_NAME];
    uint16_t column[GL_CSV_NAMES]; /* by the file's header */
    bool constant;
    char value[GL_REF];
    /* How they are changed. */
    char type[GL_REF_TYPE]; /* of references and documents */
    char split[8], join[8], unit[4], decimal[2], pattern[41];
    char country[GL_CSV_NAME]; /* a column's name, or two letters */
    bool country_is_column;
    uint16_t country_column;
    enum { GL_CSV_NO_TIME, GL_CSV_TIME, GL_CSV_DAY, GL_CSV_DAY_END } when;
    uint16_t n_words, n_none;
    struct {
        char from[GL_CSV_WORD], to[GL_CSV_WORD];
    } word[GL_CSV_WORDS];
    char none[GL_CSV_NONE][GL_CSV_WORD];
};

struct gl_csv_map {
    uint8_t collection; /* enum gl_collection */
    const struct gl_fields *body;
    char separator;
    bool has_version; /* a rule gives it */
    uint16_t n;
    struct gl_csv_rule rule[GL_CSV_RULES];
};

/* Reads a mapping. -EINVAL: err names the line. Large (about 300 kB): heap only. */
int gl_csv_map_read(const char *text, size_t len, struct gl_csv_map *ret, struct gl_error *err) GL_MUST_USE;

/* What the field of a rule is, by its name; false when the collection has none such. (csv_fields.c) */
bool gl_csv_field(const struct gl_csv_map *map, struct gl_csv_rule *rule);

/* One cell into the record by its rule: changed, checked, kept. An empty cell is nothing. */
int gl_csv_set(const struct gl_csv_rule *rule, struct gl_feed_record *r, const char *cell, const char *country,
               const struct gl_import_options *options, struct gl_error *err) GL_MUST_USE;

/* The name of a field that every record of the collection needs, and this one has not; NULL when it has all. */
const char *gl_csv_missing(const struct gl_fields *t, const void *s);
