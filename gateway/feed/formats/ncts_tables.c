/* What each NCTS message is, and which of its elements goes where; ncts.h says why. */
#include <errno.h>
#include <string.h>

#include "feed/formats/formats.h"
#include "feed/formats/ncts.h"
#include "feed/mass.h"

enum { LRN = 23 /* an..22 */ };

/* ---- messages ---------------------------------------------------------------------------------------------------------------------------- */

#define MESSAGE(name, op_, state_, owes_) \
    { .root = "/" name, .record = "", .collection = GL_COLLECTION_DECLARATIONS, .op = (op_), .state = (state_), .owes = (owes_) }
#define NOTHING(name, note_) \
    { .root = "/" name, .record = "", .collection = GL_COLLECTION_DECLARATIONS, .op = GL_OP_NONE, .note = (note_) }

static const struct gl_message messages[] = {
    MESSAGE("CC015C", GL_OP_UPSERT, GL_DECLARATION_LODGED, 0),
    MESSAGE("CC013C", GL_OP_UPSERT, GL_DECLARATION_LODGED, 0),
    MESSAGE("CC028C", GL_OP_REKEY, GL_DECLARATION_NONE, GL_NCTS_OWES_MRN),
    MESSAGE("CC029C", GL_OP_UPSERT, GL_DECLARATION_RELEASED, GL_NCTS_OWES_MRN),
    MESSAGE("CC043C", GL_OP_UPSERT, GL_DECLARATION_ARRIVED, GL_NCTS_OWES_MRN),
    MESSAGE("CC060C", GL_OP_CONTROL, GL_DECLARATION_NONE, 0),
    MESSAGE("CC051C", GL_OP_CONTROL, GL_DECLARATION_NOT_RELEASED, GL_NCTS_OWES_MRN),
    MESSAGE("CC055C", GL_OP_CONTROL, GL_DECLARATION_NOT_RELEASED, GL_NCTS_OWES_MRN),
    MESSAGE("CC025C", GL_OP_CONTROL, GL_DECLARATION_DISCHARGED, GL_NCTS_OWES_MRN | GL_NCTS_ENDS),
    MESSAGE("CC045C", GL_OP_CONTROL, GL_DECLARATION_DISCHARGED, GL_NCTS_OWES_MRN | GL_NCTS_ENDS),
    MESSAGE("CC009C", GL_OP_CANCEL, GL_DECLARATION_NONE, 0),
    NOTHING("CC014C", "a request to cancel: it cancels nothing until CC009C grants it"),
    NOTHING("CC170C", "presentation of a pre-lodged declaration: changes nothing here; the release (CC029C) will"),
    NOTHING("CC007C", "arrival at destination: changes nothing here; the unloading permission (CC043C) will"),
    NOTHING("CC004C", "an amendment was accepted: the amendment itself (CC013C) holds what changed"),
    NOTHING("CC019C", "discrepancies found at destination: changes nothing here"),
    NOTHING("CC022C", "the office asks for an amendment: changes nothing here until CC013C comes"),
    NOTHING("CC035C", "recovery of duties: changes nothing here"),
    NOTHING("CC044C", "unloading remarks: change nothing here; the release at destination (CC025C) will"),
    NOTHING("CC056C", "a message was rejected at departure: changes nothing here"),
    NOTHING("CC057C", "a message was rejected at destination: changes nothing here"),
    NOTHING("CC182C", "an incident on the way: its vehicles come with the unloading permission (CC043C)"),
    NOTHING("CC928C", "a receipt: changes nothing here"),
};

/* ---- setters and groups of this format alone --------------------------------------------------------------------------------------------- */

static int add_house_mass(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    int64_t grams;
    if (gl_mass_parse(text, "kg", &grams) < 0)
        return gl_fail(err, -EBADMSG, "\"%.40s\" is no mass in kilograms such as 1234.5", text);
    d->house_gross = (d->house_gross == GL_INT_NULL ? 0 : d->house_gross) + grams;
    return 0;
}

/* Of all types of control the first that is more than a look at papers; else the first. */
static int set_control_type(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text,
                            struct gl_error *err GL_UNUSED) {
    bool papers = strcmp(text, "10") == 0;
    if (papers || d->control.physical) d->control.documents = true;
    if (d->control.type[0] == '\0' || (!papers && !d->control.physical)) gl_clip(d->control.type, sizeof d->control.type, text);
    if (!papers) d->control.physical = true;
    return 0;
}

