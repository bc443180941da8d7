/* Events through the core, its look-ups answered, its words recorded; then the commit, and only then everything else. */
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

void gl_engine_fail(struct gl_engine *e, int code, const struct gl_error *err) {
    if (e->failed < 0) return;
    e->failed = code < 0 ? code : -EIO;
    e->error = *err;
}

struct pending *gl_engine_pend(struct gl_engine *e, int what) {
    struct pending *p = calloc(1, sizeof *p);
    if (!p) abort();
    p->what = what;
    *e->last = p;
    e->last = &p->next;
    return p;
}

static void drop_pending(struct gl_engine *e) {
    while (e->first) {
        struct pending *next = e->first->next;
        free(e->first->payload);
        free(e->first);
        e->first = next;
    }
    e->last = &e->first;
}

static void take_effects(struct gl_engine *e, size_t from);

/* A look-up is answered within the step's own turn; an answer that could not be had is an answer too: one that never releases. What comes of it is
 * taken before the next look-up: the decision is recorded beside this answer, and what it reserves is no longer free for another lane. */
static void answer(struct gl_engine *e, const struct gl_query *q, struct gl_now at) {
    struct gl_error err = {""};
    if (gl_cache_lookup(e->cache, q, e->answer, &err) < 0 || gl_engine_fill_use(e, &err) < 0) {
        e->answer->failed = true;
        e->answer->n_movements = e->answer->n_declarations = e->answer->n_seals = e->answer->n_lookouts = 0;
    }
    memcpy(e->answer->passage, q->passage, sizeof e->answer->passage);
    e->answer->lane = q->lane;
    e->answer->review = q->review;
    struct gl_event ev = {.type = GL_EV_ANSWER, .at = at, .answer = e->answer};
    size_t before = e->effects.n;
    gl_core_step(e->core, &ev, &e->effects);
    take_effects(e, before);
}

static bool same_ref(const struct gl_ref *a, const struct gl_ref *b) {
    return strcmp(a->type, b->type) == 0 && strcmp(a->value, b->value) == 0;
}

/* Until when it would have been valid: the use is kept beyond that. */
static void keep_use(struct gl_engine *e, const struct gl_effect *fx) {
    struct gl_error err;
    struct gl_use_change use = *fx->use;
    for (int i = 0; i < e->answer->n_movements; i++)
        if (same_ref(&e->answer->movements[i].ref, &use.ref)) use.valid_to = e->answer->movements[i].valid_to;
    for (int i = 0; i < e->answer->n_declarations; i++)
        if (same_ref(&e->answer->declarations[i].ref, &use.ref)) use.valid_to = e->answer->declarations[i].valid_to;
    if (gl_journal_use(e->journal, &use, fx->at.wall, &err) < 0) gl_engine_fail(e, -EIO, &err);
}

static void keep_mode(struct gl_engine *e, const struct gl_effect *fx) {
    struct gl_error err;
    char topic[GL_ID + 32], subject[GL_ID + 16];
    if (gl_journal_set_mode(e->journal, fx->mode, &err) < 0) gl_engine_fail(e, -EIO, &err);
    gl_format(topic, sizeof topic, "state/lane/%s/mode", fx->mode->lane);
    gl_format(subject, sizeof subject, "lane/%s", fx->mode->lane);
    gl_engine_publish_state(e, topic, "greenlane.state.mode", subject, "state-mode", &gl_mode_state_fields, fx->mode, fx->at);
}

static void show_signal(struct gl_engine *e, const struct gl_effect *fx) {
    char topic[GL_ID + 32], subject[GL_ID + 16];
    gl_engine_pend(e, PENDING_SIGNAL)->signal = *fx->signal;
    gl_engine_record(e, fx); /* after the fact: rides with the next commit */
    gl_format(topic, sizeof topic, "state/lane/%s/signal", fx->signal->lane);
    gl_format(subject, sizeof subject, "lane/%s", fx->signal->lane);
    gl_engine_publish_state(e, topic, "greenlane.state.signal", subject, "state-signal", &gl_signal_state_fields, fx->signal,
                            fx->at);
}

