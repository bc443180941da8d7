/* Truck e-manifests of North America as a broker's interface carries them: ACE towards the United States, ACI towards Canada. One document is one
 * trip, and is read twice: for the trip, a movement, and for its shipments, a declaration each.
 *
 *     tripNumber                              the movement's reference, type trip
 *     operation                               CREATE, UPDATE: the whole record; DELETE, CANCEL: a cancel
 *     usPortOfArrival, portOfEntry            office; estimatedArrivalDateTime, in the zone of the options: eta
 *     truck, trailers: licensePlate(s), sealNumbers    means and seals
 *     shipments: shipmentControlNumber (type scn), cargoControlNumber (ccn)    its declarations, each with its commodities as goods
 *
 * - A trip as it is sent in is a draft: nobody has accepted it yet. The agency's acceptance is another document (ACE_RESPONSE, ACI_RESPONSE), a
 *   control that makes the trip ready, or a draft again.
 * - None of these documents says when it was written in a way that orders them: the version is the time at which the file was written.
 * - A plate is unique in its state or province only. The country comes of that; the state or province itself is not kept, so two states' equal
 *   plates are one here. Mexican states are not told apart from others' codes: such a plate has no country.
 * - Weights in pounds become grams. What is marked hazardous without a UN number that can be read has the UN number "?".
 * - Not taken: drivers, passengers and their cards (FAST among them), shippers and consignees, the numbers that a fleet gives its trucks. */
#include <errno.h>
#include <string.h>

#include "feed/formats/formats.h"
#include "feed/json_paths.h"
#include "feed/mass.h"

#define NUMBER lrn
#define ANSWER spare[0]
#define REQUEST spare[1]
#define REJECTED spare[2]
#define ACCEPTED spare[3]
#define KIND spare[4]
#define WEIGHT spare[5]
#define UNIT spare[6]

static int need_time(struct gl_draft *d, struct gl_error *err) {
    if (d->options->as_of > 0) return 0;
    return gl_fail(err, -EBADMSG,
                   "an e-manifest says no time of its own, and when the file was written is not known; that orders its versions");
}

static int name(struct gl_draft *d, const char *type, struct gl_error *err) {
    int rc = need_time(d, err);
    return rc < 0 ? rc : gl_draft_name(d, type, d->NUMBER, d->options->as_of, d->options->as_of, err);
}

static bool is_either(const struct gl_json_shape *shape, const char *ace, const char *aci) {
    return gl_json_is(shape, "data", ace) || gl_json_is(shape, "data", aci);
}

/* ---- the trip ---------------------------------------------------------------------------------------------------------------------------- */

enum { WHOLE = 1, WITHDRAWN };
static const struct gl_code operations[] = {
    {"CREATE", WHOLE}, {"UPDATE", WHOLE}, {"DELETE", WITHDRAWN}, {"CANCEL", WITHDRAWN}, {NULL, 0}};

/* "2026-05-04 10:11:00", local time. */
static int set_arrival(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    char iso[48];
    int64_t *eta = &d->record.body.movement.eta;
    if (*eta != 0) return gl_fail(err, -EBADMSG, "stands twice where once is right");
    gl_clip(iso, sizeof iso, text);
    if (strlen(iso) > 10 && iso[10] == ' ') iso[10] = 'T';
    return gl_draft_time(d, iso, true, eta, err);
}

static int set_region(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err GL_UNUSED) {
    static const char provinces[] = " AB BC MB NB NL NS NT NU ON PE QC SK YT ";
    static const char states[] =
        " AL AK AZ AR CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR PA RI "
        "SC "
        "SD TN TX UT VA VT WA WI WV WY ";
    char word[8];
    gl_format(word, sizeof word, " %.4s ", text);
    const char *country = strlen(text) != 2 ? "" : strstr(provinces, word) ? "CA" : strstr(states, word) ? "US" : "";
    gl_clip(d->means.country, sizeof d->means.country, country);
    return 0;
}

#define PLATE(path)                                           \
    {path "/number", gl_set_text, GL_DRAFTED(means.plate)}, { \
        path "/stateProvince", set_region, GL_WHOLE           \
    }
#define ARG(value) 0, 0, (value)

static const struct gl_map_text trip_texts[] = {
    {"tripNumber", gl_set_text, GL_DRAFTED(NUMBER)},
    {"operation", gl_set_code, GL_CODED(control.kind, operations)},
    {"usPortOfArrival", gl_set_text, GL_MOVED(office)},
    {"portOfEntry", gl_set_text, GL_MOVED(office)},
    {"estimatedArrivalDateTime", set_arrival, GL_WHOLE},
    PLATE("truck/licensePlate"),
    PLATE("truck/licensePlates"),
    PLATE("trailers/licensePlate"),
    PLATE("trailers/licensePlates"),
    {"truck/sealNumbers", gl_set_seal, GL_WHOLE},
    {"trailers/sealNumbers", gl_set_seal, GL_WHOLE},
    {"shipments/shipmentControlNumber", gl_set_reference, ARG("scn")},
    {"shipments/cargoControlNumber", gl_set_reference, ARG("ccn")},
};

