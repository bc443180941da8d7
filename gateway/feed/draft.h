/* One table for each foreign format: which element becomes which field. A reader of documents (xml.h, json_paths.h) tells elements by their
 * paths; the tables of the format fill a draft; what is drafted goes on as a record of the feed, checked like any other.
 *
 * How to add a format: write gateway/feed/formats/NAME.c with a struct gl_format and its tables, declare it in formats/formats.h, and give it its
 * line in the table of import.c. Its head comment says which element becomes which field, and what is not taken.
 *
 *     messages  what a document can be: its root, what it does, what it owes, and where in it a record stands
 *     texts     an element with text: a setter and the place in the draft that it sets
 *     groups    an element with others in it that may repeat: a begin that empties its part of the draft, an end that adds it to the record
 *     finish    what tables cannot say: the record's own reference, its version; runs at the end of each record
 *
 * Paths in tables stand below the message's root, without a leading slash: "Consignment/grossMass"; "" is the root itself. A list's elements
 * repeat the path of the list; of a JSON document the root is "", and so is each element of a list that is a whole document. */
#pragma once
#include "feed/import.h"
#include "feed/json_paths.h"
#include "feed/xml.h"

enum {
    GL_DRAFT_UN = 99,    /* UN numbers of one item */
    GL_DRAFT_NOTHING = 1 /* from finish: no record comes of it, and a note has said why */
};

/* Where means stand in a document. In the record: those at the border, then those of the latest transhipment, which outrank those at departure,
 * which outrank those of house consignments. */
enum gl_stage { GL_STAGE_BORDER, GL_STAGE_TRANSHIPMENT, GL_STAGE_DEPARTURE, GL_STAGE_HOUSE, GL_STAGES };

struct gl_draft;

struct gl_map_text {
    const char *path;
    /* Checks the text and keeps it at offset bytes into the draft; err without the path, which the driver adds. */
    int (*set)(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
    size_t offset, size;
    const void *arg; /* of the setter: a table of codes, the type of a reference; NULL for most */
};

struct gl_map_group {
    const char *path;
    void (*begin)(struct gl_draft *d);
    int (*end)(struct gl_draft *d, uint8_t arg, struct gl_error *err); /* may be NULL */
    uint8_t arg;                                                       /* an office's role, the stage of means */
};

/* Place in a row of texts: a member of the draft, of the declaration, of the movement; or none, where the setter knows. */
#define GL_DRAFTED(m) offsetof(struct gl_draft, m), sizeof(((struct gl_draft *)0)->m), NULL
#define GL_DECLARED(m) GL_DRAFTED(record.body.declaration.m)
#define GL_MOVED(m) GL_DRAFTED(record.body.movement.m)
#define GL_WHOLE 0, 0, NULL
#define GL_CODED(m, codes) offsetof(struct gl_draft, m), sizeof(((struct gl_draft *)0)->m), (codes)

/* What a document with this root is. The draft of a cancel, rekey or control is a declaration or movement like any other; gl_draft_cancel() and
 * its like, called in finish, make of it what it is. */
struct gl_message {
    const char *root;   /* "/CC015C"; "" in JSON */
    const char *record; /* path below the root of the group that is one record; "" = the root is */
    uint8_t collection; /* enum gl_collection: movements or declarations */
    uint8_t op;         /* enum gl_feed_op; GL_OP_NONE: recognised, and nothing is to be loaded */
    uint8_t state;      /* of the record before anything is read */
    bool many;          /* several records: a bad one is told and the others go on. Else the document is good or bad as a whole */
    uint32_t owes;      /* for finish: bits of the format's own */
    const char *note;   /* of GL_OP_NONE: what it is and why it loads nothing */
};

typedef int gl_document_reader(const void *bytes, size_t len, const struct gl_xml_events *events, void *user,
                               struct gl_xml_place *where, struct gl_error *err);
typedef bool gl_document_claim(const struct gl_json_shape *shape);

struct gl_format {
    const char *name;          /* as people call it: "NCTS" */
    gl_document_reader *read;  /* gl_xml_read, gl_json_read */
    gl_document_claim *claims; /* JSON: is a document that begins so of this format? XML: NULL, the roots tell */
    const struct gl_message *messages;
    size_t n_messages; /* JSON: one, with the root "" */
    const struct gl_map_text *texts;
    size_t n_texts;
    const struct gl_map_group *groups;
    size_t n_groups;
    /* At the end of each record, its means in place: fills ref, version, as_of and what else is owed. 0, GL_DRAFT_NOTHING or negative; with
     * gl_draft_missing() when an element is missing. */
    int (*finish)(struct gl_draft *d, struct gl_error *err);
    /* Reads the same document once more, for its records of another kind; not when the document could not be read to its end. NULL = none. */
    const struct gl_format *also;
};

/* Large (about 170 kB): heap only. */
struct gl_draft {
    const struct gl_format *format;
    const struct gl_import_options *options; /* never NULL */
    const struct gl_import_sink *sink;
    const struct gl_message *message;
    size_t root_len;