static void take_effect(struct gl_engine *e, const struct gl_effect *fx) {
    switch (fx->type) {
        case GL_EFFECT_READING:
        case GL_EFFECT_PASSAGE:
        case GL_EFFECT_DECISION:
        case GL_EFFECT_ALARM:
        case GL_EFFECT_COMMAND: gl_engine_record(e, fx); break;
        case GL_EFFECT_REPLY: gl_engine_pend_reply(e, fx); break;
        case GL_EFFECT_LOOKUP: answer(e, fx->query, fx->at); break;
        case GL_EFFECT_USE: keep_use(e, fx); break;
        case GL_EFFECT_SIGNAL: show_signal(e, fx); break;
        case GL_EFFECT_MODE: keep_mode(e, fx); break;
        case GL_EFFECT_CORRECT: gl_engine_correct(e, fx); break;
        case GL_EFFECT_OUTBOX: gl_engine_pend(e, PENDING_OUTBOX)->command = *fx->command; break;
        case GL_EFFECT_ASK: gl_engine_feed_ask(e, fx->command->collection, fx->at); break;
        case GL_EFFECT_HIT: gl_engine_keep_hit(e, fx); break;
        case GL_EFFECT_CONTINGENCY: gl_engine_keep_contingency(e, fx); break;
        case GL_EFFECT_USES: gl_engine_keep_uses(e, fx); break;
        case GL_EFFECT_REVIEW: gl_engine_keep_review(e, fx); break;
        case GL_EFFECT_SUMMARY: break; /* made by review.c, not by the core */
    }
}

static void take_effects(struct gl_engine *e, size_t from) {
    for (size_t i = from; i < e->effects.n; i++) {
        struct gl_effect fx = e->effects.v[i]; /* a copy: answering a look-up adds effects and may move the array */
        take_effect(e, &fx);
    }
    e->effects.n = from;
}

void gl_engine_run(struct gl_engine *e, const struct gl_event *ev) {
    e->touched = true;
    gl_core_step(e->core, ev, &e->effects);
    take_effects(e, 0);
    gl_effects_reset(&e->effects);
}

void gl_engine_reading(struct gl_engine *e, struct gl_reading *r, struct gl_now now) {
    gl_engine_run(e, &(struct gl_event){.type = GL_EV_READING, .at = now, .reading = r});
}

void gl_engine_device(struct gl_engine *e, const struct gl_device_status *s, struct gl_now now) {
    char topic[GL_ID + 32], subject[GL_ID + 16];
    gl_engine_run(e, &(struct gl_event){.type = GL_EV_DEVICE, .at = now, .device = {s->device, s->state, s->reason}});
    gl_format(topic, sizeof topic, "state/device/%s", s->device);
    gl_format(subject, sizeof subject, "device/%s", s->device);
    gl_engine_publish_state(e, topic, "greenlane.state.device", subject, "state-device", &gl_device_status_fields, s, now);
}

/* The same command once more, after a restart too: what is known is told, not done. */
static bool came_before(struct gl_engine *e, const struct gl_command *cmd, struct gl_now now) {
    struct gl_error err = {""};
    char id[GL_COMMAND_ID];
    gl_command_record_id(cmd, id);
    int known = gl_journal_known(e->journal, id, &err);
    if (known == 0) return false;
    struct gl_reply r;
    gl_fields_clear(&gl_reply_fields, &r);
    memcpy(r.client, cmd->client, sizeof r.client);
    r.name = cmd->name;
    memcpy(r.command, cmd->id, sizeof r.command);
    r.ok = GL_FALSE;
    gl_format(r.error, sizeof r.error,
              known > 0 ? "the command %s was already taken" : "the command %s cannot be taken: the journal does not answer",
              cmd->id);
    memcpy(r.response_topic, cmd->response_topic, sizeof r.response_topic);
    memcpy(&r.correlation, &cmd->correlation, sizeof r.correlation);
    gl_engine_pend_reply(e, &(struct gl_effect){.type = GL_EFFECT_REPLY, .at = now, .reply = &r});
    e->touched = true;
    return true;
}

void gl_engine_command(struct gl_engine *e, const struct gl_command *cmd, struct gl_now now) {
    if (cmd->id[0] && came_before(e, cmd, now)) return;
    e->touched = true;
    gl_core_step(e->core, &(struct gl_event){.type = GL_EV_COMMAND, .at = now, .command = cmd}, &e->effects);
    size_t n = e->effects.n;
    const struct gl_effect *last = n ? &e->effects.v[n - 1] : NULL;
    bool refused = n == 2 && last->type == GL_EFFECT_REPLY && last->reply->ok == GL_FALSE; /* the command itself, and the answer */
    /* An `ack` that is taken moves a cursor, which is kept: a record of each would fill the journal with what the control room says all day. */
    bool silent = refused ? !gl_engine_may_journal(e, cmd, now) : cmd->name == GL_COMMAND_ACK;
    take_effects(e, silent ? 1 : 0);
    gl_effects_reset(&e->effects);
}

