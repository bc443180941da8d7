/* GVMS, the Goods Vehicle Movement Service of the United Kingdom: goods movement records as its port and haulier APIs give them, one or a list.
 *
 *     gmrId                          the movement's reference, type gmr
 *     updatedDateTime                version; without it (controlled records have none) the time at which the file was written
 *     state                          see codes below, another is a draft; without it: with a crossing checked in, else a draft
 *     inspectionRequired             true or a place to report to: physical; false: release, unless readyToEmbark is there and not true; absent:
 *                                    not decided
 *     vehicleRegNum, trailerRegistrationNums, containerReferenceNums
 *     checkedInCrossing, actualCrossing: localDateTimeOfArrival, in the zone of the options: eta
 *     customsDeclarations, transitDeclarations, ..., and the safety and security declaration beside each: declarations of the movement, as
 *                                    "mrn" where they look like one, else under a type of their own
 *     emptyVehicle                   kind empty, unless goods are declared after all; exemptionDeclaration: kind exempt
 *
 * Not taken: the haulier's identity, routes, what kinds of inspection and where, failures of rules, planned crossings (their time is one of
 * departure). Declarations by conduct, of mail and of baggage name no document: such a movement has none, and is inspected.
 * Reference data (routes, ports, carriers) is recognised and not loaded. */
#include <errno.h>
#include <string.h>

#include "feed/formats/formats.h"
#include "feed/json_paths.h"
#include "model/identifiers.h"

#define GMR lrn
#define READY control.code /* readyToEmbark, as text */
#define EMPTY spare[0]
#define EXEMPT spare[1]
#define GOODS spare[2] /* anything but safety and security is declared */
#define TRADER spare[3]
#define PALLET spare[4]

enum {
    STRANGE = 99, /* a state of another name: nobody knows that it is ready, whatever it was before */
    LEFT = 100    /* has left the port of departure: exited there, and coming where it is to arrive */
};

static const struct gl_code states[] = {
    {"NOT_FINALISABLE", GL_MOVEMENT_DRAFT},
    {"OPEN", GL_MOVEMENT_READY},
    {"FINALISED", GL_MOVEMENT_READY},
    {"CHECKED_IN", GL_MOVEMENT_CHECKED_IN},
    {"EMBARKED", LEFT},
    {"COMPLETED", LEFT},
    {"*", STRANGE},
    {NULL, 0},
};
static const struct gl_code directions[] = {
    {"UK_INBOUND", GL_DIRECTION_IN}, {"UK_OUTBOUND", GL_DIRECTION_OUT}, {"*", GL_DIRECTION_NONE}, {NULL, 0}};

/* Said twice, it is the worse of both. */
static int set_inspection(struct gl_draft *d, const struct gl_map_text *t GL_UNUSED, const char *text, struct gl_error *err) {
    bool yes = strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "false") != 0) return gl_fail(err, -EBADMSG, "\"%.40s\" is neither true nor false", text);
    if (d->control.decision != GL_TRUE) d->control.decision = gl_tri(yes);
    return 0;
}

/* The actual crossing (arg) counts before the one that was checked in to. */
static int set_arrival(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    int64_t at, *eta = &d->record.body.movement.eta;
    int rc = gl_draft_time(d, text, true, &at, err);
    if (rc == 0 && (t->arg || *eta == 0)) *eta = at;
    return rc;
}

/* A document's number: an MRN by its look, else of the type in arg. */
static int set_number(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    bool is_mrn = gl_mrn_check(text) != GL_CHECK_NO_MATCH;
    return gl_draft_add_reference(d, is_mrn ? "mrn" : t->arg, text, err);
}

static int set_goods(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    gl_clip(d->GOODS, sizeof d->GOODS, "yes");
    return set_number(d, t, text, err);
}

/* Goods that are declared by conduct, or as mail or baggage: by no document, and still goods. */
static void begin_goods(struct gl_draft *d) {
    gl_clip(d->GOODS, sizeof d->GOODS, "yes");
}

