/* Whose occupancy is it? A portal says that somebody is in its beam, for how long, and what it measured; not who. Vehicles pass it in driving
 * order, each within a known time after its passage was opened (`after` of the portal):
 *
 *     passages        A opened ───────────────────────────────────────►
 *                          │  B opened ────────────────────────────────►
 *     A's window       [min ┼─────── max]
 *     B's window            │ [min ─────────── max]
 *     occupancies         [ 1: A's ]   [ 2: B's ]        each has its own
 *                         [ 1: A's, and perhaps B's ]    B may have been in it: both are inspected, unless B gets one of its own
 *
 * What clears is given to one vehicle alone, and only when nothing else fits. What alarms concerns everybody who may have caused it. */
#include <string.h>

#include "core/internal.h"

enum {
    LONGEST_MS = 15 * 60 * 1000, /* of an occupancy */
    NOBODYS_MS = 5 * 60 * 1000   /* an alarm of nobody's that is older was looked into while the gateway stood still */
};

static int64_t end_of(const struct gl_core *c, const struct occupancy *o) {
    return o->open ? c->now.mono : o->end_mono;
}

static struct occupancy *newest(struct lane *l) {
    return l->portal.n ? &l->portal.occupancies[l->portal.n - 1] : NULL;
}

static struct passage *owner(struct lane *l, const struct occupancy *o) {
    return o->owner[0] ? gl_lane_find(l, o->owner) : NULL;
}

/* ---- who is it ----------------------------------------------------------------------------------------------------------------------- */
/* Its time for the portal runs from its opening; in a queue, from when the lane last moved. */
static int64_t window_end(const struct lane *l, const struct passage *p) {
    return (p->opened.mono > l->moved_mono ? p->opened.mono : l->moved_mono) + l->portal.config->after_max_ms;
}

/* The vehicle may have broken the beam at some time from..to. */
static bool in_window(const struct lane *l, const struct passage *p, int64_t from, int64_t to) {
    return p->opened.mono + l->portal.config->after_min_ms <= to && from <= window_end(l, p);
}

/* A vehicle that stands on the loop before the portal cannot have gone through it: an occupancy that was over by then was a person's, or it drove
 * back. */
bool gl_portal_done(const struct lane *l, const struct passage *p) {
    if (!p->scan.seen || p->scan.open) return false;
    if (!l->config->has_entry || !p->entry_seen || l->portal.config->before_entry) return true;
    return p->entry_cleared && p->cleared_mono <= p->scan.end_mono;
}

/* An occupancy of its own, and surely its own. Two plates on one passage may be two vehicles: then one of them had it. */
static bool had_its_own(const struct lane *l, const struct passage *p) {
    return p->scan.sure && !p->vehicle.conflict && !p->trailer.conflict && (p->scan.open || gl_portal_done(l, p));
}

/* A portal before the loop: its vehicle is known beforehand only when a camera has seen it; else it is found when it comes over the loop. */
static struct passage *announced(struct lane *l) {
    struct passage *p = l->n ? l->passages[l->n - 1] : NULL;
    return p && !p->entry_seen && !p->scan.seen && !p->exit_begun ? p : NULL;
}

/* First the one that is due, then one that is early; else the vehicle that was just measured, whose trailer came with a gap. Where two are due, it
 * may be either's. */
static struct passage *find_owner(const struct gl_core *c, struct lane *l, bool *ret_sure) {
    struct passage *due = NULL, *early = NULL, *again = NULL;
    int n_due = 0, n_early = 0;
    *ret_sure = true;
    if (l->portal.config->before_entry) return announced(l);
    for (int i = 0; i < l->n; i++) {
        struct passage *p = l->passages[i];
        if (p->exit_begun) continue;
        if (gl_portal_done(l, p)) {
            if (c->now.mono - p->scan.end_mono <= GL_ENTRY_ATTACH_MS) again = p;
            continue;
        }
        if (in_window(l, p, c->now.mono, c->now.mono)) {
            if (n_due++ == 0) due = p;
        } else if (c->now.mono <= window_end(l, p) && n_early++ == 0)
            early = p;
    }
    if (due || early) *ret_sure = (due ? n_due : n_early) == 1;
    return due ? due : early ? early : again;
}

static void give(const struct lane *l, struct occupancy *o, struct passage *p) {
    memcpy(o->owner, p->id, sizeof o->owner);
    if (!p->scan.seen) p->scan.start_mono = o->start_mono;
    if (!gl_portal_done(l, p)) p->scan.sure = o->sure;
    bool let_go = p->decided && p->decision.outcome == GL_OUTCOME_RELEASE;
    p->scan.open = o->open && !(p->scan.seen && let_go); /* who was measured and let go does not wait for a second part */
    p->scan.seen = true;
    if (!o->open) p->scan.end_mono = o->end_mono;
    p->dirty = true;
}

