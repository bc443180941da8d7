/* The driver of all foreign formats: from the events of a reader to drafts, from drafts to records. */
#include "feed/draft.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed/draft_impl.h"

const struct gl_message *gl_format_message(const struct gl_format *f, const char *root) {
    for (size_t i = 0; i < f->n_messages; i++)
        if (strcmp(f->messages[i].root, root) == 0) return &f->messages[i];
    return NULL;
}

static const char *below_root(const struct gl_draft *d, const char *path) {
    path += d->root_len;
    return *path == '/' ? path + 1 : path;
}

static bool is_declaration(const struct gl_draft *d) {
    return d->message->collection == GL_COLLECTION_DECLARATIONS;
}

/* ---- what is said ------------------------------------------------------------------------------------------------------------------------ */

/* Where a person looks for it: "/CC015C/Consignment", "record 3, /vehicleRegNum". */
static void place(const struct gl_draft *d, const char *path, char *out, size_t size) {
    const char *shown = path[0] ? path : "/";
    if (d->message && d->message->many && d->n_records > 0)
        gl_format(out, size, "record %" PRIu64 ", %s", d->n_records, shown);
    else
        gl_clip(out, size, shown);
}

static void tell_bad(struct gl_draft *d, const char *path, uint64_t line, const char *reason) {
    char where[GL_XML_PATH + 32];
    struct gl_error told;
    place(d, path, where, sizeof where);
    if (line > 0)
        gl_format(told.text, sizeof told.text, "line %" PRIu64 ": %.280s", line, reason);
    else
        gl_clip(told.text, sizeof told.text, reason);
    d->sink->bad(d->sink->user, where, told.text);
    if (d->bad < INT_MAX) d->bad++;
}

/* A record of many is told and passed over; of one alone, the reading ends and gl_draft_close() tells. */
static int fail_record(struct gl_draft *d, const char *path, int rc, const struct gl_error *err) {
    if (rc >= 0 || d->fatal < 0 || !d->message->many || !d->inside) return rc;
    tell_bad(d, path, d->where->line, err->text);
    d->skipping = true;
    return 0;
}

void gl_draft_note(struct gl_draft *d, const char *fmt, ...) {
    char where[GL_XML_PATH + 32], text[sizeof((struct gl_error *)0)->text];
    va_list ap;
    if (!d->sink->note) return;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0) text[0] = '\0';
    va_end(ap);
    gl_clip(text, sizeof text, text);
    place(d, d->message->root, where, sizeof where);
    d->sink->note(d->sink->user, where, text);
}

int gl_draft_missing(struct gl_draft *d, const char *path, struct gl_error *err) {
    gl_clip(d->missing, sizeof d->missing, path);
    return gl_fail(err, -EBADMSG, "missing; the message needs it");
}

/* ---- one record -------------------------------------------------------------------------------------------------------------------------- */

static void begin_record(struct gl_draft *d) {
    struct gl_feed_record *r = &d->record;
    memset(&d->FIRST_OF_RECORD, 0, offsetof(struct gl_draft, LAST_OF_RECORD) - offsetof(struct gl_draft, FIRST_OF_RECORD));
    for (size_t i = 0; i < GL_STAGES; i++) d->stage[i].n = 0;
    memset(r, 0, offsetof(struct gl_feed_record, body));
    r->collection = d->message->collection;
    r->op = GL_OP_UPSERT;
    gl_fields_clear(gl_feed_body_fields(r->collection, GL_OP_UPSERT), &r->body);
    if (is_declaration(d))
        r->body.declaration.state = d->message->state;
    else
        r->body.movement.state = d->message->state;
    d->house_gross = d->item_gross = d->item.gross = GL_INT_NULL;
    d->missing[0] = '\0';
    d->inside = true;
    d->skipping = d->message->op == GL_OP_NONE;
    d->n_records++;
}

static int finish_record(struct gl_draft *d, struct gl_error *err) {
    int rc = gl_draft_take_means(d, err);
    if (rc == 0) rc = d->format->finish(d, err);
    if (rc != 0) return rc;
    if ((rc = gl_feed_record_normalise(&d->record, err)) < 0) return rc;
    if (d->left_out > 0) gl_draft_note(d, "%u documents are left out; a record holds %d", d->left_out, GL_MAX_DOCUMENTS);
    rc = d->sink->record(d->sink->user, &d->record);
    return rc < 0 ? (d->fatal = rc) : 0;
}

