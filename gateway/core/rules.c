/* The rules: one table, one small check each. Every rule leaves an outcome, and the worst of all decides. Only `pass` and `note` let a vehicle go;
 * what is missing is `unknown`, and that is not a pass. docs/rules.md explains each code to officers. */
#include <math.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

void gl_rule_say(struct gl_decision *d, const struct gl_rule *r, enum gl_result result, const char *about, const char *fmt, ...) {
    /* Every check says a bounded number of things and all of them fit; were that ever wrong, the strictest must not be what is left out. */
    if (d->n_rules == GL_MAX_RULES && (result == GL_PASS || result == GL_NOTE || d->rules[GL_MAX_RULES - 1].level > r->level))
        return;
    if (d->n_rules == GL_MAX_RULES) d->n_rules--;
    struct gl_rule_outcome *o = &d->rules[d->n_rules++];
    *o = (struct gl_rule_outcome){.result = (uint8_t)result};
    gl_clip(o->rule, sizeof o->rule, r->code);
    if (result == GL_FAIL || result == GL_UNKNOWN) o->level = r->level;
    gl_clip(o->declaration, sizeof o->declaration, about);
    va_list ap;
    va_start(ap, fmt);
    char text[2 * GL_DETAIL];
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    gl_clip(o->detail, sizeof o->detail, text);
}

#define RULE(name) static void name(const struct facts *f, const struct gl_rule *self, struct gl_decision *d)
#define SAY(result, about, ...) gl_rule_say(d, self, result, about, __VA_ARGS__)

static const struct gl_answer_movement *chosen(const struct facts *f) {
    return f->movement >= 0 ? &f->answer->movements[f->movement] : NULL;
}
static bool matched(const struct facts *f) {
    return f->movement >= 0 || f->by_declaration;
}

/* ---- the system itself ---- */
RULE(clock_unsync) {
    if (!f->config->clock_require_sync)
        SAY(GL_NOTE, "", "not checked: clock.require-sync is false");
    else if (f->clock_ok)
        SAY(GL_PASS, "", "the clock is synchronised");
    else
        SAY(GL_FAIL, "", "the clock is not synchronised: ages and limit dates cannot be trusted");
}

RULE(cache_stale) {
    bool stale = f->feed == GL_FEED_STALE;
    SAY(stale ? GL_FAIL : GL_PASS, "",
        stale ? "nothing was heard from the feed for too long: a cancellation may be unseen" : "the feed is %s",
        gl_feed_states[f->feed] ? gl_feed_states[f->feed] : "unknown");
}
RULE(cache_gap) {
    if (f->feed == GL_FEED_GAP)
        SAY(GL_FAIL, "", "a numbered feed record is missing: it may be a cancellation");
    else
        SAY(GL_PASS, "", "no feed record is missing");
}
RULE(cache_down) {
    bool down = f->feed == GL_FEED_DOWN || f->feed == GL_FEED_EMPTY || f->feed == GL_FEED_NONE || f->answer->failed;
    if (f->answer->failed)
        SAY(GL_FAIL, "", "the cache could not answer");
    else if (down)
        SAY(GL_FAIL, "", "nothing is known of what was lodged: the feed is %s", f->feed == GL_FEED_DOWN ? "down" : "empty");
    else
        SAY(GL_PASS, "", "the cache answers");
}
RULE(cache_aged) {
    if (f->feed == GL_FEED_AGED) SAY(GL_NOTE, "", "the feed is late; only what was already released counts");
}

