/* What is known of one passage at one moment, gathered for the rules: which movement carries the decision, which declarations count. */
#include <string.h>

#include "core/internal.h"

enum { ETA_GRACE_MS = 72 * 3600 * 1000 }; /* a movement not arrived 72 h after its announced time is over */

bool gl_facts_over(const struct gl_answer_movement *m, int64_t wall) {
    return m->state == GL_MOVEMENT_EXPIRED || (m->valid_to && wall > m->valid_to) ||
           (!m->valid_to && m->eta && wall > m->eta + ETA_GRACE_MS);
}

static bool reserves(const struct passage *p, const struct gl_ref *ref) {
    for (int i = 0; i < p->n_reserved; i++)
        if (gl_same_ref(&p->reserved[i], ref)) return true;
    return false;
}

/* The answer may be older than a reservation of the same turn, in another lane: our own passages are asked as well. */
const char *gl_facts_user(const struct facts *f, const struct gl_ref *ref, uint8_t use, const char *by) {
    if (use != GL_USE_NONE && strcmp(by, f->passage->id) != 0) return by;
    for (int i = 0; i < f->core->n_lanes; i++)
        for (int k = 0; k < f->core->lanes[i].n; k++) {
            const struct passage *p = f->core->lanes[i].passages[k];
            if (strcmp(p->id, f->passage->id) != 0 && reserves(p, ref)) return p->id;
        }
    return NULL;
}

bool gl_facts_own(const struct facts *f, uint8_t use, const char *by) {
    return f->review && use != GL_USE_NONE && strcmp(by, f->passage->id) == 0;
}

bool gl_facts_movement_live(const struct facts *f, const struct gl_answer_movement *m) {
    bool ended = m->state == GL_MOVEMENT_ARRIVED || m->state == GL_MOVEMENT_EXITED;
    bool state =
        m->state == GL_MOVEMENT_READY || m->state == GL_MOVEMENT_CHECKED_IN || (ended && gl_facts_own(f, m->use, m->used_by));
    bool direction = m->direction == GL_DIRECTION_NONE || m->direction == f->lane->direction;
    bool early = m->valid_from && f->now.wall < m->valid_from;
    return state && direction && !early && !gl_facts_over(m, f->now.wall) && !gl_facts_user(f, &m->ref, m->use, m->used_by);
}

bool gl_facts_declaration_live(const struct facts *f, const struct gl_answer_declaration *d) {
    bool used =
        (d->state == GL_DECLARATION_ARRIVED || d->state == GL_DECLARATION_DISCHARGED) && !gl_facts_own(f, d->use, d->used_by);
    bool over =
        d->state == GL_DECLARATION_CANCELLED || d->state == GL_DECLARATION_EXPIRED || (d->valid_to && f->now.wall > d->valid_to);
    return d->received && !used && !over;
}

/* The tag was issued for the vehicle of these means, and its declared trailer or container was read, too: a tag alone may be that of a vehicle which
 * waits outside the lane. */
static bool stood_for(const struct facts *f, const struct gl_answer_means *means, int n, const char (*containers)[18],
                      int n_containers) {
    struct gl_plate_keys keys;
    if (!gl_tag_meets(&f->tag.keys, means, n)) return false;
    for (int i = 0; i < n; i++)
        if (means[i].role == GL_ROLE_TRAILER && gl_plate_keys(means[i].plate, &keys) == 0 &&
            gl_plate_keys_meet(&keys, &f->passage->trailer.keys))
            return true;
    for (int i = 0; i < n_containers; i++)
        if (gl_plate_keys(containers[i], &keys) == 0 && gl_plate_keys_meet(&keys, &f->passage->container.keys)) return true;
    return false;
}

static bool finds_anything(const struct gl_answer *a, uint8_t by) {
    for (int i = 0; i < a->n_movements; i++)
        if (a->movements[i].by & by) return true;
    for (int i = 0; i < a->n_declarations; i++)
        if (a->declarations[i].by & by) return true;
    return false;
}

/* By what may this passage be identified? By a document that fits something lodged; else by the plate; the tag, and then the container, only speak for a
 * vehicle whose plate could not be read. */
static uint8_t accepted_by(const struct facts *f) {
    const struct passage *p = f->passage;
    if (p->reference.value[0] && finds_anything(f->answer, GL_BY_REFERENCE)) return GL_BY_REFERENCE;
    if (p->vehicle.text[0]) return GL_BY_PLATE | GL_BY_SWAP;
    if (p->vehicle.seen && f->tag.stands) return GL_BY_TAG;
    if (p->vehicle.seen && p->container.text[0]) return GL_BY_CONTAINER;
    return 0;
}

