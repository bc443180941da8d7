/* Which element of an NCTS message goes where. Two tables, both by path below the root: targets (what holds text) and groups (what repeats). */
#include <errno.h>
#include <string.h>

#include "feed/ncts_impl.h"

/* ---- text -------------------------------------------------------------------------------------------------------------------------------- */

struct target {
    const char *path;
    int (*set)(const struct target *t, void *to, const char *text, struct gl_error *err);
    size_t offset; /* in struct gl_ncts, or in struct gl_declaration */
    size_t size;
    bool in_declaration;
};

static int fail_twice(struct gl_error *err) {
    return gl_fail(err, -EBADMSG, "stands twice where once is right");
}

static int set_text(const struct target *t, void *to, const char *text, struct gl_error *err) {
    char *dst = to;
    if (dst[0]) return fail_twice(err);
    if (gl_copy(dst, t->size, text) < 0) return gl_fail(err, -EBADMSG, "longer than %zu bytes", t->size - 1);
    return 0;
}

/* "2026-05-04T10:11:00", a zone behind it or not. */
static int set_time(const struct target *t GL_UNUSED, void *to, const char *text, struct gl_error *err) {
    int64_t *dst = to, v;
    char utc[40];
    if (*dst != 0) return fail_twice(err);
    gl_format(utc, sizeof utc, "%sZ", text);
    if ((gl_time_parse(text, &v) < 0 && gl_time_parse(utc, &v) < 0) || v <= 0)
        return gl_fail(err, -EBADMSG, "\"%.40s\" is no time such as 2026-05-04T10:11:00", text);
    *dst = v;
    return 0;
}

/* "2026-05-04": the end of that day, UTC. Behind it may stand a zone, as XML allows. */
static int set_day_end(const struct target *t, void *to, const char *text, struct gl_error *err) {
    char end[40];
    gl_format(end, sizeof end, "%.10sT23:59:59%s", text, strlen(text) > 10 ? text + 10 : "");
    if (strlen(text) >= 10 && strlen(text) <= 16 && set_time(t, to, end, NULL) == 0) return 0;
    if (*(int64_t *)to != 0) return fail_twice(err);
    return gl_fail(err, -EBADMSG, "\"%.40s\" is no date such as 2026-05-04", text);
}

/* Kilograms with any decimals, to whole grams. */
static int set_mass(const struct target *t GL_UNUSED, void *to, const char *text, struct gl_error *err) {
    static const char digits[] = "0123456789";
    int64_t *dst = to, grams = 0;
    if (*dst != GL_INT_NULL) return fail_twice(err);
    size_t whole = strspn(text, digits);
    size_t point = text[whole] == '.' ? 1 : 0;
    size_t part = point ? strspn(text + whole + 1, digits) : 0;
    if (whole == 0 || whole > 9 || (point && part == 0) || part > 16 || text[whole + point + part] != '\0')
        return gl_fail(err, -EBADMSG, "\"%.40s\" is no mass in kilograms such as 1234.5", text);
    for (size_t i = 0; i < whole; i++) grams = grams * 10 + (text[i] - '0');
    for (size_t i = 0; i < 3; i++) grams = grams * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
    if (part > 3 && text[whole + 4] >= '5') grams++;
    *dst = grams;
    return 0;
}

static int push_equipment(struct gl_declaration *d, const struct gl_equipment *e, struct gl_error *err) {
    if (e->container[0] == '\0' && e->n_seals == 0) return 0; /* it only refers to goods */
    if (d->n_equipment == GL_MAX_CONTAINERS)
        return gl_fail(err, -E2BIG, "more than %d containers (or 16 seals each); split the declaration", GL_MAX_CONTAINERS);
    d->equipment[d->n_equipment++] = *e;
    return 0;
}

