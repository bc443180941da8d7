/* Effects are copied when they are made: the core may go on changing its state, and the caller still sees what was decided. */
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

struct gl_chunk {
    struct gl_chunk *next;
    _Alignas(16) char data[];
};

/* Out of memory in the middle of a decision has no safe way on: the process ends, its outputs fall to stop, and the journal tells the rest. */
static void *must(void *p) {
    if (!p) abort();
    return p;
}

void *gl_effect_add(struct gl_core *c, enum gl_effect_type type, const void *payload, size_t size) {
    struct gl_effects *e = c->out;
    if (e->n == e->cap) {
        e->cap = e->cap ? e->cap * 2 : 32;
        e->v = must(realloc(e->v, e->cap * sizeof *e->v));
    }
    struct gl_chunk *chunk = must(malloc(sizeof *chunk + size));
    memcpy(chunk->data, payload, size);
    chunk->next = e->chunks;
    e->chunks = chunk;
    struct gl_effect *fx = &e->v[e->n++];
    *fx = (struct gl_effect){.type = type, .at = c->now};
    fx->reading = (const void *)chunk->data;
    return chunk->data;
}

void gl_effects_reset(struct gl_effects *e) {
    while (e->chunks) {
        struct gl_chunk *next = e->chunks->next;
        free(e->chunks);
        e->chunks = next;
    }
    e->n = 0;
}

void gl_effects_free(struct gl_effects *e) {
    gl_effects_reset(e);
    free(e->v);
    *e = (struct gl_effects){0};
}
