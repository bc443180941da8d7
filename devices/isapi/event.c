#include "isapi/event.h"

#include <errno.h>
#include <expat.h>
#include <string.h>

/* Where the text of an element goes. Elements of lists go into the item that their list element opened. */
enum list { NO_LIST, PLATES, CONTAINERS, PICTURES };

struct row {
    const char *parent, *name;
    enum list list;
    size_t offset, size;
};

#define IN_EVENT(parent, name, m) \
    { parent, name, NO_LIST, offsetof(struct gl_isapi_event, m), sizeof(((struct gl_isapi_event *)0)->m) }
#define IN_ITEM(parent, name, list, T, m) \
    { parent, name, list, offsetof(struct T, m), sizeof(((struct T *)0)->m) }

static const struct row rows[] = {
    IN_EVENT("EventNotificationAlert", "eventType", type),
    IN_EVENT("EventNotificationAlert", "eventState", state),
    IN_EVENT("EventNotificationAlert", "eventDescription", description),
    IN_EVENT("EventNotificationAlert", "dateTime", time),
    IN_EVENT("EventNotificationAlert", "UUID", uuid),
    IN_EVENT("EventNotificationAlert", "picNum", pictures_number),
    IN_EVENT("EventNotificationAlert", "isDataRetransmission", resent),
    IN_EVENT("EventNotificationAlert", "plate", legacy),
    IN_EVENT("EventNotificationAlert", "plateNumber", legacy),
    IN_EVENT("ANPR", "licensePlate", plate),
    IN_EVENT("ANPR", "plate", legacy),
    IN_EVENT("ANPR", "plateNumber", legacy),
    IN_EVENT("ANPR", "originalLicensePlate", original),
    IN_EVENT("ANPR", "confidenceLevel", confidence),
    IN_EVENT("ANPR", "plateCharBelieve", characters),
    IN_EVENT("ANPR", "country", country),
    IN_EVENT("ANPR", "CRIndex", cr_index),
    IN_EVENT("ANPR", "ISO-CR", iso_country),
    IN_EVENT("ANPR", "line", line),
    IN_EVENT("ANPR", "direction", direction),
    IN_EVENT("ANPR", "vehicleType", vehicle),
    IN_EVENT("ANPR", "alarmDataType", data_type),
    IN_EVENT("ANPR", "hasMoreData", more),
    IN_EVENT("ANPR", "ADRNo", adr),
    IN_EVENT("containerInfo", "containerNum", container),
    IN_EVENT("ResponseStatus", "statusString", status),
    IN_ITEM("PlateInfo", "licensePlate", PLATES, gl_isapi_plate, text),
    IN_ITEM("PlateInfo", "confidenceLevel", PLATES, gl_isapi_plate, confidence),
    IN_ITEM("PlateInfo", "plateColor", PLATES, gl_isapi_plate, colour),
    IN_ITEM("container", "containerMainNum", CONTAINERS, gl_isapi_container, main),
    IN_ITEM("container", "containerSubNum", CONTAINERS, gl_isapi_container, sub),
    IN_ITEM("container", "containerNumConfidence", CONTAINERS, gl_isapi_container, confidence),
    IN_ITEM("pictureInfo", "fileName", PICTURES, gl_isapi_picture, file),
    IN_ITEM("pictureInfo", "type", PICTURES, gl_isapi_picture, type),
    IN_ITEM("pictureInfo", "pId", PICTURES, gl_isapi_picture, id),
};

struct parse {
    XML_Parser xml;
    struct gl_isapi_event *ev;
    const char *reason; /* why we stopped it ourselves */
    size_t depth;
    char path[GL_ISAPI_DEPTH_MAX][40];
    char text[256]; /* of the innermost element so far */
    size_t text_len;
    bool text_overflow;
    bool skip_item; /* the list is full */
};

static void stop(struct parse *p, const char *reason) {
    p->reason = reason;
    XML_StopParser(p->xml, XML_FALSE);
}

static void begin_text(struct parse *p) {
    p->text_len = 0;
    p->text_overflow = false;
}

static void open_item(struct parse *p, const char *name) {
    static const struct {
        const char *name;
        size_t count;
    } items[] = {
        {"PlateInfo", offsetof(struct gl_isapi_event, n_plates)},
        {"container", offsetof(struct gl_isapi_event, n_containers)},
        {"pictureInfo", offsetof(struct gl_isapi_event, n_pictures)},
    };
    for (size_t i = 0; i < GL_COUNT(items); i++) {
        if (strcmp(name, items[i].name) != 0) continue;
        size_t *count = (size_t *)((char *)p->ev + items[i].count);
        p->skip_item = *count == GL_ISAPI_LIST_MAX;
        if (!p->skip_item) (*count)++;
    }
}

static void XMLCALL on_start(void *user, const char *qualified, const char **attributes GL_UNUSED) {
    struct parse *p = user;
    const char *colon = strrchr(qualified, ':');
    if (p->depth == GL_ISAPI_DEPTH_MAX) {
        stop(p, "xml_too_deep");
        return;
    }
    char *name = p->path[p->depth++];
    gl_clip(name, sizeof p->path[0], colon ? colon + 1 : qualified);
    if (p->depth == 1) gl_clip(p->ev->root, sizeof p->ev->root, name);
    if (p->depth == 2 && strcmp(name, "ANPR") == 0) p->ev->anpr = true;
    open_item(p, name);
    begin_text(p);
}

