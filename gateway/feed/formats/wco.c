/* Declarations of the WCO Data Model as customs' declaration management systems exchange them (DEC-DMS): <MetaData><Declaration>, or
 * <Declaration> alone. Element names count without their namespaces.
 *
 * - A Declaration becomes one in state lodged, referred to by its MRN where ID is one; else by type "lrn" and HOLDER/LRN: Declarant/ID and
 *   FunctionalReferenceID (else ID). Nothing in it proves acceptance or release: a declarant writes AcceptanceDateTime himself.
 * - FunctionCode 9 (original) alone is loaded. Amendments (13) list what changes and are no whole record: refused, load the whole declaration as it
 *   is now. A request to cancel (13, TypeCode INV) cancels nothing until customs decide.
 * - version and as_of: IssueDateTime, else AcceptanceDateTime (without a zone taken as UTC), else when the file was written. lodged_at:
 *   IssueDateTime, where it says its zone.
 * - Means: BorderTransportMeans, then those at arrival and departure of the consignment; by type of identification road vehicle (30) or trailer
 *   (31) alone, without a type where the mode is 3.
 * - Equipment: TransportEquipment of the consignment with its seals; containers that items name alone.
 * - Offices: DeclarationOfficeID is the office of destination of an import, of departure of all others (by TypeCode); PresentationOffice as border
 *   office; ExitOffice. The supervising office sees no vehicle.
 * - Gross mass: TotalGrossMassMeasure, else the sum of the items; kilograms. Goods: the classification TSP (8 digits), UNDGID.
 * - Documents: AdditionalDocument of items, category and type together ("N935"); PreviousDocument by its type ("DCR" is the declarant's unique
 *   consignment reference); UCR; an authorisation as economic operator (AEOC, AEOF, AEOS) as a document of that type, for it is a claim.
 * - Trader: Declarant/ID, where it has the form of an EORI.
 * - Not read: names and addresses of any party, values, taxes, guarantees, other authorisations, packages, goods descriptions; answers of
 *   customs (Response) are refused. */
#include <errno.h>
#include <string.h>

#include "feed/draft_impl.h"
#include "feed/formats/formats.h"
#include "feed/formats/shared.h"
#include "model/identifiers.h"

enum { FUNCTION, OFFICE, MODE, CLASS, CLASS_TYPE, CATEGORY }; /* in gl_draft.spare */

/* ---- the envelope ------------------------------------------------------------------------------------------------------------------------ */

struct envelope {
    const struct gl_xml_events *events;
    void *user;
    bool seen; /* the declaration */
};

/* The path as the format knows it, "/Declaration/..."; NULL for what the envelope itself holds. */
static const char *inside(const char *path) {
    static const char outer[] = "/MetaData", inner[] = "/Declaration";
    const size_t n = sizeof outer - 1, m = sizeof inner - 1;
    if (strncmp(path, outer, n) != 0 || (path[n] && path[n] != '/')) return path;
    bool is = strncmp(path + n, inner, m) == 0 && (!path[n + m] || path[n + m] == '/');
    return is ? path + n : NULL;
}

static int on_open(void *user, const char *path, struct gl_error *err) {
    struct envelope *e = user;
    const char *at = inside(path);
    if (!at && strcmp(path, "/MetaData/Response") == 0)
        return gl_fail(err, -EBADMSG, "an answer of customs; only declarations are read");
    if (!at) return 0;
    if (strcmp(at, "/Declaration") == 0) {
        if (e->seen) return gl_fail(err, -EBADMSG, "a second declaration; one in a file is right");
        e->seen = true;
    }
    return e->events->open(e->user, at, err);
}

static int on_text(void *user, const char *path, const char *text, struct gl_error *err) {
    struct envelope *e = user;
    const char *at = inside(path);
    return at ? e->events->text(e->user, at, text, err) : 0;
}

static int on_close(void *user, const char *path, struct gl_error *err) {
    struct envelope *e = user;
    const char *at = inside(path);
    if (!at && strcmp(path, "/MetaData") == 0 && !e->seen)
        return gl_fail(err, -EBADMSG, "holds no Declaration; the message needs it");
    return at ? e->events->close(e->user, at, err) : 0;
}

