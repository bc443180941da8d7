/* The JSON Schemas under config/schema/ against the field tables: members, types, limits and words must be the same, so that neither drifts. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/ask.h"
#include "model/fields_impl.h"
#include "model/happened.h"
#include "model/lodged_impl.h"

enum { MAX_FILES = 64, MAX_DEPTH = 12 };

/* Every schema file, loaded once. */
static struct file {
    char name[40]; /* without .json */
    json_t *root;
} files[MAX_FILES];
static size_t n_files;

/* A place in a schema: `$ref` is resolved against its file. */
struct place {
    const char *file;
    const json_t *node;
    char path[160]; /* for messages */
};

/* Who writes the payload: what we send always has every member; what we take may leave out what is not required; of a command's common
 * members each schema lists its own. */
enum direction { SENT, TAKEN, COMMAND };

static const json_t *root_of(const char *name) {
    for (size_t i = 0; i < n_files; i++)
        if (strcmp(files[i].name, name) == 0) return files[i].root;
    fail_msg("config/schema/%s.json is missing", name);
    return NULL;
}

static int load(void **state GL_UNUSED) {
    DIR *d = opendir(SOURCE_DIR "/config/schema");
    if (!d) return -1;
    for (struct dirent *e; (e = readdir(d));) {
        char path[512];
        size_t n = strlen(e->d_name);
        if (n < 6 || strcmp(e->d_name + n - 5, ".json") != 0 || n_files == MAX_FILES) continue;
        struct file *f = &files[n_files++];
        json_error_t why;
        if (gl_copyn(f->name, sizeof f->name, e->d_name, n - 5) < 0) return -1;
        gl_format(path, sizeof path, SOURCE_DIR "/config/schema/%s", e->d_name);
        f->root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
        if (!f->root) fprintf(stderr, "%s:%d: %s\n", e->d_name, why.line, why.text);
        if (!f->root) return -1;
    }
    closedir(d);
    return 0;
}

static int unload(void **state GL_UNUSED) {
    for (size_t i = 0; i < n_files; i++) json_decref(files[i].root);
    return 0;
}

/* ---- walking schemas ------------------------------------------------------------------------------------------------------------------ */

/* "common.json#/$defs/ref" or "#/$defs/movement" */
static struct place follow(struct place p, const char *ref) {
    char name[40], pointer[64];
    const char *hash = strchr(ref, '#');
    assert_non_null(hash);
    if (hash > ref) {
        assert_int_equal(gl_copyn(name, sizeof name, ref, (size_t)(hash - ref)), 0);
        name[strlen(name) - strlen(".json")] = '\0';
        for (size_t i = 0; i < n_files; i++)
            if (strcmp(files[i].name, name) == 0) p.file = files[i].name;
    }
    p.node = root_of(p.file);
    gl_clip(pointer, sizeof pointer, hash + 1);
    for (char *step = pointer + 1, *end; *step; step = end) {
        end = step + strcspn(step, "/");
        if (*end) *end++ = '\0';
        p.node = json_object_get(p.node, step);
        if (!p.node) fail_msg("%s: %s leads nowhere", p.path, ref);
    }
    return p;
}

static bool is_null_schema(const json_t *s) {
    const char *type = json_string_value(json_object_get(s, "type"));
    return type && strcmp(type, "null") == 0;
}

/* Past `$ref`, `anyOf: [X, null]` and `allOf: [X]` to what the value looks like. */
static struct place settle(struct place p, bool *ret_null) {
    for (int i = 0; i < MAX_DEPTH; i++) {
        const char *ref = json_string_value(json_object_get(p.node, "$ref"));
        const json_t *any = json_object_get(p.node, "anyOf"), *all = json_object_get(p.node, "allOf");
        if (ref) {
            p = follow(p, ref);
        } else if (any) {
            assert_int_equal(json_array_size(any), 2);
            assert_true(is_null_schema(json_array_get(any, 1)));
            *ret_null = true;
            p.node = json_array_get(any, 0);
        } else if (all) {
            assert_int_equal(json_array_size(all), 1);
            p.node = json_array_get(all, 0);
        } else {
            return p;
        }
    }
    fail_msg("%s: references without end", p.path);
    return p;
}

