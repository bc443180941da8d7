/* Digitoll, the advance notification of Norwegian Customs: house consignments as they are sent in, and routing as it is given out.
 *
 *     consignmentHouseLevel/...                     a declaration in state lodged
 *       transportDocumentHouseLevel: type, documentNumber    its reference: type waybill, "N750/4711"; neither is unique alone
 *       documentIssueDate (of the message)          version; without it the time at which the file was written
 *       totalGrossMass                              gross mass
 *       previousDocuments                           documents; those of TVINN (CUDE) as "declarant/date/number"
 *       exportFromEU, consignmentMasterLevel        documents: EXPORT, and the master's waybill by its own type
 *       transportEquipment, goodsItem/commodityCodeVOEC      containers; goods
 *     routingResult/routing of a list of routings   a control of that declaration, of the time at which the file was written
 *
 * What a routing means is in the table below; what Customs let in is released, all else (a routing of another name too) is inspected, and
 * refused where entry is denied. That a control may take place after the border (AFTER_ENTRY, in the type) does not make it less of a control
 * here.
 *
 * Not taken: persons, places, procedures. Messages of transports and master consignments are recognised and not loaded: their layout is not
 * published. So the plates of a transport must come in another way. */
#include <errno.h>
#include <string.h>

#include "feed/formats/formats.h"
#include "feed/json_paths.h"

#define NUMBER lrn
#define TYPE spare[0]
#define DECLARANT spare[1]
#define DATE spare[2]
#define SEQUENCE spare[3]

/* The waybill, and the version: the message's own time, else that of the file. */
static int name(struct gl_draft *d, const char *path, struct gl_error *err) {
    char value[2 * GL_REF], at[96];
    int64_t version = d->updated ? d->updated : d->options->as_of;
    gl_format(at, sizeof at, "%stransportDocumentHouseLevel/%s", path, d->NUMBER[0] ? "type" : "documentNumber");
    if (d->NUMBER[0] == '\0' || d->TYPE[0] == '\0') return gl_draft_missing(d, at, err);
    if (version == 0) return gl_draft_missing(d, "documentIssueDate", err);
    gl_format(value, sizeof value, "%s/%s", d->TYPE, d->NUMBER);
    return gl_draft_name(d, "waybill", value, version, version, err);
}

/* ---- house consignments ------------------------------------------------------------------------------------------------------------------ */

#define HOUSE "consignmentHouseLevel/"
#define MASTER HOUSE "consignmentMasterLevel/transportDocumentMasterLevel"
#define PREVIOUS HOUSE "previousDocuments"
#define EXPORT HOUSE "exportFromEU"
#define EQUIPMENT HOUSE "transportEquipment"
#define ITEM HOUSE "goodsItem"

static void begin_previous(struct gl_draft *d) {
    gl_document_begin(d);
    d->DECLARANT[0] = d->DATE[0] = d->SEQUENCE[0] = '\0';
}

static int end_previous(struct gl_draft *d, uint8_t arg, struct gl_error *err) {
    bool triple = d->DECLARANT[0] && d->DATE[0] && d->SEQUENCE[0];
    if (triple && d->document.ref[0] == '\0')
        gl_format(d->document.ref, sizeof d->document.ref, "%.20s/%.12s/%.20s", d->DECLARANT, d->DATE, d->SEQUENCE);
    return gl_document_end(d, arg, err);
}

static void begin_export(struct gl_draft *d) {
    gl_document_begin(d);
    gl_clip(d->document.type, sizeof d->document.type, "EXPORT");
}

static int end_export(struct gl_draft *d, uint8_t arg, struct gl_error *err) {
    return d->document.ref[0] || d->document.too_long ? gl_document_end(d, arg, err) : 0;
}

static const struct gl_map_text house_texts[] = {
    {"documentIssueDate", gl_set_time_utc, GL_DRAFTED(updated)},
    {HOUSE "transportDocumentHouseLevel/documentNumber", gl_set_text, GL_DRAFTED(NUMBER)},
    {HOUSE "transportDocumentHouseLevel/type", gl_set_text, GL_DRAFTED(TYPE)},
    {HOUSE "totalGrossMass", gl_set_mass, GL_DECLARED(gross_kg)},
    {MASTER "/documentNumber", gl_set_document_ref, GL_WHOLE},
    {MASTER "/type", gl_set_text, GL_DRAFTED(document.type)},
    {PREVIOUS "/typeOfReference", gl_set_text, GL_DRAFTED(document.type)},
    {PREVIOUS "/referenceNumber", gl_set_document_ref, GL_WHOLE},
    {PREVIOUS "/declarantNumber", gl_set_text, GL_DRAFTED(DECLARANT)},
    {PREVIOUS "/declarationDate", gl_set_text, GL_DRAFTED(DATE)},
    {PREVIOUS "/sequenceNumber", gl_set_text, GL_DRAFTED(SEQUENCE)},
    {EXPORT "/exportId", gl_set_document_ref, GL_WHOLE},
    {EQUIPMENT "/containerIdentificationNumber", gl_set_text, GL_DRAFTED(equipment.container)},
    {ITEM "/commodityCodeVOEC/harmonizedSystemSubHeadingCode", gl_set_text, GL_DRAFTED(item.hs)},
};