    /* Of the whole document; emptied where it begins. */
    struct {
        int64_t prepared; /* wall; 0 = not said */
        char type[24];
        char sender[GL_REF];
    } head;

    /* Of one record; all of the rest is emptied where it begins (masses are GL_INT_NULL, times and the version 0). */
    struct gl_feed_record record; /* body: .declaration or .movement */
    struct {
        uint16_t n;
        struct gl_means m[GL_MAX_MEANS];
    } stage[GL_STAGES];
    uint32_t left_out; /* documents for which there is no room: a note tells */
    bool transhipped;  /* gl_means_end_latest() saw something, be it no road vehicle */
    char mrn[GL_REF], lrn[GL_REF], holder[GL_REF], carnet[GL_REF];
    int64_t version, updated;        /* updated: a time */
    int64_t house_gross, item_gross; /* sums in grams, of what end functions saw; GL_INT_NULL = nothing seen */
    struct {
        uint8_t decision, kind;   /* tri; whatever a table of codes gives */
        bool physical, documents; /* a control that touches the goods; papers are asked for */
        char code[12], type[12];
    } control;
    char spare[8][GL_REF]; /* texts of the format's own */

    /* The group being read; emptied by its begin. */
    struct {
        uint8_t role; /* of means without a type of identification */
        char type[8], plate[GL_IDENTITY], country[GL_COUNTRY];
    } means;
    struct gl_equipment equipment;
    struct gl_office office;
    struct {
        char hs[12], cn[8];
        int64_t gross;
        uint16_t n_un;
        char un[GL_DRAFT_UN][6];
    } item;
    struct {
        char type[12], ref[GL_REF];
        bool too_long;
        uint8_t required; /* tri */
    } document;
    struct gl_ref reference;

