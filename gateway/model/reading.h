/* A reading: one normalised observation by one device. The same struct goes from a plugin through the device host and the socket into the
 * core, the journal and onto MQTT; its tables (reading.c) give every form of it. docs/design.md lists the payloads. */
#pragma once
#include "model/fields.h"

enum {
    GL_ID = 33, /* a configured id: post, lane, device: [a-z0-9.-], at most 32 characters */
    GL_UUID = 37,
    GL_PLATE = 33,
    GL_COUNTRY = 4, /* ISO 3166 alpha-2 */
    GL_REF_TYPE = 9,
    GL_REF = 65,
    GL_EPC = 129,       /* hexadecimal, upper case: up to 512 bits */
    GL_TID = 65,        /* the same: up to 256 bits */
    GL_TID_LEAST = 16,  /* digits by which a TID can tell one tag: its first 32 bits only name the chip */
    GL_CODE_TEXT = 4297 /* the longest alphanumeric QR code */
};

enum gl_reading_kind {
    GL_READING_NONE,
    GL_READING_PLATE,
    GL_READING_TAG,
    GL_READING_SEAL,
    GL_READING_CODE,
    GL_READING_CONTAINER,
    GL_READING_RADIATION,
    GL_READING_PRESENCE,
    GL_READING_CLASS,
    GL_READING_WEIGHT,
    GL_READING_POSITION,
    GL_READING_SCAN
};
extern const char *const gl_reading_kinds[];

enum gl_role { GL_ROLE_NONE, GL_ROLE_VEHICLE, GL_ROLE_TRAILER, GL_ROLE_UNKNOWN };
extern const char *const gl_roles[];

enum gl_toward { GL_TOWARD_NONE, GL_TOWARD_APPROACH, GL_TOWARD_LEAVE };
extern const char *const gl_towards[];

enum gl_signature { GL_SIGNATURE_NULL, GL_SIGNATURE_VALID, GL_SIGNATURE_INVALID, GL_SIGNATURE_UNKNOWN_KEY, GL_SIGNATURE_NONE };
extern const char *const gl_signatures[];

enum gl_zone { GL_ZONE_NONE, GL_ZONE_ENTRY, GL_ZONE_EXIT, GL_ZONE_BARRIER_UP, GL_ZONE_BARRIER_DOWN, GL_ZONE_EMERGENCY_STOP };
extern const char *const gl_zones[];

enum gl_class { GL_CLASS_NONE, GL_CLASS_TRUCK, GL_CLASS_CAR, GL_CLASS_BUS, GL_CLASS_MOTORCYCLE, GL_CLASS_UNKNOWN };
extern const char *const gl_classes[];

enum gl_radiation_phase {
    GL_RADIATION_NONE,
    GL_RADIATION_START,     /* somebody is in the portal */
    GL_RADIATION_ALARM,     /* at once, when the portal says so: one for gamma, one for neutron */
    GL_RADIATION_OCCUPANCY, /* it is over: one for each occupancy */
    GL_RADIATION_FAULT,     /* the portal is unwell (fault), or well again (fault null) */
    GL_RADIATION_TAMPER     /* its cabinet was opened (tamper true), or closed */
};
extern const char *const gl_radiation_phases[];

struct gl_ref { /* "mrn", "gmr", "uuid", "sscc", "iso6346", ... and its canonical value */
    char type[GL_REF_TYPE];
    char value[GL_REF];
};

struct gl_plate_value {
    char text[GL_PLATE];      /* as the device wrote it; "" = a vehicle whose plate could not be read */
    char country[GL_COUNTRY]; /* the device's guess: weak */
    char region[8];
    uint8_t role;      /* enum gl_role */
    uint8_t direction; /* enum gl_toward */
    uint16_t n_characters;
    double characters[GL_PLATE - 1];
};

struct gl_code_value {
    char symbology[4];       /* AIM identifier: "]Q1"; "" when the reader sends none */
    char text[GL_CODE_TEXT]; /* "" when the data is no text */
    GL_BYTES(2048) data;     /* only when the data is no text */
    struct gl_ref reference;
    uint8_t signature; /* enum gl_signature */
};

struct gl_container_value {
    char number[16];
    uint8_t check_ok; /* tri: ISO 6346 check digit */
};

