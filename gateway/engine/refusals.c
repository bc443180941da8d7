/* A client that is refused again and again must not fill the journal: so many of its refused commands are kept word for word in a minute, and of
 * the rest the number. Commands that are taken are always kept. */
#include <string.h>

#include "engine/internal.h"

enum { REFUSED_A_MINUTE = 60, MINUTE_MS = 60000 };

struct gl_refused {
    char client[GL_ID];
    int64_t commands;
};

static const struct gl_field refused_f[] = {
    GL_TEXT(gl_refused, client, 0),
    GL_INT(gl_refused, commands, 0, UINT32_MAX, 0),
};
static GL_FIELDS(refused, gl_refused);

/* Clients that nobody has configured share one quota: names cost nothing. */
static int index_of(const struct gl_engine *e, const char *client) {
    int i = 0;
    while (i < e->config->n_clients && strcmp(e->config->clients[i].id, client) != 0) i++;
    return i < e->config->n_clients ? i : GL_MAX_CLIENTS;
}

bool gl_engine_may_journal(struct gl_engine *e, const struct gl_command *cmd, struct gl_now now) {
    struct refusals *r = &e->refusals[index_of(e, cmd->client)];
    if (r->n == 0) r->since_mono = now.mono;
    if (r->n < REFUSED_A_MINUTE) {
        r->n++;
        return true;
    }
    if (r->more < UINT32_MAX) r->more++;
    return false;
}

void gl_engine_refusals_time(struct gl_engine *e, struct gl_now now) {
    for (int i = 0; i <= GL_MAX_CLIENTS; i++) {
        struct refusals *r = &e->refusals[i];
        if (r->n == 0 || now.mono - r->since_mono < MINUTE_MS) continue;
        struct gl_refused told = {.commands = r->more};
        if (i < e->config->n_clients) memcpy(told.client, e->config->clients[i].id, sizeof told.client);
        if (r->more) gl_engine_note(e, "greenlane.refused", &refused, &told, false, now);
        *r = (struct refusals){0};
    }
}
