/* Groups of a document that repeat, into the lists of a record. */
#include <errno.h>
#include <string.h>

#include "feed/draft_impl.h"

static struct gl_declaration *declared(struct gl_draft *d) {
    return &d->record.body.declaration;
}

static bool is_movement(const struct gl_draft *d) {
    return d->record.collection == GL_COLLECTION_MOVEMENTS;
}

/* ---- means ------------------------------------------------------------------------------------------------------------------------------- */

static void begin_means(struct gl_draft *d, uint8_t untyped) {
    memset(&d->means, 0, sizeof d->means);
    d->means.role = untyped;
}

void gl_means_begin(struct gl_draft *d) {
    begin_means(d, GL_ROLE_NONE);
}

void gl_vehicle_begin(struct gl_draft *d) {
    begin_means(d, GL_ROLE_VEHICLE);
}

void gl_trailer_begin(struct gl_draft *d) {
    begin_means(d, GL_ROLE_TRAILER);
}

int gl_draft_add_means(struct gl_draft *d, uint8_t stage, uint8_t role, const char *plate, const char *country,
                       struct gl_error *err) {
    struct gl_means m = {.role = role}, *list = d->stage[stage].m;
    if (gl_copy(m.plate, sizeof m.plate, plate) < 0 || gl_copy(m.country, sizeof m.country, country) < 0)
        return gl_fail(err, -EBADMSG, "\"%.60s\" is no plate: longer than %zu bytes", plate, sizeof m.plate - 1);
    for (size_t i = 0; i < d->stage[stage].n; i++)
        if (list[i].role == role && strcmp(list[i].plate, m.plate) == 0 && strcmp(list[i].country, m.country) == 0) return 0;
    if (d->stage[stage].n == GL_MAX_MEANS) return gl_fail(err, -E2BIG, "more than %d vehicles and trailers", GL_MAX_MEANS);
    list[d->stage[stage].n++] = m;
    return 0;
}

static uint8_t role_of_means(const struct gl_draft *d) {
    if (d->means.type[0] == '\0') return d->means.role;
    if (strcmp(d->means.type, "30") == 0) return GL_ROLE_VEHICLE;
    return strcmp(d->means.type, "31") == 0 ? GL_ROLE_TRAILER : GL_ROLE_NONE;
}

int gl_means_end(struct gl_draft *d, uint8_t stage, struct gl_error *err) {
    uint8_t role = role_of_means(d);
    if (role == GL_ROLE_NONE || d->means.plate[0] == '\0') return 0;
    return gl_draft_add_means(d, stage, role, d->means.plate, d->means.country, err);
}

int gl_means_end_latest(struct gl_draft *d, uint8_t stage, struct gl_error *err) {
    if (d->means.plate[0] == '\0') return 0;
    d->transhipped = true;
    d->stage[stage].n = 0;
    return gl_means_end(d, stage, err);
}

static int take_stage(struct gl_draft *d, enum gl_stage stage, struct gl_error *err) {
    struct gl_means *list = is_movement(d) ? d->record.body.movement.means : declared(d)->means;
    uint16_t *n = is_movement(d) ? &d->record.body.movement.n_means : &declared(d)->n_means;
    for (size_t i = 0; i < d->stage[stage].n; i++) {
        if (*n == GL_MAX_MEANS) return gl_fail(err, -E2BIG, "more than %d vehicles and trailers", GL_MAX_MEANS);
        list[(*n)++] = d->stage[stage].m[i];
    }
    return 0;
}

int gl_draft_take_means(struct gl_draft *d, struct gl_error *err) {
    enum gl_stage inland = GL_STAGE_TRANSHIPMENT;
    while (!d->transhipped && inland < GL_STAGE_HOUSE && d->stage[inland].n == 0) inland++;
    int rc = take_stage(d, GL_STAGE_BORDER, err);
    return rc < 0 ? rc : take_stage(d, inland, err);
}

/* ---- equipment --------------------------------------------------------------------------------------------------------------------------- */

