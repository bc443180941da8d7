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
    char ref[129]; /* where it lies, relative to the evidence store: "ab/abcdef....jpg" */
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
        struct gl_code_value code;
        struct gl_container_value container;
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
