/* Which vehicle a reading belongs to. Passages of a lane stand in driving order; [0] is first at the exit and the only one that is decided and
 * signalled. Whatever could belong to a neighbour marks both: they are inspected. The state diagram is in docs/design.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

struct lane *gl_lane_by_id(struct gl_core *c, const char *id) {
    for (int i = 0; i < c->n_lanes; i++)
        if (strcmp(c->lanes[i].config->id, id) == 0) return &c->lanes[i];
    return NULL;
}

struct passage *gl_lane_find(struct lane *l, const char *passage_id) {
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->passages[i]->id, passage_id) == 0) return l->passages[i];
    return NULL;
}

static struct passage *head(struct lane *l) {
    return l->n ? l->passages[0] : NULL;
}
static struct passage *tail(struct lane *l) {
    return l->n ? l->passages[l->n - 1] : NULL;
}

static void alarm_begin(const struct lane *l, const char *kind, const char *action, const char *detail, struct gl_alarm *a) {
    gl_fields_clear(&gl_alarm_fields, a);
    if (l) memcpy(a->lane, l->config->id, sizeof a->lane);
    gl_clip(a->kind, sizeof a->kind, kind);
    gl_clip(a->action, sizeof a->action, action);
    gl_clip(a->detail, sizeof a->detail, detail);
}

void gl_alarm_raise(struct gl_core *c, struct lane *l, const char *kind, const char *passage, const char *detail, char *ret_id) {
    struct gl_alarm a;
    alarm_begin(l, kind, "raise", detail, &a);
    gl_core_uuid(c, c->now, a.alarm);
    gl_clip(a.passage, sizeof a.passage, passage);
    if (ret_id) memcpy(ret_id, a.alarm, sizeof a.alarm);
    ADD_EFFECT(c, GL_EFFECT_ALARM, &a);
}

void gl_alarm_clear(struct gl_core *c, struct lane *l, const char *kind, const char *id, const char *detail) {
    struct gl_alarm a;
    alarm_begin(l, kind, "clear", detail, &a);
    gl_clip(a.alarm, sizeof a.alarm, id);
    ADD_EFFECT(c, GL_EFFECT_ALARM, &a);
}

static void add_missing(struct gl_passage *out, bool missing, const char *what) {
    if (missing && out->n_missing < GL_COUNT(out->missing)) gl_clip(out->missing[out->n_missing++], sizeof out->missing[0], what);
}

void gl_passage_publish(struct gl_core *c, struct lane *l, struct passage *p, enum gl_exit how) {
    struct gl_passage out;
    memset(&out, 0, sizeof out); /* its padding too: it is compared below */
    gl_fields_clear(&gl_passage_fields, &out);
    memcpy(out.lane, l->config->id, sizeof out.lane);
    memcpy(out.passage, p->id, sizeof out.passage);
    memcpy(out.visit, p->visit, sizeof out.visit);
    out.state = how != GL_EXIT_NONE ? GL_PASSAGE_CLOSED : p->decided ? GL_PASSAGE_DECIDED : GL_PASSAGE_OPEN;
    out.class = p->class;
    memcpy(out.known.plate, p->vehicle.text, sizeof out.known.plate);
    memcpy(out.known.trailer, p->trailer.text, sizeof out.known.trailer);
    gl_clip(out.known.container, sizeof out.known.container, p->container.text);
    gl_clip(out.known.tag, sizeof out.known.tag, gl_tag_known(p));
    out.known.radiation = gl_portal_says(c, l, p);
    out.known.reference = p->reference;
    out.known.presence = gl_tri(p->on_entry || p->on_exit);
    unsigned need = l->profile->require;
    add_missing(&out, (need & GL_NEED_PLATE) && !p->vehicle.text[0], "plate");
    add_missing(&out, (need & GL_NEED_TRAILER) && !p->trailer.seen, "trailer");
    add_missing(&out, (need & GL_NEED_CODE) && !p->reference.value[0], "code");
    add_missing(&out, (need & GL_NEED_CONTAINER) && !p->container.text[0], "container");
    add_missing(&out, (need & GL_NEED_TAG) && !p->known_tag[0], "tag");
    add_missing(&out, (need & GL_NEED_RADIATION) && (!p->scan.seen || p->scan.open), "radiation");
    add_missing(&out, (need & GL_NEED_DECLARATION) && !(p->decided && p->decision.match.by[0]), "declaration");
    out.opened_at = p->opened.wall;
    out.closed_at = how != GL_EXIT_NONE ? c->now.wall : 0;
    out.exit = how;
    p->dirty = false;
    if (memcmp(&out, &p->told, sizeof out) == 0) return; /* nothing that anybody would see has changed */
    p->told = out;
    ADD_EFFECT(c, GL_EFFECT_PASSAGE, &out);
}

