/* From the core's words to CloudEvents: one table says for each kind of effect which topic, type and stream it has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

static void lane_labels(struct gl_labels *l, const char *lane, const char *what) {
    gl_format(l->topic, sizeof l->topic, "lane/%s/%s", lane, what);
    gl_format(l->stream, sizeof l->stream, "lane/%s", lane);
    gl_format(l->subject, sizeof l->subject, "lane/%s", lane);
    gl_format(l->type, sizeof l->type, "greenlane.%s", what);
    gl_format(l->schema, sizeof l->schema, "%s", what);
}

static void describe(const struct gl_effect *fx, struct gl_labels *l, struct gl_buf *data) {
    *l = (struct gl_labels){.passage = "", .time = fx->at.wall};
    switch (fx->type) {
        case GL_EFFECT_READING: {
            const char *kind = gl_reading_kinds[fx->reading->kind];
            lane_labels(l, fx->reading->lane, "reading");
            gl_format(l->topic, sizeof l->topic, "lane/%s/reading/%s", fx->reading->lane, kind);
            gl_format(l->type, sizeof l->type, "greenlane.reading.%s", kind);
            gl_format(l->schema, sizeof l->schema, "reading-%s", kind);
            gl_format(l->subject, sizeof l->subject, "device/%s", fx->reading->device);
            l->passage = fx->reading->passage;
            l->time = fx->reading->time ? fx->reading->time : fx->at.wall;
            gl_reading_to_json(fx->reading, data);
            break;
        }
        case GL_EFFECT_PASSAGE:
            lane_labels(l, fx->passage->lane, "passage");
            l->passage = fx->passage->passage;
            gl_fields_to_json(&gl_passage_fields, fx->passage, data);
            break;
        case GL_EFFECT_DECISION:
            lane_labels(l, fx->decision->lane, "decision");
            l->passage = fx->decision->passage;
            gl_fields_to_json(&gl_decision_fields, fx->decision, data);
            break;
        case GL_EFFECT_ALARM:
            lane_labels(l, fx->alarm->lane, "alarm");
            if (!fx->alarm->lane[0]) {
                gl_clip(l->topic, sizeof l->topic, "alarm");
                gl_clip(l->stream, sizeof l->stream, "post");
                gl_clip(l->subject, sizeof l->subject, "post");
            }
            l->passage = fx->alarm->passage;
            gl_fields_to_json(&gl_alarm_fields, fx->alarm, data);
            break;
        case GL_EFFECT_SIGNAL: /* what was shown, and when: for the record; the retained state tells everybody else */
            gl_clip(l->stream, sizeof l->stream, "local");
            gl_clip(l->type, sizeof l->type, "greenlane.state.signal");
            gl_format(l->subject, sizeof l->subject, "lane/%s", fx->signal->lane);
            gl_clip(l->schema, sizeof l->schema, "state-signal");
            l->passage = fx->signal->passage;
            gl_fields_to_json(&gl_signal_state_fields, fx->signal, data);
            break;
        case GL_EFFECT_HIT: /* the broker keeps this topic to those who are entitled */
            lane_labels(l, fx->hit->lane, "lookout");
            gl_format(l->topic, sizeof l->topic, "restricted/lane/%s/lookout", fx->hit->lane);
            gl_format(l->stream, sizeof l->stream, "restricted/%s", fx->hit->lane);
            l->passage = fx->hit->passage;
            gl_fields_to_json(&gl_hit_fields, fx->hit, data);
            break;
        case GL_EFFECT_REVIEW:
            lane_labels(l, fx->review->lane, "review");
            l->passage = fx->review->passage;
            gl_fields_to_json(&gl_review_fields, fx->review, data);
            break;
        case GL_EFFECT_SUMMARY:
            gl_clip(l->topic, sizeof l->topic, "review");
            gl_clip(l->stream, sizeof l->stream, "post");
            gl_clip(l->subject, sizeof l->subject, "post");
            gl_clip(l->type, sizeof l->type, "greenlane.review-summary");
            gl_clip(l->schema, sizeof l->schema, "review-summary");
            gl_fields_to_json(&gl_review_summary_fields, fx->summary, data);
            break;
        default: /* commands are kept for the record, not published again */
            gl_clip(l->stream, sizeof l->stream, "local");
            gl_format(l->type, sizeof l->type, "greenlane.command.%s", gl_command_names[fx->command->name]);
            gl_format(l->subject, sizeof l->subject, "client/%s", fx->command->client);
            gl_format(l->schema, sizeof l->schema, "command-%s", gl_command_names[fx->command->name]);
            l->passage = fx->command->passage;
            gl_fields_to_json(&gl_command_data_fields, fx->command, data);
            break;
    }
}

