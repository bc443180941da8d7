/* Rules about what was lodged: every declaration that counts is judged, and the worst speak. */
#include <string.h>

#include "core/rules.h"

void gl_rule_each_declaration(const struct facts *f, const struct gl_rule *self, struct gl_decision *d, gl_rule_bad *bad,
                              bool failed, const char *what, const char *fine) {
    int n = 0, said = 0;
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *x = &f->answer->declarations[i];
        if (!gl_facts_judged(f, x) || !bad(f, x)) continue;
        if (n++ < 3) said++, SAY(GL_FAIL, x->ref.value, "%s %s %s", x->ref.type, x->ref.value, what);
    }
    if (n > said) SAY(GL_FAIL, "", "and %d more declarations: %s", n - said, what);
    if (n == 0 && !failed && gl_facts_matched(f)) SAY(GL_PASS, "", "%s", fine);
}

static bool is_cancelled(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return x->received && x->state == GL_DECLARATION_CANCELLED;
}
RULE(gl_rule_decl_cancelled) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    bool failed = m && m->state == GL_MOVEMENT_CANCELLED;
    if (failed) SAY(GL_FAIL, m->ref.value, "the movement was cancelled");
    gl_rule_each_declaration(f, self, d, is_cancelled, failed, "was cancelled", "nothing was cancelled");
}

static bool is_expired(const struct facts *f, const struct gl_answer_declaration *x) {
    return x->received && (x->state == GL_DECLARATION_EXPIRED || (x->valid_to && f->now.wall > x->valid_to));
}
RULE(gl_rule_decl_expired) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    bool early = m && m->valid_from && f->now.wall < m->valid_from;
    bool failed = early || (m && gl_facts_over(m, f->now.wall));
    if (failed) SAY(GL_FAIL, m->ref.value, early ? "the movement is not valid yet" : "the movement is over its time");
    gl_rule_each_declaration(f, self, d, is_expired, failed, "is over its limit date", "all within their time");
}

static bool is_unreleased(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return x->received &&
           (x->state == GL_DECLARATION_NONE || x->state == GL_DECLARATION_LODGED || x->state == GL_DECLARATION_ACCEPTED ||
            x->state == GL_DECLARATION_UNDER_CONTROL || x->state == GL_DECLARATION_NOT_RELEASED);
}
RULE(gl_rule_decl_not_released) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    bool failed = m && (m->state == GL_MOVEMENT_DRAFT || m->state == GL_MOVEMENT_STATE_NONE);
    if (failed) SAY(GL_FAIL, m->ref.value, "the movement is only a draft");
    gl_rule_each_declaration(f, self, d, is_unreleased, failed, "is not released by its office", "all released by their offices");
}

/* In a review: it arrived with the very passage, by itself or under the movement that the passage has used. */
static bool arrived_with_it(const struct facts *f, const struct gl_answer_declaration *x) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    bool listed = m && (x->listed_by & (1u << f->movement)) && gl_facts_own(f, m->use, m->used_by);
    return listed || gl_facts_own(f, x->use, x->used_by);
}

static bool is_used(const struct facts *f, const struct gl_answer_declaration *x) {
    bool ended = x->received && (x->state == GL_DECLARATION_ARRIVED || x->state == GL_DECLARATION_DISCHARGED);
    return (ended && !arrived_with_it(f, x)) || gl_facts_user(f, &x->ref, x->use, x->used_by);
}
RULE(gl_rule_decl_already_used) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    const char *other = m ? gl_facts_user(f, &m->ref, m->use, m->used_by) : NULL;
    bool ended = m && (m->state == GL_MOVEMENT_ARRIVED || m->state == GL_MOVEMENT_EXITED) && !gl_facts_own(f, m->use, m->used_by);
    if (other)
        SAY(GL_FAIL, m->ref.value, "the movement was used by passage %s", other);
    else if (ended)
        SAY(GL_FAIL, m->ref.value, "the movement has already %s", m->state == GL_MOVEMENT_ARRIVED ? "arrived" : "left");
    gl_rule_each_declaration(f, self, d, is_used, other || ended, "was already used", "not used before");
}

/* ---- after a restore ---- */
enum {
    SECOND_MS = 1000,
    QUARTER_MS = 15 * 60 * SECOND_MS,
    DAY_MS = 25 * 3600 * SECOND_MS
}; /* a day: of the longest, when clocks are set back */

/* Was it surely lodged only after this box took over? A date without its time stands for the end of that day, in whatever zone: its beginning counts. */
static bool lodged_after(const struct facts *f, int64_t lodged) {
    const struct gl_unknown_uses *u = &f->core->uses;
    bool whole_day = (lodged + SECOND_MS) / SECOND_MS % (QUARTER_MS / SECOND_MS) == 0;
    int64_t earliest = whole_day ? lodged - DAY_MS : lodged;
    return lodged && u->until && earliest > u->until && lodged <= f->core->now.wall;
}

/* May the box that was lost have let it through? What the journal knows to be used is for DECL_ALREADY_USED. */
static bool maybe_used(const struct facts *f, uint8_t use, const char *by, int64_t lodged) {
    bool known = use != GL_USE_NONE && !gl_facts_own(f, use, by);
    return !known && !lodged_after(f, lodged);
}

