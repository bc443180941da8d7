/* What the files of the cache share: its handle, the words about a record, and what each collection has of its own.
 *
 *     cache.c              the handle, its transactions, counts         cache_feed.c        the feed's bookkeeping, the epochs
 *     cache_files.c        folders and files; what is built aside       cache_quarantine.c  what was refused
 *     cache_apply.c        writing one record                           cache_search.c      a look-up: from keys to hits
 *     cache_words.c        what stands beside a record                  cache_lookup.c      a look-up: from hits to the answer
 *     cache_alias.c        references that have become others           cache_sought.c      a look-up: who is looked for
 *     cache_lodged.c       what movements and declarations share        cache_tidy.c        purge and dump
 *     cache_asked.c        documents that controls ask for          cache_sql.h         DDL and queries that files share
 *     cache_seals.c        a look-up: which seals have tags
 *     cache_movements.c, cache_declarations.c, cache_tags.c, cache_lookouts.c, cache_traders.c   one collection each */
#pragma once
#include "store/cache.h"
#include "store/db.h"

enum { /* queries that every collection has, in this order: cache_sql.h */
       CACHE_FIND,
       CACHE_ADD,
       CACHE_SETTLE,
       CACHE_DELETE,
       CACHE_GET_WORDS,
       CACHE_PUT_WORD,
       CACHE_DROP_WORDS,
       CACHE_COUNT,
       CACHE_COUNT_WAITING,
       CACHE_WALK,
       CACHE_LIST,
       CACHE_GET_FEED,
       CACHE_PUT_FEED,
       CACHE_GET_HELD,
       CACHE_PUT_HELD,
       CACHE_DROP_HELD,
       CACHE_SHARED
};

enum { /* then those that movements and declarations have */
       LODGED_LOOKUP = CACHE_SHARED,
       LODGED_PUT_IDENTIFIER,
       LODGED_RETIRE,
       LODGED_DROP_IDENTIFIERS,
       LODGED_PUT_MEANS,
       LODGED_GET_MEANS,
       LODGED_DROP_MEANS,
       LODGED_PUT_EQUIPMENT,
       LODGED_GET_EQUIPMENT,
       LODGED_DROP_EQUIPMENT,
       LODGED_PUT_SEAL,
       LODGED_GET_SEALS,
       LODGED_DROP_SEALS,
       LODGED_RENAME,
       LODGED_UNNAME,
       LODGED_GET_ALIAS,
       LODGED_GET_NAMES,
       LODGED_PUT_ALIAS,
       LODGED_DROP_ALIASES,
       LODGED_ANY_ALIAS,
       LODGED_SHARED
};

enum { /* then its own */
       MOVEMENT_PUT = LODGED_SHARED,
       MOVEMENT_EFFECT,
       MOVEMENT_ANSWER,
       MOVEMENT_READ,
       MOVEMENT_PUT_LISTED,
       MOVEMENT_GET_LISTED,
       MOVEMENT_DROP_LISTED,
       MOVEMENT_QUERIES
};
enum {
    DECLARATION_PUT = LODGED_SHARED,
    DECLARATION_EFFECT,
    DECLARATION_ANSWER,
    DECLARATION_ANSWER_REF,
    DECLARATION_READ,
    DECLARATION_PUT_GOODS,
    DECLARATION_GET_GOODS,
    DECLARATION_DROP_GOODS,
    DECLARATION_PUT_OFFICE,
    DECLARATION_GET_OFFICES,
    DECLARATION_GET_DESTINATION,
    DECLARATION_DROP_OFFICES,
    DECLARATION_PUT_DOCUMENT,
    DECLARATION_GET_DOCUMENTS,
    DECLARATION_DROP_DOCUMENTS,
    DECLARATION_PUT_ASKED,
    DECLARATION_GET_ASKED,
    DECLARATION_DROP_ASKED,
    DECLARATION_GET_WANTED,
    DECLARATION_QUERIES
};
enum { TAG_PUT = CACHE_SHARED, TAG_ANSWER, TAG_READ, TAG_SEALED, TAG_ANY_SEAL, TAG_QUERIES };
enum { LOOKOUT_PUT = CACHE_SHARED, LOOKOUT_READ, LOOKOUT_PUT_KEY, LOOKOUT_DROP_KEYS, LOOKOUT_SEARCH, LOOKOUT_ANY, LOOKOUT_QUERIES };
enum { TRADER_PUT = CACHE_SHARED, TRADER_ANSWER, TRADER_READ, TRADER_QUERIES };
enum { QUARANTINE_PUT, QUARANTINE_TRIM, QUARANTINE_LIST, QUARANTINE_COUNT, QUARANTINE_QUERIES };