RULE(sensor_fault) {
    if (f->fault[0])
        SAY(GL_FAIL, "", "%s", f->fault);
    else if (f->fault_note[0])
        SAY(GL_NOTE, "", "%s", f->fault_note);
    else
        SAY(GL_PASS, "", "every device of the lane is well");
}
RULE(gateway_restarted) {
    if (f->passage->restored) SAY(GL_FAIL, "", "the gateway was restarted while the vehicle stood here");
}
RULE(release_expired) {
    if (f->passage->lease_over) SAY(GL_FAIL, "", "the vehicle did not leave while the light was green");
}
RULE(lane_mode) {
    if (f->mode == GL_MODE_CLOSED)
        SAY(GL_FAIL, "", "the lane is closed");
    else if (f->mode == GL_MODE_MANUAL)
        SAY(GL_FAIL, "", "the lane is in manual mode: an officer decides");
    else
        SAY(GL_PASS, "", "the lane is %s", f->mode == GL_MODE_SHADOW ? "in shadow mode" : "open");
}
RULE(class_policy) {
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

/* ---- who is it ---- */
RULE(no_read) {
    const struct sighting *v = &f->passage->vehicle;
    if (v->text[0])
        SAY(GL_PASS, "", "plate %s", v->text);
    else if (v->seen && (f->by_reference || f->by_tag || f->by_container))
        SAY(GL_NOTE, "", "the plate could not be read; known by its %s",
            f->by_reference ? "document"
            : f->by_tag     ? "tag"
                            : "container");
    else if (v->seen && f->tag.stands)
        SAY(GL_FAIL, "", "the plate could not be read; its tag alone does not tell, without the declared trailer or container");
    else if (v->seen)
        SAY(GL_FAIL, "", "the plate could not be read");
    else
        SAY(GL_UNKNOWN, "", "no plate was read");
}

RULE(low_confidence) {
    const struct sighting *v = &f->passage->vehicle;
    double min = f->profile->min_confidence;
    if (!v->text[0] || min <= 0) return;
    if (v->typed)
        SAY(GL_NOTE, "", "the plate was typed by an officer");
    else if (v->confidence >= min)
        SAY(GL_PASS, "", "confidence %.2f", v->confidence);
    else if (f->by_reference && f->by_plate)
        SAY(GL_NOTE, "", "confidence %.2f, confirmed by the document", v->confidence);
    else if (f->tag.agrees)
        SAY(GL_NOTE, "", "confidence %.2f, confirmed by the tag", v->confidence);
    else if (isnan(v->confidence))
        SAY(GL_UNKNOWN, "", "the camera gave no confidence");
    else
        SAY(GL_FAIL, "", "the camera was %.2f sure; %.2f is needed", v->confidence, min);
}

RULE(ambiguous_match) {
    const struct passage *p = f->passage;
    if (f->answer->truncated)
        SAY(GL_FAIL, "", "more was found than can be judged here");
    else if (p->foreign)
        SAY(GL_FAIL, "", "a reading may belong to the vehicle before or behind");
    else if (p->vehicle.conflict)
        SAY(GL_FAIL, "", "two different plates were read for this vehicle");
    else if (p->trailer.conflict)
        SAY(GL_FAIL, "", "two different trailer plates were read for this vehicle");
    else if (p->container.conflict)
        SAY(GL_FAIL, "", "two different container numbers were read for this vehicle");
    else if (f->n_live > 1)
        SAY(GL_FAIL, "", "%d live movements fit; a document reference would tell which", f->n_live);
    else
        SAY(GL_PASS, "", "nothing else fits");
}

RULE(no_declaration) {
    if (!(f->profile->require & GL_NEED_DECLARATION))
        SAY(GL_NOTE, "", "the lane asks for no declaration");
    else if (matched(f))
        SAY(GL_PASS, chosen(f) ? chosen(f)->ref.value : "", chosen(f) ? "a movement was lodged" : "declarations were lodged");
    else if (!f->passage->vehicle.text[0] && !f->passage->reference.value[0] && !f->tag.stands)
        SAY(GL_UNKNOWN, "", "there is nothing to look up");
    else
        SAY(GL_FAIL, "", "nothing that was lodged fits");
}

/* A document names one vehicle: a photocopy must not release another. */
RULE(plate_mismatch) {
    const struct gl_answer_movement *m = chosen(f);
    if (!f->by_reference || !f->passage->vehicle.text[0] || f->by_plate) return;
    if (f->by_declaration) {
        for (int i = 0; i < f->answer->n_declarations; i++)
            if (gl_facts_judged(f, &f->answer->declarations[i]) && (f->answer->declarations[i].by & GL_BY_PLATE)) return;
    }
    SAY(GL_FAIL, m ? m->ref.value : "", "the document is lodged for another vehicle than %s", f->passage->vehicle.text);
}

RULE(plate_role_swap) {
    if (f->by_swap && !f->by_reference)
        SAY(GL_FAIL, chosen(f) ? chosen(f)->ref.value : "", "plate %s is declared as a trailer's", f->passage->vehicle.text);
    else
        SAY(GL_PASS, "", "no trailer's plate on the vehicle");
}

RULE(code_required) {
    if (!(f->profile->require & GL_NEED_CODE)) return;
    if (f->by_reference)
        SAY(GL_PASS, "", "document %s", f->passage->reference.value);
    else if (f->passage->reference.value[0])
        SAY(GL_UNKNOWN, "", "document %s fits nothing that was lodged", f->passage->reference.value);
    else
        SAY(GL_UNKNOWN, "", f->passage->code_seen ? "the code that was read is no document reference" : "no document was scanned");
}

/* ---- the trailer ---- */
static bool trailer_declared(const struct facts *f, const struct gl_plate_keys *keys) {
    for (int i = 0; i < f->n_trailers; i++)
        if (gl_plate_keys_meet(&f->trailers[i], keys)) return true;
    return false;
}
static bool own_plate_again(const struct facts *f) {
    return f->passage->vehicle.text[0] && gl_plate_keys_meet(&f->passage->trailer.keys, &f->passage->vehicle.keys);
}
static bool trailer_judged(const struct facts *f) {
    return matched(f) && ((f->profile->require & GL_NEED_TRAILER) || f->passage->trailer.text[0]);
}

RULE(trailer_mismatch) {
    const struct sighting *t = &f->passage->trailer;
    if (!trailer_judged(f) || !t->text[0] || f->n_trailers == 0 || own_plate_again(f)) return;
    if (trailer_declared(f, &t->keys))
        SAY(GL_PASS, "", "trailer %s is declared", t->text);
    else
        SAY(GL_FAIL, chosen(f) ? chosen(f)->ref.value : "", "trailer %s is not the declared one (%s)", t->text,
            f->trailers[0].key[0]);
}
RULE(trailer_extra) {
    const struct sighting *t = &f->passage->trailer;
    if (!trailer_judged(f) || !t->text[0] || f->n_trailers > 0 || own_plate_again(f)) return;
    SAY(GL_FAIL, "", "trailer %s was seen, but none is declared", t->text);
}
RULE(trailer_missing) {
    const struct sighting *t = &f->passage->trailer;
    if (!trailer_judged(f) || f->n_trailers == 0 || (t->seen && !own_plate_again(f))) return;
    SAY(f->trailer_over ? GL_FAIL : GL_UNKNOWN, "", "trailer %s is declared, but none was seen", f->trailers[0].key[0]);
}
RULE(trailer_no_read) {
    const struct sighting *t = &f->passage->trailer;
    if (!trailer_judged(f)) return;
    if (t->seen && !t->text[0])
        SAY(GL_FAIL, "", "the trailer's plate could not be read");
    else if (!t->seen && f->n_trailers == 0 && !f->trailer_over)
        SAY(GL_UNKNOWN, "", "a trailer may still come into view");
    else if (!t->seen && f->n_trailers == 0)
        SAY(GL_PASS, "", "no trailer declared, none seen");
}

/* ---- the container ---- */
static bool same_container(const char *a, const struct sighting *s) {
    struct gl_plate_keys keys;
    return gl_plate_keys(a, &keys) == 0 && gl_plate_keys_meet(&keys, &s->keys);
}
RULE(container_mismatch) {
    const struct sighting *s = &f->passage->container;
    if (!matched(f)) return;
    if (!s->text[0]) {
        if (f->profile->require & GL_NEED_CONTAINER) SAY(GL_UNKNOWN, "", "no container number was read");
        return;
    }
    int declared = 0;
    const struct gl_answer_movement *m = chosen(f);
    for (int i = 0; m && i < m->n_containers; i++, declared++)
        if (same_container(m->containers[i], s)) {
            SAY(GL_PASS, m->ref.value, "container %s is declared", s->text);
            return;
        }
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *x = &f->answer->declarations[i];
        for (int k = 0; gl_facts_judged(f, x) && k < x->n_containers; k++, declared++)
            if (same_container(x->containers[k], s)) {
                SAY(GL_PASS, x->ref.value, "container %s is declared", s->text);
                return;
            }
    }
    SAY(GL_FAIL, m ? m->ref.value : "",
        declared ? "container %s is not a declared one" : "container %s was read, but none is declared", s->text);
}