/* What has changed is told once in a turn: while the answer to a look-up is still to come, which may decide, it waits for that. */
void gl_lane_tell(struct gl_core *c, struct lane *l) {
    if (l->n && l->passages[0]->lookup_pending) return;
    for (int i = 0; i < l->n; i++)
        if (l->passages[i]->dirty) gl_passage_publish(c, l, l->passages[i], GL_EXIT_NONE);
}

void gl_lane_lose_order(struct lane *l) {
    l->adrift = true;
    for (int i = 0; i < l->n; i++) l->passages[i]->foreign = true;
}

struct passage *gl_passage_new(struct gl_core *c, struct lane *l) {
    if (l->n == GL_LANE_PASSAGES) {
        gl_lane_lose_order(l); /* more vehicles than can stand here */
        return tail(l);
    }
    struct passage *p = calloc(1, sizeof *p);
    if (!p) abort();
    gl_core_uuid(c, c->now, p->id);
    memcpy(p->visit, p->id, sizeof p->visit);
    p->opened = c->now;
    p->touched_mono = c->now.mono;
    p->deadline_mono = c->now.mono + l->profile->decide_within_ms;
    p->judged_mono = INT64_MIN;
    p->class = GL_CLASS_UNKNOWN;
    p->foreign = l->adrift;
    gl_fields_clear(&gl_decision_fields, &p->decision);
    gl_fields_clear(&gl_decision_fields, &p->fresh);
    l->passages[l->n++] = p;
    p->dirty = true;
    gl_portal_opened(c, l, p);
    gl_tag_opened(c, l, p);
    return p;
}

void gl_passage_note_reading(struct passage *p, const char *id) {
    if (p->n_readings < GL_MAX_READINGS) gl_clip(p->readings[p->n_readings++], GL_UUID, id);
}

static void release_uses(struct gl_core *c, struct passage *p, enum gl_use use) {
    if (p->restored) { /* what it reserved before the restart only the journal knows */
        struct gl_use_change all = {.use = (uint8_t)use};
        memcpy(all.passage, p->id, sizeof all.passage);
        ADD_EFFECT(c, GL_EFFECT_USE, &all);
    }
    for (int i = 0; i < p->n_reserved; i++) {
        struct gl_use_change u = {.ref = p->reserved[i], .use = (uint8_t)use};
        memcpy(u.passage, p->id, sizeof u.passage);
        ADD_EFFECT(c, GL_EFFECT_USE, &u);
    }
    p->n_reserved = 0;
}

void gl_passage_close(struct gl_core *c, struct lane *l, struct passage *p, enum gl_exit how) {
    /* Who has crossed has used what was lodged; who turned back may come again. Where nobody knows, it counts as used. */
    release_uses(c, p, how == GL_EXIT_BACKED_OUT ? GL_USE_NONE : GL_USE_CONSUMED);
    gl_passage_publish(c, l, p, how);
    gl_portal_closing(c, l, p);
    gl_tag_closing(c, l, p);
    if (how == GL_EXIT_CONFIRMED) l->last_exit_mono = c->now.mono;
    /* A vehicle that no camera saw may never have been there; then it was the next one that left. */
    if (how != GL_EXIT_BACKED_OUT && (p->restored || !p->vehicle.seen) && l->n > 1) gl_lane_lose_order(l);
    int i = 0;
    while (l->passages[i] != p) i++;
    memmove(&l->passages[i], &l->passages[i + 1], (size_t)(l->n - i - 1) * sizeof l->passages[0]);
    l->n--;
    if (l->n == 0) l->adrift = false;
    free(p);
    l->moved_mono = c->now.mono;
    if (i == 0 && l->n > 0) {
        int64_t due = c->now.mono + l->profile->decide_within_ms;
        if (!l->passages[0]->decided && l->passages[0]->deadline_mono < due) l->passages[0]->deadline_mono = due;
        gl_lane_consider(c, l);
    }
}