static int push_equipment(struct gl_declaration *d, const struct gl_equipment *e, struct gl_error *err) {
    if (e->container[0] == '\0' && e->n_seals == 0) return 0; /* it only refers to goods */
    if (d->n_equipment == GL_MAX_CONTAINERS)
        return gl_fail(err, -E2BIG, "more than %d containers (or 16 seals each); split the declaration", GL_MAX_CONTAINERS);
    d->equipment[d->n_equipment++] = *e;
    return 0;
}

static int add_container(struct gl_movement *m, const char *number, struct gl_error *err) {
    for (size_t i = 0; i < m->n_containers; i++)
        if (strcmp(m->containers[i], number) == 0) return 0;
    if (m->n_containers == GL_MAX_CONTAINERS) return gl_fail(err, -E2BIG, "more than %d containers", GL_MAX_CONTAINERS);
    if (gl_copy(m->containers[m->n_containers], sizeof m->containers[0], number) < 0)
        return gl_fail(err, -EBADMSG, "longer than %zu bytes", sizeof m->containers[0] - 1);
    m->n_containers++;
    return 0;
}

int gl_set_container(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    struct gl_equipment e = {.n_seals = 0};
    if (is_movement(d)) return add_container(&d->record.body.movement, text, err);
    if (gl_copy(e.container, sizeof e.container, text) < 0)
        return gl_fail(err, -EBADMSG, "longer than %zu bytes", sizeof e.container - 1);
    for (size_t i = 0; i < declared(d)->n_equipment; i++)
        if (strcmp(declared(d)->equipment[i].container, e.container) == 0) return 0;
    return push_equipment(declared(d), &e, err);
}

static int add_seal(struct gl_movement *m, const char *seal, struct gl_error *err) {
    if (m->n_seals == GL_MAX_SEALS) return gl_fail(err, -E2BIG, "more than %d seals", GL_MAX_SEALS);
    if (gl_copy(m->seals[m->n_seals], sizeof m->seals[0], seal) < 0)
        return gl_fail(err, -EBADMSG, "longer than %zu bytes", sizeof m->seals[0] - 1);
    m->n_seals++;
    return 0;
}

int gl_set_seal(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    struct gl_equipment *e = &d->equipment;
    if (is_movement(d)) return add_seal(&d->record.body.movement, text, err);
    if (e->n_seals == GL_COUNT(e->seals)) {
        int rc = push_equipment(declared(d), e, err);
        if (rc < 0) return rc;
        e->n_seals = 0;
    }
    if (gl_copy(e->seals[e->n_seals], sizeof e->seals[0], text) < 0)
        return gl_fail(err, -EBADMSG, "longer than %zu bytes", sizeof e->seals[0] - 1);
    e->n_seals++;
    return 0;
}

void gl_equipment_begin(struct gl_draft *d) {
    memset(&d->equipment, 0, sizeof d->equipment);
}

int gl_equipment_end(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err) {
    if (is_movement(d)) return d->equipment.container[0] ? add_container(&d->record.body.movement, d->equipment.container, err) : 0;
    return push_equipment(declared(d), &d->equipment, err);
}

/* ---- offices, goods, documents, references ----------------------------------------------------------------------------------------------- */

void gl_office_begin(struct gl_draft *d) {
    memset(&d->office, 0, sizeof d->office);
}

/* An exit or border office only where it does not stand there in another role already, and as far as there is room. */
int gl_office_end(struct gl_draft *d, uint8_t role, struct gl_error *err) {
    struct gl_declaration *to = declared(d);
    bool minor = role == GL_OFFICE_EXIT || role == GL_OFFICE_BORDER;
    if (d->office.office[0] == '\0' || is_movement(d)) return 0;
    for (size_t i = 0; i < to->n_offices; i++)
        if (strcmp(to->offices[i].office, d->office.office) == 0 && (minor || to->offices[i].role == role)) return 0;
    if (to->n_offices == GL_MAX_OFFICES)
        return minor ? 0 : gl_fail(err, -E2BIG, "more than %d offices; split the declaration", GL_MAX_OFFICES);
    d->office.role = role;
    to->offices[to->n_offices++] = d->office;
    return 0;
}

