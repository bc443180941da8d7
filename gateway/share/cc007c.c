/* The arrival notification CC007C of NCTS phase 5: the order of its elements is part of the format.
 *
 *     <ncts:CC007C PhaseID="NCTS5.1" xmlns:ncts="http://ncts.dgtaxud.ec">
 *       messageSender, messageRecipient, preparationDateAndTime, messageIdentification, messageType
 *       TransitOperation > MRN, arrivalNotificationDateAndTime, simplifiedProcedure, incidentFlag
 *       Authorisation > sequenceNumber, type, referenceNumber            with the simplified procedure alone
 *       CustomsOfficeOfDestinationActual > referenceNumber
 *       TraderAtDestination > identificationNumber
 *       Consignment > LocationOfGoods > typeOfLocation, qualifierOfIdentification, and one of
 *           authorisationNumber, UNLocode, CustomsOffice > referenceNumber
 */
#include <errno.h>
#include <string.h>

#include "share/share.h"

enum { MRN = 18, SECONDS = 19 /* "2026-11-23T11:16:57" */ };

static void escaped(struct gl_buf *b, const char *value) {
    static const struct {
        char c;
        const char *as;
    } marks[] = {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}};
    for (; *value; value++) {
        size_t i = 0;
        while (i < GL_COUNT(marks) && marks[i].c != *value) i++;
        if (i < GL_COUNT(marks))
            gl_buf_text(b, marks[i].as);
        else
            gl_buf_char(b, *value);
    }
}

static void leaf(struct gl_buf *b, int depth, const char *name, const char *value) {
    gl_buf_printf(b, "%*s<%s>", 2 * depth, "", name);
    escaped(b, value);
    gl_buf_printf(b, "</%s>\n", name);
}

static void start(struct gl_buf *b, int depth, const char *name) {
    gl_buf_printf(b, "%*s<%s>\n", 2 * depth, "", name);
}
static void end(struct gl_buf *b, int depth, const char *name) {
    gl_buf_printf(b, "%*s</%s>\n", 2 * depth, "", name);
}

/* Its moments have seconds and no zone; ours are UTC. */
static void moment(struct gl_buf *b, int depth, const char *name, int64_t wall) {
    char utc[GL_TIME_TEXT];
    gl_time_format(wall, utc);
    utc[SECONDS] = '\0';
    leaf(b, depth, name, utc);
}

bool gl_share_is_arrival(const struct gl_config *c, const struct gl_share_document *d) {
    static const char *const transits[] = {"T", "T-", "T1", "T2", "T2F", "T2SM", "TIR"};
    if (!c->share.cc007c.office[0] || strcmp(d->ref.type, "mrn") != 0) return false;
    if (strcmp(d->destination, c->share.cc007c.office) != 0) return false;
    for (size_t i = 0; i < GL_COUNT(transits); i++)
        if (strcmp(d->type, transits[i]) == 0) return true;
    return false;
}

/* An id of ours without its dashes: 32 characters, where 35 are allowed. */
static void write_id(struct gl_buf *b, const char *id) {
    char plain[GL_UUID];
    size_t n = 0;
    for (; *id; id++)
        if (*id != '-') plain[n++] = *id;
    plain[n] = '\0';
    leaf(b, 1, "messageIdentification", plain);
}

static void write_authorisation(const struct gl_config *c, struct gl_buf *b) {
    start(b, 1, "Authorisation");
    leaf(b, 2, "sequenceNumber", "1");
    leaf(b, 2, "type", c->share.cc007c.authorisation_type);
    leaf(b, 2, "referenceNumber", c->share.cc007c.authorisation);
    end(b, 1, "Authorisation");
}

static void write_location(const struct gl_config *c, struct gl_buf *b) {
    const char *permit = c->share.cc007c.at_authorisation, *unlocode = c->share.cc007c.at_unlocode;
    start(b, 1, "Consignment");
    start(b, 2, "LocationOfGoods");
    leaf(b, 3, "typeOfLocation", c->share.cc007c.location_type);
    leaf(b, 3, "qualifierOfIdentification", permit[0] ? "Y" : unlocode[0] ? "U" : "V");
    if (permit[0]) {
        leaf(b, 3, "authorisationNumber", permit);
    } else if (unlocode[0]) {
        leaf(b, 3, "UNLocode", unlocode);
    } else {
        start(b, 3, "CustomsOffice");
        leaf(b, 4, "referenceNumber", c->share.cc007c.at_office);
        end(b, 3, "CustomsOffice");
    }
    end(b, 2, "LocationOfGoods");
    end(b, 1, "Consignment");
}

int gl_share_arrival(const struct gl_share_facts *f, const struct gl_share_document *d, struct gl_buf *out, struct gl_error *err) {
    const struct gl_config *c = f->config;
    bool simplified = c->share.cc007c.authorisation[0] != '\0';
    if (strlen(d->ref.value) != MRN || strspn(d->ref.value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != MRN)
        return gl_fail(err, -EINVAL, "no arrival can be notified of %s: an MRN has 18 letters and digits", d->ref.value);
    gl_buf_text(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<ncts:CC007C PhaseID=\"NCTS5.1\" xmlns:ncts=\"http://ncts.dgtaxud.ec\">\n");
    leaf(out, 1, "messageSender", c->share.cc007c.sender);
    leaf(out, 1, "messageRecipient", c->share.cc007c.recipient);
    moment(out, 1, "preparationDateAndTime", f->recorded_at);
    write_id(out, f->id);
    leaf(out, 1, "messageType", "CC007C");
    start(out, 1, "TransitOperation");
    leaf(out, 2, "MRN", d->ref.value);
    moment(out, 2, "arrivalNotificationDateAndTime", f->passage.closed_at);
    leaf(out, 2, "simplifiedProcedure", simplified ? "1" : "0");
    leaf(out, 2, "incidentFlag", "0"); /* what happened on the way is the carrier's to tell */
    end(out, 1, "TransitOperation");
    if (simplified) write_authorisation(c, out);
    start(out, 1, "CustomsOfficeOfDestinationActual");
    leaf(out, 2, "referenceNumber", c->share.cc007c.office);
    end(out, 1, "CustomsOfficeOfDestinationActual");
    start(out, 1, "TraderAtDestination");
    leaf(out, 2, "identificationNumber", c->share.cc007c.trader);
    end(out, 1, "TraderAtDestination");
    write_location(c, out);
    gl_buf_text(out, "</ncts:CC007C>\n");
    return 0;
}
