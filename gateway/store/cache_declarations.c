/* declarations.db: customs documents lodged in advance, with all that belongs to them. */
#include <errno.h>
#include <string.h>

#include "store/cache_sql.h"

/* Append only; a schema that is in use somewhere is never edited. */
static const char *const migrations[] = {
    CACHE_RECORD("  lrn TEXT NOT NULL DEFAULT '', type TEXT NOT NULL DEFAULT '', own_control INTEGER NOT NULL DEFAULT 0,"
                 "  control INTEGER NOT NULL DEFAULT 0, own_control_type TEXT NOT NULL DEFAULT '',"
                 "  control_type TEXT NOT NULL DEFAULT '', lodged_at INTEGER NOT NULL DEFAULT 0, gross_g INTEGER,"
                 "  eori TEXT NOT NULL DEFAULT '', aeo TEXT NOT NULL DEFAULT '',"
                 /* documents that are missing: how many, and the types of the first of them, one a line */
                 "  wanted INTEGER NOT NULL DEFAULT 0, wanted_types TEXT NOT NULL DEFAULT '',"
                 /* how many rows each has, so that none are looked for where none are */
                 "  means INTEGER NOT NULL DEFAULT 0, equipment INTEGER NOT NULL DEFAULT 0,") LODGED_TABLES
    "CREATE TABLE goods("
    "  declaration INTEGER NOT NULL, n INTEGER NOT NULL, hs TEXT NOT NULL, gross_g INTEGER, un TEXT NOT NULL,"
    "  PRIMARY KEY(declaration, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE office("
    "  declaration INTEGER NOT NULL, n INTEGER NOT NULL, role INTEGER NOT NULL, office TEXT NOT NULL, eta INTEGER NOT NULL,"
    "  PRIMARY KEY(declaration, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE document("
    "  declaration INTEGER NOT NULL, n INTEGER NOT NULL, type TEXT NOT NULL, ref TEXT NOT NULL, required INTEGER NOT NULL,"
    "  PRIMARY KEY(declaration, n)) STRICT, WITHOUT ROWID;"
    /* Documents that controls ask for, each with its control's stamp. */
    "CREATE TABLE asked("
    "  declaration INTEGER NOT NULL, type TEXT NOT NULL, ref TEXT NOT NULL, required INTEGER NOT NULL, epoch TEXT NOT NULL,"
    "  seq INTEGER NOT NULL, version INTEGER, PRIMARY KEY(declaration, type, ref)) STRICT, WITHOUT ROWID;",
};

_Static_assert(GL_OFFICE_DESTINATION == 4, "GET_DESTINATION names this role");
#define ANSWER                                                                                                                 \
    "SELECT id, standing, ref_type, ref_value, epoch, told, state, control, lodged_at, valid_to, wanted, wanted_types, eori, " \
    "type, means, equipment FROM record WHERE "