static bool holds(const json_t *list, const char *text) {
    size_t i;
    json_t *v;
    json_array_foreach((json_t *)list, i, v) if (json_is_string(v) && strcmp(json_string_value(v), text) == 0) return true;
    return false;
}

static bool has_type(const json_t *s, const char *type) {
    const json_t *t = json_object_get(s, "type");
    return json_is_string(t) ? strcmp(json_string_value(t), type) == 0 : holds(t, type);
}

static struct place below(struct place p, const json_t *node, const char *name) {
    struct place q = {.file = p.file, .node = node};
    gl_format(q.path, sizeof q.path, "%.100s.%.40s", p.path, name);
    return q;
}

/* ---- one field ------------------------------------------------------------------------------------------------------------------------ */

static void expect_type(struct place p, const char *type) {
    if (!has_type(p.node, type)) fail_msg("%s: type is not %s", p.path, type);
}

static void expect_number(struct place p, const char *keyword, double want) {
    const json_t *v = json_object_get(p.node, keyword);
    if (!json_is_number(v)) fail_msg("%s: %s is missing; %.17g is needed", p.path, keyword, want);
    if (json_number_value(v) != want)
        fail_msg("%s: %s is %.17g, the table says %.17g", p.path, keyword, json_number_value(v), want);
}

static void expect_words(struct place p, const json_t *list, const char *const *names, bool *ret_null) {
    size_t words = 0, i;
    json_t *v;
    if (!json_is_array(list)) fail_msg("%s: enum is missing", p.path);
    json_array_foreach((json_t *)list, i, v) {
        if (json_is_null(v)) *ret_null = true;
        if (json_is_null(v)) continue;
        words++;
        if (gl_enum_parse(names, json_string_value(v)) == 0)
            fail_msg("%s: the table does not know \"%s\"", p.path, json_string_value(v));
    }
    for (i = 1; names[i]; i++)
        if (!holds(list, names[i])) fail_msg("%s: \"%s\" is missing", p.path, names[i]);
    assert_int_equal(words, i - 1);
}

static void expect_time(struct place p, enum direction way) {
    const json_t *defs = json_object_get(root_of("common"), "$defs");
    if (p.node != json_object_get(defs, way == SENT ? "time" : "time_in")) fail_msg("%s: not the time of common.json", p.path);
}

static void check_object(struct place p, const struct gl_fields *t, enum direction way);

static void check_element(struct place p, const struct gl_field *f, enum direction way, bool *ret_null) {
    p = settle(p, ret_null);
    if (has_type(p.node, "null")) *ret_null = true;
    switch ((enum gl_ftype)f->type) {
        case GL_F_TEXT:
            expect_type(p, "string");
            expect_number(p, "maxLength", f->size - 1);
            return;
        case GL_F_ENUM: expect_words(p, json_object_get(p.node, "enum"), f->names, ret_null); return;
        case GL_F_TRI: expect_type(p, "boolean"); return;
        case GL_F_INT:
            expect_type(p, "integer");
            expect_number(p, "minimum", (double)f->min);
            expect_number(p, "maximum", (double)f->max);
            return;
        case GL_F_REAL:
            expect_type(p, "number");
            if (f->min != f->max) expect_number(p, "minimum", (double)f->min);
            if (f->min != f->max) expect_number(p, "maximum", (double)f->max);
            return;
        case GL_F_TIME: expect_time(p, way); return;
        case GL_F_GRAMS:
            expect_type(p, "number");
            expect_number(p, "minimum", (double)f->min / 1000);
            expect_number(p, "maximum", (double)f->max / 1000);
            return;
        case GL_F_BYTES:
            expect_type(p, "string");
            expect_number(p, "maxLength", (double)((gl_bytes_room(f) + 2) / 3 * 4));
            return;
        case GL_F_STRUCT: check_object(p, f->sub, way); return;
    }
}

