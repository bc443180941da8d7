/* Rules for records of the feed that no table can hold: one spelling for every identifier, composite identities taken apart, and the refusal
 * of what would make a match or a decision doubtful. A refused record names the place and what would be right. */
#include <errno.h>
#include <string.h>

#include "model/identifiers.h"
#include "model/lodged.h"
#include "model/plates.h"

/* Drops the blanks at both ends; with squeeze those inside as well, and letters (ASCII) become upper case. */
static void tidy(char *text, bool squeeze) {
    size_t n = 0, len = strlen(text), from = 0;
    while (from < len && strchr(" \t\r\n", text[from])) from++;
    while (len > from && strchr(" \t\r\n", text[len - 1])) len--;
    for (size_t i = from; i < len; i++) {
        char c = text[i];
        if (squeeze && strchr(" \t\r\n", c)) continue;
        if (squeeze && c >= 'a' && c <= 'z') c = (char)(c - 'a' + 'A');
        text[n++] = c;
    }
    text[n] = '\0';
}

static bool has_control(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F) return true;
    return false;
}

/* Tidies an identifier that may be absent. */
static int code(char *text, bool squeeze, const char *where, struct gl_error *err) {
    tidy(text, squeeze);
    return has_control(text) ? gl_fail(err, -EINVAL, "%s: holds a control character; letters and digits are needed", where) : 0;
}

/* The same for an element of a list, which must not be empty. */
static int list_code(char *text, bool squeeze, const char *list, size_t i, struct gl_error *err) {
    char where[64];
    gl_format(where, sizeof where, "body.%s[%zu]", list, i);
    int rc = code(text, squeeze, where, err);
    if (rc < 0) return rc;
    return text[0] == '\0' ? gl_fail(err, -EINVAL, "%s: blank; leave it out of the list or fill it in", where) : 0;
}

static int ref(struct gl_ref *r, const char *where, struct gl_error *err) {
    struct gl_ref canonical;
    int rc = gl_ref_canonical(r->type, r->value, &canonical);
    if (rc < 0)
        return gl_fail(err, rc,
                       "%s: no usable reference; type is 1 to 8 of a-z and 0-9, value at most %d bytes without control characters",
                       where, GL_REF - 1);
    *r = canonical;
    return 0;
}

static bool same_ref(const struct gl_ref *a, const struct gl_ref *b) {
    return strcmp(a->value, b->value) == 0 && strcmp(a->type, b->type) == 0;
}

/* Canonical references, each once. */
static int refs(struct gl_ref *list, uint16_t *count, struct gl_error *err) {
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        char where[64];
        gl_format(where, sizeof where, "body.declarations[%zu]", i);
        struct gl_ref r = list[i];
        int rc = ref(&r, where, err);
        if (rc < 0) return rc;
        size_t k = 0;
        while (k < kept && !same_ref(&list[k], &r)) k++;
        if (k == kept) list[kept++] = r;
    }
    *count = (uint16_t)kept;
    return 0;
}

/* ISO 6346 numbers get their usual form; others, which declarations do carry, are only squeezed. */
static int container(char *text, const char *where, struct gl_error *err) {
    struct gl_container_value v;
    int rc = code(text, true, where, err);
    if (rc < 0) return rc;
    if (gl_container_parse(text, &v) < 0 || strlen(v.number) != 11) return 0;
    return gl_copy(text, sizeof((struct gl_equipment *)0)->container, v.number);
}

