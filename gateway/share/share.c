/* The event around a document, whether it says anything new, and the file that it becomes. */
#include "share/share.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const struct gl_share_form gl_share_forms[GL_SHARE_KINDS] = {
    [GL_SHARE_ACCESS] = {"recintos-access", "share/customs/recintos/access", "greenlane.share.recintos-access",
                         "share-recintos-access", "application/json"},
    [GL_SHARE_ARRIVAL] = {"ncts-cc007c", "share/customs/ncts/cc007c", "greenlane.share.ncts-cc007c", "share-ncts-cc007c",
                          "application/xml"},
};

/* ---- the data of an event --------------------------------------------------------------------------------------------------------------- */
static void text_or_null(struct gl_buf *b, const char *name, const char *value) {
    gl_buf_printf(b, ",\"%s\":", name);
    if (value[0])
        gl_json_string(b, value);
    else
        gl_buf_text(b, "null");
}

void gl_share_wrap(const struct gl_share_facts *f, enum gl_share_kind kind, const char *reference, const char *document,
                   const char *missing, struct gl_buf *out) {
    const struct gl_share_form *form = &gl_share_forms[kind];
    gl_buf_printf(out, "{\"kind\":\"%s\"", form->kind);
    text_or_null(out, "lane", f->passage.lane);
    text_or_null(out, "passage", f->passage.passage);
    text_or_null(out, "decision", f->decision_id);
    text_or_null(out, "operator", f->officer);
    text_or_null(out, "corrects", f->corrects);
    text_or_null(out, "reference", reference);
    gl_buf_printf(out, ",\"missing\":[%s]", missing);
    text_or_null(out, "media_type", form->media_type);
    if (kind == GL_SHARE_ARRIVAL)
        text_or_null(out, "text", document);
    else
        gl_buf_printf(out, ",\"document\":%s", document);
    gl_buf_char(out, '}');
}

/* ---- the same again? ---------------------------------------------------------------------------------------------------------------------- */
static json_t *document_of(const char *data) {
    static const char *const own[] = {"tipoOperacao", "idEvento", "dataHoraRegistro"};
    json_t *root = json_loads(data, JSON_REJECT_DUPLICATES, NULL);
    json_t *document = json_incref(json_object_get(root, "document"));
    json_decref(root);
    for (size_t i = 0; document && i < GL_COUNT(own); i++) json_object_del(document, own[i]);
    return document;
}

bool gl_share_same(const char *a, const char *b) {
    json_t *x = document_of(a), *y = document_of(b);
    bool same = x && y && json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}

/* ---- the file ----------------------------------------------------------------------------------------------------------------------------- */
static const struct gl_share_form *form_of(const char *kind) {
    for (size_t i = 1; kind && i < GL_SHARE_KINDS; i++)
        if (strcmp(gl_share_forms[i].kind, kind) == 0) return &gl_share_forms[i];
    return NULL;
}

/* Letters, digits and dashes: what goes into a file's name comes from our own journal, and is looked at all the same. */
static bool plain(const char *id) {
    return id && id[0] && strlen(id) < GL_UUID && strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz-") == strlen(id);
}

static int write_bytes(const json_t *data, struct gl_buf *out) {
    const char *text = json_string_value(json_object_get(data, "text"));
    const json_t *document = json_object_get(data, "document");
    if (text) {
        gl_buf_text(out, text);
        return 0;
    }
    char *json = json_is_object(document) ? json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : NULL;
    if (!json) return -EINVAL;
    gl_buf_text(out, json);
    gl_buf_char(out, '\n');
    free(json);
    return 0;
}

static int read_event(const json_t *event, int64_t seq, char name[GL_SHARE_FILE], struct gl_buf *out, struct gl_error *err) {
    const json_t *data = json_object_get(event, "data");
    const char *id = json_string_value(json_object_get(event, "id"));
    const char *corrects = json_string_value(json_object_get(data, "corrects"));
    const struct gl_share_form *form = form_of(json_string_value(json_object_get(data, "kind")));
    if (!form || !plain(id) || (corrects && !plain(corrects)) || write_bytes(data, out) < 0)
        return gl_fail(err, -EINVAL, "%s %lld is no event that could become a file", GL_SHARE_STREAM, (long long)seq);
    gl_format(name, GL_SHARE_FILE, "%012lld-%s-%s%s%s.%s", (long long)seq, form->kind, id, corrects ? "-corrects-" : "",
              corrects ? corrects : "", strrchr(form->media_type, '/') + 1);
    return out->failed ? gl_fail(err, -ENOMEM, "out of memory") : 0;
}

int gl_share_file(const char *event, int64_t seq, char name[GL_SHARE_FILE], struct gl_buf *out, struct gl_error *err) {
    json_t *root = json_loads(event, JSON_REJECT_DUPLICATES, NULL);
    int rc = read_event(root, seq, name, out, err);
    json_decref(root);
    return rc;
}