static int set_seal(const struct target *t GL_UNUSED, void *to, const char *text, struct gl_error *err) {
    struct gl_ncts *n = to;
    struct gl_equipment *e = &n->equipment;
    if (e->n_seals == GL_COUNT(e->seals)) {
        int rc = push_equipment(n->d, e, err);
        if (rc < 0) return rc;
        e->n_seals = 0;
    }
    if (gl_copy(e->seals[e->n_seals], sizeof e->seals[0], text) < 0)
        return gl_fail(err, -EBADMSG, "longer than %zu bytes", sizeof e->seals[0] - 1);
    e->n_seals++;
    return 0;
}

/* "1002" or "UN 1002"; anything else is kept as "?", for dangerous it is. */
static int set_un(const struct target *t GL_UNUSED, void *to, const char *text, struct gl_error *err) {
    struct gl_ncts *n = to;
    if (n->item.n_un == GL_NCTS_UN) return gl_fail(err, -E2BIG, "more than %d UN numbers in one item", GL_NCTS_UN);
    const char *number = strncmp(text, "UN", 2) == 0 ? text + 2 + strspn(text + 2, " ") : text;
    bool ok = strlen(number) == 4 && strspn(number, "0123456789") == 4;
    gl_clip(n->item.un[n->item.n_un++], sizeof n->item.un[0], ok ? number : "?");
    return 0;
}

#define HERE(m) offsetof(struct gl_ncts, m), sizeof(((struct gl_ncts *)0)->m), false
#define DECLARED(m) offsetof(struct gl_declaration, m), sizeof(((struct gl_declaration *)0)->m), true
#define WHOLE 0, 0, false
#define MEANS(path)                                                                                                            \
    {path "/typeOfIdentification", set_text, HERE(means.type)}, {path "/identificationNumber", set_text, HERE(means.plate)}, { \
        path "/nationality", set_text, HERE(means.country)                                                                     \
    }
#define OFFICE(path) \
    { path "/referenceNumber", set_text, HERE(office.office) }
#define DOCUMENT(path)                                        \
    {path "/type", set_text, HERE(document.type)}, {          \
        path "/referenceNumber", set_text, HERE(document.ref) \
    }
#define CONSIGNMENT "Consignment"
#define EQUIPMENT CONSIGNMENT "/TransportEquipment"
#define HOUSE CONSIGNMENT "/HouseConsignment"
#define ITEM HOUSE "/ConsignmentItem"
#define COMMODITY ITEM "/Commodity"

static const struct target targets[] = {
    {"preparationDateAndTime", set_time, HERE(prepared)},
    {"TransitOperation/LRN", set_text, DECLARED(lrn)},
    {"TransitOperation/MRN", set_text, HERE(mrn)},
    {"TransitOperation/declarationType", set_text, DECLARED(type)},
    {"TransitOperation/TIRCarnetNumber", set_text, HERE(tir)},
    {"TransitOperation/limitDate", set_day_end, DECLARED(valid_to)},
    OFFICE("CustomsOfficeOfDeparture"),
    OFFICE("CustomsOfficeOfDestinationDeclared"),
    OFFICE("CustomsOfficeOfTransitDeclared"),
    {"CustomsOfficeOfTransitDeclared/arrivalDateAndTimeEstimated", set_time, HERE(office.eta)},
    OFFICE("CustomsOfficeOfExitForTransitDeclared"),
    {"HolderOfTheTransitProcedure/identificationNumber", set_text, DECLARED(trader.eori)},
    {"ControlResult/code", set_text, HERE(control)},
    {CONSIGNMENT "/grossMass", set_mass, DECLARED(gross_kg)},
    {EQUIPMENT "/containerIdentificationNumber", set_text, HERE(equipment.container)},
    {EQUIPMENT "/Seal/identifier", set_seal, WHOLE},
    MEANS(CONSIGNMENT "/ActiveBorderTransportMeans"),
    {CONSIGNMENT "/ActiveBorderTransportMeans/customsOfficeAtBorderReferenceNumber", set_text, HERE(office.office)},
    MEANS(CONSIGNMENT "/DepartureTransportMeans"),
    MEANS(HOUSE "/DepartureTransportMeans"),
    {COMMODITY "/CommodityCode/harmonizedSystemSubHeadingCode", set_text, HERE(item.hs)},
    {COMMODITY "/CommodityCode/combinedNomenclatureCode", set_text, HERE(item.cn)},
    {COMMODITY "/DangerousGoods/UNNumber", set_un, WHOLE},
    {COMMODITY "/GoodsMeasure/grossMass", set_mass, HERE(item.gross)},
    DOCUMENT(CONSIGNMENT "/SupportingDocument"),
    DOCUMENT(CONSIGNMENT "/TransportDocument"),
    DOCUMENT(CONSIGNMENT "/PreviousDocument"),
    DOCUMENT(HOUSE "/SupportingDocument"),
    DOCUMENT(HOUSE "/TransportDocument"),
    DOCUMENT(HOUSE "/PreviousDocument"),
    DOCUMENT(ITEM "/SupportingDocument"),
    DOCUMENT(ITEM "/TransportDocument"),
    DOCUMENT(ITEM "/PreviousDocument"),
};