/* Who may have caused its alarm: its vehicle; every other whose time it is as well, measured or not, for what was measured may have been a person who
 * walked through the beam; the one that was measured just before, for it may be its trailer; and where it is nobody's, or its vehicle is gone, every
 * vehicle in the lane. */
static bool concerns(const struct gl_core *c, struct lane *l, const struct occupancy *o, const struct passage *p) {
    const struct passage *own = owner(l, o);
    if (p == own) return true;
    if (p->exit_begun) return false;
    if (!own || strcmp(o->before, p->id) == 0) return true;
    return in_window(l, p, o->start_mono, end_of(c, o));
}

/* What is said against a vehicle is kept with it: no later occupancy takes it back. more: the portal has just raised another alarm. */
static void accuse(struct passage *p, const struct occupancy *o, bool more) {
    bool first = (o->gamma && !p->scan.gamma) || (o->neutron && !p->scan.neutron);
    if ((first || more) && p->scan.alarms < UINT16_MAX) p->scan.alarms++;
    p->dirty = p->dirty || first;
    p->scan.gamma = p->scan.gamma || o->gamma;
    p->scan.neutron = p->scan.neutron || o->neutron;
}

/* What proves nothing proves nothing of its vehicle, and of every other whose time it is: what was measured of that one may have been a person. */
static bool is_doubt(const struct gl_core *c, const struct lane *l, const struct occupancy *o, const struct passage *p) {
    if (!o->fault[0] || strcmp(o->owner, p->id) == 0) return o->fault[0];
    return !l->portal.config->before_entry && !p->exit_begun && in_window(l, p, o->start_mono, end_of(c, o));
}

static void doubt(struct passage *p, const struct occupancy *o) {
    p->dirty = p->dirty || !p->scan.fault[0];
    memcpy(p->scan.fault, o->fault, sizeof p->scan.fault);
}

static void charge(const struct gl_core *c, struct lane *l, const struct occupancy *o, bool more) {
    for (int i = 0; i < l->n; i++) {
        struct passage *p = l->passages[i];
        if (concerns(c, l, o, p)) accuse(p, o, more);
        if (is_doubt(c, l, o, p)) doubt(p, o);
    }
}

/* ---- what the portal says ------------------------------------------------------------------------------------------------------------ */
static void end(const struct gl_core *c, struct lane *l, struct occupancy *o, int64_t mono, const char *fault) {
    o->open = false;
    o->end_mono = mono;
    if (fault[0]) gl_clip(o->fault, sizeof o->fault, fault);
    struct passage *p = owner(l, o);
    if (p) {
        p->scan.open = false;
        p->scan.end_mono = mono;
        p->dirty = true;
    }
    charge(c, l, o, false);
}

/* Room for another one. A doubt that is forgotten stays a doubt. */
static void forget_oldest(const struct gl_core *c, struct lane *l) {
    struct occupancy *o = &l->portal.occupancies[0];
    struct passage *p = owner(l, o);
    if (p && gl_portal_joint(c, l, p)) p->scan.joint = true;
    if (!o->owner[0] && (o->gamma || o->neutron)) gl_lane_lose_order(l);
    memmove(l->portal.occupancies, l->portal.occupancies + 1, --l->portal.n * sizeof l->portal.occupancies[0]);
}

static struct occupancy *begin(struct gl_core *c, struct lane *l, int64_t start_mono) {
    struct occupancy *o = newest(l);
    if (o && o->open) end(c, l, o, c->now.mono, "no_end"); /* another begins: this one's end was lost */
    if (l->portal.n == GL_LANE_OCCUPANCIES) forget_oldest(c, l);
    const struct occupancy *last = newest(l);
    o = &l->portal.occupancies[l->portal.n++];
    *o = (struct occupancy){.open = true, .start_mono = start_mono};
    if (last && start_mono - last->end_mono <= GL_ENTRY_ATTACH_MS) memcpy(o->before, last->owner, sizeof o->before);
    struct passage *p = find_owner(c, l, &o->sure);
    if (p) give(l, o, p);
    return o;
}

/* The one that is open; when its start was lost, one that began as long ago as the portal says. */
static struct occupancy *current(struct gl_core *c, struct lane *l, const struct gl_radiation_value *v) {
    struct occupancy *o = newest(l);
    if (o && o->open) return o;
    int64_t lasted = v->occupancy.start && v->occupancy.end > v->occupancy.start ? v->occupancy.end - v->occupancy.start : 0;
    o = begin(c, l, c->now.mono - (lasted < LONGEST_MS ? lasted : LONGEST_MS));
    gl_clip(o->fault, sizeof o->fault, "no_start"); /* who stood there then, and has left since? */
    return o;
}