static const struct gl_map_group trip_groups[] = {
    {"truck/licensePlate", gl_vehicle_begin, gl_means_end, GL_STAGE_BORDER},
    {"truck/licensePlates", gl_vehicle_begin, gl_means_end, GL_STAGE_BORDER},
    {"trailers/licensePlate", gl_trailer_begin, gl_means_end, GL_STAGE_BORDER},
    {"trailers/licensePlates", gl_trailer_begin, gl_means_end, GL_STAGE_BORDER},
};

/* Without shipments it is not called empty: they may be lodged apart. */
static int finish_trip(struct gl_draft *d, struct gl_error *err) {
    struct gl_movement *m = &d->record.body.movement;
    if (d->NUMBER[0] == '\0') return gl_draft_missing(d, "tripNumber", err);
    m->kind = GL_MOVEMENT_GOODS;
    m->direction = GL_DIRECTION_IN;
    int rc = name(d, "trip", err);
    if (rc == 0 && d->control.kind == WITHDRAWN) gl_draft_cancel(d);
    return rc;
}

static bool claims_trip(const struct gl_json_shape *shape) {
    return is_either(shape, "ACE_TRIP", "ACI_TRIP");
}

static const struct gl_message trip = {
    .root = "",
    .record = "",
    .collection = GL_COLLECTION_MOVEMENTS,
    .op = GL_OP_UPSERT,
    .state = GL_MOVEMENT_DRAFT,
    .many = true,
};

/* ---- its shipments ----------------------------------------------------------------------------------------------------------------------- */

#define SHIPMENT "shipments"
#define ITEM SHIPMENT "/commodities"

static int set_number(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    if (d->NUMBER[0]) return gl_fail(err, -EBADMSG, "a second control number; one for each shipment is right");
    gl_clip(d->KIND, sizeof d->KIND, t->arg);
    return gl_copy(d->NUMBER, sizeof d->NUMBER, text) < 0 ? gl_fail(err, -EBADMSG, "longer than %zu bytes", sizeof d->NUMBER - 1)
                                                          : 0;
}

/* "PAPS", "PARS", ...; a longer word is left out. */
static int set_type(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err GL_UNUSED) {
    char *type = d->record.body.declaration.type;
    if (strlen(text) < sizeof d->record.body.declaration.type) gl_clip(type, sizeof d->record.body.declaration.type, text);
    return 0;
}

static int set_hazard(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    return strcmp(text, "false") == 0 ? 0 : gl_set_un(d, t, text, err);
}

static void begin_item(struct gl_draft *d) {
    gl_item_begin(d);
    d->WEIGHT[0] = d->UNIT[0] = '\0';
}

static int end_item(struct gl_draft *d, uint8_t arg, struct gl_error *err) {
    const char *unit = d->UNIT[0] ? d->UNIT : "none";
    int rc = d->WEIGHT[0] ? gl_mass_parse(d->WEIGHT, unit, &d->item.gross) : 0;
    if (rc == -ENOTSUP)
        return gl_fail(err, -EBADMSG, "weightUnit \"%.20s\" is neither pounds (L, LB, LBR) nor kilograms (K, KG, KGM)", unit);
    if (rc < 0) return gl_fail(err, -EBADMSG, "weight \"%.40s\" is no number such as 1234.5", d->WEIGHT);
    return gl_item_end(d, arg, err);
}

static const struct gl_map_text shipment_texts[] = {
    {SHIPMENT "/shipmentControlNumber", set_number, ARG("scn")},
    {SHIPMENT "/cargoControlNumber", set_number, ARG("ccn")},
    {SHIPMENT "/type", set_type, GL_WHOLE},
    {SHIPMENT "/shipmentType", set_type, GL_WHOLE},
    {SHIPMENT "/operation", gl_set_code, GL_CODED(control.kind, operations)},
    {ITEM "/harmonizedCode", gl_set_text, GL_DRAFTED(item.hs)},
    {ITEM "/weight", gl_set_text, GL_DRAFTED(WEIGHT)},
    {ITEM "/weightUnit", gl_set_text, GL_DRAFTED(UNIT)},
    {ITEM "/hazmat", set_hazard, GL_WHOLE},
    {ITEM "/hazmat/code", set_hazard, GL_WHOLE},
    {ITEM "/hazmat/unNumber", set_hazard, GL_WHOLE},
};