enum {
    QUARANTINE_KEPT = 10000,
    ROLE_OWN = 0,
    ROLE_LISTED = 1,                      /* of a reference in `identifier`; a plate's is its enum gl_role */
    VEHICLE_ITSELF = -1,                  /* stands for the equipment of a movement's seals */
    IDENTIFIER_KEY = GL_REF_TYPE + GL_REF /* "type:value" */
};

extern const struct gl_store_kind gl_cache_quarantine_kind, gl_cache_movements_kind, gl_cache_declarations_kind, gl_cache_tags_kind,
    gl_cache_lookouts_kind, gl_cache_traders_kind;
#define CACHE_ADVICE "delete it, the feed fills a new one"

/* When a word was said, as far as the feed tells. */
struct cache_stamp {
    char epoch[41];  /* "" = from a file */
    int64_t seq;     /* 0 = not numbered */
    int64_t version; /* GL_INT_NULL = it names none */
};

/* What is said about a record beside its last upsert, each by itself, so that the order in which they come does not matter. One that
 * is older than the upsert is not kept. */
enum {
    WORD_NONE,
    WORD_END /* cancelled, expired */,
    WORD_VOID /* a record was refused */,
    WORD_STATE,
    WORD_CONTROL,
    WORD_ASKED,
    WORDS
};
struct cache_word {
    bool there;
    struct cache_stamp stamp;
    uint8_t value; /* a state or a channel */
    char type[12]; /* of a control */
};

struct cache_row {
    int64_t id;               /* GL_INT_NULL = there is none */
    struct cache_stamp stamp; /* of its last upsert */
    bool content;             /* an upsert has come */
    bool standing;            /* it counts as received */
    bool worded;              /* rows of word[] are in the file */
    uint8_t own_state;        /* as the upsert says */
    struct cache_word word[WORDS];
};

/* One record's writing. */
struct cache_writing {
    struct gl_cache *c;
    struct gl_db *db;
    const struct cache_kind *kind;
    uint8_t which; /* enum gl_collection */
    const struct gl_feed_record *r;
    struct gl_ref ref; /* what the record is known by now */
    struct cache_stamp stamp;
    const char *present; /* the epoch in force */
    struct cache_row row;
    bool dead;
    int64_t now;
    struct gl_error *err;
};

/* What a collection has of its own. */
struct cache_kind {
    const struct gl_store_kind *store;
    uint8_t cancelled, expired; /* the states that a cancel and an expire leave */
    bool (*dead)(uint8_t state);
    int (*check)(struct cache_writing *w);            /* an upsert, before anything is written; fills c->keys */
    int (*put)(struct cache_writing *w);              /* an upsert: the row, whose id it learns, and what belongs to it */
    int (*name)(struct cache_writing *w);             /* makes a row findable by its reference; NULL = it is by itself */
    int (*effect)(struct cache_writing *w);           /* what the words change beside the state, and w->dead */
    int (*drop)(struct cache_writing *w, int64_t id); /* what belongs to a row */
    int (*read)(struct gl_cache *c, int64_t id, struct gl_feed_record *ret, struct gl_error *err); /* the body, as told */
};
extern const struct cache_kind gl_cache_movements, gl_cache_declarations, gl_cache_tags, gl_cache_lookouts, gl_cache_traders;
extern const struct cache_kind *const gl_cache_kinds[GL_COLLECTIONS]; /* cache.c; NULL for none */

/* A movement or declaration that a key met. */
struct cache_hit {
    int64_t id;
    uint8_t owner, by;
    bool dead;
};

enum { CACHE_HITS_PER_KEY = 300, CACHE_HITS = 1024, CACHE_NAMES = 1 + GL_FORMER, CACHE_ALIASES_DEEP = 4 };

