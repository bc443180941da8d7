/* A post and what is true: a producer that changes its mind all day, a feed that now and then does not tell, and vehicles that come meanwhile. The
 * producer's half: four collections, the truth at each number of each, and the way to the engine. What the engine makes of it is test_engine_world.c's. */
#pragma once
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, ITEMS = 5, LOG = 600, WAY = 1500, KINDS = 4, LANES = 2, DOUBTS = 64 };

/* What may go wrong on a day; or-ed. None of them: all is told, at once and in order. */
enum {
    LOSES = 1,
    REPEATS = 2,
    DISORDERS = 4,
    REFUSES = 8,
    SILENCES = 16,
    SNAPSHOTS = 32,
    EPOCHS = 64,
    RESTARTS = 128,
    CLOCKS = 256,
    CONTINGENCIES = 512,
    TROUBLES = 1024
};

static const uint8_t collections[KINDS] = {GL_COLLECTION_MOVEMENTS, GL_COLLECTION_DECLARATIONS, GL_COLLECTION_LOOKOUTS,
                                           GL_COLLECTION_TRADERS};
enum { MOVEMENTS, DECLARATIONS, LOOKOUTS, TRADERS };

/* What is true of one movement, declaration, look-out or trader. Of each kind some of it has a meaning. */
struct item {
    bool there;
    uint8_t key;            /* how often it was re-keyed */
    uint8_t state, channel; /* channel: of a declaration its control, of a look-out its action */
    uint8_t plate, trailer; /* 0 = none */
    uint8_t seal, direction;
    uint8_t lists[ITEMS]; /* 0 = not, else the key by which it lists the declaration, from 1 */
    uint8_t trader;       /* of a declaration: from 1 */
    bool wants, aeo, silent;
    uint8_t what, text; /* of a look-out */
    int64_t from, to, lodged;
};

struct change {
    uint8_t op, i;
    bool sets_state;
    int epoch;
    int64_t n, version, as_of;
};

struct message {
    enum { A_CHANGE, A_HEARTBEAT, A_BEGIN, A_PLACE, AN_END } what;
    uint8_t k, item;
    bool refused;
    int epoch, at; /* at: index of what is true */
    int64_t seq, as_of, count, version;
    char name[16];
    uint8_t sha[32];
};

/* What reached the engine of one collection. */
struct heard {
    int epoch;
    int64_t sent, as_of;
    int news[ITEMS]; /* the newest change of each item that came; -1 = none */
};

struct kind {                 /* one collection of the producer */
    int epoch, at, base[LOG]; /* at: index of the newest truth; base: of each epoch */
    int64_t version;
    struct item is[LOG][ITEMS];
    struct change log[LOG]; /* log[x] led to is[x] */
    struct heard heard, kept;
    int snapshots;
};

struct vehicle {
    uint8_t plate, trailer;
    int8_t code; /* movement whose document it shows; -1 = none */
    uint8_t code_key;
};

struct lane {
    enum { EMPTY, WAITS, LEAVES } phase;
    struct vehicle v;
    int64_t since, go_at, out_at;
    bool officers; /* the decision that stands is an officer's */
    uint8_t outcome, feed;
    int movement, match;   /* what the light leans on, by the oracle, by the decision; -1 = nothing */
    unsigned declarations; /* the same, where there is no movement; bits */
    uint8_t shown;
    int64_t lit;
    bool tried, late; /* late: something came while it stood here */
    char passage[GL_UUID], decision[GL_UUID];
};

struct doubt { /* a release that is to be judged again */
    struct vehicle v;
    int lane, own;
    unsigned own_declarations;
    bool listed, was_fine, over;
    int64_t at;
    char decision[GL_UUID], passage[GL_UUID];
};

