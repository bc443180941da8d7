/* Tables and names of what was lodged before arrival: movements, declarations, and the feed's envelope around them. */
#include "model/lodged.h"

#include <errno.h>

#include "model/canonical.h"
#include "model/lodged_impl.h"

enum { BODY_MOST = 8 << 20 }; /* bytes of a body in canonical form: more than any message can bring */

const char *const gl_channels[] = {NULL, "release", "desk", "physical", "refuse", NULL};
const char *const gl_movement_kinds[] = {NULL, "goods", "empty", "exempt", NULL};
const char *const gl_movement_states[] = {NULL, "draft", "ready", "checked_in", "arrived", "exited", "cancelled", "expired", NULL};
const char *const gl_declaration_states[] = {
    NULL, "lodged", "accepted", "released", "under_control", "not_released", "arrived", "discharged", "cancelled", "expired", NULL};
const char *const gl_directions[] = {NULL, "in", "out", NULL};
const char *const gl_office_roles[] = {NULL, "departure", "transit", "exit", "destination", "border", NULL};
const char *const gl_collections[] = {NULL, "movements", "declarations", "tags", "lookouts", "traders", NULL};
const char *const gl_tag_states[] = {NULL, "active", "withdrawn", "broken", NULL};
const char *const gl_soughts[] = {NULL, "plate", "container", "seal", "holder", NULL};
const char *const gl_lookout_states[] = {NULL, "active", "withdrawn", NULL};
const char *const gl_trader_states[] = {NULL, "active", "suspended", "withdrawn", NULL};
const char *const gl_feed_ops[] = {NULL,      "upsert",         "cancel",       "heartbeat", "expire", "rekey",
                                   "control", "snapshot_begin", "snapshot_end", "document",  NULL};

/* Numbers stay within what every JSON reader holds exactly. */
#define LAST INT64_C(9007199254740991)

static const struct gl_field gl_ref_fields_f[] = {
    GL_TEXT(gl_ref, type, GL_REQUIRED),
    GL_TEXT(gl_ref, value, GL_REQUIRED),
};
GL_FIELDS(gl_ref_fields, gl_ref);

static const struct gl_field gl_means_fields_f[] = {
    GL_ENUM(gl_means, role, gl_roles, GL_REQUIRED),
    GL_TEXT(gl_means, plate, GL_REQUIRED),
    GL_TEXT(gl_means, country, 0),
};
GL_FIELDS(gl_means_fields, gl_means);

static const struct gl_field gl_movement_fields_f[] = {
    GL_STRUCT(gl_movement, ref, &gl_ref_fields, GL_REQUIRED),
    GL_INT(gl_movement, version, 0, LAST, GL_REQUIRED),
    GL_ENUM(gl_movement, kind, gl_movement_kinds, GL_REQUIRED),
    GL_ENUM(gl_movement, state, gl_movement_states, GL_REQUIRED),
    GL_ENUM(gl_movement, channel, gl_channels, 0),
    GL_ENUM(gl_movement, direction, gl_directions, 0),
    GL_TEXT(gl_movement, office, 0),
    GL_TIME(gl_movement, lodged_at, 0),
    GL_TIME(gl_movement, eta, 0),
    GL_TIME(gl_movement, valid_from, 0),
    GL_TIME(gl_movement, valid_to, 0),
    GL_STRUCTS(gl_movement, means, &gl_means_fields, 0),
    GL_STRUCTS(gl_movement, declarations, &gl_ref_fields, 0),
    GL_TEXTS(gl_movement, containers, 0),
    GL_TEXTS(gl_movement, seals, 0),
};
GL_FIELDS(gl_movement_fields, gl_movement);

static const struct gl_field gl_tag_fields_f[] = {
    GL_STRUCT(gl_tag, ref, &gl_ref_fields, GL_REQUIRED),
    GL_INT(gl_tag, version, 0, LAST, GL_REQUIRED),
    GL_ENUM(gl_tag, state, gl_tag_states, GL_REQUIRED),
    GL_ENUM(gl_tag, role, gl_roles, 0),
    GL_TEXT(gl_tag, plate, 0),
    GL_TEXT(gl_tag, country, 0),
    GL_TIME(gl_tag, valid_to, 0),
    GL_TEXT(gl_tag, seal, 0),
    GL_TEXT(gl_tag, container, 0),
    GL_STRUCT(gl_tag, on, &gl_ref_fields, 0),
};
GL_FIELDS(gl_tag_fields, gl_tag);

