/* After a restore: what the box that was lost has let through since its backup is not known here. Until the authority says that it is, nothing that
 * was lodged before this box took over is released on the journal's silence alone. */
#include <string.h>

#include "core/internal.h"

#define REFUSE(...) gl_format(refusal, GL_DETAIL, __VA_ARGS__)

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void tell(struct gl_core *c) {
    ADD_EFFECT(c, GL_EFFECT_USES, &c->uses);
}

/* Until a clock can be believed nobody knows when this box took over: all that is lodged may have been used. */
void gl_uses_clock(struct gl_core *c) {
    struct gl_unknown_uses *u = &c->uses;
    if (u->active != GL_TRUE || u->until || !c->clock_ok) return;
    u->until = later(c->now.wall, later(u->restored_at, u->copied_at));
    tell(c);
}

void gl_uses_order(struct gl_core *c, const struct gl_command *cmd, char refusal[GL_DETAIL]) {
    struct gl_unknown_uses *u = &c->uses;
    if (u->active != GL_TRUE)
        REFUSE("what was used is known: no restore waits for an answer");
    else if (!cmd->alarm[0])
        REFUSE("alarm is missing: after which restore? state/uses names its alarm");
    else if (strcmp(u->alarm, cmd->alarm) != 0)
        REFUSE("the restore that waits for an answer is that of alarm %s, not the one named", u->alarm);
    else if (!cmd->officer.id[0])
        REFUSE("officer.id is missing: who says so?");
    else if (!cmd->reason[0])
        REFUSE("reason is missing: how is it known?");
    if (refusal[0]) return;
    u->active = GL_FALSE;
    u->known_at = c->now.wall;
    memcpy(u->by, cmd->officer.id, sizeof u->by);
    memcpy(u->reason, cmd->reason, sizeof u->reason);
    tell(c);
    for (int i = 0; i < c->n_lanes; i++) gl_lane_consider(c, &c->lanes[i]);
}

void gl_uses_restore(struct gl_core *c, const struct gl_unknown_uses *saved) {
    c->uses = *saved;
}
