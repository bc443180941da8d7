#include "background.h"

#define MS INT64_C(1000000)
enum { ALIVE_MS = 1000, OPEN_S = 60 };

void background_open(struct background *b, const struct load_options *o, int64_t *next_movement) {
    char name[GL_ID];
    *b = (struct background){.o = o, .next_movement = next_movement, .due_ns = INT64_MAX};
    for (int i = 0; i < o->background; i++) {
        load_background_name(i, name);
        lane_open(&b->lanes[i], o->socket, name, LANE_ALL, OPEN_S);
    }
}

void background_start(struct background *b) {
    b->alive_ns = bench_ns();
    if (b->o->background && b->o->rate) b->due_ns = b->alive_ns;
}

static void do_step(struct background *b, struct lane *l) {
    b->readings++;
    b->passages += l->step == STEP_EXIT_OFF;
    lane_do(l, (enum lane_step)l->step);
    l->known = l->known || l->step == STEP_EXIT_OFF;
    l->step = (l->step + 1) % STEPS;
}

/* The next lane that can go on; a vehicle does not leave before its light is green. */
static struct lane *able_lane(struct background *b) {
    for (int i = 0; i < b->o->background; i++) {
        struct lane *l = &b->lanes[b->next_lane];
        b->next_lane = (b->next_lane + 1) % b->o->background;
        lane_look(l);
        if (l->step != STEP_EXIT_ON || l->lit || !l->known) return l;
    }
    return NULL;
}

static void keep_alive(struct background *b, int64_t now) {
    if (now - b->alive_ns < ALIVE_MS * MS) return;
    b->alive_ns = now;
    for (int i = 0; i < b->o->background; i++) lane_alive(&b->lanes[i]);
}

void background_turn(struct background *b) {
    int64_t now = bench_ns();
    keep_alive(b, now);
    while (b->due_ns <= now) {
        struct lane *l = able_lane(b);
        b->due_ns += 1000 * MS / b->o->rate;
        if (!l) {
            b->held++;
            continue;
        }
        if (l->step == STEP_ENTRY_ON) {
            l->movement = load_movement(b->o, (*b->next_movement)++);
            lane_dark(l);
        }
        do_step(b, l);
    }
}

void background_clear(struct background *b) {
    for (int i = 0; i < b->o->background; i++)
        while (b->lanes[i].step != STEP_ENTRY_ON) do_step(b, &b->lanes[i]);
}

void background_close(struct background *b) {
    for (int i = 0; i < b->o->background; i++) lane_close(&b->lanes[i]);
}
