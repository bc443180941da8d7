/* Values of a comma-separated file into fields of a record. */
#include <errno.h>
#include <string.h>

#include "feed/csv_impl.h"
#include "feed/draft.h"
#include "feed/mass.h"

/* ---- lists ------------------------------------------------------------------------------------------------------------------------------- */

static int fail_full(size_t most, const char *of, struct gl_error *err) {
    return gl_fail(err, -E2BIG, "more than %zu %s", most, of);
}

static int keep(char *dst, size_t size, const char *value, struct gl_error *err) {
    return gl_copy(dst, size, value) < 0 ? gl_fail(err, -EBADMSG, "\"%.40s\" is longer than %zu bytes", value, size - 1) : 0;
}

static bool is_movement(const struct gl_feed_record *r) {
    return r->collection == GL_COLLECTION_MOVEMENTS;
}

static int add_means(const struct gl_csv_rule *rule, struct gl_feed_record *r, const char *value, const char *country,
                     struct gl_error *err) {
    struct gl_means *list = is_movement(r) ? r->body.movement.means : r->body.declaration.means;
    uint16_t *n = is_movement(r) ? &r->body.movement.n_means : &r->body.declaration.n_means;
    if (*n == GL_MAX_MEANS) return fail_full(GL_MAX_MEANS, "vehicles and trailers", err);
    struct gl_means *m = &list[(*n)++];
    m->role = rule->arg;
    gl_country_of(country, m->country);
    if (country[0] && !m->country[0]) /* its plate must not stand for one of every country */
        return gl_fail(err, -EBADMSG, "\"%.40s\" is no country: neither two letters of ISO 3166 nor a sign on vehicles", country);
    return keep(m->plate, sizeof m->plate, value, err);
}

static int add_container(const struct gl_csv_rule *rule GL_UNUSED, struct gl_feed_record *r, const char *value,
                         const char *country GL_UNUSED, struct gl_error *err) {
    struct gl_movement *m = &r->body.movement;
    struct gl_declaration *d = &r->body.declaration;
    uint16_t *n = is_movement(r) ? &m->n_containers : &d->n_equipment;
    if (*n == GL_MAX_CONTAINERS) return fail_full(GL_MAX_CONTAINERS, "containers", err);
    size_t i = (*n)++;
    return is_movement(r) ? keep(m->containers[i], sizeof m->containers[0], value, err)
                          : keep(d->equipment[i].container, sizeof d->equipment[0].container, value, err);
}

/* Of a declaration: on the container before it; without one, on the vehicle. */
static int add_seal(const struct gl_csv_rule *rule GL_UNUSED, struct gl_feed_record *r, const char *value,
                    const char *country GL_UNUSED, struct gl_error *err) {
    struct gl_movement *m = &r->body.movement;
    struct gl_declaration *d = &r->body.declaration;
    if (is_movement(r))
        return m->n_seals == GL_MAX_SEALS ? fail_full(GL_MAX_SEALS, "seals", err)
                                          : keep(m->seals[m->n_seals++], sizeof m->seals[0], value, err);
    if (d->n_equipment == 0) d->n_equipment = 1;
    struct gl_equipment *e = &d->equipment[d->n_equipment - 1];
    if (e->n_seals == GL_COUNT(e->seals)) return fail_full(GL_COUNT(e->seals), "seals of one container", err);
    return keep(e->seals[e->n_seals++], sizeof e->seals[0], value, err);
}

static int add_declaration(const struct gl_csv_rule *rule, struct gl_feed_record *r, const char *value,
                           const char *country GL_UNUSED, struct gl_error *err) {
    struct gl_movement *m = &r->body.movement;
    if (m->n_declarations == GL_MAX_REFS) return fail_full(GL_MAX_REFS, "declarations", err);
    struct gl_ref *ref = &m->declarations[m->n_declarations++];
    gl_clip(ref->type, sizeof ref->type, rule->type);
    return keep(ref->value, sizeof ref->value, value, err);
}

static int add_goods(const struct gl_csv_rule *rule GL_UNUSED, struct gl_feed_record *r, const char *value,
                     const char *country GL_UNUSED, struct gl_error *err) {
    struct gl_declaration *d = &r->body.declaration;
    if (d->n_goods == GL_MAX_GOODS) return fail_full(GL_MAX_GOODS, "goods", err);
    return keep(d->goods[d->n_goods].hs, sizeof d->goods[0].hs, value, err) < 0 ? -EBADMSG : (d->n_goods++, 0);
}