static const struct gl_sql queries[DECLARATION_QUERIES] = {
    LODGED_SHARED_SQL,
    [DECLARATION_PUT] = {CACHE_UPSERT(
                             ", lrn, type, own_control, control, own_control_type, control_type, lodged_at, gross_g, eori, aeo,"
                             " wanted, wanted_types, means, equipment",
                             ",?10,?11,?12,?12,?13,?13,?14,?15,?16,?17,?18,?19,?20,?21",
                             ", lrn=?10, type=?11, own_control=?12, control=?12, own_control_type=?13, control_type=?13,"
                             " lodged_at=?14, gross_g=?15, eori=?16, aeo=?17, wanted=?18, wanted_types=?19, means=?20,"
                             " equipment=?21"),
                         21, 0},
    [DECLARATION_EFFECT] = {"UPDATE record SET control=ifnull(?2, own_control), control_type=iif(?2 IS NULL, own_control_type, ?3),"
                            " wanted=?4, wanted_types=?5 WHERE id=?1",
                            5, 0},
    [DECLARATION_ANSWER] = {ANSWER "id=?1", 1, 16},
    [DECLARATION_ANSWER_REF] = {ANSWER "ref_type=?1 AND ref_value=?2", 2, 16},
    [DECLARATION_READ] =
        {"SELECT lrn, type, control, control_type, lodged_at, valid_to, gross_g, eori, aeo FROM record WHERE id=?1", 1, 9},
    [DECLARATION_PUT_GOODS] = {"INSERT INTO goods(declaration, n, hs, gross_g, un) VALUES(?1,?2,?3,?4,?5)", 5, 0},
    [DECLARATION_GET_GOODS] = {"SELECT hs, gross_g, un FROM goods WHERE declaration=?1 ORDER BY n", 1, 3},
    [DECLARATION_DROP_GOODS] = {"DELETE FROM goods WHERE declaration=?1", 1, 0},
    [DECLARATION_PUT_OFFICE] = {"INSERT INTO office(declaration, n, role, office, eta) VALUES(?1,?2,?3,?4,?5)", 5, 0},
    [DECLARATION_GET_OFFICES] = {"SELECT role, office, eta FROM office WHERE declaration=?1 ORDER BY n", 1, 3},
    [DECLARATION_GET_DESTINATION] = {"SELECT office FROM office WHERE declaration=?1 AND role=4 ORDER BY n LIMIT 1", 1, 1},
    [DECLARATION_DROP_OFFICES] = {"DELETE FROM office WHERE declaration=?1", 1, 0},
    [DECLARATION_PUT_DOCUMENT] = {"INSERT INTO document(declaration, n, type, ref, required) VALUES(?1,?2,?3,?4,?5)", 5, 0},
    [DECLARATION_GET_DOCUMENTS] = {"SELECT type, ref, required FROM document WHERE declaration=?1 ORDER BY n", 1, 3},
    [DECLARATION_DROP_DOCUMENTS] = {"DELETE FROM document WHERE declaration=?1", 1, 0},
    [DECLARATION_PUT_ASKED] =
        {"REPLACE INTO asked(declaration, type, ref, required, epoch, seq, version) VALUES(?1,?2,?3,?4,?5,?6,?7)", 7, 0},
    [DECLARATION_GET_ASKED] = {"SELECT type, ref, required, epoch, seq, version FROM asked WHERE declaration=?1 ORDER BY type, ref",
                               1, 6},
    [DECLARATION_DROP_ASKED] = {"DELETE FROM asked WHERE declaration=?1 AND type=?2 AND ref=?3", 3, 0},
    /* Those of the record itself, then those that controls ask for and the record neither has nor wants already. */
    [DECLARATION_GET_WANTED] =
        {"SELECT type FROM document WHERE declaration=?1 AND required=2 AND ref='' UNION ALL"
         " SELECT a.type FROM asked a WHERE a.declaration=?1 AND a.required=2 AND a.ref='' AND NOT EXISTS"
         "  (SELECT 1 FROM document d WHERE d.declaration=?1 AND d.type=a.type AND (d.ref<>'' OR d.required=2))",
         1, 1},
};

CACHE_STORE(gl_cache_declarations_kind, 0x474C4344 /* "GLCD" */, "16384", queries, GL_COUNT(queries));

/* ---- what is wanted ---------------------------------------------------------------------------------------------------------- */

enum { TYPES = GL_COUNT(((struct gl_answer_declaration *)0)->wanted) };
struct wanted {
    int64_t n;
    char types[TYPES * sizeof((struct gl_answer_declaration *)0)->wanted[0] + 1]; /* one a line */
};

static void want(struct wanted *x, const char *type) {
    size_t len = strlen(x->types);
    if (x->n++ < TYPES) gl_format(x->types + len, sizeof x->types - len, "%s\n", type);
}

/* ---- writing ----------------------------------------------------------------------------------------------------------------- */

static int check(struct cache_writing *w) {
    return gl_cache_check_means(w, w->r->body.declaration.means, w->r->body.declaration.n_means);
}

static int drop_parts(struct cache_writing *w, int64_t id) {
    static const unsigned own[] = {DECLARATION_DROP_GOODS, DECLARATION_DROP_OFFICES, DECLARATION_DROP_DOCUMENTS};
    int rc = gl_cache_drop_lodged(w, id);
    return rc < 0 ? rc : gl_cache_drop_rows(w, id, own, GL_COUNT(own));
}

static int put_row(struct cache_writing *w, const struct gl_declaration *d) {
    struct wanted x = {0};
    for (size_t i = 0; i < d->n_documents; i++)
        if (d->documents[i].required == GL_TRUE && d->documents[i].ref[0] == '\0') want(&x, d->documents[i].type);
    struct gl_rows q = gl_cache_put_row(w, DECLARATION_PUT, d->state, d->valid_to);
    gl_put_text(&q, d->lrn);
    gl_put_text(&q, d->type);
    gl_put_int(&q, d->control.channel);
    gl_put_text(&q, d->control.type);
    gl_put_int(&q, d->lodged_at);
    gl_put_int(&q, d->gross_kg);
    gl_put_text(&q, d->trader.eori);
    gl_put_text(&q, d->trader.aeo);
    gl_put_int(&q, x.n);
    gl_put_text(&q, x.types);
    gl_put_int(&q, d->n_means);
    gl_put_int(&q, d->n_equipment);
    return gl_cache_run_row(w, &q);
}