int gl_ncts_text(struct gl_ncts *n, const char *path, const char *text, struct gl_error *err) {
    for (size_t i = 0; i < GL_COUNT(targets); i++) {
        const struct target *t = &targets[i];
        if (strcmp(t->path, path) != 0) continue;
        return t->set(t, (char *)(t->in_declaration ? (void *)n->d : (void *)n) + t->offset, text, err);
    }
    return 0;
}

/* ---- groups ------------------------------------------------------------------------------------------------------------------------------ */

struct group {
    const char *path;
    void (*begin)(struct gl_ncts *n);
    int (*end)(struct gl_ncts *n, uint8_t arg, struct gl_error *err);
    uint8_t arg; /* an office's role, the stage of means */
};

static void begin_office(struct gl_ncts *n) {
    memset(&n->office, 0, sizeof n->office);
}

static int end_office(struct gl_ncts *n, uint8_t role, struct gl_error *err) {
    struct gl_declaration *d = n->d;
    bool minor = role == GL_OFFICE_EXIT || role == GL_OFFICE_BORDER;
    if (n->office.office[0] == '\0') return 0;
    for (size_t i = 0; i < d->n_offices; i++)
        if (strcmp(d->offices[i].office, n->office.office) == 0 && (minor || d->offices[i].role == role)) return 0;
    if (d->n_offices == GL_MAX_OFFICES)
        return minor ? 0 : gl_fail(err, -E2BIG, "more than %d offices; split the declaration", GL_MAX_OFFICES);
    n->office.role = role;
    d->offices[d->n_offices++] = n->office;
    return 0;
}

static void begin_means(struct gl_ncts *n) {
    memset(&n->means, 0, sizeof n->means);
    begin_office(n); /* means at the border name their office */
}

static int end_means(struct gl_ncts *n, uint8_t stage, struct gl_error *err) {
    uint8_t role = strcmp(n->means.type, "30") == 0   ? GL_ROLE_VEHICLE
                   : strcmp(n->means.type, "31") == 0 ? GL_ROLE_TRAILER
                                                      : GL_ROLE_NONE;
    if (role == GL_ROLE_NONE || n->means.plate[0] == '\0') return 0;
    if (n->stage[stage].n == GL_MAX_MEANS) return gl_fail(err, -E2BIG, "more than %d vehicles and trailers", GL_MAX_MEANS);
    struct gl_means *m = &n->stage[stage].m[n->stage[stage].n++];
    m->role = role;
    gl_clip(m->plate, sizeof m->plate, n->means.plate); /* both fit: the sources are shorter */
    gl_clip(m->country, sizeof m->country, n->means.country);
    return 0;
}

static int end_border(struct gl_ncts *n, uint8_t stage, struct gl_error *err) {
    int rc = end_means(n, stage, err);
    return rc < 0 ? rc : end_office(n, GL_OFFICE_BORDER, err);
}

static void begin_equipment(struct gl_ncts *n) {
    memset(&n->equipment, 0, sizeof n->equipment);
}

static int end_equipment(struct gl_ncts *n, uint8_t arg GL_UNUSED, struct gl_error *err) {
    return push_equipment(n->d, &n->equipment, err);
}

