/* When to decide, and when to decide again.
 *
 * Only the first passage of a lane is decided. It is looked up afresh whenever something may have changed; the answer runs the rules:
 *
 *     not decided   release at once when every rule passes; inspect when everything has come, or when the time is up: with all the reasons
 *     release       anything adverse supersedes it; so does the end of its lease
 *     inspect       favourable evidence lifts `desk` alone; what is worse supersedes it; the rest is an officer's
 */
#include <string.h>

#include "core/internal.h"

static void add_keys(struct gl_query *q, enum gl_key_kind kind, const struct gl_plate_keys *keys) {
    for (int i = 0; i < keys->n && q->n_keys < GL_MAX_KEYS; i++) {
        struct gl_key *k = &q->keys[q->n_keys++];
        k->kind = (uint8_t)kind;
        gl_clip(k->text, sizeof k->text, keys->key[i]);
    }
}

void gl_query_add_ref(struct gl_query *q, const struct gl_ref *ref) {
    if (!ref->value[0] || q->n_keys == GL_MAX_KEYS) return;
    struct gl_key *k = &q->keys[q->n_keys++];
    k->kind = GL_KEY_REFERENCE;
    memcpy(k->type, ref->type, sizeof k->type);
    gl_clip(k->text, sizeof k->text, ref->value);
}

void gl_query_passage(struct gl_query *q, const struct passage *p) {
    memcpy(q->passage, p->id, sizeof q->passage);
    add_keys(q, GL_KEY_VEHICLE, &p->vehicle.keys);
    add_keys(q, GL_KEY_TRAILER, &p->trailer.keys);
    add_keys(q, GL_KEY_CONTAINER, &p->container.keys);
    for (int i = 0; i < p->n_tags && q->n_keys < GL_MAX_KEYS; i++) {
        struct gl_key *k = &q->keys[q->n_keys++];
        k->kind = GL_KEY_TAG;
        gl_clip(k->text, sizeof k->text, p->tags[i].epc);
        gl_clip(k->tid, sizeof k->tid, p->tags[i].tid);
    }
    gl_query_add_ref(q, &p->reference);
}

void gl_lane_consider(struct gl_core *c, struct lane *l) {
    struct passage *p = l->n ? l->passages[0] : NULL;
    if (!p || p->exit_begun || p->lookup_pending) return;
    struct gl_query q = {.lane = (uint16_t)(l - c->lanes)};
    gl_query_passage(&q, p);
    p->lookup_pending = true;
    ADD_EFFECT(c, GL_EFFECT_LOOKUP, &q);
}

static void add_identifier(struct gl_match *m, const char *kind, const char *text) {
    if (!text[0] || m->n_identifiers == GL_MAX_IDENTIFIERS) return;
    struct gl_identifier *i = &m->identifiers[m->n_identifiers++];
    gl_clip(i->kind, sizeof i->kind, kind);
    gl_clip(i->text, sizeof i->text, text);
}

static void fill_match(const struct facts *f, struct gl_match *m) {
    if (f->movement < 0 && !f->by_declaration) return;
    gl_clip(m->by, sizeof m->by, f->by_reference ? "reference" : f->by_tag ? "tag" : f->by_container ? "container" : "exact");
    if (f->movement >= 0) m->movements[m->n_movements++] = f->answer->movements[f->movement].ref;
    for (int i = 0; i < f->answer->n_declarations && m->n_declarations < GL_COUNT(m->declarations); i++)
        if (gl_facts_judged(f, &f->answer->declarations[i])) m->declarations[m->n_declarations++] = f->answer->declarations[i].ref;
    add_identifier(m, "plate", f->passage->vehicle.text);
    add_identifier(m, "trailer", f->passage->trailer.text);
    const struct gl_answer_tag *tag = f->tag.agrees ? f->tag.agrees : f->by_tag ? f->tag.stands : NULL;
    add_identifier(m, "tag", tag ? tag->epc : "");
    add_identifier(m, "container", f->passage->container.text);
    add_identifier(m, "reference", f->passage->reference.value);
}