static void write_ref(struct gl_buf *b, const struct gl_ref *r, int64_t version) {
    gl_buf_text(b, "{\"type\":");
    gl_json_string(b, r->type);
    gl_buf_text(b, ",\"ref\":");
    gl_json_string(b, r->value);
    gl_buf_printf(b, ",\"version\":%lld", (long long)(version == GL_INT_NULL ? -1 : version));
}

/* The look-up's answer, kept beside the decision that leaned on it: what was known at that moment, whatever the feed says later. */
static void write_answer(const struct gl_answer *a, struct gl_buf *b) {
    gl_buf_printf(b, "{\"failed\":%s,\"truncated\":%s,\"movements\":[", a->failed ? "true" : "false",
                  a->truncated ? "true" : "false");
    for (int i = 0; i < a->n_movements; i++) {
        const struct gl_answer_movement *m = &a->movements[i];
        if (i) gl_buf_char(b, ',');
        write_ref(b, &m->ref, m->version);
        gl_buf_printf(b, ",\"kind\":%u,\"state\":%u,\"channel\":%u,\"by\":%u,\"use\":%u,\"used_by\":\"%s\"}", m->kind, m->state,
                      m->channel, m->by, m->use, m->used_by);
    }
    gl_buf_text(b, "],\"declarations\":[");
    for (int i = 0; i < a->n_declarations; i++) {
        const struct gl_answer_declaration *d = &a->declarations[i];
        if (i) gl_buf_char(b, ',');
        write_ref(b, &d->ref, d->version);
        gl_buf_printf(b, ",\"received\":%s,\"state\":%u,\"control\":%u,\"by\":%u,\"listed_by\":%u,\"use\":%u,\"declared\":",
                      d->received ? "true" : "false", d->state, d->control, d->by, d->listed_by, d->use);
        gl_json_string(b, d->type);
        gl_buf_text(b, ",\"destination\":");
        gl_json_string(b, d->destination);
        gl_buf_char(b, '}');
    }
    gl_buf_text(b, "],\"tags\":[");
    for (int i = 0; i < a->n_tags; i++) {
        const struct gl_answer_tag *t = &a->tags[i];
        gl_buf_text(b, i ? ",{\"epc\":" : "{\"epc\":");
        gl_json_string(b, t->epc);
        gl_buf_text(b, ",\"tid\":");
        gl_json_string(b, t->tid);
        gl_buf_printf(b,
                      ",\"registered\":%s,\"state\":%u,\"role\":%u,\"valid_to\":%lld,\"plate\":", t->registered ? "true" : "false",
                      t->state, t->role, (long long)t->valid_to);
        gl_json_string(b, t->plate);
        gl_buf_text(b, ",\"seal\":");
        gl_json_string(b, t->seal);
        gl_buf_char(b, '}');
    }
    gl_buf_text(b, "],\"seals\":[");
    for (int i = 0; i < a->n_seals; i++) {
        gl_buf_text(b, i ? ",{\"seal\":" : "{\"seal\":");
        gl_json_string(b, a->seals[i].seal);
        gl_buf_printf(b, ",\"movements\":%u,\"declaration\":", a->seals[i].in_movements);
        gl_json_string(b, a->seals[i].in.value);
        gl_buf_printf(b, ",\"state\":%u,\"valid_to\":%lld}", a->seals[i].state, (long long)a->seals[i].valid_to);
    }
    gl_buf_text(b, "],\"lookouts\":[");
    for (int i = 0; i < a->n_lookouts; i++) {
        gl_buf_text(b, i ? ",{\"ref\":" : "{\"ref\":");
        gl_json_string(b, a->lookouts[i].ref.value);
        gl_buf_printf(b, ",\"action\":%u,\"read\":%s}", a->lookouts[i].action, a->lookouts[i].read ? "true" : "false");
    }
    gl_buf_text(b, "]}");
}

static void remember_stream(struct gl_engine *e, const char *stream) {
    for (int i = 0; i < e->n_streams_new; i++)
        if (strcmp(e->streams_new[i], stream) == 0) return;
    if (e->n_streams_new < GL_COUNT(e->streams_new)) gl_clip(e->streams_new[e->n_streams_new++], sizeof e->streams_new[0], stream);
}