static const struct gl_field equipment_fields_f[] = {
    GL_TEXT(gl_equipment, container, 0),
    GL_TEXTS(gl_equipment, seals, 0),
};
static GL_FIELDS(equipment_fields, gl_equipment);

static const struct gl_field office_fields_f[] = {
    GL_ENUM(gl_office, role, gl_office_roles, GL_REQUIRED),
    GL_TEXT(gl_office, office, GL_REQUIRED),
    GL_TIME(gl_office, eta, 0),
};
static GL_FIELDS(office_fields, gl_office);

static const struct gl_field goods_fields_f[] = {
    GL_TEXT(gl_goods, hs, 0),
    GL_GRAMS(gl_goods, gross_kg, "gross_kg", 0),
    GL_TEXT(gl_goods, un, 0),
};
static GL_FIELDS(goods_fields, gl_goods);

static const struct gl_field document_fields_f[] = {
    GL_TEXT(gl_document, type, GL_REQUIRED),
    GL_TEXT(gl_document, ref, 0),
    GL_TRI(gl_document, required, 0),
};
static GL_FIELDS(document_fields, gl_document);

static const struct gl_field control_fields_f[] = {
    GL_ENUM(gl_control, channel, gl_channels, GL_REQUIRED),
    GL_TEXT(gl_control, type, 0),
};
static GL_FIELDS(control_fields, gl_control);

static const struct gl_field trader_fields_f[] = {
    GL_TEXT(gl_trader, eori, GL_REQUIRED),
    GL_TEXT(gl_trader, aeo, 0),
};
static GL_FIELDS(trader_fields, gl_trader);

static const struct gl_field gl_declaration_fields_f[] = {
    GL_STRUCT(gl_declaration, ref, &gl_ref_fields, GL_REQUIRED),
    GL_TEXT(gl_declaration, lrn, 0),
    GL_TEXT(gl_declaration, type, 0),
    GL_INT(gl_declaration, version, 0, LAST, GL_REQUIRED),
    GL_ENUM(gl_declaration, state, gl_declaration_states, GL_REQUIRED),
    GL_TIME(gl_declaration, lodged_at, 0),
    GL_TIME(gl_declaration, valid_to, 0),
    GL_STRUCTS(gl_declaration, means, &gl_means_fields, 0),
    GL_STRUCTS(gl_declaration, equipment, &equipment_fields, 0),
    GL_STRUCTS(gl_declaration, offices, &office_fields, 0),
    GL_GRAMS(gl_declaration, gross_kg, "gross_kg", 0),
    GL_STRUCTS(gl_declaration, goods, &goods_fields, 0),
    GL_STRUCTS(gl_declaration, documents, &document_fields, 0),
    GL_STRUCT(gl_declaration, control, &control_fields, 0),
    GL_STRUCT(gl_declaration, trader, &trader_fields, 0),
};
GL_FIELDS(gl_declaration_fields, gl_declaration);

static const struct gl_field gl_lookout_fields_f[] = {
    GL_STRUCT(gl_lookout, ref, &gl_ref_fields, GL_REQUIRED),
    GL_INT(gl_lookout, version, 0, LAST, GL_REQUIRED),
    GL_ENUM(gl_lookout, state, gl_lookout_states, GL_REQUIRED),
    GL_ENUM(gl_lookout, what, gl_soughts, GL_REQUIRED),
    GL_TEXT(gl_lookout, text, GL_REQUIRED),
    GL_TEXT(gl_lookout, country, 0),
    GL_TIME(gl_lookout, valid_from, 0),
    GL_TIME(gl_lookout, valid_to, 0),
    GL_ENUM(gl_lookout, action, gl_channels, GL_REQUIRED),
    GL_TRI(gl_lookout, silent, 0),
    GL_TEXT(gl_lookout, reason, 0),
};
GL_FIELDS(gl_lookout_fields, gl_lookout);