static void use(struct gl_core *c, struct passage *p, const struct gl_ref *ref, enum gl_use how) {
    struct gl_use_change u = {.ref = *ref, .use = (uint8_t)how};
    memcpy(u.passage, p->id, sizeof u.passage);
    ADD_EFFECT(c, GL_EFFECT_USE, &u);
    if (how == GL_USE_RESERVED && p->n_reserved < GL_COUNT(p->reserved)) p->reserved[p->n_reserved++] = *ref;
}

static bool obstructs(const struct gl_decision *d, const char *rule) {
    for (int i = 0; i < d->n_rules; i++)
        if (strcmp(d->rules[i].rule, rule) == 0 && (d->rules[i].result == GL_FAIL || d->rules[i].result == GL_UNKNOWN)) return true;
    return false;
}

/* A release reserves what carries it, so that no second vehicle is released on the same; an inspect lets go of it. */
static void reserve(struct gl_core *c, struct passage *p, const struct gl_decision *d) {
    for (int i = 0; i < p->n_reserved; i++) {
        struct gl_ref ref = p->reserved[i];
        use(c, p, &ref, GL_USE_NONE);
    }
    p->n_reserved = 0;
    /* What an officer has seen as evidence is used up with it, whether the cache knows it or not. */
    if (d->outcome == GL_OUTCOME_RELEASE && d->evidence.value[0]) use(c, p, &d->evidence, GL_USE_RESERVED);
    /* What another has used stays his, even when an officer lets this one go as well. */
    if (d->outcome != GL_OUTCOME_RELEASE || obstructs(d, "DECL_ALREADY_USED")) return;
    for (int i = 0; i < d->match.n_movements; i++) use(c, p, &d->match.movements[i], GL_USE_RESERVED);
    for (int i = 0; d->match.n_movements == 0 && i < d->match.n_declarations && i < 8; i++)
        use(c, p, &d->match.declarations[i], GL_USE_RESERVED);
}

/* Makes d the passage's decision: recorded, published, and shown after the commit. */
static void decide(struct gl_core *c, struct lane *l, struct passage *p, struct gl_decision *d) {
    gl_clip(d->supersedes, sizeof d->supersedes, p->decision_id);
    gl_core_uuid(c, c->now, p->decision_id);
    d->feed = c->feed;
    gl_clip(d->config, sizeof d->config, c->config->hash);
    if (gl_contingency_active(c)) memcpy(d->contingency, c->contingency.reference, sizeof d->contingency);
    d->n_readings = p->n_readings;
    memcpy(d->readings, p->readings, sizeof d->readings);
    reserve(c, p, d);
    p->decision = *d;
    p->decided = true;
    p->hits_decided = p->n_hits;
    if (d->outcome == GL_OUTCOME_RELEASE) p->lease_over = false;
    gl_passage_publish(c, l, p, GL_EXIT_NONE);
    ADD_EFFECT(c, GL_EFFECT_DECISION, d);
    memcpy(c->out->v[c->out->n - 1].id, p->decision_id, GL_UUID);
    /* What is reserved here is used for the vehicles of the other lanes: an officer must see that before he lets one go. */
    for (int i = 0; d->outcome == GL_OUTCOME_RELEASE && i < c->n_lanes; i++)
        if (&c->lanes[i] != l) gl_lane_consider(c, &c->lanes[i]);
}

static void decision_begin(const struct gl_core *c, const struct lane *l, const struct passage *p, struct gl_decision *d) {
    gl_fields_clear(&gl_decision_fields, d);
    memcpy(d->lane, l->config->id, sizeof d->lane);
    memcpy(d->passage, p->id, sizeof d->passage);
    memcpy(d->visit, p->visit, sizeof d->visit);
    if (gl_contingency_active(c)) memcpy(d->contingency, c->contingency.reference, sizeof d->contingency);
}

