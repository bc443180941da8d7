/* Between the files of the rules: what a rule is, and the checks by name. */
#pragma once
#include "core/internal.h"

enum gl_rule_flag {
    GL_RULE_CURABLE = 1,   /* waiting for more evidence may help */
    GL_RULE_INSPECTED = 2, /* an inspection that found all in order settles it */
    GL_RULE_AT_ONCE = 4,   /* never waits for more evidence: the light turns red now */
    GL_RULE_EVIDENCE = 8,  /* in a contingency an officer may lift it, on other evidence */
    GL_RULE_LODGED = 16    /* about what was lodged alone: judged again when the feed has recovered */
};

struct gl_rule {
    const char *code;
    uint8_t level;    /* enum gl_level_decision of a fail or unknown */
    uint8_t override; /* enum gl_override: who may lift it */
    uint8_t flags;    /* enum gl_rule_flag, or-ed */
    void (*check)(const struct facts *f, const struct gl_rule *self, struct gl_decision *d); /* NULL: raised elsewhere */
};
extern const struct gl_rule gl_rules[];
extern const size_t gl_n_rules;
const struct gl_rule *gl_rule_by_code(const char *code);

void gl_rule_say(struct gl_decision *d, const struct gl_rule *r, enum gl_result result, const char *about, const char *fmt, ...)
    GL_PRINTF(5, 6);

#define RULE(name) void name(const struct facts *f, const struct gl_rule *self, struct gl_decision *d)
#define SAY(result, about, ...) gl_rule_say(d, self, result, about, __VA_ARGS__)

/* Runs a check over every declaration that counts; the worst speak one by one, and a pass is said once, when nothing else of the rule has failed. */
typedef bool gl_rule_bad(const struct facts *f, const struct gl_answer_declaration *x);
void gl_rule_each_declaration(const struct facts *f, const struct gl_rule *self, struct gl_decision *d, gl_rule_bad *bad,
                              bool failed, const char *what, const char *fine);

typedef void gl_rule_check(const struct facts *f, const struct gl_rule *self, struct gl_decision *d);
/* rules_system.c */
gl_rule_check gl_rule_clock_unsync, gl_rule_cache_down, gl_rule_cache_stale, gl_rule_cache_gap, gl_rule_cache_aged,
    gl_rule_contingency, gl_rule_sensor_fault, gl_rule_gateway_restarted, gl_rule_release_expired, gl_rule_lane_mode,
    gl_rule_class_policy;
/* rules_sensors.c */
gl_rule_check gl_rule_rpm_gamma, gl_rule_rpm_neutron, gl_rule_rpm_fault, gl_rule_rpm_missed, gl_rule_tag_mismatch,
    gl_rule_tag_missing;
/* seals.c */
gl_rule_check gl_rule_seal_missing, gl_rule_seal_foreign, gl_rule_seal_revoked;
/* rules_identity.c */
gl_rule_check gl_rule_no_read, gl_rule_low_confidence, gl_rule_ambiguous_match, gl_rule_no_declaration, gl_rule_code_required,
    gl_rule_plate_mismatch, gl_rule_plate_role_swap, gl_rule_trailer_mismatch, gl_rule_trailer_missing, gl_rule_trailer_extra,
    gl_rule_trailer_no_read, gl_rule_container_mismatch;
/* rules_lodged.c */
gl_rule_check gl_rule_decl_missing, gl_rule_decl_cancelled, gl_rule_decl_expired, gl_rule_decl_not_released,
    gl_rule_decl_already_used, gl_rule_use_unknown, gl_rule_wrong_direction, gl_rule_too_early, gl_rule_docs_missing;
/* rules_authority.c */
gl_rule_check gl_rule_decision_pending, gl_rule_authority_control, gl_rule_entry_denied, gl_rule_random_control;
/* lookouts.c */
gl_rule_check gl_rule_watchlist;
