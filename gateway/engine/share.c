/* Events for systems outside, made where their cause is recorded: in one transaction with it, so that neither is there without the other. Everything
 * is taken from the journal, which also knows what a gateway before the last restart has seen.
 *
 *     passage closed, exit confirmed ──► vehicle access                     (again with something new: a correction)
 *                                   └──► CC007C for each released transit that ends here */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

enum { DECISIONS = 32, READINGS = 64, EVENTS = 64, UNREADABLE = -EILSEQ /* a record of ours that does not read back */ };

/* ---- what the journal knows of the passage ----------------------------------------------------------------------------------------------- */
static int open_data(const char *payload, struct gl_envelope *env) {
    struct gl_error err;
    return gl_envelope_parse(payload, strlen(payload), env, &err) < 0 ? UNREADABLE : 0;
}

static int take_passage(void *user, const struct gl_about *a) {
    struct gl_share_facts *f = user;
    GL_CLEANUP(gl_envelope_free) struct gl_envelope env = {.time = 0};
    struct gl_error err;
    if (open_data(a->payload, &env) < 0) return UNREADABLE;
    return gl_fields_from_json(&gl_passage_fields, env.data, &f->passage, &err) < 0 ? UNREADABLE : 0;
}

/* The one of the decision's references that a row of the answer is about. */
static const struct gl_ref *judged(const struct gl_ref *refs, uint16_t n, const json_t *row) {
    const char *type = json_string_value(json_object_get(row, "type")), *ref = json_string_value(json_object_get(row, "ref"));
    for (uint16_t i = 0; type && ref && i < n; i++)
        if (strcmp(refs[i].type, type) == 0 && strcmp(refs[i].value, ref) == 0) return &refs[i];
    return NULL;
}

static void take_text(const json_t *row, const char *name, char *out, size_t size) {
    const char *text = json_string_value(json_object_get(row, name));
    if (text) gl_clip(out, size, text);
}

/* What was lodged, as it was known when it was judged: the look-up's answer beside the decision. */
static void take_answer(struct gl_share_facts *f, const char *internal) {
    const struct gl_match *m = &f->decision.match;
    json_t *answer = json_loads(internal, 0, NULL), *row;
    size_t i, goods = 0, empty = 0;
    json_array_foreach(json_object_get(answer, "movements"), i, row) {
        json_int_t kind = json_integer_value(json_object_get(row, "kind"));
        if (!judged(m->movements, m->n_movements, row)) continue;
        if (kind == GL_MOVEMENT_EMPTY) empty++;
        if (kind == GL_MOVEMENT_GOODS) goods++;
    }
    if (goods || empty) f->empty = gl_tri(goods == 0);
    json_array_foreach(json_object_get(answer, "declarations"), i, row) {
        const struct gl_ref *ref = judged(m->declarations, m->n_declarations, row);
        if (!ref || f->n_documents == GL_SHARE_DOCUMENTS) continue;
        struct gl_share_document *d = &f->documents[f->n_documents++];
        *d = (struct gl_share_document){.ref = *ref};
        take_text(row, "declared", d->type, sizeof d->type);
        take_text(row, "destination", d->destination, sizeof d->destination);
    }
    json_decref(answer);
}

/* The newest decision counts; the newest look-up may stand beside an earlier one, for an officer's has none of its own. */
static int take_decision(void *user, const struct gl_about *a) {
    struct gl_share_facts *f = user;
    GL_CLEANUP(gl_envelope_free) struct gl_envelope env = {.time = 0};
    struct gl_error err;
    if (!f->decided) {
        if (open_data(a->payload, &env) < 0) return UNREADABLE;
        if (gl_fields_from_json(&gl_decision_fields, env.data, &f->decision, &err) < 0) return UNREADABLE;
        f->decided = true;
        gl_clip(f->decision_id, sizeof f->decision_id, a->id);
        if (!f->officer[0]) gl_clip(f->officer, sizeof f->officer, f->decision.officer.id);
    }
    if (a->internal) take_answer(f, a->internal);
    return a->internal ? 1 : 0;
}

