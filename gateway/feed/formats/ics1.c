/* Entry summary declarations of the first Import Control System: CC315A (lodged), CC313A (amended), CC328A (an MRN was given).
 *
 * - CC315A becomes a declaration in state lodged, referred to by type "lrn" and HOLDER/LRN: PERLODSUMDEC/TINPLD1 and HEAHEA/RefNumHEA4 (the LRN
 *   alone where no TIN is said). CC313A is one referred to by its MRN (HEAHEA/DocNumHEA5), and replaces the whole record: what it does not
 *   repeat is gone. An amendment counts when it is lodged; customs may still refuse it, and then the declaration as it stood must be loaded again.
 *   CC328A re-keys HOLDER/LRN to the MRN, so that what follows under the MRN finds the first one; it needs the TIN, for another's declaration may
 *   have the same LRN.
 * - version and as_of are date and time of preparation (DatOfPreMES9, TimOfPreMES10), to the minute and taken as UTC, for they only tell what
 *   came later. DecDatTimHEA114 (CC313A: DatTimAmeHEA113) is lodged_at, ExpDatOfArrFIRENT733 the ETA: both are local times of the post's zone.
 * - Means, by TraModAtBorHEA76: at modes 1, 2, 4, 5, 7 and 8 nothing is a road vehicle. At 10 and 11 (ferries; accompanied, unaccompanied) the
 *   header's identity is the ship and those of items are road vehicles, at 11 trailers. At 3 and whatever is no such code, both are vehicles. Truck
 *   and trailer in one identity are taken apart; an identity without a digit is a name.
 * - Offices: that of first entry with its ETA, those of subsequent entry, both as border offices. The office of lodgement sees no vehicle.
 * - Equipment: each container once, however many items name it; seals stand for the whole, so they are on the vehicle.
 * - Gross mass: TotGroMasHEA307, else the sum of the items. Goods: ComNomCMD1, GroMasGDS46, UNDanGooCodGDI1. Documents: PRODOCDC2.
 * - Trader: TINPLD1, where it has the form of an EORI.
 * - Not read: names and addresses of any party, packages, places of loading, itineraries, payment. */
#include <errno.h>
#include <string.h>

#include "feed/formats/formats.h"
#include "feed/formats/shared.h"

enum { OWES_LRN = 1, OWES_MRN = 2 };
enum { PREPARED_DATE, PREPARED_TIME, MODE }; /* in gl_draft.spare */

#define MESSAGE(name, op_, owes_)                                                                               \
    {                                                                                                           \
        .root = "/" name, .record = "", .collection = GL_COLLECTION_DECLARATIONS, .op = (op_), .owes = (owes_), \
        .state = GL_DECLARATION_LODGED                                                                          \
    }

static const struct gl_message messages[] = {
    MESSAGE("CC315A", GL_OP_UPSERT, OWES_LRN),
    MESSAGE("CC313A", GL_OP_UPSERT, OWES_MRN),
    MESSAGE("CC328A", GL_OP_REKEY, OWES_LRN | OWES_MRN),
};

/* ---- setters ----------------------------------------------------------------------------------------------------------------------------- */

/* "202605041130", seconds behind it or not: local time. */
static int set_stamp(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err) {
    char date[9], whole[24];
    gl_clip(date, sizeof date, text);
    if (strlen(text) <= 8 || !gl_digits_time(date, text + 8, whole))
        return gl_fail(err, -EBADMSG, "\"%.40s\" is no time such as 202605041130", text);
    return gl_set_time_local(d, t, whole, err);
}

/* ---- means ------------------------------------------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *mode, const char *const list[], size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], mode) == 0) return true;
    return false;
}

static bool on_ferry(const struct gl_draft *d) {
    static const char *const ferries[] = {"10", "11"};
    return is_one_of(d->spare[MODE], ferries, GL_COUNT(ferries));
}

static bool off_road(const struct gl_draft *d) {
    static const char *const others[] = {"1", "2", "4", "5", "7", "8"};
    return is_one_of(d->spare[MODE], others, GL_COUNT(others));
}

static int end_header(struct gl_draft *d, uint8_t stage, struct gl_error *err) {
    if (off_road(d) || on_ferry(d)) return 0;
    return gl_road_means(d, stage, GL_ROLE_VEHICLE, d->means.plate, d->means.country, err);
}

static int end_identity(struct gl_draft *d, uint8_t stage, struct gl_error *err) {
    if (off_road(d)) return 0;
    uint8_t role = strcmp(d->spare[MODE], "11") == 0 ? GL_ROLE_TRAILER : GL_ROLE_VEHICLE;
    return gl_road_means(d, stage, role, d->means.plate, d->means.country, err);
}

/* ---- tables ------------------------------------------------------------------------------------------------------------------------------ */

#define ITEM "GOOITEGDS"

