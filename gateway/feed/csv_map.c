/* The mapping of a comma-separated file, line by line:
 *
 *     FIELD = "Column" ... KEYWORD VALUE ...     # a comment
 *
 * Names of columns and values with blanks stand in quotes, a quote in them doubled. */
#include <errno.h>
#include <string.h>

#include "feed/csv_impl.h"
#include "feed/mass.h"
#include "model/lodged_impl.h"

enum token { END, WORD, STRING, EQUALS, BROKEN };

struct line {
    const char *p, *end;
    unsigned number;
    enum token token;
    char text[GL_CSV_NAME];
};

static int fail_token(const struct line *l, const char *wanted, struct gl_error *err) {
    if (l->token == BROKEN)
        return gl_fail(err, -EINVAL, "line %u: a quote left open, or a text longer than %d bytes", l->number, GL_CSV_NAME - 1);
    return gl_fail(err, -EINVAL, "line %u: %s is needed%s%s", l->number, wanted, l->token == END ? "" : " where it says ",
                   l->token == END      ? ""
                   : l->token == EQUALS ? "="
                                        : l->text);
}

static bool is_word(char c) {
    return !strchr(" \t\r=\"#", c); /* the end of a line is none either */
}

static enum token read_word(struct line *l) {
    const char *from = l->p;
    while (l->p < l->end && is_word(*l->p)) l->p++;
    return gl_copyn(l->text, sizeof l->text, from, (size_t)(l->p - from)) < 0 ? BROKEN : WORD;
}

static enum token read_string(struct line *l) {
    size_t n = 0;
    for (l->p++; l->p < l->end; l->p++) {
        if (*l->p == '"' && !(l->end - l->p > 1 && l->p[1] == '"')) break;
        l->p += *l->p == '"';
        if (n + 1 >= sizeof l->text || *l->p == '\0') return BROKEN;
        l->text[n++] = *l->p;
    }
    if (l->p == l->end) return BROKEN;
    l->p++;
    l->text[n] = '\0';
    return STRING;
}

static enum token advance(struct line *l) {
    while (l->p < l->end && strchr(" \t\r", *l->p)) l->p++;
    if (l->p == l->end || *l->p == '#') return l->token = END;
    if (*l->p == '"') return l->token = read_string(l);
    if (*l->p != '=') return l->token = read_word(l);
    l->p++;
    return l->token = EQUALS;
}

static bool is_value(const struct line *l) {
    return l->token == WORD || l->token == STRING;
}

/* ---- keywords ---------------------------------------------------------------------------------------------------------------------------- */

static int keep(const struct line *l, char *dst, size_t size, struct gl_error *err) {
    if (dst[0]) return gl_fail(err, -EINVAL, "line %u: said twice", l->number);
    if (l->text[0] == '\0') return gl_fail(err, -EINVAL, "line %u: empty", l->number);
    return gl_copy(dst, size, l->text) < 0
               ? gl_fail(err, -EINVAL, "line %u: \"%s\" is longer than %zu bytes", l->number, l->text, size - 1)
               : 0;
}

#define KEEP(name_, member)                                                                         \
    static int keep_##name_(const struct line *l, struct gl_csv_rule *rule, struct gl_error *err) { \
        return keep(l, rule->member, sizeof rule->member, err);                                     \
    }
KEEP(type, type)
KEEP(split, split)
KEEP(join, join)
KEEP(unit, unit)
KEEP(decimal, decimal)

static int keep_constant(const struct line *l, struct gl_csv_rule *rule, struct gl_error *err) {
    rule->constant = true;
    return keep(l, rule->value, sizeof rule->value, err);
}

static int keep_none(const struct line *l, struct gl_csv_rule *rule, struct gl_error *err) {
    if (rule->n_none == GL_CSV_NONE) return gl_fail(err, -EINVAL, "line %u: more than %d texts for none", l->number, GL_CSV_NONE);
    return keep(l, rule->none[rule->n_none++], sizeof rule->none[0], err);
}

static int keep_country(const struct line *l, struct gl_csv_rule *rule, struct gl_error *err) {
    rule->country_is_column = l->token == STRING;
    return keep(l, rule->country, sizeof rule->country, err);
}

static int keep_pattern(const struct line *l, struct gl_csv_rule *rule, bool with_time, struct gl_error *err) {
    int rc = keep(l, rule->pattern, sizeof rule->pattern, err);
    bool whole = strstr(l->text, "YY") && strchr(l->text, 'M') && strchr(l->text, 'D') && (!with_time || strchr(l->text, 'h'));
    if (rc < 0 || whole) return rc;
    return gl_fail(err, -EINVAL, "line %u: \"%s\" is no pattern such as \"%s\"", l->number, l->text,
                   with_time ? "DD.MM.YYYY hh:mm" : "DD.MM.YYYY");
}

