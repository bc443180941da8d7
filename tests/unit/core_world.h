/* A small world for the tests of the core: two lanes in millimetres and milliseconds, and what truly drives through them. Loops, cameras, portals and
 * antennas see this world, now and then badly, and tell the core; the core's light tells the drivers when to go.
 *
 *      0    2          6                20                 30    34  36  metres
 *      ├────┤          │                 ·                  ╎     ├───┤
 *      entry loop      beam of           antenna ──────────────── exit loop
 *      front, rear     the portal                           stop line
 *      camera 0..3
 */
#pragma once
#include "core_sensors.h"

enum { METRE = 1000, TICK = 100 };
enum { LOOP_END = 2 * METRE, BEAM = 6 * METRE, SIGHT = 3 * METRE, ANTENNA = 20 * METRE, LINE = 30 * METRE };
enum { EXIT = 34 * METRE, EXIT_END = 36 * METRE, OUT_OF_VIEW = 46 * METRE, BEFORE = -5 * METRE };
enum { HOLD_IN = 2 * SECOND, TOLD = 40, TOLD_TEXT = 96, IN_A_LANE = 5 };

/* What may go wrong on a day; or-ed. None of them: everything is read, and nobody drives closely. */
enum {
    CLOSE = 1,    /* nose to tail */
    STOPS = 2,    /* vehicles stop where they like */
    PERSONS = 4,  /* people walk through the beam */
    LOST = 8,     /* readings of the portal do not arrive */
    CAMERAS = 16, /* plates that cannot be read, and vehicles that no camera sees */
    OUTAGES = 32, /* the portal is away for a while */
    RUNNERS = 64, /* some do not wait for the light */
    BACKOUTS = 128,
    SOURCES = 256, /* radioactive ones */
    PAPERS = 512,  /* nothing lodged, or another trailer */
    TAGS = 1024,   /* registered for another vehicle; read in the other lane */
    WANTED = 2048, /* somebody looks for them, by plate or trailer */
    ALL = 4095
};

enum sight { READ, UNREADABLE, UNSEEN };

struct vehicle {
    bool there; /* this place of the day is taken */
    char plate[12], trailer[12], epc[GL_EPC], movement[GL_REF];
    int length, speed, gap; /* mm, mm in a millisecond times 1000, mm to the one before it */
    int source;             /* mm behind its front; -1 = none */
    int front_at, rear_at;  /* where its front, its rear is when the camera looks */
    enum sight front, rear;
    int64_t arrives;         /* ms after the one before it was in sight */
    int stop_at, back_at;    /* mm; where it stops, from where it backs out; INT_MAX = nowhere */
    int64_t stop_for, waits; /* ms left; ms that it has waited at the line */
    int64_t patience;        /* ms after which an officer waves on who was not released */
    bool runs;
    bool wanted;
    bool masked; /* its plate cannot be read, and its tag was issued for another: to every sensor it is that other one */
    /* now */
    bool started, goes, backing, gone;
    int x; /* of its front */
    bool front_seen, rear_seen;
    int64_t tag_due;
    /* the truth about its measurement */
    bool through;  /* all of it has passed the beam */
    bool spoilt;   /* part of it passed the beam with another vehicle, or was not measured, or nobody was told */
    bool measured; /* an occupancy of its own was told, whole and clear */
    bool alarmed;  /* the core was told of an alarm that it caused */
    bool fooled;   /* a person began an occupancy of his own while it stood behind the entry loop: it looks like this vehicle's */
};

/* What the portal of a lane is doing. */
struct beam {
    bool online, occupied, joined;
    int64_t start_wall, broken_mono; /* last broken */
    unsigned who, causes;            /* bit i: vehicle i was in it; its source was seen */
    int64_t person_until, away_until;
};

struct world {
    struct bench *b;
    uint64_t seed, random;
    unsigned faults;
    struct vehicle v[2][IN_A_LANE];
    struct beam beam[2];
    bool on_entry[2], on_exit[2];
    bool blind[2]; /* two were on one loop as if they were one: nothing here could tell them apart */
    uint32_t n_told;
    char told[TOLD][TOLD_TEXT];
};

