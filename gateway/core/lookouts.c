/* Who is looked for. What fits a vehicle is kept with its passage: no later reading and no later word of the feed takes it back, two persons do.
 * What is silent is told on the restricted stream alone; everywhere else it is a referral that says nothing. */
#include <string.h>

#include "core/rules.h"

/* A word that is no action at all is the mildest one, never none. */
static uint8_t level_of(uint8_t action) {
    return action > GL_CHANNEL_DESK ? (uint8_t)(action - GL_CHANNEL_DESK + GL_LEVEL_DESK) : (uint8_t)GL_LEVEL_DESK;
}

static bool within(const struct gl_answer_lookout *x, int64_t wall) {
    return (!x->valid_from || x->valid_from <= wall) && (!x->valid_to || wall <= x->valid_to);
}

/* A clock that cannot be trusted ends no search. In a review the moment of the crossing counts as well as now. */
static bool in_force(const struct facts *f, const struct gl_answer_lookout *x) {
    return f->clock_doubted || within(x, f->now.wall) || (f->review && within(x, f->core->now.wall));
}

static const struct gl_ref *in_movement(const struct facts *f, const struct gl_answer_lookout *x) {
    for (int i = 0; i < f->answer->n_movements; i++)
        if ((x->in_movements & (1u << i)) && (i == f->movement || gl_facts_movement_live(f, &f->answer->movements[i])))
            return &f->answer->movements[i].ref;
    return NULL;
}

/* What the chosen movement lists is judged; what is live may be this vehicle's as well. */
static const struct gl_ref *in_declaration(const struct facts *f, const struct gl_answer_lookout *x) {
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *d = &f->answer->declarations[i];
        if (gl_same_ref(&d->ref, &x->in) && (gl_facts_judged(f, d) || gl_facts_declaration_live(f, d))) return &d->ref;
    }
    return NULL;
}

static struct gl_hit *known(struct passage *p, const struct gl_ref *lookout) {
    for (int i = 0; i < p->n_hits; i++)
        if (gl_same_ref(&p->hits[i].lookout, lookout)) return &p->hits[i];
    return NULL;
}

static void keep(const struct facts *f, struct passage *p, const struct gl_answer_lookout *x, const struct gl_ref *lodged) {
    if (p->n_hits == GL_COUNT(p->hits)) return; /* more never fit into one answer: the vehicle is inspected long since */
    struct gl_hit *h = &p->hits[p->n_hits++];
    gl_fields_clear(&gl_hit_fields, h);
    memcpy(h->lane, f->lane->id, sizeof h->lane);
    memcpy(h->passage, p->id, sizeof h->passage);
    h->lookout = x->ref;
    h->what = x->what ? x->what : (uint8_t)GL_SOUGHT_PLATE;
    memcpy(h->text, x->text, sizeof h->text);
    memcpy(h->country, x->country, sizeof h->country);
    h->level = level_of(x->action);
    h->silent = gl_tri(x->silent);
    memcpy(h->reason, x->reason, sizeof h->reason);
    h->read = gl_tri(x->read);
    if (lodged) h->lodged = *lodged;
}

void gl_lookouts_take(const struct facts *f, struct passage *p) {
    for (int i = 0; i < f->answer->n_lookouts; i++) {
        const struct gl_answer_lookout *x = &f->answer->lookouts[i];
        const struct gl_ref *lodged = in_movement(f, x);
        if (!lodged && x->in.value[0]) lodged = in_declaration(f, x);
        if (!in_force(f, x) || !(x->read || lodged)) continue;
        struct gl_hit *h = known(p, &x->ref);
        if (!h)
            keep(f, p, x, lodged);
        else if (level_of(x->action) > h->level)
            h->level = level_of(x->action);
    }
}

void gl_lookouts_tell(struct gl_core *c, struct passage *p, const char *decision) {
    for (; p->hits_told < p->n_hits; p->hits_told++) {
        struct gl_hit *h = &p->hits[p->hits_told];
        gl_clip(h->decision, sizeof h->decision, decision);
        ADD_EFFECT(c, GL_EFFECT_HIT, h);
    }
}

void gl_lookouts_restore(struct gl_core *c, const struct gl_hit *saved) {
    struct lane *l = gl_lane_by_id(c, saved->lane);
    struct passage *p = l ? gl_lane_find(l, saved->passage) : NULL;
    if (!p || p->n_hits == GL_COUNT(p->hits) || known(p, &saved->lookout)) return;
    p->hits[p->n_hits++] = *saved;
    p->hits_told = p->n_hits;
    gl_lane_consider(c, l);
}

/* ---- the rule ------------------------------------------------------------------------------------------------------------------------ */
static void say_hit(const struct gl_rule *self, struct gl_decision *d, const struct gl_hit *h) {
    SAY(GL_FAIL, h->lodged.value, "%s %s%s%s is looked for (%s%s%s)%s", gl_soughts[h->what], h->text, h->country[0] ? " of " : "",
        h->country, h->lookout.value, h->reason[0] ? ": " : "", h->reason, h->country[0] ? "; its country was not compared" : "");
    d->rules[d->n_rules - 1].level = h->level;
}

RULE(gl_rule_watchlist) {
    uint8_t silent = 0; /* bit: level */
    for (int i = 0; i < f->passage->n_hits; i++) {
        const struct gl_hit *h = &f->passage->hits[i];
        if (h->silent != GL_TRUE)
            say_hit(self, d, h);
        else
            silent |= (uint8_t)(1u << h->level);
    }
    for (uint8_t level = GL_LEVEL_DESK; level <= GL_LEVEL_REFUSE; level++)
        if (silent & (1u << level)) gl_rules_add(d, GL_REFERRED, GL_FAIL, level, "an officer is wanted");
}
