/* Loops and the emergency stop: where vehicles stand, and who crosses the line without having been let. */
#include <string.h>

#include "core/internal.h"

/* ---- a loop that does not become free ------------------------------------------------------------------------------------------------ */
static const struct {
    const char *kind, *what;
} loops[GL_LOOPS] = {
    [GL_LOOP_ENTRY] = {"entry_stuck", "the entry loop"},
    [GL_LOOP_EXIT] = {"exit_stuck", "the exit loop"},
};

static void loop_says(struct gl_core *c, struct lane *l, int which, bool on) {
    struct loop_watch *w = &l->loops[which];
    if (on && !w->occupied) w->since_mono = c->now.mono;
    w->occupied = on;
    if (on || !w->alarm[0]) return;
    gl_alarm_clear(c, l, loops[which].kind, w->alarm, "it is free again");
    w->alarm[0] = '\0';
}

void gl_presence_time(struct gl_core *c, struct lane *l) {
    char detail[GL_DETAIL];
    for (int i = 0; i < GL_LOOPS; i++) {
        struct loop_watch *w = &l->loops[i];
        int64_t limit = l->profile->stuck_after_ms;
        if (limit == 0 || !w->occupied || w->alarm[0] || c->now.mono - w->since_mono < limit) continue;
        gl_format(detail, sizeof detail, "%s is occupied for %lld s: a vehicle stands on it, or the loop is broken", loops[i].what,
                  (long long)((c->now.mono - w->since_mono) / 1000));
        gl_alarm_raise(c, l, loops[i].kind, "", detail, w->alarm);
    }
}

int64_t gl_presence_deadline(const struct lane *l) {
    int64_t t = INT64_MAX;
    for (int i = 0; i < GL_LOOPS; i++) {
        const struct loop_watch *w = &l->loops[i];
        bool waits = l->profile->stuck_after_ms > 0 && w->occupied && !w->alarm[0];
        if (waits && w->since_mono + l->profile->stuck_after_ms < t) t = w->since_mono + l->profile->stuck_after_ms;
    }
    return t;
}

/* It stood when the gateway stopped. What the loop says first ends it, or goes on with it. */
void gl_presence_restore(struct gl_core *c, const char *lane, const char *kind, const char *alarm) {
    struct lane *l = gl_lane_by_id(c, lane);
    for (int i = 0; l && i < GL_LOOPS; i++)
        if (strcmp(loops[i].kind, kind) == 0) gl_clip(l->loops[i].alarm, sizeof l->loops[i].alarm, alarm);
}

/* ---- who comes and who leaves -------------------------------------------------------------------------------------------------------- */
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
        case GL_ZONE_ENTRY:
            loop_says(c, l, GL_LOOP_ENTRY, on);
            p = on ? entry_taken(c, l) : entry_left(c, l);
            break;
        case GL_ZONE_EXIT:
            loop_says(c, l, GL_LOOP_EXIT, on);
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