/* ---- what was lodged ---- */
/* Runs a check over every declaration that counts; the worst speak one by one, and a pass is said once. */
typedef bool (*bad_fn)(const struct facts *f, const struct gl_answer_declaration *x);
static void over_declarations(const struct facts *f, const struct gl_rule *self, struct gl_decision *d, bad_fn bad, bool failed,
                              const char *what, const char *fine) {
    int n = 0, said = 0;
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *x = &f->answer->declarations[i];
        if (!gl_facts_judged(f, x) || !bad(f, x)) continue;
        if (n++ < 3) said++, SAY(GL_FAIL, x->ref.value, "%s %s %s", x->ref.type, x->ref.value, what);
    }
    if (n > said) SAY(GL_FAIL, "", "and %d more declarations: %s", n - said, what);
    if (n == 0 && !failed && matched(f)) SAY(GL_PASS, "", "%s", fine);
}

static bool is_cancelled(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return x->received && x->state == GL_DECLARATION_CANCELLED;
}
RULE(decl_cancelled) {
    const struct gl_answer_movement *m = chosen(f);
    bool failed = m && m->state == GL_MOVEMENT_CANCELLED;
    if (failed) SAY(GL_FAIL, m->ref.value, "the movement was cancelled");
    over_declarations(f, self, d, is_cancelled, failed, "was cancelled", "nothing was cancelled");
}