static void alarm_once(struct gl_core *c, struct lane *l, struct occupancy *o, bool now, bool *told, const char *kind) {
    if (!now || *told) return;
    *told = true;
    charge(c, l, o, true);
    gl_alarm_raise(c, l, kind, o->owner,
                   o->owner[0] ? "the portal alarms" : "the portal alarms, and no vehicle is known to be in it", NULL);
}

static struct passage *take_start(struct gl_core *c, struct lane *l, const struct gl_radiation_value *v GL_UNUSED) {
    return owner(l, begin(c, l, c->now.mono));
}

static struct passage *take_alarm(struct gl_core *c, struct lane *l, const struct gl_radiation_value *v) {
    struct occupancy *o = current(c, l, v);
    alarm_once(c, l, o, v->gamma_alarm == GL_TRUE, &o->gamma, "gamma");
    alarm_once(c, l, o, v->neutron_alarm == GL_TRUE, &o->neutron, "neutron");
    return owner(l, o);
}

static struct passage *take_occupancy(struct gl_core *c, struct lane *l, const struct gl_radiation_value *v) {
    struct passage *p = take_alarm(c, l, v);
    /* Only an occupancy that says that it saw no alarm proves anything. */
    bool silent = v->gamma_alarm == GL_NULL || v->neutron_alarm == GL_NULL;
    end(c, l, newest(l), c->now.mono, v->fault[0] ? v->fault : silent ? "no_verdict" : "");
    return p;
}

/* An alarm that stands until the portal itself takes it back. */
static void standing_alarm(struct gl_core *c, struct lane *l, int which, bool raised, const char *kind, const char *detail) {
    char *id = l->portal.alarms[which];
    if (raised && !id[0]) gl_alarm_raise(c, l, kind, "", detail, id);
    if (!raised && id[0]) {
        gl_alarm_clear(c, l, kind, id, detail);
        id[0] = '\0';
    }
}

static struct passage *take_fault(struct gl_core *c, struct lane *l, const struct gl_radiation_value *v) {
    memcpy(l->portal.fault, v->fault, sizeof l->portal.fault);
    standing_alarm(c, l, 0, v->fault[0], "portal_fault", v->fault[0] ? v->fault : "the portal is well again");
    if (v->fault[0]) gl_portal_unwell(l);
    return NULL;
}

static struct passage *take_tamper(struct gl_core *c, struct lane *l, const struct gl_radiation_value *v) {
    l->portal.tampered = v->tamper != GL_FALSE;
    standing_alarm(c, l, 1, l->portal.tampered, "tamper",
                   l->portal.tampered ? "the portal was opened" : "the portal is closed again");
    if (l->portal.tampered) gl_portal_unwell(l);
    return NULL;
}

static struct passage *(*const phases[])(struct gl_core *, struct lane *, const struct gl_radiation_value *) = {
    [GL_RADIATION_START] = take_start, [GL_RADIATION_ALARM] = take_alarm,   [GL_RADIATION_OCCUPANCY] = take_occupancy,
    [GL_RADIATION_FAULT] = take_fault, [GL_RADIATION_TAMPER] = take_tamper,
};

struct passage *gl_portal_reading(struct gl_core *c, struct lane *l, const struct gl_reading *r) {
    uint8_t phase = r->value.radiation.phase;
    if (!l->portal.config || strcmp(l->portal.config->id, r->device) != 0) return NULL;
    return phase < GL_COUNT(phases) && phases[phase] ? phases[phase](c, l, &r->value.radiation) : NULL;
}

/* ---- passages come and go ------------------------------------------------------------------------------------------------------------ */
/* How long ago an occupancy may have been the one of a vehicle that comes now. */
static int64_t reaches_back(const struct lane *l) {
    return l->portal.config->before_entry ? l->portal.config->after_max_ms : GL_ENTRY_ATTACH_MS;
}

/* Behind the beam and before the loop it had nothing to be found by. Without an occupancy of its own it was in that of the vehicle before. */
static void was_in_anothers(const struct gl_core *c, struct lane *l, struct passage *p) {
    for (int i = 0; i < l->portal.n; i++) {
        const struct occupancy *o = &l->portal.occupancies[i];
        struct passage *own = owner(l, o);
        if (own == p || c->now.mono - end_of(c, o) > reaches_back(l)) continue;
        if (own) own->scan.joint = own->dirty = true;
        accuse(p, o, false);
    }
}