static bool presence_unbroken(const struct lane *l, const struct passage *p) {
    return !p->backing_out && !p->exit_begun && !p->faulted && l->mode != GL_MODE_CLOSED;
}

/* Is there a reason now that the standing decision does not name? Whoever lifts it must have seen it. */
static bool news(const struct gl_decision *fresh, const struct gl_decision *now, enum gl_level_decision least) {
    for (int i = 0; i < fresh->n_rules; i++)
        if (fresh->rules[i].level >= (uint8_t)least && obstructs(fresh, fresh->rules[i].rule) &&
            !obstructs(now, fresh->rules[i].rule))
            return true;
    return false;
}

static unsigned permission(const struct gl_decision *d) {
    return gl_rules_permission(d, d->contingency[0] ? GL_WHEN_CONTINGENCY : 0);
}

/* Does a ask for a permission that b does not? */
static bool asks_more(const struct gl_decision *a, const struct gl_decision *b) {
    return permission(a) & ~permission(b);
}

static bool same_refs(const struct gl_ref *a, int n, const struct gl_ref *b, int m) {
    bool same = n == m;
    for (int i = 0; same && i < n; i++) same = gl_same_ref(&a[i], &b[i]);
    return same;
}

/* A release stands on what was lodged; on something else it is another release. */
static bool same_match(const struct gl_match *a, const struct gl_match *b) {
    return same_refs(a->movements, a->n_movements, b->movements, b->n_movements) &&
           same_refs(a->declarations, a->n_declarations, b->declarations, b->n_declarations);
}

/* Has something come that the officer who let it go has not seen? */
static bool beyond_the_officer(const struct passage *p, const struct gl_decision *fresh) {
    const struct gl_decision *now = &p->decision;
    bool worse = fresh->level >= GL_LEVEL_PHYSICAL && (fresh->level > p->override_level || news(fresh, now, GL_LEVEL_PHYSICAL));
    return worse || asks_more(fresh, now) || p->scan.alarms > p->override_alarms || p->n_hits > p->hits_decided;
}

/* Does a fresh run of the rules call for another decision than the one that stands? */
static bool supersedes(const struct lane *l, const struct passage *p, const struct gl_decision *fresh) {
    const struct gl_decision *now = &p->decision;
    bool by_officer = now->officer.id[0] != '\0';
    if (now->outcome == GL_OUTCOME_RELEASE) {
        if (p->lease_over) return true;
        if (by_officer) return beyond_the_officer(p, fresh);
        return fresh->outcome == GL_OUTCOME_INSPECT || !same_match(&fresh->match, &now->match);
    }
    if (p->n_hits > p->hits_decided && fresh->level >= now->level) return true; /* whoever lifts it must have seen it */
    if (by_officer) return fresh->level > now->level || (fresh->level == now->level && asks_more(fresh, now));
    if (fresh->outcome == GL_OUTCOME_RELEASE) return now->level == GL_LEVEL_DESK && presence_unbroken(l, p);
    return fresh->level > now->level || (fresh->level == now->level && !asks_more(now, fresh) && news(fresh, now, GL_LEVEL_NONE));
}

static void judge(struct gl_core *c, struct lane *l, struct passage *p, const struct gl_answer *a) {
    struct facts f;
    struct gl_decision d;
    bool curable;
    p->judged_mono = c->now.mono;
    gl_tag_answered(p, a);
    gl_facts_gather(c, l, p, a, &f);
    gl_lookouts_take(&f, p);
    p->unanswered = a->failed;
    decision_begin(c, l, p, &d);
    gl_rules_run(&f, &d, &curable);
    fill_match(&f, &d.match);
    p->fresh = d;
    bool wait = !p->decided && d.outcome == GL_OUTCOME_INSPECT && curable && !f.time_up;
    if (!wait && (!p->decided || supersedes(l, p, &d))) decide(c, l, p, &d);
    gl_lookouts_tell(c, p, p->decision_id);
}