/* Its lane is there no more, or cannot hold it: nobody will ever see it leave. What it has reserved counts as used. */
static void abandon(struct gl_core *c, const struct gl_passage *saved, bool no_lane) {
    char detail[GL_DETAIL];
    struct gl_use_change all = {.use = GL_USE_CONSUMED};
    struct gl_passage out = *saved;
    memcpy(all.passage, saved->passage, sizeof all.passage);
    ADD_EFFECT(c, GL_EFFECT_USE, &all);
    out.state = GL_PASSAGE_CLOSED;
    out.exit = GL_EXIT_UNKNOWN;
    out.closed_at = c->now.wall;
    out.known.presence = GL_FALSE;
    ADD_EFFECT(c, GL_EFFECT_PASSAGE, &out);
    gl_format(detail, sizeof detail, "a vehicle was in lane %s when the gateway stopped; %s, and its passage is closed as unknown",
              saved->lane, no_lane ? "the lane is not configured any more" : "more than can stand there were");
    gl_alarm_raise(c, NULL, "passage_abandoned", saved->passage, detail, NULL);
}

void gl_lane_restore(struct gl_core *c, const struct gl_passage *saved) {
    struct lane *l = gl_lane_by_id(c, saved->lane);
    if (!l || l->n == GL_LANE_PASSAGES) {
        abandon(c, saved, !l);
        return;
    }
    struct passage *p = gl_passage_new(c, l);
    memcpy(p->id, saved->passage, sizeof p->id);
    memcpy(p->visit, saved->visit, sizeof p->visit);
    p->opened.wall = saved->opened_at;
    p->class = saved->class ? saved->class : GL_CLASS_UNKNOWN;
    p->restored = true;
    p->entry_seen = p->entry_cleared = true;
    p->cleared_mono = c->now.mono;
    p->reference = saved->known.reference;
    if (saved->known.plate[0]) gl_sighting_take(&p->vehicle, saved->known.plate, NAN, c->now.mono, false);
    if (saved->known.trailer[0]) gl_sighting_take(&p->trailer, saved->known.trailer, NAN, c->now.mono, false);
    gl_clip(p->known_tag, sizeof p->known_tag, saved->known.tag);
    p->scan.gamma = saved->known.radiation == GL_SCAN_GAMMA || saved->known.radiation == GL_SCAN_GAMMA_NEUTRON;
    p->scan.neutron = saved->known.radiation == GL_SCAN_NEUTRON || saved->known.radiation == GL_SCAN_GAMMA_NEUTRON;
    p->deadline_mono = c->now.mono;
    gl_lane_lose_order(l); /* who came and went meanwhile was not seen */
    gl_lane_consider(c, l);
}

void gl_sighting_take(struct sighting *s, const char *text, double confidence, int64_t mono, bool typed) {
    struct gl_plate_keys keys = {0};
    bool readable = text[0] && gl_plate_keys(text, &keys) == 0 && keys.n > 0;
    bool first = !s->seen;
    s->seen = true;
    if (first) s->mono = mono;
    if (!readable) return;
    bool same = s->text[0] && gl_plate_keys_meet(&s->keys, &keys);
    if (s->text[0] && !same && !typed) {
        s->conflict = true;
        return;
    }
    if (typed) s->conflict = false;
    if (same && !typed && (s->typed || !(confidence > s->confidence || isnan(s->confidence)))) return;
    gl_clip(s->text, sizeof s->text, text);
    s->keys = keys;
    s->confidence = confidence;
    s->typed = typed;
}

static const struct gl_device_config *config_of(const struct lane *l, const char *id) {
    for (int i = 0; i < l->config->n_devices; i++)
        if (strcmp(l->config->devices[i].id, id) == 0) return &l->config->devices[i];
    return NULL;
}

/* Another plate behind the last one. Where no loop tells vehicles apart, two plates in short time may be two readings of one. */
static struct passage *next_vehicle(struct gl_core *c, struct lane *l, struct passage *last) {
    bool unsure = !l->config->has_entry && c->now.mono - last->touched_mono <= GL_ENTRY_ATTACH_MS;
    struct passage *p = gl_passage_new(c, l);
    if (unsure) last->foreign = p->foreign = true;
    if (last->backing_out) gl_lane_lose_order(l); /* one goes out, and another comes in? */
    return p;
}