/* Where null may stand though the table asks for a value, or the other way round; each with its reason in the schema's own words. */
static bool exempt(const char *path) {
    static const char *const paths[] = {"alarm.data.kind"};
    for (size_t i = 0; i < GL_COUNT(paths); i++)
        if (strcmp(path, paths[i]) == 0) return true;
    return false;
}

static void check_field(struct place p, const struct gl_field *f, enum direction way) {
    bool null = false, required = f->flags & GL_REQUIRED;
    if (f->list) {
        struct place list = settle(p, &null);
        if (has_type(list.node, "null")) null = true;
        expect_type(list, "array");
        expect_number(list, "maxItems", f->capacity);
        bool element_null = false;
        check_element(below(list, json_object_get(list.node, "items"), "[]"), f, way, &element_null);
        if (element_null) fail_msg("%s: an element may not be null", p.path);
        if (way == SENT && null) fail_msg("%s: a list that is sent is never null", p.path);
    } else {
        check_element(p, f, way, &null);
    }
    if (required && null && !exempt(p.path)) fail_msg("%s: null is allowed, the table requires a value", p.path);
    if (!required && !null && way != COMMAND && !(f->list && way == SENT)) fail_msg("%s: the table allows null", p.path);
}

/* ---- one object ----------------------------------------------------------------------------------------------------------------------- */

static const struct gl_field *field_of(const struct gl_fields *t, const char *name) {
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->f[i].name, name) == 0) return &t->f[i];
    return NULL;
}

static void check_required(struct place p, const struct gl_fields *t, enum direction way) {
    const json_t *required = json_object_get(p.node, "required");
    size_t i;
    json_t *v;
    for (i = 0; i < t->n; i++) {
        bool owed = way == SENT || (t->f[i].flags & GL_REQUIRED);
        if (owed && !holds(required, t->f[i].name)) fail_msg("%s: \"%s\" is not among the required", p.path, t->f[i].name);
    }
    json_array_foreach((json_t *)required, i, v) {
        const struct gl_field *f = field_of(t, json_string_value(v));
        if (way == TAKEN && !(f && (f->flags & GL_REQUIRED)))
            fail_msg("%s: the table does not require \"%s\"", p.path, json_string_value(v));
    }
}

static void check_object(struct place p, const struct gl_fields *t, enum direction way) {
    const json_t *properties = json_object_get(p.node, "properties");
    const char *name;
    json_t *v;
    expect_type(p, "object");
    if (!json_is_false(json_object_get(p.node, "additionalProperties"))) fail_msg("%s: additionalProperties is not false", p.path);
    json_object_foreach((json_t *)properties, name, v) {
        const struct gl_field *f = field_of(t, name);
        if (!f) fail_msg("%s: the table %s has no member \"%s\"", p.path, t->name, name);
        check_field(below(p, v, name), f, f->type == GL_F_STRUCT && way == COMMAND ? TAKEN : way);
    }
    for (size_t i = 0; i < t->n; i++)
        if (field_of(t, t->f[i].name) != &t->f[i]) fail_msg("%s: the table writes \"%s\" twice", p.path, t->f[i].name);
    for (size_t i = 0; i < t->n && way != COMMAND; i++)
        if (!json_object_get(properties, t->f[i].name)) fail_msg("%s: \"%s\" is missing", p.path, t->f[i].name);
    check_required(p, t, way);
}

static struct place data_of(const char *name) {
    const json_t *properties = json_object_get(root_of(name), "properties");
    struct place p = {.file = name, .node = json_object_get(properties, "data")};
    gl_format(p.path, sizeof p.path, "%s.data", name);
    assert_non_null(p.node);
    return p;
}

/* ---- the tests ------------------------------------------------------------------------------------------------------------------------ */