static void begin_item(struct gl_ncts *n) {
    memset(&n->item, 0, sizeof n->item);
    n->item.gross = GL_INT_NULL;
}

/* The item's mass stands with its first entry alone, so that the sum stays right. */
static int end_item(struct gl_ncts *n, uint8_t arg GL_UNUSED, struct gl_error *err) {
    size_t rows = n->item.n_un > 1 ? n->item.n_un : 1;
    for (size_t i = 0; i < rows; i++) {
        if (n->d->n_goods == GL_MAX_GOODS) return gl_fail(err, -E2BIG, "more than %d goods; split the declaration", GL_MAX_GOODS);
        struct gl_goods *g = &n->d->goods[n->d->n_goods++];
        gl_format(g->hs, sizeof g->hs, "%s%s", n->item.hs, n->item.hs[0] ? n->item.cn : "");
        g->gross_kg = i == 0 ? n->item.gross : GL_INT_NULL;
        gl_clip(g->un, sizeof g->un, i < n->item.n_un ? n->item.un[i] : "");
    }
    return 0;
}

void gl_ncts_add_document(struct gl_declaration *d, const char *type, const char *ref) {
    if (type[0] == '\0' || d->n_documents == GL_MAX_DOCUMENTS) return;
    struct gl_document *to = &d->documents[d->n_documents];
    gl_clip(to->type, sizeof to->type, type);
    if (gl_copy(to->ref, sizeof to->ref, ref) < 0) to->ref[0] = '\0';
    for (size_t i = 0; i < d->n_documents; i++)
        if (strcmp(d->documents[i].type, to->type) == 0 && strcmp(d->documents[i].ref, to->ref) == 0) return;
    d->n_documents++;
}

static void begin_document(struct gl_ncts *n) {
    memset(&n->document, 0, sizeof n->document);
}

static int end_document(struct gl_ncts *n, uint8_t arg GL_UNUSED, struct gl_error *err GL_UNUSED) {
    gl_ncts_add_document(n->d, n->document.type, n->document.ref);
    return 0;
}

#define DOCUMENTS(path)                                                                                                            \
    {path "/SupportingDocument", begin_document, end_document, 0}, {path "/TransportDocument", begin_document, end_document, 0}, { \
        path "/PreviousDocument", begin_document, end_document, 0                                                                  \
    }

static const struct group groups[] = {
    {"CustomsOfficeOfDeparture", begin_office, end_office, GL_OFFICE_DEPARTURE},
    {"CustomsOfficeOfDestinationDeclared", begin_office, end_office, GL_OFFICE_DESTINATION},
    {"CustomsOfficeOfTransitDeclared", begin_office, end_office, GL_OFFICE_TRANSIT},
    {"CustomsOfficeOfExitForTransitDeclared", begin_office, end_office, GL_OFFICE_EXIT},
    {EQUIPMENT, begin_equipment, end_equipment, 0},
    {CONSIGNMENT "/ActiveBorderTransportMeans", begin_means, end_border, GL_NCTS_BORDER},
    {CONSIGNMENT "/DepartureTransportMeans", begin_means, end_means, GL_NCTS_DEPARTURE},
    {HOUSE "/DepartureTransportMeans", begin_means, end_means, GL_NCTS_HOUSE},
    {ITEM, begin_item, end_item, 0},
    DOCUMENTS(CONSIGNMENT),
    DOCUMENTS(HOUSE),
    DOCUMENTS(ITEM),
};

static const struct group *find_group(const char *path) {
    for (size_t i = 0; i < GL_COUNT(groups); i++)
        if (strcmp(groups[i].path, path) == 0) return &groups[i];
    return NULL;
}

void gl_ncts_begin(struct gl_ncts *n, const char *path) {
    const struct group *g = find_group(path);
    if (g) g->begin(n);
}

int gl_ncts_end(struct gl_ncts *n, const char *path, struct gl_error *err) {
    const struct group *g = find_group(path);
    return g ? g->end(n, g->arg, err) : 0;
}