static const char *const lane_ids[] = {"in-1", "in-2"};
static const char *const portal_ids[] = {"in-1.rpm", "in-2.rpm"};

static uint32_t dice(struct world *w, uint32_t sides) {
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)(w->random >> 32) % sides;
}
static int between(struct world *w, int least, int most) {
    return least + (int)dice(w, (uint32_t)(most - least + 1));
}
static bool on_day(const struct world *w, unsigned fault) {
    return w->faults & fault;
}
static bool by_chance(struct world *w, unsigned fault, uint32_t percent) {
    return on_day(w, fault) && dice(w, 100) < percent;
}

/* ---- the last things that happened ---------------------------------------------------------------------------------------------------- */
static void tell(struct world *w, int lane, const char *what, const char *about) {
    gl_format(w->told[w->n_told++ % TOLD], TOLD_TEXT, "%7.1f s  %s  %s %s", (double)(w->b->now.mono - START_MONO) / SECOND,
              lane_ids[lane], what, about);
}

static void print_told(const struct world *w) {
    uint32_t from = w->n_told > TOLD ? w->n_told - TOLD : 0;
    for (uint32_t i = from; i < w->n_told; i++) print_error("  %s\n", w->told[i % TOLD]);
    for (int lane = 0; lane < 2; lane++)
        for (int i = 0; i < IN_A_LANE; i++) {
            const struct vehicle *v = &w->v[lane][i];
            if (!v->there) continue;
            print_error("  %s %s+%s %.1f m at %.1f m%s%s%s%s%s%s%s\n", lane_ids[lane], v->plate, v->trailer, v->length / 1000.0,
                        v->x / 1000.0, v->gone ? " gone" : "", v->goes ? " goes" : "", v->backing ? " backs" : "",
                        v->source >= 0 ? " SOURCE" : "", v->spoilt ? " spoilt" : "", v->measured ? " measured" : "",
                        v->alarmed ? " alarmed" : "");
        }
}

/* ---- where everybody is --------------------------------------------------------------------------------------------------------------- */
static int rear_of(const struct vehicle *v) {
    return v->x - v->length;
}
static bool is_over(const struct vehicle *v, int from, int to) {
    return v->there && v->started && !v->gone && v->x > from && rear_of(v) < to;
}
static bool in_lane(const struct vehicle *v) {
    return is_over(v, 0, EXIT_END);
}

/* The one that is next to leave. */
static struct vehicle *first_in(struct world *w, int lane) {
    struct vehicle *first = NULL;
    for (int i = 0; i < IN_A_LANE; i++)
        if (in_lane(&w->v[lane][i]) && (!first || w->v[lane][i].x > first->x)) first = &w->v[lane][i];
    return first;
}

static bool shows_green(const struct world *w, int lane) {
    const struct bench *b = w->b;
    return b->shown[lane].signal == GL_SIGNAL_RELEASE && b->now.mono < b->shown_mono[lane] + b->config->profiles[0].release_hold_ms;
}

/* How far it may drive: up to the line, up to the one before it, up to where it stops. */
static int limit_of(struct world *w, int lane, int i) {
    struct vehicle *v = &w->v[lane][i];
    int limit = v->goes ? INT32_MAX : LINE;
    for (int k = 0; k < i; k++) {
        const struct vehicle *before = &w->v[lane][k];
        if (!before->there || before->gone) continue;
        int until = before->backing ? BEFORE : rear_of(before) - v->gap;
        if (until < limit) limit = until;
    }
    if (v->stop_at < limit) limit = v->stop_at;
    return limit;
}

static bool nobody_behind(const struct world *w, int lane, int i) {
    for (int k = i + 1; k < IN_A_LANE; k++)
        if (w->v[lane][k].started && !w->v[lane][k].gone && w->v[lane][k].x > BEFORE) return false;
    return true;
}

