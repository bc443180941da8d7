/* The table of rules, and how they run. Every rule leaves an outcome, and the worst of all decides. Only `pass` and `note` let a vehicle go; what is
 * missing is `unknown`, and that is not a pass. docs/rules.md explains each code to officers. The checks stand in rules_*.c, by subject. */
#include "core/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

enum {
    CURABLE = GL_RULE_CURABLE,
    INSPECTED = GL_RULE_INSPECTED,
    AT_ONCE = GL_RULE_AT_ONCE,
    EVIDENCE = GL_RULE_EVIDENCE,
    LODGED = GL_RULE_LODGED
};

/* docs/rules.md in one table: the code, its level, who may lift it, and its check. What asks for the most attention stands first. */
const struct gl_rule gl_rules[] = {
    /* code, level, who may lift it, what else is to be known of it, its check */
    {"CLOCK_UNSYNC", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, 0, gl_rule_clock_unsync},
    {"CACHE_DOWN", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, EVIDENCE, gl_rule_cache_down},
    {"CACHE_STALE", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, EVIDENCE, gl_rule_cache_stale},
    {"CACHE_GAP", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, EVIDENCE, gl_rule_cache_gap},
    {"CACHE_AGED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, EVIDENCE, gl_rule_cache_aged},
    {"CONTINGENCY", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, EVIDENCE, gl_rule_contingency},
    {"SENSOR_FAULT", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, 0, gl_rule_sensor_fault},
    {"GATEWAY_RESTARTED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, INSPECTED, gl_rule_gateway_restarted},
    {"RELEASE_EXPIRED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, INSPECTED, gl_rule_release_expired},
    {"LANE_MODE", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, 0, gl_rule_lane_mode},
    {"CLASS_POLICY", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, INSPECTED, gl_rule_class_policy},
    {"WATCHLIST", GL_LEVEL_PHYSICAL, GL_OVERRIDE_TWO, AT_ONCE | LODGED, gl_rule_watchlist},
    {GL_REFERRED, GL_LEVEL_PHYSICAL, GL_OVERRIDE_TWO, AT_ONCE | LODGED, NULL}, /* said by the look-outs that are silent */
    {"RPM_GAMMA", GL_LEVEL_PHYSICAL, GL_OVERRIDE_RADIATION, AT_ONCE, gl_rule_rpm_gamma},
    {"RPM_NEUTRON", GL_LEVEL_PHYSICAL, GL_OVERRIDE_RADIATION, AT_ONCE, gl_rule_rpm_neutron},
    {"RPM_FAULT", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, 0, gl_rule_rpm_fault},
    {"RPM_MISSED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE | INSPECTED, gl_rule_rpm_missed},
    {"NO_READ", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE, gl_rule_no_read},
    {"LOW_CONFIDENCE", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE, gl_rule_low_confidence},
    {"AMBIGUOUS_MATCH", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE, gl_rule_ambiguous_match},
    {"NO_DECLARATION", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE | EVIDENCE | LODGED, gl_rule_no_declaration},
    {"CODE_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE, gl_rule_code_required},
    {"PLATE_MISMATCH", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, LODGED, gl_rule_plate_mismatch},
    {"PLATE_ROLE_SWAP", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, 0, gl_rule_plate_role_swap},
    {"TRAILER_MISMATCH", GL_LEVEL_PHYSICAL, GL_OVERRIDE_OFFICER, INSPECTED, gl_rule_trailer_mismatch},
    {"TRAILER_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE | INSPECTED, gl_rule_trailer_missing},
    {"TRAILER_EXTRA", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, INSPECTED, gl_rule_trailer_extra},
    {"TRAILER_NO_READ", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE, gl_rule_trailer_no_read},
    {"CONTAINER_MISMATCH", GL_LEVEL_PHYSICAL, GL_OVERRIDE_OFFICER, CURABLE | INSPECTED, gl_rule_container_mismatch},
    {"TAG_MISMATCH", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE | INSPECTED, gl_rule_tag_mismatch},
    {"TAG_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE, gl_rule_tag_missing},
    {"SEAL_REVOKED", GL_LEVEL_PHYSICAL, GL_OVERRIDE_TWO, 0, gl_rule_seal_revoked},
    {"SEAL_MISSING", GL_LEVEL_PHYSICAL, GL_OVERRIDE_TWO, CURABLE, gl_rule_seal_missing},
    {"SEAL_FOREIGN", GL_LEVEL_DESK, GL_OVERRIDE_TWO, CURABLE, gl_rule_seal_foreign},
    {"DECL_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, CURABLE | EVIDENCE | LODGED, gl_rule_decl_missing},
    {"DECL_CANCELLED", GL_LEVEL_DESK, GL_OVERRIDE_AUTHORITY, LODGED, gl_rule_decl_cancelled},
    {"DECL_EXPIRED", GL_LEVEL_DESK, GL_OVERRIDE_AUTHORITY, LODGED, gl_rule_decl_expired},
    {"DECL_NOT_RELEASED", GL_LEVEL_DESK, GL_OVERRIDE_AUTHORITY, LODGED, gl_rule_decl_not_released},
    {"DECL_ALREADY_USED", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, LODGED, gl_rule_decl_already_used},
    {"USE_UNKNOWN", GL_LEVEL_DESK, GL_OVERRIDE_AUTHORITY, LODGED, gl_rule_use_unknown},
    {"WRONG_DIRECTION", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, LODGED, gl_rule_wrong_direction},
    {"TOO_EARLY", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, LODGED, gl_rule_too_early},
    {"DOCS_MISSING", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, LODGED, gl_rule_docs_missing},
    {"DECISION_PENDING", GL_LEVEL_DESK, GL_OVERRIDE_NEVER, CURABLE | EVIDENCE | LODGED, gl_rule_decision_pending},
    {"AUTHORITY_CONTROL", GL_LEVEL_PHYSICAL, GL_OVERRIDE_AUTHORITY, INSPECTED | LODGED, gl_rule_authority_control},
    {"ENTRY_DENIED", GL_LEVEL_REFUSE, GL_OVERRIDE_TWO, LODGED, gl_rule_entry_denied},
    {"RANDOM", GL_LEVEL_PHYSICAL, GL_OVERRIDE_NEVER, INSPECTED, gl_rule_random_control},
    /* said by officers, not by a check */
    {"OVERRIDE", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, INSPECTED, NULL},
    {"INSPECTION_RESULT", GL_LEVEL_DESK, GL_OVERRIDE_OFFICER, INSPECTED, NULL},
};
const size_t gl_n_rules = GL_COUNT(gl_rules);

void gl_rules_add(struct gl_decision *d, const char *code, enum gl_result result, uint8_t level, const char *detail) {
    gl_rule_say(d, gl_rule_by_code(code), result, "", "%s", detail);
    d->rules[d->n_rules - 1].level = level;
}

const struct gl_rule *gl_rule_by_code(const char *code) {
    for (size_t i = 0; i < gl_n_rules; i++)
        if (strcmp(gl_rules[i].code, code) == 0) return &gl_rules[i];
    return NULL;
}

void gl_rules_run(const struct facts *f, struct gl_decision *d, bool *ret_curable) {
    bool curable = false, at_once = false;
    for (size_t i = 0; i < gl_n_rules; i++)
        if (gl_rules[i].check && (!f->review || (gl_rules[i].flags & LODGED))) gl_rules[i].check(f, &gl_rules[i], d);
    uint8_t worst = GL_LEVEL_NONE;
    for (int i = 0; i < d->n_rules; i++) {
        const struct gl_rule_outcome *o = &d->rules[i];
        if (o->result == GL_PASS || o->result == GL_NOTE) continue;
        const struct gl_rule *r = gl_rule_by_code(o->rule);
        if (r && (r->flags & CURABLE)) curable = true;
        if (r && (r->flags & AT_ONCE)) at_once = true;
        uint8_t level = o->level ? o->level : (uint8_t)GL_LEVEL_DESK;
        if (level > worst) worst = level;
    }
    d->level = worst;
    d->outcome = worst == GL_LEVEL_NONE ? GL_OUTCOME_RELEASE : GL_OUTCOME_INSPECT;
    *ret_curable = curable && !at_once;
}

static unsigned permission(const struct gl_rule_outcome *o, unsigned when) {
    const struct gl_rule *r = gl_rule_by_code(o->rule);
    if (o->result == GL_PASS || o->result == GL_NOTE || !r) return GL_OVERRIDE_OFFICER;
    if ((when & GL_WHEN_CONTINGENCY) && (r->flags & EVIDENCE)) return GL_OVERRIDE_OFFICER;
    bool settled = (when & GL_WHEN_INSPECTED) && (r->flags & INSPECTED) && r->override == GL_OVERRIDE_NEVER;
    return settled ? GL_OVERRIDE_OFFICER : r->override;
}

unsigned gl_rules_permission(const struct gl_decision *d, unsigned when) {
    unsigned asked = GL_OVERRIDE_OFFICER;
    for (int i = 0; i < d->n_rules; i++) asked |= permission(&d->rules[i], when);
    return asked;
}

const char *gl_rules_asking(const struct gl_decision *d, unsigned when, enum gl_override which) {
    for (int i = 0; i < d->n_rules; i++)
        if (permission(&d->rules[i], when) & which) return d->rules[i].rule;
    return "";
}