struct world {
    uint64_t random;
    unsigned troubles, day; /* now, and of this day */
    struct gl_config *config;
    struct gl_engine *e;
    struct gl_now now;
    char dir[64], name[24];
    bool on_disk;
    struct kind of[KINDS];
    int64_t beat_at, silent_until;
    int n_way;
    struct message way[WAY];
    struct lane lanes[LANES];
    bool used[ITEMS];
    unsigned used_declarations; /* bit: declaration, by which a vehicle was released that had no movement */
    bool clock_ok, contingency;
    int n_doubts;
    struct doubt doubts[DOUBTS];
    unsigned boots, commands;
    struct gl_feed_record *record;
    char alarm_text[400];
};

static inline uint32_t roll(struct world *w, uint32_t n) {
    w->random ^= w->random << 13, w->random ^= w->random >> 7, w->random ^= w->random << 17;
    return (uint32_t)((w->random >> 11) % n);
}
static inline bool chance(struct world *w, uint32_t percent) {
    return roll(w, 100) < percent;
}
static inline uint8_t one_of(struct world *w, const uint8_t *list, uint32_t n) {
    return list[roll(w, n)];
}

/* ---- names --------------------------------------------------------------------------------------------------------------------------- */
static inline void plate_text(uint8_t plate, char *out, size_t size) {
    gl_format(out, size, "AB1%uCDE", plate);
}
static inline void trailer_text(uint8_t trailer, char *out, size_t size) {
    gl_format(out, size, "TR2%uXYZ", trailer);
}
static inline void name_of(int k, int i, int key, struct gl_ref *ret) {
    static const char *const types[KINDS] = {"gmr", "mrn", "lookout", "eori"};
    gl_clip(ret->type, sizeof ret->type, types[k]);
    if (k == MOVEMENTS) gl_format(ret->value, sizeof ret->value, "GMRA0%03d000%d", key, i);
    if (k == DECLARATIONS) gl_format(ret->value, sizeof ret->value, "25EE12%03dHU00000%d", key, i);
    if (k == LOOKOUTS) gl_format(ret->value, sizeof ret->value, "L-%d", i);
    if (k == TRADERS) gl_format(ret->value, sizeof ret->value, "EE1000%d", i + 1);
}

/* ---- what is lodged ------------------------------------------------------------------------------------------------------------------ */
static inline int64_t some_time(struct world *w, int64_t least, int64_t most) {
    return w->now.wall + least + (int64_t)roll(w, (uint32_t)(most - least));
}

static inline struct item some_movement(struct world *w, uint8_t i) {
    static const uint8_t other[] = {GL_MOVEMENT_DRAFT, GL_MOVEMENT_CHECKED_IN, GL_MOVEMENT_ARRIVED, GL_MOVEMENT_CANCELLED};
    static const uint8_t channels[] = {GL_CHANNEL_NONE, GL_CHANNEL_DESK, GL_CHANNEL_PHYSICAL, GL_CHANNEL_REFUSE};
    struct item x = {.there = true, .state = GL_MOVEMENT_READY, .channel = GL_CHANNEL_RELEASE, .direction = GL_DIRECTION_IN};
    if (chance(w, 10)) x.state = one_of(w, other, GL_COUNT(other));
    if (chance(w, 10)) x.channel = one_of(w, channels, GL_COUNT(channels));
    if (chance(w, 10)) x.direction = (uint8_t)roll(w, 3);
    x.plate = chance(w, 75) ? (uint8_t)(1 + i) : (uint8_t)(1 + roll(w, 6));
    x.trailer = chance(w, 40) ? (uint8_t)(1 + roll(w, 3)) : 0;
    x.seal = chance(w, 30) ? (uint8_t)(1 + roll(w, 3)) : 0;
    for (int d = 0; d < ITEMS; d++)
        if (chance(w, 20)) x.lists[d] = (uint8_t)(1 + w->of[DECLARATIONS].is[w->of[DECLARATIONS].at][d].key);
    if (chance(w, 20)) x.from = some_time(w, -60 * MINUTE, 5 * MINUTE);
    if (chance(w, 40)) x.to = some_time(w, 5 * MINUTE, 90 * MINUTE);
    if (chance(w, 85)) x.lodged = some_time(w, -90 * MINUTE, -5 * MINUTE);
    return x;
}