static void wait_at_line(struct world *w, int lane, struct vehicle *v) {
    if (v->x < LINE || v->goes) return;
    if (shows_green(w, lane) || v->runs) v->goes = true;
    v->waits += TICK;
    bool told = w->b->shown[lane].signal == GL_SIGNAL_INSPECT;
    if (v->waits < (told ? v->patience : MINUTE)) return;
    if (!v->goes) tell(w, lane, "an officer waves on", v->plate);
    v->goes = true;
}

static void drive_back(struct world *w, int lane, struct vehicle *v) {
    v->x -= v->speed * TICK / 1000;
    if (v->x > BEFORE) return;
    v->gone = true;
    tell(w, lane, "has backed out:", v->plate);
}

static bool unread_on_loop(const struct world *w, int lane) {
    for (int i = 0; i < IN_A_LANE; i++)
        if (is_over(&w->v[lane][i], 0, LOOP_END + METRE) && w->v[lane][i].front != READ) return true;
    return false;
}

static void drive_on(struct world *w, int lane, int i) {
    struct vehicle *v = &w->v[lane][i];
    int to = v->x + v->speed * TICK / 1000, limit = limit_of(w, lane, i);
    if (to > limit) to = limit > v->x ? limit : v->x;
    bool comes = v->x <= 0 && to > 0, leaves = v->x <= EXIT && to > EXIT;
    if (comes && w->on_entry[lane] && (v->front != READ || unread_on_loop(w, lane))) w->blind[lane] = true;
    if (leaves && w->on_exit[lane]) w->blind[lane] = true;
    v->x = to;
    v->through = v->through || rear_of(v) >= BEAM;
    if (v->x == v->stop_at && (v->stop_for -= TICK) <= 0) v->stop_at = INT32_MAX;
    if (v->x >= v->back_at && v->x <= LINE && nobody_behind(w, lane, i)) {
        v->backing = true;
        tell(w, lane, "backs out:", v->plate);
    }
    wait_at_line(w, lane, v);
    if (rear_of(v) > OUT_OF_VIEW) v->gone = true;
}

static void start(struct world *w, int lane, int i) {
    struct vehicle *v = &w->v[lane][i];
    bool before = i == 0 || w->v[lane][i - 1].started;
    if (!before || (v->arrives -= TICK) > 0) return;
    v->started = true;
    v->x = BEFORE;
    for (int k = 0; k < i; k++) /* whoever has to wait in the street waits there */
        if (!w->v[lane][k].gone && rear_of(&w->v[lane][k]) - v->gap < v->x) v->x = rear_of(&w->v[lane][k]) - v->gap;
    tell(w, lane, "comes:", v->plate);
}

static void move(struct world *w, int lane) {
    for (int i = 0; i < IN_A_LANE; i++) {
        struct vehicle *v = &w->v[lane][i];
        if (!v->there || v->gone) continue;
        if (!v->started)
            start(w, lane, i);
        else if (v->backing)
            drive_back(w, lane, v);
        else
            drive_on(w, lane, i);
    }
}

/* ---- what sees it --------------------------------------------------------------------------------------------------------------------- */
static bool anybody_over(const struct world *w, int lane, int from, int to) {
    for (int i = 0; i < IN_A_LANE; i++)
        if (is_over(&w->v[lane][i], from, to)) return true;
    return false;
}

static void see_loop(struct world *w, int lane, uint8_t zone, bool *was, bool is) {
    if (*was == is) return;
    *was = is;
    tell(w, lane, zone == GL_ZONE_ENTRY ? "entry" : "exit", is ? "taken" : "free");
    loop(w->b, lane_ids[lane], zone, is);
}

static void see_front(struct world *w, int lane, struct vehicle *v) {
    bool leaves = v->backing && v->front_seen && v->x <= v->front_at;
    if (!leaves && (v->front_seen || v->backing || v->x < v->front_at)) return;
    v->front_seen = !leaves;
    if (v->front == UNSEEN) return;
    const char *text = v->front == READ ? v->plate : "";
    tell(w, lane, leaves ? "front camera, leaving:" : "front camera:", text[0] ? text : "(unreadable)");
    plate_as(w->b, lane_ids[lane], text, 0.97, leaves ? GL_TOWARD_LEAVE : GL_TOWARD_APPROACH, false);
}