struct gl_cache {
    char *dir;     /* ":memory:" */
    uint8_t aside; /* of an aside: its collection; else NONE */
    struct gl_store_kind aside_kind;
    int64_t unsaved;                 /* of an aside: records since its last commit */
    bool gone;                       /* a switch has failed half-way: nothing is answered any more */
    struct gl_db db[GL_COLLECTIONS]; /* [NONE]: quarantine.db */
    int64_t records[GL_COLLECTIONS]; /* valid when `counted` */
    char epoch[GL_COLLECTIONS][41];  /* what each collection's feed is at; valid when `told` */
    char left[GL_COLLECTIONS][41];   /* and what it was at before */
    bool counted[GL_COLLECTIONS], told[GL_COLLECTIONS];
    bool aliased[GL_COLLECTIONS], aliases_known[GL_COLLECTIONS]; /* there may be aliases */
    bool sought[GL_SOUGHT_HOLDER + 1], sought_known;             /* somebody looks for such a thing */
    bool seals, seals_known;                                     /* the registry knows seals */
    struct gl_plate_keys keys[GL_MAX_MEANS];                     /* of the record in progress */
    size_t n_hits;
    struct cache_hit hits[CACHE_HITS]; /* of the look-up in progress */
};

/* cache.c */
int gl_cache_ready(struct gl_cache *c, enum gl_collection which, struct gl_error *err) GL_MUST_USE;
void gl_cache_forget(struct gl_cache *c, enum gl_collection which); /* what is remembered of a file that may have changed */

/* cache_files.c: what an aside has left to the kernel to be written */
void gl_cache_write_back(const struct gl_cache *aside);

/* cache_feed.c: reads c->epoch[] when it is not known */
int gl_cache_know_epoch(struct gl_cache *c, enum gl_collection which, struct gl_error *err) GL_MUST_USE;
/* True when the feed of a collection has begun anew since the record came, and has not sent it again: a cancellation may have been lost. */
bool gl_cache_is_void(const struct gl_cache *c, enum gl_collection which, const char *epoch);

/* cache_words.c. Orders what comes now against what is there: negative = it was said before that, and changes nothing. */
int gl_cache_compare(const struct cache_writing *w, const struct cache_stamp *now, const struct cache_stamp *there);
int gl_cache_load_row(struct cache_writing *w, const struct gl_ref *ref, struct cache_row *ret) GL_MUST_USE;
int gl_cache_add_row(struct cache_writing *w) GL_MUST_USE; /* w->row, of which nothing but a reference is known yet */
/* Writes the words of w->row and what follows from them. stood: whether the record counted before. */
int gl_cache_settle(struct cache_writing *w, bool stood) GL_MUST_USE;
/* The row's upsert becomes one that anything of this epoch replaces. */
void gl_cache_restamp(struct cache_writing *w);
/* The shared part of an upsert's row: 9 parameters of the query. */
struct gl_rows gl_cache_put_row(struct cache_writing *w, unsigned query, uint8_t state, int64_t valid_to);
int gl_cache_run_row(struct cache_writing *w, struct gl_rows *q) GL_MUST_USE; /* runs it; w->row has its id */

/* cache_alias.c. -ELOOP: they lead in a circle, or on and on. present: the epoch in force, aliases of others are not followed. */
int gl_cache_resolve(struct gl_cache *c, enum gl_collection which, const struct gl_ref *ref, const char *present,
                     struct gl_ref *ret, struct gl_error *err) GL_MUST_USE;
int gl_cache_any_alias(struct gl_cache *c, enum gl_collection which, bool *ret, struct gl_error *err) GL_MUST_USE;
/* names[0], and what leads to it; *n may say that there are more than CACHE_NAMES. */
int gl_cache_names(struct gl_cache *c, enum gl_collection which, struct gl_ref names[CACHE_NAMES], size_t *n,
                   struct gl_error *err) GL_MUST_USE;
/* From now on `was` is `ref`, with its record. */
int gl_cache_rekey(struct cache_writing *w, const struct gl_ref *was, const struct gl_ref *ref, enum gl_applied *ret) GL_MUST_USE;
/* A record says that it was `was` before. Where another one says so too, nobody can tell, and `was` leads nowhere until it is re-keyed in so many words. */
int gl_cache_claim(struct cache_writing *w, const struct gl_ref *was, const struct gl_ref *ref) GL_MUST_USE;