/* The camera stands at the entry: what it sees is the newest vehicle. */
static struct passage *owner_of_vehicle_plate(struct gl_core *c, struct lane *l, const struct gl_plate_value *v) {
    struct passage *p = tail(l);
    if (!p) return gl_passage_new(c, l);
    struct gl_plate_keys keys = {0};
    bool readable = v->text[0] && gl_plate_keys(v->text, &keys) == 0 && keys.n > 0;
    bool other = readable && p->vehicle.text[0] && !gl_plate_keys_meet(&p->vehicle.keys, &keys);
    bool moved_on = p->entry_cleared || !l->config->has_entry;
    for (int i = 0; readable && i < l->n; i++) /* seen once more */
        if (!l->passages[i]->exit_begun && gl_plate_keys_meet(&l->passages[i]->vehicle.keys, &keys)) return l->passages[i];
    if ((other || (!readable && p->vehicle.seen)) && moved_on && !(p->restored && l->config->has_entry)) p = next_vehicle(c, l, p);
    /* It has left the entry, and not been read there: this may already be the next one. */
    if (!p->vehicle.text[0] && p->entry_cleared && c->now.mono - p->cleared_mono > GL_PLATE_AFTER_MS) p->foreign = true;
    /* A vehicle ahead was never read: this may be its plate, late. */
    for (int i = 0; i + 1 < l->n && l->passages[i] != p; i++)
        if (!l->passages[i]->vehicle.seen) p->foreign = true;
    return p;
}

/* A trailer after every vehicle's time: one of them may pull it, but which? It releases nobody. Seen again, it is no news. */
static void trailer_of_nobody(struct lane *l, const struct gl_device_config *d, const char *text, int64_t mono) {
    struct gl_plate_keys keys;
    if (gl_plate_keys(text, &keys) < 0) keys.n = 0;
    for (int i = 0; i < l->n; i++)
        if (gl_plate_keys_meet(&l->passages[i]->trailer.keys, &keys)) return;
    for (int i = 0; i < l->n; i++) {
        struct passage *p = l->passages[i];
        int64_t from = p->vehicle.seen ? p->vehicle.mono : p->opened.mono;
        if (d && mono - from > d->after_max_ms && !p->exit_begun) p->foreign = true;
    }
}

/* The rear camera reads a trailer within a known time after its tractor was seen. */
static struct passage *owner_of_trailer_plate(struct lane *l, const struct gl_device_config *d, const char *text, int64_t mono) {
    struct passage *found = NULL;
    for (int i = 0; i < l->n; i++) {
        struct passage *p = l->passages[i];
        int64_t from = p->vehicle.seen ? p->vehicle.mono : p->opened.mono;
        bool fits = !d || d->after_max_ms == 0 || (mono - from >= d->after_min_ms && mono - from <= d->after_max_ms);
        if (!fits || p->exit_begun) continue;
        if (found && !found->trailer.seen) {
            found->foreign = true; /* two vehicles could own it */
            p->foreign = true;
            continue;
        }
        found = p;
    }
    if (!found) trailer_of_nobody(l, d, text, mono);
    return found;
}

/* Nobody may leave against the traffic: a vehicle seen driving away at the entry has backed out, or came the wrong way. */
static bool seen_leaving(struct gl_core *c, struct lane *l, const struct gl_reading *r) {
    if (r->value.plate.direction != GL_TOWARD_LEAVE) return false;
    struct gl_plate_keys keys = {0};
    if (gl_plate_keys(r->value.plate.text, &keys) < 0) keys.n = 0;
    for (int i = l->n - 1; i >= 0; i--) {
        struct passage *p = l->passages[i];
        if (!gl_plate_keys_meet(&p->vehicle.keys, &keys)) continue;
        if (i + 1 < l->n) {
            gl_lane_lose_order(l); /* through the one behind it? Something here is not what it seems */
            return true;
        }
        if (p->exit_begun) return true;
        p->backing_out = true;
        /* Whoever came in over the loop goes out over it: presence.c closes. */
        if (!(l->config->has_entry && p->entry_seen)) gl_passage_close(c, l, p, GL_EXIT_BACKED_OUT);
        return true;
    }
    gl_alarm_raise(c, l, "wrong_way", "", "a vehicle drives out through the entry", NULL);
    if (l->n > 0) gl_lane_lose_order(l); /* it may have been any of them */
    return true;
}