static bool is_expired(const struct facts *f, const struct gl_answer_declaration *x) {
    return x->received && (x->state == GL_DECLARATION_EXPIRED || (x->valid_to && f->now.wall > x->valid_to));
}
RULE(decl_expired) {
    const struct gl_answer_movement *m = chosen(f);
    bool early = m && m->valid_from && f->now.wall < m->valid_from;
    bool failed = early || (m && gl_facts_over(m, f->now.wall));
    if (failed) SAY(GL_FAIL, m->ref.value, early ? "the movement is not valid yet" : "the movement is over its time");
    over_declarations(f, self, d, is_expired, failed, "is over its limit date", "all within their time");
}

static bool is_unreleased(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return x->received &&
           (x->state == GL_DECLARATION_NONE || x->state == GL_DECLARATION_LODGED || x->state == GL_DECLARATION_ACCEPTED ||
            x->state == GL_DECLARATION_UNDER_CONTROL || x->state == GL_DECLARATION_NOT_RELEASED);
}
RULE(decl_not_released) {
    const struct gl_answer_movement *m = chosen(f);
    bool failed = m && (m->state == GL_MOVEMENT_DRAFT || m->state == GL_MOVEMENT_STATE_NONE);
    if (failed) SAY(GL_FAIL, m->ref.value, "the movement is only a draft");
    over_declarations(f, self, d, is_unreleased, failed, "is not released by its office", "all released by their offices");
}

static bool is_used(const struct facts *f, const struct gl_answer_declaration *x) {
    bool ended = x->received && (x->state == GL_DECLARATION_ARRIVED || x->state == GL_DECLARATION_DISCHARGED);
    return ended || gl_facts_user(f, &x->ref, x->use, x->used_by);
}
RULE(decl_already_used) {
    const struct gl_answer_movement *m = chosen(f);
    const char *other = m ? gl_facts_user(f, &m->ref, m->use, m->used_by) : NULL;
    bool ended = m && (m->state == GL_MOVEMENT_ARRIVED || m->state == GL_MOVEMENT_EXITED);
    if (other)
        SAY(GL_FAIL, m->ref.value, "the movement was used by passage %s", other);
    else if (ended)
        SAY(GL_FAIL, m->ref.value, "the movement has already %s", m->state == GL_MOVEMENT_ARRIVED ? "arrived" : "left");
    over_declarations(f, self, d, is_used, other || ended, "was already used", "not used before");
}

static bool is_missing(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return !x->received;
}
RULE(decl_missing) {
    const struct gl_answer_movement *m = chosen(f);
    bool failed = m && m->kind != GL_MOVEMENT_EMPTY && m->kind != GL_MOVEMENT_EXEMPT && m->n_declarations == 0;
    if (failed) SAY(GL_FAIL, m->ref.value, "the movement carries goods but lists no declaration");
    over_declarations(f, self, d, is_missing, failed, "is listed, but has not been received", "every listed declaration is here");
}

RULE(wrong_direction) {
    const struct gl_answer_movement *m = chosen(f);
    if (m && m->direction != GL_DIRECTION_NONE && m->direction != f->lane->direction)
        SAY(GL_FAIL, m->ref.value, "the movement is announced for the other direction");
}

/* ---- what the authority says ---- */
RULE(decision_pending) {
    const struct gl_answer_movement *m = chosen(f);
    if (m && m->channel == GL_CHANNEL_NONE)
        SAY(GL_UNKNOWN, m->ref.value, "the authority has not decided yet");
    else if (matched(f))
        SAY(GL_PASS, "", "the authority has decided");
}