/* An entry in the declarant's records: known by its trader and the trader's own number. */
static void begin_eidr(struct gl_draft *d) {
    d->TRADER[0] = d->PALLET[0] = '\0';
}

static int end_eidr(struct gl_draft *d, uint8_t arg GL_UNUSED, struct gl_error *err) {
    char value[2 * GL_REF];
    if (d->TRADER[0] == '\0' && d->PALLET[0] == '\0') return 0;
    gl_format(value, sizeof value, "%s%s%s", d->TRADER, d->PALLET[0] ? "/" : "", d->PALLET);
    gl_clip(d->GOODS, sizeof d->GOODS, "yes");
    return gl_draft_add_reference(d, "eidr", value, err);
}

#define ARG(value) 0, 0, (value)
#define SAFETY(path, set) \
    { path "/sAndSMasterRefNum", set, ARG("ens") }
#define EIDR(path)                                                                                                     \
    {path "/traderEORI", gl_set_text, GL_DRAFTED(TRADER)}, {path "/palletReference", gl_set_text, GL_DRAFTED(PALLET)}, \
        {path "/localReferenceNumber", gl_set_text, GL_DRAFTED(PALLET)}, SAFETY(path, set_goods)
#define BOTH(path, ...)               \
    {path, __VA_ARGS__}, {            \
        "metadata/" path, __VA_ARGS__ \
    }

static const struct gl_map_text texts[] = {
    {"gmrId", gl_set_text, GL_DRAFTED(GMR)},
    BOTH("updatedDateTime", gl_set_time_utc, GL_DRAFTED(updated)),
    BOTH("createdDateTime", gl_set_time_utc, GL_MOVED(lodged_at)),
    BOTH("state", gl_set_code, GL_CODED(control.kind, states)),
    BOTH("inspectionRequired", set_inspection, GL_WHOLE),
    BOTH("reportToLocations/inspectionTypeId", gl_set_seen, GL_DRAFTED(control.physical)),
    BOTH("reportToLocations/locationIds", gl_set_seen, GL_DRAFTED(control.physical)),
    BOTH("readyToEmbark", gl_set_text, GL_DRAFTED(READY)),
    {"direction", gl_set_code, GL_CODED(record.body.movement.direction, directions)},
    {"vehicleRegNum", gl_set_vehicle, GL_WHOLE},
    {"trailerRegistrationNums", gl_set_trailer, GL_WHOLE},
    {"containerReferenceNums", gl_set_container, GL_WHOLE},
    {"checkedInCrossing/localDateTimeOfArrival", set_arrival, ARG(NULL)},
    {"actualCrossing/localDateTimeOfArrival", set_arrival, ARG("actual")},
    {"customsDeclarations/customsDeclarationId", set_goods, ARG("customs")},
    {"transitDeclarations/transitDeclarationId", set_goods, ARG("lrn")},
    {"tirDeclarations/tirCarnetId", set_goods, ARG("tir")},
    {"ataDeclarations/ataCarnetId", set_goods, ARG("ata")},
    {"indirectExportDeclarations/eadMasterRefNum", set_goods, ARG("ead")},
    {"sAndSDeclarations/masterRefNum", set_number, ARG("ens")},
    SAFETY("customsDeclarations", set_goods),
    SAFETY("transitDeclarations", set_goods),
    SAFETY("tirDeclarations", set_goods),
    SAFETY("ataDeclarations", set_goods),
    EIDR("eidrDeclarations"),
    EIDR("ukimsEidrDeclarations"),
    SAFETY("emptyVehicle", set_number),
    {"emptyVehicle/isOwnVehicle", gl_set_text, GL_DRAFTED(EMPTY)},
    SAFETY("exemptionDeclaration/exemptedGoods", set_number),
    {"exemptionDeclaration/exemptedGoods/sAndSMasterRefNum", gl_set_first, GL_DRAFTED(EXEMPT)},
    SAFETY("dbcDeclaration/dbcGoods", set_goods),
    SAFETY("mtpDeclaration/mtpGoods", set_goods),
};

