/* The camera's side: writes events, heartbeats and pictures as a camera does, for the simulator and the tests. */
#pragma once
#include "base/buf.h"

/* What the camera saw, and how it tells it. Texts go into the XML as they are (escaped); "" leaves an element out where a camera
 * may. */
struct gl_isapi_scene {
    char plate[130], original[130];
    char country[3]; /* ISO 3166; written as the camera's number */
    char uuid[81];
    char time[66]; /* <dateTime> */
    char direction[16], vehicle[40];
    char confidence[24], characters[200];
    char container[40];
    char space[16]; /* namespace: "hikvision", "isapi", "std-cgi", "psia", "prefixed", "none" */
    int64_t lane;
    int64_t pictures; /* 0..2: licensePlatePicture.jpg, vehiclePicture.jpg */
    bool resent, history, more;
};

/* A scene with everything that need not be said: hikvision, lane 1, forward, confidence 97, a truck, two pictures. */
struct gl_isapi_scene gl_isapi_scene(void);

/* True for a namespace word that compose_event() knows. */
bool gl_isapi_space_known(const char *space);

void gl_isapi_compose_event(const struct gl_isapi_scene *scene, struct gl_buf *out);
void gl_isapi_compose_heartbeat(const char *time, struct gl_buf *out);

/* A small grey JPEG; shade 0..127 tells pictures apart. */
void gl_isapi_compose_picture(unsigned shade, struct gl_buf *out);

/* One part with its delimiter and header; name NULL for alertStream, whose parts have none. */
void gl_isapi_compose_part(const char *type, const char *name, const char *filename, const void *body, size_t len,
                           struct gl_buf *out);

/* Event and pictures as parts; named as in a pushed form, or not as in a stream. No final delimiter. */
void gl_isapi_compose_message(const struct gl_isapi_scene *scene, bool form, struct gl_buf *out);