static int put_goods(struct cache_writing *w, const struct gl_declaration *d) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->n_goods; i++) {
        struct gl_rows q = gl_cache_numbered(w, DECLARATION_PUT_GOODS, i);
        gl_put_text(&q, d->goods[i].hs);
        gl_put_int(&q, d->goods[i].gross_kg);
        gl_put_text(&q, d->goods[i].un);
        rc = gl_db_run(&q, w->err);
    }
    return rc;
}

static int put_offices(struct cache_writing *w, const struct gl_declaration *d) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->n_offices; i++) {
        struct gl_rows q = gl_cache_numbered(w, DECLARATION_PUT_OFFICE, i);
        gl_put_int(&q, d->offices[i].role);
        gl_put_text(&q, d->offices[i].office);
        gl_put_int(&q, d->offices[i].eta);
        rc = gl_db_run(&q, w->err);
    }
    return rc;
}

static int put_documents(struct cache_writing *w, const struct gl_declaration *d) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->n_documents; i++) {
        struct gl_rows q = gl_cache_numbered(w, DECLARATION_PUT_DOCUMENT, i);
        gl_put_text(&q, d->documents[i].type);
        gl_put_text(&q, d->documents[i].ref);
        gl_put_int(&q, d->documents[i].required);
        rc = gl_db_run(&q, w->err);
    }
    return rc;
}

static int put_all_equipment(struct cache_writing *w, const struct gl_declaration *d) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < d->n_equipment; i++) {
        const struct gl_equipment *e = &d->equipment[i];
        rc = gl_cache_put_equipment(w, i, e->container);
        for (size_t k = 0; rc == 0 && k < e->n_seals; k++) rc = gl_cache_put_seal(w, (int64_t)i, k, e->seals[k]);
    }
    return rc;
}

static int put(struct cache_writing *w) {
    const struct gl_declaration *d = &w->r->body.declaration;
    bool fresh = w->row.id == GL_INT_NULL;
    int rc = put_row(w, d);
    if (rc == 0 && !fresh) rc = drop_parts(w, w->row.id);
    if (rc == 0) rc = gl_cache_name_lodged(w);
    if (rc == 0) rc = gl_cache_put_means(w, d->means, d->n_means);
    if (rc == 0) rc = put_all_equipment(w, d);
    if (rc == 0) rc = put_offices(w, d);
    if (rc == 0) rc = put_goods(w, d);
    return rc == 0 ? put_documents(w, d) : rc;
}

static int find_wanted(struct cache_writing *w, struct wanted *x) {
    struct gl_rows q = gl_db_query(w->db, DECLARATION_GET_WANTED);
    gl_put_int(&q, w->row.id);
    int rc;
    while ((rc = gl_db_step(&q, w->err)) > 0) {
        char type[sizeof((struct gl_document *)0)->type];
        gl_take_text(&q, type, sizeof type);
        want(x, type);
    }
    return rc;
}

static int effect(struct cache_writing *w) {
    const struct cache_word *control = &w->row.word[WORD_CONTROL];
    struct wanted x = {0};
    int rc = find_wanted(w, &x);
    if (rc < 0) return rc;
    struct gl_rows q = gl_db_query(w->db, DECLARATION_EFFECT);
    gl_put_int(&q, w->row.id);
    gl_put_int(&q, control->there ? control->value : GL_INT_NULL);
    gl_put_text(&q, control->type);
    gl_put_int(&q, x.n);
    gl_put_text(&q, x.types);
    rc = gl_db_run(&q, w->err);
    return rc < 0 ? rc : gl_cache_retire(w);
}

static int drop(struct cache_writing *w, int64_t id) {
    struct cache_asked_list all;
    int rc = drop_parts(w, id);
    if (rc == 0) rc = gl_cache_get_asked(w->db, id, &all, w->err);
    for (size_t i = 0; rc == 0 && i < all.n; i++) rc = gl_cache_drop_asked(w, id, &all.of[i].document);
    return rc;
}

/* ---- reading it as a whole --------------------------------------------------------------------------------------------------- */

