/* Lanes whose devices exist in this process alone: each speaks to the gateway (or to bench-bare) as its greenlane-device would. */
#pragma once
#include "ipc/channel.h"
#include "names.h"

struct lane {
    char id[GL_ID];
    int front, qr, gpio; /* sockets; < 0: a real device process serves it */
    int64_t movement;    /* of the vehicle that stands here */
    int step;
    bool known; /* a vehicle has gone through: the first one after its devices came back may be inspected, whatever it is */
    bool lit;   /* told to show release, since lane_dark() */
    int64_t lit_ns;
    bool stopped; /* told to show something else, since it was lit */
    int64_t stopped_ns;
};

enum lane_step { STEP_ENTRY_ON, STEP_PLATE, STEP_CODE, STEP_ENTRY_OFF, STEP_EXIT_ON, STEP_EXIT_OFF, STEPS };

enum { LANE_GPIO = 1, LANE_FRONT = 2, LANE_QR = 4, LANE_ALL = LANE_GPIO | LANE_FRONT | LANE_QR };

/* Connects these devices of it (again and again for wait_s seconds), says hello and that all is well. */
void lane_open(struct lane *l, const char *socket, const char *id, unsigned devices, int wait_s);
void lane_close(struct lane *l);
void lane_alive(struct lane *l);                   /* to be said more often than device-silence */
void lane_do(struct lane *l, enum lane_step step); /* sends that reading */
void lane_dark(struct lane *l);                    /* forget the light that was */
/* Takes what the gateway tells the lights; true when it has just told them to show release. */
bool lane_look(struct lane *l);