/* A code, or free text where a code should stand: then none. */
static int set_reason(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err GL_UNUSED) {
    if (d->control.code[0] == '\0' && !strchr(text, ' ') && gl_copy(d->control.code, sizeof d->control.code, text) < 0)
        d->control.code[0] = '\0';
    return 0;
}

static void begin_consignment(struct gl_draft *d) {
    d->spare[GL_NCTS_CONSIGNMENT][0] = '1';
}

static void begin_border(struct gl_draft *d) {
    gl_means_begin(d);
    gl_office_begin(d); /* means at the border name their office */
}

static int end_border(struct gl_draft *d, uint8_t stage, struct gl_error *err) {
    int rc = gl_means_end(d, stage, err);
    return rc < 0 ? rc : gl_office_end(d, GL_OFFICE_BORDER, err);
}

static int end_requested(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err GL_UNUSED) {
    gl_draft_add_document(d, d->document.type, "", GL_TRUE);
    return 0;
}

/* ---- texts ------------------------------------------------------------------------------------------------------------------------------- */

#define OPERATION "TransitOperation"
#define HOLDER "HolderOfTheTransitProcedure"
#define CONSIGNMENT "Consignment"
#define EQUIPMENT CONSIGNMENT "/TransportEquipment"
#define INCIDENT CONSIGNMENT "/Incident"
#define TRANSHIPPED INCIDENT "/Transhipment/TransportMeans"
#define HOUSE CONSIGNMENT "/HouseConsignment"
#define ITEM HOUSE "/ConsignmentItem"
#define COMMODITY ITEM "/Commodity"

#define MEANS(path)                                                             \
    {path "/typeOfIdentification", gl_set_text, GL_DRAFTED(means.type)},        \
        {path "/identificationNumber", gl_set_text, GL_DRAFTED(means.plate)}, { \
        path "/nationality", gl_set_country, GL_DRAFTED(means.country)          \
    }
#define OFFICE(path) \
    { path "/referenceNumber", gl_set_text, GL_DRAFTED(office.office) }
#define DOCUMENT(path)                                         \
    {path "/type", gl_set_text, GL_DRAFTED(document.type)}, {  \
        path "/referenceNumber", gl_set_document_ref, GL_WHOLE \
    }
#define DOCUMENTS(path) \
    DOCUMENT(path "/SupportingDocument"), DOCUMENT(path "/TransportDocument"), DOCUMENT(path "/PreviousDocument")
#define SPARE(i) GL_DRAFTED(spare[i])