void gl_portal_opened(struct gl_core *c, struct lane *l, struct passage *p) {
    int given = 0;
    if (!l->portal.config) return;
    bool well = l->devices[l->portal.at].state == GL_DEVICE_ONLINE && !l->portal.fault[0] && !l->portal.tampered;
    if (!well) p->scan.away = true; /* it may pass unseen, or be measured by nobody knows what */
    for (int i = 0; i < l->portal.n; i++) {
        struct occupancy *o = &l->portal.occupancies[i];
        bool of_late = c->now.mono - end_of(c, o) <= reaches_back(l), alarm = o->gamma || o->neutron;
        /* An alarm before the loop waits for the vehicle that caused it, however long. */
        if (o->owner[0] || !(of_late || (alarm && l->portal.config->before_entry))) continue;
        accuse(p, o, false);
        if (!l->portal.config->before_entry)
            continue; /* then it cannot have been this vehicle's: what alarms counts all the same */
        o->sure = true;
        give(l, o, p);
        charge(c, l, o, false);
        given++;
    }
    if (given > 1) p->scan.joint = true; /* others went through before it, and were not seen */
    if (given == 0 && l->portal.config->before_entry) was_in_anothers(c, l, p);
}

void gl_portal_closing(struct gl_core *c, struct lane *l, struct passage *p) {
    if (!l->portal.config || had_its_own(l, p)) return;
    for (int i = 0; i < l->portal.n; i++) {
        const struct occupancy *o = &l->portal.occupancies[i];
        struct passage *own = owner(l, o);
        if (own && own != p && in_window(l, p, o->start_mono, end_of(c, o))) own->scan.joint = true;
    }
}

/* It would say so again if it were not. That it was opened it says but once: that stands until it says that it is closed, or an officer has looked. */
void gl_portal_well(struct gl_core *c, struct lane *l) {
    l->portal.fault[0] = '\0';
    standing_alarm(c, l, 0, false, "portal_fault", "the portal is well again");
}

void gl_portal_looked_at(struct gl_core *c, struct lane *l) {
    l->portal.tampered = false;
    standing_alarm(c, l, 1, false, "tamper", "an officer has looked at the lane");
}

void gl_portal_restore(struct gl_core *c, const char *lane, const char *kind, const char *alarm, int64_t at) {
    struct lane *l = gl_lane_by_id(c, lane);
    bool gamma = strcmp(kind, "gamma") == 0, neutron = strcmp(kind, "neutron") == 0;
    if (!l || !l->portal.config) return;
    if (strcmp(kind, "portal_fault") == 0) gl_clip(l->portal.alarms[0], GL_UUID, alarm);
    if (strcmp(kind, "tamper") == 0) {
        gl_clip(l->portal.alarms[1], GL_UUID, alarm);
        l->portal.tampered = true;
    }
    if (!(gamma || neutron) || c->now.wall - at > NOBODYS_MS) return;
    /* Nobody's: who comes now may have caused it. */
    if (l->portal.n == GL_LANE_OCCUPANCIES) forget_oldest(c, l);
    l->portal.occupancies[l->portal.n++] =
        (struct occupancy){.start_mono = c->now.mono, .end_mono = c->now.mono, .gamma = gamma, .neutron = neutron};
}

void gl_portal_unwell(struct lane *l) {
    for (int i = 0; i < l->n; i++) {
        struct passage *p = l->passages[i];
        if (!p->scan.seen || p->scan.open) p->scan.away = true;
    }
}

/* ---- what is known of a passage ------------------------------------------------------------------------------------------------------ */
bool gl_portal_joint(const struct gl_core *c, const struct lane *l, const struct passage *p) {
    if (p->scan.joint) return true;
    for (int i = 0; i < l->portal.n; i++) {
        const struct occupancy *o = &l->portal.occupancies[i];
        if (strcmp(o->owner, p->id) != 0) continue;
        for (int k = 0; k < l->n; k++) {
            const struct passage *q = l->passages[k];
            if (q != p && !had_its_own(l, q) && in_window(l, q, o->start_mono, end_of(c, o))) return true;
        }
    }
    return false;
}

uint8_t gl_portal_says(const struct gl_core *c, const struct lane *l, const struct passage *p) {
    bool gamma = p->scan.gamma, neutron = p->scan.neutron;
    if (gamma || neutron) return (uint8_t)(gamma && neutron ? GL_SCAN_GAMMA_NEUTRON : gamma ? GL_SCAN_GAMMA : GL_SCAN_NEUTRON);
    if (p->scan.fault[0] || p->scan.away) return GL_SCAN_FAULT;
    if (!p->scan.seen) return GL_SCAN_NONE;
    if (!gl_portal_done(l, p)) return GL_SCAN_RUNNING;
    return gl_portal_joint(c, l, p) ? GL_SCAN_UNSURE : GL_SCAN_CLEAR;
}