static const struct gl_field gl_trader_record_fields_f[] = {
    GL_STRUCT(gl_trader_record, ref, &gl_ref_fields, GL_REQUIRED),
    GL_INT(gl_trader_record, version, 0, LAST, GL_REQUIRED),
    GL_ENUM(gl_trader_record, state, gl_trader_states, GL_REQUIRED),
    GL_TEXT(gl_trader_record, aeo, 0),
    GL_TIME(gl_trader_record, valid_from, 0),
    GL_TIME(gl_trader_record, valid_to, 0),
};
GL_FIELDS(gl_trader_record_fields, gl_trader_record);

static const struct gl_field gl_rekey_fields_f[] = {
    GL_STRUCT(gl_rekey, ref, &gl_ref_fields, GL_REQUIRED),
    GL_STRUCT(gl_rekey, was, &gl_ref_fields, GL_REQUIRED),
    GL_INT(gl_rekey, version, 0, LAST, GL_REQUIRED),
};
GL_FIELDS(gl_rekey_fields, gl_rekey);

static const struct gl_field gl_ruling_movement_fields_f[] = {
    GL_STRUCT(gl_ruling, ref, &gl_ref_fields, GL_REQUIRED),
    GL_INT(gl_ruling, version, 0, LAST, GL_REQUIRED),
    {.name = "state", .type = GL_F_ENUM, .names = gl_movement_states, GL_AT(gl_ruling, movement_state)},
    GL_ENUM(gl_ruling, channel, gl_channels, 0),
};
GL_FIELDS(gl_ruling_movement_fields, gl_ruling);

static const struct gl_field gl_ruling_declaration_fields_f[] = {
    GL_STRUCT(gl_ruling, ref, &gl_ref_fields, GL_REQUIRED),
    GL_INT(gl_ruling, version, 0, LAST, GL_REQUIRED),
    {.name = "state", .type = GL_F_ENUM, .names = gl_declaration_states, GL_AT(gl_ruling, declaration_state)},
    GL_STRUCT(gl_ruling, control, &control_fields, 0),
    GL_STRUCTS(gl_ruling, documents, &document_fields, 0),
};
GL_FIELDS(gl_ruling_declaration_fields, gl_ruling);

static const struct gl_field gl_snapshot_fields_f[] = {
    GL_TEXT(gl_snapshot, snapshot, GL_REQUIRED),
    GL_INT(gl_snapshot, count, 0, LAST, GL_REQUIRED),
    GL_BLOB(gl_snapshot, sha256, 0),
};
GL_FIELDS(gl_snapshot_fields, gl_snapshot);

static const struct gl_field gl_cancel_fields_f[] = {
    GL_STRUCT(gl_cancel, ref, &gl_ref_fields, GL_REQUIRED),
    GL_INT(gl_cancel, version, 0, LAST, 0),
};
GL_FIELDS(gl_cancel_fields, gl_cancel);

/* The envelope without its body, which no table can choose. What a numbered record owes is checked in owed(). */
#define ENVELOPE                                                                                                                 \
    GL_ENUM(gl_feed_record, collection, gl_collections, GL_REQUIRED), GL_TEXT(gl_feed_record, epoch, 0),                         \
        GL_INT(gl_feed_record, seq, 0, LAST, 0), GL_ENUM(gl_feed_record, op, gl_feed_ops, 0), GL_TIME(gl_feed_record, as_of, 0), \
        GL_TEXT(gl_feed_record, snapshot, GL_SKIP_NULL)

static const struct gl_field envelope_fields_f[] = {ENVELOPE};
static GL_FIELDS(envelope_fields, gl_feed_record);

static const struct gl_field gl_feed_refused_fields_f[] = {
    GL_ENUM(gl_feed_refused, collection, gl_collections, 0),
    GL_TEXT(gl_feed_refused, epoch, 0),
    GL_INT(gl_feed_refused, seq, 0, INT64_MAX, 0),
    GL_ENUM(gl_feed_refused, op, gl_feed_ops, 0),
    GL_TEXT(gl_feed_refused, snapshot, 0),
    GL_STRUCT(gl_feed_refused, ref, &gl_ref_fields, 0),
    GL_STRUCT(gl_feed_refused, was, &gl_ref_fields, 0),
    GL_BLOB(gl_feed_refused, digest, 0),
    GL_TEXT(gl_feed_refused, reason, 0),
};
GL_FIELDS(gl_feed_refused_fields, gl_feed_refused);