/* A device has read that very text; an officer's typing comes from a client, which is no device. */
static int take_reading(void *user, const struct gl_about *a) {
    struct gl_share_facts *f = user;
    GL_CLEANUP(gl_envelope_free) struct gl_envelope env = {.time = 0};
    if (open_data(a->payload, &env) < 0) return UNREADABLE;
    const json_t *value = json_object_get(env.data, "value");
    const char *device = json_string_value(json_object_get(env.data, "device"));
    const char *plate = json_string_value(json_object_get(value, "text")),
               *number = json_string_value(json_object_get(value, "number"));
    if (!device || !gl_config_lane_of(f->config, device, 0)) return 0;
    if (plate && strcmp(plate, f->passage.known.plate) == 0) f->plate_read = true;
    if (plate && strcmp(plate, f->passage.known.trailer) == 0) f->trailer_read = true;
    if (number && strcmp(number, f->passage.known.container) == 0) f->container_read = true;
    return 0;
}

static bool has_left(const struct gl_share_facts *f) {
    return f->passage.state == GL_PASSAGE_CLOSED && f->passage.exit == GL_EXIT_CONFIRMED;
}

/* 1 = a passage whose vehicle has left, and all that is known of it; 0 = no such passage. */
static int gather(struct gl_engine *e, const char *passage, struct gl_now at, struct gl_error *err) {
    static const char *const readings[] = {"greenlane.reading.plate", "greenlane.reading.container"};
    struct gl_share_facts *f = e->share;
    memset(f, 0, sizeof *f);
    f->config = e->config;
    f->recorded_at = at.wall;
    if (e->corrector) gl_clip(f->officer, sizeof f->officer, e->corrector);
    int rc = gl_journal_about(e->journal, passage, "greenlane.passage", 1, take_passage, f, err);
    if (rc < 0 || !has_left(f)) return rc;
    rc = gl_journal_about(e->journal, passage, "greenlane.decision", DECISIONS, take_decision, f, err);
    for (size_t i = 0; rc >= 0 && i < GL_COUNT(readings); i++)
        rc = gl_journal_about(e->journal, passage, readings[i], READINGS, take_reading, f, err);
    return rc < 0 ? rc : 1;
}

/* ---- what was said before --------------------------------------------------------------------------------------------------------------- */
/* The events of one kind about the passage, newest first. */
struct said {
    const char *reference; /* only those about this one; "" = all */
    uint16_t n;
    char first[GL_UUID]; /* the first, which corrections name */
    char *last;          /* `data` of the newest, owned */
};

static int take_said(void *user, const struct gl_about *a) {
    struct said *s = user;
    GL_CLEANUP(gl_envelope_free) struct gl_envelope env = {.time = 0};
    if (open_data(a->payload, &env) < 0) return UNREADABLE;
    const char *reference = json_string_value(json_object_get(env.data, "reference"));
    if (s->reference[0] && (!reference || strcmp(reference, s->reference) != 0)) return 0;
    if (s->n++ == 0) s->last = json_dumps(env.data, JSON_COMPACT);
    gl_clip(s->first, sizeof s->first, a->id);
    return 0;
}

static int recall(struct gl_engine *e, enum gl_share_kind kind, const char *reference, struct said *s, struct gl_error *err) {
    *s = (struct said){.reference = reference};
    return gl_journal_about(e->journal, e->share->passage.passage, gl_share_forms[kind].type, EVENTS, take_said, s, err);
}