static inline struct item some_declaration(struct world *w) {
    static const uint8_t other[] = {GL_DECLARATION_LODGED, GL_DECLARATION_UNDER_CONTROL, GL_DECLARATION_NOT_RELEASED,
                                    GL_DECLARATION_DISCHARGED, GL_DECLARATION_CANCELLED};
    struct item x = {.there = true, .state = GL_DECLARATION_RELEASED};
    if (chance(w, 8)) x.state = one_of(w, other, GL_COUNT(other));
    if (chance(w, 10)) x.channel = (uint8_t)(1 + roll(w, 4));
    x.plate = chance(w, 20) ? (uint8_t)(1 + roll(w, 6)) : 0;
    x.seal = chance(w, 20) ? (uint8_t)(1 + roll(w, 3)) : 0;
    x.trader = (uint8_t)roll(w, 4);
    x.wants = chance(w, 8);
    if (chance(w, 30)) x.to = some_time(w, 5 * MINUTE, 90 * MINUTE);
    if (chance(w, 90)) x.lodged = some_time(w, -90 * MINUTE, -5 * MINUTE);
    return x;
}

static inline struct item some_lookout(struct world *w) {
    static const uint8_t whats[] = {GL_SOUGHT_PLATE, GL_SOUGHT_PLATE, GL_SOUGHT_SEAL, GL_SOUGHT_HOLDER};
    struct item x = {.there = true, .state = GL_LOOKOUT_ACTIVE, .what = one_of(w, whats, GL_COUNT(whats))};
    if (chance(w, 65)) x.state = GL_LOOKOUT_WITHDRAWN;
    x.channel = (uint8_t)(GL_CHANNEL_DESK + roll(w, 3));
    x.text = (uint8_t)(1 + roll(w, x.what == GL_SOUGHT_PLATE ? 9 : 3)); /* plates 7 to 9 are trailers' */
    x.silent = chance(w, 50);
    if (chance(w, 20)) x.from = some_time(w, -60 * MINUTE, 20 * MINUTE);
    if (chance(w, 40)) x.to = x.from ? x.from + 10 * MINUTE : some_time(w, 1 * MINUTE, 30 * MINUTE);
    return x;
}

static inline struct item some_trader(struct world *w) {
    struct item x = {.there = true, .state = GL_TRADER_ACTIVE, .aeo = chance(w, 80)};
    if (chance(w, 25)) x.state = GL_TRADER_SUSPENDED;
    if (chance(w, 20)) x.to = some_time(w, MINUTE, 60 * MINUTE);
    return x;
}

static inline struct item some_item(struct world *w, int k, uint8_t i) {
    switch (k) {
        case MOVEMENTS: return some_movement(w, i);
        case DECLARATIONS: return some_declaration(w);
        case LOOKOUTS: return some_lookout(w);
        default: return some_trader(w);
    }
}

/* ---- the way ------------------------------------------------------------------------------------------------------------------------- */
static inline struct message blank(const struct world *w, int k, int what) {
    const struct kind *c = &w->of[k];
    return (struct message){.what = what, .k = (uint8_t)k, .epoch = c->epoch, .at = c->at, .as_of = w->now.wall};
}

static inline void send(struct world *w, const struct message *m) {
    if (w->n_way == WAY || ((w->troubles & LOSES) && chance(w, 4))) return;
    w->way[w->n_way++] = *m;
    if ((w->troubles & REFUSES) && (m->what == A_CHANGE || m->what == A_PLACE) && chance(w, 3)) w->way[w->n_way - 1].refused = true;
    if (w->n_way < WAY && (w->troubles & REPEATS) && chance(w, 4)) w->way[w->n_way++] = *m;
}