static int read_wco(const void *bytes, size_t len, const struct gl_xml_events *events, void *user, struct gl_xml_place *where,
                    struct gl_error *err) {
    static const struct gl_xml_events opened = {on_open, on_text, on_close};
    struct envelope e = {.events = events, .user = user};
    return gl_xml_read(bytes, len, &opened, &e, where, err);
}

/* ---- setters ----------------------------------------------------------------------------------------------------------------------------- */

/* "Z", "+03", "+0300", "+03:00" as XML writes it; false when it is none of these, nor nothing. */
static bool read_zone(const char *sign, char ret[8]) {
    ret[0] = '\0';
    if (*sign == '\0') return true;
    if (strcmp(sign, "Z") == 0) {
        gl_clip(ret, 8, sign);
        return true;
    }
    size_t n = strspn(sign + 1, "0123456789");
    bool hours = n == 2 && sign[3] == '\0';
    const char *minutes = hours ? "00" : n == 4 ? sign + 3 : n == 2 && sign[3] == ':' ? sign + 4 : "";
    if ((*sign != '+' && *sign != '-') || strspn(minutes, "0123456789") != 2 || minutes[2]) return false;
    gl_format(ret, 8, "%.3s:%.2s", sign, minutes);
    return true;
}

/* "20260504081530Z", "20260504111530+03", "20260504": by its digits, whatever the format code says. */
static int set_stamp(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    int64_t *to = (int64_t *)(void *)((char *)d + t->offset);
    char date[9], time[8] = "", zone[8], whole[24], full[40];
    size_t n = strspn(text, "0123456789");
    if (*to != 0) return gl_draft_twice(err);
    gl_clip(date, sizeof date, text);
    if (n > 8) gl_format(time, sizeof time, "%.*s", (int)n - 8, text + 8);
    bool fits = n >= 8 && n <= 14 && read_zone(text + n, zone) && gl_digits_time(date, time, whole);
    if (fits) gl_format(full, sizeof full, "%s%s", whole, zone);
    if (!fits || gl_set_time_utc(d, t, full, NULL) < 0)
        return gl_fail(err, -EBADMSG, "\"%.40s\" is no time such as 20260504081530Z", text);
    if (zone[0] && t->arg) d->record.body.declaration.lodged_at = *to;
    return 0;
}

/* ---- groups ------------------------------------------------------------------------------------------------------------------------------ */

static void begin_means(struct gl_draft *d) {
    gl_means_begin(d);
    d->spare[MODE][0] = '\0';
}

static int end_means(struct gl_draft *d, uint8_t stage, struct gl_error *err) {
    if (d->means.type[0]) return gl_means_end(d, stage, err);
    return gl_mode_of(d->spare[MODE]) == GL_MODE_ROAD
               ? gl_road_means(d, stage, GL_ROLE_VEHICLE, d->means.plate, d->means.country, err)
               : 0;
}

static void begin_class(struct gl_draft *d) {
    d->spare[CLASS][0] = d->spare[CLASS_TYPE][0] = '\0';
}

static int end_class(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err) {
    if (strcmp(d->spare[CLASS_TYPE], "TSP") != 0 || d->item.hs[0]) return 0;
    if (gl_copy(d->item.hs, sizeof d->item.hs, d->spare[CLASS]) == 0) return 0;
    return gl_fail(err, -EBADMSG, "\"%.40s\" is no commodity code: longer than %zu bytes", d->spare[CLASS], sizeof d->item.hs - 1);
}

static void begin_document(struct gl_draft *d) {
    gl_document_begin(d);
    d->spare[CATEGORY][0] = '\0';
}

static int end_document(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err GL_UNUSED) {
    char type[2 * GL_REF];
    gl_format(type, sizeof type, "%s%s", d->spare[CATEGORY], d->document.type);
    gl_draft_add_document(d, d->document.type[0] ? type : "", d->document.ref, GL_NULL);
    return 0;
}

static int end_authorisation(struct gl_draft *d, uint8_t arg, struct gl_error *err) {
    return strncmp(d->document.type, "AEO", 3) == 0 ? gl_document_end(d, arg, err) : 0;
}

static int set_ucr(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err GL_UNUSED) {
    gl_draft_add_document(d, "UCR", text, GL_NULL);
    return 0;
}

