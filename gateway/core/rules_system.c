/* Rules about the system itself: what it can know at this moment, and what state the lane is in. */
#include <string.h>

#include "core/rules.h"

RULE(gl_rule_clock_unsync) {
    if (!f->config->clock_require_sync)
        SAY(GL_NOTE, "", "not checked: clock.require-sync is false");
    else if (f->clock_ok)
        SAY(GL_PASS, "", "the clock is synchronised");
    else
        SAY(GL_FAIL, "", "the clock is not synchronised: ages and limit dates cannot be trusted");
}

RULE(gl_rule_cache_stale) {
    bool stale = f->feed == GL_FEED_STALE;
    SAY(stale ? GL_FAIL : GL_PASS, "",
        stale ? "nothing was heard from the feed for too long: a cancellation may be unseen" : "the feed is %s",
        gl_feed_states[f->feed] ? gl_feed_states[f->feed] : "unknown");
}
RULE(gl_rule_cache_gap) {
    if (f->feed == GL_FEED_GAP)
        SAY(GL_FAIL, "", "a numbered feed record is missing: it may be a cancellation");
    else
        SAY(GL_PASS, "", "no feed record is missing");
}
RULE(gl_rule_cache_down) {
    bool down = gl_feed_knows_nothing(f->feed);
    if (f->answer->failed)
        SAY(GL_FAIL, "", "the cache could not answer");
    else if (down)
        SAY(GL_FAIL, "", "nothing is known of what was lodged: the feed is %s", f->feed == GL_FEED_DOWN ? "down" : "empty");
    else
        SAY(GL_PASS, "", "the cache answers");
}
/* On a feed that is late only what was ready and released already counts. What a vehicle has checked in with is on its way to being used up. */
RULE(gl_rule_cache_aged) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    if (f->feed != GL_FEED_AGED) return;
    if (m && m->state != GL_MOVEMENT_READY)
        SAY(GL_FAIL, m->ref.value, "the feed is late, and the movement was not simply ready when it was heard of last");
    else
        SAY(GL_NOTE, "", "the feed is late; only what was already released counts");
}

RULE(gl_rule_contingency) {
    const char *reference = f->core->contingency.reference;
    if (f->overdue)
        SAY(GL_FAIL, "", "contingency %s is over its time: the authority extends or ends it", reference);
    else if (f->contingency)
        SAY(GL_FAIL, "", "contingency %s is in force: an officer decides, on other evidence", reference);
}

RULE(gl_rule_sensor_fault) {
    if (f->fault[0])
        SAY(GL_FAIL, "", "%s", f->fault);
    else if (f->fault_note[0])
        SAY(GL_NOTE, "", "%s", f->fault_note);
    else
        SAY(GL_PASS, "", "every device of the lane is well");
}
RULE(gl_rule_gateway_restarted) {
    if (f->passage->restored) SAY(GL_FAIL, "", "the gateway was restarted while the vehicle stood here");
}
RULE(gl_rule_release_expired) {
    if (f->passage->lease_over) SAY(GL_FAIL, "", "the vehicle did not leave while the light was green");
}
RULE(gl_rule_lane_mode) {
    if (f->mode == GL_MODE_CLOSED)
        SAY(GL_FAIL, "", "the lane is closed");
    else if (f->mode == GL_MODE_MANUAL)
        SAY(GL_FAIL, "", "the lane is in manual mode: an officer decides");
    else
        SAY(GL_PASS, "", "the lane is %s", f->mode == GL_MODE_SHADOW ? "in shadow mode" : "open");
}
RULE(gl_rule_class_policy) {
    const char *class = gl_classes[f->passage->class];
    if (f->policy == GL_POLICY_DECLARED)
        SAY(GL_PASS, "", "class %s is judged by its declarations", class);
    else if (f->policy == GL_POLICY_DESK)
        SAY(GL_FAIL, "", "class %s goes to the desk", class);
    else if (f->policy == GL_POLICY_PHYSICAL) {
        SAY(GL_FAIL, "", "class %s is always inspected", class);
        d->rules[d->n_rules - 1].level = GL_LEVEL_PHYSICAL;
    } else
        SAY(GL_UNKNOWN, "", "no policy is configured for class %s", class);
}
