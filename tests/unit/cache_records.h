/* Records for the tests of the cache, and the short words with which they are put and looked for. */
#pragma once
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka wants setjmp.h to stdint.h first */
#include <cmocka.h>

#include "store/cache.h"
#include "store/cache_impl.h"

static inline struct gl_cache *open_memory(void) {
    struct gl_cache *c = NULL;
    struct gl_error err = {""};
    if (gl_cache_open(":memory:", &c, &err) < 0) fail_msg("%s", err.text);
    return c;
}

static inline struct gl_ref ref(const char *type, const char *value) {
    struct gl_ref r = {0};
    gl_format(r.type, sizeof r.type, "%s", type);
    gl_format(r.value, sizeof r.value, "%s", value);
    return r;
}

static inline void add_means(struct gl_means *means, uint16_t *n, uint8_t role, const char *plate) {
    struct gl_means m = {.role = role};
    gl_format(m.plate, sizeof m.plate, "%s", plate);
    gl_format(m.country, sizeof m.country, "EE");
    means[(*n)++] = m;
}

static inline struct gl_feed_record *record(uint8_t collection, uint8_t op) {
    struct gl_feed_record *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->collection = collection;
    r->op = op;
    return r;
}

static inline struct gl_feed_record *movement(const char *value, int64_t version, const char *plate) {
    struct gl_feed_record *r = record(GL_COLLECTION_MOVEMENTS, GL_OP_UPSERT);
    struct gl_movement *m = &r->body.movement;
    gl_fields_clear(&gl_movement_fields, m);
    m->ref = ref("gmr", value);
    m->version = version;
    m->kind = GL_MOVEMENT_GOODS;
    m->state = GL_MOVEMENT_READY;
    if (plate) add_means(m->means, &m->n_means, GL_ROLE_VEHICLE, plate);
    return r;
}

static inline void lists(struct gl_feed_record *r, const char *type, const char *value) {
    r->body.movement.declarations[r->body.movement.n_declarations++] = ref(type, value);
}

static inline struct gl_feed_record *declaration(const char *mrn, int64_t version) {
    struct gl_feed_record *r = record(GL_COLLECTION_DECLARATIONS, GL_OP_UPSERT);
    struct gl_declaration *d = &r->body.declaration;
    gl_fields_clear(&gl_declaration_fields, d);
    d->ref = ref("mrn", mrn);
    d->version = version;
    d->state = GL_DECLARATION_RELEASED;
    return r;
}

static inline struct gl_feed_record *cancelling(uint8_t collection, const char *type, const char *value, int64_t version) {
    struct gl_feed_record *r = record(collection, GL_OP_CANCEL);
    r->body.cancel.ref = ref(type, value);
    r->body.cancel.version = version;
    return r;
}

static inline struct gl_feed_record *ruling(uint8_t collection, const char *type, const char *value, int64_t version) {
    struct gl_feed_record *r = record(collection, GL_OP_CONTROL);
    r->body.ruling.ref = ref(type, value);
    r->body.ruling.version = version;
    return r;
}

static inline struct gl_feed_record *rekeying(uint8_t collection, const struct gl_ref was, const struct gl_ref is,
                                              int64_t version) {
    struct gl_feed_record *r = record(collection, GL_OP_REKEY);
    r->body.rekey.was = was;
    r->body.rekey.ref = is;
    r->body.rekey.version = version;
    return r;
}

/* The same record, numbered. */
static inline struct gl_feed_record *nth(const char *epoch, int64_t seq, struct gl_feed_record *r) {
    gl_format(r->epoch, sizeof r->epoch, "%s", epoch);
    r->seq = seq;
    return r;
}

static inline enum gl_applied put(struct gl_cache *c, struct gl_feed_record *r) {
    enum gl_applied applied = GL_APPLIED_OLDER;
    struct gl_error err = {""};
    if (gl_cache_apply(c, r, 1000, &applied, &err) < 0) fail_msg("%s", err.text);
    free(r);
    return applied;
}

/* Applies what is expected to be unusable. */
static inline int refused(struct gl_cache *c, struct gl_feed_record *r, struct gl_error *err) {
    enum gl_applied applied;
    int rc = gl_cache_apply(c, r, 1000, &applied, err);
    free(r);
    return rc;
}

static inline struct gl_answer *answer(struct gl_cache *c, const struct gl_query *q) {
    static struct gl_answer a;
    struct gl_error err = {""};
    memset(&a, 0xA5, sizeof a); /* nothing may be left over from before */
    if (gl_cache_lookup(c, q, &a, &err) < 0) fail_msg("%s", err.text);
    assert_false(a.failed);
    assert_string_equal(a.passage, q->passage);
    assert_int_equal(a.lane, q->lane);
    return &a;
}

static inline struct gl_answer *look(struct gl_cache *c, uint8_t kind, const char *type, const char *text) {
    struct gl_query q = {.passage = "p-1", .lane = 3, .n_keys = 1};
    q.keys[0].kind = kind;
    gl_format(q.keys[0].type, sizeof q.keys[0].type, "%s", type);
    gl_format(q.keys[0].text, sizeof q.keys[0].text, "%s", text);
    return answer(c, &q);
}

static inline struct gl_answer *plate(struct gl_cache *c, const char *text) {
    return look(c, GL_KEY_VEHICLE, "", text);
}

static inline void set_epoch(struct gl_cache *c, uint8_t collection, const char *epoch, const char *left) {
    struct gl_feed_seq s = {.applied = 1};
    gl_format(s.epoch, sizeof s.epoch, "%s", epoch);
    gl_format(s.left, sizeof s.left, "%s", left);
    assert_int_equal(gl_cache_save_seq(c, collection, &s, NULL), 0);
}

/* A folder with its files and folders. */
static inline int remove_folder(const char *path) {
    DIR *d = opendir(path);
    char inner[600];
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        gl_format(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (unlink(inner) < 0) remove_folder(inner);
    }
    if (d) closedir(d);
    return rmdir(path);
}
