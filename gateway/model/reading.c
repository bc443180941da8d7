/* The tables of a reading and of each kind's value. The value's table depends on the kind; everything else is common. */
#include "model/reading.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "model/fields_impl.h"

const char *const gl_reading_kinds[] = {NULL,       "plate", "tag",    "seal",     "code", "container", "radiation",
                                        "presence", "class", "weight", "position", "scan", NULL};
const char *const gl_roles[] = {NULL, "vehicle", "trailer", "unknown", NULL};
const char *const gl_towards[] = {NULL, "approach", "leave", NULL};
const char *const gl_signatures[] = {NULL, "valid", "invalid", "unknown_key", "none", NULL};
const char *const gl_zones[] = {NULL, "entry", "exit", "barrier-up", "barrier-down", "emergency-stop", NULL};
const char *const gl_classes[] = {NULL, "truck", "car", "bus", "motorcycle", "unknown", NULL};
const char *const gl_radiation_phases[] = {NULL, "start", "alarm", "occupancy", "fault", "tamper", NULL};

enum { MOST_COUNTS = 1000000000 };
#define COUNT(T, m) GL_INT(T, m, 0, MOST_COUNTS, 0)

/* A probability: a real within 0..1. */
#define SHARE(T, m, fl) \
    { .name = #m, .type = GL_F_REAL, .flags = (fl), .min = 0, .max = 1, GL_AT(T, m) }
#define SHARES(T, m, fl) \
    { .name = #m, .type = GL_F_REAL, .flags = (fl), .min = 0, .max = 1, GL_AT_LIST(T, m) }

static const struct gl_field ref_f[] = {
    GL_TEXT(gl_ref, type, GL_REQUIRED),
    GL_TEXT(gl_ref, value, GL_REQUIRED),
};
static GL_FIELDS(ref, gl_ref);

static const struct gl_field plate_f[] = {
    GL_TEXT(gl_plate_value, text, 0),
    GL_TEXT(gl_plate_value, country, 0),
    GL_TEXT(gl_plate_value, region, 0),
    GL_ENUM(gl_plate_value, role, gl_roles, 0),
    GL_ENUM(gl_plate_value, direction, gl_towards, 0),
    SHARES(gl_plate_value, characters, 0),
};
static GL_FIELDS(plate, gl_plate_value);

static const struct gl_field tag_f[] = {
    GL_TEXT(gl_tag_value, epc, 0),      GL_TEXT(gl_tag_value, tid, 0),
    GL_TEXT(gl_tag_value, uri, 0),      GL_INT(gl_tag_value, antenna, 1, 65535, 0),
    GL_REAL(gl_tag_value, rssi_dbm, 0), COUNT(gl_tag_value, count),
};
static GL_FIELDS(tag, gl_tag_value);

static const struct gl_field code_f[] = {
    GL_TEXT(gl_code_value, symbology, 0),
    GL_TEXT(gl_code_value, text, 0),
    GL_BLOB(gl_code_value, data, 0),
    GL_STRUCT(gl_code_value, reference, &ref, 0),
    GL_ENUM(gl_code_value, signature, gl_signatures, 0),
};
static GL_FIELDS(code, gl_code_value);

static const struct gl_field container_f[] = {
    GL_TEXT(gl_container_value, number, GL_REQUIRED),
    GL_TRI(gl_container_value, check_ok, 0),
};
static GL_FIELDS(container, gl_container_value);

static const struct gl_field occupancy_f[] = {
    GL_TIME(gl_occupancy, start, 0),
    GL_TIME(gl_occupancy, end, 0),
    COUNT(gl_occupancy, counter),
};
static GL_FIELDS(occupancy, gl_occupancy);

static const struct gl_field gamma_table_f[] = {
    COUNT(gl_gamma, samples), /* first: without any, there is nothing to say */
    COUNT(gl_gamma, alarm_samples),
    GL_INTS(gl_gamma, background, 0, MOST_COUNTS, 0),
    COUNT(gl_gamma, peak),
    GL_REAL(gl_gamma, sigma, 0),
    GL_TEXT(gl_gamma, group, 0),
    GL_TRI(gl_gamma, agrees, 0),
    GL_TRI(gl_gamma, background_suspect, 0),
};
static GL_FIELDS(gamma_table, gl_gamma);

static const struct gl_field neutron_f[] = {
    COUNT(gl_neutron, samples), COUNT(gl_neutron, alarm_samples), GL_REAL(gl_neutron, background, 0),
    COUNT(gl_neutron, peak),    COUNT(gl_neutron, total),         GL_TRI(gl_neutron, agrees, 0),
};
static GL_FIELDS(neutron, gl_neutron);

static const struct gl_field radiation_f[] = {
    GL_ENUM(gl_radiation_value, phase, gl_radiation_phases, GL_REQUIRED),
    GL_TRI(gl_radiation_value, gamma_alarm, 0),
    GL_TRI(gl_radiation_value, neutron_alarm, 0),
    GL_TEXT(gl_radiation_value, fault, 0),
    GL_TRI(gl_radiation_value, tamper, 0),
    GL_STRUCT(gl_radiation_value, occupancy, &occupancy, 0),
    GL_STRUCT(gl_radiation_value, gamma, &gamma_table, 0),
    GL_STRUCT(gl_radiation_value, neutron, &neutron, 0),
    GL_REAL(gl_radiation_value, speed_kmh, 0),
};
static GL_FIELDS(radiation, gl_radiation_value);

static const struct gl_field presence_f[] = {
    GL_ENUM(gl_presence_value, zone, gl_zones, GL_REQUIRED),
    GL_TRI(gl_presence_value, occupied, GL_REQUIRED),
};
static GL_FIELDS(presence, gl_presence_value);

static const struct gl_field class_f[] = {
    GL_ENUM(gl_class_value, class, gl_classes, GL_REQUIRED),
};
static GL_FIELDS(class, gl_class_value);

static const struct gl_fields *const value_tables[] = {
    [GL_READING_PLATE] = &plate,         [GL_READING_TAG] = &tag,
    [GL_READING_CODE] = &code,           [GL_READING_CONTAINER] = &container,
    [GL_READING_RADIATION] = &radiation, [GL_READING_PRESENCE] = &presence,
    [GL_READING_CLASS] = &class,         [GL_READING_SCAN] = NULL,
};

static const struct gl_field candidate_f[] = {
    GL_TEXT(gl_candidate, text, GL_REQUIRED),
    SHARE(gl_candidate, confidence, 0),
};
static GL_FIELDS(candidate, gl_candidate);

static const struct gl_field evidence_f[] = {
    GL_TEXT(gl_evidence, role, GL_REQUIRED),
    GL_TEXT(gl_evidence, media_type, 0),
    GL_TEXT(gl_evidence, sha256, 0),
    GL_TEXT(gl_evidence, ref, 0),
};
static GL_FIELDS(evidence, gl_evidence);

/* A whole reading as it is packed; what follows the envelope is the `data` member. The table of the value is put in by kind.
 * The monotonic time packs as a time does: 0 is none. */
enum { ENVELOPE = 3, VALUE = ENVELOPE + 4, N_ROWS = ENVELOPE + 10 };
static const struct gl_field rows[N_ROWS] = {
    GL_TEXT(gl_reading, id, 0),
    GL_TIME(gl_reading, time, 0),
    GL_TIME(gl_reading, received_mono, 0),
    GL_TEXT(gl_reading, lane, GL_REQUIRED),
    GL_TEXT(gl_reading, device, GL_REQUIRED),
    GL_TEXT(gl_reading, passage, 0),
    GL_TIME(gl_reading, received_at, 0),
    [VALUE] = GL_STRUCT(gl_reading, value, NULL, GL_REQUIRED),
    SHARE(gl_reading, confidence, 0),
    GL_STRUCTS(gl_reading, candidates, &candidate, 0),
    GL_STRUCTS(gl_reading, evidence, &evidence, 0),
    GL_TRI(gl_reading, late, 0),
    GL_TEXT(gl_reading, source_id, 0),
};

/* The tables of one kind: made on the stack, since nothing here changes after start. */
struct tables {
    struct gl_field f[N_ROWS];
    struct gl_fields packed, data;
    const struct gl_fields *value;
};

static bool make_tables(unsigned kind, struct tables *t) {
    t->value = gl_reading_value_fields(kind);
    if (!t->value) return false;
    memcpy(t->f, rows, sizeof t->f);
    t->f[VALUE].sub = t->value;
    t->packed = (struct gl_fields){"gl_reading", sizeof(struct gl_reading), t->f, N_ROWS};
    t->data = (struct gl_fields){"gl_reading", sizeof(struct gl_reading), t->f + ENVELOPE, N_ROWS - ENVELOPE};
    return true;
}

const struct gl_fields *gl_reading_value_fields(enum gl_reading_kind kind) {
    return (size_t)kind < GL_COUNT(value_tables) ? value_tables[kind] : NULL;
}

void gl_reading_init(struct gl_reading *r, enum gl_reading_kind kind) {
    memset(r, 0, sizeof *r);
    r->kind = (uint8_t)kind;
    r->confidence = NAN;
    for (size_t i = 0; i < GL_COUNT(r->candidates); i++) r->candidates[i].confidence = NAN;
    const struct gl_fields *value = gl_reading_value_fields(kind);
    if (value) gl_fields_clear(value, &r->value);
}

void gl_reading_to_json(const struct gl_reading *r, struct gl_buf *out) {
    struct tables t;
    struct gl_reading shown = *r;
    if (shown.late == GL_NULL) shown.late = GL_FALSE;
    if (make_tables(r->kind, &t))
        gl_fields_to_json(&t.data, &shown, out);
    else
        out->failed = true;
}

static const char *kind_name(unsigned kind) {
    return kind > 0 && kind <= gl_enum_count(gl_reading_kinds) ? gl_reading_kinds[kind] : "none";
}

int gl_reading_from_json(const json_t *data, enum gl_reading_kind kind, struct gl_reading *r, struct gl_error *err) {
    struct tables t;
    int rc = make_tables(kind, &t) ? gl_fields_from_json(&t.data, data, r, err)
                                   : gl_fail(err, -EINVAL,
                                             "readings of kind \"%s\" are not spoken by this version; it speaks plate, tag, "
                                             "code, container, radiation, presence and class",
                                             kind_name(kind));
    if (rc < 0)
        gl_reading_init(r, GL_READING_NONE);
    else
        r->kind = (uint8_t)kind;
    return rc;
}

void gl_reading_pack(const struct gl_reading *r, struct gl_buf *out) {
    struct tables t;
    if (!make_tables(r->kind, &t)) {
        out->failed = true;
        return;
    }
    gl_buf_u8(out, r->kind);
    gl_fields_pack(&t.packed, r, out);
}

/* What a value must say to mean anything: a presence that is neither occupied nor free is none. */
static bool complete(const struct gl_fields *value, const void *v) {
    for (size_t i = 0; i < value->n; i++)
        if ((value->f[i].flags & GL_REQUIRED) && gl_field_is_null(&value->f[i], v)) return false;
    return true;
}

int gl_reading_unpack(struct gl_cursor *c, struct gl_reading *r) {
    struct tables t;
    uint8_t kind = gl_get_u8(c);
    if (make_tables(kind, &t) && gl_fields_unpack(&t.packed, c, r) == 0 && complete(t.value, &r->value)) {
        r->kind = kind;
        return 0;
    }
    c->failed = true;
    gl_reading_init(r, GL_READING_NONE);
    return -EBADMSG;
}