/* The one live movement; or, to explain why there is none, the first of the others. */
static void choose_movement(struct facts *f, uint8_t by) {
    int any = -1, live = -1;
    for (int i = 0; i < f->answer->n_movements; i++) /* in a review: the one that it has used, whatever else fits by now */
        if (gl_facts_own(f, f->answer->movements[i].use, f->answer->movements[i].used_by)) {
            f->movement = i;
            return;
        }
    for (int pass = 0; pass < 2 && live < 0; pass++) {
        /* Means declared as the vehicle first; the same plate declared as a trailer only when nothing else is found. */
        uint8_t want = pass == 0 ? by & (uint8_t)~GL_BY_SWAP : by & GL_BY_SWAP;
        for (int i = 0; i < f->answer->n_movements; i++) {
            const struct gl_answer_movement *m = &f->answer->movements[i];
            if (!(m->by & want) || (want == GL_BY_TAG && !stood_for(f, m->means, m->n_means, m->containers, m->n_containers)))
                continue;
            if (any < 0) any = i;
            if (!gl_facts_movement_live(f, m)) continue;
            f->n_live++;
            if (live < 0) live = i;
        }
    }
    f->movement = live >= 0 ? live : any;
}

static bool fits(const struct facts *f, const struct gl_answer_declaration *d, uint8_t by) {
    if ((d->by & by) == 0) return false;
    return by != GL_BY_TAG || stood_for(f, d->means, d->n_means, d->containers, d->n_containers);
}

static bool found_by(const struct facts *f, const struct gl_answer_declaration *d, uint8_t by) {
    return d->listed_by == 0 && fits(f, d, by);
}

/* A control that was ordered for this vehicle holds, whether its envelope names the declaration or not, and whichever other envelope does. */
static bool controlled(const struct facts *f, const struct gl_answer_declaration *d) {
    uint8_t by = GL_BY_PLATE | GL_BY_REFERENCE | (f->by_tag ? GL_BY_TAG : 0);
    return d->control > GL_CHANNEL_RELEASE && fits(f, d, by) && gl_facts_declaration_live(f, d);
}

bool gl_facts_judged(const struct facts *f, const struct gl_answer_declaration *d) {
    if (gl_facts_own(f, d->use, d->used_by)) return true; /* in a review: what it has used, whatever else fits by now */
    if (f->movement >= 0 && (d->listed_by & (1u << f->movement))) return true;
    if (gl_facts_matched(f) && controlled(f, d)) return true;
    if (!f->by_declaration) return false;
    uint8_t by = accepted_by(f);
    if (!found_by(f, d, by)) return false;
    /* Past consignments of the same vehicle say nothing while a live one is there. */
    if (gl_facts_declaration_live(f, d)) return true;
    for (int i = 0; i < f->answer->n_declarations; i++)
        if (found_by(f, &f->answer->declarations[i], by) && gl_facts_declaration_live(f, &f->answer->declarations[i])) return false;
    return true;
}

const struct gl_answer_movement *gl_facts_chosen(const struct facts *f) {
    return f->movement >= 0 ? &f->answer->movements[f->movement] : NULL;
}

bool gl_facts_matched(const struct facts *f) {
    return f->movement >= 0 || f->by_declaration;
}

static bool is_trusted(const struct facts *f, const struct gl_answer_declaration *d) {
    return d->received && d->trader == GL_TRADER_ACTIVE && d->aeo && (!d->aeo_from || d->aeo_from <= f->now.wall) &&
           (!d->aeo_to || f->now.wall <= d->aeo_to);
}

/* In favour of a vehicle the traders count only while their feed can be believed; and one that is not trusted is enough. */
static bool all_trusted(const struct facts *f) {
    uint8_t feed = f->core->feeds[GL_COLLECTION_TRADERS];
    int n = 0;
    if ((feed != GL_FEED_LIVE && feed != GL_FEED_AGED) || f->clock_doubted) return false;
    for (int i = 0; i < f->answer->n_declarations; i++) {
        if (!gl_facts_judged(f, &f->answer->declarations[i])) continue;
        if (!is_trusted(f, &f->answer->declarations[i])) return false;
        n++;
    }
    return n > 0;
}

/* In a review: how what it has used itself is found by now; its reference tells it, whatever was read. 0 = it has used nothing of this. */
static uint8_t own_found_by(const struct facts *f) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    uint8_t by = 0;
    if (m) return gl_facts_own(f, m->use, m->used_by) ? m->by | GL_BY_REFERENCE : 0;
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *d = &f->answer->declarations[i];
        if (gl_facts_own(f, d->use, d->used_by)) by |= d->by | GL_BY_REFERENCE;
    }
    return by;
}

