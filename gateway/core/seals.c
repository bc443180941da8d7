/* Seals with a tag inside, which antennas see like every other tag. They are no evidence of who somebody is, and nothing that they say makes a release
 * easier: they only may be missing, another's, or no good any more.
 *
 *     declared here   by the movement or a declaration that is judged, and put on for one of these, as far as the registry says
 *     seen            its tag is in view of this lane's antenna, and of no vehicle in another lane
 *
 * A seal that is surely this vehicle's (it was alone in the lane) and not declared here is foreign; else it may be a neighbour's. */
#include <string.h>

#include "core/rules.h"

enum { TOLD = 3 /* seals by name, for each rule */ };

/* ---- what is declared here ----------------------------------------------------------------------------------------------------------- */
static bool judged_ref(const struct facts *f, const struct gl_ref *ref) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    if (m && gl_same_ref(&m->ref, ref)) return true;
    for (int i = 0; i < f->answer->n_declarations; i++)
        if (gl_same_ref(&f->answer->declarations[i].ref, ref)) return gl_facts_judged(f, &f->answer->declarations[i]);
    return false;
}

static bool listed(const char (*containers)[18], int n, const char *container) {
    for (int i = 0; i < n; i++)
        if (strcmp(containers[i], container) == 0) return true;
    return false;
}

/* Where no container is declared at all, which one the seal was put on says nothing. */
static bool container_fits(const struct facts *f, const char *container) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    int declared = m ? m->n_containers : 0;
    if (!container[0] || (m && listed(m->containers, m->n_containers, container))) return true;
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *x = &f->answer->declarations[i];
        if (!gl_facts_judged(f, x)) continue;
        if (listed(x->containers, x->n_containers, container)) return true;
        declared += x->n_containers;
    }
    return declared == 0;
}

/* Was it put on for what is judged here? */
static bool belongs(const struct facts *f, const struct gl_ref *on, const char *container) {
    return (!on->value[0] || judged_ref(f, on)) && container_fits(f, container);
}

static bool declared_here(const struct facts *f, const struct gl_answer_seal *s) {
    bool here = f->movement >= 0 && (s->in_movements & (1u << f->movement));
    if (!here && s->in.value[0]) here = judged_ref(f, &s->in);
    return here && belongs(f, &s->on, s->container);
}

/* The first entry of each number that is declared here; NULL = no more. Begin with *at 0. */
static const struct gl_answer_seal *next(const struct facts *f, int *at) {
    while (*at < f->answer->n_seals) {
        const struct gl_answer_seal *s = &f->answer->seals[(*at)++], *before = f->answer->seals;
        while (before < s && !(strcmp(before->key, s->key) == 0 && declared_here(f, before))) before++;
        if (before == s && declared_here(f, s)) return s;
    }
    return NULL;
}

/* ---- what the registry says of it ---------------------------------------------------------------------------------------------------- */
/* Why a seal is no good; NULL = it is. */
static const char *wrong(const struct facts *f, uint8_t state, int64_t valid_to) {
    if (state == GL_TAG_BROKEN) return "broken";
    if (state != GL_TAG_ACTIVE) return "withdrawn";
    return valid_to && f->now.wall > valid_to ? "over its time" : NULL;
}

/* One tag of the number that is good is enough: an old one may have been replaced. */
static const char *none_good(const struct facts *f, const struct gl_answer_seal *s) {
    const char *why = NULL;
    for (int i = 0; i < f->answer->n_seals; i++) {
        const struct gl_answer_seal *x = &f->answer->seals[i];
        if (strcmp(x->key, s->key) != 0 || !declared_here(f, x)) continue;
        const char *this_one = wrong(f, x->state, x->valid_to);
        if (!this_one) return NULL;
        if (!why || x->state == GL_TAG_BROKEN) why = this_one;
    }
    return why;
}

/* ---- what was seen ------------------------------------------------------------------------------------------------------------------- */
static const struct gl_answer_tag *seal_at(const struct facts *f, int i) {
    const struct gl_answer_tag *t = gl_tag_registered(f->answer, &f->passage->tags[i]);
    return t && t->seal[0] ? t : NULL;
}

static bool tag_declared_here(const struct facts *f, const struct gl_answer_tag *t) {
    int at = 0;
    const struct gl_answer_seal *s;
    while ((s = next(f, &at)))
        if (strcmp(s->key, t->key) == 0) return belongs(f, &t->on, t->container);
    return false;
}