/* Path of what finish found missing, or of the record. */
static const char *finish_place(const struct gl_draft *d, char *out, size_t size) {
    const char *record = d->message->record;
    gl_format(out, size, "%s%s%s%s%s", d->message->root, record[0] ? "/" : "", record, d->missing[0] ? "/" : "", d->missing);
    return out;
}

static int end_record(struct gl_draft *d, struct gl_error *err) {
    char path[GL_XML_PATH];
    if (!d->message->many) { /* is passed on when the document is whole */
        d->inside = false;
        return 0;
    }
    int rc = d->skipping ? 0 : finish_record(d, err);
    if (rc < 0) rc = fail_record(d, finish_place(d, path, sizeof path), rc, err);
    d->inside = d->skipping = false;
    return rc < 0 ? rc : 0;
}

/* ---- events ------------------------------------------------------------------------------------------------------------------------------ */

static const struct gl_map_group *find_group(const struct gl_format *f, const char *path) {
    for (size_t i = 0; i < f->n_groups; i++)
        if (strcmp(f->groups[i].path, path) == 0) return &f->groups[i];
    return NULL;
}

static int begin_document(struct gl_draft *d, const char *root, struct gl_error *err) {
    d->message = gl_format_message(d->format, root);
    if (!d->message) return gl_fail(err, -EBADMSG, "%.40s is no message of %s", root[0] ? root + 1 : "this", d->format->name);
    d->root_len = strlen(root);
    return 0;
}

static int on_open(void *user, const char *path, struct gl_error *err) {
    struct gl_draft *d = user;
    int rc = d->message ? 0 : begin_document(d, path, err);
    if (rc < 0) return rc;
    const char *at = below_root(d, path);
    if (!d->inside && strcmp(at, d->message->record) == 0) {
        begin_record(d);
        return 0;
    }
    const struct gl_map_group *g = d->skipping ? NULL : find_group(d->format, at);
    if (g) g->begin(d);
    return 0;
}

static int set_text(struct gl_draft *d, const char *at, const char *text, struct gl_error *err) {
    if (at[0] == '\0') return gl_fail(err, -EBADMSG, "text stands where elements are needed");
    for (size_t i = 0; i < d->format->n_texts; i++) {
        const struct gl_map_text *t = &d->format->texts[i];
        if (strcmp(t->path, at) != 0) continue;
        int rc = t->set(d, t, text, err);
        if (rc < 0) return rc;
    }
    return 0;
}

static int on_text(void *user, const char *path, const char *text, struct gl_error *err) {
    struct gl_draft *d = user;
    return d->skipping ? 0 : fail_record(d, path, set_text(d, below_root(d, path), text, err), err);
}

static int on_close(void *user, const char *path, struct gl_error *err) {
    struct gl_draft *d = user;
    const char *at = below_root(d, path);
    if (d->inside && strcmp(at, d->message->record) == 0) return end_record(d, err);
    const struct gl_map_group *g = d->skipping ? NULL : find_group(d->format, at);
    return g && g->end ? fail_record(d, path, g->end(d, g->arg, err), err) : 0;
}

const struct gl_xml_events gl_draft_events = {on_open, on_text, on_close};

/* ---- one document ------------------------------------------------------------------------------------------------------------------------ */

struct gl_draft *gl_draft_open(const struct gl_format *f, const struct gl_import_options *options,
                               const struct gl_import_sink *sink, struct gl_xml_place *where) {
    static const struct gl_import_options none;
    struct gl_draft *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    d->format = f;
    d->options = options ? options : &none;
    d->sink = sink;
    d->where = where;
    return d;
}