static void XMLCALL on_text(void *user, const char *s, int len) {
    struct parse *p = user;
    size_t n = (size_t)len;
    if (n >= sizeof p->text - p->text_len) {
        p->text_overflow = true;
        return;
    }
    memcpy(p->text + p->text_len, s, n);
    p->text_len += n;
}

/* The collected text without the white space around it. */
static const char *trimmed(struct parse *p) {
    const char *space = " \t\r\n";
    p->text[p->text_len] = '\0';
    while (p->text_len > 0 && strchr(space, p->text[p->text_len - 1])) p->text[--p->text_len] = '\0';
    return p->text + strspn(p->text, space);
}

static char *target(struct parse *p, const struct row *row) {
    struct gl_isapi_event *ev = p->ev;
    char *base = NULL;
    switch (row->list) {
        case NO_LIST: base = (char *)ev; break;
        case PLATES: base = ev->n_plates && !p->skip_item ? (char *)&ev->plates[ev->n_plates - 1] : NULL; break;
        case CONTAINERS: base = ev->n_containers && !p->skip_item ? (char *)&ev->containers[ev->n_containers - 1] : NULL; break;
        case PICTURES: base = ev->n_pictures && !p->skip_item ? (char *)&ev->pictures[ev->n_pictures - 1] : NULL; break;
    }
    return base ? base + row->offset : NULL;
}

static void store(struct parse *p, const struct row *row) {
    char *dst = target(p, row), *note = NULL;
    const char *text = trimmed(p);
    struct gl_isapi_event *ev = p->ev;
    if (!dst) return;
    if (p->text_overflow || strlen(text) >= row->size) note = ev->too_long;
    if (!note && dst[0] != '\0' && strcmp(dst, text) != 0) note = ev->contradicted;
    if (!note) {
        memcpy(dst, text, strlen(text) + 1);
        return;
    }
    if (!note[0]) gl_clip(note, sizeof ev->too_long, row->name);
    if (dst == ev->plate || dst == ev->legacy) ev->plate_lost = true;
    dst[0] = '\0';
}

static void XMLCALL on_end(void *user, const char *qualified GL_UNUSED) {
    struct parse *p = user;
    if (p->reason) return; /* expat may still end the element that we stopped in */
    const char *name = p->path[p->depth - 1];
    const char *parent = p->depth > 1 ? p->path[p->depth - 2] : "";
    for (size_t i = 0; i < GL_COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0 && strcmp(rows[i].parent, parent) == 0) {
            store(p, &rows[i]);
            break;
        }
    p->depth--;
    begin_text(p);
}

static void XMLCALL on_doctype(void *user, const char *name GL_UNUSED, const char *system GL_UNUSED, const char *public GL_UNUSED,
                               int internal GL_UNUSED) {
    stop(user, "xml_doctype");
}

/* Says what went wrong, where, and what would be right. */
static int explain(const struct parse *p, const char **ret_reason, struct gl_error *err) {
    unsigned long line = XML_GetCurrentLineNumber(p->xml), column = XML_GetCurrentColumnNumber(p->xml) + 1;
    *ret_reason = p->reason ? p->reason : "xml_malformed";
    if (!p->reason)
        return gl_fail(err, -EINVAL, "line %lu, column %lu: %s", line, column, XML_ErrorString(XML_GetErrorCode(p->xml)));
    if (strcmp(p->reason, "xml_doctype") == 0)
        return gl_fail(err, -EINVAL, "line %lu: a document type is not taken; a camera's event has none", line);
    return gl_fail(err, -EINVAL, "line %lu: more than %d elements inside each other", line, GL_ISAPI_DEPTH_MAX);
}

int gl_isapi_event_parse(const void *xml, size_t len, struct gl_isapi_event *ret, const char **ret_reason, struct gl_error *err) {
    struct parse p = {.ev = ret, .depth = 0};
    memset(ret, 0, sizeof *ret);
    if (len > GL_ISAPI_XML_MAX) {
        *ret_reason = "xml_too_big";
        return gl_fail(err, -EINVAL, "%zu bytes; an event has at most %d", len, GL_ISAPI_XML_MAX);
    }
    p.xml = XML_ParserCreate(NULL);
    if (!p.xml) {
        *ret_reason = "xml_malformed";
        return gl_fail(err, -EINVAL, "out of memory");
    }
    XML_SetUserData(p.xml, &p);
    XML_SetElementHandler(p.xml, on_start, on_end);
    XML_SetCharacterDataHandler(p.xml, on_text);
    XML_SetStartDoctypeDeclHandler(p.xml, on_doctype);
    int rc = 0;
    if (XML_Parse(p.xml, xml, (int)len, XML_TRUE) != XML_STATUS_OK) rc = explain(&p, ret_reason, err);
    XML_ParserFree(p.xml);
    return rc;
}