/* Between processes its digest goes along. The body is not of it: it has a table of its own. */
static const struct gl_field packed_fields_f[] = {ENVELOPE, GL_BLOB(gl_feed_record, digest, 0)};
static const struct gl_fields packed_fields = {"gl_feed_record", offsetof(struct gl_feed_record, body), packed_fields_f,
                                               GL_COUNT(packed_fields_f)};

static bool lodged_by_others(uint8_t collection) {
    return collection == GL_COLLECTION_MOVEMENTS || collection == GL_COLLECTION_DECLARATIONS;
}

const struct gl_fields *gl_feed_body_fields(uint8_t collection, uint8_t op) {
    static const struct gl_fields *const bodies[GL_COLLECTIONS] = {
        [GL_COLLECTION_MOVEMENTS] = &gl_movement_fields,
        [GL_COLLECTION_DECLARATIONS] = &gl_declaration_fields,
        [GL_COLLECTION_TAGS] = &gl_tag_fields,
        [GL_COLLECTION_LOOKOUTS] = &gl_lookout_fields,
        [GL_COLLECTION_TRADERS] = &gl_trader_record_fields,
    };
    if (collection >= GL_COLLECTIONS || !bodies[collection]) return NULL;
    switch ((enum gl_feed_op)op) {
        case GL_OP_UPSERT: return bodies[collection];
        case GL_OP_CANCEL:
        case GL_OP_EXPIRE: return &gl_cancel_fields;
        case GL_OP_REKEY: return lodged_by_others(collection) ? &gl_rekey_fields : NULL;
        case GL_OP_CONTROL:
            if (!lodged_by_others(collection)) return NULL;
            return collection == GL_COLLECTION_MOVEMENTS ? &gl_ruling_movement_fields : &gl_ruling_declaration_fields;
        case GL_OP_SNAPSHOT_BEGIN:
        case GL_OP_SNAPSHOT_END: return &gl_snapshot_fields;
        case GL_OP_DOCUMENT:
        case GL_OP_HEARTBEAT:
        case GL_OP_NONE: break;
    }
    return NULL;
}

static const struct gl_ref *upsert_ref(const struct gl_feed_record *r) {
    switch ((enum gl_collection)r->collection) {
        case GL_COLLECTION_MOVEMENTS: return &r->body.movement.ref;
        case GL_COLLECTION_DECLARATIONS: return &r->body.declaration.ref;
        case GL_COLLECTION_TAGS: return &r->body.tag.ref;
        case GL_COLLECTION_LOOKOUTS: return &r->body.lookout.ref;
        case GL_COLLECTION_TRADERS: return &r->body.trader.ref;
        case GL_COLLECTION_NONE:
        case GL_COLLECTIONS: break;
    }
    return NULL;
}

const struct gl_ref *gl_feed_record_ref(const struct gl_feed_record *r) {
    switch ((enum gl_feed_op)r->op) {
        case GL_OP_UPSERT: return upsert_ref(r);
        case GL_OP_CANCEL:
        case GL_OP_EXPIRE: return &r->body.cancel.ref;
        case GL_OP_REKEY: return &r->body.rekey.ref;
        case GL_OP_CONTROL: return &r->body.ruling.ref;
        case GL_OP_HEARTBEAT:
        case GL_OP_SNAPSHOT_BEGIN:
        case GL_OP_SNAPSHOT_END:
        case GL_OP_DOCUMENT:
        case GL_OP_NONE: break;
    }
    return NULL;
}

/* What a numbered record must say about itself; a record from a file may leave it out. */
static int owed(const struct gl_feed_record *r, struct gl_error *err) {
    if (r->epoch[0] == '\0') return gl_fail(err, -EINVAL, "epoch: missing; it is the name of the producer's numbering");
    if (r->seq == GL_INT_NULL) return gl_fail(err, -EINVAL, "seq: missing; it is the number of the record");
    if (r->op == GL_OP_NONE)
        return gl_fail(err, -EINVAL, "op: missing; it is upsert, cancel, heartbeat or another of docs/topics.md");
    if (r->as_of == 0) return gl_fail(err, -EINVAL, "as_of: missing; it is a time such as 2026-01-31T12:00:00Z");
    bool names_last = r->op == GL_OP_HEARTBEAT || r->op == GL_OP_SNAPSHOT_BEGIN || r->op == GL_OP_SNAPSHOT_END;
    if (!names_last && r->seq == 0) return gl_fail(err, -EINVAL, "seq: 0; records are numbered from 1");
    return 0;
}