/* cache_lodged.c */
struct gl_rows gl_cache_numbered(struct cache_writing *w, unsigned query, size_t n); /* a query that begins with id and number */
int gl_cache_check_means(struct cache_writing *w, const struct gl_means *means, size_t n) GL_MUST_USE;
int gl_cache_put_means(struct cache_writing *w, const struct gl_means *means, size_t n) GL_MUST_USE;
int gl_cache_put_reference(struct cache_writing *w, const struct gl_ref *ref, uint8_t role) GL_MUST_USE;
int gl_cache_put_equipment(struct cache_writing *w, size_t n, const char *container) GL_MUST_USE;
int gl_cache_put_seal(struct cache_writing *w, int64_t equipment, size_t n, const char *seal) GL_MUST_USE;
int gl_cache_name_lodged(struct cache_writing *w) GL_MUST_USE;
int gl_cache_retire(struct cache_writing *w) GL_MUST_USE; /* its identifiers as dead as it is */
int gl_cache_drop_rows(struct cache_writing *w, int64_t id, const unsigned *queries, size_t n) GL_MUST_USE; /* each takes the id */
int gl_cache_drop_lodged(struct cache_writing *w, int64_t id) GL_MUST_USE;
int gl_cache_read_means(struct gl_db *db, int64_t id, struct gl_means means[GL_MAX_MEANS], uint16_t *n,
                        struct gl_error *err) GL_MUST_USE;
/* The key of a container as it stands in `identifier`: canonical when it is an ISO 6346 number, else as typed. */
int gl_cache_container_key(const char *typed, char key[IDENTIFIER_KEY]) GL_MUST_USE;

/* cache_asked.c */
enum { CACHE_ASKED = GL_MAX_DOCUMENTS };
struct cache_asked {
    struct gl_document document;
    struct cache_stamp stamp;
};
struct cache_asked_list {
    size_t n;
    struct cache_asked of[CACHE_ASKED];
};
int gl_cache_get_asked(struct gl_db *db, int64_t id, struct cache_asked_list *ret, struct gl_error *err) GL_MUST_USE;
int gl_cache_drop_asked(struct cache_writing *w, int64_t id, const struct gl_document *d) GL_MUST_USE;
int gl_cache_check_asked(struct cache_writing *w, const struct gl_ruling *x) GL_MUST_USE; /* -EINVAL: there is no room for them */
int gl_cache_put_asked(struct cache_writing *w, const struct gl_document *d, const struct cache_stamp *stamp,
                       bool *ret) GL_MUST_USE;
int gl_cache_prune_asked(struct cache_writing *w) GL_MUST_USE; /* those that the record in progress replaces */
int gl_cache_move_asked(struct cache_writing *w, int64_t from) GL_MUST_USE;

/* True for what a new crossing does not lean on: such candidates come last, and leaving them out is no loss. */
bool gl_cache_movement_dead(uint8_t state);
bool gl_cache_declaration_dead(uint8_t state);

/* ---- a look-up in progress --------------------------------------------------------------------------------------------------- */

struct cache_lookup {
    struct gl_cache *c;
    struct gl_answer *a;
    struct gl_error *err;
    bool alive;                               /* what is being found or loaded is alive: to leave out a part of it is a loss */
    int64_t lookouts[GL_MAX_ANSWER_LOOKOUTS]; /* the rows of a->lookouts */
};
void gl_cache_left_out(struct cache_lookup *l);

/* Its first step: c->hits[] and a->tags[] from the keys; one hit for each movement and declaration, with all the ways in which it was found. */
int gl_cache_search(struct cache_lookup *l, const struct gl_query *q) GL_MUST_USE;

/* Where something stands that may be sought. */
struct cache_place {
    bool dead; /* what is dead is not sought */
    bool read;
    uint8_t movements;
    const struct gl_ref *in; /* a declaration */
};
int gl_cache_know_sought(struct gl_cache *c, struct gl_error *err) GL_MUST_USE;
int gl_cache_sought_key(struct cache_lookup *l, uint8_t what, const char *key, const struct cache_place *place) GL_MUST_USE;
int gl_cache_sought_plate(struct cache_lookup *l, const char *plate, const struct cache_place *place) GL_MUST_USE;
int gl_cache_sought_seal(struct cache_lookup *l, const char *typed, const struct cache_place *place) GL_MUST_USE;
int gl_cache_seal_key(const char *typed, char key[IDENTIFIER_KEY]) GL_MUST_USE;
/* cache_seals.c: the declared seals of one place, told when the registry knows them */
int gl_cache_know_seals(struct gl_cache *c, struct gl_error *err) GL_MUST_USE;
int gl_cache_take_seal(struct cache_lookup *l, const char *typed, const struct cache_place *place) GL_MUST_USE;
/* What a reference of the registry is known by now. */
int gl_cache_put_on(struct cache_lookup *l, struct gl_ref *on) GL_MUST_USE;
int gl_cache_sought_container(struct cache_lookup *l, const char *typed, const struct cache_place *place) GL_MUST_USE;
