/* NCTS, phase 5: what its tables cannot say. */
#include "feed/formats/ncts.h"

#include <errno.h>
#include <string.h>

#include "feed/formats/shared.h"

/* ---- references -------------------------------------------------------------------------------------------------------------------------- */

static int name_record(struct gl_draft *d, struct gl_error *err) {
    struct gl_declaration *to = &d->record.body.declaration;
    if (d->head.prepared == 0) return gl_draft_missing(d, "preparationDateAndTime", err);
    if ((d->message->owes & GL_NCTS_OWES_MRN) && !d->mrn[0]) return gl_draft_missing(d, "TransitOperation/MRN", err);
    if (to->trader.eori[0])
        gl_clip(d->holder, sizeof d->holder, to->trader.eori);
    else if (gl_copy(to->trader.eori, sizeof to->trader.eori, d->holder) <
             0) /* a TIR holder without an EORI: somebody may look for him */
        gl_draft_note(d, "the holder's number is too long; nobody can look for it");
    int rc = gl_own_reference(d, d->mrn[0] != '\0', err);
    if (rc < 0) return rc;
    bool lrn_owed = !d->mrn[0] || d->message->op == GL_OP_REKEY;
    if (lrn_owed && !d->lrn[0]) return gl_draft_missing(d, "TransitOperation/LRN", err);
    if (lrn_owed && !to->lrn[0]) return gl_draft_missing(d, "HolderOfTheTransitProcedure/identificationNumber", err);
    const char *value = d->mrn[0] ? d->mrn : to->lrn;
    return gl_draft_name(d, d->mrn[0] ? "mrn" : "lrn", value, d->head.prepared, d->head.prepared, err);
}

/* ---- whole declarations ------------------------------------------------------------------------------------------------------------------ */

static void set_control(struct gl_draft *d, uint8_t channel, const char *type) {
    struct gl_control *c = &d->record.body.declaration.control;
    c->channel = channel;
    gl_clip(c->type, sizeof c->type, type);
}

static void judge_result(struct gl_draft *d) {
    static const char *const satisfied[] = {"", "A1", "A2", "A3"};
    for (size_t i = 0; i < GL_COUNT(satisfied); i++)
        if (strcmp(d->control.code, satisfied[i]) == 0) return;
    set_control(d, GL_CHANNEL_DESK, d->control.code);
}

static void note_mass(struct gl_draft *d, const char *whose, int64_t sum) {
    int64_t gross = d->record.body.declaration.gross_kg;
    if (sum == GL_INT_NULL || sum == gross) return;
    gl_draft_note(d, "gross mass %.3f kg counts; the %s add up to %.3f kg", (double)gross / 1000, whose, (double)sum / 1000);
}

static void settle_masses(struct gl_draft *d) {
    struct gl_declaration *to = &d->record.body.declaration;
    if (to->gross_kg == GL_INT_NULL) to->gross_kg = d->house_gross;
    if (to->gross_kg == GL_INT_NULL) return;
    note_mass(d, "house consignments", d->house_gross);
    note_mass(d, "items", d->item_gross);
}

static int finish_whole(struct gl_draft *d) {
    struct gl_declaration *to = &d->record.body.declaration;
    if (!d->spare[GL_NCTS_CONSIGNMENT][0] && to->state == GL_DECLARATION_ARRIVED) {
        gl_draft_control(d); /* the consignment is not told: what is known of it stays */
        return 0;
    }
    if (d->carnet[0]) gl_draft_add_document(d, "N952", d->carnet, GL_NULL);
    if (to->lodged_at == 0 || to->lodged_at > d->head.prepared) to->lodged_at = d->head.prepared;
    judge_result(d);
    settle_masses(d);
    if (d->spare[GL_NCTS_NEW_SEALS][0]) gl_draft_note(d, "an incident names new seals; they are not taken");
    return 0;
}

/* ---- what is said of a declaration ------------------------------------------------------------------------------------------------------- */

static void decide_control(struct gl_draft *d) {
    struct gl_declaration *to = &d->record.body.declaration;
    bool papers = strcmp(d->control.code, "2") == 0 || (d->control.documents && !d->control.physical);
    bool physical = d->control.physical || !papers;
    if (strcmp(d->control.code, "0") == 0) to->state = GL_DECLARATION_UNDER_CONTROL;
    set_control(d, physical ? GL_CHANNEL_PHYSICAL : GL_CHANNEL_DESK, d->control.type);
    size_t most = GL_COUNT(((struct gl_ruling *)0)->documents);
    if (to->n_documents > most)
        gl_draft_note(d, "%u documents are asked for; the first %zu stand in the record", to->n_documents, most);
}

static int finish_control(struct gl_draft *d, struct gl_error *err) {
    struct gl_declaration *to = &d->record.body.declaration;
    const char *indicator = d->spare[GL_NCTS_RELEASE];
    if (to->state != GL_DECLARATION_NONE) to->n_documents = 0; /* CC060C alone asks for some */
    if (to->state == GL_DECLARATION_NONE && !d->control.code[0])
        return gl_draft_missing(d, "TransitOperation/notificationType", err);
    if (to->state == GL_DECLARATION_NOT_RELEASED) set_control(d, GL_CHANNEL_DESK, d->control.code);
    if (to->state == GL_DECLARATION_NONE) decide_control(d);
    if ((d->message->owes & GL_NCTS_ENDS) && indicator[0] && strcmp(indicator, "1") != 0) {
        to->state = GL_DECLARATION_ARRIVED;
        gl_draft_note(d, "release indicator %.10s: not released in full, so not discharged", indicator);
    }
    gl_draft_control(d);
    return 0;
}

/* Customs that cancel of their own accord need not decide on a request. */
static int finish_cancel(struct gl_draft *d, struct gl_error *err) {
    const char *decision = d->spare[GL_NCTS_DECISION];
    bool of_customs = strcmp(d->spare[GL_NCTS_BY_CUSTOMS], "1") == 0;
    bool yes = strcmp(decision, "1") == 0 || strcmp(decision, "true") == 0 || (!decision[0] && of_customs);
    if (yes) {
        gl_draft_cancel(d);
        return 0;
    }
    if (strcmp(decision, "0") != 0 && strcmp(decision, "false") != 0)
        return decision[0] ? gl_fail(err, -EBADMSG, "Invalidation/decision: \"%.20s\" is neither 0 nor 1", decision)
                           : gl_draft_missing(d, "Invalidation/decision", err);
    gl_draft_note(d, "the request to cancel was refused: nothing changes");
    return GL_DRAFT_NOTHING;
}

int gl_ncts_finish(struct gl_draft *d, struct gl_error *err) {
    int rc = name_record(d, err);
    if (rc < 0) return rc;
    switch (d->message->op) {
        case GL_OP_REKEY: {
            char was[GL_REF];
            gl_clip(was, sizeof was, d->record.body.declaration.lrn);
            return gl_draft_rekey(d, "lrn", was, err);
        }
        case GL_OP_CONTROL: return finish_control(d, err);
        case GL_OP_CANCEL: return finish_cancel(d, err);
        default: return finish_whole(d);
    }
}