static const struct gl_map_group groups[] = {
    {"eidrDeclarations", begin_eidr, end_eidr, 0},
    {"ukimsEidrDeclarations", begin_eidr, end_eidr, 0},
    {"dbcDeclaration/dbcGoods", begin_goods, NULL, 0},
    {"mtpDeclaration/mtpGoods", begin_goods, NULL, 0},
};

static uint8_t state_of(const struct gl_draft *d) {
    const struct gl_movement *m = &d->record.body.movement;
    if (d->control.kind == LEFT) return m->direction == GL_DIRECTION_IN ? GL_MOVEMENT_CHECKED_IN : GL_MOVEMENT_EXITED;
    if (d->control.kind == STRANGE) return GL_MOVEMENT_DRAFT;
    if (d->control.kind) return d->control.kind;
    return m->eta ? GL_MOVEMENT_CHECKED_IN : GL_MOVEMENT_DRAFT;
}

static uint8_t channel_of(const struct gl_draft *d) {
    if (d->control.decision == GL_TRUE || d->control.physical) return GL_CHANNEL_PHYSICAL;
    bool held = d->READY[0] && strcmp(d->READY, "true") != 0;
    return d->control.decision == GL_FALSE && !held ? GL_CHANNEL_RELEASE : GL_CHANNEL_NONE;
}

static int finish(struct gl_draft *d, struct gl_error *err) {
    struct gl_movement *m = &d->record.body.movement;
    int64_t version = d->updated ? d->updated : d->options->as_of;
    if (d->GMR[0] == '\0') return gl_draft_missing(d, "gmrId", err);
    if (version == 0) return gl_draft_missing(d, "updatedDateTime", err);
    m->kind = d->GOODS[0]    ? GL_MOVEMENT_GOODS
              : d->EMPTY[0]  ? GL_MOVEMENT_EMPTY
              : d->EXEMPT[0] ? GL_MOVEMENT_EXEMPT
                             : GL_MOVEMENT_GOODS;
    m->state = state_of(d);
    if (d->control.kind == STRANGE) gl_draft_note(d, "%s has a state that is not known; it is taken for a draft", d->GMR);
    m->channel = channel_of(d);
    return gl_draft_name(d, "gmr", d->GMR, version, version, err);
}

static bool claims(const struct gl_json_shape *shape) {
    return gl_json_has(shape, "gmrId");
}

static const struct gl_message movements = {
    .root = "", .record = "", .collection = GL_COLLECTION_MOVEMENTS, .op = GL_OP_UPSERT, .many = true};

const struct gl_format gl_format_gvms = {
    .name = "GVMS",
    .read = gl_json_read,
    .claims = claims,
    .messages = &movements,
    .n_messages = 1,
    .texts = texts,
    .n_texts = GL_COUNT(texts),
    .groups = groups,
    .n_groups = GL_COUNT(groups),
    .finish = finish,
};

/* ---- reference data ---------------------------------------------------------------------------------------------------------------------- */

static bool claims_reference(const struct gl_json_shape *shape) {
    return gl_json_has(shape, "routes") && gl_json_has(shape, "ports");
}

static const struct gl_message reference = {
    .root = "",
    .record = "",
    .collection = GL_COLLECTION_MOVEMENTS,
    .op = GL_OP_NONE,
    .note =
        "reference data of GVMS: routes, ports and carriers, no movements; nothing is loaded. The zone of local times is a port's "
        "timezoneId",
};

const struct gl_format gl_format_gvms_reference = {
    .name = "GVMS reference data",
    .read = gl_json_read,
    .claims = claims_reference,
    .messages = &reference,
    .n_messages = 1,
};
