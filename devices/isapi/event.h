/* One <EventNotificationAlert>, taken out of its XML as texts: what they mean is for others to say.
 *
 *     <EventNotificationAlert xmlns="...">            any namespace, any prefix: only local names count
 *       <dateTime> <eventType>ANPR <eventState> <UUID> <picNum> <isDataRetransmission>
 *       <ANPR>
 *         <country> <licensePlate> <line> <direction> <confidenceLevel> <plateCharBelieve> <vehicleType>
 *         <alarmDataType> <originalLicensePlate> <CRIndex> <ISO-CR> <ADRNo> <hasMoreData>
 *         <vehicleInfo><containerInfo><containerNum> <containerList><container>...
 *         <pictureInfoList><pictureInfo>...
 *       <PlateInfoList><PlateInfo>...
 *
 * A document type, and with it every entity of its own, is refused; so is depth beyond 32 and a text beyond 256 KiB. */
#pragma once
#include "base/base.h"

enum { GL_ISAPI_XML_MAX = 256 * 1024, GL_ISAPI_DEPTH_MAX = 32, GL_ISAPI_LIST_MAX = 8 };

struct gl_isapi_plate {
    char text[130];
    char confidence[16];
    char colour[24];
};

struct gl_isapi_container {
    char main[40];
    char sub[16];
    char confidence[16];
};

struct gl_isapi_picture {
    char file[130];
    char type[40];
    char id[66];
};

struct gl_isapi_event {
    char root[40]; /* local name of the root element */
    bool anpr;     /* an <ANPR> element was there */
    char type[40], state[16], description[130];
    char time[66];
    char uuid[81];
    char pictures_number[16], resent[16];
    char plate[130], original[130], legacy[130];
    char confidence[24], characters[200];
    char country[16], cr_index[16], iso_country[16];
    char line[16], direction[16], vehicle[40];
    char data_type[16], more[16], adr[16];
    char container[40];
    char status[130]; /* of a <ResponseStatus> */
    size_t n_plates, n_containers, n_pictures;
    struct gl_isapi_plate plates[GL_ISAPI_LIST_MAX];
    struct gl_isapi_container containers[GL_ISAPI_LIST_MAX];
    struct gl_isapi_picture pictures[GL_ISAPI_LIST_MAX];
    bool plate_lost;       /* the plate itself was too long or contradicted: the vehicle was seen, its plate is not known */
    char too_long[40];     /* the first known element whose text did not fit: it counts as absent */
    char contradicted[40]; /* the first known element that came twice with different texts: it counts as absent */
};

/* Reads one document. 0, or -EINVAL with *ret_reason one of "xml_malformed", "xml_doctype", "xml_too_deep", "xml_too_big" and the
 * place in err. *ret may then be half filled. */
int gl_isapi_event_parse(const void *xml, size_t len, struct gl_isapi_event *ret, const char **ret_reason,
                         struct gl_error *err) GL_MUST_USE;
