/* The window towards the broker. */
#include "link/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CAREFUL_MARGIN = 64, CAREFUL_MOST = 512 };

void gl_window_init(struct gl_window *w) {
    *w = (struct gl_window){.limit = 0};
    w->last = &w->first;
}

static void empty(struct gl_window *w) {
    while (w->first) {
        struct gl_outgoing *o = w->first;
        w->first = o->next;
        free(o);
    }
    w->last = &w->first;
    for (unsigned i = 0; i < GL_WINDOW_SLOTS; i++) {
        free(w->slots[i]);
        w->slots[i] = NULL;
    }
    w->busy = w->waiting = 0;
    w->bytes = 0;
}

void gl_window_free(struct gl_window *w) {
    if (w) empty(w);
}

/* Copies len bytes and a terminator to *at and moves it. */
static const char *put(char **at, const void *bytes, size_t len) {
    char *here = *at;
    memcpy(here, bytes, len);
    here[len] = '\0';
    *at = here + len + 1;
    return here;
}

static struct gl_outgoing *copy(const struct gl_msg_publish *p) {
    size_t topic = strlen(p->topic), payload = strlen(p->payload);
    size_t bytes = sizeof(struct gl_outgoing) + topic + payload + p->correlation.len + 3;
    struct gl_outgoing *o = malloc(bytes);
    if (!o) return NULL;
    char *at = (char *)(o + 1);
    *o = (struct gl_outgoing){.token = p->token,
                              .expiry_s = p->expiry_s,
                              .retain = p->retain == GL_TRUE,
                              .correlation_len = p->correlation.len,
                              .payload_len = payload,
                              .bytes = bytes};
    o->topic = put(&at, p->topic, topic);
    o->correlation = (const uint8_t *)put(&at, p->correlation.data, p->correlation.len);
    o->payload = put(&at, p->payload, payload);
    return o;
}

int gl_window_add(struct gl_window *w, const struct gl_msg_publish *p) {
    if (p->token <= 0 && w->barred[0] != '\0' && strcmp(p->topic, w->barred) == 0) return 1;
    if (w->waiting >= GL_WINDOW_WAITING || w->bytes >= GL_WINDOW_BYTES) return -ENOBUFS;
    struct gl_outgoing *o = copy(p);
    if (!o) return -ENOMEM;
    *w->last = o;
    w->last = &o->next;
    w->waiting++;
    w->bytes += o->bytes;
    return 0;
}

void gl_window_open(struct gl_window *w, unsigned limit) {
    w->limit = limit < 1 ? 1 : limit > GL_WINDOW_SLOTS ? GL_WINDOW_SLOTS : limit;
    w->sent = 0;
}

const struct gl_outgoing *gl_window_next(struct gl_window *w, int64_t mono, unsigned *ret_slot) {
    struct gl_outgoing *o = w->first;
    if (!o || w->busy >= (w->careful > 0 ? 1 : w->limit)) return NULL;
    unsigned slot = 0;
    while (w->slots[slot]) slot++; /* one is free: busy is below limit */
    w->first = o->next;
    if (!w->first) w->last = &w->first;
    o->next = NULL;
    o->sent_mono = mono;
    w->waiting--;
    w->busy++;
    w->sent++;
    w->slots[slot] = o;
    *ret_slot = slot;
    return o;
}

int64_t gl_window_done(struct gl_window *w, unsigned slot) {
    struct gl_outgoing *o = slot < GL_WINDOW_SLOTS ? w->slots[slot] : NULL;
    if (!o) return -1;
    int64_t token = o->token;
    w->slots[slot] = NULL;
    w->busy--;
    w->bytes -= o->bytes;
    if (w->careful > 0) w->careful--;
    free(o);
    return token;
}

/* The only message in flight, when it was sent just now; else NULL. *ret_close: whether anything in flight was sent just now. */
static const struct gl_outgoing *find_suspect(const struct gl_window *w, int64_t mono, bool *ret_close) {
    const struct gl_outgoing *found = NULL;
    *ret_close = false;
    for (unsigned i = 0; i < GL_WINDOW_SLOTS; i++) {
        if (!w->slots[i] || mono - w->slots[i]->sent_mono > GL_WINDOW_CLOSE_MS) continue;
        *ret_close = true;
        found = w->slots[i];
    }
    return w->busy == 1 ? found : NULL;
}

static void count_strike(struct gl_window *w, const struct gl_outgoing *o) {
    bool again = w->strikes > 0 && w->suspect.token == o->token && strcmp(w->suspect.topic, o->topic) == 0;
    w->strikes = again ? w->strikes + 1 : 1;
    w->suspect.token = o->token;
    gl_clip(w->suspect.topic, sizeof w->suspect.topic, o->topic);
}

bool gl_window_lost(struct gl_window *w, int64_t mono, struct gl_culprit *ret) {
    bool close, found = false;
    const struct gl_outgoing *o = find_suspect(w, mono, &close);
    if (o)
        count_strike(w, o);
    else if (w->busy > 0)
        w->strikes = 0;
    if (w->strikes >= GL_WINDOW_STRIKES) {
        *ret = w->suspect;
        if (ret->token <= 0) gl_clip(w->barred, sizeof w->barred, ret->topic);
        w->strikes = 0;
        found = true;
    }
    unsigned reach = w->sent + CAREFUL_MARGIN;
    w->careful = !close ? 0 : reach > CAREFUL_MOST ? CAREFUL_MOST : reach;
    empty(w);
    w->sent = 0;
    return found;
}
