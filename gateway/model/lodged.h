/* What was lodged before arrival, and what the authority says of it: movements, declarations, the registry of tags, look-outs and traders, as the
 * feed, the importers and the cache pass them around. Tables in lodged.c. */
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

enum gl_tag_state { GL_TAG_NONE, GL_TAG_ACTIVE, GL_TAG_WITHDRAWN, GL_TAG_BROKEN /* a seal's alone */ };
extern const char *const gl_tag_states[]; /* "active", "withdrawn", "broken" */

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
    int64_t lodged_at; /* when it was lodged; 0 = not said */
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
    char lrn
        [GL_REF]; /* the local reference that the record had before its MRN: whoever keeps the records lets this one replace that one */
    char type[12]; /* "T1", "TIR", "IM4", ... as declared */
    int64_t version;
    uint8_t state;
    int64_t lodged_at; /* 0 = not said */
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

/* The registry of tags: which plate a tag was issued for, or which seal it is in. A seal's tag has a seal's number and no plate, role or country. */
struct gl_tag {
    struct gl_ref ref; /* type "epc", or "tid" with a TID or the beginning of one: hexadecimal, upper case */
    int64_t version;
    uint8_t state; /* enum gl_tag_state; a cancel withdraws */
    uint8_t role;  /* enum gl_role: vehicle or trailer */
    char plate[GL_IDENTITY];
    char country[GL_COUNTRY];
    int64_t valid_to;
    char seal[36];      /* the seal's number; "" = the tag of a vehicle or trailer */
    char container[18]; /* a seal's: the container that it was put on; "" = not said */
    struct gl_ref on;   /* a seal's: the movement or declaration that it was put on for; value "" = not said */
};

/* Somebody looks for something. */
enum gl_sought { GL_SOUGHT_NONE, GL_SOUGHT_PLATE, GL_SOUGHT_CONTAINER, GL_SOUGHT_SEAL, GL_SOUGHT_HOLDER };
extern const char
    *const gl_soughts[]; /* "plate" (of a vehicle or trailer), "container", "seal", "holder" (EORI of a declaration's trader) */
enum gl_lookout_state { GL_LOOKOUT_NONE, GL_LOOKOUT_ACTIVE, GL_LOOKOUT_WITHDRAWN };
extern const char *const gl_lookout_states[];

struct gl_lookout {
    struct gl_ref ref; /* type "lookout" */
    int64_t version;
    uint8_t state;            /* a cancel withdraws, an expire too */
    uint8_t what;             /* enum gl_sought */
    char text[GL_REF];        /* the plate, container, seal or EORI, in its canonical spelling */
    char country[GL_COUNTRY]; /* of a plate; "" = whatever country */
    int64_t valid_from, valid_to;
    uint8_t action; /* enum gl_channel_decision: desk, physical or refuse */
    uint8_t silent; /* tri; true: nobody but those entitled is to notice that it is this */
    char reason[81];
};

enum gl_trader_state { GL_TRADER_NONE, GL_TRADER_ACTIVE, GL_TRADER_SUSPENDED, GL_TRADER_WITHDRAWN };
extern const char *const gl_trader_states[];

/* An economic operator and what it is authorised for. */
struct gl_trader_record {
    struct gl_ref ref; /* type "eori" */
    int64_t version;
    uint8_t state;
    char aeo[30]; /* number of the authorisation; "" = not authorised */
    int64_t valid_from, valid_to;
};

extern const struct gl_fields gl_ref_fields, gl_means_fields, gl_movement_fields, gl_declaration_fields, gl_tag_fields,
    gl_lookout_fields, gl_trader_record_fields;

/* ---- the feed ------------------------------------------------------------------------------------------------------------------------ */
enum gl_collection {
    GL_COLLECTION_NONE,
    GL_COLLECTION_MOVEMENTS,
    GL_COLLECTION_DECLARATIONS,
    GL_COLLECTION_TAGS,
    GL_COLLECTION_LOOKOUTS,
    GL_COLLECTION_TRADERS,
    GL_COLLECTIONS
};
extern const char *const gl_collections[];

/* Records of one reference are ordered by their number within one epoch, else by their version; what is older changes nothing. */
enum gl_feed_op {
    GL_OP_NONE,
    GL_OP_UPSERT,         /* the whole record, replacing whatever was there */
    GL_OP_CANCEL,         /* cancelled (tags, look-outs, traders: withdrawn), leaves a tombstone */
    GL_OP_HEARTBEAT,      /* nothing has changed; no body */
    GL_OP_EXPIRE,         /* movements, declarations: expired; elsewhere as a cancel */
    GL_OP_REKEY,          /* declarations, movements: known by another reference from now on */
    GL_OP_CONTROL,        /* movements, declarations: the authority's word about a record, lodged or still to come */
    GL_OP_SNAPSHOT_BEGIN, /* everything that is alive follows, as it stood at number `seq` */
    GL_OP_SNAPSHOT_END,   /* that was all of it */
    GL_OP_DOCUMENT        /* a document of a known format, which the link makes an ordinary record of: it never goes further */
};
extern const char *const
    gl_feed_ops[]; /* "upsert", "cancel", "heartbeat", "expire", "rekey", "control", "snapshot_begin", "snapshot_end", "document" */