    /* The driver's own. */
    bool inside, skipping; /* in a record; over the rest of a bad one */
    uint64_t n_records;    /* begun so far */
    int bad, fatal;        /* refused so far; what sink->record() answered when it ended the import */
    struct gl_xml_place *where;
    char missing[160]; /* path below the root that gl_draft_missing() named */
};

/* ---- setters (draft_set.c) -------------------------------------------------------------------------------------------------------------- */

/* char[size], once: a second text in the same record or group is refused, and so is a longer one. */
int gl_set_text(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
/* The same, where the first counts and others are passed over. */
int gl_set_first(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
/* int64_t wall time, once: "2026-05-04T10:11:00", seconds optional, a zone behind it or not. Without a zone it is UTC (gl_set_time_utc), or
 * local time of the zone that the options name, and refused when they name none (gl_set_time_local). */
int gl_set_time_utc(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
int gl_set_time_local(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
/* int64_t wall time, once: of a date, the end of that day, UTC or in the zone behind it. */
int gl_set_day_end(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
/* int64_t grams, once: kilograms with any decimals, to the nearest gram. */
int gl_set_mass(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
/* int64_t that is 0 before, once: a decimal number from 0. */
int gl_set_number(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
/* uint8_t tri: true, false, 1, 0. */
int gl_set_tri(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
/* char[GL_COUNTRY], once: two letters of ISO 3166, or the distinguishing sign on the vehicle ("D", "SRB", "UK"). What is neither is refused: a
 * plate whose country is wrong must not stand for one of every country. */
int gl_set_country(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
/* uint8_t by t->arg, a table of struct gl_code that ends with a NULL code; a code "*" there stands for every other text, which is else refused. */
int gl_set_code(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
struct gl_code {
    const char *code;
    uint8_t value;
};
/* bool: true because the element is there. */
int gl_set_seen(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);

/* Those that add at once; GL_WHOLE in the row. */
int gl_set_seal(struct gl_draft *d, const struct gl_map_text *t, const char *text,
                struct gl_error *err); /* to the equipment being read */
int gl_set_un(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err); /* to the item being read */
int gl_set_vehicle(struct gl_draft *d, const struct gl_map_text *t, const char *text,
                   struct gl_error *err); /* a plate; stage departure */
int gl_set_trailer(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err);
int gl_set_container(struct gl_draft *d, const struct gl_map_text *t, const char *text,
                     struct gl_error *err); /* movement or declaration */
int gl_set_reference(struct gl_draft *d, const struct gl_map_text *t, const char *text,
                     struct gl_error *err); /* movement; arg: its type */

/* A local or universal time; has_zone tells which it was. For setters of a format's own. */
int gl_draft_time(const struct gl_draft *d, const char *text, bool local, int64_t *ret, struct gl_error *err) GL_MUST_USE;
/* The same for readers without a draft (CSV). */
int gl_import_time(const struct gl_import_options *options, const char *text, bool local, int64_t *ret,
                   struct gl_error *err) GL_MUST_USE;
/* A time that orders records: -EBADMSG when it lies ahead of the time of reading by more than GL_IMPORT_AHEAD_MS. */
int gl_import_ordering(const struct gl_import_options *options, int64_t at, struct gl_error *err) GL_MUST_USE;
/* ISO 3166 alpha-2 of a country's code or distinguishing sign, "" when it is neither. */
void gl_country_of(const char *text, char ret[GL_COUNTRY]);

/* ---- groups (draft_groups.c) ------------------------------------------------------------------------------------------------------------ */

/* means.{type,plate,country}; end's arg: enum gl_stage. With a type of identification, 30 is a vehicle and 31 a trailer and all others nothing
 * that a lane can see; without one: nothing (gl_means_begin), a vehicle, a trailer. Plates that stand there already are not doubled. */
void gl_means_begin(struct gl_draft *d);
void gl_vehicle_begin(struct gl_draft *d);
void gl_trailer_begin(struct gl_draft *d);
int gl_means_end(struct gl_draft *d, uint8_t stage, struct gl_error *err);
/* The same, and what the stage had before is gone: the latest counts. Whatever it is, the stages behind it are outranked. */
int gl_means_end_latest(struct gl_draft *d, uint8_t stage, struct gl_error *err);

void gl_equipment_begin(struct gl_draft *d); /* equipment.container, gl_set_seal */
int gl_equipment_end(struct gl_draft *d, uint8_t arg, struct gl_error *err);
void gl_office_begin(struct gl_draft *d); /* office.{office,eta}; end's arg: enum gl_office_role */
int gl_office_end(struct gl_draft *d, uint8_t role, struct gl_error *err);
void gl_item_begin(struct gl_draft *d); /* item.{hs,cn,gross}, gl_set_un */
int gl_item_end(struct gl_draft *d, uint8_t arg, struct gl_error *err);
void gl_document_begin(struct gl_draft *d); /* document.{type,ref,required}; a ref that is too long is left out */
int gl_document_end(struct gl_draft *d, uint8_t arg, struct gl_error *err);
int gl_set_document_ref(struct gl_draft *d, const struct gl_map_text *t, const char *text, struct gl_error *err); /* GL_WHOLE */
void gl_reference_begin(struct gl_draft *d); /* reference.{type,value}: a declaration of the movement */
int gl_reference_end(struct gl_draft *d, uint8_t arg, struct gl_error *err);

/* For finish and ends of a format's own. Each adds once what is there already; -E2BIG when there is no more room. */
int gl_draft_add_means(struct gl_draft *d, uint8_t stage, uint8_t role, const char *plate, const char *country,
                       struct gl_error *err);
int gl_draft_add_reference(struct gl_draft *d, const char *type, const char *value, struct gl_error *err);
void gl_draft_add_document(struct gl_draft *d, const char *type, const char *ref,
                           uint8_t required); /* as far as there is room; a note tells what is left out */

/* ---- for finish (draft.c, draft_groups.c) ---------------------------------------------------------------------------------------------------- */

/* The record's reference and version (and as_of, the wall time or 0). -EBADMSG when the value does not fit, or as_of
 * is still to come. */
int gl_draft_name(struct gl_draft *d, const char *type, const char *value, int64_t version, int64_t as_of,
                  struct gl_error *err) GL_MUST_USE;
/* "missing; the message needs it", at this path below the root (or below the record, where there are many). -EBADMSG. */
int gl_draft_missing(struct gl_draft *d, const char *path, struct gl_error *err);
/* Tells something that the user should know about a record that is taken, or about one that is not. */
void gl_draft_note(struct gl_draft *d, const char *fmt, ...) GL_PRINTF(2, 3);
/* After gl_draft_name(): the draft becomes a cancel; a rekey from another reference; a control with what it has of state, control (or channel)
 * and documents (the first 16; required as they say). */
void gl_draft_cancel(struct gl_draft *d);
int gl_draft_rekey(struct gl_draft *d, const char *type, const char *was, struct gl_error *err) GL_MUST_USE;
void gl_draft_control(struct gl_draft *d);

/* ---- the driver (draft.c) --------------------------------------------------------------------------------------------------------------- */

/* One document of a known format. 0 = all good; positive: that many records were refused, each told to sink->bad(); negative: out of memory, or
 * what sink->record() returned. */
int gl_draft_import(const struct gl_format *f, const uint8_t *bytes, size_t len, const struct gl_import_options *options,
                    const struct gl_import_sink *sink, struct gl_error *err) GL_MUST_USE;

/* The message of a root, or NULL. */
const struct gl_message *gl_format_message(const struct gl_format *f, const char *root);

/* For readers with a way of their own (CSV): the driver as events. where is the reader's: its line is told with what is refused, and may be kept
 * up to date while it reads. A document is opened, and closed after its last event; gl_draft_close() returns as gl_draft_import(). */
struct gl_draft *gl_draft_open(const struct gl_format *f, const struct gl_import_options *options,
                               const struct gl_import_sink *sink, struct gl_xml_place *where); /* NULL: out of memory */
extern const struct gl_xml_events gl_draft_events;                                             /* their user is the draft */
/* rc, why: how the reading ended. */
int gl_draft_close(struct gl_draft *d, int rc, const struct gl_error *why, struct gl_error *err);
