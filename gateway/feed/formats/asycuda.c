/* ASYCUDA World's single administrative document (SAD), as it is saved in XML: <ASYCUDA>.
 *
 * - A SAD is a declaration, referred to by type "sad" and OFFICE/YEAR/SERIALNUMBER: the clearance office's code, the year of registration, the
 *   registration's serial letter (if any) and its number without leading zeros: "AL115010/2026/R4417". One that is not registered has not been
 *   lodged, and is refused.
 * - State: registered = lodged; with an assessment's number = accepted; with a date of exit = discharged. Payment proves no release, and nothing
 *   else in a SAD does either: the authority's word must come by the feed.
 * - A SAD has no time of its own, so version is how far it has come: 1 registered, 2 assessed, 3 paid, 4 left. What has come further outranks
 *   what has not, and of two equals the one that is loaded last counts. A feed that speaks of SADs counts its versions from 5 on, or by times,
 *   and then no file outranks it. as_of is when the file was written.
 * - Dates: 2026-05-04, 4.5.2026 (day first), and 5/4/26, where day or month may stand first; a year of two digits stands last. Of a date that
 *   can be read both ways only the year is believed; a time limit then ends at the earlier of both. lodged_at is the end of the day of registration.
 * - Means: Border_information, then Departure_arrival_information; truck and trailer in one identity are taken apart. Mode (border) and
 *   Inland_mode_of_transport (departure; where it is missing, Mode) decide: another mode than road (3, 30) is no plate. An identity without a
 *   digit is a name.
 * - Offices: the clearance office is the office of destination of an import (Sad_flow I, type IM) that is no transit, of departure of all
 *   others; Border_office; the office of a transit's destination.
 * - Equipment: each container once, however many items name it. Seals of a transit are on the vehicle; several stand in one text, with ',' or
 *   ';' between them. Result_of_control other than A1, A2, A3 sets control to desk, with the code as its type.
 * - Gross mass: Valuation/Weight/Gross_weight, else the sum of the items, if every one says its own, else Total/Total_weight, which some fill
 *   with the net mass; 0 is not said.
 * - Goods: commodity code and first precision. Documents: those attached to items; N785 the manifest, N337 the summary declaration, UCR.
 * - Trader: an import's consignee, an export's exporter, else the transit's principal, where the code has the form of an EORI.
 * - <null/> and the word "null" are nothing.
 * - Not read: names, addresses, officers, values, taxes, banks, guarantees, packages, goods descriptions. */
#include <errno.h>
#include <string.h>

#include "feed/draft_impl.h"
#include "feed/formats/formats.h"
#include "feed/formats/shared.h"

enum { DEPARTURE, DEPARTURE_COUNTRY, INLAND_MODE, FLOW, CLEARANCE, BORDER, DESTINATION }; /* in gl_draft.spare */
enum { REGISTERED = 1, ASSESSED, PAID, LEFT };                                            /* in control.kind, and the version */

/* ---- dates ------------------------------------------------------------------------------------------------------------------------------- */

struct days {
    int n;
    int year;
    int64_t end[2]; /* of the day, in its readings, the earlier first */
};

static void add_reading(const struct gl_draft *d, struct days *to, int month, int day) {
    char text[32];
    int64_t end;
    gl_format(text, sizeof text, "%04d-%02d-%02dT23:59:59", to->year, month, day);
    if (month > 12 || day > 31 || gl_draft_time(d, text, d->options->zone != NULL, &end, NULL) < 0) return;
    if (to->n == 1 && to->end[0] == end) return;
    to->end[to->n++] = end;
    if (to->n == 2 && to->end[0] > end) to->end[1] = to->end[0], to->end[0] = end;
}

/* Three numbers of at most four digits with the same sign between them; a time behind a blank or 'T' is passed over. */
static char split_date(const char *text, int number[3], size_t width[3]) {
    char sign = '\0';
    for (size_t i = 0; i < 3; i++) {
        width[i] = strspn(text, "0123456789");
        if (width[i] == 0 || width[i] > 4) return '\0';
        number[i] = 0;
        for (size_t k = 0; k < width[i]; k++) number[i] = number[i] * 10 + (text[k] - '0');
        text += width[i];
        if (i == 2) break;
        if (!*text || !strchr("-./", *text) || (sign && *text != sign)) return '\0';
        sign = *text++;
    }
    return *text == '\0' || *text == ' ' || *text == 'T' ? sign : '\0';
}