static struct passage *take_plate(struct gl_core *c, struct lane *l, const struct gl_reading *r) {
    const struct gl_plate_value *v = &r->value.plate;
    const struct gl_device_config *d = config_of(l, r->device);
    bool trailer = v->role == GL_ROLE_TRAILER || (d && d->role == GL_ROLE_TRAILER);
    if (!trailer && seen_leaving(c, l, r)) return NULL;
    struct passage *p = trailer ? owner_of_trailer_plate(l, d, v->text, c->now.mono) : owner_of_vehicle_plate(c, l, v);
    if (!p) return NULL;
    gl_sighting_take(trailer ? &p->trailer : &p->vehicle, v->text, r->confidence, c->now.mono, false);
    return p;
}

static struct passage *take_code(struct gl_core *c, struct lane *l, const struct gl_reading *r) {
    struct passage *p = head(l); /* the reader stands at the stop line */
    if (!p) p = gl_passage_new(c, l);
    p->code_seen = true;
    /* A container number comes as a reading of its own; what is no document does not displace one. */
    const struct gl_ref *ref = &r->value.code.reference;
    if (ref->value[0] && strcmp(ref->type, "iso6346") != 0) p->reference = *ref;
    return p;
}

static struct passage *take_container(struct gl_core *c, struct lane *l, const struct gl_reading *r) {
    struct passage *p = tail(l);
    const struct gl_device_config *d = config_of(l, r->device);
    if (d && strcmp(d->plugin, "code") == 0) p = head(l);
    if (!p) p = gl_passage_new(c, l);
    gl_sighting_take(&p->container, r->value.container.number, r->confidence, c->now.mono, false);
    return p;
}

/* What the lane does with a class; higher is stricter, and none at all is the strictest. */
static unsigned strictness(const struct lane *l, uint8_t class) {
    uint8_t policy = l->profile->policy[class] ? l->profile->policy[class] : l->profile->policy[GL_CLASS_TRUCK];
    return policy ? policy : UINT8_MAX;
}

static struct passage *take_class(struct gl_core *c GL_UNUSED, struct lane *l, const struct gl_reading *r) {
    struct passage *p = tail(l);
    uint8_t class = r->value.class.class;
    if (!p) return NULL;
    /* Of two classes that differ the stricter one holds; not to know is no news. */
    bool known = class > GL_CLASS_NONE && class < GL_CLASS_UNKNOWN;
    if (known && (p->class == GL_CLASS_UNKNOWN || strictness(l, class) > strictness(l, p->class))) p->class = class;
    return p;
}

static struct passage *(*const take[])(struct gl_core *, struct lane *, const struct gl_reading *) = {
    [GL_READING_PLATE] = take_plate,         [GL_READING_TAG] = gl_tag_reading,          [GL_READING_CODE] = take_code,
    [GL_READING_CONTAINER] = take_container, [GL_READING_RADIATION] = gl_portal_reading, [GL_READING_CLASS] = take_class,
};

void gl_lane_reading(struct gl_core *c, struct lane *l, struct gl_reading *r) {
    gl_core_uuid(c, c->now, r->id);
    r->passage[0] = '\0';
    if (r->kind == GL_READING_PRESENCE) {
        gl_lane_presence(c, l, r);
        return;
    }
    bool known = r->kind < GL_COUNT(take) && take[r->kind];
    struct passage *p = known && r->late != GL_TRUE ? take[r->kind](c, l, r) : NULL;
    if (p) memcpy(r->passage, p->id, sizeof r->passage);
    /* A tag stays in view long after: it keeps nothing alive, and says the same again and again. */
    if (p && r->kind != GL_READING_TAG) {
        p->touched_mono = c->now.mono;
        gl_passage_note_reading(p, r->id);
        p->dirty = true;
    }
    struct gl_effect *fx;
    ADD_EFFECT(c, GL_EFFECT_READING, r);
    fx = &c->out->v[c->out->n - 1];
    memcpy(fx->id, r->id, sizeof fx->id);
    if (known && r->late != GL_TRUE) gl_lane_consider(c, l); /* even what belongs to nobody may put somebody in doubt */
    gl_lane_tell(c, l);
}
