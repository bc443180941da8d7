/* Towards greenlane-loader: orders and records, as fast as it takes them. When it does not keep up, the link and importing commands are not
 * read until it does. Devices are never held. */
#include <errno.h>

#include "base/log.h"
#include "daemon/daemon.h"

enum { HOLD_ABOVE = 1 << 20, HOLD_BELOW = 1 << 18 }; /* bytes waiting for the loader */

void gl_loader_up(struct daemon *d, struct gl_ipc *ch) {
    struct gl_ipc *old = d->loader;
    d->loader = ch;
    gl_ipc_gather(ch);
    if (old) gl_ipc_close(old, "replaced by a newer loader");
    gl_engine_loader(d->engine, false, d->now); /* what the old one had is lost */
    gl_engine_loader(d->engine, true, d->now);
}

void gl_loader_down(struct daemon *d) {
    d->loader = NULL;
    gl_engine_loader(d->engine, false, d->now);
}

void gl_loader_message(struct daemon *d, enum gl_message_type type, const void *msg) {
    const struct gl_feed_refused *r = msg;
    const struct gl_load_answer *a = msg;
    if (type == GL_MSG_LOADED) {
        if (a->ok == GL_TRUE)
            gl_log(GL_NOTICE, "%s: a snapshot of %lld records takes over", gl_collections[a->collection], (long long)a->records);
        else
            gl_log(GL_WARNING, "%s: a snapshot was given up: %s", gl_collections[a->collection], a->reason);
        gl_engine_loaded(d->engine, a, d->now);
    }
    if (type == GL_MSG_FEED_REFUSED) gl_engine_load_refused(d->engine, r, d->now);
}

/* Those that feed it: the link, and files that are imported. */
static void hold_sources(struct daemon *d, bool hold) {
    d->sources_held = hold;
    if (d->link) gl_ipc_hold(d->link, hold);
    for (int i = 0; i < GL_MAX_CONTROLS; i++)
        if (d->controls[i].used) gl_ipc_hold(d->controls[i].ch, hold);
}

static int hand(struct daemon *d, enum gl_message_type type, const void *msg) {
    if (!d->loader) return -EPIPE;
    int rc = gl_ipc_send(d->loader, type, msg);
    if (gl_ipc_queued(d->loader) > HOLD_ABOVE) hold_sources(d, true);
    return rc;
}

int gl_loader_order(void *user, const struct gl_load_order *o) {
    return hand(user, GL_MSG_LOAD, o);
}

int gl_loader_record(void *user, const struct gl_feed_record *r) {
    return hand(user, GL_MSG_FEED, r);
}

void gl_loader_pace(struct daemon *d) {
    if (d->sources_held && (!d->loader || gl_ipc_queued(d->loader) < HOLD_BELOW)) hold_sources(d, false);
}