static struct days read_date(const struct gl_draft *d, const char *text) {
    struct days days = {.n = 0};
    int v[3];
    size_t width[3];
    char sign = split_date(text, v, width);
    if (sign == '\0') return days;
    bool year_first = width[0] == 4;
    if (!year_first && width[2] != 2 && width[2] != 4) return days;
    days.year = year_first ? v[0] : width[2] == 2 ? 2000 + v[2] : v[2];
    if (year_first)
        add_reading(d, &days, v[1], v[2]);
    else
        add_reading(d, &days, v[1], v[0]);
    if (!year_first && sign != '.') add_reading(d, &days, v[0], v[1]);
    return days;
}

static int fail_date(const char *text, struct gl_error *err) {
    return gl_fail(err, -EBADMSG, "\"%.40s\" is no date such as 2026-05-04, 4.5.2026 or 5/4/26", text);
}

/* ---- setters ----------------------------------------------------------------------------------------------------------------------------- */

static bool is_null(const char *text) {
    return strcmp(text, "null") == 0;
}

static int set_word(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return is_null(text) ? 0 : gl_set_text(d, t, text, err);
}

static int set_nationality(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return is_null(text) ? 0 : gl_set_country(d, t, text, err);
}

/* The general procedure stands behind the type: "IM" and "4". */
static int set_procedure(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    char *type = d->record.body.declaration.type;
    size_t n = strlen(type), room = sizeof d->record.body.declaration.type - n;
    if (is_null(text)) return 0;
    return gl_copy(type + n, room, text) < 0 ? gl_fail(err, -EBADMSG, "longer than %zu bytes", room - 1) : 0;
}

static int set_kilos(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    int64_t *to = (int64_t *)(void *)((char *)d + t->offset);
    int rc = is_null(text) ? 0 : gl_set_mass(d, t, text, err);
    if (rc == 0 && *to == 0) *to = GL_INT_NULL;
    return rc;
}

/* "2402.20.90" and "2402 2090" are 24022090. */
static int set_commodity(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    char plain[64];
    size_t n = 0;
    for (; *text && n + 1 < sizeof plain; text++)
        if (*text != '.' && *text != ' ') plain[n++] = *text;
    plain[n] = '\0';
    return set_word(d, t, plain, err);
}

static int set_registered(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    struct days days = read_date(d, text);
    if (days.n == 0) return fail_date(text, err);
    if (d->version != 0) return gl_draft_twice(err);
    d->version = days.year; /* for the reference; the record's own version is its step */
    if (days.n == 1) *(int64_t *)(void *)((char *)d + t->offset) = days.end[0];
    return 0;
}

static int set_limit(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    struct days days = read_date(d, text);
    int64_t *to = (int64_t *)(void *)((char *)d + t->offset);
    if (days.n == 0) return fail_date(text, err);
    if (*to != 0) return gl_draft_twice(err);
    if (days.n == 2) gl_draft_note(d, "Time_limit \"%.40s\" can be read as two days; the earlier one counts", text);
    *to = days.end[0];
    return 0;
}

static int set_step(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err GL_UNUSED) {
    uint8_t step = *(const uint8_t *)t->arg;
    if (!is_null(text) && d->control.kind < step) d->control.kind = step;
    return 0;
}

static int set_document(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err GL_UNUSED) {
    if (!is_null(text)) gl_draft_add_document(d, t->arg, text, GL_NULL);
    return 0;
}

static int set_seals(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    char seal[GL_REF];
    int rc = 0;
    while (rc == 0 && *text && !is_null(text)) {
        text += strspn(text, " ,;");
        size_t n = strcspn(text, ",;"), kept = n;
        while (kept > 0 && text[kept - 1] == ' ') kept--;
        if (kept > 0) {
            if (gl_copyn(seal, sizeof seal, text, kept) < 0) return gl_fail(err, -EBADMSG, "\"%.40s\" is no seal", text);
            rc = gl_set_seal(d, t, seal, err);
        }
        text += n;
    }
    return rc;
}

static int set_control(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text,
                       struct gl_error *err GL_UNUSED) {
    static const char *const satisfied[] = {"null", "A1", "A2", "A3"};
    struct gl_control *c = &d->record.body.declaration.control;
    for (size_t i = 0; i < GL_COUNT(satisfied); i++)
        if (strcmp(text, satisfied[i]) == 0) return 0;
    c->channel = GL_CHANNEL_DESK;
    gl_clip(c->type, sizeof c->type, text);
    return 0;
}