/* Of the goods before it, as far as they have none; "?" for what is no number: dangerous it is. */
static int add_un(const struct gl_csv_rule *rule GL_UNUSED, struct gl_feed_record *r, const char *value,
                  const char *country GL_UNUSED, struct gl_error *err) {
    struct gl_declaration *d = &r->body.declaration;
    const char *number = strncmp(value, "UN", 2) == 0 ? value + 2 + strspn(value + 2, " ") : value;
    bool ok = strlen(number) == 4 && strspn(number, "0123456789") == 4;
    if (d->n_goods == 0 || d->goods[d->n_goods - 1].un[0]) {
        if (d->n_goods == GL_MAX_GOODS) return fail_full(GL_MAX_GOODS, "goods", err);
        d->n_goods++;
    }
    gl_clip(d->goods[d->n_goods - 1].un, sizeof d->goods[0].un, ok ? number : "?");
    return 0;
}

static int add_document(const struct gl_csv_rule *rule, struct gl_feed_record *r, const char *value, const char *country GL_UNUSED,
                        struct gl_error *err) {
    struct gl_declaration *d = &r->body.declaration;
    if (d->n_documents == GL_MAX_DOCUMENTS) return fail_full(GL_MAX_DOCUMENTS, "documents", err);
    struct gl_document *to = &d->documents[d->n_documents++];
    gl_clip(to->type, sizeof to->type, rule->type);
    return keep(to->ref, sizeof to->ref, value, err);
}

static int add_office(const struct gl_csv_rule *rule, struct gl_feed_record *r, const char *value, const char *country GL_UNUSED,
                      struct gl_error *err) {
    struct gl_declaration *d = &r->body.declaration;
    if (d->n_offices == GL_MAX_OFFICES) return fail_full(GL_MAX_OFFICES, "offices", err);
    struct gl_office *to = &d->offices[d->n_offices++];
    to->role = rule->arg;
    return keep(to->office, sizeof to->office, value, err);
}

enum { M = 1 << GL_COLLECTION_MOVEMENTS, D = 1 << GL_COLLECTION_DECLARATIONS };
static const struct {
    const char *name;
    unsigned collections;
    gl_csv_add *add;
    uint8_t arg;
} lists[] = {
    {"vehicle", M | D, add_means, GL_ROLE_VEHICLE},
    {"trailer", M | D, add_means, GL_ROLE_TRAILER},
    {"container", M | D, add_container, 0},
    {"seal", M | D, add_seal, 0},
    {"declaration", M, add_declaration, 0},
    {"hs", D, add_goods, 0},
    {"un", D, add_un, 0},
    {"document", D, add_document, 0},
    {"office.departure", D, add_office, GL_OFFICE_DEPARTURE},
    {"office.transit", D, add_office, GL_OFFICE_TRANSIT},
    {"office.exit", D, add_office, GL_OFFICE_EXIT},
    {"office.destination", D, add_office, GL_OFFICE_DESTINATION},
    {"office.border", D, add_office, GL_OFFICE_BORDER},
};

/* ---- fields by their tables -------------------------------------------------------------------------------------------------------------- */

static const struct gl_field *find(const struct gl_fields *t, const char *name, size_t n) {
    for (size_t i = 0; i < t->n; i++)
        if (strlen(t->f[i].name) == n && strncmp(t->f[i].name, name, n) == 0) return &t->f[i];
    return NULL;
}

/* "control.channel": a plain field, or a reference as a whole. */
static bool find_plain(const struct gl_fields *t, struct gl_csv_rule *rule) {
    const char *name = rule->field;
    for (rule->offset = 0;; name++) {
        size_t n = strcspn(name, ".");
        const struct gl_field *f = find(t, name, n);
        if (!f || f->list) return false;
        rule->offset += f->offset;
        rule->f = f;
        name += n;
        if (*name == '\0') return f->type != GL_F_BYTES && (f->type != GL_F_STRUCT || f->sub == &gl_ref_fields);
        if (f->type != GL_F_STRUCT) return false;
        t = f->sub;
    }
}