static bool wants_desk(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return x->control == GL_CHANNEL_DESK;
}
static bool wants_physical(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return x->control == GL_CHANNEL_PHYSICAL;
}
static bool is_refused(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return x->control == GL_CHANNEL_REFUSE;
}

RULE(authority_control) {
    const struct gl_answer_movement *m = chosen(f);
    int from = d->n_rules;
    if (m && m->channel == GL_CHANNEL_PHYSICAL) SAY(GL_FAIL, m->ref.value, "the authority wants a physical control");
    over_declarations(f, self, d, wants_physical, true, "is to be controlled physically", "");
    int desk = d->n_rules;
    if (m && m->channel == GL_CHANNEL_DESK) SAY(GL_FAIL, m->ref.value, "the authority wants documents at the desk");
    over_declarations(f, self, d, wants_desk, true, "is wanted at the desk", "");
    for (int i = desk; i < d->n_rules; i++) d->rules[i].level = GL_LEVEL_DESK;
    if (d->n_rules == from && matched(f)) SAY(GL_PASS, "", "no control was ordered");
}
RULE(entry_denied) {
    const struct gl_answer_movement *m = chosen(f);
    if (m && m->channel == GL_CHANNEL_REFUSE) SAY(GL_FAIL, m->ref.value, "the authority refuses entry");
    over_declarations(f, self, d, is_refused, true, "is refused entry", "");
}

/* Keyed, so that nobody without the key can tell beforehand, and an auditor with it can tell afterwards. */
RULE(random_control) {
    double rate = f->profile->random_rate * (f->feed == GL_FEED_AGED ? 2 : 1);
    if (rate <= 0 || !matched(f)) return;
    const char *ref = chosen(f) ? chosen(f)->ref.value : "";
    for (int i = 0; !ref[0] && i < f->answer->n_declarations; i++)
        if (gl_facts_judged(f, &f->answer->declarations[i])) ref = f->answer->declarations[i].ref.value;
    char text[GL_REF + 8];
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    gl_format(text, sizeof text, "random/%s", ref);
    if (!HMAC(EVP_sha256(), f->key, 32, (const uint8_t *)text, strlen(text), mac, &len)) abort();
    uint32_t v = (uint32_t)mac[0] << 24 | (uint32_t)mac[1] << 16 | (uint32_t)mac[2] << 8 | mac[3];
    if (v < rate * 4294967296.0)
        SAY(GL_FAIL, ref, "drawn for a random control (%g %% of movements)", rate * 100);
    else
        SAY(GL_PASS, ref, "not drawn");
}

#undef SAY