static int read_row(struct gl_db *db, int64_t id, struct gl_declaration *d, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, DECLARATION_READ);
    gl_put_int(&q, id);
    int rc = gl_db_step(&q, err);
    if (rc <= 0) return rc;
    gl_take_text(&q, d->lrn, sizeof d->lrn);
    gl_take_text(&q, d->type, sizeof d->type);
    d->control.channel = gl_take_u8(&q);
    gl_take_text(&q, d->control.type, sizeof d->control.type);
    d->lodged_at = gl_take_int(&q);
    d->valid_to = gl_take_int(&q);
    d->gross_kg = gl_take_int(&q);
    gl_take_text(&q, d->trader.eori, sizeof d->trader.eori);
    gl_take_text(&q, d->trader.aeo, sizeof d->trader.aeo);
    rc = gl_taken(&q, err);
    gl_db_end(&q);
    return rc;
}

static int read_equipment(struct gl_db *db, int64_t id, struct gl_declaration *d, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, LODGED_GET_EQUIPMENT);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0 && d->n_equipment < GL_MAX_CONTAINERS) {
        gl_take_int(&q);
        gl_take_text(&q, d->equipment[d->n_equipment++].container, sizeof d->equipment[0].container);
    }
    gl_db_end(&q);
    if (rc < 0) return rc;
    q = gl_db_query(db, LODGED_GET_SEALS);
    gl_put_int(&q, id);
    while ((rc = gl_db_step(&q, err)) > 0) {
        int64_t of = gl_take_int(&q);
        if (of < 0 || of >= d->n_equipment || d->equipment[of].n_seals == GL_COUNT(d->equipment[0].seals)) continue;
        gl_take_text(&q, d->equipment[of].seals[d->equipment[of].n_seals++], sizeof d->equipment[0].seals[0]);
    }
    return rc;
}

static int read_goods(struct gl_db *db, int64_t id, struct gl_declaration *d, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, DECLARATION_GET_GOODS);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0 && d->n_goods < GL_MAX_GOODS) {
        struct gl_goods *g = &d->goods[d->n_goods++];
        gl_take_text(&q, g->hs, sizeof g->hs);
        g->gross_kg = gl_take_int(&q);
        gl_take_text(&q, g->un, sizeof g->un);
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

static int read_offices(struct gl_db *db, int64_t id, struct gl_declaration *d, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, DECLARATION_GET_OFFICES);
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0 && d->n_offices < GL_MAX_OFFICES) {
        struct gl_office *o = &d->offices[d->n_offices++];
        o->role = gl_take_u8(&q);
        gl_take_text(&q, o->office, sizeof o->office);
        o->eta = gl_take_int(&q);
    }
    gl_db_end(&q);
    return rc < 0 ? rc : 0;
}

static int read_documents(struct gl_db *db, int64_t id, struct gl_declaration *d, struct gl_error *err) {
    struct gl_rows q = gl_db_query(db, DECLARATION_GET_DOCUMENTS);
    struct cache_asked_list all;
    gl_put_int(&q, id);
    int rc;
    while ((rc = gl_db_step(&q, err)) > 0 && d->n_documents < GL_MAX_DOCUMENTS) {
        struct gl_document *x = &d->documents[d->n_documents++];
        gl_take_text(&q, x->type, sizeof x->type);
        gl_take_text(&q, x->ref, sizeof x->ref);
        x->required = gl_take_u8(&q);
    }
    gl_db_end(&q);
    if (rc < 0 || (rc = gl_cache_get_asked(db, id, &all, err)) < 0) return rc;
    for (size_t i = 0; i < all.n && d->n_documents < GL_MAX_DOCUMENTS; i++) d->documents[d->n_documents++] = all.of[i].document;
    return 0;
}

static int read(struct gl_cache *c, int64_t id, struct gl_feed_record *ret, struct gl_error *err) {
    struct gl_db *db = &c->db[GL_COLLECTION_DECLARATIONS];
    struct gl_declaration *d = &ret->body.declaration;
    int rc = read_row(db, id, d, err);
    if (rc == 0) rc = gl_cache_read_means(db, id, d->means, &d->n_means, err);
    if (rc == 0) rc = read_equipment(db, id, d, err);
    if (rc == 0) rc = read_offices(db, id, d, err);
    if (rc == 0) rc = read_goods(db, id, d, err);
    return rc == 0 ? read_documents(db, id, d, err) : rc;
}

const struct cache_kind gl_cache_declarations = {
    .store = &gl_cache_declarations_kind,
    .cancelled = GL_DECLARATION_CANCELLED,
    .expired = GL_DECLARATION_EXPIRED,
    .dead = gl_cache_declaration_dead,
    .check = check,
    .put = put,
    .name = gl_cache_name_lodged,
    .effect = effect,
    .drop = drop,
    .read = read,
};