static int keep_decision(struct gl_engine *e, const struct gl_effect *fx, struct gl_error *err) {
    int rc = gl_journal_decided(e->journal, fx->decision, fx->at.wall, err);
    if (rc == 0) rc = gl_journal_doubt(e->journal, fx->decision, fx->id, fx->at.wall, err);
    if (rc > 0) e->reviews = true;
    return rc < 0 ? rc : 0;
}

static int also_keep(struct gl_engine *e, const struct gl_effect *fx, struct gl_error *err) {
    if (fx->type == GL_EFFECT_PASSAGE) return gl_journal_passage(e->journal, fx->passage, err);
    if (fx->type == GL_EFFECT_ALARM) return gl_journal_alarm(e->journal, fx->alarm, fx->at.wall, err);
    return fx->type == GL_EFFECT_DECISION ? keep_decision(e, fx, err) : 0;
}

int gl_engine_append(struct gl_engine *e, const struct gl_labels *l, const char *id, struct gl_now now, struct gl_error *err) {
    int64_t seq = 0;
    int rc = gl_journal_next_seq(e->journal, l->stream, &seq, err);
    if (rc < 0) return rc;
    gl_buf_reset(&e->payload);
    if (!e->data.failed)
        gl_envelope_write(&e->payload, &(struct gl_envelope_out){.id = id,
                                                                 .post = e->config->post,
                                                                 .type = l->type,
                                                                 .time = l->time,
                                                                 .subject = l->subject,
                                                                 .dataschema = l->schema,
                                                                 .stream = l->stream,
                                                                 .seq = seq,
                                                                 .boot = e->boot,
                                                                 .data = e->data.data});
    if (e->data.failed || e->payload.failed || e->internal.failed)
        return gl_fail(err, -EMSGSIZE, "the event is larger than a message can be");
    rc = gl_journal_append(e->journal,
                           &(struct gl_record){.stream = l->stream,
                                               .seq = seq,
                                               .type = l->type,
                                               .topic = l->topic,
                                               .id = id,
                                               .passage = l->passage,
                                               .time = l->time,
                                               .written = gl_engine_written(e, now),
                                               .payload = e->payload.data,
                                               .internal = e->internal.len ? e->internal.data : NULL},
                           err);
    if (rc == 0 && l->topic[0]) remember_stream(e, l->stream);
    return rc;
}

int64_t gl_engine_written(const struct gl_engine *e, struct gl_now now) {
    int64_t last = gl_journal_written(e->journal);
    return e->clock_ok || now.wall > last ? now.wall : last;
}

void gl_engine_record(struct gl_engine *e, const struct gl_effect *fx) {
    struct gl_labels l;
    struct gl_error err;
    char id[GL_COMMAND_ID];
    gl_buf_reset(&e->data);
    gl_buf_reset(&e->internal);
    describe(fx, &l, &e->data);
    if (fx->type == GL_EFFECT_COMMAND)
        gl_command_record_id(fx->command, id);
    else if (fx->id[0])
        memcpy(id, fx->id, sizeof fx->id);
    else
        gl_core_uuid(e->core, fx->at, id);
    if (fx->type == GL_EFFECT_DECISION && strcmp(e->answer->passage, l.passage) == 0) write_answer(e->answer, &e->internal);
    int rc = gl_engine_append(e, &l, id, fx->at, &err);
    if (rc == 0) rc = also_keep(e, fx, &err);
    if (rc < 0) {
        gl_engine_fail(e, rc, &err);
        return;
    }
    if (e->out.event && fx->type != GL_EFFECT_SIGNAL && fx->type != GL_EFFECT_HIT)
        e->out.event(e->out.user, l.topic, e->payload.data);
    gl_engine_share(e, fx);
}

void gl_engine_publish_state(struct gl_engine *e, const char *topic, const char *type, const char *subject, const char *schema,
                             const struct gl_fields *fields, const void *data, struct gl_now now) {
    char id[GL_UUID];
    gl_buf_reset(&e->data);
    gl_buf_reset(&e->payload);
    gl_fields_to_json(fields, data, &e->data);
    gl_core_uuid(e->core, now, id);
    if (e->data.failed) return;
    gl_envelope_write(&e->payload, &(struct gl_envelope_out){.id = id,
                                                             .post = e->config->post,
                                                             .type = type,
                                                             .time = now.wall,
                                                             .subject = subject,
                                                             .dataschema = schema,
                                                             .boot = e->boot,
                                                             .data = e->data.data});
    if (e->payload.failed) return;
    struct pending *p = gl_engine_pend(e, PENDING_STATE);
    gl_clip(p->topic, sizeof p->topic, topic);
    p->payload = strdup(e->payload.data);
    if (!p->payload) abort();
    e->touched = true;
}