static int keep_time(const struct line *l, struct gl_csv_rule *rule, struct gl_error *err) {
    rule->when = GL_CSV_TIME;
    return keep_pattern(l, rule, true, err);
}

static int keep_day(const struct line *l, struct gl_csv_rule *rule, struct gl_error *err) {
    rule->when = GL_CSV_DAY;
    return keep_pattern(l, rule, false, err);
}

static int keep_day_end(const struct line *l, struct gl_csv_rule *rule, struct gl_error *err) {
    rule->when = GL_CSV_DAY_END;
    return keep_pattern(l, rule, false, err);
}

static const struct {
    const char *word;
    int (*keep)(const struct line *l, struct gl_csv_rule *rule, struct gl_error *err);
} keywords[] = {
    {"always", keep_constant}, {"type", keep_type},       {"split", keep_split},     {"join", keep_join},
    {"unit", keep_unit},       {"decimal", keep_decimal}, {"country", keep_country}, {"none", keep_none},
    {"time", keep_time},       {"day", keep_day},         {"day-end", keep_day_end},
};

/* words FROM=TO FROM=TO ...: all that is left of the line. */
static int read_words(struct line *l, struct gl_csv_rule *rule, struct gl_error *err) {
    while (advance(l) != END) {
        if (!is_value(l)) return fail_token(l, "a word of the file", err);
        if (rule->n_words == GL_CSV_WORDS) return gl_fail(err, -EINVAL, "line %u: more than %d words", l->number, GL_CSV_WORDS);
        int rc = keep(l, rule->word[rule->n_words].from, GL_CSV_WORD, err);
        if (rc < 0) return rc;
        if (advance(l) != EQUALS) return fail_token(l, "= and what the word means", err);
        advance(l);
        if (!is_value(l)) return fail_token(l, "what the word means", err);
        if ((rc = keep(l, rule->word[rule->n_words++].to, GL_CSV_WORD, err)) < 0) return rc;
    }
    return rule->n_words > 0 ? 0 : fail_token(l, "a word and what it means, such as yes=true,", err);
}

static int read_keyword(struct line *l, struct gl_csv_rule *rule, struct gl_error *err) {
    if (strcmp(l->text, "words") == 0) return read_words(l, rule, err);
    for (size_t i = 0; i < GL_COUNT(keywords); i++) {
        if (strcmp(keywords[i].word, l->text) != 0) continue;
        advance(l);
        return is_value(l) ? keywords[i].keep(l, rule, err) : fail_token(l, "a value", err);
    }
    return fail_token(
        l,
        "the name of a column in quotes, or one of always, type, split, join, unit, decimal, country, none, time, day, "
        "day-end, words",
        err);
}

/* ---- rules ------------------------------------------------------------------------------------------------------------------------------- */

static int refuse(const struct gl_csv_rule *rule, const char *why, struct gl_error *err) {
    return gl_fail(err, -EINVAL, "line %u: %s: %s", rule->line, rule->field, why);
}

static int check_choice(const struct gl_csv_rule *rule, const char *value, struct gl_error *err) {
    if (!rule->f || rule->f->type != GL_F_ENUM || gl_enum_parse(rule->f->names, value)) return 0;
    return gl_fail(err, -EINVAL, "line %u: \"%s\" is no %s; \"%s\" is one", rule->line, value, rule->field, rule->f->names[1]);
}

/* A keyword that would do nothing is a mistake. */
static int check_keywords(const struct gl_csv_rule *rule, struct gl_error *err) {
    uint8_t kind = rule->f ? rule->f->type : GL_F_TEXT;
    bool is_list = rule->add != NULL,
         typed = kind == GL_F_STRUCT || strcmp(rule->field, "declaration") == 0 || strcmp(rule->field, "document") == 0;
    bool plate = strcmp(rule->field, "vehicle") == 0 || strcmp(rule->field, "trailer") == 0;
    int64_t grams;
    if (typed != (rule->type[0] != '\0')) return refuse(rule, typed ? "needs its type, such as: type mrn" : "has no type", err);
    if (rule->split[0] && !is_list) return refuse(rule, "takes one value: it cannot be split", err);
    if ((rule->unit[0] || rule->decimal[0]) && kind != GL_F_GRAMS)
        return refuse(rule, "is no mass: unit and decimal belong to one", err);
    if (rule->unit[0] && gl_mass_parse("1", rule->unit, &grams) < 0) return refuse(rule, "the unit must be kg, t, lb or g", err);
    if (rule->when && kind != GL_F_TIME && kind != GL_F_INT) return refuse(rule, "is no time", err);
    if (rule->country[0] && !plate) return refuse(rule, "only a vehicle or trailer has a country", err);
    return 0;
}