static void what_happened(void **state GL_UNUSED) {
    static const struct {
        const char *schema;
        const struct gl_fields *table;
    } payloads[] = {
        {"passage", &gl_passage_fields},
        {"decision", &gl_decision_fields},
        {"alarm", &gl_alarm_fields},
        {"lookout", &gl_hit_fields},
        {"review", &gl_review_fields},
        {"review-summary", &gl_review_summary_fields},
        {"state-contingency", &gl_contingency_fields},
        {"state-uses", &gl_unknown_uses_fields},
        {"state-gateway", &gl_gateway_status_fields},
        {"state-device", &gl_device_status_fields},
        {"state-feed", &gl_feed_status_fields},
        {"request-feed", &gl_feed_request_fields},
        {"state-signal", &gl_signal_state_fields},
        {"state-mode", &gl_mode_state_fields},
        {"reply", &gl_reply_fields},
    };
    for (size_t i = 0; i < GL_COUNT(payloads); i++) check_object(data_of(payloads[i].schema), payloads[i].table, SENT);
}

/* The members that all readings have are in no table that others see: one that is written shows them. */
static void expect_members(struct place p, const json_t *object) {
    const char *name;
    json_t *v;
    bool null;
    p = settle(p, &null);
    const json_t *properties = json_object_get(p.node, "properties");
    json_object_foreach((json_t *)object, name, v) {
        if (!json_object_get(properties, name)) fail_msg("%s: \"%s\" is written, and not described", p.path, name);
        if (!holds(json_object_get(p.node, "required"), name))
            fail_msg("%s: \"%s\" is always written, and not required", p.path, name);
    }
    assert_int_equal(json_object_size(properties), json_object_size(object));
    if (!json_is_false(json_object_get(p.node, "additionalProperties"))) fail_msg("%s: additionalProperties is not false", p.path);
}

static struct place member(struct place p, const char *name) {
    return below(p, json_object_get(json_object_get(p.node, "properties"), name), name);
}

static void check_reading(const char *schema, enum gl_reading_kind kind) {
    struct gl_reading r;
    GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(65536);
    gl_reading_init(&r, kind);
    r.n_candidates = r.n_evidence = 1;
    gl_reading_to_json(&r, &out);
    assert_false(out.failed);
    json_t *written = json_loads(out.data, 0, NULL);
    assert_non_null(written);
    struct place data = data_of(schema);
    expect_members(data, written);
    for (int i = 0; i < 2; i++) {
        const char *list = i ? "evidence" : "candidates";
        struct place p = member(data, list);
        expect_number(p, "maxItems", i ? (double)GL_COUNT(r.evidence) : (double)GL_COUNT(r.candidates));
        expect_members(below(p, json_object_get(p.node, "items"), "[]"), json_array_get(json_object_get(written, list), 0));
    }
    check_object(member(data, "value"), gl_reading_value_fields(kind), SENT);
    json_decref(written);
}

static void readings(void **state GL_UNUSED) {
    for (unsigned kind = 1; gl_reading_kinds[kind]; kind++) {
        char schema[40];
        if (!gl_reading_value_fields((enum gl_reading_kind)kind)) continue;
        gl_format(schema, sizeof schema, "reading-%s", gl_reading_kinds[kind]);
        check_reading(schema, (enum gl_reading_kind)kind);
    }
}

static void commands(void **state GL_UNUSED) {
    bool used[32] = {false};
    const struct gl_fields *t = &gl_command_data_fields;
    assert_true(t->n <= GL_COUNT(used));
    for (size_t k = 1; gl_command_names[k]; k++) {
        char schema[40];
        gl_format(schema, sizeof schema, "command-%s", gl_command_names[k]);
        struct place data = data_of(schema);
        check_object(data, t, COMMAND);
        for (size_t i = 0; i < t->n; i++)
            if (json_object_get(json_object_get(data.node, "properties"), t->f[i].name)) used[i] = true;
    }
    for (size_t i = 0; i < t->n; i++)
        if (!used[i]) fail_msg("no command's schema has the member \"%s\"", t->f[i].name);
}

static void check_body(const char *schema, const char *def, uint8_t collection, uint8_t op) {
    struct place p = {.file = schema};
    gl_format(p.path, sizeof p.path, "%s.%s", schema, def);
    p.node = json_object_get(json_object_get(root_of(schema), "$defs"), def);
    assert_non_null(p.node);
    check_object(p, gl_feed_body_fields(collection, op), TAKEN);
}

