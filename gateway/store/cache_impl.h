/* What the files of the cache share: its queries and its handle. */
#pragma once
#include "store/cache.h"
#include "store/db.h"

enum {
    CACHE_FIND_MOVEMENT,
    CACHE_FIND_DECLARATION,
    CACHE_FIND_TAG, /* by reference: id, version, state */
    CACHE_PUT_MOVEMENT,
    CACHE_PUT_DECLARATION,
    CACHE_PUT_TAG,
    CACHE_CANCEL_MOVEMENT,
    CACHE_CANCEL_DECLARATION,
    CACHE_CANCEL_TAG, /* the state and version alone */
    CACHE_DROP_LISTED,
    CACHE_DROP_MEANS,
    CACHE_DROP_EQUIPMENT,
    CACHE_DROP_SEALS,
    CACHE_DROP_GOODS,
    CACHE_DROP_OFFICES,
    CACHE_DROP_DOCUMENTS,
    CACHE_DROP_IDENTIFIERS,
    CACHE_PUT_LISTED,
    CACHE_PUT_MEANS,
    CACHE_PUT_EQUIPMENT,
    CACHE_PUT_SEAL,
    CACHE_PUT_GOODS,
    CACHE_PUT_OFFICE,
    CACHE_PUT_DOCUMENT,
    CACHE_PUT_IDENTIFIER,
    CACHE_RETIRE_IDENTIFIERS,
    CACHE_LOOKUP,
    CACHE_GET_MOVEMENT,
    CACHE_GET_DECLARATION,
    CACHE_GET_TAG,
    CACHE_GET_LISTED,
    CACHE_GET_MEANS,
    CACHE_GET_CONTAINERS,
    CACHE_GET_FEED,
    CACHE_GET_HELD,
    CACHE_PUT_FEED,
    CACHE_DROP_HELD,
    CACHE_PUT_HELD,
    CACHE_PUT_QUARANTINE,
    CACHE_TRIM_QUARANTINE,
    CACHE_COUNT_MOVEMENTS,
    CACHE_COUNT_DECLARATIONS,
    CACHE_COUNT_TAGS,
    CACHE_QUERIES
};

/* Whose a row of means, equipment, seal or identifier is; the same numbers as the collections. */
enum { OWNER_MOVEMENT = GL_COLLECTION_MOVEMENTS, OWNER_DECLARATION = GL_COLLECTION_DECLARATIONS };

enum {
    QUARANTINE_KEPT = 10000,
    ROLE_OWN = 0,
    ROLE_LISTED = 1,                      /* of a reference in `identifier`; a plate's is its enum gl_role */
    VEHICLE_ITSELF = -1,                  /* stands for the equipment of a movement's seals */
    IDENTIFIER_KEY = GL_REF_TYPE + GL_REF /* "type:value" */
};

extern const struct gl_store_kind gl_cache_kind;

/* One record or declaration that a key met. */
struct cache_hit {
    int64_t id;
    uint8_t owner, by;
    bool dead;
};

enum { CACHE_HITS_PER_KEY = 300, CACHE_HITS = 1024 };

struct gl_cache {
    struct gl_db db;
    bool counted; /* records[] is right */
    int64_t records[GL_COLLECTIONS];
    bool epochs_known;              /* epoch[] is right */
    char epoch[GL_COLLECTIONS][41]; /* what each collection's feed is at */
    size_t n_hits;
    struct cache_hit hits[CACHE_HITS]; /* of the look-up in progress */
};

/* A look-up in progress. */
struct cache_lookup {
    struct gl_cache *c;
    struct gl_answer *a;
    struct gl_error *err;
    bool alive; /* what is being found or loaded is alive: to leave out a part of it is a loss */
};
void gl_cache_left_out(struct cache_lookup *l);

/* Its first step: c->hits[] and a->tags[] from the keys; one hit for each movement and declaration, with all the ways in which it was found. */
int gl_cache_search(struct cache_lookup *l, const struct gl_query *q) GL_MUST_USE;

/* The key of a container as it stands in `identifier`: canonical when it is an ISO 6346 number, else as typed. */
int gl_cache_container_key(const char *typed, char key[IDENTIFIER_KEY]) GL_MUST_USE;

/* Reads c->epoch[] when a rollback or the start has left it unknown. */
int gl_cache_know_epochs(struct gl_cache *c, struct gl_error *err) GL_MUST_USE;

/* True when the feed of a collection has begun anew since the record came, and has not sent it again: a cancellation may have been lost. */
bool gl_cache_is_void(const struct gl_cache *c, enum gl_collection which, const char *epoch);

/* True for what a new crossing does not lean on: such candidates come last, and leaving them out is no loss. */
bool gl_cache_movement_dead(uint8_t state);
bool gl_cache_declaration_dead(uint8_t state);