static const struct gl_map_group shipment_groups[] = {
    {ITEM, begin_item, end_item, 0},
};

static int finish_shipment(struct gl_draft *d, struct gl_error *err) {
    if (d->NUMBER[0] == '\0') return gl_draft_missing(d, "shipmentControlNumber", err);
    d->record.body.declaration.gross_kg = d->item_gross;
    int rc = name(d, d->KIND, err);
    if (rc == 0 && d->control.kind == WITHDRAWN) gl_draft_cancel(d);
    return rc;
}

static const struct gl_message shipment = {
    .root = "",
    .record = SHIPMENT,
    .collection = GL_COLLECTION_DECLARATIONS,
    .op = GL_OP_UPSERT,
    .state = GL_DECLARATION_LODGED,
    .many = true,
};

static const struct gl_format shipments = {
    .name = "e-manifest shipments",
    .read = gl_json_read,
    .messages = &shipment,
    .n_messages = 1,
    .texts = shipment_texts,
    .n_texts = GL_COUNT(shipment_texts),
    .groups = shipment_groups,
    .n_groups = GL_COUNT(shipment_groups),
    .finish = finish_shipment,
};

const struct gl_format gl_format_ace = {
    .name = "e-manifest",
    .read = gl_json_read,
    .claims = claims_trip,
    .messages = &trip,
    .n_messages = 1,
    .texts = trip_texts,
    .n_texts = GL_COUNT(trip_texts),
    .groups = trip_groups,
    .n_groups = GL_COUNT(trip_groups),
    .finish = finish_trip,
    .also = &shipments,
};

/* ---- the agency's answer ----------------------------------------------------------------------------------------------------------------- */

static const struct gl_map_text answer_texts[] = {
    {"sendRequest/tripNumber", gl_set_first, GL_DRAFTED(NUMBER)},
    {"tripNumber", gl_set_first, GL_DRAFTED(NUMBER)},
    {"sendRequest/type", gl_set_text, GL_DRAFTED(REQUEST)},
    {"type", gl_set_text, GL_DRAFTED(ANSWER)},
    {"processingResponse/shipmentsRejected", gl_set_text, GL_DRAFTED(REJECTED)},
    {"processingResponse/shipmentsAccepted", gl_set_text, GL_DRAFTED(ACCEPTED)},
};

enum answer { NO_ANSWER, REFUSED, TAKEN };

/* ACI says it in a word, ACE in numbers of shipments. */
static enum answer answer_of(const struct gl_draft *d) {
    bool counted = d->REJECTED[0] && d->ACCEPTED[0];
    if (strcmp(d->ANSWER, "REJECT") == 0) return REFUSED;
    if (d->REJECTED[0] && strcmp(d->REJECTED, "0") != 0) return REFUSED;
    return strcmp(d->ANSWER, "ACCEPT") == 0 || (counted && strcmp(d->ACCEPTED, "0") != 0) ? TAKEN : NO_ANSWER;
}

static int finish_answer(struct gl_draft *d, struct gl_error *err) {
    bool whole = strcmp(d->REQUEST, "COMPLETE_TRIP_AND_SHIPMENTS") == 0 || strcmp(d->REQUEST, "ORIGINAL") == 0;
    enum answer answer = answer_of(d);
    if (d->NUMBER[0] == '\0') return gl_draft_missing(d, "sendRequest/tripNumber", err);
    if (answer == NO_ANSWER || (answer == TAKEN && !whole)) {
        gl_draft_note(d, "neither accepts nor refuses the whole trip %s; nothing is loaded", d->NUMBER);
        return GL_DRAFT_NOTHING;
    }
    d->record.body.movement.state = answer == TAKEN ? GL_MOVEMENT_READY : GL_MOVEMENT_DRAFT;
    int rc = name(d, "trip", err);
    if (rc == 0) gl_draft_control(d);
    return rc;
}

static bool claims_answer(const struct gl_json_shape *shape) {
    return is_either(shape, "ACE_RESPONSE", "ACI_RESPONSE");
}

static const struct gl_message answer = {
    .root = "", .record = "", .collection = GL_COLLECTION_MOVEMENTS, .op = GL_OP_CONTROL, .many = true};

const struct gl_format gl_format_ace_answer = {
    .name = "e-manifest response",
    .read = gl_json_read,
    .claims = claims_answer,
    .messages = &answer,
    .n_messages = 1,
    .texts = answer_texts,
    .n_texts = GL_COUNT(answer_texts),
    .finish = finish_answer,
};