struct gl_cancel { /* body of a cancel and of an expire */
    struct gl_ref ref;
    int64_t version; /* GL_INT_NULL = whatever version there is */
};

struct
    gl_rekey { /* body of a rekey: what is known as `was` is from now on known as `ref`, and so is whatever comes under `was` later */
    struct gl_ref ref, was;
    int64_t version;
};

/* Body of a control: what is null stays as the record has it. An upsert that is newer replaces it, as it replaces everything. */
struct gl_ruling {
    struct gl_ref ref;
    int64_t version;
    uint8_t movement_state;    /* movements: enum gl_movement_state ("state" in JSON) */
    uint8_t channel;           /* movements: enum gl_channel_decision */
    uint8_t declaration_state; /* declarations: enum gl_declaration_state ("state" in JSON) */
    struct gl_control control; /* declarations */
    uint16_t n_documents;      /* declarations: those that are asked for; added to the record's own */
    struct gl_document documents[16];
};

struct gl_snapshot {   /* body of a snapshot's begin and end */
    char snapshot[41]; /* its name */
    int64_t count;     /* records between begin and end */
    GL_BYTES(32)
    sha256; /* of the records' digests (gl_feed_record.digest), one after the other in order of their place; needed at the end */
};
extern const struct gl_fields gl_cancel_fields, gl_rekey_fields, gl_ruling_movement_fields, gl_ruling_declaration_fields,
    gl_snapshot_fields;

/* One record of the feed. From an imported file: epoch "" and seq 0. Large (about 150 kB): heap only. */
struct gl_feed_record {
    uint8_t collection; /* enum gl_collection */
    char epoch[41];
    int64_t
        seq; /* of the record; of a heartbeat: the last number sent; of a snapshot's begin and end: the last number it includes */
    uint8_t op;          /* enum gl_feed_op */
    int64_t as_of;       /* wall, the producer's clock */
    char snapshot[41];   /* "" = a change; else the snapshot it belongs to, and seq is its place there, from 1 */
    GL_BYTES(32) digest; /* of a snapshot's record: SHA-256 of its body in JSON canonical form (RFC 8785); not in JSON */
    union {
        struct gl_movement movement;
        struct gl_declaration declaration;
        struct gl_tag tag;
        struct gl_lookout lookout;
        struct gl_trader_record trader;
        struct gl_cancel cancel; /* and expire */
        struct gl_rekey rekey;
        struct gl_ruling ruling;
        struct gl_snapshot snap; /* begin and end */
    } body;
};

/* The `data` of a feed message and back, checked: the collection of the topic must be the collection inside. */
int gl_feed_record_from_json(const json_t *data, struct gl_feed_record *ret, struct gl_error *err) GL_MUST_USE;
void gl_feed_record_to_json(const struct gl_feed_record *r, struct gl_buf *out);
void gl_feed_record_pack(const struct gl_feed_record *r, struct gl_buf *out);
int gl_feed_record_unpack(struct gl_cursor *c, struct gl_feed_record *ret) GL_MUST_USE;

/* A record that was refused on its way, with what could still be read of it. */
struct gl_feed_refused {
    uint8_t collection;  /* enum gl_collection */
    char epoch[41];      /* "" when it could not be read */
    int64_t seq;         /* GL_INT_NULL when it could not be read */
    uint8_t op;          /* enum gl_feed_op; NONE when it could not be read */
    char snapshot[41];   /* the snapshot that it belongs to; "" = none */
    struct gl_ref ref;   /* what it speaks of, canonical; value "" when that could not be read */
    struct gl_ref was;   /* what else it concerns: the reference before a re-key, a declaration's LRN; value "" = nothing */
    GL_BYTES(32) digest; /* of a snapshot's record */
    char reason[201];
};
extern const struct gl_fields gl_feed_refused_fields;

/* The same from a whole record. */
void gl_feed_refusal(const struct gl_feed_record *r, const char *reason, struct gl_feed_refused *ret);
/* Whether making void what it speaks of makes it harmless. Not so: look-outs (there nothing known is no safety), a re-key whose other name is not
 * known, and whatever has no reference or no number. */
bool gl_feed_voidable(const struct gl_feed_refused *r);

/* What the record is known by, borrowed from it; NULL for a heartbeat, a snapshot's begin and end, and for what has no meaning. */
const struct gl_ref *gl_feed_record_ref(const struct gl_feed_record *r);

/* Rules that no table can hold: a ref in its canonical form (gl_ref_canonical), split composite identities in means into vehicle and trailers
 * (identifiers.h), refuse means without any usable plate, valid_to before valid_from, a tag that is no EPC or of several plates, ... A tag
 * without a role is a vehicle's. Changes the record in place. */
int gl_feed_record_normalise(struct gl_feed_record *r, struct gl_error *err) GL_MUST_USE;