/* 'I' import, 'E' export, 'T' transit; by the flow, else by the type. */
static char flow_of(const struct gl_draft *d) {
    return d->spare[FLOW][0] ? d->spare[FLOW][0] : d->record.body.declaration.type[0];
}

/* The arg is the flow that this trader counts in. */
static int set_trader(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return flow_of(d) == *(const char *)t->arg ? gl_set_eori(d, t, text, err) : 0;
}

/* ---- groups ------------------------------------------------------------------------------------------------------------------------------ */

static int end_means(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err) {
    enum gl_mode border = gl_mode_of(d->means.type), inland = gl_mode_of(d->spare[INLAND_MODE]);
    int rc = 0;
    if (inland == GL_MODE_UNKNOWN) inland = border;
    if (border != GL_MODE_OTHER) rc = gl_road_means(d, GL_STAGE_BORDER, GL_ROLE_VEHICLE, d->means.plate, d->means.country, err);
    if (rc < 0 || inland == GL_MODE_OTHER) return rc;
    return gl_road_means(d, GL_STAGE_DEPARTURE, GL_ROLE_VEHICLE, d->spare[DEPARTURE], d->spare[DEPARTURE_COUNTRY], err);
}

static const uint8_t assessed = ASSESSED, paid = PAID, left = LEFT;

#define IDENTIFICATION "Identification"
#define REGISTRATION IDENTIFICATION "/Registration"
#define MEANS "Transport/Means_of_transport"
#define AT_BORDER MEANS "/Border_information"
#define AT_DEPARTURE MEANS "/Departure_arrival_information"
#define ITEM "Item"

static const struct gl_map_text texts[] = {
    {"Export_release/Date_of_exit", set_step, GL_CODED(control.kind, &left)},
    {"Property/Sad_flow", set_word, GL_DRAFTED(spare[FLOW])},
    {IDENTIFICATION "/Office_segment/Customs_clearance_office_code", set_word, GL_DRAFTED(spare[CLEARANCE])},
    {IDENTIFICATION "/Type/Type_of_declaration", set_word, GL_DECLARED(type)},
    {IDENTIFICATION "/Type/Declaration_gen_procedure_code", set_procedure, GL_WHOLE},
    {IDENTIFICATION "/Manifest_reference_number", set_document, 0, 0, "N785"},
    {IDENTIFICATION "/UCR", set_document, 0, 0, "UCR"},
    {REGISTRATION "/Serial_number", set_word, GL_DRAFTED(lrn)},
    {REGISTRATION "/Number", set_word, GL_DRAFTED(mrn)},
    {REGISTRATION "/Date", set_registered, GL_DECLARED(lodged_at)},
    {IDENTIFICATION "/Assessment/Number", set_step, GL_CODED(control.kind, &assessed)},
    {IDENTIFICATION "/receipt/Number", set_step, GL_CODED(control.kind, &paid)},
    {"Traders/Exporter/Exporter_code", set_trader, 0, 0, "E"},
    {"Traders/Consignee/Consignee_code", set_trader, 0, 0, "I"},
    {AT_BORDER "/Identity", set_word, GL_DRAFTED(means.plate)},
    {AT_BORDER "/Nationality", set_nationality, GL_DRAFTED(means.country)},
    {AT_BORDER "/Mode", set_word, GL_DRAFTED(means.type)},
    {AT_DEPARTURE "/Identity", set_word, GL_DRAFTED(spare[DEPARTURE])},
    {AT_DEPARTURE "/Nationality", set_nationality, GL_DRAFTED(spare[DEPARTURE_COUNTRY])},
    {MEANS "/Inland_mode_of_transport", set_word, GL_DRAFTED(spare[INLAND_MODE])},
    {"Transport/Border_office/Code", set_word, GL_DRAFTED(spare[BORDER])},
    {"Transit/Principal/Code", gl_set_eori, GL_WHOLE},
    {"Transit/Destination/Office", set_word, GL_DRAFTED(spare[DESTINATION])},
    {"Transit/Seals/Identity", set_seals, GL_WHOLE},
    {"Transit/Result_of_control", set_control, GL_WHOLE},
    {"Transit/Time_limit", set_limit, GL_DECLARED(valid_to)},
    {"Valuation/Weight/Gross_weight", set_kilos, GL_DECLARED(gross_kg)},
    {"Valuation/Total/Total_weight", set_kilos, GL_DRAFTED(house_gross)},
    {"Container/Container_identity", gl_set_own_container, GL_WHOLE},
    {ITEM "/Tarification/HScode/Commodity_code", set_commodity, GL_DRAFTED(item.hs)},
    {ITEM "/Tarification/HScode/Precision_1", set_word, GL_DRAFTED(item.cn)},
    {ITEM "/Valuation_item/Weight_itm/Gross_weight_itm", set_kilos, GL_DRAFTED(item.gross)},
    {ITEM "/Previous_doc/Summary_declaration", set_document, 0, 0, "N337"},
    {ITEM "/Attached_documents/Attached_document_code", set_word, GL_DRAFTED(document.type)},
    {ITEM "/Attached_documents/Attached_document_reference", gl_set_document_ref, GL_WHOLE},
};