static int read_body(const json_t *body, struct gl_feed_record *r, struct gl_error *err) {
    const struct gl_fields *t = gl_feed_body_fields(r->collection, r->op);
    bool empty = !body || json_is_null(body);
    if (!t && r->op != GL_OP_HEARTBEAT)
        return gl_fail(err, -EINVAL, "op: %s has no meaning for %s", gl_feed_ops[r->op], gl_collections[r->collection]);
    if (!t) {
        bool ok = empty || (json_is_object(body) && json_object_size(body) == 0);
        return ok ? 0 : gl_fail(err, -EINVAL, "body: a heartbeat has none; leave it out");
    }
    if (empty) return gl_fail(err, -EINVAL, "body: missing; %s needs one", gl_feed_ops[r->op]);
    struct gl_error inner = {""};
    int rc = gl_fields_from_json(t, body, &r->body, &inner);
    if (rc < 0) return gl_fail(err, rc, "body.%s", inner.text);
    return r->snapshot[0] ? gl_feed_body_digest(body, r->digest.data, &r->digest.len, err) : 0;
}

int gl_feed_body_digest(const json_t *body, uint8_t ret[32], uint16_t *ret_len, struct gl_error *err) {
    int rc = gl_json_digest(body, BODY_MOST, ret);
    *ret_len = rc < 0 ? 0 : 32;
    return rc < 0 ? gl_fail(err, rc, "body: its digest could not be computed") : 0;
}

int gl_feed_record_read(const json_t *data, bool numbered, struct gl_feed_record *ret, struct gl_error *err) {
    if (!json_is_object(data)) return gl_fail(err, -EINVAL, "data: not an object; a feed record is one");
    json_t *envelope = json_copy((json_t *)data); /* shallow: the body is neither copied nor changed */
    if (!envelope) return gl_fail(err, -ENOMEM, "out of memory");
    json_object_del(envelope, "body");
    ret->digest.len = 0;
    int rc = gl_fields_from_json(&envelope_fields, envelope, ret, err);
    json_decref(envelope);
    if (rc < 0) return rc;
    if (numbered && (rc = owed(ret, err)) < 0) return rc;
    if (ret->op == GL_OP_NONE) ret->op = GL_OP_UPSERT;
    if (ret->seq == GL_INT_NULL) ret->seq = 0;
    return read_body(json_object_get(data, "body"), ret, err);
}

int gl_feed_record_from_json(const json_t *data, struct gl_feed_record *ret, struct gl_error *err) {
    return gl_feed_record_read(data, true, ret, err);
}

void gl_feed_record_to_json(const struct gl_feed_record *r, struct gl_buf *out) {
    const struct gl_fields *t = gl_feed_body_fields(r->collection, r->op);
    gl_fields_to_json(&envelope_fields, r, out);
    if (out->failed || out->len == 0) return;
    out->data[--out->len] = '\0'; /* opens the envelope's object again, to add the body */
    gl_buf_text(out, ",\"body\":");
    if (t)
        gl_fields_to_json(t, &r->body, out);
    else
        gl_buf_text(out, "null");
    gl_buf_char(out, '}');
}

void gl_feed_record_pack(const struct gl_feed_record *r, struct gl_buf *out) {
    const struct gl_fields *t = gl_feed_body_fields(r->collection, r->op);
    if (!t && r->op != GL_OP_HEARTBEAT) out->failed = true; /* an envelope without meaning goes nowhere */
    gl_fields_pack(&packed_fields, r, out);
    if (t) gl_fields_pack(t, &r->body, out);
}

int gl_feed_record_unpack(struct gl_cursor *c, struct gl_feed_record *ret) {
    int rc = gl_fields_unpack(&packed_fields, c, ret);
    if (rc < 0) return rc;
    const struct gl_fields *t = gl_feed_body_fields(ret->collection, ret->op);
    if (t) return gl_fields_unpack(t, c, &ret->body);
    if (ret->op == GL_OP_HEARTBEAT && ret->collection != GL_COLLECTION_NONE) return 0;
    c->failed = true;
    return -EBADMSG;
}