/* ---- tables ------------------------------------------------------------------------------------------------------------------------------ */

#define SHIPMENT "GoodsShipment"
#define CONSIGNMENT SHIPMENT "/Consignment"
#define ITEM SHIPMENT "/GovernmentAgencyGoodsItem"
#define COMMODITY ITEM "/Commodity"
#define MEANS(path)                                                                                                            \
    {path "/ID", gl_set_text, GL_DRAFTED(means.plate)}, {path "/IdentificationTypeCode", gl_set_text, GL_DRAFTED(means.type)}, \
        {path "/ModeCode", gl_set_text, GL_DRAFTED(spare[MODE])}, {                                                            \
        path "/RegistrationNationalityCode", gl_set_country, GL_DRAFTED(means.country)                                         \
    }
#define PREVIOUS(path)                                                            \
    {path "/PreviousDocument/ID", gl_set_document_ref, GL_WHOLE}, {               \
        path "/PreviousDocument/TypeCode", gl_set_text, GL_DRAFTED(document.type) \
    }
#define ISSUED offsetof(struct gl_draft, head.prepared), sizeof(int64_t), "lodged"

static const struct gl_map_text texts[] = {
    {"FunctionCode", gl_set_text, GL_DRAFTED(spare[FUNCTION])},
    {"FunctionalReferenceID", gl_set_text, GL_DRAFTED(lrn)},
    {"ID", gl_set_text, GL_DRAFTED(mrn)},
    {"TypeCode", gl_set_text, GL_DECLARED(type)},
    {"IssueDateTime/DateTimeString", set_stamp, ISSUED},
    {"AcceptanceDateTime/DateTimeString", set_stamp, GL_DRAFTED(updated)},
    {"DeclarationOfficeID", gl_set_text, GL_DRAFTED(spare[OFFICE])},
    {"PresentationOffice/ID", gl_set_text, GL_DRAFTED(office.office)},
    {"ExitOffice/ID", gl_set_text, GL_DRAFTED(office.office)},
    {"TotalGrossMassMeasure", gl_set_mass, GL_DECLARED(gross_kg)},
    {"AuthorisationHolder/ID", gl_set_document_ref, GL_WHOLE},
    {"AuthorisationHolder/CategoryCode", gl_set_text, GL_DRAFTED(document.type)},
    {"Declarant/ID", gl_set_text, GL_DRAFTED(holder)},
    {"Declarant/ID", gl_set_eori, GL_WHOLE},
    MEANS("BorderTransportMeans"),
    MEANS(CONSIGNMENT "/ArrivalTransportMeans"),
    MEANS(CONSIGNMENT "/DepartureTransportMeans"),
    {CONSIGNMENT "/TransportEquipment/ID", gl_set_container_number, GL_DRAFTED(equipment.container)},
    {CONSIGNMENT "/TransportEquipment/Seal/ID", gl_set_seal, GL_WHOLE},
    {COMMODITY "/TransportEquipment/ID", gl_set_own_container, GL_WHOLE},
    {COMMODITY "/Classification/ID", gl_set_text, GL_DRAFTED(spare[CLASS])},
    {COMMODITY "/Classification/IdentificationTypeCode", gl_set_text, GL_DRAFTED(spare[CLASS_TYPE])},
    {COMMODITY "/DangerousGoods/UNDGID", gl_set_un, GL_WHOLE},
    {COMMODITY "/GoodsMeasure/GrossMassMeasure", gl_set_mass, GL_DRAFTED(item.gross)},
    {ITEM "/AdditionalDocument/CategoryCode", gl_set_text, GL_DRAFTED(spare[CATEGORY])},
    {ITEM "/AdditionalDocument/ID", gl_set_document_ref, GL_WHOLE},
    {ITEM "/AdditionalDocument/TypeCode", gl_set_text, GL_DRAFTED(document.type)},
    PREVIOUS(ITEM),
    PREVIOUS(SHIPMENT),
    {SHIPMENT "/UCR/TraderAssignedReferenceID", set_ucr, GL_WHOLE},
};

