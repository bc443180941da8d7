/* What was lodged before arrival: movements, declarations and the registry of tags, as the feed, the importers and the cache pass them around. Tables in lodged.c. */
#pragma once
#include "model/reading.h"

enum {
    GL_IDENTITY = 65, /* a declared plate as it was typed; may hold truck and trailer in one string */
    GL_MAX_MEANS = 16,
    GL_MAX_CONTAINERS = 32,
    GL_MAX_SEALS = 64,
    GL_MAX_REFS = 256,   /* declarations of one movement */
    GL_MAX_GOODS = 1999, /* NCTS allows 1,999 items */
    GL_MAX_OFFICES = 24,
    GL_MAX_DOCUMENTS = 99
};

/* NONE = the authority has not decided. Worst-of order. */
enum gl_channel_decision { GL_CHANNEL_NONE, GL_CHANNEL_RELEASE, GL_CHANNEL_DESK, GL_CHANNEL_PHYSICAL, GL_CHANNEL_REFUSE };
extern const char *const gl_channels[]; /* "release", "desk", "physical", "refuse" */

enum gl_movement_kind { GL_MOVEMENT_NONE, GL_MOVEMENT_GOODS, GL_MOVEMENT_EMPTY, GL_MOVEMENT_EXEMPT };
extern const char *const gl_movement_kinds[];

enum gl_movement_state {
    GL_MOVEMENT_STATE_NONE,
    GL_MOVEMENT_DRAFT,
    GL_MOVEMENT_READY,
    GL_MOVEMENT_CHECKED_IN,
    GL_MOVEMENT_ARRIVED,
    GL_MOVEMENT_EXITED,
    GL_MOVEMENT_CANCELLED,
    GL_MOVEMENT_EXPIRED
};
extern const char *const gl_movement_states[]; /* "draft", "ready", "checked_in", ... */

enum gl_declaration_state {
    GL_DECLARATION_NONE,
    GL_DECLARATION_LODGED,
    GL_DECLARATION_ACCEPTED,
    GL_DECLARATION_RELEASED,
    GL_DECLARATION_UNDER_CONTROL,
    GL_DECLARATION_NOT_RELEASED,
    GL_DECLARATION_ARRIVED,
    GL_DECLARATION_DISCHARGED,
    GL_DECLARATION_CANCELLED,
    GL_DECLARATION_EXPIRED
};
extern const char *const gl_declaration_states[];

enum gl_direction { GL_DIRECTION_NONE, GL_DIRECTION_IN, GL_DIRECTION_OUT };
extern const char *const gl_directions[];

enum gl_office_role {
    GL_OFFICE_NONE,
    GL_OFFICE_DEPARTURE,
    GL_OFFICE_TRANSIT,
    GL_OFFICE_EXIT,
    GL_OFFICE_DESTINATION,
    GL_OFFICE_BORDER
};
extern const char *const gl_office_roles[];

enum gl_tag_state { GL_TAG_NONE, GL_TAG_ACTIVE, GL_TAG_WITHDRAWN };
extern const char *const gl_tag_states[]; /* "active", "withdrawn" */

struct gl_means { /* a road vehicle or trailer; vessels, wagons and aircraft are not means that a lane can see */
    uint8_t role; /* enum gl_role */
    char plate[GL_IDENTITY];
    char country[GL_COUNTRY];
};

struct gl_movement {
    struct gl_ref ref;
    int64_t version;
    uint8_t kind, state, channel, direction;
    char office[18];
    int64_t eta, valid_from, valid_to;
    uint16_t n_means;
    struct gl_means means[GL_MAX_MEANS];
    uint16_t n_declarations;
    struct gl_ref declarations[GL_MAX_REFS];
    uint16_t n_containers;
    char containers[GL_MAX_CONTAINERS][18];
    uint16_t n_seals;
    char seals[GL_MAX_SEALS][36];
};