/* The document was read to its end. */
static void end_document(struct gl_draft *d) {
    struct gl_error why = {""};
    char path[GL_XML_PATH];
    if (!d->message || d->n_records == 0) {
        if (d->sink->note)
            d->sink->note(d->sink->user, d->message && d->message->root[0] ? d->message->root : "/", "holds no record");
    } else if (d->message->op == GL_OP_NONE) {
        gl_draft_note(d, "%s", d->message->note);
    } else if (!d->message->many && finish_record(d, &why) < 0 && d->fatal == 0) {
        tell_bad(d, finish_place(d, path, sizeof path), 0, why.text);
    }
}

int gl_draft_close(struct gl_draft *d, int rc, const struct gl_error *why, struct gl_error *err) {
    if (rc == 0)
        end_document(d);
    else if (d->fatal == 0 && rc != -ENOMEM)
        tell_bad(d, d->where->path, d->where->line, why->text);
    int ret = d->bad;
    if (d->fatal < 0) ret = gl_fail(err, d->fatal, "the record was not taken");
    if (d->fatal == 0 && rc == -ENOMEM) ret = gl_fail(err, rc, "%s", why->text);
    free(d);
    return ret;
}

int gl_draft_import(const struct gl_format *f, const uint8_t *bytes, size_t len, const struct gl_import_options *options,
                    const struct gl_import_sink *sink, struct gl_error *err) {
    struct gl_xml_place where = {.line = 0};
    struct gl_error why = {""};
    struct gl_draft *d = gl_draft_open(f, options, sink, &where);
    if (!d) return gl_fail(err, -ENOMEM, "out of memory");
    int read = f->read(bytes, len, &gl_draft_events, d, &where, &why);
    int bad = gl_draft_close(d, read, &why, err);
    if (read < 0 || bad < 0 || !f->also) return bad;
    int more = gl_draft_import(f->also, bytes, len, options, sink, err);
    return more < 0 ? more : bad + more;
}

/* ---- what a record is -------------------------------------------------------------------------------------------------------------------- */

static struct gl_ref *ref_of(struct gl_draft *d) {
    return is_declaration(d) ? &d->record.body.declaration.ref : &d->record.body.movement.ref;
}

static int64_t version_of(const struct gl_draft *d) {
    return is_declaration(d) ? d->record.body.declaration.version : d->record.body.movement.version;
}

static int set_ref(struct gl_ref *ref, const char *type, const char *value, struct gl_error *err) {
    if (gl_copy(ref->type, sizeof ref->type, type) == 0 && gl_copy(ref->value, sizeof ref->value, value) == 0) return 0;
    return gl_fail(err, -EBADMSG, "the reference \"%.80s\" is longer than %zu bytes", value, sizeof ref->value - 1);
}

int gl_draft_name(struct gl_draft *d, const char *type, const char *value, int64_t version, int64_t as_of, struct gl_error *err) {
    int rc = gl_import_ordering(d->options, as_of, err);
    if (rc < 0) return rc;
    if (is_declaration(d))
        d->record.body.declaration.version = version;
    else
        d->record.body.movement.version = version;
    d->record.as_of = as_of;
    return set_ref(ref_of(d), type, value, err);
}

void gl_draft_cancel(struct gl_draft *d) {
    const struct gl_cancel c = {*ref_of(d), version_of(d)};
    d->record.op = GL_OP_CANCEL;
    d->record.body.cancel = c;
}

int gl_draft_rekey(struct gl_draft *d, const char *type, const char *was, struct gl_error *err) {
    struct gl_rekey k = {.ref = *ref_of(d), .version = version_of(d)};
    d->record.op = GL_OP_REKEY;
    int rc = set_ref(&k.was, type, was, err);
    d->record.body.rekey = k;
    return rc;
}

void gl_draft_control(struct gl_draft *d) {
    struct gl_ruling x = {.ref = *ref_of(d), .version = version_of(d)};
    if (is_declaration(d)) {
        const struct gl_declaration *from = &d->record.body.declaration;
        x.declaration_state = from->state;
        x.control = from->control;
        while (x.n_documents < from->n_documents && x.n_documents < GL_COUNT(x.documents)) {
            x.documents[x.n_documents] = from->documents[x.n_documents];
            x.n_documents++;
        }
    } else {
        x.movement_state = d->record.body.movement.state;
        x.channel = d->record.body.movement.channel;
    }
    d->record.op = GL_OP_CONTROL;
    d->record.body.ruling = x;
}
