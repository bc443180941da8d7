/* Contingency: what was lodged cannot be seen, and the authority has said so in writing, by name, with a reference and for a time. It begins and ends
 * by its command alone. Nothing is released by rules meanwhile; officers release on other evidence. Past its time it stands, and they no longer do. */
#include <string.h>

#include "core/internal.h"

enum { LONGEST_MS = 72 * 3600 * 1000 };

#define REFUSE(...) gl_format(refusal, GL_DETAIL, __VA_ARGS__)

bool gl_contingency_active(const struct gl_core *c) {
    return c->contingency.active == GL_TRUE;
}

/* By either clock: one that was set back does not make it longer. */
bool gl_contingency_overdue(const struct gl_core *c) {
    return gl_contingency_active(c) &&
           (c->contingency.alarm[0] || c->now.wall >= c->contingency.until || c->now.mono >= c->contingency_mono);
}

static void tell(struct gl_core *c) {
    ADD_EFFECT(c, GL_EFFECT_CONTINGENCY, &c->contingency);
}

static void consider_all(struct gl_core *c) {
    for (int i = 0; i < c->n_lanes; i++) gl_lane_consider(c, &c->lanes[i]);
}

void gl_contingency_time(struct gl_core *c) {
    char detail[GL_DETAIL];
    if (!gl_contingency_overdue(c) || c->contingency.alarm[0]) return;
    gl_format(detail, sizeof detail,
              "contingency %s is over its time: officers release nothing until the authority extends or ends it",
              c->contingency.reference);
    gl_alarm_raise(c, NULL, "contingency_overdue", "", detail, c->contingency.alarm);
    tell(c);
    consider_all(c);
}

static void clear_alarm(struct gl_core *c, const char *detail) {
    if (c->contingency.alarm[0]) gl_alarm_clear(c, NULL, "contingency_overdue", c->contingency.alarm, detail);
    c->contingency.alarm[0] = '\0';
}

static void begin(struct gl_core *c, const struct gl_command *cmd, char refusal[GL_DETAIL]) {
    struct gl_contingency *k = &c->contingency;
    bool extends = gl_contingency_active(c);
    if (extends && strcmp(k->reference, cmd->reference) != 0)
        REFUSE("contingency %s is in force; end it first, or extend it under its own reference", k->reference);
    else if (cmd->until <= c->now.wall || cmd->until > c->now.wall + LONGEST_MS)
        REFUSE("until is needed, ahead, and by 72 hours at most");
    if (refusal[0]) return;
    if (!extends) {
        gl_fields_clear(&gl_contingency_fields, k);
        k->active = GL_TRUE;
        memcpy(k->reference, cmd->reference, sizeof k->reference);
        k->since = c->now.wall;
    }
    k->until = cmd->until;
    c->contingency_mono = c->now.mono + (cmd->until - c->now.wall);
    memcpy(k->by, cmd->officer.id, sizeof k->by);
    memcpy(k->reason, cmd->reason, sizeof k->reason);
    clear_alarm(c, "extended by the authority");
}

static void end(struct gl_core *c, const struct gl_command *cmd, char refusal[GL_DETAIL]) {
    if (!gl_contingency_active(c))
        REFUSE("no contingency is in force");
    else if (strcmp(c->contingency.reference, cmd->reference) != 0)
        REFUSE("contingency %s is in force, not the one named", c->contingency.reference);
    if (refusal[0]) return;
    clear_alarm(c, "ended by the authority");
    gl_fields_clear(&gl_contingency_fields, &c->contingency);
    c->contingency.active = GL_FALSE;
}

void gl_contingency_order(struct gl_core *c, const struct gl_command *cmd, char refusal[GL_DETAIL]) {
    if (cmd->action == GL_CONTINGENCY_NONE)
        REFUSE("action is missing; begin or end is needed");
    else if (!cmd->reference[0])
        REFUSE("reference is missing: under which written order?");
    else if (!cmd->officer.id[0])
        REFUSE("officer.id is missing: who declares it?");
    else if (!cmd->reason[0])
        REFUSE("reason is missing: why?");
    else if (cmd->action == GL_CONTINGENCY_BEGIN)
        begin(c, cmd, refusal);
    else
        end(c, cmd, refusal);
    if (refusal[0]) return;
    tell(c);
    consider_all(c);
}

void gl_contingency_restore(struct gl_core *c, const struct gl_contingency *saved) {
    c->contingency = *saved;
    c->contingency_mono = c->now.mono + (saved->until > c->now.wall ? saved->until - c->now.wall : 0);
}
