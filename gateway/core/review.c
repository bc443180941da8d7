/* The post-clearance list: what was released on a feed that could not be fully trusted is looked up again when it has recovered, and judged by the rules
 * about what was lodged and by the look-outs, as of the moment of its release. One at a time; the journal knows which are still to come. */
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"

/* The passage as it was, as far as the journal has it. */
static struct passage *as_it_was(const struct gl_core *c, const struct gl_review_case *r) {
    const struct gl_known *known = &r->passage.known;
    struct passage *p = calloc(1, sizeof *p);
    if (!p) abort();
    memcpy(p->id, r->passage.passage, sizeof p->id);
    memcpy(p->visit, r->passage.visit, sizeof p->visit);
    p->class = r->passage.class ? r->passage.class : (uint8_t)GL_CLASS_UNKNOWN;
    p->decided = true;
    p->deadline_mono = c->now.mono;
    p->reference = known->reference;
    if (known->plate[0]) gl_sighting_take(&p->vehicle, known->plate, 1, c->now.mono, false);
    if (known->trailer[0]) gl_sighting_take(&p->trailer, known->trailer, 1, c->now.mono, false);
    if (known->container[0]) gl_sighting_take(&p->container, known->container, 1, c->now.mono, false);
    p->vehicle.seen = true;
    if (known->tag[0]) {
        p->n_tags = 1;
        p->tags[0].sure = true;
        gl_clip(p->tags[0].epc, sizeof p->tags[0].epc, known->tag);
    }
    if (!p->reference.value[0]) p->reference = r->evidence;
    return p;
}

static void result_begin(const struct gl_review_case *r, struct gl_review *ret) {
    gl_fields_clear(&gl_review_fields, ret);
    ret->failed = ret->differs = ret->lookout = false;
    memcpy(ret->lane, r->passage.lane, sizeof ret->lane);
    memcpy(ret->passage, r->passage.passage, sizeof ret->passage);
    memcpy(ret->decision, r->decision, sizeof ret->decision);
    ret->decided_at = r->decided_at;
    ret->feed = r->feed;
    memcpy(ret->contingency, r->contingency, sizeof ret->contingency);
    ret->outcome_then = r->outcome;
    ret->outcome_now = r->outcome;
}

/* A lane that is no more has no rules to judge by: people have to. */
static void without_lane(struct gl_core *c, const struct gl_review_case *r) {
    struct gl_decision d = {.n_rules = 0};
    struct gl_review result;
    gl_rules_add(&d, "LANE_MODE", GL_FAIL, GL_LEVEL_DESK,
                 "the lane is not configured any more; what passed there cannot be judged again");
    result_begin(r, &result);
    result.outcome_now = GL_OUTCOME_INSPECT;
    result.level = GL_LEVEL_DESK;
    result.differs = true;
    result.rules[result.n_rules++] = d.rules[0];
    ADD_EFFECT(c, GL_EFFECT_REVIEW, &result);
}

void gl_review_begin(struct gl_core *c, const struct gl_review_case *r) {
    struct lane *l = gl_lane_by_id(c, r->passage.lane);
    if (!l) {
        without_lane(c, r);
        return;
    }
    struct gl_query q = {.lane = (uint16_t)(l - c->lanes), .review = true};
    struct passage *p = as_it_was(c, r);
    /* First of all by what carried it: that may be lodged for another vehicle by now, and be found by nothing that was read. */
    for (int i = 0; i < r->n_used; i++) gl_query_add_ref(&q, &r->used[i]);
    gl_query_passage(&q, p);
    if (!gl_same_ref(&p->reference, &r->evidence)) gl_query_add_ref(&q, &r->evidence);
    free(p);
    c->review = *r;
    c->reviewing = true;
    ADD_EFFECT(c, GL_EFFECT_LOOKUP, &q);
}

static void judge(struct gl_core *c, struct lane *l, struct passage *p, const struct gl_answer *a, struct gl_review *ret) {
    struct facts f;
    struct gl_decision d;
    bool curable;
    gl_fields_clear(&gl_decision_fields, &d);
    gl_facts_gather(c, l, p, a, &f);
    gl_lookouts_take(&f, p);
    gl_rules_run(&f, &d, &curable);
    if (a->truncated) gl_rules_add(&d, "AMBIGUOUS_MATCH", GL_FAIL, GL_LEVEL_DESK, "more was found than can be judged here");
    if (a->truncated && d.level < GL_LEVEL_DESK) d.level = GL_LEVEL_DESK;
    for (int i = 0; i < d.n_rules; i++)
        if (d.rules[i].result == GL_FAIL || d.rules[i].result == GL_UNKNOWN) ret->rules[ret->n_rules++] = d.rules[i];
    ret->level = d.level;
    ret->outcome_now = d.level == GL_LEVEL_NONE ? GL_OUTCOME_RELEASE : GL_OUTCOME_INSPECT;
    ret->lookout = p->n_hits > 0;
    ret->differs = ret->outcome_now != ret->outcome_then || ret->lookout;
}

void gl_review_answer(struct gl_core *c, const struct gl_answer *a) {
    struct gl_review result;
    if (!c->reviewing || a->lane >= c->n_lanes || strcmp(a->passage, c->review.passage.passage) != 0) return;
    c->reviewing = false;
    result_begin(&c->review, &result);
    result.failed = a->failed;
    struct passage *p = as_it_was(c, &c->review);
    if (!a->failed) judge(c, &c->lanes[a->lane], p, a, &result);
    gl_lookouts_tell(c, p, c->review.decision);
    ADD_EFFECT(c, GL_EFFECT_REVIEW, &result);
    free(p);
}