static void add_trailers(struct facts *f, const struct gl_answer_means *means, int n) {
    for (int i = 0; i < n && f->n_trailers < GL_MAX_ANSWER_MEANS; i++) {
        struct gl_plate_keys keys;
        if (means[i].role != GL_ROLE_TRAILER || gl_plate_keys(means[i].plate, &keys) < 0 || keys.n == 0) continue;
        bool known = false;
        for (int k = 0; k < f->n_trailers; k++) known = known || gl_plate_keys_meet(&f->trailers[k], &keys);
        if (!known) f->trailers[f->n_trailers++] = keys;
    }
}

static void gather_trailers(struct facts *f) {
    if (f->movement >= 0) add_trailers(f, f->answer->movements[f->movement].means, f->answer->movements[f->movement].n_means);
    if (f->n_trailers > 0) return; /* the envelope knows best what is coupled today */
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *d = &f->answer->declarations[i];
        if (gl_facts_judged(f, d)) add_trailers(f, d->means, d->n_means);
    }
}

/* Its reading is here. */
static bool has_delivered(const struct gl_device_config *d, const struct passage *p) {
    if (strcmp(d->plugin, "rfid") == 0) return gl_tag_delivered(p);
    if (strcmp(d->plugin, "code") == 0) return p->code_seen;
    return d->role == GL_ROLE_TRAILER ? p->trailer.text[0] != '\0' : p->vehicle.text[0] != '\0';
}

static void gather_faults(const struct gl_core *c GL_UNUSED, const struct lane *l, const struct passage *p, struct facts *f) {
    const char *how = NULL, *who = NULL;
    for (int i = 0; i < l->config->n_devices; i++) {
        const struct device *d = &l->devices[i];
        const struct gl_device_config *dc = &l->config->devices[i];
        if (d->state == GL_DEVICE_ONLINE) continue;
        /* An unwell device has still done its part when its reading is here. */
        if (dc == l->portal.config) continue; /* RPM_FAULT speaks of it */
        bool delivered = has_delivered(dc, p);
        bool counts = dc->required && (d->state != GL_DEVICE_DEGRADED || !delivered);
        char *to = counts ? f->fault : f->fault_note;
        if (to[0] == '\0') gl_format(to, GL_DETAIL, "%s is %s: %s", dc->id, gl_device_states[d->state], d->reason);
    }
    if (l->gpio.state != GL_DEVICE_ONLINE) who = "the loops and lights", how = l->gpio.reason;
    if (l->emergency_stop) who = "the emergency stop", how = "it is pressed";
    if (who) gl_format(f->fault, GL_DETAIL, "%s: %s", who, how);
    if (!f->fault[0] && p->faulted && !p->decided)
        gl_clip(f->fault, GL_DETAIL, "a required device was away while the vehicle stood here");
}

void gl_facts_gather(const struct gl_core *c, const struct lane *l, const struct passage *p, const struct gl_answer *a,
                     struct facts *f) {
    *f = (struct facts){.core = c,
                        .config = c->config,
                        .profile = l->profile,
                        .lane = l->config,
                        .state = l,
                        .passage = p,
                        .answer = a,
                        .now = c->now,
                        .key = c->key,
                        .mode = l->mode,
                        .feed = c->feed,
                        .clock_ok = c->clock_ok,
                        .clock_doubted = c->config->clock_require_sync && !c->clock_ok,
                        .contingency = gl_contingency_active(c),
                        .overdue = gl_contingency_overdue(c),
                        .review = a->review,
                        .movement = -1};
    if (f->review) f->now.wall = c->review.decided_at; /* limit dates are those of that moment */
    f->policy = l->profile->policy[p->class];
    if (!f->policy) f->policy = l->profile->policy[GL_CLASS_TRUCK];
    f->time_up = c->now.mono >= p->deadline_mono;
    f->trailer_over = f->time_up || c->now.mono >= gl_trailer_over_mono(l, p);
    gather_faults(c, l, p, f);
    gl_facts_tags(f);
    uint8_t by = accepted_by(f);
    choose_movement(f, by);
    if (f->movement < 0)
        for (int i = 0; i < a->n_declarations && !f->by_declaration; i++) f->by_declaration = found_by(f, &a->declarations[i], by);
    uint8_t own = own_found_by(f);
    if (own) by |= GL_BY_REFERENCE;
    if (own && f->movement < 0) f->by_declaration = true;
    uint8_t found = own ? own : f->movement >= 0 ? a->movements[f->movement].by : f->by_declaration ? by : 0;
    f->by_reference = found & by & GL_BY_REFERENCE;
    f->by_container = found & by & GL_BY_CONTAINER;
    f->by_tag = found & by & GL_BY_TAG;
    f->by_plate = found & GL_BY_PLATE;
    f->by_swap = !f->by_plate && (found & GL_BY_SWAP);
    gather_trailers(f);
    f->trusted = all_trusted(f);
}