static inline void send_change(struct world *w, int k, int at) {
    struct message m = blank(w, k, A_CHANGE);
    const struct change *c = &w->of[k].log[at];
    m.at = at;
    m.item = c->i;
    m.seq = c->n;
    m.as_of = c->as_of;
    m.version = c->version;
    send(w, &m);
}

static inline void produce(struct world *w, int k, uint8_t op, uint8_t i, const struct item *to) {
    struct kind *c = &w->of[k];
    if (c->at + 1 == LOG) return;
    int64_t n = c->at - c->base[c->epoch];
    memcpy(c->is[c->at + 1], c->is[c->at], sizeof c->is[0]);
    c->at++;
    c->log[c->at] = (struct change){.op = op, .i = i, .epoch = c->epoch, .n = n + 1, .version = ++c->version, .as_of = w->now.wall};
    c->log[c->at].sets_state = to->state != c->is[c->at][i].state;
    c->is[c->at][i] = *to;
    send_change(w, k, c->at);
}

/* Another word of the producer about one of its items. */
static inline void change_something(struct world *w, int k, uint8_t i) {
    static const uint8_t controls[] = {GL_CHANNEL_RELEASE, GL_CHANNEL_RELEASE, GL_CHANNEL_DESK, GL_CHANNEL_PHYSICAL,
                                       GL_CHANNEL_REFUSE};
    struct item x = w->of[k].is[w->of[k].at][i];
    bool lodged = k <= DECLARATIONS;
    uint32_t what = roll(w, 100);
    uint8_t op = GL_OP_UPSERT;
    if (x.there && what < 15) {
        op = lodged && chance(w, 40) ? GL_OP_EXPIRE : GL_OP_CANCEL;
        x.state = k == MOVEMENTS      ? (op == GL_OP_EXPIRE ? GL_MOVEMENT_EXPIRED : GL_MOVEMENT_CANCELLED)
                  : k == DECLARATIONS ? (op == GL_OP_EXPIRE ? GL_DECLARATION_EXPIRED : GL_DECLARATION_CANCELLED)
                  : k == LOOKOUTS     ? (int)GL_LOOKOUT_WITHDRAWN
                                      : (int)GL_TRADER_WITHDRAWN;
    } else if (x.there && lodged && what < 35) {
        bool alive = k == MOVEMENTS ? x.state <= GL_MOVEMENT_CHECKED_IN : x.state <= GL_DECLARATION_NOT_RELEASED;
        op = GL_OP_CONTROL;
        if (!alive) return;
        x.channel = one_of(w, controls, GL_COUNT(controls));
        if (chance(w, 20)) x.state = k == MOVEMENTS ? GL_MOVEMENT_ARRIVED : GL_DECLARATION_NOT_RELEASED;
        if (k == DECLARATIONS && chance(w, 20)) x.wants = true;
    } else if (x.there && lodged && what < 40) {
        op = GL_OP_REKEY;
        x.key++;
    } else {
        uint8_t key = x.key;
        x = some_item(w, k, i);
        x.key = key;
    }
    produce(w, k, op, i, &x);
}

static inline void heartbeat(struct world *w, int k) {
    struct message m = blank(w, k, A_HEARTBEAT);
    m.seq = w->of[k].at - w->of[k].base[w->of[k].epoch];
    send(w, &m);
}

static inline void snapshot(struct world *w, int k) {
    struct kind *c = &w->of[k];
    struct message m = blank(w, k, A_BEGIN);
    int64_t upto = c->at - c->base[c->epoch];
    uint8_t digest[32];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_DigestInit_ex(md, EVP_sha256(), NULL);
    gl_format(m.name, sizeof m.name, "s%d.%d", k, ++c->snapshots);
    for (int i = 0; i < ITEMS; i++) m.count += c->is[c->at][i].there;
    m.seq = upto;
    send(w, &m);
    m.what = A_PLACE;
    m.seq = 0;
    for (uint8_t i = 0; i < ITEMS; i++) {
        if (!c->is[c->at][i].there) continue;
        m.item = i;
        m.seq++;
        m.version = c->version;
        memset(digest, (int)m.seq, sizeof digest);
        EVP_DigestUpdate(md, digest, 32);
        send(w, &m);
    }
    m.what = AN_END;
    m.seq = upto;
    EVP_DigestFinal_ex(md, m.sha, NULL);
    EVP_MD_CTX_free(md);
    send(w, &m);
}