void gl_engine_pend_reply(struct gl_engine *e, const struct gl_effect *fx) {
    char id[GL_UUID], subject[GL_ID + 16];
    gl_buf_reset(&e->data);
    gl_buf_reset(&e->payload);
    gl_fields_to_json(&gl_reply_fields, fx->reply, &e->data);
    gl_core_uuid(e->core, fx->at, id);
    gl_format(subject, sizeof subject, "client/%s", fx->reply->client);
    gl_envelope_write(&e->payload, &(struct gl_envelope_out){.id = id,
                                                             .post = e->config->post,
                                                             .type = "greenlane.reply",
                                                             .time = fx->at.wall,
                                                             .subject = subject,
                                                             .dataschema = "reply",
                                                             .boot = e->boot,
                                                             .data = e->data.data});
    struct pending *p = gl_engine_pend(e, PENDING_REPLY);
    p->reply = *fx->reply;
    p->payload = strdup(e->payload.failed ? "" : e->payload.data);
    if (!p->payload) abort();
}

void gl_engine_note(struct gl_engine *e, const char *type, const struct gl_fields *fields, const void *data, bool for_ever,
                    struct gl_now now) {
    struct gl_error err = {""};
    char id[GL_UUID];
    gl_core_uuid(e->core, now, id);
    struct gl_note note = {type, id, e->config->post, e->boot, now.wall, for_ever, fields, data};
    int rc = gl_journal_note(e->journal, &note, &err);
    if (rc < 0) gl_engine_fail(e, rc, &err);
    e->touched = true;
}

static void tell_alarm(struct gl_engine *e, const char *action, const char *kind, const char *alarm, const char *detail,
                       struct gl_now now) {
    struct gl_alarm a;
    gl_fields_clear(&gl_alarm_fields, &a);
    gl_clip(a.alarm, sizeof a.alarm, alarm);
    gl_clip(a.kind, sizeof a.kind, kind);
    gl_clip(a.action, sizeof a.action, action);
    gl_clip(a.detail, sizeof a.detail, detail);
    struct gl_effect fx = {.type = GL_EFFECT_ALARM, .at = now, .alarm = &a};
    gl_engine_record(e, &fx);
    e->touched = true;
}

void gl_engine_alarm_raise(struct gl_engine *e, const char *kind, const char *detail, char ret_alarm[GL_UUID], struct gl_now now) {
    gl_core_uuid(e->core, now, ret_alarm);
    tell_alarm(e, "raise", kind, ret_alarm, detail, now);
}

void gl_engine_alarm_clear(struct gl_engine *e, const char *kind, const char *alarm, const char *detail, struct gl_now now) {
    tell_alarm(e, "clear", kind, alarm, detail, now);
}

void gl_engine_alarm(struct gl_engine *e, const char *kind, const char *detail, struct gl_now now) {
    char alarm[GL_UUID];
    gl_engine_alarm_raise(e, kind, detail, alarm, now);
}

struct standing {
    const char *kind;
    struct gl_alarm alarm;
};

static int find_standing(void *user, const struct gl_standing *s) {
    struct standing *want = user;
    if (s->lane[0] || strcmp(s->kind, want->kind) != 0) return 0;
    memcpy(want->alarm.alarm, s->alarm, sizeof want->alarm.alarm);
    return 1;
}

void gl_engine_alarm_over(struct gl_engine *e, const char *kind, const char *detail, struct gl_now now) {
    struct gl_error err = {""};
    struct standing s = {.kind = kind};
    gl_fields_clear(&gl_alarm_fields, &s.alarm);
    if (gl_journal_standing(e->journal, find_standing, &s, &err) != 1) return;
    gl_clip(s.alarm.kind, sizeof s.alarm.kind, kind);
    gl_clip(s.alarm.action, sizeof s.alarm.action, "clear");
    gl_clip(s.alarm.detail, sizeof s.alarm.detail, detail);
    struct gl_effect fx = {.type = GL_EFFECT_ALARM, .at = now, .alarm = &s.alarm};
    gl_engine_record(e, &fx);
    e->touched = true;
}
