/* Rules about what the authority says of what was lodged, and its random controls. */
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules.h"

RULE(gl_rule_decision_pending) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    if (m && m->channel == GL_CHANNEL_NONE)
        SAY(GL_UNKNOWN, m->ref.value, "the authority has not decided yet");
    else if (gl_facts_matched(f))
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

RULE(gl_rule_authority_control) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    int from = d->n_rules;
    if (m && m->channel == GL_CHANNEL_PHYSICAL) SAY(GL_FAIL, m->ref.value, "the authority wants a physical control");
    gl_rule_each_declaration(f, self, d, wants_physical, true, "is to be controlled physically", "");
    int desk = d->n_rules;
    if (m && m->channel == GL_CHANNEL_DESK) SAY(GL_FAIL, m->ref.value, "the authority wants documents at the desk");
    gl_rule_each_declaration(f, self, d, wants_desk, true, "is wanted at the desk", "");
    for (int i = desk; i < d->n_rules; i++) d->rules[i].level = GL_LEVEL_DESK;
    if (d->n_rules == from && gl_facts_matched(f)) SAY(GL_PASS, "", "no control was ordered");
}
RULE(gl_rule_entry_denied) {
    const struct gl_answer_movement *m = gl_facts_chosen(f);
    if (m && m->channel == GL_CHANNEL_REFUSE) SAY(GL_FAIL, m->ref.value, "the authority refuses entry");
    gl_rule_each_declaration(f, self, d, is_refused, true, "is refused entry", "");
}

/* Keyed, so that nobody without the key can tell beforehand, and an auditor with it can tell afterwards. */
RULE(gl_rule_random_control) {
    double rate = f->trusted ? f->profile->random_aeo_rate : f->profile->random_rate;
    if (f->feed == GL_FEED_AGED && f->profile->aged_random > 1) rate *= (double)f->profile->aged_random;
    if (rate > 1) rate = 1;
    if (rate <= 0 || !gl_facts_matched(f)) return;
    const char *ref = gl_facts_chosen(f) ? gl_facts_chosen(f)->ref.value : "";
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