static void see_rear(struct world *w, int lane, struct vehicle *v) {
    if (v->rear_seen || v->backing || rear_of(v) < v->rear_at) return;
    v->rear_seen = true;
    if (v->rear == UNSEEN || !v->trailer[0]) return;
    tell(w, lane, "rear camera:", v->rear == READ ? v->trailer : "(unreadable)");
    trailer(w->b, lane_ids[lane], v->rear == READ ? v->trailer : "");
}

static void see_tag(struct world *w, int lane, struct vehicle *v) {
    bool left = v->x > EXIT;
    if (!v->epc[0] || v->x < ANTENNA || rear_of(v) > OUT_OF_VIEW || (v->tag_due -= TICK) > 0) return;
    v->tag_due = between(w, 5, 40) * TICK;
    if (left && dice(w, 2)) return;
    int where = by_chance(w, TAGS, 5) ? !lane : lane;
    tell(w, where, where == lane ? "antenna:" : "antenna, across:", v->plate);
    tag(w->b, lane_ids[where], v->epc);
}

static void see_vehicles(struct world *w, int lane) {
    for (int i = 0; i < IN_A_LANE; i++) {
        struct vehicle *v = &w->v[lane][i];
        if (!v->there || !v->started || v->gone) continue;
        see_front(w, lane, v);
        see_rear(w, lane, v);
        see_tag(w, lane, v);
    }
}

/* ---- the portal ----------------------------------------------------------------------------------------------------------------------- */
static bool is_lost(struct world *w, int lane, const char *what) {
    bool lost = by_chance(w, LOST, 15);
    tell(w, lane, lost ? "LOST: portal" : "portal", what);
    return lost;
}

static void each_in(struct world *w, int lane, unsigned who, void (*fn)(struct vehicle *)) {
    for (int i = 0; i < IN_A_LANE; i++)
        if (who & (1u << i)) fn(&w->v[lane][i]);
}
static void spoil(struct vehicle *v) {
    v->spoilt = true;
}
static void has_alarmed(struct vehicle *v) {
    v->alarmed = true;
}

static void beam_begins(struct world *w, int lane, bool vehicle) {
    struct beam *p = &w->beam[lane];
    p->occupied = true;
    p->start_wall = w->b->now.wall;
    p->who = p->causes = 0;
    for (int i = 0; !vehicle && i < IN_A_LANE; i++)
        if (in_lane(&w->v[lane][i]) && rear_of(&w->v[lane][i]) >= LOOP_END) w->v[lane][i].fooled = true;
    if (!is_lost(w, lane, "start")) portal_start(w->b, lane_ids[lane]);
}

static void beam_ends(struct world *w, int lane, const char *fault) {
    struct beam *p = &w->beam[lane];
    struct gl_reading r;
    p->occupied = false;
    bool lost = is_lost(w, lane, fault[0] ? fault : p->causes ? "occupancy, alarm" : "occupancy, clear");
    if (lost || fault[0] || (p->who & (p->who - 1)))
        each_in(w, lane, p->who, spoil);
    else
        for (int i = 0; i < IN_A_LANE; i++)
            if (p->who == 1u << i) w->v[lane][i].measured = true;
    if (lost) return;
    each_in(w, lane, p->causes, has_alarmed);
    struct gl_radiation_value *v = portal_says(&r, w->b, lane_ids[lane], GL_RADIATION_OCCUPANCY);
    v->gamma_alarm = gl_tri(p->causes);
    v->neutron_alarm = GL_FALSE;
    v->occupancy = (struct gl_occupancy){p->start_wall, w->b->now.wall, 1};
    gl_clip(v->fault, sizeof v->fault, fault);
    send(w->b, &r);
}

