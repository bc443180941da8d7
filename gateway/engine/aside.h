/* The loader's work: collections that are built aside from snapshots, one for each kind at most. The program greenlane-loader does it in files, the
 * engine by itself in memory (simulations, tests). No loop, no sockets. */
#pragma once
#include "model/loading.h"
#include "store/cache.h"

struct gl_asides {
    const char *dir; /* of the cache; ":memory:" */
    struct gl_aside {
        struct gl_cache *cache; /* NULL = none is being built */
        int64_t job;
        char epoch[41];
        int64_t seq;     /* last number that the snapshot includes */
        int64_t unsaved; /* records since the last commit */
        bool finished;   /* in memory: waits to be taken */
    } of[GL_COLLECTIONS];
};

/* What came of it. */
enum gl_aside_result {
    GL_ASIDE_GOES_ON,
    GL_ASIDE_ANSWER,  /* *answer is to be told: finished, or given up */
    GL_ASIDE_REFUSED, /* *refused is to be told: that record alone was made void */
};
struct gl_aside_news {
    struct gl_load_answer answer;
    struct gl_feed_refused refused;
};

enum gl_aside_result gl_asides_order(struct gl_asides *a, const struct gl_load_order *o, int64_t now_wall,
                                     struct gl_aside_news *news) GL_MUST_USE;

/* A record of a snapshot, or a numbered change; its number is changed to what it stands for. Records of collections that are not being built are passed
 * over. */
enum gl_aside_result gl_asides_record(struct gl_asides *a, struct gl_feed_record *r, int64_t now_wall,
                                      struct gl_aside_news *news) GL_MUST_USE;

/* In memory: the finished collection of this job, which is the caller's then. */
struct gl_cache *gl_asides_take(struct gl_asides *a, enum gl_collection which, int64_t job);
void gl_asides_free(struct gl_asides *a);
