/* What an ANPR event means: its plate, class and container readings. */
#pragma once
#include "isapi/event.h"
#include "protocol.h"

/* How this camera's events are to be understood, from its settings. */
struct gl_isapi_policy {
    bool trust_clock;   /* the camera's time counts; else the time of arrival does */
    int64_t late_after; /* ms: a trusted time further off than this makes the event late */
    int64_t line;       /* only this <line>; 0 = every line */
    bool reversed;      /* the camera looks at the lane from the other side: forward is leaving */
};

/* When it happened. */
struct gl_isapi_moment {
    int64_t time; /* wall */
    bool told;    /* by the camera, and trusted; else it is the time of arrival */
    bool late;
    bool skewed; /* late for nothing but the camera's clock */
};

/* Judges an event that arrived at wall time `arrival`. A time that cannot be read is refused and replaced by the arrival. */
struct gl_isapi_moment gl_isapi_when(const struct gl_isapi_event *ev, const struct gl_isapi_policy *policy, int64_t arrival,
                                     const struct gl_sink *sink);

/* The plate reading; every field that is no good is refused and left null. A plate that was not read is a reading with text "". */
void gl_isapi_read_plate(const struct gl_isapi_event *ev, const struct gl_isapi_policy *policy, struct gl_isapi_moment when,
                         const struct gl_sink *sink, struct gl_reading *ret);

/* Sends what the event says beside the plate: class and containers. */
void gl_isapi_send_others(const struct gl_isapi_event *ev, struct gl_isapi_moment when, const struct gl_sink *sink);