static void beam_alarms(struct world *w, int lane, int i) {
    struct beam *p = &w->beam[lane];
    const struct vehicle *v = &w->v[lane][i];
    int at = v->x - v->source;
    if (v->source < 0 || (p->causes & (1u << i)) || at < BEAM - METRE / 2 || at > BEAM + METRE / 2) return;
    p->causes |= 1u << i;
    if (is_lost(w, lane, "alarm")) return;
    w->v[lane][i].alarmed = true;
    portal_alarm(w->b, lane_ids[lane], true, false);
}

static void come_and_go(struct world *w, int lane) {
    struct beam *p = &w->beam[lane];
    if (p->online && on_day(w, OUTAGES) && dice(w, 1600) == 0) {
        if (p->occupied) beam_ends(w, lane, p->joined ? "joined" : "interrupted");
        p->online = false;
        p->away_until = w->b->now.mono + between(w, 1, 20) * SECOND;
        tell(w, lane, "portal", "offline");
        device(w->b, portal_ids[lane], GL_DEVICE_OFFLINE);
    } else if (!p->online && w->b->now.mono >= p->away_until) {
        p->online = true;
        p->joined = true;
        tell(w, lane, "portal", "online");
        device(w->b, portal_ids[lane], GL_DEVICE_ONLINE);
    }
}

static void walk(struct world *w, int lane) {
    struct beam *p = &w->beam[lane];
    if (w->b->now.mono <= p->person_until || !on_day(w, PERSONS) || dice(w, 200)) return;
    p->person_until = w->b->now.mono + between(w, 3, 15) * TICK;
    tell(w, lane, "a person walks through the beam", "");
}

/* Bit i: vehicle i is over the beam. One that drives out backwards is not measured by that, but looks so to the core. */
static unsigned over_beam(const struct world *w, int lane, bool *ret_onward) {
    unsigned in = 0;
    *ret_onward = false;
    for (int i = 0; i < IN_A_LANE; i++) {
        if (!is_over(&w->v[lane][i], BEAM, BEAM)) continue;
        in |= 1u << i;
        *ret_onward = *ret_onward || !w->v[lane][i].backing;
    }
    return in;
}

/* Until the beam was free for the hold-in, one occupancy goes on: who comes into it then is in the same. */
static void see_beam(struct world *w, int lane) {
    struct beam *p = &w->beam[lane];
    int64_t mono = w->b->now.mono;
    bool onward;
    unsigned in = over_beam(w, lane, &onward);
    walk(w, lane);
    bool broken = in || mono <= p->person_until;
    come_and_go(w, lane);
    if (!p->online) {
        each_in(w, lane, in, spoil);
        return;
    }
    p->joined = p->joined && (p->occupied || broken);
    if (broken) p->broken_mono = mono;
    if (broken && !p->occupied) beam_begins(w, lane, onward);
    if (!p->occupied) return;
    p->who |= in;
    for (int i = 0; i < IN_A_LANE; i++)
        if (is_over(&w->v[lane][i], 0, EXIT_END)) beam_alarms(w, lane, i);
    if (mono - p->broken_mono < HOLD_IN) return;
    beam_ends(w, lane, p->joined ? "joined" : "");
    p->joined = false;
}

/* ---- a tick --------------------------------------------------------------------------------------------------------------------------- */
static void world_tick(struct world *w) {
    later(w->b, TICK);
    for (int lane = 0; lane < 2; lane++) {
        move(w, lane);
        bool camera_first = dice(w, 2);
        if (camera_first) see_vehicles(w, lane);
        see_loop(w, lane, GL_ZONE_EXIT, &w->on_exit[lane], anybody_over(w, lane, EXIT, EXIT_END));
        see_loop(w, lane, GL_ZONE_ENTRY, &w->on_entry[lane], anybody_over(w, lane, 0, LOOP_END));
        if (!camera_first) see_vehicles(w, lane);
        see_beam(w, lane);
    }
}

static bool world_is_empty(const struct world *w) {
    for (int lane = 0; lane < 2; lane++)
        for (int i = 0; i < IN_A_LANE; i++)
            if (w->v[lane][i].there && !w->v[lane][i].gone) return false;
    return true;
}