/* A numbering anew: what it begins with is told as a snapshot, or at least the producer hopes so. */
static inline void new_epoch(struct world *w, int k) {
    struct kind *c = &w->of[k];
    if (c->at + 1 == LOG || c->epoch + 1 == LOG) return;
    memcpy(c->is[c->at + 1], c->is[c->at], sizeof c->is[0]);
    c->base[++c->epoch] = ++c->at;
    c->log[c->at] = (struct change){.i = ITEMS, .epoch = c->epoch, .as_of = w->now.wall};
    snapshot(w, k);
    heartbeat(w, k);
}

/* ---- a message as the link hands it on ----------------------------------------------------------------------------------------------- */
static inline void fill_movement(const struct item *x, struct gl_movement *m) {
    gl_fields_clear(&gl_movement_fields, m);
    m->state = x->state, m->channel = x->channel, m->direction = x->direction;
    m->valid_from = x->from, m->valid_to = x->to, m->lodged_at = x->lodged;
    m->n_means = x->trailer ? 2 : 1;
    m->means[0].role = GL_ROLE_VEHICLE;
    m->means[1].role = GL_ROLE_TRAILER;
    plate_text(x->plate, m->means[0].plate, sizeof m->means[0].plate);
    if (x->trailer) trailer_text(x->trailer, m->means[1].plate, sizeof m->means[1].plate);
    if (x->seal) gl_format(m->seals[m->n_seals++], sizeof m->seals[0], "SEAL%u", x->seal);
    for (int d = 0; d < ITEMS; d++)
        if (x->lists[d]) name_of(DECLARATIONS, d, x->lists[d] - 1, &m->declarations[m->n_declarations++]);
    m->kind = m->n_declarations ? GL_MOVEMENT_GOODS : GL_MOVEMENT_EMPTY;
}

static inline void fill_declaration(const struct item *x, struct gl_declaration *d) {
    gl_fields_clear(&gl_declaration_fields, d);
    d->state = x->state, d->control.channel = x->channel, d->valid_to = x->to, d->lodged_at = x->lodged;
    if (x->plate) {
        d->n_means = 1;
        d->means[0].role = GL_ROLE_VEHICLE;
        plate_text(x->plate, d->means[0].plate, sizeof d->means[0].plate);
    }
    if (x->seal) {
        d->n_equipment = 1;
        gl_format(d->equipment[0].seals[d->equipment[0].n_seals++], sizeof d->equipment[0].seals[0], "SEAL%u", x->seal);
    }
    if (x->trader) gl_format(d->trader.eori, sizeof d->trader.eori, "EE1000%u", x->trader);
    if (x->wants) {
        d->n_documents = 1;
        gl_clip(d->documents[0].type, sizeof d->documents[0].type, "N853");
        d->documents[0].required = GL_TRUE;
    }
}

static inline void fill_lookout(const struct item *x, struct gl_lookout *l) {
    gl_fields_clear(&gl_lookout_fields, l);
    l->state = x->state, l->what = x->what, l->action = x->channel, l->silent = gl_tri(x->silent);
    l->valid_from = x->from, l->valid_to = x->to;
    if (x->what == GL_SOUGHT_SEAL) gl_format(l->text, sizeof l->text, "SEAL%u", x->text);
    if (x->what == GL_SOUGHT_HOLDER) gl_format(l->text, sizeof l->text, "EE1000%u", x->text);
    if (x->what == GL_SOUGHT_PLATE && x->text <= 6) plate_text(x->text, l->text, sizeof l->text);
    if (x->what == GL_SOUGHT_PLATE && x->text > 6) trailer_text((uint8_t)(x->text - 6), l->text, sizeof l->text);
}