static const struct gl_map_text texts[] = {
    {"DatOfPreMES9", gl_set_text, GL_DRAFTED(spare[PREPARED_DATE])},
    {"TimOfPreMES10", gl_set_text, GL_DRAFTED(spare[PREPARED_TIME])},
    {"HEAHEA/RefNumHEA4", gl_set_text, GL_DRAFTED(lrn)},
    {"HEAHEA/DocNumHEA5", gl_set_text, GL_DRAFTED(mrn)},
    {"HEAHEA/TraModAtBorHEA76", gl_set_text, GL_DRAFTED(spare[MODE])},
    {"HEAHEA/IdeOfMeaOfTraCroHEA85", gl_set_text, GL_DRAFTED(means.plate)},
    {"HEAHEA/NatOfMeaOfTraCroHEA87", gl_set_country, GL_DRAFTED(means.country)},
    {"HEAHEA/TotGroMasHEA307", gl_set_mass, GL_DECLARED(gross_kg)},
    {"HEAHEA/DecDatTimHEA114", set_stamp, GL_DECLARED(lodged_at)},
    {"HEAHEA/DatTimAmeHEA113", set_stamp, GL_DECLARED(lodged_at)},
    {ITEM "/GroMasGDS46", gl_set_mass, GL_DRAFTED(item.gross)},
    {ITEM "/UNDanGooCodGDI1", gl_set_un, GL_WHOLE},
    {ITEM "/COMCODGODITM/ComNomCMD1", gl_set_text, GL_DRAFTED(item.hs)},
    {ITEM "/CONNR2/ConNumNR21", gl_set_own_container, GL_WHOLE},
    {ITEM "/IDEMEATRAGI970/IdeMeaTraGIMEATRA971", gl_set_text, GL_DRAFTED(means.plate)},
    {ITEM "/IDEMEATRAGI970/NatIDEMEATRAGI973", gl_set_country, GL_DRAFTED(means.country)},
    {ITEM "/PRODOCDC2/DocTypDC21", gl_set_text, GL_DRAFTED(document.type)},
    {ITEM "/PRODOCDC2/DocRefDC23", gl_set_document_ref, GL_WHOLE},
    {"PERLODSUMDEC/TINPLD1", gl_set_text, GL_DRAFTED(holder)},
    {"PERLODSUMDEC/TINPLD1", gl_set_eori, GL_WHOLE},
    {"SEAID529/SeaIdSEAID530", gl_set_seal, GL_WHOLE},
    {"CUSOFFFENT730/RefNumCUSOFFFENT731", gl_set_text, GL_DRAFTED(office.office)},
    {"CUSOFFFENT730/ExpDatOfArrFIRENT733", set_stamp, GL_DRAFTED(office.eta)},
    {"CUSOFFSENT740/RefNumSUBENR909", gl_set_text, GL_DRAFTED(office.office)},
};

static const struct gl_map_group groups[] = {
    {"HEAHEA", gl_means_begin, end_header, GL_STAGE_BORDER},
    {ITEM, gl_item_begin, gl_weighed_item_end, 0},
    {ITEM "/IDEMEATRAGI970", gl_means_begin, end_identity, GL_STAGE_BORDER},
    {ITEM "/PRODOCDC2", gl_document_begin, gl_document_end, 0},
    {"CUSOFFFENT730", gl_office_begin, gl_office_end, GL_OFFICE_BORDER},
    {"CUSOFFSENT740", gl_office_begin, gl_office_end, GL_OFFICE_BORDER},
};

/* ---- the record -------------------------------------------------------------------------------------------------------------------------- */

/* When the message was prepared. */
static int prepared(struct gl_draft *d, int64_t *ret, struct gl_error *err) {
    char whole[24];
    const char *date = d->spare[PREPARED_DATE], *time = d->spare[PREPARED_TIME];
    if (!date[0]) return gl_draft_missing(d, "DatOfPreMES9", err);
    if (!time[0]) return gl_draft_missing(d, "TimOfPreMES10", err);
    if (gl_digits_time(date, time, whole) && gl_draft_time(d, whole, false, ret, NULL) == 0) return 0;
    return gl_fail(err, -EBADMSG, "DatOfPreMES9 \"%.20s\" and TimOfPreMES10 \"%.20s\" are no time such as 260504 and 0815", date,
                   time);
}

static int finish(struct gl_draft *d, struct gl_error *err) {
    const struct gl_declaration *to = &d->record.body.declaration;
    int64_t at = 0;
    int rc = prepared(d, &at, err);
    if (rc < 0) return rc;
    if ((d->message->owes & OWES_LRN) && !d->lrn[0]) return gl_draft_missing(d, "HEAHEA/RefNumHEA4", err);
    if ((d->message->owes & OWES_MRN) && !d->mrn[0]) return gl_draft_missing(d, "HEAHEA/DocNumHEA5", err);
    bool numbered = d->message->owes & OWES_MRN;
    if ((rc = gl_equipment_end(d, 0, err)) < 0 || (rc = gl_own_reference(d, numbered, err)) < 0) return rc;
    if ((d->message->owes & OWES_LRN) && !to->lrn[0]) return gl_draft_missing(d, "PERLODSUMDEC/TINPLD1", err);
    char lrn[GL_REF];
    gl_clip(lrn, sizeof lrn, to->lrn);
    if ((rc = gl_draft_name(d, numbered ? "mrn" : "lrn", numbered ? d->mrn : lrn, at, at, err)) < 0) return rc;
    if (d->message->op == GL_OP_REKEY) return gl_draft_rekey(d, "lrn", lrn, err);
    gl_settle_mass(d);
    return 0;
}

const struct gl_format gl_format_ics1 = {
    .name = "ICS1",
    .read = gl_xml_read,
    .messages = messages,
    .n_messages = GL_COUNT(messages),
    .texts = texts,
    .n_texts = GL_COUNT(texts),
    .groups = groups,
    .n_groups = GL_COUNT(groups),
    .finish = finish,
};