bool gl_csv_field(const struct gl_csv_map *map, struct gl_csv_rule *rule) {
    for (size_t i = 0; i < GL_COUNT(lists); i++) {
        if (strcmp(lists[i].name, rule->field) != 0 || !(lists[i].collections & 1U << map->collection)) continue;
        rule->add = lists[i].add;
        rule->arg = lists[i].arg;
        return true;
    }
    return find_plain(map->body, rule);
}

static bool is_null(const struct gl_field *f, const void *p) {
    switch ((enum gl_ftype)f->type) {
        case GL_F_TEXT: return *(const char *)p == '\0';
        case GL_F_ENUM:
        case GL_F_TRI: return *(const uint8_t *)p == 0;
        case GL_F_INT:
        case GL_F_GRAMS: return *(const int64_t *)p == GL_INT_NULL;
        case GL_F_TIME: return *(const int64_t *)p == 0;
        case GL_F_STRUCT: return gl_csv_missing(f->sub, p) != NULL;
        case GL_F_REAL:
        case GL_F_BYTES: break;
    }
    return false;
}

const char *gl_csv_missing(const struct gl_fields *t, const void *s) {
    for (size_t i = 0; i < t->n; i++)
        if ((t->f[i].flags & GL_REQUIRED) && !t->f[i].list && is_null(&t->f[i], (const char *)s + t->f[i].offset))
            return t->f[i].name;
    return NULL;
}

/* ---- times ------------------------------------------------------------------------------------------------------------------------------- */

/* The number under n equal letters of a pattern: as many digits; of one letter, one or two. */
static bool take_number(const char **text, size_t n, int *ret) {
    size_t most = n == 1 ? 2 : n, k = 0;
    for (*ret = 0; k < most && **text >= '0' && **text <= '9'; k++) *ret = *ret * 10 + (*(*text)++ - '0');
    return k > 0 && (n == 1 || k == n);
}

/* "04.05.2026 9:30" by "DD.MM.YYYY h:mm", into "2026-05-04T09:30:00"; behind Z whatever zone stands there. */
static bool by_pattern(const char *pattern, const char *text, char ret[64]) {
    static const char letters[] = "YMDhms";
    int part[sizeof letters - 1] = {0, 1, 1, 0, 0, 0};
    while (*pattern && *pattern != 'Z') {
        const char *letter = strchr(letters, *pattern);
        size_t n = strspn(pattern, (char[]){*pattern, '\0'});
        if (letter && !take_number(&text, n, &part[letter - letters])) return false;
        if (letter && *letter == 'Y' && n == 2) part[0] += 2000;
        for (size_t i = 0; !letter && i < n; i++)
            if (*text++ != *pattern) return false;
        pattern += n;
    }
    gl_format(ret, 64, "%04d-%02d-%02dT%02d:%02d:%02d%.8s", part[0], part[1], part[2], part[3], part[4], part[5], text);
    return (*text != '\0') == (*pattern == 'Z');
}

static int read_time(const struct gl_csv_rule *rule, const char *value, const struct gl_import_options *options, int64_t *ret,
                     struct gl_error *err) {
    char iso[64];
    if (rule->when == GL_CSV_NO_TIME) {
        gl_clip(iso, sizeof iso, value);
        if (strlen(iso) > 10 && iso[10] == ' ') iso[10] = 'T';
        return gl_import_time(options, iso, true, ret, err);
    }
    if (!by_pattern(rule->pattern, value, iso))
        return gl_fail(err, -EBADMSG, "\"%.40s\" is no time such as %s", value, rule->pattern);
    if (rule->when == GL_CSV_DAY_END) memcpy(iso + 11, "23:59:59", 8);
    return gl_import_time(options, iso, true, ret, err);
}

/* A time that becomes a version. */
static int read_order(const struct gl_csv_rule *rule, const char *value, const struct gl_import_options *options, int64_t *ret,
                      struct gl_error *err) {
    int rc = read_time(rule, value, options, ret, err);
    return rc < 0 ? rc : gl_import_ordering(options, *ret, err);
}

/* ---- one value --------------------------------------------------------------------------------------------------------------------------- */

