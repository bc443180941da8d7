/* One NCTS message to one declaration: the root, what the message owes, and the order of the means. */
#include "feed/ncts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "feed/ncts_impl.h"
#include "feed/xml.h"

static const struct message {
    const char *root;
    uint8_t state;
    bool needs_mrn;
} messages[] = {
    {"/CC015C", GL_DECLARATION_LODGED, false},
    {"/CC029C", GL_DECLARATION_RELEASED, true},
};

static int on_open(void *user, const char *path, struct gl_error *err) {
    struct gl_ncts *n = user;
    if (n->root_len > 0) {
        gl_ncts_begin(n, path + n->root_len + 1);
        return 0;
    }
    for (size_t i = 0; i < GL_COUNT(messages); i++)
        if (strcmp(messages[i].root, path) == 0) {
            n->root_len = strlen(path);
            n->d->state = messages[i].state;
            return 0;
        }
    return gl_fail(err, -EBADMSG, "message %.40s is not known; CC015C and CC029C are", path + 1);
}

static int on_text(void *user, const char *path, const char *text, struct gl_error *err) {
    struct gl_ncts *n = user;
    if (strlen(path) <= n->root_len) return gl_fail(err, -EBADMSG, "text stands where elements are needed");
    return gl_ncts_text(n, path + n->root_len + 1, text, err);
}

static int on_close(void *user, const char *path, struct gl_error *err) {
    struct gl_ncts *n = user;
    return strlen(path) <= n->root_len ? 0 : gl_ncts_end(n, path + n->root_len + 1, err);
}

static int missing(const struct gl_xml_place *root, struct gl_xml_place *where, const char *path, struct gl_error *err) {
    gl_format(where->path, sizeof where->path, "%.32s/%s", root->path, path);
    return gl_fail(err, -EBADMSG, "missing; the message needs it");
}

/* The document's own reference, and what a file's record has instead of a number. */
static int name_record(struct gl_ncts *n, const struct message *m, struct gl_xml_place *where, struct gl_error *err) {
    struct gl_feed_record *r = n->record;
    struct gl_xml_place root = *where;
    bool by_mrn = n->mrn[0] != '\0';
    if (n->prepared == 0) return missing(&root, where, "preparationDateAndTime", err);
    if (m->needs_mrn && !by_mrn) return missing(&root, where, "TransitOperation/MRN", err);
    if (!by_mrn && n->d->lrn[0] == '\0') return missing(&root, where, "TransitOperation/LRN", err);
    r->collection = GL_COLLECTION_DECLARATIONS;
    r->op = GL_OP_UPSERT;
    r->as_of = n->d->version = n->prepared;
    int rc = gl_copy(n->d->ref.type, sizeof n->d->ref.type, by_mrn ? "mrn" : "lrn");
    return rc < 0 ? rc : gl_copy(n->d->ref.value, sizeof n->d->ref.value, by_mrn ? n->mrn : n->d->lrn);
}

static int take_stage(struct gl_ncts *n, enum gl_ncts_stage stage, struct gl_error *err) {
    for (size_t i = 0; i < n->stage[stage].n; i++) {
        if (n->d->n_means == GL_MAX_MEANS) return gl_fail(err, -E2BIG, "more than %d vehicles and trailers", GL_MAX_MEANS);
        n->d->means[n->d->n_means++] = n->stage[stage].m[i];
    }
    return 0;
}

static void set_control(struct gl_ncts *n) {
    static const char *const satisfied[] = {"", "A1", "A2", "A3"};
    for (size_t i = 0; i < GL_COUNT(satisfied); i++)
        if (strcmp(n->control, satisfied[i]) == 0) return;
    n->d->control.channel = GL_CHANNEL_DESK;
    gl_clip(n->d->control.type, sizeof n->d->control.type, n->control);
}

static int finish(struct gl_ncts *n, struct gl_xml_place *where, struct gl_error *err) {
    const struct message *m = messages;
    while (m->state != n->d->state) m++;
    *where = (struct gl_xml_place){.line = 0};
    gl_clip(where->path, sizeof where->path, m->root);
    int rc = name_record(n, m, where, err);
    if (rc == 0) rc = take_stage(n, GL_NCTS_BORDER, err);
    if (rc == 0) rc = take_stage(n, n->stage[GL_NCTS_DEPARTURE].n > 0 ? GL_NCTS_DEPARTURE : GL_NCTS_HOUSE, err);
    if (rc < 0) return rc;
    if (n->tir[0]) gl_ncts_add_document(n->d, "N952", n->tir);
    set_control(n);
    return gl_feed_record_normalise(n->record, err);
}

static int import(struct gl_ncts *n, const uint8_t *bytes, size_t len, const struct gl_import_sink *sink, struct gl_error *err) {
    static const struct gl_xml_events events = {on_open, on_text, on_close};
    struct gl_xml_place where;
    struct gl_error why = {""};
    int rc = gl_xml_read(bytes, len, &events, n, &where, &why);
    if (rc == 0) rc = finish(n, &where, &why);
    if (rc == -ENOMEM) return gl_fail(err, rc, "%s", why.text);
    if (rc < 0) {
        struct gl_error told;
        if (where.line > 0) gl_format(told.text, sizeof told.text, "line %" PRIu64 ": %.280s", where.line, why.text);
        sink->bad(sink->user, where.path, where.line > 0 ? told.text : why.text);
        return 1;
    }
    rc = sink->record(sink->user, n->record);
    return rc < 0 ? gl_fail(err, rc, "the record was not taken") : 0;
}

int gl_ncts_import(const uint8_t *bytes, size_t len, const struct gl_import_sink *sink, struct gl_error *err) {
    struct gl_ncts *n = calloc(1, sizeof *n);
    struct gl_feed_record *r = calloc(1, sizeof *r);
    int rc = -ENOMEM;
    if (n && r) {
        n->record = r;
        n->d = &r->body.declaration;
        gl_fields_clear(&gl_declaration_fields, n->d);
        rc = import(n, bytes, len, sink, err);
    } else {
        gl_fail(err, rc, "out of memory");
    }
    free(n);
    free(r);
    return rc;
}