/* ---- events ------------------------------------------------------------------------------------------------------------------------------ */
static int append(struct gl_engine *e, enum gl_share_kind kind, struct gl_now at, struct gl_error *err) {
    const struct gl_share_form *form = &gl_share_forms[kind];
    const struct gl_share_facts *f = e->share;
    struct gl_labels l = {.passage = f->passage.passage, .time = f->recorded_at};
    gl_clip(l.topic, sizeof l.topic, form->topic);
    gl_clip(l.type, sizeof l.type, form->type);
    gl_clip(l.stream, sizeof l.stream, GL_SHARE_STREAM);
    gl_clip(l.schema, sizeof l.schema, form->schema);
    gl_format(l.subject, sizeof l.subject, "lane/%s", f->passage.lane);
    gl_buf_reset(&e->internal);
    int rc = gl_engine_append(e, &l, f->id, at, err);
    if (rc == 0 && e->out.event) e->out.event(e->out.user, l.topic, e->payload.data);
    return rc;
}

static int write_access(struct gl_engine *e, struct gl_now at, const struct said *before, struct gl_error *err) {
    GL_CLEANUP(gl_buf_free) struct gl_buf document = GL_BUF(GL_EVENT_MAX), missing = GL_BUF(GL_EVENT_MAX);
    struct gl_share_facts *f = e->share;
    gl_core_uuid(e->core, at, f->id);
    gl_clip(f->corrects, sizeof f->corrects, before->first);
    gl_share_access(f, &document, &missing);
    gl_buf_reset(&e->data);
    if (document.failed || missing.failed) return gl_fail(err, -EMSGSIZE, "vehicle access: larger than a message can be");
    gl_share_wrap(f, GL_SHARE_ACCESS, "", document.data, missing.data ? missing.data : "", &e->data);
    if (before->last && !e->data.failed && gl_share_same(before->last, e->data.data)) return 0;
    return append(e, GL_SHARE_ACCESS, at, err);
}

static int share_access(struct gl_engine *e, struct gl_now at, struct gl_error *err) {
    struct said before;
    int rc = recall(e, GL_SHARE_ACCESS, "", &before, err);
    if (rc >= 0) rc = write_access(e, at, &before, err);
    free(before.last);
    return rc < 0 ? rc : 0;
}

static int write_arrival(struct gl_engine *e, struct gl_now at, const struct gl_share_document *d, struct gl_error *err) {
    GL_CLEANUP(gl_buf_free) struct gl_buf document = GL_BUF(GL_EVENT_MAX);
    struct gl_share_facts *f = e->share;
    struct gl_error why;
    gl_core_uuid(e->core, at, f->id);
    f->corrects[0] = '\0';
    if (gl_share_arrival(f, d, &document, &why) < 0) {
        gl_engine_alarm(e, "share", why.text, at); /* somebody has to notify it by hand */
        return 0;
    }
    gl_buf_reset(&e->data);
    if (document.failed) return gl_fail(err, -EMSGSIZE, "CC007C: larger than a message can be");
    gl_share_wrap(f, GL_SHARE_ARRIVAL, d->ref.value, document.data, "", &e->data);
    return append(e, GL_SHARE_ARRIVAL, at, err);
}

/* Once for each MRN of a passage: what was notified cannot be taken back by this message. */
static int share_arrivals(struct gl_engine *e, struct gl_now at, struct gl_error *err) {
    const struct gl_share_facts *f = e->share;
    int rc = 0;
    for (uint16_t i = 0; rc == 0 && i < f->n_documents; i++) {
        struct said before;
        if (!gl_share_is_arrival(e->config, &f->documents[i])) continue;
        rc = recall(e, GL_SHARE_ARRIVAL, f->documents[i].ref.value, &before, err);
        if (rc == 0 && before.n == 0) rc = write_arrival(e, at, &f->documents[i], err);
        free(before.last);
    }
    return rc;
}

/* A lane in shadow mode shows nothing: its release let nobody through. */
static bool in_shadow(const struct gl_engine *e, const char *lane) {
    for (int i = 0; i < e->config->n_lanes; i++)
        if (strcmp(e->config->lanes[i].id, lane) == 0) return gl_core_mode(e->core, i) == GL_MODE_SHADOW;
    return true;
}