/* Each schema names its own collection alone. */
static void expect_collection(const char *schema, uint8_t collection) {
    const json_t *words = json_object_get(member(data_of(schema), "collection").node, "enum");
    assert_int_equal(json_array_size(words), 1);
    assert_true(holds(words, gl_collections[collection]));
}

static void feed(void **state GL_UNUSED) {
    static const char *const defs[GL_COLLECTIONS] = {[GL_COLLECTION_MOVEMENTS] = "movement",
                                                     [GL_COLLECTION_DECLARATIONS] = "declaration",
                                                     [GL_COLLECTION_TAGS] = "tag",
                                                     [GL_COLLECTION_LOOKOUTS] = "lookout",
                                                     [GL_COLLECTION_TRADERS] = "trader"};
    for (uint8_t k = 1; k < GL_COLLECTIONS; k++) {
        char schema[40];
        bool null = false;
        GL_CLEANUP(gl_buf_free) struct gl_buf out = GL_BUF(65536);
        struct gl_feed_record *r = calloc(1, sizeof *r);
        assert_non_null(r);
        *r = (struct gl_feed_record){
            .collection = k, .op = GL_OP_HEARTBEAT, .epoch = "e", .seq = 1, .as_of = 1777888800000, .snapshot = "s"};
        gl_feed_record_to_json(r, &out);
        free(r);
        assert_false(out.failed);
        json_t *written = json_loads(out.data, 0, NULL);
        gl_format(schema, sizeof schema, "feed-%s", gl_collections[k]);
        struct place data = data_of(schema);
        const json_t *properties = json_object_get(data.node, "properties");
        const char *name;
        json_t *v;
        json_object_foreach(written, name, v) if (!json_object_get(properties, name))
            fail_msg("%s: \"%s\" is missing", schema, name);
        assert_int_equal(json_object_size(properties), json_object_size(written));
        expect_words(member(data, "op"), json_object_get(member(data, "op").node, "enum"), gl_feed_ops, &null);
        assert_false(null);
        expect_collection(schema, k);
        json_decref(written);
        assert_non_null(defs[k]);
        check_body(schema, defs[k], k, GL_OP_UPSERT);
        check_body(schema, "cancel", k, GL_OP_CANCEL);
        check_body(schema, "cancel", k, GL_OP_EXPIRE);
        check_body(schema, "snapshot", k, GL_OP_SNAPSHOT_END);
        if (k > GL_COLLECTION_DECLARATIONS) continue;
        check_body(schema, "rekey", k, GL_OP_REKEY);
        check_body(schema, "control", k, GL_OP_CONTROL);
    }
}

/* The type and the schema's name in each file are those that the programs write or ask for. */
static void names(void **state GL_UNUSED) {
    for (size_t i = 0; i < n_files; i++) {
        const char *name = files[i].name;
        if (strcmp(name, "common") == 0 || strcmp(name, "envelope") == 0) continue;
        const json_t *properties = json_object_get(files[i].root, "properties");
        const char *type = json_string_value(json_object_get(json_object_get(properties, "type"), "const"));
        const char *schema = json_string_value(json_object_get(json_object_get(properties, "dataschema"), "const"));
        char want[64];
        gl_format(want, sizeof want, "greenlane.%s", name);
        char *dash = strchr(want, '-');
        bool family = strncmp(name, "reading-", 8) == 0 || strncmp(name, "state-", 6) == 0 || strncmp(name, "feed-", 5) == 0 ||
                      strncmp(name, "command-", 8) == 0 || strncmp(name, "request-", 8) == 0 || strncmp(name, "share-", 6) == 0;
        if (family) *dash = '.';
        assert_string_equal(type, want);
        bool taken = strncmp(name, "feed-", 5) == 0 || strncmp(name, "command-", 8) == 0;
        char urn[96];
        gl_format(urn, sizeof urn, "urn:greenlane:schema:%s", name);
        if (!taken) assert_string_equal(schema, urn);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happened), cmocka_unit_test(readings), cmocka_unit_test(commands),
        cmocka_unit_test(feed),          cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