struct gl_tag_value {
    char epc[GL_EPC]; /* "" = a tag whose EPC has no bits */
    char tid[GL_TID]; /* the tag's own memory bank of its maker, as far as it was read: hexadecimal, upper case; "" = not read */
    char uri[161];    /* pure identity: "urn:epc:id:sgtin:..."; "urn:epc:raw:..." when it is of no known scheme */
    int64_t antenna;  /* from 1 */
    double rssi_dbm;  /* the strongest */
    int64_t count;    /* how often it was seen */
};

struct gl_occupancy {   /* of a portal: from the beam being broken until the portal says that it is over */
    int64_t start, end; /* wall; of one that was joined on its way: the first that was seen of it. end 0 = not over */
    int64_t counter;    /* the portal's own: not unique, it is reset */
};
struct gl_gamma {
    int64_t samples, alarm_samples; /* of 0.2 s */
    uint16_t n_background;
    int64_t background[8];      /* counts per second, one for each detector, as the occupancy began */
    int64_t peak;               /* most counts within one second, all detectors together */
    double sigma;               /* how far above its background the most conspicuous group of detectors rose, recomputed */
    char group[12];             /* that group: "sum", "pillar1", "d3", ... */
    uint8_t agrees;             /* tri: the portal's alarms are those that its counts call for */
    uint8_t background_suspect; /* tri: the background was old, or away from what it usually is */
};
struct gl_neutron {
    int64_t samples, alarm_samples; /* of 1 s */
    double background;              /* counts per second, all detectors together */
    int64_t peak;                   /* most counts within one second, all detectors together */
    int64_t total;
    uint8_t agrees; /* tri, as above */
};
struct gl_radiation_value {
    uint8_t phase;                      /* enum gl_radiation_phase */
    uint8_t gamma_alarm, neutron_alarm; /* tri: alarm: which it is; occupancy: was there any */
    char fault[32];                     /* "background_high", ...; of an occupancy: why it proves nothing; "" = none */
    uint8_t tamper;                     /* tri */
    struct gl_occupancy occupancy;      /* null outside one */
    struct gl_gamma gamma;
    struct gl_neutron neutron;
    double speed_kmh;
};

struct gl_presence_value {
    uint8_t zone;     /* enum gl_zone */
    uint8_t occupied; /* tri */
};

struct gl_class_value {
    uint8_t class; /* enum gl_class; "class" in JSON */
};

struct gl_candidate {
    char text[GL_PLATE];
    double confidence;
};

struct gl_evidence { /* a picture or a profile kept in the evidence store; never itself on MQTT */
    char role[32];   /* "plate", "vehicle", "scene", ... */
    char media_type[32];
    char sha256[65];
    char ref[129]; /* where it lies, relative to the evidence store: "2026-12-23T14/abcdef....jpg" */
};

struct gl_reading {
    char id[GL_UUID]; /* given by the core */
    char lane[GL_ID];
    char device[GL_ID];
    char passage[GL_UUID]; /* given by the core; "" when it belongs to none */
    int64_t time;          /* wall: when it happened, as far as the device's clock is believed */
    int64_t received_at;   /* wall: when the device process had it complete */
    int64_t received_mono; /* monotonic, the same moment */
    uint8_t kind;          /* enum gl_reading_kind: which of the values below counts */
    double confidence;     /* 0..1, NaN when the device says none */
    uint16_t n_candidates;
    struct gl_candidate candidates[10];
    uint16_t n_evidence;
    struct gl_evidence evidence[8];
    uint8_t late;       /* tri: history, retransmission, or a time too far off: recorded, never deciding */
    char source_id[81]; /* what the device called it */
    union {
        struct gl_plate_value plate;
        struct gl_tag_value tag;
        struct gl_code_value code;
        struct gl_container_value container;
        struct gl_radiation_value radiation;
        struct gl_presence_value presence;
        struct gl_class_value class;
    } value;
};

/* Sets everything to null and the kind, so that a codec fills in only what it knows. */
void gl_reading_init(struct gl_reading *r, enum gl_reading_kind kind);

/* The table of one kind's value; NULL for a kind that no plugin of this version speaks. */
const struct gl_fields *gl_reading_value_fields(enum gl_reading_kind kind);

/* The `data` member of a reading event, and back. */
void gl_reading_to_json(const struct gl_reading *r, struct gl_buf *out);
int gl_reading_from_json(const json_t *data, enum gl_reading_kind kind, struct gl_reading *r, struct gl_error *err) GL_MUST_USE;

/* Between processes. */
void gl_reading_pack(const struct gl_reading *r, struct gl_buf *out);
int gl_reading_unpack(struct gl_cursor *c, struct gl_reading *r) GL_MUST_USE;
