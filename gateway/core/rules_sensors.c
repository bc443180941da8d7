/* Rules about what antennas and portals said. A portal's alarm is never weighed against papers; an occupancy that is not surely this vehicle's proves
 * nothing; a tag helps only where it cannot be a neighbour's. */
#include "core/rules.h"

/* ---- the portal ---------------------------------------------------------------------------------------------------------------------- */
static bool radiation_required(const struct facts *f) {
    return f->profile->require & GL_NEED_RADIATION;
}

static const char *where_from(const struct scan *s) {
    return s->seen && s->sure ? "" : ", in an occupancy that may be this vehicle's";
}

RULE(gl_rule_rpm_gamma) {
    const struct scan *s = &f->passage->scan;
    if (s->gamma) SAY(GL_FAIL, "", "the portal raised a gamma alarm%s", where_from(s));
}

RULE(gl_rule_rpm_neutron) {
    const struct scan *s = &f->passage->scan;
    if (s->neutron) SAY(GL_FAIL, "", "the portal raised a neutron alarm%s", where_from(s));
}

RULE(gl_rule_rpm_fault) {
    const struct lane *l = f->state;
    const struct scan *s = &f->passage->scan;
    if (!l->portal.config) return;
    const struct device *device = &l->devices[l->portal.at];
    bool measured = l->portal.config && gl_portal_done(l, f->passage); /* what comes after that does it no harm */
    enum gl_result bad = radiation_required(f) || l->portal.config->required ? GL_FAIL : GL_NOTE;
    if (s->fault[0])
        SAY(bad, "", "what the portal measured proves nothing: %s", s->fault);
    else if (!measured && device->state != GL_DEVICE_ONLINE)
        SAY(bad, "", "%s is %s: %s", l->portal.config->id, gl_device_states[device->state], device->reason);
    else if (!measured && (l->portal.fault[0] || l->portal.tampered))
        SAY(bad, "", "%s: %s", l->portal.config->id,
            l->portal.fault[0] ? l->portal.fault : "the portal was opened, and has not said that it is closed");
    else if (s->away)
        SAY(bad, "", "the portal was not well before it had measured this vehicle");
    else
        SAY(GL_PASS, "", measured ? "the portal was well while it measured" : "the portal is well");
}

RULE(gl_rule_rpm_missed) {
    const struct scan *s = &f->passage->scan;
    if (!f->state->portal.config) {
        if (radiation_required(f)) SAY(GL_UNKNOWN, "", "the lane has no portal");
        return;
    }
    enum gl_result bad = !radiation_required(f) ? GL_NOTE : f->time_up ? GL_FAIL : GL_UNKNOWN;
    if (!s->seen)
        SAY(bad, "", f->time_up ? "the portal saw no vehicle in this one's time" : "the portal has not seen the vehicle yet");
    else if (s->open)
        SAY(bad, "", "the vehicle is still in the portal");
    else if (!gl_portal_done(f->state, f->passage))
        SAY(bad, "", "the vehicle had not left the entry when its occupancy was over");
    else if (gl_portal_joint(f->core, f->state, f->passage))
        SAY(bad, "", "another vehicle may have been in the portal together with this one");
    else
        SAY(GL_PASS, "", "the portal measured this vehicle alone");
}

/* ---- the tag ------------------------------------------------------------------------------------------------------------------------- */
/* The vehicle is known by a document or a container, and its plate is not: then the tag must not stand for yet another one. */
static bool fits_lodged(const struct facts *f) {
    if (!f->tag.stands || f->by_tag) return true;
    const struct gl_answer *a = f->answer;
    if (f->movement >= 0) {
        const struct gl_answer_movement *m = &a->movements[f->movement];
        if (gl_tag_meets(&f->tag.keys, m->means, m->n_means)) return true;
    } else if (!f->by_declaration)
        return true;
    for (int i = 0; i < a->n_declarations; i++)
        if (gl_facts_judged(f, &a->declarations[i]) &&
            gl_tag_meets(&f->tag.keys, a->declarations[i].means, a->declarations[i].n_means))
            return true;
    return false;
}

RULE(gl_rule_tag_mismatch) {
    const struct gl_answer_tag *t = f->tag.differs;
    if (t && t->role == GL_ROLE_TRAILER)
        SAY(GL_FAIL, "", "the trailer's tag was issued for %s, but plate %s was read", t->plate, f->passage->trailer.text);
    else if (t)
        SAY(GL_FAIL, "", "the vehicle's tag was issued for %s, but plate %s was read", t->plate, f->passage->vehicle.text);
    else if (!fits_lodged(f))
        SAY(GL_FAIL, "", "the vehicle's tag was issued for %s, which is not the declared vehicle", f->tag.stands->plate);
    else if (f->tag.agrees)
        SAY(GL_PASS, "", "the tag was issued for plate %s", f->tag.agrees->plate);
    else if (f->tag.lapsed)
        SAY(GL_NOTE, "", "a tag was read that was withdrawn or is over its time; it counts for nothing");
}

RULE(gl_rule_tag_missing) {
    if (!(f->profile->require & GL_NEED_TAG)) return;
    if (f->tag.agrees || f->by_tag || (f->tag.stands && f->by_reference && fits_lodged(f)))
        SAY(GL_PASS, "", "the tag is the vehicle's");
    else if (!gl_tag_delivered(f->passage))
        SAY(GL_UNKNOWN, "", "no tag was read");
    else
        SAY(GL_UNKNOWN, "", "no tag was read that is registered and surely this vehicle's");
}