void gl_engine_clock(struct gl_engine *e, bool synchronised, struct gl_now now) {
    if (e->clock_ok == synchronised) return;
    e->clock_ok = synchronised;
    gl_engine_run(e, &(struct gl_event){.type = GL_EV_CLOCK, .at = now, .clock_ok = synchronised});
}

void gl_engine_time(struct gl_engine *e, struct gl_now now) {
    if (gl_journal_dirty(e->journal)) e->touched = true; /* what was written after the last commit waits no longer */
    gl_engine_feed_tick(e, now);
    gl_engine_review_time(e, now);
    gl_engine_refusals_time(e, now);
    if (now.mono >= gl_core_next_deadline(e->core)) gl_engine_run(e, &(struct gl_event){.type = GL_EV_TIME, .at = now});
}

static void hand_out(struct gl_engine *e) {
    struct pending *list = e->first;
    e->first = NULL;
    e->last = &e->first;
    while (list) {
        struct pending *p = list;
        list = p->next;
        switch (p->what) {
            case PENDING_SIGNAL: e->out.signal(e->out.user, &p->signal); break;
            case PENDING_STATE: e->out.state(e->out.user, p->topic, p->payload); break;
            case PENDING_REQUEST: e->out.request(e->out.user, p->topic, p->payload); break;
            case PENDING_REPLY: e->out.reply(e->out.user, &p->reply, p->payload); break;
            case PENDING_OUTBOX: e->out.outbox(e->out.user, &p->command); break;
        }
        free(p->payload);
        free(p);
    }
    for (int i = 0; i < e->n_streams_new; i++) e->out.stream(e->out.user, e->streams_new[i]);
    e->n_streams_new = 0;
}

bool gl_engine_dirty(const struct gl_engine *e) {
    return e->touched || e->failed < 0;
}

int gl_engine_commit(struct gl_engine *e, struct gl_now now, struct gl_error *err) {
    struct gl_error why;
    int switched = e->failed < 0 ? 0 : gl_engine_load_switch(e, now, &why);
    if (switched < 0) gl_engine_fail(e, switched, &why);
    if (e->lodged_changed) {
        e->lodged_changed = false;
        gl_engine_run(e, &(struct gl_event){.type = GL_EV_LODGED, .at = now});
    }
    int rc = e->failed;
    if (rc == 0) rc = gl_cache_commit(e->cache, &e->error);
    if (rc == 0 && gl_journal_dirty(e->journal)) rc = gl_journal_commit(e->journal, &e->error);
    if (rc < 0) {
        gl_journal_rollback(e->journal);
        gl_cache_rollback(e->cache);
        drop_pending(e);
        e->failed = rc;
        *err = e->error;
        return rc;
    }
    /* Durable now. The last look before the light: does the release still stand? */
    gl_engine_run(e, &(struct gl_event){.type = GL_EV_COMMITTED, .at = now});
    e->touched = false;
    hand_out(e);
    return 0;
}

int64_t gl_engine_next_deadline(const struct gl_engine *e) {
    return gl_core_next_deadline(e->core);
}
bool gl_engine_idle(const struct gl_engine *e) {
    return gl_core_idle(e->core);
}
bool gl_engine_occupied(const struct gl_engine *e, int lane) {
    return gl_core_occupied(e->core, lane);
}
struct gl_journal *gl_engine_journal(struct gl_engine *e) {
    return e->journal;
}

/* ---- opening ---- */
struct restoring {
    struct gl_engine *e;
    struct gl_now now;
};

static int restore_mode(void *user, const struct gl_mode_state *m) {
    struct restoring *r = user;
    gl_engine_run(r->e, &(struct gl_event){.type = GL_EV_RESTORE_MODE, .at = r->now, .restore_mode = {m->lane, m->mode}});
    return 0;
}

static int restore_alarm(void *user, const struct gl_standing *s) {
    struct restoring *r = user;
    gl_engine_run(
        r->e, &(struct gl_event){.type = GL_EV_RESTORE_ALARM, .at = r->now, .restore_alarm = {s->lane, s->kind, s->alarm, s->at}});
    return 0;
}