static const struct gl_map_group groups[] = {
    {"PresentationOffice", gl_office_begin, gl_office_end, GL_OFFICE_BORDER},
    {"ExitOffice", gl_office_begin, gl_office_end, GL_OFFICE_EXIT},
    {"AuthorisationHolder", gl_document_begin, end_authorisation, 0},
    {"BorderTransportMeans", begin_means, end_means, GL_STAGE_BORDER},
    {CONSIGNMENT "/ArrivalTransportMeans", begin_means, end_means, GL_STAGE_DEPARTURE},
    {CONSIGNMENT "/DepartureTransportMeans", begin_means, end_means, GL_STAGE_DEPARTURE},
    {CONSIGNMENT "/TransportEquipment", gl_equipment_begin, gl_equipment_end, 0},
    {ITEM, gl_item_begin, gl_weighed_item_end, 0},
    {COMMODITY "/Classification", begin_class, end_class, 0},
    {ITEM "/AdditionalDocument", begin_document, end_document, 0},
    {ITEM "/PreviousDocument", gl_document_begin, gl_document_end, 0},
    {SHIPMENT "/PreviousDocument", gl_document_begin, gl_document_end, 0},
};

/* ---- the record -------------------------------------------------------------------------------------------------------------------------- */

/* 0 for a whole declaration. */
static int check_function(struct gl_draft *d, struct gl_error *err) {
    const char *code = d->spare[FUNCTION];
    if (code[0] == '\0') return gl_draft_missing(d, "FunctionCode", err);
    if (strcmp(code, "9") == 0) return 0;
    if (strcmp(d->record.body.declaration.type, "INV") != 0)
        return gl_fail(
            err, -EBADMSG,
            "FunctionCode \"%.20s\": it tells what changes, and only a whole declaration (9) is a record; load the declaration "
            "as it is now",
            code);
    gl_draft_note(d, "a request to cancel: it cancels nothing until customs decide");
    return GL_DRAFT_NOTHING;
}

static int name_record(struct gl_draft *d, struct gl_error *err) {
    char lrn[GL_REF];
    int64_t at = d->head.prepared ? d->head.prepared : d->updated ? d->updated : d->options->as_of;
    bool numbered = gl_mrn_check(d->mrn) != GL_CHECK_NO_MATCH;
    if (!numbered && !d->lrn[0]) gl_clip(d->lrn, sizeof d->lrn, d->mrn);
    if (!numbered && !d->lrn[0]) return gl_draft_missing(d, "FunctionalReferenceID", err);
    int rc = gl_own_reference(d, numbered, err);
    if (rc < 0) return rc;
    if (at == 0) return gl_draft_missing(d, "IssueDateTime/DateTimeString", err);
    gl_clip(lrn, sizeof lrn, d->record.body.declaration.lrn);
    return gl_draft_name(d, numbered ? "mrn" : "lrn", numbered ? d->mrn : lrn, at, at, err);
}

static int finish(struct gl_draft *d, struct gl_error *err) {
    bool import = strncmp(d->record.body.declaration.type, "IM", 2) == 0;
    int rc = check_function(d, err);
    if (rc != 0 || (rc = name_record(d, err)) < 0) return rc;
    gl_office_begin(d);
    if (gl_copy(d->office.office, sizeof d->office.office, d->spare[OFFICE]) < 0)
        return gl_fail(err, -EBADMSG, "DeclarationOfficeID \"%.40s\": longer than %zu bytes", d->spare[OFFICE],
                       sizeof d->office.office - 1);
    gl_settle_mass(d);
    return gl_office_end(d, import ? GL_OFFICE_DESTINATION : GL_OFFICE_DEPARTURE, err);
}

#define ROOT(name) \
    { .root = "/" name, .record = "", .collection = GL_COLLECTION_DECLARATIONS, .op = GL_OP_UPSERT, .state = GL_DECLARATION_LODGED }

static const struct gl_message messages[] = {
    ROOT("MetaData"), /* for the file to be recognised; the reader takes the envelope off */
    ROOT("Declaration"),
};

const struct gl_format gl_format_wco = {
    .name = "WCO",
    .read = read_wco,
    .messages = messages,
    .n_messages = GL_COUNT(messages),
    .texts = texts,
    .n_texts = GL_COUNT(texts),
    .groups = groups,
    .n_groups = GL_COUNT(groups),
    .finish = finish,
};
