/* What the core asks the cache about a passage, and what it is told. The answer is journalled beside the decision that leaned on it. */
#pragma once
#include "model/happened.h"
#include "model/plates.h"

enum { GL_KEY_TEXT = GL_EPC }; /* the longest text of a key */
enum gl_key_kind { GL_KEY_NONE, GL_KEY_VEHICLE, GL_KEY_TRAILER, GL_KEY_CONTAINER, GL_KEY_REFERENCE, GL_KEY_TAG };

struct gl_key {
    uint8_t kind;           /* enum gl_key_kind */
    char type[GL_REF_TYPE]; /* GL_KEY_REFERENCE: "mrn", "gmr", ... */
    char text[GL_KEY_TEXT]; /* canonical: gl_plate_keys(), gl_ref_canonical(); a tag's EPC */
    char tid[GL_TID];       /* GL_KEY_TAG: as much of its TID as was read; "" = none */
};

enum {
    GL_MAX_KEYS = 24,
    GL_MAX_TAGS = 8,
    GL_MAX_ANSWER_LOOKOUTS = 16,
    GL_MAX_ANSWER_SEALS = 128,
    GL_MAX_ANSWER_MOVEMENTS = 8,
    GL_MAX_ANSWER_DECLARATIONS = 256,
    GL_MAX_ANSWER_MEANS = 8
};

struct gl_query {
    char passage[GL_UUID];
    bool review;   /* of a passage that was decided, not of one that stands here */
    uint16_t lane; /* index in the configuration */
    uint16_t n_keys;
    struct gl_key keys[GL_MAX_KEYS];
};

/* How a candidate was found; or-ed. */
enum gl_by {
    GL_BY_PLATE = 1,   /* a vehicle key met means of role vehicle or unknown */
    GL_BY_SWAP = 2,    /* a vehicle key met means of role trailer */
    GL_BY_TRAILER = 4, /* a trailer key met means of role trailer */
    GL_BY_CONTAINER = 8,
    GL_BY_REFERENCE = 16, /* its own reference, or that of one of its declarations */
    GL_BY_TAG = 64        /* a tag's registered plate met means of role vehicle or unknown */
};

/* That a movement was used lives in the journal, so no snapshot can erase it. */
enum gl_use { GL_USE_NONE, GL_USE_RESERVED, GL_USE_CONSUMED };

struct gl_answer_means {
    uint8_t role;
    char plate[GL_IDENTITY];
    char country[GL_COUNTRY];
};

struct gl_answer_movement {
    struct gl_ref ref;
    int64_t version;
    uint8_t kind, state, channel, direction;
    int64_t lodged_at, eta, valid_from, valid_to;
    uint8_t by;
    uint8_t use;
    char used_by[GL_UUID]; /* the passage that reserved or consumed it */
    uint16_t n_means;
    struct gl_answer_means means[GL_MAX_ANSWER_MEANS];
    uint16_t n_containers;
    char containers[GL_MAX_CONTAINERS][18];
    uint16_t n_declarations; /* how many it lists */
};

struct gl_answer_declaration {
    struct gl_ref ref;
    bool received; /* false: a movement lists it, but the cache has it not */
    int64_t version;
    uint8_t state;
    uint8_t control;      /* enum gl_channel_decision */
    char type[12];        /* as declared: "T1", "IM4", ...; "" = not said */
    char destination[18]; /* a transit's office of destination; "" = none named, or no transit ("T...") */
    int64_t lodged_at, valid_to;
    uint16_t n_wanted;        /* documents that are asked for (required: true) and not presented with it (no ref) */
    char wanted[4][12];       /* the types of the first of them */
    char eori[18];            /* of its trader; "" = none named */
    uint8_t trader;           /* enum gl_trader_state as the feed of traders says; NONE = it does not know him */
    bool aeo;                 /* he is authorised at all */
    int64_t aeo_from, aeo_to; /* and for how long; 0 = no such limit */
    uint8_t by;
    uint8_t listed_by; /* bit i: movement i of the answer lists it; 0 = found by itself */
    uint8_t use;       /* for declarations found by themselves */
    char used_by[GL_UUID];
    uint16_t n_means;
    struct gl_answer_means means[GL_MAX_ANSWER_MEANS];
    uint16_t n_containers;
    char containers[8][18];
};

/* What the registry says of a tag that was asked about: by its TID, which only its maker can write, where that is registered; else by its EPC. */
struct gl_answer_tag {
    char epc[GL_EPC], tid[GL_TID]; /* as asked */
    bool registered;               /* false: the registry does not know it; the rest is then empty */
    uint8_t state;                 /* enum gl_tag_state */
    int64_t valid_to;
    uint8_t role; /* whose plate it stands for: vehicle or trailer */
    char plate[GL_IDENTITY];
    char country[GL_COUNTRY];
    char seal[36],
        key[36];        /* a seal's number as registered, and in the one spelling in which seals are compared; "" = no seal's tag */
    char container[18]; /* that the seal was put on; "" = not said */
    struct gl_ref on;   /* the movement or declaration that it was put on for, by its present name; value "" = not said */
};

/* A seal that a movement or a declaration of the answer declares, and one registered tag of that number: a number may have several. */
struct gl_answer_seal {
    char seal[36], key[36]; /* as declared, and as seals are compared */
    uint8_t in_movements;   /* bit i: movement i of the answer declares it */
    struct gl_ref in;       /* a declaration of the answer does; "" = none */
    uint8_t state;          /* enum gl_tag_state of that tag; the rest is its, too */
    int64_t valid_to;
    char container[18];
    struct gl_ref on;
};

/* Something that is looked for, and was read, or stands in what was lodged: whether it holds now (valid_from, valid_to) is for the rules to say. */
struct gl_answer_lookout {
    struct gl_ref ref;
    uint8_t what; /* enum gl_sought */
    char text[GL_REF];
    char country[GL_COUNTRY];
    int64_t valid_from, valid_to;
    uint8_t action; /* enum gl_channel_decision */
    bool silent;
    char reason[81];
    bool read;            /* a key of the query is it; else it stands in what was lodged: */
    uint8_t in_movements; /* bit i: movement i of the answer holds it */
    struct gl_ref in;     /* a declaration of the answer holds it; "" = none does */
};

/* Large (about 350 kB): one per process, on the heap. */
struct gl_answer {
    char passage[GL_UUID];
    bool review; /* as in the query */
    uint16_t lane;
    bool failed;     /* the cache could not answer: never a release */
    bool truncated;  /* more candidates, declarations, means or containers than fit: never a release */
    uint16_t n_tags; /* one for each tag key of the query, in its order */
    struct gl_answer_tag tags[GL_MAX_TAGS];
    uint16_t n_seals; /* more than fit: truncated */
    struct gl_answer_seal seals[GL_MAX_ANSWER_SEALS];
    uint16_t n_lookouts; /* active ones alone; more than fit: truncated */
    struct gl_answer_lookout lookouts[GL_MAX_ANSWER_LOOKOUTS];
    uint16_t n_movements;
    struct gl_answer_movement movements[GL_MAX_ANSWER_MOVEMENTS];
    uint16_t n_declarations;
    struct gl_answer_declaration declarations[GL_MAX_ANSWER_DECLARATIONS];
};