static int set_mass(const struct gl_csv_rule *rule, const char *value, int64_t *ret, struct gl_error *err) {
    char plain[40];
    if (gl_copy(plain, sizeof plain, value) < 0) plain[0] = '\0';
    for (char *p = plain; rule->decimal[0] && *p; p++) *p = *p == rule->decimal[0] ? '.' : *p == '.' ? '?' : *p;
    if (gl_mass_parse(plain, rule->unit[0] ? rule->unit : "kg", ret) == 0) return 0;
    return gl_fail(err, -EBADMSG, "\"%.40s\" is no mass such as 1234%s5", value, rule->decimal[0] ? rule->decimal : ".");
}

static int set_ref(const struct gl_csv_rule *rule, struct gl_ref *ref, const char *value, struct gl_error *err) {
    gl_clip(ref->type, sizeof ref->type, rule->type);
    return keep(ref->value, sizeof ref->value, value, err);
}

static int set_plain(const struct gl_csv_rule *rule, void *to, const char *value, const struct gl_import_options *options,
                     struct gl_error *err) {
    const struct gl_field *f = rule->f;
    switch ((enum gl_ftype)f->type) {
        case GL_F_TEXT: return keep(to, f->size, value, err);
        case GL_F_STRUCT: return set_ref(rule, to, value, err);
        case GL_F_GRAMS: return set_mass(rule, value, to, err);
        case GL_F_TIME: return read_time(rule, value, options, to, err);
        case GL_F_INT:
            if (rule->when) return read_order(rule, value, options, to, err);
            return gl_parse_int(value, f->min, f->max, to) < 0 ? gl_fail(err, -EBADMSG, "\"%.40s\" is no number that fits", value)
                                                               : 0;
        case GL_F_ENUM:
            *(uint8_t *)to = gl_enum_parse(f->names, value);
            return *(uint8_t *)to ? 0 : gl_fail(err, -EBADMSG, "\"%.40s\" is no %s; \"%s\" is one", value, f->name, f->names[1]);
        case GL_F_TRI:
            *(uint8_t *)to = strcmp(value, "true") == 0 ? GL_TRUE : strcmp(value, "false") == 0 ? GL_FALSE : GL_NULL;
            return *(uint8_t *)to ? 0 : gl_fail(err, -EBADMSG, "\"%.40s\" is neither true nor false", value);
        case GL_F_REAL:
        case GL_F_BYTES: break;
    }
    return gl_fail(err, -EBADMSG, "cannot be filled from a column");
}

static bool is_none(const struct gl_csv_rule *rule, const char *value) {
    for (size_t i = 0; i < rule->n_none; i++)
        if (strcmp(rule->none[i], value) == 0) return true;
    return value[0] == '\0';
}

/* What the mapping says a word means; NULL when it has words and this is none of them. */
static const char *meaning(const struct gl_csv_rule *rule, const char *value) {
    for (size_t i = 0; i < rule->n_words; i++)
        if (strcmp(rule->word[i].from, value) == 0) return rule->word[i].to;
    return rule->n_words == 0 ? value : NULL;
}

static int set_one(const struct gl_csv_rule *rule, struct gl_feed_record *r, const char *value, const char *country,
                   const struct gl_import_options *options, struct gl_error *err) {
    if (is_none(rule, value)) return 0;
    const char *meant = meaning(rule, value);
    if (!meant) return gl_fail(err, -EBADMSG, "\"%.40s\" is none of the words in line %u of the mapping", value, rule->line);
    if (rule->add) return rule->add(rule, r, meant, country, err);
    return set_plain(rule, (char *)&r->body + rule->offset, meant, options, err);
}

int gl_csv_set(const struct gl_csv_rule *rule, struct gl_feed_record *r, const char *cell, const char *country,
               const struct gl_import_options *options, struct gl_error *err) {
    char piece[GL_REF + 1];
    if (!rule->split[0]) return set_one(rule, r, cell, country, options, err);
    for (int rc = 0; *cell;) {
        const char *stop = strstr(cell, rule->split);
        size_t n = stop ? (size_t)(stop - cell) : strlen(cell);
        const char *next = stop ? stop + strlen(rule->split) : cell + n;
        while (n > 0 && strchr(" \t\r\n", *cell)) cell++, n--;
        while (n > 0 && strchr(" \t\r\n", cell[n - 1])) n--;
        if (gl_copyn(piece, sizeof piece, cell, n) < 0) return gl_fail(err, -EBADMSG, "\"%.40s\" is too long", cell);
        if ((rc = set_one(rule, r, piece, country, options, err)) < 0) return rc;
        cell = next;
    }
    return 0;
}