RULE(gl_rule_use_unknown) {
    const struct gl_unknown_uses *u = &f->core->uses;
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    char since[GL_TIME_TEXT];
    int n = 0, said = 0;
    /* In a review: a release from before the backup was made is not concerned. */
    if (u->active != GL_TRUE || !gl_facts_matched(f) || (f->review && f->now.wall <= u->copied_at)) return;
    gl_time_format(u->copied_at, since);
    if (m && maybe_used(f, m->use, m->used_by, m->lodged_at))
        n++, said++,
            SAY(GL_UNKNOWN, m->ref.value, "this box was restored: whether the movement was used since %s is not known", since);
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *x = &f->answer->declarations[i];
        if (!gl_facts_judged(f, x) || !maybe_used(f, x->use, x->used_by, x->lodged_at)) continue;
        if (n++ >= 3) continue;
        said++, SAY(GL_UNKNOWN, x->ref.value, "this box was restored: whether %s %s was used since %s is not known", x->ref.type,
                    x->ref.value, since);
    }
    if (n > said) SAY(GL_UNKNOWN, "", "and %d more declarations: it is not known whether they were used since %s", n - said, since);
    if (n == 0) SAY(GL_PASS, "", "lodged after this box was restored");
}

static bool is_missing(const struct facts *f GL_UNUSED, const struct gl_answer_declaration *x) {
    return !x->received;
}
RULE(gl_rule_decl_missing) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    bool failed = m && m->kind != GL_MOVEMENT_EMPTY && m->kind != GL_MOVEMENT_EXEMPT && m->n_declarations == 0;
    if (failed) SAY(GL_FAIL, m->ref.value, "the movement carries goods but lists no declaration");
    gl_rule_each_declaration(f, self, d, is_missing, failed, "is listed, but has not been received",
                             "every listed declaration is here");
}

RULE(gl_rule_wrong_direction) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    if (m && m->direction != GL_DIRECTION_NONE && m->direction != f->lane->direction)
        SAY(GL_FAIL, m->ref.value, "the movement is announced for the other direction");
}

/* ---- was it lodged in time, and is all of it here? ---- */
enum { MINUTE_MS = 60 * 1000 };

/* When the last of it was lodged; 0 = not known of all of it. */
static int64_t lodged_at(const struct facts *f) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    int64_t latest = 0;
    if (m && m->lodged_at) return m->lodged_at;
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *x = &f->answer->declarations[i];
        if (!gl_facts_judged(f, x)) continue;
        if (!x->lodged_at) return 0;
        if (x->lodged_at > latest) latest = x->lodged_at;
    }
    return latest;
}

RULE(gl_rule_too_early) {
    int64_t lead = f->trusted ? f->profile->lead_aeo_ms : f->profile->lead_ms, lodged = lodged_at(f);
    const char *about = gl_facts_chosen(f) ? gl_facts_chosen(f)->ref.value : "", *whom = f->trusted ? " of a trusted trader" : "";
    if (f->profile->lead_ms <= 0 || !gl_facts_matched(f)) return;
    if (!lodged)
        SAY(GL_UNKNOWN, about, "it is not said when it was lodged; %lld min before coming are asked for%s",
            (long long)(lead / MINUTE_MS), whom);
    else if (f->now.wall < lodged + lead)
        SAY(GL_FAIL, about, "lodged %lld min ago; %lld min before coming are asked for%s",
            (long long)((f->now.wall - lodged) / MINUTE_MS), (long long)(lead / MINUTE_MS), whom);
    else
        SAY(GL_PASS, about, "lodged in time%s", whom);
}

static void list_wanted(const struct gl_answer_declaration *x, char out[GL_DETAIL]) {
    size_t n = 0;
    int listed = x->n_wanted < GL_COUNT(x->wanted) ? x->n_wanted : (int)GL_COUNT(x->wanted);
    out[0] = '\0';
    for (int i = 0; i < listed; i++) {
        gl_format(out + n, GL_DETAIL - n, "%s%s", i ? ", " : "", x->wanted[i][0] ? x->wanted[i] : "one of no type");
        n += strlen(out + n);
    }
    if (x->n_wanted > listed) gl_format(out + n, GL_DETAIL - n, " and %d more", x->n_wanted - listed);
}

RULE(gl_rule_docs_missing) {
    enum gl_result bad = f->trusted ? GL_NOTE : GL_FAIL;
    int n = 0, said = 0;
    for (int i = 0; i < f->answer->n_declarations; i++) {
        const struct gl_answer_declaration *x = &f->answer->declarations[i];
        char wanted[GL_DETAIL];
        if (!gl_facts_judged(f, x) || !x->received || x->n_wanted == 0) continue;
        if (n++ >= 3) continue;
        list_wanted(x, wanted);
        said++, SAY(bad, x->ref.value, "asked for and not there: %s%s", wanted, f->trusted ? "; of a trusted trader" : "");
    }
    if (n > said) SAY(bad, "", "and %d more declarations lack documents that are asked for", n - said);
    if (n == 0 && gl_facts_matched(f)) SAY(GL_PASS, "", "no document is asked for that is not there");
}
