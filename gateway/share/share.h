/* Gate events as systems outside want them. Pure: what is known of a passage goes in, a document in the receiver's own format comes out; no journal,
 * no clock, no I/O. gateway/engine/share.c says when, gateway/daemon/outgoing.c writes the files, docs/share.md tells integrators.
 *
 *     recintos.c   vehicle access and weighing, as JSON, for Brazil's API Recintos
 *     cc007c.c     the arrival of a released transit, as XML, for NCTS phase 5 */
#pragma once
#include "config/config.h"

#define GL_SHARE_STREAM "share/customs"

enum gl_share_kind { GL_SHARE_NONE, GL_SHARE_ACCESS, GL_SHARE_ARRIVAL, GL_SHARE_KINDS };

/* What one kind is called everywhere. */
struct gl_share_form {
    const char *kind;       /* in `data`, and in the file's name: "recintos-access" */
    const char *topic;      /* below greenlane/v1/POST/ */
    const char *type;       /* CloudEvents type */
    const char *schema;     /* file in config/schema/ */
    const char *media_type; /* of the document */
};
extern const struct gl_share_form gl_share_forms[GL_SHARE_KINDS];

struct gl_share_document {
    struct gl_ref ref;
    char type[12];        /* as declared: "T1", "TIR", ...; "" = not known */
    char destination[18]; /* office of destination; "" = none */
};

enum { GL_SHARE_DOCUMENTS = GL_COUNT(((struct gl_match *)0)->declarations) };

/* All that a document is written from. What the gateway does not know is null, and stays out. */
struct gl_share_facts {
    const struct gl_config *config;
    char id[GL_UUID];            /* of the new event */
    char corrects[GL_UUID];      /* the event that it corrects; "" = none */
    int64_t recorded_at;         /* wall: when the event was made */
    struct gl_passage passage;   /* closed, with a confirmed exit */
    bool decided;                /* decision says something */
    struct gl_decision decision; /* the last one */
    char decision_id[GL_UUID];
    char officer[33];                              /* who decided, or corrected; "" = nobody did by hand */
    uint8_t empty;                                 /* tri: what was lodged says that the vehicle carries nothing */
    bool plate_read, trailer_read, container_read; /* by a device, not typed */
    uint16_t n_documents;
    struct gl_share_document documents[GL_SHARE_DOCUMENTS];
};

/* Vehicle access. missing takes, as JSON texts with commas between, the attributes that the receiver asks for and the gateway cannot know. */
void gl_share_access(const struct gl_share_facts *f, struct gl_buf *out, struct gl_buf *missing);

/* A weighing. No device of this version weighs, and no event is made of it: the document is ready for one that does. */
struct gl_share_weighing {
    const struct gl_config *config;
    char id[GL_UUID], corrects[GL_UUID];
    int64_t at, recorded_at; /* wall */
    char plate[GL_PLATE], trailer[GL_PLATE], container[16];
    char scale[GL_ID];  /* the device */
    int64_t gross_g;    /* as weighed, grams; GL_INT_NULL = not known, and so with the next two */
    int64_t tare_g;     /* of vehicle and trailer together */
    int64_t declared_g; /* gross mass as declared */
    uint8_t empty;      /* tri */
    bool automatic;     /* nobody typed the weight */
    bool contingency;
    char officer[33]; /* who typed it */
};
void gl_share_weighed(const struct gl_share_weighing *w, struct gl_buf *out, struct gl_buf *missing);

/* Whether a declaration is a transit that ends at this post's office, so that a release of it is its arrival. */
bool gl_share_is_arrival(const struct gl_config *c, const struct gl_share_document *d);
/* The arrival notification CC007C of one MRN. -EINVAL: the reference is no MRN of 18 characters. */
int gl_share_arrival(const struct gl_share_facts *f, const struct gl_share_document *d, struct gl_buf *out,
                     struct gl_error *err) GL_MUST_USE;

/* The `data` of the event: who and what it is about, and the document. reference: the MRN, "" = none. missing: as above. */
void gl_share_wrap(const struct gl_share_facts *f, enum gl_share_kind kind, const char *reference, const char *document,
                   const char *missing, struct gl_buf *out);

/* Whether two `data` of the same kind tell the receiver the same, leaving aside what each event has of its own: nothing to correct then. */
bool gl_share_same(const char *a, const char *b);

/* The file that a published event becomes: its name (with the sequence first, so that names sort in order) and its bytes. -EINVAL: it is no such event. */
enum { GL_SHARE_FILE = 160 };
int gl_share_file(const char *event, int64_t seq, char name[GL_SHARE_FILE], struct gl_buf *out, struct gl_error *err) GL_MUST_USE;
