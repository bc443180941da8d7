/* How a device is: what its transport, its codec, its plugin and its evidence store say, made into one state with one reason, and its counters.
 * Pure: time comes in.
 *
 *     offline   the transport does not stand, or the device is silent for longer than its limit
 *     degraded  a fault is raised, the plugin says so, evidence cannot be kept, its bytes cannot be
 *               offered to others, or input was refused less than 10 s ago
 *     online    else */
#pragma once
#include "model/happened.h"

enum { GL_REFUSED_STAINS_MS = 10000, GL_MAX_FAULTS = 8 };

struct gl_health {
    struct gl_device_status status; /* ready to be sent */
    bool standing;
    char transport[GL_DETAIL];   /* why it does not stand */
    char silence[GL_DETAIL];     /* "" = not silent */
    char plugin[GL_DETAIL];      /* "" = well */
    char evidence[GL_DETAIL];    /* "" = kept */
    char rebroadcast[GL_DETAIL]; /* "" = offered, or not asked for */
    char refused[GL_DETAIL];
    int64_t refused_until; /* monotonic; 0 = nothing refused */
    uint16_t n_faults;
    char faults[GL_MAX_FAULTS][64];
};

void gl_health_init(struct gl_health *h, const char *device, const char *lane, const char *reason, struct gl_now now);
void gl_health_standing(struct gl_health *h, const char *reason);    /* NULL = stands */
void gl_health_silent(struct gl_health *h, const char *reason);      /* "" = heard again */
void gl_health_plugin(struct gl_health *h, const char *reason);      /* "" = well */
void gl_health_evidence(struct gl_health *h, const char *reason);    /* "" = kept */
void gl_health_rebroadcast(struct gl_health *h, const char *reason); /* "" = offered */
void gl_health_fault(struct gl_health *h, const char *reason, bool raised);
void gl_health_refused(struct gl_health *h, const char *reason, const char *detail, struct gl_now now);

/* Adds to a counter; the 32nd name and all later ones are counted together as "other". */
void gl_health_count(struct gl_health *h, const char *name, int64_t more);

/* Works out state and reason; true when either changed. */
bool gl_health_update(struct gl_health *h, struct gl_now now);