struct gl_equipment {
    char container[18]; /* "" = seals on the vehicle itself */
    uint16_t n_seals;
    char seals[16][36];
};
struct gl_office {
    uint8_t role;
    char office[18];
    int64_t eta;
};
struct gl_goods {
    char hs[12];
    int64_t gross_kg; /* grams; kilograms in JSON */
    char un[6];
};
struct gl_document {
    char type[12];
    char ref[GL_REF];
    uint8_t required; /* tri */
};
struct gl_control {
    uint8_t channel; /* enum gl_channel_decision; NONE = no control decided */
    char type[12];
};
struct gl_trader {
    char eori[18];
    char aeo[30];
};

struct gl_declaration {
    struct gl_ref ref;
    char lrn[36];
    char type[12]; /* "T1", "TIR", "IM4", ... as declared */
    int64_t version;
    uint8_t state;
    int64_t valid_to;
    uint16_t n_means;
    struct gl_means means[GL_MAX_MEANS];
    uint16_t n_equipment;
    struct gl_equipment equipment[GL_MAX_CONTAINERS];
    uint16_t n_offices;
    struct gl_office offices[GL_MAX_OFFICES];
    int64_t gross_kg; /* grams */
    uint16_t n_goods;
    struct gl_goods goods[GL_MAX_GOODS];
    uint16_t n_documents;
    struct gl_document documents[GL_MAX_DOCUMENTS];
    struct gl_control control;
    struct gl_trader trader;
};

/* The registry of vehicle tags: which plate a tag was issued for. */
struct gl_tag {
    struct gl_ref ref; /* type "epc": hexadecimal, upper case */
    int64_t version;
    uint8_t state; /* enum gl_tag_state; a cancel withdraws */
    uint8_t role;  /* enum gl_role: vehicle or trailer */
    char plate[GL_IDENTITY];
    char country[GL_COUNTRY];
    int64_t valid_to;
};

extern const struct gl_fields gl_ref_fields, gl_means_fields, gl_movement_fields, gl_declaration_fields, gl_tag_fields;

/* ---- the feed ------------------------------------------------------------------------------------------------------------------------ */
enum gl_collection { GL_COLLECTION_NONE, GL_COLLECTION_MOVEMENTS, GL_COLLECTION_DECLARATIONS, GL_COLLECTION_TAGS, GL_COLLECTIONS };
extern const char *const gl_collections[];

enum gl_feed_op { GL_OP_NONE, GL_OP_UPSERT, GL_OP_CANCEL, GL_OP_HEARTBEAT };
extern const char *const gl_feed_ops[];

struct gl_cancel { /* body of a cancel */
    struct gl_ref ref;
    int64_t version; /* GL_INT_NULL = whatever version there is */
};
extern const struct gl_fields gl_cancel_fields;

/* One record of the feed. From an imported file: epoch "" and seq 0. Large (about 150 kB): heap only. */
struct gl_feed_record {
    uint8_t collection; /* enum gl_collection */
    char epoch[41];
    int64_t seq;   /* of the record; of a heartbeat: the last number the producer has sent */
    uint8_t op;    /* enum gl_feed_op */
    int64_t as_of; /* wall, the producer's clock */
    union {
        struct gl_movement movement;
        struct gl_declaration declaration;
        struct gl_tag tag;
        struct gl_cancel cancel;
    } body;
};

/* The `data` of a feed message and back, checked: the collection of the topic must be the collection inside. */
int gl_feed_record_from_json(const json_t *data, struct gl_feed_record *ret, struct gl_error *err) GL_MUST_USE;
void gl_feed_record_to_json(const struct gl_feed_record *r, struct gl_buf *out);
void gl_feed_record_pack(const struct gl_feed_record *r, struct gl_buf *out);
int gl_feed_record_unpack(struct gl_cursor *c, struct gl_feed_record *ret) GL_MUST_USE;

/* What the record is known by, borrowed from it; NULL for a heartbeat and for what has no meaning. */
const struct gl_ref *gl_feed_record_ref(const struct gl_feed_record *r);

/* Rules that no table can hold: a ref in its canonical form (gl_ref_canonical), split composite identities in means into vehicle and trailers
 * (identifiers.h), refuse means without any usable plate, valid_to before valid_from, a tag that is no EPC or of several plates, ... A tag
 * without a role is a vehicle's. Changes the record in place. */
int gl_feed_record_normalise(struct gl_feed_record *r, struct gl_error *err) GL_MUST_USE;