static int share_passage(struct gl_engine *e, struct gl_now at, struct gl_error *err) {
    const struct gl_share_facts *f = e->share;
    int rc = e->config->share.recintos.site[0] ? share_access(e, at, err) : 0;
    bool released = f->decided && f->decision.outcome == GL_OUTCOME_RELEASE && !in_shadow(e, f->passage.lane);
    return rc == 0 && released ? share_arrivals(e, at, err) : rc;
}

/* What cannot be told outside is an alarm; the lanes go on, and the journal has it all. Only a journal that cannot be written ends the turn. */
void gl_engine_share(struct gl_engine *e, const struct gl_effect *fx) {
    struct gl_error err;
    char detail[GL_DETAIL], passage[GL_UUID];
    bool closed = fx->type == GL_EFFECT_PASSAGE && fx->passage->state == GL_PASSAGE_CLOSED;
    if (!e->share || !(closed || fx->type == GL_EFFECT_DECISION)) return;
    gl_clip(passage, sizeof passage, closed ? fx->passage->passage : fx->decision->passage);
    int rc = gather(e, passage, fx->at, &err);
    if (rc == 1) rc = share_passage(e, fx->at, &err);
    if (rc == UNREADABLE || rc == -EMSGSIZE) {
        gl_format(detail, sizeof detail, "passage %s: no event for customs could be made of its records", passage);
        gl_engine_alarm(e, "share", detail, fx->at);
    } else if (rc < 0) {
        gl_engine_fail(e, rc, &err);
    }
}

/* ---- corrections after the vehicle has left --------------------------------------------------------------------------------------------- */
/* 1 = the passage named is one whose vehicle has left by this lane, and f->passage has the plate as it was typed. */
static int corrected(struct gl_engine *e, const struct gl_command *cmd, struct gl_error *err) {
    struct gl_share_facts *f = e->share;
    memset(f, 0, sizeof *f);
    int rc = gl_journal_about(e->journal, cmd->passage, "greenlane.passage", 1, take_passage, f, err);
    if (rc < 0 || !has_left(f) || strcmp(f->passage.lane, cmd->lane) != 0) return rc;
    char *plate = cmd->role == GL_ROLE_TRAILER ? f->passage.known.trailer : f->passage.known.plate;
    gl_clip(plate, GL_PLATE, cmd->plate);
    return 1;
}

/* The passage is told once more as it is known now; the decision that was made on what was read stands. */
void gl_engine_correct(struct gl_engine *e, const struct gl_effect *fx) {
    const struct gl_command *cmd = fx->command;
    struct gl_error err;
    struct gl_reply r;
    int rc = e->share ? corrected(e, cmd, &err) : 0;
    gl_fields_clear(&gl_reply_fields, &r);
    memcpy(r.client, cmd->client, sizeof r.client);
    r.name = cmd->name;
    memcpy(r.command, cmd->id, sizeof r.command);
    memcpy(r.response_topic, cmd->response_topic, sizeof r.response_topic);
    memcpy(&r.correlation, &cmd->correlation, sizeof r.correlation);
    r.ok = gl_tri(rc == 1);
    if (rc == 1) {
        struct gl_passage p = e->share->passage; /* recording it uses the scratch again */
        e->corrector = cmd->officer.id;
        gl_engine_record(e, &(struct gl_effect){.type = GL_EFFECT_PASSAGE, .at = fx->at, .passage = &p});
        e->corrector = NULL;
    } else {
        gl_format(r.error, sizeof r.error, "passage %s is not open in lane %s", cmd->passage, cmd->lane);
    }
    if (rc < 0 && rc != UNREADABLE) gl_engine_fail(e, rc, &err);
    gl_engine_pend_reply(e, &(struct gl_effect){.type = GL_EFFECT_REPLY, .at = fx->at, .reply = &r});
}