static const struct gl_map_group house_groups[] = {
    {MASTER, gl_document_begin, gl_document_end, 0}, {PREVIOUS, begin_previous, end_previous, 0},
    {EXPORT, begin_export, end_export, 0},           {EQUIPMENT, gl_equipment_begin, gl_equipment_end, 0},
    {ITEM, gl_item_begin, gl_item_end, 0},
};

static int finish_house(struct gl_draft *d, struct gl_error *err) {
    return name(d, HOUSE, err);
}

static bool claims_house(const struct gl_json_shape *shape) {
    return gl_json_has(shape, "consignmentHouseLevel");
}

static const struct gl_message house = {
    .root = "",
    .record = "",
    .collection = GL_COLLECTION_DECLARATIONS,
    .op = GL_OP_UPSERT,
    .state = GL_DECLARATION_LODGED,
    .many = true,
};

const struct gl_format gl_format_digitoll = {
    .name = "Digitoll",
    .read = gl_json_read,
    .claims = claims_house,
    .messages = &house,
    .n_messages = 1,
    .texts = house_texts,
    .n_texts = GL_COUNT(house_texts),
    .groups = house_groups,
    .n_groups = GL_COUNT(house_groups),
    .finish = finish_house,
};

/* ---- routing ----------------------------------------------------------------------------------------------------------------------------- */

enum { STRANGE = 5 }; /* nobody knows that it may enter, whatever was said before */
static const struct routing {
    uint8_t state, channel;
} meanings[] = {
    [1] = {GL_DECLARATION_RELEASED, GL_CHANNEL_RELEASE},        [2] = {GL_DECLARATION_UNDER_CONTROL, GL_CHANNEL_PHYSICAL},
    [3] = {GL_DECLARATION_NOT_RELEASED, GL_CHANNEL_DESK},       [4] = {GL_DECLARATION_NOT_RELEASED, GL_CHANNEL_REFUSE},
    [STRANGE] = {GL_DECLARATION_NOT_RELEASED, GL_CHANNEL_DESK},
};
static const struct gl_code routings[] = {
    {"TO_ENTRY", 1}, {"TO_CONTROL", 2}, {"ENTRY_PENDING", 3}, {"ENTRY_DENIED", 4}, {"*", STRANGE}, {NULL, 0},
};

static const struct gl_map_text routing_texts[] = {
    {"transportDocumentHouseLevel/documentNumber", gl_set_text, GL_DRAFTED(NUMBER)},
    {"transportDocumentHouseLevel/type", gl_set_text, GL_DRAFTED(TYPE)},
    {"routingResult/routing", gl_set_code, GL_CODED(control.kind, routings)},
    {"routingResult/routingControlLocation", gl_set_text, GL_DRAFTED(control.type)},
};

/* All of one file are of one time: of two routings of a consignment the later in the list counts, for it comes later. */
static int finish_routing(struct gl_draft *d, struct gl_error *err) {
    struct gl_declaration *to = &d->record.body.declaration;
    if (d->control.kind == 0) return gl_draft_missing(d, "routingResult/routing", err);
    if (d->options->as_of == 0)
        return gl_fail(err, -EBADMSG, "a routing says no time, and when the file was written is not known; that orders routings");
    int rc = name(d, "", err);
    to->state = meanings[d->control.kind].state;
    to->control.channel = meanings[d->control.kind].channel;
    gl_clip(to->control.type, sizeof to->control.type, d->control.type);
    if (rc < 0) return rc;
    if (d->control.kind == STRANGE) gl_draft_note(d, "%s has a routing that is not known; it goes to the desk", d->NUMBER);
    gl_draft_control(d);
    return 0;
}

static bool claims_routing(const struct gl_json_shape *shape) {
    return gl_json_has(shape, "routingResult");
}

static const struct gl_message routing = {
    .root = "", .record = "", .collection = GL_COLLECTION_DECLARATIONS, .op = GL_OP_CONTROL, .many = true};

const struct gl_format gl_format_digitoll_routing = {
    .name = "Digitoll routing",
    .read = gl_json_read,
    .claims = claims_routing,
    .messages = &routing,
    .n_messages = 1,
    .texts = routing_texts,
    .n_texts = GL_COUNT(routing_texts),
    .finish = finish_routing,
};

/* ---- transports and master consignments -------------------------------------------------------------------------------------------------- */

static bool claims_other(const struct gl_json_shape *shape) {
    bool message = gl_json_has(shape, "documentIssueDate");
    return message && (gl_json_has(shape, "consignmentMasterLevel") || gl_json_has(shape, "activeBorderTransportMeans"));
}

static const struct gl_message other = {
    .root = "",
    .record = "",
    .collection = GL_COLLECTION_MOVEMENTS,
    .op = GL_OP_NONE,
    .note =
        "a transport or master consignment of Digitoll: its layout is not published, and nothing is loaded; house consignments are",
};

const struct gl_format gl_format_digitoll_other = {
    .name = "Digitoll transport",
    .read = gl_json_read,
    .claims = claims_other,
    .messages = &other,
    .n_messages = 1,
};