void gl_lane_answer(struct gl_core *c, const struct gl_answer *a) {
    if (a->lane >= c->n_lanes) return;
    struct lane *l = &c->lanes[a->lane];
    struct passage *p = gl_lane_find(l, a->passage);
    if (p) p->lookup_pending = false;
    if (p && p == l->passages[0] && !p->exit_begun) judge(c, l, p, a);
    gl_lane_tell(c, l);
}

void gl_decide_by_officer(struct gl_core *c, struct lane *l, struct passage *p, const struct gl_command *cmd, const char *code) {
    char detail[GL_DETAIL];
    struct gl_decision d = p->fresh; /* what the rules say stays visible beside what the officer says */
    p->override_level = d.level;
    p->override_alarms = p->scan.alarms;
    d.outcome = cmd->outcome;
    d.level = cmd->outcome == GL_OUTCOME_RELEASE ? (uint8_t)GL_LEVEL_NONE : cmd->level ? cmd->level : (uint8_t)GL_LEVEL_PHYSICAL;
    d.officer = cmd->officer;
    memcpy(d.reason, cmd->reason, sizeof d.reason);
    d.evidence = cmd->evidence;
    gl_format(detail, sizeof detail, "%s %s: %s", cmd->officer.role, cmd->officer.id, cmd->reason);
    gl_rules_add(&d, code, cmd->outcome == GL_OUTCOME_RELEASE ? GL_NOTE : GL_FAIL, d.level, detail);
    p->faulted = false;
    decide(c, l, p, &d);
}

/* The rear camera's last moment, from its configured window after the vehicle was seen. */
int64_t gl_trailer_over_mono(const struct lane *l, const struct passage *p) {
    int64_t window = 0;
    for (int i = 0; i < l->config->n_devices; i++) {
        const struct gl_device_config *d = &l->config->devices[i];
        if (d->role == GL_ROLE_TRAILER && d->after_max_ms > window) window = d->after_max_ms;
    }
    if (window == 0 || !p->vehicle.seen) return INT64_MAX;
    return p->vehicle.mono + window + 1;
}

static bool abandoned(const struct lane *l, const struct passage *p, int64_t mono) {
    return !p->on_entry && !p->on_exit && mono - p->touched_mono >= l->profile->abandon_after_ms;
}

void gl_lane_time(struct gl_core *c, struct lane *l) {
    gl_presence_time(c, l);
    for (int i = l->n - 1; i >= 0; i--) {
        if (!abandoned(l, l->passages[i], c->now.mono)) continue;
        gl_passage_close(c, l, l->passages[i], GL_EXIT_UNKNOWN);
        if (l->config->has_exit || l->n > 0) gl_lane_lose_order(l); /* it never left: it may still stand there */
    }
    struct passage *p = l->n ? l->passages[0] : NULL;
    if (!p) return;
    if (gl_lane_lit_for(l, p) && c->now.mono >= l->lease_mono && !p->exit_begun && !p->lease_over) {
        p->lease_over = true;
        gl_lane_consider(c, l);
    }
    if (!p->decided && (c->now.mono >= p->deadline_mono || c->now.mono >= gl_trailer_over_mono(l, p))) gl_lane_consider(c, l);
}

static int64_t earliest(int64_t a, int64_t b) {
    return a < b ? a : b;
}

int64_t gl_lane_deadline(const struct lane *l) {
    int64_t t = gl_presence_deadline(l);
    for (int i = 0; i < l->n; i++) {
        const struct passage *p = l->passages[i];
        if (!p->on_entry && !p->on_exit) t = earliest(t, p->touched_mono + l->profile->abandon_after_ms);
    }
    const struct passage *p = l->n ? l->passages[0] : NULL;
    if (!p || p->exit_begun) return t;
    if (!p->decided) {
        t = earliest(t, p->deadline_mono);
        int64_t over = gl_trailer_over_mono(l, p);
        if (!p->trailer.seen && p->judged_mono < over) t = earliest(t, over); /* once: it may change nothing */
    }
    if (gl_lane_lit_for(l, p) && !p->lease_over) t = earliest(t, l->lease_mono);
    return t;
}