static const struct gl_map_group groups[] = {
    {MEANS, gl_means_begin, end_means, 0},
    {"Transit/Seals", gl_equipment_begin, gl_equipment_end, 0},
    {ITEM, gl_item_begin, gl_weighed_item_end, 0},
    {ITEM "/Attached_documents", gl_document_begin, gl_document_end, 0},
};

/* ---- the record -------------------------------------------------------------------------------------------------------------------------- */

static int add_office(struct gl_draft *d, uint8_t role, const char *office, struct gl_error *err) {
    gl_office_begin(d);
    if (gl_copy(d->office.office, sizeof d->office.office, office) < 0)
        return gl_fail(err, -EBADMSG, "\"%.60s\" is no customs office: longer than %zu bytes", office, sizeof d->office.office - 1);
    return gl_office_end(d, role, err);
}

static int name_record(struct gl_draft *d, struct gl_error *err) {
    char ref[3 * GL_REF];
    const char *number = d->mrn + strspn(d->mrn, "0");
    if (*number == '\0') return gl_draft_missing(d, REGISTRATION "/Number", err);
    if (d->version == 0) return gl_draft_missing(d, REGISTRATION "/Date", err);
    if (d->spare[CLEARANCE][0] == '\0')
        return gl_draft_missing(d, IDENTIFICATION "/Office_segment/Customs_clearance_office_code", err);
    gl_format(ref, sizeof ref, "%s/%04d/%s%s", d->spare[CLEARANCE], (int)d->version, d->lrn, number);
    return gl_draft_name(d, "sad", ref, d->control.kind, d->options->as_of, err);
}

static int finish(struct gl_draft *d, struct gl_error *err) {
    struct gl_declaration *to = &d->record.body.declaration;
    bool import = flow_of(d) == 'I' && d->spare[DESTINATION][0] == '\0';
    if (d->control.kind < REGISTERED) d->control.kind = REGISTERED;
    if (d->control.kind >= ASSESSED) to->state = GL_DECLARATION_ACCEPTED;
    if (d->control.kind == LEFT) to->state = GL_DECLARATION_DISCHARGED;
    int rc = name_record(d, err);
    if (rc == 0) rc = add_office(d, import ? GL_OFFICE_DESTINATION : GL_OFFICE_DEPARTURE, d->spare[CLEARANCE], err);
    if (rc == 0) rc = add_office(d, GL_OFFICE_DESTINATION, d->spare[DESTINATION], err);
    if (rc == 0) rc = add_office(d, GL_OFFICE_BORDER, d->spare[BORDER], err);
    if (rc < 0) return rc;
    gl_settle_mass(d);
    if (to->gross_kg == GL_INT_NULL) to->gross_kg = d->house_gross;
    return 0;
}

static const struct gl_message messages[] = {
    {.root = "/ASYCUDA",
     .record = "",
     .collection = GL_COLLECTION_DECLARATIONS,
     .op = GL_OP_UPSERT,
     .state = GL_DECLARATION_LODGED},
};

const struct gl_format gl_format_asycuda = {
    .name = "ASYCUDA",
    .read = gl_xml_read,
    .messages = messages,
    .n_messages = GL_COUNT(messages),
    .texts = texts,
    .n_texts = GL_COUNT(texts),
    .groups = groups,
    .n_groups = GL_COUNT(groups),
    .finish = finish,
};