struct saved {
    struct gl_passage p;
    struct saved *next;
};
static int collect_passage(void *user, const struct gl_passage *p) {
    struct saved ***at = user;
    struct saved *s = calloc(1, sizeof *s);
    if (!s) return -ENOMEM;
    s->p = *p;
    **at = s;
    *at = &s->next;
    return 0;
}

/* Collected first: restoring writes to the table that is being read. */
static int restore_passages(struct gl_engine *e, struct gl_now now, struct gl_error *err) {
    struct saved *list = NULL, **at = &list;
    int rc = gl_journal_open_passages(e->journal, collect_passage, &at, err);
    while (list) {
        struct saved *s = list;
        list = s->next;
        if (rc == 0) gl_engine_run(e, &(struct gl_event){.type = GL_EV_RESTORE_PASSAGE, .at = now, .restore_passage = &s->p});
        free(s);
    }
    return rc;
}

static void publish_modes(struct gl_engine *e, struct gl_now now) {
    for (int i = 0; i < e->config->n_lanes; i++) {
        struct gl_mode_state m;
        char topic[GL_ID + 32], subject[GL_ID + 16];
        gl_fields_clear(&gl_mode_state_fields, &m);
        memcpy(m.lane, e->config->lanes[i].id, sizeof m.lane);
        m.mode = gl_core_mode(e->core, i);
        m.since = now.wall;
        gl_format(topic, sizeof topic, "state/lane/%s/mode", m.lane);
        gl_format(subject, sizeof subject, "lane/%s", m.lane);
        gl_engine_publish_state(e, topic, "greenlane.state.mode", subject, "state-mode", &gl_mode_state_fields, &m, now);
    }
}

int gl_engine_open(const struct gl_engine_setup *s, struct gl_now now, struct gl_engine **ret, struct gl_error *err) {
    struct gl_engine *e = calloc(1, sizeof *e);
    if (!e) return gl_fail(err, -ENOMEM, "out of memory");
    e->config = s->config;
    e->out = s->out;
    e->loader = s->loader;
    e->last = &e->first;
    e->data = e->payload = GL_BUF(GL_EVENT_MAX);
    e->internal = GL_BUF(1 << 20);
    memcpy(e->boot, s->boot, sizeof e->boot);
    e->answer = calloc(1, sizeof *e->answer);
    bool shares = s->config->share.recintos.site[0] || s->config->share.cc007c.office[0];
    if (shares) e->share = calloc(1, sizeof *e->share);
    int rc = e->answer && (e->share || !shares) ? 0 : gl_fail(err, -ENOMEM, "out of memory");
    if (rc == 0) rc = gl_core_new(s->config, s->key, s->boot, &e->core);
    if (rc == 0) rc = gl_cache_open(s->cache_path, &e->cache, err);
    if (rc == 0) rc = gl_journal_open(s->journal_path, &e->journal, err);
    if (rc == 0) rc = gl_engine_feed_open(e, now, err);
    if (rc == 0) e->written_before = gl_journal_written(e->journal);
    if (rc == 0)
        gl_journal_set_keep(e->journal, &(struct gl_keep){.passages_ms = s->config->retention.passages_ms,
                                                          .records_ms = s->config->retention.records_ms,
                                                          .used_ms = s->config->retention.used_ms});
    struct restoring r = {e, now};
    if (rc == 0) rc = gl_journal_modes(e->journal, restore_mode, &r, err);
    if (rc == 0) rc = gl_journal_standing(e->journal, restore_alarm, &r, err);
    if (rc == 0) rc = gl_engine_review_open(e, now, err);
    if (rc == 0) rc = restore_passages(e, now, err);
    if (rc == 0) rc = gl_engine_restore_hits(e, now, err);
    if (rc < 0) {
        gl_engine_close(e);
        return rc;
    }
    publish_modes(e, now);
    gl_engine_publish_contingency(e, now);
    gl_engine_publish_uses(e, now);
    *ret = e;
    return 0;
}

void gl_engine_close(struct gl_engine *e) {
    if (!e) return;
    drop_pending(e);
    gl_engine_feed_close(e);
    gl_effects_free(&e->effects);
    gl_journal_close(e->journal);
    gl_cache_close(e->cache);
    gl_core_free(e->core);
    gl_buf_free(&e->data);
    gl_buf_free(&e->payload);
    gl_buf_free(&e->internal);
    free(e->answer);
    free(e->share);
    free(e);
}