static int check_source(const struct gl_csv_map *map, const struct gl_csv_rule *rule, struct gl_error *err) {
    if (rule->constant == (rule->n_names > 0)) return refuse(rule, "needs either a column in quotes or: always VALUE", err);
    if (rule->n_names > 1 && !rule->add && !rule->join[0])
        return refuse(rule, "takes one value: several columns must be joined (join \"/\")", err);
    for (size_t i = 0; i < map->n && !rule->add; i++)
        if (strcmp(map->rule[i].field, rule->field) == 0) return refuse(rule, "said twice", err);
    int rc = rule->constant ? check_choice(rule, rule->value, err) : 0;
    for (size_t i = 0; rc == 0 && i < rule->n_words; i++) rc = check_choice(rule, rule->word[i].to, err);
    return rc;
}

static int read_rule(struct line *l, struct gl_csv_map *map, struct gl_error *err) {
    struct gl_csv_rule *rule = &map->rule[map->n];
    if (map->n == GL_CSV_RULES) return gl_fail(err, -EINVAL, "line %u: more than %d fields", l->number, GL_CSV_RULES);
    memset(rule, 0, sizeof *rule);
    rule->line = l->number;
    gl_clip(rule->field, sizeof rule->field, l->text);
    if (!gl_csv_field(map, rule))
        return gl_fail(err, -EINVAL, "line %u: %s is no field of %s that a column can fill", l->number, l->text,
                       gl_collections[map->collection]);
    if (advance(l) != EQUALS) return fail_token(l, "=", err);
    int rc = 0;
    while (rc == 0 && advance(l) != END) {
        if (l->token == STRING && rule->n_names == GL_CSV_NAMES)
            return gl_fail(err, -EINVAL, "line %u: more than %d columns", l->number, GL_CSV_NAMES);
        rc = l->token == STRING ? keep(l, rule->name[rule->n_names++], GL_CSV_NAME, err)
             : l->token == WORD ? read_keyword(l, rule, err)
                                : fail_token(l, "a column or a keyword", err);
    }
    if (rc == 0) rc = check_keywords(rule, err);
    if (rc == 0) rc = check_source(map, rule, err);
    if (rc < 0) return rc;
    if (strcmp(rule->field, "version") == 0) map->has_version = true;
    map->n++;
    return 0;
}

/* ---- the whole --------------------------------------------------------------------------------------------------------------------------- */

/* record = movements, separator = ";": the two lines that are no fields. */
static int read_setting(struct line *l, struct gl_csv_map *map, struct gl_error *err) {
    bool record = strcmp(l->text, "record") == 0;
    if (advance(l) != EQUALS) return fail_token(l, "=", err);
    advance(l);
    if (!is_value(l)) return fail_token(l, "a value", err);
    if (record) {
        map->collection = gl_enum_parse(gl_collections, l->text);
        if (map->collection == GL_COLLECTION_NONE) return fail_token(l, "movements, declarations, tags, lookouts or traders", err);
        map->body = gl_feed_body_fields(map->collection, GL_OP_UPSERT);
    } else {
        map->separator = strcmp(l->text, "tab") == 0 ? '\t' : l->text[0];
        if ((strlen(l->text) != 1 || !strchr(",;|", l->text[0])) && map->separator != '\t')
            return fail_token(l, "one of \",\" \";\" \"|\" tab", err);
    }
    return advance(l) == END ? 0 : fail_token(l, "the end of the line", err);
}

static int read_line(struct line *l, struct gl_csv_map *map, struct gl_error *err) {
    if (advance(l) == END) return 0;
    if (l->token != WORD) return fail_token(l, "the name of a field", err);
    if (strcmp(l->text, "separator") == 0 || (strcmp(l->text, "record") == 0 && map->n == 0)) return read_setting(l, map, err);
    if (map->collection == GL_COLLECTION_NONE) return fail_token(l, "a first line such as record = movements", err);
    return read_rule(l, map, err);
}

int gl_csv_map_read(const char *text, size_t len, struct gl_csv_map *ret, struct gl_error *err) {
    const char *end = text + len;
    struct line l = {.number = 0};
    memset(ret, 0, sizeof *ret);
    ret->separator = ',';
    if (len > GL_CSV_MAPPING) return gl_fail(err, -EINVAL, "longer than %d bytes", GL_CSV_MAPPING);
    if (!gl_utf8_valid(text, len)) return gl_fail(err, -EINVAL, "not valid UTF-8; it must be saved as UTF-8");
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3;
    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        l.p = text;
        l.end = nl ? nl : end;
        l.number++;
        int rc = read_line(&l, ret, err);
        if (rc < 0) return rc;
        text = nl ? nl + 1 : end;
    }
    return ret->n > 0 ? 0 : gl_fail(err, -EINVAL, "no line names a field; the first is such as record = movements");
}