static inline void fill_trader(const struct item *x, struct gl_trader_record *t) {
    gl_fields_clear(&gl_trader_record_fields, t);
    t->state = x->state, t->valid_to = x->to;
    if (x->aeo) gl_clip(t->aeo, sizeof t->aeo, "EEAEOF7");
}

static inline void fill_ruling(int k, const struct item *x, bool sets_state, struct gl_ruling *r) {
    gl_fields_clear(k == MOVEMENTS ? &gl_ruling_movement_fields : &gl_ruling_declaration_fields, r);
    if (k == MOVEMENTS) {
        r->channel = x->channel;
        if (sets_state) r->movement_state = x->state;
        return;
    }
    r->control.channel = x->channel;
    if (sets_state) r->declaration_state = x->state;
    if (x->wants) {
        r->n_documents = 1;
        gl_clip(r->documents[0].type, sizeof r->documents[0].type, "N853");
        r->documents[0].required = GL_TRUE;
    }
}

static inline void fill_body(const struct world *w, const struct message *m, struct gl_feed_record *r) {
    const struct item *x = &w->of[m->k].is[m->at][m->item];
    struct gl_ref ref;
    name_of(m->k, m->item, x->key, &ref);
    switch (r->op) {
        case GL_OP_CONTROL:
            fill_ruling(m->k, x, w->of[m->k].log[m->at].sets_state, &r->body.ruling);
            r->body.ruling.ref = ref, r->body.ruling.version = m->version;
            return;
        case GL_OP_REKEY:
            r->body.rekey = (struct gl_rekey){.ref = ref, .version = m->version};
            name_of(m->k, m->item, x->key - 1, &r->body.rekey.was);
            return;
        case GL_OP_CANCEL:
        case GL_OP_EXPIRE: r->body.cancel = (struct gl_cancel){.ref = ref, .version = m->version}; return;
        default: break;
    }
    if (m->k == MOVEMENTS) fill_movement(x, &r->body.movement), r->body.movement.ref = ref, r->body.movement.version = m->version;
    if (m->k == DECLARATIONS)
        fill_declaration(x, &r->body.declaration), r->body.declaration.ref = ref, r->body.declaration.version = m->version;
    if (m->k == LOOKOUTS) fill_lookout(x, &r->body.lookout), r->body.lookout.ref = ref, r->body.lookout.version = m->version;
    if (m->k == TRADERS) fill_trader(x, &r->body.trader), r->body.trader.ref = ref, r->body.trader.version = m->version;
}

static inline void fill_record(const struct world *w, const struct message *m, struct gl_feed_record *r) {
    static const uint8_t ops[] = {0, GL_OP_HEARTBEAT, GL_OP_SNAPSHOT_BEGIN, GL_OP_UPSERT, GL_OP_SNAPSHOT_END};
    r->collection = collections[m->k];
    r->op = m->what == A_CHANGE ? w->of[m->k].log[m->at].op : ops[m->what];
    r->seq = m->seq;
    r->as_of = m->as_of;
    r->snapshot[0] = '\0';
    r->digest.len = 0;
    gl_format(r->epoch, sizeof r->epoch, "e%d", m->epoch);
    if (m->what == A_PLACE) {
        gl_clip(r->snapshot, sizeof r->snapshot, m->name);
        r->digest.len = 32;
        memset(r->digest.data, (int)m->seq, 32);
    }
    if (m->what == A_CHANGE || m->what == A_PLACE) fill_body(w, m, r);
    if (m->what == A_BEGIN || m->what == AN_END) {
        r->body.snap = (struct gl_snapshot){.count = m->count};
        gl_clip(r->body.snap.snapshot, sizeof r->body.snap.snapshot, m->name);
        r->body.snap.sha256.len = m->what == AN_END ? 32 : 0;
        memcpy(r->body.snap.sha256.data, m->sha, 32);
    }
}