static const struct gl_map_text texts[] = {
    {"preparationDateAndTime", gl_set_time_utc, GL_DRAFTED(head.prepared)},
    {OPERATION "/LRN", gl_set_text, offsetof(struct gl_draft, lrn), LRN, NULL},
    {OPERATION "/MRN", gl_set_text, GL_DRAFTED(mrn)},
    {OPERATION "/declarationType", gl_set_text, GL_DECLARED(type)},
    {OPERATION "/TIRCarnetNumber", gl_set_text, GL_DRAFTED(carnet)},
    {OPERATION "/limitDate", gl_set_day_end, GL_DECLARED(valid_to)},
    {OPERATION "/declarationAcceptanceDate", gl_set_day_end, GL_DECLARED(lodged_at)},
    {OPERATION "/notificationType", gl_set_text, GL_DRAFTED(control.code)},
    {OPERATION "/noReleaseMotivationCode", set_reason, GL_WHOLE},
    {OPERATION "/releaseIndicator", gl_set_text, SPARE(GL_NCTS_RELEASE)},
    {"Invalidation/decision", gl_set_text, SPARE(GL_NCTS_DECISION)},
    {"Invalidation/initiatedByCustoms", gl_set_text, SPARE(GL_NCTS_BY_CUSTOMS)},
    {"GuaranteeReference/InvalidGuaranteeReason/code", set_reason, GL_WHOLE},
    {"TypeOfControls/type", set_control_type, GL_WHOLE},
    {"RequestedDocument/documentType", gl_set_text, GL_DRAFTED(document.type)},
    OFFICE("CustomsOfficeOfDeparture"),
    OFFICE("CustomsOfficeOfDestinationDeclared"),
    OFFICE("CustomsOfficeOfDestinationActual"),
    OFFICE("CustomsOfficeOfTransitDeclared"),
    {"CustomsOfficeOfTransitDeclared/arrivalDateAndTimeEstimated", gl_set_time_utc, GL_DRAFTED(office.eta)},
    OFFICE("CustomsOfficeOfExitForTransitDeclared"),
    {HOLDER "/identificationNumber", gl_set_text, GL_DECLARED(trader.eori)},
    {HOLDER "/TIRHolderIdentificationNumber", gl_set_text, GL_DRAFTED(holder)},
    {"ControlResult/code", gl_set_text, GL_DRAFTED(control.code)},
    {CONSIGNMENT "/grossMass", gl_set_mass, GL_DECLARED(gross_kg)},
    {EQUIPMENT "/containerIdentificationNumber", gl_set_text, GL_DRAFTED(equipment.container)},
    {EQUIPMENT "/Seal/identifier", gl_set_seal, GL_WHOLE},
    MEANS(CONSIGNMENT "/ActiveBorderTransportMeans"),
    {CONSIGNMENT "/ActiveBorderTransportMeans/customsOfficeAtBorderReferenceNumber", gl_set_text, GL_DRAFTED(office.office)},
    MEANS(CONSIGNMENT "/DepartureTransportMeans"),
    MEANS(HOUSE "/DepartureTransportMeans"),
    MEANS(TRANSHIPPED),
    {INCIDENT "/TransportEquipment/Seal/identifier", gl_set_first, SPARE(GL_NCTS_NEW_SEALS)},
    {HOUSE "/grossMass", add_house_mass, GL_WHOLE},
    {COMMODITY "/CommodityCode/harmonizedSystemSubHeadingCode", gl_set_text, GL_DRAFTED(item.hs)},
    {COMMODITY "/CommodityCode/combinedNomenclatureCode", gl_set_text, GL_DRAFTED(item.cn)},
    {COMMODITY "/DangerousGoods/UNNumber", gl_set_un, GL_WHOLE},
    {COMMODITY "/GoodsMeasure/grossMass", gl_set_mass, GL_DRAFTED(item.gross)},
    DOCUMENTS(CONSIGNMENT),
    DOCUMENTS(HOUSE),
    DOCUMENTS(ITEM),
};

/* ---- groups ------------------------------------------------------------------------------------------------------------------------------ */

#define LISTED(path) \
    { path, gl_document_begin, gl_document_end, 0 }
#define LISTS(path) LISTED(path "/SupportingDocument"), LISTED(path "/TransportDocument"), LISTED(path "/PreviousDocument")

static const struct gl_map_group groups[] = {
    {"CustomsOfficeOfDeparture", gl_office_begin, gl_office_end, GL_OFFICE_DEPARTURE},
    {"CustomsOfficeOfDestinationDeclared", gl_office_begin, gl_office_end, GL_OFFICE_DESTINATION},
    {"CustomsOfficeOfDestinationActual", gl_office_begin, gl_office_end, GL_OFFICE_DESTINATION},
    {"CustomsOfficeOfTransitDeclared", gl_office_begin, gl_office_end, GL_OFFICE_TRANSIT},
    {"CustomsOfficeOfExitForTransitDeclared", gl_office_begin, gl_office_end, GL_OFFICE_EXIT},
    {"RequestedDocument", gl_document_begin, end_requested, 0},
    {CONSIGNMENT, begin_consignment, NULL, 0},
    {EQUIPMENT, gl_equipment_begin, gl_equipment_end, 0},
    {CONSIGNMENT "/ActiveBorderTransportMeans", begin_border, end_border, GL_STAGE_BORDER},
    {CONSIGNMENT "/DepartureTransportMeans", gl_means_begin, gl_means_end, GL_STAGE_DEPARTURE},
    {HOUSE "/DepartureTransportMeans", gl_means_begin, gl_means_end, GL_STAGE_HOUSE},
    {TRANSHIPPED, gl_means_begin, gl_means_end_latest, GL_STAGE_TRANSHIPMENT},
    {ITEM, gl_item_begin, gl_item_end, 0},
    LISTS(CONSIGNMENT),
    LISTS(HOUSE),
    LISTS(ITEM),
};

const struct gl_format gl_format_ncts = {
    .name = "NCTS",
    .read = gl_xml_read,
    .messages = messages,
    .n_messages = GL_COUNT(messages),
    .texts = texts,
    .n_texts = GL_COUNT(texts),
    .groups = groups,
    .n_groups = GL_COUNT(groups),
    .finish = gl_ncts_finish,
};
