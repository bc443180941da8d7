/* Whose tag is it, and what does it say? An antenna sees every tag within ten metres, of the vehicle before it, of its cargo, of neighbours. So a
 * tag counts as surely a vehicle's only when that vehicle was alone in its lane and no other vehicle of the post carries the same tag or plate.
 *
 *     agrees    the registry gives it the plate that was read: a second factor, from whichever vehicle's antenna it came
 *     stands    the plate could not be read: the one tag that is surely this vehicle's stands for it, when its trailer or container says the same: the
 *               antenna may see a vehicle that waits outside the lane
 *     differs   surely this vehicle's, but registered for another plate: one of the two is false
 *
 * A seal's tag is none of these: seals.c judges it.
 * In favour of a vehicle the registry counts only when the post leans on its feed (feed.collections: tags); against it, always. */
#include <string.h>

#include "core/internal.h"

/* ---- readings ------------------------------------------------------------------------------------------------------------------------ */
/* The same EPC, and no two TIDs: those of factory tags may share an EPC. */
static bool same(const char *epc, const char *tid, const char *other_epc, const char *other_tid) {
    return strcmp(epc, other_epc) == 0 && (!tid[0] || !other_tid[0] || strcmp(tid, other_tid) == 0);
}

static struct tag *find(struct passage *p, const char *epc, const char *tid) {
    for (int i = 0; i < p->n_tags; i++)
        if (same(p->tags[i].epc, p->tags[i].tid, epc, tid)) return &p->tags[i];
    return NULL;
}

/* True when it is new, or its TID is. */
static bool add(struct passage *p, const char *epc, const char *tid, bool sure) {
    struct tag *t = find(p, epc, tid);
    if (!t && p->n_tags < GL_MAX_TAGS) {
        t = &p->tags[p->n_tags++];
        *t = (struct tag){.sure = false};
    }
    for (int i = 0; !t && i < p->n_tags; i++) /* what the registry does not know makes room */
        if (p->tags[i].cargo) *(t = &p->tags[i]) = (struct tag){.sure = false};
    if (!t) return false;
    bool news = t->epc[0] == '\0' || (sure && !t->sure) || (tid[0] && !t->tid[0]);
    gl_clip(t->epc, sizeof t->epc, epc);
    if (tid[0]) gl_clip(t->tid, sizeof t->tid, tid);
    t->sure = t->sure || sure;
    p->dirty = p->dirty || news;
    return news;
}

/* Its vehicle left a moment ago, and is still in view. As long as it is, it stays the one that left. */
static bool has_left(const struct gl_core *c, struct lane *l, const char *epc, const char *tid) {
    for (int i = 0; i < l->n_left; i++) {
        if (!same(l->left[i].epc, l->left[i].tid, epc, tid) || c->now.mono - l->left[i].mono > GL_ENTRY_ATTACH_MS) continue;
        l->left[i].mono = c->now.mono;
        return true;
    }
    return false;
}

static void keep_waiting(struct gl_core *c, struct lane *l, const char *epc, const char *tid) {
    int at = 0;
    while (at < l->n_waiting && !same(l->waiting[at].epc, l->waiting[at].tid, epc, tid)) at++;
    bool known = at < l->n_waiting;
    if (at == GL_MAX_TAGS) memmove(&l->waiting[0], &l->waiting[1], (size_t)--at * sizeof l->waiting[0]);
    if (at >= l->n_waiting) l->n_waiting = (uint16_t)(at + 1);
    if (!known) l->waiting[at] = (struct in_view){.mono = 0};
    gl_clip(l->waiting[at].epc, GL_EPC, epc);
    if (tid[0]) gl_clip(l->waiting[at].tid, GL_TID, tid);
    l->waiting[at].mono = c->now.mono;
}

struct passage *gl_tag_reading(struct gl_core *c, struct lane *l, const struct gl_reading *r) {
    const char *epc = r->value.tag.epc, *tid = r->value.tag.tid;
    if (!epc[0] || has_left(c, l, epc, tid)) return NULL;
    struct passage *only = NULL;
    int present = 0;
    for (int i = 0; i < l->n; i++)
        if (!l->passages[i]->exit_begun) only = l->passages[i], present++;
    if (present == 0) keep_waiting(c, l, epc, tid);
    for (int i = 0; i < l->n; i++) {
        struct passage *p = l->passages[i];
        if (p->exit_begun) continue;
        if (add(p, epc, tid, present == 1 && l->n == 1 && !p->foreign)) gl_passage_note_reading(p, r->id);
    }
    return present == 1 ? only : NULL;
}

void gl_tag_opened(struct gl_core *c, struct lane *l, struct passage *p) {
    for (int i = 0; i < l->n_waiting; i++)
        if (c->now.mono - l->waiting[i].mono <= GL_ENTRY_ATTACH_MS) add(p, l->waiting[i].epc, l->waiting[i].tid, false);
    l->n_waiting = 0;
}

void gl_tag_closing(struct gl_core *c, struct lane *l, const struct passage *p) {
    l->n_left = 0;
    for (int i = 0; i < p->n_tags; i++) {
        if (!p->tags[i].own && !p->tags[i].sure) continue; /* it may be that of one that is still here */
        memcpy(l->left[l->n_left].epc, p->tags[i].epc, GL_EPC);
        memcpy(l->left[l->n_left].tid, p->tags[i].tid, GL_TID);
        l->left[l->n_left++].mono = c->now.mono;
    }
}

