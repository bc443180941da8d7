/* Building collections aside, order by order. */
#include "engine/aside.h"

#include <errno.h>
#include <string.h>

enum { COMMIT_EVERY = 10000 };

/* ---- one collection ---- */
static void forget(struct gl_aside *a) {
    gl_cache_close(a->cache);
    *a = (struct gl_aside){.job = 0};
}

static enum gl_aside_result give_up(struct gl_asides *all, enum gl_collection which, int rc, const char *reason,
                                    struct gl_aside_news *news) {
    struct gl_aside *a = &all->of[which];
    news->answer = (struct gl_load_answer){.collection = (uint8_t)which, .job = a->job, .ok = GL_FALSE};
    gl_clip(news->answer.reason, sizeof news->answer.reason, reason[0] ? reason : strerror(-rc));
    forget(a);
    gl_cache_sweep(all->dir, which);
    return GL_ASIDE_ANSWER;
}

static enum gl_aside_result begin(struct gl_asides *all, const struct gl_load_order *o, struct gl_aside_news *news) {
    enum gl_collection which = (enum gl_collection)o->collection;
    struct gl_aside *a = &all->of[which];
    struct gl_error err = {""};
    forget(a);
    a->job = o->job;
    a->seq = o->seq;
    memcpy(a->epoch, o->epoch, sizeof a->epoch);
    int rc = gl_cache_aside(all->dir, which, &a->cache, &err);
    if (rc == 0) rc = gl_cache_begin(a->cache, &err);
    return rc < 0 ? give_up(all, which, rc, err.text, news) : GL_ASIDE_GOES_ON;
}

static enum gl_aside_result finish(struct gl_asides *all, const struct gl_load_order *o, struct gl_aside_news *news) {
    enum gl_collection which = (enum gl_collection)o->collection;
    struct gl_aside *a = &all->of[which];
    struct gl_error err = {""};
    if (!a->cache || a->job != o->job) return GL_ASIDE_GOES_ON; /* given up before: told then */
    int rc = gl_cache_commit(a->cache, &err);
    if (rc == 0) rc = gl_cache_finish(a->cache, &err);
    if (rc < 0) return give_up(all, which, rc, err.text, news);
    news->answer = (struct gl_load_answer){
        .collection = o->collection, .job = o->job, .ok = GL_TRUE, .records = gl_cache_count(a->cache, which)};
    if (strcmp(all->dir, ":memory:") == 0)
        a->finished = true;
    else
        forget(a);
    return GL_ASIDE_ANSWER;
}

static enum gl_aside_result void_ref(struct gl_asides *all, const struct gl_load_order *o, int64_t now_wall,
                                     struct gl_aside_news *news) {
    enum gl_collection which = (enum gl_collection)o->collection;
    struct gl_aside *a = &all->of[which];
    struct gl_error err = {""};
    if (!a->cache || a->job != o->job) return GL_ASIDE_GOES_ON;
    int rc = gl_cache_void(a->cache, which, &o->ref, o->epoch, o->seq, now_wall, &err);
    return rc < 0 ? give_up(all, which, rc, err.text, news) : GL_ASIDE_GOES_ON;
}

enum gl_aside_result gl_asides_order(struct gl_asides *all, const struct gl_load_order *o, int64_t now_wall,
                                     struct gl_aside_news *news) {
    if (o->collection <= GL_COLLECTION_NONE || o->collection >= GL_COLLECTIONS) return GL_ASIDE_GOES_ON;
    switch ((enum gl_load_what)o->what) {
        case GL_LOAD_BEGIN: return begin(all, o, news);
        case GL_LOAD_VOID: return void_ref(all, o, now_wall, news);
        case GL_LOAD_FINISH: return finish(all, o, news);
        case GL_LOAD_ABANDON:
            forget(&all->of[o->collection]);
            gl_cache_sweep(all->dir, (enum gl_collection)o->collection);
            break;
        case GL_LOAD_SWEEP: gl_cache_sweep(all->dir, (enum gl_collection)o->collection); break;
        case GL_LOAD_NONE: break;
    }
    return GL_ASIDE_GOES_ON;
}

/* ---- records ---- */
static bool unusable(int rc) {
    return rc == -EINVAL || rc == -EILSEQ || rc == -ENAMETOOLONG;
}

/* A record that passed the link and still cannot be written, for what it says. */
static int refuse(struct gl_aside *a, const struct gl_feed_record *r, int64_t now_wall, struct gl_aside_news *news,
                  struct gl_error *err) {
    enum gl_collection which = (enum gl_collection)r->collection;
    gl_feed_refusal(r, err->text, &news->refused);
    if (!gl_feed_voidable(&news->refused)) return -EINVAL;
    int rc = gl_cache_void(a->cache, which, &news->refused.ref, r->epoch, r->seq, now_wall, err);
    if (rc == 0 && news->refused.was.value[0])
        rc = gl_cache_void(a->cache, which, &news->refused.was, r->epoch, r->seq, now_wall, err);
    return rc;
}

static int save_some(struct gl_aside *a, struct gl_error *err) {
    if (++a->unsaved < COMMIT_EVERY) return 0;
    a->unsaved = 0;
    int rc = gl_cache_commit(a->cache, err);
    return rc < 0 ? rc : gl_cache_begin(a->cache, err);
}

enum gl_aside_result gl_asides_record(struct gl_asides *all, struct gl_feed_record *r, int64_t now_wall,
                                      struct gl_aside_news *news) {
    if (r->collection <= GL_COLLECTION_NONE || r->collection >= GL_COLLECTIONS) return GL_ASIDE_GOES_ON;
    struct gl_aside *a = &all->of[r->collection];
    struct gl_error err = {""};
    if (!a->cache || a->finished) return GL_ASIDE_GOES_ON;
    /* A snapshot's records stand where the snapshot stands: below every later change, and the later place above the earlier one. */
    if (r->snapshot[0]) r->seq = a->seq;
    r->snapshot[0] = '\0';
    enum gl_applied applied;
    int rc = gl_cache_apply(a->cache, r, now_wall, &applied, &err);
    bool bad = unusable(rc);
    if (bad) rc = refuse(a, r, now_wall, news, &err);
    if (rc == 0) rc = save_some(a, &err);
    if (rc < 0) return give_up(all, (enum gl_collection)r->collection, rc, err.text, news);
    return bad ? GL_ASIDE_REFUSED : GL_ASIDE_GOES_ON;
}

struct gl_cache *gl_asides_take(struct gl_asides *all, enum gl_collection which, int64_t job) {
    struct gl_aside *a = &all->of[which];
    struct gl_cache *c = a->finished && a->job == job ? a->cache : NULL;
    if (c) *a = (struct gl_aside){.job = 0};
    return c;
}

void gl_asides_free(struct gl_asides *all) {
    for (int k = 0; k < GL_COLLECTIONS; k++) forget(&all->of[k]);
}
