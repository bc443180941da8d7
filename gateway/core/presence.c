/* Loops and the emergency stop: where vehicles stand, and who crosses the line without having been let. */
#include <string.h>

#include "core/internal.h"

static struct passage *entry_taken(struct gl_core *c, struct lane *l) {
    struct passage *p = l->n ? l->passages[l->n - 1] : NULL;
    if (p && p->on_entry) return p; /* told again: the device was reopened, or the loop's other edge was lost */
    /* The camera may see the vehicle before the loop does; a vehicle that backs out comes over the loop once more. */
    bool announced = p && !p->entry_seen && !p->restored && c->now.mono - p->opened.mono <= GL_ENTRY_ATTACH_MS;
    if (!announced && !(p && p->backing_out)) p = gl_passage_new(c, l);
    p->entry_seen = true;
    p->on_entry = true;
    p->dirty = true;
    return p;
}

/* Nobody is on the loop any more; the newest that was has just left it. */
static struct passage *entry_left(struct gl_core *c, struct lane *l) {
    struct passage *newest = NULL;
    for (int i = 0; i < l->n; i++) {
        struct passage *p = l->passages[i];
        if (!p->on_entry) continue;
        p->on_entry = false;
        p->entry_cleared = true;
        p->cleared_mono = c->now.mono;
        p->dirty = true;
        newest = p;
    }
    if (!newest || !newest->backing_out) return newest;
    gl_passage_close(c, l, newest, GL_EXIT_BACKED_OUT);
    return NULL;
}

static void exit_without_release(struct gl_core *c, struct lane *l, struct passage *p) {
    if (l->mode == GL_MODE_SHADOW) return; /* somebody else's lights rule this lane */
    bool behind = l->last_exit_mono != INT64_MIN && c->now.mono - l->last_exit_mono <= l->profile->tailgate_within_ms;
    if (behind)
        gl_alarm_raise(c, l, "tailgate", p ? p->id : "", "a second vehicle leaves behind one that was released", NULL);
    else if (p)
        gl_alarm_raise(c, l, "exit_unreleased", p->id, "a vehicle leaves that was not released", NULL);
    else
        gl_alarm_raise(c, l, "wrong_way", "", "something is on the exit loop that never came through the entry", NULL);
}

static struct passage *exit_taken(struct gl_core *c, struct lane *l) {
    struct passage *p = l->n ? l->passages[0] : NULL;
    if (l->exit_occupied) return p && p->on_exit ? p : NULL; /* told again */
    l->exit_occupied = true;
    bool released = p && gl_lane_shows_release(l, p, c->now.mono);
    if (!released) exit_without_release(c, l, p);
    if (!p) return NULL;
    p->on_exit = true;
    p->dirty = true;
    p->exit_begun = true; /* the lease ends here: one green, one vehicle */
    return p;
}

/* Two plates were read for the one that left, and no officer has looked: perhaps there were two, nose to tail, and the second is still here. */
static void second_of_two(struct gl_core *c, struct lane *l) {
    if (l->n < GL_LANE_PASSAGES) {
        struct passage *p = gl_passage_new(c, l);
        p->entry_seen = p->entry_cleared = true;
        p->cleared_mono = c->now.mono;
    }
    gl_lane_lose_order(l);
}

static struct passage *exit_left(struct gl_core *c, struct lane *l) {
    struct passage *p = l->n ? l->passages[0] : NULL;
    l->exit_occupied = false;
    if (!p || !p->exit_begun) return NULL;
    p->on_exit = false;
    bool two = (p->vehicle.conflict || p->trailer.conflict) && !p->decision.officer.id[0];
    gl_passage_close(c, l, p, GL_EXIT_CONFIRMED);
    if (two) second_of_two(c, l);
    return NULL;
}

static struct passage *emergency_stop(struct gl_core *c GL_UNUSED, struct lane *l, bool active) {
    l->emergency_stop = active;
    if (active)
        for (int i = 0; i < l->n; i++) l->passages[i]->faulted = true;
    return NULL;
}

/* Publishes the reading first, tied to the passage it opened or moved; a passage that it closes is still named. */
void gl_lane_presence(struct gl_core *c, struct lane *l, struct gl_reading *r) {
    bool on = r->value.presence.occupied == GL_TRUE;
    struct passage *p = NULL, *leaving = l->n && l->passages[0]->exit_begun ? l->passages[0] : NULL;
    struct gl_reading *kept = ADD_EFFECT(c, GL_EFFECT_READING, r);
    memcpy(c->out->v[c->out->n - 1].id, r->id, sizeof r->id);
    if (r->late == GL_TRUE || r->value.presence.occupied == GL_NULL) return;
    switch ((enum gl_zone)r->value.presence.zone) {
        case GL_ZONE_ENTRY: p = on ? entry_taken(c, l) : entry_left(c, l); break;
        case GL_ZONE_EXIT:
            if (!on && leaving) memcpy(kept->passage, leaving->id, sizeof kept->passage);
            p = on ? exit_taken(c, l) : exit_left(c, l);
            break;
        case GL_ZONE_EMERGENCY_STOP: p = emergency_stop(c, l, on); break;
        case GL_ZONE_NONE:
        case GL_ZONE_BARRIER_UP:
        case GL_ZONE_BARRIER_DOWN: break;
    }
    if (p) {
        memcpy(kept->passage, p->id, sizeof kept->passage);
        p->touched_mono = c->now.mono;
        gl_passage_note_reading(p, r->id);
    }
    gl_lane_consider(c, l);
    gl_lane_tell(c, l);
}