void gl_item_begin(struct gl_draft *d) {
    memset(&d->item, 0, sizeof d->item);
    d->item.gross = GL_INT_NULL;
}

/* The item's mass stands with its first entry alone, so that the sum stays right. */
int gl_item_end(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err) {
    struct gl_declaration *to = declared(d);
    size_t rows = d->item.n_un > 1 ? d->item.n_un : 1;
    if (is_movement(d)) return 0;
    for (size_t i = 0; i < rows; i++) {
        if (to->n_goods == GL_MAX_GOODS) return gl_fail(err, -E2BIG, "more than %d goods; split the declaration", GL_MAX_GOODS);
        struct gl_goods *g = &to->goods[to->n_goods++];
        gl_format(g->hs, sizeof g->hs, "%s%s", d->item.hs, d->item.hs[0] ? d->item.cn : "");
        g->gross_kg = i == 0 ? d->item.gross : GL_INT_NULL;
        gl_clip(g->un, sizeof g->un, i < d->item.n_un ? d->item.un[i] : "");
    }
    if (d->item.gross != GL_INT_NULL) d->item_gross = (d->item_gross == GL_INT_NULL ? 0 : d->item_gross) + d->item.gross;
    return 0;
}

void gl_draft_add_document(struct gl_draft *d, const char *type, const char *ref, uint8_t required) {
    struct gl_declaration *to = declared(d);
    struct gl_document doc = {.required = required};
    if (type[0] == '\0' || is_movement(d)) return;
    gl_clip(doc.type, sizeof doc.type, type);
    if (gl_copy(doc.ref, sizeof doc.ref, ref) < 0) doc.ref[0] = '\0';
    for (size_t i = 0; i < to->n_documents; i++)
        if (strcmp(to->documents[i].type, doc.type) == 0 && strcmp(to->documents[i].ref, doc.ref) == 0) return;
    if (to->n_documents < GL_MAX_DOCUMENTS)
        to->documents[to->n_documents++] = doc;
    else
        d->left_out++;
}

void gl_document_begin(struct gl_draft *d) {
    memset(&d->document, 0, sizeof d->document);
}

int gl_set_document_ref(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    if (d->document.ref[0] || d->document.too_long) return gl_draft_twice(err);
    d->document.too_long = gl_copy(d->document.ref, sizeof d->document.ref, text) < 0;
    return 0;
}

int gl_document_end(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err GL_UNUSED) {
    gl_draft_add_document(d, d->document.type, d->document.ref, d->document.required);
    return 0;
}

int gl_draft_add_reference(struct gl_draft *d, const char *type, const char *value, struct gl_error *err) {
    struct gl_movement *m = &d->record.body.movement;
    struct gl_ref ref;
    if (!is_movement(d)) return 0;
    if (gl_copy(ref.type, sizeof ref.type, type) < 0 || gl_copy(ref.value, sizeof ref.value, value) < 0)
        return gl_fail(err, -EBADMSG, "the reference \"%.80s\" is longer than %zu bytes", value, sizeof ref.value - 1);
    for (size_t i = 0; i < m->n_declarations; i++)
        if (strcmp(m->declarations[i].type, type) == 0 && strcmp(m->declarations[i].value, value) == 0) return 0;
    if (m->n_declarations == GL_MAX_REFS) return gl_fail(err, -E2BIG, "more than %d declarations", GL_MAX_REFS);
    m->declarations[m->n_declarations++] = ref;
    return 0;
}

void gl_reference_begin(struct gl_draft *d) {
    memset(&d->reference, 0, sizeof d->reference);
}

int gl_reference_end(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err) {
    if (d->reference.type[0] == '\0' || d->reference.value[0] == '\0') return 0;
    return gl_draft_add_reference(d, d->reference.type, d->reference.value, err);
}
