/* The broker's side of the link: connects, connects again, keeps the window moving. */
#pragma once
#include <uv.h>

#include "config/config.h"
#include "link/inbound.h"
#include "link/window.h"

struct gl_mqtt;

struct gl_mqtt_events {
    void (*connected)(void *user);                                    /* and subscribed */
    void (*lost)(void *user, const char *reason);                     /* what was not answered is forgotten */
    void (*answered)(void *user, int64_t token, const char *refused); /* refused: the reason; NULL = the broker has it */
    void (*message)(void *user, const struct gl_inbound_message *m);  /* borrowed for the call */
    void (*closed)(void *user);                                       /* after gl_mqtt_close(): free it */
    void (*broken)(void *user, const char *reason);                   /* it cannot go on */
};

/* Starts to connect. config and events outlive it; post and will are copied. */
int gl_mqtt_open(uv_loop_t *loop, const struct gl_config *config, const char *post, const char *will,
                 const struct gl_mqtt_events *events, void *user, struct gl_mqtt **ret, struct gl_error *err) GL_MUST_USE;

/* Sends, or puts into the list. Without a connection the message is dropped: greenlaned sends it again. */
void gl_mqtt_publish(struct gl_mqtt *m, const struct gl_msg_publish *p);

/* While held, nothing is taken from the broker's side: for when greenlaned does not take its messages. */
void gl_mqtt_hold(struct gl_mqtt *m, bool hold);

/* Disconnects, with the last will, and closes everything; closed() follows from the loop within two seconds. */
void gl_mqtt_close(struct gl_mqtt *m);
void gl_mqtt_free(struct gl_mqtt *m);