static bool seen(const struct facts *f, const struct gl_answer_seal *s) {
    for (int i = 0; i < f->passage->n_tags; i++) {
        const struct gl_answer_tag *t = seal_at(f, i);
        if (t && strcmp(t->key, s->key) == 0 && !wrong(f, t->state, t->valid_to) && belongs(f, &t->on, t->container) &&
            !gl_tag_elsewhere(f, t, true))
            return true;
    }
    return false;
}

/* The lane's antennas: NULL = it has none; of several a working one, else any. */
static const struct device *antenna(const struct facts *f, const struct gl_device_config **ret) {
    const struct device *found = NULL;
    for (int i = 0; i < f->lane->n_devices; i++) {
        const struct device *d = &f->state->devices[i];
        if (strcmp(f->lane->devices[i].plugin, "rfid") != 0 || (found && d->state != GL_DEVICE_ONLINE)) continue;
        found = d;
        *ret = &f->lane->devices[i];
    }
    return found;
}

/* ---- the rules ----------------------------------------------------------------------------------------------------------------------- */
RULE(gl_rule_seal_missing) {
    const struct gl_device_config *config = NULL;
    const struct device *device = antenna(f, &config);
    const struct gl_answer_seal *s;
    int at = 0, n = 0, missing = 0;
    if (!device || !gl_facts_matched(f)) return;
    bool works = device->state == GL_DEVICE_ONLINE;
    enum gl_result bad = !works ? GL_NOTE : f->time_up ? GL_FAIL : GL_UNKNOWN;
    while ((s = next(f, &at))) {
        n++;
        if (none_good(f, s) || seen(f, s) || missing++ >= TOLD) continue;
        if (works)
            SAY(bad, s->in.value, "seal %s is declared and has a tag, which no antenna has seen", s->seal);
        else
            SAY(bad, s->in.value, "seal %s is declared; nobody can look for its tag: %s is %s", s->seal, config->id,
                gl_device_states[device->state]);
    }
    if (missing > TOLD) SAY(bad, "", "and %d more seals", missing - TOLD);
    if (n > 0 && missing == 0) SAY(GL_PASS, "", "every declared seal that has a good tag was seen");
}

static void say_foreign(const struct facts *f, const struct gl_rule *self, struct gl_decision *d, const struct gl_answer_tag *t) {
    if (t->on.value[0] && !judged_ref(f, &t->on))
        SAY(GL_FAIL, "", "seal %s was seen, which was put on for %s %s", t->seal, t->on.type, t->on.value);
    else if (!container_fits(f, t->container))
        SAY(GL_FAIL, "", "seal %s was seen, which was put on container %s", t->seal, t->container);
    else
        SAY(GL_FAIL, "", "seal %s was seen, which nothing declares that was lodged for this vehicle", t->seal);
}

RULE(gl_rule_seal_foreign) {
    if (!gl_facts_matched(f)) return;
    for (int i = 0; i < f->passage->n_tags; i++) { /* no more than GL_MAX_TAGS */
        const struct gl_answer_tag *t = seal_at(f, i);
        if (!t || wrong(f, t->state, t->valid_to) || tag_declared_here(f, t)) continue;
        if (f->passage->tags[i].sure && !gl_tag_elsewhere(f, t, false))
            say_foreign(f, self, d, t);
        else
            SAY(GL_NOTE, "", "seal %s was seen, which may be another vehicle's", t->seal);
    }
}

RULE(gl_rule_seal_revoked) {
    const struct gl_answer_seal *s;
    int at = 0, n = 0;
    while ((s = next(f, &at))) {
        const char *why = none_good(f, s);
        if (why && n++ < TOLD) SAY(GL_FAIL, s->in.value, "seal %s is declared, which the registry says is %s", s->seal, why);
    }
    for (int i = 0; i < f->passage->n_tags; i++) {
        const struct gl_answer_tag *t = seal_at(f, i);
        const char *why = t ? wrong(f, t->state, t->valid_to) : NULL;
        bool its = why && (tag_declared_here(f, t) || (f->passage->tags[i].sure && !gl_tag_elsewhere(f, t, false)));
        if (its) n++, SAY(GL_FAIL, "", "seal %s was seen, which the registry says is %s", t->seal, why);
    }
    if (n > TOLD) SAY(GL_FAIL, "", "%d seals in all are no good any more", n);
}