/* ---- what the registry says ---------------------------------------------------------------------------------------------------------- */
const struct gl_answer_tag *gl_tag_registered(const struct gl_answer *a, const struct tag *t) {
    for (int i = 0; i < a->n_tags; i++)
        if (strcmp(a->tags[i].epc, t->epc) == 0 && strcmp(a->tags[i].tid, t->tid) == 0)
            return a->tags[i].registered ? &a->tags[i] : NULL;
    return NULL;
}

static bool lists_seal(const struct gl_answer *a, const struct gl_answer_tag *t) {
    for (int i = 0; i < a->n_seals; i++)
        if (strcmp(a->seals[i].key, t->key) == 0) return true;
    return false;
}

void gl_tag_answered(struct passage *p, const struct gl_answer *a) {
    for (int i = 0; i < p->n_tags; i++) {
        const struct gl_answer_tag *t = gl_tag_registered(a, &p->tags[i]);
        struct gl_plate_keys keys;
        p->tags[i].cargo = !t;
        p->tags[i].seal = t && t->seal[0];
        if (p->tags[i].seal) {
            p->tags[i].own = lists_seal(a, t);
            continue;
        }
        p->tags[i].own = t && gl_plate_keys(t->plate, &keys) == 0 &&
                         (gl_plate_keys_meet(&p->vehicle.keys, &keys) || gl_plate_keys_meet(&p->trailer.keys, &keys));
        bool vehicle = t && t->role != GL_ROLE_TRAILER;
        if (vehicle && !p->known_tag[0]) gl_clip(p->known_tag, sizeof p->known_tag, t->epc);
    }
}

const char *gl_tag_known(const struct passage *p) {
    int i = 0;
    while (i < p->n_tags && p->tags[i].seal) i++;
    return p->known_tag[0] ? p->known_tag : i < p->n_tags ? p->tags[i].epc : "";
}

bool gl_tag_delivered(const struct passage *p) {
    for (int i = 0; i < p->n_tags; i++)
        if (!p->tags[i].seal) return true;
    return false;
}

bool gl_tag_meets(const struct gl_plate_keys *keys, const struct gl_answer_means *means, int n) {
    for (int i = 0; i < n; i++) {
        struct gl_plate_keys declared;
        if (means[i].role == GL_ROLE_TRAILER || gl_plate_keys(means[i].plate, &declared) < 0) continue;
        if (gl_plate_keys_meet(&declared, keys)) return true;
    }
    return false;
}

static bool carries(const struct passage *p, const struct gl_answer_tag *t) {
    for (int i = 0; i < p->n_tags; i++)
        if (same(p->tags[i].epc, p->tags[i].tid, t->epc, t->tid)) return true;
    return false;
}

bool gl_tag_elsewhere(const struct facts *f, const struct gl_answer_tag *t, bool across) {
    for (int i = 0; i < f->core->n_lanes; i++)
        for (int k = 0; k < f->core->lanes[i].n; k++) {
            const struct passage *p = f->core->lanes[i].passages[k];
            if (p != f->passage && carries(p, t) && !(across && &f->core->lanes[i] == f->state)) return true;
        }
    return false;
}

/* Another vehicle at this post has the plate that the tag stands for, or the same tag in view: then it may be that one's. In one lane an antenna sees
 * the tags of all: across: only what is seen in another lane counts. */
static bool is_anothers(const struct facts *f, const struct gl_answer_tag *t, const struct gl_plate_keys *keys, bool across) {
    for (int i = 0; i < f->core->n_lanes; i++)
        for (int k = 0; k < f->core->lanes[i].n; k++) {
            const struct passage *p = f->core->lanes[i].passages[k];
            if (p == f->passage) continue;
            if (gl_plate_keys_meet(&p->vehicle.keys, keys) || gl_plate_keys_meet(&p->trailer.keys, keys)) return true;
        }
    return gl_tag_elsewhere(f, t, across);
}

static bool lapsed(const struct facts *f, const struct gl_answer_tag *t) {
    return t->state != GL_TAG_ACTIVE || (t->valid_to && f->now.wall > t->valid_to);
}

void gl_facts_tags(struct facts *f) {
    bool leaned_on = f->config->feed.collections & (1u << GL_COLLECTION_TAGS);
    bool one = true, own = false;
    for (int i = 0; i < f->passage->n_tags; i++) {
        const struct tag *seen = &f->passage->tags[i];
        const struct gl_answer_tag *t = gl_tag_registered(f->answer, seen);
        struct gl_plate_keys keys;
        if (!t || t->seal[0] || gl_plate_keys(t->plate, &keys) < 0 || keys.n == 0) continue;
        if (lapsed(f, t)) {
            f->tag.lapsed = t;
            continue;
        }
        const struct sighting *read = t->role == GL_ROLE_TRAILER ? &f->passage->trailer : &f->passage->vehicle;
        bool vehicle = t->role != GL_ROLE_TRAILER;
        if (read->text[0] && gl_plate_keys_meet(&read->keys, &keys)) {
            own = own || vehicle;
            if (vehicle && leaned_on && !is_anothers(f, t, &keys, true)) f->tag.agrees = t;
            continue;
        }
        if (!seen->sure || is_anothers(f, t, &keys, false)) continue;
        if (read->text[0])
            f->tag.differs = t;
        else if (vehicle && leaned_on) {
            one = one && (!f->tag.stands || gl_plate_keys_meet(&f->tag.keys, &keys));
            f->tag.stands = t;
            f->tag.keys = keys;
        }
    }
    if (!one) f->tag.stands = NULL; /* two vehicles' tags on one vehicle stand for nobody */
    if (own && f->tag.differs && f->tag.differs->role != GL_ROLE_TRAILER)
        f->tag.differs = NULL; /* its own is there: the other one is somebody else's */
}