static int country(char *text, const char *where, struct gl_error *err) {
    tidy(text, true);
    bool ok = text[0] == '\0' || (strlen(text) == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z');
    return ok ? 0 : gl_fail(err, -EINVAL, "%s.country: \"%s\"; two letters of ISO 3166 are needed, or nothing", where, text);
}

struct means_list {
    size_t n;
    struct gl_means m[GL_MAX_MEANS];
};

/* Adds one plate unless it stands there already in the same role; a trailer may well repeat its tractor's plate. */
static int add_means(struct means_list *out, const struct gl_means *from, uint8_t role, const char *plate, const char *where,
                     struct gl_error *err) {
    struct gl_plate_keys keys, other;
    if (gl_plate_keys(plate, &keys) < 0 || keys.n == 0 || gl_plate_looks_like_none(plate))
        return gl_fail(err, -EINVAL, "%s.plate: \"%.40s\" is no plate that a camera could see; leave the entry out or correct it",
                       where, plate);
    for (size_t i = 0; i < out->n; i++) {
        if (out->m[i].role != role || strcmp(out->m[i].country, from->country) != 0) continue;
        if (gl_plate_keys(out->m[i].plate, &other) == 0 && gl_plate_keys_meet(&keys, &other)) return 0;
    }
    if (out->n == GL_MAX_MEANS) return gl_fail(err, -E2BIG, "body.means: more than %d vehicles and trailers", GL_MAX_MEANS);
    struct gl_means *m = &out->m[out->n];
    *m = *from;
    m->role = role;
    int rc = gl_copy(m->plate, sizeof m->plate, plate);
    if (rc < 0) return gl_fail(err, rc, "%s.plate: longer than %d bytes", where, GL_IDENTITY - 1);
    out->n++;
    return 0;
}

/* One declared identity: "KA2139AB/KA8278AB" is a truck and its trailer; of a trailer's identity every piece is a trailer. */
static int split_means(struct means_list *out, struct gl_means *m, size_t i, struct gl_error *err) {
    struct gl_plate_part parts[GL_MAX_MEANS];
    char where[64];
    gl_format(where, sizeof where, "body.means[%zu]", i);
    if (m->role != GL_ROLE_VEHICLE && m->role != GL_ROLE_TRAILER)
        return gl_fail(err, -EINVAL, "%s.role: must be vehicle or trailer", where);
    int rc = country(m->country, where, err);
    if (rc < 0) return rc;
    int n = gl_plate_split(m->plate, parts, GL_COUNT(parts));
    if (n < 0) return gl_fail(err, n, "%s.plate: \"%.40s\" holds too many or too long plates", where, m->plate);
    if (n == 0) return add_means(out, m, m->role, m->plate, where, err); /* which says what is wrong with it */
    for (int k = 0; k < n; k++) {
        rc = add_means(out, m, m->role == GL_ROLE_TRAILER ? GL_ROLE_TRAILER : parts[k].role, parts[k].text, where, err);
        if (rc < 0) return rc;
    }
    return 0;
}

static int means(struct gl_means list[GL_MAX_MEANS], uint16_t *count, struct gl_error *err) {
    struct means_list out = {0};
    for (size_t i = 0; i < *count; i++) {
        int rc = split_means(&out, &list[i], i, err);
        if (rc < 0) return rc;
    }
    memcpy(list, out.m, sizeof out.m);
    *count = (uint16_t)out.n;
    return 0;
}

static int movement(struct gl_movement *m, struct gl_error *err) {
    int rc = ref(&m->ref, "body.ref", err);
    if (rc == 0) rc = code(m->office, true, "body.office", err);
    if (rc == 0) rc = means(m->means, &m->n_means, err);
    if (rc == 0) rc = refs(m->declarations, &m->n_declarations, err);
    for (size_t i = 0; rc == 0 && i < m->n_containers; i++) {
        rc = list_code(m->containers[i], true, "containers", i, err);
        if (rc == 0) rc = container(m->containers[i], "body.containers", err);
    }
    for (size_t i = 0; rc == 0 && i < m->n_seals; i++) rc = list_code(m->seals[i], false, "seals", i, err);
    if (rc == 0 && m->valid_from != 0 && m->valid_to != 0 && m->valid_to < m->valid_from)
        rc = gl_fail(err, -EINVAL, "body.valid_to: before valid_from; it must be the same time or later");
    return rc;
}

static int equipment(struct gl_equipment *e, size_t i, struct gl_error *err) {
    char where[64];
    gl_format(where, sizeof where, "body.equipment[%zu].container", i);
    int rc = container(e->container, where, err);
    gl_format(where, sizeof where, "equipment[%zu].seals", i);
    for (size_t k = 0; rc == 0 && k < e->n_seals; k++) rc = list_code(e->seals[k], false, where, k, err);
    return rc;
}

static int goods(struct gl_goods *g, struct gl_error *err) {
    int rc = code(g->hs, true, "body.goods.hs", err);
    return rc < 0 ? rc : code(g->un, true, "body.goods.un", err);
}

static int document(struct gl_document *d, size_t i, struct gl_error *err) {
    int rc = list_code(d->type, true, "documents", i, err);
    return rc < 0 ? rc : code(d->ref, false, "body.documents.ref", err);
}

static int declaration(struct gl_declaration *d, struct gl_error *err) {
    int rc = ref(&d->ref, "body.ref", err);
    if (rc == 0) rc = code(d->lrn, false, "body.lrn", err);
    if (rc == 0) rc = code(d->type, true, "body.type", err);
    if (rc == 0) rc = means(d->means, &d->n_means, err);
    for (size_t i = 0; rc == 0 && i < d->n_equipment; i++) rc = equipment(&d->equipment[i], i, err);
    for (size_t i = 0; rc == 0 && i < d->n_offices; i++) rc = list_code(d->offices[i].office, true, "offices", i, err);
    for (size_t i = 0; rc == 0 && i < d->n_goods; i++) rc = goods(&d->goods[i], err);
    for (size_t i = 0; rc == 0 && i < d->n_documents; i++) rc = document(&d->documents[i], i, err);
    if (rc == 0) rc = code(d->trader.eori, true, "body.trader.eori", err);
    return rc < 0 ? rc : code(d->trader.aeo, true, "body.trader.aeo", err);
}

/* Strict, unlike other references: what is no EPC could never be read from a tag. */
static int tag_ref(struct gl_ref *r, struct gl_error *err) {
    char epc[GL_EPC];
    bool tid = strcmp(r->type, "tid") == 0;
    if (!tid && strcmp(r->type, "epc") != 0)
        return gl_fail(err, -EINVAL, "body.ref.type: \"%s\"; a tag is known by its EPC or its TID, \"epc\" or \"tid\" is needed",
                       r->type);
    int rc = gl_epc_canonical(r->value, epc);
    if (tid && (rc < 0 || strlen(epc) < GL_TID_LEAST || strlen(epc) >= GL_TID || strlen(epc) % 4 != 0))
        return gl_fail(
            err, -EINVAL,
            "body.ref.value: \"%.64s\" is no TID or beginning of one; %d to %d hexadecimal digits are needed, whole words of 4",
            r->value, GL_TID_LEAST, GL_TID - 1);
    if (rc == 0) rc = gl_copy(r->value, sizeof r->value, epc);
    return rc < 0 ? gl_fail(err, rc,
                            "body.ref.value: \"%.64s\" is no EPC; an even number of hexadecimal digits is needed, at most %d "
                            "(256 bits)",
                            r->value, GL_REF - 1)
                  : 0;
}

static int tag_plate(char plate[GL_IDENTITY], struct gl_error *err) {
    struct gl_plate_part parts[2];
    struct gl_plate_keys keys;
    int n = gl_plate_split(plate, parts, GL_COUNT(parts));
    if (n == -E2BIG || n > 1)
        return gl_fail(err, -EINVAL, "body.plate: \"%.40s\" holds several plates; a tag belongs to one vehicle or one trailer",
                       plate);
    if (n < 1 || gl_plate_keys(parts[0].text, &keys) < 0 || keys.n == 0 || gl_plate_looks_like_none(parts[0].text))
        return gl_fail(err, -EINVAL, "body.plate: \"%.40s\" is no plate that a camera could see; correct it", plate);
    return gl_copy(plate, GL_IDENTITY, parts[0].text);
}

/* A seal's tag is no vehicle's: it has no plate, so that nothing can take it for one. */
static int seal_tag(struct gl_tag *t, struct gl_error *err) {
    if (t->plate[0] || t->role != GL_ROLE_NONE || t->country[0])
        return gl_fail(err, -EINVAL, "body.seal: a seal's tag has no plate, role or country; leave either out");
    int rc = container(t->container, "body.container", err);
    if (t->on.value[0] == '\0') t->on.type[0] = '\0';
    return rc == 0 && t->on.value[0] ? ref(&t->on, "body.on", err) : rc;
}

static int vehicle_tag(struct gl_tag *t, struct gl_error *err) {
    if (t->container[0] || t->on.value[0] || t->state == GL_TAG_BROKEN)
        return gl_fail(err, -EINVAL, "body.seal: missing; only a seal is put on something, or broken");
    int rc = tag_plate(t->plate, err);
    if (rc == 0) rc = country(t->country, "body", err);
    if (rc < 0) return rc;
    if (t->role == GL_ROLE_NONE) t->role = GL_ROLE_VEHICLE;
    return t->role == GL_ROLE_UNKNOWN ? gl_fail(err, -EINVAL, "body.role: must be vehicle or trailer") : 0;
}

static int tag(struct gl_tag *t, struct gl_error *err) {
    bool sealed = t->seal[0] != '\0';
    int rc = tag_ref(&t->ref, err);
    if (rc == 0) rc = code(t->seal, false, "body.seal", err);
    if (rc == 0 && sealed && t->seal[0] == '\0') rc = gl_fail(err, -EINVAL, "body.seal: blank; leave it out or fill it in");
    if (rc < 0) return rc;
    return sealed ? seal_tag(t, err) : vehicle_tag(t, err);
}

/* In the spelling in which it will be met: as a plate's first key, a container's number, a seal or an EORI as declarations carry them. */
static int sought(struct gl_lookout *l, struct gl_error *err) {
    struct gl_plate_keys keys;
    if (l->what != GL_SOUGHT_PLATE && l->country[0])
        return gl_fail(err, -EINVAL, "body.country: only a plate has one; leave it out");
    switch ((enum gl_sought)l->what) {
        case GL_SOUGHT_PLATE:
            if (gl_plate_keys(l->text, &keys) < 0 || keys.n == 0 || gl_plate_looks_like_none(l->text))
                return gl_fail(err, -EINVAL, "body.text: \"%.40s\" is no plate that a camera could see", l->text);
            return 0;
        case GL_SOUGHT_CONTAINER: {
            char number[sizeof((struct gl_equipment *)0)->container];
            if (gl_copy(number, sizeof number, l->text) < 0)
                return gl_fail(err, -EINVAL, "body.text: longer than a container's number (%zu bytes)", sizeof number - 1);
            int rc = container(number, "body.text", err);
            return rc < 0 ? rc : gl_copy(l->text, sizeof l->text, number);
        }
        case GL_SOUGHT_SEAL: return code(l->text, false, "body.text", err);
        case GL_SOUGHT_HOLDER: return code(l->text, true, "body.text", err);
        case GL_SOUGHT_NONE: break;
    }
    return gl_fail(err, -EINVAL, "body.what: must be plate, container, seal or holder");
}

static int span_ok(int64_t from, int64_t to, struct gl_error *err) {
    if (from == 0 || to == 0 || to >= from) return 0;
    return gl_fail(err, -EINVAL, "body.valid_to: before valid_from; it must be the same time or later");
}

static int lookout(struct gl_lookout *l, struct gl_error *err) {
    int rc = ref(&l->ref, "body.ref", err);
    if (rc == 0) rc = country(l->country, "body", err);
    if (rc == 0) rc = sought(l, err);
    if (rc == 0 && l->text[0] == '\0') rc = gl_fail(err, -EINVAL, "body.text: blank; what is looked for?");
    if (rc == 0 && l->action == GL_CHANNEL_RELEASE)
        rc = gl_fail(err, -EINVAL, "body.action: nobody is looked for to be released; desk, physical or refuse is needed");
    return rc < 0 ? rc : span_ok(l->valid_from, l->valid_to, err);
}

static int trader(struct gl_trader_record *t, struct gl_error *err) {
    int rc = ref(&t->ref, "body.ref", err);
    if (rc == 0 && strcmp(t->ref.type, "eori") != 0)
        rc = gl_fail(err, -EINVAL, "body.ref.type: \"%s\"; a trader is known by its EORI, \"eori\" is needed", t->ref.type);
    if (rc == 0) rc = code(t->aeo, true, "body.aeo", err);
    return rc < 0 ? rc : span_ok(t->valid_from, t->valid_to, err);
}

static int upsert(struct gl_feed_record *r, struct gl_error *err) {
    switch ((enum gl_collection)r->collection) {
        case GL_COLLECTION_MOVEMENTS: return movement(&r->body.movement, err);
        case GL_COLLECTION_DECLARATIONS: return declaration(&r->body.declaration, err);
        case GL_COLLECTION_TAGS: return tag(&r->body.tag, err);
        case GL_COLLECTION_LOOKOUTS: return lookout(&r->body.lookout, err);
        case GL_COLLECTION_TRADERS: return trader(&r->body.trader, err);
        case GL_COLLECTION_NONE:
        case GL_COLLECTIONS: break;
    }
    return -EINVAL;
}

static int cancel(struct gl_feed_record *r, struct gl_error *err) {
    return r->collection == GL_COLLECTION_TAGS ? tag_ref(&r->body.cancel.ref, err) : ref(&r->body.cancel.ref, "body.ref", err);
}

static int rekey(struct gl_rekey *k, struct gl_error *err) {
    int rc = ref(&k->ref, "body.ref", err);
    if (rc == 0) rc = ref(&k->was, "body.was", err);
    return rc == 0 && same_ref(&k->ref, &k->was) ? gl_fail(err, -EINVAL, "body.was: the same as body.ref; nothing is to be done")
                                                 : rc;
}

static int ruling(struct gl_ruling *x, struct gl_error *err) {
    int rc = ref(&x->ref, "body.ref", err);
    if (rc == 0) rc = code(x->control.type, true, "body.control.type", err);
    for (size_t i = 0; rc == 0 && i < x->n_documents; i++) rc = document(&x->documents[i], i, err);
    if (rc == 0 && !x->movement_state && !x->channel && !x->declaration_state && !x->control.channel && x->n_documents == 0)
        rc = gl_fail(err, -EINVAL, "body: says nothing; state, channel, control or documents is needed");
    return rc;
}

static int snapshot(const struct gl_feed_record *r, struct gl_error *err) {
    if (r->snapshot[0])
        return gl_fail(err, -EINVAL, "snapshot: stands beside %s; its name belongs into the body", gl_feed_ops[r->op]);
    if (r->op == GL_OP_SNAPSHOT_END && r->body.snap.sha256.len != 32)
        return gl_fail(err, -EINVAL, "body.sha256: 32 bytes in base64 are needed, the digest of all records");
    return 0;
}

int gl_feed_record_normalise(struct gl_feed_record *r, struct gl_error *err) {
    if (r->collection <= GL_COLLECTION_NONE || r->collection >= GL_COLLECTIONS)
        return gl_fail(err, -EINVAL, "collection: must be movements, declarations, tags, lookouts or traders");
    if (r->snapshot[0] && r->op != GL_OP_UPSERT && r->op != GL_OP_CANCEL && r->op != GL_OP_EXPIRE &&
        r->op != GL_OP_SNAPSHOT_BEGIN && r->op != GL_OP_SNAPSHOT_END && r->op != GL_OP_REKEY)
        return gl_fail(err, -EINVAL, "op: a snapshot tells how things are, by upsert, cancel, expire and rekey");
    switch ((enum gl_feed_op)r->op) {
        case GL_OP_UPSERT: return upsert(r, err);
        case GL_OP_CANCEL:
        case GL_OP_EXPIRE: return cancel(r, err);
        case GL_OP_REKEY: return rekey(&r->body.rekey, err);
        case GL_OP_CONTROL: return ruling(&r->body.ruling, err);
        case GL_OP_SNAPSHOT_BEGIN:
        case GL_OP_SNAPSHOT_END: return snapshot(r, err);
        case GL_OP_HEARTBEAT: return 0;
        case GL_OP_DOCUMENT:
        case GL_OP_NONE: break;
    }
    return gl_fail(err, -EINVAL, "op: must be upsert, cancel, heartbeat, expire, rekey, control, snapshot_begin or snapshot_end");
}