/* docs/rules.md in one table: the code, its level, who may lift it, and its check. What asks for the most attention stands first. */
const struct gl_rule gl_rules[] = {
    /* code               level              override               curable inspected at_once */
    {"CLOCK_UNSYNC", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, clock_unsync},
    {"CACHE_DOWN", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, cache_down},
    {"CACHE_STALE", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, cache_stale},
    {"CACHE_GAP", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, cache_gap},
    {"CACHE_AGED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, cache_aged},
    {"SENSOR_FAULT", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, sensor_fault},
    {"GATEWAY_RESTARTED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, true, false, gateway_restarted},
    {"RELEASE_EXPIRED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, true, false, release_expired},
    {"LANE_MODE", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, lane_mode},
    {"CLASS_POLICY", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, true, false, class_policy},
    {"RPM_GAMMA", GL_LEVEL_PHYSICAL, GL_OVERRIDE_RADIATION, false, false, true, gl_rule_rpm_gamma},
    {"RPM_NEUTRON", GL_LEVEL_PHYSICAL, GL_OVERRIDE_RADIATION, false, false, true, gl_rule_rpm_neutron},
    {"RPM_FAULT", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, gl_rule_rpm_fault},
    {"RPM_MISSED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, true, false, gl_rule_rpm_missed},
    {"NO_READ", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, false, false, no_read},
    {"LOW_CONFIDENCE", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, false, false, low_confidence},
    {"AMBIGUOUS_MATCH", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, false, false, ambiguous_match},
    {"NO_DECLARATION", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, false, false, no_declaration},
    {"CODE_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, false, false, code_required},
    {"PLATE_MISMATCH", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, plate_mismatch},
    {"PLATE_ROLE_SWAP", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, plate_role_swap},
    {"TRAILER_MISMATCH", GL_LEVEL_PHYSICAL, GL_OVERRIDE_OFFICER, false, true, false, trailer_mismatch},
    {"TRAILER_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, true, false, trailer_missing},
    {"TRAILER_EXTRA", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, true, false, trailer_extra},
    {"TRAILER_NO_READ", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, false, false, trailer_no_read},
    {"CONTAINER_MISMATCH", GL_LEVEL_PHYSICAL, GL_OVERRIDE_OFFICER, true, true, false, container_mismatch},
    {"TAG_MISMATCH", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, true, false, gl_rule_tag_mismatch},
    {"TAG_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, false, false, gl_rule_tag_missing},
    {"DECL_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, true, false, false, decl_missing},
    {"DECL_CANCELLED", GL_LEVEL_DESK, GL_OVERRIDE_AUTHORITY, false, false, false, decl_cancelled},
    {"DECL_EXPIRED", GL_LEVEL_DESK, GL_OVERRIDE_AUTHORITY, false, false, false, decl_expired},
    {"DECL_NOT_RELEASED", GL_LEVEL_DESK, GL_OVERRIDE_AUTHORITY, false, false, false, decl_not_released},
    {"DECL_ALREADY_USED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, decl_already_used},
    {"WRONG_DIRECTION", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, false, false, wrong_direction},
    {"DECISION_PENDING", GL_LEVEL_DESK, GL_OVERRIDE_NEVER, true, false, false, decision_pending},
    {"AUTHORITY_CONTROL", GL_LEVEL_PHYSICAL, GL_OVERRIDE_AUTHORITY, false, true, false, authority_control},
    {"ENTRY_DENIED", GL_LEVEL_REFUSE, GL_OVERRIDE_TWO, false, false, false, entry_denied},
    {"RANDOM", GL_LEVEL_PHYSICAL, GL_OVERRIDE_NEVER, false, true, false, random_control},
    /* said by officers, not by a check */
    {"OVERRIDE", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, true, false, NULL},
    {"INSPECTION_RESULT", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, false, true, false, NULL},
};
const size_t gl_n_rules = GL_COUNT(gl_rules);

const struct gl_rule *gl_rule_by_code(const char *code) {
    for (size_t i = 0; i < gl_n_rules; i++)
        if (strcmp(gl_rules[i].code, code) == 0) return &gl_rules[i];
    return NULL;
}

void gl_rules_run(const struct facts *f, struct gl_decision *d, bool *ret_curable) {
    bool curable = false, at_once = false;
    for (size_t i = 0; i < gl_n_rules; i++)
        if (gl_rules[i].check) gl_rules[i].check(f, &gl_rules[i], d);
    uint8_t worst = GL_LEVEL_NONE;
    for (int i = 0; i < d->n_rules; i++) {
        const struct gl_rule_outcome *o = &d->rules[i];
        if (o->result == GL_PASS || o->result == GL_NOTE) continue;
        const struct gl_rule *r = gl_rule_by_code(o->rule);
        if (r && r->curable) curable = true;
        if (r && r->at_once) at_once = true;
        uint8_t level = o->level ? o->level : (uint8_t)GL_LEVEL_DESK;
        if (level > worst) worst = level;
    }
    d->level = worst;
    d->outcome = worst == GL_LEVEL_NONE ? GL_OUTCOME_RELEASE : GL_OUTCOME_INSPECT;
    *ret_curable = curable && !at_once;
}

static unsigned permission(const struct gl_rule_outcome *o, bool inspected) {
    const struct gl_rule *r = gl_rule_by_code(o->rule);
    if (o->result == GL_PASS || o->result == GL_NOTE || !r) return GL_OVERRIDE_OFFICER;
    return inspected && r->inspected && r->override == GL_OVERRIDE_NEVER ? GL_OVERRIDE_OFFICER : r->override;
}

unsigned gl_rules_permission(const struct gl_decision *d, bool inspected) {
    unsigned asked = GL_OVERRIDE_OFFICER;
    for (int i = 0; i < d->n_rules; i++) asked |= permission(&d->rules[i], inspected);
    return asked;
}

const char *gl_rules_asking(const struct gl_decision *d, bool inspected, enum gl_override which) {
    for (int i = 0; i < d->n_rules; i++)
        if (permission(&d->rules[i], inspected) & which) return d->rules[i].rule;
    return "";
}
